"""Learn an athlete's personal references from clean hinges and full bows: neutral, maximum, legs.

It reads and writes no file, and finds no reps: it is told at which instants the hinges and bows were deepest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.errors import CalibrationError
from imu_hinge.motion.linkage.map_estimate import LinkageResult, solve
from imu_hinge.motion.linkage.observations import LinkageInputs
from imu_hinge.motion.linkage.personal_references import observed_at

KNEE_MARGIN_DEG: Final = 15.0
"""More knee flexion than in the clean hinge by this is no hinge any more (docs/design.md, section 5)."""

WIDEST_MAXIMUM_DEG, WIDEST_MAXIMUM_SD_DEG = 65.0, 20.0
"""What is expected of a maximum that is about to be measured."""

SURELY: Final = 2.0
"""By so many standard deviations what was measured must contradict what was told: one time in forty by chance."""

GUIDED_HINGES: Final = 2
"""Clean hinges that are asked for before the bow: a second one tells how well the first repeats itself."""

KNOWN_WELL_DEG: Final = 6.0
"""A maximum with a wider band than this is a guess and is not kept."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Hold one bend that references were taken from, as it was understood.

    Parameters
    ----------
    is_bow
        Whether as a full round bow; else as a clean hinge.
    at
        Instant at which it was deepest [sample].
    trunk_rad, lumbar_rad, lumbar_sd_rad
        Trunk inclination and lumbar flexion there, and the latter's standard deviation [rad].
    """

    is_bow: bool
    at: int
    trunk_rad: float
    lumbar_rad: float
    lumbar_sd_rad: float


def learn_references(
    inputs: LinkageInputs, athlete: Athlete, *, clean_hinges: Sequence[int], full_bows: Sequence[int] = ()
) -> tuple[Athlete, tuple[Taken, ...]]:
    """Return the athlete with what the clean hinges and the full bows tell, and how each of them was understood.

    Parameters
    ----------
    inputs
        The recording in which they were done, in the mounting of the sets to come.
    athlete
        As known so far.
    clean_hinges, full_bows
        Instants, in samples, at which each was deepest.

    Raises
    ------
    CalibrationError
        Where there is neither a hinge nor a bow, one of the instants is not in the recording, or what was measured
        contradicts what it is said to be.
    """
    instants = [*clean_hinges, *full_bows]
    if not instants or not all(0 <= i < len(inputs) for i in instants):
        raise CalibrationError(
            f"References need the deepest instants of clean hinges or full bows, 0 to {len(inputs) - 1}; "
            f"got {instants}. Tell which reps they were."
        )
    unbiased = _without_references(athlete)
    solved = solve(replace(inputs, neutral_at=tuple(clean_hinges)), unbiased)
    # told that hinges are neutral, an inferred back would agree: what contradicts must not rest on it
    taken = as_seen(inputs, athlete, instants, hinges=len(clean_hinges))
    _check_consistent(taken, athlete)
    if clean_hinges:
        athlete = _with_hinges(athlete, inputs, solved, clean_hinges)
    if full_bows:
        athlete = _with_bows(athlete, solved, full_bows)
    return athlete, taken


def _without_references(athlete: Athlete) -> Athlete:
    """Return the athlete before calibration, whose maximum is about to be measured."""
    return replace(
        athlete,
        references={},
        lumbar_max_flexion_deg=WIDEST_MAXIMUM_DEG,
        lumbar_max_flexion_sd_deg=WIDEST_MAXIMUM_SD_DEG,
    )


def as_seen(inputs: LinkageInputs, athlete: Athlete, instants: Sequence[int], *, hinges: int = 0) -> tuple[Taken, ...]:
    """Return bends as they look to who was told nothing of them.

    Parameters
    ----------
    inputs, athlete
        As those of `learn_references`.
    instants
        At which each was deepest [sample].
    hinges
        So many of the first are called clean hinges, the others full bows.
    """
    untold = solve(inputs, _without_references(athlete))
    return tuple(_taken(untold, at, is_bow=n >= hinges) for n, at in enumerate(instants))


def recognised(bends: Sequence[Taken]) -> int:
    """Return how many bends are hinges where clean hinges were done first and then full round bows.

    Where the sensors tell, the bows are those after the largest step of lumbar flexion, and the step must be beyond its
    error. One sensor may not tell; then three bends are taken as the sequence of two hinges and a bow.

    Parameters
    ----------
    bends
        In order.

    Raises
    ------
    CalibrationError
        Where the sequence is not recognised.
    """
    lumbar = np.array([bend.lumbar_rad for bend in bends])
    sd = np.array([bend.lumbar_sd_rad for bend in bends])
    steps = [(float(lumbar[n:].min() - lumbar[:n].max()), n) for n in range(1, len(bends))]
    step, hinges = max(steps, default=(0.0, 0))
    is_sure = step > SURELY * float(np.hypot(sd[:hinges].max(initial=0.0), sd[hinges:].max(initial=0.0)))
    if is_sure or (len(bends) == GUIDED_HINGES + 1 and float(sd.min()) > math.radians(KNOWN_WELL_DEG)):
        return hinges if is_sure else GUIDED_HINGES
    seen = ", ".join(f"{math.degrees(bend.lumbar_rad):.0f}" for bend in bends)
    raise CalibrationError(
        f"Clean hinges and then a full round bow were not recognised: the {len(bends)} bends have {seen or 'no'} "
        "degrees of lumbar flexion. Record them anew (stand, two hinges, one bow, stand), or say which they were."
    )


def _taken(solved: LinkageResult, at: int, *, is_bow: bool) -> Taken:
    angles = solved.angles_rad[at]
    sd = float(solved.sd_rad[at, cv.LUMBAR_FLEXION])
    return Taken(is_bow, at, float(angles[cv.TRUNK_INCLINATION]), float(angles[cv.LUMBAR_FLEXION]), sd)


def _check_consistent(taken: Sequence[Taken], athlete: Athlete) -> None:
    """Raise `CalibrationError` where a clean hinge is surely past the limit, or a full bow surely less than a hinge."""
    hinges, bows = [t for t in taken if not t.is_bow], [t for t in taken if t.is_bow]
    limit = athlete.limit_rad
    for hinge in hinges:
        if hinge.lumbar_rad - SURELY * hinge.lumbar_sd_rad > limit:
            raise CalibrationError(
                f"A clean hinge has {math.degrees(hinge.lumbar_rad):.0f} degrees of lumbar flexion, past the limit "
                f"of {math.degrees(limit):.0f}: it is none. Say which reps were clean hinges, or record them anew."
            )
    for bow in bows:
        for hinge in hinges:
            if bow.lumbar_rad + SURELY * math.hypot(bow.lumbar_sd_rad, hinge.lumbar_sd_rad) < hinge.lumbar_rad:
                raise CalibrationError(
                    f"A full bow has {math.degrees(bow.lumbar_rad):.0f} degrees of lumbar flexion and a clean hinge "
                    f"{math.degrees(hinge.lumbar_rad):.0f}: they are not what they are called. Say which was which."
                )


def _with_hinges(athlete: Athlete, inputs: LinkageInputs, solved: LinkageResult, hinges: Sequence[int]) -> Athlete:
    """Put in what the clean hinges tell."""
    at = list(hinges)
    angles, sd = np.degrees(solved.angles_rad[at]).mean(axis=0), np.degrees(solved.sd_rad[at]).mean(axis=0)
    heights = [np.nanmean(np.asarray(series)[at]) for series in inputs.height_m.values()]
    observed = observed_at(inputs, at)
    return replace(
        athlete,
        neutral_lumbar_deg=float(angles[cv.LUMBAR_FLEXION]),
        # bounds: what `Athlete` takes at most and at least (chosen there)
        neutral_lumbar_sd_deg=float(min(sd[cv.LUMBAR_FLEXION], 30.0)),
        neutral_pelvis_tilt_deg=float(max(angles[cv.PELVIS_TILT], 0.0)),
        # the hips sink by 0.9 m at most: a long leg's length
        neutral_drop_m=float(-heights[0]) if heights and 0.0 <= -heights[0] <= 0.9 else athlete.neutral_drop_m,
        knee_limit_deg=athlete.knee_limit_deg
        if observed["clean_hinge.on_floor"] == 0.0
        else float(min(max(angles[cv.KNEE_FLEXION] + KNEE_MARGIN_DEG, 20.0), 150.0)),
        references=athlete.references | observed,
    )


def _with_bows(athlete: Athlete, solved: LinkageResult, bows: Sequence[int]) -> Athlete:
    """Put in the maximum of the full bows, where the sensors tell it well enough."""
    at = list(bows)
    lumbar = np.degrees(solved.angles_rad[at, cv.LUMBAR_FLEXION])
    sd = float(np.degrees(solved.sd_rad[at, cv.LUMBAR_FLEXION]).mean())
    if sd > KNOWN_WELL_DEG:
        return athlete
    return replace(
        athlete,
        # what `Athlete` takes: no lumbar spine bends less or more
        lumbar_max_flexion_deg=float(np.clip(lumbar.max(), 15.0, 110.0)),
        lumbar_max_flexion_sd_deg=math.hypot(sd, float(lumbar.std())),
    )
