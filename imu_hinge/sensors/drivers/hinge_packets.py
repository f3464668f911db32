"""Read and write the packets of the project's own profile for makers' boards, version 1, frozen.

Nothing here talks to a board; that is `hinge_profile`. The same layouts in C: firmware_notes/imu_hinge_packet.h.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntFlag
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.errors import PacketError


def uuid(number: int) -> str:
    """Return the profile's UUID of one of its numbers: 1 service, 2 data, 3 config, 4 info, 5 timesync, 6 status."""
    return f"02ec{number:04x}-dedd-466f-a979-2a59fbdd437e"


SERVICE, DATA, CONFIG, INFO, TIMESYNC, STATUS = (uuid(number) for number in range(1, 7))  # of the project's own base

VERSION: Final = 1  # of the profile, frozen
CHANNELS: Final = 6  # three axes of acceleration, three of angular rate
HEADER, COMPACT_HEADER, SAMPLE = 12, 8, 12  # [byte]; a sample is six 16-bit counts
MAX_SAMPLES: Final = 19  # what 244 bytes hold, the payload of an MTU of 247

_HEADER = struct.Struct("<BBHIHBB")
_COMPACT = struct.Struct("<BBHI")
_INFO = struct.Struct("<BBHffIHH")
_CONFIG = struct.Struct("<BBHBxHBx")
_TIMESYNC = struct.Struct("<IQQ")
_STATUS = struct.Struct("<IIHhHH")

PING, PONG = 4, _TIMESYNC.size
"""Bytes of a question for the board's time, and of its answer."""

STOP, START, APPLY = 0, 1, 2  # commands of `CONFIG`

Counts = npt.NDArray[np.int16]


class PacketFlag(IntFlag):
    """What a data packet says of itself."""

    COMPACT = 1
    DROPPED = 2
    SATURATED = 4
    RESTARTED = 8


KNOWN_FLAGS: Final = 15  # all of `PacketFlag`; others are of a later version


@dataclass(frozen=True, slots=True, eq=False)
class DataPacket:
    """Hold one data notification.

    Parameters
    ----------
    flags
        As on the wire; unknown bits kept.
    sequence
        Grows by one per notification, modulo 2^16.
    t0_us
        Time of the first sample, modulo 2^32.
    dt_us
        Measured spacing of the samples; 0 where the packet does not tell (compact form).
    counts : (n, 6)
        ax ay az gx gy gz.
    """

    flags: int
    sequence: int
    t0_us: int
    dt_us: int
    counts: Counts


class Info(NamedTuple):
    """Hold what a board says of itself.

    Parameters
    ----------
    protocol
        `VERSION`.
    channels
        `CHANNELS`.
    model
        The maker's number.
    acc_m_s2, gyr_rad_s
        Scales of the ranges in use, SI per count.
    boot_id
        New at every boot.
    max_rate_hz
    fifo_depth
        Of the sensor's own memory [samples].
    """

    protocol: int
    channels: int
    model: int
    acc_m_s2: float
    gyr_rad_s: float
    boot_id: int
    max_rate_hz: int
    fifo_depth: int


class Config(NamedTuple):
    """Hold what the host asks for, and what the board reads back.

    Parameters
    ----------
    command
        `STOP`, `START` or `APPLY`.
    flags
        0.
    rate_hz, acc_range_g, gyr_range_dps
    samples
        In one notification; 0: the board chooses.
    """

    command: int
    flags: int
    rate_hz: int
    acc_range_g: int
    gyr_range_dps: int
    samples: int


class TimeSync(NamedTuple):
    """Hold a board's answer to a ping.

    Parameters
    ----------
    nonce
        The question's number.
    received_us, sent_us
        When it came and when the answer left [µs, 64 bits].
    """

    nonce: int
    received_us: int
    sent_us: int


class Status(NamedTuple):
    """Hold a board's own account of itself, once a second.

    Parameters
    ----------
    dropped, overruns
        Samples thrown away, and how often the sensor's own memory ran over.
    battery_mv
    temperature_cdeg
        Hundredths of a degree Celsius.
    interval_units
        Connection interval, 1.25 ms each.
    mtu
        [byte].
    """

    dropped: int
    overruns: int
    battery_mv: int
    temperature_cdeg: int
    interval_units: int
    mtu: int


def parse_data(payload: bytes) -> DataPacket:
    """Read one data notification.

    Raises
    ------
    PacketError
        For another version, a length that does not fit the number of samples, or several samples without spacing.
    """
    if len(payload) < COMPACT_HEADER:
        raise _broken(f"A data packet has at least {COMPACT_HEADER} bytes, {len(payload)} came", payload, len(payload))
    version, flags, sequence, t0_us = _COMPACT.unpack_from(payload)
    if version != VERSION:
        raise _broken(f"The packet is of version {version}, this product reads {VERSION}: update it", payload, 0)
    if flags & PacketFlag.COMPACT:
        start, n, dt_us = COMPACT_HEADER, 1, 0
    elif len(payload) < HEADER:
        raise _broken(f"The header has {HEADER} bytes, {len(payload)} came", payload, len(payload))
    else:
        *_, dt_us, n, _ = _HEADER.unpack_from(payload)
        start = HEADER
    if n < 1 or len(payload) != start + SAMPLE * n:
        raise _broken(f"{n} samples need {start + SAMPLE * n} bytes, {len(payload)} came", payload, min(10, start))
    if n > 1 and not dt_us:
        raise _broken("Several samples come without their spacing", payload, 8)
    counts = np.frombuffer(payload, dtype="<i2", offset=start).reshape(n, CHANNELS)
    return DataPacket(flags, sequence, t0_us, dt_us, counts)


def pack_data(packet: DataPacket) -> bytes:
    """Write one data notification, as a board does."""
    body = np.ascontiguousarray(packet.counts, dtype="<i2").tobytes()
    if packet.flags & PacketFlag.COMPACT:
        return _COMPACT.pack(VERSION, packet.flags, packet.sequence, packet.t0_us) + body
    n = len(packet.counts)
    return _HEADER.pack(VERSION, packet.flags, packet.sequence, packet.t0_us, packet.dt_us, n, 0) + body


def parse_info(payload: bytes) -> Info:
    """Read the info characteristic."""
    return Info(*_unpack(_INFO, payload, INFO))


def pack_info(info: Info) -> bytes:
    """Write the info characteristic, as a board does."""
    return _INFO.pack(*info)


def parse_config(payload: bytes) -> Config:
    """Read the config characteristic."""
    return Config(*_unpack(_CONFIG, payload, CONFIG))


def pack_config(config: Config) -> bytes:
    """Write the config characteristic."""
    return _CONFIG.pack(*config)


def parse_timesync(payload: bytes) -> TimeSync:
    """Read the answer to a ping."""
    return TimeSync(*_unpack(_TIMESYNC, payload, TIMESYNC))


def pack_timesync(answer: TimeSync) -> bytes:
    """Write the answer to a ping, as a board does."""
    return _TIMESYNC.pack(*answer)


def ping(nonce: int) -> bytes:
    """Return what the host writes to the timesync characteristic."""
    return struct.pack("<I", nonce)


def parse_status(payload: bytes) -> Status:
    """Read the status characteristic."""
    return Status(*_unpack(_STATUS, payload, STATUS))


def pack_status(status: Status) -> bytes:
    """Write the status characteristic, as a board does."""
    return _STATUS.pack(*status)


def _unpack(layout: struct.Struct, payload: bytes, characteristic: str) -> tuple[int, ...]:
    if len(payload) != layout.size:
        raise PacketError(
            f"The value has {len(payload)} bytes where version 1 of the profile has {layout.size}. "
            "Update the board's firmware.",
            payload,
            offset=min(len(payload), layout.size),
            characteristic=characteristic,
        )
    return layout.unpack(payload)


def _broken(what: str, payload: bytes, offset: int) -> PacketError:
    return PacketError(f"{what}. The packet was left out.", payload, offset=offset, characteristic=DATA)
