"""k-NN over HTTP: 100,000 vectors of 384 numbers, default parameters, against raw faiss."""

from __future__ import annotations

import time

import numpy as np
from benchmarks.cases._vectors import COUNT, DIMENSION, K, build_raw, raw_graph, recall, smallest_ef, truth
from benchmarks.load import request
from benchmarks.measure import Row, rate, turns
from benchmarks.server import Server, bulk_body
from numpy.typing import NDArray

from ragstone.core import json

_INDEX, _BATCH = "vectors", 1000
_FIELD = {"type": "knn_vector", "dimension": DIMENSION, "space_type": "cosinesimil"}


def run() -> list[Row]:
    raw = build_raw()
    expected = truth(raw)
    best = smallest_ef(raw, expected)
    assert best is not None, "raw faiss never reaches a recall of 0.99"
    ef, raw_recall = best
    graph = raw_graph(raw, ef)
    size = f"{COUNT // 1000}k x {DIMENSION}"
    with Server() as server:
        seconds = _fill(server, raw.vectors)
        bodies = [_search(query) for query in raw.queries]

        def ours(query: NDArray[np.float32]) -> NDArray[np.int64]:
            hits = server(f"POST /{_INDEX}/_search", _search(query))["hits"]["hits"]
            return np.array([int(hit["_id"]) for hit in hits])

        our_recall = recall(ours, raw, expected)
        requests = [request("POST", f"/{_INDEX}/_search", json.encode(body)) for body in bodies]
        rows = []
        for connections in (1, 8):
            shares: list[float] = []

            def load(connections: int = connections, shares: list[float] = shares) -> float:
                made = server.load(requests, connections=connections, seconds=2)
                shares.append(made.own_share)
                return made.rate

            row = turns(load, lambda: rate(graph, list(raw.queries) * 5)).row(
                f"knn {size}, k {K}, HTTP, {connections} connection{'s' if connections > 1 else ''}",
                "q/s",
                f"recall {our_recall:.3f}, raw {raw_recall:.3f}; {shares[-1]:.0%} of a processor made the load",
                f"faiss HNSW m 16, the smallest ef with recall 0.99 ({ef}), one thread",
            )
            rows.append(row)
    rows[1] = rows[1].at_least(0.25)
    rows[1] = rows[1].wanting(f"{rows[1].wanted}, recall >= 0.99", bool(rows[1].met) and our_recall >= 0.99)
    rows[0] = rows[0].beside_opensearch("50k vectors, ef 128, recall 0.981: 750 q/s")
    rows[1] = rows[1].beside_opensearch("50k vectors, ef 128, recall 0.981: 1,800 q/s")
    filled = Row(
        f"knn {size}, from _bulk to finished graphs",
        COUNT / seconds,
        COUNT / raw.seconds,
        "vectors/s",
        raw.seconds / seconds,
        None,
        "every vector as JSON, on the disk when answered; ours may use both processors",
        "faiss HNSW m 16, ef_construction 100, one add of all, one thread",
    )
    return [*rows, filled.beside_opensearch("50k vectors, merged to one segment: 1,700 to 2,500 vectors/s")]


def _fill(server: Server, vectors: NDArray[np.float32]) -> float:
    """Seconds until every vector is in a finished graph."""
    server(f"PUT /{_INDEX}", {"settings": {"index.knn": True}, "mappings": {"properties": {"v": _FIELD}}})
    began = time.perf_counter()
    for at in range(0, COUNT, _BATCH):
        sources = [json.encode({"v": vector}) for vector in vectors[at : at + _BATCH]]
        server("POST /_bulk", bulk_body(_INDEX, sources, at))
    server(f"POST /{_INDEX}/_refresh")
    settled = server.until_idle()
    return settled - began


def _search(query: NDArray[np.float32]) -> dict[str, object]:
    knn = {"knn": {"v": {"vector": query.tolist(), "k": K}}}
    return {"query": knn, "size": K, "_source": False}
