"""An administrator goes for what the node keeps for itself, through every route that takes an index."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from ragstone.core.security_settings import SecuritySettings
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.rest.app import App
from ragstone.testing.asgi import Answer, AsgiClient
from ragstone.testing.requests import INDEX, body_of, request_line

PASSWORD = "Reef-Kettle-9271!"
NAME = "kraken"
CONNECTORS = ".plugins-ml-connector"
CONNECTOR = {
    "name": NAME,
    "version": "1",
    "protocol": "http",
    "credential": {"key": "k"},
    "actions": [{"action_type": "predict", "method": "POST", "url": "https://api.openai.com/v1", "request_body": "{}"}],
}
EVERYTHING: dict[str, object] = {"query": {"match_all": {}}}
WIDE = {"expand_wildcards": "expand_wildcards=all", "ignore_unavailable": "ignore_unavailable=true"}
LOGIN = {"authorization": f"Basic {b64encode(f'admin:{PASSWORD}'.encode()).decode()}"}


@pytest.fixture
async def secured(settings: Settings) -> AsyncIterator[Node]:
    settings = replace(settings, security=SecuritySettings(enabled=True), initial_admin_password=PASSWORD)
    async with Node(settings) as node:
        yield node


async def test_no_route_shows_or_changes_a_connector_but_its_own(secured: Node) -> None:
    assert isinstance(secured.app, App)
    client = AsgiClient(secured.app)

    async def send(target: str, body: object = None) -> Answer:
        return await client(target, body, headers=LOGIN)

    made = await send("POST /_plugins/_ml/connectors/_create", CONNECTOR)
    own = f"/_plugins/_ml/connectors/{made.json['connector_id']}"
    assert (await send(f"GET {own}")).json["name"] == NAME

    tried = 0
    for index in (CONNECTORS, ".plugins-ml-*", f"other,{CONNECTORS}", f"{CONNECTORS},-x"):
        for route in secured.app.router.routes:
            if "{index}" not in route.path:
                continue
            wide = [text for name, text in WIDE.items() if name in route.parameters]
            line = request_line(route, *wide)
            line = line.replace(f"/{INDEX}", f"/{index}").replace("/1", f"/{made.json['connector_id']}")
            body = body_of(route)
            if isinstance(body, bytes):
                body = body.replace(INDEX.encode(), CONNECTORS.encode())
            answer = await send(line, EVERYTHING if body == {} and "_search" in route.path else body)
            assert NAME not in answer.text, line
            tried += 1
    for line, body in (
        ("POST /_mget", {"docs": [{"_index": CONNECTORS, "_id": made.json["connector_id"]}]}),
        ("POST /_msearch", f'{{"index":"{CONNECTORS}"}}\n{{}}\n'.encode()),
        ("POST /_msearch", b'{"index":".*","expand_wildcards":"all"}\n{}\n'),
        ("POST /_search?expand_wildcards=all", EVERYTHING),
        ("POST /_search?q=kraken&expand_wildcards=all", None),
        ("POST /_reindex?refresh=true", {"source": {"index": CONNECTORS}, "dest": {"index": "loot"}}),
        ("GET /loot/_search", None),
        ("POST /_aliases", {"actions": [{"add": {"index": ".plugins*", "alias": "loot2"}}]}),
        ("GET /loot2/_search", None),
    ):
        answer = await send(line, body)
        assert NAME not in answer.text, line
    assert tried > 100
    assert (await send(f"GET {own}")).json["name"] == NAME
    assert (await send("POST /_plugins/_ml/connectors/_search", EVERYTHING)).json["hits"]["total"]["value"] == 1
