"""Turn sets of bends into lifts, split a recording where nobody lifts, and say what every instant is part of.

It names no exercise and judges no lift.

A set on the floor begins with an unloaded bend to the bar and ends with an unloaded rise: N lifts are the N lockouts
between N + 1 bends. A set from the top has N lifts in N bends. Which it is, is weighed in `sets`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge import conventions as cv
from imu_hinge.model import Posture, Region
from imu_hinge.reps.bends import IMPACT_REACH_S, Bend
from imu_hinge.settings import RepSettings
from imu_hinge.signals import Mask, regions, smooth

WALK_SPEED_MPS: Final = 0.07
"""Walking moves the trunk up and down at more than this (RMS over a second); standing does not."""

UPRIGHT_RAD: Final = float(np.radians(20.0))
"""Who bends or squats leans by at least this where the hips are low (docs/biomechanics.md, 1.4) [rad]."""

UPRIGHT_M: Final = 0.06
"""Standing is within this lean of quiet standing, and within this height of where the rise ended."""

STATIONARY_MPS: Final = 0.2
"""Who lets a bar fall does not move up or down by more."""

DROP_WITHIN_S: Final = 3.0
"""A bar that is let fall from lockout hits the floor within this."""

HARDEST: Final = 0.6
"""The blow of the bar is the first that comes near the hardest; what is weaker is the athlete coming to rest."""

SHORT_S: Final = 0.2
"""A blow has died away after this (facts, section 6.3: its time constant is 30 to 60 ms); a dip shakes for longer."""

RISES_M: Final = 0.008
"""A pelvis or trunk that is this much higher than when the plates touched has begun the next pull."""

STANDS_S: Final = 0.4
"""Who let a bar fall stands for at least this after it hit the floor. A shake nearer to the next way down is its start:
a movement that sets in jerks as hard, and slow sensors show that jerk as one short blow."""

CALM_S: Final = 1.0
"""For this long nothing shakes once the blow has died away."""

STANDING_RAD: Final = 0.5 * UPRIGHT_RAD
"""Who goes on standing leans forward by no more than this, from standing or from where the blow met him; a lowering of
4 s has gone further in `SHORT_S` and `CALM_S`. Who leant back at lockout comes forward to standing, and no further."""

FALL_S: Final = math.sqrt(2.0 * 0.5 / cv.GRAVITY_MPS2)
"""How long a bar falls from lockout, about half a metre."""


@dataclass(frozen=True, slots=True)
class Lift:
    """Hold one lift, as sample indices on the posture's grid.

    Parameters
    ----------
    start, turn, stop
        A lift from the floor: lift-off, lockout reached, plates down again. One from the top: leaving standing, the
        middle of the bottom, standing again.
    bottom
        Where the bottom is measured: lift-off, or the deepest point.
    down, up
        The lowering and the lift, half-open; the lowering is empty where the bar was dropped.
    pause
        The bottom that is held: before lift-off, or between down and up.
    was_felt, is_felt
        Whether plates were felt to land before the pause, and at ``stop``.
    """

    start: int
    turn: int
    stop: int
    bottom: int
    down: Region
    up: Region
    pause: Region
    was_felt: bool = False
    is_felt: bool = False

    def overlaps(self, other: Lift) -> bool:
        """Tell whether two lifts share more than a moment."""
        shared = min(self.stop, other.stop) - max(self.start, other.start)
        # two that share less than a fifth only touch (chosen)
        return shared > 0.2 * min(self.stop - self.start, other.stop - other.start)

    def moved(self, samples: int) -> Lift:
        """Return the same lift with every index later by ``samples``."""
        down, up, pause = (Region(r.start + samples, r.stop + samples) for r in (self.down, self.up, self.pause))
        start, turn, stop, bottom = (i + samples for i in (self.start, self.turn, self.stop, self.bottom))
        return replace(self, start=start, turn=turn, stop=stop, bottom=bottom, down=down, up=up, pause=pause)


def walking(posture: Posture) -> Mask:
    """Tell where the athlete walks: the trunk is upright and bounces. (n,)."""
    rate_hz = posture.rate_hz
    speed = np.nan_to_num(posture.speed_mps)
    bounce = np.where(posture.is_gap, 0.0, speed - smooth(speed, round(rate_hz)))  # of steps in a hole nobody knows
    strong = np.sqrt(smooth(bounce**2, round(rate_hz))) > WALK_SPEED_MPS
    return np.asarray(strong & (np.abs(posture.inclination_rad) < UPRIGHT_RAD))


def split_blocks(bends: Sequence[Bend], posture: Posture, settings: RepSettings) -> list[list[Bend]]:
    """Group bends between which nobody rests or walks away.

    Parameters
    ----------
    bends
        In order.
    posture
        On whose grid they are.
    settings
        ``rest_min_s`` is the shortest rest.
    """
    if not bends:
        return []
    is_walking = walking(posture)
    margin = round(0.4 * posture.rate_hz)  # first and last tenths of a bend are no steps (chosen)
    blocks = [[bends[0]]]
    for before, after in pairwise(bends):
        between = slice(before.up_stop, after.down_start)
        seconds = np.count_nonzero(~posture.is_gap[between]) / posture.rate_hz  # a hole is no rest
        first = before.up_stop + margin
        steps = regions(is_walking[first : max(first, after.down_start - margin)])
        if seconds > settings.rest_min_s or any(len(r) >= posture.rate_hz for r in steps):
            blocks.append([])
        blocks[-1].append(after)
    return blocks


def drop_after(bend: Bend, after: Bend | None, *, posture: Posture, settings: RepSettings) -> int | None:
    """Return where a bar let fall from this bend's lockout left the hands, or None.

    It is one short impact while the athlete stands upright and goes on standing, with calm before it and for a second
    after it; heels that walk go on, a dip shakes as a whole, and a lowering jerks as it sets in.

    Parameters
    ----------
    bend
    after
        The next bend, where there is one: had it ended with a landing, the bar would have been in the hands.
    posture
        On whose grid they are.
    settings
        How hard an impact must be.
    """
    if not bend.is_finished or (after is not None and after.has_landed):
        return None
    rate_hz = posture.rate_hz
    first = bend.up_stop + round(0.6 * FALL_S * rate_hz)  # onsets are sure to some tenths of a second
    part = slice(first, first + round(DROP_WITHIN_S * rate_hz))
    standing_m = posture.height_m[bend.up_stop]
    is_upright = (posture.inclination_rad[part] < UPRIGHT_RAD) & ~(posture.height_m[part] < standing_m - UPRIGHT_M)
    if not is_upright.any():
        return None
    stop = int(np.argmin(is_upright)) if not is_upright.all() else is_upright.size
    vibration = posture.shock_mps2[part][:stop]
    if not vibration.size:
        return None
    least = max(settings.drop_min_mps2, settings.shock_over_calm * float(np.median(vibration)))
    if vibration.max() < least:
        return None
    impact = first + int(np.argmax(vibration >= max(least, HARDEST * float(vibration.max()))))
    # plates bounce on for so long; what comes before ends where the impact begins (chosen)
    peak = float(posture.shock_mps2[impact : impact + round(0.15 * rate_hz)].max())
    earlier = posture.shock_mps2[impact - round(0.4 * rate_hz) : impact - round(0.05 * rate_hz)]  # as above
    over = impact + round((SHORT_S + CALM_S) * rate_hz)
    later = posture.shock_mps2[impact + round(SHORT_S * rate_hz) : over]
    around = posture.speed_mps[impact - round(0.4 * rate_hz) : impact + round(0.4 * rate_hz)]  # as long as `earlier`
    leaves = over if after is None else min(after.down_start, over)
    forward = posture.inclination_rad[impact:leaves] - max(float(posture.inclination_rad[impact]), 0.0)
    if leaves - impact < round(STANDS_S * rate_hz) or float(forward.max()) > STANDING_RAD:
        return None
    if later.size < round(CALM_S * rate_hz) or max(float(earlier.max()), float(later.max())) >= 0.5 * peak:
        return None
    if float(np.nan_to_num(np.abs(around)).max()) > STATIONARY_MPS:
        return None
    return max(bend.up_stop + 1, impact + round((IMPACT_REACH_S - FALL_S) * rate_hz))


def lifts_from_floor(bends: Sequence[Bend], dropped: Sequence[int | None]) -> list[Lift]:
    """Return the lifts of a set on the floor: the lockouts between its bends.

    Parameters
    ----------
    bends
        N + 1 bends; N where the last bar was dropped.
    dropped
        By bend, see `drop_after`.
    """
    lifts = []
    dropped = _every_drop(bends, dropped)
    for i, a in enumerate(bends):
        b = bends[i + 1] if i + 1 < len(bends) else None
        left = dropped[i]
        if left is not None and not (b is not None and b.has_landed):
            stop, down = left, Region(left, left)
        elif b is not None:
            stop, down = b.down_stop, Region(b.down_start, b.down_stop)
        else:
            break
        lifts.append(
            Lift(
                start=a.up_start,
                turn=a.up_stop,
                stop=stop,
                bottom=a.up_start,
                down=down,
                up=Region(a.up_start, a.up_stop),
                pause=Region(a.down_stop, a.up_start),
                was_felt=a.has_landed,
                is_felt=b is not None and b.has_landed and stop == b.down_stop,
            )
        )
    return lifts


def _every_drop(bends: Sequence[Bend], dropped: Sequence[int | None]) -> list[int | None]:
    """Return the drops with those that were too soft to be felt, where every bar of the set was dropped.

    So it was where no landing is felt and several drops are; the others are put as long after lockout as those, but
    for the last, after which nobody bends to the bar again.
    """
    late = [fell - b.up_stop for b, fell in zip(bends, dropped, strict=True) if fell is not None]
    if len(late) < 2 or any(b.has_landed for b in bends):
        return list(dropped)
    usual = round(float(np.median(late)))
    filled = [b.up_stop + usual if fell is None else fell for b, fell in zip(bends, dropped, strict=True)]
    return [*filled[:-1], dropped[-1]]


def lifts_from_top(bends: Sequence[Bend]) -> list[Lift]:
    """Return the lifts of a set that starts at the top: one in each bend."""
    return [
        Lift(
            start=b.down_start,
            turn=(b.down_stop + b.up_start) // 2,
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


def on_the_floor(lifts: Sequence[Lift], posture: Posture) -> npt.NDArray[np.float64]:
    """Return for every instant whether the hands hold a bar that is on the floor. (n,).

    They are on the bar for half a second before a lift and a fifth of a second after it was lowered, or until the next
    lift begins, and where that is not known yet, until the body rises: a bar that is ripped off where it touched is
    30 cm up by then. Where neither the plates were felt nor the body came to rest over them, nobody knows to a tenth of
    a second when they were down: hips that rise first turn around long before the bar does.
    """
    held = np.zeros(len(posture))
    # a fall takes half a second, an impact a fifth (chosen)
    before, after = round(0.5 * posture.rate_hz), round(0.2 * posture.rate_hz)
    for lift, later in zip_longest(lifts, lifts[1:]):
        next_start = len(posture) if later is None else max(later.start, lift.stop)
        contacts = [(max(lift.pause.start, lift.start - before), lift.start + 1, lift.was_felt)]
        if len(lift.down) and lift.stop < len(posture):
            risen_m = posture.height_m[lift.stop : lift.stop + after] - posture.height_m[lift.stop]
            stop = lift.stop + (int(np.argmax(risen_m > RISES_M)) or after)
            contacts.append((lift.stop, min(stop, next_start + 1), lift.is_felt))
        for start, stop, is_felt in contacts:
            if is_felt or posture.is_still[start:stop].any():
                held[start:stop] = 1.0
    return held


def label_samples(
    posture: Posture, lifts: Sequence[Lift], *, from_floor: Sequence[bool], rep_of: Sequence[int]
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int32]]:
    """Return the phase and the rep of every sample.

    Parameters
    ----------
    posture
    lifts
        In order, on that posture.
    from_floor
        Of each lift, whether its start and stop are at the bottom.
    rep_of
        Of each lift, its number in its set.

    Returns
    -------
    phase : (n,) int8
        Index into `conventions.PHASES`.
    rep : (n,) int32
        From 0; -1 outside.
    """
    n = len(posture)
    phase, rep = np.full(n, cv.REST, dtype=np.int8), np.full(n, -1, dtype=np.int32)
    for lift, is_floor, k in zip(lifts, from_floor, rep_of, strict=True):
        rep[lift.start : lift.stop] = k
        phase[lift.start : lift.stop] = cv.TOP if is_floor else cv.BOTTOM
        phase[lift.pause.part] = cv.BOTTOM
        phase[lift.down.part] = cv.DESCENT
        phase[lift.up.part] = cv.ASCENT
    return phase, rep
