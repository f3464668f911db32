"""Infer what no sensor measures at one instant through the body's chain and what the set has told of it so far.

It is the linkage's own solution for two nodes, standing and now: no smoothing over the rep, which only a look can do.
It takes two milliseconds, so it is done for instants that somebody asks for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from imu_hinge.analysis.instant.angles import Angles
from imu_hinge.analysis.instant.known import Known
from imu_hinge.athlete import Athlete
from imu_hinge.motion.kinematics.posture import inclination_sd
from imu_hinge.motion.kinematics.vertical_displacement import LEVEL_HEIGHT_M
from imu_hinge.motion.linkage.map_estimate import solve
from imu_hinge.motion.linkage.observations import LinkageInputs
from imu_hinge.motion.linkage.set_parameters import SetParameters
from imu_hinge.settings import ErrorBudget

WAY_S: Final = 1.0
"""From standing to now; chosen: a way down takes about so long, and the posture strays more by way than by time [s]."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Hold what one instant's inference rests on.

    Parameters
    ----------
    inclinations
        Of every sensor that delivered it [rad].
    heights
        Vertical travel and its standard deviation, of those that know it [m].
    settling_rad
        What a hole has left of doubt about each inclination.
    known
        What the last look before it found.
    """

    inclinations: Mapping[str, float]
    heights: Mapping[str, tuple[float, float]]
    settling_rad: Mapping[str, float]
    known: Known


def with_inferred(angles: Angles, evidence: Evidence, athlete: Athlete, budget: ErrorBudget) -> Angles:
    """Return the angles with those that were not measured, but for those that are withheld.

    Parameters
    ----------
    angles
        What the sensors measure.
    evidence
    athlete
    budget
    """
    known = evidence.known
    zero_sd = {p: known.sensors[p].zero_sd_rad for p in evidence.inclinations}
    ways = {p: np.array([0.0, inclination]) for p, inclination in evidence.inclinations.items()}
    inputs = LinkageInputs(
        time_s=np.array([0.0, WAY_S]),
        inclination_rad=ways,
        inclination_sd_rad={
            p: inclination_sd(way, zero_sd[p], budget, is_live=True, settling_rad=evidence.settling_rad[p])
            for p, way in ways.items()
        },
        height_m={p: np.array([0.0, height_m]) for p, (height_m, _) in evidence.heights.items()},
        height_sd_m={p: np.array([LEVEL_HEIGHT_M, sd_m]) for p, (_, sd_m) in evidence.heights.items()},
        exercise=known.exercise,
    )
    shared = None if known.shared is None else _of(known.shared, inputs.placements)
    found = solve(inputs, athlete, shared=shared)
    values, sds = list(angles.angles_rad), list(angles.sd_rad)
    for angle, (value, sd) in enumerate(zip(found.angles_rad[-1].tolist(), found.sd_rad[-1].tolist(), strict=True)):
        if math.isnan(values[angle]) and angle not in known.withheld:
            values[angle], sds[angle] = value, sd
    return Angles(tuple(values), tuple(sds), angles.basis or "inferred")


def _of(shared: SetParameters, placements: tuple[str, ...]) -> SetParameters:
    """Return what a set shares without the sensors that are left out."""
    at = [i for i, name in enumerate(shared.names) if "." not in name or name.partition(".")[0] in placements]
    if len(at) == len(shared.names):
        return shared
    names = tuple(shared.names[i] for i in at)
    return replace(shared, names=names, mean=shared.mean[at], covariance=shared.covariance[np.ix_(at, at)])
