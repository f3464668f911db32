"""Say who lifts and what is lifted: the frozen parameters of a simulated set, and random ones.

It makes no motion; `session.simulate` does. Sensors have their own parameters in `sensor`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from imu_hinge.simulate.body import Body
from imu_hinge.simulate.shapes import FAMILIES
from imu_hinge.simulate.styles import STYLES, styles_of

EXTRAS: Final = ("walk", "belt", "talk", "plates", "shoe", "bottle", "dip")
"""What a lifter may do beside the reps; ``dip`` is a push-press dip."""

ON_REQUEST: Final = ("chair", "sit", "load")
"""What is done only where it is asked for, and never drawn for a set; ``chair`` is sitting down and rising, five to ten
times, ``sit`` a rest on a bench, ``load`` changing the plates."""

DROPS: Final = ("none", "last", "every")


@dataclass(frozen=True, slots=True)
class LifterSpec:
    """Hold one virtual lifter.

    Parameters
    ----------
    height_m
    shank_ratio, thigh_ratio, trunk_ratio, arm_ratio
        Lengths against the average of that height.
    profile, skew
        Time course of the movements, one of `shapes.FAMILIES`.
    sway_deg, sway_hz
        Standing sway, amplitude and middle frequency.
    breath_deg, breath_hz
    lumbar_max_deg
        Lumbar flexion in a full round bow; no posture goes beyond.
    abruptness
        How suddenly the bar is set down: 0 lands it at no speed, 0.25 at about half of the fastest.
    tremor_deg
        Standard deviation of small movement between 3 and 9 Hz in standing; under load up to three times as much.
    asymmetry_deg
        Lateral bend and axial turn that come with the load, such as a mixed grip's: lateral, axial.
    step_hz, step_up_mps2, step_forward_mps2, step_side_mps2
        Gait at the pelvis: steps per second and amplitudes of acceleration.
    heel_mps2
        Amplitude of each heel's blow at the pelvis.
    stance_deg, grip_deg
        How far legs and arms are spread from the sagittal plane: a sumo stance, a snatch grip. In the plane they are
        shorter by the cosine.
    standing_knee_deg
        How far the knees are bent in quiet standing, the zero of every angle.
    """

    height_m: float = 1.75
    shank_ratio: float = 1.0
    thigh_ratio: float = 1.0
    trunk_ratio: float = 1.0
    arm_ratio: float = 1.0
    profile: str = "minimum_jerk"
    skew: float = 1.0
    sway_deg: float = 1.0
    sway_hz: float = 0.3
    breath_deg: float = 0.5
    breath_hz: float = 0.25
    lumbar_max_deg: float = 58.0
    abruptness: float = 0.0
    tremor_deg: float = 0.01
    asymmetry_deg: tuple[float, float] = (0.0, 0.0)
    step_hz: float = 1.9
    step_up_mps2: float = 2.2
    step_forward_mps2: float = 1.0
    step_side_mps2: float = 0.8
    heel_mps2: float = 2.0
    stance_deg: float = 0.0
    grip_deg: float = 0.0
    standing_knee_deg: float = 0.0

    @property
    def body(self) -> Body:
        """The lifter's lengths in the sagittal plane."""
        legs, arms = np.cos(np.radians([self.stance_deg, self.grip_deg])).tolist()
        return Body.of(
            self.height_m,
            shank=legs * self.shank_ratio,
            thigh=legs * self.thigh_ratio,
            trunk=self.trunk_ratio,
            arm=arms * self.arm_ratio,
        )

    @staticmethod
    def draw(rng: np.random.Generator) -> LifterSpec:
        """Return a random lifter: 1.55 to 1.95 m, each length within 3 % of the average."""
        ratio = rng.uniform(0.97, 1.03, 4)
        return LifterSpec(
            height_m=round(float(rng.uniform(1.55, 1.95)), 3),
            shank_ratio=float(ratio[0]),
            thigh_ratio=float(ratio[1]),
            trunk_ratio=float(ratio[2]),
            arm_ratio=float(ratio[3]),
            profile=str(rng.choice(FAMILIES)),
            skew=float(rng.uniform(0.8, 1.25)),
            sway_deg=float(rng.uniform(0.5, 1.5)),
            sway_hz=float(rng.uniform(0.2, 0.5)),
            breath_deg=float(rng.uniform(0.2, 0.7)),
            breath_hz=float(rng.uniform(0.18, 0.33)),
            lumbar_max_deg=float(rng.uniform(46.0, 65.0)),
            abruptness=float(rng.choice([0.0, rng.uniform(0.0, 0.25)])),
            tremor_deg=float(rng.uniform(0.004, 0.02)),
            asymmetry_deg=(float(rng.uniform(-3, 3)), float(rng.uniform(-5, 5))),
            step_hz=float(rng.uniform(1.6, 2.2)),
            step_up_mps2=float(rng.uniform(1.5, 3.0)),
            step_forward_mps2=float(rng.uniform(0.6, 1.5)),
            step_side_mps2=float(rng.uniform(0.4, 1.2)),
            heel_mps2=float(rng.uniform(0.5, 4.0)),
        )


@dataclass(frozen=True, slots=True)
class SetSpec:
    """Hold what is lifted, how, and what happens around it.

    Parameters
    ----------
    exercise, style
        One of `conventions.EXERCISES` and one of that exercise's styles in `styles.STYLES`.
    reps
        How many are completed; 0 is a set without a rep. A drill has two clean hinges, then full bows.
    lifter
    load
        Mass of the weight as a share of body mass.
    bar_m
        Height of the bar's axis on the floor, which is the plates' radius [m].
    raise_s, lower_s, top_s, bottom_s
        Mean durations of the phases; each rep varies by 8 %. ``bottom_s`` is the pause on the floor or in the hole.
    touch_and_go
        Floor lifts: no pause on the floor.
    grip_and_rip
        Floor lifts: no set-up wiggle, a pull of 0.6 s.
    drop
        Whether the bar is let fall from lockout: none, last, every.
    has_failed_rep
        Floor lifts: after the reps the lifter starts one more and does not lock it out.
    has_mid_pause
        One rep is held still half way.
    has_hitch
        The last third of the reps stall half way and take twice as long.
    has_lockout_lean
        Leaning back at lockout.
    from_floor
        RDL and swing: the weight is picked up from the floor and put down again.
    has_rack
        Squat and good morning: the bar is unracked, and racked at the end, with steps between.
    before, after
        What else happens before and after the set, each one of `EXTRAS` or `ON_REQUEST`.
    stationary_start_s, stationary_end_s
        Quiet standing at the ends of the recording.
    impact_mps2
        Amplitude of the plates' blow at the pelvis.
    """

    exercise: str = "deadlift"
    style: str = "good_hinge"
    reps: int = 5
    lifter: LifterSpec = LifterSpec()
    load: float = 1.0
    bar_m: float = 0.225
    raise_s: float = 1.3
    lower_s: float = 1.4
    top_s: float = 0.8
    bottom_s: float = 0.7
    touch_and_go: bool = False
    grip_and_rip: bool = False
    drop: str = "none"
    has_failed_rep: bool = False
    has_mid_pause: bool = False
    has_hitch: bool = False
    has_lockout_lean: bool = False
    from_floor: bool = False
    has_rack: bool = True
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    stationary_start_s: float = 3.0
    stationary_end_s: float = 2.0
    impact_mps2: float = 12.0

    @property
    def is_bar_on_back(self) -> bool:
        """Whether the bar lies on the shoulders."""
        return self.exercise in ("squat", "good_morning")

    @property
    def carried(self) -> float:
        """Load on the body during a rep, as a share of body mass; a drill has none."""
        return 0.0 if self.exercise == "drill" else self.load

    def __post_init__(self) -> None:
        if self.style not in STYLES or STYLES[self.style].exercise != self.exercise:
            names = ", ".join(styles_of(self.exercise)) or "none: no such exercise here"
            raise ValueError(f"{self.style!r} is no style of {self.exercise!r}. Its styles: {names}.")
        if self.drop not in DROPS:
            raise ValueError(f"drop = {self.drop!r}. Use one of {', '.join(DROPS)}.")
        for extra in (*self.before, *self.after):
            if extra not in EXTRAS + ON_REQUEST:
                raise ValueError(f"{extra!r} is nothing a lifter does here. Use {', '.join(EXTRAS + ON_REQUEST)}.")

    @staticmethod
    def draw(rng: np.random.Generator, *, exercise: str | None = None, style: str | None = None) -> SetSpec:
        """Return a random set of a random lifter; exercise and style are drawn where they are not given.

        Parameters
        ----------
        rng
        exercise, style
            A style decides its exercise.
        """
        if style is not None:
            exercise = STYLES[style].exercise
        if exercise is None:
            exercise = str(
                rng.choice(["deadlift", "rdl", "swing", "squat", "good_morning"], p=[0.5, 0.15, 0.1, 0.15, 0.1])
            )
        if style is None:
            style = str(rng.choice(styles_of(exercise)))
        spec = SetSpec(
            exercise=exercise,
            style=style,
            reps=int(rng.integers(1, 13)),
            lifter=LifterSpec.draw(rng),
            load=float(rng.uniform(0.4, 1.8)),
            raise_s=float(rng.uniform(0.8, 2.2)),
            lower_s=float(rng.uniform(1.0, 2.0)),
            top_s=float(rng.uniform(0.3, 2.0)),
            bottom_s=float(rng.uniform(0.3, 1.5)),
            has_mid_pause=bool(rng.random() < 0.08),
            has_lockout_lean=bool(rng.random() < 0.1),
            before=_some(rng, 0.35),
            after=_some(rng, 0.2),
            stationary_start_s=float(rng.uniform(1.0, 5.0) if rng.random() < 0.85 else rng.uniform(0.3, 1.0)),
            stationary_end_s=float(rng.uniform(0.5, 4.0)),
            impact_mps2=float(rng.uniform(3.0, 30.0)),
        )
        spec = _for_exercise(rng, spec)
        stance_deg = STYLES[style].stance_deg
        if not stance_deg[1]:
            return spec
        return replace(spec, lifter=replace(spec.lifter, stance_deg=float(rng.uniform(*stance_deg))))


def _some(rng: np.random.Generator, chance: float) -> tuple[str, ...]:
    """Draw what happens around a set, in a random order."""
    wanted = [extra for extra in EXTRAS if rng.random() < (0.1 * chance if extra == "dip" else chance)]
    rng.shuffle(wanted)
    return tuple(wanted)


def _for_exercise(rng: np.random.Generator, spec: SetSpec) -> SetSpec:
    """Draw what only some exercises have."""
    if spec.exercise == "deadlift":
        rips = bool(rng.random() < 0.1)
        goes = bool(rng.random() < 0.25)
        dropped = "none" if goes else str(rng.choice(DROPS, p=[0.85, 0.1, 0.05]))
        if spec.style == "hips_shoot_up":
            spec = replace(spec, raise_s=float(rng.uniform(1.6, 3.0)))
        return replace(
            spec,
            touch_and_go=goes,
            grip_and_rip=rips,
            drop=dropped,
            has_failed_rep=bool(rng.random() < 0.08) and dropped == "none",
            has_hitch=bool(rng.random() < 0.1),
        )
    spec = replace(spec, has_lockout_lean=spec.has_lockout_lean and spec.exercise == "rdl")
    if spec.exercise in ("rdl", "swing"):
        spec = replace(spec, from_floor=bool(rng.random() < 0.4))
    if spec.exercise == "swing":
        quickest = 0.6 if spec.style == "swing_squatty" else 0.42
        return replace(
            spec,
            reps=int(rng.integers(5, 16)),
            raise_s=float(quickest + rng.uniform(0.0, 0.18)),
            lower_s=float(quickest + rng.uniform(0.0, 0.18)),
            top_s=float(rng.uniform(0.3, 0.6)),
            bottom_s=0.0,
            has_mid_pause=False,
            load=float(rng.uniform(0.15, 0.4)),
        )
    return replace(spec, bottom_s=float(rng.choice([0.0, rng.uniform(0.0, 1.0)])), has_rack=bool(rng.random() < 0.7))
