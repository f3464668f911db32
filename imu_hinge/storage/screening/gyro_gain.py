"""Measure by which factor a gyroscope, or the time it is integrated over, is off: from one rest to the next.

It decides nothing: `self_check` does. Without two rests and a bend between them it measures nothing.

Notes
-----
A body that rests before and after has gained no velocity between, however it moved: turned into the frame of the first
rest by the gyroscope, the specific force integrates to gravity times the time, and gravity of the second rest points
where it did in the first. Both fail in proportion to a gain, a bias of the gyroscope, and a bias and scale of each axis
of the accelerometer; a weighted least-squares fit over all such spans tells them apart. It is linear, and done
again at the gain found where that is far from 1.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.model import Array
from imu_hinge.storage.screening.turning import LEAST_TURN_RAD, STEP_S, rotations

REST_STEPS: Final = 15
"""A rest lasts 0.6 s at least [steps of `turning.STEP_S`]: its mean specific force is gravity's but for `REST_MPS2`."""

REST_PTP_MPS2, REST_RADPS = 0.8, 0.15
"""Within a rest the specific force, by axis, stays within the one, and the angular rate, with its bias, below the
other: a standing body's sway and a sensor's noise."""

REST_MPS, REST_MPS2 = 0.05, 0.1
"""Velocity and mean acceleration of a body that stands and sways (sd) [m/s], [m/s²]."""

LONGEST_STEPS: Final = 500
"""After 20 s a bias that drifts hides what is sought [steps]."""

MOST_SPANS: Final = 32
"""So many spans are looked at, spread over the recording: their mean is as good as it gets."""

LEAST_SPANS: Final = 2
"""A change is looked for with so many on either side: one may hold the change."""

DRIFT_RADPS: Final = 0.002
"""By this a gyroscope's bias differs from span to span (sd) [rad/s]."""

PRIOR_SD: Final = np.array([0.5, *[0.04] * 3, *[0.3] * 3, *[0.02] * 3])
"""Before anything is measured: gain; bias of the gyroscope [rad/s], of the accelerometer [m/s²], its scale by axis
(docs/biomechanics.md, 6.3)."""

FLOOR: Final = 0.01
"""Steps of `turning.STEP_S` and linear slopes are no nearer than this."""

FAR: Final = 0.08
"""Where the gain is further from 1 the slopes are taken again at the gain found."""


class Span(NamedTuple):
    """Hold what one span tells: a quadratic form in the ten unknowns, p information p + 2 pull p + cost.

    Parameters
    ----------
    gyr, acc : (k, 3) [rad/s, sensor], [m/s², sensor]
        Means of each step, both rests included.
    information : (10, 10)
    pull : (10,)
    cost : float
    """

    gyr: Array
    acc: Array
    information: Array
    pull: Array
    cost: float


class Gain(NamedTuple):
    """Hold the factor that mends a gyroscope, and the standard deviation of its logarithm."""

    factor: float
    sd: float


def spans_of(parts: list[tuple[Array, Array]]) -> list[Span]:
    """Return what the spans of parts without a hole tell, see `turning.steps_of`; spread over all."""
    found = [(gyr[part], acc[part]) for gyr, acc in parts for part in spans(gyr, acc)]
    return [span_of(*span) for span in found[:: 1 + (len(found) - 1) // MOST_SPANS]] if found else []


def spans(gyr: Array, acc: Array) -> list[slice]:
    """Return from rest to next rest, both included, where the sensor turns between. (n, 3) [rad/s], [m/s²]."""
    if len(gyr) < 2 * REST_STEPS:
        return []
    rests = _is_rest(gyr, acc)
    edges = np.diff(np.concatenate(([0], rests.astype(np.int8), [0])))
    firsts, lasts = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    between = zip(lasts[:-1].tolist(), firsts[1:].tolist(), strict=True)
    return [
        slice(a, b + REST_STEPS)
        for a, b in between
        if b - a + REST_STEPS <= LONGEST_STEPS and _turn(gyr[a : b + REST_STEPS]) > LEAST_TURN_RAD
    ]


def open_since(gyr: Array, acc: Array) -> int:
    """Return from which step on a span may still be open: the last rest, if that is not too long ago."""
    longest, shortest = max(0, len(gyr) - LONGEST_STEPS), max(0, len(gyr) - REST_STEPS + 1)
    rests = np.flatnonzero(_is_rest(gyr, acc)) if len(gyr) >= REST_STEPS else np.empty(0)
    return int(rests[-1]) if rests.size and rests[-1] >= longest else shortest


def _is_rest(gyr: Array, acc: Array) -> npt.NDArray[np.bool_]:
    """Tell of each run of `REST_STEPS` steps, by its first, whether it is a rest. (n - REST_STEPS + 1,)."""
    highest, lowest, fastest = acc, acc, np.abs(gyr)
    width = 1
    while width < REST_STEPS:  # of runs twice as long from two that overlap
        shift = min(width, REST_STEPS - width)
        highest, lowest = (f(x[:-shift], x[shift:]) for f, x in ((np.maximum, highest), (np.minimum, lowest)))
        fastest, width = np.maximum(fastest[:-shift], fastest[shift:]), width + shift
    return np.asarray(((highest - lowest) < REST_PTP_MPS2).all(axis=1) & (fastest < REST_RADPS).all(axis=1))


def _turn(gyr: Array) -> float:
    """Return how far a sensor turns that comes back: a bias is no turning [rad]."""
    around = STEP_S * np.cumsum(gyr - gyr.mean(axis=0), axis=0)
    return float(np.ptp(around, axis=0).max())


def span_of(gyr: Array, acc: Array, *, factor: float = 1.0) -> Span:
    """Return what a span tells of the ten unknowns.

    Parameters
    ----------
    gyr : (k, 3) [rad/s, sensor]
    acc : (k, 3) [m/s², sensor]
        Means of each step from the beginning of one rest to the end of the next.
    factor
        By which the gyroscope is multiplied: slopes are taken there.
    """
    inner = slice(REST_STEPS // 2, len(gyr) - REST_STEPS // 2)
    first, last = acc[:REST_STEPS].mean(axis=0), acc[-REST_STEPS:].mean(axis=0)
    rate, force = factor * gyr[inner], acc[inner]
    after = rotations(rate[None])[0]
    turned = after.copy()  # at the middle of each step
    turned[1:], turned[0] = 0.5 * (after[1:] + after[:-1]), 0.5 * (after[0] + np.eye(3))
    length_s, end = STEP_S * len(rate), after[-1]
    world = np.einsum("kij,kj->ki", turned, force)
    left = np.concatenate((world.sum(axis=0) * STEP_S - first * length_s, end @ last - first))
    turning = np.concatenate((np.einsum("kij,kj->ki", turned, rate)[:, :, None], turned), axis=2) * STEP_S  # (k, 3, 4)
    tilt = np.cumsum(turning, axis=0)  # by a gain, and by a bias about each axis
    middle = np.moveaxis(tilt - 0.5 * turning, 2, 0)
    by_gyr = np.concatenate(
        (np.cross(middle, world[None]).sum(axis=1) * STEP_S, np.cross(tilt[-1].T, end @ last)), axis=1
    ).T
    by_bias = np.concatenate((turned.sum(axis=0) * STEP_S - length_s * np.eye(3), end - np.eye(3)))
    scaled = np.einsum("kij,kj->ij", turned, force) * STEP_S - length_s * np.diag(first)
    by_scale = np.concatenate((scaled, end * last - np.diag(first)))
    slopes = np.concatenate((by_gyr, by_bias, by_scale), axis=1)
    rest = REST_MPS2**2 * np.kron([[length_s**2, length_s], [length_s, 2.0]], np.eye(3))  # of the first, of both
    rest[:3, :3] += 2.0 * REST_MPS**2 * np.eye(3)
    weight = np.linalg.inv(rest + DRIFT_RADPS**2 * by_gyr[:, 1:] @ by_gyr[:, 1:].T)
    return Span(gyr, acc, slopes.T @ weight @ slopes, slopes.T @ weight @ left, float(left @ weight @ left))


def gain_of(found: list[Span], *, near: float = 1.0) -> Gain | None:
    """Return the factor that would mend the gyroscope over these spans, sought near one; None where there are none."""
    if not found:
        return None
    factor, off, sd = 1.0, near - 1.0, 0.0
    if near == 1.0:
        off, sd = _fit(found)
    for _ in range(2 if abs(off) > FAR else 0):
        factor *= float(np.clip(1.0 + off, 0.5, 2.0))
        off, sd = _fit([span_of(s.gyr, s.acc, factor=factor) for s in found])
    return Gain(factor * float(np.clip(1.0 + off, 0.5, 2.0)), float(np.hypot(sd, FLOOR)))


def _fit(found: list[Span]) -> tuple[float, float]:
    """Return by how much the gyroscope's factor is off, and its standard deviation, widened where spans disagree."""
    information, pull = np.stack([s.information for s in found]), np.stack([s.pull for s in found])
    cost, weight = np.array([s.cost for s in found]), np.ones(len(found))
    for _ in range(4):  # reweighted, as Student's t with four degrees: a span with an impact says less
        normal = np.diag(PRIOR_SD**-2) + np.einsum("s,sij->ij", weight, information)
        p = -np.linalg.solve(normal, weight @ pull)
        misfit = np.maximum(np.einsum("i,sij,j->s", p, information, p) + 2.0 * pull @ p + cost, 0.0) / 6.0
        weight = 1.0 / (1.0 + misfit / 4.0)  # four degrees of freedom, see above
    widened = max(1.0, float(np.average(misfit, weights=weight)))
    return float(p[0]), float(np.sqrt(widened * np.linalg.inv(normal)[0, 0]))


def gains_apart(found: list[Span]) -> tuple[Gain, Gain] | None:
    """Return the gains before and after the moment at which they differ most; None where spans are few.

    Spans are in order of time.
    """
    if len(found) < 2 * LEAST_SPANS:
        return None
    prior = np.diag(PRIOR_SD**-2)
    before, pull = (
        np.cumsum(np.stack(column), axis=0) for column in zip(*((s.information, s.pull) for s in found), strict=True)
    )
    cuts = slice(LEAST_SPANS - 1, len(found) - LEAST_SPANS)
    inverse = np.linalg.inv(np.stack((before[cuts], before[-1] - before[cuts])) + prior)  # (2, cuts, 10, 10)
    off = -np.einsum("bcj,bcj->bc", inverse[:, :, 0], np.stack((pull[cuts], pull[-1] - pull[cuts])))
    apart = np.abs(off[0] - off[1]) / np.sqrt(inverse[:, :, 0, 0].sum(axis=0))
    cut = LEAST_SPANS + int(np.argmax(apart))
    first, second = gain_of(found[:cut]), gain_of(found[cut:])
    return None if first is None or second is None else (first, second)
