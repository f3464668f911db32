"""Read the numbers of a comma-separated table whose layout is known, and name the first cell that is none.

It does not find out where a table begins or what its columns are (`plain_csv` does).
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np

from imu_hinge.conventions import CSV_COLUMNS
from imu_hinge.errors import BadSamples
from imu_hinge.model import Array, Flags, Samples
from imu_hinge.storage.importers import text_tables
from imu_hinge.storage.text_file import lines, reader

FLAGS_COLUMN: Final = "flags"
"""Eighth column, `conventions.Flag` per sample; absent where no flag is set."""

SMALL_BYTES: Final = 4_000_000
"""Up to here, ten minutes of a common sensor, a table is read faster than pandas is loaded."""

_ROWS_AT_ONCE: Final = 65536
"""Chosen: ten minutes of a common sensor, some MB."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Hold how a file is laid out.

    Parameters
    ----------
    body
        Where its rows start [byte].
    delimiter, decimal
        What parts cells, and the decimal mark.
    columns
        Their names.
    header
        As it stands in the text.
    """

    body: int
    delimiter: str
    decimal: str
    columns: tuple[str, ...]
    header: text_tables.Header

    def is_ours(self, i: int) -> bool:
        """Tell whether a column is read; others may hold anything."""
        return self.columns[i] in CSV_COLUMNS or self.columns[i] == FLAGS_COLUMN

    def ours(self) -> list[int]:
        """Return which columns are read, in the order of the contract and the flags last."""
        wanted = (*CSV_COLUMNS, FLAGS_COLUMN) if FLAGS_COLUMN in self.columns else CSV_COLUMNS
        return [self.columns.index(name) for name in wanted]


@dataclass(slots=True)
class Columns:
    """Gather a table's numbers piece by piece, in arrays that grow where they are.

    Parameters
    ----------
    time_s, acc, gyr, flags : (room,), (room, 3), (room, 3), (room,)
        As `Samples`; what lies beyond ``n`` holds nothing yet.
    n
        Rows so far.
    """

    time_s: Array
    acc: Array
    gyr: Array
    flags: Flags | None
    n: int = 0

    @classmethod
    def of(cls, layout: Layout, room: int) -> "Columns":
        """Return none yet, with room for some."""
        flags = np.empty(room, dtype=np.uint16) if FLAGS_COLUMN in layout.columns else None
        return cls(np.empty(room), np.empty((room, 3)), np.empty((room, 3)), flags)

    def add(self, path: Path, columns: Sequence[Array]) -> None:
        """Add rows, given as the columns of the contract and, where there are any, the flags."""
        start, stop = self.n, self.n + len(columns[0])
        if stop > len(self.time_s):
            self._resize(2 * stop)
        self.time_s[start:stop] = columns[0]
        for axis in range(3):
            self.acc[start:stop, axis], self.gyr[start:stop, axis] = columns[1 + axis], columns[4 + axis]
        if self.flags is not None:
            told = columns[7]
            if not ((told >= 0) & (told <= 0xFFFF) & (told == np.round(told))).all():
                raise BadSamples(f"{path}: the column flags holds something else than whole numbers. Delete it.")
            self.flags[start:stop] = told.astype(np.uint16)
        self.n = stop

    def samples(self) -> Samples:
        """Return the rows as samples, which take the arrays over."""
        self._resize(self.n)
        for column in (self.time_s, self.acc, self.gyr, self.flags):
            if column is not None:
                column.flags.writeable = False  # so that `Samples` need not copy them
        return Samples(self.time_s, self.acc, self.gyr, self.flags)  # type: ignore[arg-type]

    def _resize(self, room: int) -> None:
        for column in (self.time_s, self.acc, self.gyr, self.flags):
            if column is not None:
                column.resize((room, *column.shape[1:]), refcheck=False)  # nobody else has seen it


def parse(path: Path, rows: Callable[[], Iterator[bytes]], layout: Layout, *, room: int) -> Samples:
    """Return the cells as numbers; empty cells are NaN.

    Parameters
    ----------
    path
        For messages.
    rows
        Gives the text of the rows in pieces, from the first one on each time.
    layout
        What parts them.
    room
        How many rows there are, about.

    Raises
    ------
    BadSamples
        Where a row cannot be read, or there is none.
    """
    found = Columns.of(layout, room)
    pieces = rows()
    start = _first(pieces)
    values = _parse_small(start, layout) if len(start) <= SMALL_BYTES else None
    if values is not None:
        found.add(path, [values[:, i] for i in layout.ours()])
        return found.samples()
    import pandas as pd

    try:
        for frame in _frames(chain([start], pieces), layout):
            found.add(path, [frame[i].to_numpy() for i in layout.ours()])
    except (ValueError, pd.errors.ParserError) as error:
        what = _bad_row(lines(rows()), layout) or str(error)
        raise BadSamples(f"{path}: {what}. Mend that row or export the file again.") from error
    if found.n == 0:
        raise BadSamples(f"{path} has a header but no rows. Record or export it again.")
    return found.samples()


def _first(pieces: Iterator[bytes]) -> bytes:
    """Return the first pieces joined, a little more than are read without pandas."""
    start = b""
    while len(start) <= SMALL_BYTES and (piece := next(pieces, b"")):
        start += piece
    return start


def _frames(rows: Iterator[bytes], layout: Layout) -> Iterator[Any]:
    """Yield the rows as tables of some thousand each: all of them as text would take more memory than as numbers."""
    import pandas as pd

    ours = layout.ours()
    # since pandas 3.1 every float is read to the last bit and the option is deprecated
    version = tuple(int(part) for part in pd.__version__.split(".")[:2])
    exact: dict[str, Any] = {} if version >= (3, 1) else {"float_precision": "round_trip"}
    with pd.read_csv(
        reader(rows),
        sep=layout.delimiter,
        decimal=layout.decimal,
        header=None,
        names=list(range(len(layout.columns))),
        dtype={i: np.float64 if i in ours else str for i in range(len(layout.columns))},
        index_col=False,
        encoding_errors="replace",
        skipinitialspace=True,
        chunksize=_ROWS_AT_ONCE,
        **exact,
    ) as frames:
        yield from frames


def _parse_small(rows: bytes, layout: Layout) -> Array | None:
    """Return the numbers of a plain table with nothing odd in it, else None; pandas takes 0.3 s to load."""
    is_plain = layout.delimiter == "," and all(layout.is_ours(i) for i in range(len(layout.columns)))
    if not is_plain or not rows.strip():
        return None
    with suppress(ValueError):
        values = np.loadtxt(io.BytesIO(rows), delimiter=",", comments=None, ndmin=2, encoding="utf-8")
        return values if values.shape[1] == len(layout.columns) else None
    return None


def _bad_row(texts: Iterator[bytes], layout: Layout) -> str:
    """Name the first row and cell that is no number."""
    rows = csv.reader((line.decode("utf-8", errors="replace") for line in texts), delimiter=layout.delimiter)
    for i, row in enumerate(_until_error(rows), start=1):
        if len(row) > len(layout.columns):
            return f"row {i} has {len(row)} cells and the header {len(layout.columns)}"
        for column, cell in enumerate(row):
            number = cell.strip().replace(layout.decimal, ".")
            if layout.is_ours(column) and number and not is_number(number):
                return f"row {i} has {cell.strip()[:40]!r} in {layout.columns[column]}, which is no number"
    return ""


def _until_error(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield rows as far as they can be parted: a quote that is never closed makes a cell of the rest."""
    with suppress(csv.Error):
        yield from rows


def is_number(text: str) -> bool:
    """Tell whether a cell holds a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
