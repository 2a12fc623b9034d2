from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ragstone.core.errors import IllegalArgumentException, IndexClosedException, IndexNotFoundException
from ragstone.engine.opensearch.client import ClusterClient
from ragstone.engine.opensearch.metadata import Indices
from ragstone.testing.clock import ManualClock
from ragstone.testing.cluster import Reply, ScriptedCluster

VERSION, STATE = "/_cluster/state/version", "/_cluster/state/metadata,version"


def state(uuid: str = "s1", /, **indices: dict[str, Any]) -> Reply:
    shown = {
        name: {
            "version": 4,
            "state": "open",
            "settings": {"index.uuid": f"uuid-{name}", "index.creation_date": "12", "index.list": ["a", "b"]},
            "mappings": {"_doc": {"properties": {"a": {"type": "long"}}}},
            "aliases": [],
            **index,
        }
        for name, index in indices.items()
    }
    return Reply({"cluster_uuid": "c", "state_uuid": uuid, "metadata": {"indices": shown}})


@pytest.fixture
def indices(client: ClusterClient, clock: ManualClock) -> Indices:
    return Indices(client, clock)


async def test_the_picture_is_what_the_cluster_state_says(cluster: ScriptedCluster, indices: Indices) -> None:
    cluster.on("GET", STATE, state(books={"aliases": ["shelf"]}, old={"state": "close", "mappings": {}}))
    cluster.on("GET", "/_alias", Reply({"books": {"aliases": {"shelf": {"index_routing": "1"}}}}))
    metadata = await indices.metadata()
    assert metadata.cluster_uuid == "c"
    books, old = metadata.indices["books"], metadata.indices["old"]
    assert (books.uuid, books.creation_date, books.version, books.open) == ("uuid-books", 12, 4, True)
    assert books.mappings == {"properties": {"a": {"type": "long"}}}
    assert books.setting("index.list") == "a,b"
    assert books.aliases == {"shelf": {"index_routing": "1"}}
    assert (old.open, old.mappings, old.aliases) == (False, {}, {})


async def test_a_data_stream_is_an_alias_of_what_is_behind_it(cluster: ScriptedCluster, indices: Indices) -> None:
    told = state(**{".ds-logs-000001": {}, ".ds-logs-000002": {}})
    behind = [{"index_name": name} for name in (".ds-logs-000001", ".ds-logs-000002", ".ds-logs-000003")]
    told.body["metadata"]["data_stream"] = {"data_stream": {"logs": {"indices": behind}}}
    cluster.on("GET", STATE, told)
    found = (await indices.metadata()).indices
    assert {name: index.aliases for name, index in found.items()} == {
        ".ds-logs-000001": {"logs": {"is_write_index": False}},
        ".ds-logs-000002": {"logs": {"is_write_index": False}},
    }


async def test_the_engines_own_index_is_in_no_picture(cluster: ScriptedCluster, indices: Indices) -> None:
    cluster.on("GET", STATE, state("s1", **{".ragstone-records": {}, ".ragstone-x": {}}))
    assert list((await indices.metadata()).indices) == [".ragstone-x"]


async def test_a_second_later_only_a_changed_state_is_read_again(
    cluster: ScriptedCluster, indices: Indices, clock: ManualClock
) -> None:
    cluster.on("GET", STATE, state("s1", books={}))
    cluster.on("GET", VERSION, Reply({"state_uuid": "s1"}))
    first = await indices.metadata()
    assert await indices.metadata() is first
    assert len(cluster.requests) == 1
    clock.time += 1
    assert await indices.metadata() is first
    assert [len(cluster.asked("GET", path)) for path in (VERSION, STATE)] == [1, 1]
    cluster.on("GET", VERSION, Reply({"state_uuid": "s2"}))
    cluster.on("GET", STATE, state("s2", books={}, more={}))
    clock.time += 1
    assert list((await indices.metadata()).indices) == ["books", "more"]
    assert [len(cluster.asked("GET", path)) for path in (VERSION, STATE)] == [2, 2]


async def test_an_own_change_is_seen_at_once(cluster: ScriptedCluster, indices: Indices) -> None:
    cluster.on("GET", STATE, state("s1"))
    assert (await indices.metadata()).indices == {}
    cluster.on("PUT", "/books", Reply({"acknowledged": True}))
    cluster.on("GET", VERSION, Reply({"state_uuid": "s2"}))
    cluster.on("GET", STATE, state("s2", books={}))
    made = await indices.create("books", {}, {}, {})
    assert made.name == "books"
    assert list((await indices.metadata()).indices) == ["books"]


async def test_a_refused_change_is_the_clusters_own_error(cluster: ScriptedCluster, indices: Indices) -> None:
    fault = {"type": "illegal_argument_exception", "reason": "no such analyzer"}
    cluster.on("PUT", "/books", Reply({"error": {"root_cause": [fault], **fault}, "status": 400}, 400))
    with pytest.raises(IllegalArgumentException, match="no such analyzer"):
        await indices.create("books", {}, {}, {})


async def test_many_requests_at_once_ask_for_one_picture(cluster: ScriptedCluster, indices: Indices) -> None:
    cluster.on("GET", STATE, state(books={}))
    await asyncio.gather(*(indices.metadata() for _ in range(20)))
    assert len(cluster.requests) == 1


async def test_aliases_that_change_between_two_answers_are_read_again(
    cluster: ScriptedCluster, indices: Indices
) -> None:
    cluster.on("GET", STATE, state(books={"aliases": ["gone"]}), once=True)
    cluster.on("GET", STATE, state(books={"aliases": ["new"]}))
    cluster.on("GET", "/_alias", Reply({"books": {"aliases": {"new": {}}}}))
    assert (await indices.metadata()).indices["books"].aliases == {"new": {}}


async def test_an_index_that_another_gateway_has_just_made_is_found(cluster: ScriptedCluster, indices: Indices) -> None:
    cluster.on("GET", STATE, state("s1"))
    await indices.metadata()
    cluster.on("GET", VERSION, Reply({"state_uuid": "s2"}))
    cluster.on("GET", STATE, state("s2", books={}, shut={"state": "close"}))
    assert (await indices.usable("books")).name == "books"
    with pytest.raises(IndexClosedException):
        await indices.usable("shut")
    with pytest.raises(IndexNotFoundException):
        await indices.usable("none")


async def test_system_indices_are_made_hidden_and_copied_where_there_is_room(
    cluster: ScriptedCluster, indices: Indices
) -> None:
    cluster.on("PUT", "/.plugins-ml-model", Reply({"acknowledged": True}))
    cluster.on("GET", STATE, state("s1", **{".plugins-ml-model": {}}))
    await indices.create(".plugins-ml-model", {"index.number_of_replicas": "0"}, {}, {})
    settings = cluster.asked("PUT", "/.plugins-ml-model")[0].json["settings"]
    assert (settings["index.hidden"], settings["index.auto_expand_replicas"]) == ("true", "0-1")
    assert (settings["index.default_pipeline"], settings["index.final_pipeline"]) == ("_none", "_none")
