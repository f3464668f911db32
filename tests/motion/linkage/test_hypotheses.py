"""Kinds of lift as hypotheses: the mixture by hand, what one sensor may not rule out, and what two decide."""

from dataclasses import replace

import numpy as np
import pytest
from planar_lifter import Lifter, deadlift, worn

import imu_hinge as ih
from imu_hinge import conventions as cv
from imu_hinge.analysis.inference import infer, solve_kinds
from imu_hinge.athlete import Athlete
from imu_hinge.motion.hypotheses.kinds import OTHERWISE, weighed
from imu_hinge.motion.hypotheses.mixture import Components, reach_of_rounding, with_rounding_later
from imu_hinge.simulate.session import simulate
from imu_hinge.simulate.spec import SetSpec

ATHLETE = Athlete(height_m=1.75)


def components(weight: list[float], mean: list[float], sd: list[float]) -> Components:
    """Return a mixture at one instant, alike for all five angles."""
    shape = (len(weight), 1, 5)
    columns = (np.broadcast_to(np.array(values)[:, None, None], shape).copy() for values in (mean, sd))
    return Components(np.array(weight), *columns)


def test_one_kind_is_a_normal_variable() -> None:
    low, high = components([1.0], [0.3], [0.1]).interval()
    assert low[0] == pytest.approx(0.3 - 0.196, abs=1e-4)
    assert high[0] == pytest.approx(0.3 + 0.196, abs=1e-4)


def test_two_hills_far_apart_have_the_ends_of_each() -> None:
    """Half the weight each: 2.5 % of all is 5 % of the lower hill, where a normal variable is 1.6449 sd below."""
    both = components([0.5, 0.5], [0.2, 0.9], [0.02, 0.05])
    low, high = both.interval()
    assert low[0] == pytest.approx(0.2 - 1.6449 * 0.02, abs=1e-4)
    assert high[0] == pytest.approx(0.9 + 1.6449 * 0.05, abs=1e-4)
    assert both.value()[0] == pytest.approx(0.55)
    assert both.over([(cv.LUMBAR_FLEXION, 0.9)])[0] == pytest.approx(0.25, abs=1e-9)
    assert both.spread_about(both.value())[0] == pytest.approx(np.hypot(0.35, np.sqrt(0.5 * (0.02**2 + 0.05**2))))


def test_evidence_moves_the_weights_and_shuts_no_kind_out() -> None:
    before = np.array([0.5, 0.5])
    assert weighed(before, np.zeros(2)) == pytest.approx(before)
    assert weighed(before, np.array([-2.0, 0.0]))[1] == pytest.approx(0.9 / (1.0 + np.exp(-2.0)) + 0.05)
    assert weighed(before, np.array([-1e4, 0.0]))[0] == pytest.approx(OTHERWISE / 2)


def test_rounding_later_changes_nothing_on_the_floor_and_opens_the_way() -> None:
    mean = np.radians(np.tile([50.0, 65.0, 15.0, 100.0, 70.0], (1, 3, 1)))
    one = Components(np.ones(1), mean, np.full_like(mean, np.radians(4.0)))
    reach = reach_of_rounding(np.radians([70.0, 60.0, 0.0]), np.array([1.0, 0.0, 0.0]))
    assert reach == pytest.approx([0.0, 1.0, 0.0])
    turns = np.array([0.0, 1.0, 1.0, 0.0, 0.0])  # worn on the sacrum: the trunk goes unseen
    low, high = with_rounding_later(one, reach, turns, (np.radians(55.0), np.radians(8.0))).interval()
    assert np.degrees(high[[0, 2], cv.LUMBAR_FLEXION]) == pytest.approx(15.0 + 1.96 * 4.0, abs=0.01)
    assert np.degrees(high[1, cv.LUMBAR_FLEXION]) > 0.87 * 55.0  # where rounded lifts go
    assert np.degrees(low[1, cv.LUMBAR_FLEXION]) == pytest.approx(15.0 - 1.96 * 4.0, abs=1.5)
    assert np.degrees(high[1, cv.PELVIS_TILT]) == pytest.approx(50.0 + 1.96 * 4.0, abs=0.01)  # it is seen
    assert np.degrees(high[1, cv.TRUNK_INCLINATION]) > 95.0


def test_one_sensor_tells_the_floor_apart_and_two_need_no_rounded_kind() -> None:
    postures, on_floor = deadlift(Lifter(), "rounded")
    one = infer(worn(Lifter(), postures, on_floor, ("sacrum",)), ATHLETE)
    two = infer(worn(Lifter(), postures, on_floor, ("sacrum", "t12")), ATHLETE)
    assert set(one.kinds.names) == {"hinge", "squatted", "rounded"}
    assert one.kinds.names[one.kinds.likeliest] == "rounded"
    assert one.kinds.weight.sum() == pytest.approx(1.0)
    assert "rounded" not in two.kinds.names
    low = on_floor > 0.5
    assert (one.over[low, 0] > 0.8).mean() > 0.9
    width = np.degrees(two.high_rad - two.low_rad)[:, cv.LUMBAR_FLEXION]
    assert width.max() < 0.5 * np.degrees(one.high_rad - one.low_rad)[:, cv.LUMBAR_FLEXION].max()


def rep_of(style: str, placements: tuple[str, ...], *, as_live: bool, seed: int = 7) -> tuple[ih.SetResult, float]:
    """Return a set of three reps as it was told, and the largest true lumbar flexion of its reps [deg]."""
    exercise = {"rdl_round_bow": "rdl", "swing_rounded": "swing"}.get(style, "deadlift")
    made = simulate(SetSpec(exercise, style, reps=3), seed=seed, placements=placements, rate_hz=100.0)
    recording = replace(made.recording, exercise=exercise)
    peak = np.degrees(max(rep.lumbar_flexion_peak_rad for rep in made.truth.reps))
    return ih.analyze(recording, as_live=as_live), float(peak)


@pytest.mark.parametrize("as_live", [False, True])
@pytest.mark.parametrize("style", ["rounds_after_lift_off", "rdl_round_bow", "swing_rounded"])
def test_what_one_sensor_cannot_see_is_inside_its_interval(style: str, as_live: bool) -> None:
    result, peak = rep_of(style, ("sacrum",), as_live=as_live)
    assert peak > 40.0
    assert len(result.lifts) == 3
    assert set(result.reps["verdict"]) == {"undecided"}
    assert (result.reps["lumbar_flexion_peak_high_deg"] > peak).all()
    assert (result.reps["lumbar_flexion_peak_low_deg"] < 40.0).all()


def test_the_floor_is_told_by_itself() -> None:
    result, _ = rep_of("rounds_after_lift_off", ("sacrum",), as_live=False)
    assert set(result.reps["verdict_floor"]) == {"hip_hinge"}
    assert (result.reps["confidence_floor"] > 0.8).all()
    assert result.lifts[0].verdict.reason == "at the floor: hip hinge; on the way up one sensor cannot tell"
    both, peak = rep_of("rounds_after_lift_off", ("sacrum", "t12"), as_live=False)
    assert set(both.reps["verdict"]) == {"lumbar_flexion"}
    assert set(both.reps["verdict_floor"]) == {"hip_hinge"}
    assert both.reps["lumbar_flexion_peak_deg"].max() == pytest.approx(peak, abs=6.0)


@pytest.mark.parametrize("placements", [("sacrum", "t12"), ("sacrum",)])
def test_a_set_of_another_exercise_tells_nothing_of_this_one(placements: tuple[str, ...]) -> None:
    """Its kinds may have the same names; what they share is told against other habits."""
    postures, on_floor = deadlift(Lifter(), "squatty")
    lifted = worn(Lifter(), postures, on_floor, placements)
    before, _ = solve_kinds(lifted, ATHLETE)
    swung = replace(lifted, exercise="swing", on_floor=None)
    alone, after = solve_kinds(swung, ATHLETE)[0], solve_kinds(swung, ATHLETE, before=before)[0]
    assert before.names == alone.names
    np.testing.assert_array_equal(after.weight, alone.weight)
    again = solve_kinds(lifted, ATHLETE, before=before)[0]
    assert abs(again.weight - before.weight).max() > 1e-6
