"""Name and password in an `Authorization: Basic` header."""

from __future__ import annotations

import base64
import binascii

from ragstone.rest.authentication.authenticator import LoginRefused
from ragstone.rest.request import Request
from ragstone.security.model import User
from ragstone.security.service import SecurityService


class BasicAuthenticator:
    def __init__(self, security: SecurityService) -> None:
        self._security = security

    async def authenticate(self, request: Request) -> User | None:
        credentials = basic_credentials(request.headers.get("authorization", ""))
        if credentials is None:
            return None
        name, password = credentials
        user = await self._security.authenticate_basic(name, password, request.address)
        if user is None:
            raise LoginRefused(name)
        return user


def basic_credentials(header: str) -> tuple[str, str] | None:
    """Name and password, split at the first colon; None for what is none, or lacks one of them."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    name, _, password = text.partition(":")
    return (name, password) if name and password else None
