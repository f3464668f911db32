"""Drive WitMotion BLE sensors: WT901BLECL, BLECL 5.0, WT901BLE67/68, BWT901BLE5.0, WT9011DCL-BT50.

It does not use the sensor's own angles or magnetometer, and cannot recover time or loss: frames carry neither.

Found by a name that begins with ``WT`` or by the service, whose base is *not* the Bluetooth base (5f9a34fb).
Quirks: frames have no checksum, no counter and no time, so samples are numbered and `live_mapping` fits the period (a
unit's clock was seen 0.7 % off, and 70 Hz delivered of 100 asked); frames are split and joined anywhere; the gyroscope
reads exactly 0 at rest (a dead band of unknown size); ranges are fixed at ±16 g and ±2000 deg/s; old BLECL models end
at 50 Hz, which shows when the rate is read back. Layouts: WITMOTION/WitBluetooth_BWT901BLE5_0; vendor manuals.
"""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import Collection
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.conventions import STANDARD_GRAVITY_MPS2, Flag
from imu_hinge.errors import DeviceError, PacketError
from imu_hinge.model import Array
from imu_hinge.sensors.device_counter import clip_flags
from imu_hinge.sensors.protocol import (
    Decoded,
    Gatt,
    OnPacket,
    Replies,
    StreamRequest,
    StreamSettings,
    choose,
    handler_for,
)

SERVICE: Final = "0000ffe5-0000-1000-8000-00805f9a34fb"
DATA: Final = "0000ffe4-0000-1000-8000-00805f9a34fb"
WRITE: Final = "0000ffe9-0000-1000-8000-00805f9a34fb"

FRAME: Final = 20  # [byte]: two of header, nine values
SAMPLES, REGISTERS = 0x61, 0x71  # second byte of a header
HEADERS: Final = (b"\x55\x61", b"\x55\x71")
ACC_RANGE_G: Final = 16.0  # fixed; the vendor's manuals
GYR_RANGE_DPS: Final = 2000.0  # fixed
ACC_LSB: Final = ACC_RANGE_G * STANDARD_GRAVITY_MPS2 / 32768  # [m/s²] of a count
GYR_LSB: Final = math.radians(GYR_RANGE_DPS) / 32768  # [rad/s] of a count
ANGLE_LSB_DEG: Final = 180 / 32768  # [deg] of a count
SCALES: Final[Array] = np.repeat([ACC_LSB, GYR_LSB], 3)  # of a frame's first six values

RATE_REGISTER, ACC_CALIBRATION, VERSION, CHIP_TIME = 0x03, 0x01, 0x2E, 0x30  # registers, by the vendor's manuals
MAGNETOMETER, TEMPERATURE, QUATERNION, BATTERY = 0x3A, 0x40, 0x51, 0x64  # more of them
RATE_CODES: Final = {10.0: 0x06, 20.0: 0x07, 50.0: 0x08, 100.0: 0x09, 200.0: 0x0B}  # the vendor's manuals
DEFAULT_RATE_HZ: Final = 100.0  # chosen: twice what old models reach, half of what new ones do
MAX_DRIFT: Final = 0.5
"""The delivered rate is fitted freely: between half of and once and a half what was asked."""

STREAM: Final = "samples"
"""The one part of the stream."""

EMPTY_V, FULL_V = 3.40, 3.97  # chosen: a lithium cell nearly empty and full; between them a straight line
EMPTY_PCT, FULL_PCT = 5, 100  # what is shown there

UNLOCK: Final = bytes.fromhex("ffaa6988b5")
SAVE: Final = bytes.fromhex("ffaa000000")


def write_register(register: int, value: int) -> bytes:
    """Return the command that sets a register; it needs `UNLOCK` before and `SAVE` after."""
    return b"\xff\xaa" + struct.pack("<BH", register, value)


def read_register(register: int) -> bytes:
    """Return the command that asks for eight registers from this one on."""
    return b"\xff\xaa\x27" + struct.pack("<H", register)


def parse_registers(frame: bytes) -> tuple[int, tuple[int, ...]]:
    """Return the first register's number and the eight values of a read-back frame."""
    if len(frame) != FRAME or frame[:2] != HEADERS[1]:
        raise PacketError("This is no register frame of 20 bytes.", frame, characteristic=DATA)
    number, *values = struct.unpack("<H8h", frame[2:])
    return number, tuple(values)


def parse_counts(frames: bytes) -> npt.NDArray[np.int16]:
    """Return the nine counts of each whole sample frame. (n, 9): acceleration, rate, roll pitch yaw."""
    return np.frombuffer(frames, dtype="<i2").reshape(-1, FRAME // 2)[:, 1:]


class LogRecord(NamedTuple):
    """Hold one 28-byte record of the models that write to a card: a sample frame and the chip's time.

    Parameters
    ----------
    acc : (3,) [m/s²]
    gyr : (3,) [rad/s]
    angles_deg : (3,)
        The sensor's own.
    timestamp
        The chip's time.
    """

    acc: Array
    gyr: Array
    angles_deg: Array
    timestamp: str


def parse_log_record(record: bytes) -> LogRecord:
    """Read one record of a ``WIT*.TXT`` file. acc (3,) [m/s²], gyr (3,) [rad/s], roll pitch yaw (3,)."""
    if len(record) != FRAME + 8 or record[:2] != HEADERS[0]:
        raise PacketError("This is no log record of 28 bytes.", record)
    counts = parse_counts(record[:FRAME])[0]
    year, month, day, hour, minute, second, ms = struct.unpack("<6BH", record[FRAME:])
    stamp = f"20{year:02d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}.{ms:03d}"
    return LogRecord(counts[:3] * ACC_LSB, counts[3:6] * GYR_LSB, counts[6:] * ANGLE_LSB_DEG, stamp)


class Framer:
    """Cut a byte stream into frames of 20 bytes, wherever it was split or joined.

    A frame is taken at once; it is doubted where it follows skipped bytes, or where what follows it is no header.
    Where a payload begins like a frame while half a frame waits, either the half was orphaned by a loss or the bytes
    look so by chance: the next payload decides.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget a half frame."""
        self._orphan = b""  # half a frame that may have lost its end
        self._rest = b""
        self._in_step = True

    def push(self, payload: bytes) -> tuple[list[tuple[bytes, bool]], int]:
        """Return the frames that are whole now, each with whether it is doubtful, and how many bytes were skipped."""
        if payload[:2] in HEADERS and self._rest and not self._orphan:
            self._orphan, self._rest = self._rest, b""
        self._rest += payload
        skipped = 0
        if self._orphan:
            joined = self._orphan + self._rest
            if len(joined) <= FRAME and _fits(self._rest):
                return [], 0
            if _fits(joined) or not _fits(self._rest):
                self._rest = joined
            else:
                skipped, self._in_step = len(self._orphan), False
            self._orphan = b""
        frames, more = self._cut()
        return frames, skipped + more

    def _cut(self) -> tuple[list[tuple[bytes, bool]], int]:
        stream, at, skipped = self._rest, 0, 0
        frames: list[tuple[bytes, bool]] = []
        while at < len(stream):
            if not _is_start(stream[at:]):
                at, skipped, self._in_step = at + 1, skipped + 1, False
                continue
            if len(stream) - at < FRAME:
                break
            is_followed = _is_start(stream[at + FRAME :])
            if not is_followed and not self._in_step:  # chance bytes that look like a header
                at, skipped = at + 1, skipped + 1
                continue
            frames.append((stream[at : at + FRAME], not self._in_step or not is_followed))
            self._in_step = is_followed
            at += FRAME
        self._rest = stream[at:]
        return frames, skipped


def _is_start(stream: bytes) -> bool:
    """Tell whether the bytes, if any, can begin a frame."""
    return any(header.startswith(stream[:2]) for header in HEADERS)


def _fits(stream: bytes) -> bool:
    """Tell whether a header stands at every frame's distance."""
    return all(_is_start(stream[at:]) for at in range(0, len(stream), FRAME))


class Decoder:
    """Decode sample frames; without device time, by sample index."""

    def __init__(self, settings: StreamSettings) -> None:
        self._framer = Framer()
        self._next = 0
        self._epoch = 0
        self._pending = Flag.OK

    def resume(self, settings: StreamSettings) -> None:
        """Go on after the link was lost; what was lost cannot be told."""
        self._framer.reset()
        self._pending = Flag.GAP
        self._epoch += 1
        self._next = 0

    def feed(self, characteristic: str, payload: bytes) -> list[Decoded]:
        """Decode one notification; register frames give nothing.

        Raises
        ------
        PacketError
            Where it held bytes of no frame and no sample; beside samples, skipped bytes flag the next sample GAP.
        """
        if characteristic != DATA:
            return []
        frames, skipped = self._framer.push(payload)
        if skipped:
            self._pending |= Flag.GAP
        samples = [(frame, doubtful) for frame, doubtful in frames if frame[1] == SAMPLES]
        if not samples:
            if skipped and not frames:
                raise PacketError(
                    f"{skipped} bytes belong to no frame and were skipped. If this goes on, restart the sensor.",
                    payload,
                    characteristic=DATA,
                )
            return []
        counts = parse_counts(b"".join(frame for frame, _ in samples))
        values = counts[:, :6] * SCALES
        flags = clip_flags(counts[:, :6])
        for i, (_, is_doubtful) in enumerate(samples):
            if is_doubtful:
                flags[i] |= np.uint16(Flag.SUSPECT)
        flags[0] |= np.uint16(self._pending)
        self._pending = Flag.OK
        index, self._next = self._next, self._next + len(samples)
        return [Decoded(values[:, :3], values[:, 3:], flags, index=index, lost=None, epoch=self._epoch)]


class WitMotion:
    """Speak to a WitMotion sensor.

    Parameters
    ----------
    settle_s
        Pause around each write, which the vendor's own software makes [s].
    """

    family = "witmotion"
    rates_hz = tuple(RATE_CODES)

    def __init__(self, settle_s: float = 0.1) -> None:
        self.settle_s = settle_s

    def matches(self, name: str, service_uuids: Collection[str], manufacturer_ids: Collection[int]) -> bool:
        """Tell a WitMotion by name or service."""
        return name.startswith("WT") or SERVICE in service_uuids

    async def configure(self, gatt: Gatt, wanted: StreamRequest) -> StreamSettings:
        """Write the rate where it differs, and read it back."""
        # the only ranges that the sensor has
        acc_g = choose("an accelerometer range of", wanted.acc_range_g, offered=(16.0,), default=16.0, unit="g")
        # as above
        gyr_dps = choose("a gyroscope range of", wanted.gyr_range_dps, offered=(2000.0,), default=2000.0, unit="deg/s")
        rate = choose("a rate of", wanted.rate_hz, offered=self.rates_hz, default=DEFAULT_RATE_HZ, unit="Hz")
        code = RATE_CODES[rate]
        agreed = await self._read(gatt, RATE_REGISTER)
        if agreed != code:
            for command in (UNLOCK, write_register(RATE_REGISTER, code), SAVE):
                await gatt.write(WRITE, command, response=True)
                await asyncio.sleep(self.settle_s)
            agreed = await self._read(gatt, RATE_REGISTER)
        if agreed != code:
            kept = {value: key for key, value in RATE_CODES.items()}.get(agreed)
            raise DeviceError(
                f"The WitMotion was asked for {rate:g} Hz and kept {f'{kept:g} Hz' if kept else f'code {agreed}'}. "
                "Older models end at 50 Hz: ask for that."
            )
        return StreamSettings(
            self.family, rate, acc_range_g=acc_g, gyr_range_dps=gyr_dps, max_drift=MAX_DRIFT, tells_loss=False
        )

    async def _read(self, gatt: Gatt, register: int) -> int:
        """Return one register's value, read over the notifications."""
        framer, found = Framer(), Replies()

        def handle(payload: bytes) -> None:
            for frame, _ in framer.push(payload)[0]:
                if frame[1] == REGISTERS:
                    found(frame)

        await gatt.subscribe(DATA, handle)
        await gatt.write(WRITE, read_register(register), response=True)
        answer = await found.get(
            lambda frame: frame[2:4] == struct.pack("<H", register), question=f"the read of register 0x{register:02X}"
        )
        return parse_registers(answer)[1][0]

    async def start(self, gatt: Gatt, settings: StreamSettings, on_packet: OnPacket) -> None:
        """Subscribe; the sensor streams by itself."""
        await gatt.subscribe(DATA, handler_for(on_packet, DATA))

    async def stop(self, gatt: Gatt, settings: StreamSettings) -> None:
        """Unsubscribe."""
        await gatt.unsubscribe(DATA)

    async def battery(self, gatt: Gatt) -> int | None:
        """Return the charge [%], interpolated from the voltage; not while streaming, it takes the notifications."""
        volts = await self._read(gatt, BATTERY) / 100
        charge = EMPTY_PCT + (volts - EMPTY_V) / (FULL_V - EMPTY_V) * (FULL_PCT - EMPTY_PCT)
        return int(min(max(round(charge), 0), 100))

    def decoder(self, settings: StreamSettings) -> Decoder:
        """Return a fresh decoder."""
        return Decoder(settings)

    def parts(self, settings: StreamSettings) -> tuple[str, ...]:
        """Return what must keep coming."""
        return (STREAM,)

    def part_of(self, settings: StreamSettings, characteristic: str, payload: bytes) -> str | None:
        """Return which part a notification carries."""
        return STREAM if characteristic == DATA else None


DRIVER: Final = WitMotion()
