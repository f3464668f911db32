"""Remember what live analysis has told: reps of sets in their order, which a later look takes back, and slips.

It finds no lift and describes none; `live` tells, and this is what it has told.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from imu_hinge.analysis.assemble import doubted
from imu_hinge.analysis.pipeline import Aligned
from imu_hinge.analysis.plausibility import DISAGREES
from imu_hinge.reps.exercise import FoundSet
from imu_hinge.reps.no_lifts import NoRep
from imu_hinge.reps.segmentation import Lift
from imu_hinge.result import Event, Rep

MOVED_RAD: Final = math.radians(1.5)
"""A zero that has moved by more than people sway in standing has moved (docs/biomechanics.md, 6.2)."""


def readings(aligned: Aligned, lift: Lift) -> tuple[float, ...]:
    """Return what every sensor reads at the bottom of a lift of the window [rad]."""
    return tuple(float(inclination.inclination_rad[lift.bottom]) for inclination in aligned.inclinations.values())


class Told:
    """Hold the reps that were told and their lifts on the session's grid, both in the order of their starts.

    Parameters
    ----------
    near
        Two lifts whose starts and ends are no further apart than this are one [instants].
    reach
        How far before a look's first instant a lift may begin that reaches into it [instants].
    """

    def __init__(self, *, near: int, reach: int) -> None:
        self.reps: list[Rep] = []
        self.lifts: list[Lift] = []
        self.marks: list[int] = []
        """Of each lift, which set it was told as part of: sets are marked in the order in which they are told."""
        self._names: dict[int, tuple[str, str]] = {}
        self._ended: int | None = None
        self._read: list[tuple[float, ...]] = []
        self._near, self._reach = near, reach
        self._missed: dict[float, int] = {}
        self._slips: set[str] = set()
        self.disagreeing: list[str] = []
        self._no_reps: list[NoRep] = []

    @property
    def stop(self) -> int:
        """One past the last rep."""
        return self.lifts[-1].stop if self.lifts else 0

    def place_of(self, start: int) -> int:
        """Return how many lifts begin before an instant."""
        return bisect_left(self.lifts, start, key=lambda lift: lift.start)

    def knows(self, lift: Lift) -> bool:
        """Tell whether a lift was told already."""
        return any(lift.overlaps(known) for known in self.lifts[self.place_of(lift.start - self._reach) :])

    def mark_of(self, found: FoundSet, *, after: int) -> int:
        """Return the mark of the set that these lifts belong to: that of one which was told, else a new one.

        One that was told takes the name that it is found under now, where all of it was seen ``after`` an instant.
        """
        for lift in reversed(found.lifts):
            for at in range(self.place_of(lift.start - self._reach), len(self.lifts)):
                if lift.overlaps(self.lifts[at]):
                    if found.lifts[0].start >= after:
                        self._names[self.marks[at]] = found.exercise, found.evidence
                    return self.marks[at]
        return len(self._names)

    def news(self, found: FoundSet, *, after: int, settled: int) -> Iterator[Lift]:
        """Yield the lifts of a set that were not told yet.

        Parameters
        ----------
        found
            On the session's grid.
        after, settled
            Those that begin from the one instant on and are over at the other.
        """
        for lift in found.lifts:
            if lift.start >= after and lift.stop <= settled and not self.knows(lift):
                yield lift

    def exercise_of(self, place: int) -> str:
        """Return the exercise of the set that a lift was told as part of."""
        return self._names[self.marks[place]][0]

    def earlier(self, start: int, mark: int) -> list[Rep]:
        """Return the reps of a set before an instant."""
        place = self.place_of(start)
        return [rep for rep, other in zip(self.reps[:place], self.marks, strict=False) if other == mark]

    def add(self, lift: Lift, rep: Rep, mark: int, name: tuple[str, str], read: tuple[float, ...]) -> Rep:
        """Put a rep where it belongs and return it with its number; the reps after it move up.

        Parameters
        ----------
        lift
            On the session's grid.
        rep
        mark
            Of its set.
        name
            The set's exercise and the evidence, where nothing of it was told yet.
        read
            What every sensor read at its bottom (`readings`) [rad].
        """
        self._names.setdefault(mark, name)
        place = self.place_of(lift.start)
        self.lifts.insert(place, lift)
        self.reps.insert(place, rep)
        self.marks.insert(place, mark)
        self._read.insert(place, read)
        self._number(place)
        return self.reps[place]

    @property
    def sets(self) -> tuple[FoundSet, ...]:
        """The sets as they were told, each under its latest name."""
        groups: list[tuple[int, list[Lift]]] = []
        for mark, lift in zip(self.marks, self.lifts, strict=True):
            if not groups or groups[-1][0] != mark:
                groups.append((mark, []))
            groups[-1][1].append(lift)
        return tuple(FoundSet(tuple(lifts), *self._names[mark]) for mark, lifts in groups)

    def started(self, rep: Rep) -> list[Event]:
        """Return that a set begins, or goes on, with a rep that was just put there, where that is news."""
        if rep is not self.reps[-1]:
            return []
        place = len(self.reps) - 1
        is_first, has_ended, self._ended = rep.rep == 0, self._ended == self.marks[place], None
        if not is_first and not has_ended:
            return []
        rest = f" after {_minutes(rep.start_s - self.reps[place - 1].end_s)} of rest" if place and is_first else ""
        what = f"begins{rest}" if is_first else "goes on"
        return [Event("set_started", rep.start_s, f"Set {rep.set + 1} {what}: {_words(rep.exercise)}.", rep)]

    def ended(self, at: int, at_s: float, *, after: int) -> list[Event]:
        """Return, once, that the last set is over: nobody went on with it.

        Parameters
        ----------
        at, at_s
            The newest instant, on the grid and in time [s].
        after
            For so long nobody may have gone on with it [instants].
        """
        if not self.lifts or self._ended == self.marks[-1] or at - self.stop < after:
            return []
        self._ended, last = self.marks[-1], self.reps[-1]
        count = f"{last.rep + 1} rep{'s' * (last.rep > 0)}"
        name = self._names[self.marks[-1]][0]
        text = f"Set {last.set + 1} ended: {count}, {_words(name)}. Rest since {_minutes(at_s - last.end_s)}."
        return [Event("set_ended", last.end_s, text)]

    def withdraw(self, found: Sequence[Lift], *, start: int, at_s: float, is_last: bool) -> list[Event]:
        """Take back reps that are none by what is found from ``start`` on: a plate, a shoe, before the set.

        One look may err; two in a row, or the last one, decide. The reps after it move up.

        Parameters
        ----------
        found
            Lifts of the newest look, on the session's grid.
        start
            The look's first instant in which a lift may be taken back.
        at_s
            When, for the events [s].
        is_last
            Whether no other look will follow.

        Returns
        -------
        list of Event
            One ``withdrawn`` per rep taken back, with that rep.
        """
        first = self.place_of(start)
        events = []
        for lift, rep in list(zip(self.lifts[first:], self.reps[first:], strict=True)):
            if any(abs(lift.start - f.start) <= self._near and abs(lift.stop - f.stop) <= self._near for f in found):
                self._missed.pop(rep.start_s, None)
                continue
            self._missed[rep.start_s] = self._missed.get(rep.start_s, 0) + 1
            if is_last or self._missed[rep.start_s] >= 2:
                at = self.lifts.index(lift)
                del self.lifts[at], self.reps[at], self.marks[at], self._read[at]
                message = f"Rep {rep.rep + 1} was none: it is no part of the set that followed."
                events.append(Event("withdrawn", at_s, message, rep))
        if events:
            self._number(first)
        return events

    def moved(self, aligned: Aligned, *, start: int) -> list[int]:
        """Return the places of reps whose sensors read otherwise at the bottom now than when they were told.

        That is: a standing since has shown that a sensor slipped, and has moved its zero.

        Parameters
        ----------
        aligned
            The window as it is read now.
        start
            Its first instant; what begins before it is not looked at.
        """
        if not any(inclination.slips for inclination in aligned.inclinations.values()):
            return []
        found = []
        for place in range(self.place_of(start), len(self.lifts)):
            now = readings(aligned, self.lifts[place].moved(-start))
            if max(abs(a - b) for a, b in zip(now, self._read[place], strict=True)) > MOVED_RAD:
                found.append(place)
        return found

    def revise(self, place: int, rep: Rep, read: tuple[float, ...]) -> Rep:
        """Put a rep that is told anew in the place of what was told of it, and return it with its number.

        Parameters
        ----------
        place
            How many reps come before it, of all sets.
        rep
        read
            As in `add`.
        """
        told = self.reps[place]
        self.reps[place], self._read[place] = replace(rep, rep=told.rep, set=told.set), read
        return self.reps[place]

    def revised(self, before: Sequence[Rep], at_s: float) -> list[Event]:
        """Return the reps that are told otherwise than before: counted anew, after one that came late or was none.

        Parameters
        ----------
        before
            The reps as they were told.
        at_s
            When, for the events [s].
        """
        known = {rep.start_s: rep for rep in before}
        pairs = [(known[rep.start_s], rep) for rep in self.reps if rep.start_s in known]
        changed = [(old, rep) for old, rep in pairs if (old.set, old.rep) != (rep.set, rep.rep)]
        return [Event("revised", at_s, f"Rep {old.rep + 1} is now rep {rep.rep + 1}.", rep) for old, rep in changed]

    def see(self, others: Sequence[NoRep], *, start: int) -> None:
        """Take what bends and is no rep from ``start`` on in place of what was seen there before."""
        kept = [o for o in self._no_reps if o.start < start]
        self._no_reps = kept + [o for o in others if o.start >= max([start, *(k.stop for k in kept[-1:])])]

    @property
    def no_reps(self) -> tuple[NoRep, ...]:
        """What bends and is part of no rep that stands."""
        return tuple(
            other
            for other in self._no_reps
            if not any(lift.start < other.stop and other.start < lift.stop for lift in self.lifts)
        )

    def slips(self, aligned: Aligned) -> list[Event]:
        """Return the slips that were not told yet."""
        events = []
        for placement, inclination in aligned.inclinations.items():
            for slip in inclination.slips:
                at_s = float(aligned.posture.time_s[slip.where.start])
                key = f"{placement} {round(at_s)}"
                if key not in self._slips:
                    self._slips.add(key)
                    text = f"The {placement} sensor slipped by {abs(np.degrees(slip.jump_rad)):.0f} degrees."
                    events.append(Event("slip", at_s, text))
        return events

    def disagree(self, texts: Sequence[str], at_s: float) -> list[Event]:
        """Say once of a sensor that its accelerometer and gyroscope do not fit; no verdict stands then, of no rep."""
        new = [text for text in texts if text not in self.disagreeing]
        if new:
            self.disagreeing += new
            self.reps[:] = [doubted(rep, DISAGREES) for rep in self.reps]
        return [Event("warning", at_s, text) for text in new]

    def _number(self, first: int) -> None:
        """Give the reps from place ``first`` on their sets and their numbers in them."""
        for at in range(first, len(self.reps)):
            before = self.reps[at - 1] if at else None
            if before is not None and self.marks[at] == self.marks[at - 1]:
                self.reps[at] = replace(self.reps[at], set=before.set, rep=before.rep + 1)
            else:
                self.reps[at] = replace(self.reps[at], set=0 if before is None else before.set + 1, rep=0)


def _minutes(seconds: float) -> str:
    """Return a rest in words."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _words(exercise: str) -> str:
    return exercise.replace("_", " ")
