"""A gateway in this process, before a cluster that is scripted where a test says so and an embedded node elsewhere."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ragstone.core.clock import Deadline
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.providers.api import HttpRequest, HttpResponse
from ragstone.testing.asgi import AsgiClient
from ragstone.testing.cluster import Received, Reply, ScriptedCluster
from ragstone.testing.embeddings import HashingRuntime
from ragstone.testing.server import ThreadedServer
from ragstone.testing.wire import Wire

Gateways = Callable[..., AbstractAsyncContextManager[AsgiClient]]
Servers = Callable[..., AbstractAsyncContextManager[ThreadedServer]]
RECORDS = "/.ragstone-records/_search"
FEATURES = {
    "ingest": {"processors": [{"type": type} for type in ("set", "lowercase", "foreach", "pipeline", "fail", "grok")]},
    "search_pipelines": {
        "request_processors": [{"type": "script"}, {"type": "filter_query"}],
        "response_processors": [{"type": "personalize_search_ranking"}],
    },
    "plugins": [{"name": "opensearch-knn"}],
}
"""What the cluster's node has: some of the embedded node's processors, and some that only it has."""


class Provider:
    """An HttpTransport before a model that answers every question alike."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []

    async def send(self, request: HttpRequest, deadline: Deadline | None = None) -> HttpResponse:
        self.requests.append(request)
        return HttpResponse(200, {}, b'{"choices":[{"message":{"role":"assistant","content":"Forty-two."}}]}')

    async def close(self) -> None: ...


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
async def behind(tmp_path: Path) -> AsyncIterator[AsgiClient]:
    """The embedded node that does what the cluster does."""
    async with Node(Settings(port=0, data=tmp_path / "cluster")) as node:
        yield AsgiClient(node.app)


@pytest.fixture
async def cluster(behind: AsgiClient) -> AsyncIterator[ScriptedCluster]:
    """What the gateway is in front of: `behind`, and whatever a test has scripted. It has no models."""
    scripted = ScriptedCluster()

    async def otherwise(request: Received) -> Reply:
        answer = await behind(f"{request.method} {request.target}", request.body or None, headers=request.headers)
        headers = {name: value for name, value in answer.headers.items() if name != "transfer-encoding"}
        return Reply(answer.body, answer.status, headers=headers)

    async def records(request: Received) -> Reply:
        body = request.json
        if "aggregations" not in body:
            return await otherwise(request)
        # The embedded engine sums nothing.
        found = await behind(f"POST {RECORDS}", {"size": 1000})
        if found.status != 200:
            return Reply(found.body, found.status)
        versions = sum(hit["_source"]["version"] for hit in found.json["hits"]["hits"])
        return Reply({"hits": {"hits": []}, "aggregations": {"versions": {"value": versions}}})

    scripted.otherwise = otherwise
    scripted.on("POST", RECORDS, records)
    # The embedded node has one state all the time.
    states = itertools.count()
    scripted.on("GET", "/_cluster/state/version", lambda _: Reply({"state_uuid": f"{next(states)}"}))
    scripted.on("GET", "/_nodes/ingest,search_pipelines,plugins", Reply({"nodes": {"n": FEATURES}}))
    async with scripted.running() as running:
        yield running


@pytest.fixture
def gateway_settings(tmp_path: Path) -> Callable[..., Settings]:
    def settings(cluster: ScriptedCluster, **given: Any) -> Settings:
        given.setdefault("data", tmp_path / "gateway")
        return Settings(port=0, engine="opensearch", cluster=(cluster.url,), **given)

    return settings


@pytest.fixture
def gateways(cluster: ScriptedCluster, gateway_settings: Callable[..., Settings], provider: Provider) -> Gateways:
    """`async with gateways(cluster_auth="service") as client`: further gateways, without a network before them."""

    @asynccontextmanager
    async def start(**given: Any) -> AsyncIterator[AsgiClient]:
        settings = gateway_settings(cluster, **given)
        async with Node(settings, embeddings=HashingRuntime(), transport=provider) as node:
            cluster.requests.clear()
            yield AsgiClient(node.app)

    return start


@pytest.fixture
async def gateway(gateways: Gateways) -> AsyncIterator[AsgiClient]:
    """`await gateway("GET /_cluster/health")`. What it asked the cluster to start has been forgotten."""
    async with gateways() as client:
        yield client


@pytest.fixture
def servers(cluster: ScriptedCluster, gateway_settings: Callable[..., Settings]) -> Servers:
    """`async with servers() as server`: gateways that are servers, in threads of their own."""

    @asynccontextmanager
    async def start(**given: Any) -> AsyncIterator[ThreadedServer]:
        server = ThreadedServer(gateway_settings(cluster, **given), embeddings=HashingRuntime())
        await asyncio.to_thread(server.__enter__)
        cluster.requests.clear()
        try:
            yield server
        finally:
            await asyncio.to_thread(server.__exit__, None, None, None)

    return start


@pytest.fixture
async def server(servers: Servers) -> AsyncIterator[ThreadedServer]:
    """A gateway that is a server."""
    async with servers() as server:
        yield server


@pytest.fixture
async def wire(server: ThreadedServer) -> Wire:
    """`await wire("GET /a%2Fb")`, to that server."""
    return Wire(server.url)
