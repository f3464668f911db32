"""Give every sample of a vendor's file its own time: unwrap counters, spread packets, join two streams.

It works on stamps alone and knows no file format; what a gap is, `timeline` decides.
"""

import numpy as np

from imu_hinge.errors import BadSamples
from imu_hinge.model import Array, Samples

_JOIN_PERIODS = 3.0


def unwrap(counter: Array, span: float) -> Array:
    """Undo the overflow of a counter that starts again at 0 after ``span``, (n,)."""
    steps = np.diff(counter, prepend=counter[:1])
    return counter + span * np.cumsum(steps < -0.5 * span)


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
    order = np.argsort(gyr_s, kind="stable")
    gyr_s, gyr = gyr_s[order], gyr[order]
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
