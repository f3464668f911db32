"""MetaMotion: the chip decides, packets are counted, packed streams are paired with care."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from fake_gatt import FakeGatt

from imu_hinge.conventions import STANDARD_GRAVITY_MPS2, Flag
from imu_hinge.errors import DeviceError, PacketError
from imu_hinge.sensors import protocol
from imu_hinge.sensors.drivers import metamotion
from imu_hinge.sensors.drivers import metamotion_packets as mm
from imu_hinge.sensors.protocol import StreamRequest, StreamSettings

FUSED = StreamSettings("metamotion", 100.0, 16.0, 2000.0, max_drift=0.05, details={"chip": "bmi160", "counter": 2})
PACKED = StreamSettings(
    "metamotion", 100.0, 8.0, 1000.0, max_drift=0.05, tells_loss=False, details={"chip": "bmi270", "counter": -1}
)


def fused(count: int, *counts: int, processor: int = 2) -> bytes:
    return b"\x09\x03" + struct.pack("<BI6h", processor, count, *(list(counts) + [0] * 6)[:6])


def packed(module: int, register: int, *values: int) -> bytes:
    return bytes((module, register)) + struct.pack("<9h", *(list(values) + [0] * 9)[:9])


def feed(source, *payloads):
    return [block for p in payloads for block in source.feed(mm.NOTIFY, p)]


def test_the_count_tells_what_is_lost():
    source = metamotion.DRIVER.decoder(FUSED)
    blocks = feed(source, fused(5, 2048), fused(6), fused(9), fused(9), fused(8))
    assert [b.lost for b in blocks[:3]] == [0, 0, 2]
    assert [b.index for b in blocks[:3]] == [0, 1, 4]
    assert blocks[2].flags[0] == Flag.GAP
    assert (blocks[3].flags[0], blocks[4].flags[0]) == (Flag.DUPLICATE, Flag.REORDERED)
    np.testing.assert_allclose(blocks[0].acc[0, 0], STANDARD_GRAVITY_MPS2)
    assert blocks[0].device_ns is None


def test_a_new_connection_counts_anew_and_repeats_nothing():
    source = metamotion.DRIVER.decoder(FUSED)
    feed(source, fused(0), fused(1), fused(2))
    source.resume(FUSED)
    first, second = feed(source, fused(0), fused(1))
    assert (first.lost, first.epoch, first.index) == (None, 1, 0)
    assert first.flags[0] == Flag.GAP
    assert not second.flags[0]


def test_other_processors_and_short_packets():
    source = metamotion.DRIVER.decoder(FUSED)
    assert feed(source, fused(0, processor=1), b"\x11\x8c\x63\x34\x10", b"\x0b\x84\x15\x04") == []
    with pytest.raises(PacketError, match="19 bytes"):
        feed(source, fused(0)[:-1])


def test_the_same_register_means_another_packet_on_the_other_chip():
    source = metamotion.DRIVER.decoder(PACKED)
    (block,) = feed(source, packed(3, 0x05, 4096, 0, 0), packed(0x13, 0x05, 328, 0, 0))
    assert len(block) == 3
    assert block.lost is None
    np.testing.assert_allclose(block.acc[0], [STANDARD_GRAVITY_MPS2, 0, 0])
    np.testing.assert_allclose(np.degrees(block.gyr[0]), [10, 0, 0])
    unpacked = metamotion.DRIVER.decoder(StreamSettings("metamotion", 100.0, 8.0, 1000.0, details={"chip": "bmi160"}))
    assert feed(unpacked, b"\x13\x05" + bytes(6)) == []


def test_two_packets_of_one_sensor_in_a_row_are_a_gap_and_no_false_pair():
    source = metamotion.DRIVER.decoder(PACKED)
    acc, gyr = (lambda i: packed(3, 5, i)), (lambda i: packed(0x13, 5, i))
    blocks = feed(source, acc(1), gyr(1), acc(2), acc(3), gyr(3))
    assert [b.acc[0, 0] / mm.acc_scale(8.0) for b in blocks] == pytest.approx([1, 3])
    assert [b.gyr[0, 0] / mm.gyr_scale(1000.0) for b in blocks] == pytest.approx([1, 3])
    assert blocks[1].flags[0] == Flag.GAP


def board(*, chip=(1, 0), processors: bool = True, reads: bool = True, keeps: bool = True) -> FakeGatt:
    state: dict[int, bytes] = {}
    made: list[bytes] = []

    def on_write(gatt, characteristic, data):
        assert characteristic == metamotion.COMMAND
        if data in (b"\x03\x80", b"\x13\x80"):
            gatt.notify(mm.NOTIFY, data + bytes((chip[data[0] == 0x13], 1)))
        elif data[1] == 3 and data[0] in (3, 0x13) and len(data) == 4:
            state[data[0]] = data[2:] if keeps else b"\x26\x00"
        elif data[1] == 0x83 and reads:
            gatt.notify(mm.NOTIFY, data + state[data[0]])
        elif data[:2] == b"\x09\x02" and processors:
            made.append(data)
            gatt.notify(mm.NOTIFY, bytes((9, 2, len(made) - 1)))
        elif data == metamotion.READ_BATTERY:
            gatt.notify(mm.NOTIFY, bytes.fromhex("118c633410"))

    return FakeGatt(on_write)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(metamotion, "SHORT_TIMEOUT_S", 0.01)
    monkeypatch.setattr(protocol, "REPLY_TIMEOUT_S", 0.01)


@pytest.mark.parametrize(("chip", "name", "gyro"), [((1, 0), "bmi160", "05"), ((4, 1), "bmi270", "04")])
async def test_the_chain_counts_on_both_chips(chip, name, gyro):
    gatt = board(chip=chip)
    agreed = await metamotion.DRIVER.configure(gatt, StreamRequest(rate_hz=200, acc_range_g=8, gyr_range_dps=1000))
    assert (agreed.details["chip"], agreed.details["counter"], agreed.tells_loss) == (name, 2, True)
    assert "warning" not in agreed.details
    writes = [data.hex() for _, data in gatt.written]
    assert ("0303290 8" if name == "bmi160" else "0303a902").replace(" ", "") in writes
    assert writes[-3:] == [f"090213{gyro}ffa00f05", "09020304ffa01b01" + "00" * 12, "0902090301601130" + "03"]
    await metamotion.DRIVER.start(gatt, agreed, lambda c, p: None)
    started = [data.hex() for _, data in gatt.written[len(writes) :]]
    assert started == ["1109060006000000" + "5802", "09070201", "090301", "03020100", "13020100", "030101", "130101"]
    await metamotion.DRIVER.stop(gatt, agreed)
    assert [data.hex() for _, data in gatt.written[-7:]] == [
        "030100",
        "130100",
        "03020001",
        "13020001",
        "09070200",
        "090300",
        "0908",
    ]
    assert await metamotion.DRIVER.battery(gatt) == 99


async def test_firmware_without_processors_streams_packed_and_says_what_is_missing(impatient):
    gatt = board(processors=False, reads=False)
    agreed = await metamotion.DRIVER.configure(gatt, StreamRequest())
    assert not agreed.tells_loss
    assert "read back" in agreed.details["warning"]
    assert "cannot count" in agreed.details["warning"]
    await metamotion.DRIVER.start(gatt, agreed, lambda c, p: None)
    assert [data.hex() for _, data in gatt.written[-6:-4]] == ["031c01", "130701"]


async def test_refusals_name_the_reason():
    with pytest.raises(DeviceError, match="motion chips 3 and 0"):
        await metamotion.DRIVER.configure(board(chip=(3, 0)), StreamRequest())
    with pytest.raises(DeviceError, match="reads back"):
        await metamotion.DRIVER.configure(board(keeps=False), StreamRequest())
    with pytest.raises(DeviceError, match=r"60 Hz: it offers 25, 50, 100, 200"):
        await metamotion.DRIVER.configure(board(), StreamRequest(rate_hz=60))
