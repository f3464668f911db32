"""Say for every placement what a sensor there reads: which segments turn it, where it sits, how far the skin slips.

It does not read a sensor; how the sensor is turned on its segment is found by `alignment`.

Notes
-----
A sensor's inclination is the sum of segment angles, each with its weight; the skin follows all but the share
``soft_tissue_gain`` of it (docs/biomechanics.md, 6.3: 0.03 to 0.10 at S2, -0.03 to 0.08 at T12; the other placements
are guesses with a wider spread). Its height follows from where it sits: offsets forward and up from an anchor point of
the chain, in metres of a 1.75 m body.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.jit import kernel
from imu_hinge.motion.linkage import layout

Array = npt.NDArray[np.float64]

ON_THIGH, ON_PELVIS, ON_LUMBAR, ON_THORAX = range(4)
"""Anchors: the middle of the thigh, the hip joint, a point of the lumbar arc, the middle of the thorax."""

THORACIC_SHARE: Final = 0.7
"""How much of thoracic flexion a sensor on the sternum reads."""


class Site(NamedTuple):
    """Hold what is known of one placement before anything is measured: expected value and spread (sd) of each.

    Parameters
    ----------
    anchor
        The point of the chain from which its place is told.
    share, share_sd
        How much of lumbar flexion turns the sensor.
    soft_tissue_gain, soft_tissue_gain_sd
        How much of its inclination the skin loses.
    ahead, ahead_sd, up, up_sd
        Its place from the anchor [m] (sagittal plane, standing, 1.75 m of height).
    """

    anchor: int
    share: float
    share_sd: float
    soft_tissue_gain: float
    soft_tissue_gain_sd: float
    ahead: float
    ahead_sd: float
    up: float
    up_sd: float


SITES: Final[dict[str, Site]] = {
    "sacrum": Site(ON_PELVIS, 0.0, 0.02, 0.065, 0.0202, -0.115, 0.015, 0.075, 0.02),
    "hip": Site(ON_PELVIS, 0.03, 0.05, 0.05, 0.04, -0.02, 0.05, 0.10, 0.03),
    "lumbar": Site(ON_LUMBAR, 0.5, 0.10, 0.045, 0.035, -0.07, 0.03, 0.0, 0.025),
    "t12": Site(ON_LUMBAR, 1.0, 0.04, 0.025, 0.0318, -0.06, 0.03, 0.0, 0.025),
    "chest": Site(ON_THORAX, 1.0, 0.05, 0.02, 0.05, 0.12, 0.04, 0.05, 0.05),
    "thigh": Site(ON_THIGH, 0.0, 0.01, 0.05, 0.05, 0.05, 0.05, 0.0, 0.06),
}
"""By name, as in `conventions.PLACEMENTS`. A sensor on the thigh reads backward lean as negative inclination."""


LEADS_TO: Final = (
    (1.0, 0.5, 0.0, 0.0, 0.0, 0.0),
    (1.0, 1.0, 0.0, 0.0, 0.0, 0.0),
    (1.0, 1.0, 1.0, 0.0, 0.0, 1.0),
    (1.0, 1.0, 1.0, 1.0, 0.5, 0.0),
)
"""Per anchor, how much of each of the chain's segments leads to it."""


@kernel
def inclination(x: Array, anchor: int, share: float, row: Array) -> float:
    """Return what a sensor there is inclined by, but for the skin [rad].

    Parameters
    ----------
    x : (5,) [rad]
        Posture.
    anchor
        `ON_THIGH`, `ON_PELVIS`, `ON_LUMBAR` or `ON_THORAX`.
    share
        Of lumbar flexion that turns the sensor.
    row : (5,)
        Derivative by the posture, written; a longer row keeps the rest.
    """
    for k in range(layout.STATES):
        row[k] = 0.0
    if anchor == ON_THIGH:
        row[layout.THIGH] = -1.0
        return float(-x[layout.THIGH])
    row[layout.PELVIS] = 1.0
    row[layout.LUMBAR] = share
    if anchor == ON_THORAX:
        row[layout.THORACIC] = THORACIC_SHARE
        return float(x[layout.PELVIS] + share * x[layout.LUMBAR] + THORACIC_SHARE * x[layout.THORACIC])
    return float(x[layout.PELVIS] + share * x[layout.LUMBAR])
