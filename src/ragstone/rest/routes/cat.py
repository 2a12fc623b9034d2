"""`_cat`: tables about indices, and the list of all tables."""

from __future__ import annotations

from ragstone.cluster.health import ShardCounts
from ragstone.core import caller
from ragstone.core.clock import iso_instant
from ragstone.core.names import matches
from ragstone.engine.values import IndexMetadata, IndexStats
from ragstone.indices.access import require_on
from ragstone.indices.service import ADMIN
from ragstone.rest.cat_table import PARAMETERS, Cell, Column, Row, Size, Table, epoch, hidden, right
from ragstone.rest.request import Request
from ragstone.rest.response import Response, text
from ragstone.rest.router import Routes
from ragstone.rest.routes import cat_cluster
from ragstone.rest.routes.cluster import ALL_INDICES
from ragstone.rest.routes.indices import TARGETS, indices_options
from ragstone.rest.services import Services

routes = Routes()


@routes.add("GET /_cat")
async def overview(services: Services, request: Request) -> Response:
    """The list of tables, under the cat."""
    paths = sorted({route.path for route in (*routes, *cat_cluster.routes) if route.path != "/_cat"})
    return text("=^.^=\n" + "".join(path + "\n" for path in paths))


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
    only, lost = request.query.get("health"), services.indices.unavailable()
    options = indices_options(request, ADMIN)
    found = await services.indices.get(request.param("index"), options, action="indices:monitor/settings/get")
    caller.require("cluster:monitor/state")
    caller.require("cluster:monitor/health")
    require_on(found, "indices:monitor/stats")
    numbers = await services.indices.usable_stats(found)
    rows = []
    for index in found:
        status = ShardCounts.of([index], lost).status
        if only is None or only == status:
            rows.append({"health": status, **_index_row(index, numbers.get(index.name))})
    return _INDICES.answer(request, rows)


def _index_row(index: IndexMetadata, numbers: IndexStats | None) -> Row:
    row: dict[str, Cell] = {
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
    caller.require("cluster:monitor/shards")
    node, lost, rows = services.node, services.indices.unavailable(), list[Row]()
    options = indices_options(request, ALL_INDICES)
    found = await services.indices.get(request.param("index"), options, action="indices:monitor/stats")
    numbers = await services.indices.usable_stats(found)
    here: Row = {"state": "STARTED", "ip": node.host, "id": node.node_id, "node": node.node_name}
    damaged: Row = {"state": "UNASSIGNED", "unassigned.reason": "ALLOCATION_FAILED"}
    missing: Row = {"state": "UNASSIGNED", "unassigned.reason": "INDEX_CREATED"}
    for index in found:
        counted = numbers.get(index.name)
        for shard in range(index.number_of_shards):
            name: Row = {"index": index.name, "shard": shard}
            docs: Row = {}
            if counted is not None:
                docs = {
                    "docs": counted.documents if shard == 0 else 0,
                    "store": Size(counted.size if shard == 0 else 0),
                }
            rows.append({**name, "prirep": "p", **docs, **(damaged if index.name in lost else here)})
            rows += [{**name, "prirep": "r", **missing}] * index.number_of_replicas
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
    counted = await services.search.count(request.param("index"), None, options=indices_options(request))
    return _COUNT.answer(request, [{**epoch(services.clock), "count": counted["count"]}])


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
    require_on(["*"], "indices:admin/aliases/get")
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
