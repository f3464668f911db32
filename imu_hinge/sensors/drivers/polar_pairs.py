"""Decode a Polar sensor's two streams, acceleration and angular rate, and pair them into samples.

It does not read the bytes of a frame (`polar_frames`) or speak to the device (`polar`).

Acceleration and rate come in frames of their own: each acceleration is paired with the rate nearest in time, up to
three quarters of a period apart; what finds no partner is left out and counts as lost. Nothing is interpolated.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Final

import numpy as np

from imu_hinge.conventions import STANDARD_GRAVITY_MPS2, Flag
from imu_hinge.errors import PacketError
from imu_hinge.model import Array, Flags
from imu_hinge.sensors.device_counter import Stamp, Timeline, check_measurable, range_flags
from imu_hinge.sensors.drivers import polar_frames as pmd
from imu_hinge.sensors.protocol import Decoded, DeviceTimes, StreamSettings

LARGEST_ACC: Final = 16 * STANDARD_GRAVITY_MPS2  # no range is wider: more is a wrong factor
LARGEST_GYR: Final = math.radians(2000)  # the same
FIRST_REACH, REACH = 0.5, 0.75
"""How far apart two samples may be and still be a pair, at first and once paired [period]."""


class Stream:
    """Follow the frames of one measurement and hold the samples that wait for their partner."""

    def __init__(self, rate_hz: float, factor: float | None) -> None:
        self.line = Timeline(bits=64, tick_s=1e-9, rate_hz=rate_hz)
        self.factor = factor
        self.waiting: deque[tuple[int, Array, int]] = deque()
        self._last_ns: int | None = None

    def resume(self) -> None:
        """Go on after the link was lost."""
        self.line.resume(restarted=False)
        self.waiting.clear()

    def take(self, time_ns: int, values: Array, flags: Flags) -> Stamp:
        """Queue a frame's samples with their times, unless they came before.

        Parameters
        ----------
        time_ns
            The device's, of the last sample.
        values : (n, 3)
            In the stream's SI unit.
        flags : (n,)
        """
        n = len(values)
        stamp = self.line.place(time_ns, n)
        if stamp.is_old:
            return stamp
        if stamp.begins:
            self.waiting.clear()
        goes_on = self._last_ns is not None and not stamp.begins and stamp.lost == 0
        previous = self._last_ns if goes_on else None
        times = pmd.sample_times_ns(stamp.tick, n, previous_ns=previous, period_ns=stamp.period_ticks)
        self._last_ns = stamp.tick
        self.waiting.extend(zip(times.tolist(), values, flags.tolist(), strict=True))
        return stamp


class Decoder:
    """Decode both measurements and pair them."""

    def __init__(self, settings: StreamSettings) -> None:
        details = settings.details
        self._period_ns = 1e9 / settings.rate_hz
        # the widest, where none was named; so below
        self._acc_range = (settings.acc_range_g or 16.0) * STANDARD_GRAVITY_MPS2
        self._gyr_range = math.radians(settings.gyr_range_dps or 2000.0)  # as above
        self._acc = Stream(settings.rate_hz, _factor(details, "acc_factor"))
        self._gyr = Stream(settings.rate_hz, _factor(details, "gyr_factor"))
        self._index = 0
        self._last: int | None = None
        self._epoch = 0
        self._reach = FIRST_REACH

    def resume(self, settings: StreamSettings) -> None:
        """Go on after the link was lost."""
        self._acc.resume()
        self._gyr.resume()
        self._reach = FIRST_REACH

    def feed(self, characteristic: str, payload: bytes) -> list[Decoded]:
        """Decode one notification of data or control point; the latter gives nothing but the scale factor."""
        if characteristic == pmd.CONTROL:
            self._learn_factor(payload)
            return []
        if characteristic != pmd.DATA:
            return []
        frame = pmd.parse_frame(payload)
        if frame.type not in (pmd.ACC, pmd.GYRO):
            return []
        stream = self._acc if frame.type == pmd.ACC else self._gyr
        frame = frame._replace(time_ns=frame.time_ns % pmd.WRAP_NS)
        if frame.is_compressed and stream.factor is None:
            raise PacketError(
                f"A frame of {pmd.NAMES[frame.type]} came before its scale factor. Stop the stream and start it again.",
                payload,
                characteristic=pmd.DATA,
            )
        try:
            values = pmd.read_samples(frame, factor=1.0 if stream.factor is None else stream.factor)
        except PacketError as problem:
            raise PacketError(
                str(problem), payload, offset=pmd.HEADER + problem.offset, characteristic=pmd.DATA
            ) from problem
        return self._accept(frame, values, payload)

    def _learn_factor(self, payload: bytes) -> None:
        if not payload or payload[0] != pmd.RESPONSE:
            return
        answer = pmd.parse_response(payload)
        if answer.op == pmd.START and answer.status == 0 and answer.type in (pmd.ACC, pmd.GYRO):
            factor = pmd.parse_settings(answer.parameters, is_whole=False).get(pmd.FACTOR, (1.0,))[0]
            (self._acc if answer.type == pmd.ACC else self._gyr).factor = factor

    def _accept(self, frame: pmd.Frame, values: Array, payload: bytes) -> list[Decoded]:
        packet = (payload, pmd.HEADER, pmd.DATA)
        if frame.type == pmd.ACC:
            check_measurable(values, full_scale=LARGEST_ACC, what="an acceleration [m/s²] of", packet=packet)
            stamp = self._acc.take(frame.time_ns, values, range_flags(values, full_scale=self._acc_range))
        else:
            values = np.radians(values)
            check_measurable(values, full_scale=LARGEST_GYR, what="a rate [rad/s] of", packet=packet)
            stamp = self._gyr.take(frame.time_ns, values, range_flags(values, full_scale=self._gyr_range))
        if stamp.flag & Flag.DUPLICATE and frame.type == pmd.ACC:
            flags = np.full(len(values), Flag.DUPLICATE | Flag.SUSPECT, dtype=np.uint16)
            times = pmd.sample_times_ns(stamp.tick, len(values), previous_ns=None, period_ns=stamp.period_ticks)
            none = np.zeros_like(values)  # a repeat is only counted: nothing reads its rate
            return [Decoded(values, none, flags, index=self._index, device_ns=times, epoch=self._epoch)]
        return self._emit(self._pair())

    def _pair(self) -> list[tuple[int, Array, Array, int]]:
        """Take pairs off the two queues: time [ns], acceleration (3,), rate (3,), flags."""
        pairs = []
        acc, gyr = self._acc.waiting, self._gyr.waiting
        while acc and gyr:
            apart = acc[0][0] - gyr[0][0]
            if abs(apart) <= self._reach * self._period_ns:
                (time_ns, acc_row, acc_flag), (_, gyr_row, gyr_flag) = acc.popleft(), gyr.popleft()
                pairs.append((time_ns, acc_row, gyr_row, acc_flag | gyr_flag))
                self._reach = REACH
            elif apart < 0:
                acc.popleft()
            else:
                gyr.popleft()
        return pairs

    def _emit(self, pairs: list[tuple[int, Array, Array, int]]) -> list[Decoded]:
        """Cut pairs into blocks at every gap."""
        blocks: list[Decoded] = []
        start = 0
        for i, pair in enumerate(pairs):
            before = pairs[i - 1][0] if i else self._last
            # half a period more is one lost, at least
            if i > start and before is not None and pair[0] - before > 1.5 * self._period_ns:
                blocks.append(self._block(pairs[start:i]))
                start = i
        if pairs:
            blocks.append(self._block(pairs[start:]))
        return blocks

    def _block(self, pairs: list[tuple[int, Array, Array, int]]) -> Decoded:
        times: DeviceTimes = np.array([pair[0] for pair in pairs], dtype=np.int64)
        flags = np.array([pair[3] for pair in pairs], dtype=np.uint16)
        epoch = self._acc.line.epoch + self._gyr.line.epoch
        lost: int | None = 0
        if self._last is not None:
            missing = round((int(times[0]) - self._last) / self._period_ns) - 1
            if epoch != self._epoch:
                # a minute: a longer hole is a clock that was set (chosen)
                is_near = 0 < missing * self._period_ns < 60e9
                lost = missing if is_near else None
                flags[0] |= np.uint16(Flag.GAP if is_near else Flag.GAP | Flag.RESET)
                self._index = 0
            elif missing > 0:
                lost = missing
                flags[0] |= np.uint16(Flag.GAP)
                self._index += missing
        self._epoch, self._last = epoch, int(times[-1])
        index, self._index = self._index, self._index + len(pairs)
        acc, gyr = np.array([pair[1] for pair in pairs]), np.array([pair[2] for pair in pairs])
        return Decoded(acc, gyr, flags, index=index, device_ns=times, lost=lost, epoch=epoch)


def _factor(details: Mapping[str, int | float | str], name: str) -> float | None:
    return float(details[name]) if name in details else None
