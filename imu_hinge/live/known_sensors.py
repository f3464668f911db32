"""Remember which sensor sits where, per user of this computer, and read what a user says about it.

It asks no radio: names are taken as given.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from imu_hinge.atomic_file import write_whole
from imu_hinge.conventions import PLACEMENTS
from imu_hinge.errors import DeviceError, RecordingError
from imu_hinge.files import parse_json, read_regular
from imu_hinge.model import check_placement
from imu_hinge.text import one_line

FOLDER_VARIABLE: Final = "IMU_HINGE_CONFIG"
"""Environment variable that names another folder than the user's own."""

FILE_NAME: Final = "sensors.json"


@dataclass(frozen=True, slots=True)
class KnownSensor:
    """Hold one sensor as it was used last.

    Parameters
    ----------
    placement
        Where it was worn.
    address
        By which it is connected.
    name
        As advertised.
    is_of_last_session
        Whether that was in the last session.
    """

    placement: str
    address: str
    name: str
    is_of_last_session: bool = False


def config_folder() -> Path:
    """Return the folder of this user's settings; it need not exist."""
    given = os.environ.get(FOLDER_VARIABLE)
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", Path.home())) / "imu_hinge"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "imu_hinge"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "imu_hinge"


def load_known_sensors() -> list[KnownSensor]:
    """Return the sensors used so far, the last session's first; a broken file is: none."""
    try:
        rows = parse_json(read_regular(config_folder() / FILE_NAME))
        return [
            KnownSensor(
                *(str(row["placement"]), one_line(str(row["address"])), one_line(str(row["name"]))),
                # files of versions that did not write it: whatever was used
                is_of_last_session=row.get("is_of_last_session", True) is True,
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def remember(used: Sequence[KnownSensor]) -> None:
    """Put the sensors of this session before those of earlier ones; each sensor and each placement once.

    A folder that cannot be written is no reason to lose a recording: then nothing is remembered.
    """
    taken = {known.address for known in used}
    kept = [known for known in load_known_sensors() if known.address not in taken]
    now = [replace(known, is_of_last_session=True) for known in used]
    rows = [asdict(known) for known in (*now, *(replace(k, is_of_last_session=False) for k in kept))]
    path = config_folder() / FILE_NAME
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, (json.dumps(rows, indent=2) + "\n").encode())


def wanted_sensors(items: Sequence[str]) -> dict[str, str]:
    """Return name or address by placement, from what a user typed.

    Parameters
    ----------
    items
        ``PLACEMENT=NAME_OR_ADDRESS``; or a placement or a sensor's name alone, for what was used last. None at all
        stands for every placement of the last session.

    Raises
    ------
    RecordingError
        Where a placement is unknown or given twice.
    DeviceError
        Where nothing is remembered for it.
    """
    known = load_known_sensors()
    wanted: dict[str, str] = {}
    for item in items or [k.placement for k in _one_each([k for k in known if k.is_of_last_session])]:
        placement, mark, name = item.partition("=")
        if not mark:
            placement, name = _remembered(item, known)
        check_placement(placement)
        if placement in wanted:
            raise RecordingError(f"{placement} is given twice. Give each sensor its own placement.")
        if not name:
            raise RecordingError(f"{item!r} names no sensor. Write {placement}=NAME; imu-hinge scan lists the names.")
        wanted[placement] = name
    if not wanted:
        raise DeviceError(
            "No sensor is named and none is remembered. Write for example sacrum=NAME t12=NAME; imu-hinge scan lists "
            "the names."
        )
    return wanted


def _one_each(known: Sequence[KnownSensor]) -> list[KnownSensor]:
    """Return the latest sensor of each placement, in the order of the body."""
    latest: dict[str, KnownSensor] = {}
    for each in known:
        latest.setdefault(each.placement, each)
    return [latest[placement] for placement in PLACEMENTS if placement in latest]


def _remembered(item: str, known: Sequence[KnownSensor]) -> tuple[str, str]:
    for each in known:
        if item == each.placement or item.casefold() in (each.name.casefold(), each.address.casefold()):
            return each.placement, each.address
    raise DeviceError(f"Nothing is remembered for {item!r}. Write PLACEMENT=NAME; imu-hinge scan lists the names.")
