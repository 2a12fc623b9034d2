"""`_field_caps` over HTTP: types, disagreements between indices, filters, and requests that make no sense."""

from typing import Any

import pytest

from ragstone.testing.asgi import AsgiClient


async def make(client: AsgiClient, name: str, **properties: Any) -> None:
    created = await client(f"PUT /{name}", {"mappings": {"properties": properties}})
    assert created.status == 200


async def test_fields_are_told_by_type_and_metadata_fields_with_them(client: AsgiClient) -> None:
    await make(client, "books", title={"type": "text"}, year={"type": "long"})
    answer = (await client("GET /books/_field_caps?fields=*")).json
    assert answer["indices"] == ["books"]
    assert answer["fields"]["title"] == {"text": {"type": "text", "searchable": True, "aggregatable": False}}
    assert answer["fields"]["year"] == {"long": {"type": "long", "searchable": True, "aggregatable": True}}
    assert answer["fields"]["_id"] == {"_id": {"type": "_id", "searchable": True, "aggregatable": True}}


async def test_a_pattern_brings_the_objects_around_what_it_finds(client: AsgiClient) -> None:
    await make(client, "books", author={"properties": {"name": {"type": "keyword"}, "born": {"type": "long"}}})
    answer = (await client("GET /_field_caps?fields=*.name,nope")).json
    assert sorted(answer["fields"]) == ["author", "author.name"]


async def test_indices_that_disagree_are_named_with_each_type(client: AsgiClient) -> None:
    await make(client, "a", t={"type": "text"}, k={"type": "keyword"}, m={"type": "long", "meta": {"unit": "x"}})
    await make(client, "b", t={"type": "keyword"}, k={"type": "keyword", "doc_values": False, "index": False})
    await make(client, "c", m={"type": "long", "meta": {"unit": "y"}})
    fields = (await client("GET /a,b,c/_field_caps?fields=t,k,m")).json["fields"]
    assert {type: one["indices"] for type, one in fields["t"].items()} == {"text": ["a"], "keyword": ["b"]}
    assert fields["k"]["keyword"] == {
        "type": "keyword",
        "searchable": False,
        "aggregatable": False,
        "non_searchable_indices": ["b"],
        "non_aggregatable_indices": ["b"],
    }
    assert fields["m"]["long"]["meta"] == {"unit": ["x", "y"]}
    assert "indices" not in fields["m"]["long"]


async def test_indices_without_the_field_count_as_a_type_of_their_own_when_asked(client: AsgiClient) -> None:
    await make(client, "a", n={"type": "long"})
    await make(client, "b", t={"type": "text"})
    fields = (await client("GET /a,b/_field_caps?fields=n&include_unmapped=true")).json["fields"]
    assert fields["n"] == {
        "long": {"type": "long", "searchable": True, "aggregatable": True, "indices": ["a"]},
        "unmapped": {"type": "unmapped", "searchable": False, "aggregatable": False, "indices": ["b"]},
    }


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ({"range": {"n": {"gte": 5}}}, ["a"]),
        ({"range": {"n": {"gte": 9}}}, []),
        ({"range": {"n": {"gte": "no number"}}}, ["a"]),
        ({"term": {"t": "nothing like this"}}, ["b"]),
        ({"bool": {"must": [{"exists": {"field": "n"}}], "should": [{"term": {"t": "x"}}]}}, ["a"]),
        ({"bool": {"should": [{"term": {"n": 1}}, {"term": {"t": "x"}}]}}, ["a", "b"]),
        ({"bool": {"must_not": [{"term": {"n": 1}}]}}, ["a", "b"]),
        ({"constant_score": {"filter": {"match_none": {}}}}, []),
        ({"match_all": {}}, ["a", "b"]),
    ],
)
async def test_a_filter_leaves_out_indices_where_nothing_can_match(
    client: AsgiClient, query: Any, left: list[str]
) -> None:
    await make(client, "a", n={"type": "long"})
    await make(client, "b", t={"type": "text"})
    await client("PUT /a/_doc/1?refresh=true", {"n": 5})
    answer = await client("POST /a,b/_field_caps?fields=n,t", {"index_filter": query})
    assert (answer.status, answer.json["indices"]) == (200, left)


async def test_a_range_leaves_an_empty_index_in(client: AsgiClient) -> None:
    await make(client, "a", n={"type": "long"})
    answer = await client("POST /a/_field_caps?fields=n", {"index_filter": {"range": {"n": {"gte": 0}}}})
    assert answer.json["indices"] == ["a"]


async def test_closed_indices_are_passed_over(client: AsgiClient) -> None:
    await make(client, "a", n={"type": "long"})
    await make(client, "b", n={"type": "long"})
    await client("POST /a/_close")
    assert (await client("GET /a,b/_field_caps?fields=n")).json["indices"] == ["b"]


@pytest.mark.parametrize(
    ("target", "body", "status", "reason"),
    [
        ("/a/_field_caps", None, 400, "specified fields can't be null or empty"),
        ("/a/_field_caps?fields=", {"fields": ["n"]}, 400, "specified fields can't be null or empty"),
        ("/a/_field_caps?fields=n", {"fields": ["n"]}, 400, "request does not support [fields]"),
        ("/a/_field_caps?fields=n", [], 400, "Expected [START_OBJECT] but found [START_ARRAY]"),
        ("/a/_field_caps?fields=n", {"index_filter": 3}, 400, "[_na] query malformed, must start with start_object"),
        ("/a/_field_caps?fields=n", {"index_filter": {"nope": {}}}, 400, "unknown query [nope]"),
        ("/a/_field_caps?fields=n&foo=1", None, 400, "request [/a/_field_caps] contains unrecognized parameter: [foo]"),
        ("/none/_field_caps?fields=n", None, 404, "no such index [none]"),
        ("/z*/_field_caps?fields=n&allow_no_indices=false", None, 404, "no such index [z*]"),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(
    client: AsgiClient, target: str, body: Any, status: int, reason: str
) -> None:
    await make(client, "a", n={"type": "long"})
    refused = await client(f"POST {target}", body)
    assert (refused.status, refused.json["error"]["reason"]) == (status, reason)


async def test_no_index_at_all_is_an_empty_answer(client: AsgiClient) -> None:
    assert (await client("GET /z*/_field_caps?fields=n")).json == {"indices": [], "fields": {}}
