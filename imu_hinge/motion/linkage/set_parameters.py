"""List what is the same in every instant of a set and never measured directly: segment lengths, mounting, soft tissue.

It does not estimate them; `map_estimate` does, once over all reps, and what remains unknown widens every band.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge.athlete import Athlete
from imu_hinge.motion.linkage import layout
from imu_hinge.motion.linkage.anthropometry import MID_FOOT as MID_FOOT_SHARE
from imu_hinge.motion.linkage.anthropometry import segment_sds, size_sd
from imu_hinge.motion.linkage.layout import LUMBAR_COUPLING, SHANK_COUPLING, ZERO
from imu_hinge.motion.linkage.posture_priors import SHANK_AGAINST_LUMBAR, PosturePrior
from imu_hinge.motion.linkage.sensor_sites import SITES

Array = npt.NDArray[np.float64]

MID_FOOT_SD_M: Final = 0.012
"""Chosen: feet of people of one height differ by a few centimetres, and their middle by half of that."""
REACH_M, REACH_SD_M = 0.05, 0.03
"""Shoulder over the bar: 4 cm ahead in hinges, 0 to 4 cm in squatted starts (docs/biomechanics.md, 6.2). People
differ by more, up to 12 cm ahead (judged: nobody measured it)."""
STATED_RADIUS_SD_M, ASSUMED_RADIUS_SD_M = 0.003, 0.010
"""How well the plates' radius is known where the athlete file states it, and where 0.225 m is assumed: other plates,
or blocks and mats that nobody stated."""
SHOES_SD_M: Final = 0.006
"""Soles lift the ankle and bring the bar nearer; nobody states them."""
ZERO_SD_RAD: Final = math.radians(0.8)
"""How repeatably standing is found, as in `settings.ErrorBudget.standing_deg`."""
HEIGHT_DRIFT_SD: Final = 0.003
"""Chosen: what a leftover of the accelerometer's bias adds to a height, per radian of inclination [m/rad]."""
BALANCE_SD_M: Final = 0.03
"""Per radian of bend."""

LEAST_VARIANCE_REDUCTION: Final = 0.2
"""Where a set takes away less than this share of the variance of an unknown, it tells hardly anything of it."""

_GLOBAL_NAMES: Final = (
    "size",
    "shank",
    "thigh",
    "pelvis",
    "lumbar",
    "thorax",
    "arm",
    "mid_foot_m",
    "reach_m",
    "bar_height_m",
    "balance_m_per_rad",
    "shank_habit",
    "lumbar_habit",
    "thoracic_habit",
)
_SENSOR_NAMES: Final = ("zero_rad", "softness", "share", "ahead_m", "up_m", "height_drift_m_per_rad")


@dataclass(frozen=True, slots=True, eq=False)
class SetParameters:
    """Hold the shared unknowns of a set: before a solution what is expected of them, after it what was found.

    Parameters
    ----------
    names
        Lengths are logarithms of factors; the others carry their unit, and a sensor's its placement.
    mean : (m,)
    covariance : (m, m)
    does_not_fit
        What of a set fits least, in words (`goodness_of_fit`), or nothing.
    """

    names: tuple[str, ...]
    mean: Array
    covariance: Array
    does_not_fit: str = ""

    @property
    def sd(self) -> Array:
        """Standard deviations (m,)."""
        return np.sqrt(np.diag(self.covariance))

    def prior_conflict(self, expected: SetParameters) -> float:
        """Return how much farther these went from what was expected than what was learned of them explains.

        In standard deviations of a normal variable, about 0 where all is as expected. What was learned is the variance
        that is gone; a direction in which little was learned hardly counts. The sum of squares is a weighted
        chi-squared variable, brought to a plain one by its mean and variance, and that to a normal one by Wilson and
        Hilferty. The sensors' zeros are not asked: who locks out a little otherwise than he stood is no other body, and
        a slip is looked for elsewhere.
        """
        asked = [i for i, name in enumerate(self.names) if not is_zero(name)]
        off = (self.mean - expected.mean)[asked]
        before = expected.covariance[np.ix_(asked, asked)]
        learned = before - self.covariance[np.ix_(asked, asked)]
        against = learned + LEAST_VARIANCE_REDUCTION * before
        weighed = np.linalg.solve(against, np.column_stack([learned, off]))
        trace, squares = float(np.trace(weighed[:, :-1])), float(np.sum(weighed[:, :-1] * weighed[:, :-1].T))
        count, total = trace**2 / squares, float(off @ weighed[:, -1]) * trace / squares
        ninth = 2.0 / (9.0 * count)
        return float((max(total / count, 0.0) ** (1.0 / 3.0) - (1.0 - ninth)) / math.sqrt(ninth))

    def __getitem__(self, name: str) -> tuple[float, float]:
        """Return one unknown's value and standard deviation."""
        i = self.names.index(name)
        return float(self.mean[i]), float(math.sqrt(self.covariance[i, i]))


def is_zero(name: str) -> bool:
    """Tell whether an unknown is the offset of a sensor's inclination."""
    return name.endswith(_SENSOR_NAMES[ZERO])


def set_parameter_prior(athlete: Athlete, placements: tuple[str, ...], posture_prior: PosturePrior) -> SetParameters:
    """Return what is expected of the shared unknowns, before a set.

    Parameters
    ----------
    athlete
        Height and what lengths are stated.
    placements
        Where sensors sit; six unknowns each, in this order.
    posture_prior
        How people bend in this exercise.
    """
    height = athlete.value("height_m")
    radius_sd = ASSUMED_RADIUS_SD_M if athlete.plate_radius_m is None else STATED_RADIUS_SD_M
    names = list(_GLOBAL_NAMES)
    mean = [0.0] * 7 + [MID_FOOT_SHARE * height, REACH_M, athlete.value("plate_radius_m"), 0.0]
    mean += [0.0, 0.0, 0.0]
    sd = [size_sd(athlete), *segment_sds(athlete), MID_FOOT_SD_M, REACH_SD_M, math.hypot(radius_sd, SHOES_SD_M)]
    sd += [BALANCE_SD_M, posture_prior.shank_sd, posture_prior.lumbar_sd, posture_prior.thoracic_sd]
    for placement in placements:
        site = SITES[placement]
        names += [f"{placement}.{name}" for name in _SENSOR_NAMES]
        mean += [0.0, site.soft_tissue_gain, site.share, site.ahead * height / 1.75, site.up * height / 1.75, 0.0]
        sd += [ZERO_SD_RAD, site.soft_tissue_gain_sd, site.share_sd, site.ahead_sd, site.up_sd, HEIGHT_DRIFT_SD]
    covariance = np.diag(np.square(sd))
    shank, lumbar = SHANK_COUPLING - layout.STATES, LUMBAR_COUPLING - layout.STATES
    covariance[shank, lumbar] = covariance[lumbar, shank] = SHANK_AGAINST_LUMBAR * sd[shank] * sd[lumbar]
    return SetParameters(tuple(names), np.array(mean), covariance)
