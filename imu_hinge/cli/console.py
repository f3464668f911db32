"""Print lines, tables and what goes on; compile once where that is due.

It parses nothing and analyses nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from imu_hinge.text import LONGEST_TEXT, one_line

if TYPE_CHECKING:
    from imu_hinge.result import SetResult


def say(text: str, *, err: bool = False) -> None:
    """Print one line, whatever a path or a file's note in it holds."""
    typer.echo(one_line(text, longest=LONGEST_TEXT), err=err)


def show(result: SetResult, *, as_json: bool) -> None:
    """Print the tables of sets and reps, what else bent and every warning, or JSON alone."""
    from imu_hinge.report.session_tables import terminal_parts
    from imu_hinge.report.tables import as_json as json_of
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
    for line in result.against_plan:
        console.print(line, markup=False)
    for warning in result.warnings:
        console.print(warning, style="yellow", markup=False)


def compile_first() -> None:
    """Compile the kernels where that was never done here, and say what takes so long."""
    from imu_hinge.analysis import precompile

    if precompile.is_due():
        with working("Compiling for this machine, the first time only"):
            precompile.run()


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show that something is going on, on a terminal's error stream only."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield
