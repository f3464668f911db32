"""The truth beside a recording: written, read back, and refused where it is broken."""

import json
from pathlib import Path

import numpy as np
import pytest

from imu_hinge.athlete import Athlete
from imu_hinge.errors import NewerSchema, RecordingError
from imu_hinge.simulate.session import random_set
from imu_hinge.simulate.truth import TrueRep, Truth, read_truth, true_verdict, write_truth


@pytest.fixture(scope="module")
def truth() -> Truth:
    return random_set(11, style="progressive_rounding", placements=("sacrum",)).truth


def test_reading_gives_back_what_was_written(truth: Truth, tmp_path: Path) -> None:
    write_truth(tmp_path / "truth.json", truth)
    again = read_truth(tmp_path / "truth.json")
    assert again.reps == truth.reps
    assert again.non_reps == truth.non_reps
    assert (again.exercise, again.style, again.height_m, again.bar_m) == (
        "deadlift",
        truth.style,
        truth.height_m,
        0.225,
    )
    assert again.time_s == pytest.approx(truth.time_s, abs=1e-4)
    assert again.angles_rad == pytest.approx(truth.angles_rad, abs=1e-5)
    assert again.shank_lean_rad == pytest.approx(truth.shank_lean_rad, abs=1e-5)
    assert again.thigh_lean_rad == pytest.approx(truth.thigh_lean_rad, abs=1e-5)
    assert again.s2_height_m == pytest.approx(truth.s2_height_m, abs=1e-4)
    assert again.bar_height_m == pytest.approx(truth.bar_height_m, abs=1e-4)


def test_fewer_rows_keep_the_reps(truth: Truth, tmp_path: Path) -> None:
    write_truth(tmp_path / "truth.json", truth, every=4)
    again = read_truth(tmp_path / "truth.json")
    assert again.reps == truth.reps
    assert len(again.time_s) == -(-len(truth.time_s) // 4)


def test_the_files_say_that_it_is_simulated(truth: Truth, tmp_path: Path) -> None:
    write_truth(tmp_path / "truth.json", truth)
    table = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert table["is_simulated"] is True
    assert "no person was measured" in table["note"]


def test_broken_newer_or_missing_truth_is_refused(truth: Truth, tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    with pytest.raises(RecordingError, match="no truth"):
        read_truth(path)
    write_truth(path, truth)
    table = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(table | {"schema": 99}), encoding="utf-8")
    with pytest.raises(NewerSchema, match="99"):
        read_truth(path)
    path.write_text(json.dumps(table)[:-20], encoding="utf-8")
    with pytest.raises(RecordingError, match="Simulate the set again"):
        read_truth(path)
    write_truth(path, truth)
    (tmp_path / "truth.csv").write_text("time_s,other\n0,1\n", encoding="utf-8")
    with pytest.raises(RecordingError, match="other columns"):
        read_truth(path)


def rep_with(*, lumbar_deg: float, knee_deg: float) -> TrueRep:
    lumbar, knee = np.radians([lumbar_deg, knee_deg])
    return TrueRep(0, 0.0, 1.0, 2.0, "deadlift", "good_hinge", lumbar, lumbar, 1.8, knee, knee, 0.8, 1.2)


@pytest.mark.parametrize(
    ("lumbar_deg", "knee_deg", "expected"),
    [(20, 75, "hip_hinge"), (45, 75, "lumbar_flexion"), (20, 105, "squat"), (45, 105, "lumbar_flexion")],
)
def test_the_verdict_follows_the_athletes_limits(lumbar_deg: float, knee_deg: float, expected: str) -> None:
    assert true_verdict(rep_with(lumbar_deg=lumbar_deg, knee_deg=knee_deg), Athlete()) == expected


def test_own_limits_count() -> None:
    rep = rep_with(lumbar_deg=30, knee_deg=80)
    assert true_verdict(rep, Athlete(lumbar_limit_deg=25.0)) == "lumbar_flexion"
    assert true_verdict(rep, Athlete(knee_limit_deg=70.0)) == "squat"
