"""See, before any work is done, that what is to be written destroys nothing and can be written where it is wanted.

It writes nothing itself, and knows nothing of what the files will hold.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from imu_hinge.atomic_file import place_of
from imu_hinge.errors import OutputError
from imu_hinge.files import exists
from imu_hinge.storage.folder import MANIFEST
from imu_hinge.storage.importers.bundles import split_device
from imu_hinge.storage.journal import FILE_NAME
from imu_hinge.storage.recording import is_placed


@dataclass(frozen=True, slots=True)
class Output:
    """Hold one file that is to be written.

    Parameters
    ----------
    option
        What named it, for messages.
    path
    endings
        With a dot each; empty where any will do.
    replaces
        Whether what stands there may be replaced.
    """

    option: str
    path: Path
    endings: tuple[str, ...] = ()
    replaces: bool = False


def check_outputs(outputs: Sequence[Output], sources: Iterable[str | Path] = ()) -> None:
    """Refuse files whose writing would destroy something, or could only fail after all the work.

    Parameters
    ----------
    outputs
    sources
        What is read: files, folders, ``PLACEMENT=file`` and ``PLACEMENT=file:DEVICE``.

    Raises
    ------
    OutputError
        Where one is a source or lies in the folder of a recording, two are the same, one exists already and may not
        be replaced, is a folder, has an ending that says another kind of file, or cannot be written there.
    """
    sources = list(sources)
    taken: dict[Path, str] = {}
    for output in outputs:
        check_is_no_source(output.option, output.path, sources)
        place = place_of(output.path)
        if place in taken:
            raise OutputError(
                f"{taken[place]} and {output.option} are both to be written to {output.path}. Name two files."
            )
        taken[place] = output.option
        if not exists(place) or place.is_file() or place.is_dir():  # a pipe or a terminal takes anything
            _check_can_be_written(output, place)


def check_is_no_source(option: str, path: Path, sources: Iterable[str | Path]) -> None:
    """Raise `OutputError` where the path is one of the sources, or lies among the raw data of a recording.

    Parameters
    ----------
    option
        What named the path, for messages.
    path
    sources
        As those of `check_outputs`.
    """
    place = place_of(path)
    held = [_file_of(source) for source in sources]
    if any(place == h or (exists(place) and exists(h) and place.samefile(h)) for h in held):
        raise OutputError(f"{option} {path} is what is read, and writing it would destroy that. Choose another name.")
    for folder in place.parents:
        if folder in held or exists(folder / MANIFEST) or exists(folder / FILE_NAME):
            raise OutputError(f"{option} {path} lies among the raw data in {folder}. Choose a place outside of it.")


def _file_of(source: str | Path) -> Path:
    """Return the file or folder that a source reads."""
    text = str(source)
    return place_of(split_device(text.partition("=")[2])[0] if is_placed(text) else Path(text))


def _check_can_be_written(output: Output, place: Path) -> None:
    if output.endings and output.path.suffix.lower() not in output.endings:
        raise OutputError(
            f"{output.option} cannot write {output.path.name!r}. End its name with {' or '.join(output.endings)}."
        )
    if place.is_dir():
        raise OutputError(f"{output.option} {output.path} is a folder. Name a file in it.")
    if exists(place) and not output.replaces:
        raise OutputError(
            f"{output.option} {output.path} exists already. Name another file, or add --overwrite to replace it."
        )
    above = next(parent for parent in place.parents if exists(parent))
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        what = "cannot be written to" if above.is_dir() else "is no folder"
        raise OutputError(f"{output.option} {output.path} cannot be written: {above} {what}. Choose another place.")
