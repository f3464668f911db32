"""Gravity turns in the accelerometer as the gyroscope says: what breaks that is told, no clean set is."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import imu_hinge as ih
from imu_hinge.errors import CalibrationError, HingeError, UnknownUnits
from imu_hinge.model import Array, Samples
from imu_hinge.simulate.session import random_set
from imu_hinge.storage.screening.checks import check_recording
from imu_hinge.storage.screening.gyro_delay import delay_of
from imu_hinge.storage.screening.gyro_gain import MOST_SPANS, Gain, gain_of, spans_of
from imu_hinge.storage.screening.live_check import LiveCheck
from imu_hinge.storage.screening.self_check import gain_finding, self_check
from imu_hinge.storage.screening.turning import MOST_WINDOWS, steps_of, windows

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
        check_recording(ih.Recording({"sacrum": broken(clean)}))


def test_one_axis_of_the_wrong_sign_is_told_where_the_sensor_turned_about_it() -> None:
    """A bend is about one axis of the body; the sensor's axis next to it carries most of the turning."""
    for seed in range(81, 85):
        recording = random_set(seed, exercise="rdl", placements=("sacrum",), rate_hz=100.0).recording
        samples = recording.sensors["sacrum"]
        sign = np.ones(3)
        sign[int(np.argmax(samples.gyr.std(axis=0)))] = -1.0
        told = self_check("sacrum", of(samples, gyr=lambda g, sign=sign: g * sign))
        assert told is not None, seed


def test_acc_and_gyr_of_two_times_are_refused(clean: Samples) -> None:
    late = dataclasses.replace(clean, gyr=np.roll(clean.gyr, 300, axis=0))
    with pytest.raises(UnknownUnits, match="gravity does not turn as the gyroscope says"):
        check_recording(ih.Recording({"sacrum": late}))


def test_who_hardly_turns_is_told_nothing(clean: Samples) -> None:
    standing = clean[:300]
    assert self_check("sacrum", of(standing, gyr=lambda g: -g)) is None


def alone(samples: Samples, placement: str = "sacrum") -> ih.Recording:
    return ih.Recording({placement: samples})


def axes(samples: Samples, gyr: Array | None = None, acc: Array | None = None) -> Samples:
    return Samples(samples.time_s, samples.acc if acc is None else acc, samples.gyr if gyr is None else gyr)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda s: axes(s, acc=s.acc * [1.0, 1.0, -1.0]), "z is mirrored|wrong sign"),
        (lambda s: axes(s, acc=s.acc[:, [1, 2, 0]]), "different axes|exchanged"),
        (lambda s: axes(s, gyr=s.gyr[:, [1, 2, 0]]), "different axes|exchanged|57 times"),
        (lambda s: axes(s, gyr=np.roll(s.gyr, 50, axis=0)), r"gyr comes about 0\.\d+ s too late"),
        (lambda s: axes(s, gyr=np.roll(s.gyr, -50, axis=0)), r"gyr comes about 0\.\d+ s too early"),
        (lambda s: axes(s, acc=9.81 * s.acc / np.linalg.norm(s.acc, axis=1, keepdims=True)), "gravity alone"),
        (lambda s: axes(s, acc=s.acc[:, [0, 0, 2]]), "acc_x and acc_y hold the same"),
        (lambda s: axes(s, gyr=s.gyr[:, [0, 1, 1]]), "gyr_y and gyr_z hold the same"),
    ],
)
def test_axes_delays_and_gravity_alone_are_refused_with_their_cause(
    clean: Samples, broken: Callable[[Samples], Samples], words: str
) -> None:
    with pytest.raises(HingeError, match=words):
        check_recording(alone(broken(clean)))


def test_acc_of_another_device_never_passes() -> None:
    sensors = random_set(62, exercise="rdl", placements=("sacrum", "t12"), rate_hz=100.0).recording.sensors
    n = min(len(sensors["sacrum"]), len(sensors["t12"]))
    assert self_check("sacrum", axes(sensors["sacrum"][:n], acc=sensors["t12"].acc[:n])) is not None


@pytest.fixture(scope="module")
def doubtful(clean: Samples) -> Samples:
    """A gyroscope 0.2 s late is warned of."""
    return axes(clean, gyr=np.roll(clean.gyr, 20, axis=0))


@pytest.fixture(scope="module")
def told_of_doubt(doubtful: Samples) -> dict[bool, ih.SetResult]:
    """What is told of the doubtful set, as live and of the whole."""
    return {as_live: ih.analyze(alone(doubtful), exercise="rdl", as_live=as_live) for as_live in (False, True)}


@pytest.mark.parametrize("as_live", [False, True])
def test_no_verdict_rests_on_a_doubt(told_of_doubt: dict[bool, ih.SetResult], as_live: bool) -> None:
    result = told_of_doubt[as_live]
    assert result.lifts
    assert {rep.quality for rep in result.lifts} == {"D"}
    assert {rep.verdict.label for rep in result.lifts} == {"undecided"}
    assert sum("gyr comes about 0.20 s too late" in text for text in result.warnings) == 1


def test_a_doubt_is_told_live_once_and_in_any_blocks(
    doubtful: Samples, told_of_doubt: dict[bool, ih.SetResult]
) -> None:
    whole = told_of_doubt[True]
    for size in (37, 500):
        live = ih.LiveAnalysis(["sacrum"], exercise="rdl")
        events = [e for i in range(0, len(doubtful), size) for e in live.feed("sacrum", doubtful[i : i + size])]
        result = live.finish()
        told = [event for event in events if event.kind == "warning"]
        assert len(told) == 1
        assert "0.20 s too late" in told[0].message
        assert result.warnings == whole.warnings
        assert [rep.verdict for rep in result.lifts] == [rep.verdict for rep in whole.lifts]


@pytest.mark.parametrize("as_live", [False, True])
def test_what_is_refused_is_refused_in_both_modes(clean: Samples, as_live: bool) -> None:
    with pytest.raises(UnknownUnits, match="left-handed"):
        ih.analyze(alone(of(clean, gyr=np.negative)), exercise="rdl", as_live=as_live)


def test_live_says_nothing_of_a_clean_set_and_keeps_few_windows(clean: Samples) -> None:
    check = LiveCheck("sacrum", 100.0)
    for _ in range(8):  # ten minutes of sets
        check.take(clean.gyr, clean.acc, clean.flags)
    check.rest()
    assert check.finding is None
    assert len(check._kept.chosen) <= MOST_WINDOWS
    assert 0 < len(check._spans.chosen) <= MOST_SPANS


DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no real recordings at {DATA}")
def test_real_people_and_other_lifters_are_found_clean() -> None:
    with np.load(DATA / "trunkyxl_back_c7_t10_sacrum.npz", allow_pickle=False) as file:
        for start, stop in list(pairwise(file["offsets"]))[::3]:
            time_s = np.arange(stop - start) / 50.0
            assert self_check("sacrum", Samples(time_s, file["s2_acc"][start:stop], file["s2_gyr"][start:stop])) is None
    for path in sorted((DATA / "other_lifters").glob("*.npz"))[::4]:
        with np.load(path, allow_pickle=False) as file:
            told = self_check("t12", Samples(file["t12_time_s"], file["t12_acc"], file["t12_gyr"]))
        assert told is None, path.name


@pytest.mark.parametrize("as_live", [False, True])
def test_a_doubt_about_samples_in_memory_reaches_the_result(
    doubtful: Samples, told_of_doubt: dict[bool, ih.SetResult], as_live: bool
) -> None:
    doubts = check_recording(alone(doubtful)).warnings
    assert doubts
    assert set(doubts) <= set(told_of_doubt[as_live].warnings)


def test_no_references_are_learnt_from_a_doubt(doubtful: Samples) -> None:
    with pytest.raises(CalibrationError, match=r"recording in doubt.*0\.20 s too late.*one clock"):
        ih.calibrate(alone(doubtful), clean_hinge=[0])


@pytest.mark.parametrize("as_live", [False, True])
@pytest.mark.parametrize(
    ("stretch", "lag", "words"),
    [(1.25, 0, r"1\.(2|3)\d? times"), (0.8, 0, r"0\.(7|8)\d? times"), (1.0, 10, r"0\.(09|1|10|11) s too late")],
)
def test_a_rate_off_by_a_quarter_and_a_delay_of_a_tenth_are_told(
    clean: Samples, stretch: float, lag: int, words: str, as_live: bool
) -> None:
    late = axes(of(clean, time=stretch), gyr=np.roll(clean.gyr, lag, axis=0))
    told = ih.analyze(alone(late), exercise="rdl", as_live=as_live).warnings
    assert any(re.search(words, text) for text in told), told


def test_a_gain_is_measured_from_rest_to_rest(clean: Samples) -> None:
    spans = spans_of(steps_of(clean))
    gain = gain_of(spans)
    assert gain is not None
    assert abs(np.log(gain.factor)) < 3.0 * gain.sd < 0.15
    half = gain_of(spans_of(steps_of(of(clean, gyr=lambda g: g / 1.3))))
    assert half is not None
    assert half.factor == pytest.approx(1.3 * gain.factor, rel=0.03)


@pytest.mark.parametrize(
    ("gain", "is_range", "is_refused"),
    [
        (Gain(16.384 / 14.375, 0.01), True, False),
        (Gain(1.25, 0.02), False, False),
        (Gain(1.0 / 1.14, 0.01), False, False),
        (Gain(1.5, 0.02), False, True),
    ],
)
def test_a_range_taken_for_a_sensitivity_is_named(gain: Gain, is_range: bool, is_refused: bool) -> None:
    found = gain_finding("hip", gain)
    assert found is not None
    assert ("data sheet" in found.text) == is_range
    assert found.is_refused == is_refused
    assert f"multiply gyr by {gain.factor:.2f}" in found.text


@pytest.mark.parametrize("gain", [Gain(1.14, 0.02), Gain(0.9, 0.03), Gain(1.0, 0.01)])
def test_a_gain_that_may_be_a_sensors_own_is_not_told(gain: Gain) -> None:
    assert gain_finding("hip", gain) is None


def test_a_range_changed_on_the_way_is_refused(clean: Samples) -> None:
    gyr = clean.gyr.copy()
    gyr[: len(gyr) // 2] *= 2.0
    with pytest.raises(UnknownUnits, match=r"half of the recording only|changed on the way"):
        check_recording(alone(axes(clean, gyr=gyr)))


def test_a_delay_is_no_motion_of_the_body(clean: Samples) -> None:
    gyr, acc = windows(steps_of(clean))
    assert abs(delay_of(gyr, acc).late_s) < 0.015
    gyr, acc = windows(steps_of(axes(clean, gyr=np.roll(clean.gyr, -8, axis=0))))
    assert delay_of(gyr, acc).late_s == pytest.approx(-0.08, abs=0.02)
