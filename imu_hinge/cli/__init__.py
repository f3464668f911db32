"""Parse the command line, call the library, print. No logic lives here.

Takes words; gives lines, tables, files and an exit code: 0; 2 for a wrong call; 10 and up per class of error
(`errors`); 130 after Ctrl-C. In the order to read::

    options            what several commands share
    console            lines, tables, what goes on
    analysis_commands  analyze, plot, calibrate, subtitles
    edit_command       edit
    history_commands   history, athletes, import-log
    file_commands      convert, simulate, demo
    here               the program: all commands, signals, refusals; those with a radio are in `live.commands`
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import Annotated

import typer

from imu_hinge import __version__
from imu_hinge.cli import analysis_commands, edit_command, file_commands, history_commands
from imu_hinge.cli.console import say
from imu_hinge.errors import HingeError
from imu_hinge.live import commands

app = typer.Typer(
    name="imu-hinge",
    help="How much of every rep came from the hips and how much from the lumbar spine.",
    epilog="Example: imu-hinge analyze sacrum=pelvis.csv t12=back.csv --height 1.78 --report set.html",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


_COMMANDS = (
    *(analysis_commands.analyze, analysis_commands.plot, file_commands.convert, file_commands.simulate),
    *(file_commands.demo, analysis_commands.calibrate, edit_command.edit, file_commands.settings),
    analysis_commands.subtitles,
    *(history_commands.history, history_commands.athletes, history_commands.import_log),
    *(commands.scan, commands.record, commands.live, commands.repair, commands.doctor),
)
"""In the order in which help lists them."""

for _command in _COMMANDS:
    app.command()(_command)


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _of_all(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """How much of every rep came from the hips and how much from the lumbar spine."""


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
        say(f"imu-hinge: {error}. Free some space, or choose another place.", err=True)
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


def _give_up_output() -> None:
    """Drop what waits for a standard output that takes no more, or it fails once more at the end."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
