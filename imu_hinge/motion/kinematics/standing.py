"""Find quiet standing, its up direction, and whether it changed for good: the zero of every angle.

It does not know which way is forward (`alignment`) nor which segment the sensor sits on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from imu_hinge.errors import MovedWhileStill
from imu_hinge.model import Array, Region
from imu_hinge.motion.kinematics.track import Track, stills
from imu_hinge.motion.kinematics.vertical_acceleration import rise_between
from imu_hinge.settings import AlignmentSettings, Settings
from imu_hinge.signals import Mask, regions

JOINED_S: Final = 6.0
"""Over longer times, and over a hole, the height between two stills is not integrated [s]."""

LOW_M: Final = 0.08
"""A still this much lower than one close by is not standing."""

BEGINS_UPRIGHT_S: Final = 8.0
"""How much longer another posture must be held to be taken for standing instead of the first one."""

UNLOADED_S: Final = 2.0
"""Nobody holds a lockout for longer than this."""

MOMENT_S: Final = 0.5
"""Standing is weighed by moments this long: within one stretch somebody stands, and bows to the belt."""

SWAY_RAD: Final = math.radians(1.5)
"""How far apart two moments of the same posture are: people sway by 1 to 2 degrees (docs/biomechanics.md, 6.2)."""

TRIED: Final = 300
"""So many moments at most are tried as the posture that standing most often returns to."""


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Hold the stretches of quiet standing and the up direction they share.

    Parameters
    ----------
    up_s : (3,)
        Up in the sensor's frame in the posture to which standing most often returns.
    where
        The stretches, in samples.
    sd_rad
        How far from it half of the moments are.
    """

    up_s: Array
    where: tuple[Region, ...]
    sd_rad: float


def find_standing(track: Track, settings: Settings) -> Standing:
    """Tell which of the quiet stretches are standing.

    Of all postures in which the sensor rests, standing is the highest; among equals the longest. That does not
    assume that a recording starts with standing, nor that it holds more standing than bending.

    Raises
    ------
    MovedWhileStill
        Where there is no quiet stretch at all.
    """
    still = stills(track, settings.stillness)
    if not still:
        shortest = settings.stillness.min_still_s
        raise MovedWhileStill(
            f"No quiet standing was found in {track.time_s[-1] - track.time_s[0]:.1f} s: the sensor never held still "
            f"for {shortest:g} s. Stand still for 2 s before and after the set and record again."
        )
    is_low = lower_than_near(track, still, least_m=LOW_M, joined_s=JOINED_S)
    high = [r for r, low in zip(still, is_low, strict=True) if not low]
    ups = np.array([mean_direction(track.up_s[r.part]) for r in high])
    lengths = np.array([len(r) for r in high]) / track.rate_hz
    label = _postures(ups, lengths, np.radians(settings.alignment.same_posture_deg))
    held = np.bincount(label, weights=lengths)
    if high[0].start < 0.5 * track.rate_hz:  # people begin upright, unless the height says that they do not
        held[label[0]] += BEGINS_UPRIGHT_S
    main = int(np.argmax(held))
    for end in (0, len(high) - 1):  # people stand differently before and after; both ends are standing all the same
        if np.arccos(np.clip(ups[end] @ ups[label == main].mean(axis=0), -1.0, 1.0)) < np.radians(25.0):
            label[end] = main
    chosen = np.flatnonzero(label == main)
    return _standing_of([high[i] for i in chosen], track)


def standing_at(where: tuple[Region, ...], track: Track, settings: Settings) -> Standing:
    """Return one sensor's standing at the times at which another's says that the body stands.

    Parameters
    ----------
    where
        When the other sensor says so; of it only what this sensor shows as stationary is used.
    track
    settings

    Returns
    -------
    Standing
        Its own `find_standing` where the two share no stationary stretch.

    Raises
    ------
    MovedWhileStill
        Where there is no quiet stretch at all.
    """
    mask = np.zeros(len(track), dtype=bool)
    for r in where:
        mask[r.part] = track.is_stationary[r.part]
    common = regions(mask, at_least=max(2, round(settings.stillness.min_still_s * track.rate_hz)))
    if not common:
        return find_standing(track, settings)
    return _standing_of(common, track)


def _standing_of(where: list[Region], track: Track) -> Standing:
    ups, weight = _moments(track.up_s, where, track.rate_hz)
    up = _mode(ups, weight)
    off = np.arccos(np.clip(ups @ up, -1.0, 1.0))
    order = np.argsort(off, kind="stable")
    half = int(np.searchsorted(np.cumsum(weight[order]), 0.5 * float(weight.sum())))
    return Standing(up, tuple(where), float(off[order[min(half, off.size - 1)]]))


def _moments(up_s: Array, where: list[Region], rate_hz: float) -> tuple[Array, Array]:
    """Return the mean direction of every moment of standing and how much it tells of the zero. (m, 3), (m,)."""
    ups, weights = [], []
    for r, weight in zip(where, _weights(where, rate_hz, len(up_s)), strict=True):
        count = max(1, round(len(r) / (MOMENT_S * rate_hz)))
        edges = np.linspace(0, len(r), count, endpoint=False).astype(np.int64)
        sums = np.add.reduceat(up_s[r.part], edges, axis=0)
        ups.append(sums / np.sqrt(np.einsum("ij,ij->i", sums, sums))[:, None])
        weights.append(np.full(count, weight / count))
    return np.concatenate(ups), np.concatenate(weights)


def _mode(ups: Array, weight: Array) -> Array:
    """Return the direction around which most of the weight lies within a sway. (m, 3), (m,) -> (3,).

    A mean would be moved by whoever leans while he waits, chalks his hands or carries the bar on his back: the mode,
    by mean shift (Fukunaga and Hostetler, IEEE Transactions on Information Theory 21, 1975), is not.
    """
    tried = ups[:: 1 + (len(ups) - 1) // TRIED]
    up = tried[int(np.argmax(_nearness(tried @ ups.T) @ weight))]
    for _ in range(20):
        up = mean_direction(ups * (weight * _nearness(ups @ up))[:, None])
    return np.asarray(up)


def _nearness(cosine: Array) -> Array:
    """Return how near directions are, 1 where they are the same; of any shape."""
    return np.asarray(np.exp((np.minimum(cosine, 1.0) - 1.0) / SWAY_RAD**2))


@dataclass(frozen=True, slots=True)
class Slip:
    """Hold one lasting change of the standing angle: somewhere in ``where`` the sensor moved by ``jump_rad``."""

    where: Region
    jump_rad: float


def find_slips(inclination: Array, standing: Standing, rate_hz: float, settings: AlignmentSettings) -> list[Slip]:
    """Find lasting steps of the inclination in standing.

    A lockout under the bar that leans back is not a slip, nor is a bar on the back that makes the athlete lean: the
    standing after the set is compared with the standing before it, and lockouts only say when the step came.

    Parameters
    ----------
    inclination : (n,) [rad]
    standing
    rate_hz
    settings
    """
    where = [r for r in standing.where if r.stop <= len(inclination)]
    values = np.array([np.median(inclination[r.part]) for r in where])
    slips: list[Slip] = []
    _split(values, _is_unloaded(where, rate_hz, len(inclination)), where, np.radians(settings.slip_min_deg), slips)
    return sorted(slips, key=lambda slip: slip.where.start)


def _is_unloaded(where: list[Region], rate_hz: float, count: int) -> Mask:
    """Tell which stretches are quiet standing for certain: the long ones, and those at both ends of it all. (m,)."""
    to_end = np.array([min(r.start, count - r.stop) for r in where]) / rate_hz
    lengths = np.array([len(r) for r in where]) / rate_hz
    return np.asarray((lengths >= UNLOADED_S) | (to_end < 1.0))


def _weights(where: list[Region], rate_hz: float, count: int) -> Array:
    """Return how much each stretch tells of the zero: by its length, a lockout's hardly at all. (m,)."""
    lengths = np.array([len(r) / rate_hz for r in where])
    return np.asarray(np.minimum(lengths, 5.0) * np.where(_is_unloaded(where, rate_hz, count), 1.0, 0.05))


def zero_offset(inclination: Array, standing: Standing, slips: list[Slip], rate_hz: float) -> Array:
    """Return what to take off the inclination so that standing is zero between slips.

    Parameters
    ----------
    inclination : (n,) [rad]
    standing
    slips
        In order of time; without any nothing is taken off.
    rate_hz

    Returns
    -------
    (n,) [rad]
        Constant between the middles of two slips; zero where nobody stood.
    """
    n = len(inclination)
    if not slips:
        return np.zeros(n)
    offset = np.zeros(n)
    forward = np.stack([np.sin(inclination), np.zeros(n), np.cos(inclination)], axis=1)
    edges = [0, *((s.where.start + s.where.stop) // 2 for s in slips), n]
    for start, stop in pairwise(edges):
        own = [r for r in standing.where if r.start >= start and r.stop <= stop]
        if own:
            usual = _mode(*_moments(forward, own, rate_hz))
            offset[start:stop] = math.atan2(usual[0], usual[2])
    return offset


def standing_apart(inclination: Array, standing: Standing, rate_hz: float) -> float:
    """Return how far from zero the inclination of certain standing is: its standard deviation over the stretches [rad].

    Who stands otherwise before a set than after it, or whose sensor moved by too little to be called a slip, has one
    zero for two postures: every angle is off by so much. Stretches count alike, however long: lifts lie between them,
    and a long wait after the set says no more of the lifts before it than a short one. The zero was found from the same
    stretches, so one of them is spent (n - 1).

    Parameters
    ----------
    inclination : (n,) [rad]
        After `zero_offset`.
    standing
    rate_hz
    """
    where = [r for r in standing.where if r.stop <= len(inclination)]
    is_certain = _is_unloaded(where, rate_hz, len(inclination))
    if np.count_nonzero(is_certain) < 2:
        return 0.0
    off = np.array([np.median(inclination[r.part]) for r in where])[is_certain]
    return math.sqrt(float(np.sum(off**2)) / (len(off) - 1))


def _split(values: Array, is_unloaded: Mask, where: list[Region], jump: float, found: list[Slip]) -> None:
    """Find the step that divides the standing best, then look on both sides of it.

    Of all places where a step counts it is where the stretches lie nearest to the medians of their sides, in total: the
    change point of least absolute deviations. The medians alone are the same for many places, as half of the stretches
    may stand on the wrong side of one.
    """
    best, least = 0, math.inf
    if np.ptp(values[is_unloaded]) <= jump if is_unloaded.any() else True:
        return  # no two medians can lie further apart
    for k in range(1, len(values)):
        before, after = values[:k], values[k:]
        if not (is_unloaded[:k].any() and is_unloaded[k:].any()):
            continue
        step = float(np.median(after[is_unloaded[k:]]) - np.median(before[is_unloaded[:k]]))
        all_of_it = float(np.median(after) - np.median(before))
        if abs(step) <= jump or all_of_it * np.sign(step) < 0.5 * abs(step):
            continue  # who leaned for a while did not slip: the lockouts would have moved too
        off = np.abs(before - np.median(before)), np.abs(after - np.median(after))
        rough = float(np.median(off[0]) + np.median(off[1]))
        apart = float(off[0].sum() + off[1].sum())
        if abs(step) - rough - 0.5 * abs(step - all_of_it) > 0.0 and apart < least:
            best, least = k, apart
    if best:
        step = float(np.median(values[best:][is_unloaded[best:]]) - np.median(values[:best][is_unloaded[:best]]))
        found.append(Slip(Region(where[best - 1].stop, where[best].start), step))
        _split(values[:best], is_unloaded[:best], where[:best], jump, found)
        _split(values[best:], is_unloaded[best:], where[best:], jump, found)


def mean_direction(vectors: Array) -> Array:
    """Return the unit vector of the sum. (m, 3) -> (3,)."""
    total = np.sum(vectors, axis=0)
    return np.asarray(total / max(float(np.sqrt(total @ total)), 1e-12))


def _postures(ups: Array, lengths: Array, radius_rad: float) -> Array:
    """Label each still by posture, the longest stills founding the postures. (m, 3) -> (m,)."""
    label = np.full(len(ups), -1)
    founders: list[int] = []
    for i in np.argsort(-lengths, kind="stable"):
        near = [k for k, f in enumerate(founders) if np.arccos(np.clip(ups[i] @ ups[f], -1.0, 1.0)) < radius_rad]
        if near:
            label[i] = near[0]
        else:
            label[i] = len(founders)
            founders.append(int(i))
    return label


def lower_than_near(track: Track, where: list[Region], *, least_m: float, joined_s: float) -> list[bool]:
    """Tell which moments at rest are lower than one close by: the bottom of a bend, a squat, a chair.

    Parameters
    ----------
    track
    where
        In order; the sensor moves neither up nor down in any of them.
    least_m
        What counts as lower [m].
    joined_s
        Over longer gaps the height is not integrated [s].
    """
    heights = np.zeros(len(where))
    chain = np.zeros(len(where), dtype=int)
    for i in range(1, len(where)):
        seconds = (where[i].start - where[i - 1].stop) / track.rate_hz
        is_joined = seconds <= joined_s and not track.is_gap[where[i - 1].stop : where[i].start].any()
        chain[i] = chain[i - 1] + (not is_joined)
        heights[i] = heights[i - 1] + (rise_between(track, where[i - 1], where[i]) if is_joined else 0.0)
    low = []
    for i in range(len(where)):
        near = [k for k in range(max(0, i - 2), min(len(where), i + 3)) if chain[k] == chain[i]]
        low.append(bool(heights[i] < max(heights[k] for k in near) - least_m))
    return low
