"""Read a table out of a text whatever an app, a spreadsheet or a terminal did to it, and say what was mended.

It knows column names and cells; what a column means, and in which unit, the importers and the plain CSV know.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from imu_hinge.errors import BadSamples, RecordingError, UnknownFormat
from imu_hinge.model import Array
from imu_hinge.settings import LimitSettings

SEARCHED_LINES: Final = 200
"""A header stands in the first lines: boot messages and comments before it are fewer than this."""

_HEAD: Final = 2**20
"""... and in the first characters: a longer line has more columns than any sensor."""

_ROWS_PER_H: Final = 3600.0 * 200.0
"""Rows of one table that an hour may have: sensors on a body are read at 200 Hz at most."""

_CELLS_PER_ROW: Final = 16.0
"""Cells that a table of the most rows may have in each; a shorter one may be wider."""

_JSON_SHARE: Final = 8.0
"""JSON takes this many times more memory than a table of the same size."""

_DELIMITERS: Final = ",;\t"
_INTEGER: Final = re.compile(r"[+-]?\d+")
_DIGITS: Final = re.compile(r"\d+")
_DECIMAL_COMMA: Final = re.compile(r"[+-]?\d+,\d*(?:[eE][+-]?\d+)?|[+-]?,\d+(?:[eE][+-]?\d+)?")

Cells = tuple[str, ...]
IsHeader = Callable[[Cells], bool]
"""Tells a header by its cells, which come without quotes and in lower case."""


@dataclass(frozen=True, slots=True)
class Header:
    """Hold where a table's header stands.

    Parameters
    ----------
    line
        From 0.
    delimiter
        What parts its cells.
    columns
        The cells as they are written.
    """

    line: int
    delimiter: str
    columns: Cells


@dataclass(frozen=True, slots=True)
class TextSize:
    """Hold what a text has, as far as it goes into `check_text`.

    Parameters
    ----------
    n_bytes, rows
        Bytes and line ends.
    marks
        How often each of what parts cells stands in it.
    """

    n_bytes: int = 0
    rows: int = 0
    marks: tuple[int, ...] = (0,) * len(_DELIMITERS)

    def plus(self, data: bytes) -> "TextSize":
        """Return the size with these bytes more."""
        marks = tuple(n + data.count(mark.encode()) for n, mark in zip(self.marks, _DELIMITERS, strict=True))
        return TextSize(self.n_bytes + len(data), self.rows + data.count(b"\n"), marks)


@dataclass(frozen=True, slots=True)
class Table:
    """Hold a vendor's table as text cells under its own header.

    Parameters
    ----------
    name
        The file, for messages.
    columns, rows
        Names as they are written, and the cells under them; every row is as long as the header.
    notes
        What was mended on the way, a sentence each.
    preamble
        The lines before the header.
    """

    name: str
    columns: Cells
    rows: tuple[Cells, ...]
    notes: tuple[str, ...] = ()
    preamble: tuple[str, ...] = ()

    def index(self, name: str) -> int:
        """Return which column has this name, in whichever case it is written.

        Raises
        ------
        UnknownFormat
            Where there is none, or more than one.
        """
        found = [i for i, column in enumerate(self.columns) if column.lower() == name.lower()]
        if len(found) > 1:
            raise UnknownFormat(f"{self.name} has the column {name} {len(found)} times. Keep one of them.")
        if not found:
            raise UnknownFormat(
                f"{self.name} lacks {name}; its columns are {shown(self.columns)}. "
                "Export it again with acceleration and gyroscope switched on."
            )
        return found[0]

    def texts(self, name: str) -> Cells:
        """Return one column as it is written."""
        column = self.index(name)
        return tuple(row[column] for row in self.rows)

    def numbers(self, names: Sequence[str]) -> Array:
        """Return columns as numbers, (n, k); an empty cell is NaN.

        Raises
        ------
        UnknownFormat
            Where a column is absent.
        BadSamples
            Where a cell is no number.
        """
        picks = [self.index(name) for name in names]
        try:
            cells = [[float(row[i] or "nan") for i in picks] for row in self.rows]
        except ValueError as error:
            raise BadSamples(
                f"{self.name} has a row that cannot be read: {error}. Mend it or export it again."
            ) from error
        return np.array(cells, dtype=np.float64).reshape(len(cells), len(picks))


def shown(columns: Sequence[str]) -> str:
    """Return column names as a message lists them: a dozen at most."""
    return ", ".join(columns[:12]) + (f" and {len(columns) - 12} more" if len(columns) > 12 else "")


def decode(data: bytes) -> str:
    """Return a file's text: UTF-8 or UTF-16, with a byte order mark or without."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    head = data[:400]
    if head and 4 * head.count(0) > len(head):  # plain letters in UTF-16: every second byte is zero
        return data.decode("utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


def lines_of(text: str) -> Iterator[str]:
    """Yield the lines without their ends, one at a time: a list of all of them would be larger than the text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    start = 0
    while start < len(text):
        stop = text.find("\n", start)
        stop = len(text) if stop < 0 else stop
        yield text[start:stop]
        start = stop + 1


def head(text: str) -> list[str]:
    """Return the first lines, among which a header stands."""
    return list(islice(lines_of(text[:_HEAD]), SEARCHED_LINES))


def check_text(name: str, first: bytes, size: TextSize, *, limits: LimitSettings) -> None:
    """Refuse a text with more rows, columns or cells than an honest table or log has.

    What a table costs in memory goes by its cells, of which a byte can make one; it is refused before it is decoded.

    Parameters
    ----------
    name
        The file, for messages.
    first
        Its first bytes, with a header among them.
    size
        Of the whole of it.
    limits
        From the settings.

    Raises
    ------
    RecordingError
        Says which limit, and by how much.
    """
    text = decode(first[:_HEAD])
    if text.lstrip()[:1] in ("{", "["):
        most = limits.text_bytes / _JSON_SHARE
        found = [
            (size.n_bytes, most, f"is {size.n_bytes / 1e6:.0f} MB of JSON, and at most {most / 1e6:g} MB are read")
        ]
    else:
        widest = 1 + max((line.count(mark) for line in head(text) for mark in _DELIMITERS), default=0)
        rows, cells = size.rows, max(size.marks)
        most = limits.hours * _ROWS_PER_H
        found = [
            (widest, limits.columns, f"has {widest} columns, and at most {limits.columns:g} are read"),
            (rows, most, f"has {rows} rows, and at most {most:.0f} are read: {limits.hours:g} h at 200 Hz"),
            (cells, _CELLS_PER_ROW * most, f"has {cells} cells, and at most {_CELLS_PER_ROW * most:.0f} are read"),
        ]
    for count, largest, what in found:
        if count > largest:
            raise RecordingError(f"{name} {what}. Cut it into parts, or raise [limits] in the settings.")


def find_header(lines: Sequence[str], is_header: IsHeader) -> Header | None:
    """Return the first line near the top that is the header sought, or None."""
    for i, line in enumerate(lines[:SEARCHED_LINES]):
        delimiter = max(_DELIMITERS, key=line.count)
        try:
            columns = tuple(cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), []))
        except csv.Error:  # no header has a cell of 128 kB
            continue
        if columns and columns[-1] == "":  # as where every line ends with a delimiter
            columns = columns[:-1]
        if is_header(tuple(cell.lower() for cell in columns)):
            return Header(i, delimiter, columns)
    return None


def is_noise(line: str, header: Header) -> bool:
    """Tell a comment, or the header once more, from a row."""
    if line.lstrip().startswith(("#", "//")):
        return True
    cells = [cell.strip(' "').lower() for cell in line.strip().rstrip(header.delimiter).split(header.delimiter)]
    return cells == [column.lower() for column in header.columns]


def parse_table(text: str, is_header: IsHeader, *, name: str) -> Table:
    """Return the table under the first header that fits; one without columns where there is none.

    Lines before the header, comments, headers that come again, empty lines and a half last row are left out.

    Parameters
    ----------
    text
    is_header
        Tells the header by its cells.
    name
        The file, for messages.

    Raises
    ------
    BadSamples
        Where rows have other lengths than the header, or decimal commas cannot be told from those between cells.
    """
    first = head(text)
    header = find_header(first, is_header)
    if header is None:
        return Table(name, (), ())
    body = (line for line in islice(lines_of(text), header.line + 1, None) if line.strip(' \t\r",;'))
    notes: list[str] = []
    kept = _without_noise(body, header, notes, name=name)
    cells = csv.reader((f"{line}\n" for line in kept), delimiter=header.delimiter, skipinitialspace=True)
    try:
        rows = [tuple(cell.strip() for cell in row) for row in cells]
    except csv.Error as error:
        raise BadSamples(
            f"{name} cannot be parted into cells near line {header.line + 1 + cells.line_num}: {error}, as where a "
            "quote is never closed. Mend it or export it again."
        ) from error
    if len(rows) > 1 and len(rows[-1]) < min(len(rows[-2]), len(header.columns)):
        rows.pop()
        notes.append(f"{name}: the last row stops in the middle and was left out.")
    rows = _fitted(name, header, rows, notes)
    if header.delimiter != ",":
        rows = _with_points(name, rows, notes)
    return Table(name, header.columns, tuple(rows), tuple(notes), tuple(first[: header.line]))


def _without_noise(lines: Iterator[str], header: Header, notes: list[str], *, name: str) -> Iterator[str]:
    """Yield the lines that are rows; at their end, note how many were not."""
    n_noise = 0
    for line in lines:
        if is_noise(line, header):
            n_noise += 1
        else:
            yield line
    if n_noise:
        notes.append(f"{name}: {n_noise} lines among the rows were left out: comments or the header again.")


def _fitted(name: str, header: Header, rows: list[Cells], notes: list[str]) -> list[Cells]:
    """Return the rows in the header's length, without what stands behind a last delimiter."""
    width = len(header.columns)
    if header.delimiter == "," and rows and all(len(row) > width and row[-1] for row in rows):
        splits = _decimal_splits(rows, width)
        if splits:
            notes.append(f"{name}: commas were read as decimal commas, since that alone fits the {width} columns.")
            return [_joined(row, splits) for row in rows]
        if any(len(row) > width + 1 for row in rows):
            raise BadSamples(
                f"{name} has {len(rows[0])} cells in a row and {width} columns, as when a decimal comma is written "
                "between cells that a comma parts too. Export it again with decimal points, or with semicolons."
            )
    for row in rows:
        if len(row) < width or any(row[width:]):
            raise BadSamples(
                f"{name} has a row that cannot be read: {len(row)} cells under {width} columns "
                f"({', '.join(row)[:80]}). Mend it or export it again."
            )
    return [row[:width] for row in rows]


def _decimal_splits(rows: list[Cells], width: int) -> tuple[bool, ...]:
    """Say which columns a decimal comma split in two in every row; nothing where rows differ or two ways fit."""
    n_cells = len(rows[0])
    if any(len(row) != n_cells for row in rows) or not width < n_cells <= 2 * width:
        return ()
    is_integer = [all(_INTEGER.fullmatch(row[i]) for row in rows) for i in range(n_cells)]
    is_digits = [all(_DIGITS.fullmatch(row[i]) for row in rows) for i in range(n_cells)]
    ways: list[tuple[tuple[bool, ...], int]] = [((), 0)]  # columns so far, cells used
    for column in range(width):
        longer = []
        for way, used in ways:
            rest, cells_left = width - column - 1, n_cells - used
            if rest <= cells_left - 1 <= 2 * rest:
                longer.append(((*way, False), used + 1))
            fits = rest <= cells_left - 2 <= 2 * rest
            if fits and is_integer[used] and is_digits[used + 1]:
                longer.append(((*way, True), used + 2))
        ways = longer[:64]
    return ways[0][0] if len(ways) == 1 else ()


def _joined(row: Cells, splits: tuple[bool, ...]) -> Cells:
    cells = iter(row)
    return tuple(f"{next(cells)}.{next(cells)}" if split else next(cells) for split in splits)


def _with_points(name: str, rows: list[Cells], notes: list[str]) -> list[Cells]:
    """Turn decimal commas into points; in a table of decimal points a comma is something else and is refused."""
    commas = {i for row in rows for i, cell in enumerate(row) if _DECIMAL_COMMA.fullmatch(cell)}
    if not commas:
        return rows
    points = {i for row in rows for i, cell in enumerate(row) if re.fullmatch(r"[+-]?\d*\.\d+", cell)}
    if commas & points:
        raise BadSamples(
            f"{name} has decimal points and decimal commas in one column, so a comma may part thousands. "
            "Export it again with one of them."
        )
    return [tuple(cell.replace(",", ".") if i in commas else cell for i, cell in enumerate(row)) for row in rows]
