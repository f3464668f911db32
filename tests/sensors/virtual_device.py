"""A peripheral on bumble's virtual link: what all families share. Each family's protocol is in a file of its own.

Sample i carries i in its first acceleration channel, so that a test can tell exactly which samples arrived.
"""

import asyncio
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from bumble import att, gatt
from bumble.core import UUID, AdvertisingData
from bumble_backend import Air, device_on

P = gatt.Characteristic.Properties
MODULUS = 30000
"""Sample numbers in the first channel begin anew after this many."""

ADVERTISING_MS = 500.0
"""What firmware uses is 100 to 1000 ms; bumble's virtual controller takes 1.6 times as long as it is told."""

BATTERY_SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"
BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"


@dataclass
class Faults:
    """What goes wrong on the way from this device, all off."""

    loss: float = 0.0
    burst_s: float = 0.0
    drift: float = 0.0
    split: bool = False
    mtu: int = 247
    seed: int = 1


class VirtualDevice:
    """One peripheral; a family fills in `services`, `on_write` and `packets`."""

    family: ClassVar[str]
    advertised: ClassVar[tuple[tuple[int, bytes], ...]] = ()
    rate_hz: float = 100.0
    per_packet: int = 5

    def __init__(self, name: str, address: str, *, faults: Faults | None = None, battery: int = 87) -> None:
        self.name, self.address, self.battery = name, address, battery
        self.faults = faults or Faults()
        self.random = random.Random(self.faults.seed)
        self.is_mute = False
        self.boots = 1
        self.sent: list[int] = []
        self.lost: list[int] = []
        self.commands: list[str] = []
        self.complaints: list[str] = []
        self.characteristics: dict[str, gatt.Characteristic[Any]] = {}
        self.connection: Any = None
        self.streaming: asyncio.Task[None] | None = None
        self.booted_s = 0.0

    # --- what a family provides ---

    def services(self) -> list[tuple[str, list[tuple[str, P, Callable[[], bytes] | None]]]]:
        raise NotImplementedError

    async def on_write(self, uuid: str, value: bytes, *, response: bool) -> None:
        raise att.ATT_Error(att.ATT_WRITE_NOT_PERMITTED_ERROR)

    def on_subscription(self, uuid: str, is_on: bool) -> None:
        """Called when notifications of a characteristic are switched."""

    def packets(self, first: int, n: int) -> list[tuple[str, bytes]]:
        """Notifications for samples [first, first + n)."""
        raise NotImplementedError

    def counts(self, index: int) -> tuple[int, int, int, int, int, int]:
        """Six 16-bit counts of sample ``index``: its number, and a body about at rest at 2048 counts per g."""
        own = int(self.address[-2:], 16)
        return index % MODULUS, index % 3 - 1, 2048 + index % 5, index % 7, -(index % 11), own + index % 13

    def forget(self) -> None:
        """Lose what a device loses with the link."""

    # --- the peripheral ---

    async def switch_on(self, air: Air) -> "VirtualDevice":
        self.device = device_on(air.link, self.address, self.name)
        self.device.gatt_server.max_mtu = self.faults.mtu
        for uuid, members in self.services():
            self.device.add_service(gatt.Service(UUID(uuid), [self._characteristic(*m) for m in members]))
        await self.device.power_on()
        self.device.on("connection", self._connected)
        self.booted_s = asyncio.get_running_loop().time()
        await self.appear()
        return self

    async def appear(self) -> None:
        elements = [(AdvertisingData.Type.COMPLETE_LOCAL_NAME, self.name.encode()), *self.advertised]
        data = bytes(AdvertisingData([(kind, value) for kind, value in elements]))
        # Well within a scan of 1 s, as sensors do: bumble's own 1.6 s reach one only where the first is not missed.
        self.device.advertising_interval_min = self.device.advertising_interval_max = ADVERTISING_MS
        await self.device.start_advertising(advertising_data=data, auto_restart=True)

    async def vanish(self) -> None:
        """Go out of range: link and advertisements end."""
        await self.drop()
        await self.device.stop_advertising()

    async def drop(self) -> None:
        if self.connection is not None:
            await self.connection.disconnect()

    async def reboot(self) -> None:
        self.boots += 1
        self.booted_s = asyncio.get_running_loop().time()
        await self.drop()

    def is_subscribed(self, uuid: str) -> bool:
        characteristic = self.characteristics[uuid]
        state = self.device.gatt_server.subscribers.get(self.connection, {}).get(characteristic.handle, b"\0\0")
        return bool(state[0] & 3)

    @property
    def value_size(self) -> int:
        return int(self.connection.att_mtu) - 3

    @property
    def true_rate_hz(self) -> float:
        return self.rate_hz * (1 + self.faults.drift)

    async def notify(self, uuid: str, value: bytes) -> None:
        if self.connection is None or self.is_mute:
            return
        if len(value) > self.value_size:
            self.complaints.append(f"{len(value)} bytes do not fit into {self.value_size}")
        characteristic = self.characteristics[uuid]
        if characteristic.properties & P.INDICATE and not characteristic.properties & P.NOTIFY:
            await self.device.gatt_server.indicate_subscriber(self.connection, characteristic, value)
        else:
            await self.device.notify_subscriber(self.connection, characteristic, value)

    def start_streaming(self) -> None:
        self.stop_streaming()
        self.streaming = asyncio.ensure_future(self._stream())

    def stop_streaming(self) -> None:
        if self.streaming is not None:
            self.streaming.cancel()
            self.streaming = None

    async def _stream(self) -> None:
        loop, held, release_s = asyncio.get_running_loop(), [], 0.0
        first = round((loop.time() - self.booted_s) * self.true_rate_hz)
        while True:
            n = self.per_packet
            await asyncio.sleep(self.booted_s + (first + n) / self.true_rate_hz - loop.time())
            if not self.is_mute:
                if self.random.random() < self.faults.loss:
                    self.lost.extend(range(first, first + n))
                    self.packets(first, n)
                else:
                    self.sent.extend(range(first, first + n))
                    held += self.packets(first, n)
            first += n
            if loop.time() >= release_s:
                release_s = loop.time() + self.faults.burst_s
                for uuid, value in held:
                    await self.notify(uuid, value)
                held.clear()

    def _characteristic(self, uuid: str, properties: P, read: Callable[[], bytes] | None) -> gatt.Characteristic[Any]:
        async def written(connection: Any, value: bytes) -> None:
            self.commands.append(f"{uuid[4:8]} {bytes(value).hex(' ')}")
            await self.on_write(uuid, bytes(value), response=bool(properties & P.WRITE))

        permissions = gatt.Attribute.Permissions(0)
        if properties & P.READ:
            permissions |= gatt.Attribute.READABLE
        if properties & (P.WRITE | P.WRITE_WITHOUT_RESPONSE):
            permissions |= gatt.Attribute.WRITEABLE
        value = gatt.CharacteristicValue(read=(lambda _: read()) if read else None, write=written)
        characteristic: gatt.Characteristic[Any] = gatt.Characteristic(UUID(uuid), properties, permissions, value)
        characteristic.on("subscription", lambda _, notify, indicate: self.on_subscription(uuid, notify or indicate))
        self.characteristics[uuid] = characteristic
        return characteristic

    def _connected(self, connection: Any) -> None:
        self.connection = connection
        connection.on("disconnection", self._disconnected)

    def _disconnected(self, *_: Any) -> None:
        self.connection = None
        self.stop_streaming()
        self.forget()

    def battery_service(self) -> tuple[str, list[tuple[str, P, Callable[[], bytes] | None]]]:
        return BATTERY_SERVICE, [(BATTERY_LEVEL, P.READ | P.NOTIFY, lambda: struct.pack("B", self.battery))]
