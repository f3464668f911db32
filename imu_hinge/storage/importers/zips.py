"""Read the texts in a zip, as far as an honest one goes: number, size, packing and whole are checked before and while.

It knows no app's format and writes nothing to the disk.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from imu_hinge.errors import RecordingError
from imu_hinge.files import open_regular, reason
from imu_hinge.settings import LimitSettings
from imu_hinge.text import quoted

_ENTRY_BYTES: Final = 512
"""The directory of a zip takes less than this per member: 46 bytes, a name and some extras."""

_FREE_BYTES: Final = 2**20
"""Members below this may be packed as well as they like: a short table of equal rows is."""

_PLAIN: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What every app packs with; of these a piece can be unpacked without unpacking what follows."""

_ENCRYPTED: Final = 0x1
"""The bit of a member's flags that says so (APPNOTE.TXT, 4.4.4)."""

_AT_ONCE: Final = 2**20
"""Bytes unpacked at once; chosen, so that a member that lies about its size is noticed early."""


class _Reader(io.BufferedReader):
    """Refuse to read a directory that is larger than one of the most members allowed."""

    most: int

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self.most:
            raise zipfile.BadZipFile(f"its directory is {size} bytes long, which is more than is read")
        return super().read(size)


def is_zip(path: Path) -> bool:
    """Tell a zip by its first bytes, without reading its directory."""
    with open_regular(path) as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def read_zip(path: Path, is_wanted: Callable[[str], bool], *, limits: LimitSettings) -> dict[str, bytes]:
    """Return the wanted members of a zip by name.

    Parameters
    ----------
    path
    is_wanted
        Tells by a member's name.
    limits
        Most members, bytes of all wanted ones, and how much smaller packing may have made them.

    Raises
    ------
    RecordingError
        Where the zip or a wanted member is damaged, encrypted or packed in another way, or beyond the limits.
    OSError
        Where the file cannot be read.
    """
    with _Reader(open_regular(path).detach()) as file:
        file.most = max(int(limits.members) * _ENTRY_BYTES, 2**17)
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                wanted = [m for m in members if is_wanted(m.filename)]
                _check(path, len(members), wanted, limits=limits)
                return {member.filename: _unpacked(archive, member) for member in wanted}
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
            raise RecordingError(
                f"{path} cannot be read as a zip: {reason(error)}. Copy or export it again."
            ) from error


def _check(path: Path, n_members: int, wanted: Sequence[zipfile.ZipInfo], *, limits: LimitSettings) -> None:
    """Raise `RecordingError` where the directory announces more than an honest export holds."""
    size = sum(member.file_size for member in wanted)
    packed = min(sum(member.compress_size for member in wanted), path.stat().st_size)
    for is_wrong, what in (
        (n_members > limits.members, f"has {n_members} members and at most {limits.members:g} are looked at"),
        (size > limits.text_bytes, f"unpacks to {size / 1e6:.0f} MB and at most {limits.text_bytes / 1e6:g} are read"),
        (
            size > _FREE_BYTES and size > limits.ratio * max(packed, 1),
            f"unpacks from {packed / 1e3:.0f} kB to {size / 1e6:.0f} MB and samples pack {limits.ratio:g}:1 at most",
        ),
    ):
        if is_wrong:
            raise RecordingError(f"{path} {what}. Give the files of one recording, unpacked.")
    for member in wanted:
        if member.flag_bits & _ENCRYPTED:
            raise RecordingError(f"{path} is encrypted ({quoted(member.filename)}). Unpack it and give the folder.")
        if member.compress_type not in _PLAIN:
            raise RecordingError(
                f"{path} is packed by method {member.compress_type} ({quoted(member.filename)}), which is not read "
                "here. Unpack it and give the folder, or pack it as a plain zip."
            )


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return one member; in pieces, so that one that holds more than it says ends where it says."""
    data = bytearray()
    with archive.open(member) as file:
        while part := file.read(_AT_ONCE):
            data += part
    if len(data) != member.file_size:
        raise EOFError(f"{quoted(member.filename)} has {len(data)} of {member.file_size} bytes")
    return bytes(data)
