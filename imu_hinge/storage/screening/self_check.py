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
from imu_hinge.storage.screening.gyro_delay import Delay, delay_of
from imu_hinge.storage.screening.gyro_gain import Gain, Span, gain_of, gains_apart, spans_of
from imu_hinge.storage.screening.readings import AS_READ, AXES, IN_DEGREES, Reading, late_in_words, readings
from imu_hinge.storage.screening.turning import INNER, OVERLAP, roughly_unexplained, steps_of, unexplained, windows

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

GAIN_OFF: Final = 0.1
"""A gyroscope's gain is off by 3 %, a sensor's clock by up to 4 %; surely more than a tenth is neither."""

GAIN_FAR_OFF: Final = 0.3
"""Surely by more than this is a wrong rate or range: ranges go by 2, and rates that are taken for one another seldom by
less than a third. No angle of such a recording is right."""

BEYOND_RANGE: Final = 1.14
"""Counts of many gyroscopes reach so far beyond the range that names them (ITG-3200: 14.375 counts per deg/s where 2000
deg/s in 16 bits make 16.384; LSM6: 70 mdps where they make 61): who divides the range gets that much too little."""

DELAY_OFF_S: Final = 0.02
"""In a bend of 100 deg/s it is 2 degrees; streams of one device are nearer, or are two streams [s]."""

FAR_LESS: Final = 10.0
"""Of degrees for radians few windows tell where the one leaves so much less than the other: a body that dashes about,
beside a gyroscope of a coarse clock, makes less of it."""

SURE_SD: Final = 3.0
"""So many standard deviations are sure."""

STEADY_MPS2: Final = 0.01
"""The magnitude of what an accelerometer on a body reads varies by more, by its noise alone; that of gravity as phones
compute it does not [m/s²]."""


class Finding(NamedTuple):
    """Hold what the check found.

    Parameters
    ----------
    text : str
    is_refused : bool
        Whether no reading of the samples as they are is right.
    factor : float, optional
        What would mend the gyroscope, where that is all.
    """

    text: str
    is_refused: bool
    factor: float | None = None


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
    parts = steps_of(samples)
    gyr, acc = windows(parts)
    return judged(placement, gyr, acc, spans_of(parts), spread_mps2=spread_of(samples.acc))


def _given_twice(placement: str, samples: Samples) -> Finding | None:
    """Find two axes of one instrument with the same readings; no sensor's noise is the same on two."""
    for name, values in (("acc", samples.acc), ("gyr", samples.gyr)):
        for a, b in ((0, 1), (0, 2), (1, 2)):
            is_same = np.array_equal(values[:99, a], values[:99, b])  # most differ soon
            if is_same and np.ptp(values[:, a]) > 0.0 and np.array_equal(values[:, a], values[:, b]):
                axes = f"{name}_{AXES[a]} and {name}_{AXES[b]}"
                text = (
                    f"{placement}: {axes} hold the same {len(samples)} readings, as when a column was exported twice."
                )
                return Finding(f"{text} Export all three axes of {name}.", True)
    return None


def judged(placement: str, gyr: Array, acc: Array, spans: list[Span], *, spread_mps2: float) -> Finding | None:
    """Return what is wrong, or None.

    Parameters
    ----------
    placement
        Names the sensor in the text.
    gyr : (w, k, 3) [rad/s, sensor]
    acc : (w, k, 3) [m/s², sensor]
        Windows in which the sensor turns; see `turning.windows`.
    spans
        From rest to rest; see `gyro_gain.spans_of`.
    spread_mps2
        Standard deviation of acc's magnitude as it came in, while the sensor turned.
    """
    found = _judged_by_windows(placement, gyr, acc, spread_mps2=spread_mps2)
    if found is None:
        return _judged_by_rests(placement, spans)
    gain = None if found.factor is None else gain_of(spans, near=found.factor)
    if gain is None or found.factor is None or abs(np.log(found.factor / gain.factor)) < SURE_SD * gain.sd:
        return found
    return _judged_by_rests(placement, spans) or found  # rests tell a gain better


def _judged_by_windows(placement: str, gyr: Array, acc: Array, *, spread_mps2: float) -> Finding | None:
    """Return what is wrong in windows that turn, or None; see `judged`."""
    if len(gyr) < LEAST_WINDOWS:
        return _in_degrees(placement, gyr, acc) if len(gyr) else None
    if spread_mps2 < STEADY_MPS2:
        return Finding(
            f"{placement}: acc is gravity alone: its magnitude stays within {STEADY_MPS2:g} m/s² "
            "while the sensor turns. Export acceleration including gravity and movement.",
            True,
        )
    delay = delay_of(gyr[:, INNER], acc[:, INNER])
    as_read, without = _left(AS_READ, gyr, acc), _left(AS_READ, np.zeros_like(gyr), acc)
    found, half = None, len(gyr) // 2
    if _share(as_read, without) >= AGREES or _is_surely_late(delay):
        found = _explained(placement, gyr, acc)
    for part in (slice(half), slice(half, None)) if found is None and half >= LEAST_WINDOWS else ():
        if found is None and _share(as_read[part], without[part]) >= AGREES:  # what changed on the way
            found = _half(placement, gyr[part], acc[part])
    if found is None and _is_surely_late(delay):
        found = Finding(f"{placement}: {'. '.join(late_in_words(delay.late_s))}", False)
    return found


def _is_surely_late(delay: Delay) -> bool:
    return abs(delay.late_s) - SURE_SD * delay.sd_s > DELAY_OFF_S


def _in_degrees(placement: str, gyr: Array, acc: Array) -> Finding | None:
    """Find degrees for radians, which few windows tell too: a bias alone turns the sensor as nobody stands."""
    claimed, meant = (float(np.median(_left(r, gyr, acc))) for r in (AS_READ, IN_DEGREES))
    if claimed < max(DASHES_MPS, FAR_LESS * meant):
        return None
    return Finding(f"{placement}: {IN_DEGREES.seen}. {IN_DEGREES.remedy}", True)


def _half(placement: str, gyr: Array, acc: Array) -> Finding | None:
    """Return what surely another reading explains in half of the windows, or None."""
    found = _explained(placement, gyr, acc)
    if found is None or not found.is_refused:
        return None
    return Finding(f"{found.text} It is so in half of the recording only: cut it there.", True)


def _explained(placement: str, gyr: Array, acc: Array) -> Finding | None:
    """Return which other reading leaves surely less unexplained, or that none explains what is seen; else None."""
    as_read, without = _left(AS_READ, gyr, acc), _left(AS_READ, np.zeros_like(gyr), acc)
    share = _share(as_read, without)
    near = sorted(readings(), key=lambda r: float(np.mean(_gain(as_read, _left(r, gyr, acc, by=roughly_unexplained)))))
    tried = [(r, _left(r, gyr, acc)) for r in readings() if any(r is n for n in near[:MOST_TRIED])]
    gains = [float(np.mean(_gain(left, as_read))) for _, left in tried]
    best, left = next(pair for pair, gain in zip(tried, gains, strict=True) if gain > max(gains) - AS_LIKELY)
    is_sway = bool((best.acc == 1.0).all()) and float(np.median(left)) < 2.0 * BODY_MPS  # acc scaled leaves less anyway
    is_explained = is_sway or _share(left, without) < AGREES
    if is_explained and _is_better(left, as_read, by=MAY_BE_BETTER):
        is_refused = best.may_refuse and _is_better(left, as_read, by=BETTER)
        return Finding(f"{placement}: {best.seen}. {best.remedy}", is_refused, best.factor)
    if share > UNEXPLAINED and float(np.median(as_read)) > DASHES_MPS:
        text = (
            f"{placement}: gravity does not turn as the gyroscope says ({100 * share:.0f} % of its turning is not "
            "explained), as when acc and gyr are of two devices or two times, or acc is without gravity. "
            "Export acceleration including gravity and angular rate of one device, with one clock."
        )
        return Finding(text, share > UNEXPLAINED_SURELY)
    return None


def _judged_by_rests(placement: str, spans: list[Span]) -> Finding | None:
    """Return what is surely wrong with the gyroscope's gain, or time, by what lies between rests, or None."""
    gain, halves = gain_of(spans), gains_apart(spans)
    if halves is not None:
        first, second = halves
        apart, sd = abs(float(np.log(first.factor / second.factor))), float(np.hypot(first.sd, second.sd))
        if apart - SURE_SD * sd > GAIN_FAR_OFF:
            return Finding(
                f"{placement}: gyr times time is {1.0 / first.factor:.2g} times what gravity turns at first and "
                f"{1.0 / second.factor:.2g} times later, as when its range was changed on the way. "
                "Cut the recording there.",
                True,
            )
    return None if gain is None else gain_finding(placement, gain)


def gain_finding(placement: str, gain: Gain) -> Finding | None:
    """Return what a gyroscope's gain tells of its range or of the time, or None where it is not surely off.

    Parameters
    ----------
    placement
        Names the sensor in the text.
    gain
        See `gyro_gain.gain_of`.
    """
    if not _is_surely_off(gain, GAIN_OFF):
        return None
    is_beyond = abs(float(np.log(gain.factor / BEYOND_RANGE))) < SURE_SD * gain.sd
    by_range = ", or counts were scaled by the range instead of the data sheet's sensitivity" if is_beyond else ""
    return Finding(
        f"{placement}: gyr times time is {1.0 / gain.factor:.2f} times what gravity turns from rest to rest, as when "
        f"time_s or the range is off{by_range}. Check the rate behind time_s, or multiply gyr by "
        f"{gain.factor:.2f} if its range was set wrong.",
        _is_surely_off(gain, GAIN_FAR_OFF),
    )


def _is_surely_off(gain: Gain, most: float) -> bool:
    return abs(float(np.log(gain.factor))) - SURE_SD * gain.sd > most


def spread_of(acc: Array) -> float:
    """Return the standard deviation of the magnitude of (n, 3) [m/s²]."""
    return float(np.std(np.sqrt(np.einsum("ij,ij->i", acc, acc))))


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
