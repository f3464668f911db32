"""Hold a device's line of host against device time between questions and arrivals: nothing is heard before it is sent.

It sends nothing (`time_requests` does) and fits no arrivals alone (`envelope_fit` does).

Arrivals alone leave open how late the quickest of them is: where packets and connection events keep step, up to one
connection interval for minutes. Questions are asked at random, so the one that waited least waited next to nothing. The
line runs below every arrival and above every question, and the more questions there are, the closer above them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from imu_hinge.model import Array
from imu_hinge.sensors.clock.envelope_fit import TRIALS, Line, RunningLine, Slopes
from imu_hinge.sensors.time_requests import TimeReply

KEPT: Final = 400
"""So many pings are remembered while they come."""

FEWEST: Final = 10
"""Fewer pings tell less than the arrivals do."""

LEAST_WAIT_S: Final = 0.3e-3
"""What the system needs to send a question on, at least on average [s]."""

FARTHEST_S: Final = 1.0
"""A question further off than this was answered by another clock than the samples' [s]."""

ROUNDS: Final = 8
"""So often slopes are tried again, among those that are possible."""

TINY: Final = 1e-300
"""Keeps a logarithm finite where a weight underflows."""
NS: Final = 1e-9
"""Seconds of a nanosecond."""


class TimeRequests(NamedTuple):
    """Hold answered pings as points on a device's samples' clock.

    Parameters
    ----------
    x, y, trip_s : (n,) [s] each
        When the device heard a question, when the host asked it, and how long the host waited for the answer.
    """

    x: Array
    y: Array
    trip_s: Array

    @classmethod
    def near(cls, line: Line, replies: Iterable[TimeReply], *, origin_ns: int) -> TimeRequests:
        """Return the questions that the line's clock answered, unwrapped by it; others are left out.

        Parameters
        ----------
        line
            The samples' clock against the host's, well enough to unwrap by.
        replies
            In any order.
        origin_ns
            The host's time that the line calls 0 [ns].
        """
        rows = []
        for reply in replies:
            y = (reply.asked_ns - origin_ns) * NS
            expected = line.x0 + (y - line.y0) / line.slope
            wrap = reply.wrap_ns * NS
            x = reply.device_ns * NS
            x += wrap * round((expected - x) / wrap) if wrap else 0.0
            if abs(line.at_one(x) - y) <= FARTHEST_S:
                rows.append((x, y, (reply.answered_ns - reply.asked_ns) * NS))
        return cls(*np.array(rows).reshape(-1, 3).T)


def line_between(asked: TimeRequests, x: Array, y: Array, *, slopes: Slopes) -> Line:
    """Return the mean of all lines above questions and below arrivals, by how likely they leave questions waiting.

    Parameters
    ----------
    asked
        At least one; `FEWEST` for the line to be better than one below arrivals alone.
    x, y : (n,) [s]
        Device time of notifications and when they arrived.
    slopes
        Allowed and expected ones.

    Notes
    -----
    Of n waits spread evenly over an interval w the least is w / n on average, and exponentially distributed; the
    median trip stands for w. Arrivals only bound the line: how late they are is not taken to say anything. Where no
    line passes, as a clock wanders or stamps late, the one that comes closest to doing so is taken.
    """
    x0, y0 = float(asked.x.mean()), float(asked.y.mean())
    scale_s = max(float(np.median(asked.trip_s)) / len(asked.x), LEAST_WAIT_S)
    dx, dy, ask_dx, ask_dy = x - x0, y - y0, asked.x - x0, asked.y - y0
    low, high = slopes.least, slopes.greatest
    for _ in range(ROUNDS):
        slope = np.linspace(low, high, TRIALS)
        floor = (ask_dy - slope[:, None] * ask_dx).max(axis=1)
        room = (dy - slope[:, None] * dx).min(axis=1) - floor
        widest = int(room.argmax())
        possible = np.flatnonzero(room > 0) if room[widest] > 0 else np.array([widest])
        low, high = slope[max(possible[0] - 1, 0)], slope[min(possible[-1] + 1, TRIALS - 1)]
    if room[widest] <= 0:
        return Line(x0, y0 + float(floor[widest] + 0.5 * room[widest]), float(slope[widest]))
    share = np.maximum(room, 0.0) / scale_s
    log_weight = np.log(np.maximum(-np.expm1(-share), TINY)) - floor / scale_s - slopes.doubt(slope)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    above = scale_s * _mean_below(share)
    return Line(x0, y0 + float(weight @ (floor + above)), float(weight @ slope))


def _mean_below(most: Array) -> Array:
    """Return the mean of what is exponentially distributed, of scale one, and known to be below ``most``. (n,)."""
    most = np.maximum(most, 1e-4)
    mean: Array = 1.0 - most / np.expm1(most)
    return mean


class RunningPings:
    """Keep the last pings, and hold a running line against them."""

    def __init__(self, *, origin_ns: int) -> None:
        self._origin_ns = origin_ns
        self._replies: deque[TimeReply] = deque(maxlen=KEPT)

    def add(self, reply: TimeReply) -> None:
        """Take one ping."""
        self._replies.append(reply)

    def line(self, running: RunningLine) -> Line | None:
        """Return the line between questions and arrivals; None where too few questions were answered by their clock."""
        asked = TimeRequests.near(running.line, self._replies, origin_ns=self._origin_ns)
        return line_between(asked, *running.points(), slopes=running.slopes) if len(asked.x) >= FEWEST else None
