"""Filter one sample after the other: strapdown, inclination correction, rest, gyroscope bias; the method's kernel.

It checks nothing and allocates nothing: `orientation` does both and is what others call.

The method is VQF, 6-axis (Laidig and Seel, "VQF: Highly accurate IMU orientation estimation with bias estimation and
magnetic disturbance rejection", Information Fusion 91, 2023), written anew. Frames: ``s`` sensor, ``i`` almost inertial
(the gyroscope's own integral, it drifts slowly), ``w`` world with z up. Its three parts: the acceleration is low-pass
filtered in ``i``, where gravity is nearly constant and movement averages out; the inclination of ``i`` is corrected at
every sample so that the filtered acceleration points up; a Kalman filter takes that correction, or the gyroscope itself
at rest, as a measurement of the gyroscope's bias.
"""

import math
from typing import NamedTuple

from numba import njit

from imu_hinge.model import Array
from imu_hinge.motion.quaternion import Quaternion, Vector, multiply, renormalize, rotate, turn

Lowpass = tuple[float, float, float, float, float]
Covariance = tuple[float, float, float, float, float, float]

# Rows of State.memory, and how many each takes.
Q_IS = 0  # 4: strapdown orientation, sensor to almost inertial
Q_WI = 4  # 4: inclination correction, almost inertial to world
BIAS = 8  # 3: gyroscope bias [rad/s, sensor]
COV = 11  # 6: its covariance xx xy xz yy yz zz [rad²/s²]
UP_LP = 17  # 6: low-pass of the acceleration in i, two memories per axis
TILT_LP = 23  # 18: low-pass of the rotation matrix sensor to world
DRIFT_LP = 41  # 4: low-pass of the bias in the world, horizontal part
GYR_LP = 45  # 6: low-pass of the angular rate, for rest
ACC_LP = 51  # 6: low-pass of the acceleration, for rest
REST_S = 57  # 1: how long the sensor has been at rest [s]
COUNT = 58  # 1: samples since the low-passes started
ROWS = 59

# Columns of the output.
OUT_Q, OUT_BIAS, OUT_SD, OUT_REST, OUT_COLUMNS = 0, 4, 7, 8, 9


class Params(NamedTuple):
    """Hold what `orientation.params` derived from the sample rate; the kernel only reads it.

    A low-pass is (b0, a1, a2) of a second-order Butterworth filter and the number of samples it averages at its start.
    """

    dt: float
    up_b0: float
    up_a1: float
    up_a2: float
    up_start: float
    rest_b0: float
    rest_a1: float
    rest_a2: float
    rest_start: float
    rest_gyr: float
    rest_acc: float
    rest_min_s: float
    bias_clip: float
    cov_start: float
    cov_growth: float
    noise_rest: float
    noise_motion: float
    noise_vertical: float


class State(NamedTuple):
    """Hold everything the filter remembers: copy or save the array and the filter goes on from there.

    memory : (59, lanes)
        Rows as named at the top of this module; one column per recording filtered side by side, usually one.
    """

    memory: Array


@njit(cache=True, forceinline=True)
def lowpass_now(count: float, start: float, b0: float, a1: float, a2: float) -> Lowpass:
    """Return this sample's (b0, b1, b2, a1, a2): a running mean for the first `start` samples, then Butterworth.

    The mean's last sample leaves the memory a steady signal would have left, so the hand-over has no transient.
    """
    if count > start:
        return b0, 2.0 * b0, b0, a1, a2
    if count + 1.0 > start:
        return 1.0 / count, 0.0, 0.0, b0 - 1.0, a2 - b0
    return 1.0 / count, 0.0, 0.0, 1.0 / (count + 1.0) - 1.0, 0.0


@njit(cache=True, forceinline=True)
def lowpass(m: Array, row: int, lane: int, c: Lowpass, x: float) -> float:
    """Filter one value; its two memories are rows `row` and `row + 1` (direct form II, transposed)."""
    y = c[0] * x + m[row, lane]
    m[row, lane] = c[1] * x - c[3] * y + m[row + 1, lane]
    m[row + 1, lane] = c[2] * x - c[4] * y
    return y


@njit(cache=True, forceinline=True)
def lowpass3(m: Array, row: int, lane: int, c: Lowpass, v: Vector) -> Vector:
    """Filter one vector."""
    return (
        lowpass(m, row, lane, c, v[0]),
        lowpass(m, row + 2, lane, c, v[1]),
        lowpass(m, row + 4, lane, c, v[2]),
    )


@njit(cache=True, forceinline=True)
def load4(m: Array, row: int, lane: int) -> Quaternion:
    """Return four rows of the memory."""
    return m[row, lane], m[row + 1, lane], m[row + 2, lane], m[row + 3, lane]


@njit(cache=True, forceinline=True)
def store4(m: Array, row: int, lane: int, q: Quaternion) -> None:
    """Set four rows of the memory."""
    m[row, lane], m[row + 1, lane], m[row + 2, lane], m[row + 3, lane] = q


@njit(cache=True, forceinline=True)
def clip(x: float, limit: float) -> float:
    """Return x within ±limit."""
    return limit if x > limit else (-limit if x < -limit else x)


@njit(cache=True, forceinline=True)
def detect_rest(
    m: Array, p: Params, lane: int, c: Lowpass, gyr: Vector, acc: Vector
) -> tuple[bool, float, float, float]:
    """Return whether the sensor has rested for long enough, and its filtered angular rate (section 3.4)."""
    gx, gy, gz = lowpass3(m, GYR_LP, lane, c, gyr)
    ax, ay, az = lowpass3(m, ACC_LP, lane, c, acc)
    dx, dy, dz = gyr[0] - gx, gyr[1] - gy, gyr[2] - gz
    ex, ey, ez = acc[0] - ax, acc[1] - ay, acc[2] - az
    is_quiet = (
        (dx * dx + dy * dy + dz * dz < p.rest_gyr * p.rest_gyr)
        & (ex * ex + ey * ey + ez * ez < p.rest_acc * p.rest_acc)
        & (abs(gx) <= p.bias_clip)
        & (abs(gy) <= p.bias_clip)
        & (abs(gz) <= p.bias_clip)
    )
    rest_s = m[REST_S, lane] + p.dt if is_quiet else 0.0
    m[REST_S, lane] = rest_s
    return rest_s >= p.rest_min_s, gx, gy, gz


@njit(cache=True, forceinline=True)
def measure(bias: Vector, cov: Covariance, r: Vector, e: float, noise: float) -> tuple[Vector, Covariance]:
    """Take one scalar measurement ``r · bias`` that is off by `e`, with variance `noise` (Kalman filter)."""
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


@njit(cache=True, forceinline=True)
def estimate_bias(
    m: Array, p: Params, lane: int, c: Lowpass, q_ws: Quaternion, tilt: Vector, rest: tuple[bool, float, float, float]
) -> None:
    """Update the bias from the inclination correction, or from the angular rate itself at rest (section 3.5).

    `tilt` is the unit vector of the filtered acceleration before the correction: (0, 0, 1) if nothing was to correct.
    The three components are independent, so they are taken one after the other: no matrix is inverted.
    """
    w, x, y, z = q_ws
    bx, by, bz = m[BIAS, lane], m[BIAS + 1, lane], m[BIAS + 2, lane]
    r1 = (1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y))
    r2 = (2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x))
    r3 = (2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y))
    drift_x = lowpass(m, DRIFT_LP, lane, c, r1[0] * bx + r1[1] * by + r1[2] * bz)
    drift_y = lowpass(m, DRIFT_LP + 2, lane, c, r2[0] * bx + r2[1] * by + r2[2] * bz)
    r1 = lowpass3(m, TILT_LP, lane, c, r1)
    r2 = lowpass3(m, TILT_LP + 6, lane, c, r2)
    r3 = lowpass3(m, TILT_LP + 12, lane, c, r3)
    e1 = drift_x - tilt[1] / p.dt - (r1[0] * bx + r1[1] * by + r1[2] * bz)
    e2 = drift_y + tilt[0] / p.dt - (r2[0] * bx + r2[1] * by + r2[2] * bz)
    e3 = -(r3[0] * bx + r3[1] * by + r3[2] * bz)
    is_rest, gx, gy, gz = rest
    r1 = (1.0, 0.0, 0.0) if is_rest else r1
    r2 = (0.0, 1.0, 0.0) if is_rest else r2
    r3 = (0.0, 0.0, 1.0) if is_rest else r3
    e1 = clip(gx - bx if is_rest else e1, p.bias_clip)
    e2 = clip(gy - by if is_rest else e2, p.bias_clip)
    e3 = clip(gz - bz if is_rest else e3, p.bias_clip)
    noise = p.noise_rest if is_rest else p.noise_motion
    noise_vertical = p.noise_rest if is_rest else p.noise_vertical
    xx, xy, xz = m[COV, lane], m[COV + 1, lane], m[COV + 2, lane]
    yy, yz, zz = m[COV + 3, lane], m[COV + 4, lane], m[COV + 5, lane]
    xx += p.cov_growth if xx < p.cov_start else 0.0  # P = P + V
    yy += p.cov_growth if yy < p.cov_start else 0.0
    zz += p.cov_growth if zz < p.cov_start else 0.0
    off, cov = measure((0.0, 0.0, 0.0), (xx, xy, xz, yy, yz, zz), r1, e1, noise)
    off, cov = measure(off, cov, r2, e2 - (r2[0] * off[0] + r2[1] * off[1] + r2[2] * off[2]), noise)
    off, cov = measure(off, cov, r3, e3 - (r3[0] * off[0] + r3[1] * off[1] + r3[2] * off[2]), noise_vertical)
    m[BIAS, lane] = clip(bx + off[0], p.bias_clip)
    m[BIAS + 1, lane] = clip(by + off[1], p.bias_clip)
    m[BIAS + 2, lane] = clip(bz + off[2], p.bias_clip)
    m[COV, lane], m[COV + 1, lane], m[COV + 2, lane], m[COV + 3, lane], m[COV + 4, lane], m[COV + 5, lane] = cov


@njit(cache=True, forceinline=True)
def correct_inclination(q_wi: Quaternion, up: Vector) -> tuple[Quaternion, Vector]:
    """Turn i by the shortest way so that `up` (in i) points up; return also its direction in w before (section 3.3)."""
    x, y, z = rotate(q_wi, up[0], up[1], up[2])
    length = math.sqrt(x * x + y * y + z * z)
    scale = 1.0 / length if length > 0.0 else 0.0  # nothing is felt in free fall: nothing to correct
    x, y, z = x * scale, y * scale, z * scale if length > 0.0 else 1.0
    half = 0.5 * (1.0 + z)
    is_upside_down = half < 1e-12
    w = math.sqrt(half)
    scale = 0.5 / (1.0 if is_upside_down else w)
    correction = (0.0 if is_upside_down else w, 1.0 if is_upside_down else y * scale, -x * scale, 0.0)
    return renormalize(multiply(correction, q_wi)), (x, y, z)


@njit(cache=True, forceinline=True)
def step(m: Array, p: Params, lane: int, up: Lowpass, quiet: Lowpass, gyr: Vector, acc: Vector) -> bool:
    """Take one sample of one lane; return whether the sensor is at rest. The rest is in the memory."""
    rest = detect_rest(m, p, lane, quiet, gyr, acc)
    wx, wy, wz = gyr[0] - m[BIAS, lane], gyr[1] - m[BIAS + 1, lane], gyr[2] - m[BIAS + 2, lane]
    q_is = renormalize(multiply(load4(m, Q_IS, lane), turn(wx * p.dt, wy * p.dt, wz * p.dt)))
    up_i = lowpass3(m, UP_LP, lane, up, rotate(q_is, acc[0], acc[1], acc[2]))
    q_wi, tilt = correct_inclination(load4(m, Q_WI, lane), up_i)
    store4(m, Q_IS, lane, q_is)
    store4(m, Q_WI, lane, q_wi)
    estimate_bias(m, p, lane, up, multiply(q_wi, q_is), tilt, rest)
    return rest[0]


@njit(cache=True, forceinline=True)
def bias_sd(m: Array, p: Params, lane: int) -> float:
    """Return an upper bound of the bias's standard deviation [rad/s]: Gershgorin's, of the largest eigenvalue."""
    xy, xz, yz = abs(m[COV + 1, lane]), abs(m[COV + 2, lane]), abs(m[COV + 4, lane])
    bound = max(max(m[COV, lane] + xy + xz, m[COV + 3, lane] + xy + yz), m[COV + 5, lane] + xz + yz)
    return math.sqrt(min(bound, p.cov_start))


@njit(cache=True, forceinline=True)
def lowpasses_now(m: Array, p: Params, lane: int) -> tuple[Lowpass, Lowpass]:
    """Count one sample and return the two low-passes for it: of acceleration in i, and of rest detection."""
    count = m[COUNT, lane] + 1.0
    m[COUNT, lane] = count
    return (
        lowpass_now(count, p.up_start, p.up_b0, p.up_a1, p.up_a2),
        lowpass_now(count, p.rest_start, p.rest_b0, p.rest_a1, p.rest_a2),
    )


@njit(cache=True, forceinline=True)
def restart(m: Array, lane: int) -> None:
    """Forget what the low-passes know, after a gap: inclination starts anew, bias and heading stay."""
    for row in range(UP_LP, ROWS):
        m[row, lane] = 0.0


@njit(cache=True, nogil=True)
def update(state: State, params: Params, gyr: Array, acc: Array, out: Array) -> None:
    """Filter a block of any length, one recording; any split of the same samples gives the same bits.

    gyr : (n, 3) [rad/s, sensor]
    acc : (n, 3) [m/s², sensor]
    out : (n, 9), written: q_ws (4), bias [rad/s, sensor] (3), its standard deviation [rad/s], 1.0 at rest.
    """
    m = state.memory
    for i in range(gyr.shape[0]):
        up, quiet = lowpasses_now(m, params, 0)
        is_rest = step(m, params, 0, up, quiet, (gyr[i, 0], gyr[i, 1], gyr[i, 2]), (acc[i, 0], acc[i, 1], acc[i, 2]))
        q_ws = multiply(load4(m, Q_WI, 0), load4(m, Q_IS, 0))
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = q_ws
        out[i, 4], out[i, 5], out[i, 6] = m[BIAS, 0], m[BIAS + 1, 0], m[BIAS + 2, 0]
        out[i, OUT_SD] = bias_sd(m, params, 0)
        out[i, OUT_REST] = 1.0 if is_rest else 0.0
