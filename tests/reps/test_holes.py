"""Holes in the radio: the reps beside one stay, and in it the sensor that was silent is unknown."""

import dataclasses
import re
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

import imu_hinge as ih
from imu_hinge.analysis.assemble import hole_warnings
from imu_hinge.analysis.instant.live_input import Intake
from imu_hinge.conventions import Flag
from imu_hinge.model import Region
from imu_hinge.motion.orientation.filter import initial_state, params
from imu_hinge.simulate.session import Simulated, random_set
from imu_hinge.storage.screening.live_check import LiveCheck

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
CASES = DATA / "field_cases"
TRUNKYXL = DATA / "trunkyxl_back_c7_t10_sacrum.npz"


def with_hole(made: Simulated, start_s: float, stop_s: float, *places: str) -> ih.Recording:
    """Return the recording without what the named sensors measured in the hole; the stamps stay true."""
    sensors = dict(made.recording.sensors)
    for place in places:
        samples = sensors[place]
        keep = (samples.time_s < start_s) | (samples.time_s >= stop_s)
        sensors[place] = ih.Samples(samples.time_s[keep], samples.acc[keep], samples.gyr[keep])
    return dataclasses.replace(made.recording, sensors=sensors, exercise=made.truth.exercise)


@pytest.mark.parametrize(
    ("seed", "exercise", "start_s", "length_s", "as_live"),
    [
        (1000, "deadlift", 16.0, 3.0, False),
        (1000, "deadlift", 16.0, 3.0, True),
        (1, "rdl", 21.6, 3.0, False),
        (2, "swing", 27.9, 3.0, True),
        (4, "good_morning", 48.0, 1.0, False),
    ],
)
def test_every_rep_beside_a_hole_is_found(
    seed: int, exercise: str, start_s: float, length_s: float, as_live: bool
) -> None:
    made = random_set(seed, exercise=exercise)
    stop_s = start_s + length_s
    found = ih.analyze(with_hole(made, start_s, stop_s, "sacrum", "t12"), as_live=as_live).lifts
    beside = [r for r in made.truth.reps if r.end_s < start_s - 0.2 or r.start_s > stop_s + 0.2]
    assert 3 <= len(beside) < len(made.truth.reps), "the hole must touch a rep and leave others"
    for rep in beside:
        assert any(abs(r.start_s - rep.start_s) < 0.4 and abs(r.end_s - rep.end_s) < 0.4 for r in found)
    assert len(found) <= len(made.truth.reps)


def test_a_silent_sensor_is_unknown_and_widens_what_it_would_measure() -> None:
    made = random_set(1000, exercise="deadlift")
    rep = made.truth.reps[2]
    hole = rep.start_s + 0.2, rep.start_s + 1.2
    whole = ih.analyze(with_hole(made, 0.0, 0.0)).posture
    holed = ih.analyze(with_hole(made, *hole, "t12")).posture
    inside = (holed.time_s > hole[0] + 0.1) & (holed.time_s < hole[1] - 0.1)
    before = np.interp(holed.time_s[inside], whole.time_s, whole.sd_rad[:, 2])
    assert np.all(np.isnan(holed.sd_rad[inside, 2]) | (holed.sd_rad[inside, 2] > 1.5 * before))


@pytest.mark.skipif(not CASES.is_dir(), reason="the field cases of shared/data are not beside this clone")
@pytest.mark.parametrize("as_live", [False, True])
def test_a_rep_whose_bottom_one_sensor_missed_is_inferred_and_undecided(tmp_path: Path, as_live: bool) -> None:
    """Five clean hinges; the upper sensor was silent during the second pull."""
    with ZipFile(CASES / "t12_missing_for_1.23_s.zip") as archive:
        archive.extractall(tmp_path)
    result = ih.analyze(ih.read([f"{p}={tmp_path / p}.csv" for p in ("sacrum", "t12")]), as_live=as_live)
    assert [rep.basis for rep in result.lifts] == ["measured", "inferred", "measured", "measured", "measured"]
    assert [rep.quality for rep in result.lifts] == ["A", "D", "A", "A", "A"]
    assert [rep.verdict.label for rep in result.lifts] == ["hip_hinge", "undecided", *["hip_hinge"] * 3]
    assert any("The t12 sensor was silent from 23.0 to 24.2 s (rep 2)" in text for text in result.warnings)


@pytest.mark.parametrize("as_live", [False, True])
def test_every_hole_is_named_with_the_sensors_and_the_reps_it_touches(as_live: bool) -> None:
    made = random_set(1, exercise="rdl")
    reps = made.truth.reps
    between = 0.5 * (reps[0].end_s + reps[1].start_s)
    result = ih.analyze(with_hole(made, between - 0.2, between + 0.2, "sacrum", "t12"), as_live=as_live)
    (said,) = [text for text in result.warnings if "silent" in text]
    told = re.match(r"The sacrum and t12 sensors were silent from (\S+) to (\S+) s \(no rep\):", said)
    assert told is not None
    assert [float(s) for s in told.groups()] == pytest.approx([between - 0.2, between + 0.2], abs=0.1)
    assert [rep.basis for rep in result.lifts] == ["measured"] * len(reps)
    assert not any("silent" in text for text in ih.analyze(made.recording, as_live=as_live).warnings)


def test_a_hole_over_several_steps_is_one_and_many_are_counted() -> None:
    sensor = Intake("sacrum", initial_state(params(100.0)), LiveCheck("sacrum", 100.0))
    flags = np.zeros(1000, dtype=np.uint16)
    flags[[*range(95, 230), 400, *range(500, 1000, 50)]] = Flag.GAP
    for first in range(0, 1000, 50):
        sensor.flag(flags[first : first + 50], first)
    assert sensor.holes[:2] == [Region(95, 230), Region(400, 401)]
    (said,) = hole_warnings({"sacrum": sensor.holes}, np.arange(1000) / 100.0, [])
    assert said.startswith("The sacrum sensor was silent from 0.9 to 2.3 s (no rep), from 4.0 to 4.0 s (no rep)")
    assert "6 times more" in said


@pytest.mark.skipif(not TRUNKYXL.exists(), reason="the real recordings of shared/data are not beside this clone")
@pytest.mark.parametrize(("trial", "lost"), [(0, "both"), (7, "t12"), (8, "t12"), (14, "t12")])
def test_people_s_bends_beside_a_hole_of_3_s_stay(trial: int, lost: str) -> None:
    """Three bends forward, then some to the sides and turns: what forward is must not be read out of the hole."""
    with np.load(TRUNKYXL, allow_pickle=False) as file:
        part = slice(*file["offsets"][trial : trial + 2])
        time_s = np.arange(part.stop - part.start) / 50.0
        sensors = {
            place: ih.Samples(time_s, file[f"{at}_acc"][part], file[f"{at}_gyr"][part])
            for place, at in (("sacrum", "s2"), ("t12", "t10"))
        }
    whole = ih.analyze(ih.Recording(sensors)).lifts
    assert len(whole) == 3
    middle = 0.5 * (whole[1].start_s + whole[1].end_s)
    start_s, stop_s = middle - 1.5, middle + 1.5
    for place in ("sacrum", "t12") if lost == "both" else (lost,):
        keep = (time_s < start_s) | (time_s >= stop_s)
        samples = sensors[place]
        sensors[place] = ih.Samples(samples.time_s[keep], samples.acc[keep], samples.gyr[keep])
    found = ih.analyze(ih.Recording(sensors)).lifts
    for rep in (r for r in whole if r.end_s < start_s - 0.2 or r.start_s > stop_s + 0.2):
        assert any(abs(r.start_s - rep.start_s) < 0.4 and abs(r.end_s - rep.end_s) < 0.4 for r in found)
    assert len(found) <= 3


@pytest.mark.skipif(not DATA.is_dir(), reason="the other lifters of shared/data are not beside this clone")
def test_a_hole_that_ends_in_a_quick_movement_refuses_nobody_live() -> None:
    """The inclination starts anew there, off by as much as a swing accelerates; nobody wore the sensor elsewhere."""
    sensors = {}
    with np.load(DATA / "other_lifters" / "37_swing.npz", allow_pickle=False) as file:
        for place in ("sacrum", "t12"):
            time_s, acc, gyr = (file[f"{place}_{column}"] for column in ("time_s", "acc", "gyr"))
            keep = (time_s < 8.66) | (time_s >= 11.66)
            sensors[place] = ih.Samples(time_s[keep], acc[keep], gyr[keep])
    assert len(ih.analyze(ih.Recording(sensors, exercise="swing"), as_live=True).lifts) >= 4
