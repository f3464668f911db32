"""Write the simulated recordings of ``recordings/`` again, the same to the last bit; it measures nothing.

Run ``python benchmarks/make_recordings.py [FOLDER]``. No person was measured: every folder says so in its name, in
``recording.json`` and in ``truth.json``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from imu_hinge.model import Recording, Samples
from imu_hinge.simulate.sensor import SensorSpec
from imu_hinge.simulate.session import simulate
from imu_hinge.simulate.spec import LifterSpec, SetSpec
from imu_hinge.simulate.truth import write_truth
from imu_hinge.simulate.workouts.workout import simulate_workout, write_workout_truth
from imu_hinge.storage.recording import write

BOTH = ("sacrum", "t12")
RATE_HZ = 50.0
FIRST_SEED = 2026
SESSION_SEED = 2100


@dataclass(frozen=True)
class Wanted:
    """Hold one recording to be made: its name, what is lifted, and where sensors sit."""

    name: str
    spec: SetSpec
    placements: tuple[str, ...] = BOTH
    rate_hz: float = RATE_HZ
    slip_deg: float = 0.0


def floor(style: str, reps: int = 5, *, before: tuple[str, ...] = ("walk",), after: tuple[str, ...] = ()) -> SetSpec:
    """Return a deadlift set."""
    return SetSpec(style=style, reps=reps, before=before, after=after)


WANTED = (
    Wanted("deadlift_hinge_5_reps", floor("good_hinge", after=("walk",)), rate_hz=100.0),
    Wanted("deadlift_rounded_5_reps", floor("rounded_with_knees", before=("shoe",))),
    Wanted("deadlift_squatty_5_reps", floor("squatty", before=("belt",))),
    Wanted("deadlift_progressive_rounding_8_reps", floor("progressive_rounding", 8)),
    Wanted("deadlift_touch_and_go_6_reps", replace(floor("trained_average", 6), touch_and_go=True)),
    Wanted("deadlift_dropped_3_reps", replace(floor("good_hinge", 3, before=("plates",)), drop="last")),
    Wanted("deadlift_slipped_sensor_5_reps", floor("good_hinge"), slip_deg=6.0),
    Wanted("deadlift_sacrum_only_5_reps", floor("trained_average", before=("bottle",)), ("sacrum",), 100.0),
    Wanted("deadlift_lumbar_only_5_reps", floor("stoop"), ("lumbar",)),
    Wanted("rdl_6_reps", SetSpec("rdl", "rdl_hinge", 6, from_floor=True, lower_s=1.8)),
    Wanted(
        "swing_10_reps",
        SetSpec("swing", "swing_hinge", 10, load=0.25, raise_s=0.45, lower_s=0.45, top_s=0.5, bottom_s=0.0),
    ),
    Wanted("squat_5_reps", SetSpec("squat", "squat_parallel", 5, bottom_s=0.0, before=("talk",))),
    Wanted("good_morning_5_reps", SetSpec("good_morning", "good_morning", 5, bottom_s=0.2, lower_s=1.8)),
    Wanted("calibration_drill_4_reps", SetSpec("drill", "calibration", 4, lower_s=2.2, raise_s=2.2, bottom_s=0.8)),
)
"""Every recording of ``recordings/``; each name gets ``simulated_`` in front."""


def made(wanted: Wanted, folder: Path, *, seed: int) -> Path:
    """Simulate one recording and write it with its truth beside it."""
    rng = np.random.default_rng(seed)
    sensors = {place: SensorSpec.draw(rng, place, rate_hz=wanted.rate_hz) for place in wanted.placements}
    if wanted.slip_deg:
        last = wanted.placements[-1]
        sensors[last] = replace(sensors[last], slip_deg=wanted.slip_deg, slip_s=22.0)
    spec = replace(wanted.spec, lifter=LifterSpec.draw(rng))
    result = simulate(spec, seed=seed, placements=wanted.placements, sensors=sensors)
    path = write(rounded(result.recording), folder / f"simulated_{wanted.name}", overwrite=True)
    write_truth(path / "truth.json", result.truth, every=4)
    return path


def made_session(folder: Path, *, seed: int = SESSION_SEED) -> Path:
    """Simulate a workout of two sets of deadlifts, one of RDLs and one of swings, and write it with its sets beside."""
    lifter = LifterSpec.draw(np.random.default_rng(seed))
    quick = {"stationary_start_s": 2.0, "stationary_end_s": 1.0, "lifter": lifter}
    rest = SetSpec(reps=0, before=("walk",), **(quick | {"stationary_end_s": 12.0}))
    deadlift = SetSpec("deadlift", "good_hinge", 3, **quick)
    swing = {"load": 0.25, "raise_s": 0.45, "lower_s": 0.45, "top_s": 0.5, "bottom_s": 0.0}
    parts = (
        replace(rest, stationary_end_s=3.0),
        deadlift,
        replace(rest, before=("walk", "plates"), stationary_end_s=20.0),
        deadlift,
        rest,
        SetSpec("rdl", "rdl_hinge", 4, from_floor=True, lower_s=1.6, **quick),
        rest,
        SetSpec("swing", "swing_hinge", 8, **swing, **quick),
        replace(rest, stationary_end_s=2.0),
    )
    made = simulate_workout(parts, seed=seed, placements=BOTH, rate_hz=RATE_HZ)
    path = write(rounded(made.recording), folder / "simulated_session_4_sets", overwrite=True)
    write_workout_truth(path / "sets.json", made)
    return path


def rounded(recording: Recording) -> Recording:
    """Return the recording with no more decimals than its sensors resolve."""
    return replace(
        recording,
        sensors={
            placement: Samples(s.time_s.round(4), s.acc.round(3), s.gyr.round(4), s.flags)
            for placement, s in recording.sensors.items()
        },
    )


def main() -> None:
    """Write every recording and print its size."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "recordings"
    total = 0
    for seed, wanted in enumerate(WANTED, start=FIRST_SEED):
        path = made(wanted, folder, seed=seed)
        size = sum(file.stat().st_size for file in path.iterdir())
        total += size
        print(f"{size / 1e3:7.0f} kB  {path.name}")
    path = made_session(folder)
    size = sum(file.stat().st_size for file in path.iterdir())
    print(f"{size / 1e3:7.0f} kB  {path.name}")
    print(f"{(total + size) / 1e3:7.0f} kB  altogether")


if __name__ == "__main__":
    main()
