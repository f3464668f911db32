"""Turn angular rate and acceleration into orientation with gyroscope bias, live in blocks or over a whole recording.

It does not put samples on an even grid (`resample` does) and knows nothing of bodies (`alignment` does).
"""

import itertools
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from imu_hinge.errors import BadSamples
from imu_hinge.model import Array
from imu_hinge.motion.orientation.parameters import Params, initial_state, params
from imu_hinge.motion.orientation.smoothing import smooth
from imu_hinge.motion.orientation.state import OUT_BIAS, OUT_COLUMNS, OUT_REST, OUT_SD, State
from imu_hinge.motion.orientation.vqf_step import hold, update

__all__ = [
    "Oriented",
    "Params",
    "State",
    "filter_block",
    "filter_recording",
    "initial_state",
    "orientation",
    "params",
]


class Oriented(NamedTuple):
    """Hold what the filter found for every sample.

    Parameters
    ----------
    table : (n, 9)
        As the kernel writes it; the properties name its columns.
    """

    table: Array

    @property
    def q_ws(self) -> Array:
        """(n, 4): orientation, sensor to world, scalar-first; z up, heading arbitrary."""
        return self.table[:, :OUT_BIAS]

    @property
    def bias_rad_s(self) -> Array:
        """(n, 3) [rad/s, sensor]: gyroscope bias; subtract it from the angular rate."""
        return self.table[:, OUT_BIAS:OUT_SD]

    @property
    def bias_sd_rad_s(self) -> Array:
        """(n,) [rad/s]: upper bound of the bias's standard deviation."""
        return self.table[:, OUT_SD]

    @property
    def is_rest(self) -> npt.NDArray[np.bool_]:
        """(n,): true where the sensor was at rest."""
        is_rest: npt.NDArray[np.bool_] = self.table[:, OUT_REST] != 0.0
        return is_rest


FLOAT: Final = np.dtype(np.float64)


def checked(gyr: npt.ArrayLike, acc: npt.ArrayLike) -> tuple[Array, Array]:
    """Return both as float64 tables in C order, or raise `BadSamples`.

    A read-only array is copied: to numba it is another type, for which every kernel would be compiled anew.
    """
    try:
        gyr, acc = np.ascontiguousarray(gyr, FLOAT), np.ascontiguousarray(acc, FLOAT)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadSamples(f"gyr or acc is no table of numbers: {error}. Pass (n, 3) in rad/s and m/s².") from error
    if gyr.ndim != 2 or acc.ndim != 2:
        require_samples(gyr, acc)
    return gyr if gyr.flags.writeable else gyr.copy(), acc if acc.flags.writeable else acc.copy()


def require_samples(gyr: Array, acc: Array) -> None:
    """Raise `BadSamples` where shapes do not fit or a value is not finite."""
    for name, unit, array in (("gyr", "rad/s", gyr), ("acc", "m/s²", acc)):
        if array.ndim != 2 or array.shape[1] != 3:
            raise BadSamples(f"{name} has shape {array.shape}. Pass (n, 3) in {unit}.")
        is_finite = np.isfinite(array)
        if not is_finite.all():
            row = int(np.argmin(is_finite.all(axis=1)))
            raise BadSamples(
                f"{name} is not a number at sample {row}. Drop such samples and let the gap be seen, or mend them."
            )
    if len(gyr) != len(acc):
        raise BadSamples(f"gyr has {len(gyr)} samples and acc {len(acc)}. Pass one of each per instant.")


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
    out = np.empty((len(gyr), OUT_COLUMNS))
    if is_gap is not None and (gap := checked_gap(is_gap, len(gyr))) is not None:
        filter_around(state, gyr, acc, gap, out)
    elif not update(state.memory, gyr, acc, out):
        require_samples(gyr, acc)
    return Oriented(out)


def filter_around(state: State, gyr: Array, acc: Array, gap: npt.NDArray[np.bool_], out: Array) -> None:
    """Filter a block with gaps; `state` and `out` are updated in place.

    Parameters
    ----------
    state
        Updated in place.
    gyr : (n, 3) [rad/s, sensor]
    acc : (n, 3) [m/s², sensor]
    gap : (n,)
        Where nothing was measured: there the filter holds.
    out : (n, 9)
        Written as `vqf_step.update` does.

    Raises
    ------
    BadSamples
        Where shapes do not fit or a value is not finite.
    """
    require_samples(gyr, acc)
    for start, stop in runs(gap):
        if gap[start]:
            hold(state.memory, out[start:stop])
        else:
            update(state.memory, gyr[start:stop], acc[start:stop], out[start:stop])


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
    if gap is not None:
        require_samples(gyr, acc)
    measured = slice(None) if gap is None else ~gap
    is_edge = np.ones(len(gyr), dtype=np.bool_)
    is_edge[1:] = False if gap is None else gap[:-1]
    out = np.empty((len(gyr[measured]), OUT_COLUMNS))
    if not smooth(initial_state(p, lanes=2), gyr[measured], acc[measured], is_edge[measured], out):
        require_samples(gyr, acc)
    if gap is not None:
        out = out[np.maximum(np.cumsum(~gap) - 1, 0)]  # in a gap, what was before it
        out[gap, OUT_REST] = 0.0
    return Oriented(out)


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
    Laidig and Seel, "VQF", Information Fusion 91 (2023), 6-axis; see `vqf_step`.

    Examples
    --------
    >>> import numpy as np
    >>> import imu_hinge as ih
    >>> lies_flat = np.tile([0.0, 0.0, 9.81], (100, 1))
    >>> q_ws = ih.orientation(np.zeros((100, 3)), lies_flat, rate_hz=100.0)
    >>> q_ws.shape, np.abs(q_ws[-1]).round(3).tolist()
    ((100, 4), [1.0, 0.0, 0.0, 0.0])
    """
    return filter_recording(gyr, acc, rate_hz=rate_hz, both_ways=both_ways).q_ws
