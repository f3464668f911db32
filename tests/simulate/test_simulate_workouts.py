"""A simulated workout is its parts end to end: one timeline, the same sensors, the truth of each set where it lies."""

from __future__ import annotations

import numpy as np
import pytest

from imu_hinge.simulate.session import simulate
from imu_hinge.simulate.spec import SetSpec
from imu_hinge.simulate.workouts.workout import simulate_workout
from imu_hinge.simulate.workouts.workout_plan import draw_workout

PARTS = (SetSpec(reps=1), SetSpec(reps=0, before=("bottle",)), SetSpec("squat", "squat_parallel", 2, has_rack=False))


def test_parts_lie_end_to_end_with_their_truth_where_they_are() -> None:
    made = simulate_workout(PARTS, seed=3, placements=("sacrum",), rate_hz=50.0)
    samples = made.recording.sensors["sacrum"]
    assert np.all(np.diff(samples.time_s) > 0.0)
    assert [(one.exercise, len(one.reps)) for one in made.sets] == [("deadlift", 1), ("squat", 2)]
    first, second = made.sets
    (bottle,) = (other for other in made.non_reps if other.kind == "bottle")
    assert first.stop_s < bottle.start_s < bottle.stop_s < second.start_s < second.stop_s < made.length_s
    alone = simulate(PARTS[2], seed=3002, placements=("sacrum",), rate_hz=50.0)
    shift_s = second.start_s - alone.truth.reps[0].start_s
    assert [rep.end_s - shift_s for rep in second.reps] == pytest.approx([rep.end_s for rep in alone.truth.reps])
    assert made.recording.is_simulated


def test_the_same_seed_gives_the_same_workout_with_as_many_sets_as_were_asked_for() -> None:
    for count in (3, 8):
        parts = draw_workout(np.random.default_rng(5), sets=count)
        assert parts == draw_workout(np.random.default_rng(5), sets=count)
        assert sum(part.reps > 0 for part in parts) == count
        assert len({part.lifter for part in parts}) == 1
