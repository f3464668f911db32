"""Say by how much an accelerometer may be off, and find its bias from the moments in which it rests.

It integrates nothing; what rests far apart tell together is found in `vertical_displacement`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.model import Array
from imu_hinge.motion.kinematics.track import Track
from imu_hinge.signals import smooth

BIAS_PRIOR_MPS2: Final = 0.3
"""What an uncalibrated accelerometer may be off by, per axis: about 30 mg."""
SCALE_PRIOR: Final = 0.012
"""... and in proportion to what it reads, per axis: 0.5 to 2 % (docs/biomechanics.md, 6.3)."""
REST_S: Final = 0.3
"""A rest says something new once per this long; its samples repeat each other."""
FORCE_SD_MPS2, FORCE_PER_RATE = 0.05, 0.6
"""How near |f| is to gravity in a rest, and how much less near where the sensor turns [m/s² per rad/s]."""


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
