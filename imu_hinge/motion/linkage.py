"""Tell the posture, with its band, from whatever the sensors, the bar and the body's build say.

It takes inclinations and heights over time, not raw samples, and it gives no verdict.

Notes
-----
A planar chain foot, shank, thigh, pelvis, lumbar arc, thorax, arm, bar (`chain`). At every node of the set the posture
is the maximum a posteriori under the evidence of `evidence`; what the whole set shares (`shared_unknowns`) is estimated
once and what stays unknown of it is part of every band (`arrowhead`). Any set of placements goes the same way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge.athlete import Athlete
from imu_hinge.errors import CalibrationError
from imu_hinge.motion import arrowhead, chain, evidence
from imu_hinge.motion.anthropometry import body_of, carried_mass
from imu_hinge.motion.course import LinkageInputs, course_of, nodes_of, way_rad
from imu_hinge.motion.habits import departures, habits_of
from imu_hinge.motion.placements import LEADS_TO, SITES
from imu_hinge.motion.references import with_references
from imu_hinge.motion.shared_unknowns import SharedUnknowns, shared_prior

Array = npt.NDArray[np.float64]

TO_ANGLES: Final = np.array(
    [
        [0.0, 0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 1.0, 0.0],
        [0.0, 1.0, 1.0, 0.0, 0.0],
        [1.0, 1.0, 0.0, 0.0, 0.0],
    ]
)
"""From a posture (shank, thigh, pelvis, lumbar, thoracic) to the angles of `conventions.ANGLES`."""

MOST_ROUNDS: Final = 10
CLOSE_RAD: Final = math.radians(0.2)
"""A round that moves no angle further than this is the last."""

CLOSE_COST: Final = 1.0
"""A round that explains the evidence no better than this is the last as well (in squared standard deviations)."""

LONGEST_STEP_RAD: Final = 0.5
"""No angle moves further in one round; a step that makes things worse is shortened."""

SMALL_STEP_RAD: Final = 0.05
"""A last step that is no longer than this is taken without another look at what it costs."""

SHORTEST_SHARE: Final = 0.05
"""A step is not shortened further than to this share of itself."""

MISFIT: Final = 3.0
"""Something this many standard deviations off says that the model does not fit what was observed."""


@dataclass(frozen=True, slots=True, eq=False)
class LinkageResult:
    """Hold the posture over a set, each angle with its standard deviation.

    Parameters
    ----------
    angles_rad, sd_rad : (n, 5) [rad]
        In the order of `conventions.ANGLES`.
    posture_rad : (n, 5) [rad]
        Shank lean, thigh back-lean, pelvis tilt, lumbar and thoracic flexion.
    misfit : (n,)
        The worst residual of the evidence, or the farthest that a shared unknown had to go to explain it, in standard
        deviations; above `MISFIT` the model does not fit.
    shared
        What the set shares, as found.
    nodes : (k,)
        Instants at which the posture was solved for; between them it is interpolated.
    covariance : (k, 5, 5) [rad²]
        Of ``angles_rad`` at the nodes.
    rounds
        How many Gauss-Newton rounds it took.
    """

    angles_rad: Array
    sd_rad: Array
    posture_rad: Array
    misfit: Array
    shared: SharedUnknowns
    nodes: npt.NDArray[np.int64]
    covariance: Array
    rounds: int


def solve(inputs: LinkageInputs, athlete: Athlete, *, shared: SharedUnknowns | None = None) -> LinkageResult:
    """Return the posture over a set from what is known of it.

    Parameters
    ----------
    inputs
        At least one placement; everything else may be missing, and then the bands are wide.
    athlete
        Height, lengths and personal references; what is absent has a population default with its spread.
    shared
        What an earlier solution found for the same athlete and mounting, instead of the prior and the references.

    Raises
    ------
    CalibrationError
        Where there is no instant or no sensor to solve for.
    """
    if not len(inputs) or not inputs.placements:
        raise CalibrationError("There is nothing to infer a posture from. Give one sensor's inclination at least.")
    way = way_rad(inputs)
    nodes = nodes_of(inputs, way)
    course = course_of(inputs, nodes, way)
    first, scene, prior = 0, scene_of(athlete, inputs), shared
    if prior is None:
        course, first = with_references(course, athlete, inputs.placements)
        prior = shared_prior(athlete, inputs.placements, scene.habits)
    solution, found, rounds = _solve_course(scene, course, prior)
    blocks = np.empty_like(solution.inverse)
    arrowhead.bands(course, solution, np.linalg.cholesky(found.covariance).astype(np.float64), blocks)
    to_angles = TO_ANGLES @ scene.posture_of
    covariance = to_angles @ blocks[first:] @ to_angles.T
    posture = _between(inputs.time_s, nodes, solution.y[first:] @ scene.posture_of.T)
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    return LinkageResult(
        angles_rad=posture @ TO_ANGLES.T,
        sd_rad=np.sqrt(_between(inputs.time_s, nodes, variance)),
        posture_rad=posture,
        misfit=np.maximum(
            _between(inputs.time_s, nodes, solution.misfit[first:, None])[:, 0],
            np.max(np.abs(found.mean - prior.mean) / prior.sd),
        ),
        shared=found,
        nodes=nodes,
        covariance=covariance,
        rounds=rounds,
    )


def scene_of(athlete: Athlete, inputs: LinkageInputs) -> evidence.Scene:
    """Return what stays the same over the set: body, placements, habits, the lumbar spine's range."""
    limit, limit_at = evidence.limits_of(
        math.radians(athlete.value("lumbar_max_flexion_deg")),
        math.radians(max(athlete.value("lumbar_max_flexion_sd_deg"), 1.0)),
    )
    sites = [SITES[p] for p in inputs.placements]
    return evidence.Scene(
        body=body_of(athlete),
        mass=carried_mass(),
        shoulder=np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.0]),
        leads_to=np.array([LEADS_TO[site.anchor] for site in sites]),
        habits=habits_of(inputs.exercise),
        anchor=np.array([site.anchor for site in sites], dtype=np.int64),
        limit=limit,
        limit_at=limit_at,
        posture_of=np.asarray(np.linalg.inv(departures(habits_of(inputs.exercise))), dtype=np.float64),
    )


def _solve_course(
    scene: evidence.Scene, course: evidence.Course, prior: SharedUnknowns
) -> tuple[arrowhead.Solution, SharedUnknowns, int]:
    """Run Gauss-Newton rounds until no angle moves any more."""
    shared = prior.mean.size
    solution = arrowhead.room_for(course.habit.size, shared)
    rows = evidence.room_for(shared)
    unknowns = solution.u[arrowhead.STATES :]
    unknowns[:] = prior.mean
    prior_information = np.linalg.inv(prior.covariance)
    solution.y[:, chain.THIGH] = course.bend  # a start that bends the usual way
    solution.y[:, chain.PELVIS] = 0.6 * course.bend

    rounds, paid, share = 0, math.inf, 0.0
    before, stride = solution.y.copy(), np.zeros_like(solution.y)
    known, shared_stride = prior.mean.copy(), np.zeros(shared)
    while True:
        solution.y[:], unknowns[:] = before + share * stride, known + share * shared_stride
        off = unknowns - prior.mean
        solution.information[:], solution.pull[:] = prior_information, -prior_information @ off
        cost = arrowhead.eliminate(scene, course, rows, solution) + float(off @ prior_information @ off)
        rounds += 1
        if cost > paid and share > SHORTEST_SHARE and rounds < MOST_ROUNDS:
            share *= 0.4
            continue
        upper = np.triu(solution.information)
        covariance = np.asarray(np.linalg.inv(upper + np.triu(upper, 1).T), dtype=np.float64)
        shared_stride = covariance @ solution.pull
        moved = arrowhead.substitute(course, solution, shared_stride)
        before, stride, known = solution.y.copy(), solution.step.copy(), unknowns.copy()
        share = min(1.0, LONGEST_STEP_RAD / max(moved, 1e-9))
        if rounds >= MOST_ROUNDS or moved < CLOSE_RAD or paid - cost < CLOSE_COST:
            break
        paid = cost
    if moved < SMALL_STEP_RAD:
        solution.y[:], unknowns[:] = before + stride, known + shared_stride
    return solution, SharedUnknowns(prior.names, unknowns.copy(), covariance), rounds


def _between(time_s: Array, nodes: npt.NDArray[np.int64], values: Array) -> Array:
    """Return the nodes' values (k, c) at every instant, (n, c), straight lines between."""
    return np.column_stack([np.interp(time_s, time_s[nodes], column) for column in values.T])
