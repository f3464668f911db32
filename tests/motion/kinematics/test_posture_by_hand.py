"""Every angle's error band against the sum of its parts, worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from imu_hinge import conventions as cv
from imu_hinge.model import Array, Region
from imu_hinge.motion.kinematics.alignment import Mounting
from imu_hinge.motion.kinematics.posture import (
    SegmentInclination,
    SoftTissue,
    assemble,
    lead_placement,
    measured_angles,
    segment_inclination,
)
from imu_hinge.motion.kinematics.standing import Slip, Standing
from imu_hinge.motion.kinematics.track import Track
from imu_hinge.motion.kinematics.vertical_acceleration import Travel
from imu_hinge.settings import ErrorBudget, Settings

RATE_HZ = 100.0
N = 900
DEG = math.radians(1.0)
UPRIGHT = Mounting(np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]), 1.0, 0.5 * DEG)
STANDING = Standing(np.array([0.0, 0.0, 1.0]), (Region(0, 300), Region(600, 900)), 0.0)


def bend(peak_deg: float = 60.0, end_deg: float = 0.0) -> Array:
    """Return standing, one bend of three seconds, standing. (n,) [rad]."""
    inclination = np.zeros(N)
    inclination[300:600] = peak_deg * DEG * np.sin(np.linspace(0.0, np.pi, 300)) ** 2
    inclination[600:] = end_deg * DEG
    return inclination


def track_of(inclination: Array) -> Track:
    up = np.stack([-np.sin(inclination), np.zeros(N), np.cos(inclination)], axis=1)
    rate = np.gradient(inclination, 1.0 / RATE_HZ)
    return Track(
        time_s=np.arange(N) / RATE_HZ,
        up_s=up,
        acc=9.80665 * up,
        gyr=np.stack([np.zeros(N), rate, np.zeros(N)], axis=1),
        is_stationary=np.abs(rate) < 0.05,
        flags=np.zeros(N, dtype=np.uint16),
    )


def told_of(inclination: Array, *, is_live: bool = False) -> SegmentInclination:
    return segment_inclination(track_of(inclination), UPRIGHT, STANDING, Settings(), is_live=is_live)


@pytest.mark.parametrize(("is_live", "filter_deg"), [(False, 0.6), (True, 0.9)])
def test_the_band_of_an_inclination_is_filter_zero_and_axis_together(is_live: bool, filter_deg: float) -> None:
    found = told_of(bend(), is_live=is_live)
    axis = 5.0 * DEG
    np.testing.assert_allclose(found.inclination_rad, bend(), atol=1e-9)
    for at, bent_deg in ((100, 0.0), (450, float(bend()[450] / DEG))):
        of_axis = math.hypot(bent_deg * math.sqrt(0.75) * axis**2, 3.0 * math.sin(axis))
        crept = 3.0 * math.sqrt({100: 1.0, 450: 1.5}[at] / 600.0) if is_live else 0.0  # s since it last stood
        expected = math.sqrt(filter_deg**2 + 0.5**2 + of_axis**2 + crept**2)
        assert found.sd_rad[at] / DEG == pytest.approx(expected, rel=1e-6)
    assert found.slips == ()


def test_who_stands_otherwise_after_a_set_has_a_wider_zero() -> None:
    found = told_of(bend(end_deg=3.0))
    of_axis = 3.0 * math.sin(5.0 * DEG)
    assert found.sd_rad[100] / DEG == pytest.approx(math.sqrt(0.6**2 + 9.0 + of_axis**2), rel=1e-3)


def test_while_it_slips_a_sensor_is_off_by_the_whole_jump() -> None:
    found = told_of(bend(end_deg=8.0))
    (slip,) = found.slips
    assert (found.zero_rad / DEG, found.zero_sd_rad / DEG) == pytest.approx((8.0, 0.5))
    assert (slip.where, slip.jump_rad / DEG) == (Region(300, 600), pytest.approx(8.0))
    np.testing.assert_allclose(found.inclination_rad[650:], 0.0, atol=1e-9)  # zeroed anew
    assert found.sd_rad[599] / DEG > 8.0
    assert found.sd_rad[650] / DEG < 1.0


def test_in_a_gap_nothing_is_known() -> None:
    track = track_of(bend())
    track.flags[400:420] = cv.Flag.GAP
    found = segment_inclination(track, UPRIGHT, STANDING, Settings(), is_live=False)
    assert np.isinf(found.sd_rad[400:420]).all()
    assert np.isfinite(found.sd_rad[420:]).all()


def plain(inclination: Array, sd_deg: float) -> SegmentInclination:
    nothing = np.zeros(len(inclination))
    return SegmentInclination(
        inclination, np.full(len(inclination), sd_deg * DEG), nothing, Travel(nothing, nothing, nothing), (), 0.0, 0.01
    )


def test_bones_turn_further_than_the_skin_and_the_band_knows_by_how_little_that_is_known() -> None:
    pair = {"sacrum": plain(np.full(100, 40.0 * DEG), 1.0), "t12": plain(np.full(100, 70.0 * DEG), 1.5)}
    angles, sd = measured_angles(
        pair, SoftTissue.expected(ErrorBudget()), part=slice(0, 100), sync_s=0.008, rate_hz=RATE_HZ
    )
    pelvis, trunk = 40.0 / 0.935, 70.0 / 0.975
    pelvis_sd = math.hypot(1.0 / 0.935, 0.02 * pelvis / 0.935)
    trunk_sd = math.hypot(1.5 / 0.975, 0.032 * trunk / 0.975)
    expected = [pelvis, trunk, trunk - pelvis, math.nan, math.nan]
    np.testing.assert_allclose(angles[50] / DEG, expected)
    np.testing.assert_allclose(sd[50] / DEG, [pelvis_sd, trunk_sd, math.hypot(pelvis_sd, trunk_sd), math.nan, math.nan])


def test_a_lag_counts_by_the_faster_segment_and_skins_that_lose_alike_count_less() -> None:
    ramp = 60.0 * DEG * np.arange(100) / RATE_HZ  # 60 deg/s
    pair = {"sacrum": plain(0.5 * ramp, 1.0), "t12": plain(ramp, 1.0)}
    none = SoftTissue((0.0, 0.0), ((0.0, 0.0), (0.0, 0.0)))
    _, sd = measured_angles(pair, none, part=slice(0, 100), sync_s=0.05, rate_hz=RATE_HZ)
    np.testing.assert_allclose(sd[50, cv.LUMBAR_FLEXION] / DEG, math.sqrt(1.0 + 1.0 + 3.0**2), rtol=1e-6)
    alike = SoftTissue((0.0, 0.0), ((0.01, 0.006), (0.006, 0.04)))
    _, sd = measured_angles(pair, alike, part=slice(0, 100), sync_s=0.0, rate_hz=RATE_HZ)
    pelvis, trunk = 15.0, 30.0
    variance = 2.0 + 0.01 * pelvis**2 + 0.04 * trunk**2 - 2.0 * 0.006 * pelvis * trunk
    assert sd[50, cv.LUMBAR_FLEXION] / DEG == pytest.approx(math.sqrt(variance))


def test_one_sensor_measures_its_own_angle_alone_and_none_over_its_gap() -> None:
    only = plain(np.full(10, 30.0 * DEG), 1.0)
    only.sd_rad[3] = math.inf
    angles, sd = measured_angles(
        {"t12": only}, SoftTissue.expected(ErrorBudget()), part=slice(2, 6), sync_s=0.0, rate_hz=RATE_HZ
    )
    assert np.isfinite(angles[:, cv.TRUNK_INCLINATION]).tolist() == [True, False, True, True]
    assert np.isnan(angles[:, [cv.PELVIS_TILT, cv.LUMBAR_FLEXION, cv.HIP_FLEXION, cv.KNEE_FLEXION]]).all()
    np.testing.assert_array_equal(np.isnan(sd), np.isnan(angles))


def test_the_posture_takes_heights_from_the_pelvis_and_bends_from_the_highest_on_the_trunk() -> None:
    low, high = plain(np.full(N, 0.1), 1.0), plain(np.full(N, 0.2), 1.0)
    travel = Travel(np.full(N, -0.3), np.full(N, 0.01), np.full(N, 0.7))
    low = replace(low, travel=travel, slips=(Slip(Region(500, 600), 0.1),))
    tracks = {"sacrum": track_of(np.zeros(N)), "t12": track_of(np.zeros(N))}
    tracks["t12"].is_stationary[7] = False
    tracks["sacrum"].flags[5], tracks["t12"].flags[6] = cv.Flag.GAP, cv.Flag.CLIPPED
    posture = assemble(tracks, {"sacrum": low, "t12": high}, Settings(), sync_s=0.0)
    assert posture.basis == "measured"
    assert (posture.height_m[0], posture.speed_mps[0], posture.inclination_rad[0]) == (-0.3, 0.7, 0.2)
    assert np.flatnonzero(~posture.is_still).tolist() == [7]
    assert posture.flags[[5, 6, 8]].tolist() == [cv.Flag.GAP, cv.Flag.CLIPPED, 0]
    assert np.flatnonzero(posture.flags & cv.Flag.SLIPPED)[0] == 500
    assert not (posture.flags & cv.Flag.UNALIGNED).any()
    unaligned = assemble(tracks, {"sacrum": low, "t12": high}, Settings(), is_aligned=False, sync_s=0.0)
    assert (unaligned.flags & cv.Flag.UNALIGNED).all()
    alone = assemble({"t12": tracks["t12"]}, {"t12": high}, Settings(), sync_s=0.0)
    assert (alone.basis, lead_placement({"hip": low, "chest": high})) == ("inferred", "chest")
