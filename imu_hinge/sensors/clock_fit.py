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


def lower_line(x: Array, y: Array, *, slopes: tuple[float, float], middle: float | None = None) -> Line:
    """Return the line below all points that is nearest to them on the whole.

    Parameters
    ----------
    x, y : (n,) [s]
        At least one point, x not descending.
    slopes
        Least and greatest slope allowed. The sum of distances is concave in the slope, so the best allowed one is the
        free one or the bound next to it.
    middle
        The x around which distances count; their mean where None [s].
    """
    x0 = float(x.mean()) if middle is None else middle
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

    @property
    def slopes(self) -> tuple[float, float]:
        """Least and greatest slope now."""
        is_long = bool(self._bins) and self._best[0] - self._bins[0][0] >= self._freeze_s
        return self._slopes if is_long else (self.slope, self.slope)

    def _refit(self) -> None:
        points: npt.NDArray[np.float64] = np.array([*self._bins, self._best])
        self.line = lower_line(points[:, 0], points[:, 1], slopes=self.slopes)
        self.slope = self.line.slope


BIN_S: Final = 0.5
"""Of the points of one bin the running line keeps the lowest [s]."""
