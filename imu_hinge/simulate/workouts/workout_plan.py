"""Draw what one lifter does in a workout: which sets, warm-ups among them, and what lies between.

It simulates nothing; `workout` does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from imu_hinge.simulate.spec import LifterSpec, SetSpec

EXERCISES: Final = {"deadlift": 0.35, "rdl": 0.2, "swing": 0.15, "squat": 0.2, "good_morning": 0.1}
"""How often each exercise is part of a workout."""

BETWEEN: Final = ("walk", "talk", "plates", "load", "bottle", "shoe", "belt", "sit")
"""What may happen between sets."""


def draw_workout(rng: np.random.Generator, *, sets: int, rest_s: tuple[float, float] = (20.0, 60.0)) -> list[SetSpec]:
    """Return the parts of a random workout of one lifter: sets with their warm-ups, and rests between.

    Parameters
    ----------
    rng
    sets
        How many sets are lifted.
    rest_s
        Between which lengths a rest's quiet standing is drawn [s]; what the lifter does in it comes on top.
    """
    lifter, parts, left = LifterSpec.draw(rng), [_rest(rng, LifterSpec.draw(rng), (3.0, 6.0))], sets
    parts[0] = replace(parts[0], lifter=lifter)
    names = list(rng.choice(list(EXERCISES), size=len(EXERCISES), replace=False, p=list(EXERCISES.values())))
    while left:
        work = replace(SetSpec.draw(rng, exercise=str(names.pop(0))), lifter=lifter, before=(), after=())
        work = replace(work, stationary_start_s=float(rng.uniform(2.0, 4.0)), has_failed_rep=False)
        count = left if not names else min(left, int(rng.integers(1, 6)))
        for at in range(count):
            is_warm_up = at == 0 and count > 2 and rng.random() < 0.5
            reps = int(rng.integers(1, 4)) if is_warm_up else max(work.reps + int(rng.integers(-1, 2)), 1)
            parts += [
                replace(work, reps=reps, load=0.6 * work.load if is_warm_up else work.load),
                _rest(rng, lifter, rest_s),
            ]
        left -= count
    return parts


def _rest(rng: np.random.Generator, lifter: LifterSpec, stands_s: tuple[float, float]) -> SetSpec:
    """Return a part without a set: some of what lifters do between sets, in a random order."""
    done = [extra for extra in BETWEEN if rng.random() < 0.35]
    rng.shuffle(done)
    return SetSpec(
        reps=0,
        lifter=lifter,
        before=("walk", *done, "walk"),
        stationary_start_s=float(rng.uniform(1.0, 4.0)),
        stationary_end_s=float(rng.uniform(*stands_s)),
        impact_mps2=float(rng.uniform(3.0, 20.0)),
    )
