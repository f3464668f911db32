"""Solve for all postures of a set and what they share: damped Gauss-Newton on a chain of instants with a border.

It does not know what the evidence means; `factors.gather` lists it.

Notes
-----
The normal equations form an arrowhead: a 5x5 block per instant, a diagonal link to its neighbour (the posture walks),
and a border of m columns for the shared unknowns. Forward, every instant is eliminated in favour of the next one and
of the border; backward, the solution and its covariance come out. This is a Kalman smoother that is linearised anew in
each round, with the shared unknowns marginalised exactly.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.jit import kernel, subroutine
from imu_hinge.motion.linkage import factors, forward_kinematics, layout
from imu_hinge.motion.linkage.coordinates import COUPLINGS, apply_chain_rule, coupling_ratios, derivatives, posture_at
from imu_hinge.motion.linkage.factors import ModelConstants, Observations, Rows
from imu_hinge.motion.linkage.layout import SHANK_COUPLING
from imu_hinge.small_matrix import invert

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

STATES: Final = layout.STATES
DAMPING: Final = 1e-2
"""Weight that pulls every step towards none [1/rad²]; the weakest evidence weighs about 10."""


class Solution(NamedTuple):
    """Hold the postures, the shared unknowns and everything their bands need.

    Parameters
    ----------
    y : (n, 5) [rad]
        Postures, in the coordinates in which they walk (`coordinates`).
    u : (5 + m,)
        Shared unknowns, numbered like the columns of a Jacobian.
    inverse, cross_information : (n, 5, 5), (n, 5, m)
        The eliminated blocks.
    step : (n, 5)
        The last one.
    information, information_vector : (m, m), (m,)
        Of the shared unknowns.
    """

    y: Array
    u: Array
    inverse: Array
    cross_information: Array
    step: Array
    information: Array
    information_vector: Array


def room_for(instants: int, shared: int) -> Solution:
    """Return an empty solution."""
    return Solution(
        np.zeros((instants, STATES)),
        np.zeros(STATES + shared),
        np.zeros((instants, STATES, STATES)),
        np.zeros((instants, STATES, shared)),
        np.zeros((instants, STATES)),
        np.zeros((shared, shared)),
        np.zeros(shared),
    )


@subroutine
def weigh(rows: Rows, n: int, block: Array, gradient: Array, used: Index) -> None:
    """Sum the rows to the normal equations of one instant: ``J' W J`` and ``J' W r``.

    Parameters
    ----------
    rows, n
        The first ``n`` rows are in use; c columns.
    block : (c, c)
        Overwritten, its upper triangle alone.
    gradient : (c,)
        Overwritten.
    used : (c,)
        Scratch.
    """
    columns = gradient.size
    for j in range(columns):
        gradient[j] = 0.0
        for k in range(columns):
            block[j, k] = 0.0
    for r in range(n):
        weight = 1.0 / rows.variance[r]
        count = 0
        for k in range(columns):
            if rows.jacobian[r, k] != 0.0:
                used[count] = k
                count += 1
        for p in range(count):
            j = used[p]
            scaled = weight * rows.jacobian[r, j]
            gradient[j] += scaled * rows.residual[r]
            for q in range(p, count):
                block[j, used[q]] += scaled * rows.jacobian[r, used[q]]


@subroutine
def process_information(observations: Observations, i: int, k: int) -> float:
    """Return the weight [1/rad²] that ties angle ``k`` of instant ``i`` to the instant before; 0 at a cut.

    Parameters
    ----------
    observations
    i, k
        Instant, and column of the posture (`layout`).
    """
    if i == 0 or i >= observations.process_variance.shape[0]:
        return 0.0
    return float(1.0 / observations.process_variance[i, k])


@subroutine
def squared_residuals(rows: Rows, n: int) -> float:
    """Return the sum of the rows' squared residuals over their variances."""
    cost = 0.0
    for r in range(n):
        cost += rows.residual[r] * rows.residual[r] / rows.variance[r]
    return cost


@subroutine
def add_process_terms(observations: Observations, solution: Solution, i: int, block: Array, gradient: Array) -> float:
    """Tie instant ``i`` to its neighbours: add the links to ``block`` and ``gradient``; return what they cost.

    Parameters
    ----------
    observations, solution
    i
        Instant.
    block : (c, c)
    gradient : (c,)
        Both are added to.
    """
    cost = 0.0
    for k in range(STATES):
        before, after = process_information(observations, i, k), process_information(observations, i + 1, k)
        block[k, k] += before + after + DAMPING
        if before > 0.0:
            off = solution.y[i, k] - solution.y[i - 1, k]
            cost += before * off * off
            gradient[k] += before * (off - solution.step[i - 1, k])
        if after > 0.0:
            gradient[k] += after * (solution.y[i, k] - solution.y[i + 1, k])
    return cost


@subroutine
def subtract_cross_information(
    observations: Observations, solution: Solution, i: int, block: Array, edge: Array
) -> None:
    """Bring what eliminating the instant before ``i`` left behind into ``block`` and ``edge`` (5, m).

    Parameters
    ----------
    observations, solution
    i
        Instant, not the first.
    block : (c, c)
        Its upper triangle is added to.
    edge : (5, m)
        Added to: what ties the instant to the shared unknowns.
    """
    inverse, cross_information = solution.inverse[i - 1], solution.cross_information[i - 1]
    for k in range(STATES):
        before = process_information(observations, i, k)
        if before == 0.0:
            continue
        for j in range(k, STATES):
            block[k, j] -= before * inverse[k, j] * process_information(observations, i, j)
        for j in range(edge.shape[1]):
            edge[k, j] += before * cross_information[k, j]


@subroutine
def eliminate_node(solution: Solution, i: int, block: Array, gradient: Array, edge: Array) -> float:
    """Eliminate instant ``i``, whose block is inverted, from the border's equations; return what its step promises.

    Plain loops over all columns are faster than those over a triangle.

    Parameters
    ----------
    solution
        Its ``inverse[i]`` is known; ``step[i]``, ``cross_information[i]`` and the border's sums are written.
    i
        Instant.
    block : (5 + m, 5 + m)
        The instant's own evidence.
    gradient : (5 + m,)
        The same; its first 5 with what the neighbours add.
    edge : (5, m)
        With what the neighbours add.
    """
    inverse, cross_information, step = solution.inverse[i], solution.cross_information[i], solution.step[i]
    information_vector, information, m, promised = solution.information_vector, solution.information, edge.shape[1], 0.0
    for k in range(STATES):
        value = 0.0
        for a in range(STATES):
            value -= inverse[k, a] * gradient[a]
        step[k] = value
        promised -= gradient[k] * value
        for j in range(m):
            value = 0.0
            for a in range(STATES):
                value += inverse[k, a] * edge[a, j]
            cross_information[k, j] = value
    for j in range(m):
        value = gradient[STATES + j]
        for a in range(STATES):
            value += edge[a, j] * step[a]
        information_vector[j] -= value
        for k in range(m):
            value = block[STATES + j, STATES + k]
            for a in range(STATES):
                value -= edge[a, j] * cross_information[a, k]
            information[j, k] += value
    return promised


@kernel
def eliminate(
    constants: ModelConstants, observations: Observations, rows: Rows, solution: Solution, is_stiff: bool = True
) -> tuple[float, float]:
    """Go forward: eliminate each instant in favour of the next one and of the border.

    Parameters
    ----------
    constants, observations
    rows
        Scratch.
    solution
        ``information`` and ``information_vector`` come in with the prior of the shared unknowns.
    is_stiff
        Whether straight legs hold the step (`factors.add_second_order_terms`); what is known does not rest on it.

    Returns
    -------
    cost : float
        Of the solution as it came in: squared residuals over variances and the walk, without that prior.
    promised : float
        By how much the steps of the instants promise to lower it.

    Notes
    -----
    Schur complements along a bordered block-tridiagonal matrix; see the notes of this module.
    """
    n, m = observations.process_variance.shape[0], solution.information_vector.size
    cost, promised, body = 0.0, 0.0, forward_kinematics.scaled(constants.body, solution.u)
    columns = STATES + m
    block, gradient, used = np.zeros((columns, columns)), np.zeros(columns), np.zeros(columns, np.int64)
    known, edge, x = np.zeros((STATES, STATES)), np.zeros((STATES, m)), np.zeros(STATES)
    by_y, by_coupling, way = (
        np.zeros((STATES, STATES)),
        np.zeros((STATES, COUPLINGS)),
        coupling_ratios(constants.posture_prior, solution.u),
    )
    for i in range(n):
        posture_at(solution.y[i], way, x)
        count = factors.gather(rows, x, solution.u, body, constants, observations, i)
        if is_stiff:
            count = factors.add_second_order_terms(rows)
        derivatives(x, way, by_y, by_coupling)
        apply_chain_rule(rows, count, by_y, by_coupling)
        cost += squared_residuals(rows, count)
        weigh(rows, count, block, gradient, used)
        for k in range(STATES):
            for j in range(m):
                edge[k, j] = block[k, STATES + j]
        cost += add_process_terms(observations, solution, i, block, gradient)
        if i > 0:
            subtract_cross_information(observations, solution, i, block, edge)
        for k in range(STATES):
            for j in range(k, STATES):
                known[j, k] = block[k, j]
        invert(known, solution.inverse[i])
        promised += eliminate_node(solution, i, block, gradient, edge)
    return cost, promised


@kernel
def substitute(observations: Observations, solution: Solution, shared_step: Array) -> float:
    """Go backward: find the step of every instant, given that of the shared unknowns; return the largest [rad].

    Parameters
    ----------
    observations
    solution
        As `eliminate` left it; ``step`` is completed in place.
    shared_step : (m,)
    """
    n, m = observations.process_variance.shape[0], shared_step.size
    largest = 0.0
    for i in range(n - 1, -1, -1):
        step = solution.step[i]
        for k in range(STATES):
            for j in range(m):
                step[k] -= solution.cross_information[i, k, j] * shared_step[j]
            for a in range(STATES):
                weight = process_information(observations, i + 1, a)
                if weight > 0.0:
                    step[k] += solution.inverse[i, k, a] * weight * solution.step[i + 1, a]
            largest = max(largest, abs(step[k]))
    return largest


@kernel
def postures(constants: ModelConstants, solution: Solution) -> Array:
    """Return the postures (n, 5) of a solution."""
    x, way = np.zeros(solution.y.shape), coupling_ratios(constants.posture_prior, solution.u)
    for i in range(len(x)):
        posture_at(solution.y[i], way, x[i])
    return x


@kernel
def marginal_covariances(
    constants: ModelConstants, observations: Observations, solution: Solution, shared_root: Array, out: Array
) -> None:
    """Write the covariance of every posture, the shared unknowns marginalised.

    Parameters
    ----------
    constants, observations
    solution
        As `eliminate` left it.
    shared_root : (m, m)
        Lower triangular root of the shared unknowns' covariance.
    out : (n, 5, 5) [rad²]
        Overwritten.
    """
    n, m = observations.process_variance.shape[0], shared_root.shape[0]
    own, subtract_cross_information = np.zeros((STATES, STATES)), np.zeros((STATES, STATES))
    gain, lever = np.zeros((STATES, STATES)), np.zeros((STATES, m))
    next_lever, spread, x = np.zeros((STATES, m)), np.zeros((STATES, m)), np.zeros(STATES)
    by_y, by_coupling, way = (
        np.zeros((STATES, STATES)),
        np.zeros((STATES, COUPLINGS)),
        coupling_ratios(constants.posture_prior, solution.u),
    )
    for i in range(n - 1, -1, -1):
        for k in range(STATES):
            for a in range(STATES):
                gain[k, a] = solution.inverse[i, k, a] * process_information(observations, i + 1, a)
        for k in range(STATES):
            for a in range(STATES):
                subtract_cross_information[k, a] = 0.0
                for b in range(STATES):
                    subtract_cross_information[k, a] += gain[k, b] * own[b, a]
            for j in range(m):
                lever[k, j] = -solution.cross_information[i, k, j]
            for a in range(STATES):
                for j in range(m):
                    lever[k, j] += gain[k, a] * next_lever[a, j]
        for k in range(STATES):
            for a in range(STATES):
                own[k, a] = solution.inverse[i, k, a]
                for b in range(STATES):
                    own[k, a] += subtract_cross_information[k, b] * gain[a, b]
            for j in range(m):
                next_lever[k, j] = lever[k, j]
        posture_at(solution.y[i], way, x)
        derivatives(x, way, by_y, by_coupling)
        for k in range(STATES):
            for j in range(m):
                spread[k, j] = 0.0
                for a in range(STATES):
                    spread[k, j] += by_y[k, a] * lever[a, j]
            for h in range(COUPLINGS):
                spread[k, SHANK_COUPLING - STATES + h] += by_coupling[k, h]
            for j in range(m):  # a column needs only those from it on
                value = 0.0
                for b in range(j, m):
                    value += spread[k, b] * shared_root[b, j]
                spread[k, j] = value
            for a in range(STATES):
                subtract_cross_information[k, a] = 0.0
                for b in range(STATES):
                    subtract_cross_information[k, a] += by_y[k, b] * own[b, a]
        for k in range(STATES):
            for a in range(STATES):
                value = 0.0
                for b in range(STATES):
                    value += subtract_cross_information[k, b] * by_y[a, b]
                for j in range(m):
                    value += spread[k, j] * spread[a, j]
                out[i, k, a] = value
