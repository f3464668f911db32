"""Recordings and sets that several tests of the public surface share; each is made once per run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import WorkStealingScheduling

import imu_hinge as ih
from imu_hinge.analysis import precompile
from imu_hinge.simulate.session import Simulated, simulate
from imu_hinge.simulate.spec import SetSpec

settings.register_profile("same", derandomize=True, deadline=None)  # the same examples everywhere, so CI does not flake
settings.register_profile("explore", deadline=None)  # pytest --hypothesis-profile=explore looks for new ones
settings.load_profile("same")


def pytest_configure(config: pytest.Config) -> None:
    """Compile the kernels once, on two cores, before workers would each compile all of them."""
    if not hasattr(config, "workerinput") and precompile.is_due():
        precompile.run()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> WorkStealingScheduling:
    """Give each worker tests that stand together, which share what they made, and let who ends first take over."""
    return WorkStealingScheduling(config, log)


ROOT = Path(__file__).resolve().parents[1]
HINGE = ROOT / "recordings" / "simulated_deadlift_hinge_5_reps"


@pytest.fixture(scope="session")
def hinge_folder() -> Path:
    """A bundled recording: five hinged deadlifts, sacrum and t12, simulated."""
    return HINGE


@pytest.fixture(scope="session")
def hinge_result() -> ih.SetResult:
    return ih.analyze(ih.read(HINGE), name="hinge")


@pytest.fixture(scope="session")
def short_set() -> Simulated:
    """Two quick hinged deadlifts with nothing around them, two sensors at 50 Hz."""
    spec = SetSpec(style="good_hinge", reps=2, before=(), after=())
    return simulate(spec, seed=7, placements=("sacrum", "t12"), rate_hz=50.0)


@pytest.fixture(scope="session")
def csv_pair(hinge_folder: Path) -> list[str]:
    """The bundled recording as plain CSVs, the way a stranger would give them."""
    return [f"{place}={hinge_folder / place}.csv" for place in ("sacrum", "t12")]
