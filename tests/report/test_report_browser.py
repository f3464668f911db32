"""The page in a real browser, on a phone, a tablet, a desk and on paper: nothing overflows, overlaps or complains."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imu_hinge.errors import HingeError
from imu_hinge.report.html import print_pdf
from imu_hinge.report.html.page import page
from imu_hinge.result import SetResult

Maker = Callable[..., SetResult]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

OVERLAPS = """() => {
  const kinds = '.tiles li, .charts figure, .bodies figure, .drawn > *, .headline, .next';
  const seen = [...document.querySelectorAll(kinds)];
  const boxes = seen.map(one => one.getBoundingClientRect()).filter(box => box.width > 0);
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  return boxes.flatMap((a, i) => boxes.slice(i + 1).filter(b => meet(a, b))).length;
}"""
SPILLS = """() => [...document.querySelectorAll('.tiles li *, figcaption, p, td, svg')]
  .filter(one => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0
    && getComputedStyle(one).display !== 'inline').map(one => one.outerHTML.slice(0, 80))"""
TEXTS = """() => [...document.querySelectorAll('svg text')].map(one => {
  const box = one.getBoundingClientRect(), sheet = one.ownerSVGElement.getBoundingClientRect();
  return [box.left - sheet.left, sheet.right - box.right, one.textContent];
}).filter(([left, right]) => left < -1 || right < -1)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@needs_browser
@pytest.mark.parametrize(("count", "seen"), [(11, "both"), (2, "pelvis")])
def test_nothing_overflows_overlaps_or_complains(
    browser: Any, make_set: Maker, make_trouble: Maker, tmp_path: Path, count: int, seen: str
) -> None:
    path = tmp_path / "report.html"
    path.write_text(page(make_trouble(make_set(count, seen=seen, rate_hz=25.0))), encoding="utf-8")
    sheet = browser.new_page(java_script_enabled=True)
    said: list[str] = []
    sheet.on("console", lambda message: said.append(message.text))
    sheet.on("pageerror", lambda error: said.append(str(error)))
    sheet.on("request", lambda request: said.append(request.url) if request.url != path.as_uri() else None)
    sheet.goto(path.as_uri())
    for width in (390, 820, 1280):
        sheet.set_viewport_size({"width": width, "height": 900})
        assert sheet.evaluate("document.documentElement.scrollWidth") == width
        assert sheet.evaluate(SPILLS) == []
        assert sheet.evaluate(OVERLAPS) == 0
        assert sheet.evaluate(TEXTS) == []
    headline = sheet.evaluate("document.querySelector('.next, .tiles').getBoundingClientRect().top")
    assert headline < 900  # what matters is on the first screen
    assert pages_of(sheet.pdf(prefer_css_page_size=True, print_background=True)) == 2
    assert not said


@needs_browser
def test_the_pdf_is_the_page_and_the_same_every_time(make_set: Maker, tmp_path: Path) -> None:
    result = make_set(1, rate_hz=25.0)
    pdf = print_pdf.write_pdf(result, tmp_path / "set.pdf").read_bytes()
    assert pdf[:5] == b"%PDF-"
    assert 1 <= pages_of(pdf) <= 2
    assert set(re.findall(rb"\(D:(\d{14})", pdf)) == {b"20000101000000"}  # all that differs from run to run


def test_without_a_browser_the_refusal_says_what_to_do(
    make_set: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(print_pdf, "BROWSERS", ("no-such-browser",))
    with pytest.raises(HingeError, match=r"was not printed: no Chromium.*--report and print it"):
        print_pdf.write_pdf(make_set(0, rate_hz=25.0), tmp_path / "a.pdf")
    monkeypatch.setattr(print_pdf, "BROWSERS", ("false",))
    with pytest.raises(HingeError, match="false failed"):
        print_pdf.write_pdf(replace(make_set(0, rate_hz=25.0)), tmp_path / "a.pdf")
    assert not list(tmp_path.iterdir())
