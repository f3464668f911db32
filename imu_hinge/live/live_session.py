"""Run a session with its page: sensors that are recorded, or a recording that is played, through the same path.

It decides nothing about what is shown (`page`), recorded (`record_session`) or found (the analysis); it joins them.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import webbrowser
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

from imu_hinge.athlete import Athlete
from imu_hinge.live.analysis_thread import Analysis, Listener, LiveReps
from imu_hinge.live.page.access import Access
from imu_hinge.live.page.feedback import Feedback
from imu_hinge.live.page.page_server import FRAME_S, PORT, page_served
from imu_hinge.live.page.page_state import About, PageState
from imu_hinge.live.playback import Playback
from imu_hinge.live.record_session import Plan, record
from imu_hinge.live.recorder import Recorder
from imu_hinge.model import Recording
from imu_hinge.recovery.seal import Recovered
from imu_hinge.report.wording import headline
from imu_hinge.result import Event, SetResult

COMPILING: Final = "Compiling for this machine, the first time only: about ten seconds."

MOST_BEHIND: Final = 500
"""Blocks that may wait for the analysis while a recording is played; faster than it can is not played."""

LAST_FRAMES: Final = 3
"""The page is given so many frames' time to take in the end before the program goes."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Hold how the page is served.

    Parameters
    ----------
    is_lan
        On the network's address, with a token, instead of on this machine alone.
    port
        Another one where it is taken.
    feedback
        Which sets have cues.
    on_open
        Takes where the page is, once it is served.
    on_event
        Takes each event, in the analysis's thread.
    """

    is_lan: bool = False
    port: int = PORT
    feedback: Feedback = "every"
    on_open: Callable[[Access], None] = lambda access: None
    on_event: Callable[[Event], None] = lambda event: None


@dataclass(frozen=True, slots=True)
class Shown:
    """Hold what a session with a page came to.

    Parameters
    ----------
    result
        None where it was too short for one.
    recovered
        The sealed recording; None where nothing was recorded.
    cued_sets
        For each set whether it had cues.
    problem
        Why the analysis stopped before the session did; empty where it did not.
    """

    result: SetResult | None
    recovered: Recovered | None
    cued_sets: list[bool]
    problem: str = ""


async def play_with_page(recording: Recording, screen: Screen, *, speed: float, stop: asyncio.Event) -> Shown:
    """Play a recording into the analysis and show it; the page stays after its end until ``stop`` is set.

    Parameters
    ----------
    recording
        Its exercise and athlete are the analysis's.
    screen
        How the page is served.
    speed
        Seconds of the recording in one second.
    stop
        Set it to end the session.
    """
    playback = Playback(recording, speed=speed)
    about = About(
        "simulated" if recording.is_simulated else "replayed",
        exercise=recording.exercise,
        plan=recording.plan,
        is_simulated=recording.is_simulated,
        athlete=recording.athlete or Athlete(),
        feedback=screen.feedback,
        speed=speed,
    )

    async def work(state: PageState, reps: LiveReps, ready: asyncio.Event) -> None:
        state.set_links([_played(placement) for placement in recording.sensors])
        await ready.wait()
        await playback.play(reps.feed, stop, is_full=lambda: reps.problem is None and reps.backlog > MOST_BEHIND)

    session = _Session(about, screen, playback.now_s, list(recording.sensors))
    return await session.run(work, stop_after=stop)


async def record_with_page(plan: Plan, screen: Screen, *, stop: asyncio.Event) -> Shown:
    """Record by the plan, analyse and show it meanwhile; ``stop`` ends and seals the recording.

    Parameters
    ----------
    plan
        Its ``on_status`` is told as well.
    screen
        How the page is served.
    stop
        Set it to end the session.

    Raises
    ------
    DeviceError, RecordingError
        As `record_session.record`.
    """
    given, origin_ns = plan.session, [plan.now_ns()]
    about = About(
        "sensors",
        exercise=given.exercise,
        plan=given.plan,
        athlete=given.athlete or Athlete(),
        feedback=screen.feedback,
    )
    recovered: list[Recovered | None] = [None]

    async def work(state: PageState, reps: LiveReps, ready: asyncio.Event) -> None:
        def look(recorder: Recorder) -> None:
            origin_ns[0] = recorder.origin_ns
            state.set_links(links_of(recorder, now_ns=plan.now_ns()))
            if reps.problem is not None:
                state.set_stage("waiting", f"The analysis stopped: {reps.problem} The recording goes on.")
            if plan.on_status is not None:
                plan.on_status(recorder)

        recovered[0] = await record(replace(plan, on_samples=reps.feed, on_status=look), stop)

    clock = lambda: (plan.now_ns() - origin_ns[0]) * 1e-9  # noqa: E731  # the recording's zero is known when it begins
    shown = await _Session(about, screen, clock, list(plan.wanted)).run(work, stop_after=None)
    return replace(shown, recovered=recovered[0])


class _Session:
    """Hold one session's page and analysis together."""

    def __init__(self, about: About, screen: Screen, clock: Callable[[], float], placements: list[str]) -> None:
        self._about, self._screen, self._placements = about, screen, placements
        self._state = PageState(about, session_id=secrets.token_hex(8), clock=clock)

    async def run(
        self,
        work: Callable[[PageState, LiveReps, asyncio.Event], Awaitable[None]],
        *,
        stop_after: asyncio.Event | None,
    ) -> Shown:
        """Serve, analyse, work, finish; then wait for ``stop_after``, or only until the page has the end."""
        state, screen, ready, loop = self._state, self._screen, asyncio.Event(), asyncio.get_running_loop()

        def make() -> Analysis:
            try:
                return self._made()
            finally:  # also where it failed: nobody waits for it then
                loop.call_soon_threadsafe(ready.set)

        async with page_served(state, is_lan=screen.is_lan, port=screen.port) as access:
            screen.on_open(access)
            reps = LiveReps(make, Listener(on_event=self._take_event, on_instants=state.take_instants))
            try:
                await work(state, reps, ready)
            finally:
                await asyncio.to_thread(reps.close)
            shown = Shown(reps.result, None, state.cued_sets(), str(reps.problem or ""))
            state.finish(reps.result, self._last_words(reps))
            await (asyncio.sleep(LAST_FRAMES * FRAME_S) if stop_after is None else stop_after.wait())
            return replace(shown, cued_sets=state.cued_sets())

    def _made(self) -> Analysis:
        """Make the analysis, in its thread; where kernels must be compiled, say so first."""
        from imu_hinge import LiveAnalysis
        from imu_hinge.analysis import precompile

        if precompile.is_due():
            self._state.set_stage("preparing", COMPILING)
            precompile.run()
        about = self._about
        analysis = LiveAnalysis(self._placements, athlete=about.athlete, exercise=about.exercise, plan=about.plan)
        analysis.aside = ThreadPoolExecutor(1, thread_name_prefix="look")
        self._state.set_stage("waiting")
        return analysis

    def _take_event(self, event: Event) -> None:
        self._state.take_event(event)
        self._screen.on_event(event)

    def _last_words(self, reps: LiveReps) -> str:
        if reps.problem is not None:
            return f"The analysis stopped: {reps.problem}"
        return headline(reps.result)[0] if reps.result is not None else reps.why_no_result


def links_of(recorder: Recorder, *, now_ns: int) -> list[dict[str, Any]]:
    """Return how each sensor does, one row each: placement, link, rate [Hz], loss [%], battery [%]."""
    return [
        {
            "placement": placement,
            "state": status.state,
            "message": status.message,
            "rate_hz": round(status.rate_hz(now_ns)),
            "loss_percent": None if status.loss is None else round(100.0 * status.loss, 1),
            "battery_percent": status.battery_percent,
        }
        for placement, status in recorder.status.items()
    ]


def _played(placement: str) -> dict[str, Any]:
    return {
        "placement": placement,
        "state": "replayed",
        "message": "",
        "rate_hz": None,
        "loss_percent": None,
        "battery_percent": None,
    }


def open_browser(url: str) -> None:
    """Open the page in this desktop's browser; where there is no desktop, none (a terminal's browser is no help)."""
    has_desktop = sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    if has_desktop:
        webbrowser.open(url)
