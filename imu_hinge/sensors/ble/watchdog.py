"""Notice silence: know which parts of a stream have not been heard for too long.

It waits for nothing and mends nothing; `stream` does.

A stream is alive only while every part of it comes: a sensor that sends acceleration alone records nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SILENCE_S: Final = 2.5
"""Silence on a standing link that counts as trouble [s]."""

FIRST_S: Final = 5.0
"""The same before the first packet: a sensor may need to wake its chip [s]."""

SILENCE_SAMPLES: Final = 20
"""The same in sample periods, for slow streams."""

SILENCE_GAPS: Final = 4.0
"""The same in mean gaps between notifications, for those that come seldom."""


@dataclass(slots=True)
class _Part:
    """Hold what was heard of one part of the stream."""

    count: int = 0
    first_ns: int = 0
    last_ns: int = 0


class Watchdog:
    """Watch one stream on one link.

    Parameters
    ----------
    parts
        What must come, by the driver's names.
    rate_hz
        Samples per second.
    started_ns
        Host time from which silence counts [ns].
    """

    def __init__(self, parts: Iterable[str], *, rate_hz: float, started_ns: int) -> None:
        self._parts = {part: _Part() for part in parts}
        self._limit_s = max(SILENCE_S, SILENCE_SAMPLES / rate_hz)
        self.started_ns = started_ns

    def heard(self, part: str | None, host_ns: int) -> None:
        """Note a notification; None for one that carries no part of the stream."""
        if part not in self._parts:
            return
        seen = self._parts[part]
        if not seen.count:
            seen.first_ns = host_ns
        seen.count += 1
        seen.last_ns = host_ns

    def last_ns(self) -> int:
        """Return when the part that has been silent longest was heard [ns]."""
        return min(part.last_ns if part.count else self.started_ns for part in self._parts.values())

    def due_ns(self) -> int:
        """Return when the next silence will count as trouble [ns]."""
        return min(self._due_ns(part) for part in self._parts.values())

    def silent(self, now_ns: int) -> tuple[str, ...]:
        """Return the parts that are silent by now."""
        return tuple(name for name, part in self._parts.items() if now_ns > self._due_ns(part))

    def describe(self, silent: tuple[str, ...], now_ns: int) -> str:
        """Return in words what is silent, and since when."""
        what = "has been silent" if len(silent) == len(self._parts) else f"has sent no {' and no '.join(silent)}"
        return f"{what} for {(now_ns - self.last_ns()) * 1e-9:.1f} s although it is connected"

    def _due_ns(self, part: _Part) -> int:
        if not part.count:
            return self.started_ns + round(max(self._limit_s, FIRST_S) * 1e9)
        gap_ns = (part.last_ns - part.first_ns) / max(part.count - 1, 1)
        return part.last_ns + round(max(self._limit_s * 1e9, SILENCE_GAPS * gap_ns))
