"""What is called a change is larger than chance, and only what can be compared is compared."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imu_hinge.history.trends import change_over_weeks, detectable, groups, retention, session_sd_deg, weeks
from imu_hinge.past_set import PastSet

Maker = Callable[..., PastSet]


def test_other_placements_exercises_and_athletes_are_kept_apart(make_past: Maker) -> None:
    sets = [make_past(0), make_past(1), make_past(2, placements="sacrum"), make_past(3, athlete="Bo")]
    assert {group: len(those) for group, those in groups(sets).items()} == {
        ("Ana", "deadlift", "sacrum"): 1,
        ("Ana", "deadlift", "sacrum+t12"): 2,
        ("Bo", "deadlift", "sacrum+t12"): 1,
    }


def test_weeks_begin_on_monday_and_count_sessions_once(make_past: Maker) -> None:
    sets = [make_past(4), make_past(5, peak_deg=20.0), make_past(5, number=1, peak_deg=30.0), make_past(11)]
    told = [(week.monday, week.sets, week.sessions, week.peak_deg) for week in weeks(sets)]
    assert told == [("2026-01-05", 3, 2, 25.0), ("2026-01-12", 1, 1, 25.0)]


def test_few_sessions_have_the_default_change(make_past: Maker) -> None:
    sets = [make_past(0, peak_deg=25.0), make_past(8, peak_deg=29.0)]
    change = change_over_weeks(sets)
    assert change is not None
    assert (change.change_deg, change.detectable_deg, change.whose) == (4.0, 5.0, "default")
    assert not change.is_told


def test_own_sessions_say_what_is_chance(make_past: Maker) -> None:
    sets = [make_past(day, peak_deg=25.0 + (-1.0) ** day) for day in range(8)]
    assert session_sd_deg(sets) == pytest.approx(2.0 / 2.0**0.5)  # steps of two degrees
    least, whose = detectable(sets, (1, 1))
    assert whose == "own"
    assert least == pytest.approx(1.96 * 2.0, abs=0.01)


def test_weeks_are_compared_at_loads_that_both_have(make_past: Maker) -> None:
    first = [make_past(0, load_kg=80.0, peak_deg=20.0), make_past(0, number=1, load_kg=100.0, peak_deg=30.0)]
    last = [make_past(8, load_kg=100.0, peak_deg=38.0), make_past(8, number=1, load_kg=120.0, peak_deg=50.0)]
    change = change_over_weeks(first + last)
    assert change is not None
    assert change.change_deg == 8.0
    assert change.is_told
    assert change_over_weeks([first[0], last[0]]) is None


def test_what_is_kept_without_cues_needs_enough_of_both(make_past: Maker) -> None:
    cued = [make_past(day, cued=True, peak_deg=24.0 + 0.5 * (day % 2)) for day in range(4)]
    silent = [make_past(5 + day, cued=False, peak_deg=30.0 + 0.5 * (day % 2)) for day in range(4)]
    change = retention(cued + silent)
    assert change is not None
    assert change.change_deg == 6.0
    assert change.is_told
    assert retention(cued + silent[:2]) is None
    assert retention([make_past(day) for day in range(9)]) is None
