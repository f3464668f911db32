"""Keep one sensor streaming: bring it up, notice when it stops, and bring it back, with nobody at the keyboard.

It decodes nothing and writes nothing: what the radio said goes to a `Sink`, with the host's time.

Trouble is noticed in two ways, because the system does not report all of it: the link breaks off, or nothing comes
although the link stands (the Bluetooth service died, the device went mute).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from imu_hinge.errors import BluetoothOff, DeviceError, DeviceNotFound, HingeError, LinkLost
from imu_hinge.sensors.ble.link import Link
from imu_hinge.sensors.ble.scanner import Advertisement, Radio
from imu_hinge.sensors.ble.sink import CLOSED, CONNECTING, LOST, OFF, READY, SEARCHING, STREAMING, Sink
from imu_hinge.sensors.ble.watchdog import Watchdog
from imu_hinge.sensors.protocol import Driver, OnPacket, StreamRequest, StreamSettings
from imu_hinge.sensors.time_requests import Pinger, keep_pinging

log = logging.getLogger(__name__)

GRACE_S: Final = 0.25
"""Time to handle what already waits in the event loop, before silence is believed [s]."""

BACK_OFF_S: Final = (0.0, 0.5, 1.0, 2.0, 3.0)
"""Pause before each attempt to come back; the last is repeated [s]."""

STOP_S: Final = 2.5
"""Most seconds for telling the sensor to stop [s]."""

STEADY_S: Final = 10.0
"""A stream that ran this long was well; the pauses begin anew [s]."""

FIND_S: Final = 4.0
"""How long one attempt looks for the sensor [s]."""

BRING_UP_S: Final = 60.0
"""Most seconds for one attempt as a whole [s]."""

FIRST_TRIES: Final = 3
"""Attempts before the first connection is given up."""


@contextmanager
def understood(label: str) -> Iterator[None]:
    """Turn what a driver trips over into our error: a device nobody has seen yet must not end others' session."""
    try:
        yield
    except (HingeError, TimeoutError):
        raise
    except Exception as problem:
        raise DeviceError(
            f"{label} answered in a way that its driver does not know: {problem!r}. Update its firmware."
        ) from problem


class Stream:
    """Hold one sensor of a session, through any number of links.

    Parameters
    ----------
    sensor
        Its placement, or any other name without spaces.
    seen
        The device.
    driver
        Its family.
    sink
        Takes what the radio said.
    radio
        Shared by all sensors of the session.
    request
        Rate and ranges wanted.
    now_ns
        The host's clock [ns].
    """

    def __init__(
        self,
        sensor: str,
        seen: Advertisement,
        *,
        driver: Driver,
        sink: Sink,
        radio: Radio,
        request: StreamRequest | None = None,
        now_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self.sensor = sensor
        self.seen = seen
        self.driver = driver
        self.state = CONNECTING
        self.settings: StreamSettings | None = None
        self.battery_percent: int | None = None
        self._sink = sink
        self._radio = radio
        self._request = request or StreamRequest()
        self._now_ns = now_ns
        self._link: Link | None = None
        self._lost = asyncio.Event()
        self._tells_battery = True
        self._watchdog = Watchdog((), rate_hz=1.0, started_ns=now_ns())
        self._pinging: asyncio.Task[None] | None = None

    async def prepare(self) -> StreamSettings:
        """Connect and configure, for the first time; nothing streams yet.

        Raises
        ------
        DeviceError
            Where the device refuses, or did not answer `FIRST_TRIES` times.
        """
        for attempt in range(FIRST_TRIES):
            try:
                return await self._bring_up(find_again=attempt > 0)
            except (DeviceNotFound, LinkLost) as problem:
                await self._drop()
                if attempt == FIRST_TRIES - 1:
                    raise
                self._say(CONNECTING, str(problem))
                await asyncio.sleep(BACK_OFF_S[attempt + 1])
            except BaseException:
                await self._drop()
                raise
        raise AssertionError("unreachable")

    async def start(self) -> None:
        """Start the stream that `prepare` made ready; a link lost meanwhile is left to `keep`."""
        link, settings = self._link, self.settings
        if link is None or settings is None:
            raise DeviceError(f"{self.seen.label} is not connected. Call prepare() before start().")
        began_ns = self._now_ns()
        self._sink.stream(self.sensor, began_ns, self.seen, settings)
        watchdog = Watchdog(self.driver.parts(settings), rate_hz=settings.rate_hz, started_ns=began_ns)
        self._watchdog, receive = watchdog, self._receiver(link, settings, watchdog)
        try:
            with understood(self.seen.label):
                await self.driver.start(link, settings, receive)
        except LinkLost as problem:
            self._say(LOST, str(problem))
            self._lost.set()
        else:
            watchdog.started_ns = self._now_ns()  # a start may take seconds, which are no silence
            if isinstance(self.driver, Pinger):
                self._pinging = asyncio.create_task(keep_pinging(self.driver, link, receive))
            self._say(STREAMING, f"{self.seen.label} streams at {settings.rate_hz:g} Hz")

    async def keep(self) -> None:
        """Watch the stream and bring it back whenever it stops; returns only by being cancelled."""
        failures = 0
        while True:
            why = await self._trouble()
            if self._watchdog.last_ns() - self._watchdog.started_ns > STEADY_S * 1e9:
                failures = 0
            self._say(LOST, why)
            while self.state != STREAMING:
                await self._drop()
                await asyncio.sleep(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])
                failures += 1
                try:
                    await self._bring_up(find_again=True)
                    await self.start()
                except HingeError as problem:
                    self._say(OFF if isinstance(problem, BluetoothOff) else SEARCHING, str(problem))

    async def stop(self) -> None:
        """Stop the stream and close the link; nothing that goes wrong on the way is worth an error."""
        self._end_pings()
        if self._link is not None and self._link.is_open and self.settings is not None:
            try:
                async with asyncio.timeout(STOP_S):
                    await self.driver.stop(self._link, self.settings)
            except (HingeError, TimeoutError):
                pass  # the disconnect that follows stops every family's stream
        await self._drop()
        self._say(CLOSED, f"{self.seen.label} was stopped")

    async def _bring_up(self, *, find_again: bool) -> StreamSettings:
        """Connect, configure and ask for the charge; the link is new, the settings are the device's own."""
        try:
            async with asyncio.timeout(BRING_UP_S):
                if self.seen.rssi_dbm is None:
                    await self._end_old_link()
                if find_again or self.seen.rssi_dbm is None:
                    self.seen = await self._found()
                async with self._radio.turn():
                    self._say(CONNECTING, f"connecting to {self.seen.label}")
                    self._lost.clear()
                    link = self._link = Link(self.seen.handle, self.seen.label, on_lost=self._lost.set)
                    await link.open()
                with understood(self.seen.label):
                    self.settings = await self.driver.configure(link, self._request)
                    await self._ask_battery(link)
        except TimeoutError as problem:
            raise DeviceError(f"{self.seen.label} took longer than {BRING_UP_S:g} s. Restart it.") from problem
        log.info("%s agreed to %s", self.sensor, self.settings)
        self._say(READY, f"{self.seen.label} is ready")
        return self.settings

    async def _found(self) -> Advertisement:
        """Look for the device again: an old handle may point to nothing once the Bluetooth service was restarted."""
        address = self.seen.address
        scanned = await self._radio.scan(FIND_S, until=lambda seen: address in seen)
        for seen in (*scanned, *([] if any(s.address == address for s in scanned) else await self._radio.connected())):
            if seen.address == address:
                return seen
        raise DeviceNotFound(
            f"{self.seen.label} is not there: switched off, out of range or taken by a phone. Bring it closer."
        )

    async def _end_old_link(self) -> None:
        """End a link that a program which crashed left behind: what still runs on it cannot be known."""
        old = Link(self.seen.handle, self.seen.label)
        async with self._radio.turn():
            with suppress(DeviceError):
                await old.open()
            await old.close()

    async def _ask_battery(self, link: Link) -> None:
        if not self._tells_battery:
            return
        try:
            self.battery_percent = await self.driver.battery(link)
        except LinkLost:
            raise
        except HingeError:
            self._tells_battery = False  # it still measures
            return
        if self.battery_percent is not None:
            self._sink.battery(self.sensor, self._now_ns(), self.battery_percent)

    def _receiver(self, link: Link, settings: StreamSettings, watchdog: Watchdog) -> OnPacket:
        """Return what takes a notification inside the radio's callback: it stamps it and passes it on."""
        now_ns, sink, part_of = self._now_ns, self._sink, self.driver.part_of

        def receive(characteristic: str, payload: bytes) -> None:
            host_ns = now_ns()
            if self._link is not link:
                return
            watchdog.heard(part_of(settings, characteristic, payload), host_ns)
            sink.packet(self.sensor, host_ns, characteristic, payload)

        return receive

    async def _trouble(self) -> str:
        """Wait until the stream stops, and return why."""
        watchdog = self._watchdog
        while not self._lost.is_set():
            left_ns = watchdog.due_ns() - self._now_ns()
            if left_ns <= 0:
                await asyncio.sleep(GRACE_S)
                silent = watchdog.silent(self._now_ns())
                if silent:
                    return f"{self.seen.label} {watchdog.describe(silent, self._now_ns())}"
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._lost.wait(), left_ns * 1e-9)
        return f"the link to {self.seen.label} broke off"

    async def _drop(self) -> None:
        self._end_pings()
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    def _end_pings(self) -> None:
        if self._pinging is not None:
            self._pinging.cancel()
            self._pinging = None

    def _say(self, state: str, message: str) -> None:
        self.state = state
        log.info("%s %s: %s", self.sensor, state, message)
        self._sink.link(self.sensor, self._now_ns(), state, message)
