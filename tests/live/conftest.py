"""The virtual radio and its devices are shared with tests/sensors."""

import sys
from pathlib import Path

import bleak
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "sensors"))

from bumble_backend import BumbleClient, BumbleScanner


@pytest.fixture
def virtual_radio(monkeypatch):
    monkeypatch.setattr(bleak, "get_platform_client_backend_type", lambda: (BumbleClient, "bumble"))
    monkeypatch.setattr(bleak, "get_platform_scanner_backend_type", lambda: (BumbleScanner, "bumble"))


@pytest.fixture(autouse=True)
def own_config(monkeypatch, tmp_path):
    monkeypatch.setenv("IMU_HINGE_CONFIG", str(tmp_path / "config"))
