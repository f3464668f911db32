"""Draw a session of several sets on one sheet; a single set is drawn by `plots`.

It does not compute: lines are the result's own numbers in degrees.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.report import style as look
from imu_hinge.report import wording as words
from imu_hinge.report.annotations import annotate, draw_limit, draw_warnings, warnings_in
from imu_hinge.report.curves import envelope
from imu_hinge.report.plots import plot_set
from imu_hinge.report.session_tables import session_title, verdict_words
from imu_hinge.result import SetResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_LABEL_IN = 1.6
"""Width that a set's label in words needs [inch]; where there is less, its number stands alone."""


def plot_session(result: SetResult) -> Figure:
    """Draw the sets over time, and each rep's lumbar peak by set; a session of one set as `plots.plot_set` does."""
    if len(result.set_list) < 2:
        return plot_set(result)
    with look.styled():
        figure = look.new_figure(11.0, 7.6 + warnings_in(result))
        time, peaks = figure.subplots(2, 1, height_ratios=[1, 1.15])
        draw_session(result, ax=time)
        draw_peaks(result, ax=peaks)
        figure.suptitle(session_title(result), fontsize=13, weight="bold", x=0.01, ha="left")
        draw_warnings(figure, result)
    return figure


def draw_session(result: SetResult, *, ax: Axes) -> Axes:
    """Draw pelvis and trunk over the session, the sets shaded and numbered."""
    from_s, time_s = words.start_of(result), result.posture.time_s
    for index in (cv.PELVIS_TILT, cv.TRUNK_INCLINATION):
        degrees = np.degrees(result.posture.angles_rad[:, index])
        kept = envelope(degrees)
        name = cv.ANGLES[index]
        ax.plot(
            (time_s[kept] - from_s) / 60.0,
            degrees[kept],
            color=look.SEGMENT_COLOURS[name],
            lw=0.7,
            label=words.SEGMENT_WORDS[name],
        )
    above = ax.get_xaxis_transform()
    for row in result.set_rows():
        start_min, stop_min = ((row[key] - from_s) / 60.0 for key in ("start_s", "stop_s"))
        ax.axvspan(start_min, stop_min, color="0.88", zorder=0)
        middle_min = 0.5 * (start_min + stop_min)
        ax.text(middle_min, 0.985, str(row["set"] + 1), transform=above, ha="center", va="top", weight="bold")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.1 * (high - low))  # room for the numbers
    ax.set(xlabel="time (min)", ylabel="change from standing (°)", title="The session over time, sets numbered")
    look.legend_below(ax)
    return ax


def draw_peaks(result: SetResult, *, ax: Axes) -> Axes:
    """Draw the lumbar peak of every rep with one standard deviation, side by side within its set."""
    places, labels, at = [], [], 0
    rows = result.set_rows()
    has_room = ax.figure.get_figwidth() > _LABEL_IN * len(rows)  # type: ignore[union-attr]
    for row in rows:
        reps = result.reps_of(row["set"])
        for rep in reps:
            mark, colour = look.VERDICT_MARKS[rep.verdict.label]
            peak, sd = math.degrees(rep.lumbar_flexion_peak_rad), math.degrees(rep.lumbar_flexion_peak_sd_rad)
            if math.isfinite(peak):
                ax.errorbar(at, peak, sd, color="0.6", lw=0.9, zorder=2)
                ax.plot(at, peak, mark, color=colour, ms=6, mew=1.6, zorder=3)
            at += 1
        load = f", {row['load_kg']:g} kg" if math.isfinite(row["load_kg"]) else ""
        name = words.exercise_words(row["exercise"])
        told = f": {name}{load}\n{verdict_words(row['verdicts']).replace(', ', chr(10))}"
        labels.append(f"{row['set'] + 1}{told if has_room else ''}")
        places.append(at - 0.5 * (len(reps) + 1))
        ax.axvline(at, color="0.85", lw=0.8, zorder=0)
        at += 1
    if not any(math.isfinite(rep.lumbar_flexion_peak_rad) for rep in result.lifts):
        annotate(ax, "lumbar flexion: cannot tell")
    draw_limit(ax, result.athlete)
    ax.set_xticks(places, labels, size=look.small_text_pt())
    look.legend_below(ax, gap_in=0.8 if has_room else 0.5)  # under labels of several lines
    ax.set(
        xlim=(-1, at),
        xlabel="" if has_room else "set",
        ylabel="lumbar peak (°)",
        title="Lumbar flexion of each rep, by set, ± 1 sd",
    )
    return ax
