"""`aggs` over HTTP: terms, and what is refused out loud."""

import pytest

from ragstone.core import json
from ragstone.testing.asgi import AsgiClient

BOOKS = [
    {"author": "Ada Moor", "year": 1998, "tags": ["sea", "calm"], "stock": True, "published": "1998-03-04"},
    {"author": "Ben Ode", "year": 2011, "tags": ["craft"], "stock": False},
    {"author": "Ada Moor", "year": 2011, "tags": ["sea", "storm"], "stock": True},
    {"author": "Cleo Ray"},
]


@pytest.fixture
async def books(client: AsgiClient) -> AsgiClient:
    properties = {
        "author": {"type": "keyword"},
        "tags": {"type": "keyword"},
        "year": {"type": "integer"},
        "stock": {"type": "boolean"},
        "published": {"type": "date"},
        "title": {"type": "text"},
    }
    for index in ("books", "more"):
        await client(f"PUT /{index}", {"mappings": {"properties": properties}})
    lines = b"".join(b'{"index":{}}\n' + json.encode(book) + b"\n" for book in BOOKS)
    await client("POST /books/_bulk?refresh=true", lines)
    await client("PUT /more/_doc/1?refresh=true", {"author": "Ben Ode"})
    return client


async def terms(client: AsgiClient, target: str, **options: object) -> object:
    answer = await client(f"POST /{target}/_search", {"size": 0, "aggs": {"a": {"terms": options}}})
    assert answer.status == 200, answer.text
    assert list(answer.json) == ["took", "timed_out", "_shards", "hits", "aggregations"]
    return answer.json["aggregations"]["a"]


async def test_buckets_go_by_count_and_then_by_key(books: AsgiClient) -> None:
    assert await terms(books, "books", field="tags") == {
        "doc_count_error_upper_bound": 0,
        "sum_other_doc_count": 0,
        "buckets": [
            {"key": "sea", "doc_count": 2},
            {"key": "calm", "doc_count": 1},
            {"key": "craft", "doc_count": 1},
            {"key": "storm", "doc_count": 1},
        ],
    }


async def test_what_is_cut_off_is_counted(books: AsgiClient) -> None:
    found = await terms(books, "books,more", field="author", size=1, order={"_key": "desc"})
    assert found == {
        "doc_count_error_upper_bound": 0,
        "sum_other_doc_count": 4,
        "buckets": [{"key": "Cleo Ray", "doc_count": 1}],
    }


@pytest.mark.parametrize(
    ("field", "buckets"),
    [
        ("year", [{"key": 2011, "doc_count": 2}, {"key": 1998, "doc_count": 1}]),
        ("stock", [{"key": 1, "key_as_string": "true", "doc_count": 2}, {"key": 0, "key_as_string": "false", "doc_count": 1}]),
        ("published", [{"key": 888969600000, "key_as_string": "1998-03-04T00:00:00.000Z", "doc_count": 1}]),
        ("nope", []),
    ],
)  # fmt: skip
async def test_keys_show_as_their_type_does(books: AsgiClient, field: str, buckets: object) -> None:
    found = await terms(books, "books", field=field)
    assert isinstance(found, dict)
    assert found["buckets"] == buckets


async def test_only_matching_documents_count_and_a_post_filter_does_not_matter(books: AsgiClient) -> None:
    body = {
        "query": {"term": {"author": "Ada Moor"}},
        "post_filter": {"term": {"year": 1998}},
        "aggs": {"y": {"terms": {"field": "year", "min_doc_count": 1}, "meta": {"unit": "year"}}},
    }
    answer = (await books("POST /books/_search", body)).json
    assert answer["hits"]["total"]["value"] == 1
    assert answer["aggregations"]["y"]["meta"] == {"unit": "year"}
    assert [bucket["doc_count"] for bucket in answer["aggregations"]["y"]["buckets"]] == [1, 1]


@pytest.mark.parametrize(
    ("aggregation", "kind", "reason"),
    [
        ({"terms": {"field": "title"}}, "search_phase_execution_exception", "all shards failed"),
        ({"terms": {}}, "illegal_argument_exception", "Required one of fields [field, script], but none were specified. "),
        ({"avg": {"field": "year"}}, "illegal_argument_exception", "[aggregation avg] is not supported by Ragstone yet"),
        ({"term": {"field": "year"}}, "parsing_exception", "Unknown aggregation type [term] did you mean [terms]?"),
        ({"terms": {"field": "author"}, "aggs": {"b": {"terms": {"field": "year"}}}}, "illegal_argument_exception", "[aggs inside terms] is not supported by Ragstone yet"),
        ({"terms": {"field": "author", "size": 0}}, "x_content_parse_exception", None),
    ],
)  # fmt: skip
async def test_what_cannot_be_computed_is_refused(
    books: AsgiClient, aggregation: object, kind: str, reason: str | None
) -> None:
    refused = await books("POST /books/_search", {"size": 0, "aggs": {"a": aggregation}})
    assert (refused.status, refused.json["error"]["type"]) == (400, kind)
    assert reason is None or refused.json["error"]["reason"] == reason
