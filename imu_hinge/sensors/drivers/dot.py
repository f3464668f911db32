"""Drive Movella (Xsens) DOT sensors: calibrated acceleration and angular rate at up to 60 Hz.

It does not use the vendor's orientation or heading, the closed high-fidelity modes, or recording in the sensor.

Found by the names ``Xsens DOT`` and ``Movella DOT`` or company 0x0886. Quirks: notifications must be on before the
measurement starts; payloads are padded with zeros, so they are read by offset; 120 Hz is for recording only; the time
stamp (µs, u32) wraps after 71.6 minutes and restarts at power-on; there is no packet counter on the air, loss shows in
the time stamps. Ranges are fixed. Layouts: DOT BLE Service Specification XD0506P; adamkewley/xdc.
"""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

import numpy as np

from imu_hinge.conventions import STANDARD_GRAVITY_MPS2, Flag
from imu_hinge.errors import DeviceError, PacketError
from imu_hinge.sensors.device_counter import Assembler, Timeline, check_measurable, range_flags
from imu_hinge.sensors.protocol import (
    SAMPLES,
    Decoded,
    Gatt,
    OnPacket,
    StreamRequest,
    StreamSettings,
    choose,
    handler_for,
)


def uuid(short: int) -> str:
    """Return the 128-bit UUID of one of the DOT's 16-bit numbers."""
    return f"1517{short:04x}-4947-11e9-8646-d663bd873d93"


CONFIG_SERVICE: Final = uuid(0x1000)  # UUIDs and numbers here are XD0506P's
CONFIG: Final = uuid(0x1002)  # settings: name, rate, power
MEASUREMENT_SERVICE: Final = uuid(0x2000)  # samples and their control
CONTROL: Final = uuid(0x2001)  # start, stop and mode
LONG, MEDIUM, SHORT = uuid(0x2002), uuid(0x2003), uuid(0x2004)  # payloads by length
ORIENTATION_RESET: Final = uuid(0x2006)  # heading
BATTERY: Final = uuid(0x3001)  # charge
MESSAGE_CONTROL: Final = uuid(0x7001)  # the vendor's synchronisation
COMPANY: Final = 0x0886  # of the Bluetooth SIG's list, as advertised

# All rates that stream; 120 Hz is for recording in the sensor.
RATES_HZ: Final = (1.0, 4.0, 10.0, 12.0, 15.0, 20.0, 30.0, 60.0)
ACC_RANGE_G: Final = 16.0  # fixed
GYR_RANGE_DPS: Final = 2000.0  # fixed
RATE_QUANTITIES: Final = 21  # the mode that streams both instruments in a medium payload
CUSTOM_5: Final = 26  # the same with orientation, in a long one
LARGEST_ACC: Final = ACC_RANGE_G * STANDARD_GRAVITY_MPS2
LARGEST_GYR: Final = math.radians(GYR_RANGE_DPS)

CHANGE_IDENTIFY, CHANGE_POWER_OFF, CHANGE_RATE = 0x01, 0x02, 0x10  # which settings a write changes
HEADING_RESET: Final = struct.pack("<H", 1)  # the command of `ORIENTATION_RESET`


class Field(NamedTuple):
    """Hold where one quantity lies in a payload.

    Parameters
    ----------
    name
        With its unit.
    offset
        [byte].
    format
        As in `struct`.
    """

    name: str
    offset: int
    format: str


class Mode(NamedTuple):
    """Hold one measurement mode.

    Parameters
    ----------
    name
    characteristic
        UUID that notifies.
    size
        How many bytes count.
    fields
        After the time stamp.
    """

    name: str
    characteristic: str
    size: int
    fields: tuple[Field, ...]


# Each field: its offset in the payload [byte], then its numbers.
_EULER, _QUAT = Field("euler_deg", 4, "3f"), Field("quat_wxyz", 4, "4f")
_ACC, _GYR = Field("acc_m_s2", 4, "3f"), Field("gyro_deg_s", 16, "3f")  # as above
_FREE_16, _FREE_20 = Field("free_acc_m_s2", 16, "3f"), Field("free_acc_m_s2", 20, "3f")  # as above
_DQ, _DV = Field("dq_wxyz", 4, "4f"), Field("dv_m_s", 20, "3f")  # as above

MODES: Final[Mapping[int, Mode]] = {
    2: Mode(
        "extended quaternion",
        MEDIUM,
        36,
        (_QUAT, _FREE_20, Field("status", 32, "H"), Field("clip_acc", 34, "B"), Field("clip_gyr", 35, "B")),
    ),
    3: Mode("complete quaternion", MEDIUM, 32, (_QUAT, _FREE_20)),
    4: Mode("euler", SHORT, 16, (_EULER,)),
    5: Mode("quaternion", SHORT, 20, (_QUAT,)),
    6: Mode("free acceleration", SHORT, 16, (Field("free_acc_m_s2", 4, "3f"),)),
    7: Mode(
        "extended euler",
        MEDIUM,
        32,
        (_EULER, _FREE_16, Field("status", 28, "H"), Field("clip_acc", 30, "B"), Field("clip_gyr", 31, "B")),
    ),
    16: Mode("complete euler", MEDIUM, 28, (_EULER, _FREE_16)),
    18: Mode("delta quantities with magnetometer", MEDIUM, 38, (_DQ, _DV, Field("mag_raw", 32, "3h"))),
    19: Mode("delta quantities", MEDIUM, 32, (_DQ, _DV)),
    20: Mode("rate quantities with magnetometer", MEDIUM, 34, (_ACC, _GYR, Field("mag_raw", 28, "3h"))),
    21: Mode("rate quantities", MEDIUM, 28, (_ACC, _GYR)),
    22: Mode("custom 1", MEDIUM, 40, (_EULER, _FREE_16, Field("gyro_deg_s", 28, "3f"))),
    23: Mode("custom 2", MEDIUM, 34, (_EULER, _FREE_16, Field("mag_raw", 28, "3h"))),
    24: Mode("custom 3", MEDIUM, 32, (_QUAT, Field("gyro_deg_s", 20, "3f"))),
    26: Mode("custom 5", LONG, 44, (_QUAT, Field("acc_m_s2", 20, "3f"), Field("gyro_deg_s", 32, "3f"))),
}
"""Published payloads by mode number; 1, 17 and 25 are packed for the vendor's own library and stay closed."""

MTU_TRIES: Final = 8  # chosen, with the next: two seconds in all
MTU_S: Final = 0.25
"""Chosen: two seconds in all are waited for a larger packet size than the 20 bytes a link begins with [s]."""

STREAMABLE: Final = (RATE_QUANTITIES, 20, CUSTOM_5)
"""Modes that carry both acceleration with gravity and angular rate."""


def parse(mode: int, payload: bytes) -> tuple[int, dict[str, tuple[float, ...]]]:
    """Read one payload by the mode's layout.

    Returns
    -------
    (int, dict)
        Time stamp [µs, as on the wire], and each field's numbers in the device's units: m/s², deg/s, degrees.
    """
    layout = MODES[mode]
    if len(payload) < layout.size:
        raise PacketError(
            f"A payload of mode {mode} ({layout.name}) needs {layout.size} bytes, {len(payload)} came: the "
            "connection's MTU may be too small. The packet was left out.",
            payload,
            offset=len(payload),
            characteristic=layout.characteristic,
        )
    (time_us,) = struct.unpack_from("<I", payload)
    return time_us, {
        field.name: struct.unpack_from(f"<{field.format}", payload, field.offset) for field in layout.fields
    }


def control(mode: int, *, start: bool) -> bytes:
    """Return what the measurement control takes."""
    return bytes((1, int(start), mode))


def set_rate(rate_hz: int) -> bytes:
    """Return the device control block that sets the output rate."""
    block = bytearray(32)
    block[0] = CHANGE_RATE
    struct.pack_into("<H", block, 24, rate_hz)
    return bytes(block)


def identify() -> bytes:
    """Return the device control block that lets the sensor blink."""
    return bytes((CHANGE_IDENTIFY, 1)).ljust(32, b"\0")


def power_off() -> bytes:
    """Return the device control block that switches the sensor off."""
    return bytes((CHANGE_POWER_OFF, 0, 1)).ljust(32, b"\0")


def message(body: bytes) -> bytes:
    """Return a message-service frame: the body and a checksum that makes all bytes sum to 0 modulo 256."""
    return body + bytes((-sum(body) & 0xFF,))


def is_message(frame: bytes) -> bool:
    """Tell whether a message-service frame is whole."""
    return len(frame) > 1 and sum(frame) & 0xFF == 0


def start_sync(root: str) -> bytes:
    """Return the message that starts synchronisation to the sensor whose address is given (``D4:CA:…``)."""
    return message(b"\x02\x07\x01" + bytes.fromhex(root.replace(":", ""))[::-1])


GET_SYNC_STATUS: Final = message(b"\x02\x01\x08")
STOP_SYNC: Final = message(b"\x02\x01\x02")
GET_STATE: Final = message(b"\x01\x01\x02")
STOP_RECORDING: Final = message(b"\x01\x01\x41")


class Decoder:
    """Decode the payloads of a mode with acceleration and angular rate."""

    def __init__(self, settings: StreamSettings) -> None:
        self._mode = int(settings.details.get("mode", RATE_QUANTITIES))
        if self._mode not in STREAMABLE:
            raise DeviceError(
                f"DOT mode {self._mode} does not carry acceleration and angular rate. Use one of {STREAMABLE}."
            )
        self._line = Timeline(bits=32, tick_s=1e-6, rate_hz=settings.rate_hz)
        self._assembler = Assembler()

    def resume(self, settings: StreamSettings) -> None:
        """Go on after the link was lost."""
        self._line.resume(restarted=False)

    def feed(self, characteristic: str, payload: bytes) -> list[Decoded]:
        """Decode one notification, which is one sample."""
        layout = MODES[self._mode]
        if characteristic != layout.characteristic:
            return []
        time_us, fields = parse(self._mode, payload)
        acc = np.array([fields["acc_m_s2"]])
        gyr = np.radians([fields["gyro_deg_s"]])
        check_measurable(
            acc, full_scale=LARGEST_ACC, what="an acceleration [m/s²] of", packet=(payload, 4, characteristic)
        )
        check_measurable(gyr, full_scale=LARGEST_GYR, what="a rate [rad/s] of", packet=(payload, 16, characteristic))
        flags = range_flags(acc, full_scale=LARGEST_ACC) | range_flags(gyr, full_scale=LARGEST_GYR)
        if any(payload[layout.size :]):
            flags |= np.uint16(Flag.SUSPECT)  # padding is zero: another mode's payload came
        stamp = self._line.place(time_us, 1)
        device_ns = np.array([stamp.tick * 1000], dtype=np.int64)
        return [self._assembler.block(stamp, acc, gyr, flags=flags, device_ns=device_ns)]


class Dot:
    """Speak to a DOT."""

    family = "dot"
    rates_hz = RATES_HZ

    def matches(self, name: str, service_uuids: Collection[str], manufacturer_ids: Collection[int]) -> bool:
        """Tell a DOT by name, company or service."""
        return (
            name.startswith(("Xsens DOT", "Movella DOT"))
            or COMPANY in manufacturer_ids
            or MEASUREMENT_SERVICE in service_uuids
        )

    async def configure(self, gatt: Gatt, wanted: StreamRequest) -> StreamSettings:
        """Stop what runs, set the output rate and read it back."""
        # the only ranges that the sensor has
        acc_g = choose("an accelerometer range of", wanted.acc_range_g, offered=(16.0,), default=16.0, unit="g")
        # as above
        gyr_dps = choose("a gyroscope range of", wanted.gyr_range_dps, offered=(2000.0,), default=2000.0, unit="deg/s")
        rate = choose("a live rate of", wanted.rate_hz, offered=RATES_HZ, default=RATES_HZ[-1], unit="Hz")
        needed = MODES[RATE_QUANTITIES].size
        running = await gatt.read(CONTROL)
        for _ in range(MTU_TRIES):  # some systems agree on a larger packet only a little after they have connected
            if gatt.max_write(CONTROL) >= needed:
                break
            await asyncio.sleep(MTU_S)
        if gatt.max_write(CONTROL) < needed:
            raise DeviceError(
                f"The connection carries {gatt.max_write(CONTROL)} bytes per packet, the DOT's samples need {needed}. "
                "Use a computer or Bluetooth dongle that negotiates a larger MTU."
            )
        if len(running) >= 3 and running[1] == 1:
            await gatt.write(CONTROL, control(running[2], start=False), response=True)
        await gatt.write(CONFIG, set_rate(int(rate)), response=True)
        block = await gatt.read(CONFIG)
        agreed = struct.unpack_from("<H", block, 24)[0] if len(block) >= 26 else None
        if agreed != int(rate):
            raise DeviceError(f"The DOT was asked for {rate:g} Hz and reads back {agreed}. Restart it and try again.")
        return StreamSettings(
            self.family, rate, acc_range_g=acc_g, gyr_range_dps=gyr_dps, details={"mode": RATE_QUANTITIES}
        )

    async def start(self, gatt: Gatt, settings: StreamSettings, on_packet: OnPacket) -> None:
        """Subscribe first, then start the measurement and check that it runs."""
        mode = int(settings.details["mode"])
        characteristic = MODES[mode].characteristic
        await gatt.subscribe(characteristic, handler_for(on_packet, characteristic))
        await gatt.write(CONTROL, control(mode, start=True), response=True)
        state = await gatt.read(CONTROL)
        if bytes(state[:3]) != control(mode, start=True):
            raise DeviceError(
                f"The DOT was told to start mode {mode} and reads back {state.hex(' ') or 'nothing'}. "
                "End a recording or synchronisation in the vendor's app, then try again."
            )

    async def stop(self, gatt: Gatt, settings: StreamSettings) -> None:
        """Stop the measurement."""
        mode = int(settings.details["mode"])
        await gatt.write(CONTROL, control(mode, start=False), response=True)
        await gatt.unsubscribe(MODES[mode].characteristic)

    async def battery(self, gatt: Gatt) -> int | None:
        """Return the charge [%]; also while streaming."""
        level = await gatt.read(BATTERY)
        return level[0] if level else None

    def decoder(self, settings: StreamSettings) -> Decoder:
        """Return a fresh decoder."""
        return Decoder(settings)

    def parts(self, settings: StreamSettings) -> tuple[str, ...]:
        """Return what must keep coming."""
        return (SAMPLES,)

    def part_of(self, settings: StreamSettings, characteristic: str, payload: bytes) -> str | None:
        """Return which part a notification carries."""
        return SAMPLES if characteristic == MODES[int(settings.details["mode"])].characteristic else None


DRIVER: Final = Dot()
