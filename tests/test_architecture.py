"""The house stands as drawn: imports point down, a dozen rooms a folder, rooms of a readable size, light to import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "imu_hinge"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent.name != "__pycache__")

WINGS = ("sensors", "storage", "motion", "reps", "report", "simulate")
FLOORS = (
    ("conventions",),
    (
        "errors",
        "settings",
        "settings_file",
        "athlete",
        "edits",
        "lifted_set",
        "plan",
        "model",
        "instant",
        "result",
        "past_set",
        "signals",
        "text",
        "files",
        "atomic_file",
    ),
    ("code_cache",),
    ("jit",),
    ("small_matrix",),
    WINGS,
    ("analysis", "recovery"),
    ("one_call",),
    ("live", "cohort", "testing", "history"),
    ("cli",),
    ("__main__",),
)
"""From the ground up; a wing knows no other wing, and a module knows its own floor only where that is its own room."""

SHARED_WORDS = FLOORS[1]
MAX_LINES = 320
"""Docstrings apart: who says more of what a function takes makes no longer room."""

MAX_MODULES = 14
"""A folder shows its modules at a glance: about a dozen."""

MAX_DEPTH = 7
"""So many imports lie one on the other inside a wing at most."""

HEAVY = ("numba", "pandas", "matplotlib", "bleak")


def room_of(module: str) -> str:
    """Return the part of ``imu_hinge`` that a dotted name below it belongs to, such as ``motion``."""
    return module.split(".")[1] if "." in module else ""


def floor_of(room: str) -> int:
    for level, rooms in enumerate(FLOORS):
        if room in rooms:
            return level
    raise AssertionError(f"{room} has no floor: add it to FLOORS, on purpose")


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line, module and name of every import of ours, also those inside functions and for types only."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, ""
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the whole name instead of a relative import"
            for alias in node.names:
                yield node.lineno, node.module or "", alias.name


def arrows(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and room of what a module imports from the package; a public name counts as where it lives."""
    import imu_hinge

    for line, module, name in imports_of(path):
        if module.split(".")[0] != "imu_hinge":
            continue
        if module != "imu_hinge":
            yield line, room_of(module)
        elif name in ("", "__version__"):
            continue
        elif name in imu_hinge._HOMES:
            yield line, room_of(f"imu_hinge.{imu_hinge._HOMES[name]}")
        else:
            yield line, name


def forbidden(importer: str, imported: str) -> bool:
    """Tell whether an arrow from one room to another points up, or sideways out of its own room."""
    if importer == imported or (importer in SHARED_WORDS and imported in SHARED_WORDS):
        return False
    return floor_of(imported) >= floor_of(importer)


def test_the_rule_itself_can_fail() -> None:
    assert forbidden("motion", "reps")
    assert forbidden("model", "motion")
    assert forbidden("analysis", "live")
    assert forbidden("analysis", "recovery")
    assert forbidden("conventions", "errors")
    assert not forbidden("cli", "live")
    assert not forbidden("motion", "signals")
    assert not forbidden("motion", "motion")


@pytest.mark.parametrize("path", [p for p in MODULES if p != PACKAGE / "__init__.py"], ids=dotted)
def test_no_import_points_up_or_sideways(path: Path) -> None:
    importer = room_of(dotted(path))
    bad = [
        f"{path.name}:{line} {importer} -> {room}" for line, room in arrows(path) if room and forbidden(importer, room)
    ]
    assert not bad, "imports that point up or sideways: " + ", ".join(bad)


def test_the_shared_words_do_not_go_in_circles() -> None:
    seen: dict[str, set[str]] = {
        name: {room for _, room in arrows(PACKAGE / f"{name}.py") if room in SHARED_WORDS} for name in SHARED_WORDS
    }
    while seen:
        free = [name for name, needs in seen.items() if not needs & set(seen)]
        assert free, f"these import each other: {sorted(seen)}"
        for name in free:
            del seen[name]


def modules_by_name() -> dict[str, Path]:
    return {dotted(path): path for path in MODULES if path.name != "__init__.py"}


def module_arrows() -> dict[str, set[str]]:
    """Return which modules each module imports, by dotted name."""
    modules = modules_by_name()
    found: dict[str, set[str]] = {name: set() for name in modules}
    for name, path in modules.items():
        for _, module, imported in imports_of(path):
            found[name] |= {target for target in (module, f"{module}.{imported}") if target in modules}
    return found


def depth(name: str, needs: dict[str, set[str]], wing: str) -> int:
    """Return how many imports lie one on the other from a module down, inside its wing."""
    inside = [n for n in needs[name] if n.startswith(f"{wing}.")]
    return 1 + max((depth(n, needs, wing) for n in inside), default=0)


def test_folders_are_at_most_three_deep_and_show_about_a_dozen_modules() -> None:
    assert max(len(path.relative_to(PACKAGE).parts) for path in MODULES) <= 3
    counts = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    words = counts.pop(PACKAGE)  # the words that all rooms share, and the ways in
    assert words <= len(SHARED_WORDS) + 8
    full = {str(folder.relative_to(ROOT)): count for folder, count in counts.items() if count > MAX_MODULES}
    assert not full, f"too many modules in one folder: {full}"


def test_tests_follow_the_packages_tree() -> None:
    """Who opens a folder finds its tests in the folder of the same name; above stands what goes through all rooms."""
    folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    assert len(folders) > 10
    assert not [str(folder) for folder in folders if not (PACKAGE / folder / "__init__.py").is_file()]


def test_no_module_name_stands_twice() -> None:
    """Two files of one name are found by nobody who searches for one of them."""
    counts = Counter(path.stem for path in MODULES if path.name != "__init__.py")
    assert not [name for name, count in counts.items() if count > 1]


def test_modules_do_not_import_each_other_and_no_wing_is_deep() -> None:
    needs = module_arrows()
    deep = {name: depth(name, needs, ".".join(name.split(".")[:2])) for name in needs if name.count(".") > 1}
    assert max(deep.values()) <= MAX_DEPTH, {name: d for name, d in deep.items() if d > MAX_DEPTH}


def test_folders_do_not_import_each_other() -> None:
    """Where data go back and forth between two folders they are one."""
    arrows_between: dict[str, set[str]] = defaultdict(set)
    for name, targets in module_arrows().items():
        folder = name.rpartition(".")[0]
        arrows_between[folder] |= {t.rpartition(".")[0] for t in targets} - {folder}
    circles = [(a, b) for a, targets in arrows_between.items() for b in targets if a in arrows_between.get(b, ())]
    assert not [pair for pair in circles if "imu_hinge" not in pair]


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py"], ids=dotted)
def test_a_folder_says_what_it_takes_and_gives(path: Path) -> None:
    assert len((ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()) >= 3


def lines_of_docstrings(tree: ast.Module) -> int:
    """Return how many lines of a module are docstrings of itself, its classes and its functions."""
    owners = [
        n for n in ast.walk(tree) if isinstance(n, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    first = [owner.body[0] for owner in owners if ast.get_docstring(owner) is not None]
    return sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in first)


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_says_what_it_is_for_and_stays_one_room(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), f"{dotted(path)} does not say what it is for"
    count = len(text.splitlines()) - lines_of_docstrings(ast.parse(text))
    assert count <= MAX_LINES, f"{dotted(path)} has {count} lines without its docstrings: two rooms?"
    assert path.stem not in {"utils", "helpers", "common", "misc"}


@pytest.mark.parametrize("statement", ["import imu_hinge", "import imu_hinge.cli", "HELP"])
def test_importing_is_light(statement: str) -> None:
    call = (
        "import imu_hinge.cli, sys; from typer.testing import CliRunner; "
        "assert CliRunner().invoke(imu_hinge.cli.app, ['analyze', '--help']).exit_code == 0"
    )
    code = f"{call if statement == 'HELP' else statement}; import sys; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def tracked_texts() -> list[tuple[str, str]]:
    """Return name and text of every file that is, or is about to be, in the repository, but measurements."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("this is no git checkout, so there is no list of tracked files")
    names = [name for name in listed.stdout.splitlines() if Path(name).suffix in TEXT and (ROOT / name).is_file()]
    return [(name, (ROOT / name).read_text(encoding="utf-8")) for name in names if name != "tests/test_architecture.py"]


TEXT = {"", ".py", ".md", ".toml", ".cff", ".h", ".ino", ".j2", ".json", ".mplstyle", ".yml", ".txt", ".cfg"}


def test_no_tracked_file_names_a_path_of_one_machine_or_a_registry() -> None:
    machine = re.compile(r"(?<![\w./])/(?:opt|work|root|home/\w+|Users/\w+)/\w|pyenv|[A-Z]:\\\\")
    registry = re.compile(
        r"https?://[^\s\"')]*(?:pypi|pythonhosted|/simple\b|artifactory|nexus|npmjs)|--(?:extra-)?index-url"
    )
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in tracked_texts()
        for number, line in enumerate(text.splitlines(), 1)
        if machine.search(line) or registry.search(line)
    ]
    assert not found, "\n".join(found)


FORBIDDEN_WORDS = re.compile(
    r"\b(safe(?:ly|ty|r)?|unsafe|dangerous|danger|injur(?:y|ies|ed|ious)|diagnos(?:is|e|es|tic|tics)|correct spine"
    r"|bad form|good form|patholog\w*|harmful)\b",
    re.IGNORECASE,
)
ALLOWED = re.compile(r"thread-safe|async-safe|\|\s*safe\b|no diagnosis", re.IGNORECASE)
"""Programmers' words, and the sentence that says what the product is not."""


def strings_in(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every string literal of a module that is no docstring, with its line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_nobody_is_told_what_a_movement_cannot_tell() -> None:
    assert FORBIDDEN_WORDS.search("This is a safe lift")
    texts = [(f"{dotted(path)}:{line}", text) for path in MODULES for line, text in strings_in(path)]
    texts += [(path.name, path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.j2")]
    texts += [(name, text) for name, text in tracked_texts() if name == "README.md" or name.startswith("notebooks/")]
    found = [
        f"{where}: {match.group(0)!r}"
        for where, text in texts
        for match in [FORBIDDEN_WORDS.search(ALLOWED.sub("", text))]
        if match
    ]
    assert not found, "\n".join(found)
