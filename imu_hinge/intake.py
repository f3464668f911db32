"""Hold what one live sensor has delivered: samples not on the grid yet, its filter, and its tracks so far.

It does not decide when an instant is analysed (`streaming` does), nor which sample was measured (`storage.arrivals`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from imu_hinge.conventions import Flag
from imu_hinge.model import Array, Flags, Region, Samples
from imu_hinge.motion.orientation import State
from imu_hinge.motion.resample import joined
from imu_hinge.motion.tracks import Track, quiet
from imu_hinge.settings import Settings
from imu_hinge.signals import regions
from imu_hinge.storage.arrivals import Arrivals


@dataclass(slots=True)
class Intake:
    """Hold one sensor's samples that are not on the grid yet, its filter, its tracks and its holes so far."""

    placement: str
    state: State
    pending: Samples | None = None
    gyr: list[Array] = field(default_factory=list)
    acc: list[Array] = field(default_factory=list)
    up_s: list[Array] = field(default_factory=list)
    flags: list[Flags] = field(default_factory=list)
    holes: list[Region] = field(default_factory=list)
    arrivals: Arrivals = field(init=False)

    def __post_init__(self) -> None:
        self.arrivals = Arrivals(self.placement)

    def take(self, samples: Samples) -> None:
        """Screen new samples and let those wait that are final."""
        self._wait(self.arrivals.take(samples))

    def take_rest(self) -> None:
        """Let what was held back wait too: nothing more will come."""
        self._wait(self.arrivals.rest())

    def _wait(self, samples: Samples) -> None:
        self.pending = joined(samples[:0] if self.pending is None else self.pending, samples)

    def flag(self, flags: Flags, first: int) -> None:
        """Remember the flags (n,) of the instants from ``first`` on, and over the whole session where holes are."""
        self.flags.append(flags)
        for hole in regions((flags & np.uint16(Flag.GAP)) != 0):
            start, stop = hole.start + first, hole.stop + first
            if self.holes and self.holes[-1].stop == start:  # it began in the step before
                start = self.holes.pop().start
            self.holes.append(Region(start, stop))

    def track(self, time_s: Array, settings: Settings) -> Track:
        """Return the newest instants, ``time_s`` (n,), and forget those before them."""
        for column in (self.gyr, self.acc, self.up_s):
            column[:] = [np.concatenate(column)[-time_s.size :].copy()]
        self.flags[:] = [np.concatenate(self.flags)[-time_s.size :].copy()]
        gyr, acc, up_s, flags = self.gyr[0], self.acc[0], self.up_s[0], self.flags[0]
        is_gap = (flags & np.uint16(Flag.GAP)) != 0
        is_quiet = quiet(acc, gyr, settings.rate_hz, settings.stillness) & ~is_gap
        return Track(time_s, up_s, acc, gyr, is_quiet, flags)
