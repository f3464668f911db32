"""The drawn body stands and bends as its angles say, and the live page draws the same one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import imu_hinge.live.page
from imu_hinge.motion.linkage.anthropometry import WINTER
from imu_hinge.report.html.body_drawing import SHARE, Pose, body_svg, chain
from imu_hinge.report.html.rep_charts import bodies, drawn_words, glossary_svg, rep_charts
from imu_hinge.result import SetResult

Maker = Callable[..., SetResult]
NAN = math.nan


def lean_deg(low: tuple[float, float], high: tuple[float, float]) -> float:
    return math.degrees(math.atan2(high[0] - low[0], high[1] - low[1]))


def test_a_body_that_stands_is_as_high_as_its_segments() -> None:
    body = chain(Pose((0.0,) * 5))
    parts = ("ankle", "shank", "thigh", "pelvis", "lumbar", "thorax")
    assert body.shoulder == pytest.approx((0.0, sum(SHARE[part] for part in parts)))
    assert 0.80 < body.shoulder[1] < 0.83  # Winter's shoulder is at 0.818 of the height
    assert body.hand[1] == pytest.approx(body.shoulder[1] - SHARE["arm"])


def test_the_reference_body_reaches_the_bar() -> None:
    """Shank 12, lumbar 33, knee 77, hip 107, pelvis 43 is the floor posture of docs/design.md: hands at 0.225 m."""
    body = chain(Pose((43.0, 76.0, 33.0, 108.0, 77.0)))
    assert lean_deg(body.ankle, body.knee) == pytest.approx(12.0)
    assert lean_deg(body.knee, body.hip) == pytest.approx(-65.0)
    assert lean_deg(body.hip, body.lumbar[0]) == pytest.approx(43.0)
    assert lean_deg(body.lumbar[-1], body.shoulder) == pytest.approx(76.0)
    assert 1.75 * (body.shoulder[1] - SHARE["arm"]) == pytest.approx(0.225, abs=0.08)


def test_what_is_not_known_is_dashed() -> None:
    known = body_svg(Pose((43.0, 76.0, 33.0, 108.0, 77.0), 28.0, 38.0), exercise="deadlift", label="a")
    unknown = body_svg(Pose((43.0, NAN, NAN, NAN, NAN)), exercise="deadlift", label="a")
    assert known.count("stroke-dasharray") == 0
    assert known.count("<polygon") == 1  # the fan of the interval
    assert unknown.count("stroke-dasharray") == 4  # both legs, the lumbar spine, the trunk
    assert unknown.count("<polygon") == 0


@pytest.mark.parametrize(("exercise", "circles"), [("deadlift", 3), ("good_morning", 3), ("drill", 1)])
def test_the_load_is_where_the_exercise_has_it(exercise: str, circles: int) -> None:
    svg = body_svg(Pose((0.0,) * 5), exercise=exercise, label="a")
    assert svg.count("<circle") == circles


def test_the_live_page_draws_the_same_lengths() -> None:
    script = (Path(imu_hinge.live.page.__file__).parent / "web" / "figure.js").read_text(encoding="utf-8")
    theirs = dict(re.findall(r"(\w+): ([\d.]+)", re.search(r"const SHARE = {(.*?)}", script)[1]))
    assert {name: float(value) for name, value in theirs.items()} == {name: SHARE[name] for name in theirs}
    for name in ("ankle", "shank", "thigh", "lumbar", "thorax", "arm"):
        assert SHARE[name] == pytest.approx(getattr(WINTER, name), abs=6e-4)
    assert SHARE["pelvis"] == pytest.approx(WINTER.pelvis_z, abs=6e-4)


def test_least_and_most_round_are_drawn_at_three_instants_each(make_set: Maker) -> None:
    least, most = bodies(make_set(5, rate_hz=25.0))
    assert [least["heading"], most["heading"]] == ["Rep 1, least lumbar flexion", "Rep 5, most lumbar flexion"]
    assert {drawing["name"] for drawing in most["drawings"]} == {"lift-off", "largest flexion", "lockout"}
    (alone,) = bodies(make_set(1, rate_hz=25.0))
    assert alone["heading"] == "Rep 1"
    assert bodies(make_set(3, seen="pelvis", rate_hz=25.0)) == []


def test_small_charts_share_one_axis_and_say_what_they_show(make_set: Maker) -> None:
    charts = rep_charts(make_set(3, rate_hz=25.0))
    assert [chart["rep"] for chart in charts] == [1, 2, 3]
    tops = {re.findall(r">(\d+)°<", chart["svg"])[-1] for chart in charts}
    assert tops == {"60"}  # 48 degrees and half a step more, to the next ten
    assert "default limit 38.5°" in drawn_words(make_set(3, rate_hz=25.0))
    assert drawn_words(make_set(3, seen="pelvis", rate_hz=25.0)).startswith("Pelvis tilt in degrees")


def test_the_glossary_says_that_flexion_is_the_difference() -> None:
    assert "74° − 38° = 36°" in glossary_svg()
