"""`/{index}` itself, `_settings`, `_refresh`, `_flush`, `_stats`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.index_settings import nest
from ragstone.engine.values import IndexMetadata, IndexStats
from ragstone.indices.resolver import IndicesOptions
from ragstone.indices.service import ADMIN, DELETE, show_settings
from ragstone.rest.request import Request
from ragstone.rest.response import Response, acknowledged
from ragstone.rest.router import Routes, unrecognized
from ragstone.rest.services import Services

routes = Routes()

TARGETS = ("ignore_unavailable", "allow_no_indices", "expand_wildcards")
TIMEOUTS = ("timeout", "cluster_manager_timeout", "master_timeout")


def indices_options(request: Request, base: IndicesOptions | None = None) -> IndicesOptions:
    """Index expression options of a request over the API's own defaults."""
    base = (base or IndicesOptions()).with_expansion(request.query.get("expand_wildcards"))
    return IndicesOptions(
        request.flag("ignore_unavailable", base.ignore_unavailable),
        request.flag("allow_no_indices", base.allow_no_indices),
        base.expand_open,
        base.expand_closed,
        base.expand_hidden,
        base.forbid_closed,
        base.allow_aliases,
    )


@routes.add("PUT /{index}", parameters=[*TIMEOUTS, "wait_for_active_shards"])
async def create_index(services: Services, request: Request) -> Response:
    body = request.object() if request.content().strip() else {}
    created = await services.indices.create(request.required("index"), body)
    wanted = request.query.get("wait_for_active_shards", "1")
    copies = 1 + created.number_of_replicas
    enough = wanted in ("0", "1") or (wanted == "all" and copies == 1)
    return Response({"acknowledged": True, "shards_acknowledged": enough, "index": created.name})


@routes.add("DELETE /{index}", parameters=[*TIMEOUTS, *TARGETS])
async def delete_index(services: Services, request: Request) -> Response:
    await services.indices.delete(request.required("index"), indices_options(request, DELETE))
    return acknowledged()


@routes.add("HEAD /{index}", parameters=[*TARGETS, "local", "flat_settings", "include_defaults"])
async def index_exists(services: Services, request: Request) -> Response:
    found = await services.indices.exists(request.required("index"), indices_options(request, ADMIN))
    return Response(status=200 if found else 404)


@routes.add("GET /{index}", parameters=[*TARGETS, *TIMEOUTS, "local", "flat_settings", "include_defaults"])
async def get_index(services: Services, request: Request) -> Response:
    flat = request.flag("flat_settings")
    options = indices_options(request, ADMIN)
    found = await services.indices.show(request.required("index"), options, action="indices:admin/get")
    return Response({index.name: _whole(index, flat) for index in found})


def _whole(index: IndexMetadata, flat: bool) -> JsonObject:
    return {
        "aliases": dict(sorted(index.aliases.items())),
        "mappings": index.mappings,
        "settings": show_settings(index, flat=flat),
    }


@routes.add(
    "GET /_settings",
    "GET /_settings/{name}",
    "GET /{index}/_settings",
    "GET /{index}/_settings/{name}",
    "GET /{index}/_setting/{name}",
    parameters=[*TARGETS, *TIMEOUTS, "local", "flat_settings", "include_defaults"],
)
async def get_settings(services: Services, request: Request) -> Response:
    flat, names = request.flag("flat_settings"), _setting_names(request)
    options = indices_options(request, ADMIN)
    found = await services.indices.show(request.param("index"), options, action="indices:monitor/settings/get")
    shown = {index.name: {"settings": show_settings(index, flat=flat, names=names)} for index in found}
    return Response({name: body for name, body in shown.items() if body["settings"] or not names})


def _setting_names(request: Request) -> Sequence[str]:
    return [] if request.param("name") in (None, "_all", "*") else request.names("name")


@routes.add(
    "PUT /_settings", "PUT /{index}/_settings", parameters=[*TARGETS, *TIMEOUTS, "preserve_existing", "flat_settings"]
)
async def put_settings(services: Services, request: Request) -> Response:
    await services.indices.put_settings(
        request.param("index"),
        request.object("request body is required"),
        preserve_existing=request.flag("preserve_existing"),
        options=indices_options(request, ADMIN),
    )
    return acknowledged()


@routes.add("POST /_refresh", "GET /_refresh", "POST /{index}/_refresh", "GET /{index}/_refresh", parameters=TARGETS)
async def refresh(services: Services, request: Request) -> Response:
    shards = await services.indices.refresh(request.param("index"), indices_options(request))
    return Response({"_shards": shards.to_json()})


@routes.add(
    "POST /_flush",
    "GET /_flush",
    "POST /{index}/_flush",
    "GET /{index}/_flush",
    parameters=[*TARGETS, "force", "wait_if_ongoing"],
)
async def flush(services: Services, request: Request) -> Response:
    shards = await services.indices.flush(request.param("index"), indices_options(request))
    return Response({"_shards": shards.to_json()})


@routes.add("POST /{index}/_open", parameters=[*TIMEOUTS, *TARGETS, "wait_for_active_shards"])
async def open_index(services: Services, request: Request) -> Response:
    await services.indices.open(request.required("index"), indices_options(request, ADMIN))
    return Response({"acknowledged": True, "shards_acknowledged": True})


@routes.add("POST /{index}/_close", parameters=[*TIMEOUTS, *TARGETS, "wait_for_active_shards"])
async def close_index(services: Services, request: Request) -> Response:
    closed = await services.indices.close(request.required("index"), indices_options(request, ADMIN))
    shown = {name: {"closed": True} for name in closed}
    return Response({"acknowledged": True, "shards_acknowledged": True, "indices": shown})


@routes.add("PUT /{index}/_block/{block}", parameters=[*TIMEOUTS, *TARGETS])
async def add_block(services: Services, request: Request) -> Response:
    index, block = request.required("index"), request.required("block")
    blocked = await services.indices.block(index, block, indices_options(request, ADMIN))
    shown = [{"name": name, "blocked": True} for name in blocked]
    return Response({"acknowledged": True, "shards_acknowledged": True, "indices": shown})


_METRICS = (
    "completion", "docs", "fielddata", "flush", "get", "indexing", "merge", "query_cache", "recovery", "refresh",
    "request_cache", "search", "segments", "store", "suggest", "translog", "warmer",
)  # fmt: skip
_LEVELS = ("cluster", "indices", "shards")


@routes.add(
    "GET /_stats",
    "GET /_stats/{metric}",
    "GET /{index}/_stats",
    "GET /{index}/_stats/{metric}",
    parameters=[*TARGETS, "level", "forbid_closed_indices"],
)
async def stats(services: Services, request: Request) -> Response:
    """Documents and sizes only; further metrics are not kept, and shown as nothing."""
    metrics, level = _asked_metrics(request), _level(request)
    options = indices_options(request)
    found = await services.indices.get(request.param("index"), options, action="indices:monitor/stats")
    per_index: JsonObject = {}
    totals = dict.fromkeys((key for key in _FIGURES if key.partition(".")[0] in metrics), 0)
    shards = 0
    for index in found:
        numbers = await services.indices.stats(index)
        flat = {key: _FIGURES[key](numbers) for key in totals}
        totals = {key: totals[key] + flat[key] for key in totals}
        shards += index.number_of_shards
        per_index[index.name] = {"uuid": index.uuid, "primaries": nest(flat), "total": nest(flat)}
    shown: JsonObject = {
        "_shards": {"total": shards, "successful": shards, "failed": 0},
        "_all": {"primaries": nest(totals), "total": nest(totals)},
    }
    return Response(shown if level == "cluster" else {**shown, "indices": per_index})


_FIGURES: Mapping[str, Callable[[IndexStats], int]] = {
    "docs.count": lambda numbers: numbers.documents,
    "docs.deleted": lambda numbers: numbers.deleted,
    "store.size_in_bytes": lambda numbers: numbers.size,
}


def _asked_metrics(request: Request) -> Collection[str]:
    names = [name for name in (request.path_params.get("metric") or "_all").split(",") if name]
    if "_all" in names:
        return _METRICS
    unknown = [name for name in names if name not in _METRICS]
    if unknown:
        raise unrecognized(request.path, "metric", unknown, _METRICS)
    return names


def _level(request: Request) -> str:
    level = request.query.get("level", "indices").lower()
    if level not in _LEVELS:
        raise IllegalArgumentException(
            f"level parameter must be one of [cluster] or [indices] or [shards] but was [{level}]"
        )
    if level == "shards":
        raise IllegalArgumentException("[level] [shards] is not supported: all shards of an index are in one place")
    return level
