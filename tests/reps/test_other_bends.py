"""What bends and is no rep is listed with what it is: in the result, live as in replay, in JSON, terminal and page."""

import json

import numpy as np
import pytest

import imu_hinge as ih
from imu_hinge.analysis.told import Told
from imu_hinge.conventions import OTHER_COLUMNS
from imu_hinge.report import tables, wording
from imu_hinge.report.html import page
from imu_hinge.reps.bends import Bend
from imu_hinge.reps.no_lifts import ALONE, NOT_FINISHED, OTHER_SET, PUT_DOWN, UNLIKE, NoRep, no_reps
from imu_hinge.reps.segmentation import lifts_from_top
from imu_hinge.simulate.session import simulate
from imu_hinge.simulate.spec import LifterSpec, SetSpec


def bend(start: int, *, landing: int = -1, is_finished: bool = True) -> Bend:
    """Return a bend of two seconds."""
    return Bend(
        down_start=start,
        down_stop=start + 90,
        bottom=start + 100,
        up_start=start + 110,
        up_stop=start + 200,
        depth_rad=1.0,
        inclination_rad=1.0,
        side_rad=0.0,
        turn_rad=0.0,
        drop_m=0.1,
        drop_sd_m=0.01,
        landing=landing,
        shock_mps2=0.0,
        down_vibration_mps2=0.1,
        up_vibration_mps2=0.1,
        is_finished=is_finished,
    )


def test_every_bend_that_is_not_lifted_is_named_in_order() -> None:
    alone, lifted, unlike, down = bend(0), bend(1000), bend(1300), bend(1600, landing=1690)
    other, last, aside = bend(3000), bend(4000, is_finished=False), bend(500)
    blocks = [[alone], [lifted, unlike, down], [other], [last], [aside]]
    found = no_reps(blocks, lifted=[lifted], grouped=[other], known={aside: "bent to the side"})
    assert [(o.start, o.reason) for o in found] == [
        (0, ALONE),
        (500, "bent to the side"),
        (1300, UNLIKE),
        (1600, PUT_DOWN),
        (3000, OTHER_SET),
        (4000, NOT_FINISHED),
    ]
    assert found[0].stop == 201


@pytest.mark.parametrize(("exercise", "as_live"), [("auto", False), ("auto", True), ("deadlift", False)])
def test_a_set_lists_what_else_bent(exercise: str, as_live: bool) -> None:
    lifter = LifterSpec.draw(np.random.default_rng(1))
    seed, after = (5, ("chair",)) if exercise == "auto" else (1, ("walk", "chair"))
    spec = SetSpec("deadlift", "good_hinge", reps=3, lifter=lifter, has_rack=False, after=after)
    result = ih.analyze(simulate(spec, seed=seed).recording, exercise=exercise, as_live=as_live)
    assert len(result.lifts) == 3
    assert result.other_bends
    last_s = max(lift.end_s for lift in result.lifts)
    assert all(o.start_s > last_s and o.stop_s > o.start_s for o in result.other_bends)
    if exercise == "auto":  # told a deadlift, what sits down is only not one
        assert {o.reason for o in result.other_bends} == {"sat down or rose from a seat"}
    assert list(result.other.columns) == list(OTHER_COLUMNS)
    assert result.other["start_s"].tolist() == [o.start_s for o in result.other_bends]
    assert [row["reason"] for row in json.loads(tables.as_json(result))["other"]] == result.other["reason"].tolist()
    assert wording.other_line(result) in page.page(result)


def test_a_clean_set_lists_nothing() -> None:
    result = ih.analyze(simulate(SetSpec(reps=3), seed=3).recording)
    assert result.other_bends == ()
    assert wording.other_line(result) == ""
    assert len(result.other) == 0


def test_bends_that_are_no_lifts_are_called_other() -> None:
    lifter = LifterSpec.draw(np.random.default_rng(0))
    spec = SetSpec("squat", "squat_parallel", reps=0, lifter=lifter, has_rack=False, before=("chair",))
    result = ih.analyze(simulate(spec, seed=0, placements=("hip",)).recording)
    assert (result.exercise, len(result.lifts)) == ("other", 0)
    line = wording.other_line(result)
    assert line.startswith(f"{len(result.other_bends)} movements were no reps: sat down or rose from a seat (")
    assert f"{result.other_bends[0].start_s - result.posture.time_s[0]:.1f}" in line


def test_what_a_later_look_sees_takes_the_place_of_what_was_seen_before() -> None:
    told = Told(near=75, reach=12000)
    told.see([NoRep(0, 100, ALONE), NoRep(500, 700, ALONE)], start=0)
    told.see([NoRep(90, 120, UNLIKE), NoRep(500, 700, UNLIKE), NoRep(900, 1000, NOT_FINISHED)], start=80)
    assert told.no_reps == (NoRep(0, 100, ALONE), NoRep(500, 700, UNLIKE), NoRep(900, 1000, NOT_FINISHED))
    told.lifts += lifts_from_top([bend(880)])
    assert told.no_reps == (NoRep(0, 100, ALONE), NoRep(500, 700, UNLIKE))
