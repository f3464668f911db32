"""Print how long reports and the library take, how large a page is, and how often the crossing load is told and right.

Usage: ``python benchmarks/report.py [--histories 300] [--sets 2000] [--skip-pages]``

Pages: a simulated set of five deadlifts, and a simulated workout of 14 sets; analysed beforehand, the second page of
a process is timed (warm). Library: recordings of one made-up set each, whose analysis lies beside them. Histories:
simulated athletes, 12 sets over 4 loads in 6 sessions, whose flexion rises with the load by a known line; each session
is off by an offset and each set by scatter, of sizes that differ between athletes, and each carries its own error.
No person was measured.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from imu_hinge.history.history_words import told
from imu_hinge.history.load_curve import load_curve
from imu_hinge.history.remember import refreshed, remembered
from imu_hinge.history.trends import groups
from imu_hinge.past_set import PastSet
from imu_hinge.storage.library import FILE_NAME, key_of, write_analysis

WORKOUT = 0
"""Seed of a workout of 14 sets."""
LOADS_SHARE = (0.6, 0.7, 0.8, 0.9)  # of the largest load an athlete lifts once


def history(seed: int, *, sessions: int = 6, per_session: int = 2) -> tuple[list[PastSet], float]:
    """Return the sets of one simulated athlete and the load at which flexion truly crosses the limit [kg]."""
    rng = np.random.default_rng(seed)
    most_kg, range_deg = rng.uniform(60.0, 220.0), rng.uniform(45.0, 65.0)
    crossing = most_kg * rng.uniform(0.6, 1.0)
    slope = range_deg * rng.uniform(0.15, 0.45) / (0.3 * most_kg)  # degrees per kg
    offset_sd, scatter_sd, error_sd = rng.uniform(0.5, 3.0), rng.uniform(0.5, 3.0), rng.uniform(1.0, 2.5)
    found = []
    for session in range(sessions):
        offset = rng.normal(0.0, offset_sd)
        for number in range(per_session):
            load = round(most_kg * LOADS_SHARE[(session * per_session + number) % len(LOADS_SHARE)] / 2.5) * 2.5
            true_kg = load * (1.0 + 0.005 * rng.standard_normal())
            peak = 0.7 * range_deg + slope * (true_kg - crossing) + offset + rng.normal(0.0, scatter_sd)
            found.append(
                PastSet(
                    recording=f"session{session}",
                    number=number,
                    athlete="Simulated",
                    recorded=f"2026-{1 + session // 4:02d}-{1 + 7 * (session % 4):02d}T18:00:00",
                    start_s=300.0 * number,
                    exercise="deadlift",
                    reps=5,
                    load_kg=load,
                    load_from="recording",
                    placements="sacrum+t12",
                    basis="measured",
                    peak_deg=peak + rng.normal(0.0, error_sd),
                    peak_sd_deg=error_sd,
                    most_deg=peak,
                    range_deg=range_deg,
                    limit_deg=0.7 * range_deg,
                    verdicts={"hip_hinge": 5},
                    is_simulated=True,
                )
            )
    return found, crossing


def crossings(count: int) -> None:
    """Print how often the crossing load is told, how often its interval holds the truth, and how wide it is."""
    inside, widths = [], []
    for seed in range(count):
        sets, truth = history(seed)
        curve = load_curve(sets)
        if curve is not None and not curve.reason:
            inside.append(curve.crossing_low_kg <= truth <= curve.crossing_high_kg)
            widths.append((curve.crossing_high_kg - curve.crossing_low_kg) / truth)
    share = 100 * len(inside) / count
    print(f"crossing load, {count} histories of 12 sets over 4 loads: said in {share:.0f} %,")
    print(f"  interval holds the truth in {100 * np.mean(inside):.1f} %, median width {100 * np.median(widths):.0f} %")


def library(count: int) -> None:
    """Print how long a library of so many sets takes to be made anew, and a query of it."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for at in range(count):
            folder = root / f"recording{at:05d}"
            folder.mkdir()
            (folder / "recording.json").write_text(json.dumps({"number": at}), encoding="utf-8")
            one = history(at, sessions=1, per_session=1)[0][0]
            values = one.as_values() | {"recording": folder.name, "athlete": f"Athlete {at % 8}"}
            write_analysis(folder, key_of(folder), [PastSet(**values | {"rpe": float("nan")})])
        for what in ("made for the first time", "made anew", "found up to date"):
            if what == "made anew":
                for path in root.glob(f"{FILE_NAME}*"):
                    path.unlink()
            begun = time.perf_counter()
            refreshed(root)
            print(f"library of {count} sets {what}: {time.perf_counter() - begun:.2f} s")
        begun = time.perf_counter()
        sets = remembered(root)
        all_s = time.perf_counter() - begun
        begun = time.perf_counter()
        remembered(root, athlete="Athlete 3", exercise="deadlift", since="2026-01-01")
        print(f"query of {len(sets)} sets: {all_s:.3f} s; of one athlete: {time.perf_counter() - begun:.3f} s")
        begun = time.perf_counter()
        for group in groups(sets).values():
            told(group)
        print(f"what they tell, {len(groups(sets))} athletes: {time.perf_counter() - begun:.2f} s")


def pages() -> None:
    """Print how long the pages take and how large they are."""
    from imu_hinge import analyze
    from imu_hinge.report.html.page import page
    from imu_hinge.simulate.session import random_set
    from imu_hinge.simulate.workouts.workout import random_workout

    result = analyze(random_set(5, exercise="deadlift", style="good_hinge").recording)
    page(result)
    begun = time.perf_counter()
    text = page(result)
    print(f"page of a set of {len(result.lifts)}: {time.perf_counter() - begun:.2f} s, {len(text) / 1e6:.2f} MB")
    session = analyze(random_workout(WORKOUT).recording)
    begun = time.perf_counter()
    text = page(session)
    count = max(len(session.set_list), 1)
    print(
        f"page of a session of {count} sets, {len(session.lifts)} reps: {time.perf_counter() - begun:.2f} s,", end=" "
    )
    print(f"{len(text) / 1e6 / count:.2f} MB a set")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=300)
    parser.add_argument("--sets", type=int, default=2000)
    parser.add_argument("--skip-pages", action="store_true")
    given = parser.parse_args()
    crossings(given.histories)
    library(given.sets)
    if not given.skip_pages:
        pages()


if __name__ == "__main__":
    main()
