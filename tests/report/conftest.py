"""Make up sets for the report's tests: plausible curves with known numbers, no person and no simulator behind them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.model import Posture
from imu_hinge.result import Rep, SetResult, Verdict

REP_S, REST_S = 4.0, 2.0
PELVIS_PEAK_DEG = 55.0
READ_BY_REPORT = ("time_s", "angles_rad", "sd_rad", "flags", "basis")
SD_DEG = (1.0, 1.2, 1.6, 3.0, 4.0)


def bend(percent: np.ndarray, *, from_floor: bool) -> np.ndarray:
    """Return how far bent over (0 to 1) along a rep (0 to 1): 0 1 0 from the top, 1 0 1 from the floor."""
    ramp = np.clip(np.minimum(percent, 1.0 - percent) / 0.45, 0.0, 1.0)
    wave = ramp**2 * (3.0 - 2.0 * ramp)
    return 1.0 - wave if from_floor else wave


def held_at_the_bar(bent: np.ndarray, time_s: np.ndarray, peaks_deg: np.ndarray) -> np.ndarray:
    """Return the bend with the way down before the set, the wait at the bar, and the way up after it."""
    starts_s = 3.0 + np.arange(peaks_deg.size) * (REP_S + REST_S)
    knots_s = np.concatenate(
        [[2.0], np.column_stack([starts_s, starts_s + REP_S]).ravel(), [starts_s[-1] + REP_S + 1.0]]
    )
    pelvis = np.interp(time_s, knots_s, np.concatenate([[0.0], np.ones(2 * peaks_deg.size), [0.0]]))
    lumbar = np.interp(time_s, knots_s, np.concatenate([[0.0], np.repeat(peaks_deg, 2), [0.0]]))
    is_inside = ((time_s[:, None] >= starts_s) & (time_s[:, None] < starts_s + REP_S)).any(axis=1)
    return np.where(is_inside[:, None], bent, np.stack([pelvis, lumbar], axis=1))


def lumbar_peaks_deg(count: int) -> np.ndarray:
    """Return the largest lumbar flexion of each rep: growing from 26 to 48 degrees."""
    return np.linspace(26.0, 48.0, count) if count > 1 else np.full(count, 26.0)


def made_up_set(
    count: int = 5, *, exercise: str = "deadlift", seen: str = "both", rate_hz: float = 100.0, tail_s: float = 4.0
) -> SetResult:
    """Return a made-up set; ``seen`` is both, inferred, pelvis, trunk or nothing."""
    from_floor = exercise in cv.FLOOR_EXERCISES
    total_s = 3.0 + count * (REP_S + REST_S) + tail_s
    time_s = np.arange(int(total_s * rate_hz)) / rate_hz
    bent = np.zeros((time_s.size, 2))  # share of the pelvis' and of the lumbar bend
    phase = np.zeros(time_s.size, dtype=np.int8)
    rep_index = np.full(time_s.size, -1, dtype=np.int32)
    lifts = []
    for number, peak_deg in enumerate(lumbar_peaks_deg(count)):
        start_s = 3.0 + number * (REP_S + REST_S)
        stop_s = start_s + REP_S
        inside = (time_s >= start_s) & (time_s < stop_s)
        percent = (time_s[inside] - start_s) / REP_S
        shape = bend(percent, from_floor=from_floor)
        bent[inside] = np.stack([shape, shape ** (1.2 + 0.8 * percent) * peak_deg], axis=1)
        rep_index[inside] = number
        order = (cv.ASCENT, cv.TOP, cv.DESCENT) if from_floor else (cv.DESCENT, cv.BOTTOM, cv.ASCENT)
        for part, (low, high) in zip(order, ((0.0, 0.45), (0.45, 0.55), (0.55, 1.0)), strict=True):
            phase[(time_s >= start_s + low * REP_S) & (time_s < start_s + high * REP_S)] = part
        lifts.append(made_up_rep(number, exercise, peak_deg=float(peak_deg), seen=seen))
    if from_floor and count:
        bent = held_at_the_bar(bent, time_s, lumbar_peaks_deg(count))
    wide = 6.0 if seen == "inferred" else 1.0
    angles_deg = np.stack([PELVIS_PEAK_DEG * bent[:, 0], PELVIS_PEAK_DEG * bent[:, 0] + bent[:, 1], bent[:, 1]], axis=1)
    angles_deg = np.hstack([angles_deg, 95.0 * bent[:, :1], 70.0 * bent[:, :1]])
    sd_deg = np.broadcast_to(np.array(SD_DEG) * wide, angles_deg.shape).copy()
    hidden = {"pelvis": [1, 2, 3, 4], "trunk": [0, 2, 3, 4], "nothing": [0, 1, 2, 3, 4]}.get(seen, [])
    angles_deg[:, hidden] = sd_deg[:, hidden] = np.nan
    n = time_s.size
    posture = Posture(
        time_s=time_s,
        angles_rad=np.radians(angles_deg),
        sd_rad=np.radians(sd_deg),
        flags=np.zeros(n, dtype=np.uint16),
        basis="measured" if seen == "both" else "inferred",
        **{field.name: np.zeros(n) for field in fields(Posture) if field.name not in READ_BY_REPORT},
    )
    return SetResult(
        recording_name="a made-up set",
        exercise=exercise,
        exercise_evidence="The rep starts on the floor: made up.",
        posture=posture,
        phase=phase,
        rep_index=rep_index,
        lifts=tuple(lifts),
        athlete=Athlete(height_m=1.78, name="Nobody"),
        alignment_quality={"sacrum": 0.97} | ({"t12": 0.81} if seen == "both" else {}),
        is_simulated=True,
    )


def made_up_rep(number: int, exercise: str, *, peak_deg: float, seen: str) -> Rep:
    """Return a rep of `made_up_set`, its verdict following from its peak and the default limit."""
    start_s = 3.0 + number * (REP_S + REST_S)
    lumbar = math.radians(peak_deg) if seen in ("both", "inferred") else math.nan
    sd = math.radians(SD_DEG[2] * (6.0 if seen == "inferred" else 1.0)) if math.isfinite(lumbar) else math.nan
    if math.isnan(lumbar) or 37.0 < peak_deg < 40.0:
        verdict = Verdict("undecided", 0.55, (), "Lumbar flexion is not known well enough.")
    elif peak_deg >= 40.0:
        findings = ("flexion_at_setup", "flexion_growing")
        verdict = Verdict("lumbar_flexion", 0.97, findings, "Lumbar flexion passed the limit.")
    else:
        verdict = Verdict("hip_hinge", 0.99, (), "Lumbar flexion stayed under the limit.")
    return Rep(
        rep=number,
        exercise=exercise,
        start_s=start_s,
        turn_s=start_s + 0.5 * REP_S,
        end_s=start_s + REP_S,
        descent_s=1.8,
        ascent_s=1.8,
        pause_s=0.4,
        pelvis_tilt_peak_rad=math.nan if seen in ("trunk", "nothing") else math.radians(PELVIS_PEAK_DEG),
        trunk_inclination_peak_rad=math.radians(PELVIS_PEAK_DEG) + lumbar,
        lumbar_flexion_peak_rad=lumbar,
        lumbar_flexion_peak_sd_rad=sd,
        lumbar_flexion_bottom_rad=lumbar,
        lumbar_flexion_bottom_sd_rad=sd,
        knee_flexion_peak_rad=math.nan,
        lumbar_share=peak_deg / (peak_deg + 95.0) if math.isfinite(lumbar) else math.nan,
        basis="measured" if seen == "both" else "inferred",
        verdict=verdict,
        quality="B",
    )


def with_trouble(result: SetResult) -> SetResult:
    """Return the set with a gap (and no angle in it), clipped samples, a slipped sensor and warnings."""
    flags, angles = result.posture.flags.copy(), result.posture.angles_rad.copy()
    rate_hz = result.posture.rate_hz
    gap = slice(round(9.2 * rate_hz), round(10.6 * rate_hz))
    flags[gap] |= np.uint16(cv.Flag.GAP)
    angles[gap] = math.nan
    flags[round(12.0 * rate_hz) : round(12.05 * rate_hz)] |= np.uint16(cv.Flag.CLIPPED)
    flags[round(19.5 * rate_hz) : round(21.0 * rate_hz)] |= np.uint16(cv.Flag.SLIPPED)
    warnings = (
        "The sensor t12 slipped by 6° at 19.5 s; angles were re-zeroed from there.",
        "1.4 s are missing <here> & now.",
    )
    return replace(result, posture=replace(result.posture, flags=flags, angles_rad=angles), warnings=warnings)


@pytest.fixture(scope="session")
def make_set() -> Callable[..., SetResult]:
    """Return the maker of made-up sets."""
    return made_up_set


@pytest.fixture(scope="session")
def make_trouble() -> Callable[[SetResult], SetResult]:
    """Return the maker of trouble."""
    return with_trouble
