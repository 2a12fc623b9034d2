"""`/_ingest/pipeline` and `/_search/pipeline` over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core import json
from ragstone.testing.asgi import AsgiClient

EMPTY: dict[str, Any] = {"/_ingest/pipeline": {"processors": []}, "/_search/pipeline": {}}


@pytest.mark.parametrize("path", EMPTY)
async def test_a_pipeline_is_put_read_replaced_and_deleted(client: AsgiClient, path: str) -> None:
    assert (await client(f"GET {path}")).status == 404
    for version in (10, 9):
        body = {**EMPTY[path], "version": version}
        assert (await client(f"PUT {path}/a", body)).json == {"acknowledged": True}
        assert (await client(f"GET {path}/a")).json == {"a": body}
    await client(f"PUT {path}/b", EMPTY[path])
    assert (await client(f"GET {path}/b,gone")).json.keys() == {"b"}
    answer = await client(f"GET {path}/gone*")
    assert (answer.status, answer.json) == (404, {})
    assert (await client(f"DELETE {path}/a,b")).status == 404
    assert (await client(f"DELETE {path}/*")).json == {"acknowledged": True}
    answer = await client(f"DELETE {path}/a")
    assert (answer.status, answer.json["error"]["reason"]) == (404, "pipeline [a] is missing")


@pytest.mark.parametrize("path", EMPTY)
@pytest.mark.parametrize(
    ("body", "type", "reason"),
    [
        (None, "parse_exception", "request body or source parameter is required"),
        (b"[]", "not_x_content_exception", None),
        (b'{"a"', "parse_exception", "Failed to parse content to map"),
        (
            b'{"description": 5}',
            "parse_exception",
            "[description] property isn't a string, but of type [java.lang.Integer]",
        ),
    ],
)
async def test_a_bad_body_is_a_client_error(
    client: AsgiClient, path: str, body: Any, type: str, reason: str | None
) -> None:
    answer = await client(f"PUT {path}/a", body)
    assert (answer.status, answer.json["error"]["type"]) == (400, type)
    assert reason in (None, answer.json["error"]["reason"])


@pytest.mark.parametrize("request_line", ["POST {path}/a", "PUT {path}", "HEAD {path}/a", "DELETE {path}"])
@pytest.mark.parametrize("path", EMPTY)
async def test_other_verbs_are_refused(client: AsgiClient, path: str, request_line: str) -> None:
    assert (await client(request_line.format(path=path))).status == 405


async def test_the_default_pipeline_runs_in_writes_and_in_simulation(client: AsgiClient) -> None:
    definition = {"processors": [{"set": {"field": "a", "value": "{{ b }}!"}}, {"drop": {"if": "ctx.b == 'no'"}}]}
    await client("PUT /_ingest/pipeline/p", definition)
    await client("PUT /books", {"settings": {"default_pipeline": "p"}})
    lines = [{"index": {"_id": "1"}}, {"b": "yes"}, {"index": {"_id": "2"}}, {"b": "no"}]
    body = b"".join(json.encode(line) + b"\n" for line in lines)
    answer = (await client("POST /books/_bulk?refresh=true", body)).json
    assert [item["index"]["result"] for item in answer["items"]] == ["created", "noop"]
    assert "ingest_took" in answer
    assert (await client("GET /books/_doc/1")).json["_source"] == {"a": "yes!", "b": "yes"}
    simulated = await client("POST /_ingest/pipeline/p/_simulate", {"docs": [{"_source": {"b": "no"}}]})
    assert simulated.json == {"docs": [None]}


async def test_inline_named_and_default_search_pipelines(client: AsgiClient) -> None:
    await client("PUT /books/_doc/1?refresh=true", {"a": 1})
    cut = {"response_processors": [{"truncate_hits": {"target_size": 0}}]}
    await client("PUT /_search/pipeline/cut", cut)

    async def hits(target: str = "", body: Any = None) -> Any:
        answer = (await client(f"POST /books/_search{target}", body)).json
        return answer["hits"]["hits"] if "hits" in answer else answer["error"]["reason"]

    assert len(await hits()) == 1
    assert await hits("?search_pipeline=cut") == []
    assert await hits(body={"search_pipeline": "cut"}) == []
    assert await hits(body={"search_pipeline": cut}) == []
    assert (await hits("?search_pipeline=cut", {"search_pipeline": cut})).startswith("Both named and inline")
    assert await hits("?search_pipeline=gone") == "Pipeline gone is not defined"
    await client("PUT /books/_settings", {"index.search.default_pipeline": "cut"})
    assert await hits() == []
    assert len(await hits("?search_pipeline=_none")) == 1
    assert (await client("GET /books/_count")).json["count"] == 1


async def test_verbose_shows_the_processors(client: AsgiClient) -> None:
    await client("PUT /books/_doc/1?refresh=true", {"a": 1})
    answer = await client("GET /books/_search?verbose_pipeline=true", {"size": 1})
    assert answer.json["error"]["reason"] == ("The 'verbose pipeline' option requires a search pipeline to be defined.")
    pipeline = {
        "request_processors": [{"filter_query": {"query": {"term": {"a": 1}}}}],
        "response_processors": [{"rename_field": {"field": "a", "target_field": "b"}}],
    }
    answer = await client("POST /books/_search", {"verbose_pipeline": True, "search_pipeline": pipeline})
    first, second = answer.json["processor_results"]
    assert (first["processor_name"], first["status"]) == ("filter_query", "success")
    assert first["output_data"]["query"]["bool"]["filter"]
    assert [hit["_source"] for hit in second["input_data"] + second["output_data"]] == [{"a": 1}, {"b": 1}]
