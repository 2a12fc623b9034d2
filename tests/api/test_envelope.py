"""Every route, with everything a client should not send: an error of the right shape, never a 5xx, never a trace."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.rest.router import Route
from ragstone.rest.routes import all_routes
from ragstone.testing.asgi import Answer, AsgiClient

PATIENCE = 10.0
"""Seconds within which everything must be answered."""

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "cut off": b'{"query": {"match": {"a": ',
    "garbage": b"\x00\x01\x02 nonsense",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "a number": b"1",
    "an empty object": b"{}",
    "two objects": b"{}{}",
    "a trailing comma": b'{"a": 1,}',
    "invalid UTF-8": b'{"a": "\xff\xfe"}',
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a null byte in a name": b'{"a\\u0000b": "\\u0000"}',
    "a huge number": b'{"size": ' + b"9" * 400 + b', "from": 1e400}',
    "deep lists": b"[" * 5000 + b"]" * 5000,
    "deep objects": b'{"a":' * 500 + b"1" + b"}" * 500,
    "deep queries": b'{"query":' + b'{"bool":{"must":' * 150 + b'{"match_all":{}}' + b"}}" * 150 + b"}",
    "wrong types everywhere": (
        b'{"query": [1], "docs": {"a": 1}, "processors": {"x": []}, "settings": [], "mappings": "x", "aliases": 3,'
        b' "name": {}, "description": [[]], "parameters": "x", "actions": {"a": 1}, "credential": [1], "size": {},'
        b' "persistent": [1], "transient": "x", "ids": {"a": 1}, "source": 7, "pipeline": [null], "actions_": null,'
        b' "function_name": 5, "connector": "x", "connector_id": {}, "model_group_id": [], "messages": {"a": {}},'
        b' "ext": [], "sort": {"a": {"b": []}}, "_source": {"includes": {}}, "highlight": [], "aggs": [[]]}'
    ),
    "all keys null": (
        b'{"query": null, "docs": null, "processors": null, "settings": null, "mappings": null, "aliases": null,'
        b' "name": null, "description": null, "parameters": null, "actions": null, "credential": null, "size": null,'
        b' "persistent": null, "transient": null, "ids": null, "source": null, "pipeline": null, "doc": null,'
        b' "function_name": null, "connector": null, "connector_id": null, "ext": null, "version": null}'
    ),
    "lines of garbage": b'{"index": {}}\n[]\n{"nonsense": 1}\nx\n\n{"delete": {"_id": 5}}\n{"create": null}\n',
    "an unfinished line": b'{"index": {"_index": "books"}}\n{"a": 1}',
}
"""By what is wrong with them."""

QUERIES: dict[str, str] = {
    "an unknown parameter": "no_such_parameter=1",
    "no boolean": "pretty=maybe",
    "no numbers and times": "size=many&from=-1&timeout=soon&version=x&if_seq_no=x&refresh=maybe&scroll=x&realtime=x",
    "a broken escape": "filter_path=%zz",
    "source without its type": "source=%7B%7D",
    "a source of garbage": "source=%5Bx&source_content_type=application/json",
    "an absurd filter": "filter_path=" + "**." * 50 + "x,-**,(,[",
    "an unknown format": "format=cbor",
}

IDS: dict[str, str] = {
    "dots": "..",
    "a star": "*",
    "a list of stars": "*,-*,**",
    "a dash": "-",
    "an underscore": "_x",
    "a null byte": "\x00",
    "a slash": "a/b",
    "quotes": "\"'`${x}{{x}}<script>",
    "not ASCII": "büch€r\u202e",
    "very long": "x" * 600,
    "a space": " ",
}

HEADERS: dict[str, dict[str, str]] = {
    "a wrong content type": {"content-type": "text/html"},
    "no content type": {"content-type": ""},
    "a gzip that is none": {"content-encoding": "gzip"},
    "an odd accept": {"accept": "application/*;q=x", "accept-encoding": ";;;,gzip;q=abc", "x-opaque-id": "\xff" * 300},
}

ALLOWED_5XX: set[tuple[str, int]] = {
    # as recorded, for an index without vectors
    ("GET /_plugins/_knn/warmup/{index}", 500),
    ("POST /_plugins/_knn/clear_cache/{index}", 500),
}
"""`(route, status)` of answers that are right to be a 5xx."""

Case = tuple[str, str, bytes, dict[str, str]]
"""What is wrong with it, method and URI, body, headers."""

# A health request for a missing index waits for it.
_QUICK = "timeout=50ms"
_WAITS = ("/_cluster/health", "/_cluster/health/{index}")

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsgiClient]:
    async with Node(Settings(port=0, data=tmp_path_factory.mktemp("envelope"))) as node:
        yield AsgiClient(node.app)


def target(route: Route, ids: dict[str, str], query: str = "") -> str:
    """The route with its parameters filled in."""
    path = "/".join(
        quote(ids.get(part[1:-1], ids.get("*", "none")), safe="") if part.startswith("{") else part
        for part in route.path.split("/")
    )
    parts = [query] if query else []
    if route.path in _WAITS and "timeout" not in query:
        parts.append(_QUICK)
    return f"{route.method} {path}" + ("?" + "&".join(parts) if parts else "")


def faults(answer: Answer, route: Route) -> list[str]:
    """What is wrong with an answer."""
    found = []
    if answer.status >= 500 and (f"{route.method} {route.path}", answer.status) not in ALLOWED_5XX:
        found.append(f"status {answer.status}")
    text = answer.content.decode("utf-8", "replace")
    if "Traceback" in text or 'File \\"' in text or ".py" in text:
        found.append("shows a trace")
    if answer.status >= 400 and route.method != "HEAD" and answer.status != 413:
        found += _SHAPES.get(_family(route), _misshapen)(answer)
    return found


def _family(route: Route) -> str:
    return "run" if route.path in RUNS else "chat" if route.path.startswith(CHAT) else ""


def _misshapen_chat(answer: Answer) -> list[str]:
    """The reader speaks to clients of chat models: its errors have their shape, unless the request never reached it."""
    error = answer.json["error"]
    if isinstance(error, str) or "root_cause" in error:
        return _misshapen(answer)
    return [] if {"message", "type", "param", "code"} == set(error) else ["no error of a chat API"]


def _misshapen_run(answer: Answer) -> list[str]:
    """What agents and tools run into has a shape of its own, once their request could be read."""
    error = answer.json["error"]
    if isinstance(error, str) or "root_cause" in error:
        return _misshapen(answer)
    right = {"type", "reason", "details"} == set(answer.json["error"]) and answer.json["status"] == answer.status
    return [] if right else ["no error of a run"]


def _misshapen(answer: Answer) -> list[str]:
    """An error is an object whose `error` is a text, or a cause with root causes; a thing that is not there may also
    be told by an object of its own, without an `error`."""
    kind = answer.headers["content-type"]
    if not kind.startswith("application/json"):
        return [f"content type {kind}"]
    body = answer.json
    if not isinstance(body, dict):
        return ["is no object"]
    if "error" not in body:
        # Conflicts end a run over many documents, and are listed with what it did until then.
        told = answer.status in (404, 408) or (answer.status == 409 and body.get("version_conflicts"))
        return [] if told else ["has no error"]
    error = body["error"]
    if isinstance(error, str):
        return []
    causes: list[Any] = [error, *error.get("root_cause", [])]
    if not all(isinstance(cause.get("type"), str) and "reason" in cause for cause in causes):
        return ["a cause without type or reason"]
    if not error.get("root_cause") and error["type"] != "search_phase_execution_exception":
        return ["no root cause"]
    if body.get("status") != answer.status:
        return [f"says status {body.get('status')}"]
    return []


_SHAPES = {"chat": _misshapen_chat, "run": _misshapen_run}


async def check(client: AsgiClient, route: Route, cases: list[Case]) -> None:
    wrong = []
    for name, uri, body, headers in cases:
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await client(uri, body, headers=headers)
        except TimeoutError:
            wrong.append(f"{name}: no answer")
            continue
        wrong += [f"{name}: {fault}: {answer.text[:300]}" for fault in faults(answer, route)]
    assert not wrong, f"{route.method} {route.path}\n" + "\n".join(wrong)


CHAT = "/_plugins/_ragstone/reader/"
RUNS = ("/_plugins/_ml/agents/{agent_id}/_execute", "/_plugins/_ml/tools/_execute/{name}")

ROUTES = list(all_routes())
NAMES = [f"{route.method} {route.path}" for route in ROUTES]


async def _fresh(client: AsgiClient) -> None:
    """The index `books` with one document, whatever the last route has done to it."""
    await client("PUT /books/_doc/1?refresh=true", {"text": "a fox", "n": 1})


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
async def test_hostile_bodies(client: AsgiClient, route: Route) -> None:
    await _fresh(client)
    ids = {"index": "books", "id": "1", "*": "books"}
    await check(client, route, [(name, target(route, ids), body, {}) for name, body in BODIES.items()])


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
async def test_hostile_parameters(client: AsgiClient, route: Route) -> None:
    await _fresh(client)
    ids = {"index": "books", "id": "1", "*": "books"}
    cases: list[Case] = [(name, target(route, ids, query), b"", {}) for name, query in QUERIES.items()]
    cases += [(name, target(route, {"*": id}), b"{}", {}) for name, id in IDS.items()]
    cases += [(name, target(route, ids), b'{"a": 1}', headers) for name, headers in HEADERS.items()]
    await check(client, route, cases)
