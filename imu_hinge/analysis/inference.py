"""Infer the posture of a set with its shape of doubt: solve it under every kind of lift and mix what comes out.

It gives no verdict; it only says how probable lumbar spine and knees are over the athlete's limits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.motion.hypotheses.kinds import Kinds, kinds_of, prior_of, weighed
from imu_hinge.motion.hypotheses.mixture import Components, reach_of_rounding, with_rounding_later
from imu_hinge.motion.linkage.map_estimate import STANDING_RAD, LinkageResult, check_inputs, solve, solve_under
from imu_hinge.motion.linkage.observations import LinkageInputs, bend_of
from imu_hinge.motion.linkage.sensor_sites import SITES
from imu_hinge.motion.linkage.set_parameters import set_parameter_prior

Array = npt.NDArray[np.float64]

SEEN_APART: Final = 0.25
"""Two sensors whose shares of lumbar flexion differ by more than this see it between them."""


@dataclass(frozen=True, slots=True, eq=False)
class Inference:
    """Hold the posture over a set as all kinds of lift together tell it.

    Parameters
    ----------
    angles_rad, sd_rad, low_rad, high_rad : (n, 5) [rad]
        In the order of `conventions.ANGLES`: the mean over the kinds, the root mean square distance from it, and the
        ends of the 95 % interval.
    over : (n, 2)
        How probable lumbar flexion and knee flexion are over the athlete's limits.
    kinds
        How probable each kind of lift is, and what the set shares under it.
    likeliest
        The posture under the likeliest kind.
    """

    angles_rad: Array
    sd_rad: Array
    low_rad: Array
    high_rad: Array
    over: Array
    kinds: Kinds
    likeliest: LinkageResult


def infer(inputs: LinkageInputs, athlete: Athlete, *, before: Kinds | None = None) -> Inference:
    """Return the posture over a set with its intervals.

    Parameters
    ----------
    inputs, athlete
        As `map_estimate.solve`.
    before
        What earlier sets, or live reps, of the same athlete in the same mounting told; of another exercise it is left.

    Raises
    ------
    CalibrationError
        As `map_estimate.solve`.
    """
    kinds, results = solve_kinds(inputs, athlete, before=before)
    means = np.stack([r.angles_rad - STANDING_RAD for r in results])
    every = Components(kinds.weight, means, np.stack([r.sd_rad for r in results]))
    value = every.value() + STANDING_RAD  # as if legs were straight in standing, where the chain begins
    limits = limits_of(athlete)
    turns = _unseen_turns(inputs)
    if turns is None and len(results) == 1:
        low, high = every.interval()
        return Inference(value, every.spread_about(value), low, high, every.over(limits), kinds, results[0])
    at = results[0].nodes
    nodes = Components(kinds.weight, every.mean[:, at], every.sd[:, at])
    if turns is not None:
        maximum = [math.radians(athlete.value(f"lumbar_max_flexion_{unit}")) for unit in ("deg", "sd_deg")]
        on_floor = np.zeros(len(inputs)) if inputs.on_floor is None else np.asarray(inputs.on_floor)
        reach = reach_of_rounding(bend_of(inputs)[at], on_floor[at])
        nodes = with_rounding_later(nodes, reach, turns, (maximum[0], maximum[1]))
    low, high = nodes.interval()
    shape = np.hstack([nodes.spread_about(value[at]), low - value[at], high - value[at], nodes.over(limits)])
    instants = np.arange(len(inputs))
    sd, low, high, over = np.split(
        np.column_stack([np.interp(instants, at, column) for column in shape.T]), [5, 10, 15], axis=1
    )
    return Inference(value, sd, value + low, value + high, over, kinds, results[kinds.likeliest])


def solve_kinds(
    inputs: LinkageInputs, athlete: Athlete, *, before: Kinds | None = None
) -> tuple[Kinds, tuple[LinkageResult, ...]]:
    """Return the kinds of a set with their weights, and the posture under each.

    Parameters
    ----------
    inputs, athlete, before
        As `infer`.
    """
    check_inputs(inputs)
    kinds = kinds_of(inputs)
    if before is not None and before.exercise != inputs.exercise:
        before = None
    if not kinds:
        result = solve(inputs, athlete, shared=None if before is None else before.shared[before.likeliest])
        return Kinds(("",), np.ones(1), (result.shared,), exercise=inputs.exercise), (result,)
    usual = set_parameter_prior(athlete, inputs.placements, inputs.posture_prior)
    expected = [prior_of(kind, usual, inputs) for kind in kinds]
    priors = expected if before is None else before.shared
    results = tuple(
        solve_under(inputs, athlete, prior, own, is_first=before is None)
        for prior, own in zip(priors, expected, strict=True)
    )
    weight = np.full(len(kinds), 1.0 / len(kinds)) if before is None else before.weight
    weight = weighed(weight, np.array([result.log_evidence for result in results]))
    shared = tuple(result.shared for result in results)
    return Kinds(tuple(kind.name for kind in kinds), weight, shared, exercise=inputs.exercise), results


def limits_of(athlete: Athlete) -> tuple[tuple[int, float], tuple[int, float]]:
    """Return which angles have a limit, and the athlete's [rad], in the order of `Inference.over`."""
    return (cv.LUMBAR_FLEXION, athlete.limit_rad), (cv.KNEE_FLEXION, math.radians(athlete.value("knee_limit_deg")))


def _unseen_turns(inputs: LinkageInputs) -> Array | None:
    """Return what each angle changes by for a radian of lumbar flexion that no sensor sees, (5,).

    None where sensors see it, or where the exercise has no way on which more could hide than its kinds allow for.
    """
    shares = [SITES[p].share for p in inputs.placements if p != "thigh"]
    if inputs.exercise not in cv.FLOOR_EXERCISES or (shares and max(shares) - min(shares) > SEEN_APART):
        return None
    share = float(np.mean(shares)) if shares else 0.0
    turns = np.zeros(len(cv.ANGLES))
    turns[cv.PELVIS_TILT], turns[cv.TRUNK_INCLINATION], turns[cv.LUMBAR_FLEXION] = -share, 1.0 - share, 1.0
    turns[cv.HIP_FLEXION] = -share
    return turns
