"""The journal: what was written is read back, and what was destroyed is told, never guessed and never fatal."""

import errno
import json
import os
import subprocess
import sys
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_hinge.errors import NewerSchema, RecordingError
from imu_hinge.storage import journal as jn
from imu_hinge.storage.journal import JournalWriter, read_journal

UUID = "02ec0002-dedd-466f-a979-2a59fbdd437e"


def written(path, n=50):
    writer = JournalWriter(path)
    writer.note(jn.SESSION, 1, "", {"journal": jn.SCHEMA, "note": "ä\n x"})
    for i in range(n):
        writer.packet(1000 + i, "sacrum", UUID, bytes([i % 256, 10, 13, 32]))
    writer.close()
    return path


def test_what_was_written_is_read_back(tmp_path):
    journal = read_journal(written(tmp_path / jn.FILE_NAME))
    assert journal.losses == ()
    assert journal.session["note"] == "ä\n x"
    packets = journal.entries[1:]
    assert [p.payload for p in packets] == [bytes([i, 10, 13, 32]) for i in range(50)]
    assert {(p.sensor, p.characteristic, p.kind) for p in packets} == {("sacrum", UUID, jn.PACKET)}
    assert [p.host_ns for p in packets] == [1000 + i for i in range(50)]
    assert read_journal(tmp_path).entries == journal.entries, "the folder will do"


def test_a_journal_of_text_mode_is_read_whole(tmp_path):
    path = written(tmp_path / jn.FILE_NAME)
    entries = read_journal(path).entries
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    journal = read_journal(path)
    assert journal.entries == entries
    assert journal.losses == ()


TEXT_MODE = """
import os
os.O_BINARY = 0x8000
texts, plain_open, plain_write = set(), os.open, os.write
def opened(path, flags, mode=0o777, **more):
    number = plain_open(path, flags & ~os.O_BINARY, mode, **more)
    texts.discard(number) if flags & os.O_BINARY else texts.add(number)
    return number
def put(number, data):
    if number not in texts:
        return plain_write(number, data)
    plain_write(number, bytes(data).replace(b"\\n", b"\\r\\n"))
    return len(data)
os.open, os.write = opened, put
from imu_hinge.storage.journal import JournalWriter
import sys
writer = JournalWriter(sys.argv[1])
for i in range(20):
    writer.packet(i, "sacrum", "u", bytes([10, 13, i]))
writer.close()
"""
"""A platform where files are opened in text mode unless O_BINARY is given, as Windows."""


def test_a_journal_is_written_in_binary_where_text_mode_is_the_default(tmp_path):
    path = tmp_path / jn.FILE_NAME
    subprocess.run([sys.executable, "-c", TEXT_MODE, path], check=True)
    assert b"\r" not in path.read_bytes()
    assert [entry.payload for entry in read_journal(path).entries] == [bytes([10, 13, i]) for i in range(20)]


@settings(deadline=None, max_examples=60)
@given(cut=st.integers(0, 5000))
def test_a_journal_cut_anywhere_keeps_every_whole_line_before_the_cut(tmp_path_factory, cut):
    path = written(tmp_path_factory.mktemp("cut") / jn.FILE_NAME)
    data = path.read_bytes()
    path.write_bytes(data[: cut % len(data)])
    kept = data[: cut % len(data)]
    journal = read_journal(path)
    assert len(journal.entries) == kept.count(b"\n")
    torn = len(kept) - (kept.rfind(b"\n") + 1)
    assert [loss.size for loss in journal.losses] == ([torn] if torn else [])


@settings(deadline=None, max_examples=80)
@given(start=st.integers(0, 4000), size=st.integers(1, 300), filling=st.sampled_from([b"\0", b"\xff", b"\n", b"7"]))
def test_a_destroyed_middle_costs_its_own_lines_and_is_counted(tmp_path_factory, start, size, filling):
    path = written(tmp_path_factory.mktemp("hole") / jn.FILE_NAME)
    data = bytearray(path.read_bytes())
    whole = bytes(data).split(b"\n")
    start %= len(data)
    stop = min(start + size, len(data))
    data[start:stop] = filling * (stop - start)
    path.write_bytes(data)
    journal = read_journal(path)
    survivors = {line for line in bytes(data).split(b"\n")[:-1] if line in whole}
    assert len(journal.entries) == len(survivors - {b""})
    for entry in journal.entries[1:] if journal.entries and journal.entries[0].kind == jn.SESSION else journal.entries:
        assert entry.payload[0] == entry.host_ns - 1000, "no wrong packet is ever delivered"
    missing = 51 - len(journal.entries)
    told = sum(loss.entries or 0 for loss in journal.losses)
    if journal.entries and journal.entries[-1].number == 50:
        assert told == missing
        assert bool(journal.losses) == bool(missing)
    else:
        assert journal.losses
        assert told <= missing
    assert all(str(loss) for loss in journal.losses)


def test_random_bytes_are_a_journal_that_lost_everything(tmp_path):
    path = tmp_path / jn.FILE_NAME
    path.write_bytes(os.urandom(5000))
    journal = read_journal(path)
    assert journal.entries == ()
    assert sum(loss.size for loss in journal.losses) == 5000


def test_an_empty_journal_and_a_missing_one(tmp_path):
    (tmp_path / jn.FILE_NAME).write_bytes(b"")
    assert read_journal(tmp_path).losses == ()
    with pytest.raises(RecordingError, match="no readable journal"):
        read_journal(tmp_path / "elsewhere")


def test_a_journal_is_never_written_over(tmp_path):
    written(tmp_path / jn.FILE_NAME, 3)
    with pytest.raises(RecordingError, match="exists already"):
        JournalWriter(tmp_path / jn.FILE_NAME)
    assert len(read_journal(tmp_path).entries) == 4


def test_a_newer_journal_is_refused(tmp_path):
    writer = JournalWriter(tmp_path / jn.FILE_NAME)
    writer.note(jn.SESSION, 1, "", {"journal": jn.SCHEMA + 1})
    writer.close()
    with pytest.raises(NewerSchema, match="Update"):
        read_journal(tmp_path)


def test_a_line_is_what_the_docstring_says(tmp_path):
    path = written(tmp_path / jn.FILE_NAME, 1)
    checksum, rest = path.read_bytes().split(b"\n")[1].split(b" ", 1)
    assert int(checksum, 16) == zlib.crc32(rest)
    assert rest.decode() == f"1 1000 sacrum packet {UUID} 000a0d20"
    head = path.read_bytes().split(b"\n")[0].split(b" ", 5)
    assert head[1:5] == [b"0", b"1", b"-", b"session"]
    assert json.loads(head[5])["journal"] == jn.SCHEMA


class FullDisk:
    """Let ``os.write`` take only so many bytes, as a full disk does: half a line, then nothing."""

    def __init__(self, monkeypatch, room):
        self.room, self.write = room, os.write
        monkeypatch.setattr(jn.os, "write", self)

    def __call__(self, descriptor, data):
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = self.write(descriptor, bytes(data)[: self.room])
        self.room -= taken
        return taken


def test_a_full_disk_loses_nothing_that_was_written_and_says_what_could_not_be(tmp_path, monkeypatch):
    disk = FullDisk(monkeypatch, 1000)
    writer = JournalWriter(tmp_path / jn.FILE_NAME)
    for i in range(50):
        writer.packet(1000 + i, "sacrum", UUID, bytes([i]))
    with pytest.raises(RecordingError, match=r"could not be saved: No space left.*imu-hinge repair"):
        writer.close()
    assert disk.room == 0
    journal = read_journal(tmp_path)
    assert [entry.payload[0] for entry in journal.entries] == list(range(len(journal.entries)))
    assert 0 < len(journal.entries) < 50


def test_a_disk_that_is_freed_again_gets_everything(tmp_path, monkeypatch):
    disk = FullDisk(monkeypatch, 1000)
    writer = JournalWriter(tmp_path / jn.FILE_NAME, flush_s=0.001)
    for i in range(50):
        writer.packet(1000 + i, "sacrum", UUID, bytes([i]))
    deadline = time.monotonic() + 10
    while writer.problem is None and time.monotonic() < deadline:
        pass
    disk.room = 1_000_000
    writer.packet(2000, "sacrum", UUID, b"\x32")
    writer.close()
    journal = read_journal(tmp_path)
    assert journal.losses == ()
    assert [entry.payload[0] for entry in journal.entries] == list(range(51))


def test_a_folder_that_cannot_be_written_is_refused_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match=r"cannot be written|exists"):
        JournalWriter(tmp_path / "file" / jn.FILE_NAME)
