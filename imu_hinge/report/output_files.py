"""Write a file whole or not at all.

It does not decide what a file holds, and it does not make folders.
"""

from __future__ import annotations

from pathlib import Path

from imu_hinge.atomic_file import write_whole
from imu_hinge.errors import HingeError
from imu_hinge.files import exists, is_regular, open_special, reason


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
        if exists(path) and not is_regular(path, follow=True):
            with open_special(path) as file:
                file.write(content)
        else:
            write_whole(path, content)
    except (OSError, ValueError) as error:
        raise HingeError(
            f"{path} could not be written ({reason(error)}). Choose a folder that exists and is yours."
        ) from error
    return path
