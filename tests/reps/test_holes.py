"""Holes in the radio: the reps beside one stay, and in it the sensor that was silent is unknown."""

import dataclasses

import numpy as np
import pytest

import imu_hinge as ih
from imu_hinge.simulate.session import Simulated, random_set


def with_hole(made: Simulated, start_s: float, stop_s: float, *places: str) -> ih.Recording:
    """Return the recording without what the named sensors measured in the hole; the stamps stay true."""
    sensors = dict(made.recording.sensors)
    for place in places:
        samples = sensors[place]
        keep = (samples.time_s < start_s) | (samples.time_s >= stop_s)
        sensors[place] = ih.Samples(samples.time_s[keep], samples.acc[keep], samples.gyr[keep])
    return dataclasses.replace(made.recording, sensors=sensors, exercise=made.truth.exercise)


@pytest.mark.parametrize(
    ("seed", "exercise", "start_s", "length_s", "as_live"),
    [
        (1000, "deadlift", 16.0, 3.0, False),
        (1000, "deadlift", 16.0, 3.0, True),
        (1, "rdl", 21.6, 3.0, False),
        (2, "swing", 27.9, 3.0, True),
        (4, "good_morning", 48.0, 1.0, False),
    ],
)
def test_every_rep_beside_a_hole_is_found(
    seed: int, exercise: str, start_s: float, length_s: float, as_live: bool
) -> None:
    made = random_set(seed, exercise=exercise)
    stop_s = start_s + length_s
    found = ih.analyze(with_hole(made, start_s, stop_s, "sacrum", "t12"), as_live=as_live).lifts
    beside = [r for r in made.truth.reps if r.end_s < start_s - 0.2 or r.start_s > stop_s + 0.2]
    assert 3 <= len(beside) < len(made.truth.reps), "the hole must touch a rep and leave others"
    for rep in beside:
        assert any(abs(r.start_s - rep.start_s) < 0.4 and abs(r.end_s - rep.end_s) < 0.4 for r in found)
    assert len(found) <= len(made.truth.reps)


def test_a_silent_sensor_is_unknown_and_widens_what_it_would_measure() -> None:
    made = random_set(1000, exercise="deadlift")
    rep = made.truth.reps[2]
    hole = rep.start_s + 0.2, rep.start_s + 1.2
    whole = ih.analyze(with_hole(made, 0.0, 0.0)).posture
    holed = ih.analyze(with_hole(made, *hole, "t12")).posture
    inside = (holed.time_s > hole[0] + 0.1) & (holed.time_s < hole[1] - 0.1)
    before = np.interp(holed.time_s[inside], whole.time_s, whole.sd_rad[:, 2])
    assert np.all(np.isnan(holed.sd_rad[inside, 2]) | (holed.sd_rad[inside, 2] > 1.5 * before))
