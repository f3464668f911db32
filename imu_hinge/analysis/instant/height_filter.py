"""Follow how high a sensor is above or below standing, step by step: `vertical_displacement` with the past alone.

The look's smoother knows what comes after; this filter does not, so its height is less certain between rests; each
look puts it right. It knows no tilt (`one_sensor` tells it) and no other sensor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from imu_hinge.motion.kinematics.vertical_acceleration import BIAS_PRIOR_MPS2, REST_S
from imu_hinge.motion.kinematics.vertical_displacement import (
    ERROR_SD_MPS2,
    ERROR_WALK,
    INNOVATION_GATE,
    LEVEL_HEIGHT_M,
    LEVEL_PER_INCLINATION_M,
    LEVEL_SPEED_MPS,
    OPEN_HEIGHT_M,
    OPEN_SPEED_MPS,
    REST_SPEED_MPS,
    SPEED_PER_RATE_M,
    UNSEEN_MPS,
)

UPRIGHT_RAD: Final = math.radians(8.0)
"""Within this of standing the body is upright, as for the lockouts of `posture.segment_inclination`."""

LEVEL_RATE_RAD_S: Final = math.radians(30.0)
"""Who is upright and turns by less has come to a lockout; standing sways by 6 deg/s, a bend begins with 50."""

SPEED_NOISE: Final = 0.03
"""Speed that the filter's tilt error adds in one second, forward only [m/s]; grows with the root of time. A degree of
it, in lifts that accelerate sideways by 1 m/s² for a third of a second, is six times `vertical_displacement`'s."""

BEGIN_SPEED_MPS: Final = LEVEL_SPEED_MPS
BEGIN_ERROR_MPS2: Final = 3.0 * ERROR_SD_MPS2
"""How well a look's newest speed and the bias that its rests tell are known; chosen: as at a lockout, and three times
what its smoother leaves of the accelerometer's errors."""

KNOWN_SD_M: Final = 0.15
"""A height less certain than this is not told: half of a squat's travel [m]."""


@dataclass(slots=True)
class HeightFilter:
    """Hold height, speed and what is left of the accelerometer's error along the vertical, with their covariance.

    Notes
    -----
    A Kalman filter of the states of `vertical_displacement`. The error state is wide at first: before a look nobody
    knows the accelerometer's bias, and a second of standing tells its vertical part.
    """

    height_m: float = 0.0
    speed_mps: float = 0.0
    error_mps2: float = 0.0
    hh: float = OPEN_HEIGHT_M**2
    hv: float = 0.0
    he: float = 0.0
    vv: float = OPEN_SPEED_MPS**2
    ve: float = 0.0
    ee: float = BIAS_PRIOR_MPS2**2

    @property
    def height_sd_m(self) -> float:
        """Standard deviation of the height."""
        return math.sqrt(max(self.hh, 0.0))

    @property
    def is_known(self) -> bool:
        """Whether the height is certain enough to be told."""
        return self.height_sd_m < KNOWN_SD_M

    def copy(self) -> HeightFilter:
        """Return another that goes on from here by itself."""
        return replace(self)

    def begin(self, height_m: float, height_sd_m: float, speed_mps: float) -> None:
        """Go on from what a look found, which knows more: the accelerometer's errors, and every rest so far.

        Parameters
        ----------
        height_m, height_sd_m, speed_mps
        """
        self.height_m, self.speed_mps, self.error_mps2 = height_m, speed_mps, 0.0
        self.hh, self.vv, self.ee = height_sd_m**2, BEGIN_SPEED_MPS**2, BEGIN_ERROR_MPS2**2
        self.hv = self.he = self.ve = 0.0

    def step(self, acceleration_mps2: float, dt: float) -> None:
        """Go on by one step of constant acceleration, up positive, gravity taken off."""
        a = acceleration_mps2 - self.error_mps2
        half = 0.5 * dt * dt
        self.height_m += self.speed_mps * dt + a * half
        self.speed_mps += a * dt
        h0 = self.hh + dt * self.hv - half * self.he  # F P F', as vertical_displacement._predict
        h1 = self.hv + dt * self.vv - half * self.ve
        h2 = self.he + dt * self.ve - half * self.ee
        v1, v2 = self.vv - dt * self.ve, self.ve - dt * self.ee
        self.hh, self.hv, self.he = h0 + dt * h1 - half * h2, h1 - dt * h2, h2
        self.vv, self.ve = v1 - dt * v2 + SPEED_NOISE**2 * dt, v2
        self.ee += ERROR_WALK**2 * dt

    def step_unseen(self, dt: float) -> None:
        """Go on by one step in which nothing was measured; what is long unseen is open again."""
        self.step(self.error_mps2, dt)
        self.vv += UNSEEN_MPS**2 * dt
        if self.hh > OPEN_HEIGHT_M**2:
            self.height_m = self.speed_mps = 0.0
            self.hh, self.hv, self.he = OPEN_HEIGHT_M**2, 0.0, 0.0
            self.vv, self.ve = OPEN_SPEED_MPS**2, 0.0

    def observe(self, tilt_rad: float, rate_rad_s: float, dt: float, *, is_still: bool) -> None:
        """Take what rest and standing tell: no speed, and where the body is upright, standing height.

        Parameters
        ----------
        tilt_rad
            From standing, in any direction; NaN where standing is not known.
        rate_rad_s
            Mean angular speed of the step.
        dt
        is_still
            Whether the sensor is stationary.
        """
        repeats = max(REST_S / dt, 1.0)  # steps of one rest repeat each other
        if is_still:
            self._see_speed(repeats * (REST_SPEED_MPS**2 + (SPEED_PER_RATE_M * rate_rad_s) ** 2))
        if tilt_rad < UPRIGHT_RAD and (is_still or rate_rad_s < LEVEL_RATE_RAD_S):
            level = LEVEL_HEIGHT_M**2 + (LEVEL_PER_INCLINATION_M * tilt_rad) ** 2
            self._see_height(repeats * (level + (0.0 if is_still else (SPEED_PER_RATE_M * rate_rad_s * REST_S) ** 2)))

    def _see_speed(self, variance: float) -> None:
        if (self.speed_mps / INNOVATION_GATE) ** 2 > self.vv + variance:
            return  # a rest that the integral surely contradicts was none
        share, off = 1.0 / (self.vv + variance), self.speed_mps
        self._correct((self.hv, self.vv, self.ve), share, off)

    def _see_height(self, variance: float) -> None:
        far = (self.height_m / INNOVATION_GATE) ** 2
        if far > self.hh + variance:  # believed less, but never not at all: the integral has gone astray
            self.vv += OPEN_SPEED_MPS**2
            variance = far - self.hh
        share, off = 1.0 / (self.hh + variance), self.height_m
        self._correct((self.hh, self.hv, self.he), share, off)

    def _correct(self, column: tuple[float, float, float], share: float, off: float) -> None:
        h, v, e = column
        self.height_m -= h * share * off
        self.speed_mps -= v * share * off
        self.error_mps2 -= e * share * off
        self.hh -= h * share * h
        self.hv -= h * share * v
        self.he -= h * share * e
        self.vv -= v * share * v
        self.ve -= v * share * e
        self.ee -= e * share * e
