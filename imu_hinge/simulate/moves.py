"""Turn a list of moves into a body's course over time: where the plan goes, and what sway and gait add to it.

It knows no exercise (see `script`) and no sensor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from imu_hinge.model import Array
from imu_hinge.simulate.body import LUMBAR, PELVIS, SHANK_LEAN, THIGH_LEAN, THORAX, Body, centre_of_mass_x
from imu_hinge.simulate.shapes import band_noise, extra_time, profile, slow_places, smooth
from imu_hinge.simulate.spec import LifterSpec, SetSpec

PATH, HEADING, SIDE_PELVIS, SIDE_TRUNK, TURN_PELVIS, TURN_TRUNK = range(5, 11)
"""Columns beyond the posture: way walked [m], heading, bend to the side and axial turn of pelvis and trunk [rad]."""

COLUMNS: Final = 11  # a posture's five, and those above

INTERNAL_RATE_HZ: Final = 400.0
"""Rate at which the body moves inside the simulator [Hz]."""

_SMOOTH_S: Final = 0.08
"""Chosen: one move goes over into the next within this [s]."""

GIVEN_BACK: Final = 0.8
"""How much of its rounding after lift-off a back takes from the pelvis: the shoulders come down a little (chosen)."""

UNLOCKED_RAD: Final = float(np.radians(20.0))
"""Knees bent by more than this are as they would be however the lifter stands (chosen)."""


@dataclass(frozen=True, slots=True)
class Course:
    """Hold how a move runs in time; see `shapes`.

    Parameters
    ----------
    family, skew
        Profile of progress, see `shapes.profile`.
    places
        Where it lingers, see `shapes.slow_places`.
    tilt_bump_rad
        Pelvis tilt added for a while, most at 30 % of the move.
    rounding_rad
        Lumbar flexion added for a while, most at 30 % of the move; the pelvis gives back `GIVEN_BACK` of it.
    abruptness
        Share of the profile left out at its end, so that the move ends at speed.
    """

    family: str = "minimum_jerk"
    skew: float = 1.0
    places: tuple[tuple[float, float, float], ...] = ()
    tilt_bump_rad: float = 0.0
    rounding_rad: float = 0.0
    abruptness: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """Hold one move from wherever the body is to a target.

    Parameters
    ----------
    kind
        What the move is: ``stand, walk, bend, pull, top, lower, floor, descend, bottom, rise, ...``.
    duration_s
    target : (11,)
        Posture and the columns beyond it at the end of the move.
    windows : (11, 2)
        Share of the move in which each column moves.
    course
    rep
        Which rep it belongs to, -1 for none.
    other
        The name of a movement that is no rep, or an empty string.
    is_stationary
        Whether the lifter sways as in standing; the loaded sway less.
    has_steps
        Whether the lifter walks.
    is_seated
        Whether a seat carries the body, which then needs no balance over the feet.
    """

    kind: str
    duration_s: float
    target: Array
    windows: Array
    course: Course = Course()
    rep: int = -1
    other: str = ""
    is_stationary: bool = True
    has_steps: bool = False
    is_seated: bool = False

    @property
    def is_at_the_bar(self) -> bool:
        """Whether the hands hold the bar or lean on it, so that its weight counts in the balance."""
        return (
            self.rep >= 0
            or not self.is_stationary
            or self.other in ("setup_bend", "release_rise", "pick_up", "put_down")
        )

    @property
    def lasts_s(self) -> float:
        """Duration with the time spent in slow places."""
        return float(self.duration_s * extra_time(self.course.places))


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Hold a body's course on an even grid of `INTERNAL_RATE_HZ`.

    Parameters
    ----------
    time_s : (n,)
    plan : (n, 11)
        What the lifter means to do, without sway, tremor or gait.
    columns : (n, 11)
        What the body does.
    shift_m : (n, 3)
        What gait adds to the position: forward, left, up.
    thigh_swing_rad, knee_swing_rad : (n,)
        What gait adds to the measured leg.
    starts_s : (m + 1,)
        When each move starts; the last is the end.
    moves
        The moves, in order.
    heels_s : (k,)
        When heels strike.
    """

    time_s: Array
    plan: Array
    columns: Array
    shift_m: Array
    thigh_swing_rad: Array
    knee_swing_rad: Array
    starts_s: Array
    moves: tuple[Move, ...] = field(default=())
    heels_s: Array = field(default_factory=lambda: np.zeros(0))

    def part(self, index: int) -> slice:
        """Return the samples of one move."""
        first, last = np.searchsorted(self.time_s, self.starts_s[index : index + 2])
        return slice(int(first), max(int(last), int(first) + 1))


def render(moves: list[Move], spec: SetSpec, rng: np.random.Generator) -> Track:
    """Return the course of a body that does the moves one after the other, starting in quiet standing.

    Parameters
    ----------
    moves
        In order; each starts where the one before ended.
    spec
        The lifter's sway, gait and load.
    rng
        Sway and gait are drawn from it.
    """
    lifter = spec.lifter
    starts = np.concatenate([[0.0], np.cumsum([move.lasts_s for move in moves])])
    n = int(starts[-1] * INTERNAL_RATE_HZ) + 1
    time = np.arange(n) / INTERNAL_RATE_HZ
    edges = np.append(np.searchsorted(time, starts[:-1]), n)
    plan, stationary, stepping, load = np.empty((n, COLUMNS)), np.empty((n, 1)), np.empty((n, 1)), np.empty((n, 1))
    on_feet = np.empty((n, 1))
    here = np.zeros(COLUMNS)
    for i, move in enumerate(moves):
        part = slice(edges[i], edges[i + 1])
        plan[part] = _along(move, here, (time[part] - starts[i]) / move.lasts_s)
        stationary[part], stepping[part] = (1.0 if move.is_stationary else 0.35), float(move.has_steps)
        load[part] = spec.carried * move.is_at_the_bar
        on_feet[part] = not move.is_seated
        here = move.target
    load, on_feet = (smooth(column, width=int(0.3 * INTERNAL_RATE_HZ)) for column in (load, on_feet))
    plan[:, :2] += on_feet * _keep_balance(plan, spec, load[:, 0])
    plan = smooth(plan, width=int(_SMOOTH_S * INTERNAL_RATE_HZ))
    plan[:, :2] += _as_in_standing(plan, lifter)
    stationary = smooth(stationary, width=int(0.5 * INTERNAL_RATE_HZ))[:, 0]
    stepping = smooth(stepping, width=int(0.6 * INTERNAL_RATE_HZ))[:, 0]
    columns = plan + _sway(lifter, rng, stationary)
    gait = _gait(lifter, rng, stepping, time, columns)
    return Track(time, plan, columns, gait.shift_m, gait.thigh_rad, gait.knee_rad, starts, tuple(moves), gait.heels_s)


def _as_in_standing(plan: Array, lifter: LifterSpec) -> Array:
    """Return what knees that are bent in standing add to shank and thigh, the less the more they bend, (n, 2) [rad]."""
    bent = np.clip((plan[:, SHANK_LEAN] + plan[:, THIGH_LEAN]) / UNLOCKED_RAD, 0.0, 1.0)
    return np.asarray(0.5 * np.radians(lifter.standing_knee_deg) * (1.0 - bent)[:, None] * np.ones(2))


def _along(move: Move, here: Array, share: Array) -> Array:
    """Return the columns after each share of a move's time, (n, 11)."""
    s = slow_places(np.clip(share, 0.0, 1.0), move.course.places)
    first, last = move.windows[:, 0], move.windows[:, 1]
    progress = profile((s[:, None] - first) / (last - first), move.course.family, move.course.skew)
    if move.course.abruptness:
        kept = 1.0 - move.course.abruptness
        cut = profile(kept * (s[:, None] - first) / (last - first), move.course.family, move.course.skew)
        whole = profile(np.array([kept]), move.course.family, move.course.skew)
        progress = np.where(last >= 1.0, cut / whole, progress)
    columns = here + (move.target - here) * progress
    if move.course.tilt_bump_rad:
        near = np.clip((s - 0.3) / 0.3, -1.0, 1.0)
        columns[:, PELVIS] += move.course.tilt_bump_rad * (0.5 + 0.5 * np.cos(np.pi * near))
    if move.course.rounding_rad:
        near = np.clip((s - 0.3) / 0.3, -1.0, 1.0)
        more = move.course.rounding_rad * (0.5 + 0.5 * np.cos(np.pi * near))
        columns[:, LUMBAR] += more
        columns[:, PELVIS] -= GIVEN_BACK * more
    return np.asarray(columns)


def _keep_balance(plan: Array, spec: SetSpec, load: Array) -> Array:
    """Return the turn of the ankle (shank lean, thigh lean) that keeps body and bar over the foot, (n, 2) [rad].

    Nothing is changed while the centre of mass is well over the foot; knee and trunk angles never are.
    """
    every, body = 8, spec.lifter.body
    posture, carried, step = plan[::every, :5].copy(), load[::every], 1e-4
    turn = np.zeros(len(posture))
    at = _centre(body, posture, carried, spec.is_bar_on_back)
    back, ahead, width = -0.045 * body.scale, 0.075 * body.scale, 0.01 * body.scale
    goal = at - width * (np.logaddexp(0.0, (at - ahead) / width) - np.logaddexp(0.0, (back - at) / width))
    for _ in range(2):
        at = _centre(body, posture, carried, spec.is_bar_on_back)
        moved = posture + step * np.array([1.0, -1.0, 0.0, 0.0, 0.0])
        slope = (_centre(body, moved, carried, spec.is_bar_on_back) - at) / step
        turn += (goal - at) / slope
        posture[:, 0], posture[:, 1] = plan[::every, 0] + turn, plan[::every, 1] - turn
    full = np.interp(np.arange(len(plan)), np.arange(0, len(plan), every), turn)
    return np.stack([full, -full], axis=1)


def _centre(body: Body, posture: Array, load: Array, is_bar_on_back: bool) -> Array:
    """Return where the centre of mass of body and bar is ahead of the ankle, (n,) [m]."""
    return centre_of_mass_x(body, posture, load=load, bar_on_back=is_bar_on_back)


def _sway(lifter: LifterSpec, rng: np.random.Generator, stationary: Array) -> Array:
    """Return sway, breathing and tremor of a standing body, (n, 11) [rad]."""
    n, rate = stationary.size, INTERNAL_RATE_HZ
    columns = np.zeros((n, COLUMNS))
    whole = 0.5 * np.radians(lifter.sway_deg) * stationary
    slow, fast = 0.6 * lifter.sway_hz, 1.7 * lifter.sway_hz
    inclination = whole * band_noise(rng, n, rate_hz=rate, low_hz=slow, high_hz=fast)
    columns[:, SHANK_LEAN], columns[:, THIGH_LEAN], columns[:, PELVIS] = inclination, -inclination, inclination
    for column in (SIDE_PELVIS, SIDE_TRUNK):
        columns[:, column] = 0.5 * whole * band_noise(rng, n, rate_hz=rate, low_hz=slow, high_hz=fast)
    columns[:, TURN_TRUNK] = whole * band_noise(rng, n, rate_hz=rate, low_hz=slow, high_hz=fast)
    breath = np.radians(lifter.breath_deg) * band_noise(
        rng, n, rate_hz=rate, low_hz=0.85 * lifter.breath_hz, high_hz=1.15 * lifter.breath_hz
    )
    columns[:, LUMBAR] -= 0.35 * breath * stationary
    columns[:, THORAX] -= 0.35 * breath * stationary
    tremor = np.radians(lifter.tremor_deg) * (1.0 + 2.0 * (1.0 - stationary))
    for column in (PELVIS, LUMBAR, THORAX, SIDE_TRUNK, TURN_TRUNK):
        columns[:, column] += tremor * band_noise(rng, n, rate_hz=rate, low_hz=3.0, high_hz=9.0)
    return columns


class _Gait(NamedTuple):
    """Hold what gait adds: shift (n, 3) [m], swing of thigh and knee (n,) [rad], heel strikes (k,) [s]."""

    shift_m: Array
    thigh_rad: Array
    knee_rad: Array
    heels_s: Array


def _gait(lifter: LifterSpec, rng: np.random.Generator, stepping: Array, time: Array, columns: Array) -> _Gait:
    """Add gait to the columns in place and return the rest of it."""
    shift, thigh, knee = np.zeros((time.size, 3)), np.zeros(time.size), np.zeros(time.size)
    if not stepping.any():
        return _Gait(shift, thigh, knee, np.zeros(0))
    pace = 1.0 + 0.03 * band_noise(rng, time.size, rate_hz=INTERNAL_RATE_HZ, low_hz=0.1, high_hz=0.6)
    phase = 2.0 * np.pi * lifter.step_hz * np.cumsum(pace) / INTERNAL_RATE_HZ
    step, stride = phase, 0.5 * phase
    omega = 2.0 * np.pi * lifter.step_hz
    shift[:, 0] = stepping * lifter.step_forward_mps2 / omega**2 * np.sin(step + 0.4)
    shift[:, 1] = stepping * lifter.step_side_mps2 / (0.5 * omega) ** 2 * np.sin(stride)
    shift[:, 2] = stepping * lifter.step_up_mps2 / omega**2 * (np.cos(step) + 0.12 * np.cos(2 * step + 0.5) - 1.0)
    degrees = np.radians(stepping)
    columns[:, PELVIS] += degrees * (2.0 + 1.5 * np.sin(step + 1.0))
    columns[:, LUMBAR] += degrees * 1.5 * np.sin(step + 2.5)
    columns[:, SIDE_PELVIS] += degrees * 4.0 * np.sin(stride + 0.6)
    columns[:, SIDE_TRUNK] -= degrees * 2.0 * np.sin(stride + 0.6)
    columns[:, TURN_PELVIS] += degrees * 5.0 * np.sin(stride + 1.2)
    columns[:, TURN_TRUNK] -= degrees * 4.0 * np.sin(stride + 1.2)
    thigh += degrees * 22.0 * np.sin(stride)
    knee += degrees * (22.0 + 20.0 * np.sin(stride + 1.0))
    struck = np.flatnonzero(np.diff(np.floor(step / (2.0 * np.pi))) * (stepping[1:] > 0.7))
    return _Gait(shift, thigh, knee, time[struck])
