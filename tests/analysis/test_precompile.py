"""What is compiled beforehand is all that an analysis needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
