"""Keep the kernels' machine code from run to run, wherever this user may write, under a key of all their sources.

It compiles nothing and never stops an analysis: code that is damaged or may not be written is compiled anew, in memory.
Numba's own cache looks at the file of one kernel only, so that a changed callee would go on running as it was; it
raises where it may not write, and trusts what it reads. `KernelCache` alone is Numba's interface, the rest is files.
"""

import hashlib
import logging
import os
import pickle
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba import config
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.runtime.nrt import rtsys
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

logger = logging.getLogger(__name__)

SUFFIX = ".nbc"
GENERATIONS = 4
"""Folders kept beside each other, of the sources or interpreters that were used last; the older ones are removed."""

# What Numba has no complete type hints for.
_environment: Any = config
_rebuilt: Any = CompileResult._rebuild
_pickled: Any = dumps
_user_folders: Any = AppDirs
_runtime: Any = rtsys

BELOW = (
    "conventions",
    "errors",
    "model",
    "athlete",
    "settings",
    "signals",
    "files",
    "text",
    "atomic_file",
    "jit",
    "code_cache",
    "small_matrix",
    "plan",
    "lifted_set",
    "edits",
)
"""What `motion` imports from beside it, and what those do: their constants are compiled into kernels as numbers."""


MOTION = Path(__file__).parent / "motion"
"""Where the kernels are, and beside them their machine code where that may be written."""


@cache
def digest() -> str:
    """Return the key of every kernel: its sources and those of all that it may call, Numba and Python."""
    found = hashlib.sha256(repr((numba.__version__, sys.implementation.cache_tag)).encode())
    for path in [*sorted(MOTION.rglob("*.py")), *(MOTION.parent / f"{name}.py" for name in BELOW)]:
        found.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


def folders() -> Iterator[Path]:
    """Yield where machine code may be, the best first: where the user said, beside the source, in the user's cache.

    Never in a folder for everybody: machine code that somebody else may have written is not run.
    """
    if _environment.CACHE_DIR:
        yield Path(_environment.CACHE_DIR) / "imu_hinge"
    yield MOTION / "__pycache__" / "kernels"
    yield Path(_user_folders("imu_hinge", appauthor=False).user_cache_dir) / "kernels"


def read(name: str) -> bytes | None:
    """Return what was kept under a name, or None; what is damaged is thrown away."""
    for folder in folders():
        path = folder / digest() / name
        try:
            data = path.read_bytes()
        except OSError:
            continue
        if hashlib.sha256(data[32:]).digest() == data[:32]:
            return data[32:]
        try:
            path.unlink()
        except OSError:
            continue  # it may not be removed either: look further
    return None


def keep(name: str, data: bytes) -> bool:
    """Write to the first folder that takes it, whole or not at all, and return whether one did."""
    for folder in folders():
        target = folder / digest()
        unfinished = target / f"{name}.{os.getpid()}.tmp"
        try:
            if not target.is_dir():
                target.mkdir(parents=True)
                forget_old(folder)
            # Not `tempfile`: its files can be read by their owner alone, and root may install for other users.
            unfinished.write_bytes(hashlib.sha256(data).digest() + data)
            unfinished.replace(target / name)
        except OSError as error:
            logger.debug("%s takes no machine code: %s", folder, error)
            _remove(unfinished)
            continue
        return True
    return False


def forget_old(folder: Path) -> None:
    """Remove all but the newest generations of machine code in a folder."""
    generations = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for path in generations[:-GENERATIONS]:
        shutil.rmtree(path, ignore_errors=True)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


@cache
def _say_once(message: str) -> None:
    logger.warning(message)


class KernelCache(_Cache):
    """The machine code of one kernel, one file for each signature and processor."""

    def __init__(self, function: Any) -> None:
        self._name = f"{function.__module__.partition('.')[2]}.{function.__qualname__}"
        self._is_enabled = True

    @property
    def cache_path(self) -> str:
        """Where the code would be looked for first."""
        return str(next(folders()) / digest())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what was compiled for a signature, or None."""
        data = read(self._file(sig, target_context.codegen())) if self._is_enabled else None
        if data is None:
            return None
        # Machine code needs Numba's runtime alone. Numba's own cache loads all that could be compiled, a third of the
        # time of a later run; the compiler loads it itself where it is needed.
        _runtime.initialize(target_context)
        return _rebuilt(target_context, *pickle.loads(data))

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for a signature, where there is a place for it."""
        if not self._is_enabled or data.lifted or data.library.has_dynamic_globals:
            return
        if not keep(self._file(sig, data.codegen), _pickled(data._reduce())):
            KernelCache._nowhere()

    def enable(self) -> None:
        """Use the cache."""
        self._is_enabled = True

    def disable(self) -> None:
        """Compile in memory."""
        self._is_enabled = False

    def flush(self) -> None:
        """Remove what was kept of this kernel."""
        for folder in folders():
            for path in (folder / digest()).glob(f"{self._name}-*{SUFFIX}"):
                _remove(path)

    def _file(self, sig: Any, codegen: Any) -> str:
        """Return a file name for a signature and the processor that the code is for."""
        key = hashlib.sha256(repr((sig, codegen.magic_tuple())).encode()).hexdigest()[:16]
        return f"{self._name}-{key}{SUFFIX}"

    @staticmethod
    def _nowhere() -> None:
        tried = ", ".join(str(folder) for folder in folders())
        _say_once(
            f"Compiled kernels cannot be kept in any of {tried}, so every start compiles them again. "
            "Set NUMBA_CACHE_DIR to a folder that you may write to."
        )
