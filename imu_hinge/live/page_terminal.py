"""Run a session with its page from the terminal: where the page is, its code for phones, events, Ctrl-C, the end.

The session itself is `live_session`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imu_hinge.live.known_sensors import KnownSensor, remember
from imu_hinge.live.live_session import Screen, Shown, open_browser, play_with_page, record_with_page
from imu_hinge.live.record_session import Plan
from imu_hinge.live.recorder import Recorder
from imu_hinge.live.terminal import print_end, print_event, stop_on_signals, stopped_words
from imu_hinge.model import Recording
from imu_hinge.report.wording import headline
from imu_hinge.storage.beside import write_cues

if TYPE_CHECKING:
    from rich.console import Console

    from imu_hinge.live.page.access import Access


def run_played(recording: Recording, screen: Screen, *, speed: float, is_opened: bool) -> Shown:
    """Play a recording with its page until Ctrl-C, and print what it came to.

    Parameters
    ----------
    recording
    screen
        Its callbacks are replaced.
    speed
        Seconds of the recording in one second.
    is_opened
        Whether a browser is opened.
    """
    from rich.console import Console

    console = Console()
    screen = _printing(console, screen, is_opened=is_opened)

    async def story() -> Shown:
        return await play_with_page(recording, screen, speed=speed, stop=stop_on_signals())

    return _printed(console, story())


def run_recorded(plan: Plan, screen: Screen, *, is_opened: bool) -> Shown:
    """Record with the page until Ctrl-C, remember who sat where, and print what it came to.

    Parameters
    ----------
    plan
        What to record.
    screen
        Its callbacks are replaced.
    is_opened
        Whether a browser is opened.
    """
    from rich.console import Console

    console, seen = Console(), dict[str, KnownSensor]()
    screen = _printing(console, screen, is_opened=is_opened)

    def look(recorder: Recorder) -> None:
        seen.update({p: KnownSensor(p, s.address, s.name) for p, s in recorder.status.items() if s.address})

    async def story() -> Shown:
        return await record_with_page(replace(plan, on_status=look), screen, stop=stop_on_signals())

    shown = _printed(console, story())
    remember(list(seen.values()))
    if shown.recovered is not None and shown.cued_sets:
        write_cues(plan.folder, shown.cued_sets)
    print_end(console, plan, shown.recovered)
    return shown


def _printing(console: Console, screen: Screen, *, is_opened: bool) -> Screen:
    """Return the screen with callbacks that print where the page is and what happens."""

    def tell(access: Access) -> None:
        console.print(f"The page is at {access.url}  (Ctrl-C ends)", highlight=False, markup=False, soft_wrap=True)
        if screen.is_lan:
            console.print(qr_code(access.url), highlight=False, markup=False)
        if is_opened:
            open_browser(access.url)

    return replace(screen, on_open=tell, on_event=lambda event: print_event(console, event))


def _printed(console: Console, story: Coroutine[Any, Any, Shown]) -> Shown:
    """Run a session and print what it came to."""
    shown = asyncio.run(story)
    if shown.result is not None:
        console.print(headline(shown.result)[0], highlight=False, markup=False)
    if shown.problem:
        console.print(stopped_words(shown.problem), highlight=False, markup=False)
    for line in cue_words(shown.cued_sets):
        console.print(line, highlight=False, markup=False)
    return shown


def cue_words(cued_sets: list[bool]) -> list[str]:
    """Say which sets had cues and which had none; nothing where there was no set."""
    groups = {has: [at + 1 for at, cued in enumerate(cued_sets) if cued is has] for has in (True, False)}
    texts = {has: ", ".join(map(str, numbers)) for has, numbers in groups.items()}
    return [
        f"Cues in set {texts[has]}." if has else f"No cues in set {texts[has]}."
        for has, numbers in groups.items()
        if numbers
    ]


def qr_code(url: str) -> str:
    """Return a code that a phone's camera reads, for a terminal.

    Raises
    ------
    SettingsError
        Where the extra ``live`` is not installed.
    """
    import io

    from imu_hinge.errors import SettingsError

    try:
        import segno
    except ImportError as error:
        raise SettingsError(f"The code needs {error.name}. Install it with: pip install 'imu-hinge[live]'") from error
    text = io.StringIO()
    segno.make(url, micro=False).terminal(text, compact=True)
    return text.getvalue()
