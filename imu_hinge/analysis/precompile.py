"""Compile all kernels of an analysis before the first one, on two cores, so that nobody waits for one core alone.

It measures nothing: each half runs on a few made-up samples for the sake of compiling. A kernel that is missed here,
as live's own are, is compiled when it is called; where machine code cannot be kept nothing is done.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from imu_hinge import code_cache
from imu_hinge.analysis.inference import infer
from imu_hinge.athlete import Athlete
from imu_hinge.conventions import GRAVITY_MPS2
from imu_hinge.motion.kinematics.vertical_displacement import (
    SENSOR_ERROR_SD,
    ZeroVelocityUpdates,
    smooth_height,
    with_sensor_errors_out,
)
from imu_hinge.motion.linkage import block_tridiagonal
from imu_hinge.motion.linkage.map_estimate import constants_of
from imu_hinge.motion.linkage.observations import LinkageInputs, observations_of, path_length_rad
from imu_hinge.motion.linkage.set_parameters import set_parameter_prior
from imu_hinge.motion.orientation.filter import filter_recording

BEGUN, DONE = "precompile.begun", "precompile.done"
SAMPLES, RATE_HZ = 200, 50.0
"""Enough for the filters to be set up; what they find does not matter."""


def is_due() -> bool:
    """Tell whether an analysis would have to compile kernels first."""
    return code_cache.read(DONE) is None


def run() -> None:
    """Compile half of the kernels here and the other half in a process of its own."""
    if not code_cache.keep(BEGUN, b""):
        return  # the other process could not hand anything over
    other = None
    if sys.executable and not getattr(sys, "frozen", False):
        # -P: of the folder that the user happens to be in, nothing is imported.
        other = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-c",
                f"from {__name__} import other_half; other_half()",
            ],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        linkage()
    finally:
        if other is not None:
            other.wait()
    code_cache.keep(DONE, b"")


def other_half() -> None:
    """Compile what `map_estimate` calls last, so that it is found there, then orientation both ways and height."""
    athlete, inputs = Athlete(), _inputs()
    scene, prior = constants_of(athlete, inputs), set_parameter_prior(athlete, inputs.placements, inputs.posture_prior)
    course = observations_of(inputs, np.arange(SAMPLES), path_length_rad(inputs))
    solution = block_tridiagonal.room_for(SAMPLES, prior.mean.size)
    block_tridiagonal.marginal_covariances(
        scene, course, solution, np.eye(prior.mean.size), np.empty_like(solution.inverse)
    )
    block_tridiagonal.postures(scene, solution)
    filters()


def filters() -> None:
    """Compile orientation both ways and height."""
    gyr, acc = np.zeros((SAMPLES, 3)), np.tile([0.0, 0.0, GRAVITY_MPS2], (SAMPLES, 1))
    filter_recording(gyr, acc, rate_hz=RATE_HZ, both_ways=True)
    still = ZeroVelocityUpdates(np.ones(SAMPLES), np.ones(SAMPLES), np.zeros(SAMPLES))
    shapes = np.ones((SAMPLES, len(SENSOR_ERROR_SD)))
    acceleration = with_sensor_errors_out(np.zeros(SAMPLES), shapes, still, dt=1.0 / RATE_HZ)
    smooth_height(acceleration, still, dt=1.0 / RATE_HZ)


def linkage() -> None:
    """Compile the solver of the posture."""
    infer(_inputs(), Athlete())


def _inputs() -> LinkageInputs:
    """Return one bend."""
    return LinkageInputs(
        time_s=np.arange(SAMPLES) / RATE_HZ,
        inclination_rad={"sacrum": np.sin(np.linspace(0.0, np.pi, SAMPLES))},
        inclination_sd_rad={"sacrum": np.full(SAMPLES, 0.02)},
    )
