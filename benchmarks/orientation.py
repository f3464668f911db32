"""Measure the orientation filter beside vqf, ahrs and imufusion in one run: error, cost, start-up.

It fits nothing. ``python benchmarks/orientation.py [--quick] [--only threads,block]``, where the parts are broad,
simulated, cost, block, threads and start; data in ``../shared/data`` of the repository.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import ahrs
import imufusion
import numpy as np
from vqf import VQF, offlineVQF

from imu_hinge.motion.orientation import batch, filter
from imu_hinge.motion.orientation.smoothing import smooth
from imu_hinge.motion.orientation.vqf_step import update
from imu_hinge.simulate.sensor import SensorSpec
from imu_hinge.simulate.session import Simulated, simulate
from imu_hinge.simulate.spec import LifterSpec, SetSpec

DATA = Path(__file__).parents[2] / "shared" / "data" / "broad"
ROUNDS = 5 if "--quick" in sys.argv else 25
Filter = Callable[[Any, Any, float], Any]


def madgwick(gyr: Any, acc: Any, rate_hz: float) -> Any:
    return ahrs.filters.Madgwick(gyr=gyr, acc=acc, frequency=rate_hz).Q


def mahony(gyr: Any, acc: Any, rate_hz: float) -> Any:
    return ahrs.filters.Mahony(gyr=gyr, acc=acc, frequency=rate_hz).Q


def fusion(gyr: Any, acc: Any, rate_hz: float) -> Any:
    filtered = imufusion.Ahrs()
    filtered.set_sample_period(1.0 / rate_hz)
    q = np.empty((len(gyr), 4))
    for i, (w, a) in enumerate(zip(np.degrees(gyr), acc / 9.81, strict=True)):
        filtered.update_no_magnetometer(w, a)
        q[i] = filtered.get_quaternion()
    return q


FILTERS: dict[str, Filter] = {
    "imu_hinge live": lambda g, a, r: filter.orientation(g, a, rate_hz=r),
    "vqf live": lambda g, a, r: VQF(1 / r).updateBatch(g, a)["quat6D"],
    "imu_hinge both ways": lambda g, a, r: filter.orientation(g, a, rate_hz=r, both_ways=True),
    "vqf offline": lambda g, a, r: offlineVQF(g, a, None, 1 / r)["quat6D"],
    "ahrs Madgwick": madgwick,
    "ahrs Mahony": mahony,
    "imufusion": fusion,
}


def up(q: Any) -> Any:
    """World's up in the sensor's frame: all that heading does not change."""
    w, x, y, z = np.asarray(q).T
    return np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=1)


def error_deg(q: Any, truth: Any) -> float:
    u, v = up(q), up(truth)
    angle = np.arctan2(np.linalg.norm(np.cross(u, v), axis=1), (u * v).sum(axis=1))
    return float(np.degrees(np.sqrt((angle**2).mean())))


def trials() -> list[tuple[Any, Any, Any, Any, float]]:
    found = []
    for file in sorted(DATA.glob("*.npz")):
        with np.load(file) as d:
            known = d["movement"] & ~np.isnan(d["quat"]).any(axis=1)
            found.append(
                (d["gyr"].astype(float), d["acc"].astype(float), d["quat"].astype(float), known, float(d["fs"]))
            )
    return found


def broad() -> None:
    recordings = trials()
    print(
        f"\nInclination RMSE [deg] in the movement phases, mean of {len(recordings)} BROAD trials; bias added per axis"
    )
    print(f"{'':22}{'+0':>9}{'+1 deg/s':>10}{'+2.5 deg/s':>11}")
    for name, run in FILTERS.items():
        is_slow = not name.startswith(("imu_hinge", "vqf"))
        row = []
        for bias in (0.0,) if is_slow else (0.0, 1.0, 2.5):
            scores = [error_deg(run(g + np.radians(bias), a, r)[k], q[k]) for g, a, q, k, r in recordings]
            row.append(float(np.mean(scores)))
        print(f"{name:22}" + "".join(f"{x:10.4f}" for x in row))
    print_departures(recordings)


PUBLISHED = {
    "tau_acc_unknown_s": 3.0, "rest_min_s": 1.5, "bias_clip_deg_s": 2.0, "bias_start_deg_s": 0.5, "sway_deg": 0.0,
    "stretch_s": 0.0,
}  # fmt: skip
"""Every parameter that departs from Laidig and Seel (2023), at their value."""


def errors_of(chosen: dict[str, float], recordings: list[Any]) -> Any:
    """Live and both ways of every trial, (2, trials) [deg]."""
    found = []
    for g, a, q, k, r in recordings:
        p = filter.params(r, **chosen)
        is_edge, out = np.arange(len(g)) == 0, np.empty((len(g), 9))
        smooth(filter.initial_state(p, lanes=2), g, a, is_edge, out)
        live = filter.filter_block(filter.initial_state(p), g, a).q_ws
        found.append((error_deg(live[k], q[k]), error_deg(out[k, :4], q[k])))
    return np.array(found).T


def print_departures(recordings: list[Any]) -> None:
    """Print what each departure from the published filter costs, over all trials and, at worst, with one left out."""
    peers = [
        [error_deg(run(g, a, r)[k], q[k]) for g, a, q, k, r in recordings]
        for run in (FILTERS["vqf live"], FILTERS["vqf offline"])
    ]
    ours, published = errors_of({}, recordings), errors_of(PUBLISHED, recordings)
    print("\nWhat departing from the published filter costs [deg], mean of the trials (at worst, one trial left out)")
    print(f"{'':42}{'live':>18}{'both ways':>18}")
    rows = {"acc is felt in the sample's middle": published - np.array(peers)}
    defaults = inspect.signature(filter.params).parameters
    for name, value in PUBLISHED.items():
        rows[f"{name} {defaults[name].default:g}, not {value:g}"] = ours - errors_of({name: value}, recordings)
    rows["all of it"] = ours - np.array(peers)
    rows["not taken: tau_acc_s 2, not 3"] = errors_of({"tau_acc_s": 2.0}, recordings) - ours
    for name, cost in rows.items():
        without_one = (cost.sum(axis=1, keepdims=True) - cost) / (cost.shape[1] - 1)
        cells = [f"{c.mean():+.4f} ({w.max():+.4f})" for c, w in zip(cost, without_one, strict=True)]
        print(f"  {name:40}" + "".join(f"{cell:>18}" for cell in cells))


def deadlift(seed: int, *, bias_deg_s: float, is_still: bool) -> Simulated:
    rng = np.random.default_rng(seed)
    sensors = {}
    for placement, sign in (("sacrum", 1.0), ("t12", -1.0)):
        sensors[placement] = replace(
            SensorSpec.draw(rng, placement, rate_hz=100.0),
            mounting_deg=(0.0, 0.0, 0.0), quarter_turns=(0, 0, 0), soft_tissue=0.0, misalignment_deg=(0.0, 0.0, 0.0),
            gyr_bias_radps=(float(np.radians(sign * bias_deg_s)),) * 3, gyr_drift_radps2=(0.0, 0.0, 0.0),
            acc_bias_mps2=(0.0, 0.0, 0.0), loss=0.0, jitter_s=0.0, clock_offset_s=0.0, clock_ppm=0.0, packet=1,
        )  # fmt: skip
    spec = SetSpec(
        reps=8, lifter=LifterSpec.draw(rng), raise_s=float(rng.uniform(0.9, 1.8)), lower_s=float(rng.uniform(1.0, 2.0)),
        top_s=0.3,
        bottom_s=0.3,
        touch_and_go=not is_still,
        stationary_start_s=3.0 if is_still else 0.0,
        stationary_end_s=0.0,
    )  # fmt: skip
    return simulate(spec, seed=seed, sensors=sensors)


def trunk_error_deg(each: Simulated, run: Filter) -> float:
    """RMSE of trunk minus pelvis over one set."""
    off = []
    for placement in ("t12", "sacrum"):
        s, truth = each.readings[placement].samples, each.readings[placement].q_ws
        u, v = up(run(s.gyr.copy(), s.acc.copy(), 100.0)), up(truth)
        off.append(np.arctan2(-u[:, 0], u[:, 2]) - np.arctan2(-v[:, 0], v[:, 2]))
    wrapped = np.angle(np.exp(1j * (off[0] - off[1])))
    return float(np.degrees(np.sqrt((wrapped**2).mean())))


def simulated() -> None:
    print("\nTrunk minus pelvis RMSE [deg], 12 SIMULATED deadlift sets of 8, opposite bias on the two sensors")
    cases = {
        (bias, is_still): [deadlift(seed, bias_deg_s=bias, is_still=is_still) for seed in range(100, 112)]
        for bias, is_still in ((1.0, False), (1.0, True), (0.1, True), (2.5, True))
    }
    print(f"{'':22}" + "".join(f"{b:g} {'still' if s else 'no still':>8}".rjust(14) for b, s in cases))
    for name, run in FILTERS.items():
        if name.startswith(("imu_hinge", "vqf")):
            scores = [np.mean([trunk_error_deg(each, run) for each in sets]) for sets in cases.values()]
            print(f"{name:22}" + "".join(f"{x:14.2f}" for x in scores))
    others = [deadlift(seed, bias_deg_s=1.0, is_still=False) for seed in range(200, 212)]
    print("\nThe same, imu_hinge live, 1 deg/s, no still: these sets / 12 others; then one parameter changed")
    for changed in (
        {},
        {"tau_acc_unknown_s": 2.5},
        {"tau_acc_unknown_s": 3.0},
        {"bias_start_deg_s": 0.5},
        {"bias_start_deg_s": 2.0},
    ):

        def run(g: Any, a: Any, r: float, changed: dict[str, float] = changed) -> Any:
            return filter.filter_block(filter.initial_state(filter.params(r, **changed)), g, a).q_ws

        scores = [np.mean([trunk_error_deg(each, run) for each in sets]) for sets in (cases[1.0, False], others)]
        print(f"  {changed!s:28}" + "".join(f"{x:8.2f}" for x in scores))


def best(runs: dict[str, Callable[[], Any]], *, repeat: int = 1, rounds: int = ROUNDS) -> dict[str, float]:
    """Best wall time of each, taken in turns, each after a run of its own: pages that another freed cost extra."""
    times = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            run()
            start = time.perf_counter()
            for _ in range(repeat):
                run()
            times[name] = min(times[name], (time.perf_counter() - start) / repeat)
    return times


def invented(n: int) -> tuple[Any, Any]:
    """Angular rate and acceleration, (n, 3) each, whose time to filter is measured."""
    rng = np.random.default_rng(1)
    t = np.arange(n) / 100.0
    gyr = np.sin(t[:, None] * (0.9, 1.3, 0.7)) + rng.normal(0, 0.01, (n, 3))
    return gyr, rng.normal((0.0, 0.0, 9.81), 0.5, (n, 3))


def cost() -> None:
    n = 100_000 if "--quick" in sys.argv else 1_000_000
    gyr, acc = invented(n)
    side = list(zip(np.split(gyr, 16), np.split(acc, 16), strict=True))
    beside = [tuple(np.split(values, batch.LANES)) for values in (gyr, acc, np.empty((n, 9)))]
    scratch = [np.empty((columns * batch.CHUNK, batch.LANES)) for columns in (6, 9)]
    p = filter.params(100.0)
    out = np.empty((n, 9))
    times = best(
        {
            "vqf updateBatch": lambda: VQF(0.01).updateBatch(gyr, acc),
            "update (kernel)": lambda: update(filter.initial_state(p).memory, gyr, acc, out),
            "orientation (public)": lambda: filter.orientation(gyr, acc, rate_hz=100.0),
            "lanes (kernel)": lambda: batch.update_lanes(filter.initial_state(p, lanes=batch.LANES), *beside, *scratch),
            "filter_many, 1 thread": lambda: batch.filter_many(side, rate_hz=100.0, threads=1),
            "offlineVQF": lambda: offlineVQF(gyr, acc, None, 0.01),
            "both ways (public)": lambda: filter.orientation(gyr, acc, rate_hz=100.0, both_ways=True),
        }
    )
    print(f"\nCost per sample [ns], {n} samples, one thread, best of {ROUNDS} in turns; ratio to the peer above")
    for name, seconds in times.items():
        peer = "offlineVQF" if name in ("offlineVQF", "both ways (public)") else "vqf updateBatch"
        print(f"  {name:24}{seconds / n * 1e9:9.1f}{seconds / times[peer]:8.3f}")


def block() -> None:
    gyr, acc = invented(10)
    state, peer, out = filter.initial_state(filter.params(100.0)), VQF(0.01), np.empty((10, 9))
    times = best(
        {
            "vqf updateBatch": lambda: peer.updateBatch(gyr, acc),
            "filter_block (public, checked)": lambda: filter.filter_block(state, gyr, acc),
            "update (kernel)": lambda: update(state.memory, gyr, acc, out),
        },
        repeat=500,
        rounds=8 * ROUNDS,  # short: so that they see more than one mood of the machine
    )
    print("\nA block of 10 samples from Python [us]: " + ", ".join(f"{k} {v * 1e6:.2f}" for k, v in times.items()))


def threads() -> None:
    n = 15_000
    gyr, acc = invented(n)
    many = [(np.roll(gyr, k, axis=0), np.roll(acc, k, axis=0)) for k in range(64)]
    for name, is_both, rounds in (("live, in lanes", False, 4 * ROUNDS), ("both ways", True, ROUNDS)):
        times = best(
            {
                "1": lambda b=is_both: batch.filter_many(many, rate_hz=100.0, both_ways=b, threads=1),
                "2": lambda b=is_both: batch.filter_many(many, rate_hz=100.0, both_ways=b, threads=2),
            },
            rounds=rounds,
        )
        print(
            f"64 recordings of {n} samples, {name}: two threads {times['1'] / times['2']:.2f} times as fast as one"
            f" ({times['2'] * 1e3:.1f} and {times['1'] * 1e3:.1f} ms)"
        )


START = """
import sys, time
for name in sys.argv[1:]:
    sys.modules[name] = None  # as if it were not installed
start = time.perf_counter()
import numba, numpy as np, imu_hinge as ih
orientation = ih.orientation
imported = time.perf_counter()
orientation(np.zeros((100, 3)), np.ones((100, 3)), rate_hz=100.0)
print(imported - start, time.perf_counter() - imported)
"""


def startup() -> None:
    print("\nStart-up of `ih.orientation` [s], byte code compiled: imports of NumPy, numba and ours / the call itself")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for name, hidden in (
        ("as users install it", ("scipy", "cffi")),
        ("beside SciPy and cffi, which numba loads", ()),
    ):
        ever, cached = [], []
        for _ in range(3):
            with tempfile.TemporaryDirectory() as folder:
                environment["NUMBA_CACHE_DIR"] = folder
                for runs in (ever, cached, cached, cached):
                    command = [sys.executable, "-c", START, *hidden]
                    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
                    runs.append(tuple(map(float, done.stdout.split())))
        for what, runs in (("first ever", ever), ("from the cache", cached)):
            imports, call = min(runs, key=sum)
            print(f"  {name}, {what}: {imports:.2f} / {call:.2f}, best of {len(runs)}")


PARTS: dict[str, Callable[[], None]] = {
    "broad": broad,
    "simulated": simulated,
    "cost": cost,
    "block": block,
    "threads": threads,
    "start": startup,
}


if __name__ == "__main__":
    chosen = sys.argv[sys.argv.index("--only") + 1].split(",") if "--only" in sys.argv else list(PARTS)
    print("Load of the machine before:", os.getloadavg())
    for part in chosen:
        PARTS[part]()
    print("Load of the machine after:", os.getloadavg())
