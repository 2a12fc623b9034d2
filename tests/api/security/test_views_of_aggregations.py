"""What aggregations, doc values and highlights show to callers who may not see everything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ragstone.core import caller
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.security.model import IndexPermission, Role, SecurityConfiguration, User
from ragstone.security.permissions import Permissions
from ragstone.testing.asgi import AsgiClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROPERTIES = {
    "team": {"type": "keyword"},
    "n": {"type": "integer"},
    "at": {"type": "date"},
    "note": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
}
DOCUMENTS = [
    {"team": "red", "n": 1, "at": "2020-01-01", "note": "a red kettle"},
    {"team": "blue", "n": 2, "at": "2021-01-01", "note": "a blue kettle"},
    {"team": "red", "n": 3, "at": "2022-01-01", "note": "another kettle"},
    {"team": "blue", "n": 40, "at": "2030-01-01", "note": "hidden treasure"},
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AsgiClient]:
    path: Path = tmp_path_factory.mktemp("views")
    async with Node(Settings(port=0, data=path / "data")) as node:
        client = AsgiClient(node.app)
        await client("PUT /d", {"mappings": {"properties": PROPERTIES}})
        for number, document in enumerate(DOCUMENTS, 1):
            await client(f"PUT /d/_doc/{number}?refresh=true", document)
        yield client


@contextmanager
def somebody(*, dls: str | None = None, fls: Sequence[str] = (), masked: Sequence[str] = ()) -> Iterator[None]:
    """Requests inside come from a user who sees this."""
    role = Role(("*",), (IndexPermission(("*",), ("*",), dls, tuple(fls), tuple(masked)),))
    configuration = SecurityConfiguration({}, {"r": role}, {}, {}, {}, 1)
    token = caller.subject.set(Permissions(configuration).subject(User("vera", security_roles=("r",))))
    try:
        yield
    finally:
        caller.subject.reset(token)


async def computed(client: AsgiClient, aggregations: object, **body: object) -> Any:
    answer = await client("POST /d/_search", {"size": 0, "aggs": aggregations, **body})
    assert answer.status == 200, answer.text
    return answer.json["aggregations"]


RED = '{"term": {"team": "red"}}'
NUMBERS: dict[str, Any] = {
    **{kind: {kind: {"field": "n"}} for kind in ("sum", "max", "avg", "stats", "value_count", "cardinality")},
    "when": {"max": {"field": "at"}},
}


async def test_hidden_documents_are_in_no_number_and_no_bucket(client: AsgiClient) -> None:
    inside = {"of": {"sum": {"field": "n"}}}
    asked = {
        **NUMBERS,
        "teams": {"terms": {"field": "team"}, "aggs": inside},
        "blue": {"filter": {"term": {"team": "blue"}}, "aggs": inside},
        "both": {"filters": {"filters": [{"match_all": {}}, {"range": {"n": {"gt": 30}}}], "other_bucket": True}},
        "without": {"missing": {"field": "n"}},
    }
    with somebody(dls=RED):
        found = await computed(client, asked)
    assert found["sum"] == {"value": 4.0}
    assert found["stats"] == {"count": 2, "min": 1.0, "max": 3.0, "avg": 2.0, "sum": 4.0}
    assert [found[name]["value"] for name in ("max", "avg", "value_count", "cardinality")] == [3.0, 2.0, 2, 2]
    assert found["when"]["value_as_string"] == "2022-01-01T00:00:00.000Z"
    assert found["teams"]["buckets"] == [{"key": "red", "doc_count": 2, "of": {"value": 4.0}}]
    assert found["blue"] == {"doc_count": 0, "of": {"value": 0.0}}
    assert found["both"]["buckets"] == [{"doc_count": 2}, {"doc_count": 0}, {"doc_count": 0}]
    assert found["without"] == {"doc_count": 0}


async def test_global_is_all_that_is_visible(client: AsgiClient) -> None:
    with somebody(dls=RED):
        found = await computed(
            client,
            {"g": {"global": {}, "aggs": {**NUMBERS, "teams": {"terms": {"field": "team"}}}}},
            query={"term": {"n": 1}},
        )
    assert found["g"]["doc_count"] == 2
    assert found["g"]["sum"] == {"value": 4.0}
    assert [bucket["key"] for bucket in found["g"]["teams"]["buckets"]] == ["red"]


async def test_empty_buckets_inside_others_are_refused_where_documents_are_hidden(client: AsgiClient) -> None:
    empty = {"t": {"terms": {"field": "team", "min_doc_count": 0}}}
    with somebody(dls=RED):
        refused = await client("POST /d/_search", {"aggs": {"g": {"filter": {"match_all": {}}, "aggs": empty}}})
    assert refused.status == 400
    assert refused.json["error"]["reason"] == "min_doc_count 0 is not supported when DLS is activated"


async def test_hidden_fields_have_no_values(client: AsgiClient) -> None:
    with somebody(fls=["~n", "~at"]):
        found = await computed(
            client,
            {
                **NUMBERS,
                "given": {"sum": {"field": "n", "missing": 1}},
                "without": {"missing": {"field": "n"}},
                "low": {"filter": {"range": {"n": {"lt": 3}}}},
                "keys": {"terms": {"field": "n", "missing": 7}},
            },
        )
    assert found["stats"] == {"count": 0, "min": None, "max": None, "avg": None, "sum": 0.0}
    assert [found[name]["value"] for name in ("sum", "max", "avg", "value_count", "cardinality", "when")] == [
        0.0,
        None,
        None,
        0,
        0,
        None,
    ]
    assert found["given"] == {"value": 4.0}
    assert found["without"] == {"doc_count": 4}
    assert found["low"] == {"doc_count": 0}
    assert [(bucket["key"], bucket["doc_count"]) for bucket in found["keys"]["buckets"]] == [(7, 4)]


async def test_masked_fields_are_counted_and_nothing_else(client: AsgiClient) -> None:
    """A number under a mask has no sum: it would be the number itself."""
    with somebody(masked=["n", "team::/.+/::?"]):
        found = await computed(
            client,
            {
                **NUMBERS,
                "teams": {"terms": {"field": "team"}, "aggs": {"k": {"value_count": {"field": "n"}}}},
                "one": {"cardinality": {"field": "team"}},
                "guess": {"cardinality": {"field": "n", "missing": 40}},
                "low": {"filter": {"range": {"n": {"lt": 3}}}},
            },
        )
    assert found["stats"]["count"] == 0
    assert [found[name]["value"] for name in ("sum", "max", "avg")] == [0.0, None, None]
    assert [found[name]["value"] for name in ("value_count", "cardinality", "guess", "one")] == [4, 4, 4, 1]
    assert found["teams"]["buckets"] == [{"key": "?", "doc_count": 4, "k": {"value": 4}}]
    assert found["low"] == {"doc_count": 0}


async def test_doc_values_are_shown_as_far_as_they_may_be_seen(client: AsgiClient) -> None:
    asked = {"docvalue_fields": ["*m", "n", "at", "note.raw"], "_source": False, "query": {"ids": {"values": ["1"]}}}
    with somebody(fls=["~at", "~note"], masked=["n", "team::/.+/::?"]):
        [hit] = (await client("POST /d/_search", asked)).json["hits"]["hits"]
    assert list(hit["fields"]) == ["team", "n"]
    assert hit["fields"]["team"] == ["?"]
    assert len(hit["fields"]["n"][0]) == 64
    with somebody(dls=RED):
        found = (await client("POST /d/_search", {"docvalue_fields": ["n"]})).json["hits"]["hits"]
    assert [hit["fields"] for hit in found] == [{"n": [1]}, {"n": [3]}]


ANY: dict[str, Any] = {"fields": {"*": {}}, "require_field_match": False}


async def test_nothing_is_highlighted_in_hidden_fields(client: AsgiClient) -> None:
    named = {"note": {"no_match_size": 50}, "note.raw": {"no_match_size": 50}, "team": {}}
    queries: list[dict[str, Any]] = [{"match": {"note": "kettle"}}, {"match_all": {}}, {"prefix": {"note": "ket"}}]
    asked: list[dict[str, Any]] = [{"*": {}}, named, {"note": {"highlight_query": {"match": {"note": "kettle"}}}}]
    with somebody(fls=["~note"]):
        for query in queries:
            for fields in asked:
                body = {"query": query, "highlight": {**ANY, "fields": fields}}
                answer = await client("POST /d/_search", body)
                assert answer.status == 200, answer.text
                assert "kettle" not in answer.text
                assert all("highlight" not in hit for hit in answer.json["hits"]["hits"])


async def test_the_words_of_hidden_fields_are_not_marked_in_others(client: AsgiClient) -> None:
    """A fuzzy or begun word of a hidden field stands for none of those that are there."""
    query = {"bool": {"should": [{"match_all": {}}, {"prefix": {"team": "re"}}]}}
    with somebody(fls=["~team"]):
        hits = (await client("POST /d/_search", {"query": query, "highlight": ANY})).json["hits"]["hits"]
    assert len(hits) == 4
    assert all("highlight" not in hit for hit in hits)


async def test_masked_fields_are_not_highlighted(client: AsgiClient) -> None:
    query = {"bool": {"should": [{"match_all": {}}, {"match": {"note": "kettle"}}, {"term": {"team": "red"}}]}}
    shown = {"team": {"no_match_size": 9}, "note": {"no_match_size": 9, "type": "plain"}, "note.raw": {}}
    with somebody(masked=["note", "team::/.+/::?"]):
        hits = (await client("POST /d/_search", {"query": query, "highlight": {**ANY, "fields": shown}})).json
    assert all("highlight" not in hit for hit in hits["hits"]["hits"])


async def test_hidden_documents_are_not_highlighted_and_do_not_matter(client: AsgiClient) -> None:
    asked = {"query": {"match": {"note": "kettle treasure"}}, "highlight": {"fields": {"note": {}}}, "sort": ["n"]}
    with somebody(dls=RED):
        hits = (await client("POST /d/_search", asked)).json["hits"]["hits"]
    assert [hit["highlight"]["note"] for hit in hits] == [["a red <em>kettle</em>"], ["another <em>kettle</em>"]]


WIDE: dict[str, Any] = {
    "r": {"range": {"field": "n", "ranges": [{"to": 3}, {"from": 3}]}},
    "h": {"histogram": {"field": "n", "interval": 2}},
    "d": {"date_histogram": {"field": "at", "calendar_interval": "year", "format": "yyyy"}},
}


async def test_buckets_of_numbers_and_dates_are_those_of_visible_documents(client: AsgiClient) -> None:
    with somebody(dls=RED):
        found = await computed(client, WIDE)
    assert [bucket["doc_count"] for bucket in found["r"]["buckets"]] == [1, 1]
    assert [(bucket["key"], bucket["doc_count"]) for bucket in found["h"]["buckets"]] == [(0.0, 1), (2.0, 1)]
    assert [bucket["key_as_string"] for bucket in found["d"]["buckets"]] == ["2020", "2021", "2022"]


@pytest.mark.parametrize("restriction", [{"fls": ["~n", "~at"]}, {"masked": ["n", "at"]}], ids=["hidden", "masked"])
async def test_no_bucket_tells_of_hidden_or_masked_numbers(client: AsgiClient, restriction: Any) -> None:
    with somebody(**restriction):
        found = await computed(client, WIDE)
    assert [bucket["doc_count"] for bucket in found["r"]["buckets"]] == [0, 0]
    assert found["h"] == found["d"] == {"buckets": []}
