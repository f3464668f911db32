"""Define the values that come out: verdicts, reps, events, and the result of a set with its two tables.

Nothing here decides or draws; the table properties only lay values out in columns, degrees at this edge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from imu_hinge import conventions as cv
from imu_hinge.athlete import Athlete
from imu_hinge.lifted_set import LiftedSet, set_row
from imu_hinge.model import ANGLE_COLUMNS, Posture
from imu_hinge.settings import Settings
from imu_hinge.text import Mended, one_line, warning_lines

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Verdict:
    """Hold the label of one rep, how sure it is, and what was seen.

    Parameters
    ----------
    label
        One of `conventions.VERDICTS`.
    confidence
        The probability of the label; for ``undecided`` that of the likeliest other.
    findings
        What was seen, of `conventions.FINDINGS`.
    reason
        One sentence for a person.

    Examples
    --------
    >>> import imu_hinge as ih
    >>> verdict = ih.Verdict("lumbar_flexion", 0.97, findings=("flexion_off_the_floor",))
    >>> verdict.label, verdict.confidence
    ('lumbar_flexion', 0.97)
    """

    label: cv.VerdictLabel
    confidence: float
    findings: tuple[str, ...] = ()
    reason: str = ""


LOPSIDED: Final = 1.5
"""An interval with one side longer than the other by more than this is told by its ends, not by its half (chosen)."""

NO_FLOOR: Final = Verdict("undecided", math.nan, (), "the bar was not on the floor")
"""What is said of the floor where the lift did not begin on it."""


@dataclass(frozen=True, slots=True)
class Rep:
    """Hold one rep, in seconds on the host's timeline and in radians; NaN is: cannot tell.

    ``verdict`` covers the whole rep, ``verdict_floor`` the bar on the floor alone. ``low`` and ``high`` are the ends of
    95 % intervals.

    Examples
    --------
    >>> import imu_hinge as ih
    >>> from imu_hinge.simulate.session import random_set
    >>> first = ih.analyze(random_set(5, exercise="deadlift", style="good_hinge").recording).lifts[0]
    >>> first.rep, first.exercise, first.basis
    (0, 'deadlift', 'measured')
    >>> first.start_s < first.turn_s < first.end_s
    True
    """

    rep: int
    """From 0, in order."""
    exercise: str
    """One of `conventions.EXERCISES`."""
    start_s: float
    turn_s: float
    end_s: float
    """From the floor: lift-off, lockout, plates down. From the top: leaving standing, the bottom, standing again."""
    descent_s: float
    ascent_s: float
    pause_s: float
    """The bottom that is held."""
    pelvis_tilt_peak_rad: float
    trunk_inclination_peak_rad: float
    lumbar_flexion_peak_rad: float
    lumbar_flexion_peak_sd_rad: float
    lumbar_flexion_bottom_rad: float
    lumbar_flexion_bottom_sd_rad: float
    """At lift-off, or at the deepest point; peaks are over the whole rep."""
    knee_flexion_peak_rad: float
    lumbar_share: float
    """Lumbar flexion over lumbar and hip flexion, as it changes over the rep, 0 to 1."""
    basis: cv.Basis
    """Whether two sensors saw the largest lumbar flexion, or the model tells it."""
    verdict: Verdict
    quality: str
    """Of the data, A to D; see `reps.verdict.grade`."""
    set: int = 0
    """The set it is part of, from 0 on; ``rep`` counts within it."""
    lumbar_flexion_peak_low_rad: float = math.nan
    lumbar_flexion_peak_high_rad: float = math.nan
    lumbar_flexion_bottom_low_rad: float = math.nan
    lumbar_flexion_bottom_high_rad: float = math.nan
    knee_flexion_peak_sd_rad: float = math.nan
    knee_flexion_peak_low_rad: float = math.nan
    knee_flexion_peak_high_rad: float = math.nan
    verdict_floor: Verdict = NO_FLOOR
    lumbar_over: float = math.nan
    knees_over: float = math.nan
    """How probable it is that back and knees were past their limits, each by itself; the label joins both."""

    @property
    def is_lopsided(self) -> bool:
        """Whether the interval of the largest lumbar flexion reaches much farther to one side than to the other."""
        up = self.lumbar_flexion_peak_high_rad - self.lumbar_flexion_peak_rad
        down = self.lumbar_flexion_peak_rad - self.lumbar_flexion_peak_low_rad
        return max(up, down) > LOPSIDED * min(up, down)

    def as_row(self) -> dict[str, Any]:
        """Return the rep as one row of the ``reps`` table, degrees at this edge."""
        row: dict[str, Any] = {}
        for column in cv.REP_COLUMNS:
            if column.endswith("_deg"):
                row[column] = math.degrees(getattr(self, column.removesuffix("_deg") + "_rad"))
            elif column == "verdict":
                row[column] = self.verdict.label
            elif column == "confidence":
                row[column] = self.verdict.confidence
            elif column == "verdict_floor":
                row[column] = self.verdict_floor.label
            elif column == "confidence_floor":
                row[column] = self.verdict_floor.confidence
            elif column == "findings":
                row[column] = ";".join(self.verdict.findings)
            else:
                row[column] = getattr(self, column)
        return row


@dataclass(frozen=True, slots=True)
class OtherBend:
    """Hold a movement that bends and is no rep: from when to when on the host's timeline, and what it is, in words."""

    start_s: float
    stop_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Event:
    """Hold something that happened during a set, when it was known.

    Parameters
    ----------
    kind
        ``aligned``: the mounting is known; ``rep_started``: a rep has begun, and may still turn out to be none;
        ``turned``: it has come to its turning point; ``over_limit``: inside a rep lumbar flexion has passed the limit;
        ``back_under``: it is back; ``rep``: one was completed; ``revised``: a rep that was told has another number, or
        is told anew, as its sensors' zero has moved since; ``withdrawn``: a rep that was told is none;
        ``set_started``: the next rep is the first of a set, or a set goes on; ``set_ended``: nobody went on with it;
        ``slip``: a sensor moved on the body; ``gap``: a long hole is over; ``warning``: a sensor's clock was set back,
        or sensors seem to be exchanged; ``clock``: two sensors' clocks no longer agree, so
        that lumbar angles are withheld, or agree again; ``waiting``: a sensor is silent and the analysis waits for it.
        The last, and the warning of a clock set back, come when blocks do; all others depend on the samples alone.
    time_s
        The instant it is about.
    message
        One sentence for a person.
    rep
        The rep that was completed, revised or withdrawn.

    Examples
    --------
    >>> import imu_hinge as ih
    >>> event = ih.Event("slip", 12.5, "The t12 sensor moved on the body by 6 degrees.")
    >>> event.kind, event.rep is None
    ('slip', True)
    """

    kind: cv.EventKind
    time_s: float
    message: str
    rep: Rep | None = None


@dataclass(frozen=True, eq=False)
class SetResult:
    """Hold everything one analysis found: the sets of a session, which may be one.

    Parameters
    ----------
    recording_name
        What the recording is called in reports.
    exercise
        What was told or recognised; of the plainest set where there are several.
    exercise_evidence
        One sentence: why that exercise.
    posture
        The angles over time.
    phase : (n,)
        Index into `conventions.PHASES` per sample.
    rep_index : (n,)
        0-based rep of its set per sample, -1 outside.
    lifts
        The reps.
    athlete
        Whose references were used.
    warnings
        Sentences a reader must see beside the numbers, the gravest first; last what was mended (`mended`).
    alignment_quality
        First component's share per placement, 0 to 1.
    is_simulated
        True where no person was measured.
    is_live
        True where only the past was used at every instant.
    settings
        With which it was analysed.
    set_list
        The sets, in order; where it is left out, what the reps say.
    first_set
        Number of the first of them in the session that this is a part of.
    set_index : (n,)
        0-based set per sample, -1 outside of reps.
    from_s
        The instant from which the times that people read are counted [s]; by default the first one.
    against_plan
        What was done of the plan, in sentences; nothing without one.
    other_bends
        What bends and is no rep, in order.
    load_kg, note, recorded
        What the recording says: the bar with its plates, free text, when it was (ISO 8601).

    Examples
    --------
    >>> import imu_hinge as ih
    >>> from imu_hinge.simulate.session import random_set
    >>> result = ih.analyze(random_set(5, exercise="deadlift", style="good_hinge").recording)
    >>> result.exercise, result.is_simulated, len(result.reps)
    ('deadlift', True, 5)
    >>> len(result.angles) == len(result.posture)
    True
    """

    recording_name: str
    exercise: str
    exercise_evidence: str
    posture: Posture
    phase: npt.NDArray[np.int8]
    rep_index: npt.NDArray[np.int32]
    lifts: tuple[Rep, ...]
    athlete: Athlete
    warnings: tuple[str, ...] = ()
    alignment_quality: Mapping[str, float] = field(default_factory=dict)
    is_simulated: bool = False
    is_live: bool = False
    settings: Settings = field(default_factory=Settings)
    set_list: tuple[LiftedSet, ...] = ()
    first_set: int = 0
    set_index: npt.NDArray[np.int32] = None  # type: ignore[assignment]  # filled in below: None means one set
    from_s: float = math.nan
    against_plan: tuple[str, ...] = ()
    other_bends: tuple[OtherBend, ...] = ()
    load_kg: float | None = None
    note: str = ""
    recorded: str = ""

    def __post_init__(self) -> None:
        """Make the arrays read-only, a result is what was found; and its text fit to be shown."""
        if self.set_index is None:
            object.__setattr__(self, "set_index", np.where(self.rep_index >= 0, 0, -1).astype(np.int32))
        if self.lifts and not self.set_list:
            count = 1 + max(rep.set for rep in self.lifts)
            object.__setattr__(self, "set_list", (LiftedSet(self.exercise, self.exercise_evidence),) * count)
        for name in ("recording_name", "note", "recorded"):
            object.__setattr__(self, name, one_line(getattr(self, name)))
        object.__setattr__(self, "warnings", warning_lines(self.warnings))
        arrays: tuple[npt.NDArray[Any], ...] = (self.phase, self.rep_index, self.set_index, *self.posture.arrays())
        for array in arrays:
            array.flags.writeable = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Come back from a pickle read-only, as before."""
        self.__dict__.update(state)
        self.__post_init__()

    def _repr_html_(self) -> str:
        """Return what a notebook shows: what it is, every doubt, and the table of reps."""
        known = "SIMULATED, no person was measured: " if self.is_simulated else ""
        lines = [f"<b>{known}{self.exercise}, {len(self.lifts)} rep{'s' * (len(self.lifts) != 1)}</b>"]
        lines += [f"<div>! {escape(text)}</div>" for text in self.doubts]
        return "\n".join([*lines, self.reps.round(1).to_html(index=False)])

    @property
    def doubts(self) -> tuple[str, ...]:
        """The warnings that are a reason to doubt a number, the gravest first."""
        return tuple(text for text in self.warnings if not isinstance(text, Mended))

    @property
    def mended(self) -> tuple[str, ...]:
        """The warnings about what was put right, such as clocks that were put in step."""
        return tuple(text for text in self.warnings if isinstance(text, Mended))

    @cached_property
    def reps(self) -> pd.DataFrame:
        """One row per rep, columns `conventions.REP_COLUMNS`, angles in degrees."""
        import pandas as pd

        frame = pd.DataFrame([lift.as_row() for lift in self.lifts], columns=list(cv.REP_COLUMNS))
        if frame.empty:
            text = {"exercise", "basis", "verdict", "verdict_floor", "findings", "quality"}
            kinds = {c: "object" if c in text else "int64" if c in ("rep", "set") else "float64" for c in frame.columns}
            frame = frame.astype(kinds)
        return with_plain_text(frame)

    def reps_of(self, number: int) -> tuple[Rep, ...]:
        """Return the reps of one set, counted from 0 in the session."""
        return tuple(rep for rep in self.lifts if rep.set == number)

    def set_rows(self) -> list[dict[str, Any]]:
        """Return every set as a row of plain values, columns `conventions.SET_COLUMNS`."""
        rows, before_s = [], math.nan
        for number, one in enumerate(self.set_list, start=self.first_set):
            reps = self.reps_of(number)
            rows.append(set_row(number, one, [rep.as_row() for rep in reps], before_s=before_s))
            before_s = reps[-1].end_s
        return rows

    @cached_property
    def sets(self) -> pd.DataFrame:
        """One row per set, columns `conventions.SET_COLUMNS`, angles in degrees."""
        import pandas as pd

        frame = pd.DataFrame(self.set_rows(), columns=list(cv.SET_COLUMNS))
        if frame.empty:
            kinds = dict.fromkeys(cv.SET_COLUMNS, "float64") | {"set": "int64", "reps": "int64", "edited": "bool"}
            frame = frame.astype(kinds | dict.fromkeys(("exercise", "basis", "verdicts", "note", "evidence"), "object"))
        return with_plain_text(frame)

    def of_set(self, number: int, *, margin_s: float = 15.0) -> SetResult:
        """Return one set as a result of its own, with some seconds before and after it, for a table or a picture.

        It keeps its number, counted from 0 in the session.

        Raises
        ------
        IndexError
            Where there is no such set.
        """
        one, reps, time_s = self.set_list[number], self.reps_of(number), self.posture.time_s
        before_s = max((r.end_s for r in self.lifts if r.end_s <= reps[0].start_s), default=-math.inf)
        after_s = min((r.start_s for r in self.lifts if r.start_s >= reps[-1].end_s), default=math.inf)
        start_s = max(reps[0].start_s - margin_s, 0.5 * (before_s + reps[0].start_s))
        stop_s = min(reps[-1].end_s + margin_s, 0.5 * (after_s + reps[-1].end_s))
        part = slice(*map(int, np.searchsorted(time_s, [start_s, stop_s])))
        return replace(
            self,
            exercise=one.exercise,
            exercise_evidence=one.evidence,
            posture=self.posture[part].copy(),
            phase=self.phase[part].copy(),
            rep_index=self.rep_index[part].copy(),
            set_index=np.where(self.set_index[part] == number, self.set_index[part], -1).astype(np.int32),
            lifts=reps,
            set_list=(one,),
            first_set=number,
            other_bends=tuple(b for b in self.other_bends if start_s <= b.start_s < stop_s),
            from_s=self.from_s if math.isfinite(self.from_s) else float(time_s[0]),
        )

    @cached_property
    def other(self) -> pd.DataFrame:
        """One row per movement that bends and is no rep, columns `conventions.OTHER_COLUMNS`."""
        import pandas as pd

        frame = pd.DataFrame([asdict(bend) for bend in self.other_bends], columns=list(cv.OTHER_COLUMNS))
        return with_plain_text(frame.astype({"start_s": "float64", "stop_s": "float64", "reason": "object"}))

    @cached_property
    def angles(self) -> pd.DataFrame:
        """One row per sample, columns `conventions.ANGLE_COLUMNS`, angles in degrees."""
        import pandas as pd

        degrees, sd_deg, low_deg, high_deg = (  # as live are told in single precision
            np.degrees(getattr(self.posture, name), dtype=np.float64) for name in ANGLE_COLUMNS
        )
        columns: dict[str, Any] = {"time_s": self.posture.time_s}
        for i, name in enumerate(cv.ANGLES):
            columns[f"{name}_deg"] = degrees[:, i]
            columns[f"{name}_sd_deg"] = sd_deg[:, i]
            columns[f"{name}_low_deg"], columns[f"{name}_high_deg"] = low_deg[:, i], high_deg[:, i]
        columns["rep"] = self.rep_index.astype(np.int64)  # as in `reps`, to be joined by it
        columns["phase"] = np.asarray(cv.PHASES, dtype=object)[self.phase]
        columns["flags"] = self.posture.flags
        columns["set"] = self.set_index
        return pd.DataFrame(columns, columns=list(cv.ANGLE_COLUMNS))


def with_plain_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with labels and other text as this pandas holds plain strings, also where it has no rows.

    That is ``object`` in pandas 2 and ``str`` in 3. Categoricals would not survive joining two tables of other labels.
    """
    import pandas as pd

    plain = pd.Series(["text"]).dtype
    return frame.astype({name: plain for name, kind in frame.dtypes.items() if kind.kind == "O"})
