"""Turn angular rate and acceleration into orientation with gyroscope bias, live in blocks or over a whole recording.

It does not put samples on an even grid (`resample` does) and knows nothing of bodies (`alignment` does).
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imu_hinge.errors import BadSamples
from imu_hinge.model import Array
from imu_hinge.motion.kernel import hold, update
from imu_hinge.motion.memory import (
    COV,
    OUT_BIAS,
    OUT_COLUMNS,
    OUT_REST,
    OUT_SD,
    Q_IS,
    Q_WI,
    ROWS,
    SD,
    Coefficients,
    Params,
    State,
)
from imu_hinge.motion.smoothing import smooth

__all__ = [
    "Oriented",
    "Params",
    "State",
    "filter_block",
    "filter_recording",
    "initial_state",
    "orientation",
    "params",
    "update",
]


@dataclass(frozen=True, slots=True, eq=False)
class Oriented:
    """Hold what the filter found for every sample.

    Parameters
    ----------
    q_ws : (n, 4)
        Orientation, sensor to world, scalar-first; z up, heading arbitrary.
    bias_rad_s : (n, 3) [rad/s, sensor]
        Gyroscope bias; subtract it from the angular rate.
    bias_sd_rad_s : (n,) [rad/s]
        Upper bound of its standard deviation.
    is_rest : (n,)
        True where the sensor was at rest.
    """

    q_ws: Array
    bias_rad_s: Array
    bias_sd_rad_s: Array
    is_rest: npt.NDArray[np.bool_]


def butterworth(tau_s: float, dt: float) -> tuple[float, float, float, float]:
    """Return (b0, a1, a2) of a second-order low-pass with time constant `tau_s`, and the samples it starts over."""
    c = math.tan(math.sqrt(0.5) * dt / tau_s)  # π fc dt with fc = √2 / (2 π τ)
    d = c * c + math.sqrt(2.0) * c + 1.0
    return (
        c * c / d,
        2.0 * (c * c - 1.0) / d,
        (1.0 - math.sqrt(2.0) * c + c * c) / d,
        float(math.ceil(tau_s / dt - 1e-9)),
    )


def params(
    rate_hz: float,
    *,
    tau_acc_s: float = 2.0,
    rest_min_s: float = 0.5,
    bias_clip_deg_s: float = 4.0,
    bias_start_deg_s: float = 1.0,
    sway_deg: float = 0.5,
    stretch_s: float = 0.05,
) -> Params:
    """Return the filter's parameters; what is no argument here has the paper's value.

    No default is fitted to recordings. From 2 to 3 s of `tau_acc_s`, 0.5 to 1.5 s of `rest_min_s`, 2.5 to 6 °/s of
    `bias_clip_deg_s`, 0.5 to 2 °/s of `bias_start_deg_s` and 0 to 1° of `sway_deg` the inclination error on the BROAD
    trials stays within 0.77 to 0.81° live and 0.535 to 0.539° both ways.

    Parameters
    ----------
    rate_hz
        Samples per second.
    tau_acc_s
        Time constant of the low-pass on the acceleration in the almost-inertial frame. The paper has 3 s; a bias not
        yet known tilts in proportion to it, and the acceleration of a rep averages out over the rep, 2 to 4 s.
    rest_min_s
        A sensor quiet for this long is at rest. The paper has 1.5 s; a lifter pauses for 0.5 s at lockout.
    bias_clip_deg_s
        No gyroscope's bias is larger than this per axis. The paper has 2 °/s; cheap sensors reach 2.5 °/s and more.
    bias_start_deg_s
        Standard deviation of the bias before the first sample: the zero-rate offset in the data sheets of cheap
        sensors. The paper has 0.5 °/s.
    sway_deg
        How far a person sways who stands quietly: bounds how fast a rest tells the bias. The paper has no such bound;
        0 turns it off.
    stretch_s
        The bias is measured once per stretch of about this length; it changes over minutes. The paper measures it at
        every sample, as 0 does here.

    Raises
    ------
    BadSamples
        Where the rate is not a positive number.
    """
    if not (math.isfinite(rate_hz) and rate_hz > 0.0):
        raise BadSamples(f"The sample rate is {rate_hz!r} Hz. Give the samples per second as a positive number.")
    return Params(
        rate_hz=float(rate_hz),
        tau_acc_s=tau_acc_s,
        tau_rest_s=0.5,
        rest_min_s=rest_min_s,
        rest_gyr_rad_s=math.radians(2.0),
        rest_acc_mps2=0.5,
        bias_clip_rad_s=math.radians(bias_clip_deg_s),
        bias_start_rad_s=math.radians(bias_start_deg_s),
        bias_motion_rad_s=math.radians(0.1),
        bias_rest_rad_s=math.radians(0.03),
        bias_forgetting_s=100.0,
        vertical_forgetting=1e-4,
        sway_rad=math.radians(sway_deg),
        stretch_s=stretch_s,
    )


def constants(p: Params) -> Coefficients:
    """Derive what the kernel reads (Laidig and Seel 2023, section 3.5 and appendix)."""
    dt = 1.0 / p.rate_hz
    stretch = max(1, round(p.stretch_s * p.rate_hz))
    growth = math.radians(0.1) ** 2 * stretch * dt / p.bias_forgetting_s  # from 0 to 0.1 °/s in that time
    var_motion, var_rest = p.bias_motion_rad_s**2, p.bias_rest_rad_s**2
    noise_motion = var_motion**2 / growth + var_motion  # so that the variance settles at var_motion
    up = butterworth(p.tau_acc_s, dt)
    rest = butterworth(p.tau_rest_s, dt)
    slow = butterworth(p.tau_acc_s, stretch * dt)
    return Coefficients(
        dt,
        *up,
        *rest,
        rest_gyr=p.rest_gyr_rad_s,
        rest_acc=p.rest_acc_mps2,
        rest_min_s=p.rest_min_s,
        stretch=float(stretch),
        stretch_s=stretch * dt,
        slow_b0=slow[0],
        slow_a1=slow[1],
        slow_a2=slow[2],
        slow_start=slow[3],
        bias_clip=p.bias_clip_rad_s,
        cov_start=p.bias_start_rad_s**2,
        cov_growth=growth,
        noise_rest=var_rest**2 / growth + var_rest,
        noise_motion=noise_motion,
        noise_vertical=noise_motion / p.vertical_forgetting,
        noise_sway=p.sway_rad**2 / (2.0 * stretch * dt),
    )


def initial_state(params: Params, *, lanes: int = 1) -> State:
    """Return the state before the first sample."""
    c = constants(params)
    memory = np.zeros((ROWS, lanes))
    memory[Q_IS] = memory[Q_WI] = 1.0
    memory[[COV, COV + 3, COV + 5]] = c.cov_start
    memory[SD] = params.bias_start_rad_s
    return State(memory, np.array(c))


def checked(gyr: npt.ArrayLike, acc: npt.ArrayLike) -> tuple[Array, Array]:
    """Return both as (n, 3) float64 arrays in C order, or raise `BadSamples`."""
    arrays = []
    for name, unit, values in (("gyr", "rad/s", gyr), ("acc", "m/s²", acc)):
        array = np.ascontiguousarray(values, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != 3:
            raise BadSamples(f"{name} has shape {array.shape}. Pass (n, 3) in {unit}.")
        if not np.isfinite(array).all():
            row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
            raise BadSamples(
                f"{name} is not a number at sample {row}. Drop such samples and let the gap be seen, or mend them."
            )
        arrays.append(array)
    if arrays[0].shape != arrays[1].shape:
        raise BadSamples(f"gyr has {len(arrays[0])} samples and acc {len(arrays[1])}. Pass one of each per instant.")
    return arrays[0], arrays[1]


def checked_gap(is_gap: npt.ArrayLike | None, n: int) -> npt.NDArray[np.bool_] | None:
    """Return the gap mask as (n,) bool, or None where there is no gap."""
    if is_gap is None:
        return None
    mask = np.asarray(is_gap, dtype=np.bool_)
    if mask.shape != (n,):
        raise BadSamples(f"is_gap has shape {mask.shape} but there are {n} samples. Pass one truth value per sample.")
    return mask if mask.any() else None


def filter_block(
    state: State, gyr: npt.ArrayLike, acc: npt.ArrayLike, *, is_gap: npt.ArrayLike | None = None
) -> Oriented:
    """Filter the next block of a live sensor; `state` is updated in place and goes on with the next block.

    Any split of the same samples gives the same bits.

    Parameters
    ----------
    state
        From `initial_state`, or as the last block left it.
    gyr : (n, 3) [rad/s, sensor]
    acc : (n, 3) [m/s², sensor]
    is_gap : (n,), optional
        True where the sample was not measured: there the filter holds, and after it the inclination starts anew.

    Raises
    ------
    BadSamples
        Where shapes do not fit or a value is not finite.
    """
    gyr, acc = checked(gyr, acc)
    n = len(gyr)
    out = np.empty((n, OUT_COLUMNS))
    gap = checked_gap(is_gap, n)
    if gap is None:
        update(state, gyr, acc, out)
    else:
        for start, stop in runs(gap):
            if gap[start]:
                hold(state, out[start:stop])
            else:
                update(state, gyr[start:stop], acc[start:stop], out[start:stop])
    return oriented(out)


def runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the half-open ranges over which the mask does not change, in order."""
    edges = [0, *(np.flatnonzero(mask[1:] != mask[:-1]) + 1).tolist(), len(mask)]
    return list(itertools.pairwise(edges))


def filter_recording(
    gyr: npt.ArrayLike,
    acc: npt.ArrayLike,
    *,
    rate_hz: float,
    both_ways: bool = False,
    is_gap: npt.ArrayLike | None = None,
) -> Oriented:
    """Filter a whole recording: as live, or forward and backward with a bias known from both sides.

    Parameters
    ----------
    gyr : (n, 3) [rad/s, sensor]
    acc : (n, 3) [m/s², sensor]
    rate_hz
        Samples per second; they must be even (see `resample`).
    both_ways
        Use the whole recording at every instant.
    is_gap : (n,), optional
        As for `filter_block`.

    Raises
    ------
    BadSamples
        Where shapes do not fit, a value is not finite, or the rate is not positive.
    """
    p = params(rate_hz)
    if not both_ways:
        return filter_block(initial_state(p), gyr, acc, is_gap=is_gap)
    gyr, acc = checked(gyr, acc)
    gap = checked_gap(is_gap, len(gyr))
    if gap is not None and gap.all():
        return filter_block(initial_state(p), gyr, acc, is_gap=gap)
    measured = slice(None) if gap is None else ~gap
    is_edge = np.diff(np.arange(len(gyr))[measured], prepend=-2) > 1
    out = np.empty((len(is_edge), OUT_COLUMNS))
    smooth(initial_state(p, lanes=2), gyr[measured], acc[measured], is_edge, out)
    if gap is not None:
        out = out[np.maximum(np.cumsum(~gap) - 1, 0)]  # in a gap, what was before it
        out[gap, OUT_REST] = 0.0
    return oriented(out)


def oriented(out: Array) -> Oriented:
    """Name the columns of the kernel's output."""
    return Oriented(out[:, :OUT_BIAS], out[:, OUT_BIAS:OUT_SD], out[:, OUT_SD], out[:, OUT_REST] != 0.0)


def orientation(gyr: npt.ArrayLike, acc: npt.ArrayLike, *, rate_hz: float, both_ways: bool = False) -> Array:
    """Return the orientation of a sensor from its angular rate and acceleration, the filter alone.

    Parameters
    ----------
    gyr : (n, 3) [rad/s, sensor]
    acc : (n, 3) [m/s², sensor]
        Specific force including gravity.
    rate_hz
        Samples per second; they must be even.
    both_ways
        Use the whole recording at every instant, as an analysis afterwards may; else only the past, as live.

    Returns
    -------
    (n, 4)
        ``q_ws``, sensor to world, scalar-first; z up, heading arbitrary.

    Raises
    ------
    BadSamples
        Where shapes do not fit, a value is not finite, or the rate is not positive.

    Notes
    -----
    Laidig and Seel, "VQF", Information Fusion 91 (2023), 6-axis; see `kernel`.
    """
    return filter_recording(gyr, acc, rate_hz=rate_hz, both_ways=both_ways).q_ws
