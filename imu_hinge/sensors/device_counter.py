"""Follow a device's own clock or counter: unwrap it, count what is missing, notice repeats, disorder and restarts.

Nothing here knows a family's bytes or the host's time; `live_mapping` puts device time on the host's.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge.conventions import Flag
from imu_hinge.errors import PacketError
from imu_hinge.model import Array, Flags
from imu_hinge.sensors.protocol import Decoded, DeviceTimes

LONGEST_GAP_S: Final = 60.0
"""A device time further ahead than this is taken for a restart [s]."""

LATEST_S: Final = 1.0
"""A device time further back than this is taken for a restart, a nearer one for disorder [s]."""

RECENT: Final = 64
"""How many stamps are remembered to recognise a repeat."""

PERIOD_TRUST: Final = 1 / 64
"""Weight of one packet in the running estimate of the sample period."""

PERIOD_BOUND: Final = 0.1
"""How far the running sample period may go from the nominal one, as a fraction."""

OUT_OF_RANGE: Final = 1.1
"""A value above this multiple of the hardware's largest range was not measured by it."""


OLD: Final = int(Flag.DUPLICATE | Flag.REORDERED)
"""As a plain number: arithmetic with flags takes microseconds, for every packet."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Hold where one packet lies on the device's timeline.

    Parameters
    ----------
    tick
        Device time or count, unwrapped.
    period_ticks
        Spacing of samples here.
    lost
        Samples missing before the packet; None cannot tell.
    flag
        For the packet's first sample, or for all of them where DUPLICATE or REORDERED.
    epoch
        As in `Decoded`.
    begins
        True where index counting starts again here.
    """

    tick: int
    period_ticks: float
    lost: int | None
    flag: Flag
    epoch: int
    begins: bool = False

    @property
    def is_old(self) -> bool:
        """True where the packet adds nothing after the last one: a repeat, or late."""
        return int(self.flag) & OLD != 0


class Timeline:
    """Unwrap one counter of the device.

    Parameters
    ----------
    bits
        Width of the counter on the wire.
    tick_s
        One tick [s].
    rate_hz
        Nominal sample rate.
    """

    def __init__(self, *, bits: int, tick_s: float, rate_hz: float) -> None:
        self._modulus = 1 << bits
        self._nominal = 1.0 / (rate_hz * tick_s)
        self._gap_limit = LONGEST_GAP_S / tick_s
        self._late_limit = LATEST_S / tick_s
        self._period = self._nominal
        self._last: int | None = None
        self._recent: deque[int] = deque(maxlen=RECENT)
        self._resumed = False
        self.epoch = 0

    def resume(self, *, restarted: bool) -> None:
        """Begin a new epoch with the next packet; ``restarted`` where the counter is known to begin anew."""
        self._resumed = self._last is not None
        if restarted:
            self._recent.clear()
            self._last = None

    def place(self, raw: int, steps: int, *, period_ticks: float | None = None) -> Stamp:
        """Place a packet's stamp.

        Parameters
        ----------
        raw
            Stamp as on the wire.
        steps
            Sample periods from the last stamp to this one if nothing was lost.
        period_ticks
            Spacing the packet itself states; without it a running estimate is kept.
        """
        if self._last is None:
            return self._begin(raw, Flag.GAP if self._resumed else Flag.OK, lost=None if self._resumed else 0)
        step = (raw - self._last) % self._modulus
        if step >= self._modulus // 2:
            step -= self._modulus
        tick = self._last + step
        period = self._period if period_ticks is None else period_ticks
        if tick in self._recent:
            return Stamp(tick, period, 0, Flag.DUPLICATE, self.epoch)
        if -self._late_limit <= step <= 0 and not self._resumed:
            self._recent.append(tick)
            return Stamp(tick, period, 0, Flag.REORDERED, self.epoch)
        if step <= 0 or step > self._gap_limit:
            return self._begin(raw, Flag.RESET | Flag.GAP, lost=None)
        return self._forward(tick, step - steps * period, steps, period)

    def _begin(self, raw: int, flag: Flag, *, lost: int | None) -> Stamp:
        if self._last is not None or self._resumed:
            self.epoch += 1
        self._resumed = False
        self._recent.clear()
        self._recent.append(raw)
        self._last = raw
        self._period = self._nominal
        return Stamp(raw, self._period, lost, flag, self.epoch, begins=True)

    def _forward(self, tick: int, excess: float, steps: int, period: float) -> Stamp:
        """Go on from the last stamp; ``excess`` is what lies between beyond ``steps`` periods [tick]."""
        assert self._last is not None
        lost, flag = 0, Flag.OK
        slack = max(0.5, PERIOD_BOUND * steps) * period
        if excess > slack:
            lost, flag = max(1, round(excess / period)), Flag.GAP
        elif excess < -slack:
            flag = Flag.UNEVEN
        elif steps:
            self._period += PERIOD_TRUST * ((tick - self._last) / steps - self._period)
            self._period = min(
                max(self._period, self._nominal * (1 - PERIOD_BOUND)), self._nominal * (1 + PERIOD_BOUND)
            )
        begins = self._resumed
        if begins:
            self.epoch += 1
            self._resumed = False
            flag |= Flag.GAP
        self._last = tick
        self._recent.append(tick)
        return Stamp(tick, period, lost, flag, self.epoch, begins)


class Assembler:
    """Number the samples of successive packets and put them into `Decoded`."""

    def __init__(self) -> None:
        self._next = 0

    def block(
        self, stamp: Stamp, acc: Array, gyr: Array, *, flags: Flags, device_ns: DeviceTimes | None = None
    ) -> Decoded:
        """Return the packet's samples with their index.

        Parameters
        ----------
        stamp
            Where `Timeline.place` put the packet.
        acc : (n, 3) [m/s², sensor]
        gyr : (n, 3) [rad/s, sensor]
        flags : (n,)
            Those of the values themselves; the packet's own are added in place.
        device_ns : (n,) [ns], optional
            The device's own time per sample.
        """
        n = acc.shape[0]
        if stamp.is_old:
            flags |= np.uint16(stamp.flag)
            index = self._next
        else:
            if stamp.flag:
                flags[0] |= np.uint16(stamp.flag)
            if stamp.begins:
                self._next = 0
            else:
                self._next += stamp.lost or 0
            index = self._next
            self._next += n
        return Decoded(acc, gyr, flags, index=index, device_ns=device_ns, lost=stamp.lost, epoch=stamp.epoch)


def clip_flags(raw: npt.NDArray[np.int16]) -> Flags:
    """Return CLIPPED for each row of 16-bit counts (n, k) that sits at an end of the range. (n,)."""
    flags = np.zeros(len(raw), dtype=np.uint16)
    if int(raw.max()) >= 32767 or int(raw.min()) <= -32767:
        flags[((raw >= 32767) | (raw <= -32767)).any(axis=1)] = Flag.CLIPPED
    return flags


def range_flags(values: Array, *, full_scale: float) -> Flags:
    """Return CLIPPED for each row of SI values (n, 3) with an axis within 0.1 % of the full scale. (n,)."""
    flags = np.zeros(len(values), dtype=np.uint16)
    size = np.abs(values)
    if float(size.max()) >= 0.999 * full_scale:  # full scale but for rounding; so below
        flags[(size >= 0.999 * full_scale).any(axis=1)] = Flag.CLIPPED  # as above
    return flags


def check_measurable(values: Array, *, full_scale: float, what: str, packet: tuple[bytes, int, str]) -> None:
    """Raise `PacketError` where a value is not finite or beyond what the hardware can measure.

    Parameters
    ----------
    values : (n, 3)
    full_scale
        Largest range of the hardware, in the unit of ``values``.
    what
        Name of the values, with unit.
    packet
        The bytes, the offset of the values in them, and the characteristic.
    """
    peak = float(np.abs(values).max())
    if not peak <= OUT_OF_RANGE * full_scale:  # also where it is NaN
        data, offset, characteristic = packet
        raise PacketError(
            f"The packet holds {what} {peak:g}, beyond the hardware's {full_scale:.6g}: it is damaged or of another "
            "kind. It was left out; if it happens often, restart the sensor.",
            data,
            offset=offset,
            characteristic=characteristic,
        )
