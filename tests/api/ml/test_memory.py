"""`/_plugins/_ml/memory`."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEMORY = "/_plugins/_ml/memory"


async def memory(client: AsgiClient, **members: Any) -> str:
    return str((await client(f"POST {MEMORY}", members)).json["memory_id"])


async def message(client: AsgiClient, memory_id: str, **members: Any) -> str:
    answer = await client(f"POST {MEMORY}/{memory_id}/messages", members)
    assert answer.status == 200, answer.text
    return str(answer.json["message_id"])


async def test_before_anything_is_stored_lists_are_empty_and_names_unknown(settings: Settings) -> None:
    async with Node(settings) as node:
        client = AsgiClient(node.app)
        assert (await client(f"GET {MEMORY}")).json == {"memories": []}
        search = (await client(f"POST {MEMORY}/_search", {})).json
        assert (search["_shards"]["total"], search["hits"]["max_score"]) == (0, 0.0)
        assert (await client(f"GET {MEMORY}/x/messages")).json == {"messages": []}
        assert (await client(f"DELETE {MEMORY}/x")).json == {"success": True}
        # Where OpenSearch stores a message without a conversation:
        answer = await client(f"POST {MEMORY}/x/messages", {"input": "i"})
        assert (answer.status, answer.json["error"]["reason"]) == (404, "Memory [x] not found")


async def test_a_conversation_is_stored_changed_and_deleted(client: AsgiClient) -> None:
    id = await memory(client, name="talk", application_type="app", additional_info={"k": "v"})
    stored = (await client(f"GET {MEMORY}/{id}")).json
    assert stored.pop("create_time") == stored.pop("updated_time")
    assert stored == {"memory_id": id, "name": "talk", "additional_info": {"k": "v"}}
    changed = await client(f"PUT {MEMORY}/{id}", {"name": "new", "additional_info": {"x": "y"}, "user": "no"})
    assert changed.json["result"] == "updated"
    stored = (await client(f"GET {MEMORY}/{id}")).json
    assert (stored["name"], stored["additional_info"]) == ("new", {"k": "v", "x": "y"})
    assert stored["updated_time"] > stored["create_time"]
    assert (await client(f"DELETE {MEMORY}/{id}")).json == {"success": True}
    for request in ("GET", "DELETE"):
        assert (await client(f"{request} {MEMORY}/{id}")).status == 404


async def test_without_a_name_the_rest_does_not_count(client: AsgiClient) -> None:
    id = await memory(client, application_type="x", additional_info={"a": "b"})
    stored = (await client(f"GET {MEMORY}/{id}")).json
    assert stored["name"] is None
    assert "additional_info" not in stored


@pytest.mark.parametrize(
    ("request_line", "body"),
    [
        (f"POST {MEMORY}", b"[]"),
        (f"POST {MEMORY}", b"nope"),
        (f"POST {MEMORY}", {"name": {}}),
        (f"POST {MEMORY}", {"name": "n", "additional_info": "x"}),
        (f"POST {MEMORY}", {"name": "n", "additional_info": {"a": []}}),
        (f"PUT {MEMORY}/x", None),
        (f"POST {MEMORY}/x/messages", {"input": ""}),
        (f"POST {MEMORY}/x/messages", {"input": "i", "trace_number": "x"}),
        (f"POST {MEMORY}/x/messages", None),
        (f"GET {MEMORY}?max_results=0", None),
        (f"GET {MEMORY}?next_token=-1", None),
        (f"GET {MEMORY}?max_results=x", None),
        (f"GET {MEMORY}/x/messages?max_results=-1", None),
    ],
)
async def test_faulty_requests_are_client_errors(client: AsgiClient, request_line: str, body: Any) -> None:
    assert (await client(request_line, body)).status == 400


async def test_deleting_a_conversation_takes_messages_and_traces_along(client: AsgiClient) -> None:
    kept, gone = await memory(client, name="kept"), await memory(client, name="gone")
    other = await message(client, kept, input="stays")
    turn = await message(client, gone, input="i")
    trace = await message(client, gone, input="step", parent_message_id=turn, trace_number=1)
    await client(f"DELETE {MEMORY}/{gone}")
    for id in (turn, trace):
        assert (await client(f"GET {MEMORY}/message/{id}")).status == 404
    assert (await client(f"GET {MEMORY}/message/{other}")).status == 200


async def test_messages_are_listed_oldest_first_without_traces_and_in_pages(client: AsgiClient) -> None:
    id = await memory(client, name="talk")
    messages = [await message(client, id, input=f"q{n}", origin="") for n in range(3)]
    await message(client, id, input="step", parent_message_id=messages[0], trace_number=1)
    page = (await client(f"GET {MEMORY}/{id}/messages?max_results=2")).json
    assert ([m["message_id"] for m in page["messages"]], page["next_token"]) == (messages[:2], 2)
    assert "origin" not in page["messages"][0]
    rest = (await client(f"GET {MEMORY}/{id}/messages?max_results=2&next_token=2")).json
    assert ([m["message_id"] for m in rest["messages"]], "next_token" in rest) == (messages[2:], False)
    [trace] = (await client(f"GET {MEMORY}/message/{messages[0]}/traces")).json["traces"]
    assert trace["trace_number"] == 1


async def test_a_message_takes_a_late_answer(client: AsgiClient) -> None:
    id = await message(client, await memory(client, name="talk"), input="q")
    change = {"response": "late", "additional_info": {"x": "y"}, "input": "not changed"}
    assert (await client(f"PUT {MEMORY}/message/{id}", change)).status == 200
    stored = (await client(f"GET {MEMORY}/message/{id}")).json
    assert (stored["input"], stored["response"], stored["additional_info"]) == ("q", "late", {"x": "y"})


async def test_a_new_message_brings_its_conversation_to_the_front(client: AsgiClient) -> None:
    first, second = await memory(client, name="first"), await memory(client, name="second")
    await message(client, first, input="touch")
    listed = (await client(f"GET {MEMORY}?max_results=2")).json["memories"]
    assert [m["memory_id"] for m in listed] == [first, second]


async def test_messages_are_searched_inside_their_conversation(client: AsgiClient) -> None:
    here, there = await memory(client, name="pink birds"), await memory(client, name="other")
    found = await message(client, here, input="why are flamingos pink")
    await message(client, there, input="flamingos elsewhere")
    query = {"query": {"match": {"input": "flamingos"}}, "_source": ["input"]}
    hits = (await client(f"POST {MEMORY}/{here}/_search", query)).json["hits"]
    assert [hit["_id"] for hit in hits["hits"]] == [found]
    assert hits["hits"][0]["_source"] == {"input": "why are flamingos pink"}
    assert (await client(f"POST {MEMORY}/gone/_search", query)).status == 404
    assert (await client(f"POST {MEMORY}/{here}/_search")).status == 400
    names = (await client(f"POST {MEMORY}/_search", {"query": {"match": {"name": "birds"}}})).json["hits"]["hits"]
    assert [hit["_id"] for hit in names] == [here]


async def test_the_switch_closes_every_door(client: AsgiClient) -> None:
    key = "plugins.ml_commons.memory_feature_enabled"
    await client("PUT /_cluster/settings", {"persistent": {key: False}})
    try:
        for request in (f"POST {MEMORY}", f"GET {MEMORY}", f"GET {MEMORY}/x", f"GET {MEMORY}/message/x"):
            answer = await client(request)
            assert (answer.status, answer.json["error"]["type"]) == (500, "exception")
            assert key in answer.json["error"]["reason"]
    finally:
        await client("PUT /_cluster/settings", {"persistent": {key: None}})
