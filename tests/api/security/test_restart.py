"""The configuration of security belongs to the data."""

from __future__ import annotations

import base64
import stat
from dataclasses import replace

from ragstone.core.security_settings import SecuritySettings
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient

PASSWORD = "Reef-Kettle-9271!"
OTHER = "New-Harbour-41!"


def login(user: str, password: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


async def test_entities_and_the_first_password_outlive_the_node(settings: Settings) -> None:
    settings = replace(settings, security=SecuritySettings(enabled=True), initial_admin_password=PASSWORD)
    admin = login("admin", PASSWORD)
    async with Node(settings) as node:
        client = AsgiClient(node.app)
        await client("PUT /_plugins/_security/api/internalusers/u", {"password": OTHER}, headers=admin)
        await client("DELETE /_plugins/_security/api/rolesmapping/own_index", headers=admin)
    async with Node(replace(settings, initial_admin_password=OTHER)) as node:
        client = AsgiClient(node.app)
        account = await client("GET /_plugins/_security/api/account", headers=login("u", OTHER))
        assert (account.status, account.json["roles"]) == (200, [])
        assert (await client("GET /_plugins/_security/api/roles", headers=admin)).status == 200
        assert (await client("GET /_plugins/_security/api/roles", headers=login("admin", OTHER))).status == 401


async def test_what_holds_hashes_and_documents_is_for_its_owners_eyes_only(settings: Settings) -> None:
    settings.data.mkdir(mode=0o755, parents=True)  # as an operator may have made it
    async with Node(
        replace(settings, security=SecuritySettings(enabled=True), initial_admin_password=PASSWORD)
    ) as node:
        written = await AsgiClient(node.app)("PUT /books/_doc/1", {"a": 1}, headers=login("admin", PASSWORD))
        assert written.status == 201
        files = [path for path in settings.data.rglob("*.sqlite*") if path.is_file()]
        assert len(files) > 3
        assert {stat.filemode(path.stat().st_mode) for path in files} == {"-rw-------"}
        assert (settings.data / "indices").stat().st_mode & 0o777 == 0o700
