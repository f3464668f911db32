"""Draw a history: lumbar flexion over the load with its line and the limit, and over time.

It computes nothing: the line is that of `load_curve`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from imu_hinge.conventions import NORMAL_95
from imu_hinge.history.history_words import heading
from imu_hinge.history.load_curve import LoadCurve, load_curve
from imu_hinge.history.trends import groups
from imu_hinge.past_set import PastSet
from imu_hinge.report import style as look
from imu_hinge.report.annotations import annotate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_IN = 4.0
"""Height of a group's row on a sheet [inch]."""
MOST_DATES = 5
"""So many dates fit below an axis."""


def plot_history(sets: Sequence[PastSet]) -> Figure:
    """Draw every group of sets that can be compared in a row of a sheet: over the load, and over time."""
    told = groups(sets)
    with look.styled():
        figure = look.new_figure(11.0, ROW_IN * max(len(told), 1))
        panels = figure.subplots(max(len(told), 1), 2, squeeze=False)
        for (left, right), (group, those) in zip(panels, told.items(), strict=False):
            plot_load(those, ax=left).set_title(heading(group, those), loc="left")
            plot_time(those, ax=right).set_title("")
        if not told:
            annotate(panels[0, 0], "no set was found")
    return figure


def plot_load(sets: Sequence[PastSet], *, ax: Axes) -> Axes:
    """Draw lumbar flexion in percent of the range over the load, with line, interval, limit and crossing.

    Parameters
    ----------
    sets
        Of one group.
    ax
        Where to draw.
    """
    known = [one for one in sets if math.isfinite(one.load_kg) and math.isfinite(one.percent)]
    ax.set(xlabel="load (kg)", ylabel="lumbar flexion (% of range)")
    if not known:
        annotate(ax, "no set has a load and a lumbar angle")
        return ax
    _draw_sets(ax, known, [one.load_kg for one in known])
    curve = load_curve(sets)
    if curve is not None:
        _draw_curve(ax, curve)
    ax.axhline(known[-1].limit_percent, color=look.LIMIT_COLOUR, ls=":", lw=1.4, label="limit")
    look.legend_below(ax)
    return ax


def _draw_curve(ax: Axes, curve: LoadCurve) -> None:
    ax.fill_between(curve.loads_kg, curve.low, curve.high, color="0.85", lw=0, zorder=0, label="95 % interval")
    ax.plot(curve.loads_kg, curve.percent, color="black", lw=2.0, label="line")
    if not curve.reason:
        ends = [curve.crossing_low_kg], [curve.crossing_high_kg]
        reach = np.abs(np.array(ends) - curve.crossing_kg)
        ax.errorbar(
            [curve.crossing_kg], [curve.limit], xerr=reach, fmt="D", color="black", mfc="white", capsize=5, lw=2.0,
            label=f"crosses at {curve.crossing_kg:.0f} kg",
        )  # fmt: skip


def _draw_sets(ax: Axes, sets: Sequence[PastSet], x: Sequence[float]) -> None:
    """Draw each set with its 95 % interval; hollow where there were no cues."""
    colour = look.SEGMENT_COLOURS["lumbar_flexion"]
    for hollow, label in ((False, "set"), (True, "set without cues")):
        chosen = [at for at, one in enumerate(sets) if (one.cued is False) == hollow]
        if chosen:
            ax.errorbar(
                [x[at] for at in chosen],
                [sets[at].percent for at in chosen],
                [NORMAL_95 * sets[at].percent_sd for at in chosen],
                fmt="o", ms=6, mfc="white" if hollow else colour, color=colour, lw=1.2, label=label,
            )  # fmt: skip


def plot_time(sets: Sequence[PastSet], *, ax: Axes) -> Axes:
    """Draw lumbar flexion in percent of the range over the days.

    Parameters
    ----------
    sets
        Of one group.
    ax
        Where to draw.
    """
    known = [one for one in sets if one.day and math.isfinite(one.percent)]
    ax.set(xlabel="date", ylabel="lumbar flexion (% of range)")
    if not known:
        annotate(ax, "no set has a date and a lumbar angle")
        return ax
    days = [float(date.fromisoformat(one.day).toordinal()) for one in known]
    _draw_sets(ax, known, days)
    ax.axhline(known[-1].limit_percent, color=look.LIMIT_COLOUR, ls=":", lw=1.4, label="limit")
    different = sorted(set(days))
    ticks = different[:: 1 + (len(different) - 1) // MOST_DATES]
    ax.set_xticks(ticks, [date.fromordinal(int(day)).strftime("%d.%m.%y") for day in ticks])
    ax.set_xlim(different[0] - 1.0, different[-1] + 1.0)
    look.legend_below(ax)
    return ax
