"""Bends of a posture made by hand: where they are, how deep, and what landed, on both sides of every threshold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hand_made import RATE_HZ, posture_of

from imu_hinge import conventions as cv
from imu_hinge.model import Array, Posture
from imu_hinge.reps.bends import Bend, bend_depth, find_bends, forward_and_aside
from imu_hinge.settings import RepSettings

SETTINGS = RepSettings()


def posture_over(
    inclination_deg: Array, *, drop_m: Array | float = 0.0, side_deg: Array | float = 0.0, height_sd_m: float = 0.0
) -> Posture:
    n = len(inclination_deg)
    height = -np.broadcast_to(np.asarray(drop_m, dtype=float), (n,)).copy()
    return replace(
        posture_of(np.zeros((n, 5)), height_m=height),
        inclination_rad=np.radians(inclination_deg),
        side_inclination_rad=np.radians(np.broadcast_to(np.asarray(side_deg, dtype=float), (n,)).copy()),
        height_sd_m=np.full(n, height_sd_m),
        speed_mps=np.gradient(height) * RATE_HZ,
        shock_mps2=np.full(n, 0.05),
    )


def course(*bottoms_deg: float, top_deg: float = 0.0) -> Array:
    """Return standing for 2 s, then ways down and up of 1 s each to the given depths, standing for 2 s. (n,)."""
    times, values = [0.0, 2.0], [0.0, 0.0]
    for i, bottom in enumerate(bottoms_deg):
        at = 2.0 + 2.5 * i
        top = 0.0 if i == len(bottoms_deg) - 1 else top_deg
        times += [at + 1.0, at + 1.2, at + 2.2, at + 2.5]
        values += [bottom, bottom, top, top]
    times.append(times[-1] + 2.0)
    values.append(0.0)
    t = np.arange(round(times[-1] * RATE_HZ)) / RATE_HZ
    return np.interp(t, times, values)


def bends_of(posture: Posture) -> list[Bend]:
    return find_bends(posture, SETTINGS)


def test_a_bend_is_found_where_it_is() -> None:
    (bend,) = bends_of(posture_over(course(60.0)))
    assert bend.down_start == pytest.approx(200, abs=8)
    assert bend.down_stop == pytest.approx(300, abs=8)
    assert bend.up_start == pytest.approx(320, abs=8)
    assert bend.up_stop == pytest.approx(420, abs=8)
    assert 300 <= bend.bottom <= 320
    assert np.degrees(bend.depth_rad) == pytest.approx(60.0, abs=0.5)
    assert np.degrees(bend.inclination_rad) == pytest.approx(60.0)
    assert (bend.is_begun, bend.is_finished, bend.has_landed) == (True, True, False)


@pytest.mark.parametrize(
    ("bottoms", "count"),
    [
        ((18.0,), 0),
        ((23.0,), 1),
        ((60.0, 60.0, 60.0, 22.0), 3),  # less than two fifths of the deeper ones
        ((60.0, 60.0, 60.0, 28.0), 4),
    ],
)
def test_a_bend_is_deep_enough(bottoms: tuple[float, ...], count: int) -> None:
    assert len(bends_of(posture_over(course(*bottoms)))) == count


@pytest.mark.parametrize(("top_deg", "count"), [(12.0, 2), (22.0, 1)])  # upright within a quarter of 70 degrees
def test_a_rise_that_does_not_reach_standing_is_part_of_its_bend(top_deg: float, count: int) -> None:
    assert len(bends_of(posture_over(course(70.0, 70.0, top_deg=top_deg)))) == count


def test_a_recording_that_begins_or_ends_bent_has_open_bends() -> None:
    whole = course(60.0, 60.0)
    first, last = bends_of(posture_over(whole[310:560]))
    assert (first.is_begun, first.is_finished) == (False, True)
    assert (last.is_begun, last.is_finished) == (True, False)


def test_depth_counts_a_drop_of_ten_centimetres_as_ten_degrees_and_an_unsure_one_less() -> None:
    posture = posture_over(np.full(9, 20.0), drop_m=0.1)
    assert bend_depth(posture)[0] == pytest.approx(np.radians(20.0) + 0.175)
    unsure = posture_over(np.full(9, 20.0), drop_m=0.1, height_sd_m=0.06)
    assert bend_depth(unsure)[0] == pytest.approx(np.radians(20.0) + 0.5 * 0.175)
    above = posture_over(np.full(9, 20.0), drop_m=-0.3)
    assert bend_depth(above)[0] == pytest.approx(np.radians(20.0) - 0.05 * 1.75)
    assert bend_depth(posture_over(np.full(9, 20.0), drop_m=np.nan))[0] == pytest.approx(np.radians(20.0))


@pytest.mark.parametrize(("share", "is_aside"), [(0.55, False), (0.65, True), (-0.65, True)])
def test_a_bend_that_goes_to_the_side_is_a_side_bend(share: float, is_aside: bool) -> None:
    down = course(50.0)
    forward, aside = forward_and_aside(posture_over(down, side_deg=share * down), SETTINGS)
    assert (len(forward), len(aside)) == ((0, 1) if is_aside else (1, 0))


def landed(
    *, at: int = 300, shock: float = 3.0, calm: float = 0.05, down_deg: float = 60.0, drop_m: Array | float = 0.0
) -> bool:
    """Tell whether a shake at the end of a way down is taken for plates that land."""
    posture = posture_over(course(down_deg), drop_m=drop_m)
    posture.shock_mps2[:] = calm
    posture.shock_mps2[at : at + 6] = shock
    (bend,) = bends_of(posture)
    assert not bend.has_landed or abs(bend.landing - (at + 3)) <= 1
    return bend.has_landed


@pytest.mark.parametrize(
    ("shock", "calm", "expected"), [(1.5, 0.05, True), (1.3, 0.05, False), (2.1, 0.5, True), (1.9, 0.5, False)]
)
def test_a_landing_is_hard_and_stands_out_from_the_ways(shock: float, calm: float, expected: bool) -> None:
    assert landed(shock=shock, calm=calm) == expected


def slow(n: int) -> Array:
    """Return a way down in the first half second, then a hold of 1.5 s and the way up. (n,) [degrees]."""
    return np.interp(np.arange(n) / RATE_HZ, [0.0, 2.0, 2.5, 4.0, 5.0], [0.0, 0.0, 60.0, 60.0, 0.0])


@pytest.mark.parametrize(
    ("at", "shock", "expected"),
    [
        (290, 3.0, True),  # lowered within the half second before
        (320, 3.0, False),  # clanks in the hold
        (320, 4.3, True),  # so hard that it is a landing whatever the body does
        (320, 4.1, False),
    ],
)
def test_what_lands_was_being_lowered(at: int, shock: float, expected: bool) -> None:
    posture = posture_over(slow(700))
    posture.shock_mps2[at : at + 4] = shock
    (bend,) = bends_of(posture)
    assert bend.has_landed == expected


def with_speed(at: int, speed_mps: float, *, first: int, last: int) -> bool:
    """Tell whether a shake is a landing where the body moves at a speed from ``first`` to ``last`` around it."""
    posture = posture_over(course(60.0))
    posture.shock_mps2[at : at + 4] = 3.0
    posture.speed_mps[at + first : at + last] = speed_mps
    (bend,) = bends_of(posture)
    return bend.has_landed


@pytest.mark.parametrize(("speed_mps", "expected"), [(-0.28, True), (-0.32, False)])
def test_who_sinks_on_after_a_shake_has_set_nothing_down(speed_mps: float, expected: bool) -> None:
    assert with_speed(300, speed_mps, first=11, last=34) == expected
    assert with_speed(300, speed_mps, first=36, last=60)
    assert with_speed(300, speed_mps, first=1, last=9)


@pytest.mark.parametrize(("speed_mps", "expected"), [(0.23, True), (0.27, False)])
def test_who_rises_already_rips_the_bar_off(speed_mps: float, expected: bool) -> None:
    assert with_speed(300, speed_mps, first=-16, last=-3) == expected
    assert with_speed(300, speed_mps, first=-16, last=-10)  # for less than a tenth of a second


def test_holes_say_which_part_of_a_bend_was_not_seen() -> None:
    def seen(first: int, last: int) -> tuple[bool, bool, bool]:
        posture = posture_over(course(60.0))
        posture.flags[first:last] = cv.Flag.GAP
        (bend,) = bends_of(posture)
        return bend.is_down_seen, bend.is_hold_seen, bend.is_up_seen

    assert seen(0, 0) == (True, True, True)
    assert seen(240, 250) == (False, True, True)
    assert seen(310, 312) == (True, False, True)
    assert seen(360, 370) == (True, True, False)
    assert seen(440, 460) == (True, True, True)


def test_over_a_hole_nobody_knows_how_far_a_body_turned() -> None:
    posture = posture_over(course(60.0))
    posture = replace(posture, turn_rad=np.where(np.arange(len(posture)) < 250, 0.1, 0.4))
    (bend,) = bends_of(posture)
    assert bend.turn_rad == pytest.approx(0.3)
    hidden = replace(posture, flags=np.where(np.arange(len(posture)) == 260, cv.Flag.GAP, 0).astype(np.uint16))
    assert np.isnan(bends_of(hidden)[0].turn_rad)


def test_who_was_bent_before_the_recording_began_turned_against_the_upright_that_followed() -> None:
    posture = posture_over(course(60.0, 60.0)[310:])
    (first, _) = bends_of(replace(posture, turn_rad=np.where(np.arange(len(posture)) < 60, 0.5, 0.2)))
    assert not first.is_begun
    assert first.turn_rad == pytest.approx(0.3)


def test_ways_tremble_by_their_usual_shake() -> None:
    posture = posture_over(course(60.0))
    posture.shock_mps2[215:295] = 0.2
    posture.shock_mps2[325:405] = 0.3
    posture.shock_mps2[250:252] = 1.0
    (bend,) = bends_of(posture)
    assert (bend.down_vibration_mps2, bend.up_vibration_mps2) == (0.2, 0.3)


def test_the_hardest_shake_at_the_bottom_is_that_of_a_third_of_a_second() -> None:
    posture = posture_over(course(60.0))
    (plain,) = bends_of(posture)
    for later, shock in ((34, 1.2), (35, 0.05)):
        shaken = replace(posture, shock_mps2=np.full(len(posture), 0.05))
        shaken.shock_mps2[plain.down_stop + later] = 1.2
        assert bends_of(shaken)[0].shock_mps2 == shock
