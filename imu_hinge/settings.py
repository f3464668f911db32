"""Hold every number that somebody may want to change, with its unit in its name; read them from TOML.

It decides nothing: each section is handed to the room that uses it.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from imu_hinge.errors import SettingsError
from imu_hinge.files import parse_toml, read_regular, reason
from imu_hinge.text import quoted

_VALID: dict[str, tuple[float, float]] = {
    "rate_hz": (20.0, 500.0),  # below, a swing has too few instants; above, nothing is gained on a body
    "window_s": (0.05, 10.0),
    "_deg_s": (0.1, 2000.0),
    "_mps2": (0.001, 100.0),
    "_deg": (0.01, 180.0),
    "_ms": (0.0, 1000.0),
    "_s": (0.0, 3600.0),
    "text_bytes": (1.0, 1e12),
    "hours": (0.001, 1000.0),
    "columns": (7.0, 1e6),
    "members": (1.0, 1e6),
    "ratio": (1.0, 1e5),
    "over_calm": (0.0, 100.0),
    "_skin": (0.0, 0.5),
    "": (0.0, 1.0),
}
"""The range in which a setting is taken at its word, by the end of its name; the first that fits holds."""


def _check_range(path: str, value: Any) -> None:
    """Raise `SettingsError` unless the value is a number in the range of its name."""
    low, high = next(span for end, span in _VALID.items() if path.endswith(end))
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise SettingsError(f"Setting {path} = {quoted(value)} cannot be. Give a number from {low:g} to {high:g}.")


class _InRange:
    """Be a section whose every number is in its range."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for f in fields(self):  # type: ignore[arg-type]  # every section is a dataclass
            value = getattr(self, f.name)
            if not isinstance(value, _InRange):
                _check_range(f.name, value)


@dataclass(frozen=True, slots=True)
class StillnessSettings(_InRange):
    """Say what counts as quiet enough to trust gravity."""

    window_s: float = 0.3
    """Over which it is looked at [s]; chosen."""
    gyr_max_deg_s: float = 12.0
    """Mean angular speed inside the window. A person standing sways by up to 6 deg/s."""
    acc_spread_max_mps2: float = 0.45
    """Spread of |f| inside the window; chosen."""
    force_off_max_mps2: float = 1.0
    """Mean |f| may differ from 9.81 by this: 10 % scale error or 100 mg of bias."""
    force_apart_max_mps2: float = 0.4
    """... and from the same sensor's other quiet stretches by this."""
    min_still_s: float = 0.35
    """A shorter stretch tells no direction of gravity [s]; chosen."""


@dataclass(frozen=True, slots=True)
class AlignmentSettings(_InRange):
    """Say how the mounting is found from standing and bending."""

    min_lean_deg: float = 12.0
    """A bend must reach this inclination before it tells where forward is."""
    quality_min: float = 0.85
    """Below this share of the first component the set is flagged (docs/biomechanics.md, 4)."""
    same_posture_deg: float = 10.0
    """Stills closer than this are one posture."""
    slip_min_deg: float = 4.5
    """A lasting change of the standing angle above this is a slipped sensor."""


@dataclass(frozen=True, slots=True)
class ErrorBudget(_InRange):
    """State the standard deviations from which every angle's error band is built."""

    filter_both_ways_deg: float = 0.6
    """Inclination RMSE on BROAD, see benchmarks/orientation.py."""
    filter_live_deg: float = 0.9
    """The same, live."""
    standing_deg: float = 0.8
    """How repeatably the zero is found: sway divided by a few seconds of standing."""
    axis_deg: float = 5.0
    """Error (sd) of the left-right axis; enters as lean times (1 - cos), whose root mean square is sqrt(3)/2 of its
    square, and as cross-talk of a side bend of 3 degrees."""
    sacrum_skin: float = 0.065
    """The skin over the sacrum under-rotates by 3 to 10 % (docs/biomechanics.md, 6.3); corrected by the middle."""
    sacrum_skin_sd: float = 0.02
    t12_skin: float = 0.025
    """The same over T12/L1: -3 to 8 %."""
    t12_skin_sd: float = 0.032
    """Of both, a normal spread over that range."""
    sync_ms: float = 8.0
    """Between two sensors on one timeline; times the rate of the faster one."""


@dataclass(frozen=True, slots=True)
class RepSettings(_InRange):
    """Say what counts as a rep."""

    swing_min_deg: float = 20.0
    """A bend is a change of lean by at least this."""
    swing_min_share: float = 0.4
    """... and by at least this share of the deeper bends (upper quartile)."""
    return_deg: float = 15.0
    """A lockout comes back to within this of standing ..."""
    return_share: float = 0.25
    """... or to within this share of the bend."""
    rest_min_s: float = 6.0
    """Standing for longer ends a set."""
    hold_min_s: float = 0.25
    """Quiet at the bottom for longer is a pause."""
    shock_min_mps2: float = 1.4
    """A plate on the floor shakes the pelvis by at least this ..."""
    shock_over_calm: float = 4.0
    """... and by this many times more than on the ways down and up."""
    drop_min_mps2: float = 0.2
    """A bar dropped from lockout shakes the pelvis by at least this: the blow comes through the floor alone."""


@dataclass(frozen=True, slots=True)
class VerdictSettings(_InRange):
    """Say how sure a verdict must be."""

    decide_above: float = 0.8
    """A limit is passed where it is this probable (docs/design.md, section 5) ..."""
    decide_below: float = 0.2
    """... and kept where it is no more probable than this; between, the verdict is undecided."""
    change_min_deg: float = 5.0
    """Minimum detectable change between reps; smaller differences are not narrated."""
    alignment_min: float = 0.6
    """Below this share no verdict is given."""


@dataclass(frozen=True, slots=True)
class FeedbackSettings(_InRange):
    """Say when a lifter is told, inside a rep, that lumbar flexion has passed the limit, and that it is back."""

    over_above: float = 0.8
    """Probability from which on it is past the limit; as sure as a verdict."""
    back_below: float = 0.5
    """... and below which it is back: between both nothing changes, or one rep near the limit would flutter."""
    dwell_s: float = 0.12
    """For so long, three instants: a shake or a landing is over sooner, and a pull takes ten times as long."""


@dataclass(frozen=True, slots=True)
class LimitSettings(_InRange):
    """Say how much is read at once, so that a broken or hostile file costs no more than an honest one."""

    text_bytes: float = 2e9
    """Text of one file or of all members of a zip that are read [byte]: a day of one sensor at 200 Hz."""
    hours: float = 24.0
    """From the first sample to the last, and what one sensor's rows may cover at 100 Hz [h]."""
    columns: float = 4096.0
    """Of one table. Sensors write some dozens."""
    members: float = 10_000.0
    """Of one zip. Apps write some dozens."""
    ratio: float = 200.0
    """Unpacked to packed size of a zip. Samples reach 10, a resting sensor's 40."""


LIMITS = LimitSettings()
"""What holds where nobody gave settings."""


@dataclass(frozen=True, slots=True)
class Settings(_InRange):
    """Hold all sections; immutable, so that a run is reproducible from its report.

    Examples
    --------
    >>> import imu_hinge as ih
    >>> ih.Settings(rate_hz=200.0).reps.rest_min_s
    6.0
    >>> ih.Settings(rate_hz=2.0)
    Traceback (most recent call last):
    imu_hinge.errors.SettingsError: Setting rate_hz = 2.0 cannot be. Give a number from 20 to 500.
    """

    rate_hz: float = 100.0
    """Rate of the even grid on which everything is computed."""
    stillness: StillnessSettings = field(default_factory=StillnessSettings)
    alignment: AlignmentSettings = field(default_factory=AlignmentSettings)
    errors: ErrorBudget = field(default_factory=ErrorBudget)
    reps: RepSettings = field(default_factory=RepSettings)
    verdict: VerdictSettings = field(default_factory=VerdictSettings)
    feedback: FeedbackSettings = field(default_factory=FeedbackSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)


def read_settings(path: str | Path) -> Settings:
    """Read settings from a TOML file; what is absent keeps its default.

    Raises
    ------
    SettingsError
        With the key's path, its value and the nearest valid key.
    """
    try:
        table = parse_toml(read_regular(Path(path)))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} is not a readable settings file: {reason(error)}. Give a TOML file.") from error
    filled: Settings = _fill(Settings(), table, where="")
    return filled


def _fill(section: Any, table: dict[str, Any], *, where: str) -> Any:
    known = {f.name: getattr(section, f.name) for f in fields(section)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        path = f"{where}{key}"
        if key not in known:
            near = difflib.get_close_matches(key, sorted(known), n=1)
            raise SettingsError(
                f"Unknown setting {quoted(path)} = {quoted(value)}. "
                + (f"Did you mean {where}{near[0]}?" if near else f"Use one of {', '.join(sorted(known))}.")
            )
        if is_dataclass(known[key]):
            if not isinstance(value, dict):
                raise SettingsError(f"Setting {path} = {quoted(value)} is a section. Write [{path}] and keys below it.")
            values[key] = _fill(known[key], value, where=f"{path}.")
        else:
            _check_range(path, value)
            values[key] = float(value)
    return replace(section, **values)
