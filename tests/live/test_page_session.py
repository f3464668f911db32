"""A set on the page over the virtual radio, and the command."""

import asyncio
import json
from dataclasses import replace

import numpy as np
import websockets
from bumble_backend import Air
from test_page_state import instant
from typer.testing import CliRunner
from virtual_families import HingeBoard
from virtual_time import now_ns, run

import imu_hinge as ih
from imu_hinge.cli import app
from imu_hinge.errors import TooShort
from imu_hinge.live import page_terminal
from imu_hinge.live.analysis_thread import Listener, LiveReps
from imu_hinge.live.live_session import Screen, record_with_page
from imu_hinge.live.playback import BLOCK_S, Playback
from imu_hinge.live.record_session import Plan
from imu_hinge.live.recorder import Session
from imu_hinge.live.status import instant_words
from imu_hinge.result import Event
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


class Scripted:
    """An analysis that says what it is told to, and remembers what it was fed."""

    def __init__(self, problem=None, refusal=None):
        self.fed, self.problem, self.refusal = [], problem, refusal

    def feed(self, placement, samples):
        self.fed.append((placement, samples))
        if self.problem is not None:
            raise self.problem
        return [Event("warning", float(samples.time_s[-1]), "seen")]

    def take_instants(self):
        return [instant(float(self.fed[-1][1].time_s[-1]))]

    def wait(self):
        return []

    def finish(self):
        if self.refusal is not None:
            raise self.refusal
        return None


def test_a_playback_delivers_every_sample_once_and_in_order(hinge_folder):
    recording, got = ih.read(hinge_folder), []
    playback = Playback(recording, speed=1e6)
    asyncio.run(playback.play(lambda placement, samples: got.append((placement, samples)), asyncio.Event()))
    for placement, samples in recording.sensors.items():
        whole = np.concatenate([part.time_s for name, part in got if name == placement])
        np.testing.assert_array_equal(whole, samples.time_s)
    starts = [part.time_s[0] for _, part in got]
    assert max(np.maximum.accumulate(starts) - starts) <= BLOCK_S, "the sensors' samples come side by side"


def test_a_playback_keeps_its_pace_and_stops_when_told(hinge_folder):
    got = []

    async def story():
        stop, playback = asyncio.Event(), Playback(ih.read(hinge_folder), speed=10.0)
        first_s = playback.now_s()

        def take(placement, samples):
            got.append(samples.time_s[-1] - playback.now_s())
            if samples.time_s[-1] > 1.0:
                stop.set()

        await playback.play(take, stop)
        return playback.now_s() - first_s

    assert asyncio.run(story()) >= 0.9
    assert max(got) <= 0.0, "no sample comes before its time"


def test_the_thread_passes_events_then_instants_and_finishes():
    scripted, heard = Scripted(), []
    reps = LiveReps(lambda: scripted, Listener(lambda e: heard.append(e.kind), lambda i: heard.append(i[0].time_s)))
    reps.feed("sacrum", ih.Samples([0.0, 0.5], np.ones((2, 3)), np.zeros((2, 3))))
    reps.close()
    assert heard == ["warning", 0.5]
    assert reps.problem is None


def test_a_set_too_short_for_a_result_says_so_and_a_fault_is_kept():
    short = LiveReps(lambda: Scripted(refusal=TooShort("Too short. Go on.")), Listener(lambda event: None))
    short.close()
    assert (short.result, short.problem, short.why_no_result) == (None, None, "Too short. Go on.")
    broken = LiveReps(lambda: Scripted(problem=ValueError("broken")), Listener(lambda event: None))
    broken.feed("sacrum", ih.Samples([0.0], np.ones((1, 3)), np.zeros((1, 3))))
    broken.close()
    assert str(broken.problem) == "broken"


def test_the_terminal_says_the_posture_of_now_or_what_it_waits_for():
    assert instant_words(None) == ""
    assert instant_words(instant(1.0, waits_for="bend once")) == "Waiting: bend once."
    line = instant_words(replace(instant(1.0, lumbar_deg=20.0), missing=("t12",)))
    assert line == ("pelvis tilt 6° ± 1°, trunk inclination 11° ± 1°, lumbar flexion 20° ± 2°, measured, t12 silent")


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
