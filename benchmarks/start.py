"""Print how long the command line takes to start: help, the first analysis with all compilation, and later ones.

The package is copied to a new folder, so that nothing is compiled yet; a new home hides what a user's cache holds.
Beside them a bare ``import numba``, which every analysis waits for. Wall time, and CPU time of all processes;
the former says something on an idle machine only.

    python benchmarks/start.py [--runs 5]
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORDING = ROOT / "recordings" / "simulated_deadlift_hinge_5_reps"
PROGRAM = "from imu_hinge.cli import main; main()"


def measured(words: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Return wall and CPU time [s] of a Python process and those that it starts."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", *words], env=environment, cwd=environment["HOME"], check=True, stdout=subprocess.DEVNULL
    )
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="Of all but the first analysis; the median is printed.")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "imu_hinge", Path(folder) / "imu_hinge", ignore=shutil.ignore_patterns("__pycache__"))
        kept = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
        environment = kept | {"PYTHONPATH": folder, "HOME": folder, "XDG_CACHE_HOME": folder}
        analyze = [PROGRAM, "analyze", str(RECORDING)]
        measured([PROGRAM, "--help"], environment)  # compiles our byte code
        print(f"Load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        print(f"{'':28} {'wall [s]':>9} {'CPU [s]':>9}")
        show("first analysis", [measured(analyze, environment)])
        show("later analyses", [measured(analyze, environment) for _ in range(runs)])
        show("imu-hinge --help", [measured([PROGRAM, "--help"], environment) for _ in range(runs)])
        show("import numba, bare", [measured(["import numba"], environment) for _ in range(runs)])


def show(what: str, times: list[tuple[float, float]]) -> None:
    wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"{what:28} {wall:9.2f} {cpu:9.2f}")


if __name__ == "__main__":
    main()
