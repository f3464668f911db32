"""Lay out how the sensors do, for the terminal: one row each.

It knows no radio; it reads a `Recorder`'s status.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from imu_hinge import conventions as cv
from imu_hinge.instant import Instant
from imu_hinge.live.page.set_view import Z_95
from imu_hinge.live.recorder import Recorder, SensorStatus
from imu_hinge.report.wording import SEGMENT_WORDS
from imu_hinge.sensors.ble.sink import STREAMING
from imu_hinge.text import one_line

if TYPE_CHECKING:
    from rich.table import Table

SLOW: float = 0.9
"""Below this share of the nominal rate the rate is marked."""


def status_table(recorder: Recorder, *, now_ns: int, instant: Instant | None = None) -> Table:
    """Return the status as a table: placement, sensor, link, rate, loss, battery, still or moving; the posture below.

    Parameters
    ----------
    recorder
    now_ns
        By the plan's clock [ns].
    instant
        The newest posture, where there is one.
    """
    from rich.table import Table
    from rich.text import Text

    elapsed_s = (now_ns - recorder.origin_ns) * 1e-9 if recorder.journal is not None else 0.0
    problem = recorder.problem
    title = f"{recorder.folder}  {elapsed_s:.0f} s" + (f"  {problem}" if problem else "")
    table = Table(title=Text(one_line(title)), title_justify="left", title_style="bold red" if problem else "bold")
    table.caption = Text(instant_words(instant))
    for heading in ("placement", "sensor", "link", "rate", "lost", "battery", "now"):
        table.add_column(heading)
    for placement, status in recorder.status.items():
        table.add_row(*(Text(one_line(cell)) for cell in (placement, *_cells(status, now_ns=now_ns))))
    return table


def instant_words(instant: Instant | None) -> str:
    """Return the posture of now in one line: angles with 95 % as far as they are known, or what is waited for."""
    if instant is None:
        return ""
    if instant.waits_for != "ready":
        return f"Waiting: {instant.waits_for}."
    degrees = [
        f"{SEGMENT_WORDS[name]} {math.degrees(angle):.0f}° ± {Z_95 * math.degrees(sd):.0f}°"
        for name, angle, sd in zip(cv.ANGLES, instant.angles_rad, instant.sd_rad, strict=True)
        if math.isfinite(angle)
    ]
    return ", ".join([*degrees, instant.basis, *(f"{placement} silent" for placement in instant.missing)])


def _cells(status: SensorStatus, *, now_ns: int) -> tuple[str, str, str, str, str, str]:
    rate_hz, is_still = status.rate_hz(now_ns), status.is_still(now_ns)
    is_slow = status.state == STREAMING and rate_hz < SLOW * status.nominal_hz
    return (
        status.device,
        status.state if status.state == STREAMING else f"{status.state}: {status.message}",
        f"{rate_hz:.0f} of {status.nominal_hz:.0f} Hz{' !' if is_slow else ''}",
        ("?" if status.loss is None else f"{100 * status.loss:.1f} %")
        + (f", {status.bad_packets} damaged" if status.bad_packets else ""),
        "?" if status.battery_percent is None else f"{status.battery_percent} %",
        {True: "still", False: "moving", None: "no data"}[is_still],
    )
