"""Tell which bends are the lifts, whether they start on the floor, and what the exercise is, with the evidence.

Every rule is a fact of the lift (where the hands are, what a plate does, how long a swing lasts), none is fitted to
anybody's motion. It does not judge a lift.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.model import Posture
from imu_hinge.reps.bends import Bend, find_bends
from imu_hinge.reps.segmentation import Lift, are_alike, hold_s, lifts_from_floor, lifts_from_top, split_sets
from imu_hinge.settings import RepSettings

FLOOR_MARGIN_M: Final = 0.14
"""Hands within this of the bar's height on the floor may hold a bar that stands there."""

SWING_CYCLE_S: Final = 1.5
"""A kettlebell is down and up again in less; a loaded bar is not."""

SQUAT_DROP_SHARE: Final = 0.13
"""A pelvis that drops by more than this share of body height, with little lean, squats."""


@dataclass(frozen=True, slots=True)
class Found:
    """Hold the lifts of a recording, the exercise and why."""

    lifts: tuple[Lift, ...]
    exercise: str
    evidence: str


@dataclass(frozen=True, slots=True)
class _Set:
    bends: list[Bend]
    from_floor: bool
    drop_at: int | None
    is_likely: bool

    @property
    def count(self) -> int:
        return len(self.bends) - (self.from_floor and self.drop_at is None)


def find_lifts(posture: Posture, athlete: Athlete, *, told: str, settings: RepSettings) -> Found:
    """Return the lifts and the exercise.

    Parameters
    ----------
    posture
    athlete
        For body height and plate radius.
    told
        An exercise, or ``auto``.
    settings
    """
    bends = find_bends(posture, settings)
    if told == "drill":  # practice without a bar: every bend counts, also those unlike the others
        return Found(tuple(lifts_from_top(bends)), told, "told")
    groups = [_as_set(g, posture, athlete, told, settings) for g in split_sets(bends, posture, settings)]
    groups = [g for g in groups if g.count > 0]
    if not groups:
        name = "drill" if told == "auto" else told
        return Found((), name, "no bend came back to standing" if not bends else "one bend to the floor is no lift")
    main = max(groups, key=lambda g: (_weight(g, posture), -g.bends[0].down_start))
    chosen = [g for g in groups if g is main or _belongs(g, main, posture.rate_hz)]
    lifts: list[Lift] = []
    for g in chosen:
        lifts += (
            lifts_from_floor(g.bends, posture, dropped_last=g.drop_at) if g.from_floor else lifts_from_top(g.bends)
        )
    if told != "auto":
        return Found(tuple(lifts), told, "told")
    exercise, evidence = _recognise(main, posture, athlete)
    return Found(tuple(lifts), exercise, evidence)


def _as_set(group: list[Bend], posture: Posture, athlete: Athlete, told: str, settings: RepSettings) -> _Set:
    landed = _landings(group, posture.rate_hz, settings)
    if told == "auto":
        from_floor = _is_from_floor(group, landed, posture, athlete, settings)
    else:
        from_floor = told in cv.FLOOR_EXERCISES
    if not from_floor:
        return _Set(_without_strangers(group, posture.rate_hz), False, None, not any(landed))
    has_landed = any(landed[1:])
    if has_landed:  # exactly one bend comes before the first landing, and nothing is lifted after the last
        first = landed.index(True, 1)
        last = len(landed) - 1 - landed[::-1].index(True)
        group = group[first - 1 : last + 1]
    is_likely = has_landed or _reaches_floor(group, posture, athlete)
    return _Set(group, True, _bar_dropped(group[-1], posture, settings), is_likely)


def _without_strangers(group: list[Bend], rate_hz: float) -> list[Bend]:
    """Leave out bends at the ends of a set from the top that are unlike the rest: a shoe, a bottle, a plate.

    Unlike is more than about three and a half standard deviations in where the bend goes, how long it is held and how
    long the athlete stood before going on; the spread is that of the other bends, or a small one of the own.
    """
    kept = list(group)
    while len(kept) > 3:
        far = [_strangeness(kept, at_end=at_end, rate_hz=rate_hz) for at_end in (False, True)]
        if max(far) <= 12.0:
            break
        kept.pop(-1 if far[1] > far[0] else 0)
    return kept


def _strangeness(group: list[Bend], *, at_end: bool, rate_hz: float) -> float:
    order = group[::-1] if at_end else group
    gaps = [abs(b.down_start - a.up_stop) if not at_end else abs(a.down_start - b.up_stop) for a, b in pairwise(order)]
    total = 0.0
    for values, least in (
        ([b.lean_rad for b in order], np.radians(5.0)),
        ([b.drop_m for b in order], 0.03),
        ([hold_s(b, rate_hz) for b in order], 0.25),
        ([gap / rate_hz for gap in gaps], 0.7),
    ):
        rest = np.array(values[1:])
        middle = float(np.median(rest))
        spread = max(float(least), 1.5 * float(np.median(np.abs(rest - middle))))
        if np.isfinite(values[0]) and np.isfinite(middle):
            total += ((values[0] - middle) / spread) ** 2
    return total


def _landings(group: list[Bend], rate_hz: float, settings: RepSettings) -> list[bool]:
    """Tell which bends end with plates on the floor; a swing's turn is as hard, so it is left out by its speed."""
    if _cycle_s(group, rate_hz) < SWING_CYCLE_S:
        return [False] * len(group)
    hardest = max(b.shock_mps2 for b in group)
    return [b.shock_mps2 > max(settings.shock_min_mps2, 0.2 * hardest) for b in group]


def _bar_dropped(bend: Bend, posture: Posture, settings: RepSettings) -> int | None:
    """Return where a bar hit the floor within two seconds of the last lockout, or None."""
    start = bend.up_stop
    stop = min(len(posture), start + round(2.5 * posture.rate_hz))
    shake = posture.shock_mps2[start:stop]
    upright = np.abs(posture.lean_rad[start:stop]) < np.radians(20.0)
    hard = np.flatnonzero((shake > 1.5 * settings.shock_min_mps2) & upright)
    return start + int(hard[0]) if hard.size else None


def _is_from_floor(
    group: list[Bend], landed: list[bool], posture: Posture, athlete: Athlete, settings: RepSettings
) -> bool:
    """Weigh the evidence that the bar stands on the floor between the lifts of this set."""
    if len(group) < 2:
        return bool(_bar_dropped(group[-1], posture, settings)) and _reaches_floor(group, posture, athlete)
    if 2 * sum(landed[1:]) >= len(group) - 1:
        return True
    rate_hz = posture.rate_hz
    holds = [hold_s(b, rate_hz) for b in group]
    if not _reaches_floor(group, posture, athlete) or _cycle_s(group, rate_hz) < SWING_CYCLE_S:
        return False
    inner = float(np.median(holds[1:-1])) if len(holds) > 2 else 0.0
    set_up = holds[0] >= max(settings.hold_min_s, 1.5 * inner)
    let_go = holds[-1] >= settings.hold_min_s
    return set_up and let_go


def _reaches_floor(group: list[Bend], posture: Posture, athlete: Athlete) -> bool:
    heights = [hand_height_m(posture, b, athlete) for b in group]
    known = [h for h in heights if np.isfinite(h)]
    return not known or float(np.median(known)) < athlete.value("plate_radius_m") + FLOOR_MARGIN_M


def hand_height_m(posture: Posture, bend: Bend, athlete: Athlete) -> float:
    """Return how high the hands hang at the bottom of a bend [m]; NaN without a pelvis sensor.

    The chain of facts/biomechanics section 5.1 from S2 to the shoulder, lengths scaled by body height; a trunk or
    pelvis that was not measured is put at the ratio of an average bend.
    """
    size = athlete.value("height_m") / 1.75
    pelvis = float(posture.angles_rad[bend.bottom, cv.PELVIS_TILT])
    trunk = float(posture.angles_rad[bend.bottom, cv.TRUNK_INCLINATION])
    if not np.isfinite(pelvis):
        return float("nan")
    trunk = trunk if np.isfinite(trunk) else 1.55 * pelvis
    up = 0.10 * np.cos(pelvis) + 0.03 * np.sin(pelvis) - 0.115 * np.sin(pelvis) - 0.075 * np.cos(pelvis)
    up += 0.17 * np.cos(0.5 * (pelvis + trunk)) + 0.224 * np.cos(trunk)
    return float(size * (1.0 + up - 0.675) - bend.drop_m)


def _cycle_s(group: list[Bend], rate_hz: float) -> float:
    return float(np.median([(b.up_stop - b.down_start) / rate_hz for b in group]))


def _weight(group: _Set, posture: Posture) -> float:
    """Return how much a set looks like the work of the recording: its lifts; a single bend counts by its calm."""
    if group.count == 1 and not group.from_floor:
        return 0.5 / (1.0 + hold_s(group.bends[0], posture.rate_hz))
    return group.count + 3.0 * group.is_likely + 3.0 * group.from_floor


def _belongs(group: _Set, main: _Set, rate_hz: float) -> bool:
    """Tell whether another set of the recording is more of the same work."""
    if group.from_floor != main.from_floor or group.is_likely != main.is_likely or len(group.bends) < 2:
        return False
    pace = abs(np.log(_cycle_s(group.bends, rate_hz) / _cycle_s(main.bends, rate_hz)))
    held = [float(np.median([hold_s(b, rate_hz) for b in g.bends])) for g in (group, main)]
    if not main.from_floor and (pace > 0.5 or abs(held[0] - held[1]) > 0.5):
        return False
    return any(are_alike(a, b) for a in group.bends for b in main.bends)


def _recognise(main: _Set, posture: Posture, athlete: Athlete) -> tuple[str, str]:
    """Name the exercise of a set and say why."""
    rate_hz, group = posture.rate_hz, main.bends
    if main.from_floor:
        return "deadlift", "plates reach the floor, or the first and the last bend hold there"
    cycle = _cycle_s(group, rate_hz)
    holds = float(np.median([hold_s(b, rate_hz) for b in group]))
    lean = float(np.median([b.lean_rad for b in group]))
    drop = float(np.median([b.drop_m for b in group]))
    if len(group) > 1 and cycle < SWING_CYCLE_S and holds < 0.15:
        return "swing", f"down and up in {cycle:.1f} s without a pause"
    if drop > SQUAT_DROP_SHARE * athlete.value("height_m") and drop > 0.25 * lean:
        return "squat", f"the pelvis drops {100.0 * drop:.0f} cm with {np.degrees(lean):.0f} degrees of lean"
    if len(group) == 1:
        return "drill", "a single bend"
    return "rdl", "bends from the top that stop above the floor; a good morning looks the same without a bar in hand"
