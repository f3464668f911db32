"""Movesense: packets joined from two notifications, loss and restarts by time stamp, commands and refusals."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from fake_gatt import FakeGatt

from imu_hinge.conventions import Flag
from imu_hinge.errors import DeviceError, PacketError
from imu_hinge.sensors.drivers import movesense
from imu_hinge.sensors.protocol import StreamRequest, StreamSettings

REF = movesense.STREAM_REFERENCE


def notifications(time_ms: int, n: int = 8, *, cut: int | None = None, value: float = 1.0) -> list[bytes]:
    acc = np.full((n, 3), value, dtype="<f4") + np.arange(n)[:, None].astype("<f4")
    gyr = np.full((n, 3), 10 * value, dtype="<f4")
    payload = struct.pack("<I", time_ms % (1 << 32)) + acc.tobytes() + gyr.tobytes()
    if cut is None:
        return [bytes((movesense.DATA_FIRST, REF)) + payload]
    first, second = payload[:cut], payload[cut:]
    return [bytes((movesense.DATA_FIRST, REF)) + first, bytes((movesense.DATA_PART2, REF)) + second]


def feed(decoder, packets):
    return [block for packet in packets for block in decoder.feed(movesense.DATA, packet)]


def decoder(rate_hz: float = 104.0):
    return movesense.DRIVER.decoder(StreamSettings("movesense", rate_hz))


@pytest.mark.parametrize("cut", [30, 100, 148, 153, 190])
def test_two_parts_are_joined_wherever_they_were_cut(cut):
    whole = decoder()
    blocks = feed(whole, notifications(1000, cut=cut) + notifications(1077, cut=cut))
    assert [len(block) for block in blocks] == [8, 8]
    np.testing.assert_allclose(blocks[0].acc[:, 0], 1.0 + np.arange(8))
    np.testing.assert_allclose(np.degrees(blocks[1].gyr), 10.0)
    assert [block.lost for block in blocks] == [0, 0]
    assert blocks[1].index == 8
    assert not np.concatenate([block.flags for block in blocks]).any()


def test_answers_and_other_subscriptions_between_the_parts_do_not_disturb():
    first, second = notifications(1000, cut=150)
    between = [bytes((1, 0x64)) + struct.pack("<H", 200) + b"\x50", bytes((2, 0x77)) + bytes(50)]
    assert len(feed(decoder(), [first, *between, second])) == 1


def test_missing_packets_are_counted_and_flagged():
    source = decoder()
    feed(source, notifications(0, cut=150))
    (block,) = feed(source, notifications(3 * 8 * 1000 // 104, cut=150))
    assert block.lost == 16
    assert block.index == 24
    assert block.flags[0] == Flag.GAP
    assert not block.flags[1:].any()


def test_a_lost_second_part_costs_its_packet_only():
    source = decoder()
    first, _ = notifications(0, cut=150)
    assert feed(source, [first]) == []
    after = feed(source, notifications(77, cut=150) + notifications(154, cut=150))
    assert [len(block) for block in after] == [8, 8]
    assert not after[1].lost


def test_a_second_part_alone_is_an_error_with_its_bytes():
    _, second = notifications(0, cut=150)
    source = decoder()
    with pytest.raises(PacketError) as refused:
        source.feed(movesense.DATA, second)
    assert refused.value.packet == second
    assert refused.value.characteristic == movesense.DATA
    assert len(feed(source, notifications(0, cut=150))) == 1


def test_another_number_of_samples_is_learned_from_the_time_stamps():
    source = decoder(52.0)  # firmware that sends 2 samples where 4 are usual
    packets = [p for i in range(4) for p in notifications(round(i * 2000 / 52), 2)]
    blocks = feed(source, packets)
    assert [len(block) for block in blocks] == [2, 2, 2, 2]
    assert all(block.lost == 0 for block in blocks)


def test_time_goes_on_over_the_wrap():
    source = decoder()
    start = (1 << 32) - 50
    before, after = feed(source, notifications(start) + notifications(start + 77))
    assert after.device_ns[0] - before.device_ns[0] == 77_000_000
    assert (after.lost, after.epoch) == (0, 0)


def test_a_reboot_begins_a_new_epoch():
    source = decoder()
    feed(source, notifications(5_000_000))
    (block,) = feed(source, notifications(20))
    assert block.flags[0] & Flag.RESET
    assert (block.lost, block.epoch, block.index) == (None, 1, 0)


def test_a_repeated_packet_is_flagged_and_a_late_one_too():
    source = decoder()
    feed(source, notifications(1000) + notifications(1154))
    (repeat,) = feed(source, notifications(1154))
    assert (repeat.flags == Flag.DUPLICATE).all()
    (late,) = feed(source, notifications(1077))
    assert (late.flags == Flag.REORDERED).all()


def test_after_a_lost_link_the_gap_is_counted_and_nothing_comes_twice():
    source = decoder()
    feed(source, notifications(1000))
    source.resume(StreamSettings("movesense", 104.0))
    (block,) = feed(source, notifications(1000 + 10 * 77 - 1))
    assert block.epoch == 1
    assert block.index == 0
    assert 70 <= block.lost <= 73
    assert block.flags[0] & Flag.GAP


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e9, -400.0])
def test_what_no_such_sensor_measures_is_refused(value):
    with pytest.raises(PacketError, match="beyond the hardware"):
        feed(decoder(52.0), notifications(0, 4, value=value))


def answering(status=200, rates=(13, 26, 52, 104, 208)):
    def on_write(gatt, characteristic, data):
        assert characteristic == movesense.COMMAND
        body = b""
        if data[0] == movesense.GET and b"Info" in data:
            body = bytes((len(rates),)) + struct.pack(f"<{len(rates)}H", *rates) + b"\x01\x08\x00"
        elif data[0] == movesense.GET:
            body = b"\x4b"
        gatt.notify(movesense.DATA, bytes((1, data[1])) + struct.pack("<H", status) + body)

    return on_write


async def test_configure_start_stop():
    gatt, seen = FakeGatt(answering()), []
    settings = await movesense.DRIVER.configure(gatt, StreamRequest(rate_hz=104))
    assert settings.rate_hz == 104
    assert StreamSettings.from_dict(settings.as_dict()) == settings
    await movesense.DRIVER.start(gatt, settings, lambda c, p: seen.append((c, p)))
    assert gatt.written[-1][1] == movesense.subscribe_imu6(104.0)
    (packet,) = notifications(0)
    gatt.notify(movesense.DATA, packet)
    assert seen[-1] == (movesense.DATA, packet)
    await movesense.DRIVER.stop(gatt, settings)
    assert gatt.written[-1][1] == bytes((movesense.UNSUBSCRIBE, REF))
    assert not gatt.handlers
    assert await movesense.DRIVER.battery(gatt) == 75


async def test_what_it_does_not_offer_is_refused_with_what_it_does():
    with pytest.raises(DeviceError, match=r"100 Hz: it offers 13, 26, 52, 104 Hz"):
        await movesense.DRIVER.configure(FakeGatt(answering()), StreamRequest(rate_hz=100))
    with pytest.raises(DeviceError, match="cannot be set"):
        await movesense.DRIVER.configure(FakeGatt(answering()), StreamRequest(acc_range_g=8))


async def test_a_busy_sensor_says_what_cures_it():
    gatt = FakeGatt(answering(status=429))
    settings = StreamSettings("movesense", 52.0, details={"reference": REF})
    with pytest.raises(DeviceError, match=r"429.*reboot"):
        await movesense.DRIVER.start(gatt, settings, lambda c, p: None)
