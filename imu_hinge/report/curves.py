"""Prepare the series a figure draws: an envelope of a long series, and reps on 0 to 100 %.

It does not draw and does not smooth: every value is one of the result's own or lies between two of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imu_hinge.model import ANGLE_COLUMNS, Array, Posture
from imu_hinge.result import Rep, SetResult

PERCENT: npt.NDArray[np.float64] = np.linspace(0.0, 100.0, 101)
"""Axis of a rep: 0 its start, 50 its turning point, 100 its end [%]. (101,)"""


def envelope(values: Array, *, points: int = 4000) -> npt.NDArray[np.intp]:
    """Return the indices that keep the shape of a series when it is drawn with few points.

    Of every block the smallest and the largest value are kept, in the order of time, and one of each block's NaN, so
    that neither peaks nor holes disappear. A series of at most ``points`` is kept whole.

    Parameters
    ----------
    values : (n,)
        NaN where there is nothing to draw.
    points
        About how many points to keep.
    """
    n = values.size
    if n <= points:
        return np.arange(n)
    size = -(-n // (points // 2))
    padded = np.concatenate([values, np.full(-n % size, np.nan)]).reshape(-1, size)
    first = np.arange(padded.shape[0]) * size
    is_nan = np.isnan(padded)
    low = first + np.argmin(np.where(is_nan, np.inf, padded), axis=1)
    high = first + np.argmax(np.where(is_nan, -np.inf, padded), axis=1)
    hole = (first + np.argmax(is_nan, axis=1))[is_nan.any(axis=1)]
    kept = np.unique(np.concatenate([low, high, hole, [0, n - 1]]))
    return kept[kept < n]


def set_part(result: SetResult, *, margin_s: float = 10.0) -> slice:
    """Return the samples from a little before the first rep to a little after the last; all, where there is none."""
    time_s = result.posture.time_s
    if not result.lifts:
        return slice(0, time_s.size)
    first_s, last_s = min(lift.start_s for lift in result.lifts), max(lift.end_s for lift in result.lifts)
    start, stop = np.searchsorted(time_s, [first_s - margin_s, last_s + margin_s])
    return slice(int(start), int(stop))


@dataclass(frozen=True, slots=True, eq=False)
class RepCurves:
    """Hold every rep on the axis `PERCENT`, degrees at this edge; NaN is: cannot tell.

    Parameters
    ----------
    angles_deg : (reps, 101, 5) [deg]
        In the order of `conventions.ANGLES`.
    sd_deg : (reps, 101, 5) [deg]
    low_deg, high_deg : (reps, 101, 5) [deg]
        Ends of the 95 % interval.
    """

    angles_deg: Array
    sd_deg: Array
    low_deg: Array
    high_deg: Array

    def mean_deg(self, index: int) -> Array:
        """Return the mean of one angle over the reps. (101,) [deg]."""
        return mean_known(self.angles_deg[:, :, index])

    def mean_sd_deg(self, index: int) -> Array:
        """Return the typical standard deviation of one angle in one rep. (101,) [deg]."""
        return mean_known(self.sd_deg[:, :, index])


def mean_known(values: Array) -> Array:
    """Return the mean over the reps, (reps, 101) -> (101,), each half of the rep on its own.

    Only reps whose half is whole count, so that a gap in one rep puts no step into the mean. Where no rep's half is
    whole, those count that are known at an instant; NaN where none is.
    """
    halves = []
    for half in (values[:, :51], values[:, 51:]):
        is_whole = np.isfinite(half).all(axis=1)
        chosen = half[is_whole] if is_whole.any() else half
        is_known = np.isfinite(chosen)
        count = is_known.sum(axis=0)
        total = np.where(is_known, chosen, 0.0).sum(axis=0)
        halves.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    return np.concatenate(halves)


def rep_curves(result: SetResult) -> RepCurves:
    """Put every rep on 0 to 100 %, its turning point at 50 %.

    Each half is stretched evenly, so that a slow pull and a fast one lie on each other and a mean over reps does not
    blunt the turning point. A half that the rep does not have, as the lowering of a dropped bar, is NaN.
    """
    instants = [_instants_s(lift, result.posture) for lift in result.lifts]
    posture = result.posture
    columns = [np.degrees(getattr(posture, name)) for name in ANGLE_COLUMNS]
    shape = (len(instants), PERCENT.size, columns[0].shape[1])
    return RepCurves(
        *(np.array([_sampled(posture.time_s, c, at_s) for at_s in instants]).reshape(shape) for c in columns)
    )


def _instants_s(lift: Rep, posture: Posture) -> Array:
    """Return the instant of every percent of a rep; NaN in a half shorter than two samples. (101,) [s]."""
    period_s = 1.0 / posture.rate_hz
    first = np.interp(PERCENT, [0.0, 50.0], [lift.start_s, lift.turn_s])
    second = np.interp(PERCENT, [50.0, 100.0], [lift.turn_s, lift.end_s])
    first_is_there, second_is_there = lift.turn_s - lift.start_s > period_s, lift.end_s - lift.turn_s > period_s
    first = first if first_is_there else np.full_like(first, np.nan)
    second = second if second_is_there else np.full_like(second, np.nan)
    return np.where((PERCENT < 50.0) | ((PERCENT == 50.0) & first_is_there), first, second)


def _sampled(time_s: Array, columns: Array, at_s: Array) -> Array:
    """Return columns (n, k) at some instants by straight lines; NaN outside the series. (m, k)."""
    if time_s.size == 0:
        return np.full((at_s.size, columns.shape[1]), np.nan)
    values = [np.interp(at_s, time_s, column, left=np.nan, right=np.nan) for column in columns.T]
    return np.stack(values, axis=1)
