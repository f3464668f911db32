"""Tell of a rep while it happens: started, turned, past the limit and back; and when it should be looked at.

It counts no reps and gives no verdict: looks do. A rep that is told here as started may turn out to be none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from imu_hinge import conventions as cv
from imu_hinge.analysis.instant.bend_phase import Turn
from imu_hinge.reps.verdict import Limits, probability_above
from imu_hinge.result import Event
from imu_hinge.settings import FeedbackSettings

STARTS: Final = {True: "rises", False: "leaves"}
TELLS: Final = {True: "lifts", False: "leaves"}
TURNS: Final = {True: "stands", False: "rises"}
ENDS: Final = {True: "bottom", False: "stands"}
"""Which turn of a bend starts a rep, shows that it has started, is its middle and ends it, for lifts from the floor and
from the top."""


@dataclass(slots=True)
class RepEvents:
    """Follow one rep.

    Parameters
    ----------
    limits
        The athlete's.
    settings
        How surely and how long the limit must be passed.
    """

    limits: Limits
    settings: FeedbackSettings
    is_inside: bool = field(default=False, init=False)
    _is_turned: bool = field(default=False, init=False)
    _is_told: bool = field(default=False, init=False)
    _start_s: float = field(default=math.nan, init=False)
    _is_over: bool = field(default=False, init=False)
    _since_s: float = field(default=math.nan, init=False)
    """When the probability went to the other side of what changes `_is_over`."""

    def step(self, turns: Sequence[Turn], *, from_floor: bool) -> tuple[list[Event], float | None]:
        """Take what the newest instant showed; return events, and when a rep ended if one did [s].

        Parameters
        ----------
        turns
        from_floor
            Whether reps start and end at the bottom.
        """
        events, ended_s = [], None
        for turn in turns:
            if self.is_inside and self._is_turned and turn.kind == ENDS[from_floor]:
                self.is_inside, ended_s = False, turn.time_s
            if turn.kind == STARTS[from_floor]:
                if not self.is_inside or self._is_turned:  # else another pull at the same rep
                    self._is_told = False
                self._start_s = self._start_s if self._is_told else turn.time_s
                self.is_inside, self._is_turned = True, False
                self._is_over, self._since_s = False, math.nan
            if self.is_inside and not self._is_told and turn.kind == TELLS[from_floor]:
                self._is_told = True
                events.append(Event("rep_started", self._start_s, "A rep has started."))
            elif self._is_told and self.is_inside and not self._is_turned and turn.kind == TURNS[from_floor]:
                self._is_turned = True
                where = "Lockout" if from_floor else "The bottom"
                events.append(Event("turned", turn.time_s, f"{where} is reached."))
        return events, ended_s

    def watch(self, time_s: float, lumbar_rad: float, sd_rad: float) -> list[Event]:
        """Take lumbar flexion inside a rep, NaN where it is not known; return whether it passed the limit or is back.

        Parameters
        ----------
        time_s
        lumbar_rad, sd_rad
            Mean and standard deviation.
        """
        chance = probability_above(lumbar_rad, sd_rad, self.limits.lumbar_rad)
        changes = chance < self.settings.back_below if self._is_over else chance >= self.settings.over_above
        if not self.is_inside or not changes:  # NaN changes nothing
            self._since_s = math.nan
            return []
        self._since_s = time_s if math.isnan(self._since_s) else self._since_s
        if time_s - self._since_s < self.settings.dwell_s - 1e-6:
            return []
        self._is_over, since_s, self._since_s = not self._is_over, self._since_s, math.nan
        if not self._is_over:
            return [Event("back_under", since_s, "Lumbar flexion is back under the limit.")]
        percent = 100.0 * lumbar_rad / self.limits.lumbar_rad
        return [Event("over_limit", since_s, f"Lumbar flexion passed the limit: {percent:.0f} % of it.")]


def is_from_floor(told: str, found: str) -> bool | None:
    """Tell whether lifts start on the floor, None where neither somebody said nor a look has found the exercise.

    Parameters
    ----------
    told, found
        Exercises or ``auto``.
    """
    name = found if told == "auto" else told
    return name in cv.FLOOR_EXERCISES if name in cv.EXERCISES else None
