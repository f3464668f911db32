"""Draw each rep small, beside the others, and its body from the side at three instants: SVG that flows with the page.

It does not compute: lines are the result's own numbers. Larger figures, with axes, are those of `report.plots`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from imu_hinge import conventions as cv
from imu_hinge.model import Array
from imu_hinge.report import style as look
from imu_hinge.report import wording as words
from imu_hinge.report.curves import PERCENT, RepCurves, rep_curves
from imu_hinge.report.html.body_drawing import Pose, body_parts, body_svg, pose_at, to_px
from imu_hinge.report.html.first_screen import mark
from imu_hinge.result import Rep, SetResult

_WIDE, _HIGH = 180.0, 124.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 30.0, 174.0, 8.0, 104.0
"""Sheet of a small chart and the place of its axes in it [px]; two stand side by side on a phone."""

_TEXT_PX: Final = 12.0
"""Of the charts' text; a phone draws them a little larger or smaller."""

_STEP_DEG: Final = 10.0  # the axis ends at a multiple of it


def rep_charts(result: SetResult) -> list[dict[str, Any]]:
    """Return for each rep a small chart of its lumbar flexion with interval and limit, and its caption.

    All charts of a set have one axis. Where lumbar flexion cannot be told the segment that was seen is drawn.
    """
    if not result.lifts:
        return []
    curves = rep_curves(result)
    index = _drawn(curves)
    low, high = _ends(result, curves, index)
    found = []
    for at, lift in enumerate(result.lifts):
        scale = _Scale(low, high)
        parts = [_axes(result, scale, index), _band(curves, at, index, scale), _line(curves, at, index, scale)]
        label = f"Rep {lift.rep + 1}: {words.SEGMENT_WORDS[cv.ANGLES[index]]} over the rep"
        svg = Markup(
            '<svg role="img" aria-label="{}" viewBox="0 0 {:g} {:g}" style="font-size: {:g}px">{}</svg>'
        ).format(label, _WIDE, _HIGH, _TEXT_PX, Markup("").join(parts))
        found.append({"svg": svg, "rep": lift.rep + 1, "mark": mark(lift.verdict.label)})
    return found


def drawn_words(result: SetResult) -> str:
    """Return what the small charts show, as a caption."""
    index = _drawn(rep_curves(result))
    ends, middle = ("floor", "lockout") if result.exercise in cv.FLOOR_EXERCISES else ("top", "bottom")
    name = words.sentence(words.SEGMENT_WORDS[cv.ANGLES[index]]).rstrip(".")
    limit = f" The dotted line is {words.limit_words(result.athlete)}." if index == cv.LUMBAR_FLEXION else ""
    return f"{name} in degrees from {ends} over {middle} to {ends}, with its 95 % interval.{limit}"


def _drawn(curves: RepCurves) -> int:
    """Return the angle to draw: lumbar flexion, or the one that was seen."""
    for index in (cv.LUMBAR_FLEXION, cv.PELVIS_TILT, cv.TRUNK_INCLINATION):
        if np.isfinite(curves.angles_deg[:, :, index]).any():
            return index
    return cv.LUMBAR_FLEXION


class _Scale:
    """Turn percent of the rep and degrees into pixels."""

    def __init__(self, low_deg: float, high_deg: float) -> None:
        self.low, self.high = low_deg, high_deg

    def x(self, percent: Array) -> Array:
        return _LEFT + (_RIGHT - _LEFT) * np.asarray(percent) / 100.0

    def y(self, degrees: Array | float) -> Array:
        share = (np.clip(degrees, self.low, self.high) - self.low) / (self.high - self.low)
        return np.asarray(_BOTTOM - (_BOTTOM - _TOP) * share)


def _ends(result: SetResult, curves: RepCurves, index: int) -> tuple[float, float]:
    """Return the ends of the axis of all charts [deg]."""
    limit = math.degrees(result.athlete.limit_rad) if index == cv.LUMBAR_FLEXION else 0.0
    values = curves.angles_deg[:, :, index]
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, limit)
    low, high = min(low, 0.0), max(high, limit) + 0.5 * _STEP_DEG
    return _STEP_DEG * math.floor(low / _STEP_DEG), _STEP_DEG * math.ceil(high / _STEP_DEG)


def _axes(result: SetResult, scale: _Scale, index: int) -> Markup:
    """Return zero, the top, the turning point and the limit."""
    ends, middle = ("floor", "lockout") if result.exercise in cv.FLOOR_EXERCISES else ("top", "bottom")
    zero, mid = float(scale.y(0.0)), float(scale.x(np.array(50.0)))
    parts = [
        _rule(_LEFT, _RIGHT, zero, zero, colour="var(--rule)"),
        _rule(mid, mid, _TOP, _BOTTOM, colour="var(--rule)"),
        *(_text(_LEFT - 4.0, float(scale.y(v)) + 4.0, f"{v:.0f}°", "end") for v in (0.0, scale.high)),
        _text(_LEFT, _HIGH - 5.0, ends, "start"),
        _text(mid, _HIGH - 5.0, middle, "middle"),
        _text(_RIGHT, _HIGH - 5.0, ends, "end"),
    ]
    if index == cv.LUMBAR_FLEXION:
        y = float(scale.y(math.degrees(result.athlete.limit_rad)))
        parts.append(_rule(_LEFT, _RIGHT, y, y, colour="var(--ink)", dashes="2 4"))
    return Markup("").join(parts)


def _rule(x1: float, x2: float, y1: float, y2: float, *, colour: str, dashes: str = "") -> Markup:
    return Markup(
        '<line x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}" stroke="{}" stroke-width="1.5" stroke-dasharray="{}"/>'
    ).format(x1, x2, y1, y2, colour, dashes or "none")


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="var(--ink)">{}</text>').format(x, y, anchor, text)


def _points(x: Array, y: Array) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _runs(is_known: Array) -> list[slice]:
    """Return the parts without a hole, of at least two points."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(is_known, dtype=np.int8), [0]])))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1]


def _band(curves: RepCurves, at: int, index: int, scale: _Scale) -> Markup:
    low, high = curves.low_deg[at, :, index], curves.high_deg[at, :, index]
    bands = []
    for part in _runs(np.isfinite(low + high)):
        x = scale.x(PERCENT[part])
        outline = f"{_points(x, scale.y(low[part]))} {_points(x[::-1], scale.y(high[part])[::-1])}"
        bands.append(
            Markup('<polygon points="{}" fill="{}" opacity="0.3"/>').format(
                outline, look.SEGMENT_COLOURS[cv.ANGLES[index]]
            )
        )
    return Markup("").join(bands)


def _line(curves: RepCurves, at: int, index: int, scale: _Scale) -> Markup:
    degrees = curves.angles_deg[at, :, index]
    lines = [
        Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="2.5"/>').format(
            _points(scale.x(PERCENT[part]), scale.y(degrees[part])), look.SEGMENT_COLOURS[cv.ANGLES[index]]
        )
        for part in _runs(np.isfinite(degrees))
    ]
    return Markup("").join(lines)


def bodies(result: SetResult) -> list[dict[str, Any]]:
    """Return the body from the side for the rep that rounded least and the one that rounded most.

    One of them where they do not differ by what can be told apart, and none where lumbar flexion cannot be told.
    """
    known = [r for r in result.lifts if math.isfinite(r.lumbar_flexion_peak_rad) and r.quality != "D"]
    if not known:
        return []
    best = min(known, key=lambda r: r.lumbar_flexion_peak_rad)
    most = max(known, key=lambda r: r.lumbar_flexion_peak_rad)
    differ = math.degrees(most.lumbar_flexion_peak_rad - best.lumbar_flexion_peak_rad) >= words.change_deg(result)
    chosen = [(f"Rep {best.rep + 1}, least lumbar flexion", best), (f"Rep {most.rep + 1}, most lumbar flexion", most)]
    if not differ:
        chosen = [
            (f"Rep {most.rep + 1}; the reps cannot be told apart" if len(known) > 1 else f"Rep {most.rep + 1}", most)
        ]
    return [{"heading": name, "drawings": _drawings(result, lift)} for name, lift in chosen]


def _drawings(result: SetResult, lift: Rep) -> list[dict[str, Any]]:
    """Return the body at the three instants of a rep that say most, in the order of time, with captions."""
    found = []
    for name, at_s in sorted(_instants(result, lift), key=lambda pair: pair[1]):
        pose = pose_at(result.posture, at_s)
        lumbar = pose.angles_deg[cv.LUMBAR_FLEXION]
        said = f"lumbar {lumbar:.0f}°" if math.isfinite(lumbar) else "lumbar: cannot tell"
        label = f"The body from the side, rep {lift.rep + 1}, {name}: {said}"
        found.append({"svg": body_svg(pose, exercise=lift.exercise, label=label), "name": name, "said": said})
    return found


def _instants(result: SetResult, lift: Rep) -> list[tuple[str, float]]:
    """Return lift-off, the largest lumbar flexion and lockout; from the top, the bottom and standing again."""
    posture = result.posture
    start, stop = np.searchsorted(posture.time_s, [lift.start_s, lift.end_s])
    lumbar = posture.angles_rad[start : stop + 1, cv.LUMBAR_FLEXION]
    peak_s = float(posture.time_s[start + int(np.nanargmax(lumbar))]) if np.isfinite(lumbar).any() else lift.start_s
    if lift.exercise in cv.FLOOR_EXERCISES:
        return [("lift-off", lift.start_s), ("largest flexion", peak_s), ("lockout", lift.turn_s)]
    return [("bottom", lift.turn_s), ("largest flexion", peak_s), ("standing again", lift.end_s)]


_EXAMPLE: Final = Pose((38.0, 74.0, 36.0, 84.0, 58.0))
"""Of the glossary's picture: a bend in which both hips and lumbar spine have a part, as in a rounded deadlift [deg]."""


def glossary_svg() -> Markup:
    """Return one picture of what pelvis tilt, trunk inclination and lumbar flexion mean."""
    from imu_hinge.report.html.body_drawing import chain

    body, (pelvis, trunk, *_) = chain(_EXAMPLE), _EXAMPLE.angles_deg
    colours = look.SEGMENT_COLOURS
    hip, neck, middle = (to_px(at) for at in (body.hip, body.lumbar[-1], body.lumbar[len(body.lumbar) // 2]))
    parts: Sequence[Markup] = (
        body_parts(_EXAMPLE, exercise="none"),
        _angle(hip, pelvis, colours["pelvis_tilt"], radius=62.0),
        _angle(neck, trunk, colours["trunk_inclination"], radius=48.0),
        _text(hip[0] - 6.0, hip[1] - 66.0, f"pelvis tilt {pelvis:.0f}°", "end"),
        _text(neck[0] + 12.0, neck[1] - 52.0, f"trunk inclination {trunk:.0f}°", "start"),
        _rule(middle[0] + 6.0, neck[0] + 22.0, middle[1] + 6.0, neck[1] + 48.0, colour="var(--ink)"),
        _text(neck[0] + 24.0, neck[1] + 56.0, "lumbar flexion, their difference:", "start"),
        _text(neck[0] + 24.0, neck[1] + 72.0, f"{trunk:.0f}° − {pelvis:.0f}° = {trunk - pelvis:.0f}°", "start"),
    )
    label = "A body that bends: pelvis tilt, trunk inclination, and lumbar flexion, which is their difference"
    return Markup(
        '<svg class="glossary" role="img" aria-label="{}" viewBox="-50 20 360 204" stroke-linecap="round" '
        'stroke-linejoin="round" style="font-size: {:g}px">{}</svg>'
    ).format(label, _TEXT_PX, Markup("").join(parts))


def _angle(at: tuple[float, float], lean_deg: float, colour: str, *, radius: float) -> Markup:
    """Return an angle between the vertical and a segment: the vertical, the segment's line and the arc."""
    lean = math.radians(lean_deg)
    x, y = at
    end = x + radius * math.sin(lean), y - radius * math.cos(lean)
    return Markup(
        '<path d="M{0:.1f} {1:.1f}V{2:.1f}M{0:.1f} {1:.1f}L{3:.1f} {4:.1f}" stroke="{5}" stroke-width="1.5" '
        'stroke-dasharray="3 4" fill="none"/><path d="M{0:.1f} {6:.1f}A{7:g} {7:g} 0 0 1 {8:.1f} {9:.1f}" '
        'stroke="{5}" stroke-width="2" fill="none"/>'
    ).format(
        x,
        y,
        y - radius,
        end[0],
        end[1],
        colour,
        y - 0.8 * radius,
        0.8 * radius,
        x + 0.8 * radius * math.sin(lean),
        y - 0.8 * radius * math.cos(lean),
    )
