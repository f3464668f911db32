"""Number the unknowns of the body chain: a posture's five angles, then what a whole set shares, then each sensor's.

It holds no values and no priors; `forward_kinematics` differentiates by these columns, `set_parameters` knows the
priors.
"""

from typing import Final

SHANK: Final = 0
"""Forward lean of the shank."""
THIGH: Final = 1
"""Backward lean of the thigh."""
PELVIS: Final = 2
"""Forward tilt of the pelvis."""
LUMBAR: Final = 3
"""Lumbar flexion, an arc of constant curvature."""
THORACIC: Final = 4
"""Flexion of the thorax above T12/L1."""
STATES: Final = 5
"""How many angles a posture has."""

SIZE: Final = 5
"""Logarithm of the factor on all lengths; the next columns are those of one segment each, in the order above."""
LOG_SHANK, LOG_THIGH, LOG_PELVIS, LOG_LUMBAR, LOG_THORAX, LOG_ARM = range(6, 12)  # of each segment's own factor
MID_FOOT: Final = 12
"""How far mid-foot is ahead of the ankle [m]."""

SEGMENTS: Final = 6
"""Shank, thigh, pelvis, lumbar arc, thorax, and the part of the lumbar arc up to a sensor."""
PART: Final = 5  # the last of these

REACH: Final = MID_FOOT + 1
"""How far the athlete keeps the shoulder ahead of the bar [m]."""
FLOOR: Final = REACH + 1
"""Height of the bar above the soles while the plates are on the floor [m]."""
BALANCE: Final = FLOOR + 1
"""Where the athlete brings the body's centre of mass, against what is usual [m per radian of bend]."""
SHANK_COUPLING, LUMBAR_COUPLING, THORACIC_COUPLING = BALANCE + 1, BALANCE + 2, BALANCE + 3
"""The set's own way of bending: what it adds to the shares of `posture_priors.PosturePrior`."""
FIRST_SENSOR: Final = THORACIC_COUPLING + 1
"""Column of the first sensor's own unknowns; those of the next sensor follow them."""

ZERO, SOFT_TISSUE_GAIN, SHARE, AHEAD, UP, HEIGHT_DRIFT = range(6)
"""Per sensor: offset of its inclination [rad], what the skin loses, share of lumbar flexion, place [m], and the height
a leftover of the accelerometer's bias adds per radian of inclination [m/rad]."""
PER_SENSOR: Final = 6
"""How many these are."""
