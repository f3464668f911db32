"""Measure one lift: times, peaks, bottom values, the lumbar share. It does not judge them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.model import Array, Posture
from imu_hinge.reps.segmentation import Lift
from imu_hinge.signals import Mask, smooth

AT_THE_TURN_S: Final = (-0.1, 0.1)
"""The bottom of a lift from the top is a place where nothing moves fast."""

BEFORE_THE_PULL_S: Final = (-0.2, -0.05)
"""A lift from the floor begins where the bar leaves it, known to about a tenth of a second; a back that rounds then
does so at once, and what it was with the bar on the floor is before (judged)."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Hold the numbers of one lift; seconds and radians, NaN where it cannot be told.

    ``peak`` and ``bottom`` are the value, its standard deviation and the ends of its 95 % interval per angle, in the
    order of `conventions.ANGLES`; ``over`` how probable lumbar flexion and knee flexion are over the athlete's limits,
    at any time in the lift and at the bottom (2,).
    """

    start_s: float
    turn_s: float
    end_s: float
    descent_s: float
    ascent_s: float
    pause_s: float
    peak_rad: Array
    peak_sd_rad: Array
    bottom_rad: Array
    bottom_sd_rad: Array
    peak_ends_rad: tuple[Array, Array]
    bottom_ends_rad: tuple[Array, Array]
    over: Array
    over_bottom: Array
    lumbar_share: float

    @property
    def ends(self) -> dict[str, Any]:
        """The intervals by the names of a rep's fields [rad]."""
        lumbar, knee = cv.LUMBAR_FLEXION, cv.KNEE_FLEXION
        (low, high), (bottom_low, bottom_high) = self.peak_ends_rad, self.bottom_ends_rad
        return {
            "lumbar_flexion_peak_low_rad": float(low[lumbar]),
            "lumbar_flexion_peak_high_rad": float(high[lumbar]),
            "lumbar_flexion_bottom_low_rad": float(bottom_low[lumbar]),
            "lumbar_flexion_bottom_high_rad": float(bottom_high[lumbar]),
            "knee_flexion_peak_sd_rad": float(self.peak_sd_rad[knee]),
            "knee_flexion_peak_low_rad": float(low[knee]),
            "knee_flexion_peak_high_rad": float(high[knee]),
        }


def measure(posture: Posture, lift: Lift) -> Metrics:
    """Return the numbers of one lift."""
    rate_hz = posture.rate_hz
    # a tenth of a second: no peak of a movement is shorter (chosen)
    whole, width = slice(lift.start, lift.stop + 1), round(0.1 * rate_hz)
    angles = smooth(posture.angles_rad[whole], width)  # (m, 5)
    sd, high = posture.sd_rad[whole], posture.high_rad[whole]
    peak, peak_sd = _peaks(angles, sd, high, is_gap=posture.is_gap[whole])
    ends = [_largest(smooth(column[whole], width)) for column in (posture.low_rad, posture.high_rad)]
    first_s, last_s = BEFORE_THE_PULL_S if lift.bottom <= lift.start else AT_THE_TURN_S
    first = max(lift.bottom + round(first_s * rate_hz), 0)
    around = slice(first, max(lift.bottom + round(last_s * rate_hz), first) + 1)
    bottom = _mean(posture.angles_rad[around])
    bottom_sd = _mean(posture.sd_rad[around])
    time_s = posture.time_s
    return Metrics(
        start_s=float(time_s[lift.start]),
        turn_s=float(time_s[min(lift.turn, len(posture) - 1)]),
        end_s=float(time_s[min(lift.stop, len(posture) - 1)]),
        descent_s=len(lift.down) / rate_hz if len(lift.down) else math.nan,
        ascent_s=len(lift.up) / rate_hz,
        pause_s=max(0, len(lift.pause)) / rate_hz,
        peak_rad=peak,
        peak_sd_rad=peak_sd,
        bottom_rad=bottom,
        bottom_sd_rad=bottom_sd,
        peak_ends_rad=(ends[0], ends[1]),
        bottom_ends_rad=(_mean(posture.low_rad[around]), _mean(posture.high_rad[around])),
        over=_largest(smooth(posture.over[whole], width)),
        over_bottom=_mean(posture.over[around]),
        lumbar_share=_share(angles),
    )


def _peaks(angles: Array, sd: Array, high: Array, *, is_gap: Mask) -> tuple[Array, Array]:
    """Return each angle's largest value and its standard deviation. (m, 5) thrice, (m,) -> (5,), (5,).

    That is the one there, and more where the peak may as well lie elsewhere: in a hole, or where the interval reaches
    farther than at the largest value, as on a way that the sensor does not see.
    """
    peak, peak_sd = np.full(angles.shape[1], np.nan), np.full(angles.shape[1], np.nan)
    for k in range(angles.shape[1]):
        known = np.isfinite(angles[:, k])
        if known.any():
            i = int(np.nanargmax(angles[:, k]))
            is_open = (is_gap | (high[:, k] > high[i, k])) & known
            reach = np.max((angles[:, k] + sd[:, k])[is_open], initial=-math.inf) - angles[i, k]
            peak[k], peak_sd[k] = angles[i, k], max(float(sd[i, k]), float(reach))
    return peak, peak_sd


def _largest(rows: Array) -> Array:
    """Return each column's largest known value, NaN where none is. (m, k) -> (k,).

    The largest of any distribution's ends bounds the end of the largest value's own distribution.
    """
    largest = np.max(np.where(np.isnan(rows), -math.inf, rows), axis=0, initial=-math.inf)
    return np.where(np.isfinite(largest), largest, np.nan)


def _mean(rows: Array) -> Array:
    """Return the column means, NaN where nothing in the column is known. (m, 5) -> (5,)."""
    known = np.isfinite(rows)
    count = known.sum(axis=0)
    total = np.where(known, rows, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _share(angles: Array) -> float:
    """Return the lumbar part of lumbar plus hip flexion, range against range; 0 to 1."""
    lumbar, hip = angles[:, cv.LUMBAR_FLEXION], angles[:, cv.HIP_FLEXION]
    if not (np.isfinite(lumbar).all() and np.isfinite(hip).all() and len(lumbar)):
        return math.nan
    back, hips = float(np.ptp(lumbar)), float(np.ptp(hip))
    return back / (back + hips) if back + hips > 0.0 else math.nan
