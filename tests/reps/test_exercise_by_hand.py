"""Exercises by bends made by hand, on both sides of what tells them apart."""

from __future__ import annotations

import numpy as np
import pytest
from hand_made import made_bend, posture_of

from imu_hinge.athlete import Athlete
from imu_hinge.reps.bends import Bend
from imu_hinge.reps.exercise import _Asked, _named, _nothing, _recognise
from imu_hinge.reps.no_lifts import ASIDE, JUMPING
from imu_hinge.reps.seats import SITTING
from imu_hinge.reps.set_choice import BendSet, are_one_set, counted_sets, is_more_of_it
from imu_hinge.settings import RepSettings

ATHLETE = Athlete(height_m=1.75)
POSTURE = posture_of(np.zeros((10, 5)))


def top(*bends: Bend, weight: float = 20.0) -> BendSet:
    return BendSet(list(bends), [None] * len(bends), False, weight, weight)


def floor(*bends: Bend, weight: float = 20.0, dropped: tuple[int | None, ...] | None = None) -> BendSet:
    return BendSet(list(bends), list(dropped or [None] * len(bends)), True, weight, weight)


def several(count: int = 3, *, cycle_s: float = 2.0, hold_s: float = 0.2, **changes: float) -> list[Bend]:
    cycle, hold = round(100 * cycle_s), round(100 * hold_s)
    down = (cycle - hold) // 2
    return [
        made_bend(s, down_stop=s + down, up_start=s + down + hold, up_stop=s + cycle, **changes)
        for s in range(0, 600 * count, 600)
    ]


def named(group: BendSet) -> str:
    return _recognise(group, POSTURE, ATHLETE, is_alone=True)[0]


@pytest.mark.parametrize(
    ("cycle_s", "hold_s", "name"),
    [(1.48, 0.1, "swing"), (1.52, 0.1, "rdl"), (1.4, 0.14, "swing"), (1.4, 0.16, "rdl")],
)
def test_a_swing_is_down_and_up_in_a_second_and_a_half_without_a_pause(
    cycle_s: float, hold_s: float, name: str
) -> None:
    assert named(top(*several(cycle_s=cycle_s, hold_s=hold_s))) == name
    assert named(top(*several(1, cycle_s=cycle_s, hold_s=hold_s))) == "drill"  # one alone is none


@pytest.mark.parametrize(
    ("drop_m", "inclination_rad", "name"),
    [
        (0.235, 0.7, "squat"),  # 0.13 of 1.75 m are 0.2275
        (0.22, 0.7, "rdl"),
        (0.26, 1.02, "squat"),
        (0.26, 1.06, "rdl"),  # a quarter of the inclination is more
    ],
)
def test_a_squat_drops_far_and_leans_little(drop_m: float, inclination_rad: float, name: str) -> None:
    assert named(top(*several(drop_m=drop_m, inclination_rad=inclination_rad))) == name


def test_what_stands_on_the_floor_is_a_deadlift() -> None:
    assert named(floor(*several())) == "deadlift"


def test_what_was_put_down_once_is_no_lift() -> None:
    assert top(made_bend(landing=90)).is_put_down
    assert not top(made_bend()).is_put_down
    assert not top(made_bend(landing=90), made_bend(400)).is_put_down
    assert not floor(made_bend(landing=90)).is_put_down


def test_sets_are_named_by_their_leaders_or_as_told_and_an_interrupted_one_is_joined() -> None:
    asked = _Asked(posture_of(np.zeros((9000, 5))), ATHLETE, "auto", RepSettings())
    first, soon, late = top(*several(2)), top(made_bend(1500)), top(made_bend(5000))
    joined = _named([(first, first), (soon, first), (late, first)], asked)
    assert [[lift.start for lift in one.lifts] for one in joined] == [[0, 600, 1500], [5000]]
    assert {one.exercise for one in joined} == {"rdl"}
    apart = _named([(first, first), (soon, soon)], asked)
    assert [one.exercise for one in apart] == ["rdl", "drill"]
    told = _Asked(asked.posture, ATHLETE, "squat", RepSettings())
    assert [(one.exercise, one.evidence) for one in _named([(first, first)], told)] == [("squat", "told")]


@pytest.mark.parametrize(("rest", "are_one"), [(1990, True), (2010, False)])
def test_who_goes_on_within_twenty_seconds_only_gripped_anew(rest: int, are_one: bool) -> None:
    posture = posture_of(np.zeros((6000, 5)))
    before, after = top(made_bend(0)), top(made_bend(200 + rest))
    assert are_one_set(before, after, posture) == are_one


def test_sets_that_count_go_on_with_a_heavier_one_or_are_plain_by_themselves() -> None:
    heavy, more = top(*several(), weight=30.0), top(*several(), weight=9.1)
    other = top(*several(inclination_rad=0.4, drop_m=0.4), weight=9.2)
    light = top(*several(inclination_rad=0.4, drop_m=0.4), weight=9.0)

    def counted(*sets: BendSet, is_one_work: bool = False) -> list[tuple[float, float]]:
        return sorted((a.weight, b.weight) for a, b in counted_sets(sets, 100.0, is_one_work=is_one_work))

    assert counted(more, heavy) == [(9.1, 30.0), (30.0, 30.0)]
    assert counted(heavy, other) == [(9.2, 9.2), (30.0, 30.0)]
    assert counted(heavy, light) == [(30.0, 30.0)]
    assert counted(heavy, other, is_one_work=True) == [(30.0, 30.0)]
    assert counted(light) == [(9.0, 9.0)]  # the heaviest counts in any case


def test_nothing_lifted_says_what_was_seen_instead() -> None:
    found = _nothing([], [SITTING, JUMPING, SITTING, ASIDE], "auto")
    assert (found.exercise, found.lifts) == ("other", ())
    assert "sitting down" in found.evidence
    assert _nothing([], [ASIDE], "squat").exercise == "squat"
    assert _nothing([], [], "auto").evidence == "no bend came back to standing"
    assert _nothing([made_bend()], [], "auto").evidence == "one bend to the floor is no lift"


@pytest.mark.parametrize(
    ("group", "is_sure"),
    [
        (top(*several(2), weight=8.1), True),
        (top(*several(2), weight=7.9), False),
        (top(*several(1), weight=30.0), False),
        (floor(*several(2), weight=7.9), False),
        (floor(made_bend(0), made_bend(300, landing=390), weight=0.0), True),
        (floor(made_bend(0, landing=90), made_bend(300), weight=0.0), False),  # before the first pull
        (floor(made_bend(0), made_bend(300), weight=0.0, dropped=(250, None)), True),
    ],
)
def test_a_set_is_sure_where_plates_were_felt_or_bends_are_surely_alike(group: BendSet, is_sure: bool) -> None:
    assert group.is_sure == is_sure


def test_a_second_set_from_the_top_is_more_of_the_same_where_it_is_alike() -> None:
    main = top(*several())
    assert is_more_of_it(top(*several()), main, 100.0)
    assert not is_more_of_it(top(*several(1)), main, 100.0)  # it lies within the set
    assert is_more_of_it(top(made_bend(1400 + 2010)), main, 100.0)
    assert not is_more_of_it(top(made_bend(1400 + 1990)), main, 100.0)  # who comes so soon put the weight away
    assert not is_more_of_it(top(*several(inclination_rad=0.4, drop_m=0.4)), main, 100.0)
    assert not is_more_of_it(floor(*several()), main, 100.0)


def test_a_second_set_on_the_floor_needs_plates_that_are_felt() -> None:
    def lifted(*landing: bool, **changes: float) -> BendSet:
        bends = [
            made_bend(400 * i, landing=400 * i + 90 if felt else -1, shock_mps2=3.0, **changes)
            for i, felt in enumerate(landing)
        ]
        return floor(*bends)

    main = lifted(False, True, True)
    assert is_more_of_it(lifted(False, True), main, 100.0)
    assert not is_more_of_it(lifted(False, False), main, 100.0)
    assert not is_more_of_it(lifted(True, False), main, 100.0)  # felt before the first pull only
    assert not is_more_of_it(lifted(False, True, inclination_rad=0.2, drop_m=0.5), main, 100.0)
    assert is_more_of_it(
        lifted(False, True, True, inclination_rad=0.2, drop_m=0.5), main, 100.0
    )  # plates again and again


def test_a_lone_bend_is_a_drill_and_singles_that_are_alike_are_lifts() -> None:
    assert _recognise(top(made_bend(0)), POSTURE, ATHLETE, is_alone=True)[0] == "drill"
    assert _recognise(top(made_bend(0)), POSTURE, ATHLETE, is_alone=False)[0] == "rdl"
