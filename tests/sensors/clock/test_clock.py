"""The clock: two simulated sensors on one timeline, live and with hindsight; gaps, repeats, restarts, reconnects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_hinge.conventions import Flag
from imu_hinge.model import Samples
from imu_hinge.sensors.clock.cross_check import shared_rotation
from imu_hinge.sensors.clock.envelope_fit import Slopes, likely_line, lower_line
from imu_hinge.sensors.clock.live_mapping import Arrived, LiveClock
from imu_hinge.sensors.clock.lost_frames import events
from imu_hinge.sensors.clock.lost_frames_live import LiveCount
from imu_hinge.sensors.clock.offline_mapping import place
from imu_hinge.sensors.clock.round_trip import TimeRequests, line_between
from imu_hinge.sensors.protocol import Decoded, StreamSettings
from imu_hinge.sensors.time_requests import TimeReply

RATE = 100.0
TIMED = StreamSettings("simulated", RATE)
COUNTED = StreamSettings("simulated", RATE, max_drift=0.05)
UNCOUNTED = StreamSettings("simulated", RATE, max_drift=0.5, tells_loss=False)


def block(index, device_s=None, *, n=1, lost=0, epoch=0, flag=Flag.OK):
    device_ns = None if device_s is None else np.rint((device_s + np.arange(n) / RATE) * 1e9).astype(np.int64)
    flags = np.zeros(n, dtype=np.uint16)
    flags[0] = flag
    return Decoded(np.zeros((n, 3)), np.zeros((n, 3)), flags, index=index, device_ns=device_ns, lost=lost, epoch=epoch)


def simulate(kind, *, error=0.0, seconds=60.0, loss=0.0, bursts=0.0, batch=1, seed=0):
    """Return what arrives over a link with waits up to 30 ms, and the true time of every sample."""
    rng = np.random.default_rng(seed)
    period = (1 / (1 + error) if kind == "time" else 1 + error) / RATE
    true_s = rng.uniform(0, 1) + np.arange(int(seconds / period) // batch * batch) * period
    ready = true_s.reshape(-1, batch)[:, -1]
    arrival = ready + rng.uniform(0, 0.030, ready.size)
    for start in np.flatnonzero(rng.random(int(seconds)) < bursts):
        stalled = (arrival >= start) & (arrival < start + 0.1)
        arrival[stalled] = start + 0.1
    arrival = np.maximum.accumulate(arrival)
    kept = rng.random(ready.size) >= loss
    arrived, missing, received = [], 0, 0
    for i in np.arange(ready.size):
        if not kept[i]:
            missing += batch
            continue
        device_s = (true_s[i * batch] + 500) * (1 + error) if kind == "time" else None
        index, lost = (received, None) if kind == "none" else (int(i) * batch, missing)
        flag = Flag.GAP if lost else Flag.OK
        arrived.append(Arrived(round(arrival[i] * 1e9), block(index, device_s, n=batch, lost=lost, flag=flag)))
        missing, received = 0, received + batch
    return arrived, true_s.reshape(-1, batch)[kept].ravel()


def run_live(arrived, agreed):
    clock = LiveClock(agreed, origin_ns=0)
    parts = [clock.feed(item.block, item.arrival_ns) for item in arrived]
    return np.concatenate([part.time_s for part in parts]), np.concatenate([part.flags for part in parts]), clock


@pytest.mark.parametrize(
    ("kind", "agreed", "error"),
    [("time", TIMED, 200e-6), ("time", TIMED, -200e-6), ("count", COUNTED, 0.007), ("none", UNCOUNTED, 0.007)],
)
def test_error_stays_below_5_ms_with_jitter_and_bursts(kind, agreed, error):
    loss = 0.0 if kind == "none" else 0.05  # a device that counts nothing: its loss is another test
    arrived, true_s = simulate(kind, error=error, loss=loss, bursts=0.2, seconds=45)
    samples, report = place(arrived, agreed, origin_ns=0)
    assert np.percentile(np.abs(samples.time_s - true_s), 95) < 0.0025  # half of 5 ms for each of two sensors
    live_s, _, _ = run_live(arrived, agreed)
    warm = true_s > 25
    assert np.percentile(np.abs(live_s - true_s)[warm], 95) < 0.0025
    assert report.drift == pytest.approx(-error if kind == "time" else error, abs=3e-5)
    assert report.bound_s < 0.040


def test_a_rate_far_from_the_nominal_one_is_found():
    arrived, true_s = simulate("none", error=0.43, bursts=0.2, seconds=40)  # 70 of 100 Hz
    samples, report = place(arrived, UNCOUNTED, origin_ns=0)
    assert report.rate_hz == pytest.approx(70, rel=0.01)
    assert np.percentile(np.abs(samples.time_s - true_s), 95) < 0.005


def test_loss_that_nothing_counts_is_followed_and_flagged():
    arrived, true_s = simulate("none", error=0.007, loss=0.05, bursts=0.2, seconds=40)
    samples, report = place(arrived, UNCOUNTED, origin_ns=0)
    error = np.abs(samples.time_s - true_s)
    assert np.percentile(error, 95) < 0.008, "half a period where a loss could be on either side, and 3 ms"
    assert (error < 0.003).mean() > 0.7, "most samples are placed as if the losses were known"
    missing = 40 / (1.007 / RATE) - len(true_s)
    assert report.jumps == pytest.approx(missing, rel=0.15)
    assert int((samples.flags & Flag.GAP > 0).sum()) == report.jumps
    live_s, flags, clock = run_live(arrived, UNCOUNTED)
    assert np.percentile(np.abs(live_s - true_s)[true_s > 25], 95) < 0.013
    assert 0 < int((flags & Flag.GAP > 0).sum()) == clock.report.jumps < 1.5 * missing


def test_no_loss_is_made_up_where_there_is_none():
    arrived, _ = simulate("none", error=0.007, bursts=0.2, seconds=45)
    samples, report = place(arrived, UNCOUNTED, origin_ns=0)
    assert report.jumps == 0
    assert not samples.flags.any()
    _, flags, clock = run_live(arrived, UNCOUNTED)
    assert clock.report.jumps == 0
    assert not flags.any()


def test_frames_of_one_connection_event_count_from_its_first_and_others_from_themselves():
    rng = np.random.default_rng(0)
    ready = 0.3 + 0.01007 * np.arange(3000)
    event = np.ceil(ready / 0.030) * 0.030
    bunched = np.maximum.accumulate(event + rng.exponential(0.0005, ready.size))
    assert (events(bunched) - event).mean() < 0.8 * (bunched - event).mean()
    assert len(np.unique(events(bunched))) == pytest.approx(len(np.unique(event)), rel=0.05)
    spread = np.maximum.accumulate(ready + rng.uniform(0, 0.030, ready.size))
    np.testing.assert_array_equal(events(spread), spread)


def test_a_period_that_the_first_seconds_got_wrong_is_put_right():
    arrived, true_s = simulate("none", error=0.007, loss=0.05, seconds=70)
    count, periods = LiveCount(), []
    for number, item in enumerate(arrived):
        ready = count.take(item.arrival_ns * 1e-9, float(number))
        if ready is not None and not periods:
            count._model = count._model._replace(period_s=0.96 * count._model.period_s)
        if ready is not None:
            periods.append((true_s[number], ready[1]))
    after_a_minute = np.array([period for t, period in periods if t > 60])
    wrong = np.array([period for t, period in periods if t < 20])
    assert np.abs(wrong * RATE - 1.007).max() > 0.02, "or nothing was tested"
    np.testing.assert_allclose(after_a_minute * RATE, 1.007, atol=0.001)


@pytest.mark.parametrize("frames", [1, 3])
def test_losses_are_found_in_packets_of_several_frames_too(frames):
    arrived, true_s = simulate("none", loss=0.02, seconds=60, batch=frames)
    samples, _ = place(arrived, UNCOUNTED, origin_ns=0)
    assert np.percentile(np.abs(samples.time_s - true_s), 95) < 0.006 * frames
    assert np.median(np.abs(samples.time_s - true_s)) < 0.001


def beating(*, late_s, seconds=90.0, wrong_clock=False):
    """Return arrivals that are always late, and pings: packets and connection events keep step."""
    rng = np.random.default_rng(1)
    true_s = np.arange(0, seconds, 0.05)
    arrived = [Arrived(round((t + late_s) * 1e9), block(0, t + 500)) for t in true_s]
    asked = np.cumsum(rng.uniform(0.2, 0.6, int(2 * seconds)))
    asked = asked[asked < seconds]
    heard = asked + rng.uniform(0, 0.030, asked.size)
    device_ns = np.rint((heard + 500 + (7.0 if wrong_clock else 0.0)) * 1e9).astype(np.int64)
    replies = [
        TimeReply(round(a * 1e9), round((h + 0.03) * 1e9), int(d), 0)
        for a, h, d in zip(asked, heard, device_ns, strict=True)
    ]
    return arrived, replies, true_s


def test_pings_find_the_latency_that_arrivals_hide():
    arrived, replies, true_s = beating(late_s=0.020)
    without, _ = place(arrived, TIMED, origin_ns=0)
    assert np.median(without.time_s - true_s) == pytest.approx(0.020, abs=1e-3)
    held, _ = place(arrived, TIMED, origin_ns=0, replies=replies)
    assert np.abs(held.time_s - true_s).max() < 0.003
    clock, live, pings = LiveClock(TIMED, origin_ns=0), [], list(replies)
    for item in arrived:
        while pings and pings[0].answered_ns <= item.arrival_ns:
            clock.ping(pings.pop(0))
        live.append(clock.feed(item.block, item.arrival_ns).time_s[0])
    assert np.abs(np.array(live) - true_s)[true_s > 45].max() < 0.004


def test_pings_change_little_where_arrivals_are_in_time_and_nothing_where_another_clock_answers():
    for late_s, wrong_clock, most_s in ((0.0005, False, 0.001), (0.020, True, 0.0)):
        arrived, replies, _ = beating(late_s=late_s, wrong_clock=wrong_clock)
        alone, _ = place(arrived, TIMED, origin_ns=0)
        held, _ = place(arrived, TIMED, origin_ns=0, replies=replies)
        np.testing.assert_allclose(held.time_s, alone.time_s, rtol=0, atol=most_s)


@settings(max_examples=30, deadline=None)
@given(waits=st.lists(st.floats(0.0005, 0.030), min_size=10, max_size=60), late=st.floats(0.0, 0.030))
def test_the_line_runs_above_questions_and_below_arrivals(waits, late):
    x = np.linspace(0, 60, len(waits))
    asked = TimeRequests(x, 3.0 + 1.0001 * x - np.array(waits), np.full(len(waits), 0.045))
    heard = np.linspace(0, 60, 300)
    line = line_between(asked, heard, 3.0 + 1.0001 * heard + late, slopes=Slopes(0.9995, 1.0005))
    assert (line.at(x) - asked.y).min() > -1e-6
    assert (3.0 + 1.0001 * heard + late - line.at(heard)).min() > -1e-6
    assert 0.9995 <= line.slope <= 1.0005


def test_a_clock_off_by_200_ppm_is_settled_live_after_5_s_and_needs_no_20():
    for error in (200e-6, -200e-6):
        arrived, true_s = simulate("time", error=error, seconds=25)
        live_s, _, _ = run_live(arrived, TIMED)
        assert np.abs(live_s - true_s)[true_s > 5].max() < 0.0025


def test_few_points_do_not_tilt_the_line_and_many_do():
    rng = np.random.default_rng(0)
    x = np.arange(0, 300, 0.5)
    y = 1.0002 * x + rng.exponential(0.01, x.size)
    for seconds, drift_ppm in ((3, 0), (300, 200)):
        few = x < seconds
        line = likely_line(x[few], y[few], slopes=Slopes(0.9995, 1.0005))
        assert 1e6 * (line.slope - 1) == pytest.approx(drift_ppm, abs=60 if seconds == 3 else 5)
        assert (y - line.at(x))[few].min() == pytest.approx(0, abs=1e-9)


def test_counts_go_into_the_report_and_no_sample_is_invented():
    arrived, true_s = simulate("time", loss=0.1, batch=5)
    repeated = [Arrived(arrived[9].arrival_ns + 1, _flagged(arrived[9].block, Flag.DUPLICATE))]
    samples, report = place([*arrived[:10], *repeated, *arrived[10:]], TIMED, origin_ns=0)
    assert len(samples) == report.samples == len(true_s)
    assert report.duplicates == 5
    assert report.lost == sum(item.block.lost for item in arrived) > 0
    assert (samples.flags & Flag.GAP > 0).sum() == sum(item.block.lost > 0 for item in arrived)


def test_late_samples_are_put_back_with_hindsight_and_only_counted_live():
    arrived, true_s = simulate("time", seconds=30)
    late = Arrived(arrived[103].arrival_ns, _flagged(arrived[100].block, Flag.REORDERED))
    order = [*arrived[:100], *arrived[101:104], late, *arrived[104:]]
    samples, report = place(order, TIMED, origin_ns=0)
    assert len(samples) == report.samples == len(true_s)
    assert (np.diff(samples.time_s) > 0).all()
    assert np.flatnonzero(samples.flags & Flag.REORDERED).tolist() == [100]
    live_s, _, clock = run_live(order, TIMED)
    assert len(live_s) == len(true_s) - 1
    assert clock.report.reordered == 1


def _flagged(old, flag):
    return Decoded(old.acc, old.gyr, np.full(len(old), flag, np.uint16), index=old.index, device_ns=old.device_ns)


@pytest.mark.parametrize("hindsight", [True, False])
def test_a_reboot_starts_its_own_line_and_a_reconnect_does_not(hindsight):
    first, true_1 = simulate("time", error=200e-6, seconds=25, seed=1)
    again, true_2 = simulate("time", error=200e-6, seconds=45, seed=1)
    again = [item for item, t in zip(again, true_2, strict=True) if t > 35]
    true_2 = true_2[true_2 > 35]

    def in_epoch(items, epoch, shift_ns):
        return [
            Arrived(i.arrival_ns, block(0, i.block.device_ns[0] * 1e-9 + shift_ns * 1e-9, epoch=epoch)) for i in items
        ]

    true_s = np.concatenate((true_1, true_2))
    for shift_ns, resets in ((0, 0), (-400_000_000_000, 1)):
        order = first + in_epoch(again, 1, shift_ns)
        if hindsight:
            samples, report = place(order, TIMED, origin_ns=0)
            time_s, flags = samples.time_s, samples.flags
        else:
            time_s, flags, clock = run_live(order, TIMED)
            report = clock.report
        assert report.resets == resets
        assert np.flatnonzero(flags & Flag.RESET).tolist() == [len(true_1)] * resets
        error = np.abs(time_s - true_s)
        settled = (true_s > 10) & ~((true_s > 35) & (true_s < 38))
        assert np.percentile(error[settled], 95) < 0.005
        assert (np.diff(time_s) > 0).all()


def test_a_device_clock_that_jumps_is_noticed_although_the_epoch_is_the_same():
    arrived, true_s = simulate("time", seconds=40)
    jumped = [
        Arrived(i.arrival_ns, block(0, i.block.device_ns[0] * 1e-9 + (30.0 if t > 20 else 0.0)))
        for i, t in zip(arrived, true_s, strict=True)
    ]
    samples, report = place(jumped, TIMED, origin_ns=0)
    assert report.resets == 1
    assert np.abs(samples.time_s - true_s).max() < 0.03
    live_s, flags, clock = run_live(jumped, TIMED)
    assert clock.report.resets == 1
    assert (flags & Flag.RESET > 0).sum() == 1
    assert np.abs(live_s - true_s).max() < 0.05


@settings(max_examples=25, deadline=None)
@given(
    waits=st.lists(st.floats(0, 0.5), min_size=30, max_size=60),
    kind=st.sampled_from([TIMED, COUNTED, UNCOUNTED]),
    jumps=st.lists(st.floats(-100, 100), max_size=3),
)
def test_live_times_never_go_back(waits, kind, jumps):
    shift, arrived = 0.0, []
    arrival = np.maximum.accumulate(np.arange(len(waits)) / RATE + np.array(waits))
    for i, y in enumerate(arrival):
        if jumps and i % 17 == 16:
            shift += jumps[i % len(jumps)]
        device_s = 500 + i / RATE + shift if kind is TIMED else None
        arrived.append(Arrived(round(y * 1e9), block(i, device_s, epoch=i // 17)))
    time_s, _, _ = run_live(arrived, kind)
    assert (np.diff(time_s) > 0).all()
    batch, _ = place(arrived, kind, origin_ns=0)
    assert len(batch) == len(arrived)
    assert (np.diff(batch.time_s) >= 0).all()


@settings(max_examples=40, deadline=None)
@given(
    delays=st.lists(st.floats(0, 0.1), min_size=3, max_size=80),
    slope=st.floats(0.9996, 1.0004),
)
def test_the_line_lies_below_every_point_and_touches_one(delays, slope):
    x = np.arange(len(delays)) * 0.5
    y = 3.0 + slope * x + np.array(delays)
    line = lower_line(x, y, slopes=(0.9995, 1.0005))
    above = y - line.at(x)
    assert above.min() == pytest.approx(0, abs=1e-9)
    assert 0.9995 <= line.slope <= 1.0005
    for other in (0.9995, 1.0, 1.0005):  # no allowed slope fits better
        assert above.sum() <= (y - other * x - (y - other * x).min()).sum() + 1e-6


def turning(lag_s=0.0, *, scale=1.0, seconds=12.0, rate_hz=100.0):
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    moved = np.sin(2 * np.pi * 0.4 * (time_s - lag_s)) + 0.4 * np.sin(2 * np.pi * 1.1 * (time_s - lag_s))
    gyr = np.column_stack((0.1 * moved, scale * moved, np.zeros_like(moved)))
    return Samples(time_s, np.zeros_like(gyr), gyr)


@pytest.mark.parametrize("lag_s", [-0.080, -0.012, 0.0, 0.007, 0.033, 0.110])
def test_shared_rotation_tells_the_lag(lag_s):
    found = shared_rotation(turning(), turning(lag_s, scale=0.6, rate_hz=104.0))
    assert found.lag_s == pytest.approx(lag_s, abs=0.002)
    assert found.is_warning == (abs(lag_s) > 0.015)
    assert bool(found.message) == found.is_warning


@pytest.mark.parametrize("lag_s", [0.0, 0.001, 0.04])
def test_holes_do_not_shift_what_two_sensors_share(lag_s):
    """Each vanishes for seconds while the body goes on to turn."""

    def without(samples, *holes):
        kept = np.ones(len(samples), dtype=bool)
        for start, stop in holes:
            kept &= (samples.time_s < start) | (samples.time_s > stop)
        return Samples(samples.time_s[kept], samples.acc[kept], samples.gyr[kept])

    def bends(lag_s=0.0, *, scale=1.0, rate_hz=100.0):
        time_s = np.arange(int(40.0 * rate_hz)) / rate_hz
        down = sum(np.exp(-(((time_s - lag_s - at_s) / 0.5) ** 2)) for at_s in (6, 12, 18, 24, 30))
        up = sum(np.exp(-(((time_s - lag_s - at_s - 1.6) / 0.5) ** 2)) for at_s in (6, 12, 18, 24, 30))
        gyr = np.column_stack((0.1 * (down - up), 1.5 * scale * (down - up), np.zeros_like(down)))
        return Samples(time_s, np.zeros_like(gyr), gyr)

    first = without(bends(), (11.2, 13.1), (17.0, 18.4))
    second = without(bends(lag_s, scale=0.6, rate_hz=104.0), (24.3, 27.0))
    found = shared_rotation(first, second)
    assert found.lag_s == pytest.approx(lag_s, abs=0.0005)
    assert found.is_warning == (lag_s > 0.015)


def test_a_program_that_was_stopped_does_not_widen_what_the_links_leave():
    arrived, true_s = simulate("time", error=50e-6, loss=0.0, bursts=0.0, seconds=45)
    stopped_ns, gone_ns = arrived[0].arrival_ns + 20_000_000_000, 5_000_000_000
    held = [
        item._replace(arrival_ns=stopped_ns + gone_ns) if stopped_ns <= item.arrival_ns < stopped_ns + gone_ns else item
        for item in arrived
    ]
    samples, report = place(held, TIMED, origin_ns=0)
    assert np.percentile(np.abs(samples.time_s - true_s), 95) < 0.0025
    assert report.delay_s[1] > 1.0
    assert report.bound_s == pytest.approx(place(arrived, TIMED, origin_ns=0)[1].bound_s, abs=0.003)


def test_shared_rotation_says_when_it_cannot_tell():
    assert "too little time" in shared_rotation(turning(), turning(seconds=1.0)).message
    stationary = Samples(turning().time_s, turning().acc, 0.1 * turning().gyr)
    assert "moved too little" in shared_rotation(turning(), stationary).message
    noise = np.random.default_rng(0).normal(size=(1200, 3))
    other = shared_rotation(turning(), Samples(np.arange(1200) / 100, np.zeros((1200, 3)), noise))
    assert other.lag_s is None
    assert not other.is_warning
    assert "do not turn together" in other.message
