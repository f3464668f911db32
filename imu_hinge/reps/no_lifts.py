"""Say of every bend that is part of no lift what it is: sitting down or rising from a seat, a jump, one by itself.

It finds neither bends (`bends` does) nor lifts (`exercise` does). Who was told that squats are lifted is not asked for
seats: a squat onto a box is told from a chair by nothing but the plan.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.model import Array, Posture
from imu_hinge.reps.bends import Bend
from imu_hinge.reps.seats import ROCKS_RAD, SAME_HEIGHT_M, SITTING, has_seat_inside, one_way
from imu_hinge.reps.similarity import BRIEF_S
from imu_hinge.signals import derivative, regions, smooth

SEAT_M: Final = 0.12
"""A seat takes the pelvis down by at least this: one 0.5 m high takes 0.35 m, of which a third may be lost where nobody
stands quietly before and after."""

LOW_SHARE: Final = 1.0 / 3.0
"""Where the hips sink little, they are low only within this share of it."""

NEAR_UPRIGHT_RAD: Final = math.radians(15.0)
"""A seated trunk comes up to within 10 degrees of standing, and a seated pelvis is tilted back against it; who squats
or bends leans at least 20 degrees where the hips are low (docs/biomechanics.md, 1.4). Half way: an inclination is off
by a few degrees."""

FALLING_MPS2: Final = 0.6 * cv.GRAVITY_MPS2  # more than half of the weight is off the feet
FLIGHT_S: Final = 0.12  # [s]
FLIGHT_MPS: Final = 0.7
"""Whose trunk, at the height of standing, is pulled down by this for so long and comes down at this speed has no ground
under the feet: a jump of 8 cm. Who squats at once is still slow there, and who locks out at once does not come down."""

WOBBLE_S: Final = 0.1
"""A belt swings on the body in flight (docs/biomechanics.md, 6.3: 4 to 12 Hz); over this it is averaged."""

TUCKED_M: Final = 0.1
"""Legs are straight, or nearly, when they leave the ground and when they land."""

LANDS_WITHIN_S: Final = 0.5
"""So long after the rise the feet have left the ground."""

DEEPEST: Final = 0.42
"""No trunk sinks by more than this share of body height: a squat to the heels takes the pelvis down by 0.35 of it, and
who did not state a height may be a fifth taller than the average."""

HIGHEST_M: Final = 0.3
"""Nor does it rise above standing by more than toes and a leftover of the accelerometer's bias explain."""

INCLINATIONS_RAD: Final = math.radians(35.0)
"""A bend that leans by more is no squat and is told by its lean; one that leans less is told by its height, which must
then be one that legs allow."""

IN_A_ROW: Final = 3
"""So many bends that follow one another, none of which is plainly no lift, are no overlooked ones."""

JUMPING: Final = "jumped"
NO_TRUNK: Final = "went up or down farther than legs allow"

ASIDE: Final = "bent to the side"
BEGUN_BEFORE: Final = "was going on when the recording began"
NOT_FINISHED: Final = "was not over when the recording ended"
PUT_DOWN: Final = "put something on the floor"
OTHER_SET: Final = "alike, but not plainly a set"
ALONE: Final = "a bend by itself"
UNLIKE: Final = "unlike the bends beside it"

SEEN_INSTEAD: Final = {
    SITTING: "it looks like sitting down and rising from a seat",
    JUMPING: "it looks like jumping: the feet leave the ground",
    NO_TRUNK: "the sensor goes up and down farther than legs allow",
}
"""What a recording of nothing else looks like."""


def without_no_lifts(
    blocks: Sequence[list[Bend]], posture: Posture, athlete: Athlete, *, told: str = "auto"
) -> tuple[list[list[Bend]], dict[Bend, str]]:
    """Return the bends that may be lifts, by block, and what each of the others is.

    Where half of the bends of a block are none, the others are of the same kind and only less plain, unless so many of
    them follow one another that they are a set of their own. Where an exercise was told, seats alone are asked for; of
    squats, which may be onto a box, only whole blocks of them after one that is none.

    Parameters
    ----------
    blocks
        Bends between which nobody rests or walks away; see `segmentation.split_blocks`.
    posture
    athlete
        Body height.
    told
        An exercise, or ``auto``.

    Returns
    -------
    kept : list of list of Bend
        What is left of each block.
    instead : dict of Bend to str
        Of each bend that is left out `SITTING`, `JUMPING` or `NO_TRUNK`.
    """
    kept: list[list[Bend]] = []
    instead: dict[Bend, str] = {}
    seated = one_way([b for block in blocks for b in block], posture)
    for block in blocks:
        kinds = {b: kind for b in block if (kind := seated.get(b) or no_lift(b, posture, athlete))}
        if told != "auto":
            # two lifts with a hole from floor to floor look like one long bend that comes up in between
            kinds = {b: kind for b, kind in kinds.items() if kind == SITTING and b.longest_hole_s <= BRIEF_S}
        rest = [list(run) for is_none, run in groupby(block, key=kinds.__contains__) if not is_none]
        if 2 * len(kinds) >= len(block):
            usual = Counter(kinds.values()).most_common(1)[0][0]
            kinds |= {b: usual for run in rest if len(run) < IN_A_ROW for b in run}
        if told == "squat" and not (kept and len(kinds) == len(block)):
            kinds = {}
        left = [b for b in block if b not in kinds]
        kept += [left] if left else []
        instead |= kinds
    return kept, instead


def no_lift(bend: Bend, posture: Posture, athlete: Athlete) -> str:
    """Return what a bend is when it is no lift, in words, or nothing.

    Parameters
    ----------
    bend
    posture
        On whose grid the bend is.
    athlete
        Body height.
    """
    part = slice(bend.down_start, max(bend.up_stop, bend.down_start) + 1)
    if leaves_ground(posture, part):
        return JUMPING
    if sits(posture, part, athlete) or has_seat_inside(bend, posture):
        return SITTING
    if not (bend.is_begun and bend.is_finished and is_too_far(posture, part, athlete)):
        return ""
    inclination_rad = posture.inclination_rad[part]
    if float(inclination_rad.max()) < INCLINATIONS_RAD:
        return NO_TRUNK
    return SITTING if comes_up_between(inclination_rad) else ""


def is_too_far(posture: Posture, part: slice, athlete: Athlete) -> bool:
    """Tell whether the height during a bend is one that no legs allow.

    Parameters
    ----------
    posture
    part
        The bend, in samples.
    athlete
        Body height: `DEEPEST` is a share of it.
    """
    height_m, sd_m = posture.height_m[part], posture.height_sd_m[part]
    highest_m, deepest_m = float(np.max(height_m - 2.0 * sd_m)), -float(np.min(height_m + 2.0 * sd_m))
    return highest_m > HIGHEST_M or deepest_m > DEEPEST * athlete.value("height_m")


def comes_up_between(inclination_rad: Array) -> bool:
    """Tell whether the trunk leans, comes up and leans again in what its height alone makes one bend. (n,) [rad]."""
    before, after = np.maximum.accumulate(inclination_rad), np.maximum.accumulate(inclination_rad[::-1])[::-1]
    rocks = np.minimum(before, after) - inclination_rad
    return bool(np.any((rocks > ROCKS_RAD) & (inclination_rad < NEAR_UPRIGHT_RAD)))


def sits(posture: Posture, part: slice, athlete: Athlete) -> bool:
    """Tell whether the trunk comes up, or goes forward, while the hips stay at the height of a seat.

    Sitting down, the trunk leans forward on the way and comes up once the seat carries it; rising, it leans forward
    before the hips leave the seat. In a lift it leans most where the hips are lowest.

    Parameters
    ----------
    posture
    part
        The bend, in samples.
    athlete
        Body height: `DEEPEST` is a share of it.
    """
    height_m, inclination_rad = posture.height_m[part], posture.inclination_rad[part]
    if not np.isfinite(height_m).all():
        return False
    at = int(np.argmin(height_m))
    lowest_m, sd_m = float(height_m[at]), float(posture.height_sd_m[part][at])
    if not -DEEPEST * athlete.value("height_m") < lowest_m < -SEAT_M or sd_m > 0.5 * SEAT_M:
        return False  # after a hole the height may tell nothing
    low = np.flatnonzero(height_m < lowest_m + min(SAME_HEIGHT_M, -LOW_SHARE * lowest_m))
    inclination = inclination_rad[low[0] : low[-1] + 1]
    upright = int(np.argmin(inclination))
    rocks = max(float(inclination[: upright + 1].max()), float(inclination[upright:].max())) - float(
        inclination[upright]
    )
    return rocks > ROCKS_RAD and float(inclination[upright]) < NEAR_UPRIGHT_RAD


def leaves_ground(posture: Posture, part: slice) -> bool:
    """Tell whether the trunk falls freely during a bend or at the end of its rise."""
    rate_hz = posture.rate_hz
    later = slice(part.start, part.stop + round(LANDS_WITHIN_S * rate_hz))
    speed = np.nan_to_num(posture.speed_mps[later])
    falls = smooth(derivative(speed, rate_hz), round(WOBBLE_S * rate_hz)) < -FALLING_MPS2
    is_tall = (posture.height_m[later] > -TUCKED_M) & (np.abs(posture.inclination_rad[later]) < INCLINATIONS_RAD)
    falls &= is_tall  # plates that land shake who is bent down, and hips that go first drop again
    landing = round(0.5 * WOBBLE_S * rate_hz)
    return any(
        len(r) >= FLIGHT_S * rate_hz and float(speed[r.start : r.stop + landing].min()) < -FLIGHT_MPS
        for r in regions(falls)
    )


class NoRep(NamedTuple):
    """Hold one bend that is part of no lift: samples ``[start, stop)`` of the posture's grid, and what it is."""

    start: int
    stop: int
    reason: str

    def moved(self, samples: int) -> NoRep:
        """Return the same with every index later by ``samples``."""
        return NoRep(self.start + samples, self.stop + samples, self.reason)


def no_reps(
    blocks: Sequence[Sequence[Bend]],
    *,
    lifted: Collection[Bend],
    grouped: Collection[Bend] = (),
    known: Mapping[Bend, str],
) -> tuple[NoRep, ...]:
    """Return every bend that is part of no lift, in order.

    Parameters
    ----------
    blocks
        Every bend, beside those without a rest between.
    lifted
        Those of the lifts; on the floor also the first one, to the bar, and the last, from it.
    grouped
        Those of sets of several bends that are not counted.
    known
        What some bends are, by their motion.
    """
    found = [
        NoRep(bend.down_start, max(bend.up_stop, bend.down_start) + 1, known.get(bend) or _reason(bend, block, grouped))
        for block in blocks
        for bend in block
        if bend not in lifted
    ]
    return tuple(sorted(found))


def _reason(bend: Bend, block: Sequence[Bend], grouped: Collection[Bend]) -> str:
    """Return why a bend that moves as a lift may is none."""
    if not bend.is_begun:
        return BEGUN_BEFORE
    if not bend.is_finished:
        return NOT_FINISHED
    if bend in grouped:
        return OTHER_SET
    if bend.has_landed:
        return PUT_DOWN
    return ALONE if len(block) == 1 else UNLIKE
