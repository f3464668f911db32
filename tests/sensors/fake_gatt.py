"""Stand in for a connected device: a script answers what a driver writes. No radio, no bleak."""

from __future__ import annotations

from collections.abc import Callable

from imu_hinge.sensors.protocol import Handler


class FakeGatt:
    """Record writes, answer reads from a table, and let ``on_write`` notify."""

    def __init__(self, on_write: Callable[[FakeGatt, str, bytes], None] | None = None, *, mtu: int = 247) -> None:
        self.on_write = on_write
        self.values: dict[str, bytes] = {}
        self.handlers: dict[str, Handler] = {}
        self.written: list[tuple[str, bytes]] = []
        self.services: set[str] = set()
        self.mtu = mtu

    @property
    def characteristics(self) -> set[str]:
        return set(self.values)

    async def read(self, characteristic: str) -> bytes:
        return self.values[characteristic]

    async def write(self, characteristic: str, data: bytes, *, response: bool) -> None:
        self.written.append((characteristic, bytes(data)))
        if self.on_write is not None:
            self.on_write(self, characteristic, bytes(data))

    async def subscribe(self, characteristic: str, handler: Handler) -> None:
        self.handlers[characteristic] = handler

    async def unsubscribe(self, characteristic: str) -> None:
        self.handlers.pop(characteristic, None)

    def max_write(self, characteristic: str) -> int:
        return self.mtu - 3

    def notify(self, characteristic: str, payload: bytes) -> None:
        if characteristic in self.handlers:
            self.handlers[characteristic](payload)
