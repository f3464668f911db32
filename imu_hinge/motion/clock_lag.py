"""Measure how far one sensor's clock is behind another's on one trunk: coarsely by the motion, finely by the shake.

It decides nothing and moves no sample; `synchrony` does.

Notes
-----
Forward and up are found for each sensor from gravity, so that vectors of both can be compared however they are mounted.
The turning of pelvis and trunk is alike over seconds, but the lumbar spine has a rhythm of its own: motion tells a lag
to a tenth of a second. Steps, plates and the tremor of muscles shake the whole trunk at once and tell milliseconds,
most of all along the spine, which is stiff that way; across it the trunk sways, and one part later than another.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final, NamedTuple

import numpy as np

from imu_hinge.model import Array, Samples
from imu_hinge.signals import smooth

COARSE_HZ: Final = 20.0
FINE_HZ: Final = 100.0
MOTION_HZ: Final = (0.1, 5.0)
"""Where people move."""
SHAKE_HZ: Final = (4.0, 15.0)
"""Above the movement, and below how a sensor rings on the skin."""
LARGEST: Final = 4.5
"""A shake counts for no more than this many times the usual one (median): one plate must not outweigh the rest."""
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
CANDIDATES: Final = 6
"""Periodic motion fits at so many lags at most that are worth a closer look."""
APART_S: Final = 0.06
"""A fine lag must stand out from those further away than this: half a period of the slowest shake, twice."""
CLEARER: Final = 1.5
"""... by so much: the lobes of a band of two octaves stay below half of its peak, noise adds to them."""
WINDOW_S: Final = 20.0
"""Over it a rate that is known to 0.05 % smears the shake by 5 ms."""
UP: Final = (2,)
EVERY_WAY: Final = (0, 1, 2)
RATE_ODDS: Final = 6.0
"""Natural logarithm of the odds that clocks run alike (10 to 1), times how many rates are tried (40): one bend after
another fits a little better at some rate, as people do not move both segments alike, and tells no rate by that."""


class Behind(NamedTuple):
    """Hold how far one clock is behind another: ``lag_s`` at ``at_s`` by its own time, and what it gains per second.

    ``sd_s`` is what is not known of the lag, ``alike`` is the correlation it rests on.
    """

    lag_s: float = 0.0
    drift: float = 0.0
    at_s: float = 0.0
    sd_s: float = 0.0
    alike: float = 0.0

    def undone(self, time_s: Array) -> Array:
        """Return times of that clock by the other one. (n,) -> (n,) [s]."""
        return time_s - self.lag_s - self.drift * (time_s - self.at_s)


class Candidate(NamedTuple):
    """Hold a lag by motion alone, the logarithm of its likelihood against chance, and how alike both turn there."""

    behind: Behind
    likelihood: float
    alike: float


def axes(samples: Samples) -> Array:
    """Return forward, left and up in the sensor's frame, as rows. (3, 3).

    Up is where gravity points most of the time; left is the axis about which it turns away, forward bends being deeper
    than backward ones.
    """
    step_s = max(float(np.median(np.diff(samples.time_s))), 1e-4)
    up = smooth(samples.acc, round(0.5 / step_s))
    up = up / np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-9)
    usual = _unit(np.median(up, axis=0))
    turned = np.cross(usual, up)
    left = -np.sum(turned * np.linalg.norm(turned, axis=1, keepdims=True), axis=0)
    left = _unit(left - usual * (left @ usual))
    return np.stack((np.cross(left, usual), left, usual))


def motion(samples: Samples, grid: Array) -> Array:
    """Return how the trunk turns forward, and the size of the force, both between `MOTION_HZ`. (n, 2)."""
    forward = samples.gyr @ axes(samples)[1]
    force = np.sqrt(np.einsum("ij,ij->i", samples.acc, samples.acc))
    columns = np.stack((forward, force), axis=1)
    step_s = max(float(np.median(np.diff(samples.time_s))), 1e-4)
    columns = smooth(columns, round(0.5 / (MOTION_HZ[1] * step_s)))  # before it is thinned out
    even = np.stack([np.interp(grid, samples.time_s, column) for column in columns.T], axis=1)
    return np.asarray(even - smooth(even, round(COARSE_HZ / MOTION_HZ[0])))


def shake(samples: Samples, grid: Array) -> Array:
    """Return the force between `SHAKE_HZ` in forward, left and up, each instant in units of the usual shake. (n, 3)."""
    force = samples.acc @ axes(samples).T
    even = np.stack([np.interp(grid, samples.time_s, column) for column in force.T], axis=1)
    fast = even - smooth(even, round(FINE_HZ / SHAKE_HZ[0]))
    for _ in range(2):
        fast = smooth(fast, round(0.44 * FINE_HZ / SHAKE_HZ[1]))  # where a window's own response is 0.7
    size = np.linalg.norm(fast, axis=1, keepdims=True)
    usual = max(float(np.median(size)), 1e-9)
    return np.asarray(fast / usual * np.minimum(1.0, LARGEST * usual / np.maximum(size, 1e-12)))


def candidates(first: Samples, second: Samples) -> tuple[list[Candidate], Candidate]:
    """Return the lags and rates at which both move most alike, best first, and how alike they move as they are.

    Every lag that leaves `LEAST_S` in common is tried, at rates up to `MOST_DRIFT` apart, by fast convolution. The
    likelihood takes one independent value of each channel a second: movement is no faster. A lag is told at the middle
    of the motion, where the rate changes nothing of it.

    Both may turn with or against each other, as gravity does not always tell which way is forward. As they are, they
    may lag by a person's own rhythm.
    """
    one, origin_s, centre_s = _template(first)
    grid = np.arange(
        max(float(second.time_s[0]), origin_s - MOST_LAG_S),
        min(float(second.time_s[-1]), origin_s + len(one) / COARSE_HZ + MOST_LAG_S),
        1.0 / COARSE_HZ,
    )
    if len(grid) < LEAST_S * COARSE_HZ:
        return [], Candidate(Behind(), 0.0, 0.0)
    moved = motion(second, grid)
    middle_s, half_s = 0.5 * float(grid[0] + grid[-1]), 0.5 * float(grid[-1] - grid[0])
    step = 0.1 / max(min(len(one) / COARSE_HZ, 2.0 * half_s), 10.0)  # the ends move by 50 ms from rate to rate
    drifts = step * np.arange(-round(MOST_DRIFT / step), round(MOST_DRIFT / step) + 1)
    rows = []
    for drift in drifts:
        at_s = np.arange(-half_s * (1.0 - drift), half_s * (1.0 - drift), 1.0 / COARSE_HZ)
        own_s = middle_s + at_s / (1.0 - drift)
        rows.append((at_s[0], np.stack([np.interp(own_s, grid, column) for column in moved.T], axis=1)))
    size = max(len(row) for _, row in rows)
    fits = [_likelihood(one, np.pad(row, ((0, size - len(row)), (0, 0)))) for _, row in rows]
    place = np.array([start_s for start_s, _ in rows])
    # shift k puts the second's first instant k grid steps after the template's first
    shift = np.arange(-size + 1, len(one))
    lags = middle_s - (origin_s + shift[None, :] / COARSE_HZ - place[:, None])
    own_s = middle_s + (centre_s - middle_s + lags) / (1.0 - drifts[:, None])
    lags = own_s - centre_s
    table = np.array([fit.likelihood for fit in fits]) - np.where(drifts == 0.0, 0.0, RATE_ODDS)[:, None]
    found = [
        Candidate(
            Behind(float(lags[i, k]), float(drifts[i]), float(own_s[i, k])), float(table[i, k]), float(fits[i].alike[k])
        )
        for i, k in _peaks(table, lags)
    ]
    still = int(np.argmin(np.abs(drifts)))
    near = np.where(np.abs(lags[still]) < OWN_RHYTHM_S, table[still], -1.0)
    k = int(np.argmax(near))
    if near[k] < 0.0:  # no instant in common
        return found, Candidate(Behind(0.0, 0.0, centre_s), 0.0, 0.0)
    return found, Candidate(Behind(0.0, 0.0, centre_s), float(near[k]), float(fits[still].alike[k]))


def _template(samples: Samples) -> tuple[Array, float, float]:
    """Return the motion of the part that moves most, no longer than `TEMPLATE_S`, when it begins and its middle [s]."""
    grid = np.arange(float(samples.time_s[0]), float(samples.time_s[-1]), 1.0 / COARSE_HZ)
    moved, width = motion(samples, grid), round(TEMPLATE_S * COARSE_HZ)
    if len(moved) > 2 * width:
        total = np.concatenate(([0.0], np.cumsum(moved[:, 0] ** 2)))
        start = int(np.argmax(total[width:] - total[:-width]))
        moved, grid = moved[start : start + width], grid[start : start + width]
    power = moved[:, 0] ** 2
    return moved, float(grid[0]), float(grid @ power / max(float(power.sum()), 1e-12))


class _Fit(NamedTuple):
    """Hold at each shift (n,) the logarithm of the likelihood against chance, and how alike both turn."""

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
    return _Fit(gain[0] + np.where(alike[1] > 0.0, gain[1], 0.0), np.abs(alike[0]))


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


def refined(first: Samples, second: Samples, near: Behind, *, reach_s: float = 0.4) -> Behind | None:
    """Return the lag near ``near`` by the shake, in windows along the recording; None where none of them tells.

    The windows that tell give a straight line, by the median of the slopes between any two (Theil and Sen). What is
    far from the middle of ``near`` is looked at when what is closer has told the rate.
    """
    for span_s in _spans(first, second, near):
        behind = _line(first, second, near, reach_s=reach_s, span_s=span_s)
        if behind is None:
            return None
        near = behind
    return _line(first, second, near, reach_s=min(reach_s, 0.1), span_s=np.inf) or near


def _spans(first: Samples, second: Samples, near: Behind) -> list[float]:
    """Return growing distances from the middle [s]: the whole at once where the clocks are believed to agree."""
    length_s = min(float(s.time_s[-1] - s.time_s[0]) for s in (first, second))
    if near.lag_s == 0.0 and near.drift == 0.0:
        return [np.inf]
    return [*(TEMPLATE_S * 2.0**k for k in range(20) if TEMPLATE_S * 2.0**k < length_s), np.inf]


def _line(first: Samples, second: Samples, near: Behind, *, reach_s: float, span_s: float) -> Behind | None:
    moved_s = near.undone(second.time_s)
    middle_s = float(near.undone(np.array([near.at_s]))[0])
    start = max(float(first.time_s[0]), float(moved_s[0]), middle_s - span_s)
    stop = min(float(first.time_s[-1]), float(moved_s[-1]), middle_s + span_s)
    if stop - start < LEAST_S:
        return None
    grid = np.arange(start, stop, 1.0 / FINE_HZ)
    one = shake(first, grid)
    other = shake(Samples(moved_s, second.acc, second.gyr), grid)
    width = round(min(WINDOW_S, max(LEAST_S, (stop - start) / 4.0)) * FINE_HZ)
    if len(grid) > 50 * width:
        width = len(grid) // 50  # an hour's lag is told well enough by fifty windows
    lines = []
    for way in (UP, EVERY_WAY):
        told = []
        for low in range(0, len(grid) - width // 2, width):
            part = slice(low, low + width)
            lag_s, alike, is_clear = _fine_lag(one[part][:, way], other[part][:, way], reach_s)
            if is_clear:
                told.append((float(grid[part].mean()), lag_s, alike))
        if told:
            lines.append(_fitted(np.array(told), near, 0.5 * (start + stop), stop - start))
    return max(lines, key=lambda line: line.alike, default=None)


def _fitted(told: Array, near: Behind, at_s: float, length_s: float) -> Behind:
    """Return the line through lags (k, 3) of time, lag and correlation, on top of ``near``."""
    drift = 0.0
    if len(told) >= 4:  # the median slope outlasts one window that is wrong
        drift = float(np.median([(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(told, 2)]))
    rest = told[:, 1] - drift * (told[:, 0] - at_s)
    scatter = _scatter(rest)
    drift_sd = max(scatter, 0.5 / FINE_HZ) * np.sqrt(12.0 / len(told)) / length_s  # of a line through even instants
    if abs(drift) < 3.0 * drift_sd and near.drift == 0.0:  # it cannot be told from none
        drift, rest = 0.0, told[:, 1]
        scatter = _scatter(rest)
    lag_s = float(np.median(rest))
    sd_s = max(0.002, scatter / np.sqrt(len(told))) if len(told) > 1 else 0.005
    # by its own clock: what `near` undid, then this line
    own_s = near.at_s + (at_s - (near.at_s - near.lag_s)) / (1.0 - near.drift)
    total_lag_s = near.lag_s + near.drift * (own_s - near.at_s) + lag_s
    total_drift = near.drift + drift * (1.0 - near.drift)
    return Behind(total_lag_s, total_drift, own_s, sd_s, float(np.median(told[:, 2])))


def _scatter(values: Array) -> float:
    """Return the robust sd."""
    return 1.48 * float(np.median(np.abs(values - np.median(values))))


def _fine_lag(one: Array, other: Array, reach_s: float) -> tuple[float, float, bool]:
    """Return the lag of the second (n, k) [s], the correlation there, and whether it stands out."""
    reach, apart = round(reach_s * FINE_HZ), round(APART_S * FINE_HZ)
    inner = one[reach:-reach]
    n = len(inner)
    if n <= reach:
        return 0.0, 0.0, False
    products = [np.correlate(other[:, c], inner[:, c], "valid") for c in range(one.shape[1])]
    product = np.sum(products, axis=0)
    power = np.concatenate(([0.0], np.cumsum(np.einsum("ij,ij->i", other, other))))
    size = np.sqrt(float(np.sum(inner**2)) * (power[n:] - power[:-n]))
    alike = product / np.maximum(size, 1e-9)
    best = int(np.argmax(alike))
    if best in (0, len(alike) - 1):
        return 0.0, 0.0, False
    far = np.concatenate((alike[: max(0, best - apart)], alike[best + apart + 1 :], [0.0]))
    before, peak, after = (float(x) for x in alike[best - 1 : best + 2])
    lag = best - reach + 0.5 * (before - after) / min(before - 2.0 * peak + after, -1e-12)
    return lag / FINE_HZ, peak, peak > max(0.2, CLEARER * float(far.max()))


def _unit(vector: Array) -> Array:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12))
