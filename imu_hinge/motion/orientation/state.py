"""Lay out what the orientation filter remembers and reads, and filter single values in it.

It does not know what the filter does with them (`vqf_step` and `bias` do) nor what they should be (`parameters` does).
"""

from typing import NamedTuple

import numpy as np

from imu_hinge.jit import inlined
from imu_hinge.model import Array
from imu_hinge.motion.orientation.quaternion import Quaternion, Vector

Index = int | np.int64
Lowpass = tuple[float, float, float, float, float]

# Rows of State.memory, and how many each takes. NumPy integers: of Python's, numba compiles every value anew.
Q_IS = np.int64(0)  # 4: strapdown orientation, sensor to almost inertial
Q_WI = np.int64(4)  # 4: inclination correction, almost inertial to world
BIAS = np.int64(8)  # 3: gyroscope bias [rad/s, sensor]
COV = np.int64(11)  # 6: its covariance xx xy xz yy yz zz [rad²/s²]
SD = np.int64(17)  # 1: upper bound of its standard deviation [rad/s]
# From here on a restart clears everything.
UP_LP = np.int64(18)  # 6: low-pass of the acceleration in i, two memories per axis
GYR_LP = np.int64(24)  # 6: low-pass of the angular rate, for rest
ACC_LP = np.int64(30)  # 6: low-pass of the acceleration, for rest
GYR_REST = np.int64(36)  # 3: the angular rate after its low-pass [rad/s]
REST_S = np.int64(39)  # 1: how long the sensor has been at rest [s]
TURN_SUM = np.int64(40)  # 9: sum of the rotation matrix sensor to world over this stretch, row by row
TILT_SUM = np.int64(49)  # 2: sum of the inclination corrections over this stretch, about x and y of w [rad]
TURN_LP = np.int64(51)  # 18: low-pass of the mean rotation matrix
DRIFT_LP = np.int64(69)  # 4: low-pass of the bias in w, horizontal part
COUNT = np.int64(73)  # 1: samples since the start
PHASE = np.int64(74)  # 1: samples in this stretch
STRETCHES = np.int64(75)  # 1: stretches since the start
KNOWN = np.int64(76)  # 1: 1.0 where the low-passes of the acceleration and the bias are those of a known bias
# From here on nothing changes any more.
CONSTANTS = np.int64(77)  # 32: `Coefficients`
ROWS = 109  # those before the constants, 77, and the constants

ONLY = np.int64(0)
"""The lane of a state that has one."""

# Columns of the output.
OUT_Q, OUT_BIAS, OUT_SD, OUT_REST, OUT_COLUMNS = 0, 4, 7, 8, 9


class Coefficients(NamedTuple):
    """Hold what follows from the parameters and never changes.

    A low-pass is (b0, a1, a2) of a second-order Butterworth filter and the number of values it averages at its start.

    Parameters
    ----------
    dt
        Sample interval [s].
    up_b0, up_a1, up_a2, up_start
        Low-pass of the acceleration in i, where the bias is not known.
    rest_b0, rest_a1, rest_a2, rest_start
        Low-pass of rest detection.
    rest_gyr, rest_acc, rest_min_s
        Its thresholds [rad/s], [m/s²], and how long a rest must last.
    stretch, stretch_s
        Step of the bias estimation [samples], [s].
    slow_b0, slow_a1, slow_a2, slow_start
        Its low-pass, where the bias is not known.
    bias_clip
        Largest bias of one axis [rad/s].
    cov_start, cov_growth
        Variance at the start, and what a stretch adds to it [rad²/s²].
    noise_rest, noise_motion, noise_vertical, noise_sway
        Variances of one measurement [rad²/s²]; the last is divided by how long the rest has been.
    known_b0, known_a1, known_a2, slow_known_b0, slow_known_a1, slow_known_a2
        Take the place of the low-passes above where the bias is known ...
    bias_known
        ... which is where its standard deviation is below this [rad/s].
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
    stretch: float
    stretch_s: float
    slow_b0: float
    slow_a1: float
    slow_a2: float
    slow_start: float
    bias_clip: float
    cov_start: float
    cov_growth: float
    noise_rest: float
    noise_motion: float
    noise_vertical: float
    noise_sway: float
    known_b0: float
    known_a1: float
    known_a2: float
    slow_known_b0: float
    slow_known_a1: float
    slow_known_a2: float
    bias_known: float


class State(NamedTuple):
    """Hold everything the filter remembers: copy or save the array and the filter goes on from there.

    memory : (109, lanes)
        Rows as named at the top of this module; one column per recording filtered side by side, usually one. The
        constants are among them because numba takes one array from Python faster than two, and than 25 floats.
    """

    memory: Array


@inlined
def coefficients(m: Array) -> Coefficients:
    """Return a state's constants by name."""
    c = m[CONSTANTS:]
    return Coefficients(
        c[0, ONLY],
        c[1, ONLY],
        c[2, ONLY],
        c[3, ONLY],
        c[4, ONLY],
        c[5, ONLY],
        c[6, ONLY],
        c[7, ONLY],
        c[8, ONLY],
        c[9, ONLY],
        c[10, ONLY],
        c[11, ONLY],
        c[12, ONLY],
        c[13, ONLY],
        c[14, ONLY],
        c[15, ONLY],
        c[16, ONLY],
        c[17, ONLY],
        c[18, ONLY],
        c[19, ONLY],
        c[20, ONLY],
        c[21, ONLY],
        c[22, ONLY],
        c[23, ONLY],
        c[24, ONLY],
        c[25, ONLY],
        c[26, ONLY],
        c[27, ONLY],
        c[28, ONLY],
        c[29, ONLY],
        c[30, ONLY],
        c[31, ONLY],
    )


@inlined
def lowpass_now(count: float, start: float, b0: float, a1: float, a2: float) -> Lowpass:
    """Return this sample's (b0, b1, b2, a1, a2): a running mean for the first `start` samples, then Butterworth.

    The mean's last sample leaves the memory a steady signal would have left, so the hand-over has no transient.

    Parameters
    ----------
    count
        Number of this sample, from 1.
    start
        How many samples the running mean takes.
    b0, a1, a2
        The Butterworth filter's.
    """
    if count > start:
        return b0, 2.0 * b0, b0, a1, a2
    if count + 1.0 > start:
        return 1.0 / count, 0.0, 0.0, b0 - 1.0, a2 - b0
    return 1.0 / count, 0.0, 0.0, 1.0 / (count + 1.0) - 1.0, 0.0


@inlined
def lowpass_known(m: Array, lane: Index, c: Lowpass, b0: float, a1: float, a2: float) -> Lowpass:
    """Return the low-pass of a known bias where this lane's is known, else the one given.

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory.
    lane
    c
        For an unknown bias.
    b0, a1, a2
        For a known one.
    """
    is_known = m[KNOWN, lane] != 0.0
    return (
        b0 if is_known else c[0],
        2.0 * b0 if is_known else c[1],
        b0 if is_known else c[2],
        a1 if is_known else c[3],
        a2 if is_known else c[4],
    )


@inlined
def retune(m: Array, row: Index, lane: Index, old: Lowpass, new: Lowpass) -> None:
    """Let one value's memories go on in another low-pass: its output keeps its value and its slope.

    The memories tell the last two outputs, the input taken as equal to the output: b0 is 1e-5 and it hardly matters.

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory, changed in place.
    row, lane
        First of the value's two rows, and its column.
    old, new
        Low-passes.
    """
    y = m[row + 1, lane] / (old[0] - old[4])
    before = (m[row, lane] - (old[1] - old[3]) * y) / (old[0] - old[4])
    m[row, lane] = (new[1] - new[3]) * y + (new[0] - new[4]) * before
    m[row + 1, lane] = (new[0] - new[4]) * y


@inlined
def lowpass(m: Array, row: Index, lane: Index, c: Lowpass, x: float) -> float:
    """Filter one value (direct form II, transposed).

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory, changed in place.
    row, lane
        First of the value's two rows, and its column.
    c
        b0, b1, b2, a1, a2.
    x
        The value.
    """
    y: float = c[0] * x + m[row, lane]
    m[row, lane] = c[1] * x - c[3] * y + m[row + 1, lane]
    m[row + 1, lane] = c[2] * x - c[4] * y
    return y


@inlined
def lowpass3(m: Array, row: Index, lane: Index, c: Lowpass, v: Vector) -> Vector:
    """Filter one vector.

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory, changed in place.
    row, lane
        First of the vector's six rows, and its column.
    c
        b0, b1, b2, a1, a2.
    v : 3
    """
    return (
        lowpass(m, row, lane, c, v[0]),
        lowpass(m, row + 2, lane, c, v[1]),
        lowpass(m, row + 4, lane, c, v[2]),
    )


@inlined
def load4(m: Array, row: Index, lane: Index) -> Quaternion:
    """Return four rows of the memory.

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory.
    row, lane
        First of the four rows, and the column.
    """
    return m[row, lane], m[row + 1, lane], m[row + 2, lane], m[row + 3, lane]


@inlined
def store4(m: Array, row: Index, lane: Index, q: Quaternion) -> None:
    """Set four rows of the memory.

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory, changed in place.
    row, lane
        First of the four rows, and the column.
    q : 4
    """
    m[row, lane], m[row + 1, lane], m[row + 2, lane], m[row + 3, lane] = q


@inlined
def add3(m: Array, row: Index, lane: Index, v: Vector) -> None:
    """Add a vector to three rows of the memory.

    Parameters
    ----------
    m : (109, lanes)
        The filter's memory, changed in place.
    row, lane
        First of the three rows, and the column.
    v : 3
    """
    m[row, lane] += v[0]
    m[row + 1, lane] += v[1]
    m[row + 2, lane] += v[2]
