"""Write a result as one HTML file that opens anywhere, prints well and loads nothing from elsewhere.

It does not compute or choose words: numbers are the result's, words those of `wording`, `first_screen` and `coaching`,
figures those of `plots`, `rep_panels` and `rep_charts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from imu_hinge import __version__
from imu_hinge import conventions as cv
from imu_hinge.report import coaching, plots, rep_panels, style
from imu_hinge.report import wording as words
from imu_hinge.report.html import first_screen, how_made, rep_charts
from imu_hinge.report.output_files import write_atomic
from imu_hinge.report.reasons import doubt_lines, side_words
from imu_hinge.report.session_plot import draw_peaks, draw_session
from imu_hinge.report.session_tables import rest_words, set_heading, verdict_words
from imu_hinge.report.tables import degrees_words, peak_words, percent_words
from imu_hinge.result import Rep, SetResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TIME_CAPTIONS: Final = (
    "The set over time, reps numbered, each with the mark of its verdict.",
    "The session over time, sets numbered.",
)
"""Of one set, and of several."""

_FIGURE_IN: Final = 4.6
_LEAST_PT: Final = 11.5
"""Width of a figure and its smallest text: on a phone 390 px wide it is drawn at 358 px, and the text at 12 px."""


def write_page(result: SetResult, path: str | Path, *, past: Sequence[coaching.SetSeen] = ()) -> Path:
    """Write the report as one HTML file, whole or not at all.

    Parameters
    ----------
    result
    path
    past
        Earlier sets of the same person, oldest first, for `coaching.suggestions`.

    Raises
    ------
    HingeError
        Where the file cannot be written.
    """
    return write_atomic(path, page(result, past=past).encode())


def page(result: SetResult, *, past: Sequence[coaching.SetSeen] = ()) -> str:
    """Return the report as HTML text: figures and style are inside, no script and no other file is needed.

    Parameters
    ----------
    result
    past
        Earlier sets of the same person, oldest first, for `coaching.suggestions`.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    source = resources.files("imu_hinge.report.html").joinpath("page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        title=words.title(result),
        result=result,
        is_session=len(result.set_list) > 1,
        about=words.about_words(result),
        origin=" · ".join(filter(None, (result.recording_name, words.way_words(result)))),
        meanings=(words.SHARE_WORDS, words.SURE_WORDS, words.DATA_WORDS),
        lead=first_screen.lead(result),
        sentences=words.headline(result)[1:],
        evidence=words.sentence(result.exercise_evidence),
        figures=_figures(result),
        chapters=_chapters(result, past),
        sets=_overview(result),
        time_caption=_TIME_CAPTIONS[len(result.set_list) > 1],
        other=words.other_line(result),
        findings=_findings(result),
        assumptions=how_made.assumptions(result),
        limit=words.limit_words(result.athlete),
        samples=how_made.samples(result),
        flags=how_made.flag_rows(result),
        put_right=how_made.flag_rows(result, harmless=True),
        poor=how_made.poor_reps(result),
        doubts=doubt_lines(result),
        alignment=[
            (name, percent_words(share), share < result.settings.alignment.quality_min)
            for name, share in result.alignment_quality.items()
        ],
        alignment_floor=percent_words(result.settings.alignment.quality_min),
        change=f"{words.change_deg(result):.0f}°",
        glossary=rep_charts.glossary_svg(),
        version=__version__,
    )


def _chapters(result: SetResult, past: Sequence[coaching.SetSeen]) -> list[dict[str, Any]]:
    """Return what is said of every set; that of a set that is alone has no heading."""
    if not result.lifts:
        return []
    alone = len(result.set_list) < 2
    found, before = [], list(past)
    for number in range(len(result.set_list)):
        one = result if alone else result.of_set(number)
        name = "" if alone else f"{number + 1}"
        found.append(
            {
                "id": f"set-{number + 1}",
                "heading": "" if alone else set_heading(result, number),
                "lead": first_screen.lead(one),
                "tiles": first_screen.tiles(one),
                "range": first_screen.range_words(one),
                "next": coaching.suggestions(one, past=before),
                "charts": rep_charts.rep_charts(one),
                "charts_caption": rep_charts.drawn_words(one),
                "bodies": rep_charts.bodies(one),
                "figure": _figure(one, plots.plot_reps, name=f"reps{name}", height_in=5.4),
                "drift": _drift(one, name=f"drift{name}"),
                "rows": [_row(lift, result) for lift in one.lifts],
            }
        )
        before.append(coaching.seen_in(one))
    return found


def _overview(result: SetResult) -> list[dict[str, str]]:
    """Return the sets of a session as rows of words; nothing of a set that is alone."""
    if len(result.set_list) < 2:
        return []
    return [
        {
            "set": str(row["set"] + 1),
            "exercise": words.exercise_words(row["exercise"], count=2),
            "reps": str(row["reps"]),
            "load": f"{row['load_kg']:g} kg" if row["load_kg"] == row["load_kg"] else "–",
            "rest": f"{rest_words(row['rest_before_s'])}",
            "verdicts": verdict_words(row["verdicts"]),
        }
        for row in result.set_rows()
    ]


def _figures(result: SetResult) -> dict[str, Any]:
    """Return the figures of the whole as SVG elements, by name; None where there would be nothing to see."""
    is_told = bool(result.lifts) and words.set_basis(result) != words.CANNOT_TELL
    is_session = len(result.set_list) > 1
    draw_time = partial(plots.plot_angles, angles=plots.SPINE[:2]) if is_told else plots.plot_angles
    is_one = is_told and not is_session
    return {
        "time": _figure(result, draw_session if is_session else draw_time, name="time", height_in=5.8),
        "lumbar": _figure(result, plots.plot_lumbar, name="lumbar", height_in=4.6) if is_one else None,
        "peaks": _figure(result, draw_peaks, name="peaks", height_in=5.0) if is_session else None,
        "pair": _figure(result, plots.plot_angle_angle, name="pair", height_in=5.0) if is_one else None,
    }


def _figure(result: SetResult, draw: Callable[..., Axes], *, name: str, height_in: float) -> Any:
    """Return one figure as an SVG element; its title is the page's, but SIMULATED stays in the picture."""
    with style.styled(least_pt=_LEAST_PT):
        figure = style.new_figure(_FIGURE_IN, height_in)
        draw(result, ax=figure.add_subplot()).set_title("SIMULATED" if result.is_simulated else "")
    return inline_svg(figure, name=name, label=f"{words.title(result)}: {name}")


def _drift(result: SetResult, *, name: str) -> Any:
    """Return lumbar peak and tempo of each rep as one SVG element."""
    with style.styled(least_pt=_LEAST_PT):
        figure = style.new_figure(_FIGURE_IN, 6.2)
        upper, lower = figure.subplots(2, 1, height_ratios=[1.25, 1])
        rep_panels.plot_drift(result, ax=upper).set_title("SIMULATED" if result.is_simulated else "")
        rep_panels.plot_tempo(result, ax=lower).set_title("")
    return inline_svg(figure, name=name, label=f"{words.title(result)}: lumbar peak and tempo of each rep")


def inline_svg(figure: Figure, *, name: str, label: str) -> Any:
    """Return a figure as an SVG element that can stand beside others: ids begin with its name, no prolog.

    Parameters
    ----------
    figure
    name
        Begins every id; no two figures of a page share it.
    label
        What a screen reader says.

    Returns
    -------
    markupsafe.Markup
        What a template puts in as it is.
    """
    from markupsafe import Markup, escape

    text = style.figure_bytes(figure, ".svg").decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", text)
    text = text.replace("*{stroke-", ".plot *{stroke-")  # or the figure's style would be that of the whole page
    return Markup(text.replace("<svg ", f'<svg class="plot" role="img" aria-label="{escape(label)}" ', 1))


def _row(lift: Rep, result: SetResult) -> dict[str, str]:
    """Return one rep's cells, by heading; time counts from the recording's start."""
    basis = words.lumbar_basis(lift.lumbar_flexion_peak_rad, lift.basis)
    peak = peak_words(lift)
    return {
        "rep": str(lift.rep + 1),
        "start": f"{lift.start_s - words.start_of(result):.1f} s",
        "lumbar peak ± sd": basis if basis == words.CANNOT_TELL else f"{peak} {basis}",
        "pelvis peak ± sd": _peak(result, lift, cv.PELVIS_TILT),
        "trunk peak ± sd": _peak(result, lift, cv.TRUNK_INCLINATION),
        "lumbar share": percent_words(lift.lumbar_share),
        "back": side_words(lift, lift.lumbar_over, result),
        "knees": side_words(lift, lift.knees_over, result).replace("its", "their"),
        "verdict": words.verdict_words(lift),
        "how sure": percent_words(lift.verdict.confidence),
        "why": words.sentence(lift.verdict.reason),
        "data A-D": lift.quality,
    }


def _peak(result: SetResult, lift: Rep, index: int) -> str:
    """Return a rep's largest angle with its standard deviation at that instant."""
    peak_rad, posture = float(getattr(lift, f"{cv.ANGLES[index]}_peak_rad")), result.posture
    start, stop = np.searchsorted(posture.time_s, [lift.start_s, lift.end_s])
    apart = np.abs(posture.angles_rad[start : stop + 1, index] - peak_rad)
    if not np.isfinite(apart).any():
        return degrees_words(peak_rad)
    return degrees_words(peak_rad, float(posture.sd_rad[start + int(np.nanargmin(apart)), index]))


def _findings(result: SetResult) -> list[tuple[str, str]]:
    """Return each finding once, with the reps of each set in which it was found and the instants."""
    found, from_s = [], words.start_of(result)
    for name in cv.FINDINGS:
        places = []
        for number in sorted({lift.set for lift in result.lifts}):
            lifts = [lift for lift in result.reps_of(number) if name in lift.verdict.findings]
            if lifts:
                which = f"set {number + 1}, " if len(result.set_list) > 1 else ""
                times = [f"{words.finding_time_s(lift, name) - from_s:.1f}" for lift in lifts]
                told = ", ".join(times[: words.TIMES_NAMED]) + (" ..." if len(times) > words.TIMES_NAMED else "")
                places.append(f"{which}{words.rep_list(lifts)} (at {told} s)")
        if places:
            found.append((words.FINDING_WORDS[name], "; ".join(places)))
    return found
