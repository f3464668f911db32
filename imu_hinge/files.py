"""Open what somebody gives as a file: a regular file, not larger than allowed; parse its JSON or TOML.

It knows no format of ours. Everything that is wrong with a file is an `OSError`, with the reason as its ``strerror``,
and everything that is wrong with its text a `ValueError`: the reader says which file of whose it was and what to do.
"""

from __future__ import annotations

import errno
import io
import json
import os
import stat
import tomllib
from pathlib import Path
from typing import Any, Final

MAX_SMALL_BYTES: Final = 16_000_000
"""A description, an athlete or a settings file is not read where it is larger [byte]: each is some kB."""

_AT_ONCE: Final = 16 * 2**20
"""Bytes read at once; chosen: a tail of zeros costs one such piece, an honest file few of them."""

_LONGEST_INTEGER: Final = 18
"""Digits of the longest whole number that 64 bits hold for certain; no count or time has more."""

_KINDS: Final = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
}


def open_regular(path: Path, *, follow: bool = True) -> io.BufferedReader:
    """Open a regular file for reading; anything else is refused before it is opened.

    Parameters
    ----------
    path
    follow
        Whether a link may stand in for the file: where a person named it, not where another file did.

    Raises
    ------
    OSError
        Where there is no such file or no such name, or it is a pipe, a device, a folder or (unless followed) a link.
    """
    try:
        _refuse_kind(os.stat(path, follow_symlinks=follow).st_mode)
        # the same file again: something else may have taken its name meanwhile, and a pipe must not be waited for
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(path, flags | (0 if follow else getattr(os, "O_NOFOLLOW", 0)))
    except ValueError as error:  # a NUL, or a lone surrogate
        raise OSError(errno.EINVAL, "no file can have this name") from error
    try:
        _refuse_kind(os.fstat(descriptor).st_mode)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path, *, follow: bool = True, limit: float = MAX_SMALL_BYTES) -> bytes:
    """Return a regular file's bytes; a tail of zeros, which a power cut or a sparse file leaves, is cut to one zero.

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
        As `open_regular`; also where it is larger than ``limit`` [byte], before anything is read.
    """
    with open_regular(path, follow=follow) as file:
        size = os.fstat(file.fileno()).st_size
        parts: list[bytes] = []
        total = 0
        while size <= limit and (part := file.read(min(_AT_ONCE, int(limit) + 1 - total))):
            total += len(part)
            if len(part) == _AT_ONCE and part.count(0) == len(part):
                parts.append(b"\0")
                break
            parts.append(part)
            size = max(size, total)
    if size > limit:
        raise OSError(errno.EFBIG, f"it is {size / 1e6:.1f} MB and at most {limit / 1e6:g} MB of it are read")
    return b"".join(parts)


def open_special(path: Path) -> io.BufferedWriter:
    """Open what is no regular file for writing: a terminal, a device, or a pipe that somebody reads.

    Raises
    ------
    OSError
        Also where nobody reads the pipe, for which opening it would wait for ever.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        if error.errno == errno.ENXIO:  # pipe(7): no process has it open for reading
            raise OSError(errno.ENXIO, "nobody reads this pipe") from error
        raise
    os.set_blocking(descriptor, True)  # only opening it must not wait
    return os.fdopen(descriptor, "wb")


def refuse_special(path: Path) -> None:
    """Raise `OSError` where a device, a pipe or a link stands, which a file must not replace."""
    try:
        mode = os.lstat(path).st_mode
    except (OSError, ValueError):
        return
    if not stat.S_ISDIR(mode):  # which the system itself replaces by no file
        _refuse_kind(mode)


def is_regular(path: Path, *, follow: bool = False) -> bool:
    """Tell a regular file, by default no link to one; what cannot be looked at is none."""
    try:
        return stat.S_ISREG(os.stat(path, follow_symlinks=follow).st_mode)
    except (OSError, ValueError):
        return False


def exists(path: Path) -> bool:
    """Tell whether there is something, or may be: where one may not look, opening it says why."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG
    return True


def is_plain_name(name: str) -> bool:
    """Tell the name of a file inside a folder from one that leads anywhere else, on any system."""
    return bool(name) and name not in (".", "..") and not any(c in "/\\:\0" for c in name)


def reason(error: Exception) -> str:
    """Return what was wrong with a file, without the path that the message names anyway."""
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


def parse_json(text: str | bytes) -> Any:
    """Return what a JSON text holds.

    Raises
    ------
    ValueError
        Where it is no JSON, is nested deeper than anything here, or holds a whole number of more than 18 digits.
    """
    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def parse_toml(data: bytes) -> dict[str, Any]:
    """Return what a TOML text in UTF-8 holds; errors as `parse_json`."""
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER + 1:
        raise ValueError(f"it holds a whole number of {len(digits)} digits")
    return int(digits)


def _refuse_kind(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"it is {_KINDS.get(stat.S_IFMT(mode), 'something else')} and no regular file")
