"""Suggestions follow from what was decided, come with their evidence, and are not repeated where they did not help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from imu_hinge.report.coaching import CUES, SetSeen, causes, seen_in, suggestions
from imu_hinge.result import SetResult, Verdict

Maker = Callable[..., SetResult]


def judged(result: SetResult, *verdicts: tuple[str, tuple[str, ...]]) -> SetResult:
    pairs = zip(result.lifts, verdicts, strict=True)
    return replace(
        result, lifts=tuple(replace(lift, verdict=Verdict(label, 0.9, found)) for lift, (label, found) in pairs)
    )


def seen(exercise: str = "deadlift", *, load_kg: float = 100.0, **verdicts: int) -> SetSeen:
    findings = {name: verdicts.pop(name) for name in ("flexion_growing", "rushed_start") if name in verdicts}
    return SetSeen(exercise, verdicts, findings, load_kg)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (seen(hip_hinge=5), ()),
        (seen(squat=3, hip_hinge=2), ("squatting",)),
        (seen(squat=1, hip_hinge=4), ()),
        (seen("squat", squat=5), ()),
        (seen(squat=1, lumbar_flexion=2), ("no_feel",)),
        (seen(lumbar_flexion=5), ("rounding",)),
        (seen(lumbar_flexion=2, hip_hinge=3, flexion_growing=3), ("growing", "rounding")),
        (seen(hip_hinge=5, flexion_growing=3), ()),  # it grew and stayed under the limit
        (seen(hip_hinge=5, rushed_start=3), ("rushed",)),
        (seen(undecided=5, rushed_start=1), ()),
    ],
)
def test_what_is_due_follows_from_what_was_decided(one: SetSeen, expected: tuple[str, ...]) -> None:
    assert causes(one) == expected


def test_flexion_in_every_rep_of_every_load_asks_for_a_coach() -> None:
    light, heavy = seen(lumbar_flexion=5, load_kg=60.0), seen(lumbar_flexion=4, load_kg=100.0)
    assert causes(heavy, [light]) == ("every_load",)
    assert causes(heavy, [replace(light, load_kg=100.0)]) == ("rounding",)
    assert causes(heavy, [seen(hip_hinge=5, load_kg=60.0)]) == ("rounding",)
    assert causes(heavy, [replace(light, exercise="rdl")]) == ("rounding",)


def test_at_most_two_each_with_its_reps(make_set: Maker) -> None:
    growing = ("flexion_growing", "rushed_start")
    result = judged(make_set(4, rate_hz=25.0), *[("hip_hinge", ())] * 2, *[("lumbar_flexion", growing)] * 2)
    told = suggestions(result)
    assert [one.what for one in told] == [CUES["growing"], CUES["rounding"]]
    expected = "Lumbar flexion went past the default limit in reps 3 and 4 and grew over the set, up to 48°."
    assert told[0].evidence == expected


def test_a_cue_that_did_not_help_in_three_sets_is_not_repeated(make_set: Maker) -> None:
    result = judged(make_set(3, rate_hz=25.0), *[("squat", ())] * 3)
    now = seen_in(result)
    assert [one.cause for one in suggestions(result, past=[now] * 2)] == ["squatting"]
    (told,) = suggestions(result, past=[now] * 3)
    assert told.cause == "stale"
    assert "did not change the movement" in told.what
    assert [one.cause for one in suggestions(result, past=[now, now, seen(hip_hinge=3), now])] == ["squatting"]


def test_where_nothing_is_decided_it_says_what_would_help(make_set: Maker) -> None:
    told = suggestions(make_set(3, seen="pelvis", rate_hz=25.0))
    assert [one.cause for one in told] == ["undecided"] * 2
    assert "two sensors" in told[0].what
    assert "calibrate" in told[1].what
    assert told[0].evidence == "No verdict could be told in reps 1 to 3."


def test_nothing_is_said_of_clean_hinges_and_of_no_rep(make_set: Maker) -> None:
    assert suggestions(judged(make_set(3, rate_hz=25.0), *[("hip_hinge", ())] * 3)) == ()
    assert suggestions(make_set(0, rate_hz=25.0)) == ()
