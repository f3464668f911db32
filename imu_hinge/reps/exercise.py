"""Find the lifts of a recording and name the exercise, with the evidence. It does not judge a lift.

Every rule is a fact of the lift (where the hands are, what a plate does, how long a swing lasts), none is fitted to
anybody's motion.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.model import Array, Posture
from imu_hinge.reps.bends import Bend, forward_and_aside
from imu_hinge.reps.exercise_prior import in_both_hands, loaded, reach, usual
from imu_hinge.reps.no_lifts import SEEN_INSTEAD, without_no_lifts
from imu_hinge.reps.other_bends import ASIDE, NoRep, no_reps
from imu_hinge.reps.segmentation import (
    Lift,
    drop_after,
    hold_s,
    lifts_from_floor,
    lifts_from_top,
    split_blocks,
)
from imu_hinge.reps.sets import (
    CandidateSet,
    heaviest_runs,
    load_log_odds,
    runs_from_top,
    runs_on_floor,
    trim_outliers,
    with_plates_felt,
)
from imu_hinge.reps.similarity import Similarity, membership, respects
from imu_hinge.settings import RepSettings

IN_THE_HANDS: Final = ("auto", "rdl", "swing")
"""What starts at the top with a weight that may come from the floor and go back to it."""

SWING_CYCLE_S: Final = 1.5
"""A kettlebell is down and up again in less; a loaded bar is not."""

SQUAT_DROP_SHARE: Final = 0.13
"""A pelvis that drops by more than this share of body height, with little lean, squats."""


MORE_OF_IT: Final = 2.0
"""A second set is of the same work where its bends are this much (natural logarithm) more likely to be than not."""

SURE: Final = 8.0
"""A set that is this much (natural logarithm) likelier than strange bends is told while it goes on."""


@dataclass(frozen=True, slots=True)
class Found:
    """Hold the lifts of a recording, the exercise and why, and what else bends."""

    lifts: tuple[Lift, ...]
    exercise: str
    evidence: str
    others: tuple[NoRep, ...] = ()


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


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    posture: Posture
    athlete: Athlete
    told: str
    settings: RepSettings


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
    asked = _Asked(posture, athlete, told, settings)
    bends, aside = forward_and_aside(posture, settings)
    known = dict.fromkeys(aside, ASIDE)
    if told == "drill":  # hinges and bows side by side are unlike on purpose, so every whole bend counts
        whole = [b for b in bends if b.is_begun and b.is_finished]
        return Found(tuple(lifts_from_top(whole)), told, "told", no_reps([bends, aside], lifted=whole, known=known))
    every = blocks = split_blocks(bends, posture, settings)
    if told == "auto":
        blocks, instead = without_no_lifts(blocks, posture, athlete)
        bends, known = [b for block in blocks for b in block], known | instead
    sets = [s for block in blocks for s in _sets_of(block, bends, asked) if s.lifts and (is_over or s.is_sure)]
    main = max(sets, key=lambda s: s.weight, default=None)
    chosen = [s for s in sets if main is not None and (s is main or _belongs(s, main, posture.rate_hz))]
    found = _nothing(bends, list(known.values()), told) if main is None else _named(main, chosen, asked)
    lifted = [b for s in chosen for b in s.bends] if found.lifts else []
    grouped = [b for s in sets if s not in chosen and len(s.bends) > 1 for b in s.bends]
    return replace(found, others=no_reps([*every, aside], lifted=lifted, grouped=grouped, known=known))


def _nothing(bends: Sequence[Bend], instead: Sequence[str], told: str) -> Found:
    """Return that nothing was lifted, and why: by what is left of the bends and what the others are."""
    seen = Counter(kind for kind in instead if kind in SEEN_INSTEAD).most_common(1)
    if seen:
        evidence = f"{SEEN_INSTEAD[seen[0][0]]}; name the exercise where it is one"
    else:
        evidence = "one bend to the floor is no lift" if bends else "no bend came back to standing"
    return Found((), cv.OTHER if told == "auto" else told, evidence)


def _named(main: _Set, chosen: Sequence[_Set], asked: _Asked) -> Found:
    """Return the lifts of the chosen sets under the name of the main one."""
    lifts = tuple(sorted((lift for s in chosen for lift in s.lifts), key=lambda lift: lift.start))
    if asked.told != "auto":
        return Found(lifts, asked.told, "told")
    if not main.from_floor and len(main.bends) == 1 and main.bends[0].has_landed:
        return Found((), cv.OTHER, "something was put on the floor once, and nothing lifted to standing")
    exercise, evidence = _recognise(main, asked.posture, asked.athlete)
    return Found(lifts, exercise, evidence)


def _sets_of(block: list[Bend], bends: Sequence[Bend], asked: _Asked) -> list[_Set]:
    """Return the sets among neighbouring bends, out of all ``bends``, which do not overlap."""
    posture, athlete, told = asked.posture, asked.athlete, asked.told
    rate_hz = posture.rate_hz
    like = Similarity.of(block, rate_hz)
    dropped = [
        drop_after(b, after, posture=posture, settings=asked.settings) for b, after in zip_longest(block, block[1:])
    ]
    others = [b for b in bends if not block[0].bottom <= b.bottom <= block[-1].bottom]
    held = in_both_hands(block)
    from_bottom = loaded(block, others, from_floor=True)
    runs: list[CandidateSet] = []
    if told == "auto" or told in cv.FLOOR_EXERCISES:
        weight = runs_on_floor(block, like, [d is not None for d in dropped]) + reach(block, posture, athlete)
        runs += _allowed(block, dropped, weight + held + from_bottom, from_floor=True)
    if told not in cv.FLOOR_EXERCISES:
        load = loaded(block, others, from_floor=False)
        if told in IN_THE_HANDS:
            load = load_log_odds(block, like, load, from_bottom)
        weight = runs_from_top(block, like) + usual(block, athlete, told, rate_hz)
        runs += _allowed(block, dropped, weight + held + load, from_floor=False)
    sets = []
    for run in heaviest_runs(runs):
        part = slice(run.start, run.stop)
        group, fell = block[part], dropped[part]
        if run.from_floor:
            kept = with_plates_felt(group, [d is not None for d in fell], rate_hz)
        else:
            kept = trim_outliers(group, rate_hz)
        sets.append(_Set(group[kept], fell[kept], run.from_floor, run.weight))
    return sets


def _allowed(
    block: Sequence[Bend], dropped: Sequence[int | None], weight: Array, *, from_floor: bool
) -> list[CandidateSet]:
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
                runs.append(CandidateSet(i, j + 1, from_floor, float(weight[i, j])))
    return runs


def _cycle_s(group: Sequence[Bend], rate_hz: float) -> float:
    return float(np.median([(b.up_stop - b.down_start) / rate_hz for b in group]))


def _belongs(group: _Set, main: _Set, rate_hz: float) -> bool:
    """Tell whether another set of the recording is more of the same work: alike in place and in time."""
    if group.from_floor != main.from_floor or len(group.lifts) < (1 if main.from_floor else 2):
        return False
    here, there = respects(group.bends, rate_hz), respects(main.bends, rate_hz)
    if main.from_floor:  # the first descent and the last rise are without the bar
        like = Similarity.of([*main.bends, *group.bends], rate_hz)
        n = len(main.bends)
        landings = sum(b.has_landed for b in group.bends[1:])
        drops = sum(d is not None for d in group.dropped)
        if landings + drops > 1 and group.weight > SURE:
            return True  # plates felt again and again are a set by themselves, however it is done
        return (landings > 0 or drops > 1) and float((like.place + like.impact)[:n, n:].mean()) > MORE_OF_IT
    return float(np.mean([membership(one, there) for one in here])) > MORE_OF_IT


def _recognise(main: _Set, posture: Posture, athlete: Athlete) -> tuple[str, str]:
    """Name the exercise of a set and say why."""
    rate_hz, group = posture.rate_hz, main.bends
    if main.from_floor:
        return "deadlift", "plates reach the floor, or the first and the last bend hold there"
    cycle = _cycle_s(group, rate_hz)
    holds = float(np.median([hold_s(b, rate_hz) for b in group]))
    inclination = float(np.median([b.inclination_rad for b in group]))
    drop = float(np.median([b.drop_m for b in group]))
    if len(group) > 1 and cycle < SWING_CYCLE_S and holds < 0.15:
        return "swing", f"down and up in {cycle:.1f} s without a pause"
    if drop > SQUAT_DROP_SHARE * athlete.value("height_m") and drop > 0.25 * inclination:
        return "squat", f"the pelvis drops {100.0 * drop:.0f} cm with {np.degrees(inclination):.0f} degrees of lean"
    if len(group) == 1:
        return "drill", "a single bend"
    return "rdl", "bends from the top that stop above the floor; a good morning looks the same without a bar in hand"
