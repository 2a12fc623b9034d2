"""HTTPS on the loopback interface: what clients see, who they are, and certificates that change."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from ragstone.core.security_settings import CertificateSettings, SecuritySettings, TlsSettings
from ragstone.core.settings import Settings
from ragstone.rest.server import CannotListen, bind
from ragstone.testing.clock import ManualClock
from ragstone.testing.server import ThreadedServer

PASSWORD = "Reef-Kettle-9271!"


class Files:
    """Certificates in a folder, by an authority of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.ca = folder / "ca.pem"
        self.authority.cert_pem.write_to_path(self.ca)
        self.cert, self.key = folder / "server.pem", folder / "server.key"
        self.issue()

    def issue(self) -> None:
        """A certificate for the server, in place of the one before."""
        made = self.authority.issue_cert("127.0.0.1", "localhost")
        self.key.write_bytes(made.private_key_pem.bytes())
        self.cert.write_bytes(b"".join(part.bytes() for part in made.cert_chain_pems))

    def client(self, name: str, unit: str) -> tuple[str, str]:
        """Paths of a client's certificate and key."""
        made = self.authority.issue_cert(f"{name}@example.com", common_name=name, organization_unit_name=unit)
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        made.cert_chain_pems[0].write_to_path(cert)
        made.private_key_pem.write_to_path(key)
        return str(cert), str(key)

    @property
    def serial(self) -> int:
        return int(ssl._ssl._test_decode_cert(str(self.cert))["serialNumber"], 16)  # type: ignore[attr-defined]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def settings(settings: Settings, files: Files) -> Settings:
    return replace(
        settings,
        tls=TlsSettings(cert=files.cert, key=files.key, client_ca=files.ca, client_auth="optional"),
        security=SecuritySettings(
            enabled=True, clientcert=CertificateSettings(enabled=True, username_attribute="cn", roles_attribute="ou")
        ),
        initial_admin_password=PASSWORD,
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_700_000_000.0)


@pytest.fixture
def url(settings: Settings, clock: ManualClock) -> Iterator[str]:
    with ThreadedServer(settings, clock=clock) as server:
        yield server.url


def get(url: str, files: Files, **more: Any) -> requests.Response:
    return requests.get(url, verify=str(files.ca), timeout=10, **more)


def audited(settings: Settings) -> list[dict[str, Any]]:
    return [json.loads(line) for line in settings.audit_file.read_text().splitlines()]


def served(url: str, files: Files) -> int:
    """The serial number of the server's certificate."""
    host, port = url.removeprefix("https://").split(":")
    with (
        socket.create_connection((host, int(port)), timeout=10) as plain,
        ssl.create_default_context(cafile=str(files.ca)).wrap_socket(plain, server_hostname=host) as secured,
    ):
        found = secured.getpeercert()
        assert found is not None
        return int(str(found["serialNumber"]), 16)


def test_the_api_is_served_encrypted_with_logins_by_password_or_certificate(url: str, files: Files) -> None:
    assert url.startswith("https://")
    assert get(url, files).status_code == 401
    assert get(url, files, auth=("admin", PASSWORD)).json()["version"]["number"] == "3.4.0"
    ann = get(url, files, cert=files.client("ann", "admin"))
    assert ann.status_code == 200  # by the backend role admin
    bob = get(f"{url}/_cluster/settings", files, cert=files.client("bob", "readers"))
    assert bob.status_code == 403
    assert "User [name=bob, backend_roles=[readers], requestedTenant=null]" in bob.text


def test_a_strangers_certificate_comes_to_nothing_and_is_written_down(
    url: str, files: Files, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Files(tmp_path / "other")
    with pytest.raises(requests.exceptions.ConnectionError):
        get(url, files, cert=other.client("eve", "admin"))
    assert get(url, files).status_code == 401


def test_old_versions_of_tls_are_refused(url: str, files: Files) -> None:
    host, port = url.removeprefix("https://").split(":")
    old = ssl.create_default_context(cafile=str(files.ca))
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection((host, int(port)), timeout=10) as plain, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(plain, server_hostname=host)


def test_plain_http_is_told_what_is_wrong(url: str, settings: Settings) -> None:
    answer = requests.get(url.replace("https", "http"), timeout=10)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (400, "this server speaks TLS: use https")


def test_a_client_that_hangs_up_or_says_nonsense_harms_nobody(url: str, files: Files) -> None:
    host, port = url.removeprefix("https://").split(":")
    for words in (b"", b"\x16", b"\x16\x03\x01\x00\x05hello", b"\x00"):
        with socket.create_connection((host, int(port)), timeout=10) as plain:
            plain.sendall(words)
    assert get(url, files).status_code == 401


def test_a_new_certificate_is_used_without_a_restart_and_a_broken_one_is_not(
    url: str, files: Files, clock: ManualClock
) -> None:
    first = served(url, files)
    files.issue()
    clock.time += 2
    second = served(url, files)
    assert first != second == files.serial
    files.cert.write_text("nonsense")
    clock.time += 2
    assert served(url, files) == second
    files.issue()
    clock.time += 2
    assert served(url, files) == files.serial


def test_clients_with_idle_connections_do_not_hold_up_a_stop(settings: Settings, files: Files) -> None:
    patient = replace(settings, shutdown_grace=60)
    with requests.Session() as session, ThreadedServer(patient) as server:
        assert session.get(server.url, verify=str(files.ca), timeout=10).status_code == 401
    # A server that did not stop within half the time would have raised.


def test_clients_may_be_made_to_have_a_certificate(settings: Settings, files: Files) -> None:
    strict = replace(settings, tls=replace(settings.tls, client_auth="required"))
    with ThreadedServer(strict) as server:
        with pytest.raises(requests.exceptions.ConnectionError):
            get(server.url, files)
        assert get(server.url, files, cert=files.client("ann", "admin")).status_code == 200
    (record,) = [one for one in audited(strict) if one["audit_category"] == "SSL_EXCEPTION"]
    assert record["audit_request_remote_address"] == "127.0.0.1"


def test_a_certificate_that_does_not_work_is_told_at_the_start(settings: Settings, files: Files) -> None:
    files.key.write_text("nonsense")
    with pytest.raises(CannotListen, match="cannot use the certificate"):
        bind(settings)


@pytest.mark.parametrize("tls", [TlsSettings(), TlsSettings(enabled=False)])
def test_beyond_loopback_there_is_tls_or_a_word_that_it_is_not_wanted(tls: TlsSettings) -> None:
    settings = Settings(host="0.0.0.0", port=0, tls=tls)
    assert settings.security_enabled
    if tls.enabled is None:
        with pytest.raises(CannotListen, match=r"will not listen on 0\.0\.0\.0 without TLS"):
            bind(settings)
    else:
        bind(settings).close()
