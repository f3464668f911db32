"""Print how often the self-check finds fault with clean recordings, and how often it finds each kind of fault.

Usage: ``python benchmarks/self_check.py [--source simulated] [--sets 20] [--first-seed 9000] [--kinds delay,acc]``

Clean recordings are simulated sets of fresh seeds, and in ``../shared/data``, read in place: lifters from another hand,
TrunkyXL's and SisFall's people. Each is then spoilt in every way below and goes through the same door,
`storage.screening.checks.check_recording`, one sensor at a time. A fault about an axis that hardly turns cannot be seen
and does no harm; where one axis is spoilt it is the one that turns most. The last lines put acceleration without
gravity and gravity of every clean recording together again, of one sign (none may be refused) and of opposite ones.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

import imu_hinge as ih
from imu_hinge.errors import HingeError
from imu_hinge.model import Array, Samples
from imu_hinge.motion.kinematics.resample import even_grid
from imu_hinge.motion.kinematics.track import up_in_sensor
from imu_hinge.motion.orientation.filter import filter_recording
from imu_hinge.simulate.session import random_set
from imu_hinge.storage.importers.gravity_streams import sum_of
from imu_hinge.storage.screening.checks import check_recording

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
EXERCISES = ("deadlift", "rdl", "swing", "good_morning", "squat")
WORN = (("sacrum", "t12"), ("hip", "t12"), ("lumbar", "thigh"), ("sacrum", "chest"))
RATES_HZ = (100.0, 50.0, 100.0, 25.0)
GRAVITY_MPS2 = 9.80665
ITG3200_RAD_S = float(np.radians(1.0 / 14.375))
"""By a count, of its data sheet; SisFall's readme divides the range into 2**16 counts, 1.14 times too little."""

Pair = tuple[Samples, Samples]
"""One sensor's samples, and those of another sensor that measured at the same times."""


def axis_of(samples: Samples) -> int:
    """Return the axis about which the sensor turns most."""
    return int(np.argmax(samples.gyr.std(axis=0)))


def spoilt_axis(values: Array, axis: int, change: Callable[[Array], Array]) -> Array:
    """Return values (n, 3) with one axis changed."""
    values = values.copy()
    values[:, axis] = change(values[:, axis])
    return values


def with_gyr(pair: Pair, gyr: Array) -> Samples:
    return Samples(pair[0].time_s, pair[0].acc, gyr)


def with_acc(pair: Pair, acc: Array) -> Samples:
    return Samples(pair[0].time_s, acc, pair[0].gyr)


def stretched(pair: Pair, factor: float) -> Samples:
    return Samples(pair[0].time_s * factor, pair[0].acc, pair[0].gyr)


def delayed(pair: Pair, lag_s: float) -> Samples:
    """Return the samples with a gyroscope that comes late."""
    s = pair[0]
    late = [np.interp(s.time_s - lag_s, s.time_s, column) for column in s.gyr.T]
    return with_gyr(pair, np.column_stack(late))


def one_axis(pair: Pair, change: Callable[[Array], Array], *, is_acc: bool = False) -> Samples:
    axis = axis_of(pair[0])
    if not is_acc:
        return with_gyr(pair, spoilt_axis(pair[0].gyr, axis, change))
    return with_acc(pair, spoilt_axis(pair[0].acc, (axis + 1) % 3, change))  # gravity moves in the other two


def duplicated(pair: Pair, *, is_acc: bool) -> Samples:
    values, axis = pair[0].acc if is_acc else pair[0].gyr, axis_of(pair[0])
    doubled = spoilt_axis(values, (axis + 1) % 3, lambda _: values[:, axis])
    return with_acc(pair, doubled) if is_acc else with_gyr(pair, doubled)


def half_of_another_range(pair: Pair) -> Samples:
    gyr = pair[0].gyr.copy()
    gyr[: len(gyr) // 2] *= 2.0
    return with_gyr(pair, gyr)


def gravity(samples: Samples) -> Array:
    """Return gravity in the sensor's frame as a phone tells it, (n, 3) [m/s²]."""
    rate_hz, start_s, stop_s = 100.0, float(samples.time_s[0]), float(samples.time_s[-1])
    gyr, acc, _ = even_grid(samples, rate_hz=rate_hz, start_s=start_s, stop_s=stop_s)
    up = up_in_sensor(filter_recording(gyr, acc, rate_hz=rate_hz, both_ways=False).q_ws)
    at_s = start_s + np.arange(len(up)) / rate_hz
    up = np.column_stack([np.interp(samples.time_s, at_s, column) for column in up.T])
    return np.asarray(GRAVITY_MPS2 * up / np.linalg.norm(up, axis=1, keepdims=True))


def other_acc(pair: Pair) -> Samples:
    columns = [np.interp(pair[0].time_s, pair[1].time_s, column) for column in pair[1].acc.T]
    return with_acc(pair, np.column_stack(columns))


def dead(column: Array) -> Array:
    return np.asarray(0.005 * np.random.default_rng(7).normal(size=column.shape))


KINDS: dict[str, Callable[[Pair], Samples]] = {
    "nothing (clean)": lambda p: p[0],
    "gyr: deg/s converted twice": lambda p: with_gyr(p, np.radians(p[0].gyr)),
    "gyr: deg/s for rad/s": lambda p: with_gyr(p, np.degrees(p[0].gyr)),
    "gyr: all signs": lambda p: with_gyr(p, -p[0].gyr),
    **{f"gyr: range x {f:g}": partial(lambda p, f: with_gyr(p, f * p[0].gyr), f=f) for f in (0.25, 0.5, 2.0, 4.0)},
    "gyr: one axis x 2": lambda p: one_axis(p, lambda x: 2.0 * x),
    "gyr: one axis x 0.5": lambda p: one_axis(p, lambda x: 0.5 * x),
    "gyr: one axis of wrong sign": lambda p: one_axis(p, np.negative),
    "gyr: one axis dead (noise)": lambda p: one_axis(p, dead),
    "gyr: one axis given twice": partial(duplicated, is_acc=False),
    "gyr: two axes exchanged": lambda p: with_gyr(p, p[0].gyr[:, swap(p)]),
    "gyr: axes in another order": lambda p: with_gyr(p, p[0].gyr[:, [1, 2, 0]]),
    "gyr: x 2 in the first half": half_of_another_range,
    "acc: one axis of wrong sign": lambda p: one_axis(p, np.negative, is_acc=True),
    "acc: one axis x 2": lambda p: one_axis(p, lambda x: 2.0 * x, is_acc=True),
    "acc: one axis x 0.5": lambda p: one_axis(p, lambda x: 0.5 * x, is_acc=True),
    "acc: one axis given twice": partial(duplicated, is_acc=True),
    "acc: two axes exchanged": lambda p: with_acc(p, p[0].acc[:, swap(p)]),
    "acc: axes in another order": lambda p: with_acc(p, p[0].acc[:, [1, 2, 0]]),
    "acc: of another device": other_acc,
    "acc: gravity alone": lambda p: with_acc(p, gravity(p[0])),
    "acc: without gravity": lambda p: with_acc(p, p[0].acc - gravity(p[0])),
    **{f"time: x {f:g}": partial(stretched, factor=f) for f in (0.5, 0.8, 1.25, 2.0)},
    **{f"delay: gyr {s:g} s late": partial(delayed, lag_s=s) for s in (0.1, 0.2, 0.5, 3.0)},
    "delay: gyr 0.2 s early": partial(delayed, lag_s=-0.2),
}


def swap(pair: Pair) -> list[int]:
    """Return the order in which the axis that turns most is exchanged with the next one."""
    order, axis = [0, 1, 2], axis_of(pair[0])
    order[axis], order[(axis + 1) % 3] = order[(axis + 1) % 3], order[axis]
    return order


def simulated(seed: int) -> Iterator[Pair]:
    k = seed
    placements = WORN[(k // 2) % len(WORN)]
    made = random_set(seed, exercise=EXERCISES[k % 5], placements=placements, rate_hz=RATES_HZ[k % 4])
    a, b = (made.recording.sensors[p] for p in placements)
    yield from ((a, b), (b, a))


def other_lifter(path: Path) -> Iterator[Pair]:
    with np.load(path, allow_pickle=False) as file:
        a, b = (Samples(*(file[f"{p}_{c}"] for c in ("time_s", "acc", "gyr"))) for p in ("sacrum", "t12"))
    yield from ((a, b), (b, a))


def trunkyxl(trial: int) -> Iterator[Pair]:
    with np.load(DATA / "trunkyxl_back_c7_t10_sacrum.npz", allow_pickle=False) as file:
        part = slice(*file["offsets"][trial : trial + 2])
        a, b = (
            Samples(np.arange(part.stop - part.start) / 50.0, file[f"{at}_acc"][part], file[f"{at}_gyr"][part])
            for at in ("s2", "t10")
        )
    yield from ((a, b), (b, a))


def sisfall(trials: tuple[int, ...]) -> Iterator[Pair]:
    """Yield one sensor: trials of 12 s of one person, one after the other, for one of them tells too little."""
    with np.load(DATA / "sisfall_squat_vs_bend.npz", allow_pickle=False) as file:
        scale = json.loads(str(file["meta_json"]))["scale"]
        spans = list(pairwise(file["offsets"]))
        parts = [slice(*spans[t]) for t in trials]
        acc = [file["adxl"][part] * scale["adxl_mps2"] for part in parts]
        gyr = [file["gyr"][part] * ITG3200_RAD_S for part in parts]
    starts = np.cumsum([0.0, *(len(a) / 200.0 + 1.0 for a in acc[:-1])])  # a hole of a second between them
    time_s = np.concatenate([s + np.arange(len(a)) / 200.0 for s, a in zip(starts, acc, strict=True)])
    one = Samples(time_s, np.concatenate(acc), np.concatenate(gyr))
    other = Samples(time_s, np.roll(one.acc, len(one) // 2, axis=0), one.gyr)  # what another part of the day gives
    yield one, other


def jobs_of(source: str, sets: int, first_seed: int) -> list[partial[Iterator[Pair]]]:
    """Return what to make or read, each in a process of its own."""
    if source == "simulated":
        return [partial(simulated, first_seed + k) for k in range(sets)]
    if source == "other_lifters":
        return [partial(other_lifter, path) for path in sorted((DATA / source).glob("*.npz"))[:sets]]
    if source == "trunkyxl":
        return [partial(trunkyxl, k) for k in range(min(18, sets))]
    with np.load(DATA / "sisfall_squat_vs_bend.npz", allow_pickle=False) as file:
        people = file["subject"]
    trials = [np.flatnonzero(people == person) for person in np.unique(people)]
    parts = [tuple(t[i : i + 6].tolist()) for t in trials for i in range(0, len(t) - 5, 6)]
    return [partial(sisfall, part) for part in parts[:: max(1, len(parts) // sets)]]


def outcomes(job: partial[Iterator[Pair]], *, kinds: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Return kind, outcome and what was said, of every sensor spoilt in every way."""
    warnings.simplefilter("ignore")
    rows = []
    for pair in job():
        rows += [(kind, *outcome(KINDS[kind](pair))) for kind in kinds]
        down = gravity(pair[0])
        for kind, sign in (("streams of one sign", 1.0), ("streams of opposite sign", -1.0)):
            try:
                sum_of(pair[0].time_s, sign * (pair[0].acc - down), down)
                rows.append((kind, "passed", ""))
            except HingeError as error:
                rows.append((kind, "refused", str(error)))
    return rows


def outcome(samples: Samples) -> tuple[str, str]:
    """Return what the door does with one sensor's samples, and says."""
    try:
        checked = check_recording(ih.Recording({"sacrum": samples}))
    except HingeError as error:
        return "refused", str(error)
    return ("warned", checked.warnings[0]) if checked.warnings else ("passed", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", choices=("simulated", "other_lifters", "trunkyxl", "sisfall"), default="simulated")
    parser.add_argument("--sets", type=int, default=20, help="at most so many sets or trials")
    parser.add_argument("--first-seed", type=int, default=9000)
    parser.add_argument("--kinds", default="", help="only kinds that contain one of these words, apart by commas")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="print what was said, by kind")
    asked = parser.parse_args()
    kinds = tuple(k for k in KINDS if any(word in k for word in asked.kinds.split(",")))
    jobs, started = jobs_of(asked.source, asked.sets, asked.first_seed), time.perf_counter()
    with ProcessPoolExecutor(asked.workers, initializer=os.nice, initargs=(5,)) as pool:
        rows = [row for some in pool.map(partial(outcomes, kinds=kinds), jobs) for row in some]
    print(f"{asked.source}: {len(jobs)} recordings; {time.perf_counter() - started:.0f} s")
    print(f"{'':30s}{'refused':>9s}{'warned':>9s}{'passed':>9s}")
    for kind in dict.fromkeys(row[0] for row in rows):
        found = Counter(row[1] for row in rows if row[0] == kind)
        print(f"{kind:30s}" + "".join(f"{found[o]:9d}" for o in ("refused", "warned", "passed")))
        said = Counter(row[2] for row in rows if row[0] == kind and row[2])
        for text, count in said.most_common(4) if asked.list else ():
            print(f"    {count:3d} {text}")


if __name__ == "__main__":
    main()
