"""Ask whether accelerometer and gyroscope can be of one sensor on a body: gain, sign, time scale, agreement.

It never mends: it names what was seen, the likeliest cause and the remedy. `turning` measures how well both agree.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from imu_hinge.errors import UnknownUnits
from imu_hinge.model import Array, Samples
from imu_hinge.storage.turning import turning_most, unexplained, windows

LEAST_TURN_RAD: Final = 0.5
"""A window in which the sensor turns less tells little against what a body does besides [rad]."""

LEAST_WINDOWS: Final = 8
"""Fewer windows that turn tell nothing. They overlap by half, so these are four looks; of two, one odd one would
decide, as on a walk of some seconds with a loose sensor at 20 Hz."""

BODY_MPS: Final = 0.5
"""How fast a body sways about in place; nearer than this no reading can explain the other [m/s]."""

AGREES: Final = 0.35
"""Where so little of what gravity's turning would need stays unexplained, nothing is asked further: a gyroscope that
reads half leaves 0.5 or more of it."""

BELONGS: Final = 0.9
"""Where as much is unexplained as without any gyroscope, it tells nothing of how this accelerometer turned."""

SURE: Final = 3.0
"""Another reading must be better by so many standard errors ..."""

BETTER: Final = 0.7
"""... and by this much on the mean: the logarithm of 2, half of the unexplained square."""


class Reading(NamedTuple):
    """Hold one way in which samples may be meant: the matrix that mends the gyroscope, and what to say of it."""

    mend: Array
    seen: str
    remedy: str


class Finding(NamedTuple):
    """Hold what the check found: one text, and whether no reading of the samples as they are is right."""

    text: str
    is_refused: bool


def check_turning(placement: str, samples: Samples) -> None:
    """Raise `UnknownUnits` where gravity surely does not turn as the gyroscope says; see `self_check`."""
    finding = self_check(placement, samples)
    if finding is not None and finding.is_refused:
        raise UnknownUnits(finding.text)


@lru_cache(maxsize=4)  # the door asks once to refuse and once to warn; samples never change
def self_check(placement: str, samples: Samples) -> Finding | None:
    """Return what is wrong between accelerometer and gyroscope, or None where nothing is or too little turned to tell.

    Parameters
    ----------
    placement
        Names the sensor in the text.
    samples
        In order; m/s² and rad/s as far as is known.
    """
    if len(samples) < 2:
        return None
    gyr, acc = windows(samples)
    at = turning_most(gyr, acc, LEAST_TURN_RAD) if len(gyr) else np.empty(0, dtype=np.intp)
    if len(at) < LEAST_WINDOWS:
        return None
    gyr, acc = gyr[at], acc[at]
    as_read, without = unexplained(gyr, acc), unexplained(np.zeros_like(gyr), acc)
    share = _share(as_read, without)
    if share < AGREES:
        return None
    tried = [(float(np.mean(np.log(unexplained(gyr @ r.mend.T, acc) ** 2 + BODY_MPS**2))), r) for r in readings()]
    best = min(tried, key=lambda pair: pair[0])[1]
    mended = unexplained(gyr @ best.mend.T, acc)
    gain = np.log((as_read**2 + BODY_MPS**2) / (mended**2 + BODY_MPS**2))
    error = float(np.std(gain)) / float(np.sqrt(0.5 * len(gain))) + 1e-9  # windows overlap by half
    if gain.mean() > BETTER and gain.mean() > SURE * error and _share(mended, without) < AGREES:
        return Finding(f"{placement}: {best.seen}. {best.remedy}", True)
    if share > BELONGS and np.median(as_read) > 2.0 * BODY_MPS:
        text = (
            f"{placement}: gravity does not turn as the gyroscope says ({100 * share:.0f} % of its turning is not "
            "explained), as when acc and gyr are of two devices or two times, or acc is without gravity. "
            "Export acceleration including gravity and angular rate of one device, with one clock."
        )
        return Finding(text, False)
    return None


def _share(left: Array, without: Array) -> float:
    """Return how much is unexplained against what is without a gyroscope, over all windows."""
    return float(np.sqrt(np.mean(left**2) / max(float(np.mean(without**2)), 1e-12)))


def readings() -> list[Reading]:
    """Return the ways in which exports and drivers are known to go wrong."""
    found = [
        Reading(np.eye(3) * factor, seen, remedy)
        for factor, seen, remedy in (
            (180.0 / np.pi, "gyr is 57 times too small for how gravity turns, as when deg/s were converted twice",
             "Multiply gyr_x, gyr_y and gyr_z by 180/pi."),
            (np.pi / 180.0, "gyr looks like deg/s: it is 57 times too large for how gravity turns",
             "Multiply gyr_x, gyr_y and gyr_z by pi/180."),
            *((f, f"gyr times time is {1 / f:g} times what gravity turns, as when time_s or the range is off",
               f"Check the rate behind time_s, or multiply gyr by {f:g} if its range was set wrong.")
              for f in (0.25, 0.5, 2.0, 4.0)),
            (-1.0, "gyr turns against gravity about every axis, as from left-handed axes",
             "Export right-handed axes, or change the sign of gyr_x, gyr_y and gyr_z."),
        )
    ]  # fmt: skip
    for axis, name in enumerate("xyz"):
        for factor, what in (
            (-1.0, "has the wrong sign"),
            (0.5, "is 2 times too large"),
            (2.0, "is 2 times too small"),
        ):
            mend = np.eye(3)
            mend[axis, axis] = factor
            found.append(Reading(
                mend, f"gyr_{name} {what} for how gravity turns",
                f"Check the sign and the range of gyr_{name} against acc, and multiply it by {factor:g} if it is gyr."
            ))  # fmt: skip
        a, b = (k for k in range(3) if k != axis)
        swap = np.eye(3)[[{a: b, b: a}.get(k, k) for k in range(3)]]
        pair = f"{'xyz'[a]} and {'xyz'[b]}"
        found.append(Reading(swap, f"the axes {pair} of gyr look exchanged against acc", f"Exchange {pair} of gyr."))
        found.append(Reading(-swap, f"gyr has left-handed axes against acc, {pair} exchanged",
                             f"Export right-handed axes, or exchange {pair} of gyr and change its signs."))  # fmt: skip
        flip = -np.eye(3)
        flip[axis, axis] = 1.0
        found.append(Reading(flip, f"gyr and acc have axes of different hands: {name} is mirrored",
                             f"Change the sign of {name} in acc, or of the two others in gyr."))  # fmt: skip
    return found
