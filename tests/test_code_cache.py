"""Machine code is kept where it may be, thrown away where it is damaged, and never older than any of its sources."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from imu_hinge import code_cache

PACKAGE = Path(__file__).resolve().parents[1] / "imu_hinge"
NOBODY = 65534
CALLEE = """
from imu_hinge import conventions
from imu_hinge.jit import subroutine

@subroutine
def grown(x):
    return x + 1.0
"""
KERNELS = """
from imu_hinge.motion.callee import grown
from imu_hinge.jit import kernel

@kernel
def twice(x):
    return 2.0 * grown(x)

@kernel
def thrice(x):
    return 3.0 * grown(x)
"""
RUN = f"""
import os, resource, signal, sys
import numba
numba.njit(lambda: 0.0)()  # Numba loads the rest of itself now, from where the other user may not be let in
if sys.argv[1] == "nobody" and os.getuid() == 0:
    os.setgroups([]), os.setgid({NOBODY}), os.setuid({NOBODY})
if sys.argv[1] == "full disk":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
from imu_hinge.motion.kernels import thrice, twice
print(twice(1.0), thrice(1.0), sum(len(k.stats.cache_hits) for k in (twice, thrice)))
"""
IS_POSIX = pytest.mark.skipif(os.name != "posix", reason="users and limits as POSIX has them")
SENTENCE = "cannot be kept in any of"


@pytest.fixture(scope="module")
def installed() -> Iterator[Path]:
    """A package with two small kernels of its own, where every user may read it: pytest's own folders are closed."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        (root / "imu_hinge" / "motion").mkdir(parents=True)
        for name in ("__init__.py", "motion/__init__.py", "jit.py", "code_cache.py"):
            shutil.copy(PACKAGE / name, root / "imu_hinge" / name)
        for name in code_cache.BELOW:
            shutil.copy(PACKAGE / f"{name}.py", root / "imu_hinge")
        (root / "imu_hinge" / "motion" / "callee.py").write_text(CALLEE)
        (root / "imu_hinge" / "motion" / "kernels.py").write_text(KERNELS)
        yield root


@pytest.fixture
def package(installed: Path) -> Iterator[Path]:
    """The package without machine code and as it was."""
    yield installed
    motion = installed / "imu_hinge" / "motion"
    motion.chmod(0o755)
    shutil.rmtree(motion / "__pycache__", ignore_errors=True)
    (motion / "callee.py").write_text(CALLEE)


def run(package: Path, who: str = "owner", **environment: str) -> tuple[str, str]:
    """Run both kernels in a new process; return what it printed (values, kernels from the cache) and its errors."""
    kept = {name: value for name, value in os.environ.items() if name not in ("HOME", "NUMBA_CACHE_DIR")}
    kept |= {"PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1", "XDG_CACHE_HOME": "", **environment}
    done = subprocess.run([sys.executable, "-c", RUN, who], env=kept, cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


def files_of(package: Path) -> list[Path]:
    return sorted(path for path in (package / "imu_hinge").rglob("kernels/*/*"))


def test_a_second_run_compiles_nothing_and_damage_is_thrown_away(package: Path, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path)}
    assert run(package, **home) == ("4.0 6.0 0", "")
    assert run(package, **home) == ("4.0 6.0 2", "")
    empty, flipped = files_of(package)
    whole = [path.read_bytes() for path in (empty, flipped)]
    empty.write_bytes(b"")
    middle = len(whole[1]) // 2
    flipped.write_bytes(whole[1][:middle] + bytes([whole[1][middle] ^ 1]) + whole[1][middle + 1 :])
    assert run(package, **home) == ("4.0 6.0 0", "")
    assert run(package, **home) == ("4.0 6.0 2", "")


def test_an_edit_of_a_callee_or_of_a_constant_beside_motion_is_noticed(package: Path, tmp_path: Path) -> None:
    callee = package / "imu_hinge" / "motion" / "callee.py"
    before = callee.stat()
    assert run(package, HOME=str(tmp_path)) == ("4.0 6.0 0", "")
    callee.write_text(CALLEE.replace("1.0", "2.0"))
    os.utime(callee, ns=(before.st_atime_ns, before.st_mtime_ns))  # as an update that keeps times and sizes
    assert run(package, HOME=str(tmp_path)) == ("6.0 9.0 0", "")


@IS_POSIX
@pytest.mark.parametrize("home", [None, "/", "/proc/1/nowhere"])
def test_where_nothing_may_be_written_it_compiles_in_memory_and_says_so_once(package: Path, home: str | None) -> None:
    (package / "imu_hinge" / "motion").chmod(0o555)
    printed, said = run(package, "nobody", **({"HOME": home} if home else {}))
    assert printed == "4.0 6.0 0"
    assert said.count(SENTENCE) == 1
    assert len(said.splitlines()) == 1
    assert "NUMBA_CACHE_DIR" in said
    assert not files_of(package)


@IS_POSIX
def test_a_cache_that_is_complete_is_read_where_nothing_may_be_written(package: Path) -> None:
    folder = package / "shared cache"
    assert run(package, NUMBA_CACHE_DIR=str(folder))[0] == "4.0 6.0 0"
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    (package / "imu_hinge" / "motion").chmod(0o555)
    assert run(package, "nobody", NUMBA_CACHE_DIR=str(folder)) == ("4.0 6.0 2", "")
    for path in folder.rglob("*"):
        path.chmod(0o755)


@IS_POSIX
def test_a_full_disk_leaves_nothing_half_written(package: Path, tmp_path: Path) -> None:
    printed, said = run(package, "full disk", HOME=str(tmp_path))
    assert printed == "4.0 6.0 0"
    assert said.count(SENTENCE) == 1
    assert not files_of(package)


def test_only_the_newest_generations_are_kept(tmp_path: Path) -> None:
    for number in range(code_cache.GENERATIONS + 3):
        (tmp_path / f"{number:016x}").mkdir()
        os.utime(tmp_path / f"{number:016x}", (1e9 + number, 1e9 + number))
    code_cache.forget_old(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{number:016x}" for number in range(3, 7)]


def modules_of_ours(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("imu_hinge"):
            for alias in node.names:
                yield str(node.module), alias.name


def test_the_key_holds_all_that_motion_imports_from_beside_it() -> None:
    beside = {path.stem for path in PACKAGE.glob("*.py")}
    todo, found = list((PACKAGE / "motion").rglob("*.py")), set()
    while todo:
        for module, name in modules_of_ours(todo.pop()):
            imported = name if module == "imu_hinge" else module.split(".")[1]
            if imported in beside and imported not in found:
                found.add(imported)
                todo.append(PACKAGE / f"{imported}.py")
    assert found == set(code_cache.BELOW)


def test_every_kernel_is_compiled_by_the_decorators_that_fix_the_options() -> None:
    loose = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name not in ("jit.py", "code_cache.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "numba" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "numba")
    ]
    assert not loose, f"take `kernel`, `subroutine` or `inlined` of jit instead of numba itself: {loose}"
