"""List what is known at one instant, each piece as (residual, Jacobian, variance): sensors, bar, balance, habits, limits.

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
from imu_hinge.motion.anthropometry import Body, CarriedMass
from imu_hinge.motion.habits import DEG, LUMBAR_SD, SHANK_SD, THORACIC_SD, Habits

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

MOST_ROWS: Final = 36

BAR_SD_M: Final = 0.008
"""Spread of the hanging bar's height from bend to bend: grip, shoulder blades [m]."""
SHOULDER_SD_M: Final = 0.015
"""Spread of the shoulder's place over the bar from bend to bend [m]."""
HANGING_SD_M: Final = 0.05
"""The same while the bar hangs free, where it also swings along the legs."""
BALANCE_M, BALANCE_SD_M = -0.03, 0.04
"""Travel of the body's centre of mass from standing while the hands hold the bar: it backs a little away from it."""
FREE_BALANCE_SD_M: Final = 0.04
"""The same without the bar, about zero."""


class Scene(NamedTuple):
    """Hold what stays the same during a solution: who, which sensors, which exercise.

    ``anchor`` (s,) is one of the anchors of `placements` per sensor; ``lumbar_max`` [rad] with its spread is as far as
    the athlete's lumbar spine bends.
    """

    body: Body
    mass: CarriedMass
    habits: Habits
    anchor: Index
    lumbar_max: float
    lumbar_max_sd: float


class Course(NamedTuple):
    """Hold what was observed at each of n instants by s sensors; a variance of infinity is: not known.

    ``inclination`` (n, s) [rad], ``height`` (n, s) [m] from standing. ``on_floor`` (n,) is the look that the bar's
    height is worth (0: not on the floor), ``hanging`` (n,) that of the shoulder over the bar, ``habit`` (n,) that of
    habits and balance. ``told`` (n, 2) is lumbar flexion and its sd where the athlete was told to hold it, else NaN.
    ``walk`` (n, 5) [rad²] is how far the posture may have moved since the instant before; infinity cuts the chain.
    """

    inclination: Array
    inclination_var: Array
    height: Array
    height_var: Array
    on_floor: Array
    hanging: Array
    habit: Array
    told: Array
    walk: Array


class Rows(NamedTuple):
    """Hold room for the evidence of one instant: (r,), (r, 5 + m), (r,), and two rows of scratch."""

    residual: Array
    jacobian: Array
    variance: Array
    pos: Array
    jac: Array


def room_for(shared: int) -> Rows:
    """Return empty rows for ``shared`` shared unknowns."""
    columns = chain.STATES + shared
    return Rows(
        np.zeros(MOST_ROWS), np.zeros((MOST_ROWS, columns)), np.zeros(MOST_ROWS), np.zeros(2), np.zeros((2, columns))
    )


@numba.njit(cache=True)
def put(rows: Rows, n: int, residual: float, variance: float) -> int:
    """Finish row ``n`` and return the number of the next one."""
    rows.residual[n] = residual
    rows.variance[n] = variance
    return n + 1


@numba.njit(cache=True)
def sensor_inclination(rows: Rows, n: int, x: Array, u: Array, what: tuple[int, int, float, float]) -> int:
    """Sensor ``s`` on ``anchor`` reads the segments under it, less what the skin loses."""
    anchor, s, observed, variance = what
    first = su.FIRST_SENSOR + su.PER_SENSOR * s
    zero, softness, share = u[first + su.ZERO], u[first + su.SOFTNESS], u[first + su.SHARE]
    row = rows.jacobian[n]
    lean = placements.inclination(x, anchor, share, row)
    for k in range(chain.STATES):
        row[k] *= 1.0 - softness
    row[first + su.ZERO] = 1.0
    row[first + su.SOFTNESS] = -lean
    if anchor != placements.ON_THIGH:
        row[first + su.SHARE] = (1.0 - softness) * x[chain.LUMBAR]
    return put(rows, n, (1.0 - softness) * lean + zero - observed, variance)


@numba.njit(cache=True)
def sensor_height(
    rows: Rows, n: int, x: Array, u: Array, body: Body, what: tuple[int, int, float, float, float]
) -> int:
    """Sensor ``s`` on ``anchor`` has come down by as much as the chain under it."""
    anchor, s, observed, variance, inclined = what
    first = su.FIRST_SENSOR + su.PER_SENSOR * s
    share, ahead, up = u[first + su.SHARE], u[first + su.AHEAD], u[first + su.UP]
    row = rows.jacobian[n]
    placements.travel(x, body, anchor, share, rows.pos, rows.jac)
    lean = placements.inclination(x, anchor, share, row)
    placements.add_offset(lean, (ahead, up), row, rows.pos, rows.jac)
    row[:] = rows.jac[1]
    row[first + su.AHEAD] = -math.sin(lean)
    row[first + su.UP] = math.cos(lean) - 1.0
    row[first + su.HEIGHT_DRIFT] = inclined
    return put(rows, n, rows.pos[1] + u[first + su.HEIGHT_DRIFT] * inclined - observed, variance)


@numba.njit(cache=True)
def bar(rows: Rows, n: int, x: Array, u: Array, body: Body, looks: tuple[float, float]) -> int:
    """The bar hangs from straight arms over mid-foot, the shoulder a little ahead; on the floor its height is known."""
    on_floor, hanging = looks
    mid_foot = u[chain.MID_FOOT]
    height = chain.bar_from_soles(x, body, mid_foot, rows.pos, rows.jac)
    if on_floor > 0.0:
        rows.jacobian[n] = rows.jac[1]
        rows.jacobian[n, su.FLOOR] = -1.0
        n = put(rows, n, height - u[su.FLOOR], BAR_SD_M**2 / on_floor)
    if hanging > 0.0:
        rows.jacobian[n] = rows.jac[0]
        rows.jacobian[n, su.REACH] = -1.0
        sd_m = SHOULDER_SD_M if on_floor > 0.0 else HANGING_SD_M
        n = put(rows, n, rows.pos[0] - mid_foot - u[su.REACH], sd_m**2 / hanging)
    return n


@numba.njit(cache=True)
def balance(rows: Rows, n: int, x: Array, scene: Scene, body: Body, looks: tuple[float, float]) -> int:
    """The body's centre of mass stays over the foot."""
    habit, hanging = looks
    chain.mass_from_standing(x, body, scene.mass, rows.pos, rows.jac)
    rows.jacobian[n] = rows.jac[0]
    if hanging > 0.0:
        lean = min(max(x[chain.PELVIS] + x[chain.LUMBAR], 0.0), 1.0)
        return put(rows, n, rows.pos[0] - BALANCE_M * lean, BALANCE_SD_M**2 / habit)
    return put(rows, n, rows.pos[0], FREE_BALANCE_SD_M**2 / habit)


@numba.njit(cache=True)
def habit(rows: Rows, n: int, x: Array, habits: Habits, look: float) -> int:
    """The shank follows the thigh, lumbar and thoracic flexion follow the trunk: the athlete's way of bending."""
    trunk = x[chain.PELVIS] + x[chain.LUMBAR]
    sd = habits.shank_sd * abs(x[chain.THIGH]) + SHANK_SD
    rows.jacobian[n, chain.SHANK], rows.jacobian[n, chain.THIGH] = 1.0, -habits.shank
    n = put(rows, n, x[chain.SHANK] - habits.shank * x[chain.THIGH], sd * sd / look)
    sd = habits.lumbar_sd * abs(trunk) + LUMBAR_SD
    rows.jacobian[n, chain.LUMBAR], rows.jacobian[n, chain.PELVIS] = 1.0 - habits.lumbar, -habits.lumbar
    n = put(rows, n, x[chain.LUMBAR] - habits.lumbar * trunk, sd * sd / look)
    sd = habits.thoracic_sd * abs(trunk) + THORACIC_SD
    row = rows.jacobian[n]
    row[chain.THORACIC], row[chain.PELVIS], row[chain.LUMBAR] = 1.0, -habits.thoracic, -habits.thoracic
    return put(rows, n, x[chain.THORACIC] - habits.thoracic * trunk, sd * sd / look)


@numba.njit(cache=True)
def limit(rows: Rows, n: int, over: float, columns: tuple[int, int, float], sd: float) -> int:
    """A joint that is ``over`` its limit [rad] is pulled back; within it nothing is said."""
    if over <= 0.0:
        return n
    first, second, sign = columns
    rows.jacobian[n, first] = sign
    if second >= 0:
        rows.jacobian[n, second] = sign
    return put(rows, n, over, sd * sd)


@numba.njit(cache=True)
def limits(rows: Rows, n: int, x: Array, scene: Scene) -> int:
    """Knees do not bend forward, the loaded lumbar spine does not extend in a deep bend, nobody exceeds the maximum."""
    knee, hip = x[chain.SHANK] + x[chain.THIGH], x[chain.THIGH] + x[chain.PELVIS]
    upright = 1.0 - min(max((x[chain.PELVIS] + x[chain.LUMBAR]) / (30.0 * DEG), 0.0), 1.0)
    n = limit(rows, n, -5.0 * DEG - knee, (chain.SHANK, chain.THIGH, -1.0), 3.0 * DEG)
    n = limit(rows, n, knee - 140.0 * DEG, (chain.SHANK, chain.THIGH, 1.0), 6.0 * DEG)
    n = limit(rows, n, hip - 130.0 * DEG, (chain.THIGH, chain.PELVIS, 1.0), 6.0 * DEG)
    n = limit(rows, n, -3.0 * DEG - x[chain.SHANK], (chain.SHANK, -1, -1.0), 4.0 * DEG)
    n = limit(rows, n, x[chain.SHANK] - 35.0 * DEG, (chain.SHANK, -1, 1.0), 4.0 * DEG)
    n = limit(rows, n, -18.0 * DEG * upright - x[chain.LUMBAR], (chain.LUMBAR, -1, -1.0), 5.0 * DEG)
    n = limit(rows, n, x[chain.LUMBAR] - scene.lumbar_max, (chain.LUMBAR, -1, 1.0), scene.lumbar_max_sd)
    return limit(rows, n, -5.0 * DEG - x[chain.THORACIC], (chain.THORACIC, -1, -1.0), 3.0 * DEG)


@numba.njit(cache=True)
def told(rows: Rows, n: int, x: Array, lumbar: float, lumbar_sd: float) -> int:
    """In a clean hinge with a dowel the lumbar spine was held as told."""
    if math.isnan(lumbar):
        return n
    rows.jacobian[n, chain.LUMBAR] = 1.0
    return put(rows, n, x[chain.LUMBAR] - lumbar, lumbar_sd * lumbar_sd)


@numba.njit(cache=True)
def gather(rows: Rows, x: Array, u: Array, body: Body, scene: Scene, course: Course, i: int) -> tuple[int, int]:
    """Fill ``rows`` with all that is known at instant ``i``; return how many, and how many of them were observed.

    ``x`` (5,) is the posture. ``u`` (5 + m,) are the shared unknowns, numbered like the columns of a Jacobian: the first
    five places are not used. ``body`` is the scene's with its lengths under ``u``.
    """
    rows.jacobian[:] = 0.0
    n = 0
    for s in range(scene.anchor.size):
        anchor, inclined = scene.anchor[s], course.inclination[i, s]
        if course.inclination_var[i, s] < math.inf:
            n = sensor_inclination(rows, n, x, u, (anchor, s, inclined, course.inclination_var[i, s]))
        if course.height_var[i, s] < math.inf:
            what = (anchor, s, course.height[i, s], course.height_var[i, s], abs(inclined))
            n = sensor_height(rows, n, x, u, body, what)
    if course.hanging[i] > 0.0:
        n = bar(rows, n, x, u, body, (course.on_floor[i], course.hanging[i]))
    observed = n
    n = balance(rows, n, x, scene, body, (course.habit[i], course.hanging[i]))
    n = habit(rows, n, x, scene.habits, course.habit[i])
    n = told(rows, n, x, course.told[i, 0], course.told[i, 1])
    return limits(rows, n, x, scene), observed
