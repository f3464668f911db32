"""What somebody meets on the first day: help, names that are wrong, a sensor on the thigh, one call in a notebook."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import imu_hinge as ih
from imu_hinge import conventions as cv
from imu_hinge.analysis.calibration import Taken, recognised
from imu_hinge.cli import app
from imu_hinge.errors import BadSamples, CalibrationError, HingeError, NotOnTheTrunk, OutputError, SettingsError
from imu_hinge.settings import read_settings
from imu_hinge.settings_file import settings_text
from imu_hinge.simulate.session import random_set
from imu_hinge.simulate.styles import STYLES

ROOT = Path(__file__).resolve().parents[1]
DRILL = ROOT / "recordings" / "simulated_calibration_drill_4_reps"


def invoke(*words: object, width: int = 100) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": str(width), "TERM": "dumb"})


# a sensor on the thigh --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("exercise", "style"), [("deadlift", "squatty"), ("squat", "squat_parallel")])
@pytest.mark.parametrize("as_live", [False, True])
def test_a_thigh_sensor_tells_hip_and_knee(exercise: str, style: str, as_live: bool) -> None:
    made = random_set(7001, exercise=exercise, style=style, placements=["sacrum", "thigh"])
    result = ih.analyze(made.recording, as_live=as_live)
    inside = result.rep_index >= 0
    assert len(result.lifts) == len(made.truth.reps)
    for index in (cv.HIP_FLEXION, cv.KNEE_FLEXION):
        truth = np.interp(result.posture.time_s, made.truth.time_s, made.truth.angles_rad[:, index])
        off = np.degrees(result.posture.angle_rad(index) - truth)[inside]
        assert np.sqrt(np.nanmean(off**2)) < 8.0
        sd = np.degrees(result.posture.sd_rad[inside, index])
        assert np.nanmean(np.abs(off) < 1.96 * sd) > 0.85


def test_a_thigh_sensor_alone_is_refused() -> None:
    made = random_set(7001, exercise="squat", placements=["thigh"])
    for as_live in (False, True):
        with pytest.raises(NotOnTheTrunk, match=r"thigh alone .* Wear another one on the sacrum"):
            ih.analyze(made.recording, as_live=as_live)


# one call ---------------------------------------------------------------------------------------------------------


def test_what_is_read_can_be_analysed_at_once(hinge_folder: Path, hinge_result: ih.SetResult) -> None:
    for source in (hinge_folder, str(hinge_folder)):
        result = ih.analyze(source)
        pd.testing.assert_frame_equal(result.reps, hinge_result.reps)
        assert result.recording_name == hinge_folder.name
    placed = ih.analyze([f"{p}={hinge_folder / p}.csv" for p in ("sacrum", "t12")], exercise="deadlift")
    assert len(placed.lifts) == len(hinge_result.lifts)


def test_tables_are_samples(hinge_folder: Path) -> None:
    tables = {p: pd.read_csv(hinge_folder / f"{p}.csv") for p in ("sacrum", "t12")}
    recording, read = ih.Recording(tables), ih.read(hinge_folder)
    for placement in ("sacrum", "t12"):
        for name in ("time_s", "acc", "gyr"):
            np.testing.assert_array_equal(
                getattr(recording.sensors[placement], name), getattr(read.sensors[placement], name)
            )
    with pytest.raises(BadSamples, match=r"sacrum has no gyr_z\. Give ih\.Samples"):
        ih.Recording({"sacrum": tables["sacrum"].drop(columns="gyr_z")})
    with pytest.raises(BadSamples, match="sacrum is a dict"):
        ih.Recording({"sacrum": {"acc": 1}})  # type: ignore[dict-item]


def test_a_result_shows_and_writes_itself(hinge_result: ih.SetResult, tmp_path: Path) -> None:
    shown = hinge_result._repr_html_()
    assert "SIMULATED" in shown
    assert shown.count("<tr") == len(hinge_result.lifts) + 1
    assert "hip_hinge" in shown
    assert ih.report(hinge_result, tmp_path / "set.html") == tmp_path / "set.html"

    assert callable(ih.report)
    assert len(ih.plot_set(hinge_result).axes) == 4


def test_tables_hold_plain_strings_for_whoever_takes_them(hinge_result: ih.SetResult) -> None:
    for name in ("exercise", "basis", "verdict", "findings", "quality"):
        assert all(type(value) is str for value in hinge_result.reps[name])
    pl = pytest.importorskip("polars", reason="polars is not installed here")
    assert pl.from_pandas(hinge_result.reps).height == len(hinge_result.lifts)


# calibration ------------------------------------------------------------------------------------------------------


def bend(lumbar_deg: float, sd_deg: float = 2.0) -> Taken:
    return Taken(False, 0, 1.0, np.radians(lumbar_deg), np.radians(sd_deg))


def test_hinges_and_bows_are_told_by_the_largest_step() -> None:
    assert recognised([bend(8), bend(11), bend(45)]) == 2
    assert recognised([bend(8), bend(11), bend(45), bend(43)]) == 2
    assert recognised([bend(8), bend(45)]) == 1
    assert recognised([bend(20, 15), bend(24, 15), bend(22, 15)]) == 2  # one sensor: taken as it was asked for
    for bends in ([], [bend(45), bend(8)], [bend(8), bend(9), bend(10)], [bend(20, 15)] * 5):
        with pytest.raises(CalibrationError, match=r"not recognised.*Record them anew"):
            recognised(bends)


def test_guided_calibration_finds_the_sequence_by_itself(tmp_path: Path) -> None:
    done = invoke("calibrate", DRILL, "--to", tmp_path / "guided.toml", "--guided")
    numbers = ("--clean-hinge", 1, "--clean-hinge", 2, "--full-bow", 3, "--full-bow", 4)
    assert invoke("calibrate", DRILL, "--to", tmp_path / "told.toml", *numbers).exit_code == 0
    assert re.findall(r"Rep (\d) .*?, (clean hinge|full bow)", done.output) == [
        ("1", "clean hinge"),
        ("2", "clean hinge"),
        ("3", "full bow"),
        ("4", "full bow"),
    ]
    assert ih.read_athlete(tmp_path / "guided.toml") == ih.read_athlete(tmp_path / "told.toml")


def test_calibrate_wants_one_way_and_says_how_to_do_both() -> None:
    assert invoke("calibrate", DRILL, "--to", "x.toml").exit_code == 2
    assert invoke("calibrate", DRILL, "--to", "x.toml", "--guided", "--full-bow", 3).exit_code == 2
    shown = invoke("calibrate", "--help").output
    for word in ("stand for 3 s", "dowel", "full bow", "hinge 2", "--guided"):
        assert word in shown


# commands ---------------------------------------------------------------------------------------------------------


def test_simulate_lists_its_styles_and_refuses_what_does_not_belong_together(tmp_path: Path) -> None:
    shown = invoke("simulate", "--list", width=300).output
    for name, style in STYLES.items():
        assert re.search(rf"^{style.exercise}: .*\b{name}\b", shown, flags=re.MULTILINE)
    for words, why in (
        (("--style", "nope"), "no style 'nope'. Use one of good_hinge"),
        (("--exercise", "bench"), "No exercise 'bench'"),
        (("--style", "squatty", "--exercise", "swing"), "squatty is a style of deadlift, not of swing"),
    ):
        done = invoke("simulate", tmp_path / "set", *words)
        assert isinstance(done.exception, SettingsError)
        assert why in str(done.exception)
    assert not (tmp_path / "set").exists()
    assert invoke("simulate").exit_code == 2


def test_demo_refuses_a_place_it_cannot_write_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    done = invoke("demo", tmp_path / "file")
    assert isinstance(done.exception, OutputError)
    assert "is no folder" in str(done.exception)


def test_convert_lists_what_it_reads() -> None:
    shown = invoke("convert", "--list", width=300).output
    for name in ("plain CSV", "phyphox", "Sensor Logger", "Xsens DOT", "WitMotion", "MetaBase", "Movesense"):
        assert f"{name}: " in shown
        assert name == "plain CSV" or name in invoke("convert", "--help", width=300).output
    assert invoke("convert").exit_code == 2


def test_the_settings_file_is_what_is_read_and_explains_every_key(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(invoke("settings").stdout)
    assert read_settings(path) == ih.Settings()
    own = ih.Settings(rate_hz=200.0)
    path.write_text(settings_text(own))
    assert read_settings(path) == own
    assert invoke("settings", path).stdout == settings_text(own)
    lines = settings_text(own).splitlines()
    explained = [before for before, line in pairwise(lines) if re.match(r"\w+ =", line)]
    assert sum(before.startswith("#") for before in explained) > 0.9 * len(explained)
    assert tomllib.loads(settings_text(own))["verdict"]["decide_above"] == 0.8


def test_the_program_says_its_version_and_helps() -> None:
    assert invoke("--version").stdout.strip() == ih.__version__
    assert invoke("-h").exit_code == invoke("analyze", "-h").exit_code == 0


def test_a_height_in_centimetres_is_asked_about() -> None:
    done = invoke("analyze", DRILL, "--height", 178)
    assert done.exit_code == 2
    assert "Were centimetres meant? Then: 1.78" in re.sub(r"[\s│]+", " ", done.output)


def test_repair_says_what_was_lost(hinge_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(hinge_folder, tmp_path / "set")
    rows = (folder / "t12.csv").read_text().splitlines(keepends=True)
    (folder / "t12.csv").write_text("".join(rows[:-300]))
    with pytest.raises(HingeError, match="--repair"):
        ih.read(folder)
    written = json.loads((folder / "recording.json").read_text())["sensors"][1]["n_samples"]
    done = invoke("analyze", folder, "--repair", width=300)
    assert f"! t12.csv is not whole: {written - 300} rows of the {written} that were written" in done.stdout
