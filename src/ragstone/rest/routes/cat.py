"""`_cat`: tables for people."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime

from ragstone.cluster import node_stats
from ragstone.cluster.health import ShardCounts
from ragstone.cluster.model import OPENSEARCH_VERSION, PLUGIN_VERSION, PLUGINS, ROLES
from ragstone.core.clock import Clock, iso_instant
from ragstone.core.names import matches
from ragstone.engine.values import IndexMetadata, IndexStats
from ragstone.indices.service import ADMIN
from ragstone.rest.cat_table import PARAMETERS, Cell, Column, Size, Table, hidden, right
from ragstone.rest.request import Request
from ragstone.rest.response import Response, text
from ragstone.rest.router import Routes
from ragstone.rest.routes.cluster import ALL_INDICES
from ragstone.rest.routes.indices import TARGETS, indices_options
from ragstone.rest.services import Services

routes = Routes()

_ROLE_LETTERS = "dimr"
"""`data`, `ingest`, `cluster_manager` and `remote_cluster_client`, as `_cat/nodes` abbreviates them."""

Row = dict[str, Cell]


@routes.add("GET /_cat")
async def overview(services: Services, request: Request) -> Response:
    """The list of tables, under the cat."""
    paths = sorted({route.path for route in routes if route.path != "/_cat"})
    return text("=^.^=\n" + "".join(path + "\n" for path in paths))


def _epoch(clock: Clock) -> Row:
    now = clock.now()
    return {"epoch": int(now), "timestamp": datetime.fromtimestamp(now, UTC).strftime("%H:%M:%S")}


# ── indices and shards ───────────────────────────────────────────────────────────────────────────────────────────────

_INDICES = Table(
    Column("health", "h", "current health status"),
    Column("status", "s", "open/close status"),
    Column("index", "i,idx", "index name"),
    Column("uuid", "id,uuid", "index uuid"),
    right("pri", "p,shards.primary,shardsPrimary", "number of primary shards"),
    right("rep", "r,shards.replica,shardsReplica", "number of replica shards"),
    right("docs.count", "dc,docsCount", "available docs"),
    right("docs.deleted", "dd,docsDeleted", "deleted docs"),
    right("creation.date", "cd", "index creation date (millisecond value)", shown=False),
    hidden("creation.date.string", "cds", "index creation date (as string)"),
    right("store.size", "ss,storeSize", "store size of primaries & replicas"),
    right("pri.store.size", "", "store size of primaries"),
)


@routes.add(
    "GET /_cat/indices",
    "GET /_cat/indices/{index}",
    parameters=[*PARAMETERS, *TARGETS, "health", "pri", "include_unloaded_segments"],
)
async def indices(services: Services, request: Request) -> Response:
    if request.flag("help"):
        return _INDICES.help()
    only = request.query.get("health")
    rows = []
    for index in await services.indices.get(request.param("index"), indices_options(request, ADMIN)):
        status = ShardCounts.of([index]).status
        if only is None or only == status:
            numbers = await services.indices.stats(index) if index.open else None
            rows.append({"health": status, **_index_row(index, numbers)})
    return _INDICES.answer(request, rows)


def _index_row(index: IndexMetadata, numbers: IndexStats | None) -> Row:
    row: Row = {
        "status": "open" if index.open else "close",
        "index": index.name,
        "uuid": index.uuid,
        "pri": index.number_of_shards,
        "rep": index.number_of_replicas,
        "creation.date": index.creation_date,
        "creation.date.string": iso_instant(index.creation_date / 1000),
    }
    if numbers is not None:
        row |= {
            "docs.count": numbers.documents,
            "docs.deleted": numbers.deleted,
            "store.size": Size(numbers.size),
            "pri.store.size": Size(numbers.size),
        }
    return row


_SHARDS = Table(
    Column("index", "i,idx", "index name"),
    Column("shard", "s,sh", "shard name"),
    Column("prirep", "p,pr,primaryOrReplica", "primary or replica"),
    Column("state", "st", "shard state"),
    right("docs", "d,dc", "number of docs in shard"),
    right("store", "sto", "store size of shard (how much disk it uses)"),
    Column("ip", "", "ip of node where it lives"),
    hidden("id", "", "unique id of node where it lives"),
    Column("node", "n", "name of node where it lives"),
    hidden("unassigned.reason", "ur", "reason shard is unassigned"),
)


@routes.add("GET /_cat/shards", "GET /_cat/shards/{index}", parameters=[*PARAMETERS, *TARGETS])
async def shards(services: Services, request: Request) -> Response:
    """All documents of an index are counted with its first shard: here they are in one place."""
    if request.flag("help"):
        return _SHARDS.help()
    node, rows = services.node, list[Row]()
    for index in await services.indices.get(request.param("index"), indices_options(request, ALL_INDICES)):
        numbers = await services.indices.stats(index) if index.open else IndexStats(0, 0, 0, -1)
        for shard in range(index.number_of_shards):
            rows.append(
                {
                    "index": index.name,
                    "shard": shard,
                    "prirep": "p",
                    "state": "STARTED",
                    "docs": numbers.documents if shard == 0 else 0,
                    "store": Size(numbers.size if shard == 0 else 0),
                    "ip": node.host,
                    "id": node.node_id,
                    "node": node.node_name,
                }
            )
            replica: Row = {"index": index.name, "shard": shard, "prirep": "r", "state": "UNASSIGNED"}
            rows += [{**replica, "unassigned.reason": "INDEX_CREATED"}] * index.number_of_replicas
    return _SHARDS.answer(request, rows)


_COUNT = Table(
    Column("epoch", "t,time", "seconds since 1970-01-01 00:00:00"),
    Column("timestamp", "ts,hms,hhmmss", "time in HH:MM:SS"),
    Column("count", "dc,docs.count,docsCount", "the document count"),
)


@routes.add("GET /_cat/count", "GET /_cat/count/{index}", parameters=[*PARAMETERS, *TARGETS])
async def count(services: Services, request: Request) -> Response:
    if request.flag("help"):
        return _COUNT.help()
    found = await services.indices.get(request.param("index"), indices_options(request))
    documents = sum([(await services.indices.stats(index)).documents for index in found])
    return _COUNT.answer(request, [{**_epoch(services.clock), "count": documents}])


_ALIASES = Table(
    Column("alias", "a", "alias name"),
    Column("index", "i,idx", "index alias points to"),
    Column("filter", "f,fi", "filter"),
    Column("routing.index", "ri,routingIndex", "index routing"),
    Column("routing.search", "rs,routingSearch", "search routing"),
    Column("is_write_index", "w,isWriteIndex", "write index"),
)


@routes.add("GET /_cat/aliases", "GET /_cat/aliases/{alias}", parameters=[*PARAMETERS, "expand_wildcards"])
async def aliases(services: Services, request: Request) -> Response:
    if request.flag("help"):
        return _ALIASES.help()
    wanted = request.names("alias")
    rows: list[Row] = []
    for index in await services.indices.get(None, indices_options(request, ALL_INDICES)):
        for name, body in sorted(index.aliases.items()):
            if not wanted or any(matches(pattern, name) for pattern in wanted):
                routing = body.get("routing")
                writes = body.get("is_write_index")
                rows.append(
                    {
                        "alias": name,
                        "index": index.name,
                        "filter": "*" if body.get("filter") else "-",
                        "routing.index": str(body.get("index_routing") or routing or "-"),
                        "routing.search": str(body.get("search_routing") or routing or "-"),
                        "is_write_index": "-" if writes is None else bool(writes),
                    }
                )
    return _ALIASES.answer(request, rows)


# ── cluster and node ─────────────────────────────────────────────────────────────────────────────────────────────────

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
    counts = ShardCounts.of(await services.indices.get(None, ALL_INDICES))
    row: Row = {
        **_epoch(services.clock),
        "cluster": services.node.cluster_name,
        "status": counts.status,
        "node.total": 1,
        "node.data": 1,
        "discovered_cluster_manager": True,
        "shards": counts.primaries,
        "pri": counts.primaries,
        "relo": 0,
        "init": 0,
        "unassign": counts.replicas,
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
    node = services.node
    rows: Sequence[Row] = [
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
    node, disk = services.node, node_stats.disk(services.settings.data)
    found = await services.indices.get(None, ALL_INDICES)
    counts = ShardCounts.of(found)
    used = sum([(await services.indices.stats(index)).size for index in found if index.open])
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
    if counts.replicas:
        rows.append({"shards": counts.replicas, "node": "UNASSIGNED"})
    return _ALLOCATION.answer(request, rows)
