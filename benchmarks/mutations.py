"""Draw single faults of the package's code for `mutants.py`: each one change of one expression of the syntax tree.

It runs nothing. Words are left alone: docstrings, annotations, f-strings and what is raised. So are numbers up to a
millionth, which only keep a division from failing or forgive rounding, and what is added of them.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
ROOMS: Final = ("motion", "reps", "analysis")

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
"""Numbers up to it only keep a division from failing or forgive rounding: no sample can show that one is missing."""


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
        case ast.BinOp(_, ast.Add() | ast.Sub(), ast.Constant(float() as value)) if abs(value) <= TINY:
            return
        case ast.BinOp(left, ast.Add() | ast.Sub() as op, right) if not (_is_text(left) or _is_text(right)):
            yield "sign", node, ast.BinOp(left, ast.Sub() if isinstance(op, ast.Add) else ast.Add(), right)
            yield "part dropped", node, left
        case ast.BinOp(left, ast.Mult() | ast.Div(), right):
            yield "factor removed", node, left
            if isinstance(node.op, ast.Mult):
                yield "factor removed", node, right
        case ast.UnaryOp(ast.USub() | ast.Not() as op, operand):
            yield ("sign" if isinstance(op, ast.USub) else "not dropped"), node, operand
        case ast.Constant(int() | float() as value) if type(value) is not bool and abs(value) > TINY:
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


def name_of(statement: ast.stmt) -> str:
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
                yield Mutation(path, old.lineno, kind, name_of(statement), source[slice(*span)].decode(), after, span)


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
