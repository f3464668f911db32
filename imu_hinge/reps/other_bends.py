"""Say of every bend that is part of no lift what it is, so that nothing that bends is dropped in silence.

It decides nothing: which bends are lifts is found in `exercise`, and what is no lift by its motion in `no_lifts`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from imu_hinge.reps.bends import Bend

ASIDE: Final = "bent to the side"
BEGUN_BEFORE: Final = "was going on when the recording began"
NOT_FINISHED: Final = "was not over when the recording ended"
PUT_DOWN: Final = "put something on the floor"
OTHER_SET: Final = "alike, but not plainly a set"
ALONE: Final = "a bend by itself"
UNLIKE: Final = "unlike the bends beside it"


class NoRep(NamedTuple):
    """Hold one bend that is part of no lift: samples ``[start, stop)`` of the posture's grid, and what it is."""

    start: int
    stop: int
    reason: str

    def moved(self, samples: int) -> NoRep:
        """Return the same with every index later by ``samples``."""
        return NoRep(self.start + samples, self.stop + samples, self.reason)


def no_reps(
    blocks: Sequence[Sequence[Bend]],
    *,
    lifted: Collection[Bend],
    grouped: Collection[Bend] = (),
    known: Mapping[Bend, str],
) -> tuple[NoRep, ...]:
    """Return every bend that is part of no lift, in order.

    Parameters
    ----------
    blocks
        Every bend, beside those without a rest between.
    lifted
        Those of the lifts; on the floor also the first one, to the bar, and the last, from it.
    grouped
        Those of sets of several bends that are not counted.
    known
        What some bends are, by their motion.
    """
    found = [
        NoRep(bend.down_start, max(bend.up_stop, bend.down_start) + 1, known.get(bend) or _reason(bend, block, grouped))
        for block in blocks
        for bend in block
        if bend not in lifted
    ]
    return tuple(sorted(found))


def _reason(bend: Bend, block: Sequence[Bend], grouped: Collection[Bend]) -> str:
    """Return why a bend that moves as a lift may is none."""
    if not bend.is_begun:
        return BEGUN_BEFORE
    if not bend.is_finished:
        return NOT_FINISHED
    if bend in grouped:
        return OTHER_SET
    if bend.has_landed:
        return PUT_DOWN
    return ALONE if len(block) == 1 else UNLIKE
