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
from imu_hinge.model import Array, Flags, Samples, joined

Mask = npt.NDArray[np.bool_]

MAX_FROZEN_S: Final = 1.0
"""A sensor has noise: one reading repeated on all axes for longer was not measured [s]."""

TURNS_BACK: Final = 0.05
"""A sensor's noise turns back between more of its samples than this; computed curves seldom do."""

ACC_RANGES_MPS2: Final = STANDARD_GRAVITY_MPS2 * np.array([2.0, 4.0, 8.0, 16.0, 16.0])  # five, as of the gyroscope
GYR_RANGES_RADPS: Final = np.radians([125.0, 250.0, 500.0, 1000.0, 2000.0])
"""Ranges that inertial sensors are set to; an axis is called clipped only near one of them."""

ENDS: Final = np.stack((*[ACC_RANGES_MPS2] * 3, *[GYR_RANGES_RADPS] * 3) * 2, axis=1)
"""Of each of the twelve columns that `ReadingFlags` looks at. (5, 12)."""

BLOCK: Final = 8192
"""A recording is looked at in blocks of so many samples: what is made of one fits into a processor's cache."""

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
    """Hold an axis's maximum near the end of a range, how many readings were there, and whether it is that end."""

    level: float = 0.0
    count: int = 0
    is_end: bool = False


class ReadingFlags:
    """Flag one sensor's samples in order of time; those that a few more may change wait for them.

    Both ends of an axis are looked at as maxima, of x and of -x: twelve columns.
    """

    def __init__(self) -> None:
        self._waiting: Samples | None = None
        self._before: Array = np.empty((6, 0))  # the last two readings that were given out
        self._turns = np.zeros(6, dtype=np.int64)
        self.count = 0
        self.frozen: tuple[int, float] = (0, np.nan)
        """How many readings were frozen, of `count` given out, and since when the first was [s]."""
        self._since_s, self._was_noisy = -np.inf, False  # since when the last one is repeated; noise before that
        self._least_step: Array = np.full(6, np.inf)
        self._top: Array = np.zeros(12)
        self._ends = [_End()] * 12

    def take(self, samples: Samples, *, is_last: bool = False) -> Samples:
        """Return the samples whose flags are known now, flagged; the last time all."""
        samples = samples if self._waiting is None or not len(self._waiting) else joined(self._waiting, samples)
        n = len(samples)
        if n == 0:
            return samples
        rows = np.concatenate((self._before, np.concatenate((samples.acc.T, samples.gyr.T))), axis=1)  # (6, 2 + n)
        step = np.empty_like(rows)  # into each reading, NaN into the first of all
        step[:, 0] = np.nan
        np.subtract(rows[:, 1:], rows[:, :-1], out=step[:, 1:])
        turns = np.zeros(rows.shape, dtype=np.bool_)
        np.less(step[:, 1:] * step[:, :-1], 0.0, out=turns[:, 1:])
        step, turns = step[:, -n:], turns[:, -n:]
        frozen, first, known = self._repeated(samples.time_s, (step == 0.0).all(axis=0), turns)
        clipped, known = self._cut_off(rows[:, -n:], np.abs(step), n if is_last else known, is_last=is_last)
        flags = samples.flags | np.where(frozen, np.uint16(Flag.SUSPECT), np.uint16(0))
        flags |= np.where(clipped, np.uint16(Flag.CLIPPED), np.uint16(0))
        if known:
            self._note_frozen(samples.time_s, frozen[:known], first)
            start = int(first[known - 1])
            if start >= 0:
                self._since_s, self._was_noisy = float(samples.time_s[start]), self._is_noisy(turns, start)
            self._turns = self._turns + np.count_nonzero(turns[:, :known], axis=1)
            self._before = rows[:, : rows.shape[1] - n + known][:, -2:].copy()
            self.count += known
        self._waiting = samples[known:]
        return replace(samples[:known], flags=flags[:known])

    def _repeated(self, time_s: Array, is_same: Mask, turns: Mask) -> tuple[Mask, npt.NDArray[np.intp], int]:
        """Return which readings are frozen, the first of those that each repeats, -1 if earlier; how many are known."""
        n = len(time_s)
        if not is_same.any():
            return is_same, np.arange(n), n
        first = np.maximum.accumulate(np.where(is_same, -1, np.arange(n)))
        since_s = np.where(first >= 0, time_s[first], self._since_s)
        lasts = np.flatnonzero(np.append(~is_same[1:], True))
        is_long = time_s[lasts[np.searchsorted(lasts, np.arange(n))]] - since_s > MAX_FROZEN_S
        frozen = is_same & is_long
        for start in np.unique(first[frozen]).tolist():
            if not self._is_noisy(turns, start):
                frozen &= first != start
        waits = is_same[-1] and not is_long[-1] and self._is_noisy(turns, int(first[-1]))
        return frozen, first, int(first[-1]) + 1 if waits else n

    def _is_noisy(self, turns: Mask, start: int) -> bool:
        """Tell a sensor's readings up to ``start`` from computed curves."""
        if start < 0:
            return self._was_noisy
        back = sorted((self._turns + np.count_nonzero(turns[:, : start + 1], axis=1)).tolist())
        return bool(0.5 * (back[2] + back[3]) > TURNS_BACK * (self.count + start + 1))  # the median of six

    def _note_frozen(self, time_s: Array, frozen: Mask, first: npt.NDArray[np.intp]) -> None:
        more = np.flatnonzero(frozen)
        if more.size:
            start = int(first[more[0]])
            since_s = float(time_s[start]) if start >= 0 else self._since_s
            self.frozen = (self.frozen[0] + more.size, self.frozen[1] if self.frozen[0] else since_s)

    def _cut_off(self, values: Array, step: Array, known: int, *, is_last: bool) -> tuple[Mask, int]:
        """Return which readings are at the end of a range and how many are known, and go on from those.

        ``values`` and the size of each ``step`` are (6, n).
        """
        peak = np.concatenate((values.max(axis=1), -values.min(axis=1)))
        higher = np.flatnonzero((peak >= self._top * (1.0 - SAME_END)) & (peak >= (1.0 - RANGE_TOLERANCE) * ENDS[0]))
        x = {int(c): values[c] if c < 6 else -values[c - 6] for c in higher}  # the others are nowhere at their maximum
        at = {c: some for c, column in x.items() if (some := self._at_end(column, c))}
        found = {c: self._runs(at[c], x[c], step[c % 6], c)[0] for c in at}
        runs = [run for of_column in found.values() for run in of_column]
        is_cutting = bool(runs) and not is_last
        while is_cutting:  # nothing is given out in the middle of a run that may yet become known for an end
            open_at = [r.start for r in runs if r.start < known <= r.stop and r.is_jump and not 0 <= r.known < known]
            is_cutting, known = bool(open_at), min(open_at, default=known)
        clipped: Mask = np.zeros(values.shape[1], dtype=np.bool_)
        for r in runs:
            if r.known >= 0:
                clipped[r.start : r.stop] = True
        if known:
            for c in at:
                self._ends[c] = self._runs([k for k in at[c] if k < known], x[c], step[c % 6], c)[1]
            kept, moved = values[:, :known], step[:, :known]
            if known < values.shape[1]:
                peak = np.concatenate((kept.max(axis=1), -kept.min(axis=1)))
            self._top = np.maximum(self._top, peak)
            self._least_step = np.minimum(self._least_step, np.where(moved > 0.0, moved, np.inf).min(axis=1))
        return clipped, known

    def _at_end(self, x: Array, column: int) -> list[int]:
        """Return which of x (n,), a column, are its maximum so far and near the end of a range."""
        top = np.maximum(np.maximum.accumulate(x), self._top[column])
        i = np.flatnonzero((x >= top * (1.0 - SAME_END)) & (x > 0.0))
        off = np.abs(x[i] - ENDS[:, column, None]) / ENDS[:, column, None]
        found: list[int] = i[off.min(axis=0) <= RANGE_TOLERANCE].tolist()
        return found

    def _runs(self, at: list[int], x: Array, step: Array, column: int) -> tuple[list[_Run], _End]:
        """Return the runs of x (n,), a column, at its maximum so far near the end of a range, and what is then known.

        ``at`` are the readings there.
        """
        end, found = self._ends[column], list[_Run]()
        for i in at:
            if x[i] > end.level * (1.0 + SAME_END):
                end = _End(float(x[i]))
            if not (found and found[-1].stop == i and end.count):
                least = min(float(step[:i][step[:i] > 0.0].min(initial=np.inf)), float(self._least_step[column % 6]))
                found.append(_Run(i, i, bool(step[i] > JUMP_COUNTS * least), i if end.is_end else -1))
            run, end = found[-1], replace(end, count=end.count + 1)
            is_told = run.is_jump and i + 1 - run.start >= LEAST_RUN and end.count >= LEAST_AT_END
            end = replace(end, is_end=end.is_end or is_told)
            found[-1] = replace(run, stop=i + 1, known=i if end.is_end and run.known < 0 else run.known)
        return found, end


def flagged(placement: str, samples: Samples) -> Samples:
    """Return a whole recording's samples flagged, the same where nothing is to be flagged; raise as `check_frozen`."""
    flags = ReadingFlags()
    blocks = [
        flags.take(samples[i : i + BLOCK], is_last=i + BLOCK >= len(samples)) for i in range(0, len(samples), BLOCK)
    ]
    check_frozen(placement, flags.frozen, flags.count)
    found: Flags = np.concatenate([block.flags for block in blocks])
    return samples if np.array_equal(found, samples.flags) else replace(samples, flags=found)


def check_frozen(placement: str, frozen: tuple[int, float], count: int) -> None:
    """Refuse a sensor of which more than half of the readings are frozen.

    Parameters
    ----------
    placement
        For the message.
    frozen
        How many, and when the first was [s].
    count
        Readings in all.

    Raises
    ------
    BadSamples
        Says how many, and when the first was.
    """
    if frozen[0] > 0.5 * count:
        raise BadSamples(
            f"{placement}: {frozen[0]} of {count} samples repeat one reading on all six axes, first at "
            f"{frozen[1]:.2f} s, as when the sensor stopped and its app went on. Cut that stretch out, or record again."
        )
