"""Put a sensor's samples on the host's timeline while they come, each block at once.

It does not move samples to an even grid, fill gaps or shift one sensor against another. `offline_mapping` does the same
better once everything is there, `cross_check` verifies two sensors against each other.

Host time is the lower envelope of arrival against device time (`envelope_fit`). Where a device sends no time, its
sample count takes the place; where it does not even count, `lost_frames` finds what is missing, flagged GAP. What no
envelope can see is the least latency: it is common to two sensors with the same connection interval, and bounded by one
interval otherwise, unless the device answers pings (`round_trip`). `ClockReport.bound_s` states that bound.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from imu_hinge.conventions import Flag
from imu_hinge.model import Array, Flags, Samples
from imu_hinge.sensors.clock.envelope_fit import Line, RunningLine, Slopes
from imu_hinge.sensors.clock.lost_frames_live import LiveCount
from imu_hinge.sensors.clock.round_trip import RunningPings
from imu_hinge.sensors.protocol import Decoded, StreamSettings
from imu_hinge.sensors.time_requests import TimeReply

LIVE_WINDOW_S: Final = 300.0
"""Long, so that the phase between packets and connection events has time to sweep [s]."""
LIVE_LEVEL_S: Final = 0.2
"""Where nothing is counted, the level is that of the earliest arrival within this; chosen [s]."""
JUMP: Final = 0.6
"""Where nothing is counted, a jump of the delay of this many periods is taken for loss."""
SLEW: Final = 0.02
"""Live corrections are paid off at this rate [s/s]."""
EARLY_SLEW: Final = 0.1  # [s/s]
SETTLING_S: Final = 5.0
"""The same while a line is younger than this, and its first arrivals may have been late [s/s] [s]."""
ROUGH_SLEW: Final = 0.25
"""The same for devices that count nothing, whose level moves with every loss [s/s]."""
FAST_SLEW: Final = 0.5
"""The same for a correction that is not small: half as fast as time itself goes, so times still increase [s/s]."""
SMALL_CORRECTION_S: Final = 0.1
"""Chosen: larger ones are paid off faster, or at once where they go forward [s]."""
LEAST_STEP_S: Final = 1e-6
"""Host times grow by at least this from sample to sample, whatever the device's do [s]."""
HELD_UP_S: Final = 0.25
"""Chosen: no sensor that streams has so long a connection interval; what comes later waited in this computer [s]."""
LATEST_S: Final = 5.0
"""A notification later than this after the line says that the device's clock was set [s]."""
RESUMED_LATEST_S: Final = 1.0  # in a new epoch, where a new clock is likelier
EARLIEST_S: Final = 0.05
"""A notification earlier than this before the line says so too [s]."""
NS: Final = 1e-9
"""Seconds of a nanosecond."""


class Arrived(NamedTuple):
    """Hold one decoded block and when its notification arrived on the host's monotonic clock [ns]."""

    arrival_ns: int
    block: Decoded


@dataclass(frozen=True, slots=True)
class ClockReport:
    """Hold what was found out about one sensor's clock and link.

    Parameters
    ----------
    samples
        Samples placed.
    lost
        Samples known to be missing.
    jumps
        Places where loss shows but cannot be counted, on devices that count nothing.
    duplicates, reordered, resets
        Samples delivered again; samples that came late; restarts of the device's clock.
    rate_hz
        Delivered over the whole, losses included; NaN below two samples.
    drift
        The device's clock (or nominal rate) against the host's, as a fraction; positive is slow.
    delay_s
        Median, 95th and 99th percentile of the delay above the envelope [s].
    bound_s
        Within this the sensor is placed against another one: the delay's 95th percentile, about one connection
        interval, as the least latency is not known; arrivals that the program or the system held up are left out [s].
    """

    samples: int
    lost: int
    jumps: int
    duplicates: int
    reordered: int
    resets: int
    rate_hz: float
    drift: float
    delay_s: tuple[float, float, float]
    bound_s: float


@dataclass(slots=True)
class Counters:
    """Count what happened to one sensor's samples.

    Parameters
    ----------
    samples
        Placed.
    lost
        Known to be missing.
    jumps
        Places where loss shows but cannot be counted.
    duplicates, reordered, resets
        By `conventions.Flag`.
    first_s, last_s
        Times of the first and the last sample placed.
    delays
        How late arrivals were [s], the newest of them.
    """

    samples: int = 0
    lost: int = 0
    jumps: int = 0
    duplicates: int = 0
    reordered: int = 0
    resets: int = 0
    first_s: float = np.nan
    last_s: float = np.nan
    delays: deque[float] = field(default_factory=lambda: deque(maxlen=100_000))

    def take(self, block: Decoded) -> None:
        """Count what a block says of itself."""
        if is_old(block):
            if block.flags[0] & Flag.DUPLICATE:
                self.duplicates += len(block)
            else:
                self.reordered += len(block)
            return
        self.samples += len(block)
        self.lost += block.lost or 0

    def report(self, drift: float) -> ClockReport:
        """Sum up."""
        span = self.last_s - self.first_s
        rate = (self.samples - 1) / span if self.samples > 1 and span > 0 else float("nan")
        spread = np.percentile(self.delays, (50, 95, 99)) if self.delays else np.full(3, np.nan)
        p50, p95, p99 = (float(value) for value in spread)
        in_time = [delay for delay in self.delays if delay < HELD_UP_S]
        return ClockReport(
            self.samples,
            self.lost,
            self.jumps,
            self.duplicates,
            self.reordered,
            self.resets,
            rate_hz=rate,
            drift=drift,
            delay_s=(p50, p95, p99),
            bound_s=float(np.percentile(in_time, 95)) if in_time else p95,
        )


OLD: Final = int(Flag.DUPLICATE | Flag.REORDERED)
"""As a plain number: an IntFlag costs 25 µs, twice per notification."""


def is_old(block: Decoded) -> bool:
    """Tell whether a block repeats or precedes what came before it."""
    return bool(len(block)) and int(block.flags[0]) & OLD != 0


def device_seconds(block: Decoded, rate_hz: float) -> Array:
    """Return the device's time of each sample, or its count at the nominal period. (n,) [s]."""
    if block.device_ns is not None:
        return block.device_ns.astype(np.float64) * NS
    index: Array = block.index + np.arange(len(block), dtype=np.float64)
    return index / rate_hz


class LiveClock:
    """Give each block its host times at once.

    Times of one sensor never go back. Corrections of the line are paid off at 2 % of the time that passes, so that an
    integral over a rep does not notice them. Late (reordered) samples cannot be put back and are only counted.

    Parameters
    ----------
    settings
        The stream's; nominal rate and how far its clock can be off.
    origin_ns
        Host time that becomes zero; the same for all sensors of a session.
    """

    def __init__(self, settings: StreamSettings, *, origin_ns: int) -> None:
        self._settings = settings
        self._origin_ns = origin_ns
        self._counts = Counters()
        self._slope = 1.0
        self._line: RunningLine | None = None
        self._recent: deque[tuple[float, float]] = deque()
        self._count = LiveCount()
        self._pings = RunningPings(origin_ns=origin_ns)
        self._by_pings: Line | None = None
        self._epoch = -1
        self._begun_s = 0.0  # host time of the line's first sample
        self._last = (0.0, -np.inf)  # device and host time of the last sample given out

    def feed(self, block: Decoded, arrival_ns: int) -> Samples:
        """Place one block; what was delivered before gives empty samples.

        Parameters
        ----------
        block
            From the decoder, in the order of arrival.
        arrival_ns
            Host's monotonic clock in the notification's callback.
        """
        self._counts.take(block)
        if is_old(block) or not len(block):
            return Samples(np.empty(0), np.empty((0, 3)), np.empty((0, 3)))
        x = device_seconds(block, self._settings.rate_hz)
        newest, y = float(x[-1]), (arrival_ns - self._origin_ns) * NS
        flags = block.flags.copy()
        if self._line is None or self._is_other_clock(block, newest, y):
            self._begin(block, flags)
        self._epoch = block.epoch
        assert self._line is not None
        line = self._track(newest, y, flags)
        self._counts.delays.append(y - line.at_one(newest))
        time_s = self._smooth(x, line)
        if np.isnan(self._counts.first_s):
            self._counts.first_s = float(time_s[0])
        self._counts.last_s = float(time_s[-1])
        return Samples(time_s, block.acc, block.gyr, flags)

    def ping(self, reply: TimeReply) -> None:
        """Take one answered ping, in the order of arrival among the blocks."""
        self._pings.add(reply)
        if self._line is not None:
            self._by_pings = self._pings.line(self._line)

    @property
    def report(self) -> ClockReport:
        """What is known now."""
        return self._counts.report(self._slope - 1.0)

    def _begin(self, block: Decoded, flags: Flags) -> None:
        """Start a line of its own."""
        if self._line is not None:
            self._counts.resets += 1
            flags[0] |= np.uint16(Flag.RESET)
        drift = self._settings.max_drift
        slopes = Slopes(1 - drift, 1 + drift, expected=self._slope)
        self._line = RunningLine(window_s=LIVE_WINDOW_S, slopes=slopes)
        self._recent.clear()
        self._count, self._by_pings = LiveCount(), None
        self._last = (-np.inf, self._last[1])

    def _is_other_clock(self, block: Decoded, x: float, y: float) -> bool:
        """Tell whether the device's clock cannot be the one the line was fitted to."""
        assert self._line is not None
        late = y - self._line.line.at_one(x)
        if block.epoch != self._epoch:
            return block.device_ns is None or not -EARLIEST_S <= late <= RESUMED_LATEST_S
        return self._settings.tells_loss and not -LATEST_S <= late <= LATEST_S

    def _track(self, x: float, y: float, flags: Flags) -> Line:
        """Take one point into the line; where nothing is counted, into the count, which may flag GAP."""
        assert self._line is not None
        line = self._line.add(x, y)
        self._slope = line.slope
        if self._settings.tells_loss:
            return line if self._by_pings is None else self._by_pings
        ready = self._count.take(y, x * self._settings.rate_hz)
        if ready is not None:
            if self._count.is_gap:
                self._counts.jumps += 1
                flags[0] |= np.uint16(Flag.GAP)
            self._slope = ready[1] * self._settings.rate_hz
            return Line(x, ready[0], self._slope)
        slope = line.slope
        self._recent.append((x, y))
        while self._recent[0][1] < y - LIVE_LEVEL_S:
            self._recent.popleft()
        return Line(x, min(ry + slope * (x - rx) for rx, ry in self._recent), slope)

    def _smooth(self, x: Array, line: Line) -> Array:
        """Return the line's times, led over from where the last sample was put. (n,) [s]."""
        target = line.at(x)
        last_x, last_s = self._last
        is_first = last_x == -np.inf
        if is_first:
            last_x, self._begun_s = float(x[0]) - 1 / self._settings.rate_hz, float(target[0])
        error = last_s - line.at_one(last_x)
        if is_first:
            error = max(error, 0.0)  # a new line may begin at once, unless it lies before what was given out
        is_small = abs(error) <= SMALL_CORRECTION_S
        if error < 0 and (not is_small or (not self._settings.tells_loss and -error > JUMP / self._settings.rate_hz)):
            error = 0.0  # samples are missing: forward at once
        slew = self._slew(float(target[0])) if is_small else FAST_SLEW
        time_s = target
        if error:
            left = np.maximum(0.0, abs(error) - slew * (x - last_x))
            time_s = target + left if error > 0 else target - left
        if time_s[0] < last_s + LEAST_STEP_S * len(x):  # device times may overlap, host times never do
            time_s = np.maximum(time_s, last_s + LEAST_STEP_S * np.arange(1, len(x) + 1))
        self._last = (float(x[-1]), float(time_s[-1]))
        return time_s

    def _slew(self, now_s: float) -> float:
        """Return how quickly a small correction is paid off [s/s]."""
        if not self._settings.tells_loss:
            return ROUGH_SLEW
        return EARLY_SLEW if now_s < self._begun_s + SETTLING_S else SLEW
