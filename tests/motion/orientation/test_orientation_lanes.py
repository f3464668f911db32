"""Many recordings at once give the bits that each gives alone, in order."""

import numpy as np
import pytest

from imu_hinge.errors import BadSamples
from imu_hinge.motion.orientation import batch, filter


def recording(seed, n):
    rng = np.random.default_rng(seed)
    gyr = rng.normal(0, 0.4, (n, 3)) + rng.normal(0, 0.3, 3)
    acc = rng.normal(0, 1.0, (n, 3)) + rng.normal(0, 5.0, 3) + (0.0, 0.0, 6.0)
    gyr[: n // 3], acc[: n // 3] = 0.01, acc[:1]
    return gyr, acc


@pytest.mark.parametrize("is_both", [False, True])
def test_filter_many_gives_the_bits_of_each_alone(is_both):
    lengths = [300, 120, 0, 300, 299, 1, 300, 64, 300, 57]
    recordings = [recording(seed, n) for seed, n in enumerate(lengths)]
    found = batch.filter_many(recordings, rate_hz=100.0, both_ways=is_both, threads=2)
    assert len(found) == len(recordings)
    for each, (gyr, acc) in zip(found, recordings, strict=True):
        alone = filter.filter_recording(gyr, acc, rate_hz=100.0, both_ways=is_both)
        for name in ("q_ws", "bias_rad_s", "bias_sd_rad_s", "is_rest"):
            np.testing.assert_array_equal(getattr(each, name), getattr(alone, name))
    assert found[0].is_rest.any()


def test_filter_many_refuses_one_bad_recording():
    recordings = [recording(seed, 40) for seed in range(3)]
    recordings[1][0][7, 0] = np.nan
    with pytest.raises(BadSamples, match="sample 7"):
        batch.filter_many(recordings, rate_hz=100.0)


def test_a_state_with_other_lanes_is_refused():
    state = filter.initial_state(filter.params(100.0), lanes=2)
    block, out = (np.zeros((5, 3)),) * batch.LANES, tuple(np.empty((5, 9)) for _ in range(batch.LANES))
    taken, found = (np.empty((columns * batch.CHUNK, batch.LANES)) for columns in (6, 9))
    with pytest.raises(ValueError, match="LANES"):
        batch.update_lanes(state, block, block, out, taken, found)


def test_no_recording_is_no_result():
    for is_both in (False, True):
        assert batch.filter_many([], rate_hz=100.0, both_ways=is_both) == []
