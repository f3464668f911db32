"""What was shown live is reproduced from the recording to the last bit, however the samples came in.

Hypothesis cuts the same samples into random blocks, delivers the sensors' blocks in random order, and compares every
event and the whole result with `analyze(as_live=True)` and with one another.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import imu_hinge as ih
from imu_hinge.analysis.instant.pacing import WINDOW_S
from imu_hinge.simulate.session import Simulated


def bits(value: Any) -> Any:
    """Return a value as something that is equal only where every bit is, NaN included."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, float):
        return np.float64(value).tobytes()
    if isinstance(value, enum.Enum):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, tuple((f.name, bits(getattr(value, f.name))) for f in dataclasses.fields(value))
    if isinstance(value, Mapping):
        return tuple((key, bits(item)) for key, item in value.items())
    if isinstance(value, tuple | list):
        return tuple(bits(item) for item in value)
    return value


def assert_same_bits(one: Any, other: Any) -> None:
    """Compare field by field, so that a failure names what differs."""
    assert type(one) is type(other)
    for field in dataclasses.fields(one):
        assert bits(getattr(one, field.name)) == bits(getattr(other, field.name)), field.name


def only(recording: ih.Recording, *placements: str) -> ih.Recording:
    return dataclasses.replace(recording, sensors={p: recording.sensors[p] for p in placements})


def fed(
    recording: ih.Recording, blocks: list[tuple[str, slice]], *, shows_instants: bool = True
) -> tuple[list[ih.Event], ih.SetResult]:
    """Feed the blocks in their order and return all events, and the result made comparable with a recording's."""
    live = ih.LiveAnalysis(recording.placements, athlete=recording.athlete, exercise=recording.exercise)
    live.shows_instants = shows_instants
    events = [event for place, part in blocks for event in live.feed(place, recording.sensors[place][part])]
    return events, dataclasses.replace(live.finish(), is_simulated=recording.is_simulated)


def cut(lengths: Mapping[str, int], cuts: Mapping[str, list[int]], order: list[int]) -> list[tuple[str, slice]]:
    """Return every sensor's blocks, interleaved as ``order`` says; each sensor's own stay in order."""
    waiting = {}
    for place, n in lengths.items():
        edges = sorted({0, n, *(c for c in cuts[place] if 0 < c < n)})
        waiting[place] = [slice(a, b) for a, b in pairwise(edges)]
    turns = list(order)
    blocks = []
    while any(waiting.values()):
        places = [place for place, parts in waiting.items() if parts]
        place = places[(turns.pop() if turns else 0) % len(places)]
        blocks.append((place, waiting[place].pop(0)))
    return blocks


def test_bits_tells_a_single_bit() -> None:
    x = np.array([1.0, np.nan])
    assert bits(x) == bits(x.copy())
    assert bits(x) != bits(np.nextafter(x, 2.0))
    assert bits(0.0) != bits(-0.0)


@pytest.mark.parametrize("placements", [("sacrum", "t12"), ("sacrum",)], ids=["two sensors", "one sensor"])
def test_any_cut_gives_the_same_events_and_the_same_result(short_set: Simulated, placements: tuple[str, ...]) -> None:
    recording = only(short_set.recording, *placements)
    lengths = {place: len(samples) for place, samples in recording.sensors.items()}
    whole_events, whole = fed(recording, [(place, slice(0, n)) for place, n in lengths.items()])
    assert len(whole.lifts) == len(short_set.truth.reps)
    assert_same_bits(whole, ih.analyze(recording, as_live=True))

    cuts = st.fixed_dictionaries({p: st.lists(st.integers(1, n - 1), max_size=40) for p, n in lengths.items()})

    @settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate], derandomize=True)
    @given(cuts=cuts, order=st.lists(st.integers(0, 1), max_size=80))
    def check(cuts: dict[str, list[int]], order: list[int]) -> None:
        events, result = fed(recording, cut(lengths, cuts, order))
        assert [bits(event) for event in events] == [bits(event) for event in whole_events]
        assert_same_bits(result, whole)

    check()


def test_packets_of_a_few_samples_give_the_same_bits(short_set: Simulated) -> None:
    recording = short_set.recording
    lengths = {place: len(samples) for place, samples in recording.sensors.items()}
    packets = cut(lengths, {place: list(range(0, n, 7)) for place, n in lengths.items()}, [0, 1] * 500)
    assert len(packets) > 200
    _, result = fed(recording, packets)
    assert_same_bits(result, ih.analyze(recording, as_live=True))


@pytest.mark.parametrize("share", [0.75, 0.85, 0.9, 0.99])
def test_cutting_the_end_never_changes_what_was_told(short_set: Simulated, share: float) -> None:
    """What comes later may withdraw a rep, in words; it never changes one."""
    recording = short_set.recording
    whole = {place: slice(0, len(samples)) for place, samples in recording.sensors.items()}
    all_events, full = fed(recording, list(whole.items()))
    stop_s = share * float(recording.sensors["t12"].time_s[-1])
    stops = {place: int(np.searchsorted(s.time_s, stop_s)) for place, s in recording.sensors.items()}
    early = dataclasses.replace(recording, sensors={p: s[: stops[p]] for p, s in recording.sensors.items()})
    events, _ = fed(early, [(place, slice(0, stop)) for place, stop in stops.items()])
    told = [event.rep for event in events if event.kind == "rep" and event.rep is not None]
    assert told, "nothing was told before the cut, so this proves nothing"
    assert [bits(event) for event in events] == [bits(event) for event in all_events[: len(events)]]
    withdrawn = {bits(event.rep.start_s) for event in all_events if event.kind == "withdrawn" and event.rep is not None}
    kept = [rep for rep in told if bits(rep.start_s) not in withdrawn]
    final = {rep.start_s: rep for rep in full.lifts}
    for rep in kept:
        assert_same_bits(dataclasses.replace(rep, rep=0), dataclasses.replace(final[rep.start_s], rep=0))


def test_the_same_recording_twice_is_the_same_to_the_bit(short_set: Simulated) -> None:
    assert_same_bits(ih.analyze(short_set.recording), ih.analyze(short_set.recording))


def dirty(recording: ih.Recording, seed: int) -> ih.Recording:
    """Return the recording with what radios do: missing numbers, spikes, a swapped pair, repeats, a frozen stretch."""
    rng = np.random.default_rng(seed)
    sensors = {}
    for place, samples in recording.sensors.items():
        rows = np.column_stack((samples.time_s, samples.acc, samples.gyr))
        at = rng.integers(100, len(rows) - 200, 5)
        rows[at[0], 2], rows[at[1], 5] = np.nan, 1e6
        rows[at[2] : at[2] + 80, 1:] = rows[at[2], 1:]
        rows[[at[3], at[3] + 1]] = rows[[at[3] + 1, at[3]]]
        rows = np.insert(rows, at[4], rows[at[4] - 1], axis=0)
        sensors[place] = ih.Samples(rows[:, 0], rows[:, 1:4], rows[:, 4:])
    return dataclasses.replace(recording, sensors=sensors)


def after_standing(recording: ih.Recording, seconds: float) -> ih.Recording:
    """Return the recording after so long a stand: its first second there and back, over and over."""
    sensors = {}
    for place, samples in recording.sensors.items():
        still = np.r_[0:50, 49:-1:-1]
        n = round(seconds * 50.0)
        rows = np.resize(still, n)
        time_s = np.r_[samples.time_s[0] - np.arange(n, 0, -1) / 50.0, samples.time_s]
        sensors[place] = ih.Samples(
            time_s, np.r_[samples.acc[rows], samples.acc], np.r_[samples.gyr[rows], samples.gyr]
        )
    return dataclasses.replace(recording, sensors=sensors)


@pytest.mark.parametrize("placements", [("sacrum", "t12"), ("sacrum",)], ids=["two sensors", "one sensor"])
def test_dirty_samples_longer_than_the_window_give_the_same_bits(
    short_set: Simulated, placements: tuple[str, ...]
) -> None:
    recording = dirty(after_standing(only(short_set.recording, *placements), 1.2 * WINDOW_S), seed=3)
    lengths = {place: len(samples) for place, samples in recording.sensors.items()}
    whole = ih.analyze(recording, as_live=True)
    assert len(whole.lifts) == len(short_set.truth.reps)
    assert np.isnan(whole.posture.angles_rad[0]).all()  # nothing was known yet when it left the window
    cuts = st.fixed_dictionaries({p: st.lists(st.integers(1, n - 1), max_size=20) for p, n in lengths.items()})

    @settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate], derandomize=True)
    @given(cuts=cuts, order=st.lists(st.integers(0, 1), max_size=40))
    def check(cuts: dict[str, list[int]], order: list[int]) -> None:
        _, result = fed(recording, cut(lengths, cuts, order), shows_instants=False)  # `test_instants` cuts those
        assert_same_bits(result, whole)

    check()


def test_a_clock_that_was_set_is_refused_both_ways(short_set: Simulated) -> None:
    samples = short_set.recording.sensors["sacrum"]
    time_s = samples.time_s.copy()
    time_s[100:] += 1.7e9
    recording = ih.Recording({"sacrum": dataclasses.replace(samples, time_s=time_s)})
    for as_live in (False, True):
        with pytest.raises(ih.HingeError, match="the clock jumped"):
            ih.analyze(recording, as_live=as_live)
