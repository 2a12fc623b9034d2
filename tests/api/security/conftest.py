"""A node with security on, asked by whoever a test names."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from ragstone.core.security_settings import SecuritySettings
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import Answer, AsgiClient

PASSWORD = "Reef-Kettle-9271!"

Ask = Callable[..., Awaitable[Answer]]


@pytest.fixture
async def secured(settings: Settings) -> AsyncIterator[Node]:
    settings = replace(settings, security=SecuritySettings(enabled=True), initial_admin_password=PASSWORD)
    async with Node(settings) as node:
        yield node


@pytest.fixture
def ask(secured: Node) -> Ask:
    """`await ask("PUT /_plugins/_security/api/roles/r", {...}, user="u")`: as admin when no user is named, as nobody
    when it is "". Paths may begin with `/api/`. All passwords are the same unless one is given."""
    client = AsgiClient(secured.app)

    async def ask(target: str, body: object = None, *, user: str = "admin", password: str = PASSWORD) -> Answer:
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers = {"authorization": f"Basic {login}"} if user else {}
        return await client(target.replace(" /api/", " /_plugins/_security/api/"), body, headers=headers)

    return ask
