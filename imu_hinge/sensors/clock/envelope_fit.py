"""Fit host time to device time from below: notifications come late, never early.

Pure geometry of points (x = device time of a notification's newest sample, y = its arrival); nothing here knows blocks,
flags or devices.

`lower_line` is that of Moon, Skelly and Towsley (INFOCOM 1999): below all points, least sum of vertical distances. It
is the edge of the lower convex hull under the mean of x. `likely_line` weighs that sum against how far clocks are off
as a rule, so that a few seconds of points do not tilt it. What neither can see is the least latency, a constant.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.model import Array

BIN_S: Final = 0.5
"""Of the points of one bin the running line keeps the lowest [s]."""

SPREAD: Final = 0.15
"""Standard deviation of slopes, as a share of the allowed range: 150 ppm of ±500, where crystals are within 50."""

TRIALS: Final = 17
"""So many slopes are tried at once; around the best, or the possible ones, again as many."""

FINEST: Final = 1e-8
"""Slopes this close to each other are the same."""

NO_WAIT_S: Final = 1e-6
"""Keeps the logarithm of a mean wait finite where every arrival lies on the line [s]."""


class Line(NamedTuple):
    """Hold y = y0 + slope (x - x0).

    Parameters
    ----------
    x0, y0
        A point of it [s].
    slope
        Host's seconds per device's second.
    """

    x0: float
    y0: float
    slope: float

    def at(self, x: Array) -> Array:
        """Return y at each x. (n,) [s]."""
        return self.y0 + self.slope * (x - self.x0)

    def at_one(self, x: float) -> float:
        """Return y at one x [s]."""
        return self.y0 + self.slope * (x - self.x0)


class Slopes(NamedTuple):
    """Hold which slopes are allowed, and the one expected beforehand.

    Parameters
    ----------
    least, greatest
        Those allowed.
    expected
        What is likeliest beforehand.
    """

    least: float
    greatest: float
    expected: float = 1.0

    def doubt(self, slope: Array) -> Array:
        """Return how unlikely slopes are beforehand. (n,) [nat]."""
        return 0.5 * ((slope - self.expected) / (SPREAD * (self.greatest - self.least))) ** 2


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


def likely_line(x: Array, y: Array, *, slopes: Slopes) -> Line:
    """Return the most likely line below all points, by their waits above it and by what slopes clocks have.

    Parameters
    ----------
    x, y : (n,) [s]
        At least one point, x not descending.
    slopes
        Allowed and expected ones.

    Notes
    -----
    Waits are taken for exponentially distributed with an unknown scale, whose likelihood is their mean to the power -n.
    """
    x0, y0 = float(x.mean()), float(y.mean())
    corners = np.array(_hull(x - x0, y - y0))
    low, high = slopes.least, slopes.greatest
    while True:
        trial = np.linspace(low, high, TRIALS)
        level = (corners[:, 1] - trial[:, None] * corners[:, 0]).min(axis=1)  # the mean point lies -level above it
        best = int((len(x) * np.log(np.maximum(-level, NO_WAIT_S)) + slopes.doubt(trial)).argmin())
        if high - low < FINEST:
            return Line(x0, y0 + float(level[best]), float(trial[best]))
        low, high = float(trial[max(best - 1, 0)]), float(trial[min(best + 1, TRIALS - 1)])


def _hull_slope(x: Array, y: Array, middle: float) -> float | None:
    """Return the slope of the lower convex hull's edge under ``middle``; None where all points share one x."""
    for (ax, ay), (bx, by) in pairwise(_hull(x, y)):
        if bx >= middle:
            return (by - ay) / (bx - ax)
    return None


def _hull(x: Array, y: Array) -> list[tuple[float, float]]:
    """Return the corners of the lower convex hull."""
    hull: list[tuple[float, float]] = []
    for px, py in zip(x.tolist(), y.tolist(), strict=True):
        if hull and px <= hull[-1][0]:
            if py >= hull[-1][1]:
                continue
            hull.pop()
        while len(hull) >= 2 and _is_above(hull[-2], hull[-1], (px, py)):
            hull.pop()
        hull.append((px, py))
    return hull


def _is_above(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Tell whether b lies on or above the line from a to c."""
    return (b[1] - a[1]) * (c[0] - a[0]) >= (c[1] - a[1]) * (b[0] - a[0])


class RunningLine:
    """Keep the likely line over the last minutes, cheaply enough for every notification.

    Parameters
    ----------
    window_s
        How far back points count.
    slopes
        Allowed and expected ones.
    """

    def __init__(self, *, window_s: float, slopes: Slopes) -> None:
        self._window_s, self.slopes = window_s, slopes
        self._bins: deque[tuple[float, float]] = deque()
        self._bin_end = -np.inf
        self._best = (0.0, 0.0)
        self.line = Line(0.0, 0.0, slopes.expected)

    def add(self, x: float, y: float) -> Line:
        """Take one point and return the line now."""
        if self._bin_end == -np.inf:
            self.line = self.line._replace(x0=x, y0=y)
            self._best, self._bin_end = (x, y), y + BIN_S
            return self.line
        if y >= self._bin_end:
            self._bins.append(self._best)
            self._best, self._bin_end = (x, y), y + BIN_S
            while self._bins and self._bins[0][1] < y - self._window_s:
                self._bins.popleft()
            self.line = likely_line(*self.points(), slopes=self.slopes)
        elif y - self.line.slope * x < self._best[1] - self.line.slope * self._best[0]:
            self._best = (x, y)
        late = y - self.line.at_one(x)
        if late < 0:
            self.line = self.line._replace(y0=self.line.y0 + late)
        return self.line

    def points(self) -> tuple[Array, Array]:
        """Return the lowest point of each bin. (n,) [s] each."""
        points: npt.NDArray[np.float64] = np.array([*self._bins, self._best])
        return points[:, 0], points[:, 1]
