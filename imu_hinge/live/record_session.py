"""Record one session from the first scan to the sealed recording.

It draws nothing: what is to be shown goes to the callbacks of the `Plan`.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from imu_hinge.live.recorder import OnSamples, Recorder, Session
from imu_hinge.live.session_log import FILE_NAME as LOG
from imu_hinge.live.session_log import SessionLog, session_log
from imu_hinge.model import check_placement
from imu_hinge.recovery.seal import Recovered, seal
from imu_hinge.sensors.ble.capture import Capture
from imu_hinge.sensors.protocol import StreamRequest

STATUS_S: Final = 0.5
"""Seconds between two looks at the status [s]."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Hold what is to be recorded.

    Parameters
    ----------
    wanted
        Name or address of the sensor by placement.
    folder
        Of the recording; it must not hold a journal yet.
    session
        Athlete, exercise, load, note.
    request
        Rate and ranges; by default each family's own.
    seconds
        How long; None until stopped.
    on_samples
        Takes placement and new samples as they come.
    on_status
        Takes the recorder, twice a second; it must return at once.
    now_ns
        The host's clock [ns].
    """

    wanted: Mapping[str, str]
    folder: Path
    session: Session = field(default_factory=Session)
    request: StreamRequest | None = None
    seconds: float | None = None
    on_samples: OnSamples | None = None
    on_status: Callable[[Recorder], None] | None = None
    now_ns: Callable[[], int] = time.perf_counter_ns


async def record(plan: Plan, stop: asyncio.Event) -> Recovered | None:
    """Connect, stream, journal and seal; nobody at the keyboard is needed once it streams.

    Parameters
    ----------
    plan
        What to record.
    stop
        Set it to end the recording; set before anything streamed, nothing is kept.

    Returns
    -------
    Recovered or None
        The sealed recording; None where it was stopped before it began.

    Raises
    ------
    DeviceError
        Where a sensor cannot be used, before anything is recorded.
    RecordingError
        Where the folder is taken, or the disk did not take everything.
    """
    for placement in plan.wanted:
        check_placement(placement)
    with session_log() as kept:
        return await _record(plan, stop, kept)


async def _record(plan: Plan, stop: asyncio.Event, kept: SessionLog) -> Recovered | None:
    recorder = Recorder(plan.folder, plan.session, now_ns=plan.now_ns, on_samples=plan.on_samples)
    capture = Capture(recorder, now_ns=plan.now_ns)
    showing = asyncio.create_task(_show(plan, recorder))
    try:
        try:
            if not await _unless(stop, capture.open(plan.wanted, request=plan.request)):
                return None
            recorder.begin()
            kept.write_to(plan.folder)
            await _stream(plan, recorder, capture, stop)
        finally:
            try:
                await capture.close()
                recorder.decode_waiting()
            finally:  # whatever went wrong above: what came is to reach the disk
                showing.cancel()
                recorder.close()
    except BaseException:
        if not recorder.has_streamed:
            _clear(recorder)
        raise
    return seal(plan.folder)


async def _stream(plan: Plan, recorder: Recorder, capture: Capture, stop: asyncio.Event) -> None:
    """Stream until stopped, until the time is over, or until a sensor refuses to start."""
    decoding = asyncio.create_task(recorder.decode())
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(plan.seconds):
                await _unless(stop, capture.run())
    finally:
        decoding.cancel()


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do the work; give it up when ``stop`` is set. Returns whether it was done."""
    task, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
            return True
        return False
    finally:
        stopping.cancel()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _show(plan: Plan, recorder: Recorder) -> None:
    while plan.on_status is not None:
        plan.on_status(recorder)
        await asyncio.sleep(STATUS_S)


def _clear(recorder: Recorder) -> None:
    """Remove the journal of sensors that never streamed, and its folder where nothing else is in it."""
    if recorder.journal is None:
        return
    recorder.journal.path.unlink(missing_ok=True)
    (recorder.folder / LOG).unlink(missing_ok=True)
    if recorder.folder.is_dir() and not any(recorder.folder.iterdir()):
        shutil.rmtree(recorder.folder, ignore_errors=True)
