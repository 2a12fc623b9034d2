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
from ragstone.testing.requests import body_of, request_line

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
        return await send(request_line(route, *parameters), body_of(route), user)

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
