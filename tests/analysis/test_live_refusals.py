"""What is wrong with samples is flagged, told or refused the same live and in replay, however they were cut."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from test_live_equals_replay import assert_same_bits, bits, cut, fed, only

import imu_hinge as ih
from imu_hinge.conventions import Flag
from imu_hinge.simulate.session import Simulated
from imu_hinge.storage.screening.checks import check_recording

Rows = np.ndarray
"""One sensor's samples (n, 7): time, acc, gyr."""


def frozen(rows: Rows) -> Rows:
    rows[400:480, 1:] = rows[400, 1:]
    return rows


def clipped(rows: Rows) -> Rows:
    rows[500:503, 1] = 2.0 * 9.80665
    rows[700:702, 1] = 2.0 * 9.80665
    return rows


def swapped_pair(rows: Rows) -> Rows:
    rows[[300, 301]] = rows[[301, 300]]
    return rows


def repeated(rows: Rows) -> Rows:
    return np.insert(rows, 350, rows[349], axis=0)


def not_a_number(rows: Rows) -> Rows:
    rows[610, 4] = np.nan
    return rows


def a_stray_stamp(rows: Rows) -> Rows:
    rows[200, 0] += 1e9
    return rows


def set_back(rows: Rows) -> Rows:
    rows[900:, 0] -= 1.0
    return rows


def set_forward(rows: Rows) -> Rows:
    rows[900:, 0] += 1.7e9
    return rows


def dead_axis(rows: Rows) -> Rows:
    rows[:, 5] = 0.0
    return rows


def milliseconds(rows: Rows) -> Rows:
    rows[:, 0] *= 1000.0
    return rows


Kind = Callable[[Rows], Rows]
FLAGGED: tuple[Kind, ...] = (frozen, clipped, swapped_pair, repeated, not_a_number, a_stray_stamp, set_back)
REFUSED: Mapping[Kind, str] = {
    set_forward: "the clock jumped",
    dead_axis: r"gyr_y \(0\) never changes",
    milliseconds: "time_s looks like ms",
}


def spoiled(recording: ih.Recording, *kinds: Kind) -> ih.Recording:
    """Return the recording with its first sensor spoiled, the latest kind first, as some move the rows."""
    place, samples = next(iter(recording.sensors.items()))
    rows = np.column_stack((samples.time_s, samples.acc, samples.gyr))
    for kind in sorted(kinds, key=lambda kind: kind is repeated):
        rows = kind(rows)
    sensors = {**recording.sensors, place: ih.Samples(rows[:, 0], rows[:, 1:4], rows[:, 4:])}
    return dataclasses.replace(recording, sensors=sensors)


def outcome(analyse: Callable[[], ih.SetResult]) -> Any:
    """Return every bit of the result, or what was refused; how many samples had come by then does not matter."""
    try:
        return bits(analyse())
    except ih.HingeError as error:
        return type(error), re.sub(r"\d+", "", str(error))


@pytest.mark.parametrize("placements", [("sacrum", "t12"), ("sacrum",)], ids=["two sensors", "one sensor"])
def test_any_faults_in_any_cut_come_to_the_same(short_set: Simulated, placements: tuple[str, ...]) -> None:
    clean = only(short_set.recording, *placements)
    lengths = {place: len(samples) for place, samples in clean.sensors.items()}
    cuts = st.fixed_dictionaries({p: st.lists(st.integers(1, n - 1), max_size=30) for p, n in lengths.items()})
    kinds = st.tuples(st.sets(st.sampled_from(FLAGGED)), st.sampled_from([None, None, *REFUSED]))

    @settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate], derandomize=True)
    @given(kinds=kinds, cuts=cuts, order=st.lists(st.integers(0, 1), max_size=60))
    def check(kinds: tuple[set[Kind], Kind | None], cuts: dict[str, list[int]], order: list[int]) -> None:
        recording = spoiled(clean, *kinds[0], *([] if kinds[1] is None else [kinds[1]]))
        blocks = cut({p: len(s) for p, s in recording.sensors.items()}, cuts, order)
        assert outcome(lambda: fed(recording, blocks)[1]) == outcome(lambda: ih.analyze(recording, as_live=True))

    check()


@pytest.mark.parametrize("kind", REFUSED, ids=lambda kind: kind.__name__)
def test_what_is_refused_is_refused_every_way(short_set: Simulated, kind: Kind) -> None:
    recording = spoiled(short_set.recording, kind)
    blocks = cut({p: len(s) for p, s in recording.sensors.items()}, {"sacrum": [500], "t12": [700]}, [0, 1])
    for analyse in (
        lambda: ih.analyze(recording),
        lambda: ih.analyze(recording, as_live=True),
        lambda: fed(recording, blocks),
    ):
        with pytest.raises(ih.HingeError, match=REFUSED[kind]):
            analyse()


def test_what_a_file_was_flagged_with_is_what_live_flagged(short_set: Simulated) -> None:
    raw = spoiled(only(short_set.recording, "sacrum"), frozen, clipped, swapped_pair, repeated, not_a_number)
    live = fed(raw, [("sacrum", slice(0, len(raw.sensors["sacrum"])))])[1]
    assert_same_bits(live, ih.analyze(check_recording(raw), as_live=True))
    assert_same_bits(live, ih.analyze(raw, as_live=True))
    flags = [int(np.count_nonzero(live.posture.flags & np.uint16(flag))) for flag in (Flag.SUSPECT, Flag.CLIPPED)]
    assert flags[0] == pytest.approx(2 * 80, abs=4)  # at 50 Hz, on a grid of 100
    assert flags[1] >= 2 * 3


def test_a_clock_set_back_is_told_at_once_and_in_the_result(short_set: Simulated) -> None:
    recording = spoiled(only(short_set.recording, "sacrum"), set_back)
    blocks = [("sacrum", slice(0, 904)), ("sacrum", slice(904, 910)), ("sacrum", slice(910, None))]
    live = ih.LiveAnalysis(["sacrum"], athlete=recording.athlete)
    told = [[e for e in live.feed(p, recording.sensors[p][part]) if e.kind == "warning"] for p, part in blocks]
    assert [len(events) for events in told] == [0, 1, 0]
    words = "The clock of the sacrum sensor was set back by"
    assert told[1][0].message.startswith(words)
    assert sum(text.startswith(words) for text in live.finish().warnings) == 1
    assert sum(text.startswith(words) for text in ih.analyze(recording, as_live=True).warnings) == 1
    with pytest.raises(ih.HingeError, match="jumps back"):
        ih.analyze(recording)


def test_exchanged_sensors_are_told_with_the_first_rep_and_refused_every_way(short_set: Simulated) -> None:
    sensors = short_set.recording.sensors
    recording = dataclasses.replace(short_set.recording, sensors={"sacrum": sensors["t12"], "t12": sensors["sacrum"]})
    live = ih.LiveAnalysis(recording.placements, athlete=recording.athlete)
    events = [event for place, samples in recording.sensors.items() for event in live.feed(place, samples)]
    warned = [event.message for event in events if event.kind == "warning"]
    assert len(warned) == 1
    assert "sacrum and t12 seem to be exchanged" in warned[0]
    for analyse in (live.finish, lambda: ih.analyze(recording), lambda: ih.analyze(recording, as_live=True)):
        with pytest.raises(ih.HingeError, match="seem to be exchanged"):
            analyse()


def test_one_sensor_given_as_two_is_refused_every_way(short_set: Simulated) -> None:
    samples = short_set.recording.sensors["sacrum"]
    recording = dataclasses.replace(short_set.recording, sensors={"sacrum": samples, "t12": samples})
    whole = [("sacrum", slice(None)), ("t12", slice(None))]
    for analyse in (lambda: ih.analyze(recording), lambda: fed(recording, whole)):
        with pytest.raises(ih.HingeError, match="sacrum and t12 hold the same"):
            analyse()
