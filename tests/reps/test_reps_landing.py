"""Hold landings to what a floor does: it ends the way down. And what is told of a bar that nobody felt land."""

from dataclasses import replace

import numpy as np

from imu_hinge import conventions as cv
from imu_hinge.analysis.offline import tracks_of
from imu_hinge.analysis.pipeline import align
from imu_hinge.reps.bends import find_bends
from imu_hinge.reps.exercise import find_lifts
from imu_hinge.reps.segmentation import on_the_floor
from imu_hinge.settings import Settings
from imu_hinge.simulate.session import Simulated, random_set
from imu_hinge.storage.screening.checks import check_recording

SETTINGS = Settings()


def postured(seed: int, style: str):
    """Return a simulated set of deadlifts and its posture as the sensors tell it."""
    made = random_set(seed, exercise="deadlift", style=style, placements=("sacrum", "t12"))
    tracks, _ = tracks_of(check_recording(made.recording), SETTINGS)
    aligned = align(tracks, SETTINGS, is_live=False)
    assert aligned is not None
    return made, aligned.posture


def off_the_floor_m(made: Simulated, posture, at: np.ndarray) -> np.ndarray:
    """Return how high the plates truly are [m]."""
    truth = made.truth
    return np.interp(posture.time_s[at], truth.time_s, truth.bar_height_m) - truth.bar_m


def test_who_sinks_on_has_set_nothing_down() -> None:
    """Hips that turn around in mid-lowering jerk as hard as some plates land, with the bar 15 cm up."""
    for seed in (730, 200061, 200139):
        made, posture = postured(seed, "hips_shoot_up")
        landed = np.array([b.landing for b in find_bends(posture, SETTINGS.reps) if b.has_landed])
        assert landed.size >= 2
        assert off_the_floor_m(made, posture, landed).max() < 0.06


def test_the_floor_is_claimed_only_where_the_plates_are_down() -> None:
    """Twelve sets of every style, touch-and-go and ripped ones among them."""
    claimed, wrong = 0, 0
    for k in range(12):
        styles = ("hips_shoot_up", "progressive_rounding", "good_hinge", "squatty")
        made, posture = postured(4000 + k, styles[k % len(styles)])
        athlete = made.recording.athlete
        assert athlete is not None
        found = find_lifts(posture, athlete, told="deadlift", settings=SETTINGS.reps)
        at = np.flatnonzero(on_the_floor(found.lifts, posture))
        claimed, wrong = claimed + at.size, wrong + int((off_the_floor_m(made, posture, at) > 0.02).sum())
    assert claimed > 2000
    assert wrong < 0.03 * claimed


def test_without_a_lift_nothing_is_on_the_floor() -> None:
    _, posture = postured(4000, "good_hinge")
    assert not on_the_floor((), posture).any()
    assert posture.angles_rad.shape[1] == len(cv.ANGLES)


def test_a_bar_ripped_off_where_it_touched_is_not_held_for_down() -> None:
    """Touch-and-go at 0.6 s a pull: a fifth of a second after the landing the plates are 17 to 34 cm up again."""
    for seed, style in ((320017, "squatty"), (320042, "stoop")):
        made = random_set(seed, placements=("sacrum", "t12", "lumbar", "hip"))
        assert (made.spec.style, made.spec.touch_and_go, made.spec.grip_and_rip) == (style, True, True)
        sensors = {p: made.recording.sensors[p] for p in ("sacrum", "t12")}
        tracks, _ = tracks_of(check_recording(replace(made.recording, sensors=sensors)), SETTINGS)
        aligned = align(tracks, SETTINGS, is_live=False)
        assert aligned is not None
        athlete = made.recording.athlete
        assert athlete is not None
        found = find_lifts(aligned.posture, athlete, told="deadlift", settings=SETTINGS.reps)
        at = np.flatnonzero(on_the_floor(found.lifts, aligned.posture))
        assert at.size > 0.04 * len(found.lifts) * aligned.posture.rate_hz
        assert off_the_floor_m(made, aligned.posture, at).max() < 0.05
        one_by_one = [np.flatnonzero(on_the_floor([lift], aligned.posture)) for lift in found.lifts]  # as live
        assert off_the_floor_m(made, aligned.posture, np.concatenate(one_by_one)).max() < 0.07
