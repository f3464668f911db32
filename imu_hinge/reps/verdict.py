"""Judge a lift against the athlete's own limits, and say when flexion came. It describes; it does not advise.

docs/design.md, section 5: a verdict is a probability under the angles' posterior; below 0.8 it is undecided.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.model import Array, Posture
from imu_hinge.reps.metrics import Metrics
from imu_hinge.reps.segmentation import Lift
from imu_hinge.result import Verdict
from imu_hinge.settings import VerdictSettings

UNSEEN_WAY: Final = "at the floor: {}; on the way up one sensor cannot tell"
"""Why a lift that was told on the floor has no verdict of the whole."""

KNEES_UNSURE: Final = "the knees bend to about their limit; {}"
"""Why a back under its limit is no hinge yet; with a place for what lumbar flexion does."""

KNEES_TAIL: Final = 0.025
"""What lies beyond the upper end of the knees' 95 % interval."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Hold what a verdict is measured against, and how sure it must be.

    Parameters
    ----------
    lumbar_rad, knee_rad
        The athlete's own limits.
    settings
    """

    lumbar_rad: float
    knee_rad: float
    settings: VerdictSettings

    @classmethod
    def of(cls, athlete: Athlete, settings: VerdictSettings) -> Limits:
        """Take the limits of an athlete."""
        return cls(athlete.limit_rad, math.radians(athlete.value("knee_limit_deg")), settings)


def probability_above(value: float, sd: float, limit: float) -> float:
    """Return P(angle > limit) of a normal posterior; NaN where the angle is not known.

    Parameters
    ----------
    value, sd
        Mean and standard deviation of the angle.
    limit
        All three in one unit.
    """
    if not (math.isfinite(value) and math.isfinite(sd)):
        return math.nan
    return 0.5 * math.erfc((limit - value) / (math.sqrt(2.0) * max(sd, 1e-9)))


def judge(
    metrics: Metrics, findings: tuple[str, ...], limits: Limits, *, doubt: str = "", from_floor: bool = True
) -> Verdict:
    """Return the label of one whole lift with its probability.

    Parameters
    ----------
    metrics
    findings
        See `find`.
    limits
    doubt
        Why no verdict may be given whatever the angles, or nothing.
    from_floor
        Whether a bar on the floor closed the chain. Where none did, only the exercise's habits tell of the knees, and
        no hinge is told while their 95 % interval reaches over their limit.
    """
    k = cv.LUMBAR_FLEXION
    rounded = chances_over(metrics, limits)[0]
    percent = 100.0 * metrics.peak_rad[k] / limits.lumbar_rad
    knees = _knees_over(metrics, limits)
    label, chance, reason = _decided(rounded, knees, limits.settings)
    if math.isnan(rounded):
        return Verdict("undecided", math.nan, findings, doubt or reason)
    if label == "hip_hinge" and not from_floor and knees > KNEES_TAIL:
        label, reason = "undecided", KNEES_UNSURE
    reason = reason.format(f"lumbar flexion peaks at {percent:.0f} % of the limit")
    return Verdict("undecided", chance, findings, doubt) if doubt else Verdict(label, chance, findings, reason)


def judge_floor(metrics: Metrics, limits: Limits, *, doubt: str = "") -> Verdict:
    """Return the label of a lift from the floor as it begins, the bar still on it, with its probability.

    Parameters
    ----------
    metrics, limits, doubt
        As `judge`.
    """
    k = cv.LUMBAR_FLEXION
    rounded = _asked(metrics.over_bottom[0], metrics.bottom_rad[k], metrics.bottom_sd_rad[k], limits.lumbar_rad)
    percent = 100.0 * metrics.bottom_rad[k] / limits.lumbar_rad
    label, chance, reason = _decided(rounded, _knees_over(metrics, limits), limits.settings)
    if doubt or math.isnan(rounded):
        return Verdict("undecided", chance, (), doubt or reason)
    return Verdict(label, chance, (), reason.format(f"at the floor lumbar flexion is {percent:.0f} % of the limit"))


def with_floor(verdict: Verdict, floor: Verdict) -> Verdict:
    """Return the verdict of the whole lift; where only its way is open, the reason says what the floor told."""
    if verdict.label != "undecided" or floor.label == "undecided":
        return verdict
    return replace(verdict, reason=UNSEEN_WAY.format(floor.label.replace("_", " ")))


def chances_over(metrics: Metrics, limits: Limits) -> tuple[float, float]:
    """Return how probable it is that the back and that the knees were past their limits, each by itself."""
    k = cv.LUMBAR_FLEXION
    rounded = _asked(metrics.over[0], metrics.peak_rad[k], metrics.peak_sd_rad[k], limits.lumbar_rad)
    k = cv.KNEE_FLEXION
    knees = _asked(metrics.over_bottom[1], metrics.bottom_rad[k], metrics.bottom_sd_rad[k], limits.knee_rad)
    return rounded, knees


def _asked(chance: float, value: float, sd: float, limit: float) -> float:
    """Return how probable an angle is over its limit: as told, or of a normal variable where that was not asked."""
    return probability_above(value, sd, limit) if math.isnan(chance) else float(chance)


def _knees_over(metrics: Metrics, limits: Limits) -> float:
    """Return how probable the knees are over their limit at the bottom; 0 where nothing tells of them."""
    chance = chances_over(metrics, limits)[1]
    return 0.0 if math.isnan(chance) else chance


def _decided(rounded: float, knees: float, settings: VerdictSettings) -> tuple[cv.VerdictLabel, float, str]:
    """Return the label, its probability, and its reason with a place ``{}`` for what lumbar flexion does."""
    if math.isnan(rounded):
        return "undecided", math.nan, "lumbar flexion cannot be told from these sensors"
    chances = (rounded, (1.0 - rounded) * knees, (1.0 - rounded) * (1.0 - knees))
    if rounded >= settings.decide_above:
        return "lumbar_flexion", rounded, "{}"
    if rounded <= settings.decide_below and knees >= settings.decide_above:
        return "squat", chances[1], "the knees bend past the limit; {}"
    if rounded <= settings.decide_below and knees <= settings.decide_below:
        return "hip_hinge", chances[2], "{}"
    if rounded <= settings.decide_below and knees <= 0.5:
        return "hip_hinge", chances[2], "{}; the knees bend to near their limit"
    if rounded <= settings.decide_below:
        return "undecided", max(chances), KNEES_UNSURE
    return "undecided", max(chances), "{}, within its error band"


def find(
    posture: Posture, lift: Lift, metrics: Metrics, limits: Limits, *, from_floor: bool, earlier: list[float]
) -> tuple[str, ...]:
    """Return what was seen in one lift, in the order of `conventions.FINDINGS`.

    Parameters
    ----------
    posture, lift, metrics, limits
    from_floor
    earlier
        Peak lumbar flexion of the set's earlier lifts [rad].
    """
    seen = {
        *_flexion_timing(posture, lift, metrics, limits, from_floor=from_floor),
        *_growing(metrics, earlier, limits),
        *_lockout(posture, lift, from_floor=from_floor),
    }
    if from_floor:
        seen |= {*_off_the_floor(posture, lift)}
    seen |= {*_knees_first(posture, lift)}
    return tuple(name for name in cv.FINDINGS if name in seen)


def _flexion_timing(posture: Posture, lift: Lift, metrics: Metrics, limits: Limits, *, from_floor: bool) -> list[str]:
    lumbar = posture.angles_rad[:, cv.LUMBAR_FLEXION]
    sd = metrics.bottom_sd_rad[cv.LUMBAR_FLEXION]
    at_bottom = metrics.bottom_rad[cv.LUMBAR_FLEXION]
    is_over = _asked(metrics.over_bottom[0], at_bottom, sd, limits.lumbar_rad) >= limits.settings.decide_above
    if not from_floor:
        return ["flexion_at_the_bottom"] if is_over else []
    found = ["flexion_at_setup"] if is_over else []
    early = lumbar[lift.start : lift.start + max(1, (lift.turn - lift.start) // 2)]
    least = math.radians(limits.settings.change_min_deg)
    if early.size and np.isfinite(early).all() and float(early.max()) - at_bottom > least:
        found.append("flexion_off_the_floor")
    return found


def _growing(metrics: Metrics, earlier: list[float], limits: Limits) -> list[str]:
    """Narrate growth only above the minimum detectable change, and only where it goes on growing."""
    peak = metrics.peak_rad[cv.LUMBAR_FLEXION]
    if len(earlier) < 2 or not math.isfinite(peak):
        return []
    least = math.radians(limits.settings.change_min_deg)
    return ["flexion_growing"] if peak - float(np.median(earlier[:2])) > least and peak >= max(earlier[:-1]) else []


LEANS_BACK_RAD: Final = math.radians(8.0)
"""A lockout that leans back reads 5 to 15 degrees behind standing (docs/biomechanics.md, 1.4): a little into that."""
LEANS_BACK_S: Final = 0.2
"""For so long in all; chosen: a moment's overshoot is no lockout."""


def _lockout(posture: Posture, lift: Lift, *, from_floor: bool) -> list[str]:
    """Find a lockout that leans back, beyond its error."""
    stop = lift.down.start if from_floor and len(lift.down) else lift.stop
    start = lift.turn if from_floor else lift.up.stop
    # onsets are sure to some tenths of a second, and leaning back goes on (chosen)
    window = slice(max(lift.up.start, start - round(0.3 * posture.rate_hz)), stop + round(0.5 * posture.rate_hz))
    for k in (cv.TRUNK_INCLINATION, cv.PELVIS_TILT):
        angle, sd = posture.angles_rad[window, k], posture.sd_rad[window, k]
        back = angle + sd < -LEANS_BACK_RAD
        if np.count_nonzero(back) >= LEANS_BACK_S * posture.rate_hz:
            return ["lockout_hyperextension"]
    return []


HIPS_FIRST_SHARE: Final = 0.3
"""Hips shoot up where in this first share of their rise ..."""
HIPS_FIRST_RAD: Final = math.radians(4.0)
"""... the pelvis tilts further by more than this; chosen: some times what it is off by."""
LEAST_RISE_M: Final = 0.08
"""Chosen: hips that rise by less, as in a stoop (docs/biomechanics.md, 5.2), have no way to shoot up."""
RUSHED_PULL_S: Final = 0.9
"""A start is rushed where the pull takes less than this; chosen: as quick as lifters go at ease ..."""
RUSHED_STILL_S: Final = 0.15
"""... and nobody held still for so long in the second before it; chosen: a breath's pause is longer."""


def _off_the_floor(posture: Posture, lift: Lift) -> list[str]:
    """Find hips that rise before the trunk does, and a pull without a moment of stillness before it."""
    found = []
    rise = posture.height_m[lift.up.part]
    tilt = posture.angles_rad[lift.up.part, cv.PELVIS_TILT]
    if rise.size > 3 and np.isfinite(rise).all() and np.isfinite(tilt).all():
        first = rise - rise[0] < HIPS_FIRST_SHARE * (rise[-1] - rise[0])
        part = tilt[: max(2, int(np.argmin(first)))]
        if float(part.max()) - float(tilt[0]) > HIPS_FIRST_RAD and rise[-1] - rise[0] > LEAST_RISE_M:
            found.append("hips_shoot_up")
    rate_hz = posture.rate_hz
    before = posture.is_still[max(0, lift.start - round(1.0 * rate_hz)) : lift.start]
    if len(lift.up) / rate_hz < RUSHED_PULL_S and np.count_nonzero(before) < RUSHED_STILL_S * rate_hz:
        found.append("rushed_start")
    return found


KNEES_BEND_RAD: Final = math.radians(30.0)
"""Chosen: knees that bend by less in a lowering are in nobody's way."""
KNEES_FIRST_SHARE: Final = 0.6
"""Chosen: knees that are bent by more than this of it after a third of the time go first."""


def _knees_first(posture: Posture, lift: Lift) -> list[str]:
    """Find knees that bend in the first third of the lowering, before the bar has passed them."""
    knee: Array = posture.angles_rad[lift.down.part, cv.KNEE_FLEXION]
    if knee.size < 6 or not np.isfinite(knee).all():
        return []
    early, late = knee[: knee.size // 3], float(knee.max())
    share = (float(early.max()) - float(knee[0])) / max(late - float(knee[0]), 1e-6)
    return ["early_knee_bend"] if late - knee[0] > KNEES_BEND_RAD and share > KNEES_FIRST_SHARE else []


UNUSABLE_SHARE, POOR_SHARE = 0.3, 0.1
"""More of a lift's samples than this are bad: no verdict may rest on it, or it is only worth a C; chosen."""
UNUSABLE_ALIGNMENT, POOR_ALIGNMENT, GOOD_ALIGNMENT = 0.6, 0.85, 0.95
"""The same by the share of the first component: see `settings.VerdictSettings` and `settings.AlignmentSettings`; the
best grade asks for more, chosen."""


def grade(posture: Posture, lift: Lift, *, alignment_quality: float, is_undecidable: bool) -> str:
    """Return how good the data of one lift are, A to D.

    A: aligned, no flag. B: a few flags. C: many, or a weak alignment, or the sensor slipped. D: no verdict may rest
    on it.

    Parameters
    ----------
    posture
    lift
        On that posture.
    alignment_quality
        The weakest sensor's share of the first principal component, 0 to 1.
    is_undecidable
        Whether something forbids a verdict already.
    """
    flags = posture.flags[lift.start : lift.stop + 1]
    bad = np.uint16(cv.Flag.GAP | cv.Flag.CLIPPED | cv.Flag.SUSPECT)
    share = float(np.mean((flags & bad) != 0)) if flags.size else 1.0
    if is_undecidable or share > UNUSABLE_SHARE or alignment_quality < UNUSABLE_ALIGNMENT:
        return "D"
    has_slipped = bool(np.any(flags & np.uint16(cv.Flag.SLIPPED)))
    if share > POOR_SHARE or alignment_quality < POOR_ALIGNMENT or has_slipped:
        return "C"
    return "A" if share == 0.0 and alignment_quality > GOOD_ALIGNMENT else "B"
