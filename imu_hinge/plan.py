"""Read what somebody means to lift: the plan of a session, set by set.

It is a prior and no order: `analysis.planned` holds it against what was seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from imu_hinge.conventions import EXERCISES
from imu_hinge.errors import SettingsError
from imu_hinge.files import parse_toml, read_regular, reason
from imu_hinge.text import quoted

MOST_SETS: Final = 200
"""Nobody plans more for a day; a file that does is a mistake."""


@dataclass(frozen=True, slots=True)
class PlannedSet:
    """Hold one set as it is meant to be; NaN and 0 are: not said."""

    exercise: str
    reps: int = 0
    load_kg: float = math.nan


Plan = tuple[PlannedSet, ...]
"""The sets in the order in which they are meant to be done."""


def read_plan(path: str | Path, *, follow: bool = True) -> Plan:
    """Read a plan from a TOML file.

    Every ``[[exercise]]`` has a ``name`` and, where known, ``sets`` (1), ``reps`` and ``load_kg``; ``load_kg`` may be a
    list with one load for each set.

    Parameters
    ----------
    path
    follow
        Whether a link may stand in for the file: where a person named it, not where it lies in a recording.

    Raises
    ------
    SettingsError
        With the key, its value and what to write instead.
    """
    try:
        return plan_from_bytes(read_regular(Path(path), follow=follow), where=str(path))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} is not a readable plan: {reason(error)}. Give a TOML file.") from error


def plan_from_bytes(content: bytes, *, where: str) -> Plan:
    """Return the plan that a TOML file holds; errors as `read_plan`, naming the file ``where``."""
    table = parse_toml(content)
    entries = table.get("exercise")
    if set(table) != {"exercise"} or not isinstance(entries, list) or not entries:
        raise SettingsError(f'{where} is no plan. Write [[exercise]] and below it name = "deadlift", sets, reps.')
    plan = tuple(one for entry in entries for one in _sets_of(entry, where))
    if len(plan) > MOST_SETS:
        raise SettingsError(f"{where} plans {len(plan)} sets. Plan at most {MOST_SETS}.")
    return plan


def _sets_of(entry: Any, where: str) -> list[PlannedSet]:
    """Return the sets of one exercise of the plan."""
    unknown = set(entry) - {"name", "sets", "reps", "load_kg"} if isinstance(entry, Mapping) else {"exercise"}
    if unknown:
        raise SettingsError(f"{where}: unknown key {quoted(min(unknown))}. Use name, sets, reps and load_kg.")
    if entry.get("name") not in EXERCISES:
        raise SettingsError(f"{where}: name = {quoted(entry.get('name'))}. Use one of {', '.join(EXERCISES)}.")
    count, reps = (_whole(entry.get(key, other), key, where) for key, other in (("sets", 1), ("reps", 0)))
    loads = entry.get("load_kg", math.nan)
    loads = loads if isinstance(loads, list) else [loads] * count
    if len(loads) != count:
        raise SettingsError(f"{where}: {len(loads)} loads for {count} sets of {entry['name']}. Give one for each set.")
    return [PlannedSet(entry["name"], reps, _load(load, where)) for load in loads]


def _whole(value: Any, key: str, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not (key == "reps" or value > 0) or value < 0:
        raise SettingsError(f"{where}: {key} = {quoted(value)} cannot be. Give a whole number, such as 5.")
    if value > MOST_SETS:
        raise SettingsError(f"{where}: {key} = {value} cannot be. Give at most {MOST_SETS}.")
    return value


def _load(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0.0 or math.isinf(value):
        raise SettingsError(f"{where}: load_kg = {quoted(value)} cannot be. Give kilograms, such as 100.")
    return float(value)


def plan_text(plan: Plan) -> str:
    """Return a plan as the text of a TOML file, which `read_plan` gives back."""
    lines = []
    for one in plan:
        lines += ["[[exercise]]", f'name = "{one.exercise}"']
        lines += [f"reps = {one.reps}"] if one.reps else []
        lines += [f"load_kg = {one.load_kg!r}"] if math.isfinite(one.load_kg) else []
        lines += [""]
    return "\n".join(lines)
