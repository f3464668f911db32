"""Read and write the plain CSV of the contract: one sensor, seconds, m/s² including gravity, rad/s.

It parses text and never judges the numbers: `checks` does.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np

from imu_hinge.atomic_file import part_beside, place_of, sync_folder
from imu_hinge.conventions import CSV_COLUMNS, Flag
from imu_hinge.errors import BadSamples, RecordingError, UnknownFormat
from imu_hinge.files import exists, read_regular, reason
from imu_hinge.model import Samples
from imu_hinge.settings import LIMITS, LimitSettings
from imu_hinge.storage.csv_cells import FLAGS_COLUMN, Layout, is_number, parse
from imu_hinge.storage.importers import text_tables
from imu_hinge.storage.importers.bundles import Imported
from imu_hinge.storage.importers.registry import vendor_of
from imu_hinge.storage.importers.stamps import row_order, without_dst

HEADER: Final = ",".join(CSV_COLUMNS)
"""First line of a plain CSV."""
_ROWS_AT_ONCE: Final = 65536
"""Chosen: an hour as text, every number a Python string, would take some hundred megabytes."""

_EMPTY: Final = b",;\t \r\n"
"""Bytes of last lines without a cell, as spreadsheets leave them."""

_LONGEST_LINE: Final = 2**20
"""Bytes of a line that are looked at for a header: no sensor's has more."""

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
    samples = Samples(time_s[order], samples.acc[order], samples.gyr[order], flags[order])
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
    data = _read_bytes(path, follow=follow, limits=limits)
    layout = _layout(path, data)
    data, is_cut = _whole_rows(data, layout)
    notes: tuple[str, ...] = ()
    try:
        values = parse(path, data, layout)
    except BadSamples:
        kept, n_noise = _without_noise(data, layout)
        if n_noise == 0:
            raise
        values = parse(path, kept, layout)
        notes = (f"{path.name}: {n_noise} lines among the rows were left out: comments or the header again.",)
    wanted = [layout.columns.index(c) for c in CSV_COLUMNS]
    flags = None
    if FLAGS_COLUMN in layout.columns:
        flags = values[:, layout.columns.index(FLAGS_COLUMN)]
        if not ((flags >= 0) & (flags <= 0xFFFF) & (flags == np.round(flags))).all():
            raise BadSamples(f"{path}: the column flags holds something else than whole numbers. Delete that column.")
        flags = flags.astype(np.uint16)
    samples = Samples(values[:, wanted[0]], values[:, wanted[1:4]], values[:, wanted[4:7]], flags)  # type: ignore[arg-type]
    return CsvTable(samples, is_cut, notes)


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


def _read_bytes(path: Path, *, follow: bool, limits: LimitSettings) -> bytes:
    """Return the file as UTF-8 text without a byte order mark."""
    try:
        data = read_regular(path, follow=follow, limit=limits.text_bytes)
    except FileNotFoundError as error:
        raise RecordingError(f"There is no file {path}. Check the name and the folder.") from error
    except OSError as error:
        what = f"{path} cannot be read: {reason(error)}."
        raise RecordingError(f"{what} {_vendor_hint(path) or 'Give a readable file.'}") from error
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:4096]:
        text = text_tables.decode(data)
        data = text.encode() if "\0" not in text[:4096] else data
    data = data.removeprefix(b"\xef\xbb\xbf")
    end = data.find(b"\n", len(data.rstrip(_EMPTY)))
    data = data[: end + 1] if end >= 0 else data
    if not data or data.isspace():
        raise BadSamples(f"{path} is empty. Record or export it again.")
    if b"\0" in data[:4096]:
        hint = _vendor_hint(path) or f"Give a CSV with the header {HEADER}."
        raise UnknownFormat(f"{path} is not a text file. {hint}")
    text_tables.check_text(str(path), data, limits=limits)
    return data


def _layout(path: Path, data: bytes) -> Layout:
    """Find the header and what parts the columns, or say what was seen in its place."""
    lines: list[str] = []
    bodies: list[int] = []
    start = 0
    while start < len(data) and len(lines) < text_tables.SEARCHED_LINES:
        start, line = _next_line(data, start)
        lines.append(line)
        bodies.append(start)
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
    line = data[start : min(end, start + _LONGEST_LINE)]
    return min(end + 1, len(data)), line.decode("utf-8", errors="replace").strip()


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


def _without_noise(data: bytes, layout: Layout) -> tuple[bytes, int]:
    """Leave out comments and repeated headers among the rows, and say how many."""
    lines = data[layout.body :].split(b"\n")
    texts = (line.decode("utf-8", errors="replace").strip() for line in lines)
    kept = [
        line
        for line, text in zip(lines, texts, strict=True)
        if not text or not text_tables.is_noise(text, layout.header)
    ]
    return data[: layout.body] + b"\n".join(kept), len(lines) - len(kept)


def _vendor_hint(path: Path) -> str:
    vendor = vendor_of(path)
    return f"It looks like {vendor}: run imu-hinge convert on it first." if vendor else ""


def _whole_rows(data: bytes, layout: Layout) -> tuple[bytes, bool]:
    """Leave out a last row that stops in the middle, and say whether there was one."""
    start = max(layout.body, data.rfind(b"\n") + 1)
    cells = data[start : start + _LONGEST_LINE].decode("utf-8", errors="replace").split(layout.delimiter)
    last = cells[-1].strip().replace(layout.decimal, ".")
    if cells == [""] or (len(cells) == len(layout.columns) and (is_number(last) or not layout.is_ours(-1))):
        return data, False
    return data[:start], True
