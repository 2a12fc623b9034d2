"""`_plugins/_knn` over HTTP. Errors are recorded OpenSearch behaviour."""

from __future__ import annotations

import pytest

from ragstone.testing.asgi import AsgiClient

VECTORS = {
    "settings": {"index.knn": True, "number_of_replicas": 0, "number_of_shards": 2},
    "mappings": {"properties": {"v": {"type": "knn_vector", "dimension": 2}}},
}


async def node_stats(client: AsgiClient) -> dict[str, object]:
    answer = (await client("GET /_plugins/_knn/stats")).json
    (found,) = answer["nodes"].values()
    return dict(found)


async def test_statistics_count_the_shards_that_knn_queries_asked(client: AsgiClient) -> None:
    await client("PUT /vec", VECTORS)
    await client("PUT /vec/_doc/1?refresh=true", {"v": [1, 2]})
    nearest = {"vector": [1, 2], "k": 1}
    await client("POST /vec/_search", {"query": {"knn": {"v": nearest}}})
    filtered = {"knn": {"v": {**nearest, "filter": {"match_all": {}}}}}
    await client("POST /vec/_search", {"query": {"bool": {"must": [filtered]}}})
    await client("POST /vec/_search", {"query": {"knn": {"v": {"vector": [1, 2], "max_distance": 3}}}})
    found = await node_stats(client)
    assert (found["knn_query_requests"], found["knn_query_with_filter_requests"]) == (4, 2)
    assert (found["max_distance_query_requests"], found["min_score_query_requests"]) == (2, 0)
    assert (found["graph_query_requests"], found["indices_in_cache"]) == (0, {})


async def test_named_statistics_are_all_there_is(client: AsgiClient) -> None:
    cluster = (await client("GET /_plugins/_knn/stats/circuit_breaker_triggered,model_index_status")).json
    assert cluster["_nodes"] == {"total": 1, "successful": 1, "failed": 0}
    assert (cluster["circuit_breaker_triggered"], cluster["model_index_status"]) == (False, None)
    assert list(cluster["nodes"].values()) == [{}]
    elsewhere = (await client("GET /_plugins/_knn/no-such-node/stats/hit_count")).json
    assert (elsewhere["_nodes"]["total"], elsewhere["nodes"]) == (0, {})
    assert "circuit_breaker_triggered" not in elsewhere


async def test_warming_up_reads_the_vectors_of_indices_that_have_some(client: AsgiClient) -> None:
    await client("PUT /vec", VECTORS)
    for request in ("GET /_plugins/_knn/warmup/vec", "POST /_plugins/_knn/clear_cache/vec"):
        assert (await client(request)).json == {"_shards": {"total": 2, "successful": 2, "failed": 0}}
    assert (await client("GET /_plugins/_knn/warmup/none*")).json["_shards"]["total"] == 0


@pytest.mark.parametrize(
    ("target", "status", "kind", "reason"),
    [
        ("GET /_plugins/_knn/warmup/vec,plain", 500, "k_n_n_invalid_indices_exception", "Warm up request rejected. One or more indices have 'index.knn' set to false."),
        ("POST /_plugins/_knn/clear_cache/plain", 500, "k_n_n_invalid_indices_exception", "ClearCache request rejected. One or more indices have 'index.knn' set to false."),
        ("GET /_plugins/_knn/warmup/none", 404, "index_not_found_exception", "no such index [none]"),
        ("GET /_plugins/_knn/stats/bogus", 400, "illegal_argument_exception", "request [/_plugins/_knn/stats/bogus] contains unrecognized stat: [bogus]"),
        ("GET /_plugins/_knn/stats/bogus,hit_count,zz", 400, "illegal_argument_exception", "request [/_plugins/_knn/stats/bogus,hit_count,zz] contains unrecognized stats: [bogus], [zz]"),
        ("GET /_plugins/_knn/models/m", 404, "index_not_found_exception", "no such index [.opensearch-knn-models]"),
        ("DELETE /_plugins/_knn/models/m", 404, "resource_not_found_exception", "Cannot delete model [m]. Model index [.opensearch-knn-models] does not exist"),
        ("POST /_plugins/_knn/models/_train", 400, "unsupported_operation_exception", None),
    ],
)  # fmt: skip
async def test_what_there_is_not_is_refused_in_opensearch_s_words(
    client: AsgiClient, target: str, status: int, kind: str, reason: str | None
) -> None:
    await client("PUT /vec", VECTORS)
    await client("PUT /plain")
    refused = await client(target)
    error = refused.json["error"]
    assert (refused.status, error["type"]) == (status, kind)
    assert reason is None or error["reason"] == reason
