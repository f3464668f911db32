"""Check that the tables hold the result's own numbers, under the contract's names, and are written whole."""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from imu_hinge import conventions as cv
from imu_hinge.errors import HingeError
from imu_hinge.report import tables, wording
from imu_hinge.report.html import page
from imu_hinge.report.output_files import write_atomic
from imu_hinge.result import Rep, SetResult

Maker = Callable[..., SetResult]


def printed(result: SetResult, width: int = 80) -> str:
    from rich.console import Console

    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(tables.reps_table(result, width=width))
    return stream.getvalue()


def test_reps_csv_has_the_contracts_columns_and_the_results_numbers(make_set: Maker, tmp_path: Path) -> None:
    result = make_set(5)
    path = tables.write_reps_csv(result, tmp_path / "reps.csv")
    assert path.read_text(encoding="utf-8").splitlines()[0] == ",".join(cv.REP_COLUMNS)
    table = pd.read_csv(path)
    wanted = [math.degrees(lift.lumbar_flexion_peak_rad) for lift in result.lifts]
    np.testing.assert_allclose(table["lumbar_flexion_peak_deg"], wanted, atol=5e-4)
    np.testing.assert_allclose(table["turn_s"], [lift.turn_s for lift in result.lifts], atol=5e-5)
    assert table["rep"].tolist() == [0, 1, 2, 3, 4]
    assert table["findings"].tolist()[-1] == "flexion_at_setup;flexion_growing"
    assert table["knee_flexion_peak_deg"].isna().all()


def test_angles_csv_has_the_contracts_columns_and_the_results_numbers(make_set: Maker, tmp_path: Path) -> None:
    result = make_set(2, seen="pelvis")
    path = tables.write_angles_csv(result, tmp_path / "angles.csv")
    assert path.read_text(encoding="utf-8").splitlines()[0] == ",".join(cv.ANGLE_COLUMNS)
    table = pd.read_csv(path)
    assert len(table) == len(result.posture)
    np.testing.assert_allclose(table["time_s"], result.posture.time_s, atol=5e-5)
    np.testing.assert_allclose(
        table["pelvis_tilt_deg"], np.degrees(result.posture.angle_rad(cv.PELVIS_TILT)), atol=5e-4
    )
    assert table["lumbar_flexion_deg"].isna().all()
    assert table["lumbar_flexion_sd_deg"].isna().all()
    assert set(table["phase"]) == {"rest", "ascent", "top", "descent"}
    assert table["rep"].min() == -1


def test_floats_are_written_with_few_digits_and_no_minus_zero(make_set: Maker, tmp_path: Path) -> None:
    result = make_set(1)
    angles = result.posture.angles_rad.copy()
    angles[0] = -1e-9
    posture = replace(result.posture, angles_rad=angles)
    lines = tables.write_angles_csv(replace(result, posture=posture), tmp_path / "a.csv").read_text().splitlines()
    cells = lines[1].split(",")
    assert cells[1] == "0.0"
    assert all(len(cell.partition(".")[2]) <= 4 for line in lines[1:] for cell in line.split(","))


def test_no_reps_is_a_valid_table(make_set: Maker, tmp_path: Path) -> None:
    text = tables.write_reps_csv(make_set(0), tmp_path / "reps.csv").read_text()
    assert text == ",".join(cv.REP_COLUMNS) + "\n"
    assert "No rep was found" in printed(make_set(0))


def test_json_is_valid_and_writes_null_for_what_cannot_be_told(make_set: Maker) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    text = tables.as_json(make_set(3, seen="pelvis"))
    table = json.loads(text, parse_constant=refuse)
    assert table["basis"] == "cannot tell"
    assert table["simulated"] is True
    assert [row["rep"] for row in table["reps"]] == [0, 1, 2]
    assert set(cv.REP_COLUMNS) <= set(table["reps"][0])
    assert table["reps"][0]["lumbar_flexion_peak_deg"] is None
    assert table["reps"][0]["pelvis_tilt_peak_deg"] == 55.0


def test_json_says_what_was_assumed_and_how_good_the_data_are(make_set: Maker, make_trouble: Maker) -> None:
    result = make_trouble(make_set(4))
    table = json.loads(tables.as_json(result))
    assert table["athlete"]["lumbar_limit_deg"] == pytest.approx(38.5)
    assert "lumbar_max_flexion_deg" in table["athlete"]["assumed"]
    assert "height_m" not in table["athlete"]["assumed"]
    assert table["alignment_quality"] == {"sacrum": 0.97, "t12": 0.81}
    assert table["warnings"] == list(result.warnings)
    assert table["samples"]["flags"] == {"gap": 140, "clipped": 5, "slipped": 150}
    assert table["evidence"] == result.exercise_evidence
    assert table["software"]["name"] == "imu_hinge"


@pytest.mark.parametrize("seen", ["both", "inferred", "pelvis", "nothing"])
def test_terminal_table_fits_80_columns_and_cuts_no_word(make_set: Maker, seen: str) -> None:
    text = printed(make_set(12, seen=seen))
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "SIMULATED" in text.splitlines()[0]


def test_terminal_table_tells_basis_in_words(make_set: Maker) -> None:
    assert "26±2°" in printed(make_set(3))
    assert "lumbar flexion measured" in printed(make_set(3))
    assert "lumbar flexion inferred" in printed(make_set(3, seen="inferred"))
    mixed = make_set(3)
    lifts = (replace(mixed.lifts[0], basis="inferred"), *mixed.lifts[1:])
    assert "26±2° inferred" in printed(replace(mixed, lifts=lifts))
    assert "26" not in printed(make_set(3, seen="pelvis"))
    assert "cannot" in printed(make_set(3, seen="pelvis"))
    assert "SIMULATED" not in printed(replace(make_set(3), is_simulated=False))


def test_terminal_table_leaves_columns_out_at_60_columns_and_squeezes_none(make_set: Maker) -> None:
    text = printed(make_set(12), 60)
    assert max(len(line) for line in text.splitlines()) <= 60
    assert "…" not in text
    assert "▲ lumbar" in text
    assert "lumbar share" not in text.lower()
    assert "lumbar share" in printed(make_set(12)).lower()


def test_terminal_table_says_why_in_a_word_and_what_headings_mean(make_set: Maker) -> None:
    result = make_set(3)
    lifts = (
        result.lifts[0],
        *(with_verdict(lift, "undecided", why) for lift, why in zip(result.lifts[1:], WHY, strict=True)),
    )
    text = printed(replace(result, lifts=lifts))
    assert "68% of limit" in text  # 26 of 38.5 degrees
    for word in ("error band", "knees", *wording.SURE_WORDS.split(":")[:1], "the default limit 38.5°"):
        assert word in text


WHY = ("lumbar flexion peaks at 104 % of the limit, within its error band", "the knees bend to about their limit; ...")


def with_verdict(lift: Rep, label: str, reason: str) -> Rep:
    return replace(lift, verdict=replace(lift.verdict, label=label, reason=reason))


def test_who_when_and_what_was_on_the_bar_is_told(make_set: Maker) -> None:
    result = replace(make_set(2), load_kg=102.5, note="with a belt", recorded="2026-11-27T18:03", is_simulated=False)
    assert "Nobody · 2026-11-27 18:03 · 102.5 kg · with a belt" in printed(result)
    table = json.loads(tables.as_json(result))
    assert (table["load_kg"], table["note"], table["recorded"]) == (102.5, "with a belt", "2026-11-27T18:03")
    assert "Nobody · 2026-11-27 18:03 · 102.5 kg · with a belt" in page.page(result)


def test_a_stopped_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "reps.csv"
    write_atomic(path, b"old")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(make_set: Maker, tmp_path: Path) -> None:
    with pytest.raises(HingeError, match=r"reps\.csv could not be written .* Choose a folder"):
        tables.write_reps_csv(make_set(1), tmp_path / "nowhere" / "reps.csv")
