"""Do one thing that writes, over and over, stopped at every step of it; run by `test_interrupted` in its own process.

    python tests/recovery/interrupting.py WHAT SIGNAL FOLDER EVERY

With 1 for EVERY each step is tried, with 3 every third and the last.
Prints one line of JSON: how many steps were interrupted and what was found wrong.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from imu_hinge import atomic_file
from imu_hinge.athlete import Athlete, read_athlete, write_athlete
from imu_hinge.cli import _stopped_in_order
from imu_hinge.edits import Edit
from imu_hinge.model import Recording, Samples
from imu_hinge.recovery.read import read
from imu_hinge.recovery.seal import SEAL_FOLDER, seal
from imu_hinge.report.output_files import write_atomic
from imu_hinge.sensors.drivers import hinge_packets
from imu_hinge.sensors.protocol import StreamSettings
from imu_hinge.storage import journal as jn
from imu_hinge.storage.beside import read_edits, write_edits
from imu_hinge.storage.exporters import write_csvs
from imu_hinge.storage.recording import write

N_PACKETS = 350

STEPS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "ctypes.call_function", "ctypes.dlsym"}
"""What Python tells before it asks the system to change something on the disk."""


def made(seconds: float) -> Recording:
    rng = np.random.default_rng(1)
    time_s = np.arange(0.0, seconds, 0.01)
    acc = rng.normal(0.0, 0.05, (time_s.size, 3)) + np.array([0.0, 0.0, 9.81])
    return Recording({"sacrum": Samples(time_s, acc, rng.normal(0.0, 0.02, (time_s.size, 3)))})


OLD, NEW = made(3.2), made(3.5)


def prepare_recording(root: Path) -> None:
    write(OLD, root / "set")
    (root / "set" / "more").mkdir()
    (root / "set" / "more" / "notes.txt").write_text("kept")


def recording_is(root: Path) -> str:
    found = len(read(root / "set").sensors["sacrum"])
    if (root / "set" / "more" / "notes.txt").read_text() != "kept":
        return "other files are lost"
    return {len(OLD.sensors["sacrum"]): "old", len(NEW.sensors["sacrum"]): "new"}.get(found, f"{found} rows")


def prepare_link(root: Path) -> None:
    prepare_recording(root)
    (root / "set").rename(root / "target")
    (root / "set").symlink_to(root / "target")


def link_is(root: Path) -> str:
    return recording_is(root) if (root / "set").is_symlink() else "the link is gone"


def prepare_journal(root: Path) -> None:
    """Write a journal of 5 s, sealed, with the sealed files emptied as by a power cut."""
    rng = np.random.default_rng(2)
    details: dict[str, int | float | str] = {"acc_m_s2": 0.0048, "gyr_rad_s": 0.001, "boot_id": 1, "samples": 1}
    settings = StreamSettings("hinge", 100.0, acc_range_g=16.0, gyr_range_dps=2000.0, details=details)
    journal = jn.JournalWriter(root / "set" / jn.FILE_NAME)
    journal.note(jn.SESSION, 0, "", {"journal": jn.SCHEMA, "origin_ns": 0})
    journal.note(jn.STREAM, 0, "sacrum", {"device": "made up", "settings": settings.as_dict()})
    for number in range(N_PACKETS):
        counts = np.round(rng.normal(0.0, 12.0, 6)) + np.array([0, 0, 2048, 0, 0, 0])
        head = bytes([1, 0]) + number.to_bytes(2, "little") + (number * 10_000).to_bytes(4, "little")
        packet = head + (10_000).to_bytes(2, "little") + bytes([1, 0]) + counts.astype("<i2").tobytes()
        journal.packet(number * 10_000_000, "sacrum", hinge_packets.DATA, packet)
    journal.close()


def prepare_sealed(root: Path) -> None:
    prepare_journal(root)
    seal(root / "set")
    os.truncate(root / "set" / "sacrum.csv", 0)


def journal_is(root: Path) -> str:
    found = len(read(root / "set").sensors["sacrum"])
    return "new" if found == N_PACKETS else f"{found} rows"


def athlete_is(root: Path) -> str:
    return read_athlete(root / "set").name


def edit(root: Path, note: str) -> None:
    (root / "set").mkdir(exist_ok=True)
    write_edits(root / "set", [Edit("note", 0.0, 1.0, note)])


def edits_are(root: Path) -> str:
    (kept,) = read_edits(root / "set")
    return str(kept.value)


def bytes_are(root: Path) -> str:
    return {b"old": "old", b"new" * 100: "new"}.get((root / "set").read_bytes(), "half")


def csvs_are(root: Path) -> str:
    if not (root / "csvs").exists():
        return "old"
    lines = len((root / "csvs" / "sacrum.csv").read_text().splitlines())
    return (
        "new"
        if sorted(os.listdir(root / "csvs")) == ["sacrum.csv"] and lines == len(NEW.sensors["sacrum"]) + 1
        else "half"
    )


Story = tuple[Callable[[Path], object], Callable[[Path], object], Callable[[Path], str]]
"""What stands there, what is done, and which of ``old`` and ``new`` it is."""

STORIES: dict[str, Story] = {
    "overwrite": (prepare_recording, lambda root: write(NEW, root / "set", overwrite=True), recording_is),
    "renames": (prepare_recording, lambda root: write(NEW, root / "set", overwrite=True), recording_is),
    "link": (prepare_link, lambda root: write(NEW, root / "set", overwrite=True), link_is),
    "csvs": (lambda root: None, lambda root: write_csvs(NEW, root / "csvs"), csvs_are),
    "seal": (prepare_journal, lambda root: seal(root / "set"), journal_is),
    "seal again": (prepare_sealed, lambda root: seal(root / "set"), journal_is),
    "athlete": (
        lambda root: write_athlete(Athlete(name="old"), root / "set"),
        lambda root: write_athlete(Athlete(name="new"), root / "set"),
        athlete_is,
    ),
    "edits": (lambda root: edit(root, "old"), lambda root: edit(root, "new"), edits_are),
    "report": (
        lambda root: (root / "set").write_bytes(b"old"),
        lambda root: write_atomic(root / "set", b"new" * 100),
        bytes_are,
    ),
}


def stopped_at(step: int, number: int, act: Callable[[Path], object], root: Path) -> bool:
    """Do it in a process of its own that gets the signal at one step; return whether it came to that step."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] != 0
    here = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal here
        if event in STEPS and (event.startswith("ctypes") or str(root) in str(arguments[0])):
            here += 1
            if here == step:
                os.kill(os.getpid(), number)

    sys.addaudithook(count)
    try:
        with _stopped_in_order():
            act(root)
    except BaseException:
        os._exit(1)
    os._exit(0)


def hidden(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob(".*"))


def main(what: str, number: int, folder: Path, every: int) -> dict[str, object]:
    prepare, act, state = STORIES[what]
    if what == "renames":
        atomic_file.exchange = no_exchange
    template, once, wrong, step = folder / "template", folder / "once", [], 0
    for each in (template, once):
        each.mkdir()
        prepare(each)
    act(once)  # what is imported is imported now, and not in every child again
    going = True
    while going and step < 200:
        step += every
        root = folder / f"at-{step}"
        shutil.copytree(template, root, symlinks=True)
        if what == "link":
            (root / "set").unlink()
            (root / "set").symlink_to(root / "target")
        going = stopped_at(step, number, act, root)
        found = state(root)
        if found not in ("old", "new") or (not going and found != "new"):
            wrong.append(f"step {step}: {found}")
        left = [name for name in hidden(root) if SEAL_FOLDER not in name or number != 9]
        if number != 9 and left:
            wrong.append(f"step {step}: left {left}")
        if what != "csvs" or found == "old":
            act(root)
        if state(root) != "new" or hidden(root):
            wrong.append(f"after step {step}: {state(root)}, {hidden(root)}")
        shutil.rmtree(root)
    return {"steps": step // every, "wrong": wrong}


def no_exchange(*_: Path) -> None:
    raise OSError("this disk exchanges no names")


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))))
