"""Decode the packets of devices that have a published layout but no driver here.

Nothing here is streamed: these devices send neither time nor loss, or no angular rate, or too few samples; `catalog`
says why. The layouts serve whoever reads such packets from elsewhere.

Layouts: Nordic-Thingy52-FW ble_tms.h; BlueSTSDK_Python feature_accelerometer.py and feature_gyroscope.py;
node-sensortag cc2650.js; microbit-dal; Arduino_ScienceJournal.
"""

from __future__ import annotations

import math
import struct
from typing import Final, NamedTuple

import numpy as np

from imu_hinge.conventions import STANDARD_GRAVITY_MPS2
from imu_hinge.errors import PacketError
from imu_hinge.model import Array

THINGY_RAW: Final = "ef680406-9b35-4933-9b10-52ffa9740042"
THINGY_QUATERNION: Final = "ef680404-9b35-4933-9b10-52ffa9740042"
BLUEST_IMU: Final = "00e00000-0001-11e1-ac36-0002a5d5c51b"
SENSORTAG_MOVEMENT: Final = "f000aa81-0451-4000-b000-000000000000"
MICROBIT_ACC: Final = "e95dca4b-251d-470a-a062-fa1922dfa9a8"
ARDUINO_ACC: Final = "555a0002-0011-467a-9538-01f0652c74e8"
ARDUINO_GYRO: Final = "555a0002-0012-467a-9538-01f0652c74e8"
BLUEST_TICK_S: Final = 0.008  # BlueSTSDK
SENSORTAG_DPS_PER_COUNT: Final = 500 / 65536  # a range of ±250 deg/s in 16 bits


class Motion(NamedTuple):
    """Hold one packet's single sample; None where the packet does not carry it.

    Parameters
    ----------
    acc : (3,) [m/s²]
    gyr : (3,) [rad/s]
    mag : (3,)
        In the device's own counts.
    tick
        As on the wire.
    """

    acc: Array | None = None
    gyr: Array | None = None
    mag: Array | None = None
    tick: int | None = None


def thingy_raw(payload: bytes) -> Motion:
    """Read a Thingy:52's raw motion: acceleration in 6Q10 g, rate in 11Q5 deg/s, compass in 12Q4 µT."""
    counts = np.array(_unpack("<9h", payload, THINGY_RAW), dtype=np.float64)
    return Motion(counts[:3] / 1024 * STANDARD_GRAVITY_MPS2, np.radians(counts[3:6] / 32), counts[6:] / 16)


def thingy_quaternion(payload: bytes) -> Array:
    """Read a Thingy:52's quaternion. (4,), scalar first."""
    return np.array(_unpack("<4i", payload, THINGY_QUATERNION), dtype=np.float64) / (1 << 30)


def thingy_config(*, step_ms: int, temperature_ms: int, compass_ms: int, motion_hz: int, wake: bool) -> bytes:
    """Return a Thingy:52's motion configuration.

    Parameters
    ----------
    step_ms, temperature_ms, compass_ms
        Intervals of the step counter and of the temperature's and the compass's compensation.
    motion_hz
        Rate of the motion unit.
    wake
        Whether motion wakes the device.
    """
    return struct.pack("<4HB", step_ms, temperature_ms, compass_ms, motion_hz, int(wake))


def bluest_imu(payload: bytes) -> Motion:
    """Read a BlueST combined packet: 16-bit tick (8 ms in the function packs), mg, 0.1 deg/s, mGauss."""
    tick, *counts = _unpack("<H9h", payload, BLUEST_IMU)
    values = np.array(counts, dtype=np.float64)
    return Motion(values[:3] * STANDARD_GRAVITY_MPS2 / 1000, np.radians(values[3:6] / 10), values[6:], tick)


def sensortag_movement(payload: bytes, *, acc_range_g: float) -> Motion:
    """Read a CC2650 SensorTag's movement; the range is bits 8 and 9 of what was written to its configuration."""
    counts = np.array(_unpack("<9h", payload, SENSORTAG_MOVEMENT), dtype=np.float64)
    acc = counts[3:6] * acc_range_g / 32768 * STANDARD_GRAVITY_MPS2
    return Motion(acc, np.radians(counts[:3] * SENSORTAG_DPS_PER_COUNT), counts[6:])


def sensortag_range_g(config: int) -> float:
    """Return the accelerometer range [g] in a SensorTag's 16-bit configuration."""
    return float(2 << (config >> 8 & 3))


def microbit_acc(payload: bytes) -> Motion:
    """Read a micro:bit's acceleration in mg; it has no gyroscope."""
    return Motion(np.array(_unpack("<3h", payload, MICROBIT_ACC), dtype=np.float64) * STANDARD_GRAVITY_MPS2 / 1000)


def arduino_acc(payload: bytes) -> Motion:
    """Read the Science Journal firmware's acceleration in g."""
    return Motion(np.array(_unpack("<3f", payload, ARDUINO_ACC), dtype=np.float64) * STANDARD_GRAVITY_MPS2)


def arduino_gyro(payload: bytes) -> Motion:
    """Read the Science Journal firmware's angular rate in deg/s."""
    return Motion(gyr=np.array(_unpack("<3f", payload, ARDUINO_GYRO), dtype=np.float64) * math.radians(1))


def unwrap_tick(previous: int, tick: int, *, bits: int = 16) -> int:
    """Return the tick counted on from the unwrapped previous one.

    Parameters
    ----------
    previous
        Unwrapped.
    tick
        As sent, not more than one turn of the counter later.
    bits
        Of the counter.
    """
    return previous + (tick - previous) % (1 << bits)


def _unpack(layout: str, payload: bytes, characteristic: str) -> tuple[int, ...]:
    needed = struct.calcsize(layout)
    if len(payload) != needed:
        raise PacketError(
            f"The packet has {len(payload)} bytes where its layout has {needed}. It was left out.",
            payload,
            offset=min(len(payload), needed),
            characteristic=characteristic,
        )
    return struct.unpack(layout, payload)
