"""Say in sentences what a history shows: trend over weeks, technique against load, what is kept without cues.

It computes nothing; where something cannot be told it says why.
"""

from __future__ import annotations

from collections.abc import Sequence

from imu_hinge.history.load_curve import LoadCurve, load_curve, why_not
from imu_hinge.history.trends import Change, change_over_weeks, retention, weeks
from imu_hinge.past_set import PastSet
from imu_hinge.report.wording import exercise_words, number_of, sentence


def told(sets: Sequence[PastSet]) -> list[str]:
    """Return what sets of one athlete, exercise and placement show, a sentence each."""
    curve = load_curve(sets)
    return [load_words(curve) if curve is not None else sentence(why_not(sets)), *_weeks(sets), *_retention(sets)]


def load_words(curve: LoadCurve) -> str:
    """Return technique against load in one sentence."""
    ten = f"{curve.slope:+.0f} % of the range per 10 kg (95 %: {curve.slope_low:+.0f} to {curve.slope_high:+.0f})"
    if curve.reason:
        return f"Lumbar flexion changes by {ten}; {curve.reason}."
    kg = f"{curve.crossing_kg:.0f} kg (95 %: {curve.crossing_low_kg:.0f} to {curve.crossing_high_kg:.0f} kg)"
    return f"Lumbar flexion changes by {ten} and crosses the limit of {curve.limit:.0f} % at {kg}."


def _weeks(sets: Sequence[PastSet]) -> list[str]:
    change, count = change_over_weeks(sets), len(weeks(sets))
    if count < 2:
        return []
    if change is None:
        return ["First and last week have no load in common, so they are not compared."]
    span = f"From the first to the last of {number_of(count, 'week', 'weeks')}"
    return [f"{span} lumbar flexion {_moved(change)}."]


def _moved(change: Change) -> str:
    """Return a change, or that it is too small to tell."""
    own = "" if change.whose == "own" else " by default"
    least = f"{change.detectable_deg:.0f}° can be told{own}"
    if not change.is_told:
        return f"did not change by more than chance ({_signed(change.change_deg)}; {least})"
    return f"changed by {_signed(change.change_deg)} ({least})"


def _signed(degrees: float) -> str:
    """Return a difference with its sign; nothing that rounds to nothing has one."""
    whole = round(degrees)
    return f"{whole:+d}°" if whole else "0°"


def _retention(sets: Sequence[PastSet]) -> list[str]:
    change = retention(sets)
    if change is None:
        return []
    return [f"In sets without cues, against sets with cues, lumbar flexion {_moved(change)}."]


def heading(group: tuple[str, str, str], sets: Sequence[PastSet]) -> str:
    """Return a line over what is told of a group: who, what, with which sensors; SIMULATED comes first where it is."""
    athlete, exercise, placements = group
    simulated = "SIMULATED" if any(one.is_simulated for one in sets) else ""
    who, what = athlete or "no name", exercise_words(exercise, count=2)
    sensors = placements.replace("+", " and ")
    parts = (simulated, who, what, f"sensors at {sensors}", number_of(len(sets), "set", "sets"))
    return " · ".join(filter(None, parts))
