"""Put the sensors' tracks together into joint angles over time, each with its standard deviation.

It knows where sensors sit, and nothing of reps. What no sensor tells is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.model import Array, Flags, Posture, Region
from imu_hinge.motion.kinematics.alignment import Mounting, sagittal_inclination, side_inclination
from imu_hinge.motion.kinematics.settling import settling_sd
from imu_hinge.motion.kinematics.standing import (
    Slip,
    Standing,
    find_slips,
    lower_than_near,
    standing_apart,
    zero_offset,
)
from imu_hinge.motion.kinematics.track import Track, across_gaps, stills, turned
from imu_hinge.motion.kinematics.vertical_acceleration import IMPACT_MPS2, Travel, shock_together
from imu_hinge.motion.kinematics.vertical_displacement import vertical_motion
from imu_hinge.settings import ErrorBudget, Settings
from imu_hinge.signals import derivative, smooth, spread, turning_points

SEAT_M: Final = 0.15
"""Who is upright this much lower than a moment before or after sits or kneels and has locked nothing out [m]: a seat is
0.3 to 0.5 m below standing, and lockouts, whose speed is not quite zero, come out up to 0.1 m apart ..."""

SITS_WITHIN_S: Final = 3.0
"""... where they are no farther apart than sitting down takes [s]; the integral drifts with the square of the time."""

SLIPS_RAD, SLIPS_EVERY_S = math.radians(3.0), 600.0
"""A belt slips in steps of 1 to 5 degrees (docs/biomechanics.md, 6.3), one in ten minutes (judged)."""


@dataclass(frozen=True, slots=True, eq=False)
class SegmentInclination:
    """Hold one sensor's inclination and vertical travel, re-zeroed where it slipped.

    Parameters
    ----------
    inclination_rad, sd_rad : (n,) [rad]
        Inclination of the skin under the sensor, forward positive, zero in standing; in a gap a straight line over
        it, with an infinite standard deviation.
    side_rad : (n,) [rad]
        Lean out of the sagittal plane, to the left positive.
    travel
        See `vertical_acceleration.Travel`.
    slips
        Where the sensor moved on the body.
    zero_rad, zero_sd_rad
        What was taken off at the newest instant, and how well zero is known.
    """

    inclination_rad: Array
    sd_rad: Array
    side_rad: Array
    travel: Travel
    slips: tuple[Slip, ...]
    zero_rad: float
    zero_sd_rad: float


def segment_inclination(
    track: Track, mounting: Mounting, standing: Standing, settings: Settings, *, is_live: bool
) -> SegmentInclination:
    """Return one sensor's inclination with its error budget, and its vertical travel.

    Parameters
    ----------
    track
    mounting
        How the sensor is turned on its segment.
    standing
        When the body stood, and where up was then.
    settings
    is_live
        Whether the track was filtered forward only; the error budget differs.

    Notes
    -----
    Its variance is the sum of the filter's, of that of zero (how well standing repeats itself) and of that of the axis,
    whose error turns a part of the bend out of the sagittal plane; a slip adds its jump.
    """
    raw = across_gaps(sagittal_inclination(track.up_s, mounting), track.is_gap)
    slips = find_slips(raw, standing, track.rate_hz, settings.alignment)
    zero = zero_offset(raw, standing, slips, track.rate_hz)
    inclination = raw - zero
    zero_sd = max(mounting.zero_sd_rad, standing_apart(inclination, standing, track.rate_hz))
    settling = settling_sd(track.is_gap, track.rate_hz, both_ways=not is_live)
    creep = creep_sd(standing, len(raw), track.rate_hz) if is_live else 0.0
    since = np.hypot(settling, creep)
    sd = inclination_sd(inclination, zero_sd, settings.errors, is_live=is_live, settling_rad=since)
    for slip in slips:
        sd[slip.where.part] = np.hypot(sd[slip.where.part], abs(slip.jump_rad))
    sd[track.is_gap] = math.inf
    still = stills(track, settings.stillness)
    points = turning_points(smooth(inclination, round(0.15 * track.rate_hz)), np.radians(25.0))
    is_upright = (
        (inclination > -np.radians(30.0)) & (inclination < np.radians(8.0)) & ~track.is_gap
    )  # a lockout may lean back
    upright = [i for i in points if is_upright[i]]
    is_low = lower_than_near(track, [Region(i, i + 1) for i in upright], least_m=SEAT_M, joined_s=SITS_WITHIN_S)
    lockouts = [i for i, sits in zip(upright, is_low, strict=True) if not sits]
    travel = vertical_motion(
        track,
        inclination,
        settling_rad=settling,
        still=still + _floor_rests(track, inclination, lockouts),
        level=sorted({*(i for r in standing.where for i in (r.start, r.stop - 1)), *lockouts}),
    )
    side = across_gaps(side_inclination(track.up_s, mounting), track.is_gap)
    return SegmentInclination(inclination, sd, side, travel, tuple(slips), float(zero[-1]), float(zero_sd))


def inclination_sd(
    inclination_rad: Array | float,
    zero_sd_rad: float,
    budget: ErrorBudget,
    *,
    is_live: bool,
    settling_rad: Array | float = 0.0,
) -> Array:
    """Return the standard deviation of an inclination by the error budget; see `segment_inclination`. [rad].

    Parameters
    ----------
    inclination_rad : (n,) or one [rad]
    zero_sd_rad
        Of standing.
    budget
    is_live
        Whether the track was filtered forward only.
    settling_rad : (n,) or one [rad]
        What a hole has left, see `settling`.
    """
    filter_sd = np.radians(budget.filter_live_deg if is_live else budget.filter_both_ways_deg)
    axis = np.radians(budget.axis_deg)
    axis_sd = np.hypot(
        inclination_rad * np.sqrt(0.75) * axis**2, np.radians(3.0) * np.sin(axis)
    )  # 1 - cos, its root mean square
    return np.asarray(np.sqrt(filter_sd**2 + settling_rad**2 + zero_sd_rad**2 + axis_sd**2))


def creep_sd(standing: Standing, count: int, rate_hz: float) -> Array:
    """Return how far a sensor may have crept since it last stood (sd), (count,) [rad]; before the first standing none.

    Live, only the standing that follows can tell of a slip.

    Parameters
    ----------
    standing
    count
        Of instants.
    rate_hz
    """
    ends = np.array([0, *(r.stop for r in standing.where if r.stop <= count)])
    instants = np.arange(count)
    since_s = (instants - ends[np.searchsorted(ends, instants, side="right") - 1]) / rate_hz
    return np.asarray(SLIPS_RAD * np.sqrt(since_s / SLIPS_EVERY_S))


def _floor_rests(track: Track, inclination: Array, lockouts: list[int]) -> list[Region]:
    """Return the quietest moment of each pause at the bottom of a bend, where there is one.

    Plates shake the sensor as they land, so a short pause is no quiet stretch by the usual measure. The stretch must
    still be longer than the moment in mid-lift at which speed is constant and nothing turns. Where a landing is felt,
    the pause comes after it; without a pause (touch-and-go) the landing itself is where the way down ends.
    """
    width = max(5, round(0.3 * track.rate_hz))
    force = np.sqrt(np.einsum("ij,ij->i", track.acc, track.acc))
    turning = smooth(np.sqrt(np.einsum("ij,ij->i", track.gyr, track.gyr)), width)
    unrest = np.hypot(turning / np.radians(10.0), spread(force, width) / 0.6)
    unrest = np.hypot(unrest, (smooth(force, width) - cv.GRAVITY_MPS2) / 0.5)
    unrest[track.is_gap] = math.inf
    high_pass_acc = track.high_pass_acc_mps2
    found = []
    for start, stop in pairwise(lockouts):
        deep = start + np.flatnonzero(inclination[start:stop] > 0.75 * inclination[start:stop].max())
        if not deep.size or inclination[deep].max() <= np.radians(20.0):
            continue
        impact = deep[high_pass_acc[deep] > IMPACT_MPS2]
        landed = int(impact[0]) + round(0.08 * track.rate_hz) if impact.size else -1
        later = deep[deep >= landed]
        at = int(later[np.argmin(unrest[later])]) if later.size else -1
        if at >= 0 and unrest[at] < 1.2:
            found.append(Region(at, at + 1))
        elif start < landed < stop:
            found.append(Region(landed, landed + 1))
    return found


@dataclass(frozen=True, slots=True)
class SoftTissue:
    """Hold what share of the bone's inclination the skin loses over pelvis and trunk, (2,), and its covariance (2, 2).

    Before a set it is what people's skin does (`settings.ErrorBudget`); the linkage may learn more of it.
    """

    share: tuple[float, float]
    covariance: tuple[tuple[float, float], tuple[float, float]]

    @classmethod
    def expected(cls, budget: ErrorBudget) -> SoftTissue:
        """Return what is expected of anybody's."""
        pelvis, trunk = budget.sacrum_skin_sd**2, budget.t12_skin_sd**2
        return cls((budget.sacrum_skin, budget.t12_skin), ((pelvis, 0.0), (0.0, trunk)))


def measured_angles(
    inclinations: Mapping[str, SegmentInclination],
    soft_tissue: SoftTissue,
    *,
    part: slice,
    sync_s: float,
    rate_hz: float,
) -> tuple[Array, Array]:
    """Return the angles that sensors measure and their standard deviations at the instants of ``part``; else NaN.

    Parameters
    ----------
    inclinations
        By placement.
    soft_tissue
    part
    sync_s
        How far apart the sensors' clocks may be [s].
    rate_hz

    Returns
    -------
    (n, 5), (n, 5) [rad]
        In the order of `conventions.ANGLES`.
    """
    pelvis = next((p for p in cv.PELVIS_PLACEMENTS if p in inclinations), None)
    n = len(next(iter(inclinations.values())).inclination_rad[part])
    angles, sd = np.full((n, len(cv.ANGLES)), np.nan), np.full((n, len(cv.ANGLES)), np.nan)
    by_soft_tissue = np.zeros((2, n))  # what a bone's angle changes by with the share
    for k, placement, angle in ((0, pelvis, cv.PELVIS_TILT), (1, "t12", cv.TRUNK_INCLINATION)):
        if placement is not None and placement in inclinations:
            kept = 1.0 - soft_tissue.share[k]
            bone, own_sd = (
                inclinations[placement].inclination_rad[part] / kept,
                inclinations[placement].sd_rad[part] / kept,
            )
            angles[:, angle], by_soft_tissue[k] = bone, bone / kept
            sd[:, angle] = np.hypot(own_sd, math.sqrt(soft_tissue.covariance[k][k]) * np.abs(by_soft_tissue[k]))
    if pelvis is not None and "t12" in inclinations:
        lumbar = angles[:, cv.TRUNK_INCLINATION] - angles[:, cv.PELVIS_TILT]
        # one of both is read so much too early or late: by its own rate, not by the difference of both
        fastest = np.maximum(
            *(np.abs(derivative(angles[:, k], rate_hz)) for k in (cv.PELVIS_TILT, cv.TRUNK_INCLINATION))
        )
        sync = sync_s * fastest
        variance = sd[:, cv.PELVIS_TILT] ** 2 + sd[:, cv.TRUNK_INCLINATION] ** 2 + sync**2
        angles[:, cv.LUMBAR_FLEXION] = lumbar
        sd[:, cv.LUMBAR_FLEXION] = np.sqrt(
            variance - 2.0 * soft_tissue.covariance[0][1] * by_soft_tissue[0] * by_soft_tissue[1]
        )
    is_unknown = ~np.isfinite(sd)  # in a gap of a sensor nothing is measured of what it measures
    angles[is_unknown], sd[is_unknown] = np.nan, np.nan
    return angles, sd


def assemble(
    tracks: Mapping[str, Track],
    inclinations: Mapping[str, SegmentInclination],
    settings: Settings,
    *,
    is_aligned: bool = True,
    sync_s: float,
) -> Posture:
    """Return the angles that the sensors measure; what they do not measure is NaN.

    Parameters
    ----------
    tracks, inclinations
        By placement, on one grid.
    settings
    is_aligned
        False where the first component's share is low: every sample is then flagged.
    sync_s
        How far apart the sensors' clocks may be [s].

    Notes
    -----
    The skin over a segment turns by ``1 - k`` of the bone, ``k`` with a stated mean and spread; the mean is taken out
    and the spread goes into the standard deviation (`settings.ErrorBudget`).
    """
    first = next(iter(tracks.values()))
    budget = settings.errors
    angles, sd = measured_angles(
        inclinations, SoftTissue.expected(budget), part=slice(0, len(first)), sync_s=sync_s, rate_hz=first.rate_hz
    )
    pelvis = next((p for p in cv.PELVIS_PLACEMENTS if p in inclinations), None)
    lead = lead_placement(inclinations)
    travel = inclinations[pelvis or lead].travel
    return Posture(
        time_s=first.time_s,
        angles_rad=angles,
        sd_rad=sd,
        inclination_rad=inclinations[lead].inclination_rad,
        side_inclination_rad=inclinations[lead].side_rad,
        turn_rad=turned(tracks[lead]),
        height_m=travel.height_m,
        height_sd_m=travel.height_sd_m,
        speed_mps=travel.speed_mps,
        shock_mps2=shock_together(list(tracks.values())),
        is_still=reduce(np.logical_and, (t.is_stationary for t in tracks.values())),
        flags=_flags(tracks, inclinations, is_aligned=is_aligned),
        basis="measured" if pelvis is not None and "t12" in inclinations else "inferred",
        acceleration_mps2=travel.acceleration_mps2,
        impact_mps=travel.impact_mps,
    )


def lead_placement(inclinations: Collection[str]) -> str:
    """Return the placement whose lean tells the bends best: the highest on the trunk."""
    return next((p for p in ("t12", "lumbar", "chest", "sacrum", "hip") if p in inclinations), next(iter(inclinations)))


def _flags(tracks: Mapping[str, Track], inclinations: Mapping[str, SegmentInclination], *, is_aligned: bool) -> Flags:
    flags: Flags = reduce(np.bitwise_or, (t.flags for t in tracks.values())).astype(np.uint16)
    if not is_aligned:
        flags |= np.uint16(cv.Flag.UNALIGNED)
    for inclination in inclinations.values():
        for slip in inclination.slips:
            flags[slip.where.start :] |= np.uint16(cv.Flag.SLIPPED)
    return flags
