"""Lay out what was observed over a set as the nodes of the linkage: where, how well known, how often repeated.

It does not solve for anything. Where the body moves there is a node for every six degrees or four centimetres, where
it rests one every half second.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge import conventions as cv
from imu_hinge.motion.linkage import layout
from imu_hinge.motion.linkage.factors import Observations
from imu_hinge.motion.linkage.posture_priors import PosturePrior, posture_prior, widen_lumbar_prior, within_set

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

NODE_RAD: Final = math.radians(6.0)
"""A node stands at least every so much way, angles go straight between; chosen: ten in a bend of 60 degrees."""
NODE_REST_S: Final = 0.5
"""... and at least every so often where nothing moves [s]."""

VIBRATION_S: Final = 0.15
"""What is faster than this is a shake and leads nowhere."""

METRE_AS_RAD: Final = 2.5
"""How much way a metre of height is worth [rad/m]: a deadlift's 0.4 m and its 60 degrees are one radian each."""

PROCESS_PATH_RAD: Final = math.radians(70.0)
"""How far thigh and pelvis stray over one radian of way [rad]; grows with its root. The others keep to their habit."""
PROCESS_PER_ROOT_S_RAD: Final = np.radians([1.5, 3.0, 3.0, 1.5, 1.0])
"""How far shank, thigh, pelvis, lumbar and thoracic flexion stray in a second in which no sensor moves [rad]."""

LEAST_INCLINATION_SD_RAD: Final = math.radians(0.5)
"""No inclination is taken to be known better; chosen, near the filter's own error of 0.6 degrees [rad]."""
LEAST_HEIGHT_SD_M: Final = 0.006
"""Nor a height: double integration is off by 0.5 cm at its best (docs/biomechanics.md, 5.5)."""

HABIT_WAY_RAD, HABIT_S = 1.2, 4.0
"""A habit says something new once per this much way or time; in between it repeats itself."""
INCLINATION_WAY_RAD, INCLINATION_S = math.radians(3.0), 0.25
"""The same for an inclination."""
HEIGHT_WAY_RAD, HEIGHT_S = 0.15, 0.5
"""The same for a height, which an integral carries from sample to sample."""
ABOVE_STANDING: Final = 2.0
"""No bend lifts a sensor above standing: steps and heels do, and then its height says less by this much of it."""
LEANING_BACK_M: Final = 0.2
"""Heights take a lockout for standing; one that leans back is lower by up to this, per radian [m]."""
FLOOR_WAY_RAD, FLOOR_S = 0.6, 1.0
"""The same for the hands on the bar; every contact is worth one look at least."""

TOUCHED: Final = 0.05
"""A floor contact that is less likely than this is none."""

CLEAN_HINGE_RAD: Final = np.radians([10.0, 2.9])
"""Lumbar flexion at the bottom of a clean hinge and its spread: evenly 5 to 15 degrees (docs/biomechanics.md, 6.2)."""


@dataclass(frozen=True, slots=True, eq=False)
class LinkageInputs:
    """Hold what is known of a set over time; NaN is: not known at that instant.

    Parameters
    ----------
    time_s : (n,) [s]
        Even grid.
    inclination_rad : placement -> (n,) [rad]
        Inclination of each sensor, forward positive, zero in quiet standing. One on the thigh leans back: negative.
    inclination_sd_rad : placement -> (n,) [rad]
        Of the filter and the alignment; what skin and soft tissue do is added here.
    height_m, height_sd_m : placement -> (n,) [m], optional
        Vertical travel of each sensor from quiet standing, up positive, and its standard deviation.
    on_floor : (n,), optional
        Probability that the hands hold a bar whose plates are on the floor.
    exercise
        One of `conventions.EXERCISES` or ``auto``.
    neutral_at
        Instants at which the athlete was told to hold the lumbar spine neutral: the bottoms of clean hinges.
    """

    time_s: Array
    inclination_rad: Mapping[str, Array]
    inclination_sd_rad: Mapping[str, Array]
    height_m: Mapping[str, Array] = field(default_factory=dict)
    height_sd_m: Mapping[str, Array] = field(default_factory=dict)
    on_floor: Array | None = None
    exercise: str = "deadlift"
    neutral_at: tuple[int, ...] = ()

    @property
    def placements(self) -> tuple[str, ...]:
        """Where sensors sit, in the order given."""
        return tuple(self.inclination_rad)

    @property
    def is_spanned(self) -> bool:
        """Whether two sensors span the lumbar spine and measure it."""
        return "t12" in self.placements and not set(cv.PELVIS_PLACEMENTS).isdisjoint(self.placements)

    @property
    def posture_prior(self) -> PosturePrior:
        """How people bend in this exercise, as far as it is needed: not where two sensors span the lumbar spine."""
        return widen_lumbar_prior(posture_prior(self.exercise)) if self.is_spanned else posture_prior(self.exercise)

    def __len__(self) -> int:
        return int(self.time_s.size)


def path_length_rad(inputs: LinkageInputs) -> Array:
    """Return how far the body has come since the first instant [rad], (n,): the sensor that moves most counts."""
    moved = np.zeros(len(inputs))
    width = max(1, int(np.searchsorted(inputs.time_s, inputs.time_s[0] + VIBRATION_S)))
    for placement in inputs.placements:
        step = _step(inputs.inclination_rad[placement], width)
        if placement in inputs.height_m:
            step = np.fmax(step, METRE_AS_RAD * _step(inputs.height_m[placement], width))
        moved = np.fmax(moved, step)
    return np.asarray(np.cumsum(moved))


def _step(values: Array, width: int) -> Array:
    """Return how far the mean over ``width`` samples goes from each sample to the next, (n,); 0 where not known."""
    step = np.diff(values, prepend=values[:1])
    mean = np.convolve(np.where(np.isfinite(step), step, 0.0), np.full(width, 1.0 / width), mode="same")
    return np.asarray(np.abs(mean[: values.size]))


def bend_of(inputs: LinkageInputs) -> Array:
    """Return roughly how deep the body is bent [rad], (n,): the sensor that says most counts."""
    bend = np.zeros(len(inputs))
    for placement in inputs.placements:
        pelvis = 1.4 if placement in cv.PELVIS_PLACEMENTS else 1.0  # the trunk goes further
        bend = np.fmax(bend, pelvis * np.abs(inputs.inclination_rad[placement]))
        if placement in inputs.height_m:
            bend = np.fmax(bend, METRE_AS_RAD * np.abs(inputs.height_m[placement]))
    return np.asarray(np.minimum(bend, 1.4))


def nodes_of(inputs: LinkageInputs, way: Array, *, spacing: float = 1.0) -> Index:
    """Return the instants that become nodes of the solution.

    The first and the last are among them, the told ones, and the first and the last of every floor contact.

    Parameters
    ----------
    inputs
    way : (n,) [rad]
        See `path_length_rad`.
    spacing
        How many times as far apart as usual.
    """
    progress = (way / NODE_RAD + (inputs.time_s - inputs.time_s[0]) / NODE_REST_S) / spacing
    first = np.flatnonzero(np.diff(np.floor(progress), prepend=-1.0))
    touched = np.zeros(len(inputs), bool) if inputs.on_floor is None else np.asarray(inputs.on_floor) > TOUCHED
    lands, leaves = touched & ~np.roll(touched, 1), touched & ~np.roll(touched, -1)
    always = np.array([*inputs.neutral_at, len(inputs) - 1], dtype=np.int64)
    return np.asarray(np.unique(np.concatenate([first, np.flatnonzero(lands | leaves), always])).astype(np.int64))


def _column(inputs: LinkageInputs, values: Mapping[str, Array], at: Index, missing: float) -> Array:
    """Return one value per node and sensor (k, s); ``missing`` where there is none."""
    columns = [np.asarray(values[p])[at] if p in values else np.full(at.size, missing) for p in inputs.placements]
    return np.where(np.isfinite(np.column_stack(columns)), np.column_stack(columns), missing)


def _looks(held: Array, way_step: Array, time_step: Array) -> Array:
    """Return how many looks each node of a contact is worth (k,); each contact is worth one at least."""
    looks = way_step / FLOOR_WAY_RAD + time_step / FLOOR_S
    touched = held > TOUCHED
    contact = np.cumsum(np.diff(touched, prepend=False) & touched) * touched
    total = np.bincount(contact, weights=looks * touched)
    return np.asarray(np.where(touched, held * looks / np.clip(total, 1e-9, 1.0)[contact], 0.0))


def observations_of(inputs: LinkageInputs, at: Index, way: Array) -> Observations:
    """Return what was observed at the nodes ``at``, with its variances.

    Parameters
    ----------
    inputs
    at : (k,)
        Nodes, from `nodes_of`.
    way : (n,) [rad]
        See `path_length_rad`.
    """
    way_step = np.diff(way[at], prepend=way[at[0]]) + 1e-4
    time_step = np.diff(inputs.time_s[at], prepend=inputs.time_s[at[0]] - NODE_REST_S)
    inclination = _column(inputs, inputs.inclination_rad, at, math.nan)
    inclination_sd = _column(inputs, inputs.inclination_sd_rad, at, math.inf)
    height = _column(inputs, inputs.height_m, at, math.nan)
    height_sd = np.hypot(_column(inputs, inputs.height_sd_m, at, math.inf), ABOVE_STANDING * np.fmax(height, 0.0))
    inclinations_back = np.fmax(-inclination, 0.0) * np.array([placement != "thigh" for placement in inputs.placements])
    height_sd = np.hypot(height_sd, LEANING_BACK_M * inclinations_back)
    on_floor = np.zeros(at.size) if inputs.on_floor is None else np.asarray(inputs.on_floor, dtype=np.float64)[at]
    floor_looks = _looks(on_floor, way_step, time_step)
    bend = bend_of(inputs)[at]
    coupling_weight = np.clip(way_step / HABIT_WAY_RAD + time_step / HABIT_S, 1e-3, 1.0)
    look = way_step / INCLINATION_WAY_RAD + time_step / INCLINATION_S
    inclination_var = np.maximum(inclination_sd, LEAST_INCLINATION_SD_RAD) ** 2 / look[:, None]
    height_look = way_step / HEIGHT_WAY_RAD + time_step / HEIGHT_S
    height_var = np.maximum(height_sd, LEAST_HEIGHT_SD_M) ** 2 / height_look[:, None]
    return Observations(
        inclination=np.nan_to_num(inclination),
        inclination_var=np.where(np.isfinite(inclination), inclination_var, math.inf),
        height=np.nan_to_num(height),
        height_var=np.where(np.isfinite(height), height_var, math.inf),
        on_floor=floor_looks,
        coupling_weight=coupling_weight,
        bend=bend,
        told=np.where(np.isin(at, inputs.neutral_at)[:, None], CLEAN_HINGE_RAD, math.nan),
        own=np.ones(at.size),
        process_variance=_process_variance(inputs.posture_prior, bend, way_step)
        + np.square(PROCESS_PER_ROOT_S_RAD) * time_step[:, None],
    )


def _process_variance(posture_prior: PosturePrior, bend: Array, way_step: Array) -> Array:
    """Return how far the posture may have moved on its way since the node before, (k, 5) [rad²].

    Shank, lumbar and thoracic flexion depart from their habits by a known spread and are strangers to themselves after
    `HABIT_WAY_RAD`: two values that far apart differ by twice the variance of one (Ornstein and Uhlenbeck's process).
    """
    per_way = np.full((bend.size, layout.STATES), PROCESS_PATH_RAD**2)
    per_way[:, [layout.SHANK, layout.LUMBAR, layout.THORACIC]] = (
        2.0 * within_set(posture_prior, bend) ** 2 / HABIT_WAY_RAD
    )
    return np.asarray(per_way * way_step[:, None])
