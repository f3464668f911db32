"""Refuse a sensor of which an axis never changes: the channel is dead, or was not exported.

It judges no unit and no single reading.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from imu_hinge.conventions import CSV_COLUMNS
from imu_hinge.errors import BadSamples
from imu_hinge.model import Array, Samples
from imu_hinge.storage.screening.reading_flags import TURNS_BACK, Mask

MOVES_RADPS, MOVES_MPS2 = 0.5, 3.0
"""A sensor that turns so fast, or whose force is so far from its first, is on a body that bends."""

MOVING: Final = 50
"""In so many readings of such movement every axis changes: nobody moves so exactly in a plane of the sensor's that an
axis, of 0.1 deg/s or 1 mg a count, sees none of it."""


def check_channels(placement: str, samples: Samples) -> None:
    """Raise `BadSamples` where an axis never changes while the others carry a sensor's noise."""
    columns = (*samples.acc.T, *samples.gyr.T)
    is_dead = np.array([c[0] == c[len(c) // 2] and np.ptp(c) == 0.0 for c in columns])
    if is_dead.any():
        steps = np.diff(columns)
        turns = np.count_nonzero(steps[:, 1:] * steps[:, :-1] < 0.0, axis=1)
        _check(placement, np.array([c[0] for c in columns]), is_dead, np.append(turns, len(samples)))


def _check(placement: str, first: Array, is_dead: Mask, turns: Array) -> None:
    """Raise where the axes (6,) that stayed as in ``first`` are dead; ``turns`` (7,): back, of how many readings."""
    if not is_dead.any():
        return
    is_noisy = is_dead.all() or bool(np.median(turns[:6][~is_dead]) > TURNS_BACK * turns[6])
    if is_dead[:3].all() or is_dead[3:].all() or is_noisy:
        named = [f"{name} ({first[i]:g})" for i, name in enumerate(CSV_COLUMNS[1:]) if is_dead[i]]
        raise BadSamples(
            f"{placement}: {', '.join(named)} never changes over {turns[6]:.0f} samples, so the channel is dead "
            "or was not exported. Record or export it again with all six axes."
        )


class Channels:
    """Ask once, as soon as a sensor has moved enough, whether every axis has changed."""

    def __init__(self, placement: str) -> None:
        self._placement = placement
        self._first: Array | None = None
        self._before: Array = np.empty((0, 6))
        self._is_dead: Mask = np.ones(6, dtype=np.bool_)
        self._turns: Array = np.zeros(7)  # by axis, and how many readings
        self._moving = 0
        self._is_asked = False

    def look(self, samples: Samples, *, is_last: bool = False) -> None:
        """Take the next samples in order.

        Raises
        ------
        BadSamples
            Where an axis is dead.
        """
        if self._is_asked or not len(samples) + len(self._before):
            return
        values = np.hstack((samples.acc, samples.gyr))
        self._first = values[0] if self._first is None else self._first
        fast = (np.abs(values[:, 3:]) > MOVES_RADPS).any(axis=1)
        fast |= (np.abs(values[:, :3] - self._first[:3]) > MOVES_MPS2).any(axis=1)
        enough = int(np.searchsorted(self._moving + np.cumsum(fast), MOVING))
        values = values[: enough + 1]
        self._moving += int(np.count_nonzero(fast))
        rows = np.concatenate((self._before, values))
        steps = np.diff(rows, axis=0)
        turns = steps[1:] * steps[:-1] < 0.0  # of readings before these only where there were two
        self._turns += np.append(turns.sum(axis=0), len(values))
        self._is_dead &= (values == self._first).all(axis=0)
        self._before = rows[-2:]
        if self._moving >= MOVING or (is_last and self._turns[6] >= MOVING):
            self._is_asked = True
            _check(self._placement, self._first, self._is_dead, self._turns)
