"""Look at a text file of any length without holding it: its first and last lines, its size, any stretch in pieces.

It knows no columns and no numbers; a file in UTF-16 alone is held, to be turned into UTF-8.
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from imu_hinge.files import open_regular
from imu_hinge.storage.importers import text_tables

PIECE: Final = 2**20
"""Bytes held at once; chosen: a line is shorter, and reading costs no more than in larger pieces."""

_ZEROS: Final = 16
"""A tail of so many pieces of zeros is what a power cut or a sparse file leaves; it is not read to its end."""

_EMPTY: Final = b",;\t \r\n"
"""Bytes of last lines without a cell, as spreadsheets leave them."""

_UTF8_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class TextFile:
    """Hold an open text in UTF-8 and where it begins and ends.

    Parameters
    ----------
    file
        Open; it is closed by who opened it.
    start, stop
        After a byte order mark, and after the last line with a cell in it [byte].
    head
        Its first bytes, at most `PIECE`.
    size
        What `text_tables.check_text` asks.
    """

    file: BinaryIO
    start: int
    stop: int
    head: bytes
    size: text_tables.TextSize

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes of a stretch, in order; they are read when they are asked for."""
        return _pieces(self.file, start, stop)

    def last_line(self, body: int) -> int:
        """Return where the text after the last line end begins, or ``body`` where there is none after that."""
        stop = self.stop
        while stop > body:
            start = max(body, stop - PIECE)
            at = b"".join(self.pieces(start, stop)).rfind(b"\n")
            if at >= 0:
                return start + at + 1
            stop = start
        return body


@contextmanager
def open_text(path: Path, *, follow: bool, limit: float) -> Iterator[TextFile]:
    """Open a text and look through it once.

    Parameters
    ----------
    path
    follow
        Whether a link may stand in for the file.
    limit
        Largest size [byte].

    Raises
    ------
    OSError
        As `open_regular`; also where it is larger than ``limit``, before anything is read.
    """
    with open_regular(path, follow=follow) as opened:
        n_bytes = os.fstat(opened.fileno()).st_size
        if n_bytes > limit:
            raise OSError(errno.EFBIG, f"it is {n_bytes / 1e6:.1f} MB and at most {limit / 1e6:g} MB of it are read")
        start, end = _ends(opened, n_bytes)
        file: BinaryIO = opened
        if _is_perhaps_utf16(file) and (data := _as_utf8(file, end)):
            file, start, end = io.BytesIO(data), 0, len(data)
        stop, size = _looked_through(file, start, end)
        file.seek(start)
        yield TextFile(file, start, stop, file.read(min(PIECE, stop - start)), size)


def reader(pieces: Iterator[bytes]) -> BinaryIO:
    """Return the pieces as a file to read from."""
    return io.BufferedReader(_Reader(pieces), PIECE)


def lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the lines of the pieces, with their ends; one longer than `PIECE` comes in parts."""
    file = reader(pieces)
    return iter(lambda: file.readline(PIECE), b"")


class _Reader(io.RawIOBase):
    """Give pieces out as a file does."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = piece
        n = min(len(buffer), len(self._left))
        buffer[:n], self._left = self._left[:n], self._left[n:]
        return n


def _pieces(file: BinaryIO, start: int, stop: int) -> Iterator[bytes]:
    while start < stop:
        file.seek(start)  # between two pieces somebody else may have read
        piece = file.read(min(PIECE, stop - start))
        if not piece:
            return
        start += len(piece)
        yield piece


def _ends(file: BinaryIO, n_bytes: int) -> tuple[int, int]:
    """Return where the text begins, after a mark, and where it ends, before a tail of zeros."""
    end, zeros = 0, 0
    for piece in _pieces(file, 0, n_bytes):
        end += len(piece)
        zeros = zeros + 1 if piece.count(0) == len(piece) else 0
        if zeros == _ZEROS:
            end -= (_ZEROS - 1) * PIECE  # one piece of them is enough to be no cell
            break
    file.seek(0)
    return len(_UTF8_MARK) if file.read(len(_UTF8_MARK)) == _UTF8_MARK else 0, end


def _is_perhaps_utf16(file: BinaryIO) -> bool:
    file.seek(0)
    head = file.read(4096)
    return head[:2] in (b"\xff\xfe", b"\xfe\xff") or 0 < head.count(0) < len(head)


def _as_utf8(file: BinaryIO, end: int) -> bytes:
    """Return a text in UTF-16 in UTF-8; nothing where it is none."""
    file.seek(0)
    text = text_tables.decode(file.read(end))
    return b"" if "\0" in text[:4096] else text.encode("utf-8", errors="replace")


def _looked_through(file: BinaryIO, start: int, end: int) -> tuple[int, text_tables.TextSize]:
    """Return where the text's last line with a cell ends, and its size up to there."""
    filled = _filled(file, start, end)
    stop = filled
    for piece in _pieces(file, filled, end):
        at = piece.find(b"\n") + 1
        stop += at or len(piece)
        if at:
            break
    size = text_tables.TextSize()
    for piece in _pieces(file, start, stop):
        size = size.plus(piece)
    return stop, size


def _filled(file: BinaryIO, start: int, end: int) -> int:
    """Return where what stands in the last cell ends."""
    while end > start:
        before = max(start, end - PIECE)
        kept = b"".join(_pieces(file, before, end)).rstrip(_EMPTY)
        if kept:
            return before + len(kept)
        end = before
    return start
