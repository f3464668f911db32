"""Several sensors in one session over the virtual radio: nothing lost, and back after whatever went wrong."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import pytest
from bumble_backend import Air
from virtual_device import MODULUS, Faults, VirtualDevice
from virtual_families import HingeBoard, MovellaDot, Movesense, own
from virtual_families_2 import MetaMotionBoard, PolarVerity, WitMotionSensor
from virtual_time import now_ns, run

from imu_hinge.conventions import Flag
from imu_hinge.errors import BluetoothOff, DeviceError, DeviceNotFound
from imu_hinge.sensors.ble.capture import Capture, battery_of, scan
from imu_hinge.sensors.ble.scanner import Advertisement, Radio
from imu_hinge.sensors.ble.watchdog import SILENCE_S
from imu_hinge.sensors.drivers.catalog import driver_for
from imu_hinge.sensors.protocol import Decoded, StreamRequest, StreamSettings
from imu_hinge.sensors.time_requests import UNANSWERED, TimeReplies, TimeReply

pytestmark = pytest.mark.usefixtures("virtual_radio")
FIRST, SECOND = "C0:00:00:00:00:11", "C0:00:00:00:00:12"


@dataclass
class Notebook:
    """A `Sink` that decodes at once and remembers everything."""

    settings: dict[str, StreamSettings] = field(default_factory=dict)
    blocks: dict[str, list[Decoded]] = field(default_factory=dict)
    states: dict[str, list[str]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    charges: dict[str, int] = field(default_factory=dict)
    times: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self):
        self.decoders = {}
        self.replies: dict[str, list[TimeReply]] = {}
        self.pings = TimeReplies(driver_for("hinge"))

    def stream(self, sensor, host_ns, seen, settings):
        self.settings[sensor] = settings
        if sensor in self.decoders:
            self.decoders[sensor].resume(settings)
        else:
            self.decoders[sensor] = driver_for(settings.family).decoder(settings)

    def packet(self, sensor, host_ns, characteristic, payload):
        reply = self.pings.take(host_ns, characteristic, payload)
        if reply is not None:
            self.replies.setdefault(sensor, []).append(reply)
        if characteristic == own(5):
            return
        self.times.setdefault(sensor, []).append(host_ns)
        self.blocks.setdefault(sensor, []).extend(self.decoders[sensor].feed(characteristic, payload))

    def link(self, sensor, host_ns, state, message):
        self.states.setdefault(sensor, []).append(state)
        self.messages.append(message)

    def battery(self, sensor, host_ns, percent):
        self.charges[sensor] = percent

    def numbers(self, sensor: str, scale: float) -> list[int]:
        """Numbers of the samples that arrived, out of their first channel."""
        return [round(float(x) / scale) % MODULUS for block in self.blocks[sensor] for x in block.acc[:, 0]]

    def flags(self, sensor: str, flag: Flag) -> int:
        return sum(int(((block.flags & flag) != 0).sum()) for block in self.blocks[sensor])


@dataclass
class Stage:
    """Devices on the air and a capture of them that runs."""

    air: Air
    notebook: Notebook
    capture: Capture
    running: asyncio.Task[None] | None = None

    async def start(self, wanted, **kwargs):
        await self.capture.open(wanted, **kwargs)
        self.running = asyncio.ensure_future(self.capture.run())

    async def start_and_wait(self, wanted, **kwargs):
        await self.start(wanted, **kwargs)
        await self.running

    async def stop(self):
        if self.running is not None:
            self.running.cancel()
            with suppress(asyncio.CancelledError, DeviceError):
                await self.running
        await self.capture.close()


async def stage(*devices: VirtualDevice) -> Stage:
    air = Air()
    await air.switch_on()
    for device in devices:
        await device.switch_on(air)
    notebook = Notebook()
    return Stage(air, notebook, Capture(notebook, now_ns=now_ns))


def wrapped(numbers: list[int]) -> list[int]:
    return [number % MODULUS for number in numbers]


G = 9.80665
FAMILIES = [
    pytest.param(HingeBoard, "IMUH-0001", 200, 0.0047884, id="own profile"),
    pytest.param(Movesense, "Movesense 123456789012", 104, 0.005, id="movesense"),
    pytest.param(MovellaDot, "Movella DOT", 60, 0.005, id="dot"),
    pytest.param(WitMotionSensor, "WT901BLE68", 200, G / 2048, id="witmotion"),
    pytest.param(PolarVerity, "Polar Sense 12345678", 52, 0.00025 * G, id="polar"),
    pytest.param(MetaMotionBoard, "MetaWear", 200, G / 2048, id="metamotion"),
]


@pytest.mark.parametrize(("kind", "name", "rate_hz", "lsb"), FAMILIES)
def test_every_family_is_found_negotiated_and_streamed_at_its_highest_rate_without_a_loss(kind, name, rate_hz, lsb):
    async def story():
        device = kind(name, FIRST)
        set_up = await stage(device)
        await set_up.start({"sacrum": name}, request=StreamRequest(rate_hz=float(rate_hz)))
        device.sent.clear()
        await asyncio.sleep(10)
        await set_up.stop()
        book = set_up.notebook
        assert device.complaints == []
        assert book.settings["sacrum"].rate_hz == rate_hz
        assert book.charges["sacrum"] == pytest.approx(device.battery, abs=20)
        numbers = book.numbers("sacrum", lsb)
        expected = wrapped(device.sent)
        begin = expected.index(numbers[0])
        assert begin < 2 * device.per_packet, "only what ran before the start is missing"
        assert numbers == expected[begin : begin + len(numbers)], "each sample once, in order"
        assert len(expected) - begin - len(numbers) <= device.per_packet, "none is missing but what was under way"
        assert len(numbers) >= 10 * rate_hz - 4 * device.per_packet
        assert book.flags("sacrum", Flag.GAP | Flag.DUPLICATE | Flag.RESET) == 0

    run(story())


def test_two_sensors_at_their_highest_rate_for_a_minute_lose_nothing():
    async def story():
        hip, back = HingeBoard("IMUH-0001", FIRST), Movesense("Movesense 1", SECOND)
        set_up = await stage(hip, back)
        await set_up.capture.open({"sacrum": "IMUH-0001"}, request=StreamRequest(rate_hz=200.0))
        other = Capture(set_up.notebook, now_ns=now_ns)
        await other.open({"t12": SECOND}, request=StreamRequest(rate_hz=104.0))
        running = [asyncio.ensure_future(c.run()) for c in (set_up.capture, other)]
        await asyncio.sleep(60)
        for task in running:
            task.cancel()
        await set_up.stop()
        await other.close()
        for sensor, device, lsb, rate in (("sacrum", hip, 0.0047884, 200), ("t12", back, 0.005, 104)):
            numbers = set_up.notebook.numbers(sensor, lsb)
            assert numbers == wrapped(device.sent)[: len(numbers)]
            assert 60 * rate - 20 <= len(numbers) <= len(device.sent)
            assert len(device.sent) - len(numbers) <= device.per_packet
            assert set_up.notebook.flags(sensor, Flag.GAP) == 0
            assert device.complaints == []

    run(story())


def test_sensors_are_connected_one_after_the_other_started_together_and_closed_together():
    async def story():
        boards = [HingeBoard("IMUH-1", FIRST), HingeBoard("IMUH-2", SECOND)]
        set_up = await stage(*boards)
        await set_up.start({"sacrum": "IMUH-1", "t12": "IMUH-2"})
        await asyncio.sleep(3)
        assert set_up.air.log.index(f"connect {FIRST}") < set_up.air.log.index(f"connect {SECOND}")
        assert all(board.commands[0].startswith("0003 02") for board in boards), "apply first"
        starts = [set_up.notebook.times[sensor][0] for sensor in ("sacrum", "t12")]
        assert abs(starts[0] - starts[1]) < 60e6
        began = asyncio.get_running_loop().time()
        await set_up.stop()
        assert asyncio.get_running_loop().time() - began < 3.0, "one disconnect takes 2 s, so two took them together"
        assert all(board.streaming is None for board in boards)

    run(story())


async def broken_off(device, trouble, *, back_within_s, wait_s=5.0, **kwargs):
    """Stream, cause trouble, and check that the stream came back by itself; returns the notebook."""
    set_up = await stage(device)
    await set_up.start({"sacrum": device.name}, **kwargs)
    await asyncio.sleep(12)
    before = len(set_up.notebook.times["sacrum"])
    assert before
    since = now_ns()
    await trouble(set_up)
    await asyncio.sleep(back_within_s)
    after = [t for t in set_up.notebook.times["sacrum"] if t > since + 3e8]
    assert after, f"nothing came within {back_within_s} s: {set_up.notebook.messages[-3:]}"
    await asyncio.sleep(wait_s)
    assert now_ns() - set_up.notebook.times["sacrum"][-1] < 4e8, "it streams at the end"
    await set_up.stop()
    assert device.complaints == []
    return set_up


def each_once(book: Notebook, device: VirtualDevice, lsb: float = 0.0047884) -> None:
    numbers = book.numbers("sacrum", lsb)
    assert max(Counter(numbers).values()) == 1, "no sample twice"
    assert numbers == sorted(numbers)
    assert set(numbers) <= set(wrapped(device.sent))


def test_a_drop_in_mid_set_comes_back_with_the_gap_told_and_no_sample_twice():
    async def story():
        device = HingeBoard("IMUH-1", FIRST)
        set_up = await broken_off(device, lambda s: device.drop(), back_within_s=4)
        each_once(set_up.notebook, device)
        assert set_up.notebook.flags("sacrum", Flag.GAP) == 1
        states = set_up.notebook.states["sacrum"]
        assert states[-6:-1] == ["streaming", "lost", "connecting", "ready", "streaming"]
        log = set_up.air.log
        assert log.index(f"disconnect {FIRST}") < len(log) - 1 - log[::-1].index(f"connect {FIRST}")

    run(story())


@pytest.mark.parametrize(("kind", "name", "rate_hz", "lsb"), FAMILIES)
def test_every_family_comes_back_after_a_drop_and_delivers_nothing_twice(kind, name, rate_hz, lsb):
    async def story():
        device = kind(name, FIRST)
        set_up = await broken_off(device, lambda s: device.drop(), back_within_s=5, wait_s=2)
        if kind is not WitMotionSensor:  # streams its old sample numbers while it is asked, and has no time
            each_once(set_up.notebook, device, lsb)
        assert set_up.notebook.flags("sacrum", Flag.GAP) >= 1

    run(story())


def test_a_device_that_goes_mute_with_the_link_up_is_noticed_and_brought_back():
    async def story():
        device = HingeBoard("IMUH-1", FIRST)

        async def go_mute(s):
            device.is_mute = True
            asyncio.get_running_loop().call_later(SILENCE_S + 0.4, setattr, device, "is_mute", False)

        set_up = await broken_off(device, go_mute, back_within_s=SILENCE_S + 5)
        each_once(set_up.notebook, device)
        assert any("silent" in message for message in set_up.notebook.messages)

    run(story())


def test_a_polar_whose_gyroscope_alone_stops_is_noticed_and_brought_back():
    class HalfMute(PolarVerity):
        is_half_mute = False

        def packets(self, first, n):
            acc, gyr = super().packets(first, n)
            return [acc] if self.is_half_mute else [acc, gyr]

    async def story():
        device = HalfMute("Polar Sense 12345678", FIRST)

        async def go_half_mute(s):
            device.is_half_mute = True
            asyncio.get_running_loop().call_later(SILENCE_S + 0.4, setattr, device, "is_half_mute", False)

        set_up = await broken_off(device, go_half_mute, back_within_s=SILENCE_S + 5)
        each_once(set_up.notebook, device, 0.00025 * G)
        assert any("no angular rate" in message for message in set_up.notebook.messages)
        assert set_up.notebook.blocks["sacrum"][-1].acc.any()

    run(story())


@pytest.mark.parametrize(("has_timesync", "answers"), [(True, True), (True, False), (False, False)])
def test_a_board_is_pinged_where_it_answers_and_streams_as_well_where_it_does_not(has_timesync, answers):
    async def story():
        device = HingeBoard("IMUH-1", FIRST)
        device.has_timesync, device.answers = has_timesync, answers
        set_up = await stage(device)
        await set_up.start({"sacrum": "IMUH-1"})
        await asyncio.sleep(30)
        await set_up.stop()
        each_once(set_up.notebook, device)
        assert set_up.notebook.flags("sacrum", Flag.GAP) == 0
        assert device.complaints == []
        assert device.pings == 0 if not has_timesync else device.pings > 50 if answers else device.pings == UNANSWERED
        replies = set_up.notebook.replies.get("sacrum", [])
        assert len(replies) == (device.pings if answers else 0)
        for reply in replies:
            heard_s = device.booted_s + reply.device_ns * 1e-9
            assert reply.asked_ns * 1e-9 - 1e-5 <= heard_s <= reply.answered_ns * 1e-9 + 1e-5

    run(story())


def test_a_dead_bluetooth_service_is_noticed_by_silence_and_streams_again_after_its_restart():
    async def story():
        device = HingeBoard("IMUH-1", FIRST)

        async def kill(s):
            await s.air.kill_service()
            asyncio.get_running_loop().call_later(9, setattr, s.air, "is_serving", True)

        set_up = await broken_off(device, kill, back_within_s=15)
        each_once(set_up.notebook, device)
        assert any("service does not answer" in message for message in set_up.notebook.messages)

    run(story())


def test_an_adapter_switched_off_and_on_needs_nobody_at_the_keyboard():
    async def story():
        device = HingeBoard("IMUH-1", FIRST)

        async def off(s):
            await s.air.power_off()
            asyncio.get_running_loop().call_later(20, setattr, s.air, "is_powered", True)

        set_up = await broken_off(device, off, back_within_s=26)
        each_once(set_up.notebook, device)
        assert "bluetooth off" in set_up.notebook.states["sacrum"]

    run(story())


def test_a_sensor_that_was_out_of_range_for_minutes_is_taken_up_again():
    async def story():
        device = HingeBoard("IMUH-1", FIRST)

        async def vanish(s):
            await device.vanish()
            await asyncio.sleep(120)
            await device.appear()

        set_up = await broken_off(device, vanish, back_within_s=10)
        each_once(set_up.notebook, device)
        assert "searching" in set_up.notebook.states["sacrum"]

    run(story())


def test_a_sensor_that_reboots_begins_a_new_epoch():
    async def story():
        device = HingeBoard("IMUH-1", FIRST)
        set_up = await broken_off(device, lambda s: device.reboot(), back_within_s=5)
        blocks = set_up.notebook.blocks["sacrum"]
        assert blocks[-1].epoch > blocks[0].epoch
        assert set_up.notebook.settings["sacrum"].details["boot_id"] == 1002
        again = next(block for block in blocks if block.epoch > blocks[0].epoch)
        assert again.flags[0] & (Flag.GAP | Flag.RESET), "the first sample after the reboot says that some are missing"

    run(story())


def test_while_one_sensor_is_gone_the_other_goes_on_and_comes_back_from_its_own_drop():
    async def story():
        gone, other = HingeBoard("IMUH-1", FIRST), HingeBoard("IMUH-2", SECOND)
        set_up = await stage(gone, other)
        await set_up.start({"sacrum": "IMUH-1", "t12": "IMUH-2"})
        await asyncio.sleep(12)
        await gone.vanish()
        await asyncio.sleep(20)
        for pause_s in (12.0, 12.7, 13.9, 12.0, 14.3):  # wherever the search for the other is just then
            await other.drop()
            await asyncio.sleep(pause_s)
            assert now_ns() - set_up.notebook.times["t12"][-1] < 1e9
        waits_s = np.diff(set_up.notebook.times["t12"]) * 1e-9
        assert (waits_s > 0.3).sum() == 5
        assert waits_s.max() < 2.0, "the search for one holds the other up"
        await set_up.stop()

    run(story())


def test_two_that_are_gone_are_looked_for_together():
    async def story():
        boards = HingeBoard("IMUH-1", FIRST), HingeBoard("IMUH-2", SECOND)
        set_up = await stage(*boards)
        await set_up.start({"sacrum": "IMUH-1", "t12": "IMUH-2"})
        await asyncio.sleep(12)
        for board in boards:
            await board.vanish()
        await asyncio.sleep(30)
        for board in boards:
            await board.switch_on(set_up.air)
        await asyncio.sleep(9)
        for placement in ("sacrum", "t12"):
            assert now_ns() - set_up.notebook.times[placement][-1] < 1e9
        await set_up.stop()
        assert not set_up.air.is_busy

    run(story())


def test_a_start_that_takes_seconds_is_no_silence():
    class Slow(HingeBoard):
        async def on_write(self, uuid, value, *, response):
            if value[0] == 1:
                await asyncio.sleep(SILENCE_S + 1.5)
            await super().on_write(uuid, value, response=response)

    async def story():
        set_up = await stage(Slow("IMUH-1", FIRST))
        await set_up.start({"sacrum": "IMUH-1"})
        await asyncio.sleep(12)
        assert "lost" not in set_up.notebook.states["sacrum"]
        assert now_ns() - set_up.notebook.times["sacrum"][-1] < 1e9
        await set_up.stop()

    run(story())


def test_a_stream_that_never_delivers_is_tried_again_at_growing_intervals():
    async def story():
        device = HingeBoard("IMUH-1", FIRST)
        set_up = await stage(device)
        device.is_mute = True
        await set_up.start({"sacrum": "IMUH-1"})
        await asyncio.sleep(120)
        attempts = [line for line in set_up.air.log if line.startswith("connect")]
        assert 8 <= len(attempts) <= 24
        device.is_mute = False
        await asyncio.sleep(12)
        assert now_ns() - set_up.notebook.times["sacrum"][-1] < 1e9
        await set_up.stop()

    run(story())


def test_five_percent_loss_is_counted_to_the_sample():
    async def story():
        device = HingeBoard("IMUH-1", FIRST, faults=Faults(loss=0.05))
        set_up = await stage(device)
        await set_up.start({"sacrum": "IMUH-1"})
        await asyncio.sleep(60)
        await set_up.stop()
        blocks = set_up.notebook.blocks["sacrum"]
        first, last = set_up.notebook.numbers("sacrum", 0.0047884)[0], set_up.notebook.numbers("sacrum", 0.0047884)[-1]
        inside = [number for number in device.lost if first < number < last]
        assert inside
        assert sum(block.lost or 0 for block in blocks) == len(inside)
        each_once(set_up.notebook, device)

    run(story())


@pytest.mark.parametrize(
    ("kind", "name", "faults"),
    [
        (HingeBoard, "IMUH-1", Faults(burst_s=0.1)),
        (HingeBoard, "IMUH-1", Faults(drift=200e-6)),
        (HingeBoard, "IMUH-1", Faults(mtu=23)),
        (Movesense, "Movesense 1", Faults(mtu=100)),
        (Movesense, "Movesense 1", Faults(burst_s=0.1, drift=-200e-6)),
        (WitMotionSensor, "WT901BLE68", Faults(drift=0.007)),
        (WitMotionSensor, "WT901BLE68", Faults(mtu=23)),
        (MetaMotionBoard, "MetaWear", Faults(mtu=23)),
    ],
)
def test_bursts_drift_small_packets_and_split_ones_lose_nothing(kind, name, faults):
    async def story():
        device = kind(name, FIRST, faults=faults)
        set_up = await stage(device)
        await set_up.start({"sacrum": name})
        await asyncio.sleep(10)
        await set_up.stop()
        lsb = {HingeBoard: 0.0047884, Movesense: 0.005}.get(kind, G / 2048)
        numbers = set_up.notebook.numbers("sacrum", lsb)
        expected = wrapped(device.sent)
        begin = expected.index(numbers[0])
        assert numbers == expected[begin : begin + len(numbers)]
        assert len(expected) - begin - len(numbers) <= max(2 * device.per_packet, 0.15 * device.rate_hz)
        assert set_up.notebook.flags("sacrum", Flag.GAP) == 0
        assert device.complaints == []

    run(story())


def test_witmotion_frames_split_and_joined_anywhere_are_put_together_again():
    async def story():
        device = WitMotionSensor("WT901BLE68", FIRST, faults=Faults(split=True))
        set_up = await stage(device)
        await set_up.start({"sacrum": "WT901BLE68"})
        await asyncio.sleep(10)
        await set_up.stop()
        numbers = set_up.notebook.numbers("sacrum", G / 2048)
        assert len(numbers) > 950
        assert set(numbers) <= set(wrapped(device.sent))

    run(story())


def refused(device, wanted, error, phrase, **kwargs):
    async def story():
        devices = device if isinstance(device, list) else [device]
        set_up = await stage(*devices)
        with pytest.raises(error, match=phrase):
            await set_up.start_and_wait(wanted, **kwargs)
        await set_up.stop()
        assert not set_up.air.clients, "nothing is left connected"

    run(story())


def test_what_cannot_be_used_is_refused_with_the_reason_and_nothing_stays_connected():
    refused(HingeBoard("IMUH-1", FIRST), {"sacrum": "IMUH-2"}, DeviceNotFound, "IMUH-2 was not found.*IMUH-1")
    refused(
        HingeBoard("IMUH-1", FIRST), {"sacrum": "IMUH-1"}, DeviceError, "offer", request=StreamRequest(rate_hz=333.0)
    )
    twins = [WitMotionSensor("WT901BLE68", FIRST), WitMotionSensor("WT901BLE68", SECOND)]
    refused(twins, {"sacrum": "WT901BLE68"}, DeviceError, f"2 sensors.*{FIRST}")
    refused(
        HingeBoard("IMUH-1", FIRST), {"sacrum": "IMUH-1", "t12": FIRST}, DeviceError, "sacrum and t12 are both IMUH-1"
    )
    refused(PolarVerity("Polar H10 12345678", FIRST), {"chest": FIRST}, DeviceError, "no gyroscope")
    without = PolarVerity("Polar Sense 1", FIRST)
    without.features = 0x05
    refused(without, {"chest": FIRST}, DeviceError, "no gyroscope")
    small = PolarVerity("Polar Sense 1", FIRST, faults=Faults(mtu=100))
    refused(small, {"chest": FIRST}, DeviceError, "MTU|transfer|status 10")
    full = Movesense("Movesense 1", FIRST)
    full.refuses = 429
    refused(full, {"sacrum": FIRST}, DeviceError, "429")
    slow = WitMotionSensor("WT901BLECL", FIRST)
    slow.highest_code = 8
    refused(slow, {"sacrum": FIRST}, DeviceError, "kept 50 Hz", request=StreamRequest(rate_hz=100.0))


def test_a_namesake_is_told_apart_by_its_address():
    async def story():
        twins = [WitMotionSensor("WT901BLE68", FIRST), WitMotionSensor("WT901BLE68", SECOND)]
        set_up = await stage(*twins)
        await set_up.start({"sacrum": FIRST.lower(), "t12": SECOND})
        await asyncio.sleep(2)
        await set_up.stop()
        assert twins[0].sent
        assert twins[1].sent

    run(story())


def test_a_device_known_only_by_its_services_is_recognised_after_connecting():
    async def story():
        device = HingeBoard("my belt", FIRST)
        set_up = await stage(device)
        await set_up.start({"sacrum": "my belt"})
        await asyncio.sleep(2)
        await set_up.stop()
        assert set_up.notebook.settings["sacrum"].family == "hinge"

    run(story())


def test_a_link_that_a_crashed_program_left_is_ended_before_a_new_one_begins(monkeypatch):
    async def story():
        device = Movesense("Movesense 1", FIRST)
        set_up = await stage(device)
        await set_up.start({"sacrum": "Movesense 1"})
        await asyncio.sleep(2)
        set_up.running.cancel()  # the program is gone; link and subscription stand, nothing advertises
        left = set_up.capture.streams[0].seen

        async def connected(self):
            known = device.connection is not None
            return [Advertisement(FIRST, left.name, None, frozenset(), frozenset(), left.handle)] if known else []

        monkeypatch.setattr(Radio, "connected", connected)
        again = Capture(Notebook(), now_ns=now_ns)
        await again.open({"sacrum": "Movesense 1"})
        running = asyncio.ensure_future(again.run())
        await asyncio.sleep(2)
        assert not running.done(), "the old subscription would be answered with 409, in conflict"
        running.cancel()
        await again.close()

    run(story())


def test_scan_lists_who_is_there_and_asks_the_charge():
    async def story():
        await stage(HingeBoard("IMUH-1", FIRST, battery=55), MovellaDot("Movella DOT", SECOND))
        devices = await scan(2.5)
        assert {device.name for device in devices} == {"IMUH-1", "Movella DOT"}
        board = next(device for device in devices if device.name == "IMUH-1")
        assert await battery_of(board) == 55

    run(story())


def test_without_bluetooth_the_session_does_not_begin():
    async def story():
        set_up = await stage(HingeBoard("IMUH-1", FIRST))
        set_up.air.is_powered = False
        with pytest.raises(BluetoothOff, match="switched off"):
            await set_up.start({"sacrum": "IMUH-1"})

    run(story())
