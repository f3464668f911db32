"""Every sample gets its own time: counters unwrapped, packets spread, streams joined, gaps left open."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_hinge.errors import BadSamples
from imu_hinge.storage.importers.stamps import join, spread_arrivals, spread_packets, unwrap


@settings(deadline=None, max_examples=50)
@given(
    start=st.integers(0, 2**32 - 1),
    steps=st.lists(st.integers(0, 2**30), min_size=1, max_size=20),
)
def test_unwrapping_undoes_any_overflow(start, steps):
    true = start + np.cumsum([0, *steps], dtype=np.float64)
    np.testing.assert_array_equal(unwrap(true % 2**32, 2.0**32), true)


@settings(deadline=None, max_examples=50)
@given(sizes=st.lists(st.integers(1, 6), min_size=2, max_size=20))
def test_spread_arrivals_advance_and_end_on_their_stamp(sizes):
    stamps = np.repeat(np.cumsum([0.05] * len(sizes)), sizes)
    spread = spread_arrivals(stamps)
    assert (np.diff(spread) > 0).all()
    last = np.cumsum(sizes) - 1
    np.testing.assert_array_equal(spread[last], stamps[last])


def test_spread_arrivals_of_full_packets_are_even():
    true = np.arange(40) / 100
    np.testing.assert_allclose(spread_arrivals(np.repeat(true[3::4], 4)), true, atol=1e-12)


def test_spread_arrivals_leave_a_gap_open():
    stamps = np.repeat([0.04, 0.08, 0.12, 1.12, 1.16, 1.20], 4)
    steps = np.diff(spread_arrivals(stamps))
    assert steps.max() > 0.8
    assert np.argmax(steps) == 11


def test_spread_packets_leave_a_gap_open():
    spread = spread_packets(np.array([0.0, 0.04, 1.0, 1.04]), np.array([4.0, 4.0, 4.0, 2.0]))
    expected = np.r_[np.arange(8) / 100, 1.0 + np.arange(4) / 100, 1.04, 1.06]
    np.testing.assert_allclose(spread, expected, atol=1e-12)


def test_join_meets_on_the_accelerometer_and_not_across_a_gap():
    acc_s, gyr_s = np.arange(0, 10, 0.01), np.r_[np.arange(1.0, 4.0, 0.02), np.arange(5.0, 8.0, 0.02)]
    acc, gyr = np.column_stack([acc_s] * 3), np.column_stack([2 * gyr_s, gyr_s, -gyr_s])
    joined = join(acc_s, acc, gyr_s, gyr)
    np.testing.assert_allclose(joined.gyr, joined.time_s[:, None] * [2, 1, -1])
    np.testing.assert_array_equal(joined.acc[:, 0], joined.time_s)
    assert joined.time_s[0] == pytest.approx(1.0)
    assert joined.time_s[-1] == pytest.approx(7.98, abs=0.011)
    assert not ((joined.time_s > 3.985) & (joined.time_s < 4.995)).any()


def test_join_refuses_outliers():
    x = np.zeros((5, 3))
    with pytest.raises(BadSamples, match=r"0.000 to 4.000 s.*10.000 to 14.000 s.*two files of one recording"):
        join(np.arange(5.0), x, np.arange(5.0) + 10, x)
