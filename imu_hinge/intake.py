"""Hold what one live sensor has delivered: samples not on the grid yet, its filter, and its tracks so far.

It does not decide when an instant is analysed (`streaming` does), nor which sample was measured (`storage.arrivals`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from imu_hinge.model import Array, Flags, Samples
from imu_hinge.motion.orientation import State
from imu_hinge.motion.resample import joined
from imu_hinge.storage.arrivals import Arrivals


@dataclass(slots=True)
class Intake:
    """Hold one sensor's samples that are not on the grid yet, its filter and its tracks so far."""

    placement: str
    state: State
    pending: Samples | None = None
    gyr: list[Array] = field(default_factory=list)
    acc: list[Array] = field(default_factory=list)
    up_s: list[Array] = field(default_factory=list)
    flags: list[Flags] = field(default_factory=list)
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

    def keep_last(self, count: int) -> None:
        """Put the newest ``count`` instants of every column in one piece and forget the rest."""
        for column in (self.gyr, self.acc, self.up_s):
            column[:] = [np.concatenate(column)[-count:].copy()]
        self.flags[:] = [np.concatenate(self.flags)[-count:].copy()]
