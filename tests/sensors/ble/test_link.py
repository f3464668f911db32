"""The link: scanning, one connection, and what the system's errors become."""

import asyncio

import bleak
import pytest
from bleak import exc
from bumble import att
from bumble_backend import Air
from virtual_device import BATTERY_LEVEL, Faults, P
from virtual_families import HingeBoard, own
from virtual_time import now_ns, run

from imu_hinge.errors import BluetoothOff, DeviceError, DeviceNotFound, LinkLost
from imu_hinge.sensors.ble.capture import Capture
from imu_hinge.sensors.ble.link import CONNECT_S, Link, translated
from imu_hinge.sensors.ble.scanner import Radio
from imu_hinge.sensors.ble.sink import Sink
from imu_hinge.sensors.protocol import GattRefused

pytestmark = pytest.mark.usefixtures("virtual_radio")
ADDRESS = "C0:00:00:00:00:11"
OFF = exc.BleakBluetoothNotAvailableReason


def dbus(name, *details):
    return exc.BleakDBusError(name, list(details))


@pytest.mark.parametrize(
    ("raised", "ours", "phrase"),
    [
        (exc.BleakBluetoothNotAvailableError("", OFF.POWERED_OFF), BluetoothOff, "switched off"),
        (exc.BleakBluetoothNotAvailableError("", OFF.NO_BLUETOOTH), BluetoothOff, "no Bluetooth adapter"),
        (exc.BleakBluetoothNotAvailableError("", OFF.DENIED_BY_SYSTEM), BluetoothOff, "may not use"),
        (exc.BleakBluetoothNotAvailableError("", OFF.UNKNOWN), BluetoothOff, "cannot be used"),
        (FileNotFoundError(2, "No such file or directory"), BluetoothOff, "service cannot be reached"),
        (ConnectionRefusedError("refused"), BluetoothOff, "service cannot be reached"),
        (PermissionError("denied"), BluetoothOff, "service cannot be reached"),
        (dbus("org.freedesktop.DBus.Error.ServiceUnknown", "gone"), BluetoothOff, "does not answer"),
        (dbus("org.freedesktop.DBus.Error.NoReply", "no reply"), BluetoothOff, "does not answer"),
        (dbus("org.freedesktop.DBus.Error.AccessDenied", "no"), BluetoothOff, "group bluetooth"),
        (dbus("org.bluez.Error.NotReady", "Resource Not Ready"), BluetoothOff, "switched off"),
        (dbus("org.bluez.Error.AuthenticationFailed"), DeviceError, "paired first"),
        (dbus("org.bluez.Error.NotPermitted", "Not paired"), DeviceError, "paired first"),
        (dbus("org.bluez.Error.Failed", "Input/output error"), LinkLost, "phone"),
        (dbus("org.freedesktop.DBus.Error.UnknownObject"), DeviceNotFound, "out of range"),
        (exc.BleakDeviceNotFoundError(ADDRESS, "not found"), DeviceNotFound, "out of range"),
        (TimeoutError(), DeviceNotFound, "connected to a phone"),
        (exc.BleakError("Not connected"), DeviceNotFound, "did not answer"),
        (exc.BleakError("who knows"), LinkLost, "who knows"),
        (EOFError(), DeviceNotFound, "did not answer"),
        (KeyError("Powered"), LinkLost, "Powered"),
        (dbus("org.freedesktop.DBus.Error.Spawn.ExecFailed", "x"), BluetoothOff, "does not answer"),
        (exc.BleakGATTProtocolError(5), GattRefused, "paired first"),
        (exc.BleakGATTProtocolError(0x80), GattRefused, "refused a command"),
        (exc.BleakGATTProtocolError(0xE7), GattRefused, "0xe7"),
        (exc.BleakError("Could not read: Access Denied"), DeviceError, "paired first"),
        (exc.BleakError("Could not read: Unreachable"), DeviceNotFound, "did not answer"),
    ],
)
def test_errors_of_the_system_become_ours_and_say_what_to_do(raised, ours, phrase):
    with pytest.raises(DeviceError) as caught, translated("IMUH-1", is_connecting=True):
        raise raised
    assert type(caught.value) is ours
    assert phrase in str(caught.value)
    assert caught.value.__cause__ is raised
    assert caught.value.exit_code == 10


@pytest.mark.parametrize(
    "raised",
    [
        TimeoutError(),
        exc.BleakError("disconnected"),
        AssertionError(),
        exc.BleakError("Could not write value: Unreachable"),
        OSError('Error Domain=CBErrorDomain Code=6 "The connection has timed out unexpectedly."'),
    ],
)
def test_a_call_that_fails_on_a_standing_link_is_a_lost_link(raised):
    with pytest.raises(LinkLost, match="closer"), translated("IMUH-1"):
        raise raised


def test_our_own_errors_and_a_cancellation_pass_unchanged():
    with pytest.raises(LinkLost, match="mine"), translated("x"):
        raise LinkLost("mine")
    with pytest.raises(asyncio.CancelledError), translated("x"):
        raise asyncio.CancelledError


async def board(air: Air, **kwargs) -> HingeBoard:
    device = HingeBoard("IMUH-1", ADDRESS, **kwargs)
    await device.switch_on(air)
    return device


async def seen_one(radio: Radio):
    (seen,) = await radio.scan(1.0)
    return seen


def test_a_scan_sees_name_address_and_services_of_who_is_there():
    async def story():
        air = Air()
        await air.switch_on()
        await board(air)
        seen = await seen_one(Radio())
        assert (seen.name, seen.address) == ("IMUH-1", ADDRESS)
        assert seen.matches("imuh-1")
        assert seen.matches(ADDRESS.lower())
        assert not seen.matches("IMUH-2")

    run(story())


def test_a_link_reads_writes_and_subscribes_and_only_replaces_a_second_handler():
    async def story():
        air = Air()
        await air.switch_on()
        device = await board(air)
        link = Link((await seen_one(Radio())).handle, "IMUH-1")
        await link.open()
        assert own(1) in link.services
        assert {own(2), own(3), own(4), BATTERY_LEVEL} <= set(link.characteristics)
        assert await link.read(BATTERY_LEVEL) == bytes([87])
        assert link.max_write(own(3)) == 244
        with pytest.raises(GattRefused) as refused:
            await link.write(own(3), bytes(10), response=True)
        assert refused.value.code == 0x80
        with pytest.raises(DeviceError, match="no characteristic"):
            await link.read(own(9))
        first, second = [], []
        await link.subscribe(own(2), first.append)
        await device.notify(own(2), b"one")
        await asyncio.sleep(0.01)
        await link.subscribe(own(2), second.append)
        await device.notify(own(2), b"two")
        await asyncio.sleep(0.01)
        await link.unsubscribe(own(2))
        await link.unsubscribe(own(2))
        await device.notify(own(2), b"three")
        await asyncio.sleep(0.01)
        assert (first, second) == ([b"one"], [b"two"])
        await link.close()
        with pytest.raises(LinkLost):
            await link.read(BATTERY_LEVEL)

    run(story())


def test_a_value_is_written_the_way_its_characteristic_can():
    class OnlyAcknowledged(HingeBoard):
        def services(self):
            service, members = super().services()[0]
            return [(service, [(u, P.WRITE | P.NOTIFY if u == own(5) else p, r) for u, p, r in members])]

    async def story():
        air = Air()
        await air.switch_on()
        device = OnlyAcknowledged("IMUH-1", ADDRESS)
        await device.switch_on(air)
        link = Link((await seen_one(Radio())).handle, "IMUH-1")
        await link.open()
        got = []
        await link.subscribe(own(5), got.append)
        await link.write(own(5), b"\1\2\3\4", response=False)
        await asyncio.sleep(0.01)
        assert got[0][:4] == b"\1\2\3\4"
        assert device.complaints == []
        await link.close()

    run(story())


def test_a_small_mtu_is_told_by_the_characteristic_not_by_mtu_size():
    async def story():
        air = Air()
        await air.switch_on()
        await board(air, faults=Faults(mtu=23))
        link = Link((await seen_one(Radio())).handle, "IMUH-1")
        await link.open()
        assert link.max_write(own(3)) == 20
        await link.close()

    run(story())


def test_an_absent_device_is_given_up_in_time_and_the_radio_is_free_again():
    async def story():
        air = Air()
        await air.switch_on()
        device = await board(air)
        seen = await seen_one(Radio())
        await device.vanish()
        began = asyncio.get_running_loop().time()
        link = Link(seen.handle, seen.label)
        with pytest.raises(DeviceNotFound, match="out of range"):
            await link.open()
        assert asyncio.get_running_loop().time() - began < CONNECT_S + 3
        await device.appear()
        link = Link((await seen_one(Radio())).handle, "IMUH-1")
        await link.open()
        await link.close()

    run(story())


def test_a_lost_link_is_told_once_and_delivers_nothing_more():
    async def story():
        air = Air()
        await air.switch_on()
        device = await board(air)
        lost, got = [], []
        link = Link((await seen_one(Radio())).handle, "IMUH-1", on_lost=lambda: lost.append(1))
        await link.open()
        await link.subscribe(own(2), got.append)
        await device.drop()
        await asyncio.sleep(0.1)
        assert lost == [1]
        assert not link.is_open
        for callback in [c for c in air.leftovers[ADDRESS] for c in c.callbacks.values()]:
            callback(bytearray(b"late"))
        assert got == []
        await link.close()
        assert lost == [1]
        assert not air.leftovers[ADDRESS], "disconnect() was called although the link was gone"

    run(story())


@pytest.mark.parametrize("told_s", [0.0, 0.2, None], ids=["at once", "later", "never"])
def test_a_refusal_while_the_link_breaks_off_is_a_lost_link(told_s, monkeypatch):
    """BlueZ answers what was under way with an "unlikely error", and tells a little later that the link is gone."""

    async def story():
        air = Air()
        await air.switch_on()
        device = await board(air)
        link = Link((await seen_one(Radio())).handle, "IMUH-1")
        await link.open()

        async def breaks_off(*_, **__):
            if told_s is not None:
                asyncio.get_running_loop().call_later(told_s, lambda: asyncio.ensure_future(device.drop()))
            raise exc.BleakGATTProtocolError(0x0E)

        monkeypatch.setattr(link._client, "write_gatt_char", breaks_off)
        kind = GattRefused if told_s is None else LinkLost
        with pytest.raises(kind):
            await link.write(own(3), b"x", response=True)
        await link.close()

    run(story())


def test_a_sensor_whose_link_breaks_off_while_it_is_set_up_is_tried_again(tmp_path, monkeypatch):
    class Fussy(HingeBoard):
        """Lets the link go during the first two configurations."""

        losses = 0

        async def on_write(self, uuid, value, *, response):
            if self.losses < 2:
                self.losses += 1
                self.dropping = asyncio.ensure_future(self.drop())
                await asyncio.sleep(0)
                raise att.ATT_Error(att.ATT_UNLIKELY_ERROR_ERROR)
            await super().on_write(uuid, value, response=response)

    class Quiet(Sink):
        def __init__(self):
            self.packets = 0

        def stream(self, *_):
            pass

        def packet(self, *_):
            self.packets += 1

        def link(self, *_):
            pass

        def battery(self, *_):
            pass

    async def story():
        air = Air()
        await air.switch_on()
        device = Fussy("IMUH-1", ADDRESS)
        await device.switch_on(air)
        sink = Quiet()
        capture = Capture(sink, now_ns=now_ns)
        await capture.open({"sacrum": "IMUH-1"})
        running = asyncio.ensure_future(capture.run())
        await asyncio.sleep(2.0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await capture.close()
        assert device.losses == 2
        assert sink.packets > 20

    run(story())


def test_the_stand_in_doubles_without_disconnect_and_refuses_a_hasty_connect():
    """What the tests of the stream rely on: plain bleak, used carelessly, goes wrong here as on BlueZ."""

    async def story():
        air = Air()
        await air.switch_on()
        device = await board(air)
        got = []
        handle = (await seen_one(Radio())).handle
        first = bleak.BleakClient(handle)
        await first.connect()
        await first.start_notify(own(2), lambda _, data: got.append(bytes(data)))
        await device.drop()
        await asyncio.sleep(0.2)
        second = bleak.BleakClient(handle)
        await second.connect()
        await second.start_notify(own(2), lambda _, data: got.append(bytes(data)))
        await device.notify(own(2), b"x")
        await asyncio.sleep(0.01)
        assert len(got) > 1
        await second.disconnect()
        with pytest.raises(exc.BleakDBusError, match="Input/output"):
            await second.connect()

    run(story())


def test_closing_waits_long_enough_for_the_next_connect():
    async def story():
        air = Air()
        await air.switch_on()
        await board(air)
        handle = (await seen_one(Radio())).handle
        for _ in range(3):
            link = Link(handle, "IMUH-1")
            await link.open()
            await link.close()

    run(story())


def test_closing_is_finished_although_its_caller_is_cancelled():
    async def story():
        air = Air()
        await air.switch_on()
        await board(air)
        link = Link((await seen_one(Radio())).handle, "IMUH-1")
        await link.open()
        closing = asyncio.create_task(link.close())
        await asyncio.sleep(0.5)
        closing.cancel()
        await asyncio.sleep(3)
        assert not air.clients
        assert ADDRESS in air.disconnected_at

    run(story())


def test_without_power_or_service_a_scan_says_which():
    async def story():
        air = Air()
        await air.switch_on()
        air.is_powered = False
        with pytest.raises(BluetoothOff, match="switched off"):
            await Radio().scan(1.0)
        air.is_serving = False
        with pytest.raises(BluetoothOff, match="does not answer"):
            await Radio().scan(1.0)

    run(story())
