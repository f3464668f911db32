"""Draw the body from the side as SVG, from the angles of one instant: leg, pelvis, lumbar arc, trunk, arm and bar.

It measures nothing: what no sensor told is drawn thin and dashed. The live page draws the same chain from the same
shares of body height in its own ``figure.js``, and a test holds both together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from imu_hinge import conventions as cv
from imu_hinge.model import Posture
from imu_hinge.report import style as look

Point = tuple[float, float]

SHARE: Final = {
    "ankle": 0.039,
    "shank": 0.246,
    "thigh": 0.245,
    "pelvis": 0.057,
    "lumbar": 0.097,
    "thorax": 0.128,
    "arm": 0.386,
    "head": 0.065,
    "foot": 0.15,
    "plate": 0.129,
}
"""Lengths as shares of body height: Winter, the trunk's split of docs/biomechanics.md, 6.1; head, foot and plate
(0.225 m at 1.75 m) as they look."""

ARC_STEPS: Final = 8  # straight pieces of the lumbar arc: fewer look broken

BAR: Final = {"squat": "back", "good_morning": "back", "drill": "none"}
"""Where the load is, by exercise; in the hands where it is not listed."""

_PX: Final = 200.0  # pixels that a body's height is drawn at
_WIDTH_PX, _HEIGHT_PX = 165.0, 216.0
"""Of one drawing: a body that stands is high, one that bends reaches far forward."""
_ANKLE_X: Final = 0.40  # share of the width: hips go back, the shoulders forward, about as far
_WIDE: Final = {"shank": 5.0, "thigh": 6.0, "pelvis": 9.0, "lumbar": 7.0, "trunk": 9.0, "arm": 3.5}
"""Of the strokes [px]."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Hold the angles of one instant, changes from standing; NaN is: cannot tell.

    Parameters
    ----------
    angles_deg : (5,) [deg]
        In the order of `conventions.ANGLES`.
    low_deg, high_deg
        95 % interval of lumbar flexion [deg].
    """

    angles_deg: tuple[float, ...]
    low_deg: float = math.nan
    high_deg: float = math.nan


def pose_at(posture: Posture, time_s: float) -> Pose:
    """Return the pose at the sample nearest to an instant [s]."""
    at = min(int(np.searchsorted(posture.time_s, time_s)), len(posture) - 1)
    k = cv.LUMBAR_FLEXION
    low, high = math.degrees(posture.low_rad[at, k]), math.degrees(posture.high_rad[at, k])
    return Pose(tuple(float(angle) for angle in np.degrees(posture.angles_rad[at])), low, high)


@dataclass(frozen=True, slots=True)
class Chain:
    """Hold the joints in the sagittal plane, forward and up, in shares of body height; the sole is at zero.

    ``lumbar`` goes from L5/S1 to T12/L1. A joint below which nothing is known stands where an upright leg has it.
    """

    ankle: Point
    knee: Point
    hip: Point
    lumbar: tuple[Point, ...]
    shoulder: Point
    head: Point
    hand: Point
    knows_legs: bool


def chain(pose: Pose) -> Chain:
    """Return where the joints are at a pose; see `Pose` for signs.

    Thigh and shank follow from hip and knee flexion: the thigh leans back by what hip flexion exceeds pelvis tilt, the
    shank forward by what knee flexion exceeds that.
    """
    pelvis, trunk, lumbar, hip, knee = pose.angles_deg
    knows_legs = all(map(math.isfinite, (pelvis, hip, knee)))
    thigh_deg = hip - pelvis if knows_legs else 0.0
    shank_deg = knee - thigh_deg if knows_legs else 0.0
    ankle = (0.0, SHARE["ankle"])
    knee_at = _along(ankle, shank_deg, SHARE["shank"])
    hip_at = _along(knee_at, -thigh_deg, SHARE["thigh"])
    bend = _or(lumbar, 0.0)
    pelvis_deg = _or(pelvis, _or(trunk, 0.0) - bend)
    trunk_deg = _or(trunk, pelvis_deg + bend)
    arc = _arc(_along(hip_at, pelvis_deg, SHARE["pelvis"]), pelvis_deg, trunk_deg)
    shoulder = _along(arc[-1], trunk_deg, SHARE["thorax"])
    head = _along(shoulder, 0.7 * trunk_deg, 1.3 * SHARE["head"])
    hand = (shoulder[0], max(shoulder[1] - SHARE["arm"], SHARE["plate"]))
    return Chain(ankle, knee_at, hip_at, arc, shoulder, head, hand, knows_legs)


def _or(value: float, other: float) -> float:
    return value if math.isfinite(value) else other


def _along(start: Point, lean_deg: float, length: float) -> Point:
    """Return the end of a segment that leans forward by so much from upright."""
    lean = math.radians(lean_deg)
    return start[0] + length * math.sin(lean), start[1] + length * math.cos(lean)


def _arc(start: Point, first_deg: float, last_deg: float) -> tuple[Point, ...]:
    """Return the lumbar spine, which turns evenly from the pelvis's inclination to the trunk's."""
    points = [start]
    for step in range(ARC_STEPS):
        lean = first_deg + (step + 0.5) / ARC_STEPS * (last_deg - first_deg)
        points.append(_along(points[-1], lean, SHARE["lumbar"] / ARC_STEPS))
    return tuple(points)


def body_svg(pose: Pose, *, exercise: str, label: str) -> Markup:
    """Return the body as an SVG element, its lumbar interval as a pale fan.

    Parameters
    ----------
    pose
    exercise
        Says where the load is.
    label
        What a screen reader says.
    """
    parts = Markup("").join([_ground(), body_parts(pose, exercise=exercise)])
    return Markup(
        '<svg class="body" role="img" aria-label="{}" viewBox="0 0 {:.0f} {:.0f}" stroke-linecap="round" '
        'stroke-linejoin="round">{}</svg>'
    ).format(label, _WIDTH_PX, _HEIGHT_PX, parts)


def body_parts(pose: Pose, *, exercise: str) -> Markup:
    """Return what `body_svg` holds but the ground, to draw more over it."""
    body = chain(pose)
    pelvis, trunk, lumbar, _, _ = map(math.isfinite, pose.angles_deg)
    colours = look.SEGMENT_COLOURS
    neck = body.lumbar[-1]
    drawn = [
        _fan(pose, body),
        _limb([(-0.04, 0.0), (SHARE["foot"], 0.0)], "var(--ink)", wide=4.0),
        _limb([body.ankle, body.knee], "var(--ink)", wide=_WIDE["shank"], is_known=body.knows_legs),
        _limb([body.knee, body.hip], "var(--ink)", wide=_WIDE["thigh"], is_known=body.knows_legs),
        _limb([body.hip, body.lumbar[0]], colours["pelvis_tilt"], wide=_WIDE["pelvis"], is_known=pelvis),
        _limb(list(body.lumbar), colours["lumbar_flexion"], wide=_WIDE["lumbar"], is_known=lumbar),
        _limb([neck, body.shoulder], colours["trunk_inclination"], wide=_WIDE["trunk"], is_known=trunk),
        _disc(body.head, 0.75 * SHARE["head"], 'fill="var(--ink)"'),
    ]
    return Markup("").join([*drawn, *_load(body, exercise=exercise)])


def _load(body: Chain, *, exercise: str) -> list[Markup]:
    """Return arm and load: hanging in the hands, on the back, or none."""
    where = BAR.get(exercise, "hands")
    if exercise == "none":
        return []
    arm = _limb([body.shoulder, body.hand], "var(--soft)", wide=_WIDE["arm"])
    if where == "none":
        return [arm]
    at = body.shoulder if where == "back" else body.hand
    size = 0.05 if exercise == "swing" else SHARE["plate"]
    ring = 'fill="none" stroke="var(--soft)" stroke-width="2.5"'
    bar = [_disc(at, size, ring), _disc(at, 0.016, 'fill="var(--soft)"')]
    return bar if where == "back" else [arm, *bar]


def _fan(pose: Pose, body: Chain) -> Markup:
    """Return where the trunk may be given the pelvis, 95 times in 100; nothing where it is not told."""
    pelvis = pose.angles_deg[cv.PELVIS_TILT]
    if not all(map(math.isfinite, (pelvis, pose.low_deg, pose.high_deg))):
        return Markup("")
    ends = []
    for lumbar in np.linspace(pose.low_deg, pose.high_deg, ARC_STEPS):
        arc = _arc(body.lumbar[0], pelvis, pelvis + float(lumbar))
        ends.append((*arc, _along(arc[-1], pelvis + float(lumbar), SHARE["thorax"] + SHARE["head"])))
    outline = [*ends[0], *(end[-1] for end in ends[1:-1]), *reversed(ends[-1])]
    return Markup('<polygon points="{}" fill="{}" opacity="0.35"/>').format(
        _points(outline), look.SEGMENT_COLOURS["lumbar_flexion"]
    )


def to_px(point: Point) -> Point:
    """Return where a point of the chain is in the drawing [px], down positive."""
    return _ANKLE_X * _WIDTH_PX + _PX * point[0], _HEIGHT_PX - 8.0 - _PX * point[1]


def _points(points: list[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in map(to_px, points))


def _limb(points: list[Point], colour: str, *, wide: float, is_known: bool = True) -> Markup:
    dashes = Markup("") if is_known else Markup(' stroke-dasharray="4 6"')
    return Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="{:g}"{}/>').format(
        _points(points), colour, wide if is_known else 2.0, dashes
    )


def _disc(at: Point, radius: float, drawn_as: str) -> Markup:
    x, y = to_px(at)
    return Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" {}/>').format(x, y, _PX * radius, Markup(drawn_as))


def _ground() -> Markup:
    y = to_px((0.0, -0.015))[1]
    return Markup('<line x1="0" x2="{:.0f}" y1="{:.1f}" y2="{:.1f}" stroke="var(--rule)" stroke-width="2"/>').format(
        _WIDTH_PX, y, y
    )
