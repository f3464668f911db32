"""Analyse a recording: the only path from samples to a `SetResult`. It does no step itself; it calls them in turn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.errors import NotOnTheTrunk, SensorsSwapped
from imu_hinge.interpret import Aligned, align, describe, label_samples, link, looks_swapped
from imu_hinge.model import Posture, Recording, Rep, SetResult, check_exercise
from imu_hinge.motion.orientation import filter_recording
from imu_hinge.motion.resample import even_grid, in_order
from imu_hinge.motion.tracks import Track, quiet, up_in_sensor
from imu_hinge.reps.exercise import Found, find_lifts
from imu_hinge.settings import Settings
from imu_hinge.storage.screening import check_recording


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
        from imu_hinge.streaming import LiveAnalysis

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


def result_of(
    aligned: Aligned,
    posture: Posture,
    found: Found,
    reps: Sequence[Rep],
    *,
    athlete: Athlete,
    warnings: tuple[str, ...],
    is_live: bool = False,
) -> SetResult:
    """Put the pieces of one analysis together."""
    phase, index = label_samples(posture, found.lifts, from_floor=found.exercise in cv.FLOOR_EXERCISES)
    return SetResult(
        recording_name="",
        exercise=found.exercise,
        exercise_evidence=found.evidence,
        posture=posture,
        phase=phase,
        rep_index=index,
        lifts=tuple(reps),
        athlete=athlete,
        warnings=warnings,
        alignment_quality={p: m.share for p, m in aligned.mountings.items()},
        is_live=is_live,
    )


def check_on_trunk(aligned: Aligned) -> None:
    """Raise `NotOnTheTrunk` where a sensor turns as no part of a lifter's trunk does.

    A trunk leans forward by up to about 120 degrees and back by 30; a wrist or an ankle goes everywhere.
    """
    for placement, lean in aligned.leans.items():
        low, high = np.degrees(np.percentile(lean.lean_rad, [0.5, 99.5]))
        limit = (-70.0, 60.0) if placement == "thigh" else (-45.0, 135.0)
        side = float(np.degrees(np.percentile(np.abs(lean.side_rad), 99.0)))
        if low < limit[0] or high > limit[1] or side > 60.0:
            raise NotOnTheTrunk(
                f"The {placement} sensor does not move as one on the {placement} does: it leans from {low:.0f} to "
                f"{high:.0f} degrees and {side:.0f} to the side. Check where it was worn."
            )


def warnings_of(aligned: Aligned, settings: Settings) -> tuple[str, ...]:
    """Return what a reader must know beside the numbers."""
    found = []
    for placement, mounting in aligned.mountings.items():
        if mounting.share < settings.alignment.quality_min:
            found.append(
                f"The bends of the {placement} sensor share only {mounting.share:.2f} of one axis "
                f"(at least {settings.alignment.quality_min:g} is wanted): its angles are flagged."
            )
    for placement, lean in aligned.leans.items():
        for slip in lean.slips:
            at_s = aligned.posture.time_s[min(slip.where.start, len(aligned.posture) - 1)]
            found.append(
                f"The {placement} sensor slipped by {abs(math.degrees(slip.jump_rad)):.0f} degrees after {at_s:.1f} s; "
                "its zero was taken anew from the standing that followed."
            )
    return tuple(found)


def without_bends(tracks: Mapping[str, Track], athlete: Athlete, told: str) -> SetResult:
    """Return the result of a recording in which nobody bends."""
    first = next(iter(tracks.values()))
    n = len(first)
    unknown = np.full((n, len(cv.ANGLES)), np.nan)
    nothing = np.full(n, np.nan)
    posture = Posture(
        time_s=first.time_s,
        angles_rad=unknown,
        sd_rad=unknown,
        lean_rad=nothing,
        side_lean_rad=nothing,
        height_m=nothing,
        height_sd_m=nothing,
        speed_mps=nothing,
        shock_mps2=nothing,
        is_still=first.is_quiet,
        flags=first.flags | np.uint16(cv.Flag.UNALIGNED),
        basis="inferred",
    )
    return SetResult(
        recording_name="",
        exercise="drill" if told == "auto" else told,
        exercise_evidence="nobody bends in this recording",
        posture=posture,
        phase=np.zeros(n, dtype=np.int8),
        rep_index=np.full(n, -1, dtype=np.int32),
        lifts=(),
        athlete=athlete,
        warnings=("No bend was found, so the sensors' mounting and every angle are unknown.",),
    )
