"""Tell vertical acceleration, the accelerometer's bias at rest, impacts and the rise between two rests.

It smooths nothing, `vertical_displacement` does.

It is about the vertical only: a tilt error of one degree moves the horizontal path by centimetres
within a rep and the vertical one hardly at all (docs/biomechanics.md, section 5.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.model import Array, Region
from imu_hinge.motion.kinematics.track import Track
from imu_hinge.signals import smooth

IMPACT_MPS2: Final = 2.5
"""A shake above this is a blow, not the body's movement."""

LEAST_CALM_MPS2: Final = 0.01
"""No sensor is calmer than its own noise."""

BIAS_PRIOR_MPS2: Final = 0.3
"""What an uncalibrated accelerometer may be off by, per axis: about 30 mg."""
SCALE_PRIOR: Final = 0.012
"""... and in proportion to what it reads, per axis: 0.5 to 2 % (docs/biomechanics.md, 6.3)."""
REST_S: Final = 0.3
"""A rest says something new once per this long; its samples repeat each other."""
FORCE_SD_MPS2, FORCE_PER_RATE = 0.05, 0.6
"""How near |f| is to gravity in a rest, and how much less near where the sensor turns [m/s² per rad/s]."""


@dataclass(frozen=True, slots=True, eq=False)
class Travel:
    """Hold the vertical travel of one sensor.

    Parameters
    ----------
    height_m, height_sd_m : (n,) [m]
        Against quiet standing, up positive.
    speed_mps : (n,) [m/s]
    acceleration_mps2 : (n,) [m/s²], optional
        What both were integrated from, up positive: without the bias that rests tell, in a gap zero.
    impact_mps : (n,) [m/s], optional
        Standard deviation of the speed that an impact may have added to that integral at each instant.
    """

    height_m: Array
    height_sd_m: Array
    speed_mps: Array
    acceleration_mps2: Array | None = None
    impact_mps: Array | None = None


def vertical_acceleration(track: Track, bias: Array | None = None) -> Array:
    """Return the acceleration against gravity's direction, up positive. (n,) [m/s²]."""
    force = track.acc if bias is None else track.acc - bias
    return np.asarray(np.einsum("ij,ij->i", force, track.up_s) - cv.GRAVITY_MPS2)


def rise_between(track: Track, first: Region, second: Region) -> float:
    """Return by how much the sensor rose from one still to the next [m].

    The velocity is closed to zero at both, which takes out a constant error of the acceleration.

    Parameters
    ----------
    track
    first, second
        Two stretches in which the sensor is still, the later one last.

    Returns
    -------
    float
        Up positive [m]; 0 where nothing lies between them.
    """
    start, stop = first.stop - 1, second.start + 1
    if stop - start < 3:
        return 0.0
    dt = 1.0 / track.rate_hz
    acceleration = vertical_acceleration(track.part(start, stop))
    speed = np.concatenate(([0.0], np.cumsum(0.5 * (acceleration[1:] + acceleration[:-1])))) * dt
    speed -= np.linspace(0.0, speed[-1], speed.size)
    return float(np.sum(0.5 * (speed[1:] + speed[:-1])) * dt)


def shock_together(tracks: Sequence[Track]) -> Array:
    """Return how hard all sensors are shaken, the calmer ones counting for more. (n,) [m/s²].

    A bar that falls on the floor shakes every sensor at once, a noisy or loose one shakes all the time: the root of
    the mean square, weighted by how calm each sensor is at rest.
    """
    squares, weights = [], []
    for track in tracks:
        high_pass_acc = track.high_pass_acc_mps2
        calm = float(np.median(high_pass_acc[track.is_stationary] if track.is_stationary.any() else high_pass_acc))
        weights.append(1.0 / max(calm, LEAST_CALM_MPS2) ** 2)
        squares.append(weights[-1] * high_pass_acc**2)
    return np.asarray(np.sqrt(np.sum(squares, axis=0) / np.sum(weights)))


def resting_bias(track: Track) -> Array:
    """Return the accelerometer's bias (3,) [m/s², sensor] with which |f| is gravity wherever the sensor rests.

    Gauss-Newton on ``sum((|f - b| - g)² / sd²) + |b|² / prior²`` (docs/biomechanics.md, 5.5); a moment in which the
    sensor turns counts for less.
    """
    width = max(3, round(REST_S * track.rate_hz))
    at = np.arange(width, len(track) - width, max(1, width))
    at = at[track.is_stationary[at]]
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
