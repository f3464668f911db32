"""Analyse samples as they come: the same steps as `analysis`, with the past alone.

It knows no radio and no clock. Everything happens on the even grid, in steps of a fixed number of instants, so it does
not matter how the samples were cut into blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.conclude import check_on_trunk, misfit_warnings, result_of, warnings_of, without_bends
from imu_hinge.errors import MovedWhileStill, RecordingError, TooShort
from imu_hinge.intake import Intake, say_who_is_waited_for
from imu_hinge.interpret import Aligned, align, describe, link, looks_swapped
from imu_hinge.model import Region, Samples, check_exercise, check_placement
from imu_hinge.motion.orientation import initial_state, params
from imu_hinge.motion.resample import ready
from imu_hinge.motion.shared_unknowns import SharedUnknowns
from imu_hinge.motion.tracks import Track
from imu_hinge.pacing import STEP_S, WINDOW_S, Pacing
from imu_hinge.reps.exercise import Found, find_lifts
from imu_hinge.reps.segmentation import Lift
from imu_hinge.result import Event, SetResult
from imu_hinge.settings import Settings
from imu_hinge.shown import Shown
from imu_hinge.told import Told
from imu_hinge.warm_up import warm_up

SETTLE_S: Final = 0.6
"""A rep is told when its end lies this far back and cannot change any more."""

SAME_S: Final = 0.75
"""Two lifts whose starts and ends are this near are one."""

EDGE_S: Final = 30.0
"""At the window's beginning reps are neither told nor withdrawn: the bend to the bar before them has left it [s]."""

UNITS_S: Final = 5.0
"""After this much the samples' units are checked."""


class LiveAnalysis:
    """Analyse a session while it happens; the only object of the core with a memory.

    Parameters
    ----------
    placements
        Where sensors sit; samples of others are refused.
    athlete
    exercise
        ``auto`` or one of `conventions.EXERCISES`.
    settings

    Notes
    -----
    An instant is analysed when every sensor has delivered it. A sensor that falls silent holds the analysis up until
    it is back; what it missed is a gap. Samples that wait take 21 MB an hour and sensor at 100 Hz, what was shown 26.

    The first one of a process takes half a second to load what it needs, ten where that must be compiled. `feed` does
    not wait for it then.
    """

    def __init__(
        self,
        placements: Sequence[str],
        *,
        athlete: Athlete | None = None,
        exercise: str = "auto",
        settings: Settings | None = None,
    ) -> None:
        if not placements:
            raise RecordingError("There is no sensor to listen to. Name at least one placement, such as sacrum.")
        for placement in placements:
            check_placement(placement)
        check_exercise(exercise)
        warm_up()
        self._settings = settings or Settings()
        self._athlete = athlete or Athlete()
        self._exercise = exercise
        order = [p for p in cv.PLACEMENTS if p in placements]
        self._sensors = {p: Intake(p, initial_state(params(self._settings.rate_hz))) for p in order}
        self._origin_s: float | None = None
        self._done = 0
        rate_hz = self._settings.rate_hz
        self._told = Told(near=round(SAME_S * rate_hz), reach=round(WINDOW_S * rate_hz))
        self._shown = Shown()
        self._result: SetResult | None = None
        self._aligned: Aligned | None = None
        self._aligned_from = 0  # the window's first instant: what was aligned counts from there, lifts from the first
        self._found = Found((), exercise, "")
        self._has_checked_units = False
        self._shared: SharedUnknowns | None = None
        self._pacing = Pacing()

    def feed(self, placement: str, samples: Samples) -> list[Event]:
        """Take one sensor's new samples and return what became known, in order.

        Parameters
        ----------
        placement
        samples
            In order of arrival; what no sensor measured is left out (see `storage.arrivals`).

        Raises
        ------
        RecordingError
            Where the sensor was not announced, its samples are not in m/s² and rad/s, or the session has ended.

        Notes
        -----
        A call costs what its samples are, and now and then a look at the last two minutes, however long the session is.
        """
        if self._result is not None:
            raise RecordingError("The session has ended, and more samples came. Begin another analysis for them.")
        if placement not in self._sensors:
            raise RecordingError(
                f"No {placement} sensor was announced, only {', '.join(self._sensors)}. Name it when the set begins."
            )
        self._sensors[placement].take(samples)
        events = say_who_is_waited_for(self._sensors, placement) if len(samples) else []
        step = round(STEP_S * self._settings.rate_hz)
        while self._count_ready() >= self._done + step:
            events += self._advance(self._done + step, is_last=False)
        return events

    def finish(self) -> SetResult:
        """End the session and return everything; the reps are those that were told, and the last ones.

        Raises
        ------
        TooShort
            Where a sensor delivered nothing to analyse.
        """
        if self._result is None:
            self._result = self._finished()
        return self._result

    def _finished(self) -> SetResult:
        for sensor in self._sensors.values():
            sensor.take_rest()
        step, count = round(STEP_S * self._settings.rate_hz), self._count_ready()
        while count >= self._done + step:  # what was held back
            self._advance(self._done + step, is_last=False)
        if count < 2:  # one instant has no rate
            silent = [p for p, s in self._sensors.items() if not len(s.pending)]
            seen = f"nothing came from {', '.join(silent)}" if silent else f"{', '.join(self._sensors)} share no time"
            raise TooShort(f"There is nothing to analyse: {seen}. See that every sensor is on, and record longer.")
        if count > self._done:
            self._advance(count, is_last=True)
        elif self._done:
            self._look(is_last=True)
        if self._aligned is None:
            tracks = self._tracks(self._window_start())
            return replace(without_bends(tracks, self._athlete, self._exercise), is_live=True)
        time_s = self._time_s(0) + np.arange(self._done) / self._settings.rate_hz
        posture = self._shown.taken(time_s, basis=self._aligned.posture.basis)
        found = Found(tuple(self._told.lifts), self._found.exercise, self._found.evidence)
        warnings = (*warnings_of(self._aligned, self._settings), *misfit_warnings(self._shared))
        start = self._aligned_from
        recent = self._told.lifts[self._told.place_of(start) :]
        swapped = looks_swapped(self._aligned, [lift.moved(-start) for lift in recent])
        return result_of(
            self._aligned,
            posture,
            found,
            self._told.reps,
            athlete=self._athlete,
            warnings=(*warnings, swapped) if swapped else warnings,
            is_live=True,
        )

    def _count_ready(self) -> int:
        """Return how many instants of the grid every sensor has delivered."""
        rate_hz = self._settings.rate_hz
        waiting = [s.pending for s in self._sensors.values()]
        if not all(len(w) for w in waiting):
            return 0
        if self._origin_s is None:
            self._origin_s = max(w.first_s for w in waiting)
        return ready(min(w.latest_s for w in waiting), rate_hz=rate_hz, origin_s=self._origin_s)

    def _advance(self, stop: int, *, is_last: bool) -> list[Event]:
        """Put the instants up to ``stop`` on the grid, filter them and look at what they tell."""
        first, rate_hz = self._done, self._settings.rate_hz
        for sensor in self._sensors.values():
            sensor.advance(first, stop, origin_s=self._time_s(0), rate_hz=rate_hz)
        self._done = stop
        self._check_units()
        is_due = self._pacing.is_due(sensor.gyr[-1] for sensor in self._sensors.values())
        return self._look(is_last=is_last) if is_due or is_last else []

    def _look(self, *, is_last: bool) -> list[Event]:
        """Analyse the window again and tell what is new in it."""
        start = self._window_start()
        tracks = self._tracks(start)
        try:
            aligned = align(tracks, self._settings, is_live=True)
        except MovedWhileStill:
            return []
        if aligned is None:
            return []
        if is_last:
            check_on_trunk(aligned)
        shown_to = max(start, self._shown.stop, self._told.stop)  # a rep told late hides none after it
        events = [] if self._aligned else [Event("aligned", self._time_s(self._done - 1), "The mounting is known.")]
        self._aligned, self._aligned_from = aligned, start
        if self._done > shown_to:
            self._shown.put(shown_to, aligned.posture[shown_to - start : self._done - start])
        events += self._told.slips(aligned)
        found = find_lifts(
            aligned.posture, self._athlete, told=self._exercise, settings=self._settings.reps, is_over=is_last
        )
        if found.lifts or not self._found.lifts:  # a walk after the set does not change what was lifted
            self._found = found
        settled = self._done - (0 if is_last else round(SETTLE_S * self._settings.rate_hz))
        lifts = [lift.moved(start) for lift in found.lifts]
        at_s = self._time_s(self._done - 1)
        events += self._told.withdraw(lifts, start=start + self._edge(start), at_s=at_s, is_last=is_last)
        for lift in found.lifts:
            is_known = lift.start < self._edge(start) or self._told.knows(lift.moved(start))
            if start + lift.stop <= settled and not is_known:
                events.append(self._tell(aligned, lift, found.exercise, start))
        return events

    def _tell(self, aligned: Aligned, lift: Lift, exercise: str, start: int) -> Event:
        """Describe one finished lift and remember it."""
        margin = round(self._settings.rate_hz)
        region = Region(max(0, lift.start - margin), min(len(aligned.posture), lift.stop + margin // 2))
        linked, self._shared = link(
            aligned, [lift], self._athlete, exercise=exercise, region=region, shared=self._shared
        )
        rep = describe(
            linked,
            lift.moved(-region.start),
            exercise=exercise,
            athlete=self._athlete,
            settings=self._settings,
            earlier=self._told.reps[: self._told.place_of(start + lift.start)],
            aligned=aligned,
            doubt=looks_swapped(aligned, [lift]),
        )
        rep = self._told.add(lift.moved(start), rep)
        self._shown.put(start + lift.start, linked[lift.start - region.start : lift.stop - region.start])
        return Event("rep", rep.end_s, f"Rep {rep.rep + 1}: {rep.verdict.label.replace('_', ' ')}.", rep)

    def _check_units(self) -> None:
        """Refuse, once there is enough to tell, what is not in m/s² and rad/s."""
        count = round(UNITS_S * self._settings.rate_hz)
        if self._done < count or self._has_checked_units:
            return
        self._has_checked_units = True
        for sensor in self._sensors.values():
            sensor.check_units(count, self._settings.rate_hz)

    def _edge(self, start: int) -> int:
        """Return how many instants at the beginning of a window decide nothing: what led to them has been forgotten."""
        return round(EDGE_S * self._settings.rate_hz) if start else 0

    def _window_start(self) -> int:
        return max(0, self._done - round(WINDOW_S * self._settings.rate_hz))

    def _time_s(self, index: int) -> float:
        assert self._origin_s is not None
        return self._origin_s + index / self._settings.rate_hz

    def _tracks(self, start: int) -> dict[str, Track]:
        """Return the tracks from grid instant ``start`` on."""
        time_s = self._time_s(0) + np.arange(start, self._done) / self._settings.rate_hz
        return {placement: sensor.track(time_s, self._settings) for placement, sensor in self._sensors.items()}
