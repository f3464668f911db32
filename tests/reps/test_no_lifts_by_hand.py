"""What is no lift: seats, jumps and heights that no legs allow, on both sides of every threshold."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hand_made import RATE_HZ, made_bend, posture_of

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.model import Array, Posture
from imu_hinge.reps.bends import Bend
from imu_hinge.reps.no_lifts import (
    JUMPING,
    NO_TRUNK,
    comes_up_between,
    is_too_far,
    leaves_ground,
    no_lift,
    sits,
    without_no_lifts,
)
from imu_hinge.reps.seats import SITTING, has_seat_inside, net_rise_m, one_way

ATHLETE = Athlete(height_m=1.75)
N = 401
WHOLE = slice(0, N)


def moving(
    *, inclination_deg: Array | float = 0.0, height_m: Array | float = 0.0, speed_mps: Array | float = 0.0, n: int = N
) -> Posture:
    def column(value: Array | float) -> Array:
        return np.broadcast_to(np.asarray(value, dtype=float), (n,)).copy()

    posture = posture_of(np.zeros((n, 5)), height_m=column(height_m))
    return replace(posture, inclination_rad=np.radians(column(inclination_deg)), speed_mps=column(speed_mps))


def seat(depth_m: float) -> Array:
    """Return hips that go down within a second, stay for two and come up. (n,) [m]."""
    return np.interp(np.arange(N), [0, 100, 300, 400], [0.0, -depth_m, -depth_m, 0.0])


def rocking(up_to_deg: float, *, leans_deg: float = 45.0) -> Array:
    """Return a trunk that leans, comes up while the hips are low, and leans again. (n,) [degrees]."""
    return np.interp(np.arange(N), [0, 90, 200, 310, 400], [0.0, leans_deg, up_to_deg, leans_deg, 0.0])


@pytest.mark.parametrize(
    ("height", "inclination", "expected"),
    [
        (seat(0.35), rocking(5.0), True),
        (seat(0.35), rocking(14.0), True),
        (seat(0.35), rocking(16.0), False),  # who squats leans by more
        (seat(0.35), rocking(5.0, leans_deg=23.0), False),  # 18 degrees less: the feet can carry that
        (seat(0.35), rocking(5.0, leans_deg=30.0), True),
        (seat(0.13), rocking(5.0), True),
        (seat(0.11), rocking(5.0), False),  # no seat
        (seat(0.72), rocking(5.0), True),
        (seat(0.75), rocking(5.0), False),  # no pelvis: 0.42 of 1.75 m
        (seat(0.35), np.interp(np.arange(N), [0, 200, 400], [0.0, 60.0, 0.0]), False),
    ],
)
def test_who_comes_up_while_the_hips_are_low_sits(height: Array, inclination: Array, expected: bool) -> None:
    assert sits(moving(inclination_deg=inclination, height_m=height), WHOLE, ATHLETE) == expected


def test_hips_of_unknown_height_do_not_sit() -> None:
    height = seat(0.35)
    height[7] = np.nan
    assert not sits(moving(inclination_deg=rocking(5.0), height_m=height), WHOLE, ATHLETE)


@pytest.mark.parametrize(
    ("height_m", "expected"),
    [(0.31, False), (0.33, True), (-0.74, False), (-0.77, True)],  # beyond two deviations of 1 cm
)
def test_legs_allow_no_more_than_some_heights(height_m: float, expected: bool) -> None:
    assert is_too_far(moving(height_m=seat(-height_m)), WHOLE, ATHLETE) == expected


@pytest.mark.parametrize(("up_to_deg", "leans_deg", "expected"), [(5, 45, True), (16, 45, False), (5, 24, False)])
def test_a_trunk_that_comes_up_between_two_leans(up_to_deg: float, leans_deg: float, expected: bool) -> None:
    assert comes_up_between(np.radians(rocking(up_to_deg, leans_deg=leans_deg))) == expected


def test_a_trunk_that_leans_once_does_not_come_up_between() -> None:
    assert not comes_up_between(np.radians(np.interp(np.arange(N), [0, 200, 400], [0.0, 60.0, 0.0])))
    assert not comes_up_between(np.radians(np.linspace(60.0, 0.0, N)))


def falling(acceleration_mps2: float, flight_s: float, from_mps: float = 0.5) -> Array:
    """Return the speed of a trunk that falls for so long and is caught. (n,) [m/s]."""
    speed = np.zeros(N)
    flight = round(flight_s * RATE_HZ)
    speed[150 : 150 + flight] = from_mps - acceleration_mps2 * np.arange(flight) / RATE_HZ
    last = speed[149 + flight]
    speed[130:150] = np.linspace(0.0, from_mps, 20, endpoint=False)
    speed[150 + flight : 190 + flight] = np.linspace(last, 0.0, 40)
    return speed


@pytest.mark.parametrize(
    ("speed", "height_m", "inclination_deg", "expected"),
    [
        (falling(9.8, 0.3), 0.0, 0.0, True),
        (falling(5.0, 0.3, 0.0), 0.0, 0.0, False),  # half of the weight is on the feet
        (falling(7.0, 0.3, 0.0), 0.0, 0.0, True),
        (falling(9.8, 0.16, 0.9), 0.0, 0.0, False),  # not yet falling
        (falling(9.8, 0.3), -0.09, 0.0, True),
        (falling(9.8, 0.3), -0.11, 0.0, False),  # legs are not straight
        (falling(9.8, 0.3), 0.0, 33.0, True),
        (falling(9.8, 0.3), 0.0, 37.0, False),
    ],
)
def test_who_falls_freely_at_full_height_has_jumped(
    speed: Array, height_m: float, inclination_deg: float, expected: bool
) -> None:
    posture = moving(speed_mps=speed, height_m=height_m, inclination_deg=inclination_deg)
    assert leaves_ground(posture, slice(0, 120)) == expected


def test_a_jump_long_after_the_rise_is_another_matter() -> None:
    assert not leaves_ground(moving(speed_mps=falling(9.8, 0.3)), slice(0, 90))


def risen(rise_m: float, *, seconds: float = 2.0, bias: float = 0.0) -> Posture:
    """Return the acceleration of a trunk that ends higher than it began, at rest at both ends. (n,) [m/s²]."""
    n = round(seconds * RATE_HZ) + 1
    phase = np.linspace(0.0, 1.0, n)
    acceleration = np.zeros(1001)
    acceleration[:n] = rise_m * 2.0 * np.pi / seconds**2 * np.sin(2.0 * np.pi * phase) + bias
    return replace(posture_of(np.zeros((1001, 5))), acceleration_mps2=acceleration)


@pytest.mark.parametrize("bias", [0.0, 0.3])
def test_the_rise_over_a_bend_is_that_of_its_acceleration_whatever_its_bias(bias: float) -> None:
    assert net_rise_m(made_bend(0), risen(0.4, bias=bias)) == pytest.approx(0.4, abs=1e-3)
    assert net_rise_m(made_bend(0, up_stop=590), risen(0.4, seconds=5.9, bias=bias)) == pytest.approx(0.4, abs=1e-3)
    assert net_rise_m(made_bend(0, up_stop=610), risen(0.4, seconds=6.1, bias=bias)) == 0.0  # too long to tell


@pytest.mark.parametrize(("rise_m", "told_m"), [(0.0, 0.0), (0.4, 0.4), (-0.5, -0.2), (-0.2, 0.0)])
def test_a_rise_counts_as_far_as_it_is_there_whether_speed_was_left_evenly_or_by_an_impact(
    rise_m: float, told_m: float
) -> None:
    gained, impact = np.zeros(1001), np.zeros(1001)
    gained[50], impact[50] = 60.0, 0.3  # 0.6 m/s at once, half a second before the middle of 2 s: evenly it is 0.3 m
    smooth, bend = risen(rise_m), made_bend(0)
    assert smooth.acceleration_mps2 is not None
    posture = replace(smooth, acceleration_mps2=smooth.acceleration_mps2 + gained)
    assert net_rise_m(bend, posture) == pytest.approx(rise_m + 0.3, abs=0.01)
    assert net_rise_m(bend, replace(posture, impact_mps=np.zeros(1001))) == net_rise_m(bend, posture)
    assert net_rise_m(bend, replace(posture, impact_mps=impact)) == pytest.approx(told_m, abs=0.01)
    soft = net_rise_m(bend, replace(posture, impact_mps=impact / 10.0))  # 0.06 m/s at most are its own
    assert soft == pytest.approx(min(rise_m + 0.3, rise_m + 0.27, key=abs), abs=0.01)


def test_a_rise_is_told_of_whole_bends_alone() -> None:
    posture = risen(0.4)
    assert net_rise_m(made_bend(0, is_finished=False), posture) == 0.0
    assert net_rise_m(made_bend(0, is_begun=False), posture) == 0.0
    assert net_rise_m(made_bend(0), replace(posture, acceleration_mps2=None)) == 0.0


@pytest.mark.parametrize(("rise_m", "is_seated"), [(-0.36, True), (-0.34, False), (0.36, True)])
def test_one_way_down_by_a_whole_seat_is_sitting_down(rise_m: float, is_seated: bool) -> None:
    bend = made_bend(0)
    assert one_way([bend], risen(rise_m)) == ({bend: SITTING} if is_seated else {})


def test_sitting_down_takes_three_seconds_at_most() -> None:
    slow = made_bend(0, up_stop=310)
    assert one_way([slow], risen(-0.5, seconds=3.1)) == {}
    quick = made_bend(0, up_stop=290)
    assert one_way([quick], risen(-0.5, seconds=2.9)) == {quick: SITTING}


@pytest.mark.parametrize(
    ("first_m", "then_m", "are_seated"), [(-0.22, 0.22, True), (-0.18, 0.3, False), (-0.25, -0.25, False)]
)
def test_two_that_undo_each_other_are_half_a_seat(first_m: float, then_m: float, are_seated: bool) -> None:
    posture, later = risen(first_m), risen(then_m)
    assert posture.acceleration_mps2 is not None
    assert later.acceleration_mps2 is not None
    acceleration = posture.acceleration_mps2 + np.roll(later.acceleration_mps2, 400)
    bends = [made_bend(0), made_bend(400)]
    found = one_way(bends, replace(posture, acceleration_mps2=acceleration))
    assert found == (dict.fromkeys(bends, SITTING) if are_seated else {})


def seated_bend(
    *, rest_deg: float, leans_deg: float = 60.0, depth_m: float = 0.4, hips_first_s: float = 0.0
) -> tuple[Bend, Posture]:
    """Return a trunk that leans, rests for 1.2 s at another lean and leans again, and hips that sink and rise in 0.8 s.

    With ``hips_first_s`` of zero they move only while the trunk leans farther, else for so long beside the rest too.
    """
    time_s = np.arange(601) / RATE_HZ
    inclination = np.interp(time_s, [1.0, 1.8, 2.4, 3.6, 4.2, 5.0], [0, leans_deg, rest_deg, rest_deg, leans_deg, 0])

    def done(start_s: float) -> Array:
        t = np.clip((time_s - start_s) / 0.8, 0.0, 1.0)
        return t**3 * (10.0 - 15.0 * t + 6.0 * t**2)

    height = -depth_m * (done(1.0 + hips_first_s) - done(4.2 - hips_first_s))
    acceleration = np.gradient(np.gradient(height)) * RATE_HZ**2
    posture = moving(inclination_deg=inclination, n=601)  # of the height over the whole recording nothing is known
    return made_bend(100, up_stop=500), replace(posture, acceleration_mps2=acceleration)


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        ({"rest_deg": 25.0}, True),  # slouched on a chair
        ({"rest_deg": -10.0}, True),
        ({"rest_deg": 25.0, "depth_m": 0.25}, True),
        ({"rest_deg": 25.0, "depth_m": 0.15}, False),  # two bends with half a lockout between: the hips are up
        ({"rest_deg": 42.0}, False),  # 18 degrees: the feet can carry that
        ({"rest_deg": 25.0, "hips_first_s": 0.6}, False),  # the hips rise as the trunk leans: a squat, a chest-up pull
        ({"rest_deg": -5.0, "leans_deg": 16.0, "hips_first_s": 0.6}, False),  # a pelvis that tucks under
    ],
)
def test_a_seat_in_the_middle_of_a_bend(course: dict[str, float], expected: bool) -> None:
    bend, posture = seated_bend(**course)
    assert has_seat_inside(bend, posture) == expected
    assert (no_lift(bend, posture, ATHLETE) == SITTING) == expected
    assert not has_seat_inside(replace(bend, is_finished=False), posture)
    assert not has_seat_inside(bend, replace(posture, acceleration_mps2=None))


@pytest.mark.parametrize(("depth_m", "expected"), [(0.4, True), (0.3, False)])
def test_a_hole_on_the_way_up_leaves_the_way_down_which_must_be_a_whole_seat(depth_m: float, expected: bool) -> None:
    bend, posture = seated_bend(rest_deg=20.0, depth_m=depth_m)
    flags = posture.flags.copy()
    flags[450:470] = cv.Flag.GAP
    assert has_seat_inside(bend, posture)
    assert has_seat_inside(bend, replace(posture, flags=flags)) == expected


def test_each_kind_has_its_name() -> None:
    bend = made_bend(0, up_stop=400)
    assert no_lift(bend, moving(), ATHLETE) == ""
    assert no_lift(bend, moving(inclination_deg=rocking(5.0), height_m=seat(0.35)), ATHLETE) == SITTING
    assert no_lift(bend, moving(speed_mps=falling(9.8, 0.3)), ATHLETE) == JUMPING
    assert no_lift(bend, moving(height_m=seat(0.9), inclination_deg=34.0), ATHLETE) == NO_TRUNK
    assert no_lift(bend, moving(height_m=seat(0.9), inclination_deg=36.0), ATHLETE) == ""
    assert no_lift(bend, moving(height_m=seat(0.9), inclination_deg=rocking(5.0)), ATHLETE) == SITTING
    assert no_lift(replace(bend, is_begun=False), moving(height_m=seat(0.9)), ATHLETE) == ""


@pytest.mark.parametrize(
    ("kinds", "left"),
    [
        ("SSBB", []),  # half are seats, so that the rest are
        ("SSBBB", [2, 3, 4]),  # less than half
        ("SSSBBB", [3, 4, 5]),  # three in a row are a set of their own
        ("SSSSBSB", []),
        ("BBBB", [0, 1, 2, 3]),
    ],
)
def test_what_stands_among_seats_is_one(kinds: str, left: list[int]) -> None:
    bends, posture = seats_and_bends(kinds)
    kept, instead = without_no_lifts([bends], posture, ATHLETE)
    assert kept == ([[bends[i] for i in left]] if left else [])
    assert instead == {b: SITTING for i, b in enumerate(bends) if i not in left}


@pytest.mark.parametrize(
    ("told", "blocks", "left"),
    [
        ("deadlift", ("BBB", "SSS"), [3]),
        ("deadlift", ("SSS", "BBB"), [3]),
        ("deadlift", ("BBBSS",), [3]),
        ("deadlift", ("JJJ",), [3]),  # what else is no lift is asked for where nobody said what is lifted
        ("squat", ("BBB", "SSS"), [3]),
        ("squat", ("SSS", "BBB"), [3, 3]),  # squats onto a box come before any others
        ("squat", ("BBB", "SSBBB"), [3, 5]),
        ("squat", ("SSSSS",), [5]),
    ],
)
def test_a_told_exercise_asks_for_seats_alone(told: str, blocks: tuple[str, ...], left: list[int]) -> None:
    bends, posture = seats_and_bends("".join(blocks))
    ends = np.cumsum([0, *map(len, blocks)])
    kept, _ = without_no_lifts([bends[a:b] for a, b in pairwise(ends)], posture, ATHLETE, told=told)
    assert [len(block) for block in kept] == left


def seats_and_bends(kinds: str) -> tuple[list[Bend], Posture]:
    """Return a bend of 4 s every 5 s: S a seat, J a jump, B neither."""
    n = 500 * len(kinds)
    height, inclination, speed = np.zeros(n), np.zeros(n), np.zeros(n)
    for i, kind in enumerate(kinds):
        if kind == "S":
            height[500 * i : 500 * i + N], inclination[500 * i : 500 * i + N] = seat(0.35), rocking(5.0)
        if kind == "J":
            speed[500 * i : 500 * i + N] = falling(9.8, 0.3)
    bends = [made_bend(500 * i, up_stop=500 * i + 400) for i in range(len(kinds))]
    return bends, moving(height_m=height, inclination_deg=inclination, speed_mps=speed, n=n)
