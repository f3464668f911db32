"""Give every sample of a file its own time: unwrap counters, sort rows, spread packets, join two streams.

It works on stamps alone and knows no file format; what a gap is, `timeline` decides.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge.errors import BadSamples
from imu_hinge.model import Array, Samples

_JOIN_PERIODS = 3.0
"""Chosen: over a hole of more than this many periods one instrument is not interpolated for the other."""

_HOUR_S: Final = 3600.0
"""Seconds of an hour."""

_DST_SLACK_S: Final = 1.0
"""Daylight saving time begins and ends at a full hour: a jump of one hour this near to it is no hole [s]."""

Order = npt.NDArray[np.intp]


def unwrap(counter: Array, span: float) -> Array:
    """Undo the overflow of a counter that starts again at 0 after ``span``, (n,); rows may come late over it."""
    steps = np.diff(counter, prepend=counter[:1])
    turns = np.cumsum((steps < -0.5 * span).astype(np.int64) - (steps > 0.5 * span))
    # a jump forward over half the span, before any overflow, is a hole
    turns -= np.minimum(np.minimum.accumulate(turns), 0)
    return counter + span * turns


def without_dst(clock_s: Array) -> tuple[Array, tuple[str, ...]]:
    """Undo changes to and from daylight saving time in local clock times, (n,) [s], and say so.

    Such a change is a step of one hour back or forth, at a full hour, with no hole beside it.
    """
    steps = np.diff(clock_s, prepend=clock_s[:1])
    before = np.roll(clock_s, 1) % _HOUR_S
    at_full_hour = np.minimum(before, _HOUR_S - before) < _DST_SLACK_S
    is_change = at_full_hour & (np.abs(np.abs(steps) - _HOUR_S) < _DST_SLACK_S)
    if not is_change.any():
        return clock_s, ()
    shift = np.cumsum(np.where(is_change, np.sign(steps), 0.0)) * _HOUR_S
    return clock_s - shift, ("The clock jumps by one hour at a full hour, as daylight saving time does: undone.",)


def row_order(stamp_s: Array, *, name: str) -> tuple[Order, tuple[str, ...]]:
    """Return the order that sorts rows by their stamps, (n,), and say so; rows that tie stay as they are.

    Rows are left as they came, for the screening to judge, where the sorted stamps would crowd: then the clock was
    set back or two recordings were joined, and sorting would shuffle one into the other.
    """
    as_they_came = np.arange(stamp_s.size)
    n_late = int((np.diff(stamp_s) < 0.0).sum())
    runs_backwards = n_late > 0.9 * (stamp_s.size - 1)  # rows or time reversed: that cannot be told
    if n_late == 0 or runs_backwards or not np.isfinite(stamp_s).all():
        return as_they_came, ()
    order = np.argsort(stamp_s, kind="stable")
    if _would_crowd(stamp_s, order):
        return as_they_came, ()
    return order, (f"{name}: rows were out of order ({n_late} steps back in time) and were sorted by their stamps.",)


def _would_crowd(stamp_s: Array, order: Order) -> bool:
    """Tell whether runs of rows that come late would lie among others instead of in holes that those left."""
    n_late = int((np.diff(stamp_s) < 0.0).sum())
    distinct = np.unique(stamp_s)
    spacing = np.diff(distinct)
    if spacing.size < 2:
        return True
    # in the order they came, most neighbours are true neighbours unless rows are shuffled one by one
    near = np.abs(np.diff(stamp_s))
    # where a tenth come late, late is usual (chosen)
    usual = float(np.median(near[near > 0.0])) if n_late < 0.1 * stamp_s.size else float(np.median(spacing))
    is_tight = np.concatenate([[False], spacing < 0.5 * usual])
    is_late = np.maximum.accumulate(stamp_s) > stamp_s
    late_at = np.searchsorted(distinct, np.unique(stamp_s[is_late]))
    beside = is_tight | np.append(is_tight[1:], False)
    return bool(beside[late_at].mean() > 0.5 and late_at.size >= 3)


def spread_arrivals(stamp_s: Array) -> Array:
    """Spread samples that share one arrival stamp over the time since the stamp before, (n,) [s].

    The last sample of a packet keeps the stamp. Within a packet samples are never further apart than the mean
    over the whole file, so that a gap stays a gap.
    """
    if stamp_s.size < 2:
        return stamp_s
    starts = np.flatnonzero(np.concatenate([[True], np.diff(stamp_s) != 0.0]))
    counts = np.diff(np.concatenate([starts, [stamp_s.size]]))
    mean_s = float(stamp_s.max() - stamp_s.min()) / max(1, stamp_s.size - int(counts[0]))
    since = np.diff(stamp_s[starts], prepend=-np.inf)
    step = np.where(since > 0.0, np.minimum(since / counts, mean_s), 0.0)
    before_last = np.repeat(starts + counts - 1, counts) - np.arange(stamp_s.size)
    time_s: Array = stamp_s - before_last * np.repeat(step, counts)
    return time_s


def spread_packets(stamp_s: Array, counts: Array) -> Array:
    """Return the times of the samples of packets whose stamp is their first sample's, (sum of counts,) [s].

    Parameters
    ----------
    stamp_s, counts : (m,)
        Stamp [s] and number of samples of each packet. After a gap the usual interval holds.
    """
    interval = np.diff(stamp_s)
    usual = float(np.median(interval)) if interval.size else 0.0
    lasts = np.append(interval, usual)
    # half as long again is a pause and no sample's own length (chosen)
    lasts = np.where((lasts > 1.5 * usual) | (lasts <= 0.0), usual, lasts)
    sizes = counts.astype(np.int64)
    within = np.concatenate([np.arange(k) for k in sizes]) if sizes.size else np.empty(0)
    return np.repeat(stamp_s, sizes) + within * np.repeat(lasts / np.maximum(sizes, 1), sizes)


def join(acc_s: Array, acc: Array, gyr_s: Array, gyr: Array) -> Samples:
    """Put a gyroscope with times of its own on the accelerometer's, by straight lines between its samples.

    Parameters
    ----------
    acc_s, gyr_s : (n,), (m,) [s]
    acc, gyr : (n, 3) [m/s²], (m, 3) [rad/s]

    Returns
    -------
    Samples
        At those of ``acc_s`` that lie between two samples of the gyroscope which are not across a gap.

    Raises
    ------
    BadSamples
        Where the two have no time in common.
    """
    if acc_s.shape == gyr_s.shape and np.array_equal(acc_s, gyr_s):
        return Samples(acc_s, acc, gyr)
    if (np.diff(gyr_s) < 0.0).any():
        raise BadSamples(
            f"The gyroscope's times ({_range(gyr_s)}) jump back, as when a clock was set or two recordings were "
            "joined. Give the files of one recording."
        )
    if acc_s.size < 2 or gyr_s.size < 2 or acc_s.max() < gyr_s[0] or acc_s.min() > gyr_s[-1]:
        raise BadSamples(
            f"Accelerometer ({_range(acc_s)}) and gyroscope ({_range(gyr_s)}) have no time in common. "
            "Give the two files of one recording."
        )
    after = np.clip(np.searchsorted(gyr_s, acc_s), 1, gyr_s.size - 1)
    hole = gyr_s[after] - gyr_s[after - 1]
    is_inside = (acc_s >= gyr_s[0]) & (acc_s <= gyr_s[-1]) & (hole <= _JOIN_PERIODS * np.median(np.diff(gyr_s)))
    time_s = acc_s[is_inside]
    turned = np.column_stack([np.interp(time_s, gyr_s, gyr[:, axis]) for axis in range(3)])
    return Samples(time_s, acc[is_inside], turned)


def _range(time_s: Array) -> str:
    return f"{time_s.min():.3f} to {time_s.max():.3f} s" if time_s.size else "no samples"
