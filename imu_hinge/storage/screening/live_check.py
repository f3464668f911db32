"""Ask, while samples come, whether accelerometer and gyroscope fit each other: `self_check` with the past alone.

It looks at instants of the even grid at fixed counts, so the blocks in which samples came make no difference.
"""

from __future__ import annotations

import math
from typing import Generic, TypeVar

import numpy as np

from imu_hinge.conventions import Flag
from imu_hinge.errors import UnknownUnits
from imu_hinge.model import Array, Flags
from imu_hinge.storage.screening.gyro_gain import MOST_SPANS, Span, open_since, span_of, spans
from imu_hinge.storage.screening.self_check import LEAST_WINDOWS, Finding, judged, spread_of
from imu_hinge.storage.screening.turning import HOP_STEPS, MOST_WINDOWS, STEP_S, WINDOW_STEPS, means, turns

Item = TypeVar("Item")


class LiveCheck:
    """Collect the windows in which one sensor turns, and judge them again as they grow in number.

    Parameters
    ----------
    placement
        Names the sensor in messages.
    rate_hz
        Of the grid.

    Notes
    -----
    Of windows and of spans from rest to rest a bounded number is kept, spread over all. What it says it says once; a
    doubt stays.
    """

    def __init__(self, placement: str, rate_hz: float) -> None:
        self._placement, self._rate_hz = placement, rate_hz
        self._hop = round(HOP_STEPS * STEP_S * rate_hz)
        self._waiting = np.empty((0, 6))  # instants that make no whole hop yet
        self._is_gap = np.empty(0, dtype=np.bool_)
        self._steps = self._open = np.empty((0, 6))  # of the windows to come; since the last rest
        self._kept, self._spans = Spread[tuple[Array, Array]](MOST_WINDOWS), Spread[Span](MOST_SPANS)
        self._spread_mps2 = 0.0  # the largest of any window that turned: standing still tells nothing
        self._judged_at = 0
        self.finding: Finding | None = None

    def take(self, gyr: Array, acc: Array, flags: Flags) -> None:
        """Take the next instants of the grid.

        Parameters
        ----------
        gyr, acc : (n, 3) [rad/s, sensor], [m/s², sensor]
        flags : (n,)

        Raises
        ------
        UnknownUnits
            Where gravity surely does not turn as the gyroscope says, as `checks.check_recording`.
        """
        if self.finding is not None:
            return
        self._waiting = np.concatenate((self._waiting, np.hstack((gyr, acc))))
        self._is_gap = np.concatenate((self._is_gap, (flags & np.uint16(Flag.GAP)) != 0))
        while len(self._waiting) > self._hop and self.finding is None:
            self._look(self._waiting[: self._hop + 1], is_gap=bool(self._is_gap[: self._hop + 1].any()))
            self._waiting, self._is_gap = self._waiting[self._hop :].copy(), self._is_gap[self._hop :].copy()

    def rest(self) -> None:
        """Judge what has been collected since the last time: nothing more will come."""
        if self.finding is None and self._count > self._judged_at:
            self._judge()

    @property
    def _count(self) -> int:
        """How many windows and spans there have been."""
        return self._kept.count + self._spans.count

    def _look(self, values: Array, *, is_gap: bool) -> None:
        """Put one hop on, keep windows in which the sensor turns and spans between rests, and judge as they grow."""
        if is_gap:
            self._steps = self._open = np.empty((0, 6))
            return
        time_s = np.linspace(0.0, HOP_STEPS * STEP_S, len(values))
        new = np.hstack(means(time_s, values[:, :3], values[:, 3:]))
        self._steps, self._open = np.concatenate((self._steps, new)), np.concatenate((self._open, new))
        if len(self._steps) >= WINDOW_STEPS:
            gyr, acc = self._steps[:WINDOW_STEPS, :3], self._steps[:WINDOW_STEPS, 3:]
            self._steps = self._steps[HOP_STEPS:]
            if turns(gyr[None], acc[None])[0]:
                self._spread_mps2 = max(self._spread_mps2, spread_of(values[:, 3:]))
                self._kept.add((gyr.copy(), acc.copy()))  # or the steps after it would be kept as well
        gyr, acc = self._open[:, :3], self._open[:, 3:]
        for part in spans(gyr, acc):
            self._spans.add(span_of(gyr[part].copy(), acc[part].copy()))
        self._open = self._open[open_since(gyr, acc) :]
        # a quarter more windows are worth another look (chosen)
        if self._count >= max(LEAST_WINDOWS, math.ceil(1.25 * self._judged_at)):
            self._judge()

    def _judge(self) -> None:
        self._judged_at = self._count
        columns = tuple(zip(*self._kept.chosen, strict=True)) or ((), ())
        gyr, acc = (np.array(column).reshape(-1, WINDOW_STEPS, 3) for column in columns)
        self.finding = judged(self._placement, gyr, acc, self._spans.chosen, spread_mps2=self._spread_mps2)
        if self.finding is not None and self.finding.is_refused:
            raise UnknownUnits(self.finding.text)


class Spread(Generic[Item]):
    """Keep at most twice ``most`` of many things, spread evenly over all that came."""

    def __init__(self, most: int) -> None:
        self._most, self._every, self._kept = most, 1, list[Item]()
        self.count = 0

    def add(self, item: Item) -> None:
        """Keep one more, or forget it: of so many, every other one is forgotten, again and again."""
        self.count += 1
        if self.count % self._every:
            return
        self._kept.append(item)
        if len(self._kept) >= 2 * self._most:
            self._kept, self._every = self._kept[::2], 2 * self._every

    @property
    def chosen(self) -> list[Item]:
        """At most ``most`` of them, in order."""
        return self._kept[:: 1 + (len(self._kept) - 1) // self._most] if self._kept else []
