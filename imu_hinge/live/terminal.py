"""Run a recording at the terminal: status line, reps as they are done, Ctrl-C, the summary at the end.

The recording itself is `record_session`'s; nothing here touches a sensor.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from imu_hinge.live.analysis_thread import Analysis, LiveReps
from imu_hinge.live.known_sensors import KnownSensor, remember
from imu_hinge.live.record_session import Plan, record
from imu_hinge.live.recorder import Recorder, Session
from imu_hinge.live.status import status_table
from imu_hinge.recovery.seal import Recovered, summary
from imu_hinge.recovery.timing import timing_lines
from imu_hinge.sensors.protocol import StreamRequest
from imu_hinge.text import LONGEST_TEXT, one_line

if TYPE_CHECKING:
    from rich.console import Console

    from imu_hinge.result import Event


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
    reps = LiveReps(lambda: _analysis(plan), lambda event: _print_event(console, event))
    seen: dict[str, KnownSensor] = {}
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def show(recorder: Recorder) -> None:
            live.update(status_table(recorder, now_ns=plan.now_ns()), refresh=True)
            seen.update({p: KnownSensor(p, s.address, s.name) for p, s in recorder.status.items() if s.address})

        recovered = asyncio.run(_until_stopped(replace(plan, on_samples=reps.feed, on_status=show)))
    reps.close()
    remember(list(seen.values()))
    for line in [] if recovered is None else [*summary(recovered), *timing_lines(recovered)]:
        console.print(one_line(line, longest=LONGEST_TEXT), highlight=False, markup=False)
    if reps.problem is not None:
        console.print(
            f"The live analysis stopped: {str(reps.problem).rstrip('.')}. The recording is whole.", markup=False
        )
    told = f"Saved in {plan.folder}; analyse it with: imu-hinge analyze {plan.folder}"
    console.print("Nothing was recorded." if recovered is None else one_line(told, longest=LONGEST_TEXT), markup=False)
    return recovered


async def _until_stopped(plan: Plan) -> Recovered | None:
    """Record until the plan ends or the user (or the system) says stop; a second Ctrl-C changes nothing."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows' event loops take no signal handlers
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    return await record(plan, stop)


def _analysis(plan: Plan) -> Analysis:
    from imu_hinge import LiveAnalysis

    session = plan.session
    analysis: Analysis = LiveAnalysis(
        placements=list(plan.wanted), athlete=session.athlete, exercise=session.exercise, plan=session.plan
    )
    return analysis


def _print_event(console: Console, event: Event) -> None:
    console.print(f"{event.time_s:7.1f} s  {event.message}", highlight=False, markup=False)
