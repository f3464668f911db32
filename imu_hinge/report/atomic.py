"""Write a file whole or not at all.

It does not decide what a file holds, and it does not make folders.
"""

from __future__ import annotations

import os
from pathlib import Path

from imu_hinge.errors import HingeError


def write_atomic(path: str | Path, content: bytes) -> Path:
    """Put the content at the path in one step, so that nobody ever sees half a file.

    The content goes to a neighbouring temporary file first, which then takes the path's place; whatever stops
    the writing, Ctrl-C too, leaves the old file as it was. A path that is no regular file, such as
    ``/dev/stdout``, is written to directly.

    Parameters
    ----------
    path
        Where the file shall be; its folder must exist.
    content
        What shall be in it.

    Returns
    -------
    Path
        The path, for printing.

    Raises
    ------
    HingeError
        Where the folder is missing or cannot be written to.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            _replace(path, content)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise HingeError(
            f"{path} could not be written ({reason}). Choose a folder that exists and is yours."
        ) from error
    return path


def _replace(path: Path, content: bytes) -> None:
    """Write beside the path and move it there."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
