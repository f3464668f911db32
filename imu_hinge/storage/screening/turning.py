"""Measure how well a gyroscope explains the turning of gravity that its accelerometer sees.

It decides nothing: `self_check` does. It integrates over seconds, so that a body that stays where it is cancels out.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from imu_hinge.model import Array, Samples

STEP_S: Final = 0.04
"""Samples are averaged over this: people turn slowly against it, and 10 Hz recordings still fill it by lines [s]."""

MARGIN: Final = 25
"""Steps at either end of a window in which only the gyroscope is looked at: it may come a second early or late."""

INNER: Final = slice(MARGIN, MARGIN + 112)
"""The part of a window in which gravity is looked at, 4.5 s: a bend and its return fit in, and the drift of a bias of
1 deg/s does not yet hide them."""

HOP_STEPS: Final = 37
"""Windows begin so far apart: their inner parts overlap by two thirds."""

OVERLAP: Final = HOP_STEPS / 112
"""How many looks that do not overlap a window stands for."""

WINDOW_STEPS: Final = INNER.stop + MARGIN

LEAST_TURN_RAD: Final = 0.35
"""A window in which the sensor turns less tells little against what a body does besides [rad]."""

MOST_WINDOWS: Final = 24
"""So many windows are looked at, spread over the recording: a dozen independent looks tell, and an hour costs no more
than a set."""

LONGEST_HOLE_S: Final = 0.25
"""No window goes over a longer hole: nobody knows how the sensor turned meanwhile [s]."""

BIAS_PRIOR_RADPS: Final = 0.04
"""Gyroscopes are off by 0.3 to 3 deg/s per axis (docs/biomechanics.md, 6.3) [rad/s]."""


def steps_of(samples: Samples) -> list[tuple[Array, Array]]:
    """Return the mean angular rate and specific force of each step of `STEP_S`, of each part without a hole.

    Parameters
    ----------
    samples
        In order of time.

    Returns
    -------
    list of (m, 3) [rad/s, sensor], (m, 3) [m/s², sensor]
    """
    holes = np.flatnonzero(np.diff(samples.time_s) > LONGEST_HOLE_S) + 1
    edges = [0, *holes.tolist(), len(samples)]
    parts = (slice(a, b) for a, b in pairwise(edges) if b - a > 1)
    return [means(samples.time_s[part], samples.gyr[part], samples.acc[part]) for part in parts]


def means(time_s: Array, gyr: Array, acc: Array) -> tuple[Array, Array]:
    """Return means over whole steps from the first of these times on.

    Parameters
    ----------
    time_s : (n,) [s]
    gyr : (n, 3) [rad/s, sensor]
    acc : (n, 3) [m/s², sensor]

    Returns
    -------
    (m, 3) [rad/s, sensor], (m, 3) [m/s², sensor]
    """
    count = int((time_s[-1] - time_s[0]) / STEP_S + 1e-6)
    at_s = time_s[0] + STEP_S * np.arange(count + 1)
    i = np.clip(np.searchsorted(time_s, at_s, side="right") - 1, 0, len(time_s) - 2)
    widths_s = np.diff(time_s)
    share = (at_s - time_s[i]) / widths_s[i]
    found = np.empty((6, count))
    area = np.zeros(len(time_s))
    for k, column in enumerate((*gyr.T, *acc.T)):
        pieces = (column[1:] + column[:-1]) * widths_s
        np.cumsum(pieces, out=area[1:])
        found[k] = np.diff(area[i] + share * pieces[i]) * (0.5 / STEP_S)
    return found[:3].T, found[3:].T


def windows(parts: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Return the windows of parts without a hole, see `steps_of`, in which the sensor turns; spread over all.

    Returns
    -------
    (w, k, 3) [rad/s, sensor], (w, k, 3) [m/s², sensor]
    """
    empty = np.empty((0, WINDOW_STEPS, 3))
    found: list[tuple[Array, Array]] = [(empty, empty)]
    for gyr, acc in parts:
        if len(gyr) >= WINDOW_STEPS:
            every = tuple(sliding_window_view(x, WINDOW_STEPS, axis=0)[::HOP_STEPS].swapaxes(1, 2) for x in (gyr, acc))
            at = turns(*every)
            found.append((every[0][at], every[1][at]))
    all_gyr, all_acc = (np.concatenate(column) for column in zip(*found, strict=True))
    chosen = slice(None, None, 1 + max(0, len(all_gyr) - 1) // MOST_WINDOWS)
    return all_gyr[chosen], all_acc[chosen]


def turns(gyr: Array, acc: Array) -> npt.NDArray[np.bool_]:
    """Tell in which windows, (w, k, 3) twice, the sensor turns, by the gyroscope or by gravity. (w,)."""
    around = STEP_S * np.cumsum(gyr, axis=1)
    by_gyr = np.linalg.norm(np.ptp(around, axis=1), axis=1)
    force = acc[:, : acc.shape[1] // 25 * 25].reshape(len(acc), -1, 25, 3).mean(axis=2)  # means over a second
    up = force / np.maximum(np.linalg.norm(force, axis=2, keepdims=True), 1e-9)
    by_acc = np.linalg.norm(np.ptp(up, axis=1), axis=1)
    return np.asarray(np.maximum(by_gyr, by_acc) > LEAST_TURN_RAD)


def unexplained(gyr: Array, acc: Array) -> Array:
    """Return how fast each window's sensor would have to dash about if both were right. (w, k, 3) twice -> (w,) [m/s].

    The specific force, turned by the gyroscope into the frame of the window's start, is gravity plus the acceleration
    of a body that stays in place: what is left of its integral after a straight line is the body's velocity, 0.1 to 1
    m/s. The gyroscope's bias, one for all windows, is fitted. A gyroscope of another sensor leaves some m/s.
    """
    turned = rotations(gyr)
    force = np.einsum("wkij,wkj->wki", turned, acc)
    lever = np.cumsum(turned, axis=1) * STEP_S  # how a bias about each axis has tilted the frame by then
    pulls = np.cross(np.moveaxis(lever, 3, 0), force[None])  # (3, w, k, 3)
    speed, slopes = velocity(force), np.stack([velocity(pull) for pull in pulls])
    weight = np.ones(len(gyr))
    for _ in range(3):  # reweighted: a window with an impact says less
        normal = np.einsum("awki,bwki,w->ab", slopes, slopes, weight) + np.eye(3) / BIAS_PRIOR_RADPS**2
        bias = np.linalg.solve(normal, -np.einsum("awki,wki,w->a", slopes, speed, weight))
        left = np.sqrt(np.mean(np.sum((speed + np.einsum("a,awki->wki", bias, slopes)) ** 2, axis=2), axis=1))
        weight = 1.0 / (0.3**2 + left**2)  # Cauchy's weight, see `gyro_delay`
    return np.asarray(left)


def roughly_unexplained(gyr: Array, acc: Array) -> Array:
    """Return as `unexplained`, at a quarter of its cost: the gyroscope's bias is not fitted. (w,) [m/s]."""
    speed = velocity(np.einsum("wkij,wkj->wki", rotations(gyr), acc))
    return np.asarray(np.sqrt(np.mean(np.sum(speed**2, axis=2), axis=1)))


def velocity(force: Array) -> Array:
    """Return the integral over time of (w, k, 3) without its straight line."""
    return off_line(np.cumsum(force, axis=1) * STEP_S)


def off_line(values: Array) -> Array:
    """Return (w, k, 3) without the straight line over time that is nearest in each window."""
    k = values.shape[1]
    line = np.linalg.qr(np.stack([np.ones(k), np.arange(k) - 0.5 * k], axis=1))[0]
    along = np.einsum("ml,wmi->wli", line, values)  # in two steps: at once it costs k times as much
    return np.asarray(values - np.einsum("kl,wli->wki", line, along))


def rotations(gyr: Array) -> Array:
    """Return the rotation from the sensor after each step to the sensor at the window's start, (w, k, 3, 3)."""
    angle = gyr * STEP_S
    size = np.linalg.norm(angle, axis=2)[..., None, None]
    cross = np.zeros((*angle.shape, 3))
    cross[..., 0, 1], cross[..., 0, 2], cross[..., 1, 2] = -angle[..., 2], angle[..., 1], -angle[..., 0]
    cross -= np.swapaxes(cross, 2, 3)
    turned = np.eye(3) + np.sinc(size / np.pi) * cross + 0.5 * np.sinc(0.5 * size / np.pi) ** 2 * (cross @ cross)
    shift = 1
    while shift < gyr.shape[1]:  # products of all prefixes by doubling
        turned[:, shift:] = turned[:, :-shift] @ turned[:, shift:]
        shift *= 2
    return np.asarray(turned)
