"""State every unit, axis, sign, column and label of the product; nothing here computes.

Frames
    Right-handed, x forward, y left, z up, for the world and for every body segment. An accelerometer at
    rest measures specific force: +9.81 m/s² along whatever points up. Heading is arbitrary.
Quaternions
    Scalar-first. ``q_ws`` takes sensor vectors to the world; in a product the inner letters meet.
Angles
    Forward lean and flexion are positive; zero is the athlete's own quiet standing.

    ==================== ===================================================================
    pelvis tilt          inclination of the pelvis
    trunk inclination    inclination of the trunk at T12/L1
    lumbar flexion       trunk inclination minus pelvis tilt; positive is rounding
    hip flexion          pelvis against thigh
    knee flexion         thigh against shank
    ==================== ===================================================================
Units
    SI and radians inside. Degrees only at the edges, and there every name ends in its unit.
Regions
    Half-open sample ranges ``[start, stop)``; seconds only in tables.
"""

from enum import IntFlag
from typing import Final, Literal, get_args

GRAVITY_MPS2: Final = 9.81
"""Specific force of an accelerometer at rest [m/s²]."""

STANDARD_GRAVITY_MPS2: Final = 9.80665
"""What a vendor means by 1 g [m/s²]."""

CSV_COLUMNS: Final = ("time_s", "acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z")
"""Header of the plain CSV: seconds, m/s² including gravity, rad/s."""

PLACEMENTS: Final = ("sacrum", "hip", "lumbar", "t12", "chest", "thigh")
"""Where a sensor may sit: S2, iliac crest, L3, T12/L1, sternum, thigh."""

PELVIS_PLACEMENTS: Final = ("sacrum", "hip")
"""Placements that read the pelvis itself."""

EXERCISES: Final = ("deadlift", "rdl", "swing", "good_morning", "squat", "drill")
"""Exercises by name; ``auto`` in a call means: recognise it."""

Basis = Literal["measured", "inferred"]
"""What an angle rests on: two sensors that span the lumbar spine, or one and a model of the body."""

EventKind = Literal[
    "aligned",
    "rep_started",
    "turned",
    "over_limit",
    "back_under",
    "rep",
    "revised",
    "withdrawn",
    "slip",
    "gap",
    "warning",
    "clock",
    "waiting",
    "set_started",
    "set_ended",
]
"""What `result.Event` tells of, live."""

FLOOR_EXERCISES: Final = ("deadlift",)
"""Exercises whose rep starts on the floor: pull, lockout, lowering."""

NORMAL_95: Final = 1.959964
"""A normal variable is inside this many standard deviations 95 times in 100."""

OTHER: Final = "other"
"""What a result calls bends that are no lifts; nobody tells it."""

ANGLES: Final = ("pelvis_tilt", "trunk_inclination", "lumbar_flexion", "hip_flexion", "knee_flexion")
"""Joint angles, in the order of every ``(n, 5)`` array."""

PELVIS_TILT, TRUNK_INCLINATION, LUMBAR_FLEXION, HIP_FLEXION, KNEE_FLEXION = range(5)
"""Their columns."""

PHASES: Final = ("rest", "descent", "bottom", "ascent", "top")
"""Phase labels; arrays hold the index into this tuple."""

REST, DESCENT, BOTTOM, ASCENT, TOP = range(5)
"""Indices into `PHASES`."""

VerdictLabel = Literal["hip_hinge", "lumbar_flexion", "squat", "undecided"]
VERDICTS: Final[tuple[VerdictLabel, ...]] = get_args(VerdictLabel)
BASES: Final = ("measured", "inferred")
QUALITIES: Final = ("A", "B", "C", "D")
FINDINGS: Final = (
    "flexion_at_setup",
    "flexion_off_the_floor",
    "flexion_at_the_bottom",
    "flexion_growing",
    "hips_shoot_up",
    "lockout_hyperextension",
    "rushed_start",
    "early_knee_bend",
)

ANGLE_COLUMNS: Final = (
    "time_s",
    *(f"{name}{suffix}" for name in ANGLES for suffix in ("_deg", "_sd_deg")),
    "rep",
    "phase",
    "flags",
    "set",
    *(f"{name}{suffix}" for name in ANGLES for suffix in ("_low_deg", "_high_deg")),
)
"""Columns of ``SetResult.angles``, one row per sample."""

REP_COLUMNS: Final = (
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
)
"""Columns of ``SetResult.reps``, one row per rep; ``rep`` counts within its ``set``."""

SET_COLUMNS: Final = (
    "set",
    "exercise",
    "start_s",
    "stop_s",
    "reps",
    "rest_before_s",
    "load_kg",
    "basis",
    "lumbar_flexion_peak_deg",
    "lumbar_flexion_peak_sd_deg",
    "lumbar_flexion_peak_low_deg",
    "lumbar_flexion_peak_high_deg",
    "verdicts",
    "rpe",
    "note",
    "edited",
    "evidence",
)
"""Columns of ``SetResult.sets``, one row per set; ``verdicts`` counts them, such as ``hip_hinge=4;undecided=1``."""

OTHER_COLUMNS: Final = ("start_s", "stop_s", "reason")
"""Columns of ``SetResult.other``, one row per movement that bends and is no rep."""


class Flag(IntFlag):
    """What is wrong with one sample; flags are data and travel to the report."""

    OK = 0
    GAP = 1
    """Samples are missing before this one, or this grid instant lies in such a gap."""
    DUPLICATE = 2
    """The sample was delivered more than once; only the first is kept."""
    REORDERED = 4
    """The sample arrived out of order and was put back."""
    RESET = 8
    """The device's clock started again before this sample."""
    CLIPPED = 16
    """An axis sat at the end of the sensor's range."""
    UNEVEN = 32
    """The sample time departs from the even grid by more than half a period."""
    UNALIGNED = 64
    """The sensor's mounting was not known, or known badly, at this instant."""
    SLIPPED = 128
    """The sensor moved on the body; angles were re-zeroed from here."""
    DRIFTING = 256
    """The sensor's bias was not yet known at this instant."""
    SUSPECT = 512
    """The packet this sample came from broke a rule of its format."""
    MISFIT = 1024
    """What the sensors told of this set does not fit a body of the stated height with sensors at the stated places."""
    DISAGREEING = 2048
    """The sensor's accelerometer and gyroscope do not seem to belong together; see `storage.screening.self_check`."""
