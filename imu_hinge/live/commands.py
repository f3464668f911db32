"""The commands at the bar: scan, record, live, repair, doctor. `cli` mounts them.

Parse, call, print; what they do lives in the rooms beside this one, imported when a command runs.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imu_hinge.text import LONGEST_TEXT, one_line

if TYPE_CHECKING:
    from imu_hinge.live.record_session import Plan
    from imu_hinge.live.recorder import Session
    from imu_hinge.model import Recording

Sensors = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PLACEMENT=SENSOR...",
        help="Name or address per placement, such as sacrum=NAME t12=NAME; nothing: as last time.",
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show what is logged, on the error stream.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]


def scan(
    seconds: Annotated[float, typer.Option(min=0.5, help="How long to listen.")] = 5.0,
    battery: Annotated[bool, typer.Option(help="Connect to each usable sensor and ask its charge.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also devices that are no sensor of ours.")] = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show who is there: which family, signal, battery, where it was worn last."""
    import asyncio

    from imu_hinge.live.listing import listed, print_rows

    with _logging(verbose):
        rows = asyncio.run(listed(seconds, ask_battery=battery, everything=everything))
    print_rows(rows, as_json=as_json)


def record(  # noqa: PLR0913  # one parameter per option
    sensors: Sensors = None,
    athlete: Annotated[Path | None, typer.Option(help="Athlete file (TOML).")] = None,
    exercise: Annotated[str, typer.Option(help="auto, deadlift, rdl, swing, good_morning, squat, drill.")] = "auto",
    load_kg: Annotated[float | None, typer.Option(min=0.0, help="The bar with its plates.")] = None,
    note: Annotated[str, typer.Option(help="Free text.")] = "",
    seconds: Annotated[float | None, typer.Option(min=1.0, help="Stop by itself after this long.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the recording; by default named by date.")] = None,
    plan: Annotated[Path | None, typer.Option(help="Plan (TOML): exercises, sets, reps, loads.")] = None,
    rate: Annotated[float | None, typer.Option(help="Samples per second; default: the family's own.")] = None,
    verbose: Verbose = False,
) -> None:
    """Record a set from one or more sensors, live; Ctrl-C stops, seals and saves it."""
    from imu_hinge.live.terminal import run_terminal

    session = _session(athlete, exercise, load_kg, note, meant=plan)
    how = _plan(sensors, session, out=out, seconds=seconds, rate=rate)
    with _logging(verbose):
        run_terminal(how)


def live(  # noqa: PLR0913  # one parameter per option
    sensors: Sensors = None,
    replay: Annotated[Path | None, typer.Option(help="Play this recording instead of sensors.")] = None,
    simulate: Annotated[str | None, typer.Option(help="Play a simulated set of this exercise: deadlift ...")] = None,
    speed: Annotated[float, typer.Option(min=0.1, max=100.0, help="How fast a recording is played.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed simulates the same set.")] = 0,
    athlete: Annotated[Path | None, typer.Option(help="Athlete file (TOML).")] = None,
    exercise: Annotated[str, typer.Option(help="auto, deadlift, rdl, swing, good_morning, squat, drill.")] = "auto",
    load_kg: Annotated[float | None, typer.Option(min=0.0, help="The bar with its plates.")] = None,
    note: Annotated[str, typer.Option(help="Free text.")] = "",
    out: Annotated[Path | None, typer.Option(help="Folder of the recording; by default named by date.")] = None,
    plan: Annotated[Path | None, typer.Option(help="Plan (TOML): exercises, sets, reps, loads.")] = None,
    rate: Annotated[float | None, typer.Option(help="Samples per second; default: the family's own.")] = None,
    lan: Annotated[
        bool, typer.Option("--lan", help="Serve the page in the network too, with a code for phones.")
    ] = False,
    port: Annotated[int, typer.Option(min=1024, max=65535, help="Of the page; another one where it is taken.")] = 8737,
    feedback: Annotated[
        str, typer.Option(help="Sounds in every rep, fewer and fewer (fade), a summary after the set, or silent.")
    ] = "every",
    is_opened: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
    verbose: Verbose = False,
) -> None:
    """Show the set as it happens on a page by the bar, and record it; Ctrl-C ends, seals and saves it."""
    from imu_hinge.live import page_terminal
    from imu_hinge.live.live_session import Screen
    from imu_hinge.live.page.feedback import check_feedback

    screen = Screen(is_lan=lan, port=port, feedback=check_feedback(feedback))
    if sum((bool(sensors), replay is not None, simulate is not None)) > 1:
        raise typer.BadParameter("give sensors, or --replay, or --simulate: one of them.")
    session = _session(athlete, exercise, load_kg, note, meant=plan)
    if replay is not None or simulate is not None:
        recording = _played(replay, simulate, seed=seed, session=session)
        page_terminal.run_played(recording, screen, speed=speed, is_opened=is_opened)
        return
    how = _plan(sensors, session, out=out, seconds=None, rate=rate)
    with _logging(verbose):
        page_terminal.run_recorded(how, screen, is_opened=is_opened)


def repair(
    folder: Annotated[Path, typer.Argument(help="Folder of a recording.")],
    as_json: Json = False,
) -> None:
    """Make a recording whole again from its journal, and say what was lost."""
    import json

    from imu_hinge.recovery.seal import seal, summary
    from imu_hinge.recovery.timing import timing, timing_lines

    recovered = seal(folder)
    if as_json:
        losses = [str(loss) for loss in recovered.losses]
        samples = {name: len(samples) for name, samples in recovered.recording.sensors.items()}
        pairs = [
            {"sensors": [first, second], "bound_s": bound_s, "lag_s": rotation.lag_s, "warning": rotation.is_warning}
            for first, second, bound_s, rotation in timing(recovered)
        ]
        found = {"folder": str(folder), "samples": samples, "journal_losses": losses, "timing": pairs}
        typer.echo(json.dumps(found))
        return
    for line in (*summary(recovered), *timing_lines(recovered)):
        typer.echo(one_line(line, longest=LONGEST_TEXT))
    typer.echo(one_line(f"Sealed in {folder}; analyse it with: imu-hinge analyze {folder}", longest=LONGEST_TEXT))


def doctor(
    sensors: Sensors = None,
    seconds: Annotated[float, typer.Option(min=3.0, help="How long each sensor is looked at, at rest.")] = 8.0,
    as_json: Json = False,
    bundle: Annotated[
        Path | None, typer.Option(help="Pack versions, adapter and a recording's log into this zip, for a report.")
    ] = None,
    of: Annotated[Path | None, typer.Option("--of", help="The recording that --bundle packs.")] = None,
    verbose: Verbose = False,
) -> None:
    """Check Bluetooth and the sensors: permissions, rate, gravity, gyroscope bias, jitter, clock, which way up."""
    if bundle is not None:
        from imu_hinge.live.fault_report import write_fault_report
        from imu_hinge.storage.outputs import Output, check_outputs

        check_outputs([Output("--bundle", bundle, (".zip",))], [of] if of is not None else [])
        typer.echo(one_line(f"Packed, without names of people: {write_fault_report(bundle, of)}", longest=LONGEST_TEXT))
        return
    import asyncio

    from imu_hinge.errors import DeviceError
    from imu_hinge.live.listing import examine, print_rows

    with _logging(verbose):
        findings, problem = asyncio.run(examine(sensors or [], seconds=seconds))
    print_rows([{"check": f.what, "state": f.state, "finding": f.text} for f in findings], as_json=as_json)
    if problem:
        raise typer.Exit(DeviceError.exit_code)


def _session(athlete: Path | None, exercise: str, load_kg: float | None, note: str, *, meant: Path | None) -> Session:
    """Return what the options say of a session before it begins."""
    from imu_hinge.athlete import read_athlete
    from imu_hinge.live.recorder import Session
    from imu_hinge.plan import read_plan

    known = None if athlete is None else read_athlete(athlete)
    plan = () if meant is None else read_plan(meant)
    return Session(athlete=known, exercise=exercise, load_kg=load_kg, note=note, plan=plan)


def _plan(
    sensors: list[str] | None, session: Session, *, out: Path | None, seconds: float | None, rate: float | None
) -> Plan:
    """Return what is to be recorded."""
    from imu_hinge.live.known_sensors import wanted_sensors
    from imu_hinge.live.terminal import plan_for

    return plan_for(wanted_sensors(sensors or []), session=session, folder=out, seconds=seconds, rate_hz=rate)


def _played(replay: Path | None, simulate: str | None, *, seed: int, session: Session) -> Recording:
    """Return the recording to be played, read or simulated, with the athlete and the exercise that were told."""
    from imu_hinge import read
    from imu_hinge.athlete import merged
    from imu_hinge.simulate.session import random_set

    recording = read(replay) if replay is not None else random_set(seed, exercise=simulate).recording
    known, told = recording.athlete, session.athlete
    athlete = known if told is None else told if known is None else merged(told, known)
    exercise = recording.exercise if session.exercise == "auto" else session.exercise
    return replace(recording, athlete=athlete, exercise=exercise, plan=session.plan or recording.plan)


def _logging(verbose: bool) -> AbstractContextManager[None]:
    """Show what is logged while it lasts, where that was asked for."""
    from imu_hinge.live.session_log import logging_to_terminal

    return logging_to_terminal() if verbose else nullcontext()
