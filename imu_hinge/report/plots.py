"""Draw a result: the set over time, the spine angle of each rep, lumbar against pelvis, and all three.

It does not compute, filter or save: lines are the result's own numbers in degrees, and `style.save_figure` saves.
Every function draws on the Axes it is given, or on those of a new figure; nothing here knows pyplot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.model import Array
from imu_hinge.report import style as look
from imu_hinge.report import wording as words
from imu_hinge.report.annotations import (
    annotate,
    draw_flags,
    draw_limit,
    draw_phases,
    draw_reps,
    draw_warnings,
    limit_label,
    mark_turns,
    warnings_in,
)
from imu_hinge.report.curves import PERCENT, RepCurves, envelope, rep_curves, set_part
from imu_hinge.report.style import save_figure
from imu_hinge.result import SetResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_angle_angle", "plot_angles", "plot_lumbar", "plot_reps", "plot_set", "save_figure"]

SPINE: Final = (cv.PELVIS_TILT, cv.TRUNK_INCLINATION, cv.LUMBAR_FLEXION)
"""The angles of the spine, which is what the figures are about."""

_NUMBER_HEIGHT_DEG: Final = 4.0
"""About the height of a number in `plot_reps` [deg]."""

_TITLE_CHARACTERS: Final = 56  # of the text as it is drawn
_SHEET_CHARACTERS: Final = 95
"""What fits into a line above one panel, and above the sheet."""

_CANNOT_TELL: Final = "lumbar flexion: cannot tell"


def _title(result: SetResult) -> str:
    """Return the title of one panel, in two lines where it is long."""
    text = words.title(result)
    return text if len(text) <= _TITLE_CHARACTERS else text.replace(" · lumbar", "\nlumbar")


def plot_angles(
    result: SetResult, *, ax: Axes | None = None, phases: bool = True, angles: Sequence[int] = SPINE
) -> Axes:
    """Draw the set over time: pelvis, trunk and lumbar flexion with its band, reps numbered with their verdicts.

    The lumbar limit is not in it, as it is no limit of pelvis and trunk: `plot_lumbar` shows it.

    Gaps are hatched, clipped samples are ticks on the time axis, turning points are dots. It shows from ten seconds
    before the first rep to ten after the last; where there is no rep, the whole recording. Long series are drawn by
    their envelope (`curves.envelope`), so no peak is lost.

    Parameters
    ----------
    result
        What the analysis found.
    ax
        Where to draw; by default the Axes of a new figure.
    phases
        Whether to shade descent, bottom, ascent and top.
    angles
        Which of the spine's angles, by their indices in `conventions`.
    """
    if ax is None:
        with look.styled():
            return plot_angles(result, ax=look.new_axes(9.0, 4.4), phases=phases, angles=angles)
    shown = set_part(result)
    time_s = words.times_from_start(result)[shown]
    known = [index for index in angles if cv.ANGLES[index] in words.seen_segments(result)]
    for index in known:
        _draw_over_time(ax, result, shown, index=index)
    inclination = np.degrees(result.posture.inclination_rad[shown])
    if not known and np.isfinite(inclination).any():
        kept = envelope(inclination)
        ax.plot(time_s[kept], inclination[kept], lw=1.3, color="0.4", label="the sensor's own inclination")
    is_told = words.set_basis(result) != words.CANNOT_TELL
    if is_told and cv.LUMBAR_FLEXION in angles:
        _draw_band_over_time(ax, result, shown)
    mark_turns(ax, result)
    if phases:
        draw_phases(ax, result)
    draw_reps(ax, result)
    draw_flags(ax, result)
    ax.set(xlabel="time (s)", ylabel="change from standing (°)", title=_title(result))
    if not is_told:
        ax.plot([], [], lw=1.3, label=_CANNOT_TELL, **_segment_style("lumbar_flexion"))
    if time_s.size > 1:
        ax.set_xlim(time_s[0], time_s[-1])
    look.legend_below(ax)
    return ax


def plot_lumbar(result: SetResult, *, ax: Axes | None = None) -> Axes:
    """Draw lumbar flexion over time against its limit, with its band, reps numbered with their verdicts.

    Parameters
    ----------
    result
        What the analysis found.
    ax
        Where to draw; by default the Axes of a new figure.
    """
    if ax is None:
        with look.styled():
            return plot_lumbar(result, ax=look.new_axes(9.0, 3.4))
    shown = set_part(result)
    time_s = words.times_from_start(result)[shown]
    ax.set(xlabel="time (s)", ylabel="lumbar flexion (°)", title=_title(result))
    if words.set_basis(result) == words.CANNOT_TELL:
        annotate(ax, _CANNOT_TELL)
    else:
        _draw_over_time(ax, result, shown, index=cv.LUMBAR_FLEXION)
        _draw_band_over_time(ax, result, shown)
        draw_limit(ax, result.athlete)
    draw_reps(ax, result)
    draw_flags(ax, result)
    if time_s.size > 1:
        ax.set_xlim(time_s[0], time_s[-1])
    look.legend_below(ax)
    return ax


def _draw_over_time(ax: Axes, result: SetResult, shown: slice, *, index: int) -> None:
    """Draw one angle over time; lumbar flexion, which the verdicts are about, is the thickest line."""
    name = cv.ANGLES[index]
    degrees = np.degrees(result.posture.angles_rad[shown, index])
    kept = envelope(degrees)
    time_s = words.times_from_start(result)[shown][kept]
    width = 2.4 if index == cv.LUMBAR_FLEXION else 1.3
    ax.plot(time_s, degrees[kept], lw=width, label=words.SEGMENT_WORDS[name], **_segment_style(name))


def _segment_style(name: str) -> dict[str, Any]:
    """Return colour and line style of one angle."""
    return {"color": look.SEGMENT_COLOURS[name], "ls": look.SEGMENT_LINES[name]}


def _draw_band_over_time(ax: Axes, result: SetResult, shown: slice) -> None:
    """Shade one standard deviation around lumbar flexion, and its 95 % interval where that leans to one side."""
    degrees = np.degrees(result.posture.angles_rad[shown, cv.LUMBAR_FLEXION])
    sd = np.degrees(result.posture.sd_rad[shown, cv.LUMBAR_FLEXION])
    kept = envelope(degrees)
    low, high = degrees[kept] - sd[kept], degrees[kept] + sd[kept]
    colour = look.SEGMENT_COLOURS["lumbar_flexion"]
    time_s = words.times_from_start(result)[shown][kept]
    ax.fill_between(time_s, low, high, color=colour, alpha=0.25, lw=0, label="± 1 sd")
    if any(lift.is_lopsided for lift in result.lifts):
        ends = [column[shown, cv.LUMBAR_FLEXION][kept] for column in (result.posture.low_rad, result.posture.high_rad)]
        ax.fill_between(time_s, *np.degrees(ends), color=colour, alpha=0.12, lw=0, label="95 % interval")


def plot_reps(result: SetResult, *, ax: Axes | None = None) -> Axes:
    """Draw the spine angle of each rep on 0 to 100 %: trunk, pelvis, and between them lumbar flexion.

    Every rep is a thin line, the mean is bold; the gap between trunk and pelvis is filled, its band is one standard
    deviation of lumbar flexion, and the dotted line is how far the trunk would be at the athlete's limit. Half-way is
    the turning point (see `curves.rep_curves`). Where one sensor saw one segment, that is drawn, and no gap.

    Parameters
    ----------
    result
        What the analysis found.
    ax
        Where to draw; by default the Axes of a new figure.
    """
    if ax is None:
        with look.styled():
            return plot_reps(result, ax=look.new_axes(6.6, 5.2))
    curves = rep_curves(result)
    for index in (cv.PELVIS_TILT, cv.TRUNK_INCLINATION):
        _draw_reps_and_mean(ax, result, curves, index=index)
    _draw_gap(ax, result, curves)
    ends, middle = ("floor", "lockout") if result.exercise in cv.FLOOR_EXERCISES else ("top", "bottom")
    ax.axvline(50.0, color="0.6", lw=0.8, zorder=0)
    ax.set_xticks([0, 25, 50, 75, 100], [f"0\n{ends}", "25", f"50\n{middle}", "75", f"100\n{ends}"])
    ax.set(xlim=(0, 100), xlabel="percent of rep (%)", ylabel="change from standing (°)", title=_title(result))
    look.legend_below(ax, gap_in=0.74)
    return ax


def _draw_reps_and_mean(ax: Axes, result: SetResult, curves: RepCurves, *, index: int) -> None:
    """Draw one segment: thin lines for the reps, darker where a rep passed the limit, and the bold mean."""
    name = cv.ANGLES[index]
    for lift, degrees in zip(result.lifts, curves.angles_deg[:, :, index], strict=True):
        is_over = lift.verdict.label == "lumbar_flexion"
        ax.plot(PERCENT, degrees, lw=1.0 if is_over else 0.7, alpha=0.8 if is_over else 0.4, **_segment_style(name))
    mean = curves.mean_deg(index)
    if np.isfinite(mean).any():
        ax.plot(PERCENT, mean, lw=2.8, label=words.SEGMENT_WORDS[name], **_segment_style(name))


def _draw_gap(ax: Axes, result: SetResult, curves: RepCurves) -> None:
    """Fill the gap between pelvis and trunk, with its band and the limit, or say why there is none."""
    pelvis, lumbar = curves.mean_deg(cv.PELVIS_TILT), curves.mean_deg(cv.LUMBAR_FLEXION)
    sd = curves.mean_sd_deg(cv.LUMBAR_FLEXION)
    trunk = pelvis + lumbar
    if not result.lifts:
        annotate(ax, "no rep was found")
        ax.set_ylim(-5, 90)
        return
    if not np.isfinite(trunk).any():
        annotate(ax, _CANNOT_TELL, y=0.85 if result.exercise in cv.FLOOR_EXERCISES else 0.2)
        return
    basis = words.set_basis(result)
    fill: dict[str, Any] = {"fc": look.SEGMENT_COLOURS["lumbar_flexion"], "lw": 0, "interpolate": True, "zorder": 1}
    dots = "" if basis == "measured" else "...."
    ax.fill_between(
        PERCENT, pelvis, trunk, trunk >= pelvis, alpha=0.35, hatch=dots, label=f"lumbar flexion, {basis}", **fill
    )
    if (lumbar < -sd).any():
        label = f"lumbar extension, {basis}"
        ax.fill_between(PERCENT, pelvis, trunk, trunk < pelvis, alpha=0.2, hatch="\\\\\\", label=label, **fill)
    ax.fill_between(PERCENT, trunk - sd, trunk + sd, fc="#00000030", ec="#00000080", lw=0.7, label="± 1 sd", zorder=1.5)
    limit = pelvis + math.degrees(result.athlete.limit_rad)
    ax.plot(PERCENT, limit, color=look.LIMIT_COLOUR, ls=":", lw=1.6, label=limit_label(result.athlete, who="trunk"))
    _name_gap(ax, result, lumbar, pelvis=pelvis)
    _number_reps_over(ax, result, curves)


def _name_gap(ax: Axes, result: SetResult, lumbar: Array, *, pelvis: Array) -> None:
    """Mark the largest mean gap with an arrow that says its size, and the peaks of the reps, where no line runs."""
    inside = np.where((PERCENT >= 3) & (PERCENT <= 97), lumbar, np.nan)  # at the very edge an arrow would be cut off
    if not np.isfinite(inside).any():
        return
    near_peak = np.flatnonzero(inside >= np.nanmax(inside) - 0.5)
    at = int(near_peak[np.argmin(np.abs(near_peak - 50))])
    low, high = float(pelvis[at]), float(pelvis[at] + lumbar[at])
    ends = {"arrowstyle": "<->", "lw": 1.4, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (PERCENT[at], high), (PERCENT[at], low), arrowprops=ends, zorder=6)
    bottom, top = ax.get_ylim()
    ax.set_ylim(bottom, top + 0.22 * (top - bottom))  # room for the text above all lines
    height = ax.get_ylim()[1] - 0.1 * (ax.get_ylim()[1] - bottom)
    ax.annotate(
        f"mean lumbar flexion {high - low:.0f}°\nthe reps peak at {words.peak_words(result)}",
        (PERCENT[at], 0.5 * (low + high)),
        xytext=(50.0, height),
        ha="center",
        va="center",
        weight="bold",
        arrowprops={"arrowstyle": "-", "color": "0.5", "lw": 0.8, "shrinkB": 2},
        zorder=6,
    )


def _number_reps_over(ax: Axes, result: SetResult, curves: RepCurves) -> None:
    """Write the number of each rep past the limit at the deepest point of its trunk, unless it meets another."""
    at = 100 if result.exercise in cv.FLOOR_EXERCISES else 50
    over = [i for i, lift in enumerate(result.lifts) if lift.verdict.label == "lumbar_flexion"]
    depths = {i: float(curves.angles_deg[i, at, cv.TRUNK_INCLINATION]) for i in over}
    style: dict[str, Any] = {
        "size": look.small_text_pt(),
        "color": look.SEGMENT_COLOURS["trunk_inclination"],
        "textcoords": "offset points",
    }
    style |= {"xytext": (3, 0), "va": "center"} if at == 100 else {"xytext": (0, 1), "ha": "center", "va": "bottom"}
    last_deg = math.inf
    for i in sorted(over, key=lambda i: -depths[i]):
        if last_deg - depths[i] > _NUMBER_HEIGHT_DEG:
            last_deg = depths[i]
            ax.annotate(f"rep {result.lifts[i].rep + 1}", (at, depths[i]), annotation_clip=False, **style)


def plot_angle_angle(result: SetResult, *, ax: Axes | None = None) -> Axes:
    """Draw lumbar flexion against pelvis tilt: how the bend is shared between the spine and the hips.

    Every rep is a thin line, the mean is bold: solid to the turning point, dashed after it, with one standard deviation
    of lumbar flexion where the bend is deepest. Dots are turning points.

    Parameters
    ----------
    result
        What the analysis found.
    ax
        Where to draw; by default the Axes of a new figure.
    """
    if ax is None:
        with look.styled():
            return plot_angle_angle(result, ax=look.new_axes(6.0, 5.2))
    curves = rep_curves(result)
    pelvis, lumbar = curves.angles_deg[:, :, cv.PELVIS_TILT], curves.angles_deg[:, :, cv.LUMBAR_FLEXION]
    colour = look.SEGMENT_COLOURS["lumbar_flexion"]
    for x, y in zip(pelvis, lumbar, strict=True):
        ax.plot(x, y, color=colour, lw=0.8, alpha=0.5)
    is_told = bool(np.isfinite(pelvis + lumbar).any())
    if is_told:
        _draw_mean_loop(ax, result, curves)
        draw_limit(ax, result.athlete)
        ax.margins(0.08)
    else:
        annotate(ax, _CANNOT_TELL if result.lifts else "no rep was found")
        ax.set(xlim=(-5, 90), ylim=(-5, 60))
    ax.set(xlabel="pelvis tilt, change from standing (°)", ylabel="lumbar flexion (°)", title=_title(result))
    look.legend_below(ax)
    return ax


def _draw_mean_loop(ax: Axes, result: SetResult, curves: RepCurves) -> None:
    """Draw the mean rep, solid to the turning point and dashed after it, with its band and dots."""
    x, y = curves.mean_deg(cv.PELVIS_TILT), curves.mean_deg(cv.LUMBAR_FLEXION)
    first, second = ("pull", "lowering") if result.exercise in cv.FLOOR_EXERCISES else ("descent", "rise")
    ax.plot(x[:51], y[:51], color="black", lw=2.4, label=f"{first} (mean)")
    ax.plot(x[50:], y[50:], color="black", lw=2.0, ls=(0, (3, 1.5)), label=f"{second} (mean)")
    turns = curves.angles_deg[:, 50]
    deepest = int(np.nanargmax(x))
    sd = curves.mean_sd_deg(cv.LUMBAR_FLEXION)[deepest]
    if math.isfinite(sd):
        ax.errorbar(x[deepest], y[deepest], sd, color="black", lw=1.4, capsize=4, capthick=1.4, label="± 1 sd")
    label = "turning points"
    ax.plot(turns[:, cv.PELVIS_TILT], turns[:, cv.LUMBAR_FLEXION], "o", ms=4, color="black", mfc="white", label=label)


def plot_set(result: SetResult) -> Figure:
    """Draw the whole result on one sheet: each rep, lumbar against pelvis, the set over time, and every warning."""
    is_told = words.set_basis(result) != words.CANNOT_TELL
    rows: list[Any] = [["reps", "pair"], ["time", "time"], *([["lumbar", "lumbar"]] if is_told else [])]
    with look.styled():
        figure = look.new_figure(11.0, 8.6 + 2.6 * is_told + warnings_in(result))
        panels = figure.subplot_mosaic(rows, width_ratios=[1.35, 1], height_ratios=[1.15, 1, 0.8][: len(rows)])
        plot_reps(result, ax=panels["reps"]).set_title("Spine angle of each rep")
        plot_angle_angle(result, ax=panels["pair"]).set_title("Lumbar spine against pelvis")
        angles = SPINE[:2] if is_told else SPINE
        plot_angles(result, ax=panels["time"], angles=angles).set_title("Pelvis and trunk over time")
        if is_told:
            plot_lumbar(result, ax=panels["lumbar"]).set_title("Lumbar flexion over time")
        lines = [words.title(result)]
        lines += wrap(words.verdict_summary(result), _SHEET_CHARACTERS) if result.lifts else []
        figure.suptitle("\n".join(lines), fontsize=13, weight="bold", x=0.01, ha="left", parse_math=False)
        draw_warnings(figure, result)
    return figure
