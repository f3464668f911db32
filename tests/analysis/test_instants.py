"""The posture of now: the same for the same samples in their order, near the truth, and honest where a sensor lags."""

from __future__ import annotations

import math
from concurrent.futures import Executor, Future
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from test_live_equals_replay import assert_same_bits, bits

import imu_hinge as ih
from imu_hinge import conventions as cv
from imu_hinge.analysis.instant.bend_phase import BendPhase
from imu_hinge.analysis.instant.rep_events import RepEvents
from imu_hinge.athlete import Athlete
from imu_hinge.reps.verdict import Limits
from imu_hinge.simulate.session import Simulated

Block = tuple[str, slice]

LIMITS = Limits.of(Athlete(), ih.Settings().verdict)


def fed(recording: ih.Recording, blocks: list[Block]) -> tuple[list[ih.Event], list[ih.Instant], ih.LiveAnalysis]:
    """Feed the blocks in their order; what depends on how many blocks there were is left out."""
    live = ih.LiveAnalysis(recording.placements, athlete=recording.athlete, exercise=recording.exercise)
    events = [event for place, part in blocks for event in live.feed(place, recording.sensors[place][part])]
    return [event for event in events if event.kind != "waiting"], live.take_instants(), live


def in_step(recording: ih.Recording, every: int) -> list[Block]:
    """Return blocks of so many samples, all sensors in turns."""
    longest = max(map(len, recording.sensors.values()))
    return [(p, slice(i, i + every)) for i in range(0, longest, every) for p in recording.sensors]


def until(recording: ih.Recording, stop_s: float) -> ih.Recording:
    sensors = {p: s[: int(np.searchsorted(s.time_s, stop_s))] for p, s in recording.sensors.items()}
    return ih.Recording(sensors, athlete=recording.athlete, exercise=recording.exercise)


def test_any_cut_of_the_same_order_gives_the_same_instants_and_events(short_set: Simulated) -> None:
    recording = until(short_set.recording, 7.0)
    lengths = {place: len(samples) for place, samples in recording.sensors.items()}
    runs = st.lists(st.integers(1, 25), min_size=40, max_size=40)  # of one sensor, while the other lags by up to 0.5 s

    @settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate], derandomize=True)
    @given(runs=runs, cuts=st.lists(st.integers(1, 24), min_size=1, max_size=20))
    def check(runs: list[int], cuts: list[int]) -> None:
        order: list[Block] = []
        done = dict.fromkeys(lengths, 0)
        for turn, count in enumerate([*runs, *lengths.values()]):
            place = recording.placements[turn % 2]
            start, done[place] = done[place], min(done[place] + count, lengths[place])
            order.append((place, slice(start, done[place])))
        order.append((recording.placements[1], slice(done[recording.placements[1]], None)))
        pieces: list[Block] = []
        for at, (place, part) in enumerate(order):
            stop = lengths[place] if part.stop is None else part.stop
            edges = sorted({part.start, min(part.start + cuts[at % len(cuts)], stop), stop})
            pieces += [(place, slice(a, b)) for a, b in pairwise(edges)]
        events, instants, live = fed(recording, order)
        other_events, other_instants, other = fed(recording, pieces)
        assert [bits(one) for one in instants] == [bits(one) for one in other_instants]
        assert [bits(one) for one in events] == [bits(one) for one in other_events]
        assert_same_bits(live.finish(), other.finish())
        assert any(one.missing for one in instants), "nothing lagged, so this proves less"

    check()


def test_instants_come_25_times_a_second_and_are_near_the_truth(short_set: Simulated) -> None:
    events, instants, live = fed(short_set.recording, in_step(short_set.recording, 3))
    time_s = np.array([one.time_s for one in instants])
    assert np.allclose(np.diff(time_s), 0.04)
    waits = [one.waits_for for one in instants]
    assert [w for w, before in zip(waits, ["", *waits], strict=False) if w != before][-2:] == ["bend once", "ready"]
    truth = short_set.truth
    is_ready = np.array([w == "ready" for w in waits])
    inside = is_ready & np.any([(time_s >= r.start_s) & (time_s < r.end_s) for r in truth.reps], axis=0)
    off = np.degrees(np.array([one.angles_rad for one in instants]) - truth.angles_at(time_s))[inside]
    assert np.all(np.sqrt(np.mean(off[:, :3] ** 2, axis=0)) < [2.0, 2.5, 3.0])
    assert np.isfinite(off).all(), "hip and knee are inferred"
    assert {one.basis for one, ready in zip(instants, is_ready, strict=True) if ready} == {"measured"}
    sd = np.degrees([one.sd_rad for one in instants])[inside]
    assert np.all(np.abs(off[:, :3]) < 4.0 * sd[:, :3])
    assert {"standing", "down", "bottom", "up"} <= {one.phase for one in instants}
    assert {"rep_started", "turned", "rep"} <= {event.kind for event in events}
    assert len(live.finish().lifts) == len(truth.reps)


class Later(Executor):
    """Be done when asked for the third time: between is what a look takes."""

    def submit(self, work, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        return Later.Waiting(work)

    class Waiting(Future):  # type: ignore[type-arg]
        def __init__(self, work) -> None:  # type: ignore[no-untyped-def]
            super().__init__()
            self.work, self.asked = work, 0

        def done(self) -> bool:
            self.asked += 1
            return self.asked > Later.patience

        def result(self, timeout: float | None = None) -> list[ih.Event]:
            return self.work()  # type: ignore[no-any-return]

    patience = 3


@pytest.mark.parametrize("patience", [3, 12, 10_000])
@pytest.mark.parametrize("lag", [0, 20])
def test_a_look_beside_the_samples_tells_the_same_however_long_it_takes(
    short_set: Simulated, monkeypatch: pytest.MonkeyPatch, patience: int, lag: int
) -> None:
    recording = short_set.recording
    blocks = in_step(recording, 3)
    n = 2 * round(0.6 * len(blocks) / 2)
    cut = blocks[n : n + 2 * lag]
    blocks[n : n + 2 * lag] = [b for b in cut if b[0] == "sacrum"] + [b for b in cut if b[0] != "sacrum"]
    events, instants, live = fed(recording, blocks)
    monkeypatch.setattr(Later, "patience", patience)
    other = ih.LiveAnalysis(recording.placements, athlete=recording.athlete, exercise=recording.exercise)
    other.aside = Later()
    told = [event for place, part in blocks for event in other.feed(place, recording.sensors[place][part])]
    told += other.wait()
    assert [bits(one) for one in other.take_instants()] == [bits(one) for one in instants]
    assert [bits(one) for one in told if one.kind != "waiting"] == [bits(one) for one in events]
    assert_same_bits(other.finish(), live.finish())


def test_an_instant_does_not_wait_for_screening(short_set: Simulated) -> None:
    recording = short_set.recording
    live = ih.LiveAnalysis(recording.placements, athlete=recording.athlete, exercise=recording.exercise)
    ages = []
    for place, part in in_step(until(recording, 8.0), 1):
        samples = recording.sensors[place][part]
        live.feed(place, samples)
        ages += [float(samples.time_s[-1]) - one.time_s for one in live.take_instants()]
    assert np.quantile(ages[10:], 0.99) < 0.04  # a period of the grid, one of each sensor, and how far these are apart


def test_a_stray_stamp_carries_no_instants_ahead(short_set: Simulated) -> None:
    recording = until(short_set.recording, 6.0)
    live = ih.LiveAnalysis(recording.placements, athlete=recording.athlete, exercise=recording.exercise)
    for place, part in in_step(recording, 1):
        samples = recording.sensors[place][part]
        live.feed(place, samples)
        if part.start == 300:
            live.feed(place, ih.Samples(samples.time_s + 10.0, samples.acc, samples.gyr))
            assert live.take_instants()[-1].time_s <= samples.time_s[-1]


def test_every_rep_starts_once_and_so_does_the_way_up_without_the_bar(short_set: Simulated) -> None:
    recording = ih.Recording(short_set.recording.sensors, athlete=short_set.recording.athlete, exercise="deadlift")
    events, _, _ = fed(recording, in_step(recording, 5))
    starts = [event.time_s for event in events if event.kind == "rep_started"]
    reps = short_set.truth.reps
    assert len(starts) == len(reps) + 1  # nobody can tell by the back alone that the bar stays on the floor
    assert all(abs(start - rep.start_s) < 0.5 for start, rep in zip(starts, reps, strict=False))
    assert starts[-1] > reps[-1].end_s


def test_sway_over_the_bar_starts_no_rep() -> None:
    def kinds(course_deg: list[float]) -> list[str]:
        time_s = np.arange(0.0, len(course_deg) - 1, 0.04)
        depth = np.radians(np.interp(time_s, np.arange(len(course_deg)), course_deg))
        phase, told = BendPhase(ih.Settings().reps), RepEvents(LIMITS, ih.Settings().feedback)
        return [
            event.kind
            for at_s, rad in zip(time_s, depth, strict=True)
            for event in told.step(phase.step(float(at_s), float(rad)), from_floor=True)[0]
        ]

    assert kinds([0, 0, 80, 80, 72, 80, 80, 71, 80]) == []  # 8 and 9 degrees: they turn, and lift nothing
    assert kinds([0, 0, 80, 80, 72, 80, 80, 0, 0]) == ["rep_started", "turned"]
    assert kinds([0, 0, 80, 80, 40, 80, 80, 0, 0]) == ["rep_started", "turned"]  # a pull that failed, and another


def test_before_a_bend_the_inclination_alone_is_known(short_set: Simulated) -> None:
    first = short_set.truth.reps[0].start_s
    _, instants, _ = fed(until(short_set.recording, first), in_step(short_set.recording, 5))
    bending = [one for one in instants if one.waits_for == "bend once"]
    assert bending
    for one in bending:
        assert np.isfinite(one.angles_rad[cv.PELVIS_TILT])
        assert np.isfinite(one.angles_rad[cv.TRUNK_INCLINATION])
        assert math.isnan(one.angles_rad[cv.LUMBAR_FLEXION])
    assert all(one.basis == "" for one in instants if one.waits_for == "stand still")


def test_a_sensor_that_lags_is_left_out_until_it_is_back(short_set: Simulated) -> None:
    recording = short_set.recording
    blocks = in_step(recording, 5)
    n = 2 * round(0.7 * len(blocks) / 2)
    held = [b for b in blocks[n : n + 20] if b[0] == "t12"]  # ten blocks, one second
    lagging = [*blocks[:n], *(b for b in blocks[n : n + 20] if b[0] == "sacrum"), *held, *blocks[n + 20 :]]
    events, instants, live = fed(recording, lagging)
    usual_events, usual, in_time = fed(recording, blocks)
    assert [one.time_s for one in instants] == [one.time_s for one in usual], "none is left out, none comes twice"
    without = [(one, other) for one, other in zip(instants, usual, strict=True) if one.missing]
    assert 0.6 < 0.04 * len(without) < 1.0  # a second but for the 150 ms and what is held back anyway
    for one, other in without:
        assert one.missing == ("t12",)
        assert one.basis == "inferred"
        # a look has come between, which waits for the sensor that lags
        assert one.angles_rad[cv.PELVIS_TILT] == pytest.approx(other.angles_rad[cv.PELVIS_TILT], abs=0.03)
        assert one.sd_rad[cv.LUMBAR_FLEXION] > other.sd_rad[cv.LUMBAR_FLEXION]
    assert [bits(e) for e in events] == [bits(e) for e in usual_events], "events wait for all"
    assert_same_bits(live.finish(), in_time.finish())


@pytest.mark.parametrize("place", ["sacrum", "t12"])
def test_one_sensor_infers_the_rest(short_set: Simulated, place: str) -> None:
    alone = ih.Recording(
        {place: short_set.recording.sensors[place]}, athlete=short_set.recording.athlete, exercise="deadlift"
    )
    _, instants, _ = fed(alone, in_step(alone, 10))
    ready = [one for one in instants if one.waits_for == "ready"]
    assert ready
    assert all(one.basis == "inferred" and np.isfinite(one.angles_rad).all() for one in ready)
    truth = short_set.truth.angles_at(np.array([one.time_s for one in ready]))[:, cv.LUMBAR_FLEXION]
    off = np.array([one.angles_rad[cv.LUMBAR_FLEXION] for one in ready]) - truth
    assert np.mean(np.abs(off) < 2.0 * np.array([one.sd_rad[cv.LUMBAR_FLEXION] for one in ready])) > 0.9


def test_who_does_not_ask_keeps_a_minute(short_set: Simulated) -> None:
    sensor = short_set.recording.sensors["sacrum"][:50]
    live = ih.LiveAnalysis(["sacrum"])
    for second in range(70):
        live.feed("sacrum", ih.Samples(sensor.time_s + second, sensor.acc, sensor.gyr))
    kept = live.take_instants()
    assert len(kept) == 1500
    assert kept[-1].time_s > 69.0
    assert live.take_instants() == []
