"""Make one answer of the posture under several kinds of lift: value, spread, 95 % interval, probability over a limit.

It solves for no posture (`map_estimate`) and weighs no kind (`kinds`).

Notes
-----
At every node the angle is a mixture of normal variables, one for each kind, and for each kind of lift from the floor a
second one: the lumbar spine may round once the bar is up. Between floor contacts nothing that one sensor reads tells of
it (docs/biomechanics.md, 5.2), so no evidence weighs that, only what people do. Its interval is read off the mixture's
distribution and may be lopsided.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge import conventions as cv
from imu_hinge.jit import kernel, subroutine

Array = npt.NDArray[np.float64]

TAIL: Final = 0.025
"""What lies beyond each end of the interval."""

HALVINGS: Final = 18
"""From an interval of some radians to a ten-thousandth of a degree."""

ROUNDS_LATER: Final = 1.0 / 3.0
"""How likely a lift that is not rounded on the floor rounds on the way: as likely as that it stays hinged or stays
squatted. Nobody has counted it, and it is drawn for no one's benefit: the three are taken for equally likely."""

ROUNDED_SHARE, ROUNDED_SHARE_SD = 0.87, 0.06
"""Lumbar flexion of rounded lifts over the largest that people have: 42 to 54 of 55 degrees (docs/biomechanics.md, 1.4
and 6.2)."""

BENT_RAD: Final = math.radians(30.0)
"""Bent less than this, rounding is in proportion less: standing upright nobody is rounded."""


class Components(NamedTuple):
    """Hold a mixture of c normal variables for each of n instants and each angle.

    ``weight`` (c,) sums to one; ``mean`` and ``sd`` are (c, n, 5) [rad].
    """

    weight: Array
    mean: Array
    sd: Array

    def value(self) -> Array:
        """Return the mean of the mixture, (n, 5) [rad]."""
        return np.asarray(np.tensordot(self.weight, self.mean, axes=1))

    def spread_about(self, value: Array) -> Array:
        """Return the root mean square distance of the mixture from a value (n, 5), (n, 5) [rad]."""
        squares = np.square(self.sd) + np.square(self.mean - value)
        return np.asarray(np.sqrt(np.tensordot(self.weight, squares, axes=1)))

    def interval(self) -> tuple[Array, Array]:
        """Return the two ends of the 95 % interval, (n, 5) each [rad]."""
        if len(self.weight) == 1:
            return self.mean[0] - cv.NORMAL_95 * self.sd[0], self.mean[0] + cv.NORMAL_95 * self.sd[0]
        ends = np.empty((2, *self.mean.shape[1:]))
        for end, share in zip(ends, (TAIL, 1.0 - TAIL), strict=True):
            _quantile(self.weight, self.mean, self.sd, share, end)
        return ends[0], ends[1]

    def over(self, limits: Sequence[tuple[int, float]]) -> Array:
        """Return how probable each angle is over its limit, (n, l); ``limits`` are pairs of angle and limit [rad]."""
        chances = np.empty((self.mean.shape[1], len(limits)))
        for column, (angle, limit) in enumerate(limits):
            _over(self.weight, self.mean[:, :, angle], self.sd[:, :, angle], limit, chances[:, column])
        return chances


@subroutine
def _below(z: float) -> float:
    """Return how much of a standard normal variable lies below ``z``."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


@kernel
def _quantile(weight: Array, mean: Array, sd: Array, share: float, out: Array) -> None:
    """Write to ``out`` (n, 5) what the share of each mixture lies below, by halving."""
    for i in range(out.shape[0]):
        for k in range(out.shape[1]):
            low, high = math.inf, -math.inf
            for c in range(weight.size):
                low = min(low, mean[c, i, k] - 4.0 * sd[c, i, k])
                high = max(high, mean[c, i, k] + 4.0 * sd[c, i, k])
            for _ in range(HALVINGS):
                middle = 0.5 * (low + high)
                below = 0.0
                for c in range(weight.size):
                    below += weight[c] * _below((middle - mean[c, i, k]) / sd[c, i, k])
                if below < share:
                    low = middle
                else:
                    high = middle
            out[i, k] = 0.5 * (low + high)


@kernel
def _over(weight: Array, mean: Array, sd: Array, limit: float, out: Array) -> None:
    """Write to ``out`` (n,) how much of each mixture lies over a limit; ``mean`` and ``sd`` are (c, n)."""
    for i in range(out.size):
        out[i] = 0.0
        for c in range(weight.size):
            out[i] += weight[c] * _below((mean[c, i] - limit) / sd[c, i])


def with_rounding_later(components: Components, reach: Array, turns: Array, maximum: tuple[float, float]) -> Components:
    """Return the mixture with a second component for each: the lumbar spine rounds where nothing tells of it.

    Parameters
    ----------
    components
    reach : (n,)
        How far rounding can have come then: 0 over the bar on the floor and in standing, 1 in a full bend.
    turns : (5,)
        What each angle changes by for each radian of lumbar flexion that the sensor does not see.
    maximum
        The athlete's largest lumbar flexion and its sd [rad].
    """
    rounded = ROUNDED_SHARE * maximum[0]
    rounded_sd = math.hypot(ROUNDED_SHARE * maximum[1], ROUNDED_SHARE_SD * maximum[0])
    lumbar, lumbar_sd = components.mean[:, :, cv.LUMBAR_FLEXION], components.sd[:, :, cv.LUMBAR_FLEXION]
    further = reach * np.maximum(rounded - lumbar, 0.0)  # (c, n)
    is_further = further > 0.0
    mean = components.mean + further[:, :, None] * turns
    sd = np.hypot(components.sd, np.abs(turns) * (is_further * reach * rounded_sd)[:, :, None])
    kept = np.where(is_further, 1.0 - reach, 1.0)  # who rounds all the way comes to the same, wherever he began
    sd[:, :, cv.LUMBAR_FLEXION] = np.hypot(kept * lumbar_sd, is_further * reach * rounded_sd)
    weight = np.concatenate([(1.0 - ROUNDS_LATER) * components.weight, ROUNDS_LATER * components.weight])
    return Components(weight, np.concatenate([components.mean, mean]), np.concatenate([components.sd, sd]))


def reach_of_rounding(bend: Array, on_floor: Array) -> Array:
    """Return how far the lumbar spine can have rounded unseen, 0 to 1, (n,).

    Parameters
    ----------
    bend : (n,) [rad]
        How deep the body is bent.
    on_floor : (n,)
        Probability that the hands hold a bar whose plates are on the floor.
    """
    return np.asarray(np.minimum(bend / BENT_RAD, 1.0) * (1.0 - on_floor))
