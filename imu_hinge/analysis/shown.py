"""Keep what live analysis has shown at every instant, in a third of the room, and lay it out as one posture at the end.

It decides nothing: what is shown, and when, is `live`'s.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from imu_hinge import conventions as cv
from imu_hinge.model import POSTURE_COLUMNS, Array, Posture

PIECE: Final = 6000
"""Instants that are kept together, a minute of the usual grid: room grows by so much."""

INTERVALS: Final = ("low_rad", "high_rad", "over")
"""What is kept of reps alone: elsewhere an interval is a normal variable's, and follows from its sd."""


class Shown:
    """Keep the angles so far; later words stand over earlier ones.

    Notes
    -----
    Numbers are kept in single precision, which is some millionths of a degree: 71 bytes an instant, 26 MB an hour at
    100 Hz; the intervals of reps in half of it, some hundredths, 24 bytes an instant more. The posture at the end is in
    single precision too: in double it would be twice as large and no finer. Live and replay keep them alike, so they
    stay equal to the bit. Reps are computed from what was not rounded.
    """

    def __init__(self) -> None:
        self.stop = 0
        """One past the last instant of the latest word: what follows a rep is shown anew, by what the rep told."""
        self._pieces: dict[str, list[npt.NDArray[Any]]] = {
            name: [] for name in POSTURE_COLUMNS if name not in INTERVALS
        }
        self._intervals: dict[int, dict[str, npt.NDArray[Any]]] = {}  # of reps alone, by first instant

    def put(self, start: int, posture: Posture) -> None:
        """Show these instants, the first of which is ``start`` on the session's grid."""
        stop = start + len(posture)
        if np.isfinite(posture.over).any():
            self._intervals[start] = {name: getattr(posture, name).astype(np.float16) for name in INTERVALS}
        for name, pieces in self._pieces.items():
            values = getattr(posture, name)
            while len(pieces) * PIECE < stop:
                pieces.append(_unknown(name, PIECE, like=values))
            for at in range(start // PIECE, -(-stop // PIECE)):
                first, last = max(start, at * PIECE), min(stop, (at + 1) * PIECE)
                pieces[at][first - at * PIECE : last - at * PIECE] = values[first - start : last - start]
        self.stop = stop

    def taken(self, time_s: Array, *, basis: cv.Basis) -> Posture:
        """Return all as one posture and forget it: column by column, so that no two copies of all are held.

        Parameters
        ----------
        time_s : (n,) [s]
            Every instant of the session. One that was never shown is unknown: nobody had bent yet, or nobody moved.
        basis
        """
        columns: dict[str, npt.NDArray[Any]] = {}
        for name, pieces in self._pieces.items():
            column = _unknown(name, len(time_s), like=pieces[0])
            for at, piece in enumerate(pieces):
                part = column[at * PIECE : (at + 1) * PIECE]
                part[:] = piece[: len(part)]
            pieces.clear()
            columns[name] = column
        posture = Posture(time_s=time_s, basis=basis, **columns)
        for start, told in self._intervals.items():
            for name, values in told.items():
                getattr(posture, name)[start : start + len(values)] = values
        self._intervals.clear()
        return posture


def _unknown(name: str, count: int, *, like: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return so many instants of a column that nobody has shown."""
    if like.dtype.kind == "f":
        return np.full((count, *like.shape[1:]), np.nan, dtype=np.float32)
    return np.full(count, cv.Flag.UNALIGNED if name == "flags" else 0, dtype=like.dtype)
