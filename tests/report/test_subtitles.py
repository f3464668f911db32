"""Subtitles stand where the video shows the rep, one at a time, in both forms."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from imu_hinge.errors import SettingsError
from imu_hinge.report.subtitles import AFTER_S, lines_of, write_subtitles
from imu_hinge.result import SetResult

Maker = Callable[..., SetResult]


def test_a_rep_has_a_gauge_and_then_its_verdict(make_set: Maker) -> None:
    lines = lines_of(make_set(2, rate_hz=25.0), offset_s=10.0)
    verdicts = [one for one in lines if ":" in one.text]
    assert [(one.start_s, one.text) for one in verdicts] == [
        (17.0, "Rep 1: hip hinge"),
        (23.0, "Rep 2: lumbar flexion"),
    ]
    assert lines[0].start_s == 13.0
    assert lines[0].text == "Rep 1  █████░░░░░ 47 %"  # 26 degrees of 55
    assert all(a.stop_s <= b.start_s + 1e-9 for a, b in pairwise(lines))
    assert lines[-1].stop_s == 23.0 + AFTER_S


def test_a_video_that_began_later_shows_what_is_in_it(make_set: Maker) -> None:
    lines = lines_of(make_set(2, rate_hz=25.0), offset_s=-6.0)
    assert lines[0].start_s == 0.0
    assert lines[0].stop_s > 0.0
    assert lines_of(make_set(2, rate_hz=25.0), offset_s=-100.0) == []


def test_what_is_not_known_is_said(make_set: Maker) -> None:
    assert "cannot tell" in lines_of(make_set(1, seen="pelvis", rate_hz=25.0), offset_s=0.0)[0].text


def test_both_forms_hold_the_same(make_set: Maker, tmp_path: Path) -> None:
    result = make_set(1, rate_hz=25.0)
    vtt = write_subtitles(result, tmp_path / "set.vtt").read_text(encoding="utf-8")
    ass = write_subtitles(result, tmp_path / "set.ass").read_text(encoding="utf-8")
    assert vtt.startswith("WEBVTT SIMULATED · Deadlift · 1 rep")
    assert "00:00:07.000 --> 00:00:09.000\nRep 1: hip hinge\n" in vtt
    assert "Dialogue: 0,0:00:07.00,0:00:09.00,Default,0,0,0,,Rep 1: hip hinge" in ass
    assert len(re.findall("-->", vtt)) == len(re.findall("Dialogue", ass)) == len(lines_of(result, offset_s=0.0))
    with pytest.raises(SettingsError, match=r"Give it the ending \.vtt or \.ass"):
        write_subtitles(result, tmp_path / "set.srt")
