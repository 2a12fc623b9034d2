"""`_bulk` over HTTP: order, failures in place, and the whole request refused when it is malformed."""

from typing import Any

from ragstone.core import json
from ragstone.testing.asgi import AsgiClient


def ndjson(*lines: Any) -> bytes:
    return b"".join(json.encode(line) + b"\n" for line in lines)


async def test_bulk_reports_the_failed_item_and_keeps_the_rest(client: AsgiClient) -> None:
    await client("PUT /books", {"mappings": {"properties": {"n": {"type": "long"}}}})
    answer = await client(
        "POST /books/_bulk?refresh=true",
        ndjson(
            {"index": {"_id": "1"}}, {"n": 1},
            {"index": {"_id": "2"}}, {"n": "text"},
            {"create": {"_id": "1"}}, {"n": 3},
            {"update": {"_id": "9"}}, {"doc": {"n": 1}},
            {"delete": {"_id": "9"}},
            {"index": {"_id": "4"}}, {"n": 4},
        ),
    )  # fmt: skip
    assert list(answer.json) == ["took", "errors", "items"]
    assert answer.json["errors"] is True
    items = [next(iter(item.values())) for item in answer.json["items"]]
    assert [item["status"] for item in items] == [201, 400, 409, 404, 404, 201]
    assert items[1]["error"]["type"] == "mapper_parsing_exception"
    assert items[3]["error"]["type"] == "document_missing_exception"
    assert items[4]["result"] == "not_found"
    assert (await client("GET /books/_count")).json["count"] == 2


async def test_a_missing_document_to_delete_is_no_error(client: AsgiClient) -> None:
    await client("PUT /books")
    assert (await client("POST /books/_bulk", ndjson({"delete": {"_id": "x"}}))).json["errors"] is False


async def test_actions_on_one_document_see_each_other(client: AsgiClient) -> None:
    answer = await client(
        "POST /_bulk",
        ndjson(
            {"index": {"_index": "books", "_id": "1"}}, {"a": 1},
            {"update": {"_index": "books", "_id": "1"}}, {"doc": {"b": 1}},
            {"update": {"_index": "books", "_id": "1"}}, {"doc": {"b": 1}},
            {"update": {"_index": "books", "_id": "1"}}, {"doc": {"c": 1}},
            {"delete": {"_index": "books", "_id": "1"}},
            {"update": {"_index": "books", "_id": "1"}}, {"doc": {"d": 1}, "doc_as_upsert": True},
        ),
    )  # fmt: skip
    items = [next(iter(item.values())) for item in answer.json["items"]]
    assert [item["result"] for item in items] == ["created", "updated", "noop", "updated", "deleted", "created"]
    assert (await client("GET /books/_source/1")).json == {"d": 1}


async def test_a_malformed_line_refuses_the_whole_request(client: AsgiClient) -> None:
    body = ndjson({"index": {"_index": "books", "_id": "1"}}, {"a": 1}, {"replace": {}}, {})
    refused = await client("POST /_bulk", body)
    assert refused.status == 400
    assert "Malformed action/metadata line [3]" in refused.json["error"]["reason"]
    assert (await client("HEAD /books")).status == 404
    bad_update = ndjson(
        {"index": {"_index": "books"}}, {"a": 1}, {"update": {"_index": "books", "_id": "1"}}, {"dok": {}}
    )
    assert (await client("POST /_bulk", bad_update)).json["error"]["reason"] == (
        "[1:2] [UpdateRequest] unknown field [dok] did you mean [doc]?"
    )


async def test_an_index_is_created_by_a_write_but_not_by_a_delete(client: AsgiClient) -> None:
    answer = await client("POST /_bulk", ndjson({"delete": {"_index": "books", "_id": "1"}}))
    assert answer.json["items"][0]["delete"]["error"]["type"] == "index_not_found_exception"
    assert (await client("HEAD /books")).status == 404
    await client("POST /_bulk", ndjson({"create": {"_index": "books"}}, {"a": 1}))
    assert (await client("HEAD /books")).status == 200


async def test_writes_through_an_alias_go_to_its_write_index(client: AsgiClient) -> None:
    await client("PUT /books-1", {"aliases": {"books": {}}})
    await client("PUT /books-2", {"aliases": {"books": {"is_write_index": True}}})
    answer = await client("POST /books/_bulk", ndjson({"index": {"_id": "1"}}, {"a": 1}))
    assert answer.json["items"][0]["index"]["_index"] == "books-2"


async def test_bulk_runs_ingest_pipelines_over_updates_too(client: AsgiClient) -> None:
    """OpenSearch runs none over a bulk update of an existing document, so that what it derives goes stale."""
    pipeline = {"processors": [{"set": {"field": "copy", "value": "{{text}}"}}]}
    assert (await client("PUT /_ingest/pipeline/copy", pipeline)).status == 200
    await client("PUT /books", {"settings": {"default_pipeline": "copy"}})
    await client("POST /books/_bulk", ndjson({"index": {"_id": "1"}}, {"text": "old"}))
    answer = await client("POST /books/_bulk", ndjson({"update": {"_id": "1"}}, {"doc": {"text": "new"}}))
    assert "ingest_took" in answer.json
    assert (await client("GET /books/_source/1")).json == {"text": "new", "copy": "new"}
