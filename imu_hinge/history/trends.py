"""Compare sets of weeks, and sets with cues against sets without, and say what is more than chance.

It compares only what can be compared: one athlete, one exercise, one way of wearing the sensors.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from imu_hinge.conventions import NORMAL_95
from imu_hinge.past_set import PastSet

DEFAULT_CHANGE_DEG: Final = 5.0
"""Smallest detectable change until the athlete has repeated sets (docs/design.md, section 5)."""

LEAST_SESSIONS: Final = 4
"""From so many sessions on their own scatter says what a change is; fewer tell a standard deviation to no better than
half (chosen)."""

LEAST_EACH: Final = 3
"""Sets with and without cues that a comparison needs (chosen)."""

Group = tuple[str, str, str]
"""Athlete, exercise, placements."""


def groups(sets: Iterable[PastSet]) -> dict[Group, list[PastSet]]:
    """Return sets that can be compared, by athlete, exercise and placements, in their order."""
    found: dict[Group, list[PastSet]] = defaultdict(list)
    for one in sets:
        found[one.athlete, one.exercise, one.placements].append(one)
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Change:
    """Hold a difference in lumbar flexion with what can be detected [deg].

    Parameters
    ----------
    change_deg
        Later, or without cues, minus the other.
    detectable_deg
        A smaller one may be chance.
    whose
        ``own``: from the athlete's own sessions; ``default``.
    """

    change_deg: float
    detectable_deg: float
    whose: str

    @property
    def is_told(self) -> bool:
        """Whether the difference is larger than chance."""
        return abs(self.change_deg) >= self.detectable_deg


@dataclass(frozen=True, slots=True)
class Week:
    """Hold a week's mean of lumbar flexion.

    Parameters
    ----------
    monday
        ISO date.
    sets
    sessions
    peak_deg
        Mean over its sessions [deg].
    """

    monday: str
    sets: int
    sessions: int
    peak_deg: float


def weeks(sets: Sequence[PastSet]) -> list[Week]:
    """Return the weeks in which sets with a date and an angle were, in order."""
    by_week: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in sets:
        if one.day and math.isfinite(one.peak_deg):
            at = date.fromisoformat(one.day)
            by_week[str(at - timedelta(days=at.weekday()))][one.session].append(one.peak_deg)
    return [
        Week(monday, sum(map(len, found.values())), len(found), float(np.mean([np.mean(v) for v in found.values()])))
        for monday, found in sorted(by_week.items())
    ]


def session_sd_deg(sets: Sequence[PastSet]) -> float:
    """Return how much sessions at the same load scatter from one to the next [deg]; NaN where too few tell.

    From one session to the next the sensors are stuck on anew; a trend over months is not in it.
    """
    by_load: dict[float, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in sets:
        if math.isfinite(one.peak_deg):
            by_load[one.load_kg if math.isfinite(one.load_kg) else -1.0][one.session].append(one.peak_deg)
    steps = []
    for found in by_load.values():
        means = np.array([float(np.mean(values)) for values in found.values()])
        steps += list(np.diff(means))
    enough = len(steps) >= LEAST_SESSIONS - 1
    return float(np.sqrt(np.mean(np.square(steps)) / 2.0)) if enough else math.nan


def detectable(sets: Sequence[PastSet], sessions: tuple[int, int]) -> tuple[float, str]:
    """Return the smallest detectable change between means of so many sessions each [deg], and whose it is.

    1.96 times the standard deviation of the difference, from the athlete's own sessions where there are enough.
    """
    sd = session_sd_deg(sets)
    if not math.isfinite(sd) or sd == 0.0:
        return DEFAULT_CHANGE_DEG, "default"
    return NORMAL_95 * sd * math.sqrt(1.0 / sessions[0] + 1.0 / sessions[1]), "own"


def change_over_weeks(sets: Sequence[PastSet]) -> Change | None:
    """Return how the last week differs from the first; None where there are not two.

    Sets of other loads are told apart by comparing only the loads that both weeks have, where there are any.
    """
    told = weeks(sets)
    if len(told) < 2:
        return None
    first, last = (_of_week(sets, told[at].monday) for at in (0, -1))
    both = {s.load_kg for s in first} & {s.load_kg for s in last}
    if both:
        first, last = ([s for s in part if s.load_kg in both] for part in (first, last))
    elif any(math.isfinite(s.load_kg) for s in (*first, *last)):
        return None  # no load is in both: a difference would be the load's
    count = len({s.session for s in first}), len({s.session for s in last})
    least, whose = detectable(sets, count)
    return Change(_mean(last) - _mean(first), least, whose)


def _of_week(sets: Sequence[PastSet], monday: str) -> list[PastSet]:
    first = date.fromisoformat(monday)
    known = [s for s in sets if s.day and math.isfinite(s.peak_deg)]
    return [s for s in known if 0 <= (date.fromisoformat(s.day) - first).days < 7]


def _mean(sets: Sequence[PastSet]) -> float:
    return float(np.mean([s.peak_deg for s in sets]))


def retention(sets: Sequence[PastSet]) -> Change | None:
    """Return how sets without cues differ from those with cues; None where there are too few of either.

    What is kept without cues is what was learnt. The scatter of the sets themselves says what is more than chance.
    """
    with_cues = [s.peak_deg for s in sets if s.cued is True and math.isfinite(s.peak_deg)]
    without = [s.peak_deg for s in sets if s.cued is False and math.isfinite(s.peak_deg)]
    if min(len(with_cues), len(without)) < LEAST_EACH:
        return None
    error = math.sqrt(sum(float(np.var(part, ddof=1)) / len(part) for part in (with_cues, without)))
    return Change(float(np.mean(without) - np.mean(with_cues)), max(NORMAL_95 * error, 1e-9), "own")
