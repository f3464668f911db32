"""Hours without samples cost nothing and lose nothing, recorded and live; times are those of the samples."""

from __future__ import annotations

import dataclasses
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from test_live_equals_replay import assert_same_bits, bits, cut, fed, only

import imu_hinge as ih
from imu_hinge.conventions import Flag
from imu_hinge.motion.kinematics.long_holes import KEPT_S, Holes, long_steps, settled_s, shared_holes
from imu_hinge.simulate.session import Simulated


def parted(recording: ih.Recording, at_s: float, hole_s: float) -> ih.Recording:
    """Return the recording with everything from ``at_s`` on so much later."""
    sensors = {
        place: dataclasses.replace(s, time_s=s.time_s + np.where(s.time_s >= at_s, hole_s, 0.0))
        for place, s in recording.sensors.items()
    }
    return dataclasses.replace(recording, sensors=sensors)


def peak_bytes(recording: ih.Recording, *, as_live: bool) -> int:
    tracemalloc.start()
    ih.analyze(recording, as_live=as_live)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("hole_s", [3600.0, 1e6])
@pytest.mark.parametrize("as_live", [False, True], ids=["whole", "live"])
def test_a_hole_between_reps_costs_no_rep_and_no_memory(short_set: Simulated, as_live: bool, hole_s: float) -> None:
    first, second = short_set.truth.reps
    at_s = 0.5 * (first.end_s + second.start_s)
    result = ih.analyze(parted(short_set.recording, at_s, hole_s), as_live=as_live)
    starts = [rep.start_s for rep in result.lifts]
    assert starts == pytest.approx([first.start_s, second.start_s + hole_s], abs=0.25)
    assert result.lifts[1].end_s == pytest.approx(second.end_s + hole_s, abs=0.25)
    assert (np.diff(result.posture.time_s) > 0.0).all()
    assert result.posture.rate_hz == pytest.approx(100.0)
    assert any("No sensor delivered anything from 12.6" in text for text in result.warnings)
    without = ih.analyze(short_set.recording, as_live=as_live)
    assert len(result.posture) - len(without.posture) == pytest.approx(100.0 * KEPT_S, abs=2)


@pytest.mark.parametrize("as_live", [False, True], ids=["whole", "live"])
def test_a_hole_of_eleven_days_takes_the_memory_of_what_was_measured(short_set: Simulated, as_live: bool) -> None:
    recording = only(short_set.recording, "sacrum")
    without = peak_bytes(recording, as_live=as_live)
    assert peak_bytes(parted(recording, 3.0, 1e6), as_live=as_live) < 2 * without  # ten seconds more of twenty


def test_live_equals_replay_around_holes_that_sensors_see_at_different_times(short_set: Simulated) -> None:
    """One sensor falls silent a second before the other, and comes back a second after it."""
    recording = parted(parted(short_set.recording, 3.0, 7200.0), 7212.6, 50.0)
    t12 = recording.sensors["t12"]
    is_kept = (t12.time_s < 2.0) | (t12.time_s > 7204.0)
    shorter = ih.Samples(t12.time_s[is_kept], t12.acc[is_kept], t12.gyr[is_kept])
    recording = dataclasses.replace(recording, sensors={**recording.sensors, "t12": shorter})
    lengths = {place: len(samples) for place, samples in recording.sensors.items()}
    whole_events, whole = fed(recording, [(place, slice(0, n)) for place, n in lengths.items()])
    assert len(whole.lifts) == 2
    assert [event.time_s for event in whole_events if event.kind == "gap"] == pytest.approx([3.0, 7212.6], abs=0.03)
    assert_same_bits(whole, ih.analyze(recording, as_live=True))
    rng = np.random.default_rng(4)
    for size in (3, 40, 400):
        cuts = {place: rng.integers(1, n, n // size).tolist() for place, n in lengths.items()}
        events, result = fed(recording, cut(lengths, cuts, rng.integers(0, 2, 500).tolist()))
        assert [bits(event) for event in events] == [bits(event) for event in whole_events]
        assert_same_bits(result, whole)


def test_one_sensor_missing_for_long_is_a_gap_and_no_jump(short_set: Simulated) -> None:
    """The other goes on meanwhile, standing; the heights of who is not seen stay within a body's reach."""
    sacrum, t12 = (short_set.recording.sensors[p] for p in ("sacrum", "t12"))
    wait_s = 600.0
    still = np.resize(np.r_[0:50, 49:-1:-1], round(50.0 * wait_s))
    at = int(np.searchsorted(sacrum.time_s, 3.0))
    times = sacrum.time_s[at - 1] + np.arange(1, len(still) + 1) / 50.0
    longer = ih.Samples(
        np.r_[sacrum.time_s[:at], times, sacrum.time_s[at:] + wait_s],
        np.r_[sacrum.acc[:at], sacrum.acc[still], sacrum.acc[at:]],
        np.r_[sacrum.gyr[:at], sacrum.gyr[still], sacrum.gyr[at:]],
    )
    late = dataclasses.replace(t12, time_s=t12.time_s + np.where(t12.time_s >= 3.0, wait_s, 0.0))
    result = ih.analyze(ih.Recording({"sacrum": longer, "t12": late}))
    assert len(result.lifts) == 2
    flags = result.posture.flags
    assert np.mean((flags & np.uint16(Flag.GAP)) != 0) == pytest.approx(wait_s / (wait_s + 20.0), abs=0.02)
    assert np.diff(result.posture.time_s).max() < 0.02
    assert not any("No sensor delivered" in text for text in result.warnings)


def test_time_goes_there_and_back() -> None:
    holes = Holes(((10.0, 110.0), (200.0, 1e6)))
    outside_s = np.array([0.0, 10.0, 110.0, 150.0, 200.0, 1e6, 1e6 + 3.0])
    closed_s = holes.closed(outside_s)
    assert closed_s == pytest.approx([0.0, 10.0, 20.0, 60.0, 110.0, 120.0, 123.0])
    assert holes.reopened(closed_s) == pytest.approx(outside_s)
    grid_s = holes.reopened(np.arange(0.0, 123.0, 0.01))
    assert (np.diff(grid_s) > 0.0).all()
    assert all(len(long_steps(np.array(pair))) == (pair[1] - pair[0] > 20.0) for pair in pairwise([0.0, 20.0, 41.0]))


def test_only_what_all_sensors_miss_is_a_shared_hole() -> None:
    assert shared_holes([[(10.0, 110.0)], []]).spans == ()
    assert shared_holes([[(10.0, 110.0)], [(5.0, 25.0), (50.0, 200.0)]]).spans == ((50.0, 110.0),)
    assert shared_holes([[(10.0, 110.0)], [(90.0, 200.0)]]).spans == ()  # it is 20 s long


def test_time_is_settled_only_where_no_sensor_is_silent() -> None:
    assert settled_s([np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0])]) == 1.0
    assert settled_s([np.array([0.0, 1.0, 3600.0]), np.array([0.0, 1.5])]) == 1.0
    assert settled_s([np.array([0.0, 1.0, 3600.0]), np.array([0.0, 1.5, 3601.0])]) == 3600.0
