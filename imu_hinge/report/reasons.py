"""Say why a rep has its verdict, where there is little room and where there is some, and back and knees apart.

It judges nothing: `reps.verdict` does.
"""

from __future__ import annotations

import math
from typing import Final

from imu_hinge.athlete import Athlete
from imu_hinge.report import wording as words
from imu_hinge.result import Rep, SetResult

_REASON_SHORT: Final = (("error band", "error band"), ("knees", "knees"), ("cannot be told", "sensors"))
"""What the reason of a verdict holds, and one word for it where there is little room."""


def reason_short(lift: Rep, athlete: Athlete) -> str:
    """Return why a rep has its verdict where there is little room: a word, or how much of the limit was used."""
    for part, word in _REASON_SHORT:
        if part in lift.verdict.reason:
            return word
    if lift.verdict.label == "undecided" or not math.isfinite(lift.lumbar_flexion_peak_rad):
        return "see below"
    return f"{100.0 * lift.lumbar_flexion_peak_rad / athlete.limit_rad:.0f}% of limit"


def doubt_lines(result: SetResult) -> list[str]:
    """Return why reps are undecided that a word does not explain, a sentence for each reason."""
    told: dict[tuple[int, str], list[Rep]] = {}
    for lift in result.lifts:
        if reason_short(lift, result.athlete) == "see below" and lift.verdict.reason:
            told.setdefault((lift.set, lift.verdict.reason), []).append(lift)
    of = [f"set {number + 1}, " if len(result.set_list) > 1 else "" for number, _ in told]
    return [
        words.sentence(f"{which}{words.rep_list(lifts)}: {reason}")
        for which, ((_, reason), lifts) in zip(of, told.items(), strict=True)
    ]


def side_words(lift: Rep, chance: float, result: SetResult) -> str:
    """Return what is judged of the back, or of the knees, by itself.

    Parameters
    ----------
    lift
    chance
        How probable it is that its limit was passed.
    result
    """
    settings = result.settings.verdict
    if lift.quality == "D" or not math.isfinite(chance):
        return words.CANNOT_TELL
    if chance >= settings.decide_above:
        return "past its limit"
    return "under its limit" if chance <= settings.decide_below else "open"
