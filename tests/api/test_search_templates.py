"""Search templates and stored scripts over HTTP. Texts are recorded OpenSearch behaviour."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core import json
from ragstone.testing.asgi import AsgiClient

SEARCH, RENDER, MSEARCH = "POST /books/_search/template", "POST /_render/template", "POST /_msearch/template"
BY_WORD = {"script": {"lang": "mustache", "source": {"query": {"match": {"t": "{{word}}"}}, "size": "{{n}}"}}}


@pytest.fixture
async def books(client: AsgiClient) -> AsgiClient:
    await client("PUT /books", {"mappings": {"properties": {"t": {"type": "text"}, "k": {"type": "keyword"}}}})
    for number, text in enumerate(("red fox", "blue whale", "red whale"), 1):
        await client(f"PUT /books/_doc/{number}", {"t": text, "k": text.split()[0]})
    await client("POST /books/_refresh")
    return client


def ids(answer: Any) -> list[str]:
    return [hit["_id"] for hit in answer.json["hits"]["hits"]]


async def test_a_template_is_a_search_with_its_status_behind(books: AsgiClient) -> None:
    source = '{"query":{"terms":{"k":{{#toJson}}ks{{/toJson}}}}{{#n}},"size":{{n}}{{/n}}}'
    answer = await books(SEARCH, {"source": source, "params": {"ks": ["red", "blue"], "n": 2}})
    assert (answer.status, ids(answer)) == (200, ["1", "2"])
    assert list(answer.json) == ["took", "timed_out", "_shards", "hits", "status"]
    whole = await books(SEARCH + "?rest_total_hits_as_int=true", {"source": source, "params": {"ks": ["red"]}})
    assert (whole.json["hits"]["total"], whole.json["status"]) == (2, 200)


async def test_a_value_cannot_change_the_search_it_is_put_into(books: AsgiClient) -> None:
    source = {"query": {"match": {"t": "{{word}}"}}}
    attack = 'fox"}},"size":0,"query":{"match_all":{"_name":"x'
    answer = await books(SEARCH, {"source": source, "params": {"word": attack}})
    assert ids(answer) == ["1"]


async def test_stored_templates_are_used_by_name(books: AsgiClient) -> None:
    assert (await books("PUT /_scripts/by-word", BY_WORD)).json == {"acknowledged": True}
    found = await books(SEARCH, {"id": "by-word", "params": {"word": "whale", "n": 1}})
    assert (ids(found), found.json["hits"]["total"]["value"]) == (["2"], 2)
    output = {"query": {"match": {"t": 'a "b"'}}, "size": "2"}
    for target, body in ((RENDER, {"id": "by-word"}), (RENDER + "/by-word", {})):
        rendered = await books(target, {**body, "params": {"word": 'a "b"', "n": 2}})
        assert rendered.json == {"template_output": output}
    missing = await books(SEARCH, {"id": "none"})
    assert (missing.status, missing.json["error"]["reason"]) == (404, "unable to find script [none] in cluster state")


async def test_stored_scripts_are_kept_as_they_were_written_and_deleted(client: AsgiClient) -> None:
    await client("PUT /_scripts/by-word", BY_WORD)
    painless = {"lang": "painless", "source": "doc['n'].value"}
    await client("POST /_scripts/other", {"script": painless})
    assert (await client("GET /_scripts/other")).json == {"_id": "other", "found": True, "script": painless}
    kept = (await client("GET /_scripts/by-word")).json["script"]
    assert kept == {
        "lang": "mustache",
        "source": '{"query":{"match":{"t":"{{word}}"}},"size":"{{n}}"}',
        "options": {"content_type": "application/json; charset=UTF-8"},
    }
    refused = await client(SEARCH.replace("books/", ""), {"id": "other"})
    assert refused.json["error"]["reason"] == "stored script is of lang [painless], and no template"
    assert (await client("DELETE /_scripts/by-word")).json == {"acknowledged": True}
    again = await client("DELETE /_scripts/by-word")
    reason = "stored script [by-word] does not exist and cannot be deleted"
    assert (again.status, again.json["error"]["reason"]) == (404, reason)
    gone = await client("GET /_scripts/by-word")
    assert (gone.status, gone.json) == (404, {"_id": "by-word", "found": False})


@pytest.mark.parametrize(
    ("target", "body", "reason"),
    [
        ("s", [], "unexpected token [START_ARRAY], expected [{]"),
        ("s", {"x": 1}, "unexpected field [x], expected [script]"),
        ("s", {"script": "x"}, "unexpected token [VALUE_STRING], expected [{, <source>]"),
        ("s", {"script": {"source": "1"}}, "must specify lang for stored script"),
        ("s", {"script": {"lang": "mustache"}}, "must specify source for stored script"),
        ("s", {"script": {"lang": "x", "source": "1"}}, "unable to put stored script with unsupported lang [x]"),
        (
            "s",
            {"script": {"lang": "mustache", "source": 5}},
            "[1:39] [stored script source] source doesn't support values of type: VALUE_NUMBER",
        ),
        (
            "s",
            {"script": {"lang": "mustache", "source": "{}", "options": {"a": "b"}}},
            "illegal compiler options [{a=b}] specified",
        ),
        ("s%23x", BY_WORD, "Validation Failed: 1: id cannot contain '#' for stored script;"),
        ("s/search", BY_WORD, "failed to parse/compile stored script [s]"),
        (
            "s?context=template",
            {"script": {"lang": "mustache", "source": "{{#x}}"}},
            "failed to parse/compile stored script [s]",
        ),
        (
            "s/score",
            {"script": {"lang": "painless", "source": "1"}},
            "[compiling painless for a context] is not supported by Ragstone yet",
        ),
        (
            "s",
            {"script": {"lang": "mustache", "source": "x" * 66000}},
            "exceeded max allowed stored script size in bytes [65535] with size [66042] for script [s]",
        ),
    ],
)
async def test_what_is_no_script_is_not_stored(client: AsgiClient, target: str, body: Any, reason: str) -> None:
    answer = await client(f"PUT /_scripts/{target}", body)
    assert (answer.status, answer.json["error"]["reason"]) == (400, reason)
    assert (await client("GET /_scripts/s")).status == 404


@pytest.mark.parametrize("target", [SEARCH, RENDER])
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "Validation Failed: 1: template is missing;2: template's script type is missing;"),
        ({"source": ""}, "Validation Failed: 1: template is missing;"),
        (None, "request body or source parameter is required"),
        ([], "[1:1] [search_template] Expected START_OBJECT but was: START_ARRAY"),
        ({"source": "{}", "x": 1}, "[1:16] [search_template] unknown field [x]"),
        ({"source": 5}, "[1:11] [search_template] source doesn't support values of type: VALUE_NUMBER"),
        ({"source": "{}", "params": []}, "[1:25] [search_template] params doesn't support values of type: START_ARRAY"),
        ({"source": "{{#x}}"}, "Failed to close 'x' tag @[query-template:1]"),
    ],
)
async def test_what_is_no_template_is_told_so(books: AsgiClient, target: str, body: Any, reason: str) -> None:
    answer = await books(target, body)
    assert (answer.status, answer.json["error"]["reason"]) == (400, reason)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('{"quer":{}}', "Unknown key for a START_OBJECT in [quer]."),
        ('{"query":{"foo":{}}}', "unknown query [foo]"),
        ("nope", "Unrecognized token 'nope'"),
        ('{"size":', "Unexpected end-of-input"),
    ],
)
async def test_errors_of_the_search_are_those_of_what_the_template_wrote(
    books: AsgiClient, source: str, reason: str
) -> None:
    answer = await books(SEARCH, {"source": source})
    assert answer.status == 400
    assert answer.json["error"]["reason"].startswith(reason)
    if "foo" in source:
        assert (answer.json["error"]["line"], answer.json["error"]["col"]) == (1, 17)


async def test_what_a_template_writes_is_shown_even_when_it_is_no_json(client: AsgiClient) -> None:
    assert (await client(RENDER, {"source": '{"a":{{x}}}'})).json == {"template_output": '{"a":}'}
    assert (await client(RENDER, {"source": '{"a":{{x}}}', "params": {"x": 1}})).json == {"template_output": {"a": 1}}


async def test_several_templates_fail_one_by_one(books: AsgiClient) -> None:
    await books("PUT /_scripts/by-word", BY_WORD)
    items = [
        {"index": "books"}, {"id": "by-word", "params": {"word": "fox", "n": 5}},
        {}, {"id": "none"},
        {"index": "gone"}, {"source": "{}"},
        {"index": "books"}, {"source": '{"quer":{}}'},
    ]  # fmt: skip
    answer = await books(MSEARCH, b"".join(json.encode(item) + b"\n" for item in items))
    found, *failed = answer.json["responses"]
    assert ([hit["_id"] for hit in found["hits"]["hits"]], found["status"]) == (["1"], 200)
    assert [(item["status"], item["error"]["type"]) for item in failed] == [
        (404, "resource_not_found_exception"),
        (404, "index_not_found_exception"),
        (400, "parsing_exception"),
    ]
    assert failed[-1]["error"]["col"] == 9
    for line, reason in (
        (b"{}", "Malformed search template"),
        (b'{"x":1}', "[1:2] [search_template] unknown field [x]"),
    ):
        refused = await books(MSEARCH, b"{}\n" + line + b"\n")
        assert (refused.status, refused.json["error"]["reason"]) == (400, reason)


async def test_a_template_names_its_pipeline_beside_its_source_and_may_open_a_scroll(books: AsgiClient) -> None:
    await books(
        "PUT /_search/pipeline/red", {"request_processors": [{"filter_query": {"query": {"term": {"k": "red"}}}}]}
    )
    source = {"sort": ["_doc"], "size": 1}
    beside = await books(SEARCH + "?scroll=1m", {"source": source, "search_pipeline": "red"})
    assert beside.json["hits"]["total"]["value"] == 2
    following = await books("POST /_search/scroll", {"scroll_id": beside.json["_scroll_id"]})
    assert ids(following) == ["3"]
    inside = await books(SEARCH, {"source": {**source, "search_pipeline": "red"}})
    assert inside.json["hits"]["total"]["value"] == 3
