"""What of bleak is used here is as it was: its next major version is noticed by name, not at the bar."""

import asyncio
import inspect

import bleak
import pytest
from bleak import BleakAdapter, BleakClient, BleakScanner, exc
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.backends.service import BleakGATTServiceCollection

from imu_hinge.sensors.ble import link_errors


def parameters(function):
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (BleakClient.__init__, ["address_or_ble_device", "disconnected_callback", "timeout"]),
        (BleakClient.read_gatt_char, ["char_specifier"]),
        (BleakClient.write_gatt_char, ["char_specifier", "data", "response"]),
        (BleakClient.start_notify, ["char_specifier", "callback"]),
        (BleakClient.stop_notify, ["char_specifier"]),
        (BleakScanner.__init__, ["detection_callback"]),
        (BleakAdapter.get, []),
        (BleakAdapter.get_connected_devices, []),
        (bleak.get_platform_client_backend_type, []),
        (bleak.get_platform_scanner_backend_type, []),
    ],
    ids=lambda value: getattr(value, "__qualname__", ""),
)
def test_what_is_called_takes_what_it_is_given(function, names):
    assert set(names) <= set(parameters(function))


@pytest.mark.parametrize(
    "function",
    [
        *(BleakClient.connect, BleakClient.disconnect, BleakClient.read_gatt_char, BleakClient.write_gatt_char),
        *(BleakClient.start_notify, BleakClient.stop_notify, BleakScanner.start, BleakScanner.stop),
        *(BleakAdapter.get, BleakAdapter.get_connected_devices),
    ],
    ids=lambda function: function.__qualname__,
)
def test_what_is_awaited_can_be(function):
    assert asyncio.iscoroutinefunction(inspect.unwrap(function))


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (BleakClient, ["is_connected", "services"]),
        (BleakGATTServiceCollection, ["characteristics", "__iter__"]),
        (BleakGATTCharacteristic, ["uuid", "handle", "properties", "max_write_without_response_size"]),
        (BLEDevice, ["address", "name"]),
        (exc.BleakDBusError, ["dbus_error", "dbus_error_details"]),
        (exc.BleakBluetoothNotAvailableError, ["reason"]),
        (exc.BleakGATTProtocolError, ["code"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_read_is_there(kind, names):
    found = set(dir(kind)) | set(getattr(kind, "__annotations__", {})) | set(parameters(kind.__init__))
    known = found | {name for name in names if name in (inspect.getsource(kind))}
    assert set(names) <= known


def test_an_advertisement_has_what_a_scan_reads():
    assert {"local_name", "manufacturer_data", "service_uuids", "rssi"} <= set(AdvertisementData._fields)


def test_errors_are_still_of_the_kinds_that_are_caught():
    for kind in (
        *(exc.BleakBluetoothNotAvailableError, exc.BleakGATTProtocolError, exc.BleakDBusError),
        exc.BleakDeviceNotFoundError,
    ):
        assert issubclass(kind, exc.BleakError)
    reasons = {reason.name for reason in exc.BleakBluetoothNotAvailableReason}
    assert set(link_errors._OFF) <= reasons, "reasons that have a sentence of ours"
    assert int(exc.BleakGATTProtocolError(0x0E).args[0]) == link_errors.UNLIKELY_CODE


def test_the_callback_of_a_notification_gets_characteristic_and_bytes():
    annotations = inspect.signature(BleakClient.start_notify).parameters["callback"].annotation
    assert "BleakGATTCharacteristic" in str(annotations)
    assert "bytearray" in str(annotations)
