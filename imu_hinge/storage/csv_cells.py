"""Read the numbers of a comma-separated table whose layout is known, and name the first cell that is none.

It does not find out where a table begins or what its columns are (`plain_csv` does).
"""

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from imu_hinge.conventions import CSV_COLUMNS
from imu_hinge.errors import BadSamples
from imu_hinge.model import Array
from imu_hinge.storage.importers import text_tables

FLAGS_COLUMN: Final = "flags"
"""Eighth column, `conventions.Flag` per sample; absent where no flag is set."""

SMALL_BYTES: Final = 4_000_000
"""Up to here, ten minutes of a common sensor, a table is read faster than pandas is loaded."""


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


def parse(path: Path, data: bytes, layout: Layout) -> Array:
    """Return the cells as numbers, one column per header name; empty cells are NaN, other columns zero.

    Parameters
    ----------
    path
        For messages.
    data
        The whole file.
    layout
        Where its rows start and what parts them.

    Returns
    -------
    (n, columns)

    Raises
    ------
    BadSamples
        Where a row cannot be read, or there is none.
    """
    values = _parse_small(data[layout.body :], layout) if len(data) <= SMALL_BYTES else None
    if values is not None:
        return values
    import pandas as pd

    ours = [i for i in range(len(layout.columns)) if layout.is_ours(i)]
    # since pandas 3.1 every float is read to the last bit and the option is deprecated
    version = tuple(int(part) for part in pd.__version__.split(".")[:2])
    exact: dict[str, Any] = {} if version >= (3, 1) else {"float_precision": "round_trip"}
    rows = io.BytesIO(data)
    rows.seek(layout.body)
    try:
        frame = pd.read_csv(
            rows,
            sep=layout.delimiter,
            decimal=layout.decimal,
            header=None,
            names=list(range(len(layout.columns))),
            dtype={i: np.float64 if i in ours else str for i in range(len(layout.columns))},
            index_col=False,
            encoding_errors="replace",
            skipinitialspace=True,
            **exact,
        )
    except (ValueError, pd.errors.ParserError) as error:
        what = _bad_row(data, layout) or str(error)
        raise BadSamples(f"{path}: {what}. Mend that row or export the file again.") from error
    if frame.empty:
        raise BadSamples(f"{path} has a header but no rows. Record or export it again.")
    values = np.zeros((len(frame), len(layout.columns)))
    for i in ours:
        values[:, i] = frame[i].to_numpy()
    return values


def _parse_small(rows: bytes, layout: Layout) -> Array | None:
    """Return the numbers of a plain table with nothing odd in it, else None; pandas takes 0.3 s to load."""
    is_plain = layout.delimiter == "," and all(layout.is_ours(i) for i in range(len(layout.columns)))
    if not is_plain or not rows.strip():
        return None
    with suppress(ValueError):
        values = np.loadtxt(io.BytesIO(rows), delimiter=",", comments=None, ndmin=2, encoding="utf-8")
        return values if values.shape[1] == len(layout.columns) else None
    return None


def _bad_row(data: bytes, layout: Layout) -> str:
    """Name the first row and cell that is no number."""
    lines = (line.decode("utf-8", errors="replace") for line in io.BytesIO(data[layout.body :]))
    rows = csv.reader(lines, delimiter=layout.delimiter)
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
