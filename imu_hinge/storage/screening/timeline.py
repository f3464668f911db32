"""Put one sensor's time in order and flag what is missing, repeated or late.

It does not judge units of acceleration or rate, and never fills in a sample that was not delivered.
"""

import numpy as np
import numpy.typing as npt

from imu_hinge.conventions import CSV_COLUMNS, Flag
from imu_hinge.errors import BadSamples, TooShort
from imu_hinge.model import Array, Flags, Samples
from imu_hinge.settings import LimitSettings

MIN_SECONDS = 3.0
"""Shorter than this holds no standing and no rep [s]."""

MIN_RATE_HZ, MAX_RATE_HZ = 9.5, 2100.0
"""Rates that are taken: 10 Hz to 2 kHz with a clock that is a little off [Hz]."""

MAX_LATE_S = 0.5
"""A sample this late is put back in order; later than that the clock was set back [s]."""

MAX_BAD_SHARE = 0.05
"""Up to this share of bad rows is dropped and flagged; above it the recording is refused."""

GAP_PERIODS, MIN_GAP_S = 3.0, 0.05
"""An interval above both, in sampling periods and in seconds, is a gap."""

LONGEST_HOLE_S = 30 * 86400.0
"""Over a longer hole the clock was set, as from 1970 to today: no battery lasts a month [s]."""

LARGEST_VALUE, LARGEST_TIME = 1e9, 1e20
"""No unit in which a movement was ever exported gives larger numbers; times since 1970 in ns reach 2e18."""

Mask = npt.NDArray[np.bool_]


def screen_time(placement: str, samples: Samples) -> Samples:
    """Return the samples in order of time, each instant once, with gaps, repeats and late arrivals flagged.

    Parameters
    ----------
    placement
        Names the sensor in messages.
    samples
        As read; rows with a value that is not finite are dropped.

    Raises
    ------
    BadSamples
        Where there is no sample, more than `MAX_BAD_SHARE` of them are bad, the clock was set back, or the rate
        is below 10 Hz or impossible.
    TooShort
        Where less than `MIN_SECONDS` are left.
    """
    if len(samples) < 2:
        raise BadSamples(f"{placement}: there are {len(samples)} samples. Record a set with the sensor running.")
    is_bad = ~np.isfinite(samples.time_s) | (np.abs(samples.time_s) > LARGEST_TIME)
    for column in (*samples.acc.T, *samples.gyr.T):
        is_bad |= ~(np.abs(column) <= LARGEST_VALUE)  # NaN compares false
    samples = drop_rows(placement, samples, is_bad, what="hold something that is no finite number or no possible one")
    samples = _in_order(placement, samples)
    step_s = period_s(placement, samples.time_s)
    length_s = float(samples.time_s[-1] - samples.time_s[0])
    if length_s < MIN_SECONDS:
        raise TooShort(
            f"{placement}: the recording is {length_s:.2f} s long and at least {MIN_SECONDS:g} s are needed. "
            "Record the whole set, from standing to standing."
        )
    widest = int(np.argmax(np.diff(samples.time_s)))
    before_s, after_s = samples.time_s[widest : widest + 2]
    if after_s - before_s > LONGEST_HOLE_S:
        raise BadSamples(
            f"{placement}: the clock jumped from {before_s:.0f} to {after_s:.0f} s, as "
            "when it is set after the sensor has started. Cut off what comes before, or give it its own time."
        )
    after_gap = np.flatnonzero(np.diff(samples.time_s) > max(GAP_PERIODS * step_s, MIN_GAP_S)) + 1
    return with_flag(samples, after_gap, Flag.GAP)


def drop_rows(placement: str, samples: Samples, is_bad: Mask, *, what: str) -> Samples:
    """Drop the rows that are marked and flag `Flag.GAP` on the row after each.

    Parameters
    ----------
    placement
        For the message.
    samples
    is_bad : (n,)
    what
        What such rows do, for the message.

    Raises
    ------
    BadSamples
        Where more than `MAX_BAD_SHARE` of the rows are marked.
    """
    n_bad = int(is_bad.sum())
    if n_bad == 0:
        return samples
    first = int(np.argmax(is_bad))
    if n_bad > MAX_BAD_SHARE * len(samples):
        cells = ", ".join(f"{name} = {value:g}" for name, value in zip(CSV_COLUMNS, _rows(samples)[first], strict=True))
        raise BadSamples(
            f"{placement}: {n_bad} of {len(samples)} rows ({100 * n_bad / len(samples):.0f} %) {what}; "
            f"the first is row {first + 1} ({cells}). Export the recording again, or cut that stretch out."
        )
    is_after = np.concatenate([[False], is_bad[:-1]])[~is_bad]
    kept = Samples(samples.time_s[~is_bad], samples.acc[~is_bad], samples.gyr[~is_bad], samples.flags[~is_bad])
    return with_flag(kept, is_after, Flag.GAP)


def check_length(start_s: float, stop_s: float, limits: LimitSettings) -> None:
    """Refuse a time over which an even grid would hold more than is analysed at once.

    Parameters
    ----------
    start_s, stop_s
        First and last sample [s].
    limits
        From the settings.

    Raises
    ------
    BadSamples
        Says how long it is and how long it may be.
    """
    if stop_s - start_s > 3600.0 * limits.hours:
        raise BadSamples(
            f"The recording lasts {(stop_s - start_s) / 3600.0:.3g} h and at most {limits.hours:g} h are analysed at "
            "once. Cut it into parts, or raise [limits] hours in the settings."
        )


def with_flag(samples: Samples, where: Mask | npt.NDArray[np.intp] | slice, flag: Flag) -> Samples:
    """Return the samples with one flag added.

    Parameters
    ----------
    samples
    where : (n,) or slice
        Mask, indices or a slice.
    flag
    """
    flags: Flags = samples.flags.copy()
    flags[where] |= np.uint16(flag)
    if np.array_equal(flags, samples.flags):
        return samples
    return Samples(samples.time_s, samples.acc, samples.gyr, flags)


def _rows(samples: Samples) -> Array:
    """All seven columns of the contract, (n, 7)."""
    return np.column_stack([samples.time_s, samples.acc, samples.gyr])


def _in_order(placement: str, samples: Samples) -> Samples:
    """Sort by time, keep the first of each instant, flag what was moved or repeated."""
    time_s = samples.time_s
    if (np.diff(time_s) > 0.0).all():
        return samples
    late_s = np.maximum.accumulate(time_s) - time_s
    order = np.argsort(time_s, kind="stable")
    rows, late_s = _rows(samples)[order], late_s[order]

    is_again = np.concatenate([[False], np.diff(rows[:, 0]) == 0.0])
    first_of = np.maximum.accumulate(np.where(is_again, 0, np.arange(len(rows))))
    is_copy = is_again & (rows == rows[first_of]).all(axis=1)
    is_rival = is_again & ~is_copy
    _check_order(placement, time_s, late_s[~is_copy], rows[~is_copy, 0])
    if is_rival.sum() > MAX_BAD_SHARE * len(rows):
        raise BadSamples(
            f"{placement}: {int(is_rival.sum())} of {len(rows)} rows have the same time_s as another row but other "
            f"values (first at {rows[is_rival, 0][0]:.3f} s), as when a packet's samples share one stamp. "
            "Give every sample its own time."
        )
    flags: Flags = samples.flags[order].copy()
    flags[late_s > 0.0] |= np.uint16(Flag.REORDERED)
    flags[first_of[is_copy]] |= np.uint16(Flag.DUPLICATE)
    flags[first_of[is_rival]] |= np.uint16(Flag.SUSPECT)
    keep = ~is_again
    return Samples(rows[keep, 0], rows[keep, 1:4], rows[keep, 4:7], flags[keep])


def _check_order(placement: str, time_s: Array, late_s: Array, sorted_s: Array) -> None:
    """Raise `BadSamples` unless sorting alone explains the late samples.

    Parameters
    ----------
    time_s : (n,) [s]
        As they came.
    late_s, sorted_s : (m,) [s]
        In order of time and without copies: how far each was behind the newest time when it came, and its time.
    """
    steps = np.diff(time_s)
    if np.mean(steps < 0.0) > 0.9:  # some steps may be wrong otherwise (chosen); so below
        raise BadSamples(
            f"{placement}: time_s runs backwards, from {time_s[0]:g} to {time_s[-1]:g} s. "
            "Reverse the rows, or give them their true times."
        )
    is_late = late_s > 0.0
    n_late = int(is_late.sum())
    if n_late == 0:
        return
    spacing = np.diff(sorted_s)
    tight = np.concatenate([[False], spacing < 0.5 * np.median(spacing), [False]])
    n_crowded = int(((tight[1:] | tight[:-1]) & is_late).sum())  # between others instead of in a hole they left
    was_set_back = n_crowded >= 3 and n_crowded > 0.5 * n_late
    if was_set_back or late_s.max() > MAX_LATE_S or n_late > MAX_BAD_SHARE * time_s.size:
        back = int(np.argmin(steps))
        raise BadSamples(
            f"{placement}: time_s jumps back from {time_s[back]:g} to {time_s[back + 1]:g} s at row {back + 2}, and "
            f"{n_late} rows are late, as when a clock starts again or two recordings were joined. "
            "Split the file there, or give the later part its own time."
        )


def period_s(placement: str, time_s: Array) -> float:
    """Return the median sampling period [s] or say what time seems to be in."""
    period = float(np.median(np.diff(time_s))) if time_s.size > 1 else 0.0
    if period <= 0.0:
        raise BadSamples(f"{placement}: time_s does not advance ({time_s[:1]} s throughout). Export the times with it.")
    if period == 1.0 and bool(np.mean(np.diff(time_s) == 1.0) > 0.9):  # see `steps`: nearly all
        raise BadSamples(
            f"{placement}: time_s counts samples, or looks like ms at 1000 Hz: its steps are exactly 1. "
            "Divide time_s by the sensor's rate in Hz; by 1000 only where that is the rate."
        )
    for unit, per_second in (("ms", 1e3), ("µs", 1e6), ("ns", 1e9)):
        # from 1 ms to 0.1 s a sample, with a tenth of tolerance
        if period >= 0.9 and 0.9e-3 <= period / per_second <= 0.105:
            raise BadSamples(
                f"{placement}: time_s looks like {unit}: samples are {period:g} apart, which in seconds would be "
                f"{1 / period:g} Hz. Divide time_s by {per_second:g}."
            )
    rate_hz = 1.0 / period
    if rate_hz < MIN_RATE_HZ:
        raise BadSamples(
            f"{placement}: the samples come at {rate_hz:.3g} Hz and at least 10 Hz are needed. "
            "Set the sensor to 50 Hz or more, or check that time_s is in seconds."
        )
    if rate_hz > MAX_RATE_HZ:
        raise BadSamples(
            f"{placement}: the samples would come at {rate_hz:.3g} Hz, which no sensor does here. "
            "Give time_s in seconds, and each sample's own time instead of its packet's arrival."
        )
    return period
