"""Flag readings that no sensor made, as they come: one repeated for too long, and those at the end of a range.

It drops nothing and reads no time but the samples' own. A reading's flags depend on those before it and on the few
after it that repeat it, so blocks of any size give the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge.conventions import STANDARD_GRAVITY_MPS2, Flag
from imu_hinge.errors import BadSamples
from imu_hinge.model import Array, Samples, joined

Mask = npt.NDArray[np.bool_]

MAX_FROZEN_S: Final = 1.0
"""A sensor has noise: one reading repeated on all axes for longer was not measured [s]."""

TURNS_BACK: Final = 0.05
"""A sensor's noise turns back between more of its samples than this; computed curves seldom do."""

RANGES: Final = (
    tuple(g * STANDARD_GRAVITY_MPS2 for g in (2.0, 4.0, 8.0, 16.0)),
    tuple(float(np.radians(r)) for r in (125.0, 250.0, 500.0, 1000.0, 2000.0)),
)
"""Ranges that inertial sensors are set to [m/s²], [rad/s]; an axis is called clipped only near one of them."""

RANGE_TOLERANCE: Final = 0.03
"""Scale errors and counts short of a power of two move the end of a range by this share."""

SAME_END: Final = 1e-6
"""Readings at one end of a range are equal but for rounding."""

JUMP_COUNTS: Final = 4.0
"""A slow peak of a coarsely counted signal repeats its maximum too, but comes there count by count."""

LEAST_RUN, LEAST_AT_END = 2, 3
"""So many readings in a row at the axis's own maximum, and so many in all, are the end of a range."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Hold a run of readings at an axis's maximum: from ``start`` to before ``stop``, known for an end at ``known``."""

    start: int
    stop: int
    is_jump: bool
    known: int


@dataclass(frozen=True, slots=True)
class _End:
    """Hold an axis's maximum so far, how many readings were near it, and whether that is the end of its range."""

    top: float = 0.0
    count: int = 0
    is_end: bool = False


class ReadingFlags:
    """Flag one sensor's samples in order of time; those that a few more may change wait for them."""

    def __init__(self) -> None:
        self._waiting: Samples | None = None
        self._before: Array = np.empty((0, 6))  # the last two readings that were given out
        self._turns: Array = np.zeros(6)
        self.count = 0
        self.frozen: tuple[int, float] = (0, np.nan)
        """How many readings were frozen, of `count` given out, and when the first was [s]."""
        self._since_s, self._was_noisy = -np.inf, False  # since when the last one is repeated; noise before that
        self._least_step: Array = np.full(6, np.inf)
        self._ends = {(axis, sign): _End() for axis in range(6) for sign in (1.0, -1.0)}

    def take(self, samples: Samples, *, is_last: bool = False) -> Samples:
        """Return the samples whose flags are known now, flagged; the last time all."""
        samples = samples if self._waiting is None else joined(self._waiting, samples)
        n = len(samples)
        if n == 0:
            return samples
        values = np.hstack((samples.acc, samples.gyr))
        rows = np.concatenate((self._before, values))
        step = np.diff(rows, axis=0, prepend=np.full((1, 6), np.nan))  # into each reading, NaN into the first of all
        turns = np.zeros_like(rows, dtype=bool)
        turns[1:] = step[1:] * step[:-1] < 0.0
        step, turns = step[-n:], np.cumsum(turns[-n:], axis=0) + self._turns
        frozen, since_s, noisy, known = self._repeated(samples.time_s, step, turns)
        clipped, known = self._cut_off(values, np.abs(step), n if is_last else known)
        known = n if is_last else known
        flags = samples.flags | np.where(frozen, np.uint16(Flag.SUSPECT), np.uint16(0))
        flags |= np.where(clipped, np.uint16(Flag.CLIPPED), np.uint16(0))
        if known:
            self._before, self._turns = rows[: len(rows) - n + known][-2:], turns[known - 1]
            self.count += known
            more = np.flatnonzero(frozen[:known])
            if more.size:
                first_s = self.frozen[1] if self.frozen[0] else float(since_s[more[0]])
                self.frozen = (self.frozen[0] + more.size, first_s)
            self._since_s, self._was_noisy = float(since_s[known - 1]), bool(noisy[known - 1])
        self._waiting = samples[known:]
        return replace(samples[:known], flags=flags[:known])

    def _repeated(self, time_s: Array, step: Array, turns: Array) -> tuple[Mask, Array, Mask, int]:
        """Return which readings are frozen, since when each is repeated, the noise until then, how many are known."""
        n = len(time_s)
        is_same = (step == 0.0).all(axis=1)
        first = np.maximum.accumulate(np.where(is_same, -1, np.arange(n)))
        since_s = np.where(first >= 0, time_s[first], self._since_s)
        share = np.median(turns, axis=1) / (self.count + np.arange(1, n + 1))
        noisy = np.where(first >= 0, share[first] > TURNS_BACK, self._was_noisy)
        lasts = np.flatnonzero(np.append(~is_same[1:], True))
        last = lasts[np.searchsorted(lasts, np.arange(n))]
        is_long = time_s[last] - since_s > MAX_FROZEN_S
        waits = is_same[-1] and noisy[-1] and not is_long[-1]
        return is_same & is_long & noisy, since_s, noisy, int(first[-1]) + 1 if waits else n

    def _cut_off(self, values: Array, step: Array, known: int) -> tuple[Mask, int]:
        """Return which readings are at the end of a range, and how many are known; the ends are those known then."""
        size = np.abs(values)
        is_near = np.zeros(values.shape, dtype=np.bool_)
        for part, ranges in zip((slice(0, 3), slice(3, 6)), RANGES, strict=True):
            for end in ranges:
                is_near[:, part] |= np.abs(size[:, part] - end) <= RANGE_TOLERANCE * end
        clipped: Mask = np.zeros(len(values), dtype=np.bool_)
        runs: dict[tuple[int, float], list[_Run]] = {}
        for axis, sign in self._ends:
            if is_near[:, axis].any():
                runs[axis, sign] = self._runs(sign * values[:, axis], is_near[:, axis], step[:, axis], (axis, sign))
        is_cutting = bool(runs)
        while is_cutting:  # nothing is given out in the middle of a run that may yet become known for an end
            open_at = [
                r.start
                for of_axis in runs.values()
                for r in of_axis
                if r.start < known <= r.stop and r.is_jump and not 0 <= r.known < known
            ]
            is_cutting, known = bool(open_at), min(open_at, default=known)
        for of_axis in runs.values():
            for r in of_axis:
                if r.known >= 0:
                    clipped[r.start : r.stop] = True
        self._remember(values[:known], is_near[:known], step[:known])
        return clipped, known

    def _remember(self, values: Array, is_near: Mask, step: Array) -> None:
        """Go on from these readings."""
        if not len(values):
            return
        for axis, sign in self._ends:
            x = sign * values[:, axis]
            if is_near[:, axis].any():
                self._runs(x, is_near[:, axis], step[:, axis], (axis, sign), is_kept=True)
            elif float(x.max()) > self._ends[axis, sign].top:
                self._ends[axis, sign] = _End(float(x.max()))
        self._least_step = np.minimum(self._least_step, np.where(step > 0.0, step, np.inf).min(axis=0))

    def _runs(
        self, x: Array, is_near: Mask, step: Array, key: tuple[int, float], *, is_kept: bool = False
    ) -> list[_Run]:
        """Return the runs of x (n,) at its maximum so far, near the end of a range; remember what they tell if kept."""
        end = self._ends[key]
        top = np.maximum.accumulate(np.maximum(x, end.top))
        found: list[_Run] = []
        for i in np.flatnonzero(is_near & (x > 0.0) & (x >= top * (1.0 - SAME_END))).tolist():
            if x[i] > end.top * (1.0 + SAME_END):
                end = _End(float(x[i]))
            goes_on = bool(found) and found[-1].stop == i and end.count > 0
            if not goes_on:
                before = step[:i][step[:i] > 0.0]
                least = min(float(before.min(initial=np.inf)), float(self._least_step[key[0]]))
                found.append(_Run(i, i, bool(step[i] > JUMP_COUNTS * least), i if end.is_end else -1))
            run = found[-1]
            end = replace(end, count=end.count + 1)
            is_told = run.is_jump and i + 1 - run.start >= LEAST_RUN and end.count >= LEAST_AT_END
            end = replace(end, is_end=end.is_end or is_told)
            found[-1] = replace(run, stop=i + 1, known=i if end.is_end and run.known < 0 else run.known)
        if is_kept:
            self._ends[key] = end if end.top >= float(top[-1]) * (1.0 - SAME_END) else _End(float(top[-1]))
        return found


def flagged(placement: str, samples: Samples) -> Samples:
    """Return a whole recording's samples flagged, the same where nothing is to be flagged; raise as `check_frozen`."""
    flags = ReadingFlags()
    found = flags.take(samples, is_last=True)
    check_frozen(placement, flags.frozen, flags.count)
    return samples if np.array_equal(found.flags, samples.flags) else found


def check_frozen(placement: str, frozen: tuple[int, float], count: int) -> None:
    """Raise `BadSamples` where more than half of ``count`` readings are frozen: how many, and when the first was."""
    if frozen[0] > 0.5 * count:
        raise BadSamples(
            f"{placement}: {frozen[0]} of {count} samples repeat one reading on all six axes, first at "
            f"{frozen[1]:.2f} s, as when the sensor stopped and its app went on. Cut that stretch out, or record again."
        )
