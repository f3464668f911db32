"""Hold connections to a number: so many in all and per address, and none that says nothing.

A thousand sockets would take all descriptors that the recording needs. It reads no request; uvicorn does.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS: Final = 96
"""In all: eight viewers with the six connections that a browser opens, and as many again."""

MOST_PER_ADDRESS: Final = 48
"""Of one address. All of this machine come from one."""

REQUEST_S: Final = 5.0
"""A connection that has not asked for anything by then is closed, as is one that is idle for so long [s]."""


class LimitedProtocol(H11Protocol):
    """Be uvicorn's HTTP, with an end to how many there are."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Take a new connection, or drop it where there are too many."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        same = sum(_address(other) == address for other in self.connections)
        if len(self.connections) > MOST_CONNECTIONS or same > MOST_PER_ADDRESS:
            transport.abort()
            return
        self._asking = self.loop.call_later(REQUEST_S, self._close_unasked)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        super().connection_lost(exc)
        asking: asyncio.TimerHandle | None = getattr(self, "_asking", None)
        if asking is not None:
            asking.cancel()

    def _close_unasked(self) -> None:
        if self.cycle is None and self.transport.get_protocol() is self:  # an upgrade has another protocol by now
            self.transport.abort()


def _address(connection: Any) -> str:
    client = getattr(connection, "client", None)
    return str(client[0]) if client else ""
