"""Decide how figures look and how they are saved: colours, lines, marks, sheet, file.

It does not decide what is drawn; `panels` and `plots` do. No pyplot anywhere: a figure belongs to who asked for it.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from imu_hinge.errors import SettingsError
from imu_hinge.report.output_files import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OKABE_ITO: Final = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
}
"""The palette of Okabe and Ito (2008), which people with any colour vision can tell apart."""

SEGMENT_COLOURS: Final = {
    "pelvis_tilt": OKABE_ITO["blue"],
    "trunk_inclination": OKABE_ITO["vermillion"],
    "lumbar_flexion": OKABE_ITO["purple"],
    "hip_flexion": OKABE_ITO["green"],
    "knee_flexion": OKABE_ITO["sky"],
}
"""One colour per angle, the same in every figure and on every page."""

SEGMENT_LINES: Final[dict[str, Any]] = {
    "pelvis_tilt": "-",
    "trunk_inclination": (0, (7, 1.2)),
    "lumbar_flexion": (0, (5, 1.5, 1, 1.5)),
    "hip_flexion": (0, (1, 1)),
    "knee_flexion": (0, (3, 3)),
}
"""One line style per angle, for who sees no colour."""

VERDICT_MARKS: Final = {
    "hip_hinge": ("o", OKABE_ITO["blue"]),
    "lumbar_flexion": ("^", OKABE_ITO["vermillion"]),
    "squat": ("s", OKABE_ITO["sky"]),
    "undecided": ("x", "#555555"),
}
"""Shape and colour of each verdict: the shape alone tells it."""

PHASE_TINTS: Final = {"descent": "#DCEBF7", "bottom": "#E3E3E3", "ascent": "#FBEFD5", "top": "#F1F1F1"}
"""Pale spans behind the set; rest is white."""

LIMIT_COLOUR: Final = "#333333"

_LEGEND_COLUMN: Final = 13.7
"""Mean width of a legend's column, in heights of its text."""

_KINDS: Final[dict[str, dict[str, Any]]] = {
    ".png": {"metadata": {"Software": None}},
    ".svg": {"metadata": {"Date": None, "Creator": None, "Format": None, "Type": None}},
    ".pdf": {"metadata": {"CreationDate": None, "Creator": None, "Producer": None}},
}
"""Kinds of figure files, without dates and versions, so that the same result gives the same bytes."""


_SIZES: Final = ("font.size", "axes.titlesize", "axes.labelsize", "legend.fontsize")
"""Every size of text that `hinge.mplstyle` sets; the ticks' follows the first."""
_PT_PER_IN: Final = 72.0  # by definition

_DRAWING: Final = threading.RLock()
"""Held while a figure is made or saved: matplotlib reads its settings, which the process has once, all along."""


@contextmanager
def styled(*, least_pt: float = 0.0) -> Iterator[None]:
    """Make and save every figure of this product in here, one thread at a time.

    What this style does not set stays the caller's all the while, and what it does set is the caller's again after it.
    No text of a figure that is made in here is smaller than ``least_pt`` [pt].
    """
    import matplotlib

    settings: Any = matplotlib.rcParams  # whose stubs know some names and not the others
    with _DRAWING:
        style = {name: max(value, least_pt) if name in _SIZES else value for name, value in _style().items()}
        before = {name: settings[name] for name in style}
        settings.update(style)
        try:
            yield
        finally:
            settings.update(before)


@cache
def _style() -> dict[str, Any]:
    """Return the settings of `hinge.mplstyle`."""
    import matplotlib

    with resources.as_file(resources.files("imu_hinge.report") / "hinge.mplstyle") as path:
        style: Any = matplotlib.rc_params_from_file(path, use_default_template=False)
    return dict(style)


def small_text_pt() -> float:
    """Return the size of a figure's smallest text [pt], as it is set now."""
    import matplotlib
    from matplotlib.font_manager import FontProperties

    settings: Any = matplotlib.rcParams
    return float(FontProperties(size=settings["legend.fontsize"]).get_size_in_points())


def new_figure(width_in: float, height_in: float) -> Figure:
    """Make an empty figure that no window knows of. To be called within `styled`."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), layout="constrained")


def new_axes(width_in: float = 7.0, height_in: float = 4.5) -> Axes:
    """Make the Axes of a new figure. To be called within `styled`."""
    return new_figure(width_in, height_in).add_subplot()


def legend_below(ax: Axes, *, gap_in: float = 0.5) -> None:
    """Put the legend under the axis labels, where it covers no data; ``gap_in`` is their height in inches."""
    from matplotlib.transforms import ScaledTranslation

    if ax.get_legend_handles_labels()[0]:
        under = ax.transAxes + ScaledTranslation(0.0, -gap_in, ax.figure.dpi_scale_trans)
        width_in = ax.get_window_extent().width / ax.figure.dpi
        room = width_in / (_LEGEND_COLUMN * small_text_pt() / _PT_PER_IN)
        columns = max(1, int(room))
        ax.legend(loc="upper left", bbox_to_anchor=(0.0, 0.0), bbox_transform=under, ncols=columns, borderaxespad=0.0)


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Save a figure as PNG, SVG or PDF, by the suffix; the same figure gives the same bytes.

    Raises
    ------
    SettingsError
        Where the suffix is none of the three.
    HingeError
        Where the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _KINDS:
        raise SettingsError(
            f"A figure cannot be written as {Path(path).name!r}. Give it the suffix .png, .svg or .pdf."
        )
    return write_atomic(path, figure_bytes(figure, suffix))


def figure_bytes(figure: Figure, suffix: str) -> bytes:
    """Return a figure as the content of a ``.png``, ``.svg`` or ``.pdf`` file."""
    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format=suffix[1:], **_KINDS[suffix])
    return _with_256_colours(buffer) if suffix == ".png" else buffer.getvalue()


def _with_256_colours(png: io.BytesIO) -> bytes:
    """Return a picture at a third of its size: a palette holds all a figure has, and it is sent around."""
    from PIL import Image  # matplotlib writes PNG with it

    smaller = io.BytesIO()
    with Image.open(png) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(smaller, "png", optimize=True)
    return smaller.getvalue()
