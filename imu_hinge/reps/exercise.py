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
from imu_hinge.reps.exercise_prior import in_both_hands, loaded, reach, some_exercise, usual
from imu_hinge.reps.no_lifts import ASIDE, SEEN_INSTEAD, NoRep, no_reps, without_no_lifts
from imu_hinge.reps.segmentation import (
    Lift,
    drop_after,
    hold_s,
    lifts_from_top,
    split_blocks,
)
from imu_hinge.reps.set_choice import BendSet, are_one_set, counted_sets
from imu_hinge.reps.sets import (
    CandidateSet,
    heaviest_runs,
    load_log_odds,
    runs_from_top,
    runs_on_floor,
    trim_outliers,
    with_plates_felt,
)
from imu_hinge.reps.similarity import Similarity
from imu_hinge.settings import RepSettings

IN_THE_HANDS: Final = ("auto", "rdl", "swing")
"""What starts at the top with a weight that may come from the floor and go back to it."""

SWING_CYCLE_S: Final = 1.5
"""A kettlebell is down and up again in less; a loaded bar is not."""

SQUAT_DROP_SHARE: Final = 0.13
"""A pelvis that drops by more than this share of body height, with little lean, squats."""


@dataclass(frozen=True, slots=True)
class FoundSet:
    """Hold the lifts of one set, the exercise and why."""

    lifts: tuple[Lift, ...]
    exercise: str
    evidence: str
    is_edited: bool = False

    def moved(self, samples: int) -> FoundSet:
        """Return the same with every index later by ``samples``."""
        return replace(self, lifts=tuple(lift.moved(samples) for lift in self.lifts))


@dataclass(frozen=True, slots=True)
class Found:
    """Hold the sets of a recording, in order, the exercise of the plainest one and why, and what else bends."""

    sets: tuple[FoundSet, ...]
    exercise: str
    evidence: str
    others: tuple[NoRep, ...] = ()
    doubtful: tuple[FoundSet, ...] = ()

    @property
    def lifts(self) -> tuple[Lift, ...]:
        """The lifts of all sets, in order."""
        return tuple(lift for one in self.sets for lift in one.lifts)


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
        one = FoundSet(tuple(lifts_from_top(whole)), told, "told")
        others = no_reps([bends, aside], lifted=whole, known=known)
        return Found((one,) if whole else (), told, "told", others)
    every = blocks = split_blocks(bends, posture, settings)
    blocks, instead = without_no_lifts(blocks, posture, athlete, told=told)
    bends, known = [b for block in blocks for b in block], known | instead
    sets = [s for block in blocks for s in _sets_of(block, bends, asked) if s.lifts and (is_over or s.is_sure)]
    main, lifted = max(sets, key=lambda s: s.weight, default=None), list[Bend]()
    if main is None:
        found = _nothing(bends, list(known.values()), told)
    elif told == "auto" and main.is_put_down:
        found = Found((), cv.OTHER, "something was put on the floor once, and nothing lifted to standing")
    else:
        counted = counted_sets(sets, posture.rate_hz, is_one_work=told != "auto")
        name = _name(main, asked, is_alone=_is_alone(main, counted))
        found = Found(_named(counted, asked), *name, doubtful=_doubtful(sets, counted, asked))
        lifted = [b for group, _ in counted for b in group.bends]
    grouped = [b for s in sets if len(s.bends) > 1 for b in s.bends if b not in lifted]
    return replace(found, others=no_reps([*every, aside], lifted=lifted, grouped=grouped, known=known))


def _nothing(bends: Sequence[Bend], instead: Sequence[str], told: str) -> Found:
    """Return that nothing was lifted, and why: by what is left of the bends and what the others are."""
    seen = Counter(kind for kind in instead if kind in SEEN_INSTEAD).most_common(1)
    if seen:
        evidence = f"{SEEN_INSTEAD[seen[0][0]]}; name the exercise where it is one"
    else:
        evidence = "one bend to the floor is no lift" if bends else "no bend came back to standing"
    return Found((), cv.OTHER if told == "auto" else told, evidence)


def _named(counted: Sequence[tuple[BendSet, BendSet]], asked: _Asked) -> tuple[FoundSet, ...]:
    """Return the sets with their exercise, those that were only interrupted joined; each with its heaviest kin."""
    found: list[FoundSet] = []
    last: tuple[BendSet, BendSet] | None = None
    for group, leader in counted:
        name, evidence = _name(leader, asked, is_alone=_is_alone(leader, counted))
        lifts = tuple(sorted(group.lifts, key=lambda lift: lift.start))
        if last is not None and leader is last[1] and are_one_set(last[0], group, asked.posture):
            lifts = (*found.pop().lifts, *lifts)
        found.append(FoundSet(lifts, name, evidence))
        last = group, leader
    return tuple(found)


def _is_alone(leader: BendSet, counted: Sequence[tuple[BendSet, BendSet]]) -> bool:
    """Tell whether no other set is more of this one's work."""
    return sum(one is leader for _, one in counted) == 1


def _doubtful(
    sets: Sequence[BendSet], counted: Sequence[tuple[BendSet, BendSet]], asked: _Asked
) -> tuple[FoundSet, ...]:
    """Return what is likelier a set than strange bends, and not plain enough to count unless somebody planned it."""
    taken = [group for group, _ in counted]
    left = [group for group in sets if not any(group is one for one in taken) and not group.is_put_down]
    return tuple(FoundSet(tuple(group.lifts), *_name(group, asked)) for group in left if group.kept_weight > 0.0)


def _name(group: BendSet, asked: _Asked, *, is_alone: bool = True) -> tuple[str, str]:
    """Return the exercise of a set and why; a lone bend is none where it has its like."""
    if asked.told != "auto":
        return asked.told, "told"
    return _recognise(group, asked.posture, asked.athlete, is_alone=is_alone)


def _sets_of(block: list[Bend], bends: Sequence[Bend], asked: _Asked) -> list[BendSet]:
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
    weights: dict[bool, Array] = {}
    if told == "auto" or told in cv.FLOOR_EXERCISES:
        weight = runs_on_floor(block, like, [d is not None for d in dropped]) + reach(block, posture, athlete)
        weights[True] = weight + held + from_bottom
        runs += _allowed(block, dropped, weights[True], from_floor=True)
    if told not in cv.FLOOR_EXERCISES:
        load = loaded(block, others, from_floor=False)
        if told in IN_THE_HANDS:
            load = load_log_odds(block, like, load, from_bottom)
        weight = runs_from_top(block, like) + usual(block, athlete, told, rate_hz)
        weights[False] = weight + held + load
        runs += _allowed(block, dropped, weights[False], from_floor=False)
    sets = []
    for run in heaviest_runs(runs):
        part = slice(run.start, run.stop)
        group, fell = block[part], dropped[part]
        if run.from_floor:
            kept = with_plates_felt(group, [d is not None for d in fell], rate_hz)
        else:
            kept = trim_outliers(group, rate_hz)
        left = range(run.start, run.stop)[kept]
        kept_weight = float(weights[run.from_floor][left[0], left[-1]])
        if told == "auto" and not run.from_floor:  # whatever is lifted from the top goes where some exercise goes
            kept_weight += some_exercise(group[kept], athlete)
        sets.append(BendSet(group[kept], fell[kept], run.from_floor, run.weight, kept_weight))
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


def _recognise(main: BendSet, posture: Posture, athlete: Athlete, *, is_alone: bool) -> tuple[str, str]:
    """Name the exercise of a set and say why."""
    rate_hz, group = posture.rate_hz, main.bends
    if main.from_floor:
        return "deadlift", "plates reach the floor, or the first and the last bend hold there"
    cycle = _cycle_s(group, rate_hz)
    holds = float(np.median([hold_s(b, rate_hz) for b in group]))
    inclination = float(np.median([b.inclination_rad for b in group]))
    drop = float(np.median([b.drop_m for b in group]))
    if len(group) > 1 and cycle < SWING_CYCLE_S and holds < 0.15:  # a swing turns at once: no hold to speak of (chosen)
        return "swing", f"down and up in {cycle:.1f} s without a pause"
    # a squat sinks 25 cm per radian of inclination or more (chosen)
    if drop > SQUAT_DROP_SHARE * athlete.value("height_m") and drop > 0.25 * inclination:
        return "squat", f"the pelvis drops {100.0 * drop:.0f} cm with {np.degrees(inclination):.0f} degrees of lean"
    if len(group) == 1 and is_alone:
        return "drill", "a single bend"
    return "rdl", "bends from the top that stop above the floor; a good morning looks the same without a bar in hand"
