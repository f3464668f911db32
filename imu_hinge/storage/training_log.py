"""Read the training log that people keep, as Hevy or Strong exports it, and keep it beside the recordings.

Columns are found by their names. It joins nothing with recordings: `history.join_log` does.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from imu_hinge.atomic_file import write_whole
from imu_hinge.errors import RecordingError, UnknownUnits
from imu_hinge.files import is_regular, parse_json, read_regular, reason
from imu_hinge.text import one_line, quoted

FILE_NAME: Final = "training_log.json"
"""What was read, in the folder of recordings."""

SCHEMA: Final = 1
"""Of that file."""

KG_PER_LB: Final = 0.45359237
"""By definition."""

HEAVIEST_KG: Final = 700.0
"""Nobody has lifted more from the floor: a larger number is a wrong unit or a wrong column."""

EXERCISES: Final = (
    (r"romanian|\brdl\b|stiff.?leg", "rdl"),
    (r"good.?morning", "good_morning"),
    (r"swing", "swing"),
    (r"deadlift", "deadlift"),
    (r"squat", "squat"),
)
"""What a log's name of an exercise holds, and what it is called here; the first that fits counts."""

_TIME_FORMS: Final = ("%d %b %Y, %H:%M", "%Y-%m-%d %H:%M:%S", "%b %d, %Y, %I:%M %p", "%Y-%m-%d")
"""Besides ISO 8601, which `datetime.fromisoformat` reads."""

_COLUMNS: Final = {
    "start": ("start_time", "date"),
    "exercise": ("exercise_title", "exercise name", "exercise"),
    "reps": ("reps",),
    "rpe": ("rpe",),
    "order": ("set_index", "set order"),
    "kind": ("set_type",),
}
"""Names of what is read, lower case, Hevy's, Strong's and FitNotes'."""


@dataclass(frozen=True, slots=True)
class LoggedSet:
    """Hold one set as a training log has it.

    Parameters
    ----------
    start
        Of the workout, ISO 8601: logs do not know when a set was.
    place
        Of the row in its workout, from 0: the order of the sets.
    exercise
        One of `conventions.EXERCISES`.
    name
        What the log calls it.
    reps
    load_kg
    rpe
        NaN where it is not noted.
    athlete
        Whose log it is.
    """

    start: str
    place: int
    exercise: str
    name: str
    reps: int
    load_kg: float
    rpe: float = math.nan
    athlete: str = ""


@dataclass(frozen=True, slots=True)
class ReadLog:
    """Hold what a log's file gave: sets, how many rows are of other exercises, and what is wrong with which line."""

    sets: tuple[LoggedSet, ...]
    others: int
    problems: tuple[str, ...]


def read_log(path: Path, *, unit: str | None = None) -> ReadLog:
    """Read an export of Hevy or Strong (CSV).

    Parameters
    ----------
    path
    unit
        ``kg`` or ``lb``, where the file does not say: Strong's does not.

    Raises
    ------
    RecordingError
        Where the file cannot be read or lacks a column.
    UnknownUnits
        Where nobody said the unit of the loads.
    """
    try:
        text = read_regular(path).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise RecordingError(f"{path} cannot be read: {reason(error)}. Export the log as CSV again.") from error
    head = text.split("\n", 1)[0]
    rows = csv.reader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    names = [name.strip().lower() for name in next(rows, [])]
    columns = {key: _column(names, wanted) for key, wanted in _COLUMNS.items()}
    load, factor = _load_column(path, names, unit)
    missing = [_COLUMNS[key][0] for key in ("start", "exercise", "reps") if columns[key] is None]
    if missing:
        raise RecordingError(f"{path} has no column {', '.join(missing)}. Export the log of Hevy or Strong as CSV.")
    sets: list[LoggedSet] = []
    problems: list[str] = []
    others, places = 0, dict[str, int]()
    for number, row in enumerate(rows, start=2):
        cells = {key: row[at].strip() if at is not None and at < len(row) else "" for key, at in columns.items()}
        if not any(row) or cells["order"].lower() in ("rest timer", "note"):
            continue
        exercise = exercise_of(cells["exercise"])
        if exercise is None:
            others += 1
            continue
        try:
            cells["load"] = row[load] if load < len(row) else ""
            start = iso_time(cells["start"])
            places[start] = places.get(start, -1) + 1
            sets.append(_logged(cells, exercise, start=start, place=places[start], factor=factor))
        except ValueError as error:
            problems.append(f"line {number}: {error}")
    return ReadLog(tuple(sets), others, tuple(problems))


def _column(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _load_column(path: Path, names: Sequence[str], unit: str | None) -> tuple[int, float]:
    """Return the column of the loads and what makes kg of them; the header's unit counts before what is told."""
    for at, name in enumerate(names):
        told = re.fullmatch(r"weight[ _]?\(?(kg|kgs|lb|lbs)?\)?", name)
        if told is None:
            continue
        said = told[1] or unit
        if said is None:
            raise UnknownUnits(f"{path} does not say the unit of {name!r}. Add --unit kg or --unit lb.")
        return at, 1.0 if said.startswith("kg") else KG_PER_LB
    raise RecordingError(f"{path} has no column of weights. Export the log of Hevy or Strong as CSV.")


def exercise_of(name: str) -> str | None:
    """Return what a log's exercise is called here; None where it is none of ours."""
    return next((ours for pattern, ours in EXERCISES if re.search(pattern, name, re.IGNORECASE)), None)


def iso_time(text: str) -> str:
    """Return a time as ISO 8601, to the second and without a zone: both clocks are the athlete's.

    Raises
    ------
    ValueError
        Where it is in no form that logs use.
    """
    for read in (datetime.fromisoformat, *(lambda t, form=form: datetime.strptime(t, form) for form in _TIME_FORMS)):
        try:
            return read(text).replace(tzinfo=None).isoformat(timespec="seconds")
        except ValueError:
            continue
    raise ValueError(f"the time {quoted(text)} is in no form that is known; write it as 2025-12-22 08:00:00")


def _logged(cells: Mapping[str, str], exercise: str, *, start: str, place: int, factor: float) -> LoggedSet:
    """Return one row as a set, or raise `ValueError` with what is wrong."""
    reps, load = _number(cells["reps"], "reps"), _number(cells["load"] or "nan", "weight") * factor
    if not 1 <= reps <= 1000 or reps != int(reps):
        raise ValueError(f"{quoted(cells['reps'])} is no number of reps")
    if load < 0.0 or load > HEAVIEST_KG:
        raise ValueError(f"{load:.0f} kg is no load")
    return LoggedSet(
        start, place, exercise, one_line(cells["exercise"]), int(reps), load, _number(cells["rpe"] or "nan", "rpe")
    )


def _number(text: str, what: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise ValueError(f"{what} is {quoted(text)}, no number") from None


def read_kept(root: Path) -> list[LoggedSet]:
    """Return what was imported into a folder of recordings, in the order of time; nothing where nothing was.

    Raises
    ------
    RecordingError
        Where the file is broken.
    """
    path = root / FILE_NAME
    if not is_regular(path):
        return []
    try:
        table = parse_json(read_regular(path).decode())
        return [_from_values(values) for values in table["sets"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordingError(f"{path} is broken: {reason(error)}. Delete it and import the log again.") from error


def _from_values(values: dict[str, Any]) -> LoggedSet:
    told: dict[str, Any] = {key: math.nan if value is None else value for key, value in values.items()}
    return LoggedSet(**told)


def keep(root: Path, sets: Sequence[LoggedSet], *, athlete: str = "") -> tuple[int, int]:
    """Add sets to what was imported before; one that is there already changes nothing.

    What the log says now of a workout and a place counts: people correct their logs.

    Parameters
    ----------
    root
        Folder of recordings.
    sets
    athlete
        Whose log it is.

    Returns
    -------
    new, changed
        How many of them.

    Raises
    ------
    RecordingError
        Where the file is broken or cannot be written.
    """
    sets = [replace(one, athlete=athlete) for one in sets]
    before = {(one.athlete, one.start, one.place): one for one in read_kept(root)}
    now = {(one.athlete, one.start, one.place): one for one in sets}
    new = [key for key in now if key not in before]
    changed = [key for key in now if key in before and _values(now[key]) != _values(before[key])]
    if new or changed:
        merged = sorted((before | now).values(), key=lambda one: (one.start, one.athlete, one.place))
        rows = ",\n".join(f"  {json.dumps(_values(one), ensure_ascii=False)}" for one in merged)
        head = f' "format": "imu_hinge training log",\n "schema_version": {SCHEMA},\n'
        try:
            write_whole(root / FILE_NAME, f'{{\n{head} "sets": [\n{rows}\n ]\n}}\n'.encode())
        except OSError as error:
            raise RecordingError(f"{root / FILE_NAME} cannot be written: {reason(error)}. Free some space.") from error
    return len(new), len(changed)


def _values(one: LoggedSet) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in asdict(one).items()}
