"""Measure the orientation filter beside vqf, ahrs and imufusion in one run: error, cost, start-up.

It fits nothing. ``python benchmarks/orientation.py [--quick]``; data in ``../shared/data`` of the repository.
"""

from __future__ import annotations

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

from imu_hinge.motion import lanes
from imu_hinge.motion import orientation as ori
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
    "imu_hinge live": lambda g, a, r: ori.orientation(g, a, rate_hz=r),
    "vqf live": lambda g, a, r: VQF(1 / r).updateBatch(g, a)["quat6D"],
    "imu_hinge both ways": lambda g, a, r: ori.orientation(g, a, rate_hz=r, both_ways=True),
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
    print("\nThe same, one parameter changed (none is fitted to these trials): live / both ways")
    for changed in (
        {"tau_acc_s": 1.5}, {"tau_acc_s": 2.5}, {"tau_acc_s": 3.0}, {"rest_min_s": 1.5}, {"bias_clip_deg_s": 6.0},
        {"bias_start_deg_s": 0.5}, {"bias_start_deg_s": 2.0}, {"sway_deg": 0.0}, {"sway_deg": 1.0}, {"stretch_s": 0.0},
    ):  # fmt: skip
        live, back = [], []
        for g, a, q, k, r in recordings:
            p = ori.params(r, **changed)
            live.append(error_deg(ori.filter_block(ori.initial_state(p), g, a).q_ws[k], q[k]))
            is_edge, out = np.zeros(len(g), dtype=bool), np.empty((len(g), 9))
            is_edge[0] = True
            ori.smooth(ori.initial_state(p, lanes=2), g, a, is_edge, out)
            back.append(error_deg(out[k, :4], q[k]))
        print(f"  {changed!s:28}{np.mean(live):8.4f}{np.mean(back):8.4f}")


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
        top_s=0.3, bottom_s=0.3, touch_and_go=not is_still, quiet_start_s=3.0 if is_still else 0.0, quiet_end_s=0.0,
    )  # fmt: skip
    return simulate(spec, seed=seed, sensors=sensors)


def simulated() -> None:
    print("\nTrunk minus pelvis RMSE [deg], 12 SIMULATED deadlift sets of 8, opposite bias on the two sensors")
    cases = [(1.0, False), (1.0, True), (0.1, True), (2.5, True)]
    print(f"{'':22}" + "".join(f"{b:g} {'still' if s else 'no still':>8}".rjust(14) for b, s in cases))
    table: dict[str, list[float]] = {name: [] for name in FILTERS if name.startswith(("imu_hinge", "vqf"))}
    for bias, is_still in cases:
        sets = [deadlift(seed, bias_deg_s=bias, is_still=is_still) for seed in range(100, 112)]
        for name, scores in table.items():
            errors = []
            for each in sets:
                off = []
                for placement in ("t12", "sacrum"):
                    s, truth = each.readings[placement].samples, each.readings[placement].q_ws
                    u, v = up(FILTERS[name](s.gyr.copy(), s.acc.copy(), 100.0)), up(truth)
                    off.append(np.arctan2(-u[:, 0], u[:, 2]) - np.arctan2(-v[:, 0], v[:, 2]))
                wrapped = np.angle(np.exp(1j * (off[0] - off[1])))
                errors.append(np.degrees(np.sqrt((wrapped**2).mean())))
            scores.append(float(np.mean(errors)))
    for name, scores in table.items():
        print(f"{name:22}" + "".join(f"{x:14.2f}" for x in scores))


def best(runs: dict[str, Callable[[], Any]], *, repeat: int = 1) -> dict[str, float]:
    """Best wall time of each, taken in turns."""
    times = dict.fromkeys(runs, float("inf"))
    for run in runs.values():
        run()
    for _ in range(ROUNDS):
        for name, run in runs.items():
            start = time.perf_counter()
            for _ in range(repeat):
                run()
            times[name] = min(times[name], (time.perf_counter() - start) / repeat)
    return times


def cost() -> None:
    rng = np.random.default_rng(1)
    n = 100_000 if "--quick" in sys.argv else 1_000_000
    t = np.arange(n) / 100.0
    gyr = np.sin(t[:, None] * (0.9, 1.3, 0.7)) + rng.normal(0, 0.01, (n, 3))
    acc = rng.normal((0.0, 0.0, 9.81), 0.5, (n, 3))
    part = n // lanes.LANES
    side = [(gyr[k * part : (k + 1) * part].copy(), acc[k * part : (k + 1) * part].copy()) for k in range(lanes.LANES)]
    packed = np.stack([s[0] for s in side]), np.stack([s[1] for s in side])
    p = ori.params(100.0)
    out, out_lanes = np.empty((n, 9)), np.empty((lanes.LANES, part, 9))
    wide = lanes.LANES
    row = np.empty((15, wide))
    times = best(
        {
            "vqf updateBatch": lambda: VQF(0.01).updateBatch(gyr, acc),
            "update (kernel)": lambda: ori.update(ori.initial_state(p), gyr, acc, out),
            "orientation (public)": lambda: ori.orientation(gyr, acc, rate_hz=100.0),
            "lanes (kernel)": lambda: lanes.update_lanes(
                ori.initial_state(p, lanes=lanes.LANES), *packed, row, out_lanes
            ),
            "filter_many, 1 thread": lambda: lanes.filter_many(side, rate_hz=100.0, threads=1),
            "offlineVQF": lambda: offlineVQF(gyr, acc, None, 0.01),
            "both ways (public)": lambda: ori.orientation(gyr, acc, rate_hz=100.0, both_ways=True),
        }
    )
    print(f"\nCost per sample [ns], {n} samples, one thread, best of {ROUNDS} in turns; ratio to the peer above")
    for name, seconds in times.items():
        beside = "offlineVQF" if name in ("offlineVQF", "both ways (public)") else "vqf updateBatch"
        print(f"  {name:24}{seconds / n * 1e9:9.1f}{seconds / times[beside]:8.3f}")
    small, small_out, state, peer = (
        (gyr[:10].copy(), acc[:10].copy()),
        np.empty((10, 9)),
        ori.initial_state(p),
        VQF(0.01),
    )
    blocks = best(
        {
            "vqf updateBatch": lambda: peer.updateBatch(*small),
            "update": lambda: ori.update(state, *small, small_out),
            "filter_block (checks)": lambda: ori.filter_block(state, *small),
        },
        repeat=500,
    )
    print("\nA block of 10 samples from Python [us]: " + ", ".join(f"{k} {v * 1e6:.2f}" for k, v in blocks.items()))
    cores(gyr, acc)


def cores(gyr: Any, acc: Any) -> None:
    n = 15_000
    many = [(np.roll(gyr[:n], k, axis=0), np.roll(acc[:n], k, axis=0)) for k in range(64)]
    for name, is_both in (("live, in lanes", False), ("both ways", True)):
        times = best(
            {
                "1": lambda b=is_both: lanes.filter_many(many, rate_hz=100.0, both_ways=b, threads=1),
                "2": lambda b=is_both: lanes.filter_many(many, rate_hz=100.0, both_ways=b, threads=2),
            }
        )
        ratio = times["1"] / times["2"]
        print(f"64 recordings of {n} samples, {name}: two threads {ratio:.2f} times as fast as one")


def startup() -> None:
    code = (
        "import time; t = time.perf_counter(); import numpy as np, imu_hinge as ih; "
        "ih.orientation(np.zeros((100, 3)), np.ones((100, 3)), rate_hz=100.0); print(time.perf_counter() - t)"
    )
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(4):
            environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
            done = subprocess.run(
                [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
            )
            seconds.append(float(done.stdout))
    print(f"\nFirst call ever with its imports {seconds[0]:.2f} s; from the cache {min(seconds[1:]):.2f} s")


if __name__ == "__main__":
    broad()
    simulated()
    cost()
    startup()
