"""Read and write the bytes of Polar's measurement service: control point, settings, data frames, delta codec.

Nothing here talks to a device or pairs two streams; that is `polar`.

Layouts: polarofficial/polar-ble-sdk, technical_documentation/online_measurement.pdf and the pmd tests. The figure of
the H10's raw frame prints -184 where its bytes say -187.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.conventions import STANDARD_GRAVITY_MPS2
from imu_hinge.errors import PacketError
from imu_hinge.model import Array

CONTROL: Final = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA: Final = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

# Commands, measurements and settings as in online_measurement.pdf.
GET_SETTINGS, START, STOP, GET_SDK_SETTINGS = 0x01, 0x02, 0x03, 0x04
RESPONSE, FEATURES = 0xF0, 0x0F  # first byte of what comes back
ACC, GYRO, SDK_MODE = 2, 5, 9  # measurements
NAMES: Final = {ACC: "acceleration", GYRO: "angular rate", SDK_MODE: "SDK mode"}
RATE, RESOLUTION, RANGE, RANGE_MILLI, CHANNELS, FACTOR, SECURITY = range(7)  # kinds of setting
SETTING_FORMATS: Final = {RATE: "H", RESOLUTION: "H", RANGE: "H", RANGE_MILLI: "I", CHANNELS: "B", FACTOR: "f"}
SECURITY_BYTES: Final = 16  # [byte]; not used here, only stepped over
EPOCH_2000_UNIX_S: Final = 946_684_800
"""Unix time of the frames' zero [s]."""

HEADER: Final = 10  # [byte]: measurement, time, frame type
TYPE_BITS: Final = 0x3F  # of a byte, those that say which measurement
COMPRESSED: Final = 0x80  # the bit of a frame's type that says so
RAW_ACC_BYTES: Final = {0: 1, 1: 2, 2: 3}  # per value, by the type of an uncompressed frame
WRAP_NS: Final = 1 << 62  # 146 years: a clock that was never set counts from anywhere, and only differences are used


class Response(NamedTuple):
    """Hold an answer of the control point.

    Parameters
    ----------
    op, type
        Command and measurement that it answers.
    status
        See `STATUS`.
    more
        Whether another indication goes on with it.
    parameters
        What was asked for.
    """

    op: int
    type: int
    status: int
    more: bool
    parameters: bytes


class Frame(NamedTuple):
    """Hold a data frame.

    Parameters
    ----------
    type
        Measurement: `ACC` or `GYRO`.
    time_ns
        Of its last sample [ns since 2000].
    frame_type
        Kind of content.
    is_compressed
        Whether it is delta-coded.
    content
    """

    type: int
    time_ns: int
    frame_type: int
    is_compressed: bool
    content: bytes


def parse_response(payload: bytes) -> Response:
    """Split an answer of the control point."""
    if len(payload) < 4 or payload[0] != RESPONSE:
        raise PacketError("This is no answer of the control point.", payload, characteristic=CONTROL)
    more = len(payload) > 4 and payload[4] != 0
    return Response(payload[1], payload[2], payload[3], more, bytes(payload[5:]))


def parse_settings(parameters: bytes, *, is_whole: bool = True) -> dict[int, tuple[float, ...]]:
    """Read settings as ``[id][count][values]``; the security entry is skipped.

    Parameters
    ----------
    parameters
    is_whole
        Whether all of it is to be settings; else what follows them, a trailing byte as some firmwares send, is left.

    Raises
    ------
    PacketError
        Where an id is unknown, as its length is then unknown too, or the bytes end early.
    """
    settings: dict[int, tuple[float, ...]] = {}
    at = 0
    while at < len(parameters):
        setting, count = parameters[at], parameters[at + 1] if at + 1 < len(parameters) else 0
        if setting != SECURITY and setting not in SETTING_FORMATS:
            if not is_whole:
                break
            raise PacketError(f"Setting {setting} is unknown.", parameters, offset=at, characteristic=CONTROL)
        layout = f"<{count}{SETTING_FORMATS[setting]}" if setting != SECURITY else f"<{SECURITY_BYTES * count}x"
        end = at + 2 + struct.calcsize(layout)
        if at + 1 >= len(parameters) or end > len(parameters):
            if not is_whole:
                break
            raise PacketError(f"Setting {setting} is cut short.", parameters, offset=at, characteristic=CONTROL)
        if setting != SECURITY:
            settings[setting] = struct.unpack_from(layout, parameters, at + 2)
        at = end
    return settings


def start_command(measurement: int, settings: Sequence[tuple[int, int]]) -> bytes:
    """Return the command that starts a measurement with one value per setting, in the order given."""
    chosen = b"".join(struct.pack(f"<BB{SETTING_FORMATS[name]}", name, 1, value) for name, value in settings)
    return bytes((START, measurement)) + chosen


def parse_frame(payload: bytes) -> Frame:
    """Split a data frame into header and content."""
    if len(payload) <= HEADER:
        raise PacketError(
            f"A data frame has {len(payload)} bytes, its header alone takes {HEADER}.",
            payload,
            offset=len(payload),
            characteristic=DATA,
        )
    (time_ns,) = struct.unpack_from("<Q", payload, 1)
    kind = payload[9]
    return Frame(payload[0] & TYPE_BITS, time_ns, kind & ~COMPRESSED, bool(kind & COMPRESSED), bytes(payload[HEADER:]))


def read_deltas(content: bytes, *, resolution_bits: int, channels: int = 3) -> npt.NDArray[np.int64]:
    """Undo the delta codec.

    Parameters
    ----------
    content
        One reference sample, then blocks ``[bits u8][count u8][fields]``; fields LSB first, two's complement,
        cumulative per channel, each block on a byte boundary.
    resolution_bits
        Width of the reference sample's values.
    channels
        Values per sample.

    Returns
    -------
    (n, channels)
        Counts, the reference first. They are not wrapped to the resolution.

    Raises
    ------
    PacketError
        Where a block says more than the bytes hold.
    """
    width = (resolution_bits + 7) // 8
    at = channels * width
    if len(content) < at:
        raise PacketError("The reference sample is cut short.", content, offset=len(content), characteristic=DATA)
    first = [int.from_bytes(content[i * width : (i + 1) * width], "little", signed=True) for i in range(channels)]
    parts = [np.array([first], dtype=np.int64)]
    while at < len(content):
        if at + 2 > len(content) or content[at] > 32:
            raise PacketError("A delta block has no valid header.", content, offset=at, characteristic=DATA)
        bits, count = content[at], content[at + 1]
        end = at + 2 + (bits * count * channels + 7) // 8
        if end > len(content):
            raise PacketError(
                f"A delta block of {count} samples of {bits} bits is cut short.",
                content,
                offset=len(content),
                characteristic=DATA,
            )
        parts.append(_read_fields(content[at + 2 : end], bits, count * channels).reshape(count, channels))
        at = end
    return np.cumsum(np.concatenate(parts), axis=0)


def _read_fields(packed: bytes, bits: int, count: int) -> npt.NDArray[np.int64]:
    """Read signed fields of ``bits`` bits, least significant bit first. (count,)."""
    if not bits or not count:
        return np.zeros(count, dtype=np.int64)
    ones = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), bitorder="little", count=bits * count)
    weights = np.left_shift(np.int64(1), np.arange(bits, dtype=np.int64))
    weights[-1] = -weights[-1]  # two's complement: the top bit counts negative
    fields: npt.NDArray[np.int64] = ones.reshape(count, bits).astype(np.int64) @ weights
    return fields


def read_samples(frame: Frame, *, factor: float) -> Array:
    """Return a frame's samples in the vendor's units.

    Parameters
    ----------
    frame
        As its header was read.
    factor
        From the answer to START; raw frames do not use it.

    Returns
    -------
    (n, 3)
        m/s² for ACC, deg/s for GYRO.

    Raises
    ------
    PacketError
        For a content that is damaged or of a kind this product does not know.
    """
    if frame.type == ACC and not frame.is_compressed and frame.frame_type in RAW_ACC_BYTES:
        return _read_raw(frame.content, RAW_ACC_BYTES[frame.frame_type]).astype(np.float64) * (
            STANDARD_GRAVITY_MPS2 / 1000
        )
    if frame.is_compressed and frame.frame_type in (0, 1) and frame.type in (ACC, GYRO):
        if frame.type == GYRO and frame.frame_type == 1:
            patterns = read_deltas(frame.content, resolution_bits=32) & 0xFFFFFFFF
            with np.errstate(invalid="ignore"):  # damaged bytes may be a signalling NaN; who decodes checks the values
                return patterns.astype(np.uint32).view(np.float32).astype(np.float64) * factor
        counts = read_deltas(frame.content, resolution_bits=16)
        if int(counts.max()) > 32767 or int(counts.min()) < -32768:
            raise PacketError(
                "The deltas run out of 16 bits: the frame is damaged.", frame.content, characteristic=DATA
            )
        per_count = factor if frame.type == GYRO else factor * STANDARD_GRAVITY_MPS2
        is_milli = frame.type == ACC and frame.frame_type == 1
        return counts.astype(np.float64) * (per_count / 1000 if is_milli else per_count)
    raise PacketError(
        f"Frame type {frame.frame_type} (compressed: {frame.is_compressed}) of measurement {frame.type} is unknown.",
        frame.content,
        characteristic=DATA,
    )


def _read_raw(content: bytes, width: int) -> npt.NDArray[np.int64]:
    if len(content) % (3 * width):
        raise PacketError(
            f"A raw frame of {len(content)} bytes is no multiple of {3 * width}.", content, characteristic=DATA
        )
    values = [int.from_bytes(content[i : i + width], "little", signed=True) for i in range(0, len(content), width)]
    return np.array(values, dtype=np.int64).reshape(-1, 3)


def sample_times_ns(last_ns: int, n: int, *, previous_ns: int | None, period_ns: float) -> npt.NDArray[np.int64]:
    """Spread a frame's samples evenly.

    Parameters
    ----------
    last_ns
        The frame's time, which is its last sample's.
    n
        Samples in the frame.
    previous_ns, period_ns
        Time of the frame before, if nothing is missing between; else samples are stepped back by ``period_ns``.

    Returns
    -------
    (n,) [ns]
    """
    step = period_ns if previous_ns is None else (last_ns - previous_ns) / n
    back_ns: npt.NDArray[np.int64] = np.floor(np.arange(n - 1, -1, -1) * step + 0.5).astype(np.int64)
    return last_ns - back_ns


def describe_status(status: int) -> str:
    """Return a control point status in words."""
    return STATUS.get(status, "unknown")


STATUS: Final[Mapping[int, str]] = {  # online_measurement.pdf, with what helps
    0: "ok",
    1: "unknown command",
    2: "unknown measurement",
    3: "not supported",
    4: "wrong length",
    5: "wrong parameter",
    6: "already in that state",
    7: "resolution not offered",
    8: "rate not offered",
    9: "range not offered",
    10: "the connection's MTU is too small: use a computer or dongle that negotiates 232 bytes or more",
    11: "number of channels not offered",
    12: "not possible in its present state: stop other streams and apps",
    13: "it is in the charger: take it out",
    14: "its memory is full",
}
