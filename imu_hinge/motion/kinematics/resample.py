"""Put uneven samples on an even grid, each instant from its neighbours alone, and flag what was not measured.

It does not mend clocks (`sensors.clock.live_mapping` does) and it does not filter.

An instant's value never depends on how the samples were cut into blocks: a live block computes the same bits as the
whole recording, as soon as a sample one grid period later is known (`ready`).
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge.conventions import Flag
from imu_hinge.errors import BadSamples
from imu_hinge.model import Array, Flags, Samples

MAX_GAP_S: Final = 0.25
"""Between samples further apart than this nothing is inferred: a fast pull turns the trunk by 30° in that time."""

RATE_SPAN: Final = 32
"""The rate is measured over this many samples at once, so that jitter and packets with one time do not matter."""


def median_rate_hz(time_s: Array) -> float:
    """Return the sensor's true sample rate from its times: the median over stretches of 32 samples.

    Jitter, lost packets and samples that share a packet's time do not change it.

    Parameters
    ----------
    time_s : (n,) [s]
        Not decreasing.

    Raises
    ------
    BadSamples
        Where there are fewer than two different times.
    """
    span = min(RATE_SPAN, len(time_s) - 1)
    step_s = float(np.median(time_s[span:] - time_s[:-span])) / span if span > 0 else 0.0
    if not step_s > 0.0:
        raise BadSamples(f"{len(time_s)} samples do not tell a sample rate. Record at least two different instants.")
    return 1.0 / step_s


def in_order(samples: Samples) -> Samples:
    """Return the samples with times that increase: put back in order, of each instant only the first, both flagged.

    The sample that was out of order has `Flag.REORDERED`, the one that was kept of several `Flag.DUPLICATE`.
    """
    time_s = samples.time_s
    if len(time_s) < 2 or bool(np.all(time_s[1:] > time_s[:-1])):
        return samples
    flags = samples.flags.copy()
    flags[1:][time_s[1:] < np.maximum.accumulate(time_s)[:-1]] |= np.uint16(Flag.REORDERED)
    order = np.argsort(time_s, kind="stable")
    time_s, flags = time_s[order], flags[order]
    is_repeat = np.concatenate(([False], time_s[1:] == time_s[:-1]))
    flags[:-1][is_repeat[1:]] |= np.uint16(Flag.DUPLICATE)
    keep = order[~is_repeat]
    return Samples(samples.time_s[keep], samples.acc[keep], samples.gyr[keep], flags[~is_repeat])


def ready(latest_s: float, *, rate_hz: float, origin_s: float) -> int:
    """Return how many instants of the grid are final once a sample at `latest_s` has come.

    Instant k is final when that sample is a grid period or more later: none to come can be near it.

    Parameters
    ----------
    latest_s
        Time of the newest sample [s].
    rate_hz, origin_s
        Rate of the grid, and time of its instant 0 [s].
    """
    n = max(0, math.floor((latest_s - origin_s) * rate_hz) + 1)
    while n > 0 and (origin_s + (n - 1) / rate_hz) + 1.0 / rate_hz > latest_s:
        n -= 1
    return n


def even_grid(samples: Samples, *, rate_hz: float, start_s: float, stop_s: float) -> tuple[Array, Array, Flags]:
    """Put samples on the even grid ``start_s + k / rate_hz`` for every k before `stop_s`.

    Parameters
    ----------
    samples
        Times must not decrease (see `in_order`).
    rate_hz
        Of the grid.
    start_s, stop_s : [s]
        The grid's half-open range.

    Returns
    -------
    gyr : (n, 3) [rad/s, sensor]
    acc : (n, 3) [m/s², sensor]
    flags : (n,)
        `Flag.GAP` where the samples around are more than `MAX_GAP_S` apart or there is none on one side, `Flag.UNEVEN`
        where the nearest is more than half a period away, and what the samples used were flagged with. The values
        are finite everywhere, but in a gap they mean nothing.

    Raises
    ------
    BadSamples
        Where there is no sample, a value is not finite, times decrease or the rate is not positive.
    """
    n = max(0, math.ceil((stop_s - start_s) * rate_hz - 1e-6))
    return grid_part(samples, rate_hz=rate_hz, origin_s=start_s, first=0, stop=n)


def grid_part(
    samples: Samples, *, rate_hz: float, origin_s: float, first: int, stop: int
) -> tuple[Array, Array, Flags]:
    """Return the instants ``origin_s + k / rate_hz`` of `even_grid` for k from ``first`` to before ``stop``.

    Parameters
    ----------
    samples
        They may start one sample, or one grid period if that is longer, before the first instant; what lies earlier is
        not looked at.
    rate_hz, origin_s
        Rate of the grid, and time of its instant 0 [s].
    first, stop
        Instants, half-open.

    Returns
    -------
    gyr : (n, 3) [rad/s, sensor]
    acc : (n, 3) [m/s², sensor]
    flags : (n,)

    Raises
    ------
    BadSamples
        As `check`.
    """
    check(samples, rate_hz)
    at_s = origin_s + np.arange(first, stop) / rate_hz
    values = np.concatenate((samples.gyr, samples.acc), axis=1)
    line, flags = between(samples, values, at_s, 1.0 / rate_hz)
    start = np.searchsorted(samples.time_s, at_s - 1.0 / rate_hz, side="right")
    count = np.searchsorted(samples.time_s, at_s + 1.0 / rate_hz, side="left") - start
    dense = np.flatnonzero(count >= 3)
    if dense.size:
        mean, more = around(samples, values, at_s[dense] * rate_hz, (start[dense], count[dense]), rate_hz)
        line[dense] = mean
        flags[dense] |= more
    return np.ascontiguousarray(line[:, :3]), np.ascontiguousarray(line[:, 3:]), flags


def check(samples: Samples, rate_hz: float) -> None:
    """Raise `BadSamples` where no grid can be made."""
    if not (math.isfinite(rate_hz) and rate_hz > 0.0):
        raise BadSamples(f"The grid's rate is {rate_hz!r} Hz. Give the instants per second as a positive number.")
    if len(samples) == 0:
        raise BadSamples("There is no sample to put on a grid. Record something first.")
    for name, value in (("time_s", samples.time_s), ("gyr", samples.gyr), ("acc", samples.acc)):
        if not np.isfinite(value).all():
            raise BadSamples(f"{name} holds a value that is not finite. Drop that sample: the gap will be flagged.")
    if bool(np.any(samples.time_s[1:] < samples.time_s[:-1])):
        raise BadSamples("The times go back. Put the samples in order first (resample.in_order).")


def between(samples: Samples, values: Array, at_s: Array, period_s: float) -> tuple[Array, Flags]:
    """Return values on the line between the two samples around each instant, and flags.

    Parameters
    ----------
    samples
        Their times increase.
    values : (m, c)
        Of those samples.
    at_s : (n,) [s]
        The instants.
    period_s
        Of the grid; where the nearest sample is further away than half of it the instant is `Flag.UNEVEN`.

    Returns
    -------
    line : (n, c)
    flags : (n,)
        Of both neighbours; `Flag.GAP` outside the samples and where they are more than `MAX_GAP_S` apart.
    """
    time_s, n = samples.time_s, len(samples)
    right = np.searchsorted(time_s, at_s, side="right")  # first sample after the instant
    left = np.clip(right - 1, 0, n - 1)
    right = np.where(time_s[left] == at_s, left, np.clip(right, 0, n - 1))
    width_s = time_s[right] - time_s[left]
    share = np.where(width_s > 0.0, at_s - time_s[left], 0.0) / np.where(width_s > 0.0, width_s, 1.0)
    line = values[left] + share[:, None] * (values[right] - values[left])
    known = np.uint16(~int(Flag.GAP) & 0xFFFF)  # a short loss is bridged: only its length decides
    flags = (samples.flags[left] | samples.flags[right]) & known
    nearest_s = np.minimum(np.abs(at_s - time_s[left]), np.abs(time_s[right] - at_s))
    is_outside = (at_s < time_s[0]) | (at_s > time_s[-1])
    flags[is_outside | (width_s > MAX_GAP_S)] |= np.uint16(Flag.GAP)
    flags[nearest_s > 0.5 * period_s * (1.0 + 1e-9)] |= np.uint16(Flag.UNEVEN)
    return line, flags


def around(
    samples: Samples,
    values: Array,
    at: Array,
    near: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    rate_hz: float,
) -> tuple[Array, Flags]:
    """Return a weighted line fit to the samples within one grid period of each instant, read at the instant, and flags.

    The weight falls linearly to zero one period away: what the grid cannot carry of a faster sensor is averaged out
    instead of folded back. Sums run over the samples in their order, so they have the same bits in any block.

    Parameters
    ----------
    samples
    values : (m, 6)
        Of those samples.
    at : (n,)
        The instants, in grid periods.
    near : (n,), (n,)
        First sample within a period of each instant, and how many there are.
    rate_hz
        Of the grid.

    Returns
    -------
    line : (n, 6)
    flags : (n,)
        Of all samples that were used, but for `Flag.GAP`.
    """
    start, count = near
    weights, sums = np.zeros((len(at), 3)), np.zeros((len(at), 2, 6))
    flags = np.zeros(len(at), dtype=np.uint16)
    row, k = np.arange(len(at)), 0
    while row.size:
        j = start[row] + k
        offset = samples.time_s[j] * rate_hz - at[row]
        weight = np.maximum(1.0 - np.abs(offset), 0.0)
        powers = np.stack((weight, weight * offset, weight * offset * offset), axis=1)
        weights[row] += powers
        sums[row] += powers[:, :2, None] * values[j][:, None, :]
        flags[row] |= samples.flags[j]
        k += 1
        row = row[count[row] > k]
    w0, w1, w2 = weights.T[:, :, None]
    spread = w2 * w0 - w1 * w1
    is_flat = spread <= 1e-6 * w0 * w0  # all at one instant: there is no slope to tell
    slope = np.where(is_flat, 0.0, w1) * (sums[:, 1] * w0 - sums[:, 0] * w1) / np.where(is_flat, 1.0, spread)
    known = np.uint16(~int(Flag.GAP) & 0xFFFF)
    return (sums[:, 0] - slope) / np.where(w0 > 0.0, w0, 1.0), flags & known
