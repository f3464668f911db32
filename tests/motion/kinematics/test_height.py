"""Hold the height of a sensor to a known travel, with bias, blows and rests that are none."""

import numpy as np
import pytest

from imu_hinge.conventions import GRAVITY_MPS2, Flag
from imu_hinge.model import Array, Region
from imu_hinge.motion.kinematics.track import Track, turned
from imu_hinge.motion.kinematics.vertical_acceleration import resting_bias, rise_between, shock_together
from imu_hinge.motion.kinematics.vertical_displacement import vertical_motion

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
    stationary = np.zeros(n, dtype=bool)
    for r in rests:
        stationary[r.part] = True
    return Track(np.arange(n) / RATE_HZ, up, acc, np.zeros((n, 3)), stationary, np.zeros(n, dtype=np.uint16))


@pytest.mark.parametrize("bias", [(0.0, 0.0, 0.0), (0.1, -0.1, 0.2), (0.0, 0.0, -0.3)])
def test_a_known_drop_comes_back_whatever_the_bias(bias: tuple[float, float, float]) -> None:
    height, acceleration, rests, level = dips()
    upright = np.zeros(acceleration.size)
    travel = vertical_motion(track_of(acceleration, rests, bias=bias), upright, still=rests, level=level)
    assert np.abs(travel.height_m - height).max() < 0.012
    assert np.mean(np.abs(travel.height_m - height) < 1.96 * travel.height_sd_m) > 0.9


def test_a_impact_does_not_move_the_height() -> None:
    height, acceleration, rests, level = dips()
    upright = np.zeros(acceleration.size)
    blown = acceleration.copy()
    time_s = np.arange(30) / RATE_HZ
    for r in rests:
        if height[r.start] < -0.1:
            blown[r.start - 5 : r.start + 25] += 15.0 * np.exp(-time_s / 0.04) * np.sin(2 * np.pi * 22.0 * time_s)
    rung = vertical_motion(track_of(blown, rests), upright, still=rests, level=level)
    assert np.abs(rung.height_m - height).max() < 0.03


def test_a_rest_that_the_integral_contradicts_is_not_believed() -> None:
    height, acceleration, rests, level = dips()
    upright = np.zeros(acceleration.size)
    moving = Region(rests[0].stop + 55, rests[0].stop + 66)  # in mid-dip, at its fastest
    assert abs(np.gradient(height)[moving.start] * RATE_HZ) > 0.3
    misled = vertical_motion(track_of(acceleration, rests), upright, still=sorted([*rests, moving]), level=level)
    assert np.abs(misled.height_m - height).max() < 0.05


def leaning(height: Array, acceleration: Array, *, bias: Array, scale: Array) -> tuple[Track, Array]:
    """Return the track of a sensor that leans by 60 degrees as it dips, with constant errors, and its lean."""
    n, inclination = height.size, np.radians(60.0) * -height / DROP_M
    up = np.column_stack([-np.sin(inclination), np.zeros(n), np.cos(inclination)])
    acc = up * (GRAVITY_MPS2 + acceleration)[:, None] * (1.0 + scale) + bias
    gyr = np.column_stack([0 * inclination, np.gradient(inclination) * RATE_HZ, 0 * inclination])
    stationary = np.abs(gyr[:, 1]) < 1e-9
    return Track(np.arange(n) / RATE_HZ, up, acc, gyr, stationary, np.zeros(n, dtype=np.uint16)), inclination


def test_a_sensor_that_inclinations_tells_its_bias_and_its_scale_by_all_lockouts_together() -> None:
    """Without a single rest at the bottom, where another axis is upright."""
    height, acceleration, rests, level = dips(5)
    track, inclination = leaning(
        height, acceleration, bias=np.array([0.25, 0.0, -0.15]), scale=np.array([0.01, 0.0, -0.01])
    )
    standing = [r for r in rests if height[r.start] > -0.01]
    travel = vertical_motion(track, inclination, still=standing, level=level)
    off = travel.height_m - height
    assert np.abs(off).max() < 0.02
    assert np.mean(np.abs(off) < 1.96 * travel.height_sd_m) > 0.9


def test_who_inclinations_back_at_lockout_is_not_taken_to_be_at_standing_height() -> None:
    height, acceleration, rests, level = dips()
    inclination = np.zeros(height.size)
    inclination[rests[2].start - 1 : rests[2].stop + 1] = np.radians(-12.0)
    track = track_of(acceleration, rests)
    free = vertical_motion(track, inclination, still=rests, level=level).height_sd_m[rests[2].start]
    held = vertical_motion(track, 0.0 * inclination, still=rests, level=level).height_sd_m[rests[2].start]
    assert free > 1.5 * held


def test_a_rest_in_which_the_sensor_turns_tells_its_speed_less() -> None:
    """Half a metre from the joint, a turn of 0.3 rad/s is a speed of 15 cm/s; none is left without a turn."""
    _, acceleration, rests, level = dips()
    upright, at = np.zeros(acceleration.size), (rests[1].start + rests[1].stop) // 2
    sd = {}
    for rate in (0.0, 1e-3, 0.3):
        track = track_of(acceleration, rests)
        track.gyr[rests[1].part, 1] = rate
        few = {"still": [rests[0], rests[1], rests[-1]], "level": [level[0], level[-1]]}
        sd[rate] = vertical_motion(track, upright, **few).height_sd_m[at]
    assert sd[1e-3] == pytest.approx(sd[0.0], rel=0.01)
    assert sd[0.3] > 1.1 * sd[0.0]


def test_a_height_gone_astray_comes_back_at_the_next_standing() -> None:
    height, acceleration, rests, level = dips(5)
    upright = np.zeros(acceleration.size)
    pushed = acceleration.copy()
    at = rests[1].stop + 20
    pushed[at : at + 20] += 2.0  # 0.4 m/s that nobody moved with
    travel = vertical_motion(track_of(pushed, rests), upright, still=rests, level=level)
    assert np.abs(travel.height_m - height)[at:].max() > 0.1  # or the test would show nothing
    assert np.abs(travel.height_m - height)[-100:].max() < 0.03


def test_a_sensor_with_too_few_samples_a_second_does_not_tell_its_height() -> None:
    _, acceleration, rests, level = dips()
    upright = np.zeros(acceleration.size)
    track = track_of(acceleration, rests)
    track.flags[np.arange(len(track)) % 8 > 0] |= np.uint16(Flag.UNEVEN)
    assert track.sampled_hz == pytest.approx(12.5, abs=0.1)
    assert np.isnan(vertical_motion(track, upright, still=rests, level=level).height_m).all()


def test_the_calmer_sensor_tells_a_impact() -> None:
    rng = np.random.default_rng(2)
    _, acceleration, rests, _ = dips()
    calm, loose = track_of(acceleration, rests), track_of(acceleration, rests)
    loose.acc[:] += rng.normal(0.0, 0.4, loose.acc.shape)
    calm.acc[150, 2] += 1.0
    loose.acc[150, 2] += 1.0
    together = shock_together([calm, loose])
    assert np.argmax(together) == pytest.approx(150, abs=4)
    assert together[150] > 5.0 * np.median(together)
    assert np.median(together) < 0.5 * np.median(shock_together([loose]))


def test_a_turn_about_the_vertical_is_told_and_a_bend_is_none() -> None:
    n = 300
    inclination = np.radians(60.0) * np.sin(np.linspace(0.0, np.pi, n)) ** 2
    up = np.column_stack([-np.sin(inclination), np.zeros(n), np.cos(inclination)])
    rate = np.gradient(inclination) * RATE_HZ
    still, flags = np.zeros(n, dtype=bool), np.zeros(n, dtype=np.uint16)
    bend = Track(
        np.arange(n) / RATE_HZ, up, up * GRAVITY_MPS2, np.column_stack([0 * rate, rate, 0 * rate]), still, flags
    )
    assert np.abs(turned(bend)).max() < 1e-9
    turning = Track(bend.time_s, up, bend.acc, bend.gyr + 0.1 * up, still, flags)
    assert turned(turning)[-1] == pytest.approx(0.1 * n / RATE_HZ)


def test_without_a_level_nothing_is_known() -> None:
    _, acceleration, rests, _ = dips()
    upright = np.zeros(acceleration.size)
    travel = vertical_motion(track_of(acceleration, rests), upright, still=rests, level=[])
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
