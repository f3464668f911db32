"""Do the few plain operations on evenly sampled series that several wings need.

It knows no unit, no sensor and no rep; a series is (n,) and every width is in samples.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from imu_hinge.model import Array, Region

Mask = npt.NDArray[np.bool_]


def smooth(series: Array, width: int) -> Array:
    """Average over a centred window that shrinks at the ends.

    Parameters
    ----------
    series : (n,) or (n, k)
    width
        Samples in the full window; 1 changes nothing.

    Returns
    -------
    (n,) or (n, k)
    """
    n = len(series)
    half = max(0, width // 2)
    if half == 0 or n == 0:
        return np.array(series, dtype=np.float64)
    total = np.concatenate((np.zeros((1, *np.shape(series)[1:])), np.cumsum(series, axis=0, dtype=np.float64)))
    mean = np.empty(np.shape(series))
    inner = max(n - 2 * half, 0)
    mean[half : half + inner] = (total[n - inner + 1 :] - total[:inner]) / (2 * half + 1)
    index = np.concatenate((np.arange(min(half, n)), np.arange(max(half, n - half), n)))  # the window shrinks there
    start, stop = np.maximum(index - half, 0), np.minimum(index + half + 1, n)
    count = (stop - start).reshape((index.size,) + (1,) * (np.ndim(series) - 1))
    mean[index] = (total[stop] - total[start]) / count
    return mean


def spread(series: Array, width: int) -> Array:
    """Return the standard deviation inside a centred window. (n,) -> (n,)."""
    centred = series - np.mean(series) if len(series) else series
    variance = smooth(centred**2, width) - smooth(centred, width) ** 2
    return np.sqrt(np.maximum(variance, 0.0))


def derivative(series: Array, rate_hz: float) -> Array:
    """Return the central difference per second. (n,) -> (n,)."""
    if len(series) < 2:
        return np.zeros(len(series))
    return np.asarray(np.gradient(series) * rate_hz)


def regions(mask: Mask, *, at_least: int = 1, bridge: int = 0) -> list[Region]:
    """Return the runs of True, after bridging short gaps and dropping short runs.

    Parameters
    ----------
    mask : (n,)
    at_least
        Samples a run must last.
    bridge
        Gaps of up to this many samples between two runs are closed.
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    if bridge and starts.size > 1:
        keep = starts[1:] - stops[:-1] > bridge
        starts, stops = starts[np.concatenate(([True], keep))], stops[np.concatenate((keep, [True]))]
    return [Region(int(a), int(b)) for a, b in zip(starts, stops, strict=True) if b - a >= at_least]


def turning_points(series: Array, swing: float) -> list[int]:
    """Return the alternating tops and bottoms of a series that differ by at least ``swing``.

    Smaller ripples are part of the swing they ride on. The first and the last entry are the extremes before the
    first and after the last full swing. The method is the zigzag (rainflow) reduction of a load history.

    Parameters
    ----------
    series : (n,)
    swing
        In the series' own unit.

    Returns
    -------
    list of int
        Sample indices; empty where no swing is large enough.
    """
    slope = np.diff(series)
    inner = np.flatnonzero(slope[:-1] * slope[1:] <= 0.0) + 1 if slope.size > 1 else np.empty(0, dtype=np.intp)
    candidates = np.concatenate(([0], inner, [len(series) - 1])).astype(int) if len(series) else np.empty(0, int)
    low = high = 0
    found: list[int] = []
    direction = 0
    for i in candidates.tolist():
        value = series[i]
        if value > series[high]:
            high = i
        if value < series[low]:
            low = i
        if direction >= 0 and value <= series[high] - swing:
            found.append(high)
            direction, low = -1, i
        elif direction <= 0 and value >= series[low] + swing:
            found.append(low)
            direction, high = 1, i
        # while rising only the running top matters, while falling only the running bottom
        if direction == 1:
            low = i
        elif direction == -1:
            high = i
    if direction == 1:
        found.append(high)
    elif direction == -1:
        found.append(low)
    return found
