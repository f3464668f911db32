"""Read what Xsens writes under the same column names: Movella DOT in deg/s and µs, MT and Awinda in rad/s.

The lines before the header say which it is; where they are absent, gravity tells the unit of the gyroscope or the
file is refused.
"""

import re
from typing import Final

import numpy as np

from imu_hinge.errors import UnknownFormat, UnknownUnits
from imu_hinge.model import Array, Samples
from imu_hinge.storage.importers.bundles import Bundle, Imported, names_with, only_table
from imu_hinge.storage.importers.stamps import row_order, unwrap
from imu_hinge.storage.importers.text_tables import Cells, Table, shown
from imu_hinge.storage.screening.units import gyr_unit_by_gravity

_COUNTER: Final = "PacketCounter"
_AXES: Final = ("Acc_X", "Acc_Y", "Acc_Z", "Gyr_X", "Gyr_Y", "Gyr_Z")
_DOT_PREAMBLE: Final = re.compile(r"DeviceTag|Measurement Mode|OutputRate|SyncStatus", re.IGNORECASE)
_MT_PREAMBLE: Final = re.compile(r"^\s*//", re.MULTILINE)
_MT_RATE: Final = re.compile(r"Update Rate\W*([\d.]+)\s*Hz", re.IGNORECASE)

_COUNTER_SPAN: Final = 65536.0
"""The packet counter of MT devices has 16 bits."""

_MT_TICKS_PER_S: Final = 1e4
"""``SampleTimeFine`` of MT devices counts 0.1 ms; that of a DOT counts µs."""

_FASTEST_DOT_TICKS: Final = 4000.0
"""A DOT measures at 120 Hz at most, 8333 µs apart; at 10 Hz, MT devices' slowest, 0.1 ms are counted to 1000."""


def is_xsens(bundle: Bundle) -> bool:
    """Tell an Xsens table by its column of packet counters."""
    return bool(names_with(bundle, _is_header))


def read_xsens(bundle: Bundle, device: str = "") -> Imported:
    """Read an Xsens table with acceleration in m/s² and angular rate.

    Raises
    ------
    UnknownFormat
        Where the measurement mode left out acceleration, angular rate or the time; free acceleration is not taken.
    UnknownUnits
        Where neither the lines before the header nor gravity tell the unit, or the two contradict.
    RecordingError
        Where there are several tables and ``device`` names none of them.
    """
    table = only_table(bundle, _is_header, device)
    if not {axis.lower() for axis in _AXES} <= {column.lower() for column in table.columns}:
        raise UnknownFormat(
            f"{table.name} has {shown(table.columns)} but no Acc_X and Gyr_X. "
            "Record in a mode with inertial data, such as Rate quantities or Custom mode 5."
        )
    values = table.numbers(_AXES)
    time_s = _times(table)
    order, moved = row_order(time_s, name=table.name)
    raw = Samples(time_s[order], values[order, :3], values[order, 3:])
    unit, told = _gyr_unit(table, raw)
    gyr = np.radians(raw.gyr) if unit == "deg/s" else raw.gyr
    return Imported(Samples(raw.time_s, raw.acc, gyr), (*table.notes, *moved, *told))


def _is_header(cells: Cells) -> bool:
    return _COUNTER.lower() in cells


def _maker(table: Table) -> str:
    """Return ``DOT`` or ``MT`` by the lines before the header, or nothing."""
    preamble = "\n".join(table.preamble)
    if _MT_PREAMBLE.search(preamble):
        return "MT"
    return "DOT" if _DOT_PREAMBLE.search(preamble) else ""


def _gyr_unit(table: Table, raw: Samples) -> tuple[str, tuple[str, ...]]:
    """Return the unit of ``raw.gyr`` by header, checked against gravity, or by gravity alone and then say so."""
    stated = {"DOT": "deg/s", "MT": "rad/s"}.get(_maker(table), "")
    seen = gyr_unit_by_gravity(raw)
    if stated and seen and stated != seen:
        raise UnknownUnits(
            f"{table.name} says by its first lines that Gyr_X is in {stated}, but gravity turns as in {seen}. "
            "Export it again without converting anything."
        )
    if stated or seen:
        note = f"{table.name}: Gyr_X was taken for {seen}: no line says so, but gravity turns so in the sensor's axes."
        return stated or seen, () if stated else (note,)
    raise UnknownUnits(
        f"{table.name} does not say whether Gyr_X is in deg/s (DOT) or rad/s (MT, Awinda) and turns too little. "
        "Export it again with the lines that the maker's software writes before the header."
    )


def _times(table: Table) -> Array:
    """Return the time of each row, (n,) [s]: µs of a DOT, the update rate or 0.1 ms of an MT device."""
    rate = _MT_RATE.search("\n".join(table.preamble))
    if rate and _maker(table) == "MT":
        return unwrap(table.numbers([_COUNTER])[:, 0], _COUNTER_SPAN) / float(rate[1])
    fine = table.numbers(["SampleTimeFine"])[:, 0] if "sampletimefine" in _lower(table) else np.full(1, np.nan)
    steps = np.diff(fine)
    if not np.isfinite(fine).all() or not steps.any():
        raise UnknownFormat(
            f"{table.name} has no SampleTimeFine and no Update Rate, so its times are not known. "
            "Export it again with Sample Time Fine switched on."
        )
    usual = float(np.median(np.abs(steps[steps != 0.0])))
    is_dot = usual >= _FASTEST_DOT_TICKS if not _maker(table) else _maker(table) == "DOT"
    return unwrap(fine, 2.0**32) / (1e6 if is_dot else _MT_TICKS_PER_S)


def _lower(table: Table) -> set[str]:
    return {column.lower() for column in table.columns}
