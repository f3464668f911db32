"""Postures made by hand, whose every number is known: no filter, no sensor, no noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.model import Array, Posture, Region
from imu_hinge.reps.bends import Bend
from imu_hinge.reps.segmentation import Lift

RATE_HZ = 100.0
SD_RAD = np.radians(2.0)


def rise_and_fall(peak_deg: float, *, n: int) -> Array:
    """Return a bend: zero, down to ``peak_deg`` in the middle, zero again. (n,) [rad]."""
    return np.radians(peak_deg) * np.sin(np.linspace(0.0, np.pi, n)) ** 2


def posture_of(angles_rad: Array, *, sd_rad: float | Array = SD_RAD, height_m: Array | None = None) -> Posture:
    """Return a posture of (n, 5) angles; what is not given is at rest and unflagged."""
    n = len(angles_rad)
    zeros = np.zeros(n)
    return Posture(
        time_s=np.arange(n) / RATE_HZ,
        angles_rad=angles_rad,
        sd_rad=np.broadcast_to(np.asarray(sd_rad, dtype=float), (n, 5)).copy(),
        inclination_rad=angles_rad[:, cv.TRUNK_INCLINATION],
        side_inclination_rad=zeros,
        turn_rad=zeros,
        height_m=zeros if height_m is None else height_m,
        height_sd_m=np.full(n, 0.01),
        speed_mps=zeros,
        shock_mps2=zeros,
        is_still=np.zeros(n, dtype=bool),
        flags=np.zeros(n, dtype=np.uint16),
        basis="measured",
    )


def bend_of(n: int = 401, **peaks_deg: float) -> Posture:
    """Return one bend from the top whose angles peak at the given degrees in the middle."""
    angles = np.zeros((n, 5))
    for i, name in enumerate(cv.ANGLES):
        angles[:, i] = rise_and_fall(peaks_deg.get(name, 0.0), n=n)
    return posture_of(angles)


def lift_from_top(n: int = 401) -> Lift:
    """Return the lift of `bend_of`: down for half of it, up for the rest, no pause."""
    middle = n // 2
    down, up = Region(0, middle), Region(middle, n - 1)
    return Lift(start=0, turn=middle, stop=n - 1, bottom=middle, down=down, up=up, pause=Region(middle, middle))


def lift_from_floor(n: int = 401) -> Lift:
    """Return a lift whose angles are largest at both ends: pull for half of it, lowering for the rest."""
    middle = n // 2
    up, down = Region(0, middle), Region(middle, n - 1)
    return Lift(start=0, turn=middle, stop=n - 1, bottom=0, down=down, up=up, pause=Region(0, 0))


def made_bend(start: int = 0, **changes: object) -> Bend:
    """Return a bend of two seconds with a hold of a fifth of one, upright again at ``start + 200``."""
    plain = Bend(
        down_start=start,
        down_stop=start + 90,
        bottom=start + 100,
        up_start=start + 110,
        up_stop=start + 200,
        depth_rad=1.0,
        inclination_rad=np.radians(50.0),
        side_rad=0.0,
        turn_rad=0.0,
        drop_m=0.1,
        drop_sd_m=0.0,
        landing=-1,
        shock_mps2=0.5,
        down_vibration_mps2=0.1,
        up_vibration_mps2=0.1,
    )
    return replace(plain, **changes)
