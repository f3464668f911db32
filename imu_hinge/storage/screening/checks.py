"""Check at the door that what came in can be what a sensor measured: `check_samples` and `check_recording`.

It raises or flags and never invents: no sample is filled in, no unit converted, no time made up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from imu_hinge.conventions import Flag
from imu_hinge.errors import BadSamples, TooShort
from imu_hinge.model import Array, Recording, Samples
from imu_hinge.storage.screening.arrivals import MAX_ACC_MPS2, MAX_GYR_RADPS
from imu_hinge.storage.screening.channels import check_channels
from imu_hinge.storage.screening.lost_samples import lost_samples
from imu_hinge.storage.screening.reading_flags import flagged
from imu_hinge.storage.screening.self_check import check_turning, self_check
from imu_hinge.storage.screening.timeline import MIN_SECONDS, Mask, drop_rows, screen_time, with_flag
from imu_hinge.storage.screening.units import check_acc_unit, check_gyr_magnitude


def check_samples(placement: str, samples: Samples, *, is_fed: bool = False) -> Samples:
    """Return one sensor's samples in order and flagged, or raise with what was seen and what to do.

    Parameters
    ----------
    placement
        Names the sensor in messages.
    samples
        m/s² including gravity, rad/s, as they came.
    is_fed
        As for `check_recording`.

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
    check_channels(placement, samples)
    check_acc_unit(placement, samples)
    check_gyr_magnitude(placement, samples)
    is_huge: Mask = np.zeros(len(samples), dtype=np.bool_)
    for values, most in ((samples.acc, MAX_ACC_MPS2), (samples.gyr, MAX_GYR_RADPS)):
        if max(values.max(), -values.min()) > most:
            is_huge |= (np.abs(values) > most).any(axis=1)
    what = f"read beyond {MAX_ACC_MPS2:g} m/s² or {MAX_GYR_RADPS:g} rad/s"
    samples = drop_rows(placement, samples, is_huge, what=what)
    if not is_fed:
        check_turning(placement, samples)
    return flagged(placement, samples)


def check_recording(recording: Recording, *, is_fed: bool = False) -> Recording:
    """Return the recording with every sensor checked, or raise with what was seen and what to do.

    Parameters
    ----------
    recording
    is_fed
        Whether it goes to a live analysis, which asks by itself whether accelerometer and gyroscope fit.

    Raises
    ------
    BadSamples, UnknownUnits, TooShort
        As `check_samples`; also where two sensors hold the same samples or were not worn at the same time.
    """
    sensors = {p: check_samples(p, samples, is_fed=is_fed) for p, samples in recording.sensors.items()}
    _check_together(sensors)
    texts = [lost_samples(placement, samples) for placement, samples in sensors.items()]
    for placement, samples in sensors.items() if not is_fed else ():
        finding = self_check(placement, samples)
        if finding is None:
            continue
        sensors[placement] = with_flag(samples, slice(None), Flag.DISAGREEING)
        texts.append(finding.text)
    doubts = tuple(text for text in texts if text and text not in recording.warnings)
    if doubts:
        recording = replace(recording, warnings=(*recording.warnings, *doubts))
    if all(sensors[p] is recording.sensors[p] for p in sensors):
        return recording
    return replace(recording, sensors=sensors)


def check_different(readings: Mapping[str, Sequence[Array]]) -> None:
    """Raise `BadSamples` where two sensors, by placement some arrays (n, ...) each, read the same to the last bit."""
    for a, b in combinations(readings, 2):
        if all(map(np.array_equal, readings[a], readings[b])):
            raise BadSamples(f"{a} and {b} hold the same {len(readings[a][0])} samples. Give each sensor its own file.")


def _check_together(sensors: Mapping[str, Samples]) -> None:
    """Raise unless the sensors measured different things over a common time."""
    check_different({placement: (s.acc, s.gyr) for placement, s in sensors.items()})
    placements = list(sensors)
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
