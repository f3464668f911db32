"""Give sets without a load that of the training log: by day and exercise, in order, where the reps agree.

A load that the recording says is never replaced, and a log with no set that fits gives none.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from imu_hinge.past_set import PastSet
from imu_hinge.storage.training_log import LoggedSet

MOST_APART: Final = 2
"""Reps by which a set and its row may differ: a rep that was not found, one that did not count (chosen)."""

SKIP: Final = 1.5
"""What leaving a set or a row out costs, in reps: two sets that differ by one rep are rather one (chosen)."""


def with_loads(sets: Sequence[PastSet], log: Sequence[LoggedSet]) -> list[PastSet]:
    """Return the sets in their order, with loads and effort of the log where they have none.

    Sets and rows of one day and exercise are laid side by side, both in order, with as few reps apart and as few left
    out as can be: a set that was not recorded, or not logged, moves no other's load.

    Parameters
    ----------
    sets
    log
        Of each athlete; a row is given to sets of its own alone.
    """
    rows: dict[tuple[str, str, str], list[LoggedSet]] = defaultdict(list)
    for row in log:
        rows[row.athlete, row.start[:10], row.exercise].append(row)
    places: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for at, one in enumerate(sets):
        places[one.athlete, one.day, one.exercise].append(at)
    found = list(sets)
    for key, group in places.items():
        ordered = sorted(group, key=lambda i: (sets[i].recorded, sets[i].recording, sets[i].number))
        pairs = zip(ordered, aligned([sets[i].reps for i in ordered], rows.get(key, [])), strict=True)
        for i, logged in pairs:
            if logged is not None and not math.isfinite(sets[i].load_kg) and math.isfinite(logged.load_kg):
                rpe = sets[i].rpe if math.isfinite(sets[i].rpe) else logged.rpe
                found[i] = replace(sets[i], load_kg=logged.load_kg, load_from="log", rpe=rpe)
    return found


def aligned(reps: Sequence[int], rows: Sequence[LoggedSet]) -> list[LoggedSet | None]:
    """Return for each set the row of the log that is its own, or None; both are in order.

    The cheapest way through the table of all pairs, as when two texts are compared.
    """
    cost = np.full((len(reps) + 1, len(rows) + 1), np.inf)
    cost[0, :], cost[:, 0] = SKIP * np.arange(len(rows) + 1), SKIP * np.arange(len(reps) + 1)
    for i, count in enumerate(reps, start=1):
        for j, row in enumerate(rows, start=1):
            apart = abs(count - row.reps)
            pair = cost[i - 1, j - 1] + apart if apart <= MOST_APART else np.inf
            cost[i, j] = min(pair, cost[i - 1, j] + SKIP, cost[i, j - 1] + SKIP)
    found: list[LoggedSet | None] = [None] * len(reps)
    i, j = len(reps), len(rows)
    while i and j:
        apart = abs(reps[i - 1] - rows[j - 1].reps)
        if apart <= MOST_APART and cost[i, j] == cost[i - 1, j - 1] + apart:
            i, j = i - 1, j - 1
            found[i] = rows[j]
        elif cost[i, j] == cost[i - 1, j] + SKIP:
            i -= 1
        else:
            j -= 1
    return found
