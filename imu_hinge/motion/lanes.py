"""Filter many recordings at once: equally long ones side by side in SIMD lanes, groups of them on several threads.

It filters as `kernel.update` does, to the bit, with the same step; one recording has no use for it.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from imu_hinge.model import Array
from imu_hinge.motion.bias import ends_stretch, estimate_bias, next_stretch
from imu_hinge.motion.kernel import next_sample, step
from imu_hinge.motion.memory import BIAS, ONLY, OUT_COLUMNS, OUT_REST, OUT_SD, SD, State, coefficients
from imu_hinge.motion.orientation import Oriented, checked, filter_recording, initial_state, oriented, params

LANES: Final = 16
"""Recordings side by side: a compile-time constant, so that LLVM knows no two rows of the memory overlap.

Sixteen: with eight, LLVM unrolls the loop before it could make SIMD of it.
"""


@njit(cache=True, nogil=True, error_model="numpy")
def update_lanes(state: State, gyr: Array, acc: Array, row: Array, out: Array) -> None:
    """Filter a block of any length of `LANES` recordings; the inner loops over lanes have no branch and become SIMD.

    gyr : (LANES, n, 3) [rad/s, sensor]
    acc : (LANES, n, 3) [m/s², sensor]
    row : (15, LANES), scratch: one sample of all lanes, angular rate, acceleration and output
    out : (LANES, n, 9), written as `kernel.update` does.
    """
    m, p = state.memory, coefficients(state.constants)
    if m.shape[1] != LANES or row.shape[1] != LANES:
        raise ValueError("The state and the scratch must have LANES lanes.")
    for i in range(gyr.shape[1]):
        for lane in range(LANES):
            row[0, lane], row[1, lane], row[2, lane] = gyr[lane, i, 0], gyr[lane, i, 1], gyr[lane, i, 2]
            row[3, lane], row[4, lane], row[5, lane] = acc[lane, i, 0], acc[lane, i, 1], acc[lane, i, 2]
        up, quiet = next_sample(m, p, ONLY)
        for lane in range(LANES):
            gyr_i = (row[0, lane], row[1, lane], row[2, lane])
            acc_i = (row[3, lane], row[4, lane], row[5, lane])
            q_ws, is_rest = step(m, p, lane, up, quiet, gyr_i, acc_i)
            row[6, lane], row[7, lane], row[8, lane], row[9, lane] = q_ws
            row[6 + OUT_REST, lane] = 1.0 if is_rest else 0.0
        if ends_stretch(m, p, ONLY):
            slow = next_stretch(m, p, ONLY)
            for lane in range(LANES):
                estimate_bias(m, p, lane, slow)
        for lane in range(LANES):
            out[lane, i, 0], out[lane, i, 1], out[lane, i, 2] = row[6, lane], row[7, lane], row[8, lane]
            out[lane, i, 3], out[lane, i, OUT_REST] = row[9, lane], row[6 + OUT_REST, lane]
            out[lane, i, 4], out[lane, i, 5], out[lane, i, 6] = m[BIAS, lane], m[BIAS + 1, lane], m[BIAS + 2, lane]
            out[lane, i, OUT_SD] = m[SD, lane]


def filter_many(
    recordings: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]],
    *,
    rate_hz: float,
    both_ways: bool = False,
    threads: int | None = None,
) -> list[Oriented]:
    """Filter many recordings of one rate at once, each to the bit as `orientation.filter_recording` does.

    Live filters go through SIMD lanes, sixteen recordings of one length at a time; the others one by one.

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
    groups: list[list[int]] = []
    waiting: dict[int, list[int]] = {}
    for index, (gyr, _) in enumerate(recordings):
        n = np.shape(gyr)[0] if np.ndim(gyr) else 0
        waiting.setdefault(n, []).append(index)
        if both_ways or len(waiting[n]) == LANES:
            groups.append(waiting.pop(n))
    groups += [[index] for group in waiting.values() for index in group]
    work = partial(filter_group, rate_hz=rate_hz, both_ways=both_ways)
    results: dict[int, Oriented] = {}
    with ThreadPoolExecutor(max_workers=threads or os.cpu_count()) as pool:
        done = pool.map(work, [[recordings[index] for index in group] for group in groups])
        for group, filtered in zip(groups, done, strict=True):
            results.update(zip(group, filtered, strict=True))
    return [results[index] for index in range(len(recordings))]


def filter_group(
    group: list[tuple[npt.ArrayLike, npt.ArrayLike]], *, rate_hz: float, both_ways: bool
) -> list[Oriented]:
    """Filter `LANES` recordings of one length side by side, or a single one by itself."""
    if len(group) != LANES:
        return [filter_recording(gyr, acc, rate_hz=rate_hz, both_ways=both_ways) for gyr, acc in group]
    pairs = [checked(gyr, acc) for gyr, acc in group]
    gyr, acc = np.stack([pair[0] for pair in pairs]), np.stack([pair[1] for pair in pairs])
    out = np.empty((LANES, gyr.shape[1], OUT_COLUMNS))
    state = initial_state(params(rate_hz), lanes=LANES)
    update_lanes(state, gyr, acc, np.empty((6 + OUT_COLUMNS, LANES)), out)
    return [oriented(lane) for lane in out]
