"""Hold the height of a sensor to a known travel, with bias, blows and rests that are none."""

import numpy as np
import pytest

from imu_hinge.conventions import GRAVITY_MPS2
from imu_hinge.model import Array, Region
from imu_hinge.motion.displacement import rise_between
from imu_hinge.motion.height import resting_bias, vertical_motion
from imu_hinge.motion.tracks import Track

RATE_HZ = 100.0
DROP_M = 0.25


def dips(count: int = 3) -> tuple[Array, Array, list[Region], list[int]]:
    """Return height, acceleration, rests and level instants of a sensor that dips and rests at the bottom each time."""
    u = np.linspace(0.0, 1.0, 121)
    step = 10 * u**3 - 15 * u**4 + 6 * u**5
    stand, rest = np.zeros(200), np.full(80, -DROP_M)
    height = np.concatenate([stand, *([-DROP_M * step, rest, -DROP_M * (1 - step), np.zeros(60)] * count), stand])
    acceleration = np.gradient(np.gradient(height)) * RATE_HZ**2
    is_rest = np.abs(np.gradient(height)) < 1e-9
    edges = np.flatnonzero(np.diff(np.concatenate(([0], is_rest.astype(int), [0]))))
    rests = [Region(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 30]
    level = [r.start for r in rests if height[r.start] > -0.01] + [r.stop - 1 for r in rests if height[r.start] > -0.01]
    return height, acceleration, rests, sorted(level)


def track_of(acceleration: Array, rests: list[Region], *, bias: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Track:
    """Return an upright sensor's track; bias in m/s², sensor frame."""
    n = acceleration.size
    up = np.tile([0.0, 0.0, 1.0], (n, 1))
    acc = up * (GRAVITY_MPS2 + acceleration)[:, None] + np.array(bias)
    acc = acc + np.random.default_rng(1).normal(0.0, 0.02, acc.shape)
    quiet = np.zeros(n, dtype=bool)
    for r in rests:
        quiet[r.part] = True
    return Track(np.arange(n) / RATE_HZ, up, acc, np.zeros((n, 3)), quiet, np.zeros(n, dtype=np.uint16))


@pytest.mark.parametrize("bias", [(0.0, 0.0, 0.0), (0.1, -0.1, 0.2), (0.0, 0.0, -0.3)])
def test_a_known_drop_comes_back_whatever_the_bias(bias: tuple[float, float, float]) -> None:
    height, acceleration, rests, level = dips()
    travel = vertical_motion(track_of(acceleration, rests, bias=bias), still=rests, level=level)
    assert np.abs(travel.height_m - height).max() < 0.012
    assert np.mean(np.abs(travel.height_m - height) < 1.96 * travel.height_sd_m) > 0.9


def test_a_blow_does_not_move_the_height() -> None:
    height, acceleration, rests, level = dips()
    blown = acceleration.copy()
    time_s = np.arange(30) / RATE_HZ
    for r in rests:
        if height[r.start] < -0.1:
            blown[r.start - 5 : r.start + 25] += 15.0 * np.exp(-time_s / 0.04) * np.sin(2 * np.pi * 22.0 * time_s)
    rung = vertical_motion(track_of(blown, rests), still=rests, level=level)
    assert np.abs(rung.height_m - height).max() < 0.03


def test_a_rest_that_the_integral_contradicts_is_not_believed() -> None:
    height, acceleration, rests, level = dips()
    moving = Region(rests[0].stop + 55, rests[0].stop + 66)  # in mid-dip, at its fastest
    assert abs(np.gradient(height)[moving.start] * RATE_HZ) > 0.3
    misled = vertical_motion(track_of(acceleration, rests), still=sorted([*rests, moving]), level=level)
    assert np.abs(misled.height_m - height).max() < 0.05


def test_without_a_level_nothing_is_known() -> None:
    _, acceleration, rests, _ = dips()
    travel = vertical_motion(track_of(acceleration, rests), still=rests, level=[])
    assert np.isnan(travel.height_m).all()
    assert np.isnan(travel.height_sd_m).all()


def test_the_bias_along_gravity_is_found_at_rest() -> None:
    _, acceleration, rests, _ = dips()
    found = resting_bias(track_of(acceleration, rests, bias=(0.0, 0.0, 0.2)))
    assert found[2] == pytest.approx(0.2, abs=0.02)


def test_the_rise_between_two_rests_has_its_sign() -> None:
    _, acceleration, rests, _ = dips(1)
    track = track_of(acceleration, rests, bias=(0.0, 0.0, 0.2))
    assert rise_between(track, rests[0], rests[1]) == pytest.approx(-DROP_M, abs=0.01)
    assert rise_between(track, rests[1], rests[2]) == pytest.approx(DROP_M, abs=0.01)
