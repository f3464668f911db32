"""Try low rate, jitter, gaps and wrong places on real people: nothing crashes, every refusal is typed.

The recordings are read in place; a fixed part of them, to keep the suite short.
"""

from pathlib import Path

import numpy as np
import pytest

import imu_hinge as ih

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the real recordings of shared/data are not beside this clone"
)


def at_times_of(time_s: np.ndarray, other_s: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return values (m, 3) of another clock at ``time_s``, (n, 3), straight lines between."""
    return np.stack([np.interp(time_s, other_s, column) for column in values.T], axis=1)


def analysed(recording: ih.Recording) -> ih.SetResult | None:
    """Return the result, or None where the recording is refused with a sentence."""
    try:
        return ih.analyze(recording)
    except ih.HingeError:
        return None


def test_a_wrist_at_25_hz_never_crashes() -> None:
    data = np.load(DATA / "metamotion_wrist_barbell.npz", allow_pickle=False)
    for i in range(0, len(data["exercise"]), 5):
        acc = slice(*data["acc_offsets"][i : i + 2])
        gyr = slice(*data["gyr_offsets"][i : i + 2])
        time_s = data["gyr_t"][gyr]
        force = at_times_of(time_s, data["acc_t"][acc], data["acc"][acc])
        result = analysed(ih.Recording({"sacrum": ih.Samples(time_s, force, data["gyr"][gyr])}))
        if result is not None:
            assert (result.reps["basis"] == "inferred").all()
            assert len(result.angles) == len(result.posture)


def test_a_wrist_worn_as_a_sacrum_gets_no_verdict() -> None:
    """At the accelerometer's own 12.5 Hz: refused, no rep, or undecided."""
    data = np.load(DATA / "metamotion_wrist_barbell.npz", allow_pickle=False)
    for i in range(0, len(data["exercise"]), 4):
        acc = slice(*data["acc_offsets"][i : i + 2])
        gyr = slice(*data["gyr_offsets"][i : i + 2])
        time_s = data["acc_t"][acc]
        rate = at_times_of(time_s, data["gyr_t"][gyr], data["gyr"][gyr])
        result = analysed(ih.Recording({"sacrum": ih.Samples(time_s, data["acc"][acc], rate)}))
        assert result is None or {rep.verdict.label for rep in result.lifts} <= {"undecided"}


def test_waist_and_chest_at_20_hz_find_the_one_bend() -> None:
    data = np.load(DATA / "umafall_waist_chest_bending.npz", allow_pickle=False)
    bends = np.flatnonzero(data["label"] == "Bending")[::4]
    counts = []
    for i in bends:
        sensors = {}
        for placement, where in (("hip", "waist"), ("chest", "chest")):
            part = slice(*data[f"{where}_offsets"][i : i + 2])
            sensors[placement] = ih.Samples(
                data[f"{where}_t"][part], data[f"{where}_acc"][part], data[f"{where}_gyr"][part]
            )
        result = analysed(ih.Recording(sensors))
        counts.append(-1 if result is None else len(result.lifts))
    assert np.mean(np.array(counts) == 1) >= 0.75  # 44 of all 46 trials, two find none
