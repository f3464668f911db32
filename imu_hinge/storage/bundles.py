"""Open what an app exports, a file, a folder or a zip, as named texts; and choose among several devices by name.

It knows no vendor's format: the importers do.
"""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imu_hinge.errors import RecordingError
from imu_hinge.model import Samples
from imu_hinge.storage.text_tables import IsHeader, Table, decode, find_header, parse_table

MAX_BYTES: Final = 512 * 2**20
"""A member of a zip larger than this is not opened [byte]."""

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
    if not Path(text).exists():
        for i, letter in enumerate(text):
            if letter == ":" and i > 1 and Path(text[:i]).exists():
                return Path(text[:i]), text[i + 1 :]
    return Path(text), ""


def choose(names: Sequence[str], device: str, *, where: str) -> str:
    """Return the one name that is meant: the only one, or the one that is or holds ``device``.

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


def open_bundle(path: Path) -> Bundle:
    """Return the texts in a file, a folder or a zip; a MetaBase file brings its siblings of the same recording.

    Raises
    ------
    RecordingError
        Where the path is absent or cannot be read.
    """
    try:
        if path.is_dir():
            return {p.name: decode(p.read_bytes()) for p in sorted(path.iterdir()) if _is_text_name(p.name)}
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                members = [m for m in archive.infolist() if _is_text_name(m.filename) and m.file_size <= MAX_BYTES]
                return {m.filename: decode(archive.read(m)) for m in members}
        siblings = [path]
        head, mark, _ = path.name.partition("_Accelerometer_")
        if mark:
            siblings += sorted(p for p in path.parent.iterdir() if p.name.startswith(f"{head}_Gyroscope_"))
        return {p.name: decode(p.read_bytes()) for p in siblings}
    except FileNotFoundError as error:
        raise RecordingError(f"There is no file {path}. Check the name and the folder.") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise RecordingError(f"{path} cannot be read: {error}. Copy or export it again.") from error


def names_with(bundle: Bundle, is_header: IsHeader) -> tuple[str, ...]:
    """Return the names of the texts that hold a table with such a header."""
    return tuple(name for name, text in bundle.items() if find_header(text.splitlines(), is_header))


def only_table(bundle: Bundle, is_header: IsHeader, device: str) -> Table:
    """Return the one table with such a header, chosen by ``device`` among several files.

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
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _is_text_name(name: str) -> bool:
    return name.lower().endswith(TEXT_ENDINGS) and not name.rpartition("/")[2].startswith(".")
