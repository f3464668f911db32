"""Check at the door that what came in can be what a sensor measured: `check_samples` and `check_recording`.

It raises or flags and never invents: no sample is filled in, no unit converted, no time made up.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from imu_hinge.conventions import CSV_COLUMNS, STANDARD_GRAVITY_MPS2, Flag
from imu_hinge.errors import BadSamples, TooShort
from imu_hinge.model import Array, Recording, Samples
from imu_hinge.storage.arrivals import MAX_ACC_MPS2, MAX_FROZEN_S, MAX_GYR_RADPS
from imu_hinge.storage.lost_samples import lost_samples
from imu_hinge.storage.self_check import check_turning, self_check
from imu_hinge.storage.timeline import MIN_SECONDS, Mask, drop_rows, screen_time, with_flag
from imu_hinge.storage.units import check_acc_unit, check_gyr_against_gravity, check_gyr_magnitude

ACC_RANGES_MPS2: Final = tuple(g * STANDARD_GRAVITY_MPS2 for g in (2.0, 4.0, 8.0, 16.0))
GYR_RANGES_RADPS: Final = tuple(math.radians(r) for r in (125.0, 250.0, 500.0, 1000.0, 2000.0))
"""Ranges that inertial sensors are set to; an axis is called clipped only near one of them."""

RANGE_TOLERANCE: Final = 0.03
"""Scale errors and counts short of a power of two move the end of a range by this share."""


def check_samples(placement: str, samples: Samples) -> Samples:
    """Return one sensor's samples in order and flagged, or raise with what was seen and what to do.

    Parameters
    ----------
    placement
        Names the sensor in messages.
    samples
        m/s² including gravity, rad/s, as they came.

    Returns
    -------
    Samples
        Rows without a finite number or with an impossible one are dropped, repeats dropped, late samples put
        back; `conventions.Flag` says where. Checked samples come back unchanged.

    Raises
    ------
    BadSamples
        Where time, a value or a whole channel is what no sensor delivers.
    UnknownUnits
        Where acceleration is not in m/s² including gravity or angular rate not in rad/s.
    TooShort
        Where fewer than three seconds are left.
    """
    samples = screen_time(placement, samples)
    _check_channels(placement, samples)
    check_acc_unit(placement, samples)
    check_gyr_magnitude(placement, samples)
    is_huge: Mask = np.zeros(len(samples), dtype=np.bool_)
    for acc, gyr in zip(samples.acc.T, samples.gyr.T, strict=True):
        is_huge |= (np.abs(acc) > MAX_ACC_MPS2) | (np.abs(gyr) > MAX_GYR_RADPS)
    what = f"read beyond {MAX_ACC_MPS2:g} m/s² or {MAX_GYR_RADPS:g} rad/s"
    samples = drop_rows(placement, samples, is_huge, what=what)
    check_gyr_against_gravity(placement, samples)
    check_turning(placement, samples)
    samples = with_flag(samples, _is_frozen(placement, samples), Flag.SUSPECT)
    return with_flag(samples, _is_clipped(samples), Flag.CLIPPED)


def check_recording(recording: Recording) -> Recording:
    """Return the recording with every sensor checked, or raise with what was seen and what to do.

    Raises
    ------
    BadSamples, UnknownUnits, TooShort
        As `check_samples`; also where two sensors hold the same samples or were not worn at the same time.
    """
    sensors = {placement: check_samples(placement, samples) for placement, samples in recording.sensors.items()}
    _check_together(sensors)
    findings = [self_check(placement, samples) for placement, samples in sensors.items()]
    texts = [f.text for f in findings if f is not None] + [lost_samples(p, s) for p, s in sensors.items()]
    doubts = tuple(text for text in texts if text and text not in recording.warnings)
    if doubts:
        recording = replace(recording, warnings=(*recording.warnings, *doubts))
    if all(sensors[p] is recording.sensors[p] for p in sensors):
        return recording
    return replace(recording, sensors=sensors)


def _check_together(sensors: Mapping[str, Samples]) -> None:
    """Raise unless the sensors measured different things over a common time."""
    placements = list(sensors)
    for i, a in enumerate(placements):
        for b in placements[i + 1 :]:
            if np.array_equal(sensors[a].acc, sensors[b].acc) and np.array_equal(sensors[a].gyr, sensors[b].gyr):
                raise BadSamples(f"{a} and {b} hold the same {len(sensors[a])} samples. Give each sensor its own file.")
    starts = {p: float(s.time_s[0]) for p, s in sensors.items()}
    stops = {p: float(s.time_s[-1]) for p, s in sensors.items()}
    common_s = min(stops.values()) - max(starts.values())
    if common_s >= MIN_SECONDS:
        return
    ranges = ", ".join(f"{p} {starts[p]:.3f} to {stops[p]:.3f} s" for p in placements)
    if common_s <= 0.0:
        raise BadSamples(
            f"The sensors have no time in common: {ranges}. Put them on one clock, or analyse them one at a time."
        )
    raise TooShort(
        f"The sensors have only {common_s:.2f} s in common: {ranges}. "
        f"At least {MIN_SECONDS:g} s are needed; put them on one clock, or analyse them one at a time."
    )


def _check_channels(placement: str, samples: Samples) -> None:
    """Raise `BadSamples` where an axis never changes while the others carry a sensor's noise."""
    values = np.hstack([samples.acc, samples.gyr])
    is_dead = np.ptp(values, axis=0) == 0.0
    if not is_dead.any():
        return
    named = [f"{name} ({values[0, i]:g})" for i, name in enumerate(CSV_COLUMNS[1:]) if is_dead[i]]
    if is_dead.all() or is_dead[:3].all() or is_dead[3:].all() or _is_noisy(values[:, ~is_dead]):
        raise BadSamples(
            f"{placement}: {', '.join(named)} never changes over {len(samples)} samples, so the channel is dead "
            "or was not exported. Record or export it again with all six axes."
        )


def _is_noisy(values: Array) -> bool:
    """Tell a sensor's channels (n, k) from computed curves, which seldom turn back between samples."""
    steps = np.diff(values, axis=0)
    turns_back = (steps[1:] * steps[:-1] < 0.0).mean(axis=0)
    return bool(np.median(turns_back) > 0.05)


def _is_frozen(placement: str, samples: Samples) -> Mask:
    """Tell where all six axes repeat one reading for longer than `MAX_FROZEN_S`, (n,).

    Raises
    ------
    BadSamples
        Where more than half of the recording is so.
    """
    values = np.hstack([samples.acc, samples.gyr])
    is_same: Mask = np.ones(len(samples) - 1, dtype=np.bool_)
    for axis in values.T:
        is_same &= np.diff(axis) == 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_same, [False]]).astype(np.int8)))
    starts, lasts = edges[::2], edges[1::2]
    is_long = samples.time_s[lasts] - samples.time_s[starts] > MAX_FROZEN_S
    frozen: Mask = np.zeros(len(samples), dtype=np.bool_)
    if not is_long.any() or not _is_noisy(values):
        return frozen
    for start, last in zip(starts[is_long], lasts[is_long], strict=True):
        frozen[start + 1 : last + 1] = True
    if frozen.mean() > 0.5:
        raise BadSamples(
            f"{placement}: {int(frozen.sum())} of {len(samples)} samples repeat one reading on all six axes, "
            f"first at {samples.time_s[starts[is_long][0]]:.2f} s, as when the sensor stopped and its app went on. "
            "Cut that stretch out, or record again."
        )
    return frozen


def _is_clipped(samples: Samples) -> Mask:
    """Tell where an axis sits at the end of a common range, (n,)."""
    clipped: Mask = np.zeros(len(samples), dtype=np.bool_)
    for values, ranges in ((samples.acc, ACC_RANGES_MPS2), (samples.gyr, GYR_RANGES_RADPS)):
        for axis in range(3):
            for sign in (1.0, -1.0):
                clipped |= _at_the_end(sign * values[:, axis], ranges)
    return clipped


def _at_the_end(x: Array, ranges: tuple[float, ...]) -> Mask:
    """Tell where x (n,) rests on its own maximum, if that is the end of a range and it got there in a jump.

    A slow peak of a coarsely counted signal also repeats its maximum, but comes there count by count.
    """
    top = float(x.max())
    none: Mask = np.zeros(x.size, dtype=np.bool_)
    if not any(abs(top - r) <= RANGE_TOLERANCE * r for r in ranges):
        return none
    is_top = x >= top - 1e-6 * top
    runs = np.flatnonzero(np.diff(np.concatenate([[0], is_top.astype(np.int8), [0]])))
    starts, stops = runs[::2], runs[1::2]
    if is_top.sum() < 3 or (stops - starts).max() < 2:
        return none
    steps = np.abs(np.diff(x))
    one_count = float(steps[steps > 0.0].min(initial=top))
    entries = steps[starts[starts > 0] - 1]
    return is_top if entries.size and float(np.median(entries)) > 4.0 * one_count else none
