"""Bearer tokens (JWT): who their issuer says is asking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

import jwt
from jwt.types import Options

from ragstone.core import json
from ragstone.core.clock import Clock
from ragstone.core.security_settings import JwtSettings
from ragstone.rest.authentication.authenticator import LoginRefused
from ragstone.rest.authentication.bearer_keys import BearerKeys
from ragstone.rest.request import Request
from ragstone.security.model import User

_LONGEST = 16_384
"""Characters of a token."""
_UNCHECKED: Options = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}
"""The library checks the signature; the claims are compared here, by the node's clock."""


class BearerAuthenticator:
    def __init__(self, settings: JwtSettings, keys: BearerKeys, clock: Clock) -> None:
        self._settings = settings
        self._keys = keys
        self._clock = clock

    async def authenticate(self, request: Request) -> User | None:
        token = self._token(request)
        if token is None:
            return None
        if len(token) > _LONGEST:
            raise LoginRefused
        claims = await self._verified(token)
        self._check(claims)
        return self._user(claims)

    def _token(self, request: Request) -> str | None:
        value = request.headers.get(self._settings.header, "")
        scheme, _, rest = value.partition(" ")
        if scheme.lower() == "bearer" and rest.strip():
            return rest.strip()
        if value and self._settings.header != "authorization":
            return value.strip()
        if self._settings.url_parameter is None:
            return None
        return _taken(request, self._settings.url_parameter)

    async def _verified(self, token: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise LoginRefused from None
        algorithm = header.get("alg")
        for key in await self._keys.candidates(header.get("kid")):
            if algorithm not in key.algorithms:
                continue
            try:
                claims: Mapping[str, Any] = jwt.decode(
                    token, key.key, algorithms=list(key.algorithms), options=_UNCHECKED
                )
            except jwt.PyJWTError:
                continue
            return claims
        raise LoginRefused

    def _check(self, claims: Mapping[str, Any]) -> None:
        """Raises LoginRefused for a token that is not for us, or not for now."""
        name = str(claims.get(self._settings.subject_key) or "")
        now, skew = self._clock.now(), self._settings.skew
        expires, begins = claims.get("exp"), claims.get("nbf")
        if expires is not None and (not _is_time(expires) or now >= expires + skew):
            raise LoginRefused(name)
        if begins is not None and (not _is_time(begins) or now < begins - skew):
            raise LoginRefused(name)
        issuer = self._settings.issuer or self._keys.issuer
        if issuer is not None and claims.get("iss") != issuer:
            raise LoginRefused(name)
        audience = claims.get("aud")
        given = audience if isinstance(audience, list) else [audience]
        wanted = self._settings.audience
        if wanted and not any(one in wanted for one in given):
            raise LoginRefused(name)

    def _user(self, claims: Mapping[str, Any]) -> User:
        name = claims.get(self._settings.subject_key)
        if not isinstance(name, str) or not name:
            raise LoginRefused
        roles = _roles(_at(claims, self._settings.roles_key)) if self._settings.roles_key is not None else ()
        return User(name, roles, {f"attr.jwt.{key}": _text(value) for key, value in claims.items()})


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _at(claims: Mapping[str, Any], key: str) -> Any:
    """The claim of that name or, failing that, at that path."""
    if key in claims:
        return claims[key]
    value: Any = claims
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _roles(value: Any) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else value.split(",") if isinstance(value, str) else []
    return tuple(part.strip() for part in parts if isinstance(part, str) and part.strip())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.encode(value).decode()


def _taken(request: Request, name: str) -> str | None:
    """The value of a query parameter, which is thereby no longer part of the request: nobody else knows what it is."""
    path, mark, query = request.uri.partition("?")
    kept, found = [], None
    for pair in query.split("&") if mark else ():
        key, _, value = pair.partition("=")
        if unquote_plus(key) == name:
            found = unquote_plus(value)
        else:
            kept.append(pair)
    if found is None:
        return None
    request.uri = f"{path}?{'&'.join(kept)}" if kept else path
    return found or None
