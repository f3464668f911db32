"""A small forward model of its own: postures of a planar body, and what ideal sensors on it would read.

It shares no code with the package's chain or simulator, so that neither can agree with its own mistake.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import fsolve

from imu_hinge.motion.linkage.observations import LinkageInputs

RATE_HZ = 50.0
SOFT_TISSUE = {"sacrum": 0.065, "lumbar": 0.045, "t12": 0.025, "hip": 0.05, "chest": 0.02, "thigh": 0.05}
STYLES = {
    "hinge": (10, 12, 5, 0.04),
    "average": (12, 33, 5, 0.04),
    "rounded": (10, 45, 10, 0.04),
    "squatty": (28, 12, 5, 0.02),
    "stoop": (0, 50, 12, 0.04),
}


@dataclass(frozen=True)
class Lifter:
    height: float = 1.75
    shank: float = 1.0
    thigh: float = 1.0
    arm: float = 1.0

    def points(self, x):
        """x: shank, thigh, pelvis, lumbar, thoracic [rad] -> hip, l5, t12, shoulder, bar, each (2,) [m]."""
        h, scale = self.height, self.height / 1.75
        al, be, tp, ph, pt = x

        def along(angle, length):
            return length * np.array([np.sin(angle), np.cos(angle)])

        knee = np.array([0.0, 0.039 * h]) + along(al, 0.246 * h * self.shank)
        hip = knee + along(-be, 0.245 * h * self.thigh)
        l5 = hip + along(tp, 0.10 * scale) + along(tp + np.pi / 2, -0.03 * scale)
        t12 = l5 + along(tp + ph / 2, 0.17 * scale * np.sinc(ph / 2 / np.pi))
        shoulder = t12 + along(tp + ph + pt / 2, 0.224 * scale)
        mid = 0.07 * scale
        reach = 0.386 * h * self.arm
        bar = np.array([mid, shoulder[1] - np.sqrt(reach**2 - (mid - shoulder[0]) ** 2)])
        return {"hip": hip, "l5": l5, "t12": t12, "shoulder": shoulder, "bar": bar, "mid": mid}

    def at_floor(self, style, bar_m=0.225):
        """The posture in which the hands reach a bar on the floor."""
        al, ph, pt, gap = STYLES[style]

        def miss(v):
            p = self.points([np.radians(al), v[0], v[1], np.radians(ph), np.radians(pt)])
            return [p["bar"][1] - bar_m, p["shoulder"][0] - p["mid"] - gap]

        be, tp = fsolve(miss, [1.1, 0.8])
        return np.array([np.radians(al), be, tp, np.radians(ph), np.radians(pt)])

    def sensor(self, placement, x):
        """Inclination of the skin [rad] and height [m] of an ideal sensor."""
        p, scale = self.points(x), self.height / 1.75
        _al, be, tp, ph, pt = x
        inclination = {
            "sacrum": tp,
            "hip": tp + 0.03 * ph,
            "lumbar": tp + ph / 2,
            "t12": tp + ph,
            "chest": tp + ph + 0.7 * pt,
        }
        inclination["thigh"] = -be
        inclination = inclination[placement]
        half = 0.085 * scale * np.sinc(ph / 4 / np.pi)
        anchors = {
            "sacrum": (p["hip"], -0.115, 0.075),
            "hip": (p["hip"], -0.02, 0.10),
            "lumbar": (p["l5"] + half * np.array([np.sin(tp + ph / 4), np.cos(tp + ph / 4)]), -0.07, 0.0),
            "t12": (p["t12"], -0.06, 0.0),
            "chest": (0.5 * (p["t12"] + p["shoulder"]), 0.12, 0.05),
            "thigh": (p["hip"] - 0.5 * 0.245 * self.height * np.array([-np.sin(be), np.cos(be)]), 0.05, 0.0),
        }
        anchor, ahead, up = anchors[placement]
        height = anchor[1] + scale * (-ahead * np.sin(inclination) + up * np.cos(inclination))
        return (1.0 - SOFT_TISSUE[placement]) * inclination, height


def smooth_step(u):
    u = np.clip(u, 0.0, 1.0)
    return u**3 * (10.0 - 15.0 * u + 6.0 * u**2)


def deadlift(lifter, style, *, reps=2, bar_m=0.225):
    """Postures (n, 5) of standing, bending to the bar, lifting it, standing; and when the bar is on the floor (n,)."""
    low = lifter.at_floor(style, bar_m)
    one = np.concatenate(
        [smooth_step(np.linspace(0, 1, 60)), np.ones(40), smooth_step(np.linspace(1, 0, 60)), np.zeros(30)]
    )
    down = np.concatenate([np.zeros(80), *[one] * (reps + 1), np.zeros(40)])
    return down[:, None] * low, (down > 0.999).astype(float)


def worn(lifter, postures, on_floor, placements, *, seed=None, exercise="deadlift"):
    """What sensors at the placements would tell, with noise where a seed is given."""
    rng = np.random.default_rng(seed)
    n = len(postures)
    noise = 0.0 if seed is None else 1.0
    inclination, height = {}, {}
    for p in placements:
        seen = np.array([lifter.sensor(p, x) for x in postures])
        inclination[p] = seen[:, 0] + noise * np.radians(0.4) * rng.standard_normal(n)
        height[p] = seen[:, 1] - seen[0, 1] + noise * 0.005 * rng.standard_normal(n)
    return LinkageInputs(
        time_s=np.arange(n) / RATE_HZ,
        inclination_rad=inclination,
        inclination_sd_rad={p: np.full(n, np.radians(0.8)) for p in placements},
        height_m=height,
        height_sd_m={p: np.full(n, 0.01) for p in placements},
        on_floor=on_floor,
        exercise=exercise,
    )


def to_angles(x):
    """Angles in the order of conventions.ANGLES, (..., 5) [rad]."""
    al, be, tp, ph, _pt = np.moveaxis(np.asarray(x), -1, 0)
    return np.stack([tp, tp + ph, ph, be + tp, al + be], axis=-1)
