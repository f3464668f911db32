"""Count the frames a device lost without telling, from nothing but when the others arrived.

It places no samples and sees one stretch of arrivals; `offline_mapping` and `lost_frames_live` go from one to the next.

A device that sends frames at an even period and numbers none gives arrivals y of the i-th received frame::

    y = start + period (i + k) + wait        k: frames lost so far, never falling;  0 <= wait <= reach

So every arrival bounds k from both sides: a wait cannot be negative, and beyond ``reach`` (one connection interval, as
a rule) only a stall explains it. Period, start and reach are found as what explains a stretch of arrivals with the
least: short waits, few losses, few stalls. Where a loss lies between two arrivals that could each be either, nobody can
know: the middle is taken, which is wrong by at most half a period per frame lost there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from imu_hinge.model import Array
from imu_hinge.sensors.clock.envelope_fit import lower_line

FIRST_S: Final = 10.0
"""Stretch in which the period is first looked for [s]."""

WINDOW_S: Final = 20.0
"""Stretch over which the period is taken for constant [s]."""

LEAST_FRAMES: Final = 100
"""With fewer the period is not looked for."""

MOST_LOSS: Final = 0.14  # chosen
LEAST_LOSS: Final = -0.01
"""The period is looked for between the mean spacings that these shares of loss leave."""

STARTS: Final = 16
"""Starting points tried per period."""

FINALISTS: Final = 14
"""How many periods of the first stretch are tried again over the longer one."""

REACH_SHARE: Final = 0.96
"""Share of the waits that are no stall."""

LOSS_COST: Final = 4.0  # (0.05 ln 20 + 0.95 ln (1 / 0.95)) / 0.05
STALL_COST: Final = 4.0
"""What one loss and one stall cost against a wait e times shorter: the entropy of one in twenty, per one [nat]."""

SLACK_S: Final = 0.5e-3
"""What the system adds to a wait at random [s]."""

EVEN: Final = 1.1
"""Up to this ratio waits over the whole stretch are those within a second: nothing was lost, and no search needed."""

NEAR_S: Final = 2e-3
"""How far a model may be off before it is brought to touch the arrivals [s]."""

SAME_S: Final = 2e-3
"""Frames that arrive closer together than this were sent in one connection event [s]."""


class PeriodicArrivals(NamedTuple):
    """Hold the model of a device whose frames are ready at an even period.

    Parameters
    ----------
    period_s
    start_s
        When the first one is ready.
    reach_s
        Within which they arrive.
    """

    period_s: float
    start_s: float
    reach_s: float

    def at(self, number: Array) -> Array:
        """Return when frames are ready by their number, lost ones counted. (n,) [s]."""
        return self.start_s + self.period_s * number


class _Found(NamedTuple):
    cost: float
    model: PeriodicArrivals


def search(y: Array, i: Array) -> Iterator[PeriodicArrivals | None]:
    """Look for the model of a stretch of arrivals, a little work at a time.

    Parameters
    ----------
    y : (n,) [s]
        Arrivals, not descending.
    i : (n,)
        How many frames were received before each.

    Yields
    ------
    PeriodicArrivals or None
        None while it goes on; last the model.
    """
    spacing, interval = float((y[-1] - y[0]) / (i[-1] - i[0])), _interval(y)
    early = y < y[0] + FIRST_S
    even = _lossless(y, i, interval=interval)
    if even.is_all:
        yield even.model
        return
    lossless = even.model.period_s
    found = []
    step = _step(y[early], spacing)
    for period in (lossless, *np.arange((1 - MOST_LOSS) * spacing, (1 - LEAST_LOSS) * spacing, step)):
        found.append(_best_start(y[early], i[early], float(period), interval=interval))
        yield None
    fine = _step(y, spacing)
    again = [_best_start(y, i, lossless, interval=interval)]
    for finalist in _apart(found, 4 * step):
        for offset in range(-6, 7):
            again.append(_best_start(y, i, finalist.model.period_s + offset * fine, interval=interval))
            yield None
    yield _refined(y, i, min(again), interval=interval)


def found_in(y: Array, i: Array) -> PeriodicArrivals:
    """Return the model of a stretch of arrivals; as `search`, at once."""
    *_, model = search(y, i)
    assert model is not None
    return model


def refine(y: Array, i: Array, model: PeriodicArrivals) -> PeriodicArrivals:
    """Return the model of a stretch of arrivals that goes on from one whose model is known; as `search`, but quick.

    Parameters
    ----------
    y : (n,) [s]
        Arrivals, not descending.
    i : (n,)
        How many frames were received before each.
    model
        Of the stretch before.
    """
    interval, step = _interval(y), _step(y, model.period_s)
    even = _lossless(y, i, interval=interval)
    if even.is_all:
        return even.model
    periods = (model.period_s + offset * step for offset in range(-4, 5))
    return _refined(y, i, min(_best_start(y, i, period, interval=interval) for period in periods), interval=interval)


def events(y: Array) -> Array:
    """Return when the connection event of each arrival came, where events bunch them; else when they arrived. (n,) [s].

    The first frame of an event waited least for the others; the next event is counted from it, too.
    """
    if not _interval(y):
        return y
    first = np.diff(y, prepend=-np.inf) > SAME_S
    began: Array = y[first][np.cumsum(first) - 1]
    return began


def better(y: Array, i: Array, *, first: PeriodicArrivals, second: PeriodicArrivals) -> PeriodicArrivals:
    """Return which of two models explains a stretch of arrivals with less; the first where they are equal.

    Parameters
    ----------
    y : (n,) [s]
        Arrivals, not descending.
    i : (n,)
        How many frames were received before each.
    first, second
        Periodic arrivals to compare.
    """
    interval = _interval(y)
    costs = [_explained(y, i, c.period_s, np.array([c.start_s]), interval=interval).cost for c in (first, second)]
    return second if costs[1] < costs[0] else first


def frames_per_arrival(i: Array) -> float:
    """Return how many frames one arrival brings, from the counts received by each. (n,)."""
    return max(1.0, float(np.median(np.diff(i))))


def bounds(y: Array, i: Array, model: PeriodicArrivals, *, slack_s: float = SLACK_S) -> tuple[Array, Array]:
    """Return the fewest and the most frames that can have been lost before each arrival.

    Before the first arrival that leaves no choice and after the last one nothing is taken for lost.

    Parameters
    ----------
    y : (n,) [s]
        Arrivals, not descending.
    i : (n,)
        How many frames were received before each.
    model
        Of this stretch.
    slack_s
        What a wait may be off by.

    Returns
    -------
    least, most : (n,), (n,)
        Neither falls.
    """
    late = (y - model.start_s) / model.period_s - i
    most: Array = np.minimum.accumulate(np.floor(late + slack_s / model.period_s)[::-1])[::-1]
    least = np.ceil(late - (model.reach_s + slack_s) / model.period_s)
    least = np.where(least > most, -np.inf, least)  # a stall
    least = np.minimum(np.maximum.accumulate(least), most)
    sure = np.flatnonzero(least == most)
    if not len(sure):
        return most, most
    first, last = sure[0], sure[-1]
    least[:first] = np.minimum(most[:first], least[first])
    most[last:] = np.maximum(least[last:], most[last])
    return least, most


def _step(y: Array, spacing: float) -> float:
    """Return by how much a period may be wrong without a fifth of a period of error over the stretch [s]."""
    return 0.2 * spacing * spacing / float(y[-1] - y[0])  # a fifth of a period, as said above


def _interval(y: Array) -> float:
    """Return the connection interval where frames arrive bunched by it, else 0 [s]."""
    gaps = np.diff(y)
    apart = gaps[gaps > SAME_S]
    # where most frames come alone nothing is bunched
    return float(np.median(apart)) if 0 < len(apart) < 0.6 * len(gaps) else 0.0


class _Lossless(NamedTuple):
    model: PeriodicArrivals
    is_all: bool


def _lossless(y: Array, i: Array, *, interval: float) -> _Lossless:
    """Return the model that takes nothing for lost, and whether it explains all.

    It does where waits above it spread no further over the whole stretch than within a second.
    """
    spacing = float((y[-1] - y[0]) / (i[-1] - i[0]))
    line = lower_line(i, y, slopes=(0.5 * spacing, 2 * spacing))
    waits = y - line.at(i)
    reach = float(np.quantile(waits, REACH_SHARE))
    cuts = np.searchsorted(y, np.arange(y[0] + 1.0, y[-1], 1.0))
    within = [float(np.ptp(part)) for part in np.split(waits, cuts) if len(part) > 1]
    is_all = bool(within) and reach <= EVEN * float(np.median(within))
    # a little over one interval: rounding of stamps (chosen); so below
    return _Lossless(PeriodicArrivals(line.slope, line.at_one(0.0), max(reach, 1.02 * interval) / REACH_SHARE), is_all)


def _best_start(y: Array, i: Array, period: float, *, interval: float) -> _Found:
    starts = y[0] - period * (i[0] + np.arange(STARTS) / STARTS)
    return _explained(y, i, period, starts, interval=interval)


def _explained(y: Array, i: Array, period: float, starts: Array, *, interval: float) -> _Found:
    """Return the start with which arrivals cost least to explain, for one period.

    Notes
    -----
    Cost per frame: logarithm of the reach, plus each loss and each stall. A reach below the connection interval is no
    virtue: it would explain bunched arrivals by a period that divides the interval.
    """
    late = (y[None, :] - starts[:, None]) / period - i[None, :]
    lost = np.minimum.accumulate(np.floor(late)[:, ::-1], axis=1)[:, ::-1]
    waits = period * (late - lost)
    rank = int(REACH_SHARE * len(y))
    reach = np.maximum(np.partition(waits, rank, axis=1)[:, rank], 1.02 * interval)  # see `_lossless`
    cost = np.log(reach) + LOSS_COST * (lost[:, -1] - lost[:, 0]) / len(y)
    if interval:
        cost += STALL_COST * (waits > 1.04 * interval).mean(axis=1)  # twice that rounding
    best = int(cost.argmin())
    return _Found(float(cost[best]), PeriodicArrivals(period, float(starts[best]), float(reach[best]) / REACH_SHARE))


def _refined(y: Array, i: Array, found: _Found, *, interval: float) -> PeriodicArrivals:
    """Return the model with its start and period found to a hundredth of a period."""
    for width in (1 / STARTS, 0.1 / STARTS):  # coarse, then ten times as fine
        period, start, step = found.model.period_s, found.model.start_s, _step(y, found.model.period_s) * width * STARTS
        starts = start + period * width * np.linspace(-1, 1, 13)
        middle = float(i.mean())  # a steeper model turns about the middle of the stretch
        found = min(
            _explained(y, i, period + turn, starts - turn * middle, interval=interval)
            for turn in step / 3 * np.arange(-2, 3)
        )
    return _touching(y, i, found.model)


def _touching(y: Array, i: Array, model: PeriodicArrivals) -> PeriodicArrivals:
    """Return the model moved and tilted a little, so that no frame arrives before it is ready."""
    least, most = bounds(y, i, model, slack_s=NEAR_S)
    sure = least == most
    turn = NEAR_S / float(y[-1] - y[0])
    line = lower_line((i + most)[sure], y[sure], slopes=(model.period_s * (1 - turn), model.period_s * (1 + turn)))
    return PeriodicArrivals(line.slope, line.at_one(0.0), model.reach_s)


def _apart(found: list[_Found], least_s: float) -> list[_Found]:
    """Return the cheapest whose periods differ from each other."""
    kept: list[_Found] = []
    for each in sorted(found):
        if all(abs(each.model.period_s - other.model.period_s) > least_s for other in kept):
            kept.append(each)
        if len(kept) == FINALISTS:
            break
    return kept
