"""Read from the lifter's plan when every rep started, turned and ended, and when plates and heels hit the floor.

It looks at the plan, without sway and gait; the definitions are in `truth`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from imu_hinge.conventions import HIP_FLEXION, KNEE_FLEXION, LUMBAR_FLEXION, PELVIS_TILT, TRUNK_INCLINATION
from imu_hinge.model import Array
from imu_hinge.simulate.body import PELVIS, SHANK_LEAN, THIGH_LEAN, bar_height
from imu_hinge.simulate.moves import Track
from imu_hinge.simulate.spec import SetSpec
from imu_hinge.simulate.styles import style_of_rep
from imu_hinge.simulate.truth import LIFTED_M, NEAR_RAD, TrueNonRep, TrueRep

Impacts = tuple[tuple[float, float], ...]

FALL_S: Final = 0.33
"""How long a bar falls from lockout [s]."""


def true_reps(track: Track, spec: SetSpec, angles_rad: Array) -> tuple[TrueRep, ...]:
    """Return every completed rep.

    Parameters
    ----------
    track
    spec
    angles_rad : (n, 5) [rad]
        The body's angles on the track's grid.
    """
    reps = []
    for rep in range(spec.reps):
        moves = {move.kind: i for i, move in enumerate(track.moves) if move.rep == rep}
        times = _from_floor(track, spec, moves) if "pull" in moves else _from_top(track, moves)
        reps.append(_rep(track, spec, angles_rad, rep, times, is_dropped="pull" in moves and "lower" not in moves))
    return tuple(reps)


def true_non_reps(track: Track) -> tuple[TrueNonRep, ...]:
    """Return every movement that is no rep; neighbours of the same kind are one."""
    found: list[TrueNonRep] = []
    for move, start, stop in zip(track.moves, track.starts_s[:-1], track.starts_s[1:], strict=True):
        if not move.other:
            continue
        if found and found[-1].kind == move.other and found[-1].stop_s == start:
            found[-1] = TrueNonRep(move.other, found[-1].start_s, float(stop))
        else:
            found.append(TrueNonRep(move.other, float(start), float(stop)))
    return tuple(found)


def plate_impacts(track: Track, spec: SetSpec, reps: tuple[TrueRep, ...], rng: np.random.Generator) -> Impacts:
    """Return when weights hit the floor or the rack and heels the ground, and how hard at the pelvis [m/s²].

    Parameters
    ----------
    track
    spec
    reps
        Whose ends land.
    rng
        Varies how hard.
    """
    impacts: list[tuple[float, float]] = []
    for rep in reps:
        if rep.exercise == "deadlift":
            late, share = (FALL_S, 0.2) if rep.is_dropped else (0.0, 1.0)
            impacts.append((rep.end_s + late, spec.impact_mps2 * share * float(np.exp(rng.normal(0.0, 0.2)))))
    share_of = {"failed_lower": 0.8, "hold": 0.1}
    for i, move in enumerate(track.moves):
        put_down = move.other == "put_down" and move.kind == "lower"
        clank = move.kind == "hold" and move.other in ("plates", "rack")
        if put_down or clank or move.kind == "failed_lower":
            impacts.append((float(track.starts_s[i + 1]) - 0.1, spec.impact_mps2 * share_of.get(move.kind, 0.6)))
    heels = track.heels_s, spec.lifter.heel_mps2 * np.exp(rng.normal(0.0, 0.3, track.heels_s.size))
    return tuple(sorted([*impacts, *zip(*(column.tolist() for column in heels), strict=True)]))


def _from_floor(track: Track, spec: SetSpec, moves: dict[str, int]) -> tuple[float, float, float]:
    """Return start, turn and end of a lift from the floor [s]."""
    pull = track.part(moves["pull"])
    is_lifted = bar_height(spec.lifter.body, track.plan[pull, :5]) > spec.bar_m + LIFTED_M
    start = track.time_s[pull][int(np.argmax(is_lifted))]
    turn = track.time_s[pull.start + _reached(track.plan[pull])]
    if "lower" not in moves:
        return float(start), float(turn), float(track.starts_s[moves["top"] + 1])
    lower = track.part(moves["lower"])
    is_lifted = bar_height(spec.lifter.body, track.plan[lower, :5]) > spec.bar_m + LIFTED_M
    return float(start), float(turn), float(track.time_s[lower][int(np.flatnonzero(is_lifted)[-1])])


def _from_top(track: Track, moves: dict[str, int]) -> tuple[float, float, float]:
    """Return start, turn and end of a lift that starts in standing [s]."""
    down, up = track.part(moves["descend"]), track.part(moves["rise"])
    start = track.time_s[down.stop - 1 - _reached(track.plan[down][::-1])]
    turn = 0.5 * (track.starts_s[moves["descend"] + 1] + track.starts_s[moves["rise"]])
    return float(start), float(turn), float(track.time_s[up.start + _reached(track.plan[up])])


def _reached(plan: Array) -> int:
    """Return the first sample from which hip and knee stay near where they end."""
    hip, knee = plan[:, THIGH_LEAN] + plan[:, PELVIS], plan[:, THIGH_LEAN] + plan[:, SHANK_LEAN]
    is_far = (np.abs(hip - hip[-1]) > NEAR_RAD) | (np.abs(knee - knee[-1]) > NEAR_RAD)
    return int(np.flatnonzero(is_far)[-1]) + 1 if is_far.any() else 0


def _rep(
    track: Track, spec: SetSpec, angles_rad: Array, rep: int, times: tuple[float, float, float], *, is_dropped: bool
) -> TrueRep:
    """Put one rep together with the angles in it."""
    start, turn, end = times
    during = angles_rad[slice(*np.searchsorted(track.time_s, [start, end]))]
    bottom = angles_rad[int(np.searchsorted(track.time_s, start if spec.exercise == "deadlift" else turn))]
    return TrueRep(
        rep=rep,
        start_s=start,
        turn_s=turn,
        end_s=end,
        exercise=spec.exercise,
        style=style_of_rep(spec.style, rep),
        lumbar_flexion_peak_rad=float(during[:, LUMBAR_FLEXION].max()),
        lumbar_flexion_bottom_rad=float(bottom[LUMBAR_FLEXION]),
        hip_bottom_rad=float(bottom[HIP_FLEXION]),
        knee_peak_rad=float(during[:, KNEE_FLEXION].max()),
        knee_bottom_rad=float(bottom[KNEE_FLEXION]),
        pelvis_tilt_peak_rad=float(during[:, PELVIS_TILT].max()),
        trunk_inclination_peak_rad=float(during[:, TRUNK_INCLINATION].max()),
        is_dropped=is_dropped,
    )
