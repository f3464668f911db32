"""Gather what scan and doctor show, and print it as a table or as JSON.

It decides nothing about a device; `catalog` and `doctor` do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from imu_hinge.errors import HingeError
from imu_hinge.live.doctor import BAD, Finding, check_radio, check_sensors
from imu_hinge.live.known_sensors import load_known_sensors, wanted_sensors
from imu_hinge.sensors.ble.capture import battery_of, scan
from imu_hinge.sensors.ble.scanner import Advertisement
from imu_hinge.sensors.drivers.catalog import recognise, refusal
from imu_hinge.text import LONGEST_TEXT, one_line

Row = Mapping[str, str | int | None]


async def listed(seconds: float, *, ask_battery: bool = False, everything: bool = False) -> list[Row]:
    """Scan and return one row per device: name, address, family, signal, battery, placement, remark.

    Parameters
    ----------
    seconds
        How long to listen.
    ask_battery
        Connect to every usable sensor and ask its charge.
    everything
        Also what is no sensor of a known family.

    Raises
    ------
    BluetoothOff
        Where there is no radio to scan with.
    """
    worn = {known.address: known.placement for known in load_known_sensors()}
    rows: list[Row] = []
    for seen in await scan(seconds):
        driver, reason = recognise(seen.name, seen.service_uuids, seen.manufacturer_ids), refusal(seen.name)
        if driver is None and reason is None and not everything:
            continue
        rows.append(
            {
                "name": seen.name,
                "address": seen.address,
                "family": driver.family if driver else None,
                "signal_dbm": seen.rssi_dbm,
                "battery_percent": await _charge(seen) if ask_battery and driver else None,
                "placement": worn.get(seen.address),
                "remark": reason or ("connected to this computer already" if seen.rssi_dbm is None else None),
            }
        )
    return rows


async def examine(items: Sequence[str], *, seconds: float) -> tuple[list[Finding], bool]:
    """Check the radio, then the sensors named (or remembered, where they are in range).

    Returns
    -------
    (list of Finding, bool)
        What was found, and whether something is missing without which nothing can be recorded.
    """
    findings, usable = await check_radio()
    if any(finding.state == BAD for finding in findings):
        return findings, True
    try:
        there = {name.casefold() for seen in usable for name in (seen.address, seen.name)}
        wanted = wanted_sensors(items) if items or load_known_sensors() else {}
        if not items:
            wanted = {placement: name for placement, name in wanted.items() if name.casefold() in there}
        if wanted:
            findings += await check_sensors(wanted, seconds=seconds)
        else:
            findings.append(Finding("sensors", "look", "none was examined: name them, such as sacrum=NAME"))
    except HingeError as problem:
        findings.append(Finding("sensors", BAD, str(problem)))
    return findings, any(finding.state == BAD for finding in findings)


def print_rows(rows: Sequence[Row], *, as_json: bool = False) -> None:
    """Print rows as a table, or as a JSON list."""
    rows = [{key: one_line(v, longest=LONGEST_TEXT) if isinstance(v, str) else v for key, v in r.items()} for r in rows]
    if as_json:
        print(json.dumps(rows))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        print("No sensor is in range. Wake them (move or touch them), close the phone's app, and look again.")
        return
    table = Table(*(heading.replace("_", " ") for heading in rows[0]))
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row.values()))
    Console().print(table)


async def _charge(seen: Advertisement) -> int | None:
    try:
        return await battery_of(seen)
    except HingeError:
        return None  # a row without its battery is better than no list
