"""Measure what recording two sensors at 100 Hz costs: CPU time per wall time, without the Bluetooth stack.

Made-up notifications arrive by the event loop's clock and go through the package's own recorder: journal with its
thread, decoder, live clock, status twice a second; for each family at its rate nearest to 100 Hz. The same loop
without a recorder is measured beside it and taken off: there the wake-ups are the Bluetooth stack's.

    python benchmarks/recording_load.py [--seconds 20]
"""

import argparse
import asyncio
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from imu_hinge.live.recorder import Recorder, Session
from imu_hinge.live.status import status_table
from imu_hinge.sensors.ble.scanner import Advertisement
from imu_hinge.sensors.drivers import dot, hinge_packets, movesense, witmotion
from imu_hinge.sensors.drivers import metamotion_packets as mm
from imu_hinge.sensors.drivers import polar_frames as pmd
from imu_hinge.sensors.protocol import StreamSettings

SENSORS = ("sacrum", "t12")
Packets = list[tuple[str, bytes]]


class Family(NamedTuple):
    """Hold a family's settings at its rate nearest to 100 Hz, samples per notification, and what makes these."""

    settings: StreamSettings
    batch: int
    make: Callable[[int], Packets]


def own(number: int) -> Packets:
    head = struct.pack("<BBHIHBB", 1, 0, number & 0xFFFF, (number * 50_000) % (1 << 32), 10_000, 5, 0)
    return [(hinge_packets.DATA, head + struct.pack("<30h", *([number % 30000, 0, 2048, 0, 1, 0] * 5)))]


def wit(number: int) -> Packets:
    return [(witmotion.DATA, b"\x55\x61" + struct.pack("<9h", number % 30000, 0, 2048, 0, 1, 0, 0, 0, 0))]


def gsp(number: int) -> Packets:
    whole = struct.pack("<I48f", round(number * 8000 / 104), *([0.0, 0.1, 9.8] * 8), *([0.1, 0.2, 0.3] * 8))
    head = movesense.STREAM_REFERENCE
    return [(movesense.DATA, bytes((2, head)) + whole[:153]), (movesense.DATA, bytes((3, head)) + whole[153:])]


def xsens(number: int) -> Packets:
    return [(dot.MEDIUM, struct.pack("<I6f12x", round(number * 1e6 / 60) % (1 << 32), 0.0, 0.1, 9.8, 0.1, 0.2, 0.3))]


def polar(number: int) -> Packets:
    last = struct.pack("<QB", round((number + 1) * 36e9 / 104), 0x80)
    content = struct.pack("<3h", 0, 0, 4096) + bytes((8, 35)) + bytes(3 * 35)
    return [(pmd.DATA, bytes((kind,)) + last + content) for kind in (pmd.ACC, pmd.GYRO)]


def mbient(number: int) -> Packets:
    return [(mm.NOTIFY, b"\x09\x03\x02" + struct.pack("<I6h", number, 1, 2, 2048, 4, 5, 6))]


FAMILIES = (
    Family(
        StreamSettings("hinge", 100.0, 16.0, 2000.0, details={"acc_m_s2": 0.0048, "gyr_rad_s": 0.001, "samples": 5}),
        5,
        own,
    ),
    Family(StreamSettings("witmotion", 100.0, 16.0, 2000.0, max_drift=witmotion.MAX_DRIFT, tells_loss=False), 1, wit),
    Family(StreamSettings("movesense", 104.0), 8, gsp),
    Family(StreamSettings("dot", 60.0, 16.0, 2000.0, details={"mode": 21}), 1, xsens),
    Family(
        StreamSettings("polar", 104.0, 8.0, 2000.0, details={"acc_factor": 0.000244, "gyr_factor": 0.07}), 36, polar
    ),
    Family(
        StreamSettings("metamotion", 100.0, 16.0, 2000.0, max_drift=0.05, details={"counter": 2, "chip": "bmi160"}),
        1,
        mbient,
    ),
)


async def bare(family: Family, *, seconds: float) -> float:
    """Return the CPU seconds per second of a loop that only makes the notifications."""
    interval_s = family.batch / family.settings.rate_hz
    loop = asyncio.get_running_loop()
    began, cpu, number = loop.time(), time.process_time(), 0
    while loop.time() - began < seconds:
        for _ in SENSORS:
            family.make(number)
        number += 1
        await asyncio.sleep(max(0.0, began + number * interval_s - loop.time()))
    return (time.process_time() - cpu) / seconds


async def load(folder: Path, family: Family, *, seconds: float) -> float:
    """Return the CPU seconds per second of recording."""
    interval_s = family.batch / family.settings.rate_hz
    recorder = Recorder(folder, Session(), now_ns=time.monotonic_ns)
    recorder.begin()
    decoding = asyncio.create_task(recorder.decode())
    seen = Advertisement("00:00:00:00:00:00", "made up", None, frozenset(), frozenset(), None)
    for sensor in SENSORS:
        recorder.stream(sensor, time.monotonic_ns(), seen, family.settings)
    loop = asyncio.get_running_loop()
    status_table(recorder, now_ns=time.monotonic_ns())
    began, cpu, number = loop.time(), time.process_time(), 0
    while loop.time() - began < seconds:
        for sensor in SENSORS:
            for characteristic, payload in family.make(number):
                recorder.packet(sensor, time.monotonic_ns(), characteristic, payload)
        number += 1
        if number % max(1, round(0.5 / interval_s)) == 0:
            status_table(recorder, now_ns=time.monotonic_ns())
        await asyncio.sleep(max(0.0, began + number * interval_s - loop.time()))
    used = time.process_time() - cpu
    decoding.cancel()
    recorder.close()
    received = [recorder.status[sensor].received for sensor in SENSORS]
    assert min(received) >= 0.95 * family.settings.rate_hz * seconds, f"only {received} samples were decoded"
    return used / seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    worst = 0.0
    with tempfile.TemporaryDirectory(prefix="imu-hinge-load-") as root:
        for family in FAMILIES:
            name, rate_hz = family.settings.family, family.settings.rate_hz
            share = asyncio.run(load(Path(root) / name, family, seconds=options.seconds))
            loop_alone = asyncio.run(bare(family, seconds=options.seconds / 4))
            worst = max(worst, share - loop_alone)
            print(
                f"two sensors at {rate_hz:g} Hz, {name}: {100 * (share - loop_alone):.2f} % of a core "
                f"({100 * share:.2f} % with the loop that makes the notifications)"
            )
    return 0 if worst < 0.05 else 1


if __name__ == "__main__":
    sys.exit(main())
