"""Keep the order of instants: each from every sensor that has delivered it, without those that lag.

It computes no angle (`angles` does) and finds no mounting (looks do). What is told as events rests on whole instants
alone, so that it does not depend on which sensor's samples came first.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from imu_hinge import conventions as cv
from imu_hinge.analysis.instant.angles import UNKNOWN, Angles, angles_before_mounting, measured
from imu_hinge.analysis.instant.bend_phase import BendPhase, Turn, depth_of
from imu_hinge.analysis.instant.inferred import Evidence, with_inferred
from imu_hinge.analysis.instant.known import Known
from imu_hinge.analysis.instant.live_input import KEPT_S, Intake, filtered
from imu_hinge.analysis.instant.one_sensor import Reading, Rows, SensorNow, angle_between
from imu_hinge.analysis.instant.rep_events import RepEvents
from imu_hinge.athlete import Athlete
from imu_hinge.instant import INSTANT_S, Instant, WaitsFor
from imu_hinge.motion.kinematics.posture import lead_placement
from imu_hinge.motion.kinematics.time_grid import Grid
from imu_hinge.motion.orientation.filter import State
from imu_hinge.reps.verdict import Limits
from imu_hinge.result import Event
from imu_hinge.settings import Settings

LAG_S: Final = 0.15
"""A sensor that is further behind than this is left out: waiting longer, a picture no longer follows the body [s]."""

CHUNK_S: Final = 0.2
"""No more is taken at once: a look that an instant asks for comes later than this, however samples come [s]."""

SETTLED_S: Final = 0.64
"""A rep is told when its end lies as far back as `live.SETTLE_S` says, and an instant more [s]."""

AGAIN_S, TRIES, SAME_S = 0.2, 3, 0.75
"""An end that is told here while it happens is early by up to a third of a second: so soon [s] a look follows that told
of no rep that ended within so long of it [s], and so many are made."""

INFERRED_EVERY: Final = 5
"""An inference costs as much as fifty instants: whether an inferred angle has passed the limit is asked at every fifth,
each 0.2 s."""

HANDOVER_S: Final = 0.24
"""What a step's end tells, a look above all, instants rest on from so much later on: so the look may take its time
beside them, and how long it takes makes no difference. Instants are 0.1 s ahead of it when it begins [s]."""

KEPT: Final = 1500
"""So many instants are kept for whoever asks: a minute. Nobody shows what is older."""


@dataclass(slots=True)
class _Ahead:
    """Hold one sensor's filter and readings beyond what all sensors have delivered."""

    state: State
    sensor: SensorNow
    since: int
    """Instants of the grid from which it went on: those that all had filtered."""
    at: int
    """Instants of the grid that it has filtered."""


class InstantPath:
    """Make an instant every 40 ms.

    Parameters
    ----------
    placements
    settings
    athlete
    """

    def __init__(self, placements: Sequence[str], settings: Settings, athlete: Athlete) -> None:
        self._settings, self._athlete = settings, athlete
        self._every = max(1, int(INSTANT_S * settings.rate_hz + 1e-9))
        self._lag = round(LAG_S * settings.rate_hz)
        self._sensors = {p: SensorNow(self._every, settings.rate_hz, settings.stillness) for p in placements}
        self._known: Known | None = None
        self._shown_known: Known | None = None
        """What instants rest on: the same, from `HANDOVER_S` after the look on."""
        self._handover = 0
        """The first step that rests on it."""
        self._whole = 0
        """Steps for which every sensor has told."""
        self._next = 0
        """Steps of which an instant was made, with all sensors or without some."""
        self._ahead: dict[str, _Ahead] = {}
        self._made: deque[tuple[Instant, Evidence | None]] = deque(maxlen=KEPT)
        self._phase, self._shown_phase = BendPhase(settings.reps), BendPhase(settings.reps)
        """Of whole steps, on which events rest, and of the instants as they were made."""
        self._events = RepEvents(Limits.of(athlete, settings.verdict), settings.feedback)
        self.look_at: int | None = None
        """Instants of the grid with which a look is worth it: a rep may just have ended."""
        self._ended_s, self._tries = math.nan, 0

    def whole(self, count: int) -> int:
        """Return how many of the grid's instants belong to whole steps; the rest would only cost a call more."""
        return count // self._every * self._every

    def taken(self) -> list[Instant]:
        """Return the instants since this was asked last, with what is inferred of them."""
        made = [self._completed(instant, evidence) for instant, evidence in self._made]
        self._made.clear()
        return made

    def _completed(self, instant: Instant, evidence: Evidence | None) -> Instant:
        if evidence is None:
            return instant
        measured = Angles(instant.angles_rad, instant.sd_rad, instant.basis)
        angles = with_inferred(measured, evidence, self._athlete, self._settings.errors)
        return replace(instant, angles_rad=angles.angles_rad, sd_rad=angles.sd_rad, basis=angles.basis)

    def learn(self, known: Known) -> None:
        """Go on with what a look found."""
        self._known = known
        for placement, sensor in self._sensors.items():
            found = known.sensors[placement]
            sensor.mount(found.up0_s, found.bias_s)
            sensor.lift(found.height_m, found.height_sd_m, found.speed_mps)

    def hold(self, intakes: Mapping[str, Intake], done: int) -> bool:
        """Let the next instants rest on what is known now, whatever a look beside them finds.

        Parameters
        ----------
        intakes
        done
            Instants of the grid that every sensor has filtered.

        Returns
        -------
        bool
            Whether a look may go on beside them: False where one sensor lags, and instants are further already.
        """
        now = -(-done // self._every)
        if now >= self._handover:
            self._shown_known = self._known
            self._ahead.clear()
        self._handover = now + self._grid_count(HANDOVER_S) // self._every
        for placement, intake in intakes.items():
            self._ahead_of(placement, intake, done)
        return self._is_held

    @property
    def _is_held(self) -> bool:
        """Whether the next instant rests on what was known before the last look."""
        return self._next < self._handover

    def _adopt(self) -> None:
        """Let the next instant rest on what the last look found, where that is due."""
        if not self._is_held and self._shown_known is not self._known:
            self._shown_known = self._known
            self._ahead.clear()

    def take(self, rows: Mapping[str, Rows], grid: Grid, *, from_floor: bool | None) -> list[Event]:
        """Take what every sensor's filter gave for the next instants of the grid, and return what they tell.

        Parameters
        ----------
        rows
            By placement; of `CHUNK_S` at most.
        grid
        from_floor
            Whether lifts start on the floor; None where nobody knows yet, and then no rep is told of.
        """
        for placement, sensor in self._sensors.items():
            sensor.take(rows[placement])
        events: list[Event] = []
        while all(self._whole in sensor.readings for sensor in self._sensors.values()):
            readings = {p: sensor.readings.pop(self._whole) for p, sensor in self._sensors.items()}
            instant, evidence = self._instant(self._whole, readings, grid, self._known)
            turns = self._phase.step(instant.time_s, self._depth(readings, self._known))
            if from_floor is not None:
                events += self._tell(instant, evidence, turns, from_floor=from_floor)
            if self._whole == self._next:
                self._adopt()
                self._make(*self._instant(self._next, readings, grid, self._shown_known), readings)
            self._whole += 1
        return events

    def _tell(
        self, instant: Instant, evidence: Evidence | None, turns: Sequence[Turn], *, from_floor: bool
    ) -> list[Event]:
        """Return what an instant tells of the rep it is in, and ask for a look soon after one has ended."""
        events, ended_s = self._events.step(turns, from_floor=from_floor)
        if ended_s is not None:
            self._ended_s, self._tries = ended_s, TRIES
            now = (self._whole + 1) * self._every
            self._ask(now + self._grid_count(max(ended_s + SETTLED_S - instant.time_s, CHUNK_S)))
        lumbar = cv.LUMBAR_FLEXION
        if self._events.is_inside and from_floor and math.isnan(instant.angles_rad[lumbar]):
            if self._whole % INFERRED_EVERY:
                return events
            instant = self._completed(instant, evidence)  # where no bar closes the chain, one sensor gives no verdict
        return events + self._events.watch(instant.time_s, instant.angles_rad[lumbar], instant.sd_rad[lumbar])

    def looked(self, done: int, ends_s: Sequence[float]) -> None:
        """Take what a look told; where the rep that may have ended is not among it, another follows soon.

        Parameters
        ----------
        done
            Instants of the grid that it looked at.
        ends_s
            When the reps ended that it told [s].
        """
        is_told = any(abs(end_s - self._ended_s) < SAME_S for end_s in ends_s)
        if is_told or (self.look_at is not None and done >= self.look_at):
            self.look_at = None
            self._tries = 0 if is_told else self._tries - 1
            if self._tries > 0:
                self._ask(done + self._grid_count(AGAIN_S))

    def _grid_count(self, seconds: float) -> int:
        return math.ceil(seconds * self._settings.rate_hz - 1e-6)

    def _ask(self, at: int) -> None:
        """Ask for a look at the next whole step."""
        self.look_at = -(-at // self._every) * self._every

    def _depth(self, readings: Mapping[str, Reading], known: Known | None) -> float:
        """Return how deep the body is bent [rad]; NaN where the sensor that tells it best has sent nothing."""
        lead = lead_placement(readings)
        pelvis = next((p for p in cv.PELVIS_PLACEMENTS if p in readings), lead)
        up_s, up0_s = readings[lead].up_s, readings[lead].up0_s
        if readings[lead].is_gap or up0_s is None:
            return math.nan
        inclination = angle_between(up_s, up0_s) if known is None else known.sensors[lead].inclination_rad(up_s)
        return depth_of(inclination, readings[pelvis].height_m, readings[pelvis].height_sd_m)

    def run_ahead(self, intakes: Mapping[str, Intake], grid: Grid, done: int, *, is_looking: bool = False) -> bool:
        """Make the instants that every sensor has delivered, screened or not; for one that lags it waits no more.

        Parameters
        ----------
        intakes
            What waits of every sensor.
        grid
        done
            Instants of the grid that every sensor has filtered.
        is_looking
            Whether a look goes on in another thread.

        Returns
        -------
        bool
            False where the next instant must wait for that look.
        """
        counts = {p: _count_ready(intake, grid, done) for p, intake in intakes.items()}
        newest = max(counts.values())
        while (stop := (self._next + 1) * self._every) <= newest:
            present = [p for p, count in counts.items() if count >= stop]
            if len(present) < len(counts) and stop + self._lag > newest:
                return True
            if is_looking and (len(present) < len(counts) or not self._is_held):
                return False
            self._adopt()
            readings = {p: self._reading(p, intakes[p], grid, done=done) for p in present}
            self._make(*self._instant(self._next, readings, grid, self._shown_known), readings)
        return True

    def _ahead_of(self, placement: str, intake: Intake, done: int) -> _Ahead:
        """Return a filter that goes on from the screened samples, or from those before what is held back."""
        ahead = self._ahead.get(placement)
        is_stale = ahead is not None and ahead.at < done - round(KEPT_S * self._settings.rate_hz)
        if ahead is None or is_stale or (ahead.since != done and not self._is_held):
            ahead = _Ahead(State(intake.state.memory.copy()), self._sensors[placement].copy(), done, done)
            self._ahead[placement] = ahead
        return ahead

    def _reading(self, placement: str, intake: Intake, grid: Grid, *, done: int) -> Reading:
        """Return one sensor's reading of the next step."""
        ahead, stop = self._ahead_of(placement, intake, done), (self._next + 1) * self._every
        if ahead.at < stop:
            samples = intake.until(grid.time_s(stop), since_s=grid.time_s(ahead.at - 2))
            ahead.sensor.take(filtered(ahead.state, *grid.part(samples, ahead.at, stop)))
            ahead.at = stop
        return ahead.sensor.readings.pop(self._next)

    def _make(self, instant: Instant, evidence: Evidence | None, readings: Mapping[str, Reading]) -> None:
        """Keep the next instant for whoever asks."""
        self._shown_phase.step(instant.time_s, self._depth(readings, self._shown_known))
        self._made.append((replace(instant, phase=self._shown_phase.phase), evidence))
        self._next += 1

    def _instant(
        self, step: int, readings: Mapping[str, Reading], grid: Grid, known: Known | None
    ) -> tuple[Instant, Evidence | None]:
        """Return the posture of one step from what was read, and what the rest of it can be inferred from."""
        present = {p: reading for p, reading in readings.items() if not reading.is_gap}
        angles, evidence, waits_for = self._angles(present, known)
        pelvis = [p for p in cv.PELVIS_PLACEMENTS if p in present]
        height_m = present[[*pelvis, lead_placement(present)][0]].height_m if present else math.nan
        instant = Instant(
            time_s=grid.time_s((step + 1) * self._every - 1),
            angles_rad=angles.angles_rad,
            sd_rad=angles.sd_rad,
            basis=angles.basis,
            height_m=height_m,
            phase="",
            waits_for=waits_for,
            missing=tuple(p for p in self._sensors if p not in present),
        )
        return instant, evidence

    def _angles(self, present: Mapping[str, Reading], known: Known | None) -> tuple[Angles, Evidence | None, WaitsFor]:
        """Return the angles that these sensors tell, what the others follow from, and what is waited for."""
        budget = self._settings.errors
        if known is None:
            is_standing_known = bool(present) and all(r.up0_s for r in present.values())
            waits_for: WaitsFor = "bend once" if is_standing_known else "stand still"
            return angles_before_mounting(present, budget), None, waits_for
        if not present:
            return UNKNOWN, None, "ready"
        inclinations = {p: known.sensors[p].inclination_rad(r.up_s) for p, r in present.items()}
        heights = {p: (r.height_m, r.height_sd_m) for p, r in present.items() if not math.isnan(r.height_m)}
        settling = {p: r.settling_rad for p, r in present.items()}
        angles = measured(inclinations, present, known, budget)
        return angles, Evidence(inclinations, heights, settling, known), "ready"


def _count_ready(intake: Intake, grid: Grid, done: int) -> int:
    """Return how many instants one sensor has delivered, up to a hole that others may turn out to share."""
    if not len(intake.pending):
        return done
    reached_s, holes = grid.time_s(done), (*intake.pending.holes, *intake.newest.holes)
    latest_s = max(waits.latest_s for waits in (intake.pending, intake.newest) if len(waits))
    return grid.count_ready(min([latest_s, *(silent for silent, back in holes if back > reached_s)]))
