"""Read a recording whether it was sealed or not: `imu_hinge.read`.

It adds nothing to `storage.recording.read` but the folders that a crash left with a journal only.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from imu_hinge.athlete import Athlete
from imu_hinge.errors import HingeError, NewerSchema, RecordingError
from imu_hinge.files import is_regular
from imu_hinge.model import Recording
from imu_hinge.settings import LIMITS, LimitSettings
from imu_hinge.storage import recording as stored
from imu_hinge.storage.beside import with_what_is_beside
from imu_hinge.storage.folder import MANIFEST
from imu_hinge.storage.journal import FILE_NAME
from imu_hinge.storage.screening.checks import check_recording


def read(
    source: stored.Source,
    *,
    athlete: Athlete | None = None,
    exercise: str | None = None,
    repair: bool = False,
    as_live: bool = False,
    limits: LimitSettings = LIMITS,
) -> Recording:
    """Read one recording, as `imu_hinge.storage.recording.read` does; a folder not yet sealed from its journal.

    Parameters
    ----------
    source
        The folder of a recording; ``PLACEMENT=file.csv``; or a list of those.
    athlete, exercise
        Take the place of what the recording says.
    repair
        Read what is there of a recording that was not copied whole.
    as_live
        Where the folder has its journal, give the samples the times they had live; the sealed ones have better times,
        found with hindsight.
    limits
        How much is read at most.

    Examples
    --------
    >>> import tempfile
    >>> import imu_hinge as ih
    >>> from imu_hinge.simulate.session import random_set
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = ih.write(random_set(1, placements=["sacrum"], exercise="deadlift").recording, f"{folder}/set")
    ...     recording = ih.read(path, exercise="deadlift")
    ...     alone = ih.read([f"sacrum={path / 'sacrum.csv'}"])
    >>> recording.placements, recording.exercise, alone.exercise
    (('sacrum',), 'deadlift', 'auto')
    """
    folder = journal_folder(source) if as_live else unsealed_folder(source)
    if folder is None:
        try:
            return stored.read(source, athlete=athlete, exercise=exercise, repair=repair, limits=limits)
        except NewerSchema:
            raise
        except RecordingError as error:
            folder = journal_folder(source)
            if folder is None or repair:
                raise
            recording = _instead(folder, error, limits=limits)
    else:
        from imu_hinge.recovery.seal import recover  # which loads clocks and links that a sealed recording needs not

        recording = with_what_is_beside(recover(folder, as_live=as_live, limits=limits).recording, folder)
    return check_recording(
        replace(
            recording,
            athlete=recording.athlete if athlete is None else athlete,
            exercise=recording.exercise if exercise is None else exercise,
        )
    )


def _instead(folder: Path, error: RecordingError, *, limits: LimitSettings) -> Recording:
    """Return what the whole journal beside damaged files holds, as after a power cut; or raise what was wrong."""
    from imu_hinge.recovery.seal import recover

    try:
        recovered = recover(folder, limits=limits)
    except HingeError:
        raise error from None
    if not recovered.is_whole:
        raise error
    told = f"{error} Read from the journal beside it instead; imu-hinge repair {folder} makes the files whole."
    return replace(recovered.recording, warnings=(*recovered.recording.warnings, told))


def is_unsealed(folder: str | Path) -> bool:
    """Tell a folder with a journal whose recording was never sealed: the program was killed, or the disk full."""
    folder = Path(folder)
    return is_regular(folder / FILE_NAME) and not is_regular(folder / MANIFEST)


def unsealed_folder(source: stored.Source) -> Path | None:
    """Return the folder where the source is one recording that has a journal and was never sealed."""
    items = [str(source)] if isinstance(source, str | Path) else [str(item) for item in source]
    return Path(items[0]) if len(items) == 1 and is_unsealed(items[0]) else None


def journal_folder(source: stored.Source) -> Path | None:
    """Return the folder where the source is one recording that has a journal."""
    items = [str(source)] if isinstance(source, str | Path) else [str(item) for item in source]
    return Path(items[0]) if len(items) == 1 and is_regular(Path(items[0]) / FILE_NAME) else None
