"""Describe a recording in ``recording.json`` and read that description back, checked key by key.

It holds no samples and touches no file but that one.
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from imu_hinge import __version__
from imu_hinge.athlete import Athlete, athlete_from_table
from imu_hinge.conventions import PLACEMENTS
from imu_hinge.errors import NewerSchema, RecordingError, SettingsError
from imu_hinge.files import is_plain_name, parse_json, read_regular, reason
from imu_hinge.model import Recording, Samples
from imu_hinge.text import quoted

MANIFEST: Final = "recording.json"
SCHEMA_VERSION: Final = 1  # grows when a reader must change
UNITS: Final = {"time_s": "s", "acc": "m/s², including gravity", "gyr": "rad/s"}


@dataclass(frozen=True, slots=True)
class SensorEntry:
    """Hold what the description says of one sensor.

    Parameters
    ----------
    placement
    file
        Its name in the folder.
    device
        What measured, for people.
    n_samples
    """

    placement: str
    file: str
    device: str
    n_samples: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """Hold a recording's description without its samples; ``None`` is: not known.

    Parameters
    ----------
    sensors
    athlete
    exercise
        ``auto`` or one of `conventions.EXERCISES`.
    load_kg
    note
    is_simulated
        Whether no person was measured.
    recorded
        When it was; nothing where that is not known.
    """

    sensors: tuple[SensorEntry, ...]
    athlete: Athlete | None
    exercise: str
    load_kg: float | None
    note: str
    is_simulated: bool
    recorded: str = ""


def manifest_text(recording: Recording) -> str:
    """Return the text of ``recording.json`` for a recording whose samples go to ``<placement>.csv``."""
    athlete = None
    if recording.athlete is not None:
        athlete = {key: value for key, value in asdict(recording.athlete).items() if value not in (None, "", {})}
    table = {
        "format": "imu_hinge recording",
        "schema_version": SCHEMA_VERSION,
        "written_by": f"imu_hinge {__version__}",
        "is_simulated": recording.is_simulated,
        "exercise": recording.exercise,
        "load_kg": recording.load_kg,
        "note": recording.note,
        "recorded": recording.recorded,
        "athlete": athlete,
        "units": UNITS,
        "sensors": [
            {
                "placement": placement,
                "file": f"{placement}.csv",
                "device": recording.devices.get(placement, ""),
                "rate_hz": _rate_hz(samples),
                "n_samples": len(samples),
            }
            for placement, samples in recording.sensors.items()
        ],
    }
    return json.dumps(table, indent=2, ensure_ascii=False) + "\n"


def read_manifest(path: Path) -> Manifest:
    """Read ``recording.json``.

    Raises
    ------
    NewerSchema
        Where a newer version of this package wrote it.
    RecordingError
        Where it is absent, broken, or a key is absent or of the wrong kind.
    """
    try:
        table = parse_json(read_regular(path, follow=False).decode())
    except FileNotFoundError as error:
        raise RecordingError(
            f"{path.parent} has no {MANIFEST}, so it is no whole recording. "
            f"Copy it again, or name its files one by one, such as sacrum={path.parent / 'sacrum.csv'}."
        ) from error
    except (OSError, ValueError) as error:
        raise RecordingError(f"{path} is broken: {reason(error)}. Copy the recording again.") from error
    version = _take(path, table, "schema_version", int)
    if version > SCHEMA_VERSION:
        raise NewerSchema(
            f"{path} has schema version {version} (written by {quoted(table.get('written_by', 'an unknown version'))}) "
            f"and this imu_hinge {__version__} knows up to {SCHEMA_VERSION}. Update it with pip install -U imu-hinge."
        )
    athlete = _take(path, table, "athlete", dict, type(None))
    try:
        known = athlete_from_table(athlete, where=f"{path}: athlete") if athlete is not None else None
    except (SettingsError, TypeError) as error:
        raise RecordingError(f"{path} describes no possible athlete: {error}") from error
    load_kg = _take(path, table, "load_kg", int, float, type(None))
    if load_kg is not None and not (math.isfinite(load_kg) and load_kg >= 0.0):
        raise RecordingError(f"{path} is broken: load_kg is {load_kg}. Write the load in kg, or null.")
    return Manifest(
        sensors=_sensors(path, _take(path, table, "sensors", list)),
        athlete=known,
        exercise=_take(path, table, "exercise", str),
        load_kg=None if load_kg is None else float(load_kg),
        note=_take(path, table, "note", str),
        is_simulated=_take(path, table, "is_simulated", bool),
        recorded=_take(path, {"recorded": ""} | table, "recorded", str),  # older ones do not have it
    )


def _sensors(path: Path, entries: list[Any]) -> tuple[SensorEntry, ...]:
    sensors = []
    for entry in entries:
        sensor = SensorEntry(
            placement=_take(path, entry, "placement", str),
            file=_take(path, entry, "file", str),
            device=_take(path, entry, "device", str),
            n_samples=_take(path, entry, "n_samples", int),
        )
        if sensor.placement not in PLACEMENTS or not is_plain_name(sensor.file):
            raise RecordingError(
                f"{path} is broken: it names {quoted(sensor.placement)} in {quoted(sensor.file)}. "
                f"A placement is one of {', '.join(PLACEMENTS)} and its file lies beside {MANIFEST}."
            )
        sensors.append(sensor)
    placements = [s.placement for s in sensors]
    if not placements or len(set(placements)) < len(placements):
        raise RecordingError(f"{path} is broken: its placements are {quoted(placements)}. Each sensor needs its own.")
    return tuple(sensors)


def _take(path: Path, table: Any, key: str, *kinds: type) -> Any:
    """Return a value of the right kind or raise `RecordingError`."""
    if not isinstance(table, dict):
        raise RecordingError(f"{path} is broken: {type(table).__name__} where {key} should be. Copy it again.")
    if key not in table:
        raise RecordingError(f"{path} is broken: it has no {key}. Copy the recording again.")
    value = table[key]
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise RecordingError(f"{path} is broken: {key} is {quoted(value)}. Copy the recording again.")
    return value


def _rate_hz(samples: Samples) -> float | None:
    """Return the median rate to three digits behind the point; for readers, nothing is computed from it."""
    steps = np.diff(samples.time_s)
    period = float(np.median(steps)) if steps.size else 0.0
    return round(1.0 / period, 3) if period > 0.0 else None
