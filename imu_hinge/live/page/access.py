"""Say who may read the page: which Host, which Origin, which token; and which headers every answer has.

On this machine the address alone is enough, since no other site may read it; on a network every path begins with a
random token, so that nothing is answered to who has not seen the code. It opens no socket: `page_server` does.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from imu_hinge.errors import SettingsError

LOOPBACK: Final = "127.0.0.1"

TOKEN_BYTES: Final = 16
"""128 bits: nobody guesses it at a hundred tries a second."""

_NOWHERE: Final = ("192.0.2.1", 9)
"""An address kept for documentation (RFC 5737): a socket turned to it sends nothing and says which way it would go."""

HTTP_REFUSED, HTTP_NO_METHOD = 403, 405
"""What is answered to who may not, and to who wants to write."""


@dataclass(frozen=True, slots=True)
class Access:
    """Hold where the page is and what a request must bring.

    Parameters
    ----------
    host, port
        Bound address.
    token
        First part of every path; empty on this machine alone.
    """

    host: str
    port: int
    token: str = ""

    @property
    def url(self) -> str:
        """What a browser is told to open."""
        return f"http://{self.host}:{self.port}{self.root}"

    @property
    def root(self) -> str:
        """Path below which the page's files are."""
        return f"/{self.token}/" if self.token else "/"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Values of Host that mean this page; a name that somebody else's DNS points here is none of them."""
        names = (LOOPBACK, "localhost") if self.host == LOOPBACK else (self.host,)
        return tuple(f"{name}:{self.port}" for name in names)

    def refusal(self, path: str, headers: Mapping[str, str], *, is_socket: bool) -> str:
        """Return why a request is refused, in a few words; empty where it is not.

        Parameters
        ----------
        path
            Of the request, beginning with a slash.
        headers
            By name in small letters.
        is_socket
            Whether it asks for a WebSocket, for which every browser names the page's Origin.
        """
        if headers.get("host", "").lower() not in self.hosts:
            return "another host"
        origin = headers.get("origin")
        if (origin is None and is_socket) or (origin is not None and origin not in self._origins):
            return "another origin"
        given = path[: len(self.root)].encode(errors="replace")
        return "" if secrets.compare_digest(given, self.root.encode()) else "no token"

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every answer: nothing is loaded from elsewhere, framed, guessed, kept or told to others."""
        sockets = " ".join(f"ws://{host}" for host in self.hosts)
        return {
            "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            f"connect-src 'self' {sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "no-referrer",
            "cross-origin-resource-policy": "same-origin",
            "cache-control": "no-store",
        }

    @property
    def _origins(self) -> tuple[str, ...]:
        return tuple(f"http://{host}" for host in self.hosts)


class Gate:
    """Let through what `Access` lets through, with the token taken off its path; answer the rest in a few words.

    Parameters
    ----------
    app
        ASGI application behind it.
    access
        Whom to let through.
    """

    def __init__(self, app: Any, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Be an ASGI application."""
        from starlette.responses import PlainTextResponse

        is_socket = scope["type"] == "websocket"
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        why = self._access.refusal(scope["path"], headers, is_socket=is_socket)
        if why and is_socket:
            await send({"type": "websocket.close", "code": 1008})  # before it was accepted: answered with 403
            return
        if why:
            text = f"Refused: {why}. Open the address that imu-hinge printed.\n"
            response = PlainTextResponse(text, HTTP_REFUSED, headers=self._access.headers)
        elif not is_socket and scope["method"] not in ("GET", "HEAD"):
            response = PlainTextResponse("Refused: it is only read.\n", HTTP_NO_METHOD, headers=self._access.headers)
        else:
            rest = f"/{scope['path'][len(self._access.root) :]}"
            await self._app({**scope, "path": rest, "raw_path": rest.encode()}, receive, send)
            return
        await response(scope, receive, send)


def new_token() -> str:
    """Return a random token that a path can hold."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def network_address() -> str:
    """Return this machine's address in the network it would reach others by; nothing is sent.

    Raises
    ------
    SettingsError
        Where there is no network.
    """
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(_NOWHERE)
            address = str(probe.getsockname()[0])
    except OSError as error:
        raise SettingsError(
            f"No network was found for --lan: {error.strerror or error}. Join one, or leave --lan out."
        ) from error
    if address.startswith("127."):
        raise SettingsError("No network was found for --lan, only this machine itself. Join one, or leave --lan out.")
    return address


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address; where the port is taken, to any free one.

    Raises
    ------
    SettingsError
        Where the address cannot be bound at all.
    """
    for wanted in (port, 0):
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name == "posix":  # after a restart the same port is free at once; Windows would share one that is taken
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, wanted))
            bound.listen()
            return bound
        except OSError as error:
            bound.close()
            problem = error
    raise SettingsError(f"The page cannot be served at {host}: {problem.strerror or problem}. Choose another --port.")
