"""Simulate a whole workout: sets of several exercises, and what lies between them, in one recording.

It makes no motion: every part is a set, or a rest without one, that `session.simulate` makes; parts are laid end to
end, each from quiet standing to quiet standing, with the same sensors in the same places.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from imu_hinge.model import Recording, Samples
from imu_hinge.simulate.sensor import SensorSpec
from imu_hinge.simulate.session import Simulated, simulate
from imu_hinge.simulate.spec import SetSpec
from imu_hinge.simulate.truth import TrueNonRep, TrueRep
from imu_hinge.simulate.workouts.workout_plan import draw_workout

SEAM_S: Final = 0.02
"""Between the last sample of a part and the first of the next [s]: two periods of a common sensor."""


@dataclass(frozen=True, slots=True)
class TrueSet:
    """Hold one set as it was; the reps' times are the workout's, and they are counted within the set."""

    exercise: str
    style: str
    reps: tuple[TrueRep, ...]
    load: float

    @property
    def start_s(self) -> float:
        """When the first rep starts [s]."""
        return self.reps[0].start_s

    @property
    def stop_s(self) -> float:
        """When the last rep ends [s]."""
        return self.reps[-1].end_s


@dataclass(frozen=True, slots=True, eq=False)
class Workout:
    """Hold one simulated workout: what the sensors delivered, its sets, and what was no rep."""

    recording: Recording
    sets: tuple[TrueSet, ...]
    non_reps: tuple[TrueNonRep, ...]

    @property
    def length_s(self) -> float:
        """How long it is [s]."""
        return float(max(s.time_s[-1] for s in self.recording.sensors.values()))


def simulate_workout(
    parts: Sequence[SetSpec],
    *,
    seed: int,
    placements: Sequence[str] = ("sacrum", "t12"),
    sensors: Mapping[str, SensorSpec] | None = None,
    rate_hz: float | None = None,
) -> Workout:
    """Simulate the parts one after the other and lay them end to end; the same arguments give the same bits.

    Parameters
    ----------
    parts
        Sets, and rests, which are sets of no rep.
    seed
    placements, sensors, rate_hz
        As in `session.simulate`; sensors that are not given are drawn once for the whole workout.
    """
    rng = np.random.default_rng([seed, 1])
    worn = {p: (sensors or {}).get(p) or SensorSpec.draw(rng, p, rate_hz=rate_hz) for p in placements}
    made = [simulate(part, seed=1000 * seed + at, placements=placements, sensors=worn) for at, part in enumerate(parts)]
    lengths = [max(float(s.time_s[-1] - s.time_s[0]) for s in one.recording.sensors.values()) + SEAM_S for one in made]
    starts = np.concatenate(([0.0], np.cumsum(lengths)))[:-1].tolist()
    recording = replace(
        made[0].recording,
        sensors={p: _laid([one.recording.sensors[p] for one in made], starts) for p in placements},
        note=f"Simulated: a workout of {sum(p.reps > 0 for p in parts)} sets, seed {seed}. No person was measured.",
    )
    sets = tuple(_set_of(one, start) for one, start in zip(made, starts, strict=True) if one.truth.reps)
    others = (
        replace(other, start_s=other.start_s + start, stop_s=other.stop_s + start)
        for one, start in zip(made, starts, strict=True)
        for other in one.truth.non_reps
    )
    return Workout(recording, sets, tuple(others))


def random_workout(
    seed: int,
    *,
    sets: int | None = None,
    placements: Sequence[str] = ("sacrum", "t12"),
    rate_hz: float | None = 100.0,
    rest_s: tuple[float, float] = (20.0, 60.0),
) -> Workout:
    """Simulate a random workout.

    Parameters
    ----------
    seed
    sets
        How many; 3 to 14 where it is not given.
    placements, rate_hz
        As in `session.simulate`.
    rest_s
        As in `draw_workout` [s].
    """
    rng = np.random.default_rng([seed, 2])
    count = int(rng.integers(3, 15)) if sets is None else sets
    parts = draw_workout(rng, sets=count, rest_s=rest_s)
    return simulate_workout(parts, seed=seed, placements=placements, rate_hz=rate_hz)


def _laid(parts: Sequence[Samples], starts_s: Sequence[float]) -> Samples:
    """Return one sensor's parts end to end."""
    time_s = [s.time_s - s.time_s[0] + start for s, start in zip(parts, starts_s, strict=True)]
    columns = ([getattr(s, name) for s in parts] for name in ("acc", "gyr", "flags"))
    return Samples(np.concatenate(time_s), *map(np.concatenate, columns))


def _set_of(one: Simulated, start_s: float) -> TrueSet:
    reps = tuple(
        replace(rep, start_s=rep.start_s + start_s, turn_s=rep.turn_s + start_s, end_s=rep.end_s + start_s)
        for rep in one.truth.reps
    )
    return TrueSet(one.truth.exercise, one.truth.style, reps, one.spec.load)


def write_workout_truth(path: str | Path, workout: Workout) -> None:
    """Write the sets with their reps, and what was no rep, as JSON; angles are in radians, times in seconds."""
    table = {
        "is_simulated": True,
        "note": "Truth of a simulated workout: no person was measured.",
        "sets": [asdict(one) for one in workout.sets],
        "non_reps": [asdict(other) for other in workout.non_reps],
    }
    Path(path).write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
