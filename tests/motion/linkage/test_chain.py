"""The chain's geometry against an independent forward model, and its Jacobians against finite differences."""

import numpy as np
import pytest
from planar_lifter import STYLES, Lifter

from imu_hinge.athlete import Athlete
from imu_hinge.motion.linkage import block_tridiagonal, coordinates, factors, forward_kinematics, layout, set_parameters
from imu_hinge.motion.linkage.anthropometry import body_of, carried_mass
from imu_hinge.motion.linkage.map_estimate import constants_of
from imu_hinge.motion.linkage.observations import LinkageInputs, nodes_of, observations_of, path_length_rad
from imu_hinge.motion.linkage.sensor_sites import SITES

EVERYWHERE = tuple(SITES)


def constants_and_observations(n=4, seed=0):
    """Random observations at every placement, some on the floor."""
    rng = np.random.default_rng(seed)
    inputs = LinkageInputs(
        time_s=np.arange(n) * 0.3,
        inclination_rad={p: rng.normal(0.5, 0.3, n) for p in EVERYWHERE},
        inclination_sd_rad={p: np.full(n, 0.02) for p in EVERYWHERE},
        height_m={p: rng.normal(-0.2, 0.05, n) for p in EVERYWHERE},
        height_sd_m={p: np.full(n, 0.01) for p in EVERYWHERE},
        on_floor=np.array([0.0, 1.0, 1.0, 0.0])[:n],
        neutral_at=(1,),
    )
    athlete = Athlete(height_m=1.8)
    way = path_length_rad(inputs)
    observations = observations_of(inputs, np.union1d(nodes_of(inputs, way), np.arange(n)), way)
    constants = constants_of(athlete, inputs)
    return constants, observations, set_parameters.set_parameter_prior(athlete, EVERYWHERE, constants.posture_prior)


def rows_of(constants, observations, x, u, i, *, stiffened=False):
    rows = factors.room_for(u.size - layout.STATES)
    n = factors.gather(rows, x, u, forward_kinematics.scaled(constants.body, u), constants, observations, i)
    n = factors.add_second_order_terms(rows) if stiffened else n
    return rows.residual[:n].copy(), rows.jacobian[:n].copy(), rows.variance[:n].copy()


@pytest.mark.parametrize("style", STYLES)
def test_shoulder_and_bar_agree_with_independent_geometry(style):
    lifter = Lifter(height=1.68)
    x = lifter.at_floor(style)
    body = body_of(Athlete(height_m=1.68))
    links, pos, jac = forward_kinematics.empty_chain(), np.zeros(2), np.zeros((2, 20))
    forward_kinematics.place_all(links, x, body)
    forward_kinematics.point(links, np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.0]), pos, jac)
    mid = 0.07 * 1.68 / 1.75
    forward_kinematics.hanging_bar(links, body, mid, pos, jac)
    true = lifter.points(x)
    assert pos[0] == pytest.approx(true["shoulder"][0] - mid, abs=1e-9)
    assert pos[1] == pytest.approx(true["bar"][1], abs=1e-9)


@pytest.mark.parametrize("placement", EVERYWHERE)
def test_a_sensors_rows_vanish_at_the_truth(placement):
    """Inclination and height of an ideal sensor leave no residual at the true posture."""
    lifter = Lifter()
    x = lifter.at_floor("average")
    inclination, height = lifter.sensor(placement, x)
    standing = lifter.sensor(placement, np.zeros(5))[1]
    inputs = LinkageInputs(
        time_s=np.array([0.0]),
        inclination_rad={placement: np.array([inclination])},
        inclination_sd_rad={placement: np.array([0.01])},
        height_m={placement: np.array([height - standing])},
        height_sd_m={placement: np.array([0.01])},
    )
    athlete = Athlete(height_m=1.75)
    constants = constants_of(athlete, inputs)
    prior = set_parameters.set_parameter_prior(athlete, (placement,), constants.posture_prior)
    observations = observations_of(inputs, np.array([0]), path_length_rad(inputs))
    residual, _, _ = rows_of(constants, observations, x, np.concatenate([np.zeros(5), prior.mean]), 0)
    assert residual[:2] == pytest.approx([0.0, 0.0], abs=1e-9)


@pytest.mark.parametrize("instant", range(4))
def test_every_row_of_evidence_has_the_derivative_it_claims(instant):
    constants, observations, prior = constants_and_observations()
    rng = np.random.default_rng(instant)
    for middle in ([0.2, 0.8, 0.7, 0.4, 0.1], [-0.2, 0.0, -0.2, 1.2, -0.2]):
        x = np.array(middle) + 0.05 * rng.standard_normal(5)
        u = np.concatenate([np.zeros(5), prior.mean + 0.01 * rng.standard_normal(prior.mean.size)])
        _, claimed, _ = rows_of(constants, observations, x, u, instant)
        for k in range(u.size):
            step = np.zeros(u.size)
            step[k] = 1e-6
            more = rows_of(constants, observations, x + step[:5], u + step, instant)[0]
            less = rows_of(constants, observations, x - step[:5], u - step, instant)[0]
            assert claimed[:, k] == pytest.approx((more - less) / 2e-6, abs=1e-6), f"column {k}"


def test_straight_legs_are_held_by_what_their_second_derivative_weighs():
    """Against the exact Hessian of one height's squared residual at a straight leg, where its slope vanishes."""
    constants, observations, prior = constants_and_observations()
    u = np.concatenate([np.zeros(5), prior.mean])
    x = np.zeros(5)
    for s in range(len(EVERYWHERE)):
        observations.height[0, s] = 0.004  # 4 mm above standing: predicted 0
    slope = rows_of(constants, observations, x, u, 0)[1]
    _, stiff, stiff_variance = rows_of(constants, observations, x, u, 0, stiffened=True)
    body = forward_kinematics.scaled(constants.body, u)
    added = [(row, v) for row, v in zip(stiff[len(slope) :], stiff_variance[len(slope) :], strict=True)]
    shank = sum(row[layout.SHANK] ** 2 / v for row, v in added)
    heights = 1.0 / observations.height_var[0]
    assert shank == pytest.approx(0.004 * body.shank * heights.sum(), rel=1e-6)


def posture_and_slope(constants, y, u):
    """The posture of coordinates y (5,) under u (5 + m,), and its derivative by both in numbers, (5, 5 + m)."""

    def posture(v):
        x = np.empty(5)
        coordinates.posture_at(
            v[:5], coordinates.coupling_ratios(constants.posture_prior, np.concatenate([np.zeros(5), v[5:]])), x
        )
        return x

    at = np.concatenate([y, u[5:]])
    steps = 1e-6 * np.eye(at.size)
    return posture(at), np.array([(posture(at + step) - posture(at - step)) / 2e-6 for step in steps]).T


def test_who_bends_his_own_way_moves_in_thigh_and_pelvis_alone():
    constants, _, prior = constants_and_observations()
    u = np.concatenate([np.zeros(5), prior.mean])
    u[layout.SHANK_COUPLING], u[layout.LUMBAR_COUPLING], u[layout.THORACIC_COUPLING] = 0.1, -0.12, 0.03
    x, _ = posture_and_slope(constants, np.array([0.0, 0.9, 0.7, 0.0, 0.0]), u)
    trunk = x[layout.PELVIS] + x[layout.LUMBAR]
    posture_prior = constants.posture_prior
    assert x[layout.SHANK] == pytest.approx((posture_prior.shank + 0.1) * x[layout.THIGH])
    assert x[layout.LUMBAR] == pytest.approx((posture_prior.lumbar - 0.12) * trunk)
    assert x[layout.THORACIC] == pytest.approx((posture_prior.thoracic + 0.03) * trunk)


def test_a_pelvis_that_is_held_or_rolls_back_leaves_its_posture_told():
    """Lumbar flexion is then all of the trunk's inclination or more: a share of one would divide by nothing."""
    constants, _, prior = constants_and_observations()
    u = np.concatenate([np.zeros(5), prior.mean])
    for share in (0.99, 1.0, 1.4):
        u[layout.LUMBAR_COUPLING] = share - constants.posture_prior.lumbar
        x, slopes = posture_and_slope(constants, np.array([0.1, 0.9, -0.1, 0.06, 0.0]), u)
        by_y, by_coupling = np.empty((5, 5)), np.empty((5, 3))
        coordinates.derivatives(x, coordinates.coupling_ratios(constants.posture_prior, u), by_y, by_coupling)
        assert np.isfinite(x).all()
        assert by_y == pytest.approx(slopes[:, :5], abs=1e-6)
        assert by_coupling == pytest.approx(slopes[:, layout.SHANK_COUPLING : layout.SHANK_COUPLING + 3], abs=1e-6)


@pytest.mark.parametrize("is_stiff", [True, False])
def test_the_arrowhead_solves_what_a_dense_solver_solves(is_stiff):
    """One Gauss-Newton step and the covariances, against numpy on the whole system."""
    constants, observations, prior = constants_and_observations()
    n, m = observations.coupling_weight.size, prior.mean.size
    rng = np.random.default_rng(1)
    solution, rows = block_tridiagonal.room_for(n, m), factors.room_for(m)
    solution.u[5:] = prior.mean + 0.01 * rng.standard_normal(m)
    solution.y[:] = np.array([0.2, 0.8, 0.7, 0.4, 0.1]) + 0.05 * rng.standard_normal((n, 5))
    known = np.linalg.inv(prior.covariance)
    solution.information[:], solution.information_vector[:] = known, known @ (prior.mean - solution.u[5:])
    normal, slope = np.zeros((5 * n + m, 5 * n + m)), np.zeros(5 * n + m)
    normal[5 * n :, 5 * n :], slope[5 * n :] = known, -solution.information_vector
    for i in range(n):
        x, slopes = posture_and_slope(constants, solution.y[i], solution.u)
        residual, jacobian, variance = rows_of(constants, observations, x, solution.u, i, stiffened=is_stiff)
        jacobian = np.hstack([np.zeros((len(jacobian), 5)), jacobian[:, 5:]]) + jacobian[:, :5] @ slopes
        at = np.r_[5 * i : 5 * i + 5, 5 * n : 5 * n + m]
        normal[np.ix_(at, at)] += jacobian.T @ (jacobian / variance[:, None])
        normal[at[:5], at[:5]] += block_tridiagonal.DAMPING
        slope[at] += jacobian.T @ (residual / variance)
        if i:
            weight, off = 1.0 / observations.process_variance[i], solution.y[i] - solution.y[i - 1]
            here, before = at[:5], at[:5] - 5
            normal[here, here] += weight
            normal[before, before] += weight
            normal[here, before] -= weight
            normal[before, here] -= weight
            slope[here] += weight * off
            slope[before] -= weight * off
    _, promised = block_tridiagonal.eliminate(constants, observations, rows, solution, is_stiff)
    upper = np.triu(solution.information)
    covariance = np.linalg.inv(upper + np.triu(upper, 1).T)
    shared_step = covariance @ solution.information_vector
    largest = block_tridiagonal.substitute(observations, solution, shared_step)
    assert largest == np.abs(solution.step).max()
    blocks = np.empty((n, 5, 5))
    block_tridiagonal.marginal_covariances(constants, observations, solution, np.linalg.cholesky(covariance), blocks)
    step, inverse = -np.linalg.solve(normal, slope), np.linalg.inv(normal)
    assert solution.step.ravel() == pytest.approx(step[: 5 * n], abs=1e-7)
    assert shared_step == pytest.approx(step[5 * n :], abs=1e-7)
    assert promised + solution.information_vector @ shared_step == pytest.approx(-slope @ step, rel=1e-7)
    for i in range(n):
        x, slopes = posture_and_slope(constants, solution.y[i], solution.u)
        at = np.r_[5 * i : 5 * i + 5, 5 * n : 5 * n + m]
        assert blocks[i] == pytest.approx(slopes @ inverse[np.ix_(at, at)] @ slopes.T, abs=1e-7)
        assert block_tridiagonal.postures(constants, solution)[i] == pytest.approx(x)


def test_masses_carried_by_the_chain_are_those_of_a_body():
    """What the shank carries is the body without its feet and the shanks' lower part; each segment up carries less."""
    mass = carried_mass()
    assert 0.90 < mass[0] < 0.96
    assert (np.diff(mass[:5]) < 0).all()
    assert mass[5] == 0.0


def test_stated_lengths_replace_shares_of_height():
    body = body_of(Athlete(height_m=1.75, shank_m=0.46, trunk_m=0.52))
    assert body.shank == 0.46
    assert body.pelvis_z + body.lumbar + body.thorax == pytest.approx(0.52)
    assert body.thigh == pytest.approx(0.245 * 1.75)
