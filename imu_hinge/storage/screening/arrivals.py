"""Screen one sensor's samples as they arrive: what no sensor measured is left out, late samples are put back.

It looks at samples one after the other, so the blocks in which they came make no difference. It judges no units.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from imu_hinge.conventions import Flag
from imu_hinge.errors import BadSamples
from imu_hinge.model import Array, Flags, Recording, Samples, joined
from imu_hinge.storage.screening.channels import Channels
from imu_hinge.storage.screening.reading_flags import ReadingFlags, check_frozen
from imu_hinge.storage.screening.timeline import LONGEST_HOLE_S, MAX_LATE_S, period_s

AHEAD: Final = 4
"""A sample is final when so many later ones have come: a swapped pair or two is put back, for 40 ms at 100 Hz."""

MAX_ACC_MPS2: Final = 1000.0
"""Beyond 100 g a reading is no movement of a lifter [m/s²]."""

MAX_GYR_RADPS: Final = 100.0
"""Beyond 5700 deg/s a reading is no movement of a lifter [rad/s]."""

MAX_TIME_S: Final = 1e12
"""Beyond this a time in seconds does not tell one sample from the next [s]."""

RATE_COUNT: Final = 100
"""So many samples tell the rate, whatever their jitter, and with it in which unit time is."""

_Row = tuple[float, Array, int]


class Arrivals:
    """Put one sensor's samples in order, leave out and flag what was not measured, with bounded look-ahead.

    Parameters
    ----------
    placement
        Names the sensor in messages.

    Notes
    -----
    Of two samples of one time the first is kept, and flagged as `storage.screening.timeline` does. One that comes later
    than `AHEAD` samples after its place is left out. A reading that repeats the one before it waits until it is known
    whether it is frozen, for a second at most.
    """

    def __init__(self, placement: str) -> None:
        self._placement = placement
        self._held: list[_Row] = []
        self._last_s = -np.inf
        self._jumped = self._late = 0
        self._first_s: list[float] = []
        self._has_rate = False
        self._channels, self._flags = Channels(placement), ReadingFlags()
        self.doubts: list[tuple[float, str]] = []
        """When the clock was set back, and what to say of it."""

    def take(self, samples: Samples) -> Samples:
        """Return the samples that are final now.

        Raises
        ------
        BadSamples
            Where the clock jumps by more than a month, time is not in seconds, or an axis is dead; at the end,
            where most readings are frozen.
        """
        return self._judged(self._in_order(readable(samples)), is_last=False)

    def rest(self) -> Samples:
        """Return what was held back; raise as `take`."""
        return self._judged(_samples([self._release() for _ in range(len(self._held))]), is_last=True)

    def _judged(self, samples: Samples, *, is_last: bool) -> Samples:
        """Return the samples in order that are final, flagged."""
        if not self._has_rate:
            self._first_s += samples.time_s[: RATE_COUNT - len(self._first_s)].tolist()
            if len(self._first_s) == RATE_COUNT or (is_last and len(self._first_s) > 1):
                self._has_rate = True
                period_s(self._placement, np.array(self._first_s))
        self._channels.look(samples, is_last=is_last)
        samples = self._flags.take(samples, is_last=is_last)
        if is_last:
            check_frozen(self._placement, self._flags.frozen, self._flags.count)
        return samples

    def _in_order(self, samples: Samples) -> Samples:
        """Return what has `AHEAD` later samples, in order."""
        held = _samples(self._held)
        time_s = np.concatenate(([self._last_s], held.time_s, samples.time_s))[-len(samples) - 1 :]
        steps = np.diff(time_s)
        if len(samples) and bool((steps > 0.0).all()) and not bool((steps[np.isfinite(steps)] > LONGEST_HOLE_S).any()):
            self._jumped = self._late = 0
            both = joined(held, samples)
            n = max(0, len(both) - AHEAD)
            self._held = _rows(both[n:])
            self._last_s = float(both.time_s[n - 1]) if n else self._last_s
            return both[:n]
        final: list[_Row] = []
        for row in _rows(samples):
            self._put(row)
            if len(self._held) > AHEAD:
                final.append(self._release())
        return _samples(final)

    def _put(self, row: _Row) -> None:
        """Insert one sample where its time belongs, or leave it out."""
        time_s, values, flags = row
        newest_s = self._held[-1][0] if self._held else self._last_s
        if np.isfinite(newest_s) and time_s - newest_s > LONGEST_HOLE_S:
            self._jumped += 1
            if self._jumped > AHEAD:  # one stray stamp is left out, several are a clock that was set
                raise BadSamples(
                    f"{self._placement}: the clock jumped from {newest_s:.3f} to {time_s:.3f} s, as when it was set "
                    "while recording. Cut the part before the jump off, or give it its own time."
                )
            return
        self._jumped = 0
        if time_s < self._last_s - MAX_LATE_S:
            self._be_late(time_s)
            return
        self._late = 0
        at = len(self._held)
        while at and self._held[at - 1][0] >= time_s:
            at -= 1
        if at < len(self._held) and self._held[at][0] == time_s:
            kept = self._held[at]
            again = Flag.DUPLICATE if np.array_equal(kept[1], values) else Flag.SUSPECT
            self._held[at] = (kept[0], kept[1], kept[2] | int(again))
        elif time_s > self._last_s:
            late = Flag.REORDERED if at < len(self._held) else 0
            self._held.insert(at, (time_s, values, flags | int(late)))

    def _be_late(self, time_s: float) -> None:
        """Leave out a sample that is far too late, and note a clock that was set back: several such in a row."""
        self._late += 1
        if self._late == AHEAD + 1:
            self.doubts.append(
                (
                    self._last_s,
                    f"The clock of the {self._placement} sensor was set back by {self._last_s - time_s:.1f} s at "
                    f"{self._last_s:.1f} s: what it sent is left out until its clock has come that far again. Begin a "
                    "new recording to go on at once.",
                )
            )

    def _release(self) -> _Row:
        """Return the oldest sample held."""
        row = self._held.pop(0)
        self._last_s = row[0]
        return row


def readable(samples: Samples) -> Samples:
    """Return the samples whose time and readings a sensor can have delivered."""
    with np.errstate(invalid="ignore"):
        is_good = (np.abs(samples.time_s) <= MAX_TIME_S) & (np.abs(samples.acc) <= MAX_ACC_MPS2).all(axis=1)
        is_good &= (np.abs(samples.gyr) <= MAX_GYR_RADPS).all(axis=1)  # NaN compares false
    if is_good.all():
        return samples
    return Samples(samples.time_s[is_good], samples.acc[is_good], samples.gyr[is_good], samples.flags[is_good])


def arrived(recording: Recording) -> Recording:
    """Return the recording as live analysis takes it, sample by sample."""
    sensors = {}
    for placement, samples in recording.sensors.items():
        arrivals = Arrivals(placement)
        sensors[placement] = joined(arrivals.take(samples), arrivals.rest())
    return replace(recording, sensors=sensors)


def _rows(samples: Samples) -> list[_Row]:
    values: Array = np.hstack((samples.acc, samples.gyr))
    return list(zip(samples.time_s.tolist(), values, samples.flags.tolist(), strict=True))


def _samples(rows: list[_Row]) -> Samples:
    values = np.array([row[1] for row in rows]).reshape(-1, 6)
    flags: Flags = np.array([row[2] for row in rows], dtype=np.uint16)
    return Samples(np.array([row[0] for row in rows], dtype=np.float64), values[:, :3], values[:, 3:], flags)
