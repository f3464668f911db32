"""Write a file or a folder whole or not at all: beside its place, to the disk, and then into its place in one step.

It decides nothing about what is written. What a killed program left beside a place goes when that is written again.
"""

from __future__ import annotations

import ctypes
import glob
import os
import secrets
import shutil
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from imu_hinge.files import refuse_special

PART: Final = ".part"

_NAME_LETTERS: Final = 40
"""Letters of the place's name in that of its part: 255 bytes are all that a name may have."""

_AT_FDCWD: Final = -100  # <fcntl.h>: a relative path begins at the working directory
_RENAME_EXCHANGE: Final = 2  # <linux/fs.h>: both names stay, and change their files


def write_whole(path: Path, content: bytes, *, follow: bool = True) -> Path:
    """Put the content at the path in one step, on the disk before its name is.

    Parameters
    ----------
    path
    content
    follow
        Whether a link's target is replaced: where a person named the link, not where it lies in a recording.

    Raises
    ------
    OSError
        Where it cannot be written, or what stands there is a device, a pipe or (unless followed) a link; it is as it
        was.
    """
    place = place_of(path) if follow else path
    refuse_special(place)
    with part_beside(place) as part:
        with open(part, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, place)
        sync_folder(place.parent)
    return path


def place_of(path: Path) -> Path:
    """Return where the path leads: through a link, to what is to be replaced; an impossible name stays as it is."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:
        return path


@contextmanager
def part_beside(place: Path) -> Iterator[Path]:
    """Give a name beside the place for what is to take it; whatever has that name at the end goes."""
    restore_beside(place)
    clear_beside(place)
    part = place.with_name(f"{_mark(place)}{_host()}-{os.getpid()}-{secrets.token_hex(4)}{PART}")
    try:
        yield part
    finally:
        remove(part)
        remove(_old(place)) if os.path.lexists(place) else restore_beside(place)


def clear_beside(place: Path) -> None:
    """Remove what programs that were killed while they wrote to this place left beside it."""
    with suppress(OSError, ValueError):
        if os.path.lexists(place):
            remove(_old(place))
        for left in place.parent.glob(f"{glob.escape(_mark(place))}{_host()}-*-*{PART}"):
            pid = left.name.removeprefix(_mark(place)).split("-")[1]
            if pid.isdigit() and not _is_running(int(pid)):
                remove(left)


def put_folder(part: Path, place: Path) -> None:
    """Give a finished folder the name of its place; a folder that stands there is exchanged with it in one step.

    Where names cannot be exchanged the old folder is renamed first, and `restore_beside` undoes that after a stop
    between the two. What stood there has the part's name afterwards.

    Raises
    ------
    OSError
        Where it cannot be done; what stood there stands there still.
    """
    if not os.path.lexists(place):
        part.rename(place)
    else:
        try:
            exchange(part, place)
        except OSError:
            old = _old(place)
            remove(old)
            try:
                place.rename(old)
                part.rename(place)
            except BaseException:
                restore_beside(place)
                raise
            old.rename(part)
    sync_folder(place.parent)


def restore_beside(place: Path) -> None:
    """Give a folder back its name where a program was killed while it was being replaced."""
    with suppress(OSError, ValueError):
        old = _old(place)
        if old.is_dir() and not os.path.lexists(place):
            old.rename(place)


def exchange(first: Path, second: Path) -> None:
    """Exchange two names in one step, so that a stop in the middle leaves either the one or the other.

    Raises
    ------
    OSError
        Where there is nothing at one of them, or the system or the disk cannot do it.
    """
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if os.name == "posix" else None
    if rename is None:
        raise OSError("this system exchanges no names")
    if rename(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(first))


def sync_file(path: Path) -> None:
    """Make sure that a file's content is on the disk."""
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder survive a power cut, where the system can (POSIX)."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file or a folder, as far as it goes; one request to end in the middle of it waits for that."""
    try:
        _remove(path)
    except BaseException:
        _remove(path)
        raise


def _remove(path: Path) -> None:
    with suppress(OSError, ValueError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _old(place: Path) -> Path:
    return place.with_name(f".{place.name}.replaced-by-imu-hinge")


def _mark(place: Path) -> str:
    return f".{place.name[:_NAME_LETTERS]}."


def _host() -> str:
    """Name this computer in four letters: on a shared disk another one's process numbers say nothing here."""
    return f"{zlib.crc32(socket.gethostname().encode()) & 0xFFFF:04x}"


def _is_running(pid: int) -> bool:
    if os.name != "posix":
        return True  # there a signal of 0 would end the process; what was left stays
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
