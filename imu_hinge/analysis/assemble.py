"""Put the pieces of one analysis together: the result, its warnings, and the refusals that only the whole can tell.

It computes no angle and judges no rep. Replay (`offline`) and live (`live`) both end here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.analysis.pipeline import Aligned
from imu_hinge.analysis.plausibility import WORN_ELSEWHERE
from imu_hinge.athlete import Athlete
from imu_hinge.errors import NotOnTheTrunk
from imu_hinge.lifted_set import LiftedSet
from imu_hinge.model import JUMP_S, Array, Posture, Region, grid_rate_hz
from imu_hinge.motion.hypotheses.kinds import Kinds
from imu_hinge.motion.kinematics.clock_offset import Synchronised
from imu_hinge.motion.kinematics.track import Track
from imu_hinge.reps.exercise import Found
from imu_hinge.reps.segmentation import label_samples
from imu_hinge.result import OtherBend, Rep, SetResult, Verdict
from imu_hinge.settings import Settings
from imu_hinge.text import Mended

BEHIND_S: Final = 0.015
"""A clock that was further behind is worth a word: in a quick lift that is a degree of trunk."""

RATE_OFF: Final = 2e-4
"""A rate off by more is worth a word: no crystal is, so it was stamped wrongly."""

UNTOLD_S: Final = 0.05
"""What is left of a lag is worth a word above this: in a lift of 60 deg/s it is 3 degrees of trunk."""
HOLES_NAMED: Final = 6
"""A radio that fails all the time is told by its first holes and their number; a sentence must stay one."""

SETTLED_S: Final = 3.0
"""After a hole the inclination starts anew, from one acceleration in mid-movement; it is averaged over so much, and
until then it refuses nobody [s]."""

TOGETHER_S: Final = 0.25
"""Holes of two sensors whose ends are this near are one failure of the radio [s]."""

SILENT: Final = (
    "The {} {} silent {}: what would have been measured there is inferred or not told. Wear sensors where the body is "
    "not between them and the receiver."
)

TOO_SLOW_FOR_DROPS: Final = (
    "The sensors deliver fewer than 16 samples a second and cannot tell a bar that was dropped from one that was "
    "lowered: a last rep whose bar was dropped may be missing. Set the sensors to 50 Hz or more."
)

DOES_NOT_FIT: Final = (
    "The sensors do not fit a body of the stated height that stands on its feet alone, with sensors at the stated "
    "places, least of all in that {}: knee and hip may be far off. Somebody sat or leaned on something, a sensor slid "
    "or sits elsewhere, or the height or the bar's is another: check which."
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
    """Put the pieces of one analysis together.

    Parameters
    ----------
    aligned
    posture
        With every angle that the chain tells; the whole recording.
    found
        The exercise, its evidence and its lifts.
    reps
        One per lift, in order.
    athlete
    warnings
        Sentences for a person, the gravest first.
    is_live
        Whether the tracks were filtered forward only.
    """
    lifts = found.lifts
    phase, index = label_samples(
        posture,
        lifts,
        from_floor=[rep.exercise in cv.FLOOR_EXERCISES for rep in reps],
        rep_of=[rep.rep for rep in reps],
    )
    set_index = np.full(len(posture), -1, dtype=np.int32)
    for lift, rep in zip(lifts, reps, strict=True):
        set_index[lift.start : lift.stop] = rep.set
    return SetResult(
        recording_name="",
        exercise=found.exercise,
        exercise_evidence=found.evidence,
        posture=replace(posture, acceleration_mps2=None, impact_mps=None),
        phase=phase,
        rep_index=index,
        lifts=without_verdicts_elsewhere(reps),
        athlete=athlete,
        other_bends=other_bends(found, posture.time_s),
        warnings=(*warnings, *drop_warnings(posture, reps)),
        alignment_quality={p: m.share for p, m in aligned.mountings.items()},
        is_live=is_live,
        set_list=tuple(LiftedSet(one.exercise, one.evidence, is_edited=one.is_edited) for one in found.sets),
        set_index=set_index,
    )


def other_bends(found: Found, time_s: Array) -> tuple[OtherBend, ...]:
    """Return what bends and is no rep, on the host's timeline. (n,) [s]."""
    last = len(time_s) - 1
    return tuple(OtherBend(float(time_s[o.start]), float(time_s[min(o.stop, last)]), o.reason) for o in found.others)


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


TRUNK_DEG: Final = (-45.0, 135.0)
"""A trunk leans forward by up to about 120 degrees and back by 30; half a right angle of room together [deg]."""
THIGH_DEG: Final = (-120.0, 60.0)
"""A thigh leans back as the hips go down, which reads negative, by up to 110 degrees where calf and thigh meet; forward
in a step. With room, chosen [deg]."""
SIDE_DEG: Final = 60.0
"""Chosen: nobody bends to the side by as much with a weight in the hands [deg]."""


def check_on_trunk(aligned: Aligned) -> None:
    """Raise `NotOnTheTrunk` where a sensor turns as no part of a lifter's trunk does.

    A trunk leans forward by up to about 120 degrees and back by 30; a wrist or an ankle goes everywhere.
    """
    gaps = np.concatenate(([0], np.cumsum(aligned.posture.is_gap)))
    first = np.maximum(np.arange(len(aligned.posture)) - round(SETTLED_S * aligned.posture.rate_hz), 0)
    is_settled = gaps[1:] == gaps[first]
    for placement, inclination in aligned.inclinations.items() if is_settled.any() else ():
        # a share of a percent may be an impact or a spike
        low, high = np.degrees(np.percentile(inclination.inclination_rad[is_settled], [0.5, 99.5]))
        limit = THIGH_DEG if placement == "thigh" else TRUNK_DEG
        side = float(np.degrees(np.percentile(np.abs(inclination.side_rad[is_settled]), 99.0)))  # as above
        if low < limit[0] or high > limit[1] or side > SIDE_DEG:
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
    for placement, inclination in aligned.inclinations.items():
        for slip in inclination.slips:
            at_s = aligned.posture.time_s[min(slip.where.start, len(aligned.posture) - 1)]
            found.append(
                f"The {placement} sensor slipped by {abs(math.degrees(slip.jump_rad)):.0f} degrees after {at_s:.1f} s; "
                "its zero was taken anew from the standing that followed."
            )
    return tuple(found)


def doubted(rep: Rep, doubt: str) -> Rep:
    """Return a rep that was judged before something came up that forbids it."""
    verdict = rep.verdict
    if verdict.label == "undecided":
        return replace(rep, quality="D")
    return replace(rep, verdict=Verdict("undecided", verdict.confidence, verdict.findings, doubt), quality="D")


def misfit_warnings(kinds: Kinds | None) -> tuple[str, ...]:
    """Return what of a set does not fit the body, where something does not."""
    return () if kinds is None or not kinds.does_not_fit else (DOES_NOT_FIT.format(kinds.does_not_fit),)


def drop_warnings(posture: Posture, reps: Sequence[Rep]) -> tuple[str, ...]:
    """Return that sensors as slow as have no height (`vertical_displacement.SLOWEST_HZ`) meet no dropped bar either."""
    is_told = bool(np.isfinite(posture.height_m).any())
    return () if is_told or not any(rep.exercise in cv.FLOOR_EXERCISES for rep in reps) else (TOO_SLOW_FOR_DROPS,)


def hole_warnings(holes: Mapping[str, Sequence[Region]], time_s: Array, reps: Sequence[Rep]) -> tuple[str, ...]:
    """Return when sensors were silent, and which reps that touches; one sentence for those silent together.

    Parameters
    ----------
    holes
        By placement, on the whole recording's grid.
    time_s : (n,) [s]
        That grid.
    reps
    """
    near = max(1, round(TOGETHER_S * grid_rate_hz(time_s))) if len(time_s) > 1 else 1
    groups: list[tuple[list[str], Sequence[Region]]] = []
    for placement, every in holes.items():
        own = [
            hole for hole in every if not _jumps(hole, time_s)
        ]  # what `motion.kinematics.long_holes` took out it tells itself
        alike = [who for who, others in groups if _are_together(own, others, near)]
        if alike:
            alike[0].append(placement)
        elif own:
            groups.append(([placement], own))
    found = []
    for who, regions in groups:
        named = []
        for hole in regions[:HOLES_NAMED]:
            from_s, to_s = float(time_s[hole.start]), float(time_s[min(hole.stop, len(time_s) - 1)])
            touched = [str(rep.rep + 1) for rep in reps if rep.start_s <= to_s and from_s <= rep.end_s]
            what = f"rep{'s' * (len(touched) > 1)} {' and '.join(touched)}" if touched else "no rep"
            named.append(f"from {from_s:.1f} to {to_s:.1f} s ({what})")
        more = f" and {len(regions) - HOLES_NAMED} times more" if len(regions) > HOLES_NAMED else ""
        sensors = "sensors were" if len(who) > 1 else "sensor was"
        found.append(SILENT.format(" and ".join(who), sensors, f"{', '.join(named)}{more}"))
    return tuple(found)


def _jumps(hole: Region, time_s: Array) -> bool:
    """Tell whether the grid jumps over the middle of a hole."""
    return bool(np.any(np.diff(time_s[hole.start : hole.stop + 1]) > JUMP_S))


def _are_together(some: Sequence[Region], others: Sequence[Region], near: int) -> bool:
    """Tell whether two sensors were silent at the same times, within ``near`` instants."""
    pairs = zip(some, others, strict=False)
    return len(some) == len(others) and all(
        abs(a.start - b.start) <= near and abs(a.stop - b.stop) <= near for a, b in pairs
    )


def clock_warnings(clocks: Synchronised) -> tuple[str, ...]:
    """Return which sensors' clocks were so far off that their angles would not have fitted the others'."""
    found: list[str] = []
    for placement, lag_s in clocks.behind_s.items():
        drift = clocks.drift[placement]
        rate = f" and {100.0 * abs(drift):.2f} % {'fast' if drift > 0.0 else 'slow'}" if abs(drift) > RATE_OFF else ""
        if lag_s > BEHIND_S or rate:
            told = (
                f"The clock of the {placement} sensor was {1e3 * lag_s:.0f} ms behind{rate}, by what all sensors felt: "
                f"it was put in step, to {1e3 * max(clocks.sd_s, 0.001):.0f} ms. Live no "
                "sample can wait for that, and above 50 ms lumbar angles are withheld."
            )
            found.append(Mended(told))
    if clocks.sd_s > UNTOLD_S:
        found.append(
            f"Whether the sensors' clocks agree cannot be told better than to {clocks.sd_s:.2f} s: both have too "
            "little motion or shake in common. While the trunk turns, lumbar flexion is less certain. Walk some steps "
            "before and after the set."
        )
    return tuple(found)


def empty_result(tracks: Mapping[str, Track], athlete: Athlete, told: str) -> SetResult:
    """Return the result of a recording in which nobody bends.

    Parameters
    ----------
    tracks
        By placement, on one grid; the first gives times and flags.
    athlete
    told
        The exercise that was asked for; ``auto`` becomes ``drill``.

    Returns
    -------
    SetResult
        Every angle NaN, no reps, and a warning that says why.
    """
    first = next(iter(tracks.values()))
    n = len(first)
    unknown = np.full((n, len(cv.ANGLES)), np.nan)
    nothing = np.full(n, np.nan)
    posture = Posture(
        time_s=first.time_s,
        angles_rad=unknown,
        sd_rad=unknown,
        inclination_rad=nothing,
        side_inclination_rad=nothing,
        turn_rad=nothing,
        height_m=nothing,
        height_sd_m=nothing,
        speed_mps=nothing,
        shock_mps2=nothing,
        is_still=first.is_stationary,
        flags=first.flags | np.uint16(cv.Flag.UNALIGNED),
        basis="inferred",
    )
    return SetResult(
        recording_name="",
        exercise=cv.OTHER if told == "auto" else told,
        exercise_evidence="nobody bends in this recording",
        posture=posture,
        phase=np.zeros(n, dtype=np.int8),
        rep_index=np.full(n, -1, dtype=np.int32),
        lifts=(),
        athlete=athlete,
        warnings=("No bend was found, so the sensors' mounting and every angle are unknown.",),
    )
