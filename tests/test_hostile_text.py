"""Text that attacks, in every place where text comes in and every output where it could come out."""

from __future__ import annotations

import csv
import json
import re
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

import imu_hinge as ih
from imu_hinge.athlete import read_athlete, write_athlete
from imu_hinge.errors import HingeError, RecordingError
from imu_hinge.live import listing
from imu_hinge.report.html import page as report_page
from imu_hinge.report.html.page import page
from imu_hinge.report.plots import plot_set
from imu_hinge.report.style import save_figure
from imu_hinge.report.tables import as_json, write_angles_csv, write_reps_csv
from imu_hinge.sensors.ble.scanner import Advertisement
from imu_hinge.storage.recording import read, write
from imu_hinge.text import LONGEST_NAME, csv_cell, one_line, several_lines, toml_string

ATTACKS = {
    "html": "<script>alert(1)</script>",
    "attribute": '" onload="alert(1)" x=\'',
    "entity": "&lt;&#0;&amp;",
    "svg": "</svg><svg onload=alert(1)>]]>",
    "markup": "IMUH-[/]",
    "link": "[link=https://example.org]here[/link] [bold red]",
    "mathtext": r"$\foo{x} $ \undefined",
    "escape": "\x1b[31mred\x1b]0;title\x07\x1b]8;;https://example.org\x07x",
    "c1": "\x9b31m\x90q\x9d0;x\x9c",
    "controls": "a\x00b\x08\x7f\rc\x0b\x0c",
    "lines": "one\ntwo\r\nthree\u2028four\x85five",
    "bidi": "\u202egnp.exe \u2066x\u2069",
    "surrogate": "lone \ud800 and \udcff",
    "noncharacter": "\ufffe\uffff",
    "formula": '=HYPERLINK("https://example.org")',
    "formula 2": "@SUM(1+1)*cmd|' /C calc'!A0",
    "toml": '"""\\u0000\\"x\n[references]\na = 1',
    "template": "{{ 7*7 }}{% raw %}",
    "long": "x" * 1_000_000,
    "wide": "\U0001f3cb\ufe0f é 体" * 3,
}
UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""What may stand in no output: control characters, changes of direction, and what is no character."""

attack = pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS)


@pytest.fixture
def named(hinge_result: ih.SetResult) -> Callable[[str], ih.SetResult]:
    """Return a function that puts a text wherever a result holds text of somebody else's."""

    def put(text: str) -> ih.SetResult:
        return replace(
            hinge_result,
            recording_name=text,
            athlete=ih.Athlete(name=text, references={text[:50]: 0.5}),
            warnings=(f"{text}: {text[:100]}",),
        )

    return put


class Seeing(HTMLParser):
    """Keep every tag and attribute of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.fixture
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figures out of pages: they hold no text from outside, and make most of a page's length."""
    for name in ("_figure", "_drift"):
        monkeypatch.setattr(report_page, name, lambda *_, **__: "")


@attack
@pytest.mark.usefixtures("without_figures")
def test_the_page_holds_it_as_text(named: Callable[[str], ih.SetResult], hinge_result: ih.SetResult, text: str) -> None:
    html, plain = page(named(text)), page(hinge_result)
    html.encode()
    assert not UNSHOWN.search(html)
    seen, usual = Seeing(html), Seeing(plain)
    assert seen.tags == usual.tags
    assert {"table", "td"} < usual.tags
    assert seen.attributes == usual.attributes
    assert len(html) < len(plain) + 50_000


def test_a_figure_shows_the_warning_as_it_is_and_nothing_else_of_it(
    named: Callable[[str], ih.SetResult], tmp_path: Path
) -> None:
    svg = save_figure(plot_set(named(ATTACKS["mathtext"])), tmp_path / "spine.svg").read_text(encoding="utf-8")
    texts = ["".join(text.itertext()) for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert [text for text in texts if "foo" in text] == [f"! {ATTACKS['mathtext']}: {ATTACKS['mathtext'][:100]}"]


@attack
def test_tables_and_json(named: Callable[[str], ih.SetResult], tmp_path: Path, text: str) -> None:
    result = named(text)
    json_text = as_json(result)
    assert json_text.isascii()
    found = json.loads(json_text)
    assert found["athlete"]["name"] == result.athlete.name
    assert not UNSHOWN.search("".join([found["athlete"]["name"], found["recording"], *found["warnings"]]))
    for write_csv in (write_reps_csv, write_angles_csv):
        for row in csv.reader(write_csv(result, tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()):
            assert not any(cell[:1] in "=@" and cell for cell in row)


@attack
def test_the_terminal(
    named: Callable[[str], ih.SetResult], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    from imu_hinge.cli import console

    console.show(named(text), as_json=False)
    rows = [{"name": Advertisement(text, text, -40, frozenset(), frozenset(), None).label, "remark": text}]
    listing.print_rows(rows)
    listing.print_rows(rows, as_json=True)
    console.say(f"{text} was written")
    printed = capsys.readouterr().out
    printed.encode()
    assert not UNSHOWN.search(printed)
    assert len(printed) < 60_000
    if text == ATTACKS["markup"]:
        assert "IMUH-[/]" in printed


@attack
def test_the_status_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    from imu_hinge.live.recorder import Recorder, SensorStatus, Session
    from imu_hinge.live.status import status_table

    recorder = Recorder(tmp_path / "x", Session(note=text), now_ns=lambda: 0)
    recorder.folder = Path(text.replace("\0", "")[:200] or "x")
    recorder.status["sacrum"] = SensorStatus()
    recorder.status["sacrum"].device = recorder.status["sacrum"].message = text
    console = Console(width=120, record=True, force_terminal=False)
    with console.capture() as capture:
        console.print(status_table(recorder, now_ns=10**9))
    assert not UNSHOWN.search(capture.get())


@attack
def test_a_refusal_is_one_line(text: str) -> None:
    message = str(HingeError(f"There is no file {text}. Check the name."))
    assert not UNSHOWN.search(message)
    assert "\n" not in message
    assert len(message) <= 4000
    assert message.endswith("Check the name.")


@attack
def test_an_athlete_file_is_read_back(tmp_path: Path, text: str) -> None:
    athlete = ih.Athlete(height_m=1.8, name=text, references={text: 0.5})
    path = write_athlete(athlete, tmp_path / "athlete.toml")
    tomllib.loads(path.read_text(encoding="utf-8"))
    assert read_athlete(path) == athlete
    assert len(athlete.name) <= LONGEST_NAME


@attack
def test_a_recording_is_read_back_and_sealed(hinge_folder: Path, tmp_path: Path, text: str) -> None:
    recording = replace(
        ih.read(hinge_folder), athlete=ih.Athlete(name=text), note=text, devices={"sacrum": text}, warnings=(text,)
    )
    found = read(write(recording, tmp_path / "set"))
    assert found.athlete == recording.athlete
    assert found.note == recording.note
    assert dict(found.devices) == dict(recording.devices)
    assert not UNSHOWN.search(found.note + found.devices["sacrum"])


@attack
def test_a_manifest_that_holds_it_is_read_or_refused(hinge_folder: Path, tmp_path: Path, text: str) -> None:
    table = json.loads((hinge_folder / "recording.json").read_text(encoding="utf-8"))
    for key in ("note", "exercise", "written_by", "schema_version", "athlete", "load_kg"):
        (tmp_path / "recording.json").write_text(json.dumps(table | {key: text}), encoding="utf-8")
        with pytest.raises(RecordingError) as refused:
            read(tmp_path)
        assert not UNSHOWN.search(str(refused.value))
        assert len(str(refused.value)) <= 4000


@attack
def test_a_header_that_holds_it_is_named_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pelvis.csv"
    path.write_bytes(f"{text},acc_x\n1,2\n".encode("utf-8", "surrogatepass"))
    with pytest.raises(RecordingError) as refused:
        read(f"sacrum={path}")
    assert not UNSHOWN.search(str(refused.value))
    assert "\n" not in str(refused.value)


@attack
def test_a_journals_device_is_one_line(text: str) -> None:
    from imu_hinge.recovery.decode import tracks
    from imu_hinge.storage.journal import STREAM, Entry

    settings = {"family": "movesense", "rate_hz": 104.0, "details": {"reference": 99}}
    entry = Entry(0, 0, "sacrum", STREAM, values={"device": text, "settings": settings})
    assert not UNSHOWN.search(tracks([entry])["sacrum"].device)


def texts() -> Iterator[str]:
    yield from ATTACKS.values()


@pytest.mark.parametrize("clean", [one_line, several_lines])
def test_clean_text_stays_as_it_is(clean: Callable[..., str]) -> None:
    for text in ("Žofie Nováková-Ó", "体 \U0001f3cb\ufe0f", "=1", "a  b", "[x]", "<b>"):
        assert clean(text) == text
    for text in texts():
        assert clean(clean(text)) == clean(text)


def test_what_a_spreadsheet_would_compute_and_what_toml_would_end() -> None:
    assert [csv_cell(text) for text in ("=1", "+1", "-1", "@a", "a=1", "")] == ["'=1", "'+1", "'-1", "'@a", "a=1", ""]
    for text in ('a"b', "a\\", "\x7f", "a\tb", "é"):
        assert tomllib.loads(f"x = {toml_string(text)}")["x"] == text
