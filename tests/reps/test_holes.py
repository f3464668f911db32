"""Holes in the radio: the reps beside one stay, and in it the sensor that was silent is unknown."""

import dataclasses
import json
import re
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

import imu_hinge as ih
from imu_hinge.analysis.assemble import hole_warnings
from imu_hinge.analysis.instant.live_input import Intake
from imu_hinge.conventions import PELVIS_TILT, TRUNK_INCLINATION, Flag
from imu_hinge.model import Region
from imu_hinge.motion.orientation.filter import initial_state, params
from imu_hinge.reps.holes import ways_beside_hole
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


@pytest.mark.parametrize(("seed", "exercise", "as_live"), [(701, "rdl", False), (704, "good_morning", True)])
def test_holes_of_0_3_s_every_second_cost_no_rep(seed: int, exercise: str, as_live: bool) -> None:
    """Every rep is touched by several: none is seen whole, and each is known well enough to be like the others."""
    made = random_set(seed, exercise=exercise)
    samples = made.recording.sensors["sacrum"]
    keep = (samples.time_s < 1.0) | ((samples.time_s - 0.2) % 1.0 >= 0.3)
    samples = ih.Samples(samples.time_s[keep], samples.acc[keep], samples.gyr[keep])
    recording = ih.Recording({"sacrum": samples}, athlete=made.recording.athlete, exercise=exercise)
    found = ih.analyze(recording, as_live=as_live).lifts
    assert len(found) == len(made.truth.reps)
    for lift, rep in zip(found, made.truth.reps, strict=True):
        assert abs(lift.start_s - rep.start_s) < 0.5  # onsets lie in holes
        assert abs(lift.end_s - rep.end_s) < 0.5


@pytest.mark.skipif(not DATA.is_dir(), reason="the other lifters of shared/data are not beside this clone")
@pytest.mark.parametrize(("name", "start_s"), [("29_deadlift", 21.28), ("41_deadlift", 29.24)])
def test_a_hole_from_floor_to_floor_hides_one_lift_and_moves_no_other(name: str, start_s: float) -> None:
    """The bends on both sides look like one with a long hold; the lifts beside it end and begin where they did."""
    with np.load(DATA / "other_lifters" / f"{name}.npz", allow_pickle=False) as file:
        time_s, acc, gyr = (file[f"sacrum_{column}"] for column in ("time_s", "acc", "gyr"))
    (row,) = (r for r in json.loads((DATA / "other_lifters" / "index.json").read_text()) if name in r["file"])
    reps = [(r["start_s"], r["end_s"]) for r in row["reps"]]
    keep = (time_s < start_s) | (time_s >= start_s + 3.0)
    samples = ih.Samples(time_s[keep], acc[keep], gyr[keep])
    found = ih.analyze(ih.Recording({"sacrum": samples}, exercise="deadlift")).lifts
    beside = [(start, end) for start, end in reps if end < start_s - 0.2 or start > start_s + 3.2]
    assert len(beside) == len(reps) - 1
    for start, end in beside:
        assert any(abs(r.start_s - start) < 0.4 and abs(r.end_s - end) < 0.4 for r in found)
    assert len(found) <= len(reps)


def test_the_ways_beside_a_hole_end_and_begin_at_it_only_where_the_body_is_low_and_slow() -> None:
    rate_hz = 100.0
    time_s = np.arange(800) / rate_hz
    depth = np.interp(time_s, [0.0, 1.0, 2.0, 6.0, 7.0, 8.0], [0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    for (first, last), expected in {
        (250, 550): (250, 550),  # held on both sides
        (170, 550): (800, 550),  # on the way down as it began
        (250, 620): (250, 0),  # on the way up as it was over
        (50, 550): (800, 0),  # upright as it began
    }.items():
        is_gap = np.zeros(800, dtype=bool)
        is_gap[first:last] = True
        assert ways_beside_hole(depth, is_gap, rate_hz) == expected


def test_a_silent_sensor_is_unknown_and_widens_what_it_would_measure() -> None:
    made = random_set(1000, exercise="deadlift")
    rep = made.truth.reps[2]
    hole = rep.start_s + 0.2, rep.start_s + 1.2
    whole = ih.analyze(with_hole(made, 0.0, 0.0)).posture
    holed = ih.analyze(with_hole(made, *hole, "t12")).posture
    inside = (holed.time_s > hole[0] + 0.1) & (holed.time_s < hole[1] - 0.1)
    before = np.interp(holed.time_s[inside], whole.time_s, whole.sd_rad[:, 2])
    assert np.all(np.isnan(holed.sd_rad[inside, 2]) | (holed.sd_rad[inside, 2] > 1.5 * before))


def test_truth_stays_inside_the_band_of_the_inclination_after_a_hole() -> None:
    """Gravity alone tells it anew, and the body accelerates meanwhile: far off at once, after 3 s hardly any more."""
    offs, sds = [], []
    for seed, exercise, length_s in ((900, "deadlift", 3.0), (901, "rdl", 0.5), (902, "swing", 1.0)):
        made = random_set(seed, exercise=exercise)
        rep = made.truth.reps[len(made.truth.reps) // 2]
        stop_s = 0.5 * (rep.start_s + rep.turn_s)  # in mid-movement
        recording = with_hole(made, stop_s - length_s, stop_s, "sacrum", "t12")
        sensors = {p: s[: np.searchsorted(s.time_s, stop_s + 4.0)] for p, s in recording.sensors.items()}
        posture = ih.analyze(dataclasses.replace(recording, sensors=sensors), as_live=True).posture
        since_s = posture.time_s - stop_s
        after = (since_s > 0.02) & (since_s < 3.0)
        for angle in (PELVIS_TILT, TRUNK_INCLINATION):
            true = np.interp(posture.time_s[after], made.truth.time_s, made.truth.angles_rad[:, angle])
            offs.append(np.degrees(np.abs(posture.angles_rad[after, angle] - true)))
            sds.append(np.degrees(posture.sd_rad[after, angle]))
            before = np.degrees(posture.sd_rad[np.searchsorted(since_s, -length_s - 0.2), angle])
            assert sds[-1][0] > 3.0 * before, "what turned in the hole was not seen"
            assert sds[-1][-1] < before + 2.0, "gravity has told it again"
    assert np.concatenate([off[:30] for off in offs]).max() > 5.0, "holes that cost nothing test nothing"
    assert np.mean(np.concatenate(offs) < 1.96 * np.concatenate(sds)) >= 0.95


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
@pytest.mark.parametrize(
    ("name", "places", "start_s", "after_s"),
    [("37_swing", ("sacrum", "t12"), 8.66, (12.0,)), ("23_swing", ("sacrum",), 7.33, (10.8, 12.1))],
)
def test_a_hole_that_ends_in_a_quick_movement_costs_only_what_it_covers_live(
    name: str, places: tuple[str, ...], start_s: float, after_s: tuple[float, ...]
) -> None:
    """The inclination starts anew there, off by as much as a swing accelerates, and the height with it."""
    sensors = {}
    with np.load(DATA / "other_lifters" / f"{name}.npz", allow_pickle=False) as file:
        for place in places:
            time_s, acc, gyr = (file[f"{place}_{column}"] for column in ("time_s", "acc", "gyr"))
            keep = (time_s < start_s) | (time_s >= start_s + 3.0)
            sensors[place] = ih.Samples(time_s[keep], acc[keep], gyr[keep])
    found = ih.analyze(ih.Recording(sensors, exercise="swing"), as_live=True).lifts
    assert len(found) >= 4
    for rep_s in after_s:
        assert any(abs(rep.start_s - rep_s) < 0.4 for rep in found)
