"""A generated answer over a `match` query: what it adds to the model and the search, and 500 of them at once."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import load
from benchmarks.cases import _chat_model
from benchmarks.cases._texts import INDEX, MAPPING, documents, encoded
from benchmarks.data import questions
from benchmarks.load import request
from benchmarks.measure import Row
from benchmarks.server import Server, bulk_body

from ragstone.core import json

_PARALLEL, _ASKED = 500, 50
_BODY = '{"model": "${parameters.model}", "messages": ${parameters.messages}}'


def run() -> list[Row]:
    with Server() as server:
        server(f"PUT /{INDEX}", MAPPING)
        sources = encoded(documents(10_000, 30, 80))
        for at in range(0, len(sources), 1000):
            server("POST /_bulk", bulk_body(INDEX, sources[at : at + 1000], at))
        server(f"POST /{INDEX}/_refresh")
        server(
            "PUT /_cluster/settings",
            {
                "persistent": {
                    "plugins.ml_commons.trusted_connector_endpoints_regex": ["^http://127\\.0\\.0\\.1:.*$"],
                    "plugins.ml_commons.connector.private_ip_enabled": True,
                }
            },
        )
        return [_added(server), _at_once(server)]


def _added(server: Server) -> Row:
    """A model that takes 50 ms, one request after the other."""
    with _model(0.05) as port:
        pipeline = _pipeline(server, "soon", port)
        asked = questions(_ASKED, 5, range(1000, 20_000), seed=5)
        generated = [_search(text, pipeline) for text in asked]
        plain = [_search(text) for text in asked]
        direct = [_chat_model.example()] * _ASKED
        added, alone = [], []
        for turn in range(6):
            model = load.make(port, direct).percentile(50)
            search = server.load(plain).percentile(50)
            whole = server.load(generated).percentile(50)
            if turn:
                alone.append((model + search) * 1000)
                added.append(whole * 1000 - alone[-1])
    middle = statistics.median(added)
    return Row(
        "generated answer over a match query, what it adds (p50)",
        middle,
        None,
        "ms",
        None,
        None,
        f"{min(added):.2g} to {max(added):.2g} ms in {len(added)} turns; "
        f"model and search alone take {statistics.median(alone):.1f} ms",
        "-",
    ).wanting("<= 5 ms", middle <= 5)


def _at_once(server: Server) -> Row:
    """A model that takes 1 s, all requests at the same time, each on a connection of its own."""
    with _model(1.0) as port:
        pipeline = _pipeline(server, "late", port)
        asked = questions(_PARALLEL, 5, range(1000, 20_000), seed=6)
        generated = [_search(text, pipeline) for text in asked]
        direct = [_chat_model.example()] * _PARALLEL
        server.load(generated[:20], connections=20)
        ours, raw = [], []
        for _ in range(5):
            raw.append(load.make(port, direct, connections=_PARALLEL).percentile(99))
            ours.append(server.load(generated, connections=_PARALLEL).percentile(99))
    middle = statistics.median(ours)
    return Row(
        f"{_PARALLEL} generated answers at once, a model of 1 s, p99",
        middle,
        statistics.median(raw),
        "s",
        statistics.median(theirs / mine for theirs, mine in zip(raw, ours, strict=True)),
        (max(ours) - min(ours)) / middle,
        f"worst of {len(ours)} turns {max(ours):.2f} s",
        "the model itself, asked by the load generator",
    ).wanting("<= 1.3 s", middle <= 1.3)


@contextmanager
def _model(seconds: float) -> Iterator[int]:
    """A chat model in a process of its own that takes so long for every answer; its port."""
    process = subprocess.Popen([sys.executable, _chat_model.__file__, str(seconds)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def _pipeline(server: Server, name: str, port: int) -> str:
    connector = server(
        "POST /_plugins/_ml/connectors/_create",
        {
            "name": name,
            "description": name,
            "version": "1",
            "protocol": "http",
            "parameters": {"model": "simulated"},
            "credential": {"key": "secret"},
            "client_config": {"max_connection": 1000},
            "actions": [
                {
                    "action_type": "predict",
                    "method": "POST",
                    "url": f"http://127.0.0.1:{port}/v1/chat/completions",
                    "headers": {"Authorization": "Bearer ${credential.key}"},
                    "request_body": _BODY,
                }
            ],
        },
    )["connector_id"]
    model = server(
        "POST /_plugins/_ml/models/_register?deploy=true",
        {"name": name, "function_name": "remote", "description": name, "connector_id": connector},
    )["model_id"]
    generation = {
        "model_id": model,
        "context_field_list": ["text"],
        "system_prompt": "You are a helpful assistant.",
        "user_instructions": "Answer in less than 100 words.",
    }
    server(f"PUT /_search/pipeline/{name}", {"response_processors": [{"retrieval_augmented_generation": generation}]})
    return name


def _search(text: str, pipeline: str | None = None) -> bytes:
    body = {"query": {"match": {"text": text}}, "size": 5}
    if pipeline is None:
        return request("POST", f"/{INDEX}/_search", json.encode(body))
    asked = {"llm_question": text, "llm_model": "simulated", "context_size": 5}
    body["ext"] = {"generative_qa_parameters": asked}
    return request("POST", f"/{INDEX}/_search?search_pipeline={pipeline}", json.encode(body))
