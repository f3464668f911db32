"""Print what hours of live analysis cost, hour by hour, and what the same hours cost at once.

Usage: ``python benchmarks/endurance.py [--hours 4] [--block-ms 100] [--seed 3] [--alone] [--trace]
[--only live|at-once|csv]``

Two sensors at 100 Hz in blocks of 100 ms. Half a simulated hour of one lifter's training (`hour.training_hour`: sets of
deadlifts with minutes of something else between them) is repeated with stamps that go on, so every hour holds the same
work and what one costs more than another is the session's age. Memory is what the process holds (RSS) and what Python
and numpy allocated (tracemalloc; a second run, which it slows down, with ``--trace``). ``--alone``: the second sensor
never arrives. A *feed* is one call with one sensor's block, in CPU time of its thread; those that look at the last two
minutes are among the slowest few percent. ``--only csv``: what reading the same hours as two plain CSV files takes; it
needs Linux and up to a GB of disk. No person was measured.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path

import hour
import numpy as np

import imu_hinge as ih
from imu_hinge.storage.plain_csv import write_csv

MB = 2.0**20
PIECE_S = 1800.0
LOOK_S = 5e-3
"""A feed that took longer was a look [s of CPU]."""
GAP_S = 1.0 / hour.RATE_HZ
"""Between two repeats, as between two samples [s]."""


def rss_mb() -> float:
    """Return the memory that the process holds now, or where the system does not tell, the most it ever held [MB]."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)  # what is free goes back to the system, the simulator's memory too
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def training(seed: int) -> ih.Recording:
    """Simulate half an hour of training."""
    hour.HOUR_S = PIECE_S
    return hour.training_hour(seed)[0]


def blocks(piece: ih.Recording, hours: float, block_s: float) -> Iterator[tuple[float, str, ih.Samples]]:
    """Yield time, placement and samples of every block in the order of time."""
    period_s = max(float(s.time_s[-1]) for s in piece.sensors.values()) + GAP_S
    for turn in range(int(np.ceil(hours * 3600.0 / period_s))):
        edges = np.arange(0.0, period_s + block_s, block_s)
        cuts = {p: np.searchsorted(s.time_s, edges) for p, s in piece.sensors.items()}
        for k in range(len(edges) - 1):
            at_s = turn * period_s + edges[k + 1]
            if at_s > hours * 3600.0:
                return
            for placement, samples in piece.sensors.items():
                part = slice(cuts[placement][k], cuts[placement][k + 1])
                time_s = samples.time_s[part] + turn * period_s
                yield at_s, placement, ih.Samples(time_s, samples.acc[part], samples.gyr[part])


def whole(piece: ih.Recording, hours: float) -> ih.Recording:
    """Return all hours as one recording."""
    period_s = max(float(s.time_s[-1]) for s in piece.sensors.values()) + GAP_S
    turns = int(np.ceil(hours * 3600.0 / period_s))
    sensors = {}
    for placement, samples in piece.sensors.items():
        time_s = np.concatenate([samples.time_s + turn * period_s for turn in range(turns)])
        kept = time_s <= hours * 3600.0
        acc, gyr = np.tile(samples.acc, (turns, 1))[kept], np.tile(samples.gyr, (turns, 1))[kept]
        sensors[placement] = ih.Samples(time_s[kept], acc, gyr)
    return ih.Recording(sensors, athlete=piece.athlete, is_simulated=True)


def run_live(piece: ih.Recording, hours: float, block_s: float, *, is_alone: bool) -> None:
    """Feed all hours, print a line for each, and finish."""
    before_mb, start = rss_mb(), time.thread_time()
    live = ih.LiveAnalysis(hour.WORN, athlete=piece.athlete)  # the first one loads the kernels
    print(f"made in {time.thread_time() - start:.2f} s, {rss_mb() - before_mb:.0f} MB of machine code and libraries")
    before_mb = rss_mb()
    took: list[float] = []
    count, first_look_s, ended = 0, 0.0, 1
    print("hour   feed p50      p99     most   CPU in all   RSS grown     traced   events")
    for at_s, placement, samples in blocks(piece, hours, block_s):
        if is_alone and placement != hour.WORN[0]:
            continue
        if at_s > 3600.0 * ended:
            print_hour(ended, took, before_mb, count)
            took, ended = [], ended + 1
        start = time.thread_time()
        count += len(live.feed(placement, samples))
        took.append(time.thread_time() - start)
        if not first_look_s and at_s > 5.0 and took[-1] > LOOK_S:
            first_look_s = took[-1]
    print_hour(hours, took, before_mb, count)
    start, cpu_s = time.perf_counter(), time.thread_time()
    try:
        result = live.finish()
    except ih.HingeError as refused:
        print(f"finish {time.perf_counter() - start:.2f} s: {refused}")
        return
    seconds, cpu_s = time.perf_counter() - start, time.thread_time() - cpu_s
    grown_mb = rss_mb() - before_mb
    print(
        f"finish {seconds:.2f} s, CPU {cpu_s:.2f} s: {len(result.lifts)} reps, {len(result.phase)} instants;"
        f" RSS grown by {grown_mb:.0f} MB in all, {grown_mb / hours:.0f} MB an hour;"
        f" the first look took {1e3 * first_look_s:.0f} ms"
    )


def print_hour(ended: float, took: list[float], before_mb: float, count: int) -> None:
    """Print what one hour's feeds took, and what is held at its end."""
    p50, p99, most = 1e3 * np.quantile(took, [0.5, 0.99, 1.0])
    traced = f"{tracemalloc.get_traced_memory()[0] / MB:7.0f} MB" if tracemalloc.is_tracing() else "         -"
    print(
        f"{ended:4.1f} {p50:7.3f} ms {p99:5.1f} ms {most:5.0f} ms {sum(took):10.1f} s {rss_mb() - before_mb:8.0f} MB"
        f" {traced} {count:8d}",
        flush=True,
    )


def run_at_once(piece: ih.Recording, hours: float) -> None:
    """Analyse all hours as a recording, both ways, and print time and memory."""
    recording, before_mb = whole(piece, hours), rss_mb()
    cpu_s, start = time.process_time(), time.perf_counter()
    result = ih.analyze(recording)
    print(
        f"at once: {time.perf_counter() - start:.1f} s, CPU {time.process_time() - cpu_s:.1f} s,"
        f" {len(result.lifts)} reps, RSS grown by {rss_mb() - before_mb:.0f} MB,"
        f" at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0 - before_mb:.0f} MB more than before"
    )


def run_csv(piece: ih.Recording, hours: float) -> None:
    """Write all hours as plain CSV files, read them in a process of its own, and print time and memory."""
    with tempfile.TemporaryDirectory() as folder:
        for placement, samples in whole(piece, hours).sensors.items():
            path = write_csv(samples, Path(folder) / f"{placement}.csv")
            print(f"{placement}: {len(samples)} rows, {path.stat().st_size / MB:.0f} MB")
        code = (
            "import sys, time, imu_hinge as ih; start = time.perf_counter(); ih.read(sys.argv[1:]);"
            "took_s = time.perf_counter() - start; lines = open('/proc/self/status').read().splitlines();"
            "most = next(int(line.split()[1]) / 1024.0 for line in lines if line.startswith('VmHWM'));"
            "print(f'read in {took_s:.1f} s; the process held {most:.0f} MB at most', flush=True)"
        )  # not ru_maxrss: a child's begins with what its parent held
        sources = [f"{placement}={folder}/{placement}.csv" for placement in piece.sensors]
        subprocess.run([sys.executable, "-c", code, *sources], check=True)


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--block-ms", type=float, default=100.0)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--alone", action="store_true", help="the second sensor never arrives")
    parser.add_argument("--trace", action="store_true", help="count what is allocated, too")
    parser.add_argument("--only", choices=("live", "at-once", "csv"))
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    piece = training(args.seed)
    print(
        f"{args.hours:g} simulated hours, two sensors at {hour.RATE_HZ:.0f} Hz, blocks of {args.block_ms:g} ms,"
        f" seed {args.seed}. No person was measured."
    )
    if args.trace:
        tracemalloc.start()
    if args.only == "csv":
        run_csv(piece, args.hours)
        return
    if args.only != "at-once":
        run_live(piece, args.hours, args.block_ms / 1e3, is_alone=args.alone)
    if args.only != "live":
        run_at_once(piece, args.hours)


if __name__ == "__main__":
    main()
