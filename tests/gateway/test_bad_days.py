"""Connections that break, clusters that are slow or gone, clients that leave, gateways that stop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from ragstone.testing.asgi import AsgiClient
from ragstone.testing.cluster import CUT, CUT_SHORT, SILENCE, Reply, ScriptedCluster
from ragstone.testing.wire import Wire, read_answer

FINE = Reply({"fine": True})


class Stuck:
    """A handler that never answers, and tells of the end of its wait."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            await request.read()
            self.begun.set()
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()
        raise AssertionError("nothing ends the wait")


def _type(answer: Any) -> tuple[int, str]:
    assert answer.json["status"] == answer.status
    assert answer.json["error"]["root_cause"][0]["type"] == answer.json["error"]["type"]
    return answer.status, answer.json["error"]["type"]


# ── connections ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "target",
    [
        "PUT /books/_create/1",
        "DELETE /books/_doc/1",
        "POST /books/_doc",
        "POST /_bulk",
        "POST /books/_update/1",
        "POST /_search/scroll",
        "GET /_search/scroll",
        "POST /books/_doc/_search",
    ],
)
async def test_a_write_that_may_have_arrived_is_not_repeated(
    gateway: AsgiClient, cluster: ScriptedCluster, target: str
) -> None:
    """On a connection that has served before, too, where aiohttp would do so by itself."""
    method, _, path = target.partition(" ")
    cluster.on(method, path, FINE, once=True)
    cluster.on(method, path, CUT)
    assert (await gateway(target, {"a": 1})).json == FINE.body
    answer = await gateway(target, {"a": 1})
    assert _type(answer) == (503, "no_node_available_exception")
    assert answer.json["error"]["reason"] == "the cluster does not answer: the connection was closed"
    assert len(cluster.asked(method, path)) == 2


@pytest.mark.parametrize(
    "target", ["GET /books", "HEAD /books", "POST /books/_search", "POST /_msearch", "GET /_count"]
)
async def test_what_reads_is_asked_once_more(gateway: AsgiClient, cluster: ScriptedCluster, target: str) -> None:
    method, _, path = target.partition(" ")
    cluster.on(method, path, CUT, once=True)
    cluster.on(method, path, FINE)
    assert (await gateway(target)).status == 200
    assert len(cluster.asked(method, path)) == 2


async def test_a_cluster_that_is_gone_is_a_503_and_back_when_it_is_back(
    gateway: AsgiClient, cluster: ScriptedCluster
) -> None:
    before = cluster.otherwise
    cluster.otherwise = CUT
    for target in ("GET /_cluster/health", "POST /books/_search", "PUT /books/_doc/1"):
        assert _type(await gateway(target, {})) == (503, "no_node_available_exception")
    cluster.otherwise = before
    assert (await gateway("PUT /books/_doc/1", {})).status == 201


async def test_a_bulk_of_ours_that_is_cut_says_so_of_each_item(gateway: AsgiClient, cluster: ScriptedCluster) -> None:
    await gateway("PUT /_ingest/pipeline/ours", _OURS)
    await gateway("PUT /books")
    cluster.on("POST", "/books/_bulk", CUT)
    body = b'{"index":{"_id":"1"}}\n{"a":1}\n{"index":{}}\n{"a":2}\n{"delete":{"_id":"3"}}\n'
    answer = await gateway("POST /books/_bulk?pipeline=ours", body)
    assert answer.status == 200
    assert answer.json["errors"] is True
    items = [
        (action, told["status"], told["error"]["type"]) for i in answer.json["items"] for action, told in i.items()
    ]
    error = (503, "no_node_available_exception")
    assert items == [("index", *error), ("index", *error), ("delete", *error)]
    assert len(cluster.asked("POST", "/books/_bulk")) == 1


async def test_half_an_answer_to_a_search_of_ours_is_an_error(gateway: AsgiClient, cluster: ScriptedCluster) -> None:
    await gateway("PUT /_search/pipeline/ours", _OUR_SEARCH)
    cluster.on("POST", "/books/_search", CUT_SHORT)
    assert _type(await gateway("GET /books/_search?search_pipeline=ours")) == (503, "no_node_available_exception")


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "target", ["GET /books/_search", "POST /books/_search?search_pipeline=ours", "PUT /books/_doc/1"]
)
async def test_a_silent_cluster_is_a_504(gateways: Any, cluster: ScriptedCluster, target: str) -> None:
    async with gateways(cluster_timeout=0.2) as gateway:
        await gateway("PUT /_search/pipeline/ours", _OUR_SEARCH)
        method, _, path = target.partition("?")[0].partition(" ")
        cluster.on(method, path, SILENCE)
        answer = await gateway(target, {})
        assert _type(answer) == (504, "timeout_exception")
        assert answer.json["error"]["reason"] == "the cluster did not answer within 200 ms"


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_cluster_that_takes_nothing_of_a_body_is_a_504(
    gateways: Any, cluster: ScriptedCluster, streamed: bool
) -> None:
    async with gateways(cluster_timeout=0.5) as gateway:
        done = asyncio.Event()

        async def take_nothing(request: web.BaseRequest) -> web.StreamResponse:
            await done.wait()
            return web.Response()

        path = "/books/_bulk" if streamed else "/books/_search"
        cluster.stream("POST", path, take_nothing)
        answer = await gateway(f"POST {path}", b'{"a":1}\n' * 4_000_000, chunk=1024 * 1024 if streamed else None)
        assert _type(answer) == (504, "timeout_exception")
        done.set()


async def test_the_time_that_a_client_takes_is_its_own(servers: Any, cluster: ScriptedCluster) -> None:
    async with servers(cluster_timeout=0.3) as server:
        cluster.on("PUT", "/books/_doc/1", FINE)
        reader, writer = await Wire(server.url).send("PUT /books/_doc/1", body=b'{"a"', length=7)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.6)
        writer.write(b":1}")
        answer = await read_answer(reader)
        assert answer.status == 200
        writer.close()


# ── clients that leave ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "target",
    [
        "GET /_cat/indices",
        "POST /books/_search",
        "POST /books/_search?search_pipeline=ours",
        "POST /_msearch",
        "POST /books/_delete_by_query",
        "POST /_reindex",
    ],
)
async def test_a_client_that_hangs_up_ends_the_request_in_the_cluster(
    wire: Wire, cluster: ScriptedCluster, target: str
) -> None:
    await wire("PUT /_search/pipeline/ours", _JSON, _OUR_SEARCH_BYTES)
    stuck = Stuck()
    method, _, path = target.partition("?")[0].partition(" ")
    cluster.stream(method, path, stuck)
    body = b"" if method == "GET" else b"{}"
    _, writer = await wire.send(target, _JSON, body)
    await stuck.begun.wait()
    assert not stuck.cancelled.is_set()
    writer.close()
    await asyncio.wait_for(stuck.cancelled.wait(), 10)


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_not_the_nodes_fault(
    wire: Wire, cluster: ScriptedCluster, capfd: pytest.CaptureFixture[str]
) -> None:
    stuck = Stuck()
    arrived = asyncio.Event()

    async def take(request: web.BaseRequest) -> web.StreamResponse:
        await request.content.readany()
        arrived.set()
        return await stuck(request)

    cluster.stream("POST", "/_bulk", take)
    _, writer = await wire.send("POST /_bulk", body=b"x" * 1000, length=2000)
    await arrived.wait()
    writer.close()
    await asyncio.wait_for(stuck.cancelled.wait(), 10)
    assert not stuck.begun.is_set(), "half a body was taken for a whole one"
    assert (await wire("GET /_cluster/health")).status == 200
    assert "does not answer" not in capfd.readouterr().err


async def test_a_client_that_leaves_in_the_middle_of_its_answer_ends_it(wire: Wire, cluster: ScriptedCluster) -> None:
    ended = asyncio.Event()

    async def give(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(bytes(100_000))
        finally:
            ended.set()

    cluster.stream("POST", "/_everything", give)
    reader, writer = await wire.send("POST /_everything", body=b"{}")
    await reader.readexactly(1000)
    writer.close()
    await asyncio.wait_for(ended.wait(), 10)


# ── gateways that stop ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("target", ["GET /_cat/indices", "POST /books/_search?search_pipeline=ours", "POST /_bulk"])
async def test_a_stop_ends_running_requests_with_a_503(servers: Any, cluster: ScriptedCluster, target: str) -> None:
    stuck = Stuck()
    method, _, path = target.partition("?")[0].partition(" ")
    cluster.stream(method, path, stuck)
    async with servers(shutdown_grace=0.1) as server:
        wire = Wire(server.url)
        await wire("PUT /_search/pipeline/ours", _JSON, _OUR_SEARCH_BYTES)
        reader, writer = await wire.send(target, _JSON, b"" if method == "GET" else b"{}")
        await stuck.begun.wait()
        server.stop()
        answer = await read_answer(reader)
        assert answer.status == 503
        assert answer.header("content-type") == "application/json; charset=UTF-8"
        assert b"the node is shutting down" in answer.body
        writer.close()
    await stuck.cancelled.wait()


async def test_a_stop_lets_running_requests_finish(servers: Any, cluster: ScriptedCluster) -> None:
    go, begun = asyncio.Event(), asyncio.Event()

    async def wait(request: web.BaseRequest) -> web.StreamResponse:
        begun.set()
        await go.wait()
        return web.json_response({"done": True})

    cluster.stream("PUT", "/books/_doc/1", wait)
    async with servers(shutdown_grace=10) as server:
        reader, writer = await Wire(server.url).send("PUT /books/_doc/1", _JSON, b"{}")
        await begun.wait()
        server.stop()
        go.set()
        answer = await read_answer(reader)
        assert (answer.status, answer.body) == (200, b'{"done": true}')
        writer.close()


_JSON = [("content-type", "application/json")]
_OURS = {"processors": [{"text_embedding": {"model_id": "m", "field_map": {"text": "vector"}}}]}
_OUR_SEARCH = {"request_processors": [{"neural_query_enricher": {"default_model_id": "m"}}]}
_OUR_SEARCH_BYTES = b'{"request_processors": [{"neural_query_enricher": {"default_model_id": "m"}}]}'
