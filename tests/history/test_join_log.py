"""Sets take their own row of the log, whatever was not recorded or not logged between them."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from imu_hinge.history.join_log import aligned, with_loads
from imu_hinge.past_set import PastSet
from imu_hinge.storage.training_log import LoggedSet

Maker = Callable[..., PastSet]


def row(place: int, reps: int, load_kg: float, *, day: int = 1, exercise: str = "deadlift") -> LoggedSet:
    start = f"2026-01-{day:02d}T18:30:00"
    return LoggedSet(start, place, exercise, exercise, reps, load_kg, athlete="Ana")


@pytest.mark.parametrize(
    ("reps", "logged", "expected"),
    [
        ([5, 5, 5], [5, 5, 5], [0, 1, 2]),
        ([5, 3], [10, 5, 3], [1, 2]),  # the warm-up was not recorded
        ([8, 5, 5], [5, 5], [None, 0, 1]),  # the first was not logged
        ([5, 4, 3], [5, 3], [0, None, 1]),
        ([6, 5], [5, 5], [0, 1]),  # one rep too many was found
        ([5], [10], [None]),
        ([5], [], [None]),
        ([], [5], []),
    ],
)
def test_sets_and_rows_are_laid_side_by_side(reps: list[int], logged: list[int], expected: list[int | None]) -> None:
    rows = [row(place, count, 100.0 + place) for place, count in enumerate(logged)]
    assert aligned(reps, rows) == [None if at is None else rows[at] for at in expected]


def test_a_load_that_the_recording_says_stays(make_past: Maker) -> None:
    sets = [make_past(0, load_kg=90.0), make_past(0, number=1, load_kg=math.nan), make_past(1, load_kg=math.nan)]
    found = with_loads(sets, [row(0, 5, 100.0), row(1, 5, 110.0), row(0, 5, 70.0, exercise="rdl")])
    assert [one.load_kg for one in found[:2]] == [90.0, 110.0]
    assert found[1].load_from == "log"
    assert math.isnan(found[2].load_kg)  # another day
    other = with_loads([make_past(0, athlete="Bo", load_kg=math.nan)], [row(0, 5, 100.0)])
    assert math.isnan(other[0].load_kg)
