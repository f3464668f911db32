"""Define one set of a session as it was lifted: its exercise with the evidence, and what people say of it.

Its numbers come from its reps; nothing here finds a set.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from imu_hinge import conventions as cv


@dataclass(frozen=True, slots=True)
class LiftedSet:
    """Hold one set of a session.

    Parameters
    ----------
    exercise, evidence
        What was lifted, and one sentence why it is that.
    load_kg
        The bar with its plates; NaN where nobody said.
    rpe
        Rating of perceived exertion, 0 to 10; NaN where nobody said.
    note
        Free text.
    is_edited
        Whether a person changed what was found.
    """

    exercise: str
    evidence: str
    load_kg: float = math.nan
    rpe: float = math.nan
    note: str = ""
    is_edited: bool = False


def set_row(number: int, one: LiftedSet, reps: Sequence[Mapping[str, Any]], *, before_s: float) -> dict[str, Any]:
    """Return a set as one row of the ``sets`` table, degrees at this edge.

    Parameters
    ----------
    number
        From 0 on.
    one
    reps
        The rows of its reps, at least one; see `conventions.REP_COLUMNS`.
    before_s
        End of the last rep before it [s]; NaN before the first set.
    """
    known = [rep for rep in reps if math.isfinite(rep["lumbar_flexion_peak_deg"])]
    deepest = max(known or reps, key=lambda rep: float(rep["lumbar_flexion_peak_deg"]))
    peak_deg, sd_deg = deepest["lumbar_flexion_peak_deg"], deepest["lumbar_flexion_peak_sd_deg"]
    counts = Counter(rep["verdict"] for rep in reps)
    return {
        "set": number,
        "exercise": one.exercise,
        "start_s": reps[0]["start_s"],
        "stop_s": reps[-1]["end_s"],
        "reps": len(reps),
        "rest_before_s": reps[0]["start_s"] - before_s,
        "load_kg": one.load_kg,
        "basis": deepest["basis"],
        "lumbar_flexion_peak_deg": peak_deg,
        "lumbar_flexion_peak_sd_deg": sd_deg,
        "lumbar_flexion_peak_low_deg": deepest["lumbar_flexion_peak_low_deg"],
        "lumbar_flexion_peak_high_deg": deepest["lumbar_flexion_peak_high_deg"],
        "verdicts": ";".join(f"{label}={counts[label]}" for label in cv.VERDICTS if counts[label]),
        "rpe": one.rpe,
        "note": one.note,
        "edited": one.is_edited,
        "evidence": one.evidence,
    }
