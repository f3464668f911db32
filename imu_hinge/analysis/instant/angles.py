"""Tell the angles of one instant, as `posture.measured_angles` does of many; what no sensor tells is NaN.

Scalars, because 25 a second are wanted and one costs as much as a hundred in arrays. It infers nothing from the body.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from imu_hinge import conventions as cv
from imu_hinge.analysis.instant.known import Known
from imu_hinge.analysis.instant.one_sensor import Reading, angle_between
from imu_hinge.motion.kinematics.posture import SoftTissue, inclination_sd
from imu_hinge.settings import ErrorBudget


@dataclass(frozen=True, slots=True)
class Angles:
    """Hold the angles of one instant and their standard deviations, (5,) each [rad], and what they rest on."""

    angles_rad: tuple[float, ...]
    sd_rad: tuple[float, ...]
    basis: cv.Basis | Literal[""]


UNKNOWN = Angles((math.nan,) * len(cv.ANGLES), (math.nan,) * len(cv.ANGLES), "")


def segment_of(placement: str) -> int | None:
    """Return which angle a sensor measures by itself, None where it takes the body's chain."""
    if placement in cv.PELVIS_PLACEMENTS:
        return cv.PELVIS_TILT
    return cv.TRUNK_INCLINATION if placement == "t12" else None


def angles_before_mounting(readings: Mapping[str, Reading], budget: ErrorBudget) -> Angles:
    """Return each sensor's inclination from standing in whatever direction, while nobody has bent."""
    angles, sd = list(UNKNOWN.angles_rad), list(UNKNOWN.sd_rad)
    own_sd = math.radians(math.hypot(budget.filter_live_deg, budget.standing_deg))
    for placement, reading in readings.items():
        segment = segment_of(placement)
        if reading.up0_s is not None and segment is not None:
            angles[segment] = angle_between(reading.up_s, reading.up0_s)
            sd[segment] = math.hypot(own_sd, angles[segment] * budget.sacrum_skin)  # whose skin, is not asked yet
    return Angles(tuple(angles), tuple(sd), "inferred") if not all(map(math.isnan, angles)) else UNKNOWN


def measured(
    inclinations: Mapping[str, float], readings: Mapping[str, Reading], known: Known, budget: ErrorBudget
) -> Angles:
    """Return the angles that the sensors measure, NaN elsewhere.

    Parameters
    ----------
    inclinations
        Of every sensor that delivered this instant [rad].
    readings
        Of the same sensors.
    known
    budget
    """
    angles, sd = list(UNKNOWN.angles_rad), list(UNKNOWN.sd_rad)
    by_soft_tissue, fastest = {}, 0.0
    for placement, inclination in inclinations.items():
        segment = segment_of(placement)
        if segment is None:
            continue
        k = 0 if segment == cv.PELVIS_TILT else 1
        kept = 1.0 - known.soft_tissue.share[k]
        zero_sd = known.sensors[placement].zero_sd_rad
        settling_rad = readings[placement].settling_rad
        skin_sd = float(inclination_sd(inclination, zero_sd, budget, is_live=True, settling_rad=settling_rad))
        own_sd = skin_sd / kept
        angles[segment] = inclination / kept
        by_soft_tissue[segment] = angles[segment] / kept
        sd[segment] = math.hypot(own_sd, _softness_sd(known.soft_tissue, k) * abs(by_soft_tissue[segment]))
        fastest = max(fastest, readings[placement].rate_rad_s / kept)
    is_spanned = len(by_soft_tissue) == 2
    if is_spanned:
        angles[cv.LUMBAR_FLEXION] = angles[cv.TRUNK_INCLINATION] - angles[cv.PELVIS_TILT]
        shared = known.soft_tissue.covariance[0][1] * math.prod(by_soft_tissue.values())
        variance = sd[cv.PELVIS_TILT] ** 2 + sd[cv.TRUNK_INCLINATION] ** 2 + (known.sync_s * fastest) ** 2
        sd[cv.LUMBAR_FLEXION] = math.sqrt(variance - 2.0 * shared)
    for angle in known.withheld:
        angles[angle] = sd[angle] = math.nan
    return Angles(tuple(angles), tuple(sd), "measured" if is_spanned else "inferred")


def _softness_sd(soft_tissue: SoftTissue, k: int) -> float:
    return math.sqrt(soft_tissue.covariance[k][k])
