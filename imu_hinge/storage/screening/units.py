"""Tell from the numbers alone whether acceleration is in m/s² and angular rate in rad/s.

It never converts: a unit is taken from a header or from the caller, and a wrong one is refused with its likely name.
"""

import math
from typing import Final

import numpy as np

from imu_hinge.errors import UnknownUnits
from imu_hinge.model import Array, Samples

MAX_RATE_RADPS = 35.0
"""2000 deg/s: what common gyroscopes can read at most [rad/s]."""

MAX_RATE_RATIO = 5.0
"""A gyroscope that turns this many times faster than gravity does in its frame is not in rad/s."""

MIN_CLAIMED_RADPS = 0.3
"""Below this rotation nothing is concluded: a gyroscope's bias alone may be 0.1 rad/s [rad/s]."""

MOST: Final = 60_000
"""So many samples, spread over a recording, tell how large gravity is as well as all of an hour do."""

_MEAN_S, _LAG_S, _STATIONARY_S = 0.3, 0.5, 0.5
"""Over what gravity is averaged, over what its turning is looked at, and how long a quiet window is; chosen [s]."""


def check_units(placement: str, samples: Samples) -> None:
    """Raise `UnknownUnits` where the samples are not in m/s² including gravity and rad/s, as far as can be seen."""
    check_acc_unit(placement, samples)
    check_gyr_magnitude(placement, samples)


def check_acc_unit(placement: str, samples: Samples) -> None:
    """Raise `UnknownUnits` unless the acceleration reads about 9.81 while quiet, or over all samples.

    The quietest quarter of half-second windows stands for standing still, so nobody has to stand.
    """
    every = samples.acc[:: 1 + len(samples) // MOST]
    stationary, middle = _stationary_magnitude(samples, samples.acc), float(np.median(np.linalg.norm(every, axis=1)))
    # gravity within a third: no sensor is off by more, no other unit is as near; so below
    if 7.0 <= stationary <= 13.0 or 7.0 <= middle <= 13.0:
        return
    seen = f"(magnitude {stationary:.3g} while quiet, expected 9.81)"
    if 0.7 <= stationary <= 1.3:  # as above, in g
        likely, remedy = "is in g", "Multiply acc_x, acc_y and acc_z by 9.80665."
    elif 700.0 <= stationary <= 1300.0:  # as above, in milli-g
        likely, remedy = "is in milli-g or cm/s²", "Multiply acc_x, acc_y and acc_z by 0.00980665 or by 0.01."
    elif 7.0 <= _stationary_magnitude(samples, samples.gyr) <= 13.0:  # gravity, where angular rate should be
        likely, remedy = "and gyr look exchanged", "Pass acceleration first, then angular rate."
    elif stationary < 0.5:
        likely, remedy = "has had gravity taken out", "Export the acceleration including gravity."
    else:
        likely, remedy = "is in a unit of its own", "Convert it to m/s² including gravity."
    raise UnknownUnits(f"{placement}: acc {likely} {seen}. {remedy}")


def check_gyr_magnitude(placement: str, samples: Samples) -> None:
    """Raise `UnknownUnits` where the angular rate is beyond any sensor's range in rad/s (99.5th percentile)."""
    fast = float(np.percentile(np.linalg.norm(samples.gyr, axis=1), 99.5))  # half a percent may be spikes
    if fast > MAX_RATE_RADPS:
        what = f"it reaches {fast:.4g}, which in rad/s would be {math.degrees(fast):.3g} deg/s"
        raise UnknownUnits(_gyr_message(placement, what, is_deg=math.radians(fast) <= MAX_RATE_RADPS))


def gyr_unit_by_gravity(samples: Samples) -> str:
    """Return ``rad/s`` or ``deg/s`` where gravity's turning tells the unit of ``samples.gyr``, else an empty text.

    The ratio of what is claimed to what is seen is about 1 or about 57; accelerations of the body lower both.
    """
    if len(samples) < 2 or not all((np.abs(x) < 1e9).all() for x in (samples.time_s, samples.acc, samples.gyr)):
        return ""
    if float(np.median(np.diff(samples.time_s))) <= 0.0:
        return ""
    claimed, seen = _turn_rates(samples)
    ratio = claimed / max(seen, 1e-6)
    if claimed > MIN_CLAIMED_RADPS and ratio < MAX_RATE_RATIO:
        return "rad/s" if ratio > 1.0 / MAX_RATE_RATIO else ""
    if claimed > math.degrees(MIN_CLAIMED_RADPS) and 2.0 * MAX_RATE_RATIO < ratio < MAX_RATE_RATIO * math.degrees(1.0):
        return "deg/s"
    return ""


def _gyr_message(placement: str, what: str, *, is_deg: bool) -> str:
    if is_deg:
        return f"{placement}: gyr looks like deg/s: {what}. Multiply gyr_x, gyr_y and gyr_z by pi/180."
    return f"{placement}: gyr is neither in rad/s nor in deg/s: {what}. Convert it to rad/s."


def _stationary_magnitude(samples: Samples, values: Array) -> float:
    """Magnitude of the mean of ``values`` (n, 3) in the quietest quarter of half-second windows."""
    width = min(_width(samples, _STATIONARY_S), len(samples))
    n_windows = len(samples) // width
    windows = values[: n_windows * width].reshape(n_windows, width, 3)[:: 1 + n_windows * width // MOST]
    spread = windows.std(axis=1).max(axis=1)
    mean = np.linalg.norm(windows.mean(axis=1), axis=1)
    return float(np.median(mean[spread <= np.quantile(spread, 0.25)]))  # the quietest quarter, see `check_acc_unit`


def _turn_rates(samples: Samples) -> tuple[float, float]:
    """Root mean square of gravity's turning claimed by ``gyr`` and seen by ``acc`` [rad/s, rad/s]."""
    mean, lag = _width(samples, _MEAN_S), _width(samples, _LAG_S)
    if len(samples) < 10 * (mean + lag):
        return 0.0, 0.0
    magnitude = np.linalg.norm(samples.acc, axis=1, keepdims=True)
    u = samples.acc / np.maximum(magnitude, 1e-9)
    steps = np.diff(samples.time_s, prepend=samples.time_s[0])
    period = float(np.median(steps[1:]))
    turned = np.cumsum(_cross(u, samples.gyr) * steps[:, None], axis=0)

    span = samples.time_s[mean + lag - 1 :] - samples.time_s[: -(mean + lag - 1)]
    is_whole = span < 1.5 * (mean + lag - 1) * period  # no gap inside
    claimed, seen = (_moving_mean(x, mean)[lag:] - _moving_mean(x, mean)[:-lag] for x in (turned, u))
    if not is_whole.any():
        return 0.0, 0.0
    rms = [float(np.sqrt((x[is_whole] ** 2).sum(axis=1).mean())) / (lag * period) for x in (claimed, seen)]
    return rms[0], rms[1]


def _cross(a: Array, b: Array) -> Array:
    """Cross product of rows, (n, 3); several times as fast as `numpy.cross`."""
    return np.column_stack(
        [
            a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1],
            a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2],
            a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0],
        ]
    )


def _moving_mean(x: Array, width: int) -> Array:
    """Mean of each ``width`` successive rows, (n - width + 1, 3)."""
    total = np.cumsum(np.vstack([np.zeros((1, x.shape[1])), x]), axis=0)
    mean: Array = (total[width:] - total[:-width]) / width
    return mean


def _width(samples: Samples, seconds: float) -> int:
    """Return the number of samples in so many seconds, at least 1."""
    return max(1, round(seconds / float(np.median(np.diff(samples.time_s)))))
