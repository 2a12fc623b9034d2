"""`_msearch`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from ragstone.core import caller
from ragstone.core.errors import OpenSearchException, ParseException, error_body
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.msearch import SearchItem, parse_msearch
from ragstone.dsl.search_body import SearchBody, parse_search_body
from ragstone.indices.resolver import IndicesOptions
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.search import check_search_type, check_typed_keys, exact_total
from ragstone.rest.services import Services
from ragstone.search.validation import check_search

B = TypeVar("B")

routes = Routes()

_PARALLEL = 8
"""Searches of one request that run at the same time, where the request does not say."""


MSEARCH = (
    "search_type", "max_concurrent_searches", "typed_keys", "rest_total_hits_as_int", "pre_filter_shard_size",
    "max_concurrent_shard_requests", "ccs_minimize_roundtrips",
)  # fmt: skip
"""Parameters of several searches in one request."""


@routes.add("GET /_msearch", "POST /_msearch", "GET /{index}/_msearch", "POST /{index}/_msearch", parameters=MSEARCH)
async def msearch(services: Services, request: Request) -> Response:
    as_int = request.flag("rest_total_hits_as_int")

    async def answer(item: SearchItem[SearchBody]) -> JsonObject:
        check_search_type(item.search_type or request.query.get("search_type"))
        check_typed_keys(request, item.body)
        found = await services.search.search(
            item.index or request.param("index"),
            exact_total(item.body) if as_int else item.body,
            options=item_options(item),
            total_as_int=as_int,
        )
        return {**found, "status": 200}

    def allowed(items: list[SearchItem[SearchBody]]) -> None:
        caller.require("indices:data/read/msearch")
        for item in items:
            index = item.index or request.param("index")
            check_search(item.body, expression=index, options=item_options(item), scroll=False)

    return await run_items(services, request, parse_search_body, allowed, answer)


async def run_items(
    services: Services,
    request: Request,
    read: Callable[[Any], B],
    allowed: Callable[[list[SearchItem[B]]], None],
    answer: Callable[[SearchItem[B]], Awaitable[JsonObject]],
) -> Response:
    """The answers to the items of a request's lines, some at a time, each a response or an error, with its status.

    `read` parses a body; what it raises, or `allowed` for all items, fails the whole request.
    """
    content = request.content()
    if not content:
        raise ParseException("request body or source parameter is required")
    start = services.clock.monotonic()
    items = parse_msearch(content, request.decode, read)
    allowed(items)
    limit = asyncio.Semaphore(request.integer("max_concurrent_searches") or _PARALLEL)

    async def one(item: SearchItem[B]) -> JsonObject:
        async with limit:
            try:
                return await answer(item)
            except OpenSearchException as error:
                return error_body(error)

    responses = await asyncio.gather(*(one(item) for item in items))
    took = int((services.clock.monotonic() - start) * 1000)
    return Response({"took": took, "responses": responses})


def item_options(item: SearchItem[Any]) -> IndicesOptions:
    options = IndicesOptions().with_expansion(item.expand_wildcards)
    if item.ignore_unavailable is not None:
        options = replace(options, ignore_unavailable=item.ignore_unavailable)
    if item.allow_no_indices is not None:
        options = replace(options, allow_no_indices=item.allow_no_indices)
    return options
