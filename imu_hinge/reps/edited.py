"""Change the sets that were found as a person said: reps dropped, added or merged, an exercise renamed.

It judges nothing and reads no file; loads and notes change no set (`edits.labelled`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.edits import STRUCTURE, Edit
from imu_hinge.model import Posture, Region
from imu_hinge.reps.bends import bend_depth
from imu_hinge.reps.exercise import Found, FoundSet, find_lifts
from imu_hinge.reps.segmentation import Lift
from imu_hinge.settings import RepSettings

AROUND_S: Final = 5.0
"""A set that is read as another exercise is looked at with so much before and after it: on the floor the bend to the
bar and the rise from it belong to it [s]."""


def with_edits(
    found: Found, edits: Sequence[Edit], posture: Posture, athlete: Athlete, *, settings: RepSettings
) -> Found:
    """Return what was found with the edits applied in their order; a set that has lost all its reps is gone.

    Parameters
    ----------
    found
    edits
        Those that change sets; others are left alone.
    posture
        On whose grid the lifts lie.
    athlete, settings
        With which lifts are looked for where a set is read as another exercise.
    """
    sets = list(found.sets)
    for edit in edits:
        if edit.do not in STRUCTURE:
            continue
        if edit.do == "exercise":
            sets = _renamed(sets, edit, posture, athlete, settings)
        else:
            sets = _CHANGES[edit.do](sets, edit, posture, found.exercise)
    kept = sorted((one for one in sets if one.lifts), key=lambda one: one.lifts[0].start)
    return replace(found, sets=tuple(kept))


def _span_s(lifts: Sequence[Lift], posture: Posture) -> tuple[float, float]:
    last = len(posture) - 1
    return float(posture.time_s[lifts[0].start]), float(posture.time_s[min(lifts[-1].stop, last)])


def _is_meant(lift: Lift, edit: Edit, posture: Posture) -> bool:
    start_s, stop_s = _span_s([lift], posture)
    return edit.from_s <= 0.5 * (start_s + stop_s) <= edit.to_s


def _dropped(sets: list[FoundSet], edit: Edit, posture: Posture, _: str) -> list[FoundSet]:
    """Take reps out."""
    found = []
    for one in sets:
        left = tuple(lift for lift in one.lifts if not _is_meant(lift, edit, posture))
        found.append(one if len(left) == len(one.lifts) else replace(one, lifts=left, is_edited=True))
    return found


def _merged(sets: list[FoundSet], edit: Edit, posture: Posture, _: str) -> list[FoundSet]:
    """Make one rep of those that are meant, set by set."""
    found = []
    for one in sets:
        meant = [lift for lift in one.lifts if _is_meant(lift, edit, posture)]
        if len(meant) > 1:
            first, last = meant[0], meant[-1]
            if one.exercise in cv.FLOOR_EXERCISES:  # one pull with a stop in it
                up = Region(first.up.start, last.up.stop)
                whole = replace(last, start=first.start, bottom=first.bottom, up=up, pause=first.pause)
            else:
                pause = Region(first.down.stop, last.up.start)
                turn = (pause.start + pause.stop) // 2
                whole = replace(first, turn=turn, stop=last.stop, up=last.up, pause=pause)
            lifts = sorted([*(lift for lift in one.lifts if lift not in meant), whole], key=lambda lift: lift.start)
            one = replace(one, lifts=tuple(lifts), is_edited=True)
        found.append(one)
    return found


def _added(sets: list[FoundSet], edit: Edit, posture: Posture, exercise: str) -> list[FoundSet]:
    """Take the bend, or the lockout, that lies in the span for a rep of the nearest set."""
    start, stop = (int(i) for i in np.searchsorted(posture.time_s, [edit.from_s, edit.to_s]))
    stop = min(stop, len(posture) - 1)
    if stop - start < 2 or any(lift.start < stop and start < lift.stop for one in sets for lift in one.lifts):
        return sets  # outside of the recording, or a rep already
    if not sets:
        name = exercise if exercise in cv.EXERCISES else "drill"
        return [FoundSet((_lift(start, stop, name, posture),), name, "a person said so", is_edited=True)]
    away = [max(one.lifts[0].start - stop, start - one.lifts[-1].stop, 0) for one in sets]
    at = int(np.argmin(away))
    nearest = sets[at]
    lifts = sorted([*nearest.lifts, _lift(start, stop, nearest.exercise, posture)], key=lambda lift: lift.start)
    return [*sets[:at], replace(nearest, lifts=tuple(lifts), is_edited=True), *sets[at + 1 :]]


def _lift(start: int, stop: int, exercise: str, posture: Posture) -> Lift:
    """Return the lift between two instants, its turning point where the body is deepest, or highest from the floor."""
    depth = bend_depth(posture)[start:stop]
    if exercise in cv.FLOOR_EXERCISES:
        turn = start + int(np.argmin(depth))
        return Lift(start, turn, stop, start, Region(turn, stop), Region(start, turn), Region(start, start))
    turn = start + int(np.argmax(depth))
    return Lift(start, turn, stop, turn, Region(start, turn), Region(turn, stop), Region(turn, turn))


def _renamed(
    sets: list[FoundSet], edit: Edit, posture: Posture, athlete: Athlete, settings: RepSettings
) -> list[FoundSet]:
    """Read the sets that are meant as another exercise; between floor and top their reps are looked for anew."""
    name, found = str(edit.value), []
    for at, one in enumerate(sets):
        if one.lifts and edit.covers(*_span_s(one.lifts, posture)):
            lifts = one.lifts
            if (name in cv.FLOOR_EXERCISES) != (one.exercise in cv.FLOOR_EXERCISES):
                margin = round(AROUND_S * posture.rate_hz)
                low = max([0, *(other.lifts[-1].stop for other in sets[:at] if other.lifts)])
                high = min([len(posture), *(other.lifts[0].start for other in sets[at + 1 :] if other.lifts)])
                part = slice(max(low, lifts[0].start - margin), min(high, lifts[-1].stop + margin))
                anew = find_lifts(posture[part], athlete, told=name, settings=settings)
                lifts = tuple(lift.moved(part.start) for lift in anew.lifts) or lifts
            one = FoundSet(lifts, name, "a person said so", is_edited=True)
        found.append(one)
    return found


_CHANGES: Final[dict[str, Callable[[list[FoundSet], Edit, Posture, str], list[FoundSet]]]] = {
    "drop": _dropped,
    "merge": _merged,
    "add": _added,
}
