"""`_cluster`: health, settings, state, stats."""

from __future__ import annotations

import asyncio
import operator
import re
from collections.abc import Callable, Container
from typing import cast

from ragstone.cluster.health import ShardCounts, Status, cluster_health, index_health, reached
from ragstone.cluster.model import OPENSEARCH_VERSION
from ragstone.cluster.service import SettingsUpdate
from ragstone.core import caller
from ragstone.core.clock import Deadline, epoch_millis
from ragstone.core.errors import IllegalArgumentException, IndexNotFoundException
from ragstone.core.xcontent import JsonObject, require_object
from ragstone.dsl.index_settings import nest
from ragstone.engine.values import IndexMetadata
from ragstone.indices.resolver import IndicesOptions
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes, unrecognized
from ragstone.rest.routes.indices import TARGETS, TIMEOUTS, indices_options
from ragstone.rest.services import Services

routes = Routes()

ALL_INDICES = IndicesOptions(expand_closed=True, expand_hidden=True, forbid_closed=False)
_POLL = 0.05
"""Seconds between two looks at what a caller waits for."""
_COMPARISON = re.compile(r"(<=|>=|<|>)?(\d+)|(le|ge|lt|gt)\((\d+)\)")
_OPERATORS = {
    "": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip


# ── health ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.add(
    "GET /_cluster/health",
    "GET /_cluster/health/{index}",
    parameters=[
        *TIMEOUTS, *TARGETS, "level", "local", "wait_for_status", "wait_for_nodes", "wait_for_active_shards",
        "wait_for_no_relocating_shards", "wait_for_no_initializing_shards", "wait_for_events", "awareness_attribute",
        "ensure_node_weighed_in",
    ],
)  # fmt: skip
async def health(services: Services, request: Request) -> Response:
    caller.require("cluster:monitor/health")
    deadline = Deadline.after(services.clock, request.seconds("timeout", 30.0) or 0.0)
    options = indices_options(request, ALL_INDICES)
    wanted = _wanted(request)
    while True:
        lost = services.indices.unavailable()
        present = await services.indices.get(None, ALL_INDICES)
        found, missing = present, False
        if request.param("index") is not None or options != ALL_INDICES:
            try:
                found = await services.indices.get(request.param("index"), options)
            except IndexNotFoundException:
                found, missing = [], True
        counts = ShardCounts.of(found, lost)
        good = not missing and wanted(counts)
        if good or deadline.expired:
            break
        await asyncio.sleep(min(_POLL, deadline.remaining()))
    everything = ShardCounts.of(present, lost)
    body = cluster_health(services.node.cluster_name, counts, everything, missing=missing, timed_out=not good)
    level = request.query.get("level")
    if level in ("indices", "shards"):
        body["indices"] = {index.name: index_health(index, lost, shards=level == "shards") for index in found}
    if request.flag("human"):
        body = _readable(body)
    return Response(body, status=200 if good else 408)


def _wanted(request: Request) -> Callable[[ShardCounts], bool]:
    """What the `wait_for_...` parameters demand. Nothing ever relocates or initializes here."""
    status = request.query.get("wait_for_status")
    if status is not None and status.lower() not in ("green", "yellow", "red"):
        raise IllegalArgumentException(
            f"No enum constant org.opensearch.cluster.health.ClusterHealthStatus.{status.upper()}"
        )
    nodes = _compares(request.query.get("wait_for_nodes", ">=0"))
    shards = request.query.get("wait_for_active_shards", "0")
    least = None if shards == "all" else request.integer("wait_for_active_shards", 0) or 0

    def good(counts: ShardCounts) -> bool:
        return (
            (status is None or reached(counts.status, cast(Status, status.lower())))
            and nodes
            and (counts.unassigned == 0 if least is None else counts.primaries >= least)
        )

    return good


def _compares(condition: str) -> bool:
    """`>=1`, `ge(1)`, `3`: whether one node is as many as that."""
    match = _COMPARISON.fullmatch(condition.strip())
    if match is None:
        raise IllegalArgumentException(f"Failed to parse [wait_for_nodes] with value [{condition}]")
    sign, number, word, in_brackets = match.groups()
    return bool(_OPERATORS[word or sign or ""](1, int(number or in_brackets)))


def _readable(body: JsonObject) -> JsonObject:
    """`human`: texts beside the numbers that have a unit."""
    result: JsonObject = {}
    for key, value in body.items():
        if key == "task_max_waiting_in_queue_millis":
            result["task_max_waiting_in_queue"] = f"{value}s"
        elif key == "active_shards_percent_as_number":
            result["active_shards_percent"] = f"{value:.1f}%"
        result[key] = value
    return result


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@routes.add(
    "GET /_cluster/settings",
    parameters=["flat_settings", "include_defaults", "local", "timeout", "cluster_manager_timeout", "master_timeout"],
)
async def get_settings(services: Services, request: Request) -> Response:
    caller.require("cluster:monitor/state")
    sections = {"persistent": services.cluster.persistent, "transient": services.cluster.transient}
    if request.flag("include_defaults"):
        sections["defaults"] = services.cluster.defaults()
    flat = request.flag("flat_settings")
    return Response({name: settings if flat else nest(settings) for name, settings in sections.items()})


@routes.add("PUT /_cluster/settings", parameters=[*TIMEOUTS, "flat_settings"])
async def put_settings(services: Services, request: Request) -> Response:
    flat = request.flag("flat_settings")
    update = SettingsUpdate.parse(require_object(request.json()))
    persistent, transient = await services.cluster.update(update)
    return Response(
        {
            "acknowledged": True,
            "persistent": persistent if flat else nest(persistent),
            "transient": transient if flat else nest(transient),
        }
    )


# ── state and stats ──────────────────────────────────────────────────────────────────────────────────────────────────


@routes.add("GET /_cluster/pending_tasks", parameters=[*TIMEOUTS, "local"])
async def pending_tasks(services: Services, request: Request) -> Response:
    """Always none: nothing here waits for a cluster manager."""
    caller.require("cluster:monitor/task")
    return Response({"tasks": []})


@routes.add(
    "GET /_cluster/state",
    "GET /_cluster/state/{metric}",
    "GET /_cluster/state/{metric}/{index}",
    parameters=[*TIMEOUTS, *TARGETS, "local", "flat_settings", "wait_for_metadata_version", "wait_for_timeout"],
)
async def state(services: Services, request: Request) -> Response:
    """Who and what is there: node, indices with settings, mappings, aliases, and where their shards are."""
    caller.require("cluster:monitor/state")
    node, flat = services.node, request.flag("flat_settings")
    indices = await services.indices.get(request.param("index"), indices_options(request, ALL_INDICES))
    lost = services.indices.unavailable()
    sections: JsonObject = {
        "version": {"version": sum(index.version for index in indices), "state_uuid": node.cluster_uuid},
        "cluster_manager_node": {"cluster_manager_node": node.node_id},
        "master_node": {"master_node": node.node_id},
        "blocks": {"blocks": {}},
        "nodes": {
            "nodes": {node.node_id: {"name": node.node_name, "transport_address": node.http_address, "attributes": {}}}
        },
        "metadata": {
            "metadata": {
                "cluster_uuid": node.cluster_uuid,
                "indices": {index.name: _index_state(index, flat=flat) for index in indices},
            }
        },
        "routing_table": {
            "routing_table": {
                "indices": {index.name: {"shards": _routing(index, node.node_id, lost)} for index in indices}
            }
        },
    }
    asked = request.names("metric")
    unknown = set(asked) - sections.keys() - {"_all", "routing_nodes"}
    if unknown:
        raise unrecognized(request.path, "metric", unknown, sections)
    body: JsonObject = {"cluster_name": node.cluster_name, "cluster_uuid": node.cluster_uuid}
    for name, section in sections.items():
        if not asked or "_all" in asked or name in asked:
            body.update(section)
    return Response(body)


def _index_state(index: IndexMetadata, *, flat: bool) -> JsonObject:
    return {
        "version": index.version,
        "state": "open" if index.open else "close",
        "settings": dict(index.settings) if flat else nest(index.settings),
        "mappings": {"_doc": index.mappings} if index.mappings else {},
        "aliases": sorted(index.aliases),
    }


def _routing(index: IndexMetadata, node_id: str, unavailable: Container[str]) -> JsonObject:
    nowhere = {"state": "UNASSIGNED", "primary": False, "node": None, "index": index.name}
    here = {"state": "STARTED", "primary": True, "node": node_id, "index": index.name}
    if index.name in unavailable:
        here = {**nowhere, "primary": True}
    return {
        str(shard): [{**here, "shard": shard}, *({**nowhere, "shard": shard},) * index.number_of_replicas]
        for shard in range(index.number_of_shards)
    }


@routes.add(
    "GET /_cluster/stats",
    "GET /_cluster/stats/nodes/{node_id}",
    parameters=["timeout", "flat_settings"],
)
async def stats(services: Services, request: Request) -> Response:
    """How much is there; what one process has no counterpart for is left out."""
    caller.require("cluster:monitor/stats")
    node = services.node
    indices = await services.indices.get(None, ALL_INDICES)
    numbers = list((await services.indices.usable_stats(indices)).values())
    counts = ShardCounts.of(indices, services.indices.unavailable())
    body: JsonObject = {
        "_nodes": {"total": 1, "successful": 1, "failed": 0},
        "cluster_name": node.cluster_name,
        "cluster_uuid": node.cluster_uuid,
        "timestamp": epoch_millis(services.clock),
        "status": counts.status,
        "indices": {
            "count": len(indices),
            "shards": {"total": counts.primaries, "primaries": counts.primaries, "replication": 0.0} if indices else {},
            "docs": {"count": sum(n.documents for n in numbers), "deleted": sum(n.deleted for n in numbers)},
            "store": {"size_in_bytes": sum(n.size for n in numbers), "reserved_in_bytes": 0},
        },
        "nodes": {
            "count": {"total": 1, "cluster_manager": 1, "master": 1, "data": 1, "ingest": 1},
            "versions": [OPENSEARCH_VERSION],
        },
    }
    return Response(body)
