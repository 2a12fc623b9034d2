"""`_nodes`: the one node there is."""

from __future__ import annotations

import gc
import os
import platform
from collections.abc import Awaitable, Callable
from typing import Any

from ragstone.cluster import node_stats
from ragstone.cluster.model import OPENSEARCH_VERSION, PLUGIN_VERSION, PLUGINS, ROLES, NodeInfo
from ragstone.core import caller
from ragstone.core.clock import epoch_millis
from ragstone.core.names import matches
from ragstone.core.registry import Registry
from ragstone.core.xcontent import JsonObject
from ragstone.pipelines.processor import (
    ingest_processors,
    phase_results_processors,
    request_processors,
    response_processors,
)
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes, unrecognized
from ragstone.rest.routes.cluster import ALL_INDICES
from ragstone.rest.services import Services

routes = Routes()

Section = Callable[[Services], JsonObject]
StatsSection = Callable[[Services], Awaitable[JsonObject]]

_EVERYBODY = {"_all", "_local", "_cluster_manager", "_master", "*"}


def is_meant(node: NodeInfo, expression: str | None) -> bool:
    """Whether a node expression (ids, names, addresses, `_local`, `role:true`, ...) means this node."""
    if not expression:
        return True
    for part in expression.split(","):
        name, colon, value = part.partition(":")
        if part in _EVERYBODY or any(matches(part, own) for own in (node.node_id, node.node_name, node.host)):
            return True
        if colon and name in ROLES and value == "true":
            return True
        if part == node.http_address:
            return True
    return False


def _answer(services: Services, nodes: JsonObject) -> Response:
    counts = {"total": len(nodes), "successful": len(nodes), "failed": 0}
    return Response({"_nodes": counts, "cluster_name": services.node.cluster_name, "nodes": nodes})


def identity(node: NodeInfo) -> JsonObject:
    """What a node is called and where it is, as answers about nodes begin."""
    return {
        "name": node.node_name,
        "transport_address": node.http_address,
        "host": node.host,
        "ip": node.host,
        "roles": list(ROLES),
        "attributes": {},
    }


# ── info ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _settings(services: Services) -> JsonObject:
    node = services.node
    return {
        "cluster": {"name": node.cluster_name},
        "node": {"name": node.node_name},
        "path": {"data": str(services.settings.data)},
        "http": {"port": str(node.port)},
    }


def _os(_: Services) -> JsonObject:
    processors = node_stats.processors()
    system = node_stats.system()
    return {
        "refresh_interval_in_millis": 1000,
        **system,
        "pretty_name": f"{system['name']} {system['version']}",
        "available_processors": processors,
        "allocated_processors": processors,
    }


def _process(_: Services) -> JsonObject:
    return {"refresh_interval_in_millis": 1000, "id": os.getpid(), "mlockall": False}


def _virtual_machine(_: Services) -> JsonObject:
    """`jvm`: benchmarks insist on it. Ours is Python, and says so."""
    return {
        "pid": os.getpid(),
        "version": platform.python_version(),
        "vm_name": platform.python_implementation(),
        "vm_version": platform.python_version(),
        "vm_vendor": "Python Software Foundation",
        "mem": {"heap_init_in_bytes": 0, "heap_max_in_bytes": node_stats.machine_memory().total},
        "gc_collectors": ["young", "old"],
    }


def _http(services: Services) -> JsonObject:
    address = services.node.http_address
    return {
        "bound_address": [address],
        "publish_address": address,
        "max_content_length_in_bytes": services.settings.max_content_length,
    }


def _types(registry: Registry[Any]) -> list[JsonObject]:
    return [{"type": name} for name in registry.names()]


def _ingest(_: Services) -> JsonObject:
    return {"processors": _types(ingest_processors)}


def _search_pipelines(_: Services) -> JsonObject:
    return {
        "request_processors": _types(request_processors),
        "response_processors": _types(response_processors),
        "phase_results_processors": _types(phase_results_processors),
    }


def _plugins() -> list[JsonObject]:
    return [
        {
            "name": name,
            "version": PLUGIN_VERSION,
            "opensearch_version": OPENSEARCH_VERSION,
            "description": description,
            "classname": "",
            "custom_foldername": "",
            "extended_plugins": [],
            "has_native_controller": False,
        }
        for name, description in PLUGINS.items()
    ]


_INFO: dict[str, Section] = {
    "settings": _settings,
    "os": _os,
    "process": _process,
    "jvm": _virtual_machine,
    "http": _http,
    "ingest": _ingest,
    "search_pipelines": _search_pipelines,
}
_INFO_METRICS = {*_INFO, "plugins", "modules", "transport", "thread_pool", "aggregations", "indices", "_all"}
"""Those without a section have no counterpart in one process: they are accepted, and add nothing."""


@routes.add(
    "GET /_nodes",
    "GET /_nodes/{node_id}",
    "GET /_nodes/{node_id}/{metric}",
    "GET /_nodes/{node_id}/info/{metric}",
    parameters=["flat_settings", "timeout"],
)
async def info(services: Services, request: Request) -> Response:
    caller.require("cluster:monitor/nodes/info")
    who, metrics = request.path_params.get("node_id", ""), request.names("metric")
    if not metrics and set(who.split(",")) <= _INFO_METRICS:
        who, metrics = "", who.split(",")  # `/_nodes/http` asks for a metric, not for a node of that name
    unknown = set(metrics) - _INFO_METRICS
    if unknown:
        raise unrecognized(request.path, "metric", unknown, _INFO_METRICS)
    node = services.node
    if not is_meant(node, who):
        return _answer(services, {})
    body = {
        **identity(node),
        "version": OPENSEARCH_VERSION,
        "build_type": "unknown",
        "build_hash": "unknown",
        "total_indexing_buffer": 0,
    }
    everything = not metrics or "_all" in metrics
    for name, section in _INFO.items():
        if everything or name in metrics:
            body[name] = section(services)
    if everything or "plugins" in metrics:
        body |= {"plugins": _plugins(), "modules": []}
    return _answer(services, {node.node_id: body})


# ── stats ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _indices_stats(services: Services) -> JsonObject:
    numbers = (await services.indices.usable_stats(await services.indices.get(None, ALL_INDICES))).values()
    return {
        "docs": {"count": sum(n.documents for n in numbers), "deleted": sum(n.deleted for n in numbers)},
        "store": {"size_in_bytes": sum(n.size for n in numbers), "reserved_in_bytes": 0},
        "search": _open_searches(services),
    }


def _open_searches(services: Services) -> JsonObject:
    scrolls, moments = services.search.scrolls.count_open(), services.search.points_in_time.count_open()
    return {"open_contexts": scrolls + moments, "scroll_current": scrolls, "point_in_time_current": moments}


async def _os_stats(services: Services) -> JsonObject:
    one, five, fifteen = node_stats.load_average()
    memory = node_stats.machine_memory()
    return {
        "timestamp": epoch_millis(services.clock),
        "cpu": {"percent": _cpu_percent(), "load_average": {"1m": one, "5m": five, "15m": fifteen}},
        "mem": {
            "total_in_bytes": memory.total,
            "free_in_bytes": memory.free,
            "used_in_bytes": memory.total - memory.free,
            "free_percent": 100 - memory.used_percent,
            "used_percent": memory.used_percent,
        },
        "swap": {"total_in_bytes": 0, "free_in_bytes": 0, "used_in_bytes": 0},
    }


def _cpu_percent() -> int:
    """How busy the machine was in the last minute."""
    return min(100, round(100 * node_stats.load_average()[0] / node_stats.processors()))


async def _process_stats(services: Services) -> JsonObject:
    used, most = node_stats.open_files()
    return {
        "timestamp": epoch_millis(services.clock),
        "open_file_descriptors": used,
        "max_file_descriptors": most,
        "cpu": {"percent": _cpu_percent(), "total_in_millis": node_stats.cpu_millis()},
        "mem": {"total_virtual_in_bytes": node_stats.peak_memory()},
    }


async def _virtual_machine_stats(services: Services) -> JsonObject:
    young, *_, old = gc.get_stats()
    used, total = node_stats.peak_memory(), node_stats.machine_memory().total
    return {
        "timestamp": epoch_millis(services.clock),
        "uptime_in_millis": int((services.clock.monotonic() - services.node.started) * 1000),
        "mem": {
            "heap_used_in_bytes": used,
            "heap_used_percent": round(100 * used / total) if total else 0,
            "heap_committed_in_bytes": used,
            "heap_max_in_bytes": total,
            "non_heap_used_in_bytes": 0,
            "non_heap_committed_in_bytes": 0,
            "pools": {},
        },
        "gc": {
            "collectors": {
                "young": {"collection_count": young["collections"], "collection_time_in_millis": 0},
                "old": {"collection_count": old["collections"], "collection_time_in_millis": 0},
            }
        },
    }


async def _file_system_stats(services: Services) -> JsonObject:
    disk = node_stats.disk(services.settings.data)
    total = {"total_in_bytes": disk.total, "free_in_bytes": disk.free, "available_in_bytes": disk.free}
    return {
        "timestamp": epoch_millis(services.clock),
        "total": total,
        "data": [{"path": str(services.settings.data), **total}],
    }


_STATS: dict[str, StatsSection] = {
    "indices": _indices_stats,
    "os": _os_stats,
    "process": _process_stats,
    "jvm": _virtual_machine_stats,
    "fs": _file_system_stats,
}
_STATS_METRICS = {
    *_STATS, "_all", "adaptive_selection", "breaker", "cluster_manager_throttling", "discovery", "file_cache", "http",
    "indexing_pressure", "ingest", "script", "script_cache", "search_backpressure", "search_pipeline",
    "shard_indexing_pressure", "task_cancellation", "thread_pool", "transport", "weighted_routing",
}  # fmt: skip


@routes.add(
    "GET /_nodes/stats",
    "GET /_nodes/{node_id}/stats",
    "GET /_nodes/stats/{metric}",
    "GET /_nodes/{node_id}/stats/{metric}",
    "GET /_nodes/stats/{metric}/{index_metric}",
    "GET /_nodes/{node_id}/stats/{metric}/{index_metric}",
    parameters=[
        "completion_fields", "fielddata_fields", "fields", "groups", "include_segment_file_sizes", "level", "timeout",
        "types",
    ],
)  # fmt: skip
async def stats(services: Services, request: Request) -> Response:
    caller.require("cluster:monitor/nodes/stats")
    metrics = request.names("metric")
    unknown = set(metrics) - _STATS_METRICS
    if unknown:
        raise unrecognized(request.path, "metric", unknown, _STATS_METRICS)
    node = services.node
    if not is_meant(node, request.path_params.get("node_id")):
        return _answer(services, {})
    body: JsonObject = {"timestamp": epoch_millis(services.clock), **identity(node)}
    for name, section in _STATS.items():
        if not metrics or "_all" in metrics or name in metrics:
            body[name] = await section(services)
    return _answer(services, {node.node_id: body})
