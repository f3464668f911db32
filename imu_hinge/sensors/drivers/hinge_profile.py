"""Drive makers' boards that speak the project's own profile, version 1: time, counters and scales in every stream.

It does not decide when to ping for the board's time; `time_requests` does, on boards that have the characteristic for
it.

Found by the name ``IMUH-…`` or its service. Quirks: scales come from the board (read again after every change of
range); a board refuses what it does not offer with an ATT error and must never clamp; its boot id tells a reboot from
a lost link; with an MTU of 23 it sends one sample per packet and no spacing, enough for 100 Hz. Layouts and the C
side: firmware_notes/hinge_profile.md.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Final

import numpy as np

from imu_hinge.conventions import Flag
from imu_hinge.errors import DeviceError, PacketError
from imu_hinge.sensors.device_counter import Assembler, Stamp, Timeline, clip_flags
from imu_hinge.sensors.drivers import hinge_packets as hp
from imu_hinge.sensors.protocol import (
    BATTERY_LEVEL,
    SAMPLES,
    Decoded,
    Gatt,
    GattRefused,
    OnPacket,
    StreamRequest,
    StreamSettings,
    handler_for,
)
from imu_hinge.sensors.time_requests import Reply

RATES_HZ: Final = (50.0, 100.0, 200.0)  # see `Driver.rates_hz`
DEFAULT_RATE_HZ: Final = 100  # as the even grid
DEFAULT_ACC_G: Final = 16  # chosen: the widest common range
DEFAULT_GYR_DPS: Final = 2000  # chosen: the widest common range
LARGEST_SCALE: Final = 1.0
"""No sensible board has a coarser count, in m/s² or rad/s."""


class Decoder:
    """Decode data packets: time of the first sample, spacing, sequence."""

    def __init__(self, settings: StreamSettings) -> None:
        self._adopt(settings)
        self._line = Timeline(bits=32, tick_s=1e-6, rate_hz=settings.rate_hz)
        self._assembler = Assembler()
        self._sequence: int | None = None
        self._last_n = 0

    def _adopt(self, settings: StreamSettings) -> None:
        self._acc_scale = float(settings.details["acc_m_s2"])
        self._gyr_scale = float(settings.details["gyr_rad_s"])
        self._boot_id = settings.details.get("boot_id")

    def resume(self, settings: StreamSettings) -> None:
        """Go on after the link was lost; another boot id means another clock."""
        is_same_boot = settings.details.get("boot_id") == self._boot_id
        self._adopt(settings)
        self._line.resume(restarted=not is_same_boot)
        self._sequence = None

    def feed(self, characteristic: str, payload: bytes) -> list[Decoded]:
        """Decode one notification; other characteristics than the data give nothing."""
        if characteristic != hp.DATA:
            return []
        packet = hp.parse_data(payload)
        stamp = self._place(packet)
        n = len(packet.counts)
        flags = clip_flags(packet.counts)
        if packet.flags & hp.PacketFlag.SATURATED and not flags.any():
            flags |= np.uint16(Flag.CLIPPED)  # the board saw it before it scaled: which sample cannot be told
        if packet.flags & ~hp.KNOWN_FLAGS:
            flags |= np.uint16(Flag.SUSPECT)
        if packet.flags & hp.PacketFlag.DROPPED and not stamp.is_old:
            flags[0] |= np.uint16(Flag.GAP)
        offsets_ns = np.rint(np.arange(n) * (packet.dt_us or stamp.period_ticks) * 1000).astype(np.int64)
        values = packet.counts.astype(np.float64)
        return [
            self._assembler.block(
                stamp,
                values[:, :3] * self._acc_scale,
                values[:, 3:] * self._gyr_scale,
                flags=flags,
                device_ns=stamp.tick * 1000 + offsets_ns,
            )
        ]

    def _place(self, packet: hp.DataPacket) -> Stamp:
        """Place the packet in time, and hold its time against its sequence number."""
        has_restarted = bool(packet.flags & hp.PacketFlag.RESTARTED) and self._sequence is not None
        if has_restarted:
            self._line.resume(restarted=True)
        stamp = self._line.place(packet.t0_us, self._last_n, period_ticks=packet.dt_us or None)
        if stamp.is_old:
            return stamp
        skipped = 0 if self._sequence is None else (packet.sequence - self._sequence - 1) & 0xFFFF
        self._sequence, self._last_n = packet.sequence, len(packet.counts)
        if has_restarted:
            return Stamp(stamp.tick, stamp.period_ticks, None, stamp.flag | Flag.RESET, stamp.epoch, begins=True)
        if skipped and stamp.lost == 0 and not stamp.begins:  # packets are missing, time says none are
            return Stamp(stamp.tick, stamp.period_ticks, None, stamp.flag | Flag.GAP | Flag.SUSPECT, stamp.epoch)
        return stamp


class HingeProfile:
    """Speak to a board with the project's own profile."""

    family = "hinge"
    rates_hz = RATES_HZ

    def matches(self, name: str, service_uuids: Collection[str], manufacturer_ids: Collection[int]) -> bool:
        """Tell a board by name or service."""
        return name.startswith("IMUH-") or hp.SERVICE in service_uuids

    async def configure(self, gatt: Gatt, wanted: StreamRequest) -> StreamSettings:
        """Apply rate and ranges, read both back, and read the scales that go with them."""
        info = _checked(await gatt.read(hp.INFO))
        asked = _asked(wanted, hp.Config(hp.APPLY, 0, DEFAULT_RATE_HZ, DEFAULT_ACC_G, DEFAULT_GYR_DPS, 0))
        own = hp.parse_config(await gatt.read(hp.CONFIG))
        try:
            await self._apply(gatt, asked, info)
        except DeviceError:
            choice = _asked(wanted, own._replace(command=hp.APPLY, flags=0, samples=0)) if own.rate_hz else asked
            if choice == asked:
                raise
            asked = choice  # the user left something open: the board's own choice
            await self._apply(gatt, asked, info)
        agreed = hp.parse_config(await gatt.read(hp.CONFIG))
        if agreed[2:5] != asked[2:5]:
            raise DeviceError(
                f"The board was asked for {_words(asked)} and reads back {agreed.rate_hz} Hz, ±{agreed.acc_range_g} g, "
                f"±{agreed.gyr_range_dps} deg/s. Its firmware must refuse what it does not offer: update it."
            )
        info = _checked(await gatt.read(hp.INFO))
        return StreamSettings(
            self.family,
            float(agreed.rate_hz),
            acc_range_g=float(agreed.acc_range_g),
            gyr_range_dps=float(agreed.gyr_range_dps),
            details={
                "acc_m_s2": info.acc_m_s2,
                "gyr_rad_s": info.gyr_rad_s,
                "boot_id": info.boot_id,
                "model": info.model,
                "samples": agreed.samples,
            },
        )

    async def _apply(self, gatt: Gatt, asked: hp.Config, info: hp.Info) -> None:
        """Write the configuration; raises `DeviceError` where the board refuses it."""
        try:
            await gatt.write(hp.CONFIG, hp.pack_config(asked), response=True)
        except GattRefused as refusal:
            raise DeviceError(
                f"The board does not offer {_words(asked)} (ATT error {refusal.code}): its highest rate is "
                f"{info.max_rate_hz} Hz. Ask for a lower rate or another range."
            ) from refusal

    async def start(self, gatt: Gatt, settings: StreamSettings, on_packet: OnPacket) -> None:
        """Subscribe, then start."""
        await gatt.subscribe(hp.DATA, handler_for(on_packet, hp.DATA))
        await gatt.write(hp.CONFIG, _config(settings, hp.START), response=True)

    async def stop(self, gatt: Gatt, settings: StreamSettings) -> None:
        """Stop, then unsubscribe."""
        await gatt.write(hp.CONFIG, _config(settings, hp.STOP), response=True)
        await gatt.unsubscribe(hp.DATA)

    async def listen(self, gatt: Gatt, on_packet: OnPacket) -> bool:
        """Subscribe to the answers to pings; False where the board has none."""
        if hp.TIMESYNC not in gatt.characteristics:
            return False
        await gatt.subscribe(hp.TIMESYNC, handler_for(on_packet, hp.TIMESYNC))
        return True

    async def ping(self, gatt: Gatt, number: int, on_packet: OnPacket) -> None:
        """Ask for the board's time."""
        question = hp.ping(number)
        on_packet(hp.TIMESYNC, question)
        await gatt.write(hp.TIMESYNC, question, response=False)

    def heard(self, characteristic: str, payload: bytes) -> Reply | None:
        """Read a ping or its answer."""
        if characteristic != hp.TIMESYNC or len(payload) not in (hp.PING, hp.PONG):
            return None
        if len(payload) == hp.PING:
            return Reply(int.from_bytes(payload, "little"))
        answer = hp.parse_timesync(payload)
        return Reply(answer.nonce, answer.received_us * 1000, wrap_ns=(1 << 32) * 1000)

    async def battery(self, gatt: Gatt) -> int | None:
        """Return the charge [%]; also while streaming."""
        if BATTERY_LEVEL not in gatt.characteristics:
            return None
        level = await gatt.read(BATTERY_LEVEL)
        return level[0] if level else None

    def decoder(self, settings: StreamSettings) -> Decoder:
        """Return a fresh decoder."""
        return Decoder(settings)

    def parts(self, settings: StreamSettings) -> tuple[str, ...]:
        """Return what must keep coming."""
        return (SAMPLES,)

    def part_of(self, settings: StreamSettings, characteristic: str, payload: bytes) -> str | None:
        """Return which part a notification carries."""
        return SAMPLES if characteristic == hp.DATA else None


def _checked(payload: bytes) -> hp.Info:
    """Return the board's info; raises `DeviceError` where it cannot be worked with."""
    try:
        info = hp.parse_info(payload)
    except PacketError as problem:
        raise DeviceError(f"The board's info cannot be read: {problem}") from problem
    scales_are_sane = all(0 < scale < LARGEST_SCALE and math.isfinite(scale) for scale in info[3:5])
    if info.protocol != hp.VERSION or info.channels != hp.CHANNELS or not scales_are_sane:
        raise DeviceError(
            f"The board speaks version {info.protocol} with {info.channels} channels and scales {info.acc_m_s2:g} m/s² "
            f"and {info.gyr_rad_s:g} rad/s per count; this product needs version {hp.VERSION} with {hp.CHANNELS}. "
            "Update the board's firmware."
        )
    return info


def _config(settings: StreamSettings, command: int) -> bytes:
    acc_g, gyr_dps = int(settings.acc_range_g or 0), int(settings.gyr_range_dps or 0)
    samples = int(settings.details["samples"])
    return hp.pack_config(hp.Config(command, 0, int(settings.rate_hz), acc_g, gyr_dps, samples))


def _asked(wanted: StreamRequest, default: hp.Config) -> hp.Config:
    """Return the default with what the user wants."""
    return default._replace(
        rate_hz=_whole(wanted.rate_hz, default.rate_hz, most=0xFFFF, unit="Hz"),
        acc_range_g=_whole(wanted.acc_range_g, default.acc_range_g, most=0xFF, unit="g"),
        gyr_range_dps=_whole(wanted.gyr_range_dps, default.gyr_range_dps, most=0xFFFF, unit="deg/s"),
    )


def _words(asked: hp.Config) -> str:
    return f"{asked.rate_hz} Hz, ±{asked.acc_range_g} g, ±{asked.gyr_range_dps} deg/s"


def _whole(wanted: float | None, default: int, *, most: int, unit: str) -> int:
    """Return a value the profile can carry: a whole number that fits its field."""
    value = default if wanted is None else wanted
    if value != int(value) or not 0 < value <= most:
        raise DeviceError(f"The profile carries whole numbers from 1 to {most} {unit}, asked was {value:g} {unit}.")
    return int(value)


DRIVER: Final = HingeProfile()
