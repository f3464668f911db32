"""Pack what a report of a fault needs into one zip: versions, adapter, log, the last minute of a journal.

Names of people, notes and loads are left out: nobody needs them to find a fault.
"""

from __future__ import annotations

import asyncio
import json
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from imu_hinge.atomic_file import write_whole
from imu_hinge.errors import OutputError
from imu_hinge.files import read_regular, reason
from imu_hinge.live.session_log import FILE_NAME as LOG
from imu_hinge.live.session_log import MOST_BYTES, versions
from imu_hinge.storage.journal import FILE_NAME as JOURNAL
from imu_hinge.storage.journal import SESSION, Entry, as_line, read_journal

LAST_S: Final = 60.0
"""So much of a journal's end is packed [s]."""

PRIVATE: Final = ("athlete", "note", "load_kg")
"""What of a session's entry stays out."""

ADAPTER_S: Final = 5.0
"""Most seconds to ask the system about its radio [s]."""


def write_fault_report(path: Path, recording: Path | None) -> Path:
    """Write the zip.

    Parameters
    ----------
    path
        Of the zip.
    recording
        The folder whose log and journal are packed; none where it is None.

    Raises
    ------
    OutputError
        Where the zip cannot be written.
    RecordingError
        Where the folder has no journal that can be read.
    """
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        about: dict[str, Any] = {"versions": versions(), "adapter": asyncio.run(_adapter())}
        if recording is not None:
            journal = read_journal(recording)
            about["journal_losses"] = [str(loss) for loss in journal.losses]
            file.writestr(JOURNAL, b"".join(as_line(entry) for entry in _end_of(journal.entries)))
            text = _log_of(recording)
            if text is not None:
                file.writestr(LOG, text)
        file.writestr("about.json", json.dumps(about, indent=2))
    try:
        return write_whole(path, packed.getvalue())
    except OSError as problem:
        raise OutputError(f"{path} cannot be written: {reason(problem)}. Choose another place.") from problem


def _end_of(entries: tuple[Entry, ...]) -> list[Entry]:
    """Return what began the session and the streams, and the last minute, without anything about people."""
    if not entries:
        return []
    since_ns = entries[-1].host_ns - round(LAST_S * 1e9)
    kept = [e for e in entries if e.host_ns >= since_ns or (e.values is not None and e.kind != "link")]
    return [
        replace(e, values={key: value for key, value in (e.values or {}).items() if key not in PRIVATE})
        if e.kind == SESSION
        else e
        for e in kept
    ]


def _log_of(recording: Path) -> bytes | None:
    try:
        return read_regular(recording / LOG, follow=False, limit=2 * MOST_BYTES)
    except OSError:
        return None  # recordings of older versions have none


async def _adapter() -> str:
    """Return what the system says of its radio, in its own words."""
    try:
        from bleak import BleakAdapter

        async with asyncio.timeout(ADAPTER_S):
            return repr(await BleakAdapter.get())
    except Exception as problem:  # that there is none is what the report is to say
        return f"{type(problem).__name__}: {problem}"
