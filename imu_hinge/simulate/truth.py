"""Hold what really happened in a simulated set, and write and read it beside the recording.

It finds nothing in samples: every number here comes from the lifter's plan and the bones' course.

When a rep starts, turns and ends
    From the floor: it starts when the bar is 5 mm off the floor, turns when lockout is reached (hip and knee within 3°
    of where they come to rest), and ends when the bar is again within 5 mm of the floor; a bar let fall ends it at
    that moment. From the top: it starts when hip or knee have left standing by 3°, turns in the middle of the deepest
    place, and ends when hip and knee are back within 3° of where they come to rest.
"""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.errors import NewerSchema, RecordingError
from imu_hinge.model import Array

SCHEMA: Final = 1
"""Of ``truth.json``; grows when a reader must change."""

LIFTED_M: Final = 0.005
"""Height above the floor at which the bar counts as lifted [m]."""

NEAR_RAD: Final = float(np.radians(3.0))
"""How near hip and knee must be to a place to count as there [rad]."""

_ANGLE_COLUMNS: Final = (
    "time_s",
    *(f"{name}_deg" for name in cv.ANGLES),
    "shank_lean_deg",
    "thigh_lean_deg",
    "s2_height_m",
    "bar_height_m",
)


@dataclass(frozen=True, slots=True)
class TrueRep:
    """Hold one rep as it was; times as the module says, angles in radians.

    Parameters
    ----------
    rep
        From 0.
    start_s, turn_s, end_s
        As in `result.Rep`.
    exercise, style
    lumbar_flexion_peak_rad, knee_peak_rad, pelvis_tilt_peak_rad, trunk_inclination_peak_rad
        Over the whole rep.
    lumbar_flexion_bottom_rad, hip_bottom_rad, knee_bottom_rad
        At the bottom: at ``start_s`` of a lift from the floor, at ``turn_s`` of one from the top.
    is_dropped
        Whether the bar was let fall from lockout.
    """

    rep: int
    start_s: float
    turn_s: float
    end_s: float
    exercise: str
    style: str
    lumbar_flexion_peak_rad: float
    lumbar_flexion_bottom_rad: float
    hip_bottom_rad: float
    knee_peak_rad: float
    knee_bottom_rad: float
    pelvis_tilt_peak_rad: float
    trunk_inclination_peak_rad: float
    is_dropped: bool = False


@dataclass(frozen=True, slots=True)
class TrueNonRep:
    """Hold one movement that is no rep.

    Parameters
    ----------
    kind
        Such as ``walk``, ``shoe``, ``setup_bend``, ``wiggle`` or ``failed``.
    start_s, stop_s
    """

    kind: str
    start_s: float
    stop_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Hold everything that really happened; it is simulated, and says so.

    Parameters
    ----------
    exercise, style
    height_m
        The lifter's.
    bar_m
        Height of the bar's axis on the floor.
    reps, non_reps
    time_s : (n,) [s]
        Even grid of true time; sensors' clocks may differ from it.
    angles_rad : (n, 5) [rad]
        In the order of `conventions.ANGLES`; zero is the lifter's standing without sway.
    shank_lean_rad, thigh_lean_rad : (n,) [rad]
        Shank forward and thigh backward from the vertical.
    s2_height_m, bar_height_m : (n,) [m]
        Heights above the ground of the skin over S2 and of a bar in the hands, held or not.
    q_wb
        Orientation of the bone under every sensor on that grid, (n, 4). Not written to files.
    q_bs
        How every sensor sits on its bone, (4,). Not written to files.
    is_simulated
        Always true.
    """

    exercise: str
    style: str
    height_m: float
    bar_m: float
    reps: tuple[TrueRep, ...]
    non_reps: tuple[TrueNonRep, ...]
    time_s: Array = field(repr=False)
    angles_rad: Array = field(repr=False)
    shank_lean_rad: Array = field(repr=False)
    thigh_lean_rad: Array = field(repr=False)
    s2_height_m: Array = field(repr=False)
    bar_height_m: Array = field(repr=False)
    q_wb: dict[str, Array] = field(default_factory=dict, repr=False)
    q_bs: dict[str, Array] = field(default_factory=dict, repr=False)
    is_simulated: bool = True

    def angles_at(self, time_s: Array) -> Array:
        """Return the angles at other instants, (m, 5) [rad]."""
        return np.stack([np.interp(time_s, self.time_s, column) for column in self.angles_rad.T], axis=1)


def true_verdict(rep: TrueRep, athlete: Athlete) -> str:
    """Return the label the rep deserves by this athlete's own limits (docs/design.md, section 5)."""
    if rep.lumbar_flexion_peak_rad > athlete.limit_rad:
        return "lumbar_flexion"
    if rep.knee_bottom_rad > np.radians(athlete.value("knee_limit_deg")):
        return "squat"
    return "hip_hinge"


def write_truth(path: str | Path, truth: Truth, *, every: int = 1) -> None:
    """Write ``truth.json`` (reps, movements that are none) and the angles to a CSV beside it.

    Angles are written in degrees with three decimals and metres with four.

    Parameters
    ----------
    path
        Of the JSON file; the CSV has its name.
    truth
    every
        Keep one row of so many.
    """
    path = Path(path)
    table: dict[str, Any] = {
        "schema": SCHEMA,
        "is_simulated": True,
        "note": "Truth of a simulated lifter: no person was measured. Times are true time in s, angles in rad.",
        "exercise": truth.exercise,
        "style": truth.style,
        "height_m": truth.height_m,
        "bar_m": truth.bar_m,
        "angles": _csv_beside(path).name,
        "reps": [asdict(rep) for rep in truth.reps],
        "non_reps": [asdict(other) for other in truth.non_reps],
    }
    path.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    degrees = np.degrees(np.column_stack([truth.angles_rad, truth.shank_lean_rad, truth.thigh_lean_rad]))
    rows = np.column_stack([truth.time_s, degrees, truth.s2_height_m, truth.bar_height_m])[::every]
    formats = ["%.4f", *["%.3f"] * 7, "%.4f", "%.4f"]
    header = ",".join(_ANGLE_COLUMNS)
    np.savetxt(_csv_beside(path), rows, fmt=formats, delimiter=",", header=header, comments="", encoding="utf-8")


def read_truth(path: str | Path) -> Truth:
    """Read what `write_truth` wrote.

    Raises
    ------
    RecordingError
        Where a file is missing or is not what `write_truth` writes.
    NewerSchema
        Where a newer version wrote it.
    """
    path = Path(path)
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        beside = path.with_name(table["angles"])
        with beside.open(encoding="utf-8", newline="") as file:
            if tuple(next(csv.reader(file))) != _ANGLE_COLUMNS:
                raise RecordingError(f"{beside} has other columns than a truth file. Simulate the set again.")
            rows = np.loadtxt(file, delimiter=",", ndmin=2)
        if table["schema"] > SCHEMA:
            raise NewerSchema(f"{path} has schema {table['schema']}, this version reads {SCHEMA}. Update imu_hinge.")
        return _truth(table, rows)
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise RecordingError(f"{path} is no truth of a simulated set: {error}. Simulate the set again.") from error


def _truth(table: dict[str, Any], rows: Array) -> Truth:
    """Build the truth from the parsed files."""
    return Truth(
        exercise=table["exercise"],
        style=table["style"],
        height_m=table["height_m"],
        bar_m=table["bar_m"],
        reps=tuple(TrueRep(**rep) for rep in table["reps"]),
        non_reps=tuple(TrueNonRep(**other) for other in table["non_reps"]),
        time_s=rows[:, 0],
        angles_rad=np.radians(rows[:, 1:6]),
        shank_lean_rad=np.radians(rows[:, 6]),
        thigh_lean_rad=np.radians(rows[:, 7]),
        s2_height_m=rows[:, 8],
        bar_height_m=rows[:, 9],
    )


def _csv_beside(path: Path) -> Path:
    """Return where the angles go: ``truth.csv`` beside ``truth.json``."""
    return path.with_suffix(".csv")
