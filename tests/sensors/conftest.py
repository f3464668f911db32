"""Put bumble's virtual radio where the package finds bleak's own; the package is not changed."""

import bleak
import pytest
from bumble_backend import BumbleClient, BumbleScanner


@pytest.fixture
def virtual_radio(monkeypatch):
    monkeypatch.setattr(bleak, "get_platform_client_backend_type", lambda: (BumbleClient, "bumble"))
    monkeypatch.setattr(bleak, "get_platform_scanner_backend_type", lambda: (BumbleScanner, "bumble"))
