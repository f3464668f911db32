"""State how people bend in each exercise, wide enough for every style: the priors on the posture.

It is no measurement and no ideal: these only speak where sensors and bar leave a freedom.

Notes
-----
The shares are read off the tables of docs/biomechanics.md (1.3, 1.4 and 6.2), over all styles together. In a
deadlift, shank lean over thigh lean runs from 0 (stoop) over 0.15 to 0.19 (hinge, average, rounded) to 0.35 (squatted),
lumbar flexion over trunk inclination from 0.18 (hinge) over 0.43 (average) to 0.54 (stoop, rounded). A swing's shank
runs from 0.1 (hinge) to 0.4 (squatted). In an RDL the shanks stay about upright; in a good morning, whose knees hardly
bend (5 degrees), the hips go back and the shanks lean back with them, by how much the tables do not say: the spread is
wide.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

DEG: Final = math.pi / 180.0
"""Radians of a degree: tables from the literature are in degrees."""


class PosturePrior(NamedTuple):
    """Hold shares between angles that are habitual in an exercise, and their spread among people (sd).

    Parameters
    ----------
    shank, shank_sd
        Shank inclination over that of the thigh.
    lumbar, lumbar_sd
        Lumbar flexion over trunk inclination.
    thoracic, thoracic_sd
        Thoracic flexion over trunk inclination.
    """

    shank: float
    shank_sd: float
    lumbar: float
    lumbar_sd: float
    thoracic: float
    thoracic_sd: float


POSTURE_PRIORS: Final[dict[str, PosturePrior]] = {
    "deadlift": PosturePrior(0.175, 0.10, 0.37, 0.15, 0.09, 0.05),
    "rdl": PosturePrior(0.0, 0.16, 0.30, 0.18, 0.09, 0.06),
    "swing": PosturePrior(0.20, 0.18, 0.28, 0.15, 0.08, 0.06),
    "good_morning": PosturePrior(-0.25, 0.30, 0.30, 0.15, 0.06, 0.06),
    "squat": PosturePrior(0.42, 0.08, 0.35, 0.18, 0.06, 0.06),
    "drill": PosturePrior(0.10, 0.12, 0.35, 0.25, 0.09, 0.08),
}
"""Judged from the bottom postures of docs/biomechanics.md, 1.3 and 1.4, with room for other people: nobody has measured
these shares by exercise."""

SHANK_SD, LUMBAR_SD, THORACIC_SD = 2.5 * DEG, 3.5 * DEG, 2.0 * DEG
"""Spread that is left in quiet standing, where the shares of nothing are nothing [rad]."""

SHANK_AGAINST_LUMBAR: Final = -0.5
"""Correlation between the two habits: who squats down bends the back less, who stoops keeps the shanks upright."""

MEASURED: Final = 4.0
"""How many times wider the lumbar habit is where the lumbar spine is measured."""

WITHIN_SET: Final = 0.6
"""How much one bend departs from the set's own way of bending, against the spread between people and styles."""


def widen_lumbar_prior(posture_prior: PosturePrior) -> PosturePrior:
    """Return habits that say next to nothing of the lumbar spine, for sensors that measure it.

    A set that rounds from 15 to 60 degrees as it grows heavy has no share of its own to keep to, and where two sensors
    measure each degree of it a habit could only do harm: they would be held for misplaced.
    """
    return posture_prior._replace(lumbar_sd=MEASURED * posture_prior.lumbar_sd)


def within_set(posture_prior: PosturePrior, bend_rad: Array) -> Array:
    """Return how far shank, lumbar and thoracic flexion depart from the set's own way of bending, (n, 3) [rad].

    Parameters
    ----------
    posture_prior
    bend_rad : (n,) [rad]
        How deep the body is bent.
    """
    shares = np.array([posture_prior.shank_sd, posture_prior.lumbar_sd, posture_prior.thoracic_sd])
    return np.asarray(WITHIN_SET * bend_rad[:, None] * shares + np.array([SHANK_SD, LUMBAR_SD, THORACIC_SD]))


def posture_prior(exercise: str) -> PosturePrior:
    """Return the habits of an exercise; for ``auto`` those of a drill, the widest."""
    return POSTURE_PRIORS.get(exercise, POSTURE_PRIORS["drill"])


def limits_of(lumbar_max_rad: float, lumbar_max_sd_rad: float) -> tuple[Array, Array]:
    """Return ``limit`` and ``limit_at`` of a `ModelConstants` for an athlete whose lumbar spine bends so far."""
    table = [
        # shank thigh pelvis lumbar thoracic   deep  upright  soft [degrees]
        ((-1.0, -1.0, 0.0, 0.0, 0.0), (5.0, 0.0, 3.0)),  # the knee does not bend forward
        ((1.0, 1.0, 0.0, 0.0, 0.0), (140.0, 0.0, 6.0)),  # and bends only so far
        ((0.0, 1.0, 1.0, 0.0, 0.0), (130.0, 0.0, 6.0)),  # the hip too
        ((-1.0, 0.0, 0.0, 0.0, 0.0), (10.0, 0.0, 5.0)),  # the shank leans back a little, over straight legs
        ((1.0, 0.0, 0.0, 0.0, 0.0), (35.0, 0.0, 4.0)),  # and leans forward as far as the heel stays down
        ((0.0, 0.0, 0.0, -1.0, 0.0), (0.0, 18.0, 5.0)),  # the lumbar spine extends in standing, not in a deep bend
        ((0.0, 0.0, 0.0, 1.0, 0.0), (lumbar_max_rad / DEG, 0.0, lumbar_max_sd_rad / DEG)),  # and bends only so far
        ((0.0, 0.0, 0.0, 0.0, -1.0), (5.0, 0.0, 3.0)),  # the thorax does not extend much
    ]
    return np.array([row[0] for row in table]), np.array([row[1] for row in table]) * DEG
