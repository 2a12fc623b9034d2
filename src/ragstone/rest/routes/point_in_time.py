"""`_search/point_in_time`."""

from __future__ import annotations

from ragstone.dsl.context_ids import parse_ids
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.indices import TARGETS, indices_options
from ragstone.rest.services import Services

routes = Routes()


@routes.add(
    "POST /{index}/_search/point_in_time",
    parameters=[*TARGETS, "keep_alive", "allow_partial_pit_creation", "preference", "routing"],
)
async def create(services: Services, request: Request) -> Response:
    options, keep_alive = indices_options(request), request.seconds("keep_alive")
    made = await services.search.points_in_time.create(request.required("index"), keep_alive, options=options)
    return Response(made)


@routes.add("DELETE /_search/point_in_time")
async def delete(services: Services, request: Request) -> Response:
    content = request.content()
    ids = parse_ids(content, request.decode, "pit_id") if content.strip() else []
    return Response(await services.search.points_in_time.delete(ids))


@routes.add("DELETE /_search/point_in_time/_all")
async def delete_all(services: Services, request: Request) -> Response:
    return Response(await services.search.points_in_time.delete_all())


@routes.add("GET /_search/point_in_time/_all")
async def list_all(services: Services, request: Request) -> Response:
    return Response(await services.search.points_in_time.list_all())
