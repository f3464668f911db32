"""Lay out reps and sets as the plain values that the page draws: percent of one's own range, words, intervals.

Degrees and percent stand at this edge. It decides nothing: verdicts are the analysis', words `report.wording`'s.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.instant import Instant
from imu_hinge.live.page.feedback import Feedback, set_has_cues, set_sentence
from imu_hinge.report.wording import FINDING_WORDS, VERDICT_WORDS
from imu_hinge.result import Rep

Z_95: Final = 1.96
"""Standard deviations on either side of an interval that holds 95 % of a normal distribution."""

CURVE_POINTS: Final = 48
"""Points of a small curve: it is drawn some hundred pixels wide."""


def rounded(value: float | None, digits: int = 1) -> float | None:
    """Return a number that JSON can hold, rounded; None where it is not finite."""
    return round(float(value), digits) if value is not None and math.isfinite(value) else None


def range_view(athlete: Athlete) -> dict[str, Any]:
    """Return the athlete's range [deg] and the lines drawn in percent of it; None is: not known."""
    maximum_deg = athlete.value("lumbar_max_flexion_deg")
    return {
        "max_deg": maximum_deg,
        "limit_percent": rounded(100.0 * math.degrees(athlete.limit_rad) / maximum_deg),
        "neutral_percent": rounded(100.0 * athlete.value("neutral_lumbar_deg") / maximum_deg),
        "is_own": "lumbar_max_flexion_deg" not in athlete.assumed,
    }


def instant_view(instant: Instant) -> dict[str, Any]:
    """Return the posture of one instant, in degrees and metres."""
    return {
        "time_s": rounded(instant.time_s, 3),
        "angles_deg": [rounded(math.degrees(angle)) for angle in instant.angles_rad],
        "sd_deg": [rounded(math.degrees(sd), 2) for sd in instant.sd_rad],
        "basis": instant.basis,
        "height_m": rounded(instant.height_m, 3),
        "phase": instant.phase,
        "waits_for": instant.waits_for,
        "missing": list(instant.missing),
    }


def sets_of(reps: Sequence[Rep]) -> list[list[Rep]]:
    """Return reps in order of time by the set that the analysis says they are part of."""
    return [list(group) for _, group in groupby(reps, key=lambda rep: rep.set)]


def set_view(reps: Sequence[Rep], index: int, *, is_over: bool, athlete: Athlete, feedback: Feedback) -> dict[str, Any]:
    """Return one set.

    Parameters
    ----------
    reps
        Of this set, in order.
    index
        Of the set, from 0.
    is_over
        Whether it has ended, so that it has a sentence and is no longer provisional.
    athlete, feedback
    """
    return {
        "number": index + 1,
        "start_s": rounded(reps[0].start_s, 2),
        "end_s": rounded(reps[-1].end_s, 2),
        "is_over": is_over,
        "has_cues": set_has_cues(feedback, index),
        "sentence": set_sentence(reps) if is_over else "",
        "reps": [rep_view(rep, number, athlete=athlete) for number, rep in enumerate(reps, 1)],
    }


def rep_view(rep: Rep, number: int, *, athlete: Athlete) -> dict[str, Any]:
    """Return one rep: verdict in words, largest lumbar flexion in percent with 95 %.

    Parameters
    ----------
    rep
    number
        In its set, as people count.
    athlete
        Whose range is 100 %.
    """
    percent = 100.0 / math.radians(athlete.value("lumbar_max_flexion_deg"))
    peak, sd = rep.lumbar_flexion_peak_rad, rep.lumbar_flexion_peak_sd_rad
    low, high = rep.lumbar_flexion_peak_low_rad, rep.lumbar_flexion_peak_high_rad
    if not (math.isfinite(low) and math.isfinite(high)):  # nothing says that it is lopsided
        low, high = peak - Z_95 * sd, peak + Z_95 * sd
    return {
        "number": number,
        "start_s": rounded(rep.start_s, 2),
        "end_s": rounded(rep.end_s, 2),
        "verdict": rep.verdict.label,
        "word": VERDICT_WORDS[rep.verdict.label],
        "confidence": rounded(rep.verdict.confidence, 2),
        "findings": [FINDING_WORDS.get(finding, finding) for finding in rep.verdict.findings],
        "basis": rep.basis if math.isfinite(rep.lumbar_flexion_peak_rad) else "",
        "quality": rep.quality,
        "peak_percent": rounded(percent * peak),
        "low_percent": rounded(percent * low),
        "high_percent": rounded(percent * high),
        "descent_s": rounded(rep.descent_s),
        "ascent_s": rounded(rep.ascent_s),
    }


def curve_of(instants: Sequence[Instant], rep: Rep) -> list[list[float | None]]:
    """Return pelvis, trunk and lumbar angle [deg] over one rep, thinned to what can be drawn.

    Parameters
    ----------
    instants
        In order of time; those outside the rep are left out.
    rep
    """
    inside = [i for i in instants if rep.start_s <= i.time_s <= rep.end_s]
    step = max(1, math.ceil(len(inside) / CURVE_POINTS))
    columns = (cv.PELVIS_TILT, cv.TRUNK_INCLINATION, cv.LUMBAR_FLEXION)
    return [
        [rounded(i.time_s - rep.start_s, 2), *(rounded(math.degrees(i.angles_rad[c])) for c in columns)]
        for i in inside[::step]
    ]
