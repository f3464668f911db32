"""State what a stream tells the outside: packets, settings, and the states of its link. Nothing here acts on them."""

from __future__ import annotations

from typing import Protocol

from imu_hinge.sensors.ble.scanner import Advertisement
from imu_hinge.sensors.protocol import StreamSettings

CONNECTING, READY, STREAMING, LOST, SEARCHING, OFF, CLOSED = (
    "connecting",
    "ready",
    "streaming",
    "lost",
    "searching",
    "bluetooth off",
    "closed",
)
"""States of a stream, in words for people."""


class Sink(Protocol):
    """Take what happens on a stream; every method must return at once."""

    def stream(self, sensor: str, host_ns: int, seen: Advertisement, settings: StreamSettings) -> None:
        """Note that a stream begins, or goes on after a loss; its packets follow.

        Parameters
        ----------
        sensor
            Its name in the journal.
        host_ns
            By ``time.perf_counter_ns()`` [ns]; the same below.
        seen
            The advertisement it was found by.
        settings
            What the device agreed to.
        """

    def packet(self, sensor: str, host_ns: int, characteristic: str, payload: bytes) -> None:
        """Take one notification.

        Parameters
        ----------
        sensor, host_ns
            Which, and when it arrived.
        characteristic
            UUID.
        payload
            As it came.
        """

    def link(self, sensor: str, host_ns: int, state: str, message: str) -> None:
        """Note a change of the link.

        Parameters
        ----------
        sensor, host_ns
            Which, and when.
        state
            One of those above.
        message
            A sentence for a person.
        """

    def battery(self, sensor: str, host_ns: int, percent: int) -> None:
        """Note the charge.

        Parameters
        ----------
        sensor, host_ns
            Which, and when.
        percent
            Charge [%].
        """
