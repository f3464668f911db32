"""Fit host time to device time from below: notifications come late, never early.

Pure geometry of points (x = device time of a notification's newest sample, y = its arrival); nothing here knows blocks,
flags or devices.

The line is that of Moon, Skelly and Towsley (INFOCOM 1999): below all points, least sum of vertical distances. It is
the edge of the lower convex hull under the mean of x. What it cannot see is the least latency itself, a constant.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.model import Array

AHEAD_S, BEHIND_S = 2.0, 0.2
"""Where loss is not counted, how far a level is looked for: it only ever jumps up, so further ahead than back [s]."""

SHORT_LAG, LONG_LAG = 50, 400
"""Lags between which the growth of the arrivals' scatter is attributed to loss [notification]."""

LEAST_LOSS: Final = 0.003
"""A smaller share of loss is not told from the scatter."""


class Line(NamedTuple):
    """Hold y = y0 + slope (x - x0), all in seconds."""

    x0: float
    y0: float
    slope: float

    def at(self, x: Array) -> Array:
        """Return y at each x. (n,) [s]."""
        return self.y0 + self.slope * (x - self.x0)

    def at_one(self, x: float) -> float:
        """Return y at one x [s]."""
        return self.y0 + self.slope * (x - self.x0)


def lower_line(x: Array, y: Array, *, slopes: tuple[float, float]) -> Line:
    """Return the line below all points that is nearest to them on the whole.

    Parameters
    ----------
    x, y : (n,) [s]
        At least one point, x not descending.
    slopes
        Least and greatest slope allowed. The sum of distances is concave in the slope, so the best allowed one is the
        free one or the bound next to it.
    """
    x0 = float(x.mean())
    slope = _hull_slope(x - x[0], y - y[0], float(x0 - x[0]))
    slope = min(max(slope, slopes[0]), slopes[1]) if slope is not None else min(max(1.0, slopes[0]), slopes[1])
    return Line(x0, float((y - slope * (x - x0)).min()), slope)


def _hull_slope(x: Array, y: Array, middle: float) -> float | None:
    """Return the slope of the lower convex hull's edge under ``middle``; None where all points share one x."""
    hull: list[tuple[float, float]] = []
    for px, py in zip(x.tolist(), y.tolist(), strict=True):
        if hull and px <= hull[-1][0]:
            if py >= hull[-1][1]:
                continue
            hull.pop()
        while len(hull) >= 2 and _is_above(hull[-2], hull[-1], (px, py)):
            hull.pop()
        hull.append((px, py))
    for (ax, ay), (bx, by) in pairwise(hull):
        if bx >= middle:
            return (by - ay) / (bx - ax)
    return None


def _is_above(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Tell whether b lies on or above the line from a to c."""
    return (b[1] - a[1]) * (c[0] - a[0]) >= (c[1] - a[1]) * (b[0] - a[0])


def slope_between_losses(x: Array, y: Array, *, free: float, step: float) -> float:
    """Return the slope in the stretches without loss, for a device that counts nothing.

    Parameters
    ----------
    x, y : (n,) [s]
    free
        Slope of the line over everything, which loss makes steeper.
    step
        Mean of x between two notifications [s].

    Notes
    -----
    Jitter adds the same scatter to y over any lag; each notification lost at random, with probability p, adds a jump.
    So the variance of y(j + m) - y(j) grows with m by p (free · step)² per notification, and the slope without these
    jumps is free · (1 - p). A device that is slow but regular has no such growth.
    """
    if len(y) < 4 * LONG_LAG:
        return free
    rest = y - free * x
    growth = (
        float(np.var(rest[LONG_LAG:] - rest[:-LONG_LAG])) - float(np.var(rest[SHORT_LAG:] - rest[:-SHORT_LAG]))
    ) / (LONG_LAG - SHORT_LAG)
    share = min(growth / (free * step) ** 2, 0.5)
    return free * (1 - share) if share > LEAST_LOSS else free


def level(y: Array, rest: Array) -> Array:
    """Return, at each point, the height on which the jitter stands. (n,) [s].

    Parameters
    ----------
    y : (n,) [s]
        Arrivals, not descending.
    rest : (n,) [s]
        What is left of y once the slope is taken off: jumps up where samples were lost, jitter above that.

    Notes
    -----
    Mean of the least ``rest`` in the `AHEAD_S` after a point, which errs to the high side where the next loss comes
    soon, and in the `BEHIND_S` before it, which errs to the low side where the last loss is near.
    """
    behind = _least_ahead(-y[::-1], rest[::-1], window_s=BEHIND_S)[::-1]
    return 0.5 * (_least_ahead(y, rest, window_s=AHEAD_S) + behind)


def _least_ahead(y: Array, rest: Array, *, window_s: float) -> Array:
    least = np.empty_like(rest)
    ahead: deque[int] = deque()  # candidates for the minimum, nearest first, rest descending with distance
    for i in range(len(y) - 1, -1, -1):
        while ahead and rest[ahead[0]] >= rest[i]:
            ahead.popleft()
        ahead.appendleft(i)
        while y[ahead[-1]] > y[i] + window_s:
            ahead.pop()
        least[i] = rest[ahead[-1]]
    return least


class RunningLine:
    """Keep the lower line over the last minutes, cheaply enough for every notification.

    Parameters
    ----------
    window_s
        How far back points count.
    slopes
        As in `lower_line`.
    freeze_s, first_slope
        The slope stays at ``first_slope`` until points span ``freeze_s``.
    """

    def __init__(
        self, *, window_s: float, slopes: tuple[float, float], freeze_s: float, first_slope: float = 1.0
    ) -> None:
        self._window_s, self._slopes, self._freeze_s = window_s, slopes, freeze_s
        self.slope = first_slope
        self._bins: deque[tuple[float, float]] = deque()
        self._bin_end = -np.inf
        self._best = (0.0, 0.0)
        self.line = Line(0.0, 0.0, first_slope)

    def add(self, x: float, y: float) -> Line:
        """Take one point and return the line now."""
        if not self._bins and self._bin_end == -np.inf:
            self.line = Line(x, y, self.slope)
            self._best, self._bin_end = (x, y), y + BIN_S
            return self.line
        if y >= self._bin_end:
            self._bins.append(self._best)
            self._best, self._bin_end = (x, y), y + BIN_S
            while self._bins and self._bins[0][1] < y - self._window_s:
                self._bins.popleft()
            self._refit()
        elif y - self.slope * x < self._best[1] - self.slope * self._best[0]:
            self._best = (x, y)
        late = y - self.line.at_one(x)
        if late < 0:
            self.line = self.line._replace(y0=self.line.y0 + late)
        return self.line

    def _refit(self) -> None:
        points: npt.NDArray[np.float64] = np.array([*self._bins, self._best])
        x, y = points[:, 0], points[:, 1]
        is_long = x[-1] - x[0] >= self._freeze_s
        self.line = lower_line(x, y, slopes=self._slopes if is_long else (self.slope, self.slope))
        self.slope = self.line.slope


BIN_S: Final = 0.5
"""Of the points of one bin the running line keeps the lowest [s]."""
