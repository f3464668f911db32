"""Ask a device for its time while it streams, and read the questions and answers back out of a journal.

It fits no clock; `live_mapping` does. A ping that fails is no trouble of the stream: pinging ends, the stream goes on.

What was asked goes through ``on_packet`` just before it is written, what was answered as it comes, so that both stand
in the journal with the host's time and a replay finds the same clock. Pauses are random: a ping must meet the
connection's events at every phase.
"""

from __future__ import annotations

import asyncio
import math
import random
from typing import Final, NamedTuple, Protocol, runtime_checkable

from imu_hinge.sensors.protocol import Gatt, OnPacket

PAUSES_S: Final = ((100, 0.1, 0.3), (450, 0.2, 0.6), (math.inf, 0.7, 1.3))
"""Up to which ping, the least and the longest pause before it [s]: quick at first, that the clock is known soon."""

UNANSWERED: Final = 5
"""After so many pings without any answer the device is asked no more."""

ANSWER_S: Final = 1.0
"""An answer later than this is not used [s]."""


class Reply(NamedTuple):
    """Hold one side of a ping.

    Parameters
    ----------
    number
        Of the question.
    device_ns
        The device's time when the question came; None for the question itself.
    wrap_ns
        The samples' time is this up to multiples of so much.
    """

    number: int
    device_ns: int | None = None
    wrap_ns: int = 0


class TimeReply(NamedTuple):
    """Hold an answered ping.

    Parameters
    ----------
    asked_ns, answered_ns
        Host's time before it was sent, and when the answer came.
    device_ns, wrap_ns
        The device's between, as in `Reply`.
    """

    asked_ns: int
    answered_ns: int
    device_ns: int
    wrap_ns: int


@runtime_checkable
class Pinger(Protocol):
    """What a driver can do besides, where its devices answer with their time."""

    async def listen(self, gatt: Gatt, on_packet: OnPacket) -> bool:
        """Subscribe to the answers; False where this device gives none."""

    async def ping(self, gatt: Gatt, number: int, on_packet: OnPacket) -> None:
        """Hand what is asked to ``on_packet``, then write it.

        Parameters
        ----------
        gatt
        number
            The answer brings it back.
        on_packet
            As in `Driver.start`; so the journal holds the question too.
        """

    def heard(self, characteristic: str, payload: bytes) -> Reply | None:
        """Read a question or an answer; None for anything else."""


class TimeReplies:
    """Match answers with questions; feed it every packet of one stream in the order of arrival."""

    def __init__(self, pinger: Pinger) -> None:
        self._pinger = pinger
        self._asked: dict[int, int] = {}

    def take(self, host_ns: int, characteristic: str, payload: bytes) -> TimeReply | None:
        """Return the ping that this packet completes, if it does.

        Parameters
        ----------
        host_ns
            When it arrived, or was sent [ns].
        characteristic
            UUID.
        payload
        """
        heard = self._pinger.heard(characteristic, payload)
        if heard is None:
            return None
        if heard.device_ns is None:
            self._asked = {n: t for n, t in self._asked.items() if host_ns - t < ANSWER_S * 1e9} | {
                heard.number: host_ns
            }
            return None
        asked_ns = self._asked.pop(heard.number, None)
        if asked_ns is None or host_ns - asked_ns > ANSWER_S * 1e9:
            return None
        return TimeReply(asked_ns, host_ns, heard.device_ns, heard.wrap_ns)


def pause_s(asked: int, chance: float) -> float:
    """Return the pause before a ping [s], by how many were asked before and a random number from 0 to 1."""
    least, longest = next(pauses for last, *pauses in PAUSES_S if asked < last)
    return least + (longest - least) * chance


async def keep_pinging(pinger: Pinger, gatt: Gatt, on_packet: OnPacket) -> None:
    """Ping until cancelled, until the device stays silent, or until something goes wrong with a ping.

    Parameters
    ----------
    pinger
    gatt
    on_packet
        Takes questions and answers, as in `Driver.start`.
    """
    answers = 0

    def note(characteristic: str, payload: bytes) -> None:
        nonlocal answers
        on_packet(characteristic, payload)
        answers += 1

    try:
        if not await pinger.listen(gatt, note):
            return
        first = random.getrandbits(16) << 16
        for asked in range(1 << 16):
            if asked >= UNANSWERED and not answers:
                return
            await asyncio.sleep(pause_s(asked, random.random()))
            await pinger.ping(gatt, first + asked, on_packet)
    except Exception:  # an extra: whether the stream is in trouble, its watchdog says
        return
