"""Points in time over HTTP. Texts are recorded OpenSearch behaviour."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.testing.asgi import AsgiClient

PIT = "/_search/point_in_time"
OPEN = f"POST /books{PIT}?keep_alive=1m"


@pytest.fixture
async def books(client: AsgiClient) -> AsgiClient:
    await client("PUT /books", {"mappings": {"properties": {"n": {"type": "integer"}}}})
    for number in range(6):
        await client(f"PUT /books/_doc/{number}", {"n": number // 4})
    await client("POST /books/_refresh")
    return client


async def opened(client: AsgiClient, target: str = OPEN) -> str:
    id: str = (await client(target)).json["pit_id"]
    return id


def ids(answer: Any) -> list[str]:
    return [hit["_id"] for hit in answer.json["hits"]["hits"]]


async def test_a_point_in_time_is_a_moment_that_later_searches_see(books: AsgiClient) -> None:
    made = await books(OPEN)
    assert made.json["_shards"] == {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
    assert made.json["creation_time"] > 1_500_000_000_000
    await books("PUT /books/_doc/late?refresh=true", {"n": 0})
    await books("DELETE /books/_doc/0?refresh=true")
    answer = await books("POST /_search", {"pit": {"id": made.json["pit_id"], "keep_alive": "2m"}})
    assert ids(answer) == ["0", "1", "2", "3", "4", "5"]
    assert next(iter(answer.json)) == "pit_id"
    assert answer.json["pit_id"] == made.json["pit_id"]
    assert ids(await books("POST /books/_search")) == ["1", "2", "3", "4", "5", "late"]


async def test_pages_by_search_after_bring_every_document_once_with_the_documents_number_as_last_key(
    books: AsgiClient,
) -> None:
    pit, after, found = {"id": await opened(books)}, None, []
    while True:
        body: dict[str, Any] = {"pit": pit, "size": 2, "sort": [{"n": "asc"}, {"_shard_doc": "asc"}]}
        page = await books("POST /_search", body if after is None else {**body, "search_after": after})
        if not ids(page):
            break
        found += ids(page)
        after = page.json["hits"]["hits"][-1]["sort"]
    assert found == ["0", "1", "2", "3", "4", "5"]
    assert after == [1, 5]


async def test_the_documents_number_tells_those_of_several_indices_apart(books: AsgiClient) -> None:
    for number in range(6):
        await books(f"PUT /more/_doc/more-{number}?refresh=true", {"n": number})
    body = {"pit": {"id": await opened(books, f"POST /books,more{PIT}?keep_alive=1m")}, "sort": ["_shard_doc"]}
    whole = await books("POST /_search", {**body, "size": 12})
    numbers = [hit["sort"][0] for hit in whole.json["hits"]["hits"]]
    assert numbers == sorted(set(numbers))
    rest = await books("POST /_search", {**body, "search_after": [numbers[4]], "size": 12})
    assert ids(rest) == ids(whole)[5:]
    backwards = await books("POST /_search", {**body, "sort": [{"_shard_doc": {"order": "desc"}}], "size": 12})
    assert ids(backwards) == ids(whole)[::-1]


async def test_a_filtered_alias_filters_its_point_in_time(books: AsgiClient) -> None:
    await books("PUT /books/_alias/ones", {"filter": {"term": {"n": 1}}})
    pit = await opened(books, f"POST /ones{PIT}?keep_alive=1m")
    assert ids(await books("POST /_search", {"pit": {"id": pit}})) == ["4", "5"]


async def test_points_in_time_are_listed_and_deleted(books: AsgiClient) -> None:
    first, second, third = await opened(books), await opened(books, f"POST /books{PIT}?keep_alive=5s"), None
    listed = (await books(f"GET {PIT}/_all")).json["pits"]
    assert [(pit["pit_id"], pit["keep_alive"]) for pit in listed] == [(first, 60000), (second, 30000)]
    assert all(pit["creation_time"] > 1_500_000_000_000 for pit in listed)
    gone = {"pits": [{"successful": True, "pit_id": first}]}
    assert (await books(f"DELETE {PIT}", {"pit_id": [first]})).json == gone
    assert (await books(f"DELETE {PIT}", {"pit_id": first})).json == gone
    third = await opened(books)
    everything = await books(f"DELETE {PIT}/_all")
    assert [pit["pit_id"] for pit in everything.json["pits"]] == [second, third]
    assert (await books(f"GET {PIT}/_all")).json == {"pits": []}
    missing = await books("POST /_search", {"pit": {"id": third}})
    assert (missing.status, missing.json["error"]["type"]) == (404, "search_phase_execution_exception")
    assert missing.json["error"]["root_cause"] == [
        {"type": "search_context_missing_exception", "reason": f"No search context found for id [{third}]"}
    ]


@pytest.mark.parametrize(
    ("target", "body", "reason"),
    [
        (f"POST /books{PIT}", None, "Validation Failed: 1: keep alive not specified;"),
        (
            f"POST /books{PIT}?keep_alive=2d",
            None,
            "Keep alive for request (2d) is too large. It must be less than (1d). This limit can be set by changing "
            "the [point_in_time.max_keep_alive] cluster level setting.",
        ),
        (f"POST /none*{PIT}?keep_alive=1m", None, "a point in time needs an index, but [none*] matches none"),
        ("POST /_search", {"pit": {"keep_alive": "1m"}}, "point int time id is not provided"),
        ("POST /_search", {"pit": {"id": "abc"}}, "invalid pit id"),
        ("POST /_search", {"pit": {"id": 5}}, "[1:14] [pit] id doesn't support values of type: VALUE_NUMBER"),
        ("POST /_search", {"pit": {"x": 5}}, "[1:9] [pit] unknown field [x]"),
        ("POST /_search", {"pit": "abc"}, "Unknown key for a VALUE_STRING in [pit]."),
        (
            "POST /books/_search",
            {"pit": {"id": "x"}},
            "Validation Failed: 1: [indices] cannot be used with point in time;",
        ),
        (
            "POST /_search?routing=1&preference=_local&ignore_unavailable=true&scroll=1m&ccs_minimize_roundtrips=true",
            {"pit": {"id": "x"}},
            "Validation Failed: 1: using [point in time] is not allowed in a scroll context;2: [indicesOptions] cannot "
            "be used with point in time;3: [routing] cannot be used with point in time;4: [preference] cannot be used "
            "with point in time;5: [ccs_minimize_roundtrips] cannot be used with point in time;",
        ),
        (
            "POST /books/_search",
            {"sort": ["_shard_doc", "_shard_doc"]},
            "Validation Failed: 1: _shard_doc is only supported with point-in-time (PIT). Add a PIT or remove "
            "_shard_doc.;2: duplicate _shard_doc sort detected. Specify it at most once.;",
        ),
        ("POST /books/_count", {"pit": {"id": "x"}}, "request does not support [pit]"),
        (f"DELETE {PIT}", None, "Validation Failed: 1: no pit ids specified;"),
        (f"DELETE {PIT}", {"pit_id": []}, "Validation Failed: 1: no pit ids specified;"),
        (f"DELETE {PIT}", {"pit_id": ["abc"]}, "invalid pit id"),
        (f"DELETE {PIT}", {"pit_id": {}}, "pit_id element should only contain pit_id"),
    ],
)
async def test_what_makes_no_point_in_time_is_told_so(books: AsgiClient, target: str, body: Any, reason: str) -> None:
    answer = await books(target, body)
    assert (answer.status, answer.json["error"]["reason"]) == (400, reason)


async def test_a_search_that_keeps_too_long_fails_in_every_index(books: AsgiClient) -> None:
    answer = await books("POST /_search", {"pit": {"id": await opened(books), "keep_alive": "2d"}})
    [failure] = answer.json["error"]["failed_shards"]
    assert (answer.status, failure["index"]) == (400, "books")
    assert failure["reason"]["reason"].startswith("Keep alive for request (2d) is too large.")


async def test_one_too_many_is_a_429(books: AsgiClient) -> None:
    await books("PUT /_cluster/settings", {"transient": {"search.max_open_pit_context": 1}})
    await opened(books)
    refused = await books(OPEN)
    assert (refused.status, refused.json["error"]["phase"]) == (429, "create_pit")
    assert refused.json["error"]["root_cause"][0]["reason"].startswith(
        "Trying to create too many Point In Time contexts. Must be less than or equal to: [1]."
    )


async def test_a_point_in_time_does_not_outlive_its_indices(books: AsgiClient) -> None:
    await books("PUT /more")
    both, one = await opened(books, f"POST /books,more{PIT}?keep_alive=1m"), await opened(books)
    await books("DELETE /more")
    gone = await books("POST /_search", {"pit": {"id": both}})
    assert (gone.status, gone.json["error"]["reason"]) == (404, "no such index [more]")
    await books("POST /books/_close")
    closed = await books("POST /_search", {"pit": {"id": one}})
    assert (closed.status, closed.json["error"]["type"]) == (400, "index_closed_exception")
    await books("POST /books/_open")
    lost = await books("POST /_search", {"pit": {"id": one}})
    assert (lost.status, lost.json["error"]["root_cause"][0]["type"]) == (404, "search_context_missing_exception")


async def test_msearch_takes_points_in_time_too(books: AsgiClient) -> None:
    pit = await opened(books)
    lines = b'{}\n{"pit":{"id":"%s"},"size":0}\n' % pit.encode()
    [answer] = (await books("POST /_msearch", lines)).json["responses"]
    assert (answer["status"], answer["pit_id"]) == (200, pit)
    refused = await books("POST /_msearch", lines.replace(b"{}", b'{"index":"books"}', 1))
    assert refused.json["error"]["reason"] == "Validation Failed: 1: [indices] cannot be used with point in time;"


@pytest.mark.parametrize("target", ["POST /_search", "POST /books/_search?scroll=1m"])
async def test_slices_bring_every_document_once(books: AsgiClient, target: str) -> None:
    await books("PUT /books/_doc/0?refresh=true", {"n": 7})
    held = {} if "scroll" in target else {"pit": {"id": await opened(books)}}
    found, totals = [], []
    for part in range(3):
        answer = await books(
            target, {**held, "slice": {"id": part, "max": 3}, "aggs": {"n": {"terms": {"field": "n"}}}}
        )
        found += ids(answer)
        totals.append(answer.json["hits"]["total"]["value"])
        assert sum(bucket["doc_count"] for bucket in answer.json["aggregations"]["n"]["buckets"]) == totals[-1]
    assert sorted(found) == ["0", "1", "2", "3", "4", "5"]
    assert sum(totals) == 6
    assert min(totals) > 0


async def test_a_slice_needs_a_scroll_or_a_point_in_time_and_not_too_many_others(books: AsgiClient) -> None:
    alone = await books("POST /books/_search", {"slice": {"id": 0, "max": 2}})
    reason = "`slice` cannot be used outside of a scroll context or PIT context"
    assert (alone.status, alone.json["error"]["reason"]) == (400, reason)
    pit = {"pit": {"id": await opened(books)}}
    for target, body, kind in (("/books/_search?scroll=1m", {}, "scroll"), ("/_search", pit, "pit")):
        many = await books(f"POST {target}", {**body, "slice": {"id": 0, "max": 1025}})
        assert (many.status, many.json["error"]["root_cause"][0]["reason"]) == (
            400,
            "The number of slices [1025] is too large. It must be less than [1024]. This limit can be set by changing "
            f"the [index.max_slices_per_{kind}] index level setting.",
        )
