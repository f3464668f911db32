"""Weigh which neighbouring bends are one set, and whether that set stands on the floor or starts at the top.

It names no exercise and places no boundary. Every candidate, a run of neighbouring bends read one way or the other, is
weighed by the log-likelihood ratio of "these are the reps of one set" against "these bends have nothing to do with
each other"; the heaviest wins.

Notes
-----
On the floor, the bend to the bar is not loaded and the last rise is not either, so their times and trembles are left
out. How alike two bends are is in `similarity`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from imu_hinge.model import Array
from imu_hinge.reps.bends import Bend
from imu_hinge.reps.similarity import (
    DOWN,
    GAP,
    IMPACT,
    LOOK_BACK,
    NEARLY_EVERY,
    PLACE,
    RESPECTS,
    UP,
    VIBRATION,
    Similarity,
    Spread,
    log_gaps,
    log_vibrations,
    membership,
    respects,
)

FLOORS: Final = ((0.75, 0.98), (0.15, 0.6), (0.1, 0.01))
"""Kinds of floor, or of plates: how common, and the share of landings that is felt there."""

PUT_DOWN_FELT: Final = 0.6
"""Share of weights whose being put on the floor is felt."""

FROM_FLOOR: Final = 0.5
"""Share of the weights in the hands that come from the floor and go back to it; others come from a rack."""

FETCHED_UNSEEN: Final = 0.2
"""How likely a weight that is put down was picked up before the recording, or beyond a rest."""

CLANK: Final = 0.05
"""Share of other bends with a blow at the bottom."""


class CandidateSet(NamedTuple):
    """Hold a candidate: some bends as one set.

    Parameters
    ----------
    start, stop
        Which bends, half-open.
    from_floor
        Whether it is lifted from the floor.
    weight
        How much speaks for it (natural logarithm).
    """

    start: int
    stop: int
    from_floor: bool
    weight: float


SURELY_ONE_OF_IT: Final = 1.0
"""A bend at an end of a set from the top belongs where it is this much (natural logarithm) likelier to than not ..."""

LIKE_ITS_NEIGHBOUR: Final = 3.5
"""... or where it is this much likelier to be of one kind with its neighbour, in place and time."""

SURELY_THOUGH_NOT_FELT: Final = math.log(0.98 / 0.02)
"""On a floor where nearly every landing is felt, one that was not must be this much likelier to be of the set."""


def trim_outliers(bends: Sequence[Bend], rate_hz: float) -> slice:
    """Return which bends are left of a set from the top when those at its ends that are unlike it are taken off."""
    table, gaps = respects(bends, rate_hz), log_gaps(bends, rate_hz)
    start = _outliers_at_end(table[::-1], gaps[::-1])
    return slice(start, len(bends) - _outliers_at_end(table[start:], gaps[start:]))


def may_have_landed(bends: Sequence[Bend]) -> list[bool]:
    """Tell which bends' shake is like the others' landings, too soft to be one by itself, or lies in a hole."""
    impacts = [b.shock_mps2 for b in bends if b.has_landed]
    least = math.exp(float(np.median(np.log(impacts))) - 2.0 * IMPACT.within) if impacts else math.inf
    return [not b.has_landed and (b.shock_mps2 >= least or not b.is_hold_seen) for b in bends]


def with_plates_felt(bends: Sequence[Bend], is_dropped: Sequence[bool], rate_hz: float) -> slice:
    """Return which bends are left of a set on the floor when those at its ends are taken off that are no part of it.

    Where nearly every lift of the set ends with a blow, one at its end that does not is doubted, and left out unless it
    surely goes to the same place, with the same way under load, or, at the end, shook nearly as hard. On a floor that
    swallows the blows nothing is taken off.

    Parameters
    ----------
    bends
        Of one candidate set, in order.
    is_dropped
        Of each bend, whether the bar was let fall after it.
    rate_hz
        Of the grid.
    """
    felt = [is_dropped[i] or bends[i + 1].has_landed for i in range(len(bends) - 1)] + [is_dropped[-1]]
    known = np.flatnonzero(felt)
    if 2 * known.size < len(bends) - 1 or not known.size or np.mean(felt[known[0] : known[-1] + 1]) < NEARLY_EVERY:
        return slice(None)
    start, last = int(known[0]), int(known[-1])
    stop = last + 1 if is_dropped[last] else last + 2
    table, vibrations = respects(bends, rate_hz), log_vibrations(bends)
    is_lowered = any(b.has_landed for b in bends[start:stop])  # a bar let fall is felt through the floor alone
    least = SURELY_THOUGH_NOT_FELT if is_lowered else SURELY_ONE_OF_IT

    def is_of_it(i: int, way: Spread) -> bool:
        known = np.column_stack([table[:, :PLACE], vibrations[:, int(way is UP)], table[:, RESPECTS.index(way)]])
        others = known[start:stop] if i < start else known[start:stop][::-1]
        return membership(known[i], others, (*RESPECTS[:PLACE], VIBRATION, way)) > least

    while start > 0 and is_of_it(start - 1, UP):
        start -= 1
    is_soft = may_have_landed(bends)
    while stop < len(bends) and (is_soft[stop] or is_of_it(stop, DOWN)):
        stop += 1
    return slice(start, stop)


def _outliers_at_end(table: Array, gaps: Array) -> int:
    """Return how many bends at the end of a set are more likely strangers, taken together.

    A last bend that is like the one before it is none, even where both are unlike the rest: a drill changes its style.
    """
    worst, count = 0.0, 0
    if len(table) < 3 or membership(table[-1], table[-2:-1]) > LIKE_ITS_NEIGHBOUR:
        return 0
    for cut in range(1, min(LOOK_BACK, len(table) - 2) + 1):
        kept = len(table) - cut
        total = sum(membership(row, table[kept - 1 :: -1]) for row in table[kept:])
        between = gaps[kept - 1 :]
        total += sum(membership(gap[None], gaps[: kept - 1][::-1, None], (GAP,)) for gap in between)
        total -= SURELY_ONE_OF_IT * cut
        if total < worst:
            worst, count = total, cut
    return count


def runs_from_top(bends: Sequence[Bend], like: Similarity) -> Array:
    """Return what speaks for each run being a set from the top; [i, j] is the run from bend i to bend j. (m, m)."""
    landed = np.array([b.has_landed for b in bends])
    weight = _mean_sum(like.place + like.vibration + like.down + like.hold + like.up)
    weight += _between(_mean_sum(like.gap))
    return weight + _sum(_impacts(landed, 0.2 * CLANK))


def load_log_odds(bends: Sequence[Bend], like: Similarity, racked: Array, fetched: Array) -> Array:
    """Return what a load says for each run being a set; it may have been picked up before and put down after. (m, m).

    The bend before the run picked the weight up, the one after it goes to the same place and may end with a blow.

    Parameters
    ----------
    bends, like
    racked : (m, m)
        What speaks for the run being loaded all the way, and nothing else.
    fetched : (m, m)
        What speaks for a run being loaded from its first bottom to its last.
    """
    felt = _impacts(np.array([b.has_landed for b in bends]), PUT_DOWN_FELT)
    weight = racked.copy()
    for j in range(len(bends) - 1):
        seen = np.concatenate(([math.log(FETCHED_UNSEEN) + racked[0, j]], like.place[:j, j + 1] + fetched[:j, j + 1]))
        from_floor = math.log(FROM_FLOOR) + felt[j + 1] + seen
        weight[: j + 1, j] = np.logaddexp(math.log(1.0 - FROM_FLOOR) + racked[: j + 1, j], from_floor)
    return weight


def runs_on_floor(bends: Sequence[Bend], like: Similarity, is_dropped: Sequence[bool]) -> Array:
    """Return what speaks for each run being a set on the floor; the first bend is the one to the bar. (m, m).

    Parameters
    ----------
    bends, like
    is_dropped
        By bend, whether a bar fell after it; the next bend then lowers none.
    """
    landed = np.array([b.has_landed or fell for b, fell in zip(bends, [False, *is_dropped[:-1]], strict=True)])
    says_nothing = np.array(may_have_landed(bends)) & ~landed  # nor does a landing in a hole
    m = len(bends)
    weight = _mean_sum(like.place) + _between(_mean_sum(like.gap) + _mean_sum(like.lockout_vibration))
    for column, first, last in ((like.down, 1, 0), (like.impact, 1, 0), (like.up, 0, 1), (like.hold, 1, 1)):
        part = _mean_sum(column)
        moved = np.zeros((m, m))
        moved[: m - first, last:] = part[first:, : m - last]
        weight += np.triu(moved)
    kinds = [
        math.log(common) + _sum(np.where(says_nothing, 0.0, _impacts(landed, share)))[1:] for common, share in FLOORS
    ]
    weight[:-1] += np.logaddexp.reduce(kinds)  # from the second bend on
    return weight


def heaviest_runs(runs: Sequence[CandidateSet]) -> list[CandidateSet]:
    """Return the heaviest run, the heaviest that does not overlap it, and so on; in order."""
    chosen: list[CandidateSet] = []
    for run in sorted(runs, key=lambda r: (-r.weight, r.start, r.stop)):
        if all(run.stop <= other.start or run.start >= other.stop for other in chosen):
            chosen.append(run)
    return sorted(chosen)


def _impacts(landed: Array, share: float) -> Array:
    """Return what a blow, or none, says for bends of which this share ends with one. (m,)."""
    return np.where(landed, math.log(share / CLANK), math.log((1.0 - share) / (1.0 - CLANK)))


def _mean_sum(pairs: Array) -> Array:
    """Return, for every run, the mean likeness of two of its members, once for each member but one. (m, m) -> (m, m).

    The first bend of a set is like no other yet, so one bend by itself says nothing.
    """
    m = len(pairs)
    total = np.zeros((m + 1, m + 1))
    total[1:, 1:] = np.cumsum(np.cumsum(pairs, axis=0), axis=1)
    start, stop = np.arange(m)[:, None], np.arange(m)[None, :] + 1
    inside = total[stop, stop] - total[start, stop] - total[stop, start] + total[start, start]
    return np.asarray(np.triu(inside / np.maximum(stop - start, 1)))


def _between(gaps: Array) -> Array:
    """Turn runs of gaps into runs of bends: from bend i to bend j are the gaps i to j - 1. (m - 1, ...) -> (m, m)."""
    m = len(gaps) + 1
    weight = np.zeros((m, m))
    weight[:-1, 1:] = gaps
    return np.triu(weight)


def _sum(values: Array) -> Array:
    """Return the sum of the values in every run. (m,) -> (m, m)."""
    total = np.concatenate(([0.0], np.cumsum(values)))
    return np.asarray(np.triu(total[None, 1:] - total[:-1, None]))
