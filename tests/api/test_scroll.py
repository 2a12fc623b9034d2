"""Scrolls over HTTP. Texts are recorded OpenSearch behaviour."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from opensearchpy import OpenSearch, helpers

from ragstone.testing.asgi import AsgiClient

FIRST = "POST /books/_search?scroll=1m"
NEXT = "POST /_search/scroll"
VALIDATION = "Validation Failed: "


@pytest.fixture
async def books(client: AsgiClient) -> AsgiClient:
    await client("PUT /books", {"mappings": {"properties": {"t": {"type": "text"}, "n": {"type": "integer"}}}})
    for number in range(7):
        await client(f"PUT /books/_doc/{number}", {"t": "whale " * (number % 3 + 1), "n": number // 2})
    await client("POST /books/_refresh")
    return client


def ids(answer: Any) -> list[str]:
    return [hit["_id"] for hit in answer.json["hits"]["hits"]]


async def pages(client: AsgiClient, target: str, body: Any) -> AsyncIterator[Any]:
    answer = await client(target, body)
    while ids(answer):
        yield answer
        answer = await client(NEXT, {"scroll_id": answer.json["_scroll_id"], "scroll": "1m"})
    assert answer.status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sort": ["_doc"]},
        {"sort": [{"n": "desc"}]},
        {"query": {"match": {"t": "whale"}}},
        {"query": {"match": {"t": "whale"}}, "sort": ["n", "_score"]},
        {"query": {"match": {"t": "whale"}}, "min_score": 0.0001, "post_filter": {"range": {"n": {"gte": 0}}}},
    ],
)
async def test_pages_bring_what_one_search_would_bring_however_it_is_sorted(books: AsgiClient, body: Any) -> None:
    whole = (await books("POST /books/_search", {**body, "size": 100})).json["hits"]
    found = []
    async for page in pages(books, FIRST, {**body, "size": 3}):
        assert page.json["hits"]["total"] == {"value": 7, "relation": "eq"}
        assert page.json["hits"]["max_score"] == whole["max_score"]
        found += page.json["hits"]["hits"]
    assert found == whole["hits"]


async def test_a_scroll_sees_the_moment_of_its_first_page(books: AsgiClient) -> None:
    first = await books(FIRST, {"size": 4, "sort": ["_doc"], "aggs": {"n": {"terms": {"field": "n"}}}})
    assert next(iter(first.json)) == "_scroll_id"
    assert "aggregations" in first.json
    await books("PUT /books/_doc/5?refresh=true", {"t": "changed"})
    await books("DELETE /books/_doc/6?refresh=true")
    await books("PUT /books/_doc/new?refresh=true", {"t": "new"})
    second = await books(NEXT + "?rest_total_hits_as_int=true", {"scroll_id": first.json["_scroll_id"], "scroll": "1m"})
    assert ids(second) == ["4", "5", "6"]
    assert second.json["hits"]["total"] == 7
    assert second.json["hits"]["hits"][1]["_source"]["n"] == 2
    assert "aggregations" not in second.json


async def test_an_id_may_come_in_path_query_or_body_and_no_scroll_means_no_more_pages(books: AsgiClient) -> None:
    id = (await books(FIRST + "&size=2")).json["_scroll_id"]
    assert ids(await books(f"GET /_search/scroll/{id}?scroll=1m")) == ["2", "3"]
    assert ids(await books(f"GET /_search/scroll?scroll_id={id}&scroll=1m")) == ["4", "5"]
    assert ids(await books("GET /_search/scroll", {"scroll_id": id})) == ["6"]
    gone = await books(NEXT, {"scroll_id": id, "scroll": "1m"})
    reason = {"type": "search_context_missing_exception", "reason": f"No search context found for id [{id}]"}
    assert (gone.status, gone.json) == (
        404,
        {
            "error": {
                "root_cause": [reason],
                "type": "search_phase_execution_exception",
                "reason": "all shards failed",
                "phase": "query",
                "grouped": True,
                "failed_shards": [{"shard": -1, "index": None, "reason": reason}],
                "caused_by": reason,
            },
            "status": 404,
        },
    )


async def test_scrolls_are_cleared_by_id_by_ids_and_all_at_once(books: AsgiClient) -> None:
    one, two, three, four = [(await books(FIRST + "&size=2")).json["_scroll_id"] for _ in range(4)]
    freed = await books(f"DELETE /_search/scroll/{one}")
    assert (freed.status, freed.json) == (200, {"succeeded": True, "num_freed": 1})
    again = await books("DELETE /_search/scroll", {"scroll_id": one})
    assert (again.status, again.json) == (404, {"succeeded": True, "num_freed": 0})
    assert (await books("DELETE /_search/scroll", {"scroll_id": [one, two]})).json["num_freed"] == 1
    stats = (await books("GET /_nodes/stats/indices")).json["nodes"]
    assert [node["indices"]["search"]["scroll_current"] for node in stats.values()] == [2]
    assert (await books("DELETE /_search/scroll/_all")).json["num_freed"] == 2
    for id in (three, four):
        assert (await books(NEXT, {"scroll_id": id})).status == 404


@pytest.mark.parametrize(
    ("target", "body", "reason"),
    [
        (NEXT, None, VALIDATION + "1: scrollId is missing;"),
        (NEXT, {"scroll_id": "abc"}, "Cannot parse scroll id"),
        (NEXT, b"nope", "Failed to parse request body"),
        (NEXT, [], "Malformed content, must start with an object"),
        (NEXT, {"x": 1}, "Unknown parameter [x] in request body or parameter is of the wrong type[VALUE_NUMBER] "),
        (
            NEXT,
            {"scroll_id": ["a"]},
            "Unknown parameter [scroll_id] in request body or parameter is of the wrong type[START_ARRAY] ",
        ),
        ("DELETE /_search/scroll", None, VALIDATION + "1: no scroll ids specified;"),
        ("DELETE /_search/scroll", {"scroll_id": []}, VALIDATION + "1: no scroll ids specified;"),
        ("DELETE /_search/scroll", {"scroll_id": "abc"}, "Cannot parse scroll id"),
        ("DELETE /_search/scroll", {"scroll_id": [{}]}, "scroll_id array element should only contain scroll_id"),
        ("DELETE /_search/scroll", {"scroll_id": {}}, "scroll_id element should only contain scroll_id"),
        (
            FIRST + "&request_cache=true",
            {"size": 0, "from": 3, "track_total_hits": 5},
            VALIDATION + "1: disabling [track_total_hits] is not allowed in a scroll context;2: using [from] is not "
            "allowed in a scroll context;3: [size] cannot be [0] in a scroll context;4: [request_cache] cannot be used "
            "in a scroll context;",
        ),
        (
            FIRST,
            {"sort": ["_shard_doc"]},
            VALIDATION + "1: _shard_doc cannot be used with scroll. Use PIT + search_after instead.;2: _shard_doc is "
            "only supported with point-in-time (PIT). Add a PIT or remove _shard_doc.;",
        ),
        (FIRST, {"search_after": [1], "sort": ["n"]}, "`search_after` cannot be used in a scroll context."),
        (
            "GET /books/_search?scroll=60",
            None,
            "failed to parse setting [scroll] with value [60] as a time value: unit is missing or unrecognized",
        ),
    ],
)
async def test_what_is_no_scroll_is_told_so(books: AsgiClient, target: str, body: Any, reason: str) -> None:
    answer = await books(target, body)
    assert (answer.status, answer.json["error"]["reason"]) == (400, reason)


@pytest.mark.parametrize(
    ("target", "body", "reason"),
    [
        ("?scroll=2d", {}, "Keep alive for request (2d) is too large. It must be less than (1d). This limit can be set "
         "by changing the [search.max_keep_alive] cluster level setting."),
        ("?scroll=1m", {"size": 10001}, "Batch size is too large, size must be less than or equal to: [10000] but was "
         "[10001]. Scroll batch sizes cost as much memory as result windows so they are controlled by the "
         "[index.max_result_window] index level setting."),
        ("?scroll=1m", {"query": {"hybrid": {"queries": [{"match_all": {}}]}}},
         "Scroll operation is not supported in hybrid query"),
    ],
)  # fmt: skip
async def test_what_every_shard_refuses_leaves_no_scroll_open(
    books: AsgiClient, target: str, body: Any, reason: str
) -> None:
    answer = await books("POST /books/_search" + target, body)
    [failure] = answer.json["error"]["failed_shards"]
    assert (answer.status, failure["index"], failure["reason"]["reason"]) == (400, "books", reason)
    assert (await books("DELETE /_search/scroll/_all")).json["num_freed"] == 0


async def test_one_scroll_too_many_is_a_429_until_another_is_freed(books: AsgiClient) -> None:
    await books("PUT /_cluster/settings", {"transient": {"search.max_open_scroll_context": 1}})
    id = (await books(FIRST)).json["_scroll_id"]
    refused = await books(FIRST)
    assert (refused.status, refused.json["error"]["caused_by"]["type"]) == (429, "rejected_execution_exception")
    await books(f"DELETE /_search/scroll/{id}")
    assert (await books(FIRST)).status == 200


async def test_a_scroll_ends_with_its_index_and_a_failed_keep_alive_ends_nothing(books: AsgiClient) -> None:
    id = (await books(FIRST + "&size=2")).json["_scroll_id"]
    assert (await books(NEXT, {"scroll_id": id, "scroll": "2d"})).status == 400
    assert ids(await books(NEXT, {"scroll_id": id, "scroll": "1m"})) == ["2", "3"]
    await books("DELETE /books")
    gone = await books(NEXT, {"scroll_id": id, "scroll": "1m"})
    assert (gone.status, gone.json["error"]["caused_by"]["type"]) == (404, "search_context_missing_exception")
    assert (await books("DELETE /_search/scroll/_all")).json["num_freed"] == 0


async def test_a_scroll_counts_all_its_hits(client: AsgiClient) -> None:
    lines = b"".join(b'{"index":{"_id":"%d"}}\n{}\n' % number for number in range(10_001))
    await client("POST /many/_bulk?refresh=true", lines)
    answer = await client("POST /many/_search?scroll=1m", {"size": 1})
    assert answer.json["hits"]["total"] == {"value": 10_001, "relation": "eq"}


async def test_a_search_of_no_index_opens_no_scroll(client: AsgiClient) -> None:
    answer = await client("POST /none*/_search?scroll=1m")
    assert (answer.status, "_scroll_id" in answer.json) == (200, False)


async def test_a_scroll_goes_on_from_one_index_to_the_next_with_the_filters_of_aliases(books: AsgiClient) -> None:
    await books("PUT /more", {"aliases": {"low": {"filter": {"range": {"n": {"lte": 1}}}}}})
    for number in range(4):
        await books(f"PUT /more/_doc/more-{number}?refresh=true", {"n": number})
    found = [id async for page in pages(books, "POST /books,low/_search?scroll=1m", {"size": 3}) for id in ids(page)]
    assert found == ["0", "1", "2", "3", "4", "5", "6", "more-0", "more-1"]


def test_the_scan_of_opensearch_py_brings_everything_and_leaves_nothing_open(server: str) -> None:
    client = OpenSearch(server)
    documents = [{"_index": "books", "_id": str(n), "n": n} for n in range(25)]
    helpers.bulk(client, documents, refresh=True)
    found = list(helpers.scan(client, index="books", query={"query": {"range": {"n": {"gte": 5}}}}, size=4))
    assert sorted(int(hit["_id"]) for hit in found) == list(range(5, 25))
    assert client.transport.perform_request("DELETE", "/_search/scroll/_all", params={"ignore": 404})["num_freed"] == 0
