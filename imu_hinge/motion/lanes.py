"""Filter many recordings at once: equally long ones side by side in SIMD lanes, groups of them on several threads.

It filters as `kernel.update` does, to the bit, with the same step; one recording has no use for it.
"""

from typing import Final

from numba import njit

from imu_hinge.model import Array
from imu_hinge.motion.bias import ends_stretch, estimate_bias, next_stretch
from imu_hinge.motion.kernel import next_sample, step
from imu_hinge.motion.memory import BIAS, ONLY, OUT_REST, OUT_SD, SD, State, coefficients

LANES: Final = 16
"""Recordings side by side: a compile-time constant, so that LLVM knows no two rows of the memory overlap."""


@njit(cache=True, nogil=True, error_model="numpy")
def update_lanes(state: State, gyr: Array, acc: Array, out: Array) -> None:
    """Filter a block of any length of `LANES` recordings; the inner loops have no branch and become SIMD.

    gyr : (n, 3, LANES) [rad/s, sensor]
    acc : (n, 3, LANES) [m/s², sensor]
    out : (n, 9, LANES), written as `kernel.update` does.
    """
    m, p = state.memory, coefficients(state.constants)
    if m.shape[1] != LANES or gyr.shape[2] != LANES or acc.shape[2] != LANES or out.shape[2] != LANES:
        raise ValueError("not LANES lanes")
    for i in range(gyr.shape[0]):
        up, quiet = next_sample(m, p, ONLY)
        for lane in range(LANES):
            gyr_i = (gyr[i, 0, lane], gyr[i, 1, lane], gyr[i, 2, lane])
            acc_i = (acc[i, 0, lane], acc[i, 1, lane], acc[i, 2, lane])
            q_ws, is_rest = step(m, p, lane, up, quiet, gyr_i, acc_i)
            out[i, 0, lane], out[i, 1, lane], out[i, 2, lane], out[i, 3, lane] = q_ws
            out[i, OUT_REST, lane] = 1.0 if is_rest else 0.0
        if ends_stretch(m, p, ONLY):
            slow = next_stretch(m, p, ONLY)
            for lane in range(LANES):
                estimate_bias(m, p, lane, slow)
        for lane in range(LANES):
            out[i, 4, lane], out[i, 5, lane], out[i, 6, lane] = m[BIAS, lane], m[BIAS + 1, lane], m[BIAS + 2, lane]
            out[i, OUT_SD, lane] = m[SD, lane]
