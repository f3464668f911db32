"""What speaks for runs of bends, against sums over their members written as loops."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hand_made import RATE_HZ, made_bend

from imu_hinge.model import Array
from imu_hinge.reps.bends import Bend
from imu_hinge.reps.sets import (
    CandidateSet,
    heaviest_runs,
    load_log_odds,
    may_have_landed,
    runs_from_top,
    runs_on_floor,
    trim_outliers,
    with_plates_felt,
)
from imu_hinge.reps.similarity import Similarity

M = 5
PARTS = ("place", "vibration", "down", "hold", "up", "impact")


def likeness(seed: int) -> Similarity:
    """Return random likeness of `M` bends."""
    rng = np.random.default_rng(seed)

    def pairs(m: int) -> Array:
        made = rng.normal(size=(m, m))
        return np.asarray((made + made.T) * (1.0 - np.eye(m)))

    return Similarity(**{name: pairs(M) for name in PARTS}, gap=pairs(M - 1), lockout_vibration=pairs(M - 1))


def mean_of(pairs: Array, members: range) -> float:
    """Return the mean likeness of two members, once for each member but one."""
    return sum(float(pairs[a, b]) for a in members for b in members) / len(members) if members else 0.0


def by_run(weigh: Callable[[int, int], float]) -> Array:
    return np.array([[weigh(i, j) if j >= i else 0.0 for j in range(M)] for i in range(M)])


def landing(*where: int) -> list[Bend]:
    plain = [made_bend(300 * i, shock_mps2=0.0) for i in range(M)]
    return [replace(b, landing=b.down_stop, shock_mps2=2.0) if i in where else b for i, b in enumerate(plain)]


def test_a_set_from_the_top_is_alike_in_all_and_seldom_clanks() -> None:
    like, bends = likeness(1), landing(2)

    def weigh(i: int, j: int) -> float:
        members, gaps = range(i, j + 1), range(i, j)
        alike = sum(mean_of(getattr(like, name), members) for name in ("place", "vibration", "down", "hold", "up"))
        blows = sum(math.log(0.2) if b.has_landed else math.log(0.99 / 0.95) for b in bends[i : j + 1])
        return alike + mean_of(like.gap, gaps) + blows

    np.testing.assert_allclose(runs_from_top(bends, like), by_run(weigh), atol=1e-9)


def test_on_the_floor_the_first_way_down_and_the_last_way_up_are_without_the_bar() -> None:
    like, bends = likeness(2), landing(1, 3)
    is_dropped = [False, True, False, False, False]  # after the second bend, so that the third lowers none
    floors = ((0.75, 0.98), (0.15, 0.6), (0.1, 0.01))
    landed = [False, True, True, True, False]

    def weigh(i: int, j: int) -> float:
        alike = mean_of(like.place, range(i, j + 1))
        alike += mean_of(like.gap, range(i, j)) + mean_of(like.lockout_vibration, range(i, j))
        alike += mean_of(like.down, range(i + 1, j + 1)) + mean_of(like.impact, range(i + 1, j + 1))
        alike += mean_of(like.up, range(i, j)) + mean_of(like.hold, range(i + 1, j))
        kinds = [
            common * math.prod(share / 0.05 if landed[k] else (1.0 - share) / 0.95 for k in range(i + 1, j + 1))
            for common, share in floors
        ]
        return alike + (math.log(sum(kinds)) if i < M - 1 else 0.0)

    found = runs_on_floor(bends, like, is_dropped)
    np.testing.assert_allclose(np.triu(found), by_run(weigh), atol=1e-9)


def test_a_weight_may_be_fetched_from_the_floor_before_and_put_down_after() -> None:
    like, bends = likeness(3), landing(4)
    rng = np.random.default_rng(4)
    racked, fetched = rng.normal(size=(2, M, M))
    found = load_log_odds(bends, like, racked, fetched)
    np.testing.assert_array_equal(found[:, -1], racked[:, -1])  # nothing comes after, so nothing was put down
    for i, j in ((0, 0), (0, 2), (2, 3), (1, 3)):
        felt = math.log(0.6 / 0.05) if j + 1 == 4 else math.log(0.4 / 0.95)
        before = math.log(0.2) + racked[0, j] if i == 0 else like.place[i - 1, j + 1] + fetched[i - 1, j + 1]
        expected = np.logaddexp(math.log(0.5) + racked[i, j], math.log(0.5) + felt + before)
        assert found[i, j] == pytest.approx(expected)


def test_the_heaviest_that_do_not_overlap_are_taken() -> None:
    runs = [
        CandidateSet(0, 3, True, 5.0),
        CandidateSet(2, 6, False, 7.0),
        CandidateSet(0, 2, False, 1.0),
        CandidateSet(6, 8, True, 2.0),
        CandidateSet(5, 8, True, 6.0),
    ]
    assert heaviest_runs(runs) == [runs[2], runs[1], runs[3]]


def test_of_equally_heavy_runs_the_first_is_taken() -> None:
    runs = [CandidateSet(1, 3, True, 1.0), CandidateSet(0, 2, True, 1.0)]
    assert heaviest_runs(runs) == [runs[1]]


@pytest.mark.parametrize(("shock", "expected"), [(4.0 * math.exp(-0.95), True), (4.0 * math.exp(-1.05), False)])
def test_a_shake_within_two_spreads_of_the_landings_may_be_one(shock: float, expected: bool) -> None:
    felt = [made_bend(landing=90, shock_mps2=4.0), made_bend(300, landing=390, shock_mps2=4.0)]
    assert may_have_landed([*felt, made_bend(600, shock_mps2=shock)]) == [False, False, expected]


def test_a_landing_in_a_hole_may_have_been_one_and_without_landings_no_shake_is() -> None:
    assert may_have_landed([made_bend(shock_mps2=9.0), made_bend(300, is_hold_seen=False)]) == [False, True]


def plates(*felt: bool, **last: object) -> list[Bend]:
    """Return bends of which the told ones land; the last one as told."""
    made = [
        made_bend(300 * i, landing=300 * i + 90 if f else -1, shock_mps2=3.0 if f else 0.1) for i, f in enumerate(felt)
    ]
    return [*made[:-1], made_bend(300 * (len(felt) - 1), **({"shock_mps2": 0.1} | last))] if last else made


NOT_DROPPED = [False] * 6


@pytest.mark.parametrize(
    ("bends", "kept"),
    [
        (plates(False, True, True, True, True), (0, 5)),
        (plates(False, True, True, True, True, False, inclination_rad=0.2, drop_m=0.5), (0, 5)),  # a shoe
        (plates(False, True, True, True, True, False, shock_mps2=2.9), (0, 6)),  # shook nearly as hard
        (plates(False, True, True, True, True, False, is_hold_seen=False), (0, 6)),
        (plates(False, False, False, False, True), (0, 5)),  # a floor that swallows the blows
        (plates(False, False, False), (0, 3)),
    ],
)
def test_who_sets_nothing_down_where_plates_are_felt_is_left_out(bends: list[Bend], kept: tuple[int, int]) -> None:
    found = with_plates_felt(bends, NOT_DROPPED[: len(bends)], RATE_HZ)
    assert found.indices(len(bends))[:2] == kept


def test_a_bend_before_the_one_to_the_bar_is_left_out() -> None:
    shoe = made_bend(-300, inclination_rad=0.2, drop_m=0.5)
    bends = [shoe, *plates(False, True, True, True, True)]
    assert with_plates_felt(bends, NOT_DROPPED, RATE_HZ) == slice(1, 6)


def test_a_bar_that_was_dropped_ends_the_set() -> None:
    bends = plates(False, True, True, True, True, inclination_rad=0.2, drop_m=0.5)
    is_dropped = [False, False, False, True, False]
    assert with_plates_felt(bends, is_dropped, RATE_HZ) == slice(0, 4)


def test_strangers_at_the_ends_of_a_set_from_the_top_are_taken_off() -> None:
    reps = [made_bend(300 * i) for i in range(1, 6)]
    first = made_bend(0, inclination_rad=0.3, drop_m=0.4, side_rad=0.3)
    last = made_bend(1800, inclination_rad=1.5, drop_m=-0.05, turn_rad=0.8)
    assert trim_outliers(reps, RATE_HZ) == slice(0, 5)
    assert trim_outliers([first, *reps], RATE_HZ) == slice(1, 6)
    assert trim_outliers([*reps, last], RATE_HZ) == slice(0, 5)
    assert trim_outliers([first, *reps, last], RATE_HZ) == slice(1, 6)
    assert trim_outliers([reps[0], last], RATE_HZ) == slice(0, 2)  # of two nobody knows which is strange


def test_two_that_end_a_set_alike_are_a_change_of_style() -> None:
    reps = [made_bend(300 * i) for i in range(5)]
    others = [made_bend(300 * i, inclination_rad=1.4, drop_m=0.0) for i in (5, 6)]
    assert trim_outliers([*reps, *others], RATE_HZ) == slice(0, 7)
