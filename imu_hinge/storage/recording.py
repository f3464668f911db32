"""Read and write recordings: `imu_hinge.read` and `imu_hinge.write`.

It converts no vendor's file (`registry` do) and keeps no journal while live. A recording is a folder with
``recording.json`` and one ``<placement>.csv`` per sensor; files it does not know are left alone.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from imu_hinge.athlete import Athlete
from imu_hinge.atomic_file import part_beside, place_of, put_folder, restore_beside, sync_file, sync_folder
from imu_hinge.conventions import Flag
from imu_hinge.errors import BadSamples, RecordingError, UnknownFormat
from imu_hinge.files import exists, is_regular, open_regular, reason
from imu_hinge.model import Recording, Samples, check_placement
from imu_hinge.settings import LIMITS, LimitSettings
from imu_hinge.storage.beside import with_what_is_beside, write_beside
from imu_hinge.storage.folder import MANIFEST, SensorEntry, manifest_text, read_manifest
from imu_hinge.storage.importers.registry import vendor_of
from imu_hinge.storage.journal import FILE_NAME as JOURNAL
from imu_hinge.storage.plain_csv import import_csv, read_table, write_rows
from imu_hinge.storage.screening.checks import check_recording

Source = str | Path | Sequence[str]
"""One recording's path, ``PLACEMENT=file.csv``, or several of the latter."""

_PLACEMENT_WANTED = "{0} does not say where the sensor sat. Write PLACEMENT=file, such as sacrum={0}."


def read(
    source: Source,
    *,
    athlete: Athlete | None = None,
    exercise: str | None = None,
    repair: bool = False,
    limits: LimitSettings = LIMITS,
) -> Recording:
    """Read one recording and check it at the door.

    Parameters
    ----------
    source
        The folder of a recording (or its ``recording.json``); ``PLACEMENT=file.csv``; or a list of those.
    athlete, exercise
        Take the place of what the recording says.
    repair
        Read what is there of a recording that was not copied whole; the last row before the loss is flagged.
    limits
        How much is read at most.

    Returns
    -------
    Recording
        m/s², rad/s; time in order, what is missing, repeated or clipped flagged.

    Raises
    ------
    RecordingError
        Where something is absent, of another format, not whole, or no sensor could have measured it.
    TooShort
        Where less than three seconds are left.

    See Also
    --------
    imu_hinge.storage.screening.checks.check_recording : what is checked.
    """
    items = [str(source)] if isinstance(source, str | Path) else [str(item) for item in source]
    if not items:
        raise RecordingError("No source was given. Name a recording, or a sensor's file such as sacrum=pelvis.csv.")
    if len(items) == 1:
        restore_beside(place_of(Path(items[0])))
    if len(items) == 1 and (exists(Path(items[0])) or not is_placed(items[0])):
        recording = _read_path(Path(items[0]), repair=repair, limits=limits)
    else:
        found = {placement: import_csv(path, limits=limits) for placement, path in placed_files(items).items()}
        told = tuple(f"{placement}: {note}" for placement, sensor in found.items() for note in sensor.notes)
        recording = Recording({placement: sensor.samples for placement, sensor in found.items()}, warnings=told)
    if athlete is not None:
        recording = replace(recording, athlete=athlete)
    if exercise is not None:
        recording = replace(recording, exercise=exercise)
    return check_recording(recording)


def write(recording: Recording, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a recording as a folder, so that reading it gives the same bits.

    The folder appears whole or not at all: it is written beside its place and renamed. Where a folder with a live
    recording's journal stands already, the files are moved into it, the description last. With ``overwrite``, other
    files in an existing recording's folder are kept.

    Parameters
    ----------
    recording
    path
        The folder to make.
    overwrite
        Replace a recording that stands there.

    Raises
    ------
    RecordingError
        Where the place is taken, or the disk refuses.

    Examples
    --------
    >>> import tempfile
    >>> import imu_hinge as ih
    >>> from imu_hinge.simulate.session import random_set
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = ih.write(random_set(1, exercise="deadlift").recording, f"{folder}/set")
    ...     sorted(file.name for file in path.iterdir())
    ['recording.json', 'sacrum.csv', 't12.csv']
    """
    path = Path(path)
    place = place_of(path)  # of a link, what it points to is replaced
    restore_beside(place)
    if exists(place) and not _awaits_recording(place):
        if not overwrite:
            raise RecordingError(f"{path} exists already. Choose another name, or pass overwrite=True to replace it.")
        if not is_regular(place / MANIFEST):
            raise RecordingError(f"{path} exists and is no recording, so it is not replaced. Choose another name.")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with part_beside(place) as part:
            part.mkdir()
            for placement, samples in recording.sensors.items():
                write_rows(samples, part / f"{placement}.csv")
            write_beside(recording, part)
            (part / MANIFEST).write_text(manifest_text(recording), encoding="utf-8", newline="\n")
            sync_file(part / MANIFEST)
            sync_folder(part)
            _put_in_place(part, place)
    except (OSError, ValueError) as error:
        raise RecordingError(
            f"{path} could not be written: {reason(error)}. Nothing was left behind; "
            "free some space or choose another place."
        ) from error
    return path


def placed_files(items: Sequence[str]) -> dict[str, Path]:
    """Parse ``PLACEMENT=file`` items.

    Raises
    ------
    RecordingError
        Where one is not of that form, the placement is not known, or two are the same.
    """
    files: dict[str, Path] = {}
    for item in items:
        placement, mark, name = item.partition("=")
        if not mark or not name:
            raise RecordingError(
                f"{item!r} does not say where the sensor sat. Write PLACEMENT=file, such as sacrum={item}."
            )
        check_placement(placement)
        if placement in files:
            raise RecordingError(
                f"{placement} is given twice, as {files[placement]} and {name}. Give each sensor its own placement."
            )
        files[placement] = Path(name)
    return files


def is_placed(item: str) -> bool:
    """Tell ``PLACEMENT=file`` from a path, in which a folder may have an equals sign."""
    placement, mark, _ = item.partition("=")
    return bool(mark) and "/" not in placement and os.sep not in placement


def _read_path(path: Path, *, repair: bool, limits: LimitSettings) -> Recording:
    if os.path.isdir(path):
        return _read_folder(path, repair=repair, limits=limits)
    if path.name == MANIFEST:
        return _read_folder(path.parent, repair=repair, limits=limits)
    if not exists(path):
        raise RecordingError(f"There is no recording {path}. Check the name and the folder.")
    try:
        open_regular(path).close()
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {reason(error)}. Give a recording's folder.") from error
    vendor = vendor_of(path)
    if vendor:
        raise UnknownFormat(f"{path} looks like {vendor}. Convert it first: imu-hinge convert sacrum={path} --to DEST.")
    raise RecordingError(_PLACEMENT_WANTED.format(path))


def _read_folder(folder: Path, *, repair: bool, limits: LimitSettings) -> Recording:
    manifest = read_manifest(folder / MANIFEST)
    recording = Recording(
        {entry.placement: _read_sensor(folder, entry, repair=repair, limits=limits) for entry in manifest.sensors},
        athlete=manifest.athlete,
        exercise=manifest.exercise,
        load_kg=manifest.load_kg,
        note=manifest.note,
        is_simulated=manifest.is_simulated,
        devices={entry.placement: entry.device for entry in manifest.sensors if entry.device},
    )
    return with_what_is_beside(recording, folder)


def _read_sensor(folder: Path, entry: SensorEntry, *, repair: bool, limits: LimitSettings) -> Samples:
    """Read one sensor of a folder and compare the number of rows with what was written."""
    table = read_table(folder / entry.file, follow=False, limits=limits)
    samples, n_read = table.samples, len(table.samples)
    if n_read == entry.n_samples and not table.is_cut:
        return samples
    if not repair:
        raise BadSamples(
            f"{folder / entry.file} is not whole: {n_read} rows of the {entry.n_samples} that were written. "
            "Copy the recording again, or pass repair=True to read what is there."
        )
    flags = samples.flags.copy()
    flags[-1:] |= np.uint16(Flag.SUSPECT)
    return Samples(samples.time_s, samples.acc, samples.gyr, flags)


def _awaits_recording(path: Path) -> bool:
    """Tell a folder that holds a live recording's journal and nothing that was read out of it yet."""
    return is_regular(path / JOURNAL) and not exists(path / MANIFEST)


def _put_in_place(part: Path, place: Path) -> None:
    """Give a finished folder its name; one that stands there gives its other files and goes."""
    if _awaits_recording(place):
        for file in sorted(part.iterdir(), key=lambda file: file.name == MANIFEST):
            file.replace(place / file.name)
        sync_folder(place)
        return
    if exists(place):
        written = {MANIFEST} | {entry.file for entry in read_manifest(place / MANIFEST).sensors}
        for extra in place.iterdir():
            if extra.name not in written and not (part / extra.name).exists():
                _keep(extra, part / extra.name)
    put_folder(part, place)


def _keep(source: Path, target: Path) -> None:
    """Give a file or a folder a second name, or a copy where the disk has no second names; links stay links."""
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True, copy_function=_keep_file)
    else:
        _keep_file(source, target)


def _keep_file(source: str | Path, target: str | Path) -> str:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        if is_regular(Path(source)) or os.path.islink(source):
            shutil.copy2(source, target, follow_symlinks=False)
    return str(target)
