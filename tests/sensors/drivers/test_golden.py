"""Hold every published packet vector against the decoders and commands: their bytes, their values."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imu_hinge.conventions import STANDARD_GRAVITY_MPS2, Flag
from imu_hinge.errors import PacketError
from imu_hinge.sensors.drivers import dot, hinge_packets, metamotion, movesense, other_devices, witmotion
from imu_hinge.sensors.drivers import metamotion_packets as mm
from imu_hinge.sensors.drivers import polar_frames as pmd
from imu_hinge.sensors.drivers.catalog import driver_for
from imu_hinge.sensors.protocol import Decoded, StreamSettings

GOLDEN = Path(__file__).resolve().parents[4] / "shared" / "facts" / "ble_golden.json"
Vector = dict[str, Any]

if GOLDEN.exists():
    VECTORS: dict[str, Vector] = {v["id"]: v for v in json.loads(GOLDEN.read_text())["vectors"]}
else:
    VECTORS = {}
pytestmark = pytest.mark.skipif(not VECTORS, reason="the golden vectors are not beside the repository")


def data(vector: Vector) -> bytes:
    return bytes.fromhex(vector["hex"])


def tolerance(vector: Vector, key: str) -> float:
    given = vector.get("tolerance", {})
    return float(given.get(key, given.get("default", 1e-6)))


def check(vector: Vector, key: str, found: object) -> None:
    np.testing.assert_allclose(found, vector["expected"][key], rtol=0, atol=max(tolerance(vector, key), 1e-9))


def stream(family: str, vector: Vector, characteristic: str, settings: StreamSettings) -> list[Decoded]:
    decoder = driver_for(family).decoder(settings)
    frames = vector.get("frames") or [vector["hex"]]
    return [block for frame in frames for block in decoder.feed(characteristic, bytes.fromhex(frame))]


def is_polar_settings(vector: Vector) -> None:
    answer = pmd.parse_response(data(vector))
    settings = pmd.parse_settings(answer.parameters)
    assert (answer.op, answer.type, answer.status, answer.more) == (1, 2, 0, False)
    for key, name in (("sample_rate_hz", pmd.RATE), ("resolution_bits", pmd.RESOLUTION), ("range", pmd.RANGE)):
        assert list(settings[name]) == vector["expected"][key]
    assert list(settings.get(pmd.CHANNELS, ())) == vector["expected"].get("channels", [])


def is_polar_start(vector: Vector) -> None:
    told = vector["expected"]
    gyro = told["type"] == "GYRO"
    values = {
        pmd.RANGE: told["range_dps" if gyro else "range_g"],
        pmd.RATE: told["sample_rate_hz"],
        pmd.RESOLUTION: told["resolution_bits"],
        pmd.CHANNELS: told.get("channels"),
    }
    order = (pmd.RANGE, pmd.RATE, pmd.RESOLUTION) if "channels" not in told else (0, 1, 2, 4)
    assert pmd.start_command(pmd.GYRO if gyro else pmd.ACC, [(i, values[i]) for i in order]) == data(vector)


def is_polar_frame(vector: Vector) -> None:
    frame, told = pmd.parse_frame(data(vector)), vector["expected"]
    factor = vector.get("settings", {}).get("factor", 1.0)
    assert (frame.type, frame.time_ns) == (
        pmd.GYRO if told["type"] == "GYRO" else pmd.ACC,
        told.get("timestamp_ns_epoch2000", frame.time_ns),
    )
    samples = pmd.read_samples(frame, factor=factor)
    if "acc_m_s2" in told:
        check(vector, "acc_m_s2", samples)
    if "samples_mg" in told:
        np.testing.assert_allclose(samples / STANDARD_GRAVITY_MPS2 * 1000, told["samples_mg"], rtol=0, atol=1e-9)
    if "samples_dps" in told:
        check(vector, "samples_dps", samples)
    if "timestamps_ns" in told:
        previous = vector["settings"]["previous_timestamp_ns"]
        times = pmd.sample_times_ns(frame.time_ns, len(samples), previous_ns=previous, period_ns=1.0)
        assert times.tolist() == told["timestamps_ns"]


def is_polar_prefix(vector: Vector) -> None:
    frame, told = pmd.parse_frame(data(vector)), vector["expected"]
    with pytest.raises(PacketError) as refused:
        pmd.read_samples(frame, factor=told["factor"])
    assert refused.value.packet == frame.content
    bits, count = frame.content[6], frame.content[7]
    assert (bits, count) == (told["delta_bits"], told["delta_count"])
    held = frame.content[:7] + bytes((5,)) + frame.content[8 : 8 + 15]  # as many deltas as the figure shows
    counts = pmd.read_deltas(held, resolution_bits=16)
    assert counts.tolist() == told["samples_raw"]
    check(vector, "acc_m_s2", counts * told["factor"] * STANDARD_GRAVITY_MPS2)


def is_polar_deltas(vector: Vector) -> None:
    counts = pmd.read_deltas(data(vector), resolution_bits=32) & 0xFFFFFFFF
    assert counts.shape == (vector["expected"]["n_samples"], 3)
    assert counts[:2].tolist() == vector["expected"]["first_two_uint32"]


def is_movesense_payload(vector: Vector) -> None:
    told = vector["expected"]
    names = [name for name in ("acc_m_s2", "gyro_deg_s", "mag_uT") if name in told]
    time_ms, arrays = movesense.parse_measurement(data(vector), len(names))
    assert time_ms == told["timestamp_ms"]
    for name, array in zip(names, arrays, strict=True):
        assert array.shape == (told["n_samples"], 3)
        check(vector, name, array)
        if name == "gyro_deg_s" and "gyro_rad_s" in told:
            check(vector, "gyro_rad_s", np.radians(array))


def is_movesense_info(vector: Vector) -> None:
    told = vector["expected"]
    rates, ranges = movesense.parse_info(data(vector), wide_ranges="ranges_dps" in told)
    assert list(rates) == told["sample_rates_hz"]
    assert list(ranges) == told.get("ranges_g", told.get("ranges_dps"))


def is_movesense_hello(vector: Vector) -> None:
    version, texts = movesense.parse_hello(data(vector))
    assert (version, list(texts)) == (vector["expected"]["version"], vector["expected"]["strings"])


def is_dot_payload(mode: int) -> Callable[[Vector], None]:
    def is_payload(vector: Vector) -> None:
        time_us, fields = dot.parse(mode, data(vector))
        told = vector["expected"]
        assert time_us == told["timestamp_us"]
        same = {"euler_deg_roll_pitch_yaw": "euler_deg"}
        for key in told.keys() - {"timestamp_us"}:
            check(vector, key, fields[same.get(key, key)] if isinstance(told[key], list) else fields[key][0])

    return is_payload


def is_dot_stream(vector: Vector) -> None:
    blocks = stream("dot", vector, dot.MEDIUM, StreamSettings("dot", 60.0, details={"mode": 21}))
    told = vector["expected"]
    assert [int(block.device_ns[0]) // 1000 for block in blocks] == told["timestamps_unwrapped_us"]
    check(vector, "acc_m_s2", np.concatenate([block.acc for block in blocks]))
    check(vector, "gyro_deg_s", np.degrees(np.concatenate([block.gyr for block in blocks])))
    assert all(block.lost == 0 and not block.flags.any() for block in blocks)


def is_dot_control(vector: Vector) -> None:
    told = vector["expected"]
    assert (told["type"], told["action"], told["mode"]) == tuple(data(vector))
    assert dot.control(4, start=False) == data(vector)


def is_dot_message(vector: Vector) -> None:
    assert dot.is_message(data(vector))
    assert dot.message(data(vector)[:-1]) == data(vector)
    assert not dot.is_message(data(vector)[:-1] + bytes((data(vector)[-1] ^ 1,)))


def meta_range(vector: Vector, key: str) -> float:
    return float(vector["settings"][key])


def is_meta_triplets(vector: Vector) -> None:
    told, counts = vector["expected"], mm.parse_counts(data(vector)[2:])
    if "acc_g" in told:
        acc = counts * mm.acc_scale(meta_range(vector, "acc_range_g"))
        check(vector, "acc_g", acc / STANDARD_GRAVITY_MPS2)
        np.testing.assert_allclose(acc, told["acc_m_s2"], rtol=0, atol=0.005)
    else:
        gyr = counts * mm.gyr_scale(meta_range(vector, "gyro_range_dps"))
        check(vector, "gyro_deg_s", np.degrees(gyr))
        np.testing.assert_allclose(gyr, told["gyro_rad_s"], rtol=0, atol=1e-5)


def is_meta_accounted(vector: Vector) -> None:
    told = vector["expected"]
    packet = mm.parse_accounted(data(vector))
    assert packet.processor == told["processor_id"]
    assert packet.counter == told.get("tick", told.get("count"))
    counts = mm.parse_counts(packet.data)
    if "tick_ms" in told:
        assert told["tick_ms"] == 1000 * mm.ACCOUNTER_TICK_S
        np.testing.assert_allclose(1000 * packet.counter * mm.ACCOUNTER_TICK_S, told["elapsed_ms"], atol=0.001)
        check(vector, "acc_g", counts * mm.acc_scale(meta_range(vector, "acc_range_g")) / STANDARD_GRAVITY_MPS2)
    elif "gyro_raw" in told:
        assert counts.tolist() == [told["acc_raw"], told["gyro_raw"]]
        settings = StreamSettings("metamotion", 100.0, 16.0, 2000.0, details={"counter": packet.processor})
        (block,) = stream("metamotion", vector, mm.NOTIFY, settings)
        np.testing.assert_allclose(block.acc[0], np.array(told["acc_raw"]) / 2048 * STANDARD_GRAVITY_MPS2)
        np.testing.assert_allclose(np.degrees(block.gyr[0]), np.array(told["gyro_raw"]) / 16.4)
    else:
        assert counts.tolist() == np.reshape(told["acc_raw"], (-1, 3)).tolist()


def is_meta_chain(vector: Vector) -> None:
    told = vector["expected"]
    ticks = [mm.parse_accounted(bytes.fromhex(frame)).counter for frame in vector["frames"]]
    assert ticks == told["ticks"]
    steps_ms = 1000 * np.diff(ticks) * mm.ACCOUNTER_TICK_S
    np.testing.assert_allclose(steps_ms, told["epoch_offsets_ms"], atol=1.0)  # the vendor's library cuts to whole ms


def is_meta_gravity(vector: Vector) -> None:
    gravity = np.frombuffer(data(vector)[2:], "<f4") / STANDARD_GRAVITY_MPS2
    check(vector, "gravity_g", gravity)


def is_meta_battery(vector: Vector) -> None:
    told = vector["expected"]
    assert metamotion.parse_battery(data(vector)) == (told["charge_pct"], told["voltage_mV"])


def is_wit_frame(vector: Vector) -> None:
    (block,) = stream("witmotion", vector, witmotion.DATA, StreamSettings("witmotion", 100.0))
    told = vector["expected"]
    np.testing.assert_allclose(block.acc[0] / STANDARD_GRAVITY_MPS2, told["acc_g"], atol=tolerance(vector, "acc_g"))
    np.testing.assert_allclose(np.degrees(block.gyr[0]), told["gyro_deg_s"], atol=tolerance(vector, "gyro_deg_s"))
    angles = witmotion.parse_counts(data(vector))[0, 6:] * witmotion.ANGLE_LSB_DEG
    check(vector, "euler_deg_roll_pitch_yaw", angles)
    if "acc_m_s2" in told:
        np.testing.assert_allclose(block.acc[0], told["acc_m_s2"], atol=1e-6)
    assert block.lost is None
    assert not block.flags.any()


def is_wit_registers(vector: Vector) -> None:
    told = vector["expected"]
    register, values = witmotion.parse_registers(data(vector))
    assert register == told["register"] == witmotion.MAGNETOMETER
    assert list(values[:3]) == told["mag_raw"]
    assert list(values[3:]) == told.get("following_registers_raw", list(values[3:]))
    assert stream("witmotion", vector, witmotion.DATA, StreamSettings("witmotion", 100.0)) == []


def is_wit_log(vector: Vector) -> None:
    record, told = witmotion.parse_log_record(data(vector)), vector["expected"]
    assert record.timestamp == told["timestamp"]
    check(vector, "acc_g", record.acc / STANDARD_GRAVITY_MPS2)
    check(vector, "gyro_deg_s", np.degrees(record.gyr))
    check(vector, "euler_deg_roll_pitch_yaw", record.angles_deg)


def is_thingy_raw(vector: Vector) -> None:
    motion = other_devices.thingy_raw(data(vector))
    np.testing.assert_allclose(motion.acc / STANDARD_GRAVITY_MPS2, vector["expected"]["acc_g"], atol=1e-6)


def is_bluest(vector: Vector) -> None:
    motion, told = other_devices.bluest_imu(data(vector)), vector["expected"]
    check(vector, "acc_m_s2", motion.acc)
    check(vector, "gyro_deg_s", np.degrees(motion.gyr))
    check(vector, "mag_mGauss", motion.mag)
    assert motion.tick == told["timestamp_ticks"]
    assert motion.tick * other_devices.BLUEST_TICK_S * 1000 == told["timestamp_ms"]


def is_bluest_wrap(vector: Vector) -> None:
    ticks = [other_devices.bluest_imu(bytes.fromhex(frame)).tick for frame in vector["frames"]]
    assert ticks == vector["expected"]["timestamp_ticks"]
    unwrapped = [ticks[0], other_devices.unwrap_tick(ticks[0], ticks[1])]
    assert unwrapped == vector["expected"]["unwrapped"]


def is_sensortag(vector: Vector) -> None:
    told = vector["expected"]
    range_g = other_devices.sensortag_range_g(vector["settings"]["config_u16"])
    assert range_g == vector["settings"]["acc_range_g"]
    motion = other_devices.sensortag_movement(data(vector), acc_range_g=range_g)
    np.testing.assert_allclose(np.degrees(motion.gyr), told["gyro_deg_s"], atol=1e-4)
    check(vector, "acc_g_at_8g", motion.acc / STANDARD_GRAVITY_MPS2)
    assert motion.mag.tolist() == told["mag_raw"]


def is_sensortag_config(vector: Vector) -> None:
    word, told = int.from_bytes(data(vector), "little"), vector["expected"]
    assert other_devices.sensortag_range_g(word) == told["acc_range_g"]


def is_si(read: Callable[[bytes], other_devices.Motion]) -> Callable[[Vector], None]:
    def is_vector(vector: Vector) -> None:
        motion = read(data(vector))
        if "acc_m_s2" in vector["expected"]:
            check(vector, "acc_m_s2", motion.acc)
        else:
            check(vector, "gyro_rad_s", motion.gyr)

    return is_vector


def is_own_gap(vector: Vector) -> None:
    first, second = stream("hinge", vector, hinge_packets.DATA, own_settings(4096, 16.384))
    told = vector["expected"]
    packets = [hinge_packets.parse_data(bytes.fromhex(frame)) for frame in vector["frames"]]
    assert [packet.sequence for packet in packets] == told["seq"]
    assert packets[1].sequence - packets[0].sequence - 1 == told["lost_notifications"]
    assert len(first) == told["samples_in_first"]
    assert int(second.device_ns[0] - first.device_ns[0]) == 1000 * told["t0_gap_us"]
    assert second.lost == told["missing_samples"]
    assert second.flags[0] == Flag.GAP


def is_own_compact(vector: Vector) -> None:
    given, told = vector["settings"], vector["expected"]
    packet = hinge_packets.parse_data(data(vector))
    assert (packet.flags, packet.sequence, packet.t0_us) == (told["flags"], told["seq"], told["t0_us"])
    assert packet.counts.tolist() == [told["acc_raw"][0] + told["gyro_raw"][0]]
    settings = own_settings(given["acc_lsb_per_g"], given["gyro_lsb_per_dps"])
    (block,) = stream("hinge", vector, hinge_packets.DATA, settings)
    check(vector, "acc_m_s2", block.acc)
    check(vector, "gyro_rad_s", block.gyr)
    assert hinge_packets.pack_data(packet) == data(vector)


def own_settings(counts_per_g: float, counts_per_dps: float) -> StreamSettings:
    scales = {"acc_m_s2": STANDARD_GRAVITY_MPS2 / counts_per_g, "gyr_rad_s": float(np.radians(1 / counts_per_dps))}
    return StreamSettings("hinge", 200.0, 8.0, 2000.0, details=scales)


def is_own_timesync(vector: Vector) -> None:
    answer, told = hinge_packets.parse_timesync(data(vector)), vector["expected"]
    assert tuple(answer) == (told["nonce"], told["device_rx_us"], told["device_tx_us"])
    assert hinge_packets.pack_timesync(answer) == data(vector)


CHECKS: dict[str, Callable[[Vector], None]] = {
    "polar-h10-acc-settings-response": is_polar_settings,
    "polar-verity-acc-settings-response": is_polar_settings,
    "polar-h10-acc-start": is_polar_start,
    "polar-verity-acc-start": is_polar_start,
    "polar-verity-gyro-start": is_polar_start,
    "polar-h10-acc-raw-frame": is_polar_frame,
    "polar-verity-acc-delta-frame-prefix": is_polar_prefix,
    "polar-acc-delta-type1-2": is_polar_frame,
    "polar-gyro-delta-type1-2": is_polar_frame,
    "polar-gyro-delta-type1-2-factor": is_polar_frame,
    "polar-delta-content-32bit-19": is_polar_deltas,
    "movesense-get-acc-info": is_movesense_info,
    "movesense-get-gyro-info": is_movesense_info,
    "movesense-resp-hello-no-status": is_movesense_hello,
    "xsens-free-acc-1": is_dot_payload(6),
    "xsens-free-acc-2": is_dot_payload(6),
    "xsens-euler-capture": is_dot_payload(4),
    "xsens-ext-quat": is_dot_payload(2),
    "xsens-rate-quantities-wrap": is_dot_stream,
    "xsens-ctl-read": is_dot_control,
    "xsens-msg-synced": is_dot_message,
    "xsens-msg-sync-stopped": is_dot_message,
    "metawear-bmi160-acc-packed-8g": is_meta_triplets,
    "metawear-bmi160-gyro-500": is_meta_triplets,
    "metawear-bmi160-gyro-packed-1000": is_meta_triplets,
    "metawear-acc-2g-capture": is_meta_triplets,
    "metawear-accounter-time": is_meta_accounted,
    "metawear-accounter-count": is_meta_accounted,
    "metawear-packer2-count": is_meta_accounted,
    "metawear-fuser-accounter-count": is_meta_accounted,
    "metawear-accounter-chain": is_meta_chain,
    "metawear-fusion-gravity": is_meta_gravity,
    "metawear-battery": is_meta_battery,
    "witmotion-0x61-1": is_wit_frame,
    "witmotion-0x61-3": is_wit_frame,
    "witmotion-0x61-from-csv": is_wit_frame,
    "witmotion-0x71-mag": is_wit_registers,
    "witmotion-0x71-mag-manual": is_wit_registers,
    "witmotion-sd-log-28": is_wit_log,
    "thingy52-raw-from-misscaled-log": is_thingy_raw,
    "thingy52-quaternion": lambda v: check(v, "quat_wxyz", other_devices.thingy_quaternion(data(v))),
    "bluest-acc-gyro-mag": is_bluest,
    "bluest-timestamp-wrap": is_bluest_wrap,
    "sensortag-cc2650-8g": is_sensortag,
    "sensortag-cc2650-config-8g": is_sensortag_config,
    "microbit-acc-1": is_si(other_devices.microbit_acc),
    "microbit-acc-2": is_si(other_devices.microbit_acc),
    "arduino-science-journal-acc": is_si(other_devices.arduino_acc),
    "arduino-science-journal-gyro": is_si(other_devices.arduino_gyro),
    "imuhinge-ref-gap": is_own_gap,
    "imuhinge-ref-compact-20B": is_own_compact,
    "imuhinge-ref-timesync": is_own_timesync,
}

COMMANDS: dict[str, bytes] = {
    "polar-h10-acc-settings-request": bytes((pmd.GET_SETTINGS, pmd.ACC)),
    "polar-stop": bytes((pmd.STOP, pmd.ACC)),
    "polar-sdkmode-on": bytes((pmd.START, pmd.SDK_MODE)),
    "polar-sdkmode-off": bytes((pmd.STOP, pmd.SDK_MODE)),
    "movesense-cmd-subscribe-imu6-104": movesense.subscribe_imu6(104.0),
    "movesense-cmd-unsubscribe": movesense.command(movesense.UNSUBSCRIBE, movesense.STREAM_REFERENCE),
    "movesense-cmd-hello": movesense.command(movesense.HELLO, 100),
    "movesense-cmd-fetchlog": movesense.command(movesense.FETCH_LOG, 11, (16909060).to_bytes(4, "little")),
    "movesense-cmd-system-mode-reboot": movesense.command(movesense.PUT_SYSTEMMODE, 14, b"\x05"),
    "xsens-ctl-start-euler": dot.control(4, start=True),
    "xsens-ctl-stop-euler": dot.control(4, start=False),
    "xsens-ctl-start-quat": dot.control(5, start=True),
    "xsens-ctl-start-custom1": dot.control(22, start=True),
    "xsens-ctl-stop-custom1": dot.control(22, start=False),
    "xsens-ctl-start-rate": dot.control(dot.RATE_QUANTITIES, start=True),
    "xsens-ctl-start-custom5": dot.control(dot.CUSTOM_5, start=True),
    "xsens-heading-reset": dot.HEADING_RESET,
    "xsens-config-identify": dot.identify(),
    "xsens-config-poweroff": dot.power_off(),
    "xsens-config-rate-60": dot.set_rate(60),
    "xsens-msg-start-sync": dot.start_sync("D4:CA:6E:F1:69:3D"),
    "xsens-msg-get-sync-status": dot.GET_SYNC_STATUS,
    "xsens-msg-stop-sync": dot.STOP_SYNC,
    "xsens-msg-get-state": dot.GET_STATE,
    "xsens-msg-stop-recording": dot.STOP_RECORDING,
    "metawear-cmd-create-accounter-time": metamotion.create_accounter(3, 4, mode=metamotion.TIME_MODE),
    "metawear-cmd-create-accounter-count": metamotion.create_accounter(3, 4, mode=metamotion.COUNT_MODE),
    "metawear-cmd-acc-cfg-bmi160-100hz-16g": metamotion.acc_config(metamotion.BMI160, 100.0, 16.0),
    "metawear-cmd-acc-cfg-bmi160-200hz-8g": metamotion.acc_config(metamotion.BMI160, 200.0, 8.0),
    "metawear-cmd-acc-cfg-bmi270-100hz-16g": metamotion.acc_config(metamotion.BMI270, 100.0, 16.0),
    "metawear-cmd-acc-cfg-bmi270-200hz-8g": metamotion.acc_config(metamotion.BMI270, 200.0, 8.0),
    "metawear-cmd-gyro-cfg-200hz-2000": metamotion.gyro_config(200.0, 2000.0),
    "metawear-cmd-gyro-cfg-100hz-250": metamotion.gyro_config(100.0, 250.0),
    "metawear-cmd-gyro-cfg-50hz-125": metamotion.gyro_config(50.0, 125.0),
    "metawear-cmd-acc-sub": metamotion.subscribe(metamotion.ACC, metamotion.ACC_DATA),
    "metawear-cmd-acc-sub-packed-bmi160": metamotion.subscribe(metamotion.ACC, metamotion.BMI160.acc_packed),
    "metawear-cmd-acc-sub-packed-bmi270": metamotion.subscribe(metamotion.ACC, metamotion.BMI270.acc_packed),
    "metawear-cmd-gyro-sub-bmi160": metamotion.subscribe(metamotion.GYRO, metamotion.BMI160.gyro_data),
    "metawear-cmd-gyro-sub-packed-bmi160": metamotion.subscribe(metamotion.GYRO, metamotion.BMI160.gyro_packed),
    "metawear-cmd-acc-enable": metamotion.enable(metamotion.ACC),
    "metawear-cmd-acc-disable": metamotion.enable(metamotion.ACC, on=False),
    "metawear-cmd-gyro-enable": metamotion.enable(metamotion.GYRO),
    "metawear-cmd-gyro-disable": metamotion.enable(metamotion.GYRO, on=False),
    "metawear-cmd-gyro-start": metamotion.power(metamotion.GYRO),
    "metawear-cmd-gyro-stop": metamotion.power(metamotion.GYRO, on=False),
    "witmotion-cmd-unlock": witmotion.UNLOCK,
    "witmotion-cmd-save": witmotion.SAVE,
    "witmotion-cmd-rate-10": witmotion.write_register(witmotion.RATE_REGISTER, witmotion.RATE_CODES[10.0]),
    "witmotion-cmd-rate-50": witmotion.write_register(witmotion.RATE_REGISTER, witmotion.RATE_CODES[50.0]),
    "witmotion-cmd-rate-100": witmotion.write_register(witmotion.RATE_REGISTER, witmotion.RATE_CODES[100.0]),
    "witmotion-cmd-rate-200": witmotion.write_register(witmotion.RATE_REGISTER, witmotion.RATE_CODES[200.0]),
    "witmotion-cmd-acc-cal": witmotion.write_register(witmotion.ACC_CALIBRATION, 1),
    "witmotion-cmd-mag-cal-start": witmotion.write_register(witmotion.ACC_CALIBRATION, 7),
    "witmotion-cmd-cal-end": witmotion.write_register(witmotion.ACC_CALIBRATION, 0),
    "witmotion-cmd-read-mag": witmotion.read_register(witmotion.MAGNETOMETER),
    "witmotion-cmd-read-quat": witmotion.read_register(witmotion.QUATERNION),
    "witmotion-cmd-read-temp": witmotion.read_register(witmotion.TEMPERATURE),
    "witmotion-cmd-read-battery": witmotion.read_register(witmotion.BATTERY),
    "witmotion-cmd-read-version": witmotion.read_register(witmotion.VERSION),
    "witmotion-cmd-read-time": witmotion.read_register(witmotion.CHIP_TIME),
    "thingy52-config-100hz": other_devices.thingy_config(
        step_ms=100, temperature_ms=500, compass_ms=1000, motion_hz=100, wake=False
    ),
}

ANSWERS: dict[str, tuple[int, int, int]] = {
    "polar-stop-response": (pmd.STOP, pmd.ACC, 0),
    "polar-sdkmode-on-response": (pmd.START, pmd.SDK_MODE, 0),
    "polar-sdkmode-off-response": (pmd.STOP, pmd.SDK_MODE, 0),
}
NOT_OURS = {
    "sensortag-cc2650-period-100ms": "a setting of a device that is not driven",
    "microbit-period-20ms": "a setting of a device that is not driven",
}


def check_for(name: str) -> Callable[[Vector], None] | None:
    if name.startswith("movesense-payload-"):
        return is_movesense_payload
    return CHECKS.get(name)


@pytest.mark.parametrize("name", sorted(name for name in VECTORS if check_for(name)))
def test_published_values_are_decoded(name: str) -> None:
    judge = check_for(name)
    assert judge is not None
    judge(VECTORS[name])


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_commands_are_the_published_bytes(name: str) -> None:
    assert COMMANDS[name] == data(VECTORS[name])


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_answers_of_the_control_point(name: str) -> None:
    answer = pmd.parse_response(data(VECTORS[name]))
    assert (answer.op, answer.type, answer.status) == ANSWERS[name]


def test_no_vector_is_left_out() -> None:
    left = {name for name in VECTORS if not check_for(name)} - COMMANDS.keys() - ANSWERS.keys() - NOT_OURS.keys()
    assert left == set()
