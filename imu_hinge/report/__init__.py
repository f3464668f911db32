"""Turn a SetResult into tables, figures and pages; nothing here computes an angle.

Takes `result.SetResult`; gives text, CSV, JSON, matplotlib Axes and one-file HTML. In the order to read::

    wording       what a result says, in plain words, the same everywhere
    reasons       why a rep has its verdict
    tables        CSV, JSON, the terminal's table
    style         colours, lines, sheet, file
    curves        the series that a figure draws
    annotations   phases, reps, flags, limits around the lines
    plots         the figures
    session_tables, session_plot   the sets of a session: overview, headings, one picture
    live_changes  what changed since it was told live
    rep_panels    what changes from rep to rep
    subtitles     beside a video of the set
    coaching      what to try next
    html          one HTML file that loads nothing from elsewhere, or a PDF

``imu_hinge.report`` can be called, as what people look for under that name is the page:

>>> import tempfile
>>> import imu_hinge as ih
>>> from imu_hinge.simulate.session import random_set
>>> result = ih.analyze(random_set(5, exercise="deadlift", style="good_hinge").recording)
>>> with tempfile.TemporaryDirectory() as folder:
...     ih.report(result, f"{folder}/set.html").name
'set.html'
"""

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imu_hinge.result import SetResult


class _Callable(ModuleType):
    """Be a module that writes the page when it is called."""

    def __call__(self, result: "SetResult", path: str | Path) -> Path:
        """Write the report as one HTML file, whole or not at all; see `html.page.write_page`."""
        from imu_hinge.report.html.page import write_page

        return write_page(result, path)


sys.modules[__name__].__class__ = _Callable
