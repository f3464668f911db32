"""The virtual lifter's chain: reference posture, closure over the bar, balance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_hinge.simulate.body import Body, balance, bar_height, centre_of_mass_x, close_over_bar, joints
from imu_hinge.simulate.postures import bottom_postures
from imu_hinge.simulate.spec import LifterSpec, SetSpec
from imu_hinge.simulate.styles import STYLES, styles_of

REFERENCE = Body.of(1.75)


def posture(*degrees: float) -> np.ndarray:
    return np.array([np.radians(angle) for angle in degrees])


def test_a_standing_body_of_1_75_m_has_the_heights_of_the_facts() -> None:
    at = joints(REFERENCE, np.zeros(5))
    assert at.hip[1] + 0.075 == pytest.approx(1.00, abs=0.01)
    assert at.shoulder[1] == pytest.approx(1.42, abs=0.01)
    assert bar_height(REFERENCE, np.zeros(5)) == pytest.approx(0.75, abs=0.01)


def test_shank_12_and_lumbar_33_over_the_bar_give_knee_77_hip_107_pelvis_43() -> None:
    al, be, tp, _, _ = np.degrees(close_over_bar(REFERENCE, posture(12, 0, 0, 33, 5), bar_m=0.225, gap_m=0.04))
    assert (al + be, be + tp, tp) == pytest.approx((77, 107, 43), abs=1.0)


@pytest.mark.parametrize(
    ("angles", "knee", "hip", "pelvis"),
    [((10, 12), 76, 122, 56), ((28, 12), 106, 115, 37), ((10, 45), 69.5, 97, 37), ((0, 50), 48, 92, 44)],
)
def test_other_styles_come_out_as_in_the_facts(
    angles: tuple[float, float], knee: float, hip: float, pelvis: float
) -> None:
    thorax = 12 if angles[0] == 0 else 10 if angles[1] == 45 else 5
    start = posture(angles[0], 0, 0, angles[1], thorax)
    al, be, tp, _, _ = np.degrees(close_over_bar(REFERENCE, start, bar_m=0.225, gap_m=0.04))
    assert (al + be, be + tp, tp) == pytest.approx((knee, hip, pelvis), abs=2.0)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), style=st.sampled_from(styles_of("deadlift")), bar_m=st.floats(0.19, 0.30))
def test_every_drawn_bottom_holds_the_bar_at_its_height_and_stands_on_its_feet(
    seed: int, style: str, bar_m: float
) -> None:
    rng = np.random.default_rng(seed)
    spec = SetSpec(style=style, lifter=LifterSpec.draw(rng), bar_m=bar_m)
    bottoms = bottom_postures(spec, rng, rep_of=np.arange(8))
    body = spec.lifter.body
    assert bar_height(body, bottoms) == pytest.approx(bar_m, abs=1e-6)
    ahead = joints(body, bottoms).shoulder[:, 0] - body.midfoot
    assert np.all((ahead > -0.001) & (ahead < 0.046))
    over_foot = centre_of_mass_x(body, bottoms, load=1.0)
    assert np.all((over_foot > body.heel) & (over_foot < body.ball))
    assert np.degrees(bottoms[:, 3]).max() <= spec.lifter.lumbar_max_deg + 1e-9


def test_a_bar_out_of_reach_is_said_to_be_so() -> None:
    with pytest.raises(ValueError, match="reaches the bar"):
        close_over_bar(REFERENCE, posture(5, 0, 0, 10, 5), bar_m=1.9, gap_m=0.04)


@pytest.mark.parametrize("load", [0.0, 0.5, 1.5])
def test_balance_moves_only_the_ankle_and_puts_the_mass_over_the_foot(load: float) -> None:
    start = posture(0, 25, 55, 10, 5)
    settled = balance(REFERENCE, start, load=load)
    assert centre_of_mass_x(REFERENCE, settled, load=load) == pytest.approx(0.4 * REFERENCE.midfoot, abs=1e-4)
    assert settled[0] + settled[1] == pytest.approx(start[0] + start[1])
    assert settled[2:] == pytest.approx(start[2:])


def test_rounding_grows_by_five_degrees_a_rep_up_to_what_the_spine_has() -> None:
    spec = SetSpec(style="progressive_rounding", lifter=LifterSpec(lumbar_max_deg=40.0))
    lumbar = np.degrees(bottom_postures(spec, np.random.default_rng(1), rep_of=np.arange(12))[:, 3])
    assert np.polyfit(np.arange(5), lumbar[:5], 1)[0] == pytest.approx(5.0, abs=2.0)
    assert lumbar.max() == pytest.approx(40.0)


def test_each_exercise_has_a_style_and_each_style_an_exercise() -> None:
    assert {style.exercise for style in STYLES.values()} == {
        "deadlift",
        "rdl",
        "swing",
        "squat",
        "good_morning",
        "drill",
    }
