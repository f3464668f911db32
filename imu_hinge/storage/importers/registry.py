"""Find the importer for a vendor's file: phyphox, Sensor Logger, Xsens DOT, WitMotion, MetaBase, Movesense.

It neither screens the samples nor says where the sensor sat: `convert` does both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imu_hinge.errors import RecordingError
from imu_hinge.model import Samples
from imu_hinge.settings import LIMITS, LimitSettings
from imu_hinge.storage.importers import phones, wearables, xsens
from imu_hinge.storage.importers.bundles import Bundle, Imported, open_bundle


@dataclass(frozen=True, slots=True)
class Importer:
    """Hold how one vendor's export is told from others and read, in m/s² and rad/s."""

    name: str
    recognises: Callable[[Bundle], bool]
    read: Callable[[Bundle, str], Imported]
    """Takes the texts and which device is meant, empty where there is one."""


IMPORTERS: Final[dict[str, Importer]] = {
    "phyphox": Importer("phyphox", phones.is_phyphox, phones.read_phyphox),
    "sensor_logger": Importer("Sensor Logger", phones.is_sensor_logger, phones.read_sensor_logger),
    "xsens_dot": Importer("Xsens DOT", xsens.is_xsens, xsens.read_xsens),
    "witmotion": Importer("WitMotion", wearables.is_witmotion, wearables.read_witmotion),
    "metabase": Importer("MetaBase", wearables.is_metabase, wearables.read_metabase),
    "movesense": Importer("Movesense", wearables.is_movesense, wearables.read_movesense),
}
"""Importers by short name; add one here and the contract suite tests it."""


FORMS: Final[dict[str, str]] = {
    "plain CSV": "time_s,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z; seconds, m/s² with gravity, rad/s; one file per sensor",
    "phyphox": "the export of an experiment with acceleration (with g) and gyroscope, CSV in a zip or a folder",
    "Sensor Logger": "the zip or folder with Gyroscope and TotalAcceleration, or Accelerometer and Gravity",
    "Xsens DOT": "the CSV of Movella DOT with PacketCounter, SampleTimeFine, Acc and Gyr",
    "WitMotion": "the text or CSV of its programs; of several devices choose one: sacrum=export.txt:DEVICE",
    "MetaBase": "the two CSVs, accelerometer and gyroscope, of a MetaMotion, in a folder or zip",
    "Movesense": "the CSV or JSON of its apps with acceleration and gyroscope",
}
"""What `read_export` and `plain_csv` read, by name."""


def importer_of(path: str | Path, *, limits: LimitSettings = LIMITS) -> Importer | None:
    """Return the importer that knows this file, folder or zip, or None.

    Raises
    ------
    RecordingError
        Where the path cannot be read.
    """
    return _importer(open_bundle(Path(path), limits=limits))


def _importer(bundle: Bundle) -> Importer | None:
    return next((importer for importer in IMPORTERS.values() if importer.recognises(bundle)), None)


def vendor_of(path: str | Path) -> str:
    """Name the app or maker that wrote a file, or return an empty text."""
    try:
        importer = importer_of(path)
    except RecordingError:
        return ""
    return f"a {importer.name} export" if importer else ""


def read_export(path: str | Path) -> Samples:
    """Read a vendor's export, unscreened. Errors as `import_export`."""
    return import_export(path).samples


def import_export(path: str | Path, device: str = "", *, limits: LimitSettings = LIMITS) -> Imported:
    """Read a vendor's export, unscreened, with what was mended on the way.

    Parameters
    ----------
    path
        A file, folder or zip.
    device
        Which one, by its name or a part of it, where the export holds several.
    limits
        Of size, members, rows and columns.

    Raises
    ------
    UnknownFormat
        Where the export lacks acceleration with gravity or angular rate.
    RecordingError
        Where the path cannot be read, no importer knows it, or it holds several devices and none was chosen.
    """
    bundle = open_bundle(Path(path), limits=limits)
    importer = _importer(bundle)
    if importer is None:
        raise RecordingError(f"{path} is no export that is known here. Known: {', '.join(known_names())}.")
    return importer.read(bundle, device)


def known_names() -> tuple[str, ...]:
    """Names of the vendors whose exports are read."""
    return tuple(importer.name for importer in IMPORTERS.values())
