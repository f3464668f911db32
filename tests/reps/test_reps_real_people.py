"""Real people's bends: TrunkyXL's three flexions among side bends and turns, SisFall's one bend in every trial."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from imu_hinge.analysis.offline import analyze
from imu_hinge.errors import HingeError
from imu_hinge.model import Recording, Samples
from imu_hinge.result import SetResult

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
ADXL345_MPS2 = 9.80665 * 32.0 / 2**13
ITG3200_RAD_S = np.radians(1.0 / 14.375)  # by its data sheet


def load(name: str) -> dict[str, np.ndarray]:
    if not (DATA / name).exists():
        pytest.skip("real people's recordings are not here: ../shared/data is absent")
    with np.load(DATA / name, allow_pickle=False) as file:
        return dict(file)


def trials(data: dict[str, np.ndarray]) -> list[slice]:
    return [slice(a, b) for a, b in zip(data["offsets"][:-1], data["offsets"][1:], strict=True)]


def samples(acc: np.ndarray, gyr: np.ndarray, rate_hz: float) -> Samples:
    return Samples(np.arange(len(acc)) / rate_hz, acc.astype(float), gyr.astype(float))


@lru_cache(maxsize=1)
def trunky() -> tuple[SetResult, ...]:
    data = load("trunkyxl_back_c7_t10_sacrum.npz")
    return tuple(
        analyze(
            Recording(
                {
                    "sacrum": samples(data["s2_acc"][part], data["s2_gyr"][part], 50.0),
                    "t12": samples(data["t10_acc"][part], data["t10_gyr"][part], 50.0),
                }
            )
        )
        for part in trials(data)
    )


def test_trunky_three_flexions_are_found_in_every_trial() -> None:
    """Reached: 18 of 18; in one of them a fourth flexion was under way when the recording began.

    They bow, lean back and bow again, then lean to both sides: slower than they bowed, and nearly as far. What is
    taken for a flexion goes farther than any of it.
    """
    assert [len(result.lifts) for result in trunky()] == [3] * 18
    for result in trunky():
        inclination_rad = result.posture.inclination_rad
        assert min(rep.trunk_inclination_peak_rad for rep in result.lifts) > 0.8 * np.max(np.abs(inclination_rad))


def test_trunky_lumbar_flexion_is_measured_and_a_decided_verdict_follows_from_it() -> None:
    """The pelvis is held, so the back does much of the bending: 38 to 83 degrees of lean."""
    for result in trunky():
        for rep in result.lifts:
            assert rep.basis == "measured"
            assert rep.lumbar_flexion_peak_rad > 0.2 * rep.trunk_inclination_peak_rad
            if rep.verdict.label == "lumbar_flexion":
                assert rep.lumbar_flexion_peak_rad > result.athlete.limit_rad
            elif rep.verdict.label == "hip_hinge":
                assert rep.lumbar_flexion_peak_rad < result.athlete.limit_rad


def test_trunky_who_surely_rounds_past_the_limit_is_told_so() -> None:
    """Reached per trial, median peak in degrees and the three verdicts (L lumbar flexion, H hip hinge, U undecided).

    pp02: 46 LLL, 48 LLL, 47 LLL. pp05: 19 HHH, 20 HHH, 22 HHH. pp07: 18 HHH, 18 HHH, 17 HHH.
    pp11: 48 LLL, 47 LLL, 44 LLL. pp13: 40 LUH, 42 UUU (a slipped sensor), 41 ULU. pp16: 53 LLL, 54 LLL, 49 LLL.
    The issue expects `lumbar_flexion` throughout; two people bend by half of the default limit of 38.5 degrees, and
    nobody recorded what their own is.
    """
    told = 0
    for result in trunky():
        limit_rad, labels = result.athlete.limit_rad, [rep.verdict.label for rep in result.lifts]
        peaks = np.array([rep.lumbar_flexion_peak_rad for rep in result.lifts])
        if np.median(peaks) > limit_rad + np.radians(4.0) and "undecided" not in labels:
            assert labels == ["lumbar_flexion"] * 3
            told += 1
        if np.median(peaks) < limit_rad - np.radians(4.0):
            assert "lumbar_flexion" not in labels
    assert told == 9


def test_sisfall_every_third_bend_is_found_once() -> None:
    """Reached over all trials: with the knees (D15) 94 of 95, without (D16) 93 of 95; here every third.

    What is missed: people who end bent, and people whose squat tilts the waist little while its height is unsure.
    """
    data = load("sisfall_squat_vs_bend.npz")
    found = {"D15": [], "D16": []}
    for part, label in list(zip(trials(data), data["label"], strict=True))[::3]:
        if str(label) not in found:
            continue
        worn = samples(data["adxl"][part] * ADXL345_MPS2, data["gyr"][part] * ITG3200_RAD_S, 200.0)
        try:
            result = analyze(Recording({"hip": worn}))
        except HingeError:
            found[str(label)].append(-1)
            continue
        found[str(label)].append(len(result.lifts))
        known = result.posture.inclination_rad[np.isfinite(result.posture.inclination_rad)]
        assert np.degrees(np.abs(known)).max(initial=0.0) < 150.0
    share = {label: np.mean([count == 1 for count in counts]) for label, counts in found.items()}
    assert share["D15"] > 0.8
    assert share["D16"] > 0.9
    assert max(max(counts) for counts in found.values()) <= 2
