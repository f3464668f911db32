"""Put acceleration without gravity and gravity, two streams of one phone, together; refuse those of opposite sign.

Which way round both are written, the importer knows.
"""

from typing import Final

import numpy as np

from imu_hinge.errors import BadSamples
from imu_hinge.model import Array

_SMOOTH_S: Final = 0.4
"""Bends last seconds, jolts a tenth: means over this time keep the former [s]."""

_LEAST_TURN: Final = 0.05
"""Change of the cosine of the inclination (of about 18 degrees) below which nothing is concluded."""

_AGAINST: Final = -0.3  # above it nothing is refused
_SURELY_AGAINST: Final = -0.5
"""Correlation below which the signs are called opposite; 0 is what motions unlike a bend give. People who bend and turn
in their seat reach -0.47, by errors of gravity alone ..."""

_LEVER_M: Final = 0.3
"""... but at levers of 0.25 m: above the former limit only who rises by more per unit of the cosine is refused [m]."""


def sum_of(time_s: Array, linear: Array, gravity: Array) -> Array:
    """Return the specific force of a phone that exports linear acceleration and gravity apart.

    Parameters
    ----------
    time_s : (n,) [s]
        Common to both.
    linear, gravity : (n, 3) [m/s²]

    Returns
    -------
    (n, 3) [m/s²]

    Raises
    ------
    BadSamples
        Where the sensor would rise as it inclines.

    Notes
    -----
    Who stands and bends lowers a sensor on the trunk as it inclines: its height goes as the cosine of its inclination,
    so the vertical acceleration goes as the second derivative of that cosine. With one of the two streams of the
    opposite sign the correlation is negative; with both, nothing changes.
    """
    correlation, lever_m = _rise(time_s, linear, gravity)
    if correlation < _SURELY_AGAINST or (correlation < _AGAINST and lever_m < -_LEVER_M):
        raise BadSamples(
            "Accelerometer and Gravity have opposite signs: added up, the phone would rise as it bends forward. "
            "Switch on Standardise Units & Frames or Total Acceleration in the app, and record again."
        )
    return linear + gravity


def _rise(time_s: Array, linear: Array, gravity: Array) -> tuple[float, float]:
    """Return how the vertical acceleration goes with the second derivative of the inclination's cosine.

    Its correlation, and the slope [m]: how much the sensor rises with the cosine. Zeros where that is not told.
    """
    period = float(np.median(np.diff(time_s))) if time_s.size > 1 else 0.0
    width = max(1, round(_SMOOTH_S / period)) if period > 0.0 else 1
    if time_s.size < 20 * width or not (np.isfinite(linear).all() and np.isfinite(gravity).all()):
        return 0.0, 0.0
    up = gravity / np.maximum(np.linalg.norm(gravity, axis=1, keepdims=True), 1e-9)
    standing = np.median(up, axis=0)
    cosine = _smooth(up @ (standing / np.linalg.norm(standing)), width)
    # without the outermost 2 %, which may be impacts (chosen)
    if np.quantile(cosine, 0.98) - np.quantile(cosine, 0.02) < _LEAST_TURN:
        return 0.0, 0.0
    risen = _smooth((linear * up).sum(axis=1), width)
    bent = (cosine[2 * width :] - 2.0 * cosine[width:-width] + cosine[: -2 * width]) / (width * period) ** 2
    (variance, both), (_, _) = np.cov(bent, risen[width:-width])
    return float(np.corrcoef(risen[width:-width], bent)[0, 1]), float(both / variance)


def _smooth(x: Array, width: int) -> Array:
    """Mean over ``width`` samples around each, (n,)."""
    return np.convolve(x, np.full(width, 1.0 / width), mode="same")
