"""Go from the sensors' tracks to posture and lifts: the one place where the motion and the reps wing meet.

Functions of the tracks alone, so that live and replay cannot differ. It does not read, filter or print.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.analysis.inference import infer, limits_of
from imu_hinge.analysis.plausibility import (
    UPRIGHT_RAD,
    basis_of,
    doubt_about_fit,
    doubt_about_height,
    doubt_about_one_sensor,
)
from imu_hinge.athlete import Athlete
from imu_hinge.errors import NotOnTheTrunk
from imu_hinge.model import ANGLE_COLUMNS, Posture, Region
from imu_hinge.motion.hypotheses.kinds import Kinds
from imu_hinge.motion.hypotheses.mixture import Components
from imu_hinge.motion.kinematics.alignment import LEANS_BACK, Mounting, find_mountings
from imu_hinge.motion.kinematics.posture import (
    SegmentInclination,
    SoftTissue,
    assemble,
    measured_angles,
    segment_inclination,
)
from imu_hinge.motion.kinematics.track import Track
from imu_hinge.motion.linkage.map_estimate import INFERRED_MISFIT, MISFIT
from imu_hinge.motion.linkage.observations import LinkageInputs
from imu_hinge.motion.linkage.personal_references import is_calibrated
from imu_hinge.reps.exercise import FoundSet
from imu_hinge.reps.metrics import measure
from imu_hinge.reps.segmentation import Lift, on_the_floor
from imu_hinge.reps.verdict import Limits, chances_over, find, grade, judge, judge_floor, with_floor
from imu_hinge.result import NO_FLOOR, Rep
from imu_hinge.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """Hold the posture over time as the sensors alone tell it, and what it rests on."""

    posture: Posture
    mountings: Mapping[str, Mounting]
    inclinations: Mapping[str, SegmentInclination]
    soft_tissue: SoftTissue
    """What is expected of the skin under the sensors."""
    sync_s: float
    """How far apart the sensors' clocks may be [s]."""

    @property
    def quality(self) -> float:
        """The weakest sensor's first component's share."""
        return min(m.share for m in self.mountings.values())


def align(tracks: Mapping[str, Track], settings: Settings, *, is_live: bool, sync_s: float = 0.0) -> Aligned | None:
    """Return the posture over time, or None where nobody has bent yet.

    Parameters
    ----------
    tracks
        By placement, on one grid.
    settings
    is_live
        Whether the tracks were filtered forward only; the error budget differs.
    sync_s
        What is left of a lag between the clocks (sd) [s], where it is more than the error budget's.

    Raises
    ------
    MovedWhileStill
        Where a sensor was never quiet.
    NotOnTheTrunk
        Where no sensor sits on the trunk.
    """
    if set(tracks) <= set(LEANS_BACK):
        raise NotOnTheTrunk(
            "A sensor on the thigh alone tells nothing of the back: it sees neither pelvis nor trunk. Wear another one "
            "on the sacrum."
        )
    mountings, standings = find_mountings(tracks, settings)
    if not mountings:
        return None
    inclinations = {
        p: segment_inclination(t, mountings[p], standings[p], settings, is_live=is_live) for p, t in tracks.items()
    }
    is_aligned = all(m.share >= settings.alignment.quality_min for m in mountings.values())
    sync_s = max(sync_s, 1e-3 * settings.errors.sync_ms)
    posture = assemble(tracks, inclinations, settings, is_aligned=is_aligned, sync_s=sync_s)
    return Aligned(posture, mountings, inclinations, SoftTissue.expected(settings.errors), sync_s)


def link(
    aligned: Aligned,
    lifts: Sequence[Lift],
    athlete: Athlete,
    *,
    exercise: str,
    region: Region | None = None,
    before: Kinds | None = None,
) -> tuple[Posture, Kinds]:
    """Return the posture with every angle the body's chain tells, each with its band, and what the set shares.

    Parameters
    ----------
    aligned
    lifts
        Say when the bar was on the floor.
    athlete
    exercise
    region
        Solve for these instants only.
    before
        What earlier reps of the same athlete in the same mounting told.
    """
    part = slice(0, len(aligned.posture)) if region is None else region.part
    result = infer(linkage_inputs(aligned, lifts, exercise=exercise, part=part), athlete, before=before)
    posture = aligned.posture[part]
    most = MISFIT if posture.basis == "measured" else INFERRED_MISFIT
    doubted = np.uint16(cv.Flag.MISFIT if result.likeliest.misfit > most else 0)
    said = "" if before is None or before.exercise != exercise else before.does_not_fit
    found = replace(result.kinds, does_not_fit=result.likeliest.shared.does_not_fit if doubted else said)
    angles, sd = measured_angles(
        aligned.inclinations,
        soft_tissue_of(result.kinds, aligned, is_trusted=exercise in cv.FLOOR_EXERCISES and not doubted),
        part=part,
        sync_s=aligned.sync_s,
        rate_hz=posture.rate_hz,
    )
    is_known = np.isfinite(angles)  # what sensors span is measured; the chain tells the rest
    measured = Components(np.ones(1), angles[None], sd[None])
    low, high = measured.interval()
    limits = limits_of(athlete)
    return replace(
        posture,
        angles_rad=np.where(is_known, angles, result.angles_rad),
        sd_rad=np.where(is_known, sd, result.sd_rad),
        low_rad=np.where(is_known, low, result.low_rad),
        high_rad=np.where(is_known, high, result.high_rad),
        over=np.where(is_known[:, [angle for angle, _ in limits]], measured.over(limits), result.over),
        flags=posture.flags | doubted,
    ), found


def soft_tissue_of(kinds: Kinds, aligned: Aligned, *, is_trusted: bool) -> SoftTissue:
    """Return what is known of the skin under the sensors that measure, after a set.

    The bar on the floor closes the chain: it tells less of the lumbar spine than two sensors, but something that they
    cannot, which is how much of their angles the skin loses. Without it, or where the chain did not fit, people's skin
    is expected as before.

    Parameters
    ----------
    kinds
        As the set left them; the likeliest counts.
    aligned
    is_trusted
        Whether the chain was closed by a bar on the floor, and fitted.

    Returns
    -------
    SoftTissue
        Share of their angle that the skin under the pelvis and the T12 sensor loses, with its covariance.
    """
    pelvis = next((p for p in cv.PELVIS_PLACEMENTS if p in aligned.inclinations), None)
    shared = kinds.shared[kinds.likeliest]
    names = [f"{placement}.softness" for placement in (pelvis, "t12")]
    if not is_trusted or not set(names) <= set(shared.names):
        return aligned.soft_tissue
    at = [shared.names.index(name) for name in names]
    (pelvis_variance, both), (_, trunk_variance) = shared.covariance[np.ix_(at, at)].tolist()
    share = float(shared.mean[at[0]]), float(shared.mean[at[1]])
    return SoftTissue(share, ((pelvis_variance, both), (both, trunk_variance)))


def link_sets(aligned: Aligned, sets: Sequence[FoundSet], athlete: Athlete) -> tuple[Posture, Kinds | None]:
    """Return the posture with every set linked, one after the other, each knowing what the one before it told.

    What a set of another exercise told is left: it is told against that one's habits.

    Ten seconds around a set belong to it, or half of the rest to the next. Farther away only what sensors measure is
    known: nobody needs a knee angle on the way to the bar.

    Parameters
    ----------
    aligned
    sets
        In order.
    athlete

    Returns
    -------
    posture : Posture
    kinds : Kinds or None
        After the last set; None without lifts.
    """
    # ten seconds on both sides hold the standing around a set (chosen)
    margin, n = round(10.0 * aligned.posture.rate_hz), len(aligned.posture)
    columns = {name: getattr(aligned.posture, name).copy() for name in (*ANGLE_COLUMNS, "over", "flags")}
    kinds: Kinds | None = None
    ends = [(one.lifts[0].start, max(lift.stop for lift in one.lifts)) for one in sets]
    edges = [0, *((before[1] + after[0]) // 2 for before, after in pairwise(ends)), n]
    for one, (low, high) in zip(sets, pairwise(edges), strict=False):  # no set has one pair of edges
        regions: list[Region] = []
        for lift in one.lifts:
            start, stop = max(low, lift.start - margin), min(high, lift.stop + margin)
            if regions and start <= regions[-1].stop:
                regions[-1] = Region(regions[-1].start, stop)
            else:
                regions.append(Region(start, stop))
        for region in regions:
            linked, kinds = link(aligned, one.lifts, athlete, exercise=one.exercise, region=region, before=kinds)
            for name, column in columns.items():
                column[region.part] = getattr(linked, name)
    return replace(aligned.posture, **columns), kinds


def linkage_inputs(
    aligned: Aligned, lifts: Sequence[Lift], *, exercise: str, part: slice | None = None
) -> LinkageInputs:
    """Return what the linkage is told of the instants ``part``: leans, heights, when the bar was on the floor.

    Parameters
    ----------
    aligned
    lifts
        Say when the bar was on the floor, in exercises from there.
    exercise
    part
        Instants, half-open; all where None.
    """
    posture = aligned.posture
    part = slice(0, len(posture)) if part is None else part
    on_floor = on_the_floor(lifts if exercise in cv.FLOOR_EXERCISES else (), posture)[part]
    inclinations = aligned.inclinations
    heights = {
        p: inclination.travel
        for p, inclination in inclinations.items()
        if np.isfinite(inclination.travel.height_m[part]).all()
    }
    return LinkageInputs(
        time_s=np.arange(part.start, part.stop) / posture.rate_hz,  # the posture's own jumps over long holes
        inclination_rad={p: inclination.inclination_rad[part] for p, inclination in inclinations.items()},
        inclination_sd_rad={p: inclination.sd_rad[part] for p, inclination in inclinations.items()},
        height_m={p: travel.height_m[part] for p, travel in heights.items()},
        height_sd_m={p: travel.height_sd_m[part] for p, travel in heights.items()},
        on_floor=on_floor,
        exercise=exercise,
    )


def build_rep(  # noqa: PLR0913  # a rep is made of all that is known of its set
    posture: Posture,
    lift: Lift,
    *,
    exercise: str,
    athlete: Athlete,
    settings: Settings,
    earlier: Sequence[Rep],
    aligned: Aligned,
    doubt: str = "",
) -> Rep:
    """Return one lift as a rep: its numbers, its verdict, its findings, its grade.

    Parameters
    ----------
    posture, lift, exercise, athlete, settings
    earlier
        The reps of its set before it.
    aligned
        Which sensors were worn, and how well their mounting is known.
    doubt
        Why no verdict may be given, or nothing.
    """
    metrics = measure(posture, lift)
    limits = Limits.of(athlete, settings.verdict)
    from_floor = exercise in cv.FLOOR_EXERCISES
    findings = find(
        posture,
        lift,
        metrics,
        limits,
        from_floor=from_floor,
        earlier=[rep.lumbar_flexion_peak_rad for rep in earlier],
    )
    basis = basis_of(posture, lift, aligned.posture)
    if aligned.quality < settings.verdict.alignment_min:
        doubt = "the bends do not share one axis, so forward is not known"
    doubt = doubt or doubt_about_fit(posture, lift, basis) or doubt_about_height(posture, lift, athlete, basis=basis)
    verdict, floor = judge(metrics, findings, limits, doubt=doubt, from_floor=from_floor), NO_FLOOR
    if from_floor:
        floor = judge_floor(metrics, limits, doubt=doubt)
        verdict = verdict if doubt else with_floor(verdict, floor)
    # who squats leans: upright, next to nothing of the back is seen, and a wrist goes down like that
    is_told = verdict.label == "squat" and metrics.peak_rad[cv.PELVIS_TILT] > UPRIGHT_RAD
    if not doubt and not is_told and basis != "measured" and not from_floor:
        doubt = doubt_about_one_sensor(posture, is_calibrated=is_calibrated(athlete, aligned.inclinations))
        verdict = judge(metrics, findings, limits, doubt=doubt) if doubt else verdict
    peak, bottom = metrics.peak_rad, metrics.bottom_rad
    lumbar_over, knees_over = chances_over(metrics, limits)
    rep = Rep(
        rep=len(earlier),
        exercise=exercise,
        start_s=metrics.start_s,
        turn_s=metrics.turn_s,
        end_s=metrics.end_s,
        descent_s=metrics.descent_s,
        ascent_s=metrics.ascent_s,
        pause_s=metrics.pause_s,
        pelvis_tilt_peak_rad=float(peak[cv.PELVIS_TILT]),
        trunk_inclination_peak_rad=float(peak[cv.TRUNK_INCLINATION]),
        lumbar_flexion_peak_rad=float(peak[cv.LUMBAR_FLEXION]),
        lumbar_flexion_peak_sd_rad=float(metrics.peak_sd_rad[cv.LUMBAR_FLEXION]),
        lumbar_flexion_bottom_rad=float(bottom[cv.LUMBAR_FLEXION]),
        lumbar_flexion_bottom_sd_rad=float(metrics.bottom_sd_rad[cv.LUMBAR_FLEXION]),
        knee_flexion_peak_rad=float(peak[cv.KNEE_FLEXION]),
        lumbar_share=metrics.lumbar_share,
        basis=basis,
        verdict=verdict,
        quality=grade(posture, lift, alignment_quality=aligned.quality, is_undecidable=bool(doubt)),
        verdict_floor=floor,
        lumbar_over=lumbar_over,
        knees_over=knees_over,
    )
    return replace(rep, **metrics.ends)
