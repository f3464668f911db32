"""Sessions that outlast the window that live analysis looks at again, and recordings that end inside a bend."""

from __future__ import annotations

import numpy as np
import pytest

import imu_hinge as ih
from imu_hinge import conventions as cv
from imu_hinge.analysis.instant.pacing import WINDOW_S
from imu_hinge.settings import LimitSettings
from imu_hinge.simulate.session import Simulated, random_set

RATE_HZ = 50.0


def after_standing(samples: ih.Samples, seconds: float) -> ih.Samples:
    """Return the samples after so long a standing, which is the first second of them again and again."""
    count = round(seconds * RATE_HZ)
    again = np.arange(count) % round(RATE_HZ)
    time_s = np.concatenate((samples.time_s[0] - seconds + np.arange(count) / RATE_HZ, samples.time_s))
    return ih.Samples(
        time_s, np.concatenate((samples.acc[again], samples.acc)), np.concatenate((samples.gyr[again], samples.gyr))
    )


@pytest.mark.parametrize("placements", [("sacrum", "t12"), ("sacrum",)], ids=["two sensors", "one sensor"])
@pytest.mark.parametrize("wait_s", [0.9 * WINDOW_S, 1.5 * WINDOW_S])
def test_a_set_after_the_window_is_told_live_as_in_replay(
    short_set: Simulated, placements: tuple[str, ...], wait_s: float
) -> None:
    sensors = {p: after_standing(short_set.recording.sensors[p], wait_s) for p in placements}
    recording = ih.Recording(sensors, athlete=short_set.recording.athlete)
    live, replay = ih.analyze(recording, as_live=True), ih.analyze(recording)
    starts = [rep.start_s for rep in short_set.truth.reps]
    assert [rep.start_s for rep in replay.lifts] == pytest.approx(starts, abs=0.25)
    assert [rep.start_s for rep in live.lifts] == pytest.approx(starts, abs=0.25)
    # one sensor tells the bar on the floor, and not the way up
    told = [rep.verdict if len(placements) == 2 else rep.verdict_floor for rep in live.lifts]
    assert [verdict.label for verdict in told] == ["hip_hinge"] * len(starts)


def test_what_lies_before_the_first_window_is_unknown_and_says_so(short_set: Simulated) -> None:
    sensors = {"sacrum": after_standing(short_set.recording.sensors["sacrum"], 1.5 * WINDOW_S)}
    posture = ih.analyze(ih.Recording(sensors), as_live=True).posture
    early = posture[: round(0.3 * WINDOW_S * posture.rate_hz)]
    assert np.isnan(early.angles_rad).all()
    assert np.all(early.flags & np.uint16(cv.Flag.UNALIGNED))


def test_a_session_over_the_limit_is_refused_and_what_was_told_is_kept(short_set: Simulated) -> None:
    samples = after_standing(short_set.recording.sensors["sacrum"], 20.0)
    whole = ih.analyze(ih.Recording({"sacrum": samples}), as_live=True)
    seconds = float(samples.time_s[-1] - samples.time_s[0])
    limits = LimitSettings(hours=(seconds + 1.0) / 3600.0)
    live = ih.LiveAnalysis(["sacrum"], settings=ih.Settings(limits=limits))
    live.feed("sacrum", samples)
    more = samples[:500]
    later = ih.Samples(more.time_s - more.time_s[0] + samples.time_s[-1] + 1 / RATE_HZ, more.acc, more.gyr)
    with pytest.raises(ih.HingeError, match="at most"):
        live.feed("sacrum", later)
    result = live.finish()
    assert [rep.start_s for rep in result.lifts] == [rep.start_s for rep in whole.lifts] != []
    assert result.posture.time_s[-1] - result.posture.time_s[0] == pytest.approx(3600.0 * limits.hours, abs=0.6)


@pytest.mark.parametrize(("exercise", "seed"), [("deadlift", 510), ("swing", 517)])
def test_a_recording_may_end_anywhere(exercise: str, seed: int) -> None:
    """Half a minute each, with four deadlifts and six swings."""
    recording = random_set(seed, exercise=exercise, placements=("sacrum",), rate_hz=RATE_HZ).recording
    samples = recording.sensors["sacrum"]
    whole = len(ih.analyze(recording, exercise=exercise).lifts)
    counts = []
    for stop in range(round(8.0 * RATE_HZ), len(samples), round(0.7 * RATE_HZ)):
        try:
            counts.append(len(ih.analyze(ih.Recording({"sacrum": samples[:stop]}), exercise=exercise).lifts))
        except ih.HingeError:  # cut before a standing or a bend that tells how the sensor sits
            counts.append(0)
    assert max(counts) <= whole + 1
    assert counts[-1] == whole
