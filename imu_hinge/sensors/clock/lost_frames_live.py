"""Follow the lost frames of a device that counts none, while its frames come.

It finds no period of its own: `lost_frames` does, and does better with hindsight. The first few seconds can mislead it,
so it is asked again and again, over all that is remembered, and what explains the arrivals with less stays.

A loss is known here only once a frame arrives that would have waited too long without it, so some frames after each
loss are placed a period early.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import Final

import numpy as np

from imu_hinge.model import Array
from imu_hinge.sensors.clock.lost_frames import (
    FIRST_S,
    LEAST_FRAMES,
    SLACK_S,
    WINDOW_S,
    PeriodicArrivals,
    better,
    bounds,
    events,
    frames_per_arrival,
    refine,
    search,
)

SEARCH_S: Final = 1.2 * FIRST_S
"""How much is heard before the period is looked for [s]."""

STEPS: Final = 2
"""Steps of that search per arrival: it must not hold up the next one."""

REFIT_S: Final = 5.0
"""Time between two looks at the period [s]."""

NUDGE_S: Final = 2e-3
"""An arrival this little too early moves the model, one much too early takes a loss back [s]."""

AT_ONCE: Final = 2
"""More losses than this in a row are a stall, unless they stay."""

LOSSY: Final = 0.01
"""With a smaller share of loss of late, any loss is a stall, unless it stays."""

STALL_S: Final = 0.15
"""What has stayed this long is no stall [s]."""


class LiveCount:
    """Know when each frame was ready, as far as the arrivals so far tell.

    ``is_gap`` is true where the last arrival showed that frames are missing before it.
    """

    def __init__(self) -> None:
        self.lost = 0.0
        self.is_gap = False
        self._recent: deque[tuple[float, float]] = deque()
        self._search: Iterator[PeriodicArrivals | None] | None = None
        self._model: PeriodicArrivals | None = None
        self._first = 0.0  # number of the frame from which the model counts
        self._frames = 1.0
        self._refit_s = math.inf
        self._began_s = 0.0
        self._again_s = math.inf
        self._at_once = 0
        self._stalled: tuple[float, float] | None = None

    def take(self, y: float, i: float) -> tuple[float, float] | None:
        """Take one arrival [s] and how many frames were received before its last one.

        Returns
        -------
        (float, float) or None
            When that frame was ready [s], and the period per frame [s]; None where it is not yet known.
        """
        self._recent.append((y, i))
        while self._recent[0][0] < y - WINDOW_S:
            self._recent.popleft()
        self.is_gap = False
        if self._again_s == math.inf:
            self._began_s, self._again_s = y, y + SEARCH_S
        self._look(y)
        if self._model is None:
            return None
        if y >= self._refit_s:
            self._refit_s = y + REFIT_S
            here, number = self._arrays()
            self._adopt(refine(here, number, self._model), here, number)
        else:
            before = self.lost
            self._count(self._model, y, (i - self._first) / self._frames)
            self.is_gap = self.lost > before
        number_now = (i - self._first) / self._frames + self.lost
        return self._model.start_s + self._model.period_s * number_now, self._model.period_s / self._frames

    def _look(self, y: float) -> None:
        """Do a little of the search for the period, if one is due."""
        if self._search is None:
            if y < self._again_s or len(self._recent) < LEAST_FRAMES:
                return
            if self._model is None:
                self._frames = frames_per_arrival(np.array([i for _, i in self._recent]))
            self._search = search(*self._arrays())
        for _ in range(STEPS):
            model = next(self._search)
            if model is not None:
                self._found(model, y)
                return

    def _found(self, model: PeriodicArrivals, y: float) -> None:
        """Take what a search found, if it explains more; the next is due when what was heard has doubled."""
        here, number = self._arrays()
        found, known = refine(here, number, model), self._model
        if known is not None:
            since = (self._recent[0][1] - self._first) / self._frames
            known = known._replace(start_s=known.start_s + known.period_s * since)
            found = better(here, number, first=known, second=found)
        self._adopt(found, here, number)
        self._search, self._refit_s = None, y + REFIT_S
        is_full = y >= self._began_s + WINDOW_S
        self._again_s = 2 * y - self._began_s if is_full else self._began_s + WINDOW_S

    def _arrays(self) -> tuple[Array, Array]:
        """Return when frames came, and numbers that begin with 0. (n,) [s]; (n,)."""
        values = np.array(self._recent)
        return events(values[:, 0]), (values[:, 1] - values[0, 1]) / self._frames

    def _adopt(self, model: PeriodicArrivals, y: Array, i: Array) -> None:
        self._model, self._first = model, self._recent[0][1]
        fewest, _ = bounds(y, i, model)
        self.lost = float(fewest[np.searchsorted(y, y[-1] - 2 * STALL_S)])  # what came after still settles it
        self._at_once = AT_ONCE if fewest[-1] - fewest[0] > LOSSY * len(y) else 0
        self._stalled = None

    def _count(self, model: PeriodicArrivals, y: float, number: float) -> None:
        """Correct the count of lost frames where this arrival shows that it is wrong."""
        late = (y - model.start_s) / model.period_s - number
        early_s = (self.lost - late) * model.period_s
        if 0 < early_s <= NUDGE_S:
            self._model = model._replace(start_s=model.start_s - early_s)
        elif early_s > NUDGE_S:
            self.lost = math.floor(late)
        least = math.ceil(late - (model.reach_s + SLACK_S) / model.period_s)
        if least <= self.lost:
            self._stalled = None
        elif least - self.lost <= self._at_once:
            self.lost = least
        elif self._stalled is None:
            self._stalled = y, least
        else:
            since, fewest = self._stalled
            self._stalled = since, min(fewest, least)
            if y - since > STALL_S:
                self.lost, self._stalled = min(fewest, least), None
