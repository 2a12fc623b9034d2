"""A search with an answer: pipeline, hits, model, memory, and what can go wrong between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from ragstone.core import json
from ragstone.node import Node
from ragstone.providers.api import HttpResponse
from ragstone.testing.asgi import AsgiClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = '{ "model": "${parameters.model}", "messages": ${parameters.messages} }'
SEARCH = "POST /rag/_search?search_pipeline=p"


Put = Callable[..., Awaitable[None]]


def says(content: Any, status: int = 200) -> HttpResponse:
    data = content if isinstance(content, dict) else {"choices": [{"message": {"content": content}}]}
    return HttpResponse(status, {"content-type": "application/json"}, json.encode(data))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model(node: Node) -> AsyncIterator[str]:
    """A remote model, and two documents in the index `rag`."""
    client = AsgiClient(node.app)
    action = {"action_type": "predict", "method": "POST", "url": "http://models.test/v1", "request_body": BODY}
    connector = {"name": "c", "version": "1", "protocol": "http", "credential": {"key": "k"}, "actions": [action]}
    created = (await client("POST /_plugins/_ml/connectors/_create", connector)).json
    body = {"name": "m", "function_name": "remote", **created}
    registered = (await client("POST /_plugins/_ml/models/_register", body)).json
    await client("PUT /rag", {"mappings": {"properties": {"text": {"type": "text"}, "n": {"type": "integer"}}}})
    for number, text in enumerate(("north 1811", "south 1902"), 1):
        await client(f"PUT /rag/_doc/{number}?refresh=true", {"text": text, "n": number})
    yield registered["model_id"]


@pytest_asyncio.fixture(loop_scope="module")
async def rag(model: str, client: AsgiClient, provider: Any) -> AsyncIterator[Put]:
    """A pipeline `p` over a model that answers `A1`, and a way to put it with other options."""
    provider.answer = says("A1")
    provider.requests.clear()

    async def put(**options: Any) -> None:
        rag = {"model_id": model, "context_field_list": ["text"], "system_prompt": "S", "user_instructions": "U"}
        body = {"response_processors": [{"retrieval_augmented_generation": rag | options}]}
        answer = await client("PUT /_search/pipeline/p", body)
        assert answer.status == 200, answer.text

    await put()
    yield put
    await client("PUT /rag/_settings", {"index.search.default_pipeline": None})
    provider.answer = None


def asked(**members: Any) -> dict[str, Any]:
    body: dict[str, Any] = {key: members.pop(key) for key in ("size", "_source") if key in members}
    parameters = {"llm_model": "deepseek-chat", "llm_question": "q?", **members}
    return {"sort": ["n"], **body, "ext": {"generative_qa_parameters": parameters}}


def sent(provider: Any) -> Any:
    return json.decode(provider.requests[-1].body)


async def test_hits_and_answer_come_together(rag: Put, client: AsgiClient, provider: Any) -> None:
    answer = (await client(SEARCH, asked(context_size=5, timeout=15))).json
    assert [hit["_id"] for hit in answer["hits"]["hits"]] == ["1", "2"]
    assert answer["ext"] == {"retrieval_augmented_generation": {"answer": "A1"}}
    assert list(answer)[-1] == "ext"
    assert sent(provider) == {
        "model": "deepseek-chat",
        "messages": [
            {"role": "system", "content": "S"},
            {
                "role": "user",
                "content": "U\n\nSEARCH RESULT 1: north 1811\n\nSEARCH RESULT 2: south 1902\n\nQUESTION: q?\n\n\nANSWER:",
            },
        ],
    }


@pytest.mark.parametrize("source", [False, ["n"], {"excludes": ["text"]}])
async def test_contexts_do_not_depend_on_the_source_that_is_shown(
    rag: Put, client: AsgiClient, provider: Any, source: Any
) -> None:
    answer = (await client(SEARCH, asked(_source=source))).json
    assert all("text" not in hit.get("_source", {}) for hit in answer["hits"]["hits"])
    assert "SEARCH RESULT 2: south 1902" in sent(provider)["messages"][1]["content"]


@pytest.mark.parametrize("text", ["${parameters.model}", "${parameters.nope} ${credential.key}", '"} ], "x": {"'])
async def test_text_reaches_the_model_as_it_is(rag: Put, client: AsgiClient, provider: Any, text: str) -> None:
    answer = await client(SEARCH, asked(llm_question=text, size=0))
    assert answer.status == 200
    assert sent(provider)["messages"][1]["content"] == f"U\n\nQUESTION: {text}\n\n\nANSWER:"


async def test_the_requests_prompts_win(rag: Put, client: AsgiClient, provider: Any) -> None:
    await client(SEARCH, asked(system_prompt="S2", user_instructions="", size=0))
    assert [m["content"] for m in sent(provider)["messages"]] == ["S2", "QUESTION: q?\n\n\nANSWER:"]


async def test_a_conversation_is_remembered(rag: Put, client: AsgiClient, provider: Any) -> None:
    memory = (await client("POST /_plugins/_ml/memory", {"name": "talk"})).json["memory_id"]
    first = (await client(SEARCH, asked(llm_question="one?", memory_id=memory, size=1))).json
    message = first["ext"]["retrieval_augmented_generation"].pop("message_id")
    assert first["ext"]["retrieval_augmented_generation"] == {"answer": "A1"}
    [stored] = (await client(f"GET /_plugins/_ml/memory/{memory}/messages")).json["messages"]
    assert stored.pop("create_time") == stored.pop("updated_time")
    assert stored == {
        "memory_id": memory,
        "message_id": message,
        "input": "one?",
        "prompt_template": '[{"role":"system","content":"S"},{"role":"user","content":"U"}]',
        "response": "A1",
        "origin": "retrieval_augmented_generation",
        "additional_info": {"metadata": '["north 1811"]'},
    }
    await client(SEARCH, asked(llm_question="two?", memory_id=memory, size=0))
    assert [m["role"] for m in sent(provider)["messages"]] == ["system", "user", "assistant", "user"]


async def test_the_newest_turns_are_sent_oldest_first(rag: Put, client: AsgiClient, provider: Any) -> None:
    memory = (await client("POST /_plugins/_ml/memory", {"name": "talk"})).json["memory_id"]
    for number in range(5):
        turn = {"input": f"q{number}", "response": f"a{number}"}
        await client(f"POST /_plugins/_ml/memory/{memory}/messages", turn)
    await client(f"POST /_plugins/_ml/memory/{memory}/messages", {"input": "never answered"})
    await client(SEARCH, asked(memory_id=memory, message_size=2, size=0))
    said = [m["content"] for m in sent(provider)["messages"]]
    assert said == ["S", "U\n\nq3", "a3", "q4", "a4", "QUESTION: q?\n\n\nANSWER:"]


async def test_a_turn_that_failed_does_not_spoil_the_next(rag: Put, client: AsgiClient, provider: Any) -> None:
    memory = (await client("POST /_plugins/_ml/memory")).json["memory_id"]
    provider.answer = says({"error": {"message": "boom"}})
    failed = (await client(SEARCH, asked(memory_id=memory))).json
    assert failed["ext"] == {"retrieval_augmented_generation": {"error": "boom"}}
    provider.answer = says("A2")
    assert (await client(SEARCH, asked(memory_id=memory))).json["ext"]["retrieval_augmented_generation"][
        "answer"
    ] == "A2"


async def test_an_unknown_memory_is_told_before_the_model_is_called(
    rag: Put, client: AsgiClient, provider: Any
) -> None:
    answer = await client(SEARCH, asked(memory_id="gone"))
    assert (answer.status, answer.json["error"]["reason"]) == (404, "Memory [gone] not found")
    assert provider.requests == []


@pytest.mark.parametrize("status", [401, 402, 429, 500, 503])
async def test_the_providers_status_is_the_searchs_and_ignoring_it_leaves_the_hits(
    rag: Put, client: AsgiClient, provider: Any, status: int
) -> None:
    provider.answer = says({"error": {"message": "no"}}, status)
    answer = await client(SEARCH, asked())
    assert (answer.status, answer.json["error"]["type"]) == (status, "status_exception")
    assert answer.json["error"]["reason"].startswith("Error from remote service: ")
    await rag(ignore_failure=True)
    answer = await client(SEARCH, asked())
    assert answer.status == 200
    assert len(answer.json["hits"]["hits"]) == 2
    assert "ext" not in answer.json


async def test_a_model_without_an_answer_is_a_bad_gateway(rag: Put, client: AsgiClient, provider: Any) -> None:
    provider.answer = says({"id": "x"})
    answer = await client(SEARCH, asked())
    assert (answer.status, answer.json["error"]["type"]) == (502, "status_exception")
    assert "[id]" in answer.json["error"]["reason"]


async def test_missing_parameters_are_refused_unless_failures_are_ignored(rag: Put, client: AsgiClient) -> None:
    answer = await client(SEARCH, {"size": 1})
    assert answer.status == 400
    assert answer.json["error"]["reason"].startswith("generative_qa_parameters not found.")
    await rag(ignore_failure=True)
    answer = await client(SEARCH, {"size": 1})
    assert answer.status == 200
    assert "error" in answer.json["ext"]["retrieval_augmented_generation"]


@pytest.mark.parametrize("parameters", [None, "x", []])
async def test_parameters_that_are_no_object_are_refused_where_they_stand(
    rag: Put, client: AsgiClient, parameters: Any
) -> None:
    answer = await client("POST /rag/_search", {"ext": {"generative_qa_parameters": parameters}})
    assert (answer.status, answer.json["error"]["type"]) == (400, "parsing_exception")
    assert answer.json["error"]["col"] == 36


async def test_the_default_pipeline_answers_and_stays_out_of_counts(rag: Put, client: AsgiClient) -> None:
    await client("PUT /rag/_settings", {"index.search.default_pipeline": "p"})
    assert "ext" in (await client("POST /rag/_search", asked())).json
    assert "ext" not in (await client("POST /rag/_search?search_pipeline=_none", asked())).json
    assert (await client("GET /rag/_count")).json["count"] == 2
    assert (await client("POST /rag/_search", {"size": 1})).status == 400


async def test_an_answer_outlasts_nobody_who_waits_for_it(rag: Put, client: AsgiClient, provider: Any) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def hang(request: Any, deadline: Any = None) -> HttpResponse:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError("nobody sets the event")

    provider.send, send = hang, provider.send
    try:
        search = asyncio.create_task(client(SEARCH, asked()))
        await started.wait()
        client.hung_up.set()
        await cancelled.wait()
        with pytest.raises(ConnectionError):
            await search
    finally:
        provider.send = send


async def test_the_timeout_is_the_transports_deadline(rag: Put, client: AsgiClient, provider: Any) -> None:
    deadlines = []

    async def note(request: Any, deadline: Any = None) -> HttpResponse:
        deadlines.append(deadline)
        return says("A1")

    provider.send, send = note, provider.send
    try:
        await client(SEARCH, asked(timeout=7))
        await client(SEARCH, asked())
    finally:
        provider.send = send
    assert 0 < deadlines[0].remaining() <= 7
    assert deadlines[1] is None
