"""Run live analysis once on a few made-up bends, so that its first samples need not wait for kernels to be loaded.

From the cache that takes half a second, and ten where they must be compiled. Nothing is kept but the machine code.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.analysis.instant.live_input import Intake
from imu_hinge.analysis.pipeline import align, link
from imu_hinge.athlete import Athlete
from imu_hinge.model import Region, Samples
from imu_hinge.motion.kinematics.long_holes import Holes
from imu_hinge.motion.kinematics.time_grid import Grid
from imu_hinge.motion.orientation.filter import initial_state, params
from imu_hinge.reps.exercise import find_lifts
from imu_hinge.settings import Settings
from imu_hinge.storage.screening.live_check import LiveCheck


@cache
def warm_up() -> None:
    """Filter, align and link three bends of two sensors; once per process."""
    settings, athlete = Settings(), Athlete()
    rate_hz = settings.rate_hz
    sensors = {p: Intake(p, initial_state(params(rate_hz)), LiveCheck(p, rate_hz)) for p in ("sacrum", "t12")}
    for sensor, depth_rad in zip(sensors.values(), (0.8, 1.2), strict=True):
        sensor.take(_bends(depth_rad, rate_hz))
        sensor.advance(0, len(sensor.pending) - 2, Grid(0.0, rate_hz, Holes()))
    time_s = np.arange(len(sensors["sacrum"].gyr[0])) / rate_hz
    aligned = align({p: sensor.track(time_s, settings) for p, sensor in sensors.items()}, settings, is_live=True)
    assert aligned is not None
    lifts = find_lifts(aligned.posture, athlete, told="rdl", settings=settings.reps).lifts
    link(aligned, lifts, athlete, exercise="rdl", region=Region(0, len(time_s) // 3))


def _bends(depth_rad: float, rate_hz: float) -> Samples:
    """Return the samples of a sensor that leans forward by so much three times, between 3 s of standing."""
    time_s = np.arange(round(15.0 * rate_hz)) / rate_hz
    bend_s = np.clip(time_s - 3.0, 0.0, 9.0)
    inclination_rad = 0.5 * depth_rad * (1.0 - np.cos(2.0 * np.pi * bend_s / 3.0))
    nothing = np.zeros_like(time_s)
    acc = cv.GRAVITY_MPS2 * np.column_stack((-np.sin(inclination_rad), nothing, np.cos(inclination_rad)))
    gyr = np.column_stack((nothing, np.gradient(inclination_rad, time_s), nothing))
    return Samples(time_s, acc, gyr)
