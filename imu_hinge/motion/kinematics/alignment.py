"""Find how a sensor sits on its segment, from quiet standing and the bends themselves.

No poses are asked for and any mounting will do. It does not know which segment the sensor sits on.

Method: docs/biomechanics.md, section 4. Standing gives the vertical; where gravity goes in the bends gives forward.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from imu_hinge.model import Array, Region
from imu_hinge.motion.kinematics.standing import Standing, find_standing, mean_direction, standing_at
from imu_hinge.motion.kinematics.track import Track
from imu_hinge.settings import Settings
from imu_hinge.signals import regions

ASIDE_COS: Final = 0.86
"""A bend more than 30 degrees off the common direction is a bend to the side (or back)."""


@dataclass(frozen=True, slots=True, eq=False)
class Mounting:
    """Hold how a sensor sits: two unit vectors in its own frame, and how well they are known.

    Parameters
    ----------
    up_s, forward_s : (3,)
        Up and forward of the upright body, in the sensor's frame.
    share
        First component's share of the leaning, 0 to 1.
    zero_sd_rad
        Standard deviation of the zero.
    """

    up_s: Array
    forward_s: Array
    share: float
    zero_sd_rad: float


def find_mountings(tracks: Mapping[str, Track], settings: Settings) -> tuple[dict[str, Mounting], dict[str, Standing]]:
    """Return each sensor's mounting, and the standing it rests on.

    The sensor that leans most says when the bends were; so a pelvis that hardly moves is aligned by the bends of the
    back above it. Side bends go both ways and are left out.

    Parameters
    ----------
    tracks
        By placement, on one grid.
    settings

    Returns
    -------
    dict, dict
        The mountings are empty before the first bend.

    Raises
    ------
    MovedWhileStill
        Where a sensor was never quiet.
    """
    first = next((p for p in ("t12", "lumbar", "chest") if p in tracks), next(iter(tracks)))
    told = find_standing(tracks[first], settings)  # the highest sensor sinks most in every bend
    standings = {p: told if p == first else standing_at(told.where, tracks[p], settings) for p in tracks}
    inclinations = {p: np.where(t.is_gap, 0.0, _inclination(t.up_s, standings[p].up_s)) for p, t in tracks.items()}
    leader = max(inclinations, key=lambda p: float(np.percentile(inclinations[p], 95.0)))
    least = np.radians(settings.alignment.min_lean_deg)
    leaning = regions(inclinations[leader] > 0.6 * least, at_least=3)
    bends = [r for r in leaning if inclinations[leader][r.part].max() >= least]
    bends = _sagittal(tracks[leader], standings[leader], bends)
    mountings: dict[str, Mounting] = {}
    for placement, track in tracks.items() if bends else ():
        forward, share = _forward(track, standings[placement], bends)
        standing = standings[placement]
        zero_sd = np.hypot(np.radians(settings.errors.standing_deg), standing.sd_rad)
        zero_sd /= np.sqrt(min(max(1, len(standing.where)), 4))
        mountings[placement] = Mounting(standing.up_s, forward, share, float(zero_sd))
    return mountings, standings


def _inclination(up_s: Array, standing_up_s: Array) -> Array:
    """Return the angle to standing, in any direction. (n, 3) -> (n,) [rad]."""
    across = _across(up_s, standing_up_s)
    return np.asarray(np.arctan2(np.sqrt(np.einsum("ij,ij->i", across, across)), up_s @ standing_up_s))


def _across(up_s: Array, standing_up_s: Array) -> Array:
    """Return the part of the up direction that is across standing. (n, 3) -> (n, 3)."""
    return np.asarray(up_s - np.outer(up_s @ standing_up_s, standing_up_s))


def _sagittal(track: Track, standing: Standing, bends: list[Region]) -> list[Region]:
    """Keep the bends that go forward: the commonest direction after what goes the other way is taken off."""
    if not bends:
        return []
    means = np.array([_bend_direction(track, standing, r) for r in bends])  # (b, 3)
    length = np.sqrt(np.einsum("ij,ij->i", means, means))
    cosine = (means @ means.T) / np.outer(length, length)  # (b, b) between the directions of two bends
    # a bend forward is deeper than the one back; those to the sides come in pairs
    weight = length**2  # many shallow leans weigh less than a few deep ones
    score = (cosine > ASIDE_COS) @ weight - (cosine < -ASIDE_COS) @ weight
    along = cosine[int(np.argmax(score))]
    if np.max(length, initial=0.0, where=along < -ASIDE_COS) > np.max(length, where=along > ASIDE_COS, initial=0.0):
        along = -along  # a trunk goes farther forward than back, however often it does either
    kept = along > ASIDE_COS
    for _ in range(3):
        forward = mean_direction(means[kept])
        kept = means @ forward > ASIDE_COS * length
    return [r for r, is_kept in zip(bends, kept, strict=True) if is_kept]


def _bend_direction(track: Track, standing: Standing, bend: Region) -> Array:
    """Return where the up direction went in one bend, deep samples counting more; zero where all is a hole. (3,).

    It is as long as the bend is deep, squared, and not the longer the slower it was.
    """
    across = _across(track.up_s[bend.part][~track.is_gap[bend.part]], standing.up_s)
    total = (across * np.sqrt(np.einsum("ij,ij->i", across, across))[:, None]).sum(axis=0)
    return np.asarray(total / max(len(across), 1))


def _forward(track: Track, standing: Standing, bends: list[Region]) -> tuple[Array, float]:
    """Return the forward direction over the bends and the share of the leaning that is along it.

    Bending forward moves the up direction, seen by the sensor, to the back.
    """
    forward = -mean_direction(np.array([_bend_direction(track, standing, r) for r in bends]))
    rows = np.concatenate([_across(track.up_s[r.part][~track.is_gap[r.part]], standing.up_s) for r in bends])
    return forward, float(np.sum((rows @ forward) ** 2) / max(float(np.sum(rows**2)), 1e-12))


def sagittal_inclination(up_s: Array, mounting: Mounting) -> Array:
    """Return the sagittal inclination against standing, forward positive. (n, 3) -> (n,) [rad]."""
    return np.asarray(np.arctan2(-(up_s @ mounting.forward_s), up_s @ mounting.up_s))


def side_inclination(up_s: Array, mounting: Mounting) -> Array:
    """Return the inclination out of the sagittal plane, to the left positive. (n, 3) -> (n,) [rad]."""
    left = np.cross(mounting.up_s, mounting.forward_s)
    return np.asarray(-np.arcsin(np.clip(up_s @ left, -1.0, 1.0)))
