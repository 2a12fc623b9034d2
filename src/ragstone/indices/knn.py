"""The k-NN plugin's own requests: statistics, and bringing vectors into memory."""

from __future__ import annotations

from collections.abc import Collection

from ragstone.cluster.node_stats import machine_memory
from ragstone.core import caller
from ragstone.core.errors import OpenSearchException
from ragstone.core.xcontent import JsonObject
from ragstone.engine.api import MetadataEngine, VectorEngine
from ragstone.engine.values import KnnRequests, VectorUsage
from ragstone.indices.access import permitted
from ragstone.indices.service import Shards

CLUSTER_STATS = ("circuit_breaker_triggered", "model_index_status")


class KNNInvalidIndicesException(OpenSearchException):
    """An index among those asked for keeps no vectors for searching. 500, as OpenSearch answers."""

    status = 500


class KnnService:
    """There is no cache that graphs are loaded into, no circuit breaker, no script and no training: what counts those
    stands at zero, truly."""

    def __init__(self, metadata: MetadataEngine, engine: VectorEngine) -> None:
        self._metadata = metadata
        self._engine = engine

    async def stats(self, names: Collection[str] = ()) -> tuple[JsonObject, JsonObject]:
        """Statistics of the cluster and of this node, those of `names` or all."""
        if caller.subject.get() is not None:
            caller.require("cluster:admin/knn_stats_action")
        of_cluster: JsonObject = {"circuit_breaker_triggered": False, "model_index_status": None}
        of_node = node_stats(await self._engine.vector_usage())
        return _chosen(of_cluster, names), _chosen(of_node, names)

    async def warm_up(self, expression: str) -> Shards:
        """Raises KNNInvalidIndicesException, and what resolving an index expression raises."""
        names, shards = await self._indices(expression, "cluster:admin/knn_warmup_action", "Warm up")
        await self._engine.warm_up(names)
        return shards

    async def clear_cache(self, expression: str) -> Shards:
        """There is nothing to clear: vectors are mapped from the disk. Raises as `warm_up`."""
        return (await self._indices(expression, "cluster:admin/clear_cache_action", "ClearCache"))[1]

    async def _indices(self, expression: str, action: str, what: str) -> tuple[list[str], Shards]:
        if caller.subject.get() is not None:
            caller.require(action)
        found = [one.index for one in permitted(await self._metadata.metadata(), expression, None)]
        if any(index.setting("index.knn") != "true" for index in found):
            raise KNNInvalidIndicesException(
                f"{what} request rejected. One or more indices have 'index.knn' set to false."
            )
        shards = sum(index.number_of_shards for index in found)
        return [index.name for index in found], Shards(shards, shards)


def node_stats(usage: VectorUsage) -> JsonObject:
    """Memory in KiB and in percent. `Differs:` the percentage is of the machine's memory, as nothing else limits it."""
    requests = usage.requests
    memory = sum(index.size for index in usage.indices.values())
    graphs = {name: index for name, index in usage.indices.items() if index.graphs}
    return {
        "hit_count": 0,
        "miss_count": 0,
        "load_success_count": 0,
        "load_exception_count": 0,
        "total_load_time": 0,
        "eviction_count": 0,
        "cache_capacity_reached": False,
        "graph_memory_usage": memory // 1024,
        "graph_memory_usage_percentage": _percentage(memory),
        "graph_index_requests": sum(index.built for index in usage.indices.values()),
        "graph_index_errors": 0,
        "graph_query_requests": requests.graphs,
        "graph_query_errors": 0,
        "knn_query_requests": requests.k,
        "knn_query_with_filter_requests": requests.k_filtered,
        "min_score_query_requests": requests.min_score,
        "min_score_query_with_filter_requests": requests.min_score_filtered,
        "max_distance_query_requests": requests.max_distance,
        "max_distance_query_with_filter_requests": requests.max_distance_filtered,
        "indices_in_cache": {
            name: {
                "graph_memory_usage": index.size // 1024,
                "graph_memory_usage_percentage": _percentage(index.size),
                "graph_count": index.graphs,
            }
            for name, index in graphs.items()
        },
        "nmslib_initialized": False,
        "faiss_initialized": bool(graphs),
        "lucene_initialized": False,
        "script_compilations": 0,
        "script_compilation_errors": 0,
        "script_query_requests": 0,
        "script_query_errors": 0,
        "indexing_from_model_degraded": False,
        "training_requests": 0,
        "training_errors": 0,
        "training_memory_usage": 0,
        "training_memory_usage_percentage": 0.0,
    }


def _percentage(size: int) -> float:
    total = machine_memory().total
    return round(100 * size / total, 2) if total else 0.0


def _chosen(stats: JsonObject, names: Collection[str]) -> JsonObject:
    return {name: value for name, value in stats.items() if not names or name in names}


NODE_STATS = tuple(node_stats(VectorUsage(KnnRequests(), {})))
"""The names of all statistics of a node."""
