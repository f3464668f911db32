"""Say what a lift's lumbar flexion rests on, measured or inferred, and why a lift gets no verdict.

It measures nothing and gives no verdict (`reps.verdict` does).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.model import Posture
from imu_hinge.motion.kinematics.posture import SegmentInclination
from imu_hinge.reps.segmentation import Lift

DEEPEST: Final = 0.36
"""No pelvis or trunk sinks by more than this share of body height: a squat to the heels takes the pelvis from 0.53 of
it to 0.18."""

HIGHEST_M: Final = 0.12
"""Nor does it rise above standing by more, as a wrist does that is taken for it [m]."""

SQUATS_M: Final = 0.3  # a squatted start takes S2 down by 0.34 (docs/biomechanics.md, 5.2)
UPRIGHT_RAD: Final = math.radians(20.0)
"""Hips that sink by so much go back, and balance takes the trunk forward by at least this: 20 to 35 degrees at the
pelvis in squats, more above it (docs/biomechanics.md, 1.4). A wrist goes down upright."""

WORN_ELSEWHERE: Final = "see where it was worn"
"""How a doubt ends that is about the sensor's place, which all reps share."""

DISAGREES: Final = "accelerometer and gyroscope of a sensor do not fit each other: see the warning"
"""Why no verdict rests on such a sensor."""

ALONE: Final = "off the floor one sensor cannot tell the back from the hips: wear two, or calibrate"
SILENT: Final = "a sensor was silent where lumbar flexion may have been largest"

UNKNOWN_M: Final = 0.15
"""A height with a larger standard deviation says nothing: all that a hip hinge sinks is about that [m]."""


def basis_of(posture: Posture, lift: Lift, sensed: Posture) -> cv.Basis:
    """Return ``measured`` where sensors saw the lift's largest lumbar flexion, else ``inferred``.

    In a hole the chain tells what it can; where the peak may lie in it (2 standard deviations), it was not measured.

    Parameters
    ----------
    posture
        Part of the whole, with every angle the chain tells.
    lift
        On that part.
    sensed
        The whole, as the sensors alone tell it.
    """
    first = int(np.searchsorted(sensed.time_s, posture.time_s[0]))
    part = slice(lift.start, lift.stop + 1)
    told, sd = posture.angles_rad[part, cv.LUMBAR_FLEXION], posture.sd_rad[part, cv.LUMBAR_FLEXION]
    measured = sensed.angles_rad[first + lift.start :, cv.LUMBAR_FLEXION][: told.size]
    is_seen = np.isfinite(measured)
    if is_seen.all() or not is_seen.any():
        return "measured" if is_seen.all() and posture.basis == "measured" else "inferred"
    may_reach = np.nan_to_num((told + 2.0 * sd)[~is_seen], nan=math.inf)
    return "inferred" if float(may_reach.max()) > float(told[is_seen].max()) else "measured"


def doubt_about_height(posture: Posture, lift: Lift, athlete: Athlete, *, basis: cv.Basis) -> str:
    """Return why the sensor's height during a lift forbids a verdict, or nothing.

    Two sensors span the lumbar spine whatever the height. One alone needs it: lean cannot tell the back from the hips.

    Parameters
    ----------
    posture
    lift
        On that posture.
    athlete
        Gives body height, of which no sensor sinks by more than `DEEPEST`.
    basis
        Of this lift; a measured one needs no height.
    """
    if basis == "measured":
        return ""
    part = slice(lift.start, lift.stop + 1)
    height_m, sd_m = posture.height_m[part], posture.height_sd_m[part]
    if not float(posture.height_sd_m[lift.bottom]) < UNKNOWN_M:
        return "how far the sensor sank is not known, and its lean alone cannot tell the back from the hips"
    highest_m, lowest_m = float(np.max(height_m - 2.0 * sd_m)), float(np.min(height_m + 2.0 * sd_m))
    if highest_m > HIGHEST_M:
        return f"the sensor would rise {highest_m:.2f} m above standing, as no pelvis or trunk does: {WORN_ELSEWHERE}"
    if lowest_m < -DEEPEST * athlete.value("height_m"):
        return f"the sensor would sink {-lowest_m:.2f} m below standing, as no pelvis or trunk does: {WORN_ELSEWHERE}"
    inclinations_rad = float(np.max(posture.inclination_rad[part]))
    if lowest_m < -SQUATS_M and inclinations_rad < UPRIGHT_RAD:
        return (
            f"the sensor sinks {-lowest_m:.2f} m and leans by {math.degrees(inclinations_rad):.0f} degrees at most, "
            f"where hips that sink so far lean by 20 or more: {WORN_ELSEWHERE}"
        )
    return ""


def doubt_about_one_sensor(posture: Posture, *, is_calibrated: bool) -> str:
    """Return why a lift off the floor whose lumbar flexion is inferred gets no verdict, or nothing.

    Nothing closes the chain there: no bar on the floor, and no clean hinge where ``is_calibrated`` is false. What is
    said of the lumbar spine is then what people do (docs/biomechanics.md, 5.2), and not this one.
    """
    if is_calibrated:
        return ""
    return ALONE if posture.basis != "measured" else SILENT


def doubt_about_fit(posture: Posture, lift: Lift, basis: cv.Basis) -> str:
    """Return why a set that does not fit the model forbids a verdict, or nothing.

    Two sensors measure what the lumbar spine does; there a misfit is flagged and said, and what was measured stands.

    Parameters
    ----------
    posture
        Flagged `MISFIT` where the chain does not fit, `DISAGREEING` where a sensor contradicts itself.
    lift
        On that posture.
    basis
        Of this lift.
    """
    if np.any(posture.flags[lift.start : lift.stop] & np.uint16(cv.Flag.DISAGREEING)):
        return DISAGREES
    if basis != "measured" and np.any(posture.flags[lift.start : lift.stop] & np.uint16(cv.Flag.MISFIT)):
        return "the sensors do not fit a body of this height: see where they sit and where the bar stood"
    return ""


def looks_swapped(inclinations: Mapping[str, SegmentInclination], lifts: Sequence[Lift]) -> str:
    """Return a sentence where the pelvis and the trunk sensor move as if they had been exchanged, or nothing.

    Bending forward the trunk turns more than the pelvis, and its sensor, farther from the hips, sinks more.
    """
    pelvis = next((p for p in cv.PELVIS_PLACEMENTS if p in inclinations), None)
    if pelvis is None or "t12" not in inclinations or not lifts:
        return ""
    low, high = inclinations[pelvis], inclinations["t12"]
    at = [lift.bottom for lift in lifts]
    turn = math.degrees(float(np.median(high.inclination_rad[at] - low.inclination_rad[at])))
    sink = 100.0 * float(np.median(low.travel.height_m[at] - high.travel.height_m[at]))
    # 5 degrees weigh as much as 2 cm: upright knee-bending tells by the turn, an arched hinge only by the sink
    if turn < -4.0 and turn / 5.0 + sink / 2.0 < -3.0:
        sinks = f" and sinks {-sink:.0f} cm more" if sink < -0.5 else ""
        return (
            f"{pelvis} and t12 seem to be exchanged: at the bottom {pelvis} leans {-turn:.0f} degrees more{sinks} "
            "than t12. Swap the two placements."
        )
    return ""
