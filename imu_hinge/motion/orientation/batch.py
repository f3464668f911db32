"""Filter many recordings at once: side by side in SIMD lanes, groups of them on several threads.

It filters as `vqf_step.update` does, to the bit, with the same step; one recording has no use for it.
"""

import itertools
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import numpy.typing as npt

from imu_hinge.jit import kernel
from imu_hinge.model import Array
from imu_hinge.motion.orientation.bias import choose_lowpass, ends_stretch, estimate_bias, next_stretch
from imu_hinge.motion.orientation.filter import Oriented, checked, require_samples
from imu_hinge.motion.orientation.parameters import initial_state, params
from imu_hinge.motion.orientation.smoothing import smooth
from imu_hinge.motion.orientation.state import (
    BIAS,
    COUNT,
    ONLY,
    OUT_COLUMNS,
    OUT_REST,
    OUT_SD,
    PHASE,
    SD,
    STRETCHES,
    State,
    coefficients,
)
from imu_hinge.motion.orientation.vqf_step import are_samples, next_sample, step, update

Work = tuple[Array, Array, Array]
"""One recording: angular rate (n, 3) [rad/s, sensor], acceleration (n, 3) [m/s², sensor], the table to be written."""

LANES: Final = 4
"""Recordings side by side: as many float64 as an AVX2 register holds."""

CHUNK: Final = 16
"""Samples that are laid lane beside lane at once, filtered and laid back: few enough to stay in L1."""

PIECE: Final = 4096
"""Samples that a thread filters before it looks for other work."""

DONE: Final = object()
"""Stands for the next piece of a job that has none."""


@kernel
def update_lanes(
    state: State,
    gyr: tuple[Array, ...],
    acc: tuple[Array, ...],
    out: tuple[Array, ...],
    taken: Array,
    found: Array,
) -> bool:
    """Filter `LANES` recordings for as many samples as the shortest has; loops over lanes become SIMD.

    Parameters
    ----------
    state
        Of `LANES` lanes, updated in place.
    gyr : `LANES` times (n, 3) [rad/s, sensor]
    acc : `LANES` times (n, 3) [m/s², sensor]
    out : `LANES` times (n, 9)
        Written as `vqf_step.update` does.
    taken : (6 CHUNK, LANES)
        Scratch: samples. That there are `LANES` is not said here as a constant: LLVM would unroll the loops over the
        lanes before it could make SIMD of them.
    found : (9 CHUNK, LANES)
        Scratch: output.

    Returns
    -------
    bool
        Whether shapes fit and all values are finite; where not, nothing was done.

    Raises
    ------
    ValueError
        Where the state or the scratch has not `LANES` lanes.
    """
    m, p = state.memory, coefficients(state.memory)
    if m.shape[1] != LANES or found.shape[1] != LANES or taken.shape[1] > LANES:
        raise ValueError("The state and the scratch must have LANES lanes.")
    lanes, n = taken.shape[1], gyr[0].shape[0]
    for lane in range(lanes):
        n = min(n, gyr[lane].shape[0])
        if not are_samples(gyr[lane], acc[lane]):
            return False
    for start in range(0, n, CHUNK):
        count = min(CHUNK, n - start)
        for lane in range(lanes):
            gyr_lane, acc_lane = gyr[lane], acc[lane]
            for i in range(count):
                for axis in range(3):
                    taken[6 * i + axis, lane] = gyr_lane[start + i, axis]
                    taken[6 * i + 3 + axis, lane] = acc_lane[start + i, axis]
        for i in range(count):
            up, stationary = next_sample(m, p, ONLY)
            t, f = 6 * i, 9 * i
            for lane in range(lanes):
                gyr_i = (taken[t, lane], taken[t + 1, lane], taken[t + 2, lane])
                acc_i = (taken[t + 3, lane], taken[t + 4, lane], taken[t + 5, lane])
                q_ws, is_rest = step(m, p, lane, up, stationary, gyr_i, acc_i)
                found[f, lane], found[f + 1, lane], found[f + 2, lane], found[f + 3, lane] = q_ws
                found[f + OUT_REST, lane] = 1.0 if is_rest else 0.0
            if ends_stretch(m, p, ONLY):
                slow = next_stretch(m, p, ONLY)
                for lane in range(lanes):
                    estimate_bias(m, p, lane, slow)
                for lane in range(lanes):
                    choose_lowpass(m, p, lane, slow)
            for lane in range(lanes):
                found[f + 4, lane], found[f + 5, lane] = m[BIAS, lane], m[BIAS + 1, lane]
                found[f + 6, lane], found[f + OUT_SD, lane] = m[BIAS + 2, lane], m[SD, lane]
        for lane in range(lanes):
            out_lane = out[lane]
            for i in range(count):
                for column in range(OUT_COLUMNS):
                    out_lane[start + i, column] = found[9 * i + column, lane]
    for lane in range(lanes):  # counted once for all
        m[COUNT, lane], m[PHASE, lane], m[STRETCHES, lane] = m[COUNT, ONLY], m[PHASE, ONLY], m[STRETCHES, ONLY]
    return True


def filter_many(
    recordings: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]],
    *,
    rate_hz: float,
    both_ways: bool = False,
    threads: int | None = None,
) -> list[Oriented]:
    """Filter many recordings of one rate at once, each to the bit as `filter.filter_recording` does.

    Live filters go through SIMD lanes, recordings of like length side by side.

    Parameters
    ----------
    recordings
        Angular rate (n, 3) [rad/s, sensor] and acceleration (n, 3) [m/s², sensor] of each.
    rate_hz
        Samples per second.
    both_ways
        Use the whole recording at every instant.
    threads
        How many threads share the work; by default one per core. The kernels run without the GIL.

    Raises
    ------
    BadSamples
        Where shapes do not fit, a value is not finite, or the rate is not positive.
    """
    if not recordings:
        return []
    pairs = [checked(gyr, acc) for gyr, acc in recordings]
    lengths = [len(gyr) for gyr, _ in pairs]
    whole = np.empty((sum(lengths), OUT_COLUMNS))  # one array gets large pages: many small ones cost more page faults
    tables = [whole[stop - n : stop] for n, stop in zip(lengths, itertools.accumulate(lengths), strict=True)]
    order = sorted(range(len(pairs)), key=lambda index: -lengths[index])
    work = [(*pairs[index], tables[index]) for index in order]
    p = params(rate_hz)
    if both_ways:
        fresh = initial_state(p, lanes=2)
        jobs = [smooth_alone(fresh, each) for each in work]
    else:
        fresh = initial_state(p, lanes=LANES)
        jobs = [filter_group(fresh, work[start : start + LANES]) for start in range(0, len(work), LANES)]
    run_jobs(jobs, threads=threads or os.cpu_count() or 1)
    return [Oriented(table) for table in tables]


def run_jobs(jobs: Sequence[Iterator[None]], *, threads: int) -> None:
    """Do all jobs on several threads, this one among them; raise what a job raised.

    A job yields after each piece and waits behind the others for its next: so all end together, and no thread is left
    alone with a long one.
    """
    waiting = deque(jobs)

    def work() -> None:
        while waiting:
            try:
                job = waiting.popleft()
            except IndexError:  # another thread was faster
                return
            if next(job, DONE) is not DONE:
                waiting.append(job)

    with ThreadPoolExecutor(max_workers=max(1, threads - 1)) as pool:
        others = [pool.submit(work) for _ in range(min(threads, len(jobs)) - 1)]
        work()
        for other in others:
            other.result()


def filter_group(fresh: State, group: list[Work]) -> Iterator[None]:
    """Filter up to `LANES` recordings piece by piece: side by side as long as all last, then each to its end."""
    state, shortest, are_good = State(fresh.memory.copy()), 0, True
    if len(group) == LANES:
        taken, found = np.empty((6 * CHUNK, LANES)), np.empty((OUT_COLUMNS * CHUNK, LANES))
        shortest = min(min(len(gyr), len(acc)) for gyr, acc, _ in group)
        for start in range(0, shortest, PIECE):
            piece = slice(start, min(start + PIECE, shortest))
            gyrs, accs, outs = zip(*[(gyr[piece], acc[piece], out[piece]) for gyr, acc, out in group], strict=True)
            are_good = are_good and update_lanes(state, gyrs, accs, outs, taken, found)
            yield
    for lane, (gyr, acc, out) in enumerate(group):
        if are_good and max(len(gyr), len(acc)) > shortest:
            are_good = update(state.memory[:, [lane]], gyr[shortest:], acc[shortest:], out[shortest:])
            yield
    if not are_good:
        for gyr, acc, _ in group:
            require_samples(gyr, acc)


def smooth_alone(fresh: State, work: Work) -> Iterator[None]:
    """Filter one recording both ways: its two directions already are lanes."""
    gyr, acc, out = work
    is_edge = np.arange(len(gyr)) == 0
    if not smooth(State(fresh.memory.copy()), gyr, acc, is_edge, out):
        require_samples(gyr, acc)
    yield
