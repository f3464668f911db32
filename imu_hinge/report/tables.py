"""Lay a result out as CSV files, as JSON and as a table for the terminal.

It does not compute an angle: every number comes from the `SetResult` and is only rounded here.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from imu_hinge import __version__
from imu_hinge import conventions as cv
from imu_hinge.report import wording as words
from imu_hinge.report.output_files import write_atomic
from imu_hinge.result import Rep, SetResult
from imu_hinge.text import csv_cell

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

_ANGLE_DECIMALS: Final = 3
"""A thousandth of a degree is far below every band."""
_TIME_DECIMALS: Final = 4
"""A tenth of a millisecond is far below every sample."""


def write_reps_csv(result: SetResult, path: str | Path) -> Path:
    """Write one row per rep, columns `conventions.REP_COLUMNS`; what cannot be told is empty.

    Angles have 3 decimals [deg], times 4 [s].

    Raises
    ------
    HingeError
        Where the file cannot be written.
    """
    return write_atomic(path, csv_bytes(result.reps))


def write_angles_csv(result: SetResult, path: str | Path) -> Path:
    """Write one row per sample, columns `conventions.ANGLE_COLUMNS`; what cannot be told is empty.

    Angles have 3 decimals [deg], times 4 [s].

    Raises
    ------
    HingeError
        Where the file cannot be written.
    """
    return write_atomic(path, csv_bytes(result.angles))


def decimals(column: str) -> int:
    """Return how many decimals a column of numbers is written with."""
    return _ANGLE_DECIMALS if column.endswith("_deg") else _TIME_DECIMALS


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Round the columns of floats and return the frame as UTF-8 CSV."""
    rounded = frame.copy()
    for column in frame.columns[frame.dtypes == np.float64]:
        rounded[column] = frame[column].round(decimals(column)) + 0.0  # + 0.0 turns -0.0 into 0.0
    for column in frame.select_dtypes(exclude="number").columns:
        rounded[column] = frame[column].map(lambda cell: csv_cell(cell) if isinstance(cell, str) else cell)
    return rounded.to_csv(index=False, lineterminator="\n").encode()


def flag_counts(result: SetResult) -> dict[str, int]:
    """Return how many samples carry each `conventions.Flag`, leaving out the flags nobody carries."""
    flags = result.posture.flags
    counts = {flag.name.lower(): int(np.count_nonzero(flags & flag.value)) for flag in cv.Flag if flag and flag.name}
    return {name: count for name, count in counts.items() if count}


def summary(result: SetResult) -> dict[str, Any]:
    """Return everything but the samples as plain values that JSON can hold; NaN becomes None.

    Returns
    -------
    dict
        ``software``, ``recording``, ``simulated``, ``live``, ``exercise``, ``evidence``, ``basis``, ``headline``,
        ``sets`` (rows of `conventions.SET_COLUMNS`, the verdicts as counts), ``reps`` (rows of
        `conventions.REP_COLUMNS` and the ``reason``), ``other`` (rows of `conventions.OTHER_COLUMNS`: what bends and is
        no rep), ``plan`` (what was done of it, in sentences), ``warnings``,
        ``alignment_quality``, ``athlete`` (``values``, ``assumed``, ``lumbar_limit_deg``) and ``samples`` (``count``,
        ``rate_hz``, ``flags``).
    """
    athlete = result.athlete
    keys = [key for key in athlete.__dataclass_fields__ if key not in ("name", "references")]
    values = {key: _plain(key, athlete.value(key)) for key in keys}
    return {
        "software": {"name": "imu_hinge", "version": __version__},
        "recording": result.recording_name,
        "simulated": result.is_simulated,
        "live": result.is_live,
        "exercise": result.exercise,
        "evidence": result.exercise_evidence,
        "basis": words.set_basis(result),
        "headline": words.headline(result),
        "sets": [
            {column: _plain(column, value) for column, value in row.items()} | {"verdicts": _counts(row["verdicts"])}
            for row in result.set_rows()
        ],
        "reps": [_row(lift) for lift in result.lifts],
        "other": [{name: _plain(name, getattr(o, name)) for name in cv.OTHER_COLUMNS} for o in result.other_bends],
        "plan": list(result.against_plan),
        "warnings": list(result.warnings),
        "alignment_quality": {key: _plain(key, value) for key, value in result.alignment_quality.items()},
        "athlete": {
            "name": athlete.name,
            "values": {key: value for key, value in values.items() if value is not None},
            "assumed": list(athlete.assumed),
            "lumbar_limit_deg": _plain("lumbar_limit_deg", math.degrees(athlete.limit_rad)),
        },
        "samples": {
            "count": len(result.posture),
            "rate_hz": _plain("rate_hz", result.posture.rate_hz),
            "flags": flag_counts(result),
        },
    }


def as_json(result: SetResult) -> str:
    """Return `summary` as JSON text, without NaN, ready for ``--json``."""
    return json.dumps(summary(result), indent=2, allow_nan=False)


def _counts(verdicts: str) -> dict[str, int]:
    """Return a set's verdicts, ``hip_hinge=4;undecided=1``, by label."""
    return {label: int(count) for label, count in (item.split("=") for item in verdicts.split(";") if item)}


def _row(lift: Rep) -> dict[str, Any]:
    """Return one rep under the names of the contract, with the reason of its verdict."""
    row = {column: _plain(column, value) for column, value in lift.as_row().items()}
    return {**row, "reason": lift.verdict.reason}


def _plain(column: str, value: Any) -> Any:
    """Return a value JSON can hold: floats rounded, None where not finite."""
    if isinstance(value, float | np.floating):
        return round(float(value), decimals(column)) + 0.0 if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def degrees_words(value_rad: float, sd_rad: float = math.nan) -> str:
    """Return an angle in whole degrees with its standard deviation, or a dash where it cannot be told."""
    if not math.isfinite(value_rad):
        return "–"
    band = f"±{math.degrees(sd_rad):.0f}" if math.isfinite(sd_rad) else ""
    return f"{math.degrees(value_rad):.0f}{band}°"


def peak_words(lift: Rep) -> str:
    """Return a rep's largest lumbar flexion: with its standard deviation, or its 95 % interval where it is lopsided."""
    if not lift.is_lopsided:
        return degrees_words(lift.lumbar_flexion_peak_rad, lift.lumbar_flexion_peak_sd_rad)
    low, high = (math.degrees(end) for end in (lift.lumbar_flexion_peak_low_rad, lift.lumbar_flexion_peak_high_rad))
    return f"{math.degrees(lift.lumbar_flexion_peak_rad):.0f} ({low:.0f} to {high:.0f})°"


def percent_words(share: float) -> str:
    """Return a share from 0 to 1 in percent, or a dash where it cannot be told."""
    return f"{100 * share:.0f}%" if math.isfinite(share) else "–"


def reps_table(result: SetResult) -> Table:
    """Return the reps as a rich table that reads well at 80 columns.

    Its title says SIMULATED where no person was measured. Reps are counted from one here and from zero in the files;
    time is since the recording's first instant here and the host's clock in the files.
    """
    from rich import box
    from rich.table import Table

    table = Table(title=words.title(result), box=box.SIMPLE_HEAD, padding=0, show_edge=False, title_style="bold")
    numbers: dict[str, Any] = {"justify": "right", "no_wrap": True}
    for name in ("rep", "start\ns", "lumbar\npeak±sd"):
        table.add_column(name, **numbers)
    table.add_column("known", width=8)
    for name in ("pelvis\npeak", "trunk\npeak", "share"):
        table.add_column(name, **numbers)
    table.add_column("verdict", width=9)
    table.add_column("sure", **numbers)
    table.add_column("findings", width=13)
    table.add_column("data", no_wrap=True)
    for lift in result.lifts:
        table.add_row(*_terminal_row(lift, words.start_of(result)))
    table.caption = _caption(result)
    return table


def _terminal_row(lift: Rep, from_s: float) -> tuple[str, ...]:
    """Return one rep as the words of its cells; time counts from ``from_s``."""
    return (
        str(lift.rep + 1),
        f"{lift.start_s - from_s:.1f}",
        peak_words(lift),
        words.lumbar_basis(lift.lumbar_flexion_peak_rad, lift.basis),
        degrees_words(lift.pelvis_tilt_peak_rad),
        degrees_words(lift.trunk_inclination_peak_rad),
        percent_words(lift.lumbar_share),
        words.verdict_words(lift),
        percent_words(lift.verdict.confidence),
        "\n".join(words.FINDING_SHORT.get(name, name) for name in lift.verdict.findings),
        lift.quality,
    )


def _caption(result: SetResult) -> str:
    """Return the line under the table: the limit that the verdicts used, or that there is nothing to show."""
    if not result.lifts:
        return "No rep was found."
    return f"Change from standing; {words.limit_words(result.athlete)}."
