"""Hold a session against its plan: which set was which, what the plan calls it, its load, and what was not done.

A plan is a prior and no order: what is surely another exercise stays so.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from imu_hinge.edits import STRUCTURE, Edit, labelled
from imu_hinge.plan import Plan, PlannedSet
from imu_hinge.reps.exercise import Found, FoundSet
from imu_hinge.result import SetResult

LOOKS_LIKE: Final = {
    "rdl": ("good_morning", "drill", "swing"),
    "squat": ("swing",),
    "drill": ("rdl", "good_morning", "squat", "swing"),
}
"""What a set that was recognised as one exercise may be too: no sensor on the back sees where the bar is, a slow swing
is known from a hinge or a squat by its haste alone, and a single bend is recognised as none."""

LEFT_OUT: Final = 1.5
"""What it costs to leave out a planned set, or to do one that was not planned; chosen, the unit of the others."""
OTHER_WORK: Final = 4.0
"""What it costs to take a set for a planned one of another exercise: chosen, more than to leave one out and put one
in."""
DOUBTED: Final = 0.5
"""What it costs to take a doubtful set for a planned one: chosen, less than leaving the planned one out."""
A_REP: Final = 0.2
"""What a rep more or less costs: chosen, who plans 5 does 4 or 6 sooner than skip a set."""
MOST_REPS: Final = 5.0
"""More reps too many or too few cost no more: chosen, less than leaving the set out."""


def matched(seen: Sequence[tuple[str, int]], plan: Plan, doubtful: Collection[int] = ()) -> list[int]:
    """Return for every set that was seen which set of the plan it is, -1 for none; both keep their order.

    The cheapest alignment, by dynamic programming.

    Parameters
    ----------
    seen
        Exercise and number of reps of each set.
    plan
    doubtful
        Which of them may be none: to leave one out costs nothing.
    """
    rows, columns = len(seen), len(plan)
    cost = np.zeros((rows + 1, columns + 1))
    out = [0.0 if i in doubtful else LEFT_OUT for i in range(rows)]
    apart = [[_apart(*one, planned) + DOUBTED * (i in doubtful) for planned in plan] for i, one in enumerate(seen)]
    cost[1:, 0], cost[0, :] = np.cumsum(out), LEFT_OUT * np.arange(columns + 1)
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            both = cost[i - 1, j - 1] + apart[i - 1][j - 1]
            cost[i, j] = min(both, cost[i - 1, j] + out[i - 1], cost[i, j - 1] + LEFT_OUT)
    found, i, j = [-1] * rows, rows, columns
    while i and j:
        if cost[i, j] == cost[i, j - 1] + LEFT_OUT:  # of equals the first is done and the last left out
            j -= 1
        elif cost[i, j] == cost[i - 1, j] + out[i - 1]:
            i -= 1
        else:
            i, j = i - 1, j - 1
            found[i] = j
    return found


def _apart(exercise: str, reps: int, planned: PlannedSet) -> float:
    """Return what it costs to take a set for a planned one."""
    by_reps = A_REP * min(abs(reps - planned.reps), MOST_REPS) if planned.reps else 0.0
    if exercise == planned.exercise:
        return by_reps
    return by_reps + (0.5 * LEFT_OUT if planned.exercise in LOOKS_LIKE.get(exercise, ()) else OTHER_WORK)


def with_names(found: Found, plan: Plan) -> Found:
    """Return what was found under the plan's names, where what was seen may be that too.

    A doubtful set counts where the plan has one with as many reps that nothing plainer is: of the same exercise, or of
    one that looks the same where there are several reps. A single bend of no plain kind stays none.
    """
    wanted = [one for one in found.doubtful if any(_is_planned(one, planned) for planned in plan)]
    every = sorted([*found.sets, *wanted], key=lambda one: one.lifts[0].start)
    seen = [(one.exercise, len(one.lifts)) for one in every]
    doubtful = {i for i, one in enumerate(every) if one in wanted}
    sets = []
    for one, at in zip(every, matched(seen, plan, doubtful), strict=True):
        if one in wanted and (at < 0 or not _is_planned(one, plan[at])):
            continue
        if at >= 0 and plan[at].exercise in LOOKS_LIKE.get(one.exercise, ()):
            one = replace(one, exercise=plan[at].exercise, evidence=f"the plan says so; it looks like {one.exercise}")
        sets.append(one)
    lifts = [lift for one in sets for lift in one.lifts]
    others = (o for o in found.others if not any(lift.start < o.stop and o.start < lift.stop for lift in lifts))
    return replace(found, sets=tuple(sets), others=tuple(others)) if wanted else replace(found, sets=tuple(sets))


def _is_planned(one: FoundSet, planned: PlannedSet) -> bool:
    """Tell whether a doubtful set is surely what is planned, if it is a set."""
    if len(one.lifts) != planned.reps:
        return False
    return one.exercise == planned.exercise or (
        planned.reps > 1 and planned.exercise in LOOKS_LIKE.get(one.exercise, ())
    )


def with_what_was_said(
    result: SetResult, plan: Plan, edits: Sequence[Edit], *, load_kg: float | None = None
) -> SetResult:
    """Return the result with the loads of the plan, what people said of its sets, and what was done of the plan.

    Parameters
    ----------
    result
    plan
    edits
        In their order; those that change sets were applied before.
    load_kg
        Of every set of which nobody said another.
    """
    sets = [
        replace(one, load_kg=load_kg) if load_kg is not None and math.isnan(one.load_kg) else one
        for one in result.set_list
    ]
    counts = [len(result.reps_of(number)) for number in range(len(sets))]
    where = matched([(one.exercise, count) for one, count in zip(sets, counts, strict=True)], plan)
    for number, at in enumerate(where):
        if at >= 0 and math.isfinite(plan[at].load_kg):
            sets[number] = replace(sets[number], load_kg=plan[at].load_kg)
    spans = [(row["start_s"], row["stop_s"]) for row in result.set_rows()]
    told = labelled(sets, spans, edits)
    done = _against(plan, where, counts, [one.exercise for one in sets]) if plan else result.against_plan
    return replace(result, set_list=told, against_plan=done)


def _against(plan: Plan, where: Sequence[int], counts: Sequence[int], names: Sequence[str]) -> tuple[str, ...]:
    """Return in sentences what was done of the plan, sets counted from one."""
    found = [f"{sum(at >= 0 for at in where)} of {len(plan)} planned sets were done."]
    for number, (at, count) in enumerate(zip(where, counts, strict=True)):
        if at < 0:
            found.append(f"Set {number + 1} ({names[number].replace('_', ' ')}) is not in the plan.")
        elif plan[at].reps and plan[at].reps != count:
            found.append(f"Set {number + 1} had {count} of {plan[at].reps} planned reps.")
    missing = [f"{i + 1} ({one.exercise.replace('_', ' ')})" for i, one in enumerate(plan) if i not in where]
    if missing:
        found.append(f"Not seen of the plan: set{'s' * (len(missing) > 1)} {', '.join(missing)}.")
    return tuple(found)


def not_applied_live(edits: Sequence[Edit]) -> tuple[str, ...]:
    """Return that edits which change sets are left out of what was told live."""
    count = sum(edit.do in STRUCTURE for edit in edits)
    return (f"{count} edits that change sets are not applied to what was told live.",) if count else ()
