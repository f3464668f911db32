"""Say what changed between what was told live and what the whole recording tells, rep by rep.

It analyses nothing: both results are given.
"""

from __future__ import annotations

from typing import Final

from imu_hinge.report import wording as words
from imu_hinge.report.tables import degrees_words
from imu_hinge.result import Rep, SetResult

WHY: Final = (
    "Live, every instant knows its past alone; from the whole recording the zero, bias and clocks of sensors and the "
    "reps of a set are known better."
)
"""Why both differ, which is bound to happen."""


def live_changes(live: SetResult, whole: SetResult) -> list[str]:
    """Return a sentence for every rep whose verdict changed, that is new, or that is gone; and then why.

    Reps are one where they overlap in time. Nothing is returned where nothing changed.

    Parameters
    ----------
    live
        What was told at the bar: analysed as live.
    whole
        Of the same recording.
    """
    found, kept = [], set()
    for rep in whole.lifts:
        before = next((one for one in live.lifts if one.start_s < rep.end_s and rep.start_s < one.end_s), None)
        if before is None:
            found.append(f"{_name(rep, whole)} was not told live: {_told(rep)}.")
            continue
        kept.add((before.set, before.rep))
        if before.verdict.label != rep.verdict.label:
            found.append(f"{_name(rep, whole)}: live {_told(before)}; now {_told(rep)}.")
    gone = [rep for rep in live.lifts if (rep.set, rep.rep) not in kept]
    from_s = words.start_of(whole)
    found += [f"A rep that was told live at {rep.start_s - from_s:.1f} s is none." for rep in gone]
    return [*found, WHY] if found else []


def _name(rep: Rep, result: SetResult) -> str:
    return f"Set {rep.set + 1}, rep {rep.rep + 1}" if len(result.set_list) > 1 else f"Rep {rep.rep + 1}"


def _told(rep: Rep) -> str:
    label = words.VERDICT_WORDS.get(rep.verdict.label, rep.verdict.label)
    return f"{label}, lumbar flexion {degrees_words(rep.lumbar_flexion_peak_rad, rep.lumbar_flexion_peak_sd_rad)}"
