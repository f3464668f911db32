"""A recording of several sets: each is found, named and counted by itself, for the whole and while it happens."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import imu_hinge as ih
from imu_hinge import conventions as cv
from imu_hinge.plan import PlannedSet
from imu_hinge.report import session_tables, tables
from imu_hinge.report.html import page
from imu_hinge.report.session_tables import terminal_parts

FOLDER = Path(__file__).resolve().parents[2] / "recordings" / "simulated_session_4_sets"
PLAN = (PlannedSet("deadlift", 3, 140.0), PlannedSet("deadlift", 3, 150.0), PlannedSet("rdl", 5), PlannedSet("squat"))
WANTED = [("deadlift", 3), ("deadlift", 3), ("rdl", 4), ("swing", 8)]


@cache
def analysed(*, as_live: bool) -> ih.SetResult:
    return ih.analyze(ih.read(FOLDER), as_live=as_live, name=FOLDER.name, plan=PLAN)


@pytest.mark.parametrize("as_live", [False, True])
def test_every_set_is_found_under_its_own_name_and_on_time(as_live: bool) -> None:
    result = analysed(as_live=as_live)
    assert [(row["exercise"], row["reps"]) for row in result.set_rows()] == WANTED
    truth = json.loads((FOLDER / "sets.json").read_text(encoding="utf-8"))["sets"]
    for row, true in zip(result.set_rows(), truth, strict=True):
        assert row["start_s"] == pytest.approx(true["reps"][0]["start_s"], abs=0.4)
        assert row["stop_s"] == pytest.approx(true["reps"][-1]["end_s"], abs=0.4)
    assert result.other_bends, "plates were put on the bar"
    assert [row["load_kg"] for row in result.set_rows()][:2] == [140.0, 150.0]
    assert result.against_plan == (
        "3 of 4 planned sets were done.",
        "Set 3 had 4 of 5 planned reps.",
        "Set 4 (swing) is not in the plan.",
        "Not seen of the plan: set 4 (squat).",
    )


def test_reps_count_within_their_set_in_every_table() -> None:
    result = analysed(as_live=False)
    assert list(result.sets.columns) == list(cv.SET_COLUMNS)
    for number, (exercise, count) in enumerate(WANTED):
        of_set = result.reps[result.reps["set"] == number]
        assert list(of_set["rep"]) == list(range(count))
        assert set(of_set["exercise"]) == {exercise}
        inside = result.angles[result.angles["set"] == number]
        assert set(inside["rep"]) == set(range(count))
    assert set(result.angles[result.angles["set"] == -1]["rep"]) == {-1}
    rests = result.sets["rest_before_s"]
    starts, stops = result.sets["start_s"], result.sets["stop_s"]
    assert np.isnan(rests[0])
    assert list(rests[1:]) == pytest.approx(list(starts[1:].to_numpy() - stops[:-1].to_numpy()))


def test_one_set_of_it_is_a_result_of_its_own() -> None:
    result = analysed(as_live=False)
    one = result.of_set(2)
    assert (one.exercise, len(one.lifts), len(one.set_list)) == ("rdl", 4, 1)
    assert [rep.start_s for rep in one.lifts] == [rep.start_s for rep in result.reps_of(2)]
    assert one.posture.time_s[0] > result.reps_of(1)[-1].end_s
    assert one.posture.time_s[-1] < result.reps_of(3)[0].start_s
    assert list(one.sets["set"]) == [2], "it keeps its number"
    assert set(one.reps["set"]) == {2}
    assert set(one.angles["set"]) == {-1, 2}
    assert all(one.posture.time_s[0] <= bend.start_s <= one.posture.time_s[-1] for bend in one.other_bends)
    assert next(iter(terminal_parts(one))).startswith("Set 3: 4 Romanian deadlifts")


def test_sets_and_rests_are_told_while_they_happen() -> None:
    recording = ih.read(FOLDER)
    live, events = ih.LiveAnalysis(recording.placements, athlete=recording.athlete, plan=PLAN), []
    live.shows_instants = False  # sets and rests are told by the looks
    for start in range(0, max(map(len, recording.sensors.values())), 1000):
        for placement, samples in recording.sensors.items():
            events += live.feed(placement, samples[start : start + 1000])
    result = live.finish()
    replay = analysed(as_live=True)
    rows, again = (
        [{key: repr(value) for key, value in row.items()} for row in one.set_rows()] for one in (result, replay)
    )
    assert rows == again
    assert [rep.as_row()["lumbar_flexion_peak_deg"] for rep in result.lifts] == [
        rep.as_row()["lumbar_flexion_peak_deg"] for rep in replay.lifts
    ]
    started = [event for event in events if event.kind == "set_started"]
    ended = [event for event in events if event.kind == "set_ended"]
    assert [event.message.split()[:2] for event in started] == [["Set", str(n)] for n in range(1, 5)]
    assert [event.message.split()[:2] for event in ended][:3] == [["Set", str(n)] for n in range(1, 4)]
    for event, row in zip(started[1:], result.set_rows()[1:], strict=True):
        told = re.search(r"after (?:(\d+) min )?(\d+) s of rest", event.message)
        assert told is not None
        rest_s = 60.0 * int(told.group(1) or 0) + int(told.group(2))
        assert rest_s == pytest.approx(row["rest_before_s"], abs=8.0)  # a first rep may be withdrawn later
    kinds = [event.kind for event in events if event.kind in ("set_started", "set_ended", "rep")]
    assert kinds[0] == "set_started"
    assert kinds.index("set_ended") > kinds.index("rep")


def test_the_terminal_and_the_page_show_every_set_under_its_heading() -> None:
    result = analysed(as_live=False)
    parts = [part for part in session_tables.terminal_parts(result) if isinstance(part, str) and part]
    assert [part.split(" · ")[0] for part in parts] == [
        "Set 1: 3 deadlifts",
        "Set 2: 3 deadlifts",
        "Set 3: 4 Romanian deadlifts",
        "Set 4: 8 kettlebell swings",
    ]
    html = page.page(result)
    assert all(part.split(" · ")[0] in html for part in parts)
    table = json.loads(tables.as_json(result))
    assert [row["reps"] for row in table["sets"]] == [count for _, count in WANTED]
    assert sum(table["sets"][0]["verdicts"].values()) == 3
    assert [row["set"] for row in table["reps"]] == [n for n, (_, count) in enumerate(WANTED) for _ in range(count)]
    with pytest.raises(ih.HingeError, match="no set 5"):
        session_tables.chosen_set(result, 5)
