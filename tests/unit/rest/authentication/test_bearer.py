"""Bearer tokens: which are believed, and whom they are from."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ragstone.core.clock import Deadline
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.security_settings import JwtSettings
from ragstone.providers.api import HttpRequest, HttpResponse, HttpTransportError
from ragstone.rest.authentication.authenticator import LoginRefused
from ragstone.rest.authentication.bearer import BearerAuthenticator
from ragstone.rest.authentication.bearer_keys import FixedKeys, PublishedKeys
from ragstone.rest.request import Request
from ragstone.security.model import User
from ragstone.testing.clock import ManualClock

NOW = 1_700_000_000.0
SECRET = b"0123456789abcdef0123456789abcdef"
SHARED = base64.b64encode(SECRET).decode()
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


def pem(key: Any) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, form).decode())


def token(claims: Mapping[str, Any], key: Any = SECRET, algorithm: str = "HS256", **header: Any) -> str:
    return jwt.encode({"sub": "ann", **claims}, key, algorithm, headers=header)


async def login(text: str, *, target: str = "/", **settings: Any) -> User | None:
    settings = {"signing_keys": (SHARED,), **settings}
    keys = FixedKeys(settings["signing_keys"])
    request = Request("GET", "/", target, {}, {"authorization": f"Bearer {text}"} if text else {})
    return await BearerAuthenticator(JwtSettings(**settings), keys, ManualClock(NOW)).authenticate(request)


async def test_a_token_tells_name_roles_and_attributes() -> None:
    user = await login(token({"groups": ["a", "b"], "team": "red", "n": 1}), roles_key="groups")
    assert user is not None
    assert (user.name, user.backend_roles) == ("ann", ("a", "b"))
    assert (user.attributes["attr.jwt.team"], user.attributes["attr.jwt.n"]) == ("red", "1")


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"roles": "a, b,"}, ("a", "b")),
        ({"roles": ["a", 1, " "]}, ("a",)),
        ({"roles": 5}, ()),
        ({}, ()),
    ],
)
async def test_roles_are_a_list_or_text_with_commas(claims: dict[str, Any], roles: tuple[str, ...]) -> None:
    user = await login(token(claims), roles_key="roles")
    assert user is not None
    assert user.backend_roles == roles


async def test_claims_may_be_named_by_a_path() -> None:
    user = await login(token({"realm": {"roles": ["a"]}}), roles_key="realm.roles")
    assert user is not None
    assert user.backend_roles == ("a",)


async def test_what_is_no_token_is_somebody_elses() -> None:
    assert await login("") is None


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - 31},
        {"nbf": NOW + 31},
        {"exp": "tomorrow"},
        {"exp": True},
        {"sub": ""},
        {"sub": 7},
        {"iss": "somebody else"},
        {"aud": "others"},
        {"aud": ["others", 3]},
    ],
)
async def test_tokens_that_are_not_for_us_or_not_for_now_are_refused(claims: dict[str, Any]) -> None:
    good = {"exp": NOW - 29, "nbf": NOW + 29, "iss": "me", "aud": ["x", "search"]}
    expected: dict[str, Any] = {"issuer": "me", "audience": ("search", "more")}
    assert await login(token(good), **expected) is not None
    with pytest.raises(LoginRefused):
        await login(token({**good, **claims}), **expected)


@pytest.mark.parametrize("text", ["abc", "a.b.c", "a" * 20_000, "..", token({}) + "x", token({}, b"x" * 32)])
async def test_a_broken_or_wrongly_signed_token_is_refused(text: str) -> None:
    with pytest.raises(LoginRefused):
        await login(text)


async def test_the_key_says_which_algorithm_counts_and_not_the_token() -> None:
    unsigned = jwt.encode({"sub": "ann"}, "", "none")
    public = pem(RSA)
    # The public key taken for a shared secret, put together by hand because the library refuses to.
    parts = [json.dumps({"alg": "HS256"}).encode(), json.dumps({"sub": "ann"}).encode()]
    head = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    forged = head + b"." + base64.urlsafe_b64encode(hmac.digest(public.encode(), head, "sha256")).rstrip(b"=")
    for text in (unsigned, forged.decode()):
        with pytest.raises(LoginRefused):
            await login(text, signing_keys=(public,))
    assert await login(token({}, RSA, "RS256"), signing_keys=(SHARED, public)) is not None
    assert await login(token({}, EC, "ES256"), signing_keys=(pem(EC),)) is not None


@pytest.mark.parametrize("key", ["no base64!", base64.b64encode(b"short").decode(), "-----BEGIN PUBLIC KEY-----\nx"])
def test_keys_that_are_none_are_told_at_the_start(key: str) -> None:
    with pytest.raises(IllegalArgumentException, match="security_jwt_signing_keys") as caught:
        FixedKeys([key])
    assert key not in str(caught.value)


async def test_a_token_in_the_url_is_taken_out_of_it() -> None:
    keys = FixedKeys([SHARED])
    settings = JwtSettings(signing_keys=(SHARED,), url_parameter="jwt")
    request = Request("GET", "/", f"/?pretty&jwt={token({})}&q=a%20b", {}, {})
    user = await BearerAuthenticator(settings, keys, ManualClock(NOW)).authenticate(request)
    assert user is not None
    assert request.uri == "/?pretty&q=a%20b"


class Issuer:
    """An `HttpTransport` that leads to an identity provider."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {"one": RSA}
        self.asked: list[str] = []
        self.answers = True

    async def send(self, request: HttpRequest, deadline: Deadline | None = None) -> HttpResponse:
        self.asked.append(request.url)
        if not self.answers:
            raise HttpTransportError("connect", "refused")
        body: Any = {"jwks_uri": "https://id.example/keys", "issuer": "https://id.example"}
        if request.url.endswith("/keys"):
            body = {
                "keys": [self._published(name, key) for name, key in self.keys.items()] + [{"kty": "oct", "k": "eA"}]
            }
        return HttpResponse(200, {}, json.dumps(body).encode())

    def _published(self, name: str, key: Any) -> Any:
        return {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), "kid": name, "use": "sig"}

    async def close(self) -> None:
        return None


def published(issuer: Issuer, clock: ManualClock, **settings: Any) -> BearerAuthenticator:
    keys = PublishedKeys(
        issuer, clock, jwks_uri=None, discovery="https://id.example/.well-known/openid-configuration", ttl=60
    )
    return BearerAuthenticator(JwtSettings(openid_connect_url="https://id.example/x", **settings), keys, clock)


def bearing(text: str) -> Request:
    return Request("GET", "/", "/", {}, {"authorization": f"Bearer {text}"})


async def test_published_keys_are_fetched_once_and_again_for_an_unknown_one() -> None:
    issuer, clock = Issuer(), ManualClock(NOW)
    authenticator = published(issuer, clock)
    claims = {"iss": "https://id.example"}
    for _ in range(3):
        assert await authenticator.authenticate(bearing(token(claims, RSA, "RS256", kid="one"))) is not None
    assert len(issuer.asked) == 2
    fresh = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    issuer.keys["two"] = fresh
    with pytest.raises(LoginRefused):  # not so soon
        await authenticator.authenticate(bearing(token(claims, fresh, "RS256", kid="two")))
    clock.time += 11
    assert await authenticator.authenticate(bearing(token(claims, fresh, "RS256", kid="two"))) is not None
    assert len(issuer.asked) == 4


async def test_discovery_says_who_the_issuer_is() -> None:
    authenticator = published(Issuer(), ManualClock(NOW))
    with pytest.raises(LoginRefused):
        await authenticator.authenticate(bearing(token({"iss": "https://other.example"}, RSA, "RS256", kid="one")))


async def test_keys_of_last_time_serve_on_when_the_issuer_is_away() -> None:
    issuer, clock = Issuer(), ManualClock(NOW)
    authenticator = published(issuer, clock)
    text = token({"iss": "https://id.example"}, RSA, "RS256", kid="one")
    assert await authenticator.authenticate(bearing(text)) is not None
    issuer.answers = False
    clock.time += 61
    assert await authenticator.authenticate(bearing(text)) is not None
    assert len(issuer.asked) == 3


async def test_without_any_keys_nobody_is_believed() -> None:
    issuer = Issuer()
    issuer.answers = False
    with pytest.raises(LoginRefused):
        await published(issuer, ManualClock(NOW)).authenticate(bearing(token({}, RSA, "RS256", kid="one")))
