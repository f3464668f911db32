"""Say how well the sensors of a recording share a timeline: the bound their links leave, and the rotation they share.

It moves no sample.
"""

from __future__ import annotations

from imu_hinge.recovery.seal import Recovered
from imu_hinge.sensors.clock.cross_check import SharedRotation, shared_rotation


def timing(recovered: Recovered) -> list[tuple[str, str, float, SharedRotation]]:
    """Return for each sensor after the first: both names, within how much they lie together [s], what rotation says."""
    names = recovered.recording.placements
    sensors, reports = recovered.recording.sensors, recovered.sensors
    return [
        (
            names[0],
            name,
            max(reports[names[0]].clock.bound_s, reports[name].clock.bound_s),
            shared_rotation(sensors[names[0]], sensors[name]),
        )
        for name in names[1:]
    ]


def timing_lines(recovered: Recovered) -> list[str]:
    """Return it in sentences for people, one per pair."""
    lines = []
    for first, second, bound_s, rotation in timing(recovered):
        seen = rotation.message
        if rotation.lag_s is not None and not rotation.is_warning:
            seen = f"The rotation they share agrees to {abs(1e3 * rotation.lag_s):.0f} ms."
        lines.append(f"{first} and {second} are on one timeline to within {1e3 * bound_s:.0f} ms. {seen}")
    return lines
