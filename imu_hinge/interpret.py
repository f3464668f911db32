"""Go from the sensors' tracks to posture and lifts: the one place where the motion and the reps wing meet.

It is a function of the tracks alone, so that live and replay cannot differ. It does not read, filter or print.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imu_hinge.model import Posture
from imu_hinge.motion.alignment import Mounting, find_mountings
from imu_hinge.motion.posture import SegmentLean, assemble, segment_lean
from imu_hinge.motion.tracks import Track
from imu_hinge.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """Hold the tracks' postures once the mounting is known."""

    posture: Posture
    mountings: Mapping[str, Mounting]
    leans: Mapping[str, SegmentLean]


def align(tracks: Mapping[str, Track], settings: Settings, *, is_live: bool) -> Aligned | None:
    """Return the posture over time, or None where nobody has bent yet."""
    mountings, standings = find_mountings(tracks, settings)
    if not mountings:
        return None
    leans = {
        p: segment_lean(t, mountings[p], standings[p], settings, is_live=is_live) for p, t in tracks.items()
    }
    is_aligned = all(m.share >= settings.alignment.quality_min for m in mountings.values())
    return Aligned(assemble(tracks, leans, settings, is_aligned=is_aligned), mountings, leans)
