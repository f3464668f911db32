"""State what a device family must be able to do, and hold the values its driver exchanges with the link.

Nothing here knows bleak, a radio or any one family's bytes.

How the pieces meet::

    advertisement --matches--> Driver --configure--> StreamSettings   (what the device agreed to; goes into the journal)
                                 |--start(on_packet)--> bytes         (what the radio said; goes into the journal)
                                 '--decoder(settings)--> Decoder.feed(characteristic, bytes) --> Decoded

A `Driver` has no state: everything it learns is in `StreamSettings` or among the bytes handed to ``on_packet``. So a
journal of settings and bytes can be decoded again by a decoder mended later. Control replies that a decoder needs
(Polar's scale factor) go through ``on_packet`` too; a decoder returns nothing for what is no sample.

After the link was lost: a new `Gatt`, ``configure`` and ``start`` again, then ``decoder.resume(settings)`` and go on
feeding. UUIDs are lower-case, 128 bit, everywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from imu_hinge.errors import DeviceError, SettingsError
from imu_hinge.model import Array, Flags
from imu_hinge.text import quoted

Handler = Callable[[bytes], None]
"""Takes one notification's bytes. Called by the link inside the radio's callback: must return at once."""

OnPacket = Callable[[str, bytes], None]
"""Takes characteristic and bytes of every notification of a stream, in the order of arrival; must return at once."""

DeviceTimes = npt.NDArray[np.int64]

REPLY_TIMEOUT_S: Final = 3.0
"""How long a device may think about one command [s]."""

BATTERY_LEVEL: Final = "00002a19-0000-1000-8000-00805f9b34fb"
"""Standard characteristic: one byte, percent."""


class GattRefused(DeviceError):
    """The device answered a read or write with an ATT error; the link raises it, with the code.

    Other failures of a read or write are `LinkLost` or plain `DeviceError`.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Gatt(Protocol):
    """The few things a driver asks of a connected device; the link implements them."""

    @property
    def services(self) -> Collection[str]:
        """UUIDs of the device's services."""

    @property
    def characteristics(self) -> Collection[str]:
        """UUIDs of all its characteristics."""

    async def read(self, characteristic: str) -> bytes:
        """Read a value; raises `GattRefused` where the device says no."""

    async def write(self, characteristic: str, data: bytes, *, response: bool) -> None:
        """Write a value, with or without waiting for the device's acknowledgement.

        Parameters
        ----------
        characteristic
            UUID.
        data
        response
            Whether to wait.
        """

    async def subscribe(self, characteristic: str, handler: Handler) -> None:
        """Send notifications (or indications) to the handler; where subscribed already, only replace the handler."""

    async def unsubscribe(self, characteristic: str) -> None:
        """Stop notifications; without effect where there are none."""

    def max_write(self, characteristic: str) -> int:
        """Most bytes one write without response carries; ATT MTU - 3. [byte]."""


_MOST_NUMBER: Final = 1e5
"""Rates [Hz] and full scales [g, deg/s] are below this."""

_MOST_DRIFT: Final = 0.9
"""A rate that may be off by more says nothing (families without a clock state 0.5)."""

_LARGEST_DETAIL: Final = 1e12
"""Details are counts, scales and identifiers of at most 32 bits."""


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """Hold what the user wants; None leaves the choice to the driver.

    Parameters
    ----------
    rate_hz, acc_range_g, gyr_range_dps
        Rate and full scales (±); they must be ones the device offers.
    """

    rate_hz: float | None = None
    acc_range_g: float | None = None
    gyr_range_dps: float | None = None


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Hold what the device really agreed to, read back from it; everything its decoder needs.

    Parameters
    ----------
    family
        `Driver.family`.
    rate_hz
        Nominal rate.
    acc_range_g, gyr_range_dps
        Full scale; None where the device does not tell.
    max_drift
        Most by which the device's clock (or its nominal rate, where it sends no time) is ever off, as a fraction.
    tells_loss
        True where the device sends time or numbers its samples; else loss shows only as a jump of the delay.
    details
        What only this family knows: numbers and text. A ``warning`` is a sentence the user must see.
    """

    family: str
    rate_hz: float
    acc_range_g: float | None = None
    gyr_range_dps: float | None = None
    max_drift: float = 500e-6
    tells_loss: bool = True
    details: Mapping[str, int | float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "details", MappingProxyType(dict(self.details)))
        numbers = {"rate_hz": self.rate_hz, "max_drift": self.max_drift}
        numbers |= {k: v for k, v in (("acc_range_g", self.acc_range_g), ("gyr_range_dps", self.gyr_range_dps)) if v}
        for key, value in numbers.items():
            most = _MOST_DRIFT if key == "max_drift" else _MOST_NUMBER
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value <= most:
                raise SettingsError(f"A stream with {key} = {quoted(value)} cannot be decoded. Record again.")
        for key, detail in self.details.items():
            is_text = isinstance(detail, str)
            if not is_text and not (isinstance(detail, int | float) and abs(detail) <= _LARGEST_DETAIL):
                raise SettingsError(f"A stream with {quoted(key)} = {quoted(detail)} cannot be decoded. Record again.")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by value: a view of a mapping cannot be pickled."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        return partial(StreamSettings, **plain | {"details": dict(self.details)}), ()

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values that JSON can hold."""
        return {name: getattr(self, name) for name in self.__slots__} | {"details": dict(self.details)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> StreamSettings:
        """Build settings from what `as_dict` gave; raises `SettingsError` where keys do not fit."""
        try:
            return cls(**dict(values))
        except (TypeError, ValueError) as problem:
            seen = sorted(map(str, values)) if isinstance(values, Mapping) else values
            raise SettingsError(
                f"Stream settings have the wrong keys: saw {quoted(seen)}, {problem}. "
                "The journal was written by another version; use that version to read it."
            ) from problem


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """Hold the samples of one notification, in the order the device took them.

    Parameters
    ----------
    acc : (n, 3) [m/s², sensor]
    gyr : (n, 3) [rad/s, sensor]
    flags : (n,)
        `conventions.Flag` per sample. GAP on the first sample after a loss; RESET on the first of a new epoch;
        DUPLICATE on samples delivered before (they are here only to be counted); REORDERED on samples older than
        ones already delivered; CLIPPED; SUSPECT.
    index
        Number of the first sample since the epoch began, lost ones counted where the device tells of them.
    device_ns : (n,) [ns] or None
        The device's own time per sample, unwrapped within the epoch; None where it sends no time.
    lost
        Samples missing just before this block: 0 none, None cannot tell.
    epoch
        Grows by one whenever device time or index may have started again: reboot, reset, reconnect.
    """

    acc: Array
    gyr: Array
    flags: Flags
    index: int
    device_ns: DeviceTimes | None = None
    lost: int | None = 0
    epoch: int = 0

    def __len__(self) -> int:
        return int(self.acc.shape[0])


class Decoder(Protocol):
    """Turn one sensor's bytes into samples; no radio, no host time, the same bytes give the same samples."""

    def feed(self, characteristic: str, payload: bytes) -> list[Decoded]:
        """Decode one notification.

        Raises
        ------
        PacketError
            With the bytes, where they break the format. Nothing of that packet is delivered, the next one is decoded
            as usual and the loss shows in it.
        """

    def resume(self, settings: StreamSettings) -> None:
        """Go on after the link was lost: forget half packets, begin a new epoch, flag the next sample GAP."""


class Driver(Protocol):
    """What the product must know of a device family; one object without state per family."""

    @property
    def family(self) -> str:
        """Short name, as in the journal."""

    @property
    def rates_hz(self) -> Sequence[float]:
        """Rates the family is known to sustain live; the device itself is asked in `configure`."""

    def matches(self, name: str, service_uuids: Collection[str], manufacturer_ids: Collection[int]) -> bool:
        """Tell whether an advertisement (or a connected device's services) is of this family.

        Parameters
        ----------
        name
            As advertised; may be empty.
        service_uuids
            In lower case, with all their digits.
        manufacturer_ids
            Company identifiers of the Bluetooth SIG.
        """

    async def configure(self, gatt: Gatt, wanted: StreamRequest) -> StreamSettings:
        """Set rate and ranges, read them back, and return them.

        Raises
        ------
        DeviceError
            Where the device does not offer what was asked; says what was asked and what there is.
        """

    async def start(self, gatt: Gatt, settings: StreamSettings, on_packet: OnPacket) -> None:
        """Subscribe, start the stream, and check that the device said yes.

        Parameters
        ----------
        gatt
        settings
            From `configure`.
        on_packet
            Called with characteristic and payload of every notification, in order.

        Raises
        ------
        DeviceError
            Where the device refuses, or does not answer.
        """

    async def stop(self, gatt: Gatt, settings: StreamSettings) -> None:
        """Stop the stream and unsubscribe."""

    async def battery(self, gatt: Gatt) -> int | None:
        """Return the charge [%], or None where the device does not tell."""

    def decoder(self, settings: StreamSettings) -> Decoder:
        """Return a fresh decoder for one stream."""

    def parts(self, settings: StreamSettings) -> Sequence[str]:
        """Return what must keep coming for the stream to be alive, in words."""

    def part_of(self, settings: StreamSettings, characteristic: str, payload: bytes) -> str | None:
        """Return which part of a stream a notification carries, or None; called in the radio's callback, never raises.

        Parameters
        ----------
        settings
            From `configure`.
        characteristic
            UUID.
        payload
        """


SAMPLES: Final = "samples"
"""The one part of a stream that carries acceleration and rate together."""


class Replies:
    """Queue a characteristic's notifications while a command waits for its answer; it is a `Handler`."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()

    def __call__(self, payload: bytes) -> None:
        """Queue one notification."""
        self._queue.put_nowait(bytes(payload))

    def beside(self, on_packet: OnPacket, characteristic: str) -> Handler:
        """Return a handler that passes everything to ``on_packet`` and queues it here as well."""

        def handle(payload: bytes) -> None:
            on_packet(characteristic, payload)
            self(payload)

        return handle

    async def get(
        self, is_wanted: Callable[[bytes], bool], *, question: str, timeout_s: float = REPLY_TIMEOUT_S
    ) -> bytes:
        """Return the next notification that is wanted and forget those before it.

        Parameters
        ----------
        is_wanted
            Tells the answer by its bytes.
        question
            What was asked, for the message.
        timeout_s

        Raises
        ------
        DeviceError
            After ``timeout_s`` without one.
        """
        seen = 0
        try:
            async with asyncio.timeout(timeout_s):
                while not is_wanted(payload := await self._queue.get()):
                    seen += 1
        except TimeoutError as silence:
            raise DeviceError(
                f"The sensor did not answer {question} within {timeout_s:g} s ({seen} other notifications came). "
                "Switch it off and on again and bring it closer."
            ) from silence
        return payload


def handler_for(on_packet: OnPacket, characteristic: str) -> Handler:
    """Return a handler that passes a characteristic's notifications to ``on_packet``."""
    return lambda payload: on_packet(characteristic, payload)


def choose(what: str, wanted: float | None, *, offered: Sequence[float], default: float, unit: str) -> float:
    """Return the wanted value, or the default where none was named.

    Parameters
    ----------
    what, unit
        Of the value, for the message.
    wanted
        None leaves the choice to ``default``.
    offered
        What the device has.
    default

    Raises
    ------
    DeviceError
        Where it is not on offer; nothing is rounded to the nearest.
    """
    value = default if wanted is None else wanted
    for offer in offered:
        if abs(offer - value) <= 1e-9 * abs(offer):
            return float(offer)
    listed = ", ".join(f"{offer:g}" for offer in sorted(offered)) or "none"
    raise DeviceError(
        f"The sensor does not offer {what} {value:g} {unit}: it offers {listed} {unit}. Ask for one of these."
    )
