"""A sensor that is taken off in mid-session and strapped on again, otherwise: found, said, learned anew."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

import imu_hinge as ih
from imu_hinge import conventions as cv
from imu_hinge.analysis.offline import tracks_of
from imu_hinge.model import Array
from imu_hinge.motion.kinematics.remounting import as_mounted_first
from imu_hinge.motion.kinematics.track import Track, stationary, stills
from imu_hinge.settings import Settings
from imu_hinge.simulate.session import Simulated, simulate
from imu_hinge.simulate.spec import SetSpec

RATE_HZ = 100.0
IN_HAND_S = 15.0
SPEC = SetSpec(style="good_hinge", reps=3, before=(), after=())


@cache
def two_sets() -> tuple[Simulated, Simulated]:
    """Return two sets of one lifter, whose sensors sit differently; simulated."""
    first, again = (simulate(SPEC, seed=seed, placements=("sacrum", "t12"), rate_hz=RATE_HZ) for seed in (3, 4))
    return first, again


def in_the_hand(before: Array, after: Array, seed: int) -> tuple[Array, Array]:
    """Return what a sensor measures that is turned about in the hand, from one gravity to another. acc, gyr."""
    ends = [Rotation.align_vectors([end / np.linalg.norm(end)], [[0.0, 0.0, 1.0]])[0] for end in (before, after)]
    times = np.arange(round(IN_HAND_S * RATE_HZ)) / RATE_HZ
    keys = Rotation.concatenate([ends[0], Rotation.random(5, random_state=seed), ends[1]])
    course = Slerp(np.linspace(0.0, times[-1], len(keys)), keys)(times)
    rate = -(course[1:] * course[:-1].inv()).as_rotvec() * RATE_HZ
    noise = np.random.default_rng(seed).normal(0.0, 0.03, (len(times), 3))
    return course.apply([0.0, 0.0, cv.GRAVITY_MPS2]) + noise, np.vstack([rate, rate[-1:]])


def laid(taken_off: tuple[str, ...]) -> tuple[ih.Recording, float]:
    """Return both sets as one recording, and how much later the second one is; a sensor left on keeps its place."""
    first, again = two_sets()
    kept = simulate(SPEC, seed=4, placements=("sacrum", "t12"), sensors=first.sensors, rate_hz=RATE_HZ)
    sensors, later_s = {}, first.recording.sensors["t12"].time_s[-1] + IN_HAND_S + 3.0
    for at, placement in enumerate(("sacrum", "t12")):
        one = first.recording.sensors[placement]
        two = (again if placement in taken_off else kept).recording.sensors[placement]
        acc, gyr = in_the_hand(one.acc[-50:].mean(axis=0), two.acc[:50].mean(axis=0), seed=at)
        if placement not in taken_off:
            acc, gyr = np.tile(one.acc[-1], (len(acc), 1)), np.zeros_like(gyr)
        between_s = one.time_s[-1] + (1 + np.arange(len(acc))) / RATE_HZ
        columns = (np.vstack(parts) for parts in ((one.acc, acc, two.acc), (one.gyr, gyr, two.gyr)))
        sensors[placement] = ih.Samples(np.concatenate([one.time_s, between_s, two.time_s + later_s]), *columns)
    return ih.Recording(sensors, athlete=first.recording.athlete, is_simulated=True), float(later_s)


@pytest.mark.parametrize("taken_off", [("sacrum", "t12"), ("t12",), ("sacrum",)])
def test_both_sets_are_told_right_and_the_time_between_is_said(taken_off: tuple[str, ...]) -> None:
    recording, later_s = laid(taken_off)
    result = ih.analyze(recording)
    truth = [
        (rep.start_s + shift, rep)
        for one, shift in zip(two_sets(), (0.0, later_s), strict=True)
        for rep in one.truth.reps
    ]
    assert len(result.lifts) == len(truth) == 6
    for rep, (start_s, true) in zip(result.lifts, truth, strict=True):
        assert rep.start_s == pytest.approx(start_s, abs=0.5)
        assert rep.lumbar_flexion_peak_rad == pytest.approx(true.lumbar_flexion_peak_rad, abs=np.radians(5.0))
        assert rep.basis == "measured"
    said = [text for text in result.warnings if "was off the body" in text]
    assert sorted(text.split()[1] for text in said) == sorted(taken_off)
    off = np.abs(result.posture.time_s - (later_s - 3.0 - 0.5 * IN_HAND_S)) < 5.0
    assert (result.posture.flags[off] & cv.Flag.GAP).all()


def test_who_takes_nothing_off_keeps_the_very_same_tracks() -> None:
    tracks, _ = tracks_of(two_sets()[0].recording, Settings())
    turned, found = as_mounted_first(tracks, Settings())
    assert not found
    assert all(turned[placement] is track for placement, track in tracks.items())


def test_a_sensor_that_is_put_away_at_the_end_costs_nothing_before() -> None:
    recording, later_s = laid(("t12",))
    t12 = recording.sensors["t12"]
    stop = int(np.searchsorted(t12.time_s, later_s - 4.0))
    tracks, _ = tracks_of(
        ih.Recording({"t12": ih.Samples(t12.time_s[:stop], t12.acc[:stop], t12.gyr[:stop])}), Settings()
    )
    turned, found = as_mounted_first(tracks, Settings())
    assert not found
    assert turned["t12"] is tracks["t12"]


def test_a_wrist_that_goes_everywhere_was_not_strapped_on_again_and_again() -> None:
    rng, n = np.random.default_rng(0), 120_000
    postures = rng.normal(size=(n // 300 + 2, 3))  # another one every three seconds, held for one
    at, into = np.divmod(np.arange(n), 300)
    share = np.clip(into / 100.0 - 1.0, 0.0, 1.0)[:, None]
    postures /= np.linalg.norm(postures, axis=1)[:, None]
    up_s = postures[at] * (1.0 - share) + postures[at + 1] * share
    up_s /= np.linalg.norm(up_s, axis=1)[:, None]
    gyr = np.vstack([np.cross(up_s[:-1], up_s[1:]) * RATE_HZ, np.zeros((1, 3))])
    acc = up_s * cv.GRAVITY_MPS2 + rng.normal(0.0, 0.01, (n, 3))
    is_still = stationary(acc, gyr, RATE_HZ, Settings().stillness)
    wrist = Track(np.arange(n) / RATE_HZ, up_s, acc, gyr, is_still, np.zeros(n, np.uint16))
    assert len(stills(wrist, Settings().stillness)) > 300
    turned, found = as_mounted_first({"sacrum": wrist}, Settings())
    assert not found
    assert turned["sacrum"] is wrist
