"""Keep what an athlete's own clean hinges looked like to the sensors, and bring it into later sets.

It does not solve for a posture. A clean hinge becomes one more instant of every later set: the same body, the same
mounting, and lumbar flexion known to be near neutral. What was unknown then and is unknown now cancels by itself.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge.athlete import Athlete
from imu_hinge.motion.linkage.factors import Observations
from imu_hinge.motion.linkage.observations import (
    CLEAN_HINGE_RAD,
    LEAST_HEIGHT_SD_M,
    LEAST_INCLINATION_SD_RAD,
    LinkageInputs,
)

Array = npt.NDArray[np.float64]

REMOUNTED_SD_RAD: Final = math.radians(0.7)
"""How well quiet standing repeats itself from one recording to the next with the same mounting."""

HINGE_BEND_RAD: Final = 1.2
"""How deep a clean hinge bends, for the spread of habits."""

_HINGE: Final = "clean_hinge"


def observed_at(inputs: LinkageInputs, instants: Sequence[int]) -> dict[str, float]:
    """Return what every sensor read at the bottoms of clean hinges, as entries of ``Athlete.references``.

    Inclinations in radians, heights in metres, each the mean over the instants and with its standard deviation; and
    ``clean_hinge.on_floor``, 1 where the bar stood on the floor.
    """
    at = np.asarray(instants, dtype=np.int64)
    table = _mean_at(inputs.inclination_rad, inputs.inclination_sd_rad, at, "inclination", "rad")
    table |= _mean_at(inputs.height_m, inputs.height_sd_m, at, "height", "m")
    is_on_floor = inputs.on_floor is not None and float(np.mean(np.asarray(inputs.on_floor)[at])) > 0.5
    return table | {f"{_HINGE}.on_floor": float(is_on_floor)}


def _mean_at(
    values: Mapping[str, Array], sds: Mapping[str, Array], at: npt.NDArray[np.int64], what: str, unit: str
) -> dict[str, float]:
    """Return the mean of a few instants per placement; two hinges help, but what one sensor gets wrong it repeats."""
    table: dict[str, float] = {}
    least = LEAST_INCLINATION_SD_RAD if unit == "rad" else LEAST_HEIGHT_SD_M
    for placement, series in values.items():
        seen, sd = np.asarray(series)[at], np.asarray(sds[placement])[at]
        good = np.isfinite(seen) & np.isfinite(sd)
        if good.any():
            mean_sd = max(float(np.sqrt(np.mean(sd[good] ** 2))), least) / math.sqrt(min(int(good.sum()), 2))
            key = f"{_HINGE}.{placement}.{what}"
            table[f"{key}_{unit}"] = float(seen[good].mean())
            table[f"{key}_sd_{unit}"] = math.hypot(mean_sd, REMOUNTED_SD_RAD) if unit == "rad" else mean_sd
    return table


def is_calibrated(athlete: Athlete, placements: Collection[str]) -> bool:
    """Tell whether a clean hinge of this athlete is known from a sensor at one of the placements."""
    return any(f"{_HINGE}.{p}.inclination_rad" in athlete.references for p in placements)


def with_references(
    observations: Observations, athlete: Athlete, placements: tuple[str, ...]
) -> tuple[Observations, int]:
    """Return the observations with the athlete's clean hinge before them, and how many instants that adds (0 or 1).

    Parameters
    ----------
    observations
    athlete
        Its ``references`` are those of `observed_at`.
    placements
        Where sensors sit, in the columns' order.
    """
    known = athlete.references
    if not is_calibrated(athlete, placements):
        return observations, 0
    inclination, inclination_var = _row(known, placements, "inclination", "rad")
    height, height_var = _row(known, placements, "height", "m")
    on_floor = known.get(f"{_HINGE}.on_floor", 0.0)
    process_variance = observations.process_variance.copy()
    process_variance[0] = math.inf  # cuts the chain: the hinge was before the set
    return Observations(
        inclination=np.concatenate([inclination, observations.inclination]),
        inclination_var=np.concatenate([inclination_var, observations.inclination_var]),
        height=np.concatenate([height, observations.height]),
        height_var=np.concatenate([height_var, observations.height_var]),
        on_floor=np.append(on_floor, observations.on_floor),
        coupling_weight=np.append(1.0, observations.coupling_weight),
        told=np.concatenate([_told(athlete, placements), observations.told]),
        bend=np.append(HINGE_BEND_RAD, observations.bend),
        own=np.append(0.0, observations.own),
        process_variance=np.concatenate([np.full((1, process_variance.shape[1]), math.inf), process_variance]),
    ), 1


def _row(known: Mapping[str, float], placements: tuple[str, ...], what: str, unit: str) -> tuple[Array, Array]:
    """Return what the sensors read then, (1, s), and its variance; infinite for a sensor that was not worn."""
    keys = [f"{_HINGE}.{p}.{what}" for p in placements]
    seen = np.array([[known.get(f"{key}_{unit}", 0.0) for key in keys]])
    return seen, np.square([[known.get(f"{key}_sd_{unit}", math.inf) for key in keys]])


def _told(athlete: Athlete, placements: tuple[str, ...]) -> Array:
    """Return lumbar flexion at the clean hinge and its sd, (1, 2) [rad].

    Where the hinges were calibrated with sensors that are not worn now, what was found then is worth more.
    """
    suffix = ".inclination_rad"
    worn_then = {key.split(".")[1] for key in athlete.references if key.endswith(suffix)}
    if worn_then - set(placements) and athlete.neutral_lumbar_deg is not None:
        return np.radians([[athlete.neutral_lumbar_deg, max(athlete.value("neutral_lumbar_sd_deg"), 1.0)]])
    return CLEAN_HINGE_RAD[None, :]
