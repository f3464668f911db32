"""Follow one sensor through the instants: where up is, whether it is stationary, how high it is; by its past alone.

It does not filter (`live_input` does) and knows no other sensor. Sums run over the samples of one instant in their
order, so it does not matter how many instants are taken at once.
"""

from __future__ import annotations

import copy
import math
from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.analysis.instant.height_filter import HeightFilter
from imu_hinge.model import Array, Flags
from imu_hinge.motion.kinematics.settling import ACC_MPS2, SWAY_MPS
from imu_hinge.motion.orientation.quaternion import Vector
from imu_hinge.settings import StillnessSettings

STANDING_S: Final = 1.0
"""Who has been stationary for so long stands: long enough to average a sway, short enough to wait for [s]."""


class Rows(NamedTuple):
    """Hold what a sensor's filter gave for some instants of the grid.

    Parameters
    ----------
    gyr : (n, 3) [rad/s, sensor]
    acc : (n, 3) [m/s², sensor]
    up_s : (n, 3)
    flags : (n,)
    """

    gyr: Array
    acc: Array
    up_s: Array
    flags: Flags

    def part(self, start: int, stop: int) -> Rows:
        """Return the rows ``[start, stop)``."""
        return Rows(self.gyr[start:stop], self.acc[start:stop], self.up_s[start:stop], self.flags[start:stop])

    def then(self, later: Rows) -> Rows:
        """Return these rows and those after them."""
        return Rows(
            np.concatenate((self.gyr, later.gyr)),
            np.concatenate((self.acc, later.acc)),
            np.concatenate((self.up_s, later.up_s)),
            np.concatenate((self.flags, later.flags)),
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold what one sensor tells at one instant.

    Parameters
    ----------
    up_s : (3,)
        The world's up direction, in the sensor's frame.
    up0_s : (3,)
        The same in standing as far as it is known then, else None.
    rate_rad_s
        Mean angular speed since the instant before.
    is_gap
        Nothing was measured then.
    settling_rad
        What the last hole has left of doubt about the inclination, as `settling.settling_sd`.
    height_m, height_sd_m, speed_mps
        Vertical travel from standing; NaN where not known.
    """

    up_s: Vector
    up0_s: Vector | None
    rate_rad_s: float
    is_gap: bool
    settling_rad: float
    height_m: float
    height_sd_m: float
    speed_mps: float


class _Stretch(NamedTuple):
    """Hold the means of one instant's samples: angular speed, |f|, its square, vertical specific force."""

    rate: float
    force: float
    square: float
    vertical: float


class SensorNow:
    """Follow one sensor.

    Parameters
    ----------
    every
        Grid instants per step.
    rate_hz
        Of the grid.
    settings
        What counts as stationary.
    """

    def __init__(self, every: int, rate_hz: float, settings: StillnessSettings) -> None:
        self._every, self._rate_hz, self._settings = every, rate_hz, settings
        self.readings: dict[int, Reading] = {}  # by step; whoever uses them forgets them
        self._up0_s: Vector | None = None  # in standing; before a look, of the longest time stationary so far
        self._is_mounted = False
        self._bias_s: Vector = (0.0, 0.0, 0.0)
        self._height = HeightFilter()
        self._waiting: Rows | None = None
        self._step = 0
        self._since_gap_s = math.inf  # where nothing came before, nothing was lost
        self._recent: deque[_Stretch] = deque()
        self._up_s: Vector = (0.0, 0.0, 1.0)
        self._run_sum: Vector = (0.0, 0.0, 0.0)
        self._run = self._longest = 0  # steps stationary until now, and at most

    def take(self, rows: Rows) -> None:
        """Take the next rows and write a reading for every step that is complete."""
        if self._waiting is not None and len(self._waiting.flags):
            rows = self._waiting.then(rows)
        count = len(rows.flags) // self._every
        self._waiting = rows.part(count * self._every, len(rows.flags))
        if not count:
            return
        gyr, acc, up_s, flags = rows.part(0, count * self._every)
        force = np.sqrt(_dot(acc, acc))
        columns = (np.sqrt(_dot(gyr, gyr)), force, force * force, _dot(acc, up_s))
        stretches = map(_Stretch, *(self._means(column) for column in columns))
        is_gap = np.any((flags & np.uint16(cv.Flag.GAP)).reshape(count, self._every), axis=1).tolist()
        ups = up_s[self._every - 1 :: self._every].tolist()
        for stretch, gap, (x, y, z) in zip(stretches, is_gap, ups, strict=True):
            self._up_s = (x, y, z)
            self.readings[self._step] = self._read(stretch, is_gap=gap)
            self._step += 1

    def mount(self, up0_s: Vector, bias_s: Vector) -> None:
        """Go on with what a look found; the acceleration stays as it is where the accelerometer's bias changes."""
        change = [old - new for old, new in zip(self._bias_s, bias_s, strict=True)]
        self._height.error_mps2 += sum(u * by for u, by in zip(self._up_s, change, strict=True))
        self._up0_s, self._bias_s, self._is_mounted = up0_s, bias_s, True

    def lift(self, height_m: float, height_sd_m: float, speed_mps: float) -> None:
        """Go on from a look's height and speed at this instant, where it knows them.

        Parameters
        ----------
        height_m, height_sd_m, speed_mps
            NaN where not known.
        """
        if math.isfinite(height_sd_m) and math.isfinite(speed_mps):
            self._height.begin(height_m, height_sd_m, speed_mps)

    def copy(self) -> SensorNow:
        """Return another that goes on from here by itself."""
        other = copy.copy(self)
        other.readings, other._recent = dict(self.readings), self._recent.copy()
        other._height = self._height.copy()
        return other

    def _means(self, values: Array) -> list[float]:
        """Return the mean of each step, summed in order: the same bits however many steps there are."""
        table = values.reshape(-1, self._every)
        total = table[:, 0].copy()
        for column in range(1, self._every):
            total += table[:, column]
        means: list[float] = (total / self._every).tolist()
        return means

    def _read(self, stretch: _Stretch, *, is_gap: bool) -> Reading:
        dt = self._every / self._rate_hz
        is_still = self._is_still(stretch, is_gap=is_gap)
        self._stand(is_still=is_still)
        tilt = math.nan if self._up0_s is None else angle_between(self._up_s, self._up0_s)
        if is_gap:
            self._height.step_unseen(dt)
        else:
            bias = sum(u * b for u, b in zip(self._up_s, self._bias_s, strict=True))
            self._height.step(stretch.vertical - bias - cv.GRAVITY_MPS2, dt)
            self._height.observe(tilt, stretch.rate, dt, is_still=is_still)
        known = self._height.is_known and self._up0_s is not None
        return Reading(
            self._up_s,
            self._up0_s,
            stretch.rate,
            is_gap,
            self._settling_rad(dt, is_gap=is_gap),
            self._height.height_m if known else math.nan,
            self._height.height_sd_m if known else math.nan,
            self._height.speed_mps if known else math.nan,
        )

    def _settling_rad(self, dt: float, *, is_gap: bool) -> float:
        self._since_gap_s = 0.0 if is_gap else self._since_gap_s + dt
        mean_mps2 = math.sqrt(2.0) * SWAY_MPS / max(self._since_gap_s, dt)
        return min(mean_mps2, ACC_MPS2) / cv.GRAVITY_MPS2

    def _is_still(self, stretch: _Stretch, *, is_gap: bool) -> bool:
        """Tell whether the sensor has been stationary over the window of `settings`, as `track.stationary` does."""
        if is_gap:
            self._recent.clear()
            return False
        s, width = self._settings, max(1, round(self._settings.window_s * self._rate_hz / self._every))
        self._recent.append(stretch)
        while len(self._recent) > width:
            self._recent.popleft()
        if len(self._recent) < width:
            return False
        rate, force, square, _ = (math.fsum(column) / width for column in zip(*self._recent, strict=True))
        spread = math.sqrt(max(square - force * force, 0.0))
        return (
            rate < math.radians(s.gyr_max_deg_s)
            and spread < s.acc_spread_max_mps2
            and abs(force - cv.GRAVITY_MPS2) < s.force_off_max_mps2
        )

    def _stand(self, *, is_still: bool) -> None:
        """Before a look has told, take the longest time stationary for standing."""
        if self._is_mounted:
            return
        if not is_still:
            self._run, self._run_sum = 0, (0.0, 0.0, 0.0)
            return
        x, y, z = (total + u for total, u in zip(self._run_sum, self._up_s, strict=True))
        self._run, self._run_sum = self._run + 1, (x, y, z)
        if self._run >= max(self._longest, STANDING_S * self._rate_hz / self._every):
            size = math.sqrt(x * x + y * y + z * z)
            self._longest, self._up0_s = self._run, (x / size, y / size, z / size)


def angle_between(one: Vector, other: Vector) -> float:
    """Return the angle between two unit vectors [rad]."""
    (a, b, c), (d, e, f) = one, other
    x, y, z = b * f - c * e, c * d - a * f, a * e - b * d
    return math.atan2(math.sqrt(x * x + y * y + z * z), a * d + b * e + c * f)


def _dot(one: Array, other: Array) -> Array:
    """Return the inner products of rows, summed in order: the same bits however many rows. (n, 3), (n, 3) -> (n,)."""
    products = one * other
    return np.asarray(products[:, 0] + products[:, 1] + products[:, 2])
