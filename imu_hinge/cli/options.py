"""Name the options that several commands share, and check what can be checked of one alone. Nothing is done here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Source = Annotated[
    list[str], typer.Argument(metavar="SOURCE...", help="A recording's folder, or PLACEMENT=file.csv, several.")
]
Sources = Annotated[
    list[str] | None, typer.Argument(metavar="SOURCE...", help="A recording's folder, or PLACEMENT=file, several.")
]


def metres(height: float | None) -> float | None:
    """Return a body height, or refuse one in centimetres with what was meant."""
    # an adult's height in centimetres is taken for a slip of the unit
    if height is not None and 120.0 <= height <= 230.0:
        raise typer.BadParameter(f"{height:g} m is nobody's height. Were centimetres meant? Then: {height / 100:.2f}")
    return height


Height = Annotated[float | None, typer.Option(help="Body height in m; sharpens every inferred angle.", callback=metres)]
AthleteFile = Annotated[Path | None, typer.Option("--athlete", help="Athlete file (TOML), see calibrate.")]
Exercise = Annotated[str, typer.Option(help="auto, deadlift, rdl, swing, good_morning, squat or drill.")]
AsLive = Annotated[bool, typer.Option("--as-live", help="Use only the past at every instant, as at the bar.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="Settings file (TOML).")]
OneSet = Annotated[int | None, typer.Option("--set", min=1, help="Of a session, this set alone, from 1.")]
PlanFile = Annotated[Path | None, typer.Option("--plan", help="Plan (TOML): exercises, sets, reps, loads.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]
Repair = Annotated[bool, typer.Option("--repair", help="Read what is there of a recording that is not whole.")]
