"""Hold what the skin loses of two measured angles, and what a set on the floor tells of it, to the truth."""

import math

import numpy as np
import pytest

from imu_hinge import conventions as cv
from imu_hinge.analysis.offline import tracks_of
from imu_hinge.analysis.pipeline import align, link, soft_tissue_of
from imu_hinge.athlete import Athlete
from imu_hinge.motion.kinematics.posture import SegmentInclination, SoftTissue, measured_angles
from imu_hinge.motion.kinematics.vertical_acceleration import Travel
from imu_hinge.reps.exercise import find_lifts
from imu_hinge.settings import Settings
from imu_hinge.simulate.session import random_set
from imu_hinge.storage.screening.checks import check_recording

PART = slice(0, 3)


def inclination(values: list[float], sd: float) -> SegmentInclination:
    """Return a sensor's inclination [rad] with its error."""
    rad, nothing = np.array(values), np.full(len(values), np.nan)
    return SegmentInclination(
        rad, np.full(len(values), sd), 0.0 * rad, Travel(nothing, nothing, nothing), (), 0.0, 0.01
    )


def test_the_band_is_that_of_many_skins() -> None:
    inclinations = {"sacrum": inclination([0.0, 0.4, 0.8], 0.01), "t12": inclination([0.0, 0.9, 1.6], 0.01)}
    soft_tissue = SoftTissue((0.06, 0.03), ((4e-4, 2e-4), (2e-4, 9e-4)))
    angles, sd = measured_angles(inclinations, soft_tissue, part=PART, sync_s=0.0, rate_hz=100.0)
    rng = np.random.default_rng(5)
    shares = rng.multivariate_normal(soft_tissue.share, soft_tissue.covariance, 20_000)
    pelvis = (inclinations["sacrum"].inclination_rad + rng.normal(0.0, 0.01, (20_000, 3))) / (1.0 - shares[:, :1])
    trunk = (inclinations["t12"].inclination_rad + rng.normal(0.0, 0.01, (20_000, 3))) / (1.0 - shares[:, 1:])
    for angle, drawn in (
        (cv.PELVIS_TILT, pelvis),
        (cv.TRUNK_INCLINATION, trunk),
        (cv.LUMBAR_FLEXION, trunk - pelvis),
    ):
        assert drawn.mean(axis=0) == pytest.approx(angles[:, angle], abs=0.003)
        assert drawn.std(axis=0) == pytest.approx(sd[:, angle], rel=0.05)
    assert np.isnan(angles[:, cv.KNEE_FLEXION]).all()


def test_one_sensor_measures_its_own_segment_alone() -> None:
    none = SoftTissue((0.0, 0.0), ((0.0, 0.0), (0.0, 0.0)))
    angles, _ = measured_angles({"t12": inclination([0.0, 0.5, 1.0], 0.01)}, none,
                                part=PART, sync_s=0.0, rate_hz=100.0)  # fmt: skip
    assert angles[:, cv.TRUNK_INCLINATION] == pytest.approx([0.0, 0.5, 1.0])
    assert np.isnan(np.delete(angles, cv.TRUNK_INCLINATION, axis=1)).all()


def test_a_trunk_that_turns_as_one_shows_a_lag_in_the_sd() -> None:
    """In a pure hinge lumbar flexion does not change at all, but one sensor that is read late makes it."""
    time_s = np.arange(0.0, 6.0, 0.01)
    turn = np.radians(30.0) * (1.0 - np.cos(np.pi * time_s / 3.0))
    stiff, whole = SoftTissue((0.0, 0.0), ((0.0, 0.0), (0.0, 0.0))), slice(0, time_s.size)
    pelvis, late = inclination(turn.tolist(), 1e-4), inclination(np.interp(time_s - 0.1, time_s, turn).tolist(), 1e-4)
    angles, sd = measured_angles(
        {"sacrum": pelvis, "t12": late}, stiff, part=whole, sync_s=0.1, rate_hz=100.0
    )  # the truth is 0
    off = np.abs(angles[:, cv.LUMBAR_FLEXION])
    assert off.max() > np.radians(2.9)
    assert np.all(off < 1.05 * sd[:, cv.LUMBAR_FLEXION] + np.radians(0.1))


def test_a_bar_on_the_floor_tells_something_of_the_soft_tissue_over_the_trunk() -> None:
    """Sixteen lifters: what was found is nearer to the truth than what is expected, and within its own band."""
    settings, before, after, claimed = Settings(), [], [], []
    for seed in range(300, 316):
        made = random_set(seed, exercise="deadlift", placements=("sacrum", "t12"))
        tracks, _ = tracks_of(check_recording(made.recording), settings)
        aligned = align(tracks, settings, is_live=False)
        assert aligned is not None
        athlete = made.recording.athlete or Athlete()
        found = find_lifts(aligned.posture, athlete, told="deadlift", settings=settings.reps)
        _, shared = link(aligned, found.lifts, athlete, exercise="deadlift")
        soft_tissue = soft_tissue_of(shared, aligned, is_trusted=True)
        assert soft_tissue_of(shared, aligned, is_trusted=False) == aligned.soft_tissue
        true = made.sensors["t12"].soft_tissue
        before.append(aligned.soft_tissue.share[1] - true)
        after.append(soft_tissue.share[1] - true)
        claimed.append(math.sqrt(soft_tissue.covariance[1][1]))
    assert np.sqrt(np.mean(np.square(after))) < 0.95 * np.sqrt(np.mean(np.square(before)))
    assert (np.abs(after) < 2.0 * np.array(claimed)).mean() > 0.85
