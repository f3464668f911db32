"""Put the planar body into the world: orientation and position of the bone under every sensor, over time.

It adds no error of any sensor or of the skin; `sensor` does.

Forward lean is a rotation about y (left). A bone's ``q_wb`` is heading and axial turn about z, then side bend about x,
then lean about y.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from imu_hinge.model import Array
from imu_hinge.simulate.body import LUMBAR, PELVIS, SHANK_LEAN, THIGH_LEAN, THORAX, Body, joints
from imu_hinge.simulate.moves import (
    HEADING,
    INTERNAL_RATE_HZ,
    PATH,
    SIDE_PELVIS,
    SIDE_TRUNK,
    TURN_PELVIS,
    TURN_TRUNK,
    Track,
)
from imu_hinge.simulate.rotations import conjugate, multiply, orientation, rotate

SOFT_TISSUE_M: Final = {
    "sacrum": (-0.115, 0.0, 0.075),
    "hip": (0.02, 0.15, 0.095),
    "lumbar": (-0.060, 0.0, 0.0),
    "t12": (-0.065, 0.0, 0.0),
    "chest": (0.165, 0.0, 0.14),
    "thigh": (0.0, -0.15, -0.20),
}
"""Where the skin under each sensor is in its bone's frame, for a height of 1.75 m [m]."""

_TURN_SHARE: Final = {"sacrum": 0.0, "hip": 0.0, "lumbar": 0.5, "t12": 1.0, "chest": 1.0, "thigh": 0.0}
"""How much of the turn and bend between pelvis and trunk a placement has made."""


@dataclass(frozen=True, slots=True, eq=False)
class SegmentPose:
    """Hold the bone under a sensor over time.

    Parameters
    ----------
    inclination_rad, side_rad, turn_rad : (n,)
        The bone's inclination forward, to the side, and its direction.
    position_m : (n, 3) [m, world]
        The skin under the sensor.
    """

    inclination_rad: Array
    side_rad: Array
    turn_rad: Array
    position_m: Array


def carrier(
    track: Track,
    body: Body,
    placement: str,
    *,
    lumbar_share: float = 0.5,
    off_m: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> SegmentPose:
    """Return the bone under a placement.

    Parameters
    ----------
    track
    body
    placement
        One of `conventions.PLACEMENTS`.
    lumbar_share
        Share of lumbar flexion that a sensor at ``lumbar`` sees.
    off_m
        How far the sensor sits from where it should, in the bone's frame [m].
    """
    c = track.columns
    heading, share = c[:, HEADING], _TURN_SHARE[placement]
    soft_tissue = np.array(SOFT_TISSUE_M[placement]) * body.scale + np.array(off_m)
    hip = _hip(track, body, heading)
    if placement == "thigh":
        leaned = -(c[:, THIGH_LEAN] + track.thigh_swing_rad)
        none = np.zeros_like(heading)
        return SegmentPose(leaned, none, heading, hip + rotate(orientation(leaned, none, heading), soft_tissue))
    side = (1 - share) * c[:, SIDE_PELVIS] + share * c[:, SIDE_TRUNK]
    turn = heading + (1 - share) * c[:, TURN_PELVIS] + share * c[:, TURN_TRUNK]
    tp, ph = c[:, PELVIS], c[:, LUMBAR]
    q_pelvis = orientation(tp, c[:, SIDE_PELVIS], heading + c[:, TURN_PELVIS])
    if placement in ("sacrum", "hip"):
        return SegmentPose(tp, side, turn, hip + rotate(q_pelvis, soft_tissue))
    l5 = hip + rotate(q_pelvis, np.array([-body.l5_back, 0.0, body.l5_up]))
    bent = 0.5 * ph if placement == "lumbar" else ph
    length = body.lumbar * (0.5 if placement == "lumbar" else 1.0) * np.sinc(bent / (2 * np.pi))
    chord = np.zeros((tp.size, 3))
    chord[:, 2] = length
    half = 0.5 * share
    q_chord = orientation(
        tp + bent / 2,
        (1 - half) * c[:, SIDE_PELVIS] + half * c[:, SIDE_TRUNK],
        heading + (1 - half) * c[:, TURN_PELVIS] + half * c[:, TURN_TRUNK],
    )
    leaned = tp + (lumbar_share * ph if placement == "lumbar" else ph)
    if placement == "chest":
        leaned = leaned + 0.6 * c[:, THORAX]
    return SegmentPose(
        leaned, side, turn, l5 + rotate(q_chord, chord) + rotate(orientation(leaned, side, turn), soft_tissue)
    )


def _hip(track: Track, body: Body, heading: Array) -> Array:
    """Return the middle of the hips in the world, (n, 3) [m]."""
    c = track.columns
    step = np.diff(c[:, PATH], prepend=c[0, PATH])
    root = np.stack([np.cumsum(step * np.cos(heading)), np.cumsum(step * np.sin(heading))], axis=1)
    planar = joints(body, c[:, :5]).hip
    ahead, left = planar[:, 0] + track.shift_m[:, 0], track.shift_m[:, 1]
    return np.stack(
        [
            root[:, 0] + ahead * np.cos(heading) - left * np.sin(heading),
            root[:, 1] + ahead * np.sin(heading) + left * np.cos(heading),
            planar[:, 1] + track.shift_m[:, 2],
        ],
        axis=1,
    )


def angles(track: Track, *, standing_knee_rad: float = 0.0) -> Array:
    """Return the body's angles in the order of `conventions.ANGLES`, (n, 5) [rad].

    Knees bent by ``standing_knee_rad`` in quiet standing, and thighs by half of it, are zero there.
    """
    c = track.columns
    thigh = c[:, THIGH_LEAN] + track.thigh_swing_rad
    return np.stack(
        [
            c[:, PELVIS],
            c[:, PELVIS] + c[:, LUMBAR],
            c[:, LUMBAR],
            c[:, PELVIS] + thigh - 0.5 * standing_knee_rad,
            c[:, SHANK_LEAN] + c[:, THIGH_LEAN] + track.knee_swing_rad - standing_knee_rad,
        ],
        axis=1,
    )


def angular_rate(q_ws: Array) -> Array:
    """Return the rate in the turning frame: what turns each orientation into the next, (n, 3) [rad/s]."""
    between = multiply(conjugate(q_ws[:-2]), q_ws[2:])
    between *= np.sign(between[:, :1] + 1e-300)
    sine = np.linalg.norm(between[:, 1:], axis=1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, between[:, :1])
    rate = between[:, 1:] * (np.where(sine > 1e-12, angle / np.maximum(sine, 1e-12), 2.0) * INTERNAL_RATE_HZ / 2.0)
    return np.concatenate([rate[:1], rate, rate[-1:]])


def acceleration(position_m: Array) -> Array:
    """Return the second derivative of a position, (n, 3) [m/s²]."""
    inner = (position_m[2:] - 2.0 * position_m[1:-1] + position_m[:-2]) * INTERNAL_RATE_HZ**2
    return np.concatenate([inner[:1], inner, inner[-1:]])
