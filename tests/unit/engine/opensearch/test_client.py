from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator

import pytest
import trustme

from ragstone.core import caller
from ragstone.core.clock import Deadline, SystemClock
from ragstone.core.errors import (
    NoNodeAvailableException,
    OpenSearchException,
    OpenSearchRejectedExecutionException,
    OpenSearchTimeoutException,
)
from ragstone.engine.opensearch import client as module
from ragstone.engine.opensearch.client import ClusterClient, ServiceAccount
from ragstone.testing.clock import ManualClock
from ragstone.testing.cluster import CUT, CUT_SHORT, SILENCE, Reply, ScriptedCluster

FINE = Reply({"fine": True})


@pytest.fixture
async def other() -> AsyncIterator[ScriptedCluster]:
    async with ScriptedCluster().running() as running:
        running.on("GET", "/x", FINE)
        running.on("PUT", "/x", FINE)
        yield running


@pytest.fixture
def nowhere() -> str:
    """Where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


# ── nodes that fail ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_request_that_finds_no_connection_goes_to_the_next_node(nowhere: str, other: ScriptedCluster) -> None:
    client = ClusterClient([nowhere, other.url], SystemClock())
    try:
        assert await client.call("PUT", "/x", {"a": 1}) == {"fine": True}
    finally:
        await client.close()


async def test_a_node_that_can_not_be_connected_in_time_is_passed_over(
    other: ScriptedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CONNECT_TIMEOUT", 0.05)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:  # a queue that is full lets nobody in
            one.setblocking(False)
            one.connect_ex(address)
        client = ClusterClient([f"http://127.0.0.1:{address[1]}", other.url], SystemClock())
        try:
            assert await client.call("PUT", "/x", {"a": 1}) == {"fine": True}
        finally:
            await client.close()
            for one in waiting:
                one.close()


async def test_a_node_that_failed_rests(nowhere: str, other: ScriptedCluster, clock: ManualClock) -> None:
    client = ClusterClient([nowhere, other.url], clock)
    try:
        for _ in range(4):
            await client.call("GET", "/x")
        assert client._nodes[0].failed_at == clock.time
        clock.time += 3
        await client.call("GET", "/x")
        await client.call("GET", "/x")
        assert client._nodes[0].failed_at == clock.time - 3
        clock.time += 3
        await client.call("GET", "/x")
        await client.call("GET", "/x")
        assert client._nodes[0].failed_at == clock.time
    finally:
        await client.close()


async def test_no_node_at_all_is_a_503(nowhere: str) -> None:
    client = ClusterClient([nowhere], SystemClock())
    try:
        with pytest.raises(NoNodeAvailableException, match="the cluster does not answer: no connection") as raised:
            await client.call("GET", "/x")
        assert raised.value.status == 503
    finally:
        await client.close()


@pytest.mark.parametrize(("method", "repeated"), [("GET", True), ("PUT", False)])
async def test_only_what_reads_is_asked_again_when_a_connection_is_cut(
    cluster: ScriptedCluster, other: ScriptedCluster, method: str, repeated: bool
) -> None:
    cluster.on(method, "/x", CUT)
    client = ClusterClient([cluster.url, other.url], SystemClock())
    try:
        if repeated:
            assert await client.call(method, "/x") == {"fine": True}
        else:
            with pytest.raises(NoNodeAvailableException, match="the connection was closed"):
                await client.call(method, "/x", {"a": 1})
        assert len(other.requests) == (1 if repeated else 0)
    finally:
        await client.close()


async def test_a_write_that_may_be_done_twice_is(cluster: ScriptedCluster, other: ScriptedCluster) -> None:
    cluster.on("PUT", "/x", CUT)
    client = ClusterClient([cluster.url, other.url], SystemClock())
    try:
        assert (await client.ask("PUT", "/x", b"{}", repeatable=True)).status == 200
        assert len(other.requests) == 1
    finally:
        await client.close()


async def test_an_answer_that_breaks_off_is_none(cluster: ScriptedCluster, client: ClusterClient) -> None:
    cluster.on("GET", "/x", CUT_SHORT)
    with pytest.raises(NoNodeAvailableException, match="the connection was closed"):
        await client.call("GET", "/x")


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_silence_ends_with_the_clusters_timeout(cluster: ScriptedCluster) -> None:
    cluster.on("GET", "/x", SILENCE)
    client = ClusterClient([cluster.url], SystemClock(), timeout=0.05)
    try:
        with pytest.raises(OpenSearchTimeoutException, match="the cluster did not answer within 50 ms") as raised:
            await client.call("GET", "/x")
        assert raised.value.status == 504
    finally:
        await client.close()


async def test_silence_ends_with_the_callers_deadline(cluster: ScriptedCluster, client: ClusterClient) -> None:
    cluster.on("GET", "/x", SILENCE)
    async with asyncio.timeout(10):
        with pytest.raises(OpenSearchTimeoutException):
            await client.call("GET", "/x", deadline=Deadline.after(SystemClock(), 0.05))


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_refusal_for_load_stays_one(cluster: ScriptedCluster, client: ClusterClient) -> None:
    error = {"type": "rejected_execution_exception", "reason": "rejected execution of coordinating operation"}
    cluster.on("GET", "/x", Reply({"error": {"root_cause": [error], **error}, "status": 429}, 429))
    with pytest.raises(OpenSearchRejectedExecutionException, match="coordinating operation") as raised:
        await client.call("GET", "/x")
    assert raised.value.status == 429
    assert len(cluster.requests) == 1


async def test_a_page_of_a_proxy_is_quoted(cluster: ScriptedCluster, client: ClusterClient) -> None:
    cluster.on("GET", "/x", Reply(b"<h1>Bad Gateway</h1>", 502))
    with pytest.raises(OpenSearchException, match="<h1>Bad Gateway</h1>") as raised:
        await client.call("GET", "/x")
    assert raised.value.status == 502


async def test_a_certificate_that_nobody_vouches_for_is_told() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost", "127.0.0.1").configure_cert(context)
    async with ScriptedCluster().running(context) as cluster:
        client = ClusterClient([cluster.url], SystemClock())
        try:
            with pytest.raises(NoNodeAvailableException, match="its TLS certificate is not trusted"):
                await client.call("GET", "/x")
        finally:
            await client.close()
        assert cluster.requests == []


async def test_a_cluster_without_tls_is_told_from_one_with() -> None:
    async with ScriptedCluster().running() as cluster:
        client = ClusterClient([cluster.url.replace("http:", "https:")], SystemClock())
        try:
            with pytest.raises(NoNodeAvailableException, match="the TLS handshake failed"):
                await client.call("GET", "/x")
        finally:
            await client.close()


# ── rights ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_data_is_asked_for_with_the_callers_rights_and_our_own_with_ours(cluster: ScriptedCluster) -> None:
    cluster.on("GET", "/x", FINE)
    client = ClusterClient([cluster.url], SystemClock(), account=ServiceAccount(authorization="Basic ours"))
    token = caller.authorization.set("Basic theirs")
    try:
        await client.call("GET", "/x")
        await client.call("GET", "/x", as_service=True)
    finally:
        caller.authorization.reset(token)
        await client.close()
    assert [request.headers.get("authorization") for request in cluster.requests] == ["Basic theirs", "Basic ours"]
    assert "ours" not in repr(client._account)


async def test_a_private_cluster_sees_only_our_account(cluster: ScriptedCluster) -> None:
    cluster.on("GET", "/x", FINE)
    account = ServiceAccount(authorization="Basic ours")
    client = ClusterClient([cluster.url], SystemClock(), account=account, callers_rights=False)
    token = caller.authorization.set("Basic theirs")
    try:
        await client.call("GET", "/x")
    finally:
        caller.authorization.reset(token)
        await client.close()
    assert cluster.requests[0].headers["authorization"] == "Basic ours"
