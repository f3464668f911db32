"""Gather what a look found that the instants after it rest on. It looks at nothing itself."""

from __future__ import annotations

from collections.abc import Mapping

from imu_hinge import conventions as cv
from imu_hinge.analysis.clock_watch import WITHHELD, ClockWatch
from imu_hinge.analysis.instant.known import Known, SensorKnown
from imu_hinge.analysis.pipeline import Aligned, soft_tissue_of
from imu_hinge.motion.hypotheses.kinds import Kinds
from imu_hinge.motion.kinematics.track import Track


def known_of(
    aligned: Aligned, tracks: Mapping[str, Track], kinds: Kinds | None, *, clocks: ClockWatch, exercise: str
) -> Known:
    """Return what a look found that instants rest on.

    Parameters
    ----------
    aligned, tracks
        The look's window.
    kinds
        What the reps so far told; None before the first.
    clocks
        Of the sensors, by the same look.
    exercise
        What is lifted.
    """
    tissue = aligned.soft_tissue
    if kinds is not None:
        is_trusted = exercise in cv.FLOOR_EXERCISES and not kinds.does_not_fit
        tissue = soft_tissue_of(kinds, aligned, is_trusted=is_trusted)
    sensors = {
        p: SensorKnown.of(mounting, aligned.inclinations[p], tracks[p]) for p, mounting in aligned.mountings.items()
    }
    withheld = WITHHELD if clocks.is_apart else ()
    is_of_this = kinds is not None and kinds.exercise == exercise  # what another's told holds against other habits
    return Known(sensors, tissue, aligned.sync_s, withheld, exercise, kinds.together if kinds and is_of_this else None)
