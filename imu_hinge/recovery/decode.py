"""Turn what the radio said into samples, the same way while it comes and from a journal.

It neither reads nor writes files.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from imu_hinge.errors import HingeError, PacketError, RecordingError
from imu_hinge.model import Samples
from imu_hinge.sensors.clock.live_mapping import Arrived, ClockReport, LiveClock
from imu_hinge.sensors.clock.offline_mapping import place
from imu_hinge.sensors.drivers.catalog import driver_for
from imu_hinge.sensors.protocol import Decoded, Decoder, StreamSettings
from imu_hinge.sensors.time_requests import Pinger, TimeReplies, TimeReply
from imu_hinge.storage.journal import END, PACKET, STREAM, Entry
from imu_hinge.text import one_line, quoted


class SensorDecoder:
    """Decode one sensor's packets through any number of links.

    Parameters
    ----------
    settings
        What the device agreed to at first.
    """

    def __init__(self, settings: StreamSettings) -> None:
        self.settings = settings
        self.bad_packets = 0
        driver = driver_for(settings.family)
        self._decoder: Decoder = driver.decoder(settings)
        self._replies = TimeReplies(driver) if isinstance(driver, Pinger) else None

    def resume(self, settings: StreamSettings) -> None:
        """Go on after the link was lost."""
        self.settings = settings
        self._decoder.resume(settings)

    def feed(self, characteristic: str, payload: bytes) -> list[Decoded]:
        """Decode one notification; one that breaks the format is counted, and shows as a loss in the next."""
        try:
            return self._decoder.feed(characteristic, payload)
        except Exception:  # whatever a device sends: the journal keeps the bytes, a mended decoder can read them
            self.bad_packets += 1
            return []

    def reply(self, host_ns: int, characteristic: str, payload: bytes) -> TimeReply | None:
        """Return the ping that a packet completes; None for any other packet.

        Parameters
        ----------
        host_ns
            When it arrived, or was sent, by the journal's clock [ns].
        characteristic
            UUID.
        payload
        """
        try:
            return None if self._replies is None else self._replies.take(host_ns, characteristic, payload)
        except PacketError:
            return None


@dataclass(slots=True)
class Track:
    """Hold one sensor's decoded blocks with their arrival, and what it was.

    Parameters
    ----------
    decoder
        Its decoder, with the settings in force at the end.
    device
        Name and address, for people.
    arrived
        Blocks in the order of arrival.
    replies
        Answered pings, each with how many blocks had arrived before it.
    packets
        Notifications decoded.
    """

    decoder: SensorDecoder
    device: str
    arrived: list[Arrived] = field(default_factory=list)
    replies: list[tuple[int, TimeReply]] = field(default_factory=list)
    packets: int = 0

    def samples(self, *, origin_ns: int, as_live: bool = False) -> tuple[Samples, ClockReport]:
        """Return the samples on the host's timeline, with what was found about the sensor's clock.

        Parameters
        ----------
        origin_ns
            Host time that becomes zero.
        as_live
            Give the very times that were shown live, instead of the better ones that all arrivals together give.
        """
        if not as_live:
            replies = [reply for _, reply in self.replies]
            return place(self.arrived, self.decoder.settings, origin_ns=origin_ns, replies=replies)
        clock, parts, pings = LiveClock(self.decoder.settings, origin_ns=origin_ns), [], deque(self.replies)
        for number, item in enumerate(self.arrived):
            while pings and pings[0][0] <= number:
                clock.ping(pings.popleft()[1])
            parts.append(clock.feed(item.block, item.arrival_ns))
        return joined(parts), clock.report


def tracks(entries: Iterable[Entry]) -> dict[str, Track]:
    """Decode a journal's packets by sensor; packets whose settings were destroyed use the next that are whole."""
    entries = list(entries)
    found: dict[str, Track] = {}
    for sensor, stream in _first_streams(entries):
        if sensor not in found:
            found[sensor] = _track(sensor, stream)
    begun: set[str] = set()
    for entry in entries:
        track = found.get(entry.sensor)
        if track is None:
            continue
        if entry.kind == STREAM and entry.values is not None:
            if entry.sensor in begun:
                with _understood(entry.sensor):
                    track.decoder.resume(StreamSettings.from_dict(entry.values["settings"]))
            begun.add(entry.sensor)
        elif entry.kind == PACKET:
            begun.add(entry.sensor)
            track.packets += 1
            blocks = track.decoder.feed(entry.characteristic, entry.payload)
            reply = track.decoder.reply(entry.host_ns, entry.characteristic, entry.payload)
            if reply is not None:
                track.replies.append((len(track.arrived), reply))
            track.arrived.extend(Arrived(entry.host_ns, block) for block in blocks)
    return found


def joined(parts: Iterable[Samples]) -> Samples:
    """Return the samples of several blocks as one; no block gives empty samples."""
    import numpy as np

    parts = list(parts)
    if not parts:
        return Samples(np.empty(0), np.empty((0, 3)), np.empty((0, 3)))
    return Samples(
        np.concatenate([part.time_s for part in parts]),
        np.concatenate([part.acc for part in parts]),
        np.concatenate([part.gyr for part in parts]),
        np.concatenate([part.flags for part in parts]),
    )


def _first_streams(entries: Iterable[Entry]) -> Iterable[tuple[str, Any]]:
    """Yield sensor and stream, its settings and its device, of every stream entry, then of the end entry."""
    for entry in entries:
        if entry.kind == STREAM and entry.values is not None:
            yield entry.sensor, entry.values
        elif entry.kind == END and entry.values is not None:
            streams = entry.values.get("streams")
            yield from streams.items() if isinstance(streams, dict) else ()


def _track(sensor: str, stream: Any) -> Track:
    with _understood(sensor):
        settings = StreamSettings.from_dict(stream["settings"])
        return Track(SensorDecoder(settings), one_line(str(stream.get("device", ""))))


@contextmanager
def _understood(sensor: str) -> Iterator[None]:
    """Turn whatever a stream entry lacks into one sentence: its checksum holds, so a program wrote it so."""
    try:
        yield
    except HingeError:
        raise
    except Exception as problem:  # every family reads other details, and any of them may be of another kind
        raise RecordingError(
            f"The journal's settings of {quoted(sensor)} cannot be used ({type(problem).__name__}: {problem}). "
            "Read it with the version of imu-hinge that wrote it."
        ) from problem
