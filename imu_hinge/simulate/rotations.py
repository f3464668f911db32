"""Turn vectors and bones: the few quaternion formulas the simulator needs, scalar first.

It is not `motion.orientation.quaternion`: the simulator shares no code with what it is there to check.
"""

from __future__ import annotations

import numpy as np

from imu_hinge.model import Array


def multiply(p: Array, q: Array) -> Array:
    """Return the product of quaternions, (..., 4)."""
    pw, px, py, pz = np.moveaxis(p, -1, 0)
    qw, qx, qy, qz = np.moveaxis(q, -1, 0)
    return np.stack(
        [
            pw * qw - px * qx - py * qy - pz * qz,
            pw * qx + px * qw + py * qz - pz * qy,
            pw * qy - px * qz + py * qw + pz * qx,
            pw * qz + px * qy - py * qx + pz * qw,
        ],
        axis=-1,
    )


def conjugate(q: Array) -> Array:
    """Return the inverse of unit quaternions, (..., 4)."""
    return np.asarray(q * np.array([1.0, -1.0, -1.0, -1.0]))


def rotate(q: Array, v: Array) -> Array:
    """Rotate vectors (..., 3) by quaternions (..., 4)."""
    axis = q[..., 1:]
    twice = 2.0 * np.cross(axis, v)
    return np.asarray(v + q[..., :1] * twice + np.cross(axis, twice))


def orientation(inclination: Array, side: Array, from_rotation_vector: Array) -> Array:
    """Return quaternions, body to world: heading and turn about z, then side bend about x, then inclination about y.

    Parameters
    ----------
    inclination : (n,) [rad]
        Forward positive.
    side : (n,) [rad]
        About x.
    from_rotation_vector : (n,) [rad]
        Heading with axial turn, about z.

    Returns
    -------
    (n, 4)
        Scalar first.
    """
    cz, sz = np.cos(from_rotation_vector / 2), np.sin(from_rotation_vector / 2)
    cx, sx = np.cos(side / 2), np.sin(side / 2)
    cy, sy = np.cos(inclination / 2), np.sin(inclination / 2)
    return np.stack(
        [
            cz * cx * cy - sz * sx * sy,
            cz * sx * cy - sz * cx * sy,
            cz * cx * sy + sz * sx * cy,
            cz * sx * sy + sz * cx * cy,
        ],
        axis=-1,
    )


def from_rotation_vector(rotation_vector: Array) -> Array:
    """Return the quaternion of a rotation vector, (4,)."""
    angle = float(np.linalg.norm(rotation_vector))
    half = 0.5 * np.sinc(angle / (2 * np.pi)) * rotation_vector
    return np.array([np.cos(angle / 2), *half])
