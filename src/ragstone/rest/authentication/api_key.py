"""API keys: `Authorization: ApiKey os_...`."""

from __future__ import annotations

from ragstone.rest.authentication.authenticator import LoginRefused
from ragstone.rest.request import Request
from ragstone.security.api_keys import ApiKeys
from ragstone.security.model import User


class ApiKeyAuthenticator:
    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    async def authenticate(self, request: Request) -> User | None:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "apikey":
            return None
        user = self._keys.owner(text.strip())
        if user is None:
            raise LoginRefused
        return user
