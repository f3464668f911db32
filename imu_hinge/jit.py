"""Compile the kernels: the decorators that fix their options, in one place, so that all of them give the same bits.

It holds no kernel and does not know where machine code is kept (`code_cache`). No fast-math and no bounds checks:
a kernel gives the same bits with ``NUMBA_DISABLE_JIT=1``. A division by zero gives infinity or NaN, as NumPy's does.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

from imu_hinge.code_cache import KernelCache

_F = TypeVar("_F", bound=Callable[..., Any])

_jit: Any = numba.njit  # whose hints know neither a dictionary of options nor what Numba calls private

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
"""Of every kernel. Nobody takes a kernel's address as a C function, so the wrapper for it is not compiled."""


def kernel(function: _F) -> _F:
    """Compile a function that Python calls; its machine code is kept from run to run."""
    compiled = _jit(**_OPTIONS)(function)
    if compiled is not function:  # as it is with NUMBA_DISABLE_JIT=1
        compiled._cache = KernelCache(function)  # where `enable_caching` puts numba's own, which looks at one file only
    return cast(_F, compiled)


def subroutine(function: _F) -> _F:
    """Compile a function that kernels alone call: kept as a part of its callers, without Python's way in.

    Calling it from Python ends the process: give it to a `vqf_step`, or to ``njit`` in a test.
    """
    return cast(_F, _jit(no_cpython_wrapper=True, **_OPTIONS)(function))


def inlined(function: _F) -> _F:
    """Compile a small subroutine into each place that calls it, so that LLVM keeps its values in registers."""
    return cast(_F, _jit(forceinline=True, no_cpython_wrapper=True, **_OPTIONS)(function))
