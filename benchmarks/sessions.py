"""Measure whole workouts: sets found and separated, named, reps counted, and what is counted where nobody lifts.

Run ``python benchmarks/sessions.py [--workouts 10] [--first-seed 0] [--placements sacrum,t12] [--told] [--as-live]
[--cost] [--list]``. Simulated workouts of 3 to 14 sets of several exercises, warm-ups and single reps among them, with
walks, plate loading, sitting, shoes and bottles between; no person was measured. ``--told`` gives the plan. ``--cost``
prints instead what 90 minutes of two sensors take. It decides nothing; a figure that is missed is printed as it is.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import numpy as np

import imu_hinge as ih
from imu_hinge.errors import HingeError
from imu_hinge.plan import Plan, PlannedSet
from imu_hinge.simulate.workouts.workout import TrueSet, Workout, random_workout

LOOKS_ALIKE = {"good_morning": ("good_morning", "rdl"), "drill": ("drill", "rdl")}
"""What a set may be called without a plan: no sensor on the back knows whether the bar is in the hands."""


COST_S = 5400.0
"""How much is analysed for its cost [s]."""


@dataclass(frozen=True)
class Job:
    """Hold what one worker is to do."""

    seed: int
    placements: tuple[str, ...]
    as_live: bool
    is_told: bool


@dataclass
class Outcome:
    """Hold what came of one workout."""

    seed: int
    hours: float
    true_sets: int = 0
    found: int = 0
    """Sets found by themselves: exactly one set of the result has reps in it, and none of another."""
    named: int = 0
    found_named: int = 0
    """Named right among those found."""
    exact: int = 0
    extra_sets: int = 0
    extra_reps: int = 0
    """Reps where nobody lifts."""
    troubles: list[str] = field(default_factory=list)
    seconds: float = 0.0


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workouts", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--placements", default="sacrum,t12")
    parser.add_argument("--told", action="store_true", help="give the plan: exercises, sets and reps")
    parser.add_argument("--as-live", action="store_true")
    parser.add_argument("--cost", action="store_true", help="print what 90 minutes take, and nothing else")
    parser.add_argument("--list", action="store_true", help="print every set that went wrong")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.cost:
        print_cost(asked.first_seed)
        return
    placements = tuple(asked.placements.split(","))
    seeds = range(asked.first_seed, asked.first_seed + asked.workouts)
    jobs = [Job(seed, placements, asked.as_live, asked.told) for seed in seeds]
    with ProcessPoolExecutor(asked.workers, initializer=os.nice, initargs=(5,)) as pool:
        outcomes = list(pool.map(run, jobs))
    print_all(outcomes, asked)


def run(job: Job) -> Outcome:
    """Simulate and analyse one workout."""
    warnings.simplefilter("ignore")
    made = random_workout(job.seed, placements=job.placements)
    outcome = Outcome(job.seed, made.length_s / 3600.0, len(made.sets))
    started = time.perf_counter()
    try:
        result = ih.analyze(made.recording, as_live=job.as_live, plan=plan_of(made) if job.is_told else ())
    except HingeError as error:
        outcome.troubles.append(f"refused: {error}")
        return outcome
    outcome.seconds = time.perf_counter() - started
    compare(outcome, result, made, is_told=job.is_told)
    return outcome


def plan_of(made: Workout) -> Plan:
    """Return the sets that were really lifted as their plan."""
    return tuple(PlannedSet(true.exercise, len(true.reps)) for true in made.sets)


def compare(outcome: Outcome, result: ih.SetResult, made: Workout, *, is_told: bool) -> None:
    """Write into the outcome how the result differs from the truth."""
    rows = result.set_rows()
    taken: set[int] = set()
    touched = [
        [r["set"] for r in rows if r["start_s"] < true.stop_s and r["stop_s"] > true.start_s] for true in made.sets
    ]
    for true, hits in zip(made.sets, touched, strict=True):
        taken.update(hits)
        is_alone = len(hits) == 1 and sum(hits[0] in others for others in touched) == 1
        reps = sum(rows[hit]["reps"] for hit in hits)
        names = [rows[hit]["exercise"] for hit in hits]
        right = (true.exercise,) if is_told else LOOKS_ALIKE.get(true.exercise, (true.exercise,))
        is_named = bool(names) and set(names) <= set(right)
        outcome.found += is_alone
        outcome.named += is_named
        outcome.found_named += is_alone and is_named
        outcome.exact += is_alone and reps == len(true.reps)
        if not (is_alone and is_named and reps == len(true.reps)):
            outcome.troubles.append(f"{words_of(true)}: {len(hits)} sets, {names}, {reps} reps")
    for row in rows:
        if row["set"] not in taken:
            outcome.extra_sets += 1
            outcome.extra_reps += row["reps"]
            there = [o.kind for o in made.non_reps if o.start_s < row["stop_s"] and o.stop_s > row["start_s"]]
            outcome.troubles.append(
                f"no set: {row['exercise']} of {row['reps']} at {row['start_s']:.0f} s, really {', '.join(there)}"
            )


def words_of(true: TrueSet) -> str:
    """Return a set in a few words."""
    return f"{true.exercise} ({true.style}) of {len(true.reps)} at {true.start_s:.0f} to {true.stop_s:.0f} s"


def print_all(outcomes: Sequence[Outcome], asked: argparse.Namespace) -> None:
    """Print what all workouts come to."""
    sets, hours = sum(o.true_sets for o in outcomes), sum(o.hours for o in outcomes)
    way = ("as live" if asked.as_live else "both ways") + (", the plan told" if asked.told else "")
    print(
        f"{len(outcomes)} simulated workouts from seed {asked.first_seed}, {sets} sets in {hours:.1f} h, "
        f"{asked.placements}, {way}"
    )
    found = sum(o.found for o in outcomes)
    for name, count, among in (
        ("sets found and apart", found, sets),
        ("exercise named right", sum(o.named for o in outcomes), sets),
        ("  of those found", sum(o.found_named for o in outcomes), found),
        ("exact reps", sum(o.exact for o in outcomes), sets),
        ("  of those found", sum(o.exact for o in outcomes), found),
    ):
        print(f"{name:22s} {100.0 * count / max(among, 1):.1f} % ({count} of {among})")
    extra = sum(o.extra_reps for o in outcomes)
    print(f"{'where nobody lifts':22s} {extra} reps in {sum(o.extra_sets for o in outcomes)} sets, {hours:.1f} h")
    print(f"{'time to analyse':22s} {np.sum([o.seconds for o in outcomes]) / hours:.1f} s per hour")
    if asked.list:
        for o in outcomes:
            for trouble in o.troubles:
                print(f"  seed {o.seed}: {trouble}")


def print_cost(seed: int) -> None:
    """Print the time and the memory that 90 minutes of two sensors take, warm: one workout over and over."""
    made = random_workout(seed, sets=5)
    count = int(COST_S / made.length_s) + 1
    sensors = {}
    for placement, samples in made.recording.sensors.items():
        time_s = np.concatenate([samples.time_s + (made.length_s + 0.02) * i for i in range(count)])
        kept = time_s < COST_S
        acc, gyr = (np.tile(column, (count, 1))[kept] for column in (samples.acc, samples.gyr))
        sensors[placement] = ih.Samples(time_s[kept], acc, gyr)
    recording = ih.Recording(sensors, athlete=made.recording.athlete, is_simulated=True)
    del made, sensors
    ih.analyze(recording)  # compiles
    before_s, before_cpu_s = time.perf_counter(), time.process_time()
    result = ih.analyze(recording)
    took_s, cpu_s = time.perf_counter() - before_s, time.process_time() - before_cpu_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    minutes = len(result.posture) / 6000.0
    print(
        f"{minutes:.0f} minutes of two sensors at 100 Hz, {len(result.set_list)} sets: {took_s:.1f} s warm "
        f"(CPU {cpu_s:.1f} s), {peak_mb:.0f} MB at the most, simulation included"
    )


if __name__ == "__main__":
    main()
