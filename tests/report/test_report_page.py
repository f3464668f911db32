"""Check that the page is one well-formed file that says what it must and loads nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from imu_hinge.report import wording
from imu_hinge.report.html import page
from imu_hinge.result import SetResult

Maker = Callable[..., SetResult]

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Outline(HTMLParser):
    """Read a page strictly: every element is closed by its own end tag."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.note(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.note(tag, attrs)

    def note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            if name == "id":
                self.ids[str(value)] += 1
            if name in ("src", "href", "xlink:href", "action"):
                self.links.append(str(value))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(text: str) -> Outline:
    outline = Outline()
    outline.feed(text)
    outline.close()
    assert not outline.open
    return outline


@cache
def page_of(make_set: Maker, count: int, seen: str) -> str:
    return page.page(make_set(count, seen=seen, rate_hz=25.0))


def plain(outline: Outline) -> str:
    return re.sub(r"\s+", " ", " ".join(outline.text))


@pytest.mark.parametrize(("count", "seen"), [(5, "both"), (3, "inferred"), (3, "pelvis"), (0, "both"), (2, "nothing")])
def test_the_page_is_well_formed_and_alone(make_set: Maker, count: int, seen: str) -> None:
    text = page_of(make_set, count, seen)
    outline = read(text)
    assert outline.tags["script"] == outline.tags["link"] == outline.tags["img"] == 0
    assert all(link.startswith("#") for link in outline.links)
    assert all(match.startswith("#") for match in re.findall(r"url\(([^)]*)\)", text))
    assert "@import" not in text
    assert max(outline.ids.values()) == 1
    assert {link[1:] for link in outline.links} <= set(outline.ids)
    is_told = seen in ("both", "inferred")
    figures = (5 if is_told else 3) if count else 1
    drawn_per_rep = 4 if is_told else 3  # a mark and a gauge on the tile, a chart with a mark
    bodies = 6 if count and is_told else 0
    assert outline.tags["svg"] == figures + drawn_per_rep * count + bodies + 1  # the last is the glossary's


def test_the_page_says_what_it_must(make_set: Maker, make_trouble: Maker) -> None:
    result = make_trouble(make_set(5))
    text = plain(read(page.page(result)))
    for sentence in (*wording.headline(result)[1:], *result.warnings, result.exercise_evidence, result.recording_name):
        assert sentence in text
    lead = "5 deadlifts: 3 hip hinges, 2 with lumbar flexion that was there at set-up and grew from rep 4. Measured"
    assert text.count(lead) == 1
    assert "SIMULATED: no person was measured." in text
    assert text.count("reps 4 and 5 (at 21.0, 27.0 s)") == 2  # each finding is told once
    assert "largest lumbar flexion 55.0° default, assumed" in text
    assert "body height 1.780 m yours" in text
    assert "81%, weak: below 85%" in text
    assert "samples missing 140 (3.8 %) rep 2" in text
    assert "trunk inclination minus pelvis tilt" in text
    assert "imu_hinge 0" in text
    assert "Not a medical device" in text


def test_a_measured_person_is_not_called_simulated(make_set: Maker) -> None:
    assert "SIMULATED" not in page.page(replace(make_set(1, rate_hz=25.0), is_simulated=False))


def test_what_people_typed_is_text_and_not_markup(make_set: Maker) -> None:
    text = page.page(replace(make_set(0, rate_hz=25.0), recording_name="<script>alert(1)</script>"))
    assert read(text).tags["script"] == 0
    assert "<script>alert(1)</script>" in plain(read(text))


def test_one_sensor_says_cannot_tell(make_set: Maker) -> None:
    text = plain(read(page_of(make_set, 3, "pelvis")))
    assert "Lumbar flexion cannot be told: the sensor saw pelvis tilt alone." in text
    assert text.count("cannot tell") >= 3
    assert "steeper" not in text


def test_a_recording_without_a_name_leaves_no_hole(make_set: Maker) -> None:
    result = make_set(0, rate_hz=25.0)
    nameless = replace(result, recording_name="", athlete=replace(result.athlete, name=""), is_live=True)
    assert '<p class="what">as told live, from the past alone' in page.page(nameless)


def test_no_reps_is_a_valid_page(make_set: Maker) -> None:
    outline = read(page_of(make_set, 0, "both"))
    assert "No rep was found in 7 s of recording." in plain(outline)
    assert "No sample is flagged." in plain(outline)


def test_the_file_is_the_page(make_set: Maker, tmp_path: Path) -> None:
    path = page.write_page(make_set(0, rate_hz=25.0), tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == page_of(make_set, 0, "both")


def test_pelvis_and_trunk_peaks_say_how_uncertain_they_are(make_set: Maker) -> None:
    text = page.page(make_set(1, rate_hz=25.0))
    assert re.findall(r'data-name="(?:pelvis|trunk) peak ± sd">([^<]*)<', text) == ["55±1°", "81±1°"]
    assert re.findall(r'data-name="trunk peak ± sd">([^<]*)<', page_of(make_set, 3, "pelvis")) == ["–"] * 3


def test_back_and_knees_are_judged_apart(make_set: Maker) -> None:
    result = make_set(3, rate_hz=25.0)
    chances = ((0.97, 0.5), (0.1, 0.9), (float("nan"), 0.1))
    lifts = tuple(
        replace(lift, lumbar_over=back, knees_over=knees)
        for lift, (back, knees) in zip(result.lifts, chances, strict=True)
    )
    text = page.page(replace(result, lifts=lifts))
    cells = re.findall(r'<td class="(?:back|knees)"[^>]*>([^<]*)</td>', text)
    assert cells == [
        *("past its limit", "open", "under its limit", "past their limit"),
        *("cannot tell", "under their limit"),
    ]
