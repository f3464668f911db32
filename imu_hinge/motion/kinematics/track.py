"""Hold what the orientation filter made of one sensor, on the even grid all sensors share.

It does not filter and knows nothing of the body; the vectors are still in the sensor's own frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.model import Array, Flags, Region, grid_rate_hz
from imu_hinge.settings import StillnessSettings
from imu_hinge.signals import Mask, regions, smooth, spread


@dataclass(frozen=True, eq=False)
class Track:
    """Hold one sensor on the even grid.

    Parameters
    ----------
    time_s : (n,) [s]
        It jumps over long holes; see `long_holes`.
    up_s : (n, 3)
        The world's up direction, in the sensor's frame.
    acc : (n, 3) [m/s², sensor]
    gyr : (n, 3) [rad/s, sensor]
        With the estimated bias taken off.
    is_stationary : (n,)
        See `stationary`.
    flags : (n,)
    """

    time_s: Array
    up_s: Array
    acc: Array
    gyr: Array
    is_stationary: Mask
    flags: Flags

    def __len__(self) -> int:
        return int(self.time_s.size)

    @cached_property
    def rate_hz(self) -> float:
        """Rate of the grid."""
        return grid_rate_hz(self.time_s)

    @cached_property
    def high_pass_acc_mps2(self) -> Array:
        """See `shock`; several rooms ask for it. (n,) [m/s²]."""
        return shock(self.acc, self.rate_hz)

    @cached_property
    def is_gap(self) -> Mask:
        """Where nothing was measured: values there are a straight line, and say nothing. (n,)."""
        return np.asarray((self.flags & np.uint16(cv.Flag.GAP)) != 0)

    @property
    def sampled_hz(self) -> float:
        """At most how many samples a second the grid rests on: instants with a sample nearby, gaps left out."""
        is_known = ~self.is_gap
        is_near = (self.flags & np.uint16(cv.Flag.UNEVEN)) == 0
        return self.rate_hz * float(np.mean(is_near[is_known])) if is_known.any() else 0.0

    def part(self, start: int, stop: int) -> Track:
        """Return the samples ``[start, stop)``."""
        s = slice(start, stop)
        return Track(self.time_s[s], self.up_s[s], self.acc[s], self.gyr[s], self.is_stationary[s], self.flags[s])


def shock(acc: Array, rate_hz: float) -> Array:
    """Return how hard the sensor is shaken faster than a body moves: a plate on the floor. (n, 3) -> (n,) [m/s²].

    The distance of each sample to the mean of its neighbours, the largest within 30 ms.
    """
    fast = acc - smooth(acc, max(3, round(0.06 * rate_hz)))
    size = np.sqrt(np.einsum("ij,ij->i", fast, fast))
    largest = size.copy()
    for k in range(1, max(1, round(0.03 * rate_hz)) + 1):
        largest[k:] = np.maximum(largest[k:], size[:-k])
        largest[:-k] = np.maximum(largest[:-k], size[k:])
    return np.asarray(largest)


def up_in_sensor(q_ws: Array) -> Array:
    """Return the world's up direction in the sensor's frame: the third row of the rotation matrix. (n, 3)."""
    w, x, y, z = q_ws.T
    up = np.empty((len(q_ws), 3))
    up[:, 0] = 2.0 * (x * z - w * y)
    up[:, 1] = 2.0 * (y * z + w * x)
    up[:, 2] = w * w - x * x - y * y + z * z
    return up


def stationary(acc: Array, gyr: Array, rate_hz: float, settings: StillnessSettings) -> Mask:
    """Tell where the sensor is steady enough to trust gravity.

    A person who stands sways and breathes; this is looser than the filter's rest detection, which looks for bias.

    Parameters
    ----------
    acc : (n, 3) [m/s², sensor]
    gyr : (n, 3) [rad/s, sensor]
        Its bias taken off.
    rate_hz
    settings
        Window and thresholds.

    Returns
    -------
    (n,)
        Mask.
    """
    width = max(3, round(settings.window_s * rate_hz))
    turning = smooth(np.sqrt(np.einsum("ij,ij->i", gyr, gyr)), width)
    shaking = spread(np.sqrt(np.einsum("ij,ij->i", acc, acc)), width)
    force = smooth(np.sqrt(np.einsum("ij,ij->i", acc, acc)), width)
    steady = (turning < np.radians(settings.gyr_max_deg_s)) & (shaking < settings.acc_spread_max_mps2)
    steady &= np.abs(force - cv.GRAVITY_MPS2) < settings.force_off_max_mps2
    if not steady.any():
        return np.zeros(len(steady), dtype=bool)
    # a slow start into a squat is smooth too, but it is not at the sensor's own rest level
    return np.asarray(steady & (np.abs(force - np.median(force[steady])) < settings.force_apart_max_mps2))


def stills(track: Track, settings: StillnessSettings) -> list[Region]:
    """Return the quiet stretches that last long enough."""
    return regions(track.is_stationary, at_least=max(2, round(settings.min_still_s * track.rate_hz)))


def across_gaps(values: Array, is_gap: Mask) -> Array:
    """Return the values with a straight line over every gap, from what is known on both sides. (n,) -> (n,)."""
    if not is_gap.any() or is_gap.all():
        return values
    known = np.flatnonzero(~is_gap)
    return np.where(is_gap, np.interp(np.arange(len(values)), known, values[known]), values)


def turned(track: Track) -> Array:
    """Return how far the sensor has turned about the vertical since the first instant, left positive. (n,) [rad].

    A bend in the sagittal plane turns about a horizontal axis and leaves it as it is, however the sensor is mounted.
    """
    return np.asarray(np.cumsum(np.einsum("ij,ij->i", track.gyr, track.up_s)) / track.rate_hz)
