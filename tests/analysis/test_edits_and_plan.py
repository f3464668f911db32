"""What a person says of a session stands beside the samples, is honoured, and is undone by removing a line."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import imu_hinge as ih
from imu_hinge.analysis.planned import matched, with_names
from imu_hinge.cli import app, edit_command
from imu_hinge.edits import Edit, edit_from_values
from imu_hinge.errors import NewerSchema, RecordingError, SettingsError
from imu_hinge.model import Posture, Region
from imu_hinge.plan import PlannedSet, plan_text, read_plan
from imu_hinge.reps.edited import with_edits
from imu_hinge.reps.exercise import Found, FoundSet
from imu_hinge.reps.segmentation import Lift
from imu_hinge.storage.beside import EDITS, read_edits, write_edits

SESSION = Path(__file__).resolve().parents[2] / "recordings" / "simulated_session_4_sets"
RATE_HZ = 100.0


def bowing(count: int) -> Posture:
    """Return bows of two seconds, three seconds apart, from the first second on."""
    n = round((3.0 * count + 2.0) * RATE_HZ)
    time_s, zeros = np.arange(n) / RATE_HZ, np.zeros(n)
    since_s = np.clip((time_s - 1.0) % 3.0, 0.0, 2.0) * ((time_s >= 1.0) & (time_s < 1.0 + 3.0 * count))
    return Posture(
        time_s=time_s,
        angles_rad=np.full((n, 5), np.nan),
        sd_rad=np.full((n, 5), np.nan),
        inclination_rad=np.sin(0.5 * np.pi * since_s) ** 2,
        side_inclination_rad=zeros,
        turn_rad=zeros,
        height_m=zeros,
        height_sd_m=np.full(n, 0.01),
        speed_mps=zeros,
        shock_mps2=zeros,
        is_still=np.zeros(n, dtype=bool),
        flags=np.zeros(n, dtype=np.uint16),
        basis="measured",
    )


def lift(start: int) -> Lift:
    """Return a lift from the top of two seconds."""
    middle, stop = start + 100, start + 200
    return Lift(start, middle, stop, middle, Region(start, middle), Region(middle, stop), Region(middle, middle))


def edited(*edits: Edit, numbers: tuple[int, ...] = (0, 1, 2, 3)) -> tuple[FoundSet, ...]:
    """Return four bows as one set of RDLs, or those of them that were found, after the edits."""
    one = FoundSet(tuple(lift(100 + 300 * i) for i in numbers), "rdl", "seen")
    found = with_edits(
        Found((one,), "rdl", "seen"), edits, bowing(4), ih.Athlete(height_m=1.75), settings=ih.Settings().reps
    )
    return found.sets


def test_a_rep_is_dropped_and_a_set_without_reps_is_gone() -> None:
    (one,) = edited(Edit("drop", 4.0, 6.0))
    assert [found.start for found in one.lifts] == [100, 700, 1000]
    assert one.is_edited
    assert edited(Edit("drop", 0.0, 14.0)) == ()


def test_a_missed_rep_is_added_once_with_its_turning_point_where_the_bend_is_deepest() -> None:
    add = Edit("add", 4.0, 6.0)
    (one,) = edited(add, add, numbers=(0, 2, 3))
    assert [found.start for found in one.lifts] == [100, 400, 700, 1000]
    assert one.lifts[1].turn == pytest.approx(500, abs=5)


@pytest.mark.parametrize(
    ("from_s", "to_s", "start", "turn", "stop"),
    [
        (4.0, 6.0, 400, 500, 600),
        (4.0, 5.0, 400, 499, 500),  # still on the way down: the end itself is outside
        (5.0, 6.0, 500, 500, 600),
        (13.0, 99.0, 1300, 1300, 1399),  # beyond the recording; nobody bends there, so the first is the deepest
    ],
)
def test_an_added_rep_is_half_open(from_s: float, to_s: float, start: int, turn: int, stop: int) -> None:
    (one,) = edited(Edit("add", from_s, to_s), numbers=(0,))
    added = one.lifts[1]
    assert (added.start, added.turn, added.stop) == (start, turn, stop)
    assert (added.down, added.up) == (Region(start, turn), Region(turn, stop))


def test_a_rep_that_touches_another_is_added_and_one_that_overlaps_is_not() -> None:
    (one,) = edited(Edit("add", 3.0, 4.0), numbers=(0, 1))
    assert [found.start for found in one.lifts] == [100, 300, 400]
    (one,) = edited(Edit("add", 2.0, 3.0), numbers=(0,))
    assert [found.start for found in one.lifts] == [100]
    (one,) = edited(Edit("add", 3.0, 4.01), numbers=(0, 1))
    assert [found.start for found in one.lifts] == [100, 400]


def test_two_reps_are_merged_into_one_from_the_first_start_to_the_last_end() -> None:
    (one,) = edited(Edit("merge", 1.0, 6.0))
    assert [(found.start, found.stop) for found in one.lifts] == [(100, 600), (700, 900), (1000, 1200)]


def test_an_exercise_is_renamed_and_later_words_count() -> None:
    (one,) = edited(Edit("exercise", 1.0, 12.0, "squat"), Edit("exercise", 1.0, 12.0, "good_morning"))
    assert (one.exercise, len(one.lifts), one.is_edited) == ("good_morning", 4, True)


def test_without_edits_nothing_changes() -> None:
    (one,) = edited(Edit("note", 1.0, 12.0, "easy"))
    assert (len(one.lifts), one.is_edited) == (4, False)


@pytest.mark.parametrize(
    "values",
    [
        {"do": "fly", "from_s": 0.0, "to_s": 1.0},
        {"do": "drop", "from_s": 2.0, "to_s": 1.0},
        {"do": "drop", "from_s": 0.0, "to_s": math.nan},
        {"do": "drop", "from_s": 0.0, "to_s": 1.0, "value": 3},
        {"do": "load_kg", "from_s": 0.0, "to_s": 1.0, "value": -5},
        {"do": "rpe", "from_s": 0.0, "to_s": 1.0, "value": 11},
        {"do": "exercise", "from_s": 0.0, "to_s": 1.0, "value": "curl"},
        {"do": "drop", "from_s": True, "to_s": 1.0},
        {"do": "drop", "from_s": 0.0},
        ["drop"],
    ],
)
def test_an_edit_that_cannot_be_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(RecordingError):
        edit_from_values(values)


def test_edits_come_back_as_they_were_written_and_a_removed_line_undoes_one(tmp_path: Path) -> None:
    edits = (Edit("drop", 1.5, 2.5), Edit("note", 0.0, 9.0, "„heavy“, ]"), Edit("load_kg", 0.0, 9.0, 100.0))
    path = write_edits(tmp_path, edits)
    assert read_edits(tmp_path) == edits
    lines = path.read_text(encoding="utf-8").splitlines()
    last = next(i for i, line in enumerate(lines) if "load_kg" in line)
    path.write_text("\n".join([*lines[:last], *lines[last + 1 :]]), encoding="utf-8")
    assert read_edits(tmp_path) == edits[:2]
    path.write_text(path.read_text(encoding="utf-8").replace('"schema_version": 1', '"schema_version": 9'), "utf-8")
    with pytest.raises(NewerSchema):
        read_edits(tmp_path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(RecordingError, match="is broken"):
        read_edits(tmp_path)


@pytest.mark.parametrize(
    ("do", "text"),
    [
        ("drop", "9" * 5000 + ".1"),
        ("drop", "1." + "9" * 5000),
        ("merge", "1.1-" + "9" * 5000),
        ("drop", "١.١"),
        ("add", "....-...."),
        ("add", "1.2.3-4"),
        ("add", "9" * 5000 + "-1"),
        ("load_kg", "9" * 5000 + "=1"),
        ("note", "²=x"),
    ],
)
def test_what_does_not_say_which_rep_or_set_is_refused_in_a_sentence(do: str, text: str) -> None:
    of = edit_command._READERS.get(do, edit_command._of_set)
    with pytest.raises(RecordingError, match="does not say which") as told:
        of(do, text, None)  # type: ignore[arg-type]  # it is not asked
    assert len(str(told.value)) < 200


def test_a_note_of_any_text_can_be_kept(tmp_path: Path) -> None:
    write_edits(tmp_path, [Edit("note", 0.0, 1.0, "lone \udcff \x1b[31m" + "x" * 10**6)])
    (kept,) = read_edits(tmp_path)
    assert str(kept.value).startswith("lone \ufffd \ufffd[31mx")
    assert len(str(kept.value)) <= 4000


def test_the_command_edits_a_recording_and_the_samples_stay(tmp_path: Path) -> None:
    folder = tmp_path / "session"
    shutil.copytree(SESSION, folder)
    raw = (folder / "sacrum.csv").read_bytes()
    words = ["--drop", "1.3", "--load", "2=100", "--rpe", "2=8", "--note", "4=easy", "--exercise", "3=good_morning"]
    done = CliRunner().invoke(app, ["edit", str(folder), *words], env={"COLUMNS": "120", "TERM": "dumb"})
    assert done.exit_code == 0
    assert "edited" in done.stdout
    assert (folder / "sacrum.csv").read_bytes() == raw
    result = ih.analyze(ih.read(folder))
    rows = result.set_rows()
    assert [(row["exercise"], row["reps"]) for row in rows] == [
        ("deadlift", 2),
        ("deadlift", 3),
        ("good_morning", 4),
        ("swing", 8),
    ]
    assert (rows[1]["load_kg"], rows[1]["rpe"], rows[3]["note"]) == (100.0, 8.0, "easy")
    assert all(row["edited"] for row in rows)
    (folder / EDITS).unlink()
    assert len(ih.analyze(ih.read(folder)).lifts) == 18
    wrong = CliRunner().invoke(app, ["edit", str(folder), "--drop", "7.1"])
    assert isinstance(wrong.exception, RecordingError)
    assert not (folder / EDITS).exists()


PLAN = (
    PlannedSet("deadlift", 3, 140.0),
    PlannedSet("good_morning", 4, 60.0),
    PlannedSet("good_morning", 4, 65.0),
    PlannedSet("swing", 8, 24.0),
)


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(plan_text(PLAN), encoding="utf-8")
    assert read_plan(path) == PLAN
    path.write_text('[[exercise]]\nname = "rdl"\nsets = 2\nreps = 8\nload_kg = [60, 70]\n', encoding="utf-8")
    assert read_plan(path) == (PlannedSet("rdl", 8, 60.0), PlannedSet("rdl", 8, 70.0))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "exercise = 3",
        '[[exercise]]\nname = "curl"',
        '[[exercise]]\nname = "rdl"\nsets = 0',
        '[[exercise]]\nname = "rdl"\nreps = "five"',
        '[[exercise]]\nname = "rdl"\nweight = 5',
        '[[exercise]]\nname = "rdl"\nsets = 2\nload_kg = [60]',
        '[[exercise]]\nname = "rdl"\nload_kg = -1',
    ],
)
def test_a_plan_that_cannot_be_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError):
        read_plan(path)


def test_sets_are_matched_in_their_order_and_what_was_left_out_is_known() -> None:
    assert matched([("deadlift", 3), ("rdl", 4), ("swing", 8)], PLAN) == [0, 1, 3]
    assert matched([("squat", 5), ("swing", 8)], PLAN) == [-1, 3]
    assert matched([], PLAN) == []
    assert matched([("rdl", 4)], ()) == [-1]


def test_the_plan_names_what_cannot_be_told_and_nothing_else() -> None:
    sets = tuple(FoundSet((lift(0),) * count, name, "seen") for name, count in (("deadlift", 3), ("rdl", 4)))
    found = with_names(Found(sets, "rdl", "seen"), PLAN)
    assert [one.exercise for one in found.sets] == ["deadlift", "good_morning"]
    plain = with_names(Found(sets, "rdl", "seen"), (PlannedSet("squat", 3), PlannedSet("squat", 4)))
    assert [one.exercise for one in plain.sets] == ["deadlift", "rdl"]


def test_a_doubtful_set_counts_where_the_plan_has_it_and_nothing_plainer_is_it() -> None:
    plain, doubtful = FoundSet((lift(0),) * 3, "deadlift", "seen"), FoundSet((lift(900), lift(1200)), "squat", "seen")
    stray = FoundSet((lift(2000),), "drill", "a single bend")
    found = Found((plain,), "deadlift", "seen", doubtful=(doubtful, stray))
    names = [one.exercise for one in with_names(found, (PlannedSet("deadlift", 3), PlannedSet("squat", 2))).sets]
    assert names == ["deadlift", "squat"]
    for other in ((), (PlannedSet("deadlift", 3), PlannedSet("squat", 5)), (PlannedSet("rdl", 1),)):
        assert with_names(found, other).sets == (plain,)


def test_a_session_is_held_against_the_plan_beside_it(tmp_path: Path) -> None:
    shutil.copytree(SESSION, tmp_path / "session")
    (tmp_path / "session" / "plan.toml").write_text(plan_text(PLAN), encoding="utf-8")
    result = ih.analyze(ih.read(tmp_path / "session"))
    assert result.set_list[0].load_kg == 140.0
    assert result.set_list[2].exercise == "good_morning"
    assert {rep.exercise for rep in result.reps_of(2)} == {"good_morning"}
    assert "3 of 4 planned sets were done." in result.against_plan
    assert any("Set 2 (deadlift) is not in the plan." in line for line in result.against_plan)
