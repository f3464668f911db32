"""Lay a history out: a row for each set, and a row for each athlete, in words for terminal and page.

It compares nothing (`trends` and `load_curve` do).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from imu_hinge.history.load_curve import load_curve
from imu_hinge.history.trends import groups
from imu_hinge.past_set import PastSet
from imu_hinge.report import wording as words
from imu_hinge.report.session_tables import verdict_words

if TYPE_CHECKING:
    from rich.table import Table

NUMBERS = ("set", "kg", "reps", "lumbar % ± sd", "sets", "sessions", "last %", "limit at kg")


def set_rows(sets: Sequence[PastSet]) -> list[dict[str, str]]:
    """Return each set as words, oldest first; sets count from 1."""
    return [
        {
            "date": one.recorded.replace("T", " ")[:16] or "no date",
            "recording": one.recording,
            "set": str(one.number + 1),
            "kg": _number(one.load_kg) + ("*" if one.load_from == "log" else ""),
            "reps": str(one.reps),
            "verdicts": verdict_words(_pairs(one.verdicts)),
            "lumbar % ± sd": f"{one.percent:.0f} ± {one.percent_sd:.0f}" if math.isfinite(one.percent) else "–",
            "lumbar is": words.lumbar_basis(one.peak_deg, one.basis),
            "cues": {True: "yes", False: "none", None: ""}[one.cued],
        }
        for one in sets
    ]


def _number(value: float) -> str:
    return f"{value:.5g}" if math.isfinite(value) else "–"


def _pairs(counts: Mapping[str, int]) -> str:
    """Return verdicts with their counts, as `conventions.SET_COLUMNS` has them."""
    return ";".join(f"{label}={count}" for label, count in counts.items())


def athlete_rows(sets: Sequence[PastSet]) -> list[dict[str, str]]:
    """Return each athlete, exercise and placement as words: how much there is, what it came to, the crossing load."""
    found = []
    for (athlete, exercise, placements), those in groups(sets).items():
        counts: Counter[str] = Counter()
        for one in those:
            counts.update(one.verdicts)
        known = [one for one in those if math.isfinite(one.percent)]
        curve = load_curve(those)
        has_crossing = curve is not None and not curve.reason
        found.append(
            {
                "athlete": ("SIMULATED " if any(one.is_simulated for one in those) else "") + (athlete or "no name"),
                "exercise": words.exercise_words(exercise),
                "sensors": placements.replace("+", " "),
                "sessions": str(len({one.session for one in those})),
                "sets": str(len(those)),
                "last": those[-1].day or "no date",
                "verdicts": verdict_words(_pairs(counts)),
                "last %": f"{known[-1].percent:.0f}" if known else "–",
                "limit at kg": f"{curve.crossing_kg:.0f} ({curve.crossing_low_kg:.0f} to {curve.crossing_high_kg:.0f})"
                if curve is not None and has_crossing
                else "–",
            }
        )
    return found


def as_table(rows: Sequence[Mapping[str, str]], *, title: str = "") -> Table:
    """Return rows as a rich table; columns that are empty in all rows are left out."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False, title=Text(title, style="bold") if title else None)
    names = [name for name in (rows[0] if rows else ()) if any(row[name] for row in rows)]
    for name in names:
        if name in NUMBERS:
            table.add_column(name, justify="right", no_wrap=name != "limit at kg")
        else:
            table.add_column(name)
    for row in rows:
        table.add_row(*(Text(row[name]) for name in names))
    return table
