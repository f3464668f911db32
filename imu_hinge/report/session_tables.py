"""Lay a session out: the overview of its sets, a heading for each, and what the terminal shows in which order.

It does not lay out reps (`tables` does) and computes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from imu_hinge.errors import RecordingError
from imu_hinge.report import wording as words
from imu_hinge.report.output_files import write_atomic
from imu_hinge.report.tables import csv_bytes, degrees_words, reps_table
from imu_hinge.result import SetResult

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table


def chosen_set(result: SetResult, number: int | None) -> SetResult:
    """Return one set of a session, counted from one as people do; the whole session where no number is given.

    Raises
    ------
    RecordingError
        Where the session has no such set.
    """
    if number is None:
        return result
    count = len(result.set_list)
    if not 1 <= number <= count:
        there = f"sets 1 to {count} were found" if count else "no set was found"
        raise RecordingError(f"There is no set {number}: {there}. Look at imu-hinge analyze without --set.")
    return result.of_set(number - 1)


def rest_words(seconds: float) -> str:
    """Return a time of rest as ``2:05``, or a dash where there was none."""
    return f"{seconds // 60:.0f}:{seconds % 60:02.0f}" if math.isfinite(seconds) else "–"


def set_heading(result: SetResult, number: int) -> str:
    """Return one line over a set's table: which, what, when, its load, and whether a person changed it.

    ``number`` is that in the result, from 0; the line says the one in the session, from 1.
    """
    row = result.set_rows()[number]
    parts = [
        f"Set {row['set'] + 1}: {words.number_of(row['reps'], *words.EXERCISE_WORDS[row['exercise']])}",
        f"from {row['start_s'] - words.start_of(result):.1f} s",
    ]
    parts += [f"{row['load_kg']:g} kg"] if math.isfinite(row["load_kg"]) else []
    parts += [f"RPE {row['rpe']:g}"] if math.isfinite(row["rpe"]) else []
    parts += [f"after {rest_words(row['rest_before_s'])} min of rest"] if math.isfinite(row["rest_before_s"]) else []
    parts += [row["note"]] if row["note"] else []
    parts += ["edited"] if row["edited"] else []
    return " · ".join(parts)


def sets_table(result: SetResult) -> Table:
    """Return the sets of a session as a rich table, one row each; they are counted from one here."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False, title=session_title(result), title_style="bold")
    numbers: dict[str, Any] = {"justify": "right", "no_wrap": True}
    table.add_column("set", **numbers)
    table.add_column("exercise")
    for name in ("reps", "start\ns", "rest\nmin", "load\nkg", "lumbar\npeak±sd"):
        table.add_column(name, **numbers)
    table.add_column("lumbar\nis")
    table.add_column("verdicts")
    table.add_column("")
    for row in result.set_rows():
        peak, sd = (math.radians(row[f"lumbar_flexion_peak_{name}"]) for name in ("deg", "sd_deg"))
        table.add_row(
            str(row["set"] + 1),
            words.exercise_words(row["exercise"]),
            str(row["reps"]),
            f"{row['start_s'] - words.start_of(result):.1f}",
            rest_words(row["rest_before_s"]),
            f"{row['load_kg']:g}" if math.isfinite(row["load_kg"]) else "–",
            degrees_words(peak, sd),
            words.lumbar_basis(peak, row["basis"]),
            verdict_words(row["verdicts"]),
            "edited" if row["edited"] else "",
        )
    return table


def session_title(result: SetResult) -> str:
    """Return how many sets and reps there were; SIMULATED comes first where it is."""
    parts = [
        "Session",
        words.number_of(len(result.set_list), "set", "sets"),
        words.number_of(len(result.lifts), "rep", "reps"),
    ]
    return " · ".join((["SIMULATED"] if result.is_simulated else []) + parts)


def verdict_words(counts: str) -> str:
    """Return a set's verdicts, ``hip_hinge=4;undecided=1``, as people read them."""
    pairs = (item.split("=") for item in counts.split(";") if item)
    return ", ".join(f"{count} {words.VERDICT_WORDS.get(label, label)}" for label, count in pairs)


def terminal_parts(result: SetResult, *, width: int = 80) -> Iterator[Table | str]:
    """Yield what the terminal shows: the table of one set, or the overview and then every set under its heading.

    Parameters
    ----------
    result
    width
        Of a line [characters].
    """
    if len(result.set_list) < 2:
        said = [one.load_kg for one in result.set_list if math.isfinite(one.load_kg)]
        is_part = bool(result.lifts) and math.isfinite(result.from_s)  # one set of a session
        if is_part or said not in ([], [result.load_kg]) or any(o.is_edited or o.note for o in result.set_list):
            yield set_heading(result, 0)
        yield reps_table(result, width=width)
        return
    yield sets_table(result)
    for number in range(len(result.set_list)):
        yield ""
        yield set_heading(result, number)
        table = reps_table(result.of_set(number), width=width)
        table.title = None
        if number < len(result.set_list) - 1:
            table.caption = None  # what headings mean is said once, at the end
        yield table


def write_sets_csv(result: SetResult, path: str | Path) -> Path:
    """Write one row per set, columns `conventions.SET_COLUMNS`; what cannot be told is empty.

    Raises
    ------
    HingeError
        Where the file cannot be written.
    """
    return write_atomic(path, csv_bytes(result.sets))
