"""Give the virtual lifter's planar chain: where every joint is, and which postures reach the bar or stand in balance.

It knows no time and no sensor; it is not the linkage that analysis uses, and shares no code with it.

Planar frame: x forward, z up, origin on the ground under the ankle, feet flat. ``R(t)`` leans forward by ``t``:
``R(t) (0, 1) = (sin t, cos t)``. Lengths after Winter and masses after de Leva.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from imu_hinge.model import Array

REFERENCE_HEIGHT_M: Final = 1.75
"""Height for which the trunk's lengths and skin offsets are known [m]."""

SHANK_LEAN, THIGH_LEAN, PELVIS, LUMBAR, THORAX = range(5)
"""Columns of a posture: shank lean, thigh back-lean, pelvis tilt, lumbar flexion, thoracic flexion [rad]."""

MASS_SHARE: Final = {
    "feet": 0.0274,
    "shanks": 0.0866,
    "thighs": 0.2832,
    "pelvis": 0.1117,
    "lumbar": 0.1633,
    "thorax": 0.1596,
    "head": 0.0694,
    "arms": 0.0988,
}
"""Share of body mass, both sides together (de Leva, male)."""


@dataclass(frozen=True, slots=True)
class Body:
    """Hold a lifter's lengths and where the feet end, all in metres.

    Parameters
    ----------
    height
    ankle
        Above the sole.
    shank, thigh
    l5_back, l5_up
        L5/S1 from the hip joint.
    lumbar
        The arc's length.
    thorax
        From T12/L1 to the shoulder.
    arm
        From the shoulder to the bar.
    midfoot, heel, ball
        From the ankle forward.
    scale
        Of lengths known for 1.75 m.
    """

    height: float
    ankle: float
    shank: float
    thigh: float
    l5_back: float
    l5_up: float
    lumbar: float
    thorax: float
    arm: float
    midfoot: float
    heel: float
    ball: float
    scale: float

    @staticmethod
    def of(height_m: float, *, shank: float = 1.0, thigh: float = 1.0, trunk: float = 1.0, arm: float = 1.0) -> Body:
        """Return the body of that height.

        Parameters
        ----------
        height_m
        shank, thigh, trunk, arm
            Ratios of lengths to the average of that height.
        """
        scale = height_m / REFERENCE_HEIGHT_M
        return Body(
            height=height_m,
            ankle=0.039 * height_m,
            shank=0.246 * height_m * shank,
            thigh=0.245 * height_m * thigh,
            l5_back=0.03 * scale,
            l5_up=0.10 * scale * trunk,
            lumbar=0.17 * scale * trunk,
            thorax=0.224 * scale * trunk,
            arm=0.386 * height_m * arm,
            midfoot=0.07 * scale,
            heel=-0.055 * scale,
            ball=0.15 * scale,
            scale=scale,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Joints:
    """Hold where the joints of many postures are.

    Parameters
    ----------
    knee, hip, l5, t12, shoulder : (..., 2) [m]
        x forward, z up.
    """

    knee: Array
    hip: Array
    l5: Array
    t12: Array
    shoulder: Array


def inclination(angle: Array, length: Array | float = 1.0) -> Array:
    """Return the vector of that length leaned forward from the vertical by the angle, (..., 2)."""
    return np.stack([length * np.sin(angle), length * np.cos(angle)], axis=-1)


def arc(start_angle: Array, bend: Array, length: float) -> Array:
    """Return the chord of an arc of constant curvature.

    Parameters
    ----------
    start_angle : (...) [rad]
        Inclination at its beginning, forward positive.
    bend : (...) [rad]
        How much it turns over its length.
    length
        [m].

    Returns
    -------
    (..., 2) [m]
        Forward and up.
    """
    return inclination(start_angle + bend / 2, length * np.sinc(bend / (2 * np.pi)))


def joints(body: Body, posture: Array) -> Joints:
    """Return the joints of postures ``(..., 5)`` [rad]."""
    al, be, tp, ph, pt = np.moveaxis(posture, -1, 0)
    knee = np.array([0.0, body.ankle]) + inclination(al, body.shank)
    hip = knee + inclination(-be, body.thigh)
    l5 = hip + inclination(tp, body.l5_up) + inclination(tp - np.pi / 2, body.l5_back)
    t12 = l5 + arc(tp, ph, body.lumbar)
    shoulder = t12 + inclination(tp + ph + pt / 2, body.thorax)
    return Joints(knee, hip, l5, t12, shoulder)


def bar_height(body: Body, posture: Array) -> Array:
    """Return the height of a bar held in straight arms over the middle of the foot, (...) [m]."""
    shoulder = joints(body, posture).shoulder
    reach = np.clip(body.arm**2 - (body.midfoot - shoulder[..., 0]) ** 2, 1e-6, None)
    return np.asarray(shoulder[..., 1] - np.sqrt(reach))


def close_over_bar(body: Body, posture: Array, *, bar_m: float, gap_m: Array | float) -> Array:
    """Return the postures whose hands reach the bar, thigh and pelvis solved for, the rest kept.

    Newton on two equations: the bar's height is ``bar_m`` and the shoulders are ``gap_m`` ahead of it.

    Parameters
    ----------
    body
        Whose lengths.
    posture : (..., 5) [rad]
        Thigh lean and pelvis tilt are only where the search starts.
    bar_m
        Height of the bar's axis [m].
    gap_m
        Shoulders ahead of the bar, (...) or one number [m].

    Raises
    ------
    ValueError
        Where no such posture exists.
    """
    q = np.array(posture, dtype=np.float64)
    gap = np.broadcast_to(np.asarray(gap_m, dtype=np.float64), q.shape[:-1])
    q[..., THIGH_LEAN], q[..., PELVIS] = np.radians(65.0), np.radians(43.0)
    for _ in range(30):
        at = joints(body, q)
        arm_z = np.sqrt(body.arm**2 - gap**2)
        miss_x = at.shoulder[..., 0] - (body.midfoot + gap)
        miss_z = at.shoulder[..., 1] - arm_z - bar_m
        if max(np.abs(miss_x).max(initial=0.0), np.abs(miss_z).max(initial=0.0)) < 1e-10:
            return q
        over_hip = at.shoulder - at.hip
        x_be, z_be = -body.thigh * np.cos(q[..., THIGH_LEAN]), -body.thigh * np.sin(q[..., THIGH_LEAN])
        x_tp, z_tp = over_hip[..., 1], -over_hip[..., 0]
        det = x_be * z_tp - x_tp * z_be
        q[..., THIGH_LEAN] -= np.clip((z_tp * miss_x - x_tp * miss_z) / det, -0.4, 0.4)
        q[..., PELVIS] -= np.clip((x_be * miss_z - z_be * miss_x) / det, -0.4, 0.4)
    raise ValueError("No posture of this body reaches the bar. Give other shank, lumbar or gap values.")


def centre_of_mass_x(body: Body, posture: Array, *, load: Array | float = 0.0, bar_on_back: bool = False) -> Array:
    """Return how far ahead of the ankle the centre of mass of body and bar is.

    Parameters
    ----------
    body
    posture : (..., 5) [rad]
    load
        The bar's mass as a share of body mass.
    bar_on_back
        Whether it lies on the shoulders instead of hanging over the middle of the foot.

    Returns
    -------
    (...) [m]
    """
    at = joints(body, posture)
    trunk = posture[..., PELVIS] + posture[..., LUMBAR] + posture[..., THORAX]
    shoulder_x, bar_x = at.shoulder[..., 0], np.full(posture.shape[:-1], body.midfoot)
    if bar_on_back:
        bar_x = shoulder_x - 0.05 * body.scale * np.cos(trunk)
    parts = {
        "feet": np.full(posture.shape[:-1], 0.05 * body.scale),
        "shanks": 0.57 * at.knee[..., 0],
        "thighs": 0.57 * at.hip[..., 0] + 0.43 * at.knee[..., 0],
        "pelvis": 0.5 * (at.hip[..., 0] + at.l5[..., 0]),
        "lumbar": 0.5 * (at.l5[..., 0] + at.t12[..., 0]) + 0.04 * body.scale,
        "thorax": 0.5 * (at.t12[..., 0] + shoulder_x) + 0.04 * body.scale,
        "head": shoulder_x + 0.20 * body.scale * np.sin(trunk) + 0.03 * body.scale,
        "arms": shoulder_x if bar_on_back else 0.5 * (shoulder_x + bar_x),
    }
    total = sum(MASS_SHARE.values())
    moment = sum(MASS_SHARE[name] * x for name, x in parts.items())
    return np.asarray((moment + load * bar_x) / (total + load))


def balance(body: Body, posture: Array, *, load: float = 0.0, bar_on_back: bool = False) -> Array:
    """Return the posture with its knee angle kept and its ankle turned until it stands in balance.

    The centre of mass comes to lie over a point between ankle and mid-foot.

    Parameters
    ----------
    body
    posture : (..., 5) [rad]
    load, bar_on_back
        As in `centre_of_mass_x`.

    Returns
    -------
    (..., 5) [rad]
        By Newton's method, twelve steps.
    """
    q = np.array(posture, dtype=np.float64)
    target, step = 0.4 * body.midfoot, 1e-5
    for _ in range(12):
        miss = centre_of_mass_x(body, q, load=load, bar_on_back=bar_on_back) - target
        ahead = _turn_ankle(q, step)
        slope = (centre_of_mass_x(body, ahead, load=load, bar_on_back=bar_on_back) - target - miss) / step
        q = _turn_ankle(q, np.clip(-miss / slope, -0.3, 0.3))
    return q


def _turn_ankle(posture: Array, angle: Array | float) -> Array:
    """Turn the leg about the ankle with the knee angle and the trunk's inclination kept."""
    turned = posture.copy()
    turned[..., SHANK_LEAN] += angle
    turned[..., THIGH_LEAN] -= angle
    return turned
