"""Draw what changes from rep to rep: the lumbar peak against what can be told apart, and the tempo.

It does not compute or judge: values are the reps' own, the smallest change is that of the settings.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from imu_hinge.report import style as look
from imu_hinge.report import wording as words
from imu_hinge.report.annotations import annotate, draw_limit
from imu_hinge.result import Rep, SetResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_drift(result: SetResult, *, ax: Axes) -> Axes:
    """Draw the lumbar peak of each rep with its 95 % interval, and shade what cannot be told from the first two reps.

    Parameters
    ----------
    result
        One set.
    ax
        Where to draw.
    """
    known = [lift for lift in result.lifts if math.isfinite(lift.lumbar_flexion_peak_rad)]
    ax.set(xlabel="rep", ylabel="lumbar peak (°)", title="Over the set")
    if not known:
        annotate(ax, "lumbar flexion: cannot tell" if result.lifts else "no rep was found")
        return ax
    peaks = [math.degrees(lift.lumbar_flexion_peak_rad) for lift in known]
    first, change = float(np.median(peaks[:2])), words.change_deg(result)
    if len(known) > 1:
        label = f"less than {change:.0f}° from the first two"
        ax.axhspan(first - change, first + change, color="0.88", lw=0, zorder=0, label=label)
    for lift, peak in zip(known, peaks, strict=True):
        low, high = (math.degrees(end) for end in _interval_rad(lift))
        ax.plot([lift.rep + 1] * 2, [low, high], color=look.SEGMENT_COLOURS["lumbar_flexion"], lw=4, alpha=0.4)
        shape, colour = look.VERDICT_MARKS[lift.verdict.label]
        ax.plot(lift.rep + 1, peak, shape, color=colour, ms=7, mew=1.8, zorder=4)
    draw_limit(ax, result.athlete)
    _rep_axis(ax, result)
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, 0.0), high)
    look.legend_below(ax)
    return ax


def _interval_rad(lift: Rep) -> tuple[float, float]:
    low, high = lift.lumbar_flexion_peak_low_rad, lift.lumbar_flexion_peak_high_rad
    if math.isfinite(low) and math.isfinite(high):
        return low, high
    return lift.lumbar_flexion_peak_rad, lift.lumbar_flexion_peak_rad


def plot_tempo(result: SetResult, *, ax: Axes) -> Axes:
    """Draw how long each rep's ascent, pause and descent took, one on the other.

    Parameters
    ----------
    result
        One set.
    ax
        Where to draw.
    """
    ax.set(xlabel="rep", ylabel="time (s)", title="Tempo")
    bottom = np.zeros(len(result.lifts))
    numbers = [lift.rep + 1 for lift in result.lifts]
    looks = {
        "ascent": (look.OKABE_ITO["blue"], ""),
        "pause": ("0.75", "..."),
        "descent": (look.OKABE_ITO["orange"], "///"),
    }
    for name, (colour, hatch) in looks.items():
        values = np.array([getattr(lift, f"{name}_s") for lift in result.lifts], dtype=np.float64)
        values = np.where(np.isfinite(values), values, 0.0)
        if values.any():
            ax.bar(numbers, values, bottom=bottom, color=colour, hatch=hatch, ec="white", lw=0.5, label=name)
        bottom = bottom + values
    _rep_axis(ax, result)
    look.legend_below(ax)
    return ax


def _rep_axis(ax: Axes, result: SetResult) -> None:
    """Put the numbers of the reps on the axis, no more of them than there is room for."""
    numbers = [lift.rep + 1 for lift in result.lifts]
    step = 1 + len(numbers) // 12
    ax.set_xticks(numbers[::step])
    if numbers:
        ax.set_xlim(numbers[0] - 0.6, numbers[-1] + 0.6)
