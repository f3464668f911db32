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
from imu_hinge.conclude import (
    as_shown,
    check_on_trunk,
    hole_warnings,
    misfit_warnings,
    result_of,
    warnings_of,
    without_bends,
)
from imu_hinge.errors import MovedWhileStill, RecordingError, TooShort
from imu_hinge.intake import Intake
from imu_hinge.interpret import Aligned, align, describe, link, looks_swapped
from imu_hinge.model import Posture, Region, Samples, check_exercise, check_placement
from imu_hinge.motion.orientation import filter_block, initial_state, params
from imu_hinge.motion.resample import grid_part, ready, samples_from
from imu_hinge.motion.shared_unknowns import SharedUnknowns
from imu_hinge.motion.tracks import Track, up_in_sensor
from imu_hinge.reps.exercise import Found, find_lifts
from imu_hinge.reps.segmentation import Lift
from imu_hinge.result import Event, Rep, SetResult
from imu_hinge.settings import Settings
from imu_hinge.storage.units import check_units

STEP_S: Final = 0.5
"""Samples are filtered in steps of this. A look at what they mean follows when a movement has ended."""

LOOK_S: Final = 2.0
"""While the body moves on and on, it looks again after this much."""

MOVING_RAD_S: Final = 0.35
"""Angular speed (RMS over a step) above which the body is on its way [rad/s]."""

SETTLE_S: Final = 0.6
"""A rep is told when its end lies this far back and cannot change any more."""

SAME_S: Final = 0.75
"""Two lifts whose starts and ends are this near are one."""

WINDOW_S: Final = 120.0
"""No more than this is looked at again."""

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
    it is back; what it missed is a gap.
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
        self._settings = settings or Settings()
        self._athlete = athlete or Athlete()
        self._told = exercise
        order = [p for p in cv.PLACEMENTS if p in placements]
        self._sensors = {p: Intake(p, initial_state(params(self._settings.rate_hz))) for p in order}
        self._origin_s: float | None = None
        self._done = 0
        self._reps: list[Rep] = []
        self._lifts: list[Lift] = []
        self._shown: list[tuple[int, int, Posture]] = []
        self._aligned: Aligned | None = None
        self._aligned_from = 0  # the window's first instant: what was aligned counts from there, lifts from the first
        self._found = Found((), exercise, "")
        self._told_of: set[str] = set()
        self._missed: dict[float, int] = {}
        self._shared: SharedUnknowns | None = None
        self._pace: tuple[bool, ...] = ()
        self._since_look = 0

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
            Where the sensor was not announced or its samples are not in m/s² and rad/s.
        """
        if placement not in self._sensors:
            raise RecordingError(
                f"No {placement} sensor was announced, only {', '.join(self._sensors)}. Name it when the set begins."
            )
        self._sensors[placement].take(samples)
        events: list[Event] = []
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
        for sensor in self._sensors.values():
            sensor.take_rest()
        step, count = round(STEP_S * self._settings.rate_hz), self._count_ready()
        while count >= self._done + step:  # what was held back
            self._advance(self._done + step, is_last=False)
        if count > self._done:
            self._advance(count, is_last=True)
        elif self._done:
            self._look(is_last=True)
        if not self._done:
            raise TooShort(f"There is nothing to analyse: {', '.join(self._sensors)} share no instant. Record longer.")
        time_s = self._time_s(0) + np.arange(self._done) / self._settings.rate_hz
        silent = hole_warnings({p: s.holes for p, s in self._sensors.items()}, time_s, self._reps)
        if self._aligned is None:
            nothing = without_bends(self._tracks(self._window_start()), self._athlete, self._told)
            return replace(nothing, is_live=True, warnings=(*silent, *nothing.warnings))
        posture = as_shown(time_s, self._shown, basis=self._aligned.posture.basis)
        found = Found(tuple(self._lifts), self._found.exercise, self._found.evidence)
        warnings = (*silent, *warnings_of(self._aligned, self._settings), *misfit_warnings(self._shared))
        start = self._aligned_from
        swapped = looks_swapped(self._aligned, [li.moved(-start) for li in self._lifts if li.start >= start])
        return result_of(
            self._aligned,
            posture,
            found,
            self._reps,
            athlete=self._athlete,
            warnings=(*warnings, swapped) if swapped else warnings,
            is_live=True,
        )

    def _count_ready(self) -> int:
        """Return how many instants of the grid every sensor has delivered."""
        rate_hz = self._settings.rate_hz
        waiting = [s.pending for s in self._sensors.values()]
        known = [w for w in waiting if w is not None and len(w)]
        if len(known) < len(waiting):
            return 0
        if self._origin_s is None:
            self._origin_s = max(float(w.time_s[0]) for w in known)
        latest = min(float(w.time_s[-1]) for w in known)
        return ready(latest, rate_hz=rate_hz, origin_s=self._origin_s)

    def _advance(self, stop: int, *, is_last: bool) -> list[Event]:
        """Put the instants up to ``stop`` on the grid, filter them and look at what they tell."""
        rate_hz, first = self._settings.rate_hz, self._done
        assert self._origin_s is not None
        for sensor in self._sensors.values():
            assert sensor.pending is not None
            gyr, acc, flags = grid_part(
                sensor.pending, rate_hz=rate_hz, origin_s=self._origin_s, first=first, stop=stop
            )
            is_gap = (flags & np.uint16(cv.Flag.GAP)) != 0
            oriented = filter_block(sensor.state, gyr, acc, is_gap=is_gap)
            sensor.gyr.append(gyr - oriented.bias_rad_s)
            sensor.acc.append(acc)
            sensor.up_s.append(up_in_sensor(oriented.q_ws))
            sensor.flag(flags, first)
            sensor.pending = samples_from(sensor.pending, self._origin_s + (stop - 2) / rate_hz)
        self._done = stop
        self._check_units()
        unshown = self._done - (self._shown[-1][1] if self._shown else 0)  # is looked at before it leaves the window
        is_leaving = unshown % round(LOOK_S * rate_hz) < stop - first and unshown >= (WINDOW_S - LOOK_S) * rate_hz
        return self._look(is_last=is_last) if self._is_worth_a_look() or is_leaving or is_last else []

    def _is_worth_a_look(self) -> bool:
        """Tell whether a movement has just ended, or goes on and on; idle standing is left alone."""
        speeds = [float(np.sqrt(np.mean(s.gyr[-1] ** 2) * 3.0)) for s in self._sensors.values()]
        self._pace = (*self._pace[-2:], max(speeds) > MOVING_RAD_S)
        self._since_look += 1
        has_ended = self._pace == (True, False, False)
        if has_ended or (any(self._pace) and self._since_look * STEP_S >= LOOK_S):
            self._since_look = 0
            return True
        return False

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
        shown_to = max(start, self._shown[-1][1] if self._shown else 0)
        events = [] if self._aligned else [Event("aligned", self._time_s(self._done - 1), "The mounting is known.")]
        self._aligned, self._aligned_from = aligned, start
        if self._done > shown_to:
            self._shown.append((shown_to, self._done, aligned.posture[shown_to - start : self._done - start].copy()))
        events += self._warn(aligned)
        found = find_lifts(
            aligned.posture, self._athlete, told=self._told, settings=self._settings.reps, is_over=is_last
        )
        if found.lifts or not self._found.lifts:  # a walk after the set does not change what was lifted
            self._found = found
        settled = self._done - (0 if is_last else round(SETTLE_S * self._settings.rate_hz))
        events += self._withdraw([lift.moved(start) for lift in found.lifts], start, is_last=is_last)
        for lift in found.lifts:
            is_known = any(lift.moved(start).overlaps(known) for known in self._lifts)
            is_known = is_known or lift.start < self._edge(start)
            if start + lift.stop <= settled and not is_known:
                events.append(self._tell(aligned, lift, found.exercise, start))
        return events

    def _withdraw(self, found: Sequence[Lift], start: int, *, is_last: bool) -> list[Event]:
        """Take back what was told as a rep and is none by all that is known now: a plate, a shoe, before the set.

        One look may err; two in a row, or the last one, decide. The reps after it move up.
        """
        near = round(SAME_S * self._settings.rate_hz)
        events = []
        for lift, rep in list(zip(self._lifts, self._reps, strict=True)):
            if lift.start < start + self._edge(start):
                continue
            if any(abs(lift.start - f.start) <= near and abs(lift.stop - f.stop) <= near for f in found):
                self._missed.pop(rep.start_s, None)
                continue
            self._missed[rep.start_s] = self._missed.get(rep.start_s, 0) + 1
            if is_last or self._missed[rep.start_s] >= 2:
                i = self._lifts.index(lift)
                del self._lifts[i], self._reps[i]
                message = f"Rep {rep.rep + 1} was none: it is no part of the set that followed."
                events.append(Event("withdrawn", self._time_s(self._done - 1), message, rep))
        self._reps = [replace(rep, rep=i) for i, rep in enumerate(self._reps)]
        return events

    def _tell(self, aligned: Aligned, lift: Lift, exercise: str, start: int) -> Event:
        """Describe one finished lift and remember it."""
        place = sum(known.start < start + lift.start for known in self._lifts)
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
            earlier=self._reps[:place],
            aligned=aligned,
            doubt=looks_swapped(aligned, [lift]),
        )
        self._reps = [replace(r, rep=i) for i, r in enumerate([*self._reps[:place], rep, *self._reps[place:]])]
        self._lifts.insert(place, lift.moved(start))
        part = linked[lift.start - region.start : lift.stop - region.start]
        self._shown.append((start + lift.start, start + lift.stop, part.copy()))
        return Event("rep", rep.end_s, f"Rep {rep.rep + 1}: {rep.verdict.label.replace('_', ' ')}.", rep)

    def _warn(self, aligned: Aligned) -> list[Event]:
        """Return a slip once, when it is first seen."""
        events = []
        for placement, lean in aligned.leans.items():
            for slip in lean.slips:
                at_s = float(aligned.posture.time_s[slip.where.start])
                key = f"{placement} {round(at_s)}"
                if key not in self._told_of:
                    self._told_of.add(key)
                    text = f"The {placement} sensor slipped by {abs(np.degrees(slip.jump_rad)):.0f} degrees."
                    events.append(Event("slip", at_s, text))
        return events

    def _check_units(self) -> None:
        """Refuse, once there is enough to tell, what is not in m/s² and rad/s."""
        count = round(UNITS_S * self._settings.rate_hz)
        if self._done < count or "units" in self._told_of:
            return
        self._told_of.add("units")
        for placement, sensor in self._sensors.items():
            acc, gyr = np.concatenate(sensor.acc)[:count], np.concatenate(sensor.gyr)[:count]
            samples = Samples(np.arange(count) / self._settings.rate_hz, acc, gyr)
            check_units(placement, samples)

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
        return {p: sensor.track(time_s, self._settings) for p, sensor in self._sensors.items()}
