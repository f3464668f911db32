"""Print how well lumbar flexion, knee and hip are told at the floor, per placement, on simulated lifters of its own.

Usage: ``python benchmarks/lifters.py [--lifters 42] [--seed 2026] [--middle] [--as-worn]``

Every lifter has lengths of their own (each within 3 % of the average), one style for the set, and sensors of which
half have the softest skin their placement can have and all the noisiest electronics; ``--middle`` draws both evenly.
The line *skin alone* is what subtracting two perfect sensors would leave on these skins, corrected by the middle of
what skin does; *knee<85* leaves out squatted starts; *flagged* counts sets that did not fit the model.
Calibrated means: two clean hinges of the same lifter with the same sensors. No person was measured, and no number of
the analysis was fitted to these lifters.

They stand barefoot, lift plates of the stated radius, state their height to the centimetre and wear every sensor on the
very spot, and every band allows for more than that. ``--as-worn`` draws what nobody states: soles up to 2 cm, one bar
in five with plates or mats that put it up to 2 cm higher or lower, heights 1.5 cm wrong (sd), and sensors up to 2 cm
off along the back and 1 cm by clothes and flesh.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

import imu_hinge as ih
from imu_hinge import conventions as cv
from imu_hinge.errors import HingeError
from imu_hinge.simulate.sensor import SOFT_TISSUE, SensorSpec
from imu_hinge.simulate.session import Simulated, simulate
from imu_hinge.simulate.spec import LifterSpec, SetSpec
from imu_hinge.simulate.styles import styles_of
from imu_hinge.simulate.truth import true_verdict

Array = npt.NDArray[np.float64]

WORN = ("sacrum", "lumbar", "t12")
COLUMNS = (
    (("sacrum", "t12"), False),
    (("sacrum",), False),
    (("sacrum",), True),
    (("lumbar",), False),
    (("lumbar",), True),
    (("t12",), False),
    (("t12",), True),
)


@dataclass
class Tally:
    """Collect one column of the table: errors and bands at the floor (n, 5) [deg], and verdicts."""

    errors: list[Array]
    bands: list[Array]
    knees: list[Array]
    verdicts: list[tuple[str, str]]
    failed: int = 0
    flagged: int = 0


def sensors(rng: np.random.Generator, *, middle: bool) -> dict[str, SensorSpec]:
    """Draw the sensors of one lifter."""
    drawn = {}
    for placement in WORN:
        spec = SensorSpec.draw(rng, placement)
        if not middle:
            softest = SOFT_TISSUE[placement][1] if rng.random() < 0.5 else spec.soft_tissue
            noise = {"acc_noise_mps2_rthz": 200e-6 * cv.GRAVITY_MPS2, "gyr_noise_radps_rthz": float(np.radians(0.015))}
            spec = replace(spec, soft_tissue=softest, **noise)
        drawn[placement] = spec
    return drawn


def worn_off(rng: np.random.Generator, placed: Mapping[str, SensorSpec]) -> dict[str, SensorSpec]:
    """Return the sensors not quite where they should be."""
    return {
        placement: replace(spec, off_m=(float(rng.uniform(-0.01, 0.01)), 0.0, float(rng.uniform(-0.02, 0.02))))
        for placement, spec in placed.items()
    }


def bar_over_soles(rng: np.random.Generator) -> float:
    """Draw how high the bar is above the feet, in shoes and with the plates and mats there are [m]."""
    plates_m = rng.uniform(-0.02, 0.02) if rng.random() < 0.2 else 0.0
    return float(ih.Athlete().value("plate_radius_m") + plates_m - rng.uniform(0.0, 0.02))


def at_floor(made: Simulated, time_s: Array) -> npt.NDArray[np.bool_]:
    """Tell when the plates are on the floor with the lifter bent over the bar, around and between the reps."""
    truth = made.truth
    bar_m = np.interp(time_s, truth.time_s, truth.bar_height_m)
    trunk = truth.angles_at(time_s)[:, cv.TRUNK_INCLINATION]
    first_s, last_s = truth.reps[0].start_s - 0.5, truth.reps[-1].end_s + 0.2
    return np.asarray((bar_m < truth.bar_m + 0.005) & (trunk > 0.4) & (time_s > first_s) & (time_s < last_s))


def only(made: Simulated, placements: tuple[str, ...]) -> ih.Recording:
    """Return the recording of some of the sensors."""
    return replace(made.recording, sensors={p: made.recording.sensors[p] for p in placements}, exercise="deadlift")


def score(
    made: Simulated,
    hinges: Simulated,
    placements: tuple[str, ...],
    *,
    calibrated: bool,
    athlete: ih.Athlete,
    tally: Tally,
) -> None:
    """Analyse one set with some of its sensors and add what came out."""
    try:
        if calibrated:
            athlete = ih.calibrate(only(hinges, placements), athlete=athlete, clean_hinge=[0, 1])
        result = ih.analyze(only(made, placements), athlete=athlete)
    except HingeError as error:
        tally.failed += 1
        print(f"  refused: {error}")
        return
    tally.flagged += bool(np.any(result.posture.flags & cv.Flag.MISFIT.value))
    time_s, truth = result.posture.time_s, made.truth
    low = at_floor(made, time_s)
    true = np.degrees(truth.angles_at(time_s))[low]
    error = np.degrees(result.posture.angles_rad)[low] - true
    known = np.isfinite(error).all(axis=1)
    tally.errors.append(error[known])
    tally.bands.append(np.degrees(result.posture.sd_rad)[low][known])
    tally.knees.append(true[known][:, cv.KNEE_FLEXION])
    for rep in truth.reps:
        near = min(result.lifts, key=lambda lift: abs(lift.start_s - rep.start_s), default=None)
        if near is not None and abs(near.start_s - rep.start_s) < 1.0:
            tally.verdicts.append((true_verdict(rep, athlete), near.verdict.label))


def soft_tissue_alone(made: Simulated) -> Array:
    """Return what two perfect sensors on this lifter's skin would be off by at the floor, (n,) [deg]."""
    true = made.truth.angles_rad[at_floor(made, made.truth.time_s)]
    budget = ih.Settings().errors
    seen = {p: 1.0 - made.sensors[p].soft_tissue for p in ("sacrum", "t12")}
    trunk = true[:, cv.TRUNK_INCLINATION] * (seen["t12"] / (1.0 - budget.t12_skin) - 1.0)
    pelvis = true[:, cv.PELVIS_TILT] * (seen["sacrum"] / (1.0 - budget.sacrum_skin) - 1.0)
    return np.degrees(trunk - pelvis)


def row(name: str, tally: Tally) -> str:
    """Lay out one column of the issue's table as a line."""
    error, band, knee = np.vstack(tally.errors), np.vstack(tally.bands), np.concatenate(tally.knees)
    rmse = np.sqrt(np.mean(error**2, axis=0))
    inside = 100.0 * np.mean(np.abs(error) < 1.96 * band, axis=0)
    hinged = np.sqrt(np.mean(error[knee < 85.0, cv.LUMBAR_FLEXION] ** 2))
    decided = [(true, label) for true, label in tally.verdicts if label != "undecided"]
    right = [np.mean([t == v for t, v in decided if t == label]) for label in sorted({t for t, _ in decided})]
    undecided = 1.0 - len(decided) / max(len(tally.verdicts), 1)
    columns = (cv.LUMBAR_FLEXION, cv.PELVIS_TILT, cv.HIP_FLEXION, cv.KNEE_FLEXION)
    return (
        f"{name:20s} {rmse[cv.LUMBAR_FLEXION]:5.1f} {hinged:8.1f} {inside[cv.LUMBAR_FLEXION]:6.0f} %"
        f" {np.sqrt(np.mean(band[:, cv.LUMBAR_FLEXION] ** 2)):6.1f}  |"
        + "".join(f" {rmse[i]:5.1f} ({inside[i]:3.0f} %)" for i in columns[1:])
        + f"  | {np.mean(right) if right else np.nan:5.2f} {100.0 * undecided:5.0f} %"
        f"   {tally.failed:6d} {tally.flagged:7d}"
    )


def run(
    lifters: int, seed: int, *, middle: bool, as_worn: bool = False
) -> tuple[Mapping[tuple[tuple[str, ...], bool], Tally], Array]:
    """Simulate, calibrate and analyse; return what came out, and what skin alone would be off by."""
    skins: list[Array] = []
    tallies = {column: Tally([], [], [], []) for column in COLUMNS}
    styles = styles_of("deadlift")
    for k in range(lifters):
        rng = np.random.default_rng([seed, k])
        worn = sensors(rng, middle=middle)
        spec = replace(SetSpec.draw(rng, style=styles[k % len(styles)]), reps=4, before=(), after=(), drop="none")
        spec = replace(spec, has_failed_rep=False, lifter=LifterSpec.draw(rng))
        clean = SetSpec(style="good_hinge", reps=2, load=0.4, lifter=spec.lifter, impact_mps2=spec.impact_mps2)
        stated = ih.Athlete(height_m=round(spec.lifter.height_m, 2))
        if as_worn:
            unstated = np.random.default_rng([seed, k, 1])
            worn, bar_m = worn_off(unstated, worn), bar_over_soles(unstated)
            spec, clean = replace(spec, bar_m=bar_m), replace(clean, bar_m=bar_m)
            stated = ih.Athlete(height_m=round(spec.lifter.height_m + float(unstated.normal(0.0, 0.015)), 2))
        made = simulate(spec, seed=1000 * seed + k, placements=WORN, sensors=worn)
        hinges = simulate(clean, seed=1000 * seed + 500 + k, placements=WORN, sensors=worn)
        skins.append(soft_tissue_alone(made))
        for placements, calibrated in COLUMNS:
            tally = tallies[placements, calibrated]
            score(made, hinges, placements, calibrated=calibrated, athlete=stated, tally=tally)
    return tallies, np.concatenate(skins)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lifters", type=int, default=42)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--middle", action="store_true", help="draw skin and noise evenly, not at their upper ends")
    parser.add_argument("--as-worn", action="store_true", help="draw soles, plates, heights and places nobody states")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{args.lifters} simulated lifters, seed {args.seed}; degrees at the floor. No person was measured.")
    print(
        f"{'':20s} lumbar  knee<85  in 95 %  band  |  pelvis        hip         knee       |"
        " verdict undecided failed flagged"
    )
    tallies, soft_tissue = run(args.lifters, args.seed, middle=args.middle, as_worn=args.as_worn)
    print(f"{'skin alone':20s} {np.sqrt(np.mean(soft_tissue**2)):5.1f}")
    for (placements, calibrated), tally in tallies.items():
        print(row("+".join(placements) + (", calibrated" if calibrated else ""), tally))


if __name__ == "__main__":
    main()
