"""Hold a device's line of host against device time against pings: a question is never heard before it is asked.

It sends nothing (`pings` does) and fits no arrivals (`clock_fit` does).

Arrivals alone leave open how late the quickest of them is: where packets and connection events keep step, up to one
connection interval for minutes. Questions are asked at random, so the one that waited least waited next to nothing, and
the line lies just after it. How far after is told by how the waits of all questions are spread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

import numpy as np

from imu_hinge.model import Array
from imu_hinge.sensors.clock_fit import Line, lower_line
from imu_hinge.sensors.pings import Echo

PIECE: Final = 12
"""Pings in a piece at least: with twice as many the line is held against them."""

MOST_PIECES: Final = 8

KEPT: Final = 400
"""So many pings are remembered while they come."""

SLACK_S: Final = 1e-3
"""What the system may need to send a question on; the line stays this late, so that sensors with and without pings are
placed alike [s]."""

UNLIKELY: Final = 10.0
"""Least waits of two neighbouring pieces together, in mean gaps, that chance makes once in 2000 [mean gap]."""

DOUBT: Final = 4.0
"""The same for all pieces together, in standard deviations above the mean."""

SLOPE_S: Final = 30.0
"""Until questions span this long they do not tell the slope [s]."""

FARTHEST_S: Final = 1.0
"""A question further off than this was answered by another clock than the samples' [s]."""

NS: Final = 1e-9


def points(echoes: Iterable[Echo], line: Line, *, origin_ns: int) -> tuple[Array, Array]:
    """Return device and host time of questions, both as the line has them; those of another clock are left out.

    Returns
    -------
    (x, y) : (n,) [s] each
        When the device heard a question, on its samples' clock, and when the host asked it.
    """
    rows = []
    for echo in echoes:
        y = (echo.asked_ns - origin_ns) * NS
        expected = line.x0 + (y - line.y0) / line.slope
        wrap = echo.wrap_ns * NS
        x = echo.device_ns * NS
        x += wrap * round((expected - x) / wrap) if wrap else 0.0
        if abs(line.at_one(x) - y) <= FARTHEST_S:
            rows.append((x, y))
    values = np.array(rows).reshape(-1, 2)
    return values[:, 0], values[:, 1]


def held(line: Line, x: Array, y: Array, *, slopes: tuple[float, float]) -> Line:
    """Return the line, or an earlier one where questions show that even the quickest arrivals were late.

    Parameters
    ----------
    line
        Below all arrivals.
    x, y : (n,) [s]
        Questions, as from `points`; the line must lie above them.
    slopes
        Least and greatest slope allowed.

    Notes
    -----
    Of n waits spread evenly over an interval w the least is w / n on average, and exponentially distributed: so in
    pieces of them the least waits before a line that is right are no longer than chance makes them. A line that is not
    gives way to the one just after all questions.
    """
    pieces = min(MOST_PIECES, len(x) // PIECE)
    if pieces < 2:
        return line
    waits = line.at(x) - y
    found = np.array([_least_wait(part) for part in np.array_split(waits, pieces)])
    unlikely = np.maximum((found[:, 0] - SLACK_S) / found[:, 1], 0.0)
    is_likely = (unlikely[1:] + unlikely[:-1]).max() < UNLIKELY and unlikely.sum() < pieces + DOUBT * np.sqrt(pieces)
    if is_likely and waits.min() > -SLACK_S:
        return line
    if x[-1] - x[0] < SLOPE_S:
        slopes = line.slope, line.slope
    mirrored = lower_line(-x[::-1], -y[::-1], slopes=slopes, middle=-0.5 * float(x[0] + x[-1]))
    above = Line(-mirrored.x0, -mirrored.y0, mirrored.slope)
    return above._replace(y0=above.y0 + max(SLACK_S, _least_wait(above.at(x) - y)[1]))


def _least_wait(waits: Array) -> tuple[float, float]:
    """Return the least of the waits, and the mean gap between them when they are spread evenly [s].

    The gap is told from their median: long waits are stalls.
    """
    least = float(waits.min())
    return least, 2.0 * max(float(np.median(waits)) - least, 1e-6) / (len(waits) - 1)


class RunningPings:
    """Keep the last pings, and hold a running line against them."""

    def __init__(self, *, origin_ns: int) -> None:
        self._origin_ns = origin_ns
        self._echoes: deque[Echo] = deque(maxlen=KEPT)

    def add(self, echo: Echo) -> None:
        """Take one ping."""
        self._echoes.append(echo)

    def held(self, line: Line, *, slopes: tuple[float, float]) -> Line:
        """Return the line, or an earlier one; see `held`."""
        return held(line, *points(self._echoes, line, origin_ns=self._origin_ns), slopes=slopes)
