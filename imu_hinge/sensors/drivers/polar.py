"""Drive the Polar Verity Sense: accelerometer and gyroscope streams, paired into samples.

It does not stream heart rate, and refuses the H10, OH1 and others that have no gyroscope.

Found by the name ``Polar …`` or its measurement service. Quirks: both characteristics must be subscribed before the
first command; it wants an MTU of 232 or more; the scale factor is in the answer to START, so that answer belongs to
the stream; a frame's time is that of its *last* sample; rates other than 52 Hz need SDK mode, which ends heart rate
and can be switched only while nothing streams; the clock restarts when the battery dies; no sequence number, loss shows
in the time stamps. Acceleration and rate come in frames of their own and are paired in `polar_pairs`. It is made for
the arm: how to fix it to the pelvis is in firmware_notes/.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from imu_hinge.errors import DeviceError
from imu_hinge.sensors.drivers import polar_frames as pmd
from imu_hinge.sensors.drivers.polar_pairs import Decoder
from imu_hinge.sensors.protocol import (
    BATTERY_LEVEL,
    Gatt,
    OnPacket,
    Replies,
    StreamRequest,
    StreamSettings,
    choose,
    handler_for,
)

SERVICE: Final = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
DEFAULT_RATE_HZ: Final = 52.0  # the only one outside SDK mode
RATES_HZ: Final = (26.0, 52.0, 104.0, 208.0, 416.0)  # in SDK mode


async def command(gatt: Gatt, replies: Replies, request: bytes) -> pmd.Response:
    """Write a command and return its answer, joined where it came in several indications.

    Parameters
    ----------
    gatt
    replies
        Queues what the control characteristic indicates.
    request
        Command, measurement, then settings.

    Raises
    ------
    DeviceError
        Where nothing answers.
    """
    question = f"command {request[0]} for {pmd.NAMES.get(request[1], request[1])}"
    await gatt.write(pmd.CONTROL, request, response=True)
    answer: pmd.Response | None = None
    while answer is None or answer.more:
        part = pmd.parse_response(
            await replies.get(
                lambda p: len(p) >= 4 and p[0] == pmd.RESPONSE and p[1:3] == request[:2], question=question
            )
        )
        answer = part._replace(parameters=(answer.parameters if answer else b"") + part.parameters)
    return answer


async def demand(gatt: Gatt, replies: Replies, request: bytes, *, accept: Collection[int] = (0,)) -> pmd.Response:
    """Write a command and return its answer.

    Parameters
    ----------
    gatt
    replies
        Queues what the control characteristic indicates.
    request
        Command, measurement, then settings.
    accept
        Statuses that are no refusal.

    Raises
    ------
    DeviceError
        Where the status is another one, or nothing answers.
    """
    answer = await command(gatt, replies, request)
    if answer.status not in accept:
        raise DeviceError(
            f"The Polar sensor refused command {request[0]} for {pmd.NAMES.get(request[1], request[1])}: "
            f"{pmd.describe_status(answer.status)} (status {answer.status})."
        )
    return answer


class Polar:
    """Speak to a Verity Sense."""

    family = "polar"
    rates_hz = RATES_HZ

    def matches(self, name: str, service_uuids: Collection[str], manufacturer_ids: Collection[int]) -> bool:
        """Tell a Polar by name or measurement service; whether it has a gyroscope is asked in `configure`."""
        return name.startswith("Polar ") or SERVICE in service_uuids

    async def configure(self, gatt: Gatt, wanted: StreamRequest) -> StreamSettings:
        """Ask for the settings it offers and choose; SDK mode only where the request needs it."""
        replies = Replies()
        await gatt.subscribe(pmd.CONTROL, replies)
        await gatt.subscribe(pmd.DATA, lambda payload: None)
        features = await gatt.read(pmd.CONTROL)
        if len(features) >= 2 and features[0] == pmd.FEATURES and not features[1] >> pmd.GYRO & 1:
            raise DeviceError(
                "This Polar sensor has no gyroscope, so it cannot measure how fast the trunk turns. "
                "Use a Verity Sense or another family."
            )
        try:
            return await self._choose(gatt, replies, wanted, is_sdk=False)
        except DeviceError as in_normal_mode:
            if wanted == StreamRequest():
                raise
            switched = await command(gatt, replies, bytes((pmd.START, pmd.SDK_MODE)))
            if switched.status not in (0, 6):
                raise in_normal_mode
        try:
            return await self._choose(gatt, replies, wanted, is_sdk=True)
        except DeviceError:
            await command(gatt, replies, bytes((pmd.STOP, pmd.SDK_MODE)))
            raise

    async def _choose(self, gatt: Gatt, replies: Replies, wanted: StreamRequest, *, is_sdk: bool) -> StreamSettings:
        op = pmd.GET_SDK_SETTINGS if is_sdk else pmd.GET_SETTINGS
        acc = pmd.parse_settings((await demand(gatt, replies, bytes((op, pmd.ACC)))).parameters)
        gyr = pmd.parse_settings((await demand(gatt, replies, bytes((op, pmd.GYRO)))).parameters)
        rates = [rate for rate in acc.get(pmd.RATE, ()) if rate in gyr.get(pmd.RATE, ())]
        default_rate = DEFAULT_RATE_HZ if DEFAULT_RATE_HZ in rates else max(rates, default=DEFAULT_RATE_HZ)
        rate = choose("a rate of", wanted.rate_hz, offered=rates, default=default_rate, unit="Hz")
        acc_ranges, gyr_ranges = acc.get(pmd.RANGE, ()), gyr.get(pmd.RANGE, ())
        acc_g = choose(
            "an accelerometer range of",
            wanted.acc_range_g,
            offered=acc_ranges,
            default=max(acc_ranges, default=8.0),  # of a device that names none
            unit="g",
        )
        gyr_dps = choose(
            "a gyroscope range of",
            wanted.gyr_range_dps,
            offered=gyr_ranges,
            default=max(gyr_ranges, default=2000.0),  # as above
            unit="deg/s",
        )
        details: dict[str, int | float | str] = {"sdk_mode": int(is_sdk)}
        for name, offer in (("acc", acc), ("gyr", gyr)):
            details[f"{name}_resolution"] = int(max(offer.get(pmd.RESOLUTION, (16,))))
            details[f"{name}_channels"] = int(max(offer.get(pmd.CHANNELS, (0,))))
        return StreamSettings(self.family, rate, acc_range_g=acc_g, gyr_range_dps=gyr_dps, details=details)

    async def start(self, gatt: Gatt, settings: StreamSettings, on_packet: OnPacket) -> None:
        """Subscribe to both characteristics and start both measurements."""
        replies = Replies()
        await gatt.subscribe(pmd.CONTROL, replies.beside(on_packet, pmd.CONTROL))
        await gatt.subscribe(pmd.DATA, handler_for(on_packet, pmd.DATA))
        for request in start_commands(settings):
            answer = await demand(gatt, replies, request, accept=(0, 6))
            if answer.status == 6:  # still streaming from before: with which settings cannot be told
                await demand(gatt, replies, bytes((pmd.STOP, request[1])))
                await demand(gatt, replies, request)
        await gatt.subscribe(pmd.CONTROL, handler_for(on_packet, pmd.CONTROL))

    async def stop(self, gatt: Gatt, settings: StreamSettings) -> None:
        """Stop both measurements, and SDK mode where it was switched on."""
        replies = Replies()
        await gatt.subscribe(pmd.CONTROL, replies)
        for measurement in (pmd.ACC, pmd.GYRO, *((pmd.SDK_MODE,) if settings.details.get("sdk_mode") else ())):
            await demand(gatt, replies, bytes((pmd.STOP, measurement)), accept=(0, 6))
        await gatt.unsubscribe(pmd.DATA)
        await gatt.unsubscribe(pmd.CONTROL)

    async def battery(self, gatt: Gatt) -> int | None:
        """Return the charge [%]; also while streaming."""
        if BATTERY_LEVEL not in gatt.characteristics:
            return None
        level = await gatt.read(BATTERY_LEVEL)
        return level[0] if level else None

    def decoder(self, settings: StreamSettings) -> Decoder:
        """Return a fresh decoder; the scale factors come with the stream."""
        return Decoder(settings)

    def parts(self, settings: StreamSettings) -> tuple[str, ...]:
        """Return what must keep coming."""
        return tuple(pmd.NAMES[kind] for kind in (pmd.ACC, pmd.GYRO))

    def part_of(self, settings: StreamSettings, characteristic: str, payload: bytes) -> str | None:
        """Return which part a notification carries."""
        is_frame = characteristic == pmd.DATA and len(payload) > pmd.HEADER
        return pmd.NAMES.get(payload[0] & pmd.TYPE_BITS) if is_frame else None


def start_commands(settings: StreamSettings) -> tuple[bytes, bytes]:
    """Return the commands that start acceleration and angular rate."""

    def start(measurement: int, name: str, full_scale: float | None) -> bytes:
        resolution, channels = int(settings.details[f"{name}_resolution"]), int(settings.details[f"{name}_channels"])
        chosen = [(pmd.RATE, int(settings.rate_hz)), (pmd.RESOLUTION, resolution), (pmd.RANGE, int(full_scale or 0))]
        return pmd.start_command(measurement, chosen + ([(pmd.CHANNELS, channels)] if channels else []))

    return start(pmd.ACC, "acc", settings.acc_range_g), start(pmd.GYRO, "gyr", settings.gyr_range_dps)


DRIVER: Final = Polar()
