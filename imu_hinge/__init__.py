"""Tell a hip hinge from lumbar flexion, rep by rep, from one or two IMUs.

``import imu_hinge`` loads neither numba, pandas, matplotlib nor bleak: names arrive when they are used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from imu_hinge.analysis import analyze, calibrate
    from imu_hinge.athlete import Athlete, read_athlete
    from imu_hinge.errors import HingeError
    from imu_hinge.live.reading import read
    from imu_hinge.model import Posture, Recording, Samples
    from imu_hinge.motion.orientation import orientation
    from imu_hinge.result import Event, Rep, SetResult, Verdict
    from imu_hinge.settings import Settings
    from imu_hinge.storage.recording import write
    from imu_hinge.streaming import LiveAnalysis

_HOMES = {
    "Athlete": "athlete",
    "Event": "result",
    "HingeError": "errors",
    "LiveAnalysis": "streaming",
    "Posture": "model",
    "Recording": "model",
    "Rep": "result",
    "Samples": "model",
    "SetResult": "result",
    "Settings": "settings",
    "Verdict": "result",
    "analyze": "analysis",
    "calibrate": "analysis",
    "orientation": "motion.orientation",
    "read": "live.reading",
    "read_athlete": "athlete",
    "write": "storage.recording",
}

__all__ = [
    "Athlete",
    "Event",
    "HingeError",
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
