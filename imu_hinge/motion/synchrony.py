"""Put sensors whose clocks differ in step, by the jolts that all of them feel at once.

It mends nothing else of a clock (`sensors.clock` does), and it moves no sample where the jolts do not tell clearly.

Notes
-----
A heel that strikes and a plate that lands shake the whole trunk within a few milliseconds, whereas pelvis and trunk do
not turn alike: the lumbar spine has a rhythm of its own. So the size of the force is compared, which does not depend on
how a sensor is mounted, without what is slower than a jolt. The blow of a plate rings differently under each sensor and
is cut down to the size of a step. No sample is stamped before it was taken, so the sensor that is ahead is believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Final, NamedTuple

import numpy as np

from imu_hinge.model import Array, Samples
from imu_hinge.motion.resample import in_order
from imu_hinge.signals import smooth

GRID_HZ: Final = 200.0
SLOWER_S: Final = 0.125
"""What lasts longer than this is the body's own movement and not a jolt."""
RING_S: Final = 0.025
"""What is shorter is how a sensor rings on the skin."""
LARGEST: Final = 4.5
"""A jolt counts for no more than this many times the usual shake (median)."""
SEARCH_S: Final = 0.2
"""Clocks are no further apart: steps come every half second, and one must not be taken for the next."""
WINDOW_S: Final = 60.0
"""Within it clocks keep step; over more of them they may drift apart."""
LEAST_S: Final = 5.0
"""Jolts of a shorter recording tell nothing."""

CLEAR: Final = 0.4
"""The jolts must correlate by this much at the lag, and ..."""
CLEARER: Final = 2.0
"""... by this many times more than at any lag further away than `APART_S`."""
APART_S: Final = 0.06
DRIFT_WINDOWS: Final = 3
"""So many windows must tell before a drift is believed."""


class Behind(NamedTuple):
    """Hold how far one clock is behind another: ``lag_s`` at ``at_s``, and what it falls behind per second."""

    lag_s: float = 0.0
    drift: float = 0.0
    at_s: float = 0.0


def in_step(sensors: Mapping[str, Samples]) -> tuple[dict[str, Samples], dict[str, float]]:
    """Return the sensors' samples in step with the one that is most ahead, and by how much each was behind.

    Parameters
    ----------
    sensors
        By placement.

    Returns
    -------
    dict, dict
        The lags [s], in the middle of the recording, of the sensors that were moved.
    """
    names = list(sensors)
    found = {name: clock_behind(sensors[names[0]], sensors[name]) for name in names[1:]}
    lags = {names[0]: Behind()} | {name: behind for name, behind in found.items() if behind is not None}
    least = min(behind.lag_s for behind in lags.values())
    moved = {name: behind._replace(lag_s=behind.lag_s - least) for name, behind in lags.items()}
    told = {name: behind for name, behind in moved.items() if behind.lag_s > 0.0 or behind.drift != 0.0}
    return (
        {name: _moved(samples, told[name]) if name in told else samples for name, samples in sensors.items()},
        {name: behind.lag_s for name, behind in told.items()},
    )


def _moved(samples: Samples, behind: Behind) -> Samples:
    time_s = samples.time_s - behind.lag_s - behind.drift * (samples.time_s - behind.at_s)
    return replace(samples, time_s=time_s)


def clock_behind(first: Samples, second: Samples) -> Behind | None:
    """Return how far the second sensor's clock is behind the first's, or None where the jolts do not tell.

    Several windows that tell give a straight line, by the median of the slopes between any two (Theil and Sen).
    """
    first, second = in_order(first), in_order(second)
    start = max(float(first.time_s[0]), float(second.time_s[0]))
    stop = min(float(first.time_s[-1]), float(second.time_s[-1]))
    if stop - start < LEAST_S:
        return None
    grid = start + np.arange(int((stop - start) * GRID_HZ)) / GRID_HZ
    one, other = jolts(first, grid), jolts(second, grid)
    edges = np.linspace(0, grid.size, max(1, round((stop - start) / WINDOW_S)) + 1).astype(np.int64)
    told: list[tuple[float, float]] = []
    for low, high in pairwise(edges):
        lag_s = _lag_s(one[low:high], other[low:high])
        if lag_s is not None:
            told.append((float(grid[(low + high) // 2]), lag_s))
    if not told:
        return None
    middle_s, drift = 0.5 * (start + stop), 0.0
    if len(told) >= DRIFT_WINDOWS:
        drift = float(np.median([(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(told, 2)]))
    return Behind(float(np.median([lag_s - drift * (at_s - middle_s) for at_s, lag_s in told])), drift, middle_s)


def jolts(samples: Samples, grid: Array) -> Array:
    """Return how the force jolts at the instants of ``grid``, in units of the usual shake. (n,)."""
    force = np.interp(grid, samples.time_s, np.sqrt(np.einsum("ij,ij->i", samples.acc, samples.acc)))
    fast = force - smooth(force, round(SLOWER_S * GRID_HZ))
    for _ in range(2):
        fast = smooth(fast, round(RING_S * GRID_HZ))
    usual = max(float(np.median(np.abs(fast))), 1e-9)
    return np.asarray(np.clip(fast / usual, -LARGEST, LARGEST))


def _lag_s(first: Array, second: Array) -> float | None:
    """Return how much later the second comes [s], between grid instants by a parabola; None where it is not clear."""
    reach, apart = round(SEARCH_S * GRID_HZ), round(APART_S * GRID_HZ)
    inner = first[reach:-reach]
    size = float(np.sqrt((inner @ inner) * (second @ second)))
    if inner.size <= reach or size <= 0.0:
        return None
    alike = np.correlate(second, inner, "valid") / size
    best = int(np.argmax(alike))
    far = np.concatenate((alike[: max(0, best - apart)], alike[best + apart + 1 :]))
    if best in (0, alike.size - 1) or alike[best] < max(CLEAR, CLEARER * float(far.max())):
        return None
    before, peak, after = alike[best - 1 : best + 2]
    return float((best - reach + 0.5 * (before - after) / (before - 2.0 * peak + after)) / GRID_HZ)
