"""Measure how well a gyroscope explains the turning of gravity that its accelerometer sees.

It decides nothing: `self_check` does. It integrates over seconds, so that a body that stays where it is cancels out.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge.model import Array, Samples

STEP_S: Final = 0.04
"""Samples are averaged over this: people turn slowly against it, and 10 Hz recordings still fill it by lines [s]."""

MARGIN: Final = 25
"""Steps at either end of a window in which only the gyroscope is looked at: it may come a second early or late."""

INNER: Final = slice(MARGIN, MARGIN + 112)
"""The part of a window in which gravity is looked at, 4.5 s: a bend and its return fit in, and the drift of a bias of
1 deg/s does not yet hide them."""

HOP_S: Final = 1.5
"""Windows begin so far apart: their inner parts overlap by two thirds [s]."""

OVERLAP: Final = HOP_S / (112 * STEP_S)
"""How many looks that do not overlap a window stands for."""

WINDOW_STEPS: Final = INNER.stop + MARGIN
WINDOW_S: Final = WINDOW_STEPS * STEP_S

MOST_WINDOWS: Final = 24
"""So many windows are looked at, spread over the recording: a dozen independent looks tell, and an hour costs no more
than a set."""

LONGEST_HOLE_S: Final = 0.25
"""A window with a longer hole is left out: nobody knows how the sensor turned meanwhile [s]."""

BIAS_PRIOR_RADPS: Final = 0.04
"""Gyroscopes are off by 0.3 to 3 deg/s per axis (docs/biomechanics.md, 6.3) [rad/s]."""


def windows(samples: Samples) -> tuple[Array, Array]:
    """Return the mean angular rate and specific force of each step of each window without a hole.

    Parameters
    ----------
    samples
        In order of time.

    Returns
    -------
    (m, k, 3) [rad/s, sensor], (m, k, 3) [m/s², sensor]
        Windows overlap by half.
    """
    time_s = samples.time_s
    holes = np.flatnonzero(np.diff(time_s) > LONGEST_HOLE_S)
    firsts, lasts = np.append(time_s[0], time_s[holes + 1]), np.append(time_s[holes], time_s[-1])
    starts = np.concatenate(
        [
            a + HOP_S * np.arange(max(0, 1 + int((b - a - WINDOW_S) // HOP_S)))
            for a, b in zip(firsts, lasts, strict=True)
        ]
    )
    edges = starts[:, None] + STEP_S * np.arange(WINDOW_STEPS + 1)
    values = np.concatenate((samples.gyr, samples.acc), axis=1)
    area = np.zeros((len(time_s), 6))
    area[1:] = np.cumsum(0.5 * (values[1:] + values[:-1]) * np.diff(time_s)[:, None], axis=0)
    means = np.stack([np.diff(np.interp(edges, time_s, column), axis=1) / STEP_S for column in area.T], axis=2)
    return means[..., :3], means[..., 3:]


def turning_most(gyr: Array, acc: Array, least_rad: float) -> npt.NDArray[np.intp]:
    """Return the indices of the windows in which the sensor turns, by gravity or by the gyroscope.

    Parameters
    ----------
    gyr : (m, k, 3) [rad/s, sensor]
    acc : (m, k, 3) [m/s², sensor]
        Both from `windows`.
    least_rad
        What counts as turning.

    Returns
    -------
    (w,)
        `MOST_WINDOWS` at most, evenly spread.
    """
    around = STEP_S * np.cumsum(gyr, axis=1)
    by_gyr = np.linalg.norm(np.ptp(around, axis=1), axis=1)
    force = acc[:, : acc.shape[1] // 25 * 25].reshape(len(acc), -1, 25, 3).mean(axis=2)  # means over a second
    up = force / np.maximum(np.linalg.norm(force, axis=2, keepdims=True), 1e-9)
    by_acc = np.linalg.norm(np.ptp(up, axis=1), axis=1)
    found = np.flatnonzero(np.maximum(by_gyr, by_acc) > least_rad)
    return found[:: 1 + (len(found) - 1) // MOST_WINDOWS] if len(found) else found


def unexplained(gyr: Array, acc: Array) -> Array:
    """Return how fast each window's sensor would have to dash about if both were right. (w, k, 3) twice -> (w,) [m/s].

    The specific force, turned by the gyroscope into the frame of the window's start, is gravity plus the acceleration
    of a body that stays in place: what is left of its integral after a straight line is the body's velocity, 0.1 to 1
    m/s. The gyroscope's bias, one for all windows, is fitted. A gyroscope of another sensor leaves some m/s.
    """
    turned = _turned(gyr)
    force = np.einsum("wkij,wkj->wki", turned, acc)
    lever = np.cumsum(turned, axis=1) * STEP_S  # how a bias about each axis has tilted the frame by then
    pulls = np.cross(np.moveaxis(lever, 3, 0), force[None])  # (3, w, k, 3)
    velocity, slopes = _velocity(force), np.stack([_velocity(pull) for pull in pulls])
    weight = np.ones(len(gyr))
    for _ in range(3):  # reweighted: a window with an impact says less
        normal = np.einsum("awki,bwki,w->ab", slopes, slopes, weight) + np.eye(3) / BIAS_PRIOR_RADPS**2
        bias = np.linalg.solve(normal, -np.einsum("awki,wki,w->a", slopes, velocity, weight))
        left = np.sqrt(np.mean(np.sum((velocity + np.einsum("a,awki->wki", bias, slopes)) ** 2, axis=2), axis=1))
        weight = 1.0 / (0.3**2 + left**2)
    return np.asarray(left)


def roughly_unexplained(gyr: Array, acc: Array) -> Array:
    """Return as `unexplained`, at a quarter of its cost: the gyroscope's bias is not fitted. (w,) [m/s]."""
    velocity = _velocity(np.einsum("wkij,wkj->wki", _turned(gyr), acc))
    return np.asarray(np.sqrt(np.mean(np.sum(velocity**2, axis=2), axis=1)))


def _velocity(force: Array) -> Array:
    """Return the integral over time of (w, k, 3) without its straight line."""
    k = force.shape[1]
    line = np.linalg.qr(np.stack([np.ones(k), np.arange(k) - 0.5 * k], axis=1))[0]
    speed = np.cumsum(force, axis=1) * STEP_S
    along = np.einsum("ml,wmi->wli", line, speed)  # in two steps: at once it costs k times as much
    return np.asarray(speed - np.einsum("kl,wli->wki", line, along))


def _turned(gyr: Array) -> Array:
    """Return the rotation from the sensor at each step to the sensor at the window's start, (w, k, 3, 3)."""
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
