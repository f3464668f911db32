"""List what is known at one instant, each piece as (residual, Jacobian, variance): sensors, bar, habits, limits.

It does not solve for the posture; `block_tridiagonal` does, from these rows alone. To add evidence, write one function
that adds a row and call it in `gather`.

Notes
-----
A residual is *predicted minus observed*. A Jacobian's row has `layout.STATES` columns for the posture and then one per
shared unknown. Evidence that repeats itself from instant to instant (a habit, the way the hands hold the bar) comes
with a ``look`` between 0 and 1, the share of one independent look that this instant is worth; its variance is divided
by it.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.jit import kernel, subroutine
from imu_hinge.motion.linkage import forward_kinematics as chain
from imu_hinge.motion.linkage import layout, sensor_sites
from imu_hinge.motion.linkage.anthropometry import Body
from imu_hinge.motion.linkage.forward_kinematics import Chain
from imu_hinge.motion.linkage.posture_priors import DEG, LUMBAR_SD, SHANK_SD, THORACIC_SD, WITHIN_SET, PosturePrior

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

MOST_ROWS: Final = 48
"""Room for all of an instant: 4 rows for each of six sensors, 3 of bar and balance, 4 of couplings, 8 limits."""

BAR_SD_M: Final = 0.006
"""Spread of the hanging bar's height from bend to bend: grip, shoulder blades [m]."""
SHOULDER_SD_M: Final = 0.010
"""Spread of the shoulder's place over the bar from bend to bend [m]."""
BALANCE_M: Final = -0.05
"""Travel of the body's centre of mass from standing while the hands hold the bar, per radian of bend: away from it."""
BALANCE_SD_M: Final = 0.03
"""Its spread from bend to bend while the plates stand on the floor [m]."""
MOVING_BALANCE_SD_M: Final = 0.3
"""Its spread in motion [m]: little more is said than that nobody falls. 1 m/s² shifts what has to lie over the foot by
10 cm, and a lifted bar, of a load that nobody stated, by as much again. On average it is taken for zero."""


OVER_THE_BAR: Final = (2.5 * DEG, math.nan, 3.0 * DEG)
"""How well shank (0) and thorax (2) repeat themselves from bend to bend where the hands reach a bar on the floor [rad].
The shank's 1 degree of docs/biomechanics.md, 6.2, with room for other people. The lumbar spine does not: it rounds as
the set grows heavy."""
AS_IN_THE_HINGE: Final = (2.5 * DEG, math.nan, 4.0 * DEG)
"""How well they repeat those of the athlete's own clean hinge over such a bar [rad], and ..."""
STUDENT_DOF: Final = 2.0
"""... how seldom they are far from it: degrees of freedom of a Student distribution. Who squats a set, or stoops, has
other legs than in the hinge, and then the hinge must not hold the set back."""
STRAIGHT_M: Final = 0.006
"""A height that misses by more than this is not near straight legs, and its curvature is not needed."""


class ModelConstants(NamedTuple):
    """Hold what stays the same during a solution: who, which sensors, which exercise.

    Parameters
    ----------
    body
        Lengths [m], as expected.
    mass, shoulder, leads_to : (6,), (6,), (s, 6)
        How much of each segment leads to the centre of mass, to the shoulder and to the anchor of each sensor.
    posture_prior
        How people bend in this exercise.
    anchor : (s,)
        Those of `sensor_sites`.
    limit : (l, 5)
        Sums of angles that have a limit.
    limit_at : (l, 3) [rad]
        That limit in a deep bend, what standing upright adds to it, and how soft it is.
    """

    body: Body
    mass: Array
    shoulder: Array
    leads_to: Array
    posture_prior: PosturePrior
    anchor: Index
    limit: Array
    limit_at: Array


class Observations(NamedTuple):
    """Hold what was observed at each of n instants by s sensors; a variance of infinity is: not known.

    Parameters
    ----------
    inclination, inclination_var : (n, s) [rad], [rad²]
    height, height_var : (n, s) [m], [m²]
        From standing, up positive.
    on_floor, coupling_weight : (n,)
        The share of one look that the bar's place is worth (0: not on the floor), and that habits and balance are.
    told : (n, 2) [rad]
        Lumbar flexion and its sd where the athlete was told to hold it, else NaN.
    bend : (n,) [rad]
        Roughly how deep the body is bent, for the spread of habits.
    own : (n,)
        1 where the instant belongs to the set, whose way of bending it shares.
    process_variance : (n, 5) [rad²]
        How far the posture may have moved since the instant before; infinity cuts the chain.
    """

    inclination: Array
    inclination_var: Array
    height: Array
    height_var: Array
    on_floor: Array
    coupling_weight: Array
    told: Array
    bend: Array
    own: Array
    process_variance: Array


class Rows(NamedTuple):
    """Hold room for the evidence of one instant, and scratch.

    Parameters
    ----------
    used : (1,)
        How many rows are in use.
    height_row : (s,)
        Which of them is a sensor's height; -1: none.
    residual, jacobian, variance : (r,), (r, 5 + m), (r,)
        Predicted minus observed; see the notes of this module.
    chain
        Scratch, as pos (2,), jac (2, 5 + m) and turns (5,): one point and what turns it.
    pos, jac, turns
    """

    used: Index
    height_row: Index
    residual: Array
    jacobian: Array
    variance: Array
    chain: Chain
    pos: Array
    jac: Array
    turns: Array


def room_for(shared: int) -> Rows:
    """Return empty rows for ``shared`` shared unknowns."""
    columns, sensors = layout.STATES + shared, (shared - layout.FIRST_SENSOR + layout.STATES) // layout.PER_SENSOR
    rows, jacobian = np.zeros(MOST_ROWS), np.zeros((MOST_ROWS, columns))
    return Rows(
        used=np.zeros(1, np.int64),
        height_row=np.zeros(sensors, np.int64),
        residual=rows,
        jacobian=jacobian,
        variance=rows.copy(),
        chain=chain.empty_chain(),
        pos=np.zeros(2),
        jac=np.zeros((2, columns)),
        turns=np.zeros(layout.STATES),
    )


@subroutine
def sensor_inclination(row: Array, x: Array, u: Array, first: int, anchor: int) -> float:
    """Predict what a sensor is inclined by [rad]: like the segments under it, less what the skin loses.

    Parameters
    ----------
    row : (5 + m,)
        Derivative, written.
    x : (5,) [rad]
        Posture.
    u : (5 + m,)
        Shared unknowns, as in `gather`.
    first
        Column of the sensor's first own unknown.
    anchor
        One of those of `sensor_sites`.
    """
    follows = 1.0 - u[first + layout.SOFT_TISSUE_GAIN]
    inclination = sensor_sites.inclination(x, anchor, u[first + layout.SHARE], row)
    for k in range(layout.STATES):
        row[k] *= follows
    row[first + layout.ZERO] = 1.0
    row[first + layout.SOFT_TISSUE_GAIN] = -inclination
    if anchor != sensor_sites.ON_THIGH:
        row[first + layout.SHARE] = follows * x[layout.LUMBAR]
    return float(follows * inclination + u[first + layout.ZERO])


@subroutine
def sensor_height(rows: Rows, n: int, x: Array, u: Array, first: int, anchor: int, inclined: float) -> float:
    """Predict how far a sensor has come up from its anchor's way [m].

    Parameters
    ----------
    rows, n
        Row ``n`` comes in with the derivative of its anchor's way, to which this is added.
    x : (5,) [rad]
        Posture.
    u : (5 + m,)
        Shared unknowns, as in `gather`.
    first
        Column of the sensor's first own unknown.
    anchor
        One of those of `sensor_sites`.
    inclined
        What the sensor reads [rad]: what is left of a bias grows with it.
    """
    row, weights = rows.jacobian[n], rows.turns
    share, ahead, up = u[first + layout.SHARE], u[first + layout.AHEAD], u[first + layout.UP]
    inclination = sensor_sites.inclination(x, anchor, share, weights)
    cos, sin = math.cos(inclination), math.sin(inclination)
    forward = ahead * cos + up * sin  # what the offset's end loses in height per radian
    for k in range(layout.STATES):
        row[k] -= weights[k] * forward
    row[first + layout.AHEAD], row[first + layout.UP], row[first + layout.HEIGHT_DRIFT] = -sin, cos - 1.0, inclined
    if anchor != sensor_sites.ON_THIGH:
        row[first + layout.SHARE] = -forward * x[layout.LUMBAR]
    if anchor == sensor_sites.ON_LUMBAR:
        row[first + layout.SHARE] += rows.chain.standing[layout.LUMBAR, 1] * (cos - 1.0)
    return float(up * (cos - 1.0) - ahead * sin + u[first + layout.HEIGHT_DRIFT] * inclined)


@subroutine
def coupling_residual(row: Array, x: Array, share: float, own: float, coupling_weight: int) -> float:
    """Say how far an angle is from its habitual share of another [rad].

    Parameters
    ----------
    row : (5 + m,)
        Derivative, written.
    x : (5,) [rad]
        Posture.
    share
        What is habitual.
    own
        1 where the set's own habit is shared: it is unknown too, and in the column of that habit; else 0.
    coupling_weight
        Which habit: 0 shank of thigh, 1 lumbar, 2 thoracic of trunk.
    """
    if coupling_weight == 0:
        row[layout.SHANK], row[layout.THIGH] = 1.0, -share
        row[layout.SHANK_COUPLING] = -own * x[layout.THIGH]
        return float(x[layout.SHANK] - share * x[layout.THIGH])
    trunk = x[layout.PELVIS] + x[layout.LUMBAR]
    angle = layout.LUMBAR if coupling_weight == 1 else layout.THORACIC
    row[layout.PELVIS], row[layout.LUMBAR] = -share, -share
    row[angle] += 1.0
    row[layout.SHANK_COUPLING + coupling_weight] = -own * trunk
    return float(x[angle] - share * trunk)


@subroutine
def add_row(rows: Rows, residual: float, variance: float) -> int:
    """Add a row whose Jacobian is all zero and return its number.

    Parameters
    ----------
    rows
        One more of them is in use afterwards.
    residual, variance
        Predicted minus observed, and the square of its standard deviation.
    """
    n = rows.used[0]
    rows.used[0] = n + 1
    rows.residual[n], rows.variance[n] = residual, variance
    for k in range(rows.jacobian.shape[1]):
        rows.jacobian[n, k] = 0.0
    return int(n)


@subroutine
def from_point(rows: Rows, way: int, residual: float, variance: float) -> int:
    """Add a row with the scratch point's derivative, forward (0) or up (1), and return its number.

    Parameters
    ----------
    rows
        With the derivative of the scratch point.
    way
        0 forward, 1 up.
    residual, variance
        [m], [m²].
    """
    n = add_row(rows, residual, variance)
    for k in range(rows.jacobian.shape[1]):
        rows.jacobian[n, k] = rows.jac[way, k]
    return n


@subroutine
def sensors(rows: Rows, x: Array, u: Array, constants: ModelConstants, observations: Observations, i: int) -> None:
    """Add what the sensors tell: inclination and height, each where it is known.

    Parameters
    ----------
    rows
        Added to.
    x : (5,) [rad]
        Posture.
    u : (5 + m,)
        Shared unknowns, as in `gather`.
    constants, observations
    i
        Instant.
    """
    length = rows.chain.standing[layout.LUMBAR, 1]
    for s in range(constants.anchor.size):
        anchor, first, inclined = (
            constants.anchor[s],
            layout.FIRST_SENSOR + layout.PER_SENSOR * s,
            observations.inclination[i, s],
        )
        if observations.inclination_var[i, s] < math.inf:
            n = add_row(rows, -inclined, observations.inclination_var[i, s])
            rows.residual[n] += sensor_inclination(rows.jacobian[n], x, u, first, anchor)
        if observations.height_var[i, s] < math.inf:
            if anchor == sensor_sites.ON_LUMBAR:
                chain.place_arc(rows.chain, layout.PART, x, length, u[first + layout.SHARE])
            chain.point(rows.chain, constants.leads_to[s], rows.pos, rows.jac)
            n = from_point(rows, 1, rows.pos[1] - observations.height[i, s], observations.height_var[i, s])
            rows.residual[n] += sensor_height(rows, n, x, u, first, anchor, abs(inclined))
            rows.height_row[s] = n


@subroutine
def bar_and_balance(
    rows: Rows, u: Array, body: Body, constants: ModelConstants, observations: Observations, i: int
) -> None:
    """Add that the bar on the floor hangs from straight arms over mid-foot, and that the body is balanced.

    Once the bar is up it tells nothing: hips that rise first bring the shoulders far ahead of it.

    Parameters
    ----------
    rows
        Added to; its chain is placed.
    u : (5 + m,)
        Shared unknowns, as in `gather`.
    body
        With its lengths under ``u``.
    constants, observations
    i
        Instant.
    """
    bend, on_floor = observations.bend[i], observations.on_floor[i]
    expected_m, sd_m = 0.0, MOVING_BALANCE_SD_M
    if on_floor > 0.0:
        expected_m, sd_m = BALANCE_M * bend, BALANCE_SD_M
        chain.point(rows.chain, constants.shoulder, rows.pos, rows.jac)
        chain.hanging_bar(rows.chain, body, u[layout.MID_FOOT], rows.pos, rows.jac)
        n = from_point(rows, 0, rows.pos[0] - u[layout.REACH], SHOULDER_SD_M**2 / on_floor)
        rows.jacobian[n, layout.REACH] = -1.0
        n = from_point(rows, 1, rows.pos[1] - u[layout.FLOOR], BAR_SD_M**2 / on_floor)
        rows.jacobian[n, layout.FLOOR] = -1.0
    chain.point(rows.chain, constants.mass, rows.pos, rows.jac)
    n = from_point(
        rows, 0, rows.pos[0] - expected_m - u[layout.BALANCE] * bend, sd_m**2 / observations.coupling_weight[i]
    )
    rows.jacobian[n, layout.BALANCE] = -bend


@subroutine
def couplings_and_limits(
    rows: Rows, x: Array, u: Array, constants: ModelConstants, observations: Observations, i: int
) -> None:
    """Add how people bend, and how far joints go: a limit says nothing within it and pulls back softly beyond.

    Parameters
    ----------
    rows
        Added to.
    x : (5,) [rad]
        Posture.
    u : (5 + m,)
        Shared unknowns, as in `gather`.
    constants, observations
    i
        Instant.
    """
    bend, own, posture_prior = observations.bend[i], observations.own[i], constants.posture_prior
    within = bend * (WITHIN_SET if own > 0.0 else 1.0)
    for h in range(3):
        share, spread, look, shared = (
            posture_prior.thoracic,
            posture_prior.thoracic_sd * within + THORACIC_SD,
            observations.coupling_weight[i],
            own,
        )
        if h == 0:
            share, spread = posture_prior.shank, posture_prior.shank_sd * within + SHANK_SD
        elif h == 1:
            share, spread = posture_prior.lumbar, posture_prior.lumbar_sd * within + LUMBAR_SD
        if h != 1 and observations.on_floor[i] > 0.0:  # over the bar legs and upper back repeat themselves
            spread, look, shared = OVER_THE_BAR[h], observations.on_floor[i], 1.0
            if own == 0.0:
                spread = AS_IN_THE_HINGE[h]
        n = add_row(rows, 0.0, 1.0)
        rows.residual[n] = coupling_residual(
            rows.jacobian[n], x, share + shared * u[layout.SHANK_COUPLING + h], shared, h
        )
        variance = spread * spread
        if own == 0.0 and shared > 0.0:
            variance += rows.residual[n] * rows.residual[n] / STUDENT_DOF
        rows.variance[n] = variance / look
    if not math.isnan(observations.told[i, 0]):  # in a clean hinge with a dowel the lumbar spine was held as told
        n = add_row(rows, x[layout.LUMBAR] - observations.told[i, 0], observations.told[i, 1] ** 2)
        rows.jacobian[n, layout.LUMBAR] = 1.0
    upright = 1.0 - min(bend / (40.0 * DEG), 1.0)
    for r in range(constants.limit.shape[0]):
        over = -(constants.limit_at[r, 0] + upright * constants.limit_at[r, 1])
        for k in range(layout.STATES):
            over += constants.limit[r, k] * x[k]
        if over > 0.0:
            n = add_row(rows, over, constants.limit_at[r, 2] ** 2)
            for k in range(layout.STATES):
                rows.jacobian[n, k] = constants.limit[r, k]


@kernel
def gather(
    rows: Rows, x: Array, u: Array, body: Body, constants: ModelConstants, observations: Observations, i: int
) -> int:
    """Fill ``rows`` with all that is known at one instant and return how many there are.

    Parameters
    ----------
    rows
        Overwritten.
    x : (5,) [rad]
        Posture.
    u : (5 + m,)
        Shared unknowns, numbered like the columns of a Jacobian: the first five places are not used.
    body
        That of ``constants`` with its lengths under ``u``.
    constants, observations
    i
        Instant.
    """
    rows.used[0] = 0
    rows.height_row[:] = -1
    chain.place_all(rows.chain, x, body)
    sensors(rows, x, u, constants, observations, i)
    bar_and_balance(rows, u, body, constants, observations, i)
    couplings_and_limits(rows, x, u, constants, observations, i)
    return int(rows.used[0])


@kernel
def add_second_order_terms(rows: Rows) -> int:
    """Add to what was gathered how heights bend over straight legs, and return how many rows there are then.

    Straight legs are as long as they get: a height has no slope there, but a curvature. Without it a round would go too
    far, and the next one back. A sensor that is higher than predicted holds each leg's lean at its angle, by that much
    of the leg's length. These rows have no residual, as they are second derivatives, not evidence.
    """
    for s in range(rows.height_row.size):
        row = rows.height_row[s]
        if row < 0 or rows.residual[row] >= 0.0:
            continue
        missing = min(-rows.residual[row], STRAIGHT_M)
        for k in range(layout.SHANK, layout.PELVIS):
            curvature = missing * rows.chain.end[k, 1]
            if curvature > 0.0:
                n = add_row(rows, 0.0, rows.variance[row] / curvature)
                rows.jacobian[n, k] = 1.0
    return int(rows.used[0])
