"""Say how lumbar flexion changes with the load, and at which load it crosses the limit, each with an interval.

A regression that knows every set's own error and that the sets of one session share an offset, as sensors are stuck
on once.
It says nothing where there are too few sets or loads, and judges nobody.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge.past_set import PastSet

Array = npt.NDArray[np.float64]

LEAST_SETS, LEAST_LOADS, LEAST_SESSIONS = 6, 3, 2
"""With fewer a line, its scatter and the sessions' offsets cannot be told apart (chosen)."""

LOAD_SD: Final = 0.005
"""Plates differ from what is written on them by about this share of the load (chosen)."""

OFFSET_SCALE_DEG: Final = 3.0
"""Scale of a session's offset before anything is seen: sensors stuck on anew, another standing (docs/biomechanics.md,
6.2)."""
SCATTER_SCALE_DEG: Final = 3.0
"""The same of a set that differs from the line for no reason that is known (chosen)."""

LEAST_RISING: Final = 0.975
"""So sure it must be that flexion rises with the load, or a crossing means nothing."""

REACH: Final = 1.25
"""A crossing above so many times the largest load is not told: nobody has seen what happens there (chosen)."""

QUANTILES: Final = (0.025, 0.5, 0.975)
"""The ends of a 95 % interval, and its middle."""

_GRID: Final = np.linspace(0.0, 3.0, 16)  # of both scales; a half-normal has three in a thousand beyond
_DRAWS: Final = 20_000
_DRAWS_DRAWN: Final = 4_000
"""Of the crossing, whose interval's ends are then right to a hundredth of its width, and of the band in a picture."""


@dataclass(frozen=True, slots=True)
class LoadCurve:
    """Hold lumbar flexion in percent of the range over the load.

    Parameters
    ----------
    loads_kg : (n,)
        Where the line is told.
    percent, low, high : (n,)
        The line and its 95 % interval [%].
    slope, slope_low, slope_high
        Percent of the range per 10 kg, with its 95 % interval.
    limit
        [%]
    crossing_kg, crossing_low_kg, crossing_high_kg
        Load at which the line crosses the limit; NaN where that cannot be told.
    reason
        Why there is no crossing; empty where there is.
    """

    loads_kg: Array
    percent: Array
    low: Array
    high: Array
    slope: float
    slope_low: float
    slope_high: float
    limit: float
    crossing_kg: float
    crossing_low_kg: float
    crossing_high_kg: float
    reason: str = ""


def why_not(sets: Sequence[PastSet]) -> str:
    """Return why nothing can be said of technique against load; empty where something can."""
    known = _known(sets)
    loads, sessions = {one.load_kg for one in known}, {one.session for one in known}
    for what, count, least in (
        ("sets with a load and a lumbar angle", len(known), LEAST_SETS),
        ("different loads", len(loads), LEAST_LOADS),
        ("sessions", len(sessions), LEAST_SESSIONS),
    ):
        if count < least:
            return f"technique against load needs {least} {what}; there are {count}"
    return ""


def load_curve(sets: Sequence[PastSet]) -> LoadCurve | None:
    """Fit flexion over load to sets of one athlete, exercise and placement; None where `why_not` says why not.

    Given the sizes of offsets and scatter, the line's posterior is normal (generalised least squares with flat priors);
    over those sizes it is summed on a grid with half-normal priors, so that few sessions widen the interval as they
    should. The error of the load goes into that of the flexion with the line's own slope.
    """
    if why_not(sets):
        return None
    known = _known(sets)
    x = np.array([one.load_kg for one in known])
    y, sd = np.array([one.percent for one in known]), np.array([one.percent_sd for one in known])
    sessions = np.unique([one.session for one in known], return_inverse=True)[1]
    per_degree = float(np.mean([100.0 / one.range_deg for one in known]))
    centre = float(x.mean())
    a, b = _draws(x - centre, y, np.hypot(sd, _load_error(x, y)), sessions, per_degree)
    at = np.linspace(x.min(), x.max(), 41)
    lines = a[:_DRAWS_DRAWN, None] + b[:_DRAWS_DRAWN, None] * (at - centre)
    low, middle, high = np.quantile(lines, QUANTILES, axis=0)
    limit = float(np.mean([one.limit_percent for one in known]))
    slope_low, slope, slope_high = (10.0 * float(q) for q in np.quantile(b, QUANTILES))  # in ten kilograms
    (crossing, first, last), reason = _crossing(a, b, limit, centre=centre, most_kg=float(x.max()))
    return LoadCurve(*(at, middle, low, high), slope, slope_low, slope_high, limit, crossing, first, last, reason)


def _known(sets: Sequence[PastSet]) -> list[PastSet]:
    return [s for s in sets if math.isfinite(s.load_kg) and math.isfinite(s.percent) and math.isfinite(s.percent_sd)]


def _load_error(x: Array, y: Array) -> Array:
    """Return what the loads' own error does to the flexion, by the slope of a plain line. (n,) [%]."""
    return np.asarray(abs(float(np.polyfit(x, y, 1)[0])) * LOAD_SD * x)


def _draws(x: Array, y: Array, sd: Array, sessions: npt.NDArray[np.intp], per_degree: float) -> tuple[Array, Array]:
    """Return draws of height and slope of the line, the same ones every time. (draws,) each."""
    table = np.column_stack([np.ones_like(x), x, y])
    is_of = (sessions[:, None] == np.arange(sessions.max() + 1)).astype(np.float64)  # (n, sessions)
    offsets = (_GRID * OFFSET_SCALE_DEG * per_degree) ** 2
    cells = [_products(table, sd**2 + (s * SCATTER_SCALE_DEG * per_degree) ** 2, offsets, is_of) for s in _GRID]
    products, logdet = (np.concatenate(part) for part in zip(*cells, strict=True))  # (cells, 3, 3), (cells,)
    precision, wanted = products[:, :2, :2], products[:, :2, 2]
    means = np.linalg.solve(precision, wanted[:, :, None])[:, :, 0]
    fit = products[:, 2, 2] - (means * wanted).sum(axis=1)
    logdet = logdet + np.linalg.slogdet(precision)[1]
    prior = (_GRID[:, None] ** 2 + _GRID[None, :] ** 2).ravel()
    weights = -0.5 * (fit + logdet + prior)  # restricted likelihood, half-normal priors
    roots = np.linalg.cholesky(np.linalg.inv(precision))
    chances = np.exp(weights - weights.max())
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(chances), size=_DRAWS, p=chances / chances.sum())
    drawn = means[chosen] + np.einsum("nij,nj->ni", roots[chosen], rng.standard_normal((_DRAWS, 2)))
    return drawn[:, 0], drawn[:, 1]


def _products(table: Array, own: Array, shared: Array, is_of: Array) -> tuple[Array, Array]:
    """Return Zᵀ V⁻¹ Z (m, 3, 3) and log |V| (m,), V having ``own`` on its diagonal and ``shared`` within sessions.

    V is a diagonal and one rank for each session, so that its inverse is known (Sherman and Morrison).

    Parameters
    ----------
    table : (n, 3)
        Z: one, load, flexion.
    own : (n,)
    shared : (m,)
        Variances of a session's offset to try.
    is_of : (n, sessions)
        1 where a set is of a session.
    """
    weighted = table / own[:, None]
    sums = is_of.T @ weighted  # (sessions, 3); its first column sums the weights
    per_session = 1.0 + shared[:, None] * sums[:, 0]  # (m, sessions)
    lost = np.einsum("si,sj,ms->mij", sums, sums, shared[:, None] / per_session)
    return table.T @ weighted - lost, np.log(own).sum() + np.log(per_session).sum(axis=1)


def _crossing(
    a: Array, b: Array, limit: float, *, centre: float, most_kg: float
) -> tuple[tuple[float, float, float], str]:
    """Return the load at which the line crosses the limit with its interval, or why it cannot be told."""
    nothing = (math.nan, math.nan, math.nan)
    if float(np.mean(b > 0.0)) < LEAST_RISING:
        return nothing, "lumbar flexion does not surely rise with the load"
    crossing = np.where(b > 0.0, centre + (limit - a) / np.where(b > 0.0, b, 1.0), np.inf)
    low, middle, high = (float(q) for q in np.quantile(crossing, QUANTILES))
    if middle > REACH * most_kg:
        return nothing, f"the limit lies beyond what was lifted: surely above {max(low, 0.0):.0f} kg"
    if middle < 0.0 or not math.isfinite(high):
        return nothing, "the load at which the limit is crossed is not known well enough"
    return (middle, max(low, 0.0), high), ""
