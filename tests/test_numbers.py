"""Every number says why it is what it is: constants by a docstring or a comment, numbers in functions by a comment."""

from __future__ import annotations

import ast
import io
import math
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "imu_hinge"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent.name != "__pycache__")


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")


def constants_in(tree: ast.Module) -> Iterator[tuple[ast.Assign | ast.AnnAssign, list[str], bool]]:
    """Yield each assignment of numbers to module-level constants: itself, their names, whether a docstring follows."""
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
        numbers = [n for n in ast.walk(node.value) if isinstance(n, ast.Constant) and type(n.value) in (int, float)]
        if names and numbers and all(CONSTANT.fullmatch(name) for name in names):
            text = after.value if isinstance(after, ast.Expr) else None
            yield node, names, isinstance(text, ast.Constant) and isinstance(text.value, str)


def without_a_word(source: str) -> list[str]:
    """Return the numeric constants of a module without a docstring below, or a comment on, above or below the line.

    A docstring speaks for two constants that stand one right below the other.
    """
    lines = source.splitlines()
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    commented = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    alone = {number for number in commented if lines[number - 1].lstrip().startswith("#")}
    constants = list(constants_in(ast.parse(source)))
    with_docstring = {node.lineno for node, _, has_docstring in constants if has_docstring}
    found = []
    for node, names, _ in constants:
        first, last = node.lineno, node.end_lineno or node.lineno
        is_commented = not commented.isdisjoint(range(first, last + 1)) or {first - 1, last + 1} & alone
        found += [] if is_commented or {first, last + 1} & with_docstring else [f"{first}: {', '.join(names)}"]
    return found


def test_the_rule_for_constants_can_fail() -> None:
    assert without_a_word("A = 1\n") == ["1: A"]
    assert without_a_word("A = f(0.1)\nB, _C = range(2)\n") == ["1: A", "2: B, _C"]
    assert without_a_word("A = 1  # said\nB = 2\n") == ["2: B"]
    assert without_a_word('A = 1\n"""Said."""\n# said\nB = 2\n') == []
    assert without_a_word('A = 1\nB = 2\nC = 3\n"""Of both."""\n') == ["1: A"]
    assert without_a_word('A = 1\n\nB = 2\n"""Of B."""\n') == ["1: A"]
    assert without_a_word('a = 1\nA = "text"\n') == []


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_every_numeric_constant_says_why_or_what_it_is(path: Path) -> None:
    assert not without_a_word(path.read_text(encoding="utf-8"))


PLAIN: Final = (0.5, 1.0, 2.0, 60.0, 3600.0)
"""A half, one, twice, and the seconds of a minute and an hour; powers of ten change a unit or guard a division."""

UNEXPLAINED: Final = {
    "analysis/warm_up.py": 6,
    "analysis/precompile.py": 1,
    "motion/hypotheses/mixture.py": 2,
    "motion/kinematics/alignment.py": 2,
    "motion/kinematics/clock_lag.py": 2,
    "motion/kinematics/clock_vibration.py": 3,
    "motion/kinematics/long_holes.py": 2,
    "motion/kinematics/posture.py": 13,
    "motion/kinematics/standing.py": 3,
    "motion/kinematics/track.py": 2,
    "motion/kinematics/vertical_displacement.py": 2,
    "motion/linkage/anthropometry.py": 11,
    "motion/linkage/factors.py": 1,
    "motion/linkage/forward_kinematics.py": 2,
    "motion/linkage/goodness_of_fit.py": 1,
    "motion/linkage/map_estimate.py": 1,
    "motion/linkage/observations.py": 1,
    "motion/linkage/set_parameters.py": 4,
    "motion/orientation/parameters.py": 2,
    "motion/orientation/quaternion.py": 2,
    "reps/sets.py": 1,
    "storage/screening/gyro_gain.py": 1,
}
"""How many numbers of a module still stand in a function without a word. This list only ever gets shorter."""


def is_plain(value: float) -> bool:
    size = abs(value)
    return size <= 1e-6 or size in PLAIN or (not 0.02 < size < 50.0 and math.log10(size).is_integer())


def numbers_without_a_word(source: str) -> list[str]:
    """Return the floats inside functions with no comment on or right above their statement."""
    tree, lines = ast.parse(source), source.splitlines()
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    commented = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    alone = {number for number in commented if lines[number - 1].lstrip().startswith("#")}
    found = set()
    for function in ast.walk(tree):
        for statement in function.body if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) else ():
            for inner in ast.walk(statement):
                if not isinstance(inner, ast.stmt):
                    continue
                below = [part for part in ast.iter_child_nodes(inner) if not isinstance(part, ast.stmt)]
                numbers = [n for part in below for n in ast.walk(part) if isinstance(n, ast.Constant)]
                numbers = [n for n in numbers if isinstance(n.value, float) and not is_plain(n.value)]
                if numbers:
                    spoken_of = range(inner.lineno, max(n.lineno for n in numbers) + 1)
                    is_said = not commented.isdisjoint(spoken_of) or inner.lineno - 1 in alone
                    found |= set() if is_said else {f"{n.lineno}:{n.col_offset} {n.value}" for n in numbers}
    return sorted(found)


def test_the_rule_for_numbers_can_fail() -> None:
    assert numbers_without_a_word("def f(x):\n    return 0.3 * x\n") == ["2:11 0.3"]
    assert numbers_without_a_word("def f(x):\n    # said\n    return 0.3 * x\n") == []
    assert numbers_without_a_word("def f(x):\n    if x > 0.3:  # said\n        return 0.4\n") == ["3:15 0.4"]
    assert numbers_without_a_word("def f(x):\n    return f'{100.0 * x + 0.5 * 1e-9 - 3600.0}'\n") == []
    assert numbers_without_a_word("A = 0.3\n") == []


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_every_number_in_a_function_says_why(path: Path) -> None:
    """What a virtual lifter is like and where ink lies on paper are left out: such numbers are what those wings say."""
    name = path.relative_to(PACKAGE).as_posix()
    if not name.startswith(("simulate/", "report/")):
        found = numbers_without_a_word(path.read_text(encoding="utf-8"))
        assert len(found) <= UNEXPLAINED.get(name, 0), f"name it, or say why on its line: {found}"
