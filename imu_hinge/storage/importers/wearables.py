"""Read what the makers of body-worn sensors export: WitMotion, MetaBase and Movesense.

Units come from the header or, where a maker writes none, from its documentation; never from the numbers.
Xsens has a room of its own, `xsens`.
"""

import re
from typing import Any, Final

import numpy as np

from imu_hinge.conventions import STANDARD_GRAVITY_MPS2
from imu_hinge.errors import BadSamples, UnknownFormat
from imu_hinge.files import parse_json
from imu_hinge.model import Array, Samples
from imu_hinge.storage.importers.bundles import Bundle, Imported, choose, first_line, names_with
from imu_hinge.storage.importers.local_time import clock_times
from imu_hinge.storage.importers.stamps import join, row_order, spread_arrivals, spread_packets
from imu_hinge.storage.importers.text_tables import Cells, Table, parse_table, shown
from imu_hinge.text import quoted

_WIT_ACC: Final = re.compile(r"^(?:acceleration |acc)([xyz]) ?\(g\)$", re.IGNORECASE)
_WIT_GYR: Final = re.compile(r"^(?:angular velocity |as)([xyz]) ?\((?!rad).+/s\)$", re.IGNORECASE)
_WIT_DEVICE: Final = ("device name", "devicename")
_META_EPOCH: Final = re.compile(r"^epoch? \(ms\)")
_META_OTHER: Final = re.compile(r"gravity|linear", re.IGNORECASE)
_META_DEVICE: Final = re.compile(r"(?:^|_)([^_]+)_(?:Accelerometer|Gyroscope)_", re.IGNORECASE)
_MOVESENSE_KEYS: Final = ("MeasIMU6", "MeasIMU9", "IMU6", "IMU9")


def is_witmotion(bundle: Bundle) -> bool:
    """Tell a WitMotion export by its columns."""
    return bool(names_with(bundle, _is_wit_header))


def read_witmotion(bundle: Bundle, device: str = "") -> Imported:
    """Read a WitMotion table: g, deg/s, arrival time; samples that arrived together are spread.

    Raises
    ------
    UnknownFormat
        Where a column is absent.
    RecordingError
        Where several devices are in it and ``device`` names none of them.
    """
    names = names_with(bundle, _is_wit_header)
    name = names[0] if len(names) == 1 else choose(names, device, where="The export")
    table = parse_table(bundle[name], _is_wit_header, name=name)
    acc, gyr = _wit_axes(table.columns, _WIT_ACC), _wit_axes(table.columns, _WIT_GYR)
    clock = next((c for c in table.columns if c.lower() == "time"), "")
    if not gyr or not clock:
        raise UnknownFormat(
            f"{name} lacks angular velocity in °/s or Time; its columns are {shown(table.columns)}. "
            "Export it again with both."
        )
    table = _one_device(table, device if len(names) == 1 else "")
    values = table.numbers(acc + gyr)
    stamp_s, told = clock_times(table.texts(clock), name=name)
    order, moved = row_order(stamp_s, name=name)
    stamp_s, values = stamp_s[order], values[order]
    samples = Samples(spread_arrivals(stamp_s), values[:, :3] * STANDARD_GRAVITY_MPS2, np.radians(values[:, 3:]))
    return Imported(samples, (*table.notes, *told, *moved))


def _is_wit_header(cells: Cells) -> bool:
    return bool(_wit_axes(cells, _WIT_ACC))


def _wit_axes(columns: Cells, pattern: re.Pattern[str]) -> list[str]:
    """Return the columns of x, y and z, or nothing."""
    axes = {found[1].lower(): column for column in columns if (found := pattern.match(column))}
    return [axes[axis] for axis in "xyz"] if len(axes) == 3 else []


def _one_device(table: Table, device: str) -> Table:
    """Return the rows of the one device, or of the one that was chosen."""
    column = next((c for c in table.columns if c.lower() in _WIT_DEVICE), None)
    if column is None or not table.rows:
        return table
    worn = table.texts(column)
    names = list(dict.fromkeys(worn))
    if len(names) == 1 and not device:
        return table
    chosen = choose(names, device, where=table.name)
    rows = tuple(row for row, name in zip(table.rows, worn, strict=True) if name == chosen)
    return Table(table.name, table.columns, rows, (*table.notes, f"{table.name}: only the rows of {chosen} were read."))


def is_metabase(bundle: Bundle) -> bool:
    """Tell a MetaBase export by its column of epochs."""
    return bool(names_with(bundle, _is_meta_header))


def read_metabase(bundle: Bundle, device: str = "") -> Imported:
    """Read the accelerometer's and the gyroscope's file of MetaBase: g and deg/s by header, epoch in ms.

    Raises
    ------
    UnknownFormat
        Where one of the two is absent; gravity alone or acceleration without gravity is not taken.
    RecordingError
        Where there are several of one kind and ``device`` names none of them.
    BadSamples
        Where the two are of different devices.
    """
    acc_name, acc_s, acc, acc_notes = _meta_stream(bundle, "g", device)
    gyr_name, gyr_s, gyr, gyr_notes = _meta_stream(bundle, "deg/s", device)
    devices = [found[1] if (found := _META_DEVICE.search(name)) else "" for name in (acc_name, gyr_name)]
    if all(devices) and devices[0].lower() != devices[1].lower():
        raise BadSamples(
            f"{acc_name} is of the device {devices[0]} and {gyr_name} of {devices[1]}. "
            "Put the Accelerometer and the Gyroscope file of one device into one folder and give that."
        )
    samples = join(acc_s, acc * STANDARD_GRAVITY_MPS2, gyr_s, np.radians(gyr))
    return Imported(samples, (*acc_notes, *gyr_notes))


def _is_meta_header(cells: Cells) -> bool:
    return bool(cells) and bool(_META_EPOCH.match(cells[0]))


def _meta_stream(bundle: Bundle, unit: str, device: str) -> tuple[str, Array, Array, tuple[str, ...]]:
    """Return the file's name, its times (n,) [s], its axes (n, 3) and what was mended."""
    wanted = tuple(f"{axis}-axis ({unit})" for axis in "xyz")

    def has_axes(cells: Cells) -> bool:
        return _is_meta_header(cells) and set(wanted) <= set(cells)

    names = [name for name in names_with(bundle, has_axes) if not _META_OTHER.search(name)]
    if not names:
        raise UnknownFormat(
            f"The MetaBase export has no file with {', '.join(wanted)} that holds no gravity or linear acceleration "
            f"alone (seen: {', '.join(bundle)}). "
            "Put the Accelerometer and the Gyroscope file of the recording into one folder and give that."
        )
    name = names[0] if len(names) == 1 else choose(names, device, where="The folder")
    table = parse_table(bundle[name], has_axes, name=name)
    values = table.numbers([table.columns[0], *wanted])
    order, moved = row_order(values[:, 0] / 1e3, name=name)
    values = values[order]
    return name, spread_arrivals(values[:, 0] / 1e3), values[:, 1:], (*table.notes, *moved)


def is_movesense(bundle: Bundle) -> bool:
    """Tell a Movesense log in JSON by its streams."""
    return bool(_movesense_logs(bundle))


def _movesense_logs(bundle: Bundle) -> tuple[str, ...]:
    return tuple(
        name
        for name, text in bundle.items()
        if first_line(text).startswith("{") and any(f'"{key}"' in text for key in _MOVESENSE_KEYS)
    )


def read_movesense(bundle: Bundle, device: str = "") -> Imported:
    """Read a Movesense JSON log: m/s², deg/s, the first sample's device time in ms per packet.

    Raises
    ------
    UnknownFormat
        Where no packet holds both acceleration and angular rate.
    RecordingError
        Where there are several logs and ``device`` names none of them.
    """
    names = _movesense_logs(bundle)
    name = names[0] if len(names) == 1 else choose(names, device, where="The export")
    try:
        packets = list(_movesense_packets(parse_json(bundle[name])))
        stamps = np.array([float(p["Timestamp"]) for p in packets]) / 1e3
        blocks = [(_xyz(p["ArrayAcc"]), _xyz(p["ArrayGyro"])) for p in packets]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise BadSamples(f"{name} has a packet that cannot be read: {quoted(error)}. Export the log again.") from error
    if not blocks or any(len(acc) != len(gyr) for acc, gyr in blocks):
        raise UnknownFormat(f"{name} has no packets with acceleration and angular rate in step. Log IMU6 or IMU9.")
    order, moved = row_order(stamps, name=name)
    stamps, blocks = stamps[order], [blocks[i] for i in order]
    counts = np.array([len(acc) for acc, _ in blocks], dtype=np.float64)
    acc, gyr = np.vstack([acc for acc, _ in blocks]), np.vstack([gyr for _, gyr in blocks])
    return Imported(Samples(spread_packets(stamps, counts), acc, np.radians(gyr)), moved)


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
