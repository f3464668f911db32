"""Take what the radio says: journal it, decode it, and know how each sensor does.

It talks to no radio and draws nothing; `record_session` and `status` do.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from imu_hinge import __version__
from imu_hinge.athlete import Athlete
from imu_hinge.atomic_file import write_whole
from imu_hinge.model import Samples, check_exercise, check_placement
from imu_hinge.plan import Plan, plan_text
from imu_hinge.recovery.decode import SensorDecoder
from imu_hinge.sensors.ble.scanner import Advertisement
from imu_hinge.sensors.ble.sink import STREAMING
from imu_hinge.sensors.clock.live_mapping import LiveClock
from imu_hinge.sensors.protocol import StreamSettings
from imu_hinge.storage import journal as jn
from imu_hinge.storage.beside import PLAN

log = logging.getLogger(__name__)

RATE_WINDOW_S: Final = 2.0
"""The rate shown is that of the last seconds [s]."""

STILL_WINDOW_S: Final = 0.5  # chosen: enough samples for a spread, and shown at once
STILL_ACC_MPS2: Final = 0.25  # 25 mg, some times a cheap sensor's noise
STILL_GYR_RADPS: Final = 0.06
"""Below this spread of each axis over the window the sensor is called still, for the status line only."""

GATHER_S: Final = 0.05
"""Notifications are decoded together that come within this: one at a time costs twice as much [s]."""

OnSamples = Callable[[str, Samples], None]
"""Takes placement and that sensor's new samples, in order of time."""


@dataclass(frozen=True, slots=True)
class Session:
    """Hold what is known about a session before it begins.

    Parameters
    ----------
    athlete
    exercise
        ``auto`` or one of `conventions.EXERCISES`.
    load_kg
        The bar with its plates.
    note
        Free text.
    plan
        What is meant to be lifted; it is kept beside the journal.
    """

    athlete: Athlete | None = None
    exercise: str = "auto"
    load_kg: float | None = None
    note: str = ""
    plan: Plan = ()

    def __post_init__(self) -> None:
        check_exercise(self.exercise)

    def as_values(self) -> dict[str, Any]:
        """Return the session as plain values that JSON can hold."""
        known = None if self.athlete is None else asdict(self.athlete)
        return {
            "athlete": None if known is None else {k: v for k, v in known.items() if v not in (None, "", {})},
            "exercise": self.exercise,
            "load_kg": self.load_kg,
            "note": self.note,
        }


@dataclass(slots=True)
class SensorStatus:
    """Hold how one sensor does now; what the status line shows.

    Parameters
    ----------
    state, message
        Of the link.
    device, name, address
        Name with address, for people; each alone.
    battery_percent
        None where it does not tell.
    nominal_hz
        The rate the device agreed to.
    received, lost
        Samples so far.
    bad_packets
        Notifications that broke their format.
    tells_loss
        Whether the device's time or numbers show what was lost on the air.
    """

    state: str = "connecting"
    message: str = ""
    device: str = ""
    name: str = ""
    address: str = ""
    battery_percent: int | None = None
    nominal_hz: float = 0.0
    received: int = 0
    lost: int = 0
    bad_packets: int = 0
    tells_loss: bool = True
    _recent: deque[tuple[int, Samples]] = field(default_factory=deque, init=False)

    def take(self, host_ns: int, samples: Samples, *, lost: int) -> None:
        """Add new samples.

        Parameters
        ----------
        host_ns
            When they arrived, by ``time.perf_counter_ns()`` [ns].
        samples
        lost
            How many the device says it lost before them.
        """
        self.received += len(samples)
        self.lost += lost
        self._recent.append((host_ns, samples))
        while self._recent[0][0] < host_ns - RATE_WINDOW_S * 1e9:
            self._recent.popleft()

    def rate_hz(self, now_ns: int) -> float:
        """Return samples per second over the last seconds; 0 where nothing came."""
        since_ns = now_ns - round(RATE_WINDOW_S * 1e9)
        recent = [(t, len(samples)) for t, samples in self._recent if t >= since_ns]
        if len(recent) < 2:
            return 0.0
        return sum(n for _, n in recent[1:]) / max((now_ns - recent[0][0]) * 1e-9, 1e-3)

    def is_still(self, now_ns: int) -> bool | None:
        """Tell whether the sensor rests; None where nothing came of late."""
        since_ns = now_ns - round(STILL_WINDOW_S * 1e9)
        parts = [samples for t, samples in self._recent if t >= since_ns and len(samples)]
        if sum(len(part) for part in parts) < 5:
            return None
        acc, gyr = np.concatenate([p.acc for p in parts]), np.concatenate([p.gyr for p in parts])
        return bool((acc.std(axis=0) < STILL_ACC_MPS2).all() and (gyr.std(axis=0) < STILL_GYR_RADPS).all())

    @property
    def loss(self) -> float | None:
        """Share of samples lost on the air so far; None where the device does not tell."""
        return self.lost / max(self.lost + self.received, 1) if self.tells_loss else None


class Recorder:
    """Be the `Sink` of a session's streams.

    Parameters
    ----------
    folder
        Of the recording; its journal is made by `begin`.
    session
        Written at the head of the journal.
    now_ns
        The host's clock [ns].
    on_samples
        Called with each sensor's new samples as they are decoded.
    """

    def __init__(
        self, folder: str | Path, session: Session, *, now_ns: Callable[[], int], on_samples: OnSamples | None = None
    ) -> None:
        self.folder = Path(folder)
        self.status: dict[str, SensorStatus] = {}
        self.journal: jn.JournalWriter | None = None
        self.origin_ns = now_ns()
        self.has_streamed = False
        self._session = session
        self._now_ns = now_ns
        self._on_samples = on_samples
        self._streams: dict[str, dict[str, Any]] = {}
        self._decoders: dict[str, SensorDecoder] = {}
        self._clocks: dict[str, LiveClock] = {}
        self._waiting: deque[tuple[str, int, str, bytes | StreamSettings]] = deque()
        self._has_waiting = asyncio.Event()
        self._undecoded = ""

    def begin(self) -> None:
        """Make the folder and its journal; the timeline's zero is now."""
        self.origin_ns = self._now_ns()
        self.journal = jn.JournalWriter(self.folder / jn.FILE_NAME)
        head = {
            "journal": jn.SCHEMA,
            "written_by": f"imu_hinge {__version__}",
            "started_utc": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "origin_ns": self.origin_ns,
        }
        self.journal.note(jn.SESSION, self.origin_ns, "", head | self._session.as_values())
        if self._session.plan:
            write_whole(self.folder / PLAN, plan_text(self._session.plan).encode(), follow=False)

    def stream(self, sensor: str, host_ns: int, seen: Advertisement, settings: StreamSettings) -> None:
        """Note that a stream begins or goes on."""
        values = {"device": seen.label, "name": seen.name, "address": seen.address, "settings": settings.as_dict()}
        self._streams[sensor] = values
        self._note(jn.STREAM, host_ns, sensor, values)
        self._wait((sensor, host_ns, "", settings))

    def packet(self, sensor: str, host_ns: int, characteristic: str, payload: bytes) -> None:
        """Journal one notification and leave it to `decode`."""
        if self.journal is not None:
            self.journal.packet(host_ns, sensor, characteristic, payload)
        self._wait((sensor, host_ns, characteristic, payload))

    def link(self, sensor: str, host_ns: int, state: str, message: str) -> None:
        """Note a change of the link."""
        status = self._status(sensor)
        status.state, status.message = state, message
        self.has_streamed = self.has_streamed or state == STREAMING
        self._note(jn.LINK, host_ns, sensor, {"state": state, "message": message})

    def battery(self, sensor: str, host_ns: int, percent: int) -> None:
        """Note the charge."""
        self._status(sensor).battery_percent = percent
        self._note(jn.BATTERY, host_ns, sensor, {"percent": percent})

    async def decode(self) -> None:
        """Decode what comes, as it comes; returns only by being cancelled."""
        while True:
            await self._has_waiting.wait()
            await asyncio.sleep(GATHER_S)
            self.decode_waiting()

    def decode_waiting(self) -> None:
        """Decode what waits."""
        self._has_waiting.clear()
        while self._waiting:
            sensor, host_ns, characteristic, content = self._waiting.popleft()
            try:
                if isinstance(content, StreamSettings):
                    self._adopt(sensor, content)
                else:
                    self._decode(sensor, host_ns, characteristic, content)
            except Exception as problem:  # the journal has it: what is shown may fail, what is saved must not
                if not self._undecoded:
                    log.exception("%s cannot be decoded", sensor)
                self._undecoded = f"NOT SHOWN, but saved: what {sensor} sends cannot be decoded ({problem!r})"

    @property
    def problem(self) -> str:
        """What keeps the journal from the disk, or packets from being shown, in words; empty where nothing does."""
        trouble = self.journal.problem if self.journal is not None else None
        return self._undecoded if trouble is None else f"NOT SAVED: {trouble.strerror or trouble}"

    def close(self) -> None:
        """Write the end of the journal; raises `RecordingError` where the disk did not take all of it."""
        if self.journal is not None:
            self.journal.note(jn.END, self._now_ns(), "", {"streams": self._streams})
            self.journal.close()

    def _adopt(self, sensor: str, settings: StreamSettings) -> None:
        status = self._status(sensor)
        values = self._streams[sensor]
        status.device, status.name, status.address = values["device"], values["name"], values["address"]
        status.nominal_hz, status.tells_loss = settings.rate_hz, settings.tells_loss
        if sensor in self._decoders:
            self._decoders[sensor].resume(settings)
        else:
            self._decoders[sensor] = SensorDecoder(settings)
            self._clocks[sensor] = LiveClock(settings, origin_ns=self.origin_ns)

    def _decode(self, sensor: str, host_ns: int, characteristic: str, payload: bytes) -> None:
        decoder, clock, status = self._decoders[sensor], self._clocks[sensor], self.status[sensor]
        reply = decoder.reply(host_ns, characteristic, payload)
        if reply is not None:
            clock.ping(reply)
        for block in decoder.feed(characteristic, payload):
            samples = clock.feed(block, host_ns)
            status.take(host_ns, samples, lost=block.lost or 0)
            if self._on_samples is not None and len(samples):
                self._on_samples(sensor, samples)
        status.bad_packets = decoder.bad_packets

    def _status(self, sensor: str) -> SensorStatus:
        if sensor not in self.status:
            check_placement(sensor)
            self.status[sensor] = SensorStatus()
        return self.status[sensor]

    def _note(self, kind: str, host_ns: int, sensor: str, values: Mapping[str, Any]) -> None:
        if self.journal is not None:
            self.journal.note(kind, host_ns, sensor, values)

    def _wait(self, item: tuple[str, int, str, bytes | StreamSettings]) -> None:
        self._waiting.append(item)
        self._has_waiting.set()
