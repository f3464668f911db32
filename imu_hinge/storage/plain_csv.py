"""Read and write the plain CSV of the contract: one sensor, seconds, m/s² including gravity, rad/s.

It parses text and never judges the numbers: `checks` does.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np

from imu_hinge.atomic_file import part_beside, place_of, sync_folder
from imu_hinge.conventions import CSV_COLUMNS, Flag
from imu_hinge.errors import BadSamples, RecordingError, UnknownFormat
from imu_hinge.files import exists, reason, refuse_special
from imu_hinge.model import Samples
from imu_hinge.settings import LIMITS, LimitSettings
from imu_hinge.storage.csv_cells import FLAGS_COLUMN, Layout, is_number, parse
from imu_hinge.storage.importers import text_tables
from imu_hinge.storage.importers.bundles import Imported
from imu_hinge.storage.importers.registry import vendor_of
from imu_hinge.storage.importers.stamps import row_order, without_dst
from imu_hinge.storage.text_file import PIECE, TextFile, open_text
from imu_hinge.storage.text_file import lines as text_lines

HEADER: Final = ",".join(CSV_COLUMNS)
"""First line of a plain CSV."""
_ROWS_AT_ONCE: Final = 65536
"""Chosen: an hour as text, every number a Python string, would take some hundred megabytes."""

_CLOCK_FROM_S: Final = 1e8
"""Times beyond this count from 1970, so that a jump of one hour may be a change of the clock [s]."""


@dataclass(frozen=True, slots=True, eq=False)
class CsvTable:
    """Hold what a file's text says.

    Parameters
    ----------
    samples
    is_cut
        Whether it ends in the middle of a row.
    notes
        What was mended, a sentence each.
    """

    samples: Samples
    is_cut: bool
    notes: tuple[str, ...] = ()


def read_csv(path: str | Path) -> Samples:
    """Read one sensor's plain CSV, unscreened.

    Comma, semicolon and tab part columns; with the latter two a decimal comma is understood. Columns may come
    in any order and others may stand beside them. A half last row is dropped and `Flag.SUSPECT` set on the row
    before it.

    Raises
    ------
    RecordingError
        Where there is no such file.
    UnknownFormat
        Where the file is no such CSV.
    BadSamples
        Where it has no rows, or a cell that is no number.
    """
    table = read_table(path)
    if not table.is_cut:
        return table.samples
    flags = table.samples.flags.copy()
    flags[-1:] |= np.uint16(Flag.SUSPECT)
    return Samples(table.samples.time_s, table.samples.acc, table.samples.gyr, flags)


def import_csv(path: str | Path, *, limits: LimitSettings = LIMITS) -> Imported:
    """Read one sensor's plain CSV in order of time, with what was mended on the way. Errors as `read_csv`.

    Rows out of order are sorted where that leaves no crowd; changes to and from daylight saving time are undone.
    """
    table = read_table(path, limits=limits)
    samples, name, notes = table.samples, Path(path).name, list(table.notes)
    flags = samples.flags.copy()
    if table.is_cut:
        flags[-1:] |= np.uint16(Flag.SUSPECT)
    time_s = samples.time_s
    if time_s[0] > _CLOCK_FROM_S and np.isfinite(time_s).all():
        time_s, told = without_dst(time_s)
        notes += [f"{name}: {note}" for note in told]
    order, moved = row_order(time_s, name=name)
    if moved:
        samples = Samples(time_s[order], samples.acc[order], samples.gyr[order], flags[order])
    else:
        samples = Samples(time_s, samples.acc, samples.gyr, flags)
    return Imported(samples, (*notes, *moved))


def read_table(path: str | Path, *, follow: bool = True, limits: LimitSettings = LIMITS) -> CsvTable:
    """Read one sensor's plain CSV and say whether it ends in the middle of a row.

    Parameters
    ----------
    path
    follow
        Whether a link may stand in for the file: where a person named it, not where a recording did.
    limits
        From the settings.

    Raises
    ------
    RecordingError, UnknownFormat, BadSamples
        As `read_csv`.
    """
    path = Path(path)
    try:
        with open_text(path, follow=follow, limit=limits.text_bytes) as text:
            return _table(path, text, limits=limits)
    except FileNotFoundError as error:
        raise RecordingError(f"There is no file {path}. Check the name and the folder.") from error
    except OSError as error:
        what = f"{path} cannot be read: {reason(error)}."
        raise RecordingError(f"{what} {_vendor_hint(path) or 'Give a readable file.'}") from error


def _table(path: Path, text: TextFile, *, limits: LimitSettings) -> CsvTable:
    if text.stop == text.start or (text.head.isspace() and text.stop - text.start <= len(text.head)):
        raise BadSamples(f"{path} is empty. Record or export it again.")
    if b"\0" in text.head[:4096]:
        hint = _vendor_hint(path) or f"Give a CSV with the header {HEADER}."
        raise UnknownFormat(f"{path} is not a text file. {hint}")
    text_tables.check_text(str(path), text.head, text.size, limits=limits)
    layout = _layout(path, text)
    stop, room = _whole_rows(text, layout), text.size.rows + 1
    notes: tuple[str, ...] = ()
    try:
        samples = parse(path, lambda: text.pieces(layout.body, stop), layout, room=room)
    except BadSamples:
        n_noise = sum(_is_noise(line, layout) for line in text_lines(text.pieces(layout.body, stop)))
        if n_noise == 0:
            raise
        samples = parse(path, lambda: _without_noise(text, layout, stop), layout, room=room)
        notes = (f"{path.name}: {n_noise} lines among the rows were left out: comments or the header again.",)
    return CsvTable(samples, stop < text.stop, notes)


def _without_noise(text: TextFile, layout: Layout, stop: int) -> Iterator[bytes]:
    return (line for line in text_lines(text.pieces(layout.body, stop)) if not _is_noise(line, layout))


def _is_noise(line: bytes, layout: Layout) -> bool:
    """Tell a comment or a repeated header among the rows."""
    shown = line.decode("utf-8", errors="replace").strip()
    return bool(shown) and text_tables.is_noise(shown, layout.header)


def write_csv(samples: Samples, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write one sensor as a plain CSV, every number so that reading gives the same bits.

    The file appears whole or not at all.

    Parameters
    ----------
    samples
    path
    overwrite
        Replace what is there.

    Raises
    ------
    RecordingError
        Where the file exists and ``overwrite`` is not set, or the disk refuses.
    """
    path = Path(path)
    if exists(path) and not overwrite:
        raise RecordingError(f"{path} exists already. Choose another name, or pass overwrite=True to replace it.")
    place = place_of(path)
    try:
        refuse_special(place)
        with part_beside(place) as part:
            write_rows(samples, part)
            os.replace(part, place)
            sync_folder(place.parent)
    except (OSError, ValueError) as error:
        raise RecordingError(
            f"{path} could not be written: {reason(error)}. Nothing was left behind; "
            "free some space or choose another place."
        ) from error
    return path


def write_rows(samples: Samples, path: Path) -> None:
    """Write header and rows to ``path`` and to the disk; a stop in the middle leaves half a file."""
    columns: list[Any] = [samples.time_s, *samples.acc.T, *samples.gyr.T]
    header = HEADER
    if samples.flags.any():
        columns.append(samples.flags)
        header += f",{FLAGS_COLUMN}"
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(header + "\n")
        for start in range(0, len(samples), _ROWS_AT_ONCE):
            texts = [map(repr, column[start : start + _ROWS_AT_ONCE].tolist()) for column in columns]
            file.writelines(",".join(row) + "\n" for row in zip(*texts, strict=True))
        file.flush()
        os.fsync(file.fileno())


def _layout(path: Path, text: TextFile) -> Layout:
    """Find the header and what parts the columns, or say what was seen in its place."""
    lines: list[str] = []
    bodies: list[int] = []
    start = 0
    while start < len(text.head) and len(lines) < text_tables.SEARCHED_LINES:
        start, line = _next_line(text.head, start)
        lines.append(line)
        bodies.append(text.start + start)
    header = text_tables.find_header(lines, set(CSV_COLUMNS).issubset)
    if header is None:
        _refuse_header(path, lines)
    body, delimiter = bodies[header.line], header.delimiter
    columns = tuple(c.strip('"').strip() for c in header.columns)
    columns = tuple(c.lower() if c.lower() in (*CSV_COLUMNS, FLAGS_COLUMN) else c for c in columns)
    twice = sorted({c for c in columns if c in CSV_COLUMNS and columns.count(c) > 1})
    if twice:
        raise UnknownFormat(f"{path} has the column {twice[0]} twice. Keep one of them.")
    first_row = next((line for line in lines[header.line + 1 :] if line and not text_tables.is_noise(line, header)), "")
    decimal = "," if delimiter != "," and "," in first_row else "."
    extra = first_row.count(delimiter) + 1 - len(columns)  # rows that end with a delimiter have a nameless column
    columns += tuple(f"unnamed_{i}" for i in range(max(0, extra)))
    return Layout(body, delimiter, decimal, columns, header)


def _next_line(data: bytes, start: int) -> tuple[int, str]:
    """Return where the line after the one at ``start`` begins, and the text of the latter."""
    end = data.find(b"\n", start)
    end = len(data) if end < 0 else end
    return min(end + 1, len(data)), data[start:end].decode("utf-8", errors="replace").strip()


def _refuse_header(path: Path, lines: list[str]) -> NoReturn:
    """Say what stands where the header should be, in the line that is most like one."""
    parted = [tuple(c.strip().strip('"').strip() for c in ln.split(max(",;\t", key=ln.count))) for ln in lines if ln]
    if not parted:
        raise UnknownFormat(f"{path} has no header in its first {len(lines)} lines: they are empty. Export it again.")
    columns = max(parted, key=lambda cells: len(set(CSV_COLUMNS).intersection(c.lower() for c in cells)))
    missing = [c for c in CSV_COLUMNS if c not in [column.lower() for column in columns]]
    if all(is_number(c) for c in columns):
        remedy = f"The first line holds numbers: put the header {HEADER} before it."
    else:
        remedy = _vendor_hint(path) or f"Name the columns {HEADER}: seconds, m/s² including gravity, rad/s."
    raise UnknownFormat(f"{path} lacks {', '.join(missing)}; its header reads: {text_tables.shown(columns)}. {remedy}")


def _vendor_hint(path: Path) -> str:
    vendor = vendor_of(path)
    return f"It looks like {vendor}: run imu-hinge convert on it first." if vendor else ""


def _whole_rows(text: TextFile, layout: Layout) -> int:
    """Return where the rows end: before a last one that stops in the middle."""
    start = text.last_line(layout.body)
    line = b"".join(text.pieces(start, min(start + PIECE, text.stop)))
    cells = line.decode("utf-8", errors="replace").split(layout.delimiter)
    last = cells[-1].strip().replace(layout.decimal, ".")
    if cells == [""] or (len(cells) == len(layout.columns) and (is_number(last) or not layout.is_ours(-1))):
        return text.stop
    return start
