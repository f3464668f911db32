"""What live remembers, when it looks, and which references it refuses, step by step."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from imu_hinge import conventions as cv
from imu_hinge.analysis.calibration import Taken, _check_consistent, _with_bows, _with_hinges, learn_references
from imu_hinge.analysis.instant.pacing import Pacing
from imu_hinge.analysis.told import Told
from imu_hinge.athlete import Athlete
from imu_hinge.errors import CalibrationError
from imu_hinge.model import Array, Region
from imu_hinge.motion.linkage.map_estimate import LinkageResult
from imu_hinge.motion.linkage.observations import LinkageInputs
from imu_hinge.motion.linkage.set_parameters import SetParameters
from imu_hinge.reps.segmentation import Lift
from imu_hinge.result import Rep, Verdict

DEG = math.radians(1.0)


def lift_at(start: int) -> Lift:
    middle, stop = start + 100, start + 200
    down, up = Region(start, middle), Region(middle, stop)
    return Lift(start, middle, stop, bottom=middle, down=down, up=up, pause=Region(middle, middle))


def rep_at(start: int) -> Rep:
    told = ("rep", "exercise", "start_s", "basis", "verdict", "quality", "set", "verdict_floor")
    others = {f.name: 0.5 for f in fields(Rep) if f.name not in told}
    verdict = Verdict("hip_hinge", 0.9)
    return Rep(rep=9, exercise="rdl", start_s=start / 100.0, basis="measured", verdict=verdict, quality="A", **others)


def told_of(*starts: int) -> Told:
    told = Told(near=75, reach=12000)
    for start in starts:
        told.add(lift_at(start), rep_at(start), 0, ("rdl", "why"), (0.0,))
    return told


def test_reps_are_numbered_in_the_order_of_their_starts() -> None:
    told = told_of(0, 1000)
    assert told.add(lift_at(500), rep_at(500), 0, ("rdl", "why"), (0.0,)).rep == 1
    assert [(rep.rep, rep.start_s) for rep in told.reps] == [(0, 0.0), (1, 5.0), (2, 10.0)]
    assert (told.stop, told.place_of(500), told.place_of(501)) == (1200, 1, 2)
    assert told_of().stop == 0


def test_a_lift_is_known_where_it_overlaps_one_that_was_told() -> None:
    told = told_of(0, 1000)
    assert told.knows(lift_at(1100))
    assert not told.knows(lift_at(1300))
    assert not Told(near=75, reach=50).knows(lift_at(0))


def test_a_second_set_is_numbered_from_its_own_first_rep_and_begins_and_ends_once() -> None:
    told = told_of(0, 500)
    later = told.add(lift_at(9500), rep_at(9500), 1, ("squat", "another"), (0.0,))
    assert (later.set, later.rep) == (1, 0)
    assert [(one.exercise, len(one.lifts)) for one in told.sets] == [("rdl", 2), ("squat", 1)]
    assert (told.exercise_of(1), told.exercise_of(2)) == ("rdl", "squat")
    assert [rep.start_s for rep in told.earlier(9500, 0)] == [0.0, 5.0]
    (begun,) = told.started(later)
    assert (begun.kind, begun.message) == ("set_started", "Set 2 begins after 1 min 34 s of rest: rdl.")
    assert told.ended(9700 + 1999, 120.0, after=2000) == []
    (ended,) = told.ended(9700 + 2000, 120.5, after=2000)
    assert (ended.kind, ended.message) == ("set_ended", "Set 2 ended: 1 rep, squat. Rest since 2 min 00 s.")
    assert told.ended(9700 + 2500, 125.5, after=2000) == []
    went_on = told.add(lift_at(12000), rep_at(12000), 1, ("squat", "another"), (0.0,))
    assert "Set 2 goes on" in told.started(went_on)[0].message


def withdrawn(told: Told, *starts: int, start: int = 0, is_last: bool = False) -> list[float]:
    found = [lift_at(s) for s in starts]
    events = told.withdraw(found, start=start, at_s=12.0, is_last=is_last)
    assert all((event.kind, event.time_s) == ("withdrawn", 12.0) for event in events)
    return [event.rep.start_s for event in events if event.rep is not None]


def test_two_looks_in_a_row_or_the_last_one_take_a_rep_back() -> None:
    told = told_of(0, 500, 1000)
    assert withdrawn(told, 0, 1000) == []
    assert withdrawn(told, 0, 1000) == [5.0]
    assert [rep.rep for rep in told.reps] == [0, 1]
    assert withdrawn(told, 0, is_last=True) == [10.0]


def test_a_look_that_sees_it_again_forgets_that_it_was_missed() -> None:
    told = told_of(0, 500)
    assert withdrawn(told, 0) == withdrawn(told, 0, 500) == withdrawn(told, 0) == []
    assert withdrawn(told, 0) == [5.0]


def test_a_lift_that_moved_by_less_than_what_is_near_is_the_same_and_what_lies_before_stays() -> None:
    told = told_of(0, 500)
    assert withdrawn(told, 0, 575, is_last=True) == []
    assert withdrawn(told, start=300, is_last=True) == [5.0]
    assert withdrawn(told_of(0, 500), 0, 576, is_last=True) == [5.0]
    early_end = replace(lift_at(500), stop=620)
    events = told_of(500).withdraw([early_end], start=0, at_s=0.0, is_last=True)
    assert len(events) == 1


def test_a_sensor_that_contradicts_itself_is_said_once_and_no_verdict_stands() -> None:
    told = told_of(0, 500)
    assert [event.kind for event in told.disagree(["a"], 3.0)] == ["warning"]
    assert {rep.verdict.label for rep in told.reps} == {"undecided"}
    assert told.disagree(["a"], 4.0) == []
    assert [event.message for event in told.disagree(["a", "b"], 5.0)] == ["b"]


def looks(*moving: bool, rate_rad_s: float = 0.5) -> list[int]:
    """Return after which steps live looks, given in which the body moves."""
    pacing = Pacing()
    return [
        i
        for i, moves in enumerate(moving)
        if pacing.is_due([np.full((50, 3), (rate_rad_s if moves else 0.0) / math.sqrt(3.0))])
    ]


def test_live_looks_when_a_movement_has_ended_and_every_two_seconds_of_one_that_goes_on() -> None:
    assert looks(*[False] * 10, True, False, False, False) == [10, 12]  # the last look lies far back
    assert looks(*[True] * 9) == [3, 7]
    assert looks(*[False] * 500) == [235, 471]  # idle: after 118 s


@pytest.mark.parametrize(("rate_rad_s", "is_moving"), [(0.36, True), (0.34, False)])
def test_a_body_moves_above_twenty_degrees_a_second(rate_rad_s: float, is_moving: bool) -> None:
    assert (looks(*[True] * 5, rate_rad_s=rate_rad_s) != []) == is_moving


def test_one_sensor_that_moves_is_enough() -> None:
    pacing = Pacing()
    still, moving = np.zeros((50, 3)), np.full((50, 3), 0.5)
    assert [pacing.is_due([still, moving]) for _ in range(4)] == [False, False, False, True]


def taken(is_bow: bool, lumbar_deg: float, sd_deg: float = 2.0) -> Taken:
    return Taken(is_bow, 0, 1.0, lumbar_deg * DEG, sd_deg * DEG)


@pytest.mark.parametrize(
    ("some", "is_refused"),
    [
        ([taken(False, 42.0)], False),  # the limit is 38.5 degrees
        ([taken(False, 43.0)], True),
        ([taken(False, 60.0, 12.0)], False),
        ([taken(True, 20.0), taken(False, 25.0)], False),
        ([taken(True, 20.0), taken(False, 26.0)], True),  # more than two deviations of both: 5.7
        ([taken(True, 50.0), taken(False, 10.0)], False),
    ],
)
def test_what_surely_contradicts_its_name_is_no_reference(some: list[Taken], is_refused: bool) -> None:
    if is_refused:
        with pytest.raises(CalibrationError):
            _check_consistent(some, Athlete())
    else:
        _check_consistent(some, Athlete())


def solved(angles_deg: Array, sd_deg: float) -> LinkageResult:
    n = len(angles_deg)
    shared = SetParameters((), np.zeros(0), np.zeros((0, 0)))
    nodes = np.arange(n)
    sd = np.full((n, 5), sd_deg * DEG)
    return LinkageResult(angles_deg * DEG, sd, angles_deg, 0.0, shared, nodes, np.zeros((n, 5, 5)), 1, 0.0)


def inputs_of(n: int, on_floor: float, height_m: float = -0.2) -> LinkageInputs:
    some = np.full(n, 0.01)
    return LinkageInputs(
        time_s=np.arange(n) / 100.0,
        inclination_rad={"sacrum": some},
        inclination_sd_rad={"sacrum": some},
        height_m={"sacrum": np.full(n, height_m)},
        height_sd_m={"sacrum": some},
        on_floor=np.full(n, on_floor),
    )


@pytest.mark.parametrize(("hinges", "bows"), [([], []), ([3], []), ([-1], []), ([0], [3])])
def test_references_need_instants_of_the_recording(hinges: list[int], bows: list[int]) -> None:
    with pytest.raises(CalibrationError, match="0 to 2"):
        learn_references(inputs_of(3, 1.0), Athlete(), clean_hinges=hinges, full_bows=bows)


def test_each_bend_is_taken_as_what_it_was_told_to_be() -> None:
    n = 201
    bend = 0.7 * np.sin(np.linspace(0.0, 2.0 * np.pi, n)) ** 2
    sd = np.full(n, 0.02)
    inputs = LinkageInputs(
        time_s=np.arange(n) / 50.0,
        inclination_rad={"sacrum": bend, "t12": 1.5 * bend},
        inclination_sd_rad={"sacrum": sd, "t12": sd},
    )
    athlete, taken = learn_references(inputs, Athlete(), clean_hinges=[50], full_bows=[150])
    assert [(t.is_bow, t.at) for t in taken] == [(False, 50), (True, 150)]
    assert [t.trunk_rad for t in taken] == pytest.approx([1.05, 1.05], abs=0.06)
    assert athlete.references
    assert athlete.lumbar_max_flexion_deg is not None


def test_clean_hinges_give_neutral_drop_and_knees() -> None:
    angles = np.zeros((3, 5))
    angles[:, cv.LUMBAR_FLEXION], angles[:, cv.PELVIS_TILT] = [9.0, 13.0, 70.0], [40.0, 44.0, 0.0]
    angles[:, cv.KNEE_FLEXION] = [60.0, 64.0, 0.0]
    found = _with_hinges(Athlete(), inputs_of(3, 1.0), solved(angles, 3.0), [0, 1])
    assert found.neutral_lumbar_deg == pytest.approx(11.0)
    assert found.neutral_lumbar_sd_deg == pytest.approx(3.0)
    assert found.neutral_pelvis_tilt_deg == pytest.approx(42.0)
    assert found.neutral_drop_m == pytest.approx(0.2)
    assert found.knee_limit_deg == pytest.approx(62.0 + 15.0)
    assert "clean_hinge.sacrum.inclination_rad" in found.references
    off_the_floor = _with_hinges(Athlete(knee_limit_deg=90.0), inputs_of(3, 0.0, 0.1), solved(angles, 40.0), [0, 1])
    assert (off_the_floor.knee_limit_deg, off_the_floor.neutral_drop_m) == (90.0, None)
    assert off_the_floor.neutral_lumbar_sd_deg == pytest.approx(30.0)


def test_full_bows_give_the_maximum_where_it_is_known_well() -> None:
    angles = np.zeros((2, 5))
    angles[:, cv.LUMBAR_FLEXION] = [50.0, 56.0]
    found = _with_bows(Athlete(), solved(angles, 4.0), [0, 1])
    assert found.lumbar_max_flexion_deg == pytest.approx(56.0)
    assert found.lumbar_max_flexion_sd_deg == pytest.approx(5.0)  # 4 and the spread of 3
    assert _with_bows(Athlete(), solved(angles, 6.1), [0, 1]) == Athlete()
    assert _with_bows(Athlete(), solved(angles, 5.9), [0, 1]) != Athlete()
