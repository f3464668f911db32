"""Which runs of bends are sets, and which are one set interrupted: by hand, every number known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imu_hinge.model import Posture
from imu_hinge.reps.bends import Bend
from imu_hinge.reps.set_choice import PLAIN, BendSet, are_one_set, counted_sets

RATE_HZ = 100.0


def bend(start: int, *, inclination: float = 1.0, drop_m: float = 0.05, has_landed: bool = False) -> Bend:
    """Return a bend of two seconds."""
    return Bend(
        down_start=start,
        down_stop=start + 90,
        bottom=start + 100,
        up_start=start + 110,
        up_stop=start + 200,
        depth_rad=inclination,
        inclination_rad=inclination,
        side_rad=0.0,
        turn_rad=0.0,
        drop_m=drop_m,
        drop_sd_m=0.01,
        landing=start + 90 if has_landed else -1,
        shock_mps2=5.0 if has_landed else 0.0,
        down_vibration_mps2=0.1,
        up_vibration_mps2=0.1,
    )


def run(
    start: int, count: int, weight: float, *, from_floor: bool = False, felt: bool = False, **how: float
) -> BendSet:
    """Return bends three seconds apart as one set."""
    bends = [bend(start + 300 * i, has_landed=felt and i > 0, **how) for i in range(count)]
    return BendSet(bends, [None] * count, from_floor, weight, weight)


def standing(seconds: float, *, walks_from_s: float = 0.0, walks_to_s: float = 0.0) -> Posture:
    """Return somebody upright, who walks for a while: the trunk goes up and down at two hertz."""
    n = round(seconds * RATE_HZ)
    time_s, zeros = np.arange(n) / RATE_HZ, np.zeros(n)
    walks = (time_s >= walks_from_s) & (time_s < walks_to_s)
    return Posture(
        time_s=time_s,
        angles_rad=np.full((n, 5), np.nan),
        sd_rad=np.full((n, 5), np.nan),
        inclination_rad=zeros,
        side_inclination_rad=zeros,
        turn_rad=zeros,
        height_m=zeros,
        height_sd_m=np.full(n, 0.01),
        speed_mps=np.where(walks, 0.3 * np.sin(2.0 * np.pi * 2.0 * time_s), 0.0),
        shock_mps2=zeros,
        is_still=np.zeros(n, dtype=bool),
        flags=np.zeros(n, dtype=np.uint16),
        basis="measured",
    )


def test_the_heaviest_counts_in_any_case_and_another_only_where_it_is_sure() -> None:
    deep, shallow = run(0, 1, -1.0, inclination=1.8, drop_m=0.4), run(6000, 3, PLAIN + 1.0, inclination=0.5, drop_m=0.3)
    doubtful = run(9000, 3, PLAIN - 1.0, inclination=0.2, drop_m=0.2)
    assert [group for group, _ in counted_sets([deep], RATE_HZ, is_one_work=False)] == [deep]
    counted = counted_sets([deep, shallow, doubtful, run(20000, 5, 30.0)], RATE_HZ, is_one_work=False)
    assert [group.bends[0].down_start for group, _ in counted] == [6000, 20000]


def test_what_was_kept_of_a_run_must_be_sure_and_not_the_run() -> None:
    trimmed = replace(run(6000, 2, 20.0, inclination=0.5, drop_m=0.3), kept_weight=PLAIN - 1.0)
    assert len(counted_sets([run(0, 5, 30.0), trimmed], RATE_HZ, is_one_work=False)) == 1


def test_more_of_the_same_work_counts_however_little_speaks_for_it() -> None:
    first, again = run(0, 5, 30.0), run(9000, 2, 1.0)
    counted = counted_sets([again, first], RATE_HZ, is_one_work=True)
    assert [(group, leader) for group, leader in counted] == [(first, first), (again, first)]


def test_a_single_rep_far_from_its_kind_counts_and_one_beside_it_does_not() -> None:
    work = run(6000, 5, 30.0)
    assert len(counted_sets([run(0, 1, 0.1), work], RATE_HZ, is_one_work=False)) == 2
    assert len(counted_sets([run(5400, 1, 0.1), work], RATE_HZ, is_one_work=False)) == 1


def test_what_is_likelier_no_lift_is_not_made_one_by_being_alike() -> None:
    work = run(6000, 5, 30.0)
    for count in (1, 2):
        assert len(counted_sets([run(0, count, -0.1), work], RATE_HZ, is_one_work=False)) == 1


def test_single_reps_that_are_alike_and_far_apart_count_together() -> None:
    work = run(0, 5, 30.0, inclination=0.6, drop_m=0.35)
    singles = [run(start, 1, 0.4 * PLAIN) for start in (10000, 20000, 30000)]
    counted = counted_sets([work, *singles], RATE_HZ, is_one_work=False)
    assert [group for group, _ in counted] == [work, *singles]
    assert [leader for _, leader in counted][1:] == [singles[0]] * 3
    assert len(counted_sets([work, *singles[:2]], RATE_HZ, is_one_work=False)) == 1  # 0.8 of what is needed
    unlike = run(30000, 1, 0.4 * PLAIN, inclination=1.6, drop_m=0.3)
    assert len(counted_sets([work, *singles[:2], unlike], RATE_HZ, is_one_work=False)) == 1
    near = [run(start, 1, 0.4 * PLAIN) for start in (10000, 10700, 11400)]  # bends side by side, for plates
    assert len(counted_sets([work, *near], RATE_HZ, is_one_work=False)) == 1


def test_on_a_floor_where_plates_are_felt_a_set_without_a_blow_is_none() -> None:
    felt = run(0, 5, 30.0, from_floor=True, felt=True)
    silent = run(9000, 4, 20.0, from_floor=True, inclination=0.4, drop_m=0.3)
    assert [group for group, _ in counted_sets([felt, silent], RATE_HZ, is_one_work=False)] == [felt]
    alone = counted_sets([run(0, 5, 30.0), silent], RATE_HZ, is_one_work=False)
    assert [group for group, _ in alone][1:] == [silent]


def test_a_regrip_is_the_same_set_a_rest_or_a_walk_is_not() -> None:
    before = run(0, 2, 20.0)  # until 5 s
    soon, late = run(1500, 2, 20.0), run(3500, 2, 20.0)
    assert are_one_set(before, soon, standing(60.0))
    assert not are_one_set(before, late, standing(60.0))
    assert are_one_set(before, soon, standing(60.0, walks_from_s=8.0, walks_to_s=9.5))
    assert not are_one_set(before, soon, standing(60.0, walks_from_s=6.0, walks_to_s=13.0))
