"""Our own folder: the same bits come back, a loss is found, and nothing half-written is left."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import imu_hinge as ih
from imu_hinge import atomic_file
from imu_hinge.conventions import EXERCISES, PLACEMENTS, Flag
from imu_hinge.errors import BadSamples, NewerSchema, RecordingError, TooShort, UnknownFormat
from imu_hinge.storage.recording import read, write


def same(a, b):
    assert tuple(a.sensors) == tuple(b.sensors)
    for placement in a.sensors:
        for name in ("time_s", "acc", "gyr", "flags"):
            assert getattr(a.sensors[placement], name).tobytes() == getattr(b.sensors[placement], name).tobytes()
    for name in ("athlete", "exercise", "load_kg", "note", "is_simulated"):
        assert getattr(a, name) == getattr(b, name), name
    assert dict(a.devices) == dict(b.devices)


@pytest.fixture
def folder(tmp_path, two_sensors):
    return write(two_sensors, tmp_path / "set")


def manifest_with(folder, **values):
    path = folder / "recording.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    for key, value in values.items():
        if value is None:
            del table[key]
        else:
            table[key] = value
    path.write_text(json.dumps(table), encoding="utf-8")


def refuse(source, error, *parts, **options):
    with pytest.raises(error) as caught:
        read(source, **options)
    for part in parts:
        assert part in str(caught.value), str(caught.value)


athletes = st.builds(
    ih.Athlete,
    height_m=st.none() | st.floats(1.2, 2.3),
    lumbar_limit_deg=st.none() | st.floats(5, 110),
    name=st.text(max_size=8),
    references=st.dictionaries(st.text(min_size=1, max_size=8), st.floats(-1, 1), max_size=2),
)


@settings(deadline=None, max_examples=12)
@given(
    placements=st.lists(st.sampled_from(PLACEMENTS), min_size=1, max_size=3, unique=True),
    seed=st.integers(0, 2**31),
    rate_hz=st.floats(20.0, 60.0),
    start_s=st.floats(-1e3, 2e9),
    athlete=st.none() | athletes,
    exercise=st.sampled_from(["auto", *EXERCISES]),
    load_kg=st.none() | st.floats(0, 500),
    note=st.text(max_size=20),
    flag=st.sampled_from([0, int(Flag.CLIPPED), int(Flag.RESET | Flag.SUSPECT)]),
)  # fmt: skip
def test_write_then_read_gives_the_same_bits(
    tmp_path_factory, make_samples, placements, seed, rate_hz, start_s, athlete, exercise, load_kg, note, flag
):
    sensors = {}
    for i, placement in enumerate(placements):
        made = make_samples(seconds=4.0, rate_hz=rate_hz, seed=seed + i)
        flags = np.zeros(len(made), dtype=np.uint16)
        flags[5] = flag
        sensors[placement] = ih.Samples(made.time_s + start_s, made.acc, made.gyr, flags)
    recording = ih.Recording(
        sensors, athlete=athlete, exercise=exercise, load_kg=load_kg, note=note, is_simulated=True,
        devices={placements[0]: "made up"},
    )  # fmt: skip
    path = tmp_path_factory.mktemp("round") / "set"
    write(recording, path)
    same(read(path), recording)


def test_reading_takes_every_way_of_naming_it(folder, two_sensors):
    for source in (folder, str(folder), [str(folder)], folder / "recording.json"):
        same(read(source), two_sensors)
    files = [f"sacrum={folder / 'sacrum.csv'}", f"t12={folder / 't12.csv'}"]
    same(ih.read(files), two_sensors)
    assert read(files[1]).placements == ("t12",)


def test_a_folder_with_an_equals_sign_is_a_path(tmp_path, two_sensors):
    same(read(write(two_sensors, tmp_path / "sacrum=old" / "a=b")), two_sensors)


def test_what_the_caller_says_counts(folder):
    recording = read(folder, athlete=ih.Athlete(height_m=1.9), exercise="rdl")
    assert recording.athlete == ih.Athlete(height_m=1.9)
    assert recording.exercise == "rdl"


def test_the_folder_is_readable_by_anybody(folder):
    assert sorted(p.name for p in folder.iterdir()) == ["recording.json", "sacrum.csv", "t12.csv"]
    table = json.loads((folder / "recording.json").read_text(encoding="utf-8"))
    assert table["schema_version"] == 1
    assert table["written_by"] == f"imu_hinge {ih.__version__}"
    assert table["units"]["acc"] == "m/s², including gravity"
    assert [(s["placement"], s["rate_hz"], s["n_samples"]) for s in table["sensors"]] == [
        ("sacrum", 100.0, 1200),
        ("t12", 100.0, 1200),
    ]
    assert (folder / "t12.csv").read_text().startswith("time_s,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z\n0.0,")


def test_files_it_does_not_know_are_ignored(folder, two_sensors):
    (folder / "t12.journal").write_bytes(b"\0raw")
    (folder / "truth.json").write_text("{")
    same(read(folder), two_sensors)


@pytest.mark.parametrize("lost", ["rows", "half_row", "last_newline"])
def test_a_truncated_file_is_found_and_can_be_read_when_told(folder, two_sensors, lost):
    path = folder / "t12.csv"
    text = path.read_text()
    lines = text.splitlines(keepends=True)
    path.write_text("".join(lines[:1000]) + {"rows": "", "half_row": "10.0,0.3", "last_newline": "9.99,0.3,"}[lost])
    refuse(folder, BadSamples, str(path), "999 rows of the 1200", "repair=True")
    repaired = read(folder, repair=True)
    t12 = repaired.sensors["t12"]
    np.testing.assert_array_equal(t12.acc, two_sensors.sensors["t12"].acc[:999])
    np.testing.assert_array_equal(np.flatnonzero(t12.flags == Flag.SUSPECT), [998])
    assert len(repaired.sensors["sacrum"]) == 1200


def test_a_half_copied_folder(folder):
    (folder / "t12.csv").unlink()
    refuse(folder, RecordingError, "There is no file", "t12.csv")
    (folder / "recording.json").unlink()
    refuse(folder, RecordingError, "has no recording.json", "Copy it again", "sacrum=")


def test_a_newer_schema(folder):
    manifest_with(folder, schema_version=2, written_by="imu_hinge 9.0")
    refuse(folder, NewerSchema, "schema version 2", "imu_hinge 9.0", "pip install -U")


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        ({"schema_version": "1"}, "schema_version is '1'"),
        ({"sensors": []}, "its placements are []"),
        ({"sensors": [3]}, "int where placement should be"),
        ({"sensors": None}, "it has no sensors"),
        ({"note": 5}, "note is 5"),
        ({"is_simulated": "no"}, "is_simulated is 'no'"),
        ({"load_kg": True}, "load_kg is True"),
        ({"athlete": {"height_m": 9}}, "height_m = 9"),
        ({"athlete": {"hight_m": 1.8}}, "did you mean height_m"),
        ({"sensors": [{"placement": "head", "file": "a.csv", "device": "", "n_samples": 1}]}, "'head'"),
        ({"sensors": [{"placement": "t12", "file": "../a.csv", "device": "", "n_samples": 1}]}, "'../a.csv'"),
        ({"sensors": [{"placement": "t12", "file": "t12.csv", "device": "", "n_samples": 1200}] * 2}, "['t12', 't12']"),
        ({"exercise": "curl"}, "'curl' is no exercise"),
    ],
)  # fmt: skip
def test_a_broken_description_is_named(folder, values, seen):
    manifest_with(folder, **values)
    refuse(folder, RecordingError, seen)


@pytest.mark.parametrize("text", ["", "{", "[]", '"text"', "\0"])
def test_a_description_that_is_none(folder, text):
    (folder / "recording.json").write_text(text)
    refuse(folder, RecordingError, "recording.json is broken", "again")


def test_sources_that_say_too_little(tmp_path, folder):
    csv = folder / "sacrum.csv"
    refuse(tmp_path / "gone", RecordingError, "There is no recording", "gone")
    refuse(csv, RecordingError, "does not say where the sensor sat", f"sacrum={csv}")
    refuse([str(csv), f"t12={csv}"], RecordingError, "does not say where the sensor sat")
    refuse([], RecordingError, "No source", "sacrum=pelvis.csv")
    refuse(f"head={csv}", RecordingError, "'head' is no placement", "sacrum, hip, lumbar")
    refuse(["sacrum=gone.csv"], RecordingError, "There is no file gone.csv")
    refuse(
        [f"sacrum={csv}", f"sacrum={folder / 't12.csv'}"], RecordingError, "sacrum is given twice", "its own placement"
    )
    refuse([f"sacrum={csv}", f"t12={csv}"], BadSamples, "hold the same 1200 samples", "its own file")


def test_an_export_is_named_with_the_way_out(tmp_path):
    path = tmp_path / "phone.csv"
    path.write_text('"Time (s)","Acceleration x (m/s^2)"\n0,1\n')
    refuse(path, UnknownFormat, "phyphox export", f"imu-hinge convert sacrum={path}")


def test_what_is_read_is_screened(tmp_path, make_samples):
    path = write(ih.Recording({"hip": make_samples(seconds=2.0)}), tmp_path / "short")
    refuse(path, TooShort, "hip: the recording is 1.99 s long")


def test_an_existing_place_is_kept_unless_told(folder, two_sensors):
    other = replace(two_sensors, note="second")
    with pytest.raises(RecordingError, match=r"exists already.*overwrite=True"):
        write(other, folder)
    assert read(folder).note == ""
    (folder / "t12.journal").write_bytes(b"raw")
    write(ih.Recording({"hip": two_sensors.sensors["t12"]}, note="third"), folder, overwrite=True)
    assert read(folder).note == "third"
    assert sorted(p.name for p in folder.iterdir()) == ["hip.csv", "recording.json", "t12.journal"]
    assert [p.name for p in folder.parent.iterdir()] == ["set"]


def test_a_live_recording_is_completed_beside_its_journal(tmp_path, two_sensors):
    live = tmp_path / "live"
    live.mkdir()
    with open(live / "journal.txt", "w") as journal:
        journal.write("first\n")
        write(two_sensors, live)
        journal.write("last\n")
    assert (live / "journal.txt").read_text() == "first\nlast\n"
    same(read(live), two_sensors)
    with pytest.raises(RecordingError, match="exists already"):
        write(two_sensors, live)
    assert [p.name for p in tmp_path.iterdir()] == ["live"]


def test_a_folder_that_is_no_recording_is_never_replaced(tmp_path, two_sensors):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear")
    with pytest.raises(RecordingError, match="is no recording, so it is not replaced"):
        write(two_sensors, tmp_path / "letters", overwrite=True)
    assert (tmp_path / "letters" / "dear.txt").read_text() == "dear"


@pytest.mark.parametrize("step", ["write_rows", "manifest_text", "_put_in_place"])
@pytest.mark.parametrize("stop", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("is_there", [False, True])
def test_a_stop_in_the_middle_leaves_all_as_it_was(tmp_path, two_sensors, monkeypatch, step, stop, is_there):
    path = tmp_path / "set"
    if is_there:
        write(two_sensors, path)

    def stopping(*args):
        if step == "write_rows" and args[1].name == "sacrum.csv":
            args[1].write_text("half")
            return
        raise stop

    monkeypatch.setattr(f"imu_hinge.storage.recording.{step}", stopping)
    with pytest.raises(RecordingError if isinstance(stop, OSError) else KeyboardInterrupt) as caught:
        write(replace(two_sensors, note="new"), path, overwrite=is_there)
    if isinstance(stop, OSError):
        assert "No space left on device" in str(caught.value)
        assert "free some space" in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == (["set"] if is_there else [])
    if is_there:
        same(read(path), two_sensors)


def test_a_failed_swap_puts_the_old_one_back(folder, two_sensors, monkeypatch):
    rename = type(folder).rename

    def stubborn(self, target):
        if self.name.endswith(".part"):
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    def no_exchange(*names):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(folder), "rename", stubborn)
    monkeypatch.setattr(atomic_file, "exchange", no_exchange)
    with pytest.raises(RecordingError, match="Permission denied"):
        write(replace(two_sensors, note="new"), folder, overwrite=True)
    same(read(folder), two_sensors)
    assert [p.name for p in folder.parent.iterdir()] == ["set"]


def test_a_recording_can_be_moved_and_copied(folder, tmp_path, two_sensors):
    shutil.copytree(folder, tmp_path / "elsewhere")
    same(read(tmp_path / "elsewhere"), two_sensors)
