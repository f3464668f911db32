"""Measure how much faster each family is decoded than two sensors at their highest rate deliver, on one core.

Run: python benchmarks/decode.py [--seconds 20]. Prints one line per family: samples per second of CPU, and that rate
over twice the family's highest live rate. Packets are made here from the layouts; no device was used.
"""

from __future__ import annotations

import argparse
import struct
import time
from collections.abc import Iterator

import numpy as np

from imu_hinge.sensors.drivers import dot, hinge_packets, movesense, witmotion
from imu_hinge.sensors.drivers import metamotion_packets as mm
from imu_hinge.sensors.drivers import polar_frames as pmd
from imu_hinge.sensors.drivers.catalog import driver_for
from imu_hinge.sensors.protocol import StreamSettings

Packets = Iterator[tuple[str, bytes]]
OWN = {"acc_m_s2": 0.0048, "gyr_rad_s": 0.001}
POLAR = {"acc_factor": 0.000244, "gyr_factor": 0.07}


def movesense_packets(seconds: float) -> Packets:
    values = np.ones(48, dtype="<f4").tobytes()
    for i in range(int(seconds * 104 / 8)):
        payload = struct.pack("<I", round(i * 8000 / 104)) + values
        yield movesense.DATA, bytes((2, movesense.STREAM_REFERENCE)) + payload[:150]
        yield movesense.DATA, bytes((3, movesense.STREAM_REFERENCE)) + payload[150:]


def dot_packets(seconds: float) -> Packets:
    values = np.ones(6, dtype="<f4").tobytes() + bytes(12)
    for i in range(int(seconds * 60)):
        yield dot.MEDIUM, struct.pack("<I", i * 16667) + values


def witmotion_packets(seconds: float) -> Packets:
    frame = b"\x55\x61" + struct.pack("<9h", *range(9))
    for _ in range(int(seconds * 200)):
        yield witmotion.DATA, frame


def polar_packets(seconds: float) -> Packets:
    n = 36
    content = struct.pack("<3h", 0, 0, 4096) + bytes((8, n - 1)) + bytes(3 * (n - 1))
    for i in range(int(seconds * 416 / n)):
        last = struct.pack("<QB", round((i + 1) * n * 1e9 / 416), 0x80)
        yield pmd.DATA, bytes((pmd.ACC,)) + last + content
        yield pmd.DATA, bytes((pmd.GYRO,)) + last + content


def metamotion_packets(seconds: float) -> Packets:
    for i in range(int(seconds * 200)):
        yield mm.NOTIFY, b"\x09\x03\x02" + struct.pack("<I6h", i, 1, 2, 3, 4, 5, 6)


def own_packets(seconds: float) -> Packets:
    counts = np.arange(60, dtype=np.int16).reshape(10, 6)
    for i in range(int(seconds * 20)):
        packet = hinge_packets.DataPacket(0, i & 0xFFFF, i * 50_000 % (1 << 32), 5000, counts)
        yield hinge_packets.DATA, hinge_packets.pack_data(packet)


FAMILIES = {
    "movesense": (
        StreamSettings("movesense", 104.0, details={"reference": movesense.STREAM_REFERENCE}),
        movesense_packets,
    ),
    "dot": (StreamSettings("dot", 60.0, details={"mode": 21}), dot_packets),
    "witmotion": (StreamSettings("witmotion", 200.0), witmotion_packets),
    "polar": (StreamSettings("polar", 416.0, 8.0, 2000.0, details=POLAR), polar_packets),
    "metamotion": (StreamSettings("metamotion", 200.0, 16.0, 2000.0, details={"counter": 2}), metamotion_packets),
    "hinge": (StreamSettings("hinge", 200.0, 16.0, 2000.0, details=OWN), own_packets),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    print(f"{'family':<12} {'rate Hz':>8} {'samples':>8} {'samples/s of CPU':>17} {'times two sensors':>18}")
    for family, (settings, make) in FAMILIES.items():
        packets = list(make(seconds))
        decoder = driver_for(family).decoder(settings)
        began = time.process_time()
        blocks = [block for characteristic, payload in packets for block in decoder.feed(characteristic, payload)]
        spent = time.process_time() - began
        samples = sum(len(block) for block in blocks)
        if any(block.lost for block in blocks) or any(block.flags.any() for block in blocks):
            raise SystemExit(f"{family}: samples were lost or flagged, the figure would not count")
        highest = max(driver_for(family).rates_hz)
        print(
            f"{family:<12} {highest:8.0f} {samples:8d} {samples / spent:17.0f} {samples / spent / (2 * highest):18.0f}"
        )


if __name__ == "__main__":
    main()
