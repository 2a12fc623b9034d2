"""`_analyze` over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.testing.asgi import AsgiClient


def terms(answer: Any) -> list[tuple[str, int]]:
    return [(token["token"], token["position"]) for token in answer["tokens"]]


@pytest.mark.parametrize(
    ("target", "body", "kind", "reason"),
    [
        ("/_analyze", {"analyzer": "nope", "text": "x"}, "illegal_argument_exception", "failed to find global analyzer [nope]"),
        ("/books/_analyze", {"analyzer": "nope", "text": "x"}, "illegal_argument_exception", "failed to find analyzer [nope]"),
        ("/_analyze", {"tokenizer": "nope", "text": "x"}, "illegal_argument_exception", "failed to find global tokenizer under [nope]"),
        ("/books/_analyze", {"tokenizer": "nope", "text": "x"}, "illegal_argument_exception", "failed to find tokenizer under [nope]"),
        ("/books/_analyze", {"tokenizer": {"type": "nope"}, "text": "x"}, "illegal_argument_exception", "failed to find global tokenizer under [nope]"),
        ("/_analyze", {"tokenizer": "standard", "filter": ["nope"], "text": "x"}, "illegal_argument_exception", "failed to find global filter under [nope]"),
        ("/_analyze", {"tokenizer": "standard", "char_filter": ["nope"], "text": "x"}, "illegal_argument_exception", "failed to find global char_filter under [nope]"),
        ("/_analyze", {"tokenizer": "standard", "filter": [{"a": 1}], "text": "x"}, "illegal_argument_exception", "Missing [type] setting for anonymous filter: {\"a\":\"1\"}"),
        ("/_analyze", {"filter": ["stop"], "text": "x"}, "illegal_argument_exception", "Custom normalizer may not use filter [stop]"),
        ("/_analyze", {"analyzer": "standard"}, "action_request_validation_exception", "Validation Failed: 1: text is missing;"),
        ("/_analyze", {"analyzer": "standard", "tokenizer": "standard", "text": "x"}, "action_request_validation_exception", "Validation Failed: 1: cannot define extra components on a named analyzer;"),
        ("/_analyze", {"normalizer": "low", "text": "x"}, "action_request_validation_exception", "Validation Failed: 1: index is required if normalizer is specified;"),
        ("/books/_analyze", {"normalizer": "low", "text": "x"}, "illegal_argument_exception", "failed to find normalizer under [low]"),
        ("/_analyze", {"field": "m", "text": "x"}, "illegal_argument_exception", "analysis based on a specific field requires an index"),
        ("/_analyze", {"text": "x", "foo": 1}, "x_content_parse_exception", "[1:13] [analyze_request] unknown field [foo]"),
        ("/_analyze", {"text": 7}, "x_content_parse_exception", "[1:9] [analyze_request] text doesn't support values of type: VALUE_NUMBER"),
        ("/_analyze", {"text": "x", "filter": "stop"}, "x_content_parse_exception", "[1:22] [analyze_request] filter doesn't support values of type: VALUE_STRING"),
        ("/_analyze", None, "parse_exception", "request body or source parameter is required"),
    ],
)  # fmt: skip
async def test_what_cannot_be_analysed_is_said_in_opensearch_s_words(
    client: AsgiClient, target: str, body: object, kind: str, reason: str
) -> None:
    await client("PUT /books")
    refused = await client(f"POST {target}", body)
    error = refused.json["error"]
    assert (refused.status, error["type"], error["reason"]) == (400, kind, reason)


async def test_more_tokens_than_the_index_allows_are_the_caller_s_fault(client: AsgiClient) -> None:
    await client("PUT /books", {"settings": {"index.analyze.max_token_count": 2}})
    assert terms((await client("POST /books/_analyze", {"text": ["a", "b"]})).json) == [("a", 0), ("b", 101)]
    await client("PUT /books/_settings", {"analyze.max_token_count": 1})
    refused = await client("POST /books/_analyze", {"text": ["a", "b"]})
    assert (refused.status, refused.json["error"]["type"]) == (400, "illegal_state_exception")
    assert refused.json["error"]["reason"] == (
        "The number of tokens produced by calling _analyze has exceeded the allowed maximum of [1]. This limit can be set "
        "by changing the [index.analyze.max_token_count] index level setting."
    )


async def test_an_alias_of_one_index_stands_for_it_and_a_missing_index_is_missing(client: AsgiClient) -> None:
    await client("PUT /books", {"aliases": {"al": {}}})
    assert terms((await client("GET /al/_analyze", {"text": "An apple"})).json) == [("an", 0), ("apple", 1)]
    missing = await client("POST /none/_analyze", {"text": "x"})
    assert (missing.status, missing.json["error"]["resource.type"]) == (404, "index_expression")


async def test_explain_shows_a_built_in_analyzer_whole_and_the_attributes_that_were_asked_for(
    client: AsgiClient,
) -> None:
    asked = {"analyzer": "english", "text": "Foxes", "explain": True, "attributes": ["KeywordAttribute"]}
    assert (await client("POST /_analyze", asked)).json["detail"] == {
        "custom_analyzer": False,
        "analyzer": {
            "name": "english",
            "tokens": [
                {
                    "token": "fox",
                    "start_offset": 0,
                    "end_offset": 5,
                    "type": "<ALPHANUM>",
                    "position": 0,
                    "keyword": False,
                }
            ],
        },
    }


async def test_explain_shows_every_part_of_an_analyzer_of_the_settings(client: AsgiClient) -> None:
    mine = {"tokenizer": "whitespace", "char_filter": ["html_strip"], "filter": ["uppercase"]}
    await client("PUT /books", {"settings": {"analysis": {"analyzer": {"mine": mine}}}})
    answer = await client("POST /books/_analyze", {"analyzer": "mine", "text": "<b>a</b>", "explain": True})
    detail = answer.json["detail"]
    assert detail["charfilters"] == [{"name": "html_strip", "filtered_text": ["a"]}]
    assert detail["tokenizer"]["tokens"][0]["token"] == "a"
    shown = [(step["name"], step["tokens"][0]["token"]) for step in detail["tokenfilters"]]
    assert shown == [("uppercase", "A")]


async def test_positions_count_what_filters_dropped_at_the_end_of_a_text(client: AsgiClient) -> None:
    answer = await client("POST /_analyze", {"analyzer": "stop", "text": ["fox and the", "dog"]})
    assert terms(answer.json) == [("fox", 0), ("dog", 3)]


async def test_texts_are_apart_as_their_analyzer_has_it(client: AsgiClient) -> None:
    await client("PUT /books", {"mappings": {"properties": {"key": {"type": "keyword"}, "text": {"type": "text"}}}})
    apart = {
        "/_analyze": [({"analyzer": "standard"}, 1), ({"tokenizer": "standard"}, 101)],
        "/books/_analyze": [({"analyzer": "standard"}, 101), ({"field": "text"}, 101), ({"field": "key"}, 1)],
    }
    for target, cases in apart.items():
        for asked, position in cases:
            answer = await client(f"POST {target}", {"text": ["a", "b"], **asked})
            assert terms(answer.json) == [("a", 0), ("b", position)], (target, asked)
    explained = await client("POST /_analyze", {"text": ["a", "b"], "tokenizer": "standard", "explain": True})
    assert [token["position"] for token in explained.json["detail"]["tokenizer"]["tokens"]] == [0, 1]
