"""Own profile: time and sequence held against each other, restarts, negotiation; and the catalog that finds drivers."""

from __future__ import annotations

import numpy as np
import pytest
from fake_gatt import FakeGatt
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_hinge.conventions import Flag
from imu_hinge.errors import DeviceError, PacketError
from imu_hinge.sensors.drivers import catalog, hinge_profile
from imu_hinge.sensors.drivers import hinge_packets as hp
from imu_hinge.sensors.protocol import GattRefused, StreamRequest, StreamSettings

SCALES = {"acc_m_s2": 0.0048, "gyr_rad_s": 0.001, "boot_id": 7}
SETTINGS = StreamSettings("hinge", 200.0, 16.0, 2000.0, details=SCALES)
INFO = hp.Info(1, 6, 1, 0.0048, 0.001, 7, 200, 64)


def packet(sequence: int, t0_us: int, *, flags: int = 0, n: int = 10, value: int = 1) -> bytes:
    counts = np.full((n, 6), value, dtype=np.int16)
    return hp.pack_data(hp.DataPacket(flags, sequence & 0xFFFF, t0_us % (1 << 32), 5000, counts))


def feed(source, *payloads):
    return [block for p in payloads for block in source.feed(hp.DATA, p)]


def decoder():
    return hinge_profile.DRIVER.decoder(SETTINGS)


def test_time_and_sequence_wrap_together():
    start = (1 << 32) - 60_000
    blocks = feed(decoder(), *(packet(0xFFFE + i, start + i * 50_000) for i in range(4)))
    times = np.concatenate([b.device_ns for b in blocks])
    np.testing.assert_array_equal(np.diff(times), 5_000_000)
    assert all(b.lost == 0 and not b.flags.any() for b in blocks)


def test_lost_dropped_saturated_and_contradicting_packets_are_told_apart():
    source = decoder()
    feed(source, packet(0, 0))
    (lost,) = feed(source, packet(3, 150_000))
    assert (lost.lost, lost.flags[0]) == (20, Flag.GAP)
    (dropped,) = feed(source, packet(4, 225_000, flags=hp.PacketFlag.DROPPED))
    assert (dropped.lost, dropped.flags[0]) == (5, Flag.GAP)
    (clipped,) = feed(source, packet(5, 275_000, flags=hp.PacketFlag.SATURATED))
    assert (clipped.flags == Flag.CLIPPED).all()
    (odd,) = feed(source, packet(7, 325_000))
    assert odd.lost is None
    assert odd.flags[0] == Flag.GAP | Flag.SUSPECT
    (repeat,) = feed(source, packet(7, 325_000))
    assert (repeat.flags == Flag.DUPLICATE).all()


def test_a_restart_in_the_stream_and_another_boot_begin_new_epochs():
    source = decoder()
    (first,) = feed(source, packet(0, 0, flags=hp.PacketFlag.RESTARTED))
    assert not first.flags[0]
    (restarted,) = feed(source, packet(0, 10, flags=hp.PacketFlag.RESTARTED))
    assert (restarted.epoch, restarted.lost) == (1, None)
    assert restarted.flags[0] & Flag.RESET
    source.resume(StreamSettings("hinge", 200.0, details=SCALES | {"boot_id": 8}))
    (reboot,) = feed(source, packet(0, 60_000))
    assert (reboot.epoch, reboot.lost, reboot.index) == (2, None, 0)
    source.resume(StreamSettings("hinge", 200.0, details=SCALES | {"boot_id": 8}))
    (again,) = feed(source, packet(0, 60_000 + 1_000_000))
    assert (again.epoch, again.lost) == (3, 190)


@settings(max_examples=60, deadline=None)
@given(
    flags=st.sampled_from([0, 2, 4, 8, 14]),
    sequence=st.integers(0, 0xFFFF),
    t0=st.integers(0, (1 << 32) - 1),
    dt=st.integers(1, 0xFFFF),
    rows=st.lists(st.lists(st.integers(-32768, 32767), min_size=6, max_size=6), min_size=1, max_size=19),
)
def test_packets_come_back(flags, sequence, t0, dt, rows):
    written = hp.pack_data(hp.DataPacket(flags, sequence, t0, dt, np.array(rows, dtype=np.int16)))
    read = hp.parse_data(written)
    assert (read.flags, read.sequence, read.t0_us, read.dt_us) == (flags, sequence, t0, dt)
    assert read.counts.tolist() == rows
    for wrong in (written[:-1], written + b"\0", b"\x02" + written[1:], written[:8] + b"\0\0\xff" + written[11:]):
        with pytest.raises(PacketError) as refused:
            hp.parse_data(wrong)
        assert refused.value.packet == wrong


def board(*, refuses: bool = False, clamps: bool = False, info: hp.Info = INFO) -> FakeGatt:
    def on_write(gatt, characteristic, data):
        assert characteristic == hp.CONFIG
        asked = hp.parse_config(data)
        if refuses or asked.rate_hz > info.max_rate_hz:
            raise GattRefused("no", 0x80)
        gatt.values[hp.CONFIG] = hp.pack_config(asked._replace(rate_hz=50) if clamps else asked._replace(samples=10))

    gatt = FakeGatt(on_write)
    gatt.values = {hp.INFO: hp.pack_info(info), hp.CONFIG: bytes(10)}
    return gatt


async def test_configure_reads_everything_back():
    gatt = board()
    agreed = await hinge_profile.DRIVER.configure(gatt, StreamRequest(rate_hz=200, gyr_range_dps=1000))
    assert (agreed.rate_hz, agreed.acc_range_g, agreed.gyr_range_dps) == (200, 16, 1000)
    assert agreed.details["boot_id"] == 7
    assert StreamSettings.from_dict(agreed.as_dict()) == agreed
    await hinge_profile.DRIVER.start(gatt, agreed, lambda c, p: None)
    assert hp.parse_config(gatt.written[-1][1]) == hp.Config(hp.START, 0, 200, 16, 1000, 10)
    await hinge_profile.DRIVER.stop(gatt, agreed)
    assert hp.parse_config(gatt.written[-1][1]).command == hp.STOP
    assert not gatt.handlers


async def test_where_the_user_leaves_it_open_the_board_chooses():
    gatt = board(info=INFO._replace(max_rate_hz=52))
    gatt.values[hp.CONFIG] = hp.pack_config(hp.Config(hp.STOP, 0, 52, 8, 1000, 4))
    agreed = await hinge_profile.DRIVER.configure(gatt, StreamRequest())
    assert (agreed.rate_hz, agreed.acc_range_g, agreed.gyr_range_dps) == (52, 8, 1000)


async def test_refusals_name_the_reason():
    with pytest.raises(DeviceError, match=r"400 Hz.*highest rate is 200 Hz"):
        await hinge_profile.DRIVER.configure(board(), StreamRequest(rate_hz=400))
    with pytest.raises(DeviceError, match="reads back 50 Hz"):
        await hinge_profile.DRIVER.configure(board(clamps=True), StreamRequest())
    with pytest.raises(DeviceError, match="whole numbers"):
        await hinge_profile.DRIVER.configure(board(), StreamRequest(rate_hz=62.5))
    for info in (INFO._replace(protocol=2), INFO._replace(channels=9), INFO._replace(gyr_rad_s=float("nan"))):
        with pytest.raises(DeviceError, match="Update the board's firmware"):
            await hinge_profile.DRIVER.configure(board(info=info), StreamRequest())


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Movesense 174630000192", "movesense"),
        ("Xsens DOT", "dot"),
        ("Movella DOT", "dot"),
        ("WT901BLE68", "witmotion"),
        ("WT9011DCL-BT50", "witmotion"),
        ("Polar Sense 8A3B", "polar"),
        ("MetaWear", "metamotion"),
        ("IMUH-3f2a", "hinge"),
    ],
)
def test_names_find_their_driver(name, family):
    assert catalog.recognise(name).family == family
    assert catalog.driver_for(family).family == family


def test_services_and_companies_find_drivers_too():
    assert catalog.recognise("", {hp.SERVICE}).family == "hinge"
    assert catalog.recognise("", (), {0x0886}).family == "dot"
    assert catalog.recognise("Headphones", {"0000180f-0000-1000-8000-00805f9b34fb"}, {0x004C}) is None


@pytest.mark.parametrize("name", ["Polar H10 12345678", "Polar OH1 123", "BBC micro:bit [zigup]"])
def test_devices_without_a_gyroscope_are_refused_with_the_reason(name):
    assert catalog.recognise(name) is None
    assert "no gyroscope" in catalog.refusal(name)


def test_an_unknown_family_names_the_known_ones():
    with pytest.raises(DeviceError, match="movesense, dot, witmotion, polar, metamotion, hinge"):
        catalog.driver_for("abacus")
