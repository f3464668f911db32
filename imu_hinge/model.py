"""Define the values that travel between the wings: samples, recordings, postures, reps, results.

Nothing here reads a file, filters or draws; the two table properties only lay values out in columns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.errors import BadSamples, RecordingError

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.uint16]


def read_only(values: npt.ArrayLike, *, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """Return the values as a C-ordered array of their own that cannot be written to."""
    array = np.array(values, dtype=dtype, order="C", copy=True)
    array.flags.writeable = False
    return array


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Hold what one sensor measured, in its own frame.

    Parameters
    ----------
    time_s : (n,) [s]
        One instant per sample, on the host's timeline. It need not be even.
    acc : (n, 3) [m/s², sensor]
        Specific force including gravity.
    gyr : (n, 3) [rad/s, sensor]
    flags : (n,), optional
        `conventions.Flag` per sample; zero where nothing is known against it.

    Raises
    ------
    BadSamples
        Where the shapes do not fit each other.
    """

    time_s: Array
    acc: Array
    gyr: Array
    flags: Flags = None  # type: ignore[assignment]  # filled in below: None means no flag anywhere

    def __post_init__(self) -> None:
        time_s = read_only(self.time_s)
        n = time_s.size
        acc, gyr = read_only(self.acc), read_only(self.gyr)
        if time_s.ndim != 1 or acc.shape != (n, 3) or gyr.shape != (n, 3):
            raise BadSamples(
                f"Samples do not fit together: time_s {time_s.shape}, acc {acc.shape}, gyr {gyr.shape}. "
                "Pass time_s (n,), acc (n, 3) in m/s² and gyr (n, 3) in rad/s."
            )
        flags = read_only(np.zeros(n) if self.flags is None else self.flags, dtype=np.uint16)
        if flags.shape != (n,):
            raise BadSamples(f"flags has shape {flags.shape} but there are {n} samples. Pass one flag per sample.")
        for name, value in (("time_s", time_s), ("acc", acc), ("gyr", gyr), ("flags", flags)):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return int(self.time_s.size)

    def __getitem__(self, part: slice) -> Samples:
        return Samples(self.time_s[part], self.acc[part], self.gyr[part], self.flags[part])


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Hold one session's sensors, by placement, and what is known about it.

    Parameters
    ----------
    sensors
        Samples by placement, one of `conventions.PLACEMENTS`.
    athlete
        Who lifted, if known.
    exercise
        What was lifted; ``auto`` where nobody said.
    load_kg
        The bar with its plates, if known.
    note
        Free text.
    is_simulated
        True where no person was measured. Every table and figure then says so.
    devices
        Which device sat at each placement, in words.

    Raises
    ------
    RecordingError
        Where a placement or the exercise is not known, or there is no sensor.
    """

    sensors: Mapping[str, Samples]
    athlete: Athlete | None = None
    exercise: str = "auto"
    load_kg: float | None = None
    note: str = ""
    is_simulated: bool = False
    devices: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.sensors:
            raise RecordingError("The recording has no sensor. Give at least one, such as sacrum=pelvis.csv.")
        for placement in self.sensors:
            check_placement(placement)
        check_exercise(self.exercise)
        object.__setattr__(self, "sensors", MappingProxyType(dict(self.sensors)))
        object.__setattr__(self, "devices", MappingProxyType(dict(self.devices)))

    @property
    def placements(self) -> tuple[str, ...]:
        """Placements in the order of the body, pelvis first."""
        return tuple(p for p in cv.PLACEMENTS if p in self.sensors)


def check_placement(placement: str) -> None:
    """Raise `RecordingError` unless the placement is one this product knows."""
    if placement not in cv.PLACEMENTS:
        raise RecordingError(f"{placement!r} is no placement. Use one of {', '.join(cv.PLACEMENTS)}.")


def check_exercise(exercise: str) -> None:
    """Raise `RecordingError` unless the exercise is one this product knows, or ``auto``."""
    if exercise != "auto" and exercise not in cv.EXERCISES:
        raise RecordingError(f"{exercise!r} is no exercise. Use auto or one of {', '.join(cv.EXERCISES)}.")


class Region(NamedTuple):
    """Hold a half-open range of samples, ``[start, stop)``."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def part(self) -> slice:
        """The region as a slice."""
        return slice(self.start, self.stop)


@dataclass(frozen=True, slots=True, eq=False)
class Posture:
    """Hold the body's angles at every instant of an even grid, each with its standard deviation.

    Parameters
    ----------
    time_s : (n,) [s]
        Even grid on the host's timeline.
    angles_rad : (n, 5) [rad]
        In the order of `conventions.ANGLES`; NaN where it cannot be told.
    sd_rad : (n, 5) [rad]
        Standard deviation of each angle; NaN where the angle is.
    lean_rad : (n,) [rad]
        Inclination of the sensor that tells the bends best, as it was measured; from it reps are found.
    side_lean_rad : (n,) [rad]
        The same sensor's lean out of the sagittal plane, to the left positive.
    height_m : (n,) [m]
        Height of the lowest trunk sensor against its height in quiet standing; negative is lower.
    height_sd_m : (n,) [m]
    speed_mps : (n,) [m/s]
        Vertical velocity of that sensor, up positive.
    shock_mps2 : (n,) [m/s²]
        High-frequency part of the specific force around each instant: what a plate on the floor does.
    is_still : (n,)
        True where every sensor was at rest.
    flags : (n,)
        `conventions.Flag`, all sensors together.
    basis : str
        ``measured`` where two sensors span the lumbar spine, else ``inferred``.
    """

    time_s: Array
    angles_rad: Array
    sd_rad: Array
    lean_rad: Array
    side_lean_rad: Array
    height_m: Array
    height_sd_m: Array
    speed_mps: Array
    shock_mps2: Array
    is_still: npt.NDArray[np.bool_]
    flags: Flags
    basis: str

    def __len__(self) -> int:
        return int(self.time_s.size)

    def __getitem__(self, part: slice) -> Posture:
        columns = {name: getattr(self, name)[part] for name in POSTURE_COLUMNS}
        return Posture(time_s=self.time_s[part], basis=self.basis, **columns)

    def angle_rad(self, index: int) -> Array:
        """Return one angle over time; ``index`` is one of the indices in `conventions`. (n,) [rad]."""
        return self.angles_rad[:, index]

    @property
    def rate_hz(self) -> float:
        """Rate of the grid."""
        return float((len(self) - 1) / (self.time_s[-1] - self.time_s[0])) if len(self) > 1 else math.nan


POSTURE_COLUMNS: Final = (
    "angles_rad",
    "sd_rad",
    "lean_rad",
    "side_lean_rad",
    "height_m",
    "height_sd_m",
    "speed_mps",
    "shock_mps2",
    "is_still",
    "flags",
)
"""What a posture holds per instant, besides the time."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Hold the label of one rep, how sure it is, and what was seen.

    ``confidence`` is the probability of the label; for ``undecided`` that of the likeliest other.
    """

    label: str
    confidence: float
    findings: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rep:
    """Hold one rep, in seconds on the host's timeline and in radians; NaN is: cannot tell."""

    rep: int
    exercise: str
    start_s: float
    turn_s: float
    end_s: float
    descent_s: float
    ascent_s: float
    pause_s: float
    pelvis_tilt_peak_rad: float
    trunk_inclination_peak_rad: float
    lumbar_flexion_peak_rad: float
    lumbar_flexion_peak_sd_rad: float
    lumbar_flexion_bottom_rad: float
    lumbar_flexion_bottom_sd_rad: float
    knee_flexion_peak_rad: float
    lumbar_share: float
    basis: str
    verdict: Verdict
    quality: str

    def as_row(self) -> dict[str, Any]:
        """Return the rep as one row of the ``reps`` table, degrees at this edge."""
        row: dict[str, Any] = {}
        for column in cv.REP_COLUMNS:
            if column.endswith("_deg"):
                row[column] = math.degrees(getattr(self, column.removesuffix("_deg") + "_rad"))
            elif column == "verdict":
                row[column] = self.verdict.label
            elif column == "confidence":
                row[column] = self.verdict.confidence
            elif column == "findings":
                row[column] = ";".join(self.verdict.findings)
            else:
                row[column] = getattr(self, column)
        return row


@dataclass(frozen=True, slots=True)
class Event:
    """Hold something that happened during a set, when it was known.

    Parameters
    ----------
    kind
        ``standing``, ``aligned``, ``rep``, ``slip``, ``gap``, ``warning``.
    time_s
        The instant it is about.
    message
        One sentence for a person.
    rep
        The rep, where one was completed.
    """

    kind: str
    time_s: float
    message: str
    rep: Rep | None = None


@dataclass(frozen=True, eq=False)
class SetResult:
    """Hold everything one analysis found.

    Parameters
    ----------
    recording_name
        What the recording is called in reports.
    exercise
        What was told or recognised.
    exercise_evidence
        One sentence: why that exercise.
    posture
        The angles over time.
    phase : (n,)
        Index into `conventions.PHASES` per sample.
    rep_index : (n,)
        0-based rep per sample, -1 outside.
    lifts
        The reps.
    athlete
        Whose references were used.
    warnings
        Sentences a reader must see beside the numbers.
    alignment_quality
        First component's share per placement, 0 to 1.
    is_simulated
        True where no person was measured.
    is_live
        True where only the past was used at every instant.
    """

    recording_name: str
    exercise: str
    exercise_evidence: str
    posture: Posture
    phase: npt.NDArray[np.int8]
    rep_index: npt.NDArray[np.int32]
    lifts: tuple[Rep, ...]
    athlete: Athlete
    warnings: tuple[str, ...] = ()
    alignment_quality: Mapping[str, float] = field(default_factory=dict)
    is_simulated: bool = False
    is_live: bool = False

    @cached_property
    def reps(self) -> pd.DataFrame:
        """One row per rep, columns `conventions.REP_COLUMNS`, angles in degrees."""
        import pandas as pd

        frame = pd.DataFrame([lift.as_row() for lift in self.lifts], columns=list(cv.REP_COLUMNS))
        if frame.empty:
            text = {"exercise", "basis", "verdict", "findings", "quality"}
            kinds = {c: "object" if c in text else "int64" if c == "rep" else "float64" for c in frame.columns}
            frame = frame.astype(kinds)
        return frame

    @cached_property
    def angles(self) -> pd.DataFrame:
        """One row per sample, columns `conventions.ANGLE_COLUMNS`, angles in degrees."""
        import pandas as pd

        degrees, sd_deg = np.degrees(self.posture.angles_rad), np.degrees(self.posture.sd_rad)
        columns: dict[str, Any] = {"time_s": self.posture.time_s}
        for i, name in enumerate(cv.ANGLES):
            columns[f"{name}_deg"] = degrees[:, i]
            columns[f"{name}_sd_deg"] = sd_deg[:, i]
        columns["rep"] = self.rep_index
        columns["phase"] = np.asarray(cv.PHASES, dtype=object)[self.phase]
        columns["flags"] = self.posture.flags
        return pd.DataFrame(columns, columns=list(cv.ANGLE_COLUMNS))
