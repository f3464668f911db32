"""Find where a sensor was taken off and strapped on again, and turn what follows as if it had been put back as it was.

It does not know which segment the sensor sits on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.errors import MovedWhileStill
from imu_hinge.model import Array, Region
from imu_hinge.motion.kinematics.alignment import Mounting, find_mountings, sagittal_inclination, side_inclination
from imu_hinge.motion.kinematics.standing import find_standing
from imu_hinge.motion.kinematics.track import Track, stationary, stills
from imu_hinge.settings import Settings
from imu_hinge.signals import regions

OFF_BODY_COS: Final = math.cos(math.radians(140.0))
"""No trunk turns farther from standing in any direction: the deepest bow is some 120 degrees, and who stands slouched
adds 20. It is a hint alone: what counts is that the sensor sits otherwise afterwards."""

LIKE_STANDING_COS: Final = math.cos(math.radians(25.0))
"""People stand within this of how they stood before; as `standing` has it. Where every sensor was put back so well it
is left to what finds slips: a turn about the vertical alone is also what who only bends to the side from then on
shows."""

BACK_TO_BOW_RAD: Final = (math.radians(-45.0), math.radians(140.0))
ASIDE_RAD: Final = math.radians(60.0)
"""No trunk leans farther: people bend back by 30 degrees, forward by 120 and to the side by 40, from any standing."""

STANDS_AGAIN_S: Final = 1.0
"""Who stands as before for this long in all still wears the sensor as before [s]: as long as a stationary stretch."""

LEFT_ON_RAD: Final = math.radians(15.0)
"""A sensor that others were taken off beside, and that seems turned by less, was left on: two stretches of a lifter's
bends differ by some degrees in where forward is (docs/biomechanics.md, 6.2: turns of 3 to 5 with a mixed grip)."""

NEAR_STANDING_COS: Final = math.cos(math.radians(45.0))
"""Who only sits down for good tilts the pelvis back by less than this against standing (docs/biomechanics.md, 6.2)."""

BACK_ON_S: Final = 8.0
"""What is held in the first so much stationary time of a stretch is its standing; `standing` gives the beginning of a
recording the same weight."""

SOON_S: Final = 60.0
"""Who has just strapped a sensor on stands within this [s]; chosen, so that a long search costs what it looks at."""

MOST_TIMES: Final = 5
"""Nobody straps a sensor on anew more often in one recording: that is a wrist, and not for this room to mend."""

LEAST_OFF_S: Final = 5.0
"""Nobody opens a belt and closes it again in less [s]; what is over sooner was a deep bow, or one backwards."""


@dataclass(frozen=True, slots=True)
class Remounting:
    """Hold that a sensor was off the body in ``where``, and by how much it sits differently since then."""

    where: Region
    turn_rad: float


def as_mounted_first(
    tracks: Mapping[str, Track], settings: Settings
) -> tuple[dict[str, Track], dict[str, list[Remounting]]]:
    """Return every track as if its sensor had never been taken off, and where each was.

    What a sensor saw in the hand or on the bench is a hole. What follows is turned by the rotation that takes its own
    mounting to the first one; a sensor that does not tell its mounting on both sides is left as it is.

    Parameters
    ----------
    tracks
        By placement, on one grid.
    settings

    Returns
    -------
    tracks : dict
        The very same where nothing was taken off.
    remountings : dict of list of Remounting
        By placement, in the order of time; empty where there are none.
    """
    worn = [pieces for pieces in (_worn(track, settings) for track in tracks.values()) if len(pieces) > 1]
    pieces = max(worn, key=len, default=[])  # who takes one sensor off takes the other off too, or not
    told: dict[str, list[tuple[Region, Mounting]]] = {}
    for placement, track in tracks.items() if pieces else ():
        mountings = [_mounting(placement, _piece(track, r, settings), settings) for r in pieces]
        told[placement] = [(r, m) for r, m in zip(pieces, mountings, strict=True) if m is not None]
    if not any(_stands_otherwise(tracks[placement], every) for placement, every in told.items()):
        return dict(tracks), {}
    turned, found = dict(tracks), dict[str, list[Remounting]]()
    for placement, every in told.items():
        turns = [(r, _rotation(m, every[0][1])) for r, m in every]
        remountings = [
            Remounting(Region(before.stop, after.start), _angle(here @ there.T))
            for (before, there), (after, here) in pairwise(turns)
        ]
        if any(one.turn_rad > LEFT_ON_RAD for one in remountings):
            turned[placement], found[placement] = _turned(tracks[placement], turns, settings), remountings
    return turned, found


def _stands_otherwise(track: Track, told: list[tuple[Region, Mounting]]) -> bool:
    """Tell whether standing is another posture of the sensor from some stretch on, and never again the one before."""
    for (until, before), (after, here) in pairwise(told):
        if here.up_s @ before.up_s < LIKE_STANDING_COS and _in_the_hand(track.part(until.stop, after.start), before):
            rest = track.part(after.start, len(track))
            as_before = rest.is_stationary & (rest.up_s @ before.up_s > LIKE_STANDING_COS)
            if np.count_nonzero(as_before) < STANDS_AGAIN_S * rest.rate_hz:
                return True
    return False


def _in_the_hand(track: Track, worn: Mounting) -> bool:
    """Tell whether a sensor went where no trunk goes, had it still been worn as before."""
    up_s = track.up_s[~track.is_gap]
    forward, side = sagittal_inclination(up_s, worn), np.abs(side_inclination(up_s, worn))
    low, high = BACK_TO_BOW_RAD
    return bool(np.any((forward < low) | (forward > high) | (side > ASIDE_RAD)))


def _worn(track: Track, settings: Settings) -> list[Region]:
    """Return the stretches in which the sensor was worn, those between which it was in no posture of a trunk.

    None where that would be more often than anybody takes a sensor off.
    """
    if not stills(track, settings.stillness):
        return []
    pieces, start = list[Region](), 0
    while len(pieces) <= MOST_TIMES + 1:
        rest = track.part(start, len(track))
        here = _first_standing(rest, settings)
        if here is None:
            return pieces
        off = _off(rest, here)
        if off == len(rest):
            return [*pieces, Region(start, len(track))]
        like = np.flatnonzero(rest.is_stationary[:off] & (rest.up_s[:off] @ here > LIKE_STANDING_COS))
        last = int(like[-1]) + 1 if like.size else 0
        if last:
            pieces.append(Region(start, start + last))
        back = _back_on(rest, last + round(LEAST_OFF_S * rest.rate_hz), settings)
        if back is None:
            return pieces
        start += back
    return []


def _off(track: Track, standing_up_s: Array) -> int:
    """Return when the sensor is first where no trunk goes, or where it was last anywhere near this standing."""
    cosine = track.up_s @ standing_up_s
    off = np.flatnonzero((cosine < OFF_BODY_COS) & ~track.is_gap)
    near = np.flatnonzero(track.is_stationary & (cosine > NEAR_STANDING_COS))
    left = int(near[-1]) + 1 if near.size else 0
    is_left = np.count_nonzero(track.is_stationary[left:]) > BACK_ON_S * track.rate_hz
    return min(int(off[0]) if off.size else len(track), left if is_left else len(track))


def _first_standing(track: Track, settings: Settings) -> Array | None:
    """Return up in the posture that is the first to be held for `BACK_ON_S` in all. (3,), or None."""
    rate_hz = track.rate_hz
    held = np.cumsum(track.is_stationary)
    stop = min(len(track), int(np.searchsorted(held, BACK_ON_S * rate_hz)) + 1)
    try:
        return find_standing(track.part(0, stop), settings).up_s
    except MovedWhileStill:
        return None


def _back_on(track: Track, after: int, settings: Settings) -> int | None:
    """Return when the sensor is on the body again: the first still ``after`` the last one whose posture is kept."""
    for still in stills(track, settings.stillness):
        if still.start < after:
            continue
        soon = track.part(still.start, still.start + round(SOON_S * track.rate_hz))
        here = _first_standing(soon, settings)
        if here is None:
            return None
        kept = soon.part(0, round(BACK_ON_S * track.rate_hz))
        is_off = np.any((kept.up_s @ here < OFF_BODY_COS) & ~kept.is_gap)
        if not is_off and track.up_s[still.start] @ here > LIKE_STANDING_COS:
            return still.start
    return None


def _piece(track: Track, region: Region, settings: Settings) -> Track:
    """Return one stretch, stationary by its own rest level: a biased axis that was level reads otherwise upright."""
    piece = track.part(region.start, region.stop)
    still = stationary(piece.acc, piece.gyr, track.rate_hz, settings.stillness) & ~piece.is_gap
    return replace(piece, is_stationary=still)


def _mounting(placement: str, track: Track, settings: Settings) -> Mounting | None:
    """Return how the sensor sits in one stretch, or None where its own bends do not tell."""
    try:
        mountings, _ = find_mountings({placement: track}, settings)
    except MovedWhileStill:
        return None
    found = mountings.get(placement)
    return found if found is not None and found.share >= settings.alignment.quality_min else None


def _axes(mounting: Mounting) -> Array:
    """Return forward, left and up of the upright body in the sensor's frame, as rows. (3, 3)."""
    up = mounting.up_s
    forward = mounting.forward_s - (mounting.forward_s @ up) * up
    forward = forward / np.sqrt(forward @ forward)
    return np.array([forward, np.cross(up, forward), up])


def _rotation(mounting: Mounting, first: Mounting) -> Array:
    """Return the rotation that takes vectors in the frame of one mounting to that of the first. (3, 3)."""
    return np.asarray(_axes(first).T @ _axes(mounting))


def _angle(rotation: Array) -> float:
    return float(np.arccos(np.clip(0.5 * (np.trace(rotation) - 1.0), -1.0, 1.0)))


def _turned(track: Track, turns: list[tuple[Region, Array]], settings: Settings) -> Track:
    """Return the track with every stretch turned, and holes between them."""
    up_s, acc, gyr = (np.array(column) for column in (track.up_s, track.acc, track.gyr))
    is_worn, is_stationary = np.zeros((2, len(track)), dtype=bool)
    for region, rotation in turns:
        is_worn[region.part] = True
        is_stationary[region.part] = _piece(track, region, settings).is_stationary
        for column in (up_s, acc, gyr):
            column[region.part] = column[region.part] @ rotation.T
    for column in (up_s, acc, gyr):
        for hole in regions(~is_worn):
            column[hole.part] = column[hole.start - 1] if hole.start else column[hole.stop]
    flags = np.where(is_worn, track.flags, track.flags | np.uint16(cv.Flag.GAP)).astype(np.uint16)
    return Track(track.time_s, up_s, acc, gyr, is_stationary, flags)


def remounting_warnings(found: Mapping[str, list[Remounting]], time_s: Array) -> tuple[str, ...]:
    """Return a sentence for every time that a sensor was taken off and strapped on again.

    Parameters
    ----------
    found
        By placement, in samples of the grid.
    time_s : (n,) [s]
        The grid.
    """
    return tuple(
        f"The {placement} sensor was off the body from {time_s[one.where.start]:.0f} to "
        f"{time_s[min(one.where.stop, len(time_s) - 1)]:.0f} s and sits {math.degrees(one.turn_rad):.0f} degrees "
        "otherwise since then; how it sits was learned anew. Nothing is told of the time between."
        for placement, every in found.items()
        for one in every
    )
