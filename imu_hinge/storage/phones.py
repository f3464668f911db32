"""Read what phone apps export: phyphox and Sensor Logger.

Units come from the header or, where an app writes none, from its documentation; never from the numbers.
"""

import re
from typing import Final

import numpy as np

from imu_hinge.errors import UnknownFormat
from imu_hinge.model import Array, Samples
from imu_hinge.storage.bundles import Bundle, Table, first_line, parse_table
from imu_hinge.storage.stamps import join

_PHYPHOX_ACC: Final = re.compile(r"^(?:Acceleration )?([xyz]) \(m/s(?:\^2|²)\)$", re.IGNORECASE)
_PHYPHOX_GYR: Final = re.compile(r"^(?:Gyroscope )?([xyz]) \(rad/s\)$", re.IGNORECASE)
_PHYPHOX_TIME: Final = "Time (s)"
_LOGGER_COLUMNS: Final = ("time", "seconds_elapsed", "z", "y", "x")


def is_phyphox(bundle: Bundle) -> bool:
    """Tell a phyphox export by its time column."""
    return any(first_line(text).lstrip('"').startswith(_PHYPHOX_TIME) for text in bundle.values())


def read_phyphox(bundle: Bundle) -> Samples:
    """Read a phyphox export with acceleration (with g) and gyroscope; on the phone's wall clock where it says so.

    Raises
    ------
    UnknownFormat
        Where acceleration including gravity or the gyroscope is absent.
    """
    tables = {name: parse_table(text, header_start=_PHYPHOX_TIME) for name, text in bundle.items()}
    acc_s, acc = _phyphox_stream(tables, _PHYPHOX_ACC, "acceleration including gravity in m/s^2")
    gyr_s, gyr = _phyphox_stream(tables, _PHYPHOX_GYR, "gyroscope in rad/s")
    joined = join(acc_s, acc, gyr_s, gyr)
    return Samples(_wall_clock(bundle, joined.time_s), joined.acc, joined.gyr)


def _phyphox_stream(tables: dict[str, Table], pattern: re.Pattern[str], what: str) -> tuple[Array, Array]:
    """Return times (n,) and the three axes (n, 3) of the first table that has them."""
    for name, table in tables.items():
        axes = {found[1].lower(): column for column in table.columns if (found := pattern.match(column))}
        if len(axes) == 3 and "linear" not in name.lower():
            values = table.numbers([_PHYPHOX_TIME, axes["x"], axes["y"], axes["z"]], where=name)
            return values[:, 0], values[:, 1:]
    seen = "; ".join(f"{name}: {', '.join(table.columns)}" for name, table in tables.items() if table.columns)
    raise UnknownFormat(
        f"The phyphox export has no {what} (seen: {seen}). "
        "Record an experiment with Acceleration (with g) and Gyroscope, and export it as CSV."
    )


def _wall_clock(bundle: Bundle, time_s: Array) -> Array:
    """Turn experiment time into system time by the START events of ``meta/time.csv``, where it is there."""
    for name, text in bundle.items():
        if not name.endswith("time.csv"):
            continue
        table = parse_table(text)
        if not {"event", "experiment time", "system time"} <= set(table.columns):
            continue
        starts = Table(table.columns, tuple(row for row in table.rows if row[table.columns.index("event")] == "START"))
        if starts.rows:
            events = starts.numbers(["experiment time", "system time"], where=name)
            which = np.clip(np.searchsorted(events[:, 0], time_s, side="right") - 1, 0, None)
            return time_s + (events[:, 1] - events[:, 0])[which]
    return time_s


def is_sensor_logger(bundle: Bundle) -> bool:
    """Tell a Sensor Logger export by its columns, in whichever order the axes come."""
    return any(set(_LOGGER_COLUMNS) == set(first_line(text).split(",")) for text in bundle.values())


def read_sensor_logger(bundle: Bundle) -> Samples:
    """Read a Sensor Logger export: ``TotalAcceleration``, or ``Accelerometer`` plus ``Gravity``; and ``Gyroscope``.

    Acceleration is in m/s² and the gyroscope in rad/s by the app's documentation; ``time`` is Unix time in ns.

    Raises
    ------
    UnknownFormat
        Where gravity or the gyroscope is absent.
    """
    streams = {name.rpartition("/")[2].removesuffix(".csv"): text for name, text in bundle.items()}
    if "Gyroscope" not in streams:
        raise UnknownFormat(_logger_message("Gyroscope.csv", streams))
    if "TotalAcceleration" in streams:
        acc_s, acc = _logger_stream(streams, "TotalAcceleration")
    elif {"Accelerometer", "Gravity"} <= set(streams):
        linear_s, linear = _logger_stream(streams, "Accelerometer")
        gravity_s, gravity = _logger_stream(streams, "Gravity")
        both = join(linear_s, linear, gravity_s, gravity)
        acc_s, acc = both.time_s, both.acc + both.gyr  # the second stream holds gravity here [m/s²]
    else:
        raise UnknownFormat(_logger_message("TotalAcceleration.csv, or Accelerometer.csv with Gravity.csv", streams))
    return join(acc_s, acc, *_logger_stream(streams, "Gyroscope"))


def _logger_stream(streams: dict[str, str], name: str) -> tuple[Array, Array]:
    values = parse_table(streams[name]).numbers(["time", "x", "y", "z"], where=f"{name}.csv")
    return values[:, 0] / 1e9, values[:, 1:]


def _logger_message(what: str, streams: dict[str, str]) -> str:
    return (
        f"The Sensor Logger export has no {what} (seen: {', '.join(sorted(streams))}). "
        "Give the zip or the folder of a recording with acceleration, gravity and gyroscope switched on."
    )
