"""What is compiled beforehand is all that an analysis needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from imu_hinge.analysis import precompile

ROOT = Path(__file__).resolve().parents[2]
COMPARE = """
import gc, sys
from numba.core.dispatcher import Dispatcher
import imu_hinge as ih
from imu_hinge.analysis import precompile

def signatures():
    found = [d for d in gc.get_objects() if isinstance(d, Dispatcher) and d.__module__.startswith("imu_hinge")]
    return {(d.__module__, d.__name__, str(s)) for d in found for s in d.signatures}

precompile.other_half()
precompile.linkage()
before = signatures()
assert len(before) > 5
ih.analyze(ih.read(sys.argv[1]))
print(sorted(signatures() - before))
"""


def test_nothing_is_left_for_an_analysis_to_compile() -> None:
    recording = ROOT / "recordings" / "simulated_deadlift_hinge_5_reps"
    done = subprocess.run([sys.executable, "-c", COMPARE, recording], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


class Waiting:
    """Stand in for a process that has ended."""

    def wait(self) -> int:
        return 0


@pytest.mark.parametrize("is_frozen", [False, True])
def test_a_program_in_one_file_starts_no_second_python(monkeypatch: pytest.MonkeyPatch, is_frozen: bool) -> None:
    """There `sys.executable` is the program itself, which would start over."""
    commands, steps = [], []
    monkeypatch.setattr(sys, "frozen", is_frozen, raising=False)
    monkeypatch.setattr(precompile.subprocess, "Popen", lambda command, **_: commands.append(command) or Waiting())
    monkeypatch.setattr(precompile.code_cache, "keep", lambda name, _: steps.append(name) or True)
    monkeypatch.setattr(precompile, "linkage", lambda: steps.append("linkage"))
    precompile.run()
    assert steps == [precompile.BEGUN, "linkage", precompile.DONE]
    assert [command[0] for command in commands] == ([] if is_frozen else [sys.executable])


def test_where_nothing_can_be_handed_over_nothing_is_compiled_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precompile.code_cache, "keep", lambda *_: False)
    monkeypatch.setattr(precompile, "linkage", lambda: pytest.fail("it was compiled for nobody"))
    precompile.run()


@pytest.mark.parametrize(("kept", "is_due"), [(None, True), (b"", False)])
def test_it_is_due_until_it_was_done(monkeypatch: pytest.MonkeyPatch, kept: bytes | None, is_due: bool) -> None:
    monkeypatch.setattr(precompile.code_cache, "read", {precompile.DONE: kept}.get)
    assert precompile.is_due() is is_due
