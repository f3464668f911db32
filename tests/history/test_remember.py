"""The library is what lies beside the recordings: it is found again when it is deleted, broken, or used by two."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from imu_hinge.cli import app
from imu_hinge.errors import OutputError, RecordingError
from imu_hinge.history import remember
from imu_hinge.history.remember import refreshed, remembered
from imu_hinge.past_set import PastSet, past_set_from_values, past_sets
from imu_hinge.result import SetResult
from imu_hinge.storage.library import ANALYSIS, FILE_NAME, key_of, read_analysis
from imu_hinge.storage.training_log import LoggedSet, keep

Maker = Callable[..., PastSet]
Folder = Callable[..., Path]


def same(first: list[PastSet], second: list[PastSet]) -> bool:
    return [one.as_values() for one in first] == [one.as_values() for one in second]


@pytest.fixture
def root(make_past: Maker, make_folder: Folder, tmp_path: Path) -> Path:
    sets = [make_past(day, load_kg=math.nan) for day in range(3)] + [make_past(7, athlete="Bo", exercise="rdl")]
    return make_folder(tmp_path / "lifts", *sets)


def test_a_set_is_remembered_as_it_was_found(hinge_result: SetResult) -> None:
    (one,) = past_sets(hinge_result, recording="a", placements="sacrum+t12")
    assert (one.reps, one.exercise, one.is_simulated) == (len(hinge_result.lifts), "deadlift", True)
    peaks = hinge_result.reps["lumbar_flexion_peak_deg"]
    assert one.peak_deg == pytest.approx(peaks.mean())
    assert one.most_deg == pytest.approx(peaks.max())
    assert one.peak_sd_deg >= hinge_result.reps["lumbar_flexion_peak_sd_deg"].mean()
    assert sum(one.verdicts.values()) == one.reps
    assert past_set_from_values(json.loads(json.dumps(one.as_values()))).as_values() == one.as_values()


def test_deleted_or_broken_it_is_made_again(root: Path) -> None:
    assert refreshed(root) == []
    before = remembered(root)
    assert [one.recording for one in before] == ["day00", "day01", "day02", "day07"]
    (root / FILE_NAME).unlink()
    refreshed(root)
    assert same(remembered(root), before)
    (root / FILE_NAME).write_bytes(b"no database" * 1000)
    refreshed(root)
    assert same(remembered(root), before)


def test_what_is_gone_is_forgotten_and_queries_choose(root: Path) -> None:
    refreshed(root)
    assert [one.athlete for one in remembered(root, exercise="rdl")] == ["Bo"]
    assert len(remembered(root, athlete="Ana")) == 3
    assert [one.recording for one in remembered(root, since="2026-01-03")] == ["day02", "day07"]
    for path in (root / "day00").iterdir():
        path.unlink()
    refreshed(root)
    assert len(remembered(root)) == 3


def test_only_what_is_new_or_changed_is_analysed(
    root: Path, hinge_folder: Path, hinge_result: SetResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remember, "analyze", lambda recording, name: hinge_result)
    refreshed(root)
    new = root / "new"
    new.mkdir()
    for path in hinge_folder.iterdir():
        (new / path.name).write_bytes(path.read_bytes())
    (new / "cues.json").write_text('{"cued_sets": [false]}', encoding="utf-8")
    told: list[str] = []
    assert refreshed(root, on_analysis=told.append) == []
    assert told == ["new"]
    found = read_analysis(new, key_of(new))
    assert found is not None
    assert [one.cued for one in found] == [False]
    refreshed(root, on_analysis=told.append)
    assert told == ["new"]
    (new / "edits.json").write_text('{"schema_version": 1, "edits": []}', encoding="utf-8")
    refreshed(root, on_analysis=told.append)
    assert told == ["new", "new"]


def test_a_recording_that_cannot_be_analysed_is_named_and_stops_nothing(root: Path) -> None:
    (root / "day01" / ANALYSIS).unlink()
    (problem,) = refreshed(root)
    assert problem.startswith("day01: ")
    assert len(remembered(root)) == 3


def test_two_programs_at_once_lose_nothing(make_past: Maker, make_folder: Folder, tmp_path: Path) -> None:
    root = make_folder(tmp_path / "lifts", *(make_past(0, recording=f"r{n:03d}") for n in range(60)))
    code = (
        "import sys; from pathlib import Path; from imu_hinge.storage.library import *\nroot = Path(sys.argv[1])\n"
        "for at in recording_folders(root):\n"
        "    with opened(root) as library: library.put_all([(at.name, '', read_analysis(at, key_of(at)))])\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(root)], stderr=subprocess.PIPE) for _ in range(2)]
    assert [(program.communicate()[1], program.returncode) for program in both] == [(b"", 0)] * 2
    assert len(remembered(root)) == 60


def test_no_folder_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"There is no folder .*nowhere. Name the folder"):
        refreshed(tmp_path / "nowhere")


def test_loads_of_the_log_stand_where_there_is_none(root: Path) -> None:
    refreshed(root)
    rows = [LoggedSet(f"2026-01-0{day}T18:05:00", 0, "deadlift", "Deadlift", 5, 60.0 + day) for day in (1, 2)]
    assert keep(root, rows, athlete="Ana") == (2, 0)
    sets = remembered(root, athlete="Ana")
    assert [(one.load_kg, one.load_from) for one in sets[:2]] == [(61.0, "log"), (62.0, "log")]
    assert math.isnan(sets[2].load_kg)


def test_the_commands_show_it(root: Path, tmp_path: Path) -> None:
    page, picture = tmp_path / "history.html", tmp_path / "history.svg"
    done = CliRunner().invoke(
        app, [*("history", str(root), "--exercise", "rdl"), "--report", str(page), "--out", str(picture)]
    )
    assert done.exit_code == 0, done.output
    assert "Technique against load needs 6 sets" in done.output
    html = page.read_text(encoding="utf-8")
    assert "Bo · Romanian deadlifts · sensors at sacrum and t12 · 1 set" in html
    assert "<script" not in html
    assert picture.read_bytes().startswith(b"<?xml")
    again = CliRunner().invoke(app, ["history", str(root), "--report", str(page)])
    assert isinstance(again.exception, OutputError)  # it is there
    told = CliRunner().invoke(app, ["history", str(root), "--athlete", "Bo", "--json"])
    assert [one["athlete"] for one in json.loads(told.output)] == ["Bo"]
    listed = json.loads(CliRunner().invoke(app, ["athletes", str(root), "--json"]).output)
    assert [(row["athlete"], row["sets"]) for row in listed] == [("Ana", "3"), ("Bo", "1")]
    assert CliRunner().invoke(app, ["history", str(root), "--since", "soon"]).exit_code == 2


def test_import_log_asks_whose_it_is(root: Path, tmp_path: Path) -> None:
    log = tmp_path / "strong.csv"
    log.write_text(
        "Date,Workout Name,Exercise Name,Set Order,Weight,Reps\n2026-01-02 18:00:00,A,Deadlift (Barbell),1,100,5\n",
        encoding="utf-8",
    )
    asked = CliRunner().invoke(app, ["import-log", str(log), str(root), "--unit", "kg"])
    assert asked.exit_code == 2
    done = CliRunner().invoke(app, ["import-log", str(log), str(root), "--unit", "kg", "--athlete", "Ana"])
    assert done.exit_code == 0, done.output
    assert "1 sets are new" in done.output
    assert "1 recorded sets have their load from the log" in done.output
    again = CliRunner().invoke(app, ["import-log", str(log), str(root), "--unit", "kg", "--athlete", "Ana"])
    assert "0 sets are new, 0 changed, 1 were known" in again.output


def test_history_values_are_kept_whole(make_past: Maker) -> None:
    one = make_past(load_kg=math.nan, cued=True)
    again = past_set_from_values(one.as_values())
    assert math.isnan(again.load_kg)
    assert again.as_values() == one.as_values()
    assert replace(again, load_kg=1.0).percent == 50.0


def test_earlier_sets_of_the_same_athlete_are_known_to_the_coach(root: Path, hinge_result: SetResult) -> None:
    refreshed(root)
    athlete = replace(hinge_result.athlete, name="Ana")
    later = replace(hinge_result, recorded="2026-01-03T18:00:00", athlete=athlete)
    assert [dict(one.verdicts) for one in remember.seen_before(root / "day02", later)] == [{"hip_hinge": 5}] * 2
    assert remember.seen_before(root / "day02", replace(later, recorded="")) == []
    assert remember.seen_before(root.parent / "elsewhere", later) == []
