"""Turn bends into sets and sets into lifts. It does not name the exercise (`exercise`) or judge a lift (`verdict`).

A set on the floor begins with an unloaded bend to the bar and ends with an unloaded rise: N lifts are the N lockouts
between N + 1 bends. A set from the top has N lifts in N bends. Which it is, is not assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from imu_hinge.model import Posture, Region
from imu_hinge.reps.bends import Bend
from imu_hinge.settings import RepSettings
from imu_hinge.signals import Mask, regions, smooth

WALK_SPEED_MPS: Final = 0.07
"""Walking moves the trunk up and down at more than this (RMS over a second); standing does not."""

ALIKE_LEAN_RAD: Final = float(np.radians(18.0))
ALIKE_DROP_M: Final = 0.14
"""Neighbouring bends of one set differ by less than this."""


@dataclass(frozen=True, slots=True)
class Lift:
    """Hold one lift, as sample indices on the posture's grid.

    Parameters
    ----------
    start, turn, stop
        A lift from the floor: lift-off, lockout reached, plates down again. One from the top: leaving standing, the
        deepest point, standing again.
    bottom
        Where the bottom is measured: lift-off, or the deepest point.
    down, up
        The lowering and the lift, half-open; the lowering is empty where the bar was dropped.
    pause
        The bottom that is held: before lift-off, or between down and up.
    """

    start: int
    turn: int
    stop: int
    bottom: int
    down: Region
    up: Region
    pause: Region

    def moved(self, samples: int) -> Lift:
        """Return the same lift with every index later by ``samples``."""
        regions_ = (Region(r.start + samples, r.stop + samples) for r in (self.down, self.up, self.pause))
        return Lift(self.start + samples, self.turn + samples, self.stop + samples, self.bottom + samples, *regions_)


def walking(posture: Posture) -> Mask:
    """Tell where the athlete walks: the trunk is upright and bounces. (n,)."""
    rate_hz = posture.rate_hz
    speed = np.nan_to_num(posture.speed_mps)
    bounce = speed - smooth(speed, round(rate_hz))
    strong = np.sqrt(smooth(bounce**2, round(rate_hz))) > WALK_SPEED_MPS
    return np.asarray(strong & (np.abs(posture.lean_rad) < np.radians(20.0)))


def split_sets(bends: list[Bend], posture: Posture, settings: RepSettings) -> list[list[Bend]]:
    """Group bends into sets: those of one set go to the same place, and nobody rests or walks away between them."""
    if not bends:
        return []
    is_walking = walking(posture)
    sets = [[bends[0]]]
    for i, (before, after) in enumerate(pairwise(bends)):
        seconds = (after.down_start - before.up_stop) / posture.rate_hz
        margin = round(0.4 * posture.rate_hz)
        steps = regions(is_walking[before.up_stop + margin : max(before.up_stop + margin, after.down_start - margin)])
        has_walked = any(len(r) >= posture.rate_hz for r in steps)
        if seconds > settings.rest_min_s or has_walked or not _go_on(bends, i):
            sets.append([])
        sets[-1].append(after)
    return sets


def _go_on(bends: list[Bend], i: int) -> bool:
    """Tell whether the bends around the upright stretch after bend ``i`` go to one place; one odd bend is forgiven."""
    return any(are_alike(a, b) for a in bends[max(0, i - 1) : i + 1] for b in bends[i + 1 : i + 3])


def are_alike(one: Bend, other: Bend) -> bool:
    """Tell whether two bends go to the same place: a bend to a shoe or a bottle does not go where the lift goes."""
    turn = abs(one.lean_rad - other.lean_rad) / ALIKE_LEAN_RAD
    fall = abs(one.drop_m - other.drop_m) / ALIKE_DROP_M
    return float(np.hypot(turn, fall if np.isfinite(fall) else 0.0)) <= 1.0


def lifts_from_floor(bends: list[Bend], posture: Posture, *, dropped_last: int | None = None) -> list[Lift]:
    """Return the lifts of a set on the floor: the lockouts between its bends.

    Parameters
    ----------
    bends
        N + 1 bends; N where the last bar was dropped.
    posture
    dropped_last
        Sample at which the bar hit the floor after the last rise, where it was dropped.
    """
    lifts = [
        Lift(
            start=a.up_start,
            turn=a.up_stop,
            stop=b.down_stop,
            bottom=a.up_start,
            down=Region(b.down_start, b.down_stop),
            up=Region(a.up_start, a.up_stop),
            pause=Region(a.down_stop, a.up_start),
        )
        for a, b in zip(bends[:-1], bends[1:], strict=True)
    ]
    if dropped_last is not None and bends:
        last = bends[-1]
        stop = min(max(dropped_last, last.up_stop + 1), len(posture))
        lifts.append(
            Lift(
                start=last.up_start,
                turn=last.up_stop,
                stop=stop,
                bottom=last.up_start,
                down=Region(stop, stop),
                up=Region(last.up_start, last.up_stop),
                pause=Region(last.down_stop, last.up_start),
            )
        )
    return lifts


def lifts_from_top(bends: list[Bend]) -> list[Lift]:
    """Return the lifts of a set that starts at the top: one in each bend."""
    return [
        Lift(
            start=b.down_start,
            turn=b.bottom,
            stop=b.up_stop,
            bottom=b.bottom,
            down=Region(b.down_start, b.down_stop),
            up=Region(b.up_start, b.up_stop),
            pause=Region(b.down_stop, b.up_start),
        )
        for b in bends
    ]


def hold_s(bend: Bend, rate_hz: float) -> float:
    """Return how long the bottom was held [s]."""
    return (bend.up_start - bend.down_stop) / rate_hz
