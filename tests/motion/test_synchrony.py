"""Hold clocks that differ to the jolts that all sensors feel: simulated ones by their truth, real ones by being one."""

from pathlib import Path

import numpy as np
import pytest

from imu_hinge.model import Array, Samples
from imu_hinge.motion.synchrony import clock_behind, in_step
from imu_hinge.simulate.session import random_set

RATE_HZ = 100.0
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def jolted(seconds: float = 40.0, *, seed: int = 1) -> Array:
    """Return a force that a step jolts about every half second, a plate now and then, and a slow movement."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(0.0, seconds, 0.001)
    force = 9.81 + 1.5 * np.sin(2.0 * np.pi * 0.4 * time_s)
    at_s = np.cumsum(rng.uniform(0.4, 0.6, int(seconds / 0.5)))
    for k, at in enumerate(at_s[at_s < seconds - 1.0]):
        size = 25.0 if k % 9 == 0 else rng.uniform(1.0, 3.0)
        force += size * np.exp(-((time_s - at) ** 2) / (2.0 * 0.02**2))
    return force


def sensor(force: Array, *, behind_s: float, drift: float = 0.0, seed: int = 2, rate_hz: float = RATE_HZ) -> Samples:
    """Return what a sensor reads of it whose clock is behind, turned anyhow."""
    rng = np.random.default_rng(seed)
    true_s = np.arange(0.5, force.size * 0.001 - 0.5, 1.0 / rate_hz)
    axis = rng.normal(size=3)
    read = np.interp(true_s, np.arange(force.size) * 0.001, force) + rng.normal(0.0, 0.05, true_s.size)
    acc = read[:, None] * axis / np.linalg.norm(axis)
    return Samples(true_s + behind_s + drift * true_s, acc, np.zeros((true_s.size, 3)))


@pytest.mark.parametrize("behind_s", [-0.08, 0.0, 0.033, 0.11])
@pytest.mark.parametrize("rate_hz", [50.0, 104.0, 200.0])
def test_jolts_tell_a_lag_to_milliseconds(behind_s: float, rate_hz: float) -> None:
    force = jolted()
    found = clock_behind(sensor(force, behind_s=0.0), sensor(force, behind_s=behind_s, seed=3, rate_hz=rate_hz))
    assert found is not None
    assert found.lag_s == pytest.approx(behind_s, abs=0.003)
    assert found.drift == 0.0


def test_a_drift_is_told_over_many_windows_and_taken_out() -> None:
    force = jolted(400.0)
    first, second = sensor(force, behind_s=0.0), sensor(force, behind_s=0.02, drift=1.5e-4, seed=3)
    found = clock_behind(first, second)
    assert found is not None
    assert found.drift == pytest.approx(1.5e-4, abs=1.5e-5)
    moved, lags = in_step({"sacrum": first, "t12": second})[:2]
    assert lags == {"t12": pytest.approx(0.05, abs=0.003)}
    assert np.abs(moved["t12"].time_s - first.time_s).max() < 0.005
    assert moved["sacrum"] is first


def test_the_sensor_that_is_ahead_is_believed() -> None:
    force = jolted()
    first, second = sensor(force, behind_s=0.04), sensor(force, behind_s=0.0, seed=3)
    moved, lags = in_step({"sacrum": first, "t12": second})[:2]
    assert lags == {"sacrum": pytest.approx(0.04, abs=0.003)}
    assert moved["t12"] is second


def test_different_jolts_tell_nothing_and_move_nothing() -> None:
    first, second = sensor(jolted(), behind_s=0.0), sensor(jolted(seed=7), behind_s=0.05, seed=3)
    assert clock_behind(first, second) is None
    assert in_step({"sacrum": first, "t12": second})[0] == {"sacrum": first, "t12": second}


@pytest.mark.parametrize("seconds", [1.2, 3.0])
def test_too_little_tells_nothing(seconds: float) -> None:
    force = jolted(seconds)
    assert clock_behind(sensor(force, behind_s=0.0), sensor(force, behind_s=0.0)) is None


def test_a_dead_channel_tells_nothing() -> None:
    force = jolted()
    dead = Samples(np.arange(3000) / RATE_HZ, np.tile([0.0, 0.0, 9.81], (3000, 1)), np.zeros((3000, 3)))
    assert clock_behind(sensor(force, behind_s=0.0), dead) is None


def test_simulated_sets_come_into_step() -> None:
    """Twelve sets of every exercise, as cheap sensors see them: half a set's clocks differ by more than 10 ms."""
    off_s, as_they_come_s = [], []
    for seed in range(900, 912):
        made = random_set(seed, placements=("sacrum", "t12"))
        pelvis, back = (made.sensors[p] for p in ("sacrum", "t12"))
        middle_s = 0.5 * float(made.truth.time_s[-1])
        true_s = back.clock_offset_s - pelvis.clock_offset_s
        true_s -= 1e-6 * (back.clock_ppm - pelvis.clock_ppm) * middle_s
        found = clock_behind(made.recording.sensors["sacrum"], made.recording.sensors["t12"])
        as_they_come_s.append(abs(true_s))
        if found is not None:
            off_s.append(abs(found.lag_s - true_s))
    assert len(off_s) >= 9
    assert max(off_s) < 0.008 < np.sqrt(np.mean(np.square(as_they_come_s)))


def test_sensors_of_one_real_recorder_are_in_step_already() -> None:
    path = DATA / "qmt_trunk" / "full_body_trunk.npz"
    if not path.exists():
        pytest.skip("../shared/data is not here: real recordings are read in place")
    data = np.load(path, allow_pickle=False)
    low, high = (Samples(data["t"], data[f"{p}_back_acc"], data[f"{p}_back_gyr"]) for p in ("lower", "upper"))
    found = clock_behind(low, high)
    assert found is not None
    assert abs(found.lag_s) < 0.005
    late = Samples(high.time_s + 0.04, high.acc, high.gyr)
    assert in_step({"sacrum": low, "t12": late})[1]["t12"] == pytest.approx(0.04, abs=0.005)
