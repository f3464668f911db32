"""Samples that are missing between even stamps are told, and nothing is said of whole ones."""

from pathlib import Path

import numpy as np
import pytest

import imu_hinge as ih
from imu_hinge.simulate.sensor import SensorSpec
from imu_hinge.simulate.session import simulate
from imu_hinge.simulate.spec import SetSpec
from imu_hinge.storage.screening.lost_samples import lost_samples

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def numbered(samples: ih.Samples, *, share: float, seed: int = 0, rate_hz: float = 100.0) -> ih.Samples:
    """Return what a recorder keeps that loses a share of the samples and numbers the others."""
    keep = np.random.default_rng(seed).random(len(samples)) >= share
    return ih.Samples(np.arange(np.count_nonzero(keep)) / rate_hz, samples.acc[keep], samples.gyr[keep])


@pytest.fixture(scope="module")
def swings() -> ih.Samples:
    """Return eight swings from a sensor that loses nothing."""
    spec = SetSpec("swing", "swing_hinge", reps=8, raise_s=0.6, lower_s=0.6, bottom_s=0.0)
    return simulate(spec, seed=1, placements=["sacrum"], sensors={"sacrum": SensorSpec()}).recording.sensors["sacrum"]


@pytest.mark.parametrize("share", [0.02, 0.03, 0.05])
def test_a_share_lost_and_numbered_evenly_is_told(swings: ih.Samples, share: float) -> None:
    said = lost_samples("sacrum", numbered(swings, share=share))
    assert said.startswith("Some ")
    assert 0.5 * share < float(said.split()[1]) / 100.0 < 1.5 * share


def test_the_analysis_tells_it_too(swings: ih.Samples) -> None:
    recording = ih.Recording({"sacrum": numbered(swings, share=0.04)})
    for as_live in (False, True):
        assert sum("seem to be lost" in text for text in ih.analyze(recording, as_live=as_live).warnings) == 1


@pytest.mark.parametrize("noise_rad_s", [0.0, 0.002, 0.02])
def test_nothing_is_said_of_whole_samples_however_noisy(swings: ih.Samples, noise_rad_s: float) -> None:
    noise = np.random.default_rng(2).normal(0.0, noise_rad_s, swings.gyr.shape) if noise_rad_s else 0.0
    assert not lost_samples("sacrum", ih.Samples(swings.time_s, swings.acc, swings.gyr + noise))


def test_where_the_stamps_show_the_holes_nothing_is_said(swings: ih.Samples) -> None:
    keep = np.random.default_rng(3).random(len(swings)) >= 0.05
    assert not lost_samples("sacrum", ih.Samples(swings.time_s[keep], swings.acc[keep], swings.gyr[keep]))


@pytest.mark.skipif(not DATA.is_dir(), reason="the real recordings of shared/data are not beside this clone")
def test_real_sensors_that_lost_nothing_are_left_alone() -> None:
    for path in sorted((DATA / "broad").glob("*.npz")):
        with np.load(path) as file:
            gyr, acc = file["gyr"], file["acc"]
        assert not lost_samples("sacrum", ih.Samples(np.arange(len(gyr)) / 286.0, acc, gyr))
        said = lost_samples("sacrum", numbered(ih.Samples(np.arange(len(gyr)) / 286.0, acc, gyr), share=0.03))
        assert "of the sacrum sensor's samples seem to be lost" in said
