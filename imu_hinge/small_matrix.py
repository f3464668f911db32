"""Invert small symmetric matrices inside compiled loops, where a call to LAPACK costs more than the sum.

It checks nothing: a matrix that is not positive definite gives a number, not an error.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from imu_hinge.jit import subroutine

Array = npt.NDArray[np.float64]


@subroutine
def invert(a: Array, out: Array) -> None:
    """Write the inverse of the symmetric positive definite ``a`` (k, k) to ``out``; ``a`` is overwritten (Cholesky)."""
    k = a.shape[0]
    for j in range(k):
        for i in range(j, k):
            value = a[i, j]
            for m in range(j):
                value -= a[i, m] * a[j, m]
            a[i, j] = math.sqrt(max(value, 1e-12)) if i == j else value / a[j, j]
    for j in range(k):  # L^-1 into out's lower triangle
        for i in range(j, k):
            value = 1.0 if i == j else 0.0
            for m in range(j, i):
                value -= a[i, m] * out[m, j]
            out[i, j] = value / a[i, i]
    for i in range(k):  # L^-T L^-1; row i needs only rows from i on, which are still those of L^-1
        for j in range(i + 1):
            value = 0.0
            for m in range(i, k):
                value += out[m, i] * out[m, j]
            out[i, j] = value
    for i in range(k):
        for j in range(i):
            out[j, i] = out[i, j]
