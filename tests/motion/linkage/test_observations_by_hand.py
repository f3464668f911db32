"""What the linkage is told and expects, number by number: how often a look counts, priors, limits, references."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from imu_hinge.athlete import Athlete
from imu_hinge.model import Array
from imu_hinge.motion.linkage import factors, forward_kinematics, layout
from imu_hinge.motion.linkage.anthropometry import body_of, carried_mass, segment_sds, size_sd
from imu_hinge.motion.linkage.goodness_of_fit import what_does_not_fit
from imu_hinge.motion.linkage.map_estimate import MODEL_SD_RAD, TO_ANGLES, constants_of
from imu_hinge.motion.linkage.observations import LinkageInputs, bend_of, nodes_of, observations_of, path_length_rad
from imu_hinge.motion.linkage.personal_references import is_calibrated, observed_at, with_references
from imu_hinge.motion.linkage.posture_priors import POSTURE_PRIORS, limits_of, posture_prior, within_set
from imu_hinge.motion.linkage.set_parameters import SetParameters, set_parameter_prior

DEG = math.radians(1.0)
ATHLETE = Athlete(height_m=1.75)


def inputs_of(n: int = 201, *, rate_hz: float = 100.0, speed_deg_s: float = 30.0, **changes: object) -> LinkageInputs:
    """Return a sacrum that turns evenly."""
    time_s = np.arange(n) / rate_hz
    plain = LinkageInputs(
        time_s=time_s,
        inclination_rad={"sacrum": speed_deg_s * DEG * time_s},
        inclination_sd_rad={"sacrum": np.full(n, 1.0 * DEG)},
        exercise="deadlift",
    )
    return replace(plain, **changes)


def test_the_way_is_that_of_the_sensor_that_moves_most() -> None:
    way = path_length_rad(inputs_of())
    assert (way[150] - way[50]) / DEG == pytest.approx(30.0)
    sinking = {"sacrum": -0.4 * np.arange(201) / 100.0}  # 0.4 m/s are worth one rad/s
    far = path_length_rad(inputs_of(height_m=sinking, height_sd_m={"sacrum": np.full(201, 0.01)}))
    assert far[150] - far[50] == pytest.approx(1.0)


def test_a_shake_leads_nowhere() -> None:
    shaken = np.where(np.arange(201) % 2 == 0, 0.0, 2.0 * DEG)
    way = path_length_rad(inputs_of(inclination_rad={"sacrum": shaken}))
    assert way[150] - way[50] < 100 * 2.1 * DEG / 15.0  # over 0.15 s next to nothing is left of each step


def test_how_deep_a_body_is_bent_is_told_by_the_sensor_that_says_most() -> None:
    at = np.full(201, 0.5)
    assert bend_of(inputs_of(inclination_rad={"sacrum": at}))[0] == pytest.approx(1.4 * 0.5)
    assert bend_of(inputs_of(inclination_rad={"t12": at}))[0] == pytest.approx(0.5)
    assert bend_of(inputs_of(inclination_rad={"sacrum": 2.0 * at}))[0] == pytest.approx(1.4)
    heights = {"height_m": {"t12": -0.4 * np.ones(201)}, "height_sd_m": {"t12": at}}
    assert bend_of(inputs_of(inclination_rad={"t12": at}, **heights))[0] == pytest.approx(1.0)


def test_nodes_stand_every_six_degrees_and_every_half_second_and_where_the_bar_lands_and_leaves() -> None:
    moving = inputs_of()  # 60 degrees within two seconds
    nodes = nodes_of(moving, path_length_rad(moving))
    assert np.diff(path_length_rad(moving)[nodes]).max() <= 6.0 * DEG
    assert nodes.size == 1 + 60 // 6 + 4
    resting = inputs_of(401, speed_deg_s=0.0)
    assert nodes_of(resting, path_length_rad(resting)).tolist() == [0, 50, 100, 150, 200, 250, 300, 350, 400]
    on_floor = np.zeros(401)
    on_floor[130:171] = 1.0
    touched = replace(resting, on_floor=on_floor, neutral_at=(77,))
    assert {77, 130, 170} <= set(nodes_of(touched, path_length_rad(touched)).tolist())


def test_an_inclination_and_a_height_count_once_per_their_way_and_time() -> None:
    n = 201
    heights = {"height_m": {"sacrum": np.full(n, -0.1)}, "height_sd_m": {"sacrum": np.full(n, 0.01)}}
    inputs = inputs_of(n, speed_deg_s=0.0, **heights)
    found = observations_of(inputs, np.array([0, 100]), np.zeros(n))  # a second without way
    small = 1e-4
    look = small / (3.0 * DEG) + 1.0 / 0.25
    assert found.inclination_var[1, 0] == pytest.approx((1.0 * DEG) ** 2 / look)
    assert found.height_var[1, 0] == pytest.approx(0.01**2 / (small / 0.15 + 1.0 / 0.5))
    assert found.coupling_weight[1] == pytest.approx(small / 1.2 + 1.0 / 4.0)
    moved = observations_of(inputs, np.array([0, 100]), np.linspace(0.0, 0.6, n))  # 0.3 rad in the second
    look = (0.3 + small) / (3.0 * DEG) + 4.0
    assert moved.inclination_var[1, 0] == pytest.approx((1.0 * DEG) ** 2 / look)
    assert moved.coupling_weight[1] == pytest.approx((0.3 + small) / 1.2 + 0.25)
    first = small / (3.0 * DEG) + 0.5 / 0.25  # the first node is worth half a second
    assert found.inclination_var[0, 0] == pytest.approx((1.0 * DEG) ** 2 / first)


def test_no_value_is_known_better_than_a_filter_and_an_integral_can_tell() -> None:
    n = 201
    tiny = {"sacrum": np.full(n, 1e-4)}
    inputs = inputs_of(n, speed_deg_s=0.0, inclination_sd_rad=tiny, height_m={"sacrum": np.zeros(n)}, height_sd_m=tiny)
    found = observations_of(inputs, np.array([0, 100]), np.zeros(n))
    assert math.sqrt(found.inclination_var[1, 0] * (1e-4 / (3.0 * DEG) + 4.0)) / DEG == pytest.approx(0.5)
    assert math.sqrt(found.height_var[1, 0] * (1e-4 / 0.15 + 2.0)) == pytest.approx(0.006)


@pytest.mark.parametrize(
    ("height_m", "inclination_rad", "placement", "more_m"),
    [(0.03, 0.0, "sacrum", 0.06), (0.0, -0.2, "sacrum", 0.04), (0.0, -0.2, "thigh", 0.0), (-0.3, 0.2, "sacrum", 0.0)],
)
def test_a_height_above_standing_or_of_who_leans_back_tells_less(
    height_m: float, inclination_rad: float, placement: str, more_m: float
) -> None:
    n = 201
    inputs = LinkageInputs(
        time_s=np.arange(n) / 100.0,
        inclination_rad={placement: np.full(n, inclination_rad)},
        inclination_sd_rad={placement: np.full(n, 0.02)},
        height_m={placement: np.full(n, height_m)},
        height_sd_m={placement: np.full(n, 0.01)},
    )
    found = observations_of(inputs, np.array([0, 100]), np.zeros(n))
    assert found.height_var[1, 0] == pytest.approx((0.01**2 + more_m**2) / (1e-4 / 0.15 + 2.0))


def test_what_no_sensor_tells_has_no_weight() -> None:
    inputs = inputs_of()
    inputs.inclination_rad["sacrum"][100] = math.nan
    found = observations_of(inputs, np.array([0, 100, 200]), path_length_rad(inputs))
    assert np.isinf(found.inclination_var[:, 0]).tolist() == [False, True, False]
    assert np.isinf(found.height_var).all()
    assert found.on_floor.tolist() == [0.0, 0.0, 0.0]


def test_every_contact_with_the_floor_is_worth_one_look_at_least() -> None:
    n = 801
    on_floor = np.zeros(n)
    on_floor[100:151] = 1.0  # half a second
    on_floor[300:701] = 1.0  # four seconds
    inputs = inputs_of(n, speed_deg_s=0.0, on_floor=on_floor)
    at = np.array([0, 100, 150, 300, 500, 700, 800])
    found = observations_of(inputs, at, np.zeros(n)).on_floor
    assert found[[0, 6]].tolist() == [0.0, 0.0]
    assert found[1:3].sum() == pytest.approx(1.5 + 2e-4 / 0.6, rel=1e-3)  # one second and a half since the node before
    assert found[3:6].sum() == pytest.approx(5.5, rel=1e-3)
    brief = observations_of(inputs, np.array([0, 149, 150, 800]), np.linspace(0.0, 1e-3, n)).on_floor
    quick = observations_of(inputs, np.array([148, 149, 150, 800]), np.zeros(n)).on_floor
    assert brief[1:3].sum() == pytest.approx(1.5, rel=1e-2)
    assert quick[0:3].sum() == pytest.approx(1.0)  # half a second at the first node: made one look


def test_the_posture_strays_by_the_root_of_way_and_time() -> None:
    inputs = inputs_of(speed_deg_s=0.0)
    still = observations_of(inputs, np.array([0, 100]), np.zeros(201)).process_variance[1]
    np.testing.assert_allclose(np.sqrt(still)[1:3] / DEG, [3.0, 3.0], rtol=0.05)
    moved = observations_of(inputs, np.array([0, 100]), np.linspace(0.0, 2.0, 201)).process_variance[1]
    np.testing.assert_allclose((moved - still)[1:3], (70.0 * DEG) ** 2 * 1.0, rtol=1e-3)
    prior = posture_prior("deadlift")
    habits = np.array([2.5, 3.5, 2.0]) * DEG  # at rest, standing upright
    np.testing.assert_allclose((moved - still)[[0, 3, 4]], 2.0 * habits**2 / 1.2, rtol=1e-3)
    bent = within_set(prior, np.array([1.0]))[0]
    np.testing.assert_allclose(bent, 0.6 * np.array([0.10, 0.15, 0.05]) + habits)


def test_habits_are_those_of_the_exercise_and_say_little_of_a_back_that_is_measured() -> None:
    assert posture_prior("auto") == POSTURE_PRIORS["drill"]
    both = {"sacrum": np.zeros(9), "t12": np.zeros(9)}
    spanned = inputs_of(9, inclination_rad=both).posture_prior
    assert spanned.lumbar_sd == pytest.approx(4.0 * POSTURE_PRIORS["deadlift"].lumbar_sd)
    assert spanned._replace(lumbar_sd=0.15) == POSTURE_PRIORS["deadlift"]
    pelvis_alone = inputs_of(9, inclination_rad={"sacrum": np.zeros(9), "hip": np.zeros(9)})
    assert pelvis_alone.posture_prior == POSTURE_PRIORS["deadlift"]


@pytest.mark.parametrize(
    ("posture_deg", "over_deg", "soft_deg"),
    [
        ((-10.0, 0.0, 60.0, 0.0, 0.0), 5.0, 3.0),  # knee of -10, 5 allowed
        ((30.0, 112.0, 15.0, 0.0, 0.0), 2.0, 6.0),  # knee of 142
        ((10.0, 92.0, 40.0, 0.0, 0.0), 2.0, 6.0),  # hip of 132
        ((38.0, 40.0, 60.0, 0.0, 0.0), 3.0, 4.0),  # shank leans 38
        ((0.0, 40.0, 60.0, 58.0, 0.0), 3.0, 9.0),  # lumbar flexion of 58
        ((0.0, 40.0, 60.0, -2.0, 0.0), 2.0, 5.0),  # no extension in a deep bend
        ((0.0, 40.0, 60.0, 0.0, -7.0), 2.0, 3.0),
        ((-12.0, 40.0, 60.0, 0.0, 0.0), 2.0, 5.0),  # shank leans back
        ((0.0, 40.0, 60.0, 0.0, 0.0), None, 0.0),
    ],
)
def test_joints_bend_so_far_and_how_softly(
    posture_deg: tuple[float, ...], over_deg: float | None, soft_deg: float
) -> None:
    limit, at = limits_of(55.0 * DEG, 9.0 * DEG)
    over = limit @ (np.array(posture_deg) * DEG) - at[:, 0]
    beyond = np.flatnonzero(over > 1e-9)
    if over_deg is None:
        assert beyond.size == 0
    else:
        (which,) = beyond
        assert (over[which] / DEG, at[which, 2] / DEG) == pytest.approx((over_deg, soft_deg))


def rows_at(
    x: Array, *, bend_rad: float, own: float = 1.0, habit: float = 0.0, on_floor: float = 0.0
) -> tuple[Array, Array]:
    """Return residual and variance of bar, balance, habits and limits of a lifter of whom no sensor tells."""
    inputs = inputs_of(5)
    constants = constants_of(ATHLETE, inputs)
    prior = set_parameter_prior(ATHLETE, ("sacrum",), constants.posture_prior)
    observations = observations_of(inputs, np.arange(5), path_length_rad(inputs))
    observations.bend[2], observations.coupling_weight[2], observations.own[2] = bend_rad, 0.5, own
    observations.on_floor[2] = on_floor
    observations.inclination_var[:] = math.inf
    u = np.concatenate([np.zeros(5), prior.mean])
    u[[layout.SHANK_COUPLING, layout.LUMBAR_COUPLING, layout.THORACIC_COUPLING]] = habit
    rows = factors.room_for(prior.mean.size)
    body = forward_kinematics.scaled(constants.body, u)
    n = factors.gather(rows, x, u, body, constants, observations, 2)
    return rows.residual[:n].copy(), rows.variance[:n].copy()


def test_habits_are_held_as_loosely_as_people_differ_and_limits_only_beyond_them() -> None:
    x = np.array([0.1, 0.6, 0.5, 0.3, 0.05])
    residual, variance = rows_at(x, bend_rad=1.0)
    prior = POSTURE_PRIORS["deadlift"]
    trunk = 0.8
    expected = [x[0] - prior.shank * x[1], x[3] - prior.lumbar * trunk, x[4] - prior.thoracic * trunk]
    np.testing.assert_allclose(residual[-3:], expected, atol=1e-12)
    sds = 0.6 * np.array([prior.shank_sd, prior.lumbar_sd, prior.thoracic_sd]) + np.array([2.5, 3.5, 2.0]) * DEG
    np.testing.assert_allclose(variance[-3:], sds**2 / 0.5)
    strangers = rows_at(x, bend_rad=1.0, own=0.0)[1][-3:]
    sds = np.array([prior.shank_sd, prior.lumbar_sd, prior.thoracic_sd]) + np.array([2.5, 3.5, 2.0]) * DEG
    np.testing.assert_allclose(strangers, sds**2 / 0.5)
    beyond = x.copy()
    beyond[layout.LUMBAR] = 60.0 * DEG
    residual, variance = rows_at(beyond, bend_rad=1.0)
    assert residual[-1] / DEG == pytest.approx(60.0 - ATHLETE.value("lumbar_max_flexion_deg"))
    assert math.sqrt(variance[-1]) / DEG == pytest.approx(ATHLETE.value("lumbar_max_flexion_sd_deg"))


def test_the_bar_on_the_floor_hangs_where_it_is_and_the_body_lies_behind_mid_foot() -> None:
    x = np.array([0.1, 0.6, 0.5, 0.3, 0.05])
    lifted, lifted_variance = rows_at(x, bend_rad=0.8)
    assert math.sqrt(0.5 * lifted_variance[0]) == pytest.approx(0.3)
    standing, variance = rows_at(x, bend_rad=0.8, on_floor=2.0)
    np.testing.assert_allclose(np.sqrt(variance[:3] * [2.0, 2.0, 0.5]), [0.010, 0.006, 0.03])
    assert standing[2] - lifted[0] == pytest.approx(0.05 * 0.8)
    np.testing.assert_array_equal(standing[3:], lifted[1:])
    lower, _ = rows_at(np.array([0.1, 0.6, 0.6, 0.3, 0.05]), bend_rad=0.8, on_floor=2.0)
    assert lower[0] > standing[0], "who leans farther has the shoulder farther ahead"
    assert lower[1] < standing[1], "and the bar lower"


def test_a_set_keeps_to_its_own_habit_and_what_was_before_it_to_everybody_s() -> None:
    x = np.array([0.1, 0.6, 0.5, 0.3, 0.05])
    plain, own = rows_at(x, bend_rad=1.0)[0][-3:], rows_at(x, bend_rad=1.0, habit=0.1)[0][-3:]
    np.testing.assert_allclose(plain - own, 0.1 * np.array([0.6, 0.8, 0.8]))  # of thigh and trunk
    np.testing.assert_array_equal(rows_at(x, bend_rad=1.0, own=0.0, habit=0.1)[0][-3:], plain)


@pytest.mark.parametrize(("bend_deg", "allowed_deg"), [(0.0, 18.0), (20.0, 9.0), (40.0, 0.0), (80.0, 0.0)])
def test_the_lumbar_spine_extends_the_less_the_deeper_the_bend(bend_deg: float, allowed_deg: float) -> None:
    for more_deg in (-0.5, 0.5):
        x = np.array([0.0, 0.1, 0.1, -(allowed_deg + more_deg) * DEG, 0.0])
        count = rows_at(x, bend_rad=bend_deg * DEG)[0].size
        x[layout.LUMBAR] = 0.0
        assert (count - rows_at(x, bend_rad=bend_deg * DEG)[0].size == 1) == (more_deg > 0.0)


def test_what_is_expected_of_a_set_and_how_well() -> None:
    prior = set_parameter_prior(ATHLETE, ("sacrum", "t12"), POSTURE_PRIORS["deadlift"])
    expected = {
        "size": (0.0, 0.015 / 1.75),
        "thigh": (0.0, 0.025),
        "arm": (0.0, 0.025),
        "mid_foot_m": (0.07, 0.012),
        "reach_m": (0.05, 0.03),
        "bar_height_m": (0.225, math.hypot(0.010, 0.006)),
        "balance_m_per_rad": (0.0, 0.03),
        "shank_habit": (0.0, 0.10),
        "lumbar_habit": (0.0, 0.15),
        "thoracic_habit": (0.0, 0.05),
        "sacrum.zero_rad": (0.0, 0.8 * DEG),
        "sacrum.softness": (0.065, 0.0202),
        "sacrum.share": (0.0, 0.02),
        "sacrum.ahead_m": (-0.115, 0.015),
        "sacrum.up_m": (0.075, 0.02),
        "t12.softness": (0.025, 0.0318),
        "t12.share": (1.0, 0.04),
        "t12.ahead_m": (-0.06, 0.03),
        "t12.up_m": (0.0, 0.025),
        "t12.height_drift_m_per_rad": (0.0, 0.003),
    }
    for name, value in expected.items():
        assert prior[name] == pytest.approx(value), name
    shank, lumbar = prior.names.index("shank_habit"), prior.names.index("lumbar_habit")
    assert prior.covariance[shank, lumbar] == pytest.approx(-0.5 * 0.10 * 0.15)
    stated = set_parameter_prior(replace(ATHLETE, plate_radius_m=0.21), ("sacrum",), POSTURE_PRIORS["deadlift"])
    assert stated["bar_height_m"] == pytest.approx((0.21, math.hypot(0.003, 0.006)))


def test_a_body_has_winter_s_shares_and_what_is_stated() -> None:
    body = body_of(ATHLETE)
    np.testing.assert_allclose(body, [0.06825, 0.4305, 0.42875, -0.03, 0.10, 0.17, 0.224, 0.6755])
    stated = replace(ATHLETE, shank_m=0.45, trunk_m=0.5434)  # a tenth more than 0.494
    longer = body_of(stated)
    assert (longer.shank, longer.thigh) == pytest.approx((0.45, 0.42875))
    np.testing.assert_allclose(longer[3:7], 1.1 * np.array([-0.03, 0.10, 0.17, 0.224]))
    assert segment_sds(stated) == (0.015, 0.025, 0.015, 0.015, 0.015, 0.025)
    assert size_sd(Athlete()) == pytest.approx(0.10 / Athlete().value("height_m"))


def test_segments_carry_what_lies_above_them() -> None:
    """De Leva's table 4, percent of body mass of women and men; masses lie on the chain where the table puts them."""
    women_men = {
        "head": (6.68, 6.94),
        "upper": (15.45, 15.96),
        "middle": (14.65, 16.33),
        "lower": (12.47, 11.17),
        "upper arm": (2.55, 2.71),
        "forearm": (1.38, 1.62),
        "hand": (0.56, 0.61),
        "thigh": (14.78, 14.16),
        "shank": (4.81, 4.33),
        "foot": (1.29, 1.37),
    }
    mass = {name: 0.005 * sum(both) for name, both in women_men.items()}
    arms = 2.0 * (mass["upper arm"] + mass["forearm"] + mass["hand"])
    trunk = mass["upper"] + mass["middle"] + mass["lower"]
    legs = 2.0 * (mass["thigh"] + mass["shank"] + mass["foot"])
    assert mass["head"] + trunk + arms + legs == pytest.approx(1.0, abs=1e-3)
    above_hip = mass["head"] + trunk + arms
    expected = [
        above_hip + 2.0 * mass["thigh"] + 0.57 * 2.0 * mass["shank"],
        above_hip + 0.59 * 2.0 * mass["thigh"],
        above_hip - 0.5 * mass["lower"],
        above_hip - mass["lower"] - 0.5 * mass["middle"],
        1.67 * mass["head"] + 0.55 * mass["upper"] + arms,
        0.0,
    ]
    np.testing.assert_allclose(carried_mass(), expected, atol=3e-4)


def test_angles_are_sums_of_the_posture_s() -> None:
    shank, thigh, pelvis, lumbar, thoracic = 1.0, 10.0, 100.0, 1000.0, 10000.0
    np.testing.assert_array_equal(TO_ANGLES @ [shank, thigh, pelvis, lumbar, thoracic], [100, 1100, 1000, 110, 11])
    standing = np.array([0.0, 0.0, 0.0, 1.25, 2.5]) / math.sqrt(3.0)  # evenly from straight to twice the mean
    np.testing.assert_allclose(MODEL_SD_RAD / DEG, np.hypot([0, 0, 0, 4, 4], standing))


def parameters(mean: dict[str, float], sd: float = 0.02) -> SetParameters:
    names = ("size", "thigh", "bar_height_m", "sacrum.up_m", "sacrum.zero_rad")
    return SetParameters(names, np.array([mean.get(n, 0.0) for n in names]), np.eye(5) * sd**2)


@pytest.mark.parametrize(
    ("mean", "words"),
    [
        ({"thigh": 0.06, "sacrum.up_m": 0.01}, "the thigh is 6.0 % longer than expected, where people differ by 2.0 %"),
        ({"thigh": 0.01, "sacrum.up_m": -0.12}, "the sacrum sensor sits 12 cm lower"),
        ({"size": -0.05, "sacrum.zero_rad": 0.9}, "the body is 5.0 % smaller"),
    ],
)
def test_what_fits_least_is_told_with_its_way(mean: dict[str, float], words: str) -> None:
    assert what_does_not_fit(parameters(mean), parameters({})).startswith(words)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mid_foot_m", "mid-foot is 6.0 cm farther ahead of the ankle"),
        ("reach_m", "the shoulder is 6.0 cm farther ahead of the bar"),
        ("bar_height_m", "the bar on the floor is 6.0 cm higher"),
        ("balance_m_per_rad", "the body is balanced 6.0 cm per radian farther forward"),
        ("lumbar_habit", "the lumbar spine does 6.0 % more of the bend"),
        ("t12.softness", "the t12 sensor turns 6.0 % less"),
        ("t12.share", "the t12 sensor takes 6.0 % more of lumbar flexion"),
        ("t12.ahead_m", "the t12 sensor sits 6.0 cm farther forward"),
        ("t12.height_drift_m_per_rad", "the height of the t12 sensor drifts 6.0 cm per radian up"),
    ],
)
def test_shares_are_told_in_percent_and_lengths_in_centimetres(name: str, words: str) -> None:
    found, expected = (SetParameters((name,), np.array([value]), np.array([[0.02**2]])) for value in (0.06, 0.0))
    unit = words.split("6.0 ")[1].split(" ")[0]
    assert what_does_not_fit(found, expected).startswith(f"{words} than expected, where people differ by 2.0 {unit}")


def test_a_conflict_is_in_standard_deviations_of_what_was_learned() -> None:
    """Of four equal unknowns whose variance a set halves: squares over 0.7 of it, trace 4 / 1.4."""
    expected = parameters({})
    for off in (0.0, 0.02, 0.06):
        found = replace(parameters({"size": off, "sacrum.zero_rad": 9.0}), covariance=0.5 * expected.covariance)
        each = 0.5 / 0.7
        trace, squares = 4.0 * each, 4.0 * each**2
        count, total = trace**2 / squares, off**2 / (0.7 * 0.02**2) * trace / squares
        ninth = 2.0 / (9.0 * count)
        score = ((total / count) ** (1.0 / 3.0) - (1.0 - ninth)) / math.sqrt(ninth)
        assert found.prior_conflict(expected) == pytest.approx(score)


def test_references_are_means_at_the_hinges_with_what_they_repeat() -> None:
    n = 100
    inclination = np.zeros(n)
    inclination[[10, 20, 30]] = 40.0 * DEG, 44.0 * DEG, 45.0 * DEG
    inputs = inputs_of(
        n,
        inclination_rad={"sacrum": inclination},
        inclination_sd_rad={"sacrum": np.full(n, 2.0 * DEG)},
        height_m={"sacrum": np.full(n, -0.1)},
        height_sd_m={"sacrum": np.full(n, 0.02)},
        on_floor=np.ones(n),
    )
    found = observed_at(inputs, [10, 20, 30])
    assert found["clean_hinge.sacrum.inclination_rad"] / DEG == pytest.approx(43.0)
    assert found["clean_hinge.sacrum.inclination_sd_rad"] / DEG == pytest.approx(math.hypot(2.0 / math.sqrt(2.0), 0.7))
    assert found["clean_hinge.sacrum.height_m"] == pytest.approx(-0.1)
    assert found["clean_hinge.sacrum.height_sd_m"] == pytest.approx(0.02 / math.sqrt(2.0))
    assert found["clean_hinge.on_floor"] == 1.0
    assert observed_at(inputs, [10])["clean_hinge.sacrum.height_sd_m"] == pytest.approx(0.02)
    inclination[30] = math.nan  # one hinge lies in a hole: the others tell
    assert observed_at(inputs, [10, 20, 30])["clean_hinge.sacrum.inclination_rad"] / DEG == pytest.approx(42.0)
    assert "clean_hinge.sacrum.inclination_rad" not in observed_at(inputs, [30])
    calibrated = replace(ATHLETE, references=found)
    assert is_calibrated(calibrated, ("t12", "sacrum"))
    assert not is_calibrated(calibrated, ("t12",))
    observations = observations_of(inputs, np.array([0, 50]), path_length_rad(inputs))
    joined, count = with_references(observations, calibrated, ("sacrum",))
    assert (count, joined.own.tolist(), joined.bend[0], joined.coupling_weight[0]) == (1, [0.0, 1.0, 1.0], 1.2, 1.0)
    assert joined.inclination[0, 0] / DEG == pytest.approx(43.0)
    np.testing.assert_allclose(joined.told[0] / DEG, [10.0, 2.9])
    assert np.isinf(joined.process_variance[:2]).all()
    assert np.isfinite(joined.process_variance[2]).all()
    assert with_references(observations, ATHLETE, ("sacrum",)) == (observations, 0)
