"""Remember what live analysis has told: lifts as reps, in their order, which a later look takes back, and slips.

It finds no lift and describes none; `live` tells, and this is what it has told.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from imu_hinge.analysis.assemble import doubted
from imu_hinge.analysis.pipeline import Aligned
from imu_hinge.analysis.plausibility import DISAGREES
from imu_hinge.reps.other_bends import NoRep
from imu_hinge.reps.segmentation import Lift
from imu_hinge.result import Event, Rep


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

    def add(self, lift: Lift, rep: Rep) -> Rep:
        """Put a rep where it belongs and return it with its number; the reps after it move up."""
        place = self.place_of(lift.start)
        self.lifts.insert(place, lift)
        self.reps.insert(place, rep)
        self._number(place)
        return self.reps[place]

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
                del self.lifts[at], self.reps[at]
                message = f"Rep {rep.rep + 1} was none: it is no part of the set that followed."
                events.append(Event("withdrawn", at_s, message, rep))
        if events:
            self._number(first)
        return events

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
        changed = [(known[rep.start_s], rep) for rep in self.reps if known.get(rep.start_s, rep) != rep]
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
        """Give the reps from place ``first`` on their numbers."""
        self.reps[first:] = [replace(rep, rep=at) for at, rep in enumerate(self.reps[first:], first)]
