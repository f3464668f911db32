"""Measure how late a gyroscope comes against its accelerometer, from windows in which the sensor turns.

It decides nothing: `self_check` does. It is linear: a delay that is no small part of a swing reads too small.

Notes
-----
Read too late by a delay, a gyroscope tilts gravity by its rate times the delay; what the specific force integrates to
is then off in proportion to the angle turned. A body that bends moves with the rate, not with the angle: what a lever
arm would add is taken out of each window first, so that the body's own motion is not taken for a delay. A gain and a
bias of the gyroscope are fitted besides.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from imu_hinge.model import Array
from imu_hinge.storage.screening.turning import BIAS_PRIOR_RADPS, OVERLAP, STEP_S, off_line, rotations, velocity

BODY_MPS: Final = 0.15
"""What is left of a body's velocity after a lever arm's (sd) [m/s]."""

LOOKS: Final = 10.0
"""A window of 4.5 s is worth so many looks that do not depend on one another."""

LEVER_M: Final = 0.5
"""How far a sensor on a trunk is from what it turns about (sd) [m]."""

PRIOR_SD: Final = np.array([0.5, 0.5, *[BIAS_PRIOR_RADPS] * 3])
"""Before anything is measured: the delay [s], the gain, the bias [rad/s]."""

FLOOR_S: Final = 0.005
"""Steps of `turning.STEP_S` and linear slopes tell a delay no better than this [s]."""


class Delay(NamedTuple):
    """Hold how late the gyroscope comes, and its standard deviation [s]."""

    late_s: float
    sd_s: float


def delay_of(gyr: Array, acc: Array) -> Delay:
    """Return how late the gyroscope comes in windows that turn, (w, k, 3) [rad/s] and [m/s²]."""
    count = len(gyr)
    turned = rotations(gyr)
    turned[:, 1:] = 0.5 * (turned[:, 1:] + turned[:, :-1])  # at the middle of each step
    force, rate = (np.einsum("wkij,wkj->wki", turned, values) for values in (acc, gyr))
    tilts = (rate, STEP_S * np.cumsum(rate, axis=1), *np.moveaxis(STEP_S * np.cumsum(turned, axis=1), 3, 0))
    slopes = np.stack([velocity(np.cross(tilt, force)).reshape(count, -1) for tilt in tilts], axis=2)  # (w, 3k, 5)
    seen = velocity(force).reshape(count, -1, 1)
    arms = [off_line(np.einsum("wkij,wkj->wki", turned, np.cross(gyr, arm))).reshape(count, -1) for arm in np.eye(3)]
    lever = np.stack(arms, axis=2)
    inner = lever.transpose(0, 2, 1) @ lever + LOOKS * (BODY_MPS / LEVER_M) ** 2 * np.eye(3)
    both = np.concatenate((slopes, seen), axis=2)
    both -= lever @ np.linalg.solve(inner, lever.transpose(0, 2, 1) @ both)
    squares = both.transpose(0, 2, 1) @ both / both.shape[1]  # (w, 6, 6): of slopes, and of what is seen
    prior, weight = np.diag((BODY_MPS / PRIOR_SD) ** 2 / LOOKS), np.ones(count)
    for _ in range(3):  # reweighted: a window with an impact says less
        p = np.append(_solved(weight[None], squares, prior)[0], 1.0)
        # Cauchy's weight: a window whose misfit reaches 0.3 counts half (chosen)
        weight = 0.3**2 / (0.3**2 + np.maximum(np.einsum("i,wij,j->w", p, squares, p), 0.0))
    without_one = _solved(weight * (1.0 - np.eye(count)), squares, prior)[:, 0]  # the jackknife
    sd_s = float(np.sqrt((count - 1) / OVERLAP * np.var(without_one)))
    return Delay(float(p[0]), float(np.hypot(sd_s, FLOOR_S)))


def _solved(weights: Array, squares: Array, prior: Array) -> Array:
    """Return the five unknowns by each row of weights (m, w): what is seen, and by slopes, cancels. (m, 5)."""
    total = np.einsum("mw,wij->mij", weights, squares)
    return -np.linalg.solve(total[:, :5, :5] + prior, total[:, :5, 5:])[:, :, 0]
