"""Drive Movesense sensors (HR+, HR2, Flash, Medical) over their GATT SensorData Protocol.

It does not set ranges (the protocol cannot), read the sensor's log, or speak the mobile libraries' Whiteboard protocol.

Found by the name ``Movesense <serial>`` or by its service after connecting. Quirks: the range in use cannot be read;
the gyroscope's bias at rest is some 2 deg/s; status 429 is cured by a reboot only; a sensor that the system has
connected does not advertise; it sleeps until its studs are touched. No sequence number: loss shows in the time stamps,
which count milliseconds of uptime at the first sample of a packet. A packet longer than a notification comes as DATA
and DATA_PART2; if exactly the second part of one packet and the first of the next are lost together, nothing in the
protocol tells that the halves do not belong together, except the gap after them. Layouts: official specification
GD-77; sokolmarek/movesense-commander docs/gsp-protocol.md.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Collection
from typing import Final

import numpy as np

from imu_hinge.conventions import STANDARD_GRAVITY_MPS2, Flag
from imu_hinge.errors import DeviceError, LinkLost, PacketError
from imu_hinge.model import Array
from imu_hinge.sensors.device_counter import Assembler, Timeline, check_measurable
from imu_hinge.sensors.protocol import (
    SAMPLES,
    Decoded,
    Gatt,
    OnPacket,
    Replies,
    StreamRequest,
    StreamSettings,
    choose,
    handler_for,
)

SERVICE: Final = "34802252-7185-4d5d-b431-630e7050e8f0"
COMMAND: Final = "34800001-7185-4d5d-b431-630e7050e8f0"
DATA: Final = "34800002-7185-4d5d-b431-630e7050e8f0"

HELLO, SUBSCRIBE, UNSUBSCRIBE, FETCH_LOG, GET, PUT_SYSTEMMODE, PUT_UTCTIME = 0, 1, 2, 3, 4, 7, 8  # commands of GD-77
COMMAND_RESPONSE, DATA_FIRST, DATA_PART2 = 1, 2, 3  # kinds of notification

STREAM_REFERENCE: Final = 0x63  # chosen; every sample's notification carries it
QUERY_REFERENCE: Final = 0x64  # chosen; another one, so that answers are told from samples
RATES_HZ: Final = (13.0, 26.0, 52.0, 104.0)  # see `Driver.rates_hz`
DEFAULT_RATE_HZ: Final = 52.0  # one packet per notification
LARGEST_ACC: Final = 16 * STANDARD_GRAVITY_MPS2  # the widest range of such chips; the one in use cannot be read
LARGEST_GYR: Final = math.radians(2000)  # the same
NS_PER_MS: Final = 1_000_000  # time stamps are in whole milliseconds

STATUS: Final = {  # as HTTP has them
    400: "bad request",
    401: "not allowed",
    404: "not found",
    409: "in conflict with something running",
    429: "no request slot left, which only a reboot cures: take the sensor off its strap and put it back",
    503: "not available",
}


def command(code: int, reference: int, payload: bytes = b"") -> bytes:
    """Return one command.

    Parameters
    ----------
    code
        What to do.
    reference
        Chosen here; the answer and every notification carry it.
    payload
    """
    return bytes((code, reference)) + payload


def path(name: str) -> bytes:
    """Return a resource path as a command's payload."""
    return name.encode() + b"\0"


def subscribe_imu6(rate_hz: float, reference: int = STREAM_REFERENCE) -> bytes:
    """Return the command that streams accelerometer and gyroscope."""
    return command(SUBSCRIBE, reference, path(f"/Meas/IMU6/{rate_hz:g}"))


def parse_measurement(payload: bytes, arrays: int) -> tuple[int, list[Array]]:
    """Split a measurement's payload (without the two header bytes).

    Parameters
    ----------
    payload
        u32 milliseconds, then ``arrays`` blocks of float32 xyz of equal length.
    arrays
        1 for Acc, Gyro or Magn, 2 for IMU6, 3 for IMU9.

    Returns
    -------
    (int, list of (n, 3))
        Time of the first sample [ms], and the blocks as the device sent them: m/s², deg/s, µT.
    """
    width = 12 * arrays
    if len(payload) < 4 + width or (len(payload) - 4) % width:
        raise PacketError(
            f"A measurement of {arrays} arrays has {len(payload)} bytes, not 4 + a multiple of {width}. "
            "The packet was left out.",
            payload,
            offset=min(4, len(payload)),
            characteristic=DATA,
        )
    (time_ms,) = struct.unpack_from("<I", payload)
    with np.errstate(invalid="ignore"):  # damaged bytes may be a signalling NaN; who decodes checks the values
        values = np.frombuffer(payload, dtype="<f4", offset=4).astype(np.float64).reshape(arrays, -1, 3)
    return time_ms, list(values)


def parse_info(body: bytes, *, wide_ranges: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return rates [Hz] and ranges out of an ``Info`` answer; gyroscope ranges are 16 bits wide, others 8."""
    try:
        count = body[0]
        rates = struct.unpack_from(f"<{count}H", body, 1)
        at = 1 + 2 * count
        ranges = struct.unpack_from(f"<{body[at]}{'H' if wide_ranges else 'B'}", body, at + 1)
    except (IndexError, struct.error) as short:
        raise PacketError(
            "The sensor's Info answer is too short.", body, offset=len(body), characteristic=DATA
        ) from short
    return rates, ranges


def parse_hello(payload: bytes) -> tuple[int, tuple[str, ...]]:
    """Return protocol version and strings (serial, product, DFU MAC, app, version) of a whole HELLO answer."""
    if len(payload) < 3 or payload[0] != COMMAND_RESPONSE:
        raise PacketError("This is no answer to HELLO.", payload, characteristic=DATA)
    text = payload[3:].removesuffix(b"\0")
    return payload[2], tuple(part.decode("utf-8", "replace") for part in text.split(b"\0"))


async def ask(gatt: Gatt, replies: Replies, request: bytes, *, question: str) -> bytes:
    """Write a command and return the body of its answer.

    Parameters
    ----------
    gatt
    replies
        Queues the sensor's notifications.
    request
        See `command`.
    question
        What is asked, for messages.

    Raises
    ------
    DeviceError
        For a status that is not 200 or 202, or no answer.
    """
    reference = request[1]
    await gatt.write(COMMAND, request, response=True)
    answer = await replies.get(
        lambda p: len(p) >= 4 and p[0] == COMMAND_RESPONSE and p[1] == reference, question=question
    )
    (status,) = struct.unpack_from("<H", answer, 2)
    if status not in (200, 202):
        raise DeviceError(
            f"The Movesense answered {question} with status {status} ({STATUS.get(status, 'unknown')}). "
            "Reboot it if this stays so."
        )
    return answer[4:]


class Decoder:
    """Decode the notifications of one IMU6 subscription."""

    def __init__(self, settings: StreamSettings) -> None:
        self._adopt(settings)
        self._line = Timeline(bits=32, tick_s=1e-3, rate_hz=settings.rate_hz)
        self._assembler = Assembler()
        self._half = b""
        self._last_n = 0

    def _adopt(self, settings: StreamSettings) -> None:
        self._rate_hz = settings.rate_hz
        self._reference = int(settings.details.get("reference", STREAM_REFERENCE))
        self._whole = 4 + 24 * max(1, round(settings.rate_hz / 13))

    def resume(self, settings: StreamSettings) -> None:
        """Go on after the link was lost."""
        self._adopt(settings)
        self._half = b""
        self._line.resume(restarted=False)

    def feed(self, characteristic: str, payload: bytes) -> list[Decoded]:
        """Decode one notification; answers to commands and other subscriptions give nothing."""
        if characteristic != DATA or (len(payload) > 1 and payload[1] != self._reference):
            return []
        if len(payload) < 2 or payload[0] not in (COMMAND_RESPONSE, DATA_FIRST, DATA_PART2):
            raise self._broken("The notification has no header of this protocol", payload)
        if payload[0] == COMMAND_RESPONSE:
            return []
        if payload[0] == DATA_PART2:
            if not self._half:
                raise self._broken("The second part of a packet came without its first", payload)
            self._half += payload[2:]
            return self._finish_half(payload)
        done = self._release_half(payload[2:])
        self._half = payload[2:]
        return done + self._finish_half(payload)

    def _finish_half(self, payload: bytes) -> list[Decoded]:
        """Decode what was joined so far once it is whole; a length no packet has yet had waits for the next stamp."""
        if len(self._half) > self._whole and (len(self._half) - 4) % 24:
            length, self._half = len(self._half), b""
            raise self._broken(f"The packet has {length} bytes where {self._whole} were expected", payload)
        if len(self._half) != self._whole:
            return []
        whole, self._half = self._half, b""
        return [self._decode(whole)]

    def _release_half(self, following: bytes) -> list[Decoded]:
        """Decode a packet of unusual length if the next time stamp shows that it was whole."""
        half, self._half = self._half, b""
        n, rest = divmod(len(half) - 4, 24)
        if n < 1 or rest or len(following) < 4:
            return []
        step_ms = (int.from_bytes(following[:4], "little") - int.from_bytes(half[:4], "little")) % (1 << 32)
        # a quarter of a period, and a millisecond for rounding
        if abs(step_ms - n * 1000 / self._rate_hz) > 0.25 * 1000 / self._rate_hz + 1:
            return []
        self._whole = len(half)
        return [self._decode(half)]

    def _decode(self, whole: bytes) -> Decoded:
        time_ms, (acc, gyr_dps) = parse_measurement(whole, 2)
        gyr = np.radians(gyr_dps)
        n = len(acc)
        check_measurable(acc, full_scale=LARGEST_ACC, what="an acceleration [m/s²] of", packet=(whole, 4, DATA))
        check_measurable(gyr, full_scale=LARGEST_GYR, what="a rate [rad/s] of", packet=(whole, 4 + 12 * n, DATA))
        stamp = self._line.place(time_ms, self._last_n)
        if not stamp.is_old:
            self._last_n = n
        offsets_ns = np.rint(np.arange(n) * stamp.period_ticks * NS_PER_MS).astype(np.int64)
        flags = np.full(n, Flag.OK, dtype=np.uint16)
        return self._assembler.block(stamp, acc, gyr, flags=flags, device_ns=stamp.tick * NS_PER_MS + offsets_ns)

    def _broken(self, what: str, payload: bytes) -> PacketError:
        return PacketError(f"{what}. It was left out.", payload, characteristic=DATA)


class Movesense:
    """Speak to a Movesense sensor."""

    family = "movesense"
    rates_hz = RATES_HZ

    def matches(self, name: str, service_uuids: Collection[str], manufacturer_ids: Collection[int]) -> bool:
        """Tell a Movesense by name or service."""
        return name.startswith("Movesense") or SERVICE in service_uuids

    async def configure(self, gatt: Gatt, wanted: StreamRequest) -> StreamSettings:
        """Ask which rates there are; the rate itself is agreed when the stream starts."""
        for what, value in (("accelerometer", wanted.acc_range_g), ("gyroscope", wanted.gyr_range_dps)):
            if value is not None:
                raise DeviceError(
                    f"A Movesense's {what} range cannot be set over Bluetooth (asked for {value:g}): it streams at its "
                    "factory setting. Leave the range out."
                )
        replies = Replies()
        await gatt.subscribe(DATA, replies)
        offered = [rate for rate in await self._rates(gatt, replies) if rate in RATES_HZ]
        rate = choose("a rate of", wanted.rate_hz, offered=offered, default=DEFAULT_RATE_HZ, unit="Hz")
        return StreamSettings(self.family, rate, details={"reference": STREAM_REFERENCE})

    async def _rates(self, gatt: Gatt, replies: Replies) -> set[float]:
        """Return the rates that accelerometer and gyroscope share; the known ones where the sensor does not tell."""
        rates = set(RATES_HZ)
        for resource, wide in (("/Meas/Acc/Info", False), ("/Meas/Gyro/Info", True)):
            try:
                body = await ask(
                    gatt, replies, command(GET, QUERY_REFERENCE, path(resource)), question=f"GET {resource}"
                )
                rates &= {float(rate) for rate in parse_info(body, wide_ranges=wide)[0]}
            except LinkLost:
                raise
            except (DeviceError, PacketError):
                return set(RATES_HZ)
        return rates

    async def start(self, gatt: Gatt, settings: StreamSettings, on_packet: OnPacket) -> None:
        """Subscribe to IMU6 at the agreed rate; raises `DeviceError` with the sensor's status where it refuses."""
        replies = Replies()
        await gatt.subscribe(DATA, replies.beside(on_packet, DATA))
        request = subscribe_imu6(settings.rate_hz, int(settings.details["reference"]))
        await ask(gatt, replies, request, question=f"SUBSCRIBE /Meas/IMU6/{settings.rate_hz:g}")
        await gatt.subscribe(DATA, handler_for(on_packet, DATA))

    async def stop(self, gatt: Gatt, settings: StreamSettings) -> None:
        """End the subscription."""
        replies = Replies()
        await gatt.subscribe(DATA, replies)
        await ask(gatt, replies, command(UNSUBSCRIBE, int(settings.details["reference"])), question="UNSUBSCRIBE")
        await gatt.unsubscribe(DATA)

    async def battery(self, gatt: Gatt) -> int | None:
        """Return the charge [%]; not while streaming, as it takes over the notifications."""
        replies = Replies()
        await gatt.subscribe(DATA, replies)
        request = command(GET, QUERY_REFERENCE, path("/System/Energy/Level"))
        body = await ask(gatt, replies, request, question="GET /System/Energy/Level")
        return body[0] if body else None

    def decoder(self, settings: StreamSettings) -> Decoder:
        """Return a fresh decoder."""
        return Decoder(settings)

    def parts(self, settings: StreamSettings) -> tuple[str, ...]:
        """Return what must keep coming."""
        return (SAMPLES,)

    def part_of(self, settings: StreamSettings, characteristic: str, payload: bytes) -> str | None:
        """Return which part a notification carries."""
        is_ours = payload[:1] in (b"\x02", b"\x03") and payload[1:2] == bytes((int(settings.details["reference"]),))
        return SAMPLES if characteristic == DATA and is_ours else None


DRIVER: Final = Movesense()
