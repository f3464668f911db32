"""The filter's constants and the steps of its Kalman filter against scipy and dense algebra."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import butter

from imu_hinge.motion.orientation import bias, smoothing
from imu_hinge.motion.orientation.parameters import butterworth, constants, initial_state, params
from imu_hinge.motion.orientation.state import BIAS, COV, Q_IS, Q_WI, SD

DEG = math.radians(1.0)


def plain(function):
    return getattr(function, "py_func", function)


@pytest.mark.parametrize("tau_s", [0.5, 3.0])
def test_a_lowpass_is_scipy_s(tau_s):
    b0, a1, a2, start = butterworth(tau_s, 0.01)
    b, a = butter(2, math.sqrt(2.0) / (2.0 * math.pi * tau_s), fs=100.0)
    assert (b0, a1, a2) == pytest.approx((b[0], a[1], a[2]))
    assert start == pytest.approx(tau_s * 100.0)


def test_what_is_chosen_is_what_is_said():
    p = params(100.0)
    assert (p.tau_acc_s, p.tau_acc_unknown_s, p.tau_rest_s, p.rest_min_s, p.stretch_s) == (3.0, 2.0, 0.5, 0.5, 0.05)
    assert (p.rest_gyr_rad_s / DEG, p.rest_acc_mps2, p.bias_clip_rad_s / DEG) == pytest.approx((2.0, 0.5, 4.0))
    assert p.bias_known_rad_s / DEG == pytest.approx(0.2)
    assert (p.bias_start_rad_s / DEG, p.bias_motion_rad_s / DEG) == pytest.approx((1.0, 0.1))
    assert (p.bias_rest_rad_s / DEG, p.bias_forgetting_s, p.vertical_forgetting) == pytest.approx((0.03, 100.0, 1e-4))


def test_the_bias_settles_where_it_is_said_to():
    """A Kalman filter of a random walk rests where growth, noise and variance balance: P² / (P + R) = V."""
    c = constants(params(100.0))
    assert (c.dt, c.stretch, c.stretch_s) == (0.01, 5.0, 0.05)
    growth = (0.1 * DEG) ** 2 * 0.05 / 100.0
    assert c.cov_growth == pytest.approx(growth)
    for settled_deg_s, noise in ((0.1, c.noise_motion), (0.03, c.noise_rest)):
        variance = (settled_deg_s * DEG) ** 2
        for _ in range(3):  # one stretch leaves it as it is
            before = variance + growth
            after = before - before**2 / (before + noise)
            assert after == pytest.approx(variance, rel=1e-3)
    assert c.noise_vertical == pytest.approx(1e4 * c.noise_motion)
    assert c.noise_sway == pytest.approx((0.5 * DEG) ** 2 / 0.1)
    assert (c.cov_start, c.bias_clip) == pytest.approx(((1.0 * DEG) ** 2, 4.0 * DEG))
    assert (c.up_b0, c.known_b0) == pytest.approx((butterworth(2.0, 0.01)[0], butterworth(3.0, 0.01)[0]))
    assert (c.slow_b0, c.slow_known_b0) == pytest.approx((butterworth(2.0, 0.05)[0], butterworth(3.0, 0.05)[0]))


def test_a_state_begins_upright_without_a_bias_and_unsure_of_it():
    memory = initial_state(params(100.0), lanes=2).memory
    assert (memory[[Q_IS, Q_WI]] == 1.0).all()
    assert not memory[BIAS : BIAS + 3].any()
    np.testing.assert_allclose(memory[[COV, COV + 3, COV + 5]], (1.0 * DEG) ** 2)
    np.testing.assert_allclose(memory[SD], 1.0 * DEG)


def random_covariance(seed):
    a = np.random.default_rng(seed).normal(size=(3, 3))
    dense = a @ a.T + 0.1 * np.eye(3)
    return dense, tuple(dense[np.triu_indices(3)])


@pytest.mark.parametrize("seed", range(4))
def test_one_measurement_is_a_dense_kalman_step(seed):
    dense, packed = random_covariance(seed)
    rng = np.random.default_rng(100 + seed)
    before, r = rng.normal(size=3), rng.normal(size=3)
    mean, cov = plain(bias.measure)(tuple(before), packed, tuple(r), 0.7, 0.3)
    gain = dense @ r / (r @ dense @ r + 0.3)
    np.testing.assert_allclose(mean, before + 0.7 * gain)
    np.testing.assert_allclose(cov, (dense - np.outer(gain, dense @ r))[np.triu_indices(3)])


def test_clipping_and_the_bound_of_a_deviation():
    clip, bound = plain(bias.clip), plain(bias.sd_bound)
    assert [clip(x, 2.0) for x in (-3.0, -1.0, 1.0, 3.0)] == [-2.0, -1.0, 1.0, 2.0]
    c = constants(params(100.0))
    assert bound(c, 1e-6, 4e-6, 2e-6) == pytest.approx(2e-3)
    assert bound(c, 1.0, 0.0, 0.0) == pytest.approx(1.0 * DEG)


@pytest.mark.parametrize("seed", range(3))
def test_symmetric_algebra_is_numpy_s(seed):
    dense, packed = random_covariance(seed)
    v = np.random.default_rng(seed).normal(size=3)
    np.testing.assert_allclose(plain(smoothing.times)(packed, tuple(v)), dense @ v)
    np.testing.assert_allclose(plain(smoothing.inverse)(packed), np.linalg.inv(dense)[np.triu_indices(3)])
    assert plain(smoothing.absolute_sum)(tuple(v)) == pytest.approx(np.abs(v).sum())
