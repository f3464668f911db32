"""Hold the onsets of a movement to their order, whatever the depth does and wherever the recording ends."""

import numpy as np
import pytest

from imu_hinge.reps.onsets import Course, normalised_speed
from imu_hinge.signals import derivative, smooth

RATE_HZ = 100.0


def test_a_movement_begins_before_it_ends_and_inside_its_course() -> None:
    """Random walks from upright to a bottom, some idle to the last sample."""
    rng = np.random.default_rng(3)
    for _ in range(300):
        n = int(rng.integers(3, 200))
        depth = smooth(np.abs(np.cumsum(rng.normal(0.0, 0.1, n))) * np.linspace(0.0, 1.0, n), 5)
        pace = normalised_speed(derivative(depth, RATE_HZ), np.zeros(n)) * (
            rng.random() < 0.8
        )  # some are never under way
        course = Course(depth, pace, RATE_HZ)
        assert 0 <= course.movement_onset() <= course.movement_offset() <= n - 1


def test_who_is_slow_to_the_very_bottom_begins_within_the_course() -> None:
    course = Course(np.zeros(5), np.zeros(5), RATE_HZ)
    assert course.movement_onset() <= 4
    assert course.movement_offset() <= 4


def test_a_dip_that_came_back_to_upright_is_no_arrival() -> None:
    """Down to 0.9 of the depth, back up to standing, then all the way: the second way down is the movement."""
    t = np.arange(600) / RATE_HZ
    depth = np.interp(t, [0.0, 1.0, 2.0, 3.0, 4.0, 6.0], [0.0, 0.0, 0.9, 0.0, 0.0, 1.0])
    course = Course(depth, normalised_speed(derivative(depth, RATE_HZ), np.zeros(600)), RATE_HZ)
    assert 3.5 < course.movement_onset() / RATE_HZ < 4.2
    assert course.movement_offset() / RATE_HZ > 5.5


def test_a_movement_begins_and_ends_between_standing_and_a_fifth_of_its_speed() -> None:
    t = np.arange(400) / RATE_HZ
    pace = np.interp(t, [1.0, 1.5, 2.5, 3.0], [0.0, 1.0, 1.0, 0.0])
    depth = np.where(t < 1.0, 0.0, 0.05 * pace.sum() + np.cumsum(pace))  # the depth alone does not tell when
    course = Course(depth, pace, RATE_HZ)
    assert 100 <= course.movement_onset() <= 110 - 2
    assert 290 + 2 <= course.movement_offset() <= 300


def test_what_moves_at_first_slowly_began_at_most_half_a_ramp_earlier() -> None:
    """A fifth is passed at 1.2 s at once, three tenths 0.3 s later: twice 0.3 s back would be too far."""
    t = np.arange(400) / RATE_HZ
    pace = np.interp(t, [1.19, 1.2, 1.5, 2.0, 4.0], [0.0, 0.2, 0.3, 1.0, 1.0])
    depth = np.where(t < 1.2, 0.0, 0.05 * pace.sum() + np.cumsum(pace))
    assert Course(depth, pace, RATE_HZ).movement_onset() == pytest.approx(120 - 15, abs=1)


def test_speed_is_a_share_of_its_peak_and_of_no_less_than_sway() -> None:
    turning, travelling = np.linspace(0.0, 2.0, 101), np.full(101, -1.0)
    np.testing.assert_allclose(normalised_speed(turning, travelling), turning / 1.9)
    np.testing.assert_allclose(normalised_speed(np.full(9, 0.03), np.zeros(9)), 0.2)
    np.testing.assert_allclose(normalised_speed(np.zeros(9), np.full(9, 0.02)), 0.25)
    np.testing.assert_allclose(normalised_speed(np.full(9, 1.0), np.full(9, 0.04)), 1.0)


def test_a_movement_that_starts_at_once_begins_at_its_first_sample() -> None:
    pace = np.where(np.arange(400) < 120, 0.0, 1.0)
    depth = np.where(pace > 0.0, 0.05 * pace.sum() + np.cumsum(pace), 0.0)
    course = Course(depth, pace, RATE_HZ)
    assert course.movement_onset() == 120
    assert course.movement_offset() == 399
