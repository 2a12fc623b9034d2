"""What of documents and fields that a caller does not see reaches a model, a memory, a trace or an error: nothing.

The words below stand in hidden places only, so every place where one turns up is a leak.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from ragstone.core.security_settings import SecuritySettings
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import Answer, AsgiClient
from ragstone.testing.deepseek import SimulatedDeepSeek

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORD = "Reef-Kettle-9271!"
API = "/_plugins/_security/api"
SEARCH = "POST /books/_search?search_pipeline=rag"
BODY = '{ "model": "${parameters.model}", "messages": ${parameters.messages} }'
WORDS = ("hushed", "plutonium", "ghostword")
"""Of a hidden document, a hidden field, and a masked one."""


def _login(name: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{name}:{PASSWORD}'.encode()).decode()}"}


@pytest.fixture(scope="module")
def deepseek() -> Iterator[SimulatedDeepSeek]:
    with SimulatedDeepSeek(answer="It is so.") as simulated:
        yield simulated


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory, deepseek: SimulatedDeepSeek) -> AsyncIterator[Node]:
    security = SecuritySettings(enabled=True)
    settings = Settings(
        port=0, data=tmp_path_factory.mktemp("node") / "data", security=security, initial_admin_password=PASSWORD
    )
    async with Node(settings, transport=deepseek.transport()) as node:
        admin = AsgiClient(node.app)

        async def does(target: str, body: Any) -> Any:
            answer = await admin(target, body, headers=_login("admin"))
            assert answer.status in (200, 201), answer.text
            return answer.json

        action = {
            "action_type": "predict",
            "method": "POST",
            "url": "https://api.deepseek.com/v1/chat/completions",
            "headers": {"Authorization": "Bearer ${credential.key}"},
            "request_body": BODY,
        }
        connector = {
            "name": "c",
            "version": "1",
            "protocol": "http",
            "credential": {"key": "sk-1"},
            "actions": [action],
        }
        created = await does("POST /_plugins/_ml/connectors/_create", connector)
        model = await does("POST /_plugins/_ml/models/_register", {"name": "m", "function_name": "remote", **created})
        rag = {"model_id": model["model_id"], "system_prompt": "S", "user_instructions": "U"}
        for name, fields in (("rag", ["text", "code"]), ("notes", ["text", "note"])):
            pipeline = {"retrieval_augmented_generation": {**rag, "context_field_list": fields}}
            await does(f"PUT /_search/pipeline/{name}", {"response_processors": [pipeline]})
        properties = {"team": {"type": "keyword"}, "n": {"type": "integer"}, "code": {"type": "keyword"}}
        await does("PUT /books", {"mappings": {"properties": properties}})
        for number, (team, text) in enumerate((("red", "a copper kettle"), ("blue", "a hushed kettle")), 1):
            document = {"team": team, "n": number, "text": text, "note": "plutonium", "code": "ghostword"}
            await does(f"PUT /books/_doc/{number}?refresh=true", document)
        permission = {
            "index_patterns": ["books"],
            "allowed_actions": ["read"],
            "dls": '{"term": {"team": "red"}}',
            "fls": ["~note"],
            "masked_fields": ["code"],
        }
        await does(
            f"PUT {API}/roles/reader", {"cluster_permissions": ["cluster:admin/*"], "index_permissions": [permission]}
        )
        await does(f"PUT {API}/internalusers/vera", {"password": PASSWORD, "opendistro_security_roles": ["reader"]})
        yield node


@pytest_asyncio.fixture(loop_scope="module")
async def vera(node: Node, deepseek: SimulatedDeepSeek) -> Any:
    """Sends as her."""
    deepseek.requests.clear()
    client = AsgiClient(node.app)

    async def send(target: str, body: Any = None) -> Answer:
        return await client(target, body, headers=_login("vera"))

    return send


def _asking(**parameters: Any) -> dict[str, Any]:
    parameters = {"llm_model": "deepseek-flash", "llm_question": "Which kettle?", **parameters}
    return {"query": {"match": {"text": "kettle"}}, "ext": {"generative_qa_parameters": parameters}}


def _leaks(text: str) -> list[str]:
    return [word for word in WORDS if word in text]


async def test_a_model_is_sent_visible_documents_and_fields_only(vera: Any, deepseek: SimulatedDeepSeek) -> None:
    answer = await vera(SEARCH, _asking())
    assert answer.json["ext"]["retrieval_augmented_generation"]["answer"] == "It is so."
    [sent] = deepseek.requests
    assert "a copper kettle" in str(sent.body)
    assert _leaks(str(sent.body)) == []
    assert _leaks(answer.text) == []


@pytest.mark.parametrize(
    "change",
    [
        {"query": {"match_all": {}}},
        {"query": {"hybrid": {"queries": [{"match": {"text": "hushed"}}, {"match": {"note": "plutonium"}}]}}},
        {"_source": ["*"]},
        {"_source": False},
        {"fields": ["*"]},
        {"sort": [{"n": "desc"}], "track_scores": True},
        {"post_filter": {"term": {"team": "blue"}}},
        {"verbose_pipeline": True},
        {"size": 0},
    ],
)  # fmt: skip
async def test_no_form_of_search_brings_more_to_the_model(
    vera: Any, deepseek: SimulatedDeepSeek, change: dict[str, Any]
) -> None:
    answer = await vera(SEARCH, {**_asking(), **change})
    assert answer.status == 200, answer.text
    asked = answer.text.replace('"hushed"', "").replace('"plutonium"', "")  # a trace shows the query as it was sent
    assert _leaks(asked) == []
    assert [found for sent in deepseek.requests for found in _leaks(str(sent.body))] == []


async def test_a_hidden_context_field_is_as_one_that_is_missing(
    vera: Any, deepseek: SimulatedDeepSeek, node: Node
) -> None:
    async def strict_context(value: bool | None) -> None:
        body = {"persistent": {"plugins.ragstone.rag.strict_context": value}}
        changed = await AsgiClient(node.app)("PUT /_cluster/settings", body, headers=_login("admin"))
        assert changed.status == 200

    answer = await vera("POST /books/_search?search_pipeline=notes", _asking())
    assert _leaks(answer.text) == []
    assert _leaks(str(deepseek.requests.pop().body)) == []
    await strict_context(True)
    answer = await vera("POST /books/_search?search_pipeline=notes", _asking())
    assert answer.json["error"]["reason"] == "Context note not found in search hit [books/1]"
    assert _leaks(answer.text) == []
    assert deepseek.requests == []
    await strict_context(None)


async def test_a_pipeline_of_the_callers_own_sees_no_more(vera: Any, deepseek: SimulatedDeepSeek, node: Node) -> None:
    [known] = (await AsgiClient(node.app)("GET /_search/pipeline/rag", headers=_login("admin"))).json.values()
    [processor] = known["response_processors"]
    processor["retrieval_augmented_generation"]["context_field_list"] = ["text", "note", "code"]
    answer = await vera("POST /books/_search", {**_asking(), "search_pipeline": {"response_processors": [processor]}})
    assert "It is so." in answer.text
    assert _leaks(answer.text) == []
    assert _leaks(str(deepseek.requests[0].body)) == []


async def test_a_memory_keeps_nothing_hidden(vera: Any, node: Node) -> None:
    memory = (await vera("POST /_plugins/_ml/memory", {"name": "talk"})).json["memory_id"]
    assert (await vera(SEARCH, _asking(memory_id=memory))).status == 200
    stored = await vera(f"GET /_plugins/_ml/memory/{memory}/messages")
    assert "a copper kettle" in stored.text
    assert _leaks(stored.text) == []


async def test_somebody_without_restrictions_has_it_all(node: Node, deepseek: SimulatedDeepSeek) -> None:
    deepseek.requests.clear()
    await AsgiClient(node.app)("POST /books/_search?search_pipeline=notes", _asking(), headers=_login("admin"))
    assert _leaks(str(deepseek.requests[0].body)) == ["hushed", "plutonium"]
