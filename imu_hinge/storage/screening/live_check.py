"""Ask, while samples come, whether accelerometer and gyroscope fit each other: `self_check` with the past alone.

It looks at instants of the even grid at fixed counts, so the blocks in which samples came make no difference.
"""

from __future__ import annotations

import math

import numpy as np

from imu_hinge.conventions import Flag
from imu_hinge.errors import UnknownUnits
from imu_hinge.model import Array, Flags, Samples
from imu_hinge.storage.screening.self_check import LEAST_TURN_RAD, LEAST_WINDOWS, Finding, judged, spread_of
from imu_hinge.storage.screening.turning import HOP_S, MOST_WINDOWS, WINDOW_S, turning_most, windows


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
    At most twice `turning.MOST_WINDOWS` are kept: then every other one is forgotten, and of those to come every other
    one is taken. What it says it says once; a doubt stays.
    """

    def __init__(self, placement: str, rate_hz: float) -> None:
        self._placement, self._rate_hz = placement, rate_hz
        self._span, self._hop = math.ceil(WINDOW_S * rate_hz) + 1, round(HOP_S * rate_hz)
        self._waiting = np.empty((0, 6))
        self._is_gap = np.empty(0, dtype=np.bool_)
        self._kept: list[tuple[Array, Array]] = []
        self._spread_mps2 = 0.0  # the largest of any window that turned: standing still tells nothing
        self._turned = 0
        self._every = 1
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
        while len(self._waiting) >= self._span and self.finding is None:
            if not self._is_gap[: self._span].any():
                self._look(self._waiting[: self._span])
            self._waiting, self._is_gap = self._waiting[self._hop :].copy(), self._is_gap[self._hop :].copy()

    def rest(self) -> None:
        """Judge what has been collected since the last time: nothing more will come."""
        if self.finding is None and len(self._kept) > self._judged_at:
            self._judge()

    def _look(self, values: Array) -> None:
        """Keep one window where the sensor turns in it, and judge all when there are a quarter more than last time."""
        time_s = np.arange(len(values)) / self._rate_hz
        gyr, acc = windows(Samples(time_s, values[:, 3:], values[:, :3]))
        if not len(turning_most(gyr, acc, LEAST_TURN_RAD)):
            return
        self._turned += 1
        self._spread_mps2 = max(self._spread_mps2, spread_of(values[:, 3:]))
        if self._turned % self._every:
            return
        self._kept.append((gyr[0], acc[0]))
        if len(self._kept) >= 2 * MOST_WINDOWS:
            self._kept, self._every = self._kept[::2], 2 * self._every
            self._judged_at = len(self._kept) // 2
        if len(self._kept) >= max(LEAST_WINDOWS, math.ceil(1.25 * self._judged_at)):
            self._judge()

    def _judge(self) -> None:
        self._judged_at = len(self._kept)
        chosen = self._kept[:: 1 + (len(self._kept) - 1) // MOST_WINDOWS]
        gyr, acc = (np.stack(column) for column in zip(*chosen, strict=True))
        self.finding = judged(self._placement, gyr, acc, spread_mps2=self._spread_mps2)
        if self.finding is not None and self.finding.is_refused:
            raise UnknownUnits(self.finding.text)
