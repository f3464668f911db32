"""Follow a bend while it happens: standing, down, bottom, up. It names no rep and no exercise.

The definitions are those of `reps.bends`, with the past alone: what a look reads at both ends of a movement is told
here once the movement has surely turned, and with the time at which it did.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

from imu_hinge.instant import PhaseNow
from imu_hinge.reps.bends import DEEP, DROP_AS_INCLINATION_RAD_PER_M, HEIGHT_TRUST_M, LOWERING_RAD_S
from imu_hinge.settings import RepSettings

REVERSAL_RAD: Final = math.radians(6.0)
"""Who comes back by so much has turned; a sway or the shake of a landing is half of it."""

MEMORY_S: Final = 1.5
"""A movement begins at most so long before it is sure, as for `onsets.Course.movement_onset` [s]."""

SPEED_S: Final = 0.12
"""Speed is read over this: half of it is the delay, three instants the least that are not noise [s]."""

BENDS: Final = 5
"""So many last bends say how deep one is."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Hold one turn of a bend and when it was.

    Parameters
    ----------
    kind
        ``leaves`` standing, has come to the ``bottom``, ``rises`` from it, ``lifts``: has risen by as much as a bend
        takes, which no sway over the bar does; ``stands`` again.
    time_s
    """

    kind: Literal["leaves", "bottom", "rises", "lifts", "stands"]
    time_s: float


def depth_of(inclination_rad: float, height_m: float, height_sd_m: float) -> float:
    """Return lean plus drop as an angle, as `bends.bend_depth` does [rad].

    Parameters
    ----------
    inclination_rad
    height_m, height_sd_m
        NaN where the height is not known.
    """
    if math.isnan(height_m):
        return inclination_rad
    trust = 1.0 / (1.0 + (height_sd_m / HEIGHT_TRUST_M) ** 2)
    # as `bends.bend_depth`
    return inclination_rad + DROP_AS_INCLINATION_RAD_PER_M * min(max(-height_m * trust, -0.05), 1.0)


class BendPhase:
    """Follow the depth from instant to instant.

    Parameters
    ----------
    settings
        What counts as a bend, and as standing again.
    """

    def __init__(self, settings: RepSettings) -> None:
        self._settings = settings
        self._swing = math.radians(settings.swing_min_deg)
        self._recent: deque[tuple[float, float]] = deque()
        self._state: Literal["standing", "down", "up"] = "standing"
        self._extreme = (0.0, 0.0)  # time and depth of the deepest instant on the way down, the highest on the way up
        self._deepest = 0.0
        self._is_at_bottom = False
        self._risen_from = math.nan
        """Depth from which the body rises; NaN where that was told."""
        self._depths: deque[float] = deque(maxlen=BENDS)
        self.phase: PhaseNow = ""

    def step(self, time_s: float, depth: float) -> list[Turn]:
        """Take the next instant's depth [rad], NaN where it is not known, and return what it shows."""
        if math.isnan(depth):
            self.phase = ""
            return []
        self._recent.append((time_s, depth))
        while self._recent[0][0] < time_s - MEMORY_S:
            self._recent.popleft()
        speed = self._speed()
        turns = {"standing": self._standing, "down": self._down, "up": self._up}[self._state](time_s, depth, speed)
        is_bottom = self._state == "down" and self._is_at_bottom and speed < LOWERING_RAD_S
        self.phase = "bottom" if is_bottom else self._state
        return turns

    @property
    def _upright_rad(self) -> float:
        """Standing is within this, as in `bends`: so near to zero, or so small a share of the usual bend."""
        usual = statistics.median(self._depths) if self._depths else 0.0
        return max(math.radians(self._settings.return_deg), self._settings.return_share * usual)

    def _speed(self) -> float:
        """Return how fast the depth grows [rad/s]."""
        now_s, depth = self._recent[-1]
        for time_s, before in reversed(self._recent):
            if now_s - time_s >= SPEED_S - 1e-6:
                return (depth - before) / (now_s - time_s)
        return 0.0

    def _standing(self, time_s: float, depth: float, speed: float) -> list[Turn]:
        lowest = min(d for _, d in self._recent)
        if depth < lowest + self._swing or speed <= 0.0:
            return []
        self._state, self._extreme, self._deepest, self._is_at_bottom = "down", (time_s, depth), depth, False
        # a tenth of the least swing: more than sway, less than a bend (chosen)
        begun = [t for t, d in self._recent if d <= lowest + 0.1 * self._swing]
        return [Turn("leaves", begun[-1])]

    def _down(self, time_s: float, depth: float, speed: float) -> list[Turn]:
        if depth > self._extreme[1]:
            self._extreme = (time_s, depth)
            self._deepest = max(self._deepest, depth)
        turns = []
        has_turned = depth < self._extreme[1] - REVERSAL_RAD
        if not self._is_at_bottom and (has_turned or (abs(speed) < LOWERING_RAD_S and depth > DEEP * self._deepest)):
            self._is_at_bottom = True
            turns.append(Turn("bottom", self._extreme[0] if has_turned else time_s))
        if has_turned:
            # a quarter of what a reversal takes (chosen)
            left = [t for t, d in self._recent if d >= self._extreme[1] - 0.25 * REVERSAL_RAD]
            turns.append(Turn("rises", left[-1] if left else time_s))
            self._risen_from = self._extreme[1]
            self._state, self._extreme = "up", (time_s, depth)
        return turns

    def _up(self, time_s: float, depth: float, speed: float) -> list[Turn]:
        if depth < self._extreme[1]:
            self._extreme = (time_s, depth)
        turns = []
        if depth < self._risen_from - self._swing:
            self._risen_from = math.nan
            turns.append(Turn("lifts", time_s))
        is_upright = self._extreme[1] <= self._upright_rad
        has_turned = depth > self._extreme[1] + REVERSAL_RAD
        if is_upright and (has_turned or speed > -LOWERING_RAD_S):
            self._state = "standing"
            self._depths.append(self._deepest)
            turns.append(Turn("stands", self._extreme[0] if has_turned else time_s - SPEED_S))
        elif has_turned:  # a hitch, or a pull that failed: the same bend
            self._state, self._extreme, self._deepest = "down", (time_s, depth), max(depth, self._deepest)
            self._is_at_bottom = False
        return turns
