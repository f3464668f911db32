"""A bleak backend over bumble: real controller, link layer, L2CAP, ATT and GATT in one process.

What only the real stack does is played by `Air`: an adapter that is switched off, a Bluetooth service that dies
without a word, notifications that double when a lost link was not disconnected, connects that fail within 50 ms of a
disconnect, a disconnect that takes 2 s.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakError,
    BleakGATTProtocolError,
)
from bumble import att, core, hci
from bumble.controller import Controller
from bumble.core import AdvertisingData
from bumble.device import Device
from bumble.gatt_client import CharacteristicProxy, Client
from bumble.host import Host
from bumble.link import LocalLink
from bumble.transport.common import AsyncPipeSink

DISCONNECT_S = 2.0
REFUSAL_S = 0.05
HIDDEN = "00001800-0000-1000-8000-00805f9b34fb"
PROPERTIES = (
    (0x02, "read"),
    (0x04, "write-without-response"),
    (0x08, "write"),
    (0x10, "notify"),
    (0x20, "indicate"),
)


def uuid_text(uuid: core.UUID) -> str:
    return str(uuid.to_hex_str("-")).lower() if len(uuid.uuid_bytes) == 16 else long_uuid(uuid)


def long_uuid(uuid: core.UUID) -> str:
    return f"{int.from_bytes(uuid.uuid_bytes, 'little'):08x}-0000-1000-8000-00805f9b34fb"


def device_on(link: LocalLink, address: str, name: str) -> Device:
    """A bumble device with a virtual controller on the link."""
    controller = Controller(name, link=link)
    device = Device(name=name, address=hci.Address(address), host=Host(controller, AsyncPipeSink(controller)))
    device.virtual_controller = controller
    return device


class Air:
    """The computer's side of the virtual radio, and what may go wrong with it."""

    current: "Air"

    def __init__(self) -> None:
        self.link = LocalLink()
        self.adapter = device_on(self.link, "C0:00:00:00:00:01", "computer")
        self.is_powered = True
        self.is_serving = True
        self.clients: set[BumbleClient] = set()
        self.leftovers: dict[str, set[BumbleClient]] = {}
        self.disconnected_at: dict[str, float] = {}
        self.log: list[str] = []
        self.is_busy = False

    async def switch_on(self) -> None:
        await self.adapter.power_on()
        Air.current = self

    def check(self, *, connecting: bool = False) -> None:
        """Raise what BlueZ raises without its service or power."""
        if not self.is_serving:
            raise BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", ["The name org.bluez was not provided"])
        if not self.is_powered:
            if connecting:
                raise BleakDBusError("org.bluez.Error.NotReady", ["Resource Not Ready"])
            raise BleakBluetoothNotAvailableError(
                "No powered Bluetooth adapters found.", BleakBluetoothNotAvailableReason.POWERED_OFF
            )

    async def power_off(self) -> None:
        """Switch the adapter off: links go, and the callbacks come at once."""
        self.is_powered = False
        for client in list(self.clients):
            await client.cut()

    async def kill_service(self) -> None:
        """Let the Bluetooth service die: links go, and nobody is told."""
        self.is_serving = False
        for client in list(self.clients):
            await client.cut(is_told=False)


class BumbleScanner(BaseBleakScanner):
    def __init__(self, detection_callback: Any, service_uuids: Any, scanning_mode: str, **kwargs: Any) -> None:
        super().__init__(detection_callback, service_uuids)
        self.air = Air.current

    async def start(self) -> None:
        self.air.check()
        if self.air.is_busy:
            raise BleakDBusError("org.bluez.Error.InProgress", ["Operation already in progress"])
        self.air.is_busy = True
        self.air.log.append("scan")
        self.seen_devices = {}
        self.air.adapter.on("advertisement", self._seen)
        await self.air.adapter.start_scanning(legacy=True)

    async def stop(self) -> None:
        self.air.adapter.remove_listener("advertisement", self._seen)
        self.air.is_busy = False
        await self.air.adapter.stop_scanning(legacy=True)

    def _seen(self, advertisement: Any) -> None:
        data, address = advertisement.data, str(advertisement.address).split("/")[0]
        names = data.get_all(AdvertisingData.Type.COMPLETE_LOCAL_NAME)
        uuids = [
            uuid_text(uuid)
            for kind in (
                AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
                AdvertisingData.Type.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
            )
            for uuids in data.get_all(kind)
            for uuid in uuids
        ]
        makers = dict(data.get_all(AdvertisingData.Type.MANUFACTURER_SPECIFIC_DATA))
        name = names[0] if names else None
        adv = AdvertisementData(name, makers, {}, uuids, None, advertisement.rssi, ())
        self.call_detection_callbacks(self.create_or_update_device(address, address, name, None, adv), adv)


class BumbleClient(BaseBleakClient):
    def __init__(self, device: BLEDevice, **kwargs: Any) -> None:
        super().__init__(
            device, disconnected_callback=kwargs["disconnected_callback"], timeout=kwargs.get("timeout", 30.0)
        )
        self.air = Air.current
        self.connection: Any = None
        self.gatt: Client | None = None
        self.callbacks: dict[int, Callable[[bytearray], None]] = {}
        self.proxies: dict[int, CharacteristicProxy[Any]] = {}
        self._is_connected = False

    @property
    def name(self) -> str:
        return self.address

    @property
    def mtu_size(self) -> int:
        raise AssertionError("mtu_size says 23 on BlueZ: use max_write_without_response_size")

    @property
    def is_connected(self) -> bool:
        return self._is_connected

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        air, now = self.air, asyncio.get_running_loop().time()
        air.check(connecting=True)
        air.log.append(f"connect {self.address}")
        if now - air.disconnected_at.get(self.address, -1.0) < REFUSAL_S:
            raise BleakDBusError("org.bluez.Error.Failed", ["Input/output error"])
        if air.is_busy:
            raise BleakDBusError("org.bluez.Error.InProgress", ["a scan or a connect is under way"])
        old = next((client for client in air.clients if client.address == self.address), None)
        if old is not None:  # BlueZ keeps the link of a program that crashed, and bleak takes it over
            air.clients.discard(old)
            old.connection.remove_listener("disconnection", old._disconnected)
            self.connection = old.connection
        else:
            air.is_busy = True
            try:
                self.connection = await self._connection()
            finally:
                air.is_busy = False
        self._is_connected = True
        air.clients.add(self)
        self.connection.on("disconnection", self._disconnected)
        self.gatt = Client(self.connection)
        self.connection.gatt_client = self.gatt
        await self._guarded(self._discover())

    async def _connection(self) -> Any:
        adapter = self.air.adapter
        attempt = asyncio.ensure_future(adapter.connect(hci.Address(self.address), timeout=None))
        try:
            return await asyncio.wait_for(asyncio.shield(attempt), self._timeout)
        except (TimeoutError, asyncio.CancelledError):
            adapter.virtual_controller.pending_le_connection = (
                None  # the virtual controller forgets to end a cancelled attempt
            )
            adapter.le_connecting = False
            attempt.cancel()
            raise

    async def _discover(self) -> None:
        assert self.gatt is not None
        await self.gatt.request_mtu(517)
        services = BleakGATTServiceCollection()
        for found in await self.gatt.discover_services():
            service = BleakGATTService(found, found.handle, uuid_text(found.uuid))
            if service.uuid == HIDDEN:
                continue
            services.add_service(service)
            for proxy in await found.discover_characteristics():
                await proxy.discover_descriptors()
                properties: list[Any] = [name for bit, name in PROPERTIES if proxy.properties & bit]
                handle = proxy.handle - 1  # BlueZ numbers a characteristic by its declaration
                self.proxies[handle] = proxy
                services.add_characteristic(
                    BleakGATTCharacteristic(
                        proxy, handle, uuid_text(proxy.uuid), properties, lambda: self.connection.att_mtu - 3, service
                    )
                )
        self.services = services

    async def disconnect(self) -> None:
        self.air.leftovers.get(self.address, set()).discard(self)
        self.air.log.append(f"disconnect {self.address}")
        was_connected, self._is_connected = self._is_connected, False
        try:
            if was_connected:
                self.air.check(connecting=True)
                self.air.clients.discard(self)
                await self.connection.disconnect()
                await asyncio.sleep(DISCONNECT_S)
        finally:
            self.services = None
            self.air.disconnected_at[self.address] = asyncio.get_running_loop().time()

    async def cut(self, *, is_told: bool = True) -> None:
        """Let the link go from this side without the program having asked."""
        self.air.clients.discard(self)
        if not is_told:
            self.connection.remove_listener("disconnection", self._disconnected)
        await self.connection.disconnect()

    def _disconnected(self, *_: Any) -> None:
        self.air.clients.discard(self)
        if self._is_connected:
            self._is_connected = False
            self.air.leftovers.setdefault(self.address, set()).add(self)
            if self._disconnected_callback is not None:
                self._disconnected_callback()

    async def pair(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError

    async def unpair(self) -> None:
        raise NotImplementedError

    async def read_gatt_char(self, characteristic: BleakGATTCharacteristic, **kwargs: Any) -> bytearray:
        return bytearray(await self._guarded(self._client().read_value(self.proxies[characteristic.handle])))

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: Any, response: bool) -> None:
        if ("write" if response else "write-without-response") not in characteristic.properties:
            raise BleakDBusError("org.bluez.Error.NotSupported", ["Operation is not supported"])
        if not response and len(data) > characteristic.max_write_without_response_size:
            raise BleakError("too long for a write without response")
        proxy = self.proxies[characteristic.handle]
        await self._guarded(self._client().write_value(proxy, bytes(data), with_response=response))

    async def start_notify(self, characteristic: BleakGATTCharacteristic, callback: Any, **kwargs: Any) -> None:
        if characteristic.handle in self.callbacks:
            raise BleakError("notifications are on already")
        self.callbacks[characteristic.handle] = callback

        def deliver(value: bytes) -> None:
            old = [c.callbacks.get(characteristic.handle) for c in self.air.leftovers.get(self.address, ())]
            for each in (*old, *([self.callbacks.get(characteristic.handle)] * (1 + len(old)))):
                if each is not None and self.air.is_serving:
                    each(bytearray(value))

        await self._guarded(self._client().subscribe(self.proxies[characteristic.handle], deliver))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        del self.callbacks[characteristic.handle]
        await self._guarded(self._client().unsubscribe(self.proxies[characteristic.handle]))

    async def read_gatt_descriptor(self, descriptor: Any, **kwargs: Any) -> bytearray:
        raise NotImplementedError

    async def write_gatt_descriptor(self, descriptor: Any, data: Any) -> None:
        raise NotImplementedError

    def _client(self) -> Client:
        self.air.check(connecting=True)
        if self.gatt is None or not self._is_connected:
            raise BleakError("Not connected")
        return self.gatt

    async def _guarded(self, call: Any) -> Any:
        """Translate bumble's errors; it cancels the pending request when the link goes, which is not our task's end."""
        task = asyncio.ensure_future(call)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise BleakError("disconnected") from None
            task.cancel()
            raise
        except att.ATT_Error as problem:
            raise BleakGATTProtocolError(problem.error_code) from problem
        except (core.InvalidStateError, core.TimeoutError) as problem:
            raise BleakError("Not connected") from problem
