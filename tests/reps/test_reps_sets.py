"""Reps are counted and placed: every trap once, clean sets of any lifter, and what must not matter."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_hinge.analysis.offline import tracks_of
from imu_hinge.analysis.pipeline import align
from imu_hinge.athlete import Athlete
from imu_hinge.model import Posture
from imu_hinge.reps.bends import find_bends
from imu_hinge.reps.exercise import Found, find_lifts
from imu_hinge.settings import Settings
from imu_hinge.simulate.session import Simulated, simulate
from imu_hinge.simulate.spec import SetSpec
from imu_hinge.storage.screening.checks import check_recording

SETTINGS = Settings()
ATHLETE = Athlete(height_m=1.75)


@lru_cache(maxsize=8)
def made(spec: SetSpec, seed: int = 3) -> tuple[Simulated, Posture]:
    simulated = simulate(spec, seed=seed, rate_hz=100.0)
    tracks, _ = tracks_of(check_recording(simulated.recording), SETTINGS)
    aligned = align(tracks, SETTINGS, is_live=False)
    assert aligned is not None
    return simulated, aligned.posture


def found(posture: Posture, told: str = "auto", *, is_over: bool = True) -> Found:
    return find_lifts(posture, ATHLETE, told=told, settings=SETTINGS.reps, is_over=is_over)


def times(posture: Posture, some: Found) -> np.ndarray:
    last = len(posture) - 1
    return np.array([posture.time_s[[lift.start, min(lift.stop, last)]] for lift in some.lifts]).reshape(-1, 2)


FLOOR = SetSpec(reps=4, impact_mps2=12.0)
TRAPS = {
    "dead stop": FLOOR,
    "touch and go": replace(FLOOR, touch_and_go=True),
    "grip and rip": replace(FLOOR, grip_and_rip=True),
    "hitch": replace(FLOOR, has_hitch=True),
    "pause in mid-lift": replace(FLOOR, has_mid_pause=True),
    "failed rep": replace(FLOOR, has_failed_rep=True),
    "only a failed rep": replace(FLOOR, reps=0, has_failed_rep=True),
    "one rep": replace(FLOOR, reps=1),
    "last bar dropped": replace(FLOOR, drop="last", impact_mps2=25.0),
    "every bar dropped": replace(FLOOR, drop="every", impact_mps2=25.0),
    "last bar dropped softly": replace(FLOOR, drop="last", impact_mps2=8.0),
    "leans back and drops it": replace(
        FLOOR, drop="last", impact_mps2=20.0, has_lockout_lean=True, style="hips_shoot_up"
    ),
    "one RDL picked up and put down": SetSpec("rdl", "rdl_hinge", reps=1, from_floor=True),
    "good mornings after plates": SetSpec("good_morning", "good_morning", reps=5, before=("plates",), has_rack=False),
    "leans back at lockout": replace(FLOOR, has_lockout_lean=True),
    "rounds more and more": replace(FLOOR, style="progressive_rounding", reps=8),
    "hips shoot up": replace(FLOOR, style="hips_shoot_up", raise_s=2.0),
    "plates, shoe, bottle around it": replace(FLOOR, before=("plates", "shoe"), after=("bottle",)),
    "walks to the bar and away": replace(FLOOR, before=("walk",), after=("walk",)),
    "RDL picked up and put down": SetSpec("rdl", "rdl_hinge", reps=4, from_floor=True),
    "RDL after tying a shoe": SetSpec("rdl", "rdl_hinge", reps=4, before=("shoe",)),
    "squat with rack": SetSpec("squat", "squat_parallel", reps=3, bottom_s=0.0),
    "paused squat": SetSpec("squat", "squat_parallel", reps=3, bottom_s=1.0, has_rack=False),
    "swings picked up": SetSpec(
        "swing", "swing_hinge", reps=8, raise_s=0.5, lower_s=0.5, bottom_s=0.0, top_s=0.4, load=0.3, from_floor=True
    ),
    "good morning": SetSpec("good_morning", "good_morning", reps=4, bottom_s=0.0),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_each_trap_gives_as_many_reps_as_were_done(trap: str) -> None:
    simulated, posture = made(TRAPS[trap])
    true = np.array([(rep.start_s, rep.end_s) for rep in simulated.truth.reps]).reshape(-1, 2)
    told = times(posture, found(posture, simulated.truth.exercise))
    assert len(told) == len(true)
    assert np.abs(told - true).max(initial=0.0) < 0.45
    assert len(found(posture).lifts) == len(true)


@pytest.mark.parametrize(
    ("trap", "name"),
    [("dead stop", "deadlift"), ("squat with rack", "squat"), ("swings picked up", "swing"), ("good morning", "rdl")],
)
def test_the_exercise_is_recognised_and_the_evidence_is_a_sentence(trap: str, name: str) -> None:
    some = found(made(TRAPS[trap])[1])
    assert some.exercise == name
    assert len(some.evidence) > 10


@settings(deadline=None, max_examples=12)
@given(
    seed=st.integers(0, 2**20),
    reps=st.integers(1, 5),
    style=st.sampled_from(["good_hinge", "stoop", "squatty", "rdl_hinge", "squat_parallel", "good_morning"]),
)
def test_a_clean_set_of_any_lifter_is_counted(seed: int, reps: int, style: str) -> None:
    drawn = SetSpec.draw(np.random.default_rng(seed), style=style)
    spec = replace(
        drawn, reps=reps, before=(), after=(), drop="none", has_failed_rep=False, impact_mps2=12.0, from_floor=False
    )
    simulated, posture = made(spec, seed)
    assert len(found(posture, simulated.truth.exercise).lifts) == reps


@pytest.mark.parametrize("trap", ["dead stop", "squat with rack"])
def test_cutting_the_end_never_changes_an_earlier_rep_that_was_told(trap: str) -> None:
    simulated, posture = made(TRAPS[trap])
    whole = times(posture, found(posture, simulated.truth.exercise))
    for cut in range(len(posture) // 4, len(posture), 170):
        part = posture[:cut]
        told = times(part, found(part, simulated.truth.exercise, is_over=False))
        settled = told[told[:, 1] < part.time_s[-1] - 0.6]
        assert len(settled) <= len(whole)
        assert settled == pytest.approx(whole[: len(settled)], abs=0.1)


def test_a_floor_rep_is_told_once_the_plates_are_down_not_at_the_next_lockout() -> None:
    simulated, posture = made(TRAPS["dead stop"])
    rep = simulated.truth.reps[0]
    part = posture[: int(np.searchsorted(posture.time_s, rep.end_s + 0.5))]
    assert len(found(part, "deadlift", is_over=False).lifts) == 1
    still_lowering = posture[: int(np.searchsorted(posture.time_s, rep.end_s - 0.4))]
    assert not found(still_lowering, "deadlift").lifts


def test_a_recording_that_begins_bent_over_at_the_bar_still_has_its_first_rep() -> None:
    simulated, posture = made(TRAPS["dead stop"])
    rep = simulated.truth.reps[0]
    part = posture[int(np.searchsorted(posture.time_s, rep.start_s - 0.5)) :]
    assert len(found(part, "deadlift").lifts) == 4
    in_squat = made(TRAPS["paused squat"])
    first = in_squat[0].truth.reps[0]
    part = in_squat[1][int(np.searchsorted(in_squat[1].time_s, first.turn_s + 0.2)) :]
    assert len(found(part, "squat").lifts) == 2


def test_left_and_right_do_not_matter() -> None:
    _, posture = made(TRAPS["plates, shoe, bottle around it"])
    mirrored = replace(posture, side_inclination_rad=-posture.side_inclination_rad)
    assert found(mirrored, "deadlift").lifts == found(posture, "deadlift").lifts


def test_a_side_bend_and_standing_are_no_bends() -> None:
    _, posture = made(TRAPS["good morning"])
    to_the_side = replace(posture, side_inclination_rad=posture.inclination_rad)
    assert find_bends(to_the_side, SETTINGS.reps) == []
    upright = replace(posture, inclination_rad=np.zeros(len(posture)), height_m=np.zeros(len(posture)))
    assert find_bends(upright, SETTINGS.reps) == []
    assert found(upright).lifts == ()


def test_an_unknown_height_is_no_height() -> None:
    _, posture = made(TRAPS["dead stop"])
    unknown = np.full(len(posture), np.nan)
    blind = replace(posture, height_m=unknown, height_sd_m=unknown, speed_mps=unknown)
    assert len(found(blind, "deadlift").lifts) == 4
