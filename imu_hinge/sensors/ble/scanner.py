"""Scan for Bluetooth LE devices, for all that search together, and let one sensor at a time connect.

It connects to nothing and decides nothing about families: `link` and `catalog` do.

No scan is filtered by service: a filter with a 16-bit UUID finds nothing, silently.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from imu_hinge.errors import DeviceError
from imu_hinge.sensors.ble import link_errors
from imu_hinge.sensors.ble.link import CALL_S, translated
from imu_hinge.text import one_line

if TYPE_CHECKING:
    from bleak import BleakScanner

log = logging.getLogger(__name__)

DEAF_S: Final = 3.0
"""Chosen: a scan that heard no device at all for so long is started anew for who joins it [s]."""

BUSY_TRIES: Final = 6
"""Chosen: bluetoothd refuses a scan until it has given up an earlier connection, which takes seconds."""
BUSY_S: Final = 1.0
"""Pause before a scan is tried again while the service is busy [s]."""


@dataclass(frozen=True, slots=True)
class Advertisement:
    """Hold what a scan saw of one device.

    Parameters
    ----------
    address
        Bluetooth address; on macOS the UUID by which this computer knows the device.
    name
        As advertised; empty where it has none.
    rssi_dbm
        Signal strength; None for a device that this computer is connected to already.
    service_uuids
        Advertised services, lower-case, 128 bit.
    manufacturer_ids
        Company identifiers in the advertisement.
    handle
        bleak's own description of the device, for connecting.
    """

    address: str
    name: str
    rssi_dbm: int | None
    service_uuids: frozenset[str]
    manufacturer_ids: frozenset[int]
    handle: Any

    def __post_init__(self) -> None:
        # anybody near by chooses a name: it must not reach a terminal, a journal or a page as more than a name
        object.__setattr__(self, "name", one_line(self.name))
        object.__setattr__(self, "address", one_line(self.address))

    @property
    def label(self) -> str:
        """Name and address, for people."""
        return f"{self.name} ({self.address})" if self.name else self.address

    def matches(self, wanted: str) -> bool:
        """Tell whether a user means this device by this name or address."""
        return wanted.strip().casefold() in (self.address.casefold(), self.name.strip().casefold())


@dataclass(eq=False, slots=True)
class _Listener:
    """Hold what one of those who scan together has seen since it began."""

    until: Callable[[dict[str, Advertisement]], bool] | None
    seen: dict[str, Advertisement] = field(default_factory=dict)
    is_enough: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, device: Any, advertisement: Any) -> None:
        self.seen[device.address] = _merged(self.seen.get(device.address), device, advertisement)
        if self.until is not None and self.until(self.seen):
            self.is_enough.set()


class Radio:
    """Scan for all that search at the same time, and let one sensor at a time connect.

    So a sensor that is not there does not hold up another that only has to connect again.
    """

    def __init__(self) -> None:
        self._connecting = asyncio.Lock()
        self._switching = asyncio.Lock()
        self._listeners: set[_Listener] = set()
        self._scanner: BleakScanner | None = None
        self._heard_s = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until nobody else connects, and keep it so; who scans goes on afterwards, as no radio does both well."""
        async with self._connecting:
            async with self._switching:
                await self._stop()
            try:
                yield
            finally:
                if self._listeners:
                    with suppress(DeviceError):  # what is wrong, the next scan will say
                        await self._switch_on(has_turn=True)

    async def scan(
        self, seconds: float, *, until: Callable[[dict[str, Advertisement]], bool] | None = None, linger_s: float = 0.0
    ) -> list[Advertisement]:
        """Return the devices that advertise from now on, the strongest first.

        Parameters
        ----------
        seconds
            How long to listen at most.
        until
            Asked after each advertisement, with the devices so far by address; true ends the scan.
        linger_s
            How long to listen on after that, for another device of the same name [s].

        Raises
        ------
        BluetoothOff
            Where there is no radio, it is off, or this program may not use it.
        DeviceError
            Where the scan failed otherwise.
        """
        listener = _Listener(until)
        self._listeners.add(listener)
        try:
            await self._switch_on()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await listener.is_enough.wait()
                    await asyncio.sleep(linger_s)
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                await self._switch_off()
        return sorted(listener.seen.values(), key=lambda device: -(device.rssi_dbm or -999))

    async def _switch_on(self, *, has_turn: bool = False) -> None:
        """Start scanning where nobody does, or where nothing was heard for long: a dead service does not say so.

        While somebody connects it is left to who has the turn, at its end.
        """
        async with self._switching:
            if self._connecting.locked() and not has_turn:
                return
            now_s = asyncio.get_running_loop().time()
            if self._scanner is not None and now_s - self._heard_s > DEAF_S:
                await self._stop()
            if self._scanner is None:
                from bleak import BleakScanner

                with translated("The scan"):
                    scanner = BleakScanner(self._note)
                await _started(scanner)
                self._scanner, self._heard_s = scanner, asyncio.get_running_loop().time()
                log.debug("a scan begins, for %d", len(self._listeners))

    async def _switch_off(self) -> None:
        async with self._switching:
            if not self._listeners:  # nobody joined while this waited
                await self._stop()

    async def _stop(self) -> None:
        scanner, self._scanner = self._scanner, None
        if scanner is not None:
            log.debug("the scan ends")
            with suppress(DeviceError), translated("The end of the scan"):  # what is wrong, the next call will say
                await asyncio.wait_for(scanner.stop(), CALL_S)

    def _note(self, device: Any, advertisement: Any) -> None:
        self._heard_s = asyncio.get_running_loop().time()
        for listener in self._listeners:
            listener.note(device, advertisement)

    async def connected(self) -> list[Advertisement]:
        """Return devices this computer holds a link to already, perhaps from a program that crashed.

        Such a device does not advertise, so no scan finds it. Empty where the system cannot tell.
        """
        try:
            from bleak import BleakAdapter

            async with asyncio.timeout(CALL_S):
                adapter = await BleakAdapter.get()
                devices = await adapter.get_connected_devices()
        except Exception:  # an extra: whatever is wrong with the radio, the scan has said or will say
            return []
        return [Advertisement(d.address, d.name or "", None, frozenset(), frozenset(), d) for d in devices]


async def _started(scanner: BleakScanner) -> None:
    """Start a scan; while the service is busy (with giving up a connect, as a rule) try again."""
    for attempt in range(BUSY_TRIES):
        try:
            with translated("The scan"):
                try:
                    await asyncio.wait_for(scanner.start(), CALL_S)
                except TimeoutError as silence:
                    raise link_errors.no_service("no answer to the start of a scan") from silence
            return
        except link_errors.RadioBusy:
            if attempt == BUSY_TRIES - 1:
                raise
            await asyncio.sleep(BUSY_S)


def _merged(before: Advertisement | None, device: Any, advertisement: Any) -> Advertisement:
    """Add one advertisement to what is known of a device; name and services may come in different packets."""
    name = advertisement.local_name or device.name or (before.name if before else "")
    return Advertisement(
        address=device.address,
        name=name,
        rssi_dbm=int(advertisement.rssi),
        service_uuids=frozenset(u.lower() for u in advertisement.service_uuids)
        | (before.service_uuids if before else frozenset()),
        manufacturer_ids=frozenset(advertisement.manufacturer_data)
        | (before.manufacturer_ids if before else frozenset()),
        handle=device,
    )
