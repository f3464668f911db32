"""Gravity turns in the accelerometer as the gyroscope says: what breaks that is told, no clean set is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

import imu_hinge as ih
from imu_hinge.errors import UnknownUnits
from imu_hinge.model import Array, Samples
from imu_hinge.simulate.session import random_set
from imu_hinge.storage.screening import check_recording, check_samples
from imu_hinge.storage.self_check import self_check

EXERCISES = ("deadlift", "rdl", "swing", "good_morning", "squat")


@pytest.fixture(scope="module")
def clean() -> Samples:
    return random_set(62, exercise="rdl", placements=("sacrum",), rate_hz=100.0).recording.sensors["sacrum"]


def of(samples: Samples, *, time: float = 1.0, gyr: Callable[[Array], Array] = lambda g: g) -> Samples:
    return Samples(samples.time_s * time, samples.acc, gyr(samples.gyr))


@pytest.mark.parametrize("rate_hz", [25.0, 100.0])
@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_clean_set_passes(exercise: str, rate_hz: float) -> None:
    for seed in (71, 72):
        recording = random_set(seed, exercise=exercise, placements=("sacrum", "t12"), rate_hz=rate_hz).recording
        for placement, samples in recording.sensors.items():
            assert self_check(placement, samples) is None


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda s: of(s, gyr=np.radians), "57 times too small"),
        (lambda s: of(s, gyr=lambda g: -g), "left-handed"),
        (lambda s: of(s, gyr=lambda g: 2.0 * g), "2 times what gravity turns"),
        (lambda s: of(s, gyr=lambda g: 0.5 * g), "0.5 times what gravity turns"),
        (lambda s: of(s, gyr=lambda g: 0.25 * g), "0.25 times what gravity turns"),
        (lambda s: of(s, time=0.5), "0.5 times what gravity turns"),
        (lambda s: of(s, time=2.0), "2 times what gravity turns"),
    ],
)
def test_what_no_reading_makes_right_is_refused_with_its_cause(
    clean: Samples, broken: Callable[[Samples], Samples], words: str
) -> None:
    with pytest.raises(UnknownUnits, match=words):
        check_samples("sacrum", broken(clean))


def test_one_axis_of_the_wrong_sign_is_told_where_the_sensor_turned_about_it() -> None:
    """A bend is about one axis of the body; the sensor's axis next to it carries most of the turning."""
    for seed in range(81, 85):
        recording = random_set(seed, exercise="rdl", placements=("sacrum",), rate_hz=100.0).recording
        samples = recording.sensors["sacrum"]
        sign = np.ones(3)
        sign[int(np.argmax(samples.gyr.std(axis=0)))] = -1.0
        told = self_check("sacrum", of(samples, gyr=lambda g, sign=sign: g * sign))
        assert told is not None, seed


def test_acc_and_gyr_of_two_times_are_told(clean: Samples) -> None:
    late = dataclasses.replace(clean, gyr=np.roll(clean.gyr, 300, axis=0))
    told = self_check("sacrum", late)
    assert told is not None
    if not told.is_refused:
        warned = check_recording(ih.Recording({"sacrum": late})).warnings
        assert any("gravity does not turn as the gyroscope says" in text for text in warned)


def test_who_hardly_turns_is_told_nothing(clean: Samples) -> None:
    standing = clean[:300]
    assert self_check("sacrum", of(standing, gyr=lambda g: -g)) is None


@pytest.mark.parametrize("as_live", [False, True])
def test_a_doubt_about_samples_in_memory_reaches_the_result(clean: Samples, as_live: bool) -> None:
    other = random_set(63, exercise="squat", placements=("sacrum",), rate_hz=100.0).recording.sensors["sacrum"]
    n = min(len(clean), len(other))
    mixed = ih.Recording({"sacrum": Samples(clean.time_s[:n], clean.acc[:n], other.gyr[:n])})
    doubts = check_recording(mixed).warnings
    assert doubts
    assert set(doubts) <= set(ih.analyze(mixed, as_live=as_live).warnings)
