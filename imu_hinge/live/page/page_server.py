"""Serve the page as a task of the program's own event loop: its files, and what is new, to at most eight browsers.

What a browser has not drawn is not queued for it: it is sent the newest, when it has drawn what it was sent.
What is shown is `page_state`'s; who may see it `access`'s.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from imu_hinge.errors import SettingsError
from imu_hinge.live.page.access import LOOPBACK, Access, Gate, bound_socket, network_address, new_token
from imu_hinge.live.page.page_state import PageState

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

PORT: Final = 8737
"""Chosen: not registered for anything; the same every time, so that a page outlives a restart of the program."""

FRAME_S: Final = 0.02
"""Least time between two frames to one browser: 25 instants come a second, and a late one does not wait long [s]."""

MOST_UNDRAWN: Final = 3
"""Frames on their way to one browser; a network 100 ms away still gets all 25 a second."""

MOST_VIEWERS: Final = 8
"""Browsers at a time: lifter, coach, and some on the bench."""

MOST_MESSAGE_BYTES: Final = 256
"""A browser says which frame it has drawn, and nothing longer."""

MOST_MESSAGES: Final = 100
"""... and no more often than this in a second."""

_TYPES: Final = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}

CODE_TOO_MANY, CODE_NOT_UNDERSTOOD = 1013, 1008
"""Why a WebSocket is closed (RFC 6455): try again later; against the rules."""


@asynccontextmanager
async def page_served(state: PageState, *, is_lan: bool = False, port: int = PORT) -> AsyncIterator[Access]:
    """Serve the page for as long as the context lasts; gives where it is.

    Parameters
    ----------
    state
        What is shown.
    is_lan
        On the network's address with a token, instead of on this machine alone.
    port
        Another one where it is taken.

    Raises
    ------
    SettingsError
        Where the extra ``live`` is not installed, there is no network, or the address cannot be bound.
    """
    try:
        import uvicorn

        from imu_hinge.live.page.connections import REQUEST_S, LimitedProtocol
    except ImportError as error:
        raise SettingsError(f"The page needs {error.name}. Install it with: pip install 'imu-hinge[live]'") from error

    class Server(uvicorn.Server):
        """Be a server that leaves signals to the program."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    host = network_address() if is_lan else LOOPBACK
    bound = bound_socket(host, port)
    access = Access(host, bound.getsockname()[1], new_token() if is_lan else "")
    page = Page(state, access)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # bad requests are no news to a lifter
    config = uvicorn.Config(
        Gate(page.app(), access),
        http=LimitedProtocol,
        ws="websockets-sansio",
        ws_max_size=MOST_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=round(REQUEST_S),
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=8192,
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        yield access
    finally:
        page.close()
        server.should_exit = True
        await serving
        bound.close()


class Page:
    """Answer requests for the page's files and feed its WebSockets.

    Parameters
    ----------
    state
        What is shown; it says when something is new, from any thread.
    access
        Its headers go with every answer.
    """

    def __init__(self, state: PageState, access: Access) -> None:
        self._state, self._access = state, access
        self._files = page_files()
        self._news: set[asyncio.Event] = set()
        self._loop = asyncio.get_running_loop()
        state.on_news(self._tell)

    def app(self) -> Any:
        """Return the ASGI application."""
        from starlette.applications import Starlette
        from starlette.routing import Route, WebSocketRoute

        return Starlette(routes=[WebSocketRoute("/live", self._watch), Route("/{name:path}", self._file)])

    def close(self) -> None:
        """Let every browser go."""
        self._state.on_news(None)

    def _tell(self) -> None:
        """Say that something is new; from any thread."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for news in self._news:
            news.set()

    async def _file(self, request: Any) -> Any:
        from starlette.responses import PlainTextResponse, Response

        name = request.path_params["name"] or "index.html"
        content = self._files.get(name)
        if content is None:
            return PlainTextResponse("There is no such file.\n", 404, headers=self._access.headers)
        return Response(content, media_type=_TYPES[name.rpartition(".")[2]], headers=self._access.headers)

    async def _watch(self, socket: WebSocket) -> None:
        """Send a browser what is new, no more than it draws."""
        from starlette.websockets import WebSocketDisconnect

        if len(self._news) >= MOST_VIEWERS:
            await socket.accept()
            await socket.close(CODE_TOO_MANY, "Eight browsers look already.")
            return
        news = asyncio.Event()
        self._news.add(news)
        try:
            await socket.accept()
            viewer = Viewer(self._state, news)
            listening = asyncio.create_task(viewer.listen(socket))
            sending = asyncio.create_task(viewer.send(socket))
            try:
                await asyncio.wait((listening, sending), return_when=asyncio.FIRST_COMPLETED)
            finally:
                listening.cancel()
                sending.cancel()
            with suppress(WebSocketDisconnect, asyncio.CancelledError):  # it went while it was sent something
                await asyncio.gather(listening, sending)
        finally:
            self._news.discard(news)


class Viewer:
    """Hold what one browser was sent, what it has drawn, and how long that took.

    Parameters
    ----------
    state
        What is shown.
    news
        Set when something is new, or something was drawn.
    """

    def __init__(self, state: PageState, news: asyncio.Event) -> None:
        self._state, self._news = state, news
        self._mark = state.start_mark()
        self._sent: deque[tuple[int, float | None]] = deque(maxlen=2 * MOST_UNDRAWN)
        self._number = self._drawn = 0
        self._latency_ms: float | None = None
        news.set()  # the first frame is the whole state

    async def send(self, socket: WebSocket) -> None:
        """Send frames until the browser is gone."""
        while True:
            await self._news.wait()
            self._news.clear()
            if self._number - self._drawn >= MOST_UNDRAWN:
                continue
            news, self._mark, time_s = self._state.news(self._mark)
            if not news:
                continue
            self._number += 1
            self._sent.append((self._number, time_s))
            frame = {"number": self._number, "latency_ms": self._latency_ms, **news}
            await socket.send_text(json.dumps(frame, allow_nan=False, separators=(",", ":")))
            await asyncio.sleep(FRAME_S)

    async def listen(self, socket: WebSocket) -> None:
        """Take what the browser says it has drawn, until it is gone or says anything else."""
        loop, heard = asyncio.get_running_loop(), deque[float](maxlen=MOST_MESSAGES)
        while (message := await socket.receive())["type"] != "websocket.disconnect":
            text = message.get("text") or ""
            is_flood = len(heard) == MOST_MESSAGES and loop.time() - heard[0] < 1.0
            heard.append(loop.time())
            if is_flood or not text.isdecimal() or not self._drawn <= int(text) <= self._number:
                await socket.close(CODE_NOT_UNDERSTOOD, "Only the number of a frame is understood.")
                return
            self._take_drawn(int(text))

    def _take_drawn(self, number: int) -> None:
        self._drawn = number
        for sent, time_s in self._sent:
            if sent == number and time_s is not None:
                self._latency_ms = self._state.age_ms(time_s)
        self._news.set()


def page_files() -> dict[str, bytes]:
    """Return the page's files by name; nothing else is served."""
    folder = resources.files("imu_hinge.live.page") / "web"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in _TYPES}
