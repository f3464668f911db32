"""Check that a driver keeps the rules of `sensors.protocol`: the suite that this package's own drivers pass.

It needs no device and no radio: settings as a device would agree to them, and packets as it would send them. A driver
in a package of its own calls it from its tests::

    from imu_hinge.testing import check_driver

    def test_my_driver():
        check_driver(DRIVER, StreamSettings("mine", 100.0), characteristic=DATA, packets=RECORDED)
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from imu_hinge.conventions import Flag
from imu_hinge.errors import PacketError
from imu_hinge.sensors.protocol import Decoded, Decoder, Driver, StreamSettings

LARGEST_ACC_MPS2: Final = 16 * 9.80665 * 1.2  # [m/s²]
LARGEST_GYR_RADPS: Final = 35.0 * 1.2
"""Full scale of the widest sensors, 16 g and 2000 deg/s, and a fifth of room: more is a wrong scale or byte."""


def check_driver(
    driver: Driver,
    settings: StreamSettings,
    *,
    characteristic: str,
    packets: Sequence[bytes],
    seed: int = 0,
) -> None:
    """Check a driver's decoder with packets of its own, whole, damaged and after a lost link.

    Parameters
    ----------
    driver
    settings
        As the device agreed to them.
    characteristic
        UUID on which the packets came.
    packets
        At least three notifications in a row, as a device sent them or as its documents lay them out.
    seed
        Of the damage done to packets.

    Raises
    ------
    AssertionError
        With the rule that is broken.
    """
    assert driver.family == settings.family, "family is the short name that journals keep"
    assert min(driver.rates_hz, default=0.0) > 0.0, "rates_hz lists the rates that are sustained live"
    assert not driver.matches("", (), ()), "a device without name and services is of no family"
    assert StreamSettings.from_dict(settings.as_dict()) == settings, "settings survive JSON"
    assert len(packets) >= 3, "three packets in a row are needed"
    _check_parts(driver, settings, characteristic, packets)
    whole = list(_decode(driver.decoder(settings), characteristic, packets))
    assert sum(len(block) for block in whole), "good packets give samples"
    again = list(_decode(driver.decoder(settings), characteristic, packets))
    assert [_key(block) for block in whole] == [_key(block) for block in again], "the same bytes give the same samples"
    for earlier, later in pairwise(whole):
        assert later.epoch >= earlier.epoch, "an epoch never goes back"
        if later.epoch == earlier.epoch and not later.flags[:1] & np.uint16(Flag.DUPLICATE | Flag.REORDERED):
            assert later.index >= earlier.index + len(earlier), "the index counts samples, lost ones too"
    _check_resume(driver, settings, characteristic, packets)
    _check_damage(driver.decoder(settings), characteristic, packets, random.Random(seed))


def _check_parts(driver: Driver, settings: StreamSettings, characteristic: str, packets: Sequence[bytes]) -> None:
    parts = list(driver.parts(settings))
    assert parts, "parts names what must keep coming"
    seen = {driver.part_of(settings, characteristic, packet) for packet in packets}
    assert seen & set(parts), "part_of finds a part in good packets"
    assert driver.part_of(settings, characteristic, b"") in {None, *parts}, "part_of never raises"


def _check_resume(driver: Driver, settings: StreamSettings, characteristic: str, packets: Sequence[bytes]) -> None:
    decoder = driver.decoder(settings)
    half = len(packets) // 2
    before = list(_decode(decoder, characteristic, packets[:half]))
    decoder.resume(settings)
    after = [block for block in _decode(decoder, characteristic, packets[half:]) if len(block)]
    assert after, "packets are decoded again after a lost link"
    assert after[0].epoch >= max((block.epoch for block in before), default=0), "an epoch never goes back"
    assert after[0].flags[0] & np.uint16(Flag.GAP | Flag.RESET), "the first sample after a lost link is flagged"


def _check_damage(decoder: Decoder, characteristic: str, packets: Sequence[bytes], rng: random.Random) -> None:
    for _ in range(200):
        packet = bytearray(rng.choice(packets))
        for _ in range(rng.randrange(3)):
            packet[rng.randrange(len(packet))] ^= 1 << rng.randrange(8)
        damaged = bytes(packet[: rng.randrange(len(packet) + 1)]) + rng.randbytes(rng.randrange(3))
        list(_decode(decoder, characteristic, [damaged]))


def _decode(decoder: Decoder, characteristic: str, packets: Sequence[bytes]) -> Iterator[Decoded]:
    """Yield the blocks of packets, each of them checked; a refusal must carry its bytes."""
    for packet in packets:
        try:
            blocks = decoder.feed(characteristic, packet)
        except PacketError as refused:
            _check_refusal(refused)
            continue
        for block in blocks:
            n = len(block)
            assert block.acc.shape == block.gyr.shape == (n, 3), "acc and gyr are (n, 3)"
            assert block.flags.shape == (n,), "one flag per sample"
            assert np.isfinite(np.hstack((block.acc, block.gyr))).all(), "samples are finite"
            if n:
                assert np.abs(block.acc).max() <= LARGEST_ACC_MPS2, "acc is in m/s² and within 16 g"
                assert np.abs(block.gyr).max() <= LARGEST_GYR_RADPS, "gyr is in rad/s and within 2000 deg/s"
            if block.device_ns is not None:
                assert (np.diff(block.device_ns) >= 0).all(), "time does not go back within a packet"
            assert not block.lost or block.flags[0], "a loss is flagged on the sample after it"
            yield block


def _check_refusal(refused: PacketError) -> None:
    assert refused.characteristic, "a refused packet names its characteristic"
    assert 0 <= refused.offset <= len(refused.packet), "a refused packet says where it breaks the format"


def _key(block: Decoded) -> tuple[bytes, bytes, int]:
    return block.acc.tobytes(), block.gyr.tobytes(), block.index
