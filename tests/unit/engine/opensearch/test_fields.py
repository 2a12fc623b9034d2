"""Hidden and masked fields as a cluster is asked about them."""

from __future__ import annotations

from typing import Any

import pytest

import ragstone.dsl.aggs
import ragstone.dsl.queries  # noqa: F401  (registers them)
from ragstone.core.caller import IndexView
from ragstone.core.errors import IllegalArgumentException
from ragstone.dsl.aggregation import parse_aggregations
from ragstone.dsl.foreign import ForeignQuery
from ragstone.dsl.query import parse_query
from ragstone.dsl.sort import parse_sort
from ragstone.engine.opensearch.fields import NOWHERE, FieldViews, field_views
from ragstone.engine.values import IndexMetadata, QueryRequest
from ragstone.engine.visibility import visibility

MAPPING: dict[str, Any] = {
    "properties": {
        "title": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
        "salary": {"type": "long"},
        "nick": {"type": "alias", "path": "salary"},
        "crew": {"properties": {"name": {"type": "keyword"}, "pay": {"type": "long"}}},
        "vector": {"type": "knn_vector"},
        "bag": {"type": "flat_object"},
    }
}
HIDING = IndexView(fields=("~salary", "~crew.pay", "~vector"))
MASKING = IndexView(masked=("title",))


def index(name: str, mapping: Any = MAPPING) -> IndexMetadata:
    return IndexMetadata(name, "uuid", {}, mapping, {}, 0)


def views_of(**views: IndexView) -> FieldViews:
    known = {name: index(name) for name in ("books", "films")}
    found = field_views(list(known), known, {name: visibility(view) for name, view in views.items()})
    assert found is not None
    return found


def asked(query: Any, view: IndexView = HIDING, indices: tuple[str, ...] = ("books",), **more: Any) -> QueryRequest:
    known = {name: index(name) for name in indices}
    views = {"books": visibility(view)}
    found = field_views(indices, known, views)
    assert found is not None
    return found.inside(QueryRequest(indices, [parse_query(query)], views=views, **more))


@pytest.mark.parametrize(
    "query",
    [
        {"term": {"salary": 5}},
        {"range": {"nick": {"gt": 5}}},
        {"exists": {"field": "salary"}},
        {"exists": {"field": "sal*"}},
        {"match": {"nothing": "x"}},
        {"knn": {"vector": {"vector": [1.0], "k": 1}}},
        {"wildcard": {"crew.pay": "*"}},
        {"multi_match": {"query": "x", "fields": ["salary", "crew.pay"]}},
        {"query_string": {"query": "5", "default_field": "salary"}},
        {"term": {"_ignored": "salary"}},
    ],
)
def test_a_clause_about_a_hidden_field_matches_nothing(query: Any) -> None:
    [found] = asked(query).queries
    assert found.to_json() == {"match_none": {"boost": 1.0}}
    [inner] = asked({"bool": {"must_not": [query]}}).queries
    assert [child.to_json() for child in inner.children()] == [{"match_none": {"boost": 1.0}}]


@pytest.mark.parametrize(
    "query",
    [
        {"term": {"title": "x"}},
        {"term": {"title.raw": "x"}},
        {"ids": {"values": ["1"]}},
        {"match_all": {}},
        {"term": {"_id": "1"}},
        {"term": {"crew.name": "x"}},
    ],
)
def test_other_clauses_stay_as_they_are(query: Any) -> None:
    [found] = asked(query).queries
    assert found == parse_query(query)


def test_text_queries_are_of_the_fields_that_are_shown() -> None:
    [found] = asked({"multi_match": {"query": "x"}}).queries
    shown = found.to_json()["multi_match"]
    assert (shown["fields"], shown["lenient"]) == (["title^1.0", "title.raw^1.0", "crew.name^1.0"], True)
    [found] = asked({"simple_query_string": {"query": "x", "fields": ["salary", "title^2"]}}).queries
    assert found.to_json()["simple_query_string"]["fields"] == ["title^2.0"]
    [found] = asked({"query_string": {"query": "title:x OR y"}}).queries
    assert "salary" not in str(found.to_json())


@pytest.mark.parametrize(
    "text", ["salary:5", "title:x AND (y OR nick:[1 TO *])", "sal*:5", "_exists_:salary", "a:(", "\\*:5"]
)
def test_a_query_string_that_names_hidden_fields_is_refused(text: str) -> None:
    with pytest.raises(IllegalArgumentException, match="for who does not see all fields"):
        asked({"query_string": {"query": text}})


def test_a_query_that_nobody_here_has_read_is_refused() -> None:
    known, views = {"books": index("books")}, {"books": visibility(HIDING)}
    found = field_views(["books"], known, views)
    assert found is not None
    with pytest.raises(IllegalArgumentException, match="only the cluster understands"):
        found.inside(QueryRequest(["books"], [ForeignQuery.parse({"percolate": {"field": "q"}})], views=views))


def test_each_index_is_asked_what_is_shown_of_it() -> None:
    [found] = asked({"term": {"salary": 5}}, indices=("books", "films")).queries
    here, there = found.children()
    assert [list(child.to_json()) for child in here.children()] == [["match_none"], ["term"]]
    assert [child.to_json()["term"] for child in there.children()] == [
        {"salary": {"value": 5, "boost": 1.0}},
        {"_index": {"value": "films", "boost": 1.0}},
    ]


def test_an_index_that_is_not_known_shows_no_field() -> None:
    views = {"books": visibility(HIDING)}
    found = field_views(["books"], {}, views)
    assert found is not None
    [query] = found.inside(QueryRequest(["books"], [parse_query({"term": {"title": "x"}})], views=views)).queries
    assert list(query.to_json()) == ["match_none"]


def test_sorting_by_a_hidden_field_is_sorting_by_missing_values_of_its_type() -> None:
    keys = asked({"match_all": {}}, sort=parse_sort(["_score", "salary", {"title.raw": "desc"}])).sort
    assert [key.field for key in keys] == ["_score", NOWHERE, "title.raw"]
    assert keys[1].unmapped_type == "long"
    assert [key.field for key in asked({"match_all": {}}, MASKING, sort=parse_sort(["title.raw"])).sort] == [NOWHERE]


def test_aggregations_of_a_hidden_field_are_of_a_field_without_values() -> None:
    wanted = {
        "pay": {"terms": {"field": "salary"}, "aggs": {"mean": {"avg": {"field": "nick"}}}},
        "few": {"filter": {"range": {"salary": {"lt": 3}}}},
        "crew": {"terms": {"field": "crew.name"}},
    }
    found = asked({"match_all": {}}, aggregations=parse_aggregations(wanted)).aggregations
    shown = {name: node.definition() for name, node in found.items()}
    assert shown["pay"]["terms"]["field"] == NOWHERE
    assert shown["pay"]["aggregations"]["mean"]["avg"]["field"] == NOWHERE
    assert shown["few"] == {"filter": {"match_none": {"boost": 1.0}}}
    assert shown["crew"]["terms"]["field"] == "crew.name"


def test_buckets_of_a_masked_field_are_under_its_masks() -> None:
    views = views_of(books=MASKING)
    wanted = parse_aggregations(
        {"of": {"filter": {"match_all": {}}, "aggs": {"titles": {"terms": {"field": "title.raw"}}}}}
    )
    buckets = [{"key": "a", "doc_count": 2}, {"key": "b", "doc_count": 1}]
    shown = views.masked(wanted, {"of": {"doc_count": 3, "titles": {"buckets": buckets}}})
    keys = [bucket["key"] for bucket in shown["of"]["titles"]["buckets"]]
    assert all(len(key) == 64 for key in keys)
    assert len(set(keys)) == 2
    assert [bucket["doc_count"] for bucket in shown["of"]["titles"]["buckets"]] == [2, 1]


@pytest.mark.parametrize(
    "terms", [{"include": ["a"]}, {"exclude": ["a"]}, {"order": {"_key": "asc"}}, {"missing": "a"}]
)
def test_what_would_tell_of_masked_values_is_refused(terms: Any) -> None:
    wanted = parse_aggregations({"titles": {"terms": {"field": "title.raw", **terms}}})
    with pytest.raises(IllegalArgumentException, match=r"masked field \[title.raw\]"):
        asked({"match_all": {}}, MASKING, aggregations=wanted)


def test_documents_come_cut_and_masked() -> None:
    views = views_of(books=IndexView(fields=("~salary",), masked=("title",)))
    assert views.cut("films", b'{"salary":5}') == b'{"salary":5}'
    assert b"salary" not in views.cut("books", b'{"salary":5,"title":"x"}')
    assert b'"x"' not in views.cut("books", b'{"salary":5,"title":"x"}')


def test_a_flat_object_is_searched_where_all_of_it_is_shown() -> None:
    assert [list(query.to_json()) for query in asked({"term": {"bag.a": "x"}}).queries] == [["term"]]
    hiding = IndexView(fields=("~bag.b",))
    kinds = {
        path: list(asked({"term": {path: "x"}}, hiding).queries[0].to_json()) for path in ("bag", "bag.a", "bag.b")
    }
    assert kinds == {"bag": ["match_none"], "bag.a": ["match_none"], "bag.b": ["match_none"]}
