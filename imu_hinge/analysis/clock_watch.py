"""Watch while one lifts whether the clocks of the two sensors that span the lumbar spine agree; say where they do not.

It measures no lag itself (`motion.kinematics.clock_offset` does) and moves no sample: live, what was shown stays as it
was shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

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


_BEHIND: Final = "The {} sensor's clock is {:.2f} s behind the {}'s."
_SURELY: Final = "The clocks of the {} and the {} sensor do not agree, and nothing tells by how much."


@dataclass(frozen=True, slots=True)
class ClockWatch:
    """Hold what is known of the clocks so far.

    Parameters
    ----------
    is_apart
        Whether angles are withheld.
    said
        Why, or nothing: for a person, and as the reason of a verdict.
    left_s
        What may be left of a lag between clocks that agree (sd) [s]; 0 where nothing was measured.
    until
        The instant of the grid up to which it was measured.
    once
        What was last said of clocks apart, also where they agree again.
    """

    is_apart: bool = False
    said: str = ""
    left_s: float = 0.0
    until: int | None = None
    once: str = ""

    def after(self, tracks: Mapping[str, Track], *, until: int) -> ClockWatch:
        """Return what is known when the tracks reach the grid's instant ``until``."""
        pelvis = next((p for p in cv.PELVIS_PLACEMENTS if p in tracks), None)
        if pelvis is None or "t12" not in tracks:
            return self
        low, high = tracks[pelvis], tracks["t12"]
        if self.until is not None and until - self.until < EVERY_S * low.rate_hz:
            return self
        first, second = _last_bends(low), _last_bends(high)
        try:
            found = clock_behind(first, second, has_rates=False)
        except ClocksApart:
            said = _SURELY.format("t12", pelvis)
            return replace(self, is_apart=True, said=said, until=until, once=said)
        off_s = 0.0 if found is None else abs(found.lag_s)
        if found is None or found.sd_s > max(off_s, MOST_S):
            return replace(self, until=until)  # too little in common to tell anything new
        # surely further apart, or surely nearer again: not to and fro by what is not known of a lag
        if off_s > MOST_S + (-found.sd_s if self.is_apart else found.sd_s):
            late, early = ("t12", pelvis) if found.lag_s > 0.0 else (pelvis, "t12")
            said = _BEHIND.format(late, off_s, early)
            return ClockWatch(True, said, 0.0, until, said)
        return ClockWatch(False, "", float(np.hypot(off_s, found.sd_s)), until, self.once)

    def events(self, before: ClockWatch, *, time_s: float) -> list[Event]:
        """Return what is to be told of a change."""
        if self.is_apart and not before.is_apart:
            return [Event("clock", time_s, f"{self.said} Lumbar angles are withheld until both agree.")]
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


def _last_bends(track: Track) -> Samples:
    part = slice(-round(BENDS_S * track.rate_hz), None)
    acc = track.acc[part]
    return Samples(np.arange(len(acc)) / track.rate_hz, acc, track.gyr[part])  # its own time jumps over long holes
