"""`_termvectors` over HTTP."""

from typing import Any

import pytest

from ragstone.testing.asgi import AsgiClient


async def fill(client: AsgiClient) -> None:
    text = {"type": "text", "term_vector": "with_positions_offsets", "fields": {"raw": {"type": "keyword"}}}
    await client("PUT /books", {"mappings": {"properties": {"t": text, "u": {"type": "text"}, "n": {"type": "long"}}}})
    await client("PUT /books/_doc/1", {"t": "The quick fox, quick!", "u": "other", "n": 1})
    await client("PUT /books/_doc/2?refresh=true", {"t": ["fox", "den fox"]})


async def test_terms_come_with_their_places_and_the_counts_of_the_field(client: AsgiClient) -> None:
    await fill(client)
    answer = (await client("GET /books/_termvectors/1?fields=t")).json
    assert {**answer, "took": 0} == {
        "_index": "books",
        "_id": "1",
        "_version": 1,
        "found": True,
        "took": 0,
        "term_vectors": {
            "t": {
                "field_statistics": {"sum_doc_freq": 5, "doc_count": 2, "sum_ttf": 7},
                "terms": {
                    "fox": {"term_freq": 1, "tokens": [{"position": 2, "start_offset": 10, "end_offset": 13}]},
                    "quick": {
                        "term_freq": 2,
                        "tokens": [
                            {"position": 1, "start_offset": 4, "end_offset": 9},
                            {"position": 3, "start_offset": 15, "end_offset": 20},
                        ],
                    },
                    "the": {"term_freq": 1, "tokens": [{"position": 0, "start_offset": 0, "end_offset": 3}]},
                },
            }
        },
    }


async def test_what_is_told_of_a_term_is_chosen(client: AsgiClient) -> None:
    await fill(client)
    body = {"fields": ["t"], "term_statistics": True, "field_statistics": False, "offsets": False, "positions": False}
    told = (await client("POST /books/_termvectors/2", body)).json["term_vectors"]
    assert told == {
        "t": {
            "terms": {
                "den": {"doc_freq": 1, "ttf": 1, "term_freq": 1},
                "fox": {"doc_freq": 2, "ttf": 3, "term_freq": 2},
            }
        }
    }


async def test_fields_that_keep_term_vectors_are_told_unless_others_are_asked_for(client: AsgiClient) -> None:
    await fill(client)
    assert list((await client("GET /books/_termvectors/1")).json["term_vectors"]) == ["t"]
    assert list((await client("GET /books/_termvectors/1?fields=*")).json["term_vectors"]) == ["t", "t.raw", "u"]
    assert (await client("GET /books/_termvectors/1?fields=n,nope")).json["term_vectors"] == {}


async def test_the_newest_version_is_told_unless_the_last_refresh_is_asked_for(client: AsgiClient) -> None:
    await client("PUT /books", {"settings": {"refresh_interval": -1}})
    await client("PUT /books/_doc/1", {"t": "new"})
    newest = (await client("GET /books/_termvectors/1?fields=t")).json
    assert list(newest["term_vectors"]["t"]["terms"]) == ["new"]
    assert "field_statistics" not in newest["term_vectors"]["t"]
    refreshed = (await client("GET /books/_termvectors/1?fields=t&realtime=false")).json
    assert {**refreshed, "took": 0} == {"_index": "books", "_id": "1", "_version": 0, "found": False, "took": 0}


async def test_a_missing_document_is_not_found_without_an_error(client: AsgiClient) -> None:
    await fill(client)
    answer = await client("GET /books/_termvectors/9?fields=t")
    assert (answer.status, answer.json["found"], answer.json["_version"]) == (200, False, 0)


@pytest.mark.parametrize(
    ("target", "body", "status", "reason"),
    [
        ("books", {"foo": 1}, 400, "failed to parse term vectors request. unknown field [foo]"),
        ("books", [], 400, "failed to parse term vectors request. expected an object but found [START_ARRAY]"),
        ("books", {"filter": {"max_num_terms": 1}}, 400, "[filter of _termvectors] is not supported by Ragstone yet"),
        ("books", {"offsets": "maybe"}, 400, "Failed to parse value [maybe] as only [true] or [false] are allowed."),
        ("none", None, 404, "no such index [none]"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    client: AsgiClient, target: str, body: Any, status: int, reason: str
) -> None:
    await fill(client)
    refused = await client(f"POST /{target}/_termvectors/1", body)
    assert (refused.status, refused.json["error"]["reason"]) == (status, reason)
