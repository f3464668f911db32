"""Tell a hip hinge from lumbar flexion, rep by rep, from one or two IMUs.

``import imu_hinge`` loads neither numba, pandas, matplotlib nor bleak: names arrive when they are used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from imu_hinge import report
    from imu_hinge.analysis.live import LiveAnalysis
    from imu_hinge.analysis.offline import calibrate
    from imu_hinge.athlete import Athlete, read_athlete
    from imu_hinge.errors import HingeError
    from imu_hinge.instant import Instant
    from imu_hinge.model import Posture, Recording, Samples
    from imu_hinge.motion.orientation.filter import orientation
    from imu_hinge.one_call import analyze, plot_set
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
    "analyze": "one_call",
    "calibrate": "analysis.offline",
    "orientation": "motion.orientation.filter",
    "plot_set": "one_call",
    "read": "recovery.read",
    "read_athlete": "athlete",
    "report": "report",
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
    "plot_set",
    "read",
    "read_athlete",
    "report",
    "write",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'imu_hinge' has no attribute {name!r}")
    module = import_module(f"imu_hinge.{home}")
    value = module if home == name else getattr(module, name)  # `report` is the room itself, which can be called
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
