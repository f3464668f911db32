"""Check what a recording needs: Bluetooth, the sensors in range, and each sensor at rest on a table.

It mends nothing and records nothing that is kept.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from imu_hinge.conventions import STANDARD_GRAVITY_MPS2
from imu_hinge.errors import DeviceError
from imu_hinge.live.record_session import Plan, record
from imu_hinge.model import Samples
from imu_hinge.recovery.seal import Recovered
from imu_hinge.sensors.ble.capture import scan
from imu_hinge.sensors.ble.scanner import Advertisement
from imu_hinge.sensors.clock.live_mapping import ClockReport
from imu_hinge.sensors.drivers.catalog import recognise, refusal

REST_S: Final = 8.0
"""How long the sensors are listened to [s]."""

SETTLE_S: Final = 1.0
"""Left out at the beginning: a finger was on the sensor just now [s]."""

GRAVITY_BAND: Final = 0.03
"""A good accelerometer at rest reads gravity within this share."""

MOST_BIAS_DPS: Final = 3.0
"""Gyroscopes are off by 0.3 to 3 deg/s (docs/biomechanics.md, 6.3): more is worth a look."""
MOST_SPREAD_DPS: Final = 1.0
"""Chosen: a sensor that lies still spreads by its noise alone, which is less."""
LEAST_RATE: Final = 0.95
"""Chosen: share of the agreed rate below which a board or its link does not keep up."""
MOST_LOSS: Final = 0.02
"""Radios that trouble anybody lose this share and more, as in `lost_samples`."""
MOST_JITTER_S: Final = 0.1
"""Chosen: as late as one arrival in a hundred may be without being felt in what is shown [s]."""
MOST_DRIFT: Final = 0.01
"""Cheap boards are off by up to this (docs/biomechanics.md, 6.3)."""

OK, WARN, BAD = "ok", "look", "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """Hold the outcome of one check.

    Parameters
    ----------
    what
        What was looked at: ``Bluetooth``, or a sensor's name.
    state
        `OK`, `WARN` or `BAD`.
    text
        What was seen, for a person.
    """

    what: str
    state: str
    text: str


async def check_radio(seconds: float = 4.0) -> tuple[list[Finding], list[Advertisement]]:
    """Check adapter and permissions by scanning, and list who is there; never raises for what it finds."""
    try:
        devices = await scan(seconds)
    except DeviceError as problem:
        return [Finding("Bluetooth", BAD, str(problem))], []
    usable = [d for d in devices if refusal(d.name) is None and recognise(d.name, d.service_uuids, d.manufacturer_ids)]
    findings = [Finding("Bluetooth", OK, f"on and permitted; {len(devices)} devices are in range")]
    if usable:
        findings.append(Finding("sensors", OK, ", ".join(device.label for device in usable)))
    else:
        findings.append(Finding("sensors", WARN, "none in range. Wake them (move or touch them) and look again."))
    return findings, usable


async def check_sensors(wanted: Mapping[str, str], *, seconds: float = REST_S) -> list[Finding]:
    """Stream from sensors that lie still and check what they say.

    Raises
    ------
    DeviceError
        Where a sensor cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="imu-hinge-doctor-") as folder:
        plan = Plan(wanted, Path(folder) / "rest", seconds=seconds)
        recovered = await record(plan, asyncio.Event())
    return [] if recovered is None else findings_of(recovered)


def findings_of(recovered: Recovered) -> list[Finding]:
    """Return the findings about each sensor of a recording at rest."""
    findings = []
    for sensor, report in recovered.sensors.items():
        samples = recovered.recording.sensors.get(sensor)
        findings.append(Finding(sensor, OK if samples is not None else BAD, report.device))
        if samples is not None:
            findings += _at_rest(sensor, samples)
            findings += _timing(sensor, report.clock, nominal_hz=report.nominal_hz)
    return findings


def _at_rest(sensor: str, samples: Samples) -> list[Finding]:
    """Check |a|, which way is up, and the gyroscope's bias of a sensor at rest."""
    rest = samples[int(np.searchsorted(samples.time_s, samples.time_s[0] + SETTLE_S)) :]
    if len(rest) < 10:
        return [Finding(sensor, BAD, "too few samples to look at. Charge it and bring it closer.")]
    acc, gyr_dps = rest.acc.mean(axis=0), np.degrees(rest.gyr)
    bias, spread = gyr_dps.mean(axis=0), gyr_dps.std(axis=0)
    if (spread > MOST_SPREAD_DPS).any():
        return [Finding(sensor, WARN, "it moved. Lay it down and run the check again.")]
    norm = float(np.linalg.norm(acc))
    is_good = abs(norm / STANDARD_GRAVITY_MPS2 - 1.0) <= GRAVITY_BAND
    axis = int(np.argmax(np.abs(acc)))
    up = f"{'-' if acc[axis] < 0 else '+'}{'xyz'[axis]} ({abs(acc[axis]) / norm:.2f} of it)"
    is_biased = bool((np.abs(bias) > MOST_BIAS_DPS).any())
    return [
        Finding(sensor, OK if is_good else WARN, f"gravity reads {norm:.3f} m/s² (9.81 expected); up is {up}"),
        Finding(
            sensor,
            WARN if is_biased else OK,
            f"gyroscope bias {bias[0]:+.2f} {bias[1]:+.2f} {bias[2]:+.2f} deg/s, noise {spread.max():.2f} deg/s",
        ),
    ]


def _timing(sensor: str, clock: ClockReport, *, nominal_hz: float) -> list[Finding]:
    """Check rate, loss, jitter and clock."""
    loss = clock.lost / max(clock.lost + clock.samples, 1)
    share = clock.rate_hz / nominal_hz if nominal_hz else 1.0
    p50, p95, p99 = (1000 * delay for delay in clock.delay_s)
    return [
        Finding(
            sensor,
            OK if share >= LEAST_RATE and loss <= MOST_LOSS else WARN,
            f"{clock.rate_hz:.1f} Hz of {nominal_hz:g} asked, {100 * loss:.1f} % lost, {clock.jumps} gaps",
        ),
        Finding(
            sensor,
            OK if p99 <= 1000 * MOST_JITTER_S else WARN,
            f"arrivals late by {p50:.0f} ms (median), {p95:.0f} ms (95 %), {p99:.0f} ms (99 %)",
        ),
        Finding(
            sensor,
            OK if abs(clock.drift) <= MOST_DRIFT else WARN,
            f"its clock is off by {1e6 * clock.drift:+.0f} ppm, as far as this short time tells",
        ),
    ]
