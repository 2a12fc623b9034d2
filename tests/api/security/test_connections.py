"""Several requests on one connection, where security is on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from ragstone.core.security_settings import SecuritySettings
from ragstone.core.settings import Settings
from ragstone.testing.server import ThreadedServer

PASSWORD = "Reef-Kettle-9271!"


@pytest.fixture
def url(settings: Settings) -> Iterator[str]:
    settings = replace(settings, security=SecuritySettings(enabled=True), initial_admin_password=PASSWORD)
    with ThreadedServer(settings) as server:
        yield server.url


def test_a_refused_request_spoils_nothing_for_the_next_one(url: str) -> None:
    with requests.Session() as session:
        good = ("admin", PASSWORD)
        assert session.get(f"{url}/no/such/route", timeout=10).status_code == 400
        assert session.get(url, auth=good, timeout=10).status_code == 200
        assert session.patch(f"{url}/_search", timeout=10).status_code == 405
        assert session.get(url, auth=good, timeout=10).status_code == 200
        assert session.post(f"{url}/_bulk", data=b"x" * 5_000_000, timeout=10).status_code == 401
        assert session.get(url, auth=good, timeout=10).status_code == 200


def test_a_good_login_does_not_stay_for_the_next_request(url: str) -> None:
    with requests.Session() as session:
        assert session.get(url, auth=("admin", PASSWORD), timeout=10).status_code == 200
        assert session.get(url, timeout=10).status_code == 401
        assert session.get(f"{url}/_plugins/_security/health", timeout=10).status_code == 200
        assert session.post(url, data="x", timeout=10).status_code == 405


def test_who_is_asking_is_told_the_address(url: str) -> None:
    info = requests.get(f"{url}/_plugins/_security/authinfo", auth=("admin", PASSWORD), timeout=10).json()
    assert info["remote_address"].startswith("127.0.0.1:")
    assert info["principal"] is None
