"""What is not ours goes through as it came, both ways."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest
from aiohttp import web

from ragstone.testing.asgi import AsgiClient
from ragstone.testing.cluster import CUT_SHORT, Received, Reply, ScriptedCluster
from ragstone.testing.wire import Wire, read_head

SAID = Reply({"said": "so"})


def _last(cluster: ScriptedCluster) -> Received:
    return cluster.requests[-1]


# ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "target",
    [
        "/a%2Fb/_doc/%2e%2e%2f1",
        "/%E4%b8%AD/_doc/1?routing=%2f&q=a+b&q=c%20d",
        "/_plugins/_knn/stats/",
        "//books//_search",
        "/a/../b/./c",
        "/books/_doc/a;b=c,d|e~f'!$()*@:",
        "/_cat/indices?v&h=index,docs.count&s=index:desc",
        "/books/_doc/100%25?pretty",
        "/%zz/_doc/%",
    ],
)
async def test_the_bytes_of_path_and_query_stay(wire: Wire, cluster: ScriptedCluster, target: str) -> None:
    cluster.otherwise = SAID
    answer = await wire(f"GET {target}")
    assert (answer.status, answer.body) == (200, b'{"said":"so"}')
    assert _last(cluster).target == target


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_every_method_goes_through(wire: Wire, cluster: ScriptedCluster, method: str) -> None:
    cluster.on(method, "/_plugins/_security/api/x", SAID)
    answer = await wire(f"{method} /_plugins/_security/api/x", body=b"{}")
    assert answer.body == b'{"said":"so"}'
    assert (_last(cluster).method, _last(cluster).body) == (method, b"{}")


async def test_what_asks_about_the_server_itself_is_not_passed(wire: Wire, cluster: ScriptedCluster) -> None:
    assert (await wire("OPTIONS *")).status == 200
    assert not cluster.requests


async def test_headers_go_through_but_those_of_one_connection(wire: Wire, cluster: ScriptedCluster) -> None:
    cluster.otherwise = SAID
    sent = [
        ("x-opaque-id", "me"),
        ("securitytenant", "t"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-for", "192.0.2.2"),
        ("accept", "application/yaml"),
        ("accept-encoding", "br"),
        ("user-agent", "old/1"),
        ("authorization", "Basic bWU6bWU="),
        ("te", "trailers"),
    ]
    await wire("GET /x", sent)
    got = [pair for pair in _last(cluster).header_list if pair[0] not in ("host", "connection")]
    assert sorted(got) == sorted(pair for pair in sent if pair[0] != "te")


async def test_nothing_is_added_to_a_bare_request(wire: Wire, cluster: ScriptedCluster) -> None:
    cluster.otherwise = SAID
    await wire("GET /x")
    assert set(_last(cluster).headers) <= {"host", "connection"}


@pytest.mark.parametrize("path", ["/_plugins/_rollup/jobs/x", "/books/_search"])
async def test_a_compressed_body_stays_compressed(wire: Wire, cluster: ScriptedCluster, path: str) -> None:
    cluster.on("POST", path, SAID)
    body = gzip.compress(b'{"query": {"match_all": {}}}')
    await wire(f"POST {path}", [("content-encoding", "gzip"), ("content-type", "application/json")], body)
    assert _last(cluster).body == body
    assert _last(cluster).headers["content-encoding"] == "gzip"
    assert _last(cluster).headers["content-length"] == str(len(body))


async def test_a_body_that_is_no_json_is_the_clusters_to_refuse(gateway: AsgiClient, cluster: ScriptedCluster) -> None:
    refusal = Reply({"error": "Content-Type header [application/smile] is not supported", "status": 406}, 406)
    cluster.on("POST", "/books/_search", refusal)
    answer = await gateway("POST /books/_search", b":)\n\x05\xfa", headers={"content-type": "application/smile"})
    assert (answer.status, answer.json) == (406, refusal.body)
    assert _last(cluster).body == b":)\n\x05\xfa"


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"error": {"root_cause": [], "type": "index_not_found_exception", "reason": "no", "x": [1.10, 1e3]}}),
        (400, {"error": "no handler found for uri [/x] and method [GET]"}),
        (429, {"error": {"type": "circuit_breaking_exception", "bytes_wanted": 1}, "status": 429}),
        (503, {"error": {"type": "cluster_manager_not_discovered_exception", "reason": None}, "status": 503}),
    ],
)
async def test_errors_of_the_cluster_are_the_clusters(
    gateway: AsgiClient, cluster: ScriptedCluster, status: int, body: Any
) -> None:
    cluster.on("GET", "/x", Reply(body, status))
    answer = await gateway("GET /x")
    assert (answer.status, answer.json) == (status, body)
    assert len(cluster.asked("GET", "/x")) == 1


async def test_headers_of_the_answer_stay(wire: Wire, cluster: ScriptedCluster) -> None:
    headers = {
        "content-type": "text/plain; charset=UTF-8",
        "warning": '299 OpenSearch-3.4.0 "old"',
        "x-opaque-id": "me",
        "www-authenticate": 'Basic realm="OpenSearch Security"',
    }
    cluster.on("GET", "/_cat/indices", Reply(b"green open books\n", 401, headers=headers))
    answer = await wire("GET /_cat/indices")
    assert answer.body == b"green open books\n"
    assert {name: answer.header(name) for name in headers} == headers


async def test_a_compressed_answer_stays_compressed(wire: Wire, cluster: ScriptedCluster) -> None:
    body = gzip.compress(b'{"a": 1}')
    cluster.on("GET", "/books/_search", Reply(body, headers={"content-encoding": "gzip"}))
    answer = await wire("GET /books/_search", [("accept-encoding", "gzip")])
    assert (answer.body, answer.header("content-encoding")) == (body, "gzip")


@pytest.mark.parametrize("path", ["/books", "/_search/pipeline/p", "/books/_doc/1"])
async def test_head_tells_the_length_and_sends_nothing(wire: Wire, cluster: ScriptedCluster, path: str) -> None:
    cluster.on("HEAD", path, Reply(b"", headers={"content-length": "1234"}))
    answer = await wire(f"HEAD {path}")
    assert (answer.status, answer.header("content-length"), answer.body) == (200, "1234", b"")


async def test_an_answer_without_a_body_has_none(wire: Wire, cluster: ScriptedCluster) -> None:
    cluster.on("HEAD", "/nothing", Reply(b"", 404))
    answer = await wire("HEAD /nothing")
    assert (answer.status, answer.body) == (404, b"")


async def test_redirects_are_not_followed(wire: Wire, cluster: ScriptedCluster) -> None:
    cluster.on("GET", "/x", Reply(b"", 302, headers={"location": "http://192.0.2.1/"}))
    answer = await wire("GET /x")
    assert (answer.status, answer.header("location")) == (302, "http://192.0.2.1/")


async def test_cookies_of_one_client_are_not_anothers(wire: Wire, cluster: ScriptedCluster) -> None:
    cluster.on("GET", "/x", Reply(headers={"set-cookie": "security_authentication=1; Path=/"}))
    assert (await wire("GET /x")).header("set-cookie") is not None
    await wire("GET /x")
    assert "cookie" not in _last(cluster).headers


# ── streams ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_body_goes_on_while_it_comes(wire: Wire, cluster: ScriptedCluster) -> None:
    """The cluster has the first half before the client sends the second."""
    arrived: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(request: web.BaseRequest) -> web.StreamResponse:
        async for piece in request.content.iter_any():
            arrived.put_nowait(piece)
        return web.Response(text="taken")

    cluster.stream("POST", "/_bulk", take)
    half = b"x" * 1000
    reader, writer = await wire.send("POST /_bulk", body=half, length=2000)
    assert await arrived.get() == half
    writer.write(half)
    assert await arrived.get() == half
    assert (await read_head(reader))[0] == 200
    writer.close()


async def test_an_answer_goes_on_while_it_comes(wire: Wire, cluster: ScriptedCluster) -> None:
    more = asyncio.Event()

    async def give(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await more.wait()
        await response.write(b"last")
        return response

    cluster.stream("GET", "/_nodes/hot_threads", give)
    reader, writer = await wire.send("GET /_nodes/hot_threads")
    await read_head(reader)
    assert await reader.readexactly(len(b"5\r\nfirst\r\n")) == b"5\r\nfirst\r\n"
    more.set()
    assert await reader.read() == b"4\r\nlast\r\n0\r\n\r\n"
    writer.close()


async def test_a_cluster_that_takes_nothing_stops_the_client(wire: Wire, cluster: ScriptedCluster) -> None:
    """A body waits at the client, not in our memory."""
    go = asyncio.Event()

    async def take(request: web.BaseRequest) -> web.StreamResponse:
        await go.wait()
        size = 0
        async for piece in request.content.iter_any():
            size += len(piece)
        return web.Response(text=str(size))

    cluster.stream("POST", "/_bulk", take)
    length = 64 * 1024 * 1024
    reader, writer = await wire.send("POST /_bulk", length=length)
    sent = 0
    try:
        while sent < length:
            writer.write(bytes(1024 * 1024))
            await asyncio.wait_for(writer.drain(), 1)
            sent += 1024 * 1024
    except TimeoutError:
        sent += 1024 * 1024
    assert sent < length / 2, "all of it went somewhere"
    go.set()
    while sent < length:
        writer.write(bytes(1024 * 1024))
        await writer.drain()
        sent += 1024 * 1024
    assert (await reader.read()).endswith(str(length).encode())
    writer.close()


async def test_a_client_that_takes_nothing_stops_the_cluster(wire: Wire, cluster: ScriptedCluster) -> None:
    sent = 0
    stuck = asyncio.Event()
    length = 64 * 1024 * 1024

    async def give(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < length:
            writing = asyncio.ensure_future(response.write(bytes(1024 * 1024)))
            if not (await asyncio.wait([writing], timeout=1))[0]:
                stuck.set()
            await writing
            sent += 1024 * 1024
        return response

    cluster.stream("GET", "/big", give)
    reader, writer = await wire.send("GET /big")
    await read_head(reader)
    await stuck.wait()
    assert sent < length / 2
    size = 0
    while piece := await reader.read(1024 * 1024):
        size += len(piece)
    assert size > length
    writer.close()


async def test_an_answer_that_breaks_off_breaks_off(
    wire: Wire, cluster: ScriptedCluster, capfd: pytest.CaptureFixture[str]
) -> None:
    cluster.on("GET", "/x", CUT_SHORT)
    answer = await wire("GET /x")
    assert answer.header("content-length") == "1000"
    assert answer.body == b'{"took": 1'
    assert "Traceback" not in capfd.readouterr().err
