"""Screen one sensor's samples as they arrive: what no sensor measured is left out, late samples are put back.

It looks at samples one after the other, so the blocks in which they came make no difference. It judges no units.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from imu_hinge.conventions import Flag
from imu_hinge.errors import BadSamples
from imu_hinge.model import Samples

AHEAD: Final = 4
"""A sample is final when so many later ones have come: a swapped pair or two is put back, for 40 ms at 100 Hz."""

MAX_ACC_MPS2: Final = 1000.0
"""Beyond 100 g a reading is no movement of a lifter [m/s²]."""

MAX_GYR_RADPS: Final = 100.0
"""Beyond 5700 deg/s a reading is no movement of a lifter [rad/s]."""

MAX_TIME_S: Final = 1e12
"""Beyond this a time in seconds does not tell one sample from the next [s]."""

MAX_HOLE_S: Final = 86400.0
"""No session pauses for a day: over a longer step the clock was set [s]."""

MAX_FROZEN_S: Final = 1.0
"""A sensor has noise: one reading repeated on all axes for longer was not measured [s]."""


class Arrivals:
    """Put one sensor's samples in order and leave out what was not measured, with bounded look-ahead.

    Parameters
    ----------
    placement
        Names the sensor in messages.

    Notes
    -----
    Of two samples of one time the first is kept. One that comes later than `AHEAD` samples after its place is left out.
    A stretch that repeats one reading is flagged `Flag.SUSPECT` once it has lasted `MAX_FROZEN_S`: what went before has
    been shown by then.
    """

    def __init__(self, placement: str) -> None:
        self._placement = placement
        self._held: list[tuple[float, np.ndarray, int]] = []
        self._last_s = -np.inf
        self._jumped = 0
        self._frozen: tuple[float, bytes] = (0.0, b"")

    def take(self, samples: Samples) -> Samples:
        """Return the samples that are final now.

        Raises
        ------
        BadSamples
            Where the clock jumps by more than a day.
        """
        values = np.hstack((samples.acc, samples.gyr))
        with np.errstate(invalid="ignore"):
            is_good = (np.abs(samples.time_s) <= MAX_TIME_S) & (np.abs(samples.acc) <= MAX_ACC_MPS2).all(axis=1)
            is_good &= (np.abs(samples.gyr) <= MAX_GYR_RADPS).all(axis=1)  # NaN compares false
        final: list[tuple[float, np.ndarray, int]] = []
        for i in np.flatnonzero(is_good):
            self._put(float(samples.time_s[i]), values[i], int(samples.flags[i]))
            if len(self._held) > AHEAD:
                final.append(self._release())
        return _samples(final)

    def rest(self) -> Samples:
        """Return what was held back."""
        return _samples([self._release() for _ in range(len(self._held))])

    def _put(self, time_s: float, values: np.ndarray, flags: int) -> None:
        """Insert one sample where its time belongs, or leave it out."""
        newest_s = self._held[-1][0] if self._held else self._last_s
        if np.isfinite(newest_s) and time_s - newest_s > MAX_HOLE_S:
            self._jumped += 1
            if self._jumped > AHEAD:  # one stray stamp is left out, several are a clock that was set
                raise BadSamples(
                    f"{self._placement}: the clock jumped from {newest_s:.3f} to {time_s:.3f} s, as when it was set "
                    "while recording. Cut the part before the jump off, or give it its own time."
                )
            return
        self._jumped = 0
        at = len(self._held)
        while at and self._held[at - 1][0] >= time_s:
            at -= 1
        is_again = at < len(self._held) and self._held[at][0] == time_s
        if time_s > self._last_s and not is_again:
            self._held.insert(at, (time_s, values, flags))

    def _release(self) -> tuple[float, np.ndarray, int]:
        """Return the oldest sample held, flagged where its reading has been repeated for too long."""
        time_s, values, flags = self._held.pop(0)
        self._last_s = time_s
        reading = values.tobytes()
        if reading != self._frozen[1]:
            self._frozen = (time_s, reading)
        elif time_s - self._frozen[0] > MAX_FROZEN_S:
            flags |= int(Flag.SUSPECT)
        return time_s, values, flags


def _samples(rows: list[tuple[float, np.ndarray, int]]) -> Samples:
    values = np.array([row[1] for row in rows]).reshape(-1, 6)
    flags = np.array([row[2] for row in rows], dtype=np.uint16)
    return Samples(np.array([row[0] for row in rows], dtype=np.float64), values[:, :3], values[:, 3:], flags)
