"""Tell a hip hinge from lumbar flexion, rep by rep, from one or two IMUs.

``import imu_hinge`` loads neither numba, pandas, matplotlib nor bleak: names arrive when they are used.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())  # who wants to see what is logged adds one of his own

if TYPE_CHECKING:
    from imu_hinge.analysis.live import LiveAnalysis
    from imu_hinge.analysis.offline import analyze, calibrate
    from imu_hinge.athlete import Athlete, read_athlete
    from imu_hinge.errors import HingeError
    from imu_hinge.instant import Instant
    from imu_hinge.model import Posture, Recording, Samples
    from imu_hinge.motion.orientation.filter import orientation
    from imu_hinge.recovery.read import read
    from imu_hinge.result import Event, Rep, SetResult, Verdict
    from imu_hinge.settings import Settings
    from imu_hinge.storage.recording import write

_HOMES = {
    "Athlete": "athlete",
    "Event": "result",
    "HingeError": "errors",
    "Instant": "instant",
    "LiveAnalysis": "analysis.live",
    "Posture": "model",
    "Recording": "model",
    "Rep": "result",
    "Samples": "model",
    "SetResult": "result",
    "Settings": "settings",
    "Verdict": "result",
    "analyze": "analysis.offline",
    "calibrate": "analysis.offline",
    "orientation": "motion.orientation.filter",
    "read": "recovery.read",
    "read_athlete": "athlete",
    "write": "storage.recording",
}

__all__ = [
    "Athlete",
    "Event",
    "HingeError",
    "Instant",
    "LiveAnalysis",
    "Posture",
    "Recording",
    "Rep",
    "Samples",
    "SetResult",
    "Settings",
    "Verdict",
    "__version__",
    "analyze",
    "calibrate",
    "orientation",
    "read",
    "read_athlete",
    "write",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'imu_hinge' has no attribute {name!r}")
    value = getattr(import_module(f"imu_hinge.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
