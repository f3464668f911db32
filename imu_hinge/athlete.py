"""Hold what is known of the athlete, with a population default for what is not; read and write the file.

It does not measure anything: `imu_hinge.calibrate` does, and returns an `Athlete`.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from imu_hinge.atomic_file import write_whole
from imu_hinge.errors import SettingsError
from imu_hinge.files import parse_toml, read_regular, reason
from imu_hinge.text import one_line, quoted, toml_string

LIMIT_SHARE: Final = 0.7
"""Share of the lumbar maximum that is the default limit (docs/design.md, section 5)."""

_DEFAULTS: Final[dict[str, float]] = {
    "height_m": 1.75,
    "lumbar_max_flexion_deg": 55.0,
    "lumbar_max_flexion_sd_deg": 8.0,
    "knee_limit_deg": 85.0,
    "plate_radius_m": 0.225,
}
"""What stands in for what is not stated: the height of the body whose lengths are known; a lumbar maximum of 45 to 65
degrees (docs/biomechanics.md, 1.2); knees between a hinge's 76 and a squatted start's 106 (1.4); plates of 45 cm."""

_VALID: Final[dict[str, tuple[float, float]]] = {
    "height_m": (1.2, 2.3),
    "shank_m": (0.25, 0.65),
    "thigh_m": (0.25, 0.70),
    "trunk_m": (0.30, 0.75),
    "arm_m": (0.40, 1.00),
    "lumbar_max_flexion_deg": (15.0, 110.0),
    "lumbar_max_flexion_sd_deg": (0.0, 30.0),
    "lumbar_limit_deg": (5.0, 110.0),
    "knee_limit_deg": (20.0, 150.0),
    "neutral_lumbar_deg": (-30.0, 70.0),
    "neutral_lumbar_sd_deg": (0.0, 30.0),
    "neutral_pelvis_tilt_deg": (0.0, 110.0),
    "neutral_drop_m": (0.0, 0.9),
    "plate_radius_m": (0.05, 0.30),
}
"""Keys of an athlete file and the range in which a value is taken at its word."""

_LARGEST_REFERENCE: Final = 10.0
"""References are lengths, angles and shares in SI units: nothing in a body is near this."""

_LEAST_REFERENCE_SD: Final = 1e-4
"""No sensor knows an angle [rad] or a height [m] better than to this."""


@dataclass(frozen=True, slots=True)
class Athlete:
    """Hold an athlete's size and personal references; None is: not known.

    Parameters
    ----------
    height_m, shank_m, thigh_m, trunk_m, arm_m
        Body height and segment lengths [m].
    lumbar_max_flexion_deg, lumbar_max_flexion_sd_deg
        Lumbar flexion in a full round bow, and how well it is known [deg].
    lumbar_limit_deg
        Above this lumbar flexion a rep is called `lumbar_flexion` [deg]. By default 70 % of the maximum.
    knee_limit_deg
        Above this knee flexion at the bottom a rep is called `squat` [deg].
    neutral_lumbar_deg, neutral_lumbar_sd_deg
        Lumbar flexion at the bottom of the athlete's own clean hinge, and its band [deg].
    neutral_pelvis_tilt_deg, neutral_drop_m
        Pelvis tilt and drop of the sensor at the same instant.
    plate_radius_m
        Height of the bar's axis while the plates are on the floor [m].
    name
        Shown in reports; kept as one line of at most 200 characters.
    references
        Free table that calibration writes and the linkage reads.

    Raises
    ------
    SettingsError
        Where a value is outside what a human body can have.

    Examples
    --------
    >>> import imu_hinge as ih
    >>> athlete = ih.Athlete(height_m=1.78, lumbar_max_flexion_deg=60.0)
    >>> athlete.value("plate_radius_m")  # not stated: a population default
    0.225
    >>> ih.Athlete(height_m=178.0)
    Traceback (most recent call last):
    imu_hinge.errors.SettingsError: height_m = 178.0 is not possible. Give a number from 1.2 to 2.3.
    """

    height_m: float | None = None
    shank_m: float | None = None
    thigh_m: float | None = None
    trunk_m: float | None = None
    arm_m: float | None = None
    lumbar_max_flexion_deg: float | None = None
    lumbar_max_flexion_sd_deg: float | None = None
    lumbar_limit_deg: float | None = None
    knee_limit_deg: float | None = None
    neutral_lumbar_deg: float | None = None
    neutral_lumbar_sd_deg: float | None = None
    neutral_pelvis_tilt_deg: float | None = None
    neutral_drop_m: float | None = None
    plate_radius_m: float | None = None
    name: str = ""
    references: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, (low, high) in _VALID.items():
            value = getattr(self, key)
            if value is None:
                continue
            if not isinstance(value, int | float) or not low <= value <= high:
                raise SettingsError(f"{key} = {quoted(value)} is not possible. Give a number from {low:g} to {high:g}.")
        if not isinstance(self.name, str):
            raise SettingsError(f"name = {quoted(self.name)} is no text. Write it in quotes.")
        object.__setattr__(self, "name", one_line(self.name))
        object.__setattr__(self, "references", _checked_references(self.references))

    def value(self, key: str) -> float:
        """Return a known value or its population default; ``nan`` where there is none."""
        known = getattr(self, key)
        return float(known) if known is not None else _DEFAULTS.get(key, math.nan)

    @property
    def assumed(self) -> tuple[str, ...]:
        """Keys for which the population default stands in."""
        return tuple(key for key in _DEFAULTS if getattr(self, key) is None)

    @property
    def limit_rad(self) -> float:
        """Lumbar flexion above which a rep is called `lumbar_flexion` [rad]."""
        if self.lumbar_limit_deg is not None:
            return math.radians(self.lumbar_limit_deg)
        return math.radians(LIMIT_SHARE * self.value("lumbar_max_flexion_deg"))


def read_athlete(path: str | Path) -> Athlete:
    """Read an athlete file (TOML).

    Parameters
    ----------
    path
        What it may hold is in `Athlete`; metres and degrees.

    Raises
    ------
    SettingsError
        Where the file is missing, is not TOML, has an unknown key or an impossible value.

    Examples
    --------
    >>> import tempfile
    >>> import imu_hinge as ih
    >>> from imu_hinge.athlete import write_athlete
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_athlete(ih.Athlete(height_m=1.78, lumbar_limit_deg=40.0), f"{folder}/me.toml")
    ...     athlete = ih.read_athlete(path)
    >>> athlete.height_m, athlete.lumbar_limit_deg
    (1.78, 40.0)
    """
    path = Path(path)
    try:
        table = parse_toml(read_regular(path))
    except FileNotFoundError as error:
        raise SettingsError(f"There is no athlete file {path}. Write one with imu-hinge calibrate.") from error
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} is not a readable TOML file: {reason(error)}. Mend or replace it.") from error
    return athlete_from_table(table, where=str(path))


def athlete_from_table(table: dict[str, Any], *, where: str = "athlete") -> Athlete:
    """Build an athlete from a parsed table; ``where`` names it in errors."""
    known = {f.name for f in fields(Athlete)}
    for key, value in table.items():
        if key not in known:
            near = difflib.get_close_matches(key, sorted(known), n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; the keys are {', '.join(sorted(known))}."
            raise SettingsError(f"{where}: unknown key {quoted(key)}{hint}")
        wanted: Any = {"name": str, "references": dict}.get(key, (int, float))
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise SettingsError(f"{where}: {key} = {quoted(value)} is not of the right kind. Give a number.")
    return Athlete(**table)


def athlete_to_toml(athlete: Athlete) -> str:
    """Write an athlete as TOML text, leaving out what is not known."""
    lines = ["# imu_hinge athlete file: metres and degrees; what is absent has a population default"]
    for f in fields(Athlete):
        value = getattr(athlete, f.name)
        if f.name == "references" or value is None or value == "":
            continue
        lines.append(f"{f.name} = {toml_string(value) if isinstance(value, str) else repr(float(value))}")
    if athlete.references:
        lines += ["", "[references]"]
        lines += [f"{toml_string(key)} = {float(value)!r}" for key, value in sorted(athlete.references.items())]
    return "\n".join(lines) + "\n"


def with_values(athlete: Athlete, **values: float | None) -> Athlete:
    """Return the athlete with the values that are not None put in."""
    return replace(athlete, **{key: value for key, value in values.items() if value is not None})  # type: ignore[arg-type]


def merged(first: Athlete, second: Athlete) -> Athlete:
    """Return the first athlete, with what it does not know taken from the second."""
    known = {f.name: getattr(first, f.name) for f in fields(Athlete)}
    return replace(second, **{key: value for key, value in known.items() if value not in (None, "", {})})


def write_athlete(athlete: Athlete, path: str | Path) -> Path:
    """Write an athlete file, whole or not at all.

    Raises
    ------
    SettingsError
        Where the file cannot be written.
    """
    path = Path(path)
    try:
        return write_whole(path, athlete_to_toml(athlete).encode())
    except OSError as error:
        raise SettingsError(
            f"The athlete file {path} cannot be written: {reason(error)}. Choose another place."
        ) from error


def _checked_references(table: Any) -> dict[str, float]:
    """Return the table of references, or raise `SettingsError` where it is not one of finite numbers by name."""
    if not isinstance(table, dict):
        raise SettingsError(f"references = {quoted(table)} is no table. Write [references] and numbers below it.")
    for key, value in table.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        least = _LEAST_REFERENCE_SD if "_sd_" in str(key) else -_LARGEST_REFERENCE
        is_possible = is_number and least <= value <= _LARGEST_REFERENCE
        if not isinstance(key, str) or not is_possible:
            raise SettingsError(f"references: {quoted(key)} = {quoted(value)} is not possible. Calibrate again.")
    return {one_line(key): float(value) for key, value in table.items()}
