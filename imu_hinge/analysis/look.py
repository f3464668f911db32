"""Look at what the last two minutes of a live session mean: what it tells, and what the instants after it rest on.

It takes no samples and does not decide when it is time to look: `live` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from imu_hinge import conventions as cv
from imu_hinge.analysis.assemble import (
    check_on_trunk,
)
from imu_hinge.analysis.clock_watch import WITHHELD, ClockWatch
from imu_hinge.analysis.instant.known import Known, SensorKnown
from imu_hinge.analysis.instant.live_input import Intake
from imu_hinge.analysis.instant.pacing import EDGE_S, SAME_S, SETTLE_S, WINDOW_S
from imu_hinge.analysis.pipeline import Aligned, align, build_rep, link, soft_tissue_of
from imu_hinge.analysis.plausibility import DISAGREES, looks_swapped
from imu_hinge.analysis.shown import Shown
from imu_hinge.analysis.told import Told, readings
from imu_hinge.athlete import Athlete
from imu_hinge.errors import MovedWhileStill
from imu_hinge.model import Region
from imu_hinge.motion.hypotheses.kinds import Kinds
from imu_hinge.motion.kinematics.time_grid import Grid
from imu_hinge.motion.kinematics.track import Track
from imu_hinge.motion.orientation.filter import initial_state, params
from imu_hinge.reps.exercise import Found, FoundSet, find_lifts
from imu_hinge.reps.segmentation import Lift
from imu_hinge.result import Event, Rep
from imu_hinge.settings import Settings
from imu_hinge.storage.screening.checks import check_different
from imu_hinge.storage.screening.live_check import LiveCheck


class About(NamedTuple):
    """Hold what is told of a session: how it is analysed, who lifts, and what (or ``auto``)."""

    settings: Settings
    athlete: Athlete
    exercise: str


class Looks:
    """Hold what looks rest on and have told.

    Parameters
    ----------
    placements
        Where sensors sit.
    learn
        Takes what a look found that instants rest on.
    about
    """

    def __init__(self, placements: Sequence[str], learn: Callable[[Known], None], *, about: About) -> None:
        self._settings, self._athlete, self._exercise = about
        self._learn = learn
        order, rate_hz = [p for p in cv.PLACEMENTS if p in placements], self._settings.rate_hz
        self._sensors = {p: Intake(p, initial_state(params(rate_hz)), LiveCheck(p, rate_hz)) for p in order}
        self._grid: Grid | None = None
        self._done = 0
        self._told = Told(near=round(SAME_S * rate_hz), reach=round(WINDOW_S * rate_hz))
        self._shown = Shown()
        self._aligned: Aligned | None = None
        self._aligned_from = 0  # the window's first instant: what was aligned counts from there, lifts from the first
        self._found = Found((), self._exercise, "")
        self._has_told_swapped = False
        self._kinds: Kinds | None = None
        self._clocks = ClockWatch()

    def _look(self, *, is_last: bool, is_asked: bool = False) -> list[Event]:
        """Analyse the window again and tell what is new in it; one that an instant asked for takes nothing back."""
        start = self._window_start()
        tracks = self._tracks(start)
        clocks = self._clocks.after(tracks, until=self._done)
        try:
            aligned = align(tracks, self._settings, is_live=True, sync_s=clocks.left_s)
        except MovedWhileStill:
            return []
        if aligned is None:
            return []
        check_different({placement: (t.acc, t.gyr) for placement, t in tracks.items()})
        if is_last:
            check_on_trunk(aligned)
        shown_to = max(start, self._shown.stop, self._told.stop)  # a rep told late hides none after it
        events = [] if self._aligned else [Event("aligned", self._time_s(self._done - 1), "The mounting is known.")]
        self._aligned, self._aligned_from = aligned, start
        events += clocks.events(self._clocks, time_s=self._time_s(self._done - 1))
        self._clocks = clocks
        self._learn(known_of(aligned, tracks, self._kinds, clocks=clocks, exercise=self._found.exercise))
        if self._done > shown_to:
            self._shown.put(shown_to, clocks.shown(aligned.posture[shown_to - start : self._done - start]))
        events += self._told.slips(aligned)
        found = find_lifts(
            aligned.posture, self._athlete, told=self._exercise, settings=self._settings.reps, is_over=is_last
        )
        before = list(self._told.reps)
        settled = self._done - (0 if is_last else round(SETTLE_S * self._settings.rate_hz))
        lifts, at_s = [lift.moved(start) for lift in found.lifts], self._time_s(self._done - 1)
        self._told.see([other.moved(start) for other in found.others], start=start + self._edge(start))
        if not is_asked:  # in mid-movement, and two of them follow each other at once
            events += self._told.withdraw(lifts, start=start + self._edge(start), at_s=at_s, is_last=is_last)
        if found.lifts or not self._told.lifts:  # a walk after the set does not change what was lifted
            self._found = found
        for one in (one.moved(start) for one in found.sets):
            mark = self._told.mark_of(one, after=start + self._edge(start))
            for lift in self._told.news(one, after=start + self._edge(start), settled=settled):
                events += self._tell(lift.moved(-start), one, mark)
        events += self._told.revised(before, at_s)
        events += self._revise(aligned, is_last=is_last)
        swapped = "" if self._has_told_swapped or clocks.is_apart else looks_swapped(aligned.inclinations, found.lifts)
        if swapped and any(event.kind == "rep" for event in events):
            self._has_told_swapped = True
            events.append(Event("warning", at_s, swapped))
        return events

    def _tell(self, lift: Lift, found: FoundSet, mark: int) -> list[Event]:
        """Describe one finished lift of the window and remember it as part of the set with that mark."""
        rep, kinds = self._described(lift, found.exercise, mark, is_new=True)
        self._kinds = self._kinds if self._clocks.is_apart else kinds  # both together would teach what is wrong
        assert self._aligned is not None
        read = readings(self._aligned, lift)
        rep = self._told.add(lift.moved(self._aligned_from), rep, mark, (found.exercise, found.evidence), read)
        told = Event("rep", rep.end_s, f"Rep {rep.rep + 1}: {rep.verdict.label.replace('_', ' ')}.", rep)
        return [*self._told.started(rep), told]

    def _revise(self, aligned: Aligned, *, is_last: bool) -> list[Event]:
        """Describe anew what a standing since has moved the zero of: one rep a look, and at the end all of them."""
        places = self._told.moved(aligned, start=self._aligned_from)
        events = []
        for place in places if is_last else places[:1]:
            lift = self._told.lifts[place].moved(-self._aligned_from)
            rep, _ = self._described(lift, self._told.exercise_of(place), self._told.marks[place], is_new=False)
            rep = self._told.revise(place, rep, readings(aligned, lift))
            label = rep.verdict.label.replace("_", " ")
            events.append(Event("revised", rep.end_s, f"Rep {rep.rep + 1}, told anew: {label}.", rep))
        return events

    def _described(self, lift: Lift, exercise: str, mark: int, *, is_new: bool) -> tuple[Rep, Kinds]:
        """Show one lift of the window and return it as a rep; told anew, it does not rest on what it taught before."""
        aligned, start = self._aligned, self._aligned_from
        assert aligned is not None
        margin = round(self._settings.rate_hz)
        region = Region(max(0, lift.start - margin), min(len(aligned.posture), lift.stop + margin // 2))
        before = self._kinds if is_new else None
        linked, kinds = link(aligned, [lift], self._athlete, exercise=exercise, region=region, before=before)
        linked = self._clocks.shown(linked)
        swapped = looks_swapped(aligned.inclinations, [lift])
        rep = build_rep(
            linked,
            lift.moved(-region.start),
            exercise=exercise,
            athlete=self._athlete,
            settings=self._settings,
            earlier=self._told.earlier(start + lift.start, mark),
            aligned=aligned,
            doubt=self._clocks.said or (DISAGREES if self._told.disagreeing else swapped),
        )
        self._shown.put(start + lift.start, linked[lift.start - region.start : lift.stop - region.start])
        return rep, kinds

    def _edge(self, start: int) -> int:
        """Return how many instants at the beginning of a window decide nothing: what led to them has been forgotten."""
        return round(EDGE_S * self._settings.rate_hz) if start else 0

    def _window_start(self) -> int:
        return max(0, self._done - round(WINDOW_S * self._settings.rate_hz))

    def _time_s(self, index: int) -> float:
        assert self._grid is not None
        return self._grid.time_s(index)

    def _tracks(self, start: int) -> dict[str, Track]:
        """Return the tracks from grid instant ``start`` on."""
        assert self._grid is not None
        time_s = self._grid.times_s(start, self._done)
        return {placement: sensor.track(time_s, self._settings) for placement, sensor in self._sensors.items()}


def known_of(
    aligned: Aligned, tracks: Mapping[str, Track], kinds: Kinds | None, *, clocks: ClockWatch, exercise: str
) -> Known:
    """Return what a look found that instants rest on.

    Parameters
    ----------
    aligned, tracks
        The look's window.
    kinds
        What the reps so far told; None before the first.
    clocks
        Of the sensors, by the same look.
    exercise
        What is lifted.
    """
    tissue = aligned.soft_tissue
    if kinds is not None:
        is_trusted = exercise in cv.FLOOR_EXERCISES and not kinds.does_not_fit
        tissue = soft_tissue_of(kinds, aligned, is_trusted=is_trusted)
    sensors = {
        p: SensorKnown.of(mounting, aligned.inclinations[p], tracks[p]) for p, mounting in aligned.mountings.items()
    }
    withheld = WITHHELD if clocks.is_apart else ()
    is_of_this = kinds is not None and kinds.exercise == exercise  # what another's told holds against other habits
    return Known(sensors, tissue, aligned.sync_s, withheld, exercise, kinds.together if kinds and is_of_this else None)
