"""A gateway in front of the cluster of `OPENSEARCH_URL`, against that cluster itself."""

from __future__ import annotations

from benchmarks.cases._texts import INDEX, MAPPING, documents, encoded
from benchmarks.data import clustered_vectors, questions
from benchmarks.load import Load, request
from benchmarks.measure import Row, Turns
from benchmarks.server import Cluster, Server, Target, bulk_body, cpu_seconds

from ragstone.core import json

COUNT, VECTORS, DIMENSION, BATCH, TURNS = 20_000, 5_000, 128, 500, 5
_KNN = {
    "settings": {"index.knn": True, "index.knn.derived_source.enabled": False},
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


def run() -> list[Row]:
    cluster = Cluster.given()
    if cluster is None:
        return []
    sources = encoded(documents(COUNT, 10, 20))
    vectors = clustered_vectors(VECTORS, DIMENSION, seed=4)
    for name, definition in ((INDEX, MAPPING), ("bench-knn", _KNN)):
        _gone(cluster, name)
        cluster(f"PUT /{name}", definition)
    for at in range(0, COUNT, BATCH):
        cluster("POST /_bulk", bulk_body(INDEX, sources[at : at + BATCH], at))
    for at in range(0, VECTORS, BATCH):
        found = [json.encode({"v": vector}) for vector in vectors[at : at + BATCH]]
        cluster("POST /_bulk", bulk_body("bench-knn", found, at))
    cluster(f"POST /{INDEX},bench-knn/_refresh")
    asked = questions(500, 3, range(1000, 20_000), seed=9)
    searches = [_search(INDEX, {"query": {"match": {"text": text}}}) for text in asked]
    knn = [
        _search("bench-knn", {"query": {"knn": {"v": {"vector": vector.tolist(), "k": 10}}}, "_source": False})
        for vector in clustered_vectors(300, DIMENSION, seed=5)
    ]
    bulk = [
        request("POST", "/bench-bulk/_bulk", bulk_body("bench-bulk", sources[at : at + BATCH], at))
        for at in range(0, COUNT, BATCH)
    ]
    try:
        with Server(["--engine", "opensearch", "--cluster", cluster.url]) as gateway:
            return [
                *_passed("search (match)", gateway, cluster, searches, 1, wanted=True),
                *_passed("search (match)", gateway, cluster, searches, 8),
                *_passed("knn", gateway, cluster, knn, 1),
                *_passed(f"bulk of {BATCH}", gateway, cluster, bulk, 1),
            ]
    finally:
        for name in (INDEX, "bench-knn", "bench-bulk"):
            _gone(cluster, name)


def _passed(
    what: str, gateway: Server, cluster: Cluster, requests: list[bytes], connections: int, *, wanted: bool = False
) -> list[Row]:
    """Rates; what the gateway adds to the middle answer; and what it spends on one."""
    ours: list[Load] = []
    bare: list[Load] = []
    spent: list[float] = []

    def through() -> None:
        before = cpu_seconds(gateway.pid)
        made = gateway.load(requests, connections=connections, seconds=4)
        spent.append((cpu_seconds(gateway.pid) - before) / len(made.latencies))
        ours.append(made)

    def alone() -> None:
        bare.append(cluster.load(requests, connections=connections, seconds=4))

    for turn in range(TURNS + 1):
        for measure in (through, alone) if turn % 2 else (alone, through):
            measure()
    name = f"gateway, {what}, {connections} connection{'s' if connections > 1 else ''}"
    rates = Turns([one.rate for one in ours[1:]], [one.rate for one in bare[1:]])
    quality = "; ".join(f"p{p} {_middle(ours, p):.2f} ms, cluster alone {_middle(bare, p):.2f} ms" for p in (50, 99))
    row = rates.row(name, "req/s", quality, "the cluster itself; all share the processors")
    added = _middle(ours, 50) - _middle(bare, 50)
    cost = 1000 * sorted(spent[1:])[len(spent[1:]) // 2]
    extra = Row(f"{name}, what it adds (p50)", added, None, "ms", None, None, "", "-")
    used = Row(f"{name}, its processor time for one", cost, None, "ms", None, None, "", "-")
    if wanted:
        extra, used = extra.wanting("<= 1 ms", added <= 1.0), used.wanting("<= 0.5 ms", cost <= 0.5)
    return [row, extra, used]


def _middle(loads: list[Load], percent: float) -> float:
    """Milliseconds: the median over the turns that count."""
    values = sorted(load.percentile(percent) * 1000 for load in loads[1:])
    return values[len(values) // 2]


def _search(index: str, body: dict[str, object]) -> bytes:
    return request("POST", f"/{index}/_search", json.encode(body))


def _gone(target: Target, name: str) -> None:
    target(f"DELETE /{name}?ignore_unavailable=true")
