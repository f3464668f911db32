"""Kill a recording program at random moments and say how much of each recording was lost.

Each child records two made-up sensors of 100 samples/s, one notification each, through the package's own recorder and
journal, and tells its parent through a pipe what the radio has just said. SIGKILL comes at a random moment. Then the
journal is read and decoded. Simulated data; a pulled battery is not simulated (each flush ends with fsync).

    python benchmarks/recording_kills.py [--kills 100] [--seed 1]
"""

import argparse
import asyncio
import os
import random
import signal
import struct
import sys
import tempfile
import time
from pathlib import Path

from imu_hinge.errors import RecordingError
from imu_hinge.live.recorder import Recorder, Session
from imu_hinge.recovery.seal import recover, seal
from imu_hinge.sensors.ble.scanner import Advertisement
from imu_hinge.sensors.ble.sink import STREAMING
from imu_hinge.sensors.drivers import hinge_packets
from imu_hinge.sensors.protocol import StreamSettings

SENSORS = ("sacrum", "t12")
SETTINGS = StreamSettings(
    "hinge",
    100.0,
    acc_range_g=16.0,
    gyr_range_dps=2000.0,
    details={"acc_m_s2": 0.0048, "gyr_rad_s": 0.001, "boot_id": 1, "samples": 1},
)
AT_ONCE = 10
LONGEST_S = 4.0


def packet(number: int) -> bytes:
    head = struct.pack("<BBHIHBB", 1, 0, number & 0xFFFF, number * 10_000, 10_000, 1, 0)
    return head + struct.pack("<6h", number % 30000, 0, 2048, 0, number % 7, 0)


async def record_for_ever(folder: Path, pipe: int) -> None:
    recorder = Recorder(folder, Session(), now_ns=time.monotonic_ns)
    recorder.begin()
    decoding = asyncio.create_task(recorder.decode())
    for sensor in SENSORS:
        seen = Advertisement("00:00:00:00:00:00", "made up", None, frozenset(), frozenset(), None)
        recorder.stream(sensor, time.monotonic_ns(), seen, SETTINGS)
        recorder.link(sensor, time.monotonic_ns(), STREAMING, "")
    for number in range(1_000_000):
        now_ns = time.monotonic_ns()
        for sensor in SENSORS:
            recorder.packet(sensor, now_ns, hinge_packets.DATA, packet(number))
        os.write(pipe, struct.pack("<IQ", number, now_ns))
        await asyncio.sleep(0.01)
    decoding.cancel()


def child(folder: Path) -> tuple[int, int]:
    """Start a recording in a process of its own; returns its id and the pipe it reports to."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        try:
            asyncio.run(record_for_ever(folder, writing))
        finally:
            os._exit(1)
    os.close(writing)
    return process, reading


def reported(pipe: int) -> tuple[int, int]:
    """Return the number of the last notification and its time [ns], as the killed child reported them."""
    data = b""
    while part := os.read(pipe, 65536):
        data += part
    os.close(pipe)
    whole = len(data) // 12 * 12
    number, last_ns = struct.unpack("<IQ", data[whole - 12 : whole])
    return number, last_ns


def lost_s(folder: Path, last: int) -> float:
    """Seconds of the recording that are missing, by the sensor that lost more; checks that nothing else is."""
    recovered = recover(folder)
    worst = 0.0
    for sensor in SENSORS:
        samples = recovered.recording.sensors.get(sensor)
        kept = 0 if samples is None else len(samples)
        if samples is not None and (round(samples.acc[-1, 0] / 0.0048) != kept - 1):
            raise AssertionError("samples are missing in the middle")
        worst = max(worst, (last + 1 - kept) * 0.01)
    return worst


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    losses, unreadable, sealed = [], 0, 0
    with tempfile.TemporaryDirectory(prefix="imu-hinge-kills-") as root:
        done = 0
        while done < options.kills:
            batch = []
            for _ in range(min(AT_ONCE, options.kills - done)):
                folder = Path(root) / f"{done}"
                batch.append((chance.uniform(0.05, LONGEST_S), folder, *child(folder)))
                done += 1
            began = time.monotonic()
            for after_s, folder, process, pipe in sorted(batch):
                time.sleep(max(0.0, began + after_s - time.monotonic()))
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
                last, _ = reported(pipe)
                try:
                    losses.append(lost_s(folder, last))
                    seal(folder)
                    sealed += 1
                except RecordingError as problem:
                    if last * 0.01 > 1.0:
                        unreadable += 1
                        print(f"unreadable after {last * 0.01:.2f} s: {problem}")
                    else:
                        losses.append((last + 1) * 0.01)
    losses.sort()
    print(
        f"{done} kills: lost {losses[len(losses) // 2]:.2f} s (median), {losses[-1]:.2f} s (worst); "
        f"{unreadable} unreadable; {sealed} sealed, {done - unreadable - sealed} killed before their first half second."
    )
    return 0 if losses[-1] <= 1.0 and not unreadable else 1


if __name__ == "__main__":
    sys.exit(main())
