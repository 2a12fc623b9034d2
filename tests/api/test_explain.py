"""`_explain` and `_validate/query` over HTTP."""

from typing import Any

import pytest

from ragstone.core import json
from ragstone.core.xcontent import JsonObject
from ragstone.testing.asgi import AsgiClient

DOCUMENTS = (
    {"t": "quick brown fox", "k": "x", "n": 1, "b": True},
    {"t": "lazy brown dog sleeps", "k": "y", "n": 2},
    {"t": "fox fox", "n": 3},
)


async def fill(client: AsgiClient) -> None:
    fields = {"t": {"type": "text"}, "k": {"type": "keyword"}, "n": {"type": "long"}, "b": {"type": "boolean"}}
    await client("PUT /books", {"mappings": {"properties": {**fields, "d": {"type": "date"}}}})
    lines: list[Any] = []
    for number, document in enumerate(DOCUMENTS, 1):
        lines += [{"index": {"_id": f"{number}"}}, document]
    await client("POST /books/_bulk?refresh=true", b"".join(json.encode(line) + b"\n" for line in lines))


async def explained(client: AsgiClient, query: JsonObject, id: str = "1") -> JsonObject:
    answer = await client(f"POST /books/_explain/{id}", {"query": query})
    assert answer.status == 200
    found: JsonObject = answer.json
    return found


def flat(explanation: JsonObject) -> list[str]:
    """All descriptions, the outer ones first."""
    return [explanation["description"], *(text for detail in explanation["details"] for text in flat(detail))]


async def test_a_word_is_taken_apart_into_the_numbers_of_bm25(client: AsgiClient) -> None:
    await fill(client)
    found = await explained(client, {"match": {"t": "fox"}})
    assert found["matched"] is True
    weight = found["explanation"]
    assert weight["value"] == pytest.approx(0.21363801, rel=1e-5)
    assert weight["description"] == "weight(t:fox in 0) [PerFieldSimilarity], result of:"
    [score] = weight["details"]
    assert score["description"] == "score(freq=1.0), computed as boost * idf * tf from:"
    idf, tf = score["details"]
    assert idf["value"] == pytest.approx(0.47000363, rel=1e-5)
    assert [(one["value"], one["description"]) for one in idf["details"]] == [
        (2, "n, number of documents containing term"),
        (3, "N, total number of documents with field"),
    ]
    assert tf["value"] == pytest.approx(0.45454544, rel=1e-5)
    assert [one["value"] for one in tf["details"]] == [1.0, 1.2, 0.75, 3.0, 3.0]


QUERIES: list[JsonObject] = [
    {"match_all": {"boost": 2}},
    {"match": {"t": "quick fox"}},
    {"match": {"t": {"query": "quick fox", "operator": "and", "boost": 3}}},
    {"match": {"t": {"query": "quick brown zebra", "minimum_should_match": 2}}},
    {"match": {"t": {"query": "quik", "fuzziness": 1}}},
    {"match_phrase": {"t": "quick brown"}},
    {"match_phrase": {"t": {"query": "quick fox", "slop": 2}}},
    {"term": {"k": "x"}},
    {"term": {"b": True}},
    {"term": {"n": {"value": 1, "boost": 4}}},
    {"terms": {"k": ["x", "z"]}},
    {"range": {"n": {"gte": 1}}},
    {"exists": {"field": "k"}},
    {"ids": {"values": ["1"]}},
    {"prefix": {"k": "x"}},
    {"wildcard": {"k": "?"}},
    {"constant_score": {"filter": {"term": {"k": "x"}}, "boost": 2}},
    {"bool": {"must": [{"match": {"t": "fox"}}], "should": [{"term": {"k": "x"}}], "boost": 2}},
    {"bool": {"must": [{"match": {"t": "quick fox"}}], "filter": [{"term": {"k": "x"}}]}},
    {"bool": {"filter": [{"term": {"k": "x"}}]}},
    {"bool": {"must_not": [{"term": {"k": "y"}}]}},
    {"dis_max": {"queries": [{"match": {"t": "fox"}}, {"match": {"t": "quick"}}], "tie_breaker": 0.5}},
    {"multi_match": {"query": "fox x", "fields": ["t^2", "k"]}},
    {"multi_match": {"query": "quick fox", "fields": ["t", "k"], "type": "cross_fields"}},
    {"boosting": {"positive": {"match": {"t": "fox"}}, "negative": {"term": {"k": "x"}}, "negative_boost": 0.5}},
    {"query_string": {"query": "t:quick AND k:x"}},
    {"query_string": {"query": "t:\"quick brown\""}},
    {"simple_query_string": {"query": "quick", "fields": ["t"]}},
]  # fmt: skip


async def test_the_value_is_the_score_that_a_search_gives(client: AsgiClient) -> None:
    await fill(client)
    for query in QUERIES:
        hits = (await client("POST /books/_search?explain=true", {"query": query})).json["hits"]["hits"]
        found = {hit["_id"]: hit for hit in hits}
        assert "1" in found, query
        for id in ("1", "2", "3"):
            told = await explained(client, query, id)
            score = found[id]["_score"] if id in found else 0.0
            assert (told["matched"], told["explanation"]["value"]) == (id in found, score), query
            if id in found:
                assert found[id]["_explanation"] == told["explanation"], query


async def test_a_whole_is_made_of_its_parts(client: AsgiClient) -> None:
    await fill(client)
    checked = 0
    for query in QUERIES:
        top = (await explained(client, query))["explanation"]
        values = sorted((one["value"] for one in top["details"]), reverse=True)
        if top["description"] == "sum of:":
            assert top["value"] == pytest.approx(sum(values), rel=1e-6), query
        elif top["description"].startswith("max"):
            tie_breaker = 0.5 if "plus" in top["description"] else 0.0
            assert top["value"] == pytest.approx(values[0] + tie_breaker * sum(values[1:]), rel=1e-6), query
        checked += top["description"] == "sum of:" or top["description"].startswith("max")
    assert checked >= 6


async def test_hits_show_where_they_come_from_and_how_they_score(client: AsgiClient) -> None:
    await fill(client)
    body = {"query": {"match": {"t": "fox"}}, "explain": True, "size": 1}
    [hit] = (await client("POST /books/_search", body)).json["hits"]["hits"]
    assert (hit["_shard"], len(hit["_node"])) == ("[books][0]", 22)
    assert hit["_explanation"]["value"] == hit["_score"]
    assert hit["_explanation"]["description"] == "weight(t:fox in 2) [PerFieldSimilarity], result of:"


async def test_a_hybrid_query_is_not_explained_yet(client: AsgiClient) -> None:
    await fill(client)
    body = {"query": {"hybrid": {"queries": [{"match": {"t": "fox"}}]}}, "explain": True}
    refused = await client("POST /books/_search", body)
    assert (refused.status, refused.json["error"]["reason"]) == (
        400,
        "[explain of a hybrid query] is not supported by Ragstone yet",
    )


async def test_a_vector_is_among_the_nearest_or_not(client: AsgiClient) -> None:
    vector = {"type": "knn_vector", "dimension": 2, "method": {"name": "hnsw", "engine": "lucene", "space_type": "l2"}}
    await client("PUT /points", {"settings": {"index.knn": True}, "mappings": {"properties": {"v": vector}}})
    for number in range(3):
        await client(f"PUT /points/_doc/{number}?refresh=true", {"v": [number, 0]})
    query = {"query": {"knn": {"v": {"vector": [0, 0], "k": 2}}}}
    near, far = [(await client(f"POST /points/_explain/{id}", query)).json for id in (0, 2)]
    assert near["explanation"] == {"value": 1.0, "description": "within top 2 docs", "details": []}
    assert (far["matched"], far["explanation"]["description"]) == (False, "not in top 2 docs")


@pytest.mark.parametrize(
    ("query", "descriptions"),
    [
        ({"match": {"t": "zebra"}}, ["no matching term"]),
        ({"match": {"t": "zebra lion"}}, ["No matching clauses"]),
        ({"match": {"nope": "x"}}, ["unmapped fields [nope]"]),
        ({"term": {"k": "zz"}}, ["ConstantScore(k:zz) doesn't match id 0"]),
        ({"match_none": {}}, ['User requested "match_none" query.']),
        ({"bool": {"must": [{"match": {"t": "zebra"}}]}}, ["no matching term"]),
        (
            {"bool": {"must": [{"match": {"t": "zebra"}}, {"term": {"k": "x"}}]}},
            [
                "Failure to meet condition(s) of required/prohibited clause(s)",
                "no match on required clause (t:zebra)",
                "no matching term",
            ],
        ),
        (
            {"bool": {"must": [{"match_all": {}}], "must_not": [{"term": {"k": "x"}}]}},
            [
                "Failure to meet condition(s) of required/prohibited clause(s)",
                "match on prohibited clause (k:x)",
                "k:x",
            ],
        ),
        (
            {"bool": {"should": [{"term": {"k": "x"}}, {"term": {"k": "y"}}], "minimum_should_match": 2}},
            ["Failure to match minimum number of optional clauses: 2", "ConstantScore(k:x)"],
        ),
    ],
)
async def test_what_does_not_match_says_why(client: AsgiClient, query: JsonObject, descriptions: list[str]) -> None:
    await fill(client)
    found = await explained(client, query)
    assert (found["matched"], found["explanation"]["value"]) == (False, 0.0)
    told = flat(found["explanation"])
    assert [text for text in descriptions if text not in told] == []
    assert told[0] == descriptions[0]


async def test_the_document_comes_along_when_it_is_asked_for(client: AsgiClient) -> None:
    await fill(client)
    body: JsonObject = {"query": {"match_all": {}}}
    assert "get" not in (await client("POST /books/_explain/1", body)).json
    assert "get" not in (await client("POST /books/_explain/1?_source=false", body)).json
    whole = (await client("POST /books/_explain/1?_source=true", body)).json["get"]
    assert whole == {"_seq_no": 0, "_primary_term": 1, "found": True, "_source": DOCUMENTS[0]}
    assert (await client("POST /books/_explain/1?_source=n", body)).json["get"]["_source"] == {"n": 1}


async def test_only_what_a_search_sees_is_explained(client: AsgiClient) -> None:
    await client("PUT /books", {"settings": {"refresh_interval": -1}})
    await client("PUT /books/_doc/1", {"n": 1})
    missing = await client("GET /books/_explain/1", {"query": {"match_all": {}}})
    assert (missing.status, missing.json) == (404, {"_index": "books", "_id": "1", "matched": False})
    await client("POST /books/_refresh")
    await client("DELETE /books/_doc/1")
    assert (await client("GET /books/_explain/1", {"query": {"match_all": {}}})).json["matched"] is True


async def test_an_alias_with_a_filter_narrows_what_matches(client: AsgiClient) -> None:
    await fill(client)
    await client("PUT /books/_alias/few", {"filter": {"term": {"k": "y"}}})
    answer = await client("GET /few/_explain/1", {"query": {"match": {"t": "fox"}}})
    assert (answer.json["_index"], answer.json["matched"]) == ("books", False)


async def test_a_query_in_the_url_serves_where_there_is_no_body(client: AsgiClient) -> None:
    await fill(client)
    answer = await client("GET /books/_explain/1?q=k:x")
    assert answer.json["explanation"] == {"value": 1.0, "description": "ConstantScore(k:x)", "details": []}


@pytest.mark.parametrize(
    ("target", "body", "status", "kind", "reason"),
    [
        ("books/_explain/1", None, 400, "action_request_validation_exception", "Validation Failed: 1: query is missing;"),
        ("books/_explain/1", {"foo": 1}, 400, "parsing_exception", "request does not support [foo]"),
        ("books/_explain/1", b"{", 400, "parsing_exception", "Failed to parse"),
        ("books/_explain/1", {"query": {"nope": {}}}, 400, "parsing_exception", "unknown query [nope]"),
        ("books/_explain/1", {"query": {"range": {"n": {"gte": "x"}}}}, 400, "query_shard_exception", 'failed to create query: For input string: "x"'),
        ("none/_explain/1", {"query": {"match_all": {}}}, 404, "index_not_found_exception", "no such index [none]"),
        ("book*/_explain/1", {"query": {"match_all": {}}}, 404, "index_not_found_exception", "no such index [book*]"),
    ],
)  # fmt: skip
async def test_what_can_not_be_explained_is_refused(
    client: AsgiClient, target: str, body: Any, status: int, kind: str, reason: str
) -> None:
    await fill(client)
    refused = await client(f"POST /{target}", body)
    error = refused.json["error"]
    assert (refused.status, error["type"], error["reason"]) == (status, kind, reason)


# ── validate ─────────────────────────────────────────────────────────────────────────────────────────────────────────


UNDERSTOOD: list[tuple[JsonObject, str]] = [
    ({"match_all": {}}, "*:*"),
    ({"match_all": {"boost": 2}}, "*:*^2.0"),
    ({"match_none": {}}, 'MatchNoDocsQuery("User requested "match_none" query.")'),
    ({"term": {"k": "a"}}, "ConstantScore(k:a)"),
    ({"term": {"n": 3}}, "n:[3 TO 3]"),
    ({"term": {"b": True}}, "b:T"),
    ({"term": {"d": "2024-01-01"}}, "d:[1704067200000 TO 1704153599999]"),
    ({"terms": {"k": ["b", "a"]}}, "k:(a b)"),
    ({"match": {"t": "Fox"}}, "t:fox"),
    ({"match": {"nope": "x"}}, 'MatchNoDocsQuery("unmapped fields [nope]")'),
    ({"match": {"t": {"query": "a b c", "minimum_should_match": 2}}}, "(t:a t:b t:c)~2"),
    ({"match": {"t": {"query": "a b", "operator": "and", "boost": 2}}}, "(+t:a +t:b)^2.0"),
    ({"match_phrase": {"t": "a b"}}, 't:"a b"'),
    ({"range": {"n": {"gte": 1, "lt": 3}}}, "n:[1 TO 2]"),
    ({"range": {"n": {"gt": 1}}}, "n:[2 TO 9223372036854775807]"),
    ({"exists": {"field": "k"}}, "ConstantScore(FieldExistsQuery [field=k])"),
    ({"prefix": {"k": "a"}}, "k:a*"),
    ({"constant_score": {"filter": {"term": {"k": "a"}}, "boost": 2}}, "(ConstantScore(k:a))^2.0"),
    ({"bool": {"must": [{"match": {"t": "cold sea"}}], "filter": [{"term": {"b": True}}]}}, "+(t:cold t:sea) #b:T"),
    (
        {"bool": {"must": {"match": {"t": "x"}}, "must_not": {"term": {"k": "a"}}, "should": {"term": {"k": "b"}}}},
        "+t:x -ConstantScore(k:a) ConstantScore(k:b)",
    ),
    ({"dis_max": {"queries": [{"match": {"t": "a"}}, {"match": {"t": "b"}}], "tie_breaker": 0.3}}, "(t:a | t:b)~0.3"),
]  # fmt: skip


async def test_a_query_is_shown_as_it_is_understood(client: AsgiClient) -> None:
    await fill(client)
    for query, understood in UNDERSTOOD:
        answer = (await client("POST /books/_validate/query?explain=true", {"query": query})).json
        assert answer == {
            "_shards": {"total": 1, "successful": 1, "failed": 0},
            "valid": True,
            "explanations": [{"index": "books", "valid": True, "explanation": understood}],
        }


async def test_a_query_that_does_not_fit_one_index_is_not_valid(client: AsgiClient) -> None:
    await fill(client)
    await client("PUT /other", {"mappings": {"properties": {"n": {"type": "keyword"}}}})
    body = {"query": {"range": {"n": {"gte": "x"}}}}
    plain = (await client("POST /books,other/_validate/query", body)).json
    assert plain == {"_shards": {"total": 2, "successful": 2, "failed": 0}, "valid": False}
    told = (await client("POST /books,other/_validate/query?explain", body)).json["explanations"]
    assert [(one["index"], one["valid"]) for one in told] == [("books", False), ("other", True)]
    assert 'QueryShardException[failed to create query: For input string: "x"]; nested: ' in told[0]["error"]


@pytest.mark.parametrize("body", [b"{", b"[]", {"foo": 1}, {"query": 3}, {"query": {"nope": {}}}])
async def test_a_body_that_is_no_query_is_not_valid_either(client: AsgiClient, body: Any) -> None:
    await fill(client)
    assert (await client("POST /books/_validate/query", body)).json == {"valid": False}
    told = (await client("POST /books/_validate/query?explain=true", body)).json
    assert told["valid"] is False
    assert "[" in told["error"]


async def test_where_a_query_is_wrong_is_told(client: AsgiClient) -> None:
    await fill(client)
    told = await client("POST /books/_validate/query?explain=true", b'{"query": {"nope": {}}}')
    assert told.json["error"] == (
        "ParsingException[unknown query [nope]]; nested: NamedObjectNotFoundException[[1:20] unknown field [nope]];; "
        "org.opensearch.core.xcontent.NamedObjectNotFoundException: [1:20] unknown field [nope]"
    )


async def test_no_body_asks_for_everything_and_an_empty_one_for_nothing(client: AsgiClient) -> None:
    await fill(client)
    assert (await client("GET /books/_validate/query")).json["valid"] is True
    refused = await client("GET /books/_validate/query", {})
    assert (refused.status, refused.json["error"]["reason"]) == (400, "Validation Failed: 1: query cannot be null;")


@pytest.mark.parametrize("index", ["none", "z*"])
async def test_an_index_must_be_there(client: AsgiClient, index: str) -> None:
    refused = await client(f"GET /{index}/_validate/query?q=a")
    assert (refused.status, refused.json["error"]["reason"]) == (404, f"no such index [{index}]")


async def test_every_shard_is_told_when_asked(client: AsgiClient) -> None:
    await client("PUT /books", {"settings": {"number_of_shards": 2}})
    answer = (await client("GET /books/_validate/query?all_shards=true&q=t:a")).json
    assert answer["_shards"]["total"] == 2
    assert [(one["shard"], one["explanation"]) for one in answer["explanations"]] == [
        (0, 'MatchNoDocsQuery("unmapped fields [t]")'),
        (1, 'MatchNoDocsQuery("unmapped fields [t]")'),
    ]
