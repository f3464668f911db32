"""Hold a lag to what chance makes of unrelated shakes, and its sd to what is not known of a rate."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from imu_hinge.errors import ClocksApart
from imu_hinge.model import Array, Samples
from imu_hinge.motion.kinematics.clock_offset import clock_behind
from imu_hinge.motion.kinematics.clock_vibration import FAR_S, FINE_HZ, NOT_BY_CHANCE, standard_errors_ahead
from imu_hinge.signals import smooth

OTHERS = Path(__file__).resolve().parents[4] / "shared" / "data" / "other_lifters"


def shakes(rng: np.random.Generator, seconds: float = 20.0) -> Array:
    """Return noise between about 4 and 15 Hz in three axes. (n, 3)."""
    noise = rng.normal(size=(round((seconds + 2.0) * FINE_HZ), 3))
    fast = smooth(noise - smooth(noise, 25), 3)[100:-100]
    return np.asarray(fast / fast.std())


def best_lag_s(one: list[Array], other: list[Array]) -> float:
    """Return the lag of the largest sum of products along the spine, written as a loop."""
    reach = round(FAR_S * FINE_HZ)
    sums = [
        sum(float(a[reach:-reach, 2] @ b[reach + k : len(b) - reach + k, 2]) for a, b in zip(one, other, strict=True))
        for k in range(-reach, reach + 1)
    ]
    return (int(np.argmax(sums)) - reach) / FINE_HZ


def test_unrelated_shakes_have_no_lag_that_is_surely_the_best() -> None:
    told = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        one, other = [shakes(rng) for _ in range(2)], [shakes(rng) for _ in range(2)]
        told += standard_errors_ahead(one, other, best_lag_s(one, other), reach_s=FAR_S) > NOT_BY_CHANCE
    assert told <= 3  # one is expected


@pytest.mark.parametrize("lag_s", [-0.2, 0.0, 0.13])
def test_a_share_of_a_quarter_is_told(lag_s: float) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        both = [shakes(rng) for _ in range(3)]
        one = [np.sqrt(0.3) * x + np.sqrt(0.7) * shakes(rng) for x in both]
        other = [np.sqrt(0.3) * np.roll(x, round(lag_s * FINE_HZ), axis=0) + np.sqrt(0.7) * shakes(rng) for x in both]
        assert best_lag_s(one, other) == pytest.approx(lag_s, abs=0.011)
        assert standard_errors_ahead(one, other, lag_s, reach_s=FAR_S) > NOT_BY_CHANCE


def test_one_plate_is_one_observation() -> None:
    """It shakes both ten times as hard as all else, each in its own way."""
    rng = np.random.default_rng(4)
    one, other = [shakes(rng)], [shakes(rng)]
    time_s = np.arange(len(one[0])) / FINE_HZ - 10.0
    ring = np.exp(-np.abs(time_s) / 0.1)[:, None]
    one, other = (
        one[0] + 10.0 * ring * np.cos(50.0 * time_s)[:, None],
        other[0] + 10.0 * ring * np.cos(60.0 * time_s)[:, None],
    )
    lag_s = best_lag_s([one], [other])
    assert standard_errors_ahead([one], [other], lag_s, reach_s=FAR_S) < NOT_BY_CHANCE


def others() -> list[tuple[Samples, Samples]]:
    pairs = []
    for path in sorted(OTHERS.glob("*.npz")):
        with np.load(path, allow_pickle=False) as data:
            low, high = (Samples(*(data[f"{p}_{n}"] for n in ("time_s", "acc", "gyr"))) for p in ("sacrum", "t12"))
        pairs.append((low, high))
    return pairs


@pytest.mark.skipif(not OTHERS.is_dir(), reason="shared/data is not beside this clone")
def test_no_lag_and_rate_is_wrong_in_silence() -> None:
    """Half a second and 1 %, in sets of 20 to 60 s: the sd covers both ends, or nothing is told."""
    wrong = []
    for low, high in others():
        put_s = high.time_s * 1.01 + 0.5
        try:
            found = clock_behind(low, replace(high, time_s=put_s))
        except ClocksApart:
            continue
        assert found is not None
        error_s = np.abs(found.undone(put_s) - high.time_s)[[0, -1]].max()
        wrong.append(found.sd_s < 0.05 and error_s > 2.0 * found.sd_s)
    assert len(wrong) > 30
    assert not any(wrong)
