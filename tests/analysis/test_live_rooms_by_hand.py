"""What waits, what was shown, which clock is watched and which holes are taken out, in numbers by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from imu_hinge import conventions as cv
from imu_hinge.analysis import clock_watch
from imu_hinge.analysis.clock_watch import ClockWatch
from imu_hinge.analysis.instant.live_input import Backlog, Intake, check_enough, say_who_is_waited_for
from imu_hinge.analysis.shown import PIECE, Shown
from imu_hinge.errors import ClocksApart, TooShort
from imu_hinge.model import POSTURE_COLUMNS, Posture, Samples
from imu_hinge.motion.kinematics.clock_lag import Behind
from imu_hinge.motion.kinematics.long_holes import Holes, long_steps, settled_s, shared_holes
from imu_hinge.motion.kinematics.track import Track


def samples_of(time_s: np.ndarray) -> Samples:
    columns = np.arange(3 * len(time_s), dtype=float).reshape(-1, 3)
    return Samples(time_s, columns, columns + 0.5, np.arange(len(time_s), dtype=np.uint16))


def test_what_waits_is_given_up_to_the_first_sample_after_an_instant_and_forgotten_behind_it() -> None:
    backlog = Backlog()
    backlog.add(samples_of(np.arange(0.0, 10.0)))
    assert (len(backlog), backlog.first_s, backlog.latest_s) == (10, 0.0, 9.0)
    np.testing.assert_array_equal(backlog.until(3.5).time_s, [0.0, 1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(backlog.until(4.0).time_s, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    np.testing.assert_array_equal(backlog.until(99.0).time_s, np.arange(10.0))
    backlog.forget_before(5.0)  # of those before it one stays
    np.testing.assert_array_equal(backlog.times_s, np.arange(4.0, 10.0))
    backlog.forget_before(1.0)
    assert backlog.first_s == 4.0
    found = backlog.until(4.5)
    np.testing.assert_array_equal(found.acc, [[12.0, 13.0, 14.0], [15.0, 16.0, 17.0]])
    np.testing.assert_array_equal(found.gyr, found.acc + 0.5)
    assert found.flags.tolist() == [4, 5]


def test_a_backlog_that_grows_keeps_all_and_remembers_long_holes() -> None:
    backlog = Backlog()
    for start in range(0, 1000, 100):
        backlog.add(samples_of(0.01 * np.arange(start, start + 100)))
        backlog.forget_before(0.01 * start)
    assert backlog.latest_s == pytest.approx(9.99)
    assert len(backlog) == 101
    backlog.add(samples_of(np.array([29.9, 60.0])))
    assert backlog.holes == [(29.9, 60.0)]  # the step before it is shorter than 20 s
    backlog.add(samples_of(np.array([90.0, 90.1])))
    assert backlog.holes == [(29.9, 60.0), (60.0, 90.0)]


def posture_of(n: int, value: float) -> Posture:
    columns = {name: np.full((n, 5) if name in ("angles_rad", "sd_rad") else n, value) for name in POSTURE_COLUMNS}
    columns |= {"is_still": np.ones(n, dtype=bool), "flags": np.full(n, 3, dtype=np.uint16)}
    return Posture(time_s=np.arange(n) / 100.0, basis="measured", **columns)


def test_what_is_shown_later_stands_over_what_was_shown_before_and_the_rest_is_unknown() -> None:
    shown = Shown()
    shown.put(PIECE - 100, posture_of(300, 1.0))
    shown.put(PIECE + 50, posture_of(50, 2.0))
    assert shown.stop == PIECE + 100
    n = PIECE + 250
    found = shown.taken(np.arange(n) / 100.0, basis="inferred")
    expected = np.full(n, np.nan)
    expected[PIECE - 100 : PIECE + 200] = 1.0
    expected[PIECE + 50 : PIECE + 100] = 2.0
    np.testing.assert_array_equal(found.height_m, expected)
    np.testing.assert_array_equal(found.angles_rad[:, 4], expected)
    assert (found.flags[0], found.flags[PIECE], found.is_still[0], found.basis) == (
        cv.Flag.UNALIGNED,
        3,
        False,
        "inferred",
    )


def worn() -> dict[str, Track]:
    n = 500
    track = Track(
        np.arange(n) / 100.0, np.zeros((n, 3)), np.zeros((n, 3)), np.zeros((n, 3)), np.ones(n, bool), np.zeros(n, int)
    )
    return {"sacrum": track, "t12": track}


def watched(monkeypatch: pytest.MonkeyPatch, before: ClockWatch, found: Behind | None, *, until: int) -> ClockWatch:
    monkeypatch.setattr(clock_watch, "clock_behind", lambda *_, **__: found)
    return before.after(worn(), until=until)


def test_clocks_surely_further_apart_than_a_twentieth_of_a_second_are_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    start = ClockWatch()
    for lag_s, sd_s, is_apart in ((0.07, 0.01, True), (0.055, 0.01, False), (-0.07, 0.01, True), (0.02, 0.01, False)):
        found = watched(monkeypatch, start, Behind(lag_s, sd_s=sd_s), until=0)
        assert found.is_apart == is_apart
        assert found.left_s == pytest.approx(0.0 if is_apart else math.hypot(lag_s, sd_s))
    late = watched(monkeypatch, start, Behind(0.3, sd_s=0.01), until=0)
    early = watched(monkeypatch, start, Behind(-0.3, sd_s=0.01), until=0)
    assert late.said == "The t12 sensor's clock is 0.30 s behind the sacrum's."
    assert early.said == "The sacrum sensor's clock is 0.30 s behind the t12's."


def test_clocks_apart_must_surely_be_nearer_to_agree_again(monkeypatch: pytest.MonkeyPatch) -> None:
    apart = watched(monkeypatch, ClockWatch(), Behind(0.3, sd_s=0.01), until=0)
    assert watched(monkeypatch, apart, Behind(0.045, sd_s=0.01), until=600).is_apart
    again = watched(monkeypatch, apart, Behind(0.035, sd_s=0.01), until=600)
    assert not again.is_apart
    assert again.once == apart.said
    assert "until both agreed again" in again.warnings[0]
    assert [event.kind for event in again.events(apart, time_s=1.0)] == ["clock"]
    assert again.events(again, time_s=1.0) == apart.events(apart, time_s=1.0) == []


def test_too_little_in_common_tells_nothing_new_and_five_seconds_pass_between_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apart = watched(monkeypatch, ClockWatch(), Behind(0.3, sd_s=0.01), until=0)
    for nothing in (None, Behind(0.02, sd_s=0.06), Behind(0.2, sd_s=0.21)):
        found = watched(monkeypatch, apart, nothing, until=600)
        assert (found.is_apart, found.until) == (True, 600)
    assert watched(monkeypatch, apart, Behind(0.0), until=499) is apart
    assert not watched(monkeypatch, apart, Behind(0.0), until=500).is_apart
    alone = ClockWatch()
    assert alone.after({"t12": worn()["t12"]}, until=0) is alone


def test_clocks_that_surely_differ_by_nobody_knows_what_are_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ClocksApart("by 1 or 2 s")

    monkeypatch.setattr(clock_watch, "clock_behind", refuse)
    found = ClockWatch().after(worn(), until=7)
    assert (found.is_apart, found.until) == (True, 7)
    posture = posture_of(3, 1.0)
    shown = found.shown(posture)
    assert np.isnan(shown.angles_rad[:, [cv.LUMBAR_FLEXION, cv.HIP_FLEXION, cv.KNEE_FLEXION]]).all()
    assert np.isnan(shown.sd_rad[:, cv.LUMBAR_FLEXION]).all()
    assert (shown.angles_rad[:, [cv.PELVIS_TILT, cv.TRUNK_INCLINATION]] == 1.0).all()
    assert ClockWatch().shown(posture) is posture


def test_a_hole_in_which_all_are_silent_for_twenty_seconds_is_taken_out_but_for_ten() -> None:
    holes = shared_holes([[(10.0, 50.0), (100.0, 130.0)], [(15.0, 48.0), (105.0, 140.0)]])
    assert holes.spans == ((15.0, 48.0), (105.0, 130.0))
    np.testing.assert_allclose(holes.closed(np.array([15.0, 48.0, 60.0, 130.0])), [15.0, 25.0, 37.0, 92.0])
    for time_s in (0.0, 14.0, 49.0, 104.0, 131.0, 200.0):
        assert holes.reopened(holes.closed(np.array([time_s])))[0] == pytest.approx(time_s)
    np.testing.assert_allclose(holes.reopened(np.array([19.9, 20.1])), [19.9, 43.1])  # it jumps in the middle
    assert shared_holes([[(10.0, 50.0)], [(31.0, 60.0)]]).spans == ()  # 19 s in common
    assert Holes().reopened(np.array([3.0]))[0] == 3.0
    assert long_steps(np.array([0.0, 20.0, 40.1])) == [(20.0, 40.1)]


def test_what_is_settled_waits_for_a_sensor_that_may_share_a_hole() -> None:
    whole = np.arange(0.0, 100.0)
    assert settled_s([whole, np.arange(0.0, 50.0)]) == 49.0
    gone = np.array([0.0, 1.0, 2.0, 90.0])
    assert settled_s([gone, np.arange(0.0, 50.0)]) == 2.0  # what lies between its samples must wait
    assert settled_s([gone, np.arange(0.0, 72.0)]) == 71.0  # 19 s before it is back


def waiting(missed: int, *, own_s: float | None, other_s: float | None) -> list[str]:
    def backlog(until_s: float | None) -> Backlog:
        made = Backlog()
        if until_s is not None:
            made.add(samples_of(np.array([0.0, until_s])))
        return made

    def sensor(placement: str, until_s: float | None) -> Intake:
        made = SimpleNamespace(placement=placement, pending=backlog(until_s), missed=missed, is_waited_for=False)
        return made  # type: ignore[return-value]

    sensors = {"sacrum": sensor("sacrum", own_s), "t12": sensor("t12", other_s)}
    first = [event.message for event in say_who_is_waited_for(sensors, "sacrum")]
    assert say_who_is_waited_for(sensors, "sacrum") == [] or not first  # once
    return first


def test_a_sensor_is_waited_for_after_five_seconds_and_fifty_blocks() -> None:
    assert "from the t12 sensor for 5 s" in waiting(49, own_s=10.0, other_s=5.0)[0]
    assert waiting(48, own_s=10.0, other_s=5.0) == []
    assert waiting(49, own_s=10.0, other_s=5.1) == []
    assert len(waiting(49, own_s=10.0, other_s=None)) == 1
    assert waiting(49, own_s=None, other_s=None) == []


def test_sensors_share_three_seconds_at_least() -> None:
    sensors = {"sacrum": SimpleNamespace(pending=Backlog())}
    check_enough(sensors, 300, 100.0)  # type: ignore[arg-type]
    with pytest.raises(TooShort, match=r"2\.99 s long"):
        check_enough(sensors, 299, 100.0)  # type: ignore[arg-type]
    with pytest.raises(TooShort, match="nothing came from sacrum"):
        check_enough(sensors, 1, 100.0)  # type: ignore[arg-type]
