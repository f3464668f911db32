"""Verdicts, findings and grades against cases worked out by hand, on both sides of every threshold."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hand_made import RATE_HZ, bend_of, lift_from_floor, lift_from_top, posture_of, rise_and_fall

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.model import Posture, Region
from imu_hinge.reps.metrics import Metrics, measure
from imu_hinge.reps.segmentation import Lift
from imu_hinge.reps.verdict import Limits, find, grade, judge, probability_above
from imu_hinge.settings import VerdictSettings

LIMITS = Limits.of(Athlete(), VerdictSettings())
LIMIT_DEG = 0.7 * 55.0
KNEE_LIMIT_DEG = 85.0


def metrics_of(lumbar_deg: float, knee_deg: float = 60.0, *, sd_deg: float = 3.0, knee_sd_deg: float = 3.0) -> Metrics:
    value, sd = np.zeros(5), np.zeros(5)
    value[[cv.LUMBAR_FLEXION, cv.KNEE_FLEXION]] = np.radians([lumbar_deg, knee_deg])
    sd[[cv.LUMBAR_FLEXION, cv.KNEE_FLEXION]] = np.radians([sd_deg, knee_sd_deg])
    known = measure(bend_of(), lift_from_top())
    return replace(known, peak_rad=value, peak_sd_rad=sd, bottom_rad=value, bottom_sd_rad=sd)


def test_the_limits_are_the_documented_ones() -> None:
    assert math.degrees(LIMITS.lumbar_rad) == pytest.approx(LIMIT_DEG)
    assert math.degrees(LIMITS.knee_rad) == pytest.approx(KNEE_LIMIT_DEG)


@pytest.mark.parametrize(("off_by_sd", "chance"), [(0.0, 0.5), (1.0, 0.8413), (-1.0, 0.1587), (2.0, 0.9772)])
def test_a_probability_is_that_of_one_standard_deviation_not_two(off_by_sd: float, chance: float) -> None:
    assert probability_above(1.0 + off_by_sd * 0.1, 0.1, 1.0) == pytest.approx(chance, abs=1e-4)


@pytest.mark.parametrize(
    ("lumbar_deg", "knee_deg", "label"),
    [
        (LIMIT_DEG + 0.9 * 3.0, 60.0, "lumbar_flexion"),  # P = 0.816
        (LIMIT_DEG + 0.7 * 3.0, 60.0, "undecided"),  # P = 0.758
        (LIMIT_DEG - 0.7 * 3.0, 60.0, "undecided"),
        (LIMIT_DEG - 0.9 * 3.0, 60.0, "hip_hinge"),
        (10.0, KNEE_LIMIT_DEG + 0.9 * 3.0, "squat"),
        (10.0, KNEE_LIMIT_DEG + 0.5 * 3.0, "undecided"),
        (10.0, KNEE_LIMIT_DEG - 0.1 * 3.0, "hip_hinge"),
        (LIMIT_DEG + 9.0, KNEE_LIMIT_DEG + 9.0, "lumbar_flexion"),  # the back goes before the knees
    ],
)
def test_a_label_needs_four_fifths(lumbar_deg: float, knee_deg: float, label: str) -> None:
    assert judge(metrics_of(lumbar_deg, knee_deg), (), LIMITS).label == label


def test_the_confidence_is_the_probability_of_the_label() -> None:
    rounded, hinged = judge(metrics_of(LIMIT_DEG + 3.0), (), LIMITS), judge(metrics_of(LIMIT_DEG - 3.0), (), LIMITS)
    assert rounded.confidence == pytest.approx(0.8413, abs=2e-3)
    assert hinged.confidence == pytest.approx(0.8413, abs=2e-3)


@pytest.mark.parametrize(("under_by_sd", "is_said"), [(1.2, False), (0.6, True), (-0.3, True)])
def test_knees_near_their_limit_are_named_where_they_are_why_it_is_not_sure(under_by_sd: float, is_said: bool) -> None:
    """P(knees) is 0.115, 0.274 and 0.618: under a fifth nobody need say so, over a half no hinge is told."""
    verdict = judge(metrics_of(10.0, KNEE_LIMIT_DEG - 3.0 * under_by_sd), (), LIMITS)
    assert verdict.label == ("undecided" if under_by_sd < 0.0 else "hip_hinge")
    assert ("the knees bend" in verdict.reason) == is_said


@pytest.mark.parametrize(("under_by_sd", "label"), [(2.1, "hip_hinge"), (1.8, "undecided"), (-1.2, "squat")])
def test_without_a_bar_on_the_floor_no_hinge_is_told_while_the_knees_are_unsure(under_by_sd: float, label: str) -> None:
    """P(knees) is 0.018, 0.036 and 0.885; with the bar on the floor the second is a hinge."""
    verdict = judge(metrics_of(10.0, KNEE_LIMIT_DEG - 3.0 * under_by_sd), (), LIMITS, from_floor=False)
    assert verdict.label == label
    assert ("the knees bend" in verdict.reason) == (label != "hip_hinge")
    assert "{}" not in verdict.reason


def test_who_squats_does_so_without_rounding() -> None:
    """P(rounded) is 0.1587 a standard deviation below the limit, P(knees) 0.9772 two above."""
    squat = judge(metrics_of(LIMIT_DEG - 3.0, KNEE_LIMIT_DEG + 6.0), (), LIMITS)
    assert (squat.label, squat.confidence) == ("squat", pytest.approx(0.8413 * 0.9772, abs=1e-3))
    hinge = judge(metrics_of(LIMIT_DEG - 3.0, KNEE_LIMIT_DEG - 6.0), (), LIMITS)
    assert (hinge.label, hinge.confidence) == ("hip_hinge", pytest.approx(0.8413 * 0.9772, abs=1e-3))


def test_a_wide_band_decides_nothing() -> None:
    assert judge(metrics_of(LIMIT_DEG + 6.0, sd_deg=20.0), (), LIMITS).label == "undecided"


def test_a_doubt_decides_nothing_and_is_the_reason() -> None:
    verdict = judge(metrics_of(60.0), (), LIMITS, doubt="it cannot be")
    assert (verdict.label, verdict.reason) == ("undecided", "it cannot be")


def test_without_lumbar_flexion_there_is_no_verdict() -> None:
    posture = bend_of(knee_flexion=120.0)
    posture.angles_rad[:, cv.LUMBAR_FLEXION] = np.nan
    verdict = judge(measure(posture, lift_from_top()), (), LIMITS)
    assert verdict.label == "undecided"
    assert math.isnan(verdict.confidence)


def findings_of(
    posture: Posture, lift: Lift, *, from_floor: bool, earlier: list[float] | None = None
) -> tuple[str, ...]:
    return find(posture, lift, measure(posture, lift), LIMITS, from_floor=from_floor, earlier=earlier or [])


@pytest.mark.parametrize(
    ("back_deg", "seconds", "is_found"), [(12.0, 0.4, True), (9.0, 0.4, False), (12.0, 0.1, False)]
)
def test_a_lockout_that_inclinations_back_by_more_than_eight_degrees_and_its_error_for_a_while(
    back_deg: float, seconds: float, is_found: bool
) -> None:
    angles = bend_of(n=601, trunk_inclination=70.0, pelvis_tilt=50.0).angles_rad.copy()
    back = slice(600 - round(seconds * RATE_HZ), 601)
    angles[back, cv.TRUNK_INCLINATION] = -np.radians(back_deg)  # sd is 2 degrees: 12 is over 8 + 2, 9 is not
    found = findings_of(posture_of(angles), lift_from_top(601), from_floor=False)
    assert ("lockout_hyperextension" in found) == is_found


@pytest.mark.parametrize(("lumbar_deg", "is_found"), [(LIMIT_DEG + 4.0, True), (LIMIT_DEG - 4.0, False)])
def test_flexion_at_the_bottom(lumbar_deg: float, is_found: bool) -> None:
    found = findings_of(bend_of(lumbar_flexion=lumbar_deg), lift_from_top(), from_floor=False)
    assert ("flexion_at_the_bottom" in found) == is_found


@pytest.mark.parametrize(("more_deg", "is_found"), [(8.0, True), (3.0, False)])
def test_flexion_off_the_floor_is_what_comes_after_lift_off(more_deg: float, is_found: bool) -> None:
    angles = np.zeros((401, 5))
    angles[:, cv.LUMBAR_FLEXION] = np.radians(20.0) + rise_and_fall(more_deg, n=401)
    angles[101:, cv.LUMBAR_FLEXION] = 0.0  # gone by mid-pull
    angles[:, cv.LUMBAR_FLEXION][:101] = np.radians(np.linspace(20.0, 20.0 + more_deg, 101))
    found = findings_of(posture_of(angles), lift_from_floor(), from_floor=True)
    assert ("flexion_off_the_floor" in found) == is_found


@pytest.mark.parametrize(
    ("earlier_deg", "is_found"),
    [([20.0, 21.0, 24.0], True), ([20.0, 21.0, 34.0, 31.0], False), ([27.0, 27.0], False), ([20.0], False)],
)
def test_growth_is_told_beyond_five_degrees_while_it_goes_on(earlier_deg: list[float], is_found: bool) -> None:
    found = findings_of(
        bend_of(lumbar_flexion=30.0), lift_from_top(), from_floor=False, earlier=tuple(np.radians(earlier_deg))
    )
    assert ("flexion_growing" in found) == is_found


@pytest.mark.parametrize(("bump_deg", "is_found"), [(8.0, True), (2.0, False)])
def test_hips_shoot_up_where_they_rise_while_the_trunk_goes_down(bump_deg: float, is_found: bool) -> None:
    n = 401
    angles = np.zeros((n, 5))
    tilt = np.radians(50.0) * np.cos(np.linspace(0.0, np.pi / 2.0, 200))
    tilt[:60] = np.radians(np.linspace(50.0, 50.0 + bump_deg, 60))
    angles[:200, cv.PELVIS_TILT] = tilt
    height = np.concatenate([np.linspace(-0.25, 0.0, 200), np.zeros(n - 200)])
    found = findings_of(posture_of(angles, height_m=height), lift_from_floor(n), from_floor=True)
    assert ("hips_shoot_up" in found) == is_found


@pytest.mark.parametrize(("pull_s", "still_s", "is_found"), [(0.6, 0.0, True), (0.6, 0.5, False), (1.5, 0.0, False)])
def test_a_rushed_start_is_a_fast_pull_without_stillness_before_it(
    pull_s: float, still_s: float, is_found: bool
) -> None:
    n, start = 601, 200
    turn = start + round(pull_s * RATE_HZ)
    posture = posture_of(np.zeros((n, 5)))
    posture.is_still[start - round(still_s * RATE_HZ) : start] = True
    lift = lift_from_floor(n)
    lift = replace(lift, start=start, bottom=start, turn=turn, up=Region(start, turn), down=Region(turn, n - 1))
    assert ("rushed_start" in findings_of(posture, lift, from_floor=True)) == is_found


@pytest.mark.parametrize(("shape", "is_found"), [("early", True), ("late", False)])
def test_knees_that_bend_before_the_bar_has_passed_them(shape: str, is_found: bool) -> None:
    angles = np.zeros((401, 5))
    course = np.clip(np.linspace(0.0, 4.0, 200), 0.0, 1.0) if shape == "early" else np.linspace(0.0, 1.0, 200) ** 3
    angles[:200, cv.KNEE_FLEXION] = np.radians(70.0) * course
    assert ("early_knee_bend" in findings_of(posture_of(angles), lift_from_top(), from_floor=False)) == is_found


@pytest.mark.parametrize(
    ("from_deg", "by_deg", "early_share", "is_found"),
    [
        (10.0, 32.0, 0.65, True),
        (10.0, 28.0, 0.65, False),  # less than 30 degrees are in nobody's way
        (10.0, 40.0, 0.55, False),
        (40.0, 32.0, 0.65, True),
        (40.0, 28.0, 0.9, False),
    ],
)
def test_knees_go_first_by_what_they_bend_and_not_by_how_bent_they_are(
    from_deg: float, by_deg: float, early_share: float, is_found: bool
) -> None:
    angles = np.zeros((401, 5))
    course = np.interp(np.arange(200), [0, 65, 199], [0.0, early_share, 1.0])
    angles[:200, cv.KNEE_FLEXION] = np.radians(from_deg + by_deg * course)
    assert ("early_knee_bend" in findings_of(posture_of(angles), lift_from_top(), from_floor=False)) == is_found


@pytest.mark.parametrize(
    ("bump_deg", "rise_m", "is_found"),
    [(4.5, 0.25, True), (3.5, 0.25, False), (4.5, 0.09, True), (4.5, 0.07, False)],
)
def test_hips_that_hardly_rise_cannot_shoot_up(bump_deg: float, rise_m: float, is_found: bool) -> None:
    angles = np.zeros((401, 5))
    tilt = np.radians(np.interp(np.arange(200), [0, 30, 199], [50.0, 50.0 + bump_deg, 0.0]))
    angles[:200, cv.PELVIS_TILT] = tilt
    height = np.concatenate([np.linspace(-rise_m, 0.0, 200), np.zeros(201)])
    found = findings_of(posture_of(angles, height_m=height), lift_from_floor(), from_floor=True)
    assert ("hips_shoot_up" in found) == is_found
    late = np.roll(tilt, 100)  # the same after three tenths of the rise
    angles[:200, cv.PELVIS_TILT] = np.where(np.arange(200) < 100, np.radians(50.0), late)
    assert "hips_shoot_up" not in findings_of(posture_of(angles, height_m=height), lift_from_floor(), from_floor=True)


@pytest.mark.parametrize(
    ("pull_s", "still_s", "is_found"), [(0.85, 0.14, True), (0.95, 0.14, False), (0.85, 0.16, False)]
)
def test_a_start_is_rushed_below_nine_tenths_of_a_second_and_a_breath_s_pause(
    pull_s: float, still_s: float, is_found: bool
) -> None:
    n, start = 601, 200
    turn = start + round(pull_s * RATE_HZ)
    posture = posture_of(np.zeros((n, 5)))
    posture.is_still[101 : 101 + round(still_s * RATE_HZ)] = True  # just within the second before
    posture.is_still[:99] = True
    lift = replace(
        lift_from_floor(n), start=start, bottom=start, turn=turn, up=Region(start, turn), down=Region(turn, n - 1)
    )
    assert ("rushed_start" in findings_of(posture, lift, from_floor=True)) == is_found
    assert "rushed_start" not in findings_of(posture, lift, from_floor=False)


@pytest.mark.parametrize(
    ("flagged", "flag", "quality", "is_undecidable", "expected"),
    [
        (0.0, cv.Flag.GAP, 0.97, False, "A"),
        (0.0, cv.Flag.GAP, 0.93, False, "B"),
        (0.05, cv.Flag.GAP, 0.97, False, "B"),
        (0.15, cv.Flag.CLIPPED, 0.97, False, "C"),
        (0.35, cv.Flag.SUSPECT, 0.97, False, "D"),
        (0.0, cv.Flag.GAP, 0.80, False, "C"),
        (0.0, cv.Flag.GAP, 0.55, False, "D"),
        (0.05, cv.Flag.SLIPPED, 0.97, False, "C"),
        (0.0, cv.Flag.GAP, 0.97, True, "D"),
    ],
)
def test_grades(flagged: float, flag: cv.Flag, quality: float, is_undecidable: bool, expected: str) -> None:
    posture, lift = bend_of(lumbar_flexion=20.0), lift_from_top()
    posture.flags[: round(flagged * 401)] = flag
    assert grade(posture, lift, alignment_quality=quality, is_undecidable=is_undecidable) == expected
