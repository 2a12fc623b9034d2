"""Requests made to get in without a login, or with somebody else's."""

from __future__ import annotations

import base64
import ipaddress
import json
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import jwt
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ragstone.core.security_settings import (
    ApiKeySettings,
    CertificateSettings,
    JwtSettings,
    ProxySettings,
    SecuritySettings,
    TlsSettings,
)
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient
from ragstone.testing.server import ThreadedServer

PASSWORD = "Reef-Kettle-9271!"
SECRET = b"0123456789abcdef0123456789abcdef"
LOGIN = f"Basic {base64.b64encode(f'admin:{PASSWORD}'.encode()).decode()}"
SECRET_TEXT = base64.b64encode(SECRET).decode()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    security = SecuritySettings(
        enabled=True,
        jwt=JwtSettings(signing_keys=(SECRET_TEXT,), url_parameter="jwt", roles_key="roles"),
        proxy=ProxySettings(peers=(ipaddress.ip_network("10.0.0.0/8"),)),
        api_keys=ApiKeySettings(enabled=True),
        logins=replace(SecuritySettings().logins, tries=0, tries_per_address=0),
    )
    return replace(settings, security=security, initial_admin_password=PASSWORD)


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[AsgiClient]:
    async with Node(settings) as node:
        yield AsgiClient(node.app)


@pytest.fixture
def address(settings: Settings) -> Iterator[tuple[str, int]]:
    with ThreadedServer(settings) as server:
        host, _, port = server.url.removeprefix("http://").rpartition(":")
        yield host, int(port)


def exchange(address: tuple[str, int], *requests: str) -> list[int]:
    """The statuses of requests that are sent at once on one connection."""
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall("".join(requests).encode("latin-1"))
        answer = b""
        while answer.count(b"HTTP/1.1 ") < len(requests):
            piece = connection.recv(65_536)
            if not piece:
                break
            answer += piece
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


def raw(target: str = "/_cluster/health", *headers: str) -> str:
    return "".join(f"{line}\r\n" for line in (f"GET {target} HTTP/1.1", "host: x", *headers, ""))


def test_a_login_is_of_one_request_only_even_when_they_come_at_once(address: tuple[str, int]) -> None:
    good, none = raw("/_cluster/health", f"authorization: {LOGIN}"), raw()
    wrong = raw("/_cluster/health", "authorization: Basic eDp5")
    assert exchange(address, good, none, good, wrong, none) == [200, 401, 200, 401, 401]


@pytest.mark.parametrize(
    "target",
    ["//_cluster/health", "/./_cluster/health", "/%5fcluster/health", "/_plugins/_security/health/../api/account",
     "/_plugins/_security/whoami/../../../_cluster/health", "/_cluster/health;/_plugins/_security/health",
     "/_plugins/_security/health?x=/_cluster/health#", "/_CLUSTER/health"],
)  # fmt: skip
def test_no_spelling_of_a_path_goes_around_the_login(address: tuple[str, int], target: str) -> None:
    (status,) = exchange(address, raw(target))
    assert status in (400, 401, 405)


@pytest.mark.parametrize(
    "headers",
    [
        ("x-proxy-user: admin", "x-proxy-roles: admin"),
        ("x-proxy-user: admin", "x-proxy-roles: admin", "x-forwarded-for: 10.0.0.1"),
        ("x-proxy-user: admin", "forwarded: for=10.0.0.1", "x-real-ip: 10.0.0.1", "client-ip: 10.0.0.1"),
        ("x-proxy-user: admin", "proxy-authorization: " + LOGIN),
        ("x-proxy_user: admin",),
        ("securitytenant: admin", "x-opendistro-security-user: admin"),
        ("authorization: ", "authorization: Basic", "cookie: security_authentication=admin"),
        ("x-ssl-client-cert: CN=admin", "ssl_client_s_dn: CN=admin"),
    ],
)
def test_headers_alone_make_nobody(address: tuple[str, int], headers: tuple[str, ...]) -> None:
    assert exchange(address, raw("/_cluster/health", *headers)) == [401]


async def test_a_token_is_as_strong_as_its_key(client: AsgiClient) -> None:
    claims = {"sub": "admin", "roles": ["admin"]}
    good = jwt.encode(claims, SECRET, "HS256")
    assert (await client("GET /_cluster/health", headers={"authorization": f"Bearer {good}"})).status == 200
    assert (await client(f"GET /_cluster/health?jwt={good}")).status == 200
    head, body, signature = good.split(".")
    other = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "root"}).encode()).rstrip(b"=").decode()
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    upper = base64.urlsafe_b64encode(b'{"alg":"NONE"}').rstrip(b"=").decode()
    deep = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 9000 + b"}").rstrip(b"=").decode()
    forged = [
        f"{head}.{other}.{signature}", f"{none}.{body}.", f"{none}.{body}.{signature}", f"{upper}.{body}.",
        f"{head}.{body}.", f"{head}.{body}", f"{head}..{signature}", f"{deep}.{body}.{signature}",
        good[:-2], good.swapcase(), jwt.encode(claims, SECRET_TEXT, "HS256"), jwt.encode(claims, SECRET * 2, "HS512"),
    ]  # fmt: skip
    for token in forged:
        assert (await client("GET /_cluster/health", headers={"authorization": f"Bearer {token}"})).status == 401, token


async def test_a_name_from_elsewhere_is_not_the_internal_user_of_that_name(client: AsgiClient) -> None:
    """Who is called admin by an identity provider has not the admin's backend role."""
    token = jwt.encode({"sub": "admin"}, SECRET, "HS256")
    answer = await client("PUT /books", {}, headers={"authorization": f"Bearer {token}"})
    assert answer.status == 403


@hypothesis_settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    scheme=st.sampled_from(["Basic", "Bearer", "ApiKey", "AWS4-HMAC-SHA256", "Negotiate", ""]),
    text=st.one_of(
        st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=60),
        st.binary(max_size=40).map(lambda content: base64.b64encode(content).decode()),
        st.binary(max_size=40).map(lambda content: f"{base64.urlsafe_b64encode(content).decode()}.e30.x"),
    ),
)
async def test_no_header_that_is_made_up_gets_in_or_breaks_anything(client: AsgiClient, scheme: str, text: str) -> None:
    answer = await client("GET /_cluster/health", headers={"authorization": f"{scheme} {text}"})
    assert answer.status in (401, 403)


def test_certificates_without_tls_are_refused_at_the_start() -> None:
    with pytest.raises(Exception, match="needs"):
        Settings(security=SecuritySettings(clientcert=CertificateSettings(enabled=True)), tls=TlsSettings())
