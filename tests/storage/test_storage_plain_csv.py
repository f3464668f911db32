"""The plain CSV of the contract: every dialect a spreadsheet makes of it is read or refused in a sentence."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from imu_hinge.conventions import Flag
from imu_hinge.errors import BadSamples, RecordingError, UnknownFormat
from imu_hinge.model import Samples
from imu_hinge.storage import csv_cells, text_file
from imu_hinge.storage.plain_csv import HEADER, read_csv, read_table, write_csv

ROWS = ["0.0,0.1,0.2,9.8,0.01,0.02,0.03", "0.01,-0.1,1e-3,9.81,0.01,-0.02,0.03", "0.02,0.1,0.2,9.8,0.01,0.02,0.035"]
PLAIN = "\n".join([HEADER, *ROWS]) + "\n"
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def saved(tmp_path, content, name="sacrum.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def same_bits(a, b):
    for name in ("time_s", "acc", "gyr", "flags"):
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes(), name


def refuse(path, error, *parts):
    with pytest.raises(error) as caught:
        read_csv(path)
    for part in (str(path), *parts):
        assert part in str(caught.value), str(caught.value)


@settings(deadline=None, max_examples=40)
@given(
    values=arrays(np.float64, st.tuples(st.integers(1, 30), st.just(7)), elements=FLOATS),
    flag=st.integers(0, 2047),
)
def test_any_finite_number_survives_writing_and_reading(tmp_path_factory, values, flag):
    flags = np.zeros(len(values), dtype=np.uint16)
    flags[0] = flag
    samples = Samples(values[:, 0], values[:, 1:4], values[:, 4:], flags)
    path = tmp_path_factory.mktemp("csv") / "sacrum.csv"
    write_csv(samples, path)
    same_bits(read_csv(path), samples)


def test_the_eighth_column_is_there_only_where_a_flag_is_set(tmp_path, make_samples):
    samples = make_samples()
    assert write_csv(samples, tmp_path / "a.csv").read_text().partition("\n")[0] == HEADER
    flagged = Samples(samples.time_s, samples.acc, samples.gyr, np.full(len(samples), int(Flag.CLIPPED)))
    assert write_csv(flagged, tmp_path / "b.csv").read_text().partition("\n")[0] == HEADER + ",flags"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.replace("\n", "\r\n"),
        "\ufeff" + PLAIN,
        PLAIN.encode("utf-16"),
        PLAIN + "\n\r\n",
        PLAIN.rstrip("\n"),
        "sep=,\n" + PLAIN,
        "sep=;\n" + PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", ";").replace(".", ","),
        PLAIN.replace(",", "\t").replace(".", ","),
        PLAIN.replace("\n", ",\n").replace(HEADER + ",", HEADER),
        PLAIN.replace("\n", ",\n"),
        PLAIN.replace(",", ", "),
        PLAIN.replace(HEADER, ",".join(f'"{c}"' for c in HEADER.split(","))),
    ],
    ids=["crlf", "bom", "utf16", "blank_end", "no_newline", "sep", "sep_semicolon", "tab", "semicolon_decimal_comma",
         "tab_decimal_comma", "trailing_comma", "trailing_comma_with_header", "spaces", "quotes"],
)  # fmt: skip
def test_dialects_say_the_same(tmp_path, content):
    same_bits(read_csv(saved(tmp_path, content)), read_csv(saved(tmp_path, PLAIN, "plain.csv")))


def test_columns_are_found_by_name(tmp_path):
    lines = [line.split(",") for line in PLAIN.splitlines()]
    text = "\n".join(",".join(["n" if i == 0 else "left", *reversed(cells)]) for i, cells in enumerate(lines))
    same_bits(read_csv(saved(tmp_path, text)), read_csv(saved(tmp_path, PLAIN, "plain.csv")))


@pytest.mark.parametrize("cut", ["0.03,0.1,0.2", "0.03,0.1,0.2,9.8,0.01,0.02,-", "0.03,0.1,0.2,9.8,0.01,0.02,1e-", "0"])
def test_a_half_last_row_is_dropped_and_flagged(tmp_path, cut):
    path = saved(tmp_path, PLAIN + cut)
    assert read_table(path).is_cut
    samples = read_csv(path)
    np.testing.assert_array_equal(samples.time_s, [0.0, 0.01, 0.02])
    np.testing.assert_array_equal(samples.flags, [0, 0, Flag.SUSPECT])


def test_an_empty_cell_is_no_number(tmp_path):
    samples = read_csv(saved(tmp_path, PLAIN.replace("9.81", "")))
    np.testing.assert_array_equal(np.isnan(samples.acc), [[False] * 3, [False, False, True], [False] * 3])


def test_a_missing_file(tmp_path):
    refuse(tmp_path / "gone.csv", RecordingError, "There is no file", "Check the name")


@pytest.mark.parametrize(
    ("content", "error", "parts"),
    [
        (b"", BadSamples, ("is empty", "again")),
        (b"\n\n", BadSamples, ("is empty", "again")),
        (HEADER, BadSamples, ("header but no rows", "again")),
        (HEADER + "\n", BadSamples, ("header but no rows", "again")),
        (HEADER + "\n\n\n", BadSamples, ("header but no rows", "again")),
        (PLAIN.replace("gyr_z", "temp"), UnknownFormat, ("lacks gyr_z", "gyr_y, temp", "Name the columns")),
        (PLAIN.replace("acc_", "a"), UnknownFormat, ("lacks acc_x, acc_y, acc_z", "time_s, ax, ay", "m/s²")),
        (PLAIN.replace("time_s", "time"), UnknownFormat, ("lacks time_s", "time, acc_x", "seconds")),
        (PLAIN.replace("gyr_z", "gyr_y"), UnknownFormat, ("lacks gyr_z",)),
        (HEADER + ",acc_x\n" + ROWS[0] + ",1\n", UnknownFormat, ("acc_x twice", "Keep one")),
        ("\n".join(ROWS), UnknownFormat, ("lacks time_s", "first line holds numbers", HEADER)),
        (PLAIN.replace("9.81", "abc"), BadSamples, ("row 2 has 'abc' in acc_z", "Mend")),
        (PLAIN.replace("9.81", "9.81,5"), BadSamples, ("row 2 has 8 cells and the header 7", "Mend")),
        (b"PK\x03\x04\x00\x00\x00" + bytes(100), UnknownFormat, ("not a text file", HEADER)),
        (PLAIN.replace("gyr_z", "gyr_z,flags").replace("0.03", "0.03,0.5"), BadSamples, ("flags", "Delete")),
    ],
)  # fmt: skip
def test_what_is_no_such_csv_is_refused(tmp_path, content, error, parts):
    refuse(saved(tmp_path, content), error, *parts)


def test_another_makers_file_is_named(tmp_path):
    text = "sep=,\nDeviceTag:,A\n\nPacketCounter,SampleTimeFine,Acc_X,Acc_Y,Acc_Z,Gyr_X,Gyr_Y,Gyr_Z\n1,2,3,4,5,6,7,8\n"
    refuse(saved(tmp_path, text), UnknownFormat, "Xsens DOT export", "imu-hinge convert")


def test_a_folder_is_no_csv(tmp_path):
    refuse(tmp_path, RecordingError, "cannot be read", "Give a readable file")


def test_an_existing_file_is_kept_unless_told(tmp_path, make_samples):
    path = saved(tmp_path, "mine")
    with pytest.raises(RecordingError, match=r"exists already.*overwrite=True"):
        write_csv(make_samples(), path)
    assert path.read_text() == "mine"
    write_csv(make_samples(), path, overwrite=True)
    same_bits(read_csv(path), make_samples())


@pytest.mark.parametrize(
    ("error", "seen"),
    [(OSError(28, "No space left on device"), RecordingError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_stop_in_the_middle_leaves_nothing(tmp_path, make_samples, monkeypatch, error, seen):
    def stop(*_):
        raise error

    monkeypatch.setattr("imu_hinge.storage.plain_csv.os.replace", stop)
    with pytest.raises(seen):
        write_csv(make_samples(), tmp_path / "sacrum.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text", ["0.1", "1e-7", "-3.141592653589793", "9007199254740993", "1.7976931348623157e308", "nan", ""]
)
def test_small_and_large_files_are_read_to_the_same_bits(text, tmp_path, monkeypatch) -> None:
    """Small ones without pandas; an odd cell is left to it."""
    rows = "\n".join(f"{i / 100},{text or 'nan'},0.1,9.81,-0.3,{i / 7},0.25" for i in range(400))
    path = tmp_path / "small.csv"
    path.write_text(f"{HEADER}\n{rows.replace('nan', '') if not text else rows}\n", encoding="utf-8")
    small = read_table(path).samples
    monkeypatch.setattr(csv_cells, "SMALL_BYTES", 0)
    large = read_table(path).samples
    for name in ("time_s", "acc", "gyr"):
        assert getattr(small, name).tobytes() == getattr(large, name).tobytes()


DIRT = [
    "# a comment",
    HEADER,
    "",
    '0.5,1,2,3,4,5,"6"',
    "0.5,1,2,,4,5,6",
    "0.5,1,2,3,4,5,6,7",
    "x,1,2,3,4,5,6",
    ",,,,,,",
]


@settings(deadline=None, max_examples=25)
@given(
    rows=st.lists(st.sampled_from([*ROWS, *DIRT]), min_size=1, max_size=30),
    piece=st.integers(64, 300),
    end=st.sampled_from(["\n", "\r\n"]),
    tail=st.sampled_from(["", "0.6,1,2", "\n,,,\n;\n", "0.6,1,2,3,4,5,6"]),
)
def test_in_which_pieces_a_file_is_read_changes_nothing(tmp_path_factory, rows, piece, end, tail):
    path = saved(tmp_path_factory.mktemp("csv"), end.join([HEADER, *rows]) + end + tail)

    def found():
        try:
            table = read_table(path)
        except (BadSamples, UnknownFormat) as error:
            return str(error)
        samples = table.samples
        return table.is_cut, table.notes, *(c.tobytes() for c in (samples.time_s, samples.acc, samples.gyr))

    at_once = found()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_file, "PIECE", piece)
        patch.setattr(csv_cells, "SMALL_BYTES", 0)
        patch.setattr(csv_cells, "_ROWS_AT_ONCE", 3)
        in_pieces = found()
    assert in_pieces == at_once


def test_a_long_file_costs_what_its_numbers_take(tmp_path):
    """What a piece takes, as text and as numbers, differs between pandas' versions; it does not grow with the file."""

    def peak_and_numbers(n: int) -> tuple[int, int, int]:
        values = ",".join(["0.1234567890123456"] * 6)
        path = saved(tmp_path, HEADER + "\n" + "".join(f"{i / 100:.2f},{values}\n" for i in range(n)))
        tracemalloc.start()
        try:
            samples = read_csv(path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        numbers = sum(c.nbytes for c in (samples.time_s, samples.acc, samples.gyr, samples.flags))
        return peak, numbers, path.stat().st_size

    peak_and_numbers(100)  # imports
    (small, few, short), (large, many, long) = peak_and_numbers(250_000), peak_and_numbers(400_000)
    assert large - small < 1.2 * (many - few) < 0.7 * (long - short)
