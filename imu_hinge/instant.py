"""Define the posture of one moment while somebody lifts: what a screen by the bar shows, 25 times a second.

Nothing is computed here (`analysis.instant` does), and no instant is part of a result: looks revise what they show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from imu_hinge.conventions import Basis

PhaseNow = Literal["standing", "down", "bottom", "up", ""]
"""Where in a bend the body is; empty where that is not known."""

WaitsFor = Literal["stand still", "bend once", "ready"]
"""What the analysis needs next: the zero of every angle, where forward is, or nothing more."""

INSTANT_S: Final = 0.04
"""Instants are no further apart than this, 25 a second: below, a moving picture jerks [s]."""


@dataclass(frozen=True, slots=True)
class Instant:
    """Hold the posture of one moment as the samples up to it tell it, through what the last look learned.

    Parameters
    ----------
    time_s
        On the recording's clock.
    angles_rad
        In the order of `conventions.ANGLES`; NaN where not known.
    sd_rad
        Their standard deviations.
    basis
        What the lumbar angle rests on, ``measured`` or ``inferred``; empty before anything is known. Before the
        mounting is known each angle is its sensor's inclination from standing, in whatever direction.
    height_m
        How far the sensor has risen from standing, up positive; NaN where not known.
    phase
        ``standing``, ``down``, ``bottom``, ``up``, or empty.
    waits_for
        ``stand still``, ``bend once`` or ``ready``.
    missing
        Placements that are left out: they lag by more than 150 ms, or sent nothing then.

    Examples
    --------
    >>> import imu_hinge as ih
    >>> from imu_hinge.simulate.session import random_set
    >>> recording = random_set(5, exercise="deadlift", style="good_hinge").recording
    >>> live = ih.LiveAnalysis(["sacrum"])
    >>> events = live.feed("sacrum", recording.sensors["sacrum"][:300])
    >>> first = live.take_instants()[0]
    >>> first.waits_for, first.phase, first.missing
    ('stand still', '', ())
    """

    time_s: float
    angles_rad: tuple[float, ...]
    sd_rad: tuple[float, ...]
    basis: Basis | Literal[""]
    height_m: float
    phase: PhaseNow
    waits_for: WaitsFor
    missing: tuple[str, ...] = ()
