"""Convert, simulate and demonstrate from the command line: parse, call the library, print. No logic lives here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from imu_hinge.cli import options as o
from imu_hinge.cli.console import compile_first, say, show, working


def convert(
    source: o.Sources = None,
    to: Annotated[str | None, typer.Option("--to", help="Folder of the new recording, or of plain CSVs.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Write plain CSV files instead of a recording.")] = False,
    exercise: Annotated[str | None, typer.Option(help="What was lifted; written into the recording.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace what is there.")] = False,
    list_forms: Annotated[bool, typer.Option("--list", help="Show which forms are read, and stop.")] = False,
) -> None:
    """Convert plain CSVs or exports of phyphox, Sensor Logger, Xsens DOT, WitMotion, MetaBase or Movesense.

    They become a recording; with --csv, and from a recording, plain CSVs. Where an export holds several devices,
    choose one: sacrum=export.txt:DEVICE.
    """
    from imu_hinge import read
    from imu_hinge.storage import exporters
    from imu_hinge.storage.importers.registry import FORMS
    from imu_hinge.storage.outputs import check_is_no_source
    from imu_hinge.storage.recording import is_placed

    if list_forms:
        for name, form in FORMS.items():
            say(f"{name}: {form}")
        return
    if not source or to is None:
        raise typer.BadParameter("say what to read and, after --to, where to write it; --list shows what is read")
    check_is_no_source("--to", Path(to), source)

    given = source[0] if len(source) == 1 else source
    recording = exporters.read_any(given) if all(map(is_placed, source)) else read(given)  # which knows journals too
    if exercise is not None:
        recording = replace(recording, exercise=exercise)
    for path in exporters.write_any(recording, [to], to="csv" if csv else None, overwrite=overwrite):
        say(str(path))
    for warning in recording.warnings:
        say(warning, err=True)


def simulate(
    out: Annotated[Path | None, typer.Argument(help="Folder to write the recording and its truth to.")] = None,
    exercise: Annotated[str | None, typer.Option(help="deadlift, rdl, swing, good_morning, squat, drill.")] = None,
    style: Annotated[str | None, typer.Option(help="Such as good_hinge or stoop; --list shows all.")] = None,
    placement: Annotated[list[str] | None, typer.Option(help="Where a sensor sits; may be given twice.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same set.")] = 0,
    overwrite: Annotated[bool, typer.Option(help="Replace what is there.")] = False,
    list_styles: Annotated[bool, typer.Option("--list", help="Show the styles of each exercise, and stop.")] = False,
) -> None:
    """Simulate a set of a virtual lifter, with the truth beside the samples; no person is measured."""
    from imu_hinge import write
    from imu_hinge.simulate.session import random_set
    from imu_hinge.simulate.styles import styles_by_exercise
    from imu_hinge.simulate.truth import write_truth

    if list_styles:
        for name, styles in styles_by_exercise().items():
            say(f"{name}: {', '.join(styles)}")
        return
    if out is None:
        raise typer.BadParameter("say which folder to write to, such as: imu-hinge simulate my-set", param_hint="OUT")
    made = random_set(seed, exercise=exercise, style=style, placements=placement or ["sacrum", "t12"])
    folder = write(made.recording, out, overwrite=overwrite)
    write_truth(folder / "truth.json", made.truth)
    say(f"Simulated {made.truth.exercise}, {made.truth.style}, {len(made.truth.reps)} reps: {folder}")


def settings(
    path: Annotated[Path | None, typer.Argument(help="A settings file, to see it filled up.")] = None,
) -> None:
    """Print the settings file with every key, its default and what it is for; --settings of analyze takes it."""
    from imu_hinge.settings import Settings, read_settings
    from imu_hinge.settings_file import settings_text

    typer.echo(settings_text(Settings() if path is None else read_settings(path)), nl=False)


def demo(
    out: Annotated[Path, typer.Argument(help="Folder for the picture, the table and the report.")] = Path("demo-out"),
) -> None:
    """Show the main job on a simulated set: a picture, a table and a report."""
    from imu_hinge.storage.outputs import Output, check_outputs

    check_outputs([Output("OUT", out / name, replaces=True) for name in ("spine.png", "reps.csv", "report.html")])
    from imu_hinge import analyze as analyze_recording
    from imu_hinge.report.html.page import write_page
    from imu_hinge.report.plots import plot_set
    from imu_hinge.report.style import save_figure
    from imu_hinge.report.tables import write_reps_csv
    from imu_hinge.simulate.session import random_set

    compile_first()
    with working("Simulating and analysing a set"):
        made = random_set(4, exercise="deadlift", style="progressive_rounding")
        result = analyze_recording(made.recording, name="demo")
        out.mkdir(parents=True, exist_ok=True)
        save_figure(plot_set(result), out / "spine.png")
        write_reps_csv(result, out / "reps.csv")
        write_page(result, out / "report.html")
    show(result, as_json=False)
    say(f"Written to {out}: spine.png, reps.csv, report.html")
