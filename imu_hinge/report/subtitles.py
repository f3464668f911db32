"""Write a set as subtitles of a video of it: rep, verdict, and lumbar flexion in percent of the range as a gauge.

It analyses no video: how much later or earlier the video began is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.errors import SettingsError
from imu_hinge.report import wording as words
from imu_hinge.report.output_files import write_atomic
from imu_hinge.result import Rep, SetResult

STEP_S: Final = 0.2
"""How long a gauge stands: faster is not read."""

AFTER_S: Final = 2.0
"""So long a verdict stands after its rep, where the next does not begin before."""

_CELLS: Final = 10  # of a gauge, each a tenth of the range

_ASS_HEAD: Final = """[Script Info]
ScriptType: v4.00+
PlayResX: 1280
PlayResY: 720

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, BorderStyle, Outline, Alignment, MarginV
Style: Default,DejaVu Sans,44,&H00FFFFFF,&H00000000,1,3,2,30

[Events]
Format: Layer, Start, End, Style, MarginL, MarginR, MarginV, Effect, Text
"""


@dataclass(frozen=True, slots=True)
class Line:
    """Hold what stands in the picture from one instant of the video to another [s]."""

    start_s: float
    stop_s: float
    text: str


def lines_of(result: SetResult, *, offset_s: float) -> list[Line]:
    """Return the subtitles of a result, in order and none over another.

    Parameters
    ----------
    result
    offset_s
        Time of the video at which the recording begins; negative where the video began later. What lies before the
        video's start is left out.
    """
    shift_s = offset_s - words.start_of(result)
    found = []
    for at, lift in enumerate(result.lifts):
        last = at + 1 == len(result.lifts)
        until_s = lift.end_s + AFTER_S if last else min(lift.end_s + AFTER_S, result.lifts[at + 1].start_s)
        for line in (*_gauges(result, lift), Line(lift.end_s, until_s, f"Rep {lift.rep + 1}: {_verdict(lift)}")):
            start_s, stop_s = max(line.start_s + shift_s, 0.0), line.stop_s + shift_s
            if stop_s > start_s:
                found.append(Line(start_s, stop_s, line.text))
    return found


def _gauges(result: SetResult, lift: Rep) -> Iterator[Line]:
    """Yield a rep's gauge, step by step."""
    posture, most = result.posture, math.radians(result.athlete.value("lumbar_max_flexion_deg"))
    for start_s in np.arange(lift.start_s, lift.end_s, STEP_S):
        stop_s = min(float(start_s) + STEP_S, lift.end_s)
        at = min(int(np.searchsorted(posture.time_s, 0.5 * (start_s + stop_s))), len(posture) - 1)
        share = float(posture.angles_rad[at, cv.LUMBAR_FLEXION]) / most
        yield Line(float(start_s), stop_s, f"Rep {lift.rep + 1}  {_gauge(share)}")


def _gauge(share: float) -> str:
    """Return a share of the range as ten cells and in percent."""
    if not math.isfinite(share):
        return "lumbar: cannot tell"
    full = min(max(round(_CELLS * share), 0), _CELLS)
    return f"{'█' * full}{'░' * (_CELLS - full)} {100.0 * share:.0f} %"


def _verdict(lift: Rep) -> str:
    return words.verdict_words(lift)


def as_vtt(lines: list[Line], *, title: str = "") -> str:
    """Return subtitles as WebVTT, which browsers and most players read."""
    head = f"WEBVTT {title.replace('-->', '')}".rstrip()
    cues = [f"{_clock(one.start_s)} --> {_clock(one.stop_s)}\n{one.text}\n" for one in lines]
    return "\n".join([f"{head}\n", *cues])


def as_ass(lines: list[Line], *, title: str = "") -> str:
    """Return subtitles as ASS, which ``ffmpeg`` burns into a video; the title is a comment."""
    events = [
        f"Dialogue: 0,{_clock(one.start_s)[1:-1]},{_clock(one.stop_s)[1:-1]},Default,0,0,0,,{one.text}" for one in lines
    ]
    return f"; {title}\n" * bool(title) + _ASS_HEAD + "\n".join([*events, ""])


def _clock(seconds: float) -> str:
    """Return ``00:01:02.345``."""
    milliseconds = round(1000.0 * seconds)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


FORMS: Final[dict[str, Callable[..., str]]] = {".vtt": as_vtt, ".ass": as_ass}
"""What is written, by the file's ending."""


def write_subtitles(result: SetResult, path: str | Path, *, offset_s: float = 0.0) -> Path:
    """Write subtitles, ``.vtt`` or ``.ass`` by the ending, whole or not at all.

    Parameters
    ----------
    result
    path
    offset_s
        As in `lines_of`.

    Raises
    ------
    SettingsError
        Where the ending is neither.
    HingeError
        Where the file cannot be written.
    """
    form = FORMS.get(Path(path).suffix.lower())
    if form is None:
        raise SettingsError(f"Subtitles cannot be written as {Path(path).name!r}. Give it the ending .vtt or .ass.")
    return write_atomic(path, form(lines_of(result, offset_s=offset_s), title=words.title(result)).encode())
