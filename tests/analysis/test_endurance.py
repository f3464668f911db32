"""Live analysis of hours: memory and cost do not grow with the session, and a silent sensor is named."""

from __future__ import annotations

import ast
import gc
import inspect
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest

import imu_hinge as ih
from imu_hinge.analysis.instant.live_input import WAIT_BLOCKS, WAIT_S, Backlog
from imu_hinge.analysis.shown import PIECE, Shown
from imu_hinge.result import Event
from imu_hinge.simulate.session import Simulated

RATE_HZ = 50.0
BLOCK = 5


def sets_and_rests(samples: ih.Samples, times: int, rest_s: float) -> ih.Samples:
    """Return the samples so many times, each with a rest after it: the last half second there and back."""
    rows = np.r_[np.arange(len(samples)), len(samples) - 1 - np.resize(np.r_[0:25, 24:-1:-1], round(rest_s * RATE_HZ))]
    rows = np.tile(rows, times)
    return ih.Samples(np.arange(rows.size) / RATE_HZ, samples.acc[rows], samples.gyr[rows])


def blocks(recording: ih.Recording, size: int) -> Iterator[tuple[str, ih.Samples]]:
    """Yield every sensor's blocks in turns."""
    for first in range(0, max(len(s) for s in recording.sensors.values()), size):
        for placement, samples in recording.sensors.items():
            yield placement, samples[first : first + size]


def standing(count: int) -> ih.Samples:
    """Return so many samples of a sensor that stands, with its noise."""
    noise = np.random.default_rng(5).normal(0.0, 0.01, (count, 6))
    return ih.Samples(np.arange(count) / RATE_HZ, noise[:, :3] + (0.0, 0.0, 9.81), noise[:, 3:] / 10.0)


def held_bytes(value: Any) -> int:
    """Return how much memory the arrays take that a value holds, directly or as what a slice of them keeps alive."""
    seen: dict[int, Any] = {}
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, np.ndarray):
            while isinstance(item.base, np.ndarray):
                item = item.base
        elif isinstance(item, type | ModuleType | FunctionType):
            continue
        if id(item) not in seen:
            seen[id(item)] = item
            waiting += gc.get_referents(item)
    return sum(item.nbytes for item in seen.values() if isinstance(item, np.ndarray))


def test_memory_grows_by_what_was_shown_alone(short_set: Simulated) -> None:
    """`benchmarks/endurance.py` measures hours; here minutes tell what one instant keeps."""
    short = short_set.recording
    period = 111  # blocks of a second: a set and its rest
    rest_s = period - len(short.sensors["t12"]) / RATE_HZ
    sensors = {p: sets_and_rests(samples, 3, rest_s) for p, samples in short.sensors.items()}
    live = ih.LiveAnalysis(short.placements, athlete=short.athlete, exercise=short.exercise)
    marks = [2 * (turns * period + 24) for turns in (1, 2)]  # after the second and the third set: the window is full
    held = {}
    for k, (placement, samples) in enumerate(blocks(ih.Recording(sensors), 50)):
        live.feed(placement, samples)
        if k in marks:
            checks = held_bytes([sensor.check for sensor in live._sensors.values()])
            assert checks < 1.5e6, "windows and spans of the self-check are bounded in number"
            held[k] = held_bytes(live) - checks
    before, after = held.values()
    assert before > 1e6, "the walk through the object does not see its arrays"
    assert len(live.finish().lifts) == 3 * len(short_set.truth.reps)
    assert 30.0 < (after - before) / (100.0 * period) < 100.0  # bytes an instant: 36 MB an hour at most


def test_a_feed_while_a_sensor_is_missing_costs_what_its_block_is() -> None:
    """Eight minutes of waiting: the last thousand feeds cost no more than the first."""
    live = ih.LiveAnalysis(["sacrum", "t12"])
    parts = [s for _, s in blocks(ih.Recording({"sacrum": standing(25_000)}), BLOCK)]
    took = []
    for part in parts:
        start = time.thread_time()
        live.feed("sacrum", part)
        took.append(time.thread_time() - start)
    assert np.median(took[-1000:]) < 3.0 * np.median(took[1000:2000])


def test_a_sensor_that_never_arrives_is_named_once_and_analysed_when_it_comes(short_set: Simulated) -> None:
    sensors = short_set.recording.sensors
    live = ih.LiveAnalysis(["sacrum", "t12"], athlete=short_set.recording.athlete)
    events = []
    for first in range(0, len(sensors["sacrum"]), BLOCK):
        events += live.feed("sacrum", sensors["sacrum"][first : first + BLOCK])
    assert [event.kind for event in events] == ["waiting"]
    assert "t12" in events[0].message
    assert WAIT_S <= events[0].time_s - sensors["sacrum"].time_s[0] < WAIT_S + 1.0
    events = live.feed("t12", sensors["t12"])
    assert [event.kind for event in events if event.kind == "rep"]
    assert len(live.finish().lifts) == len(short_set.truth.reps)


def test_a_sensor_that_falls_silent_again_is_named_again() -> None:
    samples, n = standing(2000), 2 * WAIT_BLOCKS * BLOCK
    live = ih.LiveAnalysis(["sacrum", "t12"])
    kinds = []
    for first in range(0, 2000, BLOCK):
        kinds += [event.kind for event in live.feed("sacrum", samples[first : first + BLOCK])]
        if first % n == 0:  # all that it missed, every ten seconds
            live.feed("t12", samples[max(0, first - n + BLOCK) : first + BLOCK])
    assert kinds.count("waiting") == 4


def test_sensors_handed_over_one_after_the_other_wait_for_nobody(short_set: Simulated) -> None:
    live = ih.LiveAnalysis(["sacrum", "t12"])
    kinds = [event.kind for place, s in short_set.recording.sensors.items() for event in live.feed(place, s)]
    assert "rep" in kinds
    assert "waiting" not in kinds


def test_a_session_without_one_sensor_ends_with_its_name() -> None:
    live = ih.LiveAnalysis(["sacrum", "t12"])
    live.feed("sacrum", standing(500))
    with pytest.raises(ih.HingeError, match="nothing came from t12"):
        live.finish()


def test_a_session_ends_once() -> None:
    live = ih.LiveAnalysis(["sacrum"])
    live.feed("sacrum", standing(500))
    assert live.finish() is live.finish()
    with pytest.raises(ih.HingeError, match="has ended"):
        live.feed("sacrum", standing(500))


def test_a_backlog_gives_back_what_waits() -> None:
    samples, backlog = standing(5000), Backlog()
    for first in range(0, 5000, 7):
        backlog.add(samples[first : first + 7])
        backlog.forget_before(float(samples.time_s[max(0, first - 1000)]))
    part = backlog.until(float(samples.time_s[4500]))
    assert part.time_s[-1] == samples.time_s[4501]
    first = 5000 - len(backlog)
    assert samples.time_s[first] < samples.time_s[3998] <= samples.time_s[first + 1]
    assert np.array_equal(part.acc, samples.acc[first:4502])
    assert np.array_equal(part.gyr, samples.gyr[first:4502])


def test_later_words_stand_over_earlier_ones(short_set: Simulated) -> None:
    posture = ih.analyze(short_set.recording).posture
    shown = Shown()
    shown.put(PIECE - 100, posture[:500])
    shown.put(PIECE - 50, posture[700:760])
    result = shown.taken(np.arange(PIECE + 900.0), basis=posture.basis)
    assert len(result) == PIECE + 900
    assert np.isnan(result.inclination_rad[: PIECE - 100]).all()
    assert np.isnan(result.inclination_rad[PIECE + 400 :]).all()
    expected = np.concatenate(
        (posture.inclination_rad[:50], posture.inclination_rad[700:760], posture.inclination_rad[110:500])
    )
    np.testing.assert_allclose(result.inclination_rad[PIECE - 100 : PIECE + 400], expected, rtol=1e-6)
    assert result.flags.dtype == posture.flags.dtype
    assert result.is_still.dtype == posture.is_still.dtype


def sent_kinds() -> set[str]:
    """Return every kind of event that the package makes."""
    found = set()
    for path in Path(inspect.getfile(ih)).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_event = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Event"
            if is_event and node.args and isinstance(node.args[0], ast.Constant):
                found.add(node.args[0].value)
    return found


def test_the_kinds_of_events_are_those_that_are_documented() -> None:
    text = inspect.getdoc(Event) or ""
    documented = set(re.findall(r"``(\w+)``:", text[text.index("kind") : text.index("time_s")]))
    assert sent_kinds() == documented
