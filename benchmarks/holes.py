"""Measure what a hole in the radio costs: whole recordings, the same with samples missing, the reps beside the hole.

Run ``python benchmarks/holes.py [--sets 20] [--first-seed 0] [--other-lifters] [--trunkyxl] [--where random]
[--positions 1] [--draw 0] [--list]``: another ``--draw`` puts the holes elsewhere. A set is right where every rep that
no hole touches is found, its start and end near the true ones, and where there are no more reps than true ones. Sets of
fewer than four reps, and sets that are not right without a hole, are left out and counted. It decides nothing; a figure
that is missed is printed as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

import imu_hinge as ih
from imu_hinge.errors import HingeError
from imu_hinge.simulate.session import random_set

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
EXERCISES = ("deadlift", "rdl", "swing", "squat", "good_morning")
LENGTHS_S = (0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0)
LEAST_REPS = 4
TOLERANCE_S = 0.4
"""A rep is found where its start and its end are both this near."""
TOUCH_S = 0.2
"""A hole this near a rep touches it: where it began or ended was not seen."""
WHERE = ("random", "lockout", "floor", "several")
"""``several`` are 2 to 4 holes at random moments."""
WORN = {"two, both lose": (True, True), "two, one loses": (False, True), "one": (True,)}


@dataclass(frozen=True)
class Case:
    """Hold one set: its name, its recording, the true start, turn and end of its reps [s], (r, 3)."""

    name: str
    recording: ih.Recording
    reps: tuple[tuple[float, float, float], ...]
    alone: str = "sacrum"
    """Which sensor is worn where only one is."""


@dataclass(frozen=True)
class Asked:
    """Hold what is measured of every set."""

    where: str
    modes: tuple[bool, ...]
    lengths_s: tuple[float, ...]
    draws: tuple[int, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--other-lifters", action="store_true", help="read ../shared/data/other_lifters")
    parser.add_argument("--trunkyxl", action="store_true", help="real people's three bends in ../shared/data")
    parser.add_argument("--where", choices=WHERE, default="random")
    parser.add_argument("--positions", type=int, default=1, help="holes tried of every length, one after the other")
    parser.add_argument("--draw", type=int, default=0, help="of the random moments")
    parser.add_argument("--mode", choices=("offline", "live", "both"), default="both")
    parser.add_argument("--lengths", default=",".join(map(str, LENGTHS_S)))
    parser.add_argument("--list", action="store_true", help="print every set that went wrong")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    modes = {"offline": (False,), "live": (True,), "both": (False, True)}[asked.mode]
    lengths = tuple(float(s) for s in asked.lengths.split(","))
    draws = tuple(range(asked.draw, asked.draw + asked.positions))
    jobs: list[partial[Case | None]]
    if asked.trunkyxl:
        jobs = [partial(real_bends, k) for k in range(18)]
    elif asked.other_lifters:
        jobs = [partial(other_lifter, k) for k in range(42)]
    else:
        jobs = [partial(simulated, asked.first_seed + k, EXERCISES[k % len(EXERCISES)]) for k in range(asked.sets)]
    started = time.perf_counter()
    with ProcessPoolExecutor(asked.workers, initializer=os.nice, initargs=(5,)) as pool:
        measure = partial(measured, asked=Asked(asked.where, modes, lengths, draws))
        rows = [row for some in pool.map(measure, jobs) for row in some]
    for mode in modes:
        print_table(rows, lengths, is_live=mode)
    print(f"holes: {asked.where}; {time.perf_counter() - started:.0f} s")
    for row in rows if asked.list else ():
        if row.trouble:
            print(f"  {row.name} {row.worn} {'live' if row.is_live else 'offline'} {row.length_s} s: {row.trouble}")


def simulated(seed: int, exercise: str) -> Case | None:
    """Return the first set from ``seed`` on, in steps of 1000, with enough reps."""
    for k in range(20):
        made = random_set(seed + 1000 * k, exercise=exercise)
        if len(made.truth.reps) >= LEAST_REPS:
            reps = tuple((r.start_s, r.turn_s, r.end_s) for r in made.truth.reps)
            return Case(f"{exercise} seed {seed + 1000 * k}", replace(made.recording, exercise=exercise), reps)
    return None


def other_lifter(k: int) -> Case | None:
    """Return one set of the lifters from another hand."""
    row = json.loads((DATA / "other_lifters" / "index.json").read_text())[k]
    reps = tuple((r["start_s"], 0.5 * (r["turn_from_s"] + r["turn_to_s"]), r["end_s"]) for r in row["reps"])
    if len(reps) < LEAST_REPS:
        return None
    with np.load(DATA / "other_lifters" / row["file"], allow_pickle=False) as file:
        sensors = {p: ih.Samples(*(file[f"{p}_{c}"] for c in ("time_s", "acc", "gyr"))) for p in ("sacrum", "t12")}
    athlete = ih.Athlete(height_m=row["height_m"])
    return Case(row["file"], ih.Recording(sensors, athlete=athlete, exercise=row["exercise"]), reps)


def real_bends(k: int) -> Case | None:
    """Return one trial of TrunkyXL; the reps found without a hole stand for the truth, which nobody measured.

    They are seated: the pelvis does not bend.
    """
    with np.load(DATA / "trunkyxl_back_c7_t10_sacrum.npz", allow_pickle=False) as file:
        part = slice(*file["offsets"][k : k + 2])
        sensors = {
            place: ih.Samples(
                np.arange(part.stop - part.start) / 50.0,
                file[f"{at}_acc"][part].astype(np.float64),
                file[f"{at}_gyr"][part].astype(np.float64),
            )
            for place, at in (("sacrum", "s2"), ("t12", "t10"))
        }
    recording = ih.Recording(sensors)
    whole = ih.analyze(recording)
    return Case(f"TrunkyXL {k}", recording, tuple((r.start_s, r.turn_s, r.end_s) for r in whole.lifts), "t12")


@dataclass(frozen=True)
class Row:
    """Hold what came of one set with one hole; a length of 0 is the whole recording."""

    name: str
    worn: str
    is_live: bool
    length_s: float
    trouble: str


def measured(job: partial[Case | None], *, asked: Asked) -> list[Row]:
    """Analyse one set, whole and with every hole."""
    warnings.simplefilter("ignore")
    case = job()
    return [] if case is None else list(_rows(case, asked))


def _rows(case: Case, asked: Asked) -> Iterator[Row]:
    for worn, loses in WORN.items():
        places = ("sacrum", "t12") if len(loses) > 1 else (case.alone,)
        recording = replace(case.recording, sensors={p: case.recording.sensors[p] for p in places})
        for is_live in asked.modes:
            trouble = judged(recording, case.reps, (), is_live=is_live)
            yield Row(case.name, worn, is_live, 0.0, trouble)
            for length_s, draw in product(asked.lengths_s, asked.draws) if not trouble else ():
                name = f"{case.name} {worn} {length_s}".encode()
                rng = np.random.default_rng([draw, *name])
                holes = holes_of(case.reps, length_s, asked.where, rng)
                missing = {p: holes if is_lost else () for p, is_lost in zip(places, loses, strict=True)}
                trouble = judged(without(recording, missing), case.reps, holes, is_live=is_live)
                yield Row(case.name, worn, is_live, length_s, trouble)


def holes_of(
    reps: Sequence[tuple[float, float, float]], length_s: float, where: str, rng: np.random.Generator
) -> tuple[tuple[float, float], ...]:
    """Return where samples are missing, as (start, stop) in seconds, somewhere in the set."""
    rep = reps[int(rng.integers(len(reps)))]
    middles = {
        "random": [rng.uniform(reps[0][0] - 1.0, reps[-1][2] + 1.0)],
        "lockout": [rep[1]],
        "floor": [rep[0]],
        "several": sorted(rng.uniform(reps[0][0] - 1.0, reps[-1][2] + 1.0, rng.integers(2, 5))),
    }[where]
    return tuple((float(m - 0.5 * length_s), float(m + 0.5 * length_s)) for m in middles)


def without(recording: ih.Recording, missing: dict[str, tuple[tuple[float, float], ...]]) -> ih.Recording:
    """Return the recording without the samples in the holes; the time stamps stay true."""
    sensors = {}
    for place, samples in recording.sensors.items():
        keep = np.ones(len(samples), dtype=bool)
        for start, stop in missing[place]:
            keep &= (samples.time_s < start) | (samples.time_s >= stop)
        sensors[place] = ih.Samples(samples.time_s[keep], samples.acc[keep], samples.gyr[keep])
    return replace(recording, sensors=sensors)


def judged(
    recording: ih.Recording,
    reps: Sequence[tuple[float, float, float]],
    holes: Sequence[tuple[float, float]],
    *,
    is_live: bool,
) -> str:
    """Return what is wrong with the reps that are found, or nothing."""
    try:
        found = [(r.start_s, r.end_s) for r in ih.analyze(recording, as_live=is_live).lifts]
    except HingeError as error:
        return f"{type(error).__name__}: {error}"
    lost = []
    for i, (start, _, end) in enumerate(reps):
        is_touched = any(a < end + TOUCH_S and b > start - TOUCH_S for a, b in holes)
        is_found = any(abs(start - a) <= TOLERANCE_S and abs(end - b) <= TOLERANCE_S for a, b in found)
        if not (is_touched or is_found):
            lost.append(i)
    if lost or len(found) > len(reps):
        at = ", ".join(f"{a:.1f} to {b:.1f}" for a, b in holes)
        return f"{len(found)} of {len(reps)} reps, lost {lost}, hole {at}"
    return ""


def print_table(rows: Sequence[Row], lengths_s: Sequence[float], *, is_live: bool) -> None:
    """Print the share of right sets by what is worn and by the hole's length."""
    print(f"{'as live' if is_live else 'both ways':16s}" + "".join(f"{s:>9g} s" for s in lengths_s) + "      all")
    for worn in WORN:
        some = [r for r in rows if r.is_live == is_live and r.worn == worn]
        whole = [not r.trouble for r in some if r.length_s == 0.0]
        cells, holed = "", [not r.trouble for r in some if r.length_s > 0.0]
        for length_s in lengths_s:
            right = [not r.trouble for r in some if r.length_s == length_s]
            cells += f"{sum(right):>5d} / {len(right):<3d}"
        print(f"{worn:16s}{cells}  {100.0 * np.mean(holed):5.1f} %   ({sum(whole)} of {len(whole)} right when whole)")


if __name__ == "__main__":
    main()
