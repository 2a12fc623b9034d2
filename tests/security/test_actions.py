"""Every route is an action that somebody must be allowed: who is allowed nothing gets nowhere."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from ragstone.core.security_settings import SecuritySettings
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.rest.app import App
from ragstone.rest.router import Route
from ragstone.testing.asgi import Answer, AsgiClient

PASSWORD = "Reef-Kettle-9271!"
PERMITTED = ("no permissions for [", "No permission to access REST API", "Access denied")

Ask = Callable[..., Awaitable[Answer]]

OPEN = {
    "GET /_cat": "a list of paths",
    "GET /_search/point_in_time/_all": "rights on the indices of what is open: here nothing is",
    "DELETE /_search/point_in_time/_all": "rights on the indices of what is open: here nothing is",
    "DELETE /_search/point_in_time": "rights on the indices of what is named: here it is not open",
    "POST /": "AWS's services ask for a signature of their own",
    "GET /_plugins/_security/authinfo": "who one is oneself",
    "POST /_plugins/_security/authinfo": "who one is oneself",
    "GET /_plugins/_security/dashboardsinfo": "who one is oneself, and what Dashboards must know",
    "POST /_plugins/_security/dashboardsinfo": "who one is oneself, and what Dashboards must know",
    "GET /_plugins/_security/kibanainfo": "the older name of dashboardsinfo",
    "POST /_plugins/_security/kibanainfo": "the older name of dashboardsinfo",
    "GET /_plugins/_security/health": "asked by load balancers",
    "POST /_plugins/_security/health": "asked by load balancers",
    "GET /_plugins/_security/tenantinfo": "names that are configured, not who has them",
    "POST /_plugins/_security/tenantinfo": "names that are configured, not who has them",
    "GET /_plugins/_security/whoami": "the certificate that one has sent oneself",
    "POST /_plugins/_security/whoami": "the certificate that one has sent oneself",
    "GET /_plugins/_security/whoamiprotected": "asks for its right in words of its own",
    "PUT /_plugins/_security/configupdate": "is for nobody",
    "GET /_plugins/_security/api/account": "one's own account",
    "PUT /_plugins/_security/api/account": "one's own password, which must be told",
    "GET /_plugins/_security/api/permissionsinfo": "what one may oneself",
    "POST /_plugins/_security/api/generateonbehalfoftoken": "is switched off for everybody",
}
"""Routes that ask for no right, and why."""
_SCROLL = "c2Nyb2xs" + "A" * 44
VALUES = {
    "index": "books",
    "id": "1",
    "algorithm": "text_embedding",
    "block": "write",
    "metric": "_all",
    "index_metric": "_all",
    "target": "other",
    "scroll_id": _SCROLL,
    "stat": "circuit_breaker_triggered",
}
"""Of path parameters; others are called `thing`."""
PARAMETERS = {
    "GET /_field_caps": "fields=*",
    "POST /_field_caps": "fields=*",
    "GET /{index}/_field_caps": "fields=*",
    "POST /{index}/_field_caps": "fields=*",
    "POST /_delete_by_query/{task_id}/_rethrottle": "requests_per_second=1",
    "POST /_update_by_query/{task_id}/_rethrottle": "requests_per_second=1",
    "POST /_reindex/{task_id}/_rethrottle": "requests_per_second=1",
    "POST /{index}/_search/point_in_time": "keep_alive=1m",
}
_BULK = b'{"index":{"_index":"books","_id":"1"}}\n{"a":1}\n'
_SEARCHES = b'{"index":"books"}\n{}\n'
_QUERY: dict[str, object] = {"query": {"match_all": {}}}
_SCRIPT: dict[str, object] = {"source": {"query": {"match_all": {}}}}
_ACTION = {"action_type": "predict", "method": "POST", "url": "https://api.openai.com/v1", "request_body": "{}"}
_CONNECTOR = {"name": "c", "version": "1", "protocol": "http", "credential": {"key": "k"}, "actions": [_ACTION]}
_MODEL = {"name": "m", "function_name": "remote", "connector_id": "c"}
_AGENT = {"name": "a", "type": "flow", "tools": [{"type": "ListIndexTool"}]}
BODIES: dict[str, object] = {
    "/_aliases": {"actions": [{"add": {"index": "books", "alias": "x"}}]},
    "/_analyze": {"text": "a"},
    "/{index}/_analyze": {"text": "a"},
    "/_bulk": _BULK,
    "/{index}/_bulk": _BULK,
    "/_cluster/settings": {"transient": {"search.max_buckets": 7}},
    "/_ingest/pipeline/{id}": {"processors": []},
    "/_ingest/pipeline/_simulate": {"pipeline": {"processors": []}, "docs": []},
    "/_ingest/pipeline/{id}/_simulate": {"docs": []},
    "/_mget": {"docs": [{"_index": "books", "_id": "1"}]},
    "/{index}/_mget": {"ids": ["1"]},
    "/_msearch": _SEARCHES,
    "/{index}/_msearch": _SEARCHES,
    "/_msearch/template": b'{"index":"books"}\n{"source":{}}\n',
    "/{index}/_msearch/template": b'{"index":"books"}\n{"source":{}}\n',
    "/_reindex": {"source": {"index": "books"}, "dest": {"index": "other"}},
    "/_search/pipeline/{id}": {"response_processors": []},
    "/_search/point_in_time": {"pit_id": ["cGl0X2lk" + "A" * 44]},
    "/_search/scroll": {"scroll_id": _SCROLL},
    "/_search/template": _SCRIPT,
    "/{index}/_search/template": _SCRIPT,
    "/_render/template": _SCRIPT,
    "/{index}/_delete_by_query": _QUERY,
    "/{index}/_explain/{id}": _QUERY,
    "/_validate/query": _QUERY,
    "/{index}/_validate/query": _QUERY,
    "/{index}/_settings": {"index.number_of_replicas": 0},
    "/_settings": {"index.number_of_replicas": 0},
    "/{index}/_update/{id}": {"doc": {"a": 1}},
    "/_index_template/{name}": {"index_patterns": ["x*"]},
    "/_index_template/_simulate": {"index_patterns": ["x*"]},
    "/_index_template/_simulate/{name}": {"index_patterns": ["x*"]},
    "/_index_template/_simulate_index/{name}": {"index_patterns": ["x*"]},
    "/_template/{name}": {"index_patterns": ["x*"]},
    "/_component_template/{name}": {"template": {}},
    "/_render/template/{id}": {"params": {}},
    "/_scripts/{id}/{context}": {"script": {"lang": "mustache", "source": "{}"}},
    "/_scripts/{id}": {"script": {"lang": "mustache", "source": "{}"}},
    "/_plugins/_ml/connectors/_create": _CONNECTOR,
    "/_plugins/_ml/connectors/{connector_id}": {"description": "d"},
    "/_plugins/_ml/models/_register": _MODEL,
    "/_plugins/_ml/models/_upload": _MODEL,
    "/_plugins/_ml/models/{model_id}/{version}/_register": _MODEL,
    "/_plugins/_ml/models/{model_id}/{version}/_upload": _MODEL,
    "/_plugins/_ml/models/_undeploy": {"model_ids": ["m"]},
    "/_plugins/_ml/models/_unload": {"model_ids": ["m"]},
    "/_plugins/_ml/model_groups/_register": {"name": "g"},
    "/_plugins/_ml/agents/_register": _AGENT,
    "/_plugins/_ml/memory/{memory_id}/messages": {"input": "i", "response": "r"},
}
"""What gets past the parser, where `{}` does not."""


@pytest.fixture
async def secured(settings: Settings) -> AsyncIterator[Node]:
    settings = replace(settings, security=SecuritySettings(enabled=True), initial_admin_password=PASSWORD)
    async with Node(settings) as node:
        yield node


@pytest.fixture
async def ask(secured: Node) -> Ask:
    """`await ask(route, "nobody", "?x=y")`. There are an index and a user who may do nothing."""
    client = AsgiClient(secured.app)

    async def send(target: str, body: object, user: str) -> Answer:
        login = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
        return await client(target, body, headers={"authorization": f"Basic {login}"})

    assert (await send("PUT /books/_doc/1", {"a": 1}, "admin")).status == 201
    api = "/_plugins/_security/api"
    assert (await send(f"PUT {api}/internalusers/nobody", {"password": PASSWORD}, "admin")).status == 201
    own = [{"op": "replace", "path": "/users", "value": ["someone"]}]
    assert (await send(f"PATCH {api}/rolesmapping/own_index", own, "admin")).status == 200

    async def ask(route: Route, user: str, *parameters: str) -> Answer:
        path = "/".join(
            VALUES.get(part[1:-1], "thing") if part.startswith("{") else part for part in route.path.split("/")
        )
        asked = [*parameters, *([PARAMETERS[name]] if (name := _name(route)) in PARAMETERS else [])]
        body = BODIES.get(route.path, {} if route.method in ("POST", "PUT", "PATCH") else None)
        return await send(f"{route.method} {path}" + (f"?{'&'.join(asked)}" if asked else ""), body, user)

    return ask


def _name(route: Route) -> str:
    return f"{route.method} {route.path}".replace("/_opendistro/", "/_plugins/")


async def test_who_is_allowed_nothing_gets_nowhere(secured: Node, ask: Ask) -> None:
    answers = {_name(route): await ask(route, "nobody") for route in _routes(secured)}
    let_through = {
        name: (answer.status, answer.text[:200])
        for name, answer in answers.items()
        if name not in OPEN and not (answer.status == 403 and (not answer.text or _refused(answer)))
    }
    assert not let_through, "\n".join(f"{name}: {answer}" for name, answer in let_through.items())
    assert OPEN.keys() <= answers.keys(), "no such routes any more"


def _refused(answer: Answer) -> bool:
    return any(text in answer.text for text in PERMITTED)


async def test_a_request_that_asks_what_is_allowed_does_nothing(secured: Node, ask: Ask) -> None:
    [state] = [route for route in _routes(secured) if route.path == "/_cluster/state"]
    before = await ask(state, "admin")
    for route in _routes(secured):
        if _name(route) in OPEN or route.method == "HEAD" or "/_security/api" in _name(route):
            continue
        answer = await ask(route, "admin", "perform_permission_check=true")
        assert answer.text == '{"accessAllowed":true,"missingPrivileges":[]}', f"{_name(route)}: {answer.text}"
    after = await ask(state, "admin")
    assert after.json["metadata"] == before.json["metadata"]


def _routes(node: Node) -> list[Route]:
    assert isinstance(node.app, App)
    return node.app.router.routes
