"""List the device families: one line each. Adding a family is its file and its line here.

Nothing here speaks to a device. A family that lives in another package names its `Driver` object in the entry-point
group ``imu_hinge.drivers`` and is found like the ones here; `imu_hinge.testing.check_driver` says whether it keeps the
rules.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib.metadata import entry_points
from typing import Final

from imu_hinge.errors import DeviceError
from imu_hinge.sensors.drivers import dot, hinge_profile, metamotion, movesense, polar, witmotion
from imu_hinge.sensors.protocol import Driver

FAMILIES: Final[tuple[Driver, ...]] = (
    movesense.DRIVER,
    dot.DRIVER,
    witmotion.DRIVER,
    polar.DRIVER,
    metamotion.DRIVER,
    hinge_profile.DRIVER,
)
"""Families that can be streamed, in the order in which an advertisement is asked."""

GROUP: Final = "imu_hinge.drivers"
"""Entry points of this group are drivers of other packages."""


@cache
def families() -> tuple[Driver, ...]:
    """Return the drivers of this package, then those that other installed packages bring.

    Raises
    ------
    DeviceError
        Where such a package cannot be loaded, or takes the name of another family.
    """
    found = list(FAMILIES)
    for entry in entry_points(group=GROUP):
        try:
            driver: Driver = entry.load()
            name = driver.family
        except Exception as problem:  # code of others: whatever it raises is told as one sentence
            raise DeviceError(
                f"The driver {entry.value} of another package does not load: {type(problem).__name__}: {problem}. "
                "Update that package or uninstall it."
            ) from problem
        if name in {other.family for other in found}:
            raise DeviceError(
                f"The driver {entry.value} of another package calls its family {name!r}, which there is already. "
                "Uninstall that package or ask its author for another name."
            )
        found.append(driver)
    return tuple(found)


_NO_GYROSCOPE: Final = (
    "it has no gyroscope, so it cannot measure how fast the trunk turns. Use a Movesense, DOT, WitMotion, Verity "
    "Sense, MetaMotion or a board with this project's firmware."
)
_NO_DRIVER: Final = "its packets carry neither enough rate nor time for this, and there is no driver for it."

REFUSED: Final[tuple[tuple[str, str], ...]] = (
    ("Polar H10", _NO_GYROSCOPE),
    ("Polar H9", _NO_GYROSCOPE),
    ("Polar OH1", _NO_GYROSCOPE),
    ("BBC micro:bit", _NO_GYROSCOPE),
    ("CC2650 SensorTag", _NO_DRIVER),
    ("SensorTag", _NO_DRIVER),
    ("BLE Sense - ", _NO_DRIVER),
    ("Thingy", _NO_DRIVER),
)
"""Beginnings of names of sensors that are known and not usable, each with the reason."""


def refusal(name: str) -> str | None:
    """Return why a sensor of this name cannot be used, or None where nothing speaks against it."""
    for beginning, reason in REFUSED:
        if name.startswith(beginning):
            return f"{name} cannot be used: {reason}"
    return None


def recognise(name: str, service_uuids: Collection[str] = (), manufacturer_ids: Collection[int] = ()) -> Driver | None:
    """Return the driver for an advertisement or a connected device's services; None for others and refused ones.

    Parameters
    ----------
    name
        Advertised name; empty where there is none.
    service_uuids
        Advertised or discovered services, lower-case, 128 bit.
    manufacturer_ids
        Company numbers of the advertisement.
    """
    if refusal(name) is not None:
        return None
    for driver in families():
        if driver.matches(name, service_uuids, manufacturer_ids):
            return driver
    return None


def driver_for(family: str) -> Driver:
    """Return a family's driver by its name, as a journal has it; raises `DeviceError` for an unknown one."""
    for driver in families():
        if driver.family == family:
            return driver
    known = ", ".join(driver.family for driver in families())
    raise DeviceError(f"There is no driver for {family!r}. Known families: {known}; a newer version may know more.")
