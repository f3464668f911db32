"""Go from files to a result, and from a result to a sheet, in one call each, as in a notebook.

Nothing is computed here: `recovery.read` reads, `analysis.offline` analyses, `report` draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from imu_hinge.athlete import Athlete
from imu_hinge.model import Recording
from imu_hinge.plan import Plan
from imu_hinge.result import SetResult
from imu_hinge.settings import Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def analyze(
    recording: Recording | str | Path | Sequence[str],
    *,
    athlete: Athlete | None = None,
    exercise: str = "auto",
    as_live: bool = False,
    settings: Settings | None = None,
    name: str = "",
    plan: Plan = (),
) -> SetResult:
    """Analyse one recording: every rep, its spine angles with their error, its verdict with its reason.

    Parameters
    ----------
    recording
        From `imu_hinge.read`, built from arrays, or what `imu_hinge.read` reads: a folder, or ``PLACEMENT=file.csv``.
    athlete
        Overrides the recording's; what is not known has a population default.
    exercise
        One of `conventions.EXERCISES`, or ``auto``: what the recording says, else recognised.
    as_live
        Give what `LiveAnalysis` gave, bit for bit. Otherwise the whole recording is used in both directions, and the
        angles are better.
    settings
    name
        What the recording is called in reports; by default the names of what is read.
    plan
        What was meant to be lifted, see `plan.read_plan`; overrides the recording's.

    Returns
    -------
    SetResult
        No rep at all is a valid result.

    Raises
    ------
    RecordingError
        Where the samples are not what a sensor on a body delivers.
    CalibrationError
        Where standing or bending did not tell how the sensors sit.

    Examples
    --------
    >>> import imu_hinge as ih
    >>> from imu_hinge.simulate.session import random_set
    >>> recording = random_set(5, exercise="deadlift", style="good_hinge").recording
    >>> result = ih.analyze(recording, athlete=ih.Athlete(height_m=1.78))
    >>> len(result.reps), result.reps["verdict"].mode()[0], set(result.reps["basis"])
    (5, 'hip_hinge', {'measured'})
    """
    from imu_hinge.analysis import offline
    from imu_hinge.recovery.read import read

    settings = settings or Settings()
    if not isinstance(recording, Recording):
        items = [recording] if isinstance(recording, str | Path) else recording
        name = name or " ".join(Path(item).name for item in items)
        recording = read(recording, as_live=as_live, limits=settings.limits)
    return offline.analyze(
        recording, athlete=athlete, exercise=exercise, as_live=as_live, settings=settings, name=name, plan=plan
    )


def plot_set(result: SetResult) -> Figure:
    """Draw a result on one sheet: each rep, lumbar against pelvis, the set over time; or the sets of a session.

    Examples
    --------
    >>> import imu_hinge as ih
    >>> from imu_hinge.simulate.session import random_set
    >>> result = ih.analyze(random_set(5, exercise="deadlift", style="good_hinge").recording)
    >>> len(ih.plot_set(result).axes)
    4
    """
    from imu_hinge.report.session_plot import plot_session

    return plot_session(result)
