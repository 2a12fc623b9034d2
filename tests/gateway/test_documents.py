"""Writes through pipelines of ours, the cluster's, and of both."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core import json
from ragstone.testing.asgi import AsgiClient
from ragstone.testing.cluster import Received, Reply, ScriptedCluster

SIMULATE = "/_ingest/pipeline/_simulate"
GROK = {"grok": {"field": "a", "patterns": ["x"], "tag": "theirs"}}
"""Known to the cluster alone."""


def _trim(field: str) -> Any:
    """Known to us alone."""
    return {"trim": {"field": field}}


def grok(request: Received) -> Reply:
    """What the cluster makes of documents: `a` in upper case as `b`; without `a` it fails, `drop` is dropped."""
    docs: list[Any] = []
    for given in request.json["docs"]:
        source = given["_source"]
        if source.get("a") == "drop":
            docs.append(None)
        elif "a" not in source:
            cause = {"type": "illegal_argument_exception", "reason": "field [a] not present"}
            docs.append({"error": {"root_cause": [cause], **cause}})
        else:
            made = {**source, "b": source["a"].upper()}
            named = {key: given.get(key, key) for key in ("_index", "_id")}
            docs.append({"doc": {**named, "_source": made, "_ingest": {"timestamp": "2026-01-01T00:00:00Z"}}})
    return Reply({"docs": docs})


def ndjson(*lines: Any) -> bytes:
    return b"".join(json.encode(line) + b"\n" for line in lines)


async def source(gateway: AsgiClient, path: str) -> Any:
    answer = await gateway(f"GET {path}")
    assert answer.status == 200, answer.text
    return answer.json["_source"]


# ── whose processors ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_processors_of_both_sides_run_in_the_written_order(gateway: AsgiClient, cluster: ScriptedCluster) -> None:
    cluster.on("POST", SIMULATE, grok)
    processors = [
        _trim("a"),
        GROK,
        {"set": {"field": "c", "value": "{{b}}!"}},
        {"rename": {"field": "a", "target_field": "old"}},
        {"copy": {"source_field": "old", "target_field": "a"}},
        GROK,
        _trim("b"),
    ]
    assert (await gateway("PUT /_ingest/pipeline/mixed", {"processors": processors})).status == 200
    answer = await gateway("PUT /books/_doc/1?pipeline=mixed&refresh=true", {"a": " x "})
    assert answer.status == 201, answer.text
    assert await source(gateway, "/books/_doc/1") == {"b": "X", "c": "X!", "old": "x", "a": "x"}
    simulated = [request.json for request in cluster.asked("POST", SIMULATE)]
    assert [body["pipeline"] for body in simulated] == [{"processors": [GROK]}] * 2
    assert [body["docs"][0]["_source"]["a"] for body in simulated] == ["x", "x"]
    assert simulated[0]["docs"][0]["_index"] == "books"
    written = cluster.asked("POST", "/books/_bulk")[-1]
    assert written.lines[0]["index"]["pipeline"] == "_none"


async def test_a_document_that_the_clusters_processor_refuses_is_the_only_one(
    gateway: AsgiClient, cluster: ScriptedCluster
) -> None:
    cluster.on("POST", SIMULATE, grok)
    await gateway(
        "PUT /_ingest/pipeline/mixed", {"processors": [GROK, {"set": {"field": "n", "value": 1}}, _trim("b")]}
    )
    lines = [
        {"index": {"_id": "1"}},
        {"a": "x"},
        {"index": {"_id": "2"}},
        {"z": 1},
        {"index": {"_id": "3"}},
        {"a": "drop"},
    ]
    answer = (await gateway("POST /books/_bulk?pipeline=mixed&refresh=true", ndjson(*lines))).json
    assert answer["errors"] is True
    first, second, third = (item["index"] for item in answer["items"])
    assert first["result"] == "created"
    assert (second["status"], second["error"]["reason"]) == (400, "field [a] not present")
    assert third["result"] == "noop"
    assert (await gateway("GET /books/_count")).json["count"] == 1
    assert len(cluster.asked("POST", SIMULATE)) == 1, "documents of one request go together"


async def test_a_cluster_that_can_not_simulate_is_every_documents_error(
    gateway: AsgiClient, cluster: ScriptedCluster
) -> None:
    refusal = {"type": "rejected_execution_exception", "reason": "full"}
    cluster.on("POST", SIMULATE, Reply({"error": {"root_cause": [refusal], **refusal}, "status": 429}, 429))
    await gateway("PUT /_ingest/pipeline/mixed", {"processors": [_trim("a"), GROK]})
    answer = await gateway("PUT /books/_doc/1?pipeline=mixed", {"a": "x"})
    assert (answer.status, answer.json["error"]["type"]) == (429, "rejected_execution_exception")


async def test_a_pipeline_of_the_clusters_can_be_called_from_ours(
    gateway: AsgiClient, cluster: ScriptedCluster
) -> None:
    await gateway("PUT /_ingest/pipeline/theirs", {"processors": [{"set": {"field": "theirs", "value": True}}]})
    await gateway("PUT /_ingest/pipeline/inner", {"processors": [{"trim": {"field": "a"}}]})
    names = ("theirs", "inner")
    outer = {"processors": [{"pipeline": {"name": name}} for name in names]}
    assert (await gateway("PUT /_ingest/pipeline/outer", outer)).status == 200
    answer = await gateway("PUT /books/_doc/1?pipeline=outer&refresh=true", {"a": " x "})
    assert answer.status == 201, answer.text
    assert await source(gateway, "/books/_doc/1") == {"a": "x", "theirs": True}


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "ours", "theirs"),
    [
        ("/_ingest/pipeline", {"processors": [_trim("a")]}, {"processors": [{"set": {"field": "a", "value": 1}}]}),
        (
            "/_search/pipeline",
            {"response_processors": [{"truncate_hits": {"target_size": 1}}]},
            {"request_processors": [{"filter_query": {"query": {"match_all": {}}}}]},
        ),
    ],
)
async def test_a_name_moves_between_the_sides_and_is_never_on_both(
    gateway: AsgiClient, behind: AsgiClient, path: str, ours: Any, theirs: Any
) -> None:
    for body, in_cluster in ((theirs, True), (ours, False), (theirs, True), (ours, False)):
        assert (await gateway(f"PUT {path}/x%2Fy", body)).json == {"acknowledged": True}
        assert (await gateway(f"GET {path}/x%2Fy")).json == {"x/y": body}
        assert (await behind(f"GET {path}/x%2Fy")).status == (200 if in_cluster else 404)
    await gateway(f"PUT {path}/another", theirs)
    assert (await gateway(f"GET {path}")).json == {"another": theirs, "x/y": ours}
    assert (await gateway(f"GET {path}/*")).json == {"another": theirs, "x/y": ours}
    assert (await gateway(f"GET {path}?format=yaml")).status == 200
    assert (await gateway(f"DELETE {path}/x%2Fy")).json == {"acknowledged": True}
    assert (await gateway(f"DELETE {path}/x%2Fy")).status == 404
    assert (await gateway(f"DELETE {path}/*")).json == {"acknowledged": True}
    assert (await gateway(f"GET {path}")).json == {}


async def test_gateways_see_each_others_pipelines(gateways: Any) -> None:
    async with gateways() as one, gateways(cluster_name="another") as other:
        await one("PUT /_ingest/pipeline/ours", {"processors": [_trim("a")]})
        other_sees = (await other("GET /_ingest/pipeline/ours")).status
        assert other_sees in (200, 404), "it may be a second behind"
        answer = await one("PUT /books/_doc/1?pipeline=ours", {"a": " x "})
        assert answer.status == 201


# ── simulations ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_simulation_of_ours_runs_both_sides_processors(gateway: AsgiClient, cluster: ScriptedCluster) -> None:
    pipeline = {"processors": [_trim("a"), GROK]}
    await gateway("PUT /_ingest/pipeline/mixed", pipeline)
    docs = {"docs": [{"_source": {"a": " x "}}, {"_source": {"n": 1}}]}
    cluster.on("POST", SIMULATE, grok)
    by_name = (await gateway("POST /_ingest/pipeline/mixed/_simulate", docs)).json["docs"]
    assert by_name[0]["doc"]["_source"] == {"a": "x", "b": "X"}
    assert by_name[1]["error"]["type"] == "illegal_argument_exception"
    inline = (await gateway(f"POST {SIMULATE}", {"pipeline": pipeline, **docs})).json["docs"]
    assert inline[0]["doc"]["_source"] == {"a": "x", "b": "X"}
    told = (await gateway("POST /_ingest/pipeline/mixed/_simulate?verbose=true", {"docs": docs["docs"][:1]})).json
    results = told["docs"][0]["processor_results"]
    assert [(one["processor_type"], one["status"]) for one in results] == [("trim", "success"), ("grok", "success")]


# ── bulk ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_bulk_of_all_kinds_keeps_the_order_of_its_items(gateway: AsgiClient, behind: AsgiClient) -> None:
    await gateway("PUT /_ingest/pipeline/ours", {"processors": [_trim("a"), {"set": {"field": "ours", "value": 1}}]})
    await gateway("PUT /_ingest/pipeline/theirs", {"processors": [{"set": {"field": "theirs", "value": 1}}]})
    await gateway("PUT /plain", {"mappings": {"properties": {"n": {"type": "integer"}}}})
    await gateway("PUT /embedding", {"settings": {"index.default_pipeline": "ours"}})
    await gateway("PUT /grokked", {"settings": {"index.default_pipeline": "theirs"}})
    answer = await gateway(
        "POST /_bulk?refresh=true",
        ndjson(
            *({"index": {"_index": "plain", "_id": "1"}}, {"a": " 1 "}),
            *({"index": {"_index": "embedding", "_id": "2"}}, {"a": " 2 "}),
            *({"index": {"_index": "grokked", "_id": "3"}}, {"a": " 3 "}),
            *({"index": {"_index": "plain", "_id": "4"}}, {"n": "no number"}),
            *({"create": {"_index": "embedding", "_id": "2"}}, {"a": " 5 "}),
            *({"index": {"_index": "plain", "_id": "6", "pipeline": "ours"}}, {"n": 1}),
            *({"index": {"_index": "plain", "_id": "7", "pipeline": "theirs"}}, {"a": " 7 "}),
            *({"index": {"_index": "plain", "_id": "8", "pipeline": "nobodys"}}, {"a": " 8 "}),
            {"delete": {"_index": "plain", "_id": "1"}},
            *({"index": {"_index": "embedding", "_id": "9", "pipeline": "_none"}}, {"a": " 9 "}),
            *({"index": {"_index": "Wrong", "_id": "10"}}, {}),
            *({"update": {"_index": "embedding", "_id": "2"}}, {"doc": {"a": " b "}}),
        ),
    )
    assert answer.status == 200, answer.text
    assert answer.json["errors"] is True
    shown = [
        (action, told["_id"], told["status"], told.get("error", {}).get("type", told.get("result")))
        for item in answer.json["items"]
        for action, told in item.items()
    ]
    assert shown == [
        ("index", "1", 201, "created"),
        ("index", "2", 201, "created"),
        ("index", "3", 201, "created"),
        ("index", "4", 400, "mapper_parsing_exception"),
        ("create", "2", 409, "version_conflict_engine_exception"),
        ("index", "6", 400, "illegal_argument_exception"),
        ("index", "7", 201, "created"),
        ("index", "8", 400, "illegal_argument_exception"),
        ("delete", "1", 200, "deleted"),
        ("index", "9", 201, "created"),
        ("index", "10", 400, "invalid_index_name_exception"),
        ("update", "2", 200, "updated"),
    ]
    assert await source(gateway, "/embedding/_doc/2") == {"a": "b", "ours": 1}
    assert await source(gateway, "/embedding/_doc/9") == {"a": " 9 "}
    assert await source(gateway, "/grokked/_doc/3") == {"a": " 3 ", "theirs": 1}
    assert await source(gateway, "/plain/_doc/7") == {"a": " 7 ", "theirs": 1}


async def test_what_a_write_says_of_copies_and_patience_goes_on(gateway: AsgiClient, cluster: ScriptedCluster) -> None:
    await gateway("PUT /_ingest/pipeline/ours", {"processors": [_trim("a")]})
    await gateway("PUT /books")
    await gateway("PUT /books/_doc/1?pipeline=ours&timeout=7s&wait_for_active_shards=1", {"a": " x "})
    await gateway("PUT /books/_doc/1?pipeline=ours", {"a": " y "})
    targets = [request.target for request in cluster.asked("POST", "/books/_bulk")]
    assert targets == [
        "/books/_bulk?refresh=false&timeout=7s&wait_for_active_shards=1",
        "/books/_bulk?refresh=false",
    ]


async def test_an_update_goes_through_our_pipeline(gateway: AsgiClient, cluster: ScriptedCluster) -> None:
    await gateway("PUT /_ingest/pipeline/ours", {"processors": [_trim("a")]})
    await gateway("PUT /books", {"settings": {"index.default_pipeline": "ours"}})
    await gateway("PUT /books/_doc/1", {"a": " x ", "b": 1})
    answer = await gateway("POST /books/_update/1", {"doc": {"a": " y "}})
    assert (answer.status, answer.json["result"], answer.json["_version"]) == (200, "updated", 2)
    assert await source(gateway, "/books/_doc/1") == {"a": "y", "b": 1}
    written = cluster.asked("POST", "/books/_bulk")[-1].lines[0]["index"]
    assert (written["if_seq_no"], written["if_primary_term"]) == (0, 1)


async def test_an_update_that_loses_a_race_is_a_conflict_or_tried_again(
    gateway: AsgiClient, behind: AsgiClient, cluster: ScriptedCluster
) -> None:
    await gateway("PUT /_ingest/pipeline/ours", {"processors": [_trim("a")]})
    await gateway("PUT /books", {"settings": {"index.default_pipeline": "ours"}})
    await gateway("PUT /books/_doc/1", {"n": 0, "a": ""})
    original = cluster.otherwise

    async def overtaken(request: Received) -> Reply:
        assert (await behind("PUT /books/_doc/1?pipeline=_none", {"n": 1, "a": ""})).status == 200
        assert not isinstance(original, Reply)
        answer = original(request)
        return answer if isinstance(answer, Reply) else await answer

    cluster.on("POST", "/books/_bulk", overtaken, once=True)
    answer = await gateway("POST /books/_update/1", {"doc": {"b": 1}})
    assert (answer.status, answer.json["error"]["type"]) == (409, "version_conflict_engine_exception")
    cluster.on("POST", "/books/_bulk", overtaken, once=True)
    answer = await gateway("POST /books/_update/1?retry_on_conflict=1", {"doc": {"b": 2}})
    assert answer.json["result"] == "updated"
    assert await source(gateway, "/books/_doc/1") == {"n": 1, "a": "", "b": 2}


async def test_a_missing_index_is_made_with_its_templates_pipeline(
    gateway: AsgiClient, behind: AsgiClient, cluster: ScriptedCluster
) -> None:
    settings = {"index": {"default_pipeline": "ours"}}
    cluster.on("POST", "/_index_template/_simulate_index/books", Reply({"template": {"settings": settings}}))

    async def made(request: Received) -> Reply:
        """The index appears as the template has it, with the first write."""
        await behind("PUT /books", {"settings": settings})
        answer = await behind(f"POST {request.target}", request.body)
        return Reply(answer.body, answer.status)

    cluster.on("POST", "/books/_bulk", made, once=True)
    await gateway("PUT /_ingest/pipeline/ours", {"processors": [_trim("a")]})
    answer = await gateway("POST /books/_bulk", ndjson({"index": {"_id": "1"}}, {"a": " x "}))
    assert answer.json["items"][0]["index"]["status"] == 201
    assert await source(gateway, "/books/_doc/1") == {"a": "x"}


async def test_an_index_is_not_made_where_the_cluster_makes_none(gateway: AsgiClient, cluster: ScriptedCluster) -> None:
    """The setting is the cluster's, and so is the refusal."""
    await gateway("PUT /_ingest/pipeline/ours", {"processors": [_trim("a")]})
    await gateway("PUT /_cluster/settings", {"persistent": {"action.auto_create_index": "false"}})
    answer = await gateway("PUT /books/_doc/1?pipeline=ours", {"a": " x "})
    assert (answer.status, answer.json["error"]["type"]) == (404, "index_not_found_exception")
    assert (await gateway("HEAD /books")).status == 404
