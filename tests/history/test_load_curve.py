"""The load at which flexion crosses the limit is where it truly is, and nothing is said where there is too little."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from imu_hinge.history.history_words import load_words
from imu_hinge.history.load_curve import load_curve, why_not
from imu_hinge.past_set import PastSet

Maker = Callable[..., PastSet]


def athlete(make_past: Maker, seed: int, *, slope: float = 0.3, crossing_kg: float = 120.0) -> list[PastSet]:
    """Return 12 sets over 4 loads in 6 sessions, each session off by an offset, each set by scatter and error."""
    rng = np.random.default_rng(seed)
    sets = []
    for session in range(6):
        offset = rng.normal(0.0, 2.0)
        for number in range(2):
            load = (80.0, 100.0, 120.0, 140.0)[(2 * session + number) % 4]
            peak = 35.0 + slope * (load - crossing_kg) + offset + rng.normal(0.0, 1.5) + rng.normal(0.0, 2.0)
            sets.append(make_past(session, number=number, load_kg=load, peak_deg=peak))
    return sets


def test_without_noise_the_line_is_the_true_one(make_past: Maker) -> None:
    sets = [
        make_past(day, load_kg=load, peak_deg=35.0 + 0.3 * (load - 110.0), peak_sd_deg=0.1)
        for day, load in enumerate((80.0, 100.0, 120.0, 140.0) * 3)
    ]
    curve = load_curve(sets)
    assert curve is not None
    assert curve.crossing_kg == pytest.approx(110.0, abs=1.0)
    assert curve.slope == pytest.approx(6.0, abs=0.3)  # 0.3 degrees per kg of a range of 50: 6 % per 10 kg
    assert curve.limit == pytest.approx(70.0)
    assert curve.crossing_low_kg < 110.0 < curve.crossing_high_kg


def test_intervals_hold_the_truth_nineteen_times_in_twenty(make_past: Maker) -> None:
    told = [load_curve(athlete(make_past, seed)) for seed in range(60)]
    held = [c.crossing_low_kg <= 120.0 <= c.crossing_high_kg for c in told if c is not None and not c.reason]
    assert len(held) >= 36  # said in at least 60 %
    assert 0.88 <= np.mean(held) <= 1.0  # 60 histories: 95 % ± 2 standard errors


def test_the_same_sets_give_the_same_numbers(make_past: Maker) -> None:
    first, second = (load_curve(athlete(make_past, 3)) for _ in range(2))
    assert first is not None
    assert second is not None
    assert (first.crossing_low_kg, first.crossing_high_kg) == (second.crossing_low_kg, second.crossing_high_kg)


def test_sessions_that_are_off_widen_the_interval(make_past: Maker) -> None:
    """Where every session has one load, offset and load cannot be told apart; where each has all, they can."""
    loads = (80.0, 90.0, 100.0, 110.0, 120.0, 130.0)

    def lifted(day: int, number: int, load: float) -> PastSet:
        peak = 35.0 + 0.3 * (load - 105.0) + 3.0 * (-1.0) ** day
        return make_past(day, number=number, load_kg=load, peak_deg=peak)

    apart = load_curve([lifted(day, number, load) for day, load in enumerate(loads) for number in (0, 1)])
    mixed = load_curve([lifted(day, number, load) for day in (0, 1) for number, load in enumerate(loads)])
    assert apart is not None
    assert mixed is not None
    assert apart.slope_high - apart.slope_low > 1.5 * (mixed.slope_high - mixed.slope_low)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"peak_deg": float("nan")}, "needs 6 sets with a load and a lumbar angle; there are 0"),
        ({"load_kg": 100.0}, "needs 3 different loads; there are 1"),
        ({"recording": "one"}, "needs 2 sessions; there are 1"),
    ],
)
def test_nothing_is_said_with_too_little(make_past: Maker, change: dict[str, object], said: str) -> None:
    sets = [make_past(day, **{"load_kg": 80.0 + 10.0 * day} | change) for day in range(7)]
    assert said in why_not(sets)
    assert load_curve(sets) is None


def test_a_flat_line_and_a_far_limit_cross_nowhere(make_past: Maker) -> None:
    flat = load_curve(athlete(make_past, 1, slope=0.0))
    assert flat is not None
    assert flat.reason == "lumbar flexion does not surely rise with the load"
    far = load_curve(athlete(make_past, 1, crossing_kg=250.0))
    assert far is not None
    assert far.reason.startswith("the limit lies beyond what was lifted: surely above 2")
    assert "nan" not in load_words(flat) + load_words(far)
