"""Take long holes that all sensors share out of the time that is analysed, and put them back into the result's times.

It fills nothing in and judges no hole: the seconds that stay of each are a gap like any other.

Time costs memory and work by the instant. A sensor that pauses for ten hours delivers nothing meanwhile, so nothing
of it is laid on the grid but `KEPT_S`. A hole is known as soon as the sample after it has come, so live and replay map
time alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from imu_hinge.model import Array, Samples

LONG_S: Final = 20.0
"""A longer hole is taken out: nobody holds a bend as long, so no movement goes on across it [s]."""

KEPT_S: Final = 10.0
"""So much of it stays: longer than every window that looks around an instant, and longer than any rest between reps
that parts no sets [s]."""

Hole = tuple[float, float]
"""The times of the samples before and after a hole [s]."""


@dataclass(frozen=True, slots=True, eq=False)
class Holes:
    """Map a recording's time to the time that is analysed, and back.

    Parameters
    ----------
    spans
        Of the holes taken out, in order: when every sensor had fallen silent, and when the first was back [s].
    """

    spans: tuple[Hole, ...] = ()

    @property
    def _cuts_s(self) -> Array:
        """What is taken out by the time so many holes are over. (len(spans) + 1,) [s]."""
        return np.cumsum([0.0, *(back - silent - KEPT_S for silent, back in self.spans)])

    def closed(self, time_s: Array) -> Array:
        """Return where instants outside the holes are on the time that is analysed. (n,) [s]."""
        over = np.searchsorted([back for _, back in self.spans], time_s, side="right")
        return np.asarray(time_s - self._cuts_s[over])

    def without(self, samples: Samples) -> Samples:
        """Return the samples on the time that is analysed."""
        return replace(samples, time_s=self.closed(samples.time_s)) if self.spans else samples

    def reopened(self, time_s: Array) -> Array:
        """Return when instants of the time that is analysed were, with a jump in the middle of every hole. (n,) [s]."""
        if not self.spans:
            return time_s
        cuts_s = self._cuts_s
        middles = np.array([silent for silent, _ in self.spans]) - cuts_s[:-1] + 0.5 * KEPT_S
        return np.asarray(time_s + cuts_s[np.searchsorted(middles, time_s, side="right")])


def long_steps(time_s: Array) -> list[Hole]:
    """Return one sensor's holes that are longer than `LONG_S`. (n,) [s]."""
    at = np.flatnonzero(np.diff(time_s) > LONG_S)
    return list(zip(time_s[at].tolist(), time_s[at + 1].tolist(), strict=True))


def shared_holes(of_sensors: Sequence[Sequence[Hole]]) -> Holes:
    """Return the holes in which every sensor is silent for longer than `LONG_S`.

    Parameters
    ----------
    of_sensors
        Each sensor's own, in order; see `long_steps`.
    """
    shared = list(of_sensors[0])
    for own in of_sensors[1:]:
        both = [(max(a[0], b[0]), min(a[1], b[1])) for a in shared for b in own if a[0] < b[1] and b[0] < a[1]]
        shared = [hole for hole in both if hole[1] - hole[0] > LONG_S]
    return Holes(tuple(shared))


def settled_s(of_sensors: Sequence[Array]) -> float:
    """Return up to when later samples can open no shared hole [s], of the times (n,) that each sensor delivered.

    All is known up to the time that every sensor has reached. A sensor whose next sample is long after it may share a
    hole that begins there, so what lies between its samples must wait.
    """
    settled = reached_s = min(float(time_s[-1]) for time_s in of_sensors)
    for time_s in of_sensors:
        if time_s[-1] - reached_s <= LONG_S:
            continue
        after = int(np.searchsorted(time_s, reached_s, side="right"))
        if 0 < after < len(time_s) and time_s[after] - reached_s > LONG_S:
            settled = min(settled, float(time_s[after - 1]))
    return settled


def hole_warning(hole: Hole) -> str:
    """Return what a reader must know of a hole that was taken out."""
    silent, back = hole
    length_s = back - silent
    long = f"{length_s:.0f} s" if length_s < 120.0 else f"{length_s / 60.0:.0f} min" if length_s < 7200.0 else ""
    long = long or f"{length_s / 3600.0:.1f} h"
    return (
        f"No sensor delivered anything from {silent:.1f} to {back:.1f} s ({long}): what came before and after was "
        "analysed, and nothing is known of between. Check that nothing is missing, or that no clock was set."
    )
