"""Measure rep finding, angles and verdicts over simulated sets with a known truth; no person was measured.

Run ``python benchmarks/sets.py [--sets 200] [--first-seed 0] [--placements sacrum,t12] [--as-live] [--list]``. It
decides nothing; a figure that is missed is printed as it is.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

import imu_hinge as ih
from imu_hinge.conventions import EXERCISES
from imu_hinge.errors import HingeError
from imu_hinge.result import SetResult
from imu_hinge.simulate.session import Simulated, random_set
from imu_hinge.simulate.truth import Truth, true_verdict

BLOCK = 10
"""Samples of a notification."""

TOLERANCE_S = 0.25
"""A rep is found where its start and its end are both this near."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Job:
    """Hold what one worker is to do."""

    seed: int
    placements: tuple[str, ...]
    as_live: bool


@dataclass
class Outcome:
    """Hold what came of one set."""

    seed: int
    exercise: str
    style: str
    true_count: int
    told_count: int = -1
    auto_count: int = -1
    auto_name: str = ""
    matched: int = 0
    errors_s: list[tuple[float, float, float]] = field(default_factory=list)
    """Start, turn and end, found minus true, of every rep found within a second."""
    squares: Array = field(default_factory=lambda: np.full((2, 3), np.nan))
    """Mean squared error of pelvis, trunk and lumbar [deg²], over the recording and inside the reps."""
    instants: Array = field(default_factory=lambda: np.full(3, np.nan))
    """The same of `LiveAnalysis.take_instants` inside the true reps, from the first mounting on."""
    verdicts: list[tuple[str, str]] = field(default_factory=list)
    """True and given label of each matched rep."""
    trouble: str = ""
    seconds: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--placements", default="sacrum,t12")
    parser.add_argument("--as-live", action="store_true")
    parser.add_argument("--list", action="store_true", help="print every set that went wrong, and the worst boundaries")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    placements = tuple(asked.placements.split(","))
    seeds = range(asked.first_seed, asked.first_seed + asked.sets)
    jobs = [Job(seed, placements, asked.as_live) for seed in seeds]
    started = time.perf_counter()
    with ProcessPoolExecutor(asked.workers, initializer=os.nice, initargs=(5,)) as pool:
        outcomes = list(pool.map(run, jobs, chunksize=4))
    way = "as live" if asked.as_live else "both ways"
    print(
        f"{asked.sets} simulated sets, seeds {seeds.start} to {seeds.stop - 1}, {' + '.join(placements)}, {way}, "
        f"{time.perf_counter() - started:.0f} s"
    )
    print_all(outcomes)
    if asked.list:
        print_troubles(outcomes)


def run(job: Job) -> Outcome:
    """Simulate and analyse one set, with the exercise told and without."""
    warnings.simplefilter("ignore")
    made = random_set(job.seed, placements=job.placements)
    truth = made.truth
    outcome = Outcome(job.seed, truth.exercise, truth.style, len(truth.reps))
    started = time.perf_counter()
    try:
        auto = ih.analyze(made.recording, as_live=job.as_live)
        outcome.seconds = time.perf_counter() - started
        outcome.auto_count, outcome.auto_name = len(auto.lifts), auto.exercise
        told = ih.analyze(made.recording, as_live=job.as_live, exercise=truth.exercise)
    except HingeError as error:
        outcome.trouble = f"{type(error).__name__}: {error}"
        return outcome
    _compare(outcome, told, made)
    if job.as_live:
        outcome.instants = _instant_squares(made)
    return outcome


def _instant_squares(made: Simulated) -> Array:
    """Feed the set as it came in and return the mean squared errors of its instants inside reps [deg²]. (3,)."""
    recording, truth = made.recording, made.truth
    arrivals = sorted(
        (float(samples.time_s[min(first + BLOCK, len(samples)) - 1]), placement, first)
        for placement, samples in recording.sensors.items()
        for first in range(0, len(samples), BLOCK)
    )
    live = ih.LiveAnalysis(recording.placements, athlete=recording.athlete, exercise=truth.exercise)
    off: list[Array] = []
    for _, placement, first in arrivals:
        live.feed(placement, recording.sensors[placement][first : first + BLOCK])
        ready = [one for one in live.take_instants() if one.waits_for == "ready"]
        inside = [one for one in ready if any(rep.start_s <= one.time_s < rep.end_s for rep in truth.reps)]
        if inside:
            angles = np.array([one.angles_rad for one in inside])
            off.append((angles - truth.angles_at(np.array([one.time_s for one in inside])))[:, :3])
    known = np.degrees(np.concatenate(off)) if off else np.full((1, 3), np.nan)
    return np.asarray(np.nanmean(known**2, axis=0))


def _compare(outcome: Outcome, told: SetResult, made: Simulated) -> None:
    """Write into the outcome how the told analysis differs from the truth."""
    truth, athlete = made.truth, made.recording.athlete
    assert athlete is not None
    outcome.told_count = len(told.lifts)
    found = np.array([[r.start_s, r.turn_s, r.end_s] for r in told.lifts]).reshape(-1, 3)
    free = np.ones(len(found), dtype=bool)
    for rep in truth.reps:
        off = found - [rep.start_s, rep.turn_s, rep.end_s]
        far = np.where(free, np.abs(off[:, [0, 2]]).max(axis=1), np.inf) if len(found) else np.empty(0)
        if not far.size or far.min() > 1.0:
            continue
        k = int(np.argmin(far))
        free[k] = False
        outcome.errors_s.append((float(off[k, 0]), float(off[k, 1]), float(off[k, 2])))
        outcome.matched += bool(far[k] <= TOLERANCE_S)
        outcome.verdicts.append((true_verdict(rep, athlete), told.lifts[k].verdict.label))
    outcome.squares = _squares(told, truth)


def _squares(told: SetResult, truth: Truth) -> Array:
    """Return the mean squared errors of pelvis, trunk and lumbar [deg²], everywhere and in reps. (2, 3)."""
    off = np.degrees(told.posture.angles_rad - truth.angles_at(told.posture.time_s))[:, :3]
    rows = []
    for part in (np.ones(len(off), dtype=bool), told.rep_index >= 0):
        known = np.isfinite(off) & part[:, None]
        total = np.where(known, off**2, 0.0).sum(axis=0)
        rows.append(np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan))
    return np.array(rows)


def print_all(outcomes: Sequence[Outcome]) -> None:
    """Print every figure."""
    for name in EXERCISES:
        some = [o for o in outcomes if o.exercise == name]
        if some:
            print(f"  {name:13s} {_counts(some)}, named {_share(o.auto_name == name for o in some)}")
    print(f"exact count       {_counts(outcomes)}")
    print(f"F1 at {TOLERANCE_S} s      told {_f1(outcomes):.3f}")
    errors = np.array([e for o in outcomes for e in o.errors_s]).reshape(-1, 3)
    for k, name in enumerate(("start", "turn", "end") if len(errors) else ()):
        median, high = np.percentile(np.abs(errors[:, k]), [50.0, 95.0])
        print(
            f"{name:5s} error       median {median:.3f} s, 95 % within {high:.3f} s, mean {errors[:, k].mean():+.3f} s"
        )
    squares = np.array([o.squares for o in outcomes])
    for k, where in enumerate(("over the sets", "inside reps")):
        rmse = np.sqrt(np.nanmean(squares[:, k], axis=0)) if np.isfinite(squares[:, k]).any() else [np.nan] * 3
        print(f"RMSE {where:13s} pelvis {rmse[0]:.2f}, trunk {rmse[1]:.2f}, lumbar {rmse[2]:.2f} degrees")
    instants = np.array([o.instants for o in outcomes])
    if np.isfinite(instants).any():
        rmse = np.sqrt(np.nanmean(instants, axis=0))
        print(
            f"RMSE of instants   pelvis {rmse[0]:.2f}, trunk {rmse[1]:.2f}, lumbar {rmse[2]:.2f} degrees, inside reps"
        )
    print_verdicts([v for o in outcomes for v in o.verdicts])
    print(f"name of exercise  {_share(o.auto_name == o.exercise for o in outcomes)}")
    print(f"time to analyse   {np.median([o.seconds for o in outcomes]):.2f} s per set (median)")
    raised = [o for o in outcomes if o.trouble]
    print(f"refused           {len(raised)} sets")


def print_verdicts(verdicts: Sequence[tuple[str, str]]) -> None:
    """Print how often a decided verdict is right, classes weighing alike, and how often none is given."""
    decided = [(true, given) for true, given in verdicts if given != "undecided"]
    for labels in (("hip_hinge", "lumbar_flexion"), ("hip_hinge", "lumbar_flexion", "squat")):
        right = [
            np.mean([g == t for t, g in decided if t == label])
            for label in labels
            if any(t == label for t, _ in decided)
        ]
        open_ = [g == "undecided" for t, g in verdicts if t in labels]
        if right and open_:
            print(
                f"verdict           balanced accuracy {np.mean(right):.3f} of the decided ("
                + ", ".join(f"{label} {share:.2f}" for label, share in zip(labels, right, strict=False))
                + f"), undecided {100.0 * np.mean(open_):.1f} % of {len(open_)}"
            )


def print_troubles(outcomes: Sequence[Outcome]) -> None:
    """Print each set that was refused or miscounted, and where boundaries are worst."""
    for o in outcomes:
        if o.trouble:
            print(f"  seed {o.seed} {o.exercise} {o.style}: {o.trouble[:150]}")
        elif not o.told_count == o.auto_count == o.true_count or o.matched < o.true_count:
            late = [e for e in o.errors_s if max(abs(e[0]), abs(e[2])) > TOLERANCE_S]
            worst = " ".join(f"({e[0]:+.2f} {e[1]:+.2f} {e[2]:+.2f})" for e in late[:3])
            print(
                f"  seed {o.seed} {o.exercise} {o.style}: {o.true_count} reps, told {o.told_count}, "
                f"auto {o.auto_count} ({o.auto_name}), matched {o.matched} {worst}"
            )


def _counts(some: Sequence[Outcome]) -> str:
    told = _share(o.told_count == o.true_count for o in some)
    return f"told {told}, auto {_share(o.auto_count == o.true_count for o in some)}"


def _share(truths: Iterable[bool]) -> str:
    values = list(truths)
    return f"{100.0 * np.mean(values):.1f} % ({sum(values)} of {len(values)})"


def _f1(outcomes: Sequence[Outcome]) -> float:
    true = sum(o.true_count for o in outcomes)
    found = sum(max(o.told_count, 0) for o in outcomes)
    return 2.0 * sum(o.matched for o in outcomes) / max(true + found, 1)


if __name__ == "__main__":
    main()
