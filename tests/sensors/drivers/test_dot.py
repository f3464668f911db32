"""DOT: layouts by offset, loss by time stamp, subscribe before start, everything read back."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from fake_gatt import FakeGatt

from imu_hinge.conventions import Flag
from imu_hinge.errors import DeviceError, PacketError
from imu_hinge.sensors.drivers import dot
from imu_hinge.sensors.protocol import StreamRequest, StreamSettings

SETTINGS = StreamSettings("dot", 60.0, 16.0, 2000.0, details={"mode": 21})


def payload(time_us: int, acc=(0.0, 0.0, 9.81), gyr=(1.0, 2.0, 3.0), padding=bytes(12)) -> bytes:
    return struct.pack("<I6f", time_us % (1 << 32), *acc, *gyr) + padding


def feed(decoder, *payloads):
    return [block for p in payloads for block in decoder.feed(dot.MEDIUM, p)]


def test_short_padding_is_as_good_as_long():
    source = dot.DRIVER.decoder(SETTINGS)
    blocks = feed(source, payload(0, padding=b""), payload(16667))
    np.testing.assert_allclose(np.degrees(blocks[1].gyr), [[1, 2, 3]], atol=1e-6)
    assert [block.lost for block in blocks] == [0, 0]


def test_custom_5_reads_beyond_the_quaternion():
    settings = StreamSettings("dot", 60.0, details={"mode": 26})
    packet = struct.pack("<I4f3f3f", 7, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6) + bytes(19)
    (block,) = dot.DRIVER.decoder(settings).feed(dot.LONG, packet)
    np.testing.assert_allclose(block.acc, [[1, 2, 3]])
    np.testing.assert_allclose(np.degrees(block.gyr), [[4, 5, 6]], atol=1e-6)


def test_loss_shows_in_the_time_stamps():
    source = dot.DRIVER.decoder(SETTINGS)
    blocks = feed(source, payload(0), payload(16667), payload(5 * 16667))
    assert [block.lost for block in blocks] == [0, 0, 3]
    assert blocks[2].index == 5
    assert blocks[2].flags[0] == Flag.GAP


def test_power_cycle_is_a_reset_and_a_minute_and_more_is_not_believed():
    source = dot.DRIVER.decoder(SETTINGS)
    blocks = feed(source, payload(3_000_000_000), payload(1000), payload(200_000_000))
    assert [block.epoch for block in blocks] == [0, 1, 2]
    assert all(block.flags[0] & Flag.RESET and block.lost is None for block in blocks[1:])


def test_a_payload_cut_by_a_small_mtu_says_so():
    with pytest.raises(PacketError, match="MTU") as refused:
        feed(dot.DRIVER.decoder(SETTINGS), payload(0)[:20])
    assert (refused.value.offset, len(refused.value.packet)) == (20, 20)


def test_another_modes_payload_is_not_taken_silently():
    (block,) = feed(dot.DRIVER.decoder(SETTINGS), payload(0, padding=b"\x01" + bytes(11)))
    assert block.flags[0] & Flag.SUSPECT
    with pytest.raises(PacketError):
        feed(dot.DRIVER.decoder(SETTINGS), payload(0, acc=(1e20, 0, 0)))


def test_the_end_of_the_range_is_flagged():
    (block,) = feed(dot.DRIVER.decoder(SETTINGS), payload(0, gyr=(2000.0, 0, 0)))
    assert block.flags[0] == Flag.CLIPPED


def device(*, keeps_rate: bool = True, starts: bool = True) -> FakeGatt:
    def on_write(gatt, characteristic, data):
        if characteristic == dot.CONFIG:
            gatt.values[dot.CONFIG] = data if keeps_rate else dot.set_rate(20)
        if characteristic == dot.CONTROL:
            if data[1] == 1:
                assert dot.MEDIUM in gatt.handlers, "started before the notifications were on"
            gatt.values[dot.CONTROL] = data if starts else bytes((1, 0, data[2]))

    gatt = FakeGatt(on_write)
    gatt.values = {dot.CONFIG: bytes(32), dot.CONTROL: bytes((1, 1, 5)), dot.BATTERY: b"\x5a\x00"}
    return gatt


async def test_configure_stops_what_runs_sets_and_reads_back():
    gatt = device()
    settings = await dot.DRIVER.configure(gatt, StreamRequest(rate_hz=60, acc_range_g=16))
    assert gatt.written[0] == (dot.CONTROL, dot.control(5, start=False))
    assert gatt.written[1] == (dot.CONFIG, dot.set_rate(60))
    await dot.DRIVER.start(gatt, settings, lambda c, p: None)
    await dot.DRIVER.stop(gatt, settings)
    assert gatt.written[-1] == (dot.CONTROL, dot.control(21, start=False))
    assert not gatt.handlers
    assert await dot.DRIVER.battery(gatt) == 90


async def test_nothing_fails_silently():
    with pytest.raises(DeviceError, match=r"120 Hz: it offers 1, 4,.* 60"):
        await dot.DRIVER.configure(device(), StreamRequest(rate_hz=120))
    with pytest.raises(DeviceError, match="8 g: it offers 16"):
        await dot.DRIVER.configure(device(), StreamRequest(acc_range_g=8))
    with pytest.raises(DeviceError, match="reads back 20"):
        await dot.DRIVER.configure(device(keeps_rate=False), StreamRequest())
    with pytest.raises(DeviceError, match="reads back 01 00 15"):
        await dot.DRIVER.start(device(starts=False), SETTINGS, lambda c, p: None)
    small = device()
    small.mtu = 23
    with pytest.raises(DeviceError, match="MTU"):
        await dot.DRIVER.configure(small, StreamRequest())
