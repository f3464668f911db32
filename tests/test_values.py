"""Values can be copied and sent to other processes, and stay what they were: equal, checked, read-only."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

import imu_hinge as ih
from imu_hinge.report.wording import peak_words
from imu_hinge.sensors.protocol import StreamSettings
from imu_hinge.simulate.session import random_set

COPIES: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))]


@pytest.fixture(scope="module")
def recording() -> ih.Recording:
    return random_set(77, exercise="rdl").recording


@pytest.mark.parametrize("copied", COPIES)
def test_a_recording_can_be_copied_and_pickled(recording: ih.Recording, copied: Callable[[Any], Any]) -> None:
    other = copied(recording)
    assert other.placements == recording.placements
    assert other.exercise == recording.exercise
    assert other.athlete == recording.athlete
    for placement, samples in recording.sensors.items():
        for name in ("time_s", "acc", "gyr", "flags"):
            np.testing.assert_array_equal(getattr(other.sensors[placement], name), getattr(samples, name))
            assert not getattr(other.sensors[placement], name).flags.writeable
    with pytest.raises(TypeError):
        other.sensors["t12"] = None


@pytest.mark.parametrize("copied", COPIES)
def test_stream_settings_can_be_copied_and_pickled(copied: Callable[[Any], Any]) -> None:
    settings = StreamSettings(family="dot", rate_hz=60.0, details={"filter": "1"})
    assert copied(settings) == settings
    with pytest.raises(TypeError):
        copied(settings).details["filter"] = "2"


@pytest.mark.parametrize("copied", [lambda value: value, *COPIES])
def test_a_result_cannot_be_written_to(recording: ih.Recording, copied: Callable[[Any], Any]) -> None:
    result = copied(ih.analyze(recording))
    for array in (result.phase, result.rep_index, *result.posture.arrays()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert len(result.reps) == len(result.lifts)


def count_reps(recording: ih.Recording) -> int:
    return len(ih.analyze(recording).lifts)


def test_recordings_are_analysed_in_a_pool_of_processes(recording: ih.Recording) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(count_reps, [recording])) == [count_reps(recording)]


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "imu_hinge", "--help"], capture_output=True, text=True, check=True)
    assert "analyze" in done.stdout


@pytest.mark.parametrize("as_live", [False, True])
def test_a_result_says_with_which_settings_it_was_made(recording: ih.Recording, as_live: bool) -> None:
    chosen = ih.Settings(verdict=replace(ih.Settings().verdict, change_min_deg=30.0))
    result = ih.analyze(recording, settings=chosen, as_live=as_live)
    assert result.settings == chosen
    assert " to " not in peak_words(result)  # what differs by less is not told apart
    assert " to " in peak_words(
        replace(result, settings=ih.Settings(verdict=replace(chosen.verdict, change_min_deg=0.01)))
    )
