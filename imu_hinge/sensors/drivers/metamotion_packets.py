"""Decode the notifications of a MetaMotion.

Nothing here talks to the board; that is `metamotion`.

Layouts: mbientlab/MetaWear-SDK-Cpp, test/test_accelerometer_bmi160.py, test_gyro_bmi160.py, test_dataprocessor.py.
"""

from __future__ import annotations

import math
import struct
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.conventions import STANDARD_GRAVITY_MPS2, Flag
from imu_hinge.errors import PacketError
from imu_hinge.model import Array
from imu_hinge.sensors.device_counter import Assembler, Timeline, clip_flags
from imu_hinge.sensors.protocol import Decoded, StreamSettings

NOTIFY: Final = "326a9006-85cb-9195-d9dd-464cfbbae75a"
ACC, PROCESSOR, GYRO, PROCESSED = 0x03, 0x09, 0x13, 0x03  # as in `metamotion`
ACC_PACKED: Final = {"bmi160": 0x1C, "bmi270": 0x05}  # register of three samples in one packet, by chip
GYRO_PACKED: Final = {"bmi160": 0x07, "bmi270": 0x05}  # the same of the gyroscope
COUNTS_PER_G_AT_2G: Final = 16384  # Bosch's data sheets of both chips
COUNTS_PER_DPS_AT_2000: Final = 16.4  # the same
ACCOUNTER_TICK_S: Final = 48 / 32768  # 48 ticks of the board's 32768 Hz clock
FUSED: Final = 19  # [byte]: 7 before the data, 12 of data
PACKED: Final = 20  # [byte]: 2 before the data, three samples of 6

Counts = npt.NDArray[np.int16]


class Accounted(NamedTuple):
    """Hold an accounter's packet.

    Parameters
    ----------
    processor
        Its number.
    counter
        Count or time tick.
    data
        What is behind it.
    """

    processor: int
    counter: int
    data: bytes


def parse_accounted(payload: bytes) -> Accounted:
    """Split a data processor's notification that begins with a 32-bit count or tick."""
    if len(payload) < 7 or payload[:2] != bytes((PROCESSOR, PROCESSED)):
        raise PacketError("This is no packet of an accounter.", payload, characteristic=NOTIFY)
    (counter,) = struct.unpack_from("<I", payload, 3)
    return Accounted(payload[2], counter, bytes(payload[7:]))


def parse_counts(data: bytes) -> Counts:
    """Return rows of xyz counts. (n, 3)."""
    if not data or len(data) % 6:
        raise PacketError(f"{len(data)} bytes are no multiple of three 16-bit values.", data, characteristic=NOTIFY)
    return np.frombuffer(data, dtype="<i2").reshape(-1, 3)


def acc_scale(range_g: float) -> float:
    """Return m/s² per count."""
    return STANDARD_GRAVITY_MPS2 * range_g / 2 / COUNTS_PER_G_AT_2G


def gyr_scale(range_dps: float) -> float:
    """Return rad/s per count."""
    return math.radians(1) * range_dps / 2000 / COUNTS_PER_DPS_AT_2000


class Decoder:
    """Decode fused and counted packets, or packed ones of both sensors."""

    def __init__(self, settings: StreamSettings) -> None:
        self._adopt(settings)
        self._line = Timeline(bits=32, tick_s=1 / settings.rate_hz, rate_hz=settings.rate_hz)
        self._assembler = Assembler()
        self._waiting: dict[int, Counts] = {}
        self._next = 0
        self._epoch = 0
        self._pending = Flag.OK

    def _adopt(self, settings: StreamSettings) -> None:
        if settings.acc_range_g is None or settings.gyr_range_dps is None:
            raise ValueError("MetaMotion settings must name both ranges")
        self._acc_scale = acc_scale(settings.acc_range_g)
        self._gyr_scale = gyr_scale(settings.gyr_range_dps)
        self._scales: Array = np.repeat([self._acc_scale, self._gyr_scale], 3)
        self._counter = int(settings.details.get("counter", -1))
        chip = str(settings.details.get("chip", "bmi160"))
        self._packed = {bytes((ACC, ACC_PACKED[chip])): ACC, bytes((GYRO, GYRO_PACKED[chip])): GYRO}

    def resume(self, settings: StreamSettings) -> None:
        """Go on after the link was lost; the count begins anew."""
        self._adopt(settings)
        self._line.resume(restarted=True)
        self._waiting.clear()
        self._pending |= Flag.GAP
        self._epoch += 1
        self._next = 0

    def feed(self, characteristic: str, payload: bytes) -> list[Decoded]:
        """Decode one notification; answers to commands give nothing."""
        if characteristic != NOTIFY:
            return []
        if len(payload) < 3:
            raise PacketError("The packet is too short to hold anything.", payload, characteristic=NOTIFY)
        head = bytes(payload[:2])
        if self._counter >= 0:
            is_ours = head == bytes((PROCESSOR, PROCESSED)) and payload[2] == self._counter
            return [self._fused(payload)] if is_ours else []
        return self._pair(self._packed[head], payload) if head in self._packed else []

    def _fused(self, payload: bytes) -> Decoded:
        if len(payload) != FUSED:
            raise PacketError(
                f"A fused packet has {FUSED} bytes, {len(payload)} came.",
                payload,
                offset=min(len(payload), FUSED),
                characteristic=NOTIFY,
            )
        packet = parse_accounted(payload)
        counts = np.frombuffer(packet.data, dtype="<i2").reshape(1, 6)
        values = counts * self._scales
        stamp = self._line.place(packet.counter, 1, period_ticks=1.0)
        return self._assembler.block(stamp, values[:, :3], values[:, 3:], flags=clip_flags(counts))

    def _pair(self, sensor: int, payload: bytes) -> list[Decoded]:
        """Pair packed packets in order of arrival; two of one sensor in a row mean that one of the other is missing."""
        if len(payload) != PACKED:
            raise PacketError(
                f"A packed packet has {PACKED} bytes, {len(payload)} came.",
                payload,
                offset=min(len(payload), PACKED),
                characteristic=NOTIFY,
            )
        if sensor in self._waiting:
            self._pending |= Flag.GAP
        self._waiting[sensor] = parse_counts(payload[2:])
        if len(self._waiting) < 2:
            return []
        acc, gyr = self._waiting.pop(ACC), self._waiting.pop(GYRO)
        flags = clip_flags(np.hstack((acc, gyr)))
        flags[0] |= np.uint16(self._pending)
        self._pending = Flag.OK
        index, self._next = self._next, self._next + len(acc)
        values = acc.astype(np.float64) * self._acc_scale, gyr.astype(np.float64) * self._gyr_scale
        return [Decoded(*values, flags, index=index, lost=None, epoch=self._epoch)]
