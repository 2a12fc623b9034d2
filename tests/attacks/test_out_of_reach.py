"""Every route that takes an index, tried on one that is out of the caller's reach: the node's own, or somebody else's."""

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


@pytest.fixture
async def secured(settings: Settings) -> AsyncIterator[Node]:
    settings = replace(settings, security=SecuritySettings(enabled=True), initial_admin_password=PASSWORD)
    async with Node(settings) as node:
        yield node


class Caller:
    """Sends requests as one user."""

    def __init__(self, node: Node, user: str) -> None:
        assert isinstance(node.app, App)
        self._routes = node.app.router.routes
        self._client = AsgiClient(node.app)
        self._login = {"authorization": f"Basic {b64encode(f'{user}:{PASSWORD}'.encode()).decode()}"}

    async def __call__(self, target: str, body: object = None) -> Answer:
        return await self._client(target, body, headers=self._login)

    async def try_everything(self, index: str, one: str, id: str) -> None:
        """Each route on the expression `index`, bodies on the index `one`, reads by id on the document `id`."""
        tried = 0
        for route in self._routes:
            if "{index}" not in route.path:
                continue
            wide = [text for name, text in WIDE.items() if name in route.parameters]
            line = request_line(route, *wide).replace(f"/{INDEX}", f"/{index}").replace("/1", f"/{id}")
            body = body_of(route)
            if isinstance(body, bytes):
                body = body.replace(INDEX.encode(), one.encode())
            answer = await self(line, EVERYTHING if body == {} and "_search" in route.path else body)
            assert NAME not in answer.text, line
            tried += 1
        assert tried > 50
        for line, body in (
            ("POST /_mget", {"docs": [{"_index": one, "_id": id}]}),
            ("POST /_msearch", f'{{"index":"{index}"}}\n{{}}\n'.encode()),
            ("POST /_msearch", b'{"index":"*,.*","expand_wildcards":"all"}\n{}\n'),
            ("POST /_search?expand_wildcards=all", EVERYTHING),
            (f"POST /_search?q={NAME[:-1]}*&expand_wildcards=all", None),
            ("POST /_reindex?refresh=true", {"source": {"index": index}, "dest": {"index": "loot"}}),
            ("GET /loot*/_search", None),
            ("POST /_aliases", {"actions": [{"add": {"index": index, "alias": "loot2"}}]}),
            ("PUT /loot2/_alias/loot3", None),
            ("GET /loot*/_search", None),
        ):
            assert NAME not in (await self(line, body)).text, line


async def test_no_route_shows_or_changes_a_connector_but_its_own(secured: Node) -> None:
    admin = Caller(secured, "admin")
    made = await admin("POST /_plugins/_ml/connectors/_create", CONNECTOR)
    own = f"/_plugins/_ml/connectors/{made.json['connector_id']}"
    assert (await admin(f"GET {own}")).json["name"] == NAME
    for index in (CONNECTORS, ".plugins-ml-*", f"other,{CONNECTORS}", f"{CONNECTORS},-x"):
        await admin.try_everything(index, CONNECTORS, made.json["connector_id"])
    assert (await admin(f"GET {own}")).json["name"] == NAME
    found = await admin("POST /_plugins/_ml/connectors/_search", EVERYTHING)
    assert found.json["hits"]["total"]["value"] == 1


async def test_no_route_shows_or_changes_an_index_without_a_right_to_it(secured: Node) -> None:
    admin, ann = Caller(secured, "admin"), Caller(secured, "ann")
    for index, word in (("loot", "nothing"), ("secrets", NAME)):
        assert (await admin(f"PUT /{index}/_doc/7?refresh=true", {"word": word})).status == 201
    role = {"index_permissions": [{"index_patterns": ["loot*"], "allowed_actions": ["*"]}]}
    assert (await admin("PUT /_plugins/_security/api/roles/r", role)).status == 201
    user = {"password": PASSWORD, "opendistro_security_roles": ["r"]}
    assert (await admin("PUT /_plugins/_security/api/internalusers/ann", user)).status == 201
    before = await admin("GET /secrets")
    for index in ("secrets", "loot,secrets", "secret*", "*", "_all", "loot,-loot,secrets", "secrets,-x", "<secrets>"):
        await ann.try_everything(index, "secrets", "7")
    assert (await admin("GET /secrets")).json == before.json
    assert (await admin("GET /secrets/_doc/7")).json["_source"] == {"word": NAME}
    assert (await admin("GET /secrets/_count")).json["count"] == 1
