"""Virtual peripherals of WitMotion, Polar and MetaMotion, as strict as devices of these families."""

import asyncio
import struct
from itertools import pairwise
from typing import Any, ClassVar

from virtual_device import P, VirtualDevice

WIT = "0000{}-0000-1000-8000-00805f9a34fb"


class WitMotionSensor(VirtualDevice):
    """Frames of 20 bytes without time; streams as soon as it is subscribed; settings need unlock and save."""

    family = "witmotion"
    RATES: ClassVar = {6: 10.0, 7: 20.0, 8: 50.0, 9: 100.0, 11: 200.0}
    rate_hz, per_packet = 10.0, 1
    highest_code = 11
    unlocked_s = -1e9
    pending: tuple[int, int] | None = None
    code = 6
    rest = b""

    def services(self) -> Any:
        write = P.WRITE | P.WRITE_WITHOUT_RESPONSE
        return [(WIT.format("ffe5"), [(WIT.format("ffe4"), P.NOTIFY, None), (WIT.format("ffe9"), write, None)])]

    def on_subscription(self, uuid: str, is_on: bool) -> None:
        if is_on:
            self.start_streaming()
        else:
            self.stop_streaming()

    async def on_write(self, uuid: str, value: bytes, *, response: bool) -> None:
        now = asyncio.get_running_loop().time()
        if len(value) != 5 or value[:2] != b"\xff\xaa":
            self.complaints.append(f"no command: {value.hex()}")
        elif value[2:] == bytes.fromhex("6988b5"):
            self.unlocked_s = now
        elif value[2] == 0x27:
            await self._read(struct.unpack("<H", value[3:])[0])
        elif now - self.unlocked_s > 10:
            self.complaints.append("a setting without unlock is ignored")
        elif value[2] == 3:
            self.pending = (3, value[3])
        elif value[2] == 0 and self.pending is not None:
            self.code = min(self.pending[1], self.highest_code)
            self.rate_hz = self.RATES[self.code]
            self.start_streaming()

    async def _read(self, register: int) -> None:
        first = {3: self.code, 0x64: 385}.get(register, 0)
        await self.notify(WIT.format("ffe4"), struct.pack("<BBH8h", 0x55, 0x71, register, first, *[0] * 7))

    def packets(self, first: int, n: int) -> list[tuple[str, bytes]]:
        frames = b"".join(b"\x55\x61" + struct.pack("<9h", *self.counts(first + k), 0, 0, 0) for k in range(n))
        if not self.faults.split:
            return [(WIT.format("ffe4"), frames)]
        stream = self.rest + frames
        cut = self.random.randrange(len(stream) + 1)
        out, self.rest = stream[:cut], stream[cut:]
        return [(WIT.format("ffe4"), out[at : at + self.value_size]) for at in range(0, len(out), self.value_size)]


def pmd(number: int) -> str:
    return f"fb005c8{number}-02e7-f387-1cad-8acd2d8df0c8"


OFFERS = {
    2: bytes.fromhex("00013400 01011000 02010800 040103"),
    5: bytes.fromhex("00013400 01011000 0201d007 040103"),
}


class PolarVerity(VirtualDevice):
    """PMD: both characteristics subscribed first, an MTU of 232, settings exactly as offered, factor in the answer."""

    family = "polar"
    advertised = ((0xFF, bytes.fromhex("6b00")),)
    rate_hz, per_packet = 52.0, 13
    acc_factor, gyr_factor = 0.00025, 0.0625
    running: frozenset[int] = frozenset()
    features = 0x6E

    def services(self) -> Any:
        control = P.READ | P.WRITE | P.INDICATE
        members = [(pmd(1), control, lambda: bytes((0x0F, self.features, 0))), (pmd(2), P.NOTIFY, None)]
        return [(pmd(0), members), self.battery_service()]

    async def on_write(self, uuid: str, value: bytes, *, response: bool) -> None:
        if not (self.is_subscribed(pmd(1)) and self.is_subscribed(pmd(2))):
            self.complaints.append("a command before both characteristics were subscribed: no answer")
            return
        status, parameters = self._answer(value)
        body = bytes((0xF0, value[0], value[1], status, 0)) + parameters
        self.answering = asyncio.ensure_future(self.notify(pmd(1), body))  # an indication waits for its confirmation

    def _answer(self, value: bytes) -> tuple[int, bytes]:
        op, kind = value[0], value[1]
        if kind not in OFFERS:
            return 3, b""
        if op == 1:
            return 0, OFFERS[kind]
        if op == 2:
            if self.value_size < 229:
                return 10, b""
            if kind in self.running:
                return 6, b""
            if value[2:] != OFFERS[kind]:
                return 5, b""
            self.running |= {kind}
            if len(self.running) == 2:
                self.start_streaming()
            return 0, struct.pack("<BBf", 5, 1, self.acc_factor if kind == 2 else self.gyr_factor)
        if op == 3:
            was_running, self.running = kind in self.running, self.running - {kind}
            self.stop_streaming()
            return (0 if was_running else 6), b""
        return 1, b""

    def forget(self) -> None:
        self.running = frozenset()

    def packets(self, first: int, n: int) -> list[tuple[str, bytes]]:
        last_ns = 599_616_000_000_000_000 + round((first + n - 1) / self.rate_hz * 1e9)
        rows = [self.counts(first + k) for k in range(n)]
        frames = []
        for kind, part in ((2, [row[:3] for row in rows]), (5, [row[3:] for row in rows])):
            deltas = [b - a for one, two in pairwise(part) for a, b in zip(one, two, strict=True)]
            bits = sum((delta & 0xFFFF) << (16 * k) for k, delta in enumerate(deltas))
            blocks = struct.pack("<3hBB", *part[0], 16, n - 1) + bits.to_bytes(2 * len(deltas), "little")
            frames.append((pmd(2), struct.pack("<BQB", kind, last_ns, 0x80) + blocks))
        return frames


def mbl(number: int) -> str:
    return f"326a9{number:03x}-85cb-9195-d9dd-464cfbbae75a"


class MetaMotionBoard(VirtualDevice):
    """A BMI160 board with data processors; commands come without response, order matters."""

    family = "metamotion"
    rate_hz, per_packet = 100.0, 1
    ODR: ClassVar = {0x26: 25.0, 0x27: 50.0, 0x28: 100.0, 0x29: 200.0}
    has_processors = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.registers: dict[tuple[int, int], bytes] = {}
        self.processors: list[bytes] = []
        self.counted = 0
        self.on: set[tuple[int, int]] = set()

    def services(self) -> Any:
        return [(mbl(0), [(mbl(1), P.WRITE_WITHOUT_RESPONSE, None), (mbl(6), P.NOTIFY, None)])]

    async def on_write(self, uuid: str, value: bytes, *, response: bool) -> None:
        head, data = (value[0], value[1]), value[2:]
        identities = {
            (3, 0x80): b"\x01\x01",
            (0x13, 0x80): b"\x00\x01",
            (0x11, 0xCC): struct.pack("<BH", self.battery, 4100),
        }
        if head in identities:
            answer = 0x11, 0x8C
            await self.notify(mbl(6), bytes(answer if head == (0x11, 0xCC) else head) + identities[head])
        elif head == (9, 8):
            self.processors.clear()
        elif head == (9, 2):
            if self.has_processors:
                self.processors.append(data)
                await self.notify(mbl(6), bytes((9, 2, len(self.processors) - 1)))
        elif head[1] & 0x80:
            await self.notify(mbl(6), bytes(head) + self.registers.get((head[0], head[1] & 0x7F), b""))
        else:
            self._set(head, data)

    def _set(self, head: tuple[int, int], data: bytes) -> None:
        self.registers[head] = data
        if head in ((3, 1), (0x13, 1)):
            self._power(head, data == b"\x01")

    def _power(self, head: tuple[int, int], is_on: bool) -> None:
        (self.on.add if is_on else self.on.discard)(head)
        self.stop_streaming()
        if len(self.on) < 2:
            return
        for wanted, value in (((3, 2), b"\x01\x00"), ((0x13, 2), b"\x01\x00")):
            if self.registers.get(wanted) != value:
                self.complaints.append(f"{wanted} was not enabled before the power")
        acc, gyr = self.registers[3, 3], self.registers[0x13, 3]
        if acc[0] not in self.ODR or acc[0] != gyr[0]:
            self.complaints.append(f"rates differ: {acc.hex()} {gyr.hex()}")
            return
        self.rate_hz, self.counted = self.ODR[acc[0]], 0
        self.per_packet = 1 if self.processors else 3
        self.start_streaming()

    def forget(self) -> None:
        self.on.clear()

    def packets(self, first: int, n: int) -> list[tuple[str, bytes]]:
        rows = [self.counts(first + k) for k in range(n)]
        if n == 1 and self.processors:
            self.counted += 1
            number = len(self.processors) - 1
            return [(mbl(6), bytes((9, 3, number)) + struct.pack("<I6h", self.counted, *rows[0]))]
        acc = struct.pack("<9h", *[value for row in rows for value in row[:3]])
        gyr = struct.pack("<9h", *[value for row in rows for value in row[3:]])
        return [(mbl(6), b"\x03\x1c" + acc), (mbl(6), b"\x13\x07" + gyr)]
