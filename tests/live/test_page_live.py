"""A set on the page: a simulated one in a real browser, and one over the virtual radio, held against the analysis."""

import asyncio
import itertools
import json
import math
import os
import queue
import shutil
import threading
from contextlib import contextmanager

import numpy as np
import pytest
import websockets
from bumble_backend import Air
from typer.testing import CliRunner
from virtual_families import HingeBoard
from virtual_time import now_ns, run

import imu_hinge as ih
from imu_hinge.cli import app
from imu_hinge.conventions import LUMBAR_FLEXION
from imu_hinge.live import page_terminal
from imu_hinge.live.live_session import Screen, play_with_page, record_with_page
from imu_hinge.live.playback import BLOCK_S
from imu_hinge.live.record_session import Plan
from imu_hinge.live.recorder import Session
from imu_hinge.report.wording import VERDICT_WORDS
from imu_hinge.storage.recording import read

SPEED = 20.0
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
SIZES = {"phone": (390, 844), "tablet": (1280, 800), "laptop": (1440, 900)}


@contextmanager
def played(recording, *, speed=SPEED):
    """Play a recording with its page in a thread; gives where the page is."""
    places, ends = queue.Queue(), queue.Queue()

    async def story():
        stop = asyncio.Event()
        ends.put((asyncio.get_running_loop(), stop))
        return await play_with_page(recording, Screen(port=0, on_open=places.put), speed=speed, stop=stop)

    thread = threading.Thread(target=lambda: asyncio.run(story()))
    thread.start()
    loop, stop = ends.get()
    try:
        yield places.get(timeout=20)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine (apt install chromium)")
    with playwright.sync_playwright() as driver:
        options = [] if os.name == "nt" or os.geteuid() else ["--no-sandbox"]  # root may not have one
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium):
    """Return a page whose console must stay silent."""
    said = []
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert said == []


def as_live(recording):
    """Return what the analysis says of a recording, and the instants of samples that arrive as a playback sends them."""
    live = ih.LiveAnalysis(list(recording.sensors), athlete=recording.athlete, exercise=recording.exercise)
    stop_s = max(float(samples.time_s[-1]) for samples in recording.sensors.values())
    edges = np.arange(0.0, stop_s + BLOCK_S, BLOCK_S)
    for start_s, until_s in itertools.pairwise(edges):
        for placement, samples in recording.sensors.items():
            live.feed(placement, samples[slice(*np.searchsorted(samples.time_s, (start_s, until_s)))])
    return ih.analyze(recording, as_live=True), live.take_instants()


def test_the_page_shows_what_the_analysis_says_and_a_reload_shows_it_again(short_set, tab):
    result, instants = as_live(short_set.recording)
    percent = 100.0 * math.degrees(instants[-1].angles_rad[LUMBAR_FLEXION]) / 55.0
    words = [VERDICT_WORDS[rep.verdict.label] for rep in result.lifts]
    with played(short_set.recording) as access:
        tab.goto(access.url)
        tab.wait_for_selector("#simulated:not([hidden])")
        for _ in range(2):
            tab.wait_for_function("document.getElementById('banner').textContent.includes('deadlift')", timeout=60_000)
            assert tab.inner_text("#number") == str(len(result.lifts))
            assert tab.inner_text("#word") == words[-1]
            assert tab.get_attribute("#shape", "data-verdict") == result.lifts[-1].verdict.label
            assert tab.inner_text("#percent") == f"{round(percent)} %"
            assert tab.inner_text("#basis") == "measured"
            tab.click("#view")
            captions = tab.locator("#multiples figcaption").all_inner_texts()
            peaks = [100.0 * math.degrees(rep.lumbar_flexion_peak_rad) / 55.0 for rep in result.lifts]
            for at, (caption, word, peak) in enumerate(zip(captions, words, peaks, strict=True), 1):
                assert caption.startswith(f"{at} {word} ")
                assert abs(float(caption.split()[-2]) - peak) <= 0.6
            assert tab.inner_text("#set-rows td:nth-child(2)") == str(len(result.lifts))
            tab.reload()
            tab.click("#view")


def test_the_page_says_how_far_it_is_behind_and_what_it_waits_for(short_set, tab):
    with played(short_set.recording, speed=4.0) as access:
        tab.goto(access.url)
        tab.wait_for_function("document.getElementById('word').textContent === 'Stand still'", timeout=60_000)
        tab.wait_for_function("document.getElementById('latency').textContent.endsWith('ms behind')")
        tab.click("#sound")
        tab.wait_for_function("document.getElementById('sound').textContent === 'Sound on'")
        tab.wait_for_function("document.getElementById('number').textContent === '1'", timeout=60_000)
        tab.click("#options")
        assert "readable from" in tab.inner_text("#readable")
        assert "ms late" in tab.inner_text("#delay")


@pytest.mark.parametrize("look", ["dark", "light"])
@pytest.mark.parametrize("view", ["bar", "watch"])
def test_nothing_hangs_over_the_edge_of_any_screen(short_set, chromium, view, look, tmp_path):
    """Numbers of layout; pictures for a person are left where IMU_HINGE_SCREENSHOTS says."""
    folder = os.environ.get("IMU_HINGE_SCREENSHOTS", tmp_path)
    with played(short_set.recording, speed=100.0) as access:
        for name, (width, height) in SIZES.items():
            context = chromium.new_context(viewport={"width": width, "height": height})
            context.add_init_script(
                f"localStorage.setItem('imu_hinge.look', '{look}'); localStorage.setItem('imu_hinge.view', '{view}')"
            )
            page = context.new_page()
            page.goto(access.url)
            page.wait_for_function("document.getElementById('banner').textContent.includes('deadlift')", timeout=60_000)
            page.screenshot(path=f"{folder}/{look}_{view}_{name}.png")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            if view == "bar":
                last = page.locator("#last").bounding_box()
                assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), name
                assert last["height"] >= 0.5 * height, "number and verdict have half of the screen"
                for part in ("#number", "#word", "#shape"):
                    box = page.locator(part).bounding_box()
                    assert box["x"] >= last["x"] - 1, (name, part)
                    assert box["x"] + box["width"] <= width + 1, (name, part)
            context.close()


def test_over_the_radio_the_page_shows_what_is_recorded(virtual_radio, tmp_path):
    """Sensor, bleak, journal, analysis, page: nothing stands in for any of them but the radio itself."""
    frames, access = [], []
    boards = {"sacrum": HingeBoard("IMUH-1", "C0:00:00:00:00:11"), "t12": HingeBoard("IMUH-2", "C0:00:00:00:00:12")}
    wanted = {placement: board.address for placement, board in boards.items()}
    session = Session(athlete=ih.Athlete(height_m=1.8), exercise="deadlift")
    plan = Plan(wanted, tmp_path / "set", session=session, seconds=6.0, now_ns=now_ns)

    async def look():
        while not access:
            await asyncio.sleep(0.01)
        where = access[0]
        async with websockets.connect(f"ws://{where.host}:{where.port}/live", origin=where.url[:-1]) as browser:
            try:
                while True:
                    frames.append(json.loads(await browser.recv()))
                    await browser.send(str(frames[-1]["number"]))
            except websockets.ConnectionClosed:
                return

    async def story():
        air = Air()
        await air.switch_on()
        for board in boards.values():
            await board.switch_on(air)
        looking = asyncio.create_task(look())
        shown = await record_with_page(plan, Screen(port=0, on_open=access.append), stop=asyncio.Event())
        await looking
        return shown

    shown = run(story())
    assert shown.problem == ""
    recording = read(tmp_path / "set")
    assert recording.placements == ("sacrum", "t12")
    stages = [frame["stage"]["stage"] for frame in frames if "stage" in frame]
    assert stages[-1] == "over"
    links = [frame["links"] for frame in frames if frame.get("links")]
    assert [link["placement"] for link in links[-1]] == ["sacrum", "t12"]
    assert any(link["state"] == "streaming" and link["rate_hz"] > 80 for row in links for link in row)
    times_s = [frame["now"]["time_s"] for frame in frames if "now" in frame]
    assert times_s
    assert times_s == sorted(times_s)
    assert times_s[-1] <= max(samples.time_s[-1] for samples in recording.sensors.values()) + 0.01


def test_the_command_takes_one_source_and_prints_where_the_page_is(hinge_folder, monkeypatch):
    calls = []
    monkeypatch.setattr(
        page_terminal, "run_played", lambda recording, screen, **how: calls.append((recording, screen, how))
    )
    arguments = ["--no-open", "--feedback", "fade", "--speed", "3"]
    done = CliRunner().invoke(app, ["live", "--replay", str(hinge_folder), *arguments])
    assert done.exit_code == 0, done.output
    recording, screen, how = calls[0]
    assert recording.is_simulated
    assert recording.placements == ("sacrum", "t12")
    assert (screen.feedback, screen.is_lan, how["speed"], how["is_opened"]) == ("fade", False, 3.0, False)
    done = CliRunner().invoke(app, ["live", "--simulate", "rdl", "--seed", "3", "--exercise", "rdl", "--no-open"])
    assert done.exit_code == 0, done.output
    assert calls[1][0].exercise == "rdl"
    both = CliRunner().invoke(app, ["live", "--simulate", "rdl", "--replay", str(hinge_folder)])
    assert both.exit_code == 2
    assert "one of them" in both.output
    assert isinstance(
        CliRunner().invoke(app, ["live", "--simulate", "rdl", "--feedback", "loud"]).exception, ih.HingeError
    )
