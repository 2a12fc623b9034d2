"""`_cat`: tables about the cluster and its one node."""

from __future__ import annotations

import os
import platform

from ragstone.cluster import node_stats
from ragstone.cluster.health import ShardCounts
from ragstone.cluster.model import OPENSEARCH_VERSION, PLUGIN_VERSION, PLUGINS, ROLES
from ragstone.core import caller
from ragstone.rest.cat_table import PARAMETERS, Column, Row, Size, Table, epoch, hidden, right
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Handler, Routes
from ragstone.rest.routes.cluster import ALL_INDICES
from ragstone.rest.services import Services

routes = Routes()

_ROLE_LETTERS = "dimr"
"""`data`, `ingest`, `cluster_manager` and `remote_cluster_client`, as `_cat/nodes` abbreviates them."""

_HEALTH = Table(
    Column("epoch", "t,time", "seconds since 1970-01-01 00:00:00"),
    Column("timestamp", "ts,hms,hhmmss", "time in HH:MM:SS"),
    Column("cluster", "cl", "cluster name"),
    Column("status", "st", "health status"),
    right("node.total", "nt,nodeTotal", "total number of nodes"),
    right("node.data", "nd,nodeData", "number of nodes that can store data"),
    Column("discovered_cluster_manager", "dcm,dm,discovered_master", "cluster manager is discovered or not"),
    right("shards", "t,sh,shards.total,shardsTotal", "total number of shards"),
    right("pri", "p,shards.primary,shardsPrimary", "number of primary shards"),
    right("relo", "r,shards.relocating,shardsRelocating", "number of relocating nodes"),
    right("init", "i,shards.initializing,shardsInitializing", "number of initializing nodes"),
    right("unassign", "u,shards.unassigned,shardsUnassigned", "number of unassigned shards"),
    right("pending_tasks", "pt,pendingTasks", "number of pending tasks"),
    right("max_task_wait_time", "mtwt,maxTaskWaitTime", "wait time of longest task pending"),
    right("active_shards_percent", "asp,activeShardsPercent", "active number of shards in percent"),
)
_HEALTH_WITHOUT_TIME = Table(*_HEALTH.columns[2:])


@routes.add("GET /_cat/health", parameters=[*PARAMETERS, "ts"])
async def health(services: Services, request: Request) -> Response:
    table = _HEALTH if request.flag("ts", True) else _HEALTH_WITHOUT_TIME
    if request.flag("help"):
        return table.help()
    caller.require("cluster:monitor/health")
    counts = ShardCounts.of(await services.indices.get(None, ALL_INDICES), services.indices.unavailable())
    row: Row = {
        **epoch(services.clock),
        "cluster": services.node.cluster_name,
        "status": counts.status,
        "node.total": 1,
        "node.data": 1,
        "discovered_cluster_manager": True,
        "shards": counts.primaries,
        "pri": counts.primaries,
        "relo": 0,
        "init": 0,
        "unassign": counts.unassigned,
        "pending_tasks": 0,
        "max_task_wait_time": "-",
        "active_shards_percent": f"{counts.active_percent:.1f}%",
    }
    return table.answer(request, [row])


_NODES = Table(
    hidden("id", "id,nodeId", "unique node id"),
    hidden("pid", "p", "process id"),
    Column("ip", "i", "ip address"),
    hidden("port", "po", "bound transport port"),
    hidden("http_address", "http", "bound http address"),
    hidden("version", "v", "opensearch version"),
    hidden("type", "t", "opensearch distribution type"),
    hidden("build", "b", "opensearch build hash"),
    hidden("jdk", "j", "jdk version"),
    right("disk.total", "dt,diskTotal", "total disk space", shown=False),
    right("disk.used", "du,diskUsed", "used disk space", shown=False),
    right("disk.avail", "d,da,disk,diskAvail", "available disk space", shown=False),
    right("disk.used_percent", "dup,diskUsedPercent", "used disk space percentage", shown=False),
    right("heap.percent", "hp,heapPercent", "used heap ratio"),
    right("ram.percent", "rp,ramPercent", "used machine memory ratio"),
    right("cpu", "cpu", "recent cpu usage"),
    right("load_1m", "l", "1m load avg"),
    right("load_5m", "l", "5m load avg"),
    right("load_15m", "l", "15m load avg"),
    hidden("uptime", "u", "node uptime"),
    Column("node.role", "r,role,nodeRole", "m:cluster_manager eligible node, d:data node, i:ingest node"),
    Column("node.roles", "rs,all roles", "comma separated all node roles"),
    Column("cluster_manager", "m,master", "*:current cluster manager"),
    Column("name", "n", "node name"),
)


@routes.add("GET /_cat/nodes", parameters=[*PARAMETERS, "full_id"])
async def nodes(services: Services, request: Request) -> Response:
    if request.flag("help"):
        return _NODES.help()
    caller.require("cluster:monitor/state")
    caller.require("cluster:monitor/nodes/info")
    caller.require("cluster:monitor/nodes/stats")
    node, memory, disk = services.node, node_stats.machine_memory(), node_stats.disk(services.settings.data)
    one, five, fifteen = node_stats.load_average()
    row: Row = {
        "id": node.node_id if request.flag("full_id") else node.node_id[:4],
        "pid": os.getpid(),
        "ip": node.host,
        "port": node.port,
        "http_address": node.http_address,
        "version": OPENSEARCH_VERSION,
        "type": "unknown",
        "build": "unknown",
        "jdk": f"{platform.python_implementation()} {platform.python_version()}",
        "disk.total": Size(disk.total),
        "disk.used": Size(disk.used),
        "disk.avail": Size(disk.free),
        "disk.used_percent": disk.used_percent,
        "heap.percent": round(100 * node_stats.peak_memory() / memory.total) if memory.total else 0,
        "ram.percent": memory.used_percent,
        "cpu": min(100, round(100 * one / node_stats.processors())),
        "load_1m": f"{one:.2f}",
        "load_5m": f"{five:.2f}",
        "load_15m": f"{fifteen:.2f}",
        "uptime": _duration(services.clock.monotonic() - node.started),
        "node.role": _ROLE_LETTERS,
        "node.roles": ",".join(ROLES),
        "cluster_manager": "*",
        "name": node.node_name,
    }
    return _NODES.answer(request, [row])


def _duration(seconds: float) -> str:
    """`2.5h`, in the largest unit that fits."""
    for length, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= length:
            return f"{seconds / length:.1f}{unit}"
    return f"{seconds:.1f}s"


_PLUGINS = Table(
    hidden("id", "", "unique node id"),
    Column("name", "n", "node name"),
    Column("component", "c", "component"),
    Column("version", "v", "component version"),
    hidden("description", "d", "plugin details"),
)


@routes.add("GET /_cat/plugins", parameters=PARAMETERS)
async def plugins(services: Services, request: Request) -> Response:
    if request.flag("help"):
        return _PLUGINS.help()
    caller.require("cluster:monitor/state")
    caller.require("cluster:monitor/nodes/info")
    node = services.node
    rows: list[Row] = [
        {
            "id": node.node_id,
            "name": node.node_name,
            "component": component,
            "version": PLUGIN_VERSION,
            "description": description,
        }
        for component, description in sorted(PLUGINS.items())
    ]
    return _PLUGINS.answer(request, rows)


_CLUSTER_MANAGER = Table(
    Column("id", "", "node id"),
    Column("host", "h", "host name"),
    Column("ip", "", "ip address "),
    Column("node", "n", "node name"),
)


@routes.add("GET /_cat/cluster_manager", "GET /_cat/master", parameters=PARAMETERS)
async def cluster_manager(services: Services, request: Request) -> Response:
    if request.flag("help"):
        return _CLUSTER_MANAGER.help()
    caller.require("cluster:monitor/state")
    node = services.node
    row: Row = {"id": node.node_id, "host": node.host, "ip": node.host, "node": node.node_name}
    return _CLUSTER_MANAGER.answer(request, [row])


_ALLOCATION = Table(
    right("shards", "s", "number of shards on node"),
    right("disk.indices", "di,diskIndices", "disk used by OpenSearch indices"),
    right("disk.used", "du,diskUsed", "disk used (total, not just OpenSearch)"),
    right("disk.avail", "da,diskAvail", "disk available"),
    right("disk.total", "dt,diskTotal", "total capacity of all volumes"),
    right("disk.percent", "dp,diskPercent", "percent disk used"),
    Column("host", "h", "host of node"),
    Column("ip", "", "ip of node"),
    Column("node", "n", "name of node"),
)


@routes.add("GET /_cat/allocation", parameters=PARAMETERS)
async def allocation(services: Services, request: Request) -> Response:
    if request.flag("help"):
        return _ALLOCATION.help()
    caller.require("cluster:monitor/state")
    caller.require("cluster:monitor/nodes/stats")
    node, disk = services.node, node_stats.disk(services.settings.data)
    found = await services.indices.get(None, ALL_INDICES)
    counts = ShardCounts.of(found, services.indices.unavailable())
    used = sum(numbers.size for numbers in (await services.indices.usable_stats(found)).values())
    here: Row = {
        "shards": counts.primaries,
        "disk.indices": Size(used),
        "disk.used": Size(disk.used),
        "disk.avail": Size(disk.free),
        "disk.total": Size(disk.total),
        "disk.percent": disk.used_percent,
        "host": node.host,
        "ip": node.host,
        "node": node.node_name,
    }
    rows = [here]
    if counts.unassigned:
        rows.append({"shards": counts.unassigned, "node": "UNASSIGNED"})
    return _ALLOCATION.answer(request, rows)


# ── what does not exist here ─────────────────────────────────────────────────────────────────────────────────────────

_EMPTY = {
    "pending_tasks": Table(
        Column("insertOrder", "o", "task insertion order"),
        Column("timeInQueue", "t", "how long task has been in queue"),
        Column("priority", "p", "task priority"),
        Column("source", "s", "task source"),
    ),
    "repositories": Table(
        Column("id", "id,repoId", "unique repository id"),
        Column("type", "t,type", "repository type"),
    ),
    "fielddata": Table(
        Column("id", "", "node id"),
        Column("host", "h", "host name"),
        Column("ip", "", "ip address"),
        Column("node", "n", "node name"),
        Column("field", "f", "field name"),
        right("size", "s", "field data usage"),
    ),
    "nodeattrs": Table(
        Column("node", "name", "node name"),
        Column("id", "id,nodeId", "unique node id"),
        Column("pid", "p", "process id"),
        Column("host", "h", "host name"),
        Column("ip", "i", "ip address"),
        Column("port", "po", "bound transport port"),
        Column("attr", "attr.name", "attribute description"),
        Column("value", "attr.value", "attribute value"),
    ),
}
"""Nothing waits for a cluster manager, there are no snapshots, no field data on a heap, no attributes of nodes."""
_ACTIONS = {
    "pending_tasks": "cluster:monitor/task",
    "repositories": "cluster:admin/repository/get",
    "fielddata": "cluster:monitor/nodes/stats",
    "nodeattrs": "cluster:monitor/state",
}


def _always_empty(table: Table, action: str) -> Handler:
    async def answer(services: Services, request: Request) -> Response:
        if request.flag("help"):
            return table.help()
        caller.require(action)
        return table.answer(request, [])

    return answer


for _name, _table in _EMPTY.items():
    routes.add(f"GET /_cat/{_name}", parameters=PARAMETERS)(_always_empty(_table, _ACTIONS[_name]))
