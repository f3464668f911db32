"""Analyse samples as they come: the same steps as `offline`, with the past alone.

It knows no radio and no clock. Everything happens on the even grid, in steps of a fixed number of instants, so it does
not matter how the samples were cut into blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Final

from imu_hinge import conventions as cv
from imu_hinge.analysis.assemble import (
    empty_result,
    hole_warnings,
    misfit_warnings,
    result_of,
    warnings_of,
)
from imu_hinge.analysis.instant.live_input import Intake, check_enough, say_who_is_waited_for
from imu_hinge.analysis.instant.pacing import ENDED_S, STEP_S, Pacing
from imu_hinge.analysis.instant.path import CHUNK_S, InstantPath
from imu_hinge.analysis.instant.rep_events import is_from_floor
from imu_hinge.analysis.look import About, Looks
from imu_hinge.analysis.planned import with_names, with_what_was_said
from imu_hinge.analysis.plausibility import looks_swapped
from imu_hinge.analysis.warm_up import warm_up
from imu_hinge.athlete import Athlete
from imu_hinge.errors import RecordingError, SensorsSwapped
from imu_hinge.instant import Instant
from imu_hinge.model import Array, Samples, check_exercise, check_placement
from imu_hinge.motion.kinematics.long_holes import hole_warning, settled_s, shared_holes
from imu_hinge.motion.kinematics.time_grid import Grid
from imu_hinge.plan import Plan
from imu_hinge.result import Event, SetResult
from imu_hinge.settings import Settings
from imu_hinge.storage.screening.timeline import check_length

UNITS_S: Final = 5.0
"""After this much the samples' units are checked."""


class LiveAnalysis(Looks):
    """Analyse a session while it happens; the only object of the core with a memory.

    Parameters
    ----------
    placements
        Where sensors sit; samples of others are refused.
    athlete
    exercise
        ``auto`` or one of `conventions.EXERCISES`.
    settings
    plan
        What is meant to be lifted, see `plan.read_plan`.

    Notes
    -----
    An instant is analysed when every sensor has delivered it. A sensor that falls silent holds the analysis up until
    it is back; what it missed is a gap. Samples that wait take 21 MB an hour and sensor at 100 Hz, what was shown 26.

    The first one of a process takes half a second to load what it needs, ten where that must be compiled. `feed` does
    not wait for it then.

    Examples
    --------
    >>> import imu_hinge as ih
    >>> from imu_hinge.simulate.session import random_set
    >>> recording = random_set(5, exercise="deadlift", style="good_hinge").recording
    >>> live, told = ih.LiveAnalysis(["sacrum", "t12"]), []
    >>> for start in range(0, max(map(len, recording.sensors.values())), 2000):
    ...     for placement, samples in recording.sensors.items():
    ...         told += [event.kind for event in live.feed(placement, samples[start : start + 2000])]
    >>> told[0], told.count("rep") > 0, len(live.finish().reps)
    ('aligned', True, 5)
    """

    def __init__(
        self,
        placements: Sequence[str],
        *,
        athlete: Athlete | None = None,
        exercise: str = "auto",
        settings: Settings | None = None,
        plan: Plan = (),
    ) -> None:
        if not placements:
            raise RecordingError("There is no sensor to listen to. Name at least one placement, such as sacrum.")
        for placement in placements:
            check_placement(placement)
        check_exercise(exercise)
        warm_up()
        about = About(settings or Settings(), athlete or Athlete(), exercise)
        order = [p for p in cv.PLACEMENTS if p in placements]
        self._instants = InstantPath(order, about.settings, about.athlete)
        super().__init__(order, self._instants.learn, about=about)
        self._plan = plan
        self._holes_told = 0
        self._result: SetResult | None = None
        self._has_checked_units = False
        self._pacing = Pacing()
        self.shows_instants = True
        """False where nobody will ask for instants: then none is made while a sensor lags."""
        self.aside: Executor | None = None
        """Where looks are made, beside the instants; None: in `feed`. What is told is the same, some feeds later."""
        self._looking: Future[list[Event]] | None = None

    def feed(self, placement: str, samples: Samples) -> list[Event]:
        """Take one sensor's new samples and return what became known, in order.

        Parameters
        ----------
        placement
        samples
            In order of arrival; what no sensor measured is left out (see `storage.screening.arrivals`).

        Raises
        ------
        RecordingError
            Where the sensor was not announced, its samples are not what a sensor delivers in seconds, m/s² and rad/s,
            two sensors deliver the same, the session has ended, or lasts longer than ``settings.limits.hours``.

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
        sensor, events = self._sensors[placement], list[Event]()
        if self.shows_instants and len(samples) > 1:  # an instant rests on what came before it, however it was cut
            for at in range(len(samples)):
                events += self._take(sensor, samples[at : at + 1])
        else:
            events += self._take(sensor, samples)
        return events + (say_who_is_waited_for(self._sensors, placement) if len(samples) else [])

    def _take(self, sensor: Intake, samples: Samples) -> list[Event]:
        """Take samples and do what is due then."""
        events = [Event("warning", at_s, text) for at_s, text in sensor.take(samples)]
        was_looking = self._looking is not None
        events += self._looked(is_waited_for=False)
        if sensor.has_news or was_looking:  # something new is final
            events += self._go_on()
        if not self.shows_instants:
            return events
        sensor.preview(samples)
        while self._grid is not None and not self._instants.run_ahead(
            self._sensors, self._grid, self._done, is_looking=self._looking is not None
        ):
            events += [*self._looked(is_waited_for=True), *self._go_on()]
        return events

    def _go_on(self) -> list[Event]:
        """Analyse what every sensor has delivered, up to a look that is made aside."""
        events, count = [], self._instants.whole(self._count_ready())
        while self._looking is None and (stop := min(count, self._next_stop())) > self._done:
            check_length(0.0, stop / self._settings.rate_hz, self._settings.limits)
            events += self._advance(stop, is_last=False)
        return events

    def _looked(self, *, is_waited_for: bool) -> list[Event]:
        """Return what a look that was made aside has told, once it is over."""
        if self._looking is None or not (is_waited_for or self._looking.done()):
            return []
        looking, self._looking = self._looking, None
        return looking.result()

    def wait(self) -> list[Event]:
        """Wait for a look that is made aside, where one is, and return what it told and what was held up by it."""
        return [*self._looked(is_waited_for=True), *self._go_on()] if self._looking is not None else []

    def take_instants(self) -> list[Instant]:
        """Return the postures that became known since this was asked last, in order; of a minute at most.

        Notes
        -----
        They depend on the samples in their order of arrival, not on the blocks. A sensor that lags by more than 150 ms
        is left out of them until it is back; events and reps wait for it.
        """
        return self._instants.taken()

    def finish(self) -> SetResult:
        """End the session and return everything; the reps are those that were told, and the last ones.

        Raises
        ------
        TooShort
            Where the sensors share less than three seconds.
        RecordingError
            As `feed`, of what was held back.
        NotOnTheTrunk, SensorsSwapped
            As `analyze`.
        """
        if self._result is None:
            self._result = self._finished()
        return self._result

    def _finished(self) -> SetResult:
        self.wait()
        for sensor in self._sensors.values():
            sensor.take_rest()
        most = int(3600.0 * self._settings.limits.hours * self._settings.rate_hz)  # `feed` refused what came later
        count = min(self._count_ready(), max(most, self._done))
        while count >= (stop := self._next_stop()):  # what was held back
            self._advance(stop, is_last=False)
        check_enough(self._sensors, count, self._settings.rate_hz)
        if count > self._done:
            self._advance(count, is_last=True)
        elif self._done:
            self._look(is_last=True)
        self._check_units(is_last=True)
        for sensor in self._sensors.values():
            sensor.check.rest()
        self._told.disagree(self._findings(), self._time_s(self._done - 1))
        assert self._grid is not None
        result = replace(self._all_told(self._grid.times_s(0, self._done)), is_live=True)
        doubts = (text for sensor in self._sensors.values() for _, text in sensor.arrivals.doubts)
        holes = {placement: sensor.holes for placement, sensor in self._sensors.items()}
        missing = hole_warnings(holes, self._grid.times_s(0, self._done), self._told.reps)
        after = (*doubts, *map(hole_warning, self._grid.holes.spans), *missing)  # the gravest first
        warnings = (*self._told.disagreeing, *result.warnings, *after)
        return with_what_was_said(replace(result, settings=self._settings, warnings=warnings), self._plan, ())

    def _all_told(self, time_s: Array) -> SetResult:
        """Return what all that was told comes to, on the grid of the session (n,) [s]."""
        if self._aligned is None:
            return empty_result(self._tracks(self._window_start()), self._athlete, self._exercise)
        posture = self._shown.taken(time_s, basis=self._aligned.posture.basis)
        found = with_names(replace(self._found, sets=self._told.sets, others=self._told.no_reps), self._plan)
        start = self._aligned_from
        recent = self._told.lifts[self._told.place_of(start) :]
        swapped = looks_swapped(self._aligned.inclinations, [lift.moved(-start) for lift in recent])
        if swapped and not self._clocks.is_apart:  # one read late seems to lean less at the bottom
            raise SensorsSwapped(swapped)
        warnings = *self._clocks.warnings, *misfit_warnings(self._kinds), *warnings_of(self._aligned, self._settings)
        return result_of(self._aligned, posture, found, self._told.reps, athlete=self._athlete, warnings=warnings)

    def _count_ready(self) -> int:
        """Return how many instants of the grid every sensor has delivered."""
        waiting = [s.pending for s in self._sensors.values()]
        if not all(len(w) for w in waiting):
            return 0
        origin_s = max(w.first_s for w in waiting) if self._grid is None else self._grid.origin_s
        self._grid = Grid(origin_s, self._settings.rate_hz, shared_holes([w.holes for w in waiting]))
        return self._grid.count_ready(settled_s([w.times_s for w in waiting]))

    def _next_step(self) -> int:
        """Return where the step ends that the next instant of the grid is in."""
        step = round(STEP_S * self._settings.rate_hz)
        return (self._done // step + 1) * step

    def _next_stop(self) -> int:
        """Return up to where the grid may be filtered at once."""
        stop = min(self._done + round(CHUNK_S * self._settings.rate_hz), self._next_step())
        due = self._instants.look_at
        return stop if due is None else min(stop, due)

    def _advance(self, stop: int, *, is_last: bool) -> list[Event]:
        """Put the instants up to ``stop`` on the grid, filter them and, where a step ends, look at what they tell."""
        assert self._grid is not None
        rows = {placement: sensor.advance(self._done, stop, self._grid) for placement, sensor in self._sensors.items()}
        from_floor = is_from_floor(self._exercise, self._found.exercise)
        told = self._instants.take(rows, self._grid, from_floor=from_floor)
        ends_step = stop == self._next_step() or is_last
        self._done = stop
        is_asked = self._instants.look_at == stop and not is_last
        if is_asked:
            self._pacing.has_looked()
        step = round(STEP_S * self._settings.rate_hz)
        is_due = ends_step and self._pacing.is_due(sensor.rates_of(step) for sensor in self._sensors.values())
        is_aside = self.shows_instants and (is_asked or is_due) and self._instants.hold(self._sensors, stop)

        def rest() -> list[Event]:
            events = self._look(is_last=False, is_asked=True) if is_asked else []
            events += self._end_step(is_due=is_due, is_last=is_last) if ends_step else []
            self._instants.looked(
                stop, [e.rep.end_s for e in (*told, *events) if e.kind == "rep" and e.rep is not None]
            )
            return events

        if is_aside and self.aside is not None and not is_last:
            self._looking = self.aside.submit(rest)
            return told
        return told + rest()

    def _end_step(self, *, is_due: bool, is_last: bool) -> list[Event]:
        """Look at what the step tells, where that is due."""
        stop = self._done
        self._check_units()
        at_s = self._time_s(stop - 1)
        events = [*self._tell_holes(), *self._told.disagree(self._findings(), at_s)]
        events += self._look(is_last=is_last) if is_due or is_last else []
        return events + self._told.ended(stop, at_s, after=round(ENDED_S * self._settings.rate_hz))

    def _tell_holes(self) -> list[Event]:
        """Tell of long holes, once each, when what came after them is analysed."""
        assert self._grid is not None
        reached_s = self._time_s(self._done - 1)
        new = [hole for hole in self._grid.holes.spans[self._holes_told :] if hole[1] <= reached_s]
        self._holes_told += len(new)
        return [Event("gap", hole[0], hole_warning(hole)) for hole in new]

    def _findings(self) -> list[str]:
        return [s.check.finding.text for s in self._sensors.values() if s.check.finding is not None]

    def _check_units(self, *, is_last: bool = False) -> None:
        """Refuse, once there is enough to tell, what is not in m/s² and rad/s."""
        count = round(UNITS_S * self._settings.rate_hz)
        count = min(count, self._done) if is_last else count
        if self._done < count or self._has_checked_units:
            return
        self._has_checked_units = True
        for sensor in self._sensors.values():
            sensor.check_units(count, self._settings.rate_hz)
