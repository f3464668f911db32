"""Change what was found in a recording: parse what a person says, find which rep or set is meant, keep it beside.

What an edit does is in `reps.edited`; where it is kept, in `storage.beside`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from imu_hinge.cli.console import compile_first, say, show, working
from imu_hinge.edits import Edit
from imu_hinge.errors import RecordingError
from imu_hinge.text import quoted

if TYPE_CHECKING:
    from imu_hinge.result import SetResult


_COUNT: Final = "[0-9]{1,9}"
_SECONDS: Final = r"[0-9]{1,12}(?:\.[0-9]*)?"
"""A set or a rep, and a time, as a person writes them: what is longer is none, and other digits are no ASCII."""


def edit(  # noqa: PLR0913  # one parameter per option
    recording: Annotated[Path, typer.Argument(help="Folder of a recording.")],
    drop: Annotated[list[str] | None, typer.Option(help="SET.REP that is none, such as 1.3.")] = None,
    merge: Annotated[list[str] | None, typer.Option(help="SET.REP-REP that are one, such as 1.3-4.")] = None,
    add: Annotated[list[str] | None, typer.Option(help="FROM-TO of a rep that was missed, in s as analyze.")] = None,
    exercise: Annotated[list[str] | None, typer.Option(help="SET=NAME, such as 2=rdl.")] = None,
    load: Annotated[list[str] | None, typer.Option(help="SET=KG, such as 2=100.")] = None,
    rpe: Annotated[list[str] | None, typer.Option(help="SET=EFFORT from 0 to 10, such as 2=8.")] = None,
    note: Annotated[list[str] | None, typer.Option(help="SET=TEXT.")] = None,
) -> None:
    """Change what was found: reps, exercises, loads, effort, notes; kept in edits.json, samples stay as they are.

    Sets and reps are counted from 1, as analyze prints them. Without an option the edits so far are listed. Removing a
    line of edits.json undoes it.
    """
    from imu_hinge.storage.beside import EDITS, read_edits, write_edits

    told = {"drop": drop, "merge": merge, "add": add, "exercise": exercise, "load_kg": load, "rpe": rpe, "note": note}
    before = read_edits(recording)
    if not any(told.values()):
        for line in before:
            say(f"{line.do} from {line.from_s:.2f} to {line.to_s:.2f} s{_value_words(line)}")
        say(f"{len(before)} edits; remove a line of {recording / EDITS} to undo one." if before else "No edits yet.")
        return
    compile_first()
    result = _analyzed(recording)
    new = [_READERS.get(do, _of_set)(do, text, result) for do, texts in told.items() for text in texts or ()]
    write_edits(recording, [*before, *new])
    show(_analyzed(recording), as_json=False)


def _value_words(line: Edit) -> str:
    return "" if line.value is None else f": {line.value}"


def _analyzed(folder: Path) -> SetResult:
    from imu_hinge import analyze, read

    with working("Analysing"):
        return analyze(read(folder), name=folder.name)


def _of_reps(do: str, text: str, result: SetResult) -> Edit:
    """Read ``SET.REP``, and ``SET.REP-REP`` where several are one."""
    several = rf"-({_COUNT})" if do == "merge" else ""
    number, first, *last = _parts(rf"({_COUNT})\.({_COUNT}){several}", text, "SET.REP-REP" if several else "SET.REP")
    reps = result.reps_of(int(number) - 1)
    wanted = int(first), int(last[0] if last else first)
    if not 1 <= wanted[0] <= wanted[1] <= len(reps):
        raise RecordingError(f"There is no rep {text}: set {number} has {len(reps)}. Look at imu-hinge analyze.")
    return Edit(do, reps[wanted[0] - 1].start_s, reps[wanted[1] - 1].end_s)


def _of_times(do: str, text: str, result: SetResult) -> Edit:
    """Read ``FROM-TO``, in seconds since the recording began."""
    from imu_hinge.report.wording import start_of

    from_s, to_s = (float(part) for part in _parts(rf"({_SECONDS})-({_SECONDS})", text, "FROM-TO in seconds"))
    origin_s = start_of(result)
    return Edit(do, origin_s + from_s, origin_s + to_s)


def _of_set(do: str, text: str, result: SetResult) -> Edit:
    """Read ``SET=VALUE``."""
    number, value = _parts(rf"({_COUNT})=(.+)", text, "SET=VALUE")
    rows = result.set_rows()
    if not 1 <= int(number) <= len(rows):
        raise RecordingError(f"There is no set {number}: {len(rows)} were found. Look at imu-hinge analyze.")
    row = rows[int(number) - 1]
    return Edit(do, row["start_s"], row["stop_s"], _number(value) if do in ("load_kg", "rpe") else value)


def _parts(pattern: str, text: str, wanted: str) -> Sequence[str]:
    found = re.fullmatch(pattern, text.strip())
    if found is None:
        raise RecordingError(f"{quoted(text)} does not say which. Write {wanted}.")
    return found.groups()


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text  # which `Edit` refuses, saying what it wants


_READERS: dict[str, Callable[[str, str, SetResult], Edit]] = {
    "drop": _of_reps,
    "merge": _of_reps,
    "add": _of_times,
}
"""How what an option says is read; a set and a value where it is not listed."""
