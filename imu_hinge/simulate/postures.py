"""Draw the postures a lifter of a given style comes to: bottoms, lockouts and free postures in balance.

It does not put them in time; `script` does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from imu_hinge.model import Array
from imu_hinge.simulate.body import LUMBAR, PELVIS, SHANK_LEAN, THIGH_LEAN, THORAX, Body, balance, close_over_bar
from imu_hinge.simulate.spec import SetSpec
from imu_hinge.simulate.styles import STYLES, Style

STAND = np.zeros(5)
"""Quiet standing, the zero of every angle [rad]."""


def bottom_postures(
    spec: SetSpec, rng: np.random.Generator, *, rep_of: npt.NDArray[np.int64], style_name: str | None = None
) -> Array:
    """Draw the bottom posture of every rep of one set, (count, 5) [rad].

    The lifter's habit is drawn once; around it the reps vary by 1° at the ankle and 1.5° in the lumbar spine.

    Parameters
    ----------
    spec
        Whose body, and what is lifted.
    rng
    rep_of : (count,)
        Which rep each posture belongs to: styles that round more with every rep ask for it.
    style_name
        Another style than the set's.
    """
    style, count = STYLES[style_name or spec.style], rep_of.size
    spans = {
        "shank": style.shank_deg,
        "knee": style.knee_deg,
        "pelvis": style.pelvis_deg,
        "lumbar": style.lumbar_deg,
        "thorax": style.thorax_deg,
    }
    habit = {name: float(rng.uniform(*span)) for name, span in spans.items()}
    q = np.zeros((count, 5))
    lumbar = habit["lumbar"] + style.lumbar_growth_deg * rep_of + rng.normal(0.0, 1.5, count)
    q[:, LUMBAR] = np.radians(np.minimum(lumbar, spec.lifter.lumbar_max_deg))
    q[:, THORAX] = np.radians(habit["thorax"] + rng.normal(0.0, 0.5, count))
    gap = rng.uniform(*style.gap_m)
    if style.is_closed_on_floor:
        q[:, SHANK_LEAN] = np.radians(habit["shank"] + rng.normal(0.0, 1.0, count))
        return close_over_bar(spec.lifter.body, q, bar_m=spec.bar_m, gap_m=gap)
    knee = np.radians(habit["knee"] + rng.normal(0.0, 2.0, count))
    q[:, THIGH_LEAN] = np.maximum(knee, np.radians(2.0))
    q[:, PELVIS] = np.radians(habit["pelvis"] + rng.normal(0.0, 2.0, count))
    bowed = (rep_of >= 2) & (style.exercise == "drill")
    q[bowed] = _full_bows(spec, rng, int(bowed.sum()))
    return balance(spec.lifter.body, q, load=spec.carried, bar_on_back=spec.is_bar_on_back)


def _full_bows(spec: SetSpec, rng: np.random.Generator, count: int) -> Array:
    """Draw slow, maximal round-back bows with nearly straight knees, before they are balanced, (count, 5) [rad]."""
    q = np.zeros((count, 5))
    q[:, THIGH_LEAN] = rng.uniform(2, 10, count)
    q[:, PELVIS] = rng.uniform(30, 50, count)
    q[:, LUMBAR] = spec.lifter.lumbar_max_deg - rng.uniform(0, 3, count)
    q[:, THORAX] = rng.uniform(15, 25, count)
    return np.radians(q)


def lockout(spec: SetSpec, style: Style, rng: np.random.Generator) -> Array:
    """Draw the posture at the top of a rep, (5,) [rad].

    Parameters
    ----------
    spec
        Says whether the lifter leans back.
    style
        Lumbar flexion at the top.
    rng
    """
    if spec.has_lockout_lean:
        return np.radians([5.0, -5.0, rng.uniform(-12, -8), rng.uniform(-15, -8), 0.0])
    pelvis, lumbar = rng.normal(-0.5, 0.7), rng.normal(style.lockout_lumbar_deg, 1.0)
    return np.radians([0.5, rng.uniform(0, 2), pelvis, lumbar, 0.0])


def free_posture(
    body: Body, *, knee_deg: float, pelvis_deg: float, lumbar_deg: float, thorax_deg: float = 5.0
) -> Array:
    """Return an unloaded posture in balance, (5,) [rad].

    Parameters
    ----------
    body
    knee_deg, pelvis_deg, lumbar_deg, thorax_deg
        Angles that are kept; the ankle balances.
    """
    return balance(body, np.radians([0.0, knee_deg, pelvis_deg, lumbar_deg, thorax_deg]))
