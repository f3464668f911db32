"""Standing and mounting of a sensor whose every direction is known, however it is stuck on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_hinge.errors import MovedWhileStill
from imu_hinge.model import Array
from imu_hinge.motion.kinematics.alignment import find_mountings, sagittal_inclination, side_inclination
from imu_hinge.motion.kinematics.standing import find_standing
from imu_hinge.motion.kinematics.track import Track
from imu_hinge.settings import Settings

RATE_HZ = 100.0
STANDING_S, BEND_S = 3.0, 2.0


def bends(*deg: float) -> Array:
    """Return standing, then bends of the given depths, each followed by standing. (n,) [rad]."""
    still = np.zeros(round(STANDING_S * RATE_HZ))
    parts = [still]
    for depth in deg:
        parts += [np.radians(depth) * np.sin(np.linspace(0.0, np.pi, round(BEND_S * RATE_HZ))) ** 2, still]
    return np.concatenate(parts)


def track_of(forward_rad: Array, side_rad: Array | float = 0.0, *, mounting: Array | None = None) -> Track:
    """Return the track of a sensor on a segment inclined forward and to the left; ``mounting`` takes body to sensor."""
    n = len(forward_rad)
    side = np.broadcast_to(np.asarray(side_rad, dtype=float), (n,))
    # up, seen from the segment: it goes back as the segment goes forward, and to the right as it goes left
    up = np.stack([-np.sin(forward_rad) * np.cos(side), -np.sin(side), np.cos(forward_rad) * np.cos(side)], axis=1)
    rate = np.gradient(forward_rad, 1.0 / RATE_HZ)
    gyr = np.stack([np.zeros(n), rate, np.zeros(n)], axis=1)
    turn = np.eye(3) if mounting is None else mounting
    return Track(
        time_s=np.arange(n) / RATE_HZ,
        up_s=up @ turn.T,
        acc=9.80665 * up @ turn.T,
        gyr=gyr @ turn.T,
        is_stationary=np.abs(rate) + np.abs(np.gradient(side, 1.0 / RATE_HZ)) < 0.02,
        flags=np.zeros(n, dtype=np.uint16),
    )


def rotation(seed: int) -> Array:
    """Return a random rotation matrix."""
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0.0 else -q


@given(seed=st.integers(0, 10_000), depth=st.floats(25.0, 80.0))
@settings(max_examples=25, deadline=None)
def test_any_mounting_reads_the_same_inclination(seed: int, depth: float) -> None:
    forward = bends(depth, depth, depth)
    track = track_of(forward, mounting=rotation(seed))
    mountings, _ = find_mountings({"sacrum": track}, Settings())
    found = sagittal_inclination(track.up_s, mountings["sacrum"])
    np.testing.assert_allclose(found, forward, atol=1e-6)
    np.testing.assert_allclose(side_inclination(track.up_s, mountings["sacrum"]), 0.0, atol=1e-6)
    assert mountings["sacrum"].share == pytest.approx(1.0)


def test_forward_is_found_among_bends_to_both_sides() -> None:
    forward, side = bends(50.0, 0.0, 50.0, 0.0, 50.0), bends(0.0, 35.0, 0.0, -35.0, 0.0)
    track = track_of(forward, side, mounting=rotation(3))
    mountings, _ = find_mountings({"sacrum": track}, Settings())
    assert np.degrees(sagittal_inclination(track.up_s, mountings["sacrum"]).max()) == pytest.approx(50.0, abs=0.1)


@pytest.mark.parametrize("seconds", [1.0, 3.0])
def test_forward_is_where_the_trunk_goes_farther_however_long_it_leans_back(seconds: float) -> None:
    """A bow and three slower, shallower leans back: neither how many they are nor how long they take counts."""
    lean = np.radians(-35.0) * np.sin(np.linspace(0.0, np.pi, round(seconds * BEND_S * RATE_HZ))) ** 2
    forward = np.concatenate([bends(50.0), *[lean, bends()] * 3])
    track = track_of(forward, mounting=rotation(5))
    mountings, _ = find_mountings({"t12": track}, Settings())
    np.testing.assert_allclose(sagittal_inclination(track.up_s, mountings["t12"]), forward, atol=1e-4)


@pytest.mark.parametrize("aside_deg", [6.0, 10.0])
def test_the_share_is_that_of_the_common_axis(aside_deg: float) -> None:
    """Bends that go aside by turns, left and right: the share is what lies along their common direction."""
    forward = bends(50.0, 50.0, 50.0, 50.0)
    side = bends(aside_deg, -aside_deg, aside_deg, -aside_deg)
    track = track_of(forward, side)
    share = find_mountings({"sacrum": track}, Settings())[0]["sacrum"].share
    across = track.up_s[np.abs(track.up_s[:, 0]) > np.sin(np.radians(20.0))]
    expected = np.sum(across[:, 0] ** 2) / np.sum(across[:, 0] ** 2 + across[:, 1] ** 2)
    assert share == pytest.approx(expected, abs=0.02)
    assert share < 0.995


def test_who_inclinations_over_the_chalk_does_not_move_the_zero() -> None:
    chalk = np.concatenate([bends(), np.full(300, np.radians(12.0)), bends(50.0), bends(50.0), bends()])
    track = track_of(chalk)
    up = find_standing(track, Settings()).up_s
    assert np.degrees(np.arccos(np.clip(up[2], -1.0, 1.0))) < 0.5


def test_the_mean_of_standing_is_told_with_its_spread() -> None:
    sway = np.radians(1.0) * np.sin(np.arange(1500) / RATE_HZ * 2.0 * np.pi * 0.05)
    found = find_standing(track_of(sway), Settings())
    assert 0.2 < np.degrees(found.sd_rad) < 1.0
    assert np.degrees(find_standing(track_of(bends(50.0)), Settings()).sd_rad) < 0.01


def test_nobody_who_never_stands_still_is_aligned() -> None:
    moving = np.radians(30.0) * np.sin(np.arange(1000) / RATE_HZ * 2.0 * np.pi)
    with pytest.raises(MovedWhileStill, match="never held still"):
        find_standing(track_of(moving), Settings())


def test_before_the_first_bend_no_mounting_is_known() -> None:
    assert find_mountings({"sacrum": track_of(bends(5.0))}, Settings())[0] == {}


def test_a_pelvis_that_hardly_moves_is_aligned_by_the_bends_of_the_back_above_it() -> None:
    pelvis, trunk = bends(8.0, 8.0, 8.0), bends(60.0, 60.0, 60.0)  # alone 8 degrees tell no bend
    mounting = rotation(5)
    tracks = {"sacrum": track_of(pelvis, mounting=mounting), "t12": track_of(trunk)}
    mountings, _ = find_mountings(tracks, Settings())
    found = sagittal_inclination(tracks["sacrum"].up_s, mountings["sacrum"])
    np.testing.assert_allclose(found, pelvis, atol=1e-6)
