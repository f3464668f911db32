"""What goes wrong, through the public surface: one sentence, an exit code, nothing half-written.

Each sentence says what was seen and what to do. The cases are those of issue 2, "Bad input".
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import imu_hinge as ih
from imu_hinge import errors
from imu_hinge.cli import main
from imu_hinge.conventions import CSV_COLUMNS, Flag
from imu_hinge.simulate.session import Simulated, random_set

Rows = list[str]
HEADER = ",".join(CSV_COLUMNS)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs ``imu-hinge`` in this process: exit code, what was printed, what was complained."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["imu-hinge", *(str(word) for word in words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main()
        code = stopped.value.code
        printed = capsys.readouterr()
        return 0 if code is None else int(code), printed.out, printed.err

    return call


def refused(run: Run, error: type[ih.HingeError], *parts: str, words: tuple[object, ...]) -> str:
    """Run ``imu-hinge analyze`` and check the refusal: its class's code, a sentence with its parts, nothing else."""
    code, out, err = run("analyze", *words)
    assert code == error.exit_code
    assert out == ""
    assert err.startswith("imu-hinge: ")
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err
    for part in parts:
        assert part in err, err
    sentences = re.findall(r"[^.!?]+[.!?](?=\s|$)", err)
    assert len(sentences) >= 2 or ";" in err, f"it does not say what to do: {err}"
    return err


@pytest.fixture(scope="session")
def plain(hinge_folder: Path) -> dict[str, Rows]:
    """The bundled recording's rows by placement, header first."""
    return {place: (hinge_folder / f"{place}.csv").read_text("utf-8").splitlines() for place in ("sacrum", "t12")}


Edit = Callable[[np.ndarray], np.ndarray]


@pytest.fixture
def edited(tmp_path: Path, plain: dict[str, Rows]) -> Callable[[Edit], str]:
    """Return a function that changes the sacrum's rows (n, 7) and gives the file as ``sacrum=...``."""
    rows = np.loadtxt(plain["sacrum"][1:], delimiter=",", usecols=range(7))

    def write(change: Edit) -> str:
        path = tmp_path / "pelvis.csv"
        np.savetxt(path, change(rows.copy()), delimiter=",", header=HEADER, comments="", fmt="%.6g")
        return f"sacrum={path}"

    return write


@pytest.fixture
def text_file(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "pelvis.csv"
        path.write_text(text, encoding="utf-8")
        return f"sacrum={path}"

    return write


@pytest.fixture
def copied(tmp_path: Path, hinge_folder: Path) -> Path:
    return Path(shutil.copytree(hinge_folder, tmp_path / "copy"))


def scaled(columns: slice, factor: float) -> Edit:
    def change(rows: np.ndarray) -> np.ndarray:
        rows[:, columns] *= factor
        return rows

    return change


ACC, GYR = slice(1, 4), slice(4, 7)


# files that are not what they should be ----------------------------------------------------------------------------


def test_a_missing_file(run: Run, tmp_path: Path) -> None:
    refused(run, errors.RecordingError, "nowhere.csv", words=(f"sacrum={tmp_path / 'nowhere.csv'}",))


def test_a_missing_recording(run: Run, tmp_path: Path) -> None:
    refused(run, errors.RecordingError, "nowhere", "Check", words=(tmp_path / "nowhere",))


def test_a_file_without_its_placement(run: Run, hinge_folder: Path) -> None:
    refused(run, errors.RecordingError, "PLACEMENT=file", words=(hinge_folder / "sacrum.csv",))


def test_a_missing_column(run: Run, text_file: Callable[[str], str], plain: dict[str, Rows]) -> None:
    rows = [",".join(row.split(",")[:6]) for row in plain["sacrum"]]
    refused(run, errors.UnknownFormat, "gyr_z", words=(text_file("\n".join(rows)),))


def test_a_wrong_header(run: Run, text_file: Callable[[str], str], plain: dict[str, Rows]) -> None:
    rows = ["t,ax,ay,az,gx,gy,gz", *plain["sacrum"][1:]]
    refused(run, errors.UnknownFormat, "time_s", words=(text_file("\n".join(rows)),))


def test_an_empty_file_and_a_header_alone(run: Run, text_file: Callable[[str], str]) -> None:
    refused(run, errors.RecordingError, words=(text_file(""),))
    refused(run, errors.RecordingError, words=(text_file(HEADER + "\n"),))


def test_something_that_is_no_text(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "picture.csv"
    path.write_bytes(bytes(range(256)) * 20)
    refused(run, errors.RecordingError, "picture.csv", words=(f"sacrum={path}",))


def test_a_cell_that_is_no_number(run: Run, text_file: Callable[[str], str], plain: dict[str, Rows]) -> None:
    rows = list(plain["sacrum"])
    rows[100] = rows[100].replace(",", ",oops", 1)
    refused(run, errors.RecordingError, "oops", "row 100", words=(text_file("\n".join(rows)),))


# numbers that no sensor delivers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "parts"),
    [
        (scaled(ACC, 1 / 9.80665), errors.UnknownUnits, ("is in g", "Multiply")),
        (scaled(ACC, 1000 / 9.80665), errors.UnknownUnits, ("milli-g", "Multiply")),
        (scaled(GYR, 180 / np.pi), errors.UnknownUnits, ("deg/s", "Multiply")),
        (scaled(slice(0, 1), 1000.0), errors.BadSamples, ("time_s looks like ms", "Divide")),
        (lambda rows: rows[:200], errors.TooShort, ("1.99 s long", "3 s are needed", "Record")),
        (lambda rows: rows[::-1], errors.BadSamples, ("backwards", "Reverse")),
        (lambda rows: rows[::20], errors.BadSamples, ("5 Hz", "10 Hz are needed")),
    ],
    ids=["g", "milli-g", "deg per s", "ms", "two seconds", "backwards", "5 Hz"],
)
def test_numbers_in_the_wrong_unit_or_order(
    run: Run, edited: Callable[[Edit], str], change: Edit, error: type[ih.HingeError], parts: tuple[str, ...]
) -> None:
    refused(run, error, "sacrum", *parts, words=(edited(change),))


def test_many_nans_are_refused_and_a_few_are_gaps(run: Run, edited: Callable[[Edit], str]) -> None:
    def spoil(share: int) -> Edit:
        def change(rows: np.ndarray) -> np.ndarray:
            rows[::share, 2] = np.nan
            return rows

        return change

    refused(run, errors.BadSamples, "no finite number", "acc_y", words=(edited(spoil(10)),))
    recording = ih.read(edited(spoil(500)))
    assert ((recording.sensors["sacrum"].flags & Flag.GAP) != 0).any()
    assert len(ih.analyze(recording).lifts) == 5


def test_a_constant_channel(run: Run, edited: Callable[[Edit], str]) -> None:
    def change(rows: np.ndarray) -> np.ndarray:
        rows[:, 5] = 0.0
        return rows

    refused(run, errors.BadSamples, "gyr_y", "dead", words=(edited(change),))


def test_a_clock_that_starts_again(run: Run, edited: Callable[[Edit], str]) -> None:
    def change(rows: np.ndarray) -> np.ndarray:
        rows[2000:, 0] -= rows[2000, 0]
        return rows

    refused(run, errors.BadSamples, "jumps back", "Split", words=(edited(change),))


def test_repeated_rows_are_read_once(edited: Callable[[Edit], str]) -> None:
    recording = ih.read(edited(lambda rows: np.repeat(rows, np.where(np.arange(len(rows)) % 50 == 0, 2, 1), axis=0)))
    samples = recording.sensors["sacrum"]
    assert (np.diff(samples.time_s) > 0.0).all()
    assert ((samples.flags & Flag.DUPLICATE) != 0).any()


def test_clipped_samples_are_flagged_down_to_the_table(edited: Callable[[Edit], str]) -> None:
    def change(rows: np.ndarray) -> np.ndarray:
        for plate in (2204, 2655, 3025):  # a plate on the floor: up and down again, beyond what the sensor reads
            rows[plate : plate + 2, 1] = 4.0 * 9.80665
            rows[plate + 2 : plate + 4, 1] = -4.0 * 9.80665
        return rows

    result = ih.analyze(ih.read(edited(change)))
    assert len(result.lifts) == 5
    assert ((result.angles["flags"].to_numpy() & Flag.CLIPPED) != 0).sum() >= 6


def test_gaps_are_flagged_and_the_rest_is_analysed(edited: Callable[[Edit], str]) -> None:
    def change(rows: np.ndarray) -> np.ndarray:
        keep = np.ones(len(rows), dtype=bool)
        keep[1000:1030] = False  # while standing or setting up
        keep[3300:3305] = False
        return rows[keep]

    result = ih.analyze(ih.read(edited(change)))
    assert len(result.lifts) == 5
    assert ((result.angles["flags"].to_numpy() & Flag.GAP) != 0).any()


def slower(samples: ih.Samples, every: int) -> ih.Samples:
    """Average so many samples into one, as a sensor set to a low rate does inside itself."""

    def mean(values: np.ndarray) -> np.ndarray:
        whole = len(values) // every * every
        return np.asarray(values[:whole].reshape(-1, every, *values.shape[1:]).mean(axis=1))

    return ih.Samples(mean(samples.time_s), mean(samples.acc), mean(samples.gyr))


@pytest.mark.parametrize(("rate_hz", "every", "tolerance_deg"), [(50.0, 5, 6.0), (1000.0, 1, 4.0)], ids=["10", "1000"])
def test_10_hz_and_1_khz_work(rate_hz: float, every: int, tolerance_deg: float) -> None:
    made = random_set(5, exercise="deadlift", style="good_hinge", rate_hz=rate_hz)
    sensors = {place: slower(samples, every) for place, samples in made.recording.sensors.items()}
    result = ih.analyze(replace(made.recording, sensors=sensors))
    assert len(result.lifts) == len(made.truth.reps)
    for rep, true in zip(result.lifts, made.truth.reps, strict=True):
        assert np.degrees(rep.pelvis_tilt_peak_rad - true.pelvis_tilt_peak_rad) == pytest.approx(0.0, abs=tolerance_deg)


def test_nobody_stood(run: Run, edited: Callable[[Edit], str]) -> None:
    time_s = np.arange(4000) / 100.0
    inclination = 0.9 * np.sin(2.2 * time_s)
    rng = np.random.default_rng(0)
    moving = np.column_stack(
        [
            time_s,
            9.81 * np.sin(inclination),
            np.zeros(4000),
            9.81 * np.cos(inclination),
            np.zeros(4000),
            -np.gradient(inclination, time_s),
            np.zeros(4000),
        ]
    )
    moving[:, 1:] += rng.normal(0.0, 0.02, (4000, 6))
    refused(run, errors.MovedWhileStill, words=(edited(lambda _: moving),))


# placements, recordings, schemas ------------------------------------------------------------------------------------


def test_two_placements_the_same(run: Run, hinge_folder: Path) -> None:
    words = (f"sacrum={hinge_folder / 'sacrum.csv'}", f"sacrum={hinge_folder / 't12.csv'}")
    refused(run, errors.RecordingError, "sacrum is given twice", words=words)


def test_one_file_for_two_placements(run: Run, hinge_folder: Path) -> None:
    words = (f"sacrum={hinge_folder / 'sacrum.csv'}", f"t12={hinge_folder / 'sacrum.csv'}")
    refused(run, errors.BadSamples, "same", "own file", words=words)


def test_a_placement_that_is_none(run: Run, hinge_folder: Path) -> None:
    refused(run, errors.RecordingError, "'wrist'", "sacrum", words=(f"wrist={hinge_folder / 'sacrum.csv'}",))


def test_a_truncated_recording_says_so_and_can_be_repaired(run: Run, copied: Path) -> None:
    file = copied / "sacrum.csv"
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3])
    refused(run, errors.BadSamples, "sacrum.csv is not whole", "repair", words=(copied,))
    code, out, _ = run("analyze", copied, "--repair", "--json")
    assert code == 0
    assert 1 <= len(json.loads(out)["reps"]) < 5


def test_a_half_copied_recording(run: Run, copied: Path) -> None:
    (copied / "t12.csv").unlink()
    refused(run, errors.RecordingError, "t12.csv", words=(copied,))
    (copied / "recording.json").write_text((copied / "recording.json").read_text()[:200])
    refused(run, errors.RecordingError, "recording.json", words=(copied,))
    (copied / "recording.json").unlink()
    refused(run, errors.RecordingError, "recording.json", words=(copied,))


def test_a_newer_schema(run: Run, copied: Path) -> None:
    manifest = copied / "recording.json"
    manifest.write_text(manifest.read_text().replace('"schema_version": 1', '"schema_version": 99'))
    refused(run, errors.NewerSchema, "99", words=(copied,))


def test_an_empty_set_is_a_valid_result(run: Run, tmp_path: Path, edited: Callable[[Edit], str]) -> None:
    def stand(rows: np.ndarray) -> np.ndarray:
        """Stand for 15 s: the first 2.5 s, in which nobody moves yet, over and over."""
        still = np.tile(rows[:250], (6, 1))
        still[:, 0] = np.arange(len(still)) / 100.0
        return still

    source = edited(stand)
    code, out, _ = run("analyze", source, "--json", "--reps", tmp_path / "reps.csv", "--report", tmp_path / "r.html")
    assert code == 0
    assert json.loads(out)["reps"] == []
    assert len((tmp_path / "reps.csv").read_text().splitlines()) == 1
    assert "<html" in (tmp_path / "r.html").read_text()
    code, out, _ = run("plot", source, "--out", tmp_path / "spine.png")
    assert code == 0
    assert (tmp_path / "spine.png").stat().st_size > 10_000


# sensors worn another way -------------------------------------------------------------------------------------------


def turned(samples: ih.Samples, matrix: np.ndarray) -> ih.Samples:
    return replace(samples, acc=samples.acc @ matrix.T, gyr=samples.gyr @ matrix.T)


@pytest.mark.parametrize("place", ["sacrum", "t12"])
def test_a_sensor_upside_down_gives_the_same_result(hinge_folder: Path, hinge_result: ih.SetResult, place: str) -> None:
    recording = ih.read(hinge_folder)
    upside_down = np.diag([1.0, -1.0, -1.0])
    sensors = {**recording.sensors, place: turned(recording.sensors[place], upside_down)}
    result = ih.analyze(replace(recording, sensors=sensors))
    assert list(result.reps.verdict) == list(hinge_result.reps.verdict)
    for column in ("start_s", "end_s", "pelvis_tilt_peak_deg", "lumbar_flexion_peak_deg"):
        assert result.reps[column].to_numpy() == pytest.approx(hinge_result.reps[column].to_numpy(), abs=0.05), column


def exchanged(made: Simulated) -> ih.Recording:
    sensors = made.recording.sensors
    return replace(made.recording, sensors={"sacrum": sensors["t12"], "t12": sensors["sacrum"]})


SWAPPED = [("deadlift", "good_hinge"), ("deadlift", "squatty"), ("deadlift", "rounded_with_knees"), ("rdl", None)]


@pytest.mark.parametrize(("exercise", "style"), SWAPPED, ids=lambda value: str(value))
@pytest.mark.parametrize("seed", [2, 7])
def test_sacrum_and_t12_exchanged_is_found(exercise: str, style: str | None, seed: int) -> None:
    made = random_set(seed, exercise=exercise, style=style)
    with pytest.raises(errors.SensorsSwapped, match="Swap"):
        ih.analyze(exchanged(made))
    ih.analyze(made.recording)  # and as they are they pass


def test_sacrum_and_t12_exchanged_at_the_command_line(run: Run, hinge_folder: Path) -> None:
    words = (f"sacrum={hinge_folder / 't12.csv'}", f"t12={hinge_folder / 'sacrum.csv'}")
    assert errors.SensorsSwapped.exit_code == 13
    refused(run, errors.SensorsSwapped, "exchanged", words=words)


# wishes that cannot be met ------------------------------------------------------------------------------------------


def test_an_unknown_exercise(run: Run, hinge_folder: Path) -> None:
    refused(run, errors.RecordingError, "'jumping'", "deadlift", words=(hinge_folder, "--exercise", "jumping"))


def test_an_impossible_height(run: Run, hinge_folder: Path) -> None:
    refused(run, errors.SettingsError, "17.8", "1.2 to 2.3", words=(hinge_folder, "--height", "17.8"))


def test_an_unknown_key_in_the_athlete_file(run: Run, hinge_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "athlete.toml"
    path.write_text("heigth_m = 1.8\n")
    refused(run, errors.SettingsError, "heigth_m", "height_m", words=(hinge_folder, "--athlete", path))
    refused(run, errors.SettingsError, "nobody.toml", words=(hinge_folder, "--athlete", tmp_path / "nobody.toml"))


def test_an_unknown_key_in_the_settings_file(run: Run, hinge_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[verdict]\ndecide_abov = 0.9\n")
    refused(run, errors.SettingsError, "verdict.decide_abov", "decide_above", words=(hinge_folder, "--settings", path))


@pytest.mark.parametrize("option", ["--reps", "--angles", "--report"])
def test_an_output_that_cannot_be_written(run: Run, hinge_folder: Path, tmp_path: Path, option: str) -> None:
    (tmp_path / "file").write_text("here stands a file, no folder")
    code, _, err = run("analyze", hinge_folder, option, tmp_path / "file" / "out")
    assert code >= 10
    assert err.startswith("imu-hinge: ")
    assert len(err.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_picture_that_cannot_be_written(run: Run, hinge_folder: Path, tmp_path: Path) -> None:
    code, _, err = run("plot", hinge_folder, "--out", tmp_path / "spine.doc")
    assert code >= 10
    assert "png" in err.lower()
    assert list(tmp_path.iterdir()) == []


def test_a_recording_is_not_overwritten(run: Run, hinge_folder: Path, copied: Path) -> None:
    code, _, err = run("convert", hinge_folder, "--to", copied)
    assert code == errors.RecordingError.exit_code
    assert "exists already" in err


@pytest.mark.parametrize("words", [("analyze",), ("analyze", "x", "--nothing"), ("nothing",)], ids=str)
def test_a_wrong_call_is_exit_code_2(run: Run, words: tuple[str, ...]) -> None:
    code, out, err = run(*words)
    assert code == 2
    assert out == "" or "Usage" in out
    assert "Traceback" not in err


# real processes: what a script around the command sees --------------------------------------------------------------


def process(*words: object, **kwargs: object) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("imu-hinge")), *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **kwargs)  # type: ignore[call-overload]


def test_a_real_process_refuses_with_its_code_and_one_sentence(tmp_path: Path) -> None:
    done = process("analyze", f"sacrum={tmp_path / 'nowhere.csv'}")
    assert done.returncode == 12
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_real_process_prints_json_alone(hinge_folder: Path, tmp_path: Path) -> None:
    done = process("analyze", hinge_folder, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["reps"]) == 5
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
