"""Print what is left of clocks put apart by hand: how often in step, said not to be told, refused, wrong in silence.

Usage: ``python benchmarks/clock_offset.py [--sets 3] [--first-seed 7000] [--all]``

Simulated sets of at least three bends; without ``--all`` a thinner table of offsets and rates. The error is the largest
over the sensor's own first, middle and last instant; p50 and p95 are of those that were not refused. Each set counts as

- *in step*: an sd of 30 ms at most is said, and the error is within twice of it, or of 10 ms;
- *covered*: the sd is larger, and the error is within twice of it;
- *said*: the error is larger, but a warning says that the clocks could not be compared;
- *refused*;
- *silent*: none of these. Nothing may be here.

Then the same for lifters of another hand, and for real people (TrunkyXL, one recorder), whose own rhythm is in the
error.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np

from imu_hinge.analysis.assemble import UNTOLD_S
from imu_hinge.errors import ClocksApart
from imu_hinge.model import Samples
from imu_hinge.motion.kinematics.clock_lag import Behind
from imu_hinge.motion.kinematics.clock_offset import clock_behind
from imu_hinge.simulate.session import random_set

EXERCISES = ("deadlift", "rdl", "swing", "squat", "good_morning")
OFFSETS_S = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 2.0, 30.0)
RATES = (0.0, 0.001, 0.01, 0.04)
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
TRUNKY = DATA / "trunkyxl_back_c7_t10_sacrum.npz"
OTHERS = DATA / "other_lifters"
KINDS = ("in step", "covered", "said", "refused", "silent")
SHIFTS = ((0.0, 0.0), (0.05, 0.0), (0.1, 0.0), (0.2, 0.0), (0.3, 0.0), (0.5, 0.0), (2.0, 0.0), (30.0, 0.0), (0.5, 0.01))
Pair = tuple[Samples, Samples, float, float]


def sets(exercise: str, count: int, seed: int) -> Iterator[Pair]:
    """Yield both sensors' samples, and the true lag at the second's first instant and its drift."""
    while count:
        made = random_set(seed, exercise=exercise)
        seed += 1
        if made.spec.reps < 3:
            continue
        count -= 1
        low, high = (made.sensors[p] for p in ("sacrum", "t12"))
        first, second = (made.recording.sensors[p] for p in ("sacrum", "t12"))
        drift = 1e-6 * (low.clock_ppm - high.clock_ppm)
        yield first, second, high.clock_offset_s - low.clock_offset_s, drift


def outcome(pair: Pair, offset_s: float, rate: float) -> tuple[float, str]:
    """Return the largest error left [s] and what became of the set; NaN where it was refused."""
    first, second, lag_s, drift = pair
    put_s = second.time_s * (1.0 + rate) + offset_s
    try:
        found = clock_behind(first, replace(second, time_s=put_s)) or Behind()
    except ClocksApart:
        return np.nan, "refused"
    true_s = second.time_s - lag_s - drift * second.time_s
    error_s = float(np.abs(found.undone(put_s) - true_s)[[0, len(put_s) // 2, -1]].max())
    is_within = error_s <= 2.0 * max(found.sd_s, 0.005)
    if found.sd_s <= 0.03:
        return error_s, "in step" if is_within else "silent"
    return error_s, "covered" if is_within else "said" if found.sd_s > UNTOLD_S else "silent"


def line(name: str, outcomes: list[tuple[float, str]]) -> str:
    """Lay out one row."""
    told = 1e3 * np.array([error_s for error_s, _ in outcomes if np.isfinite(error_s)])
    p50, p95 = np.percentile(told, [50, 95]) if told.size else (np.nan, np.nan)
    counts = [sum(kind == k for _, kind in outcomes) for k in KINDS]
    return f"{name:28s} {len(outcomes):4d} {p50:8.1f} {p95:8.1f} " + " ".join(f"{count:8d}" for count in counts)


def others() -> list[Pair]:
    """Return sets of lifters from another hand, on one clock."""
    pairs = []
    for path in sorted(OTHERS.glob("*.npz")):
        with np.load(path, allow_pickle=False) as data:
            low, high = (Samples(*(data[f"{p}_{n}"] for n in ("time_s", "acc", "gyr"))) for p in ("sacrum", "t12"))
        pairs.append((low, high, 0.0, 0.0))
    return pairs


def trunky() -> list[Pair]:
    """Return real people's trials: sacrum and T10."""
    if not TRUNKY.exists():
        return []
    with np.load(TRUNKY, allow_pickle=False) as data:
        offsets, rows = data["offsets"], {n: data[n].astype(float) for n in ("s2_acc", "s2_gyr", "t10_acc", "t10_gyr")}
    pairs = []
    for a, b in pairwise(offsets):
        low, high = (
            Samples(np.arange(b - a) / 50.0, rows[f"{n}_acc"][a:b], rows[f"{n}_gyr"][a:b]) for n in ("s2", "t10")
        )
        pairs.append((low, high, 0.0, 0.0))
    return pairs


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=7000)
    parser.add_argument("--all", action="store_true", help="every offset with every rate")
    args = parser.parse_args()
    print(f"{'':28s} sets  p50, ms  p95, ms " + " ".join(f"{kind:>8s}" for kind in KINDS))
    thin = [(o, 0.0) for o in OFFSETS_S] + [(0.5, r) for r in RATES[1:]]
    every: list[tuple[float, str]] = []
    for exercise in EXERCISES:
        pairs = list(sets(exercise, args.sets, args.first_seed))
        for offset_s, rate in product(OFFSETS_S, RATES) if args.all else thin:
            outcomes = [outcome(pair, offset_s, rate) for pair in pairs]
            every += outcomes
            print(line(f"{exercise} {offset_s:g} s, {100 * rate:g} %", outcomes), flush=True)
    print(line("all", every))
    for name, people in (("other lifters", others()), ("TrunkyXL", trunky())):
        for offset_s, rate in SHIFTS if people else ():
            outcomes = [outcome(pair, offset_s, rate) for pair in people]
            print(line(f"{name} {offset_s:g} s, {100 * rate:g} %", outcomes), flush=True)


if __name__ == "__main__":
    main()
