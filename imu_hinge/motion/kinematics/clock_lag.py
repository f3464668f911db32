"""Measure how far one sensor's clock is behind another's on one trunk, coarsely, by how both move.

It decides nothing and moves no sample (`clock_offset` does), and hears no shake (`clock_vibration` does).

Notes
-----
Forward and up are found for each sensor from gravity, so that both can be compared however they are mounted. The
turning of pelvis and trunk is alike over seconds, but the lumbar spine has a rhythm of its own: motion tells a lag to a
tenth of a second. Everything is thinned out first: nobody moves faster than `MOTION_HZ`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from imu_hinge.model import Array, Samples
from imu_hinge.signals import smooth

COARSE_HZ: Final = 20.0
"""Chosen: four times the fastest motion that is looked at."""
MOTION_HZ: Final = (0.1, 5.0)
"""Where people move."""
MOST_DRIFT: Final = 0.045
"""Rates are no further apart: 4 %, and what the search's steps miss."""
MOST_LAG_S: Final = 300.0
"""Five minutes: clocks further apart have another date or zone, or it is another recording."""
TEMPLATE_S: Final = 90.0
"""So much of a long recording is enough to find its place in the other one."""
LEAST_S: Final = 5.0
"""A shorter overlap tells nothing."""
OWN_RHYTHM_S: Final = 0.17
"""Turning of pelvis and trunk of real people in step differs by up to this; only more is a clock's."""
ONE_BEND_S: Final = 0.5
"""Lags closer than this are of one bend: nobody bends as often."""
RIVAL_MARGIN: Final = 5.0
"""Natural logarithm of 150 to 1: so much must the best of a handful of lags fit better than the next."""
CANDIDATES: Final = 6
"""Periodic motion fits at so many lags at most that are worth a closer look."""
RATE_ODDS: Final = 6.0
"""Natural logarithm of the odds that clocks run alike (10 to 1), times how many rates are tried (40): one bend after
another fits a little better at some rate, as people do not move both segments alike, and tells no rate by that."""


class Behind(NamedTuple):
    """Hold how far one clock is behind another.

    Parameters
    ----------
    lag_s
        At ``at_s``.
    drift
        What it gains per second [s/s].
    at_s
        By the clock's own time [s].
    sd_s
        What is not known of the lag.
    alike
        The correlation it rests on.
    windows
        How many windows of the shake told it, where any did.
    """

    lag_s: float = 0.0
    drift: float = 0.0
    at_s: float = 0.0
    sd_s: float = 0.0
    alike: float = 0.0
    windows: int = 0

    def undone(self, time_s: Array) -> Array:
        """Return times of that clock by the other one. (n,) -> (n,) [s]."""
        return time_s - self.lag_s - self.drift * (time_s - self.at_s)


class Candidate(NamedTuple):
    """Hold a lag by motion alone.

    Parameters
    ----------
    behind
    likelihood
        Its logarithm, against chance.
    alike
        The correlation; negative where backward was taken for forward at one of them.
    spread_s
        How far from the lag the likelihood reaches within one bend (root mean square).
    ends_s
        How far the rates that are about as likely put both ends (root mean square).
    """

    behind: Behind
    likelihood: float
    alike: float
    spread_s: float
    ends_s: float


class Worn(NamedTuple):
    """Hold a sensor's samples as it was worn.

    Parameters
    ----------
    samples
    coarse
        The same thinned out to about `COARSE_HZ`.
    axes : (3, 3)
        See `axes`.
    """

    samples: Samples
    coarse: Samples
    axes: Array

    @classmethod
    def of(cls, samples: Samples) -> Worn:
        """Find the axes. Samples are in order."""
        coarse = _thinned(samples)
        return cls(samples, coarse, axes(coarse))


class Motions(NamedTuple):
    """Hold how two sensors move, on even grids of `COARSE_HZ`; see `motion`.

    Parameters
    ----------
    one : (n, 2)
        The first's.
    origin_s, centre_s
        When it begins, and its middle [s].
    other : (m, 2)
        The second's.
    other_s
        When that begins [s].
    """

    one: Array
    origin_s: float
    centre_s: float
    other: Array
    other_s: float


def axes(samples: Samples) -> Array:
    """Return forward, left and up in the sensor's frame, as rows. (3, 3).

    Up is where gravity points most of the time; left is the axis about which it turns away, forward bends being deeper
    than backward ones. Who stands bent most of the time may have forward and backward exchanged.
    """
    up = gravity(samples)
    usual = _unit(np.median(up, axis=0))
    turned = np.cross(usual, up)
    left = -np.sum(turned * np.linalg.norm(turned, axis=1, keepdims=True), axis=0)
    left = _unit(left - usual * (left @ usual))
    return np.stack((np.cross(left, usual), left, usual))


def gravity(samples: Samples) -> Array:
    """Return which way up is in the sensor's frame, about: the force over half a second. (n, 3)."""
    up = smooth(samples.acc, round(0.5 / _step_s(samples)))
    return np.asarray(up / np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-9))


def motion(worn: Worn, grid: Array) -> Array:
    """Return how the trunk turns forward, and the size of the force, both between `MOTION_HZ`. (n, 2)."""
    coarse = worn.coarse
    force = np.sqrt(np.einsum("ij,ij->i", coarse.acc, coarse.acc))
    columns = np.stack((coarse.gyr @ worn.axes[1], force), axis=1)
    columns = smooth(columns, round(0.5 / (MOTION_HZ[1] * _step_s(coarse))))
    even = np.stack([np.interp(grid, coarse.time_s, column) for column in columns.T], axis=1)
    return np.asarray(even - smooth(even, round(COARSE_HZ / MOTION_HZ[0])))


def motions(first: Worn, second: Worn) -> Motions | None:
    """Return how both move, where they may have anything in common.

    Of the first no more than `TEMPLATE_S` is taken, the part that moves most; its middle is that of its motion, where a
    rate changes nothing of a lag.
    """
    grid = np.arange(float(first.samples.time_s[0]), float(first.samples.time_s[-1]), 1.0 / COARSE_HZ)
    one, width = motion(first, grid), round(TEMPLATE_S * COARSE_HZ)
    if len(one) > 2 * width:
        total = np.concatenate(([0.0], np.cumsum(one[:, 0] ** 2)))
        start = int(np.argmax(total[width:] - total[:-width]))
        one, grid = one[start : start + width], grid[start : start + width]
    start_s = max(float(second.samples.time_s[0]), float(grid[0]) - MOST_LAG_S)
    stop_s = min(float(second.samples.time_s[-1]), float(grid[-1]) + MOST_LAG_S)
    if stop_s - start_s < LEAST_S:
        return None
    power = one[:, 0] ** 2
    centre_s = float(grid @ power / max(float(power.sum()), 1e-12))
    other = motion(second, np.arange(start_s, stop_s, 1.0 / COARSE_HZ))
    return Motions(one, float(grid[0]), centre_s, other, start_s)


def rates(both: Motions) -> Array:
    """Return the rates worth a try, by how much one clock gains per second. (r,)."""
    step = 0.1 / max(min(len(both.one), len(both.other)) / COARSE_HZ, 10.0)  # the ends move by 50 ms from rate to rate
    return np.asarray(step * np.arange(-round(MOST_DRIFT / step), round(MOST_DRIFT / step) + 1), dtype=np.float64)


def candidates(both: Motions, drifts: Array) -> tuple[list[Candidate], Candidate]:
    """Return the lags and rates at which both move most alike, best first, and how alike they move as they are.

    Every lag that leaves `LEAST_S` in common is tried, at every rate of ``drifts`` (r,), one of which is 0, by fast
    convolution. The likelihood takes one independent value of each channel a second: movement is no faster.

    Both may turn with or against each other, as gravity does not always tell which way is forward. As they are, they
    may lag by a person's own rhythm; their spread is told from no lag at all.
    """
    grid = both.other_s + np.arange(len(both.other)) / COARSE_HZ
    middle_s, half_s = 0.5 * float(grid[0] + grid[-1]), 0.5 * float(grid[-1] - grid[0])
    rows = []
    for drift in drifts:
        at_s = np.arange(-half_s * (1.0 - drift), half_s * (1.0 - drift), 1.0 / COARSE_HZ)
        own_s = middle_s + at_s / (1.0 - drift)
        rows.append((at_s[0], np.stack([np.interp(own_s, grid, column) for column in both.other.T], axis=1)))
    size = max(len(row) for _, row in rows)
    fits = [_likelihood(both.one, np.pad(row, ((0, size - len(row)), (0, 0)))) for _, row in rows]
    # shift k puts the second's first instant k grid steps after the template's first
    shift_s = np.arange(-size + 1, len(both.one))[None, :] / COARSE_HZ
    lags = middle_s - (both.origin_s + shift_s - np.array([start_s for start_s, _ in rows])[:, None])
    own_s = middle_s + (both.centre_s - middle_s + lags) / (1.0 - drifts[:, None])
    lags = own_s - both.centre_s
    likelihood, length_s = np.array([fit.likelihood for fit in fits]), len(both.one) / COARSE_HZ
    table = likelihood - np.where(drifts == 0.0, 0.0, RATE_ODDS)[:, None]
    found = []
    for i, k in _peaks(table, lags):
        behind = Behind(float(lags[i, k]), float(drifts[i]), float(own_s[i, k]))
        spread_s, ends_s = _spread_s(lags - behind.lag_s, (drifts - behind.drift) * length_s, likelihood)
        found.append(Candidate(behind, float(table[i, k]), float(fits[i].alike[k]), spread_s, ends_s))
    still = int(np.argmin(np.abs(drifts)))
    near = np.where(np.abs(lags[still]) < OWN_RHYTHM_S, table[still], -1.0)
    k = int(np.argmax(near))
    here, (spread_s, ends_s) = Behind(0.0, 0.0, both.centre_s), _spread_s(lags, drifts * length_s, likelihood)
    if near[k] < 0.0:  # no instant in common
        return found, Candidate(here, 0.0, 0.0, ONE_BEND_S, ends_s)
    return found, Candidate(here, float(near[k]), float(fits[still].alike[k]), spread_s, ends_s)


def _spread_s(off_s: Array, gained_s: Array, likelihood: Array) -> tuple[float, float]:
    """Return how far off the likelihood reaches within one bend, over the whole length, and by its rates at the ends.

    Both are root mean squares [s].

    Parameters
    ----------
    off_s : (r, n) [s]
        How far each lag is from the one it is asked of.
    gained_s : (r,) [s]
        What each rate makes of it from end to end; any rate is taken to be as likely as another.
    likelihood : (r, n)
    """
    is_near = np.abs(off_s) < ONE_BEND_S
    weight = np.where(is_near, np.exp(likelihood - np.max(likelihood[is_near], initial=0.0)), 0.0)
    weight /= max(float(np.sum(weight)), 1e-12)
    gained = float(np.sum(weight * gained_s[:, None] ** 2))
    # a line is off by gained_s / sqrt(12) about its middle, at its ends by half
    return float(np.sqrt(np.sum(weight * off_s**2) + gained / 12.0)), 0.5 * float(np.sqrt(gained))


class _Fit(NamedTuple):
    """Hold at each shift (n,) the logarithm of the likelihood against chance, how alike both turn (< 0: against)."""

    likelihood: Array
    alike: Array


def _likelihood(one: Array, other: Array) -> _Fit:
    """Return how much likelier than chance each shift of the second (m, 2) along the first (n, 2) is. (n + m - 1,)."""
    n, size = len(one) + len(other) - 1, 1 << (len(one) + len(other) - 1).bit_length()
    shift = np.arange(-len(other) + 1, len(one))
    start, stop = np.maximum(shift, 0), np.minimum(shift + len(other), len(one))
    gain, alike = np.zeros((2, n)), np.zeros((2, n))
    overlap_s = (stop - start) / COARSE_HZ
    for c in range(2):
        product = np.fft.irfft(np.fft.rfft(one[:, c], size) * np.fft.rfft(other[::-1, c], size), size)[:n]
        mine, theirs = (np.concatenate(([0.0], np.cumsum(x[:, c] ** 2))) for x in (one, other))
        power = (mine[stop] - mine[start]) * (theirs[stop - shift] - theirs[start - shift])
        floor = 1e-4 * mine[-1] * theirs[-1]  # where nothing moves nothing can be compared
        alike[c] = np.clip(product / np.sqrt(np.maximum(power, max(floor, 1e-12))), -0.999, 0.999)
        gain[c] = np.where(overlap_s >= LEAST_S, -0.5 * overlap_s * np.log1p(-(alike[c] ** 2)), 0.0)
    return _Fit(gain[0] + np.where(alike[1] > 0.0, gain[1], 0.0), alike[0])


def _peaks(table: Array, lags: Array) -> list[tuple[int, int]]:
    """Return where the likelihood peaks (rate, shift), best first, no two of one lobe: lags closer than 0.3 s."""
    found: list[tuple[int, int]] = []
    left = table.copy()
    for _ in range(CANDIDATES):
        i, k = (int(x) for x in np.unravel_index(int(np.argmax(left)), left.shape))
        if left[i, k] <= 0.0:
            break
        found.append((i, k))
        left[np.abs(lags - lags[i, k]) < 0.3] = 0.0  # half of the fastest swing's half cycle
    return found


def _thinned(samples: Samples) -> Samples:
    """Return means of so many samples that about `COARSE_HZ` are left."""
    count = max(1, int(1.0 / (COARSE_HZ * _step_s(samples)) + 0.5))
    stop = len(samples) // count * count
    if count == 1 or stop < 2 * count:
        return samples
    time_s, acc, gyr = (_means(column[:stop], count) for column in (samples.time_s, samples.acc, samples.gyr))
    return Samples(time_s, acc, gyr)


def _means(column: Array, count: int) -> Array:
    total = column[::count].copy()
    for k in range(1, count):
        total += column[k::count]
    return total / count


def _step_s(samples: Samples) -> float:
    return max(float(np.median(np.diff(samples.time_s))), 1e-4)


def _unit(vector: Array) -> Array:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12))
