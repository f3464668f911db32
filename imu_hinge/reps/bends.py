"""Find every bend: down, bottom, up; each with its onsets. It does not say which of them are reps.

A bend is told from lean and from the drop of the sensor together, because a squat leans little and a good morning
drops little.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge.model import Array, Posture
from imu_hinge.reps.holes import ways_beside_hole
from imu_hinge.reps.onsets import Course, normalised_speed
from imu_hinge.settings import RepSettings
from imu_hinge.signals import derivative, regions, smooth, turning_points

DROP_AS_INCLINATION_RAD_PER_M: Final = 1.75
"""A drop of 10 cm counts as a lean of 10 degrees."""

HEIGHT_TRUST_M: Final = 0.06
"""A height less certain than this counts less."""

ASIDE: Final = 0.6
"""A bend that goes to the side by more than this share of its depth is a side bend."""

DEEP: Final = 0.7
"""From this share of its depth on a bend is at the bottom, as far as a landing is concerned."""

LOWERED_S: Final = 0.5
"""What lands was being lowered within this before; what clanks in a hold was not."""

RISE_S: Final = 0.4
"""From `DEEP` to upright takes at least this."""

HARD_IMPACTS: Final = 3.0
"""A blow this many times the least is a landing, however little the body seems to move."""

LOWERING_RAD_S: Final = 0.15  # sway turns by less, see `onsets`
LOWERING_MPS: Final = 0.06
"""Slower is no lowering."""

RISING_MPS: Final = 0.25
"""Who has been rising faster than this for a tenth of a second rips the bar off the floor and sets nothing down."""

SINKING_MPS: Final = 0.3  # chosen
STOPPED_S: Final = (0.1, 0.35)
"""Who sinks faster than this, so long after a shake, has set nothing down yet: plates on the floor end the way down."""

IMPACT_REACH_S: Final = 0.03
"""`Posture.shock_mps2` shows a blow this much early."""


@dataclass(frozen=True, slots=True)
class Bend:
    """Hold one bend, as sample indices on the posture's grid.

    Parameters
    ----------
    down_start, down_stop
        The way down, half-open; from upright to the bottom or to where something landed.
    bottom
        The deepest sample.
    up_start, up_stop
        The way up; between ``down_stop`` and ``up_start`` the bottom is held.
    depth_rad
        Lean plus the drop counted as lean, at the bottom.
    inclination_rad, side_rad, turn_rad, drop_m, drop_sd_m
        At the landing, else in the middle of the hold; the turn is against the upright before it (or after it, where
        the recording begins in the bend), the drop is NaN where the height is not known.
    landing
        Sample at which something hit the floor at the end of the way down; -1 where nothing was felt.
    shock_mps2
        How hard it was, or the hardest shake at the bottom.
    down_vibration_mps2, up_vibration_mps2
        The usual shake on either way, NaN where the recording lacks it: who moves a load trembles more.
    is_begun, is_finished
        False where the recording begins in the bend, or ends in it.
    is_down_seen, is_hold_seen, is_up_seen
        False where a hole lies in the way down, in the hold or in the way up: a landing in it was not felt, and how
        long that took is not known if the hole is a long one.
    longest_hole_s
        The longest hole that reaches into the bend [s].
    """

    down_start: int
    down_stop: int
    bottom: int
    up_start: int
    up_stop: int
    depth_rad: float
    inclination_rad: float
    side_rad: float
    turn_rad: float
    drop_m: float
    drop_sd_m: float
    landing: int
    shock_mps2: float
    down_vibration_mps2: float
    up_vibration_mps2: float
    is_begun: bool = True
    is_finished: bool = True
    is_down_seen: bool = True
    is_hold_seen: bool = True
    is_up_seen: bool = True
    longest_hole_s: float = 0.0

    @property
    def has_landed(self) -> bool:
        """Whether something hit the floor at the end of the way down."""
        return self.landing >= 0


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    """Hold what bends are found from, each (n,)."""

    posture: Posture
    depth: Array
    inclination_rate: Array
    speed: Array


def bend_depth(posture: Posture) -> Array:
    """Return lean plus drop, as an angle; zero in standing. (n,) [rad]."""
    trust = 1.0 / (1.0 + (posture.height_sd_m / HEIGHT_TRUST_M) ** 2)
    drop = np.nan_to_num(-posture.height_m * trust)
    # who stands on tiptoe rises by up to 5 cm
    return np.asarray(posture.inclination_rad + DROP_AS_INCLINATION_RAD_PER_M * np.clip(drop, -0.05, 1.0))


def find_bends(posture: Posture, settings: RepSettings) -> list[Bend]:
    """Return the bends that leave standing and come back to it, in order.

    A rise that does not reach standing (a hitch, a failed pull, hip pumping at the bar) is part of its bend. Where the
    recording begins or ends bent over, the first or the last bend is open at that end.
    """
    return forward_and_aside(posture, settings)[0]


def forward_and_aside(posture: Posture, settings: RepSettings) -> tuple[list[Bend], list[Bend]]:
    """Return the bends of `find_bends`, and those that go to the side and are none of them."""
    rate_hz = posture.rate_hz
    series = _Series(
        posture,
        # shorter than the quickest turn of a swing, longer than an impact (chosen); so below
        smooth(bend_depth(posture), round(0.15 * rate_hz)),
        smooth(derivative(posture.inclination_rad, rate_hz), round(0.08 * rate_hz)),
        np.nan_to_num(posture.speed_mps),
    )
    tops, bottoms = _tops_and_bottoms(series.depth, settings)
    bends = [
        _bend(series, before, bottom, after, settings)
        for (before, after), bottom in zip(pairwise(tops), bottoms, strict=True)
    ]
    is_aside = [abs(posture.side_inclination_rad[b.bottom]) >= ASIDE * b.depth_rad for b in bends]
    forward = [b for b, aside in zip(bends, is_aside, strict=True) if not aside]
    return forward, [b for b, aside in zip(bends, is_aside, strict=True) if aside]


def _tops_and_bottoms(depth: Array, settings: RepSettings) -> tuple[list[int | None], list[int]]:
    """Return where the body is upright, and the deepest place between each two; None is an end in mid-bend.

    A top is upright only within ``return_deg`` of standing, or within ``return_share`` of the usual depth: a hitch or
    a failed pull is no top.
    """
    swing = float(np.radians(settings.swing_min_deg))
    points = turning_points(depth, swing)
    if len(points) < 2:
        return [], []
    first_is_top = bool(depth[points[0]] < depth[points[1]])
    lows = points[first_is_top::2]
    limit = max(float(np.radians(settings.return_deg)), settings.return_share * float(np.median(depth[lows])))
    upright = [i for i in points[not first_is_top :: 2] if depth[i] <= limit]
    if not upright:
        return [], []
    tops: list[int | None] = list(upright)
    if upright[0] > 0 and depth[: upright[0]].max() - depth[upright[0]] >= swing:
        tops.insert(0, None)
    if depth[upright[-1] :].max() - depth[upright[-1]] >= swing:
        tops.append(None)
    return _without_small(depth, tops, settings)


def _without_small(depth: Array, tops: list[int | None], settings: RepSettings) -> tuple[list[int | None], list[int]]:
    """Leave out bends much shallower than the others; the upright stretch around them becomes one."""
    bottoms = []
    for before, after in pairwise(tops):
        start = 0 if before is None else before
        bottoms.append(start + int(np.argmax(depth[start : None if after is None else after + 1])))
    if not bottoms:
        return [], []
    # the upper quartile: half of the bends may be small ones
    least = settings.swing_min_share * float(np.percentile(depth[bottoms], 75.0))
    kept_tops, kept_bottoms = tops[:1], []
    for bottom, top in zip(bottoms, tops[1:], strict=True):
        last = kept_tops[-1]
        highest = max([depth[i] for i in (last, top) if i is not None], default=0.0)
        if depth[bottom] - highest >= least:
            kept_bottoms.append(bottom)
            kept_tops.append(top)
        elif last is None or (top is not None and depth[top] < depth[last]):
            kept_tops[-1] = top
    return kept_tops, kept_bottoms


def _bend(series: _Series, before: int | None, bottom: int, after: int | None, settings: RepSettings) -> Bend:
    posture, depth, rate_hz = series.posture, series.depth, series.posture.rate_hz
    first, last = before or 0, len(depth) - 1 if after is None else after
    whole = slice(first, last + 1)
    hidden, shown = ways_beside_hole(depth[whole], posture.is_gap[whole], rate_hz)
    level = min(DEEP * depth[bottom], depth[bottom], depth[first + hidden - 1] if first + hidden <= last else np.inf)
    deep = np.flatnonzero(depth[whole] >= level) + first
    down_start = first
    down_stop = int(deep[0])
    landing = -1
    if before is not None:
        course = _course(series, first, min(bottom, first + hidden - 1), is_down=True)
        down_start, down_stop = first + course.movement_onset(), first + course.movement_offset()
        deep = deep[(deep >= down_start) & (deep < first + hidden)]
        landing = min(_landing(series, down_start, deep, settings), last)  # the recording may end before it is over
        down_stop = down_stop if landing < 0 else landing
    up_start, up_stop = last, last
    if after is not None:
        up = _course(series, max(down_stop, first + shown), last, is_down=False)
        up_start, up_stop = last - up.movement_offset(), last - up.movement_onset()
    up_start = max(up_start, down_stop)
    middle = (down_stop + up_start) // 2 if after is not None and before is not None else bottom
    middle = middle if landing < 0 else landing
    vibration = posture.shock_mps2[down_stop : down_stop + round(0.35 * rate_hz)]  # as long as plates bounce (chosen)
    edges = [posture.is_gap[max(0, i - 1) : i + 2].any() for i in (down_stop, up_start)]
    return Bend(
        down_start=down_start,
        down_stop=down_stop,
        bottom=bottom,
        up_start=up_start,
        up_stop=up_stop,
        depth_rad=float(depth[bottom]),
        inclination_rad=float(posture.inclination_rad[middle]),
        side_rad=float(posture.side_inclination_rad[middle]),
        turn_rad=_turn_between(posture, down_start if before is not None else up_stop, middle),
        drop_m=float(-posture.height_m[middle]),
        drop_sd_m=float(posture.height_sd_m[middle]),
        landing=landing,
        shock_mps2=float(vibration.max()) if vibration.size else 0.0,
        down_vibration_mps2=_usual_vibration(posture, down_start, down_stop),
        up_vibration_mps2=_usual_vibration(posture, up_start, up_stop),
        is_begun=before is not None,
        is_finished=after is not None,
        is_down_seen=not (posture.is_gap[max(0, down_start - 1) : down_stop].any() or edges[0]),
        is_hold_seen=not (posture.is_gap[down_stop:up_start].any() or any(edges)),
        is_up_seen=not (posture.is_gap[up_start : up_stop + 2].any() or edges[1]),
        longest_hole_s=_longest_hole_s(posture, down_start, up_stop),
    )


def _turn_between(posture: Posture, start: int, stop: int) -> float:
    """Return how far the body has turned about the vertical; NaN over a hole, in which nobody saw it turn."""
    if posture.is_gap[min(start, stop) : max(start, stop)].any():
        return float("nan")
    return float(posture.turn_rad[stop] - posture.turn_rad[start])


def _longest_hole_s(posture: Posture, start: int, stop: int) -> float:
    """Return how long the longest hole is that reaches into the samples from ``start`` to ``stop`` [s]."""
    touching = (h for h in regions(posture.is_gap) if h.start <= stop + 1 and h.stop >= start)
    return max((len(h) for h in touching), default=0) / posture.rate_hz


def _usual_vibration(posture: Posture, start: int, stop: int) -> float:
    vibration = posture.shock_mps2[start:stop][~posture.is_gap[start:stop]]
    return float(np.median(vibration)) if vibration.size else float("nan")


def _course(series: _Series, start: int, stop: int, *, is_down: bool) -> Course:
    """Return the way from upright to the bottom, or the way up backwards."""
    part = slice(start, stop + 1)
    sign = 1.0 if is_down else -1.0
    pace = normalised_speed(sign * series.inclination_rate[part], -sign * series.speed[part])
    depth = series.depth[part]
    return (
        Course(depth, pace, series.posture.rate_hz)
        if is_down
        else Course(depth[::-1], pace[::-1], series.posture.rate_hz)
    )


def _landing(series: _Series, down_start: int, deep: npt.NDArray[np.intp], settings: RepSettings) -> int:
    """Return where something that was being lowered hit the floor first, or -1.

    A blow stands out against the shaking on the way down, which a quick turn at the bottom does not, and against that
    on the way up, which a bar ripped off the floor does not.
    """
    posture, rate_hz = series.posture, series.posture.rate_hz
    leaves = int(deep[-1]) + 1
    ways = posture.shock_mps2[down_start : int(deep[0])], posture.shock_mps2[leaves : leaves + round(RISE_S * rate_hz)]
    calm = max(float(np.median(way)) if way.size else 0.0 for way in ways)
    vibration = posture.shock_mps2[deep]
    # an impact has nothing three times as hard beside it (chosen)
    least = max(settings.shock_min_mps2, settings.shock_over_calm * calm, 0.3 * float(vibration.max()))
    hit = [i for i in np.flatnonzero(vibration >= least) if not _sinks_on(series, int(deep[i]))]
    if not hit:
        return -1
    at = int(deep[hit[0]])
    # without the tenth of a second that the impact itself disturbs; so below
    before = slice(max(down_start, at - round(LOWERED_S * rate_hz)), max(down_start + 1, at - round(0.1 * rate_hz)))
    is_hard = float(vibration[hit].max()) > HARD_IMPACTS * settings.shock_min_mps2
    is_lowered = (
        is_hard
        or np.abs(series.inclination_rate[before]).max() > LOWERING_RAD_S
        or series.speed[before].min() < -LOWERING_MPS
    )
    # as above: without what the impact itself disturbs
    just = series.speed[max(down_start, at - round(0.15 * rate_hz)) : max(down_start + 1, at - round(0.05 * rate_hz))]
    is_rising = float(just.min()) > RISING_MPS
    return at + round(IMPACT_REACH_S * rate_hz) if is_lowered and not is_rising else -1


def _sinks_on(series: _Series, at: int) -> bool:
    """Tell whether the body goes on sinking after a shake at ``at``."""
    first, last = (at + round(s * series.posture.rate_hz) for s in STOPPED_S)
    later = series.speed[first:last]
    return bool(later.size and later.min() < -SINKING_MPS)
