"""API keys: what they open, how long, and what is kept of them."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from ragstone.core.security_settings import ApiKeySettings, SecuritySettings
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import Answer, AsgiClient
from ragstone.testing.clock import ManualClock

PASSWORD = "Reef-Kettle-9271!"
ADMIN = {"authorization": f"Basic {base64.b64encode(f'admin:{PASSWORD}'.encode()).decode()}"}
PATH = "/_plugins/_security/api/apitokens"
READER = {
    "name": "reader",
    "cluster_permissions": ["cluster_monitor"],
    "index_permissions": [{"index_pattern": ["books*"], "allowed_actions": ["read"]}],
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    keys = ApiKeySettings(enabled=True, max_keys=2, max_duration=1000)
    return replace(settings, security=SecuritySettings(enabled=True, api_keys=keys), initial_admin_password=PASSWORD)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_700_000_000.0)


@pytest.fixture
async def client(settings: Settings, clock: ManualClock) -> AsyncIterator[AsgiClient]:
    async with Node(settings, clock=clock) as node:
        client = AsgiClient(node.app)
        await client("PUT /books/_doc/1?refresh=true", {"a": 1}, headers=ADMIN)
        yield client


async def made(client: AsgiClient, **content: Any) -> Any:
    answer = await client(f"POST {PATH}", {**READER, **content}, headers=ADMIN)
    assert answer.status == 200, answer.text
    return answer.json


async def ask(client: AsgiClient, key: str, target: str, body: Any = None) -> Answer:
    return await client(target, body, headers={"authorization": f"ApiKey {key}"})


async def test_a_key_opens_what_it_was_made_for_and_nothing_else(client: AsgiClient) -> None:
    key = (await made(client))["token"]
    assert key.startswith("os_")
    assert (await ask(client, key, "GET /books/_search")).json["hits"]["total"]["value"] == 1
    assert (await ask(client, key, "GET /_cluster/health")).status == 200
    refused = await ask(client, key, "PUT /books/_doc/2", {"a": 2})
    assert refused.status == 403
    assert "User [name=token:reader, backend_roles=[], requestedTenant=null]" in refused.text
    assert (await ask(client, key, "GET /token:reader/_search")).status == 403


async def test_a_key_with_all_rights_does_not_open_the_security_api(client: AsgiClient) -> None:
    everything = [{"index_pattern": ["*"], "allowed_actions": ["*"]}]
    key = (await made(client, cluster_permissions=["*"], index_permissions=everything))["token"]
    assert (await ask(client, key, "GET /_cluster/settings")).status == 200
    for target in (f"GET {PATH}", "GET /_plugins/_security/api/internalusers"):
        assert (await ask(client, key, target)).status == 403


async def test_keys_are_listed_without_their_text_and_kept_as_hashes(client: AsgiClient, settings: Settings) -> None:
    one = await made(client)
    (listed,) = (await client(f"GET {PATH}", headers=ADMIN)).json
    assert listed == {
        "id": one["id"],
        "name": "reader",
        "iat": 1_700_000_000_000,
        "expires_at": 1_700_001_000_000,
        "cluster_permissions": ["cluster_monitor"],
        "index_permissions": [{"index_pattern": ["books*"], "allowed_actions": ["read"]}],
        "created_by": "admin",
    }
    kept = b"".join(file.read_bytes() for file in settings.data.rglob("*") if file.is_file())
    assert one["token"].encode() not in kept


async def test_a_revoked_key_is_refused_at_once(client: AsgiClient, settings: Settings) -> None:
    one = await made(client)
    answer = await client(f"DELETE {PATH}/{one['id']}", headers=ADMIN)
    assert (answer.status, answer.json) == (200, {"message": f"Token {one['id']} revoked successfully."})
    assert (await ask(client, one["token"], "GET /books/_search")).status == 401
    assert (await client(f"GET {PATH}", headers=ADMIN)).json[0]["revoked_at"] == 1_700_000_000_000
    assert (await client(f"DELETE {PATH}/none", headers=ADMIN)).status == 404


async def test_a_key_ends_when_its_time_is_over(client: AsgiClient, clock: ManualClock) -> None:
    key = (await made(client, duration_seconds=10))["token"]
    clock.time += 9
    assert (await ask(client, key, "GET /books/_search")).status == 200
    clock.time += 1
    assert (await ask(client, key, "GET /books/_search")).status == 401


async def test_there_may_be_so_many_keys_and_no_more(client: AsgiClient) -> None:
    first = await made(client)
    await made(client)
    assert (await client(f"POST {PATH}", READER, headers=ADMIN)).status == 429
    await client(f"DELETE {PATH}/{first['id']}", headers=ADMIN)
    await made(client)


async def test_keys_survive_a_restart(settings: Settings) -> None:
    async with Node(settings) as node:
        key = (await made(AsgiClient(node.app)))["token"]
    async with Node(settings) as node:
        assert (await ask(AsgiClient(node.app), key, "GET /_cluster/health")).status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"name": "with space"},
        {"name": 1},
        {"name": None},
        {"more": 1},
        {"duration_seconds": 0},
        {"duration_seconds": 1001},
        {"duration_seconds": "10"},
        {"index_permissions": ["x"]},
        {"index_permissions": [{"index_patterns": ["x"]}]},
        {"index_permissions": [{"index_pattern": "x"}]},
        {"cluster_permissions": "x"},
    ],
)
async def test_what_is_no_key_is_refused(client: AsgiClient, change: dict[str, Any]) -> None:
    answer = await client(f"POST {PATH}", {**READER, **change}, headers=ADMIN)
    assert (answer.status, answer.json["status"]) == (400, "error")
    assert (await client(f"GET {PATH}", headers=ADMIN)).json == []


async def test_making_and_revoking_keys_is_written_down(settings: Settings) -> None:
    async with Node(settings) as node:
        one = await made(AsgiClient(node.app))
    records = [json.loads(line) for line in settings.audit_file.read_text().splitlines()]
    assert [(r["audit_category"], r["audit_trace_doc_id"]) for r in records] == [("API_TOKEN_WRITE", [one["id"]])]
    assert one["token"] not in settings.audit_file.read_text()


async def test_where_keys_are_switched_off_there_is_no_such_path(settings: Settings) -> None:
    off = replace(settings, security=replace(settings.security, api_keys=ApiKeySettings()))
    async with Node(off) as node:
        client = AsgiClient(node.app)
        assert (await client(f"GET {PATH}", headers=ADMIN)).status == 400
        assert (await ask(client, "os_x", "GET /")).status == 401
