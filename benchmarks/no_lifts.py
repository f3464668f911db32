"""Print what is counted as a rep where nobody lifts, and whether lifts and bends are still counted; auto throughout.

Usage: ``python benchmarks/no_lifts.py [--chairs 20] [--as-live]``

Reads the real people's recordings of ``../shared/data`` in place: SisFall's sits (D07 to D10), jumps (D19) and bends
(D15 with the knees, D16 without), UMAFall's sits, walks and bends, TrunkyXL's three flexions, barbell sets with the
sensor on a wrist. After them simulated lifters who sit down and rise five to ten times, and the simulated sets of
lifters from another hand. Nothing is fitted to any of them. A trial that is refused counts none; of the wrist it is
printed how many trials give a verdict.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

import imu_hinge as ih
from imu_hinge.errors import HingeError
from imu_hinge.simulate.session import simulate
from imu_hinge.simulate.spec import LifterSpec, SetSpec

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data"
SISFALL_HZ, TRUNKY_HZ = 200.0, 50.0
ADXL345_MPS2, ITG3200_RAD_S = 9.80665 * 32.0 / 2**13, float(np.radians(1.0 / 14.375))
"""By a count: the accelerometer by its range of ±16 g in 13 bits, the gyroscope by its data sheet (PS-ITG-3200A: 14.375
counts per deg/s). SisFall's readme divides ±2000 deg/s into 2**16 counts: 1.14 times too little."""

Trial = tuple[str, int, ih.Recording]
"""What it is, how many reps are right, the recording."""


def load(name: str) -> dict[str, npt.NDArray[np.float64]]:
    """Return one file's arrays."""
    with np.load(DATA / name, allow_pickle=False) as file:
        return dict(file)


def sisfall() -> Iterator[Trial]:
    """Give every trial: one bend, or none."""
    data = load("sisfall_squat_vs_bend.npz")
    for i, label in enumerate(data["label"].tolist()):
        part = slice(data["offsets"][i], data["offsets"][i + 1])
        acc, gyr = data["adxl"][part] * ADXL345_MPS2, data["gyr"][part] * ITG3200_RAD_S
        worn = ih.Samples(np.arange(len(acc)) / SISFALL_HZ, acc, gyr)
        yield f"SisFall {label}", int(label in ("D15", "D16")), ih.Recording({"hip": worn})


def umafall() -> Iterator[Trial]:
    """Give every trial with waist and chest, as it is in the files and with one hand for both instruments.

    In the files y of the accelerometer is mirrored against the gyroscope: by least squares over all of them gravity
    turns as ``(-x, y, -z)`` of the gyroscope say, of which no rotation of one sensor comes.
    """
    data = load("umafall_waist_chest_bending.npz")
    for i, label in enumerate(data["label"].tolist()):
        sensors = {}
        for placement, where in (("hip", "waist"), ("chest", "chest")):
            part = slice(*data[f"{where}_offsets"][i : i + 2])
            columns = (data[f"{where}_{name}"][part] for name in ("t", "acc", "gyr"))
            sensors[placement] = ih.Samples(*columns)
        yield f"UMAFall {label}, as filed", int(label == "Bending"), ih.Recording(sensors)
        mended = {place: ih.Samples(s.time_s, s.acc * [1.0, -1.0, 1.0], s.gyr) for place, s in sensors.items()}
        yield f"UMAFall {label}", int(label == "Bending"), ih.Recording(mended)


def trunky() -> Iterator[Trial]:
    """Give every trial: three flexions among side bends and turns."""
    data = load("trunkyxl_back_c7_t10_sacrum.npz")
    for start, stop in zip(data["offsets"][:-1], data["offsets"][1:], strict=True):
        time_s = np.arange(stop - start) / TRUNKY_HZ
        worn = {
            placement: ih.Samples(time_s, data[f"{name}_acc"][start:stop], data[f"{name}_gyr"][start:stop])
            for placement, name in (("sacrum", "s2"), ("t12", "t10"))
        }
        yield "TrunkyXL flexions", 3, ih.Recording(worn)


def wrist() -> Iterator[Trial]:
    """Give every set with the sensor on a wrist, said to sit on the sacrum, at the gyroscope's 25 Hz."""
    data = load("metamotion_wrist_barbell.npz")
    for i, name in enumerate(data["exercise"].tolist()):
        acc, gyr = (slice(*data[f"{kind}_offsets"][i : i + 2]) for kind in ("acc", "gyr"))
        time_s = data["gyr_t"][gyr]
        force = np.stack([np.interp(time_s, data["acc_t"][acc], column) for column in data["acc"][acc].T], axis=1)
        yield f"wrist {name}", 0, ih.Recording({"sacrum": ih.Samples(time_s, force, data["gyr"][gyr])})


def others() -> Iterator[Trial]:
    """Give every set of the lifters from another hand, two sensors and the sacrum alone."""
    sets = json.loads((DATA / "other_lifters" / "index.json").read_text(encoding="utf-8"))
    for name, made in sets.items() if isinstance(sets, dict) else ((entry["file"], entry) for entry in sets):
        data = load(f"other_lifters/{Path(str(name)).stem}.npz")
        for worn in (("sacrum", "t12"), ("sacrum",)):
            sensors = {p: ih.Samples(*(data[f"{p}_{column}"] for column in ("time_s", "acc", "gyr"))) for p in worn}
            kind = f"other lifters {made['exercise']}, {' + '.join(worn)}"
            yield kind, len(made["reps"]), ih.Recording(sensors)


def chairs(count: int) -> Iterator[Trial]:
    """Give simulated lifters who sit down and rise."""
    for seed in range(count):
        lifter = LifterSpec.draw(np.random.default_rng(seed))
        spec = SetSpec("squat", "squat_parallel", reps=0, lifter=lifter, has_rack=False, before=("chair",))
        for worn in (("sacrum", "t12"), ("hip",)):
            made = simulate(spec, seed=seed, placements=worn)
            yield f"simulated chair rises, {' + '.join(worn)}", 0, made.recording


def main() -> None:
    """Print by data set and activity: trials, with any rep, with the right count, with a verdict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chairs", type=int, default=20)
    parser.add_argument("--as-live", action="store_true")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    rows: dict[str, list[tuple[int, int, bool]]] = defaultdict(list)
    trials = [chairs(args.chairs)]
    if DATA.is_dir():
        trials += [sisfall(), umafall(), trunky(), wrist(), others()]
    else:
        print(f"{DATA} is not here: only simulated chair rises are tried.")
    for kind, right, recording in (trial for some in trials for trial in some):
        try:
            result = ih.analyze(recording, as_live=args.as_live)
        except HingeError:
            rows[kind].append((0, right, False))
            continue
        is_decided = any(rep.verdict.label != "undecided" for rep in result.lifts)
        rows[kind].append((len(result.lifts), right, is_decided))
    print(f"{'':44s} trials  with reps  right count  with a verdict")
    for kind, found in rows.items():
        some, exact = sum(n > 0 for n, _, _ in found), sum(n == right for n, right, _ in found)
        decided = sum(is_decided for _, _, is_decided in found)
        print(f"{kind:44s} {len(found):6d} {some:10d} {exact:12d} {decided:15d}")


if __name__ == "__main__":
    main()
