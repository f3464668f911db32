"""Run the rounds of the linkage: from a rough start to the most likely postures and shared unknowns of a set.

It does not know what the evidence means (`factors`) nor how one round's equations are solved (`block_tridiagonal`).
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.motion.linkage import block_tridiagonal, factors
from imu_hinge.motion.linkage.set_parameters import SetParameters

Array = npt.NDArray[np.float64]

MOST_ROUNDS: Final = 12
"""Chosen: ends what neither fits nor comes to rest."""

CLOSE: Final = 0.5
"""A round that promises to explain the evidence no better than this is the last (in squared standard deviations)."""

ROUGHLY: Final = 20.0
"""The same where only a start for a finer grid is wanted."""

LONGEST_STEP_RAD: Final = 0.7
"""No angle moves further in one round."""

SHORTER: Final = 0.4
"""A step that explains the evidence worse is shortened to this share, and ..."""
SHORTEST_SHARE: Final = 0.05
"""... not further than to this share of itself."""


class Start(NamedTuple):
    """Hold where the rounds begin: ``y`` (n, 5), as in `block_tridiagonal.Solution`, and ``shared`` (m,)."""

    y: Array
    shared: Array


class Found(NamedTuple):
    """Hold what the rounds found.

    Parameters
    ----------
    solution
        The last round's equations.
    shared
        The shared unknowns, with their covariance.
    rounds
        How many it took.
    log_evidence
        Logarithm of how probable what was seen is under the prior (`map_estimate.LinkageResult`).
    """

    solution: block_tridiagonal.Solution
    shared: SetParameters
    rounds: int
    log_evidence: float


def run(
    constants: factors.ModelConstants,
    observations: factors.Observations,
    prior: SetParameters,
    *,
    start: Start,
    close: float = CLOSE,
) -> Found:
    """Run Gauss-Newton rounds until none promises to explain the evidence better by more than ``close``.

    Parameters
    ----------
    constants, observations
    prior
        What is expected of the shared unknowns.
    start
        Where the first round begins.
    close
        A round that promises less is the last (in squared standard deviations).

    Notes
    -----
    Gauss-Newton with a step bound and backtracking; the last elimination leaves out the second-order terms, so that the
    covariance is that of the evidence alone.
    """
    m = prior.mean.size
    solution, rows = block_tridiagonal.room_for(observations.coupling_weight.size, m), factors.room_for(m)
    unknowns = solution.u[block_tridiagonal.STATES :]
    known_before = np.linalg.inv(prior.covariance)
    y, shared = start
    stride, shared_stride = np.zeros_like(y), np.zeros(m)
    rounds, paid, share = 0, math.inf, 0.0
    while True:
        solution.y[:], unknowns[:] = y + share * stride, shared + share * shared_stride
        off = unknowns - prior.mean
        solution.information[:], solution.information_vector[:] = known_before, -known_before @ off
        cost, promised = block_tridiagonal.eliminate(constants, observations, rows, solution, True)
        cost += float(off @ known_before @ off)
        rounds += 1
        if cost > paid and share > SHORTEST_SHARE and rounds < MOST_ROUNDS:
            share *= SHORTER
            continue
        shared_stride = _inverse(solution.information) @ solution.information_vector
        promised += float(solution.information_vector @ shared_stride)
        moved = block_tridiagonal.substitute(observations, solution, shared_stride)
        y, stride, shared = solution.y.copy(), solution.step.copy(), unknowns.copy()
        share, paid = min(1.0, LONGEST_STEP_RAD / max(moved, 1e-9)), cost
        if promised < close:  # so little that nobody needs to look whether it keeps its promise
            solution.y[:], unknowns[:] = y + share * stride, shared + share * shared_stride
            break
        if rounds >= MOST_ROUNDS:
            break
    solution.information[:], solution.information_vector[:] = known_before, 0.0
    cost, _ = block_tridiagonal.eliminate(constants, observations, rows, solution, False)
    off = unknowns - prior.mean
    covariance = _inverse(solution.information)
    # Laplace: how well the best explains it, times the share of the prior's volume that remains possible. The postures'
    # own volume is left out: their walk is all but free, and how wide it is depends on the coordinates, not on evidence
    shrunk = float(np.linalg.slogdet(covariance)[1] - np.linalg.slogdet(prior.covariance)[1])
    log_evidence = 0.5 * (shrunk - cost - float(off @ known_before @ off))
    return Found(solution, SetParameters(prior.names, unknowns.copy(), covariance), rounds, log_evidence)


def _inverse(upper_half: Array) -> Array:
    """Return the inverse of a symmetric matrix of which the upper half is filled in."""
    upper = np.triu(upper_half)
    return np.asarray(np.linalg.inv(upper + np.triu(upper, 1).T), dtype=np.float64)
