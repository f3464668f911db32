"""Say in our words, with what to do, what a Bluetooth stack's error means.

It catches nothing and imports no Bluetooth library: `link` hands it names and codes.
"""

from __future__ import annotations

from typing import Final

from imu_hinge.errors import BluetoothOff, DeviceError, DeviceNotFound, LinkLost
from imu_hinge.sensors.protocol import GattRefused

OUT_OF_REACH: Final = (
    "It is switched off, asleep, out of range, or connected to a phone or another program. Wake it and bring it "
    "close, close the phone's app, and try again."
)
PAIR_FIRST: Final = "Pair it once in the Bluetooth settings of this computer, then try again."
START_SERVICE: Final = "Start it (Linux: sudo systemctl start bluetooth) and try again."

PAIRING_CODES: Final = frozenset({0x05, 0x08, 0x0C, 0x0F})
"""ATT errors: authentication, authorization, key size, encryption."""

_OFF: Final = {
    "NO_BLUETOOTH": "This computer has no Bluetooth adapter. Plug in a Bluetooth 4.2 or newer USB adapter.",
    "NO_BLE_CENTRAL_ROLE": "This Bluetooth adapter cannot talk to Bluetooth LE sensors. Plug in a newer USB adapter.",
    "POWERED_OFF": "Bluetooth is switched off. Switch it on (Linux: bluetoothctl power on) and try again.",
    "DENIED_BY_USER": "This program may not use Bluetooth: the user said no. Allow it in the privacy settings.",
    "DENIED_BY_SYSTEM": "This program may not use Bluetooth. Allow it in the privacy settings of the system "
    "(Linux: add yourself to the group bluetooth and log in again).",
    "DENIED_BY_UNKNOWN": "This program may not use Bluetooth. Allow it in the privacy settings of the system.",
}

UNLIKELY_CODE: Final = 0x0E
"""ATT "unlikely error": a device's answer, and what BlueZ makes of a request whose link breaks off meanwhile."""

LOST_WORDS: Final = ("not connected", "disconnected", "unreachable", "cberrordomain code=6", "cberrordomain code=7")
"""How stacks word a link that went: bleak itself, Windows (WinRT), macOS (timed out; disconnected)."""

_UNPAIRED_WORDS: Final = "access denied"
"""What Windows says of a device that wants to be paired."""

_SERVICE_GONE: Final = ("ServiceUnknown", "NameHasNoOwner", "NoReply", "Disconnected", "NoServer", "TimedOut")
_NOT_ALLOWED: Final = ("AccessDenied", "AuthFailed")
_PAIRING: Final = ("Authentication", "NotAuthorized")
_GONE: Final = ("UnknownObject", "DoesNotExist", "NotConnected", "UnknownMethod")


class RadioBusy(LinkLost):
    """The Bluetooth service still does something else, such as giving up an earlier attempt; try again soon."""


def unavailable(reason: str) -> BluetoothOff:
    """Return the error for a reason why there is no Bluetooth, by its name."""
    return BluetoothOff(_OFF.get(reason, "Bluetooth cannot be used on this computer. Switch it off and on again."))


def no_service(seen: str) -> BluetoothOff:
    """Return the error for a Bluetooth service that is not there or does not answer."""
    return BluetoothOff(f"The Bluetooth service does not answer ({seen}). {START_SERVICE}")


def no_bus(seen: str) -> BluetoothOff:
    """Return the error for a system without the message bus that Bluetooth needs."""
    return BluetoothOff(f"The system's Bluetooth service cannot be reached: {seen}. {START_SERVICE}")


def refused(label: str, code: int, text: str) -> GattRefused:
    """Return the error for an ATT error code that the device answered with.

    Parameters
    ----------
    label
        The sensor, for people.
    code
        ATT error code (Bluetooth Core Specification, Vol 3, Part F, 3.4.1.1).
    text
        The stack's own words.
    """
    if code in PAIRING_CODES:
        return GattRefused(f"{label} wants to be paired first (ATT error 0x{code:02x}). {PAIR_FIRST}", code)
    return GattRefused(
        f"{label} refused a command (ATT error 0x{code:02x}, {text}). Switch it off and on; update its firmware if "
        "that does not help.",
        code,
    )


def dbus_error(label: str, name: str, detail: str, *, is_connecting: bool) -> DeviceError:
    """Return the error for a D-Bus error name of BlueZ or of the bus itself.

    Parameters
    ----------
    label
        The sensor, for people.
    name, detail
        The D-Bus error's name and message.
    is_connecting
        Whether the link was being made.
    """
    last, seen = name.rpartition(".")[2], f"{name.rpartition('.')[2]}{f', {detail}' if detail else ''}"
    if last in _SERVICE_GONE or ".Error.Spawn." in name:
        return no_service(seen)
    if last in _NOT_ALLOWED:
        return BluetoothOff(f"{_OFF['DENIED_BY_SYSTEM']} (D-Bus: {seen})")
    if last == "NotReady" or "not powered" in detail.lower() or "not ready" in detail.lower():
        return unavailable("POWERED_OFF")
    if last.startswith(_PAIRING) or "not paired" in detail.lower():
        return DeviceError(f"{label} wants to be paired first ({seen}). {PAIR_FIRST}")
    if last == "InProgress":
        return RadioBusy(f"The radio is busy ({seen}). Wait a moment; end other programs that scan or connect.")
    if last in _GONE or "not connected" in detail.lower():
        return gone(label, seen, is_connecting=is_connecting)
    if is_connecting:
        return LinkLost(f"{label} could not be connected ({seen}). {OUT_OF_REACH}")
    return DeviceError(f"{label} did not do what was asked ({seen}). Switch Bluetooth off and on and try again.")


def gone(label: str, seen: str, *, is_connecting: bool) -> DeviceError:
    """Return the error for a device that does not answer: never found, or lost.

    Parameters
    ----------
    label
        The sensor, for people.
    seen
        What the stack said.
    is_connecting
        Whether the link was being made.
    """
    if is_connecting:
        return DeviceNotFound(f"{label} did not answer ({seen}). {OUT_OF_REACH}")
    return LinkLost(f"The link to {label} is gone ({seen}). Bring the sensor closer to the computer.")


def unknown(label: str, problem: Exception, *, is_connecting: bool) -> DeviceError:
    """Return the error for what no rule here covers, in the stack's own words; connecting may be tried again.

    Parameters
    ----------
    label
        The sensor, for people.
    problem
        The stack's exception.
    is_connecting
        Whether the link was being made.
    """
    text = str(problem) or type(problem).__name__
    if any(words in text.lower() for words in LOST_WORDS):
        return gone(label, text, is_connecting=is_connecting)
    if _UNPAIRED_WORDS in text.lower():
        return DeviceError(f"{label} wants to be paired first ({text}). {PAIR_FIRST}")
    kind = LinkLost if is_connecting else DeviceError
    return kind(f"{label} failed: {text}. Switch Bluetooth and the sensor off and on and try again.")
