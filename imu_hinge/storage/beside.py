"""Keep what is told of a recording beside its raw data: ``edits.json``, ``plan.toml`` and ``cues.json``.

Raw samples are never touched, and nothing is applied here.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from imu_hinge.atomic_file import write_whole
from imu_hinge.edits import Edit, edit_from_values
from imu_hinge.errors import NewerSchema, RecordingError
from imu_hinge.files import parse_json, read_regular, reason
from imu_hinge.model import Recording
from imu_hinge.plan import plan_text, read_plan

EDITS: Final = "edits.json"
PLAN: Final = "plan.toml"
CUES: Final = "cues.json"
"""Of which sets had cues, live."""
SCHEMA: Final = 1
"""Of ``edits.json``; a later one is refused."""


def read_edits(folder: Path) -> tuple[Edit, ...]:
    """Read the edits of a recording's folder, in the order in which they were made; none where there is no file.

    One line is one edit, and a line that is removed undoes it, also the last one.

    Raises
    ------
    NewerSchema
        Where a newer version of this package wrote them.
    RecordingError
        Where the file is broken or an edit cannot be.
    """
    path = folder / EDITS
    if not folder.is_dir():
        raise RecordingError(f"There is no folder {folder}. Give the folder of a recording.")
    if not os.path.lexists(path):
        return ()
    try:
        text = read_regular(path, follow=False).decode()
        table = parse_json(re.sub(r",(\s*\n\s*\])", r"\1", text))  # what removing the last line leaves
        if int(table["schema_version"]) > SCHEMA:
            raise NewerSchema(f"{path} has schema version {table['schema_version']}, this imu_hinge reads {SCHEMA}.")
        return tuple(edit_from_values(entry) for entry in table["edits"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordingError(
            f"{path} is broken: {reason(error)}. Mend or remove the line; without the file nothing is edited."
        ) from error


def write_edits(folder: Path, edits: Sequence[Edit]) -> Path:
    """Write all edits of a recording, one a line, whole or not at all.

    Raises
    ------
    RecordingError
        Where the file cannot be written.
    """
    lines = ",\n".join(f"  {json.dumps(edit.as_values(), ensure_ascii=False)}" for edit in edits)
    text = f'{{\n "format": "imu_hinge edits",\n "schema_version": {SCHEMA},\n "edits": [\n{lines}\n ]\n}}\n'
    try:
        return write_whole(folder / EDITS, text.encode(), follow=False)
    except OSError as error:
        raise RecordingError(
            f"{folder / EDITS} could not be written: {reason(error)}. Free the name or some space."
        ) from error


def write_beside(recording: Recording, folder: Path) -> None:
    """Write the plan and the edits that a recording carries, where it does."""
    if recording.plan:
        write_whole(folder / PLAN, plan_text(recording.plan).encode(), follow=False)
    if recording.edits:
        write_edits(folder, recording.edits)


def with_what_is_beside(recording: Recording, folder: Path) -> Recording:
    """Return the recording with the plan and the edits that lie in its folder; errors as `read_edits`."""
    path = folder / PLAN
    plan = read_plan(path, follow=False) if os.path.lexists(path) else recording.plan
    return replace(recording, edits=read_edits(folder), plan=plan)


def write_cues(folder: Path, cued_sets: Sequence[bool]) -> Path:
    """Write for each set whether there were cues, whole or not at all.

    Raises
    ------
    RecordingError
        Where the file cannot be written.
    """
    text = json.dumps({"format": "imu_hinge cues", "schema_version": SCHEMA, "cued_sets": list(cued_sets)})
    try:
        return write_whole(folder / CUES, f"{text}\n".encode())
    except OSError as error:
        raise RecordingError(f"{folder / CUES} could not be written: {reason(error)}. Free some space.") from error


def read_cues(folder: Path) -> list[bool]:
    """Return for each set whether there were cues, as noted live; nothing where nobody noted it."""
    path = folder / CUES
    try:
        return [bool(cued) for cued in parse_json(read_regular(path).decode())["cued_sets"]] if is_regular(path) else []
    except (OSError, ValueError, KeyError, TypeError):
        return []  # what is not known is not shown
