"""Integrate the vertical acceleration of one sensor between the instants at which it is known to rest.

It gives height and vertical velocity only: a tilt error of one degree moves the horizontal path by centimetres
within a rep and the vertical one hardly at all (facts/biomechanics section 5.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.model import Array, Region
from imu_hinge.motion.tracks import Track
from imu_hinge.signals import smooth

BIAS_PRIOR_MPS2: Final = 0.3
"""What an uncalibrated accelerometer may be off by, per axis: about 30 mg."""

BLOW_MPS2: Final = 2.5
"""A shake above this is a blow, not the body's movement."""

FORCE_SD_MPS2: Final = 0.03
"""How well |f| over a still is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Travel:
    """Hold the vertical travel of one sensor.

    Parameters
    ----------
    height_m, height_sd_m : (n,) [m]
        Against quiet standing, up positive.
    speed_mps : (n,) [m/s]
    """

    height_m: Array
    height_sd_m: Array
    speed_mps: Array


def fit_accelerometer_bias(track: Track, still: list[Region]) -> Array:
    """Fit the accelerometer's bias so that |f| is gravity over the stills.

    Minimises ``sum(|f_i - b| - g)² / sd² + |b|² / prior²`` by Gauss-Newton (facts/biomechanics section 5.5). A bias
    of 20 mg costs 7.5 cm of drop, and 0.5 cm once fitted.

    Returns
    -------
    (3,) [m/s², sensor]
    """
    bias = np.zeros(3)
    if not still:
        return bias
    force = np.array([track.acc[r.part].mean(axis=0) for r in still])  # (m, 3)
    weight = np.minimum([len(r) / track.rate_hz for r in still], 2.0) / FORCE_SD_MPS2**2
    for _ in range(4):
        left = force - bias
        size = np.sqrt(np.einsum("ij,ij->i", left, left))
        jacobian = -left / size[:, None]  # d|f - b| / db
        normal = (jacobian * weight[:, None]).T @ jacobian + np.eye(3) / BIAS_PRIOR_MPS2**2
        slope = jacobian.T @ (weight * (size - cv.GRAVITY_MPS2)) + bias / BIAS_PRIOR_MPS2**2
        bias = bias - np.linalg.solve(normal, slope)
    return np.asarray(bias)


def vertical_acceleration(track: Track, bias: Array | None = None) -> Array:
    """Return the acceleration against gravity's direction, up positive. (n,) [m/s²]."""
    force = track.acc if bias is None else track.acc - bias
    return np.asarray(np.einsum("ij,ij->i", force, track.up_s) - cv.GRAVITY_MPS2)


def rise_between(track: Track, first: Region, second: Region) -> float:
    """Return by how much the sensor rose from one still to the next [m].

    The velocity is closed to zero at both, which takes out a constant error of the acceleration.
    """
    start, stop = first.stop - 1, second.start + 1
    if stop - start < 3:
        return 0.0
    dt = 1.0 / track.rate_hz
    acceleration = vertical_acceleration(track.part(start, stop))
    speed = np.concatenate(([0.0], np.cumsum(0.5 * (acceleration[1:] + acceleration[:-1])))) * dt
    speed -= np.linspace(0.0, speed[-1], speed.size)
    return float(np.sum(0.5 * (speed[1:] + speed[:-1])) * dt)


def vertical_travel(track: Track, *, still: list[Region], level: list[int], bias: Array) -> Travel:
    """Integrate height and vertical velocity, closed at every rest.

    Parameters
    ----------
    track
    still
        Stretches with zero velocity.
    level
        Instants, in samples, at which the sensor is at standing height and turns: standing and lockouts. Height is
        closed to zero there.
    bias : (3,) [m/s², sensor]
        See `fit_accelerometer_bias`.

    Returns
    -------
    Travel
        Before the first and after the last level instant the height is open and its sd grows with time cubed.
    """
    n, dt = len(track), 1.0 / track.rate_hz
    acceleration = _without_blows(vertical_acceleration(track, bias), shock(track.acc, track.rate_hz))
    speed = np.concatenate(([0.0], np.cumsum(0.5 * (acceleration[1:] + acceleration[:-1])) * dt))
    is_rest = np.zeros(n, dtype=bool)
    for r in still:
        is_rest[r.part] = True
    rest = np.unique(np.concatenate((np.flatnonzero(is_rest), np.asarray(level, dtype=int))))
    if rest.size == 0:
        unknown = np.full(n, np.nan)
        return Travel(unknown, unknown, unknown)
    index = np.arange(n, dtype=np.float64)
    speed = speed - np.interp(index, rest, speed[rest])  # zero at every rest, linear drift between
    height = np.concatenate(([0.0], np.cumsum(0.5 * (speed[1:] + speed[:-1])) * dt))
    closed = np.asarray(sorted(level), dtype=int)
    if closed.size == 0:
        return Travel(np.full(n, np.nan), np.full(n, np.nan), speed)
    height = height - np.interp(index, closed, height[closed])
    return Travel(height, _height_sd(index, rest, closed, dt), speed)


def shock(acc: Array, rate_hz: float) -> Array:
    """Return how hard the sensor is shaken faster than a body moves: a plate on the floor. (n, 3) -> (n,) [m/s²].

    The distance of each sample to the mean of its neighbours, the largest within 30 ms.
    """
    fast = acc - smooth(acc, max(3, round(0.06 * rate_hz)))
    size = np.sqrt(np.einsum("ij,ij->i", fast, fast))
    wide = max(1, round(0.03 * rate_hz))
    return np.asarray(np.max([np.roll(size, k) for k in range(-wide, wide + 1)], axis=0)) if size.size else size


def _without_blows(acceleration: Array, jolt: Array) -> Array:
    """Bridge the acceleration where the sensor rings from a blow: sampled at 50 Hz, ringing adds up to speed. (n,)."""
    rings = jolt > BLOW_MPS2
    if not rings.any() or rings.all():
        return acceleration
    index = np.arange(acceleration.size)
    calm = smooth(acceleration, 5)
    return np.where(rings, np.interp(index, index[~rings], calm[~rings]), acceleration)


def _height_sd(index: Array, rest: Array, closed: Array, dt: float) -> Array:
    """Return the height's standard deviation: 4 mm, plus 12 mm/s² of open acceleration over the time to a closure."""
    to_closed = _distance(index, closed) * dt
    to_rest = _distance(index, rest) * dt
    return np.asarray(np.sqrt(0.008**2 + (0.5 * 0.012 * to_closed * np.maximum(to_rest, 0.5)) ** 2))


def _distance(index: Array, marks: Array) -> Array:
    after = np.searchsorted(marks, index)
    left = np.abs(index - marks[np.clip(after - 1, 0, marks.size - 1)])
    right = np.abs(index - marks[np.clip(after, 0, marks.size - 1)])
    return np.minimum(left, right)
