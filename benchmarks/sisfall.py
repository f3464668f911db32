"""Print how well bending with the knees is told from bending without them on SisFall's people, from one waist sensor.

Usage: ``python benchmarks/sisfall.py [--exercise drill]``

Reads ``../shared/data/sisfall_squat_vs_bend.npz`` in place: 95 bends with the knees (D15) and 95 without (D16) of 19
people, no height known, nothing fitted to them and nothing left out. A trial in which no bend is found, or which is
refused, counts as undecided with a probability of one half. The areas under the curve compare the probability of a
squat with the deepest lean alone (less lean, more squat) and with knee flexion as inferred.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt

import imu_hinge as ih
from imu_hinge import conventions as cv
from imu_hinge.errors import HingeError
from imu_hinge.reps.verdict import Limits, probability_above

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "sisfall_squat_vs_bend.npz"
RATE_HZ = 200.0
ADXL345_MPS2, ITG3200_RAD_S = 9.80665 * 32.0 / 2**13, float(np.radians(1.0 / 14.375))
"""By a count: the accelerometer by its range of ±16 g in 13 bits, the gyroscope by its data sheet (PS-ITG-3200A: 14.375
counts per deg/s). SisFall's readme divides ±2000 deg/s into 2**16 counts: 1.14 times too little."""


def auc(positive: npt.NDArray[np.float64], negative: npt.NDArray[np.float64]) -> float:
    """Return the chance that a positive scores above a negative, ties counted half."""
    above = positive[:, None] > negative[None, :]
    return float(np.mean(above + 0.5 * (positive[:, None] == negative[None, :])))


def scores(recording: ih.Recording, exercise: str) -> tuple[float, float, float, str]:
    """Return P(squat), the deepest lean [rad], knee flexion at its deepest [rad] and the verdict of one trial."""
    try:
        result = ih.analyze(recording, exercise=exercise)
    except HingeError as error:
        return 0.5, np.nan, np.nan, type(error).__name__
    if not result.lifts:
        return 0.5, np.nan, np.nan, "no bend"
    rep = max(result.lifts, key=lambda lift: lift.knee_flexion_peak_rad + lift.pelvis_tilt_peak_rad)
    posture, limits = result.posture, Limits.of(result.athlete, ih.Settings().verdict)
    during = slice(*np.searchsorted(posture.time_s, [rep.start_s, rep.end_s]))
    angles, sd = posture.angles_rad[during], posture.sd_rad[during]
    at = int(np.nanargmax(angles[:, cv.KNEE_FLEXION]))
    knees = probability_above(angles[at, cv.KNEE_FLEXION], sd[at, cv.KNEE_FLEXION], limits.knee_rad)
    rounded = probability_above(rep.lumbar_flexion_peak_rad, rep.lumbar_flexion_peak_sd_rad, limits.lumbar_rad)
    inclination = float(np.nanmax(posture.inclination_rad[during]))
    return (1.0 - rounded) * knees, inclination, float(angles[at, cv.KNEE_FLEXION]), rep.verdict.label


def main() -> None:
    """Print the areas under the curve, all people together and one by one, and the verdicts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exercise", default="drill")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    if not DATA.exists():
        raise SystemExit(f"{DATA} is not here; the recordings are read in place.")
    with np.load(DATA, allow_pickle=False) as file:
        data = dict(file)
    rows: dict[str, list[tuple[float, float, float]]] = {"D15": [], "D16": []}
    verdicts: dict[str, Counter[str]] = {"D15": Counter(), "D16": Counter()}
    people: dict[str, list[str]] = {"D15": [], "D16": []}
    for trial, label in enumerate(data["label"]):
        if label not in rows:
            continue
        part = slice(data["offsets"][trial], data["offsets"][trial + 1])
        acc, gyr = data["adxl"][part] * ADXL345_MPS2, data["gyr"][part] * ITG3200_RAD_S
        worn = ih.Samples(np.arange(len(acc)) / RATE_HZ, acc, gyr)
        squat, inclination, knee, verdict = scores(ih.Recording({"hip": worn}), args.exercise)
        rows[label].append((squat, inclination, knee))
        verdicts[label][verdict] += 1
        people[label].append(str(data["subject"][trial]))
    with_knees, without = np.array(rows["D15"]), np.array(rows["D16"])
    middle = np.nanmedian(np.concatenate([with_knees, without]), axis=0)  # of what a trial without a bend would score
    with_knees, without = (np.where(np.isfinite(values), values, middle) for values in (with_knees, without))
    print(
        f"SisFall, one sensor at the waist, as {args.exercise}: {len(with_knees)} bends with, {len(without)} without."
    )
    names = ("P(squat)", "least lean", "knee flexion")
    signs = (1.0, -1.0, 1.0)
    for k, (name, sign) in enumerate(zip(names, signs, strict=True)):
        print(f"AUC by {name:13s} {auc(sign * with_knees[:, k], sign * without[:, k]):.3f}")
    for label, counts in verdicts.items():
        decided = sum(counts[name] for name in ("hip_hinge", "squat", "lumbar_flexion"))
        print(f"{label}: {dict(counts.most_common())}; not decided {100.0 * (1.0 - decided / counts.total()):.0f} %")
    each = []
    for person in sorted(set(people["D15"])):
        mine, theirs = np.array(people["D15"]) == person, np.array(people["D16"]) == person
        each.append((person, auc(with_knees[mine, 0], without[theirs, 0])))
    print("by person: " + ", ".join(f"{person} {value:.2f}" for person, value in each))


if __name__ == "__main__":
    main()
