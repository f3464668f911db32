"""Find every bend: down, bottom, up; each with its onsets. It does not say which of them are reps.

A bend is told from lean and from the drop of the sensor together, because a squat leans little and a good morning
drops little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from imu_hinge.model import Array, Posture
from imu_hinge.settings import RepSettings
from imu_hinge.signals import Mask, derivative, smooth, turning_points

DROP_AS_LEAN_RAD_PER_M: Final = 1.75
"""A drop of 10 cm counts as a lean of 10 degrees."""

HEIGHT_TRUST_M: Final = 0.06
"""A height less certain than this counts less."""


ASIDE: Final = 0.6
"""A bend that goes to the side by more than this share of its depth is a side bend."""


@dataclass(frozen=True, slots=True)
class Bend:
    """Hold one bend, as sample indices on the posture's grid.

    Parameters
    ----------
    down_start, down_stop
        The way down, half-open; from upright to the bottom.
    bottom
        The deepest sample.
    up_start, up_stop
        The way up; between ``down_stop`` and ``up_start`` the bottom is held.
    depth_rad
        Lean plus the drop counted as lean, at the bottom.
    lean_rad, drop_m
        At the bottom; the drop is NaN where the height is not known.
    shock_mps2
        Hardest shake around the end of the way down.
    """

    down_start: int
    down_stop: int
    bottom: int
    up_start: int
    up_stop: int
    depth_rad: float
    lean_rad: float
    drop_m: float
    shock_mps2: float


def bend_depth(posture: Posture) -> Array:
    """Return lean plus drop, as an angle; zero in standing. (n,) [rad]."""
    trust = 1.0 / (1.0 + (posture.height_sd_m / HEIGHT_TRUST_M) ** 2)
    drop = np.nan_to_num(-posture.height_m * trust)
    return np.asarray(posture.lean_rad + DROP_AS_LEAN_RAD_PER_M * np.clip(drop, -0.2, 1.0))


def find_bends(posture: Posture, settings: RepSettings) -> list[Bend]:
    """Return the bends that leave standing and come back to it, in order.

    A rise that does not reach standing (a hitch, a failed pull, hip pumping at the bar) is part of its bend.
    """
    rate_hz = posture.rate_hz
    depth = smooth(bend_depth(posture), round(0.15 * rate_hz))
    points = turning_points(depth, np.radians(settings.swing_min_deg))
    tops, bottoms = _alternate(depth, points, settings)
    lean_rate = smooth(derivative(posture.lean_rad, rate_hz), round(0.08 * rate_hz))
    bends = [
        _bend(posture, depth, lean_rate, int(a), int(b), int(c))
        for a, b, c in zip(tops[:-1], bottoms, tops[1:], strict=True)
    ]
    return [bend for bend in bends if abs(posture.side_lean_rad[bend.bottom]) < ASIDE * depth[bend.bottom]]


def _alternate(depth: Array, points: list[int], settings: RepSettings) -> tuple[list[int], list[int]]:
    """Return tops and the bottoms between them, after merging what does not come back to standing."""
    if len(points) < 2:
        return [], []
    first_is_top = depth[points[0]] < depth[points[1]]
    points = points if first_is_top else points[1:]
    tops, bottoms = points[::2], points[1::2]
    if len(bottoms) == len(tops):  # ends on a bottom: a bend that never came back
        bottoms = bottoms[:-1]
    if not bottoms:
        return [], []
    typical = float(np.median(depth[bottoms]))
    limit = max(np.radians(settings.return_deg), settings.return_share * typical)
    kept_tops, kept_bottoms = [], []
    deepest: int | None = None
    for i, top in enumerate(tops):
        if i > 0:
            here = bottoms[i - 1]
            deepest = here if deepest is None or depth[here] > depth[deepest] else deepest
        if depth[top] > limit:
            if not kept_tops:
                deepest = None
            continue
        if deepest is not None and kept_tops:
            kept_bottoms.append(deepest)
            kept_tops.append(top)
        elif not kept_tops:
            kept_tops.append(top)
        deepest = None
    small = settings.swing_min_share * float(np.percentile(depth[kept_bottoms], 75.0)) if kept_bottoms else 0.0
    return _drop_small(depth, kept_tops, kept_bottoms, small)


def _drop_small(depth: Array, tops: list[int], bottoms: list[int], least: float) -> tuple[list[int], list[int]]:
    """Leave out bends much shallower than the others; the upright stretch around them becomes one."""
    kept_tops, kept_bottoms = tops[:1], []
    for bottom, top in zip(bottoms, tops[1:], strict=True):
        if depth[bottom] - max(depth[kept_tops[-1]], depth[top]) >= least:
            kept_bottoms.append(bottom)
            kept_tops.append(top)
        elif depth[top] < depth[kept_tops[-1]]:
            kept_tops[-1] = top
    return kept_tops, kept_bottoms


def _bend(posture: Posture, depth: Array, lean_rate: Array, before: int, bottom: int, after: int) -> Bend:
    low = float(depth[bottom])
    speed = np.nan_to_num(posture.speed_mps)
    down = _move(lean_rate[before : bottom + 1], -speed[before : bottom + 1], depth[before : bottom + 1], posture.rate_hz)
    back = slice(bottom, after + 1)
    up = _move(lean_rate[back][::-1], -speed[back][::-1], depth[back][::-1], posture.rate_hz, backward=True)
    down_start, down_stop = before + down[0], before + down[1]
    up_start, up_stop = after - up[1], after - up[0]
    width = round(0.35 * posture.rate_hz)
    shake = posture.shock_mps2[max(0, down_stop - width) : down_stop + width]
    return Bend(
        down_start=down_start,
        down_stop=min(down_stop, up_start),
        bottom=bottom,
        up_start=max(down_stop, up_start),
        up_stop=up_stop,
        depth_rad=low,
        lean_rad=float(posture.lean_rad[bottom]),
        drop_m=float(-posture.height_m[bottom]),
        shock_mps2=float(shake.max()) if shake.size else 0.0,
    )


def _move(
    lean_rate: Array, falling: Array, depth: Array, rate_hz: float, *, backward: bool = False
) -> tuple[int, int]:
    """Return where the movement from upright (first sample) to the bottom (last) begins and ends.

    With ``backward`` the series run back in time, from the end of the way up to the bottom: the same question with
    the rates' signs turned.
    """
    turn = -lean_rate if backward else lean_rate
    fall = falling if not backward else -falling
    progress = _progress(turn, fall)
    last = len(depth) - 1
    base = max(float(depth[0]), 0.0)  # a lockout may lean back; standing is zero
    size = depth[last] - base
    inside = int(np.flatnonzero(depth <= base + 0.15 * size)[-1])  # leaves upright for good after this
    upright = float(np.min(depth[max(0, inside - round(1.5 * rate_hz)) : inside + 1]))
    idle = depth <= upright + 0.02 * (depth[last] - upright)
    start = _onset(progress, inside, idle=idle)
    arrived = int(np.argmax(depth >= depth[last] - 0.12 * size))
    stop = last - _onset(progress[::-1], last - arrived, idle=np.zeros(len(depth), dtype=bool))
    return start, stop


def _progress(lean_rate: Array, speed: Array) -> Array:
    """Return how fast a movement goes, as a share of its peak: the faster of turning and travelling. (n,)."""
    turning = lean_rate / max(float(np.percentile(lean_rate, 95.0)), 0.15)
    travelling = speed / max(float(np.percentile(speed, 95.0)), 0.08)
    return np.maximum(turning, travelling)


def _onset(progress: Array, inside: int, *, idle: Mask, low: float = 0.08, high: float = 0.3) -> int:
    """Return where the movement that contains ``inside`` began.

    Back from ``inside`` to where the progress falls below ``low`` or the body is ``idle``, then on by the straight
    line through ``high`` and ``low`` down to zero.
    """
    inside = min(inside, len(progress) - 1)
    slow = np.flatnonzero((progress[: inside + 1] < low) | idle[: inside + 1])
    if slow.size == 0:
        return 0
    start = int(slow[-1]) + 1
    fast = np.flatnonzero(progress[start:] >= high)
    if fast.size == 0:
        return start
    ramp = int(fast[0]) * low / (high - low)
    return max(0, start - round(min(ramp, 0.5 * (int(fast[0]) + 1))))
