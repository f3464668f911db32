"""Hold clocks that differ to the jolts that all sensors feel: simulated ones by their truth, real ones by being one."""

import functools
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from imu_hinge import conventions as cv
from imu_hinge.analysis.assemble import clock_warnings
from imu_hinge.analysis.offline import analyze, tracks_of
from imu_hinge.analysis.pipeline import align
from imu_hinge.athlete import Athlete
from imu_hinge.errors import ClocksApart
from imu_hinge.model import Array, Recording, Samples
from imu_hinge.motion.kinematics.clock_offset import clock_behind, synchronise
from imu_hinge.settings import Settings
from imu_hinge.simulate.session import random_set
from imu_hinge.storage.plain_csv import read_csv

RATE_HZ = 100.0
LAGS_AND_RATES = [(0.2, 0.0), (0.5, 0.0), (2.0, 0.0), (30.0, 0.0), (0.5, 0.01), (-0.5, -0.04)]
DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def jolted(seconds: float = 40.0, *, seed: int = 1) -> Array:
    """Return a force that a step jolts about every half second, a plate now and then, and a slow movement."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(0.0, seconds, 0.001)
    force = 9.81 + 1.5 * np.sin(2.0 * np.pi * 0.4 * time_s)
    at_s = np.cumsum(rng.uniform(0.4, 0.6, int(seconds / 0.5)))
    for k, at in enumerate(at_s[at_s < seconds - 1.0]):
        size = 25.0 if k % 9 == 0 else rng.uniform(1.0, 3.0)
        force += size * np.exp(-((time_s - at) ** 2) / (2.0 * 0.02**2))
    return force


def sensor(force: Array, *, behind_s: float, drift: float = 0.0, seed: int = 2, rate_hz: float = RATE_HZ) -> Samples:
    """Return what a sensor reads of it whose clock is behind, turned anyhow."""
    rng = np.random.default_rng(seed)
    true_s = np.arange(0.5, force.size * 0.001 - 0.5, 1.0 / rate_hz)
    axis = rng.normal(size=3)
    read = np.interp(true_s, np.arange(force.size) * 0.001, force) + rng.normal(0.0, 0.05, true_s.size)
    acc = read[:, None] * axis / np.linalg.norm(axis)
    return Samples(true_s + behind_s + drift * true_s, acc, np.zeros((true_s.size, 3)))


@pytest.mark.parametrize("behind_s", [-0.08, 0.0, 0.033, 0.11])
@pytest.mark.parametrize("rate_hz", [50.0, 104.0, 200.0])
def test_jolts_tell_a_lag_to_milliseconds(behind_s: float, rate_hz: float) -> None:
    force = jolted()
    found = clock_behind(sensor(force, behind_s=0.0), sensor(force, behind_s=behind_s, seed=3, rate_hz=rate_hz))
    assert found is not None
    assert found.lag_s == pytest.approx(behind_s, abs=0.003)
    assert found.drift == 0.0


def test_a_drift_is_told_over_many_windows_and_taken_out() -> None:
    force = jolted(400.0)
    first, second = sensor(force, behind_s=0.0), sensor(force, behind_s=0.02, drift=1.5e-4, seed=3)
    found = clock_behind(first, second)
    assert found is not None
    assert found.drift == pytest.approx(1.5e-4, abs=1.5e-5)
    moved, lags = synchronise({"sacrum": first, "t12": second})[:2]
    assert lags == {"t12": pytest.approx(0.05, abs=0.003)}
    assert np.abs(moved["t12"].time_s - first.time_s).max() < 0.005
    assert moved["sacrum"] is first


def test_the_sensor_that_is_ahead_is_believed() -> None:
    force = jolted()
    first, second = sensor(force, behind_s=0.04), sensor(force, behind_s=0.0, seed=3)
    moved, lags = synchronise({"sacrum": first, "t12": second})[:2]
    assert lags == {"sacrum": pytest.approx(0.04, abs=0.003)}
    assert moved["t12"] is second


def test_different_jolts_tell_nothing_and_move_nothing() -> None:
    first, second = sensor(jolted(), behind_s=0.0), sensor(jolted(seed=7), behind_s=0.05, seed=3)
    moved = synchronise({"sacrum": first, "t12": second})
    assert moved.sensors == {"sacrum": first, "t12": second}
    assert moved.sd_s > 0.25
    assert any("cannot be told better" in text for text in clock_warnings(moved))


@pytest.mark.parametrize("seconds", [1.2, 3.0])
def test_too_little_tells_nothing(seconds: float) -> None:
    force = jolted(seconds)
    assert clock_behind(sensor(force, behind_s=0.0), sensor(force, behind_s=0.0)) is None


def test_a_dead_channel_tells_nothing() -> None:
    force = jolted()
    dead = Samples(np.arange(3000) / RATE_HZ, np.tile([0.0, 0.0, 9.81], (3000, 1)), np.zeros((3000, 3)))
    moved = synchronise({"sacrum": sensor(force, behind_s=0.0), "t12": dead})
    assert not moved.behind_s
    assert moved.sd_s > 0.25


def test_simulated_sets_come_into_step() -> None:
    """Twelve sets of every exercise, as cheap sensors see them: half a set's clocks differ by more than 10 ms."""
    off_s, as_they_come_s = [], []
    for seed in range(900, 912):
        made = random_set(seed, placements=("sacrum", "t12"))
        pelvis, back = (made.sensors[p] for p in ("sacrum", "t12"))
        middle_s = 0.5 * float(made.truth.time_s[-1])
        true_s = back.clock_offset_s - pelvis.clock_offset_s
        true_s -= 1e-6 * (back.clock_ppm - pelvis.clock_ppm) * middle_s
        found = clock_behind(made.recording.sensors["sacrum"], made.recording.sensors["t12"])
        as_they_come_s.append(abs(true_s))
        if found is not None:
            off_s.append(abs(found.lag_s - true_s))
    assert len(off_s) >= 9
    assert max(off_s) < 0.008 < np.sqrt(np.mean(np.square(as_they_come_s)))


def test_sensors_of_one_real_recorder_are_in_step_already() -> None:
    path = DATA / "qmt_trunk" / "full_body_trunk.npz"
    if not path.exists():
        pytest.skip("../shared/data is not here: real recordings are read in place")
    data = np.load(path, allow_pickle=False)
    low, high = (Samples(data["t"], data[f"{p}_back_acc"], data[f"{p}_back_gyr"]) for p in ("lower", "upper"))
    found = clock_behind(low, high)
    assert found is not None
    assert abs(found.lag_s) < 0.005
    late = Samples(high.time_s + 0.04, high.acc, high.gyr)
    assert synchronise({"sacrum": low, "t12": late})[1]["t12"] == pytest.approx(0.04, abs=0.005)


@pytest.mark.parametrize("exercise", ["deadlift", "rdl", "swing", "squat", "good_morning"])
@pytest.mark.parametrize(
    ("late_s", "rate"), [(0.2, 0.0), (0.5, 0.0), (2.0, 0.0), (30.0, 0.0), (0.5, 0.01), (-0.5, -0.04)]
)
def test_any_lag_and_rate_of_a_simulated_set_is_found(exercise: str, late_s: float, rate: float) -> None:
    first, second, true_s = simulated(exercise)
    put_s = second.time_s * (1.0 + rate) + late_s
    found = clock_behind(first, Samples(put_s, second.acc, second.gyr))
    assert found is not None
    assert np.abs(found.undone(put_s) - true_s)[[0, len(put_s) // 2, -1]].max() < 0.01
    assert found.sd_s < 0.01


@functools.cache
def simulated(exercise: str) -> tuple[Samples, Samples, Array]:
    """Return both sensors' samples, and the second's true times by the first's clock."""
    made = random_set(902, exercise=exercise, placements=("sacrum", "t12"))
    pelvis, back = (made.sensors[p] for p in ("sacrum", "t12"))
    first, second = (made.recording.sensors[p] for p in ("sacrum", "t12"))
    drift = 1e-6 * (pelvis.clock_ppm - back.clock_ppm)
    return first, second, second.time_s - (back.clock_offset_s - pelvis.clock_offset_s) - drift * second.time_s


def test_the_next_step_is_not_taken_for_this_one() -> None:
    """One walks in evenly: half a second late, each step falls on the next, and only the bends tell which is which."""
    made = random_set(81001, exercise="deadlift", placements=("sacrum", "t12"))
    first, second = (made.recording.sensors[p] for p in ("sacrum", "t12"))
    as_it_came = clock_behind(first, second)
    late = clock_behind(first, Samples(second.time_s + 0.5, second.acc, second.gyr))
    assert as_it_came is not None
    assert late is not None
    assert late.lag_s - as_it_came.lag_s == pytest.approx(0.5, abs=0.012)


def bending(at_s: Array, seed: int, *, period_s: float = 3.0) -> Samples:
    """Return a smooth trunk that bends without end, rep as rep, and never shakes but by its sensor's noise."""
    rng = np.random.default_rng(seed)
    inclination = np.radians(30.0) * (1.0 - np.cos(2.0 * np.pi * at_s / period_s))
    rate = np.radians(30.0) * 2.0 * np.pi / period_s * np.sin(2.0 * np.pi * at_s / period_s)
    none = np.zeros_like(at_s)
    acc = 9.81 * np.stack((-np.sin(inclination), none, np.cos(inclination)), axis=1) + rng.normal(
        0.0, 0.3, (at_s.size, 3)
    )
    gyr = np.stack((none, rate, none), axis=1) + rng.normal(0.0, 0.3, (at_s.size, 3))
    return Samples(at_s - at_s[0], acc, gyr)


def test_clocks_that_surely_differ_and_may_by_one_bend_or_another_are_refused() -> None:
    at_s = np.arange(0.0, 30.0, 0.01)
    with pytest.raises(ClocksApart, match="clocks do not agree"):
        synchronise({"sacrum": bending(at_s, 1), "t12": bending(at_s + 0.75, 2)})


@pytest.mark.parametrize("late_s", [0.0, 0.1])
def test_equal_bends_that_may_agree_are_left_alone(late_s: float) -> None:
    at_s = np.arange(0.0, 30.0, 0.01)
    moved = synchronise({"sacrum": bending(at_s, 1), "t12": bending(at_s - late_s, 2)})
    assert not moved.behind_s
    assert not moved.drift


def test_bends_of_unequal_length_tell_a_lag_to_what_is_said() -> None:
    """Without any shake the motion alone tells it, and says how well."""
    true_s = np.arange(0.0, 40.0, 0.01)
    phase_s = true_s + 1.2 * np.sin(true_s / 4.0) + 0.8 * np.sin(true_s / 2.3)
    first, second = bending(phase_s, 1), bending(phase_s, 2)
    first, second = (Samples(true_s + late_s, s.acc, s.gyr) for s, late_s in ((first, 0.0), (second, 1.5)))
    moved = synchronise({"sacrum": first, "t12": second})
    assert moved.behind_s["t12"] == pytest.approx(1.5, abs=2.0 * moved.sd_s)
    assert 0.05 <= moved.sd_s < 0.06  # a person's own rhythm is in it


def test_what_is_left_of_a_lag_is_in_the_sd() -> None:
    made = random_set(902, exercise="swing", placements=("sacrum", "t12"))
    tracks, clocks = tracks_of(made.recording, Settings())
    assert 0.0 < clocks.sd_s < 0.01
    sharp, dull = (align(tracks, Settings(), is_live=False, sync_s=sync_s) for sync_s in (clocks.sd_s, 0.05))
    assert sharp is not None
    assert dull is not None
    lumbar = cv.ANGLES.index("lumbar_flexion")
    wider = dull.posture.sd_rad[:, lumbar] - sharp.posture.sd_rad[:, lumbar]
    assert np.nanmin(wider) >= 0.0
    assert np.nanmax(wider) > np.radians(3.0)  # a swing's lumbar spine turns faster than 60 deg/s


def real_pairs() -> list[tuple[Samples, Samples]]:
    """Return sacrum and T10 of real people who bend, lean sideways and turn, on one recorder."""
    path = DATA / "trunkyxl_back_c7_t10_sacrum.npz"
    if not path.exists():
        pytest.skip("../shared/data is not here: real recordings are read in place")
    with np.load(path, allow_pickle=False) as data:
        edges = data["offsets"]
        low, high = (np.concatenate((data[f"{n}_acc"], data[f"{n}_gyr"]), axis=1).astype(float) for n in ("s2", "t10"))
    return [
        tuple(Samples(np.arange(b - a) / 50.0, s[a:b, :3], s[a:b, 3:]) for s in (low, high))  # type: ignore[misc]
        for a, b in pairwise(edges)
    ]


def test_real_people_in_step_are_neither_moved_nor_refused() -> None:
    for low, high in real_pairs():
        moved = synchronise({"sacrum": low, "t12": high})
        assert max(moved.behind_s.values(), default=0.0) < 0.01


def lifters_of_another_hand() -> list[tuple[Samples, Samples]]:
    """Return sacrum and T12 of simulated lifters that the package's own simulator did not make, on one clock."""
    paths = sorted((DATA / "other_lifters").glob("*.npz"))
    if not paths:
        pytest.skip("../shared/data is not here: other lifters are read in place")
    pairs = []
    for path in paths:
        with np.load(path, allow_pickle=False) as data:
            low, high = (Samples(*(data[f"{p}_{n}"] for n in ("time_s", "acc", "gyr"))) for p in ("sacrum", "t12"))
        pairs.append((low, high))
    return pairs


def test_other_lifters_in_step_are_told_so() -> None:
    for low, high in lifters_of_another_hand():
        moved = synchronise({"sacrum": low, "t12": high})
        assert max(moved.behind_s.values(), default=0.0) <= 0.01
        assert 0.0 < moved.sd_s < 0.035


@pytest.mark.parametrize("late_s", [0.05, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("people", [real_pairs, lifters_of_another_hand])
def test_no_lag_is_left_in_silence(people: Callable[[], list[tuple[Samples, Samples]]], late_s: float) -> None:
    """It is found, within twice its sd, or the sd says how far it may be; every third set is enough here."""
    for low, high in people()[::3]:
        found = clock_behind(low, Samples(high.time_s + late_s, high.acc, high.gyr))
        assert found is not None
        assert abs(found.lag_s - late_s) <= 2.0 * max(found.sd_s, 0.003)


@pytest.mark.parametrize("late_s", [2.0, 30.0])
def test_real_people_far_out_of_step_are_moved_by_it_or_refused_or_told_that_nothing_tells(late_s: float) -> None:
    """Their own rhythm is in the difference; those who hardly bend both at once tell nothing."""
    moved_by_s = []
    for low, high in real_pairs():
        try:
            moved = synchronise({"sacrum": low, "t12": Samples(high.time_s + late_s, high.acc, high.gyr)})
        except ClocksApart:
            continue
        if moved.behind_s:
            moved_by_s.append(moved.behind_s["t12"])
        else:
            assert any("cannot be told better" in text for text in clock_warnings(moved))
    assert len(moved_by_s) >= 12
    assert np.abs(np.array(moved_by_s) - late_s).max() < 0.17


@pytest.mark.parametrize(
    ("name", "reps"),
    [("clock_0_2_swing", 10), ("t12_clock_half_a_second_late", 6), ("t12_clock_one_percent_fast", 6)],
)
def test_field_files_come_into_step(name: str, reps: int, tmp_path: Path) -> None:
    """All are clean hinges; those who deadlift bend the lumbar spine by 13 to 16 degrees."""
    archive = DATA / "field_cases" / f"{name}.zip"
    if not archive.is_file():
        pytest.skip("field_cases are not beside this folder")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path)
    recording = Recording({p: read_csv(next(tmp_path.rglob(f"{p}.csv"))) for p in ("sacrum", "t12")})
    result = analyze(recording, athlete=Athlete(height_m=1.57))
    assert list(result.reps["verdict"]) == ["hip_hinge"] * reps
    assert np.median(result.reps["lumbar_flexion_peak_deg"]) == pytest.approx(14.5, abs=2.5)
    assert any("clock of the t12 sensor" in text for text in result.warnings)
