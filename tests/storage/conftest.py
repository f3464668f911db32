"""Samples of a sensor that bends forward and back about its y axis: computed, noise added, nobody measured."""

from collections.abc import Callable

import numpy as np
import pytest

from imu_hinge.model import Recording, Samples

MakeSamples = Callable[..., Samples]


def bending(*, seconds: float = 12.0, rate_hz: float = 100.0, seed: int = 0, noise: float = 1.0) -> Samples:
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    swing = 2 * np.pi * np.clip(time_s - 2.0, 0.0, None) / 4.0
    inclination, turn = 0.5 * (1 - np.cos(swing)), np.where(time_s > 2.0, 0.25 * np.pi * np.sin(swing), 0.0)
    still = np.zeros_like(time_s)
    acc = 9.81 * np.column_stack([-np.sin(inclination), still, np.cos(inclination)])
    acc += 0.2 * np.column_stack([np.gradient(turn, time_s), still, -(turn**2)])  # 0.2 m above the axis of the bend
    gyr = np.column_stack([still, turn, still])
    return Samples(
        time_s, acc + noise * 0.05 * rng.normal(size=acc.shape), gyr + noise * 0.01 * rng.normal(size=gyr.shape)
    )


@pytest.fixture(scope="session")
def make_samples() -> MakeSamples:
    return bending


@pytest.fixture(scope="session")
def two_sensors() -> Recording:
    return Recording({"sacrum": bending(seed=1), "t12": bending(seed=2)})
