"""Print how many single faults in `motion/`, `reps/` and `analysis/` the tests notice, and each that none noticed.

Usage: ``python benchmarks/mutants.py [--count 20] [--seed 1] [--room motion/linkage] [--list] [--all]``

Each mutation is one change of one expression, drawn from the syntax tree: first its kind, then the place, each as
likely as any other. It is made in a copy of the tree, in which the tests of its room run until one fails. Words are
left alone: docstrings, annotations, f-strings and what is raised. So are numbers below a millionth, which only keep
a division from failing. No figure is to be taken for more than a lower bound: some mutations change nothing that can
be seen, and tests of many seconds are left out unless ``--all`` runs the whole suite.

mutmut and cosmic-ray do not serve here: both change a file under a cache of machine code that has its own key, so that
each mutation costs 20 s of compiling. Here all kernels that cannot reach the changed name keep their machine code.
The JIT stays on, as users run it. The cache of the tree itself is not touched.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imu_hinge import code_cache

ROOT: Final = Path(__file__).resolve().parents[1]
ROOMS: Final = ("motion", "reps", "analysis")

ACROSS: Final = "tests/test_recordings.py"
"""Goes through all rooms, against a truth."""
REPS: Final = tuple(
    f"tests/reps/test_{name}.py"
    for name in (
        "verdict_by_hand",
        "bends_by_hand",
        "metrics_by_hand",
        "similarity_by_hand",
        "sets_by_hand",
        "segmentation_by_hand",
        "exercise_prior_by_hand",
        "exercise_by_hand",
        "no_lifts_by_hand",
        "onsets",
    )
)
TESTS: Final = {
    "motion/orientation": (
        *(f"tests/motion/orientation/test_{name}.py" for name in ("parameters_by_hand", "quaternion")),
        "tests/motion/orientation",
        ACROSS,
    ),
    "motion/kinematics/clock": ("tests/motion/kinematics/test_synchrony.py",),
    "motion/kinematics": (
        *(f"tests/motion/kinematics/test_{name}_by_hand.py" for name in ("standing", "posture", "alignment")),
        "tests/motion/kinematics",
        ACROSS,
    ),
    "motion/linkage": ("tests/motion/linkage/test_observations_by_hand.py", "tests/motion/linkage", ACROSS),
    "reps": (*REPS, ACROSS, "tests/reps/test_reps_sets.py"),
    "analysis": (
        *(f"tests/analysis/test_{name}_by_hand.py" for name in ("assemble", "told")),
        "tests/analysis/test_live_refusals.py",
        ACROSS,
        "tests/analysis/test_live_equals_replay.py",
    ),
}
"""Which tests concern a room, by the beginning of its path, in the order in which they run: quick ones first."""

SLOW: Final = (
    "tests/motion/orientation/test_orientation.py::test_without_the_jit_the_bits_are_the_same",
    "tests/motion/linkage/test_skin.py",
    "tests/motion/kinematics/test_synchrony.py::test_a_drift_is_told_over_many_windows_and_taken_out",
    "tests/motion/kinematics/test_synchrony.py::test_simulated_sets_come_into_step",
)
"""Left out, as each takes some seconds or more."""

FLIPPED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
SWAPPED: Final = {
    a: b
    for one, other in (
        ("min", "max"),
        ("minimum", "maximum"),
        ("argmin", "argmax"),
        ("nanmin", "nanmax"),
        ("any", "all"),
        ("sin", "cos"),
        ("floor", "ceil"),
    )
    for a, b in ((one, other), (other, one))
}
"""Functions that are taken for each other."""

TINY: Final = 1e-6
"""Numbers below only keep a division from failing."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """Hold one change of one expression.

    Parameters
    ----------
    path
        Of the file, in the repository.
    line
    kind
    name
        Of the function, class or constant on the file's top level in which it is.
    before, after
        The expression.
    span
        Where the expression stands in the file, half-open [bytes].
    """

    path: Path
    line: int
    kind: str
    name: str
    before: str
    after: str
    span: tuple[int, int]

    def applied(self, source: bytes) -> bytes:
        """Return the changed file."""
        return source[: self.span[0]] + f"({self.after})".encode() + source[self.span[1] :]

    def __str__(self) -> str:
        before, after = (" ".join(text.split())[:70] for text in (self.before, self.after))
        return f"{self.path}:{self.line}  {self.kind}: {before}  ->  {after}"


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _other_number(value: float) -> float:
    return value + 1 if isinstance(value, int) else value * 1.2


def changes(node: ast.AST) -> Iterator[tuple[str, ast.expr, ast.expr]]:
    """Yield what one node may be changed to: kind, the expression, and what stands in its place."""
    match node:
        case ast.Compare(left, [operator], right):
            yield "comparison flipped", node, ast.Compare(left, [FLIPPED[type(operator)]()], right)
        case ast.BoolOp(op, values):
            yield "and/or", node, ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.BinOp(left, ast.Add() | ast.Sub() as op, right) if not (_is_text(left) or _is_text(right)):
            yield "sign", node, ast.BinOp(left, ast.Sub() if isinstance(op, ast.Add) else ast.Add(), right)
            yield "part dropped", node, left
        case ast.BinOp(left, ast.Mult() | ast.Div(), right):
            yield "factor removed", node, left
            if isinstance(node.op, ast.Mult):
                yield "factor removed", node, right
        case ast.UnaryOp(ast.USub() | ast.Not() as op, operand):
            yield ("sign" if isinstance(op, ast.USub) else "not dropped"), node, operand
        case ast.Constant(value) if type(value) in (int, float) and abs(value) > TINY:
            yield "number", node, ast.Constant(_other_number(value))
        case ast.IfExp(_, body, orelse):
            yield "part dropped", node, body
            yield "part dropped", node, orelse
        case ast.Call(ast.Name(name) as function) if name in SWAPPED:
            yield "min/max", function, ast.Name(SWAPPED[name])
        case ast.Call(ast.Attribute(of, name) as function) if name in SWAPPED:
            yield "min/max", function, ast.Attribute(of, SWAPPED[name])
        case ast.Slice(lower, upper, None):
            for end in (lower, upper):
                if end is not None and not (isinstance(end, ast.Constant) and isinstance(end.value, int)):
                    yield "slice by one", end, ast.BinOp(end, ast.Add(), ast.Constant(1))


def _computing(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it, but for words and annotations."""
    if isinstance(node, ast.JoinedStr | ast.Raise | ast.Import | ast.ImportFrom | ast.arg):
        return
    yield node
    left_out = [getattr(node, "annotation", None), getattr(node, "returns", None), *getattr(node, "decorator_list", ())]
    for child in ast.iter_child_nodes(node):
        if not any(child is out for out in left_out):
            yield from _computing(child)


def _name_of(statement: ast.stmt) -> str:
    """Return what a statement of a file's top level defines, or nothing."""
    match statement:
        case ast.FunctionDef(name) | ast.ClassDef(name) | ast.AnnAssign(ast.Name(name)) | ast.Assign([ast.Name(name)]):
            return name
    return ""


def mutations_of(path: Path) -> Iterator[Mutation]:
    """Yield all mutations of one file."""
    source = (ROOT / path).read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for statement in ast.parse(source).body:
        for node in _computing(statement):
            for kind, old, new in changes(node):
                assert old.end_lineno is not None
                assert old.end_col_offset is not None
                span = starts[old.lineno - 1] + old.col_offset, starts[old.end_lineno - 1] + old.end_col_offset
                after = ast.unparse(ast.fix_missing_locations(new))
                yield Mutation(path, old.lineno, kind, _name_of(statement), source[slice(*span)].decode(), after, span)


def draw(room: str, count: int, seed: int) -> list[Mutation]:
    """Draw mutations of a room: of each the kind first, then the place."""
    rooms = [room] if room else ROOMS
    files = sorted(path for one in rooms for path in _files(ROOT / "imu_hinge" / one))
    by_kind: dict[str, list[Mutation]] = {}
    for path in files:
        for mutation in mutations_of(path.relative_to(ROOT)):
            by_kind.setdefault(mutation.kind, []).append(mutation)
    rng = random.Random(seed)
    drawn: list[Mutation] = []
    while len(drawn) < min(count, sum(map(len, by_kind.values()))):
        mutation = rng.choice(by_kind[rng.choice(sorted(by_kind))])
        if mutation not in drawn:
            drawn.append(mutation)
    return drawn


def _files(place: Path) -> list[Path]:
    return sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]


def reaching(name: str) -> set[str]:
    """Return all names that kernels are made of and that may lead to a name, itself among them."""
    uses: dict[str, set[str]] = {}
    package = ROOT / "imu_hinge"
    for path in [*(package / "motion").rglob("*.py"), package / "small_matrix.py", package / "conventions.py"]:
        for statement in ast.parse(path.read_bytes()).body:
            if isinstance(statement, ast.ImportFrom):
                for alias in statement.names:
                    uses.setdefault(alias.asname or alias.name, set()).add(alias.name)
            named = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
            named |= {node.attr for node in ast.walk(statement) if isinstance(node, ast.Attribute)}
            uses.setdefault(_name_of(statement), set()).update(named)
    found, grew = {name}, True
    while grew:
        more = {user for user, used in uses.items() if user and used & found}
        grew = not more <= found
        found |= more
    return found


@dataclass(frozen=True, slots=True)
class Copy:
    """Hold where the copy of the tree is, and its machine code.

    Parameters
    ----------
    scratch
        A folder for it all.
    """

    scratch: Path

    @classmethod
    def made_in(cls, scratch: Path) -> Copy:
        """Copy the tree, with the data beside it."""
        left_out = shutil.ignore_patterns(".git", "__pycache__", ".*_cache", ".venv", "docs", "notebooks")
        shutil.copytree(ROOT, scratch / "tree", ignore=left_out)
        if (ROOT.parent / "shared").is_dir():
            (scratch / "shared").symlink_to(ROOT.parent / "shared")
        made = cls(scratch)
        compiled = code_cache.MOTION / "__pycache__" / "kernels" / code_cache.digest()
        if compiled.is_dir():
            shutil.copytree(compiled, made.machine_code())
        return made

    @property
    def tree(self) -> Path:
        """Where the copy is."""
        return self.scratch / "tree"

    def machine_code(self) -> Path:
        """Return where the copy keeps the machine code of its kernels as they are now."""
        code_cache.MOTION = self.tree / "imu_hinge" / "motion"
        code_cache.digest.cache_clear()
        return self.scratch / "code" / "imu_hinge" / code_cache.digest()

    def run(self, tests: tuple[str, ...], limit_s: float, *, is_whole: bool) -> tuple[int, str]:
        """Run tests until one fails; return pytest's exit code, negative where time was over, and the last lines."""
        command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "--no-header", "--tb=line", *tests]
        command += [] if is_whole else [f"--deselect={test}" for test in SLOW]
        env = os.environ | {
            "PYTHONPATH": str(self.tree),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NUMBA_CACHE_DIR": str(self.scratch / "code"),
        }
        # Time of the processor, not of the clock: other programs on the machine must not kill a mutation.
        limited: Callable[[], None] = lambda: resource.setrlimit(resource.RLIMIT_CPU, (int(limit_s), int(limit_s) + 5))  # noqa: E731
        done = subprocess.run(
            command, cwd=self.tree, env=env, capture_output=True, text=True, preexec_fn=limited, check=False
        )
        return done.returncode, "\n".join(done.stdout.strip().splitlines()[-8:])

    def with_mutation(self, mutation: Mutation, tests: tuple[str, ...], limit_s: float, *, is_whole: bool) -> int:
        """Run tests under a mutation, with all machine code that it cannot change, and take it back."""
        path, known = self.tree / mutation.path, self.machine_code()
        source = path.read_bytes()
        path.write_bytes(mutation.applied(source))
        own = self.machine_code()
        try:
            if own != known:  # it is in `motion`
                own.mkdir(parents=True)
                changed = reaching(mutation.name)
                for code in known.iterdir():
                    if code.name.split("-")[0].split(".")[-1] not in changed:
                        shutil.copy2(code, own / code.name)
            return self.run(tests, limit_s, is_whole=is_whole)[0]
        finally:
            path.write_bytes(source)
            if own != known:
                shutil.rmtree(own, ignore_errors=True)


def tests_of(mutation: Mutation, *, is_whole: bool) -> tuple[str, ...]:
    """Return the tests that concern a mutation."""
    if is_whole:
        return ("tests",)
    room = "/".join(mutation.path.parts[1:])
    return next(tests for start, tests in TESTS.items() if room.startswith(start))


def main() -> None:
    """Draw, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--room", default="", help="a folder or file of the package, such as motion/linkage")
    parser.add_argument("--limit", type=float, default=300.0, help="of one run of tests [s of the processor]")
    parser.add_argument("--list", action="store_true", help="print what would be run")
    parser.add_argument("--all", action="store_true", help="run the whole suite")
    parser.add_argument("--passes", action="store_true", help="do not look first whether the tests pass unchanged")
    args = parser.parse_args()
    drawn = draw(args.room, args.count, args.seed)
    if args.list:
        print(*drawn, sep="\n")
        return
    with tempfile.TemporaryDirectory(prefix="mutants_") as scratch:
        copy = Copy.made_in(Path(scratch))
        needed = tuple(dict.fromkeys(test for one in drawn for test in tests_of(one, is_whole=args.all)))
        code, told = (0, "") if args.passes else copy.run(needed, 10.0 * args.limit, is_whole=args.all)
        if code != 0:
            sys.exit(f"Without a mutation the tests fail. Mend them first.\n{told}")
        survived = 0
        for n, mutation in enumerate(drawn, start=1):
            began = time.monotonic()
            code = copy.with_mutation(mutation, tests_of(mutation, is_whole=args.all), args.limit, is_whole=args.all)
            told = "SURVIVED" if code == 0 else "out of time" if code == -signal.SIGXCPU else "killed"
            survived += code == 0
            print(f"{n:3d} {told:14s} {time.monotonic() - began:4.0f} s  {mutation}", flush=True)
    killed = len(drawn) - survived
    print(f"{killed} of {len(drawn)} killed ({100.0 * killed / len(drawn):.0f} %), seed {args.seed}.")


if __name__ == "__main__":
    main()
