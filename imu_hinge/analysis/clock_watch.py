"""Watch while one lifts whether the clocks of sensors that tell an angle together agree; say where they do not.

It measures no lag itself (`motion.kinematics.clock_offset` does) and moves no sample: live, what was shown stays as it
was shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.errors import ClocksApart
from imu_hinge.model import ANGLE_COLUMNS, Posture, Samples
from imu_hinge.motion.kinematics.clock_offset import clock_behind
from imu_hinge.motion.kinematics.track import Track
from imu_hinge.result import Event

MOST_S: Final = 0.05
"""Clocks further apart withhold what both sensors tell together: in a lift of 60 deg/s it is 3 degrees."""
BENDS_S: Final = 60.0
"""The last bends: a lag is measured over so much."""
EVERY_S: Final = 5.0
"""... and again after so much: clocks that run 1 % apart gain as much as `MOST_S` in it."""
WITHHELD: Final = (cv.LUMBAR_FLEXION, cv.HIP_FLEXION, cv.KNEE_FLEXION)
"""Every angle that takes both sensors; each one's own inclination is right by its own clock."""


COMPARED: Final = ("lumbar", "t12", "thigh")
"""Whose angles against the pelvis are told; a chest sways and breathes with a rhythm that is taken for a lag."""

_BEHIND: Final = "The {} sensor's clock is {:.2f} s behind the {}'s."
_SURELY: Final = "The clocks of the {} and the {} sensor do not agree, and nothing tells by how much."


class Compared(NamedTuple):
    """Hold what is known of one sensor's clock against the first's.

    Parameters
    ----------
    said
        Why both together tell nothing, or nothing.
    left_s
        What may be left of a lag between clocks that agree (sd) [s]; 0 where nothing was measured.
    """

    said: str = ""
    left_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ClockWatch:
    """Hold what is known of the clocks so far.

    Parameters
    ----------
    compared
        By placement, each against the pelvis' sensor, or the lumbar one where there is none.
    until
        The instant of the grid up to which it was measured.
    once
        What was last said of clocks apart, also where they agree again.
    """

    compared: Mapping[str, Compared] = field(default_factory=dict)
    until: int | None = None
    once: str = ""

    @property
    def is_apart(self) -> bool:
        """Whether angles are withheld."""
        return bool(self.said)

    @property
    def said(self) -> str:
        """Why, or nothing: for a person, and as the reason of a verdict."""
        return " ".join(pair.said for pair in self.compared.values() if pair.said)

    @property
    def left_s(self) -> float:
        """What may be left of the largest lag between clocks that agree (sd) [s]; 0 where nothing was measured."""
        return max((pair.left_s for pair in self.compared.values()), default=0.0)

    def after(self, tracks: Mapping[str, Track], *, until: int) -> ClockWatch:
        """Return what is known when the tracks reach the grid's instant ``until``."""
        first = next((p for p in (*cv.PELVIS_PLACEMENTS, "lumbar") if p in tracks), None)
        others = [p for p in COMPARED if p in tracks and p != first]
        if first is None or not others:
            return self
        if self.until is not None and until - self.until < EVERY_S * tracks[first].rate_hz:
            return self
        known = {p: _compare(tracks, first, p, self.compared.get(p, Compared())) for p in others}
        now = ClockWatch(known, until)
        return replace(now, once=now.said or self.once)

    def events(self, before: ClockWatch, *, time_s: float) -> list[Event]:
        """Return what is to be told of a change."""
        new = [
            pair.said for p, pair in self.compared.items() if pair.said and not before.compared.get(p, Compared()).said
        ]
        if new:
            return [Event("clock", time_s, f"{' '.join(new)} Lumbar angles are withheld until both agree.")]
        if before.is_apart and not self.is_apart:
            return [Event("clock", time_s, "The sensors' clocks agree again: lumbar angles are shown.")]
        return []

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know beside the numbers."""
        until = "" if self.is_apart else " until both agreed again"
        return (f"{self.once} Lumbar angles were withheld{until}.",) if self.once else ()

    def shown(self, posture: Posture) -> Posture:
        """Return the posture without the angles that clocks apart would make wrong."""
        if not self.is_apart:
            return posture
        columns = {name: getattr(posture, name).copy() for name in ANGLE_COLUMNS}
        for column in columns.values():
            column[:, WITHHELD] = np.nan
        return replace(posture, over=np.full_like(posture.over, np.nan), **columns)


def _compare(tracks: Mapping[str, Track], first: str, second: str, known: Compared) -> Compared:
    """Return what the last bends tell of the second's clock against the first's, where ``known`` was known."""
    try:
        found = clock_behind(_last_bends(tracks[first]), _last_bends(tracks[second]), has_rates=False)
    except ClocksApart:
        return Compared(_SURELY.format(second, first))
    off_s = 0.0 if found is None else abs(found.lag_s)
    if found is None or found.sd_s > max(off_s, MOST_S):
        return known  # too little in common to tell anything new
    # surely further apart, or surely nearer again: not to and fro by what is not known of a lag
    if off_s > MOST_S + (-found.sd_s if known.said else found.sd_s):
        late, early = (second, first) if found.lag_s > 0.0 else (first, second)
        return Compared(_BEHIND.format(late, off_s, early))
    return Compared(left_s=float(np.hypot(off_s, found.sd_s)))


def _last_bends(track: Track) -> Samples:
    part = slice(-round(BENDS_S * track.rate_hz), None)
    acc = track.acc[part]
    return Samples(np.arange(len(acc)) / track.rate_hz, acc, track.gyr[part])  # its own time jumps over long holes
