"""Analyse a recording: the only path from samples to a `SetResult`. It does no step itself; it calls them in turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.conclude import check_on_trunk, result_of, warnings_of, without_bends
from imu_hinge.errors import SensorsSwapped
from imu_hinge.interpret import Aligned, align, describe, link, looks_swapped
from imu_hinge.model import Recording, check_exercise
from imu_hinge.motion.orientation import filter_recording
from imu_hinge.motion.resample import even_grid, in_order
from imu_hinge.motion.tracks import Track, quiet, up_in_sensor
from imu_hinge.reps.exercise import find_lifts
from imu_hinge.result import Rep, SetResult
from imu_hinge.settings import Settings
from imu_hinge.storage.screening import check_recording
from imu_hinge.streaming import LiveAnalysis


def analyze(
    recording: Recording,
    *,
    athlete: Athlete | None = None,
    exercise: str = "auto",
    as_live: bool = False,
    settings: Settings | None = None,
    name: str = "",
) -> SetResult:
    """Analyse one recording: every rep, its spine angles with their error, its verdict with its reason.

    Parameters
    ----------
    recording
        From `imu_hinge.read`, or built from arrays.
    athlete
        Overrides the recording's; what is not known has a population default.
    exercise
        One of `conventions.EXERCISES`, or ``auto``: what the recording says, else recognised.
    as_live
        Give what `LiveAnalysis` gave, bit for bit. Otherwise the whole recording is used in both directions, and the
        angles are better.
    settings
    name
        What the recording is called in reports.

    Returns
    -------
    SetResult
        No rep at all is a valid result.

    Raises
    ------
    RecordingError
        Where the samples are not what a sensor on a body delivers.
    CalibrationError
        Where standing or bending did not tell how the sensors sit.
    """
    settings = settings or Settings()
    check_exercise(exercise)
    told = recording.exercise if exercise == "auto" else exercise
    athlete = athlete or recording.athlete or Athlete()
    if as_live:
        live = LiveAnalysis(recording.placements, athlete=athlete, exercise=told, settings=settings)
        for placement, samples in check_recording(recording).sensors.items():
            live.feed(placement, samples)
        return replace(live.finish(), recording_name=name, is_simulated=recording.is_simulated)
    tracks = tracks_of(check_recording(recording), settings)
    aligned = align(tracks, settings, is_live=False)
    result = without_bends(tracks, athlete, told) if aligned is None else _interpret(aligned, athlete, told, settings)
    return replace(result, recording_name=name, is_simulated=recording.is_simulated)


def tracks_of(recording: Recording, settings: Settings) -> dict[str, Track]:
    """Put all sensors on one even grid and filter them forward and backward.

    Parameters
    ----------
    recording
        Screened; see `storage.screening.check_recording`.
    settings
    """
    rate_hz = settings.rate_hz
    start_s = max(float(s.time_s[0]) for s in recording.sensors.values())
    stop_s = min(float(s.time_s[-1]) for s in recording.sensors.values())
    tracks = {}
    for placement in recording.placements:
        samples = in_order(recording.sensors[placement])
        gyr, acc, flags = even_grid(samples, rate_hz=rate_hz, start_s=start_s, stop_s=stop_s)
        is_gap = (flags & np.uint16(cv.Flag.GAP)) != 0
        oriented = filter_recording(gyr, acc, rate_hz=rate_hz, both_ways=True, is_gap=is_gap)
        rate = gyr - oriented.bias_rad_s
        tracks[placement] = Track(
            time_s=start_s + np.arange(len(gyr)) / rate_hz,
            up_s=up_in_sensor(oriented.q_ws),
            acc=acc,
            gyr=rate,
            is_quiet=quiet(acc, rate, rate_hz, settings.stillness) & ~is_gap,
            flags=flags,
        )
    return tracks


def _interpret(aligned: Aligned, athlete: Athlete, told: str, settings: Settings) -> SetResult:
    found = find_lifts(aligned.posture, athlete, told=told, settings=settings.reps)
    check_on_trunk(aligned)
    swapped = looks_swapped(aligned, found.lifts)
    if swapped:
        raise SensorsSwapped(swapped)
    posture = aligned.posture
    if found.lifts:
        posture, _ = link(aligned, found.lifts, athlete, exercise=found.exercise)
    reps: list[Rep] = []
    for lift in found.lifts:
        reps.append(
            describe(
                posture,
                lift,
                exercise=found.exercise,
                athlete=athlete,
                settings=settings,
                earlier=reps,
                quality=aligned.quality,
            )
        )
    return result_of(aligned, posture, found, reps, athlete=athlete, warnings=warnings_of(aligned, settings))
