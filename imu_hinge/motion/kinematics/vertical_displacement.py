"""Smooth the vertical travel of one sensor out of its acceleration and the moments at which it is known to rest.

It finds no rests (`posture` does); it weighs what they say. A body that "rests" still moves by centimetres per second,
so a rest is soft evidence, and the height's standard deviation comes out of the same sum. A blow is integrated like
everything else: while the plates land the body really loses half a metre per second.

Notes
-----
A Kalman filter and Rauch-Tung-Striebel smoother of height, speed and a slowly changing error of the acceleration. Bias
and scale error of the accelerometer stay what they are over a whole recording, so they are found first, from all its
rests and lockouts together (`with_sensor_errors_out`); only what is left of them may wander.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge import conventions as cv
from imu_hinge.jit import kernel, subroutine
from imu_hinge.model import Region
from imu_hinge.motion.kinematics.track import Track
from imu_hinge.motion.kinematics.vertical_acceleration import (
    BIAS_PRIOR_MPS2,
    IMPACT_MPS2,
    REST_S,
    SCALE_PRIOR,
    Travel,
    resting_bias,
    vertical_acceleration,
)
from imu_hinge.signals import regions, smooth
from imu_hinge.small_matrix import invert

Array = npt.NDArray[np.float64]

STATES: Final = 3  # height [m], speed [m/s], and what is left of the accelerometer's errors [m/s²]
HEIGHT, SPEED, ERROR = range(STATES)  # their places

FORCE_NOISE: Final = 0.005
"""Speed that noise, skin wobble and a tilt error of the filter add in one second [m/s]; grows with the root of time.

A tilt error of 1 degree over the 0.2 m that a sensor goes back is worth 3 mm of height: as much as this in a second."""
ERROR_SD_MPS2: Final = 0.02
"""What is left of the accelerometer's errors where the smoother starts [m/s²]."""
ERROR_WALK: Final = 0.003
"""How far that error wanders in one second [m/s²]: 0.3 mg, as much as a cheap sensor drifts in a minute."""
SENSOR_ERROR_SD: Final = np.array([BIAS_PRIOR_MPS2] * 3 + [SCALE_PRIOR] * 3)
"""The errors of the accelerometer that do not change: a bias [m/s²] and a scale error for each axis."""
REST_SPEED_MPS: Final = 0.008
"""How slow a sensor is that does not turn, and ..."""
SPEED_PER_RATE_M: Final = 0.5
"""... how much faster one that turns [m/s per rad/s]: a sway is about an axis half a metre away."""
MOMENT_SPEED_MPS: Final = 0.05
"""How slow it is at the quietest moment of a short pause."""
LEVEL_SPEED_MPS, LEVEL_HEIGHT_M = 0.03, 0.008
"""How slow and how near to standing height it is in standing and at lockouts."""
LEVEL_PER_INCLINATION_M: Final = 0.15
"""... and how much less near where it leans, as at a lockout that is not quite upright or leans back [m/rad]: a sensor
sits about so far behind the joint it turns about."""
IMPACT_S: Final = 0.002
"""What one sample of a blow may add to the speed, per shake [m/s per m/s²]. A ring at 15 to 40 Hz that is cut off by
the sampling leaves its amplitude times 4 to 10 ms, over some 15 samples; per grid instant, where every instant has a
sample of its own. Where samples are sparse see `_impacts`."""
SLOWEST_HZ: Final = 16.0
"""A sensor that delivers fewer samples a second does not tell how it travels: its height is not known."""
UNSEEN_MPS: Final = 0.8
"""Speed that a body may win in the first second of a hole [m/s]; grows with the root of time. Lifts accelerate by
`UNSEEN_MPS2` (root mean square) for a third of a second at a time ..."""
UNSEEN_MPS2: Final = 1.0
"""... and a force that is seen wrongly by so much after it, because "up" is tilted, counts as much [m/s²]."""
INNOVATION_GATE: Final = 4.0
"""A rest that the integral contradicts by more than this many standard deviations was none.

Who stands is at standing height: a height that is contradicted so is believed less, but never not at all, or the
integral would never come back once it has gone astray.
"""
OPEN_HEIGHT_M, OPEN_SPEED_MPS = 1.0, 0.5
"""What is known of height and speed before anything is seen, ..."""
OPEN_AGAIN_S: Final = 10.0
"""... and, in a hole, again after so long: then what was known before it tells less, and a body is never further away
[s]. Without it the variance grows with the cube of the hole's length, and rounding leaves less than nothing of it."""


class ZeroVelocityUpdates(NamedTuple):
    """Hold what is known besides the acceleration at each sample.

    Parameters
    ----------
    speed_sd_mps, height_sd_m : (n,)
        How near zero speed and height are known to be, infinite where nothing is known.
    ringing_mps : (n,)
        What an impact, or a hole in which nothing was measured, may have added to the speed, beyond the usual noise.
    """

    speed_sd_mps: Array
    height_sd_m: Array
    ringing_mps: Array


class Smoothed(NamedTuple):
    """Hold what the smoother found.

    Parameters
    ----------
    height, height_sd : (n,) [m]
    speed : (n,) [m/s]
        Up positive, as the height.
    """

    height: Array
    height_sd: Array
    speed: Array


def vertical_motion(
    track: Track, inclination_rad: Array, *, settling_rad: Array | None = None, still: list[Region], level: list[int]
) -> Travel:
    """Return the vertical travel of one sensor between rests, against quiet standing.

    Parameters
    ----------
    track
    inclination_rad : (n,) [rad]
        Its inclination, zero in quiet standing.
    settling_rad : (n,) [rad], optional
        Its standard deviation after holes, see `settling`; there are none where it is left out.
    still
        Stretches at rest; one of a single sample is the quietest moment of a short pause.
    level
        Instants, in samples, at which the sensor is at standing height and turns: standing and lockouts.
    """
    n, rate_hz = len(track), track.rate_hz
    sampled_hz = track.sampled_hz
    if not still or not level or sampled_hz < SLOWEST_HZ:
        unknown = np.full(n, math.nan)
        return Travel(unknown, unknown, unknown)
    rate = np.sqrt(np.einsum("ij,ij->i", track.gyr, track.gyr))
    turning = smooth(rate, max(3, round(0.2 * rate_hz)))
    speed_sd, height_sd = np.full(n, math.inf), np.full(n, math.inf)
    for r in still:
        if len(r) > 1:
            slow = np.hypot(REST_SPEED_MPS, SPEED_PER_RATE_M * turning[r.part])
            speed_sd[r.part] = math.sqrt(max(REST_S * rate_hz, 1.0)) * slow
        else:
            speed_sd[r.start] = MOMENT_SPEED_MPS
    speed_sd[level] = np.minimum(speed_sd[level], LEVEL_SPEED_MPS)
    height_sd[level] = np.hypot(LEVEL_HEIGHT_M, LEVEL_PER_INCLINATION_M * inclination_rad[level])
    for hole in regions(track.is_gap, at_least=round(OPEN_AGAIN_S * rate_hz) + 1):
        again = slice(hole.start + round(OPEN_AGAIN_S * rate_hz), hole.stop, round(OPEN_AGAIN_S * rate_hz))
        speed_sd[again], height_sd[again] = OPEN_SPEED_MPS, OPEN_HEIGHT_M
    settling = np.zeros(n) if settling_rad is None else settling_rad
    tilted = cv.GRAVITY_MPS2 * settling**2 / UNSEEN_MPS2  # "up" is off by what accelerates, and that is seen along it
    unseen = UNSEEN_MPS / math.sqrt(rate_hz) * np.where(track.is_gap, 1.0, tilted)
    impact_mps = _impacts(track.high_pass_acc_mps2, sparse=rate_hz / sampled_hz)
    ringing = np.where(track.is_gap, unseen, np.hypot(unseen, impact_mps))
    known = ZeroVelocityUpdates(speed_sd, height_sd, ringing)
    acceleration = np.where(track.is_gap, 0.0, vertical_acceleration(track, resting_bias(track)))
    without_errors = with_sensor_errors_out(acceleration, _error_shapes(track), known, dt=1.0 / rate_hz)
    found = smooth_height(without_errors, known, dt=1.0 / rate_hz)
    return Travel(found.height, found.height_sd, found.speed, acceleration, impact_mps)


def _error_shapes(track: Track) -> Array:
    """Return what a unit of each constant error of the sensor adds to the upward acceleration. (n, 6)."""
    return np.where(track.is_gap[:, None], 0.0, np.column_stack([track.up_s, track.up_s * track.acc]))


def _impacts(high_pass_acc_mps2: Array, *, sparse: float) -> Array:
    """Return what blows may have added to the speed at each instant. (n,) [m/s].

    A slow sensor meets a blow at one sample, somewhere in its ring, and that sample stands for the whole interval: what
    is added is larger by ``sparse``, the instants per sample; the straight line to its neighbours shows a shake smaller
    by about the root of that; and the shake is spread over more instants, whose variances add, so by the fourth root
    less at each.
    """
    sparse = max(sparse, 1.0)
    return np.where(high_pass_acc_mps2 > IMPACT_MPS2 / sparse, IMPACT_S * sparse**1.25 * high_pass_acc_mps2, 0.0)


def with_sensor_errors_out(acceleration: Array, shapes: Array, known: ZeroVelocityUpdates, *, dt: float) -> Array:
    """Return the acceleration without the constant errors of the sensor that all rests and lockouts together tell.

    Parameters
    ----------
    acceleration : (n,) [m/s²]
        Upward, gravity taken off.
    shapes : (n, k)
        What a unit of each error adds to it: bias and scale error add the more, the more upright their axis is.
    known
    dt
        Sample time [s].

    Notes
    -----
    Every observation of `ZeroVelocityUpdates` surprises the filter by a sum of what the errors would add to it, so they
    follow by least squares from the surprises of the whole recording, each weighed by its variance, and from
    `SENSOR_ERROR_SD`.
    """
    mean, spread = _room(len(acceleration))
    normal, slope = np.diag(1.0 / np.square(SENSOR_ERROR_SD)), np.zeros(shapes.shape[1])
    _filter(acceleration, np.ascontiguousarray(shapes), *_weights(known, dt), dt, (mean, spread), (normal, slope))
    return np.asarray(acceleration - shapes @ np.linalg.solve(normal, slope))


def smooth_height(acceleration: Array, known: ZeroVelocityUpdates, *, dt: float) -> Smoothed:
    """Return the vertical travel between moments of known speed and height, both zero.

    Parameters
    ----------
    acceleration : (n,) [m/s²]
        Upward, gravity and the sensor's own errors taken off.
    known
    dt
        Sample time [s].
    """
    mean, spread = _room(len(acceleration))
    walked, weights = _weights(known, dt)
    _filter(acceleration, np.empty((len(acceleration), 0)), walked, weights, dt, (mean, spread), _no_errors())
    _smooth(acceleration, walked, dt, mean, spread)
    return Smoothed(mean[:, HEIGHT].copy(), np.sqrt(spread[:, HEIGHT, HEIGHT]), mean[:, SPEED].copy())


def _room(n: int) -> tuple[Array, Array]:
    """Return room for mean (n, 3) and covariance (n, 3, 3)."""
    return np.empty((n, STATES)), np.empty((n, STATES, STATES))


def _no_errors() -> tuple[Array, Array]:
    return np.empty((0, 0)), np.empty(0)


def _weights(known: ZeroVelocityUpdates, dt: float) -> tuple[Array, Array]:
    """Return the variances (n, 2) that each sample adds to speed and error, and how much zero h and v weigh (n, 2)."""
    walked = np.empty((known.ringing_mps.size, 2))
    walked[:, 0] = FORCE_NOISE**2 * dt + np.square(known.ringing_mps)
    walked[:, 1] = ERROR_WALK**2 * dt
    return walked, np.column_stack([1.0 / np.square(known.height_sd_m), 1.0 / np.square(known.speed_sd_mps)])


@subroutine
def _predict(m: Array, p: Array, a: float, dt: float, out_m: Array, out_p: Array) -> None:
    """Go one sample on: h + v dt + (a - e) dt²/2, v + (a - e) dt, e; and the covariance ``p`` with it, F p F'."""
    half = 0.5 * dt * dt
    out_m[0] = m[0] + m[1] * dt + (a - m[2]) * half
    out_m[1] = m[1] + (a - m[2]) * dt
    out_m[2] = m[2]
    h0 = p[0, 0] + dt * p[0, 1] - half * p[0, 2]
    h1 = p[0, 1] + dt * p[1, 1] - half * p[1, 2]
    h2 = p[0, 2] + dt * p[1, 2] - half * p[2, 2]
    v1, v2 = p[1, 1] - dt * p[1, 2], p[1, 2] - dt * p[2, 2]
    out_p[0, 0] = h0 + dt * h1 - half * h2
    out_p[0, 1] = out_p[1, 0] = h1 - dt * h2
    out_p[0, 2] = out_p[2, 0] = h2
    out_p[1, 1] = v1 - dt * v2
    out_p[1, 2] = out_p[2, 1] = v2
    out_p[2, 2] = p[2, 2]


@kernel
def _filter(
    acceleration: Array,
    shapes: Array,
    walked: Array,
    known: Array,
    dt: float,
    out: tuple[Array, Array],
    errors: tuple[Array, Array],
) -> None:
    """Write mean (n, 3) and covariance (n, 3, 3) after each sample to ``out``; ``known`` (n, 2) weighs zero h and v.

    ``errors`` are the normal equations (k, k), (k,) of the sensor's errors, to which every surprise is added. Where a
    height is contradicted, ``walked`` grows.
    """
    (mean, spread), (normal, slope) = out, errors
    m, p, column = np.zeros(STATES), np.zeros((STATES, STATES)), np.zeros(STATES)
    error_sensitivity = np.zeros((STATES, shapes.shape[1]))  # what a unit of each error changes
    p[0, 0], p[1, 1], p[2, 2] = OPEN_HEIGHT_M**2, OPEN_SPEED_MPS**2, ERROR_SD_MPS2**2
    for i in range(acceleration.size):
        if i > 0:
            _predict(mean[i - 1], spread[i - 1], acceleration[i - 1], dt, m, p)
            p[1, 1] += walked[i, 0]
            p[2, 2] += walked[i, 1]
            for j in range(error_sensitivity.shape[1]):
                less = shapes[i - 1, j] + error_sensitivity[2, j]
                error_sensitivity[0, j] += error_sensitivity[1, j] * dt - less * 0.5 * dt * dt
                error_sensitivity[1, j] -= less * dt
        for seen in range(2):
            weight, far = known[i, seen], (m[seen] / INNOVATION_GATE) ** 2
            if weight > 0.0 and far > p[seen, seen] + 1.0 / weight:
                weight = 1.0 / (far - p[seen, seen]) if seen == HEIGHT else 0.0
                if seen == HEIGHT:  # the integral has gone astray, and its speed with it
                    walked[i, 0] += OPEN_SPEED_MPS**2
                    p[1, 1] += OPEN_SPEED_MPS**2
            if weight > 0.0:
                share, value = weight / (1.0 + weight * p[seen, seen]), m[seen]
                for k in range(STATES):
                    column[k] = p[k, seen]
                _learn(error_sensitivity, seen, share, value, column, normal, slope)
                for k in range(STATES):
                    m[k] -= column[k] * share * value
                    for j in range(STATES):
                        p[k, j] -= column[k] * share * column[j]
        for k in range(STATES):
            mean[i, k] = m[k]
            for j in range(STATES):
                spread[i, k, j] = p[k, j]


@subroutine
def _learn(
    error_sensitivity: Array, seen: int, share: float, value: float, column: Array, normal: Array, slope: Array
) -> None:
    """Add one innovation, ``value`` of weight ``share``, to the errors' equations; correct the sensitivity (3, k)."""
    for j in range(error_sensitivity.shape[1]):
        slope[j] -= error_sensitivity[seen, j] * share * value
        for k in range(error_sensitivity.shape[1]):
            normal[j, k] += error_sensitivity[seen, j] * share * error_sensitivity[seen, k]
    for j in range(error_sensitivity.shape[1]):
        by = share * error_sensitivity[seen, j]
        for k in range(STATES):
            error_sensitivity[k, j] -= column[k] * by


@kernel
def _smooth(acceleration: Array, walked: Array, dt: float, mean: Array, spread: Array) -> None:
    """Go backward and let every sample know what came after it; ``mean`` and ``spread`` are overwritten."""
    m, p = np.zeros(STATES), np.zeros((STATES, STATES))
    work, inverse, gain = np.zeros((STATES, STATES)), np.zeros((STATES, STATES)), np.zeros((STATES, STATES))
    half = 0.5 * dt * dt
    for i in range(acceleration.size - 2, -1, -1):
        _predict(mean[i], spread[i], acceleration[i], dt, m, p)
        p[1, 1] += walked[i + 1, 0]
        p[2, 2] += walked[i + 1, 1]
        for k in range(STATES):
            for j in range(STATES):
                work[k, j] = p[k, j]
        invert(work, inverse)
        for k in range(STATES):
            h, v, e = spread[i, k, 0], spread[i, k, 1], spread[i, k, 2]
            for j in range(STATES):  # P F' times the inverse
                gain[k, j] = (h + dt * v - half * e) * inverse[0, j] + (v - dt * e) * inverse[1, j] + e * inverse[2, j]
        for k in range(STATES):
            for j in range(STATES):
                work[k, j] = spread[i + 1, k, j] - p[k, j]
        for k in range(STATES):
            for j in range(STATES):
                mean[i, k] += gain[k, j] * (mean[i + 1, j] - m[j])
                for a in range(STATES):
                    for b in range(STATES):
                        spread[i, k, j] += gain[k, a] * work[a, b] * gain[j, b]
