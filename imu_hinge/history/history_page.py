"""Write a history as one HTML file: what it shows, pictures, and the sets, a chapter for each group.

It computes nothing and loads nothing from elsewhere, as the report of a set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from imu_hinge import __version__
from imu_hinge.history.history_plot import plot_load, plot_time
from imu_hinge.history.history_table import athlete_rows, set_rows
from imu_hinge.history.history_words import heading, told
from imu_hinge.history.trends import groups
from imu_hinge.past_set import PastSet
from imu_hinge.report import style
from imu_hinge.report.html.page import inline_svg
from imu_hinge.report.output_files import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE_IN: Final = (4.6, 4.8)
_LEAST_PT: Final = 11.5
"""Of a figure and its smallest text, as in the report of a set."""


def write_history_page(sets: Sequence[PastSet], path: str | Path) -> Path:
    """Write the history as one HTML file, whole or not at all.

    Raises
    ------
    HingeError
        Where the file cannot be written.
    """
    return write_atomic(path, history_page(sets).encode())


def history_page(sets: Sequence[PastSet]) -> str:
    """Return the history as HTML text."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    source = resources.files("imu_hinge.history").joinpath("history.html.j2").read_text(encoding="utf-8")
    chapters = [
        {
            "heading": heading(group, those),
            "sentences": told(those),
            "load": _figure(those, plot_load, name=f"load{number}"),
            "time": _figure(those, plot_time, name=f"time{number}"),
            "rows": set_rows(those),
            "has_log": any(one.load_from == "log" for one in those),
        }
        for number, (group, those) in enumerate(groups(sets).items())
    ]
    return environment.from_string(source).render(
        chapters=chapters,
        athletes=athlete_rows(sets),
        is_simulated=any(one.is_simulated for one in sets),
        version=__version__,
    )


def _figure(sets: Sequence[PastSet], draw: Callable[..., Axes], *, name: str) -> Any:
    with style.styled(least_pt=_LEAST_PT):
        figure = style.new_figure(*_SIZE_IN)
        draw(sets, ax=figure.add_subplot()).set_title("SIMULATED" if any(one.is_simulated for one in sets) else "")
    return inline_svg(figure, name=name, label=f"Lumbar flexion over {name.rstrip('0123456789')}")
