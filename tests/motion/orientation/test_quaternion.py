"""Our scalar quaternions against scipy, and their corner cases."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from imu_hinge.motion.orientation import quaternion


def plain(function):
    """The function itself, with or without the JIT."""
    return getattr(function, "py_func", function)


multiply, rotate, rotate_between, turn, rows = (
    plain(f)
    for f in (
        quaternion.multiply,
        quaternion.rotate,
        quaternion.rotate_between,
        quaternion.from_rotation_vector,
        quaternion.to_matrix,
    )
)
vectors = st.tuples(*[st.floats(-3.0, 3.0)] * 3)


def scipy_of(q):
    return Rotation.from_quat(q, scalar_first=True)


@settings(deadline=None, max_examples=60)
@given(vectors, vectors, vectors)
def test_turn_multiply_rotate_agree_with_scipy(a, b, v):
    p, q = turn(*a), turn(*b)
    expected = Rotation.from_rotvec(a) * Rotation.from_rotvec(b)
    assert (scipy_of(multiply(p, q)).inv() * expected).magnitude() < 1e-9
    np.testing.assert_allclose(rotate(q, *v), Rotation.from_rotvec(b).apply(v), atol=1e-8)
    np.testing.assert_allclose(np.array(rows(q)) @ v, Rotation.from_rotvec(b).apply(v), atol=1e-8)


def test_turn_by_nothing_is_exactly_the_identity():
    assert turn(0.0, 0.0, 0.0) == (1.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("angle_deg", [0.001, 1.0, 30.0, 115.0])
def test_turn_is_exact_to_rounding_where_sensors_turn(angle_deg):
    angle = math.radians(angle_deg)
    w, x, y, z = turn(0.0, angle, 0.0)
    assert abs(w - math.cos(angle / 2)) < 3e-16
    assert abs(y - math.sin(angle / 2)) < 3e-16
    assert x == z == 0.0


@given(vectors, st.floats(-0.01, 0.01))
@settings(deadline=None, max_examples=30)
def test_renormalize_brings_an_almost_unit_quaternion_back(a, off):
    q = tuple((1.0 + off) * x for x in turn(*a))
    back = plain_renormalize(q)
    assert abs(sum(x * x for x in back) - 1.0) < 4.0 * off * off + 1e-9


def plain_renormalize(q):
    return plain(quaternion.renormalize)(q)


@pytest.mark.parametrize(("angle", "tolerance"), [(0.0, 0.0), (0.2, 1e-7), (0.8, 1e-4)])
def test_rotate_between_is_half_way(angle, tolerance):
    first = turn(0.1, 0.2, -0.3)
    second = multiply(first, turn(angle, 0.0, 0.5 * angle))
    expected = scipy_of(first) * Rotation.from_rotvec((0.5 * angle, 0.0, 0.25 * angle))
    v = (1.0, -2.0, 9.0)
    np.testing.assert_allclose(rotate_between(first, second, v), expected.apply(v), rtol=1e-14, atol=10.0 * tolerance)
