"""Say when each instant of the even grid was, and which samples it is made of.

How samples are put on a grid is `resample`'s, which time is left out of it is `long_holes`'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu_hinge.model import Array, Flags, Samples
from imu_hinge.motion.kinematics.long_holes import Holes
from imu_hinge.motion.kinematics.resample import grid_part, ready


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Hold where the grid begins, its rate, and the holes that are not on it.

    Parameters
    ----------
    origin_s
        Of instant 0, before every hole [s].
    rate_hz
    holes
    """

    origin_s: float
    rate_hz: float
    holes: Holes

    def times_s(self, first: int, stop: int) -> Array:
        """Return when the instants from ``first`` to before ``stop`` were. (stop - first,) [s]."""
        return self.holes.reopened(self.origin_s + np.arange(first, stop) / self.rate_hz)

    def time_s(self, index: int) -> float:
        """Return when one instant was [s]."""
        return float(self.times_s(index, index + 1)[0])

    def count_ready(self, settled_s: float) -> int:
        """Return how many instants are final once every sensor has delivered up to ``settled_s``."""
        return ready(float(self.holes.closed(np.array([settled_s]))[0]), rate_hz=self.rate_hz, origin_s=self.origin_s)

    def part(self, samples: Samples, first: int, stop: int) -> tuple[Array, Array, Flags]:
        """Return the angular rate, the specific force and the flags of some instants; see `resample.grid_part`.

        Parameters
        ----------
        samples
            With their true times; the holes' are taken out here.
        first, stop
            Instants, half-open.

        Returns
        -------
        gyr : (n, 3) [rad/s, sensor]
        acc : (n, 3) [m/s², sensor]
        flags : (n,)
        """
        samples = self.holes.without(samples)
        return grid_part(samples, rate_hz=self.rate_hz, origin_s=self.origin_s, first=first, stop=stop)
