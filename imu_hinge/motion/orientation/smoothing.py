"""Filter a whole recording forward and backward: the bias from both sides, then orientation without delay.

It is never used live. The method is the offline variant of VQF (Laidig and Seel 2023, section 4.4), written anew.
"""

import numpy as np
import numpy.typing as npt

from imu_hinge.jit import inlined, kernel
from imu_hinge.model import Array
from imu_hinge.motion.orientation.bias import (
    Covariance,
    choose_lowpass,
    ends_stretch,
    estimate_bias,
    next_stretch,
    sd_bound,
)
from imu_hinge.motion.orientation.quaternion import Vector, from_rotation_vector, multiply, renormalize, rotate_between
from imu_hinge.motion.orientation.state import (
    BIAS,
    COUNT,
    COV,
    OUT_BIAS,
    OUT_REST,
    OUT_SD,
    REST_S,
    UP_LP,
    Coefficients,
    Index,
    State,
    coefficients,
    load4,
    lowpass3,
    lowpass_now,
)
from imu_hinge.motion.orientation.vqf_step import are_samples, correct_inclination, next_sample, restart, step

FORWARD, BACKWARD = np.int64(0), np.int64(1)  # the two lanes; NumPy integers, see `state`


@inlined
def times(a: Covariance, v: Vector) -> Vector:
    """Return the symmetric matrix xx xy xz yy yz zz times the vector."""
    return (
        a[0] * v[0] + a[1] * v[1] + a[2] * v[2],
        a[1] * v[0] + a[3] * v[1] + a[4] * v[2],
        a[2] * v[0] + a[4] * v[1] + a[5] * v[2],
    )


@inlined
def inverse(a: Covariance) -> Covariance:
    """Return the inverse of a symmetric positive definite matrix xx xy xz yy yz zz."""
    xx, xy, xz, yy, yz, zz = a
    c0, c1, c2 = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    s = 1.0 / (xx * c0 + xy * c1 + xz * c2)
    return c0 * s, c1 * s, c2 * s, (xx * zz - xz * xz) * s, (xy * xz - xx * yz) * s, (xx * yy - xy * xy) * s


@inlined
def absolute_sum(v: Vector) -> float:
    """Return the sum of the absolute values."""
    return abs(v[0]) + abs(v[1]) + abs(v[2])


@inlined
def fuse(p: Coefficients, b1: Vector, p1: Covariance, b2: Vector, p2: Covariance) -> tuple[Vector, float]:
    """Return the bias known from two independent estimates, and an upper bound of its standard deviation [rad/s].

    Parameters
    ----------
    p
    b1, p1
        One direction's bias and its covariance xx xy xz yy yz zz.
    b2, p2
        The other's.
    """
    s = inverse((p1[0] + p2[0], p1[1] + p2[1], p1[2] + p2[2], p1[3] + p2[3], p1[4] + p2[4], p1[5] + p2[5]))
    d = times(p1, times(s, (b2[0] - b1[0], b2[1] - b1[1], b2[2] - b1[2])))  # P1 (P1 + P2)⁻¹ (b2 - b1)
    x = times(p2, times(s, (p1[0], p1[1], p1[2])))  # columns of P2 (P1 + P2)⁻¹ P1, the fused covariance
    y = times(p2, times(s, (p1[1], p1[3], p1[4])))
    z = times(p2, times(s, (p1[2], p1[4], p1[5])))
    sd = sd_bound(p, absolute_sum(x), absolute_sum(y), absolute_sum(z))
    return (b1[0] + d[0], b1[1] + d[1], b1[2] + d[2]), sd


@inlined
def keep(m: Array, lane: Index, i: int, work: Array, out: Array) -> None:
    """Keep one direction's bias and covariance for sample i until the other comes by, where nothing else is yet.

    Parameters
    ----------
    m : (109, 2)
        The filter's memory.
    lane
        `FORWARD` or `BACKWARD`, which sees the rates with the other sign.
    i
        Sample.
    work : (n, 3)
        Takes two numbers of the covariance.
    out : (n, 9)
        Takes the bias, and four numbers of the covariance where the orientation will be.
    """
    sign = 1.0 if lane == FORWARD else -1.0
    for axis in range(3):
        out[i, OUT_BIAS + axis] = sign * m[BIAS + axis, lane]
    out[i, 0], out[i, 1], out[i, 2], out[i, 3] = load4(m, COV, lane)
    work[i, 0], work[i, 1] = m[COV + 4, lane], m[COV + 5, lane]


@inlined
def meet(m: Array, p: Coefficients, lane: Index, i: int, work: Array, out: Array) -> None:
    """Fuse one direction's bias for sample i with what the other kept there.

    Parameters
    ----------
    m : (109, 2)
        The filter's memory.
    p
    lane
        `FORWARD` or `BACKWARD`.
    i
        Sample.
    work, out : (n, 3), (n, 9)
        With what `keep` left; the fused bias and its bound are written to ``out``.
    """
    sign = 1.0 if lane == FORWARD else -1.0
    bias = (sign * m[BIAS, lane], sign * m[BIAS + 1, lane], sign * m[BIAS + 2, lane])
    cov = (m[COV, lane], m[COV + 1, lane], m[COV + 2, lane], m[COV + 3, lane], m[COV + 4, lane], m[COV + 5, lane])
    kept = (out[i, 0], out[i, 1], out[i, 2], out[i, 3], work[i, 0], work[i, 1])
    bias, sd = fuse(p, bias, cov, (out[i, OUT_BIAS], out[i, OUT_BIAS + 1], out[i, OUT_BIAS + 2]), kept)
    out[i, OUT_BIAS], out[i, OUT_BIAS + 1], out[i, OUT_BIAS + 2] = bias
    out[i, OUT_SD] = sd


@inlined
def note(m: Array, p: Coefficients, lane: Index, i: int, has_changed: bool, work: Array, out: Array) -> None:
    """Keep what step i of one direction found for its sample, or fuse it with what the other direction kept there.

    Parameters
    ----------
    m : (109, 2)
        The filter's memory.
    p
    lane
        `FORWARD` or `BACKWARD`.
    i
        Step; the backward direction's sample is counted from the end.
    has_changed
        Whether this direction's bias changed in this step.
    work, out : (n, 3), (n, 9)
        As in `keep`.
    """
    n = out.shape[0]
    j = i if lane == FORWARD else n - 1 - i
    is_rest = m[REST_S, lane] >= p.rest_min_s
    if i + (i if lane == FORWARD else i + 1) < n:
        keep(m, lane, j, work, out)
        out[j, OUT_REST] = 1.0 if is_rest else 0.0
        return
    if has_changed or 2 * i < n + 2:
        meet(m, p, lane, j, work, out)
    else:
        last = j - 1 if lane == FORWARD else j + 1
        for column in range(OUT_BIAS, OUT_REST):
            out[j, column] = out[last, column]
    if is_rest:
        out[j, OUT_REST] = 1.0


@inlined
def take(m: Array, p: Coefficients, lane: Index, i: int, gyr: Array, acc: Array, row: Array) -> None:
    """Write what step i of one direction takes: its sample as seen in its direction, and its low-passes.

    Parameters
    ----------
    m : (109, 2)
        The filter's memory.
    p
    lane
        `FORWARD` or `BACKWARD`.
    i
        Step.
    gyr, acc : (n, 3)
        [rad/s, sensor], [m/s², sensor].
    row : (16, 2)
        Its column ``lane`` is written.
    """
    j = i if lane == FORWARD else gyr.shape[0] - 1 - i
    sign = 1.0 if lane == FORWARD else -1.0
    for axis in range(3):
        row[axis, lane], row[3 + axis, lane] = sign * gyr[j, axis], acc[j, axis]
    if m[COUNT, lane] > max(p.up_start, p.rest_start):  # the low-passes have started: `row` holds them for good
        m[COUNT, lane] += 1.0
        return
    up, stationary = next_sample(m, p, lane)
    row[6, lane], row[7, lane], row[8, lane], row[9, lane], row[10, lane] = up
    row[11, lane], row[12, lane], row[13, lane], row[14, lane], row[15, lane] = stationary


@kernel
def bias_both_ways(
    state: State, gyr: Array, acc: Array, is_edge: npt.NDArray[np.bool_], row: Array, work: Array, out: Array
) -> bool:
    """Run forward in lane 0 and backward in lane 1 at once; they meet in the middle and fuse from there.

    A direction's bias changes at the end of its stretches only: between them the fused one is carried on.

    Parameters
    ----------
    state
        Of two lanes, updated in place.
    gyr : (n, 3) [rad/s, sensor]
    acc : (n, 3) [m/s², sensor]
    is_edge : (n,)
        True at the first sample after a gap: there both directions start anew.
    row : (16, 2)
        Scratch: what one step of both directions takes. That there are two is not said here as a constant: LLVM would
        unroll the loops over the lanes before it could make SIMD of them.
    work : (n, 3)
        Scratch.
    out : (n, 9)
        Written but for the orientations.

    Returns
    -------
    bool
        Whether shapes fit and all values are finite; where not, nothing was done.

    Raises
    ------
    ValueError
        Where the state has not two lanes.
    """
    m, p = state.memory, coefficients(state.memory)
    if m.shape[1] != 2:
        raise ValueError("The state must have two lanes.")
    if not are_samples(gyr, acc):
        return False
    n = gyr.shape[0]
    for i in range(n):
        if is_edge[i]:
            restart(m, FORWARD)
        if i > 0 and is_edge[n - i]:
            restart(m, BACKWARD)
        take(m, p, FORWARD, i, gyr, acc, row)
        take(m, p, BACKWARD, i, gyr, acc, row)
        for lane in range(row.shape[1]):
            gyr_i, acc_i = (row[0, lane], row[1, lane], row[2, lane]), (row[3, lane], row[4, lane], row[5, lane])
            up = (row[6, lane], row[7, lane], row[8, lane], row[9, lane], row[10, lane])
            stationary = (row[11, lane], row[12, lane], row[13, lane], row[14, lane], row[15, lane])
            step(m, p, lane, up, stationary, gyr_i, acc_i)
        f_ends, b_ends = ends_stretch(m, p, FORWARD), ends_stretch(m, p, BACKWARD)
        for lane in range(0 if f_ends else 1, 2 if b_ends else 1):
            slow = next_stretch(m, p, lane)
            estimate_bias(m, p, lane, slow)
            choose_lowpass(m, p, lane, slow)
        note(m, p, FORWARD, i, f_ends, work, out)
        note(m, p, BACKWARD, i, b_ends, work, out)
    return True


@kernel
def integrate(state: State, gyr: Array, acc: Array, is_edge: npt.NDArray[np.bool_], up: Array, out: Array) -> None:
    """Integrate with the fused bias, and filter the acceleration in the almost inertial frame forward.

    Parameters
    ----------
    state
        Updated in place.
    gyr : (n, 3) [rad/s, sensor]
    acc : (n, 3) [m/s², sensor]
    is_edge : (n,)
        True at the first sample after a gap.
    up : (n, 3) [m/s², almost inertial]
        Written.
    out : (n, 9)
        Its biases are read, its orientations written.
    """
    m, p = state.memory, coefficients(state.memory)
    q = (1.0, 0.0, 0.0, 0.0)
    count = 0.0
    for i in range(gyr.shape[0]):
        if is_edge[i]:
            restart(m, FORWARD)
            count = 0.0
        count += 1.0
        c = lowpass_now(count, p.up_start, p.known_b0, p.known_a1, p.known_a2)
        wx, wy, wz = gyr[i, 0] - out[i, 4], gyr[i, 1] - out[i, 5], gyr[i, 2] - out[i, 6]
        before = q
        q = renormalize(multiply(q, from_rotation_vector(wx * p.dt, wy * p.dt, wz * p.dt)))
        up_i = rotate_between(before, q, (acc[i, 0], acc[i, 1], acc[i, 2]))
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = q
        up[i, 0], up[i, 1], up[i, 2] = lowpass3(m, UP_LP, FORWARD, c, up_i)


@kernel
def correct(state: State, is_edge: npt.NDArray[np.bool_], up: Array, out: Array) -> None:
    """Filter the acceleration backward, so that it has no delay, and correct the inclination of the orientations.

    Parameters
    ----------
    state
        Updated in place.
    is_edge : (n,)
        True at the first sample after a gap.
    up : (n, 3) [m/s², almost inertial]
        From `integrate`.
    out : (n, 9)
        Its orientations are corrected in place.
    """
    m, p = state.memory, coefficients(state.memory)
    n = up.shape[0]
    c = (p.known_b0, 2.0 * p.known_b0, p.known_b0, p.known_a1, p.known_a2)
    q_wi = (1.0, 0.0, 0.0, 0.0)
    for back in range(n):
        i = n - 1 - back
        if back == 0 or is_edge[i + 1]:
            for axis in range(3):  # as if the last value had been there for ever
                m[UP_LP + 2 * axis, BACKWARD] = up[i, axis] * (1.0 - p.known_b0)
                m[UP_LP + 2 * axis + 1, BACKWARD] = up[i, axis] * (p.known_b0 - p.known_a2)
        up_i = lowpass3(m, UP_LP, BACKWARD, c, (up[i, 0], up[i, 1], up[i, 2]))
        q_wi, _, _ = correct_inclination(q_wi, up_i)
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = multiply(q_wi, (out[i, 0], out[i, 1], out[i, 2], out[i, 3]))


def smooth(state: State, gyr: Array, acc: Array, is_edge: npt.NDArray[np.bool_], out: Array) -> bool:
    """Filter a recording both ways; return whether shapes fit and all values are finite: where not, nothing was done.

    Parameters
    ----------
    state
        From `initial_state(params, lanes=2)`; used up.
    gyr : (n, 3) [rad/s, sensor]
    acc : (n, 3) [m/s², sensor]
    is_edge : (n,)
        True at the first sample after a gap: inclination starts anew there.
    out : (n, 9), written
        As `vqf_step.update` writes it.
    """
    work = np.empty((len(gyr), 3))
    if not bias_both_ways(state, gyr, acc, is_edge, np.empty((16, 2)), work, out):
        return False
    integrate(state, gyr, acc, is_edge, work, out)
    correct(state, is_edge, work, out)
    return True
