"""Files that are not what an app or this package wrote: one sentence and its exit code, soon, in bounded memory."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import imu_hinge as ih
from imu_hinge.athlete import read_athlete, write_athlete
from imu_hinge.cli import main
from imu_hinge.conventions import CSV_COLUMNS
from imu_hinge.edits import Edit
from imu_hinge.errors import HingeError, RecordingError, SettingsError
from imu_hinge.files import exists, read_regular
from imu_hinge.recovery.seal import recover, seal
from imu_hinge.report.output_files import write_atomic
from imu_hinge.settings import LIMITS, Settings, read_settings
from imu_hinge.storage.beside import read_edits, write_edits
from imu_hinge.storage.exporters import read_any
from imu_hinge.storage.importers.zips import read_zip
from imu_hinge.storage.plain_csv import write_csv

HEADER = ",".join(CSV_COLUMNS)
MOST_BYTES = 300e6
"""No small hostile file may cost more memory than this."""


@pytest.fixture
def copied(tmp_path: Path, hinge_folder: Path) -> Path:
    return Path(shutil.copytree(hinge_folder, tmp_path / "copy"))


def changed(folder: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    table = json.loads((folder / "recording.json").read_text(encoding="utf-8"))
    change(table)
    (folder / "recording.json").write_text(json.dumps(table), encoding="utf-8")
    return folder


def refused(call: Callable[[], Any], *parts: str, error: type[HingeError] = RecordingError) -> str:
    """Check that the call is refused in one sentence with its parts, without much memory."""
    tracemalloc.start()
    try:
        with pytest.raises(error) as told:
            call()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    message = str(told.value)
    for part in parts:
        assert part in message, message
    assert len(message.splitlines()) == 1
    assert peak < MOST_BYTES
    return message


# only plain names of regular files inside the folder ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "/etc/hosts", "..\\x", "a\0b", "C:x", "\ud800", "x" * 300])
def test_a_recording_names_only_files_of_its_own(copied: Path, name: str) -> None:
    (copied.parent / "secret.csv").write_text("s3cret:1\n")
    message = refused(lambda: ih.read(changed(copied, lambda table: table["sensors"][0].update(file=name))))
    assert "s3cret" not in message


@pytest.mark.parametrize("file", ["sacrum.csv", "recording.json"])
@pytest.mark.parametrize("kind", ["link", "link inside", "pipe", "folder", "device"])
def test_nothing_but_regular_files_is_opened(copied: Path, file: str, kind: str) -> None:
    secret = copied.parent / "secret"
    secret.write_text("s3cret:1\n")
    (copied / file).rename(copied / "other")
    if kind == "pipe":
        os.mkfifo(copied / file)
    elif kind == "folder":
        (copied / file).mkdir()
    else:
        target = {"link": secret, "link inside": copied / "other", "device": Path("/dev/zero")}[kind]
        (copied / file).symlink_to(target)
    assert "s3cret" not in refused(lambda: ih.read(copied), "no regular file")


def test_a_pipe_given_as_a_recording_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "set")
    refused(lambda: ih.read(tmp_path / "set"), "a pipe")


@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize("read", [ih.read, read_any])
def test_a_pipe_or_a_device_behind_a_link_is_refused_at_once(tmp_path: Path, kind: str, read: Any) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "pelvis.csv").symlink_to(tmp_path / "pipe" if kind == "pipe" else "/dev/zero")
    refused(lambda: read(f"sacrum={tmp_path / 'pelvis.csv'}"), f"a {kind}")


def test_a_link_that_a_person_named_is_followed(tmp_path: Path, hinge_folder: Path) -> None:
    (tmp_path / "pelvis.csv").symlink_to(hinge_folder / "sacrum.csv")
    assert len(ih.read(f"sacrum={tmp_path / 'pelvis.csv'}").sensors["sacrum"]) > 1000


def test_a_link_in_an_export_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "Accelerometer.csv").symlink_to("/etc/hosts")
    refused(lambda: read_any(f"sacrum={tmp_path}"), "a link")


@pytest.mark.parametrize("name", ["a\0b", "x" * 300, "\ud800", "a" * 5000])
@pytest.mark.parametrize("read", [ih.read, read_any])
def test_names_that_no_file_has(name: str, read: Any) -> None:
    refused(lambda: read(name))
    refused(lambda: read(f"sacrum={name}"))
    refused(lambda: read_any(f"sacrum={name}:DEVICE"))
    assert not exists(Path(name))


def test_a_folder_that_may_not_be_read_is_no_missing_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    assert not exists(tmp_path / "nothing")
    monkeypatch.setattr(os, "stat", forbidden)
    assert exists(tmp_path / "nothing")
    with pytest.raises(PermissionError):
        read_regular(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["edits.json", "plan.toml"])
@pytest.mark.parametrize("kind", ["link", "link to nothing", "pipe", "folder"])
def test_what_lies_beside_a_recording_is_a_file_of_its_own(copied: Path, name: str, kind: str) -> None:
    other = copied.parent / "other"
    if kind == "link":
        other.write_text("s3cret")
    if kind == "pipe":
        os.mkfifo(copied / name)
    elif kind == "folder":
        (copied / name).mkdir()
    else:
        (copied / name).symlink_to(other)
    message = refused(lambda: ih.read(copied), name, "no regular file", error=HingeError)
    assert "s3cret" not in message
    edits = [Edit("note", 0.0, 1.0, "x")]
    if name == "edits.json":
        with pytest.raises(RecordingError, match="could not be written"):
            write_edits(copied, edits)
    assert not (copied / name).is_file() or other.read_text() == "s3cret"


def test_no_pipe_or_device_is_replaced_by_a_file(tmp_path: Path, hinge_folder: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    samples = ih.read(hinge_folder).sensors["sacrum"]
    for path in (tmp_path / "pipe", tmp_path / "link"):
        refused(lambda path=path: write_athlete(ih.Athlete(), path), "a pipe", error=SettingsError)  # type: ignore[misc]
        refused(lambda path=path: write_csv(samples, path, overwrite=True), "a pipe")  # type: ignore[misc]
    assert sorted(os.listdir(tmp_path)) == ["link", "pipe"]
    assert (tmp_path / "pipe").is_fifo()


def test_a_report_into_a_pipe_waits_for_no_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refused(lambda: write_atomic(tmp_path / "pipe", b"x"), "nobody reads", error=HingeError)
    reading = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_atomic(tmp_path / "pipe", b"x" * 1000)
    assert os.read(reading, 2000) == b"x" * 1000
    os.close(reading)


def test_there_are_no_edits_of_no_recording(tmp_path: Path) -> None:
    refused(lambda: read_edits(tmp_path / "nothing"), "There is no folder")


# descriptions, athletes, settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("load_kg", 10**400),
        ("load_kg", float("inf")),
        ("load_kg", -1),
        ("schema_version", 10**30),
        ("athlete", {"height_m": 10**17}),
        ("athlete", {"references": {"clean_hinge.sacrum.inclination_rad": "x"}}),
        ("athlete", {"references": {"a": float("nan")}}),
        ("athlete", {"references": {"clean_hinge.sacrum.inclination_sd_rad": 0.0}}),
        ("athlete", {"references": [1]}),
        ("athlete", {"name": 5}),
        ("sensors", [1]),
        ("sensors", {}),
        ("is_simulated", "yes"),
    ],
)
def test_a_description_with_values_that_cannot_be(copied: Path, key: str, value: object) -> None:
    refused(lambda: ih.read(changed(copied, lambda table: table.update({key: value}))))


@pytest.mark.parametrize(
    "text", ["[" * 200_000, '{"a":' * 100_000, '{"schema_version": ' + "9" * 5000 + "}", "\xff", ""]
)
def test_json_that_nobody_wrote(copied: Path, text: str) -> None:
    (copied / "recording.json").write_bytes(text.encode("latin-1"))
    refused(lambda: ih.read(copied), "recording.json is broken")


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 50_000,
        "x = " + "{a=" * 20_000,
        "height_m = " + "9" * 5000,
        "height_m = 0x" + "F" * 9000,
        *("height_m = 1e999", "height_m = nan", "height_m = true", 'height_m = "1.8"', "\0", "\ud800"),
        *('references = {a = "x"}', "references = {a = inf}", "name = 3", "height_m = 1970-01-01"),
    ],
)
def test_toml_that_nobody_wrote(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    refused(lambda: read_athlete(path), error=SettingsError)
    refused(lambda: read_settings(path), error=SettingsError)
    os.mkfifo(tmp_path / "pipe.toml")
    refused(lambda: read_athlete(tmp_path / "pipe.toml"), "a pipe", error=SettingsError)


@pytest.mark.parametrize("value", ["0", "-1", "1", "1e5", "inf", "nan", "true", '"x"', "[1]", "0x" + "F" * 5000])
@pytest.mark.parametrize("key", ["rate_hz", "stillness.window_s", "limits.columns"])
def test_settings_that_cannot_work(tmp_path: Path, key: str, value: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f"{key} = {value}\n")
    if (key, value) in (("stillness.window_s", "1"), ("limits.columns", "1e5")):
        read_settings(path)
    else:
        refused(lambda: read_settings(path), key, error=SettingsError)


def test_every_number_of_the_settings_has_a_range() -> None:
    sections = [getattr(Settings(), f.name) for f in fields(Settings) if is_dataclass(getattr(Settings(), f.name))]
    for section in [Settings(), *sections]:
        for f in fields(section):
            if not is_dataclass(getattr(section, f.name)):
                for value in (float("inf"), float("nan"), -1.0, "1", True):
                    with pytest.raises(SettingsError, match=f.name):
                        replace(section, **{f.name: value})


# tables ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        HEADER.encode("cp500") + b"\x15" + b"\xf1\x6b\xf2" * 50,
        b'"' + HEADER.encode() + b"\n1,2,3,4,5,6,7\n" * 50,
        HEADER.encode() + b'\n1,2,3,4,5,6,"7\n' + b"1,2,3,4,5,6,7\n" * 20_000,
        HEADER.encode() + b"\n1,2,3,4,5,6,\xff\xfe\n",
        b"\n" * 2_000_000 + b"x",
        HEADER.encode() + b"\n" * 500_000 + b"1,2",
        b"\0" * 10_000_000,
        b",".join(b"c%d" % i for i in range(1_000_000)),
        HEADER.encode() + b"\n" + b",".join([b"1"] * 1_000_000),
        HEADER.encode() + b"\n1,2,3,4,5,6,7\n" + b"," * 5_000_000,
        HEADER.encode() + b"\n" + b"1" * 5_000_000 + b",2,3,4,5,6,7\n",
        b"{" + b"[" * 1_000_000,
        b'{"MeasIMU6": ' + b"[" * 1_000_000,
        b'{"MeasIMU6": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"MeasIMU6": [{"Timestamp": ' + b"9" * 400 + b', "ArrayAcc": [], "ArrayGyro": []}]}',
        b"Time (s),Acceleration x (m/s^2)" + b',"' * 5000,
        b'epoc (ms),x-axis (g),y-axis (g),z-axis (g)\n1,"' + b"2," * 200_000,
        b"PacketCounter,SampleTimeFine,Acc_X,Acc_Y,Acc_Z,Gyr_X,Gyr_Y,Gyr_Z\n" + b"1,1e300,1e300,2,3,4,5,6\n" * 20,
        b"Time,DeviceName,AccX(g),AccY(g),AccZ(g),AsX(deg/s),AsY(deg/s),AsZ(deg/s)\n"
        + b"T" * 50_000
        + b",a,1,2,3,4,5,6\n",
    ],
    ids=lambda data: repr(data[:24]),
)
def test_a_table_that_nobody_wrote(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "pelvis.csv"
    path.write_bytes(data)
    refused(lambda: ih.read(f"sacrum={path}"))
    refused(lambda: read_any(f"sacrum={path}"))


@pytest.mark.parametrize(("head", "size"), [(b"", 1.9e9), (b"", 3e9), (HEADER.encode() + b"\n1,2,3,4,5,6,7\n", 1.9e9)])
def test_a_sparse_file_costs_what_it_holds(tmp_path: Path, head: bytes, size: float) -> None:
    path = tmp_path / "pelvis.csv"
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(int(size))
    refused(lambda: ih.read(f"sacrum={path}"))


@pytest.mark.parametrize("time", ["inf", "1e12", "-1e300", "1e308", "1e999"])
def test_a_stamp_that_no_clock_gives(tmp_path: Path, hinge_folder: Path, time: str) -> None:
    rows = (hinge_folder / "sacrum.csv").read_text().splitlines()
    rows[500] = f"{time},{rows[500].partition(',')[2]}"
    (tmp_path / "pelvis.csv").write_text("\n".join(rows) + "\n")
    try:
        read = ih.read(f"sacrum={tmp_path / 'pelvis.csv'}")
    except RecordingError:
        return
    assert len(read.sensors["sacrum"]) >= len(rows) - 3  # that row alone was left out


# zips -----------------------------------------------------------------------------------------------------------------

PHYPHOX = "Time (s),Acceleration x (m/s^2),Acceleration y (m/s^2),Acceleration z (m/s^2)\n"


def zipped(path: Path, members: dict[str, str], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize("what", ["rows", "newlines", "bytes", "columns"])
def test_a_zip_bomb_is_refused_by_its_directory(tmp_path: Path, what: str) -> None:
    text = {
        "rows": "0\n" * 8_000_000,
        "newlines": "\n" * 20_000_000,
        "bytes": "x" * 20_000_000,
        "columns": "," * 20_000_000,
    }
    path = zipped(tmp_path / "bomb.zip", {"Accelerometer.csv": PHYPHOX + text[what]})
    assert path.stat().st_size < 100_000
    refused(lambda: read_any(f"sacrum={path}"), "200:1")


def test_a_zip_of_many_members_or_much_text(tmp_path: Path) -> None:
    many = zipped(tmp_path / "many.zip", {f"{i}.csv": "" for i in range(12_000)}, method=zipfile.ZIP_STORED)
    refused(lambda: read_any(f"sacrum={many}"), "12000 members", "10000")
    two = zipped(tmp_path / "two.zip", {"a.csv": "x" * 3000, "b.csv": "y" * 3000}, method=zipfile.ZIP_STORED)
    refused(lambda: read_zip(two, lambda _: True, limits=replace(LIMITS, text_bytes=5000.0)), "at most 0.005")
    assert set(read_zip(two, lambda _: True, limits=replace(LIMITS, text_bytes=6000.0))) == {"a.csv", "b.csv"}


def test_a_directory_longer_than_allowed_is_not_read(tmp_path: Path) -> None:
    names = {f"{i:05d}{'n' * 250}.csv": "" for i in range(3000)}
    path = zipped(tmp_path / "long.zip", names, method=zipfile.ZIP_STORED)
    refused(lambda: read_zip(path, lambda _: True, limits=replace(LIMITS, members=300.0)), "directory")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_packed_in_another_way(tmp_path: Path, method: int) -> None:
    path = zipped(tmp_path / "packed.zip", {"Accelerometer.csv": PHYPHOX}, method=method)
    refused(lambda: read_any(f"sacrum={path}"), f"method {method}")


def test_a_zip_that_is_encrypted_cut_or_damaged(tmp_path: Path) -> None:
    path = zipped(tmp_path / "export.zip", {"Accelerometer.csv": PHYPHOX + "0,1,2,3\n" * 40})
    data = path.read_bytes()
    locked = bytearray(data)
    locked[6] |= 1
    locked[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(locked)
    refused(lambda: read_any(f"sacrum={path}"), "encrypted")
    for length in (60, len(data) - 30, len(data) - 1):
        path.write_bytes(data[:length])
        refused(lambda: read_any(f"sacrum={path}"))
    for at in range(0, len(data), 5):
        spoiled = bytearray(data)
        spoiled[at] ^= 0xFF
        path.write_bytes(spoiled)
        with pytest.raises(HingeError):  # it holds no gyroscope, so it is never a whole export
            read_any(f"sacrum={path}")


def test_rows_beyond_a_day_are_refused_before_they_are_parted(tmp_path: Path) -> None:
    path = tmp_path / "pelvis.csv"
    for text in (PHYPHOX + "0,1,2,3\n" * 3000, HEADER + "\n" + "0,1,2,3,4,5,6\n" * 3000):
        path.write_text(text)
        refused(lambda: read_any(f"sacrum={path}", limits=replace(LIMITS, hours=0.001)), "rows")
    path.write_text('{"MeasIMU6": [' + "1," * 3000 + "1]}")
    refused(lambda: read_any(f"sacrum={path}", limits=replace(LIMITS, text_bytes=10_000.0)), "JSON")


def test_limits_come_from_the_settings(hinge_folder: Path, tmp_path: Path) -> None:
    small = replace(LIMITS, text_bytes=1000.0)
    refused(lambda: ih.read(hinge_folder, limits=small), "0.001 MB")
    refused(lambda: ih.read(hinge_folder, limits=replace(LIMITS, hours=0.001)), "rows")
    assert ih.read(hinge_folder, limits=replace(LIMITS, columns=7.0)).placements == ("sacrum", "t12")


# journals whose checksum holds and whose content does not -------------------------------------------------------------


def journal(folder: Path, *entries: str) -> Path:
    folder.mkdir()
    lines = [f"{number} {number * 10**7} {entry}".encode() for number, entry in enumerate(entries)]
    (folder / "journal.txt").write_bytes(b"".join(b"%08x %s\n" % (zlib.crc32(line), line) for line in lines))
    return folder


GOOD = {"family": "movesense", "rate_hz": 104.0, "max_drift": 5e-4, "tells_loss": True, "details": {"reference": 99}}


@pytest.mark.parametrize(
    "settings",
    [
        GOOD | {"max_drift": float("nan")},
        GOOD | {"max_drift": float("inf")},
        GOOD | {"rate_hz": float("nan")},
        GOOD | {"rate_hz": 0},
        GOOD | {"rate_hz": 1e300},
        GOOD | {"rate_hz": "x"},
        GOOD | {"family": "nobody"},
        GOOD | {"family": []},
        GOOD | {"details": []},
        GOOD | {"details": {"reference": float("nan")}},
        GOOD | {"family": "polar", "details": {}},
        GOOD | {"family": "metamotion", "details": {"counter": 1, "chip": "x"}},
        GOOD | {"acc_range_g": float("nan")},
        {"family": "movesense"},
        {"a": 1},
        [],
        None,
        "x",
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_a_journal_with_settings_that_cannot_be(tmp_path: Path, settings: object) -> None:
    packet = "packet 34802252-7185-4d5d-b431-630e7050e8f0 0263" + "00" * 52
    for kind in ("stream", "end"):
        values = {"device": "x", "settings": settings}
        body = values if kind == "stream" else {"streams": {"sacrum": values}}
        folder = journal(
            tmp_path / kind, "- session {}", f"sacrum {kind} {json.dumps(body)}", *[f"sacrum {packet}"] * 5
        )
        refused(lambda folder=folder: recover(folder), error=HingeError)
        refused(lambda folder=folder: seal(folder), error=HingeError)
        assert os.listdir(folder) == ["journal.txt"]


@pytest.mark.parametrize(
    "body", ["[" * 100_000, "{}", "[]", '{"streams": 5}', '{"streams": {"sacrum": 5}}', '"x"', "NaN"]
)
@pytest.mark.parametrize("kind", ["session", "stream", "end", "link"])
def test_a_journal_with_entries_of_any_content(tmp_path: Path, kind: str, body: str) -> None:
    folder = journal(tmp_path / "set", f"- {kind} {body}", f"sacrum {kind} {body}", "9" * 400 + " x packet 0 00")
    refused(lambda: ih.read(folder), error=HingeError)


def test_a_journal_of_newlines_or_behind_a_link(tmp_path: Path) -> None:
    folder = journal(tmp_path / "set")
    (folder / "journal.txt").write_bytes(b"\n" * 1_000_000)
    refused(lambda: ih.read(folder))
    (folder / "journal.txt").unlink()
    (folder / "journal.txt").symlink_to("/etc/hosts")
    refused(lambda: recover(folder), "a link")


# standard output ------------------------------------------------------------------------------------------------------


def printed_to(output: Any, *words: str) -> subprocess.CompletedProcess[bytes]:
    code = "from imu_hinge.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        stdout=output,
        stderr=subprocess.PIPE,
        check=False,
        cwd=Path(__file__).parents[1],
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_standard_output_is_said_in_one_sentence() -> None:
    with open("/dev/full", "wb") as full:
        done = printed_to(full, "version")
    assert done.returncode == HingeError.exit_code
    assert done.stderr.decode().startswith("imu-hinge: ")
    assert len(done.stderr.decode().strip().splitlines()) == 1


def test_a_standard_output_of_ascii_alone(hinge_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="ascii"))
    monkeypatch.setattr(sys, "argv", ["imu-hinge", "analyze", str(hinge_folder)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code in (0, None)
    assert b"5 reps" in printed.getvalue()
