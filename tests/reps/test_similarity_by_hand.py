"""How alike two bends are, against the ratio of two normal densities written down here."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hand_made import RATE_HZ, made_bend
from scipy.stats import norm

from imu_hinge.reps.similarity import Similarity, Spread, log_gaps, log_vibrations, membership, respects

HALF = math.sqrt(0.5)
"""One person's share of all people's standard deviation, where half of the variance is between people."""
DEG = math.radians(1.0)

SPREADS = {
    "inclination_rad": (5.0 * DEG, 3.0 * DEG, 22.0 * DEG * HALF, 0.01),
    "side_rad": (2.5 * DEG, 0.0, 6.0 * DEG, 0.03),
    "turn_rad": (4.0 * DEG, 1.0 * DEG, 12.0 * DEG, 0.1),
    "drop_m": (0.03, 0.015, 0.14 * HALF, 0.01),
}
"""Of a set's reps, more for each rep of distance, of all bends; and how likely an odd one is."""


def ratio_of(off: float, spread: tuple[float, float, float, float], *, steps: int = 1, noise: float = 0.0) -> float:
    within_sd, drift, anything_sd, odd = spread
    within = 2.0 * within_sd**2 + noise + (drift * steps) ** 2
    anything = within + 2.0 * anything_sd**2
    ratio = norm.pdf(off, 0.0, math.sqrt(within)) / norm.pdf(off, 0.0, math.sqrt(anything))
    return math.log((1.0 - odd) * ratio + odd)


@pytest.mark.parametrize("name", SPREADS)
@pytest.mark.parametrize("times", [0.0, 1.0, 4.0])
def test_two_bends_are_as_alike_as_the_two_densities_of_their_difference_say(name: str, times: float) -> None:
    off = times * SPREADS[name][0]
    first = made_bend()
    far = made_bend(800, **{name: getattr(first, name) + off})
    like = Similarity.of([first, made_bend(400), far], RATE_HZ)
    expected = sum(ratio_of(off if other == name else 0.0, SPREADS[other], steps=2) for other in SPREADS)
    assert like.place[0, 2] == pytest.approx(expected, abs=1e-9)
    assert like.place[2, 0] == pytest.approx(expected, abs=1e-9)
    assert like.place[1, 1] == 0.0


def test_a_height_that_is_not_sure_tells_less() -> None:
    bends = [made_bend(drop_sd_m=0.05), made_bend(400, drop_m=0.3, drop_sd_m=0.02)]
    expected = ratio_of(0.2, SPREADS["drop_m"], noise=0.05**2 + 0.02**2)
    expected += sum(ratio_of(0.0, spread) for name, spread in SPREADS.items() if name != "drop_m")
    assert Similarity.of(bends, RATE_HZ).place[0, 1] == pytest.approx(expected, abs=1e-9)


def test_times_vibrations_and_landings_are_compared_by_their_ratios() -> None:
    first = made_bend(down_vibration_mps2=0.1, up_vibration_mps2=0.2, landing=90, shock_mps2=2.0)
    later = made_bend(
        500,
        down_stop=620,  # 1.2 s down where it was 0.9
        up_start=680,  # held for 0.6 s where it was 0.2
        up_stop=830,  # 1.5 s up where it was 0.9
        landing=620,
        shock_mps2=8.0,
        down_vibration_mps2=0.4,
        up_vibration_mps2=0.2,
    )
    like = Similarity.of([first, later], RATE_HZ)
    way, hold, up = (0.2, 0.05, 0.4 * HALF, 0.03), (0.4, 0.05, 0.8, 0.03), (0.25, 0.05, 0.4 * HALF, 0.03)
    assert like.down[0, 1] == pytest.approx(ratio_of(math.log(1.2 / 0.9), way))
    assert like.hold[0, 1] == pytest.approx(ratio_of(math.log((0.6 + 0.3) / (0.2 + 0.3)), hold))
    assert like.up[0, 1] == pytest.approx(ratio_of(math.log(1.5 / 0.9), up))
    assert like.impact[0, 1] == pytest.approx(ratio_of(math.log(4.0), (0.5, 0.0, 1.2, 0.03)))
    vibration = (0.2, 0.05, 0.4 * HALF, 0.1)
    assert like.vibration[0, 1] == pytest.approx(ratio_of(0.5 * math.log(4.0), vibration))
    assert like.gap.shape == like.lockout_vibration.shape == (1, 1)


def test_gaps_and_the_vibration_around_a_lockout_are_compared_with_their_neighbours() -> None:
    bends = [
        made_bend(0),
        made_bend(300, up_vibration_mps2=0.3),  # upright for 1 s before it
        made_bend(800, down_vibration_mps2=0.2),  # and 3 s
    ]
    np.testing.assert_allclose(log_gaps(bends, RATE_HZ), np.log([1.3, 3.3]))
    like = Similarity.of(bends, RATE_HZ)
    assert like.gap[0, 1] == pytest.approx(ratio_of(math.log(3.3 / 1.3), (0.4, 0.05, 0.8, 0.03)))
    off = 0.5 * (math.log(0.3) + math.log(0.2)) - math.log(0.1)
    assert like.lockout_vibration[0, 1] == pytest.approx(ratio_of(off, (0.2, 0.05, 0.4 * HALF, 0.1)))


def test_what_is_compared_stands_in_its_column() -> None:
    bend = made_bend(inclination_rad=0.9, side_rad=0.1, turn_rad=0.2, drop_m=0.3, up_vibration_mps2=0.4)
    expected = [0.9, 0.1, 0.2, 0.3, 0.5 * math.log(0.1 * 0.4), math.log(0.9), math.log(0.5), math.log(0.9)]
    np.testing.assert_allclose(respects([bend], RATE_HZ), [expected])


@pytest.mark.parametrize(
    ("changes", "unknown"),
    [
        ({"is_begun": False}, {5, 6}),
        ({"is_finished": False}, {6, 7}),
        ({"is_down_seen": False, "longest_hole_s": 0.41}, {5}),
        ({"is_hold_seen": False, "longest_hole_s": 0.41}, {0, 1, 3, 6}),
        ({"is_up_seen": False, "longest_hole_s": 0.41}, {7}),
        ({"is_down_seen": False, "is_up_seen": False, "longest_hole_s": 0.4}, set()),  # nobody bends and rises in it
        ({"is_hold_seen": False, "longest_hole_s": 0.4}, {3}),
        ({"drop_sd_m": math.nan}, {3}),
        ({"drop_m": -0.07}, set()),
        ({"drop_m": -0.09}, {3}),  # nobody bends upwards
    ],
)
def test_what_was_not_seen_is_not_compared(changes: dict[str, object], unknown: set[int]) -> None:
    row = respects([made_bend(**changes)], RATE_HZ)[0]
    assert set(np.flatnonzero(np.isnan(row)).tolist()) == unknown


def test_no_sensor_is_calmer_than_its_noise_and_no_way_quicker_than_a_twentieth_of_a_second() -> None:
    still = made_bend(down_stop=2, up_start=2, down_vibration_mps2=0.001, up_vibration_mps2=0.02)
    np.testing.assert_allclose(log_vibrations([still]), np.log([[0.01, 0.02]]))
    row = respects([still], RATE_HZ)[0]
    assert row[5] == pytest.approx(math.log(0.05))
    assert row[6] == pytest.approx(math.log(0.3))  # not held at all


def member(value: float, others: list[float], spread: Spread) -> float:
    return membership(np.array([value]), np.array(others)[:, None], (spread,))


SPREAD = Spread(2.0, 0.5, 10.0, odd=0.05)


@pytest.mark.parametrize(
    ("others", "centre", "own"),
    [
        ([30.0], 30.0, 4.0),
        ([30.0, 32.0], 31.0, (2.0 * 4.0 + 2.0) / 3.0),  # half a squared step of 2 joins the prior's two
        ([30.0, 31.0, 33.0, 33.0], 31.0, (2.0 * 4.0 + 0.5 + 2.0 + 0.0) / 5.0),  # the three nearest tell the centre
        ([30.0, 90.0], 60.0, (2.0 * 4.0 + 16.0) / 3.0),  # a step counts four spreads at most
    ],
)
def test_membership_is_by_the_set_s_own_spread(others: list[float], centre: float, own: float) -> None:
    within = own * (1.0 + 1.0 / min(len(others), 3)) + 0.25
    anything = within + 100.0
    for value in (centre, centre + 3.0, centre - 12.0):
        ratio = norm.pdf(value, centre, math.sqrt(within)) / norm.pdf(value, centre, math.sqrt(anything))
        assert member(value, others, SPREAD) == pytest.approx(math.log(0.95 * ratio + 0.05))


def test_what_is_not_known_of_a_bend_says_nothing() -> None:
    assert member(math.nan, [30.0], SPREAD) == 0.0
    assert member(30.0, [math.nan], SPREAD) == 0.0
    assert member(30.0, [30.0, math.nan], SPREAD) == member(30.0, [30.0], SPREAD)
