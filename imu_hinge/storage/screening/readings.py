"""List the ways in which one sensor's samples are known to be meant otherwise than they read, each with its remedy.

It measures nothing: `turning` does, and `self_check` decides between them.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations, product
from typing import Final, NamedTuple

import numpy as np

from imu_hinge.model import Array
from imu_hinge.storage.screening.turning import MARGIN, STEP_S

GAINS: Final = (180.0 / np.pi, np.pi / 180.0, 0.25, 0.5, 2.0, 4.0, 2.0 / 3.0, 1.5)
"""Degrees converted twice or never, ranges (they go by 2), and rates taken for one another (as 100 and 150 Hz)."""

UNSURE_LAG_S: Final = 0.3
"""Up to here a delay is warned of: exports that stamp two streams on their own are off by this much [s]."""

AXES: Final = "xyz"


class Reading(NamedTuple):
    """Hold one way in which samples may be meant, and what to say of it.

    Parameters
    ----------
    gyr : (3, 3)
        Takes the gyroscope as it reads to what it means.
    acc : (3,)
        The same for the accelerometer, by axis.
    lag : int
        How late the gyroscope comes [steps of `turning.STEP_S`].
    seen, remedy : str
        What was seen, with its likeliest cause, and what to do.
    may_refuse : bool
        Whether it may refuse what was recorded, and not only warn.
    """

    gyr: Array
    acc: Array
    lag: int
    seen: str
    remedy: str
    may_refuse: bool = True

    @property
    def factor(self) -> float | None:
        """What the gyroscope is to be multiplied by, where nothing else is meant otherwise."""
        factor = float(self.gyr[0, 0])
        is_scaled = factor > 0.0 and np.array_equal(self.gyr, factor * np.eye(3))
        return factor if is_scaled and self.lag == 0 and bool((self.acc == 1.0).all()) else None


AS_READ: Final = Reading(np.eye(3), np.ones(3), 0, "", "")
"""The samples as they came."""


@cache
def readings() -> tuple[Reading, ...]:
    """Return all readings; where several fit as well, an earlier one is the likelier cause."""
    return (*_gains(), *_axes(), *_axis_gains(), *_lags())


def _gains() -> list[Reading]:
    found = []
    for gain in GAINS:
        if gain > 10.0:  # a unit is off by 57 or more, a range by 8 at most
            seen = "gyr is 57 times too small for how gravity turns, as when deg/s were converted twice"
            remedy = "Multiply gyr_x, gyr_y and gyr_z by 180/pi."
        elif gain < 0.1:  # as above
            seen = (
                "gyr looks like deg/s: in rad/s it would turn the sensor 57 times as fast as gravity turns in its axes"
            )
            remedy = "Multiply gyr_x, gyr_y and gyr_z by pi/180."
        else:
            seen = f"gyr times time is {1.0 / gain:.2g} times what gravity turns, as when time_s or the range is off"
            remedy = f"Check the rate behind time_s, or multiply gyr by {gain:.2g} if its range was set wrong."
        found.append(Reading(gain * np.eye(3), np.ones(3), 0, seen, remedy))
    return found


def _axes() -> list[Reading]:
    """Return every order and sign of the gyroscope's axes: those with fewest changes first."""
    found = []
    for order, signs in product(permutations(range(3)), product((1.0, -1.0), repeat=3)):
        mend = np.diag(signs)[:, :] @ np.eye(3)[list(order)]
        if not np.array_equal(mend, np.eye(3)):
            found.append(Reading(mend, np.ones(3), 0, *_axes_in_words(order, signs)))
    return sorted(found, key=lambda r: (int(np.sum(np.diag(r.gyr) == 0.0)), int(np.sum(r.gyr < 0.0) not in (1, 3))))


def _axes_in_words(order: tuple[int, ...], signs: tuple[float, ...]) -> tuple[str, str]:
    """Return what is seen and what to do where gyr's axes are of this order and these signs."""
    flipped, moved = [AXES[i] for i in range(3) if signs[i] < 0.0], [AXES[i] for i in range(3) if order[i] != i]
    if not moved and len(flipped) == 3:
        return (
            "gyr turns against gravity about every axis, as from left-handed axes",
            "Export right-handed axes, or change the sign of gyr_x, gyr_y and gyr_z.",
        )
    if not moved and len(flipped) == 1:
        return f"gyr_{flipped[0]} has the wrong sign for how gravity turns", f"Change the sign of gyr_{flipped[0]}."
    if not moved:
        kept = next(a for a in AXES if a not in flipped)
        return (
            f"gyr and acc have axes of different hands: {kept} is mirrored",
            f"Change the sign of {kept} in acc, or of the two others in gyr.",
        )
    pair = " and ".join(moved)
    if len(moved) == 2 and not flipped:
        return f"the axes {pair} of gyr look exchanged against acc", f"Exchange {pair} of gyr."
    if len(moved) == 2 and len(flipped) == 3:
        return (
            f"gyr has left-handed axes against acc, {pair} exchanged",
            f"Export right-handed axes, or exchange {pair} of acc.",
        )
    named = ", ".join(f"{'-' if signs[i] < 0.0 else ''}gyr_{AXES[order[i]]}" for i in range(3))
    return (
        f"gyr and acc have different axes: about acc's x, y, z gravity turns as {named} say",
        "Export both in one sensor's axes.",
    )


def _axis_gains() -> list[Reading]:
    """Return one axis of either too large or too small by 2: a range of its own."""
    found = []
    for name, axis, gain in product(("gyr", "acc"), range(3), (0.5, 2.0)):
        scale = np.ones(3)
        scale[axis] = gain
        what = "small" if gain > 1.0 else "large"
        column = f"{name}_{AXES[axis]}"
        seen = f"{column} is 2 times too {what} for how gravity turns, as from a range of its own"
        remedy = f"Check the range of {column}, or multiply it by {gain:g}."
        is_gyr = name == "gyr"
        found.append(
            Reading(np.diag(scale if is_gyr else np.ones(3)), np.ones(3) if is_gyr else scale, 0, seen, remedy)
        )
    return found


def _lags() -> list[Reading]:
    """Return the gyroscope later, or earlier, than the accelerometer."""
    found = []
    for lag in [sign * k for k in range(3, MARGIN + 1, 2) for sign in (1, -1)]:
        seen, remedy = late_in_words(lag * STEP_S)
        found.append(Reading(np.eye(3), np.ones(3), lag, seen, remedy, abs(lag) * STEP_S > UNSURE_LAG_S))
    return found


def late_in_words(late_s: float) -> tuple[str, str]:
    """Return what is seen and what to do where the gyroscope comes late, or early."""
    when, back = ("late", "back") if late_s > 0 else ("early", "on")
    return (
        f"gyr comes about {abs(late_s):.2f} s too {when} for how gravity turns, as from streams of two times",
        f"Export acc and gyr with one clock, or put gyr's time {back} by that much.",
    )


IN_DEGREES: Final = next(r for r in _gains() if r.gyr[0, 0] < 0.1)
"""Degrees given for radians."""
