"""List what is known at one instant, each piece as (residual, Jacobian, variance): sensors, bar, habits, limits.

It does not solve for the posture; `arrowhead` does, from these rows alone. To add evidence, write one function that
fills a row and call it in `gather`.

Notes
-----
A residual is *predicted minus observed*. A Jacobian's row has `chain.STATES` columns for the posture and then one per
shared unknown. Evidence that repeats itself from instant to instant (a habit, the way the hands hold the bar) comes
with a ``look`` between 0 and 1, the share of one independent look that this instant is worth; its variance is divided
by it.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from imu_hinge.motion import chain, placements
from imu_hinge.motion import shared_unknowns as su
from imu_hinge.motion.anthropometry import Body
from imu_hinge.motion.chain import Chain
from imu_hinge.motion.habits import DEG, LUMBAR_SD, SHANK_SD, THORACIC_SD, WITHIN_SET, Habits

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

MOST_ROWS: Final = 36

BAR_SD_M: Final = 0.008
"""Spread of the hanging bar's height from bend to bend: grip, shoulder blades [m]."""
SHOULDER_SD_M: Final = 0.015
"""Spread of the shoulder's place over the bar from bend to bend [m]."""
HANGING_SD_M: Final = 0.08
"""The same while the bar hangs free, where it also swings along the legs."""
BALANCE_M: Final = -0.05
"""Travel of the body's centre of mass from standing while the hands hold the bar, per radian of bend: away from it."""
BALANCE_SD_M: Final = 0.03
"""Its spread from bend to bend while the plates stand on the floor [m]."""
MOVING_BALANCE_SD_M: Final = 0.08
"""Its spread in motion [m]: 1 m/s² shifts what has to lie over the foot by 10 cm. Without the bar it is about zero."""


class Scene(NamedTuple):
    """Hold what stays the same during a solution: who, which sensors, which exercise.

    ``mass``, ``shoulder`` (6,) and ``leads_to`` (s, 6) are how much of each segment leads to the centre of mass, to the
    shoulder and to the anchor of each sensor, ``anchor`` (s,) is one of the anchors of `placements`. ``limit`` (l, 5)
    are sums of angles that have a limit; ``limit_at`` (l, 3) [rad] is that limit in a deep bend, what standing upright
    adds to it, and how soft it is. ``posture_of`` (5, 5) makes a posture of the coordinates in which it walks.
    """

    body: Body
    mass: Array
    shoulder: Array
    leads_to: Array
    habits: Habits
    anchor: Index
    limit: Array
    limit_at: Array
    posture_of: Array


class Course(NamedTuple):
    """Hold what was observed at each of n instants by s sensors; a variance of infinity is: not known.

    ``inclination`` (n, s) [rad], ``height`` (n, s) [m] from standing. ``on_floor`` (n,) is the look that the bar's
    height is worth (0: not on the floor), ``hanging`` (n,) that of the shoulder over the bar, ``habit`` (n,) that of
    habits and balance. ``told`` (n, 2) is lumbar flexion and its sd where the athlete was told to hold it, else NaN.
    ``bend`` (n,) [rad] is roughly how deep the body is bent, for the spread of habits; ``own`` (n,) is 1 where the
    instant belongs to the set, whose way of bending it shares. ``walk`` (n, 5) [rad²] is how far the posture may have
    moved since the instant before; infinity cuts the chain.
    """

    inclination: Array
    inclination_var: Array
    height: Array
    height_var: Array
    on_floor: Array
    hanging: Array
    habit: Array
    told: Array
    bend: Array
    own: Array
    walk: Array


def limits_of(lumbar_max_rad: float, lumbar_max_sd_rad: float) -> tuple[Array, Array]:
    """Return ``limit`` and ``limit_at`` of a `Scene` for an athlete whose lumbar spine bends so far."""
    table = [
        # shank thigh pelvis lumbar thoracic   deep  upright  soft [degrees]
        ((-1.0, -1.0, 0.0, 0.0, 0.0), (5.0, 0.0, 3.0)),  # the knee does not bend forward
        ((1.0, 1.0, 0.0, 0.0, 0.0), (140.0, 0.0, 6.0)),  # and bends only so far
        ((0.0, 1.0, 1.0, 0.0, 0.0), (130.0, 0.0, 6.0)),  # the hip too
        ((-1.0, 0.0, 0.0, 0.0, 0.0), (3.0, 0.0, 4.0)),  # the shank does not lean back
        ((1.0, 0.0, 0.0, 0.0, 0.0), (35.0, 0.0, 4.0)),  # and leans forward as far as the heel stays down
        ((0.0, 0.0, 0.0, -1.0, 0.0), (0.0, 18.0, 5.0)),  # the lumbar spine extends in standing, not in a deep bend
        ((0.0, 0.0, 0.0, 1.0, 0.0), (lumbar_max_rad / DEG, 0.0, lumbar_max_sd_rad / DEG)),  # and bends only so far
        ((0.0, 0.0, 0.0, 0.0, -1.0), (5.0, 0.0, 3.0)),  # the thorax does not extend much
    ]
    return np.array([row[0] for row in table]), np.array([row[1] for row in table]) * DEG


class Rows(NamedTuple):
    """Hold room for the evidence of one instant: (r,), (r, 5 + m), (r,); and scratch for the chain and one point.

    ``used`` (1,) says how many rows are in use.
    """

    used: Index
    residual: Array
    jacobian: Array
    variance: Array
    chain: Chain
    pos: Array
    jac: Array


def room_for(shared: int) -> Rows:
    """Return empty rows for ``shared`` shared unknowns."""
    columns = chain.STATES + shared
    rows, jacobian = np.zeros(MOST_ROWS), np.zeros((MOST_ROWS, columns))
    return Rows(
        np.zeros(1, np.int64), rows, jacobian, rows.copy(), chain.empty_chain(), np.zeros(2), np.zeros((2, columns))
    )


@numba.njit(cache=True)
def put(rows: Rows, residual: float, variance: float) -> Array:
    """Add a row and return its Jacobian (c,), all zero, for the caller to fill."""
    n = rows.used[0]
    rows.used[0] = n + 1
    rows.residual[n], rows.variance[n] = residual, variance
    row: Array = rows.jacobian[n]
    for k in range(row.size):
        row[k] = 0.0
    return row


@numba.njit(cache=True)
def inclination(rows: Rows, i: int, s: int, x: Array, u: Array, scene: Scene, course: Course) -> None:
    """Sensor ``s`` is inclined like the segments under it, less what the skin loses."""
    first = su.FIRST_SENSOR + su.PER_SENSOR * s
    row = put(rows, 0.0, course.inclination_var[i, s])
    lean = placements.inclination(x, scene.anchor[s], u[first + su.SHARE], row)
    follows = 1.0 - u[first + su.SOFTNESS]
    for k in range(chain.STATES):
        row[k] *= follows
    row[first + su.ZERO] = 1.0
    row[first + su.SOFTNESS] = -lean
    row[first + su.SHARE] = 0.0 if scene.anchor[s] == placements.ON_THIGH else follows * x[chain.LUMBAR]
    rows.residual[rows.used[0] - 1] = follows * lean + u[first + su.ZERO] - course.inclination[i, s]


@numba.njit(cache=True)
def height(rows: Rows, i: int, s: int, x: Array, u: Array, scene: Scene, course: Course) -> None:
    """Sensor ``s`` has come down with the chain under it; ``rows.body`` has the chain."""
    anchor, first = scene.anchor[s], su.FIRST_SENSOR + su.PER_SENSOR * s
    share, ahead, up = u[first + su.SHARE], u[first + su.AHEAD], u[first + su.UP]
    row = put(rows, 0.0, course.height_var[i, s])
    lean = placements.inclination(x, anchor, share, row)
    cos, sin = math.cos(lean), math.sin(lean)
    forward = ahead * cos + up * sin  # what the offset's end loses in height per radian
    length = rows.chain.standing[chain.LUMBAR, 1]
    if anchor == placements.ON_LUMBAR:
        chain.place_arc(rows.chain, chain.PART, x, length, share)
    chain.point(rows.chain, scene.leads_to[s], rows.pos, rows.jac)
    for k in range(chain.STATES):
        rows.jac[1, k] -= row[k] * forward
    for k in range(row.size):
        row[k] = rows.jac[1, k]
    inclined = abs(course.inclination[i, s])
    row[first + su.AHEAD], row[first + su.UP], row[first + su.HEIGHT_DRIFT] = -sin, cos - 1.0, inclined
    row[first + su.SHARE] = 0.0 if anchor == placements.ON_THIGH else -forward * x[chain.LUMBAR]
    if anchor == placements.ON_LUMBAR:
        row[first + su.SHARE] += length * (cos - 1.0)
    predicted = rows.pos[1] - ahead * sin + up * (cos - 1.0) + u[first + su.HEIGHT_DRIFT] * inclined
    rows.residual[rows.used[0] - 1] = predicted - course.height[i, s]


@numba.njit(cache=True)
def bar(rows: Rows, u: Array, body: Body, scene: Scene, on_floor: float, hanging: float) -> None:
    """Say that the bar hangs from straight arms over mid-foot, the shoulder a little ahead, on the floor or above."""
    chain.point(rows.chain, scene.shoulder, rows.pos, rows.jac)
    chain.hanging_bar(rows.chain, body, u[chain.MID_FOOT], rows.pos, rows.jac)
    variance = SHOULDER_SD_M**2 if on_floor > 0.0 else HANGING_SD_M**2
    row = put(rows, rows.pos[0] - u[su.REACH], variance / hanging)
    for k in range(row.size):
        row[k] = rows.jac[0, k]
    row[su.REACH] = -1.0
    if on_floor > 0.0:
        row = put(rows, rows.pos[1] - u[su.FLOOR], BAR_SD_M**2 / on_floor)
        for k in range(row.size):
            row[k] = rows.jac[1, k]
        row[su.FLOOR] = -1.0


@numba.njit(cache=True)
def balance(rows: Rows, u: Array, mass: Array, expected_m: float, variance: float) -> None:
    """Say that the body's centre of mass stays over the foot."""
    chain.point(rows.chain, mass, rows.pos, rows.jac)
    row = put(rows, rows.pos[0] - expected_m - u[su.BALANCE], variance)
    for k in range(row.size):
        row[k] = rows.jac[0, k]
    row[su.BALANCE] = -1.0


@numba.njit(cache=True)
def habit(rows: Rows, x: Array, u: Array, habits: Habits, own: float, bend: float, look: float) -> None:
    """Say how people bend: the shank follows the thigh, lumbar and thoracic flexion follow the trunk.

    Within the set (``own`` 1) most of it is shared; an instant of another set (0) has the whole spread for itself.
    """
    spread = bend * (WITHIN_SET if own > 0.0 else 1.0)
    share, thigh = habits.shank + own * u[su.SHANK_HABIT], x[chain.THIGH]
    row = put(rows, x[chain.SHANK] - share * thigh, (habits.shank_sd * spread + SHANK_SD) ** 2 / look)
    row[chain.SHANK], row[chain.THIGH], row[su.SHANK_HABIT] = 1.0, -share, -own * thigh
    share, trunk = habits.lumbar + own * u[su.LUMBAR_HABIT], x[chain.PELVIS] + x[chain.LUMBAR]
    row = put(rows, x[chain.LUMBAR] - share * trunk, (habits.lumbar_sd * spread + LUMBAR_SD) ** 2 / look)
    row[chain.LUMBAR], row[chain.PELVIS], row[su.LUMBAR_HABIT] = 1.0 - share, -share, -own * trunk
    share = habits.thoracic + own * u[su.THORACIC_HABIT]
    row = put(rows, x[chain.THORACIC] - share * trunk, (habits.thoracic_sd * spread + THORACIC_SD) ** 2 / look)
    row[chain.THORACIC], row[chain.PELVIS], row[chain.LUMBAR] = 1.0, -share, -share
    row[su.THORACIC_HABIT] = -own * trunk


@numba.njit(cache=True)
def limits(rows: Rows, x: Array, scene: Scene, bend: float) -> None:
    """Knees do not bend forward, the loaded lumbar spine does not extend in a deep bend, nobody exceeds the maximum.

    Each is a weighted sum of angles that is pulled back where it is over its limit; within it nothing is said.
    """
    upright = 1.0 - min(bend / (40.0 * DEG), 1.0)
    for i in range(scene.limit.shape[0]):
        most, sd = scene.limit_at[i, 0], scene.limit_at[i, 2]
        over = -(most + upright * scene.limit_at[i, 1])
        for k in range(chain.STATES):
            over += scene.limit[i, k] * x[k]
        if over > 0.0:
            row = put(rows, over, sd * sd)
            for k in range(chain.STATES):
                row[k] = scene.limit[i, k]


@numba.njit(cache=True)
def gather(rows: Rows, x: Array, u: Array, body: Body, scene: Scene, course: Course, i: int) -> int:
    """Fill ``rows`` with all that is known at instant ``i`` and return how many there are.

    ``x`` (5,) is the posture. ``u`` (5 + m,) are the shared unknowns, numbered like the columns of a Jacobian: the
    first five places are not used. ``body`` is the scene's with its lengths under ``u``.
    """
    rows.used[0] = 0
    chain.place_all(rows.chain, x, body)
    for s in range(scene.anchor.size):
        if course.inclination_var[i, s] < math.inf:
            inclination(rows, i, s, x, u, scene, course)
        if course.height_var[i, s] < math.inf:
            height(rows, i, s, x, u, scene, course)
    bend, look, hanging = course.bend[i], course.habit[i], course.hanging[i]
    if hanging > 0.0:
        bar(rows, u, body, scene, course.on_floor[i], hanging)
    sd_m = BALANCE_SD_M if course.on_floor[i] > 0.0 else MOVING_BALANCE_SD_M
    balance(rows, u, scene.mass, BALANCE_M * bend if hanging > 0.0 else 0.0, sd_m**2 / look)
    habit(rows, x, u, scene.habits, course.own[i], bend, look)
    if not math.isnan(course.told[i, 0]):  # in a clean hinge with a dowel the lumbar spine was held as told
        row = put(rows, x[chain.LUMBAR] - course.told[i, 0], course.told[i, 1] ** 2)
        row[chain.LUMBAR] = 1.0
    limits(rows, x, scene, bend)
    return int(rows.used[0])
