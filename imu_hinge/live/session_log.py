"""Keep a log beside a journal: what the radio, the sensors and the program did, for who has to find out why.

It decides nothing about what is logged: every room logs under its own name below ``imu_hinge``, and nothing is shown
or kept unless somebody asks for it here.
"""

from __future__ import annotations

import logging
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from logging.handlers import MemoryHandler
from pathlib import Path
from typing import Final

from imu_hinge import __version__

FILE_NAME: Final = "log.txt"
"""Name of the log inside a recording's folder."""

ROOT: Final = "imu_hinge"

MOST_BYTES: Final = 20_000_000
"""Chosen: a log that a fault fills all night takes no more [byte]."""

MOST_WAITING: Final = 10_000
"""Chosen: entries that are kept in memory while sensors are looked for; minutes of it make some hundreds."""

_FORM: Final = "%(asctime)s.%(msecs)03d %(levelname)s %(name)s: %(message)s"
_TIME_FORM: Final = "%Y-%m-%dT%H:%M:%S"

log = logging.getLogger(__name__)


class _LimitedFile(logging.FileHandler):
    """Write to a file until it is as large as a log may be; a disk that refuses never stops a recording."""

    def emit(self, record: logging.LogRecord) -> None:
        if self.stream is None or self.stream.tell() < MOST_BYTES:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # logging's own name
        """Do nothing: the journal says that the disk is full."""


def versions() -> dict[str, str]:
    """Return what a fault may depend on: versions of this program, of Python, of the system, of the radio's library."""
    found = {"imu-hinge": __version__, "python": sys.version.split()[0], "system": platform.platform()}
    for name in ("bleak", "numpy", "numba", "pandas", "matplotlib"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


class SessionLog:
    """Keep what is logged in memory until the recording has a folder, then in a file there."""

    def __init__(self) -> None:
        self._handler = MemoryHandler(MOST_WAITING, flushLevel=logging.CRITICAL + 1, flushOnClose=False)

    def write_to(self, folder: Path) -> None:
        """Write what was logged and what is logged from now on; where that cannot be, nothing is."""
        try:
            file = _LimitedFile(folder / FILE_NAME, mode="x", encoding="utf-8", errors="backslashreplace")
        except OSError as problem:
            log.info("no log is kept: %s", problem)
            return
        file.setFormatter(logging.Formatter(_FORM, _TIME_FORM))
        self._handler.setTarget(file)
        self._handler.flush()
        self._handler.flushLevel = logging.DEBUG

    def close(self) -> None:
        """Close the file, where there is one."""
        if self._handler.target is not None:
            self._handler.target.close()
        self._handler.close()


@contextmanager
def session_log() -> Iterator[SessionLog]:
    """Log everything while it lasts."""
    kept = SessionLog()
    with _logging_to(kept._handler):
        log.info("%s", ", ".join(f"{name} {version}" for name, version in versions().items()))
        try:
            yield kept
        finally:
            kept.close()


@contextmanager
def logging_to_terminal() -> Iterator[None]:
    """Show everything on the error stream."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_FORM, _TIME_FORM))
    with _logging_to(handler):
        yield


@contextmanager
def _logging_to(handler: logging.Handler) -> Iterator[None]:
    root = logging.getLogger(ROOT)
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
