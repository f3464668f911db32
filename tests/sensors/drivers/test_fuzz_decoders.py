"""Any bytes into any decoder: sane samples or a typed error that carries these bytes; never a crash or a warning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu_hinge.errors import PacketError
from imu_hinge.sensors.drivers import dot, hinge_packets, movesense, witmotion
from imu_hinge.sensors.drivers import metamotion_packets as mm
from imu_hinge.sensors.drivers import polar_frames as pmd
from imu_hinge.sensors.drivers.catalog import FAMILIES, driver_for
from imu_hinge.sensors.protocol import StreamSettings

OWN = {"acc_m_s2": 0.0048, "gyr_rad_s": 0.001}
POLAR = {"acc_factor": 0.000244, "gyr_factor": 0.07}
CASES = {
    "movesense": (StreamSettings("movesense", 104.0), movesense.DATA, [b"\x02\x63", b"\x03\x63", b"\x01\x63"]),
    "dot": (StreamSettings("dot", 60.0), dot.MEDIUM, [b""]),
    "witmotion": (StreamSettings("witmotion", 100.0), witmotion.DATA, [b"\x55\x61", b"\x55\x71", b""]),
    "polar": (
        StreamSettings("polar", 52.0, 8.0, 2000.0, details=POLAR),
        pmd.DATA,
        [bytes((kind,)) + bytes(8) + bytes((how,)) for kind in (2, 5) for how in (0, 1, 2, 0x80, 0x81)],
    ),
    "metamotion": (
        StreamSettings("metamotion", 100.0, 16.0, 2000.0, details={"counter": 2}),
        mm.NOTIFY,
        [b"\x09\x03\x02", b""],
    ),
    "hinge": (
        StreamSettings("hinge", 200.0, 16.0, 2000.0, details=OWN),
        hinge_packets.DATA,
        [b"\x01\x00", b"\x01\x01", b"\x01\x0e\x00\x00" + bytes(4) + b"\x88\x13\x02\x00"],
    ),
}


def test_every_family_is_fuzzed():
    assert {driver.family for driver in FAMILIES} == CASES.keys()


@pytest.mark.parametrize("family", sorted(CASES))
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_bytes(family, data):
    agreed, characteristic, heads = CASES[family]
    decoder = driver_for(family).decoder(agreed)
    packets = st.builds(lambda head, tail: head + tail, st.sampled_from(heads), st.binary(max_size=60))
    for payload in data.draw(st.lists(packets, max_size=6)):
        refused = None
        try:
            blocks = decoder.feed(characteristic, payload)
        except PacketError as problem:
            refused, blocks = problem, []
        if refused is not None and payload:
            assert refused.packet
            assert refused.characteristic
            assert 0 <= refused.offset <= len(refused.packet)
        for block in blocks:
            assert block.acc.shape == block.gyr.shape == (len(block.flags), 3)
            assert np.isfinite(block.acc).all()
            assert np.isfinite(block.gyr).all()
    decoder.resume(agreed)
