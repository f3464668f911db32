"""Follow the planar chain from ankle to bar: where each point is, and how that changes with every unknown.

It does not know what was measured; `evidence` compares these points with sensors and the bar.

Notes
-----
The sagittal plane, x forward and z up, the ankle at x = 0 (facts/biomechanics.md, 5.1). A vector (a, b) that is
inclined by an angle t lies at (a cos t + b sin t, -a sin t + b cos t); turning it further by dt moves its end by
(z, -x) dt. Every Jacobian below is made of this one rule.

A Jacobian has one column per unknown: first the posture (`SHANK` to `THORACIC`), then what is shared by the whole
set (`SIZE` on, see `shared_unknowns`). Lengths are known up to a factor, of which the unknown is the logarithm.
"""

from __future__ import annotations

import math
from typing import Final

import numba
import numpy as np
import numpy.typing as npt

from imu_hinge.motion.anthropometry import Body, CarriedMass

Array = npt.NDArray[np.float64]

SHANK: Final = 0
"""Forward lean of the shank."""
THIGH: Final = 1
"""Backward lean of the thigh."""
PELVIS: Final = 2
"""Forward tilt of the pelvis."""
LUMBAR: Final = 3
"""Lumbar flexion, an arc of constant curvature."""
THORACIC: Final = 4
"""Flexion of the thorax above T12/L1."""
STATES: Final = 5

SIZE: Final = 5
"""Logarithm of the factor on all lengths; the columns after it are those of one segment each."""
LOG_SHANK, LOG_THIGH, LOG_PELVIS, LOG_LUMBAR, LOG_THORAX, LOG_ARM = range(6, 12)
MID_FOOT: Final = 12
"""How far mid-foot is ahead of the ankle [m]."""


@numba.njit(cache=True)
def scaled(body: Body, log_factor: Array) -> Body:
    """Return the body with every length times its factor; ``log_factor`` is (7,): `SIZE`, then one per segment."""
    size = log_factor[0]
    pelvis = math.exp(size + log_factor[3])
    return Body(
        body.ankle * math.exp(size),
        body.shank * math.exp(size + log_factor[1]),
        body.thigh * math.exp(size + log_factor[2]),
        body.pelvis_x * pelvis,
        body.pelvis_z * pelvis,
        body.lumbar * math.exp(size + log_factor[4]),
        body.thorax * math.exp(size + log_factor[5]),
        body.arm * math.exp(size + log_factor[6]),
    )


@numba.njit(cache=True)
def turn(jac: Array, column: int, tx: float, tz: float) -> None:
    """Add to one column of the Jacobian (2, k) what a turn of the vector (tx, tz) does."""
    jac[0, column] += tz
    jac[1, column] -= tx


@numba.njit(cache=True)
def add_segment(pos: Array, jac: Array, a: float, b: float, column: int) -> None:
    """Add (a, b) to a point and its length's part to the Jacobian's ``column`` and to `SIZE`."""
    pos[0] += a
    pos[1] += b
    jac[0, SIZE] += a
    jac[1, SIZE] += b
    jac[0, column] += a
    jac[1, column] += b


@numba.njit(cache=True)
def add_legs(x: Array, body: Body, pos: Array, jac: Array, share: tuple[float, float]) -> None:
    """Go from the ankle to the hip joint, minus the same in quiet standing; ``share`` of shank and of thigh."""
    sx, sz = body.shank * math.sin(x[SHANK]) * share[0], body.shank * math.cos(x[SHANK]) * share[0]
    add_segment(pos, jac, sx, sz - body.shank * share[0], LOG_SHANK)
    turn(jac, SHANK, sx, sz)
    tx, tz = -body.thigh * math.sin(x[THIGH]) * share[1], body.thigh * math.cos(x[THIGH]) * share[1]
    add_segment(pos, jac, tx, tz - body.thigh * share[1], LOG_THIGH)
    turn(jac, THIGH, -tx, -tz)  # the thigh leans backward


@numba.njit(cache=True)
def add_pelvis(x: Array, body: Body, pos: Array, jac: Array, share: float) -> None:
    """Go on from the hip joint to L5/S1, minus the same in quiet standing."""
    a, b = body.pelvis_x * share, body.pelvis_z * share
    cos, sin = math.cos(x[PELVIS]), math.sin(x[PELVIS])
    px, pz = a * cos + b * sin, -a * sin + b * cos
    add_segment(pos, jac, px - a, pz - b, LOG_PELVIS)
    turn(jac, PELVIS, px, pz)


@numba.njit(cache=True)
def chord(angle: float) -> tuple[float, float]:
    """Return sin(angle) / angle, an arc's chord over its length, and its derivative."""
    if abs(angle) < 1e-3:
        return 1.0 - angle * angle / 6.0, -angle / 3.0
    value = math.sin(angle) / angle
    return value, (math.cos(angle) - value) / angle


@numba.njit(cache=True)
def add_arc(x: Array, body: Body, pos: Array, jac: Array, part: tuple[float, float]) -> None:
    """Go on from L5/S1 along the lumbar arc, minus the same in quiet standing.

    ``part`` is how much of the arc's length is followed, and by which share the result counts.
    """
    along, share = part
    half = 0.5 * along * x[LUMBAR]
    value, slope = chord(half)
    length = body.lumbar * along * share
    lean = x[PELVIS] + half
    sin, cos = math.sin(lean), math.cos(lean)
    lx, lz = length * value * sin, length * value * cos
    add_segment(pos, jac, lx, lz - length, LOG_LUMBAR)
    turn(jac, PELVIS, lx, lz)
    half_lumbar = 0.5 * along
    jac[0, LUMBAR] += half_lumbar * (lz + length * slope * sin)
    jac[1, LUMBAR] += half_lumbar * (-lx + length * slope * cos)


@numba.njit(cache=True)
def add_thorax(x: Array, body: Body, pos: Array, jac: Array, share: float) -> None:
    """Go on from T12/L1 to the shoulder, minus the same in quiet standing."""
    lean = x[PELVIS] + x[LUMBAR] + 0.5 * x[THORACIC]
    length = body.thorax * share
    tx, tz = length * math.sin(lean), length * math.cos(lean)
    add_segment(pos, jac, tx, tz - length, LOG_THORAX)
    turn(jac, PELVIS, tx, tz)
    turn(jac, LUMBAR, tx, tz)
    turn(jac, THORACIC, 0.5 * tx, 0.5 * tz)


@numba.njit(cache=True)
def shoulder_from_standing(x: Array, body: Body, pos: Array, jac: Array) -> None:
    """Write the shoulder's way from quiet standing [m] to ``pos`` (2,) and its Jacobian to ``jac`` (2, k).

    Both are overwritten. ``x`` (5,) is the posture [rad].
    """
    pos[:] = 0.0
    jac[:] = 0.0
    add_legs(x, body, pos, jac, (1.0, 1.0))
    add_pelvis(x, body, pos, jac, 1.0)
    add_arc(x, body, pos, jac, (1.0, 1.0))
    add_thorax(x, body, pos, jac, 1.0)


@numba.njit(cache=True)
def mass_from_standing(x: Array, body: Body, mass: CarriedMass, pos: Array, jac: Array) -> None:
    """Write the way of the body's centre of mass from quiet standing [m] and its Jacobian; both are overwritten."""
    pos[:] = 0.0
    jac[:] = 0.0
    add_legs(x, body, pos, jac, (mass.shank, mass.thigh))
    add_pelvis(x, body, pos, jac, mass.pelvis)
    add_arc(x, body, pos, jac, (1.0, mass.lumbar))
    add_thorax(x, body, pos, jac, mass.thorax)


@numba.njit(cache=True)
def bar_from_soles(x: Array, body: Body, mid_foot: float, pos: Array, jac: Array) -> float:
    """Return the height of the bar that hangs from straight arms over mid-foot [m, above the soles].

    ``pos`` (2,) becomes the shoulder, forward from the ankle and up from the soles; ``jac`` row 0 the derivative of
    how far the shoulder is ahead of mid-foot, row 1 that of the bar's height. ``mid_foot`` is column `MID_FOOT`.
    """
    shoulder_from_standing(x, body, pos, jac)
    standing = body.shank + body.thigh + body.pelvis_z + body.lumbar + body.thorax
    pos[0] += body.pelvis_x
    pos[1] += body.ankle + standing
    jac[0, SIZE] += body.pelvis_x
    jac[0, LOG_PELVIS] += body.pelvis_x
    jac[0, MID_FOOT] = -1.0
    jac[1, SIZE] += body.ankle + standing
    jac[1, LOG_SHANK] += body.shank
    jac[1, LOG_THIGH] += body.thigh
    jac[1, LOG_PELVIS] += body.pelvis_z
    jac[1, LOG_LUMBAR] += body.lumbar
    jac[1, LOG_THORAX] += body.thorax
    ahead = min(max(pos[0] - mid_foot, -0.9 * body.arm), 0.9 * body.arm)
    drop = math.sqrt(body.arm * body.arm - ahead * ahead)
    for k in range(jac.shape[1]):  # the bar rises as the shoulder moves away from above it
        jac[1, k] += ahead / drop * jac[0, k]
    jac[1, SIZE] -= body.arm * body.arm / drop
    jac[1, LOG_ARM] -= body.arm * body.arm / drop
    return pos[1] - drop
