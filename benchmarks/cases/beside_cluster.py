"""The embedded engine beside the cluster of `OPENSEARCH_URL`, case by case, over HTTP and in the same run."""

from __future__ import annotations

import numpy as np
from benchmarks.cases._texts import INDEX, MAPPING, documents, encoded
from benchmarks.data import clustered_vectors, questions
from benchmarks.load import request
from benchmarks.measure import Row, turns
from benchmarks.server import Cluster, Server, Target, bulk_body

from ragstone.core import json

COUNT, VECTORS, DIMENSION, BATCH, K = 20_000, 10_000, 384, 1000, 10
_KNN = {
    "settings": {"index.knn": True},
    "mappings": {
        "properties": {
            "v": {
                "type": "knn_vector",
                "dimension": DIMENSION,
                "method": {"name": "hnsw", "engine": "lucene", "space_type": "l2"},
            }
        }
    },
}
_WRITES = 200


def run() -> list[Row]:
    cluster = Cluster.given()
    if cluster is None:
        return []
    with Server() as server:
        try:
            return [*_texts(server, cluster), *_vectors(server, cluster)]
        finally:
            for name in ("bench", "bench-knn", "bench-writes"):
                cluster(f"DELETE /{name}?ignore_unavailable=true")


def _texts(server: Server, cluster: Cluster) -> list[Row]:
    sources = encoded(documents(COUNT, 30, 80))
    bodies = [bulk_body(INDEX, sources[at : at + BATCH], at) for at in range(0, COUNT, BATCH)]
    requests = [request("POST", "/_bulk", body) for body in bodies]
    requests.append(request("POST", f"/{INDEX}/_refresh"))

    def filled(target: Target) -> float:
        target(f"DELETE /{INDEX}?ignore_unavailable=true")
        target(f"PUT /{INDEX}", MAPPING)
        return COUNT / target.load(requests).seconds

    written = turns(lambda: filled(server), lambda: filled(cluster), 3)
    rows = [written.row(f"bulk, {COUNT:,} documents of 30 to 80 words", "docs/s", "last refresh included", "cluster")]
    asked = questions(500, 5, range(1000, 20_000), seed=9)
    searches = [request("POST", f"/{INDEX}/_search", json.encode({"query": {"match": {"text": q}}})) for q in asked]
    for connections in (1, 8):
        rows.append(_rates(f"match, 5 words, {COUNT // 1000}k documents", server, cluster, searches, connections))
    single = [request("PUT", f"/bench-writes/_doc/{n}", sources[n]) for n in range(_WRITES)]
    rows.append(_rates("PUT _doc", server, cluster, single, 1))
    return rows


def _vectors(server: Server, cluster: Cluster) -> list[Row]:
    vectors = clustered_vectors(VECTORS, DIMENSION, seed=2)
    queries = clustered_vectors(200, DIMENSION, seed=3)
    exact = [set(np.argsort(((vectors - query) ** 2).sum(1))[:K].tolist()) for query in queries]
    recalls = []
    for target in (server, cluster):
        target("DELETE /bench-knn?ignore_unavailable=true")
        target("PUT /bench-knn", _KNN)
        for at in range(0, VECTORS, BATCH):
            sources = [json.encode({"v": vector}) for vector in vectors[at : at + BATCH]]
            target("POST /_bulk", bulk_body("bench-knn", sources, at))
        target("POST /bench-knn/_refresh")
        hits = [target("POST /bench-knn/_search", _knn(query))["hits"]["hits"] for query in queries]
        found = [len(wanted & {int(hit["_id"]) for hit in one}) for wanted, one in zip(exact, hits, strict=True)]
        recalls.append(sum(found) / (K * len(queries)))
    server.until_idle()
    searches = [request("POST", "/bench-knn/_search", json.encode(_knn(query))) for query in queries]
    quality = f"recall {recalls[0]:.3f}, cluster {recalls[1]:.3f}"
    name = f"knn {VECTORS // 1000}k x {DIMENSION}, k {K}"
    return [_rates(name, server, cluster, searches, connections, quality) for connections in (1, 8)]


def _rates(
    what: str, server: Server, cluster: Cluster, requests: list[bytes], connections: int, quality: str = ""
) -> Row:
    return turns(
        lambda: server.load(requests, connections=connections, seconds=2).rate,
        lambda: cluster.load(requests, connections=connections, seconds=2).rate,
        3,
    ).row(f"{what}, {connections} connection{'s' if connections > 1 else ''}", "req/s", quality, "cluster")


def _knn(query: np.ndarray) -> dict[str, object]:
    return {"query": {"knn": {"v": {"vector": query.tolist(), "k": K}}}, "size": K, "_source": False}
