"""Filter one sample after the other: strapdown, inclination correction, rest, gyroscope bias; the method's kernel.

It checks nothing and allocates nothing: `filter` does both and is what others call.

The method is VQF, 6-axis (Laidig and Seel, "VQF: Highly accurate IMU orientation estimation with bias estimation and
magnetic disturbance rejection", Information Fusion 91, 2023), written anew. Frames: ``s`` sensor, ``i`` almost inertial
(the gyroscope's own integral, it drifts slowly), ``w`` world with z up. Its three parts: the acceleration is low-pass
filtered in ``i``, where gravity is nearly constant and movement averages out; the inclination of ``i`` is corrected at
every sample so that the filtered acceleration points up; a Kalman filter takes that correction, or the gyroscope itself
at rest, as a measurement of the gyroscope's bias.
"""

import math

from imu_hinge.jit import inlined, kernel
from imu_hinge.model import Array
from imu_hinge.motion.orientation.bias import choose_lowpass, ends_stretch, estimate_bias, next_stretch
from imu_hinge.motion.orientation.quaternion import (
    Quaternion,
    Vector,
    dot,
    from_rotation_vector,
    multiply,
    rotate,
    rotate_between,
    to_matrix,
)
from imu_hinge.motion.orientation.state import (
    ACC_LP,
    BIAS,
    CONSTANTS,
    COUNT,
    GYR_LP,
    GYR_REST,
    ONLY,
    OUT_REST,
    OUT_SD,
    Q_IS,
    Q_WI,
    REST_S,
    SD,
    TILT_SUM,
    TURN_SUM,
    UP_LP,
    Coefficients,
    Index,
    Lowpass,
    add3,
    coefficients,
    load4,
    lowpass3,
    lowpass_known,
    lowpass_now,
    store4,
)


@inlined
def detect_rest(m: Array, p: Coefficients, lane: Index, c: Lowpass, gyr: Vector, acc: Vector) -> bool:
    """Return whether the sensor has rested for long enough (section 3.4).

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory, changed in place.
    p
    lane
    c
        Low-pass of rest detection at this sample.
    gyr : 3 [rad/s, sensor]
    acc : 3 [m/s², sensor]
    """
    gx, gy, gz = lowpass3(m, GYR_LP, lane, c, gyr)
    ax, ay, az = lowpass3(m, ACC_LP, lane, c, acc)
    dx, dy, dz = gyr[0] - gx, gyr[1] - gy, gyr[2] - gz
    ex, ey, ez = acc[0] - ax, acc[1] - ay, acc[2] - az
    is_stationary = (
        (dx * dx + dy * dy + dz * dz < p.rest_gyr * p.rest_gyr)
        & (ex * ex + ey * ey + ez * ez < p.rest_acc * p.rest_acc)
        & (abs(gx) <= p.bias_clip)
        & (abs(gy) <= p.bias_clip)
        & (abs(gz) <= p.bias_clip)
    )
    rest_s = m[REST_S, lane] + p.dt if is_stationary else 0.0
    m[GYR_REST, lane], m[GYR_REST + 1, lane], m[GYR_REST + 2, lane], m[REST_S, lane] = gx, gy, gz, rest_s
    return rest_s >= p.rest_min_s


@inlined
def correct_inclination(q_wi: Quaternion, up: Vector) -> tuple[Quaternion, float, float]:
    """Turn i by the shortest way so that `up` (in i) points up; return also its x and y in w before, of unit length.

    Half way between `up` and the vertical lies (x, y, length + z). Turned a quarter about z that is the correction's
    quaternion but for its own length, the root of 2 length (length + z) (section 3.3).
    """
    x, y, z = rotate(q_wi, up[0], up[1], up[2])
    length = math.sqrt(dot(up, up))
    w = length + z
    is_felt = length > 0.0  # nothing is felt in free fall: nothing to correct
    is_odd = w <= 1e-8 * length  # upside down, or free fall
    correction = (
        (0.0 if is_felt else 1.0) if is_odd else w,
        (1.0 if is_felt else 0.0) if is_odd else y,
        0.0 if is_odd else -x,
        0.0,
    )
    squared = q_wi[0] * q_wi[0] + q_wi[1] * q_wi[1] + q_wi[2] * q_wi[2] + q_wi[3] * q_wi[3]
    scale = (1.5 - 0.5 * squared) / math.sqrt(1.0 if is_odd else 2.0 * length * w)  # as `renormalize`, of q_wi before
    share = 1.0 / length if is_felt else 0.0
    a, b, c, d = multiply(correction, q_wi)
    return (a * scale, b * scale, c * scale, d * scale), x * share, y * share


@inlined
def step(
    m: Array, p: Coefficients, lane: Index, up: Lowpass, stationary: Lowpass, gyr: Vector, acc: Vector
) -> tuple[Quaternion, bool]:
    """Take one sample of one lane; return the orientation, sensor to world, and whether the sensor is at rest.

    The angular rate of a sample turns the sensor over the whole interval, the acceleration was felt in its middle: it
    is rotated by the orientation there.

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory, changed in place.
    p
    lane
    up, stationary
        Low-passes of the acceleration in the almost inertial frame and of rest detection, from `next_sample`.
    gyr : 3 [rad/s, sensor]
    acc : 3 [m/s², sensor]
    """
    is_rest = detect_rest(m, p, lane, stationary, gyr, acc)
    wx, wy, wz = gyr[0] - m[BIAS, lane], gyr[1] - m[BIAS + 1, lane], gyr[2] - m[BIAS + 2, lane]
    before = load4(m, Q_IS, lane)
    q_is = multiply(before, from_rotation_vector(wx * p.dt, wy * p.dt, wz * p.dt))
    up = lowpass_known(m, lane, up, p.known_b0, p.known_a1, p.known_a2)
    up_i = lowpass3(m, UP_LP, lane, up, rotate_between(before, q_is, acc))
    q_wi, tilt_x, tilt_y = correct_inclination(load4(m, Q_WI, lane), up_i)
    q_ws = multiply(q_wi, q_is)
    store4(m, Q_IS, lane, q_is)
    store4(m, Q_WI, lane, q_wi)
    r1, r2, r3 = to_matrix(q_ws)
    add3(m, TURN_SUM, lane, r1)
    add3(m, TURN_SUM + 3, lane, r2)
    add3(m, TURN_SUM + 6, lane, r3)
    is_first = up[0] == 1.0  # the first correction sets the inclination: it tells nothing about a bias
    m[TILT_SUM, lane] -= 0.0 if is_first else tilt_y
    m[TILT_SUM + 1, lane] += 0.0 if is_first else tilt_x
    return q_ws, is_rest


@inlined
def next_sample(m: Array, p: Coefficients, lane: Index) -> tuple[Lowpass, Lowpass]:
    """Count one sample and return its two low-passes: of the acceleration in i, and of rest detection.

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory, changed in place.
    p
    lane
    """
    count = m[COUNT, lane] + 1.0
    m[COUNT, lane] = count
    return (
        lowpass_now(count, p.up_start, p.up_b0, p.up_a1, p.up_a2),
        lowpass_now(count, p.rest_start, p.rest_b0, p.rest_a1, p.rest_a2),
    )


@inlined
def restart(m: Array, lane: Index) -> None:
    """Forget what the low-passes know, after a gap: inclination starts anew, bias and heading stay."""
    for row in range(UP_LP, CONSTANTS):
        m[row, lane] = 0.0


@inlined
def are_samples(gyr: Array, acc: Array) -> bool:
    """Return whether both are (n, 3) and hold neither NaN nor infinity."""
    if gyr.shape[1] != 3 or acc.shape[1] != 3 or gyr.shape[0] != acc.shape[0]:
        return False
    is_bad = False
    for i in range(gyr.shape[0]):
        for axis in range(3):
            is_bad |= (gyr[i, axis] - gyr[i, axis] != 0.0) | (acc[i, axis] - acc[i, axis] != 0.0)
    return not is_bad


@inlined
def write(m: Array, lane: Index, q_ws: Quaternion, is_rest: bool, out: Array, i: int) -> None:
    """Write row i of the output.

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory.
    lane
    q_ws : 4
        Sensor to world.
    is_rest
    out : (n, 9)
        Its row ``i`` is written; see `update`.
    i
    """
    out[i, 0], out[i, 1], out[i, 2], out[i, 3] = q_ws
    out[i, 4], out[i, 5], out[i, 6] = m[BIAS, lane], m[BIAS + 1, lane], m[BIAS + 2, lane]
    out[i, OUT_SD] = m[SD, lane]
    out[i, OUT_REST] = 1.0 if is_rest else 0.0


@kernel
def update(memory: Array, gyr: Array, acc: Array, out: Array) -> bool:
    """Filter a block of any length, one recording; any split of the same samples gives the same bits.

    Parameters
    ----------
    memory : (109, 1)
        Of a `State`: numba takes an array from Python in a third of the time that a tuple with one takes.
    gyr : (n, 3) [rad/s, sensor]
    acc : (n, 3) [m/s², sensor]
    out : (n, 9)
        Written: q_ws (4), bias [rad/s, sensor] (3), its standard deviation [rad/s], 1.0 at rest.

    Returns
    -------
    bool
        Whether shapes fit and all values are finite; where not, nothing was done.
    """
    if not are_samples(gyr, acc):
        return False
    m, p = memory, coefficients(memory)
    for i in range(gyr.shape[0]):
        up, stationary = next_sample(m, p, ONLY)
        gyr_i, acc_i = (gyr[i, 0], gyr[i, 1], gyr[i, 2]), (acc[i, 0], acc[i, 1], acc[i, 2])
        q_ws, is_rest = step(m, p, ONLY, up, stationary, gyr_i, acc_i)
        if ends_stretch(m, p, ONLY):
            slow = next_stretch(m, p, ONLY)
            estimate_bias(m, p, ONLY, slow)
            choose_lowpass(m, p, ONLY, slow)
        write(m, ONLY, q_ws, is_rest, out, i)
    return True


@kernel
def hold(memory: Array, out: Array) -> None:
    """Repeat the last orientation and bias through a gap, (n, 9); the next sample starts the low-passes anew."""
    restart(memory, ONLY)
    for i in range(out.shape[0]):
        q_ws = multiply(load4(memory, Q_WI, ONLY), load4(memory, Q_IS, ONLY))
        write(memory, ONLY, q_ws, False, out, i)
