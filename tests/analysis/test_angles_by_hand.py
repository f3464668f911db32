"""The angles of one instant from inclinations that are known, number by number."""

from __future__ import annotations

import math

import pytest

from imu_hinge import conventions as cv
from imu_hinge.analysis.instant.angles import UNKNOWN, angles_before_mounting, measured, segment_of
from imu_hinge.analysis.instant.known import Known, SensorKnown
from imu_hinge.analysis.instant.one_sensor import Reading
from imu_hinge.motion.kinematics.posture import SoftTissue
from imu_hinge.settings import ErrorBudget

DEG = math.radians(1.0)
BUDGET = ErrorBudget()
UP = (0.0, 0.0, 1.0)
SOFT_TISSUE = SoftTissue((0.1, 0.05), ((0.02**2, 0.01**2), (0.01**2, 0.03**2)))


def reading(
    *, lean_deg: float = 0.0, rate_rad_s: float = 0.0, settling_rad: float = 0.0, stood: bool = True
) -> Reading:
    up_s = (-math.sin(lean_deg * DEG), 0.0, math.cos(lean_deg * DEG))
    return Reading(up_s, UP if stood else None, rate_rad_s, False, settling_rad, math.nan, math.nan, math.nan)


def known(*placements: str, sync_s: float = 0.0, withheld: tuple[int, ...] = ()) -> Known:
    sensor = SensorKnown(UP, (1.0, 0.0, 0.0), 0.0, 2.0 * DEG, (0.0, 0.0, 0.0), math.nan, math.nan, math.nan)
    return Known(dict.fromkeys(placements, sensor), SOFT_TISSUE, sync_s, withheld, "deadlift", None)


def own_sd(inclination: float, settling: float = 0.0) -> float:
    """Return the root of filter, settling, zero and axis."""
    axis = 5.0 * DEG
    crossed = math.hypot(inclination * math.sqrt(0.75) * axis**2, 3.0 * DEG * math.sin(axis))
    return math.sqrt((0.9 * DEG) ** 2 + settling**2 + (2.0 * DEG) ** 2 + crossed**2)


def test_a_sensor_measures_the_segment_that_it_sits_on() -> None:
    assert {p: segment_of(p) for p in cv.PLACEMENTS if segment_of(p) is not None} == {
        "sacrum": cv.PELVIS_TILT,
        "hip": cv.PELVIS_TILT,
        "t12": cv.TRUNK_INCLINATION,
    }


def test_an_inclination_is_against_standing_and_its_zero() -> None:
    sensor = SensorKnown(UP, (1.0, 0.0, 0.0), 3.0 * DEG, 0.0, (0.0, 0.0, 0.0), math.nan, math.nan, math.nan)
    for lean_deg in (-20.0, 0.0, 75.0, 120.0):
        assert sensor.inclination_rad(reading(lean_deg=lean_deg).up_s) / DEG == pytest.approx(lean_deg - 3.0)
    turned = SensorKnown((0.0, 1.0, 0.0), (0.0, 0.0, -1.0), 0.0, 0.0, (0.0, 0.0, 0.0), math.nan, math.nan, math.nan)
    bent = (0.0, math.cos(0.7), math.sin(0.7))  # up has turned away from forward
    assert turned.inclination_rad(bent) == pytest.approx(0.7)


def test_before_anybody_bent_the_angle_from_standing_is_told_in_whatever_direction() -> None:
    readings = {"sacrum": reading(lean_deg=-10.0), "lumbar": reading(lean_deg=50.0), "t12": reading(stood=False)}
    found = angles_before_mounting(readings, BUDGET)
    assert found.basis == "inferred"
    assert found.angles_rad[cv.PELVIS_TILT] / DEG == pytest.approx(10.0)
    assert found.sd_rad[cv.PELVIS_TILT] / DEG == pytest.approx(math.hypot(0.9, 0.8, 10.0 * 0.065))
    assert [math.isnan(angle) for angle in found.angles_rad] == [i != cv.PELVIS_TILT for i in range(5)]
    assert angles_before_mounting({"t12": reading(stood=False)}, BUDGET) is UNKNOWN


def test_two_sensors_measure_lumbar_flexion_with_what_the_skin_loses_given_back() -> None:
    inclinations = {"sacrum": 45.0 * DEG, "t12": 76.0 * DEG}
    readings = {"sacrum": reading(rate_rad_s=0.9), "t12": reading(rate_rad_s=0.5, settling_rad=4.0 * DEG)}
    found = measured(inclinations, readings, known("sacrum", "t12", sync_s=0.02), BUDGET)
    assert found.basis == "measured"
    assert [a / DEG for a in found.angles_rad[: cv.LUMBAR_FLEXION + 1]] == pytest.approx([50.0, 80.0, 30.0])
    pelvis = math.hypot(own_sd(45.0 * DEG) / 0.9, 0.02 * 50.0 * DEG / 0.9)
    trunk = math.hypot(own_sd(76.0 * DEG, 4.0 * DEG) / 0.95, 0.03 * 80.0 * DEG / 0.95)
    assert found.sd_rad[:2] == pytest.approx((pelvis, trunk))
    shared = 0.01**2 * (50.0 * DEG / 0.9) * (80.0 * DEG / 0.95)
    lumbar = math.sqrt(pelvis**2 + trunk**2 + (0.02 * 1.0) ** 2 - 2.0 * shared)  # 0.9 rad/s of skin are 1.0 of bone
    assert found.sd_rad[cv.LUMBAR_FLEXION] == pytest.approx(lumbar)
    assert all(math.isnan(value) for value in found.angles_rad[cv.LUMBAR_FLEXION + 1 :])


def test_one_sensor_measures_its_own_segment_alone_and_what_is_withheld_is_not_told() -> None:
    one = measured({"hip": 45.0 * DEG, "thigh": 0.3}, {"hip": reading()}, known("hip"), BUDGET)
    assert one.basis == "inferred"
    assert [math.isnan(angle) for angle in one.angles_rad] == [i != cv.PELVIS_TILT for i in range(5)]
    readings = {"sacrum": reading(), "t12": reading()}
    told = measured(
        dict.fromkeys(readings, 0.5), readings, known("sacrum", "t12", withheld=(cv.LUMBAR_FLEXION,)), BUDGET
    )
    assert [math.isnan(sd) for sd in told.sd_rad] == [False, False, True, True, True]
    assert math.isnan(told.angles_rad[cv.LUMBAR_FLEXION])
