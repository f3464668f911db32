"""Measure how far apart `clock` places two simulated sensors, against the simulation's truth; no person, no radio.

Run: python benchmarks/clock.py [--seconds 180] [--seeds 5] [--first-seed 0]. Prints one line per pair and link: 95th
percentile and worst error between the two sensors over time, in ms: with hindsight, live from 5 to 20 s after the
start, and live after that. Sensors of our own profile are pinged as `pings` does it: a question waits for a connection
event, its answer for the next one.

Where a sensor neither sends time nor counts and frames are lost, a second line gives what is left to an oracle that is
told period, phase, share of loss and how waits are spread, and sees the whole recording. Its place for a frame is the
mean over all counts of lost frames, weighed by how likely they are; beside it stands the share of frames whose number
is not the likeliest one. Periods are 10 ms and more: where this share is above 5 %, no estimate is within 5 ms for 95 %
of frames.
"""

from __future__ import annotations

import argparse
import heapq
import math
import time
from typing import NamedTuple

import numpy as np

from imu_hinge.model import Array
from imu_hinge.sensors.clock.live_mapping import Arrived, LiveClock
from imu_hinge.sensors.clock.offline_mapping import place
from imu_hinge.sensors.protocol import Decoded, StreamSettings
from imu_hinge.sensors.time_requests import PAUSES_S, TimeReply, pause_s

INTERVAL_S = 0.030
BURST_S = 0.100
JITTER_S = 0.5e-3


class Sensor(NamedTuple):
    """Hold a simulated sensor: rate, samples per notification, clock error, whether it sends time or counts."""

    name: str
    rate_hz: float
    batch: int
    error: float
    kind: str  # time, count, none
    max_drift: float = 500e-6
    is_pinged: bool = False


class Link(NamedTuple):
    """Hold a simulated link: how arrivals wait, share of notifications lost, stalls per second."""

    name: str
    waits: str  # uniform: 0 to 30 ms at random; events: for the next connection event
    loss: float
    bursts_per_s: float


DOT = Sensor("DOT 60 Hz +200 ppm", 60, 1, 200e-6, "time")
MOVESENSE = Sensor("Movesense 104 Hz -200 ppm", 104, 8, -200e-6, "time")
OWN = Sensor("own profile 200 Hz/10 +200 ppm", 200, 10, 200e-6, "time", is_pinged=True)
OWN_SLOW = Sensor("own profile 100 Hz/5 -200 ppm", 100, 5, -200e-6, "time", is_pinged=True)
OWN_BEAT = Sensor("own profile 100 Hz/5 -30 ppm (beat trap)", 100, 5, -30e-6, "time", is_pinged=True)
POLAR = Sensor("Polar 52 Hz/36 +20 ppm", 52, 36, 20e-6, "time")
META = Sensor("MetaMotion 100 Hz counted, 0.7 % off", 100, 1, 0.007, "count", 0.05)
WIT = Sensor("WitMotion 100 Hz, 0.7 % off", 100, 1, 0.007, "none", 0.5)
WIT_70 = Sensor("WitMotion, 70 of 100 Hz", 100, 1, 0.3, "none", 0.5)

PAIRS = (
    (DOT, MOVESENSE),
    (DOT, POLAR),
    (OWN, OWN_SLOW),
    (OWN, OWN_BEAT),
    (DOT, META),
    (DOT, WIT),
    (DOT, WIT_70),
    (WIT, WIT),
)
SETTLED_S = 5.0
LONG_S = 20.0
CLEAN = Link("no loss, random waits up to 30 ms", "uniform", 0.0, 0.0)
STEPPED = Link("no loss, events every 30 ms", "events", 0.0, 0.0)
ROUGH = Link("5 % loss, 100 ms bursts, random waits", "uniform", 0.05, 0.2)
EVENTS = Link("5 % loss, 100 ms bursts, events every 30 ms", "events", 0.05, 0.2)


def simulate(
    sensor: Sensor, link: Link, seconds: float, rng: np.random.Generator
) -> tuple[list[Arrived], list[TimeReply], Array]:
    """Return what arrives, the answered pings, and the true time of every sample that arrived. (n,) [s]."""
    # a positive error is a fast clock where time is sent (its samples come early), a long period where it is not
    period = (1 / (1 + sensor.error) if sensor.kind == "time" else 1 + sensor.error) / sensor.rate_hz
    n = int(seconds / period) // sensor.batch * sensor.batch
    true_s = rng.uniform(0, 1) + np.arange(n) * period
    ready = true_s.reshape(-1, sensor.batch)[:, -1]
    phase, stalls = rng.uniform(0, INTERVAL_S), np.flatnonzero(rng.random(int(seconds)) < link.bursts_per_s)
    stalls = stalls + rng.uniform(0, 1)
    arrival = np.maximum.accumulate(carried(ready, link, phase=phase, stalls=stalls, rng=rng))
    kept = rng.random(ready.size) >= link.loss
    replies = pinged(sensor, link, seconds, phase=phase, stalls=stalls, rng=rng) if sensor.is_pinged else []
    return _blocks(sensor, true_s, arrival, kept), replies, true_s.reshape(-1, sensor.batch)[kept].ravel()


def carried(ready: Array, link: Link, *, phase: float, stalls: Array, rng: np.random.Generator) -> Array:
    """Return when what is ready on one side is there on the other. (n,) [s]."""
    if link.waits == "events":
        there = np.ceil((ready - phase) / INTERVAL_S) * INTERVAL_S + phase
    else:
        there = ready + rng.uniform(0, INTERVAL_S, ready.size)
    there += rng.exponential(JITTER_S, ready.size)
    for start in stalls:
        stalled = (there >= start) & (there < start + BURST_S)
        there[stalled] = start + BURST_S + rng.uniform(0, 2e-3, int(stalled.sum()))
    return there


def pinged(
    sensor: Sensor, link: Link, seconds: float, *, phase: float, stalls: Array, rng: np.random.Generator
) -> list[TimeReply]:
    """Return answered pings; some answers are lost as notifications are."""
    pauses = [pause_s(i, rng.random()) for i in range(int(seconds / PAUSES_S[0][1]))]
    asked = 1.0 + np.cumsum(pauses)
    asked = asked[asked < seconds - 1.0]
    heard = carried(asked, link, phase=phase, stalls=stalls, rng=rng)
    answered = carried(heard + 1e-6, link, phase=phase, stalls=stalls, rng=rng)
    device = (heard + 1234.5) * (1 + sensor.error)
    kept = rng.random(asked.size) >= link.loss
    rows = np.rint(np.column_stack((asked, answered, device))[kept] * 1e9).astype(np.int64)
    return [TimeReply(*(int(value) for value in row), wrap_ns=0) for row in rows]


def _blocks(sensor: Sensor, true_s: Array, arrival: Array, kept: np.ndarray) -> list[Arrived]:
    blocks, received, missing = [], 0, 0
    zeros, no_flag = np.zeros((sensor.batch, 3)), np.zeros(sensor.batch, dtype=np.uint16)
    for i in range(arrival.size):
        if not kept[i]:
            missing += sensor.batch
            continue
        part = slice(i * sensor.batch, (i + 1) * sensor.batch)
        device_ns = None
        if sensor.kind == "time":
            device_ns = np.rint((true_s[part] + 1234.5) * (1 + sensor.error) * 1e9).astype(np.int64)
        index = received if sensor.kind == "none" else part.start
        lost = None if sensor.kind == "none" else missing
        block = Decoded(zeros, zeros, no_flag, index=index, device_ns=device_ns, lost=lost)
        blocks.append(Arrived(int(arrival[i] * 1e9), block))
        received, missing = received + sensor.batch, 0
    return blocks


class Told(NamedTuple):
    """Hold what an oracle makes of a sensor without time: when frames were ready, share of them it cannot tell."""

    ready_s: Array
    untold: float


def told(sensor: Sensor, link: Link, arrived: list[Arrived], true_s: Array) -> Told:
    """Return the oracle's guess: the mean of the hidden Markov chain of lost frames, both ways. (n,) [s]."""
    period = (1 + sensor.error) / sensor.rate_hz
    arrival = np.array([item.arrival_ns for item in arrived]) * 1e-9
    late = (arrival - true_s[0]) / period - np.arange(len(arrived))
    most = np.floor(late).astype(int)
    fewer = np.arange(math.ceil((INTERVAL_S + BURST_S) / period) + 1)
    waits = period * ((late - most)[:, None] + fewer)
    stalled = link.bursts_per_s * BURST_S
    fits = (1 - stalled) / INTERVAL_S * np.where(waits <= INTERVAL_S, 1.0, np.exp((INTERVAL_S - waits) / JITTER_S))
    fits += stalled / BURST_S * (waits <= INTERVAL_S + BURST_S) + 1e-9
    steps = np.diff(most)
    ways = {step: _lost(step + fewer[:, None] - fewer, link.loss) for step in set(steps.tolist())}
    before, after = np.ones_like(fits), np.ones_like(fits)
    before[0] = fits[0] * (fewer == most[0])  # its first frame's number is told
    for i, step in enumerate(steps.tolist()):
        before[i + 1] = before[i] @ ways[step] * fits[i + 1]
        before[i + 1] /= before[i + 1].sum()
    for i in range(len(steps) - 1, -1, -1):
        after[i] = ways[int(steps[i])] @ (fits[i + 1] * after[i + 1])
        after[i] /= after[i].sum()
    chance = before * after
    chance /= chance.sum(axis=1, keepdims=True)
    number = np.arange(len(arrived)) + most - chance @ fewer
    return Told(true_s[0] + period * number, float(1 - chance.max(axis=1).mean()))


def _lost(count: Array, share: float) -> Array:
    """Return how likely so many frames in a row are lost; negative counts never."""
    chance: Array = np.where(count >= 0, (1 - share) * share ** np.maximum(count, 0.0), 0.0) + 1e-15
    return chance


def settings_of(sensor: Sensor) -> StreamSettings:
    """Return the settings its driver would have agreed."""
    return StreamSettings("simulated", sensor.rate_hz, max_drift=sensor.max_drift, tells_loss=sensor.kind != "none")


class Errors(NamedTuple):
    """Hold true times, errors of placed ones with hindsight, live and by an oracle, what it cannot tell. (n,) [s]."""

    true_s: Array
    batch: Array
    live: Array
    oracle: Array
    untold: float


def errors(sensor: Sensor, link: Link, seconds: float, rng: np.random.Generator) -> Errors:
    """Return the errors of one simulated sensor."""
    arrived, replies, true_s = simulate(sensor, link, seconds, rng)
    settings = settings_of(sensor)
    batch = place(arrived, settings, origin_ns=0, replies=replies)[0].time_s
    clock = LiveClock(settings, origin_ns=0)
    live = []
    for item in heapq.merge(arrived, replies, key=lambda i: i.arrival_ns if isinstance(i, Arrived) else i.answered_ns):
        if isinstance(item, Arrived):
            live.append(clock.feed(item.block, item.arrival_ns).time_s)
        else:
            clock.ping(item)
    oracle = told(sensor, link, arrived, true_s) if sensor.kind == "none" and link.loss else Told(batch, 0.0)
    return Errors(true_s, batch - true_s, np.concatenate(live) - true_s, oracle.ready_s - true_s, oracle.untold)


class Between(NamedTuple):
    """Hold the error between two sensors over time: with hindsight, live at first, live after that, by an oracle."""

    batch: Array
    early: Array
    late: Array
    oracle: Array
    untold: float


def between(pair: tuple[Sensor, Sensor], link: Link, seconds: float, seed: int) -> Between:
    """Return the error between two sensors (n,) [s], and the greater share of frames that cannot be told."""
    rng = np.random.default_rng(seed)
    a, b = (errors(sensor, link, seconds, rng) for sensor in pair)
    grid = np.arange(1.0, seconds - 3.0, 0.01)
    batch, live, oracle = (
        np.interp(grid, a.true_s, of_a) - np.interp(grid, b.true_s, of_b)
        for of_a, of_b in ((a.batch, b.batch), (a.live, b.live), (a.oracle, b.oracle))
    )
    age_s = grid - max(a.true_s[0], b.true_s[0])
    early = (age_s > SETTLED_S) & (age_s <= LONG_S)
    return Between(batch, live[early], live[age_s > LONG_S], oracle, max(a.untold, b.untold))


def print_pair(pair: tuple[Sensor, Sensor], link: Link, found: list[Between]) -> None:
    """Print the line of a pair, and the oracle's where there is one."""
    batch, early, late, oracle = (1e3 * np.abs(np.concatenate([f[i] for f in found])) for i in range(4))
    print(
        f"  {pair[0].name + ' | ' + pair[1].name:<73} {np.percentile(batch, 95):14.2f} {batch.max():7.2f} "
        f"{np.percentile(early, 95):16.2f} {np.percentile(late, 95):10.2f} {late.max():7.2f}"
    )
    untold = float(np.mean([f.untold for f in found]))
    if untold:
        words = f"    an oracle; the likeliest number is wrong for {100 * untold:.1f} % of frames"
        print(f"{words:<75} {np.percentile(oracle, 95):14.2f} {oracle.max():7.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    args = parser.parse_args()
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    print(f"simulated sensors, {args.seconds:g} s, seeds {seeds[0]} to {seeds[-1]}; error between the two [ms]")
    print(f"{'':75} {'hindsight p95':>14} {'worst':>7} {'live 5-20 s p95':>16} {'after p95':>10} {'worst':>7}")
    for link in (CLEAN, STEPPED, ROUGH, EVENTS):
        print(link.name)
        for pair in PAIRS:
            print_pair(pair, link, [between(pair, link, args.seconds, seed) for seed in seeds])
    began = time.process_time()
    errors(DOT, ROUGH, 60.0, np.random.default_rng(0))
    print(f"cost: {time.process_time() - began:.3f} s of CPU for 60 s of one sensor at 60 notifications/s, both ways")


if __name__ == "__main__":
    main()
