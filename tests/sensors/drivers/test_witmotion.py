"""WitMotion: frames split and joined anywhere, resynchronisation, settings written and read back."""

from __future__ import annotations

import struct
from itertools import pairwise

import numpy as np
import pytest
from fake_gatt import FakeGatt
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_hinge.conventions import STANDARD_GRAVITY_MPS2, Flag
from imu_hinge.errors import DeviceError, PacketError
from imu_hinge.sensors.drivers import witmotion
from imu_hinge.sensors.protocol import StreamRequest, StreamSettings

SETTINGS = StreamSettings("witmotion", 100.0, 16.0, 2000.0, max_drift=0.5, tells_loss=False)


def frame(*counts: int) -> bytes:
    return b"\x55\x61" + struct.pack("<9h", *(list(counts) + [0] * 9)[:9])


def registers(first: int, *values: int) -> bytes:
    return b"\x55\x71" + struct.pack("<H8h", first, *(list(values) + [0] * 8)[:8])


def feed(decoder, *payloads):
    return [block for p in payloads for block in decoder.feed(witmotion.DATA, p)]


def samples(blocks):
    return np.concatenate([np.hstack((b.acc / witmotion.ACC_LSB, b.gyr / witmotion.GYR_LSB)) for b in blocks])


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(
        st.lists(st.sampled_from([0, 1, -1, 0x6155, 0x7155, 2048, -2048]), min_size=9, max_size=9),
        min_size=2,
        max_size=8,
    ),
    cuts=st.lists(st.integers(1, 160), max_size=8),
)
def test_any_split_gives_the_same_samples(counts, cuts):
    stream = b"".join(frame(*row) for row in counts)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    blocks = feed(witmotion.DRIVER.decoder(SETTINGS), *(stream[a:b] for a, b in pairwise(edges)))
    found = np.rint(samples(blocks)) if blocks else np.empty((0, 6))
    expected = witmotion.parse_counts(stream)[:, :6]
    assert len(expected) - 1 <= len(found)  # the last frame may wait for the next payload
    np.testing.assert_array_equal(found, expected[: len(found)])


def test_split_and_joined_frames_without_chance_headers_are_all_there():
    stream = b"".join(frame(i, -i, 2048, i) for i in range(50))
    for size in (1, 3, 7, 19, 20, 21, 33, 60):
        pieces = [stream[i : i + size] for i in range(0, len(stream), size)]
        blocks = feed(witmotion.DRIVER.decoder(SETTINGS), *pieces)
        np.testing.assert_allclose(samples(blocks)[:, 0], np.arange(50), atol=1e-9)
        assert not np.concatenate([b.flags for b in blocks]).any()
        assert [b.index for b in blocks] == np.cumsum([0, *(len(b) for b in blocks[:-1])]).tolist()


def test_a_chance_header_at_a_split_does_not_tear_the_frame():
    tricky = b"\x55\x61" + bytes(8) + b"\x55\x61" + bytes(8)
    blocks = feed(witmotion.DRIVER.decoder(SETTINGS), tricky[:10], tricky[10:], frame(1), frame(2))
    np.testing.assert_allclose(samples(blocks)[:, 0], [0, 1, 2], atol=1e-9)
    assert not np.concatenate([b.flags for b in blocks]).any()


def test_a_half_frame_whose_end_was_lost_is_dropped_and_flagged():
    blocks = feed(witmotion.DRIVER.decoder(SETTINGS), frame(1), frame(7)[:12], frame(2), frame(3))
    np.testing.assert_allclose(samples(blocks)[:, 0], [1, 2, 3], atol=1e-9)
    flags = np.concatenate([b.flags for b in blocks])
    assert flags[1] & Flag.GAP
    assert not flags[2]


def test_garbage_is_skipped_and_what_follows_it_is_doubted():
    source = witmotion.DRIVER.decoder(SETTINGS)
    with pytest.raises(PacketError) as refused:
        source.feed(witmotion.DATA, b"\x00\x01\x02")
    assert refused.value.packet == b"\x00\x01\x02"
    first, second = feed(source, frame(1), frame(2))
    assert first.flags[0] == Flag.GAP | Flag.SUSPECT
    assert not second.flags[0]


def test_loss_cannot_be_told_and_a_lost_link_starts_a_new_epoch():
    source = witmotion.DRIVER.decoder(SETTINGS)
    feed(source, frame(1), frame(2)[:9])
    source.resume(SETTINGS)
    (block,) = feed(source, frame(3, 0, 2048))
    assert (block.lost, block.epoch, block.index) == (None, 1, 0)
    assert block.flags[0] == Flag.GAP
    np.testing.assert_allclose(block.acc[0, 2], STANDARD_GRAVITY_MPS2)


def test_register_frames_in_the_stream_are_no_samples():
    blocks = feed(witmotion.DRIVER.decoder(SETTINGS), frame(1) + registers(0x64, 390) + frame(2))
    np.testing.assert_allclose(samples(blocks)[:, 0], [1, 2], atol=1e-9)


def device(*, highest: int = 0x0B, answers: bool = True) -> FakeGatt:
    state = {"rate": 0x06, "unlocked": False, "saved": True}

    def on_write(gatt, characteristic, data):
        assert characteristic == witmotion.WRITE
        if data == witmotion.UNLOCK:
            state["unlocked"] = True
        elif data == witmotion.SAVE:
            state["unlocked"] = False
        elif data[2] == witmotion.RATE_REGISTER and state["unlocked"] and data[3] <= highest:
            state["rate"] = data[3]
        elif data[2] == 0x27 and answers:
            value = {witmotion.RATE_REGISTER: state["rate"], witmotion.BATTERY: 397}[data[3]]
            stream = frame(1) + registers(data[3], value) + frame(2)
            for i in range(0, len(stream), 13):
                gatt.notify(witmotion.DATA, stream[i : i + 13])

    return FakeGatt(on_write)


async def test_rate_is_written_unlocked_saved_and_read_back():
    driver, gatt = witmotion.WitMotion(settle_s=0.0), device()
    agreed = await driver.configure(gatt, StreamRequest(rate_hz=200))
    assert (agreed.rate_hz, agreed.tells_loss) == (200, False)
    writes = [data for _, data in gatt.written]
    read = witmotion.read_register(witmotion.RATE_REGISTER)
    assert writes == [read, witmotion.UNLOCK, witmotion.write_register(3, 0x0B), witmotion.SAVE, read]
    seen = []
    await driver.start(gatt, agreed, lambda c, p: seen.append(p))
    gatt.notify(witmotion.DATA, frame(1))
    assert seen == [frame(1)]
    await driver.stop(gatt, agreed)
    assert not gatt.handlers
    assert await driver.battery(gatt) == 100


async def test_a_rate_that_was_not_kept_is_an_error():
    with pytest.raises(DeviceError, match=r"asked for 200 Hz and kept 10 Hz"):
        await witmotion.WitMotion(settle_s=0.0).configure(device(highest=0x08), StreamRequest(rate_hz=200))
    with pytest.raises(DeviceError, match=r"125 Hz: it offers 10, 20, 50, 100, 200"):
        await witmotion.DRIVER.configure(device(), StreamRequest(rate_hz=125))
