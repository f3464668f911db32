"""Show the history of a folder of recordings from the command line: parse, call the library, print. No logic here."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imu_hinge.cli import options as o
from imu_hinge.cli.console import compile_first, say, working

if TYPE_CHECKING:
    from imu_hinge.past_set import PastSet

Root = Annotated[Path, typer.Argument(help="Folder that holds the recordings.")]
Page = Annotated[Path | None, typer.Option(help="Write a one-file HTML page.")]


def _day(text: str | None) -> str:
    """Return a date as it was typed, or refuse what is none."""
    if text is None:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date. Write it as 2026-01-31.") from None


def history(  # noqa: PLR0913  # one parameter per option
    root: Root = Path(),
    athlete: Annotated[str | None, typer.Option(help="Name, as in the athlete file.")] = None,
    exercise: Annotated[str | None, typer.Option(help="deadlift, rdl, swing, good_morning, squat or drill.")] = None,
    since: Annotated[str | None, typer.Option(help="First day, such as 2026-01-31.")] = None,
    report: Page = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Picture: PNG, SVG or PDF, by its ending.")] = None,
    as_json: o.Json = False,
    overwrite: o.Overwrite = False,
) -> None:
    """Show all sets of a folder of recordings: loads, verdicts, trends, and technique against load."""
    from imu_hinge.history.history_table import as_table, set_rows
    from imu_hinge.history.history_words import heading, told
    from imu_hinge.history.trends import groups

    if exercise is not None:
        from imu_hinge.model import check_exercise

        check_exercise(exercise)
    _check(("--report", report, (".html", ".htm")), ("--out", out, (".png", ".svg", ".pdf")), overwrite=overwrite)
    sets = _remembered(root, athlete=athlete, exercise=exercise, since=_day(since))
    if report is not None:
        from imu_hinge.history.history_page import write_history_page

        write_history_page(sets, report)
    if out is not None:
        from imu_hinge.history.history_plot import plot_history
        from imu_hinge.report.style import save_figure

        save_figure(plot_history(sets), out)
    if as_json:
        typer.echo(json.dumps([one.as_values() for one in sets], indent=2))
        return
    from rich.console import Console

    for group, those in groups(sets).items():
        Console().print(as_table(set_rows(those), title=heading(group, those)))
        for line in told(those):
            say(line)
    if not sets:
        say("No set was found.")


def athletes(
    root: Root = Path(),
    report: Page = None,
    as_json: o.Json = False,
    overwrite: o.Overwrite = False,
) -> None:
    """Show all athletes of a folder of recordings side by side, as a coach looks at them."""
    from imu_hinge.history.history_table import as_table, athlete_rows

    _check(("--report", report, (".html", ".htm")), overwrite=overwrite)
    sets = _remembered(root)
    if report is not None:
        from imu_hinge.history.history_page import write_history_page

        write_history_page(sets, report)
    rows = athlete_rows(sets)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    from rich.console import Console

    Console().print(as_table(rows) if rows else "No set was found.")


def import_log(
    file: Annotated[Path, typer.Argument(help="Export of Hevy or Strong (CSV).")],
    root: Root = Path(),
    unit: Annotated[str | None, typer.Option(help="kg or lb, where the file does not say.")] = None,
    athlete: Annotated[str | None, typer.Option(help="Whose log it is, where the recordings are of several.")] = None,
) -> None:
    """Take loads from the training log that you keep: sets get theirs by day, exercise and order.

    Importing a log again changes nothing but what was corrected in it.
    """
    from imu_hinge.storage.training_log import keep, read_log

    if unit not in (None, "kg", "lb"):
        raise typer.BadParameter(f"{unit!r} is no unit of a load. Write kg or lb.", param_hint="--unit")
    log = read_log(file, unit=unit)
    whose = _whose(root, athlete)
    new, changed = keep(root, log.sets, athlete=whose)
    say(f"{new} sets are new, {changed} changed, {len(log.sets) - new - changed} were known; {log.others} of others.")
    for problem in log.problems:
        say(f"{file}, {problem}; left out.", err=True)
    joined = [one for one in _remembered(root, athlete=whose) if one.load_from == "log"]
    say(f"{len(joined)} recorded sets have their load from the log.")


def _whose(root: Path, athlete: str | None) -> str:
    """Return whose log it is: the one athlete of the recordings, where nobody says."""
    names = sorted({one.athlete for one in _remembered(root)})
    if athlete is not None and athlete in names:
        return athlete
    if athlete is None and len(names) < 2:
        return names[0] if names else ""
    named = ", ".join(name or "(no name)" for name in names)
    raise typer.BadParameter(f"the recordings are of {named}. Say whose log it is.", param_hint="--athlete")


def _check(*wanted: tuple[str, Path | None, tuple[str, ...]], overwrite: bool) -> None:
    from imu_hinge.storage.outputs import Output, check_outputs

    check_outputs([Output(option, path, endings, overwrite) for option, path, endings in wanted if path is not None])


def _remembered(
    root: Path, *, athlete: str | None = None, exercise: str | None = None, since: str = ""
) -> list[PastSet]:
    """Bring the library up to date, saying what could not be analysed, and return what it holds."""
    from imu_hinge.history.remember import refreshed, remembered

    is_first = True

    def tell(path: str) -> None:
        nonlocal is_first
        if is_first:
            compile_first()
            is_first = False
        say(f"Analysing {path}", err=True)

    with working("Looking through the recordings"):
        problems = refreshed(root, on_analysis=tell)
    for problem in problems:
        say(problem, err=True)
    return remembered(root, athlete=athlete, exercise=exercise, since=since)
