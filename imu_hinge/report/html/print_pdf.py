"""Print the page as PDF with a browser that is on this machine: what is on the screen is on paper, and nothing twice.

It lays nothing out: the page's own print style does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from imu_hinge.errors import HingeError
from imu_hinge.report.coaching import SetSeen
from imu_hinge.report.html.page import page
from imu_hinge.report.output_files import write_atomic
from imu_hinge.result import SetResult

BROWSERS: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
"""Programs that print a page without a window, in the order in which they are tried."""

LONGEST_S: Final = 60.0
"""A page of a session takes some seconds; a browser that takes longer does not answer."""

_DATE: Final = re.compile(rb"\(D:\d{14}")
_NO_DATE: Final = b"(D:20000101000000"
"""Of the same length, so that no place in the file moves: the same result gives the same bytes."""


def find_browser() -> str | None:
    """Return the first browser that is here; None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def write_pdf(result: SetResult, path: str | Path, *, past: Sequence[SetSeen] = ()) -> Path:
    """Write the report as PDF, two pages for a set, whole or not at all.

    Parameters
    ----------
    result
    path
    past
        Earlier sets of the same person, oldest first, for `coaching.suggestions`.

    Raises
    ------
    HingeError
        Where no browser is there to print with, it fails, or the file cannot be written.
    """
    browser = find_browser()
    if browser is None:
        raise HingeError(
            "The report was not printed: no Chromium, Chrome or Edge was found. Install one, or write the page with "
            "--report and print it to a file from any browser."
        )
    return write_atomic(path, _DATE.sub(_NO_DATE, _printed(browser, page(result, past=past))))


def _printed(browser: str, html: str) -> bytes:
    """Return the page as the browser prints it."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium refuses its sandbox to root
    with tempfile.TemporaryDirectory(prefix="imu-hinge-") as folder:
        source, target = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_text(html, encoding="utf-8")
        options = ["--headless", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={folder}/profile"]
        command = [browser, *options, *(["--no-sandbox"] if is_root else []), f"--print-to-pdf={target}"]
        try:
            subprocess.run(  # noqa: S603  # a browser found by name, and a file of our own
                [*command, source.as_uri()], check=True, capture_output=True, timeout=LONGEST_S
            )
            return target.read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            raise HingeError(
                f"The report was not printed: {Path(browser).name} failed ({type(error).__name__}). Write the page "
                "with --report and print it to a file from any browser."
            ) from error
