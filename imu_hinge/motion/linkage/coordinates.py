"""Hold a posture by how it departs from the set's own way of bending: the coordinates in which it walks.

It knows no evidence and solves for nothing.

Notes
-----
Who bends his own way moves in two coordinates only, thigh and pelvis; shank, lumbar and thoracic flexion are habitual
shares of them, and only what departs from these shares is tied from instant to instant. The shares are unknown
themselves. Did the walk come back to what is usual among people instead, every bend would tell that anew, and many
together would claim to know it better than `posture_priors` says anybody does.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.jit import kernel, subroutine
from imu_hinge.motion.linkage import layout
from imu_hinge.motion.linkage.factors import Rows
from imu_hinge.motion.linkage.posture_priors import PosturePrior

Array = npt.NDArray[np.float64]

STEEPEST: Final = 0.9
"""The coordinates leave no more than this share of the trunk's inclination to the lumbar spine: where the pelvis is
held or rolls back the share is one and more, and no posture could be told from them. The habit itself has no bound."""

COUPLINGS: Final = 3
"""Shared unknowns from `layout.SHANK_COUPLING` on on which the coordinates rest."""


class CouplingRatios(NamedTuple):
    """Hold a set's own shares between angles.

    Parameters
    ----------
    shank
        Of the thigh's inclination.
    lumbar, thoracic
        Flexion, of the trunk's inclination.
    """

    shank: float
    lumbar: float
    thoracic: float


@kernel
def coupling_ratios(posture_prior: PosturePrior, u: Array) -> CouplingRatios:
    """Return the way of bending under the shared unknowns ``u``, numbered like the columns of a Jacobian."""
    return CouplingRatios(
        posture_prior.shank + u[layout.SHANK_COUPLING],
        min(posture_prior.lumbar + u[layout.LUMBAR_COUPLING], STEEPEST),
        posture_prior.thoracic + u[layout.THORACIC_COUPLING],
    )


@kernel
def posture_at(y: Array, way: CouplingRatios, x: Array) -> None:
    """Write the posture that belongs to the coordinates.

    Parameters
    ----------
    y : (5,) [rad]
    way
        The set's coupling ratios.
    x : (5,) [rad]
        Overwritten.
    """
    x[layout.THIGH], x[layout.PELVIS] = y[layout.THIGH], y[layout.PELVIS]
    x[layout.SHANK] = y[layout.SHANK] + way.shank * x[layout.THIGH]
    x[layout.LUMBAR] = (y[layout.LUMBAR] + way.lumbar * x[layout.PELVIS]) / (1.0 - way.lumbar)
    x[layout.THORACIC] = y[layout.THORACIC] + way.thoracic * (x[layout.PELVIS] + x[layout.LUMBAR])


@kernel
def derivatives(x: Array, way: CouplingRatios, by_y: Array, by_coupling: Array) -> None:
    """Write how the posture changes with its coordinates and with the three coupling ratios.

    Parameters
    ----------
    x : (5,) [rad]
        Posture.
    way
        The set's coupling ratios.
    by_y : (5, 5)
    by_coupling : (5, 3)
        Both are overwritten.
    """
    by_y[:] = 0.0
    by_coupling[:] = 0.0
    for k in range(layout.STATES):
        by_y[k, k] = 1.0
    steep = 1.0 / (1.0 - way.lumbar)
    trunk = x[layout.PELVIS] + x[layout.LUMBAR]
    by_y[layout.SHANK, layout.THIGH] = way.shank
    by_y[layout.LUMBAR, layout.LUMBAR], by_y[layout.LUMBAR, layout.PELVIS] = steep, way.lumbar * steep
    by_y[layout.THORACIC, layout.LUMBAR] = by_y[layout.THORACIC, layout.PELVIS] = way.thoracic * steep
    by_coupling[layout.SHANK, 0] = x[layout.THIGH]
    if way.lumbar < STEEPEST:
        by_coupling[layout.LUMBAR, 1] = trunk * steep
        by_coupling[layout.THORACIC, 1] = way.thoracic * trunk * steep
    by_coupling[layout.THORACIC, 2] = trunk


@subroutine
def apply_chain_rule(rows: Rows, n: int, by_y: Array, by_coupling: Array) -> None:
    """Turn the rows' derivatives by the posture into those by its coordinates and the coupling ratios under them.

    Parameters
    ----------
    rows, n
        The first ``n`` rows are in use; changed in place.
    by_y : (5, 5)
    by_coupling : (5, 3)
        From `derivatives`.
    """
    held = np.zeros(layout.STATES)
    for r in range(n):
        for k in range(layout.STATES):
            held[k] = rows.jacobian[r, k]
        for k in range(layout.STATES):
            value = 0.0
            for j in range(layout.STATES):
                value += held[j] * by_y[j, k]
            rows.jacobian[r, k] = value
        for h in range(COUPLINGS):
            for j in range(layout.STATES):
                rows.jacobian[r, layout.SHANK_COUPLING + h] += held[j] * by_coupling[j, h]
