"""Measure what recording two sensors at 100 Hz costs: CPU time per wall time, without the Bluetooth stack.

Made-up notifications arrive by the event loop's clock and go through the package's own recorder: journal with its
thread, decoder, live clock, status twice a second. Once as a family that sends every sample by itself (WitMotion), once
as one that sends five at a time (the project's own profile). The same loop without a recorder is measured beside it and
taken off: there the wake-ups are the Bluetooth stack's.

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

from imu_hinge.live.recorder import Recorder, Session
from imu_hinge.live.status import status_table
from imu_hinge.sensors import hinge_packets as hp
from imu_hinge.sensors import witmotion
from imu_hinge.sensors.driver import StreamSettings
from imu_hinge.sensors.radio import Seen

SENSORS = ("sacrum", "t12")
OWN = StreamSettings("hinge", 100.0, 16.0, 2000.0, details={"acc_m_s2": 0.0048, "gyr_rad_s": 0.001, "samples": 5})
WIT = StreamSettings("witmotion", 100.0, 16.0, 2000.0, max_drift=witmotion.MAX_DRIFT)


def own_packet(number: int) -> tuple[str, bytes]:
    head = struct.pack("<BBHIHBB", 1, 0, number & 0xFFFF, (number * 50_000) % (1 << 32), 10_000, 5, 0)
    return hp.DATA, head + struct.pack("<30h", *([number % 30000, 0, 2048, 0, 1, 0] * 5))


def wit_packet(number: int) -> tuple[str, bytes]:
    return witmotion.DATA, b"\x55\x61" + struct.pack("<9h", number % 30000, 0, 2048, 0, 1, 0, 0, 0, 0)


def packets_of(settings: StreamSettings) -> tuple[Callable[[int], tuple[str, bytes]], float]:
    """Return what makes a family's notifications, and the time between two [s]."""
    return (own_packet, 0.05) if settings.family == "hinge" else (wit_packet, 0.01)


async def bare(settings: StreamSettings, *, seconds: float) -> float:
    """Return the CPU seconds per second of a loop that only makes the notifications."""
    make, interval_s = packets_of(settings)
    loop = asyncio.get_running_loop()
    began, cpu, number = loop.time(), time.process_time(), 0
    while loop.time() - began < seconds:
        for _ in SENSORS:
            make(number)
        number += 1
        await asyncio.sleep(max(0.0, began + number * interval_s - loop.time()))
    return (time.process_time() - cpu) / seconds


async def load(folder: Path, settings: StreamSettings, *, seconds: float) -> float:
    """Return the CPU seconds per second of recording."""
    make, interval_s = packets_of(settings)
    recorder = Recorder(folder, Session(), now_ns=time.monotonic_ns)
    recorder.begin()
    decoding = asyncio.create_task(recorder.decode())
    seen = Seen("00:00:00:00:00:00", "made up", None, frozenset(), frozenset(), None)
    for sensor in SENSORS:
        recorder.stream(sensor, time.monotonic_ns(), seen, settings)
    loop = asyncio.get_running_loop()
    status_table(recorder, now_ns=time.monotonic_ns())
    began, cpu, number = loop.time(), time.process_time(), 0
    while loop.time() - began < seconds:
        for sensor in SENSORS:
            recorder.packet(sensor, time.monotonic_ns(), *make(number))
        number += 1
        if number % round(0.5 / interval_s) == 0:
            status_table(recorder, now_ns=time.monotonic_ns())
        await asyncio.sleep(max(0.0, began + number * interval_s - loop.time()))
    used = time.process_time() - cpu
    decoding.cancel()
    recorder.close()
    received = [recorder.status[sensor].received for sensor in SENSORS]
    assert min(received) >= 0.98 * 100 * seconds, f"only {received} samples were decoded"
    return used / seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    worst = 0.0
    with tempfile.TemporaryDirectory(prefix="imu-hinge-load-") as root:
        for settings in (OWN, WIT):
            share = asyncio.run(load(Path(root) / settings.family, settings, seconds=options.seconds))
            loop_alone = asyncio.run(bare(settings, seconds=options.seconds / 4))
            worst = max(worst, share - loop_alone)
            print(
                f"two sensors at 100 Hz, {settings.family}: {100 * (share - loop_alone):.2f} % of a core "
                f"({100 * share:.2f} % with the loop that makes the notifications)"
            )
    return 0 if worst < 0.05 else 1


if __name__ == "__main__":
    sys.exit(main())
