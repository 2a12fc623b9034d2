from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from ragstone.core.clock import SystemClock
from ragstone.core.errors import OpenSearchException, SearchPhaseExecutionException, VersionConflictEngineException
from ragstone.core.ids import IdGenerator
from ragstone.engine.opensearch.client import ClusterClient
from ragstone.engine.opensearch.records import Records, _target
from ragstone.engine.values import JsonObject
from ragstone.testing.clock import ManualClock
from ragstone.testing.cluster import CUT, Received, Reply, ScriptedCluster

INDEX = "/.ragstone-records"
SEARCH = f"{INDEX}/_search"
PLACE = _target("pipeline", "p")


# ── several gateways, one real cluster ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def gateways(opensearch: str, clock: ManualClock) -> AsyncIterator[list[Records]]:
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(3):
            client = ClusterClient([opensearch], SystemClock())
            stack.push_async_callback(client.close)
            opened.append(Records(client, clock, IdGenerator()))
        yield opened


async def test_another_gateways_write_is_seen_within_a_second(gateways: list[Records], clock: ManualClock) -> None:
    here, there, _ = gateways
    assert await there.list_records("pipeline") == []
    await here.put_record("pipeline", "p", {"n": 1}, None)
    assert await there.list_records("pipeline") == []
    clock.time += 1
    assert [record.value for record in await there.list_records("pipeline")] == [{"n": 1}]
    await here.delete_record("pipeline", "p", None)
    assert await here.list_records("pipeline") == []
    clock.time += 1
    assert (
        await there.get_record(
            "pipeline",
            "p",
        )
        is None
    )


async def test_two_gateways_that_change_the_same_thing_get_a_conflict_and_lose_nothing(
    gateways: list[Records],
) -> None:
    async def add(records: Records, own: str) -> int:
        """Read, add, write, as often as it takes; how often it was refused."""
        for refused in range(100):
            read = await records.get_record("settings", "list")
            names = [*(read.value["names"] if read else []), own]
            try:
                await records.put_record("settings", "list", {"names": names}, read.version if read else 0)
            except VersionConflictEngineException:
                continue
            return refused
        raise AssertionError("never let in")

    refused = await asyncio.gather(*(add(records, f"{n}-{i}") for n, records in enumerate(gateways) for i in range(3)))
    assert sum(refused) > 0
    found = await gateways[0].get_record("settings", "list")
    assert found is not None
    assert sorted(found.value["names"]) == sorted(f"{n}-{i}" for n in range(3) for i in range(3))
    assert found.version == 9


async def test_writes_without_a_demand_all_succeed_and_count_versions(gateways: list[Records]) -> None:
    await asyncio.gather(*(records.put_record("pipeline", "p", {"n": n}, None) for n, records in enumerate(gateways)))
    assert [record.version for record in await gateways[0].list_records("pipeline")] == [3]


async def test_a_version_is_never_used_again(gateways: list[Records]) -> None:
    here, there, _ = gateways
    await here.put_record("pipeline", "p", {"n": 1}, None)
    assert await there.delete_record("pipeline", "p", 1) is True
    with pytest.raises(VersionConflictEngineException):
        await here.put_record("pipeline", "p", {"n": 2}, 1)
    assert (await here.put_record("pipeline", "p", {"n": 2}, 0)).version == 3


async def test_any_name_will_do(gateways: list[Records], clock: ManualClock) -> None:
    names = ["a/b?c=d#e", "ü" * 600, " ", "x" * 2000]
    for name in names:
        await gateways[0].put_record("pipeline", name, {"name": name}, 0)
    assert [record.name for record in await gateways[1].list_records("pipeline")] == sorted(names)


async def test_more_records_than_one_page_are_all_read(
    gateways: list[Records], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragstone.engine.opensearch.records._PAGE", 2)
    for n in range(5):
        await gateways[0].put_record("pipeline", f"{n}", {}, None)
    assert [record.name for record in await gateways[0].list_records("pipeline")] == ["0", "1", "2", "3", "4"]


# ── bad days, on a fake one ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def records(client: ClusterClient, clock: ManualClock) -> Records:
    return Records(client, clock, IdGenerator(seed=1))


def failed(type: str, status: int) -> Reply:
    error = {"type": type, "reason": "the cluster's words"}
    return Reply({"error": {"root_cause": [error], **error}, "status": status}, status)


def conflict() -> Reply:
    return failed("version_conflict_engine_exception", 409)


def found(source: JsonObject) -> Reply:
    return Reply({"found": True, "_seq_no": 0, "_primary_term": 1, "_source": source})


async def test_a_write_whose_answer_was_lost_is_recognised_as_our_own(clock: ManualClock) -> None:
    async with ScriptedCluster().running() as first, ScriptedCluster().running() as second:
        stored: list[Received] = []

        def read(request: Received) -> Reply:
            return found(stored[0].json) if stored else Reply({"found": False}, 404)

        def write(request: Received) -> Reply:
            stored.append(request)
            return CUT if len(stored) == 1 else conflict()

        for node in (first, second):
            node.on("GET", PLACE, read)
            node.on("PUT", PLACE, write)
        client = ClusterClient([first.url, second.url], clock)
        try:
            kept = await Records(client, clock, IdGenerator(seed=1)).put_record("pipeline", "p", {"n": 1}, 0)
        finally:
            await client.close()
        assert (kept.version, kept.value) == (1, {"n": 1})
        assert len(stored) == 2


async def test_a_conflict_with_another_gateway_is_told_with_the_version_that_is_there(
    cluster: ScriptedCluster, records: Records
) -> None:
    theirs = {"kind": "pipeline", "name": "p", "version": 1, "deleted": False, "written": "theirs", "value": {}}
    cluster.on("GET", PLACE, Reply({"found": False}, 404), once=True)
    cluster.on("GET", PLACE, found(theirs))
    cluster.on("PUT", PLACE, conflict())
    with pytest.raises(VersionConflictEngineException, match=r"current version \[1\] is different than .* \[0\]"):
        await records.put_record("pipeline", "p", {}, 0)
    [write] = cluster.asked("PUT", PLACE)
    assert "op_type=create" in write.target


async def test_a_write_that_never_gets_through_is_given_up(cluster: ScriptedCluster, records: Records) -> None:
    cluster.on("GET", PLACE, Reply({"found": False}, 404))
    cluster.on("PUT", PLACE, conflict())
    with pytest.raises(VersionConflictEngineException):
        await records.put_record("pipeline", "p", {}, None)


async def test_the_index_is_made_by_the_first_write_and_another_gateway_may_be_faster(
    cluster: ScriptedCluster, records: Records
) -> None:
    cluster.on("GET", PLACE, failed("index_not_found_exception", 404))
    cluster.on("PUT", INDEX, failed("resource_already_exists_exception", 400))
    cluster.on("GET", f"/_cluster/health{INDEX}", Reply({}))
    cluster.on("PUT", PLACE, Reply({"result": "created"}))
    assert (await records.put_record("pipeline", "p", {}, None)).version == 1
    assert len(cluster.asked("GET", f"/_cluster/health{INDEX}")) == 1
    [made] = cluster.asked("PUT", INDEX)
    assert made.json["settings"]["index.hidden"] == "true"


async def test_records_that_can_not_be_read_are_not_taken_for_missing(
    cluster: ScriptedCluster, records: Records
) -> None:
    cluster.on("POST", SEARCH, failed("search_phase_execution_exception", 503))
    with pytest.raises(SearchPhaseExecutionException):
        await records.list_records("pipeline")
    cluster.on("GET", PLACE, failed("no_shard_available_action_exception", 503))
    with pytest.raises(OpenSearchException) as raised:
        await records.put_record("pipeline", "p", {}, 0)
    assert raised.value.status == 503


async def test_unchanged_records_are_not_read_again(
    cluster: ScriptedCluster, records: Records, clock: ManualClock
) -> None:
    source = {"kind": "pipeline", "name": "p", "version": 3, "deleted": False, "written": "w", "value": {"n": 1}}
    gone = {"kind": "pipeline", "name": "q", "version": 2, "deleted": True, "written": "w"}

    def search(request: Received) -> Reply:
        if "aggregations" in request.json:
            return Reply({"aggregations": {"versions": {"value": 5.0}}})
        return Reply({"hits": {"hits": [{"_source": source, "sort": [1]}, {"_source": gone, "sort": [2]}]}})

    cluster.on("POST", SEARCH, search)
    for _ in range(3):
        assert [record.name for record in await records.list_records("pipeline")] == ["p"]
        assert await records.list_records("template") == []
        clock.time += 1
    assert ["aggregations" in request.json for request in cluster.requests] == [False, True, True]
