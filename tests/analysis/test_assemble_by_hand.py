"""What is refused, warned of and doubted, on both sides of every threshold; nothing is filtered here."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from imu_hinge import conventions as cv
from imu_hinge.analysis.assemble import (
    check_on_trunk,
    clock_warnings,
    doubted,
    empty_result,
    hole_warnings,
    result_of,
    warnings_of,
    without_verdicts_elsewhere,
)
from imu_hinge.analysis.pipeline import Aligned, soft_tissue_of
from imu_hinge.analysis.plausibility import (
    ALONE,
    DISAGREES,
    SILENT,
    WORN_ELSEWHERE,
    basis_of,
    doubt_about_fit,
    doubt_about_height,
    doubt_about_one_sensor,
    looks_swapped,
)
from imu_hinge.athlete import Athlete
from imu_hinge.errors import NotOnTheTrunk
from imu_hinge.model import Array, Posture, Region
from imu_hinge.motion.hypotheses.kinds import Kinds
from imu_hinge.motion.kinematics.alignment import Mounting
from imu_hinge.motion.kinematics.clock_offset import Synchronised
from imu_hinge.motion.kinematics.posture import SegmentInclination, SoftTissue
from imu_hinge.motion.kinematics.standing import Slip
from imu_hinge.motion.kinematics.track import Track
from imu_hinge.motion.kinematics.vertical_acceleration import Travel
from imu_hinge.motion.linkage.set_parameters import SetParameters
from imu_hinge.reps.exercise import Found, FoundSet
from imu_hinge.reps.no_lifts import NoRep
from imu_hinge.reps.segmentation import Lift
from imu_hinge.result import Rep, Verdict
from imu_hinge.settings import ErrorBudget, Settings

RATE_HZ = 100.0
N = 1000
ATHLETE = Athlete(height_m=1.75)
LIFT = Lift(100, 200, 300, bottom=200, down=Region(100, 190), up=Region(210, 300), pause=Region(190, 210))


def posture_of(**columns: Array | str) -> Posture:
    zeros = np.zeros(N)
    plain = Posture(
        time_s=np.arange(N) / RATE_HZ,
        angles_rad=np.zeros((N, 5)),
        sd_rad=np.full((N, 5), 0.05),
        inclination_rad=zeros,
        side_inclination_rad=zeros,
        turn_rad=zeros,
        height_m=zeros,
        height_sd_m=np.full(N, 0.01),
        speed_mps=zeros,
        shock_mps2=zeros,
        is_still=np.zeros(N, dtype=bool),
        flags=np.zeros(N, dtype=np.uint16),
        basis="measured",
    )
    return replace(plain, **columns)


def inclined(
    deg: Array | float, *, side_deg: Array | float = 0.0, height_m: float = 0.0, slips: tuple[Slip, ...] = ()
) -> SegmentInclination:
    def column(value: Array | float) -> Array:
        return np.broadcast_to(np.radians(value), (N,)).copy()

    travel = Travel(np.full(N, height_m), np.full(N, 0.01), np.zeros(N))
    return SegmentInclination(column(deg), np.full(N, 0.01), column(side_deg), travel, slips, 0.0, 0.01)


def aligned_of(posture: Posture | None = None, *, share: float = 0.99, **inclinations: SegmentInclination) -> Aligned:
    up, forward = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])
    mountings = {p: Mounting(up, forward, share, 0.01) for p in inclinations}
    expected = SoftTissue.expected(ErrorBudget())
    return Aligned(posture or posture_of(), mountings, inclinations, expected, 0.008)


def rep_of(
    rep: int = 0, *, start_s: float = 1.0, end_s: float = 3.0, label: cv.VerdictLabel = "hip_hinge", reason: str = ""
) -> Rep:
    told = ("rep", "exercise", "start_s", "turn_s", "end_s", "basis", "verdict", "quality", "set", "verdict_floor")
    others = {f.name: 0.5 for f in fields(Rep) if f.name not in told}
    verdict = Verdict(label, 0.9, (), reason)
    return Rep(
        rep=rep,
        exercise="rdl",
        start_s=start_s,
        turn_s=2.0,
        end_s=end_s,
        basis="measured",
        verdict=verdict,
        quality="A",
        **others,
    )


def swinging(low_deg: float, high_deg: float) -> Array:
    """Return an inclination that is a tenth of the time at either end. (n,) [degrees]."""
    course = np.zeros(N)
    course[100:200], course[300:400] = low_deg, high_deg
    return course


@pytest.mark.parametrize(
    ("placement", "low_deg", "high_deg", "side_deg", "is_refused"),
    [
        ("t12", -44.0, 134.0, 0.0, False),
        ("t12", -46.0, 90.0, 0.0, True),
        ("t12", 0.0, 136.0, 0.0, True),
        ("t12", 0.0, 90.0, 59.0, False),
        ("t12", 0.0, 90.0, -61.0, True),
        ("thigh", -119.0, 59.0, 0.0, False),
        ("thigh", -121.0, 0.0, 0.0, True),
        ("thigh", 0.0, 61.0, 0.0, True),
    ],
)
def test_a_sensor_that_turns_as_no_trunk_does_is_refused(
    placement: str, low_deg: float, high_deg: float, side_deg: float, is_refused: bool
) -> None:
    aligned = aligned_of(**{placement: inclined(swinging(low_deg, high_deg), side_deg=swinging(0.0, side_deg))})
    if is_refused:
        with pytest.raises(NotOnTheTrunk, match=placement):
            check_on_trunk(aligned)
    else:
        check_on_trunk(aligned)


def test_a_moment_and_what_follows_a_hole_refuse_nobody() -> None:
    course = np.zeros(N)
    course[500:504] = 170.0  # less than half a hundredth
    check_on_trunk(aligned_of(t12=inclined(course)))
    posture = posture_of()
    posture.flags[400:450] = cv.Flag.GAP
    course = np.zeros(N)
    course[460:740] = 170.0  # until 3 s after the hole
    check_on_trunk(aligned_of(posture, t12=inclined(course)))
    course[740:780] = 170.0
    with pytest.raises(NotOnTheTrunk):
        check_on_trunk(aligned_of(posture, t12=inclined(course)))


def test_a_weak_axis_and_a_slip_are_said() -> None:
    assert warnings_of(aligned_of(share=0.86, t12=inclined(0.0)), Settings()) == ()
    (weak,) = warnings_of(aligned_of(share=0.84, t12=inclined(0.0)), Settings())
    assert "share only 0.84" in weak
    slipped = inclined(0.0, slips=(Slip(Region(250, 300), -math.radians(7.0)),))
    (said,) = warnings_of(aligned_of(t12=slipped), Settings())
    assert "slipped by 7 degrees after 2.5 s" in said


def test_where_half_of_the_reps_move_as_no_trunk_no_verdict_stands() -> None:
    elsewhere = rep_of(label="undecided", reason=f"it rises: {WORN_ELSEWHERE}")
    some = without_verdicts_elsewhere([elsewhere, rep_of(1), rep_of(2)])
    assert [r.verdict.label for r in some] == ["undecided", "hip_hinge", "hip_hinge"]
    half = without_verdicts_elsewhere([elsewhere, rep_of(1)])
    assert [(r.verdict.label, r.quality) for r in half] == [("undecided", "A"), ("undecided", "D")]
    assert half[1].verdict.reason.startswith("1 of 2 reps")
    assert without_verdicts_elsewhere([]) == ()


def test_a_rep_that_is_doubted_later_keeps_its_confidence_and_loses_its_label() -> None:
    found = doubted(rep_of(), "a reason")
    assert (found.verdict.label, found.verdict.reason, found.verdict.confidence, found.quality) == (
        "undecided",
        "a reason",
        0.9,
        "D",
    )
    before = rep_of(label="undecided", reason="an earlier one")
    assert doubted(before, "a reason") == replace(before, quality="D")


def test_holes_are_told_with_their_times_and_the_reps_they_touch() -> None:
    time_s = np.arange(N) / RATE_HZ
    reps = [rep_of(0, start_s=1.0, end_s=3.0), rep_of(1, start_s=3.5, end_s=5.0)]
    (said,) = hole_warnings({"sacrum": [Region(290, 360), Region(700, 800)]}, time_s, reps)
    assert "The sacrum sensor was silent from 2.9 to 3.6 s (reps 1 and 2), from 7.0 to 8.0 s (no rep)" in said
    (one,) = hole_warnings({"sacrum": [Region(360, 370)]}, time_s, reps)
    assert "(rep 2)" in one


def test_sensors_that_are_silent_together_are_told_in_one_sentence() -> None:
    time_s = np.arange(N) / RATE_HZ
    (both,) = hole_warnings({"sacrum": [Region(100, 200)], "t12": [Region(124, 176)]}, time_s, [])
    assert "The sacrum and t12 sensors were silent" in both
    assert len(hole_warnings({"sacrum": [Region(100, 200)], "t12": [Region(126, 200)]}, time_s, [])) == 2
    assert len(hole_warnings({"sacrum": [Region(100, 200)], "t12": [Region(100, 226)]}, time_s, [])) == 2
    assert hole_warnings({"sacrum": []}, time_s, []) == ()


def test_many_holes_are_told_by_the_first_six_and_a_jump_of_the_grid_by_none() -> None:
    time_s = np.arange(N) / RATE_HZ
    (many,) = hole_warnings({"t12": [Region(100 * i, 100 * i + 10) for i in range(9)]}, time_s, [])
    assert many.count("no rep") == 6
    assert "and 3 times more" in many
    jumped = time_s + np.where(np.arange(N) > 500, 5.1, 0.0)
    for hole in (Region(450, 550), Region(500, 550), Region(450, 501)):
        assert hole_warnings({"t12": [hole]}, jumped, []) == ()
    assert len(hole_warnings({"t12": [Region(450, 550)]}, time_s + np.where(np.arange(N) > 500, 4.9, 0.0), [])) == 1


@pytest.mark.parametrize(
    ("lag_s", "drift", "sd_s", "count"),
    [
        (0.014, 0.0, 0.001, 0),
        (0.016, 0.0, 0.001, 1),
        (0.0, 1.9e-4, 0.001, 0),
        (0.0, -2.1e-4, 0.001, 1),
        (0.0, 0.0, 0.051, 1),
    ],
)
def test_clocks_are_spoken_of_where_they_were_off(lag_s: float, drift: float, sd_s: float, count: int) -> None:
    told = clock_warnings(Synchronised({}, behind_s={"t12": lag_s}, drift={"t12": drift}, sd_s=sd_s))
    assert len(told) == count
    assert not drift or count == 0 or "0.02 % slow" in told[0]


@pytest.mark.parametrize(
    ("columns", "doubt"),
    [
        ({}, ""),
        ({"height_m": -0.60}, ""),  # with two deviations of a centimetre less than 0.36 of 1.75 m
        ({"height_m": -0.66}, "sink 0.64 m"),
        ({"height_m": 0.13}, ""),
        ({"height_m": 0.15}, "rise 0.13 m"),
        ({"height_m": -0.33, "inclination_deg": 19.0}, "leans by 19"),
        ({"height_m": -0.33, "inclination_deg": 21.0}, ""),
        ({"height_m": -0.31, "inclination_deg": 19.0}, ""),
        ({"height_sd_m": 0.14}, ""),
        ({"height_sd_m": 0.16}, "not known"),
        ({"height_sd_m": math.nan}, "not known"),
    ],
)
def test_one_sensor_needs_a_height_that_legs_allow(columns: dict[str, float], doubt: str) -> None:
    values = {"height_m": 0.0, "height_sd_m": 0.01, "inclination_deg": 60.0} | columns
    posture = posture_of(
        height_m=np.full(N, values["height_m"]),
        height_sd_m=np.full(N, values["height_sd_m"]),
        inclination_rad=np.full(N, np.radians(values["inclination_deg"])),
    )
    said = doubt_about_height(posture, LIFT, ATHLETE, basis="inferred")
    assert (doubt in said) if doubt else said == ""
    assert doubt_about_height(posture, LIFT, ATHLETE, basis="measured") == ""


def test_what_one_sensor_tells_off_the_floor_needs_a_calibration() -> None:
    inferred = posture_of(basis="inferred")
    assert doubt_about_one_sensor(inferred, is_calibrated=True) == ""
    assert doubt_about_one_sensor(inferred, is_calibrated=False) == ALONE
    assert doubt_about_one_sensor(posture_of(), is_calibrated=False) == SILENT


@pytest.mark.parametrize(
    ("flag", "at", "basis", "expected"),
    [
        (cv.Flag.DISAGREEING, 299, "measured", DISAGREES),
        (cv.Flag.DISAGREEING, 300, "measured", ""),
        (cv.Flag.MISFIT, 100, "inferred", "do not fit a body"),
        (cv.Flag.MISFIT, 100, "measured", ""),
        (cv.Flag.MISFIT, 99, "inferred", ""),
        (cv.Flag.GAP, 200, "inferred", ""),
    ],
)
def test_a_misfit_forbids_what_is_inferred(flag: cv.Flag, at: int, basis: cv.Basis, expected: str) -> None:
    posture = posture_of()
    posture.flags[at] = flag
    said = doubt_about_fit(posture, LIFT, basis)
    assert (expected in said) if expected else said == ""


@pytest.mark.parametrize(
    ("hidden", "told_deg", "basis"),
    [
        (slice(0, 0), 0.0, "measured"),
        (slice(100, 301), 0.0, "inferred"),
        (slice(250, 260), 19.0, "measured"),  # with two deviations of 5 degrees below the 30 that were seen
        (slice(250, 260), 21.0, "inferred"),
    ],
)
def test_a_peak_that_may_lie_in_a_hole_was_not_measured(hidden: slice, told_deg: float, basis: cv.Basis) -> None:
    sensed, told = posture_of(), posture_of()
    sensed.angles_rad[200, cv.LUMBAR_FLEXION] = told.angles_rad[200, cv.LUMBAR_FLEXION] = np.radians(30.0)
    sensed.angles_rad[hidden, cv.LUMBAR_FLEXION] = np.nan
    told.angles_rad[hidden, cv.LUMBAR_FLEXION] = np.radians(told_deg)
    told.sd_rad[:, cv.LUMBAR_FLEXION] = np.radians(5.0)
    assert basis_of(told, LIFT, sensed) == basis
    part = replace(told[50:400])
    moved = LIFT.moved(-50)
    assert basis_of(part, moved, sensed) == basis


@pytest.mark.parametrize(
    ("pelvis_deg", "trunk_deg", "pelvis_m", "trunk_m", "is_said"),
    [
        (40.0, 70.0, -0.1, -0.2, False),
        (70.0, 40.0, -0.2, -0.1, True),
        (50.0, 46.5, -0.2, -0.1, False),  # 3.5 degrees are nothing
        (50.0, 45.0, -0.15, -0.1, True),  # a turn of 5 degrees and 5 cm: 1 + 2.5 is more than 3
        (50.0, 45.0, -0.13, -0.1, False),  # 1 + 1.5
        (66.0, 50.0, -0.1, -0.1, True),
        (64.0, 50.0, -0.1, -0.1, False),
    ],
)
def test_sensors_that_were_exchanged_are_told_by_turn_and_sink(
    pelvis_deg: float, trunk_deg: float, pelvis_m: float, trunk_m: float, is_said: bool
) -> None:
    aligned = aligned_of(sacrum=inclined(pelvis_deg, height_m=pelvis_m), t12=inclined(trunk_deg, height_m=trunk_m))
    assert bool(looks_swapped(aligned.inclinations, [LIFT])) == is_said
    assert looks_swapped(aligned.inclinations, []) == ""
    assert looks_swapped({"t12": inclined(0.0)}, [LIFT]) == ""


def test_what_a_set_on_the_floor_told_of_the_skin_is_taken_with_its_covariance() -> None:
    names = ("other", "sacrum.softness", "t12.softness")
    covariance = np.array([[9.0, 0.1, 0.2], [0.1, 4e-4, 1e-4], [0.2, 1e-4, 9e-4]])
    shared = SetParameters(names, np.array([7.0, 0.05, 0.03]), covariance)
    aligned = aligned_of(sacrum=inclined(0.0), t12=inclined(0.0))
    other = replace(shared, mean=shared.mean + 1.0)
    kinds = Kinds(("a", "b"), np.array([0.4, 0.6]), (other, shared))  # the likelier one counts
    found = soft_tissue_of(kinds, aligned, is_trusted=True)
    assert found.share == pytest.approx((0.05, 0.03))
    assert found.covariance == ((4e-4, 1e-4), (1e-4, 9e-4))
    assert soft_tissue_of(kinds, aligned, is_trusted=False) is aligned.soft_tissue
    alone = aligned_of(sacrum=inclined(0.0))
    one = SetParameters(names[:2], shared.mean[:2], covariance[:2, :2])
    assert soft_tissue_of(Kinds(("a",), np.ones(1), (one,)), alone, is_trusted=True) is (alone.soft_tissue)


def test_a_result_holds_what_was_found() -> None:
    aligned = aligned_of(posture_of(acceleration_mps2=np.zeros(N)), share=0.97, t12=inclined(0.0))
    found = Found(
        (FoundSet((LIFT,), "rdl", "why"),),
        "rdl",
        "why",
        (NoRep(400, 500, "a bend by itself"), NoRep(900, 2000, "another")),
    )
    result = result_of(aligned, aligned.posture, found, [rep_of()], athlete=ATHLETE, warnings=("a",), is_live=True)
    assert (result.exercise, result.exercise_evidence, result.warnings, result.is_live) == ("rdl", "why", ("a",), True)
    assert result.alignment_quality == {"t12": 0.97}
    assert [(o.start_s, o.stop_s) for o in result.other_bends] == [(4.0, 5.0), (9.0, 9.99)]
    assert np.flatnonzero(result.rep_index == 0)[[0, -1]].tolist() == [100, 299]
    assert result.phase[[99, 150, 200, 250]].tolist() == [cv.REST, cv.DESCENT, cv.BOTTOM, cv.ASCENT]
    assert result.posture.acceleration_mps2 is None


def test_where_nobody_bends_nothing_is_known() -> None:
    track = Track(
        np.arange(N) / RATE_HZ,
        np.zeros((N, 3)),
        np.zeros((N, 3)),
        np.zeros((N, 3)),
        np.ones(N, dtype=bool),
        np.full(N, cv.Flag.CLIPPED, dtype=np.uint16),
    )
    result = empty_result({"t12": track}, ATHLETE, "auto")
    assert (result.exercise, len(result.lifts), len(result.warnings)) == ("other", 0, 1)
    assert np.isnan(result.posture.angles_rad).all()
    assert (result.posture.flags == cv.Flag.CLIPPED | cv.Flag.UNALIGNED).all()
    assert set(result.rep_index) == {-1}
    assert empty_result({"t12": track}, ATHLETE, "squat").exercise == "squat"
