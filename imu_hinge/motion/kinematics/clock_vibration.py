"""Measure how far one sensor's clock is behind another's on one trunk, finely, by what shakes both at once.

It looks near a lag that it is given (`clock_lag` finds those) and decides nothing (`clock_offset` does).

Notes
-----
Steps, plates and the tremor of muscles shake the whole trunk at once and tell milliseconds, most of all along the
spine, which is stiff that way; across it the trunk sways, and one part later than another. What each sensor feels is a
shake that both share and one of its own; their correlation is the share of the former in the power.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final, NamedTuple, TypeGuard

import numpy as np

from imu_hinge.model import Array
from imu_hinge.motion.kinematics.clock_lag import COARSE_HZ, LEAST_S, RIVAL_MARGIN, TEMPLATE_S, Behind, Worn, gravity
from imu_hinge.signals import smooth

FINE_HZ: Final = 100.0
"""As the even grid on which everything is computed: steps of 10 ms."""
VIBRATION_HZ: Final = (4.0, 15.0)
"""Above the movement, and below how a sensor rings on the skin."""
LARGEST: Final = 4.5
"""A shake counts for no more than this many times the usual one (median): one plate must not outweigh the rest."""
APART_S: Final = 0.06
"""A lag must stand out from those further away than this: half a period of the slowest shake, twice."""
CLEARER: Final = 1.5
"""... by so much: the lobes of a band of two octaves stay below half of its peak, noise adds to them."""
NOT_BY_CHANCE: Final = 2.33
"""... or, along the spine, by so many standard errors from every lag further away: one in a hundred (normal)."""
BLOCK_S: Final = 0.5
"""What the standard error is of: twice a period of the slowest shake, so that what both do in one block tells nothing
of the next, however they ring."""
CLEAR: Final = 0.5
"""A shared shake of more than half of the power: all else together is less, so no other lag can have a larger share."""
LEAST_ALIKE: Final = 0.2
"""Windows in which less is shared are left out: 20 s hold 440 independent values of a band of 11 Hz, and the largest of
the correlations at some twenty lags is 0.15 by chance."""
WINDOW_S: Final = 20.0
"""Over it a rate that is known to 0.05 % smears the shake by 5 ms."""
MOST_WINDOWS: Final = 24
"""So many, evenly spread, tell the lag of an hour well enough."""
TELL_A_LINE: Final = 4
"""Windows for a line: the median of slopes outlasts 29 % of wrong values (Theil and Sen): one of four, not of three."""
AGREE: Final = 3
"""Windows that share less tell a lag where at least so many tell the same: three of them do within `FINE_SD_S` once in
a thousand by chance, each telling any lag of 0.5 to 0.8 s."""
ALONE_SD_S: Final = 0.005
"""One estimate alone: half a step of the grid."""
FINE_SD_S: Final = 0.01
"""Windows along the recording must tell the same lag to this."""
LESS_SHARED_SD_S: Final = 0.03
"""One that stands out but shares less than half may be anywhere in its lobe, half a period of the band's middle (9.5
Hz) either way: so far root mean square. Nor is more known at the ends where the rate is told by motion alone, which are
50 ms apart from one rate tried to the next."""
OTHER_LOBE_S: Final = 0.06
"""Otherwise it may be one lobe further, a whole period either way."""
LEAST_SD_S: Final = 0.002
"""Nothing is known better: a fifth of the grid's step."""
SILENT_S: Final = 1.0
"""A window in which a sensor was silent for longer tells no lag: a straight line shakes with nothing."""
EDGE_S: Final = 0.5
"""So much beside a window is looked at, for the averages to be whole inside."""
FAR_S: Final = 0.4
"""So far from no lag at all a shake is looked for."""
UP: Final = (2,)  # along the spine; see `clock_lag.axes`
EVERY_WAY: Final = (0, 1, 2)  # forward, left and up together


class _Heard(NamedTuple):
    """Hold a lag [s], the correlation there, and how it stands out.

    ``stands_out`` is how many times it is that of any lag further away than `APART_S`; ``margin`` is the logarithm of
    how much likelier it is than any lag outside its own lobe, for one independent value a second: what is left of a
    slow movement in the shake has few more.
    """

    lag_s: float
    alike: float
    stands_out: float
    margin: float

    @property
    def is_clear(self) -> bool:
        is_likelier = self.alike >= CLEAR and self.margin >= RIVAL_MARGIN
        return self.alike > LEAST_ALIKE and (self.stands_out > CLEARER or is_likelier)


def refined(first: Worn, second: Worn, near: Behind, *, reach_s: float = FAR_S) -> Behind | None:
    """Return the lag near ``near`` by the shake, in windows along the recording; None where none of them tells.

    The windows that tell give a straight line, by the median of the slopes between any two (Theil and Sen). What is
    far from the middle of ``near`` is looked at when what is closer has told the rate.

    Parameters
    ----------
    first, second
        The two sensors as worn, each with its own times.
    near
        Where to look, from the movement alone or the last round.
    reach_s
        How far from it [s].

    Notes
    -----
    P. K. Sen, Estimates of the regression coefficient based on Kendall's tau, JASA 63, 1968.
    """
    second = _as_first_sits(first, second, near)
    is_as_it_came = near.lag_s == 0.0 and near.drift == 0.0
    for span_s in [np.inf] if is_as_it_came else _spans(first, second):
        behind = _line(first, second, near, reach_s=reach_s, span_s=span_s)
        if behind is None:
            return None
        near = behind
    if is_as_it_came and near.drift == 0.0:
        return near
    return _line(first, second, near, reach_s=min(reach_s, 0.1), span_s=np.inf) or near


def _as_first_sits(first: Worn, second: Worn, near: Behind) -> Worn:
    """Return the second with axes that point as the first's do, on a trunk that is stiff but for its bending.

    The rotation between both is the one under which gravity and turning of both agree best, at a lag near enough
    (Kabsch). Each one's own axes may differ, as one who stands bent most of the time has no usual posture.
    """
    moved_s = near.undone(second.coarse.time_s)
    start_s, stop_s = max(first.coarse.time_s[0], moved_s[0]), min(first.coarse.time_s[-1], moved_s[-1])
    grid = np.arange(start_s, stop_s, 1.0 / COARSE_HZ)
    both = []
    for worn, time_s in ((first, first.coarse.time_s), (second, moved_s)):
        columns = np.concatenate((gravity(worn.coarse), worn.coarse.gyr), axis=1).T
        both.append(np.stack([np.interp(grid, time_s, column) for column in columns], axis=1))
    one, other = both
    covariance = np.zeros((3, 3))
    for part in (slice(0, 3), slice(3, 6)):
        a, b = one[:, part], other[:, part]
        covariance += a.T @ b / max(float(np.sqrt(np.sum(a**2) * np.sum(b**2))), 1e-12)
    left, _, right = np.linalg.svd(covariance)
    rotation = left @ np.diag((1.0, 1.0, np.sign(np.linalg.det(left @ right)))) @ right
    return second._replace(axes=first.axes @ rotation)


def is_clear(behind: Behind | None) -> TypeGuard[Behind]:
    """Tell whether the shake tells this lag, and no other."""
    return behind is not None and behind.sd_s <= LESS_SHARED_SD_S


def _spans(first: Worn, second: Worn) -> list[float]:
    """Return growing distances from the middle [s]."""
    length_s = min(float(w.samples.time_s[-1] - w.samples.time_s[0]) for w in (first, second))
    return [*(TEMPLATE_S * 2.0**k for k in range(20) if TEMPLATE_S * 2.0**k < length_s), np.inf]


def _line(first: Worn, second: Worn, near: Behind, *, reach_s: float, span_s: float) -> Behind | None:
    """Return the lag by the windows no further than ``span_s`` from the middle: a line, or all at once."""
    moved_s = near.undone(second.samples.time_s)
    middle_s = float(near.undone(np.array([near.at_s]))[0])
    start = max(float(first.samples.time_s[0]), float(moved_s[0]), middle_s - span_s)
    stop = min(float(first.samples.time_s[-1]), float(moved_s[-1]), middle_s + span_s)
    if stop - start < LEAST_S:
        return None
    windows = [w for w in _windows(start, stop) if all(_is_measured(t, w) for t in (first.samples.time_s, moved_s))]
    if not windows:
        return None
    one = _shakes(first, first.samples.time_s, windows)
    other = _shakes(second, moved_s, windows)
    at_s, length_s = 0.5 * (start + stop), stop - start
    lines = []
    for way in (UP, EVERY_WAY):
        parts = [_products(a[:, way], b[:, way], reach_s) for a, b in zip(one, other, strict=True)]
        heard = [_heard(part, len(w) / FINE_HZ) for part, w in zip(parts, windows, strict=True)]
        told = [(float(w.mean()), h.lag_s, h.alike) for w, h in zip(windows, heard, strict=True) if h.is_clear]
        if told:
            lines.append(_fitted(np.array(told), near, at_s, length_s))
        whole = _heard(np.sum(parts, axis=0), sum(len(w) for w in windows) / FINE_HZ)
        if whole.is_clear and len(told) < min(TELL_A_LINE, len(windows)):
            line = _fitted(np.array([(at_s, whole.lag_s, whole.alike)]), near, at_s, length_s)
            is_rare = way == UP and standard_errors_ahead(one, other, whole.lag_s, reach_s=reach_s) > NOT_BY_CHANCE
            lines.append(line._replace(sd_s=min(line.sd_s, LESS_SHARED_SD_S)) if is_rare else line)
    clear = [line for line in lines if is_clear(line)]
    apart_s = max(line.lag_s for line in clear) - min(line.lag_s for line in clear) if clear else 0.0
    best = max(clear or lines, key=lambda line: line.alike, default=None)
    return best._replace(sd_s=max(best.sd_s, apart_s)) if best else None


def _windows(start_s: float, stop_s: float) -> list[Array]:
    """Return the instants of each window, at `FINE_HZ`. (n,) each [s]."""
    width_s = min(WINDOW_S, max(LEAST_S, 0.25 * (stop_s - start_s)))
    count = min(MOST_WINDOWS, max(1, round((stop_s - start_s) / width_s)))
    width_s = min(width_s, (stop_s - start_s) / count)
    instants = np.arange(round(width_s * FINE_HZ)) / FINE_HZ
    return [at_s + instants for at_s in np.linspace(start_s, stop_s - width_s, count)]


def _is_measured(time_s: Array, window: Array) -> bool:
    """Tell whether a sensor, sampled at ``time_s`` (m,), was silent for no longer than `SILENT_S` in a window (n,)."""
    part = time_s[slice(*np.searchsorted(time_s, (window[0], window[-1])))]
    return bool(np.diff(np.concatenate((window[:1], part, window[-1:]))).max() <= SILENT_S)


def _shakes(worn: Worn, time_s: Array, windows: list[Array]) -> list[Array]:
    """Return the force between `VIBRATION_HZ` in forward, left and up, in units of the usual shake. (n, 3) each.

    Parameters
    ----------
    worn
    time_s : (m,) [s]
        When its samples were taken, by the clock of ``windows``.
    windows
    """
    fast = []
    for grid in windows:
        part = slice(*np.searchsorted(time_s, (grid[0] - EDGE_S, grid[-1] + EDGE_S)))
        wide = np.arange(-round(EDGE_S * FINE_HZ), len(grid) + round(EDGE_S * FINE_HZ)) / FINE_HZ + grid[0]
        force = worn.samples.acc[part] @ worn.axes.T
        even = np.stack([np.interp(wide, time_s[part], column) for column in force.T], axis=1)
        even = even - smooth(even, round(FINE_HZ / VIBRATION_HZ[0]))
        for _ in range(2):
            even = smooth(even, round(0.44 * FINE_HZ / VIBRATION_HZ[1]))  # where a window's own response is 0.7
        fast.append(even[round(EDGE_S * FINE_HZ) :][: len(grid)])
    sizes = [np.sqrt(np.einsum("ij,ij->i", part, part)) for part in fast]
    usual = max(float(np.median(np.concatenate(sizes))), 1e-9)
    return [
        part / usual * np.minimum(1.0, LARGEST * usual / np.maximum(size, 1e-12))[:, None]
        for part, size in zip(fast, sizes, strict=True)
    ]


def _products(one: Array, other: Array, reach_s: float) -> Array:
    """Return at each lag of the second (n, k): the sum of products, of squares of the first, of the second. (3, l)."""
    reach = min(round(reach_s * FINE_HZ), len(one) // 3)
    inner = one[reach : len(one) - reach]
    product = np.sum([np.correlate(other[:, c], inner[:, c], "valid") for c in range(one.shape[1])], axis=0)
    power = np.concatenate(([0.0], np.cumsum(np.einsum("ij,ij->i", other, other))))
    return np.stack((product, np.full(product.size, np.sum(inner**2)), power[len(inner) :] - power[: -len(inner)]))


def standard_errors_ahead(one: list[Array], other: list[Array], lag_s: float, *, reach_s: float) -> float:
    """Return by how many standard errors the spines' shakes go together better at a lag than at any further away.

    The error is what blocks differ by, so that one plate that both feel, each ringing in its own way, is one
    observation, not as many as it has samples. Unrelated shakes have a best lag too, with another about as good.

    Parameters
    ----------
    one, other : (n, 3) each
        Shakes in windows.
    lag_s, reach_s
        Of the second, and how far others are looked at, either way [s].
    """
    size, reach = round(BLOCK_S * FINE_HZ), min(round(reach_s * FINE_HZ), min(len(a) for a in one) // 3)
    blocks = []
    for a, b in zip(one, other, strict=True):
        count = (len(a) - 2 * reach) // size * size
        inner, beside = a[reach : reach + count, UP], b[:, UP]
        products = [(inner * beside[k : k + count]).reshape(-1, size).sum(axis=1) for k in range(2 * reach + 1)]
        blocks.append(np.stack(products))
    values, best = np.concatenate(blocks, axis=1), reach + round(lag_s * FINE_HZ)
    far = np.abs(np.arange(len(values)) - best) > round(APART_S * FINE_HZ)
    ahead = values[best] - values[far]
    errors = np.sqrt(ahead.shape[1]) * ahead.std(axis=1, ddof=1)
    return float(np.min(ahead.sum(axis=1) / np.maximum(errors, 1e-12)))


def _heard(sums: Array, length_s: float) -> _Heard:
    """Return the lag at which `_products` (3, l) over so many seconds say that both shake most alike."""
    alike = sums[0] / np.sqrt(np.maximum(sums[1] * sums[2], 1e-18))
    best, apart = int(np.argmax(alike)), round(APART_S * FINE_HZ)
    if not apart <= best < len(alike) - apart:  # what is further away may be larger
        return _Heard(0.0, 0.0, 0.0, 0.0)
    before, peak, after = (float(x) for x in alike[best - 1 : best + 2])
    lag = best - len(alike) // 2 + 0.5 * (before - after) / min(before - 2.0 * peak + after, -1e-12)
    far = float(np.max(np.concatenate((alike[: best - apart], alike[best + apart + 1 :], [0.0]))))
    slope = np.diff(alike)  # a slow movement's own lobe is wide: it ends where it rises again
    low = int(np.max(np.flatnonzero(slope[: best - 1] < 0.0), initial=-1)) + 1
    high = best + int(np.min(np.flatnonzero(slope[best:] > 0.0), initial=len(slope) - best))
    rival = float(np.max(np.concatenate((alike[: low + 1], alike[high:]))))
    margin = 0.5 * length_s * float(np.log((1.0 - rival**2) / max(1.0 - peak**2, 1e-6)))
    return _Heard(lag / FINE_HZ, peak, peak / max(far, 1e-9), margin)


def _fitted(told: Array, near: Behind, at_s: float, length_s: float) -> Behind:
    """Return the line through lags (k, 3) of time, lag and correlation, on top of ``near``."""
    drift = 0.0
    if len(told) >= TELL_A_LINE:
        drift = float(np.median([(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(told, 2)]))
    rest = told[:, 1] - drift * (told[:, 0] - at_s)
    scatter = _scatter(rest)
    drift_sd = max(scatter, 0.5 / FINE_HZ) * np.sqrt(12.0 / len(told)) / length_s  # of a line through even instants
    if abs(drift) < 3.0 * drift_sd and near.drift == 0.0:  # it cannot be told from none
        drift, rest = 0.0, told[:, 1]
        scatter = _scatter(rest)
    lag_s, alike = float(np.median(rest)), float(np.median(told[:, 2]))
    free = len(told) - (2 if drift else 1)  # what a line, or a mean, leaves of the windows
    sd_s = max(LEAST_SD_S, max(scatter, ALONE_SD_S) / np.sqrt(free)) if free else ALONE_SD_S
    if sd_s > FINE_SD_S or (alike < CLEAR and len(told) < AGREE):
        sd_s = max(sd_s, OTHER_LOBE_S)
    elif alike < CLEAR:
        sd_s = LESS_SHARED_SD_S if scatter <= FINE_SD_S else OTHER_LOBE_S
    if near.drift != 0.0 and len(told) < TELL_A_LINE:
        sd_s = max(sd_s, LESS_SHARED_SD_S)
    sd_s = float(sd_s * 2.0 if drift and sd_s <= FINE_SD_S else sd_s)  # a line is known half as well at its ends
    # by its own clock: what `near` undid, then this line
    own_s = near.at_s + (at_s - (near.at_s - near.lag_s)) / (1.0 - near.drift)
    total_lag_s = near.lag_s + near.drift * (own_s - near.at_s) + lag_s
    total_drift = near.drift + drift * (1.0 - near.drift)
    return Behind(total_lag_s, total_drift, own_s, sd_s, alike, len(told))


def _scatter(values: Array) -> float:
    """Return the robust sd."""
    return 1.48 * float(np.median(np.abs(values - np.median(values))))
