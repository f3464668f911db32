"""Every importer reads its vendor's layout into the same samples; the layouts are those of the vendors' own exports."""

import json
import zipfile

import numpy as np
import pytest

from imu_hinge.errors import BadSamples, RecordingError, UnknownFormat
from imu_hinge.storage.exporters import convert
from imu_hinge.storage.importers.registry import IMPORTERS, importer_of, read_export, vendor_of
from imu_hinge.storage.recording import read

G = 9.80665
UNIX_S = 1767620467.0


def write_phyphox(folder, s):
    (folder / "meta").mkdir()
    header = '"Time (s)","Acceleration x (m/s^2)","Acceleration y (m/s^2)","Acceleration z (m/s^2)","Absolute (m/s^2)"'
    rows = [f"{t:.9E},{x:.9E},{y:.9E},{z:.9E},0.0" for t, (x, y, z) in zip(s.time_s - 1.0, s.acc, strict=True)]
    (folder / "Accelerometer.csv").write_text("\n".join([header, *rows]) + "\n")
    header = '"Time (s)","Gyroscope x (rad/s)","Gyroscope y (rad/s)","Gyroscope z (rad/s)"'
    rows = [f"{t:.9E},{x:.9E},{y:.9E},{z:.9E}" for t, (x, y, z) in zip(s.time_s - 1.0, s.gyr, strict=True)]
    (folder / "Gyroscope.csv").write_text("\n".join([header, *rows]) + "\n")
    path = folder.parent / "phyphox.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("Accelerometer.csv", "Gyroscope.csv"):
            archive.write(folder / name, name)
        archive.writestr(
            "meta/time.csv",
            '"event","experiment time","system time","system time text"\n'
            f'"START",0.0,{UNIX_S + 1.0!r},"2026-01-05"\n"PAUSE",99.0,{UNIX_S + 100.0!r},"2026-01-05"\n',
        )
    return path


def write_sensor_logger(folder, s):
    time_ns = np.round((s.time_s + UNIX_S) * 1e9).astype(np.int64)
    gravity = np.tile([0.0, 0.0, G], (len(s), 1))
    streams = {"Accelerometer": s.acc - gravity, "Gravity": gravity, "Gyroscope": s.gyr}
    for name, values in streams.items():
        rows = [f"{t},{t / 1e9},{z!r},{y!r},{x!r}" for t, (x, y, z) in zip(time_ns, values.tolist(), strict=True)]
        (folder / f"{name}.csv").write_text("\n".join(["time,seconds_elapsed,z,y,x", *rows]) + "\n")
    return folder


def write_xsens_dot(folder, s):
    start = 2**32 - 3_000_000  # the µs counter starts again after three seconds
    lines = ["sep=,", "DeviceTag:,A", "OutputRate:,100Hz", "Measurement Mode:,Rate quantities (with mag)", "", ""]
    lines.append("PacketCounter,SampleTimeFine,Acc_X,Acc_Y,Acc_Z,Gyr_X,Gyr_Y,Gyr_Z,Status")
    for i, (t, acc, gyr) in enumerate(zip(s.time_s, s.acc, np.degrees(s.gyr), strict=True)):
        cells = ",".join(f"{value!r}" for value in [*acc.tolist(), *gyr.tolist()])
        lines.append(f"{i},{(start + round(t * 1e6)) % 2**32},{cells},0")
    path = folder / "A_20260105_101010_123.csv"
    path.write_text("\r\n".join(lines) + "\r\n")
    return path


def write_witmotion(folder, s):
    header = (
        "Time,Device name,Chip Time(),Acceleration X(g),Acceleration Y(g),Acceleration Z(g),Angular velocity X(°/s),"
        "Angular velocity Y(°/s),Angular velocity Z(°/s),Angle X(°),Temperature(℃)"
    )
    lines = [header]
    for t, acc, gyr in zip(s.time_s, s.acc / G, np.degrees(s.gyr), strict=True):
        at = (86398.0 + round(t, 3)) % 86400.0  # over midnight after two seconds
        clock = f"{int(at // 3600):02d}:{int(at // 60 % 60):02d}:{at % 60:06.3f}"
        cells = ", ".join(f"{value!r}" for value in [*acc.tolist(), *gyr.tolist()])
        lines.append(f" {clock},da:3b:72:d6:a6:5f, 2015-1-1 1:0:53.300, {cells}, 1.0, 23.76,")
    path = folder / "data.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_metabase(folder, s):
    for kind, unit, values in (("Accelerometer", "g", s.acc / G), ("Gyroscope", "deg/s", np.degrees(s.gyr))):
        lines = [f"epoch (ms),time (-13:00),elapsed (s),x-axis ({unit}),y-axis ({unit}),z-axis ({unit})"]
        for t, row in zip(s.time_s, values.tolist(), strict=True):
            lines.append(f"{round((UNIX_S + t) * 1e3)},2026-01-05,{t:.3f}," + ",".join(repr(value) for value in row))
        name = f"MetaWear_2026-01-05T10.10.10.123_C8A_{kind}_100.000Hz_1.4.5.csv"
        (folder / name).write_text("\n".join(lines) + "\n")
    return next(folder.glob("*_Accelerometer_*"))


def write_movesense(folder, s):
    samples = [{"TimeDetailed": {"relativeTime": 1}}]
    for start in range(0, len(s), 8):
        part = slice(start, start + 8)
        acc = [dict(zip("xyz", row, strict=True)) for row in s.acc[part].tolist()]
        gyr = [dict(zip("xyz", row, strict=True)) for row in np.degrees(s.gyr[part]).tolist()]
        stamp = 5000 + round(s.time_s[start] * 1e3)
        samples.append({"MeasIMU6": {"Timestamp": stamp, "ArrayAcc": acc, "ArrayGyro": gyr}})
    path = folder / "log.json"
    path.write_text(json.dumps({"Samples": samples}))
    return path


WRITERS = {name.removeprefix("write_"): f for name, f in globals().items() if name.startswith("write_")}
START_S = {"phyphox": UNIX_S, "sensor_logger": UNIX_S, "xsens_dot": 4291.967296, "witmotion": 86398.0,
           "metabase": UNIX_S, "movesense": 5.0}  # fmt: skip


def test_every_importer_is_under_contract():
    assert set(WRITERS) == set(IMPORTERS) == set(START_S)


@pytest.fixture(params=sorted(IMPORTERS))
def export(request, tmp_path, make_samples):
    folder = tmp_path / "export"
    folder.mkdir()
    samples = make_samples(seconds=6.0, seed=4)
    return request.param, WRITERS[request.param](folder, samples), samples


class TestContract:
    def test_it_is_recognised_by_its_own_importer_alone(self, export):
        name, path, _ = export
        assert importer_of(path) is IMPORTERS[name]
        assert vendor_of(path) == f"a {IMPORTERS[name].name} export"

    def test_it_gives_the_samples_in_si(self, export):
        name, path, samples = export
        found = read_export(path)
        assert len(found) == len(samples)
        np.testing.assert_allclose(found.acc, samples.acc, atol=1e-8)
        np.testing.assert_allclose(found.gyr, samples.gyr, atol=1e-8)
        np.testing.assert_allclose(found.time_s, samples.time_s + START_S[name], atol=1e-6)

    def test_it_is_converted_and_read_back(self, export, tmp_path):
        name, path, _ = export
        (written,) = convert(f"t12={path}", tmp_path / "out", exercise="rdl")
        recording = read(written)
        assert recording.devices == {"t12": IMPORTERS[name].name}
        assert recording.exercise == "rdl"
        assert recording.sensors["t12"].acc.tobytes() == read_export(path).acc.tobytes()
        assert not recording.sensors["t12"].flags.any()

    def test_reading_it_as_a_plain_csv_names_the_way_out(self, export):
        name, path, _ = export
        with pytest.raises(RecordingError, match=f"{IMPORTERS[name].name} export.*imu-hinge convert"):
            read(f"t12={path}")

    def test_without_a_gyroscope_it_is_refused(self, export):
        name, path, _ = export
        strip_gyroscope(name, path)
        with pytest.raises(UnknownFormat, match=r"(Record|Export|Give|Put|Log) "):
            read_export(path)

    def test_a_broken_number_is_refused(self, export):
        name, path, _ = export
        break_a_number(name, path)
        with pytest.raises(BadSamples, match=r"cannot be read.*again"):
            read_export(path)


def texts_of(path):
    """Return the files of an export that is no zip."""
    if path.is_dir():
        return sorted(path.glob("*.csv"))
    return sorted(path.parent.glob("MetaWear*")) if path.name.startswith("MetaWear") else [path]


def strip_gyroscope(name, path):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            text = archive.read("Accelerometer.csv")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("Accelerometer.csv", text)
        return
    for file in texts_of(path):
        if "Gyroscope" in file.name:
            file.unlink()
        else:
            text = file.read_text(encoding="utf-8")
            for word in ("ArrayGyro", "Gyr_", "Angular velocity "):
                text = text.replace(word, "Nothing")
            file.write_text(text, encoding="utf-8")


def break_a_number(name, path):
    def broken(text):
        if name == "movesense":
            return text.replace('"x": ', '"x": "?', 1).replace(', "y"', '", "y"', 1)
        lines = text.splitlines(keepends=True)
        cells = lines[-100].split(",")
        cells[READ_CELL[name]] = "?"
        lines[-100] = ",".join(cells)
        return "".join(lines)

    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            texts = {member: archive.read(member).decode() for member in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for member, text in texts.items():
                archive.writestr(member, broken(text) if member == "Gyroscope.csv" else text)
        return
    file = next((f for f in texts_of(path) if "Gyroscope" in f.name), texts_of(path)[0])
    file.write_text(broken(file.read_text(encoding="utf-8")), encoding="utf-8")


READ_CELL = {"phyphox": 1, "sensor_logger": 2, "xsens_dot": 2, "witmotion": 3, "metabase": 3}


def saved(tmp_path, text, name="export.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_published_rows_of_witmotion(tmp_path):
    """Header and rows as published: 20 names, 21 cells, mojibake for microtesla."""
    path = saved(
        tmp_path,
        "Time,Device name,Chip Time(),Acceleration X(g),Acceleration Y(g),Acceleration Z(g),Angular velocity X(°/s),"
        "Angular velocity Y(°/s),Angular velocity Z(°/s),Angle X(°),Angle Y(°),Angle Z(°),Magnetic field X(ʯt),"
        "Magnetic field Y(ʯt),Magnetic field Z(ʯt),Temperature(℃),Quaternions 0(),Quaternions 1(),Quaternions 2(),"
        "Quaternions 3()\n"
        " 16:39:37.564,da:3b:72:d6:a6:5f, 2015-1-1 1:0:53.300, 0.754, -0.625, 0.15, -2.075, -0.671, -1.282, -74.284, "
        "-47.527, -99.723, -53.075, -24.292, -19.300, 23.76, 0.28772, -0.60193, 0.20932, -0.71481,\n"
        " 16:39:37.568,da:3b:72:d6:a6:5f, 2015-1-1 1:0:53.300, 0.755, -0.682, 0.128, 1.465, -1.221, 2.991, -74.075, "
        "-47.379, -99.899, -53.075, -24.292, -19.300, 23.76, 0.28772, -0.60193, 0.20932, -0.71481,\n",
    )
    found = read_export(path)
    np.testing.assert_allclose(found.acc[0], np.array([0.754, -0.625, 0.15]) * G)
    np.testing.assert_allclose(np.degrees(found.gyr), [[-2.075, -0.671, -1.282], [1.465, -1.221, 2.991]])
    np.testing.assert_allclose(found.time_s, np.array([37.564, 37.568]) + 16 * 3600 + 39 * 60)


def test_published_header_of_an_xsens_mode_without_inertial_data(tmp_path):
    path = saved(
        tmp_path,
        "sep=,\nDeviceTag:,Yao\nFirmwareVersion:,2.0.0\nStartTime: ,2021-08-20_20:21:13_835 GMT+8\n\n"
        "PacketCounter,SampleTimeFine,Quat_W,Quat_X,Quat_Y,Quat_Z,FreeAcc_X,FreeAcc_Y,FreeAcc_Z,Status\n"
        "1,3343427885,-0.679148,0.020083,-0.728430,0.088013,0.038134,0.002781,0.003076,0\n",
    )
    with pytest.raises(UnknownFormat, match=r"FreeAcc_X.* no Acc_X and Gyr_X.*Record in a mode with inertial data"):
        read_export(path)


def test_phyphox_with_semicolons_and_decimal_commas(tmp_path):
    (tmp_path / "e").mkdir()
    acc = [f'"{i / 100:.2E}";"1,0E-1";"2,0E-1";"9,8E0"' for i in range(5)]
    saved(
        tmp_path / "e",
        '"Time (s)";"Acceleration x (m/s^2)";"Acceleration y (m/s^2)";"Acceleration z (m/s^2)"\n'
        + "\n".join(acc).replace(".", ","),
        "Accelerometer.csv",
    )
    saved(
        tmp_path / "e",
        '"Time (s)";"Gyroscope x (rad/s)";"Gyroscope y (rad/s)";"Gyroscope z (rad/s)"\n'
        "-1,004321940E-1;-2,769000130E-3;-7,490001153E-4;-2,243000083E-3\n1,0E0;0;0;0\n",
        "Gyroscope.csv",
    )
    found = read_export(tmp_path / "e")
    np.testing.assert_allclose(found.acc, np.tile([0.1, 0.2, 9.8], (5, 1)))
    np.testing.assert_allclose(found.time_s, np.arange(5) / 100)
    assert found.gyr[0, 0] == pytest.approx(-2.769000130e-3 * 1.0 / 1.1004321940)


def test_phyphox_without_gravity_is_not_taken(tmp_path):
    columns = ",".join(f'"Linear Acceleration {axis} (m/s^2)"' for axis in "xyz")
    text = f'"Time (s)",{columns}\n0,0,0,0\n'
    with pytest.raises(UnknownFormat, match=r"no acceleration including gravity.*with g"):
        read_export(saved(tmp_path, text))


def test_sensor_logger_takes_total_acceleration_and_refuses_acceleration_alone(tmp_path):
    rows = "".join(f"{i * 10**7},{i / 100},9.8,0.2,0.1\n" for i in range(5))
    for name in ("Accelerometer", "Gyroscope"):
        saved(tmp_path, "time,seconds_elapsed,z,y,x\n" + rows, f"{name}.csv")
    with pytest.raises(UnknownFormat, match=r"no TotalAcceleration.csv, or Accelerometer.csv with Gravity.csv"):
        read_export(tmp_path)
    saved(tmp_path, "time,seconds_elapsed,z,y,x\n" + rows, "TotalAcceleration.csv")
    np.testing.assert_allclose(read_export(tmp_path).acc, np.tile([0.1, 0.2, 9.8], (5, 1)))


def test_the_older_log_of_movesense(tmp_path):
    xyz = {"x": 1.0, "y": 2.0, "z": 3.0}
    packets = [{"Timestamp": 100 + 40 * i, "ArrayAcc": [xyz] * 4, "ArrayGyro": [xyz] * 4} for i in range(3)]
    found = read_export(saved(tmp_path, json.dumps({"Meas": {"IMU9": packets}}), "old.json"))
    np.testing.assert_allclose(found.time_s, 0.1 + np.arange(12) / 100)
    np.testing.assert_allclose(found.gyr, np.radians(np.tile([1.0, 2.0, 3.0], (12, 1))))


def test_what_nobody_knows_is_refused_with_the_known_names(tmp_path):
    with pytest.raises(RecordingError, match=r"no export that is known here.*phyphox, Sensor Logger, Xsens DOT"):
        read_export(saved(tmp_path, "a,b\n1,2\n"))
    with pytest.raises(RecordingError, match=r"There is no file"):
        read_export(tmp_path / "gone.zip")


def test_a_broken_zip_is_refused(tmp_path, make_samples):
    (tmp_path / "export").mkdir()
    path = write_phyphox(tmp_path / "export", make_samples(seconds=4.0))
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(data)
    with pytest.raises(RecordingError, match=r"cannot be read.*again"):
        read_export(path)
