"""Say in plain words what a result holds, the same in terminal, figure and page.

It does not lay out tables or draw; the words it may use are those of docs/design.md, section 6.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import LIMIT_SHARE, Athlete
from imu_hinge.result import Rep, SetResult

CANNOT_TELL: Final = "cannot tell"

EXERCISE_WORDS: Final = {
    "deadlift": ("deadlift", "deadlifts"),
    "rdl": ("Romanian deadlift", "Romanian deadlifts"),
    "swing": ("kettlebell swing", "kettlebell swings"),
    "good_morning": ("good morning", "good mornings"),
    "squat": ("squat", "squats"),
    "drill": ("hinge drill", "hinge drills"),
}
"""One and many of each exercise."""

VERDICT_WORDS: Final = {
    "hip_hinge": "hip hinge",
    "lumbar_flexion": "lumbar flexion",
    "squat": "squat",
    "undecided": "undecided",
}

_CLAUSES: Final = VERDICT_WORDS | {"lumbar_flexion": "lumbar flexion past your limit"}
"""The verdicts as parts of a sentence: some lumbar flexion is in every rep."""

FINDING_WORDS: Final = {
    "flexion_at_setup": "flexion at set-up",
    "flexion_off_the_floor": "flexion off the floor",
    "flexion_at_the_bottom": "flexion at the bottom",
    "flexion_growing": "flexion growing over the set",
    "hips_shoot_up": "hips shoot up",
    "lockout_hyperextension": "leaned back at lockout",
    "rushed_start": "rushed start",
    "early_knee_bend": "early knee bend",
}

FINDING_SHORT: Final = {
    "flexion_at_setup": "at set-up",
    "flexion_off_the_floor": "off the floor",
    "flexion_at_the_bottom": "at the bottom",
    "flexion_growing": "growing",
    "hips_shoot_up": "hips shoot up",
    "lockout_hyperextension": "leaned back",
    "rushed_start": "rushed start",
    "early_knee_bend": "knees early",
}
"""The findings where there is little room, below a heading."""

TIMES_NAMED: Final = 6
"""So many times of one kind are named; the files hold all."""

SEGMENT_WORDS: Final = dict(
    zip(cv.ANGLES, ("pelvis tilt", "trunk inclination", "lumbar flexion", "hip flexion", "knee flexion"), strict=True)
)


def number_of(count: int, one: str, many: str) -> str:
    """Return ``1 rep``, ``2 reps``.

    Parameters
    ----------
    count
    one, many
        The noun after 1, and after every other number.
    """
    return f"{count} {one if count == 1 else many}"


def sentence(text: str) -> str:
    """Return text with a capital at its start and a full stop at its end; nothing stays nothing."""
    return f"{text[0].upper()}{text[1:].rstrip('.')}." if text else ""


def exercise_words(exercise: str, *, count: int = 1) -> str:
    """Return the exercise in words, in the plural where there are several."""
    one, many = EXERCISE_WORDS.get(exercise, ("other movement", "other movements"))
    return one if count == 1 else many


def lumbar_basis(lumbar_rad: float, basis: str) -> str:
    """Return ``measured``, ``inferred`` or ``cannot tell`` for one lumbar angle [rad]."""
    return basis if math.isfinite(lumbar_rad) else CANNOT_TELL


def set_basis(result: SetResult) -> str:
    """Return ``measured``, ``inferred`` or ``cannot tell`` for the lumbar flexion of the whole set."""
    is_known = bool(np.isfinite(result.posture.angle_rad(cv.LUMBAR_FLEXION)).any())
    return result.posture.basis if is_known else CANNOT_TELL


def seen_segments(result: SetResult) -> tuple[str, ...]:
    """Return the columns of `conventions.ANGLES` that are known at any instant."""
    is_known = np.isfinite(result.posture.angles_rad)
    return tuple(name for index, name in enumerate(cv.ANGLES) if is_known[:, index].any())


def title(result: SetResult) -> str:
    """Return exercise, number of reps and basis in one line; SIMULATED comes first where it is."""
    sets = len(result.set_list)
    name = exercise_words(result.exercise) if sets < 2 else f"session of {sets} sets"
    basis = {CANNOT_TELL: "lumbar flexion: cannot tell"}.get(set_basis(result), f"lumbar flexion {set_basis(result)}")
    parts = [name[0].upper() + name[1:], number_of(len(result.lifts), "rep", "reps"), basis]
    return " · ".join((["SIMULATED"] if result.is_simulated else []) + parts)


def limit_words(athlete: Athlete) -> str:
    """Return the lumbar limit with where it comes from."""
    limit = f"your limit {math.degrees(athlete.limit_rad):.1f}°"
    if athlete.lumbar_limit_deg is not None:
        return f"{limit} (personal)"
    maximum = "default maximum" if "lumbar_max_flexion_deg" in athlete.assumed else "your own maximum"
    return f"{limit} ({100 * LIMIT_SHARE:.0f} % of {maximum})"


def start_of(result: SetResult) -> float:
    """Return the recording's first instant, from which the times that people read are counted [s]."""
    if math.isfinite(result.from_s):
        return result.from_s
    return float(result.posture.time_s[0]) if len(result.posture) else 0.0


def finding_time_s(lift: Rep, finding: str) -> float:
    """Return the instant of a rep that a finding is about [s].

    Set-up, floor and hips are the start of the pull; the bottom of a lift from the top, and the lockout of one
    from the floor, are its turning point; an early knee bend belongs to the lowering.
    """
    from_floor = lift.exercise in cv.FLOOR_EXERCISES
    at_turn = {
        "flexion_at_the_bottom": not from_floor,
        "lockout_hyperextension": from_floor,
        "early_knee_bend": from_floor,
    }
    return lift.turn_s if at_turn.get(finding, False) else lift.start_s


def rep_list(lifts: list[Rep]) -> str:
    """Return ``rep 2`` or ``reps 1 to 3 and 5``; people count from one."""
    numbers = [lift.rep + 1 for lift in lifts]
    starts = [n for n in numbers if n - 1 not in numbers]
    stops = [n for n in numbers if n + 1 not in numbers]
    parts: list[str] = []
    for start, stop in zip(starts, stops, strict=True):
        parts += [f"{start} to {stop}"] if stop > start + 1 else [str(n) for n in range(start, stop + 1)]
    text = " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
    return f"{'rep' if len(numbers) == 1 else 'reps'} {text}"


def other_line(result: SetResult) -> str:
    """Return what bends and is no rep in one sentence, by kind and with its times; nothing where there is none."""
    if not result.other_bends:
        return ""
    from_s = start_of(result)
    times: dict[str, list[str]] = {}
    for bend in result.other_bends:
        times.setdefault(bend.reason, []).append(f"{bend.start_s - from_s:.1f}")
    kinds = [
        f"{reason} ({', '.join(at[:TIMES_NAMED])}{' ...' if len(at) > TIMES_NAMED else ''} s)"
        for reason, at in times.items()
    ]
    count = len(result.other_bends)
    return f"{number_of(count, 'movement was no rep', 'movements were no reps')}: {', '.join(kinds)}."


def verdict_summary(result: SetResult) -> str:
    """Return which reps got which verdict; the set must have a rep."""
    groups = {label: [lift for lift in result.lifts if lift.verdict.label == label] for label in cv.VERDICTS}
    present = {label: lifts for label, lifts in groups.items() if lifts}
    if len(present) == 1:
        label, lifts = next(iter(present.items()))
        return f"{_CLAUSES[label]} in all reps" if len(lifts) > 1 else _CLAUSES[label]
    return ", ".join(f"{_CLAUSES[label]} in {rep_list(lifts)}" for label, lifts in present.items())


def verdict_words(lift: Rep) -> str:
    """Return a rep's verdict; where only the floor was told, that too."""
    told = VERDICT_WORDS.get(lift.verdict.label, lift.verdict.label)
    if not is_told_at_the_floor_alone(lift):
        return told
    return f"{told}; at the floor {VERDICT_WORDS.get(lift.verdict_floor.label, lift.verdict_floor.label)}"


def is_told_at_the_floor_alone(lift: Rep) -> bool:
    """Tell whether a lift has a verdict with the bar on the floor and none of the whole."""
    return lift.verdict.label == "undecided" and lift.verdict_floor.label != "undecided"


def _floor_sentence(result: SetResult) -> list[str]:
    """Say what the floor told of the reps whose way cannot be told."""
    labels = [lift.verdict_floor.label for lift in result.lifts if is_told_at_the_floor_alone(lift)]
    if not labels:
        return []
    told = ", ".join(f"{_CLAUSES[label]} in {labels.count(label)}" for label in cv.VERDICTS if label in labels)
    return [
        f"At the floor: {told} of {number_of(len(result.lifts), 'rep', 'reps')}. On the way up one sensor cannot tell."
    ]


def headline(result: SetResult) -> list[str]:
    """Return what matters in two to five plain sentences, the first one first."""
    count = len(result.lifts)
    if count == 0:
        span_s = float(result.posture.time_s[-1] - result.posture.time_s[0]) if len(result.posture) else 0.0
        return [f"No rep was found in {span_s:.0f} s of recording."]
    if len(result.set_list) > 1:
        kinds = [number_of(row["reps"], *EXERCISE_WORDS[row["exercise"]]) for row in result.set_rows()]
        return [f"{len(kinds)} sets: {', '.join(kinds)}.", *_basis_sentence(result), *_peak_sentences(result)]
    sentences = [
        f"{number_of(count, *EXERCISE_WORDS.get(result.exercise, ('rep', 'reps')))}: {verdict_summary(result)}."
    ]
    sentences += _floor_sentence(result)
    sentences += _basis_sentence(result)
    sentences += _peak_sentences(result)
    return sentences


def _basis_sentence(result: SetResult) -> list[str]:
    """Say how the lumbar angle is known."""
    if set_basis(result) == "measured":
        return ["Lumbar flexion was measured: two sensors span the lumbar spine."]
    if set_basis(result) == "inferred":
        return ["Lumbar flexion was inferred from one sensor and a body model, not measured."]
    seen = [SEGMENT_WORDS[name] for name in seen_segments(result)]
    only = f"the sensor saw {' and '.join(seen)} alone" if seen else "no angle of the spine was seen"
    return [f"Lumbar flexion cannot be told: {only}."]


def change_deg(result: SetResult) -> float:
    """Return the change below which reps are not told apart, by the settings of the analysis [deg]."""
    return result.settings.verdict.change_min_deg


def peak_words(result: SetResult) -> str:
    """Return the peaks of lumbar flexion over the reps, ``26° to 48° (± 2°)``, or one where they do not differ."""
    known = [lift for lift in result.lifts if math.isfinite(lift.lumbar_flexion_peak_rad)]
    if not known:
        return CANNOT_TELL
    peaks = [math.degrees(lift.lumbar_flexion_peak_rad) for lift in known]
    sd = max(math.degrees(lift.lumbar_flexion_peak_sd_rad) for lift in known)
    band = f" (± {sd:.0f}°)" if math.isfinite(sd) else ""
    if any(lift.is_lopsided for lift in known):
        least = min(math.degrees(lift.lumbar_flexion_peak_low_rad) for lift in known)
        most = max(math.degrees(lift.lumbar_flexion_peak_high_rad) for lift in known)
        band = f" (95 %: {least:.0f}° to {most:.0f}°)"
    low, high = min(peaks), max(peaks)
    return f"{0.5 * (low + high):.0f}°{band}" if high - low < change_deg(result) else f"{low:.0f}° to {high:.0f}°{band}"


def _peak_sentences(result: SetResult) -> list[str]:
    """Say how far the lumbar spine flexed, in degrees and as a share of the range."""
    peaks = [math.degrees(lift.lumbar_flexion_peak_rad) for lift in result.lifts]
    known = [peak for peak in peaks if math.isfinite(peak)]
    if not known:
        return []
    owner = "the default range" if "lumbar_max_flexion_deg" in result.athlete.assumed else "your own range"
    low, high = (100 * peak / result.athlete.value("lumbar_max_flexion_deg") for peak in (min(known), max(known)))
    is_one = max(known) - min(known) < change_deg(result)
    share = f"{0.5 * (low + high):.0f} %" if is_one else f"{low:.0f} to {high:.0f} %"
    where = f"{'near' if is_one else 'at'} {peak_words(result)}"
    peak = f"It peaked {where}, {share} of {owner}; {limit_words(result.athlete)}."
    alike = f"The reps differ by less than {change_deg(result):.0f}°, too little to tell apart."
    return [peak, alike] if is_one and len(known) > 1 else [peak]
