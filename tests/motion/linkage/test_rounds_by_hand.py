"""The rounds of the linkage on costs of one unknown whose minimum is known: full steps, short ones, and the end."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from imu_hinge.motion.linkage import block_tridiagonal, gauss_newton, layout
from imu_hinge.motion.linkage.set_parameters import SetParameters

M = layout.FIRST_SENSOR - layout.STATES
"""Shared unknowns of a set without sensors."""


class Cost:
    """Stand in for all evidence: a cost of the first unknown with its slope and curvature, halved as squares are."""

    def __init__(self, of: Callable[[float], tuple[float, float, float]], moved: float = 0.0) -> None:
        self.of, self.moved = of, moved
        self.tried: list[float] = []
        self.is_stiff: list[bool] = []

    def eliminate(self, _: Any, __: Any, ___: Any, solution: Any, is_stiff: bool) -> tuple[float, float]:
        at = float(solution.u[layout.STATES])
        value, slope, curvature = self.of(at)
        self.tried.append(at)
        self.is_stiff.append(is_stiff)
        solution.information[0, 0] += curvature
        solution.information_vector[0] -= slope
        return value, 0.0

    def substitute(self, _: Any, __: Any, ___: Any) -> float:
        return self.moved


def run(monkeypatch: pytest.MonkeyPatch, cost: Cost, *, start: float, prior_sd: float = 1e4) -> gauss_newton.Found:
    monkeypatch.setattr(block_tridiagonal, "eliminate", cost.eliminate)
    monkeypatch.setattr(block_tridiagonal, "substitute", cost.substitute)
    prior = SetParameters(tuple(f"u{i}" for i in range(M)), np.zeros(M), np.eye(M) * prior_sd**2)
    observations: Any = SimpleNamespace(coupling_weight=np.ones(1))
    constants: Any = None
    shared = np.zeros(M)
    shared[0] = start
    return gauss_newton.run(
        constants, observations, prior, start=gauss_newton.Start(np.zeros((1, layout.STATES)), shared)
    )


def parabola(at: float) -> tuple[float, float, float]:
    """Of a measurement 3 with sd 0.1: cost, half its slope, half its curvature."""
    return (at - 3.0) ** 2 / 0.01, (at - 3.0) / 0.01, 1.0 / 0.01


def test_one_full_step_finds_the_bottom_of_a_parabola(monkeypatch: pytest.MonkeyPatch) -> None:
    cost = Cost(parabola)
    found = run(monkeypatch, cost, start=0.0)
    assert cost.tried[:2] == [0.0, pytest.approx(3.0)]
    assert found.rounds == 2
    assert found.shared["u0"] == (pytest.approx(3.0), pytest.approx(0.1))
    assert cost.is_stiff == [True, True, False]  # what is known does not rest on straight legs


def test_a_prior_and_a_measurement_share_by_their_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    found = run(monkeypatch, Cost(parabola), start=0.0, prior_sd=0.2)
    weight, before = 1.0 / 0.01, 1.0 / 0.04
    assert found.shared["u0"] == (
        pytest.approx(3.0 * weight / (weight + before)),
        pytest.approx(1.0 / math.sqrt(weight + before)),
    )


def overshooting(at: float) -> tuple[float, float, float]:
    """Of ``200 sqrt(1 + u²)``, whose full Newton steps from afar go ever farther to the other side."""
    root = math.sqrt(1.0 + at * at)
    return 200.0 * root, 100.0 * at / root, 100.0 / root**3


def test_a_step_that_makes_it_worse_is_shortened_until_it_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    cost = Cost(overshooting)
    found = run(monkeypatch, cost, start=2.5)
    step = -2.5 * 7.25  # minus slope over curvature
    assert cost.tried[1:4] == [pytest.approx(2.5 + share * step) for share in (1.0, 0.4, 0.16)]
    assert abs(found.shared["u0"][0]) < 0.1
    assert found.rounds < gauss_newton.MOST_ROUNDS


def test_no_angle_moves_by_more_than_seven_tenths_of_a_radian_in_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    cost = Cost(parabola, moved=1.4)
    run(monkeypatch, cost, start=0.0)
    assert cost.tried[1] == pytest.approx(0.5 * 3.0)
    assert cost.tried[2] == pytest.approx(0.75 * 3.0)


def test_what_neither_fits_nor_comes_to_rest_ends_after_twelve_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    cost = Cost(parabola, moved=14.0)  # every step is a twentieth
    found = run(monkeypatch, cost, start=0.0)
    assert found.rounds == 12
    assert cost.tried[11] == pytest.approx(3.0 * (1.0 - 0.95**11))


def test_a_step_is_shortened_no_further_than_to_a_twentieth(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slope that lies: every step makes it worse."""
    cost = Cost(lambda at: (1.0 + at, -10.0, 1.0))
    run(monkeypatch, cost, start=0.0)
    assert cost.tried[1:6] == [pytest.approx(10.0 * share) for share in (1.0, 0.4, 0.16, 0.064, 0.0256)]
    assert cost.tried[6] == pytest.approx(0.256 + 10.0)  # taken as it is, and the next round begins there
