"""Stopped at any step: the old data is whole, the new whole or absent, and what is left over goes the next time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from itertools import cycle
from pathlib import Path

import pytest
from interrupting import N_PACKETS, NEW, OLD, STORIES, journal_is, prepare_journal, prepare_sealed

import imu_hinge as ih
from imu_hinge import atomic_file
from imu_hinge.errors import RecordingError
from imu_hinge.recovery.seal import seal
from imu_hinge.storage.recording import read, write

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
HAS_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="a step is interrupted in a forked process")


@HAS_FORK
@pytest.mark.parametrize(("what", "number"), list(zip(STORIES, cycle(NUMBERS), strict=False)))
def test_every_fifth_step_can_be_the_last(tmp_path: Path, what: str, number: int) -> None:
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("interrupting.py"), what, str(int(number)), tmp_path, "5"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert found["steps"] >= 2


def test_files_emptied_by_a_power_cut_are_read_from_the_journal(tmp_path: Path) -> None:
    prepare_sealed(tmp_path)
    recording = ih.read(tmp_path / "set")
    assert len(recording.sensors["sacrum"]) == N_PACKETS
    assert any("journal" in warning and "is empty" in warning for warning in recording.warnings)
    os.truncate(tmp_path / "set" / "recording.json", 0)
    assert journal_is(tmp_path) == "new"


def test_a_torn_journal_does_not_stand_in_for_damaged_files(tmp_path: Path) -> None:
    prepare_sealed(tmp_path)
    journal = tmp_path / "set" / "journal.txt"
    journal.write_bytes(journal.read_bytes()[:-10])
    with pytest.raises(RecordingError, match="is empty"):
        ih.read(tmp_path / "set")


def test_sealing_syncs_its_files_and_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_journal(tmp_path)
    synced: set[int] = set()
    sync = os.fsync

    def note(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    seal(tmp_path / "set")
    for path in (tmp_path / "set", tmp_path / "set" / "sacrum.csv", tmp_path / "set" / "recording.json"):
        assert path.stat().st_ino in synced, path


def test_what_another_running_program_writes_is_left_alone(tmp_path: Path) -> None:
    with atomic_file.part_beside(tmp_path / "set") as part:
        part.mkdir()
        write(OLD, tmp_path / "set")
        assert part.exists()
        part.rename(mine := part.with_name(part.name.replace(f"-{os.getpid()}-", "-999999999-")))
    write(NEW, tmp_path / "set", overwrite=True)
    assert not mine.exists()  # no process has that number


def test_a_recording_is_replaced_with_its_other_files(tmp_path: Path) -> None:
    folder = write(OLD, tmp_path / "set")
    (folder / "deep").mkdir()
    (folder / "deep" / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "notes.txt").write_text("kept")
    os.mkfifo(folder / "pipe")
    write(NEW, folder, overwrite=True)
    assert len(read(folder).sensors["sacrum"]) == len(NEW.sensors["sacrum"])
    assert (folder / "notes.txt").read_text() == "kept"
    assert (folder / "deep" / "link").is_symlink()
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_a_part_of_any_name_can_be_written(tmp_path: Path) -> None:
    for name in ("n" * 250, "[a]*?", "ä" * 120):
        write(OLD, tmp_path / name)
        write(NEW, tmp_path / name, overwrite=True)
    assert len(os.listdir(tmp_path)) == 3
