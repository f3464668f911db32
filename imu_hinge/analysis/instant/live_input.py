"""Hold what one live sensor has delivered: samples not on the grid yet, its filter, and its tracks so far.

It does not decide when an instant is analysed (`live` does), nor which sample was measured
(`storage.screening.arrivals`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge import conventions as cv
from imu_hinge.analysis.instant.one_sensor import Rows
from imu_hinge.errors import TooShort
from imu_hinge.model import Array, Flags, Region, Samples, joined
from imu_hinge.motion.kinematics.long_holes import Hole, long_steps
from imu_hinge.motion.kinematics.time_grid import Grid
from imu_hinge.motion.kinematics.track import Track, stationary, up_in_sensor
from imu_hinge.motion.orientation.filter import State, filter_block
from imu_hinge.result import Event
from imu_hinge.settings import Settings
from imu_hinge.signals import regions
from imu_hinge.storage.screening.arrivals import Arrivals, readable
from imu_hinge.storage.screening.live_check import LiveCheck
from imu_hinge.storage.screening.timeline import MIN_SECONDS
from imu_hinge.storage.screening.units import check_units

ROOM: Final = 256
"""The least room a backlog has, in samples: two seconds of a common sensor."""

WAIT_S: Final = 5.0
"""A sensor that is so far behind the others is waited for: radios hold back for a second or two at most [s]."""

WAIT_BLOCKS: Final = 50
"""So many blocks of the others must have come since its last one: a file that is handed over sensor by sensor, whole or
in some pieces, is no radio that has fallen silent. A radio sends as many in 5 s."""


SCREENED_S: Final = 0.04  # an instant's time, see `imu_hinge.instant`
SCREENED_COUNT: Final = 16
"""Samples are screened together up to the first in the next stretch of so long, or the next so many: one by one, it
costs more than all the rest of live. Which they are the samples say, not the blocks: instants depend on it [s]."""


PREVIEW_GAP_S: Final = 0.15
"""What comes longer after the sample before it waits for screening: one stray stamp must carry none ahead [s]."""


KEPT_S: Final = 0.3
"""Samples are kept so much longer than their filter needs them: instants may rest on one from before a look, which is
`path.HANDOVER_S` at most behind [s]."""


class Backlog:
    """Hold samples until they are on the grid, in order of time; to add or to forget some costs what they are.

    Two half-used columns grow at the end and are forgotten from the beginning; what is left is moved to new ones, with
    twice the room it needs, when the end is reached. So a sample is moved once on average, however many wait. Of long
    holes it remembers when they were.
    """

    def __init__(self) -> None:
        self.holes: list[Hole] = []
        self._rows = np.empty((ROOM, 7))  # time, acc, gyr
        self._flags = np.empty(ROOM, dtype=np.uint16)
        self._start = self._stop = 0

    def __len__(self) -> int:
        return self._stop - self._start

    @property
    def first_s(self) -> float:
        """Time of the oldest sample that waits [s]."""
        return float(self._rows[self._start, 0])

    @property
    def times_s(self) -> Array:
        """Times of the samples that wait. (n,) [s]."""
        return self._rows[self._start : self._stop, 0]

    @property
    def latest_s(self) -> float:
        """Time of the newest sample that waits [s]."""
        return float(self._rows[self._stop - 1, 0])

    def add(self, samples: Samples) -> None:
        """Put samples at the end; their times increase and are later than all before."""
        if self._stop + len(samples) > len(self._rows):
            self._move(max(ROOM, 2 * (len(self) + len(samples))))
        new = slice(self._stop, self._stop + len(samples))
        self._rows[new, 0] = samples.time_s
        self._rows[new, 1:4], self._rows[new, 4:] = samples.acc, samples.gyr
        self._flags[new] = samples.flags
        self._stop = new.stop
        self.holes += long_steps(self._rows[max(self._start, new.start - 1) : new.stop, 0])

    def _move(self, room: int) -> None:
        """Move what waits to the beginning of columns with so much room."""
        rows, flags, kept = np.empty((room, 7)), np.empty(room, dtype=np.uint16), slice(self._start, self._stop)
        rows[: len(self)], flags[: len(self)] = self._rows[kept], self._flags[kept]
        self._rows, self._flags, self._start, self._stop = rows, flags, 0, len(self)

    def until(self, time_s: float, *, since_s: float = -math.inf) -> Samples:
        """Return the samples from the last one before ``since_s`` up to the first one after ``time_s``."""
        start = self._start + max(0, self._before(since_s, side="left") - 1)
        stop = min(self._stop, self._start + self._before(time_s, side="right") + 1)
        rows = self._rows[start:stop]
        return Samples(rows[:, 0], rows[:, 1:4], rows[:, 4:], self._flags[start:stop])

    def forget_before(self, time_s: float) -> None:
        """Forget all that lies before the last sample before ``time_s``."""
        self._start += max(0, self._before(time_s, side="left") - 1)

    def _before(self, time_s: float, *, side: str) -> int:
        """Return how many samples lie before an instant (``left``), or not after it (``right``)."""
        return int(np.searchsorted(self.times_s, time_s, side="right" if side == "right" else "left"))


@dataclass(slots=True)
class Intake:
    """Hold one sensor's samples that are not on the grid yet, its filter, its tracks and its holes so far.

    Parameters
    ----------
    placement
    state
        The orientation filter's.
    check
        Looks whether accelerometer and gyroscope fit each other.
    pending
        Screened samples that are not on the grid yet.
    newest
        Samples as they came, those after the screened ones too: what instants rest on, and nothing else.
    gyr, acc, up_s, flags
        Blocks on the grid: (n, 3) [rad/s, sensor] without bias, (n, 3) [m/s², sensor], (n, 3), (n,).
    holes
        On the grid.
    unscreened
        Samples as they came.
    latest_s
        Time of the last sample that came; the first is screened at once.
    count
        How many samples came.
    has_news
        Whether the last block let samples be screened.
    missed
        How many blocks of the others came since its last one.
    is_waited_for
        Whether that has been said.
    """

    placement: str
    state: State
    check: LiveCheck
    pending: Backlog = field(default_factory=Backlog)
    newest: Backlog = field(default_factory=Backlog)
    gyr: list[Array] = field(default_factory=list)
    acc: list[Array] = field(default_factory=list)
    up_s: list[Array] = field(default_factory=list)
    flags: list[Flags] = field(default_factory=list)
    holes: list[Region] = field(default_factory=list)
    arrivals: Arrivals = field(init=False)
    unscreened: list[Samples] = field(default_factory=list)
    latest_s: float = math.nan
    count: int = 0
    has_news: bool = False
    missed: int = 0
    is_waited_for: bool = False

    def __post_init__(self) -> None:
        self.arrivals = Arrivals(self.placement)

    def take(self, samples: Samples) -> list[tuple[float, str]]:
        """Screen new samples and let those wait that are final; return new doubts, each with its time [s]."""
        told = len(self.arrivals.doubts)
        self.has_news = False
        if len(samples):
            self.missed, self.is_waited_for = 0, False
            whole = self._whole(samples.time_s)
            self.has_news = whole > 0
            if whole:
                self.unscreened.append(samples[:whole])
                self._screen()
            if whole < len(samples):
                self.unscreened.append(samples[whole:])
        return self.arrivals.doubts[told:]

    def _whole(self, time_s: Array) -> int:
        """Return how many of the new samples, at ``time_s`` (n,) [s], complete a stretch; see `SCREENED_S`."""
        with np.errstate(invalid="ignore"):
            stretch = np.floor(np.concatenate(([self.latest_s], time_s)) / SCREENED_S)
        number = np.arange(self.count, self.count + len(time_s))
        ends = np.flatnonzero((stretch[1:] != stretch[:-1]) | (number % SCREENED_COUNT == 0))  # NaN differs
        self.latest_s, self.count = float(time_s[-1]), self.count + len(time_s)
        return int(ends[-1]) + 1 if ends.size else 0

    def _screen(self) -> None:
        blocks, self.unscreened = self.unscreened, []
        if blocks:
            columns = ([getattr(s, name) for s in blocks] for name in ("time_s", "acc", "gyr", "flags"))
            self.pending.add(self.arrivals.take(Samples(*map(np.concatenate, columns))))

    def preview(self, sample: Samples) -> None:
        """Let instants rest on a new sample before it is screened; what is no reading or comes late is left out.

        Notes
        -----
        Screening holds a sample until `arrivals.AHEAD` later ones have come: half of an instant's age.
        """
        if not len(self.pending):
            return
        reached_s = self.pending.latest_s
        self.newest.forget_before(reached_s)
        if len(self.newest):
            reached_s = max(reached_s, self.newest.latest_s)
        sample = readable(sample)
        if len(sample) and 0.0 < sample.time_s[0] - reached_s <= PREVIEW_GAP_S:
            self.newest.add(sample)

    def until(self, time_s: float, *, since_s: float) -> Samples:
        """Return screened samples and, after them, those that have just come; else as `Backlog.until`."""
        screened = self.pending.until(time_s, since_s=since_s)
        reached_s = float(screened.time_s[-1])
        if reached_s > time_s or not len(self.newest):
            return screened
        fresh = self.newest.until(time_s, since_s=reached_s)
        return joined(screened, fresh[int(np.searchsorted(fresh.time_s, reached_s, side="right")) :])

    def take_rest(self) -> None:
        """Let what was held back wait too: nothing more will come."""
        self._screen()
        self.pending.add(self.arrivals.rest())

    def advance(self, first: int, stop: int, grid: Grid) -> Rows:
        """Put the grid's instants from ``first`` to before ``stop`` on the tracks; forget the samples behind them.

        Parameters
        ----------
        first, stop
            Instants of the grid, half-open; every sample around them has come.
        grid
        """
        gyr, acc, flags = grid.part(self.pending.until(grid.time_s(stop), since_s=grid.time_s(first - 2)), first, stop)
        rows = filtered(self.state, gyr, acc, flags)
        self.check.take(gyr, acc, flags)
        self.gyr.append(rows.gyr)
        self.acc.append(acc)
        self.up_s.append(rows.up_s)
        self.flag(flags, first)
        self.pending.forget_before(grid.time_s(stop - 2 - round(KEPT_S * grid.rate_hz)))
        return rows

    def rates_of(self, count: int) -> Array:
        """Return the angular velocity at the newest instants, ``count`` of them or all since a look. (n, 3)."""
        chunks, held = [], 0
        for chunk in reversed(self.gyr):
            chunks.append(chunk)
            held += len(chunk)
            if held >= count:
                break
        return np.concatenate(chunks[::-1])[-count:]

    def flag(self, flags: Flags, first: int) -> None:
        """Remember the flags (n,) of the instants from ``first`` on, and over the whole session where holes are."""
        self.flags.append(flags)
        for hole in regions(_is_gap(flags)):
            start, stop = hole.start + first, hole.stop + first
            if self.holes and self.holes[-1].stop == start:  # it began in the step before
                start = self.holes.pop().start
            self.holes.append(Region(start, stop))

    def check_units(self, count: int, rate_hz: float) -> None:
        """Refuse what is not in m/s² and rad/s by the first ``count`` instants."""
        acc, gyr = np.concatenate(self.acc)[:count], np.concatenate(self.gyr)[:count]
        check_units(self.placement, Samples(np.arange(count) / rate_hz, acc, gyr))

    def track(self, time_s: Array, settings: Settings) -> Track:
        """Return the track of the newest instants, at ``time_s`` (n,) [s], and forget what lies before them."""
        for column in (self.gyr, self.acc, self.up_s):
            column[:] = [np.concatenate(column)[-len(time_s) :].copy()]
        self.flags[:] = [np.concatenate(self.flags)[-len(time_s) :].copy()]
        gyr, acc, flags = self.gyr[0], self.acc[0], self.flags[0]
        is_stationary = stationary(acc, gyr, settings.rate_hz, settings.stillness) & ~_is_gap(flags)
        return Track(time_s, self.up_s[0], acc, gyr, is_stationary, flags)


def filtered(state: State, gyr: Array, acc: Array, flags: Flags) -> Rows:
    """Filter the next instants of the grid.

    Parameters
    ----------
    state
        Updated in place.
    gyr, acc : (n, 3) [rad/s, sensor], [m/s², sensor]
    flags : (n,)
    """
    oriented = filter_block(state, gyr, acc, is_gap=_is_gap(flags))
    return Rows(gyr - oriented.bias_rad_s, acc, up_in_sensor(oriented.q_ws), flags)


def _is_gap(flags: Flags) -> npt.NDArray[np.bool_]:
    return np.asarray((flags & np.uint16(cv.Flag.GAP)) != 0)


def say_who_is_waited_for(sensors: Mapping[str, Intake], placement: str) -> list[Event]:
    """Note that one sensor has sent a block, and say, once each, which others the analysis waits for.

    This alone depends on the order in which blocks come, not on what is in them.
    """
    fed, events = sensors[placement], []
    for other in sensors.values():
        if other is fed:
            continue
        other.missed += 1
        if other.is_waited_for or other.missed < WAIT_BLOCKS or not len(fed.pending):
            continue
        at_s = fed.pending.latest_s
        silent_s = at_s - (other.pending.latest_s if len(other.pending) else fed.pending.first_s)
        if silent_s >= WAIT_S:
            other.is_waited_for = True
            message = (
                f"Nothing has come from the {other.placement} sensor for {silent_s:.0f} s, and the analysis waits for "
                "it: see that it is on and near."
            )
            events.append(Event("waiting", at_s, message))
    return events


def check_enough(sensors: Mapping[str, Intake], count: int, rate_hz: float) -> None:
    """Raise `TooShort` where sensors share fewer than three seconds.

    Parameters
    ----------
    sensors
        By placement; those without samples are named.
    count
        How many instants of the grid all of them share.
    rate_hz
        Rate of the grid.

    Raises
    ------
    TooShort
        Says which sensor was silent, or how long the session was.
    """
    if count < 2:  # one instant has no rate
        silent = [placement for placement, sensor in sensors.items() if not len(sensor.pending)]
        seen = f"nothing came from {', '.join(silent)}" if silent else f"{', '.join(sensors)} share no time"
        raise TooShort(f"There is nothing to analyse: {seen}. See that every sensor is on, and record longer.")
    if count < MIN_SECONDS * rate_hz:
        raise TooShort(
            f"The session is {count / rate_hz:.2f} s long and at least {MIN_SECONDS:g} s are needed. Record the whole "
            "set, from standing to standing."
        )
