"""Play a recording as its sensors once delivered it: block by block, at its own pace or faster.

It stands where the radio stands otherwise; what is analysed and shown goes the same way. It reads no file.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from imu_hinge.live.recorder import OnSamples
from imu_hinge.model import Recording

BLOCK_S: Final = 0.04
"""What is delivered at a time: sensors send 4 to 15 samples at 100 Hz together [s of the recording]."""


class Playback:
    """Deliver a recording's samples in time.

    Parameters
    ----------
    recording
    speed
        Seconds of the recording in one second.
    """

    def __init__(self, recording: Recording, *, speed: float = 1.0) -> None:
        self._sensors, self._speed = recording.sensors, speed
        times = [samples.time_s for samples in recording.sensors.values() if len(samples)]
        self._start_s = min((float(time_s[0]) for time_s in times), default=0.0)
        self._stop_s = max((float(time_s[-1]) for time_s in times), default=0.0)
        self._begun = time.perf_counter()

    def now_s(self) -> float:
        """Return the time now on the recording's timeline [s]."""
        return self._start_s + (time.perf_counter() - self._begun) * self._speed

    async def play(self, feed: OnSamples, stop: asyncio.Event, *, is_full: Callable[[], bool] = lambda: False) -> None:
        """Deliver everything from now on, until it is over or ``stop`` is set.

        Parameters
        ----------
        feed
            Takes each block.
        stop
            Set it to end the playing.
        is_full
            Whether the taker has too much already; then it waits, and is late.
        """
        self._begun = time.perf_counter()
        given = dict.fromkeys(self._sensors, 0)
        block = 0
        while self._start_s + block * BLOCK_S <= self._stop_s and not stop.is_set():
            block += 1
            until_s = self._start_s + block * BLOCK_S
            await asyncio.sleep(max(0.0, (until_s - self.now_s()) / self._speed))
            while is_full() and not stop.is_set():  # noqa: ASYNC110  # the taker is a thread and sets no event here
                await asyncio.sleep(BLOCK_S)
            for placement, samples in self._sensors.items():
                first, last = given[placement], int(np.searchsorted(samples.time_s, until_s))
                if last > first:
                    feed(placement, samples[first:last])
                    given[placement] = last
