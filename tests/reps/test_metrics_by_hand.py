"""The numbers of a lift against numbers known by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hand_made import RATE_HZ, SD_RAD, bend_of, lift_from_floor, lift_from_top, posture_of

from imu_hinge import conventions as cv
from imu_hinge.model import Region
from imu_hinge.reps.metrics import measure

PEAKS = {
    "pelvis_tilt": 50.0,
    "trunk_inclination": 80.0,
    "lumbar_flexion": 30.0,
    "hip_flexion": 90.0,
    "knee_flexion": 60.0,
}


def test_peaks_are_the_largest_values_with_their_own_standard_deviation() -> None:
    posture = bend_of(**PEAKS)
    posture.sd_rad[200] = np.radians([1.0, 1.5, 3.0, 4.0, 5.0])  # the middle, where all peak
    found = measure(posture, lift_from_top())
    np.testing.assert_allclose(np.degrees(found.peak_rad), [50.0, 80.0, 30.0, 90.0, 60.0], atol=0.1)
    np.testing.assert_allclose(np.degrees(found.peak_sd_rad), [1.0, 1.5, 3.0, 4.0, 5.0])


def test_a_peak_that_may_lie_on_the_way_has_the_standard_deviation_of_there() -> None:
    """The largest value is where it is known best: 30 ± 3; on the way it may be 20 ± 21, and up to 61."""
    posture = bend_of(lumbar_flexion=30.0)
    lumbar = posture.angles_rad[:, cv.LUMBAR_FLEXION]
    sd, high = posture.sd_rad[:, cv.LUMBAR_FLEXION], posture.high_rad[:, cv.LUMBAR_FLEXION]
    sd[:], high[:] = np.radians(3.0), lumbar + 1.96 * np.radians(3.0)
    at = int(np.argmin(np.abs(lumbar[:200] - np.radians(20.0))))
    sd[at], high[at] = np.radians(21.0), np.radians(61.0)
    found = measure(posture, lift_from_top())
    assert math.degrees(found.peak_rad[cv.LUMBAR_FLEXION]) == pytest.approx(30.0, abs=0.1)
    expected = math.degrees(lumbar[at]) + 21.0 - 30.0
    assert math.degrees(found.peak_sd_rad[cv.LUMBAR_FLEXION]) == pytest.approx(expected, abs=0.3)


def test_the_bottom_is_the_mean_of_a_fifth_of_a_second_around_it() -> None:
    angles = np.zeros((401, 5))
    angles[190:211, cv.LUMBAR_FLEXION] = np.radians(20.0)
    angles[300, cv.LUMBAR_FLEXION] = np.radians(90.0)  # elsewhere
    found = measure(posture_of(angles), lift_from_top())
    assert math.degrees(found.bottom_rad[cv.LUMBAR_FLEXION]) == pytest.approx(20.0)
    assert found.bottom_sd_rad[cv.LUMBAR_FLEXION] == pytest.approx(SD_RAD)


@pytest.mark.parametrize(("lumbar", "hip", "share"), [(30.0, 90.0, 0.25), (40.0, 40.0, 0.5), (0.0, 90.0, 0.0)])
def test_the_lumbar_share_is_lumbar_over_lumbar_plus_hip(lumbar: float, hip: float, share: float) -> None:
    found = measure(bend_of(lumbar_flexion=lumbar, hip_flexion=hip), lift_from_top())
    assert found.lumbar_share == pytest.approx(share, abs=1e-3)


def test_nobody_who_does_not_move_has_a_share() -> None:
    assert math.isnan(measure(bend_of(), lift_from_top()).lumbar_share)


def test_what_cannot_be_told_is_nan_and_the_rest_stands() -> None:
    posture = bend_of(**PEAKS)
    posture.angles_rad[:, cv.LUMBAR_FLEXION] = np.nan
    found = measure(posture, lift_from_top())
    assert math.isnan(found.peak_rad[cv.LUMBAR_FLEXION])
    assert math.isnan(found.bottom_rad[cv.LUMBAR_FLEXION])
    assert math.isnan(found.lumbar_share)
    assert math.degrees(found.peak_rad[cv.PELVIS_TILT]) == pytest.approx(50.0, abs=0.1)


def test_times_are_those_of_the_grid_and_of_the_phases() -> None:
    lift = replace(
        lift_from_top(), start=20, down=Region(20, 180), pause=Region(180, 220), up=Region(220, 390), stop=390
    )
    found = measure(bend_of(**PEAKS), lift)
    assert (found.start_s, found.turn_s, found.end_s) == pytest.approx((0.2, 2.0, 3.9))
    assert (found.descent_s, found.pause_s, found.ascent_s) == pytest.approx((1.6, 0.4, 1.7))


def test_a_dropped_bar_has_no_descent() -> None:
    lift = replace(lift_from_floor(), down=Region(200, 200))
    assert math.isnan(measure(bend_of(**PEAKS), lift).descent_s)
    assert measure(bend_of(**PEAKS), lift).ascent_s == pytest.approx(200 / RATE_HZ)
