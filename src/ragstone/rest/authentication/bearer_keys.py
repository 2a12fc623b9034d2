"""What bearer tokens may be signed with: keys from the settings, or those that an identity provider publishes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from ragstone.core import json
from ragstone.core.clock import Clock
from ragstone.core.errors import IllegalArgumentException, OpenSearchException
from ragstone.core.log import get_logger
from ragstone.core.single_flight import SingleFlight
from ragstone.providers.api import HttpRequest, HttpTransport, HttpTransportError

_HMAC = (("HS256", 32), ("HS384", 48), ("HS512", 64))
"""RFC 7518, 3.2: a key is at least as long as the hash, in bytes."""
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_LEAST_RSA = 2048
"""Bits."""
_PAUSE = 10.0
"""Seconds between two fetches: tokens with made-up key ids must not make us a flood of them."""
_LARGEST = 1_000_000
"""Bytes of a key document."""

log = get_logger("authentication")


@dataclass(frozen=True)
class BearerKey:
    """A key, and the algorithms that it may be used with: what a token says of itself decides nothing."""

    key: Any = field(repr=False)
    algorithms: tuple[str, ...]
    id: str | None = None


class BearerKeys(Protocol):
    async def candidates(self, key_id: str | None) -> Sequence[BearerKey]:
        """The keys that a token which names this one may be signed with; [] when there is none, or none to be had."""
        ...

    @property
    def issuer(self) -> str | None:
        """Who the keys belong to, where that was found out with them."""
        ...


class FixedKeys:
    """`texts` are the keys of the setting. Raises IllegalArgumentException for what is none."""

    issuer: str | None = None

    def __init__(self, texts: Iterable[str]) -> None:
        self._keys = [_fixed(text) for text in texts]

    async def candidates(self, key_id: str | None) -> Sequence[BearerKey]:
        return self._keys


class PublishedKeys:
    """The keys of a JWKS document, fetched when they are needed, and again after `ttl` seconds or when a token names
    one that is not among them. When the document cannot be had the keys of last time serve on.

    `discovery` is a `.well-known/openid-configuration` that says where the document is, and who issues.
    """

    def __init__(
        self, transport: HttpTransport, clock: Clock, *, jwks_uri: str | None, discovery: str | None, ttl: int
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._jwks_uri = jwks_uri
        self._discovery = discovery
        self._ttl = ttl
        self._keys: list[BearerKey] = []
        self._fetched: float | None = None
        self._tried: float | None = None
        self._fetching: SingleFlight[str, None] = SingleFlight()
        self.issuer: str | None = None

    async def candidates(self, key_id: str | None) -> Sequence[BearerKey]:
        if self._fetched is None or self._clock.monotonic() - self._fetched >= self._ttl:
            await self._renew()
        found = self._named(key_id)
        if not found:
            await self._renew()
            found = self._named(key_id)
        return found

    def _named(self, key_id: str | None) -> list[BearerKey]:
        return [key for key in self._keys if key_id is None or key.id in (None, key_id)]

    async def _renew(self) -> None:
        now = self._clock.monotonic()
        if self._tried is None or now - self._tried >= _PAUSE:
            await self._fetching.run("keys", self._fetch)

    async def _fetch(self) -> None:
        self._tried = self._clock.monotonic()
        try:
            issuer, uri = await self._where()
            keys = [key for one in _members(await self._get(uri), "keys", list) if (key := _published(one))]
        except (HttpTransportError, _NotAsExpected) as error:
            log.warning("the keys of bearer tokens cannot be fetched", reason=str(error))
            return
        self._keys, self.issuer, self._fetched = keys, issuer, self._tried

    async def _where(self) -> tuple[str | None, str]:
        if self._discovery is None:
            assert self._jwks_uri is not None
            return None, self._jwks_uri
        document = await self._get(self._discovery)
        uri = _members(document, "jwks_uri", str)
        if not uri.startswith(("https://", "http://")):
            raise _NotAsExpected(f"the discovery document names [{uri}] for the keys")
        return _members(document, "issuer", str), uri

    async def _get(self, url: str) -> Any:
        # The operator has named it, so it may well be in the house.
        request = HttpRequest(
            method="GET",
            url=url,
            headers={"accept": "application/json"},
            connect_timeout=5,
            read_timeout=10,
            allow_private=True,
            max_response=_LARGEST,
        )
        answer = await self._transport.send(request)
        if answer.status != 200:
            raise _NotAsExpected(f"[{url}] answers {answer.status}")
        try:
            return json.decode(answer.body)
        except (OpenSearchException, ValueError):
            raise _NotAsExpected(f"[{url}] answers no JSON") from None


class _NotAsExpected(Exception):
    pass


def _members(document: Any, name: str, kind: type[Any]) -> Any:
    value = document.get(name) if isinstance(document, Mapping) else None
    if not isinstance(value, kind):
        raise _NotAsExpected(f"[{name}] is missing")
    return value


def _fixed(text: str) -> BearerKey:
    try:
        if "-----BEGIN" in text:
            key: Any = load_pem_public_key(text.strip().encode())
        else:
            decoded = base64.b64decode("".join(text.split()), validate=True)
            key = _der(decoded) or decoded
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        raise IllegalArgumentException(
            "setting [security_jwt_signing_keys] must hold PEM public keys or base64 of HMAC secrets"
        ) from None
    algorithms = _algorithms(key)
    if not algorithms:
        raise IllegalArgumentException(
            "setting [security_jwt_signing_keys] holds a key that is too short or of an unknown kind: HMAC secrets "
            "have 32 bytes at least, RSA keys 2048 bits"
        )
    return BearerKey(key, algorithms)


def _der(content: bytes) -> Any:
    try:
        return load_der_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        return None


def _algorithms(key: Any) -> tuple[str, ...]:
    if isinstance(key, bytes):
        return tuple(name for name, least in _HMAC if len(key) >= least)
    if isinstance(key, rsa.RSAPublicKey):
        return _RSA if key.key_size >= _LEAST_RSA else ()
    if isinstance(key, ec.EllipticCurvePublicKey):
        name = _CURVES.get(key.curve.name)
        return (name,) if name else ()
    return ("EdDSA",) if isinstance(key, ed25519.Ed25519PublicKey) else ()


def _published(document: Any) -> BearerKey | None:
    """A public key that is for signatures; None for every other."""
    if not isinstance(document, Mapping) or document.get("use", "sig") != "sig" or document.get("kty") == "oct":
        return None
    try:
        one = jwt.PyJWK(dict(document))
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    algorithms = _algorithms(one.key)
    if "alg" in document:
        algorithms = tuple(name for name in algorithms if name == document["alg"])
    return BearerKey(one.key, algorithms, one.key_id) if algorithms else None
