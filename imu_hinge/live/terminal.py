"""Run a recording at the terminal: status line, reps as they are done, Ctrl-C, the summary at the end.

The recording itself is `record_session`'s; nothing here touches a sensor.
"""

from __future__ import annotations

import asyncio
import signal
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from imu_hinge.instant import Instant
from imu_hinge.live.analysis_thread import Analysis, Listener, LiveReps
from imu_hinge.live.known_sensors import KnownSensor, remember
from imu_hinge.live.record_session import Plan, record
from imu_hinge.live.recorder import Recorder, Session
from imu_hinge.live.status import status_table
from imu_hinge.recovery.seal import Recovered, summary
from imu_hinge.recovery.timing import timing_lines
from imu_hinge.report.wording import headline
from imu_hinge.sensors.protocol import StreamRequest
from imu_hinge.text import LONGEST_TEXT, one_line

if TYPE_CHECKING:
    from rich.console import Console

    from imu_hinge.result import Event


_MOMENTS: Final = ("rep_started", "turned")


def plan_for(
    wanted: Mapping[str, str], *, session: Session, folder: Path | None, seconds: float | None, rate_hz: float | None
) -> Plan:
    """Return the plan of a recording; without a folder it is named by date, time and exercise, in this folder.

    Parameters
    ----------
    wanted
        Name or address by placement; see `known_sensors.wanted_sensors`.
    session
        Athlete, exercise, load and note.
    folder
        Of the recording.
    seconds
        Stop by itself after so long; never where None.
    rate_hz
        Asked of every sensor; the family's own where None.
    """
    name = f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{session.exercise}"
    request = None if rate_hz is None else StreamRequest(rate_hz=rate_hz)
    return Plan(wanted, folder or Path(name), session=session, seconds=seconds, request=request)


def run_terminal(plan: Plan) -> Recovered | None:
    """Record by the plan, show what happens, remember who sat where, and print the summary."""
    from rich.console import Console
    from rich.live import Live

    console = Console()
    newest: deque[Instant] = deque(maxlen=1)

    def tell(event: Event) -> None:
        print_event(console, event)
        if event.kind == "over_limit" and console.is_terminal:
            console.bell()  # where no page makes a sound

    reps = LiveReps(lambda: _analysis(plan), Listener(tell, newest.extend))
    seen: dict[str, KnownSensor] = {}
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def show(recorder: Recorder) -> None:
            instant = newest[-1] if newest else None
            live.update(status_table(recorder, now_ns=plan.now_ns(), instant=instant), refresh=True)
            seen.update({p: KnownSensor(p, s.address, s.name) for p, s in recorder.status.items() if s.address})

        recovered = asyncio.run(_until_stopped(replace(plan, on_samples=reps.feed, on_status=show)))
    reps.close()
    remember(list(seen.values()))
    print_end(console, plan, recovered)
    if reps.result is not None:
        console.print(headline(reps.result)[0], highlight=False, markup=False)
    if reps.problem is not None:
        console.print(stopped_words(reps.problem), markup=False)
    return recovered


def print_end(console: Console, plan: Plan, recovered: Recovered | None) -> None:
    """Print how each sensor did, how well their clocks agreed, and where the recording is.

    Parameters
    ----------
    console
    plan
        Says the folder.
    recovered
        None where nothing was recorded.
    """
    for line in [] if recovered is None else [*summary(recovered), *timing_lines(recovered)]:
        console.print(one_line(line, longest=LONGEST_TEXT), highlight=False, markup=False)
    told = f"Saved in {plan.folder}; analyse it with: imu-hinge analyze {plan.folder}"
    console.print("Nothing was recorded." if recovered is None else one_line(told, longest=LONGEST_TEXT), markup=False)


def stopped_words(problem: Exception | str) -> str:
    """Say that the live analysis stopped, and that nothing is lost."""
    return f"The live analysis stopped: {str(problem).rstrip('.')}. The recording is whole."


def stop_on_signals() -> asyncio.Event:
    """Return an event of this loop that the user or the system sets; a second Ctrl-C changes nothing."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows' event loops take no signal handlers
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    return stop


async def _until_stopped(plan: Plan) -> Recovered | None:
    """Record until the plan ends or somebody says stop."""
    return await record(plan, stop_on_signals())


def _analysis(plan: Plan) -> Analysis:
    from imu_hinge import LiveAnalysis

    session = plan.session
    analysis = LiveAnalysis(
        placements=list(plan.wanted), athlete=session.athlete, exercise=session.exercise, plan=session.plan
    )
    analysis.aside = ThreadPoolExecutor(1, thread_name_prefix="look")
    return analysis


def print_event(console: Console, event: Event) -> None:
    """Print when and what, but for what only a picture or a sound can follow."""
    if event.kind in _MOMENTS:
        return
    console.print(f"{event.time_s:7.1f} s  {event.message}", highlight=False, markup=False)
