"""Whatever arrays are given, `ih.analyze` and `ih.LiveAnalysis` end with a result or a `HingeError`, in good time."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imu_hinge as ih
from imu_hinge.errors import BadSamples
from imu_hinge.simulate.session import Simulated

Rows = np.ndarray
"""(n, 7): time_s, acc, gyr, as in a plain CSV."""

NUMBERS = [0.0, -1.0, 9.81, np.nan, np.inf, -np.inf, 1e300, -1e300, 1e-300, 5e-324, 1e12, 1e6]


def rows_of(samples: ih.Samples) -> Rows:
    return np.column_stack([samples.time_s, samples.acc, samples.gyr])


def samples_of(rows: Rows) -> ih.Samples:
    return ih.Samples(rows[:, 0], rows[:, 1:4], rows[:, 4:7])


def ends_well(sensors: dict[str, ih.Samples], *, block: int) -> None:
    """Analyse all at once, and live in blocks: a result or a `HingeError` each time, and no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with suppress(ih.HingeError):
            ih.analyze(ih.Recording(sensors))
        with suppress(ih.HingeError):
            live = ih.LiveAnalysis(placements=list(sensors))
            for start in range(0, max(len(s) for s in sensors.values()), block):
                for placement, samples in sensors.items():
                    live.feed(placement, samples[start : start + block])
            live.finish()


@pytest.fixture(scope="module")
def real(short_set: Simulated) -> dict[str, Rows]:
    return {placement: rows_of(samples) for placement, samples in short_set.recording.sensors.items()}


@st.composite
def spoiled(draw: st.DrawFn) -> Callable[[Rows], Rows]:
    """Draw what happens to one sensor's rows."""
    kind = draw(st.sampled_from(["cell", "cells", "column", "shuffle", "one", "few", "scale", "time", "cut", "repeat"]))
    value, seed = draw(st.sampled_from(NUMBERS)), draw(st.integers(0, 2**16))
    column = draw(st.integers(0, 6))

    def change(rows: Rows) -> Rows:
        rng = np.random.default_rng(seed)
        if kind == "cell":
            rows[rng.integers(len(rows)), column] = value
        elif kind == "cells":
            rows[rng.random(len(rows)) < 0.03, column] = value
        elif kind == "column":
            rows[:, column] = value
        elif kind == "shuffle":
            rng.shuffle(rows)
        elif kind in ("one", "few"):
            rows = rows[: 1 if kind == "one" else int(rng.integers(2, 200))]
        elif kind == "scale":
            rows[:, column] *= value
        elif kind == "time":
            rows[len(rows) // 2 :, 0] += value
        elif kind == "cut":
            rows = rows[rng.random(len(rows)) < 0.5]
        else:
            rows = np.repeat(rows, rng.integers(0, 3, len(rows)), axis=0)
        return rows

    return change


@settings(max_examples=20)
@given(changes=st.tuples(spoiled(), spoiled()), both=st.booleans(), block=st.sampled_from([1000, 97]))
def test_a_real_set_with_anything_in_it(
    real: dict[str, Rows], changes: tuple[Callable[[Rows], Rows], ...], both: bool, block: int
) -> None:
    with np.errstate(all="ignore"):  # spoiling overflows; the analysis must not
        rows = {
            p: change(r.copy()) if both or p == "t12" else r
            for (p, r), change in zip(real.items(), changes, strict=True)
        }
    ends_well({placement: samples_of(each) for placement, each in rows.items()}, block=block)


@settings(max_examples=16)
@given(
    n=st.integers(0, 400),
    rate_hz=st.sampled_from([10.0, 50.0, 333.0, 2000.0]),
    scale=st.sampled_from([0.0, 1.0, 9.81, 1e3, 1e30, 1e300]),
    start_s=st.sampled_from([0.0, -1e3, 1.7e9, 1e12, 1e300]),
    seed=st.integers(0, 2**16),
)
def test_noise_of_any_size_at_any_rate(n: int, rate_hz: float, scale: float, start_s: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        time_s, values = start_s + np.arange(n) / rate_hz, scale * rng.normal(size=(n, 6))
    ends_well({"sacrum": ih.Samples(time_s, values[:, :3], values[:, 3:])}, block=50)


@pytest.mark.parametrize("apart_s", [0.0, 1e3, 1e6, 1e300])
def test_sensors_without_common_time(real: dict[str, Rows], apart_s: float) -> None:
    moved = real["t12"].copy()
    moved[:, 0] += apart_s
    ends_well({"sacrum": samples_of(real["sacrum"]), "t12": samples_of(moved)}, block=500)


def test_float32_and_read_only_arrays_are_taken(short_set: Simulated) -> None:
    samples = short_set.recording.sensors["sacrum"]
    small = ih.Samples(samples.time_s, samples.acc.astype(np.float32), np.asfortranarray(samples.gyr, dtype=np.float32))
    assert len(ih.analyze(ih.Recording({"sacrum": small})).lifts) == 2


@pytest.mark.parametrize(
    "column",
    [["a", "b"], [[1.0], [1.0, 2.0]], None, "text", [10**400, 0], [1j, 2j], [[0.0], [1.0]], [None, object()], {}],
    ids=["text", "ragged", "none", "a word", "too large", "complex", "columns", "objects", "dict"],
)
def test_what_is_no_array_of_numbers_is_refused(column: Any) -> None:
    axes = np.zeros((2, 3))
    with pytest.raises(BadSamples, match="Pass time_s"):
        ih.Samples(column, axes, axes)
    with pytest.raises(BadSamples, match="Pass time_s"):
        ih.Samples(np.arange(2.0), column, axes)


def test_more_than_a_day_is_refused_before_it_is_computed(short_set: Simulated) -> None:
    rows = rows_of(short_set.recording.sensors["sacrum"])[
        :150:5
    ]  # 3 s at 10 Hz, and a hole that is too short to be left out
    days = np.concatenate([rows + np.array([k * 22.0, 0, 0, 0, 0, 0, 0]) for k in range(4000)])
    with pytest.raises(BadSamples, match=r"lasts 24\.4 h and at most 24 h"):
        ih.analyze(ih.Recording({"sacrum": samples_of(days)}))


def test_a_longer_day_is_allowed_by_the_settings(short_set: Simulated) -> None:
    limits = replace(ih.Settings().limits, hours=0.002)
    with pytest.raises(BadSamples, match=r"0\.002 h"):
        ih.analyze(short_set.recording, settings=replace(ih.Settings(), limits=limits))


@pytest.mark.parametrize("column", ["text", [[1.0], [1.0, 2.0]], [[10**400, 0, 0]], None], ids=repr)
def test_the_filter_alone_refuses_them_too(column: Any) -> None:
    with pytest.raises(BadSamples, match="Pass"):
        ih.orientation(column, np.zeros((2, 3)), rate_hz=100.0)


def test_a_note_or_a_device_that_is_no_text_is_refused(short_set: Simulated) -> None:
    for values in ({"note": 5}, {"devices": {"sacrum": 5}}):
        with pytest.raises(ih.HingeError, match="no text"):
            ih.Recording(short_set.recording.sensors, **values)  # type: ignore[arg-type]
