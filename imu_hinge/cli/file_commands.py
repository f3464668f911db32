"""Convert, simulate and demonstrate from the command line: parse, call the library, print. No logic lives here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from imu_hinge.cli import options as o
from imu_hinge.cli.console import compile_first, say, show, working


def convert(
    source: o.Source,
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
    from imu_hinge.storage.outputs import check_is_no_source
    from imu_hinge.storage.recording import is_placed

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
    say(f"Simulated {made.truth.exercise}, {made.truth.style}, {len(made.truth.reps)} reps: {folder}")


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
