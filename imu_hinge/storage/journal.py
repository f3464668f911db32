"""Keep what the radio said: an append-only journal of raw notifications that outlives a crash, and its reader.

It knows nothing of sensors or decoders: settings are plain values to it, and packets are bytes.

One entry per line, so that a destroyed stretch costs only the lines it touches::

    <crc32 of the rest, 8 hex digits> <number> <host time ns> <sensor or -> <kind> <body>

``packet`` has the characteristic and the bytes in hex as its body; every other kind has one JSON object. Numbers grow
by one, so that what is missing can be counted. Times are ``time.perf_counter_ns()``, fine on every system.
Lines end with LF alone; CR LF is read too, as early versions wrote on Windows.
"""

from __future__ import annotations

import io
import json
import os
import threading
import zlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from imu_hinge.atomic_file import sync_folder
from imu_hinge.errors import NewerSchema, RecordingError
from imu_hinge.files import parse_json, read_regular, reason
from imu_hinge.settings import LIMITS, LimitSettings
from imu_hinge.text import quoted

FILE_NAME: Final = "journal.txt"
"""Name of the journal inside a recording's folder."""

SCHEMA: Final = 1
"""Of the journal; grows when a reader must change."""

_LONGEST_NUMBER: Final = 19
"""Digits of a number or a host time: 64 bits hold no more."""

FLUSH_S: Final = 0.5
"""Most seconds that an entry waits in memory before it is on the disk [s]."""

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
"""How a journal is opened; without O_BINARY Windows would write CR LF, and no checksum would hold."""

SESSION: Final = "session"
"""First entry: schema, software, wall-clock time, athlete, exercise, load, note."""

STREAM: Final = "stream"
"""A sensor's stream begins or goes on: family and settings, device name and address."""

PACKET: Final = "packet"
LINK: Final = "link"
"""Something happened to the link: state and message."""

BATTERY: Final = "battery"

END: Final = "end"
"""Last entry of a recording that was stopped: the streams once more, in case their own entries get destroyed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold one line of the journal.

    Parameters
    ----------
    number
        Grows by one.
    host_ns
        By ``time.monotonic_ns()``.
    sensor
        Which; may be empty.
    kind
        One of those above.
    characteristic, payload
        Of a packet.
    values
        Of any other kind.
    """

    number: int
    host_ns: int
    sensor: str
    kind: str
    characteristic: str = ""
    payload: bytes = b""
    values: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """Hold one destroyed stretch of a journal.

    Parameters
    ----------
    entries
        Entries missing; None at the torn end, where nobody knows how many there would have been.
    size
        Bytes that could not be read [byte].
    after_ns, before_ns
        Host time of the last good entry before and the first after; None at the ends of the file [ns].
    """

    entries: int | None
    size: int
    after_ns: int | None
    before_ns: int | None

    def __str__(self) -> str:
        if self.before_ns is None:
            return f"the end is torn: {self.size} bytes of the last line could not be read"
        what = "an unknown number of" if self.entries is None else str(self.entries)
        if self.after_ns is None:
            return f"{what} entries at the beginning ({self.size} bytes)"
        return f"{what} entries ({self.size} bytes) within {(self.before_ns - self.after_ns) * 1e-9:.3f} s"


@dataclass(frozen=True, slots=True)
class Journal:
    """Hold a journal as far as it can be read, and what of it cannot."""

    entries: tuple[Entry, ...]
    losses: tuple[Loss, ...]

    @property
    def session(self) -> Mapping[str, Any]:
        """Values of the session entry; empty where it was destroyed."""
        return next((e.values for e in self.entries if e.kind == SESSION and e.values is not None), {})


class JournalWriter:
    """Append entries to a new journal; a thread of its own writes and syncs them every half second.

    `packet` and `note` only put the entry in a queue, so they may be called from a radio's callback, and what they
    were given reaches the disk even while the event loop is busy. Where the disk refuses (full, pulled out) entries
    wait in memory, `problem` says why, and every half second it is tried again.

    Parameters
    ----------
    path
        The file; it must not exist.
    flush_s
        Seconds between two writes.

    Raises
    ------
    RecordingError
        Where the file exists or cannot be made.
    """

    def __init__(self, path: str | Path, *, flush_s: float = FLUSH_S) -> None:
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, _NEW, 0o644)
        except FileExistsError as problem:
            raise RecordingError(f"{self.path} exists already and is kept. Record into another folder.") from problem
        except OSError as problem:
            raise RecordingError(
                f"The journal {self.path} cannot be written: {problem.strerror}. Choose another folder."
            ) from problem
        sync_folder(self.path.parent)
        self._flush_s = flush_s
        self._queue: deque[tuple[int, str, str, str | Mapping[str, Any], bytes]] = deque()
        self._number = 0
        self._unwritten = bytearray()
        self._problem: OSError | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @property
    def problem(self) -> OSError | None:
        """Why the last write did not succeed, or None."""
        return self._problem

    def packet(self, host_ns: int, sensor: str, characteristic: str, payload: bytes) -> None:
        """Append one notification; returns at once.

        Parameters
        ----------
        host_ns
            When it arrived, by ``time.monotonic_ns()`` [ns].
        sensor
            Which.
        characteristic
            UUID.
        payload
            As it came.
        """
        self._queue.append((host_ns, sensor, PACKET, characteristic, bytes(payload)))

    def note(self, kind: str, host_ns: int, sensor: str, values: Mapping[str, Any]) -> None:
        """Append one entry of another kind.

        Parameters
        ----------
        kind
            One of those above, but `PACKET`.
        host_ns
            By ``time.monotonic_ns()`` [ns].
        sensor
            Which; may be empty.
        values
            What JSON can hold.
        """
        self._queue.append((host_ns, sensor, kind, dict(values), b""))

    def close(self) -> None:
        """Write what is left and close the file.

        Raises
        ------
        RecordingError
            Where the disk did not take the rest; what it took before stays readable.
        """
        if self._closing.is_set():
            return
        self._closing.set()
        self._thread.join()
        os.close(self._file)
        if self._problem is not None:
            raise RecordingError(
                f"The last {len(self._unwritten)} bytes of {self.path} could not be saved: {self._problem.strerror}. "
                f"Free the disk, then run: imu-hinge repair {self.path.parent}"
            ) from self._problem

    def _run(self) -> None:
        self._save()
        while not self._closing.wait(self._flush_s):
            self._save()
        self._save()

    def _save(self) -> None:
        while self._queue:
            self._unwritten += _line(self._number, *self._queue.popleft())
            self._number += 1
        try:
            if self._unwritten:
                while self._unwritten:
                    written = os.write(self._file, self._unwritten)
                    del self._unwritten[:written]
                os.fsync(self._file)
            self._problem = None
        except OSError as problem:
            self._problem = problem


def read_journal(path: str | Path, *, limits: LimitSettings = LIMITS) -> Journal:
    """Read a journal as far as it is whole; never raises for what was destroyed, but says what is missing.

    Parameters
    ----------
    path
        The file, or the folder it is in.
    limits
        A journal larger than ``text_bytes`` is not read.

    Raises
    ------
    RecordingError
        Where there is no such file, or it is no regular file.
    NewerSchema
        Where a newer version of this package wrote it.
    """
    path = Path(path)
    path = path / FILE_NAME if os.path.isdir(path) else path
    try:
        data = read_regular(path, follow=False, limit=limits.text_bytes)
    except OSError as problem:
        raise RecordingError(
            f"There is no readable journal {path}: {reason(problem)}. Give the folder of a recording made by "
            "imu-hinge record."
        ) from problem
    entries: list[Entry] = []
    losses: list[Loss] = []
    destroyed = 0
    for line in io.BytesIO(data):
        is_whole = len(line) > 9 and line.endswith(b"\n")  # the last may be torn
        entry = _entry(line[:-1].removesuffix(b"\r")) if is_whole else None
        if entry is None:
            destroyed += len(line)
            continue
        _note_loss(losses, entries[-1] if entries else None, entry, destroyed)
        destroyed = 0
        entries.append(entry)
    if destroyed:
        losses.append(Loss(None, destroyed, entries[-1].host_ns if entries else None, None))
    journal = Journal(tuple(entries), tuple(losses))
    schema = journal.session.get("journal", SCHEMA)
    if not isinstance(schema, int) or schema > SCHEMA:
        raise NewerSchema(
            f"{path} has journal version {quoted(schema)}; this program reads {SCHEMA}. Update imu-hinge."
        )
    return journal


def _note_loss(losses: list[Loss], before: Entry | None, entry: Entry, destroyed: int) -> None:
    """Add a loss where bytes before ``entry`` were destroyed or numbers are missing."""
    missing = entry.number - (before.number + 1 if before is not None else 0)
    if destroyed or missing:
        count = missing if missing > 0 else None
        losses.append(Loss(count, destroyed, before.host_ns if before is not None else None, entry.host_ns))


def _line(number: int, host_ns: int, sensor: str, kind: str, body: str | Mapping[str, Any], payload: bytes) -> bytes:
    text = f"{body} {payload.hex()}" if isinstance(body, str) else json.dumps(body, sort_keys=True)
    rest = f"{number} {host_ns} {sensor or '-'} {kind} {text}".encode()
    return b"%08x %s\n" % (zlib.crc32(rest), rest)


def as_line(entry: Entry) -> bytes:
    """Return an entry as the line that a journal holds of it."""
    body: str | Mapping[str, Any] = entry.characteristic if entry.kind == PACKET else entry.values or {}
    return _line(entry.number, entry.host_ns, entry.sensor, entry.kind, body, entry.payload)


def _entry(line: bytes) -> Entry | None:
    """Return the entry of one line, or None where the line was destroyed."""
    checksum, _, rest = line.partition(b" ")
    try:
        if len(checksum) != 8 or int(checksum, 16) != zlib.crc32(rest):
            return None
        number, host_ns, sensor, kind, body = rest.decode().split(" ", 4)
        if max(len(number), len(host_ns)) > _LONGEST_NUMBER:
            return None
        name = "" if sensor == "-" else sensor
        if kind == PACKET:
            characteristic, _, payload = body.partition(" ")
            return Entry(int(number), int(host_ns), name, kind, characteristic, bytes.fromhex(payload))
        values = parse_json(body)
        return Entry(int(number), int(host_ns), name, kind, values=values if isinstance(values, dict) else {})
    except ValueError:
        return None
