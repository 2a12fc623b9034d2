"""`_search`, `_count` and `_msearch` over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core import json
from ragstone.testing.asgi import AsgiClient


@pytest.fixture
async def books(client: AsgiClient) -> AsgiClient:
    await client("PUT /books", {"mappings": {"properties": {"t": {"type": "text"}, "n": {"type": "integer"}}}})
    for number, text in enumerate(("red fox", "blue whale", "red whale"), 1):
        await client(f"PUT /books/_doc/{number}", {"t": text, "n": number})
    await client("POST /books/_refresh")
    return client


def ids(answer: Any) -> list[str]:
    return [hit["_id"] for hit in answer.json["hits"]["hits"]]


async def test_the_query_string_beats_the_body(books: AsgiClient) -> None:
    body = {"size": 3, "sort": [{"n": "asc"}], "track_total_hits": True, "_source": True}
    target = "POST /books/_search?size=1&from=1&sort=n:desc&track_total_hits=false&_source=false&version=true"
    answer = await books(target, body)
    assert answer.json["hits"] == {
        "max_score": None,
        "hits": [{"_index": "books", "_id": "2", "_version": 1, "_score": None, "sort": [2]}],
    }


async def test_totals_are_counted_up_to_a_threshold_or_shown_bare(books: AsgiClient) -> None:
    assert (await books("GET /books/_search?size=0")).json["hits"]["total"] == {"value": 3, "relation": "eq"}
    bounded = await books("POST /books/_search", {"size": 0, "track_total_hits": 2})
    assert bounded.json["hits"]["total"] == {"value": 2, "relation": "gte"}
    assert (await books("GET /books/_search?rest_total_hits_as_int=true")).json["hits"]["total"] == 3
    refused = await books("GET /books/_search?rest_total_hits_as_int=true&track_total_hits=2")
    assert refused.status == 400


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("_search?foo=1", "request [/books/_search] contains unrecognized parameter: [foo]"),
        ("_search?size=many", "Failed to parse int parameter [size] with value [many]"),
        ("_search?size=-1", "[size] parameter cannot be negative, found [-1]"),
        ("_search?explain=maybe", "Failed to parse value [maybe] as only [true] or [false] are allowed."),
        ("_search?search_type=sideways", "No search type for [sideways]"),
        ("_search?suggest_field=n", "[?suggest_field] is not supported by Ragstone yet"),
        ("_count?terminate_after=2", "[?terminate_after] is not supported by Ragstone yet"),
    ],
)
async def test_parameters_that_cannot_be_honoured_are_refused(books: AsgiClient, target: str, reason: str) -> None:
    answer = await books(f"GET /books/{target}")
    assert (answer.status, answer.json["error"]["reason"]) == (400, reason)


async def test_parameters_that_only_tune_are_taken(books: AsgiClient) -> None:
    tuning = "preference=_local&routing=x&request_cache=true&typed_keys=true&batched_reduce_size=5"
    assert len(ids(await books(f"GET /books/_search?{tuning}&search_type=dfs_query_then_fetch"))) == 3


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"fields": ["t", {"field": "n"}], "_source": False}, {"t": ["red fox"], "n": [1]}),
        ({"fields": ["none"], "_source": False}, None),
    ],
)
async def test_fields_show_values_as_they_are_mapped(books: AsgiClient, body: Any, fields: Any) -> None:
    answer = await books("POST /books/_search", {**body, "query": {"term": {"n": 1}}})
    [hit] = answer.json["hits"]["hits"]
    assert hit.get("fields") == fields
    assert "_source" not in hit


async def test_hits_tell_which_named_queries_they_match(books: AsgiClient) -> None:
    should = [
        {"match": {"t": {"query": "red", "_name": "is_red"}}},
        {"range": {"n": {"gte": 2, "_name": "later"}}},
        {"term": {"n": {"value": 9, "_name": "never"}}},
    ]
    answer = await books("POST /books/_search", {"query": {"bool": {"should": should}}, "sort": ["n"]})
    assert [hit.get("matched_queries") for hit in answer.json["hits"]["hits"]] == [
        ["is_red"],
        ["later"],
        ["is_red", "later"],
    ]


async def test_no_index_behind_a_pattern_is_an_empty_answer(books: AsgiClient) -> None:
    answer = (await books("GET /none*/_search")).json
    assert answer["_shards"] == {"total": 0, "successful": 0, "skipped": 0, "failed": 0}
    assert answer["hits"] == {"total": {"value": 0, "relation": "eq"}, "max_score": 0.0, "hits": []}
    assert (await books("GET /none/_search")).status == 404
    assert (await books("GET /none,books/_search?ignore_unavailable=true")).status == 200


async def test_count_takes_a_query_and_nothing_else(books: AsgiClient) -> None:
    assert (await books("GET /books/_count")).json == {
        "count": 3,
        "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
    }
    assert (await books("POST /_count", {"query": {"match": {"t": "red"}}})).json["count"] == 2
    assert (await books("POST /books/_count", {"size": 1})).json["error"]["reason"] == "request does not support [size]"


def lines(*parts: Any) -> bytes:
    return b"".join(json.encode(part) + b"\n" for part in parts)


async def test_each_of_several_searches_answers_or_fails_on_its_own(books: AsgiClient) -> None:
    body = lines(
        {}, {"query": {"match": {"t": "fox"}}}, {"index": "none"}, {}, {"index": ["books"]}, {"size": 0},
        {"index": "none", "ignore_unavailable": True}, {"search_pipeline": "gone"},
    )  # fmt: skip
    answer = (await books("POST /books/_msearch", body)).json
    assert [response["status"] for response in answer["responses"]] == [200, 404, 200, 400]
    assert [hit["_id"] for hit in answer["responses"][0]["hits"]["hits"]] == ["1"]
    assert answer["responses"][1]["error"]["type"] == "index_not_found_exception"
    assert "took" in answer


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "request body or source parameter is required"),
        (b"{}\n{}", "The msearch request must be terminated by a newline [\n]"),
        (b"{}\n", "Validation Failed: 1: no requests added;"),
        (lines({"speed": 1}, {}), "key [speed] is not supported in the metadata section"),
        (lines({"search_pipeline": "p"}, {}), "key [search_pipeline] is not supported in the metadata section"),
        (lines({}, {"query": {"nope": {}}}), "unknown query [nope]"),
    ],
)
async def test_malformed_searches_refuse_the_whole_request(books: AsgiClient, body: Any, reason: str) -> None:
    answer = await books("POST /books/_msearch", body)
    assert (answer.status, answer.json["error"]["reason"]) == (400, reason)


async def test_errors_of_several_searches_show_where_they_are(books: AsgiClient) -> None:
    answer = await books("POST /_msearch", b'{}\n{"query": {"nope": {}}}\n')
    assert (answer.json["error"]["line"], answer.json["error"]["col"]) == (1, 20)


async def test_a_query_in_the_url_is_lucene_s_language(client: AsgiClient) -> None:
    await client("PUT /books/_doc/1?refresh=true", {"title": "river of glass", "year": 2005})
    await client("PUT /books/_doc/2?refresh=true", {"title": "glass house", "year": 2020})

    async def ids(query: str) -> list[str]:
        return [hit["_id"] for hit in (await client(f"GET /books/_search?{query}")).json["hits"]["hits"]]

    assert await ids("q=river") == ["1"]
    assert await ids("q=title:glass%20AND%20year:%3E%3D2010") == ["2"]
    assert await ids("q=river%20house&df=title&default_operator=AND") == []
    assert (await client("GET /books/_count?q=glass")).json["count"] == 2
    lonely = await client("GET /books/_search?df=title")
    assert lonely.json["error"]["reason"] == "request [/books/_search] contains unrecognized parameter: [df]"


async def test_typed_keys_are_taken_as_long_as_there_is_nothing_to_type(client: AsgiClient) -> None:
    await client("PUT /books/_doc/1?refresh=true", {"n": 1})
    assert (await client("POST /books/_search?typed_keys=true", {})).status == 200
    counted = {"aggs": {"by": {"terms": {"field": "n"}}}}
    assert (await client("POST /books/_search", counted)).status == 200
    refused = await client("POST /books/_search?typed_keys=true", counted)
    assert refused.json["error"]["reason"] == "[?typed_keys with aggregations] is not supported by Ragstone yet"
    lines = b'{"index": "books"}\n{"aggs": {"by": {"terms": {"field": "n"}}}}\n'
    assert (await client("POST /_msearch?typed_keys=true", lines)).json["responses"][0]["status"] == 400


async def test_a_page_behind_a_hit_has_no_offset(client: AsgiClient) -> None:
    await client("PUT /books/_doc/1?refresh=true", {"year": 2005})
    body = {"sort": ["year"], "search_after": [1], "from": 1}
    refused = await client("POST /books/_search", body)
    assert (refused.status, refused.json["error"]["type"]) == (400, "search_exception")
    assert (await client("POST /books/_search", {**body, "from": 0})).json["hits"]["hits"][0]["_id"] == "1"
