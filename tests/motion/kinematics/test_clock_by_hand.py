"""How a sensor's motion is read for the sake of its clock: axes, force, motion, and what two have in common."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imu_hinge.model import Array, Samples
from imu_hinge.motion.kinematics.clock_lag import Behind, Worn, axes, gravity, motion, motions, rates

RATE_HZ = 100.0


def bent(*deg: float, still_s: float = 2.0, start_s: float = 0.0, turn: Array | None = None) -> Samples:
    """Return a sensor on a trunk that bends forward to the given depths, two seconds each. ``turn`` mounts it."""
    still = np.zeros(round(still_s * RATE_HZ))
    parts = [still]
    for depth in deg:
        parts += [np.radians(depth) * np.sin(np.linspace(0.0, np.pi, 200)) ** 2, still]
    inclination = np.concatenate(parts)
    up = np.stack([-np.sin(inclination), np.zeros_like(inclination), np.cos(inclination)], axis=1)
    gyr = np.zeros_like(up)
    gyr[:, 1] = np.gradient(inclination) * RATE_HZ
    mounted = np.eye(3) if turn is None else turn
    return Samples(start_s + np.arange(len(up)) / RATE_HZ, 9.81 * up @ mounted.T, gyr @ mounted.T)


def test_forward_left_and_up_are_found_however_a_sensor_is_mounted() -> None:
    for depths in ((60.0, 50.0), (60.0, -20.0)):  # bends forward are deeper than those back
        np.testing.assert_allclose(axes(bent(*depths)), np.eye(3), atol=0.02)
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    np.testing.assert_allclose(axes(bent(60.0, 50.0, turn=turn)) @ turn, np.eye(3), atol=0.02)


def test_up_is_where_the_force_points_over_half_a_second() -> None:
    samples = bent(60.0)
    found = gravity(samples)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0)
    np.testing.assert_allclose(found[300], samples.acc[275:325].mean(axis=0) / 9.81 / 0.97, atol=0.05)
    assert found[0] == pytest.approx([0.0, 0.0, 1.0])


def test_motion_is_turning_forward_and_the_size_of_the_force_without_their_means() -> None:
    samples = bent(60.0, 60.0, still_s=20.0)
    worn = Worn.of(samples)
    grid = np.arange(0.0, samples.time_s[-1], 0.05)
    found = motion(worn, grid)
    assert found.shape == (grid.size, 2)
    fastest = np.radians(60.0) * math.pi / 2.0  # of a bend of sin² in two seconds
    assert found[:, 0].max() == pytest.approx(fastest, rel=0.1)
    assert found[:, 0].min() == pytest.approx(-fastest, rel=0.1)
    np.testing.assert_allclose(found[:, 1], 0.0, atol=0.2)  # the force is gravity throughout
    assert grid[int(np.argmax(found[grid < 30.0, 0]))] == pytest.approx(20.5, abs=0.15)


def test_a_clock_that_is_behind_and_drifts_is_undone() -> None:
    behind = Behind(lag_s=0.5, drift=0.01, at_s=100.0)
    np.testing.assert_allclose(behind.undone(np.array([100.0, 200.0])), [99.5, 198.5])


def test_of_a_long_recording_the_ninety_seconds_that_move_most_are_looked_for() -> None:
    bends = (60.0,) * 8  # 34 s of bends, after three minutes of standing
    long = bent(*bends)
    still = bent(still_s=90.0)
    joined = Samples(
        np.arange(2 * len(still) + len(long)) / RATE_HZ,
        np.concatenate([still.acc, still.acc, long.acc]),
        np.concatenate([still.gyr, still.gyr, long.gyr]),
    )
    both = motions(Worn.of(joined), Worn.of(joined))
    assert both is not None
    assert len(both.one) == 90 * 20
    assert both.origin_s + 90.0 >= 180.0 + 32.0
    assert both.centre_s == pytest.approx(180.0 + 17.0, abs=1.0)
    short = motions(Worn.of(long), Worn.of(joined))
    assert short is not None
    assert len(short.one) == pytest.approx(34.0 * 20, abs=2)


@pytest.mark.parametrize(("start_s", "is_common"), [(300.0, True), (320.0, False), (-305.0, True), (-320.0, False)])
def test_clocks_are_no_more_than_five_minutes_apart(start_s: float, is_common: bool) -> None:
    first, second = bent(60.0, 50.0, 40.0), bent(60.0, 50.0, 40.0, start_s=start_s)  # 14 s each
    assert (motions(Worn.of(first), Worn.of(second)) is not None) == is_common


def test_rates_are_tried_up_to_four_and_a_half_percent_so_that_the_ends_move_by_a_twentieth_of_a_second() -> None:
    both = motions(Worn.of(bent(*(60.0,) * 10)), Worn.of(bent(*(60.0,) * 10)))
    assert both is not None
    found = rates(both)
    assert found.max() == pytest.approx(0.045, abs=0.002)
    assert found.min() == -found.max()
    assert np.diff(found)[0] * len(both.one) / 20.0 / 2.0 == pytest.approx(0.05)
