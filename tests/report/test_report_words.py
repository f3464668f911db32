"""Check that the sentences follow from the numbers and keep to the words the product may use."""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import imu_hinge.report
from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.report import plots, wording
from imu_hinge.report.html import how_made, page
from imu_hinge.report.live_changes import WHY, live_changes
from imu_hinge.report.tables import as_json
from imu_hinge.result import Rep, SetResult
from imu_hinge.text import Mended

Maker = Callable[..., SetResult]

FORBIDDEN = re.compile(r"\b(un)?safe|\bdanger|\binjur|\bdiagnos|correct spine|\bbad form|\bgood form", re.IGNORECASE)


def with_peaks(result: SetResult, peaks_deg: list[float]) -> SetResult:
    lifts = [
        replace(lift, lumbar_flexion_peak_rad=math.radians(p)) for lift, p in zip(result.lifts, peaks_deg, strict=True)
    ]
    return replace(result, lifts=tuple(lifts))


def test_every_label_of_the_contract_has_words() -> None:
    assert set(wording.VERDICT_WORDS) == set(cv.VERDICTS)
    assert set(wording.FINDING_WORDS) == set(wording.FINDING_SHORT) == set(cv.FINDINGS)
    assert set(wording.EXERCISE_WORDS) == set(cv.EXERCISES)
    assert set(how_made.FLAG_WORDS) == set(cv.Flag)
    fields = set(Athlete.__dataclass_fields__) - {"name", "references"}
    assert set(how_made.ATHLETE_WORDS) == fields


def test_title_says_exercise_count_basis_and_simulated(make_set: Maker) -> None:
    assert wording.title(make_set(5)) == "SIMULATED · Deadlift · 5 reps · lumbar flexion measured"
    told = replace(make_set(1, exercise="rdl", seen="inferred"), is_simulated=False)
    assert wording.title(told) == "Romanian deadlift · 1 rep · lumbar flexion inferred"
    assert wording.title(make_set(2, seen="pelvis")).endswith("lumbar flexion: cannot tell")


def test_headline_names_the_reps_of_each_verdict(make_set: Maker) -> None:
    first = wording.headline(make_set(5))[0]
    assert first == "5 deadlifts: hip hinge in reps 1 to 3, lumbar flexion past the default limit in reps 4 and 5."
    assert wording.headline(make_set(1))[0] == "1 deadlift: hip hinge."


def test_headline_gives_peaks_and_percent_of_range(make_set: Maker) -> None:
    text = " ".join(wording.headline(make_set(5)))
    assert "26° to 48° (± 2°), 47 to 87 % of the default range" in text
    own = replace(make_set(5), athlete=Athlete(lumbar_max_flexion_deg=60.0))
    assert "43 to 80 % of your own range" in " ".join(wording.headline(own))


def test_differences_below_the_detectable_change_are_not_narrated(make_set: Maker) -> None:
    alike = " ".join(wording.headline(with_peaks(make_set(3), [24.0, 28.0, 27.0])))
    assert "near 26° (± 2°)" in alike
    assert "too little to tell apart" in alike
    assert "24°" not in alike
    apart = " ".join(wording.headline(with_peaks(make_set(3), [24.0, 29.5, 27.0])))
    assert "24° to 30°" in apart
    assert "too little" not in apart


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        ("both", "was measured"),
        ("inferred", "inferred from one sensor"),
        ("pelvis", "the sensor saw pelvis tilt alone"),
    ],
)
def test_headline_says_how_the_lumbar_spine_is_known(make_set: Maker, seen: str, wanted: str) -> None:
    assert wanted in wording.headline(make_set(3, seen=seen))[1]


def test_headline_without_reps(make_set: Maker) -> None:
    assert wording.headline(make_set(0)) == ["No rep was found in 7 s of recording."]


def test_limit_says_whose_it_is() -> None:
    assert wording.limit_words(Athlete()) == "the default limit 38.5° (70 % of 55°)"
    assert wording.limit_words(Athlete(lumbar_max_flexion_deg=60.0)) == "your limit 42.0° (70 % of your own 60°)"
    assert wording.limit_words(Athlete(lumbar_limit_deg=40.0)) == "your limit 40.0° (personal)"


def test_a_default_maximum_that_was_exceeded_is_said_not_to_fit(make_set: Maker) -> None:
    far, near = with_peaks(make_set(3), [50.0, 64.0, 52.0]), with_peaks(make_set(3), [50.0, 56.0, 52.0])
    assert "default maximum of 55° does not fit" in " ".join(wording.headline(far))
    assert "full round bow" in " ".join(wording.headline(far))
    assert not wording.limit_doubt(near)  # within its error
    assert not wording.limit_doubt(replace(far, athlete=Athlete(lumbar_max_flexion_deg=60.0)))


def test_what_was_mended_comes_last_and_is_no_doubt(make_set: Maker) -> None:
    mended = Mended("The clock of the t12 sensor was 16 ms behind: it was put in step.")
    result = replace(make_set(2), warnings=(mended, "The sacrum sensor slipped by 6 degrees."))
    assert result.doubts == ("The sacrum sensor slipped by 6 degrees.",)
    assert result.mended == (mended,)
    assert result.warnings == (*result.doubts, *result.mended)
    assert pickle.loads(pickle.dumps(result)).mended == (mended,)
    text = page.page(result)
    assert '<p class="warning">The sacrum' in text
    assert text.index("How it was made") < text.index("16 ms behind")
    said = str(plots.plot_set(result).get_supxlabel())
    assert said.startswith("! The sacrum sensor slipped")
    assert "How it was made: The clock" in said


def test_a_sentence_begins_and_ends_as_one() -> None:
    assert wording.sentence("nobody bends in this recording") == "Nobody bends in this recording."
    assert wording.sentence("It did.") == "It did."
    assert wording.sentence("") == ""


def test_reps_are_listed_as_ranges(make_set: Maker) -> None:
    lifts = make_set(8).lifts
    chosen: list[Rep] = [lifts[i] for i in (0, 1, 2, 4, 6, 7)]
    assert wording.rep_list(chosen) == "reps 1 to 3, 5, 7 and 8"
    assert wording.rep_list([lifts[3]]) == "rep 4"


def test_findings_have_their_instant(make_set: Maker) -> None:
    floor, top = make_set(1).lifts[0], make_set(1, exercise="rdl").lifts[0]
    assert wording.finding_time_s(floor, "flexion_at_setup") == floor.start_s
    assert wording.finding_time_s(floor, "lockout_hyperextension") == floor.turn_s
    assert wording.finding_time_s(top, "flexion_at_the_bottom") == top.turn_s


@pytest.mark.parametrize("seen", ["both", "pelvis"])
def test_no_forbidden_word_is_ever_shown(make_set: Maker, make_trouble: Maker, seen: str) -> None:
    result = make_trouble(make_set(5, seen=seen, rate_hz=25.0))
    every = tuple(
        replace(lift, verdict=replace(lift.verdict, findings=cv.FINDINGS, label=label))
        for lift, label in zip(result.lifts, (*cv.VERDICTS, "squat"), strict=True)
    )
    result = replace(result, lifts=every)
    for text in (page.page(result), as_json(result), " ".join(wording.headline(result))):
        assert FORBIDDEN.search(text) is None


def test_no_forbidden_word_is_in_the_wing() -> None:
    folder = Path(imu_hinge.report.__file__).parent
    for path in folder.iterdir():
        if path.suffix in (".py", ".j2", ".mplstyle"):
            assert FORBIDDEN.search(path.read_text(encoding="utf-8").replace("markupsafe", "")) is None, path.name


def test_what_changed_since_it_was_told_live_is_listed_with_why(make_set: Maker) -> None:
    whole = make_set(4)
    first, second, _, fourth = whole.lifts
    told = replace(second, verdict=replace(second.verdict, label="undecided"))
    live = replace(whole, lifts=(first, told, fourth, replace(fourth, rep=9, start_s=90.0, end_s=94.0)))
    changes = live_changes(live, whole)
    assert changes[0].startswith("Rep 2: live undecided, lumbar flexion 33±2°; now hip hinge")
    assert changes[1].startswith("Rep 3 was not told live: ")
    assert changes[2] == "A rep that was told live at 90.0 s is none."
    assert changes[3:] == [WHY]
    assert live_changes(whole, whole) == []
