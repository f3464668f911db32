"""Say what is known of a lift before anybody is seen to lift: where reps go, how long they hold, what load does.

It compares no two bends, `similarity` does; and it forms no set, `sets` does. Every number is a fact of the lift, with
room for other people; none is fitted to anybody's motion.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.model import Array, Posture
from imu_hinge.reps.bends import Bend
from imu_hinge.reps.segmentation import hold_s
from imu_hinge.reps.similarity import AT_ONCE_S, SIDE, TURN, VIBRATION, is_bottom_known, log_vibrations


class ExercisePrior(NamedTuple):
    """Hold what is usual at the bottom of a rep.

    Parameters
    ----------
    inclination_rad, inclination_sd_rad
        Of the trunk, mean and standard deviation.
    drop, drop_sd
        Of the pelvis, as a share of body height.
    """

    inclination_rad: float
    inclination_sd_rad: float
    drop: float
    drop_sd: float


EXERCISE_PRIORS: Final = {
    "squat": ExercisePrior(math.radians(43.0), math.radians(12.0), 0.19, 0.05),
    "rdl": ExercisePrior(math.radians(70.0), math.radians(14.0), 0.02, 0.04),
    "good_morning": ExercisePrior(math.radians(65.0), math.radians(14.0), 0.01, 0.04),
    "swing": ExercisePrior(math.radians(62.0), math.radians(14.0), 0.04, 0.06),
}
"""Facts, section 1.4: bottom postures with room for other people."""

ANY_BEND: Final = ExercisePrior(math.radians(60.0), math.radians(25.0), 0.08, 0.10)
"""Chosen as wide as bends go: for a bottle, a shoe, plates or a chair."""

SURELY_NOT: Final = -5.0
"""A bend whose place is this much (natural logarithm) likelier for anything else is none of the told exercise ..."""

EXCLUSION_PENALTY: Final = -20.0
"""... and takes this from every set that would count it."""

HOLD_LOG_S: Final = (math.log(0.4), 0.6)
"""How long a rep's bottom is held: mean and sd of log(s + 0.3) ..."""

ANY_HOLD_LOG_S: Final = (math.log(1.2), 1.0)
"""... and how long anything else holds a person down."""

STRAIGHT_RAD: Final = math.radians(3.0)  # to the side
SQUARE_RAD: Final = math.radians(6.0)
"""A weight in both hands lets the trunk bend to the side and turn by this much (sd); facts, section 6.2: up to 3 and 5
degrees, with a mixed grip."""

LOADED_MORE: Final = (math.log(1.5), 0.4)
"""Who holds a load trembles more, for a muscle's force is the less steady the larger it is (signal-dependent noise):
mean and sd of the logarithm of the ratio. By how much a loaded bend shakes more than an empty one nobody has measured
for these sensors: half as much again, from hardly any more to three times, leaves the rest to the other evidence."""

LEAST_RATIO: Final = -6.0
"""No place or hold speaks more against a run than 400 to 1 (natural logarithm): whoever was measured, people differ."""

ALL_LOADED: Final = 0.3
"""How likely it is that the other bends are loaded just the same ..."""

SHAKEN: Final = 0.05
"""... and that bends without a load tremble for another reason."""


def reach(block: Sequence[Bend], posture: Posture, athlete: Athlete) -> Array:
    """Return what the hands' height says for a bar on the floor, in every run.

    The height is off by the same lengths in every bend, so it counts once.

    Parameters
    ----------
    block
        m bends, in order.
    posture
    athlete
        Body height and plate radius.

    Returns
    -------
    (m, m)
        Logarithm of the likelihood ratio of bends i to j; 0 where no height is known.
    """
    heights = np.array([hand_height_m(posture, b, athlete) if b.is_hold_seen else np.nan for b in block])
    mean = _run_means(heights)
    floor = athlete.value("plate_radius_m")
    mean = np.where(np.isfinite(mean), mean, floor)
    # hands within 10 cm of the plates' height, or anywhere around half a metre (chosen)
    there, above = _log_normal(mean, floor, 0.10), _log_normal(mean, 0.5, 0.25)
    ratio = there - np.logaddexp(math.log(0.5) + there, math.log(0.5) + above)
    return np.where(np.isfinite(_run_means(heights)), np.maximum(ratio, LEAST_RATIO), 0.0)


def in_both_hands(block: Sequence[Bend]) -> Array:
    """Return what bends to the side and turns say for a weight in both hands or on both shoulders. (m, m)."""
    side = np.array([b.side_rad if is_bottom_known(b) else np.nan for b in block])
    turn = np.array([b.turn_rad for b in block])
    ratios = (
        (_mean_ratio(side, (0.0, STRAIGHT_RAD), (0.0, SIDE.anything)), SIDE.odd),
        (_mean_ratio(turn, (0.0, SQUARE_RAD), (0.0, TURN.anything)), TURN.odd),
    )
    return np.asarray(sum(np.log((1.0 - odd) * np.exp(ratio) + odd) for ratio, odd in ratios))


def loaded(block: Sequence[Bend], others: Sequence[Bend], *, from_floor: bool) -> Array:
    """Return what trembling more than in all bends outside of it says for each run being loaded. (m, m).

    Parameters
    ----------
    block
    others
        The recording's bends outside of the block; they may be of another set, and as loaded.
    from_floor
        Then only the ways from the first bottom to the last are loaded, and not the whole bends.
    """
    vibrations = log_vibrations([*block, *others])
    each, m = vibrations.mean(axis=1), len(block)
    total, count = _run_sums(each[:m])
    rest = np.isfinite(each).sum() - count
    inside, beside = _run_means(each[:m]), (np.nansum(each) - total) / np.maximum(rest, 1)
    if from_floor:
        down, up = vibrations[:m].T
        inside[:-1, 1:] = _run_means(0.5 * (up[:-1] + down[1:]))
        inside[np.diag_indices(m)] = up
    spread = VIBRATION.anything**2 / np.maximum(rest, 1)
    ratio = _log_normal(inside - beside, LOADED_MORE[0], np.sqrt(LOADED_MORE[1] ** 2 + spread)) - _log_normal(
        inside - beside, 0.0, np.sqrt(VIBRATION.anything**2 / np.maximum(count, 1) + spread)
    )
    ratio = np.where(np.isfinite(ratio) & (rest > 0), ratio, 0.0)
    above = np.logaddexp(math.log(1.0 - ALL_LOADED) + ratio, math.log(ALL_LOADED))
    return np.asarray(above - np.logaddexp(math.log(1.0 - SHAKEN), math.log(SHAKEN) + ratio))


def usual(block: Sequence[Bend], athlete: Athlete, told: str, rate_hz: float) -> Array:
    """Return what usual bottoms and holds say for each run being reps of the told exercise, counted once.

    Parameters
    ----------
    block
        m bends, in order.
    athlete
        Body height.
    told
        The exercise; one without a prior is asked for its holds alone.
    rate_hz
        Of the grid.

    Returns
    -------
    (m, m)
        Logarithm of the likelihood ratio of bends i to j.
    """
    seconds = np.array([hold_s(b, rate_hz) if is_bottom_known(b) else np.nan for b in block])
    ratio = _mean_ratio(np.log(seconds + AT_ONCE_S), HOLD_LOG_S, ANY_HOLD_LOG_S)
    if told in EXERCISE_PRIORS:
        place = _place_ratio(block, athlete, EXERCISE_PRIORS[told])
        is_strange = np.diag(place) < SURELY_NOT
        count = np.concatenate(([0], np.cumsum(is_strange)))
        ratio = ratio + place + np.where(count[None, 1:] > count[:-1, None], EXCLUSION_PENALTY, 0.0)
    return ratio


def some_exercise(group: Sequence[Bend], athlete: Athlete) -> float:
    """Return what the bottoms of a set say for any of the exercises from the top, each as likely, against any bend.

    Parameters
    ----------
    group
        Its bends, in order.
    athlete
        Body height.

    Returns
    -------
    float
        Logarithm of the likelihood ratio.
    """
    ratios = [_place_ratio(group, athlete, prior)[0, -1] for prior in EXERCISE_PRIORS.values()]
    return float(np.logaddexp.reduce(ratios) - math.log(len(ratios)))


def _place_ratio(block: Sequence[Bend], athlete: Athlete, prior: ExercisePrior) -> Array:
    """Return what inclination and drop at the bottom say for an exercise in every run of bends. (m, m)."""
    inclination = np.array([b.inclination_rad if is_bottom_known(b) else np.nan for b in block])
    drop = np.array([b.drop_m if b.is_hold_seen else np.nan for b in block]) / athlete.value("height_m")
    return _mean_ratio(inclination, prior[:2], ANY_BEND[:2]) + _mean_ratio(drop, prior[2:], ANY_BEND[2:])


def _mean_ratio(values: Array, usual: tuple[float, float], anything: tuple[float, float]) -> Array:
    """Return what the mean over each run says for the usual against anything. (m,) -> (m, m).

    Bends of one set share their place, so their mean spreads as one bend does; that of unrelated bends spreads less.
    """
    mean = _run_means(values)
    m = len(values)
    count = np.maximum(np.arange(m)[None, :] - np.arange(m)[:, None] + 1, 1)
    ratio = _log_normal(mean, *usual) - _log_normal(mean, anything[0], anything[1] / np.sqrt(count))
    return np.where(np.isfinite(ratio), np.maximum(ratio, LEAST_RATIO), 0.0)


def _run_means(values: Array) -> Array:
    """Return the mean of what is known in every run, else NaN. (m,) -> (m, m)."""
    total, members = _run_sums(values)
    return np.where(members > 0, total / np.maximum(members, 1.0), np.nan)


def _run_sums(values: Array) -> tuple[Array, Array]:
    """Return the sum of what is known in every run, and how much that is. (m,) -> (m, m), (m, m)."""
    known = np.isfinite(values)
    total, count = (np.concatenate(([0.0], np.cumsum(column))) for column in (np.where(known, values, 0.0), known))
    return total[None, 1:] - total[:-1, None], np.maximum(count[None, 1:] - count[:-1, None], 0.0)


def _log_normal(value: Array, mean: float, sd: float | Array) -> Array:
    return np.asarray(-0.5 * ((value - mean) / sd) ** 2 - np.log(sd))


def hand_height_m(posture: Posture, bend: Bend, athlete: Athlete) -> float:
    """Return how high the hands hang at the bottom of a bend [m]; NaN without a pelvis sensor.

    The chain of docs/biomechanics.md, section 5.1 from S2 to the shoulder, lengths scaled by body height; a trunk or
    pelvis that was not measured is put at the ratio of an average bend.

    Parameters
    ----------
    posture
    bend
        On that posture.
    athlete
        Body height.
    """
    size = athlete.value("height_m") / 1.75  # lengths below are those of a body of 1.75 m (docs/biomechanics.md, 5)
    pelvis = float(posture.angles_rad[bend.bottom, cv.PELVIS_TILT])
    trunk = float(posture.angles_rad[bend.bottom, cv.TRUNK_INCLINATION])
    if not np.isfinite(pelvis):
        return float("nan")
    trunk = trunk if np.isfinite(trunk) else 1.55 * pelvis  # as in an average bend
    # lengths of that body up to the shoulder [m]
    up = 0.10 * np.cos(pelvis) + 0.03 * np.sin(pelvis) - 0.115 * np.sin(pelvis) - 0.075 * np.cos(pelvis)
    up += 0.17 * np.cos(0.5 * (pelvis + trunk)) + 0.224 * np.cos(trunk)  # as above
    return float(size * (1.0 + up - 0.675) - bend.drop_m)  # 1 m: the sensor in standing; 0.675 m: the arm
