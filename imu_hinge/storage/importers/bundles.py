"""Open what an app exports, a file, a folder or a zip, as named texts; and choose among several devices by name.

It knows no vendor's format: the importers do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imu_hinge.errors import RecordingError
from imu_hinge.files import exists, read_regular, reason
from imu_hinge.model import Samples
from imu_hinge.settings import LIMITS, LimitSettings
from imu_hinge.storage.importers.text_tables import (
    IsHeader,
    Table,
    TextSize,
    check_text,
    decode,
    find_header,
    head,
    parse_table,
)
from imu_hinge.storage.importers.zips import is_zip, read_zip

TEXT_ENDINGS: Final = (".csv", ".txt", ".json", ".tsv")

Bundle = Mapping[str, str]
"""Text by file name; in a zip with its folders."""


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """Hold what an export said, in m/s² and rad/s, and what was mended on the way, a sentence each."""

    samples: Samples
    notes: tuple[str, ...] = ()


def split_device(text: str) -> tuple[Path, str]:
    """Part ``file.txt:DEVICE`` into path and device; the device is empty where the whole is a path that exists.

    A colon belongs to the path as far as there is such a file, so drive letters and devices with colons are no trouble.
    """
    if not exists(Path(text)):
        for i, letter in enumerate(text):
            if letter == ":" and i > 1 and exists(Path(text[:i])):
                return Path(text[:i]), text[i + 1 :]
    return Path(text), ""


def choose(names: Sequence[str], device: str, *, where: str) -> str:
    """Return the one name that is meant: the only one, or the one that is or holds ``device``.

    Parameters
    ----------
    names
    device
        What the person asked for; empty where nothing.
    where
        For the message: what holds them.

    Raises
    ------
    RecordingError
        Where several are there and none was chosen, or the choice fits none or several.
    """
    folded = device.strip().lower()
    found = [name for name in names if name.strip().lower() == folded] or [n for n in names if folded in n.lower()]
    if len(found) == 1:
        return found[0]
    what = f"holds {len(found)} devices or recordings" + (f" that fit {device!r}" if device else "")
    if not found:
        what, found = f"has no device {device!r}", list(names)
    raise RecordingError(
        f"{where} {what}: {', '.join(found)}. Give one file per device, or choose one with "
        f"PLACEMENT=PATH:DEVICE; DEVICE may be a part of the name, here of {found[0]}."
    )


def open_bundle(path: Path, *, limits: LimitSettings = LIMITS) -> Bundle:
    """Return the texts in a file, a folder or a zip; a MetaBase file brings its siblings of the same recording.

    Raises
    ------
    RecordingError
        Where the path is absent or cannot be read, or holds more than the limits allow.
    """
    try:
        if path.is_dir():
            return _texts(sorted(p for p in path.iterdir() if _is_text_name(p.name)), limits=limits)
        if is_zip(path):
            packed = read_zip(path, _is_text_name, limits=limits)
            return {name: _text(name, packed.pop(name), limits=limits) for name in list(packed)}
        first, mark, _ = path.name.partition("_Accelerometer_")
        siblings = [p for p in path.parent.iterdir() if p.name.startswith(f"{first}_Gyroscope_")] if mark else []
        text = _text(path.name, read_regular(path, limit=limits.text_bytes), limits=limits)
        return {path.name: text, **_texts(sorted(siblings), limits=limits)}
    except FileNotFoundError as error:
        raise RecordingError(f"There is no file {path}. Check the name and the folder.") from error
    except OSError as error:
        name = error.filename or path
        raise RecordingError(f"{name} cannot be read: {reason(error)}. Copy or export it again.") from error


def _texts(paths: Sequence[Path], *, limits: LimitSettings) -> dict[str, str]:
    """Return the texts of files that nobody named one by one: no link is followed, and together they have a limit."""
    if len(paths) > limits.members:
        raise RecordingError(
            f"{paths[0].parent} holds {len(paths)} texts and at most {limits.members:g} are looked at. "
            "Give the folder of one recording."
        )
    texts: dict[str, str] = {}
    left = limits.text_bytes
    for path in paths:
        try:
            data = read_regular(path, follow=False, limit=left)
        except OSError as error:
            raise RecordingError(
                f"{path} cannot be read: {reason(error)}. Take it out, or copy the export again."
            ) from error
        left -= len(data)
        texts[path.name] = _text(path.name, data, limits=limits)
    return texts


def _text(name: str, data: bytes, *, limits: LimitSettings) -> str:
    check_text(name, data, TextSize().plus(data), limits=limits)
    return decode(data)


def names_with(bundle: Bundle, is_header: IsHeader) -> tuple[str, ...]:
    """Return the names of the texts that hold a table with such a header."""
    return tuple(name for name, text in bundle.items() if find_header(head(text), is_header))


def only_table(bundle: Bundle, is_header: IsHeader, device: str) -> Table:
    """Return the one table with such a header, chosen by ``device`` among several files.

    Parameters
    ----------
    bundle
    is_header
        Tells the table by its header.
    device
        As in `choose`.

    Raises
    ------
    RecordingError
        As `choose`.
    BadSamples
        As `text_tables.parse_table`.
    """
    names = names_with(bundle, is_header)
    name = names[0] if len(names) == 1 else choose(names, device, where="The export")
    return parse_table(bundle[name], is_header, name=name)


def first_line(text: str) -> str:
    """Return the first line that is not blank."""
    return next((line.strip() for line in head(text) if line.strip()), "")


def _is_text_name(name: str) -> bool:
    return name.lower().endswith(TEXT_ENDINGS) and not name.rpartition("/")[2].startswith(".")
