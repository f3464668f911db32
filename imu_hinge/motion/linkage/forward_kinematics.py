"""Follow the planar chain from ankle to bar: where each point is, and how that changes with every unknown.

It does not know what was measured; `factors` compares these points with sensors and the bar.

Notes
-----
The sagittal plane, x forward and z up, the ankle at x = 0 (docs/biomechanics.md, 5.1). A vector (a, b) that is
inclined by an angle t lies at (a cos t + b sin t, -a sin t + b cos t); turning it further by dt moves its end by
(z, -x) dt. Every derivative below is made of this one rule. A point of the body is a weighted sum of the segments'
vectors: the shoulder of all, the hip of the legs' two, the centre of mass of all, each with the mass it carries.

A Jacobian has one column per unknown: first the posture (`SHANK` to `THORACIC`), then what is shared by the whole
set (`SIZE` on, see `set_parameters`). Lengths are known up to a factor, of which the unknown is the logarithm.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.jit import kernel, subroutine
from imu_hinge.motion.linkage.anthropometry import Body
from imu_hinge.motion.linkage.layout import (
    LOG_ARM,
    LOG_LUMBAR,
    LOG_PELVIS,
    LOG_SHANK,
    LOG_THIGH,
    LOG_THORAX,
    LUMBAR,
    MID_FOOT,
    PART,
    PELVIS,
    SEGMENTS,
    SIZE,
    STATES,
    THORACIC,
)

Array = npt.NDArray[np.float64]


class Chain(NamedTuple):
    """Hold the segments' vectors at one posture.

    Parameters
    ----------
    end, standing : (6, 2) [m]
        From each segment's lower to its upper end, now and in quiet standing.
    slope : (6, 5, 2) [m/rad]
        Derivative of ``end`` by the posture.
    turned_by : (5, 5)
        Which angle inclines which segment.
    """

    end: Array
    standing: Array
    slope: Array
    turned_by: Array


def empty_chain() -> Chain:
    """Return room for one posture."""
    turned_by = np.diag([1.0, -1.0, 1.0, 0.0, 0.5])  # the thigh leans backward; the arc is placed by itself
    turned_by[THORACIC, PELVIS] = turned_by[THORACIC, LUMBAR] = 1.0
    return Chain(np.zeros((SEGMENTS, 2)), np.zeros((SEGMENTS, 2)), np.zeros((SEGMENTS, STATES, 2)), turned_by)


@kernel
def scaled(body: Body, u: Array) -> Body:
    """Return the body with every length times its factor; ``u`` is numbered like the columns of a Jacobian."""
    size, pelvis = math.exp(u[SIZE]), math.exp(u[SIZE] + u[LOG_PELVIS])
    return Body(
        body.ankle * size,
        body.shank * size * math.exp(u[LOG_SHANK]),
        body.thigh * size * math.exp(u[LOG_THIGH]),
        body.pelvis_x * pelvis,
        body.pelvis_z * pelvis,
        body.lumbar * size * math.exp(u[LOG_LUMBAR]),
        body.thorax * size * math.exp(u[LOG_THORAX]),
        body.arm * size * math.exp(u[LOG_ARM]),
    )


@subroutine
def place_arc(chain: Chain, segment: int, x: Array, length: float, along: float) -> None:
    """Write the lumbar arc from L5/S1 on: its chord is inclined half way.

    Parameters
    ----------
    chain
    segment
        Which of its rows is written: `LUMBAR` or `PART`.
    x : (5,) [rad]
        Posture.
    length
        Of the whole arc [m].
    along
        Share of its length up to which it is placed.
    """
    half = 0.5 * along * x[LUMBAR]
    chord, slope = 1.0 - half * half / 6.0, -half / 3.0  # sin(h) / h and its derivative
    if abs(half) > 1e-3:
        chord = math.sin(half) / half
        slope = (math.cos(half) - chord) / half
    cos, sin = math.cos(x[PELVIS] + half), math.sin(x[PELVIS] + half)
    long, longer = length * along * chord, length * along * slope * 0.5 * along
    chain.standing[segment, 1] = length * along
    chain.end[segment, 0], chain.end[segment, 1] = long * sin, long * cos
    chain.slope[segment, PELVIS, 0], chain.slope[segment, PELVIS, 1] = long * cos, -long * sin
    chain.slope[segment, LUMBAR, 0] = 0.5 * along * long * cos + longer * sin
    chain.slope[segment, LUMBAR, 1] = -0.5 * along * long * sin + longer * cos


@kernel
def place_all(chain: Chain, x: Array, body: Body) -> None:
    """Write every segment at a posture, all but `PART`.

    Parameters
    ----------
    chain
        Overwritten.
    x : (5,) [rad]
        Posture.
    body
        Lengths [m].
    """
    standing = chain.standing
    standing[0, 1], standing[1, 1], standing[4, 1] = body.shank, body.thigh, body.thorax
    standing[2, 0], standing[2, 1] = body.pelvis_x, body.pelvis_z
    for s in range(PART):
        inclination = 0.0
        for k in range(STATES):
            inclination += chain.turned_by[s, k] * x[k]
        cos, sin = math.cos(inclination), math.sin(inclination)
        forward = standing[s, 0] * cos + standing[s, 1] * sin
        upward = -standing[s, 0] * sin + standing[s, 1] * cos
        chain.end[s, 0], chain.end[s, 1] = forward, upward
        for k in range(STATES):
            chain.slope[s, k, 0] = chain.turned_by[s, k] * upward
            chain.slope[s, k, 1] = -chain.turned_by[s, k] * forward
    place_arc(chain, LUMBAR, x, body.lumbar, 1.0)


@kernel
def point(chain: Chain, weights: Array, pos: Array, jac: Array) -> None:
    """Write where a point of the body has gone from quiet standing, and its derivative.

    Parameters
    ----------
    chain
        Placed.
    weights : (6,)
        How much of each segment leads to the point.
    pos : (2,) [m]
        Forward and up; overwritten.
    jac : (2, c)
        By the posture and the shared unknowns; overwritten.
    """
    for d in range(2):
        pos[d] = 0.0
        for k in range(jac.shape[1]):
            jac[d, k] = 0.0
        for s in range(SEGMENTS):
            weight = weights[s]
            if weight == 0.0:
                continue
            moved = weight * (chain.end[s, d] - chain.standing[s, d])
            pos[d] += moved
            jac[d, SIZE] += moved
            jac[d, LOG_LUMBAR if s == PART else LOG_SHANK + s] += moved
            for k in range(STATES):
                jac[d, k] += weight * chain.slope[s, k, d]


@kernel
def hanging_bar(chain: Chain, body: Body, mid_foot: float, pos: Array, jac: Array) -> None:
    """Turn the shoulder's `point` into what the bar in straight arms over mid-foot tells.

    Parameters
    ----------
    chain
        Placed.
    body
        Lengths [m].
    mid_foot
        How far it is ahead of the ankle [m].
    pos : (2,) [m]
        Becomes how far the shoulder is ahead of mid-foot and how high the bar is above the soles.
    jac : (2, c)
        Becomes their derivatives.
    """
    for d in range(2):
        for s in range(PART):  # from the way since standing to the place
            pos[d] += chain.standing[s, d]
            jac[d, SIZE] += chain.standing[s, d]
            jac[d, LOG_SHANK + s] += chain.standing[s, d]
    pos[0] -= mid_foot
    jac[0, MID_FOOT] = -1.0
    ahead = min(max(pos[0], -0.9 * body.arm), 0.9 * body.arm)
    drop = math.sqrt(body.arm * body.arm - ahead * ahead)
    for k in range(jac.shape[1]):  # the bar rises as the shoulder moves away from above it
        jac[1, k] += ahead / drop * jac[0, k]
    pos[1] += body.ankle - drop
    jac[1, SIZE] += body.ankle - body.arm * body.arm / drop
    jac[1, LOG_ARM] -= body.arm * body.arm / drop
