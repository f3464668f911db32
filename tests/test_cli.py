"""The commands do their job: what they print, what they write, and what they leave behind when stopped."""

from __future__ import annotations

import csv
import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import imu_hinge as ih
from imu_hinge import conventions as cv
from imu_hinge.cli import app
from imu_hinge.errors import OutputError

ROOT = Path(__file__).resolve().parents[1]


def invoke(*words: object, width: int = 200) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": str(width), "TERM": "dumb"})


def test_analyze_prints_a_table_and_writes_what_was_asked_for(hinge_folder: Path, tmp_path: Path) -> None:
    reps, angles, page = tmp_path / "reps.csv", tmp_path / "angles.csv", tmp_path / "set.html"
    done = invoke("analyze", hinge_folder, "--reps", reps, "--angles", angles, "--report", page)
    assert done.exit_code == 0
    assert "SIMULATED" in done.stdout
    assert done.stdout.count("hip hinge") >= 5
    with reps.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5
    assert list(rows[0])[: len(cv.REP_COLUMNS)] == list(cv.REP_COLUMNS)
    with angles.open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == list(cv.ANGLE_COLUMNS)
    text = page.read_text(encoding="utf-8")
    assert "<svg" in text
    assert "http://" not in text.replace("http://www.w3.org", "").replace("http://purl.org", "")
    assert {path.name for path in tmp_path.iterdir()} == {"reps.csv", "angles.csv", "set.html"}


def test_the_table_of_the_command_is_the_table_of_the_library(hinge_folder: Path, hinge_result: ih.SetResult) -> None:
    rows = json.loads(invoke("analyze", hinge_folder, "--json").stdout)["reps"]
    for row, (_, wanted) in zip(rows, hinge_result.reps.iterrows(), strict=True):
        assert row["verdict"] == wanted.verdict
        assert row["lumbar_flexion_peak_deg"] == pytest.approx(wanted.lumbar_flexion_peak_deg, abs=0.01)


def test_as_live_is_said_and_found(hinge_folder: Path) -> None:
    rows = json.loads(invoke("analyze", hinge_folder, "--as-live", "--exercise", "deadlift", "--json").stdout)["reps"]
    assert len(rows) == 5


def test_csv_files_with_their_placements_do_as_a_recording_does(csv_pair: list[str]) -> None:
    rows = json.loads(invoke("analyze", *csv_pair, "--height", "1.80", "--json").stdout)["reps"]
    assert [row["basis"] for row in rows] == ["measured"] * 5


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_plot_draws_by_the_ending_and_the_same_again(hinge_folder: Path, tmp_path: Path, ending: str) -> None:
    first, again = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    for path in (first, again):
        assert invoke("plot", hinge_folder, "--out", path).exit_code == 0
    assert first.read_bytes()[:4] == {"png": b"\x89PNG", "svg": b"<?xm", "pdf": b"%PDF"}[ending]
    if ending != "pdf":
        assert first.read_bytes() == again.read_bytes()


def test_simulate_then_analyze(tmp_path: Path) -> None:
    made = invoke("simulate", tmp_path / "set", "--exercise", "squat", "--placement", "sacrum", "--seed", "3")
    assert made.exit_code == 0
    assert (tmp_path / "set" / "truth.json").exists()
    truth = json.loads((tmp_path / "set" / "truth.json").read_text())
    rows = json.loads(invoke("analyze", tmp_path / "set", "--json").stdout)["reps"]
    assert len(rows) == len(truth["reps"])


def test_convert_there_and_back_gives_the_same_bits(hinge_folder: Path, tmp_path: Path) -> None:
    assert invoke("convert", hinge_folder, "--to", tmp_path / "plain", "--csv").exit_code == 0
    files = [f"{place}={tmp_path / 'plain' / place}.csv" for place in ("sacrum", "t12")]
    assert invoke("convert", *files, "--to", tmp_path / "again", "--exercise", "deadlift").exit_code == 0
    one, other = ih.read(hinge_folder), ih.read(tmp_path / "again")
    assert other.exercise == "deadlift"
    for place in one.placements:
        for name in ("time_s", "acc", "gyr"):
            assert getattr(one.sensors[place], name).tobytes() == getattr(other.sensors[place], name).tobytes()


def test_calibrate_writes_references_that_analyze_takes(hinge_folder: Path, tmp_path: Path) -> None:
    drill = ROOT / "recordings" / "simulated_calibration_drill_4_reps"
    athlete = tmp_path / "athlete.toml"
    done = invoke(
        *("calibrate", drill, "--to", athlete, "--height", "1.75"),
        *("--clean-hinge", "1", "--clean-hinge", "2", "--full-bow", "3", "--full-bow", "4"),
    )
    assert done.exit_code == 0, done.output
    said = re.findall(r"Rep (\d) at ([\d.]+) s", done.stdout)
    truth = json.loads((drill / "truth.json").read_text())["reps"]
    assert [int(number) for number, _ in said] == [1, 2, 3, 4]
    assert all(rep["start_s"] < float(at_s) < rep["end_s"] for (_, at_s), rep in zip(said, truth, strict=True))
    known = ih.read_athlete(athlete)
    assert known.height_m == 1.75
    assert known.lumbar_max_flexion_deg is not None
    again = invoke("calibrate", drill, "--to", athlete, "--clean-hinge", 1)
    assert "into what it held" in again.stdout
    assert ih.read_athlete(athlete).lumbar_max_flexion_deg == known.lumbar_max_flexion_deg
    assert ih.read_athlete(athlete).height_m == 1.75
    assert invoke("analyze", hinge_folder, "--athlete", athlete).exit_code == 0


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (("--clean-hinge", 3, "--full-bow", 1), "not what they are called|it is none"),
        (("--clean-hinge", 0), "1"),
        (("--clean-hinge", 5), "has 4"),
    ],
)
def test_calibrate_refuses_what_the_recording_contradicts(tmp_path: Path, told: tuple[object, ...], why: str) -> None:
    drill = ROOT / "recordings" / "simulated_calibration_drill_4_reps"
    done = invoke("calibrate", drill, "--to", tmp_path / "me.toml", *told)
    assert done.exit_code != 0
    assert re.search(why, str(done.exception) + done.output)
    assert not (tmp_path / "me.toml").exists()


def test_no_output_destroys_what_is_read_or_stands_there(hinge_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(hinge_folder, tmp_path / "set")
    for name in ("sacrum.csv", "t12.csv"):
        shutil.copy(folder / name, tmp_path)
    (tmp_path / "link.csv").symlink_to(tmp_path / "sacrum.csv")
    os.link(tmp_path / "sacrum.csv", tmp_path / "same.csv")
    (tmp_path / "taken.html").write_text("mine")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    source = (f"sacrum={tmp_path / 'sacrum.csv'}", f"t12={tmp_path / 't12.csv'}")
    refused = [
        ("analyze", *source, "--reps", tmp_path / "sacrum.csv"),
        ("analyze", *source, "--reps", tmp_path / "sacrum.csv", "--overwrite"),
        ("analyze", *source, "--angles", tmp_path / "link.csv", "--overwrite"),
        ("analyze", *source, "--angles", tmp_path / "same.csv", "--overwrite"),
        ("analyze", *source, "--reps", tmp_path / "a.csv", "--angles", tmp_path / "a.csv"),
        ("analyze", *source, "--report", tmp_path / "taken.html"),
        ("analyze", *source, "--report", tmp_path / "set.pdf"),
        ("analyze", *source, "--reps", tmp_path / "reps.xlsx"),
        ("analyze", *source, "--reps", tmp_path / "taken.html" / "reps.csv"),
        ("analyze", folder, "--report", folder / "report.html", "--overwrite"),
        ("plot", f"sacrum={folder / 'sacrum.csv'}", "--out", folder / "spine.png"),
        ("convert", folder, "--to", folder, "--overwrite"),
        ("convert", folder, "--to", folder / "inside", "--csv"),
        ("calibrate", folder, "--to", folder / "recording.json", "--clean-hinge", 1),
    ]
    for words in refused:
        done = invoke(*words)
        assert isinstance(done.exception, OutputError), (words, done.output)
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before, words
    assert invoke("analyze", *source, "--report", tmp_path / "taken.html", "--overwrite").exit_code == 0
    assert (tmp_path / "taken.html").read_text() != "mine"


def test_demo_leaves_a_picture_a_table_and_a_report(tmp_path: Path) -> None:
    assert invoke("demo", tmp_path / "out").exit_code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"spine.png", "reps.csv", "report.html"}


def test_version() -> None:
    assert invoke("version").stdout.strip() == ih.__version__


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_leaves_nothing_half_written(hinge_folder: Path, tmp_path: Path) -> None:
    """Stop the command while it works; whatever stands there then is whole."""
    program = Path(sys.executable).with_name("imu-hinge")
    words = ["analyze", hinge_folder, "--reps", tmp_path / "reps.csv", "--report", tmp_path / "set.html"]
    with subprocess.Popen([program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 150.0
        while not (tmp_path / "reps.csv").exists() and running.poll() is None and time.monotonic() < deadline:
            os.sched_yield()
        running.send_signal(signal.SIGINT)
        _, complaint = running.communicate(timeout=150.0)
    assert running.returncode in (0, 130)
    assert "Traceback" not in complaint
    assert len((tmp_path / "reps.csv").read_text().splitlines()) == 6
    left = {path.name for path in tmp_path.iterdir()}
    assert left <= {"reps.csv", "set.html"}, "a part file was left behind"
    if "set.html" in left:
        assert (tmp_path / "set.html").read_text().rstrip().endswith("</html>")


def test_the_notebook_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(ROOT / "notebooks")
    cells = runpy.run_path(str(ROOT / "notebooks" / "01_step_by_step.py"))
    assert len(cells["result"].lifts) == 5
    assert len(cells["lifts"]) == 5
