"""What users rely on: the exported names, the tables' columns and kinds, the documentation, the commands' help."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

import imu_hinge as ih
from imu_hinge import conventions as cv
from imu_hinge.cli import app

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "imu_hinge"

EXPORTED = [
    "Athlete",
    "Event",
    "HingeError",
    "Instant",
    "LiveAnalysis",
    "Posture",
    "Recording",
    "Rep",
    "Samples",
    "SetResult",
    "Settings",
    "Verdict",
    "__version__",
    "analyze",
    "calibrate",
    "orientation",
    "plot_set",
    "read",
    "read_athlete",
    "report",
    "write",
]

REP_COLUMNS = [
    "rep",
    "exercise",
    "start_s",
    "turn_s",
    "end_s",
    "descent_s",
    "ascent_s",
    "pause_s",
    "pelvis_tilt_peak_deg",
    "trunk_inclination_peak_deg",
    "lumbar_flexion_peak_deg",
    "lumbar_flexion_peak_sd_deg",
    "lumbar_flexion_bottom_deg",
    "lumbar_flexion_bottom_sd_deg",
    "knee_flexion_peak_deg",
    "lumbar_share",
    "basis",
    "verdict",
    "confidence",
    "findings",
    "quality",
    "set",
    "lumbar_flexion_peak_low_deg",
    "lumbar_flexion_peak_high_deg",
    "lumbar_flexion_bottom_low_deg",
    "lumbar_flexion_bottom_high_deg",
    "knee_flexion_peak_sd_deg",
    "knee_flexion_peak_low_deg",
    "knee_flexion_peak_high_deg",
    "verdict_floor",
    "confidence_floor",
]

ANGLE_COLUMNS = [
    "time_s",
    "pelvis_tilt_deg",
    "pelvis_tilt_sd_deg",
    "trunk_inclination_deg",
    "trunk_inclination_sd_deg",
    "lumbar_flexion_deg",
    "lumbar_flexion_sd_deg",
    "hip_flexion_deg",
    "hip_flexion_sd_deg",
    "knee_flexion_deg",
    "knee_flexion_sd_deg",
    "rep",
    "phase",
    "flags",
    "set",
    "pelvis_tilt_low_deg",
    "pelvis_tilt_high_deg",
    "trunk_inclination_low_deg",
    "trunk_inclination_high_deg",
    "lumbar_flexion_low_deg",
    "lumbar_flexion_high_deg",
    "hip_flexion_low_deg",
    "hip_flexion_high_deg",
    "knee_flexion_low_deg",
    "knee_flexion_high_deg",
]

TEXT_COLUMNS = {"exercise", "basis", "verdict", "verdict_floor", "findings", "quality"}

COMMANDS = [
    "analyze",
    "plot",
    "convert",
    "simulate",
    "demo",
    "calibrate",
    "edit",
    "settings",
    "subtitles",
    "history",
    "athletes",
    "import-log",
    "scan",
    "record",
    "live",
    "repair",
    "doctor",
    "version",
]

MODULES = [m.name for m in pkgutil.walk_packages([str(ROOT / "imu_hinge")], "imu_hinge.")]


@pytest.fixture(scope="module")
def empty_result() -> ih.SetResult:
    """Thirty seconds of a person who only stands."""
    rng = np.random.default_rng(1)
    acc = np.array([0.3, -0.2, 9.8]) + rng.normal(0.0, 0.03, (3000, 3))
    gyr = rng.normal(0.0, 0.01, (3000, 3))
    return ih.analyze(ih.Recording({"sacrum": ih.Samples(np.arange(3000) / 100.0, acc, gyr)}))


# the contract -----------------------------------------------------------------------------------------------------


def test_exactly_these_names_are_exported() -> None:
    assert ih.__all__ == EXPORTED
    assert set(dir(ih)) == set(EXPORTED)


@pytest.mark.parametrize("name", EXPORTED)
def test_an_exported_name_is_there(name: str) -> None:
    assert getattr(ih, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ih.nothing  # noqa: B018


def test_the_version_is_the_packages_version() -> None:
    from importlib.metadata import version

    assert ih.__version__ == version("imu-hinge")


def test_reps_have_exactly_the_contracts_columns(hinge_result: ih.SetResult) -> None:
    reps = hinge_result.reps
    assert list(reps.columns) == REP_COLUMNS
    assert list(reps.rep) == list(range(len(reps)))
    assert set(reps.basis) == {"measured"}
    assert set(reps.verdict) <= set(cv.VERDICTS)
    assert set(reps.quality) <= set(cv.QUALITIES)
    assert reps.confidence.between(0.0, 1.0).all()
    assert (reps.start_s < reps.turn_s).all()
    assert (reps.turn_s < reps.end_s).all()


def test_angles_have_exactly_the_contracts_columns(hinge_result: ih.SetResult) -> None:
    angles = hinge_result.angles
    assert list(angles.columns) == ANGLE_COLUMNS
    assert np.allclose(np.diff(angles.time_s), 0.01)
    assert set(angles.phase) <= set(cv.PHASES)
    assert set(angles.rep) == {-1, 0, 1, 2, 3, 4}
    known = angles.lumbar_flexion_deg.notna()
    assert (angles.lumbar_flexion_sd_deg.notna() == known).all()
    assert (angles.lumbar_flexion_sd_deg[known] > 0.0).all()


def test_a_table_without_reps_has_the_same_columns_and_kinds(
    hinge_result: ih.SetResult, empty_result: ih.SetResult
) -> None:
    assert len(empty_result.reps) == 0
    assert list(empty_result.reps.columns) == REP_COLUMNS
    assert dict(empty_result.reps.dtypes) == dict(hinge_result.reps.dtypes)
    assert dict(empty_result.angles.dtypes) == dict(hinge_result.angles.dtypes)
    for column in set(REP_COLUMNS) - TEXT_COLUMNS:
        assert hinge_result.reps[column].dtype == ("int64" if column in ("rep", "set") else "float64"), column


def test_labels_are_plain_strings_and_a_rep_has_one_type_in_every_table(
    hinge_result: ih.SetResult, empty_result: ih.SetResult
) -> None:
    plain = pd.Series(["text"]).dtype  # object in pandas 2, str in 3
    for result in (hinge_result, empty_result):
        assert result.reps["rep"].dtype == result.angles["rep"].dtype == "int64"
        columns = [result.angles["phase"], *(result.reps[name] for name in sorted(TEXT_COLUMNS))]
        assert all(column.dtype == plain for column in columns)
        assert {type(value) for column in columns for value in column} <= {str}
    both = pd.concat([empty_result.reps, hinge_result.reps], ignore_index=True)
    assert dict(both.dtypes) == dict(hinge_result.reps.dtypes)
    peaks = hinge_result.angles.merge(hinge_result.reps, on="rep").groupby("verdict")["lumbar_flexion_deg"].max()
    assert list(peaks.index) == ["hip_hinge"]


def test_the_contracts_five_lines_run(csv_pair: list[str]) -> None:
    rec = ih.read(csv_pair)
    result = ih.analyze(rec, athlete=ih.Athlete(height_m=1.78), exercise="auto")
    assert len(result.reps) == 5
    sacrum = rec.sensors["sacrum"]
    one = ih.Recording({"sacrum": ih.Samples(sacrum.time_s, sacrum.acc, sacrum.gyr)})
    live = ih.LiveAnalysis(placements=["sacrum"], athlete=ih.Athlete(height_m=1.78), exercise="auto")
    events = live.feed("sacrum", one.sensors["sacrum"])
    assert {event.kind for event in events} >= {"rep"}
    assert len(live.finish().reps) == 5
    q_ws = ih.orientation(sacrum.gyr, sacrum.acc, rate_hz=100.0, both_ways=False)
    assert q_ws.shape == (len(sacrum), 4)
    assert np.linalg.norm(q_ws, axis=1) == pytest.approx(1.0)


# documentation ----------------------------------------------------------------------------------------------------


def public_callables() -> list[Any]:
    """Return every public class and function of the package that is defined in it, with its name as id."""
    found = {}
    for name in MODULES:
        module = importlib.import_module(name)
        for label, value in vars(module).items():
            own = getattr(value, "__module__", None) == name and not label.startswith("_")
            if own and (inspect.isfunction(value) or inspect.isclass(value)):
                found[f"{name}.{label}"] = value
    return [pytest.param(value, id=label) for label, value in found.items()]


CONTRACT = ["analyze", "calibrate", "orientation", "read", "read_athlete", "write"]


def parameters_of(value: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(value).parameters if name != "self" and not name.startswith("_")]


def documented(doc: str) -> set[str]:
    """Return the names that stand before the descriptions in the Parameters section, several split at commas."""
    section = re.search(r"Parameters\n-+\n(.*?)(?=\n\n?\w[\w ]*\n-{3,}|\Z)", inspect.cleandoc(doc), re.DOTALL)
    if section is None:
        return set()
    heads = re.findall(r"^(\*{0,2}\w[\w, *]*?)(?: *:.*)?$", section.group(1), re.MULTILINE)
    return {name.strip(" *") for head in heads for name in head.split(",")}


@pytest.mark.parametrize("value", public_callables())
def test_what_is_public_says_what_it_does(value: Any) -> None:
    assert inspect.getdoc(value), "has no docstring"


@pytest.mark.parametrize("value", public_callables())
def test_a_parameters_section_names_the_parameters_and_no_other(value: Any) -> None:
    told = documented(inspect.getdoc(value) or "")
    if not told:
        return  # a short function whose types and first line say it all; the contract's own are held to more below
    own = set(parameters_of(value))
    assert told <= own, f"documented but not there: {sorted(told - own)}"
    assert own <= told, f"not documented: {sorted(own - told)}"


MANY = 3
"""A function that takes as many parameters says in its docstring what each of them is."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions_in(source: str) -> Iterator[tuple[str, Function, bool]]:
    """Yield the public functions and methods of a module: dotted name, definition, whether a protocol promises it."""
    for node in ast.parse(source).body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node.name, node, False
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            is_protocol = any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)
            for method in node.body:
                if isinstance(method, Function) and not method.name.startswith("_"):
                    yield f"{node.name}.{method.name}", method, is_protocol


def arguments_of(function: Function) -> list[str]:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    others = [a.arg for a in (function.args.vararg, function.args.kwarg) if a is not None]
    return [a.arg for a in arguments if a.arg not in ("self", "cls")] + others


def ill_documented(source: str, promised: Collection[tuple[str, list[str]]]) -> list[str]:
    """Return which functions of a module document too few parameters, or others than they take.

    What a method does that a protocol promises, with the same parameters, the protocol says for all. A command's
    parameters are options, and each has its ``help``.
    """
    found = []
    for name, function, is_protocol in functions_in(source):
        own, told = arguments_of(function), documented(ast.get_docstring(function) or "")
        is_promised = "." in name and not is_protocol and (function.name, own) in promised
        is_command = "typer.Option(" in source and function.name.replace("_", "-") in COMMANDS
        if told != set(own) and (told or (len(own) >= MANY and not is_promised and not is_command)):
            found.append(f"{name}: {sorted(set(own) ^ told)}")
    return found


def sources() -> dict[str, str]:
    """Return the text of every module of the package by its path."""
    paths = sorted((ROOT / "imu_hinge").rglob("*.py"))
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths}


def test_the_rule_for_parameters_can_fail() -> None:
    bare = 'def f(a, b, *, c):\n    """Do it."""\n'
    assert ill_documented(bare, []) == ["f: ['a', 'b', 'c']"]
    told = 'def f(a, b, *, c):\n    """Do it.\n\n    Parameters\n    ----------\n    a, b\n    {}\n    """\n'
    assert ill_documented(told.format("c : (n,) [s]"), []) == []
    assert ill_documented(told.format("d"), []) == ["f: ['c', 'd']"]
    method = 'class A:\n    def f(self, a, b, c):\n        """Do it."""\n'
    assert ill_documented(method, [("f", ["a", "b"])]) == ["A.f: ['a', 'b', 'c']"]
    assert ill_documented(method, [("f", ["a", "b", "c"])]) == []


def test_who_takes_three_parameters_says_what_they_are() -> None:
    modules = sources()
    promised = [
        (function.name, arguments_of(function))
        for source in modules.values()
        for _, function, is_protocol in functions_in(source)
        if is_protocol
    ]
    assert len(promised) > 10
    found = [f"{path} {what}" for path, source in modules.items() for what in ill_documented(source, promised)]
    assert not found, "\n".join(found)


def names_in(source: str) -> set[str]:
    """Return every name that a module defines, takes, imports or uses."""
    kinds = {ast.Name: "id", ast.arg: "arg", ast.Attribute: "attr", ast.alias: "name"}
    kinds |= {ast.FunctionDef: "name", ast.AsyncFunctionDef: "name", ast.ClassDef: "name"}
    nodes = list(ast.walk(ast.parse(source)))
    return {part for node in nodes if type(node) in kinds for part in getattr(node, kinds[type(node)]).split(".")}


def gone_from(source: str, known: set[str]) -> list[str]:
    """Return what stands in single backticks with a dot in it, such as `room.name`, and names nothing that is known."""
    named = re.findall(r"(?<!`)`([A-Za-z_]\w*(?:\.\w+)+)`(?!`)", source)
    return [name for name in named if not set(name.split(".")) <= known and not (PACKAGE / "report" / name).exists()]


def test_docstrings_name_nothing_that_is_gone() -> None:
    assert gone_from('"""See `old_room.Thing` and `room.Thing`; ``x.y`` is code."""', {"room", "Thing"}) == [
        "old_room.Thing"
    ]
    modules = sources()
    known = set().union(*map(names_in, modules.values())) | {part for path in modules for part in Path(path).parts}
    known |= {Path(path).stem for path in modules}
    found = [f"{path}: {name}" for path, source in modules.items() for name in gone_from(source, known)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", CONTRACT)
def test_the_contracts_functions_document_every_parameter(name: str) -> None:
    value = getattr(ih, name)
    assert set(parameters_of(value)) <= documented(inspect.getdoc(value) or "")


def examples_in(module: ModuleType) -> int:
    """Return how many ``>>>`` lines the docstrings of a module have."""
    return sum(len(test.examples) for test in doctest.DocTestFinder().find(module))


WITH_EXAMPLES = [module for module in map(importlib.import_module, MODULES) if examples_in(module)]


@pytest.mark.parametrize("module", WITH_EXAMPLES, ids=lambda m: m.__name__)
def test_examples_in_docstrings_run(module: ModuleType) -> None:
    done = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert done.attempted == examples_in(module) > 0
    assert done.failed == 0


def test_an_example_that_is_wrong_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    module = ModuleType("wrong", "Add.\n\n>>> 1 + 1\n3\n")
    assert doctest.testmod(module).failed == examples_in(module) == 1
    assert "Expected" in capsys.readouterr().out


@pytest.mark.parametrize("name", [name for name in EXPORTED if name != "__version__"])
def test_what_is_exported_shows_an_example_with_its_outcome(name: str) -> None:
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(getattr(ih, name)) or "")
    assert any(example.want or example.exc_msg for example in examples), f"{name} has no example"


# the command line -------------------------------------------------------------------------------------------------


def test_exactly_these_commands_exist() -> None:
    listed = CliRunner().invoke(app, ["--help"])
    assert listed.exit_code == 0
    assert list(typer.main.get_command(app).commands) == COMMANDS  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_its_options(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert shown.exit_code == 0
    built = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    assert built.help.split(":")[0].split(".")[0] in shown.output
    for parameter in built.params:
        if parameter.name == "help":
            continue
        assert parameter.help, f"{command}: {parameter.name} is not explained"
        assert parameter.param_type_name == "argument" or parameter.opts[0] in shown.output


def test_the_contracts_options_of_analyze_are_there() -> None:
    shown = CliRunner().invoke(app, ["analyze", "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    for option in ["--height", "--athlete", "--exercise", "--as-live", "--reps", "--angles", "--json", "--report"]:
        assert option in shown


def test_json_is_json_alone(hinge_folder: Path) -> None:
    done = CliRunner().invoke(app, ["analyze", str(hinge_folder), "--json"])
    assert done.exit_code == 0
    table = json.loads(done.stdout)
    assert len(table["reps"]) == 5
    assert list(table["reps"][0])[: len(REP_COLUMNS)] == REP_COLUMNS
