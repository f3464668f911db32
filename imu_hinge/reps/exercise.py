"""Find the lifts of a recording and name the exercise, with the evidence. It does not judge a lift.

Every rule is a fact of the lift (where the hands are, what a plate does, how long a swing lasts), none is fitted to
anybody's motion.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.model import Array, Posture
from imu_hinge.reps.bends import Bend, find_bends
from imu_hinge.reps.likeness import AT_ONCE_S, Likeness, membership, respects
from imu_hinge.reps.segmentation import (
    Lift,
    drop_after,
    hold_s,
    lifts_from_floor,
    lifts_from_top,
    split_blocks,
)
from imu_hinge.reps.sets import (
    Run,
    carried,
    heaviest_runs,
    runs_from_top,
    runs_on_floor,
    with_plates_felt,
    without_strangers,
)
from imu_hinge.settings import RepSettings

IN_THE_HANDS: Final = ("auto", "rdl", "swing")
"""What starts at the top with a weight that may come from the floor and go back to it."""

SWING_CYCLE_S: Final = 1.5
"""A kettlebell is down and up again in less; a loaded bar is not."""

SQUAT_DROP_SHARE: Final = 0.13
"""A pelvis that drops by more than this share of body height, with little lean, squats."""


class Usual(NamedTuple):
    """Hold what is usual: mean and standard deviation of the trunk's lean [rad] and of the drop per body height."""

    lean_rad: float
    lean_sd_rad: float
    drop: float
    drop_sd: float


USUAL: Final = {
    "squat": Usual(math.radians(43.0), math.radians(12.0), 0.19, 0.05),
    "rdl": Usual(math.radians(70.0), math.radians(14.0), 0.02, 0.04),
    "good_morning": Usual(math.radians(65.0), math.radians(14.0), 0.01, 0.04),
    "swing": Usual(math.radians(62.0), math.radians(14.0), 0.04, 0.06),
}
"""Facts, section 1.4: bottom postures with room for other people."""

ANY_BEND: Final = Usual(math.radians(60.0), math.radians(25.0), 0.08, 0.10)

SURELY_NOT: Final = -5.0
"""A bend whose place is this much (natural logarithm) likelier for anything else is none of the told exercise ..."""

STRANGE: Final = -20.0
"""... and takes this from every set that would count it."""

MORE_OF_IT: Final = 2.0
"""A second set is of the same work where its bends are this much (natural logarithm) more likely to be than not."""

SURE: Final = 8.0
"""A set that is this much (natural logarithm) likelier than strange bends is told while it goes on."""

HOLD_LOG_S: Final = (math.log(0.4), 0.6)
"""How long a rep's bottom is held: mean and sd of log(s + 0.3) ..."""

ANY_HOLD_LOG_S: Final = (math.log(1.2), 1.0)
"""... and how long anything else holds a person down."""


@dataclass(frozen=True, slots=True)
class Found:
    """Hold the lifts of a recording, the exercise and why."""

    lifts: tuple[Lift, ...]
    exercise: str
    evidence: str


@dataclass(frozen=True, slots=True)
class _Set:
    bends: list[Bend]
    dropped: list[int | None]
    from_floor: bool
    weight: float

    @property
    def is_sure(self) -> bool:
        """Whether no later bend will make another set of it."""
        if self.from_floor and (any(b.has_landed for b in self.bends[1:]) or any(d is not None for d in self.dropped)):
            return True
        return len(self.lifts) > 1 and self.weight > SURE

    @property
    def lifts(self) -> list[Lift]:
        return lifts_from_floor(self.bends, self.dropped) if self.from_floor else lifts_from_top(self.bends)


def find_lifts(posture: Posture, athlete: Athlete, *, told: str, settings: RepSettings, is_over: bool = True) -> Found:
    """Return the lifts and the exercise.

    Parameters
    ----------
    posture
    athlete
        For body height and plate radius.
    told
        An exercise, or ``auto``.
    settings
    is_over
        False while more may come: then only sets that more samples will not take back are told. On the floor that is
        one whose plates were felt, from the top one of several bends that are surely alike.
    """
    bends = find_bends(posture, settings)
    if told == "drill":  # hinges and bows side by side are unlike on purpose, so every whole bend counts
        return Found(tuple(lifts_from_top([b for b in bends if b.is_begun and b.is_finished])), told, "told")
    sets: list[_Set] = []
    for block in split_blocks(bends, posture, settings):
        sets += _sets_of(block, posture, athlete, told, settings)
    sets = [s for s in sets if s.lifts and (is_over or s.is_sure)]
    if not sets:
        name = "drill" if told == "auto" else told
        return Found((), name, "no bend came back to standing" if not bends else "one bend to the floor is no lift")
    main = max(sets, key=lambda s: s.weight)
    chosen = [s for s in sets if s is main or _belongs(s, main, posture.rate_hz)]
    lifts = tuple(sorted((lift for s in chosen for lift in s.lifts), key=lambda lift: lift.start))
    if told != "auto":
        return Found(lifts, told, "told")
    if not main.from_floor and len(main.bends) == 1 and main.bends[0].has_landed:
        return Found((), "drill", "something was put on the floor once, and nothing lifted to standing")
    exercise, evidence = _recognise(main, posture, athlete)
    return Found(lifts, exercise, evidence)


def _sets_of(block: list[Bend], posture: Posture, athlete: Athlete, told: str, settings: RepSettings) -> list[_Set]:
    """Return the sets among neighbouring bends, which do not overlap."""
    rate_hz = posture.rate_hz
    like = Likeness.of(block, rate_hz)
    dropped = [drop_after(b, posture, settings) for b in block]
    runs: list[Run] = []
    if told == "auto" or told in cv.FLOOR_EXERCISES:
        weight = runs_on_floor(block, like, [d is not None for d in dropped]) + _reach(block, posture, athlete)
        runs += _allowed(block, dropped, weight, from_floor=True)
    if told not in cv.FLOOR_EXERCISES:
        weight = runs_from_top(block, like) + _usual(block, athlete, told, rate_hz)
        if told in IN_THE_HANDS:
            weight = weight + carried(block, like)
        runs += _allowed(block, dropped, weight, from_floor=False)
    sets = []
    for run in heaviest_runs(runs):
        part = slice(run.start, run.stop)
        group, fell = block[part], dropped[part]
        if run.from_floor:
            kept = with_plates_felt(group, [d is not None for d in fell], rate_hz)
        else:
            kept = without_strangers(group, rate_hz)
        sets.append(_Set(group[kept], fell[kept], run.from_floor, run.weight))
    return sets


def _allowed(block: Sequence[Bend], dropped: Sequence[int | None], weight: Array, *, from_floor: bool) -> list[Run]:
    """Turn weights into candidates that can be a set at all.

    A set from the top is whole. One on the floor may begin bent over, and may end so once the plates were felt; it has
    two bends, or a bar that was dropped.
    """
    runs = []
    for i in range(len(block)):
        for j in range(i, len(block)):
            inner_is_whole = all(b.is_begun for b in block[i + 1 : j + 1]) and all(b.is_finished for b in block[i:j])
            last = block[j]
            if from_floor:
                is_possible = inner_is_whole and (last.is_finished or last.has_landed)
                is_possible &= j > i or dropped[j] is not None
            else:
                is_possible = inner_is_whole and block[i].is_begun and last.is_finished
            if is_possible:
                runs.append(Run(i, j + 1, from_floor, float(weight[i, j])))
    return runs


def _reach(block: Sequence[Bend], posture: Posture, athlete: Athlete) -> Array:
    """Return what the hands' height says for a bar on the floor, in every run. (m, m).

    The height is off by the same lengths in every bend, so it counts once.
    """
    heights = np.array([hand_height_m(posture, b, athlete) for b in block])
    mean = _run_means(heights)
    floor = athlete.value("plate_radius_m")
    mean = np.where(np.isfinite(mean), mean, floor)
    there, above = _log_normal(mean, floor, 0.10), _log_normal(mean, 0.5, 0.25)
    ratio = there - np.logaddexp(math.log(0.5) + there, math.log(0.5) + above)
    return np.where(np.isfinite(_run_means(heights)), np.maximum(ratio, -6.0), 0.0)


def _usual(block: Sequence[Bend], athlete: Athlete, told: str, rate_hz: float) -> Array:
    """Return what usual bottoms and holds say for each run being reps of the told exercise, counted once. (m, m)."""
    seconds = np.array([hold_s(b, rate_hz) for b in block])
    ratio = _mean_ratio(np.log(seconds + AT_ONCE_S), HOLD_LOG_S, ANY_HOLD_LOG_S)
    if told in USUAL:
        usual = USUAL[told]
        lean = np.array([b.lean_rad for b in block])
        drop = np.array([b.drop_m for b in block]) / athlete.value("height_m")
        place = _mean_ratio(lean, usual[:2], ANY_BEND[:2]) + _mean_ratio(drop, usual[2:], ANY_BEND[2:])
        is_strange = np.diag(place) < SURELY_NOT
        count = np.concatenate(([0], np.cumsum(is_strange)))
        ratio = ratio + place + np.where(count[None, 1:] > count[:-1, None], STRANGE, 0.0)
    return ratio


def _mean_ratio(values: Array, usual: tuple[float, float], anything: tuple[float, float]) -> Array:
    """Return what the mean over each run says for the usual against anything. (m,) -> (m, m).

    Bends of one set share their place, so their mean spreads as one bend does; that of unrelated bends spreads less.
    """
    mean = _run_means(values)
    m = len(values)
    count = np.maximum(np.arange(m)[None, :] - np.arange(m)[:, None] + 1, 1)
    ratio = _log_normal(mean, *usual) - _log_normal(mean, anything[0], anything[1] / np.sqrt(count))
    return np.where(np.isfinite(ratio), np.maximum(ratio, -6.0), 0.0)


def _run_means(values: Array) -> Array:
    """Return the mean of what is known in every run, else NaN. (m,) -> (m, m)."""
    known = np.isfinite(values)
    total, count = (np.concatenate(([0.0], np.cumsum(column))) for column in (np.where(known, values, 0.0), known))
    members = count[None, 1:] - count[:-1, None]
    return np.where(members > 0, (total[None, 1:] - total[:-1, None]) / np.maximum(members, 1.0), np.nan)


def _log_normal(value: Array, mean: float, sd: float | Array) -> Array:
    return np.asarray(-0.5 * ((value - mean) / sd) ** 2 - np.log(sd))


def hand_height_m(posture: Posture, bend: Bend, athlete: Athlete) -> float:
    """Return how high the hands hang at the bottom of a bend [m]; NaN without a pelvis sensor.

    The chain of facts/biomechanics section 5.1 from S2 to the shoulder, lengths scaled by body height; a trunk or
    pelvis that was not measured is put at the ratio of an average bend.
    """
    size = athlete.value("height_m") / 1.75
    pelvis = float(posture.angles_rad[bend.bottom, cv.PELVIS_TILT])
    trunk = float(posture.angles_rad[bend.bottom, cv.TRUNK_INCLINATION])
    if not np.isfinite(pelvis):
        return float("nan")
    trunk = trunk if np.isfinite(trunk) else 1.55 * pelvis
    up = 0.10 * np.cos(pelvis) + 0.03 * np.sin(pelvis) - 0.115 * np.sin(pelvis) - 0.075 * np.cos(pelvis)
    up += 0.17 * np.cos(0.5 * (pelvis + trunk)) + 0.224 * np.cos(trunk)
    return float(size * (1.0 + up - 0.675) - bend.drop_m)


def _cycle_s(group: Sequence[Bend], rate_hz: float) -> float:
    return float(np.median([(b.up_stop - b.down_start) / rate_hz for b in group]))


def _belongs(group: _Set, main: _Set, rate_hz: float) -> bool:
    """Tell whether another set of the recording is more of the same work: alike in place and in time."""
    if group.from_floor != main.from_floor or len(group.lifts) < (1 if main.from_floor else 2):
        return False
    here, there = respects(group.bends, rate_hz), respects(main.bends, rate_hz)
    if main.from_floor:  # the first descent and the last rise are without the bar
        like = Likeness.of([*main.bends, *group.bends], rate_hz)
        n = len(main.bends)
        landings = sum(b.has_landed for b in group.bends[1:])
        drops = sum(d is not None for d in group.dropped)
        if landings + drops > 1 and group.weight > SURE:
            return True  # plates felt again and again are a set by themselves, however it is done
        return (landings > 0 or drops > 1) and float((like.place + like.blow)[:n, n:].mean()) > MORE_OF_IT
    return float(np.mean([membership(one, there) for one in here])) > MORE_OF_IT


def _recognise(main: _Set, posture: Posture, athlete: Athlete) -> tuple[str, str]:
    """Name the exercise of a set and say why."""
    rate_hz, group = posture.rate_hz, main.bends
    if main.from_floor:
        return "deadlift", "plates reach the floor, or the first and the last bend hold there"
    cycle = _cycle_s(group, rate_hz)
    holds = float(np.median([hold_s(b, rate_hz) for b in group]))
    lean = float(np.median([b.lean_rad for b in group]))
    drop = float(np.median([b.drop_m for b in group]))
    if len(group) > 1 and cycle < SWING_CYCLE_S and holds < 0.15:
        return "swing", f"down and up in {cycle:.1f} s without a pause"
    if drop > SQUAT_DROP_SHARE * athlete.value("height_m") and drop > 0.25 * lean:
        return "squat", f"the pelvis drops {100.0 * drop:.0f} cm with {np.degrees(lean):.0f} degrees of lean"
    if len(group) == 1:
        return "drill", "a single bend"
    return "rdl", "bends from the top that stop above the floor; a good morning looks the same without a bar in hand"
