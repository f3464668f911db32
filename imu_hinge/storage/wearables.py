"""Read what the makers of body-worn sensors export: Xsens DOT, WitMotion, MetaBase and Movesense.

Units come from the header or, where a maker writes none, from its documentation; never from the numbers.
"""

import json
import re
from typing import Any, Final

import numpy as np

from imu_hinge.conventions import STANDARD_GRAVITY_MPS2
from imu_hinge.errors import BadSamples, UnknownFormat
from imu_hinge.model import Array, Samples
from imu_hinge.storage.bundles import Bundle, Table, first_line, parse_table
from imu_hinge.storage.stamps import join, spread_arrivals, spread_packets, unwrap

DAY_S: Final = 86400.0
_XSENS_COUNTER: Final = "PacketCounter"
_XSENS_AXES: Final = ("Acc_X", "Acc_Y", "Acc_Z", "Gyr_X", "Gyr_Y", "Gyr_Z")
_WIT_ACC: Final = re.compile(r"^(?:Acceleration |Acc)([XYZ])\(g\)$")
_WIT_GYR: Final = re.compile(r"^(?:Angular velocity |As)([XYZ])\((?!rad).+/s\)$")
_META_EPOCH: Final = re.compile(r"^epoch? \(ms\)")
_MOVESENSE_KEYS: Final = ("MeasIMU6", "MeasIMU9", "IMU6", "IMU9")


def is_xsens_dot(bundle: Bundle) -> bool:
    """Tell an Xsens DOT export by its column of packet counters."""
    return any(re.search(rf"^{_XSENS_COUNTER},", text, re.MULTILINE) for text in bundle.values())


def read_xsens_dot(bundle: Bundle) -> Samples:
    """Read an Xsens DOT CSV: m/s², deg/s, ``SampleTimeFine`` in µs that starts again after 2^32.

    Raises
    ------
    UnknownFormat
        Where the measurement mode left out acceleration or angular rate; free acceleration is not taken.
    """
    name, text = next((n, t) for n, t in bundle.items() if f"{_XSENS_COUNTER}," in t)
    table = parse_table(text, header_start=_XSENS_COUNTER)
    if not set(_XSENS_AXES) <= set(table.columns):
        raise UnknownFormat(
            f"{name} has {', '.join(table.columns)} but no Acc_X and Gyr_X. "
            "Record in a mode with inertial data, such as Rate quantities or Custom mode 5."
        )
    values = table.numbers(["SampleTimeFine", *_XSENS_AXES], where=name)
    return Samples(unwrap(values[:, 0], 2.0**32) / 1e6, values[:, 1:4], np.radians(values[:, 4:7]))


def is_witmotion(bundle: Bundle) -> bool:
    """Tell a WitMotion export by its columns."""
    return any(_wit_axes(parse_table(first_line(text)), _WIT_ACC) for text in bundle.values())


def read_witmotion(bundle: Bundle) -> Samples:
    """Read a WitMotion CSV: g, deg/s, arrival time of day; samples that arrived together are spread.

    Raises
    ------
    UnknownFormat
        Where a column is absent.
    """
    name, table = next(
        (n, parse_table(t)) for n, t in bundle.items() if _wit_axes(parse_table(first_line(t)), _WIT_ACC)
    )
    acc, gyr = _wit_axes(table, _WIT_ACC), _wit_axes(table, _WIT_GYR)
    clock = next((c for c in table.columns if c.lower() == "time"), "")
    if not gyr or not clock:
        raise UnknownFormat(
            f"{name} lacks angular velocity in °/s or Time; its columns are {', '.join(table.columns)}. "
            "Export it again with both."
        )
    values = table.numbers(acc + gyr, where=name)
    column = table.columns.index(clock)
    stamp_s = unwrap(np.array([_time_of_day_s(name, row[column]) for row in table.rows]), DAY_S)
    return Samples(spread_arrivals(stamp_s), values[:, :3] * STANDARD_GRAVITY_MPS2, np.radians(values[:, 3:]))


def _wit_axes(table: Table, pattern: re.Pattern[str]) -> list[str]:
    """Return the columns of x, y and z, or nothing."""
    axes = {found[1]: column for column in table.columns if (found := pattern.match(column))}
    return [axes[axis] for axis in "XYZ"] if len(axes) == 3 else []


def _time_of_day_s(name: str, text: str) -> float:
    """Parse ``16:39:37.564``, with or without a date before it [s since midnight]."""
    try:
        hours, minutes, seconds = text.split()[-1].split(":")
        return 3600.0 * int(hours) + 60.0 * int(minutes) + float(seconds)
    except (ValueError, IndexError) as error:
        raise BadSamples(f"{name} has {text!r} for a time. Export it again with times such as 16:39:37.564.") from error


def is_metabase(bundle: Bundle) -> bool:
    """Tell a MetaBase export by its column of epochs."""
    return any(_META_EPOCH.match(first_line(text)) for text in bundle.values())


def read_metabase(bundle: Bundle) -> Samples:
    """Read the accelerometer's and the gyroscope's file of MetaBase: g and deg/s by header, epoch in ms.

    Raises
    ------
    UnknownFormat
        Where one of the two is absent.
    """
    acc_s, acc = _meta_stream(bundle, "g")
    gyr_s, gyr = _meta_stream(bundle, "deg/s")
    return join(acc_s, acc * STANDARD_GRAVITY_MPS2, gyr_s, np.radians(gyr))


def _meta_stream(bundle: Bundle, unit: str) -> tuple[Array, Array]:
    wanted = [f"{axis}-axis ({unit})" for axis in "xyz"]
    for name, text in bundle.items():
        table = parse_table(text)
        if _META_EPOCH.match(first_line(text)) and set(wanted) <= set(table.columns):
            values = table.numbers([table.columns[0], *wanted], where=name)
            return spread_arrivals(values[:, 0] / 1e3), values[:, 1:]
    raise UnknownFormat(
        f"The MetaBase export has no file with {', '.join(wanted)} (seen: {', '.join(bundle)}). "
        "Put the Accelerometer and the Gyroscope file of the recording into one folder and give that."
    )


def is_movesense(bundle: Bundle) -> bool:
    """Tell a Movesense log in JSON by its streams."""
    return any(first_line(t).startswith("{") and any(f'"{k}"' in t for k in _MOVESENSE_KEYS) for t in bundle.values())


def read_movesense(bundle: Bundle) -> Samples:
    """Read a Movesense JSON log: m/s², deg/s, the first sample's device time in ms per packet.

    Raises
    ------
    UnknownFormat
        Where no packet holds both acceleration and angular rate.
    """
    name, text = next((n, t) for n, t in bundle.items() if first_line(t).startswith("{"))
    try:
        packets = list(_movesense_packets(json.loads(text)))
        stamps = np.array([float(p["Timestamp"]) for p in packets]) / 1e3
        blocks = [(_xyz(p["ArrayAcc"]), _xyz(p["ArrayGyro"])) for p in packets]
    except (ValueError, TypeError, KeyError) as error:
        raise BadSamples(f"{name} has a packet that cannot be read: {error!r}. Export the log again.") from error
    if not blocks or any(len(acc) != len(gyr) for acc, gyr in blocks):
        raise UnknownFormat(f"{name} has no packets with acceleration and angular rate in step. Log IMU6 or IMU9.")
    counts = np.array([len(acc) for acc, _ in blocks], dtype=np.float64)
    acc, gyr = np.vstack([acc for acc, _ in blocks]), np.vstack([gyr for _, gyr in blocks])
    return Samples(spread_packets(stamps, counts), acc, np.radians(gyr))


def _movesense_packets(node: Any) -> list[dict[str, Any]]:
    """Collect the IMU packets of the newer and the older log layout, in the order of the file."""
    if isinstance(node, list):
        return [packet for item in node for packet in _movesense_packets(item)]
    if not isinstance(node, dict):
        return []
    if "ArrayAcc" in node and "ArrayGyro" in node:
        return [node]
    return [packet for value in node.values() for packet in _movesense_packets(value)]


def _xyz(rows: Any) -> Array:
    return np.array([[row["x"], row["y"], row["z"]] for row in rows], dtype=np.float64).reshape(-1, 3)
