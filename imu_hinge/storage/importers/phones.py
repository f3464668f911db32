"""Read what phone apps export: phyphox and Sensor Logger.

Units come from the header or, where an app writes none, from its documentation; never from the numbers.
"""

import re
from typing import Final

import numpy as np

from imu_hinge.errors import UnknownFormat
from imu_hinge.model import Array, Samples
from imu_hinge.storage.importers.bundles import Bundle, Imported, choose, names_with
from imu_hinge.storage.importers.gravity_streams import sum_of
from imu_hinge.storage.importers.stamps import join, row_order
from imu_hinge.storage.importers.text_tables import Cells, Table, parse_table, shown

Stream = tuple[Array, Array, tuple[str, ...]]
"""Times (n,) [s], axes (n, 3), what was mended."""

_PHYPHOX_ACC: Final = re.compile(r"^(?:Acceleration )?([xyz]) \(m/s(?:\^2|²)\)$", re.IGNORECASE)
_PHYPHOX_GYR: Final = re.compile(r"^(?:Gyroscope )?([xyz]) \(rad/s\)$", re.IGNORECASE)
_PHYPHOX_TIME: Final = "Time (s)"
_LOGGER_COLUMNS: Final = ("time", "seconds_elapsed", "z", "y", "x")


def is_phyphox(bundle: Bundle) -> bool:
    """Tell a phyphox export by its time column."""
    return bool(names_with(bundle, _is_phyphox_header))


def _is_phyphox_header(cells: Cells) -> bool:
    return bool(cells) and cells[0] == _PHYPHOX_TIME.lower()


def read_phyphox(bundle: Bundle, device: str = "") -> Imported:
    """Read a phyphox export with acceleration (with g) and gyroscope; on the phone's wall clock where it says so.

    Raises
    ------
    UnknownFormat
        Where acceleration including gravity or the gyroscope is absent.
    RecordingError
        Where there are several of one and ``device`` names none of them.
    """
    tables = [
        parse_table(bundle[name], _is_phyphox_header, name=name) for name in names_with(bundle, _is_phyphox_header)
    ]
    acc_s, acc, acc_notes = _phyphox_stream(tables, _PHYPHOX_ACC, "acceleration including gravity in m/s^2", device)
    gyr_s, gyr, gyr_notes = _phyphox_stream(tables, _PHYPHOX_GYR, "gyroscope in rad/s", device)
    joined = join(acc_s, acc, gyr_s, gyr)
    samples = Samples(_wall_clock(bundle, joined.time_s), joined.acc, joined.gyr)
    return Imported(samples, tuple(dict.fromkeys((*acc_notes, *gyr_notes))))


def _phyphox_stream(tables: list[Table], pattern: re.Pattern[str], what: str, device: str) -> Stream:
    """Return the one stream that has the three axes."""
    fitting = {}
    for table in tables:
        axes = {found[1].lower(): column for column in table.columns if (found := pattern.match(column))}
        if len(axes) == 3 and "linear" not in table.name.lower():
            fitting[table.name] = (table, [axes[axis] for axis in "xyz"])
    if not fitting:
        seen = "; ".join(f"{table.name}: {shown(table.columns)}" for table in tables if table.columns)
        raise UnknownFormat(
            f"The phyphox export has no {what} (seen: {seen}). "
            "Record an experiment with Acceleration (with g) and Gyroscope, and export it as CSV."
        )
    names = list(fitting)
    table, columns = fitting[names[0] if len(names) == 1 else choose(names, device, where="The export")]
    return _in_order(table, table.numbers([_PHYPHOX_TIME, *columns]))


def _in_order(table: Table, values: Array) -> Stream:
    order, moved = row_order(values[:, 0], name=table.name)
    return values[order, 0], values[order, 1:], (*table.notes, *moved)


def _wall_clock(bundle: Bundle, time_s: Array) -> Array:
    """Turn experiment time into system time by the START events of ``meta/time.csv``, where it is there."""
    for name, text in bundle.items():
        if not name.endswith("time.csv"):
            continue
        table = parse_table(text, {"event", "experiment time", "system time"}.issubset, name=name)
        if not table.rows:
            continue
        is_start = [event.upper() == "START" for event in table.texts("event")]
        if any(is_start):
            events = table.numbers(["experiment time", "system time"])[is_start]
            which = np.clip(np.searchsorted(events[:, 0], time_s, side="right") - 1, 0, None)
            return time_s + (events[:, 1] - events[:, 0])[which]
    return time_s


def is_sensor_logger(bundle: Bundle) -> bool:
    """Tell a Sensor Logger export by its columns, in whichever order the axes come."""
    return bool(names_with(bundle, _is_logger_header))


def _is_logger_header(cells: Cells) -> bool:
    return set(_LOGGER_COLUMNS) == set(cells)


def read_sensor_logger(bundle: Bundle, device: str = "") -> Imported:
    """Read a Sensor Logger export: ``TotalAcceleration``, or ``Accelerometer`` plus ``Gravity``; and ``Gyroscope``.

    Acceleration is in m/s² and the gyroscope in rad/s by the app's documentation; ``time`` is Unix time in ns. An
    iPhone without standardised frames writes both streams with the opposite sign, and its ``Metadata`` says so.

    Raises
    ------
    UnknownFormat
        Where gravity or the gyroscope is absent.
    BadSamples
        Where acceleration and gravity contradict each other in sign.
    RecordingError
        Where there are several recordings and ``device`` names none of them.
    """
    folders = sorted({name.rpartition("/")[0] for name in names_with(bundle, _is_logger_header)})
    folder = folders[0] if len(folders) == 1 else choose(folders, device, where="The export")
    inside = {name.rpartition("/")[2]: text for name, text in bundle.items() if name.rpartition("/")[0] == folder}
    streams = {name.removesuffix(".csv"): text for name, text in inside.items()}
    if "Gyroscope" not in streams:
        raise UnknownFormat(_logger_message("Gyroscope.csv", streams))
    gyr_s, gyr, gyr_notes = _logger_stream(streams, "Gyroscope")
    if "TotalAcceleration" in streams:
        acc_s, acc, acc_notes = _logger_stream(streams, "TotalAcceleration")
    elif {"Accelerometer", "Gravity"} <= set(streams):
        linear_s, linear, linear_notes = _logger_stream(streams, "Accelerometer")
        gravity_s, gravity, gravity_notes = _logger_stream(streams, "Gravity")
        both = join(linear_s, linear, gravity_s, gravity)  # the second stream holds gravity here [m/s²]
        acc_s, acc = both.time_s, sum_of(both.time_s, both.acc, both.gyr)
        acc_notes = (*linear_notes, *gravity_notes)
        acc = -acc if _is_flipped(streams) else acc
    else:
        raise UnknownFormat(_logger_message("TotalAcceleration.csv, or Accelerometer.csv with Gravity.csv", streams))
    return Imported(join(acc_s, acc, gyr_s, gyr), (*acc_notes, *gyr_notes))


def _logger_stream(streams: dict[str, str], name: str) -> Stream:
    table = parse_table(streams[name], _is_logger_header, name=f"{name}.csv")
    values = table.numbers(["time", "x", "y", "z"])
    values[:, 0] /= 1e9
    return _in_order(table, values)


def _is_flipped(streams: dict[str, str]) -> bool:
    """Tell an iPhone whose frames were not standardised by what ``Metadata.csv`` says."""
    table = parse_table(streams.get("Metadata", ""), {"platform", "standardisation"}.issubset, name="Metadata.csv")
    if not table.rows:
        return False
    return table.texts("platform")[0].lower() == "ios" and table.texts("standardisation")[0].lower() == "false"


def _logger_message(what: str, streams: dict[str, str]) -> str:
    return (
        f"The Sensor Logger export has no {what} (seen: {', '.join(sorted(streams))}). "
        "Give the zip or the folder of a recording with acceleration, gravity and gyroscope switched on."
    )
