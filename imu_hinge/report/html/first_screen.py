"""Say what a set was in one sentence, and in a tile for each rep: what a phone shows first.

It chooses no suggestion (`coaching` does) and lays nothing out: `page` does.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from markupsafe import Markup

from imu_hinge import conventions as cv
from imu_hinge.report import style as look
from imu_hinge.report import wording as words
from imu_hinge.result import Rep, SetResult

ONE_AND_MANY: Final = {
    "hip_hinge": ("hip hinge", "hip hinges"),
    "lumbar_flexion": ("with lumbar flexion", "with lumbar flexion"),
    "squat": ("squat", "squats"),
    "undecided": ("undecided", "undecided"),
}
"""A verdict as it is counted."""

WHEN: Final = {
    "flexion_at_setup": "was there at set-up",
    "flexion_off_the_floor": "came off the floor",
    "flexion_at_the_bottom": "came at the bottom",
}
"""When flexion came, as the end of a sentence."""

_MARKS: Final = {
    "hip_hinge": '<circle cx="12" cy="12" r="8" fill="{}"/>',
    "lumbar_flexion": '<path d="M12 3 22 21H2Z" fill="{}"/>',
    "squat": '<path d="M4 4H20V20H4Z" fill="{}"/>',
    "undecided": '<path d="M5 5 19 19M19 5 5 19" stroke="{}" stroke-width="4" fill="none"/>',
}
"""The shapes of `style.VERDICT_MARKS`, 24 px wide."""

_GAUGE_MOST: Final = 125.0  # percent of the range at a gauge's end: past the range there is some room
_NOT_KNOWN: Final = "var(--soft)"


def lead(result: SetResult) -> str:
    """Return what a set, or a session, was in one sentence, and how it is known in another.

    As in: "5 deadlifts at 100 kg: 3 hip hinges, 2 with lumbar flexion that came off the floor and grew from rep 4.
    Measured, ± 2°."
    """
    if not result.lifts:
        return words.headline(result)[0]
    if len(result.set_list) > 1:
        return f"{len(result.set_list)} sets: {words.number_of(len(result.lifts), 'rep', 'reps')}, {counted(result)}."
    load = result.set_rows()[0]["load_kg"]
    at = f" at {load:g} kg" if math.isfinite(load) else f" at {result.load_kg:g} kg" if result.load_kg else ""
    name = words.number_of(len(result.lifts), *words.EXERCISE_WORDS.get(result.exercise, ("rep", "reps")))
    return f"{name}{at}: {counted(result)}{_when(result)}. {known_words(result)}"


def counted(result: SetResult) -> str:
    """Return how many reps had each verdict; ``all hip hinges`` where there is one alone."""
    counts = Counter(lift.verdict.label for lift in result.lifts)
    if len(counts) == 1:
        (label, count), *_ = counts.items()
        return ONE_AND_MANY[label][0] if count == 1 else f"all {ONE_AND_MANY[label][1]}"
    order = sorted(
        counts, key=lambda label: (label == "lumbar_flexion", cv.VERDICTS.index(label))
    )  # what came when is last
    return ", ".join(f"{counts[label]} {ONE_AND_MANY[label][counts[label] > 1]}" for label in order)


def _when(result: SetResult) -> str:
    """Return when the lumbar flexion of those reps came that are told to have passed the limit."""
    lifts = [lift for lift in result.lifts if lift.verdict.label == "lumbar_flexion"]
    seen = Counter(name for lift in lifts for name in lift.verdict.findings)
    parts = [text for name, text in WHEN.items() if 2 * seen[name] > len(lifts)]
    growing = [lift.rep + 1 for lift in lifts if "flexion_growing" in lift.verdict.findings]
    parts += [f"grew from rep {_grows_from(result)}"] if growing else []
    return f" that {' and '.join(parts)}" if parts else ""


def _grows_from(result: SetResult) -> int:
    """Return the number of the first rep from which flexion is told to grow."""
    return next(lift.rep + 1 for lift in result.lifts if "flexion_growing" in lift.verdict.findings)


def known_words(result: SetResult) -> str:
    """Return how lumbar flexion is known, with the largest standard deviation of a rep's peak."""
    basis = words.set_basis(result)
    if basis == words.CANNOT_TELL:
        return "Lumbar flexion cannot be told."
    sd = [math.degrees(lift.lumbar_flexion_peak_sd_rad) for lift in result.lifts]
    reach = max((value for value in sd if math.isfinite(value)), default=math.nan)
    band = f", ± {reach:.0f}°" if math.isfinite(reach) else ""
    how = (
        "measured by two sensors" if basis == "measured" else "inferred from one sensor and a body model, not measured"
    )
    return words.sentence(f"{how}{band}")


def mark(label: str) -> Markup:
    """Return the shape of a verdict as an SVG element; the word stands beside it."""
    shape = Markup(_MARKS[label]).format(look.VERDICT_MARKS[label][1])
    return Markup('<svg class="mark" aria-hidden="true" viewBox="0 0 24 24">{}</svg>').format(shape)


def interval_rad(lift: Rep) -> tuple[float, float]:
    """Return the 95 % interval of a rep's largest lumbar flexion, a normal variable's where it was not told [rad]."""
    low, high = lift.lumbar_flexion_peak_low_rad, lift.lumbar_flexion_peak_high_rad
    if math.isfinite(low) and math.isfinite(high):
        return low, high
    reach = cv.NORMAL_95 * lift.lumbar_flexion_peak_sd_rad
    return lift.lumbar_flexion_peak_rad - reach, lift.lumbar_flexion_peak_rad + reach


def tiles(result: SetResult) -> list[dict[str, Any]]:
    """Return what the tile of each rep shows: shape, word, lumbar peak with its interval in percent of the range."""
    most = math.radians(result.athlete.value("lumbar_max_flexion_deg"))
    limit = 100.0 * result.athlete.limit_rad / most
    found = []
    for lift in result.lifts:
        peak = 100.0 * lift.lumbar_flexion_peak_rad / most
        low, high = (100.0 * end / most for end in interval_rad(lift))
        is_known = math.isfinite(peak)
        found.append(
            {
                "rep": lift.rep + 1,
                "mark": mark(lift.verdict.label),
                "word": words.verdict_words(lift),
                "percent": f"{peak:.0f} %" if is_known else words.CANNOT_TELL,
                "interval": f"{low:.0f} to {high:.0f} %" if math.isfinite(low) else "",
                "gauge": _gauge((peak, low, high), limit=limit) if is_known else "",
                "degrees": f"{math.degrees(lift.lumbar_flexion_peak_rad):.0f}°" if is_known else "",
            }
        )
    return found


def _gauge(values: Sequence[float], *, limit: float) -> Markup:
    """Return a bar from 0 to past the range, with the interval, the peak and the limit [%]; it holds no text."""
    peak, low, high = (
        100.0 * min(max(value, 0.0), _GAUGE_MOST) / _GAUGE_MOST if math.isfinite(value) else 0.0 for value in values
    )
    at = 100.0 * limit / _GAUGE_MOST
    colour = look.SEGMENT_COLOURS["lumbar_flexion"]
    return Markup(
        '<svg class="gauge" aria-hidden="true" viewBox="0 0 100 12" preserveAspectRatio="none">'
        '<rect width="100" height="12" fill="var(--rule)"/><rect width="{:.1f}" height="12" fill="{}"/>'
        '<rect x="{:.1f}" width="{:.1f}" y="4" height="4" fill="var(--ink)" opacity="0.55"/>'
        '<rect x="{:.1f}" width="1.2" height="12" fill="var(--ink)"/></svg>'
    ).format(peak, colour, low, max(high - low, 0.5), at)


def range_words(result: SetResult) -> str:
    """Return what the percentages of the tiles are of, and where the limit is among them."""
    athlete = result.athlete
    whose = "the default range" if "lumbar_max_flexion_deg" in athlete.assumed else "your own range"
    most = athlete.value("lumbar_max_flexion_deg")
    share = 100.0 * math.degrees(athlete.limit_rad) / most
    return (
        f"Largest lumbar flexion in percent of {whose} ({most:.0f}°), with its 95 % interval; "
        f"the line marks {words.limit_name(athlete)}, {share:.0f} %."
    )
