"""`/_plugins/_ml/agents` and `/_plugins/_ml/tools`. Errors are recorded OpenSearch behaviour."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.testing.asgi import AsgiClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

AGENTS = "/_plugins/_ml/agents"


async def registered(client: AsgiClient, **members: Any) -> str:
    answer = await client(f"POST {AGENTS}/_register", {"name": "a", "type": "flow", **members})
    assert answer.status == 200, answer.json
    return str(answer.json["agent_id"])


async def run(client: AsgiClient, agent: str, **parameters: Any) -> Any:
    answer = await client(f"POST {AGENTS}/{agent}/_execute", {"parameters": parameters})
    assert answer.status == 200, answer.json
    return answer.json["inference_results"][0]["output"]


async def test_an_agent_is_stored_read_changed_found_and_removed(client: AsgiClient) -> None:
    tool = {"type": "MLModelTool", "parameters": {"n": 5, "on": True}}
    agent = await registered(client, name="ibis", description="d", tools=[tool], app_type="x")
    shown = (await client(f"GET {AGENTS}/{agent}")).json
    assert shown["tools"] == [
        {"type": "MLModelTool", "parameters": {"n": "5", "on": "true"}, "include_output_in_agent_response": False}
    ]
    assert (shown["app_type"], shown["is_hidden"]) == ("x", False)
    updated = (await client(f"PUT {AGENTS}/{agent}", {"description": "new"})).json
    assert (updated["_index"], updated["result"]) == (".plugins-ml-agent", "updated")
    found = (await client(f"POST {AGENTS}/_search", {"query": {"match": {"name": "ibis"}}})).json
    assert [hit["_source"]["description"] for hit in found["hits"]["hits"]] == ["new"]
    assert (await client(f"DELETE {AGENTS}/{agent}")).json["result"] == "deleted"
    assert (await client(f"GET {AGENTS}/{agent}")).status == 404


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "Agent name can't be null"),
        ({"name": "x"}, "Agent type can't be null"),
        ({"name": "n" * 129, "type": "flow"}, "Agent name cannot be empty or exceed max length of 128 characters"),
        ({"name": "x", "type": "nope"}, "nope is not a valid Agent Type"),
        ({"name": "x", "type": "conversational"}, "We need model information for the conversational agent type"),
        ({"name": "x", "type": "conversational", "llm": {}}, "model id is null"),
        ({"name": "x", "type": "flow", "tools": [{"name": "t"}]}, "tool type is null"),
        ({"name": "x", "type": "flow", "tools": [{"type": "T"}, {"type": "T"}]}, "Duplicate tool defined: T"),
        ({"name": "x", "type": "flow", "memory": {"type": "nope"}}, "Wrong Memory type"),
        (
            {"name": "x", "type": "flow", "parameters": {"_llm_interface": " "}},
            "_llm_interface cannot be blank or empty",
        ),
        ({"name": "x", "type": "flow", "parameters": {"_llm_interface": "x"}}, "Invalid _llm_interface: x"),
    ],
)
async def test_what_is_no_agent_is_refused(client: AsgiClient, ml: Any, body: object, reason: str) -> None:
    refused = await client(f"POST {AGENTS}/_register", body)
    assert ml.fault(refused) == (400, "illegal_argument_exception", reason)


async def test_an_agent_keeps_its_type_and_an_unknown_one_is_a_404(client: AsgiClient, ml: Any) -> None:
    agent = await registered(client)
    refused = await client(f"PUT {AGENTS}/{agent}", {"type": "conversational_flow"})
    assert ml.fault(refused)[::2] == (400, "Agent type cannot be updated")
    for request, reason in {
        f"GET {AGENTS}/none": "Failed to find agent with the provided agent id: none",
        f"DELETE {AGENTS}/none": "Fail to find ml agent",
        f"PUT {AGENTS}/none": "Failed to get agent with ID none",
    }.items():
        assert ml.fault(await client(request, {} if request.startswith("PUT") else None))[::2] == (404, reason)


async def test_the_framework_may_be_switched_off_and_tools_stay_listed(client: AsgiClient, ml: Any) -> None:
    off = {"plugins.ml_commons.agent_framework_enabled": False, "plugins.ml_commons.execute_tools_enabled": False}
    await client("PUT /_cluster/settings", {"transient": off})
    try:
        refused = await client(f"GET {AGENTS}/x")
        assert ml.fault(refused)[::2] == (
            400,
            "Agent Framework is currently disabled. To enable it, update the setting "
            '"plugins.ml_commons.agent_framework_enabled" to true.',
        )
        tool = await client("POST /_plugins/_ml/tools/_execute/ListIndexTool", {"parameters": {"a": "b"}})
        assert tool.status == 400
        listed = (await client("GET /_plugins/_ml/tools")).json
        assert {tool["name"] for tool in listed} >= {"MLModelTool", "SearchIndexTool", "ListIndexTool", "VectorDBTool"}
    finally:
        await client("PUT /_cluster/settings", {"transient": dict.fromkeys(off)})


async def test_nothing_is_left_of_a_list_that_is_filtered_away(client: AsgiClient) -> None:
    answer = await client("GET /_plugins/_ml/tools?filter_path=none")
    assert (answer.status, answer.text) == (200, "")


async def test_tools_run_in_order_and_the_last_one_answers(client: AsgiClient, ml: Any) -> None:
    model = await ml.model(connector_id=await ml.connector('{"answer": "asked ${parameters.question}"}'))
    asker = {"type": "MLModelTool", "parameters": {"model_id": model, "response_field": "answer"}}
    one = await registered(client, tools=[asker])
    assert await run(client, one, question="start") == [{"name": "response", "result": "asked start"}]
    two = {**asker, "name": "two", "config": {"question": "after ${parameters.one.output}"}}
    first = {**asker, "name": "one"}
    both = await registered(client, tools=[first, two])
    assert await run(client, both, question="x") == [{"name": "two", "result": "asked after asked x"}]
    shown = await registered(
        client, tools=[{**first, "include_output_in_agent_response": True}, {**asker, "name": "two"}]
    )
    assert await run(client, shown, question="x", **{"two.question": "y"}) == [
        {"name": "one", "result": "asked x"},
        {"name": "two", "result": "asked y"},
    ]


async def test_an_answer_without_the_field_comes_whole(client: AsgiClient, ml: Any) -> None:
    model = await ml.model(connector_id=await ml.connector('{"other": 1}'))
    agent = await registered(client, tools=[{"type": "MLModelTool", "parameters": {"model_id": model}}])
    assert await run(client, agent) == [{"name": "response", "result": '{"other":1}'}]


async def test_a_question_cannot_change_the_search_that_it_is_put_into(client: AsgiClient) -> None:
    await client("PUT /birds/_doc/1?refresh=true", {"title": "white stork"})
    search = (
        '{"index": "birds", "query": {"query": {"match": {"title": "${parameters.question}"}}, "_source": ["title"]}}'
    )
    agent = await registered(client, tools=[{"type": "SearchIndexTool", "parameters": {"input": search}}])
    (found,) = await run(client, agent, question="stork")
    assert found["result"].startswith('{"_index":"birds","_source":{"title":"white stork"},"_id":"1","_score":0.')
    (nothing,) = await run(client, agent, question='x"}}, "size": 5, "query": {"match_all": {')
    assert nothing["result"] == ""
    await client("DELETE /birds")


async def test_index_tools_show_what_indices_there_are_and_how_they_are_made(client: AsgiClient) -> None:
    await client("PUT /birds", {"mappings": {"properties": {"n": {"type": "integer"}}}})
    listing = {"parameters": {"indices": '["birds"]'}}
    listed = await client("POST /_plugins/_ml/tools/_execute/ListIndexTool", listing)
    (header, row, end) = listed.json["inference_results"][0]["output"][0]["result"].split("\n")
    assert header.startswith("row,health,status,index,uuid,pri(number of primary shards)")
    assert row.startswith("1,yellow,open,birds,")
    assert end == ""
    mapping = await client("POST /_plugins/_ml/tools/_execute/IndexMappingTool", {"parameters": {"index": "birds"}})
    text = mapping.json["inference_results"][0]["output"][0]["result"]
    assert text.startswith(
        "index: birds\n\nmappings:\nproperties={n={type=integer}}\n\n\nsettings:\nindex.creation_date="
    )
    await client("DELETE /birds")


@pytest.mark.parametrize(
    ("tool", "parameters", "status", "type", "details"),
    [
        ("NoSuchTool", {"a": "b"}, 400, "IllegalArgumentException", "Tool not found: NoSuchTool"),
        ("ListIndexTool", {}, 400, "IllegalArgumentException", "Tool input data can not be empty."),
        ("IndexMappingTool", {"index": '["none"]'}, 404, "IndexNotFoundException", "no such index [none]"),
        ("IndexMappingTool", {"index": '["none"'}, 400, "JsonEOFException", None),
        ("SearchIndexTool", {"index": "x"}, 400, "IllegalArgumentException", "Invalid parameters for tool: SearchIndexTool"),
        ("SearchIndexTool", {"input": "nope"}, 400, "IllegalArgumentException", "SearchIndexTool's two parameters: index and query are required and should be in valid format"),
        ("MLModelTool", {"model_id": " "}, 400, "IllegalArgumentException", "Model ID can't be null or empty"),
        ("MLModelTool", {"model_id": "none"}, 404, "OpenSearchStatusException", "Failed to find model"),
        ("VectorDBTool", {"index": "x"}, 400, "IllegalArgumentException", "VectorDBTool needs the parameters [model_id, embedding_field, source_field, input]"),
    ],
)  # fmt: skip
async def test_a_run_that_fails_has_a_shape_of_its_own(
    client: AsgiClient, ml: Any, tool: str, parameters: dict[str, str], status: int, type: str, details: str | None
) -> None:
    await ml.model()
    answer = await client(f"POST /_plugins/_ml/tools/_execute/{tool}", {"parameters": parameters})
    error = answer.json["error"]
    assert (answer.status, answer.json["status"], error["type"]) == (status, status, type)
    assert error["reason"] == ("Invalid Request" if status == 400 else "System Error")
    assert details is None or error["details"] == details


async def test_agents_that_cannot_run_say_so(client: AsgiClient) -> None:
    empty = await registered(client)
    leading = await registered(client, type="conversational", llm={"model_id": "m"})
    for agent, details in {
        empty: "no tool configured",
        leading: "Agents of the type [conversational] that a model leads, or that keep a memory, can not be run here yet",
        "none": "Failed to find agent with the provided agent id: none",
    }.items():
        answer = await client(f"POST {AGENTS}/{agent}/_execute", {"parameters": {}})
        assert answer.json["error"]["details"] == details
    answer = await client(f"POST {AGENTS}/{empty}/_execute", {})
    assert answer.json["error"]["details"] == "Agent input data can not be empty."


async def test_the_nearest_passages_to_a_question_are_found(client: AsgiClient, ml: Any) -> None:
    name = "huggingface/sentence-transformers/all-MiniLM-L6-v2"
    given = {"name": name, "version": "1.0.2", "model_format": "TORCH_SCRIPT"}
    task = (await client("POST /_plugins/_ml/models/_register", given)).json["task_id"]
    model = (await ml.done(task))["model_id"]
    await ml.done((await client(f"POST /_plugins/_ml/models/{model}/_deploy")).json["task_id"])
    vectors = {"type": "knn_vector", "dimension": 384, "space_type": "innerproduct"}
    await client("PUT /near", {"settings": {"index.knn": True}, "mappings": {"properties": {"v": vectors}}})
    await client(
        "PUT /_ingest/pipeline/near", {"processors": [{"text_embedding": {"model_id": model, "field_map": {"t": "v"}}}]}
    )
    for id, text in (("1", "a copper kettle"), ("2", "reefs of coral")):
        await client(f"PUT /near/_doc/{id}?pipeline=near&refresh=true", {"t": text})
    parameters = {"index": "near", "model_id": model, "embedding_field": "v", "source_field": '["t"]', "doc_size": 1}
    tool = {"type": "VectorDBTool", "parameters": {**parameters, "input": "${parameters.question}"}}
    (found,) = await run(client, await registered(client, tools=[tool]), question="a copper kettle")
    assert found["result"].startswith('{"_index":"near","_source":{"t":"a copper kettle"},"_id":"1"')
    await client("DELETE /near")
