"""Name everything that can go wrong at the bar; nothing here decides what to do about it.

::

    HingeError                    10 and up: the exit code of its class
      DeviceError            10   DeviceNotFound, LinkLost, BluetoothOff
      PacketError            11   carries the bytes, the offset and the characteristic
      RecordingError         12   UnknownFormat, UnknownUnits, NewerSchema, BadSamples, ClocksApart
      CalibrationError       13   MovedWhileStill, TooShort, NotOnTheTrunk, SensorsSwapped
      SettingsError          14   key path, value, nearest valid key
      OutputError            15   what is to be written would destroy something, or cannot be written

A message has three parts: what happened, what was seen, what to do.
"""

from typing import Any, ClassVar

from imu_hinge.text import LONGEST_TEXT, one_line


class HingeError(Exception):
    """Anything this package refuses, with the reason and the remedy in one sentence.

    Whatever a message quotes, a file's header or a device's name, it is one line that a terminal can show.

    Examples
    --------
    >>> import imu_hinge as ih
    >>> try:
    ...     ih.read("nothing_here")
    ... except ih.HingeError as error:
    ...     print(type(error).__name__, error.exit_code)
    RecordingError 12
    """

    exit_code: ClassVar[int] = 19

    def __init__(self, message: str = "", *args: Any) -> None:
        super().__init__(one_line(message, longest=LONGEST_TEXT), *args)


class DeviceError(HingeError):
    """A sensor or the radio did not do what was asked."""

    exit_code = 10


class DeviceNotFound(DeviceError):
    """No sensor of that name answered."""


class LinkLost(DeviceError):
    """The link to a sensor went and did not come back."""


class BluetoothOff(DeviceError):
    """The computer's Bluetooth is off, absent or not permitted."""


class PacketError(HingeError):
    """A packet does not follow its format.

    Parameters
    ----------
    message
        What happened, what was seen, what to do.
    packet
        The bytes as they came.
    offset
        Where in ``packet`` the trouble starts [byte].
    characteristic
        UUID of the characteristic that sent them.
    """

    exit_code = 11

    def __init__(self, message: str, packet: bytes = b"", *, offset: int = 0, characteristic: str = "") -> None:
        super().__init__(message)
        self.packet = bytes(packet)
        self.offset = offset
        self.characteristic = characteristic


class RecordingError(HingeError):
    """A recording cannot be read or analysed as it is."""

    exit_code = 12


class UnknownFormat(RecordingError):
    """The file is none of the formats this package reads."""


class UnknownUnits(RecordingError):
    """The numbers are not in the units they should be in."""


class NewerSchema(RecordingError):
    """The recording was written by a newer version of this package."""


class BadSamples(RecordingError):
    """Time, acceleration or angular rate contain what no sensor delivers."""


class ClocksApart(RecordingError):
    """The sensors' clocks differ, and the samples do not tell by how much."""


class CalibrationError(HingeError):
    """Standing or bending did not tell how the sensor sits."""

    exit_code = 13


class MovedWhileStill(CalibrationError):
    """No stretch of quiet standing was found."""


class TooShort(CalibrationError):
    """There are too few samples to tell anything."""


class NotOnTheTrunk(CalibrationError):
    """The sensor does not move as one on the trunk does."""


class SensorsSwapped(CalibrationError):
    """Two sensors move as if they had been exchanged."""


class SettingsError(HingeError):
    """A setting or an athlete file has a key or a value that is not valid."""

    exit_code = 14


class OutputError(HingeError):
    """A file that is to be written would destroy something, or cannot be written there."""

    exit_code = 15
