"""Print how many single faults in `motion/`, `reps/` and `analysis/` the tests notice, and each that none noticed.

Usage: ``python benchmarks/mutants.py [--count 20] [--seed 1] [--room motion/linkage] [--list] [--all]``

Each mutation is one change of one expression (`mutations`): first its kind is drawn, then the place, each as likely as
any other. It is made in a copy of the tree, in which the tests of its room run until one fails. The share is a lower
bound: some mutations change nothing that can be seen, and tests of many seconds are left out unless ``--all`` runs the
whole suite.

mutmut and cosmic-ray do not serve here: both change a file under a cache of machine code that has its own key, so that
each mutation costs 20 s of compiling. Here all kernels that cannot reach the changed name keep their machine code.
A mutation of a kernel meets some tests without the JIT first, which compiles nothing and gives the same bits, but that
a division by zero raises there; what survives is compiled as users run it. The cache of the tree itself is not touched.
"""

from __future__ import annotations

import argparse
import ast
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from mutations import ROOT, Mutation, draw, name_of

from imu_hinge import code_cache

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
LINKAGE: Final = tuple(f"tests/motion/linkage/test_{name}_by_hand.py" for name in ("observations", "rounds"))
TESTS: Final = {
    "motion/orientation": (
        *(f"tests/motion/orientation/test_{name}.py" for name in ("parameters_by_hand", "quaternion")),
        "tests/motion/orientation",
        ACROSS,
    ),
    "motion/kinematics/clock": (
        "tests/motion/kinematics/test_clock_by_hand.py",
        "tests/motion/kinematics/test_synchrony.py",
    ),
    "motion/kinematics/long_holes": ("tests/analysis/test_live_rooms_by_hand.py", "tests/analysis/test_long_holes.py"),
    "motion/kinematics": (
        *(f"tests/motion/kinematics/test_{name}_by_hand.py" for name in ("standing", "posture", "alignment")),
        "tests/motion/kinematics",
        ACROSS,
    ),
    "motion/linkage": (*LINKAGE, "tests/motion/linkage", ACROSS),
    "motion/hypotheses": ("tests/motion/linkage/test_hypotheses.py", ACROSS),
    "reps/edited": ("tests/analysis/test_edits_and_plan.py",),
    "reps/holes": ("tests/analysis/test_live_rooms_by_hand.py", "tests/reps/test_holes.py"),
    "reps/no_lifts": (*REPS, ACROSS, "tests/reps/test_no_lifts.py"),
    "reps": (*REPS, ACROSS, "tests/reps/test_reps_sets.py", "tests/reps/test_set_choice.py"),
    "analysis/precompile": ("tests/analysis/test_precompile.py",),
    "analysis/clock_watch": ("tests/analysis/test_live_rooms_by_hand.py", "tests/analysis/test_clock_watch.py"),
    "analysis/calibration": ("tests/analysis/test_told_by_hand.py", "tests/test_first_day.py"),
    "analysis/instant": (
        *(
            f"tests/analysis/test_{name}.py"
            for name in ("one_sensor_by_hand", "instant_rooms", "live_rooms_by_hand", "instants")
        ),
        ACROSS,
        "tests/analysis/test_endurance.py",
        "tests/analysis/test_live_equals_replay.py",
    ),
    "analysis": (
        *(f"tests/analysis/test_{name}_by_hand.py" for name in ("assemble", "told", "live_rooms")),
        "tests/analysis/test_live_refusals.py",
        ACROSS,
        "tests/analysis/test_edits_and_plan.py",
        "tests/analysis/test_live_equals_replay.py",
    ),
}
"""Which tests concern a room, by the beginning of its path, in the order in which they run: quick ones first."""

UNCOMPILED: Final = {
    "motion/orientation": (
        "tests/motion/orientation/test_parameters_by_hand.py",
        "tests/motion/orientation/test_quaternion.py",
        *(
            f"tests/motion/orientation/test_orientation.py::test_{name}"
            for name in (
                "live_agrees_with_vqf_at_its_parameters",
                "both_ways_agrees_with_offline_vqf_at_its_parameters",
                "a_bias_is_found_at_rest_and_taken_out",
                "after_a_gap_the_inclination_is_back_at_once",
            )
        ),
    ),
    "motion/kinematics/vertical_displacement": ("tests/motion/kinematics/test_height.py",),
    "motion/linkage": (*LINKAGE, "tests/motion/linkage/test_chain.py"),
}
"""What runs first, and without the JIT, where a mutation changes a kernel."""

SLOW: Final = (
    "tests/motion/orientation/test_orientation.py::test_without_the_jit_the_bits_are_the_same",
    "tests/motion/linkage/test_skin.py",
    "tests/motion/kinematics/test_synchrony.py::test_a_drift_is_told_over_many_windows_and_taken_out",
    "tests/motion/kinematics/test_synchrony.py::test_simulated_sets_come_into_step",
)
"""Left out, as each takes some seconds or more."""


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
            uses.setdefault(name_of(statement), set()).update(named)
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

    def run(self, tests: Sequence[str], limit_s: float, *, is_compiled: bool = True) -> tuple[int, str]:
        """Run tests until one fails; return pytest's exit code, negative after a signal, and the last lines."""
        command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "--no-header", "--tb=line", *tests]
        command += [] if tests == EVERY else [f"--deselect={test}" for test in SLOW]
        env = os.environ | {
            "PYTHONPATH": str(self.tree),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NUMBA_CACHE_DIR": str(self.scratch / "code"),
            "NUMBA_DISABLE_JIT": str(int(not is_compiled)),
        }
        # Time of the processor, not of the clock: other programs on the machine must not kill a mutation.
        limited: Callable[[], None] = lambda: resource.setrlimit(resource.RLIMIT_CPU, (int(limit_s), int(limit_s) + 5))  # noqa: E731
        done = subprocess.run(
            command, cwd=self.tree, env=env, capture_output=True, text=True, preexec_fn=limited, check=False
        )
        if done.returncode in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):
            sys.exit(f"These tests are not there: {' '.join(tests)}\n{done.stderr}")
        return done.returncode, "\n".join(done.stdout.strip().splitlines()[-8:])

    def with_mutation(self, mutation: Mutation, tests: Sequence[str], limit_s: float) -> int:
        """Return pytest's exit code under a mutation, with all machine code that it cannot change; take it back."""
        path, known = self.tree / mutation.path, self.machine_code()
        source = path.read_bytes()
        path.write_bytes(mutation.applied(source))
        own = self.machine_code()
        try:
            if own != known and self._keeps_less(mutation, known, own):
                first = beginning(UNCOMPILED, mutation)
                code = self.run(first, limit_s, is_compiled=False)[0] if first else 0
                if code:
                    return code
            return self.run(tests, limit_s)[0]
        finally:
            path.write_bytes(source)
            if own != known:
                shutil.rmtree(own, ignore_errors=True)

    def _keeps_less(self, mutation: Mutation, known: Path, own: Path) -> bool:
        """Copy the machine code that a mutation in `motion` cannot change; tell whether some was left out."""
        own.mkdir(parents=True)
        changed, every = reaching(mutation.name), list(known.iterdir())
        kept = [code for code in every if code.name.split("-")[0].split(".")[-1] not in changed]
        for code in kept:
            shutil.copy2(code, own / code.name)
        return len(kept) < len(every)


EVERY: Final = ("tests",)


def beginning(table: Mapping[str, Sequence[str]], mutation: Mutation) -> Sequence[str]:
    """Return the table's entry for the room of a mutation, or nothing."""
    room = "/".join(mutation.path.parts[1:])
    return next((tests for start, tests in table.items() if room.startswith(start)), ())


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
        needed = EVERY if args.all else tuple(dict.fromkeys(test for one in drawn for test in beginning(TESTS, one)))
        first = tuple(dict.fromkeys(test for one in drawn for test in beginning(UNCOMPILED, one)))
        for tests, is_compiled in () if args.passes else ((needed, True), (first, False)):
            code, told = copy.run(tests, 10.0 * args.limit, is_compiled=is_compiled) if tests else (0, "")
            if code != 0:
                sys.exit(f"Without a mutation the tests fail. Mend them first.\n{told}")
        survived = 0
        for n, mutation in enumerate(drawn, start=1):
            began = time.monotonic()
            code = copy.with_mutation(mutation, EVERY if args.all else beginning(TESTS, mutation) or EVERY, args.limit)
            told = "SURVIVED" if code == 0 else "out of time" if code == -signal.SIGXCPU else "killed"
            survived += code == 0
            print(f"{n:3d} {told:14s} {time.monotonic() - began:4.0f} s  {mutation}", flush=True)
    killed = len(drawn) - survived
    print(f"{killed} of {len(drawn)} killed ({100.0 * killed / len(drawn):.0f} %), seed {args.seed}.")


if __name__ == "__main__":
    main()
