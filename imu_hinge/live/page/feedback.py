"""Decide which sets have sounds, which sound an event has, and what is said after a set.

It makes no sound: the page does. Why cues fade: constant cues help at once and not later, cues that are left out more
and more, with sets without any, do (Aoyagi, J Phys Ther Sci 2019; J Motor Behavior 53(3), 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal, get_args

from imu_hinge.errors import SettingsError
from imu_hinge.report.wording import CANNOT_TELL, FINDING_WORDS, number_of, rep_list, sentence
from imu_hinge.result import Rep
from imu_hinge.text import quoted

Feedback = Literal["every", "fade", "summary", "silent"]
"""Cues in every rep; fewer from rep to rep; a sentence after the set alone; nothing that is heard."""

FEEDBACKS: Final[tuple[Feedback, ...]] = get_args(Feedback)

PROBE_EVERY: Final = 5
"""Every so many sets one has no cues: it shows what is kept without them (chosen)."""

FADE_ALL, FADE_HALF = 2, 6
"""Chosen: fading, the first reps of a set have cues, then every second one, then every third."""

CueKind = Literal["over", "under", "tick"]

CUES: Final[dict[str, CueKind]] = {"over_limit": "over", "back_under": "under", "rep": "tick"}
"""Which sound goes with which kind of event; a rep's only where it was a hinge."""

_OTHERS: Final = (("squat", "squat"), ("undecided", CANNOT_TELL))

_NUMBERS: Final = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)


def check_feedback(feedback: str) -> Feedback:
    """Return the way of feedback, or raise `SettingsError` where there is none of that name."""
    for known in FEEDBACKS:
        if feedback == known:
            return known
    raise SettingsError(f"There is no feedback {quoted(feedback)}. Choose {', '.join(FEEDBACKS[:-1])} or silent.")


def set_has_cues(feedback: Feedback, set_index: int) -> bool:
    """Tell whether a set, counted from 0, has any cue while it is lifted."""
    is_probe = set_index % PROBE_EVERY == PROBE_EVERY - 1
    return feedback == "every" or (feedback == "fade" and not is_probe)


def rep_has_cues(feedback: Feedback, set_index: int, rep_index: int) -> bool:
    """Tell whether a rep has cues.

    Parameters
    ----------
    feedback
    set_index, rep_index
        Of the set in the session and of the rep in the set, from 0.
    """
    if not set_has_cues(feedback, set_index):
        return False
    if feedback == "every" or rep_index < FADE_ALL:
        return True
    return rep_index % 2 == 0 if rep_index < FADE_HALF else rep_index % 3 == 0


def is_spoken(feedback: Feedback) -> bool:
    """Tell whether a sentence is spoken after each set, a probe as well: it is lifted by then."""
    return feedback != "silent"


def set_sentence(reps: Sequence[Rep]) -> str:
    """Return what a set was in one or two short sentences: how many reps, and which came past the limit, and when.

    Parameters
    ----------
    reps
        Of one set, in order. They are counted from one, whatever number they have.
    """
    if not reps:
        return "No rep was found."
    count = number_of(len(reps), "rep", "reps")
    count = f"{_NUMBERS[len(reps)]}{count[len(str(len(reps))) :]}" if len(reps) < len(_NUMBERS) else count
    numbered = [replace(rep, rep=at) for at, rep in enumerate(reps)]
    parts = [count]
    for label, words in (("lumbar_flexion", "lumbar flexion past your limit"), *_OTHERS):
        alike = [rep for rep in numbered if rep.verdict.label == label]
        if alike:
            seen = _shared_finding(alike) if label == "lumbar_flexion" else ""
            parts.append(f"{rep_list(alike)}: {seen or words}")
    if len(parts) == 1:
        parts.append("hip hinge in every rep" if len(reps) > 1 else "hip hinge")
    return " ".join(map(sentence, parts))


def _shared_finding(reps: Sequence[Rep]) -> str:
    """Return in words the first finding about flexion that all of the reps have; empty where there is none."""
    for finding, words in FINDING_WORDS.items():
        if finding.startswith("flexion") and all(finding in rep.verdict.findings for rep in reps):
            return words
    return ""
