"""Slips, zeros and rests of sensors whose every angle is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imu_hinge.conventions import GRAVITY_MPS2
from imu_hinge.model import Array, Region
from imu_hinge.motion.kinematics.standing import (
    Slip,
    Standing,
    find_slips,
    lower_than_near,
    mean_direction,
    standing_apart,
    standing_at,
    zero_offset,
)
from imu_hinge.motion.kinematics.track import Track, across_gaps, shock, stationary, stills, up_in_sensor
from imu_hinge.motion.kinematics.vertical_acceleration import resting_bias
from imu_hinge.settings import AlignmentSettings, Settings, StillnessSettings

RATE_HZ = 100.0
SETTINGS = AlignmentSettings()
STILLNESS = StillnessSettings()
DEG = math.radians(1.0)


def standing_of(*where: tuple[int, int]) -> Standing:
    return Standing(np.array([0.0, 0.0, 1.0]), tuple(Region(*w) for w in where), 0.0)


THREE = standing_of((0, 400), (600, 1000), (1200, 1600))
"""Stretches of 4 s with 2 s between them."""


def held(*deg: float, standing: Standing = THREE) -> Array:
    """Return an inclination that is so much in each stretch and 40 degrees between them. (n,) [rad]."""
    inclination = np.full(standing.where[-1].stop, 40.0 * DEG)
    for where, value in zip(standing.where, deg, strict=True):
        inclination[where.part] = value * DEG
    return inclination


@pytest.mark.parametrize(
    ("deg", "slips"),
    [
        ((0.0, 0.0, 5.0), [(Region(1000, 1200), 5.0)]),
        ((0.0, 0.0, 4.0), []),
        ((0.0, -6.0, -6.0), [(Region(400, 600), -6.0)]),
        ((5.0, 5.0, 0.0), [(Region(1000, 1200), -5.0)]),
    ],
)
def test_a_lasting_step_of_standing_above_four_and_a_half_degrees_is_a_slip(
    deg: tuple[float, ...], slips: list[tuple[Region, float]]
) -> None:
    found = find_slips(held(*deg), THREE, RATE_HZ, SETTINGS)
    assert [slip.where for slip in found] == [where for where, _ in slips]
    assert [slip.jump_rad / DEG for slip in found] == pytest.approx([jump for _, jump in slips])


def test_a_lockout_that_leans_back_is_no_slip() -> None:
    standing = standing_of((0, 400), (600, 650), (800, 850), (1000, 1400))
    assert find_slips(held(0.0, -9.0, -9.0, 0.0, standing=standing), standing, RATE_HZ, SETTINGS) == []
    assert len(find_slips(held(0.0, 0.0, 7.0, 7.0, standing=standing), standing, RATE_HZ, SETTINGS)) == 1


@pytest.mark.parametrize("after", range(1, 8))
def test_a_slip_lies_between_the_two_stretches_that_it_parts(after: int) -> None:
    """Eight stretches: standing at both ends, lockouts between them; half of a side does not move its median."""
    edges = [0, 400, *(i for k in range(6) for i in (600 + 200 * k, 650 + 200 * k)), 1800, 2200]
    standing = standing_of(*zip(edges[::2], edges[1::2], strict=True))
    inclination = held(*np.where(np.arange(8) < after, 0.0, 8.0), standing=standing)
    (slip,) = find_slips(inclination, standing, RATE_HZ, SETTINGS)
    assert slip.where == Region(standing.where[after - 1].stop, standing.where[after].start)
    assert slip.jump_rad / DEG == pytest.approx(8.0)


def test_where_only_lockouts_are_on_one_side_nothing_slipped_between() -> None:
    standing = standing_of((150, 200), (400, 800), (1000, 1400))
    (slip,) = find_slips(held(-1.0, 0.0, 6.0, standing=standing), standing, RATE_HZ, SETTINGS)
    assert (slip.where, slip.jump_rad / DEG) == (Region(800, 1000), pytest.approx(6.0))


def test_between_slips_standing_is_zero_and_without_any_nothing_is_taken_off() -> None:
    inclination = held(1.0, 1.0, 9.0)
    assert not zero_offset(inclination, THREE, [], RATE_HZ).any()
    offset = zero_offset(inclination, THREE, [Slip(Region(1000, 1200), 8.0 * DEG)], RATE_HZ)
    np.testing.assert_allclose(offset[:1100] / DEG, 1.0, atol=1e-9)  # to the middle of the slip
    np.testing.assert_allclose(offset[1100:] / DEG, 9.0, atol=1e-9)


@pytest.mark.parametrize(
    ("deg", "apart_deg"),
    [((0.0, 0.0, 0.0), 0.0), ((1.0, -1.0, 1.0), math.sqrt(1.5)), ((3.0, 0.0, 0.0), math.sqrt(4.5))],
)
def test_standing_that_differs_is_told_by_its_standard_deviation(deg: tuple[float, ...], apart_deg: float) -> None:
    assert standing_apart(held(*deg), THREE, RATE_HZ) / DEG == pytest.approx(apart_deg)


def test_lockouts_say_nothing_of_how_far_standing_is_apart() -> None:
    standing = standing_of((0, 400), (600, 650), (1000, 1400))  # the middle one lasts half a second
    assert standing_apart(held(1.0, 9.0, -1.0, standing=standing), standing, RATE_HZ) / DEG == pytest.approx(
        math.sqrt(2)
    )
    only = standing_of((0, 400))
    assert standing_apart(held(3.0, standing=only), only, RATE_HZ) == 0.0


def track_of(height_m: Array, *, gyr: Array | None = None, bias: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Track:
    """Return the track of an upright sensor at a height over time."""
    n = len(height_m)
    acc = np.zeros((n, 3))
    acc[:, 2] = GRAVITY_MPS2 + np.gradient(np.gradient(height_m)) * RATE_HZ**2
    return Track(
        time_s=np.arange(n) / RATE_HZ,
        up_s=np.tile([0.0, 0.0, 1.0], (n, 1)),
        acc=acc + bias,
        gyr=np.zeros((n, 3)) if gyr is None else gyr,
        is_stationary=np.ones(n, dtype=bool),
        flags=np.zeros(n, dtype=np.uint16),
    )


def smoothly(n: int, *, start: int, stop: int, by_m: float) -> Array:
    phase = np.clip((np.arange(n) - start) / (stop - start), 0.0, 1.0)
    return np.asarray(by_m * (phase - np.sin(2.0 * np.pi * phase) / (2.0 * np.pi)))


@pytest.mark.parametrize(("drop_m", "is_low"), [(0.10, True), (0.06, False)])
def test_a_rest_that_is_lower_than_one_close_by_is_low(drop_m: float, is_low: bool) -> None:
    height = smoothly(1000, start=320, stop=480, by_m=-drop_m) + smoothly(1000, start=620, stop=780, by_m=drop_m)
    where = [Region(0, 300), Region(500, 600), Region(800, 1000)]
    track = track_of(height)
    assert lower_than_near(track, where, least_m=0.08, joined_s=6.0) == [False, is_low, False]
    assert lower_than_near(track, where, least_m=0.08, joined_s=1.9) == [False, False, False]  # too far apart
    assert lower_than_near(track, where, least_m=0.08, joined_s=2.0) == [False, is_low, False]


def test_standing_is_where_the_other_sensor_says_and_this_one_rests() -> None:
    track = track_of(np.zeros(1000))
    track.is_stationary[100:200] = False
    found = standing_at((Region(50, 250), Region(500, 530)), track, Settings())
    assert found.where == (Region(50, 100), Region(200, 250))  # 0.35 s at least


def test_a_mean_direction_is_a_unit_vector() -> None:
    np.testing.assert_allclose(
        mean_direction(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]])), np.array([1, 0, 2]) / 5**0.5
    )


@pytest.mark.parametrize(
    ("turning_deg_s", "force_off_mps2", "is_steady"),
    [(11.0, 0.0, True), (13.0, 0.0, False), (0.0, 0.9, True), (0.0, -0.9, True), (0.0, 1.1, False), (0.0, -1.1, False)],
)
def test_stationary_is_slow_and_as_heavy_as_gravity(
    turning_deg_s: float, force_off_mps2: float, is_steady: bool
) -> None:
    acc, gyr = np.zeros((200, 3)), np.zeros((200, 3))
    acc[:, 1], gyr[:, 0] = GRAVITY_MPS2 + force_off_mps2, turning_deg_s * DEG
    assert bool(stationary(acc, gyr, RATE_HZ, STILLNESS).all()) == is_steady


@pytest.mark.parametrize(("apart_mps2", "is_steady"), [(0.35, True), (0.45, False)])
def test_stationary_is_as_heavy_as_the_sensor_s_other_rests(apart_mps2: float, is_steady: bool) -> None:
    acc = np.zeros((600, 3))
    acc[:, 2] = GRAVITY_MPS2
    acc[400:, 2] += apart_mps2
    found = stationary(acc, np.zeros((600, 3)), RATE_HZ, STILLNESS)
    assert found[:300].all()
    assert bool(found[450:].all()) == is_steady
    assert bool(found[450:].any()) == is_steady


def test_stationary_does_not_shake() -> None:
    acc = np.zeros((400, 3))
    acc[:, 2] = GRAVITY_MPS2
    acc[200:, 2] += 0.7 * np.where(np.arange(200) % 2, 1.0, -1.0)
    found = stationary(acc, np.zeros((400, 3)), RATE_HZ, STILLNESS)
    assert found[:150].all()
    assert not found[250:].any()


def test_quiet_stretches_last_a_third_of_a_second() -> None:
    track = track_of(np.zeros(300))
    track.is_stationary[:] = False
    track.is_stationary[10:44] = True  # 34 samples
    track.is_stationary[100:135] = True
    assert stills(track, STILLNESS) == [Region(100, 135)]


def test_a_shock_is_shown_thirty_milliseconds_around_it() -> None:
    acc = np.zeros((200, 3))
    acc[:, 2] = GRAVITY_MPS2
    acc[100, 0] = 12.0
    found = shock(acc, RATE_HZ)
    width = 6
    assert found[100] == pytest.approx(12.0 * (1.0 - 1.0 / width), rel=0.05)
    assert found[97] == pytest.approx(found[100])
    assert found[103] == pytest.approx(found[100])
    assert found[[90, 110]] == pytest.approx(0.0, abs=1e-9)


def test_up_is_the_third_row_of_the_rotation() -> None:
    rng = np.random.default_rng(1)
    w, x, y, z = q = rng.normal(size=4)
    q = q / np.sqrt(q @ q)
    w, x, y, z = q
    expected = [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)]
    np.testing.assert_allclose(up_in_sensor(q[None]), [expected])


def test_over_a_gap_goes_a_straight_line() -> None:
    values = np.array([1.0, 99.0, 99.0, 99.0, 5.0])
    gap = np.array([False, True, True, True, False])
    np.testing.assert_allclose(across_gaps(values, gap), [1.0, 2.0, 3.0, 4.0, 5.0])
    np.testing.assert_array_equal(across_gaps(values, np.ones(5, dtype=bool)), values)


def test_a_bias_along_gravity_is_found_and_one_across_it_is_not() -> None:
    found = resting_bias(track_of(np.zeros(3000), bias=(0.0, 0.0, 0.2)))
    weight = 98 / 0.05**2  # rests of 0.3 s: the prior hardly counts
    assert found[2] == pytest.approx(0.2 * weight / (weight + 1.0 / 0.3**2), rel=1e-6)
    np.testing.assert_allclose(found[:2], 0.0, atol=1e-9)


def test_a_rest_in_which_the_sensor_turns_tells_less_of_its_bias() -> None:
    gyr = np.zeros((160, 3))
    gyr[:, 0] = 0.2
    quick = resting_bias(track_of(np.zeros(160), gyr=gyr, bias=(0.0, 0.0, 0.2)))[2]
    weight = 4.0 / (0.05**2 + (0.6 * 0.2) ** 2)  # four rests of 30 samples
    assert quick == pytest.approx(0.2 * weight / (weight + 1.0 / 0.3**2), rel=1e-6)
