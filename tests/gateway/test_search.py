"""Searches that need us: what of the cluster's answer stays as it was, and what is added."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core import json
from ragstone.testing.asgi import AsgiClient
from ragstone.testing.cluster import Reply, ScriptedCluster

HITS: list[Any] = [
    {
        "_index": "books",
        "_id": str(number),
        "_version": 3,
        "_score": 1.5 / number,
        "_source": {"text": f"text {number}", "big": 12345678901234567890, "n": {"deep": [1.10, None]}},
        "highlight": {"text": [f"<em>text</em> {number}"]},
        "fields": {"date": ["2026-01-01"]},
        "inner_hits": {"x": {"hits": {"total": {"value": 0, "relation": "eq"}, "max_score": None, "hits": []}}},
        "matched_queries": {"named": 0.5},
        "_explanation": {"value": 1.5, "description": "sum of:", "details": []},
        "sort": [1.5, "x", None],
    }
    for number in (1, 2)
]
ANSWER: dict[str, Any] = {
    "took": 7,
    "timed_out": True,
    "terminated_early": True,
    "num_reduce_phases": 2,
    "_shards": {
        "total": 3,
        "successful": 2,
        "skipped": 1,
        "failed": 1,
        "failures": [{"shard": 0, "index": "books", "node": "n", "reason": {"type": "x", "reason": "y"}}],
    },
    "_clusters": {"total": 2, "successful": 2, "skipped": 0},
    "hits": {"total": {"value": 1000, "relation": "gte"}, "max_score": 1.5, "hits": HITS},
    "aggregations": {"sterms#a": {"doc_count_error_upper_bound": 0, "buckets": [{"key": 1e-7, "doc_count": 1}]}},
    "suggest": {"s": [{"text": "a", "offset": 0, "length": 1, "options": []}]},
    "profile": {"shards": []},
    "pit_id": "abc",
    "ext": {"other": {"a": 1}},
}
ASKED = {
    "query": {"match": {"text": "text"}},
    "highlight": {"fields": {"text": {}}},
    "aggs": {"a": {"terms": {"field": "n"}}},
    "ext": {"generative_qa_parameters": {"llm_question": "why?", "llm_model": "m"}, "other": {"b": 2}},
}


@pytest.fixture
async def rag(gateway: AsgiClient) -> str:
    trusted = {
        "plugins.ml_commons.trusted_connector_endpoints_regex": ["^http://models[.]test/.*$"],
        "plugins.ml_commons.rag_pipeline_feature_enabled": True,
    }
    assert (await gateway("PUT /_cluster/settings", {"persistent": trusted})).status == 200
    body = '{ "model": "m", "messages": ${parameters.messages} }'
    action = {"action_type": "predict", "method": "POST", "url": "http://models.test/v1", "request_body": body}
    connector = {"name": "c", "version": "1", "protocol": "http", "credential": {"key": "k"}, "actions": [action]}
    created = (await gateway("POST /_plugins/_ml/connectors/_create", connector)).json
    model = {"name": "m", "function_name": "remote", **created}
    registered = (await gateway("POST /_plugins/_ml/models/_register?deploy=true", model)).json
    options = {"model_id": registered["model_id"], "context_field_list": ["text"]}
    pipeline = {"response_processors": [{"retrieval_augmented_generation": options}]}
    answer = await gateway("PUT /_search/pipeline/rag", pipeline)
    assert answer.status == 200, answer.text
    return "rag"


@pytest.mark.usefixtures("rag")
async def test_an_answer_is_added_and_all_else_stays(
    gateway: AsgiClient, cluster: ScriptedCluster, provider: Any
) -> None:
    cluster.on("POST", "/books/_search", Reply(ANSWER))
    answer = (await gateway("POST /books/_search?search_pipeline=rag", ASKED)).json
    said = {"retrieval_augmented_generation": {"answer": "Forty-two."}}
    assert isinstance(answer["took"], int)
    assert {**answer, "took": 7} == {**ANSWER, "ext": {**ANSWER["ext"], **said}}
    assert "text 2" in provider.requests[-1].body.decode()


@pytest.mark.usefixtures("rag")
async def test_the_cluster_is_asked_as_the_client_asked(gateway: AsgiClient, cluster: ScriptedCluster) -> None:
    cluster.on("POST", "/books,b*/_search", Reply(ANSWER))
    query = "search_pipeline=rag&routing=a%2Fb&preference=_local&allow_partial_search_results=false&typed_keys&pretty"
    answer = await gateway(f"GET /books,b*/_search?{query}", ASKED)
    assert answer.status == 200
    [asked] = [request for request in cluster.requests if request.path.endswith("/_search") and "books" in request.path]
    given = dict(pair.partition("=")[::2] for pair in asked.target.partition("?")[2].split("&"))
    assert given == {
        "routing": "a%2Fb",
        "preference": "_local",
        "allow_partial_search_results": "false",
        "typed_keys": "",
        "search_pipeline": "_none",
    }
    assert asked.json == {**ASKED, "ext": {"other": {"b": 2}}, "_source": True}


@pytest.mark.usefixtures("rag")
async def test_what_the_client_wants_shown_is_what_is_shown(gateway: AsgiClient, cluster: ScriptedCluster) -> None:
    cluster.on("POST", "/books/_search", Reply(ANSWER))
    for source, shown in (
        (False, None),
        (["big"], {"big": 12345678901234567890}),
        ("n.*", {"n": HITS[0]["_source"]["n"]}),
    ):
        answer = (await gateway("POST /books/_search?search_pipeline=rag", {**ASKED, "_source": source})).json
        assert answer["hits"]["hits"][0].get("_source") == shown
        assert answer["ext"]["retrieval_augmented_generation"] == {"answer": "Forty-two."}
    by_parameter = await gateway("POST /books/_search?search_pipeline=rag&_source=false", ASKED)
    assert "_source" not in by_parameter.json["hits"]["hits"][0]


@pytest.mark.parametrize("status", [400, 404, 429, 503])
@pytest.mark.usefixtures("rag")
async def test_the_clusters_errors_are_the_searchs(
    gateway: AsgiClient, cluster: ScriptedCluster, provider: Any, status: int
) -> None:
    cause = {"type": "query_shard_exception", "reason": "why", "index": "books", "index_uuid": "u", "line": 3}
    failed = {
        "shard": 0,
        "index": "books",
        "node": "n",
        "reason": {**cause, "caused_by": {"type": "b", "reason": None}},
    }
    error = {
        "root_cause": [cause],
        "type": "search_phase_execution_exception",
        "reason": "all shards failed",
        "phase": "query",
        "grouped": True,
        "failed_shards": [failed],
        "caused_by": {"type": "c", "reason": "d", "script_stack": ["a"]},
    }
    cluster.on("POST", "/books/_search", Reply({"error": error, "status": status}, status))
    answer = await gateway("POST /books/_search?search_pipeline=rag", ASKED)
    assert answer.status == status
    assert answer.json == {"error": error, "status": status}
    assert len(cluster.asked("POST", "/books/_search")) == 1
    assert not provider.requests


@pytest.mark.usefixtures("rag")
async def test_several_searches_keep_their_order_and_their_errors(
    gateway: AsgiClient, cluster: ScriptedCluster
) -> None:
    cluster.on("POST", "/books/_search", Reply(ANSWER))
    error = {"root_cause": [], "type": "index_not_found_exception", "reason": "no such index [gone]"}
    cluster.on("POST", "/gone/_search", Reply({"error": error, "status": 404}, 404))
    lines: list[Any] = [
        {"index": "books"},
        {},
        {"index": "gone"},
        {},
        {"index": ["books"], "search_pipeline": "rag"},
        ASKED,
    ]
    body = b"".join(json.encode(line) + b"\n" for line in lines)
    answer = (await gateway("POST /_msearch", body)).json["responses"]
    assert [one["status"] for one in answer] == [200, 404, 200]
    assert answer[0]["hits"] == ANSWER["hits"]
    assert answer[1]["error"] == error
    assert "retrieval_augmented_generation" in answer[2]["ext"]


async def test_a_response_processor_of_the_clusters_runs_before_ours(
    gateway: AsgiClient, cluster: ScriptedCluster
) -> None:
    cluster.on("POST", "/books/_search", Reply(ANSWER))
    theirs = {"personalize_search_ranking": {"weight": 1}}
    ours = {"truncate_hits": {"target_size": 1}}
    script = {"script": {"source": "1"}}
    enrich = {"neural_query_enricher": {"default_model_id": "m"}}
    mixed = {"request_processors": [enrich, script], "response_processors": [theirs, ours]}
    assert (await gateway("PUT /_search/pipeline/mixed", mixed)).status == 200
    answer = await gateway("POST /books/_search?search_pipeline=mixed", {"query": {"match_all": {}}})
    assert [hit["_id"] for hit in answer.json["hits"]["hits"]] == ["1"]
    [asked] = cluster.asked("POST", "/books/_search")
    assert asked.json["search_pipeline"] == {"request_processors": [script], "response_processors": [theirs]}
    for wrong in ({"request_processors": [script, enrich]}, {"response_processors": [ours, theirs]}):
        refused = await gateway("PUT /_search/pipeline/wrong", wrong)
        assert (refused.status, refused.json["error"]["type"]) == (400, "illegal_argument_exception")


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────

OURS, THEIRS = "plugins.ml_commons.memory_feature_enabled", "action.auto_create_index"


async def test_settings_go_to_the_side_that_knows_them(gateway: AsgiClient, behind: AsgiClient) -> None:
    body = {"persistent": {OURS: False, THEIRS: "false"}}
    answer = await gateway("PUT /_cluster/settings?flat_settings=true", body)
    assert answer.json == {"acknowledged": True, "persistent": {OURS: "false", THEIRS: "false"}, "transient": {}}
    assert (await behind("GET /_cluster/settings?flat_settings=true")).json["persistent"] == {THEIRS: "false"}
    assert (await gateway("GET /_cluster/settings?flat_settings=true")).json["persistent"] == {
        OURS: "false",
        THEIRS: "false",
    }
    nested = (await gateway("GET /_cluster/settings")).json["persistent"]
    assert nested == {
        "action": {"auto_create_index": "false"},
        "plugins": {"ml_commons": {"memory_feature_enabled": "false"}},
    }
    assert (await gateway("PUT /_cluster/settings", {"persistent": {OURS: None, THEIRS: None}})).status == 200
    assert (await gateway("GET /_cluster/settings")).json == {"persistent": {}, "transient": {}}


async def test_settings_of_the_clusters_alone_are_passed(gateway: AsgiClient, cluster: ScriptedCluster) -> None:
    body = {"persistent": {"cluster.routing.allocation.enable": "all"}}
    said = {"acknowledged": True, "persistent": {"x": "y"}, "transient": {}}
    cluster.on("PUT", "/_cluster/settings", Reply(said))
    assert (await gateway("PUT /_cluster/settings?pretty", body)).json == said
    assert cluster.asked("PUT", "/_cluster/settings")[-1].target.endswith("?pretty")


async def test_a_setting_that_the_cluster_refuses_changes_nothing_here(
    gateway: AsgiClient, cluster: ScriptedCluster
) -> None:
    error = {"root_cause": [], "type": "illegal_argument_exception", "reason": "unknown setting [x.y]"}
    cluster.on("PUT", "/_cluster/settings", Reply({"error": error, "status": 400}, 400))
    answer = await gateway("PUT /_cluster/settings", {"persistent": {OURS: False, "x.y": 1}})
    assert answer.json == {"error": error, "status": 400}
    assert (await gateway("GET /_cluster/settings")).json["persistent"] == {}


async def test_a_setting_that_is_wrong_here_changes_nothing_there(gateway: AsgiClient, behind: AsgiClient) -> None:
    answer = await gateway("PUT /_cluster/settings", {"persistent": {OURS: "perhaps", THEIRS: "false"}})
    assert answer.status == 400
    assert (await behind("GET /_cluster/settings")).json["persistent"] == {}
