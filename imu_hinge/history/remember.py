"""Bring the library of a folder of recordings up to date: analyse what is new or changed, drop what is gone.

It keeps what it finds beside each recording too, so that the library can be deleted and is made again in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from imu_hinge.errors import HingeError
from imu_hinge.files import is_regular
from imu_hinge.history.join_log import with_loads
from imu_hinge.one_call import analyze
from imu_hinge.past_set import PastSet, past_sets
from imu_hinge.recovery.read import read
from imu_hinge.report.coaching import SetSeen
from imu_hinge.result import SetResult
from imu_hinge.storage.beside import read_cues
from imu_hinge.storage.library import (
    FILE_NAME,
    Library,
    key_of,
    opened,
    read_analysis,
    recording_folders,
    write_analysis,
)
from imu_hinge.storage.training_log import read_kept

_AT_ONCE: Final = 200
"""So many recordings are put in at once: one by one, the disk is waited for each time."""


def refreshed(root: Path, *, on_analysis: Callable[[str], None] = lambda path: None) -> list[str]:
    """Bring the library up to date and return what could not be analysed, a sentence each.

    Parameters
    ----------
    root
        Folder of recordings.
    on_analysis
        Told the path of each recording that is analysed now.

    Raises
    ------
    RecordingError
        Where there is no such folder, or no library can be there.
    """
    problems: list[str] = []
    with opened(root) as library:
        for entries, gone in _news(root, library, on_analysis, problems):
            library.put_all(entries, gone=gone)
    return problems


Entry = tuple[str, str, list[PastSet]]


def _news(
    root: Path, library: Library, on_analysis: Callable[[str], None], problems: list[str]
) -> Iterator[tuple[list[Entry], list[str]]]:
    """Yield what is new, some at a time, and with the last what is gone."""
    held, seen, entries = library.keys(), set(), []
    for folder in recording_folders(root):
        path = folder.relative_to(root).as_posix()
        seen.add(path)
        key = key_of(folder)
        if held.get(path) == key:
            continue
        sets = read_analysis(folder, key)
        entries.append((path, key, _analyzed(folder, path, key, on_analysis, problems) if sets is None else sets))
        if sets is None or len(entries) == _AT_ONCE:  # an analysis takes longer than the disk
            yield entries, []
            entries = []
    yield entries, sorted(set(held) - seen)


def _analyzed(
    folder: Path, path: str, key: str, on_analysis: Callable[[str], None], problems: list[str]
) -> list[PastSet]:
    """Return a recording's sets, and keep them beside it where that can be written."""
    on_analysis(path)
    try:
        recording = read(folder)
        result, placements = analyze(recording, name=folder.name), "+".join(recording.placements)
        found = past_sets(result, recording=path, placements=placements)
    except HingeError as error:
        problems.append(f"{path}: {error}")
        return []
    cues = read_cues(folder)
    if len(cues) == len(found):  # else live counted other sets, and which is which is not known
        found = [replace(one, cued=cued) for one, cued in zip(found, cues, strict=True)]
    try:
        write_analysis(folder, key, found)
    except OSError:
        problems.append(f"{path} cannot be written to, so it is analysed again whenever the library is made anew.")
    return found


def remembered(
    root: Path, *, athlete: str | None = None, exercise: str | None = None, since: str = ""
) -> list[PastSet]:
    """Return the sets that the library holds, oldest first, with loads of the training log where they have none.

    Parameters
    ----------
    root
    athlete, exercise, since
        As in `storage.library.Library.sets`.
    """
    with opened(root) as library:
        sets = library.sets(athlete=athlete, exercise=exercise, since=since)
        if not (log := read_kept(root)):
            return sets
        everyone = library.sets(since=since[:10])  # the log's order counts all sets of a day
    loads = {(s.recording, s.number): s for s in with_loads(everyone, log)}
    return [loads.get((s.recording, s.number), s) for s in sets]


def seen_before(folder: Path, result: SetResult) -> list[SetSeen]:
    """Return what the same athlete's earlier sets showed, oldest first; nothing where there is no library beside.

    Parameters
    ----------
    folder
        Of the recording that the result is of.
    result
    """
    root = folder.resolve().parent
    if not result.recorded or not is_regular(root / FILE_NAME):
        return []
    earlier = [one for one in remembered(root, athlete=result.athlete.name) if "" < one.recorded < result.recorded]
    return [SetSeen(one.exercise, one.verdicts, one.findings, one.load_kg) for one in earlier]
