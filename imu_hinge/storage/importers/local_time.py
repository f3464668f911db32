"""Read the times of day and dates that apps write as text, over midnight and over changes of the clock.

It gives seconds; in which order the rows belong, `stamps` decides.
"""

import datetime
import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from imu_hinge.errors import BadSamples
from imu_hinge.model import Array
from imu_hinge.storage.importers.stamps import unwrap, without_dst
from imu_hinge.text import quoted

DAY_S: Final = 86400.0
"""Seconds of a day."""

_CLOCK: Final = re.compile(
    r"(?:(?P<date>\S+?)[T\s]+)?(?P<h>\d{1,2}):(?P<m>\d{2}):(?P<s>\d{1,2}(?:[.,:]\d+)?)\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?$",
    re.IGNORECASE,
)
_LONGEST: Final = 60
"""No time is written in more characters."""

_DATE: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$")


def clock_times(texts: Sequence[str], *, name: str) -> tuple[Array, tuple[str, ...]]:
    """Return times such as ``16:39:37.564`` or ``2026-01-05T16:39:37.564+01:00`` in seconds, (n,), and what was mended.

    Since 1970 where every row has a date that begins with its year, else since the first midnight. Without a zone
    they are local times, in which changes to and from daylight saving time are undone.

    Raises
    ------
    BadSamples
        Where a text is no time.
    """
    found = [_CLOCK.match(text.strip()) if len(text) < _LONGEST else None for text in texts]
    for text, match in zip(texts, found, strict=True):
        if match is None:
            raise BadSamples(f"{name} has {quoted(text)} for a time. Export it again with times such as 16:39:37.564.")
    matches = [match for match in found if match is not None]
    clock_s = np.array([_seconds(match) for match in matches], dtype=np.float64)
    day_s = _days(matches)
    clock_s = unwrap(clock_s, DAY_S) if day_s is None else clock_s + day_s
    zones = [match["zone"] for match in matches]
    if all(zones) and day_s is not None:
        return clock_s - np.array([_offset_s(zone) for zone in zones]), ()
    clock_s, notes = without_dst(clock_s)
    return clock_s, tuple(f"{name}: {note}" for note in notes)


def _seconds(match: re.Match[str]) -> float:
    """Seconds since midnight."""
    return 3600.0 * int(match["h"]) + 60.0 * int(match["m"]) + float(re.sub("[,:]", ".", match["s"]))


def _days(matches: Sequence[re.Match[str]]) -> Array | None:
    """Return the dates, (n,) [s since 1970], or None unless every row has one that begins with its year."""
    known: dict[str, float] = {}
    for text in {match["date"] or "" for match in matches}:
        date = _DATE.match(text)
        if date is None:
            return None
        try:
            day = datetime.date(int(date[1]), int(date[2]), int(date[3]))
        except ValueError:
            return None
        known[text] = (day - datetime.date(1970, 1, 1)).total_seconds()
    return np.array([known[match["date"]] for match in matches], dtype=np.float64)


def _offset_s(zone: str) -> float:
    """Return how far a zone is ahead of UTC [s]."""
    if zone.upper() == "Z":
        return 0.0
    sign = -1.0 if zone[0] == "-" else 1.0
    return sign * (3600.0 * int(zone[1:3]) + 60.0 * int(zone[-2:]))
