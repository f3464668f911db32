"""The rooms of an instant, each by itself: the phase of a bend, what is told of a rep, the height of a sensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from imu_hinge.analysis.instant.bend_phase import BendPhase, Turn
from imu_hinge.analysis.instant.height_filter import HeightFilter
from imu_hinge.analysis.instant.rep_events import RepEvents
from imu_hinge.athlete import Athlete
from imu_hinge.motion.kinematics.vertical_acceleration import REST_S
from imu_hinge.motion.kinematics.vertical_displacement import (
    LEVEL_HEIGHT_M,
    LEVEL_PER_INCLINATION_M,
    SPEED_PER_RATE_M,
)
from imu_hinge.reps.verdict import Limits
from imu_hinge.settings import FeedbackSettings, RepSettings, VerdictSettings

DT = 0.04


def bends(depths_deg: Sequence[float], *, way_s: float = 1.2, hold_s: float = 0.4) -> np.ndarray:
    """Return the depth over time, from one depth to the next along half a cosine, each held. (n,) [rad]."""
    parts = [np.full(round(1.0 / DT), depths_deg[0])]
    for start, stop in pairwise(depths_deg):
        share = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, round(way_s / DT)))
        parts += [start + (stop - start) * share, np.full(round(hold_s / DT), stop)]
    return np.radians(np.concatenate(parts))


def followed(depth: np.ndarray) -> tuple[list[Turn], list[str]]:
    phase, turns, names = BendPhase(RepSettings()), [], []
    for i, value in enumerate(depth):
        turns += phase.step(DT * i, float(value))
        names.append(phase.phase)
    return turns, names


def test_a_bend_goes_down_and_up_once() -> None:
    turns, names = followed(bends([0.0, 60.0, 0.0, 60.0, 2.0]))
    assert [turn.kind for turn in turns] == ["leaves", "bottom", "rises", "lifts", "stands"] * 2
    begins = [1.0, 2.2, 2.6, 3.1, 3.8]  # leaves standing, at the bottom, leaves it, has risen by a bend's least, stands
    assert [turn.time_s for turn in turns[:5]] == pytest.approx(begins, abs=0.25)
    assert [a for a, b in zip(names, ["", *names], strict=False) if a != b] == [
        "standing",
        *["down", "bottom", "up", "standing"] * 2,
    ]


@pytest.mark.parametrize("depths", [[0.0, 60.0, 30.0, 60.0, 0.0], [0.0, 60.0, 45.0, 60.0, 1.0]])
def test_a_hitch_is_part_of_its_bend(depths: list[float]) -> None:
    turns, _ = followed(bends(depths))
    assert [turn.kind for turn in turns].count("stands") == 1
    assert [turn.kind for turn in turns].count("leaves") == 1


def test_sway_and_small_bows_are_standing() -> None:
    turns, names = followed(bends([0.0, 12.0, -3.0, 15.0, 0.0]))
    assert not turns
    assert set(names) == {"standing"}


def test_what_is_not_known_has_no_phase() -> None:
    depth = bends([0.0, 60.0, 0.0])
    depth[40:45] = math.nan
    turns, names = followed(depth)
    assert names[40:45] == [""] * 5
    assert [turn.kind for turn in turns] == ["leaves", "bottom", "rises", "lifts", "stands"]


def rep_events() -> RepEvents:
    return RepEvents(Limits.of(Athlete(lumbar_limit_deg=40.0), VerdictSettings()), FeedbackSettings())


@pytest.mark.parametrize(
    ("from_floor", "starts", "turns", "ends"),
    [(True, "lifts", "stands", "bottom"), (False, "leaves", "rises", "stands")],
)
def test_a_rep_starts_turns_and_ends_where_its_exercise_does(
    from_floor: bool, starts: str, turns: str, ends: str
) -> None:
    rep, told, ended = rep_events(), [], []
    for k, kind in enumerate(["leaves", "bottom", "rises", "lifts", "stands"] * 2):
        events, ended_s = rep.step([Turn(kind, float(k))], from_floor=from_floor)  # type: ignore[arg-type]
        told += [(event.kind, kind) for event in events]
        ended += [kind] if ended_s is not None else []
    assert told[:2] == [("rep_started", starts), ("turned", turns)]
    assert ended == [ends] * (1 if from_floor else 2)


def watched(rep: RepEvents, flexion_deg: Sequence[float], sd_deg: float = 3.0) -> list[tuple[str, float]]:
    events = []
    for k, value in enumerate(flexion_deg):
        events += rep.watch(DT * k, math.radians(value), math.radians(sd_deg))
    return [(event.kind, event.time_s) for event in events]


def test_the_limit_is_passed_by_probability_and_dwell() -> None:
    rep = rep_events()
    rep.step([Turn("leaves", 0.0)], from_floor=False)
    assert watched(rep, [41.0] * 10) == [], "0.63 is not sure"
    assert watched(rep, [30.0, 50.0, 50.0, 30.0]) == [], "a shake"
    assert watched(rep, [30.0, *[45.0] * 10]) == [("over_limit", pytest.approx(DT))]
    assert watched(rep, [40.5] * 10) == [], "between both nothing changes"
    assert watched(rep, [math.nan, *[35.0] * 10]) == [("back_under", pytest.approx(DT))]


def test_outside_a_rep_no_limit_is_passed() -> None:
    rep = rep_events()
    assert watched(rep, [60.0] * 20) == []
    rep.step([Turn("leaves", 0.0)], from_floor=False)
    rep.step([Turn("rises", 1.0)], from_floor=False)
    rep.step([Turn("stands", 2.0)], from_floor=False)
    assert watched(rep, [60.0] * 20) == []


def test_the_height_of_a_squat_comes_back_with_its_band() -> None:
    """0.4 m down and up in 3 s with 0.06 m/s² of error, between two stands."""
    height, found, sd = HeightFilter(), [], []
    time_s = np.arange(0.0, 8.0, DT)
    moving = np.clip((time_s - 3.0) / 3.0, 0.0, 1.0)
    true = -0.2 * (1.0 - np.cos(2.0 * np.pi * moving))
    acceleration = np.gradient(np.gradient(true, DT), DT) + 0.06
    for a, share in zip(acceleration.tolist(), moving.tolist(), strict=True):
        is_still = share in (0.0, 1.0)
        height.step(a, DT)
        height.observe(0.02 if is_still else 0.5, 0.05 if is_still else 1.0, DT, is_still=is_still)
        found.append(height.height_m)
        sd.append(height.height_sd_m)
    bottom = int(np.argmin(true))
    assert found[bottom] == pytest.approx(-0.4, abs=0.05)
    assert abs(found[bottom] - true[bottom]) < 3.0 * sd[bottom]
    assert found[-1] == pytest.approx(0.0, abs=0.02)


def test_a_height_that_nobody_has_seen_for_long_is_not_known() -> None:
    height = HeightFilter()
    for _ in range(50):
        height.step(0.0, DT)
        height.observe(0.0, 0.02, DT, is_still=True)
    assert height.is_known
    for _ in range(50):
        height.step_unseen(DT)
    assert not height.is_known


def seen(tilt_rad: float, rate_rad_s: float, *, is_still: bool) -> HeightFilter:
    """Return a filter that believed to be 5 cm low and to sink by 2 cm/s, after one observation."""
    height = HeightFilter()
    height.begin(-0.05, 0.05, -0.02)
    height.observe(tilt_rad, rate_rad_s, DT, is_still=is_still)
    return height


@pytest.mark.parametrize(
    ("tilt_deg", "rate_deg_s", "is_still", "tells"),
    [
        (1.0, 1.0, True, {"height", "speed"}),
        (7.9, 29.0, False, {"height"}),  # a lockout
        (7.9, 31.0, False, set()),
        (8.1, 29.0, False, set()),
        (8.1, 1.0, True, {"speed"}),  # held in a bend
        (60.0, 1.0, True, {"speed"}),
        (math.nan, 1.0, True, {"speed"}),  # standing is not known
        (math.nan, 1.0, False, set()),
    ],
)
def test_rest_tells_the_speed_and_standing_the_height(
    tilt_deg: float, rate_deg_s: float, is_still: bool, tells: set[str]
) -> None:
    height = seen(math.radians(tilt_deg), math.radians(rate_deg_s), is_still=is_still)
    assert (height.height_m > -0.05) == ("height" in tells)
    assert (height.hh < 0.05**2) == ("height" in tells)
    assert (height.speed_mps > -0.02) == ("speed" in tells)


def test_one_look_at_standing_weighs_as_its_variance_does() -> None:
    """Steps of one rest of REST_S repeat each other; the one that leans or turns tells less."""
    prior, repeats = 0.05**2, max(REST_S / DT, 1.0)
    for tilt, rate, is_still, more_m in (
        (0.0, 0.0, True, 0.0),
        (0.1, 0.0, True, LEVEL_PER_INCLINATION_M * 0.1),
        (0.0, 0.2, False, SPEED_PER_RATE_M * 0.2 * REST_S),
    ):
        variance = repeats * (LEVEL_HEIGHT_M**2 + more_m**2)
        found = seen(tilt, rate, is_still=is_still)
        assert found.height_m == pytest.approx(-0.05 * variance / (prior + variance))
        assert found.hh == pytest.approx(prior * variance / (prior + variance))
