"""Take from a look what the instants after it rest on: mountings, zeros, soft tissue, clocks. It finds none of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from imu_hinge.model import Array
from imu_hinge.motion.kinematics.alignment import Mounting
from imu_hinge.motion.kinematics.posture import SegmentInclination, SoftTissue
from imu_hinge.motion.kinematics.track import Track
from imu_hinge.motion.kinematics.vertical_acceleration import resting_bias
from imu_hinge.motion.linkage.set_parameters import SetParameters
from imu_hinge.motion.orientation.quaternion import Vector


@dataclass(frozen=True, slots=True)
class SensorKnown:
    """Hold what the last look found of one sensor.

    Parameters
    ----------
    up0_s, forward_s : (3,)
        Up and forward of the upright body, in the sensor's frame.
    zero_rad, zero_sd_rad
        What is taken off its inclination since it slipped, and how well zero is known.
    bias_s : (3,)
        The accelerometer's [m/s²].
    height_m, height_sd_m, speed_mps
        At the look's newest instant; NaN where not known.
    """

    up0_s: Vector
    forward_s: Vector
    zero_rad: float
    zero_sd_rad: float
    bias_s: Vector
    height_m: float
    height_sd_m: float
    speed_mps: float

    @classmethod
    def of(cls, mounting: Mounting, inclination: SegmentInclination, track: Track) -> SensorKnown:
        """Take it from a look.

        Parameters
        ----------
        mounting, inclination, track
            What it looked at and what it found.
        """
        return cls(
            up0_s=_vector(mounting.up_s),
            forward_s=_vector(mounting.forward_s),
            zero_rad=inclination.zero_rad,
            zero_sd_rad=inclination.zero_sd_rad,
            bias_s=_vector(resting_bias(track)),
            height_m=float(inclination.travel.height_m[-1]),
            height_sd_m=float(inclination.travel.height_sd_m[-1]),
            speed_mps=float(inclination.travel.speed_mps[-1]),
        )

    def inclination_rad(self, up_s: Vector) -> float:
        """Return the sagittal inclination against standing, forward positive, as `alignment.sagittal_inclination`."""
        (x, y, z), (fx, fy, fz), (ux, uy, uz) = up_s, self.forward_s, self.up0_s
        return math.atan2(-(x * fx + y * fy + z * fz), x * ux + y * uy + z * uz) - self.zero_rad


@dataclass(frozen=True, slots=True)
class Known:
    """Hold what the last look found.

    Parameters
    ----------
    sensors
        By placement.
    soft_tissue
        What the skin under the sensors loses.
    sync_s
        How far apart the sensors' clocks may be [s].
    withheld
        Angles that are not told, because they take two sensors whose clocks surely differ.
    exercise
        What is lifted, or ``auto``.
    shared
        What the reps so far told of body and sensors, None before the first.
    """

    sensors: Mapping[str, SensorKnown]
    soft_tissue: SoftTissue
    sync_s: float
    withheld: tuple[int, ...]
    exercise: str
    shared: SetParameters | None


def _vector(values: Array) -> Vector:
    x, y, z = values.tolist()
    return x, y, z
