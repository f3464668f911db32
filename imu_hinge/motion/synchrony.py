"""Put sensors whose clocks differ in step, by what all of them feel at once; refuse where that cannot be told.

It mends nothing else of a clock (`sensors.clock` does); how a lag is measured is told in `clock_lag`. Most recordings
come in step, so clocks are believed to agree until the samples tell clearly that they do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple, TypeGuard

from imu_hinge.errors import ClocksApart
from imu_hinge.model import Samples
from imu_hinge.motion.clock_lag import LEAST_S, OWN_RHYTHM_S, Behind, Candidate, candidates, refined
from imu_hinge.motion.resample import in_order

CLEAR: Final = 0.5
"""Half of the shake must be shared before a lag is believed by it, ..."""
FINE_SD_S: Final = 0.01
"""... and windows along the recording must tell the same lag to this."""
MARGIN: Final = 11.0
"""Natural logarithm of how many lags and rates are tried (60 000): a better fit than that is not by chance."""
RIVAL_MARGIN: Final = 5.0
"""... of 150 to 1: so much must the best of a handful of lags, a rep apart or more, fit better than the next."""
SURELY_LESS: Final = 0.5
"""Clocks are said to differ where both turn, as they are, less than half as alike as elsewhere: the pelvis of people in
step goes with their trunk."""
MOTION_ALIKE: Final = 0.6
"""Turning less alike than this tells nothing by itself: of real people's it is 0.44 to 0.92 in step."""
REACH_S: Final = 0.25
"""So far from the lag by motion its shake is looked for: half a step's time, further away is the next step's."""
RIVAL_S: Final = 0.5
"""Lags closer than this are of one bend: nobody bends as often."""
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
    found, as_they_are = candidates(first, second)
    gain = found[0].likelihood - as_they_are.likelihood if found else 0.0
    if gain < MARGIN:
        here = refined(first, second, Behind())
        likely_s = (0.0, *(other.behind.lag_s for other in found[:1]))
        # further away it may be the next step's
        if _is_clear(here) and min(abs(here.lag_s - lag_s) for lag_s in likely_s) < OWN_RHYTHM_S:
            return _sure(here)
    if gain < RIVAL_MARGIN:
        return None
    by_shake = _by_shake(first, second, found)
    if by_shake is not None or gain < MARGIN:
        return by_shake
    return _by_motion(found, is_apart=as_they_are.alike < SURELY_LESS * found[0].alike)


def _by_shake(first: Samples, second: Samples, found: list[Candidate]) -> Behind | None:
    """Return the lag that the shake tells among those that fit the motion about as well; None where it tells no one."""
    least = found[0].likelihood - RIVAL_MARGIN
    near = [other.behind for other in found if other.likelihood > least]
    fine = [refined(first, second, behind, reach_s=REACH_S) for behind in near]
    clear = [behind for behind in fine if _is_clear(behind)]
    middle_s = second.time_s[[len(second.time_s) // 2]]
    places = [float(behind.undone(middle_s)[0]) for behind in clear]
    if not clear or max(places) - min(places) > 2.0 * FINE_SD_S:
        return None
    return _sure(max(clear, key=lambda behind: behind.alike))


def _by_motion(found: list[Candidate], *, is_apart: bool) -> Behind | None:
    """Return the lag by motion alone, None where clocks may well agree, by a person's own rhythm or a poor fit."""
    best = found[0]
    is_own = abs(best.behind.lag_s) < OWN_RHYTHM_S and best.behind.drift == 0.0
    if best.alike < MOTION_ALIKE or is_own:
        return None
    least = best.likelihood - RIVAL_MARGIN
    rivals = [c for c in found if c.likelihood > least and abs(c.behind.lag_s - best.behind.lag_s) > RIVAL_S]
    if not rivals:
        return best.behind._replace(sd_s=MOTION_SD_S, alike=best.alike)
    if not is_apart:
        return None
    raise ClocksApart(
        f"The sensors' clocks do not agree: both move alike where one is put {abs(best.behind.lag_s):.1f} s "
        f"{'earlier' if best.behind.lag_s > 0.0 else 'later'}, and about as much {len(rivals)} times elsewhere. Record "
        "again on one clock, standing for some seconds before and after the set, or analyse the sensors one at a time."
    )


def _is_clear(behind: Behind | None) -> TypeGuard[Behind]:
    return behind is not None and behind.alike >= CLEAR and behind.sd_s <= FINE_SD_S


def _sure(behind: Behind) -> Behind:
    """Return it with no lag where it is no more than twice what is not known of it: clocks mostly agree."""
    is_none = behind.drift == 0.0 and abs(behind.lag_s) < 2.0 * behind.sd_s
    return behind._replace(lag_s=0.0, sd_s=max(behind.sd_s, abs(behind.lag_s))) if is_none else behind
