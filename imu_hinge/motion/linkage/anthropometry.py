"""Give the size and the mass of every segment from the athlete's height, and say how well each is known.

It does not measure the athlete: lengths the athlete file states replace the shares of height given here.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.athlete import Athlete

Array = npt.NDArray[np.float64]

HEIGHT_SD_M: Final = 0.015
"""How well a stated height is known: measured in shoes, in the evening, or from memory [m]."""

UNKNOWN_HEIGHT_SD_M: Final = 0.10
"""Spread of height among adults [m]; used where nobody stated it."""

SEGMENT_SD: Final = 0.025
"""Spread of a segment's share of height between people (docs/biomechanics.md, 6.1)."""

ARM_SD: Final = 0.025
"""The same for the reach from shoulder to bar, which the shoulder girdle lengthens and shortens as well."""

STATED_LENGTH_SD: Final = 0.015
"""Relative spread of a segment's length that the athlete file states."""


class Body(NamedTuple):
    """Hold the lengths of the planar chain; every segment points straight up in quiet standing.

    Parameters
    ----------
    ankle
        Its height above the sole [m]; so all below.
    shank, thigh
        From ankle to knee, from knee to hip.
    pelvis_x, pelvis_z
        From the hip joint to L5/S1, forward and up.
    lumbar
        The arc from L5/S1 to T12/L1.
    thorax
        From there to the shoulder.
    arm
        From the shoulder to the bar in a hanging hand.
    """

    ankle: float
    shank: float
    thigh: float
    pelvis_x: float
    pelvis_z: float
    lumbar: float
    thorax: float
    arm: float


WINTER: Final = Body(
    ankle=0.039,
    shank=0.246,
    thigh=0.245,
    pelvis_x=-0.03 / 1.75,
    pelvis_z=0.10 / 1.75,
    lumbar=0.17 / 1.75,
    thorax=0.224 / 1.75,
    arm=0.386,
)
"""Lengths as shares of body height: Winter, and the trunk's split of docs/biomechanics.md, 6.1."""

MID_FOOT: Final = 0.07 / 1.75
"""From the ankle forward to mid-foot, as a share of body height."""


def carried_mass() -> Array:
    """Return, per segment of the chain (6,), the share of the body's mass that its full length carries.

    The body's centre of mass is the sum of the segments' vectors, each times its share. De Leva's shares of mass, mean
    of men and women.
    """
    head, upper, middle, lower = 0.0681, 0.1571, 0.1549, 0.1182
    arms = 2.0 * (0.0263 + 0.0150 + 0.0059)
    thighs, shanks = 2.0 * 0.1447, 2.0 * 0.0457
    above_t12 = head + upper + arms
    above_l5 = above_t12 + middle
    above_hip = above_l5 + lower
    shank = above_hip + thighs + 0.57 * shanks
    thigh = above_hip + 0.59 * thighs
    thorax = 1.67 * head + 0.55 * upper + arms  # the head lies beyond the shoulder, the arms hang from it
    return np.array([shank, thigh, above_l5 + 0.5 * lower, above_t12 + 0.5 * middle, thorax, 0.0])


def body_of(athlete: Athlete) -> Body:
    """Return the athlete's expected lengths [m]: those stated, and Winter's shares of height for the others."""
    height = athlete.value("height_m")
    body = Body(*(share * height for share in WINTER))
    trunk = body.pelvis_z + body.lumbar + body.thorax
    stretch = 1.0 if athlete.trunk_m is None else athlete.trunk_m / trunk
    return body._replace(
        shank=body.shank if athlete.shank_m is None else athlete.shank_m,
        thigh=body.thigh if athlete.thigh_m is None else athlete.thigh_m,
        pelvis_x=body.pelvis_x * stretch,
        pelvis_z=body.pelvis_z * stretch,
        lumbar=body.lumbar * stretch,
        thorax=body.thorax * stretch,
        arm=body.arm if athlete.arm_m is None else athlete.arm_m,
    )


def size_sd(athlete: Athlete) -> float:
    """Return the relative spread that all lengths share because the height is not known exactly."""
    sd_m = UNKNOWN_HEIGHT_SD_M if athlete.height_m is None else HEIGHT_SD_M
    return sd_m / athlete.value("height_m")


def segment_sds(athlete: Athlete) -> tuple[float, float, float, float, float, float]:
    """Return the relative spread of shank, thigh, pelvis, lumbar, thorax and arm about their expected lengths."""
    stated = STATED_LENGTH_SD
    trunk = SEGMENT_SD if athlete.trunk_m is None else stated
    return (
        SEGMENT_SD if athlete.shank_m is None else stated,
        SEGMENT_SD if athlete.thigh_m is None else stated,
        trunk,
        trunk,
        trunk,
        ARM_SD if athlete.arm_m is None else stated,
    )
