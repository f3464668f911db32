"""Print how long live analysis takes from a notification's arrival to its events, and how much of a core it needs.

Usage: ``python benchmarks/live.py [--sets 8] [--seed 5]``

Simulated sets of deadlifts, two sensors at 100 Hz, fed as they arrive in notifications of 1, 4 and 10 samples each.
Most notifications only wait for the next half second; a *look* follows when a movement has ended, or every two seconds
while it goes on. So the 99th percentile says how often there are looks, the last column how long one takes. Decoding
and writing to disk are not in it (`recording_load.py`). No person was measured.
"""

from __future__ import annotations

import argparse
import time
import warnings
from dataclasses import replace

import numpy as np
import numpy.typing as npt

import imu_hinge as ih
from imu_hinge.simulate.sensor import SensorSpec
from imu_hinge.simulate.session import Simulated, simulate
from imu_hinge.simulate.spec import SetSpec

Array = npt.NDArray[np.float64]

RATE_HZ = 100.0
WORN = ("sacrum", "t12")
PACKETS = (1, 4, 10)
LOOK_S = 2e-3
"""What takes longer than this was a look."""


def lifted(seed: int, k: int) -> Simulated:
    """Simulate one set of a random lifter."""
    rng = np.random.default_rng([seed, k])
    worn = {p: replace(SensorSpec.draw(rng, p, rate_hz=RATE_HZ), loss=0.0, packet=1) for p in WORN}
    spec = replace(SetSpec.draw(rng, exercise="deadlift"), reps=8)
    return simulate(spec, seed=1000 * seed + k, placements=WORN, sensors=worn)


def feed(made: Simulated, packet: int) -> Array:
    """Feed one set in notifications of that many samples; return how long each took, wall and CPU, (n, 2) [s]."""
    arrivals = [
        (float(samples.time_s[first : first + packet][-1]), placement, samples[first : first + packet])
        for placement, samples in made.recording.sensors.items()
        for first in range(0, len(samples), packet)
    ]
    live = ih.LiveAnalysis(WORN, athlete=made.recording.athlete, exercise="deadlift")
    took = []
    for _, placement, samples in sorted(arrivals, key=lambda arrival: arrival[0]):
        start, cpu = time.perf_counter(), time.thread_time()
        live.feed(placement, samples)
        took.append((time.perf_counter() - start, time.thread_time() - cpu))
    return np.array(took)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=8)
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    sets = [lifted(args.seed, k) for k in range(args.sets)]
    feed(sets[0], PACKETS[-1])  # compiles
    seconds = sum(float(np.ptp(made.recording.sensors["sacrum"].time_s)) for made in sets)
    print(
        f"{args.sets} simulated sets of 8 deadlifts, seed {args.seed}, {seconds:.0f} s, two sensors, {RATE_HZ:.0f} Hz."
    )
    print("samples each   median      p99     most  most, CPU   of a core   a look, median")
    for packet in PACKETS:
        took, cpu = np.concatenate([feed(made, packet) for made in sets]).T
        (p50, p99, most), most_cpu = 1e3 * np.quantile(took, [0.5, 0.99, 1.0]), 1e3 * cpu.max()
        look, share = 1e3 * float(np.median(took[took > LOOK_S])), 100.0 * cpu.sum() / seconds
        print(
            f"{packet:12d} {p50:6.2f} ms {p99:5.1f} ms {most:5.0f} ms {most_cpu:6.0f} ms {share:9.1f} % {look:11.0f} ms"
        )


if __name__ == "__main__":
    main()
