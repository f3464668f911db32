"""A simulated set on the page in a real browser, held against what the analysis says of the same samples.

No test in this file runs a loop of its own in the main thread: the browser's driver has one there.
"""

import asyncio
import itertools
import math
import os
import queue
import re
import shutil
import threading
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from test_page_state import instant, rep, told

import imu_hinge as ih
from imu_hinge.conventions import LUMBAR_FLEXION
from imu_hinge.live.live_session import Screen, play_with_page
from imu_hinge.live.page.page_server import page_served
from imu_hinge.live.page.page_state import About, PageState
from imu_hinge.live.playback import BLOCK_S
from imu_hinge.report.wording import VERDICT_WORDS
from imu_hinge.result import Event

SPEED = 20.0
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
SIZES = {"phone": (390, 844), "tablet": (1280, 800), "laptop": (1440, 900)}


@contextmanager
def played(recording, *, speed=SPEED, port=0):
    """Play a recording with its page in a thread; gives where the page is."""
    places, ends = queue.Queue(), queue.Queue()

    async def story():
        stop = asyncio.Event()
        ends.put((asyncio.get_running_loop(), stop))
        return await play_with_page(recording, Screen(port=port, on_open=places.put), speed=speed, stop=stop)

    thread = threading.Thread(target=lambda: asyncio.run(story()))
    thread.start()
    loop, stop = ends.get()
    try:
        yield places.get(timeout=20)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


@contextmanager
def shown():
    """Serve a page's state from a thread; gives it and where it is."""
    page = PageState(About("sensors"), session_id="one", clock=lambda: 100.0)
    places = queue.Queue()

    async def story():
        stop = asyncio.Event()
        async with page_served(page, port=0) as access:
            places.put((access, asyncio.get_running_loop(), stop))
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(story()))
    thread.start()
    access, loop, stop = places.get(timeout=20)
    try:
        yield page, access
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
    """Return a page whose console must stay silent, but for what a browser itself says of a program that is gone."""
    said = []
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert [text for text in said if "ERR_CONNECTION_REFUSED" not in text] == []


def says(page, selector, text):
    """Wait until an element says something. (The page's own policy forbids waiting for an expression.)"""
    from playwright.sync_api import expect

    expect(page.locator(selector)).to_contain_text(text, timeout=60_000)


def as_live(recording):
    """Return what the analysis says of a recording, and the instants of samples that come as a playback sends them."""
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
            says(tab, "#banner", "deadlift")
            assert tab.inner_text("#number") == str(len(result.lifts))
            assert tab.inner_text("#word") == words[-1]
            assert tab.get_attribute("#shape", "data-verdict") == result.lifts[-1].verdict.label
            assert tab.inner_text("#percent") == f"{round(percent)} %"
            assert tab.inner_text("#basis") == "measured"
            tab.click("#view")
            tab.locator("#multiples figcaption").nth(len(words) - 1).wait_for()  # drawn with the next frame
            captions = tab.locator("#multiples figcaption").all_inner_texts()
            peaks = [100.0 * math.degrees(rep.lumbar_flexion_peak_rad) / 55.0 for rep in result.lifts]
            for at, (caption, word, peak) in enumerate(zip(captions, words, peaks, strict=True), 1):
                assert caption.startswith(f"{at} {word} ")
                assert abs(float(caption.split()[-2]) - peak) <= 0.6
            assert tab.inner_text("#set-rows td:nth-child(2)") == str(len(result.lifts))
            tab.reload()
            tab.click("#view")


def test_the_page_says_what_is_waited_for_flashes_at_the_limit_and_tells_its_delay(tab):
    with shown() as (page, access):
        tab.goto(access.url)
        says(tab, "#word", "Preparing")
        for waits_for, words in (("stand still", "Stand still"), ("bend once", "Bend once"), ("ready", "Ready")):
            page.take_instants([instant(99.9, waits_for=waits_for)])
            says(tab, "#word", words)
        says(tab, "#latency", "100 ms behind")
        tab.click("#sound")
        says(tab, "#sound", "Sound on")
        page.take_event(Event("over_limit", 99.9, "over"))
        assert tab.wait_for_selector("#flash[data-kind=over]", state="attached")
        page.take_event(told("rep", rep(80.0, label="lumbar_flexion")))
        says(tab, "#word", "lumbar flexion")
        page.take_event(told("revised", rep(80.0, label="undecided")))
        says(tab, "#word", "undecided")
        page.take_instants([instant(99.9, lumbar_deg=33.0)])
        says(tab, "#percent", "60 %")
        page.take_instants([replace(instant(99.9), angles_rad=(math.nan,) * 5, missing=("t12",))])
        says(tab, "#percent", "?")
        says(tab, "#banner", "t12 silent: inferred")
        tab.click("#options")
        assert "ms late" in tab.inner_text("#delay")


@pytest.mark.parametrize("label", ["hip_hinge", "lumbar_flexion", "squat"])
def test_on_a_tablet_the_verdict_is_read_from_as_far_as_was_set(tab, label):
    with shown() as (page, access):
        page.take_instants([instant(99.9)])
        page.take_event(told("rep", rep(80.0, label=label)))
        tab.goto(access.url)
        says(tab, "#word", VERDICT_WORDS[label])
        tab.click("#options")
        for field, value in (("#width", "21.7"), ("#distance", "4")):  # ten inches, four metres
            tab.fill(field, value)
            tab.press(field, "Enter")
        assert float(re.search(r"from ([\d.]+) m", tab.inner_text("#readable"))[1]) >= 4.0
        font_px = tab.locator("#word").evaluate("(word) => parseFloat(getComputedStyle(word).fontSize)")
        capital_m = 0.73 * font_px * 0.217 / 1280
        assert capital_m >= 4.0 * math.tan(math.radians(20.0 / 60.0)) - 1e-4
        for part in ("#number", "#word", "#shape"):
            box, last = tab.locator(part).bounding_box(), tab.locator("#last").bounding_box()
            assert box["y"] >= last["y"] - 1
            assert box["y"] + box["height"] <= last["y"] + last["height"] + 1, part


def test_the_page_outlives_a_restart_of_the_program(short_set, tab):
    with played(short_set.recording) as access:
        tab.goto(access.url)
        says(tab, "#banner", "2 deadlifts")
    says(tab, "#banner", "No connection")
    with played(short_set.recording, port=access.port) as again:
        assert again.port == access.port
        tab.wait_for_selector("#banner", state="hidden")
        says(tab, "#banner", "2 deadlifts")
        assert tab.inner_text("#number") == "2", "the reps of the session before are gone"


def test_nothing_hangs_over_the_edge_of_any_screen(short_set, tab):
    """Numbers of layout; pictures for a person are left where IMU_HINGE_SCREENSHOTS says."""
    folder = os.environ.get("IMU_HINGE_SCREENSHOTS")
    with played(short_set.recording, speed=100.0) as access:
        tab.goto(access.url)
        says(tab, "#banner", "deadlift")
        for (name, (width, height)), view, look in itertools.product(
            SIZES.items(), ("bar", "watch"), ("dark", "light")
        ):
            tab.set_viewport_size({"width": width, "height": height})
            for button, wanted, now in (
                ("#view", view, tab.get_attribute("body", "data-view")),
                ("#look", look, tab.get_attribute("html", "data-look")),
            ):
                if now != wanted:
                    tab.click(button)
            tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            if folder:
                tab.screenshot(path=f"{folder}/{look}_{view}_{name}.png")
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            if view == "watch":
                continue
            last = tab.locator("#last").bounding_box()
            assert tab.evaluate("document.documentElement.scrollHeight <= innerHeight"), name
            assert last["height"] >= 0.5 * height, "number and verdict have half of the screen"
            for part in ("#number", "#word", "#shape"):
                box = tab.locator(part).bounding_box()
                assert box["x"] >= last["x"] - 1, (name, part)
                assert box["x"] + box["width"] <= width + 1, (name, part)
                assert box["y"] + box["height"] <= last["y"] + last["height"] + 1, (name, part)
