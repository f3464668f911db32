"""Keep what is remembered of every set of a folder of recordings where it is found quickly, in SQLite beside them.

It analyses nothing and owns nothing: what it holds lies in ``analysis.json`` of each recording too, so that the file
may be deleted at any time. Two programs may use it at once.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from imu_hinge.atomic_file import write_whole
from imu_hinge.errors import RecordingError
from imu_hinge.files import is_regular, parse_json, read_regular, reason
from imu_hinge.past_set import PastSet, past_set_from_values
from imu_hinge.storage.beside import CUES, EDITS, PLAN
from imu_hinge.storage.folder import MANIFEST

FILE_NAME: Final = "library.sqlite"
ANALYSIS: Final = "analysis.json"
"""Names of the library, and of what is remembered beside a recording."""

SCHEMA: Final = 1
"""Of both; another one is made anew from the recordings, never converted."""

BUSY_S: Final = 30.0
"""How long one program waits for another that writes; it writes a recording's sets in some milliseconds."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS recordings (path TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sets (
    path TEXT NOT NULL, number INTEGER NOT NULL, athlete TEXT NOT NULL, exercise TEXT NOT NULL, recorded TEXT NOT NULL,
    start_s REAL NOT NULL, body TEXT NOT NULL, PRIMARY KEY (path, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_athlete ON sets (athlete, exercise, recorded);
"""


def recording_folders(root: Path) -> list[Path]:
    """Return the folders below a folder that hold a recording, sorted."""
    return sorted(path.parent for path in root.rglob(MANIFEST) if is_regular(path))


def key_of(folder: Path) -> str:
    """Return what an analysis of a recording rests on, as a short text: it is analysed anew where that changes.

    Of the samples the sizes are looked at: they are written once.
    """
    digest = hashlib.sha256(f"imu_hinge {SCHEMA}".encode())
    for name in (MANIFEST, EDITS, PLAN, CUES):
        path = folder / name
        digest.update(name.encode() + (read_regular(path) if is_regular(path) else b""))
    for path in sorted(folder.glob("*.csv")):
        digest.update(f"{path.name} {path.stat().st_size}".encode())
    return digest.hexdigest()[:32]


def read_analysis(folder: Path, key: str) -> list[PastSet] | None:
    """Return what is remembered beside a recording; None where nothing is, or where it is of something else."""
    path = folder / ANALYSIS
    try:
        table = parse_json(read_regular(path).decode())
        if table["schema_version"] != SCHEMA or table["key"] != key:
            return None
        return [past_set_from_values(values) for values in table["sets"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it is made anew


def write_analysis(folder: Path, key: str, sets: Sequence[PastSet]) -> None:
    """Write what is remembered beside a recording, whole or not at all.

    Parameters
    ----------
    folder
    key
        As in `key_of`.
    sets

    Raises
    ------
    OSError
        Where the folder cannot be written to.
    """
    rows = ",\n".join(f"  {json.dumps(one.as_values(), ensure_ascii=False)}" for one in sets)
    head = f' "format": "imu_hinge analysis",\n "schema_version": {SCHEMA},\n "key": "{key}",\n'
    write_whole(folder / ANALYSIS, f'{{\n{head} "sets": [\n{rows}\n ]\n}}\n'.encode())


class Library:
    """Hold the sets of all recordings below a folder, by recording; see `opened`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def keys(self) -> dict[str, str]:
        """Return the key (`key_of`) of every recording that is held, by its path."""
        return dict(self._db.execute("SELECT path, key FROM recordings"))

    def put_all(self, entries: Sequence[tuple[str, str, Sequence[PastSet]]], *, gone: Sequence[str] = ()) -> None:
        """Hold the sets of several recordings, each (path, key, sets), and no longer those that are gone, at once."""
        with self._writing():
            for path in gone:
                self._put(path, "", ())
                self._db.execute("DELETE FROM recordings WHERE path = ?", (path,))
            for path, key, sets in entries:
                self._put(path, key, sets)

    def _put(self, path: str, key: str, sets: Sequence[PastSet]) -> None:
        self._db.execute("DELETE FROM sets WHERE path = ?", (path,))
        rows = [(path, s.number, s.athlete, s.exercise, s.recorded, s.start_s, json.dumps(s.as_values())) for s in sets]
        self._db.executemany("INSERT INTO sets VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        self._db.execute("INSERT OR REPLACE INTO recordings VALUES (?, ?)", (path, key))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Write all or nothing, after whoever writes now."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def sets(self, *, athlete: str | None = None, exercise: str | None = None, since: str = "") -> list[PastSet]:
        """Return what is held, oldest first.

        Parameters
        ----------
        athlete, exercise
            Of these alone, where given.
        since
            From this date on (ISO 8601); sets without a date are left out then.
        """
        query = "SELECT body FROM sets WHERE recorded >= ?"
        values: list[str] = [since]
        for column, wanted in (("athlete", athlete), ("exercise", exercise)):
            if wanted is not None:
                query += f" AND {column} = ?"
                values.append(wanted)
        rows = self._db.execute(f"{query} ORDER BY recorded, path, number", values)
        return [past_set_from_values(json.loads(body)) for (body,) in rows]


@contextmanager
def opened(root: Path) -> Iterator[Library]:
    """Open the library of a folder of recordings; one that is broken, or of another version, begins anew.

    Raises
    ------
    RecordingError
        Where there is no such folder, or it cannot be written to.
    """
    if not root.is_dir():
        raise RecordingError(f"There is no folder {root}. Name the folder that holds your recordings.")
    path = root / FILE_NAME
    try:
        with closing(_connected(path)) as connection:
            yield Library(connection)
    except sqlite3.Error as error:
        raise RecordingError(f"{path} cannot be used: {reason(error)}. Delete it; it is made anew.") from error


def _connected(path: Path) -> sqlite3.Connection:
    for attempt in range(2):
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] not in (0, SCHEMA):
                raise sqlite3.DatabaseError("of another version")
            connection.execute("PRAGMA journal_mode = WAL")  # who reads does not wait for who writes
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(_TABLES + f"PRAGMA user_version = {SCHEMA};")
            return connection
        except sqlite3.OperationalError:
            connection.close()
            raise  # locked for too long, or no place: nothing to throw away
        except sqlite3.DatabaseError:
            connection.close()
            if attempt:
                raise
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
    raise AssertionError("unreachable")
