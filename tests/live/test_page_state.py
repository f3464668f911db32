"""What the page is told: reps, sets, sounds and sentences out of events and instants."""

import json
import math
from dataclasses import replace

import pytest

from imu_hinge.athlete import Athlete
from imu_hinge.errors import SettingsError
from imu_hinge.instant import Instant
from imu_hinge.live.page.feedback import check_feedback, rep_has_cues, set_has_cues, set_sentence
from imu_hinge.live.page.page_state import About, PageState
from imu_hinge.live.page_terminal import cue_words
from imu_hinge.result import Event, Rep, Verdict

NAN = math.nan
FIRST = Rep(
    rep=0,
    exercise="deadlift",
    start_s=10.0,
    turn_s=11.5,
    end_s=13.0,
    descent_s=1.2,
    ascent_s=1.3,
    pause_s=0.0,
    pelvis_tilt_peak_rad=0.6,
    trunk_inclination_peak_rad=1.1,
    lumbar_flexion_peak_rad=math.radians(27.5),
    lumbar_flexion_peak_sd_rad=math.radians(1.1),
    lumbar_flexion_bottom_rad=0.4,
    lumbar_flexion_bottom_sd_rad=0.02,
    knee_flexion_peak_rad=1.2,
    lumbar_share=0.3,
    basis="measured",
    verdict=Verdict("hip_hinge", 0.97),
    quality="A",
)


def rep(start_s, *, label="hip_hinge", findings=(), **changes):
    times = {"start_s": start_s, "turn_s": start_s + 1.5, "end_s": start_s + 3.0}
    return replace(FIRST, **times, verdict=Verdict(label, 0.9, findings), **changes)


def instant(time_s, *, phase="standing", lumbar_deg=5.0, waits_for="ready"):
    angles = (0.1, 0.2, math.radians(lumbar_deg), NAN, NAN)
    return Instant(time_s, angles, (0.01, 0.01, 0.02, NAN, NAN), "measured", NAN, phase, waits_for, ())


def told(kind, one, *, at_s=None):
    return Event(kind, one.end_s if at_s is None else at_s, "told", one)


def state(feedback="every", **about):
    return PageState(About("sensors", feedback=feedback, **about), session_id="one", clock=lambda: 100.0)


def everything(page):
    news, _, _ = page.news(page.start_mark())
    return news


def cues(page, *, since):
    return [cue["kind"] for cue in page.news(since)[0].get("cues", [])]


def test_reps_appear_in_order_are_revised_and_are_withdrawn():
    page = state()
    for one in (rep(20.0), rep(10.0), rep(15.0, label="undecided")):
        page.take_event(told("rep", one))
    shown = everything(page)["sets"][0]["reps"]
    assert [(each["number"], each["start_s"]) for each in shown] == [(1, 10.0), (2, 15.0), (3, 20.0)]
    page.take_event(told("revised", rep(15.2, label="lumbar_flexion")))
    assert [each["word"] for each in everything(page)["sets"][0]["reps"]] == [
        "hip hinge",
        "lumbar flexion",
        "hip hinge",
    ]
    page.take_event(told("withdrawn", rep(10.0)))
    assert [each["start_s"] for each in everything(page)["sets"][0]["reps"]] == [15.2, 20.0]


def test_a_peak_is_shown_in_percent_of_the_own_range_with_its_interval():
    page = state(athlete=Athlete(lumbar_max_flexion_deg=55.0, neutral_lumbar_deg=22.0))
    page.take_event(told("rep", FIRST))
    one = everything(page)["sets"][0]["reps"][0]
    assert (one["low_percent"], one["peak_percent"], one["high_percent"]) == (46.1, 50.0, 53.9)
    lines = everything(page)["about"]["range"]
    assert lines == {"max_deg": 55.0, "limit_percent": 70.0, "neutral_percent": 40.0, "is_own": True}
    assert everything(state())["about"]["range"]["neutral_percent"] is None


def test_a_lopsided_interval_is_shown_as_it_is():
    page = state(athlete=Athlete(lumbar_max_flexion_deg=55.0))
    ends = {"lumbar_flexion_peak_low_rad": math.radians(11.0), "lumbar_flexion_peak_high_rad": math.radians(55.0)}
    page.take_event(told("rep", rep(10.0, **ends)))
    one = everything(page)["sets"][0]["reps"][0]
    assert (one["low_percent"], one["high_percent"]) == (20.0, 100.0)


def test_what_is_not_known_is_null_and_never_a_number():
    page = state()
    page.take_event(told("rep", rep(10.0, lumbar_flexion_peak_rad=NAN, lumbar_flexion_peak_sd_rad=NAN)))
    page.take_instants([instant(14.0)])
    text = json.dumps(everything(page), allow_nan=False)
    assert json.loads(text)["instants"][-1]["angles_deg"] == [5.7, 11.5, 5.0, None, None]
    assert json.loads(text)["sets"][0]["reps"][0]["peak_percent"] is None
    assert json.loads(text)["sets"][0]["reps"][0]["basis"] == ""


def test_only_what_is_new_is_told_and_a_newcomer_is_told_everything():
    page = state()
    news, mark, shown_s = page.news(page.start_mark())
    assert set(news) == {"about", "stage", "sets", "links", "warnings"}
    assert shown_s is None
    assert page.news(mark)[0] == {}
    page.take_instants([instant(1.0), instant(1.04)])
    news, mark, shown_s = page.news(mark)
    assert set(news) == {"stage", "instants"}
    assert ([each["time_s"] for each in news["instants"]], shown_s) == ([1.0, 1.04], 1.04)
    page.take_instants([instant(1.08)])
    news, mark, shown_s = page.news(mark)
    assert ([each["time_s"] for each in news["instants"]], shown_s) == ([1.08], 1.08)
    page.set_links([{"placement": "sacrum"}])
    page.set_links([{"placement": "sacrum"}])
    assert set(page.news(mark)[0]) == {"links"}
    assert [each["time_s"] for each in everything(page)["instants"]] == [1.0, 1.04, 1.08]
    page.take_instants([instant(2.0 + 0.04 * at) for at in range(6000)])
    shown = everything(page)["instants"]
    assert shown[-1]["time_s"] - shown[0]["time_s"] == pytest.approx(20.0, abs=0.05), "no more than is drawn"


def test_a_set_ends_when_the_analysis_says_so_and_its_sentence_is_said_once():
    page = state()
    mark = page.start_mark()
    for at, start_s in enumerate((10.0, 15.0)):
        page.take_event(told("rep", rep(start_s, rep=at)))
    page.take_instants([instant(30.0)])
    assert not everything(page)["sets"][0]["is_over"], "standing alone ends no set"
    page.take_event(Event("set_ended", 18.0, "told"))
    page.take_event(Event("set_ended", 18.0, "told"))
    shown = everything(page)["sets"][0]
    assert shown["is_over"]
    assert shown["sentence"] == "Two reps. Hip hinge in every rep."
    assert cues(page, since=mark) == ["tick", "tick", "say"]
    page.take_event(told("rep", rep(90.0, set=1)))
    assert [(each["number"], len(each["reps"])) for each in everything(page)["sets"]] == [(1, 2), (2, 1)]
    assert [each["is_over"] for each in everything(page)["sets"]] == [True, False]


def test_a_set_that_goes_on_after_it_had_ended_is_not_over():
    page = state()
    page.take_event(told("rep", rep(10.0)))
    page.take_event(Event("set_ended", 13.0, "told"))
    again = rep(40.0, rep=1)
    page.take_event(told("set_started", again))
    page.take_event(told("rep", again))
    assert [(len(each["reps"]), each["is_over"]) for each in everything(page)["sets"]] == [(2, False)]


def test_the_curve_of_a_rep_is_what_was_shown_while_it_was_lifted_and_only_of_the_newest_set():
    page = state()
    page.take_instants([instant(9.0 + 0.04 * at, phase="down", lumbar_deg=at) for at in range(125)])
    page.take_event(told("rep", rep(10.0)))
    curve = everything(page)["sets"][0]["reps"][0]["curve"]
    assert 24 <= len(curve) <= 48
    assert curve[0] == [0.0, 5.7, 11.5, 25.0]
    assert 2.8 <= curve[-1][0] <= 3.0
    page.take_event(told("rep", rep(60.0, set=1)))
    assert [each["reps"][0]["curve"] != [] for each in everything(page)["sets"]] == [False, False]


def test_hours_cost_no_more_to_send_than_minutes():
    page = state()
    for at in range(40):
        page.take_instants([instant(600.0 * at + 0.04 * each, phase="down") for each in range(2000)])
        page.take_event(told("rep", rep(600.0 * at + 10.0, set=at)))
    first = len(json.dumps(everything(page)))
    assert first < 150_000


def test_a_newcomer_hears_no_old_sound():
    page = state()
    page.take_event(told("rep", rep(10.0)))
    news, mark, _ = page.news(page.start_mark())
    assert "cues" not in news
    page.take_event(told("rep", rep(15.0)))
    assert cues(page, since=mark) == ["tick"]


@pytest.mark.parametrize(
    ("label", "expected"), [("hip_hinge", ["tick"]), ("lumbar_flexion", []), ("squat", []), ("undecided", [])]
)
def test_only_a_hinge_ticks(label, expected):
    page = state()
    mark = page.start_mark()
    page.take_event(told("rep", rep(10.0, label=label)))
    assert cues(page, since=mark) == expected


@pytest.mark.parametrize(
    ("feedback", "expected"),
    [
        ("every", ["tick"] * 8 + ["say"]),
        ("fade", ["tick"] * 5 + ["say"]),
        ("summary", ["say"]),
        ("silent", []),
    ],
)
def test_feedback_says_how_much_is_heard(feedback, expected):
    page = state(feedback)
    mark = page.start_mark()
    for at in range(8):
        page.take_event(told("rep", rep(10.0 + 4.0 * at, rep=at)))
    page.finish(None, "")
    assert cues(page, since=mark) == expected


def test_fading_leaves_every_fifth_set_without_cues_and_says_so():
    assert [set_has_cues("fade", index) for index in range(6)] == [True, True, True, True, False, True]
    assert [rep_has_cues("fade", 0, index) for index in range(8)] == [True, True, True, False, True, False, True, False]
    assert not any(rep_has_cues("fade", 4, index) for index in range(8))
    page = state("fade")
    for at in range(5):
        page.take_event(told("rep", rep(10.0 + 60.0 * at, set=at)))
    assert page.cued_sets() == [True, True, True, True, False]
    assert cue_words(page.cued_sets()) == ["Cues in set 1, 2, 3, 4.", "No cues in set 5."]
    with pytest.raises(SettingsError, match="fade"):
        check_feedback("loud")


def test_limits_inside_a_rep_sound_as_the_rep_in_progress_would():
    page = state("fade")
    mark = page.start_mark()
    for at in range(4):
        page.take_event(Event("over_limit", 10.5 + 4.0 * at, "over"))
        page.take_event(Event("back_under", 12.5 + 4.0 * at, "back"))
        page.take_event(told("rep", rep(10.0 + 4.0 * at, label="lumbar_flexion", rep=at)))
    assert cues(page, since=mark) == ["over", "under"] * 3, "the fourth rep has no cue"
    page.take_event(Event("set_ended", 25.0, "told"))
    mark = page.news(mark)[1]
    page.take_event(Event("over_limit", 90.0, "over"))
    assert cues(page, since=mark) == ["over"], "the first of the next set has one"


def test_the_sentence_names_the_reps_and_when_flexion_came():
    off_floor = ("flexion_off_the_floor",)
    reps = [rep(10.0 + 4 * at) for at in range(5)]
    assert set_sentence(reps) == "Five reps. Hip hinge in every rep."
    reps[3] = rep(22.0, label="lumbar_flexion", findings=off_floor)
    assert set_sentence(reps) == "Five reps. Rep 4: flexion off the floor."
    reps[2] = rep(18.0, label="lumbar_flexion")
    assert set_sentence(reps) == "Five reps. Reps 3 and 4: lumbar flexion past your limit."
    reps[0] = rep(10.0, label="undecided")
    assert set_sentence(reps).endswith("Rep 1: cannot tell.")
    assert set_sentence([rep(10.0, label="squat")]) == "One rep. Rep 1: squat."
    assert set_sentence([rep(4.0 * at) for at in range(13)]).startswith("13 reps.")
    assert set_sentence([]) == "No rep was found."


def test_age_is_in_the_time_of_who_waits_not_of_the_recording():
    slow = PageState(About("replayed", speed=4.0), session_id="one", clock=lambda: 100.0)
    assert slow.age_ms(99.6) == pytest.approx(100.0)
    assert state().age_ms(99.9) == pytest.approx(100.0)
