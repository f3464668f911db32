"""Put sensors whose clocks differ in step, by what all of them feel at once; refuse where that cannot be told.

It mends nothing else of a clock (`sensors.clock` does); how a lag is measured is told in `clock_lag`. Most recordings
come in step, so clocks are believed to agree until the samples tell clearly that they do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from imu_hinge.errors import ClocksApart
from imu_hinge.model import Samples
from imu_hinge.motion.clock_lag import LEAST_S, Behind, Candidate, candidates, refined
from imu_hinge.motion.resample import in_order

CLEAR: Final = 0.4
"""Shakes must correlate by this much before a lag is believed."""
AGREES: Final = 0.75
"""Where clocks as they are give this much, no other lag is looked for."""
MARGIN: Final = 11.0
"""Natural logarithm of how many lags and rates are tried (60 000): a better fit than that is not by chance."""
MOTION_ALIKE: Final = 0.6
"""Turning less alike than this is no evidence of anything: of real people's it is 0.44 to 0.92 in step."""
OWN_RHYTHM_S: Final = 0.17
"""Turning of pelvis and trunk of real people in step differs by up to this; only more is a clock's."""
MOTION_SD_S: Final = 0.05
"""What motion alone leaves of a lag, as real people's own rhythm (-0.15 to 0.02 s) spreads."""


class InStep(NamedTuple):
    """Hold the sensors' samples in step, how far each that was moved was behind [s], how far its rate was off, the sd.

    ``sd_s`` is what is left of the largest lag, 0 where nothing was measured.
    """

    sensors: dict[str, Samples]
    behind_s: dict[str, float]
    drift: dict[str, float]
    sd_s: float


def in_step(sensors: Mapping[str, Samples]) -> InStep:
    """Return the sensors' samples in step with the one that is most ahead.

    Parameters
    ----------
    sensors
        By placement. All are compared with the first, whose rate is believed.

    Returns
    -------
    InStep
        The lags are those in the middle of the recording. No sample is stamped before it was taken, so the sensor that
        is ahead is believed.

    Raises
    ------
    ClocksApart
        Where clocks surely differ and the samples do not tell by how much.
    """
    names = list(sensors)
    found = {name: clock_behind(sensors[names[0]], sensors[name]) for name in names[1:]}
    lags = {names[0]: Behind()} | {name: behind for name, behind in found.items() if behind is not None}
    least = min(behind.lag_s for behind in lags.values())
    moved = {name: behind._replace(lag_s=behind.lag_s - least) for name, behind in lags.items()}
    told = {name: behind for name, behind in moved.items() if behind.lag_s > 0.0 or behind.drift != 0.0}
    return InStep(
        {
            name: replace(samples, time_s=told[name].undone(samples.time_s)) if name in told else samples
            for name, samples in sensors.items()
        },
        {name: behind.lag_s for name, behind in told.items()},
        {name: behind.drift for name, behind in told.items()},
        max(behind.sd_s for behind in lags.values()),
    )


def clock_behind(first: Samples, second: Samples) -> Behind | None:
    """Return how far the second sensor's clock is behind the first's, or None where nothing says that it is.

    Raises
    ------
    ClocksApart
        Where they surely differ and it cannot be told by how much.
    """
    first, second = in_order(first), in_order(second)
    if min(float(s.time_s[-1] - s.time_s[0]) for s in (first, second)) < LEAST_S:
        return None
    here = refined(first, second, Behind())
    if here is not None and here.alike >= AGREES:
        return here
    found, as_they_are = candidates(first, second)
    told = _by_motion(found, as_they_are)
    if told is None:
        return here if here is not None and here.alike >= CLEAR and abs(here.lag_s) < OWN_RHYTHM_S else None
    fine = refined(first, second, told)
    return fine if fine is not None and fine.alike >= CLEAR else told


def _by_motion(found: list[Candidate], as_they_are: Candidate) -> Behind | None:
    """Return the lag that the motion alone tells, None where clocks may well agree."""
    if not found or abs(found[0].alike) < MOTION_ALIKE or found[0].likelihood < as_they_are.likelihood + MARGIN:
        return None
    best = found[0]
    if abs(best.behind.lag_s) < OWN_RHYTHM_S and abs(best.behind.drift) < 0.005:
        return None  # so much may be the lumbar spine's own rhythm
    rival = max((c.likelihood for c in found[1:] if abs(c.behind.lag_s - best.behind.lag_s) > 0.5), default=0.0)
    if rival + MARGIN > best.likelihood:
        raise ClocksApart(
            f"The sensors' clocks do not agree: they move alike where one is put {best.behind.lag_s:.1f} s earlier, "
            "but nearly as well elsewhere. Record again on one clock, standing for some seconds before and after the "
            "set, or analyse the sensors one at a time."
        )
    return best.behind._replace(sd_s=MOTION_SD_S, alike=best.alike)
