"""From the first scan to the sealed recording, over the virtual radio; and what a crash leaves of it."""

import asyncio
import errno
import json
import os
import threading
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from bumble_backend import Air
from typer.testing import CliRunner
from virtual_device import Faults
from virtual_families import HingeBoard, Movesense, own
from virtual_families_2 import PolarVerity, WitMotionSensor
from virtual_time import now_ns, run

from imu_hinge.athlete import Athlete
from imu_hinge.cli import app
from imu_hinge.conventions import Flag
from imu_hinge.errors import DeviceError, NewerSchema, RecordingError
from imu_hinge.live.analysis_thread import LiveReps
from imu_hinge.live.fault_report import write_fault_report
from imu_hinge.live.record_session import Plan, record
from imu_hinge.live.recorder import Recorder, Session
from imu_hinge.live.status import status_table
from imu_hinge.model import Samples
from imu_hinge.recovery.decode import joined
from imu_hinge.recovery.read import is_unsealed, read
from imu_hinge.recovery.seal import recover, seal, summary
from imu_hinge.storage import journal as jn
from imu_hinge.storage.recording import read as read_sealed

pytestmark = pytest.mark.usefixtures("virtual_radio")
FIRST, SECOND = "C0:00:00:00:00:11", "C0:00:00:00:00:12"
SESSION = Session(athlete=Athlete(height_m=1.8, name="A"), exercise="deadlift", load_kg=100.0, note="ä")


def recorded(folder, devices, *, seconds=8.0, during=None, **plan):
    """Record devices by placement; returns what `record` returned. ``during`` runs beside it."""

    plan.setdefault("session", SESSION)

    async def story():
        air = Air()
        await air.switch_on()
        for device in devices.values():
            await device.switch_on(air)
        wanted = {placement: device.address for placement, device in devices.items()}
        beside = asyncio.ensure_future(during(air)) if during else None
        try:
            return await record(Plan(wanted, folder, seconds=seconds, now_ns=now_ns, **plan), asyncio.Event())
        finally:
            if beside is not None:
                await beside

    return run(story())


def two_boards(**kwargs):
    return {"sacrum": HingeBoard("IMUH-1", FIRST, **kwargs), "t12": HingeBoard("IMUH-2", SECOND, **kwargs)}


def test_a_recording_is_sealed_beside_its_journal_and_read_as_any_other(tmp_path):
    recovered = recorded(tmp_path / "set", two_boards())
    recording = read_sealed(tmp_path / "set")
    assert recording.placements == ("sacrum", "t12")
    assert (recording.exercise, recording.load_kg, recording.note) == ("deadlift", 100.0, "ä")
    assert recording.athlete == Athlete(height_m=1.8, name="A")
    assert recording.devices["t12"] == f"IMUH-2 ({SECOND})"
    for placement, samples in recording.sensors.items():
        assert 780 <= len(samples) <= 805
        np.testing.assert_array_equal(samples.time_s, recovered.recording.sensors[placement].time_s)
        np.testing.assert_allclose(np.diff(samples.time_s), 0.01, atol=1e-4)
        assert samples.acc[0, 2] == pytest.approx(9.80665, rel=1e-4)
        assert not (samples.flags & Flag.GAP).any()
    assert sorted(os.listdir(tmp_path / "set")) == ["journal.txt", "log.txt", "recording.json", "sacrum.csv", "t12.csv"]
    assert recovered.is_whole
    assert summary(recovered)[-1] == "The journal is whole."


def test_what_was_shown_live_is_recovered_to_the_last_bit(tmp_path):
    live = {}
    devices = two_boards(faults=Faults(loss=0.05, drift=200e-6)) | {
        "chest": PolarVerity("Polar Sense 1", SECOND[:-1] + "3")
    }
    recorded(tmp_path / "set", devices, on_samples=lambda placement, s: live.setdefault(placement, []).append(s))
    again = recover(tmp_path / "set", as_live=True).recording
    assert set(live) == set(again.sensors) == {"sacrum", "t12", "chest"}
    for placement, parts in live.items():
        whole, expected = joined(parts), again.sensors[placement]
        for name in ("time_s", "acc", "gyr", "flags"):
            np.testing.assert_array_equal(getattr(whole, name), getattr(expected, name))


def test_a_lost_link_is_in_the_report_and_in_the_flags(tmp_path):
    devices = {"sacrum": HingeBoard("IMUH-1", FIRST)}

    async def drop(air):
        await asyncio.sleep(12)
        await devices["sacrum"].drop()

    recovered = recorded(tmp_path / "set", devices, seconds=20, during=drop)
    report = recovered.sensors["sacrum"]
    assert report.outages == 1
    samples = read_sealed(tmp_path / "set").sensors["sacrum"]
    assert int(((samples.flags & Flag.GAP) != 0).sum()) == 1
    gap = np.diff(samples.time_s).max()
    assert 0.3 < gap < 4
    assert report.outage_s == pytest.approx(gap, abs=0.1), "how long nothing came, not since when that was known"
    assert len(np.unique(samples.time_s)) == len(samples)
    assert "1 times without link" in summary(recovered)[0]


def test_a_folder_that_a_crash_left_unsealed_is_read_and_repaired(tmp_path):
    recorded(tmp_path / "set", two_boards())
    whole = read_sealed(tmp_path / "set")
    for name in ("recording.json", "sacrum.csv", "t12.csv"):
        (tmp_path / "set" / name).unlink()
    path = tmp_path / "set" / jn.FILE_NAME
    path.write_bytes(path.read_bytes()[:-700])
    assert is_unsealed(tmp_path / "set")
    unsealed = read(tmp_path / "set", exercise="rdl")
    assert unsealed.exercise == "rdl"
    assert whole.sensors["sacrum"].time_s[-1] - unsealed.sensors["sacrum"].time_s[-1] < 1.0
    CliRunner().invoke(app, ["convert", str(tmp_path / "set"), "--to", str(tmp_path / "converted")])
    converted = read(tmp_path / "converted")
    np.testing.assert_array_equal(converted.sensors["t12"].acc, unsealed.sensors["t12"].acc)
    recovered = seal(tmp_path / "set")
    assert not recovered.is_whole
    assert "torn" in summary(recovered)[-1]
    sealed = read(tmp_path / "set")
    np.testing.assert_array_equal(sealed.sensors["t12"].acc, unsealed.sensors["t12"].acc)
    assert sealed.athlete == SESSION.athlete


def test_on_a_full_disk_the_session_goes_on_says_so_and_keeps_what_was_saved(tmp_path, monkeypatch):
    room, write, seen, refused = [60_000], os.write, [], threading.Event()

    def full(descriptor, data):
        if room[0] <= 0:
            refused.set()
            raise OSError(errno.ENOSPC, "No space left on device")
        part = bytes(data)[: room[0]]
        is_last = len(part) == room[0]
        part = part[:-1] if is_last and part.endswith(b"\n") else part  # the last entry is always torn
        room[0] = 0 if is_last else room[0] - len(part)
        return write(descriptor, part)

    def look(recorder):
        if seen and seen[-1][1] > 1500:  # streams faster than the clock by which the journal's thread writes
            refused.wait(20.0)
        seen.append((recorder.problem, sum(status.received for status in recorder.status.values())))

    monkeypatch.setattr(jn.os, "write", full)
    with pytest.raises(RecordingError, match=r"could not be saved: No space left.*imu-hinge repair"):
        recorded(tmp_path / "set", two_boards(), seconds=15.0, on_status=look)
    monkeypatch.undo()
    told = [samples for problem, samples in seen if "NOT SAVED" in problem]
    assert told, "nobody at the bar was told"
    assert told[-1] > told[0], "streaming went on"
    assert is_unsealed(tmp_path / "set")
    kept = read(tmp_path / "set").sensors
    recovered = seal(tmp_path / "set")
    assert not recovered.is_whole
    for placement in ("sacrum", "t12"):
        assert 1.0 < kept[placement].time_s[-1] - kept[placement].time_s[0] < 14.0
        np.testing.assert_array_equal(read(tmp_path / "set").sensors[placement].acc, kept[placement].acc)


@pytest.mark.parametrize("hole", [0.0, 0.3, 0.6])
def test_a_journal_with_a_hole_is_recovered_around_it(tmp_path, hole):
    recorded(tmp_path / "set", two_boards())
    path = tmp_path / "set" / jn.FILE_NAME
    data = bytearray(path.read_bytes())
    start = int(hole * len(data))
    data[start : start + 4096] = bytes(4096)
    path.write_bytes(data)
    recovered = seal(tmp_path / "set")
    assert len(recovered.losses) == 1
    assert sum(loss.entries for loss in recovered.losses) >= 5
    for placement in ("sacrum", "t12"):
        samples = recovered.recording.sensors[placement]
        assert len(samples) > 500
        if hole:
            assert int(((samples.flags & Flag.GAP) != 0).sum()) == 1, "the hole shows as a gap in the samples"


def test_a_journal_outlives_a_change_of_its_decoder(tmp_path, monkeypatch):
    recorded(tmp_path / "set", {"sacrum": HingeBoard("IMUH-1", FIRST)})
    from imu_hinge.sensors.drivers import hinge_profile

    before = read(tmp_path / "set").sensors["sacrum"].acc

    class Mended(hinge_profile.Decoder):
        def feed(self, characteristic, payload):
            return [replace(block, acc=block.acc + 1.0) for block in super().feed(characteristic, payload)]

    monkeypatch.setattr(hinge_profile.HingeProfile, "decoder", lambda self, s: Mended(s))
    seal(tmp_path / "set")
    np.testing.assert_allclose(read(tmp_path / "set").sensors["sacrum"].acc, before + 1.0)


def test_damaged_packets_are_counted_and_do_not_end_the_session(tmp_path):
    class Broken(HingeBoard):
        def packets(self, first, n):
            packets = super().packets(first, n)
            return [(packets[0][0], b"\x09" + packets[0][1][1:])] if self.sequence % 40 == 0 else packets

    recovered = recorded(tmp_path / "set", {"sacrum": Broken("IMUH-1", FIRST)})
    assert recovered.sensors["sacrum"].bad_packets >= 3
    seen = (5 * recovered.sensors["sacrum"].bad_packets, 5 * recovered.sensors["sacrum"].bad_packets - 5)
    assert recovered.sensors["sacrum"].clock.lost in seen, "a damaged last packet leaves no gap behind it"


def test_two_clocks_two_hundred_ppm_apart_lie_on_one_timeline(tmp_path):
    devices = {
        "sacrum": HingeBoard("IMUH-1", FIRST, faults=Faults(drift=200e-6)),
        "t12": Movesense("Movesense 1", SECOND, faults=Faults(drift=-200e-6, burst_s=0.1)),
        "thigh": WitMotionSensor("WT901BLE68", SECOND[:-1] + "4", faults=Faults(drift=0.007)),
    }
    recovered = recorded(tmp_path / "set", devices, seconds=30)
    origin_s = recover_origin(tmp_path / "set")
    for placement, device in devices.items():
        samples = recovered.recording.sensors[placement]
        lsb = {"sacrum": 0.0047884, "t12": 0.005, "thigh": 9.80665 / 2048}[placement]
        numbers = np.round(samples.acc[:, 0] / lsb)
        true_s = device.booted_s + numbers / device.true_rate_hz - origin_s
        latency = samples.time_s - true_s
        assert np.percentile(np.abs(latency - np.median(latency)), 95) < 0.005, placement
        assert recovered.sensors[placement].clock.rate_hz == pytest.approx(device.true_rate_hz, rel=1e-3)


def recover_origin(folder):
    return jn.read_journal(folder).session["origin_ns"] * 1e-9


def test_nothing_is_left_behind_when_a_sensor_refuses_or_the_user_stops_early(tmp_path):
    full = Movesense("Movesense 1", FIRST)
    full.refuses = 429
    with pytest.raises(DeviceError, match="429"):
        recorded(tmp_path / "set", {"sacrum": full})
    assert not (tmp_path / "set").exists()

    async def story():
        air = Air()
        await air.switch_on()
        await HingeBoard("IMUH-1", FIRST).switch_on(air)
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.5, stop.set)
        return await record(Plan({"sacrum": FIRST}, tmp_path / "set", now_ns=now_ns), stop)

    assert run(story()) is None
    assert not (tmp_path / "set").exists()


def test_a_folder_with_a_journal_is_never_recorded_over(tmp_path):
    recorded(tmp_path / "set", {"sacrum": HingeBoard("IMUH-1", FIRST)})
    before = (tmp_path / "set" / jn.FILE_NAME).read_bytes()
    with pytest.raises(RecordingError, match="exists already"):
        recorded(tmp_path / "set", {"sacrum": HingeBoard("IMUH-1", FIRST)})
    assert (tmp_path / "set" / jn.FILE_NAME).read_bytes() == before


def test_unknown_placements_and_exercises_are_refused_before_anything_is_connected(tmp_path):
    with pytest.raises(RecordingError, match="no placement"):
        recorded(tmp_path / "set", {"knee": HingeBoard("IMUH-1", FIRST)})
    with pytest.raises(RecordingError, match="no exercise"):
        Session(exercise="curl")


def test_a_journal_without_samples_or_from_the_future_says_so(tmp_path):
    writer = jn.JournalWriter(tmp_path / jn.FILE_NAME)
    writer.note(jn.SESSION, 1, "", {"journal": 1})
    writer.close()
    with pytest.raises(RecordingError, match="no sample"):
        seal(tmp_path)
    assert os.listdir(tmp_path) == [jn.FILE_NAME]
    newer = jn.JournalWriter(tmp_path / "new" / jn.FILE_NAME)
    newer.note(jn.SESSION, 1, "", {"journal": 99})
    newer.close()
    with pytest.raises(NewerSchema):
        seal(tmp_path / "new")


def test_the_status_line_shows_rate_loss_battery_link_and_whether_it_moves(tmp_path):
    shown, devices = [], two_boards(faults=Faults(loss=0.05))

    def look(recorder: Recorder):
        table = status_table(recorder, now_ns=now_ns())
        shown.append([[str(cell) for cell in column.cells] for column in table.columns])

    recorded(tmp_path / "set", devices, on_status=look)
    placements, sensors, links, _, losses, charges, now = shown[-1]
    assert placements == ["sacrum", "t12"]
    assert sensors[0].startswith("IMUH-1")
    assert links[0] in ("streaming", f"closed: IMUH-1 ({FIRST}) was stopped")
    middle = [rate for look_at in shown[len(shown) // 4 : 3 * len(shown) // 4] for rate in look_at[3]]
    assert any(90 <= float(rate.split()[0]) <= 102 for rate in middle)
    for loss, board in zip(losses, devices.values(), strict=True):
        share = 100 * len(board.lost) / len(board.sent + board.lost)
        assert float(loss.split()[0]) == pytest.approx(share, abs=1)
    assert charges == ["87 %", "87 %"]
    assert set(now) <= {"still", "moving", "no data"}


def test_a_device_that_numbers_nothing_shows_no_loss(tmp_path):
    shown = []
    devices = {"sacrum": WitMotionSensor("WT901BLE68", FIRST, faults=Faults(loss=0.1))}
    recorded(
        tmp_path / "set", devices, on_status=lambda recorder: shown.append(status_table(recorder, now_ns=now_ns()))
    )
    assert next(iter(shown[-1].columns[4].cells)).plain.startswith("?")


def test_a_log_beside_the_journal_says_what_happened_and_nothing_of_people(tmp_path):
    board = HingeBoard("IMUH-1", FIRST)

    async def drop(air):
        await asyncio.sleep(12)
        await board.drop()

    session = replace(SESSION, athlete=Athlete(name="Wilhelmina Tell"), note="sore left knee")
    recorded(tmp_path / "set", {"sacrum": board}, seconds=20, during=drop, session=session)
    text = (tmp_path / "set" / "log.txt").read_text()
    for phrase in (
        "imu-hinge ",
        "bleak ",
        "a scan begins",
        "connecting to IMUH-1",
        "agreed to",
        "broke off",
        "streams at",
    ):
        assert phrase in text, phrase
    packed = write_fault_report(tmp_path / "fault.zip", tmp_path / "set")
    with zipfile.ZipFile(packed) as file:
        whole = b"".join(file.read(name) for name in file.namelist())
        (tmp_path / "end").mkdir()
        (tmp_path / "end" / "journal.txt").write_bytes(file.read("journal.txt"))
    assert b"Wilhelmina" not in whole
    assert b"sore" not in whole
    end = jn.read_journal(tmp_path / "end")
    assert [entry.kind for entry in end.entries][:2] == ["session", "stream"]
    assert len(end.entries) > 300


def test_what_cannot_be_decoded_is_saved_all_the_same(tmp_path, monkeypatch):
    problems = []

    def trips(self, sensor, host_ns, characteristic, payload):
        raise ZeroDivisionError("a packet nobody thought of")

    monkeypatch.setattr(Recorder, "_decode", trips)
    recovered = recorded(
        tmp_path / "set", {"sacrum": HingeBoard("IMUH-1", FIRST)}, on_status=lambda r: problems.append(r.problem)
    )
    assert "NOT SHOWN" in problems[-1]
    assert recovered.is_whole
    assert len(read_sealed(tmp_path / "set").sensors["sacrum"]) > 700


def test_an_analysis_that_cannot_keep_up_ends_and_says_so(monkeypatch):
    monkeypatch.setattr("imu_hinge.live.analysis_thread.MOST_WAITING", 5)
    go = threading.Event()

    class Slow:
        def feed(self, placement, samples):
            go.wait()
            return []

    reps = LiveReps(Slow, lambda event: None)
    nothing = Samples(np.empty(0), np.empty((0, 3)), np.empty((0, 3)))
    for _ in range(20):
        reps.feed("sacrum", nothing)
    go.set()
    reps.close()
    assert "too slow" in str(reps.problem)


def test_the_journal_keeps_every_byte_the_radio_said(tmp_path):
    recorded(tmp_path / "set", {"sacrum": HingeBoard("IMUH-1", FIRST)})
    journal = jn.read_journal(tmp_path / "set")
    packets = [entry for entry in journal.entries if entry.kind == jn.PACKET and entry.characteristic == own(2)]
    assert len(packets) >= 155
    assert all(len(entry.payload) == 72 for entry in packets)
    kinds = {entry.kind for entry in journal.entries}
    assert kinds == {jn.SESSION, jn.STREAM, jn.PACKET, jn.LINK, jn.END}
    stream = next(entry for entry in journal.entries if entry.kind == jn.STREAM)
    assert stream.values["settings"]["family"] == "hinge"
    assert json.loads(json.dumps(dict(journal.session)))["exercise"] == "deadlift"
