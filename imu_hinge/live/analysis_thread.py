"""Analyse a session while it is recorded, in a thread of its own.

The analysis compiles for seconds at its first use, and the event loop that stamps notifications must not wait for it.
It adds nothing to `imu_hinge.LiveAnalysis` but the thread.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from imu_hinge.errors import RecordingError
from imu_hinge.model import Samples
from imu_hinge.result import Event


class Analysis(Protocol):
    """What a live analysis must be able to do; `imu_hinge.LiveAnalysis` is one."""

    def feed(self, placement: str, samples: Samples) -> Sequence[Event]:
        """Take one sensor's new samples and return new events, in order."""


MOST_WAITING: Final = 12_000
"""Chosen: five minutes of two sensors that send twenty blocks a second. A queue that grows on would take all memory."""


class LiveReps:
    """Feed an analysis from a recorder and pass its events on.

    Parameters
    ----------
    make
        Makes the analysis; called in the thread, so that its imports do not hold up the radio either.
    on_event
        Takes each event; called in the thread.
    """

    def __init__(self, make: Callable[[], Analysis], on_event: Callable[[Event], None]) -> None:
        self._waiting: queue.SimpleQueue[tuple[str, Samples] | None] = queue.SimpleQueue()
        self._make, self._on_event = make, on_event
        self.problem: Exception | None = None
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

    def close(self) -> None:
        """Analyse what waits, then end the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            analysis = self._make()
            while (item := self._waiting.get()) is not None and self.problem is None:
                for event in analysis.feed(*item):
                    self._on_event(event)
        except Exception as problem:  # the recording goes on; what went wrong is shown at its end
            self.problem = problem
