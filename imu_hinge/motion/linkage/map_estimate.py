"""Tell the posture, with its band, from whatever the sensors, the bar and the body's build say.

It takes inclinations and heights over time, not raw samples, and it gives no verdict.

Notes
-----
A planar chain foot, shank, thigh, pelvis, lumbar arc, thorax, arm, bar (`forward_kinematics`). At every node of the set
the posture is the maximum a posteriori under the evidence of `factors`; what the whole set shares (`set_parameters`) is
estimated once and what stays unknown of it is part of every band (`block_tridiagonal`). Any set of placements goes the
same way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge.athlete import Athlete
from imu_hinge.errors import CalibrationError
from imu_hinge.motion.linkage import block_tridiagonal, factors, gauss_newton, layout
from imu_hinge.motion.linkage.anthropometry import body_of, carried_mass
from imu_hinge.motion.linkage.goodness_of_fit import what_does_not_fit
from imu_hinge.motion.linkage.observations import LinkageInputs, nodes_of, observations_of, path_length_rad
from imu_hinge.motion.linkage.personal_references import with_references
from imu_hinge.motion.linkage.posture_priors import limits_of
from imu_hinge.motion.linkage.sensor_sites import LEADS_TO, SITES
from imu_hinge.motion.linkage.set_parameters import SetParameters, set_parameter_prior

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

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

COARSE: Final = 2.5
"""How much farther apart the nodes are on which the rounds begin."""

STANDING_RAD: Final = np.radians([0.0, 0.0, 0.0, 1.25, 2.5])
"""How far hip and knee are bent in quiet standing, by angle [rad], where the chain takes legs for straight and angles
are zero: knees by 0 to 5 degrees (docs/biomechanics.md, 1.4), and thighs lean back by half that."""

MODEL_SD_RAD: Final = np.hypot(np.radians([0.0, 0.0, 0.0, 4.0, 4.0]), STANDING_RAD / math.sqrt(3.0))
"""What a planar chain of rigid segments leaves out of hip and knee, by angle [rad]: such a chain of one sensor came
within 4 degrees RMS of real squats (docs/biomechanics.md, section 2, Bonnet 2013); and how people stand, evenly from
straight to twice the mean."""

MISFIT: Final = 3.0
"""A set that surprises by this many standard deviations does not fit the model.

Were all spreads normal and as stated, one set in 700 would by chance. They are not: what a chain of rigid segments
leaves out repeats itself in every rep of a long set. `benchmarks/lifters.py` prints how many do.
"""

INFERRED_MISFIT: Final = 1.9
"""The same where the chain alone tells the lumbar spine: then less may be taken for chance, and with one sensor less
of a set repeats itself. A t12 sensor taken for the sacrum's surprises by 1.95 and more even in squatted starts;
by chance a set in 35 does."""


@dataclass(frozen=True, slots=True, eq=False)
class LinkageResult:
    """Hold the posture over a set, each angle with its standard deviation.

    Parameters
    ----------
    angles_rad, sd_rad : (n, 5) [rad]
        In the order of `conventions.ANGLES`.
    posture_rad : (n, 5) [rad]
        Shank lean, thigh back-lean, pelvis tilt, lumbar and thoracic flexion.
    misfit
        By how many standard deviations what the set shares is not what a body and sensors like these can have; above
        `MISFIT`, or `INFERRED_MISFIT`, they do not fit: a sensor on another place, another body, a bar that was not
        where it was said to be.
    shared
        What the set shares, as found, and what of it fits least.
    nodes : (k,)
        Instants at which the posture was solved for; between them it is interpolated.
    covariance : (k, 5, 5) [rad²]
        Of ``angles_rad`` at the nodes.
    rounds
        How many Gauss-Newton rounds it took.
    log_evidence
        Logarithm of how probable what was seen is under the prior, but for a constant of the same inputs (Laplace).
    """

    angles_rad: Array
    sd_rad: Array
    posture_rad: Array
    misfit: float
    shared: SetParameters
    nodes: Index
    covariance: Array
    rounds: int
    log_evidence: float


def solve(inputs: LinkageInputs, athlete: Athlete, *, shared: SetParameters | None = None) -> LinkageResult:
    """Return the posture over a set from what is known of it, under one prior for all styles together.

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
    check_inputs(inputs)
    expected = set_parameter_prior(athlete, inputs.placements, inputs.posture_prior)
    return solve_under(inputs, athlete, expected if shared is None else shared, expected, is_first=shared is None)


def check_inputs(inputs: LinkageInputs) -> None:
    """Raise `CalibrationError` where there is nothing to solve for."""
    if not len(inputs) or not inputs.placements:
        raise CalibrationError("There is nothing to infer a posture from. Give one sensor's inclination at least.")


def solve_under(
    inputs: LinkageInputs, athlete: Athlete, prior: SetParameters, expected: SetParameters, *, is_first: bool
) -> LinkageResult:
    """Return the posture over a set under a prior of what it shares.

    Parameters
    ----------
    inputs, athlete
        As `solve`.
    prior
    expected
        What is expected of any body, against which a misfit is measured.
    is_first
        Whether the athlete's references are still to be brought in: ``prior`` does not know them yet.
    """
    constants, way = constants_of(athlete, inputs), path_length_rad(inputs)
    known = athlete if is_first else None
    rough_nodes, rough, first = _lay_out(inputs, way, known, spacing=COARSE)
    begun = gauss_newton.run(constants, rough, prior, start=_usual(rough, prior), close=gauss_newton.ROUGHLY)
    nodes, observations, first = _lay_out(inputs, way, known, spacing=1.0)
    begin = np.vstack([begun.solution.y[:first], _between(nodes, rough_nodes, begun.solution.y[first:])])
    solution, found, rounds, log_evidence = gauss_newton.run(
        constants, observations, prior, start=gauss_newton.Start(begin, begun.shared.mean), close=gauss_newton.CLOSE
    )
    blocks = np.empty_like(solution.inverse)
    block_tridiagonal.marginal_covariances(
        constants, observations, solution, np.linalg.cholesky(found.covariance).astype(np.float64), blocks
    )
    covariance = TO_ANGLES @ blocks[first:] @ TO_ANGLES.T
    every = np.arange(len(inputs))
    posture = _between(every, nodes, block_tridiagonal.postures(constants, solution)[first:])
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    return LinkageResult(
        angles_rad=posture @ TO_ANGLES.T,
        sd_rad=np.sqrt(_between(every, nodes, variance) + np.square(MODEL_SD_RAD)),
        posture_rad=posture,
        misfit=found.prior_conflict(expected),
        shared=replace(found, does_not_fit=what_does_not_fit(found, expected)),
        nodes=nodes,
        covariance=covariance,
        rounds=rounds,
        log_evidence=log_evidence,
    )


def constants_of(athlete: Athlete, inputs: LinkageInputs) -> factors.ModelConstants:
    """Return what stays the same over the set: body, placements, habits, the lumbar spine's range."""
    limit, limit_at = limits_of(
        math.radians(athlete.value("lumbar_max_flexion_deg")),
        math.radians(max(athlete.value("lumbar_max_flexion_sd_deg"), 1.0)),
    )
    sites = [SITES[p] for p in inputs.placements]
    return factors.ModelConstants(
        body=body_of(athlete),
        mass=carried_mass(),
        shoulder=np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.0]),
        leads_to=np.array([LEADS_TO[site.anchor] for site in sites]),
        posture_prior=inputs.posture_prior,
        anchor=np.array([site.anchor for site in sites], dtype=np.int64),
        limit=limit,
        limit_at=limit_at,
    )


def _lay_out(
    inputs: LinkageInputs, way: Array, athlete: Athlete | None, *, spacing: float
) -> tuple[Index, factors.Observations, int]:
    """Return the nodes, what was observed at them, and how many of an athlete's references come before them."""
    nodes = nodes_of(inputs, way, spacing=spacing)
    observations = observations_of(inputs, nodes, way)
    if athlete is None:
        return nodes, observations, 0
    return nodes, *with_references(observations, athlete, inputs.placements)


def _usual(observations: factors.Observations, prior: SetParameters) -> gauss_newton.Start:
    """Return a start that bends the usual way."""
    y = np.zeros((observations.bend.size, layout.STATES))
    y[:, layout.THIGH], y[:, layout.PELVIS] = observations.bend, 0.6 * observations.bend
    return gauss_newton.Start(y, prior.mean)


def _between(at: Index, nodes: Index, values: Array) -> Array:
    """Return the nodes' values (k, c) at other instants, (n, c), straight lines between."""
    return np.column_stack([np.interp(at, nodes, column) for column in values.T])
