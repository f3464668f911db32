"""Print how long the analysis of one hour of two sensors at 100 Hz takes once everything is compiled.

Usage: ``python benchmarks/hour.py [--seed 3] [--repeats 3]``

Two simulated hours of one lifter with the same two sensors: a *training* hour, sets of deadlifts in every style with
minutes of walking, talking, standing and tying shoes between them; and a *dense* hour, one random set laid end to end
without a rest. The least of a few repeats counts, in CPU and in wall time. No person was measured.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np

import imu_hinge as ih
from imu_hinge.analysis import pipeline
from imu_hinge.analysis.inference import Inference
from imu_hinge.simulate.sensor import SensorSpec
from imu_hinge.simulate.session import Simulated, random_set, simulate
from imu_hinge.simulate.spec import LifterSpec, SetSpec
from imu_hinge.simulate.styles import styles_of

RATE_HZ = 100.0
HOUR_S = 3600.0
WORN = ("sacrum", "t12")


def sensors_of(seed: int) -> dict[str, SensorSpec]:
    """Draw the two sensors."""
    rng = np.random.default_rng([seed, 1])
    return {placement: SensorSpec.draw(rng, placement, rate_hz=RATE_HZ) for placement in WORN}


def joined(pieces: list[Simulated]) -> tuple[ih.Recording, int]:
    """Lay recordings of the same sensors end to end, an hour at most; return how many reps they hold too."""
    sensors, until_s = {}, HOUR_S
    starts = np.cumsum([0.0] + [max(s.time_s[-1] for s in p.recording.sensors.values()) + 0.02 for p in pieces])
    for placement in WORN:
        each = [p.recording.sensors[placement] for p in pieces]
        time_s = np.concatenate([s.time_s - s.time_s[0] + start for s, start in zip(each, starts, strict=False)])
        kept = time_s < until_s
        acc, gyr = np.concatenate([s.acc for s in each])[kept], np.concatenate([s.gyr for s in each])[kept]
        sensors[placement] = ih.Samples(time_s[kept], acc, gyr)
    reps = sum(
        int(rep.end_s + start < until_s) for p, start in zip(pieces, starts, strict=False) for rep in p.truth.reps
    )
    return ih.Recording(sensors, athlete=pieces[0].recording.athlete, is_simulated=True), reps


def training_hour(seed: int) -> tuple[ih.Recording, int]:
    """Simulate sets of 3 to 8 deadlifts, and about three minutes of something else after each."""
    rng = np.random.default_rng([seed, 2])
    lifter, worn, pieces, length_s = LifterSpec.draw(rng), sensors_of(seed), [], 0.0
    styles = styles_of("deadlift")
    while length_s < HOUR_S:
        style = styles[len(pieces) % len(styles)]
        drawn = SetSpec.draw(rng, style=style)
        work = replace(drawn, lifter=lifter, reps=int(rng.integers(3, 9)), stationary_end_s=5.0)
        rest = replace(
            drawn,
            lifter=lifter,
            reps=0,
            has_failed_rep=False,
            before=("walk", "talk", "bottle", "walk", "talk"),
            after=("walk", "shoe", "talk", "plates", "walk"),
            stationary_start_s=30.0,
            stationary_end_s=60.0,
        )
        for spec in (work, rest):
            made = simulate(spec, seed=1000 * seed + len(pieces), placements=WORN, sensors=worn)
            length_s += float(made.truth.time_s[-1])
            pieces.append(made)
    return joined(pieces)


def dense_hour(seed: int) -> tuple[ih.Recording, int]:
    """Simulate one set of hinges, with what stands beside it, and repeat it without a rest."""
    made = random_set(seed, exercise="deadlift", style="good_hinge", placements=WORN, rate_hz=RATE_HZ)
    return joined([made] * int(HOUR_S / made.truth.time_s[-1] + 2))


def clocked(work: Callable[[], object]) -> tuple[float, float]:
    """Return how long it takes, CPU and wall [s]."""
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu_s, time.perf_counter() - wall_s


def linkage_alone(recording: ih.Recording) -> tuple[float, int]:
    """Return the CPU time that the linkage takes in one analysis [s], and how many instants it solves for."""
    spent, instants, infer = [0.0], [0], pipeline.infer

    def timed(*args: object, **named: object) -> Inference:
        before = time.process_time()
        result: Inference = infer(*args, **named)  # type: ignore[arg-type]
        spent[0] += time.process_time() - before
        instants[0] += len(result.angles_rad)
        return result

    pipeline.infer = timed
    try:
        ih.analyze(recording)
    finally:
        pipeline.infer = infer
    return spent[0], instants[0]


def main() -> None:
    """Print both hours."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"One simulated hour, two sensors at {RATE_HZ:.0f} Hz, seed {args.seed}, warm. No person was measured.")
    for name, make in (("training", training_hour), ("dense", dense_hour)):
        recording, reps = make(args.seed)
        found = len(ih.analyze(recording).lifts)  # compiles
        timings = [clocked(lambda: ih.analyze(recording)) for _ in range(args.repeats)]  # noqa: B023
        cpu_s, wall_s = (min(column) for column in zip(*timings, strict=True))
        link_s, instants = min(linkage_alone(recording) for _ in range(args.repeats))
        print(
            f"{name:9s} {reps:4d} reps ({found} found): CPU {cpu_s:.2f} s, wall {wall_s:.2f} s;"
            f" linkage {link_s:.2f} s = {1e6 * link_s / max(instants, 1):.1f} µs for each of {instants} instants"
        )


if __name__ == "__main__":
    main()
