"""Smooth the vertical travel of one sensor out of its acceleration and the moments at which it is known to rest.

It finds no rests (`posture` does); it weighs what they say. A body that "rests" still moves by centimetres per second,
so a rest is soft evidence, and the height's standard deviation comes out of the same sum. A blow is integrated like
everything else: while the plates land the body really loses half a metre per second.

Notes
-----
A Kalman filter and Rauch-Tung-Striebel smoother of height, speed and a slowly changing error of the acceleration.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from imu_hinge import conventions as cv
from imu_hinge.model import Region
from imu_hinge.motion.cholesky import invert
from imu_hinge.motion.displacement import BIAS_PRIOR_MPS2, BLOW_MPS2, Travel, vertical_acceleration
from imu_hinge.motion.tracks import Track
from imu_hinge.signals import smooth

Array = npt.NDArray[np.float64]

STATES: Final = 3
HEIGHT, SPEED, ERROR = range(STATES)

FORCE_NOISE: Final = 0.02
"""Speed that noise and skin wobble add in one second [m/s]; grows with the root of time."""
ERROR_SD_MPS2: Final = 0.06
"""What is left of the accelerometer's bias where the smoother starts [m/s²]."""
ERROR_WALK: Final = 0.02
"""How far that error wanders in one second [m/s²]."""
ERROR_PER_TURN: Final = 0.06
"""... and in one radian of turning, which puts another axis upright [m/s²]."""
REST_S: Final = 0.3
"""A rest says something new once per this long; its samples repeat each other."""
REST_SPEED_MPS: Final = 0.008
"""How slow a sensor is that does not turn, and ..."""
SPEED_PER_RATE_M: Final = 0.5
"""... how much faster one that turns [m/s per rad/s]: a sway is about an axis half a metre away."""
MOMENT_SPEED_MPS: Final = 0.05
"""How slow it is at the quietest moment of a short pause."""
LEVEL_SPEED_MPS, LEVEL_HEIGHT_M = 0.03, 0.008
"""How slow and how near to standing height it is in standing and at lockouts."""
BLOW_SPEED_MPS: Final = 0.015
"""What one sample of a blow may add to the speed, because it rings faster than it is sampled [m/s]; per grid instant,
where every instant has a sample of its own, and more where samples are sparse."""
SLOWEST_HZ: Final = 16.0
"""A sensor that delivers fewer samples a second does not tell how it travels: its height is not known."""
FORCE_SD_MPS2, FORCE_PER_RATE = 0.05, 0.6
"""How near |f| is to gravity in a rest, and how much less near where the sensor turns [m/s² per rad/s]."""

BELIEVED: Final = 4.0
"""A rest that the integral contradicts by more than this many standard deviations was none.

Who stands is at standing height: a height that is contradicted so is believed less, but never not at all, or the
integral would never come back once it has gone astray.
"""
OPEN_HEIGHT_M, OPEN_SPEED_MPS = 1.0, 0.5
"""What is known of height and speed before anything is seen."""


class Smoothed(NamedTuple):
    """Hold height [m], its standard deviation [m] and speed [m/s], each (n,)."""

    height: Array
    height_sd: Array
    speed: Array


def vertical_motion(track: Track, *, still: list[Region], level: list[int]) -> Travel:
    """Return the vertical travel of one sensor between rests, against quiet standing.

    Parameters
    ----------
    track
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
    height_sd[level] = LEVEL_HEIGHT_M
    found = smooth_height(
        vertical_acceleration(track, resting_bias(track)),
        rate / rate_hz,
        speed_sd=speed_sd,
        height_sd=height_sd,
        extra_speed_sd=np.where(track.jolt_mps2 > BLOW_MPS2, BLOW_SPEED_MPS * math.sqrt(rate_hz / sampled_hz), 0.0),
        dt=1.0 / rate_hz,
    )
    return Travel(found.height, found.height_sd, found.speed)


def resting_bias(track: Track) -> Array:
    """Return the accelerometer's bias (3,) [m/s², sensor] with which |f| is gravity wherever the sensor rests.

    Gauss-Newton on ``sum((|f - b| - g)² / sd²) + |b|² / prior²`` (facts/biomechanics.md, 5.5); a moment in which the
    sensor turns counts for less.
    """
    width = max(3, round(REST_S * track.rate_hz))
    at = np.arange(width, len(track) - width, max(1, width))
    at = at[track.is_quiet[at]]
    bias = np.zeros(3)
    if not at.size:
        return bias
    force = np.column_stack([smooth(column, width)[at] for column in track.acc.T])  # (m, 3)
    turning = smooth(np.sqrt(np.einsum("ij,ij->i", track.gyr, track.gyr)), width)[at]
    weight = 1.0 / (FORCE_SD_MPS2**2 + (FORCE_PER_RATE * turning) ** 2)
    for _ in range(4):
        left = force - bias
        size = np.sqrt(np.einsum("ij,ij->i", left, left))
        jacobian = -left / size[:, None]  # d|f - b| / db
        normal = (jacobian * weight[:, None]).T @ jacobian + np.eye(3) / BIAS_PRIOR_MPS2**2
        slope = jacobian.T @ (weight * (size - cv.GRAVITY_MPS2)) + bias / BIAS_PRIOR_MPS2**2
        bias = bias - np.linalg.solve(normal, slope)
    return np.asarray(bias)


def smooth_height(
    acceleration: Array, turned: Array, *, speed_sd: Array, height_sd: Array, extra_speed_sd: Array, dt: float
) -> Smoothed:
    """Return the vertical travel between moments of known speed and height, both zero.

    Parameters
    ----------
    acceleration : (n,) [m/s²]
        Upward, gravity and the fitted bias taken off.
    turned : (n,) [rad]
        How far the sensor has turned since the sample before.
    speed_sd, height_sd : (n,) [m/s], [m]
        How near zero speed and height are known to be at each sample; infinite where nothing is known.
    extra_speed_sd : (n,) [m/s]
        What a blow may have added to the speed at each sample, beyond the usual noise.
    dt
        Sample time [s].
    """
    n = acceleration.size
    walked = np.empty((n, 2))
    walked[:, 0] = FORCE_NOISE**2 * dt + np.square(extra_speed_sd)
    walked[:, 1] = ERROR_WALK**2 * dt + (ERROR_PER_TURN * turned) ** 2
    known = np.column_stack([1.0 / np.square(height_sd), 1.0 / np.square(speed_sd)])
    mean, spread = np.zeros((n, STATES)), np.zeros((n, STATES, STATES))
    _filter(np.ascontiguousarray(acceleration), walked, known, dt, mean, spread)
    _smooth(np.ascontiguousarray(acceleration), walked, dt, mean, spread)
    return Smoothed(mean[:, HEIGHT].copy(), np.sqrt(spread[:, HEIGHT, HEIGHT]), mean[:, SPEED].copy())


@numba.njit(cache=True)
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


@numba.njit(cache=True)
def _filter(acceleration: Array, walked: Array, known: Array, dt: float, mean: Array, spread: Array) -> None:
    """Write mean (n, 3) and covariance (n, 3, 3) after each sample; ``known`` (n, 2) is the weight of zero h and v."""
    m, p = np.zeros(STATES), np.zeros((STATES, STATES))
    p[0, 0], p[1, 1], p[2, 2] = OPEN_HEIGHT_M**2, OPEN_SPEED_MPS**2, ERROR_SD_MPS2**2
    for i in range(acceleration.size):
        if i > 0:
            _predict(mean[i - 1], spread[i - 1], acceleration[i - 1], dt, m, p)
            p[1, 1] += walked[i, 0]
            p[2, 2] += walked[i, 1]
        for seen in range(2):
            weight, far = known[i, seen], (m[seen] / BELIEVED) ** 2
            if weight > 0.0 and far > p[seen, seen] + 1.0 / weight:
                weight = 1.0 / (far - p[seen, seen]) if seen == HEIGHT else 0.0
            if weight > 0.0:
                share, value = weight / (1.0 + weight * p[seen, seen]), m[seen]
                for k in range(STATES):
                    mean[i, k] = p[k, seen]  # a column to hold while p changes
                for k in range(STATES):
                    m[k] -= mean[i, k] * share * value
                    for j in range(STATES):
                        p[k, j] -= mean[i, k] * share * mean[i, j]
        for k in range(STATES):
            mean[i, k] = m[k]
            for j in range(STATES):
                spread[i, k, j] = p[k, j]


@numba.njit(cache=True)
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
