"""Who is let in, what is answered, and what a browser is sent: a real server on this machine, no browser."""

import asyncio
import http.client
import json
import math
import re
import socket
from contextlib import asynccontextmanager

import pytest
import websockets
from test_page_state import instant, rep, told

from imu_hinge.errors import SettingsError
from imu_hinge.live.page import connections, page_server
from imu_hinge.live.page.access import Access, bound_socket, new_token
from imu_hinge.live.page.page_server import (
    MOST_MESSAGE_BYTES,
    MOST_MESSAGES,
    MOST_UNDRAWN,
    MOST_VIEWERS,
    page_files,
    page_served,
)
from imu_hinge.live.page.page_state import About, PageState
from imu_hinge.live.page_terminal import qr_code

HERE = Access("127.0.0.1", 8737)
NETWORK = Access("192.168.1.5", 8737, "secret")


@pytest.mark.parametrize(
    ("access", "path", "headers", "is_socket", "why"),
    [
        (HERE, "/", {"host": "127.0.0.1:8737"}, False, ""),
        (HERE, "/", {"host": "LOCALHOST:8737"}, False, ""),
        (HERE, "/live", {"host": "127.0.0.1:8737", "origin": "http://127.0.0.1:8737"}, True, ""),
        (HERE, "/", {"host": "evil.example:8737"}, False, "another host"),
        (HERE, "/", {"host": "127.0.0.1"}, False, "another host"),
        (HERE, "/", {}, False, "another host"),
        (HERE, "/", {"host": "127.0.0.1:8737", "origin": "http://evil.example"}, False, "another origin"),
        (HERE, "/live", {"host": "127.0.0.1:8737"}, True, "another origin"),
        (HERE, "/live", {"host": "127.0.0.1:8737", "origin": "null"}, True, "another origin"),
        (HERE, "/live", {"host": "127.0.0.1:8737", "origin": "http://127.0.0.1:8738"}, True, "another origin"),
        (NETWORK, "/secret/", {"host": "192.168.1.5:8737"}, False, ""),
        (NETWORK, "/secret/live", {"host": "192.168.1.5:8737", "origin": "http://192.168.1.5:8737"}, True, ""),
        (NETWORK, "/", {"host": "192.168.1.5:8737"}, False, "no token"),
        (NETWORK, "/secret", {"host": "192.168.1.5:8737"}, False, "no token"),
        (NETWORK, "/secreu/", {"host": "192.168.1.5:8737"}, False, "no token"),
        (NETWORK, "/style.css", {"host": "192.168.1.5:8737"}, False, "no token"),
        (NETWORK, "/live", {"host": "192.168.1.5:8737", "origin": "http://192.168.1.5:8737"}, True, "no token"),
        (NETWORK, "/secret/", {"host": "127.0.0.1:8737"}, False, "another host"),
    ],
)
def test_only_who_has_host_origin_and_token_is_let_in(access, path, headers, is_socket, why):
    assert access.refusal(path, headers, is_socket=is_socket) == why


def state():
    return PageState(About("sensors"), session_id="one", clock=lambda: 100.0)


def run(story):
    """Run a story of the page's state and where it is served."""

    async def whole():
        page = state()
        async with page_served(page, port=0) as access, asyncio.timeout(20):
            await story(page, access)

    asyncio.run(whole())


async def get(access, path="/", *, method="GET", **headers):
    """Return status, headers and body."""

    def ask():
        connection = http.client.HTTPConnection(access.host, access.port, timeout=10)
        connection.request(method, path, headers={name: value for name, value in headers.items() if value})
        answer = connection.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return found

    return await asyncio.to_thread(ask)


@asynccontextmanager
async def watching(access, *, origin=None, path="live"):
    origin = f"http://{access.host}:{access.port}" if origin is None else origin
    address = f"{access.url.replace('http', 'ws')}{path}"
    async with websockets.connect(address, origin=origin or None) as browser:
        yield browser


async def frame(browser, *, is_drawn=True):
    """Return the next frame, and say that it is drawn."""
    found = json.loads(await browser.recv())
    if is_drawn:
        await browser.send(str(found["number"]))
    return found


def last_s(found):
    """Return the newest instant of a frame; NaN where it has none."""
    return found["instants"][-1]["time_s"] if found.get("instants") else math.nan


async def refused(access, **how):
    with pytest.raises(websockets.InvalidStatus) as caught:
        async with watching(access, **how):
            pass
    return caught.value.response.status_code


def test_the_page_is_served_whole_and_nothing_else_is():
    async def story(page, access):
        for name in ("", *page_files()):
            status, headers, body = await get(access, f"/{name}")
            assert status == 200, name
            assert body == page_files()[name or "index.html"]
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
            assert "server" not in headers
        for path in ("/page_state.py", "/../page_server.py", "/%2e%2e/page_server.py", "/web/main.js", "//etc/passwd"):
            assert (await get(access, path))[0] == 404, path
        assert (await get(access, method="POST"))[0] == 405
        assert (await get(access, Host="evil.example"))[0] == 403
        assert (await get(access, Origin="http://evil.example"))[0] == 403

    run(story)


def test_the_page_asks_for_nothing_from_elsewhere():
    for name, content in page_files().items():
        for address in re.findall(rb"https?://[^\s\"'<>)]+", content):
            assert address == b"http://www.w3.org/2000/svg", name
        assert b"innerHTML" not in content
        assert b"eval(" not in content
    markup = page_files()["index.html"].decode()
    assert not re.search(r"\sstyle=|\son\w+=|<script>", markup), "the policy would refuse it"
    for file in re.findall(r"(?:src|href)=\"([^\"]+)\"", markup):
        assert file in page_files()


def test_a_socket_without_the_pages_origin_is_refused():
    async def story(page, access):
        assert await refused(access, origin="http://evil.example") == 403
        assert await refused(access, origin="") == 403
        assert await refused(access, path="other") == 403

    run(story)


def test_with_a_token_nothing_is_answered_without_it(monkeypatch):
    monkeypatch.setattr(page_server, "network_address", lambda: "127.0.0.1")

    async def whole():
        async with page_served(state(), is_lan=True, port=0) as access, asyncio.timeout(20):
            assert len(access.token) >= 22
            for path in ("/", "/main.js", f"/{access.token}", f"/{new_token()}/"):
                assert (await get(access, path))[0] == 403, path
            assert (await get(access, access.root))[0] == 200
            assert (await get(access, f"{access.root}main.js"))[0] == 200
            bare = Access(access.host, access.port)
            assert await refused(bare) == 403
            async with watching(access) as browser:
                assert (await frame(browser))["about"]["session"] == "one"

    asyncio.run(whole())
    assert new_token() != new_token()


def test_a_browser_is_told_all_then_what_is_new_and_after_a_reload_all_again():
    async def story(page, access):
        page.take_event(told("rep", rep(10.0)))
        async with watching(access) as browser:
            first = await frame(browser)
            assert len(first["sets"][0]["reps"]) == 1
            page.take_instants([instant(14.0)])
            second = await frame(browser)
            assert [each["time_s"] for each in second["instants"]] == [14.0]
            assert "sets" not in second
        async with watching(access) as browser:
            again = await frame(browser)
            assert again["about"] == first["about"]
            assert again["sets"] == first["sets"]
            assert [each["time_s"] for each in again["instants"]] == [14.0]

    run(story)


def test_what_a_slow_browser_has_not_drawn_is_dropped_and_it_gets_the_newest():
    async def story(page, access):
        async with watching(access) as slow, watching(access) as quick:
            for at in range(3 * MOST_UNDRAWN):
                page.take_instants([instant(float(at))])
                while last_s(await frame(quick)) != at:
                    pass
            got = [await frame(slow, is_drawn=False) for _ in range(MOST_UNDRAWN)]
            assert last_s(got[-1]) < 3 * MOST_UNDRAWN - 1, "the last was not sent yet"
            await slow.send(str(got[-1]["number"]))
            newest = await frame(slow)
            assert newest["number"] == MOST_UNDRAWN + 1, "those between were never sent"
            assert last_s(newest) == 3 * MOST_UNDRAWN - 1

    run(story)


def test_a_sound_is_never_dropped():
    async def story(page, access):
        async with watching(access) as slow:
            got = [await frame(slow, is_drawn=False)]
            for at in range(10):
                page.take_event(told("rep", rep(10.0 + 4.0 * at)))
            while sum(len(each.get("cues", [])) for each in got) < 10:
                got.append(await frame(slow))
            numbers = [cue["number"] for each in got for cue in each.get("cues", [])]
            assert numbers == list(range(1, 11))

    run(story)


def test_how_far_the_page_is_behind_is_measured_when_it_says_what_it_drew():
    async def story(page, access):
        async with watching(access) as browser:
            await frame(browser)
            page.take_instants([instant(99.75)])
            assert (await frame(browser))["latency_ms"] is None
            page.take_instants([instant(99.8)])
            assert (await frame(browser))["latency_ms"] == pytest.approx(250.0)

    run(story)


@pytest.mark.parametrize("said", ["hello", "-1", "9", "0.5", "²", b"1", "1" * (MOST_MESSAGE_BYTES + 1)])
def test_who_says_anything_else_is_let_go_and_others_notice_nothing(said):
    async def story(page, access):
        async with watching(access) as lifter, watching(access) as other:
            await frame(lifter)
            await frame(other, is_drawn=False)
            await other.send(said)
            await other.wait_closed()
            assert other.close_code in (1008, 1009)
            page.take_instants([instant(1.0)])
            assert last_s(await frame(lifter)) == 1.0

    run(story)


def test_a_flood_of_messages_is_let_go():
    async def story(page, access):
        async with watching(access) as browser:
            await frame(browser, is_drawn=False)
            for _ in range(2 * MOST_MESSAGES):
                await browser.send("1")
            await browser.wait_closed()
            assert browser.close_code == 1008

    run(story)


def test_the_ninth_browser_is_told_that_eight_look_already():
    async def story(page, access):
        browsers = [websockets.connect(f"ws://127.0.0.1:{access.port}/live", origin=access.url[:-1]) for _ in range(9)]
        opened = [await browser for browser in browsers]
        for browser in opened[:MOST_VIEWERS]:
            assert (await frame(browser))["number"] == 1
        with pytest.raises(websockets.ConnectionClosed, match="Eight browsers"):
            await opened[-1].recv()
        await opened[0].close()
        while True:  # until the server has noticed, a ninth is one too many
            async with watching(access) as browser:
                try:
                    assert (await frame(browser))["number"] == 1
                    break
                except websockets.ConnectionClosed:
                    continue
        for browser in opened:
            await browser.close()

    run(story)


def test_a_thousand_silent_sockets_change_nothing_for_who_looks(monkeypatch):
    monkeypatch.setattr(connections, "REQUEST_S", 0.2)

    async def story(page, access):
        async with watching(access) as lifter:
            await frame(lifter)
            silent = []
            for _ in range(1000):
                crowd = socket.socket()
                crowd.setblocking(False)
                silent.append(crowd)
                await asyncio.get_running_loop().sock_connect(crowd, (access.host, access.port))
                if len(silent) > 200:  # ours are descriptors of this process too
                    silent.pop(0).close()
            page.take_instants([instant(1.0)])
            assert last_s(await frame(lifter)) == 1.0
            answered = 0
            while not answered:  # as soon as those that say nothing are closed
                try:
                    answered = (await get(access))[0]
                except (ConnectionError, http.client.HTTPException):
                    continue
            assert answered == 200
            for crowd in silent:
                crowd.close()

    run(story)


def test_bad_requests_are_refused_without_a_word_on_the_terminal(capfd):
    async def story(page, access):
        for request in (b"\x00\xff\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nHost: " + b"a" * 100_000):
            reader, writer = await asyncio.open_connection(access.host, access.port)
            writer.write(request)
            try:
                await writer.drain()
                assert b"200" not in (await reader.read(100))
            except ConnectionError:
                pass
            writer.close()
        assert (await get(access))[0] == 200

    run(story)
    assert capfd.readouterr().err == ""


def test_where_the_port_is_taken_another_is_used():
    with bound_socket("127.0.0.1", 0) as first, bound_socket("127.0.0.1", first.getsockname()[1]) as second:
        assert first.getsockname()[1] != second.getsockname()[1]
    with pytest.raises(SettingsError, match=r"cannot be served at 192\.0\.2\.77"):
        bound_socket("192.0.2.77", 0)


def test_the_code_for_phones_can_be_shown_in_a_terminal():
    lines = qr_code("http://192.168.1.5:8737/abcdefghijklmnopqrstuv/").splitlines()
    assert len(lines) > 10
    assert len({len(line) for line in lines}) == 1
