"""List the ways a lift is done: posture at the bottom, and which joint moves when; facts of section 6.2.

It solves nothing for a body: `postures` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from imu_hinge.conventions import FLOOR_EXERCISES

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Style:
    """Hold how one style looks.

    Parameters
    ----------
    exercise
        One of `conventions.EXERCISES`.
    shank_deg, knee_deg, pelvis_deg, lumbar_deg, thorax_deg
        Range of each angle at the bottom. Floor lifts give the shank and solve for thigh and pelvis; the others give
        knee and pelvis and are balanced over the foot by the ankle.
    gap_m
        Floor lifts: shoulders ahead of the bar.
    windows
        Share of the way up in which shank, thigh, pelvis, lumbar spine and thorax move.
    lumbar_growth_deg
        Lumbar flexion added with each rep.
    slower
        Share by which each rep takes longer than the one before.
    hips_first_deg
        Pelvis tilt added early in the rise (hips shoot up).
    lockout_lumbar_deg
        Lumbar flexion at the top.
    rounds_later_deg
        Lumbar flexion added once the bar is up, and gone again at lockout; the pelvis gives back most of it.
    stance_deg
        How far the legs are spread from the sagittal plane, in standing too: a sumo stance.
    is_drawn
        Whether a set of no stated style may be of it; what is not is done on request alone.
    """

    exercise: str
    lumbar_deg: Span
    shank_deg: Span = (0.0, 0.0)
    knee_deg: Span = (0.0, 0.0)
    pelvis_deg: Span = (0.0, 0.0)
    thorax_deg: Span = (4.0, 6.0)
    gap_m: Span = (0.035, 0.045)
    windows: tuple[Span, Span, Span, Span, Span] = ((0.0, 0.55), (0.0, 0.80), (0.10, 1.0), (0.20, 1.0), (0.20, 1.0))
    lumbar_growth_deg: float = 0.0
    slower: float = 0.0
    hips_first_deg: Span = (0.0, 0.0)
    lockout_lumbar_deg: float = 0.0
    rounds_later_deg: Span = (0.0, 0.0)
    stance_deg: Span = (0.0, 0.0)
    is_drawn: bool = True

    @property
    def is_closed_on_floor(self) -> bool:
        """Whether the bar on the floor closes the chain at the bottom."""
        return self.exercise in FLOOR_EXERCISES


# Chosen windows, see `Style`: each part moves on the way up as one would expect of the style.
_FREE: Final = ((0.0, 1.0), (0.0, 1.0), (0.0, 1.0), (0.10, 1.0), (0.10, 1.0))
_KNEES_LATE: Final = ((0.0, 1.0), (0.15, 1.0), (0.0, 0.95), (0.05, 1.0), (0.05, 1.0))  # the thigh begins late
_STOOP: Final = ((0.0, 0.50), (0.0, 0.80), (0.0, 0.90), (0.10, 1.0), (0.10, 1.0))  # legs straighten early
_SQUATTY: Final = ((0.0, 0.60), (0.0, 0.90), (0.0, 1.0), (0.20, 1.0), (0.20, 1.0))  # the back begins late
_ROUNDED: Final = ((0.0, 0.55), (0.0, 0.80), (0.10, 1.0), (0.30, 1.0), (0.30, 1.0))  # the back begins later still
_HIPS_UP: Final = ((0.0, 0.40), (0.0, 0.55), (0.35, 1.0), (0.30, 1.0), (0.30, 1.0))
"""Shank and thigh take 0.1 longer than in the facts, else the shoulders come 40 cm ahead of the bar."""
_LATER: Final = ((0.0, 0.55), (0.0, 0.80), (0.10, 1.0), (0.35, 1.0), (0.20, 1.0))
"""The hinge's, the lumbar spine a little later, as it rounds first."""

STYLES: Final[dict[str, Style]] = {
    "good_hinge": Style("deadlift", (5, 15), shank_deg=(8, 12)),
    "trained_average": Style("deadlift", (30, 36), shank_deg=(10, 14)),
    "squatty": Style("deadlift", (5, 20), shank_deg=(25, 32), gap_m=(0.0, 0.04), windows=_SQUATTY),
    "stoop": Style("deadlift", (46, 54), shank_deg=(-1, 2), thorax_deg=(10, 15), windows=_STOOP),
    "rounded_with_knees": Style("deadlift", (42, 48), shank_deg=(8, 12), thorax_deg=(8, 12), windows=_ROUNDED),
    "progressive_rounding": Style(
        "deadlift", (13, 17), shank_deg=(10, 14), thorax_deg=(5, 12), lumbar_growth_deg=5.0, slower=0.05
    ),
    "hips_shoot_up": Style("deadlift", (16, 24), shank_deg=(12, 16), windows=_HIPS_UP, hips_first_deg=(10, 15)),
    "rdl_hinge": Style("rdl", (8, 12), knee_deg=(15, 30), pelvis_deg=(50, 62), windows=_FREE),
    "rdl_rounded": Style("rdl", (38, 45), knee_deg=(10, 25), pelvis_deg=(35, 48), thorax_deg=(6, 12), windows=_FREE),
    "swing_hinge": Style(
        "swing", (15, 22), knee_deg=(30, 50), pelvis_deg=(48, 58), windows=_FREE, lockout_lumbar_deg=-5.0
    ),
    "swing_squatty": Style(
        "swing", (15, 22), knee_deg=(86, 95), pelvis_deg=(27, 34), windows=_FREE, lockout_lumbar_deg=-5.0
    ),
    "squat_parallel": Style(
        "squat", (10, 20), knee_deg=(100, 115), pelvis_deg=(22, 34), thorax_deg=(-2, 2), windows=_FREE
    ),
    "good_morning": Style("good_morning", (8, 25), knee_deg=(4, 18), pelvis_deg=(42, 60), windows=_KNEES_LATE),
    "rounds_after_lift_off": Style(
        "deadlift", (8, 16), shank_deg=(8, 14), rounds_later_deg=(32, 42), windows=_LATER, is_drawn=False
    ),
    "sumo": Style("deadlift", (5, 20), shank_deg=(4, 14), gap_m=(0.0, 0.04), stance_deg=(25, 40), is_drawn=False),
    "rdl_round_bow": Style(
        "rdl", (44, 55), knee_deg=(10, 30), pelvis_deg=(22, 36), thorax_deg=(6, 12), windows=_FREE, is_drawn=False
    ),
    "swing_rounded": Style(
        "swing",
        (40, 52),
        knee_deg=(30, 50),
        pelvis_deg=(25, 40),
        windows=_FREE,
        lockout_lumbar_deg=-5.0,
        is_drawn=False,
    ),
    "calibration": Style("drill", (4, 12), knee_deg=(12, 28), pelvis_deg=(48, 62), windows=_FREE),
}
"""Every style by name."""


def styles_of(exercise: str) -> tuple[str, ...]:
    """Return the names of an exercise's styles that may be drawn."""
    return tuple(name for name, style in STYLES.items() if style.exercise == exercise and style.is_drawn)


def style_of_rep(name: str, rep: int) -> str:
    """Return the style of one rep: the set's, but a calibration has two clean hinges and then full round bows."""
    if STYLES[name].exercise != "drill":
        return name
    return "clean_hinge" if rep < 2 else "full_bow"
