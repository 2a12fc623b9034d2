"""`_delete_by_query`, `_update_by_query`, `_reindex`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from ragstone.cluster.tasks import Work
from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.documents.by_query import (
    DELETE_BY_QUERY,
    UPDATE_BY_QUERY,
    check_delete_by_query,
    check_update_by_query,
)
from ragstone.documents.by_scroll import ByScrollOutcome, ByScrollStatus
from ragstone.documents.reindex import REINDEX
from ragstone.dsl.by_scroll import (
    ByScroll,
    one_max_docs,
    read_conflicts,
    read_max_docs,
    read_requests_per_second,
    read_slices,
    split_by_query,
)
from ragstone.dsl.reindex import ReindexBody
from ragstone.dsl.search_body import SearchBody, parse_search_body
from ragstone.dsl.sort import parse_sort_parameter
from ragstone.dsl.source_filter import source_filter_from_query
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.documents import SOURCE
from ragstone.rest.routes.indices import TARGETS, indices_options
from ragstone.rest.routes.running_tasks import told
from ragstone.rest.routes.search import QUERY_STRING, not_negative, uri_query
from ragstone.rest.services import Services

routes = Routes()

_RUN = (
    "wait_for_completion", "refresh", "timeout", "wait_for_active_shards", "requests_per_second", "slices", "max_docs",
    "scroll",
)  # fmt: skip
"""`slices` splits the work in OpenSearch. `Differs:` here one process does it all, and answers as if it were one
slice."""
_BY_QUERY = (
    *_RUN, *TARGETS, *SOURCE, "q", *QUERY_STRING, "conflicts", "scroll_size", "search_timeout", "size", "from", "sort",
    "terminate_after", "preference", "routing", "request_cache", "search_type", "stats", "version",
)  # fmt: skip

_Start = Callable[[ByScrollStatus], Awaitable[ByScrollOutcome]]


@routes.add("POST /{index}/_delete_by_query", parameters=_BY_QUERY, outlives_client=True)
async def delete_by_query(services: Services, request: Request) -> Response:
    wanted = _by_query(request, script=False)
    check_delete_by_query(wanted)
    index, options = request.required("index"), indices_options(request)
    return await _run(
        services,
        request,
        DELETE_BY_QUERY,
        f"delete-by-query [{index}]",
        lambda progress: services.by_query.delete_by_query(index, wanted, progress, options=options),
    )


@routes.add("POST /{index}/_update_by_query", parameters=[*_BY_QUERY, "pipeline"], outlives_client=True)
async def update_by_query(services: Services, request: Request) -> Response:
    wanted = _by_query(request, script=True)
    check_update_by_query(wanted)
    index, options, pipeline = request.required("index"), indices_options(request), request.query.get("pipeline")
    return await _run(
        services,
        request,
        UPDATE_BY_QUERY,
        f"update-by-query [{index}]",
        lambda progress: services.by_query.update_by_query(index, wanted, progress, options=options, pipeline=pipeline),
    )


@routes.add("POST /_reindex", parameters=[*_RUN, "require_alias"], outlives_client=True)
async def reindex(services: Services, request: Request) -> Response:
    body = ReindexBody.parse(request.json(), lambda search: _compact(request, search))
    limit = one_max_docs(body.by_scroll.max_docs, _max_docs(request))
    body = body.with_options(refresh=_refresh(request), max_docs=limit)
    body.validate()
    require_alias = request.flag("require_alias")
    return await _run(
        services,
        request,
        REINDEX,
        f"reindex from [{', '.join(body.indices)}] to [{body.destination.index}]",
        lambda progress: services.reindex.reindex(body, progress, require_alias=require_alias),
    )


@routes.add(
    "POST /_delete_by_query/{task_id}/_rethrottle",
    "POST /_update_by_query/{task_id}/_rethrottle",
    "POST /_reindex/{task_id}/_rethrottle",
    parameters=["requests_per_second", "group_by"],
)
async def rethrottle(services: Services, request: Request) -> Response:
    rate = request.query.get("requests_per_second")
    if rate is None:
        raise IllegalArgumentException("requests_per_second is a required parameter")
    wanted, id = read_requests_per_second(rate), request.required("task_id")
    return told(services, request, id, lambda: [services.task_manager.rethrottle(id, wanted)])


def _by_query(request: Request, *, script: bool) -> ByScroll:
    content = request.json_or({})
    body = split_by_query(content, script=script)
    search = parse_search_body(_compact(request, body.search))
    conflicts = request.query.get("conflicts")
    return ByScroll(
        search=_search(request, search),
        conflicts=read_conflicts(conflicts) if conflicts is not None else body.conflicts or "abort",
        max_docs=one_max_docs(body.max_docs, _max_docs(request)),
        refresh=_refresh(request),
    )


def _refresh(request: Request) -> bool:
    for name in ("timeout", "scroll"):
        request.seconds(name)  # raises
    return request.flag("refresh")


def _max_docs(request: Request) -> int | None:
    """What the query string says; `size` is its old name."""
    slices = read_slices(request.query.get("slices", "1"))
    limit = request.integer("max_docs", request.integer("size"))
    return None if limit is None else read_max_docs(limit, slices)


def _search(request: Request, search: SearchBody) -> SearchBody:
    """The search with what the query string says; that beats the body."""
    given: dict[str, Any] = {}
    asked = uri_query(request)
    if asked is not None:
        given["query"] = asked
    for name, key in (("scroll_size", "size"), ("from", "from_"), ("terminate_after", "terminate_after")):
        number = request.integer(name)
        if number is not None:
            given[key] = not_negative(number, "size" if name == "scroll_size" else name)
    if "sort" in request.query:
        given["sort"] = parse_sort_parameter(request.query["sort"])
    if "search_timeout" in request.query:
        given["timeout"] = request.seconds("search_timeout")
    source = source_filter_from_query(request.query)
    if source is not None:
        given["source"] = source
    return replace(search, **given) if given else search


def _compact(request: Request, search: JsonObject) -> JsonObject:
    """The part of a body that the search is made of, as a text of its own: there OpenSearch locates its errors."""
    decoded: JsonObject = request.decode(json.encode(search))
    return decoded


async def _run(services: Services, request: Request, action: str, description: str, start: _Start) -> Response:
    """Do it and answer how it ended; or begin it and answer the task."""
    rate = read_requests_per_second(request.query.get("requests_per_second", "-1"))
    progress = ByScrollStatus(services.clock, rate)
    work = Work(
        action,
        description,
        lambda: start(progress),
        ByScrollOutcome.to_task,
        progress.to_json,
        progress.cancel,
        progress.rethrottle,
    )
    if not request.flag("wait_for_completion", True):
        return Response({"task": services.task_manager.start(work)})
    outcome = await services.task_manager.run(work)
    return Response(outcome.to_json(), outcome.status)
