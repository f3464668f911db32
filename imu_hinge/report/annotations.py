"""Draw what lies around the lines of a figure: phases, reps and verdicts, turning points, flags, the limit.

It does not draw the angles themselves; `plots` does.
"""

from __future__ import annotations

import math
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.model import Region
from imu_hinge.report import style as look
from imu_hinge.report import wording as words
from imu_hinge.result import SetResult
from imu_hinge.signals import regions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHEET_CHARACTERS: Final = 150
_WARNING_LINE_IN: Final = 0.17
"""What of a warning fits into a line below a sheet, and how high a line is."""

_NUMBER_WIDTH: Final = 0.03
"""Room that a rep's number needs, as a share of the set's duration; where there is less, some are left out."""


def annotate(ax: Axes, text: str, *, y: float = 0.5) -> None:
    """Write a sentence into the middle of the Axes, at a height of 0 to 1.

    Parameters
    ----------
    ax
    text
    y
        Height of its middle, as a share of the Axes.
    """
    box = {"boxstyle": "round,pad=0.4", "fc": "white", "ec": "0.6"}
    ax.text(0.5, y, text, transform=ax.transAxes, ha="center", va="center", weight="bold", bbox=box, zorder=6)


def _warning_lines(result: SetResult) -> list[str]:
    """Return every warning with a mark and then what was mended, in lines that fit the sheet."""
    told = [f"! {text}" for text in result.doubts] + [f"How it was made: {text}" for text in result.mended]
    return [line for text in told for line in wrap(text, _SHEET_CHARACTERS, subsequent_indent="   ")]


def warnings_in(result: SetResult) -> float:
    """Return the height that the warnings need below a sheet [inch]."""
    return _WARNING_LINE_IN * len(_warning_lines(result))


def draw_warnings(figure: Figure, result: SetResult) -> None:
    """Write every warning below the panels of a sheet 11 inches wide."""
    lines = _warning_lines(result)
    if lines:
        figure.supxlabel("\n".join(lines), fontsize=9, x=0.01, ha="left", parse_math=False)


def limit_label(athlete: Athlete, *, who: str) -> str:
    """Return the limit's entry in a legend, in two lines where it is long."""
    return f"{who} at {words.limit_words(athlete)}".replace(" (", "\n(")


def draw_limit(ax: Axes, athlete: Athlete) -> None:
    """Draw the lumbar limit as a labelled line, saying where it comes from."""
    label = limit_label(athlete, who="lumbar flexion")
    ax.axhline(math.degrees(athlete.limit_rad), color=look.LIMIT_COLOUR, ls=":", lw=1.4, label=label)


def _spans_s(result: SetResult, parts: list[Region]) -> list[tuple[float, float]]:
    """Return ranges as (start, width) [s] from the recording's start; a region ends with its last sample's period."""
    time_s, period_s = words.times_from_start(result), 1.0 / result.posture.rate_hz
    return [(float(time_s[r.start]), float(time_s[r.stop - 1] - time_s[r.start] + period_s)) for r in parts]


def draw_phases(ax: Axes, result: SetResult) -> None:
    """Shade descent, bottom, ascent and top over the full height."""
    for name, tint in look.PHASE_TINTS.items():
        spans = _spans_s(result, regions(result.phase == cv.PHASES.index(name)))
        if spans:
            ax.broken_barh(spans, (0, 1), transform=ax.get_xaxis_transform(), fc=tint, lw=0, zorder=0, label=name)


def mark_turns(ax: Axes, result: SetResult) -> None:
    """Put a dot on the known lines of pelvis and trunk at each turning point."""
    time_s = words.times_from_start(result)
    turns_s = np.array([lift.turn_s - words.start_of(result) for lift in result.lifts])
    label: str | None = "turning point"
    for index in (cv.PELVIS_TILT, cv.TRUNK_INCLINATION):
        degrees = np.degrees(result.posture.angle_rad(index))
        if turns_s.size and np.isfinite(degrees).any():
            style: dict[str, Any] = {"color": look.SEGMENT_COLOURS[cv.ANGLES[index]], "mec": "white", "mew": 0.6}
            ax.plot(turns_s, np.interp(turns_s, time_s, degrees), "o", ms=4.5, zorder=4, label=label, **style)
            label = None


def draw_reps(ax: Axes, result: SetResult) -> None:
    """Write the numbers of the reps above the lines, each with the mark of its verdict."""
    if not result.lifts:
        return
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.24 * (high - low))
    above = ax.get_xaxis_transform()
    middles_s = [0.5 * (lift.start_s + lift.end_s) - words.start_of(result) for lift in result.lifts]
    for label, (mark, colour) in look.VERDICT_MARKS.items():
        middles = [m for m, lift in zip(middles_s, result.lifts, strict=True) if lift.verdict.label == label]
        if middles:
            name = f"verdict: {words.VERDICT_WORDS[label]}"
            heights = np.full(len(middles), 0.88)
            ax.plot(middles, heights, mark, color=colour, ms=6, mew=1.6, transform=above, label=name, zorder=5)
    last_s = -math.inf
    room_s = _NUMBER_WIDTH * (result.lifts[-1].end_s - result.lifts[0].start_s)
    for middle_s, lift in zip(middles_s, result.lifts, strict=True):
        if middle_s - last_s > room_s:
            last_s = middle_s
            ax.text(last_s, 0.995, str(lift.rep + 1), transform=above, ha="center", va="top", weight="bold")


def draw_flags(ax: Axes, result: SetResult) -> None:
    """Hatch gaps, tick clipped samples on the time axis and draw a line where a sensor slipped."""
    flags, time_s = result.posture.flags, words.times_from_start(result)
    above = ax.get_xaxis_transform()
    gaps = _spans_s(result, regions((flags & cv.Flag.GAP) != 0))
    if gaps:
        ax.broken_barh(
            gaps, (0, 0.84), transform=above, fc="none", ec="0.4", hatch="////", lw=0.5, label="gap in the data"
        )
    clipped_s = time_s[(flags & cv.Flag.CLIPPED) != 0]
    if clipped_s.size:
        ax.plot(
            clipped_s, np.zeros(clipped_s.size), "|", ms=10, mew=1.2, color="black", transform=above, label="clipped"
        )
    for number, slip in enumerate(regions((flags & cv.Flag.SLIPPED) != 0)):
        label = "sensor slipped" if number == 0 else None
        ax.axvline(float(time_s[slip.start]), color="black", lw=1.8, ls=(0, (1, 1)), label=label)
