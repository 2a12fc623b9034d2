"""Routes of a node in front of a cluster that are neither the embedded node's nor the cluster's alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from ragstone.cluster.service import SettingsUpdate
from ragstone.core import json
from ragstone.core.errors import OpenSearchException, ParseException, error_body
from ragstone.core.names import matches
from ragstone.core.xcontent import JsonObject, require_object
from ragstone.dsl.index_settings import nest
from ragstone.dsl.search_body import parse_search_body
from ragstone.dsl.source_filter import source_filter_from_query
from ragstone.engine.values import ClusterAnswer
from ragstone.gateway import guard
from ragstone.gateway.ownership import INGEST, SEARCH
from ragstone.gateway.service import Gateway
from ragstone.rest.request import Request
from ragstone.rest.response import JSON, Response, acknowledged
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()

_OF_THE_BYTES = frozenset({"content-length", "content-encoding", "accept-encoding"})
"""Headers of a body as it came, which has been decompressed since, and of one that is to be compressed here."""
_SAID_HERE = frozenset({"content-length", "x-opensearch-version", "x-opaque-id"})
_RENDERED_HERE = frozenset({"format", "filter_path", "pretty", "human"})
_PARALLEL = 8
"""Searches of one `_msearch` that run at the same time."""


def gateway_of(services: Services) -> Gateway:
    assert services.gateway is not None, "these routes exist before a cluster only"
    return services.gateway


async def passed_on(gateway: Gateway, request: Request) -> Response:
    """The cluster's answer to the request itself, as it is."""
    headers = [(name, value) for name, value in request.headers.items() if name not in _OF_THE_BYTES]
    async with gateway.api.forward(request.method, request.uri, headers, request.body or None) as answer:
        body = b"".join([chunk async for chunk in answer.chunks()])
    kept = {name.lower(): value for name, value in answer.headers}
    kind = kept.pop("content-type", JSON)
    return Response(body, answer.status, kind, {name: value for name, value in kept.items() if name not in _SAID_HERE})


async def _asked(gateway: Gateway, request: Request) -> ClusterAnswer:
    """What the cluster says to the request, as JSON that something of ours can be put into."""
    path, _, _ = request.uri.partition("?")
    query = urlencode({name: value for name, value in request.query.items() if name not in _RENDERED_HERE})
    return await gateway.api.ask(request.method, f"{path}?{query}" if query else path, request.body or None)


# ── searches ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.add("GET /_search", "POST /_search", "GET /{index}/_search", "POST /{index}/_search", any_parameter=True)
async def search(services: Services, request: Request) -> Response:
    """One that needs us; others have been passed on."""
    body = request.json_or({})
    source = source_filter_from_query(request.query)
    index = request.path_params.get("index")
    return Response(await gateway_of(services).search.search(index, body, request.query, source))


@routes.add("GET /_count", "POST /_count", "GET /{index}/_count", "POST /{index}/_count", any_parameter=True)
async def count(services: Services, request: Request) -> Response:
    """One with a clause of ours."""
    index, body = request.path_params.get("index"), request.json_or({})
    return Response(await gateway_of(services).search.count(index, body, request.query))


@routes.add("GET /_msearch", "POST /_msearch", "GET /{index}/_msearch", "POST /{index}/_msearch", any_parameter=True)
async def msearch(services: Services, request: Request) -> Response:
    """Several, of which one at least needs us."""
    lines = [line for line in request.content().split(b"\n") if line.strip()]
    if len(lines) % 2:
        raise ParseException("a search of the request has a header and no body")
    start = services.clock.monotonic()
    limit = asyncio.Semaphore(request.integer("max_concurrent_searches") or _PARALLEL)
    shared = {name: value for name, value in request.query.items() if name != "max_concurrent_searches"}

    async def one(header: bytes, body: bytes) -> JsonObject:
        async with limit:
            try:
                named = require_object(request.decode(header))
                target = named.pop("index", request.path_params.get("index"))
                expression = ",".join(map(str, target)) if isinstance(target, list) else target
                parameters = {**shared, **{name: _text(value) for name, value in named.items()}}
                found = await _searched(services, expression, request.decode(body), parameters)
                return {**found, "status": 200}
            except OpenSearchException as error:
                return error_body(error)

    responses = await asyncio.gather(*map(one, lines[::2], lines[1::2]))
    return Response({"took": int((services.clock.monotonic() - start) * 1000), "responses": responses})


async def _searched(services: Services, expression: str | None, body: Any, parameters: Mapping[str, str]) -> JsonObject:
    """One search of several, which its caller must be allowed where security is ours."""
    gateway = gateway_of(services)
    hides = await gateway.guard.search(expression, parameters, body)
    if not hides or await gateway.guard.can_be_kept(expression, parameters, body):
        return await gateway.search.search(expression, body, parameters)
    options = guard.options_of(guard.SEARCH, parameters)
    return await services.search.search(expression, parse_search_body(body), options=options)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(_text, value)) if isinstance(value, list) else str(value)


# ── pipelines ────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Pipelines(Protocol):
    async def put(self, id: str, body: JsonObject) -> None: ...

    async def get(self, patterns: list[str]) -> dict[str, JsonObject]: ...

    async def delete(self, pattern: str) -> None: ...


def _service(services: Services, kind: str) -> _Pipelines:
    return services.ingest if kind == INGEST else services.search_pipelines


def _add(kind: str, path: str) -> None:
    @routes.add(f"PUT {path}/{{id}}", any_parameter=True)
    async def put(services: Services, request: Request) -> Response:
        """A definition goes to the side that can run it, and leaves the other."""
        gateway, ours, id = gateway_of(services), _service(services, kind), request.required("id")
        try:
            body: Any = json.decode(request.body)
        except OpenSearchException:
            body = None
        if await gateway.ownership.definition(kind, body):
            await gateway.admission.check("write")
            await ours.put(id, request.object())
            await gateway.api.ask("DELETE", f"{path}/{request.uri.partition('?')[0].rpartition('/')[2]}")
            return acknowledged()
        response = await passed_on(gateway, request)
        if response.status == 200 and await gateway.ownership.pipeline(kind, id):
            await ours.delete(id)
        return response

    @routes.add(f"GET {path}", f"GET {path}/{{id}}", any_parameter=True, head=False)
    async def get(services: Services, request: Request) -> Response:
        """Both sides' pipelines together."""
        gateway = gateway_of(services)
        ours = await _service(services, kind).get(request.names("id"))
        answer = await _asked(gateway, request) if ours else None
        if answer is None or answer.status not in (200, 404):
            return await passed_on(gateway, request)
        theirs = json.decode(answer.body) if answer.status == 200 else {}
        return Response(dict(sorted({**theirs, **ours}.items())))

    @routes.add(f"DELETE {path}/{{id}}", any_parameter=True)
    async def delete(services: Services, request: Request) -> Response:
        gateway, id = gateway_of(services), request.required("id")
        ours = _service(services, kind)
        mine = [name for name in await ours.get([]) if matches(id, name)]
        if mine:
            await gateway.admission.check("write")
            await ours.delete(id)
        if mine and "*" not in id:
            return acknowledged()
        response = await passed_on(gateway, request)
        return acknowledged() if mine and response.status == 404 else response


_add(INGEST, "/_ingest/pipeline")
_add(SEARCH, "/_search/pipeline")


@routes.add(
    "GET /_ingest/pipeline/_simulate",
    "POST /_ingest/pipeline/_simulate",
    "GET /_ingest/pipeline/{id}/_simulate",
    "POST /_ingest/pipeline/{id}/_simulate",
    any_parameter=True,
)
async def simulate(services: Services, request: Request) -> Response:
    gateway, id = gateway_of(services), request.path_params.get("id")
    if id is not None:
        mine = await gateway.ownership.pipeline(INGEST, id)
    else:
        body = request.json_or({})
        inline = body.get("pipeline") if isinstance(body, dict) else None
        mine = await gateway.ownership.definition(INGEST, inline)
    if not mine:
        return await passed_on(gateway, request)
    await gateway.admission.check("write")  # it runs models, and what the cluster has with the gateway's rights
    return Response(await services.ingest.simulate(id, request.object(), verbose=request.flag("verbose")))


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.add("GET /_cluster/settings", any_parameter=True)
async def get_settings(services: Services, request: Request) -> Response:
    """The cluster's with ours among them."""
    answer = await _asked(gateway_of(services), request)
    if answer.status != 200:
        return await passed_on(gateway_of(services), request)
    sections: dict[str, Mapping[str, Any]] = {
        "persistent": services.cluster.persistent,
        "transient": services.cluster.transient,
    }
    if request.flag("include_defaults"):
        sections["defaults"] = {
            key: value
            for key, value in services.cluster.defaults().items()
            if gateway_of(services).ownership.setting(key)
        }
    shown = json.decode(answer.body)
    for section, ours in sections.items():
        added = dict(ours) if request.flag("flat_settings") else nest(ours)
        shown[section] = _together(shown.get(section, {}), added)
    return Response(shown)


@routes.add("PUT /_cluster/settings", any_parameter=True)
async def put_settings(services: Services, request: Request) -> Response:
    """Ours are taken here, the others go on to the cluster; the cluster's go first, because it may refuse them."""
    gateway = gateway_of(services)
    body = require_object(request.json())
    update = SettingsUpdate.parse(body)
    mine = SettingsUpdate(*(_divided(gateway, part, True) for part in (update.persistent, update.transient)))
    theirs = SettingsUpdate(*(_divided(gateway, part, False) for part in (update.persistent, update.transient)))
    shown: JsonObject = {"acknowledged": True, "persistent": {}, "transient": {}}
    if not mine.persistent and not mine.transient:
        return await passed_on(gateway, request)
    await gateway.admission.check("write")
    services.cluster.check(mine)
    if theirs.persistent or theirs.transient:
        rest = {"persistent": dict(theirs.persistent), "transient": dict(theirs.transient)}
        shown = await gateway.api.call("PUT", request.uri, rest)
    persistent, transient = await services.cluster.update(mine)
    flat = request.flag("flat_settings")
    for section, given in (("persistent", persistent), ("transient", transient)):
        shown[section] = _together(shown[section], dict(given) if flat else nest(given))
    return Response(shown)


def _divided(gateway: Gateway, changes: Mapping[str, Any], ours: bool) -> dict[str, Any]:
    return {key: value for key, value in changes.items() if gateway.ownership.setting(key) is ours}


def _together(left: JsonObject, right: JsonObject) -> JsonObject:
    """Two trees of settings as one."""
    merged = dict(left)
    for key, value in right.items():
        present = merged.get(key)
        both = isinstance(present, dict) and isinstance(value, dict)
        merged[key] = _together(present, value) if both else value  # type: ignore[arg-type]
    return merged
