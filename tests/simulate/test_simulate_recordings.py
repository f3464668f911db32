"""The recordings that come with the package: named as simulated, small, with their truth, and made again the same."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from imu_hinge.simulate.truth import read_truth
from imu_hinge.storage.recording import read

ROOT = Path(__file__).resolve().parents[2]
SESSION = ROOT / "recordings" / "simulated_session_4_sets"
FOLDERS = sorted(path for path in (ROOT / "recordings").iterdir() if path.is_dir() and path != SESSION)


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_recordings", ROOT / "benchmarks" / "make_recordings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_they_are_a_dozen_and_small(maker: ModuleType) -> None:
    assert {path.name for path in FOLDERS} == {f"simulated_{wanted.name}" for wanted in maker.WANTED}
    assert len(FOLDERS) >= 12
    assert sum(file.stat().st_size for path in FOLDERS for file in path.iterdir()) < 5_000_000


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_each_says_that_it_is_simulated_and_has_its_truth(folder: Path) -> None:
    recording, truth = read(folder), read_truth(folder / "truth.json")
    assert recording.is_simulated
    reps = re.search(r"_(\d+)_reps$", folder.name)
    assert reps is not None
    assert len(truth.reps) == int(reps.group(1))
    for samples in recording.sensors.values():
        assert samples.time_s[-1] == pytest.approx(truth.time_s[-1], abs=0.5)


def test_the_session_is_small_and_says_that_it_is_simulated() -> None:
    assert read(SESSION).is_simulated
    assert sum(file.stat().st_size for file in SESSION.iterdir()) < 1_500_000


def test_made_again_it_is_the_same(maker: ModuleType, tmp_path: Path) -> None:
    number, wanted = next((i, w) for i, w in enumerate(maker.WANTED) if w.name.startswith("swing"))
    again, kept = (
        read(maker.made(wanted, tmp_path, seed=maker.FIRST_SEED + number)),
        read(ROOT / "recordings" / f"simulated_{wanted.name}"),
    )
    for placement, samples in kept.sensors.items():
        for name in ("time_s", "acc", "gyr"):
            assert getattr(again.sensors[placement], name) == pytest.approx(getattr(samples, name), abs=2e-3)
        assert np.array_equal(again.sensors[placement].flags, samples.flags)
