"""Virtual peripherals of the project's own profile, Movesense and DOT, as strict as devices of these families."""

import asyncio
import struct
from typing import Any

from bumble import att
from virtual_device import P, VirtualDevice

G = 9.80665
UNSUPPORTED = att.ErrorCode(0x80)


def refuse(code: int = 0x80) -> att.ATT_Error:
    return att.ATT_Error(att.ErrorCode(code))


def own(number: int) -> str:
    return f"02ec{number:04x}-dedd-466f-a979-2a59fbdd437e"


class HingeBoard(VirtualDevice):
    """A maker's board: int16 counts at 2048 per g and 16.4 per deg/s."""

    family = "hinge"
    acc_lsb, gyr_lsb = G / 2048, 0.0010642
    sequence, is_fresh = 0, True
    config: tuple[int, ...] = (0, 0, 100, 16, 2000, 0)
    has_timesync, answers = True, True
    pings = 0

    def services(self) -> Any:
        read_write = P.READ | P.WRITE
        members = [(own(2), P.NOTIFY, None), (own(3), read_write, lambda: struct.pack("<BBHBxHBx", *self.config))]
        members.append((own(4), P.READ, self._info))
        if self.has_timesync:
            members.append((own(5), P.WRITE_WITHOUT_RESPONSE | P.NOTIFY, None))
        return [(own(1), members), self.battery_service()]

    def _info(self) -> bytes:
        return struct.pack("<BBHffIHH", 1, 6, 3, self.acc_lsb, self.gyr_lsb, 1000 + self.boots, 200, 512)

    def _uptime_us(self) -> int:
        """The samples' clock: a second by it holds ``rate_hz`` samples."""
        return round((asyncio.get_running_loop().time() - self.booted_s) * (1 + self.faults.drift) * 1e6)

    async def _pong(self, value: bytes) -> None:
        if len(value) != 4 or not self.is_subscribed(own(5)):
            self.complaints.append(f"a ping of {len(value)} bytes, subscribed: {self.is_subscribed(own(5))}")
            return
        self.pings += 1
        if self.answers:
            await self.notify(own(5), value + struct.pack("<QQ", self._uptime_us(), self._uptime_us()))

    async def on_write(self, uuid: str, value: bytes, *, response: bool) -> None:
        if uuid == own(5):
            await self._pong(value)
            return
        if uuid != own(3) or len(value) != 10:
            raise refuse(0x0D)
        command, flags, rate, acc_g, gyr_dps, samples = struct.unpack("<BBHBxHBx", value)
        if command > 2 or rate not in (50, 100, 200) or acc_g not in (8, 16) or gyr_dps not in (1000, 2000):
            raise refuse()
        self.config = (command, flags, rate, acc_g, gyr_dps, samples)
        self.stop_streaming()
        if command == 1:
            self.rate_hz, self.sequence, self.is_fresh = float(rate), 0, True
            largest = 1 if self.value_size == 20 else min(19, (self.value_size - 12) // 12)
            self.per_packet = min(samples or rate // 20, largest)
            self.start_streaming()

    def forget(self) -> None:
        self.is_fresh = True

    def packets(self, first: int, n: int) -> list[tuple[str, bytes]]:
        flags = 8 if self.is_fresh else 0
        self.is_fresh = False
        t0_us = round(first / self.rate_hz * 1e6) % (1 << 32)
        body = b"".join(struct.pack("<6h", *self.counts(first + k)) for k in range(n))
        if self.value_size == 20:
            head = struct.pack("<BBHI", 1, flags | 1, self.sequence, t0_us)
        else:
            head = struct.pack("<BBHIHBB", 1, flags, self.sequence, t0_us, round(1e6 / self.rate_hz), n, 0)
        self.sequence = (self.sequence + 1) & 0xFFFF
        return [(own(2), head + body)]


def gsp(number: int) -> str:
    return f"3480{number:04x}-7185-4d5d-b431-630e7050e8f0"


class Movesense(VirtualDevice):
    """GSP: commands with response, references, status words, packets of more than 155 bytes in two parts."""

    family = "movesense"
    advertised = ((0x03, bytes.fromhex("f3fd")),)
    reference: int | None = None
    refuses: int | None = None

    def services(self) -> Any:
        return [(gsp(0x2252), [(gsp(1), P.WRITE, None), (gsp(2), P.NOTIFY, None)])]

    async def on_write(self, uuid: str, value: bytes, *, response: bool) -> None:
        if not self.is_subscribed(gsp(2)):
            self.complaints.append("a command before the data characteristic was subscribed: no answer")
            return
        code, reference = value[0], value[1]
        await self.notify(gsp(2), bytes((1, reference)) + self._answer(code, reference, value[2:]))

    def _answer(self, code: int, reference: int, payload: bytes) -> bytes:
        path = payload.removesuffix(b"\0").decode()
        if self.refuses is not None:
            return struct.pack("<H", self.refuses)
        if code == 4 and path == "/System/Energy/Level":
            return struct.pack("<HB", 200, self.battery)
        if code == 4 and path in ("/Meas/Acc/Info", "/Meas/Gyro/Info"):
            ranges = (
                (b"\x04" + bytes((2, 4, 8, 16))) if "Acc" in path else struct.pack("<B5H", 5, 125, 245, 500, 1000, 2000)
            )
            return struct.pack("<HB8H", 200, 8, 13, 26, 52, 104, 208, 416, 833, 1666) + ranges
        if code == 1 and path.startswith("/Meas/IMU6/") and path[11:] in ("13", "26", "52", "104"):
            if self.reference is not None:
                return struct.pack("<H", 409)
            self.reference, self.rate_hz = reference, float(path[11:])
            self.per_packet = max(1, round(self.rate_hz / 13))
            self.start_streaming()
            return struct.pack("<H", 200)
        if code == 2 and reference == self.reference:
            self.forget()
            self.stop_streaming()
            return struct.pack("<H", 200)
        return struct.pack("<H", 404)

    def forget(self) -> None:
        self.reference = None

    def packets(self, first: int, n: int) -> list[tuple[str, bytes]]:
        assert self.reference is not None
        rows = [self.counts(first + k) for k in range(n)]
        acc = [value * 0.005 for row in rows for value in row[:3]]
        gyr = [value * 0.1 for row in rows for value in row[3:]]
        body = struct.pack(f"<I{6 * n}f", round(first / self.rate_hz * 1000) % (1 << 32), *acc, *gyr)
        parts, cut = [], min(153, self.value_size - 2)
        for code, at in ((2, 0), (3, cut)):
            if at < len(body):
                parts.append((gsp(2), bytes((code, self.reference)) + body[at : at + cut]))
        return parts


def dot(short: int) -> str:
    return f"1517{short:04x}-4947-11e9-8646-d663bd873d93"


class MovellaDot(VirtualDevice):
    """Rate quantities (mode 21), one sample per notification of 40 bytes, padded with zeros."""

    family = "dot"
    advertised = ((0xFF, bytes.fromhex("8608")),)
    config: bytes = bytes(24) + struct.pack("<H", 60) + bytes(6)
    state: bytes = bytes((1, 0, 21))
    rate_hz, per_packet = 60.0, 1

    def services(self) -> Any:
        both = P.READ | P.WRITE
        return [
            (dot(0x1000), [(dot(0x1002), both, lambda: self.config)]),
            (dot(0x2000), [(dot(0x2001), both, lambda: self.state), (dot(0x2003), P.NOTIFY, None)]),
            (dot(0x3000), [(dot(0x3001), P.READ | P.NOTIFY, lambda: bytes((self.battery, 0)))]),
        ]

    async def on_write(self, uuid: str, value: bytes, *, response: bool) -> None:
        if uuid == dot(0x1002):
            rate = struct.unpack_from("<H", value, 24)[0] if len(value) == 32 else 0
            if self.state[1] or value[0] != 0x10 or rate not in (1, 4, 10, 12, 15, 20, 30, 60, 120):
                raise refuse()
            self.config, self.rate_hz = value, float(rate)
            return
        if len(value) != 3 or value[0] != 1 or value[1] > 1:
            raise refuse()
        self.state = value
        self.stop_streaming()
        if value[1]:
            if not self.is_subscribed(dot(0x2003)):
                self.complaints.append("started without notifications: connected but no data")
            elif value[2] == 21:
                self.start_streaming()

    def forget(self) -> None:
        self.state = bytes((1, 0, 21))

    def packets(self, first: int, n: int) -> list[tuple[str, bytes]]:
        acc = [value * 0.005 for value in self.counts(first)[:3]]
        gyr = [value * 0.1 for value in self.counts(first)[3:]]
        t_us = round(first / self.rate_hz * 1e6) % (1 << 32)
        return [(dot(0x2003), struct.pack("<I6f", t_us, *acc, *gyr).ljust(40, b"\0"))]
