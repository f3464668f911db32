"""The suite that drivers of other packages can use, on every family here; and drivers that break a rule, each found."""

from __future__ import annotations

import runpy
from dataclasses import replace
from importlib.metadata import EntryPoint
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imu_hinge.conventions import Flag
from imu_hinge.errors import DeviceError, PacketError
from imu_hinge.sensors.drivers import catalog
from imu_hinge.sensors.protocol import Decoded, StreamSettings
from imu_hinge.testing import check_driver

DECODE = Path(__file__).resolve().parents[3] / "benchmarks" / "decode.py"
FAMILIES = runpy.run_path(str(DECODE))["FAMILIES"]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_here_keeps_the_rules(family: str) -> None:
    settings, make = FAMILIES[family]
    packets = list(islice(make(2.0), 24))
    [characteristic] = {characteristic for characteristic, _ in packets}
    check_driver(
        catalog.driver_for(family), settings, characteristic=characteristic, packets=[payload for _, payload in packets]
    )


def test_every_family_is_checked() -> None:
    assert {driver.family for driver in catalog.FAMILIES} == FAMILIES.keys()


class PlainDecoder:
    """Decode a counter byte and six int8 in m/s² and rad/s, keeping every rule but the one named."""

    def __init__(self, breaks: str) -> None:
        self.breaks, self.epoch, self.last, self.is_new = breaks, 0, -1, False

    def feed(self, characteristic: str, payload: bytes) -> list[Decoded]:
        if len(payload) != 7:
            if self.breaks == "error":
                raise IndexError(payload)
            raise PacketError("seven bytes are a packet", packet=payload, offset=0, characteristic=characteristic)
        values = np.frombuffer(payload[1:], np.int8).astype(np.float64)[None] * (30.0 if self.breaks == "unit" else 0.3)
        lost = (payload[0] - self.last - 1) % 256 if self.last >= 0 else 0
        self.last = payload[0]
        flags = np.zeros(1, np.uint16)
        if (lost and self.breaks != "loss") or (self.is_new and self.breaks != "resume"):
            flags[0] = Flag.GAP
        self.is_new = False
        return [Decoded(values[:, :3], values[:, 3:], flags, index=payload[0], lost=lost, epoch=self.epoch)]

    def resume(self, settings: StreamSettings) -> None:
        self.epoch += -1 if self.breaks == "epoch" else 1
        self.is_new, self.last = True, -1


class PlainDriver:
    """A driver as another package could bring it."""

    family = "plain"
    rates_hz = (100.0,)

    def __init__(self, breaks: str = "") -> None:
        self.breaks = breaks

    def matches(self, name: str, service_uuids: Any, manufacturer_ids: Any) -> bool:
        return self.breaks == "matches" or name.startswith("PLAIN")

    def decoder(self, settings: StreamSettings) -> PlainDecoder:
        return PlainDecoder(self.breaks)

    def parts(self, settings: StreamSettings) -> tuple[str, ...]:
        return () if self.breaks == "parts" else ("samples",)

    def part_of(self, settings: StreamSettings, characteristic: str, payload: bytes) -> str | None:
        return "samples" if len(payload) == 7 else None


PACKETS = [bytes((2 * i, 1, 2, 33, 4, 5, 6)) for i in range(6)]  # every other packet is lost


def check_plain(breaks: str) -> None:
    check_driver(PlainDriver(breaks), StreamSettings("plain", 100.0), characteristic="data", packets=PACKETS)  # type: ignore[arg-type]


def test_a_driver_that_keeps_the_rules_passes() -> None:
    check_plain("")


@pytest.mark.parametrize(
    ("breaks", "says"),
    [
        ("matches", "no family"),
        ("unit", "m/s²"),
        ("loss", "loss"),
        ("resume", "flagged"),
        ("epoch", "epoch"),
        ("parts", "parts"),
    ],
)
def test_a_broken_rule_is_named(breaks: str, says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        check_plain(breaks)


def test_an_untyped_error_from_damaged_packets_is_not_swallowed() -> None:
    with pytest.raises(IndexError):
        check_plain("error")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let entry points be found as if packages that bring drivers were installed."""

    def install(*values: str) -> None:
        found = [EntryPoint("driver", value, catalog.GROUP) for value in values]
        monkeypatch.setattr(catalog, "entry_points", lambda group: found)
        catalog.families.cache_clear()

    yield install
    catalog.families.cache_clear()


DRIVER = PlainDriver()
SAME_NAME = replace(StreamSettings("dot", 60.0))  # anything with a family that there is already


def test_a_driver_of_another_package_is_found(installed: Any) -> None:
    installed(f"{__name__}:DRIVER")
    assert catalog.recognise("PLAIN-1") is DRIVER
    assert catalog.driver_for("plain") is DRIVER
    assert catalog.recognise("Movesense 1234") is catalog.FAMILIES[0]


@pytest.mark.parametrize(
    ("value", "says"), [("no_such_package:DRIVER", "does not load"), (f"{__name__}:SAME_NAME", "already")]
)
def test_a_driver_that_cannot_be_used_is_told_in_a_sentence(installed: Any, value: str, says: str) -> None:
    installed(value)
    with pytest.raises(DeviceError, match=says):
        catalog.recognise("PLAIN-1")
