"""What callers with restricted roles see of documents and fields, over HTTP.

Most attacks are tried on twins: two indices that differ in nothing but in what is hidden. Whoever can tell them apart
has learned something.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import pytest_asyncio

from ragstone.core import caller, json
from ragstone.node import Node
from ragstone.security.model import IndexPermission, Role, SecurityConfiguration, User
from ragstone.security.permissions import Permissions
from ragstone.testing.asgi import Answer, AsgiClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAPPINGS = {
    "properties": {
        "text": {"type": "text"},
        "team": {"type": "keyword"},
        "n": {"type": "integer"},
        "secret": {"type": "keyword"},
        "alias": {"type": "alias", "path": "secret"},
        "salary": {"type": "integer"},
        "when": {"type": "date"},
        "diary": {"type": "text", "fields": {"keyword": {"type": "keyword"}}},
        "vec": {"type": "knn_vector", "dimension": 2, "method": {"name": "hnsw", "engine": "lucene"}},
        "crew": {"properties": {"name": {"type": "keyword"}, "secret": {"type": "keyword"}}},
        "flat": {"type": "flat_object"},
        "weights": {"type": "rank_features"},
    }
}
HIDING = ["~secret", "~salary", "~when", "~diary", "~vec", "~crew.secret", "~flat.secret", "~weights"]
SHOWING = ["text", "team", "n", "crew.name", "flat.open"]


def _hidden(value: int) -> dict[str, Any]:
    """The fields that nobody here sees, with one value or another."""
    return {
        "secret": f"s{value}",
        "salary": 1000 + value,
        "when": f"20{10 + value}-01-01",
        "diary": f"today number{value} and common",
        "vec": [value, 1],
        "weights": {f"w{value}": 1.5},
    }


def _document(number: int, value: int) -> dict[str, Any]:
    team = "red" if number % 2 else "blue"
    return {
        "text": f"word number{number}",
        "team": team,
        "n": number,
        "crew": {"name": f"c{number}", "secret": f"x{value}"},
        "flat": {"open": f"o{number}", "secret": f"y{value}"},
        **_hidden(value),
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    """`left` and `right` differ in hidden fields; `west` and `east` in documents of the team blue."""
    from ragstone.core.settings import Settings

    async with Node(Settings(port=0, data=tmp_path_factory.mktemp("views") / "data")) as node:
        client = AsgiClient(node.app)
        for index, values, blue in (
            ("left", [1, 2, 3, 4], 0),
            ("right", [7, 5, 6, 8], 0),
            ("west", [1, 2, 3, 4], 1),
            ("east", [1, 2, 3, 4], 2),
        ):
            await client(f"PUT /{index}", {"settings": {"index.knn": True}, "mappings": MAPPINGS})
            for number, value in enumerate(values, 1):
                document = _document(number, value)
                if blue and number % 2 == 0:
                    document |= {**_hidden(blue * 10), "n": 100 * blue, "text": f"only{blue}", "crew": {"name": "z"}}
                    if blue == 2:
                        continue
                await client(f"PUT /{index}/_doc/{number}", document)
            if blue == 2:
                await client(f"PUT /{index}/_doc/extra", _document(4, 9) | {"team": "blue", "more": "dynamic"})
            await client(f"POST /{index}/_refresh")
        yield node


@pytest.fixture
def client(node: Node) -> AsgiClient:
    return AsgiClient(node.app)


@contextmanager
def somebody(
    *, dls: str | Sequence[str] | None = None, fls: Sequence[str] = (), masked: Sequence[str] = (), on: str = "*"
) -> Iterator[None]:
    """Requests inside come from a user whose roles allow everything and show this; a role for each query."""
    queries = [dls] if dls is None or isinstance(dls, str) else dls
    roles = {
        f"r{number}": Role(("*",), (IndexPermission((on,), ("*",), query, tuple(fls), tuple(masked)),))
        for number, query in enumerate(queries)
    }
    configuration = SecurityConfiguration(
        {}, {"all": Role(("*",), (IndexPermission(("*",), ("*",)),)), **roles}, {}, {}, {}, 1
    )
    who = Permissions(configuration).subject(User("vera", security_roles=("all", *roles)))
    token = caller.subject.set(who)
    try:
        yield
    finally:
        caller.subject.reset(token)


RED = '{"term": {"team": "red"}}'


def told(answer: Answer, index: str) -> tuple[int, Any]:
    """An answer without what differs between any two indices."""
    text = re.sub(r'"(took|index_uuid|uuid|creation_date)" ?: ?("[^"]*"|\d+)', r'"\1":0', answer.text)
    text = re.sub(rf"\b{index}\b", "INDEX", text)
    text = re.sub(r"\[INDEX/[\w-]{22}\]", "[INDEX/UUID]", text)
    return answer.status, text


KNN = {"vector": [1, 1], "k": 3}
FIELD_ATTACKS: list[Any] = [
    {},
    {"query": {"term": {"secret": "s1"}}},
    {"query": {"terms": {"secret": ["s1", "s2"]}}},
    {"query": {"term": {"alias": "s1"}}},
    {"query": {"term": {"secret": {"value": "S1", "case_insensitive": True}}}},
    {"query": {"prefix": {"secret": "s1"}}},
    {"query": {"wildcard": {"secret": "s?"}}},
    {"query": {"wildcard": {"secret": "*"}}},
    {"query": {"regexp": {"secret": "s[1-4]"}}},
    {"query": {"fuzzy": {"secret": "s1"}}},
    {"query": {"range": {"salary": {"lt": 1003}}}},
    {"query": {"range": {"when": {"lt": "2013-01-01"}}}},
    {"query": {"bool": {"must_not": [{"range": {"salary": {"lt": 1003}}}]}}},
    {"query": {"match": {"diary": "number1"}}},
    {"query": {"match_phrase": {"diary": "today number1"}}},
    {"query": {"match": {"diary.keyword": "today number1 and common"}}},
    {"query": {"multi_match": {"query": "number1 s1", "fields": ["*"]}}},
    {"query": {"multi_match": {"query": "number1", "fields": ["diary", "text"]}}},
    {"query": {"multi_match": {"query": "s1"}}},
    {"query": {"query_string": {"query": "number1 OR s1 OR x1 OR y1"}}},
    {"query": {"query_string": {"query": "secret:s1"}}},
    {"query": {"query_string": {"query": "_exists_:secret"}}},
    {"query": {"query_string": {"query": "diary.\\*:number1"}}},
    {"query": {"simple_query_string": {"query": "number1 s1 x1 y1"}}},
    {"query": {"exists": {"field": "secret"}}},
    {"query": {"exists": {"field": "vec"}}},
    {"query": {"exists": {"field": "crew.secret"}}},
    {"query": {"exists": {"field": "flat.secret"}}},
    {"query": {"term": {"crew.secret": "x1"}}},
    {"query": {"term": {"flat": "y1"}}},
    {"query": {"term": {"flat.secret": "y1"}}},
    {"query": {"prefix": {"flat._valueAndPath": "secret="}}},
    {"query": {"knn": {"vec": KNN}}},
    {"query": {"knn": {"vec": {"vector": [1, 1], "min_score": 0.1}}}},
    {"query": {"neural_sparse": {"weights": {"query_tokens": {"w1": 1.0}}}}},
    {
        "query": {
            "hybrid": {"queries": [{"match": {"diary": "number1"}}, {"knn": {"vec": KNN}}, {"match": {"text": "word"}}]}
        }
    },
    {
        "query": {
            "boosting": {"positive": {"match_all": {}}, "negative": {"term": {"secret": "s1"}}, "negative_boost": 0.1}
        }
    },
    {"query": {"constant_score": {"filter": {"term": {"secret": "s1"}}}}},
    {"query": {"dis_max": {"queries": [{"match": {"text": "word"}}, {"term": {"secret": "s1"}}]}}},
    {"query": {"term": {"secret": {"value": "s1", "_name": "guess"}}}},
    {
        "query": {
            "bool": {"must": [{"match_all": {}}], "should": [{"term": {"secret": {"value": "s1", "_name": "guess"}}}]}
        }
    },
    {"post_filter": {"term": {"secret": "s1"}}},
    {"min_score": 1.5, "query": {"bool": {"must": [{"match_all": {}}], "should": [{"term": {"secret": "s1"}}]}}},
    {"sort": ["secret", "_doc"]},
    {"sort": [{"salary": "desc"}, "_doc"]},
    {"sort": [{"when": "asc"}, "_doc"]},
    {"sort": ["diary.keyword", "_doc"]},
    {"sort": ["alias", "_doc"]},
    {"sort": ["crew.secret", "_doc"]},
    {"sort": ["salary", "_doc"], "search_after": [1002, 0]},
    {"sort": [{"salary": {"order": "asc", "missing": 5}}, "_doc"]},
    {"size": 0, "aggs": {"a": {"terms": {"field": "secret"}}}},
    {"size": 0, "aggs": {"a": {"terms": {"field": "alias"}}}},
    {"size": 0, "aggs": {"a": {"terms": {"field": "diary.keyword"}}}},
    {"size": 0, "aggs": {"a": {"terms": {"field": "salary"}}}},
    {"size": 0, "aggs": {"a": {"terms": {"field": "flat"}}}},
    {"size": 0, "aggs": {"a": {"terms": {"field": "crew.secret"}}}},
    {"size": 0, "aggs": {"a": {"max": {"field": "salary"}}, "b": {"cardinality": {"field": "secret"}}}},
    {"size": 0, "aggs": {"a": {"filter": {"term": {"secret": "s1"}}}}},
    {"size": 0, "aggs": {"a": {"global": {}, "aggs": {"b": {"terms": {"field": "secret"}}}}}},
    {"size": 0, "aggs": {"a": {"top_hits": {}}}},
    {"size": 0, "aggs": {"a": {"histogram": {"field": "salary", "interval": 1}}}},
    {"size": 0, "aggs": {"a": {"date_histogram": {"field": "when", "calendar_interval": "year"}}}},
    {"size": 0, "aggs": {"a": {"missing": {"field": "secret"}}}},
    {"size": 0, "aggs": {"a": {"significant_terms": {"field": "secret"}}}},
    {"fields": ["*"], "_source": False},
    {"fields": ["secret", "sec*", "diary.keyword", "crew.*", "alias"]},
    {"docvalue_fields": ["secret", "salary", "diary.keyword"]},
    {"stored_fields": ["secret"]},
    {"_source": ["secret", "crew.secret", "*"]},
    {"collapse": {"field": "secret"}},
    {"rescore": {"query": {"rescore_query": {"term": {"secret": "s1"}}}, "window_size": 10}},
    {"script_fields": {"x": {"script": "doc['secret'].value"}}},
    {"query": {"script": {"script": "doc['secret'].value == 's1'"}}},
    {"query": {"script_score": {"query": {"match_all": {}}, "script": {"source": "doc['salary'].value"}}}},
    {"query": {"function_score": {"field_value_factor": {"field": "salary"}}}},
    {"sort": {"_script": {"type": "number", "script": "doc['salary'].value"}}},
    {"highlight": {"fields": {"*": {}}, "require_field_match": False}, "query": {"match": {"text": "number1"}}},
    {"highlight": {"fields": {"diary": {"highlight_query": {"match": {"diary": "common"}}}}}},
    {"suggest": {"s": {"text": "numbr1", "term": {"field": "diary"}}}},
    {"query": {"more_like_this": {"fields": ["diary"], "like": "common", "min_term_freq": 1, "min_doc_freq": 1}}},
    {"explain": True, "query": {"match": {"diary": "number1"}}},
    {"profile": True, "query": {"term": {"secret": "s1"}}},
    {"query": {"term": {"salary": "nonsense"}}},
    {"query": {"range": {"salary": {"gte": "nonsense"}}}},
]
DOCUMENT_ATTACKS: list[Any] = [
    {},
    {"track_total_hits": True, "size": 0},
    {"query": {"term": {"team": "blue"}}},
    {"query": {"bool": {"should": [{"term": {"team": "blue"}}, {"range": {"n": {"gte": 50}}}]}}},
    {"query": {"bool": {"must_not": [{"term": {"team": "red"}}]}}},
    {"query": {"constant_score": {"filter": {"match": {"text": "only1"}}}}},
    {"query": {"ids": {"values": ["2", "4", "extra"]}}},
    {"query": {"exists": {"field": "more"}}},
    {"query": {"exists": {"field": "vec"}}},
    {"query": {"knn": {"vec": {"vector": [10, 1], "k": 2}}}},
    {"query": {"knn": {"vec": {"vector": [10, 1], "k": 2, "filter": {"match_all": {}}}}}},
    {"query": {"knn": {"vec": {"vector": [10, 1], "min_score": 0.01}}}},
    {"query": {"bool": {"must": [{"knn": {"vec": {"vector": [10, 1], "k": 2}}}]}}},
    {"query": {"hybrid": {"queries": [{"term": {"team": "blue"}}, {"knn": {"vec": {"vector": [10, 1], "k": 2}}}]}}},
    {"sort": [{"n": "desc"}]},
    {"sort": ["n"], "from": 1, "size": 1},
    {"terminate_after": 1, "size": 0},
    {"min_score": 0.5},
    {"size": 0, "aggs": {"a": {"terms": {"field": "team"}}, "b": {"terms": {"field": "n"}}}},
    {"size": 0, "aggs": {"a": {"terms": {"field": "team", "min_doc_count": 0}}}},
    {"size": 0, "aggs": {"a": {"global": {}, "aggs": {"b": {"sum": {"field": "n"}}}}}},
    {"size": 0, "aggs": {"a": {"sum": {"field": "n"}, "meta": {"x": 1}}}},
    {"size": 0, "aggs": {"a": {"terms": {"field": "secret"}}}, "query": {"match_none": {}}},
    {"suggest": {"s": {"text": "onl1", "term": {"field": "text", "min_word_length": 3}}}},
    {"query": {"more_like_this": {"fields": ["text"], "like": [{"_id": "2"}], "min_term_freq": 1, "min_doc_freq": 1}}},
    {"query": {"terms": {"n": {"index": "west", "id": "2", "path": "n"}}}},
    {"profile": True},
]


@pytest.mark.parametrize("body", FIELD_ATTACKS, ids=lambda body: json.encode(body).decode())
@pytest.mark.parametrize("fields", [HIDING, SHOWING], ids=["hiding", "showing"])
async def test_no_search_tells_of_hidden_fields(client: AsgiClient, fields: list[str], body: Any) -> None:
    with somebody(fls=fields):
        left, right = [told(await client(f"POST /{name}/_search", body), name) for name in ("left", "right")]
    assert left == right
    assert left[0] in (200, 400)


@pytest.mark.parametrize(
    "request_line", ["POST /{index}/_count", "POST /{index}/_explain/1", "POST /{index}/_validate/query?explain=true"]
)
@pytest.mark.parametrize("fields", [HIDING, SHOWING], ids=["hiding", "showing"])
async def test_nothing_else_that_takes_a_query_tells_of_hidden_fields(
    client: AsgiClient, fields: list[str], request_line: str
) -> None:
    asked = [{"query": body["query"]} for body in FIELD_ATTACKS if "query" in body]
    with somebody(fls=fields):
        for body in asked:
            left, right = [
                told(await client(request_line.format(index=name), body), name) for name in ("left", "right")
            ]
            assert left == right, body


@pytest.mark.parametrize("body", FIELD_ATTACKS, ids=lambda body: json.encode(body).decode())
async def test_no_search_tells_of_masked_fields(client: AsgiClient, body: Any) -> None:
    """Equal values are shown as equal hashes; here every value is masked as the same text."""
    masks = ["secret", "salary", "when", "diary", "vec", "crew.secret", "flat.secret"]
    with somebody(masked=[f"{name}::/^.+$/::#" for name in masks], fls=["~weights"]):
        left, right = [told(await client(f"POST /{name}/_search", body), name) for name in ("left", "right")]
    assert left == right


@pytest.mark.parametrize("body", DOCUMENT_ATTACKS, ids=lambda body: json.encode(body).decode())
async def test_no_search_tells_of_hidden_documents(client: AsgiClient, body: Any) -> None:
    with somebody(dls=RED):
        west, east = [told(await client(f"POST /{name}/_search", body), name) for name in ("west", "east")]
    assert west == east
    assert west[0] in (200, 400)


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /{index}/_doc/2",
        "HEAD /{index}/_doc/2",
        "GET /{index}/_source/2",
        "HEAD /{index}/_source/2",
        "GET /{index}/_doc/2?realtime=false",
        "GET /{index}/_doc/2?version=1",
        "GET /{index}/_doc/2?version=7",
        "GET /{index}/_doc/2?_source=n",
        "GET /{index}/_doc/2?routing=x",
        "GET /{index}/_explain/2?q=n:100",
        "GET /{index}/_termvectors/2?fields=text",
        "GET /{index}/_search?q=team:blue",
        "GET /{index}/_count?q=team:blue",
        "GET /{index}/_mget?_source=n",
        "GET /_cat/count/{index}?h=count",
        "GET /{index}/_field_caps?fields=n",
        "GET /{index}/_search?q=team:blue&explain=true",
        "GET /{index}/_search?sort=n:desc&size=1",
        "GET /{index}*/_count",
        "GET /{index},*th*/_search?size=0",
    ],
)
async def test_a_hidden_document_is_not_there_by_its_id(client: AsgiClient, request_line: str) -> None:
    """`west` has a hidden document 2, `east` has none."""
    body = {"ids": ["2", "1"]} if "_mget" in request_line else None
    with somebody(dls=RED):
        west, east = [told(await client(request_line.format(index=name), body), name) for name in ("west", "east")]
    assert west == east


@pytest.mark.parametrize("fields", [HIDING, SHOWING], ids=["hiding", "showing"])
async def test_terms_of_hidden_fields_are_not_told(client: AsgiClient, fields: list[str]) -> None:
    target = "GET /{index}/_termvectors/1?fields=*&term_statistics=true"
    with somebody(fls=fields):
        left, right = [told(await client(target.format(index=name)), name) for name in ("left", "right")]
    assert left == right
    assert left[0] == 200


async def test_terms_of_a_visible_document_tell_nothing_of_hidden_ones(client: AsgiClient) -> None:
    target = "GET /{index}/_termvectors/1?fields=*&term_statistics=true"
    with somebody(dls=RED):
        west, east = [told(await client(target.format(index=name)), name) for name in ("west", "east")]
    assert west == east
    assert west[0] == 200
    with somebody():
        west, east = [told(await client(target.format(index=name)), name) for name in ("west", "east")]
    assert west != east


async def test_what_is_visible_is_read_by_its_id_at_once(client: AsgiClient) -> None:
    with somebody(dls=RED, fls=["n"]):
        await client("PUT /fresh/_doc/1", {"team": "red", "n": 1})
        answer = await client("GET /fresh/_doc/1")
        assert answer.json["_source"] == {"n": 1}
        assert (answer.json["_version"], answer.json["_seq_no"], answer.json["_primary_term"]) == (1, 0, 1)
        await client("PUT /fresh/_doc/1", {"team": "blue", "n": 2})
        assert (await client("GET /fresh/_doc/1")).json == {"_index": "fresh", "_id": "1", "found": False}
    assert (await client("GET /fresh/_doc/1")).json["_source"] == {"team": "blue", "n": 2}
    await client("DELETE /fresh")


async def test_documents_and_fields_are_cut_together(client: AsgiClient) -> None:
    with somebody(dls=RED, fls=["n", "secret"], masked=["secret::/.+/::?"]):
        found = (await client("GET /left/_search")).json["hits"]["hits"]
        assert [hit["_source"] for hit in found] == [{"n": 1, "secret": "?"}, {"n": 3, "secret": "?"}]
        several = (await client("POST /left/_mget", {"ids": ["1", "2"]})).json["docs"]
        assert [one.get("_source") for one in several] == [{"n": 1, "secret": "?"}, None]


async def test_queries_of_several_roles_add_up(client: AsgiClient) -> None:
    with somebody(dls=[RED, '{"term": {"n": 2}}']):
        assert (await client("GET /left/_count")).json["count"] == 3
    with somebody(dls=[RED, "{nope"]):
        assert (await client("GET /left/_count")).json["count"] == 2
    with somebody(dls="{nope"):
        assert (await client("GET /left/_count")).json["count"] == 0
    with somebody(dls='{"term": {"owner": "${attr.internal.none}"}}'):
        assert (await client("GET /left/_search")).json["hits"]["total"]["value"] == 0


@pytest.mark.parametrize("query", ['{"term": {"n": "nonsense"}}', '{"exists": {"field": "weights"}}'])
async def test_a_query_that_fails_shows_nothing_and_is_not_told(client: AsgiClient, query: str) -> None:
    with somebody(dls=query):
        answer = await client("GET /left/_search")
    assert (answer.status, answer.json["hits"]["hits"]) == (200, [])


async def test_a_query_over_hidden_fields_still_decides(client: AsgiClient) -> None:
    with somebody(dls='{"range": {"salary": {"lt": 1003}}}', fls=["~salary"]):
        found = (await client("GET /left/_search")).json["hits"]["hits"]
    assert [hit["_id"] for hit in found] == ["1", "2"]
    assert all("salary" not in hit["_source"] for hit in found)


async def test_a_view_follows_its_index_through_aliases_and_patterns(client: AsgiClient) -> None:
    await client(
        "POST /_aliases",
        {"actions": [{"add": {"index": "left", "alias": "al", "filter": {"range": {"n": {"lte": 2}}}}}]},
    )
    with somebody(dls=RED, on="left"):
        assert (await client("GET /al/_count")).json["count"] == 1
        assert (await client("GET /le*/_count")).json["count"] == 2
        assert (await client("GET /left,right/_count")).json["count"] == 6
        assert (await client("GET /al/_doc/2")).status == 404
        assert (await client("GET /al/_doc/3")).json["found"]
    await client("DELETE /left/_alias/al")


@pytest.mark.parametrize(
    "restriction", [{"dls": RED}, {"fls": ["n"]}, {"masked": ["n"]}], ids=lambda one: next(iter(one))
)
async def test_updates_are_refused_and_other_writes_are_not(client: AsgiClient, restriction: dict[str, Any]) -> None:
    reason = "Update is not supported when FLS or DLS or Fieldmasking is activated"
    with somebody(**restriction):
        for id in ("1", "none"):
            answer = await client(f"POST /left/_update/{id}", {"doc": {"n": 7}, "doc_as_upsert": True})
            assert (answer.status, answer.json["error"]["type"]) == (403, "security_exception")
            assert answer.json["error"]["reason"] == reason
        lines = (
            b'{"update":{"_index":"left","_id":"1"}}\n{"doc":{"n":7}}\n{"index":{"_index":"gone","_id":"1"}}\n{"n":1}\n'
        )
        items = (await client("POST /_bulk", lines)).json["items"]
        assert (items[0]["update"]["status"], items[0]["update"]["error"]["reason"]) == (403, reason)
        assert items[1]["index"]["status"] == 201
        assert (await client("DELETE /gone/_doc/1")).json["result"] == "deleted"
    assert (await client("GET /left/_doc/1")).json["_version"] == 1
    await client("DELETE /gone")


async def test_what_a_query_finds_is_written_for_visible_documents_only(client: AsgiClient) -> None:
    for number, team in enumerate(["red", "blue", "red"]):
        await client(f"PUT /fresh/_doc/{number}?refresh=true", {"team": team, "n": number, "secret": "s"})
    everything: dict[str, Any] = {"query": {"match_all": {}}}
    with somebody(dls='{"match": {"team": "red"}}'):
        assert (await client("POST /fresh/_update_by_query?refresh=true", everything)).json["updated"] == 2
    for fields, masks in ((["~secret"], []), ([], ["secret"])):
        with somebody(fls=fields, masked=masks):
            refused = await client("POST /fresh/_update_by_query", everything)
        assert (refused.status, refused.json["error"]["type"]) == (403, "security_exception")
    with somebody(dls='{"match": {"team": "red"}}', fls=["~secret"]):
        copied = await client("POST /_reindex?refresh=true", {"source": {"index": "fresh"}, "dest": {"index": "copy"}})
        assert copied.json["created"] == 2
        assert (await client("POST /fresh/_delete_by_query?refresh=true", everything)).json["deleted"] == 2
    [left] = (await client("GET /fresh/_search")).json["hits"]["hits"]
    assert left["_source"] == {"team": "blue", "n": 1, "secret": "s"}
    copies = (await client("GET /copy/_search")).json["hits"]["hits"]
    assert [hit["_source"] for hit in copies] == [{"team": "red", "n": 0}, {"team": "red", "n": 2}]
    await client("DELETE /fresh,copy")


async def test_what_is_remembered_of_a_filter_is_nobody_elses(client: AsgiClient) -> None:
    """Rows that a filter leaves are kept for the next search with the same filter."""
    views: list[dict[str, Any]] = [{}, {"fls": HIDING}, {"dls": RED}, {"masked": ["secret"]}]
    expected = [{"1"}, set(), {"1"}, set()]
    for order in ([0, 1, 2, 3], [3, 2, 1, 0]):
        filter = {"term": {"secret": {"value": "s1", "boost": 1 + order[0]}}}  # one that nobody has asked for
        body = {"query": {"knn": {"vec": {"vector": [1, 1], "k": 4, "filter": filter}}}}
        for number in order:
            if number == 0:
                found = await client("POST /left/_search", body)
            else:
                with somebody(**({"fls": ["~secret"]} if number == 1 else views[number])):
                    found = await client("POST /left/_search", body)
            assert {hit["_id"] for hit in found.json["hits"]["hits"]} == expected[number], (order, number)


async def test_mappings_show_visible_fields_only(client: AsgiClient) -> None:
    with somebody(fls=SHOWING):
        mapping = (await client("GET /left/_mapping")).json["left"]["mappings"]["properties"]
        assert sorted(mapping) == ["crew", "n", "team", "text"]
        assert list(mapping["crew"]["properties"]) == ["name"]
        assert (await client("GET /left")).json["left"]["mappings"]["properties"] == mapping
        assert (await client("GET /left/_mapping/field/s*")).json["left"]["mappings"] == {}
        caps = (await client("GET /left/_field_caps?fields=*")).json["fields"]
        assert [name for name in sorted(caps) if not name.startswith("_")] == ["crew", "crew.name", "n", "team", "text"]
    with somebody(fls=HIDING):
        mapping = (await client("GET /left/_mapping")).json["left"]["mappings"]["properties"]
        assert sorted(mapping) == ["crew", "flat", "n", "team", "text"]


async def test_an_index_filter_looks_at_visible_documents_only(client: AsgiClient) -> None:
    with somebody(dls=RED):
        asked = {"index_filter": {"range": {"n": {"gte": 50}}}}
        answers = [
            (await client(f"POST /{name}/_field_caps?fields=n", asked)).json["fields"] for name in ("west", "east")
        ]
    assert answers == [{}, {}]


async def test_keys_of_masked_values_are_counted_under_what_they_are_shown_as(client: AsgiClient) -> None:
    asked = {"size": 0, "aggs": {"a": {"terms": {"field": "secret", "order": {"_key": "asc"}}}}}
    with somebody(masked=["secret::/s[12]/::low::/s[34]/::high"]):
        buckets = (await client("POST /left/_search", asked)).json["aggregations"]["a"]["buckets"]
    assert buckets == [{"key": "high", "doc_count": 2}, {"key": "low", "doc_count": 2}]


@pytest.mark.parametrize("type", ["boolean", "date", "long", "double", "ip", "keyword"])
async def test_masked_values_of_every_type_are_counted_as_texts(client: AsgiClient, type: str) -> None:
    values = {"boolean": True, "date": "2020-01-01", "long": 5, "double": 1.5, "ip": "10.0.0.1", "keyword": "x"}
    mappings = {"properties": {"f": {"type": type}, "team": {"type": "keyword"}}}
    for index in ("masked", "open"):
        await client(f"PUT /{index}", {"mappings": mappings})
        await client(f"PUT /{index}/_doc/1?refresh=true", {"f": values[type], "team": "red"})
    asked = {"size": 0, "aggs": {"a": {"terms": {"field": "f"}}}}
    with somebody(masked=["f::/.+/::#"], on="masked"):
        alone = (await client("POST /masked/_search", asked)).json["aggregations"]["a"]["buckets"]
        both = (await client("POST /masked,open/_search", asked)).json["aggregations"]["a"]["buckets"]
        shown = (await client("GET /masked/_search?_source=f")).json["hits"]["hits"][0]["_source"]
    assert (alone, shown) == ([{"key": "#", "doc_count": 1}], {"f": "#"})
    assert both[0]["key"] == "#"
    assert len(both) == 2
    await client("DELETE /masked,open")


async def test_a_list_of_all_fields_restricts_nothing(client: AsgiClient) -> None:
    with somebody(fls=["*"]):
        assert (await client("POST /left/_update/1", {"doc": {"n": 1}})).json["result"] == "noop"


async def test_a_query_by_the_mask_finds_nothing_either(client: AsgiClient) -> None:
    with somebody(masked=["secret::/s1/::low"]):
        for value in ("s1", "low"):
            assert (await client("POST /left/_count", {"query": {"term": {"secret": value}}})).json["count"] == 0


async def test_whoever_is_not_restricted_sees_everything(client: AsgiClient) -> None:
    bodies = [{}, {"query": {"term": {"secret": "s1"}}}, {"query": {"knn": {"vec": KNN}}}]
    for body in bodies:
        free = (await client("POST /left/_search", body)).json["hits"]
        with somebody(dls=RED, on="other"):
            assert (await client("POST /left/_search", body)).json["hits"] == free


async def test_pages_of_a_scroll_are_seen_as_its_reader_sees_them_then(client: AsgiClient) -> None:
    with somebody(dls=RED, fls=["n"]):
        page = (await client("POST /left/_search?scroll=1m", {"size": 1, "sort": ["n"]})).json
        assert page["hits"]["total"]["value"] == 2
        found = [hit["_source"] for hit in page["hits"]["hits"]]
        while page["hits"]["hits"]:
            page = (await client("POST /_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})).json
            found += [hit["_source"] for hit in page["hits"]["hits"]]
    assert found == [{"n": 1}, {"n": 3}]
    opened = (await client("POST /left/_search?scroll=1m", {"size": 1, "sort": ["n"]})).json["_scroll_id"]
    with somebody(dls=RED, fls=["n"]):
        answer = await client("POST /_search/scroll", {"scroll": "1m", "scroll_id": opened})
    assert '"n":2' not in answer.text


async def test_a_point_in_time_of_somebody_else_shows_no_more(client: AsgiClient) -> None:
    pit = (await client("POST /left/_search/point_in_time?keep_alive=1m")).json["pit_id"]
    body = {"pit": {"id": pit}, "sort": ["n"], "track_total_hits": True}
    assert (await client("POST /_search", body)).json["hits"]["total"]["value"] == 4
    with somebody(dls=RED, fls=["n"]):
        hits = (await client("POST /_search", body)).json["hits"]
    assert hits["total"]["value"] == 2
    assert [hit["_source"] for hit in hits["hits"]] == [{"n": 1}, {"n": 3}]


async def test_the_twins_can_be_told_apart_by_whoever_sees_everything(client: AsgiClient) -> None:
    """Or the tests above would prove nothing."""

    async def apart(bodies: list[Any], *names: str) -> int:
        answers = [[told(await client(f"POST /{name}/_search", body), name) for body in bodies] for name in names]
        return sum(one != other for one, other in zip(*answers, strict=True))

    assert await apart(FIELD_ATTACKS, "left", "right") >= 40
    assert await apart(DOCUMENT_ATTACKS, "west", "east") >= 15


@pytest.mark.parametrize(
    "filter",
    [
        {"term": {"secret": "s1"}},
        {"range": {"salary": {"lt": 1003}}},
        {"bool": {"must_not": [{"term": {"secret": "s1"}}]}},
    ],
    ids=lambda filter: json.encode(filter).decode(),
)
async def test_the_filter_of_an_alias_tells_nothing_either(client: AsgiClient, filter: Any) -> None:
    """Whoever may make aliases would find out with one what a field holds."""
    found = []
    for index in ("left", "right"):
        with somebody(fls=HIDING):
            action = {"add": {"index": index, "alias": "guess", "filter": filter}}
            assert (await client("POST /_aliases", {"actions": [action]})).status == 200
            answers = [await client("POST /guess/_search"), await client("GET /guess/_count")]
            found.append([told(answer, index) for answer in answers])
            await client(f"DELETE /{index}/_alias/guess")
    assert found[0] == found[1]


async def test_copies_hold_no_more_than_was_seen(client: AsgiClient) -> None:
    with somebody(fls=HIDING, dls=RED):
        copied = await client("POST /_reindex?refresh=true", {"source": {"index": "left"}, "dest": {"index": "copy"}})
    assert copied.json["created"] == 2
    sources = [hit["_source"] for hit in (await client("GET /copy/_search")).json["hits"]["hits"]]
    assert [sorted(source) for source in sources] == [["crew", "flat", "n", "team", "text"]] * 2
    assert all("secret" not in source["crew"] for source in sources)
    await client("DELETE /copy")
