"""Exercises by bends made by hand, on both sides of what tells them apart."""

from __future__ import annotations

import numpy as np
import pytest
from hand_made import made_bend, posture_of

from imu_hinge.athlete import Athlete
from imu_hinge.reps.bends import Bend
from imu_hinge.reps.exercise import _Asked, _belongs, _named, _nothing, _recognise, _Set
from imu_hinge.reps.no_lifts import JUMPING, SITTING
from imu_hinge.reps.other_bends import ASIDE
from imu_hinge.settings import RepSettings

ATHLETE = Athlete(height_m=1.75)
POSTURE = posture_of(np.zeros((10, 5)))


def top(*bends: Bend, weight: float = 20.0) -> _Set:
    return _Set(list(bends), [None] * len(bends), from_floor=False, weight=weight)


def floor(*bends: Bend, weight: float = 20.0, dropped: tuple[int | None, ...] | None = None) -> _Set:
    return _Set(list(bends), list(dropped or [None] * len(bends)), from_floor=True, weight=weight)


def several(count: int = 3, *, cycle_s: float = 2.0, hold_s: float = 0.2, **changes: float) -> list[Bend]:
    cycle, hold = round(100 * cycle_s), round(100 * hold_s)
    down = (cycle - hold) // 2
    return [
        made_bend(s, down_stop=s + down, up_start=s + down + hold, up_stop=s + cycle, **changes)
        for s in range(0, 600 * count, 600)
    ]


def named(group: _Set) -> str:
    return _recognise(group, POSTURE, ATHLETE)[0]


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
    asked = _Asked(POSTURE, ATHLETE, "auto", RepSettings())
    landed = top(made_bend(landing=90))
    assert _named(landed, [landed], asked).lifts == ()
    assert _named(top(made_bend()), [top(made_bend())], asked).exercise == "drill"
    told = _Asked(POSTURE, ATHLETE, "rdl", RepSettings())
    found = _named(landed, [landed], told)
    assert (found.exercise, found.evidence, len(found.lifts)) == ("rdl", "told", 1)


def test_lifts_of_several_sets_are_in_order() -> None:
    first, later = top(*several(2)), top(*[made_bend(5000), made_bend(5500)])
    asked = _Asked(POSTURE, ATHLETE, "auto", RepSettings())
    assert [lift.start for lift in _named(later, [later, first], asked).lifts] == [0, 600, 5000, 5500]


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
def test_a_set_is_sure_where_plates_were_felt_or_bends_are_surely_alike(group: _Set, is_sure: bool) -> None:
    assert group.is_sure == is_sure


def test_a_second_set_from_the_top_is_more_of_the_same_where_it_is_alike() -> None:
    main = top(*several())
    assert _belongs(top(*several()), main, 100.0)
    assert not _belongs(top(*several(1)), main, 100.0)
    assert not _belongs(top(*several(inclination_rad=0.4, drop_m=0.4)), main, 100.0)
    assert not _belongs(floor(*several()), main, 100.0)


def test_a_second_set_on_the_floor_needs_plates_that_are_felt() -> None:
    def lifted(*landing: bool, **changes: float) -> _Set:
        bends = [
            made_bend(400 * i, landing=400 * i + 90 if felt else -1, shock_mps2=3.0, **changes)
            for i, felt in enumerate(landing)
        ]
        return floor(*bends)

    main = lifted(False, True, True)
    assert _belongs(lifted(False, True), main, 100.0)
    assert not _belongs(lifted(False, False), main, 100.0)
    assert not _belongs(lifted(True, False), main, 100.0)  # felt before the first pull only
    assert not _belongs(lifted(False, True, inclination_rad=0.2, drop_m=0.5), main, 100.0)
    assert _belongs(lifted(False, True, True, inclination_rad=0.2, drop_m=0.5), main, 100.0)  # plates again and again
