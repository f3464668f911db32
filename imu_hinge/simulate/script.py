"""Write down a session as moves: builder, and the sets that start on the floor.

It draws what varies from rep to rep, but makes no motion itself; `moves.render` does.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from imu_hinge.model import Array
from imu_hinge.simulate.body import LUMBAR, PELVIS, SHANK_LEAN, THIGH_LEAN, Body, close_over_bar
from imu_hinge.simulate.moves import COLUMNS, HEADING, PATH, SIDE_PELVIS, Course, Move
from imu_hinge.simulate.postures import STAND, bottom_postures, lockout
from imu_hinge.simulate.shapes import profile
from imu_hinge.simulate.spec import SetSpec
from imu_hinge.simulate.styles import STYLES, Style


class Script:
    """Collect moves; it remembers where the last one ended.

    Parameters
    ----------
    spec
        Whose body and habits.
    rng
        What varies is drawn from it.
    """

    def __init__(self, spec: SetSpec, rng: np.random.Generator) -> None:
        self.spec, self.rng = spec, rng
        self.body: Body = spec.lifter.body
        self.moves: list[Move] = []
        self.here: Array = np.zeros(COLUMNS)

    def varied(self, mean: float, share: float = 0.08) -> float:
        """Return a duration that varies from time to time."""
        return float(mean * np.exp(self.rng.normal(0.0, share)))

    def between(self, low: float, high: float) -> float:
        """Draw a number between two."""
        return float(self.rng.uniform(low, high))

    def course(
        self,
        *,
        places: tuple[tuple[float, float, float], ...] = (),
        tilt_bump_rad: float = 0.0,
        rounding_rad: float = 0.0,
        is_set_down: bool = False,
    ) -> Course:
        """Return the lifter's own time course.

        Parameters
        ----------
        places
            Where the move goes slowly; see `shapes.slow_places`.
        tilt_bump_rad
            Pelvis tilt added for a while.
        rounding_rad
            Lumbar flexion added for a while.
        is_set_down
            Whether it ends with a weight on the floor, at speed.
        """
        lifter = self.spec.lifter
        abruptness = lifter.abruptness if is_set_down else 0.0
        return Course(lifter.profile, lifter.skew, places, tilt_bump_rad, rounding_rad, abruptness)

    def bottoms(self, rep_of: npt.NDArray[np.int64], style_name: str | None = None) -> Array:
        """Draw bottom postures; see `postures.bottom_postures`."""
        return bottom_postures(self.spec, self.rng, rep_of=rep_of, style_name=style_name)

    def go(
        self,
        kind: str,
        duration_s: float,
        posture: Array | None = None,
        *,
        move: Move | None = None,
        bent: Array | None = None,
    ) -> None:
        """Append a move to a posture; without one the body holds its place.

        Parameters
        ----------
        kind
        duration_s
        posture : (5,) [rad]
        move
            Windows, course and labels; a plain move where it is not given.
        bent : (4,) [rad]
            Bend to the side of pelvis and trunk, turn of pelvis and trunk. By default the lifter's own asymmetry in a
            rep, and none elsewhere.
        """
        like, target = move or plain(), self.here.copy()
        if posture is not None:
            target[:5] = posture
            target[SIDE_PELVIS:] = self.asymmetry() * (like.rep >= 0) if bent is None else bent
        self.append(replace(like, kind=kind, duration_s=duration_s, target=target))

    def asymmetry(self) -> Array:
        """Return how the load bends and turns this lifter, (4,) [rad]."""
        side, turn = self.spec.lifter.asymmetry_deg
        return np.radians([0.4 * side, side, 0.4 * turn, turn])

    def append(self, move: Move) -> None:
        """Append a finished move."""
        self.moves.append(move)
        self.here = move.target

    def stand(self, duration_s: float) -> None:
        """Append quiet standing."""
        self.go("stand", duration_s)

    def travel(
        self, kind: str, duration_s: float, *, path_m: float = 0.0, heading_rad: float = 0.0, other: str
    ) -> None:
        """Append walking: some way along the heading, or a turn on the spot.

        Parameters
        ----------
        kind
            What the move is called.
        duration_s
        path_m
            Way along the heading.
        heading_rad
            Turn to the left.
        other
            The name of a movement that is no rep.
        """
        target = self.here.copy()
        target[PATH] += path_m
        target[HEADING] += heading_rad
        self.append(Move(kind, duration_s, target, windows(), Course("trapezoid"), other=other, has_steps=True))


def windows(style: Style | None = None, *, is_reversed: bool = False) -> Array:
    """Return a move's windows (11, 2): the style's for the posture, reversed on the way down, and 0..1 beyond."""
    full = np.tile([0.0, 1.0], (COLUMNS, 1))
    if style is not None:
        up = np.array(style.windows, dtype=np.float64)
        full[:5] = 1.0 - up[:, ::-1] if is_reversed else up
    return full


def plain(*, course: Course | None = None, rep: int = -1, other: str = "", is_stationary: bool = True) -> Move:
    """Return a move that moves every column all the time; its kind, duration and target are filled in later.

    Parameters
    ----------
    course, rep, other, is_stationary
        As in `moves.Move`; the lifter's plain course where none is given.
    """
    return Move("", 0.0, np.zeros(COLUMNS), windows(), course or Course(), rep, other, is_stationary)


def styled(
    style: Style, *, is_down: bool, course: Course, rep: int = -1, other: str = "", is_stationary: bool = False
) -> Move:
    """Return a move with a style's windows; its kind, duration and target are filled in later.

    Parameters
    ----------
    style
    is_down
        Whether its windows run backward in time.
    course, rep, other, is_stationary
        As in `moves.Move`.
    """
    return Move("", 0.0, np.zeros(COLUMNS), windows(style, is_reversed=is_down), course, rep, other, is_stationary)


def floor_set(script: Script) -> None:
    """Append a whole set from the floor: bend to the bar, set-up, reps, release, rise."""
    spec, style = script.spec, STYLES[script.spec.style]
    per_rep = 1 if spec.touch_and_go else 2
    bottoms = script.bottoms(np.arange(per_rep * spec.reps + 2) // per_rep)
    is_down = False
    for rep in range(spec.reps):
        slower = (1.0 + style.slower) ** rep
        start, end = (
            bottoms[rep if spec.touch_and_go else 2 * rep],
            bottoms[rep + 1 if spec.touch_and_go else 2 * rep + 1],
        )
        if not is_down:
            _bend_to_bar(script, style, start)
        elif not spec.touch_and_go:
            script.go(
                "floor",
                script.varied(spec.bottom_s, 0.2),
                start,
                move=plain(is_stationary=False),
                bent=script.asymmetry(),
            )
        _pull(script, style, rep, slower)
        is_dropped = spec.drop == "every" or (spec.drop == "last" and rep == spec.reps - 1)
        if is_dropped:
            script.go("rest", script.varied(1.5, 0.3), STAND, move=plain(course=script.course()))
        else:
            down = styled(style, is_down=True, course=script.course(is_set_down=True), rep=rep)
            script.go("lower", script.varied(spec.lower_s * slower), end, move=down)
        is_down = not is_dropped
    if spec.has_failed_rep:
        if not is_down:
            _bend_to_bar(script, style, bottoms[-1])
        else:
            script.go("floor", script.varied(spec.bottom_s, 0.2), move=plain(is_stationary=False))
        _failed_pull(script, style)
        is_down = True
    if is_down:
        script.go("floor", script.between(0.2, 1.0), move=plain(is_stationary=False))
        rise = styled(_unloaded(style), is_down=False, course=script.course(), other="release_rise", is_stationary=True)
        script.go("rise", script.between(0.9, 1.8), STAND, move=rise)


def _unloaded(style: Style) -> Style:
    """Return the style without the bar: hips shoot up only under load."""
    return STYLES["good_hinge"] if style.hips_first_deg[1] else style


def _bend_to_bar(script: Script, style: Style, start: Array) -> None:
    """Append the unloaded bend to the bar and the set-up wiggle, ending in the rep's start posture."""
    spec = script.spec
    course = script.course()
    bend = styled(_unloaded(style), is_down=True, course=course, other="setup_bend", is_stationary=True)
    script.go("bend", script.between(1.0, 2.2), start, move=bend, bent=script.asymmetry())
    if spec.grip_and_rip:
        return
    script.go("floor", script.between(0.3, 1.5), move=plain(other="setup_bend", is_stationary=False))
    for _ in range(int(script.rng.integers(0, 4))):
        pumped = start.copy()
        pumped[SHANK_LEAN] += np.radians(script.between(-5, 3))
        pumped[LUMBAR] += np.radians(script.between(-4, 4))
        pumped = close_over_bar(script.body, pumped, bar_m=spec.bar_m, gap_m=script.between(-0.01, 0.05))
        wiggle = plain(course=course, other="wiggle", is_stationary=False)
        script.go("floor", script.between(0.35, 0.7), pumped, move=wiggle, bent=script.asymmetry())
        script.go("floor", script.between(0.35, 0.7), start, move=wiggle, bent=script.asymmetry())
    script.go("floor", script.between(0.2, 0.8), move=plain(is_stationary=False))


def _pull(script: Script, style: Style, rep: int, slower: float) -> None:
    """Append one pull to lockout and the pause there."""
    spec, rng = script.spec, script.rng
    places: tuple[tuple[float, float, float], ...] = ()
    if spec.has_mid_pause and rep == spec.reps // 2:
        places = ((script.between(0.4, 0.6), 18.0, 0.02),)
    elif spec.has_hitch and rep >= (2 * spec.reps) // 3:
        places = ((script.between(0.5, 0.6), 7.0, 0.08),)
    bump = np.radians(rng.uniform(*style.hips_first_deg))
    duration = script.varied(0.6 if spec.grip_and_rip else spec.raise_s * slower)
    if bump or style.rounds_later_deg[1]:
        duration = max(duration, 1.3)  # the legs straighten, or the back rounds, in half of it: faster would be a jump
    rounding = np.radians(rng.uniform(*style.rounds_later_deg)) if style.rounds_later_deg[1] else 0.0
    course = script.course(places=places, tilt_bump_rad=float(bump), rounding_rad=float(rounding))
    top = lockout(spec, style, rng)
    script.go("pull", duration, top, move=styled(style, is_down=False, course=course, rep=rep))
    pause = script.between(0.3, 0.8) if spec.has_lockout_lean else script.varied(spec.top_s, 0.2)
    script.go("top", pause, move=plain(rep=rep, is_stationary=False))


def _failed_pull(script: Script, style: Style) -> None:
    """Append a pull that never locks out and comes back down."""
    bottom = script.here[:5].copy()
    reached = script.between(0.35, 0.6)
    span = np.array(style.windows)
    part = bottom * (1.0 - profile((reached - span[:, 0]) / (span[:, 1] - span[:, 0]), "minimum_jerk"))
    part[PELVIS] = max(part[PELVIS], np.radians(18.0))
    part[THIGH_LEAN] = max(part[THIGH_LEAN], np.radians(5.0))
    strain = plain(course=script.course(), other="failed", is_stationary=False)
    script.go("failed", script.between(1.2, 2.5), part, move=strain, bent=script.asymmetry())
    script.go("failed", script.between(0.3, 1.2), move=strain)
    script.go("failed_lower", script.between(0.7, 1.2), bottom, move=strain, bent=script.asymmetry())
