"""Write down what lifters do beside deadlifting: sets that start at the top, and everything that is no rep.

It adds moves to a `script.Script`; it makes no motion.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imu_hinge.model import Array
from imu_hinge.simulate.body import PELVIS
from imu_hinge.simulate.postures import STAND, free_posture, lockout
from imu_hinge.simulate.script import Script, floor_set, plain, styled
from imu_hinge.simulate.styles import STYLES, Span


def whole_session(script: Script) -> None:
    """Append everything from the first quiet standing to the last."""
    spec = script.spec
    script.stand(spec.stationary_start_s)
    for extra in spec.before:
        _EXTRAS[extra](script)
    if spec.exercise == "deadlift":
        floor_set(script)
    else:
        top_set(script)
    script.stand(script.between(0.5, 1.0))
    for extra in spec.after:
        _EXTRAS[extra](script)
    script.stand(spec.stationary_end_s)


def top_set(script: Script) -> None:
    """Append a set whose reps start in standing: (un)rack or pick up, reps, put away."""
    spec, style = script.spec, STYLES[script.spec.style]
    bottoms = script.bottoms(np.arange(spec.reps))
    if spec.is_bar_on_back and spec.has_rack:
        _rack(script, "unrack", steps=-1.0)
    if spec.from_floor:
        _pick_up(script)
    for rep in range(spec.reps):
        down = styled(style, is_down=True, course=script.course(), rep=rep)
        script.go("descend", script.varied(spec.lower_s), bottoms[rep], move=down)
        pause = script.varied(spec.bottom_s, 0.2)
        if pause > 0.02:
            script.go("bottom", pause, move=plain(rep=rep, is_stationary=False))
        stops = spec.has_mid_pause and rep == spec.reps // 2
        places = ((script.between(0.35, 0.6), 18.0, 0.02),) if stops else ()
        up = styled(style, is_down=False, course=script.course(places=places), rep=rep)
        script.go("rise", script.varied(spec.raise_s), lockout(spec, style, script.rng), move=up)
        if spec.has_lockout_lean:
            script.go("top", script.between(0.3, 0.8), move=plain(is_stationary=False))
            script.go("top", script.between(0.5, 0.8), STAND, move=plain(course=script.course(), is_stationary=False))
        script.go("top", script.varied(spec.top_s, 0.2), move=plain(is_stationary=False))
    if spec.from_floor:
        _put_down(script)
    script.go("stand", 0.8, STAND, move=plain(course=script.course()))
    if spec.is_bar_on_back and spec.has_rack:
        _rack(script, "rack", steps=1.0)


def _posture(script: Script, knee: Span, pelvis: Span, lumbar: Span) -> Array:
    """Draw an unloaded posture in balance from spans in degrees, (5,) [rad]."""
    return free_posture(
        script.body,
        knee_deg=script.between(*knee),
        pelvis_deg=script.between(*pelvis),
        lumbar_deg=script.between(*lumbar),
    )


def _bend_and_rise(script: Script, other: str, down: Array, *, hold_s: float, twist_deg: float = 0.0) -> None:
    """Append a bend down, a hold and a rise that are no rep, with a turn to the side on the way."""
    like = plain(course=script.course(), other=other)
    bent = np.radians(twist_deg) * np.array([0.2, 0.4, 0.3, 1.0])
    script.go("bend", script.between(0.8, 1.6), down, move=like, bent=bent)
    script.go("hold", hold_s, move=like)
    script.go("rise", script.between(0.8, 1.6), STAND, move=like)


def _rack(script: Script, name: str, *, steps: float) -> None:
    """Append lifting the bar out of the rack, or putting it in, with the steps between."""
    dip = _posture(script, (15, 30), (4, 10), (2, 4))
    if steps > 0:
        _walk_by(script, name, script.between(0.5, 1.0))
    _bend_and_rise(script, name, dip, hold_s=script.between(0.2, 0.6))
    if steps < 0:
        _walk_by(script, name, -script.between(0.5, 1.0))
    script.stand(script.between(0.8, 2.0))


def _pick_up(script: Script) -> None:
    """Append lifting the weight from the floor to standing."""
    style = STYLES["good_hinge"]
    start = script.bottoms(np.zeros(1, dtype=np.int64), "good_hinge")[0]
    bend = styled(style, is_down=True, course=script.course(), other="pick_up", is_stationary=True)
    script.go("bend", script.between(1.0, 2.0), start, move=bend)
    script.go("floor", script.between(0.3, 1.0), move=plain(other="pick_up", is_stationary=False))
    rise = styled(style, is_down=False, course=script.course(), other="pick_up")
    script.go("rise", script.varied(1.4), lockout(script.spec, style, script.rng), move=rise)
    script.go("top", script.between(0.8, 2.0), move=plain())


def _put_down(script: Script) -> None:
    """Append putting the weight on the floor and rising without it."""
    style = STYLES["good_hinge"]
    start = script.bottoms(np.zeros(1, dtype=np.int64), "good_hinge")[0]
    down = styled(style, is_down=True, course=script.course(), other="put_down")
    script.go("lower", script.varied(1.4), start, move=down)
    script.go("floor", script.between(0.3, 0.8), move=plain(other="put_down", is_stationary=False))
    rise = styled(style, is_down=False, course=script.course(), other="put_down", is_stationary=True)
    script.go("rise", script.between(0.9, 1.6), STAND, move=rise)


def _walk_by(script: Script, other: str, path_m: float) -> None:
    """Append steps straight ahead, or back."""
    speed = script.between(0.5, 0.7) if path_m < 0 else script.between(0.8, 1.2)
    script.travel("walk", max(abs(path_m) / speed, 0.8), path_m=path_m, other=other)


def _walk(script: Script) -> None:
    """Append a walk away and back, turning around twice."""
    away = script.between(1.5, 5.0)
    turn = np.radians(script.between(160, 200)) * script.rng.choice([-1.0, 1.0])
    for _ in range(2):
        _walk_by(script, "walk", away)
        script.travel("turn", script.between(1.3, 2.4), heading_rad=turn, other="walk")
        turn = np.copysign(2 * np.pi - abs(turn), turn) if script.rng.random() < 0.5 else -turn
        script.stand(script.between(0.3, 1.5))
    script.stand(script.between(0.8, 2.0))


def _belt(script: Script) -> None:
    """Append tightening a belt: small bends and turns on the spot."""
    for _ in range(int(script.rng.integers(2, 5))):
        down = _posture(script, (0, 6), (-4, 6), (-4, 8))
        _bend_and_rise(script, "belt", down, hold_s=script.between(0.2, 0.8), twist_deg=script.between(-8, 8))
    script.stand(script.between(0.8, 2.0))


def _talk(script: Script) -> None:
    """Append turning to somebody, talking, turning back."""
    turn = np.radians(script.between(15, 35)) * script.rng.choice([-1.0, 1.0])
    like = plain(course=script.course(), other="talk")
    script.go("talk", script.between(0.8, 1.5), STAND, move=like, bent=turn * np.array([0.02, 0.05, 0.3, 1.0]))
    script.go("talk", script.between(1.5, 4.0), move=like)
    script.go("talk", script.between(0.8, 1.5), STAND, move=like)
    script.stand(script.between(0.8, 1.5))


def _plates(script: Script) -> None:
    """Append putting plates on the bar: one to three bends with a turn."""
    for _ in range(int(script.rng.integers(1, 4))):
        down = _posture(script, (20, 80), (25, 45), (15, 40))
        _bend_and_rise(script, "plates", down, hold_s=script.between(0.5, 2.0), twist_deg=script.between(-15, 15))
        script.stand(script.between(0.4, 2.0))
    script.stand(script.between(0.6, 1.5))


def _shoe(script: Script) -> None:
    """Append tying a shoe: down, a long hold, up."""
    down = _posture(script, (40, 110), (35, 60), (35, 46))
    _bend_and_rise(script, "shoe", down, hold_s=script.between(3.0, 8.0), twist_deg=script.between(-8, 8))
    script.stand(script.between(0.8, 2.0))


def _bottle(script: Script) -> None:
    """Append picking up a bottle."""
    down = _posture(script, (10, 60), (35, 60), (25, 46))
    _bend_and_rise(script, "bottle", down, hold_s=script.between(0.2, 1.2), twist_deg=script.between(-15, 15))
    script.stand(script.between(0.8, 2.0))


def _dip(script: Script) -> None:
    """Append push-press dips: quick, upright, shallow."""
    for _ in range(int(script.rng.integers(1, 4))):
        down = _posture(script, (25, 40), (3, 8), (2, 4))
        like = plain(course=script.course(), other="dip")
        script.go("bend", script.between(0.35, 0.6), down, move=like)
        script.go("rise", script.between(0.25, 0.4), STAND, move=like)
        script.stand(script.between(0.8, 2.0))


def _chair(script: Script) -> None:
    """Append sitting down and rising, five to ten times: the trunk leans on the way and comes up on the seat.

    Seats take the thighs to about level; a seated pelvis is tilted back against standing, and the trunk is upright.
    """
    like = plain(course=script.course(), other="chair")
    on_seat = replace(like, is_seated=True)
    contact = _posture(script, (75, 95), (25, 40), (5, 20))
    seated = contact + np.radians([0.0, 0.0, script.between(-20, -5) - np.degrees(contact[PELVIS]), 0.0, 0.0])
    pause_s = script.between(0.0, 1.5)
    for _ in range(int(script.rng.integers(5, 11))):
        script.go("bend", script.varied(1.1, 0.15), contact, move=like)
        script.go("sit", script.varied(0.6, 0.15), seated, move=on_seat)
        script.go("sit", script.varied(0.1 + pause_s, 0.2), move=on_seat)
        script.go("sit", script.varied(0.6, 0.15), contact, move=on_seat)
        script.go("rise", script.varied(0.9, 0.15), STAND, move=like)
        script.go("stand", script.varied(0.2 + pause_s, 0.2), move=like)
    script.stand(script.between(0.8, 1.5))


def _sit(script: Script) -> None:
    """Append a rest on a bench: one sitting down, a long sit with small shifts of the trunk, one rise."""
    like = plain(course=script.course(), other="sit")
    on_seat = replace(like, is_seated=True)
    contact = _posture(script, (75, 95), (25, 40), (5, 20))
    seated = contact + np.radians([0.0, 0.0, script.between(-20, -5) - np.degrees(contact[PELVIS]), 0.0, 0.0])
    script.go("bend", script.varied(1.1, 0.15), contact, move=like)
    script.go("sit", script.varied(0.8, 0.15), seated, move=on_seat)
    for _ in range(int(script.rng.integers(1, 4))):
        script.go("sit", script.between(5.0, 15.0), move=on_seat)
        shifted = seated + np.radians([0.0, 0.0, script.between(-5, 5), script.between(-5, 15), 0.0])
        script.go("sit", script.varied(1.5, 0.2), shifted, move=on_seat)
    script.go("sit", script.varied(0.8, 0.2), contact, move=on_seat)
    script.go("rise", script.varied(0.9, 0.15), STAND, move=like)
    script.stand(script.between(0.8, 1.5))


def _load(script: Script) -> None:
    """Append changing the plates: two to four times from the rack, where one bends little, to the bar on the floor."""
    turn = np.radians(script.between(150, 200)) * script.rng.choice([-1.0, 1.0])
    for _ in range(int(script.rng.integers(2, 5))):
        rack = _posture(script, (5, 40), (15, 40), (10, 30))
        _bend_and_rise(script, "load", rack, hold_s=script.between(0.5, 1.5), twist_deg=script.between(-10, 10))
        _walk_by(script, "load", script.between(1.5, 3.0))
        floor = _posture(script, (30, 100), (30, 55), (20, 45))
        _bend_and_rise(script, "load", floor, hold_s=script.between(1.0, 4.0), twist_deg=script.between(-15, 15))
        script.travel("turn", script.between(1.3, 2.4), heading_rad=turn, other="load")
        _walk_by(script, "load", script.between(1.5, 3.0))
    script.stand(script.between(0.8, 2.0))


_EXTRAS = {
    "chair": _chair,
    "sit": _sit,
    "load": _load,
    "walk": _walk,
    "belt": _belt,
    "talk": _talk,
    "plates": _plates,
    "shoe": _shoe,
    "bottle": _bottle,
    "dip": _dip,
}
