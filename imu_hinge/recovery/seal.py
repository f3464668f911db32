"""Make a recording of a journal: recover what a crash left, seal it as CSV files beside it, say what was lost.

It changes no journal. A recording is sealed by decoding its journal, so a decoder mended later can be run over it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from imu_hinge.athlete import Athlete, athlete_from_table
from imu_hinge.atomic_file import remove, sync_folder
from imu_hinge.errors import RecordingError, SettingsError
from imu_hinge.model import Recording, Samples
from imu_hinge.sensors.ble.sink import LOST
from imu_hinge.sensors.clock.live_mapping import ClockReport
from imu_hinge.settings import LIMITS, LimitSettings
from imu_hinge.storage.folder import MANIFEST
from imu_hinge.storage.journal import LINK, PACKET, Journal, Loss, read_journal
from imu_hinge.storage.recording import write

SEAL_FOLDER: Final = ".sealing"
"""Where the CSV files are written before they are put in place, inside the recording's folder."""


_LARGEST_NS: Final = 2**63
"""Host times have 64 bits [ns]."""


@dataclass(frozen=True, slots=True)
class SensorReport:
    """Hold what one sensor's part of a journal holds, and what it lacks.

    Parameters
    ----------
    device
        Name and address.
    packets, bad_packets
        Notifications in the journal, and how many of them broke their format.
    clock
        Samples, lost, repeated and late ones, restarts, rate, drift, delay.
    outages
        How often the link was lost.
    outage_s
        How long in all [s].
    nominal_hz
        The rate the device agreed to.
    """

    device: str
    packets: int
    bad_packets: int
    clock: ClockReport
    outages: int
    outage_s: float
    nominal_hz: float


@dataclass(frozen=True, slots=True)
class Recovered:
    """Hold a recording as far as its journal can be read, and what was lost.

    Parameters
    ----------
    recording
    sensors
        Report by placement.
    losses
        Stretches of the journal that cannot be read.
    """

    recording: Recording
    sensors: Mapping[str, SensorReport]
    losses: tuple[Loss, ...]

    @property
    def is_whole(self) -> bool:
        """True where the journal itself lost nothing; the radio may have."""
        return not self.losses


def recover(folder: str | Path, *, as_live: bool = False, limits: LimitSettings = LIMITS) -> Recovered:
    """Decode the journal of a recording; writes nothing.

    Parameters
    ----------
    folder
        The recording's folder.
    as_live
        Give the samples the very times that were shown live, bit for bit, instead of the better ones that all
        arrivals together give.
    limits
        How much is read at most.

    Raises
    ------
    RecordingError
        Where there is no journal, or no sample in it.
    """
    from imu_hinge.recovery.decode import tracks  # which loads every family of sensor

    journal = read_journal(folder, limits=limits)
    origin_ns = origin_of(journal)
    outages = _outages(journal)
    samples: dict[str, Samples] = {}
    reports: dict[str, SensorReport] = {}
    devices: dict[str, str] = {}
    for sensor, track in tracks(journal.entries).items():
        placed, clock = track.samples(origin_ns=origin_ns, as_live=as_live)
        count, seconds = outages.get(sensor, (0, 0.0))
        reports[sensor] = SensorReport(
            track.device,
            track.packets,
            track.decoder.bad_packets,
            clock,
            count,
            seconds,
            nominal_hz=track.decoder.settings.rate_hz,
        )
        if len(placed):
            samples[sensor], devices[sensor] = placed, track.device
    if not samples:
        raise RecordingError(
            f"The journal in {folder} holds no sample ({len(journal.entries)} entries). The sensors never streamed; "
            "record again."
        )
    session = journal.session
    recording = Recording(
        samples,
        athlete=_athlete(session.get("athlete")),
        exercise=str(session.get("exercise", "auto")),
        load_kg=_load_kg(session.get("load_kg")),
        note=str(session.get("note", "")),
        recorded=_day_and_time(session.get("started_utc")),
        is_simulated=bool(session.get("is_simulated", False)),
        devices=devices,
    )
    return Recovered(recording, reports, journal.losses)


def seal(folder: str | Path) -> Recovered:
    """Write the recording's files beside its journal, replacing any that are there.

    The description is put in place last, when all else is on the disk: a folder that has one is whole.

    Raises
    ------
    RecordingError
        Where there is nothing to seal, or the disk refuses; the journal is untouched.
    """
    folder = Path(folder)
    recovered = recover(folder)
    part = folder / SEAL_FOLDER
    remove(part)
    try:
        write(recovered.recording, part)
        (folder / MANIFEST).unlink(missing_ok=True)  # until the new one is there the journal alone is read
        for name in sorted(os.listdir(part), key=lambda name: name == MANIFEST):
            sync_folder(folder)
            os.replace(part / name, folder / name)
        sync_folder(folder)
    except OSError as problem:
        raise RecordingError(
            f"{folder} could not be sealed: {problem.strerror or problem}. The journal is whole; free some space and "
            f"run: imu-hinge repair {folder}"
        ) from problem
    finally:
        remove(part)
    return recovered


def origin_of(journal: Journal) -> int:
    """Return the host time that is zero on the recording's timeline [ns]."""
    origin = journal.session.get("origin_ns")
    if isinstance(origin, int) and abs(origin) < _LARGEST_NS:
        return origin
    return journal.entries[0].host_ns if journal.entries else 0


def summary(recovered: Recovered) -> list[str]:
    """Return what was found and what was lost, one sentence per line, for people."""
    lines = []
    for sensor, report in recovered.sensors.items():
        clock = report.clock
        parts = [f"{sensor}: {clock.samples} samples of {report.device or 'an unknown device'}"]
        parts += [
            f"{count} {what}"
            for count, what in (
                (clock.lost, "lost on the air"),
                (clock.jumps, "gaps of unknown length"),
                (clock.duplicates, "repeated"),
                (clock.reordered, "late"),
                (clock.resets, "restarts of its clock"),
                (report.bad_packets, "damaged packets"),
            )
            if count
        ]
        if report.outages:
            parts.append(f"{report.outages} times without link, {report.outage_s:.1f} s in all")
        lines.append(", ".join(parts) + ".")
    lines += [f"Lost from the journal: {loss}." for loss in recovered.losses]
    if recovered.is_whole:
        lines.append("The journal is whole.")
    return lines


def _outages(journal: Journal) -> dict[str, tuple[int, float]]:
    """Return by sensor how often the link was lost, and for how long nothing came of it, in all [s]."""
    heard: dict[str, int] = {}
    since: dict[str, int] = {}
    total: dict[str, tuple[int, float]] = {}

    def end(sensor: str, host_ns: int) -> None:
        count, seconds = total.get(sensor, (0, 0.0))
        total[sensor] = count + 1, seconds + (host_ns - since.pop(sensor)) * 1e-9

    for entry in journal.entries:
        if entry.kind == PACKET:
            heard[entry.sensor] = entry.host_ns
            if entry.sensor in since:
                end(entry.sensor, entry.host_ns)
        elif entry.kind == LINK and entry.values is not None and entry.values.get("state") == LOST:
            # a link that breaks is told seconds after the last that came through it
            since.setdefault(entry.sensor, heard.get(entry.sensor, entry.host_ns))
    for sensor in list(since):
        end(sensor, max(journal.entries[-1].host_ns, since[sensor]))
    return total


def _day_and_time(text: object) -> str:
    """Return when a session began by the clock on the wall there, to the minute; nothing where that is not written."""
    try:
        return datetime.fromisoformat(str(text)).astimezone().strftime("%Y-%m-%dT%H:%M")
    except (ValueError, OverflowError):
        return ""


def _load_kg(value: object) -> float | None:
    """Return the load where it is one; the samples are worth more than a number that cannot be."""
    return float(value) if isinstance(value, int | float) and 0.0 <= value < math.inf else None


def _athlete(table: object) -> Athlete | None:
    try:
        return athlete_from_table(dict(table)) if isinstance(table, dict) and table else None
    except SettingsError:
        return None  # an athlete file can be given again; the samples cannot
