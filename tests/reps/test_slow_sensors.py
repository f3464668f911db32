"""Slow sensors: a lowering is no dropped bar, and a blow between two samples does not move the height of a lockout."""

from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

import imu_hinge as ih
from imu_hinge.model import Posture
from imu_hinge.reps.bends import find_bends
from imu_hinge.reps.segmentation import drop_after
from imu_hinge.settings import Settings
from imu_hinge.signals import smooth
from imu_hinge.simulate.session import random_set

CASES = Path(__file__).resolve().parents[3] / "shared" / "data" / "field_cases"
RATE_HZ = 100.0
SETTINGS = Settings().reps


@pytest.mark.skipif(not CASES.is_dir(), reason="the field cases of shared/data are not beside this clone")
@pytest.mark.parametrize("as_live", [False, True])
def test_at_25_hz_every_rep_has_its_lowering_and_rounding_is_seen(tmp_path: Path, as_live: bool) -> None:
    """Five deadlifts, hinged at first and rounded in the end; the plates are felt in half of the landings."""
    with ZipFile(CASES / "hz25_lowering_lost.zip") as archive:
        archive.extractall(tmp_path)
    result = ih.analyze(ih.read([f"{p}={tmp_path / p}.csv" for p in ("sacrum", "t12")]), as_live=as_live)
    assert result.exercise == "deadlift"
    assert len(result.lifts) == 5
    assert all(rep.descent_s > 0.8 for rep in result.lifts)
    assert [rep.verdict.label for rep in result.lifts] == ["hip_hinge"] * 3 + ["lumbar_flexion"] * 2


@pytest.mark.parametrize("as_live", [False, True])
def test_plates_that_land_between_two_samples_are_no_seat(as_live: bool) -> None:
    """Of these seven reps three were taken for sitting down and rising: an impact left a height that was none."""
    made = random_set(990211, exercise="deadlift", rate_hz=25.0)
    found = ih.analyze(made.recording, as_live=as_live).lifts
    truth = [(rep.start_s, rep.end_s) for rep in made.truth.reps]
    np.testing.assert_allclose([(rep.start_s, rep.end_s) for rep in found], truth, atol=0.4)


@pytest.mark.parametrize("as_live", [False, True])
@pytest.mark.parametrize(("rate_hz", "is_said"), [(12.5, True), (25.0, False)])
def test_sensors_too_slow_to_meet_a_dropped_bar_say_so(rate_hz: float, is_said: bool, as_live: bool) -> None:
    made = random_set(990211, exercise="deadlift", rate_hz=25.0)
    every = round(25.0 / rate_hz)
    sensors = {
        place: ih.Samples(s.time_s[::every], s.acc[::every], s.gyr[::every])
        for place, s in made.recording.sensors.items()
    }
    result = ih.analyze(ih.Recording(sensors, exercise="deadlift"), as_live=as_live)
    assert result.lifts
    assert any("cannot tell a bar that was dropped" in text for text in result.warnings) == is_said


def lockout(*, forward_deg: float, back_deg: float = 0.0) -> Posture:
    """Return a bend, standing with a short blow at 5 s (leaning back by ``back_deg``), then a lean forward over 2 s."""
    time_s = np.arange(0.0, 12.0, 1.0 / RATE_HZ)
    points = [(0.0, 0.0), (1.0, 0.0), (2.2, 70.0), (2.8, 70.0), (4.0, -back_deg), (4.9, -back_deg), (6.9, forward_deg)]
    inclination_deg = smooth(np.interp(time_s, *np.array(points).T), 21)
    nothing, unknown = np.zeros(time_s.size), np.full((time_s.size, 5), np.nan)
    height_m = -0.2 * np.clip(inclination_deg, 0.0, None) / 70.0
    return Posture(
        time_s=time_s,
        angles_rad=unknown,
        sd_rad=unknown,
        inclination_rad=np.radians(inclination_deg),
        side_inclination_rad=nothing,
        turn_rad=nothing,
        height_m=height_m,
        height_sd_m=np.full(time_s.size, 0.01),
        speed_mps=np.gradient(height_m) * RATE_HZ,
        shock_mps2=0.02 + 1.5 * np.exp(-0.5 * ((time_s - 5.0) / 0.03) ** 2),
        is_still=np.zeros(time_s.size, dtype=bool),
        flags=np.zeros(time_s.size, dtype=np.uint16),
        basis="measured",
    )


@pytest.mark.parametrize(("forward_deg", "back_deg"), [(0.0, 0.0), (0.0, 12.0), (4.0, 0.0)])
def test_who_goes_on_standing_after_a_impact_let_a_bar_fall(forward_deg: float, back_deg: float) -> None:
    posture = lockout(forward_deg=forward_deg, back_deg=back_deg)
    fell = drop_after(find_bends(posture, SETTINGS)[0], None, posture=posture, settings=SETTINGS)
    assert fell is not None
    assert 4.5 < posture.time_s[fell] < 4.9  # half a metre before the blow


@pytest.mark.parametrize("forward_deg", [40.0, 70.0])
@pytest.mark.parametrize("back_deg", [0.0, 12.0])
def test_who_goes_forward_past_standing_after_a_jerk_lowers_the_bar(forward_deg: float, back_deg: float) -> None:
    posture = lockout(forward_deg=forward_deg, back_deg=back_deg)
    bend, after = find_bends(posture, SETTINGS)
    assert drop_after(bend, after, posture=posture, settings=SETTINGS) is None
    assert drop_after(bend, None, posture=posture, settings=SETTINGS) is None  # live, the next bend is not seen yet
