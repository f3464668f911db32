"""Talk to one Bluetooth LE device through bleak; the only room where bleak's exceptions become ours.

It scans for nothing (`scanner` does), keeps no stream alive (`stream` does) and knows no family's commands.

What the stacks under bleak do, and what is done about it here:

- A link that was lost still delivers, and doubles every notification of the next one, until ``disconnect()`` is called
  on the old client, also on one that says it is not connected. `Link.close` always calls it.
- A connect within 50 ms of a disconnect fails or hangs: `Link.close` waits `SETTLE_S`.
- Every call may hang when the Bluetooth service goes: every call has its time limit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from imu_hinge.errors import DeviceError, HingeError, LinkLost
from imu_hinge.sensors.ble import link_errors
from imu_hinge.sensors.protocol import GattRefused, Handler

if TYPE_CHECKING:
    from bleak import BleakClient
    from bleak.backends.characteristic import BleakGATTCharacteristic

log = logging.getLogger(__name__)

T = TypeVar("T")

SETTLE_S: Final = 0.15
"""Wait after a disconnect; below 0.05 the next connect fails [s]."""

CONNECT_S: Final = 15.0
"""Most seconds for connecting and finding the services; 0.75 is usual [s]."""

CLOSE_S: Final = 6.0
"""Most seconds for a disconnect; 2 are usual on Linux [s]."""

TOLD_S: Final = 0.5
"""Chosen: a request that fails because the link breaks is answered before the system tells that it broke, by
milliseconds [s]."""

CALL_S: Final = 5.0
"""Most seconds for one read, write or subscription [s]."""


@contextmanager
def translated(label: str, *, is_connecting: bool = False) -> Iterator[None]:
    """Turn whatever bleak and the system under it raise into our errors; ``label`` names the device or the action."""
    from bleak import exc

    try:
        with _logged(label):
            yield
    except HingeError:
        raise
    except exc.BleakBluetoothNotAvailableError as problem:
        raise link_errors.unavailable(problem.reason.name) from problem
    except exc.BleakGATTProtocolError as problem:
        raise link_errors.refused(label, int(problem.args[0]), str(problem.args[-1])) from problem
    except exc.BleakDBusError as problem:
        detail = problem.dbus_error_details or ""
        raise link_errors.dbus_error(label, problem.dbus_error, detail, is_connecting=is_connecting) from problem
    except exc.BleakDeviceNotFoundError as problem:
        raise link_errors.gone(label, "the system no longer knows it", is_connecting=is_connecting) from problem
    except TimeoutError as problem:
        raise link_errors.gone(label, "no answer in time", is_connecting=is_connecting) from problem
    except (EOFError, AssertionError) as problem:  # the bus or the client's state went while the call was under way
        raise link_errors.gone(label, str(problem) or "in mid-call", is_connecting=is_connecting) from problem
    except (FileNotFoundError, ConnectionError, PermissionError) as problem:  # no D-Bus, or its socket is shut
        raise link_errors.no_bus(str(problem)) from problem
    except Exception as problem:
        raise link_errors.unknown(label, problem, is_connecting=is_connecting) from problem


@contextmanager
def _logged(label: str) -> Iterator[None]:
    """Log what the stack raised, in its own words, before it becomes ours."""
    try:
        yield
    except HingeError:
        raise
    except Exception as problem:
        log.debug("%s: %s: %s", label, type(problem).__name__, problem)
        raise


class Link:
    """Hold one connection to one device; implements `driver.Gatt`.

    Used once: after it was lost or closed, make another one.

    Parameters
    ----------
    handle
        bleak's description of the device, from a scan.
    label
        The device's name, for messages.
    on_lost
        Called once when the link goes without having been closed.
    """

    def __init__(self, handle: Any, label: str, *, on_lost: Callable[[], None] = lambda: None) -> None:
        self.label = label
        self._handle = handle
        self._on_lost = on_lost
        self._client: BleakClient | None = None
        self._closing: asyncio.Task[None] | None = None
        self._handlers: dict[int, Handler] = {}
        self._is_open = False

    @property
    def is_open(self) -> bool:
        """True from `open` until the link is lost or closed, as far as the system tells."""
        return self._is_open

    async def open(self) -> None:
        """Connect and find the services; call it within a `Radio.turn`.

        Raises
        ------
        DeviceError
            In its kinds; nothing is left behind.
        """
        from bleak import BleakClient

        try:
            with translated(self.label, is_connecting=True):
                self._client = BleakClient(self._handle, self._lost, timeout=CONNECT_S)
                await asyncio.wait_for(self._client.connect(), CONNECT_S + 1.0)
        except BaseException:
            await self.close()
            raise
        self._is_open = True
        if not self._client.is_connected:
            await self.close()
            raise LinkLost(f"{self.label} let the link go at once. Bring it closer, charge it, and try again.")

    async def close(self) -> None:
        """Disconnect, whatever the system says about the link, and wait until another connect may begin.

        A caller who is cancelled does not stop it: half a disconnect would leave the sensor taken.
        """
        self._is_open = False
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self._handlers.clear()
        if self._client is None:
            return
        try:
            with translated(self.label):
                await asyncio.wait_for(self._client.disconnect(), CLOSE_S)
        except DeviceError:
            pass  # it is gone, or the radio is: that is what was wanted, and the next attempt says what is wrong
        await asyncio.sleep(SETTLE_S)

    @property
    def services(self) -> Collection[str]:
        """UUIDs of the device's services."""
        return frozenset(service.uuid.lower() for service in self._connected().services)

    @property
    def characteristics(self) -> Collection[str]:
        """UUIDs of all its characteristics."""
        return frozenset(c.uuid.lower() for c in self._connected().services.characteristics.values())

    async def read(self, characteristic: str) -> bytes:
        """Read a value; raises `GattRefused` where the device says no."""
        found = self._find(characteristic, "read")
        return bytes(await self._call(self._connected().read_gatt_char(found)))

    async def write(self, characteristic: str, data: bytes, *, response: bool) -> None:
        """Write a value, with or without waiting for the device's acknowledgement.

        A characteristic that can do only one of the two is written the way it can.
        """
        found = self._find(characteristic, "write" if response else "write-without-response")
        if ("write" in found.properties) != ("write-without-response" in found.properties):
            response = "write" in found.properties
        await self._call(self._connected().write_gatt_char(found, data, response=response))

    async def subscribe(self, characteristic: str, handler: Handler) -> None:
        """Send notifications to the handler; where there is one already, only replace it."""
        found = self._find(characteristic, "notify", "indicate")
        is_new = found.handle not in self._handlers
        self._handlers[found.handle] = handler
        if is_new:
            try:
                await self._call(self._connected().start_notify(found, self._notified))
            except BaseException:
                self._handlers.pop(found.handle, None)
                raise

    async def unsubscribe(self, characteristic: str) -> None:
        """Stop notifications; without effect where there are none."""
        found = self._find(characteristic, "notify", "indicate")
        if self._handlers.pop(found.handle, None) is not None:
            await self._call(self._connected().stop_notify(found))

    def max_write(self, characteristic: str) -> int:
        """Return the most bytes one write without response carries; ATT MTU - 3. [byte]."""
        return int(self._find(characteristic, "write-without-response", "write").max_write_without_response_size)

    def _notified(self, characteristic: BleakGATTCharacteristic, payload: bytearray) -> None:
        handler = self._handlers.get(characteristic.handle)
        if handler is not None and self._is_open:  # a link that was lost may still deliver
            handler(bytes(payload))

    def _lost(self, client: BleakClient) -> None:
        if self._is_open and client is self._client:
            self._is_open = False
            self._on_lost()

    def _connected(self) -> BleakClient:
        if self._client is None or not self._is_open:
            raise LinkLost(f"The link to {self.label} is gone. Bring the sensor closer to the computer.")
        return self._client

    def _find(self, characteristic: str, *properties: str) -> BleakGATTCharacteristic:
        """Return the characteristic; where several share the UUID, the first that can do one of these things."""
        all_of_them = self._connected().services.characteristics.values()
        found = sorted((c for c in all_of_them if c.uuid.lower() == characteristic), key=lambda c: c.handle)
        if not found:
            raise DeviceError(
                f"{self.label} has no characteristic {characteristic}: it is another kind of device or has "
                "another firmware than its name says. Update its firmware, or use another sensor."
            )
        return next((c for c in found if any(p in c.properties for p in properties)), found[0])

    async def _call(self, call: Awaitable[T]) -> T:
        try:
            with translated(self.label):
                return await asyncio.wait_for(call, CALL_S)
        except LinkLost:
            raise
        except DeviceError as problem:  # a link that breaks off in mid-call looks like a refusal or like anything else
            if isinstance(problem, GattRefused) and problem.code != link_errors.UNLIKELY_CODE:
                raise
            if await self._is_breaking_off():
                raise link_errors.gone(
                    self.label, f"in mid-call: {problem.__cause__}", is_connecting=False
                ) from problem
            raise

    async def _is_breaking_off(self) -> bool:
        """Tell whether the link is gone, or goes within the time that the system takes to say so."""
        if self._is_open and self._client is not None and self._client.is_connected:
            await asyncio.sleep(TOLD_S)
        return not self._is_open or self._client is None or not self._client.is_connected
