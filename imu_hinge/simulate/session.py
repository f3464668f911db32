"""Simulate a whole set: samples of every sensor, and the truth beside them.

It decides nothing about a lift (`script`), a body (`body`) or a sensor (`sensor`); it only calls them in turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

import numpy as np

from imu_hinge.athlete import Athlete
from imu_hinge.model import Array, Recording, check_placement
from imu_hinge.simulate.body import SHANK_LEAN, THIGH_LEAN, bar_height
from imu_hinge.simulate.events import plate_impacts, true_non_reps, true_reps
from imu_hinge.simulate.moves import INTERNAL_RATE_HZ, Track, render
from imu_hinge.simulate.rotations import orientation
from imu_hinge.simulate.script import Script
from imu_hinge.simulate.segment_pose import angles, carrier
from imu_hinge.simulate.sensor import Reading, SensorSpec, read
from imu_hinge.simulate.session_script import whole_session
from imu_hinge.simulate.spec import SetSpec
from imu_hinge.simulate.truth import TrueRep, Truth

TRUTH_RATE_HZ: Final = 100.0
"""Rate of the truth's even grid [Hz]."""

_EVERY: Final = int(INTERNAL_RATE_HZ / TRUTH_RATE_HZ)


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """Hold one simulated set.

    Parameters
    ----------
    recording
        What the sensors delivered; it says that it is simulated.
    truth
        What really happened.
    spec
        What was asked for.
    sensors
        What stood between bone and samples, per placement.
    readings
        The samples again, with the sensors' true orientation and true time.
    """

    recording: Recording
    truth: Truth
    spec: SetSpec
    sensors: Mapping[str, SensorSpec]
    readings: Mapping[str, Reading]


def simulate(
    spec: SetSpec,
    *,
    seed: int,
    placements: Sequence[str] = ("sacrum", "t12"),
    sensors: Mapping[str, SensorSpec] | None = None,
    rate_hz: float | None = None,
) -> Simulated:
    """Simulate one set; the same arguments give the same bits.

    Parameters
    ----------
    spec
        Who lifts what and how.
    seed
        Everything that varies comes from it. Script, motion and every sensor have random streams of their own,
        so another sensor does not change the movement.
    placements
        Where sensors sit, each of `conventions.PLACEMENTS`.
    sensors
        What each sensor is like; a placement left out gets a random one. Use ``SensorSpec()`` for a perfect one.
    rate_hz
        Rate of the random sensors; random too where it is not given.
    """
    for placement in placements:
        check_placement(placement)
    script = Script(spec, _stream(seed, "script"))
    whole_session(script)
    track = render(script.moves, spec, _stream(seed, "motion"))
    body_angles = angles(track, standing_knee_rad=float(np.radians(spec.lifter.standing_knee_deg)))
    reps = true_reps(track, spec, body_angles)
    impacts = plate_impacts(track, spec, reps, _stream(seed, "blows"))
    used, readings, bones = {}, {}, {}
    for placement in placements:
        rng = _stream(seed, placement)
        sensor = (sensors or {}).get(placement) or SensorSpec.draw(rng, placement, rate_hz=rate_hz)
        bone = carrier(track, spec.lifter.body, placement, lumbar_share=sensor.lumbar_share, off_m=sensor.off_m)
        used[placement], readings[placement] = sensor, read(bone, sensor, impacts=impacts, rng=rng)
        bones[placement] = orientation(bone.inclination_rad, bone.side_rad, bone.turn_rad)[::_EVERY]
    truth = _truth(track, spec, body_angles, reps, bones)
    truth.q_bs.update({placement: sensor.q_bs for placement, sensor in used.items()})
    recording = Recording(
        {placement: reading.samples for placement, reading in readings.items()},
        athlete=_known_athlete(spec),
        exercise="auto",
        load_kg=None,
        note=f"Simulated: {spec.exercise}, {spec.style}, {spec.reps} reps, seed {seed}. No person was measured.",
        is_simulated=True,
        devices={placement: "simulated" for placement in placements},
    )
    return Simulated(recording, truth, spec, used, readings)


def random_set(
    seed: int,
    *,
    exercise: str | None = None,
    style: str | None = None,
    placements: Sequence[str] = ("sacrum", "t12"),
    rate_hz: float | None = None,
) -> Simulated:
    """Simulate a set of a random lifter with random sensors; exercise and style are drawn where they are not given.

    Parameters
    ----------
    seed
        The same seed gives the same set.
    exercise, style
        A style decides its exercise.
    placements
        Where sensors sit.
    rate_hz
        Of every sensor; each draws its own where None.
    """
    spec = SetSpec.draw(_stream(seed, "spec"), exercise=exercise, style=style)
    return simulate(spec, seed=seed, placements=placements, rate_hz=rate_hz)


def _stream(seed: int, purpose: str) -> np.random.Generator:
    """Return a random stream of its own for one purpose."""
    return np.random.default_rng([seed, crc32(purpose.encode())])


def _known_athlete(spec: SetSpec) -> Athlete:
    """Return what an athlete would have entered: the height, and the plates where they are not the usual ones."""
    plates = None if spec.bar_m == 0.225 else spec.bar_m
    return Athlete(height_m=round(spec.lifter.height_m, 2), plate_radius_m=plates)


def _truth(track: Track, spec: SetSpec, angles_rad: Array, reps: tuple[TrueRep, ...], q_wb: dict[str, Array]) -> Truth:
    """Put the truth together on its own grid."""
    body, columns = spec.lifter.body, track.columns[::_EVERY]
    return Truth(
        exercise=spec.exercise,
        style=spec.style,
        height_m=spec.lifter.height_m,
        bar_m=spec.bar_m,
        reps=reps,
        non_reps=true_non_reps(track),
        time_s=track.time_s[::_EVERY],
        angles_rad=angles_rad[::_EVERY],
        shank_lean_rad=columns[:, SHANK_LEAN],
        thigh_lean_rad=columns[:, THIGH_LEAN] + track.thigh_swing_rad[::_EVERY],
        s2_height_m=carrier(track, body, "sacrum").position_m[::_EVERY, 2],
        bar_height_m=bar_height(body, columns[:, :5]),
        q_wb=q_wb,
    )
