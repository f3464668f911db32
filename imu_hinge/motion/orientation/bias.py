"""Estimate the gyroscope's bias from inclination corrections, or from the angular rate itself at rest (Kalman filter).

It does not detect rest and does not correct orientations: `vqf_step` does.
"""

import math

from imu_hinge.jit import inlined
from imu_hinge.model import Array
from imu_hinge.motion.orientation.quaternion import Vector, dot, renormalize
from imu_hinge.motion.orientation.state import (
    BIAS,
    COV,
    DRIFT_LP,
    GYR_REST,
    KNOWN,
    PHASE,
    Q_IS,
    REST_S,
    SD,
    STRETCHES,
    TILT_SUM,
    TURN_LP,
    TURN_SUM,
    UP_LP,
    Coefficients,
    Index,
    Lowpass,
    load4,
    lowpass,
    lowpass3,
    lowpass_known,
    lowpass_now,
    retune,
    store4,
)

Covariance = tuple[float, float, float, float, float, float]


@inlined
def clip(x: float, limit: float) -> float:
    """Return x within ±limit."""
    return limit if x > limit else (-limit if x < -limit else x)


@inlined
def measure(bias: Vector, cov: Covariance, r: Vector, e: float, noise: float) -> tuple[Vector, Covariance]:
    """Take one scalar measurement ``r · bias`` (Kalman filter); return bias and covariance after it.

    Parameters
    ----------
    bias : 3 [rad/s]
    cov
        xx, xy, xz, yy, yz, zz [rad²/s²].
    r : 3
        Direction that is measured.
    e
        Innovation: measured less predicted [rad/s].
    noise
        Variance of the measurement [rad²/s²].
    """
    xx, xy, xz, yy, yz, zz = cov
    px = xx * r[0] + xy * r[1] + xz * r[2]  # P r
    py = xy * r[0] + yy * r[1] + yz * r[2]
    pz = xz * r[0] + yz * r[1] + zz * r[2]
    s = 1.0 / (noise + (r[0] * px + r[1] * py + r[2] * pz))
    kx, ky, kz = px * s, py * s, pz * s  # K = P r / s
    return (
        (bias[0] + kx * e, bias[1] + ky * e, bias[2] + kz * e),
        (xx - kx * px, xy - kx * py, xz - kx * pz, yy - ky * py, yz - ky * pz, zz - kz * pz),
    )


@inlined
def sd_bound(p: Coefficients, x: float, y: float, z: float) -> float:
    """Return an upper bound of the bias's standard deviation [rad/s], by Gershgorin's circles.

    Parameters
    ----------
    p
        Its ``cov_start`` is the most the bound can be.
    x, y, z
        Absolute row sums of the covariance [rad²/s²].
    """
    bound = max(max(x, y), z)
    return math.sqrt(bound if bound < p.cov_start else p.cov_start)


@inlined
def mean3(m: Array, row: Index, lane: Index, share: float) -> Vector:
    """Return the mean of a summed vector and start its sum anew.

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory, changed in place.
    row, lane
        First of the vector's three rows, and its column.
    share
        One over the number of samples in the sum.
    """
    mean = (m[row, lane] * share, m[row + 1, lane] * share, m[row + 2, lane] * share)
    m[row, lane] = m[row + 1, lane] = m[row + 2, lane] = 0.0
    return mean


@inlined
def ends_stretch(m: Array, p: Coefficients, lane: Index) -> bool:
    """Count one sample of the stretch and return whether it was the last.

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory, changed in place.
    p
        Its ``stretch`` is the length [samples].
    lane
    """
    phase = m[PHASE, lane] + 1.0
    is_end: bool = phase >= p.stretch
    m[PHASE, lane] = 0.0 if is_end else phase
    return is_end


@inlined
def next_stretch(m: Array, p: Coefficients, lane: Index) -> Lowpass:
    """Count one stretch and return its low-pass.

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory, changed in place.
    p
        Its ``slow_...`` are the low-pass after the running mean at the start.
    lane
    """
    count = m[STRETCHES, lane] + 1.0
    m[STRETCHES, lane] = count
    return lowpass_now(count, p.slow_start, p.slow_b0, p.slow_a1, p.slow_a2)


@inlined
def estimate_bias(m: Array, p: Coefficients, lane: Index, c: Lowpass) -> None:
    """Update the bias from a stretch's inclination corrections, or at rest from the angular rate (section 3.5).

    The bias changes over minutes, so a stretch of some samples is one measurement. Its three components are
    independent and taken one after the other: no matrix is inverted. A person at rest sways: after a rest of T the mean
    angular rate is known to sway / T, so a stretch's measurement has the variance sway² / (2 T stretch) at least.

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory; bias, covariance and sums are changed in place.
    p
    lane
    c
        Low-pass of this stretch, from `next_stretch`.

    Notes
    -----
    Laidig and Seel 2023, section 3.5, with a stretch in the place of a sample.
    """
    c = lowpass_known(m, lane, c, p.slow_known_b0, p.slow_known_a1, p.slow_known_a2)
    store4(m, Q_IS, lane, renormalize(load4(m, Q_IS, lane)))  # rounding takes it off unit length by 1e-15 meanwhile
    b = (m[BIAS, lane], m[BIAS + 1, lane], m[BIAS + 2, lane])
    r1 = mean3(m, TURN_SUM, lane, 1.0 / p.stretch)
    r2 = mean3(m, TURN_SUM + 3, lane, 1.0 / p.stretch)
    r3 = mean3(m, TURN_SUM + 6, lane, 1.0 / p.stretch)
    e1 = m[TILT_SUM, lane] / p.stretch_s + lowpass(m, DRIFT_LP, lane, c, dot(r1, b))
    e2 = m[TILT_SUM + 1, lane] / p.stretch_s + lowpass(m, DRIFT_LP + 2, lane, c, dot(r2, b))
    m[TILT_SUM, lane] = m[TILT_SUM + 1, lane] = 0.0
    r1 = lowpass3(m, TURN_LP, lane, c, r1)
    r2 = lowpass3(m, TURN_LP + 6, lane, c, r2)
    r3 = lowpass3(m, TURN_LP + 12, lane, c, r3)
    is_rest = m[REST_S, lane] >= p.rest_min_s
    r1 = (1.0, 0.0, 0.0) if is_rest else r1
    r2 = (0.0, 1.0, 0.0) if is_rest else r2
    r3 = (0.0, 0.0, 1.0) if is_rest else r3
    e1 = clip((m[GYR_REST, lane] if is_rest else e1) - dot(r1, b), p.bias_clip)
    e2 = clip((m[GYR_REST + 1, lane] if is_rest else e2) - dot(r2, b), p.bias_clip)
    e3 = clip((m[GYR_REST + 2, lane] if is_rest else 0.0) - dot(r3, b), p.bias_clip)
    noise_rest = p.noise_sway / (m[REST_S, lane] if is_rest else 1.0)
    noise_rest = noise_rest if noise_rest > p.noise_rest else p.noise_rest
    noise = noise_rest if is_rest else p.noise_motion
    noise_vertical = noise_rest if is_rest else p.noise_vertical
    xx, xy, xz = m[COV, lane], m[COV + 1, lane], m[COV + 2, lane]
    yy, yz, zz = m[COV + 3, lane], m[COV + 4, lane], m[COV + 5, lane]
    xx += p.cov_growth if xx < p.cov_start else 0.0  # P = P + V
    yy += p.cov_growth if yy < p.cov_start else 0.0
    zz += p.cov_growth if zz < p.cov_start else 0.0
    off, cov = measure((0.0, 0.0, 0.0), (xx, xy, xz, yy, yz, zz), r1, e1, noise)
    off, cov = measure(off, cov, r2, e2 - dot(r2, off), noise)
    off, cov = measure(off, cov, r3, e3 - dot(r3, off), noise_vertical)
    for axis in range(3):
        m[BIAS + axis, lane] = clip(b[axis] + off[axis], p.bias_clip)
    xx, xy, xz, yy, yz, zz = cov
    m[COV, lane], m[COV + 1, lane], m[COV + 2, lane] = xx, xy, xz
    m[COV + 3, lane], m[COV + 4, lane], m[COV + 5, lane] = yy, yz, zz
    m[SD, lane] = sd_bound(p, xx + abs(xy) + abs(xz), yy + abs(xy) + abs(yz), zz + abs(xz) + abs(yz))


@inlined
def choose_lowpass(m: Array, p: Coefficients, lane: Index, c: Lowpass) -> None:
    """Take the low-passes of a known bias once it is known, and those of an unknown one when it no longer is.

    A bias tilts in proportion to the time constant, movement the less the longer it is.

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory, changed in place.
    p
    lane
    c
        What `next_stretch` gave: before the running mean at the start is over nothing changes.
    """
    is_known = (m[SD, lane] < p.bias_known) & (c[1] > 0.0)
    if is_known == (m[KNOWN, lane] != 0.0):
        return
    up, slow = (
        (p.up_b0, 2.0 * p.up_b0, p.up_b0, p.up_a1, p.up_a2),
        (p.slow_b0, 2.0 * p.slow_b0, p.slow_b0, p.slow_a1, p.slow_a2),
    )
    up_known = (p.known_b0, 2.0 * p.known_b0, p.known_b0, p.known_a1, p.known_a2)
    slow_known = (p.slow_known_b0, 2.0 * p.slow_known_b0, p.slow_known_b0, p.slow_known_a1, p.slow_known_a2)
    for axis in range(3):
        retune(m, UP_LP + 2 * axis, lane, up if is_known else up_known, up_known if is_known else up)
    for value in range(11):  # TURN_LP and DRIFT_LP lie side by side
        retune(m, TURN_LP + 2 * value, lane, slow if is_known else slow_known, slow_known if is_known else slow)
    m[KNOWN, lane] = 1.0 if is_known else 0.0
