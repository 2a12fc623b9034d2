"""`_delete_by_query` and `_update_by_query` over HTTP: counts, batches, conflicts, pipelines, refusals."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ragstone.core import json
from ragstone.documents.by_query import ByQueryService
from ragstone.documents.by_scroll import ByScrollStatus, ByScrollWorker
from ragstone.dsl.by_scroll import ByScroll
from ragstone.dsl.search_body import parse_search_body
from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient
from ragstone.testing.clock import ManualClock

ALL: dict[str, Any] = {"query": {"match_all": {}}}


async def fill(client: AsgiClient, index: str, count: int) -> None:
    lines = [line for n in range(1, count + 1) for line in ({"index": {"_id": f"{n}"}}, {"n": n})]
    answer = await client(f"POST /{index}/_bulk?refresh=true", b"".join(json.encode(line) + b"\n" for line in lines))
    assert answer.json["errors"] is False


async def left(client: AsgiClient, index: str) -> list[str]:
    await client(f"POST /{index}/_refresh")
    found = await client(f"POST /{index}/_search", {"sort": ["n"], "size": 100})
    return [hit["_id"] for hit in found.json["hits"]["hits"]]


async def test_what_a_query_finds_is_deleted_and_counted(client: AsgiClient) -> None:
    await fill(client, "books", 5)
    answer = await client("POST /books/_delete_by_query?refresh=true", {"query": {"range": {"n": {"lte": 2}}}})
    assert answer.status == 200
    assert {**answer.json, "took": 0} == {
        "took": 0,
        "timed_out": False,
        "total": 2,
        "deleted": 2,
        "batches": 1,
        "version_conflicts": 0,
        "noops": 0,
        "retries": {"bulk": 0, "search": 0},
        "throttled_millis": 0,
        "requests_per_second": -1.0,
        "throttled_until_millis": 0,
        "failures": [],
    }
    assert (await client("GET /books/_count")).json["count"] == 3


async def test_without_a_refresh_the_deleted_are_found_until_the_next(client: AsgiClient) -> None:
    await client("PUT /books", {"settings": {"refresh_interval": -1}})
    await fill(client, "books", 2)
    assert (await client("POST /books/_delete_by_query", ALL)).json["deleted"] == 2
    assert (await client("GET /books/_count")).json["count"] == 2
    assert await left(client, "books") == []


@pytest.mark.parametrize(
    ("query", "size", "total", "batches"),
    [("scroll_size=2", None, 5, 3), ("scroll_size=5", None, 5, 1), ("", 2, 5, 3), ("scroll_size=2&max_docs=3", None, 3, 2)],
)  # fmt: skip
async def test_hits_are_worked_on_in_batches(
    client: AsgiClient, query: str, size: int | None, total: int, batches: int
) -> None:
    await fill(client, "books", 5)
    body = ALL if size is None else {**ALL, "size": size}
    answer = (await client(f"POST /books/_delete_by_query?{query}", body)).json
    assert (answer["total"], answer["deleted"], answer["batches"]) == (total, total, batches)
    assert len(await left(client, "books")) == 5 - total


async def test_the_limit_takes_the_first_in_the_order_that_was_asked_for(client: AsgiClient) -> None:
    await fill(client, "books", 4)
    await client("POST /books/_delete_by_query?max_docs=1&sort=n:desc", ALL)
    await client("POST /books/_delete_by_query?refresh=true", {**ALL, "max_docs": 1, "sort": [{"n": "desc"}]})
    # The first is gone but not refreshed, and so the second request meets it again: a conflict, and nothing more.
    assert await left(client, "books") == ["1", "2", "3"]


async def test_several_indices_and_filtered_aliases_are_one_request(client: AsgiClient) -> None:
    await fill(client, "a", 3)
    await fill(client, "b", 3)
    await client("PUT /a/_alias/small", {"filter": {"range": {"n": {"lte": 2}}}})
    answer = await client("POST /small,b/_delete_by_query?scroll_size=2", ALL)
    assert (answer.json["deleted"], answer.json["batches"]) == (5, 3)
    assert (await left(client, "a"), await left(client, "b")) == (["3"], [])


async def test_a_query_in_the_url_beats_that_of_the_body(client: AsgiClient) -> None:
    await fill(client, "books", 3)
    assert (await client("POST /books/_delete_by_query?q=n:3", ALL)).json["deleted"] == 1
    assert await left(client, "books") == ["1", "2"]


async def test_a_document_that_has_changed_since_is_a_conflict(client: AsgiClient) -> None:
    await client("PUT /books", {"settings": {"refresh_interval": -1}})
    await fill(client, "books", 3)
    await client("PUT /books/_doc/2", {"n": 20})
    answer = await client("POST /books/_delete_by_query", ALL)
    assert answer.status == 409
    assert (answer.json["deleted"], answer.json["version_conflicts"]) == (2, 1)
    [failure] = answer.json["failures"]
    assert (failure["index"], failure["id"], failure["status"]) == ("books", "2", 409)
    assert failure["cause"]["type"] == "version_conflict_engine_exception"
    assert "required seqNo [1], primary term [1]. current document has seqNo [3]" in failure["cause"]["reason"]
    assert await left(client, "books") == ["2"]


@pytest.mark.parametrize("way", ["url", "body"])
async def test_conflicts_can_be_passed_over(client: AsgiClient, way: str) -> None:
    await client("PUT /books", {"settings": {"refresh_interval": -1}})
    await fill(client, "books", 3)
    await client("PUT /books/_doc/1", {"n": 10})
    target = "POST /books/_delete_by_query?scroll_size=1" + ("&conflicts=proceed" if way == "url" else "")
    answer = await client(target, ALL if way == "url" else {**ALL, "conflicts": "proceed"})
    assert (answer.status, answer.json["failures"]) == (200, [])
    assert (answer.json["deleted"], answer.json["version_conflicts"], answer.json["batches"]) == (2, 1, 3)


async def test_an_update_without_change_indexes_documents_as_the_mapping_is_now(client: AsgiClient) -> None:
    await client("PUT /books", {"mappings": {"dynamic": False, "properties": {"n": {"type": "long"}}}})
    await client("PUT /books/_doc/1?refresh=true", {"n": 1, "tag": "old"})
    await client("PUT /books/_mapping", {"properties": {"tag": {"type": "keyword"}}})
    search = {"query": {"term": {"tag": "old"}}}
    assert (await client("POST /books/_count", search)).json["count"] == 0
    answer = await client("POST /books/_update_by_query?refresh=true")
    assert (answer.json["total"], answer.json["updated"], answer.json["deleted"]) == (1, 1, 0)
    assert (await client("POST /books/_count", search)).json["count"] == 1
    assert (await client("GET /books/_doc/1")).json["_version"] == 2


async def test_an_update_runs_the_pipeline_that_is_asked_for(client: AsgiClient) -> None:
    await fill(client, "books", 2)
    await client("PUT /_ingest/pipeline/mark", {"processors": [{"set": {"field": "seen", "value": True}}]})
    answer = await client("POST /books/_update_by_query?pipeline=mark", {"query": {"term": {"n": 2}}})
    assert answer.json["updated"] == 1
    assert (await client("GET /books/_source/2")).json == {"n": 2, "seen": True}
    assert (await client("GET /books/_source/1")).json == {"n": 1}


async def test_an_update_runs_the_default_pipeline_of_the_index(client: AsgiClient) -> None:
    await fill(client, "books", 1)
    await client("PUT /_ingest/pipeline/mark", {"processors": [{"set": {"field": "seen", "value": True}}]})
    await client("PUT /books/_settings", {"index.default_pipeline": "mark"})
    await client("POST /books/_update_by_query")
    assert (await client("GET /books/_source/1")).json == {"n": 1, "seen": True}


async def test_an_update_keeps_routings_and_only_the_part_of_the_source_that_is_asked_for(client: AsgiClient) -> None:
    await client("PUT /books/_doc/1?refresh=true&routing=r", {"n": 1, "m": 2})
    assert (await client("POST /books/_update_by_query?_source=n")).json["updated"] == 1
    found = (await client("GET /books/_doc/1?routing=r")).json
    assert (found["_source"], found["_routing"]) == ({"n": 1}, "r")


async def test_a_batch_with_a_failure_is_finished_and_is_the_last(client: AsgiClient) -> None:
    await fill(client, "books", 4)
    fail = {"fail": {"message": "not this one", "if": "ctx.n == 1"}}
    await client("PUT /_ingest/pipeline/picky", {"processors": [fail]})
    answer = await client("POST /books/_update_by_query?pipeline=picky&scroll_size=2&conflicts=proceed")
    assert answer.status == 500
    assert (answer.json["total"], answer.json["updated"], answer.json["batches"]) == (4, 1, 1)
    assert [(one["id"], one["cause"]["type"], one["status"]) for one in answer.json["failures"]] == [
        ("1", "fail_processor_exception", 500)
    ]


async def test_a_search_pipeline_of_the_index_plays_no_part(client: AsgiClient) -> None:
    await fill(client, "books", 2)
    only = {"request_processors": [{"filter_query": {"query": {"term": {"n": 1}}}}]}
    await client("PUT /_search/pipeline/only", only)
    await client("PUT /books/_settings", {"index.search.default_pipeline": "only"})
    assert (await client("POST /books/_delete_by_query", ALL)).json["deleted"] == 2


async def test_no_index_at_all_is_an_empty_answer(client: AsgiClient) -> None:
    answer = await client("POST /nothing*/_update_by_query")
    assert (answer.status, answer.json["total"], answer.json["batches"]) == (200, 0, 0)


@pytest.mark.parametrize(
    ("target", "body", "status", "reason"),
    [
        ("_delete_by_query", None, 400, "Validation Failed: 1: query is missing;"),
        ("_delete_by_query", {}, 400, "Validation Failed: 1: query is missing;"),
        ("_delete_by_query", {"query": {"nope": {}}}, 400, "unknown query [nope]"),
        ("_delete_by_query", {**ALL, "script": {}}, 400, "Unknown key for a START_OBJECT in [script]."),
        ("_delete_by_query?pipeline=p", ALL, 400, "request [/books/_delete_by_query] contains unrecognized parameter: [pipeline]"),
        ("_delete_by_query?max_docs=0", ALL, 400, "[max_docs] should be >= [slices]"),
        ("_delete_by_query?max_docs=2&slices=3", ALL, 400, "[max_docs] should be >= [slices]"),
        ("_delete_by_query?max_docs=1", {**ALL, "max_docs": 2}, 400, "[max_docs] set to two different values [2] and [1]"),
        ("_delete_by_query?conflicts=maybe", ALL, 400, 'conflicts may only be "proceed" or "abort" but was [maybe]'),
        ("_delete_by_query?refresh=wait_for", ALL, 400, "Failed to parse value [wait_for] as only [true] or [false] are allowed."),
        ("_delete_by_query?scroll_size=0", ALL, 400, "Validation Failed: 1: [size] cannot be [0] in a scroll context;"),
        ("_delete_by_query?scroll_size=-1", ALL, 400, "[size] parameter cannot be negative, found [-1]"),
        ("_delete_by_query?from=1", ALL, 400, "Validation Failed: 1: using [from] is not allowed in a scroll context;2: from is not supported in this context;"),
        ("_delete_by_query?timeout=5", ALL, 400, "failed to parse setting [timeout] with value [5] as a time value: unit is missing or unrecognized"),
        ("_delete_by_query", [], 400, "Expected [START_OBJECT] but found [START_ARRAY]"),
        ("_update_by_query", {"script": {"source": "ctx._source.n = 1"}}, 400, "updates with a [script] are not supported by Ragstone yet"),
        ("_update_by_query", {"slice": {"id": 0, "max": 2}}, 400, "[slice] is not supported by Ragstone yet"),
        ("_update_by_query", {"_source": False}, 400, "[books][1] didn't store _source"),
        ("_update_by_query?scroll_size=20000", None, 400, "all shards failed"),
        ("_update_by_query", {"query": {"range": {"n": {"gte": "x"}}}}, 400, "all shards failed"),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused_and_changes_nothing(
    client: AsgiClient, target: str, body: Any, status: int, reason: str
) -> None:
    await fill(client, "books", 2)
    refused = await client(f"POST /books/{target}", body)
    assert (refused.status, refused.json["error"]["reason"]) == (status, reason)
    assert await left(client, "books") == ["1", "2"]
    assert (await client("GET /books/_doc/1")).json["_version"] == 1


async def test_a_missing_index_is_told(client: AsgiClient) -> None:
    refused = await client("POST /none/_delete_by_query", ALL)
    assert (refused.status, refused.json["error"]["type"]) == (404, "index_not_found_exception")


async def test_a_place_in_the_body_is_that_of_the_search_in_it(client: AsgiClient) -> None:
    body = b'{ "max_docs": 1,   "query": {"nope": {}}}'
    refused = await client("POST /books/_delete_by_query", body)
    assert (refused.json["error"]["line"], refused.json["error"]["col"]) == (1, 18)


# ── while it works ───────────────────────────────────────────────────────────────────────────────────────────────────


def service(node: Node, between: Callable[[float], Awaitable[None]], clock: ManualClock) -> ByQueryService:
    """By-query requests that do `between` where they would wait for the next batch."""
    services = node.services
    worker = ByScrollWorker(services.search, services.bulk, services.indices, clock, between)
    return ByQueryService(services.documents._engine, worker)


def request(**options: Any) -> ByScroll:
    return ByScroll(search=parse_search_body({**ALL, "size": 2}), **options)


async def test_a_change_between_two_batches_is_a_conflict_and_new_documents_are_left_alone(
    node: Node, client: AsgiClient
) -> None:
    await fill(client, "books", 4)

    async def between(_: float) -> None:
        await client("PUT /books/_doc/4?refresh=true", {"n": 40})
        await client("PUT /books/_doc/5?refresh=true", {"n": 50})

    progress = ByScrollStatus(ManualClock(), 4.0)
    by_query = service(node, between, ManualClock())
    outcome = await by_query.delete_by_query("books", request(refresh=True), progress)
    assert (outcome.status, progress.total, progress.deleted, progress.version_conflicts) == (409, 4, 3, 1)
    assert [failure.id for failure in outcome.failures] == ["4"]
    assert await left(client, "books") == ["4", "5"]


async def test_the_rate_is_kept_by_waiting_between_batches(node: Node, client: AsgiClient) -> None:
    await fill(client, "books", 5)
    waits: list[float] = []

    async def between(seconds: float) -> None:
        waits.append(seconds)

    outcome = await service(node, between, ManualClock()).update_by_query(
        "books", request(), ByScrollStatus(ManualClock(), 4.0)
    )
    # Two documents of four a second last half a second; behind the last ones nothing is to be waited for.
    assert waits == [0.5, 0.5]
    shown = outcome.to_json()
    assert (shown["updated"], shown["batches"], shown["requests_per_second"]) == (5, 3, 4.0)
    assert (shown["throttled_millis"], outcome.to_task()["throttled"]) == (1000, "1s")


async def test_a_request_that_is_asked_to_stop_does_so_before_the_next_batch(node: Node, client: AsgiClient) -> None:
    await fill(client, "books", 5)
    progress = ByScrollStatus(ManualClock(), 4.0)

    async def between(_: float) -> None:
        progress.cancel("by user request")

    outcome = await service(node, between, ManualClock()).delete_by_query("books", request(), progress)
    assert (outcome.status, progress.deleted, outcome.to_json()["canceled"]) == (200, 2, "by user request")
    assert await left(client, "books") == ["3", "4", "5"]


async def test_stopping_and_a_new_rate_end_a_wait_at_once(node: Node, client: AsgiClient) -> None:
    await fill(client, "books", 5)
    waits: asyncio.Queue[float] = asyncio.Queue()
    progress = ByScrollStatus(ManualClock(), 4.0)

    async def for_ever(seconds: float) -> None:
        await waits.put(seconds)
        await asyncio.Event().wait()

    by_query = service(node, for_ever, ManualClock())
    working = asyncio.create_task(by_query.delete_by_query("books", request(), progress))
    assert await waits.get() == 0.5
    assert progress.to_json()["throttled_until_millis"] == 500
    progress.rethrottle(0.5)
    assert await waits.get() == 4.0
    progress.cancel("by user request")
    outcome = await working
    assert (progress.deleted, outcome.to_json()["canceled"]) == (2, "by user request")
    assert outcome.to_json()["throttled_until_millis"] == 0


async def test_a_search_that_runs_out_of_time_says_so(node: Node, client: AsgiClient) -> None:
    await fill(client, "books", 5)
    clock = ManualClock()

    async def between(_: float) -> None:
        clock.time += 10

    search = parse_search_body({**ALL, "size": 2, "timeout": "5s"})
    outcome = await service(node, between, clock).delete_by_query(
        "books", ByScroll(search=search), ByScrollStatus(ManualClock(), 4.0)
    )
    assert (outcome.status, outcome.timed_out, outcome.progress.deleted) == (408, True, 2)


async def test_an_index_that_goes_between_two_batches_ends_the_request(node: Node, client: AsgiClient) -> None:
    await fill(client, "books", 5)

    async def between(_: float) -> None:
        await client("DELETE /books")

    with pytest.raises(Exception, match="no such index"):
        await service(node, between, ManualClock()).delete_by_query(
            "books", request(), ByScrollStatus(ManualClock(), 4.0)
        )
