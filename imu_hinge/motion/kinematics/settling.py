"""Say how uncertain the inclination is after a hole, while gravity is told from the body's own acceleration again.

It corrects nothing: the filter starts anew there (`orientation.vqf_step.hold`), and this is what that costs.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.model import Array
from imu_hinge.signals import Mask, regions

SWAY_MPS: Final = 0.4
"""How fast pelvis and trunk go forward or back in a lift (sd) [m/s]: by 0.2 to 0.4 m in a second, in swings in half of
one."""

ACC_MPS2: Final = 2.0
"""How hard they are accelerated doing so (sd) [m/s²]: at the first instants an average has averaged nothing out."""


def settling_sd(is_gap: Mask, rate_hz: float, *, both_ways: bool) -> Array:
    """Return the standard deviation that starting anew after holes adds to the inclination. (n,) -> (n,) [rad].

    Parameters
    ----------
    is_gap : (n,)
    rate_hz
    both_ways
        Whether the filter ran back over what was measured, too: then every instant knows all of it up to the next hole.

    Notes
    -----
    What turned in the hole is lost, so gravity alone tells the inclination: the mean force over the time T since. The
    acceleration in that mean is the change of speed over T, so the inclination is off by that through g T. The speed at
    both ends is as unknown as any, hence the root of two.
    """
    sd = np.zeros(len(is_gap))
    for seen in regions(~is_gap) if is_gap.any() else ():
        if seen.start == 0 and not both_ways:
            continue  # no hole came before
        told_s = np.arange(1, len(seen) + 1) / rate_hz
        mean_mps2 = np.minimum(math.sqrt(2.0) * SWAY_MPS / (told_s[-1:] if both_ways else told_s), ACC_MPS2)
        sd[seen.part] = mean_mps2 / cv.GRAVITY_MPS2
    return sd
