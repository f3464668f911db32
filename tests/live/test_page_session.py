"""A set on the page over the virtual radio, and the command."""

import asyncio
import json

import websockets
from bumble_backend import Air
from typer.testing import CliRunner
from virtual_families import HingeBoard
from virtual_time import now_ns, run

import imu_hinge as ih
from imu_hinge.cli import app
from imu_hinge.live import page_terminal
from imu_hinge.live.live_session import Screen, record_with_page
from imu_hinge.live.record_session import Plan
from imu_hinge.live.recorder import Session
from imu_hinge.storage.recording import read


def test_over_the_radio_the_page_shows_what_is_recorded(virtual_radio, tmp_path):
    """Sensor, bleak, journal, analysis, page: nothing stands in for any of them but the radio itself."""
    frames = []
    boards = {"sacrum": HingeBoard("IMUH-1", "C0:00:00:00:00:11"), "t12": HingeBoard("IMUH-2", "C0:00:00:00:00:12")}
    wanted = {placement: board.address for placement, board in boards.items()}
    session = Session(athlete=ih.Athlete(height_m=1.8), exercise="deadlift")
    plan = Plan(wanted, tmp_path / "set", session=session, seconds=6.0, now_ns=now_ns)

    async def look(where):
        async with websockets.connect(f"ws://{where.host}:{where.port}/live", origin=where.url[:-1]) as browser:
            try:
                while True:
                    frames.append(json.loads(await browser.recv()))
                    await browser.send(str(frames[-1]["number"]))
            except websockets.ConnectionClosed:
                return

    async def story():
        air = Air()
        await air.switch_on()
        for board in boards.values():
            await board.switch_on(air)
        looking = []
        screen = Screen(port=0, on_open=lambda where: looking.append(asyncio.create_task(look(where))))
        shown = await record_with_page(plan, screen, stop=asyncio.Event())
        await looking[0]
        return shown

    shown = run(story())
    assert shown.problem == ""
    recording = read(tmp_path / "set")
    assert recording.placements == ("sacrum", "t12")
    stages = [frame["stage"]["stage"] for frame in frames if "stage" in frame]
    assert stages[-1] == "over"
    links = [frame["links"] for frame in frames if frame.get("links")]
    assert [link["placement"] for link in links[-1]] == ["sacrum", "t12"]
    assert any(link["state"] == "streaming" and link["rate_hz"] > 80 for row in links for link in row)
    times_s = [each["time_s"] for frame in frames for each in frame.get("instants") or []]
    assert times_s
    assert times_s == sorted(times_s)
    assert times_s[-1] <= max(samples.time_s[-1] for samples in recording.sensors.values()) + 0.01


def test_the_command_takes_one_source_and_prints_where_the_page_is(hinge_folder, monkeypatch):
    calls = []
    monkeypatch.setattr(
        page_terminal, "run_played", lambda recording, screen, **how: calls.append((recording, screen, how))
    )
    arguments = ["--no-open", "--feedback", "fade", "--speed", "3"]
    done = CliRunner().invoke(app, ["live", "--replay", str(hinge_folder), *arguments])
    assert done.exit_code == 0, done.output
    recording, screen, how = calls[0]
    assert recording.is_simulated
    assert recording.placements == ("sacrum", "t12")
    assert (screen.feedback, screen.is_lan, how["speed"], how["is_opened"]) == ("fade", False, 3.0, False)
    done = CliRunner().invoke(app, ["live", "--simulate", "rdl", "--seed", "3", "--exercise", "rdl", "--no-open"])
    assert done.exit_code == 0, done.output
    assert calls[1][0].exercise == "rdl"
    both = CliRunner().invoke(app, ["live", "--simulate", "rdl", "--replay", str(hinge_folder)])
    assert both.exit_code == 2
    assert "one of them" in both.output
    assert isinstance(
        CliRunner().invoke(app, ["live", "--simulate", "rdl", "--feedback", "loud"]).exception, ih.HingeError
    )
