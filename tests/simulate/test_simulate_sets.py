"""Whole sets: as many reps as asked for, where the definitions put them, moving as bodies move."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_hinge.athlete import Athlete
from imu_hinge.conventions import EXERCISES, HIP_FLEXION, KNEE_FLEXION, LUMBAR_FLEXION, PELVIS_TILT, TRUNK_INCLINATION
from imu_hinge.simulate.sensor import SensorSpec
from imu_hinge.simulate.session import Simulated, random_set, simulate
from imu_hinge.simulate.spec import EXTRAS, LifterSpec, SetSpec
from imu_hinge.simulate.styles import STYLES, styles_of
from imu_hinge.simulate.truth import true_verdict


def quick(spec: SetSpec, seed: int = 1) -> Simulated:
    return simulate(spec, seed=seed, placements=("sacrum",), sensors={"sacrum": SensorSpec(rate_hz=50.0)})


def kinds(simulated: Simulated) -> list[str]:
    return [other.kind for other in simulated.truth.non_reps]


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**31), reps=st.integers(0, 8), style=st.sampled_from(sorted(STYLES)))
def test_a_set_has_as_many_reps_as_asked_for_one_after_the_other(seed: int, reps: int, style: str) -> None:
    spec = replace(SetSpec.draw(np.random.default_rng(seed), style=style), reps=reps, before=(), after=())
    truth = quick(spec, seed).truth
    assert [rep.rep for rep in truth.reps] == list(range(reps))
    instants = [t for rep in truth.reps for t in (rep.start_s, rep.turn_s, rep.end_s)]
    assert np.all(np.diff(instants) > 0.0)
    assert all(rep.exercise == spec.exercise for rep in truth.reps)
    assert np.isfinite(truth.angles_rad).all()
    assert np.abs(np.degrees(truth.angles_rad)).max() < 160.0


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**31), style=st.sampled_from(styles_of("deadlift")), goes=st.booleans())
def test_from_the_floor_the_bar_is_there_at_start_and_end_and_up_at_lockout(seed: int, style: str, goes: bool) -> None:
    drawn = SetSpec.draw(np.random.default_rng(seed), style=style)
    spec = replace(drawn, reps=3, touch_and_go=goes, drop="none", before=(), after=(), has_failed_rep=False)
    truth = quick(spec, seed).truth
    bar = np.interp([t for rep in truth.reps for t in (rep.start_s, rep.end_s)], truth.time_s, truth.bar_height_m)
    assert bar == pytest.approx(spec.bar_m + 0.005, abs=0.012)
    for rep in truth.reps:
        up = (truth.time_s > rep.start_s) & (truth.time_s < rep.turn_s)
        height = truth.bar_height_m[up]
        assert np.max(np.maximum.accumulate(height) - height) < 0.02  # it never sinks by more than a sway
        locked = truth.angles_at(np.array([rep.turn_s]))[0]
        assert np.degrees(np.abs(locked[[HIP_FLEXION, KNEE_FLEXION]])).max() < 26.0


def test_angles_are_what_the_conventions_say() -> None:
    angles = quick(SetSpec(reps=2)).truth.angles_rad
    assert angles[:, LUMBAR_FLEXION] == pytest.approx(angles[:, TRUNK_INCLINATION] - angles[:, PELVIS_TILT], abs=1e-12)


def test_stationary_standing_is_zero() -> None:
    truth = quick(SetSpec(reps=1, stationary_start_s=20.0)).truth
    still = truth.angles_rad[truth.time_s < 18.0]
    assert np.abs(np.degrees(still.mean(axis=0))).max() < 0.6
    assert np.degrees(still.std(axis=0)).max() < 2.0


@pytest.mark.parametrize("family", ["minimum_jerk", "skewed_minimum_jerk", "raised_cosine", "trapezoid"])
@pytest.mark.parametrize("style", ["good_hinge", "hips_shoot_up", "swing_hinge"])
def test_nothing_jumps(family: str, style: str) -> None:
    lifter = LifterSpec(profile=family, abruptness=0.2, asymmetry_deg=(3.0, 5.0))
    exercise = STYLES[style].exercise
    spec = SetSpec(exercise, style, 3, lifter=lifter, raise_s=1.3 if exercise == "deadlift" else 0.5, before=EXTRAS)
    truth = quick(spec).truth
    rate = np.degrees(np.gradient(truth.angles_rad, truth.time_s, axis=0))
    assert np.abs(rate[:, :3]).max() < 400.0
    assert np.abs(np.gradient(rate[:, :3], truth.time_s, axis=0)).max() < 6000.0


def test_verdicts_of_the_styles() -> None:
    deserved = {
        style: {true_verdict(rep, Athlete()) for rep in random_set(3, style=style, placements=("sacrum",)).truth.reps}
        for style in ("good_hinge", "stoop", "squatty", "rounded_with_knees", "squat_parallel", "rdl_hinge")
    }
    assert deserved == {
        "good_hinge": {"hip_hinge"},
        "stoop": {"lumbar_flexion"},
        "squatty": {"squat"},
        "rounded_with_knees": {"lumbar_flexion"},
        "squat_parallel": {"squat"},
        "rdl_hinge": {"hip_hinge"},
    }


def test_a_dropped_bar_ends_the_rep_at_lockout() -> None:
    truth = quick(SetSpec(reps=3, drop="every")).truth
    assert all(rep.is_dropped for rep in truth.reps)
    ends = truth.angles_at(np.array([rep.end_s for rep in truth.reps]))
    assert np.degrees(np.abs(ends[:, HIP_FLEXION])).max() < 8.0


def test_a_failed_rep_is_no_rep_and_never_stands_up() -> None:
    simulated = quick(SetSpec(reps=2, has_failed_rep=True))
    failed = next(other for other in simulated.truth.non_reps if other.kind == "failed")
    during = (simulated.truth.time_s > failed.start_s) & (simulated.truth.time_s < failed.stop_s)
    assert len(simulated.truth.reps) == 2
    assert np.degrees(simulated.truth.angles_rad[during, HIP_FLEXION]).min() > 15.0
    assert simulated.truth.bar_height_m[during].max() > 0.26


def test_touch_and_go_does_not_rest_on_the_floor_and_dead_stop_does() -> None:
    def pauses(simulated: Simulated) -> list[float]:
        reps = simulated.truth.reps
        return [b.start_s - a.end_s for a, b in pairwise(reps)]

    assert max(pauses(quick(SetSpec(reps=4, touch_and_go=True)))) < 0.5
    assert min(pauses(quick(SetSpec(reps=4, bottom_s=1.0)))) > 0.7


@pytest.mark.parametrize("slow", [SetSpec(reps=3, has_mid_pause=True), SetSpec(reps=3, has_hitch=True)])
def test_a_pause_or_a_hitch_stays_one_rep_and_takes_longer(slow: SetSpec) -> None:
    plain = quick(SetSpec(reps=3)).truth.reps
    slowed = quick(slow).truth.reps
    assert len(slowed) == 3
    taken = [max(rep.turn_s - rep.start_s for rep in reps) for reps in (plain, slowed)]
    assert taken[1] > taken[0] + 0.4


def test_hips_shoot_up_keeps_the_tilt_while_the_pelvis_rises() -> None:
    def tilt_after_a_third(style: str) -> float:
        truth = quick(SetSpec(style=style, reps=1, raise_s=2.0)).truth
        rep = truth.reps[0]
        rise = (truth.time_s >= rep.start_s) & (truth.time_s <= rep.turn_s)
        height, tilt = truth.s2_height_m[rise], np.degrees(truth.angles_rad[rise, PELVIS_TILT])
        third = int(np.argmax(height > height[0] + 0.3 * (height.max() - height[0])))
        return float(tilt[third] - tilt[0])

    assert tilt_after_a_third("hips_shoot_up") > 2.0
    assert tilt_after_a_third("good_hinge") < 0.0


def test_lockout_inclination_goes_behind_standing() -> None:
    truth = quick(SetSpec(reps=2, has_lockout_lean=True)).truth
    during = (truth.time_s > truth.reps[0].start_s) & (truth.time_s < truth.reps[0].end_s)
    inclination = np.degrees(truth.angles_rad[during].min(axis=0))
    assert -14.0 < inclination[PELVIS_TILT] < -6.0
    assert -29.0 < inclination[TRUNK_INCLINATION] < -13.0


def test_everything_around_the_reps_is_listed_as_no_rep() -> None:
    spec = SetSpec(reps=1, before=EXTRAS)
    assert {*EXTRAS, "setup_bend", "release_rise"} <= set(kinds(quick(spec)))
    assert {"unrack", "rack"} <= set(kinds(quick(SetSpec("squat", "squat_parallel", 1))))
    assert {"pick_up", "put_down"} <= set(kinds(quick(SetSpec("rdl", "rdl_hinge", 1, from_floor=True))))


def test_a_calibration_has_two_clean_hinges_and_then_full_bows() -> None:
    spec = SetSpec("drill", "calibration", 3, lifter=LifterSpec(lumbar_max_deg=52.0))
    reps = quick(spec).truth.reps
    assert [rep.style for rep in reps] == ["clean_hinge", "clean_hinge", "full_bow"]
    assert np.degrees(reps[2].lumbar_flexion_peak_rad) == pytest.approx(52.0, abs=4.0)
    assert np.degrees(reps[0].lumbar_flexion_peak_rad) < 18.0


def test_heels_strike_as_often_as_the_lifter_steps_and_only_in_walking() -> None:
    spec = SetSpec(reps=1, before=("walk",), lifter=LifterSpec(step_hz=2.0, heel_mps2=4.0), impact_mps2=0.0)
    sensor = SensorSpec(rate_hz=400.0)
    acc = [
        np.asarray(
            simulate(spec, seed=1, placements=("sacrum",), sensors={"sacrum": s}).recording.sensors["sacrum"].acc
        )
        for s in (sensor, replace(sensor, impact_share=1.0))
    ]
    at_s = np.flatnonzero(np.abs(acc[1] - acc[0]).max(axis=1) > 0.2) / 400.0
    strikes = at_s[np.diff(at_s, prepend=-1.0) > 0.25]
    walks = [o for o in quick(spec).truth.non_reps if o.kind == "walk"]
    assert len(strikes) > 4
    assert np.median(np.diff(strikes)) == pytest.approx(0.5, rel=0.1)
    assert all(any(w.start_s < t < w.stop_s + 0.3 for w in walks) for t in strikes)


def test_walking_shakes_the_pelvis_at_the_lifters_own_step_rate() -> None:
    lifter = LifterSpec(step_hz=2.0, step_up_mps2=2.0)
    simulated = quick(SetSpec(reps=0, before=("walk",), lifter=lifter))
    walk = next(other for other in simulated.truth.non_reps if other.kind == "walk")
    samples = simulated.recording.sensors["sacrum"]
    during = (samples.time_s > walk.start_s + 0.8) & (samples.time_s < walk.start_s + 2.4)
    up = samples.acc[during, 2] - samples.acc[during, 2].mean()
    assert 1.0 < np.abs(up).max() < 4.0
    crossings = int(np.count_nonzero(np.diff(np.sign(up))))
    assert crossings / 2 / 1.6 == pytest.approx(2.0, abs=0.8)


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    first, again, other = (random_set(seed, exercise="deadlift") for seed in (5, 5, 6))
    for placement in ("sacrum", "t12"):
        for name in ("time_s", "acc", "gyr", "flags"):
            one = getattr(first.recording.sensors[placement], name)
            assert one.tobytes() == getattr(again.recording.sensors[placement], name).tobytes()
    assert first.truth.reps == again.truth.reps
    assert first.truth.reps != other.truth.reps


def test_a_second_sensor_does_not_change_the_movement_or_the_first_sensor() -> None:
    alone, both = (random_set(9, placements=places) for places in (("sacrum",), ("sacrum", "t12")))
    assert alone.truth.reps == both.truth.reps
    assert alone.recording.sensors["sacrum"].acc.tobytes() == both.recording.sensors["sacrum"].acc.tobytes()


def test_random_sets_reach_every_exercise() -> None:
    rng = np.random.default_rng(0)
    drawn = {SetSpec.draw(rng).exercise for _ in range(80)}
    assert drawn == set(EXERCISES) - {"drill"}


def test_the_recording_says_that_it_is_simulated() -> None:
    simulated = random_set(2)
    assert simulated.recording.is_simulated
    assert simulated.truth.is_simulated
    assert "No person was measured" in simulated.recording.note


@pytest.mark.parametrize(
    "wrong",
    [{"style": "rdl_hinge"}, {"exercise": "bench", "style": "good_hinge"}, {"drop": "often"}, {"before": ("nap",)}],
)
def test_an_impossible_set_is_refused_with_what_is_possible(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"styles|Use"):
        SetSpec(**wrong)  # type: ignore[arg-type]
