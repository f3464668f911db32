"""Say what a hole in the bottom of a bend leaves known of the ways down and up.

It finds no bends (`bends` does). A hole from one bottom to a later one hides what was lifted in it: the bends on its
two sides look like one with a long hold, in which neither way has a part.
"""

from __future__ import annotations

from typing import Final

from imu_hinge.model import Array
from imu_hinge.reps.onsets import LOW
from imu_hinge.signals import Mask, derivative, regions

EDGE_S: Final = (0.08, 0.25)
"""How fast the body moves at a hole's edge is read so far from it: nearer, smoothing mixes in what lies in the hole."""


LOW_SHARE: Final = 0.5
"""From this share of its depth on a body that moves no more is at the bottom: beside a hole the height, which is half
of the depth of a squat, is not known."""


def ways_beside_hole(depth: Array, is_gap: Mask, rate_hz: float) -> tuple[int, int]:
    """Return where the way down must have ended, and before which sample the way up cannot have begun.

    Each only where the body is seen low at both edges of a hole, and not on that way: else the whole part.

    Parameters
    ----------
    depth : (n,) [rad]
        From upright to upright; see `bends.bend_depth`.
    is_gap : (n,)
    rate_hz
    """
    stop, start, level = len(depth), 0, LOW_SHARE * float(depth.max())
    for hole in regions(is_gap):
        if not 0 < hole.start < hole.stop < len(depth) or min(depth[hole.start - 1], depth[hole.stop]) < level:
            continue
        if _has_arrived(depth[: hole.start], rate_hz):
            stop = min(stop, hole.start)
        if _has_arrived(depth[hole.stop :][::-1], rate_hz):
            start = max(start, hole.stop)
    return stop, start


def _has_arrived(depth: Array, rate_hz: float) -> bool:
    """Tell whether a way from upright, (n,) [rad], is over at its end: it goes on slower than where a movement ends."""
    near, far = (round(s * rate_hz) for s in EDGE_S)
    if len(depth) <= far:
        return False
    speed = derivative(depth, rate_hz)[:-near]
    return bool(speed[near - far :].mean() < LOW * speed.max())
