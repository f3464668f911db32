"""Print what is left of clocks put apart by hand: p50 and p95 in ms, refused, wrong (over 50 ms), by exercise.

Usage: ``python benchmarks/clock_offset.py [--sets 3] [--first-seed 7000] [--all]``

Simulated sets of at least three bends; without ``--all`` a thinner table of offsets and rates. The error is the largest
over the sensor's own first, middle and last instant. Last lines: how far real people's sensors (TrunkyXL, one recorder)
are moved unshifted, and what is left of them shifted: that includes the person's own rhythm, and wrong is more than it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np

from imu_hinge.errors import ClocksApart
from imu_hinge.model import Samples
from imu_hinge.motion.clock_lag import OWN_RHYTHM_S, Behind
from imu_hinge.motion.synchrony import clock_behind
from imu_hinge.simulate.session import random_set

EXERCISES = ("deadlift", "rdl", "swing", "squat", "good_morning")
OFFSETS_S = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 2.0, 30.0)
RATES = (0.0, 0.001, 0.01, 0.04)
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
TRUNKY = DATA / "trunkyxl_back_c7_t10_sacrum.npz"
OTHERS = DATA / "other_lifters"
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


def error_s(pair: Pair, offset_s: float, rate: float) -> float | None:
    """Return the largest error left [s]; None where it was refused."""
    first, second, lag_s, drift = pair
    put_s = second.time_s * (1.0 + rate) + offset_s
    try:
        found = clock_behind(first, replace(second, time_s=put_s)) or Behind()
    except ClocksApart:
        return None
    true_s = second.time_s - lag_s - drift * second.time_s
    return float(np.abs(found.undone(put_s) - true_s)[[0, len(put_s) // 2, -1]].max())


def line(name: str, errors: list[float | None], *, wrong_s: float = 0.05) -> str:
    """Lay out one row."""
    told = 1e3 * np.array([e for e in errors if e is not None])
    p50, p95 = np.percentile(told, [50, 95]) if told.size else (np.nan, np.nan)
    refused, wrong = len(errors) - told.size, int((told > 1e3 * wrong_s).sum())
    return f"{name:34s} {len(errors):4d} {p50:8.1f} {p95:9.1f} {refused:4d} {wrong:4d}"


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
    print(f"{'':34s} sets  p50, ms   p95, ms refused wrong")
    thin = [(o, 0.0) for o in OFFSETS_S] + [(0.5, r) for r in RATES[1:]]
    every: list[float | None] = []
    for exercise in EXERCISES:
        pairs = list(sets(exercise, args.sets, args.first_seed))
        for offset_s, rate in product(OFFSETS_S, RATES) if args.all else thin:
            errors = [error_s(pair, offset_s, rate) for pair in pairs]
            every += errors
            print(line(f"{exercise} {offset_s:g} s, {100 * rate:g} %", errors), flush=True)
    print(line("all", every))
    for offset_s, rate in thin if OTHERS.exists() else []:
        errors = [error_s(pair, offset_s, rate) for pair in others()]
        print(line(f"other lifters {offset_s:g} s, {100 * rate:g} %", errors), flush=True)
    for offset_s in (0.0, 0.5, 2.0):
        errors = [error_s(pair, offset_s, 0.0) for pair in trunky()]
        print(line(f"TrunkyXL {offset_s:g} s", errors, wrong_s=OWN_RHYTHM_S), flush=True)


if __name__ == "__main__":
    main()
