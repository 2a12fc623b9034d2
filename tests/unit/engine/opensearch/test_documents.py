from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

import ragstone.dsl.queries  # noqa: F401  (registers them)
from ragstone.core import json
from ragstone.core.clock import SystemClock
from ragstone.core.errors import (
    IllegalArgumentException,
    IndexNotFoundException,
    MapperParsingException,
    NoNodeAvailableException,
    OpenSearchException,
    OpenSearchRejectedExecutionException,
    SearchPhaseExecutionException,
)
from ragstone.core.ids import IdGenerator
from ragstone.engine.opensearch import documents as module
from ragstone.engine.opensearch.client import ClusterClient
from ragstone.engine.opensearch.documents import Documents
from ragstone.engine.opensearch.engine import OpenSearchEngine
from ragstone.engine.opensearch.metadata import Indices
from ragstone.engine.values import StoredDocument, WriteOperation, WriteResult
from ragstone.testing.clock import ManualClock
from ragstone.testing.cluster import CUT, Received, Reply, ScriptedCluster

BULK, REFRESH, MOMENT = "/books/_bulk", "/books/_refresh", "/books/_search/point_in_time"


def knows(cluster: ScriptedCluster, **settings: str) -> None:
    """Let the index `books` be there."""
    flat = {"index.uuid": "u", "index.creation_date": "1", "index.number_of_shards": "1", **settings}
    index = {"version": 1, "state": "open", "settings": flat}
    state = {"cluster_uuid": "c", "state_uuid": "s", "metadata": {"indices": {"books": index}}}
    cluster.on("GET", "/_cluster/state/metadata,version", Reply(state))
    cluster.on("GET", "/_cluster/state/version", Reply({"state_uuid": "s"}))


@pytest.fixture
def documents(cluster: ScriptedCluster, client: ClusterClient, clock: ManualClock) -> Documents:
    knows(cluster)
    return Documents(client, Indices(client, clock))


def written(request: Received) -> Reply:
    """All operations succeed, in order."""
    actions = [line for line in request.lines if next(iter(line), "") in ("index", "create", "delete")]
    items = []
    for number, line in enumerate(actions):
        [(op, options)] = line.items()
        done = {"_id": options["_id"], "result": "created", "_version": 1, "_seq_no": number, "_primary_term": 1}
        items.append({op: {**done, "status": 201}})
    return Reply({"took": 1, "errors": False, "items": items})


def refused(type: str, status: int, op: str = "index") -> Any:
    return {op: {"_id": "1", "status": status, "error": {"type": type, "reason": "the cluster's words"}}}


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_operations_travel_as_bulk_lines(cluster: ScriptedCluster, documents: Documents) -> None:
    cluster.on("POST", BULK, written)
    operations = [
        WriteOperation("index", "1", b'{"a":\n1}', routing="r", pipeline="_none"),
        WriteOperation("create", "2", b"{}", version=5, version_type="external"),
        WriteOperation("delete", "3", if_seq_no=4, if_primary_term=1, pipeline="_none"),
    ]
    await documents.bulk("books", operations, "false")
    [request] = cluster.asked("POST", BULK)
    assert request.target == "/books/_bulk?refresh=false"
    assert request.headers["content-type"] == "application/x-ndjson"
    assert request.body.split(b"\n") == [
        b'{"index":{"_id":"1","routing":"r","pipeline":"_none"}}',
        b'{"a":\r1}',
        b'{"create":{"_id":"2","version":5,"version_type":"external"}}',
        b"{}",
        b'{"delete":{"_id":"3","if_seq_no":4,"if_primary_term":1}}',
        b"",
    ]


async def test_a_refused_operation_is_the_clusters_own_error(cluster: ScriptedCluster, documents: Documents) -> None:
    good = written(Received("POST", BULK, {}, b'{"index":{"_id":"2"}}')).body["items"]
    items = [refused("mapper_parsing_exception", 400), *good, refused("rejected_execution_exception", 429)]
    cluster.on("POST", BULK, Reply({"errors": True, "items": items}))
    operations = [WriteOperation("index", f"{n}", b"{}") for n in (1, 2, 3)]
    first, second, third = await documents.bulk("books", operations, "false")
    assert isinstance(first, MapperParsingException)
    assert (first.status, first.reason) == (400, "the cluster's words")
    assert isinstance(second, WriteResult)
    assert isinstance(third, OpenSearchRejectedExecutionException)
    assert third.status == 429


async def test_a_refused_request_is_no_outcome(cluster: ScriptedCluster, documents: Documents) -> None:
    error = {"type": "rejected_execution_exception", "reason": "too much"}
    cluster.on("POST", BULK, Reply({"error": error, "status": 429}, 429))
    with pytest.raises(OpenSearchRejectedExecutionException, match="too much"):
        await documents.bulk("books", [WriteOperation("index", "1", b"{}")], "false")


async def test_an_index_that_has_just_gone_is_told_as_such(cluster: ScriptedCluster, documents: Documents) -> None:
    cluster.on("POST", BULK, Reply({"items": [refused("index_not_found_exception", 404, "delete")]}))
    with pytest.raises(IndexNotFoundException):
        await documents.bulk("books", [WriteOperation("delete", "1")], "false")


@pytest.mark.parametrize(("version_type", "times"), [("external", 1), ("external_gte", 2)])
async def test_only_what_is_the_same_when_done_twice_is_sent_again(
    clock: ManualClock, version_type: Any, times: int
) -> None:
    async with ScriptedCluster().running() as first, ScriptedCluster().running() as second:
        for node in (first, second):
            knows(node)
            node.on("POST", BULK, CUT, once=True)
            node.on("POST", BULK, written)
        client = ClusterClient([first.url, second.url], clock)
        try:
            operation = WriteOperation("index", "1", b"{}", version=7, version_type=version_type)
            with pytest.raises(NoNodeAvailableException):
                await Documents(client, Indices(client, clock)).bulk("books", [operation], "false")
        finally:
            await client.close()
        assert len(first.asked("POST", BULK) + second.asked("POST", BULK)) == times


async def test_nobody_waits_for_a_refresh_that_never_comes(cluster: ScriptedCluster, documents: Documents) -> None:
    cluster.on("POST", BULK, written)
    await documents.bulk("books", [WriteOperation("index", "1", b"{}")], "wait_for")
    knows(cluster, **{"index.refresh_interval": "-1"})
    await Documents(documents._client, Indices(documents._client, SystemClock())).bulk(
        "books", [WriteOperation("index", "1", b"{}")], "wait_for"
    )
    waits = [request.target.partition("?")[2] for request in cluster.asked("POST", BULK)]
    assert waits == ["refresh=wait_for", "refresh=true"]


async def test_more_than_a_request_may_hold_goes_in_several(
    cluster: ScriptedCluster, documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LARGEST", 100)
    cluster.on("POST", BULK, written)
    cluster.on("POST", REFRESH, Reply({}))
    operations = [WriteOperation("index", f"{n}", json.encode({"n": "x" * 40})) for n in range(5)]
    outcomes = await documents.bulk("books", operations, "true")
    assert [outcome.id for outcome in outcomes if isinstance(outcome, WriteResult)] == ["0", "1", "2", "3", "4"]
    assert all(isinstance(outcome, WriteResult) and outcome.forced_refresh for outcome in outcomes)
    assert len(cluster.asked("POST", BULK)) == 5
    assert len(cluster.asked("POST", REFRESH)) == 1


async def test_a_later_request_that_fails_does_not_hide_what_the_earlier_ones_did(
    cluster: ScriptedCluster, documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LARGEST", 1)
    cluster.on("POST", BULK, written, once=True)
    cluster.on("POST", BULK, CUT)
    first, second = await documents.bulk("books", [WriteOperation("index", f"{n}", b"{}") for n in (1, 2)], "false")
    assert isinstance(first, WriteResult)
    assert isinstance(second, NoNodeAvailableException)


async def test_an_id_of_any_characters_is_found(cluster: ScriptedCluster, documents: Documents) -> None:
    cluster.on("GET", "/books/_doc/a%2Fb%3Fc", Reply({"found": False}, 404))
    assert (await documents.get("books", "a/b?c", True, None)).found is False


# ── scanning ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def engine(opensearch: str) -> AsyncIterator[OpenSearchEngine]:
    """On the real cluster."""
    clock = SystemClock()
    engine = OpenSearchEngine(ClusterClient([opensearch], clock), clock=clock, ids=IdGenerator())
    await engine.start()
    yield engine
    await engine.close()


async def filled(engine: OpenSearchEngine, shards: int) -> None:
    await engine.create_index("books", {"number_of_shards": shards, "number_of_replicas": 0}, {}, {})
    documents = [WriteOperation("index", f"{n}", json.encode({"n": n}), routing=f"{n}") for n in range(100)]
    assert all(isinstance(outcome, WriteResult) for outcome in await engine.bulk("books", documents))


@pytest.mark.parametrize("shards", [1, 5])
@pytest.mark.parametrize("refuse", [False, True])
async def test_a_scan_goes_through_all_shards(
    engine: OpenSearchEngine, shards: int, refuse: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(engine, shards)
    if refuse:

        async def none(documents: Documents, name: str) -> None:
            """As where the cluster gives no point in time."""

        monkeypatch.setattr(Documents, "_moment", none)
    found: list[StoredDocument] = []
    places = []
    async for page in engine.scan("books", size=7):
        found += page.documents
        places.append((page.resume, len(found)))
    assert sorted(int(document.id) for document in found) == list(range(100))
    assert all(document.routing == document.id for document in found)
    place, seen = places[len(places) // 2]
    rest = [document.id async for page in engine.scan("books", resume=place, size=7) for document in page.documents]
    assert rest == [document.id for document in found[seen:]]


async def test_a_document_is_found_by_its_routing(engine: OpenSearchEngine) -> None:
    await filled(engine, 5)
    found = [await engine.get("books", f"{n}", routing=f"{n}") for n in range(20)]
    assert [(document.found, document.routing) for document in found] == [(True, f"{n}") for n in range(20)]


async def test_a_place_in_a_scan_outlives_its_moment(engine: OpenSearchEngine) -> None:
    await filled(engine, 1)
    pages = engine.scan("books", size=20)
    first = await anext(pages)
    await pages.aclose()  # type: ignore[attr-defined]
    taken = {document.id for document in first.documents}
    changed = next(iter(taken))
    await engine.bulk("books", [WriteOperation("index", changed, b'{"n":-1}', routing=changed)])
    rest = [d async for page in engine.scan("books", resume=first.resume, size=20) for d in page.documents]
    assert {document.id for document in rest} == {f"{n}" for n in range(100)} - taken | {changed}
    assert [document.source for document in rest if document.id == changed] == [b'{"n":-1}']


async def test_a_place_in_an_index_that_was_made_anew_means_nothing(engine: OpenSearchEngine) -> None:
    await filled(engine, 1)
    first = await anext(engine.scan("books", size=20))
    await engine.delete_index("books")
    await filled(engine, 1)
    with pytest.raises(IllegalArgumentException, match="is no place in a scan of"):
        await anext(engine.scan("books", resume=first.resume))


async def test_a_scan_without_a_point_in_time_asks_shard_by_shard(
    cluster: ScriptedCluster, documents: Documents
) -> None:
    cluster.on("POST", REFRESH, Reply({}))
    cluster.on("POST", MOMENT, Reply({"error": "no handler", "status": 400}, 400))
    cluster.on("POST", "/books/_search", Reply({"_shards": {"total": 1, "failed": 0}, "hits": {"hits": []}}))
    assert [page async for page in documents.scan("books", None, 10)] == []
    [request] = cluster.asked("POST", "/books/_search")
    assert "preference=_shards:0" in request.target
    assert "allow_partial_search_results=false" in request.target


async def test_a_scan_does_not_go_on_without_a_part_of_the_index(
    cluster: ScriptedCluster, documents: Documents
) -> None:
    cluster.on("POST", REFRESH, Reply({}))
    cluster.on("POST", MOMENT, Reply({"pit_id": "p"}))
    failure = {"shard": 0, "index": "books", "node": None, "reason": {"type": "node_disconnected_exception"}}
    shards = {"total": 1, "failed": 1, "failures": [failure]}
    cluster.on("POST", "/_search", Reply({"_shards": shards, "hits": {"hits": []}}))
    cluster.on("DELETE", "/_search/point_in_time", CUT)
    with pytest.raises(SearchPhaseExecutionException):
        await anext(documents.scan("books", None, 10))


async def test_a_scan_that_the_cluster_has_no_time_for_is_no_scan_of_nothing(
    cluster: ScriptedCluster, documents: Documents
) -> None:
    cluster.on("POST", REFRESH, Reply({}))
    cluster.on("POST", MOMENT, Reply({"error": {"type": "rejected_execution_exception"}}, 429))
    with pytest.raises(OpenSearchException) as raised:
        await anext(documents.scan("books", None, 10))
    assert raised.value.status == 429
