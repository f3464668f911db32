"""Make up sets that are remembered, with numbers that are known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imu_hinge.past_set import PastSet
from imu_hinge.storage.library import key_of, write_analysis


def made_up(day: int = 0, **values: Any) -> PastSet:
    """Return a set of five clean reps; ``day`` counts from 0, and each has a recording."""
    told = {
        "recording": f"day{day:02d}",
        "number": 0,
        "athlete": "Ana",
        "recorded": f"2026-01-{1 + day:02d}T18:00:00",
        "start_s": 60.0,
        "exercise": "deadlift",
        "reps": 5,
        "load_kg": 100.0,
        "placements": "sacrum+t12",
        "basis": "measured",
        "peak_deg": 25.0,
        "peak_sd_deg": 2.0,
        "most_deg": 27.0,
        "range_deg": 50.0,
        "limit_deg": 35.0,
        "verdicts": {"hip_hinge": 5},
    }
    return PastSet(**told | values)


def made_up_folder(root: Path, *sets: PastSet) -> Path:
    """Write recordings that need no analysis: what is remembered lies beside them."""
    for name in sorted({one.recording for one in sets}):
        folder = root / name
        folder.mkdir(parents=True)
        (folder / "recording.json").write_text(json.dumps({"name": name}), encoding="utf-8")
        write_analysis(folder, key_of(folder), [one for one in sets if one.recording == name])
    return root


@pytest.fixture
def make_past() -> Callable[..., PastSet]:
    """Return the maker of sets."""
    return made_up


@pytest.fixture
def make_folder() -> Callable[..., Path]:
    """Return the maker of folders."""
    return made_up_folder
