"""The commands at the bar, run as a user runs them, with the virtual radio and in virtual time."""

import asyncio
import functools
import json
import math
import re

import pytest
import typer
from bumble_backend import Air
from typer.testing import CliRunner
from virtual_device import Faults
from virtual_families import HingeBoard, Movesense
from virtual_families_2 import PolarVerity
from virtual_time import now_ns, run

from imu_hinge.errors import BluetoothOff, DeviceError, HingeError
from imu_hinge.live import commands, doctor, terminal
from imu_hinge.live.known_sensors import KnownSensor, load_known_sensors, remember, wanted_sensors
from imu_hinge.live.record_session import Plan
from imu_hinge.storage.journal import FILE_NAME
from imu_hinge.storage.recording import read

pytestmark = pytest.mark.usefixtures("virtual_radio")
FIRST, SECOND, THIRD = "C0:00:00:00:00:11", "C0:00:00:00:00:12", "C0:00:00:00:00:13"

APP = typer.Typer()
for command in (commands.scan, commands.record, commands.repair, commands.doctor):
    APP.command()(command)


class Resting(HingeBoard):
    """A board at rest on a table, x up, with a bias of its gyroscope."""

    def counts(self, index):
        return 2048 + index % 3, index % 2, index % 5, 100 + index % 3, -50 + index % 2, index % 3


@pytest.fixture
def on_air(monkeypatch):
    """Return a function that puts devices on the air for the next command."""
    devices, trouble = [], []

    def run_with_devices(coroutine):
        async def story():
            air = Air()
            await air.switch_on()
            for device in devices:
                await device.switch_on(air)
            for each in trouble:
                each(air)
            return await coroutine

        return run(story())

    monkeypatch.setattr(asyncio, "run", run_with_devices)
    for module in (terminal, doctor):
        monkeypatch.setattr(module, "Plan", functools.partial(Plan, now_ns=now_ns))

    def put(*new, but=None):
        devices[:] = new
        trouble[:] = [but] if but else []

    return put


def call(*arguments, code=0):
    result = CliRunner(env={"COLUMNS": "200"}).invoke(APP, [str(a) for a in arguments])
    if isinstance(result.exception, HingeError):
        raise result.exception
    assert result.exit_code == code, result.output + repr(result.exception)
    return result.output


def test_a_name_that_attacks_is_shown_as_text(on_air):
    on_air(HingeBoard("IMUH-[/]", FIRST), HingeBoard("IMUH-\x1b[31m", SECOND))
    printed = call("scan")
    assert "IMUH-[/]" in printed
    assert "IMUH-\ufffd[31m" in printed
    assert "\x1b" not in printed
    assert "\x1b" not in "".join(row["name"] for row in json.loads(call("scan", "--json")))


def test_scan_shows_family_signal_battery_and_where_a_sensor_was_worn(on_air):
    on_air(HingeBoard("IMUH-1", FIRST, battery=71), Movesense("Movesense 1", SECOND), PolarVerity("Polar H10 1", THIRD))
    remember([KnownSensor("t12", FIRST, "IMUH-1")])
    rows = {row["name"]: row for row in json.loads(call("scan", "--battery", "--json"))}
    assert rows["IMUH-1"]["family"] == "hinge"
    assert rows["IMUH-1"]["battery_percent"] == 71
    assert rows["IMUH-1"]["placement"] == "t12"
    assert rows["Movesense 1"]["family"] == "movesense"
    assert "no gyroscope" in rows["Polar H10 1"]["remark"]
    assert all(row["signal_dbm"] < 0 for row in rows.values())
    assert "IMUH-1" in call("scan")


def test_scan_of_an_empty_room_and_without_bluetooth(on_air):
    on_air()
    assert "No sensor is in range" in call("scan")
    assert json.loads(call("scan", "--json")) == []
    on_air(but=lambda air: setattr(air, "is_powered", False))
    with pytest.raises(BluetoothOff, match="switched off"):
        call("scan")


def test_record_saves_a_recording_that_can_be_read_and_remembers_who_sat_where(on_air, tmp_path):
    athlete = tmp_path / "athlete.toml"
    athlete.write_text("height_m = 1.9\n")
    on_air(HingeBoard("IMUH-1", FIRST), HingeBoard("IMUH-2", SECOND))
    said = call(
        *("record", "sacrum=IMUH-1", f"t12={SECOND}", "--athlete", athlete, "--exercise", "rdl", "--load-kg", 80),
        *("--note", "first", "--seconds", 6, "--out", tmp_path / "set"),
    )
    assert re.search(r"sacrum: 6\d\d samples of IMUH-1", said)
    assert "The journal is whole." in said
    recording = read(tmp_path / "set")
    assert (recording.exercise, recording.load_kg, recording.note) == ("rdl", 80.0, "first")
    assert recording.athlete.height_m == 1.9
    assert load_known_sensors() == [
        KnownSensor("sacrum", FIRST, "IMUH-1", is_of_last_session=True),
        KnownSensor("t12", SECOND, "IMUH-2", is_of_last_session=True),
    ]
    again = call("record", "--seconds", 4, "--out", tmp_path / "again")
    assert "sacrum" in again
    assert read(tmp_path / "again").placements == ("sacrum", "t12")


def test_record_without_any_sensor_named_or_remembered_says_what_to_write(on_air):
    on_air()
    with pytest.raises(DeviceError, match="sacrum=NAME"):
        call("record")


class Turning(HingeBoard):
    """A board that turns to and fro, ``lag_s`` behind the time it says."""

    lag_s = 0.0

    def counts(self, index):
        t = self.booted_s + index / 100 - self.lag_s
        rate = 2000 * math.sin(2.5 * t) + 900 * math.sin(6.9 * t)
        return 0, 0, 2048, 0, round(rate), 0


@pytest.mark.parametrize("lag_s", [0.0, 0.040])
def test_two_sensors_are_held_against_each_other_by_the_rotation_they_share(on_air, tmp_path, lag_s):
    hip, back = Turning("IMUH-1", FIRST), Turning("IMUH-2", SECOND)
    back.lag_s = lag_s
    on_air(hip, back)
    told = call(
        "record", "sacrum=IMUH-1", "t12=IMUH-2", "--seconds", 20, "--out", tmp_path / "set", "--exercise", "rdl"
    )
    assert "sacrum and t12 are on one timeline to within" in told
    assert ("Reconnect both" in told) == (lag_s > 0.015)
    (pair,) = json.loads(call("repair", tmp_path / "set", "--json"))["timing"]
    assert pair["lag_s"] == pytest.approx(lag_s, abs=0.003)
    assert pair["warning"] == (lag_s > 0.015)


def test_repair_says_what_was_lost(on_air, tmp_path):
    on_air(HingeBoard("IMUH-1", FIRST))
    call("record", "sacrum=IMUH-1", "--seconds", 6, "--out", tmp_path / "set")
    journal = tmp_path / "set" / FILE_NAME
    journal.write_bytes(journal.read_bytes()[:-333])
    (tmp_path / "set" / "recording.json").unlink()
    assert "the end is torn" in call("repair", tmp_path / "set")
    told = json.loads(call("repair", tmp_path / "set", "--json"))
    assert told["samples"]["sacrum"] == len(read(tmp_path / "set").sensors["sacrum"])
    assert len(told["journal_losses"]) == 1


def test_doctor_looks_at_sensors_at_rest(on_air):
    on_air(Resting("IMUH-1", FIRST))
    findings = json.loads(call("doctor", "sacrum=IMUH-1", "--json"))
    assert {f["state"] for f in findings} <= {"ok", "look"}
    said = " ".join(f["finding"] for f in findings)
    assert "gravity reads 9.8" in said
    assert "up is +x" in said
    assert re.search(r"bias \+6\.\d\d -3\.\d\d \+0\.\d\d deg/s", said)
    assert "100.0 Hz of 100 asked, 0.0 % lost" in said
    assert any(f["state"] == "look" and "bias" in f["finding"] for f in findings), "6 deg/s is much"


def test_doctor_sees_loss_and_a_sensor_that_moves(on_air):
    lame = Resting("IMUH-1", FIRST, faults=Faults(loss=0.3))
    on_air(lame)
    findings = json.loads(call("doctor", "sacrum=IMUH-1", "--json"))
    assert any(f["state"] == "look" and "% lost" in f["finding"] for f in findings)

    class Shaken(Resting):
        def counts(self, index):
            return (*super().counts(index)[:3], 3000 * (index % 2), 0, 0)

    on_air(Shaken("IMUH-1", FIRST))
    findings = json.loads(call("doctor", "sacrum=IMUH-1", "--json"))
    assert any("it moved" in f["finding"] for f in findings)


def test_doctor_works_without_a_radio_and_without_sensors(on_air):
    on_air(but=lambda air: setattr(air, "is_serving", False))
    findings = json.loads(call("doctor", "--json", code=10))
    assert findings[0]["state"] == "BAD"
    assert "does not answer" in findings[0]["finding"]
    on_air()
    assert "none in range" in call("doctor")
    on_air(HingeBoard("IMUH-1", FIRST))
    assert "sacrum=NAME" in call("doctor")
    assert "IMUH-9 was not found" in " ".join(call("doctor", "sacrum=IMUH-9", code=10).split())


def test_placements_are_remembered_per_sensor(tmp_path, monkeypatch):
    remember([KnownSensor("sacrum", FIRST, "WT901BLE68"), KnownSensor("t12", SECOND, "WT901BLE68")])
    remember([KnownSensor("sacrum", THIRD, "Movesense 1")])
    assert wanted_sensors([]) == {"sacrum": THIRD}, "the last session had one"
    assert wanted_sensors(["movesense 1"]) == {"sacrum": THIRD}
    assert wanted_sensors([SECOND.lower()]) == {"t12": SECOND}
    assert wanted_sensors(["t12", "hip=New"]) == {"t12": SECOND, "hip": "New"}
    for wrong in (["knee=X"], ["t12=A", "t12=B"], ["t12="], ["nobody"]):
        with pytest.raises(HingeError):
            wanted_sensors(wrong)
    (tmp_path / "config" / "sensors.json").write_text("{broken")
    assert load_known_sensors() == []
    monkeypatch.setenv("IMU_HINGE_CONFIG", str(tmp_path / "config" / "sensors.json" / "no folder"))
    remember([KnownSensor("sacrum", FIRST, "x")])
    assert load_known_sensors() == []
