"""Multiply, rotate and turn by quaternions, as bare floats inside kernels; scalar-first everywhere.

It holds no filter and no arrays: every function takes and returns scalars or 4-tuples ``(w, x, y, z)``, so that LLVM
keeps them in registers and the same lines give the same bits with and without the JIT.
"""

from imu_hinge.jit import inlined

Quaternion = tuple[float, float, float, float]
Vector = tuple[float, float, float]


@inlined
def multiply(p: Quaternion, q: Quaternion) -> Quaternion:
    """Return the Hamilton product ``p ⊗ q``."""
    return (
        p[0] * q[0] - p[1] * q[1] - p[2] * q[2] - p[3] * q[3],
        p[0] * q[1] + p[1] * q[0] + p[2] * q[3] - p[3] * q[2],
        p[0] * q[2] - p[1] * q[3] + p[2] * q[0] + p[3] * q[1],
        p[0] * q[3] + p[1] * q[2] - p[2] * q[1] + p[3] * q[0],
    )


@inlined
def rotate(q_ab: Quaternion, x: float, y: float, z: float) -> Vector:
    """Return the vector (x, y, z) of frame b in frame a: ``v + 2 q × (q × v + w v)``.

    Parameters
    ----------
    q_ab
        Takes vectors of frame b to frame a; unit length.
    x, y, z
        In frame b.
    """
    w, i, j, k = q_ab
    tx = 2.0 * (j * z - k * y)
    ty = 2.0 * (k * x - i * z)
    tz = 2.0 * (i * y - j * x)
    return (
        x + w * tx + (j * tz - k * ty),
        y + w * ty + (k * tx - i * tz),
        z + w * tz + (i * ty - j * tx),
    )


@inlined
def renormalize(q: Quaternion) -> Quaternion:
    """Return an almost unit quaternion at unit length: one Newton step for 1/√(q·q) from 1, no root, no division."""
    scale = 1.5 - 0.5 * (q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3])
    return q[0] * scale, q[1] * scale, q[2] * scale, q[3] * scale


@inlined
def rotate_between(p_ab: Quaternion, q_ab: Quaternion, v: Vector) -> Vector:
    """Return the vector v of frame b in frame a, by the orientation half way between two less than a right angle apart.

    Half way lies h = p + q but for its length: with it, rotating is ``v + 2 h × (h × v + w v) / (h·h)``. As h·h is
    almost 4, three terms of a series stand for the division.

    Parameters
    ----------
    p_ab, q_ab
        Two orientations less than a right angle apart, unit length.
    v
        In frame b.
    """
    w, i, j, k = p_ab[0] + q_ab[0], p_ab[1] + q_ab[1], p_ab[2] + q_ab[2], p_ab[3] + q_ab[3]
    short = 1.0 - 0.25 * (w * w + i * i + j * j + k * k)
    scale = 0.5 + 0.5 * short * (1.0 + short)  # 2 / (h·h)
    tx, ty, tz = j * v[2] - k * v[1], k * v[0] - i * v[2], i * v[1] - j * v[0]
    return (
        v[0] + scale * (w * tx + (j * tz - k * ty)),
        v[1] + scale * (w * ty + (k * tx - i * tz)),
        v[2] + scale * (w * tz + (i * ty - j * tx)),
    )


@inlined
def to_matrix(q_ab: Quaternion) -> tuple[Vector, Vector, Vector]:
    """Return the rotation matrix row by row: each row is an axis of a, seen from b."""
    w, x, y, z = q_ab
    return (
        (1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)),
        (2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)),
        (2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)),
    )


@inlined
def dot(a: Vector, b: Vector) -> float:
    """Return the scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inlined
def from_rotation_vector(x: float, y: float, z: float) -> Quaternion:
    """Return the rotation by the rotation vector (x, y, z) [rad].

    With u = (angle/2)², cos(angle/2) and sin(angle/2)/(angle/2) are power series in u: no root, no case for zero.
    Cut after u⁹: exact to rounding below 115° per sample, to 1e-9 below 240°.

    Parameters
    ----------
    x, y, z
        Axis times angle [rad].
    """
    x, y, z = 0.5 * x, 0.5 * y, 0.5 * z
    u = x * x + y * y + z * z
    u2 = u * u
    u4 = u2 * u2
    c = (
        (1.0 - u * (1 / 2) + u2 * (1 / 24 - u * (1 / 720)))
        + u4 * ((1 / 40320 - u * (1 / 3628800)) + u2 * (1 / 479001600 - u * (1 / 87178291200)))
        + u4 * u4 * (1 / 20922789888000 - u * (1 / 6402373705728000))
    )
    s = (
        (1.0 - u * (1 / 6) + u2 * (1 / 120 - u * (1 / 5040)))
        + u4 * ((1 / 362880 - u * (1 / 39916800)) + u2 * (1 / 6227020800 - u * (1 / 1307674368000)))
        + u4 * u4 * (1 / 355687428096000 - u * (1 / 121645100408832000))
    )
    return c, s * x, s * y, s * z
