"""The even grid: right at every rate, the same bits in any block, and honest about what was not measured."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_hinge.conventions import Flag
from imu_hinge.errors import BadSamples
from imu_hinge.model import Samples
from imu_hinge.motion.kinematics.resample import even_grid, grid_part, in_order, median_rate_hz, ready


def observations(t):
    """What is measured: slow enough for 100 Hz."""
    return np.stack([np.sin(2 * np.pi * t), np.cos(2 * np.pi * 0.7 * t), 1.0 + 0.0 * t], axis=1)


def sampled(t, flags=None):
    return Samples(t, observations(t) + 5.0, observations(t), flags)


def jittered(rate_hz, jitter, seconds=10.0, seed=0):
    n = int(seconds * rate_hz)
    return np.sort((np.arange(n) + np.random.default_rng(seed).uniform(-0.5, 0.5, n) * jitter) / rate_hz)


@pytest.mark.parametrize(
    ("rate_hz", "jitter", "within"),
    [
        (100, 0.0, 1e-12),
        (100, 0.4, 1e-3),
        (97, 0.1, 1e-3),
        (104, 0.0, 1e-3),
        (200, 0.0, 5e-4),
        (1000, 0.5, 5e-4),
        (10, 0.0, 0.06),
    ],
)
def test_values_are_right_at_every_rate(rate_hz, jitter, within):
    gyr, acc, flags = even_grid(sampled(jittered(rate_hz, jitter)), rate_hz=100.0, start_s=1.0, stop_s=9.0)
    t = 1.0 + np.arange(800) / 100.0
    assert len(gyr) == len(acc) == len(flags) == 800
    np.testing.assert_allclose(gyr, observations(t), atol=within)
    np.testing.assert_allclose(acc, observations(t) + 5.0, atol=within)
    assert not (flags & Flag.GAP).any()


def test_what_the_grid_cannot_carry_is_averaged_out():
    t = np.arange(0, 5, 0.001)
    buzz = np.tile(np.sin(2 * np.pi * 190.0 * t)[:, None], (1, 3))  # picked every 10 ms it would be 10 Hz at full size
    gyr, _, _ = even_grid(Samples(t, buzz, buzz), rate_hz=100.0, start_s=1.0, stop_s=4.0)
    assert np.abs(gyr).max() < 0.1


@settings(deadline=None, max_examples=25)
@given(
    st.sampled_from([30.0, 100.0, 104.0, 1000.0]),
    st.integers(0, 5),
    st.lists(st.integers(1, 60), min_size=1, max_size=8),
)
def test_blocks_give_the_bits_of_the_whole(rate_hz, seed, sizes):
    t = jittered(rate_hz, 0.8, 2.0, seed) + 1.7e5
    t = np.delete(t, slice(len(t) // 2, len(t) // 2 + int(0.3 * rate_hz)))  # a gap
    samples, origin = sampled(t), float(t[0])
    whole = grid_part(
        samples, rate_hz=100.0, origin_s=origin, first=0, stop=ready(t[-1], rate_hz=100.0, origin_s=origin)
    )
    parts, first, seen = [], 0, 0
    for size in [*sizes, len(t)]:
        seen = min(seen + size, len(t))
        stop = max(first, ready(t[seen - 1], rate_hz=100.0, origin_s=origin))
        since = max(0, int(np.searchsorted(t, origin + first / 100.0 - 0.01)) - 1)  # what is earlier may be forgotten
        parts.append(grid_part(samples[since:seen], rate_hz=100.0, origin_s=origin, first=first, stop=stop))
        first = stop
    for block, all_at_once in zip(zip(*parts, strict=True), whole, strict=True):
        np.testing.assert_array_equal(np.concatenate(block), all_at_once)


def test_a_gap_is_flagged_and_a_short_loss_is_not():
    t = np.arange(0, 5, 0.01)
    t = t[~((t > 1.0) & (t < 1.1)) & ~((t > 3.0) & (t < 3.5))]
    _, _, flags = even_grid(sampled(t), rate_hz=100.0, start_s=0.0, stop_s=4.9)
    at = np.arange(490) / 100.0
    is_gap = (flags & Flag.GAP) > 0
    assert is_gap[(at > 3.005) & (at < 3.495)].all()
    assert not is_gap[(at < 2.995) | (at > 3.505)].any()
    assert ((flags & Flag.UNEVEN) > 0)[(at > 1.015) & (at < 1.085)].all()


def test_before_the_first_and_after_the_last_sample_is_a_gap():
    gyr, _, flags = even_grid(sampled(np.arange(1, 2, 0.01)), rate_hz=100.0, start_s=0.0, stop_s=3.0)
    is_gap = (flags & Flag.GAP) > 0
    assert is_gap[:99].all()
    assert is_gap[202:].all()
    assert not is_gap[101:198].any()
    assert np.isfinite(gyr).all()


@pytest.mark.parametrize("rate_hz", [100.0, 1000.0])
def test_flags_travel_but_a_lost_packet_is_no_gap(rate_hz):
    t = np.arange(0, 2, 1 / rate_hz)
    flags = np.zeros(len(t), dtype=np.uint16)
    flags[len(t) // 2] = Flag.CLIPPED | Flag.GAP
    _, _, found = even_grid(sampled(t, flags), rate_hz=100.0, start_s=0.0, stop_s=1.9)
    assert found[100] & Flag.CLIPPED
    assert not (found & Flag.GAP).any()
    assert not found[:98].any()


@pytest.mark.parametrize("rate_hz", [10.0, 52.0, 100.0, 1000.0])
def test_the_median_rate_is_the_sensors_own(rate_hz):
    t = jittered(rate_hz, 0.9, 20.0)
    t = np.delete(t, slice(30, 50))
    assert median_rate_hz(t) == pytest.approx(rate_hz, rel=0.01)
    packed = np.repeat(t[::4], 4)[: len(t)]  # four samples to a packet share its time
    assert median_rate_hz(packed) == pytest.approx(rate_hz, rel=0.05)


def test_in_order_sorts_and_drops_repeats_and_says_so():
    t = np.array([0.0, 0.02, 0.01, 0.03, 0.03, 0.04])
    found = in_order(sampled(t))
    np.testing.assert_array_equal(found.time_s, [0.0, 0.01, 0.02, 0.03, 0.04])
    assert found.flags.tolist() == [0, Flag.REORDERED, 0, Flag.DUPLICATE, 0]
    np.testing.assert_array_equal(found.gyr, observations(found.time_s))
    assert in_order(found) is found


@pytest.mark.parametrize(
    ("samples", "rate_hz", "words"),
    [
        (sampled(np.array([0.0, 0.02, 0.01])), 100.0, "go back"),
        (sampled(np.array([])), 100.0, "no sample"),
        (sampled(np.array([0.0, np.nan])), 100.0, "time_s"),
        (Samples(np.arange(2.0), np.full((2, 3), np.inf), np.zeros((2, 3))), 100.0, "acc"),
        (sampled(np.arange(3.0)), 0.0, "grid's rate"),
    ],
)
def test_what_makes_no_grid_is_refused(samples, rate_hz, words):
    with pytest.raises(BadSamples, match=words):
        even_grid(samples, rate_hz=rate_hz, start_s=0.0, stop_s=1.0)


@pytest.mark.parametrize("time_s", [np.array([]), np.array([1.0]), np.full(40, 2.0)])
def test_no_rate_without_two_instants(time_s):
    with pytest.raises(BadSamples, match="sample rate"):
        median_rate_hz(time_s)


@pytest.mark.parametrize(
    ("latest_s", "count"), [(9.0, 0), (10.0, 0), (10.24, 0), (10.25, 1), (10.49, 1), (10.5, 2), (11.0, 4)]
)
def test_an_instant_is_final_a_grid_period_later(latest_s, count):
    assert ready(latest_s, rate_hz=4.0, origin_s=10.0) == count
