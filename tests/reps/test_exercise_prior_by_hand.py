"""What is known of lifts before anybody is seen to lift, against densities written down here."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hand_made import RATE_HZ, made_bend, posture_of
from scipy.stats import norm

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.model import Array, Posture
from imu_hinge.reps.exercise_prior import hand_height_m, in_both_hands, loaded, reach, some_exercise, usual

ATHLETE = Athlete(height_m=1.75)
DEG = math.radians(1.0)


def bent(pelvis: float, trunk: float) -> Posture:
    angles = np.zeros((401, 5))
    angles[:, cv.PELVIS_TILT], angles[:, cv.TRUNK_INCLINATION] = pelvis, trunk
    return posture_of(angles)


@pytest.mark.parametrize(
    ("pelvis_deg", "trunk_deg", "height_m"),
    [
        (0.0, 0.0, 1.0 - 0.675 + 0.10 - 0.075 + 0.17 + 0.224),
        (90.0, 90.0, 1.0 - 0.675 + 0.03 - 0.115),
        (0.0, 90.0, 1.0 - 0.675 + 0.10 - 0.075 + 0.17 * math.sqrt(0.5)),
        (40.0, math.nan, None),  # a trunk that nobody measured leans 1.55 times as far
    ],
)
def test_hands_hang_where_pelvis_spine_and_arm_put_them(
    pelvis_deg: float, trunk_deg: float, height_m: float | None
) -> None:
    bend = made_bend(drop_m=0.2)
    found = hand_height_m(bent(pelvis_deg * DEG, trunk_deg * DEG), bend, ATHLETE)
    if height_m is None:
        height_m = hand_height_m(bent(40.0 * DEG, 62.0 * DEG), bend, ATHLETE) + 0.2
    assert found == pytest.approx(height_m - 0.2)


def test_hands_of_a_taller_lifter_hang_higher_and_without_a_pelvis_nowhere() -> None:
    assert hand_height_m(bent(0.0, 0.0), made_bend(drop_m=0.0), Athlete(height_m=2.1)) == pytest.approx(1.2 * 0.744)
    assert math.isnan(hand_height_m(bent(math.nan, 0.0), made_bend(), ATHLETE))


def density(value: float, mean: float, sd: float) -> float:
    return float(norm.pdf(value, mean, sd))


def test_hands_at_the_height_of_the_bar_speak_for_the_floor() -> None:
    posture = bent(90.0 * DEG, 90.0 * DEG)  # hands at 0.24 m less the drop
    radius = ATHLETE.value("plate_radius_m")
    drops = (0.24 - radius, 0.24 - radius - 0.1, 0.1)
    found = reach([made_bend(drop_m=drop) for drop in drops], posture, ATHLETE)

    def expected(height_m: float) -> float:
        there, above = density(height_m, radius, 0.10), density(height_m, 0.5, 0.25)
        return math.log(there / (0.5 * there + 0.5 * above))

    heights = [0.24 - drop for drop in drops]
    for i in range(3):
        for j in range(i, 3):
            assert found[i, j] == pytest.approx(expected(float(np.mean(heights[i : j + 1]))), abs=1e-6)


def test_hands_far_above_the_floor_speak_against_it_up_to_a_limit_and_unseen_ones_not_at_all() -> None:
    high = reach([made_bend(drop_m=-1.5)], bent(90.0 * DEG, 90.0 * DEG), ATHLETE)
    assert high[0, 0] == -6.0
    assert reach([made_bend(is_hold_seen=False, longest_hole_s=0.41)], bent(0.0, 0.0), ATHLETE)[0, 0] == 0.0


def mean_ratio(values: list[float], usual_sd: float, any_sd: float, mean: float = 0.0, any_mean: float = 0.0) -> float:
    at = float(np.mean(values))
    return math.log(density(at, mean, usual_sd) / density(at, any_mean, any_sd / math.sqrt(len(values))))


def test_a_weight_in_both_hands_keeps_the_trunk_straight_and_square() -> None:
    sides, turns = [2.0 * DEG, 6.0 * DEG, -1.0 * DEG], [5.0 * DEG, 9.0 * DEG, 0.0]
    found = in_both_hands([made_bend(side_rad=s, turn_rad=t) for s, t in zip(sides, turns, strict=True)])
    for i, j in ((0, 0), (0, 1), (1, 2), (0, 2)):
        side = mean_ratio(sides[i : j + 1], 3.0 * DEG, 6.0 * DEG)
        turn = mean_ratio(turns[i : j + 1], 6.0 * DEG, 12.0 * DEG)
        expected = math.log(0.97 * math.exp(side) + 0.03) + math.log(0.9 * math.exp(turn) + 0.1)
        assert found[i, j] == pytest.approx(expected)


def test_who_holds_as_long_as_lifters_do_is_likelier_one() -> None:
    held = [0.1, 0.4, 2.0]
    bends = [made_bend(up_start=90 + round(s * RATE_HZ), up_stop=400) for s in held]
    logs = [math.log(s + 0.3) for s in held]
    found = usual(bends, ATHLETE, "deadlift", RATE_HZ)
    for i, j in ((0, 0), (2, 2), (0, 2)):
        expected = mean_ratio(logs[i : j + 1], 0.6, 1.0, math.log(0.4), math.log(1.2))
        assert found[i, j] == pytest.approx(expected)


POSTURES = {
    "squat": (43.0, 12.0, 0.19, 0.05),
    "rdl": (70.0, 14.0, 0.02, 0.04),
    "good_morning": (65.0, 14.0, 0.01, 0.04),
    "swing": (62.0, 14.0, 0.04, 0.06),
}
"""Usual inclination at the bottom and its spread [deg], drop and its spread as shares of body height."""


@pytest.mark.parametrize("told", POSTURES)
def test_a_told_exercise_has_its_usual_bottom(told: str) -> None:
    inclination_deg, spread_deg, drop, drop_spread = POSTURES[told]
    bend = made_bend(inclination_rad=(inclination_deg + 5.0) * DEG, drop_m=(drop + 0.02) * 1.75)
    more = usual([bend], ATHLETE, told, RATE_HZ)[0, 0] - usual([bend], ATHLETE, "auto", RATE_HZ)[0, 0]
    expected = mean_ratio([bend.inclination_rad], spread_deg * DEG, 25.0 * DEG, inclination_deg * DEG, 60.0 * DEG)
    expected += mean_ratio([bend.drop_m / 1.75], drop_spread, 0.10, drop, 0.08)
    assert more == pytest.approx(expected)


def test_a_bend_that_is_none_of_the_told_exercise_spoils_every_run_that_counts_it() -> None:
    squat = made_bend(inclination_rad=43.0 * DEG, drop_m=0.19 * 1.75)
    stoop = made_bend(inclination_rad=75.0 * DEG, drop_m=-0.02)
    found = usual([squat, stoop, squat], ATHLETE, "squat", RATE_HZ)
    alone = usual([squat, squat], ATHLETE, "squat", RATE_HZ)
    assert found[0, 0] == pytest.approx(alone[0, 0])
    assert found[2, 2] == pytest.approx(alone[1, 1])
    inclinations, drops = [43.0 * DEG, 75.0 * DEG], [0.19, -0.02 / 1.75]
    expected = mean_ratio([math.log(0.5)] * 2, 0.6, 1.0, math.log(0.4), math.log(1.2)) - 20.0
    expected += mean_ratio(inclinations, 12.0 * DEG, 25.0 * DEG, 43.0 * DEG, 60.0 * DEG)
    expected += mean_ratio(drops, 0.05, 0.10, 0.19, 0.08)
    assert found[0, 1] == pytest.approx(expected)
    assert found[0, 2] < -15.0


@pytest.mark.parametrize("changes", [{"inclination_rad": 0.1}, {"drop_m": 0.9}, {"up_start": 180}])
def test_a_bottom_in_a_hole_says_nothing(changes: dict[str, float]) -> None:
    plain = made_bend(inclination_rad=70.0 * DEG, drop_m=0.03)
    hidden = replace(plain, is_hold_seen=False, longest_hole_s=0.41, **changes)
    found = usual([plain, hidden], ATHLETE, "rdl", RATE_HZ)
    assert found[1, 1] == 0.0
    assert found[0, 0] == pytest.approx(usual([plain], ATHLETE, "rdl", RATE_HZ)[0, 0])
    unseen = replace(plain, side_rad=0.9, is_hold_seen=False, longest_hole_s=0.41)
    assert in_both_hands([unseen])[0, 0] == pytest.approx(in_both_hands([replace(plain, side_rad=math.nan)])[0, 0])


def test_a_bottom_in_a_brief_hole_says_all_but_its_height() -> None:
    plain = made_bend(inclination_rad=70.0 * DEG, drop_m=0.03, side_rad=0.2)
    brief = replace(plain, is_hold_seen=False, longest_hole_s=0.4)
    for told in ("rdl", "auto"):
        unknown = usual([replace(plain, drop_m=math.nan)], ATHLETE, told, RATE_HZ)
        assert usual([brief], ATHLETE, told, RATE_HZ)[0, 0] == pytest.approx(unknown[0, 0])
    assert in_both_hands([brief])[0, 0] == pytest.approx(in_both_hands([plain])[0, 0])
    assert reach([brief], bent(0.0, 0.0), ATHLETE)[0, 0] == 0.0


def test_who_trembles_half_as_much_again_as_in_other_bends_holds_a_load() -> None:
    block = [made_bend(down_vibration_mps2=0.15, up_vibration_mps2=0.15) for _ in range(3)]
    others = [made_bend(), made_bend(), made_bend(), made_bend()]  # 0.1 m/s²
    anything = 0.4 * math.sqrt(0.5)
    found = loaded(block, others, from_floor=False)
    for i, j in ((0, 0), (0, 1), (0, 2)):
        count = j - i + 1
        rest = 7 - count
        off = math.log(1.5) * (1.0 - (3 - count) / rest)  # some of the rest are loaded too
        ratio = density(off, math.log(1.5), math.hypot(0.4, anything / math.sqrt(rest)))
        ratio /= density(off, 0.0, anything * math.sqrt(1.0 / count + 1.0 / rest))
        expected = math.log((0.7 * ratio + 0.3) / (0.95 + 0.05 * ratio))
        assert found[i, j] == pytest.approx(expected)


def test_on_the_floor_only_what_is_between_the_first_and_the_last_bottom_is_loaded() -> None:
    def run(first_down: float, last_up: float, between: float = 0.3) -> Array:
        ways = [(first_down, between), (between, between), (between, last_up)]
        block = [made_bend(down_vibration_mps2=down, up_vibration_mps2=up) for down, up in ways]
        return loaded(block, [made_bend() for _ in range(4)], from_floor=True)

    assert run(0.1, 0.1)[0, 2] == pytest.approx(run(0.3, 0.3)[0, 2])
    assert run(0.1, 0.1)[0, 2] > 0.5
    assert run(0.1, 0.1, between=0.1)[0, 2] < 0.0, "who trembles as in the other bends holds nothing"


def test_without_other_bends_nobody_knows_who_trembles() -> None:
    np.testing.assert_allclose(loaded([made_bend()], [], from_floor=False), [[0.0]], atol=1e-12)


def test_a_place_where_an_exercise_goes_speaks_for_any_of_them() -> None:
    deep = made_bend(inclination_rad=70.0 * DEG, drop_m=0.02 * 1.75)
    by_hand = [
        density(70.0, mean, sd) * density(0.02, drop, drop_sd) / (density(70.0, 60.0, 25.0) * density(0.02, 0.08, 0.10))
        for mean, sd, drop, drop_sd in (
            (43.0, 12.0, 0.19, 0.05),
            (70.0, 14.0, 0.02, 0.04),
            (65.0, 14.0, 0.01, 0.04),
            (62.0, 14.0, 0.04, 0.06),
        )
    ]
    assert some_exercise([deep], ATHLETE) == pytest.approx(math.log(sum(by_hand) / 4.0), abs=0.02)
    assert some_exercise([made_bend(inclination_rad=25.0 * DEG, drop_m=0.0)], ATHLETE) < -1.0
