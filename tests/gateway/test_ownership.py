"""Which requests are passed on as they came, and which are done here."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core import json
from ragstone.testing.asgi import Answer, AsgiClient
from ragstone.testing.cluster import Reply, ScriptedCluster

EMBED = {"processors": [{"text_embedding": {"model_id": "m", "field_map": {"text": "vector"}}}]}
ENRICH = {"request_processors": [{"neural_query_enricher": {"default_model_id": "m"}}]}
THEIRS = {"processors": [{"grok": {"field": "a", "patterns": ["x"]}}]}
THEIR_SEARCH = {"request_processors": [{"script": {"source": "1"}}]}
FEATURES = "/_nodes/ingest,search_pipelines,plugins"


class Told:
    """What a request came to: its answer, and whether the cluster has seen it as it was sent."""

    def __init__(self, cluster: ScriptedCluster, gateway: AsgiClient) -> None:
        self._cluster = cluster
        self._gateway = gateway
        self.answer: Answer | None = None

    async def passed(self, target: str, body: Any = None) -> bool:
        sent = body if isinstance(body, bytes) else b"" if body is None else json.encode(body)
        self._cluster.requests.clear()
        self.answer = await self._gateway(target, sent)
        seen = [(f"{one.method} {one.target}", one.body) for one in self._cluster.requests]
        return (target, sent) in seen


@pytest.fixture
def told(cluster: ScriptedCluster, gateway: AsgiClient) -> Told:
    return Told(cluster, gateway)


@pytest.fixture
async def pipelines(gateway: AsgiClient, cluster: ScriptedCluster) -> None:
    """`ours` of both kinds here, and indices that have them as their default."""
    assert (await gateway("PUT /_ingest/pipeline/ours", EMBED)).status == 200
    assert (await gateway("PUT /_search/pipeline/ours", ENRICH)).status == 200
    for name, settings in {
        "plain": {},
        "embedding": {"index.default_pipeline": "ours"},
        "asking": {"index.search.default_pipeline": "ours"},
    }.items():
        body = {"settings": settings, "aliases": {f"{name}-alias": {}}}
        assert (await gateway(f"PUT /{name}", body)).status == 200


# ── searches ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"no json",
        b'["neither"]',
        {"query": {"match": {"a": "b"}}},
        {"search_pipeline": "some"},
        {"aggs": {}},
    ],
)
async def test_a_search_is_passed_where_nothing_is_ours(told: Told, body: Any) -> None:
    assert await told.passed("POST /plain/_search?typed_keys", body)


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", {"query": {"neural": {"v": {"query_text": "a", "model_id": "m", "k": 1}}}}),
        ("", {"query": {"bool": {"filter": [{"neural": {"v": {"query_text": "a", "model_id": "m", "k": 1}}}]}}}),
        ("", {"ext": {"generative_qa_parameters": {"llm_question": "why"}}}),
        ("?search_pipeline=ours", {}),
        ("", {"search_pipeline": "ours"}),
        ("", {"search_pipeline": ENRICH}),
    ],
)
@pytest.mark.usefixtures("pipelines")
async def test_a_search_with_something_of_ours_is_ours(told: Told, query: str, body: Any) -> None:
    assert not await told.passed(f"POST /plain/_search{query}", body)


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("?search_pipeline=_none", {}),
        ("?search_pipeline=theirs", {}),
        ("?search_pipeline=theirs", {"search_pipeline": "ours"}),
        ("", {"search_pipeline": "theirs"}),
        ("", {"search_pipeline": "_none"}),
        ("", {"search_pipeline": THEIR_SEARCH}),
        ("", b'{"search_pipeline": "ours"'),
    ],
)
@pytest.mark.usefixtures("pipelines")
async def test_a_search_through_a_pipeline_of_the_clusters_is_passed(told: Told, query: str, body: Any) -> None:
    assert await told.passed(f"POST /plain/_search{query}", body)


@pytest.mark.parametrize(
    ("target", "passed"),
    [
        ("GET /asking/_search", False),
        ("GET /asking-alias/_search", False),
        ("GET /ask*/_search", False),
        ("GET /_search", False),
        ("GET /plain,asking/_search", False),
        ("GET /plain/_search", True),
        ("GET /plain-alias,embedding/_search", True),
        ("GET /missing/_search", True),
        ("GET /UPPER%20CASE/_search", True),
        ("GET /asking/_search?search_pipeline=_none", True),
        ("GET /asking/_count", True),
        ("GET /asking/_search/template", True),
    ],
)
@pytest.mark.usefixtures("pipelines")
async def test_an_index_whose_searches_go_through_ours(told: Told, target: str, passed: bool) -> None:
    assert await told.passed(target) is passed


@pytest.mark.parametrize("plugin", [True, False])
async def test_a_hybrid_query_is_ours_unless_the_cluster_can(
    gateways: Any, cluster: ScriptedCluster, plugin: bool
) -> None:
    plugins = [{"name": "opensearch-neural-search"}] if plugin else []
    cluster.on("GET", FEATURES, Reply({"nodes": {"n": {"plugins": plugins}}}))
    body: Any = {"query": {"hybrid": {"queries": [{"match_all": {}}]}}}
    async with gateways() as gateway:
        assert await Told(cluster, gateway).passed("POST /plain/_search", body) is plugin


@pytest.mark.parametrize(
    ("target", "lines", "passed"),
    [
        ("POST /_msearch", [{"index": "plain"}, {}], True),
        ("POST /_msearch", [{"index": "plain"}, {}, {"index": ["plain", "asking"]}, {}], False),
        ("POST /_msearch", [{"index": "plain", "search_pipeline": "ours"}, {}], False),
        ("POST /_msearch?search_pipeline=ours", [{}, {}], False),
        ("POST /asking/_msearch", [{"index": "plain"}, {}], True),
        ("POST /asking/_msearch", [{}, {}], False),
        ("POST /plain/_msearch", [{}, {}], True),
        ("POST /plain/_msearch", [{}, {"ext": {"generative_qa_parameters": {}}}], False),
        ("POST /plain/_msearch", [{}], True),
    ],
)
@pytest.mark.usefixtures("pipelines")
async def test_several_searches_are_ours_when_one_is(told: Told, target: str, lines: list[Any], passed: bool) -> None:
    assert await told.passed(target, b"".join(json.encode(line) + b"\n" for line in lines)) is passed


# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("target", "passed"),
    [
        ("PUT /embedding/_doc/1", False),
        ("PUT /embedding-alias/_create/1", False),
        ("POST /embedding/_doc?refresh", False),
        ("POST /embedding/_update/1", False),
        ("PUT /embedding/_doc/1?pipeline=_none", True),
        ("PUT /embedding/_doc/1?pipeline=theirs", True),
        ("PUT /plain/_doc/1?pipeline=ours", False),
        ("PUT /plain/_doc/1", True),
        ("POST /plain/_update/1", True),
        ("DELETE /embedding/_doc/1", True),
        ("PUT /missing/_doc/1", True),
        ("PUT /Wrong*/_doc/1", True),
    ],
)
@pytest.mark.usefixtures("pipelines")
async def test_a_write_is_ours_where_its_pipeline_is(told: Told, target: str, passed: bool) -> None:
    assert await told.passed(target, {"doc": {"a": 1}} if "_update" in target else {"a": 1}) is passed


async def test_without_pipelines_of_ours_no_write_is_looked_at(told: Told) -> None:
    assert await told.passed("POST /_bulk", b"no lines of JSON")
    assert await told.passed("PUT /plain/_doc/1?pipeline=any", {"a": 1})


@pytest.mark.parametrize(
    ("target", "lines", "passed"),
    [
        ("POST /_bulk", [{"index": {"_index": "plain"}}, {}], True),
        ("POST /_bulk", [{"index": {"_index": "plain"}}, {}, {"create": {"_index": "embedding"}}, {}], False),
        ("POST /_bulk", [{"index": {"_index": "plain", "pipeline": "ours"}}, {}], False),
        ("POST /_bulk", [{"index": {"_index": "embedding", "pipeline": "_none"}}, {}], True),
        ("POST /_bulk", [{"update": {"_index": "embedding", "_id": "1"}}, {"doc": {}}], False),
        ("POST /_bulk", [{"delete": {"_index": "embedding", "_id": "1"}}], True),
        ("POST /_bulk?pipeline=ours", [{"index": {"_index": "plain"}}, {}], False),
        ("POST /plain/_bulk", [{"index": {}}, {}], True),
        ("POST /embedding/_bulk", [{"index": {}}, {}], False),
        ("POST /embedding/_bulk", [{"nonsense": {}}, {}], True),
    ],
)
@pytest.mark.usefixtures("pipelines")
async def test_a_bulk_is_ours_when_an_item_is(told: Told, target: str, lines: list[Any], passed: bool) -> None:
    assert await told.passed(target, b"".join(json.encode(line) + b"\n" for line in lines)) is passed


@pytest.mark.usefixtures("pipelines")
async def test_an_index_yet_to_be_made_has_its_templates_pipeline(told: Told, cluster: ScriptedCluster) -> None:
    template = {"template": {"settings": {"index": {"default_pipeline": "ours"}}}}
    for name in ("one", "two", "three"):
        cluster.on("POST", f"/_index_template/_simulate_index/{name}", Reply(template))
    assert not await told.passed("PUT /one/_doc/1", {"a": 1})
    assert not await told.passed("POST /two/_bulk", b'{"index":{}}\n{"a":1}\n')
    assert await told.passed("PUT /three/_doc/2?pipeline=_none", {"a": 1})


# ── pipelines ────────────────────────────────────────────────────────────────────────────────────────────────────────

INGEST_OURS = [
    EMBED,
    {"processors": [{"foreach": {"field": "a", "processor": {"text_embedding": {}}}}]},
    {"processors": [{"set": {"field": "a", "value": 1, "on_failure": [{"text_embedding": {}}]}}]},
    {"processors": [], "on_failure": [{"text_embedding": {}}]},
    {"processors": [{"trim": {"field": "a"}}]},
]
INGEST_THEIRS = [
    THEIRS,
    {"processors": [{"set": {"field": "a", "value": 1}}]},
    {"processors": [{"pipeline": {"name": "another"}}]},
    {"processors": {}},
    {"description": "no processors"},
    [],
    b"no json",
    {"processors": [{"nobody_knows": {}}]},
]


@pytest.mark.parametrize("body", INGEST_OURS)
async def test_an_ingest_pipeline_that_needs_us_stays_here(told: Told, body: Any) -> None:
    assert not await told.passed("PUT /_ingest/pipeline/x", body)


@pytest.mark.parametrize("body", INGEST_THEIRS)
async def test_an_ingest_pipeline_that_does_not_goes_to_the_cluster(told: Told, body: Any) -> None:
    assert await told.passed("PUT /_ingest/pipeline/x", body)


@pytest.mark.parametrize("body", [*INGEST_OURS[:1], *INGEST_THEIRS[:3]])
async def test_a_simulation_goes_where_its_pipeline_would(told: Told, body: Any) -> None:
    simulated = {"pipeline": body, "docs": [{"_source": {"a": "b"}}]}
    assert await told.passed("POST /_ingest/pipeline/_simulate", simulated) is (body is not EMBED)


@pytest.mark.usefixtures("pipelines")
async def test_a_pipeline_that_calls_one_of_ours_is_ours(told: Told) -> None:
    assert not await told.passed("PUT /_ingest/pipeline/x", {"processors": [{"pipeline": {"name": "ours"}}]})
    assert told.answer is not None
    assert told.answer.status == 200


@pytest.mark.parametrize(
    ("body", "passed"),
    [
        (ENRICH, False),
        (THEIR_SEARCH, True),
        ({"request_processors": [{"filter_query": {"query": {"match_all": {}}}}]}, True),
        ({"response_processors": [{"truncate_hits": {"target_size": 1}}]}, False),
        ({"response_processors": [{"personalize_search_ranking": {}}]}, True),
        ({"phase_results_processors": [{"normalization-processor": {}}]}, False),
    ],
)
async def test_a_search_pipeline_stays_where_somebody_can_run_it(told: Told, body: Any, passed: bool) -> None:
    assert await told.passed("PUT /_search/pipeline/x", body) is passed


async def test_a_processor_that_not_every_node_has_is_ours(gateways: Any, cluster: ScriptedCluster) -> None:
    one = {"ingest": {"processors": [{"type": "set"}, {"type": "trim"}]}}
    other = {"ingest": {"processors": [{"type": "set"}]}}
    cluster.on("GET", FEATURES, Reply({"nodes": {"a": one, "b": other}}))
    async with gateways() as gateway:
        told = Told(cluster, gateway)
        assert await told.passed("PUT /_ingest/pipeline/x", {"processors": [{"set": {"field": "a", "value": 1}}]})
        assert not await told.passed("PUT /_ingest/pipeline/x", {"processors": [{"trim": {"field": "a"}}]})


# ── ours alone ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("target", ["POST /_plugins/_ml/models/_search", "GET /_plugins/_ml/nothing/like/this"])
async def test_machine_learning_is_ours_even_where_there_is_none_of_it(told: Told, target: str) -> None:
    assert not await told.passed(target)
    assert told.answer is not None
    if "nothing" in target:
        assert told.answer.status == 400
        assert told.answer.json["error"].startswith("no handler found for uri")
