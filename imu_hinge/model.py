"""Define the values that travel between the wings on the way in: samples, recordings, regions, postures.

Nothing here reads a file, filters or draws. What comes out, reps and results, is in `result`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.edits import Edit
from imu_hinge.errors import BadSamples, RecordingError
from imu_hinge.plan import Plan
from imu_hinge.text import one_line, quoted, several_lines, warning_lines

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.uint16]


def read_only(values: npt.ArrayLike, *, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """Return the values as a C-ordered array that cannot be written to: of their own, unless nobody else can either."""
    if isinstance(values, np.ndarray) and values.dtype == dtype and _is_sealed(values):
        return values
    array = np.array(values, dtype=dtype, order="C", copy=True)
    array.flags.writeable = False
    return array


def _is_sealed(values: npt.NDArray[Any]) -> bool:
    """Tell whether neither an array nor the one whose memory it shows can be written to: a slice of ours."""
    owner = values if values.base is None else values.base
    is_sealed = isinstance(owner, np.ndarray) and owner.base is None and not owner.flags.writeable
    return is_sealed and type(values) is np.ndarray and not values.flags.writeable and values.flags.c_contiguous


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

    Examples
    --------
    >>> import numpy as np
    >>> import imu_hinge as ih
    >>> time_s = np.arange(300) / 100.0
    >>> samples = ih.Samples(time_s=time_s, acc=np.tile([0.0, 0.0, 9.81], (300, 1)), gyr=np.zeros((300, 3)))
    >>> len(samples), len(samples[100:200])
    (300, 100)
    """

    time_s: Array
    acc: Array
    gyr: Array
    flags: Flags = None  # type: ignore[assignment]  # filled in below: None means no flag anywhere

    def __post_init__(self) -> None:
        try:
            if any(np.iscomplexobj(column) for column in (self.time_s, self.acc, self.gyr)):
                raise TypeError("a complex number")
            time_s, acc, gyr = (read_only(column) for column in (self.time_s, self.acc, self.gyr))
            flags = read_only(np.zeros(time_s.size) if self.flags is None else self.flags, dtype=np.uint16)
        except (TypeError, ValueError, OverflowError) as error:
            raise BadSamples(
                f"Samples hold something that is no number, or rows of different lengths: {error}. "
                "Pass time_s (n,), acc (n, 3) in m/s² and gyr (n, 3) in rad/s."
            ) from error
        n = time_s.size
        if time_s.ndim != 1 or acc.shape != (n, 3) or gyr.shape != (n, 3):
            raise BadSamples(
                f"Samples do not fit together: time_s {time_s.shape}, acc {acc.shape}, gyr {gyr.shape}. "
                "Pass time_s (n,), acc (n, 3) in m/s² and gyr (n, 3) in rad/s."
            )
        if flags.shape != (n,):
            raise BadSamples(f"flags has shape {flags.shape} but there are {n} samples. Pass one flag per sample.")
        for name, value in (("time_s", time_s), ("acc", acc), ("gyr", gyr), ("flags", flags)):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return int(self.time_s.size)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by value; what comes back is checked and read-only again."""
        return Samples, (self.time_s, self.acc, self.gyr, self.flags)

    def __getitem__(self, part: slice) -> Samples:
        columns = (self.time_s[part], self.acc[part], self.gyr[part], self.flags[part])
        return Samples(*columns) if part.step not in (None, 1) else _known_good(*columns)


def _known_good(time_s: Array, acc: Array, gyr: Array, flags: Flags) -> Samples:
    """Return samples of columns that are checked and read-only: to ask again takes longer than all that live makes."""
    samples = object.__new__(Samples)
    for name, column in (("time_s", time_s), ("acc", acc), ("gyr", gyr), ("flags", flags)):
        object.__setattr__(samples, name, column)
    return samples


def joined(before: Samples, after: Samples) -> Samples:
    """Return the samples of both, one after the other."""
    columns = [np.concatenate((getattr(before, c), getattr(after, c))) for c in ("time_s", "acc", "gyr", "flags")]
    for column in columns:
        column.flags.writeable = False  # nobody else has it: `Samples` need not copy it
    return _known_good(*columns)


def samples_of_table(placement: str, table: Any) -> Samples:
    """Return a table's columns, named as in the plain CSV, as samples.

    Parameters
    ----------
    placement
        For messages.
    table
        Anything that has its names in ``columns`` and gives a column by its name.

    Raises
    ------
    BadSamples
        Where it is no table, or a column is not there.
    """
    names = list(map(str, getattr(table, "columns", ())))
    missing = [name for name in cv.CSV_COLUMNS if name not in names]
    if missing:
        kind = f"has no {', '.join(missing)}" if names else f"is a {type(table).__name__}"
        raise BadSamples(
            f"{placement} {kind}. Give ih.Samples(time_s, acc, gyr), or a table with the columns "
            f"{', '.join(cv.CSV_COLUMNS)} in s, m/s² and rad/s."
        )
    columns = [np.asarray(table[name]) for name in cv.CSV_COLUMNS]
    return Samples(columns[0], np.column_stack(columns[1:4]), np.column_stack(columns[4:7]))


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Hold one session's sensors, by placement, and what is known about it.

    Parameters
    ----------
    sensors
        Samples by placement, one of `conventions.PLACEMENTS`; or a table (pandas, polars) with the columns of the plain
        CSV (`conventions.CSV_COLUMNS`), which becomes samples.
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
    warnings
        What was mended or taken for granted when it was read, a sentence each.
    edits
        What a person changed of what is found in it, in order; kept beside the samples, which never change.
    plan
        What was meant to be lifted, set by set; nothing where nobody said.
    recorded
        When it was, as a date or a date and time (ISO 8601), if known.

    Text is kept as any page or terminal can show it, see `imu_hinge.text`.

    Raises
    ------
    RecordingError
        Where a placement or the exercise is not known, or there is no sensor.

    Examples
    --------
    >>> import numpy as np
    >>> import imu_hinge as ih
    >>> still = ih.Samples(np.arange(300) / 100.0, acc=np.tile([0.0, 0.0, 9.81], (300, 1)), gyr=np.zeros((300, 3)))
    >>> recording = ih.Recording({"t12": still, "sacrum": still}, exercise="deadlift")
    >>> recording.placements
    ('sacrum', 't12')
    """

    sensors: Mapping[str, Samples]
    athlete: Athlete | None = None
    exercise: str = "auto"
    load_kg: float | None = None
    note: str = ""
    is_simulated: bool = False
    devices: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    plan: Plan = ()
    recorded: str = ""

    def __post_init__(self) -> None:
        if not self.sensors:
            raise RecordingError("The recording has no sensor. Give at least one, such as sacrum=pelvis.csv.")
        for placement in self.sensors:
            check_placement(placement)
        check_exercise(self.exercise)
        for what, text in (
            ("note", self.note),
            ("recorded", self.recorded),
            *((f"devices[{p!r}]", d) for p, d in dict(self.devices).items()),
        ):
            if not isinstance(text, str):
                raise RecordingError(f"{what} is {quoted(text)} and no text. Put it in quotes.")
        sensors = {p: s if isinstance(s, Samples) else samples_of_table(p, s) for p, s in self.sensors.items()}
        object.__setattr__(self, "sensors", MappingProxyType(sensors))
        devices = {placement: one_line(device) for placement, device in self.devices.items()}
        object.__setattr__(self, "devices", MappingProxyType(devices))
        object.__setattr__(self, "note", several_lines(self.note))
        object.__setattr__(self, "recorded", one_line(self.recorded))
        object.__setattr__(self, "warnings", warning_lines(self.warnings))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by value, for process pools: a view of a mapping cannot be pickled."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        plain |= {"sensors": dict(self.sensors), "devices": dict(self.devices)}
        return partial(Recording, **plain), ()

    @property
    def placements(self) -> tuple[str, ...]:
        """Placements in the order of the body, pelvis first."""
        return tuple(p for p in cv.PLACEMENTS if p in self.sensors)


def check_placement(placement: str) -> None:
    """Raise `RecordingError` unless the placement is one this product knows."""
    if placement not in cv.PLACEMENTS:
        raise RecordingError(f"{quoted(placement)} is no placement. Use one of {', '.join(cv.PLACEMENTS)}.")


def check_exercise(exercise: str) -> None:
    """Raise `RecordingError` unless the exercise is one this product knows, or ``auto``."""
    if exercise != "auto" and exercise not in cv.EXERCISES:
        raise RecordingError(f"{quoted(exercise)} is no exercise. Use auto or one of {', '.join(cv.EXERCISES)}.")


class Region(NamedTuple):
    """Hold a half-open range of samples, ``[start, stop)``."""

    start: int
    stop: int

    def __len__(self) -> int:
        return max(0, self.stop - self.start)

    @property
    def part(self) -> slice:
        """The region as a slice."""
        return slice(self.start, self.stop)


JUMP_S: Final = 5.0
"""A longer step of a grid is a jump over a hole: no grid is nearly as slow [s]."""


def grid_rate_hz(time_s: Array) -> float:
    """Return the rate of an even grid (n,) [s], whatever it jumps over; NaN where no step tells."""
    steps_s = np.diff(time_s)
    jumps_s = steps_s[steps_s > JUMP_S]
    count = len(steps_s) - len(jumps_s)
    return float(count / (time_s[-1] - time_s[0] - jumps_s.sum())) if count else math.nan


@dataclass(frozen=True, eq=False)
class Posture:
    """Hold the body's angles at every instant of an even grid, each with its standard deviation.

    Parameters
    ----------
    time_s : (n,) [s]
        Even grid on the host's timeline; it jumps over long holes.
    angles_rad : (n, 5) [rad]
        In the order of `conventions.ANGLES`; NaN where it cannot be told.
    sd_rad : (n, 5) [rad]
        Standard deviation of each angle about the value told; NaN where the angle is.
    inclination_rad : (n,) [rad]
        Inclination of the sensor that tells the bends best, as it was measured; from it reps are found.
    side_inclination_rad : (n,) [rad]
        The same sensor's lean out of the sagittal plane, to the left positive.
    turn_rad : (n,) [rad]
        How far it has turned about the vertical since some instant, to the left positive; it drifts slowly.
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
    low_rad, high_rad : (n, 5) [rad]
        Ends of each angle's 95 % interval, which may be lopsided; a normal variable's where they are not given.
    over : (n, 2)
        How probable lumbar flexion and knee flexion are over the athlete's limits; NaN where nobody asked.
    acceleration_mps2 : (n,) [m/s²], optional
        What the height was integrated from, up positive; only while reps are looked for, no part and no result has it.
    impact_mps : (n,) [m/s], optional
        Standard deviation of the speed that an impact may have added to that integral at each instant; as long as it.

    Examples
    --------
    >>> import numpy as np
    >>> import imu_hinge as ih
    >>> from imu_hinge import conventions as cv
    >>> from imu_hinge.simulate.session import random_set
    >>> posture = ih.analyze(random_set(5, exercise="deadlift", style="good_hinge").recording).posture
    >>> posture.basis, round(posture.rate_hz)
    ('measured', 100)
    >>> bool(np.nanmax(posture.angle_rad(cv.PELVIS_TILT)) > np.radians(30.0))
    True
    """

    time_s: Array
    angles_rad: Array
    sd_rad: Array
    inclination_rad: Array
    side_inclination_rad: Array
    turn_rad: Array
    height_m: Array
    height_sd_m: Array
    speed_mps: Array
    shock_mps2: Array
    is_still: npt.NDArray[np.bool_]
    flags: Flags
    basis: cv.Basis
    low_rad: Array = field(default_factory=lambda: np.empty((0, 0)))
    high_rad: Array = field(default_factory=lambda: np.empty((0, 0)))
    over: Array = field(default_factory=lambda: np.empty((0, 0)))
    acceleration_mps2: Array | None = None
    impact_mps: Array | None = None

    def __post_init__(self) -> None:
        shape = self.angles_rad.shape
        if self.low_rad.shape != shape or self.high_rad.shape != shape:
            object.__setattr__(self, "low_rad", self.angles_rad - cv.NORMAL_95 * self.sd_rad)
            object.__setattr__(self, "high_rad", self.angles_rad + cv.NORMAL_95 * self.sd_rad)
        if self.over.shape != (len(self), 2):
            object.__setattr__(self, "over", np.full((len(self), 2), np.nan))

    def __len__(self) -> int:
        return int(self.time_s.size)

    def __getitem__(self, part: slice) -> Posture:
        columns = {name: getattr(self, name)[part] for name in POSTURE_COLUMNS}
        return Posture(time_s=self.time_s[part], basis=self.basis, **columns)

    def copy(self) -> Posture:
        """Return the same posture in memory of its own: a slice keeps all that it was cut from."""
        columns = {name: getattr(self, name).copy() for name in POSTURE_COLUMNS}
        return Posture(time_s=self.time_s.copy(), basis=self.basis, **columns)

    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """Return all that is held per instant, time first."""
        return (self.time_s, *(getattr(self, name) for name in POSTURE_COLUMNS))

    def angle_rad(self, index: int) -> Array:
        """Return one angle over time; ``index`` is one of the indices in `conventions`. (n,) [rad]."""
        return self.angles_rad[:, index]

    @cached_property
    def is_gap(self) -> npt.NDArray[np.bool_]:
        """(n,): true where a sensor measured nothing."""
        return np.asarray((self.flags & np.uint16(cv.Flag.GAP)) != 0)

    @cached_property
    def rate_hz(self) -> float:
        """Rate of the grid."""
        return grid_rate_hz(self.time_s)


POSTURE_COLUMNS: Final = (
    "angles_rad",
    "sd_rad",
    "low_rad",
    "high_rad",
    "over",
    "inclination_rad",
    "side_inclination_rad",
    "turn_rad",
    "height_m",
    "height_sd_m",
    "speed_mps",
    "shock_mps2",
    "is_still",
    "flags",
)
"""What a posture holds per instant, besides the time."""

ANGLE_COLUMNS: Final = ("angles_rad", "sd_rad", "low_rad", "high_rad")
"""Those of them that hold one value for each of `conventions.ANGLES`."""
