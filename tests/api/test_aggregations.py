"""`aggs` over HTTP: terms, numbers, filters, buckets in buckets, and what is refused out loud."""

from typing import Any

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
        ({"percentiles": {"field": "year"}}, "illegal_argument_exception", "[aggregation percentiles] is not supported by Ragstone yet"),
        ({"avg": {}}, "illegal_argument_exception", "Required one of fields [field, script], but none were specified. "),
        ({"avg": {"field": "author"}}, "search_phase_execution_exception", "all shards failed"),
        ({"avg": {"field": "title"}}, "search_phase_execution_exception", "all shards failed"),
        ({"avg": {"field": "year", "script": {}}}, "illegal_argument_exception", "[avg script] is not supported by Ragstone yet"),
        ({"avg": {"field": "year", "format": "0.0"}}, "illegal_argument_exception", "[avg format of numbers] is not supported by Ragstone yet"),
        ({"sum": {"felt": "year"}}, "x_content_parse_exception", None),
        ({"avg": {"field": "year"}, "aggs": {"b": {"avg": {"field": "year"}}}}, "aggregation_initialization_exception", "Aggregator [a] of type [avg] cannot accept sub-aggregations"),
        ({"filter": {"match_all": {}}, "aggs": {"b": {"global": {}}}}, "aggregation_execution_exception", "Aggregation [a] cannot have a global sub-aggregation [b]. Global aggregations can only be defined at the top level"),
        ({"filter": {"hybrid": {"queries": [{"match_all": {}}]}}}, "illegal_argument_exception", "[hybrid inside an aggregation or a highlight] is not supported by Ragstone yet"),
        ({"filter": {"termz": {"year": 1}}}, "parsing_exception", "unknown query [termz] did you mean any of [term, terms]?"),
        ({"filters": {}}, "illegal_argument_exception", "[filters] cannot be empty."),
        ({"filters": {"filters": [], "speed": 1}}, "parsing_exception", "Unknown key for a VALUE_NUMBER in [a]: [speed]."),
        ({"missing": {}}, "illegal_argument_exception", "Required one of fields [field, script], but none were specified. "),
        ({"cardinality": {"field": "year", "precision_threshold": -1}}, "x_content_parse_exception", None),
        ({"terms": {"field": "author", "include": "A.*"}}, "x_content_parse_exception", None),
        ({"range": {"field": "year"}}, "search_phase_execution_exception", "all shards failed"),
        ({"range": {"ranges": [{"to": 1}]}}, "illegal_argument_exception", "Required one of fields [field, script], but none were specified. "),
        ({"range": {"field": "author", "ranges": [{"to": 1}]}}, "search_phase_execution_exception", "all shards failed"),
        ({"range": {"field": "year", "ranges": [3]}}, "x_content_parse_exception", None),
        ({"range": {"field": "year", "missing": 1}}, "illegal_argument_exception", "[range missing] is not supported by Ragstone yet"),
        ({"histogram": {"field": "year", "interval": 0}}, "x_content_parse_exception", None),
        ({"histogram": {"field": "year"}}, "illegal_argument_exception", "[interval] must be >0 for histogram aggregation [a]"),
        ({"histogram": {"field": "author", "interval": 1}}, "search_phase_execution_exception", "all shards failed"),
        ({"histogram": {"field": "year", "interval": 1, "order": {"x": "asc"}}}, "x_content_parse_exception", None),
        ({"histogram": {"field": "year", "interval": 0.0001}}, "too_many_buckets_exception", "Trying to create too many buckets. Must be less than or equal to: [65535] but was [65536]. This limit can be set by changing the [search.max_buckets] cluster level setting."),
        ({"date_histogram": {"field": "published"}}, "search_phase_execution_exception", "all shards failed"),
        ({"date_histogram": {"field": "published", "calendar_interval": "2M"}}, "x_content_parse_exception", None),
        ({"date_histogram": {"field": "published", "fixed_interval": "1M"}}, "x_content_parse_exception", None),
        ({"date_histogram": {"field": "published", "fixed_interval": "1d", "calendar_interval": "day"}}, "illegal_argument_exception", "Cannot use [fixed_interval] with [calendar_interval] configuration option."),
        ({"date_histogram": {"field": "year", "fixed_interval": "1d"}}, "search_phase_execution_exception", "all shards failed"),
        ({"terms": {"field": "author", "order": {"zz": "asc"}}}, "search_phase_execution_exception", "all shards failed"),
        ({"term": {"field": "year"}}, "parsing_exception", "Unknown aggregation type [term] did you mean [terms]?"),
        ({"terms": {"field": "author", "size": 0}}, "x_content_parse_exception", None),
    ],
)  # fmt: skip
async def test_what_cannot_be_computed_is_refused(
    books: AsgiClient, aggregation: object, kind: str, reason: str | None
) -> None:
    refused = await books("POST /books/_search", {"size": 0, "aggs": {"a": aggregation}})
    assert (refused.status, refused.json["error"]["type"]) == (400, kind)
    assert reason is None or refused.json["error"]["reason"] == reason


async def computed(client: AsgiClient, target: str, aggregations: object, **body: object) -> Any:
    answer = await client(f"POST /{target}/_search", {"size": 0, "aggs": aggregations, **body})
    assert answer.status == 200, answer.text
    return answer.json["aggregations"]


async def test_numbers_are_made_of_all_values_that_were_found(books: AsgiClient) -> None:
    wanted = ("avg", "sum", "min", "max", "stats", "value_count", "cardinality")
    found = await computed(books, "books,more", {kind: {kind: {"field": "year"}} for kind in wanted})
    assert found == {
        "avg": {"value": 6020 / 3},
        "sum": {"value": 6020.0},
        "min": {"value": 1998.0},
        "max": {"value": 2011.0},
        "stats": {"count": 3, "min": 1998.0, "max": 2011.0, "avg": 6020 / 3, "sum": 6020.0},
        "value_count": {"value": 3},
        "cardinality": {"value": 2},
    }
    only = await computed(books, "books", {"a": {"sum": {"field": "year"}}}, query={"term": {"author": "Ben Ode"}})
    assert only == {"a": {"value": 2011.0}}


@pytest.mark.parametrize("field", ["nope", "year"])
async def test_where_nothing_has_a_value_numbers_are_null(books: AsgiClient, field: str) -> None:
    kinds = ("avg", "sum", "min", "max", "stats", "value_count", "cardinality")
    found = await computed(
        books, "books", {kind: {kind: {"field": field}} for kind in kinds}, query={"term": {"author": "Cleo Ray"}}
    )
    assert found == {
        **{kind: {"value": None} for kind in ("avg", "min", "max")},
        **{kind: {"value": 0} for kind in ("sum", "value_count", "cardinality")},
        "stats": {"count": 0, "min": None, "max": None, "avg": None, "sum": 0.0},
    }


async def test_documents_without_a_value_may_count_as_having_one(books: AsgiClient) -> None:
    found = await computed(
        books,
        "books,more",
        {
            "sum": {"sum": {"field": "year", "missing": 10}},
            "min": {"min": {"field": "year", "missing": "10"}},
            "n": {"value_count": {"field": "year", "missing": 0}},
            "c": {"cardinality": {"field": "author", "missing": "?"}},
            "y": {"cardinality": {"field": "year", "missing": 2011}},
            "none": {"avg": {"field": "nope", "missing": 4}},
            "when": {"max": {"field": "published", "missing": "2000-01-01"}},
        },
    )
    assert found["sum"] == {"value": 6040.0}
    assert found["min"] == {"value": 10.0}
    assert [found[name]["value"] for name in ("n", "c", "y")] == [5, 3, 2]
    assert found["none"] == {"value": 4.0}
    assert found["when"] == {"value": 946684800000.0, "value_as_string": "2000-01-01T00:00:00.000Z"}


async def test_dates_and_booleans_are_shown_as_texts_too(books: AsgiClient) -> None:
    found = await computed(
        books,
        "books",
        {
            "first": {"min": {"field": "published"}},
            "year": {"max": {"field": "published", "format": "yyyy"}},
            "all": {"stats": {"field": "published", "format": "yyyy-MM"}},
            "stock": {"min": {"field": "stock"}},
            "stocked": {"sum": {"field": "stock"}},
        },
    )
    assert found["first"] == {"value": 888969600000.0, "value_as_string": "1998-03-04T00:00:00.000Z"}
    assert found["year"]["value_as_string"] == "1998"
    assert {name: text for name, text in found["all"].items() if name.endswith("string")} == dict.fromkeys(
        ("min_as_string", "max_as_string", "avg_as_string", "sum_as_string"), "1998-03"
    )
    assert found["stock"] == {"value": 0.0, "value_as_string": "false"}
    assert found["stocked"]["value"] == 2.0


async def test_unsigned_longs_add_up_to_what_they_are(client: AsgiClient) -> None:
    await client("PUT /big", {"mappings": {"properties": {"n": {"type": "unsigned_long"}, "k": {"type": "keyword"}}}})
    for number, id in ((3, "1"), (2**64 - 1, "2"), ([4, 4], "3")):
        await client(f"PUT /big/_doc/{id}?refresh=true", {"n": number, "k": ["a", "a"]})
    found = await computed(client, "big", {"s": {"stats": {"field": "n"}}, "t": {"terms": {"field": "n"}}})
    assert found["s"]["min"] == 3.0
    assert found["s"]["max"] == float(2**64 - 1)
    assert [bucket["key"] for bucket in found["t"]["buckets"]] == [3, 4, 2**64 - 1]


async def test_a_text_that_a_document_repeats_is_one_value(client: AsgiClient) -> None:
    await client("PUT /twice", {"mappings": {"properties": {"k": {"type": "keyword"}, "n": {"type": "long"}}}})
    await client("PUT /twice/_doc/1?refresh=true", {"k": ["a", "b", "a"], "n": [2, 2, 3]})
    found = await computed(
        client, "twice", {"k": {"value_count": {"field": "k"}}, "n": {"sum": {"field": "n"}}, "t": {"terms": {"field": "n"}}}
    )  # fmt: skip
    assert found["k"] == {"value": 2}
    assert found["n"] == {"value": 7.0}
    assert found["t"]["buckets"] == [{"key": 2, "doc_count": 1}, {"key": 3, "doc_count": 1}]


async def test_buckets_hold_what_is_computed_for_them(books: AsgiClient) -> None:
    inside = {"years": {"max": {"field": "year"}}, "tags": {"terms": {"field": "tags", "size": 1}}}
    found = await computed(books, "books,more", {"a": {"terms": {"field": "author"}, "aggs": inside}})
    assert [(b["key"], b["doc_count"], b["years"]["value"]) for b in found["a"]["buckets"]] == [
        ("Ada Moor", 2, 2011.0),
        ("Ben Ode", 2, 2011.0),
        ("Cleo Ray", 1, None),
    ]
    assert [[tag["key"] for tag in b["tags"]["buckets"]] for b in found["a"]["buckets"]] == [["sea"], ["craft"], []]
    stock = await computed(
        books, "books", {"a": {"terms": {"field": "stock"}, "aggs": {"y": {"sum": {"field": "year"}}}}}
    )
    assert [(b["key"], b["y"]["value"]) for b in stock["a"]["buckets"]] == [(1, 4009.0), (0, 2011.0)]


@pytest.mark.parametrize(
    ("order", "keys"),
    [
        ({"low": "asc"}, ["Ada Moor", "Ben Ode", "Cleo Ray"]),
        ({"low": "desc"}, ["Ben Ode", "Ada Moor", "Cleo Ray"]),
        ({"all.count": "desc"}, ["Ada Moor", "Ben Ode", "Cleo Ray"]),
        ({"sea>n.value": "asc"}, ["Ben Ode", "Cleo Ray", "Ada Moor"]),
        ({"sea": "desc"}, ["Ada Moor", "Ben Ode", "Cleo Ray"]),
        ([{"all.max": "desc"}, {"_key": "desc"}], ["Ben Ode", "Ada Moor", "Cleo Ray"]),
    ],
)
async def test_buckets_are_ordered_by_numbers_inside_them(books: AsgiClient, order: object, keys: object) -> None:
    inside = {
        "low": {"min": {"field": "year"}},
        "all": {"stats": {"field": "year"}},
        "sea": {"filter": {"term": {"tags": "sea"}}, "aggs": {"n": {"value_count": {"field": "year"}}}},
    }
    found = await computed(books, "books", {"a": {"terms": {"field": "author", "order": order}, "aggs": inside}})
    assert [bucket["key"] for bucket in found["a"]["buckets"]] == keys


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("zz", "The provided aggregation [zz] either does not exist, or is a pipeline aggregation and cannot be used to sort the buckets."),
        ("s", "When ordering on a multi-value metrics aggregation a metric name must be specified."),
        ("s.x", "Unknown metric name [x] on multi-value metrics aggregation [s]"),
        ("m.x", 'Ordering on a single-value metrics aggregation can only be done on its value. Either drop the key (a la "m") or change it to "value" (a la "m.value")'),
        ("t", "Buckets can only be sorted on a sub-aggregator path that is built out of zero or more single-bucket aggregations within the path and a final single-bucket or a metrics aggregation. Sub-path [t] points to non single-bucket aggregation"),
    ],
)  # fmt: skip
async def test_an_order_that_leads_to_no_number_is_refused(books: AsgiClient, path: str, why: str) -> None:
    inside = {"s": {"stats": {"field": "year"}}, "m": {"max": {"field": "year"}}, "t": {"terms": {"field": "year"}}}
    aggregation = {"terms": {"field": "author", "order": {path: "asc"}}, "aggs": inside}
    refused = await books("POST /books/_search", {"aggs": {"a": aggregation}})
    assert refused.status == 400
    assert refused.json["error"]["root_cause"] == [
        {"type": "aggregation_execution_exception", "reason": f"Invalid aggregation order path [{path}]. {why}"}
    ]


async def test_filters_make_buckets(books: AsgiClient) -> None:
    sea, old = {"term": {"tags": "sea"}}, {"range": {"year": {"lt": 2000}}}
    inside = {"n": {"value_count": {"field": "tags"}}}
    found = await computed(
        books,
        "books,more",
        {
            "one": {"filter": sea, "aggs": inside},
            "named": {"filters": {"filters": {"sea": sea, "old": old}, "other_bucket": True}, "aggs": inside},
            "listed": {"filters": {"filters": [sea, old], "other_bucket_key": "rest"}},
            "without": {"missing": {"field": "year"}},
        },
    )
    assert found["one"] == {"doc_count": 2, "n": {"value": 4}}
    assert found["named"]["buckets"] == {
        "old": {"doc_count": 1, "n": {"value": 2}},
        "sea": {"doc_count": 2, "n": {"value": 4}},
        "_other_": {"doc_count": 3, "n": {"value": 1}},
    }
    assert found["listed"] == {"buckets": [{"doc_count": 2}, {"doc_count": 1}, {"doc_count": 3}]}
    assert found["without"] == {"doc_count": 2}


async def test_global_looks_past_the_query_but_not_past_an_alias(books: AsgiClient) -> None:
    await books("POST /_aliases", {"actions": [{"add": {"index": "books", "alias": "ada", "filter": {"term": {"author": "Ada Moor"}}}}]})  # fmt: skip
    aggregation = {"g": {"global": {}, "aggs": {"y": {"max": {"field": "year"}}}}}
    query = {"range": {"year": {"lt": 2000}}}
    assert await computed(books, "books", aggregation, query=query) == {"g": {"doc_count": 4, "y": {"value": 2011.0}}}
    assert (await computed(books, "ada", aggregation, query=query))["g"]["doc_count"] == 2


async def test_terms_may_be_told_which_values_count(books: AsgiClient) -> None:
    assert await terms(books, "books,more", field="year", missing=1900) == {
        "doc_count_error_upper_bound": 0,
        "sum_other_doc_count": 0,
        "buckets": [{"key": 1900, "doc_count": 2}, {"key": 2011, "doc_count": 2}, {"key": 1998, "doc_count": 1}],
    }
    found = await computed(
        books,
        "books",
        {
            "in": {"terms": {"field": "tags", "include": ["sea", "calm"]}},
            "out": {"terms": {"field": "tags", "exclude": ["sea", "calm"]}},
            "years": {"terms": {"field": "published", "format": "yyyy", "show_term_doc_count_error": True}},
            "none": {"terms": {"field": "tags", "min_doc_count": 0}},
            "gap": {"terms": {"field": "year", "missing": 1}, "aggs": {"n": {"cardinality": {"field": "author"}}}},
        },
        query={"term": {"author": "Ada Moor"}},
    )
    assert [b["key"] for b in found["in"]["buckets"]] == ["sea", "calm"]
    assert [b["key"] for b in found["out"]["buckets"]] == ["storm"]
    assert found["years"]["buckets"] == [
        {"key": 888969600000, "key_as_string": "1998", "doc_count": 1, "doc_count_error_upper_bound": 0}
    ]
    assert [(b["key"], b["doc_count"]) for b in found["none"]["buckets"]] == [
        ("sea", 2),
        ("calm", 1),
        ("storm", 1),
        ("craft", 0),
    ]
    assert [b["n"]["value"] for b in found["gap"]["buckets"]] == [1, 1]


async def test_a_field_of_two_types_is_asked_index_by_index(books: AsgiClient) -> None:
    await books("PUT /texts", {"mappings": {"properties": {"year": {"type": "keyword"}}}})
    await books("PUT /texts/_doc/1?refresh=true", {"year": "old"})
    refused = await books("POST /books,texts/_search", {"aggs": {"a": {"avg": {"field": "year"}}}})
    assert refused.status == 400
    assert refused.json["error"]["root_cause"][0]["reason"] == (
        "Field [year] of type [keyword] is not supported for aggregation [avg]"
    )
    assert refused.json["error"]["failed_shards"][0]["index"] == "texts"


async def test_ranges_are_from_a_bound_on_and_below_another(books: AsgiClient) -> None:
    spans = [{"from": 2000, "key": "new"}, {"to": 1998}, {"from": 1998, "to": 2011.5}]
    inside = {"sum": {"sum": {"field": "year"}}}
    found = await computed(books, "books,more", {"a": {"range": {"field": "year", "ranges": spans}, "aggs": inside}})
    assert found["a"]["buckets"] == [
        {"key": "*-1998.0", "to": 1998.0, "doc_count": 0, "sum": {"value": 0.0}},
        {"key": "1998.0-2011.5", "from": 1998.0, "to": 2011.5, "doc_count": 3, "sum": {"value": 6020.0}},
        {"key": "new", "from": 2000.0, "doc_count": 2, "sum": {"value": 4022.0}},
    ]
    keyed = await computed(books, "books", {"a": {"range": {"field": "nope", "keyed": True, "ranges": [{"to": 1}]}}})
    assert keyed["a"]["buckets"] == {"*-1.0": {"to": 1.0, "doc_count": 0}}


async def test_ranges_of_dates_may_be_calculated(books: AsgiClient) -> None:
    spans = [{"to": "1998-03"}, {"from": "1998-03-31||/M", "to": "1999"}]
    found = await computed(books, "books", {"a": {"date_range": {"field": "published", "format": "yyyy-MM-dd||yyyy-MM||yyyy", "ranges": spans}}})  # fmt: skip
    assert [(b["key"], b["doc_count"]) for b in found["a"]["buckets"]] == [
        ("*-1998-03-01", 0),
        ("1998-03-01-1999-01-01", 1),
    ]
    assert found["a"]["buckets"][1]["from_as_string"] == "1998-03-01"


@pytest.mark.parametrize(
    ("options", "buckets"),
    [
        ({"interval": 10}, [(1990.0, 1), (2000.0, 0), (2010.0, 2)]),
        ({"interval": 10, "offset": 8, "min_doc_count": 1}, [(1998.0, 1), (2008.0, 2)]),
        ({"interval": 10, "order": {"_count": "desc"}}, [(2010.0, 2), (1990.0, 1), (2000.0, 0)]),
        ({"interval": 10, "order": {"_key": "desc"}, "min_doc_count": 2}, [(2010.0, 2)]),
        ({"interval": 10, "extended_bounds": {"min": 1985, "max": 2025}}, [(1980.0, 0), (1990.0, 1), (2000.0, 0), (2010.0, 2), (2020.0, 0)]),
        ({"interval": 10, "hard_bounds": {"max": 2005}}, [(1990.0, 1)]),
        ({"interval": 10, "hard_bounds": {"min": 2000, "max": 2015}}, [(2010.0, 2)]),
        ({"interval": 10, "hard_bounds": {"min": 1991}}, [(2010.0, 2)]),
    ],
)  # fmt: skip
async def test_a_histogram_has_no_gaps(books: AsgiClient, options: Any, buckets: object) -> None:
    found = await computed(books, "books,more", {"a": {"histogram": {"field": "year", **options}}})
    assert [(bucket["key"], bucket["doc_count"]) for bucket in found["a"]["buckets"]] == buckets
    keyed = await computed(books, "books,more", {"a": {"histogram": {"field": "year", "keyed": True, **options}}})
    assert list(keyed["a"]["buckets"].values()) == found["a"]["buckets"]


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"calendar_interval": "year"}, "1998-01-01T00:00:00.000Z"),
        ({"calendar_interval": "1q"}, "1998-01-01T00:00:00.000Z"),
        ({"calendar_interval": "month", "format": "yyyy/MM"}, "1998/03"),
        ({"calendar_interval": "week"}, "1998-03-02T00:00:00.000Z"),
        ({"interval": "day"}, "1998-03-04T00:00:00.000Z"),
        ({"interval": "12h"}, "1998-03-04T00:00:00.000Z"),
        ({"fixed_interval": "30d", "offset": "-1d"}, "1998-03-04T00:00:00.000Z"),
        ({"calendar_interval": "1M", "time_zone": "America/New_York"}, "1998-03-01T00:00:00.000-05:00"),
        ({"fixed_interval": "1d", "time_zone": "+05:30"}, "1998-03-04T00:00:00.000+05:30"),
    ],
)
async def test_dates_fall_into_the_calendar(books: AsgiClient, options: Any, key: str) -> None:
    inside = {"years": {"max": {"field": "year"}}}
    found = await computed(books, "books,more", {"a": {"date_histogram": {"field": "published", **options}, "aggs": inside}})  # fmt: skip
    [bucket] = found["a"]["buckets"]
    assert (bucket["key_as_string"], bucket["doc_count"], bucket["years"]) == (key, 1, {"value": 1998.0})


async def test_dates_have_bounds_in_their_own_format(books: AsgiClient) -> None:
    options = {"calendar_interval": "year", "format": "yyyy", "keyed": True}
    bounds = {"extended_bounds": {"min": "1997", "max": "1999"}, "hard_bounds": {"min": "1996", "max": "2000"}}
    found = await computed(books, "books", {"a": {"date_histogram": {"field": "published", **options, **bounds}}})
    assert {key: bucket["doc_count"] for key, bucket in found["a"]["buckets"].items()} == {
        "1997": 0,
        "1998": 1,
        "1999": 0,
    }
    none = await computed(books, "books", {"a": {"date_histogram": {"field": "nope", "fixed_interval": "1d"}}})
    assert none == {"a": {"buckets": []}}
