"""What apps, spreadsheets and clocks do to a file changes no sample or is refused by name: each vendor x each dirt."""

import datetime
import zipfile
from pathlib import Path

import numpy as np
import pytest
from test_storage_importers import START_S, WRITERS

from imu_hinge.errors import BadSamples, HingeError, RecordingError, UnknownFormat, UnknownUnits
from imu_hinge.model import Samples
from imu_hinge.storage.exporters import read_any
from imu_hinge.storage.importers.registry import import_export
from imu_hinge.storage.plain_csv import import_csv, write_csv
from imu_hinge.storage.recording import read

FIELD = Path(__file__).parents[4] / "shared" / "data" / "field_cases"
ROWS = slice(-60, -40)


def header_of(lines):
    """Return where the header stands in an export of these tests."""
    return next(i for i, line in enumerate(lines) if line.count(",") > 2)


def again(lines):
    return [*lines[:-100], lines[header_of(lines)], *lines[-100:]]


def changed(lines, change, start, stop):
    return [change(line) if start <= i < stop else line for i, line in enumerate(lines)]


def late_rows(lines):
    return [*lines[: ROWS.start], *lines[ROWS.stop :], *lines[ROWS]]


DIRT = {
    "crlf": lambda lines: "\r\n".join(lines) + "\r\n",
    "bom": lambda lines: "\ufeff" + "\n".join(lines),
    "utf16": lambda lines: "\n".join(lines).encode("utf-16"),
    "utf16_without_mark": lambda lines: "\n".join(lines).encode("utf-16-le"),
    "empty_end": lambda lines: "\n".join([*lines, "", ",,,", ""]),
    "boot_lines": lambda lines: "\n".join(["# my note, with commas", "boot ok", *lines]),
    "comment_inside": lambda lines: "\n".join([*lines[:-9], "# battery 80 %", *lines[-9:]]),
    "header_again": lambda lines: "\n".join(again(lines)),
    "upper_case": lambda lines: "\n".join(changed(lines, str.upper, header_of(lines), header_of(lines) + 1)),
    "trailing_comma": lambda lines: "\n".join(changed(lines, "{},".format, header_of(lines), len(lines))),
    "tabs": lambda lines: "\n".join(line.replace(",", "\t") for line in lines),
    "semicolons": lambda lines: "\n".join(line.replace(",", ";") for line in lines),
    "late_rows": lambda lines: "\n".join(late_rows(lines)),
}  # fmt: skip
TOLD = {"comment_inside": "left out", "header_again": "left out", "late_rows": "out of order"}


def dirty(path, dirt):
    """Make every table of an export dirty in place."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            texts = {name: archive.read(name).decode() for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in texts.items():
                archive.writestr(name, text if name.startswith("meta") else DIRT[dirt](text.splitlines()))
        return
    files = path.glob("*.csv") if path.is_dir() else path.parent.glob("*.csv")
    for file in files:
        content = DIRT[dirt](file.read_text(encoding="utf-8").splitlines())
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("dirt", sorted(DIRT))
@pytest.mark.parametrize("vendor", sorted(set(WRITERS) - {"movesense"}))
def test_dirt_changes_no_sample_of_an_export(tmp_path, make_samples, vendor, dirt):
    (tmp_path / "export").mkdir()
    samples = make_samples(seconds=6.0, seed=4)
    path = WRITERS[vendor](tmp_path / "export", samples)
    dirty(path, dirt)
    found = import_export(path)
    np.testing.assert_allclose(found.samples.acc, samples.acc, atol=1e-8)
    np.testing.assert_allclose(found.samples.gyr, samples.gyr, atol=1e-8)
    np.testing.assert_allclose(found.samples.time_s, samples.time_s + START_S[vendor], atol=1e-6)
    assert any(TOLD[dirt] in note for note in found.notes) if dirt in TOLD else not found.notes


@pytest.mark.parametrize("dirt", sorted(DIRT))
def test_dirt_changes_no_sample_of_a_plain_csv(tmp_path, make_samples, dirt):
    samples = make_samples(seconds=6.0, seed=4)
    path = write_csv(samples, tmp_path / "sacrum.csv")
    dirty(path, dirt)
    found = import_csv(path)
    for name in ("time_s", "acc", "gyr", "flags"):
        assert getattr(found.samples, name).tobytes() == getattr(samples, name).tobytes()
    assert any(TOLD[dirt] in note for note in found.notes) if dirt in TOLD else not found.notes
    assert read(f"sacrum={path}").warnings == tuple(f"sacrum: {note}" for note in found.notes)


def test_a_clock_that_was_set_back_is_not_sorted(tmp_path, make_samples):
    s = make_samples(seconds=8.0)
    path = write_csv(Samples(np.where(s.time_s < 4.0, s.time_s, s.time_s - 3.0), s.acc, s.gyr), tmp_path / "a.csv")
    with pytest.raises(BadSamples, match="jumps back"):
        read(f"sacrum={path}")


def witmotion_lines(stamps, samples, devices):
    lines = ["time\tDeviceName\tAccX(g)\tAccY(g)\tAccZ(g)\tAsX(°/s)\tAsY(°/s)\tAsZ(°/s)"]
    for stamp, device, acc, gyr in zip(stamps, devices, samples.acc / 9.80665, np.degrees(samples.gyr), strict=True):
        lines.append("\t".join([stamp, device, *(repr(x) for x in [*acc.tolist(), *gyr.tolist()])]))
    return lines


CLOCKS = {
    "iso": lambda at: at.isoformat(timespec="milliseconds"),
    "iso_utc": lambda at: at.isoformat(timespec="milliseconds") + "Z",
    "date_before": lambda at: at.isoformat(" ", timespec="milliseconds"),
    "day_first": lambda at: at.strftime("%d.%m.%Y %H:%M:%S.%f"),
    "time_alone": lambda at: at.strftime("%H:%M:%S.%f"),
    "decimal_comma": lambda at: at.strftime("%Y-%m-%d %H:%M:%S,%f"),
}


@pytest.mark.parametrize("clock", sorted(CLOCKS))
@pytest.mark.parametrize("change_h", [0, 1, -1])
def test_clock_texts_over_midnight_and_daylight_saving_time(tmp_path, make_samples, clock, change_h):
    samples = make_samples(seconds=6.0)
    start = datetime.datetime(2026, 3, 28, 23, 59, 58) if change_h == 0 else datetime.datetime(2026, 3, 29, 1, 59, 58)
    stamps = [start + datetime.timedelta(seconds=t) for t in samples.time_s]
    shown = [
        at + datetime.timedelta(hours=change_h if t >= 2.0 else 0) for at, t in zip(stamps, samples.time_s, strict=True)
    ]
    lines = witmotion_lines([CLOCKS[clock](at) for at in shown], samples, ["A"] * len(samples))
    path = tmp_path / "a.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    if clock == "iso_utc" and change_h:
        return  # a clock in UTC does not change: what jumps there is no daylight saving time
    found = import_export(path)
    np.testing.assert_allclose(found.samples.time_s - found.samples.time_s[0], samples.time_s, atol=1e-5)
    np.testing.assert_allclose(found.samples.acc, samples.acc, atol=1e-8)
    assert any("daylight saving" in note for note in found.notes) == (change_h != 0)


def test_a_hole_of_another_length_than_an_hour_stays(tmp_path, make_samples):
    s = make_samples(seconds=6.0)
    stamps = [
        datetime.datetime(2026, 3, 29, 1, 20) + datetime.timedelta(seconds=t + 3600.0 * (t >= 2.0)) for t in s.time_s
    ]
    path = tmp_path / "a.txt"
    path.write_text("\n".join(witmotion_lines([at.isoformat() for at in stamps], s, ["A"] * len(s))), encoding="utf-8")
    assert np.diff(import_export(path).samples.time_s).max() == pytest.approx(3600.01, abs=1e-3)


@pytest.mark.parametrize("device", ["WT(d0:1c)", "d0:1c", "D0:1C"])
def test_one_of_two_devices_in_one_file_is_chosen(tmp_path, make_samples, device):
    a, b = make_samples(seconds=6.0, seed=1), make_samples(seconds=6.0, seed=2)
    clock = [(datetime.datetime(2026, 1, 5, 13) + datetime.timedelta(seconds=t)).isoformat() for t in a.time_s]
    first, second = (witmotion_lines(clock, s, [d] * len(s)) for s, d in ((a, "WT(d0:1c)"), (b, "WT(e4:77)")))
    mixed = [first[0], *(line for pair in zip(first[1:], second[1:], strict=True) for line in pair)]
    path = tmp_path / "c.txt"
    path.write_text("\n".join(mixed), encoding="utf-8")
    recording = read_any(f"sacrum={path}:{device}")
    np.testing.assert_allclose(recording.sensors["sacrum"].acc, a.acc, atol=1e-8)
    with pytest.raises(RecordingError, match=r"2 devices.*WT\(d0:1c\), WT\(e4:77\).*PLACEMENT=PATH:DEVICE"):
        read_any(f"sacrum={path}")
    with pytest.raises(RecordingError, match=r"no device 'ff:ff'.*WT\(d0:1c\)"):
        read_any(f"sacrum={path}:ff:ff")


@pytest.mark.parametrize("vendor", sorted(set(WRITERS) - {"phyphox", "sensor_logger"}))
def test_a_folder_with_two_recordings_is_refused_with_their_names(tmp_path, make_samples, vendor):
    (tmp_path / "export").mkdir()
    path = WRITERS[vendor](tmp_path / "export", make_samples(seconds=6.0))
    for file in list(path.parent.iterdir()):
        (path.parent / f"second_{file.name}").write_bytes(file.read_bytes())
    with pytest.raises(RecordingError, match=r"holds 2 devices or recordings.*second_"):
        import_export(path.parent)
    assert len(import_export(path.parent, "second_").samples) == 600


def test_metabase_takes_no_gravity_and_no_two_devices(tmp_path, make_samples):
    samples = make_samples(seconds=6.0)
    path = WRITERS["metabase"](tmp_path, samples)
    for kind in ("Gravity", "LinearAcceleration"):
        other = tmp_path / path.name.replace("Accelerometer", kind)
        other.write_text(path.read_text().replace("0.", "1."))
    np.testing.assert_allclose(import_export(tmp_path).samples.acc, samples.acc, atol=1e-8)
    gyroscope = next(tmp_path.glob("*Gyroscope*"))
    gyroscope.rename(tmp_path / gyroscope.name.replace("C8A", "F1B"))
    with pytest.raises(BadSamples, match=r"device C8A .*F1B"):
        import_export(tmp_path)
    path.unlink()
    with pytest.raises(UnknownFormat, match="no gravity or linear acceleration"):
        import_export(tmp_path)


MT = "// General information:\n//  MT Manager version: 2022.2.0\n//  Update Rate: 100.0Hz\n"
DOT = "DeviceTag:,A\nOutputRate:,100Hz\n"


def xsens(path, samples, *, preamble, unit, ticks):
    gyr = np.degrees(samples.gyr) if unit == "deg/s" else samples.gyr
    lines = ["PacketCounter\tSampleTimeFine\tAcc_X\tAcc_Y\tAcc_Z\tGyr_X\tGyr_Y\tGyr_Z"]
    for i, (t, a, g) in enumerate(zip(samples.time_s, samples.acc.tolist(), gyr.tolist(), strict=True)):
        fine = round(t * ticks) if ticks else "NaN"
        lines.append("\t".join([str((65400 + i) % 65536), str(fine), *map(repr, [*a, *g])]))
    path.write_text(preamble + "\n".join(lines))
    return path


@pytest.mark.parametrize(
    ("preamble", "unit", "ticks", "told"),
    [(MT, "rad/s", 0, False), (MT, "rad/s", 10_000, False), (DOT, "deg/s", 10**6, False),
     ("", "rad/s", 10_000, True), ("", "deg/s", 10**6, True)],
)  # fmt: skip
def test_xsens_tables_in_either_unit(tmp_path, make_samples, preamble, unit, ticks, told):
    samples = make_samples(seconds=20.0)
    found = import_export(xsens(tmp_path / "a.txt", samples, preamble=preamble, unit=unit, ticks=ticks))
    np.testing.assert_allclose(found.samples.gyr, samples.gyr, atol=1e-9)
    np.testing.assert_allclose(np.diff(found.samples.time_s), 0.01, atol=1e-6)
    assert bool(found.notes) == told


def test_xsens_units_that_cannot_be_are_refused(tmp_path, make_samples):
    still = make_samples(seconds=2.0)
    with pytest.raises(UnknownUnits, match=r"deg/s \(DOT\) or rad/s"):
        import_export(xsens(tmp_path / "a.txt", still, preamble="", unit="rad/s", ticks=10**6))
    moving = make_samples(seconds=20.0)
    with pytest.raises(UnknownUnits, match=r"says.*deg/s, but gravity turns as in rad/s"):
        import_export(xsens(tmp_path / "a.txt", moving, preamble=DOT, unit="rad/s", ticks=10**6))
    with pytest.raises(UnknownFormat, match="no SampleTimeFine and no Update Rate"):
        import_export(xsens(tmp_path / "a.txt", moving, preamble="// MT\n", unit="rad/s", ticks=0))


def test_decimal_commas_between_commas(tmp_path, make_samples):
    samples = make_samples(seconds=6.0)
    path = WRITERS["metabase"](tmp_path, samples)
    for file in tmp_path.glob("*.csv"):
        head, *rows = [line.split(",") for line in file.read_text().splitlines()]
        rows = [[r[0], f"{r[1]}T", *(f"{float(x):.6f}".replace(".", ",") for x in r[2:])] for r in rows]
        file.write_text("\n".join(",".join(row) for row in [head, *rows]))
    found = import_export(path)
    np.testing.assert_allclose(found.samples.acc, samples.acc, atol=1e-5)
    assert any("decimal commas" in note for note in found.notes)
    file.write_text(file.read_text().replace(",000000", "", 1))
    with pytest.raises(BadSamples, match="decimal comma"):
        import_export(path)


def test_commas_that_part_thousands_are_refused(tmp_path, make_samples):
    path = WRITERS["metabase"](tmp_path, make_samples(seconds=6.0))
    lines = path.read_text().replace(",", ";").splitlines()
    path.write_text("\n".join([*lines[:-1], lines[-1].replace("0.", "0,")]))
    with pytest.raises(BadSamples, match="decimal points and decimal commas"):
        import_export(path)


def field_case(tmp_path, name):
    if not (FIELD / f"{name}.zip").is_file():
        pytest.skip("field_cases are not beside this folder")
    with zipfile.ZipFile(FIELD / f"{name}.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path


def test_field_files_that_are_read_say_the_same(tmp_path):
    wit = read_any(f"sacrum={field_case(tmp_path, 'witmotion_macos_iso_time') / 'a.txt'}").sensors["sacrum"]
    meta = read_any(f"sacrum={field_case(tmp_path, 'metabase_decimal_comma') / 'mb5'}").sensors["sacrum"]
    assert abs(len(wit) - len(meta)) <= 2
    np.testing.assert_allclose(wit.acc[:500], meta.acc[:500], atol=1e-9)


@pytest.mark.parametrize(
    ("name", "path", "seen"),
    [
        ("witmotion_two_devices_in_one_file", "c.txt", "WT901BLE67.*WT901BLE68"),
        ("metabase_folder_two_sensors", "mb1", "L5_MetaWear.*T12_MetaWear"),
        ("linear_and_gravity_of_opposite_sign", "sl_mix_a", "opposite signs"),
        ("linear_and_gravity_of_opposite_sign", "sl_mix_t", "opposite signs"),
    ],
)
def test_field_files_that_are_refused(tmp_path, name, path, seen):
    with pytest.raises(HingeError, match=seen):
        read_any(f"sacrum={field_case(tmp_path, name) / path}")


@pytest.mark.parametrize("platform", ["ios", "android"])
def test_linear_and_gravity_of_one_sign_are_added(tmp_path, platform):
    folder = field_case(tmp_path, "linear_and_gravity_of_opposite_sign") / "sl_mix_a"
    for name in ("Accelerometer", "Gravity"):
        is_flipped = (name == "Accelerometer") != (platform == "ios")  # this file's Accelerometer is flipped already
        head, *rows = (folder / f"{name}.csv").read_text().splitlines()
        rows = [r.split(",") for r in rows]
        if is_flipped:
            rows = [[*r[:2], *(repr(-float(x)) for x in r[2:])] for r in rows]
        (folder / f"{name}.csv").write_text("\n".join([head, *(",".join(r) for r in rows)]))
    metadata = folder / "Metadata.csv"
    metadata.write_text(metadata.read_text().replace("ios", platform))
    acc = import_export(folder).samples.acc
    np.testing.assert_allclose(acc[0], [0.31614, 1.76273, -9.50344], atol=1e-4)
