"""Parse the command line, call the library, print. No logic lives here.

Exit codes: 0; 2 for a wrong call; 10 and up per class of error (`errors`); 130 after Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imu_hinge import __version__
from imu_hinge.errors import HingeError
from imu_hinge.live import commands
from imu_hinge.text import LONGEST_TEXT, one_line

if TYPE_CHECKING:
    from imu_hinge.athlete import Athlete
    from imu_hinge.result import SetResult

app = typer.Typer(
    name="imu-hinge",
    help="How much of every rep came from the hips and how much from the lumbar spine.",
    epilog="Example: imu-hinge analyze sacrum=pelvis.csv t12=back.csv --height 1.78 --report set.html",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)

Source = Annotated[
    list[str], typer.Argument(metavar="SOURCE...", help="A recording's folder, or PLACEMENT=file.csv, several.")
]
Height = Annotated[float | None, typer.Option(help="Body height in m; sharpens every inferred angle.")]
AthleteFile = Annotated[Path | None, typer.Option("--athlete", help="Athlete file (TOML), see calibrate.")]
Exercise = Annotated[str, typer.Option(help="auto, deadlift, rdl, swing, good_morning, squat or drill.")]
AsLive = Annotated[bool, typer.Option("--as-live", help="Use only the past at every instant, as at the bar.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="Settings file (TOML).")]
OneSet = Annotated[int | None, typer.Option("--set", min=1, help="Of a session, show this set alone, from 1.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]
Repair = Annotated[bool, typer.Option("--repair", help="Read what is there of a recording that is not whole.")]


@app.command()
def analyze(  # noqa: PLR0913  # one parameter per option
    source: Source,
    height: Height = None,
    athlete: AthleteFile = None,
    exercise: Exercise = "auto",
    as_live: AsLive = False,
    number: OneSet = None,
    reps: Annotated[Path | None, typer.Option(help="Write the table of reps to this CSV file.")] = None,
    sets: Annotated[Path | None, typer.Option(help="Write the table of sets to this CSV file.")] = None,
    angles: Annotated[Path | None, typer.Option(help="Write the angles over time to this CSV file.")] = None,
    as_json: Json = False,
    report: Annotated[Path | None, typer.Option(help="Write a one-file HTML report.")] = None,
    settings: SettingsFile = None,
    repair: Repair = False,
) -> None:
    """Analyse a recording: its sets and reps, spine angles with their error, verdicts with their reasons."""
    from imu_hinge.report.session_tables import chosen_set, write_sets_csv
    from imu_hinge.report.tables import write_angles_csv, write_reps_csv

    whole = _analyze(source, _who(athlete, height), exercise, as_live=as_live, settings=settings, repair=repair)
    result = chosen_set(whole, number)
    if sets is not None:
        write_sets_csv(result, sets)
    if reps is not None:
        write_reps_csv(result, reps)
    if angles is not None:
        write_angles_csv(result, angles)
    if report is not None:
        from imu_hinge.report.page import write_page  # which loads jinja2 and matplotlib

        write_page(result, report)
    _show(result, as_json=as_json)


@app.command()
def plot(
    source: Source,
    out: Annotated[Path, typer.Option("--out", "-o", help="PNG, SVG or PDF, by its ending.")] = Path("spine.png"),
    height: Height = None,
    athlete: AthleteFile = None,
    exercise: Exercise = "auto",
    as_live: AsLive = False,
    number: OneSet = None,
) -> None:
    """Draw a set: the spine angle of each rep, the set over time, lumbar against pelvis; or a session of several."""
    from imu_hinge.report.session_plot import plot_session
    from imu_hinge.report.session_tables import chosen_set
    from imu_hinge.report.style import save_figure

    result = chosen_set(_analyze(source, _who(athlete, height), exercise, as_live=as_live), number)
    _say(f"{len(result.lifts)} reps drawn in {save_figure(plot_session(result), out)}")


@app.command()
def convert(
    source: Source,
    to: Annotated[str, typer.Option("--to", help="Folder of the new recording, or of plain CSVs with --csv.")],
    csv: Annotated[bool, typer.Option("--csv", help="Write plain CSV files instead of a recording.")] = False,
    exercise: Annotated[str | None, typer.Option(help="What was lifted; written into the recording.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace what is there.")] = False,
) -> None:
    """Convert plain CSVs or vendors' exports into a recording, or a recording into plain CSVs.

    Where an export holds several devices, choose one: sacrum=export.txt:DEVICE.
    """
    from imu_hinge import read
    from imu_hinge.storage import exporters
    from imu_hinge.storage.recording import is_placed

    given = source[0] if len(source) == 1 else source
    recording = exporters.read_any(given) if all(map(is_placed, source)) else read(given)  # which knows journals too
    if exercise is not None:
        recording = replace(recording, exercise=exercise)
    for path in exporters.write_any(recording, [to], to="csv" if csv else None, overwrite=overwrite):
        _say(str(path))
    for warning in recording.warnings:
        _say(warning, err=True)


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to write the recording and its truth to.")],
    exercise: Annotated[str | None, typer.Option(help="deadlift, rdl, swing, good_morning, squat, drill.")] = None,
    style: Annotated[str | None, typer.Option(help="Such as good_hinge, squatty, stoop, progressive_rounding.")] = None,
    placement: Annotated[list[str] | None, typer.Option(help="Where a sensor sits; may be given twice.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same set.")] = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace what is there.")] = False,
) -> None:
    """Simulate a set of a virtual lifter, with the truth beside the samples; no person is measured."""
    from imu_hinge import write
    from imu_hinge.simulate.session import random_set
    from imu_hinge.simulate.truth import write_truth

    made = random_set(seed, exercise=exercise, style=style, placements=placement or ["sacrum", "t12"])
    folder = write(made.recording, out, overwrite=overwrite)
    write_truth(folder / "truth.json", made.truth)
    _say(f"Simulated {made.truth.exercise}, {made.truth.style}, {len(made.truth.reps)} reps: {folder}")


@app.command()
def demo(
    out: Annotated[Path, typer.Argument(help="Folder for the picture, the table and the report.")] = Path("demo-out"),
) -> None:
    """Show the main job on a simulated set: a picture, a table and a report."""
    from imu_hinge import analyze as analyze_recording
    from imu_hinge.report.page import write_page
    from imu_hinge.report.plots import plot_set
    from imu_hinge.report.style import save_figure
    from imu_hinge.report.tables import write_reps_csv
    from imu_hinge.simulate.session import random_set

    _compile_first()
    with _working("Simulating and analysing a set"):
        made = random_set(4, exercise="deadlift", style="progressive_rounding")
        result = analyze_recording(made.recording, name="demo")
        out.mkdir(parents=True, exist_ok=True)
        save_figure(plot_set(result), out / "spine.png")
        write_reps_csv(result, out / "reps.csv")
        write_page(result, out / "report.html")
    _show(result, as_json=False)
    _say(f"Written to {out}: spine.png, reps.csv, report.html")


@app.command()
def calibrate(
    source: Source,
    to: Annotated[Path, typer.Option("--to", help="Athlete file to write.")],
    clean_hinge: Annotated[list[int], typer.Option(help="Number of a clean hinge, from 0; give it for each.")],
    full_bow: Annotated[list[int] | None, typer.Option(help="Number of a full round bow, from 0.")] = None,
    height: Height = None,
    athlete: AthleteFile = None,
    exercise: Exercise = "auto",
) -> None:
    """Take an athlete's own references from clean hinges (dowel) and full bows, and write the athlete file."""
    from imu_hinge import calibrate as references_of
    from imu_hinge import read
    from imu_hinge.athlete import write_athlete

    _compile_first()
    with _working("Reading the calibration"):
        found = references_of(
            read(source),
            athlete=_who(athlete, height),
            clean_hinge=clean_hinge,
            full_bow=full_bow or [],
            exercise=exercise,
        )
    _say(f"References written to {write_athlete(found, to)}")


for _command in (commands.scan, commands.record, commands.repair, commands.doctor):
    app.command()(_command)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run the command line; every refusal is one sentence and its class's exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # what a terminal cannot show is no reason to stop
    try:
        with _stopped_in_order():
            try:
                app()
            finally:
                if sys.stdout is not None:  # a program may be started without one
                    sys.stdout.flush()
    except HingeError as error:
        typer.echo(f"imu-hinge: {error}", err=True)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        typer.echo("imu-hinge: stopped; nothing half-written was left.", err=True)
        raise SystemExit(130) from None
    except OSError as error:
        _give_up_output()
        _say(f"imu-hinge: {error}. Free some space, or choose another place.", err=True)
        raise SystemExit(HingeError.exit_code) from None


@contextmanager
def _stopped_in_order() -> Iterator[None]:
    """Let a request to end unwind the program as Ctrl-C does, so that nothing half-written is left."""

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    is_main = threading.current_thread() is threading.main_thread()  # only there a signal can be taken
    numbers = [getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")] if is_main else []
    taken = [n for n in numbers if n is not None and signal.getsignal(n) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _say(text: str, *, err: bool = False) -> None:
    """Print one line, whatever a path or a file's note in it holds."""
    typer.echo(one_line(text, longest=LONGEST_TEXT), err=err)


def _give_up_output() -> None:
    """Drop what waits for a standard output that takes no more, or it fails once more at the end."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _analyze(
    source: list[str],
    athlete: Athlete | None,
    exercise: str,
    *,
    as_live: bool,
    settings: Path | None = None,
    repair: bool = False,
) -> SetResult:
    from imu_hinge import analyze as analyze_recording
    from imu_hinge import read
    from imu_hinge.model import check_exercise
    from imu_hinge.settings import Settings, read_settings

    check_exercise(exercise)
    chosen = read_settings(settings) if settings is not None else Settings()
    _compile_first()
    with _working("Analysing"):
        recording = read(
            source[0] if len(source) == 1 else source, repair=repair, as_live=as_live, limits=chosen.limits
        )
        return analyze_recording(
            recording,
            athlete=_merged(athlete, recording.athlete),
            exercise=exercise,
            as_live=as_live,
            settings=chosen,
            name=" ".join(Path(item).name for item in source),
        )


def _who(path: Path | None, height_m: float | None) -> Athlete | None:
    from imu_hinge.athlete import Athlete, read_athlete, with_values

    if path is None and height_m is None:
        return None
    return with_values(read_athlete(path) if path is not None else Athlete(), height_m=height_m)


def _merged(given: Athlete | None, recorded: Athlete | None) -> Athlete | None:
    from imu_hinge.athlete import merged

    return recorded if given is None else given if recorded is None else merged(given, recorded)


def _show(result: SetResult, *, as_json: bool) -> None:
    from imu_hinge.report.tables import as_json as json_of
    from imu_hinge.report.session_tables import terminal_parts
    from imu_hinge.report.wording import other_line

    if as_json:
        typer.echo(json_of(result))
        return
    from rich.console import Console

    console = Console()
    for part in terminal_parts(result):
        console.print(part, markup=False)
    if result.other_bends:
        console.print(other_line(result), markup=False)
    for warning in result.warnings:
        console.print(warning, style="yellow", markup=False)


def _compile_first() -> None:
    """Compile the kernels where that was never done here, and say what takes so long."""
    from imu_hinge.analysis import precompile

    if precompile.is_due():
        with _working("Compiling for this machine, the first time only"):
            precompile.run()


@contextmanager
def _working(what: str) -> Iterator[None]:
    """Show that something is going on, on a terminal's error stream only."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield
