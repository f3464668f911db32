"""Keep what an athlete's own clean hinges and full bows looked like to the sensors, and bring it into later sets.

It does not solve for a posture. A clean hinge becomes one more instant of every later set: the same body, the same
mounting, and lumbar flexion known to be near neutral. What was unknown then and is unknown now cancels by itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge.athlete import Athlete
from imu_hinge.errors import CalibrationError
from imu_hinge.motion.course import LEAST_HEIGHT_SD_M, LEAST_INCLINATION_SD_RAD, LinkageInputs
from imu_hinge.motion.evidence import Course

Array = npt.NDArray[np.float64]

CLEAN_LUMBAR_RAD, CLEAN_LUMBAR_SD_RAD = math.radians(11.0), math.radians(4.5)
"""Lumbar flexion at the bottom of a clean hinge: 5 to 15 degrees (facts/biomechanics.md, 6.2)."""

REMOUNTED_SD_RAD: Final = math.radians(0.7)
"""How well quiet standing repeats itself from one recording to the next with the same mounting."""

_HINGE: Final = "clean_hinge"


def with_references(course: Course, athlete: Athlete, placements: tuple[str, ...]) -> tuple[Course, int]:
    """Return the course with the athlete's clean hinge before it, and how many instants that adds (0 or 1)."""
    known = athlete.references
    seen = [p for p in placements if f"{_HINGE}.{p}.inclination_rad" in known]
    if not seen:
        return course, 0
    row = {name: np.full((1, len(placements)), math.inf) for name in ("inclination", "height")}
    sd = {name: np.full((1, len(placements)), math.inf) for name in ("inclination", "height")}
    for s, placement in enumerate(placements):
        for name, unit in (("inclination", "rad"), ("height", "m")):
            key = f"{_HINGE}.{placement}.{name}"
            row[name][0, s] = known.get(f"{key}_{unit}", 0.0)
            sd[name][0, s] = known.get(f"{key}_sd_{unit}", math.inf)
    on_floor = known.get(f"{_HINGE}.on_floor", 0.0)
    walk = course.walk.copy()
    walk[0] = math.inf  # cuts the chain: the hinge was another day
    lumbar = [known.get(f"{_HINGE}.lumbar_rad", CLEAN_LUMBAR_RAD), known.get(f"{_HINGE}.lumbar_sd_rad", math.inf)]
    return Course(
        inclination=np.concatenate([row["inclination"], course.inclination]),
        inclination_var=np.concatenate([np.square(sd["inclination"]), course.inclination_var]),
        height=np.concatenate([row["height"], course.height]),
        height_var=np.concatenate([np.square(sd["height"]), course.height_var]),
        on_floor=np.append(on_floor, course.on_floor),
        hanging=np.append(on_floor, course.hanging),
        habit=np.append(1.0, course.habit),
        bend=np.append(1.2, course.bend),
        told=np.concatenate([[lumbar], course.told]),
        own=np.append(0.0, course.own),
        walk=np.concatenate([np.full((1, walk.shape[1]), math.inf), walk]),
    ), 1


def observed_at(inputs: LinkageInputs, instants: Sequence[int]) -> dict[str, float]:
    """Return what every sensor read, on the average of a few instants, as entries of ``Athlete.references``."""
    at = np.asarray(instants, dtype=np.int64)
    table: dict[str, float] = {}
    kinds: tuple[tuple[str, str, Mapping[str, Array], Mapping[str, Array], float, float], ...] = (
        (
            "inclination",
            "rad",
            inputs.inclination_rad,
            inputs.inclination_sd_rad,
            LEAST_INCLINATION_SD_RAD,
            REMOUNTED_SD_RAD,
        ),
        ("height", "m", inputs.height_m, inputs.height_sd_m, LEAST_HEIGHT_SD_M, 0.0),
    )
    for name, unit, values, sds, least, between in kinds:
        for placement, series in values.items():
            seen, sd = np.asarray(series)[at], np.asarray(sds[placement])[at]
            good = np.isfinite(seen) & np.isfinite(sd)
            if good.any():
                key = f"{_HINGE}.{placement}.{name}"
                mean_sd = max(float(np.sqrt(np.mean(sd[good] ** 2))), least)
                table[f"{key}_{unit}"] = float(seen[good].mean())
                table[f"{key}_sd_{unit}"] = (
                    math.hypot(mean_sd, between)
                    if good.sum() == 1
                    else math.hypot(mean_sd / math.sqrt(min(good.sum(), 2)), between)
                )
    return table
