"""Bedrock as a blueprint for it says: embeddings for an index, and a chat, over a transport that verifies signatures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from ragstone.core import json
from ragstone.core.clock import Deadline, SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.providers import sigv4
from ragstone.providers.api import HttpRequest, HttpResponse
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.identity.access_keys import AccessKeys
from ragstone.providers.identity.administration import Administration
from ragstone.providers.identity.store import IdentityStore
from ragstone.providers.sigv4 import Rules, SignatureRefused, WireRequest
from ragstone.testing.asgi import AsgiClient

ML = "/_plugins/_ml"
TITAN, CLAUDE = "amazon.titan-embed-text-v2:0", "anthropic.claude-3-haiku-20240307-v1:0"
WORDS = ("tide", "moon", "bread", "oven")
SERVICE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


class Bedrock:
    """An HttpTransport to two models. It knows the keys of the node's own token service."""

    def __init__(self, settings: Settings) -> None:
        self._keys = AccessKeys(IdentityStore(settings.data), MasterKeyEncryptor(settings.keys_folder))
        self.asked: list[str] = []

    async def send(self, request: HttpRequest, deadline: Deadline | None = None) -> HttpResponse:
        parts = urlsplit(request.url)
        headers = [(name.lower(), value) for name, value in request.headers.items()]
        wire = WireRequest(request.method, parts.path, headers, request.body or b"")
        try:
            claim = sigv4.parse(wire)
            key = self._keys.signing_key(claim.key_id, claim.token)
            assert key is not None
            sigv4.check_scope(claim, Rules(services=("bedrock",), regions=("eu-west-1",)))
            sigv4.verify(wire, claim, key.secret, Rules())
        except SignatureRefused as refused:
            return HttpResponse(403, {"x-amzn-errortype": refused.code}, json.encode({"message": str(refused)}))
        assert parts.hostname == "bedrock-runtime.eu-west-1.amazonaws.com"
        self.asked.append(parts.path)
        body = json.decode(request.body or b"")
        if unquote(parts.path) == f"/model/{TITAN}/invoke":
            assert (body["dimensions"], body["normalize"], body["embeddingTypes"]) == (4, True, ["float"])
            vector = [float(body["inputText"].count(word)) + 0.01 for word in WORDS]
            return HttpResponse(200, {}, json.encode({"embeddingsByType": {"float": vector}, "inputTextTokenCount": 3}))
        assert unquote(parts.path) == f"/model/{CLAUDE}/converse"
        text = body["messages"][0]["content"][0]["text"]
        said = {"role": "assistant", "content": [{"text": f"You said: {text}"}]}
        return HttpResponse(200, {}, json.encode({"output": {"message": said}, "stopReason": "end_turn"}))

    async def close(self) -> None: ...


@pytest.fixture
def bedrock(settings: Settings) -> Bedrock:
    return Bedrock(settings)


@pytest.fixture
async def client(settings: Settings, bedrock: Bedrock) -> AsyncIterator[AsgiClient]:
    as_shipped = replace(settings, cluster_settings={})  # Bedrock's addresses are trusted
    async with Node(as_shipped, transport=bedrock) as node:
        yield AsgiClient(node.app)


@pytest.fixture
def role(settings: Settings) -> str:
    encryptor = MasterKeyEncryptor(settings.keys_folder)
    return Administration(IdentityStore(settings.data), encryptor, SystemClock(), IdGenerator()).create_role(
        "bedrock", SERVICE, None
    )


async def model(client: AsgiClient, role: str, parameters: dict[str, Any], **action: str) -> str:
    connector = {
        "name": "Amazon Bedrock",
        "version": 1,
        "protocol": "aws_sigv4",
        "credential": {"roleArn": role},
        "parameters": {"region": "eu-west-1", "service_name": "bedrock", **parameters},
        "actions": [
            {
                "action_type": "predict",
                "method": "POST",
                "headers": {"content-type": "application/json", "x-amz-content-sha256": "required"},
                **action,
            }
        ],
    }
    made = await client(f"POST {ML}/connectors/_create", connector)
    assert made.status == 200, made.text
    body = {"name": "m", "function_name": "remote", "connector_id": made.json["connector_id"]}
    return str((await client(f"POST {ML}/models/_register?deploy=true", body)).json["model_id"])


async def test_titan_embeds_what_is_indexed_and_what_is_asked(client: AsgiClient, bedrock: Bedrock, role: str) -> None:
    titan = await model(
        client,
        role,
        {"model": TITAN, "dimensions": 4, "normalize": True, "embeddingTypes": ["float"]},
        url="https://bedrock-runtime.${parameters.region}.amazonaws.com/model/${parameters.model}/invoke",
        request_body='{ "inputText": "${parameters.inputText}", "dimensions": ${parameters.dimensions}, "normalize": ${parameters.normalize}, "embeddingTypes": ${parameters.embeddingTypes} }',
        pre_process_function="connector.pre_process.bedrock.embedding",
        post_process_function="connector.post_process.bedrock_v2.embedding.float",
    )  # fmt: skip
    embed = {"text_embedding": {"model_id": titan, "field_map": {"text": "vector"}}}
    await client("PUT /_ingest/pipeline/embed", {"processors": [embed]})
    index = {
        "settings": {"index.knn": True, "default_pipeline": "embed"},
        "mappings": {"properties": {"vector": {"type": "knn_vector", "dimension": 4}}},
    }
    assert (await client("PUT /docs", index)).status == 200
    for id, text in (("sea", "the moon pulls the tide"), ("bakery", 'bread, as they "say", from the oven')):
        written = await client(f"PUT /docs/_doc/{id}?refresh=true", {"text": text})
        assert written.status == 201, written.text
    query = {"neural": {"vector": {"query_text": "what makes the tide?", "model_id": titan, "k": 2}}}
    found = await client("POST /docs/_search", {"query": query, "_source": ["text"]})
    assert [hit["_id"] for hit in found.json["hits"]["hits"]] == ["sea", "bakery"]
    assert len(bedrock.asked) == 3


async def test_claude_answers(client: AsgiClient, bedrock: Bedrock, role: str) -> None:
    claude = await model(
        client,
        role,
        {"model": CLAUDE.replace(":", "%3A")},
        url="https://bedrock-runtime.${parameters.region}.amazonaws.com/model/${parameters.model}/converse",
        request_body='{"messages":[{"role":"user","content":[{"text":"${parameters.inputs}"}]}]}',
    )
    answer = await client(f"POST {ML}/models/{claude}/_predict", {"parameters": {"inputs": 'Say "hë"'}})
    assert answer.status == 200, answer.text
    said = answer.json["inference_results"][0]["output"][0]["dataAsMap"]["output"]["message"]["content"][0]["text"]
    assert said == 'You said: Say "hë"'
    assert bedrock.asked == [f"/model/{CLAUDE.replace(':', '%3A')}/converse"]
