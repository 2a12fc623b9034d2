"""Who is believed when a proxy or a certificate speaks for them."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from ragstone.core.security_settings import CertificateSettings, ProxySettings
from ragstone.rest.authentication.authenticator import LoginRefused
from ragstone.rest.authentication.certificate import CertificateAuthenticator
from ragstone.rest.authentication.proxy import ProxyAuthenticator, client_address
from ragstone.rest.client_certificate import ClientCertificate
from ragstone.rest.request import Request

PEERS = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))


def request(headers: dict[str, str] | None = None, **more: Any) -> Request:
    return Request("GET", "/", "/", {}, headers or {}, **more)


@pytest.mark.parametrize("peer", ["10.1.2.3", "::1", "::ffff:10.1.2.3"])
async def test_a_pinned_proxy_says_who_is_asking(peer: str) -> None:
    headers = {"x-proxy-user": "ann", "x-proxy-roles": "a, b", "x-proxy-ext-team": "red"}
    user = await ProxyAuthenticator(ProxySettings(peers=PEERS)).authenticate(request(headers, peer=peer))
    assert user is not None
    assert (user.name, user.backend_roles, dict(user.attributes)) == ("ann", ("a", "b"), {"attr.proxy.team": "red"})


@pytest.mark.parametrize("peer", ["11.1.2.3", "::2", None, "unix"])
async def test_nobody_else_is_believed(peer: str | None) -> None:
    headers = {"x-proxy-user": "admin", "x-proxy-roles": "admin", "x-forwarded-for": "10.0.0.1"}
    sent = request(headers, peer=peer, address="10.0.0.1")
    assert await ProxyAuthenticator(ProxySettings(peers=PEERS)).authenticate(sent) is None


async def test_a_proxy_without_a_user_says_nothing() -> None:
    authenticator = ProxyAuthenticator(ProxySettings(peers=PEERS))
    assert await authenticator.authenticate(request({"x-proxy-user": " "}, peer="10.0.0.1")) is None


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("1.1.1.1", "2.2.2.2", "1.1.1.1"),
        ("10.0.0.1", "9.9.9.9, 2.2.2.2", "2.2.2.2"),
        ("10.0.0.1", "2.2.2.2, 10.0.0.9", "2.2.2.2"),
        ("10.0.0.1", "made up, 10.0.0.9", "10.0.0.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        (None, "2.2.2.2", None),
    ],
)
def test_the_client_is_whom_the_last_stranger_is(peer: str | None, forwarded: str, address: str | None) -> None:
    assert client_address(request({"x-forwarded-for": forwarded}, peer=peer), PEERS) == address


CERTIFICATE = ClientCertificate.read(
    {
        "subject": (
            (("countryName", "DE"),),
            (("organizationalUnitName", "search"),),
            (("organizationalUnitName", "a,b"),),
            (("commonName", "ann"),),
        )
    }
)


async def test_a_certificate_is_its_owner() -> None:
    sent = request(certificate=CERTIFICATE)
    whole = await CertificateAuthenticator(CertificateSettings(enabled=True)).authenticate(sent)
    parts = CertificateSettings(enabled=True, username_attribute="cn", roles_attribute="OU")
    named = await CertificateAuthenticator(parts).authenticate(sent)
    assert whole is not None
    assert whole.name == "CN=ann,OU=a\\,b,OU=search,C=DE"
    assert named is not None
    assert (named.name, named.backend_roles) == ("ann", ("a,b", "search"))


async def test_a_certificate_without_the_name_is_refused_and_none_says_nothing() -> None:
    authenticator = CertificateAuthenticator(CertificateSettings(enabled=True, username_attribute="uid"))
    with pytest.raises(LoginRefused):
        await authenticator.authenticate(request(certificate=CERTIFICATE))
    assert await authenticator.authenticate(request()) is None
