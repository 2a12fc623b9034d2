"""`docvalue_fields` over HTTP."""

from typing import Any

import pytest

from ragstone.testing.asgi import AsgiClient

DOCUMENT = {
    "k": ["b", "a", "b"],
    "n": [3, 1, 3],
    "f": 0.1,
    "s": 1.26,
    "u": 2**64 - 1,
    "yes": True,
    "at": ["2024-01-15", "2023-01-01"],
    "day": "15/01/2024",
    "ip": "10.0.0.7",
    "text": "words",
}
PROPERTIES = {
    "k": {"type": "keyword"},
    "n": {"type": "long"},
    "f": {"type": "float"},
    "s": {"type": "scaled_float", "scaling_factor": 10},
    "u": {"type": "unsigned_long"},
    "yes": {"type": "boolean"},
    "at": {"type": "date"},
    "day": {"type": "date", "format": "dd/MM/yyyy"},
    "ip": {"type": "ip"},
    "text": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
}


@pytest.fixture
async def things(client: AsgiClient) -> AsgiClient:
    await client("PUT /things", {"mappings": {"properties": PROPERTIES}})
    await client("PUT /things/_doc/1", DOCUMENT)
    await client("PUT /things/_doc/2?refresh=true", {})
    return client


async def shown(client: AsgiClient, *wanted: Any, target: str = "things", **body: Any) -> Any:
    answer = await client(
        f"POST /{target}/_search", {"docvalue_fields": wanted, "_source": False, "sort": ["_doc"], **body}
    )
    assert answer.status == 200, answer.text
    return [hit.get("fields") for hit in answer.json["hits"]["hits"]]


async def test_values_are_shown_as_the_index_keeps_them(things: AsgiClient) -> None:
    found = await shown(things, "k", "n", "f", "s", "u", "yes", "at", "day", "ip", "text.r*", "nope")
    assert found == [
        {
            "k": ["a", "b"],
            "n": [1, 3, 3],
            "f": [0.10000000149011612],
            "s": [1.3],
            "u": [2**64 - 1],
            "yes": [True],
            "at": ["2023-01-01T00:00:00.000Z", "2024-01-15T00:00:00.000Z"],
            "day": ["15/01/2024"],
            "ip": ["10.0.0.7"],
            "text.raw": ["words"],
        },
        None,
    ]


async def test_dates_are_written_as_asked(things: AsgiClient) -> None:
    wanted = {"field": "at", "format": "epoch_second"}, {"field": "day", "format": "use_field_mapping"}
    [found, _] = await shown(things, *wanted)
    assert found == {"at": ["1672531200", "1705276800"], "day": ["15/01/2024"]}


async def test_they_stand_beside_fields_of_the_source(things: AsgiClient) -> None:
    [found, _] = await shown(things, "n", "k", fields=["n", "f"])
    assert found == {"n": [3, 1, 3], "k": ["a", "b"], "f": [0.1]}


async def test_the_query_string_may_ask(things: AsgiClient) -> None:
    answer = await things("GET /things/_search?q=k:a&docvalue_fields=n,yes&_source=false")
    assert answer.json["hits"]["hits"][0]["fields"] == {"n": [1, 3, 3], "yes": [True]}


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"field": "k", "format": "yyyy"}, "Field [k] of type [keyword] does not support custom formats"),
        ({"field": "f", "format": "0.0"}, "[docvalue_fields format of float] is not supported by Ragstone yet"),
    ],
)
async def test_a_format_that_a_field_does_not_have_is_refused(things: AsgiClient, wanted: Any, reason: str) -> None:
    refused = await things("POST /things/_search", {"docvalue_fields": [wanted]})
    assert (refused.status, refused.json["error"]["type"]) == (400, "search_phase_execution_exception")
    assert refused.json["error"]["root_cause"][0]["reason"] == reason


async def test_texts_have_no_values_to_show(things: AsgiClient) -> None:
    refused = await things("POST /things/_search", {"docvalue_fields": ["text"]})
    assert (refused.status, refused.json["error"]["type"]) == (400, "search_phase_execution_exception")
    assert refused.json["error"]["failed_shards"][0]["index"] == "things"
    assert refused.json["error"]["root_cause"][0]["reason"].startswith("Text fields are not optimised for operations")


async def test_there_may_be_as_many_as_the_setting_says(things: AsgiClient) -> None:
    await things("PUT /things/_settings", {"index.max_docvalue_fields_search": 1})
    refused = await things("POST /things/_search", {"docvalue_fields": ["k", "n"]})
    assert refused.status == 400
    assert refused.json["error"]["root_cause"][0]["reason"] == (
        "Trying to retrieve too many docvalue_fields. Must be less than or equal to: [1] but was [2]. This limit can be "
        "set by changing the [index.max_docvalue_fields_search] index level setting."
    )
    assert (await shown(things, "k"))[0] == {"k": ["a", "b"]}


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [({"felt": "k"}, "x_content_parse_exception"), ({"format": "yyyy"}, "illegal_argument_exception")],
)
async def test_what_is_no_field_is_refused(things: AsgiClient, wanted: Any, kind: str) -> None:
    refused = await things("POST /things/_search", {"docvalue_fields": [wanted]})
    assert (refused.status, refused.json["error"]["type"]) == (400, kind)
