"""Analyse a recording: the only path from samples to a `SetResult`. It does no step itself; it calls them in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.analysis.assemble import (
    check_on_trunk,
    clock_warnings,
    empty_result,
    hole_warnings,
    misfit_warnings,
    result_of,
    warnings_of,
)
from imu_hinge.analysis.calibration import Taken, as_seen, learn_references, recognised
from imu_hinge.analysis.pipeline import Aligned, align, build_rep, link_sets, linkage_inputs
from imu_hinge.analysis.planned import not_applied_live, with_names, with_what_was_said
from imu_hinge.analysis.plausibility import looks_swapped
from imu_hinge.athlete import Athlete
from imu_hinge.errors import CalibrationError, SensorsSwapped
from imu_hinge.model import Posture, Recording, Samples, check_exercise
from imu_hinge.motion.kinematics.clock_offset import Synchronised, synchronise
from imu_hinge.motion.kinematics.long_holes import Holes, hole_warning, long_steps, shared_holes
from imu_hinge.motion.kinematics.remounting import as_mounted_first, remounting_warnings
from imu_hinge.motion.kinematics.resample import even_grid, in_order
from imu_hinge.motion.kinematics.track import Track, stationary, up_in_sensor
from imu_hinge.motion.orientation.filter import filter_recording
from imu_hinge.plan import Plan
from imu_hinge.reps.edited import with_edits
from imu_hinge.reps.exercise import Found, FoundSet, find_lifts
from imu_hinge.result import Rep, SetResult
from imu_hinge.settings import Settings
from imu_hinge.signals import regions
from imu_hinge.storage.screening.arrivals import arrived
from imu_hinge.storage.screening.checks import check_recording
from imu_hinge.storage.screening.timeline import check_length

TURN: Final = 6000
"""Samples of one sensor that are fed as live at once, at most: a minute of a common one."""


def analyze(
    recording: Recording,
    *,
    athlete: Athlete | None = None,
    exercise: str = "auto",
    as_live: bool = False,
    settings: Settings | None = None,
    name: str = "",
    plan: Plan = (),
) -> SetResult:
    """Analyse one recording: every rep, its spine angles with their error, its verdict with its reason.

    Parameters
    ----------
    recording, athlete, exercise, as_live, settings, name, plan
        As those of `imu_hinge.analyze`, which reads files too and has the example.

    Returns
    -------
    SetResult
        No rep at all is a valid result.

    Raises
    ------
    RecordingError, CalibrationError
        As `imu_hinge.analyze`.
    """
    settings = settings or Settings()
    check_exercise(exercise)
    told = recording.exercise if exercise == "auto" else exercise
    athlete, plan = athlete or recording.athlete or Athlete(), plan or recording.plan
    checked = check_recording(arrived(recording) if as_live else recording, is_fed=as_live)
    if as_live:  # what is fed is what came in, as at the bar
        from imu_hinge.analysis.live import LiveAnalysis  # which an analysis of the whole need not wait for

        live = LiveAnalysis(recording.placements, athlete=athlete, exercise=told, settings=settings, plan=plan)
        live.shows_instants = False
        for placement, samples in _in_turns(recording):
            live.feed(placement, samples)
        result = with_what_was_said(live.finish(), (), recording.edits, load_kg=recording.load_kg)
        warnings = (*checked.warnings, *result.warnings, *not_applied_live(recording.edits))
        return replace(result, recording_name=name, is_simulated=recording.is_simulated, warnings=warnings)
    tracks, clocks = tracks_of(checked, settings)
    gaps = {p: regions(t.is_gap) for p, t in tracks.items()}
    tracks, taken_off = as_mounted_first(tracks, settings)
    aligned = align(tracks, settings, is_live=False, sync_s=clocks.sd_s)
    if aligned is None:
        result = empty_result(tracks, athlete, told)
    else:
        tracks.clear()  # of an hour they are as large as all that follows
        found = find_lifts(aligned.posture, athlete, told=told, settings=settings.reps)
        found = with_edits(with_names(found, plan), recording.edits, aligned.posture, athlete, settings=settings.reps)
        result = _interpret(aligned, found, athlete, settings)
    result = with_what_was_said(result, plan, recording.edits, load_kg=recording.load_kg)
    silent = hole_warnings(gaps, result.posture.time_s, result.lifts)
    again = remounting_warnings(taken_off, result.posture.time_s)
    seen = (*again, *clock_warnings(clocks), *map(hole_warning, _holes_of(checked).spans), *silent)  # the gravest first
    result = replace(result, settings=settings, warnings=(*checked.warnings, *result.warnings, *seen))
    result = replace(result, recording_name=name, is_simulated=recording.is_simulated)
    return with_what_is_noted(result, recording)


def with_what_is_noted(result: SetResult, recording: Recording) -> SetResult:
    """Return the result with load, note and date of its recording; replay as live leaves them out, as live had none."""
    return replace(result, load_kg=recording.load_kg, note=recording.note, recorded=recording.recorded)


def _in_turns(recording: Recording) -> Iterator[tuple[str, Samples]]:
    """Yield all sensors' samples in turns, as they came in about: so none waits in full for the others."""
    turns = -(-max(len(samples) for samples in recording.sensors.values()) // TURN)
    for turn in range(turns):
        for placement, samples in recording.sensors.items():
            n = len(samples)
            yield placement, samples[n * turn // turns : n * (turn + 1) // turns]


def _holes_of(recording: Recording) -> Holes:
    return shared_holes([long_steps(s.time_s) for s in recording.sensors.values()])


def tracks_of(recording: Recording, settings: Settings) -> tuple[dict[str, Track], Synchronised]:
    """Put all sensors in step, on one even grid, and filter them forward and backward; say how the clocks differed.

    Parameters
    ----------
    recording
        Screened; see `storage.screening.checks.check_recording`.
    settings
    """
    rate_hz = settings.rate_hz
    holes = _holes_of(recording)
    clocks = synchronise({placement: holes.without(s) for placement, s in recording.sensors.items()})
    sensors = clocks.sensors
    start_s = max(float(s.time_s[0]) for s in sensors.values())
    stop_s = min(float(s.time_s[-1]) for s in sensors.values())
    check_length(start_s, stop_s, settings.limits)
    tracks = {}
    for placement in recording.placements:
        samples = in_order(sensors[placement])
        gyr, acc, flags = even_grid(samples, rate_hz=rate_hz, start_s=start_s, stop_s=stop_s)
        is_gap = (flags & np.uint16(cv.Flag.GAP)) != 0
        oriented = filter_recording(gyr, acc, rate_hz=rate_hz, both_ways=True, is_gap=is_gap)
        rate = gyr - oriented.bias_rad_s
        tracks[placement] = Track(
            time_s=holes.reopened(start_s + np.arange(len(gyr)) / rate_hz),
            up_s=up_in_sensor(oriented.q_ws),
            acc=acc,
            gyr=rate,
            is_stationary=stationary(acc, rate, rate_hz, settings.stillness) & ~is_gap,
            flags=flags,
        )
    return tracks, clocks


def _interpret(aligned: Aligned, found: Found, athlete: Athlete, settings: Settings) -> SetResult:
    check_on_trunk(aligned)
    swapped = looks_swapped(aligned.inclinations, found.lifts)
    if swapped:
        raise SensorsSwapped(swapped)
    posture, kinds = link_sets(aligned, found.sets, athlete)
    reps = [
        rep
        for number, one in enumerate(found.sets)
        for rep in _reps_of(number, one, posture, aligned, athlete, settings)
    ]
    warnings = (*misfit_warnings(kinds), *warnings_of(aligned, settings))
    return result_of(aligned, posture, found, reps, athlete=athlete, warnings=warnings)


def _reps_of(  # a set is described with all that is known of its recording
    number: int, one: FoundSet, posture: Posture, aligned: Aligned, athlete: Athlete, settings: Settings
) -> list[Rep]:
    """Return the reps of one set, each knowing those before it."""
    reps: list[Rep] = []
    for lift in one.lifts:
        rep = build_rep(
            posture,
            lift,
            exercise=one.exercise,
            athlete=athlete,
            settings=settings,
            earlier=reps,
            aligned=aligned,
        )
        reps.append(replace(rep, set=number))
    return reps


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Hold an athlete's references, and the bends they were taken from.

    Parameters
    ----------
    athlete
    taken
        One per bend, clean hinges first.
    reps
        Their numbers, from 0.
    times_s
        When each was deepest [s].
    """

    athlete: Athlete
    taken: tuple[Taken, ...]
    reps: tuple[int, ...]
    times_s: tuple[float, ...]


def calibrate(
    recording: Recording,
    *,
    athlete: Athlete | None = None,
    clean_hinge: Sequence[int] = (),
    full_bow: Sequence[int] = (),
    exercise: str = "auto",
    settings: Settings | None = None,
) -> Athlete:
    """Return the athlete with personal references, from clean hinges and full bows recorded in the same mounting.

    Parameters
    ----------
    recording
    athlete
        As known so far; height and lengths sharpen the references.
    clean_hinge
        Which reps, counted from 0 as in the table of reps, were clean hinges: with a dowel, three points of contact.
    full_bow
        Which were full round bows.
    exercise
        What was done. A ``drill`` counts every bend.
    settings

    Raises
    ------
    CalibrationError
        Where the recording has no such rep, or a sensor's accelerometer and gyroscope do not fit each other.
    RecordingError
        As `analyze`.

    Examples
    --------
    >>> import imu_hinge as ih
    >>> from imu_hinge.simulate.session import random_set
    >>> recording = random_set(1, exercise="drill").recording  # two clean hinges, then full bows
    >>> athlete = ih.calibrate(recording, athlete=ih.Athlete(height_m=1.78), clean_hinge=[0, 1], full_bow=[2])
    >>> athlete.height_m, athlete.lumbar_max_flexion_deg is None, len(athlete.references) > 0
    (1.78, False, True)
    """
    asked = (tuple(clean_hinge), tuple(full_bow))
    return calibrated(recording, *asked, athlete=athlete, exercise=exercise, settings=settings).athlete


def calibrated(  # as `calibrate`, whose order of arguments is public
    recording: Recording,
    clean_hinge: Sequence[int],
    full_bow: Sequence[int],
    *,
    athlete: Athlete | None = None,
    exercise: str = "auto",
    settings: Settings | None = None,
) -> Calibrated:
    """Return what `calibrate` does, and how each bend that it took was understood.

    Parameters
    ----------
    recording, clean_hinge, full_bow, athlete, exercise, settings
        As those of `calibrate`; with neither hinges nor bows they are recognised, see `calibration.recognised`.

    Raises
    ------
    CalibrationError, RecordingError
        As `calibrate`.
    """
    settings = settings or Settings()
    check_exercise(exercise)
    athlete = athlete or recording.athlete or Athlete()
    told = recording.exercise if exercise == "auto" else exercise
    checked = check_recording(recording)
    _check_agreeing(checked)
    tracks, clocks = tracks_of(checked, settings)
    aligned = align(tracks, settings, is_live=False, sync_s=clocks.sd_s)
    if aligned is None:
        raise CalibrationError("Nobody bends in this recording. Record two clean hinges and, better, a full bow.")
    check_on_trunk(aligned)
    wanted = [*clean_hinge, *full_bow]
    found = find_lifts(aligned.posture, athlete, told=told, settings=settings.reps)
    if told == "auto" and (full_bow or not wanted or len(found.lifts) <= max(wanted, default=0)):
        found = find_lifts(aligned.posture, athlete, told="drill", settings=settings.reps)
    inputs = linkage_inputs(aligned, found.lifts, exercise=found.exercise)
    if not wanted:
        hinges = recognised(as_seen(inputs, athlete, [lift.bottom for lift in found.lifts]))
        wanted = list(range(len(found.lifts)))
        clean_hinge, full_bow = wanted[:hinges], wanted[hinges:]
    if not wanted or min(wanted) < 0 or max(wanted) >= len(found.lifts):
        raise CalibrationError(
            f"The recording has {len(found.lifts)} bends, and number {max(wanted, default=0) + 1}, counted from 1, was "
            "asked for. Look at imu-hinge analyze and say which were clean hinges and which full bows."
        )
    athlete, taken = learn_references(
        inputs,
        athlete,
        clean_hinges=[found.lifts[i].bottom for i in clean_hinge],
        full_bows=[found.lifts[i].bottom for i in full_bow],
    )
    times_s = tuple(float(aligned.posture.time_s[t.at]) for t in taken)
    return Calibrated(athlete, taken, tuple(wanted), times_s)


def _check_agreeing(checked: Recording) -> None:
    """Raise `CalibrationError` where the self-check doubts a sensor: what it teaches would spoil every set to come."""
    for placement, samples in checked.sensors.items():
        if np.any(samples.flags & np.uint16(cv.Flag.DISAGREEING)):
            doubt = next((text for text in checked.warnings if text.startswith(f"{placement}: ")), "")
            raise CalibrationError(f"No references can be learnt from a recording in doubt. {doubt}".rstrip())
