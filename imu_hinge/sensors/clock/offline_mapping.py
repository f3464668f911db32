"""Put a whole recording's samples on the host's timeline, with the benefit of hindsight.

It does not move samples to an even grid, fill gaps or shift one sensor against another; `live_mapping` says how it
works and does the same while the samples come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.conventions import Flag
from imu_hinge.model import Array, Flags, Samples
from imu_hinge.sensors.clock.envelope_fit import Line, Slopes, likely_line
from imu_hinge.sensors.clock.live_mapping import (
    EARLIEST_S,
    LATEST_S,
    NS,
    RESUMED_LATEST_S,
    Arrived,
    ClockReport,
    Counters,
    device_seconds,
)
from imu_hinge.sensors.clock.lost_frames import (
    FIRST_S,
    LEAST_FRAMES,
    PeriodicArrivals,
    bounds,
    events,
    found_in,
    frames_per_arrival,
    refine,
)
from imu_hinge.sensors.clock.lost_frames import WINDOW_S as COUNT_WINDOW_S
from imu_hinge.sensors.clock.round_trip import FEWEST, TimeRequests, line_between
from imu_hinge.sensors.protocol import StreamSettings
from imu_hinge.sensors.time_requests import TimeReply

WINDOW_S: Final = 300.0
"""A clock is taken for straight over this long: its crystal wanders by a few ppm as it warms on the skin."""
KNOT_S: Final = 60.0
"""Chosen: five times in such a stretch the line is fitted, and times go straight between."""


def place(
    arrived: Iterable[Arrived], settings: StreamSettings, *, origin_ns: int, replies: Sequence[TimeReply] = ()
) -> tuple[Samples, ClockReport]:
    """Place a whole recording of one sensor.

    Parameters
    ----------
    arrived
        All blocks in the order of arrival.
    settings
        As for `LiveClock`.
    origin_ns
        Host time that becomes zero; the same for all sensors of a session.
    replies
        Answered pings in the order of arrival.

    Returns
    -------
    (Samples, ClockReport)
        Samples in the order of time: late ones are put back, repeated ones left out.
    """
    counts = Counters()
    fresh: list[Arrived] = []
    for item in arrived:
        counts.take(item.block)
        if len(item.block) and not item.block.flags[0] & Flag.DUPLICATE:
            fresh.append(item)
    parts, drift = [], 0.0
    for number, segment in enumerate(_segments(fresh, settings, origin_ns)):
        part, drift = _place_segment(segment, settings, origin_ns, counts, _during(segment, replies))
        if number:
            counts.resets += 1
            part[3][0] |= np.uint16(Flag.RESET)
        parts.append(part)
    counts.samples += counts.reordered
    if not parts:
        return Samples(np.empty(0), np.empty((0, 3)), np.empty((0, 3))), counts.report(drift)
    time_s, acc, gyr, flags = (np.concatenate([part[i] for part in parts]) for i in range(4))
    time_s = np.maximum.accumulate(time_s)
    counts.first_s, counts.last_s = float(time_s[0]), float(time_s[-1])
    return Samples(time_s, acc, gyr, flags), counts.report(drift)


def _segments(fresh: Sequence[Arrived], settings: StreamSettings, origin_ns: int) -> list[list[Arrived]]:
    """Cut where the device's clock began again; a reconnect alone does not cut a clock that ran on."""
    segments: list[list[Arrived]] = []
    drift = settings.max_drift
    offset, epoch = 0.0, -1
    for item in fresh:
        x = float(device_seconds(item.block, settings.rate_hz)[-1])
        late = (item.arrival_ns - origin_ns) * NS - x - offset
        has_time = item.block.device_ns is not None
        reach = EARLIEST_S + drift * WINDOW_S
        is_new = not segments or (item.block.epoch != epoch and not (has_time and -reach <= late <= RESUMED_LATEST_S))
        is_new = is_new or (has_time and abs(late) > LATEST_S)
        if is_new:
            segments.append([])
            offset += late
        elif has_time:
            offset += min(late, 0.0) if late < 0 else 0.01 * late
        epoch = item.block.epoch
        segments[-1].append(item)
    return segments


def _during(segment: Sequence[Arrived], replies: Sequence[TimeReply]) -> list[TimeReply]:
    """Return the pings asked while a segment's notifications came."""
    return [reply for reply in replies if segment[0].arrival_ns <= reply.asked_ns <= segment[-1].arrival_ns]


_Part = tuple[Array, Array, Array, Flags]


def _place_segment(
    segment: Sequence[Arrived], settings: StreamSettings, origin_ns: int, counts: Counters, replies: Sequence[TimeReply]
) -> tuple[_Part, float]:
    """Place what one run of the device's clock covers; returns time, acc, gyr, flags and the drift."""
    per_block = [device_seconds(item.block, settings.rate_hz) for item in segment]
    x = np.concatenate(per_block)
    acc = np.concatenate([item.block.acc for item in segment])
    gyr = np.concatenate([item.block.gyr for item in segment])
    flags = np.concatenate([item.block.flags for item in segment])
    x_new = np.array([part[-1] for part in per_block])
    y_new = np.array([(item.arrival_ns - origin_ns) * NS for item in segment])
    order = np.argsort(x, kind="stable")
    x, acc, gyr, flags = x[order], acc[order], gyr[order], flags[order]
    in_order = np.argsort(x_new, kind="stable")
    x_new, y_new = x_new[in_order], y_new[in_order]
    if settings.tells_loss:
        time_s, drift = _along_line(x, x_new, y_new, settings, _Pings(replies, origin_ns))
    else:
        time_s, drift = _along_count(x, x_new, y_new, settings, flags, counts)
    counts.delays.extend((y_new - np.interp(x_new, x, time_s)).tolist())
    return (time_s, acc, gyr, flags), drift


class _Pings(NamedTuple):
    """Hold the pings of a segment and the host time that becomes zero."""

    replies: Sequence[TimeReply]
    origin_ns: int

    def line(self, x: Array, y: Array, *, slopes: Slopes) -> Line:
        """Return the line below arrivals, and above the questions asked while they came."""
        line = likely_line(x, y, slopes=slopes)
        during = [e for e in self.replies if y[0] <= (e.asked_ns - self.origin_ns) * NS <= y[-1]]
        asked = TimeRequests.near(line, during, origin_ns=self.origin_ns)
        return line_between(asked, x, y, slopes=slopes) if len(asked.x) >= FEWEST else line


def _along_line(x: Array, x_new: Array, y_new: Array, settings: StreamSettings, pings: _Pings) -> tuple[Array, float]:
    """Return the times (n,) [s] of samples with device time or count, and the drift."""
    slopes = Slopes(1 - settings.max_drift, 1 + settings.max_drift)
    whole = pings.line(x_new, y_new, slopes=slopes)
    if x_new[-1] - x_new[0] <= WINDOW_S:
        return whole.at(x), whole.slope - 1.0
    knots = np.arange(x_new[0], x_new[-1] + KNOT_S, KNOT_S)
    heights = []
    for knot in knots:
        near = np.abs(x_new - knot) <= WINDOW_S / 2
        heights.append(
            pings.line(x_new[near], y_new[near], slopes=slopes).at_one(float(knot)) if near.any() else np.nan
        )
    is_held = np.isfinite(heights)
    # between knots the clock's wander is straight; far from any notification the whole recording's line holds
    bend = np.interp(x, knots[is_held], np.asarray(heights)[is_held] - whole.at(knots[is_held]))
    return whole.at(x) + bend, whole.slope - 1.0


def _along_count(
    x: Array, x_new: Array, y_new: Array, settings: StreamSettings, flags: Flags, counts: Counters
) -> tuple[Array, float]:
    """Return the times (n,) [s] of samples that nothing counts, and the drift; flags GAP where frames are missing."""
    if len(x_new) < LEAST_FRAMES or y_new[-1] - y_new[0] < FIRST_S:
        return _along_line(x, x_new, y_new, settings, _Pings((), 0))
    ready, is_gap, period = _ready_times(y_new, x_new * settings.rate_hz)
    slope = period * settings.rate_hz
    gaps = np.flatnonzero(is_gap)
    counts.jumps += len(gaps)
    at = np.searchsorted(x, x_new[gaps - 1], side="right")
    flags[at[at < len(flags)]] |= np.uint16(Flag.GAP)
    of_sample = np.searchsorted(x_new, x, side="left").clip(max=len(x_new) - 1)
    return ready[of_sample] + slope * (x - x_new[of_sample]), slope - 1.0


def _ready_times(y: Array, i: Array) -> tuple[Array, npt.NDArray[np.bool_], float]:
    """Return when each received frame was ready, where frames were lost, and the period.

    Parameters
    ----------
    y, i : (n,)
        As for `search`; at least `LEAST_FRAMES`, and not descending.

    Returns
    -------
    (ready, is_gap, period)
        (n,) [s]; (n,) true where frames are missing just before; mean period per frame [s].

    Notes
    -----
    A period is constant over `COUNT_WINDOW_S` only; stretches overlap by half and are faded into each other.
    """
    frames = frames_per_arrival(i)
    y, i = events(y), i / frames
    ready, weight, nearest = np.zeros_like(y), np.zeros_like(y), np.zeros_like(y)
    is_gap = np.zeros(len(y), dtype=np.bool_)
    model: PeriodicArrivals | None = None
    periods = []
    for part in _stretches(y):
        here, number = y[part], i[part] - i[part.start]
        model = found_in(here, number) if model is None else refine(here, number, model)
        least, most = bounds(here, number, model)
        edge = (here - here[0]) / (here[-1] - here[0])
        fade = np.minimum(edge, 1 - edge) + 1e-3
        ready[part] += fade * model.at(number + 0.5 * (least + most))
        weight[part] += fade
        lost = np.ceil(0.5 * (least + most))
        is_nearest = fade > nearest[part]
        is_gap[part] = np.where(is_nearest, np.diff(lost, prepend=lost[0]) > 0, is_gap[part])
        nearest[part] = np.maximum(fade, nearest[part])
        periods.append(model.period_s)
    return ready / weight, is_gap, float(np.mean(periods)) / frames


def _stretches(y: Array) -> Iterator[slice]:
    """Yield overlapping parts of about `COUNT_WINDOW_S`, the last up to the end."""
    begin = float(y[0])
    while True:
        start, stop = (int(k) for k in np.searchsorted(y, (begin, begin + COUNT_WINDOW_S)))
        if begin + 1.5 * COUNT_WINDOW_S > y[-1]:  # a last window of half a length is joined to the one before
            yield slice(start, len(y))
            return
        if stop - start >= LEAST_FRAMES:
            yield slice(start, stop)
        begin += COUNT_WINDOW_S / 2
