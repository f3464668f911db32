"""Write a result as one HTML file that opens anywhere, prints well and loads nothing from elsewhere.

It does not compute or choose words: numbers are the result's, words are those of `wording`, figures those of `plots`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from imu_hinge import __version__
from imu_hinge import conventions as cv
from imu_hinge.report import plots, style
from imu_hinge.report import wording as words
from imu_hinge.report.output_files import write_atomic
from imu_hinge.report.session_plot import draw_peaks, draw_session
from imu_hinge.report.session_tables import set_heading
from imu_hinge.report.tables import degrees_words, peak_words, percent_words
from imu_hinge.result import Rep, SetResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FLAG_WORDS: Final = {
    cv.Flag.GAP: "samples missing",
    cv.Flag.DUPLICATE: "delivered more than once, kept once",
    cv.Flag.REORDERED: "arrived out of order, put back",
    cv.Flag.RESET: "the sensor's clock started again",
    cv.Flag.CLIPPED: "at the end of the sensor's range",
    cv.Flag.UNEVEN: "off the even time grid",
    cv.Flag.UNALIGNED: "mounting not known, or known badly",
    cv.Flag.SLIPPED: "after the sensor moved on the body",
    cv.Flag.DRIFTING: "sensor bias not yet known",
    cv.Flag.SUSPECT: "from a packet that broke a rule of its format",
    cv.Flag.MISFIT: "in a set that does not fit the stated body and places",
    cv.Flag.DISAGREEING: "from an accelerometer and a gyroscope that do not fit each other",
}

_TIME_CAPTIONS: Final = (
    "The set over time, reps numbered, each with the mark of its verdict.",
    "The session over time, sets numbered; below it every rep's lumbar peak, each with the mark of its verdict.",
)
"""Of one set, and of several."""

ATHLETE_WORDS: Final = {
    "height_m": ("body height", "m"),
    "shank_m": ("shank length", "m"),
    "thigh_m": ("thigh length", "m"),
    "trunk_m": ("trunk length", "m"),
    "arm_m": ("arm length", "m"),
    "lumbar_max_flexion_deg": ("largest lumbar flexion", "°"),
    "lumbar_max_flexion_sd_deg": ("its standard deviation", "°"),
    "lumbar_limit_deg": ("lumbar limit", "°"),
    "knee_limit_deg": ("knee limit for a squat", "°"),
    "neutral_lumbar_deg": ("lumbar flexion in a clean hinge", "°"),
    "neutral_lumbar_sd_deg": ("its standard deviation", "°"),
    "neutral_pelvis_tilt_deg": ("pelvis tilt in a clean hinge", "°"),
    "neutral_drop_m": ("drop of the pelvis in a clean hinge", "m"),
    "plate_radius_m": ("bar height with the plates on the floor", "m"),
}


def write_page(result: SetResult, path: str | Path) -> Path:
    """Write the report as one HTML file, whole or not at all.

    Raises
    ------
    HingeError
        Where the file cannot be written.
    """
    return write_atomic(path, page(result).encode())


def page(result: SetResult) -> str:
    """Return the report as HTML text: figures and style are inside, no script and no other file is needed."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    source = resources.files("imu_hinge.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        title=words.title(result),
        result=result,
        origin=_origin(result),
        sentences=words.headline(result),
        evidence=words.sentence(result.exercise_evidence),
        figures=_figures(result),
        parts=_parts(result),
        time_caption=_TIME_CAPTIONS[len(result.set_list) > 1],
        other=words.other_line(result),
        findings=_findings(result),
        assumptions=_assumptions(result),
        limit=words.limit_words(result.athlete),
        samples=_samples(result),
        flags=_flags(result),
        alignment=[
            (name, percent_words(share), share < result.settings.alignment.quality_min)
            for name, share in result.alignment_quality.items()
        ],
        alignment_floor=percent_words(result.settings.alignment.quality_min),
        change=f"{words.change_deg(result):.0f}°",
        version=__version__,
    )


def _parts(result: SetResult) -> list[dict[str, Any]]:
    """Return for every set its heading, its rows and the figure of its reps; a set that is alone has no heading."""
    alone = len(result.set_list) < 2
    each = [result] if alone else [result.of_set(number) for number in range(len(result.set_list))]
    return [
        {
            "heading": "" if alone else set_heading(result, number),
            "rows": [_row(lift, words.start_of(result)) for lift in one.lifts],
            "figure": _figure(one, plots.plot_reps, name="reps" if alone else f"reps{number + 1}", height_in=5.2),
        }
        for number, one in enumerate(each)
    ]


def _figures(result: SetResult) -> dict[str, Any]:
    """Return the figures as SVG elements for the page, by name; None where there would be nothing to see."""
    is_told = bool(result.lifts) and words.set_basis(result) != words.CANNOT_TELL
    is_session = len(result.set_list) > 1
    draw_time = draw_session if is_session else plots.plot_angles
    return {
        "time": _figure(result, draw_time, name="time", height_in=5.6),
        "peaks": _figure(result, draw_peaks, name="peaks", height_in=5.0) if is_session else None,
        "pair": None
        if is_session or not is_told
        else _figure(result, plots.plot_angle_angle, name="pair", height_in=5.0),
    }


def _figure(result: SetResult, draw: Callable[..., Axes], *, name: str, height_in: float) -> Any:
    """Return one figure as an SVG element; its title is the page's, but SIMULATED stays in the picture."""
    with style.styled():
        figure = style.new_figure(6.2, height_in)
        draw(result, ax=figure.add_subplot()).set_title("SIMULATED" if result.is_simulated else "")
    return inline_svg(figure, name=name, label=f"{words.title(result)}: {name}")


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
    return Markup(text.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1))


def _origin(result: SetResult) -> str:
    """Return which recording, whose, and how it was analysed, as far as known."""
    way = "as it was told live, from the past alone" if result.is_live else "from the whole recording"
    return " · ".join(filter(None, (result.recording_name, result.athlete.name, way)))


def _row(lift: Rep, from_s: float) -> dict[str, str]:
    """Return one rep's cells, by heading; time counts from ``from_s``."""
    basis = words.lumbar_basis(lift.lumbar_flexion_peak_rad, lift.basis)
    peak = peak_words(lift)
    return {
        "rep": str(lift.rep + 1),
        "start": f"{lift.start_s - from_s:.1f} s",
        "lumbar peak ± sd": basis if basis == words.CANNOT_TELL else f"{peak} {basis}",
        "pelvis peak": degrees_words(lift.pelvis_tilt_peak_rad),
        "trunk peak": degrees_words(lift.trunk_inclination_peak_rad),
        "lumbar share": percent_words(lift.lumbar_share),
        "verdict": words.verdict_words(lift),
        "sure": percent_words(lift.verdict.confidence),
        "why": words.sentence(lift.verdict.reason),
        "data": lift.quality,
    }


def _findings(result: SetResult) -> list[tuple[str, str]]:
    """Return each finding with the reps and the instants at which it happened."""
    found, from_s = [], words.start_of(result)
    for name in cv.FINDINGS:
        lifts = [lift for lift in result.lifts if name in lift.verdict.findings]
        if lifts:
            of = {lift.set: f"set {lift.set + 1} " if len(result.set_list) > 1 else "" for lift in lifts}
            moments = [
                f"{of[lift.set]}rep {lift.rep + 1} at {words.finding_time_s(lift, name) - from_s:.1f} s"
                for lift in lifts
            ]
            found.append((words.FINDING_WORDS[name], ", ".join(moments)))
    return found


def _assumptions(result: SetResult) -> list[tuple[str, str, str]]:
    """Return (what, value, whose) for everything known or assumed about the athlete."""
    lines = []
    for key, (name, unit) in ATHLETE_WORDS.items():
        value = result.athlete.value(key)
        if math.isfinite(value):
            text = f"{value:.3f} m" if unit == "m" else f"{value:.1f}{unit}"
            lines.append((name, text, "default, assumed" if key in result.athlete.assumed else "yours"))
    return lines


def _samples(result: SetResult) -> str:
    """Return how much was recorded, in words."""
    posture = result.posture
    if len(posture) < 2:
        return f"{len(posture)} samples"
    return (
        f"{len(posture)} instants over {posture.time_s[-1] - posture.time_s[0]:.1f} s, {posture.rate_hz:.0f} per second"
    )


def _flags(result: SetResult) -> list[tuple[str, str]]:
    """Return (what is wrong, how many samples) for every flag that somebody carries."""
    flags, n = result.posture.flags, max(len(result.posture), 1)
    counts = {name: int(np.count_nonzero(flags & flag.value)) for flag, name in FLAG_WORDS.items()}
    return [(name, f"{count} ({100 * count / n:.1f} %)") for name, count in counts.items() if count]
