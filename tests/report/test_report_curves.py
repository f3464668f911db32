"""Check that what a figure draws is the result's own numbers, with no peak or hole lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_hinge import conventions as cv
from imu_hinge.report.curves import PERCENT, envelope, mean_known, rep_curves, set_part
from imu_hinge.result import SetResult

Maker = Callable[..., SetResult]


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 5000), holes=st.integers(0, 40))
def test_envelope_keeps_ends_peaks_and_holes(seed: int, n: int, holes: int) -> None:
    generator = np.random.default_rng(seed)
    values = generator.normal(size=n)
    values[generator.integers(0, n, holes)] = np.nan
    kept = envelope(values, points=200)
    assert (np.diff(kept) > 0).all()
    assert kept[0] == 0
    assert kept[-1] == n - 1
    assert kept.size <= max(200, n and 1.5 * 200 + 3)
    if np.isfinite(values).any():
        assert np.nanmax(values[kept]) == np.nanmax(values)
        assert np.nanmin(values[kept]) == np.nanmin(values)
    assert np.isnan(values[kept]).any() == np.isnan(values).any()


def test_a_short_series_is_kept_whole() -> None:
    np.testing.assert_array_equal(envelope(np.arange(100.0), points=100), np.arange(100))


def test_rep_curves_hit_start_turn_and_end(make_set: Maker) -> None:
    result = make_set(4)
    curves = rep_curves(result)
    assert curves.angles_deg.shape == (4, 101, 5)
    pelvis = np.degrees(result.posture.angle_rad(cv.PELVIS_TILT))
    for lift, curve in zip(result.lifts, curves.angles_deg[:, :, cv.PELVIS_TILT], strict=True):
        wanted = np.interp([lift.start_s, lift.turn_s, lift.end_s], result.posture.time_s, pelvis)
        np.testing.assert_allclose(curve[[0, 50, 100]], wanted, atol=1e-9)


def test_the_turning_point_is_in_the_middle_of_uneven_halves(make_set: Maker) -> None:
    result = make_set(1)
    late = replace(result.lifts[0], turn_s=result.lifts[0].start_s + 3.0)
    curve = rep_curves(replace(result, lifts=(late,))).angles_deg[0, :, cv.PELVIS_TILT]
    pelvis = np.degrees(result.posture.angle_rad(cv.PELVIS_TILT))
    assert curve[50] == pytest.approx(float(np.interp(late.turn_s, result.posture.time_s, pelvis)))
    assert curve[25] == pytest.approx(float(np.interp(late.start_s + 1.5, result.posture.time_s, pelvis)))


def test_a_dropped_bar_has_no_second_half(make_set: Maker) -> None:
    result = make_set(1)
    dropped = replace(result.lifts[0], end_s=result.lifts[0].turn_s)
    curve = rep_curves(replace(result, lifts=(dropped,))).angles_deg[0, :, cv.PELVIS_TILT]
    assert np.isfinite(curve[:51]).all()
    assert np.isnan(curve[51:]).all()


def test_a_mean_counts_whole_halves_only() -> None:
    values = np.stack([np.zeros(PERCENT.size), np.full(PERCENT.size, 10.0)])
    values[1, 20:30] = np.nan
    mean = mean_known(values)
    np.testing.assert_array_equal(mean[:51], 0.0)
    np.testing.assert_array_equal(mean[51:], 5.0)


def test_a_mean_of_nothing_is_nan() -> None:
    assert np.isnan(mean_known(np.empty((0, PERCENT.size)))).all()
    assert np.isnan(mean_known(np.full((3, PERCENT.size), np.nan))).all()


def test_the_set_is_shown_with_a_margin(make_set: Maker) -> None:
    result = make_set(2, tail_s=60.0)
    part = set_part(result)
    assert result.posture.time_s[part][-1] == pytest.approx(result.lifts[-1].end_s + 10.0, abs=0.02)
    assert part.start == 0
    empty = make_set(0)
    assert set_part(empty) == slice(0, len(empty.posture))
