"""What a way to prove who one is looks like."""

from __future__ import annotations

from typing import Protocol

from ragstone.rest.request import Request
from ragstone.security.model import User


class LoginRefused(Exception):
    """Credentials of the kind that an authenticator knows, and wrong ones: nobody else need look at them.

    `name` is who the sender claims to be; for the audit log.
    """

    def __init__(self, name: str = "") -> None:
        super().__init__(name)
        self.name = name


class Authenticator(Protocol):
    async def authenticate(self, request: Request) -> User | None:
        """Who sent the request; None when it holds nothing of the kind that is looked for. Raises LoginRefused."""
        ...
