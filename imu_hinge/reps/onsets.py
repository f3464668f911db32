"""Find where one movement begins and ends, from how fast the body turns and travels. It knows nothing of reps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from imu_hinge.model import Array
from imu_hinge.signals import Mask

LOW: Final = 0.20
"""A movement begins and ends where its speed passes this share of its peak ..."""

HIGH: Final = 0.3
"""... and is surely under way at this one."""

ARRIVED: Final = 0.88
"""At this share of its depth a movement is about to end."""

SLOWEST_TURN_RAD_S: Final = 0.15  # a sway of 2 degrees at 0.5 Hz turns by up to 0.11 (docs/biomechanics.md, 6.2)
SLOWEST_TRAVEL_MPS: Final = 0.08
"""No movement's peak is taken to be slower; below is sway."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Hold one way between upright (first sample) and the bottom (last); a way up is given backwards in time.

    Parameters
    ----------
    depth : (n,) [rad]
        See `bends.bend_depth`.
    normalised_speed : (n,)
        See `progress`.
    rate_hz
    """

    depth: Array
    normalised_speed: Array
    rate_hz: float

    @property
    def _base(self) -> float:
        return max(float(self.depth[0]), 0.0)  # a lockout may lean back; standing is zero

    def _last_upright(self) -> int:
        """Return the sample after which the body is upright no more."""
        size = float(self.depth.max()) - self._base
        # so much of the depth is still upright (chosen)
        return int(np.flatnonzero(self.depth <= self._base + 0.15 * size)[-1])

    def movement_onset(self) -> int:
        """Return the sample at which the movement begins; never after the one at which it ends."""
        size = float(self.depth.max()) - self._base
        inside = self._last_upright()
        # the lowest of the last 1.5 s: longer than a sway takes (chosen)
        upright = float(np.min(self.depth[max(0, inside - round(1.5 * self.rate_hz)) : inside + 1]))
        idle = self.depth <= upright + 0.02 * size  # 2 % of the depth is sway, 1 degree of 50 (chosen)
        return _onset(self.normalised_speed, inside, idle=idle)

    def movement_offset(self) -> int:
        """Return the sample at which the movement ends; an earlier dip that came back to upright is no arrival."""
        last = len(self.depth) - 1
        size = float(self.depth.max()) - self._base
        leaves = self._last_upright()
        arrived = leaves + int(np.argmax(self.depth[leaves:] >= self._base + ARRIVED * size))
        return last - _onset(self.normalised_speed[::-1], last - arrived, idle=np.zeros(last + 1, dtype=bool))


def normalised_speed(turning: Array, travelling: Array) -> Array:
    """Return how fast a movement goes, as a share of its peak: the faster of turning and travelling.

    Parameters
    ----------
    turning : (n,) [rad/s]
    travelling : (n,) [m/s]
        Both positive in the movement's own direction.

    Returns
    -------
    (n,)
    """
    # not the very peak, which an impact may be; so below
    turn = turning / max(float(np.percentile(turning, 95.0)), SLOWEST_TURN_RAD_S)
    travel = travelling / max(float(np.percentile(travelling, 95.0)), SLOWEST_TRAVEL_MPS)  # as above
    return np.asarray(np.maximum(turn, travel))


def _onset(normalised_speed: Array, inside: int, *, idle: Mask) -> int:
    """Return where the movement that contains ``inside`` began, at the latest there.

    Back from ``inside`` to where the progress falls below `LOW` or the body is ``idle``, then on by half of the time
    that it takes from there to `HIGH` (chosen: a straight line through both would go four times as far, into sway).
    """
    inside = min(inside, len(normalised_speed) - 1)
    slow = np.flatnonzero((normalised_speed[: inside + 1] < LOW) | idle[: inside + 1])
    if slow.size == 0:
        return 0
    start = min(int(slow[-1]) + 1, inside)  # who is slow at ``inside`` itself has not begun later
    fast = np.flatnonzero(normalised_speed[start:] >= HIGH)
    if fast.size == 0 or fast[0] == 0:  # never under way, or at once
        return start
    return max(0, start - round(0.5 * (int(fast[0]) + 1)))
