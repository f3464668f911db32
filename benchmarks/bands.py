"""Print whether bands and verdicts hold, for every placement set, kind of lift and mode, on lifters nobody fitted to.

Usage: ``python benchmarks/bands.py [--lifters other|own] [--sets 14] [--first-seed 7000] [--worn sacrum,sacrum+t12]
[--modes both,live] [--kinds hinge,rounded] [--workers 1]``

``other`` are the lifters of another hand in ``../shared/data/other_lifters``, read in place; ``own`` are simulated
here, one set of every style for each seed. Told the exercise and the height. Every rep that is found is held
against its truth:

======== ===============================================================================================================
rmse     largest lumbar flexion of the rep, told against true [deg]
z        root mean square of error over standard deviation
in       share of reps whose truth is inside the told 95 % interval
width    of that interval, mean [deg]
pinball  mean of the pinball losses of the interval's ends and the value [deg]; a proper score: less is better
wrong    share of all reps whose verdict of the whole rep is decided and not the true one [%]
none     share of all reps that are undecided [%]
floor    rmse, share inside, wrong and none of the same with the bar on the floor; lifts from the floor alone
knee     rmse and share inside of the largest knee flexion
======== ===============================================================================================================

No person was measured, and no number of the analysis was fitted to either kind of lifter.
"""

from __future__ import annotations

import argparse
import json
import os
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import imu_hinge as ih
from imu_hinge import conventions as cv
from imu_hinge.errors import HingeError
from imu_hinge.model import Array, Samples
from imu_hinge.simulate.session import simulate
from imu_hinge.simulate.spec import SetSpec
from imu_hinge.simulate.styles import STYLES, styles_of

OTHERS = Path(__file__).resolve().parents[2] / "shared" / "data" / "other_lifters"
PLACEMENTS = ("sacrum", "lumbar", "t12")
WORN = ("sacrum", "lumbar", "t12", "sacrum+t12")
EXERCISES = ("deadlift", "rdl", "swing", "good_morning", "squat")
NEAR_S = 0.6
"""A told rep is a true one where their turns are this near [s]."""
ON_REQUEST = tuple(name for name, style in STYLES.items() if not style.is_drawn)


def _lifter(spec: SetSpec, **changes: float) -> SetSpec:
    return replace(spec, lifter=replace(spec.lifter, **changes))  # type: ignore[arg-type]


VARIATIONS: dict[str, Callable[[SetSpec, np.random.Generator], SetSpec]] = {
    "deficit": lambda spec, rng: replace(spec, bar_m=float(rng.uniform(0.165, 0.195))),
    "blocks": lambda spec, rng: replace(spec, bar_m=float(rng.uniform(0.26, 0.30))),
    "snatch_grip": lambda spec, rng: _lifter(spec, grip_deg=float(rng.uniform(20.0, 35.0))),
    "hitching": lambda spec, rng: replace(spec, reps=4, has_hitch=True),
    "standing_knees": lambda spec, rng: _lifter(spec, standing_knee_deg=float(rng.uniform(0.0, 6.0))),
}
"""A hinge otherwise than usual: the bar's height is stated, grip and knees are not."""

QUANTILES = (0.025, 0.5, 0.975)


@dataclass(frozen=True)
class TrueLift:
    """Hold what a rep was: degrees, seconds; ``floor`` is lumbar flexion and knee with the bar on the floor."""

    kind: str
    turn_s: tuple[float, float]
    peak: float
    knee: float
    verdict: str
    floor: float
    floor_verdict: str


@dataclass(frozen=True)
class TrueSet:
    """Hold one set: its sensors, and every rep's truth."""

    recording: ih.Recording
    athlete: ih.Athlete
    exercise: str
    lifts: tuple[TrueLift, ...]


def label(lumbar: float, knee: float, athlete: ih.Athlete) -> str:
    """Return the verdict that these angles deserve [deg]."""
    if lumbar > np.degrees(athlete.limit_rad):
        return "lumbar_flexion"
    return "squat" if knee > athlete.value("knee_limit_deg") else "hip_hinge"


def other_sets(kinds: frozenset[str], sets: int) -> Iterator[TrueSet]:
    """Yield the sets of lifters from another hand."""
    for entry in json.loads((OTHERS / "index.json").read_text())[:sets]:
        if kinds and kinds.isdisjoint(rep["style"] for rep in entry["reps"]):
            continue
        athlete = ih.Athlete(height_m=entry["height_m"], lumbar_limit_deg=entry["lumbar_limit_deg"])
        with np.load(OTHERS / entry["file"], allow_pickle=False) as file:
            sensors = {p: Samples(*(file[f"{p}_{c}"] for c in ("time_s", "acc", "gyr"))) for p in PLACEMENTS}
            time_s, lumbar, knee = (
                file["truth_time_s"],
                file["truth_lumbar_flexion_deg"],
                file["truth_knee_flexion_deg"],
            )
        lifts = []
        for rep in entry["reps"]:
            at = rep["start_s"] if entry["exercise"] == "deadlift" else 0.5 * (rep["turn_from_s"] + rep["turn_to_s"])
            part = slice(*np.searchsorted(time_s, [rep["start_s"], rep["end_s"]]))
            flexed, bent = (float(np.interp(at, time_s, column)) for column in (lumbar, knee))
            lifts.append(
                TrueLift(
                    kind=rep["style"],
                    turn_s=(rep["turn_from_s"], rep["turn_to_s"]),
                    peak=rep["lumbar_peak_deg"],
                    knee=float(knee[part].max()),
                    verdict=rep["verdict"],
                    floor=flexed,
                    floor_verdict=label(flexed, bent, athlete),
                )
            )
        yield TrueSet(ih.Recording(sensors), athlete, entry["exercise"], tuple(lifts))


def own_set(kind: str, seed: int) -> TrueSet:
    """Simulate one set of a random lifter of that kind: a style, or one of `VARIATIONS` of a hinge."""
    style = kind if kind in STYLES else "good_hinge"
    rng = np.random.default_rng([seed, list(STYLES).index(style)])
    spec = replace(SetSpec.draw(rng, style=style), before=(), after=(), has_failed_rep=False, has_lockout_lean=False)
    spec = replace(spec, reps=max(2, min(spec.reps, 5)), drop="none")
    spec = VARIATIONS[kind](spec, rng) if kind in VARIATIONS else spec
    made = simulate(spec, seed=seed, placements=PLACEMENTS)
    athlete = made.recording.athlete or ih.Athlete()
    lifts = []
    for rep in made.truth.reps:
        peak, floor, knee, bent = np.degrees(
            [rep.lumbar_flexion_peak_rad, rep.lumbar_flexion_bottom_rad, rep.knee_peak_rad, rep.knee_bottom_rad]
        ).tolist()
        lifts.append(
            TrueLift(
                kind, (rep.turn_s,) * 2, peak, knee, label(peak, bent, athlete), floor, label(floor, bent, athlete)
            )
        )
    return TrueSet(made.recording, athlete, spec.exercise, tuple(lifts))


def interval(row: Mapping[str, Any], name: str) -> tuple[float, float]:
    """Return the 95 % interval of one angle of a rep [deg]."""
    return float(row[f"{name}_low_deg"]), float(row[f"{name}_high_deg"])


def scored(job: TrueSet, *, worn: str, mode: str) -> list[dict[str, Any]]:
    """Analyse one set with some of its sensors and return a row for every true rep."""
    recording = replace(job.recording, sensors={p: job.recording.sensors[p] for p in worn.split("+")}, exercise="auto")
    try:
        result = ih.analyze(recording, athlete=job.athlete, exercise=job.exercise, as_live=mode == "live")
    except HingeError as error:
        print(f"  refused, {job.lifts[0].kind}, {worn}, {mode}: {error}")
        return [{"kind": lift.kind, "worn": worn, "mode": mode} for lift in job.lifts]
    found = result.reps.to_dict("records")
    rows = []
    for lift in job.lifts:
        row: dict[str, Any] = {"kind": lift.kind, "worn": worn, "mode": mode, "exercise": job.exercise}
        told = [r for r in found if lift.turn_s[0] - NEAR_S < r["turn_s"] < lift.turn_s[1] + NEAR_S]
        rows.append(row)
        if not told:
            continue
        rep = told[0]
        row |= {"verdict": (rep["verdict"], lift.verdict)}
        row |= {"peak": (rep["lumbar_flexion_peak_deg"], *interval(rep, "lumbar_flexion_peak"), lift.peak)}
        row |= {"sd": rep["lumbar_flexion_peak_sd_deg"], "knee": (*_knee(rep), lift.knee)}
        if job.exercise in cv.FLOOR_EXERCISES:
            floor = interval(rep, "lumbar_flexion_bottom")
            row |= {"floor": (rep["lumbar_flexion_bottom_deg"], *floor, lift.floor)}
            row |= {"floor_verdict": (rep["verdict_floor"], lift.floor_verdict)}
    return rows


def _knee(rep: Mapping[str, Any]) -> tuple[float, float, float]:
    return rep["knee_flexion_peak_deg"], *interval(rep, "knee_flexion_peak")


def pinball(told: Array) -> float:
    """Return the mean pinball loss of (value, low, high, truth), (n, 4) [deg]."""
    losses = []
    for column, share in zip((1, 0, 2), QUANTILES, strict=True):
        off = told[:, 3] - told[:, column]
        losses.append(np.mean(np.maximum(share * off, (share - 1.0) * off)))
    return float(np.mean(losses))


def summary(told: list[tuple[float, ...]]) -> tuple[float, float, float, float]:
    """Return rmse [deg], share inside, mean width [deg] and pinball loss [deg] of (value, low, high, truth)."""
    table = np.array(told, dtype=np.float64).reshape(-1, 4)
    table = table[np.isfinite(table).all(axis=1)]
    if not len(table):
        return (np.nan,) * 4
    value, low, high, truth = table.T
    inside = float(np.mean((low <= truth) & (truth <= high)))
    return float(np.sqrt(np.mean((value - truth) ** 2))), inside, float(np.mean(high - low)), pinball(table)


def verdicts(pairs: list[tuple[str, str]]) -> tuple[float, float]:
    """Return the share that is decided and wrong and that is undecided [%]."""
    wrong = sum(told not in ("undecided", true) for told, true in pairs)
    none = sum(told == "undecided" for told, _ in pairs)
    return 100.0 * wrong / max(len(pairs), 1), 100.0 * none / max(len(pairs), 1)


def line(rows: list[dict[str, Any]]) -> str:
    """Return one kind's line of the table."""
    told = [row for row in rows if "peak" in row]
    if not told:
        return f"{len(rows):4d}{0:5d}"
    rmse, inside, width, loss = summary([row["peak"] for row in told])
    z = np.array([(row["peak"][0] - row["peak"][3]) / row["sd"] for row in told])
    wrong, none = verdicts([row["verdict"] for row in told])
    text = f"{len(rows):4d}{len(told):5d} |{rmse:5.1f}{np.sqrt(np.nanmean(z**2)):6.2f}{inside:6.2f}{width:6.0f}"
    text += f"{loss:6.2f}{wrong:5.0f}{none:5.0f} |"
    floor = [row for row in told if "floor" in row]
    if floor:
        rmse, inside, *_ = summary([row["floor"] for row in floor])
        wrong, none = verdicts([row["floor_verdict"] for row in floor])
        text += f"{rmse:5.1f}{inside:6.2f}{wrong:5.0f}{none:5.0f} |"
    else:
        text += f"{'':21s} |"
    rmse, inside, *_ = summary([row["knee"] for row in told])
    return text + f"{rmse:5.1f}{inside:6.2f}"


def table(rows: list[dict[str, Any]]) -> None:
    """Print the table of one placement set and mode, and the floor's balanced accuracy."""
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_kind[row["kind"]].append(row)
    for kind, some in by_kind.items():
        print(f"  {kind:22s}{line(some)}")
    pairs = [row["floor_verdict"] for row in rows if "floor_verdict" in row]
    decided = [(told, true) for told, true in pairs if told != "undecided"]
    if decided:
        right = [np.mean([t == true for t, true in decided if true == k]) for k in {true for _, true in decided}]
        share = 100.0 * (1.0 - len(decided) / len(pairs))
        print(f"  at the floor: balanced accuracy of the decided {np.mean(right):.3f}, undecided {share:.0f} %")


def _scored_all(job: TrueSet, ways: list[tuple[str, str]]) -> list[dict[str, Any]]:
    warnings.simplefilter("ignore")
    return [row for worn, mode in ways for row in scored(job, worn=worn, mode=mode)]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lifters", choices=("other", "own"), default="other")
    parser.add_argument("--sets", type=int, default=0, help="other: the first so many; own: of every style (1)")
    parser.add_argument("--first-seed", type=int, default=7000)
    parser.add_argument("--worn", default=",".join(WORN))
    parser.add_argument("--modes", default="both,live")
    parser.add_argument("--kinds", default="", help="only these styles, apart by commas")
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    kinds = frozenset(filter(None, asked.kinds.split(",")))
    ways = [(worn, mode) for worn in asked.worn.split(",") for mode in asked.modes.split(",")]
    if asked.lifters == "other":
        jobs = list(other_sets(kinds, asked.sets or 1000))
    else:
        own = [*(s for e in EXERCISES for s in styles_of(e)), *ON_REQUEST, *VARIATIONS]
        jobs = [
            own_set(s, asked.first_seed + k) for k in range(asked.sets or 1) for s in own if not kinds or s in kinds
        ]
    with ProcessPoolExecutor(asked.workers, initializer=os.nice, initargs=(5,)) as pool:
        rows = [row for some in pool.map(partial(_scored_all, ways=ways), jobs) for row in some]
    print(f"{asked.lifters} lifters, {len(jobs)} sets; simulated, no person was measured; degrees.")
    print(f"{'':24s}reps told | rmse     z    in width  loss wrong none| floor rmse in, wrong none | knee rmse in")
    for worn, mode in ways:
        print(f"{worn}, {'as live' if mode == 'live' else 'both ways'}")
        table([row for row in rows if (row["worn"], row["mode"]) == (worn, mode)])


if __name__ == "__main__":
    main()
