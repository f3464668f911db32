"""Drive MbientLab MetaMotion R, RL (BMI160) and S (BMI270): acceleration and rate fused on the board, and counted.

It does not use the board's sensor fusion, its logging or its magnetometer.

Found by the name ``MetaWear`` or its service. Quirks: the chip is asked first, as the same register means different
packets on the two; nothing on the air carries time, so the board is told to fuse both sensors into one packet and to
count the packets (buffer, fuser and accounter processors), and `live_mapping` fits the period to the count; firmware
without these streams packed acceleration and packed rate, which are paired in order of arrival and may then be one
packet (3 samples) apart: the settings then carry a ``warning``. Above 100 Hz the connection interval must be short,
which the board is asked for. Commands are written without response, so they are read back where they can be. Layouts:
mbientlab/MetaWear-SDK-Cpp, registers and byte-exact tests; the BMI270's gyroscope stream was not in these tests.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from imu_hinge.errors import DeviceError, LinkLost
from imu_hinge.sensors.drivers.metamotion_packets import NOTIFY, Decoder
from imu_hinge.sensors.protocol import (
    SAMPLES,
    Gatt,
    OnPacket,
    Replies,
    StreamRequest,
    StreamSettings,
    choose,
    handler_for,
)

SERVICE: Final = "326a9000-85cb-9195-d9dd-464cfbbae75a"
COMMAND: Final = "326a9001-85cb-9195-d9dd-464cfbbae75a"

ACC, PROCESSOR, SETTINGS, GYRO = 0x03, 0x09, 0x11, 0x13  # modules, as in MetaWear-SDK-Cpp; so the registers below
POWER, ENABLE, CONFIG, ACC_DATA = 0x01, 0x02, 0x03, 0x04  # registers of a sensor
ADD, PROCESSED, NOTIFY_ENABLE, REMOVE_ALL = 0x02, 0x03, 0x07, 0x08  # registers of the data processor
READ: Final = 0x80  # the bit of a register that asks for its content
NO_INPUT: Final = 0xFF  # a processor that follows a sensor itself
SIX_BYTES, TWELVE_BYTES = 0xA0, 0x60  # (length - 1) << 5, cut to 8 bits
BUFFER, ACCOUNTER, FUSER = 0x0F, 0x11, 0x1B  # kinds of processor
COUNT_MODE, TIME_MODE = 0x30, 0x31  # what an accounter puts before the data

RATE_CODES: Final = {25.0: 0x06, 50.0: 0x07, 100.0: 0x08, 200.0: 0x09}  # of both Bosch chips
DEFAULT_RATE_HZ: Final = 100.0  # above it the connection interval must be short
GYR_RANGES: Final = {2000.0: 0, 1000.0: 1, 500.0: 2, 250.0: 3, 125.0: 4}  # of both Bosch chips
DEFAULT_ACC_G, DEFAULT_GYR_DPS = 16.0, 2000.0  # the widest of both
MAX_DRIFT: Final = 0.05
"""The chip's own oscillator sets the rate, not a clock."""

ACCELERATION, RATE = "acceleration", "angular rate"
"""Parts of a stream that is not fused."""

READ_BATTERY: Final = b"\x11\xcc"
SHORT_INTERVAL: Final = b"\x11\x09" + struct.pack("<4H", 6, 6, 0, 600)
"""Asks for a connection interval of 7.5 ms, no latency, 6 s supervision timeout."""

SHORT_TIMEOUT_S: Final = 1.0
"""Chosen: some firmware answers nothing to these questions, and nobody should wait long for that [s]."""


@dataclass(frozen=True, slots=True)
class Chip:
    """Hold what differs between the two motion chips.

    Parameters
    ----------
    name
    acc_implementation, gyro_implementation
        Numbers by which the modules tell which chip there is.
    acc_rate_bits
        Added to a rate's code.
    acc_ranges
        Code by range [g].
    acc_packed, gyro_packed
        Registers that notify three samples at once.
    gyro_data
        Register that notifies one.
    """

    name: str
    acc_implementation: int
    gyro_implementation: int
    acc_rate_bits: int
    acc_ranges: dict[float, int]
    acc_packed: int
    gyro_data: int
    gyro_packed: int


# That of MetaMotion R and RL; fields as in `Chip`.
BMI160: Final = Chip("bmi160", 1, 0, 0x20, {2.0: 3, 4.0: 5, 8.0: 8, 16.0: 12}, 0x1C, 0x05, 0x07)
# That of S.
BMI270: Final = Chip("bmi270", 4, 1, 0xA0, {2.0: 0, 4.0: 1, 8.0: 2, 16.0: 3}, 0x05, 0x04, 0x05)
CHIPS: Final = {chip.name: chip for chip in (BMI160, BMI270)}


def acc_config(chip: Chip, rate_hz: float, range_g: float) -> bytes:
    """Return the command that sets the accelerometer's rate and range.

    Parameters
    ----------
    chip
    rate_hz
        One of `RATE_CODES`.
    range_g
        Full scale, one of the chip's.
    """
    return bytes((ACC, CONFIG, chip.acc_rate_bits | RATE_CODES[rate_hz], chip.acc_ranges[range_g]))


def gyro_config(rate_hz: float, range_dps: float) -> bytes:
    """Return the command that sets the gyroscope's rate and range."""
    return bytes((GYRO, CONFIG, 0x20 | RATE_CODES[rate_hz], GYR_RANGES[range_dps]))


def subscribe(module: int, register: int, *, on: bool = True) -> bytes:
    """Return the command that starts or ends a register's notifications.

    Parameters
    ----------
    module, register
        Which signal.
    on
        Start, or end.
    """
    return bytes((module, register, int(on)))


def enable(module: int, *, on: bool = True) -> bytes:
    """Return the command that starts or ends a sensor's sampling."""
    return bytes((module, ENABLE, int(on), int(not on)))


def power(module: int, *, on: bool = True) -> bytes:
    """Return the command that switches a sensor."""
    return bytes((module, POWER, int(on)))


def create_accounter(module: int, register: int, *, mode: int, source: int = NO_INPUT, size: int = SIX_BYTES) -> bytes:
    """Return the command that puts a counter (or a time) of 4 bytes before a signal's data.

    Parameters
    ----------
    module, register
        The signal.
    mode
        What is put before it.
    source
        Processor whose output the signal is, `NO_INPUT` for a sensor's own.
    size
        Length code of the signal's data.
    """
    return bytes((PROCESSOR, ADD, module, register, source, size, ACCOUNTER, mode, 0x03))


def create_buffer(chip: Chip) -> bytes:
    """Return the command that holds the gyroscope's last sample for the fuser."""
    return bytes((PROCESSOR, ADD, GYRO, chip.gyro_data, NO_INPUT, SIX_BYTES, BUFFER, 5))


def create_fuser(buffer: int) -> bytes:
    """Return the command that joins each acceleration with the buffer's content."""
    return bytes((PROCESSOR, ADD, ACC, ACC_DATA, NO_INPUT, SIX_BYTES, FUSER, 1, buffer)) + bytes(11)


def parse_battery(payload: bytes) -> tuple[int, int]:
    """Return charge [%] and voltage [mV]."""
    charge, millivolts = struct.unpack_from("<BH", payload, 2)
    return charge, millivolts


class MetaMotion:
    """Speak to a MetaMotion."""

    family = "metamotion"
    rates_hz = tuple(RATE_CODES)

    def matches(self, name: str, service_uuids: Collection[str], manufacturer_ids: Collection[int]) -> bool:
        """Tell a MetaMotion by name or service."""
        return name.startswith(("MetaWear", "MetaMotion")) or SERVICE in service_uuids

    async def configure(self, gatt: Gatt, wanted: StreamRequest) -> StreamSettings:
        """Ask the chip, stop what runs, set and read back rate and ranges, build the counting chain."""
        replies = Replies()
        await gatt.subscribe(NOTIFY, replies)
        chip = await self._chip(gatt, replies)
        rate = choose("a rate of", wanted.rate_hz, offered=self.rates_hz, default=DEFAULT_RATE_HZ, unit="Hz")
        acc_g = choose(
            "an accelerometer range of",
            wanted.acc_range_g,
            offered=tuple(chip.acc_ranges),
            default=DEFAULT_ACC_G,
            unit="g",
        )
        gyr_dps = choose(
            "a gyroscope range of",
            wanted.gyr_range_dps,
            offered=tuple(GYR_RANGES),
            default=DEFAULT_GYR_DPS,
            unit="deg/s",
        )
        for command in (power(ACC, on=False), power(GYRO, on=False), bytes((PROCESSOR, REMOVE_ALL))):
            await gatt.write(COMMAND, command, response=False)
        warnings = []
        for command in (acc_config(chip, rate, acc_g), gyro_config(rate, gyr_dps)):
            if not await self._set(gatt, replies, command):
                warnings.append("rate and range could not be read back")  # noqa: PERF401  # each step awaits the device
        counter = await self._build_counter(gatt, replies, chip)
        if counter is None:
            warnings.append("this firmware cannot count packets: loss cannot be told, rates may lag by 3 samples")
        details: dict[str, int | float | str] = {"chip": chip.name, "counter": -1 if counter is None else counter}
        if warnings:
            details["warning"] = "; ".join(dict.fromkeys(warnings))
        return StreamSettings(
            self.family,
            rate,
            acc_range_g=acc_g,
            gyr_range_dps=gyr_dps,
            max_drift=MAX_DRIFT,
            tells_loss=counter is not None,
            details=details,
        )

    async def _chip(self, gatt: Gatt, replies: Replies) -> Chip:
        """Return which motion chip the board carries."""
        found = []
        for module, name in ((ACC, "accelerometer"), (GYRO, "gyroscope")):
            question = bytes((module, READ))
            await gatt.write(COMMAND, question, response=False)
            answer = await replies.get(lambda p, q=question: p[:2] == q, question=f"which {name} it has")  # type: ignore[misc]
            found.append(answer[2] if len(answer) > 2 else None)
        for chip in CHIPS.values():
            if found == [chip.acc_implementation, chip.gyro_implementation]:
                return chip
        raise DeviceError(
            f"This MetaWear board has motion chips {found[0]} and {found[1]}, which are none this product knows. "
            "Use a MetaMotion R, RL or S."
        )

    async def _set(self, gatt: Gatt, replies: Replies, command: bytes) -> bool:
        """Write a configuration and read it back; False where the board does not answer the read."""
        await gatt.write(COMMAND, command, response=False)
        question = bytes((command[0], command[1] | READ))
        await gatt.write(COMMAND, question, response=False)
        try:
            answer = await replies.get(
                lambda p: p[:2] == question, question="the read of its settings", timeout_s=SHORT_TIMEOUT_S
            )
        except LinkLost:
            raise
        except DeviceError:
            return False
        if answer[2:4] != command[2:4]:
            raise DeviceError(
                f"The MetaMotion was told {command.hex(' ')} and reads back {answer.hex(' ')}. "
                "Restart it and try again, or ask for another rate or range."
            )
        return True

    async def _build_counter(self, gatt: Gatt, replies: Replies, chip: Chip) -> int | None:
        """Chain buffer, fuser and accounter; return the accounter's id, None where the firmware has no such chain."""
        buffer = await self._create(gatt, replies, create_buffer(chip))
        fuser = None if buffer is None else await self._create(gatt, replies, create_fuser(buffer))
        if fuser is None:
            return None
        counting = create_accounter(PROCESSOR, PROCESSED, mode=COUNT_MODE, source=fuser, size=TWELVE_BYTES)
        return await self._create(gatt, replies, counting)

    async def _create(self, gatt: Gatt, replies: Replies, command: bytes) -> int | None:
        await gatt.write(COMMAND, command, response=False)
        try:
            answer = await replies.get(
                lambda p: p[:2] == command[:2] and len(p) > 2,
                question="the creation of a processor",
                timeout_s=SHORT_TIMEOUT_S,
            )
        except LinkLost:
            raise
        except DeviceError:
            return None
        return answer[2]

    async def start(self, gatt: Gatt, settings: StreamSettings, on_packet: OnPacket) -> None:
        """Subscribe, then switch both sensors on."""
        await gatt.subscribe(NOTIFY, handler_for(on_packet, NOTIFY))
        if settings.rate_hz > 100:
            await gatt.write(COMMAND, SHORT_INTERVAL, response=False)
        for command in (*_notifications(settings, on=True), enable(ACC), enable(GYRO), power(ACC), power(GYRO)):
            await gatt.write(COMMAND, command, response=False)

    async def stop(self, gatt: Gatt, settings: StreamSettings) -> None:
        """Switch both sensors off and take the processors away."""
        off = (power(ACC, on=False), power(GYRO, on=False), enable(ACC, on=False), enable(GYRO, on=False))
        for command in (*off, *_notifications(settings, on=False), bytes((PROCESSOR, REMOVE_ALL))):
            await gatt.write(COMMAND, command, response=False)
        await gatt.unsubscribe(NOTIFY)

    async def battery(self, gatt: Gatt) -> int | None:
        """Return the charge [%]; not while streaming, as it takes over the notifications."""
        replies = Replies()
        await gatt.subscribe(NOTIFY, replies)
        await gatt.write(COMMAND, READ_BATTERY, response=False)
        answer = await replies.get(lambda p: p[:2] == b"\x11\x8c" and len(p) >= 5, question="the battery's state")
        return parse_battery(answer)[0]

    def decoder(self, settings: StreamSettings) -> Decoder:
        """Return a fresh decoder."""
        return Decoder(settings)

    def parts(self, settings: StreamSettings) -> tuple[str, ...]:
        """Return what must keep coming."""
        return (SAMPLES,) if int(settings.details["counter"]) >= 0 else (ACCELERATION, RATE)

    def part_of(self, settings: StreamSettings, characteristic: str, payload: bytes) -> str | None:
        """Return which part a notification carries."""
        if characteristic != NOTIFY:
            return None
        counter, head = int(settings.details["counter"]), payload[:2]
        if counter >= 0:
            return SAMPLES if payload[:3] == bytes((PROCESSOR, PROCESSED, counter)) else None
        chip = CHIPS[str(settings.details["chip"])]
        return {bytes((ACC, chip.acc_packed)): ACCELERATION, bytes((GYRO, chip.gyro_packed)): RATE}.get(head)


def _notifications(settings: StreamSettings, *, on: bool) -> tuple[bytes, ...]:
    """Return the commands that begin or end the notifications of the agreed configuration."""
    counter = int(settings.details["counter"])
    if counter >= 0:
        return bytes((PROCESSOR, NOTIFY_ENABLE, counter, int(on))), subscribe(PROCESSOR, PROCESSED, on=on)
    chip = CHIPS[str(settings.details["chip"])]
    return subscribe(ACC, chip.acc_packed, on=on), subscribe(GYRO, chip.gyro_packed, on=on)


DRIVER: Final = MetaMotion()
