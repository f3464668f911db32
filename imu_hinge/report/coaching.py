"""Suggest at most two things to try after a set, each with what was seen, and only where it is decided.

It judges nothing and knows no person: what was seen are the verdicts and findings of `reps.verdict`, the suggestions
are those of coaches, the words those of docs/design.md, section 6.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from imu_hinge.report import wording as words
from imu_hinge.result import Rep, SetResult

MOST: Final = 2
"""Suggestions per set: who is told more does none of it."""

SETS_TO_HELP: Final = 3
"""A cue that was due in so many sets one after the other, and is due again, did not help."""

OFTEN: Final = 2
"""A finding of a single rep is chance; of so many a habit (chosen)."""

LEAST_REPS: Final = 3
"""Fewer decided reps do not make "every rep" (chosen)."""

CUES: Final = {
    "squatting": "Wall drill: stand with the back to a wall, touch it with the hips, step away a little and repeat.",
    "no_feel": "The drinking bird: one straight line from head to hips tips forward over soft knees, unloaded.",
    "growing": "Less weight, or fewer reps, until the movement holds to the last rep.",
    "rounding": "A dowel along head, upper back and sacrum: hinge so that all three points keep touching.",
    "every_load": (
        "Mobility or strength may limit the movement (hip flexors, quadriceps, glutes): "
        "ask a coach or a physiotherapist."
    ),
    "rushed": "Take the slack out of bar and arms before the pull.",
}
"""What to try, by what was seen; the first come first."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Hold one thing to try and what was seen that leads to it.

    Parameters
    ----------
    cause
        A key of `CUES`; ``undecided`` where it says what would help to tell.
    what
        One sentence: what to try.
    evidence
        One sentence: what was seen, with the reps.
    """

    cause: str
    what: str
    evidence: str


@dataclass(frozen=True, slots=True)
class SetSeen:
    """Hold what one set showed, as counts; the set at hand, or one of the past.

    Parameters
    ----------
    exercise
    verdicts, findings
        How many reps had each.
    load_kg
        NaN where nobody said.
    """

    exercise: str
    verdicts: Mapping[str, int]
    findings: Mapping[str, int] = field(default_factory=dict)
    load_kg: float = math.nan


def seen_in(result: SetResult, number: int = 0) -> SetSeen:
    """Return what one set of a result showed; ``number`` counts from 0 in the result."""
    row = result.set_rows()[number]
    lifts = result.reps_of(row["set"])
    findings = Counter(name for lift in lifts for name in lift.verdict.findings)
    return SetSeen(row["exercise"], Counter(lift.verdict.label for lift in lifts), findings, row["load_kg"])


def causes(seen: SetSeen, past: Sequence[SetSeen] = ()) -> tuple[str, ...]:
    """Return which of `CUES` a set calls for, in their order.

    Parameters
    ----------
    seen
    past
        Earlier sets of the same person, oldest first; those of other exercises are left out.
    """
    verdicts, findings = Counter(seen.verdicts), Counter(seen.findings)
    decided = sum(verdicts.values()) - verdicts["undecided"]
    squatted, rounded = verdicts["squat"] if seen.exercise != "squat" else 0, verdicts["lumbar_flexion"]
    is_all = _rounds_all(seen)
    loads = {one.load_kg for one in (*_same(seen, past), seen) if math.isfinite(one.load_kg) and _decided(one)}
    at_every_load = is_all and len(loads) > 1 and all(map(_rounds_all, filter(_decided, _same(seen, past))))
    found = {
        "squatting": squatted >= OFTEN and not rounded,
        "no_feel": squatted > 0 and rounded > 0,
        "growing": 0 < rounded < decided and findings["flexion_growing"] > 0,
        "rounding": rounded >= OFTEN and not squatted and not at_every_load,
        "every_load": at_every_load,
        "rushed": findings["rushed_start"] >= OFTEN,
    }
    return tuple(cause for cause in CUES if found[cause])


def _decided(seen: SetSeen) -> int:
    return sum(count for label, count in seen.verdicts.items() if label != "undecided")


def _rounds_all(seen: SetSeen) -> bool:
    """Tell whether lumbar flexion passed the limit in every decided rep, and in enough of them."""
    return _decided(seen) >= LEAST_REPS and seen.verdicts.get("lumbar_flexion", 0) == _decided(seen)


def _same(seen: SetSeen, past: Sequence[SetSeen]) -> list[SetSeen]:
    return [one for one in past if one.exercise == seen.exercise]


def did_not_help(cause: str, seen: SetSeen, past: Sequence[SetSeen]) -> bool:
    """Tell whether a cue was due in the last three sets of the exercise already: it is not repeated then.

    Parameters
    ----------
    cause
        A key of `CUES`.
    seen
        The set at hand.
    past
        As in `causes`.
    """
    before = _same(seen, past)
    last = range(len(before) - SETS_TO_HELP, len(before))
    return len(before) >= SETS_TO_HELP and all(cause in causes(before[at], before[:at]) for at in last)


def suggestions(result: SetResult, *, number: int = 0, past: Sequence[SetSeen] = ()) -> tuple[Suggestion, ...]:
    """Return at most two things to try after one set; where no rep is decided, what would help to tell.

    Parameters
    ----------
    result
    number
        Of the set, from 0 in the result.
    past
        Earlier sets of the same person, oldest first. With them a cue that was due three times and is due again is left
        out, and one line says so.
    """
    if not result.lifts:
        return ()
    seen, lifts = seen_in(result, number), result.reps_of(result.set_rows()[number]["set"])
    if not _decided(seen):
        return _what_would_help(result, lifts)
    due = causes(seen, past)
    fresh = [cause for cause in due if not did_not_help(cause, seen, past)]
    told = [Suggestion(cause, CUES[cause], _evidence(cause, result, lifts)) for cause in fresh[:MOST]]
    if len(fresh) < len(due) and len(told) < MOST:
        stale = next(cause for cause in due if cause not in fresh)
        text = "What was tried in the last sets did not change the movement: ask a coach or a physiotherapist."
        if stale != "every_load" and "every_load" not in fresh:
            told.append(Suggestion("stale", text, _evidence(stale, result, lifts)))
    return tuple(told)


def _evidence(cause: str, result: SetResult, lifts: Sequence[Rep]) -> str:
    """Return what was seen, with the reps it was seen in."""
    rounded = [lift for lift in lifts if lift.verdict.label == "lumbar_flexion"]
    squatted = [lift for lift in lifts if lift.verdict.label == "squat"]
    rushed = [lift for lift in lifts if "rushed_start" in lift.verdict.findings]
    limit = words.limit_name(result.athlete)
    if cause == "rushed":
        return f"The pull began without a moment of stillness in {words.rep_list(rushed)}."
    parts = [f"the knees bent past their limit in {words.rep_list(squatted)}"] if squatted else []
    if rounded and cause != "squatting":
        most = max(lift.lumbar_flexion_peak_rad for lift in rounded)
        growth = " and grew over the set" if cause == "growing" else ""
        parts.append(
            f"lumbar flexion went past {limit} in {words.rep_list(rounded)}{growth}, up to {math.degrees(most):.0f}°"
        )
    return words.sentence("; ".join(parts))


def _what_would_help(result: SetResult, lifts: Sequence[Rep]) -> tuple[Suggestion, ...]:
    """Return what would help to tell where nothing is decided, most first."""
    evidence = f"No verdict could be told in {words.rep_list(list(lifts))}."
    found = []
    if all(lift.quality == "D" for lift in lifts) and result.doubts:
        found.append("See to what is said about the data below: no verdict may rest on them.")
    if any(lift.basis != "measured" for lift in lifts):
        found.append("Wear two sensors, sacrum and t12: lumbar flexion is then measured.")
    if "lumbar_max_flexion_deg" in result.athlete.assumed:
        found.append("Record two clean hinges and a full round bow (imu-hinge calibrate): the limit is then your own.")
    return tuple(Suggestion("undecided", text, evidence) for text in found[:MOST])
