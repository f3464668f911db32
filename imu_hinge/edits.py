"""Define what a person changes of what was found: reps dropped, added or merged, exercises, loads, notes, effort.

It applies nothing and touches no file: `reps.edited` changes sets, `storage.beside` reads and writes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from imu_hinge.conventions import EXERCISES
from imu_hinge.errors import RecordingError
from imu_hinge.lifted_set import LiftedSet
from imu_hinge.text import LONGEST_TEXT, one_line, quoted

STRUCTURE: Final = ("drop", "add", "merge", "exercise")
"""What changes the sets themselves."""

LABELS: Final = ("load_kg", "rpe", "note")
"""What is only written beside them."""

MOST_RPE: Final = 10.0
"""The scale of perceived exertion ends here (Borg CR10)."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Hold one change; where it applies is said in time, because numbers change when another analysis finds more.

    Parameters
    ----------
    do
        One of `STRUCTURE` or `LABELS`.
    from_s, to_s
        Of the rep, the reps or the set that are meant, on the recording's own timeline [s].
    value
        The exercise, the load [kg], the effort (0 to 10) or the note; None for what needs none.

    Raises
    ------
    RecordingError
        Where it cannot be.
    """

    do: str
    from_s: float
    to_s: float
    value: str | float | None = None

    def __post_init__(self) -> None:
        if self.do not in STRUCTURE + LABELS:
            raise RecordingError(f"An edit cannot {quoted(self.do)}. Use one of {', '.join(STRUCTURE + LABELS)}.")
        spans = self.from_s, self.to_s
        if any(isinstance(s, bool) or not isinstance(s, int | float) or not math.isfinite(s) for s in spans):
            raise RecordingError(f"An edit from {quoted(spans[0])} to {quoted(spans[1])} has no times. Give seconds.")
        if not self.from_s <= self.to_s:
            raise RecordingError(f"An edit from {self.from_s} to {self.to_s} s ends before it begins. Swap the two.")
        if self.do == "note" and isinstance(self.value, str):
            object.__setattr__(self, "value", one_line(self.value, longest=LONGEST_TEXT))
        wrong = _wrong_value(self.do, self.value)
        if wrong:
            raise RecordingError(f"The edit {self.do} = {quoted(self.value)} cannot be. {wrong}")

    def covers(self, start_s: float, stop_s: float) -> bool:
        """Tell whether the middle of something lies in the edit's span, or the other way round."""
        middle_s, own_s = 0.5 * (start_s + stop_s), 0.5 * (self.from_s + self.to_s)
        return self.from_s <= middle_s <= self.to_s or start_s <= own_s <= stop_s

    def as_values(self) -> dict[str, Any]:
        """Return the edit as plain values that JSON can hold."""
        said = {} if self.value is None else {"value": self.value}
        return {"do": self.do, "from_s": self.from_s, "to_s": self.to_s, **said}


def _wrong_value(do: str, value: Any) -> str:
    """Return what is wrong with an edit's value, and what to do; nothing where it can be."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if do == "exercise":
        return "" if value in EXERCISES else f"Use one of {', '.join(EXERCISES)}."
    if do == "load_kg":
        return "" if is_number and value >= 0.0 else "Give kilograms, such as 100."
    if do == "rpe":
        return "" if is_number and 0.0 <= value <= MOST_RPE else f"Give a number from 0 to {MOST_RPE:g}."
    if do == "note":
        return "" if isinstance(value, str) else "Give a text."
    return "" if value is None else "It needs no value."


def edit_from_values(table: Mapping[str, Any]) -> Edit:
    """Return what `Edit.as_values` gave.

    Raises
    ------
    RecordingError
        Where a key is absent, unknown or cannot be.
    """
    known = {"do", "from_s", "to_s", "value"}
    if not isinstance(table, Mapping) or not {"do", "from_s", "to_s"} <= set(table) <= known:
        raise RecordingError(f"{quoted(table)} is no edit. It needs do, from_s and to_s, and may have a value.")
    return Edit(table["do"], table["from_s"], table["to_s"], table.get("value"))


def labelled(
    sets: Sequence[LiftedSet], spans_s: Sequence[tuple[float, float]], edits: Sequence[Edit]
) -> tuple[LiftedSet, ...]:
    """Return the sets with the loads, efforts and notes that people gave them; the last word counts.

    Parameters
    ----------
    sets
    spans_s
        Start of the first rep and end of the last one of each [s].
    edits
        In the order in which they were made; others than labels are left alone.
    """
    found = []
    for one, span in zip(sets, spans_s, strict=True):
        for edit in edits:
            if edit.do in LABELS and edit.covers(*span):
                value = one_line(edit.value) if isinstance(edit.value, str) else edit.value
                one = replace(one, **{edit.do: value}, is_edited=True)  # type: ignore[arg-type]  # checked by Edit
        found.append(one)
    return tuple(found)
