"""`_msearch`."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from ragstone.core import caller
from ragstone.core.errors import OpenSearchException, ParseException, error_body
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.msearch import SearchItem, parse_msearch
from ragstone.indices.resolver import IndicesOptions
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.search import check_search_type, check_typed_keys, exact_total
from ragstone.rest.services import Services
from ragstone.search.validation import check_search

routes = Routes()

_PARALLEL = 8
"""Searches of one request that run at the same time, where the request does not say."""


@routes.add(
    "GET /_msearch",
    "POST /_msearch",
    "GET /{index}/_msearch",
    "POST /{index}/_msearch",
    parameters=[
        "search_type", "max_concurrent_searches", "typed_keys", "rest_total_hits_as_int", "pre_filter_shard_size",
        "max_concurrent_shard_requests", "ccs_minimize_roundtrips",
    ],
)  # fmt: skip
async def msearch(services: Services, request: Request) -> Response:
    content = request.content()
    if not content:
        raise ParseException("request body or source parameter is required")
    start = services.clock.monotonic()
    items = parse_msearch(content, request.decode)
    caller.require("indices:data/read/msearch")
    for item in items:
        index = item.index or request.param("index")
        check_search(item.body, expression=index, options=_options(item), scroll=False)
    limit = asyncio.Semaphore(request.integer("max_concurrent_searches") or _PARALLEL)

    async def one(item: SearchItem) -> JsonObject:
        async with limit:
            return await _answer(services, request, item)

    responses = await asyncio.gather(*(one(item) for item in items))
    took = int((services.clock.monotonic() - start) * 1000)
    return Response({"took": took, "responses": responses})


async def _answer(services: Services, request: Request, item: SearchItem) -> JsonObject:
    """The response of one search, or its error, with its status."""
    as_int = request.flag("rest_total_hits_as_int")
    try:
        check_search_type(item.search_type or request.query.get("search_type"))
        check_typed_keys(request, item.body)
        answer = await services.search.search(
            item.index or request.param("index"),
            exact_total(item.body) if as_int else item.body,
            options=_options(item),
            total_as_int=as_int,
        )
    except OpenSearchException as error:
        return error_body(error)
    return {**answer, "status": 200}


def _options(item: SearchItem) -> IndicesOptions:
    options = IndicesOptions().with_expansion(item.expand_wildcards)
    if item.ignore_unavailable is not None:
        options = replace(options, ignore_unavailable=item.ignore_unavailable)
    if item.allow_no_indices is not None:
        options = replace(options, allow_no_indices=item.allow_no_indices)
    return options
