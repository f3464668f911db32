"""Write recordings as plain CSVs, and convert between those, our folder and vendors' exports: `convert`.

It computes nothing on the way: the numbers that were read are the numbers that are written.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from imu_hinge.atomic_file import part_beside, put_folder
from imu_hinge.errors import RecordingError
from imu_hinge.files import exists, reason
from imu_hinge.model import Recording
from imu_hinge.settings import LIMITS, LimitSettings
from imu_hinge.storage.importers.bundles import split_device
from imu_hinge.storage.importers.registry import import_export, importer_of
from imu_hinge.storage.plain_csv import import_csv, write_csv, write_rows
from imu_hinge.storage.recording import Source, is_placed, placed_files, read, write
from imu_hinge.storage.screening.checks import check_recording
from imu_hinge.text import Mended


def write_csvs(recording: Recording, folder: str | Path) -> tuple[Path, ...]:
    """Write one plain CSV per sensor, ``<placement>.csv``, into a new folder that appears whole or not at all.

    Raises
    ------
    RecordingError
        Where the folder exists already, or the disk refuses.
    """
    folder = Path(folder)
    if exists(folder):
        raise RecordingError(f"{folder} exists already. Choose another name.")
    names = [f"{placement}.csv" for placement in recording.sensors]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with part_beside(folder) as part:
            part.mkdir()
            for name, samples in zip(names, recording.sensors.values(), strict=True):
                write_rows(samples, part / name)
            put_folder(part, folder)
    except (OSError, ValueError) as error:
        raise RecordingError(
            f"{folder} could not be written: {reason(error)}. Nothing was left behind; "
            "free some space or choose another place."
        ) from error
    return tuple(folder / name for name in names)


def convert(
    source: Source,
    destination: Source,
    *,
    to: str | None = None,
    exercise: str | None = None,
    overwrite: bool = False,
) -> tuple[Path, ...]:
    """Convert a recording, plain CSVs or vendors' exports; the destination decides into what.

    Parameters
    ----------
    source
        As `imu_hinge.read`, or ``PLACEMENT=export`` with a vendor's file, folder or zip; where it holds several
        devices, ``PLACEMENT=export:DEVICE``.
    destination
        ``PLACEMENT=file.csv``, one or several: plain CSVs of those sensors. A path: our folder, or with
        ``to="csv"`` a folder of plain CSVs.
    to
        ``recording``, ``csv`` or None for what the destination says.
    exercise
        What was lifted, written into the recording.
    overwrite
        Replace files or a recording that are there already.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    RecordingError, TooShort
        As `imu_hinge.read` and `imu_hinge.write`; also where the destination names a sensor that is not there.
    """
    targets = [str(destination)] if isinstance(destination, str | Path) else [str(item) for item in destination]
    recording = read_any(source)
    if exercise is not None:
        recording = replace(recording, exercise=exercise)
    return write_any(recording, targets, to=to, overwrite=overwrite)


def write_any(
    recording: Recording, targets: Sequence[str], *, to: str | None = None, overwrite: bool = False
) -> tuple[Path, ...]:
    """Write a recording to what the targets say.

    Parameters
    ----------
    recording
    targets
        One path, or ``PLACEMENT=file.csv`` for one or several sensors.
    to
        ``recording``, ``csv`` or None for what the targets say.
    overwrite
        Replace what is there.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    RecordingError
        As `convert`.
    """
    if to not in (None, "csv", "recording"):
        raise RecordingError(f"Nothing can be converted to {to!r}. Use csv or recording.")
    if any(is_placed(target) for target in targets):
        if to == "recording":
            raise RecordingError(f"A recording is a folder, and {targets[0]} is one sensor's file. Name a folder.")
        return _write_named(recording, placed_files(targets), overwrite=overwrite)
    if len(targets) != 1:
        raise RecordingError(f"One destination is needed and {len(targets)} were given: {', '.join(targets)}.")
    if to == "csv":
        return write_csvs(recording, targets[0])
    return (write(recording, targets[0], overwrite=overwrite),)


def read_any(source: Source, *, limits: LimitSettings = LIMITS) -> Recording:
    """Read what `imu_hinge.read` reads, and vendors' exports given as ``PLACEMENT=path``; checked at the door.

    Raises
    ------
    RecordingError, TooShort
        As `imu_hinge.read` and `imu_hinge.storage.importers.registry.read_export`.
    """
    items = [str(source)] if isinstance(source, str | Path) else [str(item) for item in source]
    if not items or not all(is_placed(item) for item in items):
        return read(source, limits=limits)
    sensors, devices, warnings = {}, {}, []
    for placement, given in placed_files(items).items():
        path, device = split_device(str(given))
        importer = importer_of(path, limits=limits)
        if device and not importer:
            raise RecordingError(
                f"{path} is a plain CSV of one sensor, in which {device!r} cannot be chosen. Leave it out."
            )
        found = import_export(path, device, limits=limits) if importer else import_csv(path, limits=limits)
        sensors[placement] = found.samples
        warnings += [Mended(f"{placement}: {note}") for note in found.notes]
        if importer:
            devices[placement] = importer.name
    return check_recording(Recording(sensors, devices=devices, warnings=tuple(warnings)))


def _write_named(recording: Recording, files: dict[str, Path], *, overwrite: bool) -> tuple[Path, ...]:
    """Write some sensors to files of the caller's names; nothing is written where one of them cannot be."""
    absent = [placement for placement in files if placement not in recording.sensors]
    if absent:
        raise RecordingError(
            f"The recording has no sensor at {', '.join(absent)}; it has {', '.join(recording.placements)}. Name those."
        )
    taken = [str(path) for path in files.values() if exists(path)]
    if taken and not overwrite:
        raise RecordingError(f"{', '.join(taken)} exists already. Choose another name, or pass overwrite=True.")
    return tuple(write_csv(recording.sensors[p], path, overwrite=overwrite) for p, path in files.items())
