"""Polar: delta codec, pairing of the two streams, times of the last sample, negotiation and refusals."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from fake_gatt import FakeGatt
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_hinge.conventions import STANDARD_GRAVITY_MPS2, Flag
from imu_hinge.errors import DeviceError, PacketError
from imu_hinge.sensors.drivers import polar
from imu_hinge.sensors.drivers import polar_frames as pmd
from imu_hinge.sensors.protocol import StreamRequest, StreamSettings

SETTINGS = StreamSettings("polar", 52.0, 8.0, 2000.0)
PERIOD = 1e9 / 52
START_ACC = bytes((0xF0, 2, 2, 0, 0, 5, 1)) + struct.pack("<f", 0.000244)
START_GYRO = bytes((0xF0, 2, 5, 0, 0, 5, 1)) + struct.pack("<f", 0.07)


def pack_deltas(counts: np.ndarray, bits: int, per_block: int = 20) -> bytes:
    """Write the delta codec, independently of its reader: bit by bit into one whole number."""
    content = b"".join(int(v).to_bytes(2, "little", signed=True) for v in counts[0])
    deltas = np.diff(counts, axis=0)
    for i in range(0, len(deltas), per_block):
        rows = deltas[i : i + per_block]
        word = 0
        for at, value in enumerate(rows.ravel().tolist()):
            word |= (value & ((1 << bits) - 1)) << (at * bits)
        content += bytes((bits, len(rows))) + word.to_bytes((bits * rows.size + 7) // 8, "little")
    return content


def frame(kind: int, last_ns: float, counts: np.ndarray, bits: int = 12) -> bytes:
    return bytes((kind,)) + struct.pack("<QB", round(last_ns), 0x80) + pack_deltas(counts, bits)


def ramp(start: int, n: int, offset: int = 0) -> np.ndarray:
    return (np.arange(start, start + n)[:, None] + np.array([0, 100, 1000]) + offset).astype(int)


def decoder():
    source = polar.DRIVER.decoder(SETTINGS)
    assert source.feed(pmd.CONTROL, START_ACC) == []
    assert source.feed(pmd.CONTROL, START_GYRO) == []
    return source


def feed(source, *frames):
    return [block for f in frames for block in source.feed(pmd.DATA, f)]


@settings(max_examples=60, deadline=None)
@given(
    first=st.lists(st.integers(-2000, 2000), min_size=3, max_size=3),
    deltas=st.lists(st.lists(st.integers(-64, 63), min_size=3, max_size=3), max_size=45),
    bits=st.integers(7, 16),
)
def test_deltas_come_back(first, deltas, bits):
    counts = np.cumsum(np.array([first, *deltas]), axis=0)
    np.testing.assert_array_equal(pmd.read_deltas(pack_deltas(counts, bits), resolution_bits=16), counts)


@given(content=st.binary(max_size=80))
@settings(max_examples=80, deadline=None)
def test_deltas_of_any_bytes_are_counts_or_a_typed_error(content):
    refused = None
    try:
        assert pmd.read_deltas(content, resolution_bits=16).shape[1] == 3
    except PacketError as problem:
        refused = problem
    if refused is not None:
        assert refused.packet == content
        assert 0 <= refused.offset <= len(content)


def test_frames_of_different_length_are_paired_in_time():
    source, blocks = decoder(), []
    events = [(last, pmd.ACC, 18) for last in range(18, 181, 18)] + [
        (last, pmd.GYRO, 20) for last in range(20, 181, 20)
    ]
    for last, kind, n in sorted(events):
        offset_ns = 0 if kind == pmd.ACC else 2e6  # the gyroscope's clock phase
        blocks += feed(source, frame(kind, 1e12 + last * PERIOD + offset_ns, ramp(last - n, n)))
    acc = np.concatenate([b.acc for b in blocks]) / STANDARD_GRAVITY_MPS2 / 0.000244
    gyr = np.degrees(np.concatenate([b.gyr for b in blocks])) / 0.07
    np.testing.assert_allclose(acc, gyr, atol=1e-3)
    np.testing.assert_allclose(acc[:, 0], np.arange(180), atol=1e-3)
    times = np.concatenate([b.device_ns for b in blocks])
    np.testing.assert_allclose(times, 1e12 + (np.arange(180) + 1) * PERIOD, atol=2)
    assert all(b.lost == 0 and not b.flags.any() for b in blocks)


def test_a_lost_frame_of_one_stream_leaves_a_counted_gap_and_no_false_pair():
    source, blocks = decoder(), []
    for i in range(1, 7):
        for kind in (pmd.ACC, pmd.GYRO):
            if (kind, i) != (pmd.GYRO, 3):
                blocks += feed(source, frame(kind, i * 20 * PERIOD, ramp(20 * i, 20)))
    acc = np.concatenate([b.acc for b in blocks])[:, 0] / STANDARD_GRAVITY_MPS2 / 0.000244
    gyr = np.degrees(np.concatenate([b.gyr for b in blocks]))[:, 0] / 0.07
    np.testing.assert_allclose(acc, gyr, atol=1e-3)
    assert len(acc) == 100
    assert [b.lost for b in blocks] == [0, 0, 20, 0, 0]
    assert blocks[2].flags[0] == Flag.GAP


def test_a_compressed_frame_before_its_factor_is_an_error():
    with pytest.raises(PacketError, match="before its scale factor"):
        feed(polar.DRIVER.decoder(SETTINGS), frame(pmd.ACC, 1e9, ramp(0, 5)))


def test_a_clock_that_was_never_set_counts_from_anywhere():
    def blocks(base_ns):
        source = decoder()
        frames = [frame(kind, base_ns + i * 0.5e9, ramp(26 * i, 26)) for i in range(4) for kind in (pmd.ACC, pmd.GYRO)]
        return feed(source, *frames)

    usual, unset = blocks(7e17), blocks(float(0xF000_0000_0000_0000))
    assert [len(block.acc) for block in unset] == [len(block.acc) for block in usual]
    assert sum(len(block.acc) for block in unset) > 70
    steps = np.diff(np.concatenate([block.device_ns for block in unset]))
    assert (steps > 0).all()
    assert steps.max() < 1e8


def test_what_follows_the_settings_of_a_start_is_left():
    source = polar.DRIVER.decoder(SETTINGS)
    for start in (START_ACC, START_GYRO):
        assert source.feed(pmd.CONTROL, start + b"\x00") == []
    assert feed(source, *(frame(kind, 7e17, ramp(0, 26)) for kind in (pmd.ACC, pmd.GYRO)))


def test_a_restarted_clock_is_a_reset():
    source = decoder()
    for kind in (pmd.ACC, pmd.GYRO):
        feed(source, frame(kind, 9e17, ramp(0, 20)))
    blocks = [b for kind in (pmd.ACC, pmd.GYRO) for b in feed(source, frame(kind, 5.9e17, ramp(0, 20)))]
    assert [b.lost for b in blocks] == [None]
    assert blocks[0].flags[0] & Flag.RESET
    assert blocks[0].epoch > 0


def test_a_repeated_frame_is_counted_and_no_sample_comes_twice():
    source = decoder()
    first = [frame(kind, 20 * PERIOD, ramp(0, 20)) for kind in (pmd.ACC, pmd.GYRO)]
    once, again = feed(source, *first), feed(source, *first)
    assert [len(b) for b in once] == [20]
    assert [len(b) for b in again] == [20]
    assert (again[0].flags & Flag.DUPLICATE).all()


def test_raw_24_bit_acceleration():
    payload = bytes((2,)) + struct.pack("<QB", 5, 2) + (-1000).to_bytes(3, "little", signed=True) + bytes(6)
    acc = pmd.read_samples(pmd.parse_frame(payload), factor=1.0)
    np.testing.assert_allclose(acc, [[-STANDARD_GRAVITY_MPS2, 0, 0]])


def test_unknown_setting_and_short_setting_are_refused():
    for broken in (b"\x09\x01\x00", b"\x00\x02\x34\x00", b"\x00"):
        with pytest.raises(PacketError):
            pmd.parse_settings(broken)


NORMAL = {2: "000134000101100002010800040103", 5: "0001340001011000020 1d007040103".replace(" ", "")}
SDK = {2: "00031a00340068000101100002040200040008001000040103", 5: "00031a0034006800010110000202fa00d007040103"}


def device(*, features: str = "0f6e00", sdk: bool = True, split: bool = False, running: bool = False) -> FakeGatt:
    busy = {2, 5} if running else set()

    def answer(gatt, op, kind, status, parameters=b"", more=0):
        gatt.notify(pmd.CONTROL, bytes((0xF0, op, kind, status, more)) + parameters)

    def on_write(gatt, characteristic, data):
        assert characteristic == pmd.CONTROL
        assert {pmd.CONTROL, pmd.DATA} <= set(gatt.handlers), "a command before both subscriptions"
        op, kind = data[:2]
        if op in (1, 4):
            parameters = bytes.fromhex((NORMAL if op == 1 else SDK)[kind])
            if split:
                answer(gatt, op, kind, 0, parameters[:4], more=1)
                answer(gatt, op, kind, 0, parameters[4:])
            else:
                answer(gatt, op, kind, 0, parameters)
        elif kind == 9:
            answer(gatt, op, kind, 0 if sdk else 3)
        elif op == 2 and kind in busy:
            answer(gatt, op, kind, 6)
        elif op == 2:
            busy.add(kind)
            answer(gatt, op, kind, 0, (START_ACC if kind == 2 else START_GYRO)[5:])
        else:
            busy.discard(kind)
            answer(gatt, op, kind, 0)

    gatt = FakeGatt(on_write)
    gatt.values = {pmd.CONTROL: bytes.fromhex(features)}
    return gatt


@pytest.mark.parametrize("split", [False, True])
async def test_normal_mode_needs_no_sdk_mode(split):
    gatt, seen = device(split=split), []
    agreed = await polar.DRIVER.configure(gatt, StreamRequest())
    assert (agreed.rate_hz, agreed.acc_range_g, agreed.gyr_range_dps) == (52, 8, 2000)
    await polar.DRIVER.start(gatt, agreed, lambda c, p: seen.append((c, p)))
    assert [data.hex() for _, data in gatt.written[-2:]] == [
        "0202000134000101100002010800040103",
        "020500013400010110000201d007040103",
    ]
    assert seen == [(pmd.CONTROL, START_ACC), (pmd.CONTROL, START_GYRO)]
    await polar.DRIVER.stop(gatt, agreed)
    assert [data.hex() for _, data in gatt.written[-2:]] == ["0302", "0305"]
    assert not gatt.handlers
    assert await polar.DRIVER.battery(gatt) is None


async def test_a_higher_rate_takes_sdk_mode_and_gives_it_back():
    gatt = device()
    agreed = await polar.DRIVER.configure(gatt, StreamRequest(rate_hz=104, acc_range_g=16))
    assert (agreed.rate_hz, agreed.acc_range_g) == (104, 16)
    assert bytes((2, 9)) in [data for _, data in gatt.written]
    await polar.DRIVER.stop(gatt, agreed)
    assert gatt.written[-1][1] == bytes((3, 9))


async def test_streams_left_running_are_stopped_first():
    gatt = device(running=True)
    agreed = await polar.DRIVER.configure(gatt, StreamRequest())
    await polar.DRIVER.start(gatt, agreed, lambda c, p: None)
    assert [data[:2].hex() for _, data in gatt.written[-6:]] == ["0202", "0302", "0202", "0205", "0305", "0205"]


async def test_refusals_name_the_reason():
    with pytest.raises(DeviceError, match="no gyroscope"):
        await polar.DRIVER.configure(device(features="0f0500"), StreamRequest())
    with pytest.raises(DeviceError, match=r"100 Hz: it offers 52 Hz"):
        await polar.DRIVER.configure(device(sdk=False), StreamRequest(rate_hz=100))
    gatt = device()
    with pytest.raises(DeviceError, match=r"100 Hz: it offers 26, 52, 104 Hz"):
        await polar.DRIVER.configure(gatt, StreamRequest(rate_hz=100))
    assert gatt.written[-1][1] == bytes((3, 9)), "SDK mode was left on"
