"""Analyse a session while it is recorded, in a thread of its own.

The analysis compiles for seconds at its first use, and the event loop that stamps notifications must not wait for it.
It adds nothing to `imu_hinge.LiveAnalysis` but the thread.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from imu_hinge.errors import HingeError, RecordingError
from imu_hinge.instant import Instant
from imu_hinge.model import Samples
from imu_hinge.result import Event, SetResult


class Analysis(Protocol):
    """What a live analysis must be able to do; `imu_hinge.LiveAnalysis` is one."""

    def feed(self, placement: str, samples: Samples) -> Sequence[Event]:
        """Take one sensor's new samples and return new events, in order."""

    def take_instants(self) -> Sequence[Instant]:
        """Return the postures that became known since this was asked last."""

    def wait(self) -> Sequence[Event]:
        """Wait for what is analysed beside the samples, and return what that told."""

    def finish(self) -> SetResult:
        """End the session and return everything."""


def _ignore(_: Any) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Hold who is told; all are called in the analysis's thread.

    Parameters
    ----------
    on_event
        Takes each event.
    on_instants
        Takes the postures that became known with some samples, after their events.
    """

    on_event: Callable[[Event], None]
    on_instants: Callable[[Sequence[Instant]], None] = _ignore


MOST_WAITING: Final = 12_000
"""Chosen: five minutes of two sensors that send twenty blocks a second. A queue that grows on would take all memory."""


SILENT_S: Final = 0.5
"""Radios send every 0.1 s or faster; who is silent for longer is waited for with nothing kept back [s]."""


class LiveReps:
    """Feed an analysis from a recorder and pass on what it finds.

    Parameters
    ----------
    make
        Makes the analysis; called in the thread, so that its imports do not hold up the radio either.
    listener
        Who is told.
    """

    def __init__(self, make: Callable[[], Analysis], listener: Listener) -> None:
        self._waiting: queue.SimpleQueue[tuple[str, Samples] | None] = queue.SimpleQueue()
        self._make, self._listener = make, listener
        self.problem: Exception | None = None
        self.result: SetResult | None = None
        self.why_no_result = ""
        self._thread = threading.Thread(target=self._run, name="live analysis", daemon=True)
        self._thread.start()

    def feed(self, placement: str, samples: Samples) -> None:
        """Queue new samples; returns at once."""
        if self.problem is None and self._waiting.qsize() > MOST_WAITING:
            self.problem = RecordingError(
                f"{MOST_WAITING} blocks of samples wait for it: this computer is too slow, or busy with other work"
            )
        if self.problem is None:
            self._waiting.put((placement, samples))

    @property
    def backlog(self) -> int:
        """How many blocks wait for the analysis."""
        return self._waiting.qsize()

    def close(self) -> None:
        """Analyse what waits, finish, then end the thread; what it all came to is in ``result`` then."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            analysis = self._make()
            while (item := self._next(analysis)) is not None and self.problem is None:
                self._tell(analysis.feed(*item))
                self._listener.on_instants(analysis.take_instants())
            if self.problem is None:
                self._tell(analysis.wait())
                self.result = self._finished(analysis)
        except Exception as problem:  # the recording goes on; what went wrong is shown at its end
            self.problem = problem

    def _next(self, analysis: Analysis) -> tuple[str, Samples] | None:
        """Return what waits; where nothing comes for long, what is analysed meanwhile is told nevertheless."""
        try:
            return self._waiting.get(timeout=SILENT_S)
        except queue.Empty:
            self._tell(analysis.wait())
        return self._waiting.get()

    def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            self._listener.on_event(event)

    def _finished(self, analysis: Analysis) -> SetResult | None:
        """Return the result; a set that is too short for one is no fault of the analysis."""
        try:
            return analysis.finish()
        except HingeError as refusal:
            self.why_no_result = str(refusal)
            return None
