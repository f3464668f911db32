"""`convert` goes both ways between plain CSVs and our folder, decided by the destination, and loses no bit."""

import numpy as np
import pytest

from imu_hinge.errors import BadSamples, RecordingError
from imu_hinge.model import Recording, Samples
from imu_hinge.storage.exporters import convert, write_csvs
from imu_hinge.storage.recording import read, write


@pytest.fixture
def folder(tmp_path, two_sensors):
    return write(two_sensors, tmp_path / "set")


def same_samples(a, b):
    assert set(a.sensors) == set(b.sensors)
    for placement in a.sensors:
        assert a.sensors[placement].acc.tobytes() == b.sensors[placement].acc.tobytes()
        assert a.sensors[placement].time_s.tobytes() == b.sensors[placement].time_s.tobytes()


def test_there_and_back(folder, tmp_path, two_sensors):
    files = convert(folder, tmp_path / "csv", to="csv")
    assert [f.relative_to(tmp_path).as_posix() for f in files] == ["csv/sacrum.csv", "csv/t12.csv"]
    (back,) = convert([f"{f.stem}={f}" for f in files], tmp_path / "back", exercise="swing")
    same_samples(read(back), two_sensors)
    assert read(back).exercise == "swing"


def test_named_files(folder, tmp_path, two_sensors):
    target = tmp_path / "mine.csv"
    assert convert(folder, f"t12={target}") == (target,)
    same_samples(read(f"t12={target}"), Recording({"t12": two_sensors.sensors["t12"]}))
    with pytest.raises(RecordingError, match=r"mine.csv exists already.*overwrite=True"):
        convert(folder, [f"sacrum={tmp_path / 'new.csv'}", f"t12={target}"])
    assert not (tmp_path / "new.csv").exists()
    convert(folder, f"sacrum={target}", overwrite=True)
    same_samples(read(f"sacrum={target}"), Recording({"sacrum": two_sensors.sensors["sacrum"]}))


@pytest.mark.parametrize(
    ("destination", "options", "seen"),
    [
        ("hip=a.csv", {}, "no sensor at hip; it has sacrum, t12"),
        ("head=a.csv", {}, "'head' is no placement"),
        ("out", {"to": "xml"}, "'xml'.*csv or recording"),
        ("t12=a.csv", {"to": "recording"}, "Name a folder"),
        (["a", "b"], {}, "One destination is needed and 2 were given"),
    ],
)
def test_a_destination_that_cannot_be(folder, monkeypatch, tmp_path, destination, options, seen):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecordingError, match=seen):
        convert(folder, destination, **options)
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


def test_an_existing_folder_is_kept(folder, tmp_path, two_sensors):
    with pytest.raises(RecordingError, match="exists already"):
        convert(folder, folder)
    with pytest.raises(RecordingError, match="exists already"):
        write_csvs(two_sensors, folder)


def test_a_refused_source_leaves_nothing(folder, tmp_path):
    with pytest.raises(BadSamples, match="hold the same"):
        convert([f"sacrum={folder / 't12.csv'}", f"t12={folder / 't12.csv'}"], tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize("stop", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_stop_in_the_middle_leaves_nothing(folder, tmp_path, monkeypatch, stop):
    def stopping(samples, path):
        if path.name == "t12.csv":
            raise stop
        path.write_text("whole")

    monkeypatch.setattr("imu_hinge.storage.exporters.write_rows", stopping)
    with pytest.raises(RecordingError if isinstance(stop, OSError) else KeyboardInterrupt):
        convert(folder, tmp_path / "csv", to="csv")
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


def test_flags_travel_as_an_eighth_column(tmp_path, make_samples):
    samples = make_samples()
    columns = (np.delete(v, slice(300, 350), axis=0) for v in (samples.time_s, samples.acc, samples.gyr))
    path = write(Recording({"hip": Samples(*columns)}), tmp_path / "holed")
    (file,) = convert(path, tmp_path / "csv", to="csv")
    assert file.read_text().splitlines()[301].endswith(",1")
    np.testing.assert_array_equal(np.flatnonzero(read(f"hip={file}").sensors["hip"].flags), [300])
