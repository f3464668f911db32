"""Tell who sits down or rises from a seat by what happens between rests: the height there, and hips that stay.

It needs no height over the recording, only that the speed is zero at rests; what else is no lift tells `no_lifts`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from imu_hinge.model import Array, Posture
from imu_hinge.reps.bends import LOWERING_RAD_S, Bend
from imu_hinge.signals import derivative, regions, smooth

ROCKS_RAD: Final = math.radians(20.0)
"""Who turns the trunk by more while the hips stay low is carried by a seat. Upper body, head and arms are 0.6 of the
body, 0.35 m above the hips: 20 degrees move the whole body's centre of mass by 7 cm, more than the heel is behind the
ankle, so without a seat one falls."""

SAME_HEIGHT_M: Final = 0.08
"""Who leans on a seat stays at its height within this: a sensor a hand behind the hip joint goes up so far in 40
degrees of lean."""

WHOLE_SEAT_M: Final = 0.35
"""What a seat 0.5 m high takes the pelvis down by; a lower one takes more."""

HALF_SEAT_M: Final = 0.2
"""Half of what a seat takes, 0.35 to 0.5 m."""

SITS_WITHIN_S: Final = 3.0
"""Sitting down and rising take no longer, as for lockouts (`motion.kinematics.posture`) [s]. Speeds of 0.05 m/s at both
ends and an accelerometer's error of 0.3 m/s² that turns with the trunk add up to 0.1 m in it."""

ONE_WAY_S: Final = 6.0
"""Over longer times the integral of the acceleration tells no height, as for standing (`standing.JOINED_S`) [s]."""

REST_S: Final = 0.3
"""A trunk that only turns back is slower than `LOWERING_RAD_S` for a shorter time than this [s]."""

SMOOTH_S: Final = 0.15
"""Sway and noise are averaged over this, as where bends are found [s]."""

SITTING: Final = "sat down or rose from a seat"


def one_way(bends: Sequence[Bend], posture: Posture) -> dict[Bend, str]:
    """Return the bends after which the sensor stays lower, or higher, than before; they begin and end upright.

    Who is seated upright leans as one who stands does, so that sitting down looks like one bend and rising like
    another; the height between the two, where only the speed is known to be zero, tells them from lifts. Two
    neighbours that undo each other are sure; one alone must be worth a whole seat and as quick as sitting down is.
    """
    rises_m = [net_rise_m(b, posture) for b in bends]
    seated = [
        bend
        for bend, rise_m in zip(bends, rises_m, strict=True)
        if abs(rise_m) > WHOLE_SEAT_M and bend.up_stop - bend.down_start < SITS_WITHIN_S * posture.rate_hz
    ]
    for (bend, rise_m), (after, after_m) in pairwise(zip(bends, rises_m, strict=True)):
        if min(abs(rise_m), abs(after_m)) > HALF_SEAT_M and rise_m * after_m < 0.0:
            seated += [bend, after]
    return dict.fromkeys(seated, SITTING)


def net_rise_m(bend: Bend, posture: Posture) -> float:
    """Return how much higher the sensor is after a bend than before it, by its acceleration alone; 0 if untold."""
    return rise_between(posture, bend.down_start, bend.up_stop) if bend.is_begun and bend.is_finished else 0.0


def rise_between(posture: Posture, start: int, stop: int) -> float:
    """Return how much higher the sensor is at one rest than at the one before, by its acceleration; 0 if untold.

    At both rests the speed is zero, so what the integral has left at the second is an error: gained evenly, as from a
    bias, or by an impact that fell between two samples, which leaves two of its standard deviations at most. A slow
    sensor's plates would add 0.3 m so, as if somebody sat down; a rise counts as far as it is there either way.

    Parameters
    ----------
    posture
    start, stop
        Samples of the two rests.
    """
    part, dt = slice(start, stop + 1), 1.0 / posture.rate_hz
    if posture.acceleration_mps2 is None or posture.is_gap[part].any() or (stop - start) * dt > ONE_WAY_S:
        return 0.0
    speed = _speed(posture.acceleration_mps2[part], dt)
    impact = np.zeros(speed.size) if posture.impact_mps is None else posture.impact_mps[part]
    most = 2.0 * math.sqrt(float(impact @ impact))
    at_once, at = min(max(float(speed[-1]), -most), most), int(np.argmax(impact))
    evenly_m = float(np.sum(speed - np.linspace(0.0, speed[-1], speed.size)) * dt)
    either_m = evenly_m - at_once * (0.5 * speed.size - at) * dt
    return min(evenly_m, either_m, key=abs) if evenly_m * either_m > 0.0 else 0.0


def has_seat_inside(bend: Bend, posture: Posture) -> bool:
    """Tell whether a bend is sitting down and rising: low between, the trunk comes up, rests and leans again.

    The hips must stay at the height of that rest while the trunk turns by `ROCKS_RAD` on its way there or from there.
    In a squat the pelvis may tuck under and in a deadlift the chest come up by as much at the bottom, but then the hips
    rise as the trunk leans. Where a hole hides one way, the other must be worth a whole seat.
    """
    if posture.acceleration_mps2 is None or not (bend.is_begun and bend.is_finished):
        return False
    start, stop, dt = bend.down_start, bend.up_stop, 1.0 / posture.rate_hz
    lean, lift = posture.inclination_rad, posture.acceleration_mps2
    for first, last in _rests_between_leans(bend, posture):
        down_m, up_m = rise_between(posture, start, first), rise_between(posture, last, stop)
        if down_m and up_m:
            is_low = min(-down_m, up_m) > HALF_SEAT_M
        else:
            way = first - start if down_m else stop - last
            is_low = up_m - down_m > WHOLE_SEAT_M and way * dt < SITS_WITHIN_S
        down, up = (lean[start : first + 1][::-1], lift[start : first + 1][::-1]), (lean[last:stop], lift[last:stop])
        if is_low and (_hips_stay(*down, dt) or _hips_stay(*up, dt)):
            return True
    return False


def _rests_between_leans(bend: Bend, posture: Posture) -> list[tuple[int, int]]:
    """Return the first and last sample of each rest that the trunk comes up to and leans again from."""
    start, rate_hz = bend.down_start, posture.rate_hz
    inclination = smooth(posture.inclination_rad[start : bend.up_stop + 1], round(SMOOTH_S * rate_hz))
    before, after = np.maximum.accumulate(inclination), np.maximum.accumulate(inclination[::-1])[::-1]
    is_up = np.minimum(before, after) - inclination > ROCKS_RAD
    is_slow = np.abs(derivative(inclination, rate_hz)) < LOWERING_RAD_S
    is_slow &= ~posture.is_gap[start : bend.up_stop + 1]  # in a hole the straight line is slow, not the trunk
    return [(start + r.start, start + r.stop - 1) for r in regions(is_up & is_slow) if len(r) >= REST_S * rate_hz]


def _hips_stay(inclination: Array, acceleration: Array, dt: float) -> bool:
    """Tell whether the hips stay at the height of the first sample, a rest, until the trunk has leaned by `ROCKS_RAD`.

    (n,) [rad], (n,) [m/s²], [s]; the same in either direction of time.
    """
    leaned = np.flatnonzero(inclination - inclination[0] > ROCKS_RAD)
    if not leaned.size:
        return False
    rise_m = float(np.sum(_speed(acceleration[: leaned[0] + 1], dt)) * dt)
    return abs(rise_m) < SAME_HEIGHT_M


def _speed(acceleration: Array, dt: float) -> Array:
    """Return the speed gained from rest. (n,) [m/s²] gives (n,) [m/s]."""
    return np.concatenate(([0.0], np.cumsum(0.5 * (acceleration[1:] + acceleration[:-1])))) * dt
