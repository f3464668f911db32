"""Analyse, draw and calibrate from the command line: parse, call the library, print. No logic lives here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imu_hinge.cli import options as o
from imu_hinge.cli.console import compile_first, say, show, show_warnings, working

if TYPE_CHECKING:
    from imu_hinge.analysis.offline import Calibrated
    from imu_hinge.athlete import Athlete
    from imu_hinge.report.coaching import SetSeen
    from imu_hinge.result import SetResult


def analyze(  # noqa: PLR0913  # one parameter per option
    source: o.Source,
    height: o.Height = None,
    athlete: o.AthleteFile = None,
    exercise: o.Exercise = "auto",
    as_live: o.AsLive = False,
    number: o.OneSet = None,
    plan: o.PlanFile = None,
    reps: Annotated[Path | None, typer.Option(help="Write the table of reps to this CSV file.")] = None,
    sets: Annotated[Path | None, typer.Option(help="Write the table of sets to this CSV file.")] = None,
    angles: Annotated[Path | None, typer.Option(help="Write the angles over time to this CSV file.")] = None,
    as_json: o.Json = False,
    report: Annotated[Path | None, typer.Option(help="Write a one-file HTML report.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Print the report as PDF; needs Chromium, Chrome or Edge.")] = None,
    settings: o.SettingsFile = None,
    repair: o.Repair = False,
    overwrite: o.Overwrite = False,
) -> None:
    """Analyse a recording: its sets and reps, spine angles with their error, verdicts with their reasons."""
    from imu_hinge.report.live_changes import live_changes
    from imu_hinge.report.session_tables import chosen_set, write_sets_csv
    from imu_hinge.report.tables import write_angles_csv, write_reps_csv

    tables = (("--reps", reps, (".csv",)), ("--sets", sets, (".csv",)), ("--angles", angles, (".csv",)))
    wanted = (*tables, ("--report", report, (".html", ".htm")), ("--pdf", pdf, (".pdf",)))
    _check_outputs(wanted, [*source, athlete, settings, plan], overwrite=overwrite)

    who, more = _who(athlete, height), {"settings": settings, "plan": plan}
    whole = _analyzed(source, who, exercise, as_live=as_live, repair=repair, **more)
    result = chosen_set(whole, number)
    if sets is not None:
        write_sets_csv(result, sets)
    if reps is not None:
        write_reps_csv(result, reps)
    if angles is not None:
        write_angles_csv(result, angles)
    if report is not None:
        from imu_hinge.report.html.page import write_page  # which loads jinja2 and matplotlib

        write_page(result, report, past=_past(source, whole))
    if pdf is not None:
        from imu_hinge.report.html.print_pdf import write_pdf

        write_pdf(result, pdf, past=_past(source, whole))
    show(result, as_json=as_json)
    if not (as_live or as_json or number) and _has_journal(source):
        live = _analyzed(source, who, exercise, as_live=True, repair=repair, **more)
        for line in live_changes(live, whole):
            say(line)


def plot(  # noqa: PLR0913  # one parameter per option
    source: o.Source,
    out: Annotated[Path, typer.Option("--out", "-o", help="PNG, SVG or PDF, by its ending.")] = Path("spine.png"),
    height: o.Height = None,
    athlete: o.AthleteFile = None,
    exercise: o.Exercise = "auto",
    as_live: o.AsLive = False,
    number: o.OneSet = None,
    overwrite: o.Overwrite = False,
) -> None:
    """Draw a set: the spine angle of each rep, the set over time, lumbar against pelvis; or a session of several."""
    from imu_hinge.report.session_plot import plot_session
    from imu_hinge.report.session_tables import chosen_set
    from imu_hinge.report.style import save_figure
    from imu_hinge.report.wording import number_of

    _check_outputs([("--out", out, (".png", ".svg", ".pdf"))], [*source, athlete], overwrite=overwrite)
    result = chosen_set(_analyzed(source, _who(athlete, height), exercise, as_live=as_live), number)
    say(f"{number_of(len(result.lifts), 'rep', 'reps')} drawn in {save_figure(plot_session(result), out)}")
    show_warnings(result)


def subtitles(
    source: o.Source,
    out: Annotated[Path, typer.Option("--out", "-o", help="WebVTT or ASS, by its ending.")] = Path("set.vtt"),
    video_offset: Annotated[
        float,
        typer.Option("--video-offset", help="Second of the video at which the recording begins; may be negative."),
    ] = 0.0,
    height: o.Height = None,
    athlete: o.AthleteFile = None,
    exercise: o.Exercise = "auto",
    overwrite: o.Overwrite = False,
) -> None:
    """Write subtitles for a video of the set: rep, verdict, and lumbar flexion in percent of the range."""
    from imu_hinge.report.subtitles import write_subtitles

    _check_outputs([("--out", out, (".vtt", ".ass"))], [*source, athlete], overwrite=overwrite)
    result = _analyzed(source, _who(athlete, height), exercise, as_live=False)
    say(f"Subtitles of {len(result.lifts)} reps: {write_subtitles(result, out, offset_s=video_offset)}")
    show_warnings(result)


def calibrate(  # noqa: PLR0913  # one parameter per option
    source: o.Source,
    to: Annotated[Path, typer.Option("--to", help="Athlete file to write.")],
    clean_hinge: Annotated[
        list[int] | None, typer.Option(min=1, help="Number of a clean hinge, from 1; give it for each.")
    ] = None,
    full_bow: Annotated[list[int] | None, typer.Option(min=1, help="Number of a full round bow, from 1.")] = None,
    guided: Annotated[bool, typer.Option("--guided", help="Recognise two clean hinges and a full bow.")] = False,
    height: o.Height = None,
    athlete: o.AthleteFile = None,
    exercise: o.Exercise = "auto",
) -> None:
    """Take an athlete's own references from clean hinges and full bows, and write the athlete file.

    Record this, without a weight: stand for 3 s, two clean hinges, one full round bow, stand. A clean hinge: a dowel
    touches head, upper back and sacrum all the way, knees soft. A full bow: knees soft, the back as round as it goes.

    \b
    lean       __         __        ____
              /  \\       /  \\      /    \\
    _________/    \\_____/    \\____/      \\______  time
    stand 3 s  hinge 1   hinge 2   full bow  stand

    Then --guided finds out by itself which is which. Or look at `analyze` and give the numbers, counted from 1 as it
    prints them. What the athlete file knows already and this recording does not tell is kept.
    """  # noqa: D301  # a backslash and b keep the drawing as it is
    if guided == bool(clean_hinge or full_bow):
        raise typer.BadParameter("give either --guided, or the numbers with --clean-hinge and --full-bow")
    from imu_hinge import read
    from imu_hinge.analysis.offline import calibrated
    from imu_hinge.athlete import read_athlete, write_athlete

    _check_outputs([("--to", to, ())], source, overwrite=True)
    before = read_athlete(to) if to.exists() else None
    compile_first()
    with working("Reading the calibration"):
        found = calibrated(
            read(source),
            [number - 1 for number in clean_hinge or []],
            [number - 1 for number in full_bow or []],
            athlete=_merged(_who(athlete, height), before),
            exercise=exercise,
        )
    for line in calibration_words(found):
        say(line)
    say(f"References written to {write_athlete(found.athlete, to)}{', into what it held' if before else ''}")


def calibration_words(found: Calibrated) -> list[str]:
    """Say of each bend that references were taken from how it was understood, reps counted from 1."""
    return [
        f"Rep {rep + 1} at {at_s:.1f} s, {'full bow' if bend.is_bow else 'clean hinge'}: trunk "
        f"{math.degrees(bend.trunk_rad):.0f} degrees, lumbar flexion {math.degrees(bend.lumbar_rad):.0f} "
        f"± {2.0 * math.degrees(bend.lumbar_sd_rad):.0f}."
        for bend, rep, at_s in zip(found.taken, found.reps, found.times_s, strict=True)
    ]


def _check_outputs(
    wanted: Sequence[tuple[str, Path | None, tuple[str, ...]]], read: Sequence[str | Path | None], *, overwrite: bool
) -> None:
    """Refuse, before any work, options whose file cannot be written or would replace what is read."""
    from imu_hinge.storage.outputs import Output, check_outputs

    outputs = [Output(option, path, endings, overwrite) for option, path, endings in wanted if path is not None]
    check_outputs(outputs, [item for item in read if item is not None])


def _analyzed(
    source: list[str],
    athlete: Athlete | None,
    exercise: str,
    *,
    as_live: bool,
    settings: Path | None = None,
    plan: Path | None = None,
    repair: bool = False,
) -> SetResult:
    from imu_hinge import analyze as analyze_recording
    from imu_hinge import read
    from imu_hinge.analysis.offline import with_what_is_noted
    from imu_hinge.model import check_exercise
    from imu_hinge.plan import read_plan
    from imu_hinge.settings import Settings, read_settings

    check_exercise(exercise)
    chosen = read_settings(settings) if settings is not None else Settings()
    compile_first()
    with working("Analysing"):
        recording = read(
            source[0] if len(source) == 1 else source, repair=repair, as_live=as_live, limits=chosen.limits
        )
        result = analyze_recording(
            recording,
            athlete=_merged(athlete, recording.athlete),
            exercise=exercise,
            as_live=as_live,
            settings=chosen,
            name=" ".join(Path(item).name for item in source),
            plan=() if plan is None else read_plan(plan),
        )
        return with_what_is_noted(result, recording)


def _past(source: list[str], result: SetResult) -> list[SetSeen]:
    """Return what the athlete's earlier sets showed, where a library of recordings lies around this one."""
    from imu_hinge.history.remember import seen_before

    return seen_before(Path(source[0]), result) if len(source) == 1 else []


def _has_journal(source: list[str]) -> bool:
    """Tell a recording that was made at the bar, where verdicts were told."""
    from imu_hinge.recovery.read import journal_folder

    return journal_folder(source) is not None


def _who(path: Path | None, height_m: float | None) -> Athlete | None:
    from imu_hinge.athlete import Athlete, read_athlete, with_values

    if path is None and height_m is None:
        return None
    return with_values(read_athlete(path) if path is not None else Athlete(), height_m=height_m)


def _merged(given: Athlete | None, recorded: Athlete | None) -> Athlete | None:
    from imu_hinge.athlete import merged

    return recorded if given is None else given if recorded is None else merged(given, recorded)
