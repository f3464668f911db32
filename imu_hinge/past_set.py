"""Define what is remembered of one set after its analysis: who, what, when, with how much, and what came out.

It is a value: `storage.library` keeps it, `history` compares it with others; nothing here is computed from samples.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from imu_hinge.result import SetResult


@dataclass(frozen=True, slots=True)
class PastSet:
    """Hold one set as it is remembered; NaN is: not known.

    Parameters
    ----------
    recording
        The recording's folder, relative to the library's.
    number
        Of the set in its recording, from 0.
    athlete
        Name; empty where nobody said.
    recorded
        ISO 8601, a date or a date and time; empty where it is not known.
    start_s
        Of the set since the recording began [s].
    exercise
        One of `conventions.EXERCISES`, or ``other``.
    reps
    load_kg
    load_from
        ``recording`` or ``log``; empty where there is no load.
    rpe
    placements
        Where sensors sat, as in ``sacrum+t12``: sets of other placements are not compared.
    basis
        ``measured`` or ``inferred``.
    peak_deg, peak_sd_deg
        Mean over the reps of the largest lumbar flexion, and its standard deviation [deg].
    most_deg
        The largest of all reps [deg].
    range_deg, limit_deg
        Lumbar maximum and limit that were used [deg].
    verdicts, findings
        How many reps had each.
    cued
        Whether there were cues during the set; None where nobody noted it.
    is_simulated
    """

    recording: str
    number: int
    athlete: str
    recorded: str
    start_s: float
    exercise: str
    reps: int
    load_kg: float = math.nan
    load_from: str = ""
    rpe: float = math.nan
    placements: str = ""
    basis: str = "inferred"
    peak_deg: float = math.nan
    peak_sd_deg: float = math.nan
    most_deg: float = math.nan
    range_deg: float = math.nan
    limit_deg: float = math.nan
    verdicts: Mapping[str, int] = field(default_factory=dict)
    findings: Mapping[str, int] = field(default_factory=dict)
    cued: bool | None = None
    is_simulated: bool = False

    @property
    def percent(self) -> float:
        """Lumbar flexion in percent of the athlete's range."""
        return 100.0 * self.peak_deg / self.range_deg

    @property
    def percent_sd(self) -> float:
        """Its standard deviation [%]."""
        return 100.0 * self.peak_sd_deg / self.range_deg

    @property
    def limit_percent(self) -> float:
        """The limit in percent of the range."""
        return 100.0 * self.limit_deg / self.range_deg

    @property
    def session(self) -> str:
        """What shares one mounting of the sensors: the recording."""
        return self.recording

    @property
    def day(self) -> str:
        """The date, ``2026-11-27``; empty where it is not known."""
        return self.recorded[:10]

    def as_values(self) -> dict[str, Any]:
        """Return plain values that JSON can hold; NaN becomes None."""
        values = asdict(self)
        return {key: None if isinstance(v, float) and not math.isfinite(v) else v for key, v in values.items()}


def past_set_from_values(values: Mapping[str, Any]) -> PastSet:
    """Return what `PastSet.as_values` gave; unknown keys are left out.

    Raises
    ------
    TypeError
        Where a key that has no default is not there.
    """
    known = {one.name: one for one in fields(PastSet)}
    kept = {key: value for key, value in values.items() if key in known}
    numbers = {key for key, one in known.items() if one.type == "float"}
    told: dict[str, Any] = {k: math.nan if value is None and k in numbers else value for k, value in kept.items()}
    return PastSet(**told)


def past_sets(result: SetResult, *, recording: str, placements: str) -> list[PastSet]:
    """Return what is to be remembered of every set of a result.

    The errors of a set's reps are mostly one error, that of the mounting: the mean's standard deviation is theirs and
    what the reps' scatter adds.

    Parameters
    ----------
    result
    recording
        Its folder, relative to the library's.
    placements
        As in `PastSet`.
    """
    from_s = result.from_s if math.isfinite(result.from_s) else float(next(iter(result.posture.time_s), 0.0))
    found = []
    for row in result.set_rows():
        lifts = result.reps_of(row["set"])
        pairs = [(r.lumbar_flexion_peak_rad, r.lumbar_flexion_peak_sd_rad) for r in lifts if r.quality != "D"]
        known = np.degrees([pair for pair in pairs if all(map(math.isfinite, pair))]).reshape(-1, 2)
        scatter = float(np.std(known[:, 0], ddof=1)) / math.sqrt(len(known)) if len(known) > 1 else 0.0
        load = row["load_kg"] if math.isfinite(row["load_kg"]) else result.load_kg
        found.append(
            PastSet(
                recording=recording,
                number=row["set"],
                athlete=result.athlete.name,
                recorded=result.recorded,
                start_s=row["start_s"] - from_s,
                exercise=row["exercise"],
                reps=len(lifts),
                load_kg=math.nan if load is None else load,
                load_from="" if load is None else "recording",
                rpe=row["rpe"],
                placements=placements,
                basis=row["basis"],
                peak_deg=float(known[:, 0].mean()) if len(known) else math.nan,
                peak_sd_deg=math.hypot(float(known[:, 1].mean()), scatter) if len(known) else math.nan,
                most_deg=float(known[:, 0].max()) if len(known) else math.nan,
                range_deg=result.athlete.value("lumbar_max_flexion_deg"),
                limit_deg=math.degrees(result.athlete.limit_rad),
                verdicts=dict(Counter(r.verdict.label for r in lifts)),
                findings=dict(Counter(name for r in lifts for name in r.verdict.findings)),
                is_simulated=result.is_simulated,
            )
        )
    return found
