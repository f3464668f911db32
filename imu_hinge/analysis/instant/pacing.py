"""Decide when live analysis looks, and what may be told of it: a look costs a hundred times what a step does.

It analyses nothing itself and knows no clock: it counts steps of the grid.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from imu_hinge.model import Array
from imu_hinge.reps.set_choice import REGRIP_S

STEP_S: Final = 0.5
"""Samples are filtered in steps of this. A look at what they mean follows when a movement has ended."""

LOOK_S: Final = 2.0
"""While the body moves on and on, it looks again after this much."""

MOVING_RAD_S: Final = 0.35
"""Angular speed (RMS over a step) above which the body is on its way [rad/s]."""

WINDOW_S: Final = 120.0
"""No more than this is looked at again."""

SETTLE_S: Final = 0.6
"""A rep is told when its end lies this far back and cannot change any more."""
SAME_S: Final = 0.75
"""Two lifts whose starts and ends are this near are one."""
EDGE_S: Final = 30.0
"""At the window's beginning reps are neither told nor withdrawn: the bend to the bar before them has left it [s]."""
ENDED_S: Final = REGRIP_S + 10.0
"""A set is over when nobody has gone on with it for so long: `REGRIP_S` upright, and the ways down and up [s]."""

IDLE_S: Final = WINDOW_S - LOOK_S
"""Idle standing is left alone for so long: then what nobody has looked at would leave the window."""


class Pacing:
    """Count the steps since the last looks and remember how the body moved in the last three."""

    def __init__(self) -> None:
        self._pace: tuple[bool, ...] = ()
        self._steps = 0
        """Since the last look."""
        self._moving_steps = 0
        """Since the last look that a movement was the cause of."""

    def has_looked(self) -> None:
        """Count anew: somebody has looked in the middle of a movement."""
        self._moving_steps = 0

    def is_due(self, gyr: Iterable[Array]) -> bool:
        """Tell, after a step, whether to look: a movement has just ended, or goes on and on, or nobody has for long.

        Parameters
        ----------
        gyr : (n, 3) each [rad/s, sensor]
            Every sensor's angular velocity in the step.
        """
        # the mean over axes is a third of their sum
        speeds = [float(np.sqrt(np.mean(rates**2) * 3.0)) for rates in gyr]
        self._pace = (*self._pace[-2:], max(speeds) > MOVING_RAD_S)
        self._steps += 1
        self._moving_steps += 1
        has_ended = self._pace == (True, False, False)
        if has_ended or (any(self._pace) and self._moving_steps * STEP_S >= LOOK_S):
            self._steps = self._moving_steps = 0
            return True
        if self._steps * STEP_S >= IDLE_S:
            self._steps = 0
            return True
        return False
