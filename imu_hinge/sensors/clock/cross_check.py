"""Verify that two sensors on one body share a timeline, by the rotation they share.

It does not correct anything: a shift is reported, and moving samples is the user's decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge.model import Array, Samples

SEARCH_S: Final = 0.150
"""Chosen: on one host nothing but a stream placed wrongly is further apart [s]."""
WARN_S: Final = 0.015
"""In a quick lift that is a degree of trunk [s]."""
GRID_HZ: Final = 200.0
"""Chosen: steps of 5 ms, between which a parabola finds the top."""
HOLE_S: Final = 0.15
"""Chosen: between samples further apart than the lag that is looked for nothing is known [s]."""
LEAST_CORRELATION: Final = 0.5
"""Chosen: segments that turn less alike than this tell no lag."""
LEAST_MOTION_RADPS: Final = 0.2
"""Below this scatter of the rate's norm there is nothing to compare [rad/s]."""


@dataclass(frozen=True, slots=True)
class SharedRotation:
    """Hold how two sensors' rotation agrees in time.

    Parameters
    ----------
    lag_s
        How much later the second sensor's samples are placed than the first's; None cannot tell.
    correlation
        At that lag, -1 to 1.
    message
        One sentence for a person; empty where all is well.
    """

    lag_s: float | None
    correlation: float
    message: str

    @property
    def is_warning(self) -> bool:
        """True where the two are further apart than `WARN_S`."""
        return self.lag_s is not None and abs(self.lag_s) > WARN_S


def shared_rotation(first: Samples, second: Samples) -> SharedRotation:
    """Compare the norms of two sensors' angular rate over ±150 ms.

    Segments of one trunk do not turn alike, so this tells tens of milliseconds, not single ones.
    """
    start = max(_first(first), _first(second))
    stop = min(_last(first), _last(second))
    n = int((stop - start) * GRID_HZ) if stop > start else 0
    reach = int(SEARCH_S * GRID_HZ)
    if n < 8 * reach:
        return SharedRotation(None, 0.0, "The sensors share too little time to compare their clocks.")
    grid = start + np.arange(n) / GRID_HZ
    a, b = _norm(first, grid), _norm(second, grid)
    is_seen = _is_seen(first, grid), _is_seen(second, grid)
    if is_seen[0].sum() < 8 * reach or is_seen[1].sum() < 8 * reach:
        return SharedRotation(None, 0.0, "The sensors share too little time to compare their clocks.")
    if min(float(a[is_seen[0]].std()), float(b[is_seen[1]].std())) < LEAST_MOTION_RADPS:
        return SharedRotation(None, 0.0, "The sensors moved too little to compare their clocks: bend once or twice.")
    inner, is_inner = a[reach:-reach], is_seen[0][reach:-reach]
    shifts = [slice(shift, shift + inner.size) for shift in range(2 * reach + 1)]
    scores = np.array([_correlation(inner, b[part], is_inner & is_seen[1][part]) for part in shifts])
    best = int(scores.argmax())
    correlation = float(scores[best])
    if correlation < LEAST_CORRELATION or best in (0, 2 * reach):
        return SharedRotation(
            None, correlation, "The sensors do not turn together: their clocks cannot be compared by it."
        )
    before, peak, after = scores[best - 1 : best + 2]
    bend = before - 2 * peak + after
    fine = 0.5 * (before - after) / bend if bend < 0 else 0.0
    lag_s = (best - reach + float(fine)) / GRID_HZ
    message = ""
    if abs(lag_s) > WARN_S:
        message = (
            f"The two sensors' rotation is {1e3 * lag_s:.0f} ms apart, more than {1e3 * WARN_S:.0f} ms: their "
            "angles do not fit together in time. Reconnect both and record again."
        )
    return SharedRotation(lag_s, correlation, message)


def _first(samples: Samples) -> float:
    return float(samples.time_s[0]) if len(samples) else np.inf


def _last(samples: Samples) -> float:
    return float(samples.time_s[-1]) if len(samples) else -np.inf


def _norm(samples: Samples, grid: Array) -> Array:
    """Return the norm of the angular rate on the grid. (n,) [rad/s]."""
    norm: Array = np.interp(grid, samples.time_s, np.linalg.norm(samples.gyr, axis=1))
    return norm


def _is_seen(samples: Samples, grid: Array) -> npt.NDArray[np.bool_]:
    """Tell where a sensor was heard: a line drawn across a hole turns like nothing. (n,)."""
    after = np.searchsorted(samples.time_s, grid).clip(1, len(samples) - 1)
    return np.asarray(samples.time_s[after] - samples.time_s[after - 1] < HOLE_S)


def _correlation(a: Array, b: Array, is_seen: npt.NDArray[np.bool_]) -> float:
    """Return the correlation of two series (n,) over the instants at which both were seen."""
    count = int(is_seen.sum())
    if not count:
        return 0.0
    a, b = np.where(is_seen, a, 0.0), np.where(is_seen, b, 0.0)
    a = np.where(is_seen, a - a.sum() / count, 0.0)
    b = np.where(is_seen, b - b.sum() / count, 0.0)
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else 0.0
