"""Print how far the page of `imu-hinge live` is behind the samples, in a browser on this machine, and what it costs.

Usage: ``python benchmarks/page.py [--seconds 60] [--exercise deadlift] [--seed 4]``

A simulated set, two sensors, is played at its own pace through the analysis to a headless Chromium. The page says what
it has drawn, and the age of the newest instant in it is taken then, so that the way back is in the figure too. The
radio and the journal are not in it (`recording_load.py`), nor is the screen's own delay. CPU is this process's:
playing, analysis and server, not the browser. No person was measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import time
from collections.abc import Callable, Sequence

import numpy as np

from imu_hinge.instant import Instant
from imu_hinge.live.live_session import Screen, play_with_page
from imu_hinge.live.page.access import Access
from imu_hinge.live.page.page_state import PageState
from imu_hinge.model import Recording
from imu_hinge.simulate.session import random_set

Frame = tuple[float, dict[str, object], int]

WARM_S = 5.0
"""Left out at the beginning: the browser starts."""


async def measured(recording: Recording, seconds: float) -> None:
    """Play, look, and print."""
    from playwright.async_api import async_playwright

    places: asyncio.Queue[Access] = asyncio.Queue()
    frames: list[Frame] = []
    known_ms: list[float] = []
    PageState.take_instants = noted(known_ms)  # type: ignore[method-assign]
    stop, has_begun = asyncio.Event(), asyncio.Event()
    screen = Screen(port=0, on_open=places.put_nowait)
    playing = asyncio.create_task(play_with_page(recording, screen, speed=1.0, stop=stop))
    access = await places.get()

    def take(payload: str | bytes) -> None:
        frame = json.loads(payload)
        if frame.get("instants"):
            has_begun.set()
            frames.append((time.perf_counter(), frame, len(payload)))

    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        page.on("websocket", lambda socket: socket.on("framereceived", take))
        await page.goto(access.url)
        await has_begun.wait()
        await asyncio.sleep(WARM_S)
        frames.clear()
        known_ms.clear()
        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.sleep(seconds)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        seen = list(frames)
        await browser.close()
    stop.set()
    await playing
    report(seen, known_ms, wall_s=wall, cpu_s=cpu)


def noted(known_ms: list[float]) -> Callable[[PageState, Sequence[Instant]], None]:
    """Return `PageState.take_instants` that notes how old the newest instant is when the page's side knows it."""
    take = PageState.take_instants

    def note(self: PageState, instants: Sequence[Instant]) -> None:
        if instants:
            known_ms.append(self.age_ms(instants[-1].time_s))
        take(self, instants)

    return note


def report(frames: list[Frame], known_ms: list[float], *, wall_s: float, cpu_s: float) -> None:
    """Print the figures.

    Parameters
    ----------
    frames
        When it came, what it holds, its size [byte].
    known_ms
        How old the newest instants were when they became known [ms].
    wall_s, cpu_s
        How long it was looked at, and what of that this process computed [s].
    """
    behind = np.array([frame["latency_ms"] for _, frame, _ in frames if frame["latency_ms"] is not None], dtype=float)
    instants = sum(len(frame["instants"]) for _, frame, _ in frames)  # type: ignore[arg-type]
    p50, p95, p99 = np.percentile(behind, (50, 95, 99))
    print(f"{wall_s:.0f} s, one browser on this machine")
    print(f"frames a second             {len(frames) / wall_s:6.1f}")
    print(f"instants a second           {instants / wall_s:6.1f}")
    k50, k95, k99 = np.percentile(known_ms, (50, 95, 99))
    print(f"samples to known [ms]       p50 {k50:.0f}, p95 {k95:.0f}, p99 {k99:.0f}")
    print(f"samples to drawn [ms]       p50 {p50:.0f}, p95 {p95:.0f}, p99 {p99:.0f}")
    print(f"kB a second to the browser  {sum(size for *_, size in frames) / wall_s / 1000:6.1f}")
    print(f"share of a core             {cpu_s / wall_s:6.2f}")


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--exercise", default="deadlift")
    parser.add_argument("--seed", type=int, default=4)
    given = parser.parse_args()
    asyncio.run(measured(random_set(given.seed, exercise=given.exercise).recording, given.seconds))


if __name__ == "__main__":
    main()
