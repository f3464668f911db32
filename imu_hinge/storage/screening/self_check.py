"""Ask whether accelerometer and gyroscope can be of one sensor on a body: gain, axes, time scale, delay, agreement.

It never mends: it names what was seen, the likeliest cause and the remedy. `turning` measures how well both agree,
`readings` lists what may be meant.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from imu_hinge.errors import UnknownUnits
from imu_hinge.model import Array, Samples
from imu_hinge.storage.screening.readings import AS_READ, AXES, Reading, readings, tried_first
from imu_hinge.storage.screening.turning import INNER, OVERLAP, roughly_unexplained, turning_most, unexplained, windows

LEAST_TURN_RAD: Final = 0.35
"""A window in which the sensor turns less tells little against what a body does besides [rad]."""

LEAST_WINDOWS: Final = 8
"""Fewer windows that turn tell nothing. One odd event touches three of them, for they overlap by two thirds."""

BODY_MPS: Final = 0.15
"""How fast a body sways about in place; nearer than this no reading can explain the other [m/s]."""

AGREES: Final = 0.35
"""Another reading must leave at most so much of what gravity's turning would need without any gyroscope."""

BETTER: Final = 0.7
"""To refuse, another reading must be better by this much on the mean, the logarithm of 2: half of the square is
explained ..."""

MAY_BE_BETTER: Final = 0.4
"""... and by this much to warn ..."""

SURE: Final = 3.0
"""... and by so many standard errors, unless most windows agree and none does not."""

AGAINST: Final = -0.5
"""A window that loses more by a reading speaks against it."""

AS_LIKELY: Final = 0.1
"""Of readings that are this near the best, the likelier cause is named."""

MOST_TRIED: Final = 12
"""So many readings, the best at first sight, are looked at closely."""

DASHES_MPS: Final = 1.0
"""Nobody who lifts is faster than this in place, root mean square over some seconds: 0.8 in SisFall's jumps [m/s]."""

UNEXPLAINED: Final = 0.6  # chosen
UNEXPLAINED_SURELY: Final = 0.9
"""Where so much is left besides, acc and gyr do not belong together; where as much as without any gyroscope, surely."""

STEADY_MPS2: Final = 0.01
"""The magnitude of what an accelerometer on a body reads varies by more, by its noise alone; that of gravity as phones
compute it does not [m/s²]."""


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
    twice = _given_twice(placement, samples)
    if twice is not None:
        return twice
    gyr, acc = windows(samples)
    at = turning_most(gyr, acc, LEAST_TURN_RAD) if len(gyr) else np.empty(0, dtype=np.intp)
    return judged(placement, gyr[at], acc[at], spread_mps2=spread_of(samples.acc))


def _given_twice(placement: str, samples: Samples) -> Finding | None:
    """Find two axes of one instrument with the same readings; no sensor's noise is the same on two."""
    for name, values in (("acc", samples.acc), ("gyr", samples.gyr)):
        for a, b in ((0, 1), (0, 2), (1, 2)):
            if np.ptp(values[:, a]) > 0.0 and np.array_equal(values[:, a], values[:, b]):
                axes = f"{name}_{AXES[a]} and {name}_{AXES[b]}"
                text = (
                    f"{placement}: {axes} hold the same {len(samples)} readings, as when a column was exported twice."
                )
                return Finding(f"{text} Export all three axes of {name}.", True)
    return None


def judged(placement: str, gyr: Array, acc: Array, *, spread_mps2: float) -> Finding | None:
    """Return what is wrong in windows that turn, or None; see `turning.windows`.

    Parameters
    ----------
    placement
        Names the sensor in the text.
    gyr : (w, k, 3) [rad/s, sensor]
    acc : (w, k, 3) [m/s², sensor]
    spread_mps2
        Standard deviation of acc's magnitude as it came in, while the sensor turned.
    """
    if len(gyr) < LEAST_WINDOWS:
        return None
    if spread_mps2 < STEADY_MPS2:
        return Finding(
            f"{placement}: acc is gravity alone: its magnitude stays within {STEADY_MPS2:g} m/s² "
            "while the sensor turns. Export acceleration including gravity and movement.",
            True,
        )
    as_read = _left(AS_READ, gyr, acc)
    without = _left(AS_READ, np.zeros_like(gyr), acc)
    share = _share(as_read, without)
    if share < AGREES and not any(
        _is_better(_left(r, gyr, acc), as_read, by=0.5 * MAY_BE_BETTER) for r in tried_first()
    ):
        return None
    near = sorted(readings(), key=lambda r: float(np.mean(_gain(as_read, _left(r, gyr, acc, by=roughly_unexplained)))))
    tried = [(r, _left(r, gyr, acc)) for r in readings() if any(r is n for n in near[:MOST_TRIED])]
    gains = [float(np.mean(_gain(left, as_read))) for _, left in tried]
    best, left = next(pair for pair, gain in zip(tried, gains, strict=True) if gain > max(gains) - AS_LIKELY)
    is_sway = bool((best.acc == 1.0).all()) and float(np.median(left)) < 2.0 * BODY_MPS  # acc scaled leaves less anyway
    is_explained = is_sway or _share(left, without) < AGREES
    if is_explained and _is_better(left, as_read, by=MAY_BE_BETTER):
        is_refused = best.may_refuse and _is_better(left, as_read, by=BETTER)
        return Finding(f"{placement}: {best.seen}. {best.remedy}", is_refused)
    if share > UNEXPLAINED and float(np.median(as_read)) > DASHES_MPS:
        text = (
            f"{placement}: gravity does not turn as the gyroscope says ({100 * share:.0f} % of its turning is not "
            "explained), as when acc and gyr are of two devices or two times, or acc is without gravity. "
            "Export acceleration including gravity and angular rate of one device, with one clock."
        )
        return Finding(text, share > UNEXPLAINED_SURELY)
    return None


def spread_of(acc: Array) -> float:
    """Return the standard deviation of the magnitude of (n, 3) [m/s²]."""
    return float(np.std(np.linalg.norm(acc, axis=1)))


def _left(reading: Reading, gyr: Array, acc: Array, *, by: Callable[[Array, Array], Array] = unexplained) -> Array:
    """Return how much each window leaves unexplained [m/s] where it is read so, (w,); acc's magnitude is kept."""
    shifted = slice(INNER.start + reading.lag, INNER.stop + reading.lag)
    meant = acc[:, INNER] * reading.acc
    scale = 1.0
    if (reading.acc != 1.0).any():
        scale = float(np.mean(np.linalg.norm(acc[:, INNER], axis=2)) / np.mean(np.linalg.norm(meant, axis=2)))
    return by(gyr[:, shifted] @ reading.gyr.T, scale * meant)


def _gain(left: Array, as_read: Array) -> Array:
    """Return the logarithm of how much less is unexplained than as it reads, by window."""
    return np.asarray(np.log((as_read**2 + BODY_MPS**2) / (left**2 + BODY_MPS**2)))


def _is_better(left: Array, as_read: Array, *, by: float) -> bool:
    """Tell whether a reading is surely better, and by so much on the mean.

    Windows in which the sensor turns about an axis that is read right gain nothing, so gains differ widely: it is sure
    as well where most windows gain so much and none speaks against it.
    """
    gain = _gain(left, as_read)
    error = float(np.std(gain)) / float(np.sqrt(OVERLAP * len(gain)))
    is_agreed = float(np.median(gain)) > by and float(gain.min()) > AGAINST
    return float(gain.mean()) > by and (float(gain.mean()) > SURE * error or is_agreed)


def _share(left: Array, without: Array) -> float:
    """Return how much is unexplained against what is without a gyroscope, over all windows."""
    return float(np.sqrt(np.mean(left**2) / max(float(np.mean(without**2)), 1e-12)))
