"""Run several sensors as one session: find them, connect one after the other, start together, keep, close together.

It decodes nothing and stores nothing; what the radio said goes to a `sink.Sink`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from imu_hinge.errors import DeviceError, DeviceNotFound
from imu_hinge.sensors.ble.link import Link
from imu_hinge.sensors.ble.scanner import Advertisement, Radio
from imu_hinge.sensors.ble.sink import Sink
from imu_hinge.sensors.ble.stream import Stream
from imu_hinge.sensors.drivers.catalog import recognise, refusal
from imu_hinge.sensors.protocol import Driver, StreamRequest

SEARCH_S: Final = 10.0
"""Most seconds to look for the sensors of a session [s]."""

NAMESAKE_S: Final = 1.5
"""How long to listen on for a second sensor of the same name [s]."""

SCAN_S: Final = 5.0
"""How long to listen to see who is there [s]."""


class Capture:
    """Hold the sensors of one session.

    Parameters
    ----------
    sink
        Takes what the radio said.
    now_ns
        The host's clock [ns].
    """

    def __init__(self, sink: Sink, *, now_ns: Callable[[], int] = time.perf_counter_ns) -> None:
        self.streams: list[Stream] = []
        self._sink = sink
        self._radio = Radio()
        self._now_ns = now_ns

    async def open(self, wanted: Mapping[str, str], *, request: StreamRequest | None = None) -> None:
        """Find, connect and configure the sensors, one after the other; nothing streams yet.

        Parameters
        ----------
        wanted
            Name or address of the device by sensor (its placement).
        request
            Rate and ranges, the same for all.

        Raises
        ------
        DeviceError
            In its kinds, where one of them cannot be used; the others are closed again.
        """
        found = await find(self._radio, wanted)
        try:
            for sensor, seen in found.items():
                driver = await driver_of(seen, radio=self._radio)
                stream = Stream(
                    sensor,
                    seen,
                    driver=driver,
                    sink=self._sink,
                    radio=self._radio,
                    request=request,
                    now_ns=self._now_ns,
                )
                self.streams.append(stream)
                await stream.prepare()
        except BaseException:
            await self.close()
            raise

    async def run(self) -> None:
        """Start all sensors together and keep them streaming; returns only by being cancelled.

        Raises
        ------
        DeviceError
            Where a sensor refuses to start.
        """
        started = await asyncio.gather(*(stream.start() for stream in self.streams), return_exceptions=True)
        for problem in started:
            if problem is not None:
                raise problem
        keepers = [asyncio.create_task(stream.keep()) for stream in self.streams]
        try:
            await asyncio.gather(*keepers)
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)

    async def close(self) -> None:
        """Stop and disconnect all sensors together: each disconnect takes the system some seconds."""
        await asyncio.gather(*(stream.stop() for stream in self.streams))


async def find(radio: Radio, wanted: Mapping[str, str]) -> dict[str, Advertisement]:
    """Return the device for each sensor, by the name or address a user gave.

    Raises
    ------
    DeviceNotFound
        Where one did not answer; says who did.
    DeviceError
        Where two sensors are the same device, or a name fits several devices.
    """
    found: dict[str, Advertisement] = {}
    by_name = [name for name in wanted.values() if not _is_address(name)]

    def has_all(seen: dict[str, Advertisement]) -> bool:
        return all(any(device.matches(name) for device in seen.values()) for name in wanted.values())

    devices = await radio.scan(SEARCH_S, until=has_all, linger_s=NAMESAKE_S if by_name else 0.0)
    if not has_all({device.address: device for device in devices}):
        devices += await radio.connected()
    for sensor, name in wanted.items():
        found[sensor] = _one_of(devices, name)
    for sensor, seen in found.items():
        for other, another in found.items():
            if sensor < other and seen.address == another.address:
                raise DeviceError(f"{sensor} and {other} are both {seen.label}. Give each placement its own sensor.")
    return found


async def driver_of(seen: Advertisement, *, radio: Radio) -> Driver:
    """Return the device's family, by what it advertises or, where that says nothing, by the services it has.

    Raises
    ------
    DeviceError
        Where it is of no known family, or known to be of no use here; says why.
    """
    reason = refusal(seen.name)
    if reason is not None:
        raise DeviceError(reason)
    driver = recognise(seen.name, seen.service_uuids, seen.manufacturer_ids)
    if driver is None:
        link = Link(seen.handle, seen.label)
        try:
            async with radio.turn():
                await link.open()
            driver = recognise(seen.name, link.services, seen.manufacturer_ids)
        finally:
            await link.close()
    if driver is None:
        raise DeviceError(
            f"{seen.label} is of no family this program knows. imu-hinge scan lists the sensors it can use."
        )
    return driver


async def scan(seconds: float = SCAN_S) -> list[Advertisement]:
    """Return who is there: the devices that advertise, the strongest first, then those connected already."""
    radio = Radio()
    devices = await radio.scan(seconds)
    addresses = {device.address for device in devices}
    return devices + [device for device in await radio.connected() if device.address not in addresses]


async def battery_of(seen: Advertisement) -> int | None:
    """Connect to a device only to ask for its charge [%]; None where it does not tell."""
    radio = Radio()
    driver = await driver_of(seen, radio=radio)
    link = Link(seen.handle, seen.label)
    try:
        async with radio.turn():
            await link.open()
        return await driver.battery(link)
    finally:
        await link.close()


def _one_of(devices: Sequence[Advertisement], name: str) -> Advertisement:
    """Return the one device a user means."""
    fitting = [device for device in devices if device.matches(name)]
    if not fitting:
        there = ", ".join(device.label for device in devices if device.name) or "no device with a name"
        raise DeviceNotFound(
            f"{name} was not found in {SEARCH_S:g} s; there is {there}. Wake the sensor, close the phone's app that "
            "holds it, and bring it close."
        )
    if len({device.address for device in fitting}) > 1:
        addresses = ", ".join(device.address for device in fitting)
        raise DeviceError(f"{len(fitting)} sensors are called {name}. Give the address instead: {addresses}.")
    return fitting[0]


def _is_address(name: str) -> bool:
    """Tell a Bluetooth address (or macOS's UUID for a device) from a name."""
    digits = name.replace(":", "").replace("-", "")
    return len(digits) in (12, 32) and all(digit in "0123456789abcdefABCDEF" for digit in digits)
