"""Blocks, drops, lifts, phases and the bar on the floor, of bends and postures made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hand_made import RATE_HZ, lift_from_floor, made_bend, posture_of

from imu_hinge import conventions as cv
from imu_hinge.model import Posture, Region
from imu_hinge.reps.bends import Bend
from imu_hinge.reps.segmentation import (
    drop_after,
    hold_s,
    label_samples,
    lifts_from_floor,
    lifts_from_top,
    on_the_floor,
    split_blocks,
    walking,
)
from imu_hinge.settings import RepSettings

SETTINGS = RepSettings()


def still(n: int) -> Posture:
    return posture_of(np.zeros((n, 5)))


def with_speed(n: int, amplitude_mps: float, part: slice) -> Posture:
    posture = still(n)
    speed = np.zeros(n)
    speed[part] = amplitude_mps * np.sin(2.0 * np.pi * 2.0 * np.arange(n) / RATE_HZ)[part]
    return replace(posture, speed_mps=speed)


@pytest.mark.parametrize(("amplitude_mps", "expected"), [(0.115, True), (0.085, False)])  # RMS 0.081 and 0.060
def test_who_bounces_by_seven_centimetres_a_second_walks(amplitude_mps: float, expected: bool) -> None:
    assert bool(walking(with_speed(600, amplitude_mps, slice(None)))[200:400].all()) == expected
    assert not expected or not walking(with_speed(600, amplitude_mps, slice(0, 200)))[420:].any()


@pytest.mark.parametrize(("inclination_deg", "expected"), [(17.0, True), (-17.0, True), (23.0, False)])
def test_who_walks_is_upright(inclination_deg: float, expected: bool) -> None:
    posture = with_speed(600, 0.3, slice(None))
    posture = replace(posture, inclination_rad=np.full(600, np.radians(inclination_deg)))
    assert bool(walking(posture)[300]) == expected


def lengths(posture: Posture, *bends: Bend) -> list[int]:
    return [len(block) for block in split_blocks(bends, posture, SETTINGS)]


def test_a_rest_longer_than_six_seconds_or_a_walk_splits_a_block() -> None:
    first = made_bend(0)  # upright at 2 s
    assert lengths(still(2000), first, made_bend(795)) == [2]
    assert lengths(still(2000), first, made_bend(805)) == [1, 1]
    assert lengths(with_speed(2000, 0.3, slice(300, 500)), first, made_bend(600)) == [1, 1]
    assert lengths(with_speed(2000, 0.3, slice(396, 404)), first, made_bend(600)) == [2]  # one step is no walk
    assert split_blocks([], still(10), SETTINGS) == []


def test_a_hole_is_no_rest() -> None:
    posture = still(2000)
    posture.flags[300:500] = cv.Flag.GAP
    assert lengths(posture, made_bend(0), made_bend(900)) == [2]  # 7 s of which 2 are a hole


IMPACT = 300
"""When the bar hits the floor, 1 s after lockout."""


def dropped(
    *, shock: float = 3.0, calm: float = 0.05, later: float = 0.0, inclination_deg: float = 0.0, speed_mps: float = 0.0
) -> Posture:
    """Return who stands upright and feels one blow at `IMPACT`."""
    posture = still(1000)
    vibration = np.full(1000, calm)
    vibration[IMPACT : IMPACT + 8] = shock
    vibration[IMPACT + 60] = max(later, calm)
    speed = np.zeros(1000)
    speed[IMPACT + 20] = speed_mps
    inclination = np.zeros(1000)
    inclination[IMPACT + 10 :] = np.radians(inclination_deg)
    return replace(posture, shock_mps2=vibration, speed_mps=speed, inclination_rad=inclination)


@pytest.mark.parametrize(
    ("posture", "is_found"),
    [
        (dropped(), True),
        (dropped(shock=0.21, calm=0.01), True),
        (dropped(shock=0.19, calm=0.01), False),  # softer than any bar
        (dropped(shock=0.42, calm=0.1), True),
        (dropped(shock=0.38, calm=0.1), False),  # less than four times the calm
        (dropped(later=1.4), True),
        (dropped(later=1.6), False),  # a step follows, half as hard
        (dropped(inclination_deg=9.0), True),
        (dropped(inclination_deg=11.0), False),  # bends with it: a lowering
        (dropped(speed_mps=0.19), True),
        (dropped(speed_mps=0.22), False),
    ],
)
def test_a_bar_let_fall_is_one_short_blow_while_somebody_stands(posture: Posture, is_found: bool) -> None:
    found = drop_after(made_bend(0), None, posture=posture, settings=SETTINGS)
    fall_s = np.sqrt(2.0 * 0.5 / 9.80665)
    assert found == (IMPACT + round((0.03 - fall_s) * RATE_HZ) if is_found else None)


def test_the_next_bend_tells_whether_a_bar_was_let_fall() -> None:
    def found(after: Bend | None, bend: Bend | None = None) -> int | None:
        return drop_after(bend or made_bend(0), after, posture=dropped(), settings=SETTINGS)

    assert found(made_bend(IMPACT + 42)) is not None
    assert found(made_bend(IMPACT + 38)) is None  # the blow is the start of the way down
    assert found(made_bend(600, landing=690)) is None  # the bar is still in the hands
    assert found(None, made_bend(0, is_finished=False)) is None


def test_lifts_on_the_floor_are_the_lockouts_between_bends() -> None:
    bends = [made_bend(0), made_bend(300, landing=390), made_bend(600)]
    first, second = lifts_from_floor(bends, [None] * 3)
    assert (first.start, first.turn, first.stop, first.bottom) == (110, 200, 390, 110)
    assert (first.up, first.down, first.pause) == (Region(110, 200), Region(300, 390), Region(90, 110))
    assert (first.was_felt, first.is_felt, second.was_felt, second.is_felt) == (False, True, True, False)
    assert (second.start, second.stop) == (410, 690)


def test_a_dropped_bar_ends_its_lift_and_the_last_bend_needs_no_other() -> None:
    first, second = lifts_from_floor([made_bend(0), made_bend(400)], [250, 650])
    assert (first.stop, len(first.down), second.stop, second.is_felt) == (250, 0, 650, False)


def test_a_drop_before_a_landing_is_none() -> None:
    (only,) = lifts_from_floor([made_bend(0), made_bend(400, landing=490)], [250, None])
    assert (only.stop, only.is_felt) == (490, True)


def test_where_every_bar_was_dropped_the_soft_ones_were_too() -> None:
    bends = [made_bend(400 * i) for i in range(4)]
    lifts = lifts_from_floor(bends, [240, None, 1060, None])  # 40 and 60 samples after lockout: 50
    assert [lift.stop for lift in lifts] == [240, 650, 1060]
    assert [len(lift.down) for lift in lifts] == [0, 0, 0]
    one = lifts_from_floor(bends, [240, None, None, None])  # a single one is no habit
    assert [len(lift.down) for lift in one] == [0, 90, 90]


def test_a_lift_from_the_top_turns_in_the_middle_of_its_hold() -> None:
    (lift,) = lifts_from_top([made_bend(100)])
    assert (lift.start, lift.turn, lift.stop, lift.bottom) == (100, 200, 300, 200)
    assert (lift.down, lift.pause, lift.up) == (Region(100, 190), Region(190, 210), Region(210, 300))
    assert hold_s(made_bend(100), RATE_HZ) == pytest.approx(0.2)


def test_the_bar_is_held_on_the_floor_half_a_second_before_and_a_fifth_after() -> None:
    lift = replace(
        lift_from_floor(401),
        start=100,
        bottom=100,
        pause=Region(20, 100),
        up=Region(100, 200),
        down=Region(200, 300),
        turn=200,
        stop=300,
        was_felt=True,
        is_felt=True,
    )
    held = on_the_floor([lift], still(401))
    assert np.flatnonzero(held).tolist() == [*range(50, 101), *range(300, 320)]


def test_nobody_knows_when_plates_were_down_that_were_not_felt_unless_somebody_was_still() -> None:
    lift = replace(
        lift_from_floor(401), start=100, pause=Region(80, 100), up=Region(100, 200), down=Region(200, 300), stop=300
    )
    posture = still(401)
    assert not on_the_floor([lift], posture).any()
    posture.is_still[90] = True
    assert np.flatnonzero(on_the_floor([lift], posture)).tolist() == [*range(80, 101)]


def test_a_bar_ripped_off_is_held_until_the_body_rises() -> None:
    lift = replace(lift_from_floor(401), stop=300, down=Region(200, 300), is_felt=True)
    height = np.zeros(401)
    height[305:] = 0.007
    height[310:] = 0.009  # eight millimetres are a rise
    posture = posture_of(np.zeros((401, 5)), height_m=height)
    assert np.flatnonzero(on_the_floor([lift], posture))[[0, -1]].tolist() == [300, 309]


def test_every_sample_has_its_phase_and_its_rep() -> None:
    first, second = lifts_from_top([made_bend(10), made_bend(250)])
    phase, rep = label_samples(still(460), [first, second], from_floor=[False, False], rep_of=[0, 1])
    assert np.flatnonzero(rep == 0)[[0, -1]].tolist() == [10, 209]
    assert np.flatnonzero(rep == 1)[[0, -1]].tolist() == [250, 449]
    expected = [cv.REST, cv.DESCENT, cv.BOTTOM, cv.ASCENT, cv.REST]
    assert phase[[9, 99, 100, 120, 210]].tolist() == expected
    assert rep[[9, 210]].tolist() == [-1, -1]


def test_between_pull_and_lowering_is_the_top() -> None:
    lift = replace(
        lift_from_floor(401), pause=Region(0, 20), start=20, up=Region(20, 180), down=Region(220, 380), stop=380
    )
    phase, rep = label_samples(still(401), [lift], from_floor=[True], rep_of=[3])
    assert phase[[0, 20, 200, 220, 380]].tolist() == [cv.BOTTOM, cv.ASCENT, cv.TOP, cv.DESCENT, cv.REST]
    assert (rep[19], rep[20]) == (-1, 3)


def test_lifts_that_share_more_than_a_fifth_overlap() -> None:
    lift = lifts_from_top([made_bend(0)])[0]
    assert lift.overlaps(lift.moved(155))  # 45 of 200
    assert not lift.overlaps(lift.moved(165))
    assert lift.moved(7).up == Region(lift.up.start + 7, lift.up.stop + 7)
    assert (lift.moved(7).start, lift.moved(7).stop) == (lift.start + 7, lift.stop + 7)
