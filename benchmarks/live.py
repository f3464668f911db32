"""Print how long live analysis takes from a notification's arrival to its events, and how much of a core it needs.

Usage: ``python benchmarks/live.py [--sets 8] [--seed 5]``

Simulated sets of deadlifts, two sensors at 100 Hz, fed as they arrive in notifications of 1, 4 and 10 samples each.
Most notifications only wait for the next half second; a *look* follows when a movement has ended, or every two seconds
while it goes on. So the 99th percentile says how often there are looks, the last columns how long one takes. Decoding
and writing to disk are not in it (`recording_load.py`). Most notifications also bring an instant (`take_instants`),
whose cost is in it too.

Below, in the time of the samples, so without what the machine and the radio add: how old an instant is when the
notification that brings it comes, how many there are a second, and how long after a rep's true end its event comes.
Where an instant's age comes from, 99th percentile each: *gathering*, until every sensor has sent the notification that
reaches it; *holding*, from there until the notification with which it is made; *computing*, until `feed` has returned,
with what still waits before it (looks of notifications before). The last two together are from arrival to instant.
No person was measured.
"""

from __future__ import annotations

import argparse
import time
import warnings
from dataclasses import dataclass, replace

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
SAME_S = 1.0
"""An event is that of a rep whose true end is this near to what it says."""
LOOK_S = 5e-3
"""What takes longer than this was a look; an instant takes 2 ms, most of it what no sensor measures."""


def lifted(seed: int, k: int) -> Simulated:
    """Simulate one set of a random lifter."""
    rng = np.random.default_rng([seed, k])
    worn = {p: replace(SensorSpec.draw(rng, p, rate_hz=RATE_HZ), loss=0.0, packet=1) for p in WORN}
    spec = replace(SetSpec.draw(rng, exercise="deadlift"), reps=8)
    return simulate(spec, seed=1000 * seed + k, placements=WORN, sensors=worn)


@dataclass(frozen=True)
class Fed:
    """Hold what feeding one set gave.

    Parameters
    ----------
    took_s, cpu_s : (n,)
        Per notification, by the clock and of the thread.
    ages_s : (m,)
        Of every instant, when it came.
    gathered_s, held_s, computed_s : (m,)
        Where its age comes from, see above.
    delays_s : (k,)
        From every rep's true end to its event; infinite where none came while the set was fed.
    withdrawn, revised, started
        Events.
    """

    took_s: Array
    cpu_s: Array
    ages_s: Array
    gathered_s: Array
    held_s: Array
    computed_s: Array
    delays_s: Array
    withdrawn: int
    revised: int
    started: int


def feed(made: Simulated, packet: int) -> Fed:
    """Feed one set in notifications of that many samples."""
    arrivals = [
        (float(samples.time_s[first : first + packet][-1]), placement, samples[first : first + packet])
        for placement, samples in made.recording.sensors.items()
        for first in range(0, len(samples), packet)
    ]
    live = ih.LiveAnalysis(WORN, athlete=made.recording.athlete, exercise="deadlift")
    took, cpu, told, made_at = [], [], [], []
    reached = {placement: [(s.time_s[-1], at) for at, p, s in arrivals if p == placement] for placement in WORN}
    free_s = -np.inf
    for now_s, placement, samples in sorted(arrivals, key=lambda arrival: arrival[0]):
        start, begun = time.perf_counter(), time.thread_time()
        events, instants = live.feed(placement, samples), live.take_instants()
        took.append(time.perf_counter() - start)
        cpu.append(time.thread_time() - begun)
        free_s = max(free_s, now_s) + took[-1]
        made_at += [(instant.time_s, now_s, free_s) for instant in instants]
        told += [(now_s, event) for event in events]
    ends = [(now_s, event.rep.end_s) for now_s, event in told if event.kind == "rep" and event.rep is not None]
    delays = [
        min((now_s - rep.end_s for now_s, end_s in ends if abs(end_s - rep.end_s) < SAME_S), default=np.inf)
        for rep in made.truth.reps
    ]
    kinds = [event.kind for _, event in told]
    time_s, known_s, told_s = np.array(made_at).T
    sent = [
        np.array([at for _, at in ends])[np.searchsorted([t for t, _ in ends], time_s)] for ends in reached.values()
    ]
    in_s = np.max(sent, axis=0)
    return Fed(
        np.array(took),
        np.array(cpu),
        known_s - time_s,
        in_s - time_s,
        known_s - in_s,
        told_s - known_s,
        np.array(delays),
        kinds.count("withdrawn"),
        kinds.count("revised"),
        kinds.count("rep_started"),
    )


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
    print("samples each   median      p99     most  most, CPU   of a core   a look, median    p99")
    lines = []
    for packet in PACKETS:
        fed = [feed(made, packet) for made in sets]
        took = np.concatenate([one.took_s for one in fed])
        cpu = np.concatenate([one.cpu_s for one in fed])
        (p50, p99, most), most_cpu = 1e3 * np.quantile(took, [0.5, 0.99, 1.0]), 1e3 * cpu.max()
        look, slow_look = 1e3 * np.quantile(took[took > LOOK_S], [0.5, 0.99])
        share = 100.0 * cpu.sum() / seconds
        print(
            f"{packet:12d} {p50:6.2f} ms {p99:5.1f} ms {most:5.0f} ms {most_cpu:6.0f} ms {share:9.1f} % "
            f"{look:11.0f} ms {slow_look:6.0f} ms"
        )
        ages, delays = (np.concatenate([getattr(one, name) for one in fed]) for name in ("ages_s", "delays_s"))
        age, oldest = 1e3 * np.quantile(ages, [0.5, 0.99])
        parts = [
            np.concatenate([getattr(one, f"{name}_s") for one in fed]) for name in ("gathered", "held", "computed")
        ]
        p99s = [f"{1e3 * float(np.quantile(part, 0.99)):.0f}" for part in (*parts, parts[1] + parts[2])]
        half, most = np.quantile(delays, [0.5, 0.99], method="lower")
        lines.append(
            f"{packet:12d} {len(ages) / seconds:6.1f}/s, age {age:3.0f} ms, p99 {oldest:3.0f} ms; a rep's end to its "
            f"event {half:.2f} s, p99 {most:.2f} s, in 1 s {100.0 * np.mean(delays <= 1.0):.1f} % of {len(delays)}, "
            f"withdrawn {sum(one.withdrawn for one in fed)}, revised {sum(one.revised for one in fed)}, started "
            f"{sum(one.started for one in fed) / len(delays):.2f} a rep\n{'':12s} of an instant's age, p99: gathering "
            f"{p99s[0]} ms, holding {p99s[1]} ms, computing {p99s[2]} ms; from arrival {p99s[3]} ms"
        )
    print("samples each   instants and events", *lines, sep="\n")


if __name__ == "__main__":
    main()
