"""Say how a report was made: what was assumed about the athlete, how good the data are, and where they are poor.

It measures nothing; the flags are the samples' own.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge import conventions as cv
from imu_hinge.report import wording as words
from imu_hinge.result import Rep, SetResult

FLAG_WORDS: Final = {
    cv.Flag.GAP: "samples missing",
    cv.Flag.DUPLICATE: "delivered more than once, kept once",
    cv.Flag.REORDERED: "arrived out of order, put back",
    cv.Flag.RESET: "the sensor's clock started again",
    cv.Flag.CLIPPED: "at the end of the sensor's range",
    cv.Flag.UNEVEN: "off the even time grid",
    cv.Flag.UNALIGNED: "mounting not known, or known badly",
    cv.Flag.SLIPPED: "after the sensor moved on the body",
    cv.Flag.DRIFTING: "sensor bias not yet known",
    cv.Flag.SUSPECT: "from a packet that broke a rule of its format",
    cv.Flag.MISFIT: "in a set that does not fit the stated body and places",
    cv.Flag.DISAGREEING: "from an accelerometer and a gyroscope that do not fit each other",
}

HARMLESS: Final = (cv.Flag.DUPLICATE, cv.Flag.REORDERED, cv.Flag.UNEVEN)
"""Flags of samples that were put right, so that nothing is lost."""

GRADE_WORDS: Final = {
    "C": "many samples are missing or clipped, or a sensor sat loose or slipped (data C)",
    "D": "no verdict may rest on the data (data D)",
}
"""What a poor grade means; those of `reps.verdict.grade`."""

ATHLETE_WORDS: Final = {
    "height_m": ("body height", "m"),
    "shank_m": ("shank length", "m"),
    "thigh_m": ("thigh length", "m"),
    "trunk_m": ("trunk length", "m"),
    "arm_m": ("arm length", "m"),
    "lumbar_max_flexion_deg": ("largest lumbar flexion", "°"),
    "lumbar_max_flexion_sd_deg": ("its standard deviation", "°"),
    "lumbar_limit_deg": ("lumbar limit", "°"),
    "knee_limit_deg": ("knee limit for a squat", "°"),
    "neutral_lumbar_deg": ("lumbar flexion in a clean hinge", "°"),
    "neutral_lumbar_sd_deg": ("its standard deviation", "°"),
    "neutral_pelvis_tilt_deg": ("pelvis tilt in a clean hinge", "°"),
    "neutral_drop_m": ("drop of the pelvis in a clean hinge", "m"),
    "plate_radius_m": ("bar height with the plates on the floor", "m"),
}


def assumptions(result: SetResult) -> list[tuple[str, str, str]]:
    """Return (what, value, whose) for everything known or assumed about the athlete."""
    lines = []
    for key, (name, unit) in ATHLETE_WORDS.items():
        value = result.athlete.value(key)
        if math.isfinite(value):
            text = f"{value:.3f} m" if unit == "m" else f"{value:.1f}{unit}"
            lines.append((name, text, "default, assumed" if key in result.athlete.assumed else "yours"))
    return lines


def samples(result: SetResult) -> str:
    """Return how much was recorded, in words."""
    posture = result.posture
    if len(posture) < 2:
        return f"{len(posture)} samples"
    return (
        f"{len(posture)} instants over {posture.time_s[-1] - posture.time_s[0]:.1f} s, {posture.rate_hz:.0f} per second"
    )


def flag_rows(result: SetResult, *, harmless: bool = False) -> list[tuple[str, str, str]]:
    """Return (what is wrong, how many samples, in which reps) for every flag that somebody carries.

    Parameters
    ----------
    result
    harmless
        Those that were put right (`HARMLESS`), or all others.
    """
    flags, n = result.posture.flags, max(len(result.posture), 1)
    found = []
    for flag, name in FLAG_WORDS.items():
        is_set = (flags & flag.value) != 0
        count = int(np.count_nonzero(is_set))
        if count and bool(flag in HARMLESS) is harmless:
            found.append((name, f"{count} ({100 * count / n:.1f} %)", _where(result, is_set)))
    return found


def _where(result: SetResult, is_set: npt.NDArray[np.bool_]) -> str:
    """Return the reps that flagged samples lie in, of each set."""
    touched: dict[int, list[Rep]] = {}
    for lift in result.lifts:
        start, stop = np.searchsorted(result.posture.time_s, [lift.start_s, lift.end_s])
        if is_set[start : stop + 1].any():
            touched.setdefault(lift.set, []).append(lift)
    of_set = len(result.set_list) > 1
    return "; ".join((f"set {n + 1}, " if of_set else "") + words.rep_list(reps) for n, reps in touched.items())


def poor_reps(result: SetResult) -> list[str]:
    """Return which reps have data of grade C or D, a sentence for each grade and set."""
    found = []
    for number in sorted({lift.set for lift in result.lifts}):
        for grade in "CD":
            reps = [lift for lift in result.reps_of(number) if lift.quality == grade]
            if reps:
                which = f"set {number + 1}, " if len(result.set_list) > 1 else ""
                found.append(words.sentence(f"{which}{words.rep_list(reps)}: {GRADE_WORDS[grade]}"))
    return found
