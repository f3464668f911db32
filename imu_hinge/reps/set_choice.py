"""Choose which runs of bends are the sets of a recording, and join those that are one set interrupted.

It weighs no run (`sets` does) and names no exercise (`exercise` does).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from imu_hinge.model import Posture
from imu_hinge.reps.bends import Bend
from imu_hinge.reps.segmentation import Lift, lifts_from_floor, lifts_from_top, walking
from imu_hinge.reps.similarity import NEARLY_EVERY, Similarity, membership, respects
from imu_hinge.signals import regions

MORE_OF_IT: Final = 2.0
"""A second set is of the same work where its bends are this much (natural logarithm) more likely to be than not."""

SURE: Final = 8.0
"""A set that is this much (natural logarithm) likelier than strange bends is told while it goes on: of an hour's
hundreds of bends for plates, shoes and bottles hardly any are so much alike by chance."""

BY_ITSELF: Final = 3.5
"""Where plates were felt this much is enough (natural logarithm). Between two sets a lifter bends some ten to thirty
times, so one run of bends in thirty is a set: log 30."""

PLAIN: Final = math.log(300.0) + math.log(30.0)
"""A set from the top counts where it is unlike all others of the recording when it is this much likelier than strange
bends: an hour has some hundreds of runs of them, and one in thirty hours may be taken for a set (natural logarithm)."""

REGRIP_S: Final = 20.0
"""Who goes on with the same work within this only gripped anew; a rest that muscles notice takes half a minute and more
(the phosphagen store is half refilled after about 30 s)."""

WALKS_OFF_S: Final = 3.0
"""Who steps aside for longer than it takes to set the feet anew has left the bar [s]."""

UNSEEN_S: Final = 60.0
"""Nobody knows what happened in a longer hole: what follows is another set [s]."""


@dataclass(frozen=True, slots=True)
class BendSet:
    """Hold neighbouring bends that are reps of one set.

    ``weight`` is how much spoke for the run of bends they are of, ``kept_weight`` how much speaks for what was kept of
    it (natural logarithms).
    """

    bends: list[Bend]
    dropped: list[int | None]
    from_floor: bool
    weight: float
    kept_weight: float

    @property
    def is_sure(self) -> bool:
        """Whether no later bend will make another set of it."""
        if self.from_floor and (any(b.has_landed for b in self.bends[1:]) or any(d is not None for d in self.dropped)):
            return True
        return len(self.lifts) > 1 and self.weight > SURE

    @property
    def lifts(self) -> list[Lift]:
        """The lifts between the bends, or in them."""
        return lifts_from_floor(self.bends, self.dropped) if self.from_floor else lifts_from_top(self.bends)

    @property
    def is_felt(self) -> bool:
        """Whether plates were felt on the floor, nearly every time."""
        felt = [b.has_landed for b in self.bends[1:]]
        return any(d is not None for d in self.dropped) or (bool(felt) and float(np.mean(felt)) >= NEARLY_EVERY)

    @property
    def is_plain(self) -> bool:
        """Whether it is a set also where nothing else of the recording is like it."""
        if self.from_floor and self.is_felt:
            return self.kept_weight > BY_ITSELF
        return len(self.lifts) > 1 and self.kept_weight > PLAIN

    @property
    def is_put_down(self) -> bool:
        """Whether all it is is one bend at whose bottom something landed."""
        return not self.from_floor and len(self.bends) == 1 and self.bends[0].has_landed


def is_more_of_it(group: BendSet, main: BendSet, rate_hz: float) -> bool:
    """Tell whether another set of the recording is more of the same work: alike in place and in time.

    From the top one rep, which is like none beside it, must be so much more alike, and stand apart: a bend just before
    or after a set that is no rep of it fetched the weight or put it away. What is likelier no lift by itself is not
    made one by being like another: who bends twice for the same plates bends alike.

    Parameters
    ----------
    group, main
        The lighter one and the heavier one.
    rate_hz
        Of the grid that the bends lie on.
    """
    if group.from_floor != main.from_floor:
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
    alike = float(np.mean([membership(one, there) for one in here]))
    if group.kept_weight <= 0.0:
        return False
    if len(group.lifts) > 1:
        return alike > MORE_OF_IT
    away = max(main.bends[0].down_start - group.bends[0].up_stop, group.bends[0].down_start - main.bends[-1].up_stop)
    return alike > BY_ITSELF and away > REGRIP_S * rate_hz and not group.is_put_down


def counted_sets(sets: Sequence[BendSet], rate_hz: float, *, is_one_work: bool) -> list[tuple[BendSet, BendSet]]:
    """Return the sets that count, each with the heaviest set whose work it goes on with, which may be itself.

    The heaviest set of a recording counts in any case: who records a single bend means it. Another one counts where it
    is more of the work of a heavier one, or plain by itself and the recording was not said to be of one work only.
    Single reps with long rests between them are plain together (`are_singles`). One floor swallows every blow or none:
    where plates were felt in one set, a set on the floor without any is none.

    Parameters
    ----------
    sets
        All that could be sets.
    rate_hz
        Of the grid that the bends lie on.
    is_one_work
        Whether somebody said that one exercise is all there is.

    Returns
    -------
    list of (BendSet, BendSet)
        In the order of time.
    """
    counted: list[tuple[BendSet, BendSet]] = []
    for group in sorted(sets, key=lambda s: -s.weight):
        leaders = [leader for one, leader in counted if one is leader]
        leader = next((one for one in leaders if is_more_of_it(group, one, rate_hz)), None)
        is_strange = group.from_floor and not group.is_felt and any(one.from_floor and one.is_felt for one in leaders)
        is_plain = group.is_plain or are_singles(group, sets, rate_hz)
        if leader is None and (not counted or (is_plain and not is_strange and not is_one_work)):
            leader = group
        if leader is not None:
            counted.append((group, leader))
    return sorted(counted, key=lambda pair: pair[0].bends[0].bottom)


def are_singles(group: BendSet, sets: Sequence[BendSet], rate_hz: float) -> bool:
    """Tell whether a lone rep from the top is one of several that are alike and together as plain as a set must be.

    Heavy work is done in singles. Each stands alone, so what speaks for one is small; alike, they add up.

    Parameters
    ----------
    group
        The heaviest of them.
    sets
        All that could be sets.
    rate_hz
        Of the grid that the bends lie on.
    """
    if group.from_floor or len(group.bends) != 1 or group.is_put_down or group.kept_weight <= 0.0:
        return False
    others = [s for s in sets if s is not group and len(s.bends) == 1 and is_more_of_it(s, group, rate_hz)]
    return bool(others) and group.kept_weight + sum(s.kept_weight for s in others) > PLAIN


def are_one_set(before: BendSet, after: BendSet, posture: Posture) -> bool:
    """Tell whether work that goes on after an interruption is the same set: soon, and without walking off.

    Parameters
    ----------
    before, after
        Of one work, neighbours in time.
    posture
    """
    part = slice(before.bends[-1].up_stop, max(after.bends[0].down_start, before.bends[-1].up_stop + 1))
    seconds = np.count_nonzero(~posture.is_gap[part]) / posture.rate_hz  # a hole is no rest
    unseen = float(np.max(np.diff(posture.time_s[part.start : part.stop + 1]), initial=0.0))
    if seconds > REGRIP_S or unseen > UNSEEN_S:
        return False
    margin = round(posture.rate_hz)  # of steps a second is averaged
    around = posture[max(0, part.start - margin) : part.stop + margin]
    return all(len(steps) < WALKS_OFF_S * posture.rate_hz for steps in regions(walking(around)))
