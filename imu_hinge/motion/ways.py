"""Hold a posture by how it departs from the set's own way of bending: the coordinates in which it walks.

It knows no evidence and solves for nothing.

Notes
-----
Who bends his own way moves in two coordinates only, thigh and pelvis; shank, lumbar and thoracic flexion are habitual
shares of them, and only what departs from these shares is tied from instant to instant. The shares are unknown
themselves. Did the walk come back to what is usual among people instead, every bend would tell that anew, and many
together would claim to know it better than `habits` says anybody does.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.motion import chain
from imu_hinge.motion import shared_unknowns as su
from imu_hinge.motion.evidence import Rows
from imu_hinge.motion.habits import Habits
from imu_hinge.motion.jit import kernel, subroutine

Array = npt.NDArray[np.float64]

STEEPEST: Final = 0.9
"""The coordinates leave no more than this share of the trunk's inclination to the lumbar spine: where the pelvis is
held or rolls back the share is one and more, and no posture could be told from them. The habit itself has no bound."""

HABITS: Final = 3
"""Shared unknowns from `shared_unknowns.SHANK_HABIT` on on which the coordinates rest."""


class Way(NamedTuple):
    """Hold a set's own shares: shank of thigh lean, lumbar and thoracic flexion of the trunk's inclination."""

    shank: float
    lumbar: float
    thoracic: float


@kernel
def way_of(habits: Habits, u: Array) -> Way:
    """Return the way of bending under the shared unknowns ``u``, numbered like the columns of a Jacobian."""
    return Way(
        habits.shank + u[su.SHANK_HABIT],
        min(habits.lumbar + u[su.LUMBAR_HABIT], STEEPEST),
        habits.thoracic + u[su.THORACIC_HABIT],
    )


@kernel
def posture_at(y: Array, way: Way, x: Array) -> None:
    """Write the posture (5,) that belongs to the coordinates (5,)."""
    x[chain.THIGH], x[chain.PELVIS] = y[chain.THIGH], y[chain.PELVIS]
    x[chain.SHANK] = y[chain.SHANK] + way.shank * x[chain.THIGH]
    x[chain.LUMBAR] = (y[chain.LUMBAR] + way.lumbar * x[chain.PELVIS]) / (1.0 - way.lumbar)
    x[chain.THORACIC] = y[chain.THORACIC] + way.thoracic * (x[chain.PELVIS] + x[chain.LUMBAR])


@kernel
def derivatives(x: Array, way: Way, by_y: Array, by_habit: Array) -> None:
    """Write how the posture changes with its coordinates, (5, 5), and with the three habits, (5, 3)."""
    by_y[:] = 0.0
    by_habit[:] = 0.0
    for k in range(chain.STATES):
        by_y[k, k] = 1.0
    steep = 1.0 / (1.0 - way.lumbar)
    trunk = x[chain.PELVIS] + x[chain.LUMBAR]
    by_y[chain.SHANK, chain.THIGH] = way.shank
    by_y[chain.LUMBAR, chain.LUMBAR], by_y[chain.LUMBAR, chain.PELVIS] = steep, way.lumbar * steep
    by_y[chain.THORACIC, chain.LUMBAR] = by_y[chain.THORACIC, chain.PELVIS] = way.thoracic * steep
    by_habit[chain.SHANK, 0] = x[chain.THIGH]
    if way.lumbar < STEEPEST:
        by_habit[chain.LUMBAR, 1] = trunk * steep
        by_habit[chain.THORACIC, 1] = way.thoracic * trunk * steep
    by_habit[chain.THORACIC, 2] = trunk


@subroutine
def as_walked(rows: Rows, n: int, by_y: Array, by_habit: Array) -> None:
    """Turn the rows' derivatives by the posture into those by its coordinates and the habits under them."""
    held = np.zeros(chain.STATES)
    for r in range(n):
        for k in range(chain.STATES):
            held[k] = rows.jacobian[r, k]
        for k in range(chain.STATES):
            value = 0.0
            for j in range(chain.STATES):
                value += held[j] * by_y[j, k]
            rows.jacobian[r, k] = value
        for h in range(HABITS):
            for j in range(chain.STATES):
                rows.jacobian[r, su.SHANK_HABIT + h] += held[j] * by_habit[j, h]
