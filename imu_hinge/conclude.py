"""Put the pieces of one analysis together: the result, its warnings, and the refusals that only the whole can tell.

It computes no angle and judges no rep. Replay (`analysis`) and live (`streaming`) both end here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.errors import NotOnTheTrunk
from imu_hinge.interpret import WORN_ELSEWHERE, Aligned
from imu_hinge.model import Posture
from imu_hinge.motion.shared_unknowns import SharedUnknowns
from imu_hinge.motion.synchrony import InStep
from imu_hinge.motion.tracks import Track
from imu_hinge.reps.exercise import Found
from imu_hinge.reps.segmentation import label_samples
from imu_hinge.result import Rep, SetResult
from imu_hinge.settings import Settings

BEHIND_S: Final = 0.015
"""A clock that was further behind is worth a word: in a quick lift that is a degree of trunk."""

RATE_OFF: Final = 2e-4
"""A rate off by more is worth a word: no crystal is, so it was stamped wrongly."""

DOES_NOT_FIT: Final = (
    "The sensors do not fit a body of the stated height and the stated places, least of all in that {}: knee and hip "
    "may be far off. Check the height, where each sensor sits and where the bar stood."
)


def result_of(
    aligned: Aligned,
    posture: Posture,
    found: Found,
    reps: Sequence[Rep],
    *,
    athlete: Athlete,
    warnings: tuple[str, ...],
    is_live: bool = False,
) -> SetResult:
    """Put the pieces of one analysis together."""
    phase, index = label_samples(posture, found.lifts, from_floor=found.exercise in cv.FLOOR_EXERCISES)
    return SetResult(
        recording_name="",
        exercise=found.exercise,
        exercise_evidence=found.evidence,
        posture=posture,
        phase=phase,
        rep_index=index,
        lifts=without_verdicts_elsewhere(reps),
        athlete=athlete,
        warnings=warnings,
        alignment_quality={p: m.share for p, m in aligned.mountings.items()},
        is_live=is_live,
    )


def without_verdicts_elsewhere(reps: Sequence[Rep]) -> tuple[Rep, ...]:
    """Return the reps, all without a verdict where half of them or more move as no pelvis or trunk does.

    A sensor sits at one place for a whole recording: the others only happen to look like a lift.
    """
    doubts = [rep.verdict.reason for rep in reps if rep.verdict.reason.endswith(WORN_ELSEWHERE)]
    if 2 * len(doubts) < max(1, len(reps)):
        return tuple(reps)
    most = f"{len(doubts)} of {len(reps)} reps move as no pelvis or trunk does: {WORN_ELSEWHERE}"
    return tuple(
        rep
        if rep.verdict.label == "undecided"
        else replace(rep, verdict=replace(rep.verdict, label="undecided", reason=most), quality="D")
        for rep in reps
    )


def check_on_trunk(aligned: Aligned) -> None:
    """Raise `NotOnTheTrunk` where a sensor turns as no part of a lifter's trunk does.

    A trunk leans forward by up to about 120 degrees and back by 30; a wrist or an ankle goes everywhere.
    """
    for placement, lean in aligned.leans.items():
        low, high = np.degrees(np.percentile(lean.lean_rad, [0.5, 99.5]))
        limit = (-70.0, 60.0) if placement == "thigh" else (-45.0, 135.0)
        side = float(np.degrees(np.percentile(np.abs(lean.side_rad), 99.0)))
        if low < limit[0] or high > limit[1] or side > 60.0:
            raise NotOnTheTrunk(
                f"The {placement} sensor does not move as one on the {placement} does: it leans from {low:.0f} to "
                f"{high:.0f} degrees and {side:.0f} to the side. Check where it was worn."
            )


def warnings_of(aligned: Aligned, settings: Settings) -> tuple[str, ...]:
    """Return what a reader must know beside the numbers."""
    found = []
    for placement, mounting in aligned.mountings.items():
        if mounting.share < settings.alignment.quality_min:
            found.append(
                f"The bends of the {placement} sensor share only {mounting.share:.2f} of one axis "
                f"(at least {settings.alignment.quality_min:g} is wanted): its angles are flagged."
            )
    for placement, lean in aligned.leans.items():
        for slip in lean.slips:
            at_s = aligned.posture.time_s[min(slip.where.start, len(aligned.posture) - 1)]
            found.append(
                f"The {placement} sensor slipped by {abs(math.degrees(slip.jump_rad)):.0f} degrees after {at_s:.1f} s; "
                "its zero was taken anew from the standing that followed."
            )
    return tuple(found)


def misfit_warnings(shared: SharedUnknowns | None) -> tuple[str, ...]:
    """Return what of a set does not fit the body, where something does not."""
    return () if shared is None or not shared.does_not_fit else (DOES_NOT_FIT.format(shared.does_not_fit),)


def clock_warnings(clocks: InStep) -> tuple[str, ...]:
    """Return which sensors' clocks were so far off that their angles would not have fitted the others'."""
    found = []
    for placement, lag_s in clocks.behind_s.items():
        drift = clocks.drift[placement]
        rate = f" and {100.0 * abs(drift):.2f} % {'fast' if drift > 0.0 else 'slow'}" if abs(drift) > RATE_OFF else ""
        if lag_s > BEHIND_S or rate:
            found.append(
                f"The clock of the {placement} sensor was {1e3 * lag_s:.0f} ms behind{rate}, by what all sensors felt: "
                f"it was put in step, to {1e3 * max(clocks.sd_s, 0.001):.0f} ms. Live, where that is not possible, its "
                "angles come late."
            )
    return tuple(found)


def without_bends(tracks: Mapping[str, Track], athlete: Athlete, told: str) -> SetResult:
    """Return the result of a recording in which nobody bends."""
    first = next(iter(tracks.values()))
    n = len(first)
    unknown = np.full((n, len(cv.ANGLES)), np.nan)
    nothing = np.full(n, np.nan)
    posture = Posture(
        time_s=first.time_s,
        angles_rad=unknown,
        sd_rad=unknown,
        lean_rad=nothing,
        side_lean_rad=nothing,
        turn_rad=nothing,
        height_m=nothing,
        height_sd_m=nothing,
        speed_mps=nothing,
        shock_mps2=nothing,
        is_still=first.is_quiet,
        flags=first.flags | np.uint16(cv.Flag.UNALIGNED),
        basis="inferred",
    )
    return SetResult(
        recording_name="",
        exercise="drill" if told == "auto" else told,
        exercise_evidence="nobody bends in this recording",
        posture=posture,
        phase=np.zeros(n, dtype=np.int8),
        rep_index=np.full(n, -1, dtype=np.int32),
        lifts=(),
        athlete=athlete,
        warnings=("No bend was found, so the sensors' mounting and every angle are unknown.",),
    )
