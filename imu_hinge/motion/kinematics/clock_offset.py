"""Put sensors whose clocks differ in step, by what all of them feel at once; refuse where that cannot be told.

It mends nothing else of a clock (`sensors.clock.live_mapping` does); how a lag is measured is told in `clock_lag`. Most
recordings come in step, so clocks are believed to agree until the samples tell clearly that they do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from imu_hinge.errors import ClocksApart
from imu_hinge.model import Samples
from imu_hinge.motion.kinematics.clock_lag import (
    LEAST_S,
    ONE_BEND_S,
    OWN_RHYTHM_S,
    RIVAL_MARGIN,
    Behind,
    Candidate,
    Worn,
    candidates,
    motions,
    rates,
)
from imu_hinge.motion.kinematics.clock_vibration import CLEAR, FAR_S, FINE_SD_S, TELL_A_LINE, is_clear, refined
from imu_hinge.motion.kinematics.resample import in_order

MARGIN: Final = 11.0
"""Natural logarithm of how many lags and rates are tried (60 000): a better fit than that is not by chance."""
MOTION_ALIKE: Final = 0.7
"""Its square is the share of the turning that one lag explains: of less than half of it, another may explain more."""
REACH_S: Final = 0.25
"""So far from the lag by motion its shake is looked for: half a step's time, further away is the next step's."""
MOTION_SD_S: Final = 0.05
"""What the motion's own rhythm leaves of a lag: of real people in step it is -0.15 to 0.02 s."""


class Synchronised(NamedTuple):
    """Hold the sensors' samples in step.

    Parameters
    ----------
    sensors
        By placement.
    behind_s
        How far each that was moved was behind [s].
    drift
        How far its rate was off.
    sd_s
        What is left of the largest lag, 0 where nothing was measured.
    """

    sensors: dict[str, Samples]
    behind_s: dict[str, float]
    drift: dict[str, float]
    sd_s: float


def synchronise(sensors: Mapping[str, Samples]) -> Synchronised:
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
    return Synchronised(
        {
            name: replace(samples, time_s=told[name].undone(samples.time_s)) if name in told else samples
            for name, samples in sensors.items()
        },
        {name: behind.lag_s for name, behind in told.items()},
        {name: behind.drift for name, behind in told.items()},
        max(behind.sd_s for behind in lags.values()),
    )


def clock_behind(first: Samples, second: Samples, *, has_rates: bool = True) -> Behind | None:
    """Return how far the second sensor's clock is behind the first's, or None where they have too little in common.

    Parameters
    ----------
    first, second
    has_rates
        Whether one clock may run faster; over a minute it may not, to notice.

    Raises
    ------
    ClocksApart
        Where they surely differ and it cannot be told by how much.

    Notes
    -----
    Where nothing tells that clocks differ the lag is 0, and its sd is what motion leaves of it: as far as the
    likelihood reaches within one bend, and a person's own rhythm.
    """
    first, second = in_order(first), in_order(second)
    if min(float(s.time_s[-1] - s.time_s[0]) for s in (first, second)) < LEAST_S:
        return None
    one, other = Worn.of(first), Worn.of(second)
    both = motions(one, other)
    if both is None:
        return None
    found, as_they_are = candidates(both, np.zeros(1))
    here = refined(one, other, Behind())
    if is_clear(here) and _agrees(here, found) and (here.windows >= TELL_A_LINE or not has_rates):
        return _sure(here)  # so many windows would have told a rate
    if has_rates:
        found, as_they_are = candidates(both, rates(both))
    if not found:
        return _by_motion_sd(as_they_are)
    gain = found[0].likelihood - as_they_are.likelihood
    likely_s = (0.0, found[0].behind.lag_s)
    if gain < MARGIN and is_clear(here) and min(abs(here.lag_s - lag_s) for lag_s in likely_s) < OWN_RHYTHM_S:
        return _sure(here)  # further away it may be the next step's
    by_vibration = _by_vibration(one, other, found) if gain >= RIVAL_MARGIN else None
    if by_vibration is None and abs(found[0].alike) < MOTION_ALIKE:  # motion has no say
        wide = refined(one, other, Behind(), reach_s=2.0 * ONE_BEND_S)
        by_vibration = _with_rate(_sure(wide), found[0]) if gain < MARGIN and is_clear(wide) else None
    if by_vibration is not None:
        return by_vibration
    is_near = abs(found[0].behind.lag_s) < 2.0 * ONE_BEND_S and found[0].behind.drift == 0.0
    if gain >= MARGIN or (gain >= RIVAL_MARGIN and is_near and abs(found[0].alike) >= MOTION_ALIKE):
        return _by_motion(found)
    return _by_motion_sd(as_they_are)


def _agrees(here: Behind, found: list[Candidate]) -> bool:
    """Tell whether motion says what a shake near no lag does, and the shake of no lag like it was out of reach."""
    lag_s = found[0].behind.lag_s if found else np.inf
    return abs(lag_s) < FAR_S - OWN_RHYTHM_S and abs(here.lag_s - lag_s) < OWN_RHYTHM_S


def _by_vibration(first: Worn, second: Worn, found: list[Candidate]) -> Behind | None:
    """Return the lag that the shake tells among those that fit the motion about as well; None where it tells no one."""
    least = found[0].likelihood - RIVAL_MARGIN
    clear = []
    for near in [candidate for candidate in found if candidate.likelihood > least]:
        behind = refined(first, second, near.behind, reach_s=REACH_S)
        # of shake and motion at least one explains more than half
        if is_clear(behind) and (behind.alike >= CLEAR or abs(near.alike) >= MOTION_ALIKE):
            clear.append((behind, near))
    middle_s = second.samples.time_s[[len(second.samples) // 2]]
    places = [float(behind.undone(middle_s)[0]) for behind, _ in clear]
    if not clear or max(places) - min(places) > 2.0 * FINE_SD_S:
        return None
    behind, near = max(clear, key=lambda told: told[0].alike)
    return _with_rate(_sure(behind), near)


def _with_rate(behind: Behind, near: Candidate) -> Behind:
    """Return a lag by shake with what motion leaves of the rate, where clocks differ and few windows told no line."""
    if behind.windows >= TELL_A_LINE or behind.lag_s == 0.0:
        return behind
    return behind._replace(sd_s=float(np.hypot(behind.sd_s, near.ends_s)))


def _by_motion(found: list[Candidate]) -> Behind:
    """Return the lag by motion alone, which surely is not 0; refuse where it may be another."""
    best = found[0]
    rivals = [
        c
        for c in found
        if c.likelihood > best.likelihood - RIVAL_MARGIN and abs(c.behind.lag_s - best.behind.lag_s) > ONE_BEND_S
    ]
    if abs(best.alike) >= MOTION_ALIKE and not rivals:
        return _by_motion_sd(best)
    elsewhere = f"about as much {len(rivals)} times elsewhere" if rivals else "even there little"
    raise ClocksApart(
        f"The sensors' clocks do not agree: both move alike where one is put {abs(best.behind.lag_s):.1f} s "
        f"{'earlier' if best.behind.lag_s > 0.0 else 'later'}, and {elsewhere}. Record again on one clock, standing "
        "for some seconds before and after the set, or analyse the sensors one at a time."
    )


def _by_motion_sd(candidate: Candidate) -> Behind:
    """Return the lag with what motion leaves of it; where both hardly turn alike, that is anything within one bend."""
    spread_s = candidate.spread_s
    if abs(candidate.alike) < MOTION_ALIKE:
        spread_s = max(spread_s, ONE_BEND_S / np.sqrt(3.0))  # the sd of what may be anywhere in it
    return candidate.behind._replace(sd_s=float(np.hypot(spread_s, MOTION_SD_S)), alike=abs(candidate.alike))


def _sure(behind: Behind) -> Behind:
    """Return it with no lag where it is no more than twice what is not known of it: clocks mostly agree."""
    is_none = behind.drift == 0.0 and abs(behind.lag_s) < 2.0 * behind.sd_s
    return behind._replace(lag_s=0.0, sd_s=float(np.hypot(behind.sd_s, behind.lag_s))) if is_none else behind
