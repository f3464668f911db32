"""Say how much speaks for bends being reps of one set, and not bends that have nothing to do with each other.

It forms no set; `sets` does.

Notes
-----
Reps of one set go to the same place (lean, drop, side, turn) in the same time (down, hold, up, upright between them)
and tremble alike, give or take the spread below, which may drift from rep to rep; other bends are spread widely. Two
bends are compared by the ratio of the two normal densities of their difference, with a share for a rep that is unlike
its set in one respect (a pause, a hitch). A rep's likeness is its mean over the other members.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from imu_hinge.model import Array
from imu_hinge.reps.bends import Bend


class Spread(NamedTuple):
    """Hold standard deviations of one feature of bends.

    Where habit has a say (`BY_HABIT`), bends of one person spread less than those of many: who stoops for a bottle
    stoops for a shoe, and who is in a hurry hurries twice.

    Parameters
    ----------
    within
        Of the reps of a set.
    drift
        What each rep of distance adds.
    anything
        Of all that one person bends for.
    odd
        How likely a rep is to be unlike its set in this feature.
    """

    within: float
    drift: float
    anything: float
    odd: float = 0.03


BY_HABIT: Final = 0.5
"""Share of the variance among all people's bends that is between people: strangers of one recording share their person.
Nobody has measured it for these bends; half says that who bends matters as much as what for."""

_OWN: Final = math.sqrt(1.0 - BY_HABIT)
"""Share of all people's standard deviation that one person's bends have."""

VIBRATION: Final = Spread(0.2, 0.05, 0.4 * _OWN, odd=0.1)
"""Of the logarithm of how much the body trembles on its way."""

INCLINATION: Final = Spread(math.radians(5.0), math.radians(3.0), math.radians(22.0) * _OWN, odd=0.01)
"""Chosen [rad]: reps of a set differ by some degrees, all that people bend for by tens."""
DROP: Final = Spread(0.03, 0.015, 0.14 * _OWN, odd=0.01)
"""Chosen [m]: of the hips; at large, stoops sink by 8 cm and squats by 36 (docs/biomechanics.md, 5.2)."""
SIDE: Final = Spread(math.radians(2.5), 0.0, math.radians(6.0))
"""Chosen [rad]: a bar keeps the trunk within some degrees, a bottle beside the foot does not."""
TURN: Final = Spread(math.radians(4.0), math.radians(1.0), math.radians(12.0), odd=0.1)
"""Chosen [rad]: so does it about the vertical, where the gyroscope's drift comes on top."""
DOWN: Final = Spread(0.2, 0.05, 0.4 * _OWN)
"""Of the logarithm of seconds; chosen: one rep takes a fifth more or less than the next."""
HOLD: Final = Spread(0.4, 0.05, 0.8)
"""Of the logarithm of seconds; chosen: holds vary more than ways."""
UP: Final = Spread(0.25, 0.05, 0.4 * _OWN)
"""Of the logarithm of seconds; chosen: a fourth."""
GAP: Final = Spread(0.4, 0.05, 0.8)
"""Of the logarithm of seconds."""

IMPACT: Final = Spread(0.5, 0.0, 1.2)
"""Of the logarithm of how hard a landing shakes."""

NEARLY_EVERY: Final = 0.8
"""Share of a set's lifts that must end with a blow before one without is doubted."""

ABOVE_STANDING_M: Final = 0.08
"""Nobody bends upwards: a height above standing by more is not known."""

LEAST_VIBRATION_MPS2: Final = 0.01
"""No sensor is calmer than its own noise."""

AT_ONCE_S: Final = 0.3
"""Added to times that may be nothing, before the logarithm."""

BRIEF_S: Final = 0.4
"""Across a hole no longer than this a bend is known as well as reps of a set are alike: nobody bends and rises in it,
its onsets are off by less than half of it, and a straight line over the turn of a bend of 75 degrees in 1.2 s misses it
by a t²/8 = 5 degrees, a being 260 deg/s² [s]."""

RESPECTS: Final = (INCLINATION, SIDE, TURN, DROP, VIBRATION, DOWN, HOLD, UP)
"""The columns of `respects`."""

PLACE: Final = 4
"""So many of them, the first, say where a bend goes."""

LOOK_BACK: Final = 3
"""A bend at the end of a set is held against this many of its neighbours, because sets drift."""

PRIOR_COUNT: Final = 2.0
"""The spread above weighs as much as this many differences between neighbours of the set itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """Hold what speaks for each two of m bends being of one set (natural logarithm).

    Parameters
    ----------
    place, vibration, down, hold, up, impact : (m, m)
        By where they go, how much the body trembles, how long each part takes, and how hard they land.
    gap, lockout_vibration : (m - 1, m - 1)
        The same between two gaps.
    """

    place: Array
    vibration: Array
    down: Array
    hold: Array
    up: Array
    gap: Array
    impact: Array
    lockout_vibration: Array

    @classmethod
    def of(cls, bends: Sequence[Bend], rate_hz: float) -> Similarity:
        """Compare every bend with every other."""
        inclination, side, turn, drop, vibration, down, hold, up = respects(bends, rate_hz).T
        down_vibration, up_vibration = log_vibrations(bends).T
        drop_sd = np.nan_to_num(np.array([b.drop_sd_m for b in bends]))
        return cls(
            place=_alike(inclination, INCLINATION)
            + _alike(side, SIDE)
            + _alike(turn, TURN)
            + _alike(drop, DROP, own_sd=drop_sd),
            down=_alike(down, DOWN),
            vibration=_alike(vibration, VIBRATION),
            hold=_alike(hold, HOLD),
            up=_alike(up, UP),
            gap=_alike(log_gaps(bends, rate_hz), GAP),
            impact=_alike(np.array([np.log(b.shock_mps2) if b.has_landed else np.nan for b in bends]), IMPACT),
            lockout_vibration=_alike(0.5 * (up_vibration[:-1] + down_vibration[1:]), VIBRATION),
        )


def respects(bends: Sequence[Bend], rate_hz: float) -> Array:
    """Return in what bends are compared, columns `RESPECTS`; NaN where it is not known. (m, 8)."""
    rows = []
    for b, vibration in zip(bends, log_vibrations(bends).mean(axis=1), strict=True):
        is_brief = b.longest_hole_s <= BRIEF_S
        down = _log_s(b.down_stop - b.down_start, rate_hz) if b.is_begun and (b.is_down_seen or is_brief) else np.nan
        is_held = b.is_begun and b.is_finished and is_bottom_known(b)
        hold = _log_s(b.up_start - b.down_stop, rate_hz, AT_ONCE_S) if is_held else np.nan
        up = _log_s(b.up_stop - b.up_start, rate_hz) if b.is_finished and (b.is_up_seen or is_brief) else np.nan
        is_low = np.isfinite(b.drop_sd_m) and b.drop_m > -ABOVE_STANDING_M
        drop = b.drop_m if is_low and b.is_hold_seen else np.nan
        inclination, side = (b.inclination_rad, b.side_rad) if is_bottom_known(b) else (np.nan, np.nan)
        rows.append((inclination, side, b.turn_rad, drop, vibration, down, hold, up))
    return np.array(rows).reshape(-1, len(RESPECTS))


def is_bottom_known(bend: Bend) -> bool:
    """Tell whether inclination and hold at the bottom are known: seen, or hidden briefly. Heights must be seen."""
    return bend.is_hold_seen or bend.longest_hole_s <= BRIEF_S


def log_vibrations(bends: Sequence[Bend]) -> Array:
    """Return the logarithm of how much the body trembles on the way down and on the way up, (m, 2)."""
    both = np.array([(b.down_vibration_mps2, b.up_vibration_mps2) for b in bends]).reshape(-1, 2)
    return np.asarray(np.log(np.maximum(both, LEAST_VIBRATION_MPS2)))


def log_gaps(bends: Sequence[Bend], rate_hz: float) -> Array:
    """Return the logarithm of the time upright between neighbours, (m - 1,); NaN where a long hole hides its end."""
    return np.array(
        [
            _log_s(b.down_start - a.up_stop, rate_hz, AT_ONCE_S)
            if (a.is_up_seen or a.longest_hole_s <= BRIEF_S) and (b.is_down_seen or b.longest_hole_s <= BRIEF_S)
            else np.nan
            for a, b in pairwise(bends)
        ]
    )


def _log_s(samples: int, rate_hz: float, more_s: float = 0.0) -> float:
    return math.log(max(samples / rate_hz, 0.0 if more_s else 0.05) + more_s)  # nothing is measured to less than 0.05 s


def membership(one: Array, others: Array, spreads: Sequence[Spread] = RESPECTS) -> float:
    """Return the log-likelihood ratio of one bend being of the set of others, by that set's own spread.

    Parameters
    ----------
    one : (k,)
    others : (n, k)
        The nearest first.
    spreads
        One for each column.
    """
    total = 0.0
    for value, column, spread in zip(one, others.T, spreads, strict=True):
        known = column[np.isfinite(column)]
        if not np.isfinite(value) or not known.size:
            continue
        centre = float(np.median(known[:LOOK_BACK]))
        # two standard deviations at most: one odd step does not widen all (chosen)
        steps = np.minimum(0.5 * np.diff(known) ** 2, 4.0 * spread.within**2)
        own = (PRIOR_COUNT * spread.within**2 + float(steps.sum())) / (PRIOR_COUNT + steps.size)
        within = own * (1.0 + 1.0 / min(known.size, LOOK_BACK)) + spread.drift**2
        anything = spread.anything**2 + within
        ratio = 0.5 * math.log(anything / within) - 0.5 * (value - centre) ** 2 * (1.0 / within - 1.0 / anything)
        total += math.log((1.0 - spread.odd) * math.exp(ratio) + spread.odd)
    return total


def _alike(values: Array, spread: Spread, *, own_sd: Array | None = None) -> Array:
    """Return the log-likelihood ratio of each two values coming from one set. (m,) -> (m, m), zero where unknown."""
    m = len(values)
    steps = np.abs(np.subtract.outer(np.arange(m), np.arange(m)))
    own = np.zeros(m) if own_sd is None else own_sd
    noise = np.add.outer(own**2, own**2)
    within = 2.0 * spread.within**2 + noise + (spread.drift * steps) ** 2
    anything = 2.0 * spread.anything**2 + within
    off = np.subtract.outer(values, values) ** 2
    ratio = 0.5 * np.log(anything / within) - 0.5 * off * (1.0 / within - 1.0 / anything)
    ratio = np.log((1.0 - spread.odd) * np.exp(ratio) + spread.odd)
    ratio = np.where(np.isfinite(ratio), ratio, 0.0)
    np.fill_diagonal(ratio, 0.0)
    return np.asarray(ratio)
