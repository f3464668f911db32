"""Open what an app exports, a file, a folder or a zip, as named texts; and read vendors' tables by column name.

It knows no vendor's format: the importers do.
"""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from imu_hinge.errors import BadSamples, RecordingError, UnknownFormat
from imu_hinge.model import Array

MAX_BYTES: Final = 512 * 2**20
"""A member of a zip larger than this is not opened [byte]."""

TEXT_ENDINGS: Final = (".csv", ".txt", ".json", ".tsv")

Bundle = Mapping[str, str]
"""Text by file name, without folders."""


@dataclass(frozen=True, slots=True)
class Table:
    """Hold a vendor's table as text cells under its own header."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def numbers(self, names: Sequence[str], *, where: str) -> Array:
        """Return columns as numbers, (n, k); an empty cell is NaN.

        Raises
        ------
        UnknownFormat
            Where a column is absent.
        BadSamples
            Where a cell is no number.
        """
        missing = [name for name in names if name not in self.columns]
        if missing:
            raise UnknownFormat(
                f"{where} lacks {', '.join(missing)}; its columns are {', '.join(self.columns)}. "
                "Export it again with acceleration and gyroscope switched on."
            )
        picks = [self.columns.index(name) for name in names]
        try:
            cells = [[float(row[i].strip() or "nan") for i in picks] for row in self.rows]
        except (ValueError, IndexError) as error:
            raise BadSamples(f"{where} has a row that cannot be read: {error}. Mend it or export it again.") from error
        return np.array(cells, dtype=np.float64).reshape(len(cells), len(picks))


def open_bundle(path: Path) -> Bundle:
    """Return the texts in a file, a folder or a zip; a MetaBase file brings its siblings of the same recording.

    Raises
    ------
    RecordingError
        Where the path is absent or cannot be read.
    """
    try:
        if path.is_dir():
            return {p.name: _text(p.read_bytes()) for p in sorted(path.iterdir()) if _is_text_name(p.name)}
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                members = [m for m in archive.infolist() if _is_text_name(m.filename) and m.file_size <= MAX_BYTES]
                return {m.filename: _text(archive.read(m)) for m in members}
        siblings = [path]
        head, mark, _ = path.name.partition("_Accelerometer_")
        if mark:
            siblings += sorted(p for p in path.parent.iterdir() if p.name.startswith(f"{head}_Gyroscope_"))
        return {p.name: _text(p.read_bytes()) for p in siblings}
    except FileNotFoundError as error:
        raise RecordingError(f"There is no file {path}. Check the name and the folder.") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise RecordingError(f"{path} cannot be read: {error}. Copy or export it again.") from error


def parse_table(text: str, *, header_start: str = "") -> Table:
    """Split a text into a header and rows, parted by comma, semicolon or tab; decimal commas become points.

    Parameters
    ----------
    text
        The whole file.
    header_start
        The header is the first line that begins so; lines before it are left out.
    """
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if line.lstrip(" \"'").startswith(header_start)]
    if not lines or not starts:
        return Table((), ())
    lines = lines[starts[0] :]
    delimiter = max(",;\t", key=lines[0].count)
    rows = [
        tuple(cell.strip() for cell in row) for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
    ]
    if delimiter != ",":
        rows[1:] = [tuple(cell.replace(",", ".") for cell in row) for row in rows[1:]]
    return Table(rows[0], tuple(row for row in rows[1:] if any(row)))


def first_line(text: str) -> str:
    """Return the first line that is not blank."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _is_text_name(name: str) -> bool:
    return name.lower().endswith(TEXT_ENDINGS) and not name.rpartition("/")[2].startswith(".")


def _text(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="replace")
